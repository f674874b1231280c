# SPDX-License-Identifier: BSD-3-Clause
"""The dual solver: optimality, plain solvers, and the forms of degree two."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles_kernels import explicit_features, naive_logistic
from pair_data import class_pairs
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sksymsim import Pairs, pair_kernel
from sksymsim._blocks import Team
from sksymsim._finishing import score_of_prior
from sksymsim._fitting import FitOptions, fit_score
from sksymsim._forms import FORMS
from sksymsim._kernels import fitting as _dual_fitting
from sksymsim._kernels.fitting import DualOptions, fit_dual
from sksymsim._kernels.score import score_dual
from sksymsim._layout import make_design
from sksymsim._priors import build_prior
from sksymsim._scoring import score_pairs

OPTIONS = DualOptions(
    pairwise="both",
    kernel="rbf",
    degree=2,
    gamma=0.1,
    coef0=1.0,
    alpha=1e-3,
    n_landmarks=None,
    fit_intercept=True,
    tol=1e-9,
    max_iter=100,
    random_state=0,
)
KERNEL_NAMES = ("pairwise", "kernel", "degree", "gamma", "coef0")


def options(**changed):
    return replace(OPTIONS, **changed)


def gram(pairs, chosen):
    return pair_kernel(pairs, **{name: getattr(chosen, name) for name in KERNEL_NAMES})


@pytest.fixture(scope="module")
def data():
    pairs, y, _ = class_pairs(n_items=40, n_pairs=260)
    weights = np.random.default_rng(1).uniform(0.2, 1, size=len(y))
    return pairs, y, np.where(y == 1, 1.0, -1.0), weights / weights.sum()


@pytest.fixture(params=["factorised", "pairs", "items"])
def way(request, monkeypatch):
    """Each way to take the steps."""
    if request.param != "factorised":
        monkeypatch.setattr(_dual_fitting, "CHOLESKY_PAIRS", 0)
        monkeypatch.setattr(_dual_fitting, "RANK", 20)
    return request.param


def laid_out(pairs, way):
    """Return pairs so that their own Gram matrix is the smaller one, or is not."""
    if way != "pairs":
        return pairs
    # Each row differs a little, too little to matter, and so no item is shared.
    n_pairs, _, n_features = pairs.shape
    tiny = 1e-13 * np.arange(2 * n_pairs * n_features).reshape(2, n_pairs, n_features)
    return Pairs(pairs.left + tiny[0], pairs.right + tiny[1])


def scores_of(solution, pairs):
    return score_dual(solution.score, pairs)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    "kernel",
    [
        {"pairwise": "both", "kernel": "rbf"},
        {"pairwise": "mlpk", "kernel": "poly"},
        {"pairwise": "tppk", "kernel": "linear"},
        {"pairwise": "concat", "kernel": "poly", "degree": 3},
        {"pairwise": "sum", "kernel": "rbf"},
    ],
    ids=lambda kernel: "-".join(map(str, kernel.values())),
)
def test_gradient_is_zero(data, way, kernel, fit_intercept):
    pairs, _, targets, weights = data
    pairs = laid_out(pairs, way)
    chosen = options(**kernel, fit_intercept=fit_intercept)
    solution = fit_dual(pairs, targets, weights, chosen)
    assert solution.result.status in ("converged", "resolution")
    K = gram(pairs, chosen)
    scale = weights @ K.diagonal()
    assert_allclose(solution.kernel_scale, scale)
    free = int(fit_intercept)
    a = solution.result.theta[: len(pairs)]
    scores = K @ a + (solution.result.theta[-1] if free else 0.0)
    residuals = weights * targets * expit(-targets * scores)
    # alpha a = r, up to what K maps to zero, and no sum of residuals is left.
    gradient = K @ (chosen.alpha * scale * a - residuals)
    assert_allclose(gradient, 0, atol=1e-9 * scale)
    if fit_intercept:
        assert_allclose(residuals.sum(), 0, atol=1e-9)
    # What is kept for scoring says the same.
    assert_allclose(scores_of(solution, pairs), scores, rtol=1e-6, atol=1e-7)
    value = weights @ np.logaddexp(0, -targets * scores)
    value += chosen.alpha * scale / 2 * a @ K @ a
    assert_allclose(solution.result.value, value, rtol=1e-9)


@pytest.mark.parametrize("pairwise", ["tppk", "mlpk", "both", "sum"])
def test_primal_problem_of_explicit_features(data, way, pairwise):
    pairs, y, targets, weights = data
    pairs = laid_out(pairs, way)
    chosen = options(pairwise=pairwise, kernel="linear")
    solution = fit_dual(pairs, targets, weights, chosen)
    features = explicit_features(pairs, pairwise) / np.sqrt(solution.kernel_scale)
    coef, k, value = naive_logistic(features, y, weights, chosen.alpha)
    assert_allclose(solution.result.value, value, rtol=1e-9)
    assert_allclose(scores_of(solution, pairs), features @ coef + k, atol=2e-5)
    assert_allclose(solution.score.intercept, k, atol=2e-5)
    learner = LogisticRegression(
        C=1 / chosen.alpha, solver="newton-cholesky", tol=1e-12, max_iter=1000
    ).fit(features, y, weights)
    expected = learner.decision_function(features)
    assert_allclose(scores_of(solution, pairs), expected, atol=1e-6)


FORM_OF_KERNEL = {
    # Form, and the factor of its penalty, in the units of the form.
    "mahalanobis": ({"pairwise": "mlpk", "kernel": "linear"}, 0.25),
    "bilinear": ({"pairwise": "tppk", "kernel": "linear"}, 1.0),
    "quadratic": ({"pairwise": "concat", "kernel": "poly", "degree": 2}, 1.0),
}


@pytest.mark.parametrize("form", FORM_OF_KERNEL)
@pytest.mark.parametrize("alpha", [1e-1, 1e-3])
def test_forms_of_degree_two(data, way, form, alpha):
    pairs, y, targets, weights = data
    pairs = laid_out(pairs, way)
    kernel, factor = FORM_OF_KERNEL[form]
    with Team() as team:
        design = make_design(pairs, FORMS[form], weights, team, "identity", y == 1)
        arranged = design.arrange(targets), design.arrange(weights)
        prior = build_prior(FORMS[form], "identity", 0.1, design, *arranged, psd=False)
        primal = fit_score(
            design,
            prior,
            *arranged,
            FitOptions(alpha, True, False, None, 1e-9, 2000),
        )
        theta_0 = score_of_prior(design, prior, *arranged)
    unit = design.scale**2
    chosen = options(**kernel, gamma=1 / unit)
    K = gram(pairs, chosen)
    if kernel["kernel"] == "linear":
        factor *= unit**2
    scale = weights @ K.diagonal()
    chosen = replace(chosen, alpha=alpha * factor / scale)
    dual = fit_dual(pairs, targets, weights, chosen, lambda: theta_0)
    assert_allclose(dual.result.value, primal.result.value, rtol=1e-9)
    expected = score_pairs(primal.score, pairs)
    assert_allclose(scores_of(dual, pairs), expected, atol=1e-6)


def test_all_ways_give_one_solution(data, monkeypatch):
    pairs, _, targets, weights = data
    expected = scores_of(fit_dual(pairs, targets, weights, OPTIONS), pairs)
    monkeypatch.setattr(_dual_fitting, "CHOLESKY_PAIRS", 0)
    for rank in (1, 50, 300):
        monkeypatch.setattr(_dual_fitting, "RANK", rank)
        by_items = fit_dual(pairs, targets, weights, OPTIONS)
        assert_allclose(scores_of(by_items, pairs), expected, atol=1e-6)


def test_better_preconditioners_save_products(data, monkeypatch):
    pairs, _, targets, weights = data
    monkeypatch.setattr(_dual_fitting, "CHOLESKY_PAIRS", 0)
    products = []
    for rank in (1, 150):
        monkeypatch.setattr(_dual_fitting, "RANK", rank)
        result = fit_dual(pairs, targets, weights, options(alpha=1e-5)).result
        products.append(result.n_evaluations)
    assert 2 * products[1] < products[0]


def test_degree_of_the_base_is_that_of_explicit_polynomials(data):
    # (x'y)^2 is the linear kernel of all products x_j x_k.
    pairs, _, targets, weights = data
    by_kernel = fit_dual(
        pairs,
        targets,
        weights,
        options(pairwise="tppk", kernel="poly", gamma=1.0, coef0=0.0),
    )
    squares = pairs.map_items(
        lambda x: np.einsum("ni,nj->nij", x, x).reshape(len(x), -1)
    )
    explicit = fit_dual(
        squares, targets, weights, options(pairwise="tppk", kernel="linear")
    )
    assert_allclose(
        scores_of(by_kernel, pairs), scores_of(explicit, squares), atol=1e-6
    )


def test_landmarks(data):
    pairs, _, targets, weights = data
    exact = fit_dual(pairs, targets, weights, OPTIONS)
    few = fit_dual(pairs, targets, weights, options(n_landmarks=30))
    assert (exact.n_landmarks, few.n_landmarks) == (None, 30)
    # A smaller space has a higher minimum, and the same objective.
    assert few.result.value > exact.result.value
    many = fit_dual(pairs, targets, weights, options(n_landmarks=len(pairs) - 1))
    assert exact.result.value < many.result.value < exact.result.value + 2e-3
    assert many.result.value < few.result.value
    assert few.score.support.shape[0] <= 40
    # In the space of the landmarks it is the optimum: dense Newton on their features.
    rng = np.random.RandomState(0)
    chosen = np.sort(rng.permutation(len(pairs))[:30])
    K = gram(pairs, OPTIONS)
    lam, basis = np.linalg.eigh(K[np.ix_(chosen, chosen)])
    features = K[:, chosen] @ basis / np.sqrt(lam * few.kernel_scale)
    y = (targets > 0).astype(int)
    coef, k, value = naive_logistic(features, y, weights, OPTIONS.alpha)
    assert_allclose(few.result.value, value, rtol=1e-6)
    assert_allclose(scores_of(few, pairs), features @ coef + k, atol=1e-3)


def test_prior_that_points_the_wrong_way_is_switched_off(data):
    pairs, y, targets, weights = data
    with Team() as team:
        form = FORMS["bilinear"]
        design = make_design(pairs, form, weights, team, "identity", y == 1)
        arranged = design.arrange(targets), design.arrange(weights)
        prior = build_prior(form, "identity", 0.1, design, *arranged, psd=False)
        theta_0 = score_of_prior(design, prior, *arranged)
    chosen = options(pairwise="sum", alpha=1e3)
    right = fit_dual(pairs, targets, weights, chosen, lambda: theta_0)
    wrong = fit_dual(pairs, -targets, weights, chosen, lambda: theta_0)
    assert right.score.prior_scale > 0
    assert wrong.score.prior_scale == 0
    without = fit_dual(pairs, -targets, weights, chosen)
    assert_allclose(scores_of(wrong, pairs), scores_of(without, pairs), atol=1e-8)


def test_large_penalty_leaves_the_rate(data):
    pairs, _, targets, weights = data
    solution = fit_dual(pairs, targets, weights, options(alpha=1e9))
    rate = weights[targets > 0].sum()
    assert_allclose(expit(scores_of(solution, pairs)), rate, rtol=1e-6)


def test_kernel_that_is_zero_leaves_the_rate():
    # Differences of equal items say nothing.
    X = np.ones((6, 2, 3))
    targets, weights = np.array([1.0, 1, 1, 1, -1, -1]), np.full(6, 1 / 6)
    chosen = options(pairwise="mlpk", kernel="linear")
    solution = fit_dual(Pairs(X[:, 0], X[:, 1]), targets, weights, chosen)
    assert_allclose(scores_of(solution, Pairs(X[:, 0], X[:, 1])), np.log(2))


def test_separable_pairs_and_little_penalty(data, way):
    pairs, _, targets, weights = data
    pairs = laid_out(pairs, way)
    solution = fit_dual(pairs, targets, weights, options(alpha=1e-7, tol=1e-4))
    assert solution.result.converged
    assert solution.result.value < 0.02
    assert (np.sign(scores_of(solution, pairs)) == targets).all()
    values = [entry["objective"] for entry in solution.result.history]
    assert (np.diff(values) < 0).all()
