# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric features: values, exact symmetry, sparse sides, life in scikit-learn."""

import pickle
import tracemalloc

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from rows_as_pairs import RowsAsPairs
from scipy import sparse
from scipy.spatial import distance
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sksymsim import (
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    SymmetricFeatures,
    SymmetricPairClassifier,
)
from sksymsim import _blocks as blocks
from sksymsim._aggregations import AGGREGATIONS

EVERY = list(AGGREGATIONS)
every_one = pytest.mark.parametrize("name", EVERY)


# ------------------------------------------------------------------------------ values


def triangle(matrix):
    """Return the upper triangle, such that dot products are those of the matrix."""
    d = len(matrix)
    return [
        matrix[j, k] * (1 if j == k else 2**0.5) for j in range(d) for k in range(j, d)
    ]


ORACLES = {
    "sum": lambda a, b: np.sum([a, b], axis=0),
    "mean": lambda a, b: np.mean([a, b], axis=0),
    "absdiff": lambda a, b: np.ptp([a, b], axis=0),
    "std": lambda a, b: np.std([a, b], axis=0),
    "sqdiff": lambda a, b: np.ptp([a, b], axis=0) ** 2,
    "product": lambda a, b: np.prod([a, b], axis=0),
    "max": lambda a, b: np.max([a, b], axis=0),
    "min": lambda a, b: np.min([a, b], axis=0),
    "outer": lambda a, b: triangle((np.outer(a, b) + np.outer(b, a)) / 2),
    "moment": lambda a, b: triangle((np.outer(a, a) + np.outer(b, b)) / 2),
    "cosine": lambda a, b: [1 - distance.cosine(a, b)],
    "distance": lambda a, b: [distance.euclidean(a, b)],
}


def sides(rng, n_pairs=30, n_features=5, dtype=np.float64):
    """Return two sides of which half of the entries are zero, but no row is."""
    both = rng.normal(size=(2, n_pairs, n_features))
    both[rng.random(both.shape) < 0.5] = 0
    both[..., 0] = rng.uniform(0.5, 2, both.shape[:2]) * rng.choice([-1, 1])
    return both.astype(dtype)


def test_there_is_an_oracle_of_each():
    assert sorted(ORACLES) == sorted(AGGREGATIONS)


@every_one
def test_values(name, rng):
    left, right = sides(rng)
    expected = [ORACLES[name](a, b) for a, b in zip(left, right, strict=True)]
    found = SymmetricFeatures([name]).fit_transform((left, right))
    assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_features", [1, 2, 7])
def test_features_stand_in_the_order_of_the_parameter(n_features, rng):
    left, right = sides(rng, n_features=n_features)
    names = list(rng.permutation(EVERY))
    found = SymmetricFeatures(names).fit_transform((left, right))
    parts = [SymmetricFeatures(name).fit_transform((left, right)) for name in names]
    assert_array_equal(found, np.hstack(parts))


def test_dot_products_of_outer_are_the_tensor_product_kernel(rng):
    left, right = sides(rng)
    rows = SymmetricFeatures("outer").fit_transform((left, right))
    kernel = (left @ left.T) * (right @ right.T) + (left @ right.T) * (right @ left.T)
    assert_allclose(rows @ rows.T, kernel / 2, rtol=1e-12, atol=1e-12)


def test_outer_and_moment_are_a_turn_of_the_squares_of_sum_and_difference(rng):
    """So a ridge penalty on both is one on the matrices of p and q."""
    left, right = sides(rng)
    p, q = (left + right) / 2**0.5, (left - right) / 2**0.5
    made = SymmetricFeatures(["outer", "moment"]).fit_transform((left, right))
    expected = [
        triangle(np.outer(x, x)) + triangle(np.outer(y, y))
        for x, y in zip(p, q, strict=True)
    ]
    gram = np.asarray(expected) @ np.asarray(expected).T
    assert_allclose(2 * made @ made.T, gram, rtol=1e-12, atol=1e-12)


def test_items_of_length_zero():
    pairs = Pairs([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]])
    found = SymmetricFeatures(["cosine", "distance"]).fit_transform(pairs)
    assert_array_equal(found, [[0, 5], [0, 0]])


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e170, 1e300])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_any_unit(unit, kind):
    pairs = Pairs(
        kind(np.array([[3.0, 0.0]]) * unit), kind(np.array([[0, 4.0]]) * unit)
    )
    names = ["cosine", "distance"]
    found = SymmetricFeatures(names).fit_transform(pairs)
    found = found.toarray() if sparse.issparse(found) else found
    assert_allclose(found / [1, unit], [[0, 5]])


def test_the_cosine_of_parallel_items_is_one_at_most(rng):
    left = rng.normal(size=(500, 7))
    found = SymmetricFeatures("cosine").fit_transform((left, left * 3))
    assert found.max() <= 1
    assert_allclose(found, 1)


# ---------------------------------------------------------------------------- symmetry

# Zeros of both signs, ties and tiny numbers among them.
numbers = st.floats(-(2.0**20), 2.0**20, width=32, allow_subnormal=False)


@settings(max_examples=25, deadline=None)
@given(
    both=hnp.arrays(np.float32, (2, 3, 4), elements=numbers),
    wide=st.booleans(),
    as_csr=st.booleans(),
)
def test_exact_symmetry(both, wide, as_csr):
    left, right = both.astype(np.float64 if wide else np.float32)
    if as_csr:
        left, right = sparse.csr_matrix(left), sparse.csr_matrix(right)
    features = SymmetricFeatures(EVERY).fit((left, right))
    one, other = features.transform((left, right)), features.transform((right, left))
    if as_csr:
        assert one.indices.tobytes() == other.indices.tobytes()
        one, other = one.data, other.data
    # Bits, and not values: 0 and -0 are two.
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_symmetry_in_blocks(dtype, rng, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    left, right = sides(rng, 300, 9, dtype)
    features = SymmetricFeatures(EVERY).fit((left, right))
    one = features.transform((left, right))
    assert one.tobytes() == features.transform((right, left)).tobytes()
    monkeypatch.undo()
    assert_array_equal(one, features.transform((left, right)))


# ------------------------------------------------------------------------------ inputs


def inputs(rng):
    items = sides(rng)[0]
    index = rng.integers(len(items), size=(40, 2))
    left, right = items[index[:, 0]], items[index[:, 1]]
    yield Pairs.from_index(items, index)
    yield Pairs(left, right)
    yield Pairs(left[::-1], right[::-1])[np.arange(40)[::-1]]
    yield np.stack([left, right], axis=1)
    yield left, right


def test_every_input_gives_the_same(rng):
    first, *others = (SymmetricFeatures(EVERY).fit_transform(X) for X in inputs(rng))
    for other in others:
        assert_array_equal(first, other)


@every_one
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_sparse_sides(name, dtype, block_bytes, rng, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    left, right = sides(rng, 200, dtype=dtype)
    left[3], right[3] = 0, 0
    features = SymmetricFeatures(name).fit((left, right))
    found = features.transform((sparse.csr_matrix(left), sparse.csr_matrix(right)))
    assert isinstance(found, sparse.csr_matrix)
    assert found.has_canonical_format
    assert found.dtype == dtype
    assert found[3].nnz <= (name in ("cosine", "distance"))
    expected = features.transform((left, right))
    assert_allclose(found.toarray(), expected, rtol=1e-6, atol=1e-6)
    # One sparse side is enough.
    mixed = features.transform((left, sparse.csr_matrix(right)))
    assert_array_equal(mixed.toarray(), found.toarray())


def test_wide_sparse_sides_stay_small(rng):
    table = sparse.random(40, 50_000, density=1e-4, format="csr", random_state=0)
    pairs = Pairs.from_index(table, rng.integers(40, size=(60, 2)))
    found = SymmetricFeatures(EVERY).fit_transform(pairs)
    assert found.shape == (60, 8 * 50_000 + 50_000 * 50_001 + 2)
    assert found.nnz < 60 * 8 * 30


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int32, np.float64),
        (np.uint8, np.float64),
    ],
)
def test_dtype(dtype, expected, rng):
    left, right = rng.integers(0, 9, (2, 20, 3)).astype(dtype)
    found = SymmetricFeatures(EVERY).fit_transform((left, right))
    assert found.dtype == expected
    assert_allclose(found[:, 6:9], abs(left.astype(float) - right))


def test_memory_maps_and_read_only_arrays(rng, tmp_path):
    np.save(tmp_path / "X.npy", np.stack(sides(rng), axis=1))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    found = SymmetricFeatures(EVERY).fit_transform(X)
    assert_array_equal(found, SymmetricFeatures(EVERY).fit_transform(np.array(X)))


def test_no_memory_beyond_the_output(rng):
    left, right = rng.normal(size=(2, 4000, 64))
    features = SymmetricFeatures(["outer", "absdiff", "cosine"]).fit((left, right))
    tracemalloc.start()
    try:
        made = features.transform((left, right))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < made.nbytes + 4 * blocks.BLOCK_BYTES


# ------------------------------------------------------------------------ scikit-learn


class RowsAsFeatures(RowsAsPairs, SymmetricFeatures):
    def fit(self, X, y=None):
        return super().fit(self._pairs(X, reset=True))

    def transform(self, X):
        return super().transform(self._checked(X))


CHECKED = [RowsAsFeatures(), RowsAsFeatures(EVERY)]
N_CHECKS = {"1.6": 46, "1.7": 47, "1.8": 47, "1.9": 47}


@parametrize_with_checks(CHECKED)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED)
def test_number_of_common_checks(estimator):
    version = ".".join(sklearn.__version__.split(".")[:2])
    n_checks = len(list(estimator_checks_generator(estimator)))
    if version in N_CHECKS:
        assert n_checks == N_CHECKS[version]
    else:
        assert n_checks >= max(N_CHECKS.values())


def test_tags():
    tags = get_tags(SymmetricFeatures())
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan


MODELS = {
    "boosting": HistGradientBoostingClassifier(max_iter=3),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["pairs", "array"])
def test_models_of_rows_become_symmetric_in_a_search(name, kind):
    pairs, y, _ = class_pairs()
    X = pairs if kind == "pairs" else np.asarray(pairs)
    swapped = pairs.swap() if kind == "pairs" else X[:, ::-1]
    model = make_pipeline(SymmetricFeatures(), MODELS[name])
    grid = {
        "symmetricfeatures__aggregations": [["sum"], ("absdiff", "product"), "cosine"]
    }
    search = GridSearchCV(model, grid, cv=2, scoring="roc_auc").fit(X, y)
    assert search.best_params_["symmetricfeatures__aggregations"] == (
        "absdiff",
        "product",
    )
    assert search.best_score_ > 0.9
    assert_array_equal(search.predict_proba(X), search.predict_proba(swapped))


def test_folds_that_share_no_item():
    pairs, y, _ = class_pairs()
    model = make_pipeline(SymmetricFeatures(), MODELS["logistic"])
    scores = cross_val_score(model, pairs, y, cv=PairGroupKFold(3), scoring="roc_auc")
    assert scores.min() > 0.8


def test_tuples_in_direct_calls():
    pairs, y, _ = class_pairs()
    model = make_pipeline(SymmetricFeatures(), MODELS["logistic"])
    X = (pairs.left, pairs.right)
    expected = model.fit(pairs, y).predict_proba(pairs)
    assert_array_equal(model.fit(X, y).predict_proba(X), expected)


def test_names():
    pairs = Pairs([[1.0, 2.0]], [[3.0, 4.0]])
    features = SymmetricFeatures(["max", "outer", "cosine"]).fit(pairs)
    expected = ["max_x0", "max_x1", "outer_x0_x0", "outer_x0_x1", "outer_x1_x1"]
    assert features.get_feature_names_out().tolist() == [*expected, "cosine"]
    named = features.get_feature_names_out(["u", "v"])
    assert named[:4].tolist() == ["max_u", "max_v", "outer_u_u", "outer_u_v"]
    for name in EVERY:
        one = SymmetricFeatures(name).fit(pairs)
        assert len(one.get_feature_names_out()) == one.transform(pairs).shape[1]


def test_names_of_what_is_behind_a_shared_transformer():
    pairs, _, _ = class_pairs()
    model = make_pipeline(SharedTransformer(PCA(2)), SymmetricFeatures("std"))
    names = model.fit(pairs).get_feature_names_out()
    assert names.tolist() == ["std_pca0", "std_pca1"]


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_frames_out(output):
    frames = pytest.importorskip(output)
    pairs, _, _ = class_pairs()
    features = SymmetricFeatures(["sum", "distance"])
    plain = features.fit_transform(pairs)
    frame = features.set_output(transform=output).fit_transform(pairs)
    assert isinstance(frame, frames.DataFrame)
    assert list(frame.columns) == features.get_feature_names_out().tolist()
    assert_array_equal(frame.to_numpy(), plain)


def test_clone_pickle_and_fitting_again(rng):
    X = sides(rng)
    X = (X[0], X[1])
    features = SymmetricFeatures(EVERY).fit(X)
    again = pickle.loads(pickle.dumps(features))
    assert_array_equal(again.transform(X), features.transform(X))
    assert not hasattr(clone(features), "n_features_in_")
    features.set_params(aggregations="sum")
    assert features.transform(X).shape == again.transform(X).shape
    assert features.fit(X).transform(X).shape == (30, 5)


# ------------------------------------------------------------- the outer product is it


def explicit_bilinear(left, right, y, alpha):
    """Return the log-odds of a logistic regression on the explicit outer product.

    The multiple of the prior that is not penalised is a column of its own, so large
    that its penalty is nothing.
    """
    return explicit(left, right, y, alpha, ["outer"], np.sum(left * right, axis=1))


def explicit_quadratic(left, right, y, alpha):
    """Return those on all products of two features, and on the features."""
    prior = np.sum(left * right, axis=1)
    return explicit(left, right, y, alpha, ["outer", "moment", "sum"], prior)


def explicit(left, right, y, alpha, names, prior):
    scale = np.sqrt(np.mean(np.sum((left - right) ** 2, axis=1)))
    left, right = left / scale, right / scale
    rows = SymmetricFeatures(names).fit_transform((left, right))
    if "moment" in names:
        # p'Pp + q'Rq: both matrices have norms of products of p, q = (a +- b)/sqrt 2.
        rows[:, : -left.shape[1]] *= 2**0.5
    rows = np.column_stack([rows, 1e5 * prior / scale**2])
    model = LogisticRegression(
        C=1 / (alpha * len(y)), solver="newton-cholesky", tol=1e-10, max_iter=200
    )
    return model.fit(rows, y).decision_function(rows)


@pytest.mark.parametrize("alpha", [1e-1, 1e-3])
@pytest.mark.parametrize(
    ("form", "oracle"),
    [("bilinear", explicit_bilinear), ("quadratic", explicit_quadratic)],
)
def test_the_forms_are_logistic_regression_on_the_outer_product(form, oracle, alpha):
    pairs, y, _ = class_pairs(noise=1.0)
    model = SymmetricPairClassifier(form, alpha=alpha, psd=False, tol=1e-8)
    found = model.fit(pairs, y).decision_function(pairs)
    expected = oracle(pairs.left, pairs.right, y, alpha)
    assert np.ptp(expected) > 1
    assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("aggregations", "text"),
    [
        (["absdif"], "there is no aggregation 'absdif'; there are 'sum', "),
        (["sum", 3], "there is no aggregation 3; there are"),
        ("nothing", "there is no aggregation 'nothing'"),
        ([], "aggregations is empty; name at least one of 'sum'"),
        (["sum", "max", "sum"], "names 'sum' more than once"),
        (None, r"a list of names such as \['absdiff', 'product'\], got None"),
        ({"sum": 1}, "must be a list of names"),
    ],
)
def test_aggregations_that_are_none(aggregations, text):
    with pytest.raises(ValueError, match=text):
        SymmetricFeatures(aggregations).fit(([[1.0]], [[2.0]]))


def test_names_of_another_number():
    features = SymmetricFeatures().fit(([[1.0]], [[2.0]]))
    with pytest.raises(ValueError, match=r"of an item, which is 1, got shape \(2,\)"):
        features.get_feature_names_out(["u", "v"])


def test_not_fitted_another_width_and_no_numbers():
    features = SymmetricFeatures()
    for call in (features.transform, lambda _: features.get_feature_names_out()):
        with pytest.raises(NotFittedError):
            call(([[1.0]], [[2.0]]))
    features.fit(([[1.0]], [[2.0]]))
    with pytest.raises(ValueError, match="X has 2 features, but SymmetricFeatures is"):
        features.transform(([[1.0, 2.0]], [[1.0, 2.0]]))
    with pytest.raises(ValueError, match="left contains 1 NaN"):
        features.transform(([[np.nan]], [[2.0]]))
    with pytest.raises(ValueError, match="right contains 0 NaN and 1 infinity"):
        features.fit(([[1.0]], [[np.inf]]))
    with pytest.raises(ValueError, match="items alone are not pairs"):
        features.fit(np.ones((3, 2)))


def test_a_failed_fit_leaves_the_earlier_one():
    features = SymmetricFeatures("sum").fit(([[1.0]], [[2.0]]))
    with pytest.raises(ValueError, match="no aggregation"):
        features.set_params(aggregations="?").fit(([[1.0, 1.0]], [[2.0, 1.0]]))
    assert_array_equal(features.transform(([[1.0]], [[2.0]])), [[3.0]])
