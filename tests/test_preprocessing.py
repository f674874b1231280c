# SPDX-License-Identifier: BSD-3-Clause
"""Preparing items: what is learned, from which items, and what stays exact."""

import pickle

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sksymsim import EmbeddingNormalizer, Pairs, SharedTransformer
from sksymsim import SymmetricPairClassifier as Classifier

# ------------------------------------------------------------- EmbeddingNormalizer

CHECKED = [
    EmbeddingNormalizer(),
    EmbeddingNormalizer(whiten=1.0),
    EmbeddingNormalizer(center=False, whiten=0.5, norm=False),
]
# How many checks scikit-learn has for a transformer.
N_CHECKS = {"1.6": 46, "1.7": 47, "1.8": 47, "1.9": 47}


@parametrize_with_checks(CHECKED)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=repr)
def test_number_of_common_checks(estimator):
    """A tag may switch checks off without a word."""
    n_checks = len(list(estimator_checks_generator(estimator)))
    version = ".".join(sklearn.__version__.split(".")[:2])
    if version in N_CHECKS:
        assert n_checks == N_CHECKS[version]
    else:
        assert n_checks >= max(N_CHECKS.values())


def correlated(n_items=200, n_features=5, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_features, n_features)) * np.logspace(-2, 2, n_features)
    return rng.normal(size=(n_items, n_features)) @ mixing + 10 * rng.normal(
        size=n_features
    )


def covariance(X):
    return np.cov(X.T, bias=True)


def test_full_whitening_gives_the_identity_as_covariance():
    Z = EmbeddingNormalizer(whiten=1.0, norm=False).fit_transform(correlated())
    assert_allclose(covariance(Z), np.eye(5), atol=1e-8)
    assert_allclose(Z.mean(axis=0), 0, atol=1e-9)


def test_whitening_does_not_depend_on_the_centre_of_the_items():
    X = correlated()
    Z = EmbeddingNormalizer(center=False, whiten=1.0, norm=False).fit_transform(X)
    assert_allclose(covariance(Z), np.eye(5), atol=1e-8)
    assert abs(Z.mean(axis=0)).max() > 1


@pytest.mark.parametrize("whiten", [0.1, 0.5, 0.9])
def test_partial_whitening_is_that_of_the_shrunk_covariance(whiten):
    X = correlated()
    C = covariance(X)
    shrunk = whiten * C + (1 - whiten) * np.trace(C) / 5 * np.eye(5)
    model = EmbeddingNormalizer(whiten=whiten, norm=False).fit(X)
    W = model.whitening_
    assert_allclose(W, W.T)
    assert_allclose(W @ shrunk @ W, np.eye(5), atol=1e-8)
    assert_allclose(model.transform(X), (X - X.mean(axis=0)) @ W, rtol=1e-6, atol=1e-9)


def test_no_whitening_moves_only():
    X = correlated()
    model = EmbeddingNormalizer(norm=False).fit(X)
    assert model.whitening_ is None
    assert_array_equal(model.transform(X), X - X.mean(axis=0))
    model = EmbeddingNormalizer(center=False, norm=False).fit(X)
    assert_array_equal(model.mean_, np.zeros(5))
    assert_array_equal(model.transform(X), X)


def test_length_is_one_afterwards():
    X = correlated()
    for whiten in (0.0, 0.5, 1.0):
        Z = EmbeddingNormalizer(whiten=whiten).fit_transform(X)
        assert_allclose(np.linalg.norm(Z, axis=1), 1)
    Z = EmbeddingNormalizer(center=False).fit_transform(X)
    assert_allclose(Z, Normalizer().fit_transform(X))


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_rotated_items_give_rotated_results(whiten, norm):
    """The whitening is symmetric: it turns nothing by itself."""
    X = correlated()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))
    model = EmbeddingNormalizer(whiten=whiten, norm=norm)
    assert_allclose(
        model.fit_transform(X @ rotation),
        clone(model).fit_transform(X) @ rotation,
        rtol=1e-6,
        atol=1e-6,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_any_unit(factor, whiten, dtype):
    X = np.random.default_rng(0).normal(size=(50, 4))
    small_or_large = (X * factor).astype(dtype)
    model = EmbeddingNormalizer(whiten=whiten)
    Z = model.fit_transform(small_or_large)
    assert Z.dtype == dtype
    assert_allclose(Z, clone(model).fit_transform(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_single_item_of_another_size(dtype):
    X = np.random.default_rng(0).normal(size=(50, 4)).astype(dtype)
    for whiten in (0.0, 0.5):
        model = EmbeddingNormalizer(whiten=whiten).fit(X)
        for factor in (1e-30, 1e30):
            Z = model.transform(X * dtype(factor))
            assert_allclose(np.linalg.norm(Z, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.float16, np.float32),
        (np.int64, np.float64),
        (np.uint8, np.float64),
    ],
)
def test_dtype(dtype, expected):
    X = np.random.default_rng(0).integers(100, size=(50, 4)).astype(dtype)
    for whiten in (0.0, 0.5):
        model = EmbeddingNormalizer(whiten=whiten).fit(X)
        assert model.transform(X).dtype == expected
        assert model.mean_.dtype == expected
        assert whiten == 0 or model.whitening_.dtype == expected
        # Whatever it was fitted on.
        assert model.transform(X.astype(np.float32)).dtype == np.float32
        assert model.transform(X.astype(np.float64)).dtype == np.float64


def test_float32_is_close_to_float64():
    X = correlated()
    for whiten in (0.0, 0.5, 0.9):
        model = EmbeddingNormalizer(whiten=whiten)
        assert_allclose(
            model.fit_transform(X.astype(np.float32)),
            clone(model).fit_transform(X),
            atol=1e-4,
        )


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_poor_items(whiten, norm):
    """Whatever the items are, nothing becomes NaN or infinite."""
    rng = np.random.default_rng(0)
    model = EmbeddingNormalizer(whiten=whiten, norm=norm)
    constant = np.column_stack([rng.normal(size=30), np.full(30, 0.1), np.zeros(30)])
    for X in (
        constant,
        constant.astype(np.float32),
        np.full((10, 3), 0.1),
        np.zeros((10, 3)),
        rng.normal(size=(4, 20)),  # fewer items than features
        rng.normal(size=(1, 3)),
        rng.normal(size=(30, 1)),
        np.repeat(rng.normal(size=(1, 6)), 8, axis=0),
    ):
        Z = clone(model).fit_transform(X)
        assert Z.shape == X.shape
        assert np.isfinite(Z).all()
        assert not norm or (np.linalg.norm(Z, axis=1) < 1 + 1e-6).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_items_have_no_direction(dtype):
    """Centring leaves nothing but the rounding of the mean; no length is that."""
    X = np.full((10, 3), 0.1, dtype=dtype)
    assert_allclose(EmbeddingNormalizer().fit_transform(X), 0, atol=1e-12)


def test_items_of_length_zero_stay_zero():
    X = np.array([[0.0, 0.0], [3.0, 4.0]])
    Z = EmbeddingNormalizer(center=False).fit_transform(X)
    assert_allclose(Z, [[0, 0], [0.6, 0.8]])


def test_directions_without_items_are_finite_for_new_items():
    X = np.zeros((50, 3))
    X[:, :2] = np.random.default_rng(0).normal(size=(50, 2))
    model = EmbeddingNormalizer(whiten=1.0).fit(X)
    Z = model.transform([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert_allclose(np.linalg.norm(Z, axis=1), 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_items_are_not_changed(order):
    X = np.array(correlated(), order=order)
    before = X.copy()
    X.setflags(write=False)
    for whiten in (0.0, 0.5):
        EmbeddingNormalizer(whiten=whiten).fit_transform(X)
    EmbeddingNormalizer(center=False, norm=False).fit_transform(X)
    assert_array_equal(X, before)


def test_covariance_of_many_items():
    """More items than are taken at a time."""
    X = correlated(9001)
    Z = EmbeddingNormalizer(whiten=1.0, norm=False).fit_transform(X)
    assert_allclose(covariance(Z), np.eye(5), atol=1e-8)


def test_fitting_again_forgets():
    model = EmbeddingNormalizer(whiten=0.5).fit(correlated(seed=1))
    again = model.set_params(whiten=0.0, center=False).fit(correlated()[:, :3])
    assert again is model
    assert model.whitening_ is None
    assert_array_equal(model.mean_, np.zeros(3))
    assert model.n_features_in_ == 3


def test_names_of_features():
    X = correlated()
    model = EmbeddingNormalizer().fit(X)
    assert model.get_feature_names_out().tolist() == [f"x{i}" for i in range(5)]
    assert model.get_feature_names_out(list("abcde")).tolist() == list("abcde")
    with pytest.raises(ValueError, match="length equal to number of features"):
        model.get_feature_names_out(["a"])


def test_pandas_in_and_out():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(correlated(), columns=list("abcde"), index=range(7, 207))
    model = EmbeddingNormalizer(whiten=0.5).set_output(transform="pandas")
    Z = model.fit_transform(X)
    assert list(Z.columns) == list("abcde")
    assert_array_equal(Z.index, X.index)
    assert_array_equal(model.feature_names_in_, list("abcde"))
    assert_array_equal(Z, EmbeddingNormalizer(whiten=0.5).fit_transform(X.to_numpy()))
    with pytest.raises(ValueError, match="feature names"):
        model.transform(X[list("edcba")])


def test_polars_out():
    pl = pytest.importorskip("polars")
    model = EmbeddingNormalizer().set_output(transform="polars")
    assert isinstance(model.fit_transform(correlated()), pl.DataFrame)


# ---------------------------------------------------------------- SharedTransformer

N_ITEMS, N_PAIRS, N_FEATURES = 40, 70, 6


@pytest.fixture
def items():
    return np.random.default_rng(0).normal(size=(N_ITEMS, N_FEATURES))


@pytest.fixture
def index():
    # The last items are in no pair.
    return np.random.default_rng(1).integers(N_ITEMS - 5, size=(N_PAIRS, 2))


def make_two_arrays(items, index):
    return Pairs(items[index[:, 0]], items[index[:, 1]])


INPUTS = {
    "index": Pairs.from_index,
    "two arrays": make_two_arrays,
    "selection": lambda x, i: make_two_arrays(x, i[::-1])[
        np.arange(len(i))[::-1], Ellipsis
    ],
    "array": lambda x, i: x[i],
    "tuple": lambda x, i: (x[i[:, 0]], x[i[:, 1]]),
    "CSR index": lambda x, i: Pairs.from_index(sparse.csr_matrix(x), i),
    "CSR tuple": lambda x, i: (
        sparse.csr_matrix(x[i[:, 0]]),
        sparse.csr_matrix(x[i[:, 1]]),
    ),
}


@pytest.fixture(params=INPUTS)
def given_pairs(request, items, index):
    return INPUTS[request.param](items, index)


def dense(rows):
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows)


class Recording(TransformerMixin, BaseEstimator):
    """Keep the items of the fit; double what is transformed."""

    def fit(self, X, y=None):
        self.seen_ = dense(X).copy()
        return self

    def transform(self, X):
        return X * 2


def as_set(rows):
    return {row.tobytes() for row in dense(rows)}


def test_fits_on_each_item_in_use_once(given_pairs, items, index):
    shared = SharedTransformer(Recording()).fit(given_pairs)
    seen = shared.transformer_.seen_
    assert as_set(seen) == as_set(items[np.unique(index)])
    assert len(seen) == len(np.unique(index))
    assert shared.n_features_in_ == N_FEATURES


def test_equal_rows_of_an_index_are_separate_items(items):
    """Two recordings that happen to be equal are still two."""
    table = np.vstack([items[:2], items[:1]])
    shared = SharedTransformer(Recording()).fit(
        Pairs.from_index(table, [[0, 1], [2, 1]])
    )
    assert len(shared.transformer_.seen_) == 3


def test_transforms_both_sides(given_pairs, items, index):
    for made in (
        SharedTransformer(Recording()).fit_transform(given_pairs),
        SharedTransformer(Recording()).fit(given_pairs).transform(given_pairs),
    ):
        assert isinstance(made, Pairs)
        assert_array_equal(made, 2 * items[index])


def test_index_stays_an_index(items, index):
    made = SharedTransformer(PCA(2)).fit_transform(Pairs.from_index(items, index))
    assert made.index is not None
    assert made.items.shape == (len(np.unique(index)), 2)
    made = SharedTransformer(PCA(2)).fit_transform(items[index])
    assert made.index is None


def test_a_frozen_transformer_stays_as_it_is(rng):
    """It is not fitted again, and its `fit` wants a second argument."""
    X = rng.normal(size=(30, 2, 4))
    known = PCA(2).fit(rng.normal(size=(50, 4)))
    shared = SharedTransformer(FrozenEstimator(known)).fit(X)
    assert_array_equal(shared.transform(X).left, known.transform(X[:, 0]))


@pytest.mark.parametrize("kind", ["index", "array", "CSR index"])
def test_fits_on_the_items_of_the_training_fold_only(kind, items):
    # Ten blocks of four items, and pairs inside of each.
    rng = np.random.default_rng(2)
    index = rng.integers(4, size=(60, 2)) + 4 * rng.integers(10, size=(60, 1))
    X, y = INPUTS[kind](items, index), np.arange(60) % 2
    groups = Pairs.from_index(items, index).groups()
    result = cross_validate(
        make_pipeline(SharedTransformer(Recording()), Classifier(alpha=1.0)),
        X,
        y,
        groups=groups,
        cv=GroupKFold(5),
        return_estimator=True,
        return_indices=True,
    )
    for fitted, train, test in zip(
        result["estimator"],
        result["indices"]["train"],
        result["indices"]["test"],
        strict=True,
    ):
        seen = as_set(fitted[0].transformer_.seen_)
        assert seen == as_set(items[np.unique(index[train])])
        assert not seen & as_set(items[np.unique(index[test])])


TRANSFORMERS = {
    "PCA": PCA(3, random_state=0),
    "StandardScaler": StandardScaler(),
    "Nystroem": Nystroem(n_components=7, random_state=0),
    "EmbeddingNormalizer": EmbeddingNormalizer(whiten=0.5),
    "Pipeline": make_pipeline(StandardScaler(), PCA(4), EmbeddingNormalizer()),
    "FunctionTransformer": FunctionTransformer(np.abs),
}
SPARSE_TRANSFORMERS = {
    "TruncatedSVD": TruncatedSVD(3, random_state=0),
    "StandardScaler": StandardScaler(with_mean=False),
    "Nystroem": Nystroem(n_components=7, random_state=0),
    "Pipeline": make_pipeline(Normalizer(), TruncatedSVD(2, random_state=0)),
}


@pytest.mark.parametrize("kind", ["index", "two arrays", "array", "tuple"])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_any_transformer(name, kind, items, index):
    X = INPUTS[kind](items, index)
    shared = SharedTransformer(TRANSFORMERS[name])
    made = np.asarray(shared.fit_transform(X))
    for side in (0, 1):
        expected = shared.transformer_.transform(items[index[:, side]])
        assert_allclose(made[:, side], expected, rtol=1e-10, atol=1e-12)
    again = clone(shared).fit(X).transform(X)
    assert_array_equal(again, made)


@pytest.mark.parametrize("kind", ["CSR index", "CSR tuple"])
@pytest.mark.parametrize("name", SPARSE_TRANSFORMERS)
def test_any_transformer_on_csr(name, kind, items, index):
    items = items * (items > 0.3)
    shared = SharedTransformer(SPARSE_TRANSFORMERS[name])
    made = shared.fit_transform(INPUTS[kind](items, index))
    assert made.is_sparse == (name == "StandardScaler")
    expected = shared.transformer_.transform(sparse.csr_matrix(items[index[:, 0]]))
    assert_allclose(np.asarray(made)[:, 0], dense(expected), rtol=1e-10, atol=1e-12)


def test_what_is_learned_does_not_depend_on_the_layout(items, index):
    means = [
        SharedTransformer(StandardScaler()).fit(make(items, index)).transformer_.mean_
        for name, make in INPUTS.items()
        if "CSR" not in name
    ]
    for mean in means:
        assert_allclose(mean, items[np.unique(index)].mean(axis=0), atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("n_pairs", [1, 7, 500])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_swapping_commutes_with_transform_bit_for_bit(name, n_pairs, dtype):
    rng = np.random.default_rng(0)
    items = (10 * rng.normal(size=(60, 17))).astype(dtype)
    shared = SharedTransformer(TRANSFORMERS[name])
    shared.fit(Pairs.from_index(items, np.arange(60).reshape(-1, 2)))
    index = rng.integers(60, size=(n_pairs, 2))
    left, right = items[index[:, 0]], items[index[:, 1]]
    for X, swapped in (
        (Pairs.from_index(items, index), Pairs.from_index(items, index[:, ::-1])),
        (Pairs(left, right), Pairs(right, left)),
        (items[index], items[index[:, ::-1]]),
        (items[index], items[index][:, ::-1]),
        ((left, np.asfortranarray(right)), (right, left)),
    ):
        one = np.asarray(shared.transform(X))
        other = np.asarray(shared.transform(swapped))
        assert_array_equal(one, other[:, ::-1])


def test_float32_is_preserved(items, index):
    X = items.astype(np.float32)[index]
    for transformer in (EmbeddingNormalizer(whiten=0.5), StandardScaler(), PCA(2)):
        assert SharedTransformer(transformer).fit_transform(X).dtype == np.float32


def test_clone_and_nested_parameters(items, index):
    shared = SharedTransformer(PCA(2)).fit(items[index])
    copied = clone(shared)
    assert not hasattr(copied, "transformer_")
    assert copied.transformer is not shared.transformer
    copied.set_params(transformer__n_components=4).fit(items[index])
    assert copied.transform(items[index]).shape == (N_PAIRS, 2, 4)
    assert shared.transform(items[index]).shape == (N_PAIRS, 2, 2)
    assert not hasattr(copied.transformer, "components_")  # a clone was fitted
    assert shared.get_params()["transformer__n_components"] == 2


def test_pickle(items, index):
    shared = SharedTransformer(PCA(2)).fit(items[index])
    again = pickle.loads(pickle.dumps(shared))
    assert_array_equal(again.transform(items[index]), shared.transform(items[index]))


def test_names_of_shared_features(items, index):
    shared = SharedTransformer(PCA(2)).fit(items[index])
    assert shared.get_feature_names_out().tolist() == ["pca0", "pca1"]
    shared = SharedTransformer(EmbeddingNormalizer()).fit(items[index])
    assert shared.get_feature_names_out(list("abcdef")).tolist() == list("abcdef")


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_the_output_is_pairs_whatever_scikit_learn_is_told(output, items, index):
    """No frame holds pairs, and a global setting is not to break a pipeline."""
    if output != "default":
        pytest.importorskip(output)
    y = np.arange(N_PAIRS) % 2
    with sklearn.config_context(transform_output=output):
        shared = SharedTransformer(EmbeddingNormalizer()).fit(items[index])
        assert isinstance(shared.transform(items[index]), Pairs)
        assert isinstance(shared.fit_transform(items[index]), Pairs)
        model = make_pipeline(SharedTransformer(PCA(2)), Classifier()).fit(
            items[index], y
        )
        probabilities = model.predict_proba(items[index])
    assert_array_equal(
        probabilities,
        make_pipeline(SharedTransformer(PCA(2)), Classifier())
        .fit(items[index], y)
        .predict_proba(items[index]),
    )


@pytest.mark.parametrize("kind", ["index", "two arrays", "array", "tuple"])
def test_missing_values_can_be_imputed(kind, items, index):
    """As the error text of the classifier advises."""
    items[3, 2] = items[8, 0] = np.nan
    X = INPUTS[kind](items, index)
    made = np.asarray(SharedTransformer(SimpleImputer()).fit_transform(X))
    assert np.isfinite(made).all()
    used = items[np.unique(index)]
    expected = np.where(np.isnan(items[index]), np.nanmean(used, axis=0), items[index])
    assert_allclose(made, expected)
    model = make_pipeline(SharedTransformer(SimpleImputer()), Classifier())
    y = np.arange(N_PAIRS) % 2
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


def test_rows_of_the_table_that_no_pair_uses_may_hold_anything(items, index):
    clean = SharedTransformer(StandardScaler()).fit_transform(
        Pairs.from_index(items, index)
    )
    items[-1] = np.nan
    made = SharedTransformer(StandardScaler()).fit_transform(
        Pairs.from_index(items, index)
    )
    assert_array_equal(made, clean)


@pytest.mark.parametrize(
    "transformer",
    [None, "passthrough", 3, PCA, LogisticRegression(), object()],
    ids=repr,
)
def test_what_is_no_transformer(transformer, items, index):
    with pytest.raises(
        ValueError,
        match="The 'transformer' parameter of SharedTransformer must be a transformer "
        "with fit and transform",
    ):
        SharedTransformer(transformer).fit(items[index])


def test_not_fitted(items, index):
    shared = SharedTransformer(PCA(2))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        shared.transform(items[index])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        shared.get_feature_names_out()


def test_another_width(given_pairs, items, index):
    shared = SharedTransformer(Recording()).fit(given_pairs)
    with pytest.raises(
        ValueError,
        match="X has 3 features, but SharedTransformer is expecting 6 features",
    ):
        shared.transform(items[index][:, :, :3])


def test_single_items_are_no_pairs(items, index):
    shared = SharedTransformer(PCA(2)).fit(items[index])
    for call in (shared.fit, shared.transform, shared.fit_transform):
        with pytest.raises(ValueError, match="items alone are not pairs"):
            call(items)


def test_no_pairs(items, index):
    shared = SharedTransformer(PCA(2)).fit(items[index])
    for call in (shared.fit, shared.transform, shared.fit_transform):
        with pytest.raises(ValueError, match="Found no pairs"):
            call(items[index][:0])


def test_a_transformer_that_drops_rows(items, index):
    shared = SharedTransformer(FunctionTransformer(lambda rows: rows[1:]))
    with pytest.raises(ValueError, match=r"the function turned \d+ rows into \d+"):
        shared.fit_transform(items[index])


def test_a_failed_fit_leaves_the_earlier_one(items, index):
    X = items[index]
    shared = SharedTransformer(StandardScaler()).fit(X)
    before = np.asarray(shared.transform(X))
    with pytest.raises(ValueError, match="infinity"):
        shared.fit(np.full((4, 2, 3), np.inf))
    assert_array_equal(shared.transform(X), before)
