# SPDX-License-Identifier: BSD-3-Clause
"""KernelPairClassifier, and form="poly": what they promise to their users."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
)
from sksymsim._kernels import fitting as _dual_fitting
from sksymsim._kernels import score as _dual_score
from sksymsim._kernels.pair_kernels import ITEM_KERNELS, PAIRWISE
from sksymsim._priors import PRIORS

MODELS = [
    *(
        KernelPairClassifier(pairwise, kernel=kernel, degree=2)
        for pairwise in PAIRWISE
        for kernel in ITEM_KERNELS
    ),
    KernelPairClassifier("concat", kernel="poly", degree=4, n_landmarks=40),
    SymmetricPairClassifier("poly"),
    SymmetricPairClassifier("poly", prior="kissme", degree=2),
]
every_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda m: repr(m).replace("Classifier", "").replace(" ", "")
)


@pytest.fixture(scope="module")
def data():
    pairs, y, _ = class_pairs(n_items=30, n_pairs=200)
    return pairs, y


@pytest.fixture(scope="module")
def fitted_models(data):
    """Each of the models, fitted to all pairs once."""
    return {repr(model): clone(model).fit(*data) for model in MODELS}


def as_sides(pairs, dtype=np.float64):
    return Pairs(pairs.left.astype(dtype), pairs.right.astype(dtype))


# ------------------------------------------------------------------------- symmetry


@every_model
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_symmetric_to_the_last_bit(model, dtype, data, fitted_models, rng):
    pairs, y = data
    pairs = pairs.map_items(lambda items: items.astype(dtype))
    fitted = fitted_models[repr(model)]
    if dtype is np.float32:
        fitted = clone(model).fit(pairs[:100], y[:100])
    again = pickle.loads(pickle.dumps(fitted))
    new = rng.normal(size=(50, 2, 5)).astype(dtype)
    for X in (pairs, as_sides(pairs, dtype), Pairs(new[:, 0], new[:, 1])):
        scores = fitted.decision_function(X)
        assert scores.dtype == dtype
        assert_array_equal(scores, fitted.decision_function(X.swap()))
        assert_array_equal(scores, again.decision_function(X))
        assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(X.swap()))


@pytest.mark.parametrize("pairwise", PAIRWISE)
def test_the_sides_of_training_pairs_do_not_matter(pairwise, data):
    pairs, y = data
    flipped = pairs.index.copy()
    flipped[::2] = flipped[::2, ::-1]
    model = KernelPairClassifier(pairwise, kernel="poly")
    expected = model.fit(pairs, y).decision_function(pairs)
    model.fit(Pairs.from_index(pairs.items, flipped), y)
    assert_allclose(model.decision_function(pairs), expected, rtol=1e-6, atol=1e-8)


def test_mlpk_is_the_same_for_every_item_with_itself(data):
    pairs, y = data
    model = KernelPairClassifier("mlpk").fit(pairs, y)
    same = model.decision_function(Pairs(pairs.left, pairs.left))
    assert_allclose(same, model.intercept_, atol=1e-9)


# ---------------------------------------------------------------------- what is equal


@every_model
def test_layouts_of_pairs_score_alike(model, data, fitted_models, monkeypatch):
    pairs = data[0][:100]
    fitted = fitted_models[repr(model)]
    expected = fitted.decision_function(pairs)
    sides = as_sides(pairs)
    assert_allclose(fitted.decision_function(sides), expected, atol=1e-8)
    assert_allclose(fitted.decision_function(np.asarray(pairs)), expected, atol=1e-8)
    assert_allclose(
        fitted.decision_function((sides.left, sides.right)), expected, atol=1e-8
    )
    rows = Pairs.from_index(sparse.csr_matrix(pairs.items), pairs.index)
    assert_allclose(fitted.decision_function(rows), expected, atol=1e-8)
    for block in (1, 10**9):
        monkeypatch.setattr(
            _dual_score,
            "block_slices",
            lambda n, size, block=block: [
                slice(i, i + 7 * block) for i in range(0, n, 7 * block)
            ],
        )
        assert_allclose(fitted.decision_function(pairs), expected, atol=1e-8)
        assert_allclose(fitted.decision_function(sides), expected, atol=1e-8)


@pytest.mark.parametrize("kernel", ITEM_KERNELS)
def test_layouts_of_pairs_fit_alike(kernel, data):
    pairs, y = data
    model = KernelPairClassifier(kernel=kernel, tol=1e-6)
    expected = model.fit(pairs, y).decision_function(pairs)
    rows = Pairs.from_index(sparse.csr_matrix(pairs.items), pairs.index)
    array = Pairs.from_index(sparse.csr_array(pairs.items), pairs.index)
    for X in (as_sides(pairs), np.asarray(pairs), rows, array):
        assert_allclose(model.fit(X, y).decision_function(pairs), expected, atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        KernelPairClassifier(tol=1e-8),
        KernelPairClassifier(class_weight="balanced", tol=1e-8),
        SymmetricPairClassifier("poly", tol=1e-8),
    ],
    ids=repr,
)
def test_weights_are_repetitions(model, data, rng):
    pairs, y = data
    weights = rng.integers(0, 4, size=len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    weighted = clone(model).fit(pairs, y, sample_weight=weights)
    plain = clone(model).fit(pairs[repeated], y[repeated])
    assert_allclose(weighted.intercept_, plain.intercept_, atol=1e-6)
    assert_allclose(
        weighted.decision_function(pairs), plain.decision_function(pairs), atol=1e-6
    )


def test_units_do_not_matter(data):
    pairs, y = data
    for kernel in ITEM_KERNELS:
        model = KernelPairClassifier(
            kernel=kernel, coef0=0.0 if kernel == "poly" else 1
        )
        expected = model.fit(pairs, y).decision_function(pairs)
        larger = pairs.map_items(lambda items: 1000 * items)
        scores = model.fit(larger, y).decision_function(larger)
        assert_allclose(scores, expected, rtol=1e-6, atol=1e-7)


def test_gamma_as_in_the_support_vector_machine(data):
    pairs, y = data
    fitted = KernelPairClassifier().fit(pairs, y)
    stacked = np.asarray(pairs)
    assert_allclose(fitted.gamma_, 1 / (stacked.shape[2] * stacked.var()))
    for kind in (sparse.csr_matrix, sparse.csr_array):
        rows = Pairs.from_index(kind(pairs.items), pairs.index)
        assert_allclose(fitted.fit(rows, y).gamma_, 1 / (5 * stacked.var()))
    assert KernelPairClassifier(gamma="auto").fit(pairs, y).gamma_ == 1 / 5
    assert KernelPairClassifier(gamma=0.3).fit(pairs, y).gamma_ == 0.3
    constant = Pairs(np.ones((4, 2)), np.ones((4, 2)))
    assert KernelPairClassifier().fit(constant, [0, 1, 0, 1]).gamma_ == 1.0


# ------------------------------------------------------------------ limits, intercepts


def test_large_penalty_leaves_the_base_rate(data):
    pairs, y = data
    fitted = KernelPairClassifier(alpha=1e8, prior=None).fit(pairs, y)
    assert_allclose(fitted.predict_proba(pairs)[:, 1], y.mean(), rtol=1e-5)
    assert_allclose(expit(fitted.intercept_), y.mean(), rtol=1e-5)


def test_large_penalty_leaves_the_calibrated_prior(data):
    pairs, y = data
    poly = SymmetricPairClassifier("poly", alpha=1e8, tol=1e-7).fit(pairs, y)
    plain = SymmetricPairClassifier("bilinear", alpha=1e8, tol=1e-7).fit(pairs, y)
    assert_allclose(
        poly.decision_function(pairs), plain.decision_function(pairs), atol=1e-4
    )


@pytest.mark.parametrize(
    ("prior", "layout"),
    [
        *((prior, "index") for prior in [*PRIORS, "matrix", "learner"]),
        *(("covariance", "sides"), ("kissme", "sides"), ("matrix", "sides")),
        *(("covariance", "csr"), ("kissme", "csr")),
    ],
)
def test_a_kernel_deviates_from_a_metric(prior, layout, data):
    pairs, y = data
    given = {
        "matrix": lambda: np.diag([1.0, 2.0, 3.0, 4.0, 0.0]),
        "learner": lambda: SymmetricPairClassifier(alpha=0.1).fit(pairs, y),
    }.get(prior, lambda: prior)()
    X = {
        "index": pairs,
        "sides": as_sides(pairs),
        "csr": Pairs.from_index(sparse.csr_matrix(pairs.items), pairs.index),
    }[layout]
    machine = KernelPairClassifier(alpha=1e8, prior=given, shrinkage=0.3, tol=1e-7)
    metric = SymmetricPairClassifier(alpha=1e8, prior=given, shrinkage=0.3, tol=1e-7)
    assert_allclose(
        machine.fit(X, y).decision_function(X),
        metric.fit(pairs, y).decision_function(pairs),
        atol=1e-3,
    )
    far = machine.objective_
    assert machine.set_params(alpha=1e-3).fit(X, y).objective_ < far - 1e-3


def test_what_is_near_is_similar_without_a_pair_that_says_so(rng):
    """Items far from all training items: the kernel is zero there, the prior is not."""
    items, index = rng.normal(size=(40, 3)), rng.integers(40, size=(300, 2))
    X = Pairs.from_index(items, index)
    y = np.linalg.norm(X.left - X.right, axis=1) < 2
    a = rng.normal(size=(100, 3)) + 50
    b = a + np.repeat([[0.1], [4.0]], 50, axis=0)
    truth = np.repeat([True, False], 50)
    assert (KernelPairClassifier().fit(X, y).predict((a, b)) == truth).all()
    lost = KernelPairClassifier(prior=None).fit(X, y).predict((a, b))
    assert (lost == truth).mean() == 0.5


def test_items_too_wide_for_a_metric(rng):
    items = sparse.random(20, 5000, 0.01, format="csr", random_state=0)
    X, y = Pairs.from_index(items, rng.integers(20, size=(30, 2))), np.arange(30) % 2
    with pytest.raises(ValueError, match=r"or take KernelPairClassifier\(prior=None\)"):
        KernelPairClassifier().fit(X, y)
    assert KernelPairClassifier(prior=None).fit(X, y).n_features_in_ == 5000


@pytest.mark.parametrize("make", [KernelPairClassifier, SymmetricPairClassifier])
def test_a_penalty_below_rounding(make, data):
    form = {"form": "poly"} if make is SymmetricPairClassifier else {"kernel": "linear"}
    with pytest.raises(ValueError, match="alpha=1e-40 is lost in the rounding"):
        make(**form, alpha=1e-40).fit(*data)


def test_an_indefinite_prior_is_refused(data):
    prior = np.eye(data[0].shape[2])
    prior[0, 0] = -1
    with pytest.raises(ValueError, match="eigenvalue is -1; pass another prior"):
        KernelPairClassifier(prior=prior).fit(*data)


@pytest.mark.parametrize("make", [KernelPairClassifier, SymmetricPairClassifier])
def test_similar_rate(make, data):
    pairs, y = data
    form = {"form": "poly"} if make is SymmetricPairClassifier else {}
    plain = make(**form).fit(pairs, y)
    rare = make(**form, similar_rate=0.01).fit(pairs, y)
    assert_allclose(
        rare.decision_function(pairs) - plain.decision_function(pairs),
        logit(0.01) - logit(y.mean()),
    )
    assert_allclose(
        rare.pair_score(pairs), rare.decision_function(pairs) - rare.intercept_
    )
    assert make(**form, fit_intercept=False).fit(pairs, y).intercept_ == 0


def test_exclusive_or_of_two_differences(rng):
    X = rng.normal(size=(900, 2, 2))
    far = np.abs(X[:, 0] - X[:, 1]) > 1
    y = (far[:, 0] != far[:, 1]).astype(int)

    def accuracy(model):
        return model.fit(X[:600], y[:600]).score(X[600:], y[600:])

    for pairwise in ("tppk", "mlpk", "both"):
        assert accuracy(KernelPairClassifier(pairwise, kernel="linear")) < 0.72
        assert accuracy(KernelPairClassifier(pairwise, gamma=0.5)) > 0.85
    assert accuracy(SymmetricPairClassifier("poly", degree=2)) < 0.72
    assert accuracy(SymmetricPairClassifier("poly", degree=4)) > 0.75


# ----------------------------------------------------------------- what a fit is like


@pytest.mark.parametrize("n_pairs", [200, 600])
def test_large_fits_choose_their_way(n_pairs, monkeypatch):
    pairs, y, _ = class_pairs(n_items=60, n_pairs=n_pairs)
    exact = KernelPairClassifier(tol=1e-7).fit(pairs, y)
    assert exact.n_landmarks_ is None
    monkeypatch.setattr(_dual_fitting, "CHOLESKY_PAIRS", 0)
    by_items = KernelPairClassifier(tol=1e-7).fit(pairs, y)
    assert_allclose(
        by_items.decision_function(pairs), exact.decision_function(pairs), atol=1e-5
    )
    monkeypatch.setattr(_dual_fitting, "EXACT_WORK", 10)
    monkeypatch.setattr(_dual_fitting, "AUTO_LANDMARKS", 50)
    assert KernelPairClassifier().fit(pairs, y).n_landmarks_ == 50
    assert KernelPairClassifier(n_landmarks=None).fit(pairs, y).n_landmarks_ is None
    # A linear kernel of items needs no Gram, whatever the number of pairs.
    assert KernelPairClassifier(kernel="linear").fit(pairs, y).n_landmarks_ is None
    monkeypatch.setattr(_dual_fitting, "EXACT_BYTES", 10)
    assert KernelPairClassifier().fit(as_sides(pairs[:20]), y[:20]).n_landmarks_ is None
    few = KernelPairClassifier(n_landmarks=7).fit(as_sides(pairs[:20]), y[:20])
    assert few.n_landmarks_ == 7


def test_landmarks_follow_the_random_state(data):
    pairs, y = data

    def scores(seed):
        model = KernelPairClassifier(n_landmarks=20, random_state=seed)
        return model.fit(pairs, y).decision_function(pairs)

    assert_array_equal(scores(1), scores(1))
    assert np.abs(scores(1) - scores(2)).max() > 1e-3


def test_pickle_has_what_scoring_needs(rng):
    items, index = rng.normal(size=(300, 40)), rng.integers(300, size=(500, 2))
    pairs, y = Pairs.from_index(items, index), rng.integers(2, size=500)

    def size(**parameters):
        machine = KernelPairClassifier(prior=None, **parameters)
        return len(pickle.dumps(machine.fit(pairs, y)))

    # The items that occur, and 12 bytes for each of two numbers of a pair.
    assert size(pairwise="tppk") < 300 * 40 * 8 + 500 * 24 + 3000
    assert size(pairwise="tppk", kernel="linear") < 40 * 40 * 8 + 3000
    assert size(pairwise="sum", kernel="linear") < 40 * 8 + 3000
    assert size(n_landmarks=20) < 40 * 40 * 8 + 20 * 60 + 4000


def test_input_is_neither_changed_nor_kept(data):
    pairs, y = data
    items = pairs.items.copy()
    items.flags.writeable = False
    read_only = Pairs.from_index(items, pairs.index)
    for model in MODELS[:3]:
        fitted = clone(model).fit(read_only, y)
        expected = fitted.decision_function(pairs)
        assert_array_equal(items, pairs.items)
        mine = pairs.items.copy()
        fitted.fit(Pairs.from_index(mine, pairs.index), y)
        mine[:] = 0
        assert_array_equal(fitted.decision_function(pairs), expected)


def test_search_in_a_pipeline(data):
    pairs, y = data
    pipeline = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), KernelPairClassifier()
    )
    grid = {
        "kernelpairclassifier__pairwise": ["tppk", "mlpk"],
        "kernelpairclassifier__alpha": [1e-2, 1e-4],
    }
    search = GridSearchCV(pipeline, grid, scoring="roc_auc", cv=3).fit(pairs, y)
    assert search.best_score_ > 0.6
    assert search.predict_proba(pairs).shape == (len(y), 2)
    scores = cross_val_score(
        SymmetricPairClassifier("poly"), pairs, y, cv=3, scoring="neg_log_loss"
    )
    assert np.isfinite(scores).all()
    folds = PairGroupKFold(n_splits=3)
    assert np.isfinite(cross_val_score(pipeline, pairs, y, cv=folds)).all()


def test_verbose_prints_steps(data, capsys):
    pairs, y = data
    KernelPairClassifier().fit(pairs, y)
    assert capsys.readouterr().out == ""
    fitted = KernelPairClassifier(verbose=2).fit(pairs, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == fitted.n_iter_
    assert lines[0].startswith("iteration    1  objective 0.")


def test_too_few_steps_warn(data):
    pairs, y = data
    with pytest.warns(ConvergenceWarning, match="after max_iter=1 iterations"):
        fitted = KernelPairClassifier(max_iter=1, alpha=1e-6).fit(pairs, y)
    assert fitted.n_iter_ == 1


# ----------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"pairwise": "product"}, "'pairwise' parameter .* must be one of 'tppk'"),
        ({"kernel": "sigmoid"}, "'kernel' parameter .* must be one of 'linear'"),
        ({"degree": 1.5}, "'degree' parameter .* must be an int >= 1"),
        ({"gamma": "large"}, "'gamma' parameter .* 'scale', 'auto' or a float > 0"),
        ({"gamma": 0}, "'gamma' parameter .* 'scale', 'auto' or a float > 0"),
        ({"coef0": -0.1}, "'coef0' parameter .* must be a float >= 0"),
        ({"alpha": 0.0}, "'alpha' parameter .* must be a float > 0.* Got 0.0"),
        ({"n_landmarks": 0}, "'n_landmarks' parameter .* 'auto', None or an int >= 1"),
        ({"similar_rate": 1}, "'similar_rate' parameter .* None or a float in"),
        ({"max_iter": 0}, "'max_iter' parameter .* must be an int >= 1"),
    ],
)
def test_wrong_parameters(wrong, text, data):
    with pytest.raises(ValueError, match=text):
        KernelPairClassifier(**wrong).fit(*data)


def test_form_poly_needs_a_penalty(data):
    with pytest.raises(ValueError, match=r"alpha must be > 0 for form='poly'.*got 0"):
        SymmetricPairClassifier("poly", alpha=0).fit(*data)


def test_a_failed_fit_leaves_the_last_one(data):
    pairs, y = data
    model = KernelPairClassifier().fit(pairs, y)
    before = pickle.dumps(model._score)
    state = vars(model).copy()
    long = pairs.map_items(lambda items: 1e200 * items)
    with pytest.raises(ValueError, match="kernel of a pair with itself is not finite"):
        model.set_params(kernel="poly", gamma=1.0).fit(long, y)
    assert pickle.dumps(model._score) == before
    assert state["n_iter_"] == model.n_iter_
    fresh = KernelPairClassifier(kernel="poly", gamma=1.0)
    with pytest.raises(ValueError, match="Normalise them first"):
        fresh.fit(long, y)
    with pytest.raises(ValueError, match="Normalise them first"):
        KernelPairClassifier().fit(long, y)
    assert [name for name in vars(fresh) if name.endswith("_")] == []
    with pytest.raises(NotFittedError):
        fresh.predict(pairs)
    with pytest.raises(AttributeError, match="no attribute 'intercept_' before fit"):
        type(fresh).intercept_.fget(fresh)


def test_scores_that_overflow(data):
    pairs, y = data
    model = KernelPairClassifier(kernel="poly").fit(pairs, y)
    long = pairs[:3].map_items(lambda items: 1e150 * items)
    with pytest.raises(ValueError, match="the score of pair 0 is not finite"):
        model.decision_function(long)


@every_model
def test_wrong_input_at_predict(model, data, fitted_models, rng):
    pairs, _ = data
    fitted = fitted_models[repr(model)]
    with pytest.raises(ValueError, match=r"X has 4 features, but .* is expecting 5"):
        fitted.predict(rng.normal(size=(3, 2, 4)))
    X = np.asarray(pairs[:4]).copy()
    X[1, 0, 2] = np.nan
    with pytest.raises(ValueError, match="contains 1 NaN"):
        fitted.predict(X)


def test_form_poly_has_no_matrices(data):
    pairs, y = data
    for model in (
        SymmetricPairClassifier("poly"),
        SymmetricPairClassifier("poly").fit(pairs, y),
    ):
        for name in (
            "cross_scores",
            "top_k",
            "get_polynomial",
            "get_mahalanobis_matrix",
            "get_metric",
            "transform",
            "pair_distance",
        ):
            assert not hasattr(model, name)
    with pytest.raises(AttributeError) as caught:
        model.cross_scores(pairs.left, pairs.right)
    assert "a sum over training pairs" in str(caught.value.__cause__ or caught.value)
    with pytest.raises(AttributeError, match="a sum over training pairs"):
        type(model).components_.fget(model)


def test_forms_follow_each_other(data):
    # What one form has left behind does not disturb the next one.
    pairs, y = data
    model = SymmetricPairClassifier(warm_start=True)
    for form in ("mahalanobis", "poly", "quadratic", "poly", "bilinear"):
        scores = model.set_params(form=form).fit(pairs, y).decision_function(pairs)
        fresh = SymmetricPairClassifier(form).fit(pairs, y).decision_function(pairs)
        assert_array_equal(scores, fresh)
