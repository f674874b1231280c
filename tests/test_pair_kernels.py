# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of pairs against their definitions, and products without the matrix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles_kernels import explicit_features, naive_gram
from scipy import sparse
from sklearn.svm import SVC

from sksymsim import Pairs, pair_gram_operator, pair_kernel
from sksymsim._kernels import grams as _pair_grams
from sksymsim._kernels import products as _pair_products
from sksymsim._kernels.grams import ItemGram, nystroem_features, pair_diagonal
from sksymsim._kernels.pair_kernels import ITEM_KERNELS, PAIRWISE, make_kernels

N_ITEMS, N_PAIRS, N_FEATURES = 9, 23, 3

every_pairwise = pytest.mark.parametrize("pairwise", PAIRWISE)
every_kernel = pytest.mark.parametrize(
    ("kernel", "degree"),
    [("linear", 1), ("rbf", 1), *(("poly", degree) for degree in (1, 2, 3, 4))],
)
BASE = {"gamma": 0.4, "coef0": 0.7}


@pytest.fixture
def pairs(rng):
    index = rng.integers(N_ITEMS, size=(N_PAIRS, 2))
    return Pairs.from_index(rng.normal(size=(N_ITEMS, N_FEATURES)), index)


@pytest.fixture
def others(rng):
    return Pairs(*rng.normal(size=(2, 7, N_FEATURES)))


def test_registry():
    assert set(ITEM_KERNELS) == {"linear", "poly", "rbf"}
    for pairwise in PAIRWISE:
        pair, item = make_kernels(pairwise, "rbf", 1.0, 2, 1.0)
        assert pair.values(1.0, 1.0, 1.0, 1.0) >= 0
        assert item.name == "rbf"


@every_pairwise
@every_kernel
def test_kernel_is_its_definition(pairwise, kernel, degree, pairs, others):
    base = {"kernel": kernel, "degree": degree, **BASE}
    naive = naive_gram(pairs, pairs, pairwise, **base)
    K = pair_kernel(pairs, pairwise=pairwise, **base)
    assert_allclose(K, naive, rtol=1e-9, atol=1e-12)
    assert_array_equal(K, K.T)
    eigenvalues = np.linalg.eigvalsh(K)
    assert eigenvalues[0] > -1e-12 * eigenvalues[-1]
    assert_allclose(
        pair_kernel(pairs, others, pairwise=pairwise, **base),
        naive_gram(pairs, others, pairwise, **base),
        rtol=1e-9,
        atol=1e-12,
    )
    pair, item = make_kernels(pairwise, kernel, BASE["gamma"], degree, BASE["coef0"])
    assert_allclose(pair_diagonal(pairs, pair, item), naive.diagonal(), rtol=1e-9)


@every_pairwise
@every_kernel
def test_operator_is_the_matrix(pairwise, kernel, degree, pairs, others, rng):
    given = {"pairwise": pairwise, "kernel": kernel, "degree": degree, **BASE}
    for Y in (None, others):
        K = pair_kernel(pairs, Y, **given)
        operator = pair_gram_operator(pairs, Y, **given)
        assert operator.shape == K.shape
        assert operator.dtype == np.float64
        scale = np.abs(K).max()
        for v, matrix, product in (
            (rng.normal(size=K.shape[1]), K, operator),
            (rng.normal(size=(K.shape[1], 3)), K, operator),
            (rng.normal(size=K.shape[0]), K.T, operator.T),
        ):
            assert_allclose(product @ v, matrix @ v, rtol=1e-9, atol=1e-10 * scale)


@pytest.mark.parametrize("pairwise", ["both", "concat"])
def test_operator_that_holds_no_matrix_of_items(
    pairwise, pairs, others, rng, monkeypatch
):
    given = {"pairwise": pairwise, "kernel": "poly", "degree": 3, **BASE}
    monkeypatch.setattr(_pair_products, "HELD_BYTES", 0)
    monkeypatch.setattr(_pair_products, "BLOCK_BYTES", 0)
    monkeypatch.setattr(
        _pair_products, "max", lambda least, wanted: max(5, wanted), raising=False
    )
    operator = pair_gram_operator(pairs, others, **given)
    K = pair_kernel(pairs, others, **given)
    v, u = rng.normal(size=len(others)), rng.normal(size=len(pairs))
    assert_allclose(operator @ v, K @ v, rtol=1e-9)
    assert_allclose(operator.T @ u, K.T @ u, rtol=1e-9)


def test_matrix_made_in_blocks(pairs, others, monkeypatch):
    whole = pair_kernel(pairs), pair_kernel(pairs, others)
    monkeypatch.setattr(_pair_grams, "BLOCK_BYTES", 1)
    monkeypatch.setattr(
        _pair_grams,
        "max",
        lambda *sizes: 5 if 16 in sizes else max(sizes),
        raising=False,
    )
    K = pair_kernel(pairs)
    assert_array_equal(K, K.T)
    assert_allclose(K, whole[0], rtol=1e-12, atol=1e-15)
    assert_allclose(pair_kernel(pairs, others), whole[1], rtol=1e-12)


@every_pairwise
@every_kernel
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exchanging_sides_changes_no_bit(pairwise, kernel, degree, dtype, rng):
    X, Y = rng.normal(size=(2, 40, 2, 5)).astype(dtype)
    given = {"pairwise": pairwise, "kernel": kernel, "degree": degree}
    K = pair_kernel(X, Y, **given)
    assert_array_equal(K, pair_kernel(X[:, ::-1], Y, **given))
    assert_array_equal(K, pair_kernel(X, Y[:, ::-1], **given))
    assert_array_equal(pair_kernel(X, **given), pair_kernel(X[:, ::-1], **given))


@given(
    seed=st.integers(0, 2**31),
    pairwise=st.sampled_from(PAIRWISE),
    kernel=st.sampled_from(ITEM_KERNELS),
    degree=st.integers(1, 4),
)
def test_products_for_any_graph_of_pairs(seed, pairwise, kernel, degree):
    # Pairs that are listed twice, in either order, of an item with itself, or alone.
    rng = np.random.default_rng(seed)
    n_items, n_pairs = rng.integers(1, 6), rng.integers(1, 12)
    index = rng.integers(n_items, size=(n_pairs, 2))
    pairs = Pairs.from_index(rng.normal(size=(n_items, 2)), index)
    given = {"pairwise": pairwise, "kernel": kernel, "degree": degree}
    K, v = pair_kernel(pairs, **given), rng.normal(size=n_pairs)
    expected = K @ v
    assert_allclose(
        pair_gram_operator(pairs, **given) @ v,
        expected,
        atol=1e-10 * max(1.0, np.abs(K).max()),
    )
    assert v @ expected > -1e-9 * max(1.0, np.abs(K).max())


@pytest.mark.parametrize("pairwise", ["tppk", "mlpk", "both", "sum"])
def test_linear_base_has_explicit_features(pairwise, pairs):
    features = explicit_features(pairs, pairwise)
    K = pair_kernel(pairs, pairwise=pairwise, kernel="linear")
    assert_allclose(K, features @ features.T, rtol=1e-9, atol=1e-12)


def test_concatenation_is_sum_or_product_for_other_bases(pairs, others):
    for kernel, twin in (("linear", "sum"), ("rbf", "tppk")):
        assert_array_equal(
            pair_kernel(pairs, others, pairwise="concat", kernel=kernel),
            pair_kernel(pairs, others, pairwise=twin, kernel=kernel),
        )


@pytest.mark.parametrize(
    ("pairwise", "are_features"),
    # Powers of the kernel of items have no features here.
    [(name, flag) for name in PAIRWISE for flag in (False, True)][:-1],
)
def test_gram_of_items(pairwise, are_features, pairs, rng):
    kernel = "poly" if pairwise == "concat" else "linear"
    kernels = make_kernels(pairwise, kernel, 0.4, 3, 0.7)
    rows = pairs.items if are_features else kernels[1](pairs.items)
    gram = ItemGram(rows, pairs.index, kernels[0], are_features=are_features)
    K = pair_kernel(
        pairs, pairwise=pairwise, kernel=kernel, degree=3, gamma=0.4, coef0=0.7
    )
    v, chosen = rng.normal(size=len(pairs)), np.array([4, 0, 11])
    assert_allclose(gram.product(v), K @ v, rtol=1e-9, atol=1e-10)
    assert_allclose(gram.columns(chosen), K[:, chosen], rtol=1e-9, atol=1e-12)


def test_nystroem_is_exact_on_the_chosen_and_for_all(pairs):
    K = pair_kernel(pairs, kernel="rbf")
    chosen = np.array([1, 5, 7, 20])
    features, factor = nystroem_features(K[:, chosen], chosen)
    assert_allclose(features @ factor.T, K[:, chosen], rtol=1e-9)
    assert_allclose((features @ features.T)[chosen], K[chosen], atol=1e-6)
    everything = np.arange(len(pairs))
    features, _ = nystroem_features(K.copy(), everything)
    assert_allclose(features @ features.T, K, atol=1e-6)


def test_sparse_items(rng):
    items = rng.normal(size=(8, 6)) * rng.integers(2, size=(8, 6))
    index = rng.integers(8, size=(15, 2))
    dense = Pairs.from_index(items, index)
    rows = Pairs.from_index(sparse.csr_matrix(items), index)
    for kernel in ITEM_KERNELS:
        K = pair_kernel(dense, kernel=kernel)
        assert_allclose(pair_kernel(rows, kernel=kernel), K, rtol=1e-9, atol=1e-12)
        assert_allclose(
            pair_gram_operator(rows, kernel=kernel) @ np.ones(15), K.sum(axis=1)
        )


def test_default_gamma_is_one_over_the_features(pairs):
    assert_array_equal(pair_kernel(pairs), pair_kernel(pairs, gamma=1 / N_FEATURES))


def test_support_vector_machine(rng):
    # Both sides in the same half: an exclusive or, in one dimension.
    X = rng.uniform(-1, 1, size=(400, 2, 1))
    y = (X[:, 0, 0] * X[:, 1, 0] > 0).astype(int)
    K = pair_kernel(X[:200], kernel="rbf", gamma=1.0)
    machine = SVC(kernel="precomputed", C=100).fit(K, y[:200])
    test = pair_kernel(X[200:], X[:200], kernel="rbf", gamma=1.0)
    assert (machine.predict(test) == y[200:]).mean() > 0.95


@pytest.mark.parametrize("function", [pair_kernel, pair_gram_operator])
@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"pairwise": "product"}, "'pairwise' parameter of .* must be one of 'tppk', "),
        ({"kernel": "sigmoid"}, "'kernel' parameter .* 'linear', 'poly', 'rbf'. Got"),
        ({"degree": 0}, "'degree' parameter .* must be an int >= 1. Got 0 instead"),
        ({"degree": 2.0}, "'degree' parameter .* must be an int >= 1"),
        ({"gamma": 0.0}, r"'gamma' parameter .* must be None or a float > 0. Got 0.0"),
        ({"gamma": "scale"}, "'gamma' parameter .* must be None or a float > 0"),
        ({"coef0": -1.0}, "'coef0' parameter .* must be a float >= 0. Got -1.0"),
    ],
)
def test_wrong_parameters(function, wrong, text, pairs):
    with pytest.raises(ValueError, match=text) as caught:
        function(pairs, **wrong)
    assert caught.match(function.__name__)


@pytest.mark.parametrize("function", [pair_kernel, pair_gram_operator])
def test_wrong_pairs(function, pairs, rng):
    with pytest.raises(ValueError, match="X has 3 features, but Y is expecting 5"):
        function(pairs, rng.normal(size=(4, 2, 5)))
    with pytest.raises(TypeError, match="must not be given as a list"):
        function([1, 2])
    with pytest.raises(ValueError, match="contains 1 NaN"):
        function(np.array([[[1.0], [np.nan]]]))
