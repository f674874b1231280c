# SPDX-License-Identifier: BSD-3-Clause
"""SymmetricPairClassifier from outside: symmetry, methods, inputs, threads."""

import functools
import math
import pickle
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, log_expit, logit
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_info, threadpool_limits

from sksymsim import Pairs, _blocks, _cross
from sksymsim import SymmetricPairClassifier as Classifier

N_FEATURES = 17

KINDS = [
    ("mahalanobis", True),
    ("mahalanobis", False),
    ("bilinear", True),
    ("bilinear", False),
    ("quadratic", False),
]
every_kind = pytest.mark.parametrize(("form", "psd"), KINDS)
METRICS = [(form, psd) for form, psd in KINDS if psd]
every_metric = pytest.mark.parametrize(("form", "psd"), METRICS)


def labelled_pairs(n_items=80, n_pairs=200, n_features=N_FEATURES, seed=0):
    """Return items, index and labels that follow a distance, with a tenth flipped."""
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n_items, n_features)) + 0.2
    index = rng.integers(n_items, size=(n_pairs, 2))
    gap = (items[index[:, 0]] - items[index[:, 1]])[:, : (n_features + 1) // 2]
    distance = np.linalg.norm(gap, axis=1) + 0.1 * items[index[:, 0], 0]
    similar = distance < np.median(distance)
    flipped = rng.random(n_pairs) < 0.1
    return items, index, (similar ^ flipped).astype(int)


@functools.cache
def fitted(form, psd, n_components=None, dtype="float64"):
    """Return a model; the tests only read it."""
    items, index, y = labelled_pairs()
    X = (10 * items).astype(dtype)[index]
    model = Classifier(form, psd=psd, n_components=n_components, alpha=1e-3)
    return model.fit(X, y)


def new_pairs(n_pairs, dtype="float64", n_items=None, seed=1):
    rng = np.random.default_rng(seed)
    items = (10 * rng.normal(size=(n_items or n_pairs + 3, N_FEATURES))).astype(dtype)
    return items, rng.integers(len(items), size=(n_pairs, 2))


@pytest.fixture
def small_blocks(monkeypatch):
    """Make a few hundred pairs several blocks."""
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 2**14)


# ------------------------------------------------------------------------- symmetry


def strided(array):
    """Return a view with gaps between its rows and columns."""
    wide = np.zeros((2 * array.shape[0], 3 * array.shape[1]), dtype=array.dtype)
    wide[::2, 1::3] = array
    return wide[::2, 1::3]


def memory_map(array, path):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def unsorted_csr(array):
    """Return CSR whose columns are in descending order."""
    rows, columns = array.shape
    return sparse.csr_matrix(
        (
            array[:, ::-1].ravel(),
            np.tile(np.arange(columns)[::-1], rows),
            np.arange(rows + 1) * columns,
        ),
        shape=array.shape,
    )


def swapped_inputs(items, index, folder):
    """Yield (name, pairs, the same pairs with their sides exchanged)."""
    left, right = items[index[:, 0]], items[index[:, 1]]
    few = np.unique(index)[: len(items) // 4 + 1]
    back = few[np.random.default_rng(2).integers(len(few), size=index.shape)]
    for name, rows in (("index", index), ("index with repeats", back)):
        pairs = Pairs.from_index(items, rows)
        yield name, pairs, Pairs.from_index(items, rows[:, ::-1])
        yield f"{name}, swap()", pairs, pairs.swap()
    yield "two arrays", Pairs(left, right), Pairs(right, left)
    stacked = np.stack([left, right], axis=1)
    yield "array", stacked, np.stack([right, left], axis=1)
    yield "array, view", stacked, stacked[:, ::-1]
    yield "tuple", (left, right), (right, left)
    order = np.arange(len(index))[::-1]
    yield "selection", Pairs(left, right)[order], Pairs(right, left)[order]
    column_major = np.asfortranarray(right)
    yield "Fortran order", (left, column_major), (column_major, left)
    yield "Fortran order of one", (left, column_major), (right, left)
    yield (
        "Fortran order of the second",
        (left, column_major),
        (
            right,
            np.asfortranarray(left),
        ),
    )
    yield "Fortran array", np.asfortranarray(stacked), stacked[:, ::-1]
    yield "strided", (left, strided(right)), (right, strided(left))
    table = memory_map(items, folder / "items.npy")
    yield (
        "memmap index",
        Pairs.from_index(table, index),
        Pairs.from_index(table, index[:, ::-1]),
    )
    mapped = memory_map(left, folder / "left.npy")
    yield "memmap and array", (mapped, right), (right, mapped)
    yield "memmap or array", (mapped, right), (right, left)
    for other in (np.float32, np.float64, np.float16, np.int32):
        cast = right.astype(other)
        yield f"mixed with {other.__name__}", (left, cast), (cast, left)
    if items.dtype == np.float16:
        return  # SciPy has no sparse float16
    table = sparse.csr_matrix(items * (items > 0))
    for name, rows in (("index", index), ("index with repeats", back)):
        pairs = Pairs.from_index(table, rows)
        yield f"CSR {name}", pairs, pairs.swap()
    sides = table[index[:, 0]], table[index[:, 1]]
    yield "CSR tuple", sides, sides[::-1]
    yield "CSR and array", (sides[0], right), (right, sides[0])
    yield "CSR unsorted", (unsorted_csr(left), right), (right, unsorted_csr(left))


@every_kind
@pytest.mark.parametrize(
    ("n_components", "dtype"),
    [
        (None, "float32"),
        (2, "float32"),
        (2, "float16"),
        (None, "float64"),
        (2, "int64"),
    ],
)
def test_swapping_the_sides_changes_no_bit(
    form, psd, n_components, dtype, small_blocks, tmp_path
):
    model = fitted(form, psd, n_components, dtype)
    for n_pairs in (1, 7, 600):
        items, index = new_pairs(n_pairs, dtype)
        for name, X, swapped in swapped_inputs(items, index, tmp_path):
            scores = model.decision_function(X)
            assert scores.shape == (n_pairs,)
            assert np.isfinite(scores).all()
            assert_array_equal(scores, model.decision_function(swapped), name)


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_swapping_the_sides_changes_no_bit_of_many_pairs(form, psd, dtype, tmp_path):
    # Wide enough for several blocks of the size that users have.
    n_features = 300
    rng = np.random.default_rng(0)
    items, index, y = labelled_pairs(400, 60, n_features)
    model = Classifier(form, psd=psd, alpha=0.1).fit(items[index], y)
    items = rng.normal(size=(300, n_features)).astype(dtype)
    index = rng.integers(300, size=(5000, 2))
    row_bytes = n_features * items.itemsize
    assert len(_blocks.block_slices(5000, row_bytes)) > 1
    for X, swapped in (
        (Pairs.from_index(items, index), Pairs.from_index(items, index[:, ::-1])),
        (items[index], items[index[:, ::-1]]),
    ):
        scores = model.decision_function(X)
        assert np.ptp(scores) > 0
        assert_array_equal(scores, model.decision_function(swapped))
        parallel = pickle.loads(pickle.dumps(model)).set_params(n_jobs=2)
        assert_array_equal(scores, parallel.decision_function(X))


@every_kind
def test_every_method_is_symmetric(form, psd, small_blocks):
    model = fitted(form, psd)
    items, index = new_pairs(300)
    methods = ["decision_function", "predict", "predict_proba", "predict_log_proba"]
    methods += ["pair_score"] + ["pair_distance"] * psd
    for X in (Pairs.from_index(items, index), two_arrays(items, index)):
        for name in methods:
            method = getattr(model, name)
            assert_array_equal(method(X), method(X.swap()), name)


def two_arrays(items, index):
    return Pairs(items[index[:, 0]], items[index[:, 1]])


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_of_threads_changes_no_bit(form, psd, dtype, small_blocks):
    alone = fitted(form, psd)
    together = pickle.loads(pickle.dumps(alone)).set_params(n_jobs=2)
    items, index = new_pairs(5000, dtype, n_items=900)
    for X in (
        Pairs.from_index(items, index),
        items[index],
        Pairs.from_index(sparse.csr_matrix(items), index),
    ):
        assert_array_equal(alone.decision_function(X), together.decision_function(X))
    assert_array_equal(
        alone.cross_scores(items[:300], items),
        together.cross_scores(items[:300], items),
    )


@every_kind
@pytest.mark.parametrize(
    ("n_components", "dtype"),
    [(None, "float16"), (3, "float32"), (None, "float64"), (3, "int64")],
)
def test_cross_scores_are_symmetric(form, psd, n_components, dtype, monkeypatch):
    monkeypatch.setattr(_cross, "TILE_FIRST", 80)
    monkeypatch.setattr(_cross, "TILE_SECOND", 128)
    monkeypatch.setattr(_cross, "TILE_SAME", 128)
    model = fitted(form, psd, n_components, dtype)
    # Three tiles by three, of a table with itself two by two; the tables share rows,
    # some of them at the same place.
    items, _ = new_pairs(320, dtype)
    a, b = items[:190].copy(), items[30:300]
    a[128:140] = b[128:140]
    scores = model.cross_scores(a, b)
    assert scores.shape == (190, 270)
    assert np.isfinite(scores).all()
    assert_array_equal(scores, model.cross_scores(b, a).T)
    same = model.cross_scores(a, a)
    assert_array_equal(same, same.T)
    pairs = np.array([[0, 0], [189, 269], [127, 128], [90, 3]])
    expected = model.decision_function((a[pairs[:, 0]], b[pairs[:, 1]]))
    tolerance = 1e-9 if scores.dtype == np.float64 else 1e-3
    assert_allclose(
        scores[pairs[:, 0], pairs[:, 1]],
        expected,
        rtol=tolerance,
        atol=tolerance * abs(expected).max(),
    )


@every_kind
def test_cross_scores_of_other_inputs(form, psd):
    model = fitted(form, psd)
    items, _ = new_pairs(30)
    a, b = items[:9], items[9:]
    expected = model.cross_scores(a, b)
    for one, other in (
        (np.asfortranarray(a), b),
        (strided(a), b),
        (a.tolist(), b),
        (sparse.csr_matrix(a), b),
        (sparse.csr_matrix(a), sparse.csr_matrix(b)),
        (a.astype(np.float32), b),
        (a, b.astype(np.float32)),
    ):
        scores = model.cross_scores(one, other)
        assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * abs(expected).max())
        assert_array_equal(scores, model.cross_scores(other, one).T)
        assert scores.dtype == np.float64
    assert model.cross_scores(a[:1], b[:1]).shape == (1, 1)
    narrow = model.cross_scores(a.astype(np.float32), b.astype(np.float32))
    assert narrow.dtype == np.float32


# -------------------------------------------------------------- what methods agree on


@every_kind
@pytest.mark.parametrize("n_components", [None, 2])
def test_score_is_the_polynomial(form, psd, n_components):
    model = fitted(form, psd, n_components)
    items, index = new_pairs(50)
    k, c, own, cross = model.get_polynomial()
    a, b = items[index[:, 0]], items[index[:, 1]]
    expected = (
        k
        + (a + b) @ c
        + np.einsum("ij,jk,ik->i", a, own, a)
        + np.einsum("ij,jk,ik->i", b, own, b)
        + 2 * np.einsum("ij,jk,ik->i", a, cross, b)
    )
    assert_allclose(model.decision_function((a, b)), expected, rtol=1e-9, atol=1e-9)
    assert k == model.intercept_
    assert_array_equal(own, own.T)
    assert_array_equal(cross, cross.T)
    if form == "mahalanobis":
        assert_array_equal(own, -cross)
    if form != "quadratic":
        assert_array_equal(c, np.zeros(N_FEATURES))


@every_kind
def test_score_is_its_formula(form, psd):
    if form == "quadratic":
        return
    model = fitted(form, psd)
    items, index = new_pairs(50)
    a, b = items[index[:, 0]], items[index[:, 1]]
    M = model.get_mahalanobis_matrix()
    if form == "mahalanobis":
        expected = model.intercept_ - np.einsum("ij,jk,ik->i", a - b, M, a - b)
    else:
        expected = model.intercept_ + np.einsum("ij,jk,ik->i", a, M, b)
    assert_allclose(model.decision_function((a, b)), expected, rtol=1e-9, atol=1e-9)
    assert_array_equal(M, M.T)


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_those_of_the_log_odds(form, psd, dtype):
    model = fitted(form, psd)
    items, index = new_pairs(200, dtype)
    X = Pairs.from_index(items, index)
    scores = model.decision_function(X)
    p, log_p = model.predict_proba(X), model.predict_log_proba(X)
    assert scores.dtype == p.dtype == log_p.dtype == dtype
    assert_array_equal(p, np.column_stack([expit(-scores), expit(scores)]))
    assert_array_equal(log_p, np.column_stack([log_expit(-scores), log_expit(scores)]))
    assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert_allclose(np.exp(log_p), p, rtol=1e-5)
    assert_array_equal(model.predict(X), (scores > 0).astype(int))
    assert np.isfinite(log_p).all()


def test_log_probabilities_of_margins_that_exp_cannot_take():
    model = fitted("mahalanobis", True)
    far = np.zeros((1, 2, N_FEATURES))
    far[0, 1] = 1e3
    score = model.decision_function(far)
    assert score[0] < -800
    assert_array_equal(model.predict_proba(far), [[1, 0]])
    assert_array_equal(model.predict_log_proba(far), [[0, score[0]]])


@every_metric
@pytest.mark.parametrize("n_components", [None, 2])
def test_distance_is_that_of_the_transformed_items(form, psd, n_components):
    model = fitted(form, psd, n_components)
    items, index = new_pairs(60)
    Z = model.transform(items)
    expected = np.linalg.norm(Z[index[:, 0]] - Z[index[:, 1]], axis=1)
    for X in (Pairs.from_index(items, index), items[index]):
        assert_allclose(model.pair_distance(X), expected, rtol=1e-9)
    assert_allclose(Z, items @ model.components_.T, rtol=1e-9, atol=1e-9)
    if form == "bilinear":
        dots = np.einsum("ij,ij->i", Z[index[:, 0]], Z[index[:, 1]])
        scores = model.decision_function(items[index])
        assert_allclose(dots, scores - model.intercept_, rtol=1e-9, atol=1e-9)
    same = np.stack([items, items], axis=1)
    assert_array_equal(model.pair_distance(same), np.zeros(len(items)))


@every_metric
@pytest.mark.parametrize("n_components", [None, 2, N_FEATURES])
def test_components(form, psd, n_components):
    model = fitted(form, psd, n_components)
    Q = model.components_
    assert Q.shape[1] == N_FEATURES
    assert len(Q) <= min(n_components or N_FEATURES, N_FEATURES)
    gram = Q @ Q.T
    lengths = np.diag(gram)
    assert_allclose(gram, np.diag(lengths), atol=1e-9 * lengths.max())
    assert (np.diff(lengths) <= 0).all()
    assert lengths.min() > 0
    M = model.get_mahalanobis_matrix()
    assert_allclose(M, Q.T @ Q, rtol=1e-10, atol=1e-12 * abs(M).max())
    eigenvalues = np.linalg.eigvalsh(M)
    assert eigenvalues[0] >= -1e-10 * eigenvalues[-1]


@every_kind
def test_pair_score_ranks_as_the_log_odds(form, psd):
    model = fitted(form, psd)
    items, index = new_pairs(300)
    for X in (Pairs.from_index(items, index), items[index]):
        scores, log_odds = model.pair_score(X), model.decision_function(X)
        order = np.argsort(log_odds)
        assert (np.diff(scores[order]) >= -1e-9 * abs(scores).max()).all()
        if (form, psd) == ("mahalanobis", True):
            assert_array_equal(scores, -model.pair_distance(X))
        else:
            assert_allclose(scores, log_odds - model.intercept_, rtol=1e-9, atol=1e-9)


def test_pair_score_where_the_free_optimum_is_a_metric():
    items, index, y = labelled_pairs(n_features=4)
    for form in ("mahalanobis", "bilinear"):
        model = Classifier(form, psd=False, alpha=100.0).fit(items[index], y)
        assert np.linalg.eigvalsh(model.get_mahalanobis_matrix())[0] > 0
        order = np.argsort(model.decision_function(items[index]))
        assert (np.diff(model.pair_score(items[index])[order]) >= 0).all()


@every_metric
def test_metric(form, psd):
    model = fitted(form, psd)
    items, index = new_pairs(20)
    metric = model.get_metric()
    a, b = items[index[:, 0]], items[index[:, 1]]
    distances = model.pair_distance((a, b))
    assert_allclose([metric(u, v) for u, v in zip(a, b, strict=True)], distances)
    assert_allclose(metric(a[0], b[0], squared=True), distances[0] ** 2)
    assert metric(a[0], b[0]) == metric(b[0], a[0])
    assert metric(a[0].tolist(), b[0].tolist()) == metric(a[0], b[0])
    assert metric(a[0], a[0]) == 0
    assert isinstance(metric(a[0], b[0]), float)
    again = pickle.loads(pickle.dumps(metric))
    assert again(a[0], b[0]) == metric(a[0], b[0])
    assert "17 features" in repr(metric)
    for u, v in ((a, b), (a[0, :3], b[0, :3]), (a[0], b[0, :3])):
        with pytest.raises(ValueError, match=r"two vectors of shape \(17,\), got"):
            metric(u, v)


@pytest.mark.parametrize("algorithm", ["brute", "ball_tree", "auto"])
def test_metric_in_nearest_neighbors(algorithm):
    model = fitted("mahalanobis", True)
    items, _ = new_pairs(40)
    search = NearestNeighbors(
        n_neighbors=3, algorithm=algorithm, metric=model.get_metric()
    )
    distances, found = search.fit(items).kneighbors(items[:5])
    Z = model.transform(items)
    expected, order = NearestNeighbors(n_neighbors=3).fit(Z).kneighbors(Z[:5])
    assert_array_equal(found, order)
    assert_allclose(distances, expected, atol=1e-7)


def test_objective_is_the_log_loss_when_nothing_is_penalised():
    items, index, y = labelled_pairs(n_features=3)
    for form in ("mahalanobis", "bilinear", "quadratic"):
        model = Classifier(form, alpha=0).fit(items[index], y)
        loss = log_loss(y, model.predict_proba(items[index]))
        assert_allclose(model.objective_, loss, rtol=1e-9)
        penalised = Classifier(form, alpha=0.1).fit(items[index], y)
        assert penalised.objective_ > loss


def test_similar_rate_shifts_the_log_odds():
    items, index, y = labelled_pairs()
    X = items[index]
    plain = Classifier(alpha=0.01).fit(X, y)
    rare = Classifier(alpha=0.01, similar_rate=0.01).fit(X, y)
    shift = logit(0.01) - logit(y.mean())
    assert_allclose(
        rare.decision_function(X), plain.decision_function(X) + shift, rtol=1e-12
    )
    assert_array_equal(rare.components_, plain.components_)
    weighted = Classifier(alpha=0.01, similar_rate=0.01).fit(X, y, np.where(y, 3.0, 1))
    base = Classifier(alpha=0.01).fit(X, y, np.where(y, 3.0, 1))
    rate = 3 * y.sum() / (3 * y.sum() + (1 - y).sum())
    assert_allclose(
        weighted.intercept_ - base.intercept_, logit(0.01) - logit(rate), rtol=1e-9
    )


# ------------------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    "names",
    [
        (0, 1),
        (-1, 1),
        (False, True),
        (1.0, 2.0),
        ("different", "same"),
        (3, 70),
    ],
    ids=str,
)
def test_labels_of_any_kind(names):
    items, index, codes = labelled_pairs(n_features=3)
    X, y = items[index], np.array(names)[codes]
    expected = Classifier().fit(X, codes)
    for given in (y, y.tolist()):
        model = Classifier().fit(X, given)
        assert_array_equal(model.classes_, np.array(names))
        assert_array_equal(model.decision_function(X), expected.decision_function(X))
        assert_array_equal(model.predict(X), np.array(names)[expected.predict(X)])
        assert model.predict(X).dtype == model.classes_.dtype
        assert model.score(X, given) == expected.score(X, codes)


def test_labels_in_a_series():
    pd = pytest.importorskip("pandas")
    items, index, codes = labelled_pairs(n_features=3)
    for y in (
        pd.Series(codes, index=range(7, 207)),
        pd.Series(np.array(["no", "yes"])[codes]),
        pd.Series(codes == 1),
        pd.Series(np.array(["no", "yes"])[codes]).astype("category"),
    ):
        model = Classifier().fit(items[index], y)
        assert len(model.classes_) == 2
        assert model.score(items[index], y) > 0.6


def test_class_weight():
    items, index, y = labelled_pairs(n_features=3)
    X = items[index]
    weights = np.where(y == 1, 3.0, 1.0)
    by_hand = Classifier().fit(X, y, weights).decision_function(X)
    for classes, class_weight in (
        (np.array([0, 1]), {1: 3.0}),
        (np.array([0, 1]), {0: 0.5, 1: 1.5}),
        (np.array(["no", "yes"]), {"yes": 3}),
        (np.array([False, True]), {True: 3.0}),
    ):
        model = Classifier(class_weight=class_weight).fit(X, classes[y])
        assert_allclose(model.decision_function(X), by_hand, rtol=1e-5, atol=1e-5)
    balanced = np.where(y == 1, 1 / y.sum(), 1 / (1 - y).sum())
    assert_allclose(
        Classifier(class_weight="balanced").fit(X, y).decision_function(X),
        Classifier().fit(X, y, balanced).decision_function(X),
        rtol=1e-5,
        atol=1e-5,
    )


# -------------------------------------------------------------- what is not available


def reason(error):
    """Return all that a chain of exceptions says."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return " ".join(texts)


NO_MATRIX = ["transform", "pair_distance", "get_metric", "get_mahalanobis_matrix"]


@pytest.mark.parametrize("is_fitted", [True, False])
@pytest.mark.parametrize("name", [*NO_MATRIX, "components_"])
def test_the_quadratic_form_has_no_matrix(name, is_fitted):
    model = fitted("quadratic", False) if is_fitted else Classifier("quadratic")
    assert not hasattr(model, name)
    with pytest.raises(AttributeError) as caught:
        getattr(model, name)
    if is_fitted or name != "components_":
        assert "form='quadratic' has no single matrix M" in reason(caught.value)


@pytest.mark.parametrize("is_fitted", [True, False])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
@pytest.mark.parametrize("name", ["transform", "pair_distance", "get_metric"])
def test_an_indefinite_matrix_is_no_metric(name, form, is_fitted):
    model = fitted(form, False) if is_fitted else Classifier(form, psd=False)
    assert not hasattr(model, name)
    assert hasattr(model, "get_mahalanobis_matrix")
    assert not hasattr(model, "components_")
    with pytest.raises(AttributeError) as caught:
        getattr(model, name)
    assert "psd=False leaves M without a real factor Q" in reason(caught.value)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_what_is_available_follows_the_fit_and_not_a_later_parameter(form):
    """Changed parameters count at the next fit; until then nothing may be wrong."""
    items, index, y = labelled_pairs(n_features=4)
    X = items[index]
    model = Classifier(form, psd=False, alpha=1e-4).fit(X, y)
    if np.linalg.eigvalsh(model.get_mahalanobis_matrix())[0] > 0:
        pytest.fail("the example is to be indefinite")
    model.set_params(psd=True)
    for name in ("components_", "transform", "pair_distance", "get_metric"):
        assert not hasattr(model, name)
    model = Classifier("quadratic").fit(X, y).set_params(form=form)
    for name in ("components_", *NO_MATRIX):
        assert not hasattr(model, name)
    model = Classifier(form).fit(X, y)
    before = model.decision_function(X)
    model.set_params(psd=False, form="quadratic")
    assert_array_equal(model.decision_function(X), before)
    assert model.components_.shape == (4, 4)


@pytest.mark.parametrize("name", ["transform", "components_", "pair_distance"])
def test_an_unknown_form_hides_what_depends_on_it(name):
    assert not hasattr(Classifier("cosine"), name)


# ------------------------------------------------------------------------- verbose


def test_silent_unless_asked(capsys):
    items, index, y = labelled_pairs(n_features=4)
    for verbose in (0, False):
        Classifier(verbose=verbose).fit(items[index], y).predict(items[index])
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_progress(capsys):
    items, index, y = labelled_pairs(n_features=4)
    quiet = Classifier(alpha=1e-5, tol=1e-6).fit(items[index], y)
    n_lines = {}
    for verbose in (1, 2, 5, True):
        model = Classifier(alpha=1e-5, tol=1e-6, verbose=verbose).fit(items[index], y)
        assert_array_equal(model.components_, quiet.components_)
        captured = capsys.readouterr()
        assert captured.err == ""
        lines = captured.out.splitlines()
        assert all(
            line.startswith("iteration") and "objective" in line and "gradient" in line
            for line in lines
        )
        n_lines[verbose] = len(lines)
    assert quiet.n_iter_ > 10
    assert n_lines[2] == n_lines[5] == quiet.n_iter_
    assert 0 < n_lines[1] < n_lines[2] / 4
    assert n_lines[True] == n_lines[1]


# --------------------------------------------------------------- fitting again, failing


@every_kind
def test_fitting_again_forgets(form, psd):
    items, index, y = labelled_pairs(n_features=5)
    model = Classifier(form, psd=psd).fit(items[index][:, :, :3], y == 0)
    model.fit(items[index], np.array(["no", "yes"])[y])
    fresh = Classifier(form, psd=psd).fit(items[index], np.array(["no", "yes"])[y])
    assert_array_equal(
        model.decision_function(items[index]), fresh.decision_function(items[index])
    )
    assert_array_equal(model.classes_, ["no", "yes"])
    assert model.n_features_in_ == 5
    assert model.n_iter_ == fresh.n_iter_
    assert vars(model).keys() == vars(fresh).keys()


def test_a_failed_fit_leaves_the_earlier_one():
    items, index, y = labelled_pairs(n_features=5)
    X = items[index]
    model = Classifier().fit(X, y)
    before = model.predict_proba(X)
    narrow = X[:, :, :3]
    not_finite = narrow.copy()
    not_finite[3, 1, 2] = np.nan
    bad = [
        ({}, (not_finite, y), "NaN"),
        ({}, (narrow, np.zeros(len(y))), "one class"),
        ({}, (narrow, y, -np.ones(len(y))), "negative"),
        ({"alpha": -1}, (narrow, y), "alpha"),
        ({"prior": np.eye(4)}, (narrow, y), "prior must have shape"),
        ({"prior": -np.eye(3)}, (narrow, y), "positive semidefinite"),
        ({"class_weight": {7: 1}}, (narrow, y), "class_weight names 7"),
    ]
    for params, arguments, text in bad:
        model.set_params(**Classifier().get_params()).set_params(**params)
        with pytest.raises(ValueError, match=text):
            model.fit(*arguments)
        assert model.n_features_in_ == 5
        assert_array_equal(model.classes_, [0, 1])
        assert_array_equal(model.predict_proba(X), before)
        assert model.components_.shape == (5, 5)


@every_kind
def test_warm_start_of_the_same_problem_is_at_the_solution(form, psd):
    items, index, y = labelled_pairs(n_features=5)
    X = items[index]
    model = Classifier(form, psd=psd, warm_start=True, alpha=1e-3).fit(X, y)
    first, n_iter = model.objective_, model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ < n_iter
    assert_allclose(model.objective_, first, atol=1e-5)
    # Another width or form begins anew.
    model.fit(X[:, :, :3], y)
    assert_array_equal(
        model.decision_function(X[:, :, :3]),
        clone(model).fit(X[:, :, :3], y).decision_function(X[:, :, :3]),
    )


@every_kind
def test_inputs_are_read_only(form, psd):
    items, index, y = labelled_pairs(n_features=5)
    X = items[index]
    weights = np.linspace(0.0, 1.0, len(y))
    before = X.copy(), y.copy(), weights.copy()
    for array in (X, y, weights, items, index):
        array.setflags(write=False)
    model = Classifier(form, psd=psd, prior="kissme").fit(X, y, weights)
    model.predict_proba(X)
    model.cross_scores(items, items)
    pairs = Pairs.from_index(items, index)
    Classifier(form, psd=psd).fit(pairs, y).predict(pairs)
    for array, old in zip((X, y, weights), before, strict=True):
        assert_array_equal(array, old)


@every_kind
def test_the_same_fit_gives_the_same_bits(form, psd):
    items, index, y = labelled_pairs()
    for X in (items[index], Pairs.from_index(items, index)):
        first = Classifier(form, psd=psd).fit(X, y).decision_function(X)
        again = Classifier(form, psd=psd, n_jobs=2).fit(X, y).decision_function(X)
        assert_array_equal(first, again)


# --------------------------------------------------------------------- kinds of inputs


@every_kind
def test_all_inputs_give_one_model(form, psd, tmp_path):
    items, index, y = labelled_pairs(n_features=6)
    expected = Classifier(form, psd=psd, alpha=1e-2).fit(items[index], y)
    scores = expected.decision_function(items[index])
    left, right = items[index[:, 0]], items[index[:, 1]]
    table = memory_map(items, tmp_path / "items.npy")
    for X in (
        (left, right),
        Pairs(left, right),
        Pairs(left[::-1], right[::-1])[::-1],
        Pairs.from_index(items, index),
        Pairs.from_index(table, index),
        (memory_map(left, tmp_path / "l.npy"), memory_map(right, tmp_path / "r.npy")),
        Pairs.from_index(sparse.csr_matrix(items), index),
        (sparse.csr_matrix(left), sparse.csr_matrix(right)),
        (sparse.csc_matrix(left), right),
        np.asfortranarray(items[index]),
        (left.tolist(), right.tolist()),
    ):
        model = Classifier(form, psd=psd, alpha=1e-2).fit(X, y)
        assert_allclose(model.decision_function(X), scores, rtol=1e-6, atol=1e-6)
        assert_allclose(expected.decision_function(X), scores, rtol=1e-10, atol=1e-10)
        assert model.n_features_in_ == 6


@every_kind
def test_integers_are_the_floats_that_they_are(form, psd):
    items, index, y = labelled_pairs(n_features=6)
    whole = np.round(10 * items + 100)
    expected = Classifier(form, psd=psd, alpha=0.1).fit(whole[index], y)
    for dtype in (np.uint8, np.int16, np.int64):
        X = whole.astype(dtype)[index]
        model = Classifier(form, psd=psd, alpha=0.1).fit(X, y)
        scores = model.decision_function(X)
        assert scores.dtype == np.float64
        assert_array_equal(scores, expected.decision_function(whole[index]))


@every_kind
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_floats(form, psd, dtype):
    items, index, y = labelled_pairs(n_features=6)
    X = items.astype(dtype)[index]
    wide = Classifier(form, psd=psd, alpha=1e-2).fit(X.astype(np.float64), y)
    model = Classifier(form, psd=psd, alpha=1e-2).fit(X, y)
    scores = model.decision_function(X)
    assert scores.dtype == np.float32
    expected = wide.decision_function(X.astype(np.float64))
    assert_allclose(scores, expected, rtol=1e-2, atol=1e-2)
    if hasattr(model, "transform"):
        assert model.transform(X[:, 0]).dtype == np.float32
        assert model.pair_distance(X).dtype == np.float32


@every_kind
def test_bool_items(form, psd):
    items, index, y = labelled_pairs(n_features=6)
    X = (items > 0)[index]
    model = Classifier(form, psd=psd).fit(X, y)
    expected = Classifier(form, psd=psd).fit(X.astype(float), y)
    assert_array_equal(
        model.decision_function(X), expected.decision_function(X.astype(float))
    )


def test_rows_of_the_table_that_no_pair_uses_may_hold_anything():
    items, index, y = labelled_pairs(n_features=4)
    index = index % 70
    expected = Classifier().fit(Pairs.from_index(items, index), y)
    scores = expected.decision_function(Pairs.from_index(items, index))
    items = items.copy()
    items[75] = [np.nan, np.inf, -np.inf, 0]
    pairs = Pairs.from_index(items, index)
    model = Classifier().fit(pairs, y)
    assert_array_equal(model.decision_function(pairs), scores)


def test_scoring_takes_memory_for_a_block_only(tmp_path):
    n_pairs, n_features = 60_000, 128
    rng = np.random.default_rng(0)
    sides = [
        memory_map(
            rng.normal(size=(n_pairs, n_features)).astype(np.float32),
            tmp_path / f"{name}.npy",
        )
        for name in ("left", "right")
    ]
    train = rng.normal(size=(60, 2, n_features)).astype(np.float32)
    model = Classifier(alpha=10.0, n_components=8).fit(train, np.arange(60) % 2)
    tracemalloc.start()
    scores = model.decision_function(Pairs(*sides))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scores.shape == (n_pairs,)
    assert peak < sides[0].nbytes  # 31 MB a side


# ------------------------------------------------------------------------ hard inputs


def hard_inputs():
    items, index, y = labelled_pairs(n_pairs=60, n_features=4)
    X = items[index]
    for dtype in (np.float32, np.float64):
        for factor in (1e-30, 1e30):
            yield f"{factor:g} {dtype.__name__}", (X * factor).astype(dtype), y
        outlier = X.astype(dtype)
        outlier[3], outlier[4, 0], outlier[5] = 1e30, -1e30, 1e-30
        yield f"outliers {dtype.__name__}", outlier, y
    constant = np.concatenate([X, np.full((60, 2, 2), 0.1)], axis=2)
    yield "constant features", constant, y
    yield "constant features far away", X * [1, 1, 0, 0] + [0, 0, 1e6, 1e-6], y
    yield "constant items", np.full((60, 2, 3), 0.1), y
    yield "zeros", np.zeros((60, 2, 3)), y
    yield "identical sides", np.repeat(X[:, :1], 2, axis=1), y
    yield "identical pairs", np.repeat(X[:1], 60, axis=0), y
    yield "opposite labels", np.concatenate([X, X]), np.concatenate([y, 1 - y])
    yield (
        "opposite labels swapped",
        np.concatenate([X, X[:, ::-1]]),
        np.append(y, 1 - y),
    )
    yield "fewer pairs than features", X[:6].reshape(3, 2, 8), np.array([0, 1, 1])
    wide, index, y_wide = labelled_pairs(n_pairs=12, n_features=40)
    yield "wide", wide[index], y_wide
    yield "two pairs", wide[index][:2], np.array([0, 1])
    yield "one feature", X[:, :, :1], y
    yield "one feature, two pairs", X[:2, :, :1], np.array([0, 1])
    yield "one of a class", X, np.arange(60) == 7
    near = np.zeros((60, 2, 2))
    near[:, 1] = np.where(y == 1, 1e-3, 1.0)[:, None]
    yield "separable", near, y
    yield "separable the wrong way", near, 1 - y
    yield "float16", X.astype(np.float16), y
    yield "int8", (20 * X).astype(np.int8), y
    yield "duplicate features", np.repeat(X, 3, axis=2), y


HARD = {name: (X, y) for name, X, y in hard_inputs()}


@every_kind
@pytest.mark.parametrize("name", HARD)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hard_inputs_give_finite_probabilities(name, form, psd):
    X, y = HARD[name]
    for params in ({}, {"n_components": 1, "prior": "kissme"}):
        model = Classifier(form, psd=psd, **params).fit(X, y)
        for given in (X, Pairs(X[:, 0], X[:, 1]).to_index()):
            p = model.predict_proba(given)
            assert np.isfinite(p).all()
            assert np.isfinite(model.predict_log_proba(given)).all()
        scores = model.decision_function(X)
        assert_array_equal(scores, model.decision_function(X[:, ::-1]))
        assert np.isfinite(model.cross_scores(X[:, 0], X[:, 1])).all()
        assert np.isfinite(model.pair_score(X)).all()
        assert math.isfinite(model.objective_)
        if hasattr(model, "transform"):
            assert np.isfinite(model.transform(X[:, 0])).all()
            assert np.isfinite(model.pair_distance(X)).all()
            assert math.isfinite(model.get_metric()(X[0, 0], X[0, 1]))


@every_kind
@pytest.mark.parametrize("prior", ["identity", "covariance", "kissme"])
@pytest.mark.parametrize("name", ["wide", "zeros", "one feature", "outliers float32"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hard_inputs_without_penalty_and_shrinkage(name, prior, form, psd):
    X, y = HARD[name]
    model = Classifier(form, psd=psd, prior=prior, shrinkage=0.0, alpha=0.0)
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_unit_does_not_matter(form, psd, dtype):
    items, index, y = labelled_pairs(n_features=4)
    X = items[index]
    expected = Classifier(form, psd=psd, alpha=1e-2).fit(X, y).decision_function(X)
    for factor in (1e-30, 1e-9, 1e9, 1e30):
        scaled = (X * factor).astype(dtype)
        scores = Classifier(form, psd=psd, alpha=1e-2).fit(scaled, y)
        scores = scores.decision_function(scaled)
        assert_allclose(scores, expected, rtol=1e-2, atol=1e-2)


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_new_items_of_any_size(form, psd, dtype):
    """A model of items of size one meets items of size 1e30."""
    model = fitted(form, psd)
    rng = np.random.default_rng(0)
    items = rng.normal(size=(40, N_FEATURES)).astype(dtype)
    items[::3] *= dtype(1e30)
    items[1::3] *= dtype(1e-30)
    index = rng.integers(40, size=(200, 2))
    for X in (items[index], Pairs.from_index(items, index)):
        assert np.isfinite(model.decision_function(X)).all()
        assert np.isfinite(model.predict_proba(X)).all()
        assert np.isfinite(model.predict_log_proba(X)).all()
        assert np.isfinite(model.pair_score(X)).all()
    swapped = items[index[:, ::-1]]
    assert_array_equal(
        model.decision_function(items[index]), model.decision_function(swapped)
    )
    if psd:
        assert np.isfinite(model.pair_distance(items[index])).all()


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_scores_of_items_of_any_size(form, psd, dtype):
    model = fitted(form, psd)
    items = np.random.default_rng(0).normal(size=(40, N_FEATURES)).astype(dtype)
    items[::3] *= dtype(1e30)
    scores = model.cross_scores(items, items[:11])
    assert np.isfinite(scores).all()
    assert_array_equal(scores, model.cross_scores(items[:11], items).T)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
@pytest.mark.parametrize("n_components", [None, 1])
def test_no_component_at_all(form, n_components):
    """Where M = 0 is best, all pairs have one probability, and methods still work."""
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(20, 2, 3)), 2, axis=0)
    y = np.arange(40) % 2
    model = Classifier(form, n_components=n_components, alpha=1e3).fit(X, y)
    p = model.predict_proba(X)[:, 1]
    assert_allclose(p, 0.5, atol=1e-3)
    Z = model.transform(X[:, 1])
    assert Z.shape == (40, len(model.components_))
    assert np.isfinite(model.pair_distance(X)).all()
    assert np.isfinite(model.cross_scores(X[:, 0], X[:, 1])).all()
    assert model.get_mahalanobis_matrix().shape == (3, 3)
    assert math.isfinite(model.get_metric()(X[0, 0], X[0, 1]))


# ---------------------------------------------------------------------------- threads


def blas_threads():
    return sorted(
        (info["filepath"], info["num_threads"])
        for info in threadpool_info()
        # In OpenMP each thread has its own number, and nothing here calls such one.
        if info["user_api"] == "blas" and info["threading_layer"] != "openmp"
    )


needs_blas = pytest.mark.skipif(
    not blas_threads(), reason="threadpoolctl knows no BLAS here"
)


@every_kind
def test_threads_that_predict_at_once_get_the_same_bits(form, psd, small_blocks):
    # Calls of one block and of many run side by side.
    model = pickle.loads(pickle.dumps(fitted(form, psd))).set_params(n_jobs=2)
    items, index = new_pairs(1500, n_items=400)
    inputs = [
        items[index[:n]] if n % 2 else Pairs.from_index(items, index[:n])
        for n in (1, 1500, 40, 1499, 127, 800, 129, 1001)
    ]
    expected = [model.decision_function(X) for X in inputs]
    table = model.cross_scores(items[:200], items)
    barrier = threading.Barrier(4)

    def work(i):
        barrier.wait()
        results = [
            (k % 8, model.decision_function(inputs[k % 8])) for k in range(i, i + 8)
        ]
        return results, model.cross_scores(items[:200], items)

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(work, range(0, 8, 2)))
        assert blas_threads() == before
    for results, cross in done:
        assert_array_equal(cross, table)
        for k, scores in results:
            assert_array_equal(scores, expected[k])


def test_threads_that_fit_at_once_get_the_same_bits():
    items, index, y = labelled_pairs(n_features=6)
    X = items[index]
    models = [Classifier(form, psd=psd) for form, psd in KINDS]
    expected = [clone(model).fit(X, y).decision_function(X) for model in models]
    with ThreadPoolExecutor(len(models)) as pool:
        found = list(pool.map(lambda m: m.fit(X, y).decision_function(X), models))
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_threads_of_a_joblib_context(backend, small_blocks):
    model = fitted("bilinear", True)
    items, index = new_pairs(3000)
    expected = model.decision_function(items[index])
    with joblib.parallel_backend(backend, n_jobs=2):  # parallel_config is joblib 1.3
        assert_array_equal(model.decision_function(items[index]), expected)


@needs_blas
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_blas_has_its_threads_back_after_an_error(n_jobs):
    def fail(rows):
        raise RuntimeError("in a block")

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with pytest.raises(RuntimeError, match="in a block"):
            _blocks.run_blocks(fail, [slice(0, 1), slice(1, 2)], n_jobs)
        assert blas_threads() == before


@needs_blas
def test_blas_has_one_thread_inside_of_blocks():
    seen = []
    with threadpool_limits(2, user_api="blas"):
        _blocks.run_blocks(
            lambda rows: seen.append({n for _, n in blas_threads()}),
            [slice(i, i + 1) for i in range(6)],
            2,
        )
    assert seen == [{1}] * 6
