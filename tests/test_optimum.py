# SPDX-License-Identifier: BSD-3-Clause
"""The fitted estimator is the optimum that its docstring states, and its symmetries."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import (
    coefficients,
    covariance_metric,
    explicit_features,
    fista,
    gaussian_log_ratio,
    interior_point,
    kissme_metric,
    mean_loss,
    naive_scores,
    newton_optimum,
    planted_pairs,
    positive_part,
    root_mean_square_difference,
    smat,
)
from scipy import sparse
from scipy.special import logit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from sksymsim import (
    Pairs,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

FORMS = ["mahalanobis", "bilinear", "quadratic"]
METRIC_FORMS = FORMS[:2]
# Of M or of the free matrices: what the constraint does and does not touch.
PROBLEMS = [
    ("mahalanobis", True),
    ("mahalanobis", False),
    ("bilinear", True),
    ("bilinear", False),
    ("quadratic", True),
]
# The tightest gradient that float64 reaches on all problems here.
TIGHT = 1e-7
# So large that the deviation from the prior is rounding.
HUGE = 1e8

every_form = pytest.mark.parametrize("form", FORMS)
every_metric_form = pytest.mark.parametrize("form", METRIC_FORMS)
every_problem = pytest.mark.parametrize(("form", "psd"), PROBLEMS)


def fit(form, data, weights=None, **parameters):
    """Fit to the last digits; data is (left, right, similar)."""
    left, right, similar = data
    model = SymmetricPairClassifier(form, **{"tol": TIGHT, **parameters})
    return model.fit((left, right), similar, sample_weight=weights)


def scores(model, data):
    return model.decision_function((data[0], data[1]))


def explicit(form, data, weights=None, metric=None):
    """Return the training problem as a linear model, in the units of the penalty."""
    left, right, similar = data
    weights = np.ones(len(similar)) if weights is None else weights
    weights = weights / weights.sum()
    scale = root_mean_square_difference(left, right, weights)
    metric = np.eye(left.shape[1]) if metric is None else metric
    linear, prior = None, [metric]
    if form == "quadratic":
        # a'Mb = (a+b)'M(a+b)/4 - (a-b)'M(a-b)/4, and terms have a factor 1/2.
        linear, prior = np.zeros(left.shape[1]), [metric / 2, -metric / 2]
    return SimpleNamespace(
        features=explicit_features(form, left / scale, right / scale),
        targets=np.where(similar, 1.0, -1.0),
        weights=weights,
        prior=coefficients(0.0, linear, prior),
        scale=scale,
    )


def fitted_coefficients(model, problem):
    """Return what a model learned as the coefficients of the explicit features."""
    k, c, own, cross = model.get_polynomial()
    square = problem.scale**2
    if model.form == "mahalanobis":
        return coefficients(k, None, [cross * square])
    if model.form == "bilinear":
        return coefficients(k, None, [2 * cross * square])
    # p'Pp + q'Rq with P = G + L and R = G - L.
    matrices = [(own + cross) * square, (own - cross) * square]
    return coefficients(k, c * problem.scale, matrices)


N_PAIRS, N_FEATURES = 120, 3


@pytest.fixture
def data(rng):
    return planted_pairs(rng, N_PAIRS, N_FEATURES)


@pytest.fixture
def plain_data(rng):
    """Pairs to which the prior is a good fit, so that its scale is positive."""
    left, right, similar = planted_pairs(rng, 200, 3, indefinite=False)
    # Some distance between the two classes for the dot product as well.
    right[similar] += left[similar]
    return left, right, similar


@pytest.fixture
def integer_weights(rng):
    return rng.integers(1, 4, N_PAIRS).astype(float)


# ---------------------------------------------------------- (1) independent solvers


@pytest.mark.parametrize(("alpha", "offset"), [(1e-4, 0), (1e-2, 1), (1.0, 2)])
@every_metric_form
def test_constrained_optimum_equals_projected_gradients(form, alpha, offset, seed):
    data = planted_pairs(np.random.default_rng([seed, offset]))
    model = fit(form, data, alpha=alpha)
    problem = explicit(form, data)
    intercept, matrix, value = fista(
        problem.features, problem.targets, problem.weights, alpha, problem.prior
    )
    assert model.objective_ == pytest.approx(value, rel=1e-10)
    found = model.get_mahalanobis_matrix() * problem.scale**2
    size = max(1.0, np.abs(matrix).max())
    assert_allclose(found, matrix, rtol=0, atol=1e-5 * size)
    assert model.intercept_ == pytest.approx(intercept, abs=1e-5)


@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 1.0])
@every_metric_form
def test_constrained_optimum_equals_an_interior_point_solver(form, alpha, rng):
    pytest.importorskip("cvxpy", reason="cvxpy is not installed")
    data = planted_pairs(rng)
    model = fit(form, data, alpha=alpha)
    problem = explicit(form, data)
    intercept, matrix, value = interior_point(
        problem.features, problem.targets, problem.weights, alpha, problem.prior
    )
    # With little curvature, Clarabel itself stops some 1e-5 away (and 1e-10 above).
    rounding = 1e-4 if alpha < 1e-3 else 1e-5
    assert model.objective_ == pytest.approx(value, rel=1e-8)
    found = model.get_mahalanobis_matrix() * problem.scale**2
    size = max(1.0, np.abs(matrix).max())
    assert_allclose(found, matrix, rtol=0, atol=rounding * size)
    assert model.intercept_ == pytest.approx(intercept, abs=rounding)


@pytest.mark.parametrize("alpha", [1e-4, 1e-2, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@every_form
def test_free_optimum_equals_newtons(form, fit_intercept, weighted, alpha, rng):
    """The scale of the prior is left out of the penalty, exactly."""
    data = planted_pairs(rng, 200, 3)
    weights = rng.random(200) if weighted else None
    parameters = {"alpha": alpha, "fit_intercept": fit_intercept, "psd": False}
    model = fit(form, data, weights, **parameters)
    problem = explicit(form, data, weights)
    arguments = (problem.features, problem.targets, problem.weights, alpha)
    beta, value = newton_optimum(*arguments, problem.prior, fit_intercept)
    assert model.objective_ == pytest.approx(value, rel=1e-10)
    size = max(1.0, np.abs(beta).max())
    found = fitted_coefficients(model, problem)
    assert_allclose(found, beta, rtol=0, atol=1e-5 * size)
    if not fit_intercept:
        assert model.intercept_ == 0.0


@pytest.mark.parametrize("alpha", [1e-4, 1e-2])
@every_form
def test_without_a_prior_the_free_optimum_is_a_ridge_logistic_regression(
    form, alpha, rng
):
    """A prior on the wrong side has scale 0: the penalty is then a plain ridge.

    On all symmetric polynomials of degree two, with sqrt(2) at the mixed ones: the
    Frobenius norm counts an entry off the diagonal twice.
    """
    data = planted_pairs(rng, 200, 3, indefinite=False)
    problem = explicit(form, data, metric=-np.eye(3))
    ridge = LogisticRegression(
        C=1 / (alpha * 200), tol=1e-10, solver="newton-cholesky", max_iter=1000
    )
    ridge.fit(problem.features[:, 1:], problem.targets)
    beta = np.concatenate([ridge.intercept_, ridge.coef_[0]])
    assert beta @ problem.prior < 0  # the premise
    model = fit(form, data, alpha=alpha, prior=-np.eye(3), psd=False)
    found = fitted_coefficients(model, problem)
    size = max(1.0, np.abs(beta).max())
    assert_allclose(found, beta, rtol=0, atol=1e-5 * size)


def certificate(model, data):
    """Return M, the gradient by M in the units of the objective, and that by k."""
    problem = explicit(model.form, data)
    beta = fitted_coefficients(model, problem)
    _, gradient = mean_loss(beta, problem.features, problem.targets, problem.weights)
    scale = max(0.0, beta @ problem.prior / (problem.prior @ problem.prior))
    gradient = gradient + model.alpha * (beta - scale * problem.prior)
    gradient[0] -= model.alpha * beta[0]
    return smat(beta[1:]), smat(gradient[1:]), gradient[0]


@pytest.mark.parametrize("alpha", [1e-5, 1e-3, 0.1])
@every_metric_form
def test_constrained_optimum_has_its_certificate(form, alpha, rng):
    """The gradient by M is semidefinite and orthogonal to M.

    With that, the problem being convex, no other M >= 0 is better.
    """
    data = planted_pairs(rng, 1000, 10)
    matrix, dual, by_intercept = certificate(fit(form, data, alpha=alpha), data)
    assert by_intercept == pytest.approx(0.0, abs=1e-6)
    assert_allclose(dual @ matrix, 0.0, atol=1e-6 * np.abs(matrix).max())
    assert np.linalg.eigvalsh(dual)[0] >= -1e-6
    if alpha == 1e-5:
        lam = np.linalg.eigvalsh(matrix)
        assert lam[0] <= 1e-9 * lam[-1]  # the constraint is at work here


@every_metric_form
def test_constrained_optimum_of_real_pairs_has_its_certificate(form):
    """Of 80 features that are neither centred nor scaled.

    The projection of the free optimum, where the factors begin, is far off here: with
    "bilinear" its log-loss is above 20.
    """
    data = spoken_pairs()
    model = fit(form, data, alpha=1e-6, tol=1e-5, max_iter=2000)
    matrix, dual, by_intercept = certificate(model, data)
    # By convexity the objective is less than this above its minimum, if tr M is
    # right up to a factor of two.
    gap = np.vdot(dual, matrix) + 2 * np.trace(matrix) * max(
        0.0, -np.linalg.eigvalsh(dual)[0]
    )
    assert abs(by_intercept) < 1e-3
    assert gap < 1e-2


def objective_of(beta, problem, alpha):
    """Return the objective of explicit coefficients."""
    value, _ = mean_loss(beta, problem.features, problem.targets, problem.weights)
    scale = max(0.0, beta @ problem.prior / (problem.prior @ problem.prior))
    deviation = (beta - scale * problem.prior)[1:]
    return value + alpha / 2 * deviation @ deviation


@every_metric_form
def test_the_constraint_costs_less_than_a_projection(form, rng):
    """Solved under the constraint, not projected afterwards."""
    data = planted_pairs(rng, 300, 4)
    free, held = (fit(form, data, alpha=1e-4, psd=psd) for psd in (False, True))
    problem = explicit(form, data)
    matrix = smat(fitted_coefficients(free, problem)[1:])
    assert np.linalg.eigvalsh(matrix)[0] < 0
    projected = coefficients(0.0, None, [positive_part(matrix)])
    # The projection is given its best scale and intercept, and loses all the same.
    values = problem.features @ projected
    platt = platt_scores(values, data[2])
    projected *= np.ptp(platt) / np.ptp(values)
    projected[0] = platt[0] - problem.features[0] @ projected
    assert free.objective_ < held.objective_
    assert held.objective_ < objective_of(projected, problem, 1e-4) - 1e-6


@every_form
def test_objective_is_the_value_at_the_fitted_model(form, rng):
    data = planted_pairs(rng, 200, 3)
    model = fit(form, data, alpha=0.01)
    problem = explicit(form, data)
    beta = fitted_coefficients(model, problem)
    value = objective_of(beta, problem, 0.01)
    assert model.objective_ == pytest.approx(value, rel=1e-10)
    naive = naive_scores(
        form,
        *data[:2],
        model.intercept_,
        model.get_polynomial()[1],
        {
            "mahalanobis": lambda own, cross: [cross],
            "bilinear": lambda own, cross: [2 * cross],
            "quadratic": lambda own, cross: [own + cross, own - cross],
        }[form](*model.get_polynomial()[2:]),
    )
    assert_allclose(scores(model, data), naive, rtol=1e-10, atol=1e-10)


@every_problem
def test_the_intercept_makes_probabilities_right_on_average(form, psd, rng):
    """The score equation of the intercept, which is not penalised."""
    data = planted_pairs(rng, 200, 3)
    weights = rng.random(200)
    model = fit(form, data, weights, psd=psd)
    mean = np.average(model.predict_proba(data[:2])[:, 1], weights=weights)
    assert mean == pytest.approx(np.average(data[2], weights=weights), abs=1e-6)


@pytest.mark.parametrize(
    ("alpha", "prior"),
    [
        (1e-6, "identity"),
        (1e-6, "kissme"),
        (1e-4, "identity"),
        (1e-2, "kissme"),
        (1.0, "identity"),
        (100.0, "kissme"),
    ],
)
@every_problem
def test_the_default_tol_leaves_the_gap_that_it_promises(form, psd, alpha, prior, rng):
    """1e-4 nats, as documented."""
    data = planted_pairs(rng, 300, 7)
    parameters = {"alpha": alpha, "prior": prior, "psd": psd}
    rough = fit(form, data, tol=1e-3, **parameters)
    exact = fit(form, data, tol=1e-6, max_iter=3000, **parameters)
    assert -1e-9 <= rough.objective_ - exact.objective_ <= 1e-4


# --------------------------------------------------------------- (2) a large alpha


def platt_scores(values, similar, weights=None, fit_intercept=True):
    """Return the log-odds of an unpenalised logistic regression on one feature."""
    center, spread = values.mean() * fit_intercept, values.std()
    z = ((values - center) / spread)[:, None]
    model = LogisticRegression(
        C=np.inf, solver="newton-cholesky", tol=1e-12, fit_intercept=fit_intercept
    )
    model.fit(z, similar, sample_weight=weights)
    assert model.coef_[0, 0] > 0  # the premise: a scale of a prior is not negative
    return model.decision_function(z)


def plain_similarity(form, left, right, metric=None):
    metric = np.eye(left.shape[1]) if metric is None else metric
    if form == "mahalanobis":
        return -np.einsum("ij,jk,ik->i", left - right, metric, left - right)
    return np.einsum("ij,jk,ik->i", left, metric, right)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@every_problem
def test_a_huge_alpha_gives_the_calibrated_plain_similarity(
    form, psd, fit_intercept, weighted, plain_data, rng
):
    left, right, similar = plain_data
    weights = rng.random(len(similar)) if weighted else None
    values = plain_similarity(form, left, right)
    if form == "mahalanobis" and not fit_intercept:
        # Through the origin, Euclid can only say "dissimilar": make most of them so.
        similar = np.where(rng.random(len(similar)) < 0.7, False, similar)
    expected = platt_scores(values, similar, weights, fit_intercept)
    model = fit(
        form,
        (left, right, similar),
        weights,
        alpha=HUGE,
        psd=psd,
        fit_intercept=fit_intercept,
    )
    assert_allclose(scores(model, plain_data), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["covariance", "kissme", "array"])
@every_form
def test_a_huge_alpha_gives_the_calibrated_prior(form, kind, plain_data, rng):
    left, right, similar = plain_data
    weights = np.full(len(similar), 1 / len(similar))
    root = rng.normal(size=(3, 3))
    metric = {
        "covariance": lambda: covariance_metric(left, right, weights, 0.3),
        "kissme": lambda: kissme_metric(left, right, similar, weights, 0.3),
        "array": lambda: root.T @ root + np.eye(3),
    }[kind]()
    if form != "quadratic":
        metric = positive_part(metric)
    values = plain_similarity(form, left, right, metric)
    if (form, kind) == ("quadratic", "kissme"):
        sums, gaps = left + right, left - right
        center = sums.mean(axis=0)
        values = np.zeros(len(similar))
        for rows, middle in ((sums, center), (gaps, 0 * center)):
            matrix, linear = gaussian_log_ratio(rows, similar, weights, 0.3, middle)
            values += np.einsum("ij,jk,ik->i", rows, matrix, rows) + rows @ linear
    prior = metric if kind == "array" else kind
    model = fit(form, plain_data, alpha=HUGE, prior=prior, shrinkage=0.3)
    expected = platt_scores(values, similar)
    assert_allclose(scores(model, plain_data), expected, rtol=0, atol=1e-6)


@every_problem
def test_the_deviation_from_the_prior_shrinks_as_alpha_grows(form, psd, plain_data):
    deviations = []
    for alpha in (1e-4, 1e-2, 1.0, 100.0, HUGE):
        model = fit(form, plain_data, alpha=alpha, psd=psd)
        problem = explicit(form, plain_data)
        beta, prior = fitted_coefficients(model, problem)[1:], problem.prior[1:]
        scale = max(0.0, beta @ prior / (prior @ prior))
        deviations.append(np.linalg.norm(beta - scale * prior))
    assert (np.diff(deviations) < 0).all()
    assert deviations[-1] < 1e-6


@every_form
def test_a_prior_that_points_the_wrong_way_is_switched_off(form, plain_data):
    """Labels turned round: nothing but the rate of similar pairs is left."""
    left, right, similar = plain_data
    model = fit(form, (left, right, ~similar), alpha=HUGE)
    assert_allclose(scores(model, plain_data), logit((~similar).mean()), atol=1e-6)


# ------------------------------------------------------------------- (3) weights


@pytest.mark.parametrize(
    ("prior", "class_weight"),
    [
        ("identity", None),
        ("kissme", "balanced"),
        ("kissme", {False: 3.0, True: 0.5}),
    ],
)
@every_problem
def test_an_integer_weight_is_a_repeated_pair(
    form, psd, prior, class_weight, data, integer_weights
):
    parameters = {"psd": psd, "prior": prior, "class_weight": class_weight}
    weighted = fit(form, data, integer_weights, alpha=1e-2, **parameters)
    repeats = integer_weights.astype(int)
    repeated = [np.repeat(part, repeats, axis=0) for part in data]
    expected = fit(form, repeated, alpha=1e-2, **parameters)
    assert_allclose(scores(weighted, data), scores(expected, data), atol=1e-6)
    assert weighted.objective_ == pytest.approx(expected.objective_, rel=1e-10)


@pytest.mark.parametrize(
    ("prior", "class_weight"),
    [
        ("identity", None),
        ("covariance", "balanced"),
        ("kissme", "balanced"),
        ("kissme", {False: 3.0, True: 0.5}),
    ],
)
@every_problem
def test_a_weight_of_zero_removes_a_pair(form, psd, prior, class_weight, data, rng):
    weights = rng.random(N_PAIRS)
    away = rng.permutation(N_PAIRS)[:30]
    weights[away] = 0.0
    kept = weights > 0
    parameters = {"psd": psd, "prior": prior, "class_weight": class_weight}
    expected = fit(
        form, [part[kept] for part in data], weights[kept], alpha=1e-2, **parameters
    )
    # They may hold anything: without them the unit of the features is another.
    data[0][away] *= 1e6
    data[2][away] = ~data[2][away]
    found = fit(form, data, weights, alpha=1e-2, **parameters)
    inside = [part[kept] for part in data]
    assert_allclose(scores(found, inside), scores(expected, inside), atol=1e-6)
    assert found.objective_ == pytest.approx(expected.objective_, rel=1e-10)


@pytest.mark.parametrize("factor", [1e-200, 7.0, 1e200])
@every_problem
def test_only_the_ratios_of_weights_matter(form, psd, factor, data, rng):
    weights = rng.random(N_PAIRS)
    expected = fit(form, data, weights, alpha=1e-2, psd=psd)
    found = fit(form, data, factor * weights, alpha=1e-2, psd=psd)
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-6)


@every_problem
def test_class_weight_multiplies_the_weights_of_the_classes(form, psd, data, rng):
    weights = rng.random(N_PAIRS)
    similar = data[2]
    by_hand = weights * np.where(similar, 0.5, 3.0)
    expected = fit(form, data, by_hand, psd=psd)
    found = fit(form, data, weights, psd=psd, class_weight={0: 3.0, 1: 0.5})
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-6)
    total = [weights[similar == label].sum() for label in (False, True)]
    balanced = fit(form, data, weights, psd=psd, class_weight="balanced")
    by_hand = weights / np.where(similar, total[1], total[0])
    expected = fit(form, data, by_hand, psd=psd)
    assert_allclose(scores(balanced, data), scores(expected, data), atol=1e-6)


# ---------------------------------------------------------------- (4) invariances


@every_problem
def test_the_order_of_the_pairs_does_not_matter(form, psd, data, rng):
    order = rng.permutation(N_PAIRS)
    expected = fit(form, data, psd=psd)
    found = fit(form, [part[order] for part in data], psd=psd)
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-6)


@every_problem
def test_the_sides_of_training_pairs_may_be_exchanged(form, psd, data, rng):
    """Not bit for bit: sums over pairs are rounded in another order."""
    turned = rng.random((N_PAIRS, 1)) < 0.5
    left, right, similar = data
    expected = fit(form, data, psd=psd)
    sides = np.where(turned, right, left), np.where(turned, left, right)
    found = fit(form, (*sides, similar), psd=psd)
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_problem
def test_a_fitted_model_is_symmetric_bit_for_bit(form, psd, dtype, data):
    left, right = (side.astype(dtype) for side in data[:2])
    model = fit(form, (left, right, data[2]), psd=psd, tol=1e-3)
    for method in ("decision_function", "predict_proba", "pair_score"):
        predict = getattr(model, method)
        assert predict((left, right)).dtype == dtype
        assert_array_equal(predict((left, right)), predict((right, left)))
    table = model.cross_scores(left, right)
    assert_array_equal(table, model.cross_scores(right, left).T)


@every_problem
def test_an_orthogonal_change_of_basis_changes_nothing(form, psd, data, rng):
    """The prior is the identity, and the penalty a Frobenius norm: both invariant."""
    basis = np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
    turned = (data[0] @ basis, data[1] @ basis, data[2])
    expected, found = fit(form, data, psd=psd), fit(form, turned, psd=psd)
    assert_allclose(scores(found, turned), scores(expected, data), atol=1e-6)
    assert found.objective_ == pytest.approx(expected.objective_, rel=1e-10)


@pytest.mark.parametrize(
    ("unit", "prior"),
    [
        (1e-30, "identity"),
        (1e3, "identity"),
        (1e30, "covariance"),
        (1e-30, "kissme"),
        (1e-3, "kissme"),
        (1e30, "array"),
    ],
)
@every_problem
def test_the_unit_of_the_features_does_not_matter(form, psd, unit, prior, data):
    prior = np.diag([1.0, 2.0, 3.0]) if prior == "array" else prior
    scaled = (data[0] * unit, data[1] * unit, data[2])
    expected = fit(form, data, psd=psd, prior=prior)
    found = fit(form, scaled, psd=psd, prior=prior)
    assert_allclose(
        found.predict_proba(scaled[:2]), expected.predict_proba(data[:2]), atol=1e-6
    )


@pytest.mark.parametrize(
    ("dtype", "exponent"), [(np.float32, 50), (np.float64, 300), (np.float64, -300)]
)
@every_problem
def test_a_unit_that_is_a_power_of_two_changes_no_bit(form, psd, dtype, exponent, data):
    left, right = (side.astype(dtype) for side in data[:2])
    expected = fit(form, (left, right, data[2]), psd=psd, tol=1e-3)
    unit = dtype(2.0**exponent)
    found = fit(form, (left * unit, right * unit, data[2]), psd=psd, tol=1e-3)
    assert_array_equal(
        found.decision_function((left * unit, right * unit)),
        expected.decision_function((left, right)),
    )


@pytest.mark.parametrize("unit", [1e-30, 1e3, 1e30])
@every_problem
def test_single_precision_of_any_unit_is_near_double_precision(form, psd, unit, data):
    expected = fit(form, data, psd=psd, alpha=1e-2, tol=1e-5)
    left, right = ((side * unit).astype(np.float32) for side in data[:2])
    found = fit(form, (left, right, data[2]), psd=psd, alpha=1e-2, tol=1e-5)
    assert scores(found, (left, right)).dtype == np.float32
    # Items rounded to 6e-8, a gradient of 1e-5: probabilities to some 1e-5.
    assert_allclose(
        found.predict_proba((left, right)), expected.predict_proba(data[:2]), atol=1e-4
    )


@every_problem
def test_a_refit_erases_the_last_one(form, psd, data, rng):
    """Other width, other labels, other parameters before: no bit is left of them."""
    left, right = rng.normal(size=(2, 50, 7))
    model = SymmetricPairClassifier("mahalanobis", similar_rate=0.1)
    model.fit((left, right), np.where(rng.random(50) < 0.5, "no", "yes"))
    model.set_params(form=form, psd=psd, similar_rate=None)
    model.fit(data[:2], data[2])
    fresh = clone(model).fit(data[:2], data[2])
    assert vars(model).keys() == vars(fresh).keys()
    assert_array_equal(scores(model, data), scores(fresh, data))
    assert_array_equal(model.classes_, fresh.classes_)
    for name in ("n_features_in_", "n_iter_", "objective_", "intercept_"):
        assert getattr(model, name) == getattr(fresh, name)


@every_problem
def test_read_only_inputs_are_accepted_and_left_alone(form, psd, data, rng):
    prior = np.diag([1.0, 2.0, 3.0])
    weights = rng.random(N_PAIRS)
    weights[:5] = 0.0
    arrays = [*data, weights, prior]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    model = fit(form, data, weights, psd=psd, prior=prior, n_components=2, tol=1e-3)
    scores(model, data)
    model.predict_proba(Pairs.from_index(data[0], [[0, 1], [2, 3]]))
    model.cross_scores(*data[:2])
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
    assert model.prior is prior


@every_problem
def test_all_layouts_of_the_same_pairs_give_the_same_model(form, psd, data):
    left, right, similar = data
    expected = fit(form, data, psd=psd)
    index = np.arange(2 * N_PAIRS).reshape(2, N_PAIRS).T
    layouts = [
        Pairs(left, right),
        np.stack([left, right], axis=1),
        Pairs.from_index(np.vstack([left, right]), index),
        (sparse.csr_matrix(left), sparse.csr_matrix(right)),
        (np.asfortranarray(left), np.asfortranarray(right)),
    ]
    for pairs in layouts:
        model = clone(expected).fit(pairs, similar)
        found = model.decision_function(pairs)
        assert_allclose(found, scores(expected, data), atol=1e-6)


@every_form
def test_the_greater_label_is_similar_whatever_the_labels_are(form, data):
    left, right, similar = data
    expected = fit(form, data)
    for low, high in ((-1, 1), (0.0, 1.0), ("no", "yes"), (False, True)):
        y = np.where(similar, high, low)
        model = clone(expected).fit((left, right), y)
        assert_array_equal(model.classes_, [low, high])
        assert_array_equal(scores(model, data), scores(expected, data))
        predicted = np.where(scores(expected, data) > 0, high, low)
        assert_array_equal(model.predict((left, right)), predicted)


# --------------------------------------------------------------- (5) n_components


@every_problem
def test_as_many_components_as_features_are_no_restriction(form, psd, data):
    expected = fit(form, data, psd=psd, alpha=1e-2)
    found = fit(form, data, psd=psd, alpha=1e-2, n_components=N_FEATURES)
    assert found.objective_ == pytest.approx(expected.objective_, rel=1e-9)
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-5)


@pytest.mark.parametrize("n_components", [1, 2, 3])
@every_metric_form
def test_components_have_the_rank_that_was_asked_for(form, n_components, rng):
    data = planted_pairs(rng, 300, 5, indefinite=False)
    model = fit(form, data, n_components=n_components, tol=1e-3)
    assert model.components_.shape == (n_components, 5)
    matrix = model.get_mahalanobis_matrix()
    assert np.linalg.matrix_rank(matrix, tol=1e-10 * np.abs(matrix).max()) == (
        n_components
    )
    assert model.transform(data[0]).shape == (300, n_components)


@pytest.mark.parametrize("n_components", [1, 2, 3])
@every_form
def test_free_matrices_have_the_rank_that_was_asked_for(form, n_components, rng):
    data = planted_pairs(rng, 300, 5)
    model = fit(form, data, n_components=n_components, tol=1e-3, psd=False)
    _, _, own, cross = model.get_polynomial()
    for matrix in [own + cross, own - cross] if form == "quadratic" else [cross]:
        lam = np.abs(np.linalg.eigvalsh(matrix))
        assert (lam > 1e-10 * lam.max()).sum() == n_components


@every_problem
def test_each_further_component_lowers_the_loss(form, psd, rng):
    """Without a penalty: with one, the prior is cut to each rank as well."""
    data = planted_pairs(rng, 200, 5)
    values = [
        fit(form, data, psd=psd, alpha=0.0, n_components=rank, tol=1e-5).objective_
        for rank in range(1, 6)
    ]
    assert (np.diff(values) <= 1e-9).all()
    assert values[1] < values[0]
    full = fit(form, data, psd=psd, alpha=0.0, tol=1e-5).objective_
    assert values[-1] == pytest.approx(full, rel=1e-8)


def mirrored_pairs(rng, n_pairs=40):
    """Draw pairs whose every moment has the same known axes, however weighted.

    Each pair comes with its images under the eight reflections of three axes, which
    have very different variances. The axes are then turned.

    Returns
    -------
    data : tuple
        left, right, similar.
    basis : ndarray of shape (3, 3)
        Rows are the axes, that of the largest variance first.
    """
    left, right, similar = planted_pairs(rng, n_pairs, 3, indefinite=False)
    right[similar] += left[similar]
    flips = np.array(np.meshgrid(*[[1.0, -1.0]] * 3)).reshape(3, -1).T
    axes = flips * [9.0, 3.0, 1.0]
    basis = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    sides = [(side[:, None] * axes).reshape(-1, 3) @ basis for side in (left, right)]
    return (*sides, np.repeat(similar, 8)), basis


@pytest.mark.parametrize("tol", [1e-3, TIGHT])
@pytest.mark.parametrize("n_components", [1, 2, 3])
@every_problem
def test_a_huge_alpha_with_few_components_gives_calibrated_principal_components(
    form, psd, n_components, tol, rng
):
    data, basis = mirrored_pairs(rng)
    axes = basis[:n_components]
    values = plain_similarity(form, data[0] @ axes.T, data[1] @ axes.T)
    expected = platt_scores(values, data[2])
    model = fit(form, data, alpha=HUGE, psd=psd, n_components=n_components, tol=tol)
    # The start is already there, so that the default tol is no excuse.
    assert_allclose(scores(model, data), expected, rtol=0, atol=1e-5)


# ---------------------------------------------------------------- (6) semidefinite


def spoken_pairs():
    spoken = load_spoken_digits()
    pairs, y, _ = make_pairs(spoken.data, spoken.speaker, n_pairs=400, random_state=0)
    return pairs.left.astype(float), pairs.right.astype(float), y.astype(bool)


def difficult_data(name, rng):
    if name == "spoken digits":
        return spoken_pairs()
    if name == "more features than pairs":
        return planted_pairs(rng, 20, 30)
    left, right, similar = planted_pairs(rng, 100, 5)
    if name == "labels turned round":
        similar = ~similar
    elif name == "collinear features":
        left, right = (
            np.hstack([side, side[:, :2], 0 * side]) for side in (left, right)
        )
    elif name == "an outlier":
        left[0] *= 1e4
    elif name == "separable":
        similar = np.linalg.norm(left - right, axis=1) < 2
    return left, right, similar


@pytest.mark.parametrize("alpha", [1e-6, 1e-2])
@pytest.mark.parametrize(
    "name",
    [
        "noisy",
        "labels turned round",
        "collinear features",
        "more features than pairs",
        "an outlier",
        "separable",
        "spoken digits",
    ],
)
@every_metric_form
def test_the_learned_matrix_is_semidefinite_and_the_square_of_components(
    form, name, alpha, rng
):
    """Also where the iterations run out, as they may on some of these."""
    data = difficult_data(name, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fit(form, data, alpha=alpha, tol=1e-2, max_iter=50)
    matrix = model.get_mahalanobis_matrix()
    assert_array_equal(matrix, matrix.T)
    lam = np.linalg.eigvalsh(matrix)
    assert lam[0] >= -1e-10 * lam[-1]
    components = model.components_
    size = np.abs(matrix).max()
    assert_allclose(components.T @ components, matrix, rtol=0, atol=1e-12 * size)
    # Orthogonal rows, the longest first.
    gram = components @ components.T
    assert_allclose(gram, np.diag(np.diag(gram)), rtol=0, atol=1e-10 * size)
    assert (np.diff(np.diag(gram)) <= 1e-12 * size).all()
    if form == "mahalanobis":
        distance = model.pair_distance(data[:2])
        assert_allclose(
            model.intercept_ - distance**2,
            scores(model, data),
            rtol=1e-9,
            atol=1e-9 * max(1.0, np.abs(distance).max() ** 2),
        )


@pytest.mark.parametrize("alpha", [1e-3, 1e3])
@every_problem
def test_pair_score_ranks_as_the_log_odds_do(form, psd, alpha, plain_data):
    model = fit(form, plain_data, alpha=alpha, psd=psd, tol=1e-3)
    order = np.argsort(scores(model, plain_data))
    ranked = model.pair_score(plain_data[:2])[order]
    assert (np.diff(ranked) >= -1e-9 * np.abs(ranked).max()).all()


# ------------------------------------------------------------------ (7) warm start


def warm_and_cold(form, data, first, then, **parameters):
    """Fit twice with a warm start, and once without; only alpha differs."""
    model = fit(form, data, alpha=first, warm_start=True, **parameters)
    n_iter = model.n_iter_
    model.set_params(alpha=then).fit(data[:2], data[2])
    return n_iter, model, fit(form, data, alpha=then, **parameters)


@every_problem
def test_a_warm_start_at_the_optimum_takes_fewer_iterations(form, psd, data):
    n_iter, warm, cold = warm_and_cold(form, data, 1e-3, 1e-3, psd=psd)
    assert n_iter == cold.n_iter_
    assert warm.n_iter_ < cold.n_iter_
    if not psd or form == "quadratic":
        # Nothing is constrained, so nothing is left to do but to see so, in
        # coordinates that are made anew.
        assert warm.n_iter_ <= 2
    assert warm.objective_ == pytest.approx(cold.objective_, rel=1e-10)


@every_problem
def test_warm_starts_along_a_path_take_fewer_iterations_to_the_same_optima(
    form, psd, rng
):
    data = planted_pairs(rng, 300, 6)
    warm = SymmetricPairClassifier(form, psd=psd, tol=1e-6, warm_start=True)
    n_warm = n_cold = 0
    for alpha in np.geomspace(1e-2, 1e-4, 6):
        warm.set_params(alpha=alpha).fit(data[:2], data[2])
        cold = fit(form, data, psd=psd, alpha=alpha, tol=1e-6)
        assert warm.objective_ == pytest.approx(cold.objective_, rel=1e-9)
        found, expected = (model.predict_proba(data[:2]) for model in (warm, cold))
        assert_allclose(found, expected, atol=1e-4)
        n_warm, n_cold = n_warm + warm.n_iter_, n_cold + cold.n_iter_
    assert n_warm < n_cold


@pytest.mark.parametrize(("first", "then"), [(1e-5, 1.0), (1.0, 1e-5), (HUGE, 1e-3)])
@every_problem
def test_a_warm_start_from_afar_reaches_the_same_optimum(form, psd, first, then, data):
    _, warm, cold = warm_and_cold(form, data, first, then, psd=psd)
    assert warm.objective_ == pytest.approx(cold.objective_, rel=1e-9)
    assert_allclose(scores(warm, data), scores(cold, data), atol=1e-4)


@pytest.mark.parametrize("alpha", [1e-2, 1.0, 100.0])
@every_metric_form
def test_a_warm_start_with_few_components_has_the_same_objective(form, alpha, rng):
    """What is minimised does not depend on where the solver began."""
    data = planted_pairs(rng, 300, 4, indefinite=False)
    parameters = {"n_components": 2, "tol": 1e-6}
    _, warm, cold = warm_and_cold(form, data, alpha, alpha, **parameters)
    assert warm.objective_ == pytest.approx(cold.objective_, rel=1e-7)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
@every_problem
def test_a_warm_start_that_is_far_off_still_reaches_the_optimum(form, psd, unit, data):
    """The data were rescaled in between: margins of a million, or none at all."""
    model = fit(form, data, psd=psd, warm_start=True)
    scaled = (data[0] * unit, data[1] * unit, data[2])
    expected = fit(form, scaled, psd=psd)
    model.fit(scaled[:2], scaled[2])
    assert model.objective_ == pytest.approx(expected.objective_, rel=1e-9)
    assert_allclose(scores(model, scaled), scores(expected, scaled), atol=1e-4)


@every_form
def test_a_warm_start_does_not_learn_the_similar_rate(form, data):
    """The shift of the intercept is taken anew, not on top of the last one."""
    model = fit(form, data, similar_rate=0.01, warm_start=True)
    first = scores(model, data)
    model.fit(data[:2], data[2])
    assert_allclose(scores(model, data), first, atol=1e-5)


@every_form
def test_a_warm_start_of_another_width_or_form_begins_anew(form, data):
    left, right, similar = data
    model = SymmetricPairClassifier("mahalanobis", warm_start=True)
    model.fit((left[:, :2], right[:, :2]), similar)
    model.fit((left, right), similar)
    model.set_params(form=form)
    if form != "mahalanobis":
        model.fit((left, right), similar)
    fresh = SymmetricPairClassifier(form).fit((left, right), similar)
    assert_array_equal(scores(model, data), scores(fresh, data))
    assert model.n_iter_ == fresh.n_iter_


# ---------------------------------------------------------------- (8) similar_rate


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.5}])
@pytest.mark.parametrize("weighted", [False, True])
@every_form
def test_similar_rate_shifts_by_the_difference_of_the_log_odds(
    form, weighted, class_weight, data, rng
):
    weights = rng.random(N_PAIRS) if weighted else np.ones(N_PAIRS)
    similar = data[2]
    factors = (3.0, 0.5) if isinstance(class_weight, dict) else (1.0, 1.0)
    if class_weight == "balanced":
        factors = [1 / weights[similar == label].sum() for label in (False, True)]
    effective = weights * np.where(similar, factors[1], factors[0])
    rate = effective[similar].sum() / effective.sum()
    parameters = {"class_weight": class_weight, "tol": 1e-3}
    plain = fit(form, data, weights, **parameters)
    for wanted in (1e-6, 0.9):
        shifted = fit(form, data, weights, similar_rate=wanted, **parameters)
        shift = logit(wanted) - logit(rate)
        assert shifted.intercept_ - plain.intercept_ == pytest.approx(shift, rel=1e-9)
        assert_allclose(
            scores(shifted, data), scores(plain, data) + shift, rtol=0, atol=1e-12
        )
        assert shifted.objective_ == plain.objective_


@every_form
def test_the_training_rate_as_similar_rate_changes_nothing(form, data):
    plain = fit(form, data, tol=1e-3)
    shifted = fit(form, data, tol=1e-3, similar_rate=float(data[2].mean()))
    assert_allclose(scores(shifted, data), scores(plain, data), atol=1e-13)


# --------------------------------------------------------------------- (10) priors


class Learner:
    """What metric-learn's estimators look like, once fitted."""

    def __init__(self, matrix):
        self.matrix = matrix

    def get_mahalanobis_matrix(self):
        return self.matrix


def metric_of(rng, size=N_FEATURES):
    root = rng.normal(size=(size, size))
    return root.T @ root + np.eye(size)


@pytest.mark.parametrize("alpha", [1e-3, 1.0])
@every_problem
def test_a_learner_as_prior_equals_its_matrix(form, psd, alpha, rng):
    data = planted_pairs(rng, N_PAIRS, N_FEATURES, indefinite=False)
    matrix = metric_of(rng)
    expected = fit(form, data, prior=matrix, psd=psd, alpha=alpha)
    identity = fit(form, data, psd=psd, alpha=alpha)
    assert np.abs(scores(identity, data) - scores(expected, data)).max() > 1e-3
    found = fit(form, data, prior=Learner(matrix), psd=psd, alpha=alpha)
    assert_array_equal(scores(found, data), scores(expected, data))


@pytest.mark.parametrize("factor", [1e-9, 1e9])
@every_problem
def test_the_size_of_a_prior_does_not_matter(form, psd, factor, data, rng):
    matrix = metric_of(rng)
    expected = fit(form, data, prior=matrix, psd=psd)
    found = fit(form, data, prior=factor * matrix, psd=psd)
    assert_allclose(scores(found, data), scores(expected, data), atol=1e-6)


@every_problem
def test_a_fitted_classifier_is_a_prior_frozen_or_not(form, psd, data, rng):
    learner = fit("mahalanobis", planted_pairs(rng, 100, N_FEATURES), alpha=1e-2)
    matrix = learner.get_mahalanobis_matrix()
    expected = fit(form, data, prior=matrix, psd=psd, alpha=0.1)
    for prior in (learner, FrozenEstimator(learner)):
        model = fit(form, data, prior=prior, psd=psd, alpha=0.1)
        assert_array_equal(scores(model, data), scores(expected, data))
    # A frozen prior is still fitted in a clone, as in a grid search.
    copy = clone(model).fit(data[:2], data[2])
    assert copy.prior.estimator is learner
    assert_array_equal(scores(copy, data), scores(expected, data))


def test_a_prior_without_parameters_survives_a_clone(data, rng):
    model = fit("mahalanobis", data, prior=Learner(metric_of(rng)), alpha=0.1)
    copy = clone(model).fit(data[:2], data[2])
    assert_array_equal(scores(copy, data), scores(model, data))


@every_problem
def test_an_indefinite_prior_is_allowed_where_no_metric_is_asked_for(form, psd, data):
    """psd has no effect on "quadratic", so it does not forbid anything there."""
    prior = np.diag([1.0, 1.0, -0.5])
    if psd and form != "quadratic":
        with pytest.raises(ValueError, match="positive semidefinite, but"):
            fit(form, data, prior=prior, psd=psd)
    else:
        fit(form, data, prior=prior, psd=psd)


@pytest.mark.parametrize("kind", ["identity", "covariance", "kissme"])
@every_form
def test_a_named_prior_gives_the_optimum_of_its_closed_form(form, kind, rng):
    """At an alpha that lets prior and data both speak, against Newton's method."""
    data = planted_pairs(rng, 200, 3)
    left, right, similar = data
    weights = rng.random(200)
    problem = explicit(form, data, weights)
    weights = problem.weights
    left, right = left / problem.scale, right / problem.scale
    if (form, kind) == ("quadratic", "kissme"):
        sums, gaps = left + right, left - right
        center = np.average(sums, axis=0, weights=weights)
        of_sum, linear = gaussian_log_ratio(sums, similar, weights, 0.2, center)
        of_gap, _ = gaussian_log_ratio(gaps, similar, weights, 0.2, 0 * center)
        prior = coefficients(0.0, linear, [2 * of_sum, 2 * of_gap])
    else:
        metric = {
            "identity": lambda: np.eye(3),
            "covariance": lambda: covariance_metric(left, right, weights, 0.2),
            "kissme": lambda: kissme_metric(left, right, similar, weights, 0.2),
        }[kind]()
        prior = explicit(form, data, metric=metric).prior
    beta, value = newton_optimum(
        problem.features, problem.targets, problem.weights, 0.1, prior
    )
    parameters = {"prior": kind, "shrinkage": 0.2, "alpha": 0.1, "psd": False}
    model = fit(form, data, weights, **parameters)
    assert model.objective_ == pytest.approx(value, rel=1e-9)
    size = max(1.0, np.abs(beta).max())
    found = fitted_coefficients(model, problem)
    assert_allclose(found, beta, rtol=0, atol=1e-5 * size)
