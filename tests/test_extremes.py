# SPDX-License-Identifier: BSD-3-Clause
"""Input at the edge of what numbers and labels can be; each case once fell."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin

from sksymsim import (
    MetricLearnAdapter,
    PairClusterer,
    Pairs,
    StackedPairClassifier,
    SymmetricPairClassifier,
    audit_labels,
    b_cubed,
    check_axioms,
    deployment_weights,
    equal_error_rate,
    link,
    pair_gram_operator,
    pair_kernel,
    pair_leakage_report,
    pair_train_test_split,
    to_cosine,
    to_inner_product,
)
from sksymsim._objective import fit_scale_and_intercept

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2, 3))
Y = np.arange(30) % 2
MIXED = np.array(["a", 1] * 15, dtype=object)


# ------------------------------------------------------------------------------ dtypes


@pytest.mark.parametrize("dtype", ["f2", ">f4", ">f8", ">i4", "f4", "u1", "?"])
def test_a_dense_side_of_any_dtype_beside_a_sparse_one(dtype):
    """Sparse matrices have no float16, and one order of bytes."""
    dense = (X[:, 1] * 3).astype(dtype)
    pairs = Pairs(sparse.csr_matrix(X[:, 0]), dense)
    assert_array_equal(pairs.right.toarray(), dense)
    expected = np.float32 if dtype == "f2" else np.dtype(dtype).newbyteorder("=")
    assert pairs.right.dtype == expected
    swapped = Pairs(dense, sparse.csr_matrix(X[:, 0]))
    assert_array_equal(swapped.left.toarray(), dense)


def test_unsigned_numbers_of_items():
    """With int64, NumPy makes float64 of uint64."""
    index = RNG.integers(0, 9, size=(40, 2))
    items = RNG.normal(size=(9, 2))
    log_odds = RNG.normal(size=40)
    groups = [
        PairClusterer()
        .fit(Pairs.from_index(items, index.astype(dtype)), log_odds=log_odds)
        .labels_
        for dtype in (np.int64, np.uint64, np.uint32)
    ]
    assert_array_equal(groups[0], groups[1])
    assert_array_equal(groups[0], groups[2])
    assert Pairs.from_index(items, index.astype(np.uint64)).index.dtype == np.intp
    with pytest.raises(IndexError, match=r"outside 0\.\.8, the first is 18446"):
        Pairs.from_index(items, np.array([[0, 2**64 - 1]], dtype=np.uint64))


# ------------------------------------------------------------------------------ labels


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: SymmetricPairClassifier().fit(X, MIXED), "y"),
        (lambda: audit_labels(X, MIXED), "y"),
        (lambda: equal_error_rate(MIXED, np.arange(30.0)), "y"),
        (lambda: equal_error_rate(MIXED, np.arange(30.0), pos_label="a"), "y"),
        (lambda: b_cubed(MIXED, Y), "labels_true"),
        (lambda: b_cubed(Y, MIXED), "labels_pred"),
        (lambda: deployment_weights(MIXED, 0.1), "y"),
    ],
)
def test_labels_of_two_types(call, name):
    with pytest.raises(TypeError, match=f"{name} cannot be sorted: .* of one type"):
        call()


def test_labels_that_are_not_there():
    with pytest.raises(ValueError, match="y_true is None"):
        deployment_weights(None, 0.1)
    with pytest.raises(ValueError, match="y_true is empty"):
        deployment_weights([], 0.1)
    for given in (None, np.array(1.0), 5):
        with pytest.raises(TypeError, match="one entry for each, have rows, got"):
            pair_train_test_split(X, given)


# ----------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear", "quadratic", "poly"])
@pytest.mark.parametrize("layout", ["sides", "index"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_items_too_small_for_their_dtype(form, layout, dtype):
    """Below the smallest normal number, one over it is infinite."""
    left, right = (X * np.finfo(dtype).tiny / 100).astype(dtype).transpose(1, 0, 2)
    pairs = Pairs(left, right)
    pairs = pairs if layout == "sides" else pairs.to_index()
    with pytest.raises(ValueError, match=r"only about .* in size, where numbers"):
        SymmetricPairClassifier(form).fit(pairs, Y)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear", "quadratic"])
@pytest.mark.parametrize("size", [2.0**-500, 2.0**-1000, 2.0**400])
def test_other_sizes_do_not_matter(form, size):
    """Down to where digits are lost."""
    expected = SymmetricPairClassifier(form, alpha=1e-2).fit(X, Y).decision_function(X)
    with np.errstate(all="raise", under="ignore"):
        model = SymmetricPairClassifier(form, alpha=1e-2).fit(X * size, Y)
    if 1e-150 < size < 1e150:
        assert_allclose(model.decision_function(X * size), expected, atol=1e-4)
    assert np.isfinite(model.predict_proba(X * size)).all()


def test_a_scale_for_log_odds_whose_squares_overflow():
    scores = RNG.normal(size=40) + np.arange(40) % 2
    targets, weights = 2.0 * (np.arange(40) % 2) - 1, np.ones(40)
    scale, intercept = fit_scale_and_intercept(scores, targets, weights, True)
    for unit in (2.0**900, 2.0**-900):
        found = fit_scale_and_intercept(scores * unit, targets, weights, True)
        assert found == (scale / unit, intercept)


@pytest.mark.parametrize(
    "weights", [[1e-300, 1.0, 1e30, 1e30], [1e30, 1e30, 1e-300, 1e-300]]
)
def test_deployment_weights_of_very_unequal_pairs(weights):
    """The mass of the others cannot be had as what is left of the total."""
    y = np.array([0, 0, 1, 1])
    made = deployment_weights(y, 0.25, sample_weight=weights)
    assert_allclose(made[y == 1].sum(), 0.25 * np.sum(weights))
    assert_allclose(made[y == 0].sum(), 0.75 * np.sum(weights))


@pytest.mark.parametrize("pairwise", ["concat", "both"])
def test_kernels_that_overflow(pairwise):
    options = {"pairwise": pairwise, "kernel": "poly", "degree": 9}
    text = "the kernel of pair 0 with others is not finite: the items are too long"
    with pytest.raises(ValueError, match=text):
        pair_kernel(X * 1e30, **options)
    operator = pair_gram_operator(X * 1e30, **options)
    with pytest.raises(ValueError, match=text):
        operator @ np.ones(30)
    with pytest.raises(ValueError, match=text):
        operator.T @ np.ones(30)


@pytest.mark.parametrize("alpha", [10**30, 10**300])
# Nothing is left of the loss beside such a penalty: some BLAS warn of the rounding.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_whole_numbers_beyond_64_bits_as_parameters(alpha):
    model = SymmetricPairClassifier(alpha=alpha).fit(X, Y)
    assert model.alpha == alpha
    expected = SymmetricPairClassifier(alpha=float(alpha)).fit(X, Y)
    assert_array_equal(model.decision_function(X), expected.decision_function(X))


def test_whole_numbers_beyond_all_floats():
    for alpha in (10**400, float("inf"), -(10**400)):
        with pytest.raises(ValueError, match=r"'alpha' parameter .* must be a float"):
            SymmetricPairClassifier(alpha=alpha).fit(X, Y)
    assert SymmetricPairClassifier(max_iter=10**400).fit(X, Y).n_iter_ < 500


# ----------------------------------------------------------------------------- the rest


def test_a_scale_where_one_class_has_next_to_no_weight():
    """Newton's first step is then far too long."""
    scores = np.array([-0.3, 0.7, 0.2])
    weights = np.array([1e-29, 1e-24, 1e-4])
    targets = np.array([-1.0, 1.0, -1.0])
    found = fit_scale_and_intercept(scores, targets, weights, True)
    assert np.isfinite(found).all()


def test_two_sides_where_an_array_belongs():
    text = "its entries differ in length or kind.*numpy.stack"
    adapter = MetricLearnAdapter(SymmetricPairClassifier(alpha=0.1)).fit(X, 2 * Y - 1)
    sides = X[:, 0], X[:, 1, :2]
    for call in (adapter.predict, adapter.transform, lambda s: adapter.fit(s, Y)):
        with pytest.raises(ValueError, match=text):
            call(sides)


def test_pairs_of_no_items():
    pairs = Pairs.from_index(np.empty((0, 2)), np.empty((0, 2), dtype=int))
    with pytest.raises(ValueError, match=r"have no items \(n_samples=0\)"):
        PairClusterer().fit(pairs, log_odds=[])


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        ("a", TypeError, "pairs are selected by integers, slices, .* got 'a'"),
        (1.5, TypeError, "pairs are selected by integers, slices, .* got 1.5"),
        ([0, 30], IndexError, "pair 30 is out of range for 30 pairs"),
        (np.array([-31]), IndexError, "pair -31 is out of range for 30 pairs"),
        ([True, False], IndexError, "a mask of 2 pairs selects from 30"),
        ([0.0, 1.0], IndexError, "by integers or a mask of bool, got dtype float64"),
    ],
)
def test_selections_of_no_pairs(key, error, text):
    pairs = Pairs(X[:, 0], X[:, 1])
    for given in (pairs, pairs.to_index()):
        with pytest.raises(error, match=text):
            given[key]


def test_a_dtype_that_is_none():
    pairs, y, _ = class_pairs(n_items=20, n_pairs=60)
    model = SymmetricPairClassifier(alpha=0.1).fit(pairs, y)
    with pytest.raises(ValueError, match=r"dtype must be one of .*, got 'x'"):
        to_inner_product(model, pairs.items, dtype="x")


@pytest.mark.parametrize("dtype", ["f2", ">f4"])
def test_a_dense_table_of_any_dtype_and_a_sparse_one(dtype):
    items = RNG.normal(size=(9, 3)).astype(dtype)
    model = SymmetricPairClassifier(alpha=1.0).fit(
        RNG.normal(size=(20, 2, 3)), np.arange(20) % 2
    )
    tables = items, sparse.csr_matrix(X[:, 0])
    found = link(*tables, model, candidate_pairs=[[0, 0], [1, 1]])
    assert found.pairs.tolist() == [[0, 0], [1, 1]]
    train, test = (Pairs.from_index(table, [[0, 1], [2, 3]]) for table in tables)
    assert pair_leakage_report(train, test).n_shared_items == 0


class Huge(ClassifierMixin, BaseEstimator):
    """Is as sure as double precision allows."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.where((X.left == X.right).all(axis=1), 1e300, -1e300)


def test_a_stack_of_members_that_are_too_sure():
    """Scores are float32 where items are, and finite."""
    pairs = Pairs(np.eye(4, dtype="f4"), np.eye(4, dtype="f4")[[0, 1, 3, 2]])
    stack = StackedPairClassifier([("huge", Huge())], weights=[1.0])
    scores = stack.fit(pairs, [1, 1, 0, 0]).decision_function(pairs)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert_array_equal(np.sign(scores), [1, 1, -1, -1])


class AtTheLimit(Huge):
    """Scores of single precision, each the largest there is."""

    def decision_function(self, X):
        most = np.finfo(np.float32).max
        return np.where(X.left[:, 0] == X.right[:, 0], most, -most)


def test_axioms_of_the_largest_scores():
    items = np.arange(8, dtype="f4").reshape(4, 2)
    model = AtTheLimit().fit(None, [0, 1])
    report = check_axioms(model, items)
    assert report.self_first.n_violations == 0
    assert report.separation.n_violations == 0


def test_vectors_of_length_one_whose_squares_overflow():
    """Items of another scale than the space was made of."""
    pairs = Pairs(*(1e-150 * X.transpose(1, 0, 2)))
    model = SymmetricPairClassifier("quadratic", alpha=1e-2).fit(pairs, Y)
    space = to_cosine(model, pairs.left)
    with pytest.raises(ValueError, match="longer than the space has room for"):
        space.transform_items(1e10 * X[:, 0])
    lengths = np.linalg.norm(space.transform_queries(1e10 * X[:, 0]), axis=1)
    assert_allclose(lengths, 1.0)
