# SPDX-License-Identifier: BSD-3-Clause
"""How large stored models are, and how long it takes to write and to read them.

Each row is one kind of file for one model of 384 features: the pickle, what joblib
dumps, and the file of `save_model`; as fitted, and after ``compact(dtype="float32")``.
Seconds are those of the best of many runs, the file in the cache of the system: what
the work takes, and not the disk. `save_model` waits for the disk (fsync), which is
measured apart::

    python benchmarks/persistence.py --out benchmarks/results/persistence.csv
"""

import argparse
import csv
import io
import os
import pickle
import tempfile
import time
import warnings

import joblib
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    compact,
    load_model,
    save_model,
)
from sksymsim._files.archive import archive_bytes
from sksymsim._files.classes import REGISTRY
from sksymsim._files.tree import TreeWriter

N_FEATURES = 384
N_RUNS = 40


def fitted_models():
    """Yield names and fitted models; how well they are fitted does not matter here."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(3000, N_FEATURES))
    index = rng.integers(0, len(items), (6000, 2))
    gap = (items[index[:, 0]] - items[index[:, 1]])[:, :64]
    far = np.einsum("ij,ij->i", gap, gap)
    pairs, y = Pairs.from_index(items, index), (far < np.median(far)).astype(int)
    for rank in (None, 64):
        model = SymmetricPairClassifier(n_components=rank, max_iter=5)
        name = f"metric of {'full rank' if rank is None else f'rank {rank}'}"
        yield name, model.fit(pairs, y)
        whitened = SharedTransformer(EmbeddingNormalizer(whiten=0.5))
        yield f"whitening and {name}", make_pipeline(whitened, model).fit(pairs, y)


def best(function):
    """Return the seconds of the fastest of many calls, and what it returned."""
    seconds = []
    for _ in range(N_RUNS):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def archive_of(model):
    """Return the bytes of a model file, as `save_model` makes them before it writes."""
    writer = TreeWriter(REGISTRY)
    tree = writer.write(model, "")
    header = {"format": 1, "versions": {}, "card": None, "model": tree}
    return archive_bytes(header, writer.arrays)


def dumped(model):
    stream = io.BytesIO()
    joblib.dump(model, stream)
    return stream.getvalue()


def measure(model, folder):
    """Yield (kind of file, bytes, seconds to make it, seconds to read it)."""
    made, content = best(lambda: pickle.dumps(model))
    read, _ = best(lambda: pickle.loads(content))
    yield "pickle", len(content), made, read

    path = os.path.join(folder, "model.joblib")
    made, content = best(lambda: dumped(model))
    joblib.dump(model, path)
    read, _ = best(lambda: joblib.load(path))
    yield "joblib", len(content), made, read
    read, _ = best(lambda: joblib.load(path, mmap_mode="r"))
    yield "joblib, mapped", len(content), made, read

    path = os.path.join(folder, "model.sksymsim")
    made, _ = best(lambda: archive_of(model))
    save_model(model, path)
    size = os.path.getsize(path)
    read, _ = best(lambda: load_model(path))
    yield "save_model", size, made, read
    read, _ = best(lambda: load_model(path, mmap_mode="r"))
    yield "save_model, mapped", size, made, read
    made, _ = best(lambda: save_model(model, path))
    yield "save_model, until it is on the disk", size, made, float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", help="a CSV file to write")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = []
    print(f"load {os.getloadavg()[0]:.2f}, {N_FEATURES} features")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in fitted_models():
            for dtype in ("float64", "float32"):
                stored = compact(model, dtype=dtype)
                for kind, size, made, read in measure(stored, folder):
                    row = [name, dtype, kind, f"{size / 1e3:.1f}"]
                    row += [f"{1e3 * seconds:.3f}" for seconds in (made, read)]
                    rows.append(["" if cell == "nan" else cell for cell in row])
                    print(f"{name:<38} {dtype} {kind:<36}", *rows[-1][3:], sep="  ")
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["model", "dtype", "file", "kilobytes", "write_ms", "read_ms"]
            )
            writer.writerows(rows)


if __name__ == "__main__":
    main()
