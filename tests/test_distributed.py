# SPDX-License-Identifier: BSD-3-Clause
"""Fits and scores on a Dask cluster: of threads mostly, and of real processes."""

import os
import pickle
import signal
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sksymsim import (
    DaskPairClassifier,
    DaskPairs,
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    load_model,
    save_model,
)
from sksymsim._distributed.dask_parts import ATTEMPTS, INLINE_BYTES, DaskReadings
from sksymsim._distributed.parted_estimator import fit_readings
from sksymsim._distributed.parts import LocalReadings, read_part

WITHOUT = "{0} is not installed: pip install {0}"
distributed = pytest.importorskip("distributed", reason=WITHOUT.format("distributed"))
dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
pd = pytest.importorskip("pandas")
dd = pytest.importorskip("dask.dataframe")

# Whatever Dask does in its own threads and sockets when a worker is killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
    # Some scores here are computed without the cluster, on purpose.
    pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler"),
]

N_ITEMS, N_FEATURES, N_PAIRS, CHUNK = 120, 5, 600, 160
MODEL = SymmetricPairClassifier(alpha=1e-3, tol=1e-7, max_iter=2000)


# Few evaluations, each of which is many messages between processes.
QUICK = SymmetricPairClassifier(alpha=1e-2, psd=False, tol=1e-6)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    items = rng.normal(size=(N_ITEMS, N_FEATURES)) * np.arange(1, N_FEATURES + 1)
    index = rng.integers(0, N_ITEMS, size=(N_PAIRS, 2))
    square = ((items[index[:, 0], :2] - items[index[:, 1], :2]) ** 2).sum(axis=1)
    y = square + rng.normal(scale=2, size=N_PAIRS) < np.median(square)
    return items, index, np.where(y, "same", "other"), rng.integers(0, 3, N_PAIRS)


def spread(array, chunk=CHUNK):
    return da.from_array(array, chunks=(chunk, *array.shape[1:]))


def ids(rows):
    return [f"item {row}" for row in rows]


def frame_of(index):
    table = pd.DataFrame({"one": ids(index[:, 0]), "two": ids(index[:, 1])})
    return dd.from_pandas(table, npartitions=4, sort=False)


def pairs_of(kind, items, index):
    """Return the same pairs in one of the ways that they can be given."""
    left, right = items[index[:, 0]], items[index[:, 1]]
    if kind == "two arrays":
        return spread(left), spread(right)
    if kind == "one array":
        return spread(np.stack([left, right], axis=1))
    if kind == "index":
        return DaskPairs.from_index(items, spread(index))
    if kind == "index, spread items":
        return DaskPairs.from_index(spread(items, 50), spread(index))
    table = pd.DataFrame(items, index=ids(range(N_ITEMS)))
    return DaskPairs.from_frame(frame_of(index), left="one", right="two", items=table)


KINDS = ["two arrays", "one array", "index", "index, spread items", "frame"]


@pytest.fixture(scope="module")
def client():
    """A cluster of threads: all of Dask but the processes."""
    with distributed.Client(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as client:
        yield client


@pytest.fixture(scope="module")
def fitted(data):
    items, index, y, weights = data
    return clone(MODEL).fit(Pairs.from_index(items, index), y, weights)


# ---------------------------------------------------------------------------------- fit


@pytest.mark.parametrize("kind", KINDS)
def test_same_optimum_as_in_one_process(kind, data, client, fitted):
    items, index, y, weights = data
    X = pairs_of(kind, items, index)
    if kind == "frame":
        # Labels in the partitions of the pairs, whose sizes nobody knows.
        labels = frame_of(index).map_partitions(len, meta=(None, int))
        ends = np.cumsum([0, *labels.compute()])
        cut = {"y": y, "w": weights}
        table = dd.concat(
            [
                dd.from_pandas(
                    pd.DataFrame({k: v[i:j] for k, v in cut.items()}), npartitions=1
                )
                for i, j in pairwise(ends)
            ]
        )
        y, weights = table["y"], table["w"]
    else:
        # Other chunks than those of the pairs, and an array in memory.
        y, weights = spread(y, 75), weights
    model = DaskPairClassifier(MODEL).fit(X, y, weights)
    assert abs(model.estimator_.objective_ - fitted.objective_) < 1e-6
    matrix = fitted.get_mahalanobis_matrix()
    found = model.estimator_.get_mahalanobis_matrix()
    assert_allclose(found, matrix, rtol=1e-4, atol=1e-5 * np.abs(matrix).max())
    assert model.classes_.tolist() == ["other", "same"]
    assert model.n_features_in_ == N_FEATURES


def test_cluster_adds_up_as_one_process_does(data, client):
    items, index, y, weights = data
    cuts = [slice(i, i + CHUNK) for i in range(0, N_PAIRS, CHUNK)]
    pairs = Pairs(items[index[:, 0]], items[index[:, 1]])
    here = clone(MODEL)
    fit_readings(
        here, LocalReadings([read_part(pairs[c], y[c], weights[c]) for c in cuts])
    )
    there = DaskPairClassifier(MODEL).fit(
        pairs_of("two arrays", items, index), y, weights
    )
    assert there.estimator_.objective_ == here.objective_
    assert_array_equal(there.estimator_.components_, here.components_)


def test_result_is_a_plain_model_without_dask(data, client, tmp_path, monkeypatch):
    items, index, y, _ = data
    X = pairs_of("index", items, index)
    model = DaskPairClassifier(MODEL).fit(X, y)
    assert type(model.estimator_) is SymmetricPairClassifier
    save_model(model.estimator_, tmp_path / "model.sksym")
    expected = model.estimator_.decision_function(Pairs.from_index(items, index))
    loaded = load_model(tmp_path / "model.sksym")
    assert_array_equal(
        loaded.decision_function(Pairs.from_index(items, index)), expected
    )
    stored = pickle.dumps(model)
    assert b"distributed.client" not in stored
    for name in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    again = pickle.loads(stored).estimator_
    assert_array_equal(
        again.decision_function(Pairs.from_index(items, index)), expected
    )


def test_estimator_is_not_changed_and_clones(data, client):
    items, index, y, _ = data
    wanted = clone(MODEL)
    model = clone(DaskPairClassifier(wanted)).set_params(estimator__alpha=1e-2)
    model.fit(pairs_of("index", items, index), y)
    assert model.get_params()["estimator__alpha"] == 1e-2
    assert model.estimator_.alpha == 1e-2
    assert not hasattr(wanted, "classes_")
    assert not hasattr(model.estimator, "classes_")


def test_warm_start(data, client):
    items, index, y, _ = data
    model = DaskPairClassifier(clone(MODEL).set_params(psd=False, warm_start=True))
    X = pairs_of("index", items, index)
    first = model.fit(X, y).estimator_.n_iter_
    assert model.fit(X, y).estimator_.n_iter_ <= 1 < first


def test_too_few_iterations_warn(data, client):
    items, index, y, _ = data
    model = DaskPairClassifier(clone(MODEL).set_params(max_iter=2))
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        model.fit(pairs_of("index", items, index), y)


def test_large_arguments_are_sent_once(data, client, monkeypatch):
    sent = []
    scatter = client.scatter
    monkeypatch.setattr(
        client, "scatter", lambda *a, **k: sent.append(1) or scatter(*a, **k)
    )
    pairs = read_part(Pairs(np.eye(4), np.ones((4, 4))), np.array([0, 1, 0, 1]), None)
    readings = DaskReadings(client, lambda: [dask.delayed(pairs)] * 3)
    large = np.ones(INLINE_BYTES)
    assert readings.each(_size, large) == [large.size] * 3
    assert readings.each(_size, large[:5]) == [5] * 3
    assert len(sent) == 1


def _size(part, array):
    return array.size


# ---------------------------------------------------------------------- lost data


def test_lost_data_is_sent_again(data, client, monkeypatch):
    scatter, lost = client.scatter, []

    def lose_the_first(*arguments, **options):
        futures = scatter(*arguments, **options)
        if len(lost) < 2:
            lost.append(futures)
            client.cancel(futures, force=True)
        return futures

    monkeypatch.setattr(client, "scatter", lose_the_first)
    large = np.ones(INLINE_BYTES)
    parts = DaskReadings(client, lambda: [client.submit(_Filled)])
    assert parts.each(_size, large) == [large.size]
    assert len(lost) == 2


class _Filled:
    objective = True


def test_data_that_cannot_be_made_again_is_named(client, monkeypatch):
    readings = DaskReadings(client, lambda: [client.submit(_Filled)])
    scatter, n_lost = client.scatter, []

    def lose(*arguments, **options):
        futures = scatter(*arguments, **options)
        client.cancel(futures, force=True)
        n_lost.append(1)
        return futures

    monkeypatch.setattr(client, "scatter", lose)
    with pytest.raises(RuntimeError, match=f"was lost {ATTEMPTS} times in a row"):
        readings.each(_size, np.ones(INLINE_BYTES))
    assert len(n_lost) == ATTEMPTS


# ------------------------------------------------------------------------------ scoring


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_lazy_and_the_same(kind, data, fitted):
    items, index, _, _ = data
    X, pairs = pairs_of(kind, items, index), Pairs.from_index(items, index)
    scorer = DaskPairClassifier.from_fitted(fitted)
    with dask.config.set(scheduler="synchronous"):
        for method in ("decision_function", "predict_proba", "predict"):
            lazy = getattr(scorer, method)(X)
            expected = getattr(fitted, method)(pairs)
            assert isinstance(lazy, da.Array)
            assert lazy.dtype == expected.dtype
            computed = lazy.compute()
            if method == "predict":
                assert_array_equal(computed, expected)
            else:
                assert_allclose(computed, expected, rtol=1e-9, atol=1e-12)


def test_scores_of_float32_are_float32(data, fitted):
    items, index, _, _ = data
    X = pairs_of("two arrays", items.astype(np.float32), index)
    lazy = DaskPairClassifier.from_fitted(fitted).predict_proba(X)
    assert lazy.dtype == np.float32
    assert lazy.shape == (N_PAIRS, 2)
    assert lazy.chunks[0] == (160, 160, 160, 120)


def test_scores_of_a_pipeline_and_of_empty_partitions(data):
    items, index, y, _ = data
    pairs = Pairs.from_index(items, index)
    model = make_pipeline(SharedTransformer(EmbeddingNormalizer()), clone(MODEL))
    scorer = DaskPairClassifier.from_fitted(model.fit(pairs, y))
    index = da.from_array(index, chunks=((100, 0, 500), 2))
    with dask.config.set(scheduler="synchronous"):
        found = scorer.predict_proba(DaskPairs.from_index(items, index)).compute()
    assert_allclose(found, model.predict_proba(pairs), rtol=1e-9)


@pytest.mark.parametrize("query_is_spread", [True, False])
@pytest.mark.parametrize("base_is_spread", [True, False])
def test_top_k_and_cross_scores(query_is_spread, base_is_spread, data, fitted):
    items, _, _, _ = data
    queries = items[:50]
    query = spread(queries, 20) if query_is_spread else queries
    base = spread(items, 35) if base_is_spread else items
    scorer = DaskPairClassifier.from_fitted(fitted)
    with dask.config.set(scheduler="synchronous"):
        scores, rows = dask.compute(*scorer.top_k(query, base, 40))
        crossed = scorer.cross_scores(query, base)
        assert isinstance(crossed, da.Array)
        assert_allclose(
            crossed.compute(), fitted.cross_scores(queries, items), rtol=1e-9, atol=1e-9
        )
    expected, expected_rows = fitted.top_k(queries, items, 40)
    assert_array_equal(rows, expected_rows)
    assert_allclose(scores, expected, rtol=1e-9, atol=1e-9)


def test_equal_scores_come_in_the_order_of_rows(data, fitted):
    items, _, _, _ = data
    base = np.tile(items[:3], (4, 1))
    scorer = DaskPairClassifier.from_fitted(fitted)
    _, rows = scorer.top_k(items[:1], spread(base, 5), 4)
    with dask.config.set(scheduler="synchronous"):
        assert rows.compute().tolist() == [[0, 3, 6, 9]]


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((4, 2, 3)), TypeError, "got ndarray. For pairs in memory use"),
        ((np.ones((4, 3)), da.ones((4, 3))), TypeError, "got tuple"),
        (da.ones((4, 3)), TypeError, "dask array of shape"),
        (da.ones((4, 3, 3)), ValueError, "X must be a dask array of shape"),
        ((da.ones(4), da.ones(4)), ValueError, "X_a must be a dask array of shape"),
        (
            (da.ones((4, 3), chunks=(2, 3)), da.ones((4, 3), chunks=(3, 3))),
            ValueError,
            r"same chunks.*X_b.rechunk\(X_a.chunks\)",
        ),
        ((da.ones((4, 3)), da.ones((4, 2))), ValueError, "3 and 2 features"),
        (
            da.ones((4, 2, 4), chunks=(2, 2, 2)),
            ValueError,
            r"a row of X must not be cut.*X.rechunk\(\{1: -1, 2: -1\}\)",
        ),
    ],
)
def test_pairs_that_are_refused(X, error, message, client):
    with pytest.raises(error, match=message):
        DaskPairClassifier().fit(X, da.ones(4))


def test_containers_refuse_arrays_in_memory():
    with pytest.raises(TypeError, match="DaskPairs takes DaskPairs"):
        DaskPairs(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(TypeError, match="index takes"):
        DaskPairs.from_index(np.eye(2), np.array([[0, 1]]))
    with pytest.raises(TypeError, match="frame takes"):
        DaskPairs.from_frame(None, left="a", right="b", items={"x": [1.0]})
    with pytest.raises(ValueError, match="a row of index must not be cut"):
        DaskPairs.from_index(np.eye(2), da.ones((2, 2), chunks=1, dtype=int))
    with pytest.raises(ValueError, match="a row of items must not be cut"):
        DaskPairs.from_index(da.ones((2, 2), chunks=1), da.ones((2, 2), dtype=int))


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        (da.ones(5), ValueError, "y has 5 entries and the pairs have 4; there must be"),
        (np.ones(3), ValueError, "y has 3 entries and the pairs have 4"),
        (
            dd.from_pandas(pd.Series([0, 1, 0, 1]), npartitions=1),
            ValueError,
            "y has 1 partitions and the pairs have 2",
        ),
    ],
)
def test_labels_that_do_not_fit(column, error, message, client):
    X = da.ones((4, 2, 3), chunks=(2, 2, 3))
    with pytest.raises(error, match=message):
        DaskPairClassifier().fit(X, column)


def test_labels_in_memory_need_known_sizes(data, client):
    items, index, y, _ = data
    with pytest.raises(TypeError, match="y must be a dask array or series"):
        DaskPairClassifier().fit(pairs_of("frame", items, index), y)


def test_errors_of_workers_arrive(data, client):
    items, index, y, _ = data
    with pytest.raises(ValueError, match="y holds one class only"):
        DaskPairClassifier().fit(pairs_of("index", items, index), np.ones(N_PAIRS))
    with pytest.raises(IndexError, match=r"outside 0\.\.9"):
        DaskPairClassifier().fit(DaskPairs.from_index(items[:10], spread(index)), y)
    broken = pairs_of("two arrays", np.where(items == items[3], np.nan, items), index)
    with pytest.raises(ValueError, match=r"contains \d+ NaN"):
        DaskPairClassifier().fit(broken, y)


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (KernelPairClassifier(), TypeError, "only SymmetricPairClassifier is fitted"),
        (SymmetricPairClassifier("poly"), ValueError, "form='poly' has a coefficient"),
        (SymmetricPairClassifier(alpha=-1), ValueError, "The 'alpha' parameter"),
    ],
)
def test_estimators_that_are_refused(estimator, error, message, client):
    with pytest.raises(error, match=message):
        DaskPairClassifier(estimator).fit(da.ones((4, 2, 3)), da.ones(4))


def test_what_scoring_refuses(data, fitted):
    items, index, _, _ = data
    with pytest.raises(TypeError, match="EmbeddingNormalizer has no predict_proba"):
        DaskPairClassifier.from_fitted(EmbeddingNormalizer())
    scorer = DaskPairClassifier.from_fitted(fitted)
    with pytest.raises(ValueError, match="X has 4 features, but"):
        scorer.predict(pairs_of("index", items[:, :4], index))
    with pytest.raises(ValueError, match="k=121 must be at most"):
        scorer.top_k(items, spread(items), 121)
    unknown = spread(items)[spread(items)[:, 0] > 0]
    with pytest.raises(ValueError, match=r"X_base.compute_chunk_sizes\(\)"):
        scorer.top_k(items, unknown, 3)


def test_without_a_client(monkeypatch):
    def no_client():
        raise ValueError("No clients found")

    monkeypatch.setattr(distributed, "get_client", no_client)
    with pytest.raises(RuntimeError, match="there is no client of one"):
        DaskPairClassifier().fit(da.ones((4, 2, 3)), da.ones(4))


@pytest.mark.parametrize(("name", "what"), [("dask", "this"), ("distributed", "fit")])
def test_without_dask(name, what, monkeypatch):
    X, y = da.ones((4, 2, 3)), da.ones(4)
    monkeypatch.setitem(sys.modules, name, None)
    if name == "dask":
        monkeypatch.setattr("sksymsim.distributed.check_client", lambda: None)
    with pytest.raises(ImportError, match=rf"{what} needs.*sksymsim\[distributed\]"):
        DaskPairClassifier().fit(X, y)


# ------------------------------------------------------------- processes, and their end


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        memory_limit="1GB",
        dashboard_address=":0",
    ) as cluster:
        yield cluster


@pytest.fixture
def processes(cluster, client):
    """The client of two processes, in the place of that of threads."""
    with distributed.Client(cluster) as processes:
        processes.wait_for_workers(2)
        yield processes


@pytest.mark.parametrize("kind", ["two arrays", "index"])
def test_killed_worker_changes_nothing(kind, data, processes):
    items, index, y, _ = data
    model = DaskPairClassifier(QUICK)
    X = pairs_of(kind, items, index)
    expected = model.fit(X, y).estimator_
    victim = min(processes.run(os.getpid).values())
    known = _processes_of(processes)

    class Killer:
        n_calls = 0

        def __call__(self, entry):
            self.n_calls += 1
            if self.n_calls == 2:
                os.kill(victim, signal.SIGKILL)

    killer = Killer()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sksymsim._fitting.IterationReporter", lambda verbose: killer)
        found = model.fit(X, y).estimator_
    assert killer.n_calls == found.n_iter_ > 2
    assert found.objective_ == expected.objective_
    assert_array_equal(
        found.get_mahalanobis_matrix(), expected.get_mahalanobis_matrix()
    )
    processes.wait_for_workers(2)
    deadline = time.monotonic() + 60
    while len(_processes_of(processes)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert victim not in _processes_of(processes)
    assert len(known) == 2


def _processes_of(client):
    return set(client.run(os.getpid, on_error="ignore").values())


def test_two_processes_reach_the_same_optimum(data, processes):
    items, index, y, weights = data
    fitted = clone(QUICK).fit(Pairs.from_index(items, index), y, weights)
    model = DaskPairClassifier(QUICK).fit(
        pairs_of("two arrays", items, index), y, weights
    )
    assert abs(model.estimator_.objective_ - fitted.objective_) < 1e-6
    probability = model.predict_proba(pairs_of("index", items, index)).compute()
    expected = fitted.predict_proba(Pairs.from_index(items, index))
    assert_allclose(probability, expected, atol=1e-5)


def test_joblib_on_dask(data, processes, fitted):
    items, index, y, _ = data
    pairs = Pairs.from_index(items, index)
    search = GridSearchCV(
        clone(MODEL).set_params(tol=1e-3),
        {"alpha": [1e-3, 1e-1]},
        scoring="roc_auc",
        cv=2,
    )
    expected = clone(search).fit(pairs, y)
    with parallel_config("dask"):
        found = clone(search).fit(pairs, y)
        scores = clone(fitted).set_params(n_jobs=2).fit(pairs, y)
        threaded = scores.decision_function(pairs)
    for name in ("mean_test_score", "param_alpha"):
        assert_array_equal(found.cv_results_[name], expected.cv_results_[name])
    assert_array_equal(threaded, clone(fitted).fit(pairs, y).decision_function(pairs))


def test_joblib_on_ray(data):
    ray = pytest.importorskip("ray", reason=WITHOUT.format("ray"))
    from ray.util.joblib import register_ray

    items, index, y, _ = data
    pairs = Pairs.from_index(items, index)
    search = GridSearchCV(
        clone(MODEL).set_params(tol=1e-3), {"alpha": [1e-3, 1e-1]}, cv=2
    )
    expected = clone(search).fit(pairs, y)
    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with parallel_config("ray"):
            found = clone(search).fit(pairs, y)
    finally:
        ray.shutdown()
    assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
