# SPDX-License-Identifier: BSD-3-Clause
"""Interrupts, full disks, several processes at one file, threads and forks.

The same at many more places: ``PYTHONPATH=tests python -m fuzz.interrupts``.
"""

import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from every_estimator import ASKED, CLASSES, CLASSIFIERS, PAIRS, Y, ask, fit, make
from fuzz.interrupts import fits, functions, try_fit, try_function
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricPairClassifier,
    load_model,
    save_model,
)
from sksymsim._base import PackageMixin
from sksymsim._files import replacement

# Of each process that saves.
N_SAVES = int(os.environ.get("SKSYMSIM_TEST_SAVES", "10"))

pytestmark = pytest.mark.filterwarnings("ignore")


def run(script, *arguments, **options):
    """Start Python with the modules of the tests on its path."""
    folders = [os.path.dirname(__file__), *filter(None, sys.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, text=True, **options)


# -------------------------------------------------------------------------- interrupts


# That in two processes takes long, with the start of those.
@pytest.mark.parametrize("name", sorted(fits().keys() - {"search in two"}))
def test_an_interrupted_fit(name):
    """Nothing runs on, the fit of before answers as before, and the next fit is right.

    Networks end their training at an interrupt, and warn.
    """
    try_fit(name, 3)


class Interrupt(BaseException):
    """As KeyboardInterrupt, which would end the tests where it is not caught."""


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("error", [Interrupt, MemoryError])
def test_a_fit_that_ends_between_two_attributes(name, error, monkeypatch):
    """They are of one fit, all of them: here the last step of a fit fails."""

    def fail(*arguments):
        raise error

    model, fresh = fit(name), make(name)
    before, said = dict(vars(model)), ask(model)
    fit_it = fits()[name][1]
    monkeypatch.setattr(PackageMixin, "_remember_features", fail)
    with pytest.raises(error):
        fit_it(model)
    after = vars(model)
    assert after.keys() == before.keys()
    assert all(after[key] is before[key] for key in before)
    np.testing.assert_array_equal(ask(model), said)
    with pytest.raises(error):
        fit_it(fresh)
    assert not any(key.endswith("_") for key in vars(fresh))


@pytest.mark.parametrize("name", functions())
def test_an_interrupted_function(name):
    assert try_function(name, 3) > 0


SEARCH = """
import sys
from every_estimator import PAIRS, Y
from sksymsim import SymmetricPairClassifierCV
print("ready", flush=True)
while True:
    SymmetricPairClassifierCV(n_jobs=2, cv=2).fit(PAIRS, Y)
"""


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs a list of processes")
def test_ctrl_c_ends_a_parallel_search_and_its_workers():
    process = run(
        SEARCH, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in error
    deadline = time.monotonic() + 20
    while members_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert members_of(process.pid) == []


def members_of(session):
    """Return the processes of a session that are alive."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                state, _, _, owner = file.read().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(owner) == session and state != "Z":
            found.append(int(name))
    return found


# ------------------------------------------------------------------------------- files


@pytest.fixture(scope="module")
def model():
    return fit("SymmetricPairClassifier")


class FullDisk:
    """A file that takes so many bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, content):
        taken = memoryview(content).nbytes
        if taken > self.room:
            self.file.write(memoryview(content).cast("B")[: self.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= taken
        return self.file.write(content)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        self.file.__enter__()
        return self

    def __exit__(self, *error):
        return self.file.__exit__(*error)


@pytest.mark.parametrize("room", [0, 1, 100, 1000, 2000])
def test_a_disk_that_becomes_full(room, model, tmp_path, monkeypatch):
    path = tmp_path / "model"
    save_model(model, path)
    old = path.read_bytes()
    assert len(old) > 2000

    def full(*arguments):
        return FullDisk(open(*arguments), room)

    monkeypatch.setattr(replacement, "open", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        save_model(
            SymmetricPairClassifier("bilinear").fit(PAIRS, np.arange(120) % 2), path
        )
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["model"]


def test_a_system_that_cannot_sync(model, tmp_path, monkeypatch):
    save_model(model, tmp_path / "model")
    old = (tmp_path / "model").read_bytes()

    def refuse(number):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(replacement.os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        save_model(model, tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == old
    assert os.listdir(tmp_path) == ["model"]


needs_fork = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="this system has no fork"
)


def saving(model, path, n_saves):
    """Start a process that saves a model to a path again and again."""
    child = os.fork()
    if child == 0:
        try:
            for _ in range(n_saves):
                save_model(model, path)
            os._exit(0)
        finally:
            os._exit(1)
    return child


@needs_fork
def test_two_processes_that_save_to_one_path(model, tmp_path):
    """A reader finds one of both, whole, whenever it looks."""
    other = SymmetricPairClassifier("quadratic", alpha=1e-2)
    other.fit(PAIRS, np.arange(len(PAIRS)) % 2)
    path = tmp_path / "model"
    save_model(model, path)
    answers = [one.decision_function(PAIRS).tolist() for one in (model, other)]
    alive = {saving(one, path, N_SAVES) for one in (model, other)}
    while alive:
        answers.index(load_model(path).decision_function(PAIRS).tolist())
        for child in list(alive):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                assert status == 0
                alive.remove(child)
    assert os.listdir(tmp_path) == ["model"]


@needs_fork
def test_a_process_that_is_killed_while_it_saves(model, tmp_path):
    path = tmp_path / "model"
    for k in range(5):
        save_model(model, path)
        child = saving(model, path, 1_000_000)
        time.sleep(0.01 + 0.01 * k)
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert load_model(path).intercept_ == model.intercept_


# ---------------------------------------------------------------- threads and processes


@pytest.mark.parametrize("name", ASKED)
def test_eight_threads_ask_one_model(name):
    model = fit(name)
    expected = ask(model).tobytes()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(model).tobytes(), range(16)))
    assert answers == [expected] * 16


# A new process, which gets the models as pickles, some by joblib, and forks of it.
FORKS = """
import os, pickle, sys
import joblib
from every_estimator import ask, fit
models, tools = pickle.loads(sys.stdin.buffer.read())
same = all(ask(model).tobytes() == answer for model, answer in models.values())
for model, X, answer in tools + joblib.load(sys.argv[1]):
    same &= model.predict_proba(X).tobytes() == answer
for _ in range(2):
    child = os.fork()
    if child == 0:
        for model, answer in models.values():
            same &= ask(model).tobytes() == answer
        same &= ask(fit("SymmetricPairClassifier")).tobytes() == answer
        os._exit(0 if same else 3)
    same &= os.waitpid(child, 0)[1] == 0
print("the same bits" if same else "other bits", flush=True)
"""


def tools_of_scikit_learn():
    """Return a fitted one that holds pipelines, what it is asked, and its answers."""
    shared = SharedTransformer(EmbeddingNormalizer(whiten=0.5))
    members = [
        make_pipeline(shared, SymmetricPairClassifier()),
        make_pipeline(shared, SymmetricPairClassifier("quadratic", n_jobs=2)),
        SymmetricPairClassifier("bilinear", psd=False, n_components=3),
    ]
    named = [(f"m{i}", member) for i, member in enumerate(members)]
    model = VotingClassifier(named, voting="soft").fit(PAIRS, Y)
    asked = PAIRS, np.asarray(PAIRS)
    return [(model, X, model.predict_proba(X).tobytes()) for X in asked]


@needs_fork
def test_new_processes_and_forks_have_the_same_bits(tmp_path):
    models = {name: fit(name) for name in CLASSIFIERS}
    # Last the one that is fitted anew.
    models["SymmetricPairClassifier"] = models.pop("SymmetricPairClassifier")
    answers = {name: (model, ask(model).tobytes()) for name, model in models.items()}
    tools = tools_of_scikit_learn()
    content = pickle.dumps((answers, tools))
    joblib.dump(tools, tmp_path / "tools")
    process = run(
        FORKS, tmp_path / "tools", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    process.stdin.buffer.write(content)
    output, _ = process.communicate(timeout=60)
    assert output == "the same bits\n"
