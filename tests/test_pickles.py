# SPDX-License-Identifier: BSD-3-Clause
"""Pickles: small, of a known version, and good for threads, processes and maps."""

import copy
import multiprocessing
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from stored_models import (
    LABELS,
    PAIRS,
    UNFITTED,
    fit_all,
    new_pairs,
    outputs,
    scores_of_files,
)

import sksymsim
from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    ModelVersionWarning,
    Pairs,
    SharedTransformer,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    compact,
    save_model,
)
from sksymsim import _versions as versions

NAMES = [*UNFITTED, "recalibrated", "threshold"]


@pytest.fixture(scope="module")
def models():
    return fit_all()


# ----------------------------------------------------------------------------- versions


def as_version(monkeypatch, version):
    monkeypatch.setattr(versions, "__version__", version)


@pytest.mark.parametrize("name", ["mahalanobis", "normalizer", "network", "features"])
def test_a_pickle_of_another_version_warns_of_both(name, models, monkeypatch):
    with monkeypatch.context() as patch:
        as_version(patch, "0.0.7")
        content = pickle.dumps(models[name])
    text = (
        rf"stored by sksymsim 0\.0\.7 and is read by {sksymsim.__version__}\. "
        "Compare its scores .* fit it anew, or install the version that wrote it"
    )
    with pytest.warns(ModelVersionWarning, match=text) as caught:
        model = pickle.loads(content)
    assert {warning.category for warning in caught} == {ModelVersionWarning}
    assert {warning.filename for warning in caught} == {__file__}
    pairs = new_pairs(np.float64)
    assert_array_equal(outputs(model, pairs), outputs(models[name], pairs))


def test_python_shows_the_warning_once_for_a_model_of_many_parts(models, monkeypatch):
    with monkeypatch.context() as patch:
        as_version(patch, "0.0.7")
        content = pickle.dumps(models["stack"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        pickle.loads(content)
    assert len(caught) == 1


def test_a_pickle_without_a_version_says_so(models):
    model = clone(models["mahalanobis"])
    with pytest.warns(ModelVersionWarning, match="by an unknown version of sksymsim"):
        model.__setstate__(vars(models["mahalanobis"]))


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_of_this_version_are_silent_and_alike(name, models):
    """The version is in the pickle and not in the model."""
    pairs = new_pairs(np.float64)
    for again in (
        copy.copy(models[name]),
        copy.deepcopy(models[name]),
        pickle.loads(pickle.dumps(compact(models[name]))),
    ):
        assert versions.VERSION_KEY not in vars(again)
        assert_array_equal(outputs(again, pairs), outputs(models[name], pairs))


def test_searches_carry_their_version_too(monkeypatch):
    search = SymmetricPairClassifierCV()
    as_version(monkeypatch, "0.0.7")
    assert search.__getstate__()[versions.VERSION_KEY] == "0.0.7"


# ------------------------------------------------------------------------ small copies


def wide_model(n_components=None, **options):
    """Fit a model of 64 features to a few pairs, not to the end."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(300, 64))
    index = rng.integers(0, 300, (400, 2))
    far = np.linalg.norm(items[index[:, 0], :8] - items[index[:, 1], :8], axis=1)
    pairs, y = Pairs.from_index(items, index), (far < np.median(far)).astype(int)
    options = {"alpha": 1.0, "tol": 1.0, **options}
    model = SymmetricPairClassifier(n_components=n_components, **options)
    return model.fit(pairs, y), pairs


@pytest.mark.parametrize("rank", [None, 8])
def test_a_model_is_as_large_as_its_matrix(rank):
    """Q, and neither M nor pairs nor items; in float32 half of that."""
    model, _ = wide_model(rank)
    size = model.components_.size
    assert size == (rank or 64) * 64
    assert len(pickle.dumps(model)) < 8 * size + 3000
    assert len(pickle.dumps(compact(model))) < 8 * size + 3000
    assert len(pickle.dumps(compact(model, dtype="float32"))) < 4 * size + 3000


def test_what_only_fit_needs_is_left_out():
    learner, pairs = wide_model(4)
    for prior in (np.eye(64), learner):
        model, _ = wide_model(4, prior=prior, random_state=np.random.RandomState(0))
        small = compact(model)
        assert len(pickle.dumps(small)) < 8 * 4 * 64 + 3000 < len(pickle.dumps(model))
        assert_array_equal(small.predict_proba(pairs), model.predict_proba(pairs))
        assert small.random_state is None
        assert model.prior is not None
        assert not isinstance(model.prior, str)
        text = "'prior' parameter .* must be .* Got 'left out by compact' instead"
        with pytest.raises(ValueError, match=text):
            small.fit(pairs, np.arange(400) % 2)


def test_kernels_leave_out_their_prior_too():
    """Its matrix is in the score, as a learner's is; None stays what it is."""
    learner = fit_all()["mahalanobis"]
    for prior in (np.eye(5), learner):
        model = KernelPairClassifier(alpha=1e-2, prior=prior).fit(PAIRS, LABELS)
        small = compact(model)
        assert len(pickle.dumps(small)) < len(pickle.dumps(model))
        assert_array_equal(small.predict_proba(PAIRS), model.predict_proba(PAIRS))
        assert model.prior is prior
        with pytest.raises(ValueError, match="Got 'left out by compact' instead"):
            small.fit(PAIRS, LABELS)
    assert compact(fit_all()["kernels of features"]).prior is None


def test_the_means_of_adam_are_left_out():
    model = SymmetricMLPClassifier((32,), random_state=0).partial_fit(PAIRS, LABELS)
    small = compact(model)
    assert len(pickle.dumps(small)) < len(pickle.dumps(model)) / 2
    assert_array_equal(small.predict_proba(PAIRS), model.predict_proba(PAIRS))


def test_of_a_search_what_it_has_found_is_left(models):
    search = models["search"]
    small = compact(search)
    assert type(small) is type(search.best_estimator_)
    assert_array_equal(small.predict_proba(PAIRS), search.predict_proba(PAIRS))
    assert len(pickle.dumps(small)) < len(pickle.dumps(search)) / 2


@pytest.mark.parametrize("name", NAMES)
def test_compact_models_score_alike(name, models):
    """To the last bit, or in float32 to rounding; the model itself is as it was."""
    model = models[name]
    before = pickle.dumps(model)
    small, narrow = compact(model), compact(model, dtype="float32")
    assert pickle.dumps(model) == before
    for dtype in (np.float32, np.float64):
        pairs = new_pairs(dtype)
        expected = outputs(model, pairs)
        assert_array_equal(outputs(small, pairs), expected)
        found = outputs(narrow, pairs)
        # Transformers of scikit-learn then leave float32 items what they are.
        assert found.dtype in (expected.dtype, dtype)
        scale = 1e-5 if "kernels" in name or name in ("poly", "stack") else 1e-6
        size = np.abs(expected).max() + 1
        assert_allclose(found, expected, rtol=0, atol=scale * size)


def test_float32_models_say_the_same_of_many_pairs_and_of_few():
    """Of many, a factor is made triangular first; that is not to cost digits."""
    model = compact(wide_model(alpha=1e-2)[0], dtype="float32")
    other = copy.deepcopy(model)
    rows = np.random.default_rng(1).normal(size=(2, 4000, 64))
    many = model.decision_function(Pairs(*rows))
    few = other.decision_function(Pairs(*rows[:, :50]))
    assert_allclose(many[:50], few, rtol=1e-12)


def test_a_compact_model_is_where_a_warm_start_begins():
    model, pairs = wide_model()
    y = model.predict(pairs)
    small = compact(model, dtype="float32").set_params(warm_start=True)
    small.fit(pairs, y)
    assert small.components_.dtype == np.float64


def test_models_of_others_are_copied_as_they_are(models):
    voting = VotingClassifier(
        [("one", UNFITTED["mahalanobis"]), ("two", UNFITTED["normalizer"])],
        voting="soft",
    ).fit(PAIRS, LABELS)
    narrow = compact(voting, dtype="float32")
    assert narrow.estimators_[0].components_.dtype == np.float32
    assert voting.estimators_[0].components_.dtype == np.float64
    assert_allclose(narrow.predict_proba(PAIRS), voting.predict_proba(PAIRS), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", np.float32, 4])
def test_other_precisions_are_refused(dtype, models):
    if dtype is np.float32:
        compact(models["mahalanobis"], dtype=np.dtype(dtype).name)
        return
    with pytest.raises(ValueError, match="dtype must be 'float32', 'float64' or None"):
        compact(models["mahalanobis"], dtype=dtype)


# ---------------------------------------------------------- maps, threads and processes


def arrays_of_score(model):
    return [*model._score.factors]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mapped_model_is_used_without_a_copy(dtype, tmp_path):
    """So that all processes that map a file share it: of both kinds of files."""
    model = compact(wide_model()[0], dtype=np.dtype(dtype).name)
    joblib.dump(model, tmp_path / "model.joblib")
    save_model(model, tmp_path / "model.sksymsim")
    pairs = new_wide_pairs(dtype)
    for mapped in (
        joblib.load(tmp_path / "model.joblib", mmap_mode="r"),
        sksymsim.load_model(tmp_path / "model.sksymsim", mmap_mode="r"),
    ):
        (factor,) = arrays_of_score(mapped)
        assert isinstance(factor, np.memmap)
        assert not factor.flags.writeable
        found = mapped.decision_function(pairs)
        assert_array_equal(found, model.decision_function(pairs))
        ((_, _, weights),) = mapped._score.kernel(dtype).terms[0].panels
        assert np.shares_memory(weights, factor)


def new_wide_pairs(dtype):
    rows = np.random.default_rng(1).normal(size=(2, 100, 64)).astype(dtype)
    return Pairs(*rows)


@pytest.mark.parametrize("name", NAMES)
def test_models_that_are_mapped_give_the_same_bits(name, models, tmp_path):
    model = compact(models[name])
    joblib.dump(model, tmp_path / "model")
    mapped = joblib.load(tmp_path / "model", mmap_mode="r")
    for dtype in (np.float32, np.float64):
        pairs = new_pairs(dtype)
        assert_array_equal(outputs(mapped, pairs), outputs(model, pairs))


@pytest.mark.parametrize(
    "name",
    ["normalizer", "stack", "poly", "network that sees both", "kernels of landmarks"],
)
def test_eight_threads_get_the_same_bits(name, models):
    """Of a model that nobody has used before; plain scores: tests/test_scoring.py."""
    inputs = [PAIRS, PAIRS[:7], new_pairs(np.float32), new_pairs(np.float64)]
    expected = [models[name].predict_proba(pairs) for pairs in inputs]
    model = pickle.loads(pickle.dumps(models[name]))
    barrier = threading.Barrier(8)

    def work(i):
        barrier.wait(20)
        order = [(i + k) % 4 for k in range(8)]
        return [(k, model.predict_proba(inputs[k])) for k in order]

    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(work, range(8)):
            for k, found in results:
                assert_array_equal(found, expected[k])


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_other_processes_give_the_same_bits(start, large_model, tmp_path):
    """From read-only maps of both kinds of files, and without a warning.

    The first one forks a process that has scored with threads.
    """
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {start} on this system")
    model, pairs = large_model
    expected = model.predict_proba(pairs)
    joblib.dump(compact(model), tmp_path / "model.joblib")
    save_model(compact(model), tmp_path / "model.sksymsim")
    joblib.dump(pairs, tmp_path / "pairs.joblib")
    with multiprocessing.get_context(start).Pool(1) as pool:
        found = pool.apply_async(scores_of_files, (str(tmp_path),)).get(100)
        found.append(pool.apply_async(model.predict_proba, (pairs,)).get(100))
    for scores in found:
        assert_array_equal(scores, expected)


@pytest.fixture
def large_model(monkeypatch):
    """A model that scores with threads, and enough pairs for several blocks."""
    monkeypatch.setattr("sksymsim._blocks.POOL_WORK", 0)
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()),
        SymmetricPairClassifier(alpha=1e-2, tol=1.0, n_jobs=2),
    )
    rng = np.random.default_rng(0)
    items, index = rng.normal(size=(500, 64)), rng.integers(0, 500, (20_000, 2))
    model.fit(Pairs.from_index(items, index[:500]), np.arange(500) % 2)
    return model, Pairs.from_index(items, index)
