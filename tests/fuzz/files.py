# SPDX-License-Identifier: BSD-3-Clause
"""Files at random: mutations of good ones, led by the lines of code that they reach.

The readers of what strangers may write: :func:`sksymsim.load_model`, and those of
tables on the command line. A file is read, or refused by the error of such files;
nothing in it runs, and reading it takes no more memory or time than its size explains::

    PYTHONPATH=tests python -m fuzz.files --seconds 60
"""

import argparse
import contextlib
import hashlib
import io
import json
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

import sksymsim
from fuzz.contract import TooSlow, within
from sksymsim import ModelFileError, load_model
from sksymsim.__main__ import main as command_line
from sksymsim._files.archive import archive_bytes, read_archive

PACKAGE = str(Path(sksymsim.__file__).parent)
MODELS = Path(__file__).parents[1] / "models"
# What no file may make happen, as auditing events of Python.
FORBIDDEN = ("exec", "os.system", "subprocess.Popen", "socket.connect", "os.exec")
MOST_SECONDS = 10
# Bytes that files begin, end and break with.
TOKENS = [
    *(b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"PK\x03\x04"),
    *(b"\x93NUMPY", b"PAR1", b'"', b"'", b"{", b"[", b"]", b",", b"\n", b"\r", b"\t"),
    *(b"1e999", b"-1", b"NaN", b"Infinity", b"null", b"99999999999999999999", b"0x"),
    *(b"'descr': '|O'", b"<f8", b"<U9", b"|V0", b"True", b"(0,)", b"\xef\xbb\xbf"),
    *(b"class", b"parts", b"array", b"tuple", b"csr", b"numpy", b"\xe2\x80\xae"),
]


class Unheard:
    """Listens for nothing."""


class Events:
    """Listens for what no file may make happen."""

    def __init__(self):
        self.seen = []
        self.on = False
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if self.on and event.startswith(FORBIDDEN) and not _is_import(event, arguments):
            self.seen.append(f"{event} {arguments!r:.100}")


def _is_import(event, arguments):
    """Say whether it is the code of a module that is loaded from its file."""
    return event == "exec" and Path(arguments[0].co_filename).is_file()


class Lines:
    """Collects the lines of the package that run, and the number of each second one."""

    def __init__(self):
        self.known = set()
        self.now = set()

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        self.now.add((frame.f_code.co_filename, frame.f_lineno))
        return self

    @contextlib.contextmanager
    def watched(self):
        self.now = set()
        before = sys.gettrace()  # of a measurement of coverage, or of a debugger
        sys.settrace(self)
        try:
            yield
        finally:
            sys.settrace(before)

    def is_new(self):
        """Say whether a line ran that no file before has reached."""
        new = not self.now <= self.known
        self.known |= self.now
        return new


def mutated(content, others, rng):
    """Return bytes that differ in a few places."""
    content = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 2, 4, 8]))):
        place = int(rng.integers(0, len(content) + 1))
        length = int(rng.choice([1, 2, 4, 8, 64]))
        how = rng.integers(8)
        if how == 0 and content:
            content[place % len(content)] ^= 1 << int(rng.integers(8))
        elif how == 1:
            content[place : place + length] = b""
        elif how == 2:
            content[place:place] = content[place : place + length]
        elif how == 3:
            token = TOKENS[rng.integers(len(TOKENS))]
            content[place : place + int(rng.choice([0, len(token)]))] = token
        elif how == 4:
            content[place : place + length] = rng.bytes(length)
        elif how == 5:
            other = others[rng.integers(len(others))]
            start = int(rng.integers(0, len(other) + 1))
            content[place : place + length] = other[start : start + length]
        elif how == 6:
            content = content[:place]
        else:
            _change_number(content, rng)
    return bytes(content)


def _change_number(content, rng):
    """Put another number in the place of one that is written in digits."""
    digits = [i for i, byte in enumerate(content[:4000]) if 48 <= byte <= 57]
    if not digits:
        return
    start = stop = digits[rng.integers(len(digits))]
    while stop < len(content) and 48 <= content[stop] <= 57:
        stop += 1
    text = str(rng.choice([0, 1, -1, 2, 7, 255, 65536, 2**31, 2**62]))
    content[start:stop] = text.encode()


def signed(content, others, rng):
    """Return a mutated model file, mostly with the sum that its bytes should have."""
    content = mutated(content, others, rng)
    if len(content) < 64 or rng.random() < 0.1:
        return content
    return content[:-64] + hashlib.sha256(content[:-64]).hexdigest().encode()


def other_header(content, others, rng):
    """Return a model file of which some entries of the header are others."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        header, arrays = read_archive(file.name, mapped=False)
    for _ in range(int(rng.choice([1, 1, 2, 3]))):
        places = list(_places(header))
        holder, key = places[rng.integers(len(places))]
        source, other = places[rng.integers(len(places))]
        how = rng.integers(4)
        if how == 0:
            holder[key] = source[other]
        elif how == 1:
            holder[key] = ODD[rng.integers(len(ODD))]
        elif how == 2:
            holder.pop(key)
        elif isinstance(holder, dict):
            holder[f"{key}{'_' * int(rng.integers(2))}"] = source[other]
        # An entry may have become a part of itself, which JSON has no word for.
        try:
            header = json.loads(json.dumps(header))
        except ValueError:
            return content
    if rng.random() < 0.3 and arrays:
        k = int(rng.integers(len(arrays)))
        with contextlib.suppress(ValueError):
            kind = rng.choice(["f2", "f4", "f8", "i4", "U3", "?"])
            arrays[k] = arrays[k].astype(kind)
    return bytes(archive_bytes(header, arrays))


def _places(node):
    """Yield each list or dict of a header with each of its keys."""
    keys = range(len(node)) if isinstance(node, list) else list(node)
    for key in keys:
        yield node, key
        if isinstance(node[key], list | dict):
            yield from _places(node[key])


ODD = [
    *(None, True, 0, 1, -1, 2**31, 2**70, 0.5, -0.0, 1e308, "", "x", [], {}, [[]]),
    *({"array": 0}, {"array": 99}, {"tuple": []}, {"dict": [[1, 2]]}, {"csr": []}),
    *({"numpy": ["float32", 1e99]}, {"class": "Pipeline", "parts": {}}, "mahalanobis"),
    *({"class": "os.system", "parts": {"command": "true"}}, {"strings": ["a"]}, [None]),
]


# ------------------------------------------------------------------------------ targets


def read_model(path):
    """Load a model, and ask it for scores if it can be loaded."""
    for mode in (None, "r"):
        with contextlib.suppress(ModelFileError):
            model = load_model(path, mmap_mode=mode)
            width = getattr(model, "n_features_in_", 1)
            if hasattr(model, "decision_function") and width < 100:
                pairs = np.ones((3, 2, width))
                with contextlib.suppress(ValueError, TypeError):
                    model.decision_function(pairs)


def run(*arguments):
    """Run a command; refusals say one line and end with 1."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = command_line(list(arguments))
    lines = [line for line in said.getvalue().splitlines() if "warning:" not in line]
    assert code in (0, 1), f"exit code {code}"
    assert len(lines) == code, f"code {code} and {lines}"
    for line in lines:
        assert line.startswith("sksymsim: error: "), line
        assert "--debug shows where" not in line, line


def seeds_of_models():
    folder = sorted(MODELS.iterdir())[-1]
    return {".sksymsim": [path.read_bytes() for path in folder.glob("*.sksymsim")]}


def seeds_of_tables(folder):
    """Return small good files of each kind of items and of pairs."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(12, 3)).astype(np.float32)
    seeds = {".npy": [_saved(np.save, items), _saved(np.save, items.astype("f8").T)]}
    ids = np.array([f"i{k}" for k in range(12)])
    seeds[".npz"] = [
        _saved(np.savez, items=items, ids=ids),
        _saved(np.savez_compressed, items=items, ids=np.arange(12)),
    ]
    rows = "\n".join(f"{k},{a},{b},{c}" for k, (a, b, c) in enumerate(items.tolist()))
    quoted = "\n".join(
        f'{k},"[{a}, {b}]"' for k, (a, b, _) in enumerate(items.tolist())
    )
    seeds[".csv"] = [
        f"id,x,y,z\n{rows}\n".encode(),
        f"id,vector\n{quoted}\n".encode(),
        b"\xef\xbb\xbfid,x\n0,1\n1,2\n",
    ]
    with contextlib.suppress(ImportError):
        seeds[".parquet"] = _parquet_seeds(items)
    pairs = ["left,right,label", *(f"{k},{(5 * k) % 12},{k % 2}" for k in range(12))]
    (folder / "pairs.csv").write_text("\n".join(pairs))
    (folder / "items.npy").write_bytes(seeds[".npy"][0])
    return seeds


def _parquet_seeds(items):
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = pa.table({"id": np.arange(12), **{f"x{k}": items[:, k] for k in range(3)}})
    vectors = pa.table({"id": [str(k) for k in range(12)], "v": items.tolist()})
    return [
        _saved(lambda f, t=table: pq.write_table(t, f)) for table in (plain, vectors)
    ]


def _saved(save, *values, **named):
    buffer = io.BytesIO()
    save(buffer, *values, **named)
    return buffer.getvalue()


# ------------------------------------------------------------------------------ running


class Fuzzer:
    """Mutates files, keeps those that reach new lines, and collects what falls.

    Parameters
    ----------
    read : callable
        Takes a path; what it raises is a failure.
    suffix : str
    seeds : list of bytes
    change : callable, default=mutated
        Takes a file, others, and a generator.
    """

    def __init__(self, read, suffix, seeds, folder, change=mutated):
        self.read, self.path = read, str(folder / f"fuzzed{suffix}")
        self.pool, self.change = list(seeds), change
        self.lines = Lines()
        self.failures, self.n_examples = {}, 0

    def go(self, seconds, seed, events, most=None):
        rng = np.random.default_rng(seed)
        for content in list(self.pool):
            # What is imported by the first of them runs code, of ours.
            self.try_one(content, None)
        end = time.monotonic() + seconds
        while time.monotonic() < end and (most is None or self.n_examples < most):
            content = self.pool[rng.integers(len(self.pool))]
            content = self.change(content, self.pool, rng)
            self.try_one(content, events)
            if self.lines.is_new():
                self.pool.append(content)

    def try_one(self, content, events):
        Path(self.path).write_bytes(content)
        self.n_examples += 1
        events = Unheard() if events is None else events
        events.seen, events.on = [], True
        try:
            with warnings.catch_warnings(), within(MOST_SECONDS):
                warnings.simplefilter("ignore")
                with self.lines.watched():
                    self.read(self.path)
            assert not events.seen, events.seen
        except (Exception, TooSlow) as error:
            place = f"{type(error).__name__}: {str(error)[:80]}"
            self.failures.setdefault(place, content)
        finally:
            events.on = False


def fuzzers(folder):
    """Return a fuzzer for each reader and kind of file."""
    pairs, items = str(folder / "pairs.csv"), str(folder / "items.npy")
    out = str(folder / "out.sksym")
    made = {}
    for suffix, seeds in seeds_of_tables(folder).items():

        def read_items(path):
            run("fit", "--items", path, "--pairs", pairs, "--out", out)

        made[f"items{suffix}"] = Fuzzer(read_items, suffix, seeds, folder)

    def read_pairs(path):
        run("fit", "--items", items, "--pairs", path, "--out", out)

    seeds = [Path(pairs).read_bytes()]
    made["pairs.csv"] = Fuzzer(read_pairs, ".csv", seeds, folder)
    for suffix, seeds in seeds_of_models().items():
        made["load_model"] = Fuzzer(read_model, suffix, seeds, folder, signed)
        made["header"] = Fuzzer(read_model, suffix, seeds, folder, other_header)
    return made


def main():
    parser = argparse.ArgumentParser(prog="python -m fuzz.files")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=float, default=10, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", help="a folder for the files that fell")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
    events, n_failures = Events(), 0
    with tempfile.TemporaryDirectory() as name:
        for target, fuzzer in fuzzers(Path(name)).items():
            if options.targets and target not in options.targets:
                continue
            fuzzer.go(options.seconds, options.seed, events)
            print(
                f"{target}: {fuzzer.n_examples} files, {len(fuzzer.pool)} kept for new "
                f"lines, {len(fuzzer.failures)} failures",
                flush=True,
            )
            for k, (place, content) in enumerate(fuzzer.failures.items()):
                print(f"    {place}")
                if options.keep:
                    Path(options.keep, f"{target}.{k}").write_bytes(content)
            n_failures += len(fuzzer.failures)
    return min(n_failures, 1)


if __name__ == "__main__":
    sys.exit(main())
