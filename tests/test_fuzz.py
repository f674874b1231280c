# SPDX-License-Identifier: BSD-3-Clause
"""A little of ``tests/fuzz``: any input gives a valid answer or one clear error.

For hours: ``PYTHONPATH=tests python -m fuzz --seconds 600``.
"""

import sys

import numpy as np
import pytest
from fuzz.contract import Broken, Refused, ask
from fuzz.files import Events, Lines, fuzzers, mutated
from fuzz.runner import TARGETS, attempt
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import sksymsim

# Not called by users with input of their own: results, warnings, and the version; what
# reads no input; and what other tests call with arrays of Dask, and with ONNX.
NO_TARGET = {
    *("AxiomReport", "CatalogueLinks", "ClosedLabels", "Deduplication", "GroupScores"),
    *(
        "GroupThresholdChoice",
        "LabelOrderWarning",
        "LeakageReport",
        "IndexSpace",
        "LabelAudit",
        "PairReport",
        "ThresholdChoice",
    ),
    *("ContradictoryLabelsWarning", "ModelFileError", "ModelVersionWarning"),
    *("__version__", "get_pair_scorer_names", "load_spoken_digits", "trusted_types"),
    *("DaskPairClassifier", "DaskPairs", "to_onnx"),
    # Called by the targets of others, or of fitted models without numbers.
    *("compact", "load_model", "model_card", "PairLearningCurveDisplay"),
    *("SearchResultsDisplay", "SpectrumDisplay"),
}


def test_every_public_name_is_a_target():
    names = {name.partition(".")[0] for name in TARGETS}
    assert names | NO_TARGET == set(sksymsim.__all__)
    assert not names & NO_TARGET


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore")
def test_any_input(name, request):
    number = request.getfixturevalue("seed")
    if "Display" in name:
        pytest.importorskip("matplotlib").use("agg")
    if "frame" in name:
        pytest.importorskip("pandas")

    @seed(number)
    @settings(
        max_examples=3,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def check(data):
        attempt(name, data)

    check()


# ---------------------------------------------------- the contract notices its breaches


def divide(x):
    return np.float64(1) / x


def overwrite(x):
    x[0] = 1


def index(x):
    return x[5]


def refuse(x):
    raise ValueError("x is not what was asked for")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (divide, "RuntimeWarning at test_fuzz.py"),
        (overwrite, "the input was changed"),
        (index, "IndexError: index 5 is out of bounds"),
        (refuse, "raw ValueError: x is not"),  # of no file of the package
        (np.linalg.inv, "LinAlgError"),
    ],
)
def test_breaches_are_seen(call, text):
    with pytest.raises(Broken, match=text):
        ask(call, np.zeros(2))


def test_refusals_are_seen():
    with pytest.raises(Refused, match="TypeError: pairs must not be given as a list"):
        ask(sksymsim.SymmetricPairClassifier().fit, [[1.0]], [0, 1])


# ------------------------------------------------------------------------------- files


def test_mutations_differ(rng):
    content = bytes(range(200))
    made = [mutated(content, [content], rng) for _ in range(50)]
    assert sum(one != content for one in made) > 40


def test_who_traced_before_traces_again():
    """Otherwise, coverage would end at the first file of these tests."""

    def trace(*arguments):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with Lines().watched():
            pass
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is trace


@pytest.fixture(scope="module")
def events():
    return Events()


TARGETS_OF_FILES = (
    "items.npy",
    "items.npz",
    "items.csv",
    "pairs.csv",
    "load_model",
    "header",
)


@pytest.mark.parametrize("target", TARGETS_OF_FILES)
def test_any_file(target, events, tmp_path, seed):
    fuzzer = fuzzers(tmp_path)[target]
    n_seeds = len(fuzzer.pool)
    fuzzer.go(60, seed, events, most=n_seeds + 8)
    assert fuzzer.failures == {}
    assert fuzzer.n_examples == n_seeds + 8
