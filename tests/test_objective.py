# SPDX-License-Identifier: BSD-3-Clause
"""Loss, penalty, priors and coordinates against plain formulas and differences."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import (
    NAIVE_FORMS,
    central_differences,
    covariance_metric,
    flat,
    gaussian_log_ratio,
    kissme_metric,
    naive_log_loss,
    naive_objective,
    naive_scores,
    planted_pairs,
    positive_part,
    root_mean_square_difference,
    smat,
    svec,
)
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sksymsim import Pairs
from sksymsim._design import PairDesign
from sksymsim._factors import signed_factor
from sksymsim._forms import FORMS
from sksymsim._models import FactorModel, MatrixModel, Parameters
from sksymsim._objective import PairObjective, fit_scale_and_intercept, log_loss
from sksymsim._priors import PRIORS, build_prior
from sksymsim._scaling import (
    CenteredFactors,
    Curvatures,
    eigenbases,
    matrix_scaling,
)

N_PAIRS, N_FEATURES = 40, 3
SHRINKAGE = 0.1
PRIOR_KINDS = [*PRIORS, "array", "learner"]

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_prior = pytest.mark.parametrize("kind", PRIOR_KINDS)
every_model = pytest.mark.parametrize(
    "model", ["matrices", "positive factors", "signed factors"]
)
every_intercept = pytest.mark.parametrize("fit_intercept", [True, False])
some_seeds = pytest.mark.parametrize("seed_offset", range(3))


def make_problem(rng, form, kind="identity", n_pairs=N_PAIRS, dtype=np.float64):
    """Return weighted pairs with a design, and the prior of one kind in it."""
    left, right, similar = planted_pairs(rng, n_pairs, N_FEATURES)
    similar[:2] = False, True
    left, right = left.astype(dtype), right.astype(dtype)
    weights = rng.integers(1, 4, n_pairs) / 2
    weights /= weights.sum()
    targets = np.where(similar, 1.0, -1.0)
    design = PairDesign(Pairs(left, right), form, weights)
    root = rng.normal(size=(N_FEATURES, N_FEATURES))
    metric = root.T @ root
    given = {
        "array": metric,
        "learner": SimpleNamespace(get_mahalanobis_matrix=lambda: metric),
    }.get(kind, kind)
    prior = build_prior(
        form, given, SHRINKAGE, design, targets, weights, psd=True
    ).parameters
    return SimpleNamespace(
        form=form,
        left=left,
        right=right,
        similar=similar,
        weights=weights,
        targets=targets,
        design=design,
        metric=metric,
        prior=prior,
    )


def naive_prior(problem, kind):
    """Return the linear part and the matrices of theta_0, from scratch."""
    scale = root_mean_square_difference(problem.left, problem.right, problem.weights)
    left, right = problem.left / scale, problem.right / scale
    similar, weights, name = problem.similar, problem.weights, problem.form.name
    if kind == "kissme" and name == "quadratic":
        sums, gaps = left + right, left - right
        center = np.average(sums, axis=0, weights=weights)
        # B of the sum is that of p = sum / sqrt(2), halved.
        of_sum, linear = gaussian_log_ratio(sums, similar, weights, SHRINKAGE, center)
        of_gap, _ = gaussian_log_ratio(gaps, similar, weights, SHRINKAGE, 0 * center)
        return linear, [2 * of_sum, 2 * of_gap]
    metric = {
        "identity": lambda: np.eye(N_FEATURES),
        "covariance": lambda: covariance_metric(left, right, weights, SHRINKAGE),
        "kissme": lambda: kissme_metric(left, right, similar, weights, SHRINKAGE),
        "array": lambda: problem.metric,
        "learner": lambda: problem.metric,
    }[kind]()
    if name == "quadratic":  # a'Mb = (p'Mp - q'Mq) / 2
        return np.zeros(N_FEATURES), [metric / 2, -metric / 2]
    return None, [positive_part(metric)]


def make_objective(rng, problem, model, alpha=0.1, fit_intercept=True):
    """Return an objective and random parameters of its model."""
    form = problem.form
    if model == "matrices":
        model = MatrixModel(problem.prior)
        shapes = [(N_FEATURES, N_FEATURES)] * len(form.terms)
    else:
        factors, prior_signs = zip(
            *(signed_factor(array) for array in problem.prior.arrays), strict=True
        )
        prior = Parameters(0.0, problem.prior.linear, list(factors))
        shapes = [(2 + t, N_FEATURES) for t in range(len(form.terms))]
        signs = [np.ones(rank) for rank, _ in shapes]
        if model == "signed factors":
            for sign in signs:
                sign[::2] = -1.0
        model = FactorModel(prior, prior_signs, signs)
    objective = PairObjective(
        problem.design, model, problem.targets, problem.weights, alpha, fit_intercept
    )
    arrays = [rng.normal(size=shape) for shape in shapes]
    if isinstance(model, MatrixModel):
        arrays = [array + array.T for array in arrays]
    linear = rng.normal(size=N_FEATURES) if form.has_linear else None
    intercept = float(rng.normal()) if fit_intercept else 0.0
    return objective, Parameters(intercept, linear, arrays)


def value_and_gradient(objective, parameters):
    theta = parameters.flatten()
    return objective.value_and_gradient(theta, parameters.like(theta))


def function_of_theta(objective, parameters):
    """Return (value, gradient) as a function of the flat unknowns.

    The matrices of a model are symmetric, so differences are taken among such, and
    an intercept that is not free stays at zero.
    """

    def function(theta):
        theta = theta.copy()
        views = parameters.like(theta)
        if isinstance(objective.model, MatrixModel):
            for array in views.arrays:
                array[:] = (array + array.T) / 2
        if not objective.fit_intercept:
            assert objective.value_and_gradient(theta, views)[1][0] == 0.0
            theta[0] = 0.0
        return objective.value_and_gradient(theta, parameters.like(theta))

    return function


# ---------------------------------------------------------------------- the value


@every_intercept
@every_model
@every_prior
@every_form
def test_value_equals_the_formula(form, kind, model, fit_intercept, rng):
    problem = make_problem(rng, form, kind)
    objective, parameters = make_objective(rng, problem, model, 0.3, fit_intercept)
    scale = root_mean_square_difference(problem.left, problem.right, problem.weights)
    matrices = objective.model.matrices(parameters)
    scores = naive_scores(
        form.name,
        problem.left / scale,
        problem.right / scale,
        parameters.intercept,
        parameters.linear,
        matrices,
    )
    expected = naive_objective(
        scores,
        problem.targets,
        problem.weights,
        0.3,
        flat(parameters.linear, matrices),
        flat(*naive_prior(problem, kind)),
    )
    assert_allclose(objective.scores(parameters), scores, rtol=1e-11, atol=1e-11)
    value, _ = value_and_gradient(objective, parameters)
    assert value == pytest.approx(expected, rel=1e-11)


@every_model
@every_form
def test_a_prior_on_the_other_side_is_switched_off(form, model, rng):
    """The scale g of the prior is not negative: the penalty is then |theta|^2."""
    problem = make_problem(rng, form)
    objective, parameters = make_objective(rng, problem, model, alpha=1.0)
    linear, matrices = parameters.linear, objective.model.matrices(parameters)
    vector = flat(linear, matrices)
    if vector @ flat(problem.prior.linear, problem.prior.arrays) > 0:
        flipped = [-array for array in problem.prior.arrays]
        problem.prior = Parameters(0.0, problem.prior.linear, flipped)
        rng = np.random.default_rng(0)  # only the model is wanted
        objective.model = make_objective(rng, problem, model)[0].model
    theta = parameters.flatten()
    half_square, _ = objective.model.penalty(theta, parameters.like(theta))
    assert half_square == pytest.approx(vector @ vector / 2, rel=1e-12)


@every_model
@every_form
def test_multiples_of_the_prior_cost_nothing(form, model, rng):
    problem = make_problem(rng, form, "array")
    if model == "matrices":
        model, arrays = MatrixModel(problem.prior), problem.prior.arrays
    else:
        factors, signs = zip(
            *(signed_factor(array) for array in problem.prior.arrays), strict=True
        )
        arrays = list(factors)
        model = FactorModel(
            Parameters(0.0, problem.prior.linear, arrays), signs, list(signs)
        )
    parameters = Parameters(5.0, problem.prior.linear, [7.0 * a for a in arrays])
    theta = parameters.flatten()
    half_square, gradient = model.penalty(theta, parameters.like(theta))
    size = theta @ theta
    assert half_square == pytest.approx(0.0, abs=1e-12 * size**2)
    assert_allclose(gradient, 0.0, atol=1e-12 * size**2)


@every_form
def test_objective_of_several_blocks_equals_that_of_one(form, rng, monkeypatch):
    problem = make_problem(rng, form, n_pairs=300)
    objective, parameters = make_objective(rng, problem, "matrices")
    assert len(problem.design.slices) == 1
    expected = value_and_gradient(objective, parameters)
    scores = objective.scores(parameters)
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 1)
    for resident in (True, False):
        if not resident:
            monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
        pairs = Pairs(problem.left, problem.right)
        objective.design = PairDesign(pairs, form, problem.weights)
        assert len(objective.design.slices) == 4
        found = value_and_gradient(objective, parameters)
        assert found[0] == pytest.approx(expected[0], rel=1e-13)
        assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-14)
        assert_allclose(objective.scores(parameters), scores, rtol=1e-13)


@every_model
@every_form
def test_objective_of_csr_and_of_index_pairs_equals_that_of_arrays(form, model, rng):
    problem = make_problem(rng, form)
    objective, parameters = make_objective(rng, problem, model)
    expected = value_and_gradient(objective, parameters)
    rows = np.arange(2 * N_PAIRS).reshape(2, -1).T
    for pairs in (
        Pairs(sparse.csr_matrix(problem.left), sparse.csr_matrix(problem.right)),
        Pairs.from_index(np.vstack([problem.left, problem.right]), rows),
    ):
        objective.design = PairDesign(pairs, form, problem.weights)
        found = value_and_gradient(objective, parameters)
        assert found[0] == pytest.approx(expected[0], rel=1e-12)
        assert_allclose(found[1], expected[1], rtol=1e-11, atol=1e-13)


@every_model
@every_form
def test_single_precision_pairs_give_double_precision_sums(form, model, rng):
    problem = make_problem(rng, form, dtype=np.float32)
    objective, parameters = make_objective(rng, problem, model)
    assert objective.design.dtype == np.float32
    found = value_and_gradient(objective, parameters)
    assert found[1].dtype == np.float64
    wide = Pairs(problem.left.astype(float), problem.right.astype(float))
    objective.design = PairDesign(wide, form, problem.weights)
    expected = value_and_gradient(objective, parameters)
    # Sums of some tens of products that are rounded to 6e-8 of the largest.
    assert found[0] == pytest.approx(expected[0], rel=1e-5)
    assert_allclose(found[1], expected[1], atol=1e-5 * np.abs(expected[1]).max())


# ------------------------------------------------------------------- the gradient


def assert_gradient(function, theta, size=1.0):
    """Compare with central differences; theta is left as it was.

    The differences lose 2e-16 / 1e-6 of the largest number within the value to
    rounding: `size` is a bound on it.
    """
    before = theta.copy()
    value, gradient = function(theta)
    numeric = central_differences(lambda x: function(x)[0], theta)
    assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9 * max(size, value))
    assert_array_equal(theta, before)


def size_of(objective, theta, parameters):
    """Return the largest number within the value: a summand of a score or penalty."""
    squares = 0.0
    for array in parameters.like(theta).arrays:
        size = np.vdot(array, array)
        # The matrix of a factor V is no larger than |V|^2.
        squares += size if isinstance(objective.model, MatrixModel) else size**2
    return 1.0 + np.sqrt(squares) + objective.alpha * squares


def near_optimum(function, start, model):
    near = minimize(function, start, jac=True, method="L-BFGS-B").x
    assert function(near)[0] < function(start)[0]
    # Factors of both signs may grow forever, each cancelling the other.
    if model != "signed factors":
        assert np.linalg.norm(function(near)[1]) < 0.01
    return near


@pytest.mark.parametrize(
    ("seed_offset", "fit_intercept"), [(0, True), (1, False), (2, True)]
)
@every_model
@every_form
def test_gradient_equals_central_differences(
    form, model, fit_intercept, seed_offset, seed
):
    rng = np.random.default_rng([seed, seed_offset])
    kind = PRIOR_KINDS[seed_offset]
    problem = make_problem(rng, form, kind)
    objective, parameters = make_objective(rng, problem, model, 0.05, fit_intercept)
    function = function_of_theta(objective, parameters)
    start = parameters.flatten()
    # Margins of some hundreds, for the one far from the optimum.
    far = start * (20.0 if model == "matrices" else 5.0)
    for theta in (start, far, near_optimum(function, start, model)):
        assert_gradient(function, theta, size_of(objective, theta, parameters))


@every_model
@every_form
def test_gradient_where_the_prior_is_switched_off(form, model, rng):
    problem = make_problem(rng, form)
    objective, parameters = make_objective(rng, problem, model, alpha=1.0)
    linear = problem.prior.linear
    sign = np.sign(
        flat(parameters.linear, objective.model.matrices(parameters))
        @ flat(linear, problem.prior.arrays)
    )
    away = [-sign * array for array in problem.prior.arrays]
    problem.prior = Parameters(0.0, linear, away)
    objective.model = make_objective(np.random.default_rng(0), problem, model)[0].model
    theta = parameters.flatten()
    assert_gradient(function_of_theta(objective, parameters), theta)


# --------------------------------------------------------------------- the log-loss


def test_log_loss_equals_the_formula(rng):
    scores = rng.normal(size=50) * 10
    targets = np.where(rng.random(50) < 0.5, 1.0, -1.0)
    weights = rng.random(50)
    value, slope = log_loss(scores, targets, weights)
    assert value == pytest.approx(naive_log_loss(scores, targets, weights), rel=1e-14)
    numeric = central_differences(lambda s: log_loss(s, targets, weights)[0], scores)
    assert_allclose(slope, numeric, rtol=1e-6, atol=1e-7)
    assert_allclose(slope, -weights * targets * expit(-targets * scores), rtol=1e-14)


@pytest.mark.parametrize("size", [800.0, 1e5, 1e300])
@pytest.mark.parametrize("target", [1.0, -1.0])
def test_log_loss_of_huge_margins_is_finite_and_exact(target, size):
    one = np.ones(1)
    value, slope = log_loss(np.array([-target * size]), target * one, one)
    assert value == size  # hopelessly wrong: the loss is the margin
    assert slope == -target
    value, slope = log_loss(np.array([target * size]), target * one, one)
    assert value == 0.0
    assert slope == 0.0


@every_model
@every_form
def test_objective_stays_finite_at_margins_of_800(form, model, rng):
    problem = make_problem(rng, form)
    objective, parameters = make_objective(rng, problem, model, alpha=0.0)
    largest = np.abs(objective.scores(parameters) - parameters.intercept).max()
    factor = 800 / largest
    grown = factor if model == "matrices" else np.sqrt(factor)
    linear = None if parameters.linear is None else factor * parameters.linear
    parameters = Parameters(0.0, linear, [grown * a for a in parameters.arrays])
    scores = objective.scores(parameters)
    assert np.abs(scores).max() == pytest.approx(800, rel=1e-12)
    value, gradient = value_and_gradient(objective, parameters)
    naive = naive_log_loss(scores, problem.targets, problem.weights)
    assert value == pytest.approx(naive, rel=1e-12)
    assert np.isfinite(gradient).all()
    theta = parameters.flatten()
    assert_gradient(function_of_theta(objective, parameters), theta, size=800)


# ------------------------------------------------------------------------ priors


@every_prior
@every_form
def test_prior_equals_the_closed_form(form, kind, rng):
    problem = make_problem(rng, form, kind)
    linear, matrices = naive_prior(problem, kind)
    assert problem.prior.intercept == 0.0
    expected = flat(linear, matrices)
    found = flat(problem.prior.linear, problem.prior.arrays)
    if kind in ("array", "learner"):
        # Only the direction matters, as the scale of a prior is free.
        found = found / np.abs(found).max()
        expected = expected / np.abs(expected).max()
    assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())


@every_form
def test_a_metric_prior_scores_as_the_plain_similarity_does(form, rng):
    """Euclid for the difference, the dot product for what is not reflexive."""
    problem = make_problem(rng, form, "array")
    objective = PairObjective(
        problem.design,
        MatrixModel(problem.prior),
        problem.targets,
        problem.weights,
        1.0,
        True,
    )
    plain = "mahalanobis" if form.reflexive else "bilinear"
    expected = NAIVE_FORMS[plain].score
    pairs = zip(problem.left, problem.right, strict=True)
    expected = np.array([expected(a, b, None, [problem.metric]) for a, b in pairs])
    found = objective.scores(problem.prior)
    ratio = (found @ expected) / (expected @ expected)
    assert ratio > 0
    assert_allclose(found, ratio * expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shrinkage", [0.0, 0.5, 1.0])
def test_full_shrinkage_of_the_covariance_is_the_identity(shrinkage, rng):
    form = FORMS["mahalanobis"]
    problem = make_problem(rng, form)
    arguments = (problem.design, problem.targets, problem.weights)
    prior = build_prior(form, "covariance", shrinkage, *arguments, psd=True).parameters
    metric = prior.arrays[0] / prior.arrays[0][0, 0]
    if shrinkage == 1.0:
        assert_allclose(metric, np.eye(N_FEATURES), atol=1e-12)
    else:
        assert np.abs(metric - np.eye(N_FEATURES)).max() > 0.1


def test_an_indefinite_kissme_prior_is_projected_only_where_a_metric_is_wanted(rng):
    form = FORMS["mahalanobis"]
    problem = make_problem(rng, form)
    # Similar pairs differ more in the first direction, and less in the others.
    gap = problem.left - problem.right
    gap[problem.similar] *= [10.0, 0.1, 0.1]
    pairs = Pairs(gap, 0 * gap)
    design = PairDesign(pairs, form, problem.weights)
    arguments = (SHRINKAGE, design, problem.targets, problem.weights)
    free = build_prior(form, "kissme", *arguments, psd=False).parameters.arrays[0]
    held = build_prior(form, "kissme", *arguments, psd=True).parameters.arrays[0]
    assert np.linalg.eigvalsh(free)[0] < 0
    assert np.linalg.eigvalsh(held)[0] >= -1e-12 * np.abs(held).max()
    assert_allclose(held, positive_part(free), atol=1e-12 * np.abs(free).max())


# -------------------------------------------------------------------- coordinates

every_factor_model = pytest.mark.parametrize(
    "model", ["positive factors", "signed factors"]
)


def centered_factors(rng, form, model, fit_intercept=True, alpha=0.05):
    problem = make_problem(rng, form)
    objective, parameters = make_objective(rng, problem, model, alpha, fit_intercept)
    curvatures = Curvatures(objective, objective.fisher(objective.scores(parameters)))
    centered = CenteredFactors(objective, curvatures)
    return objective, parameters, centered, centered.start(parameters)


@every_intercept
@every_factor_model
@every_form
def test_centered_factors_lead_to_parameters_and_back(form, model, fit_intercept, rng):
    _, parameters, centered, u = centered_factors(rng, form, model, fit_intercept)
    found = centered.parameters(u)
    assert_allclose(found.flatten(), parameters.flatten(), rtol=1e-12, atol=1e-12)
    assert_allclose(centered.start(found), u, rtol=1e-12, atol=1e-12)


@some_seeds
@every_intercept
@every_factor_model
@every_form
def test_gradient_by_centered_factors_equals_central_differences(
    form, model, fit_intercept, seed_offset, seed
):
    rng = np.random.default_rng([seed, seed_offset])
    objective, _, centered, u = centered_factors(rng, form, model, fit_intercept)
    function = centered.value_and_gradient
    if not fit_intercept:
        assert function(u)[1][0] == 0.0
        assert centered.parameters(u + 1.0).intercept == 0.0
        u[0] = 0.0
    far = 3 * u + rng.normal(size=u.size) * (np.arange(u.size) > 0)
    for point in (u, far):
        natural = centered.parameters(point)
        size = size_of(objective, natural.flatten(), natural)
        value, gradient = function(point)
        numeric = central_differences(lambda x: function(x)[0], point)
        if not fit_intercept:
            numeric[0] = 0.0
        assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8 * max(size, value))


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 0.1])
@every_form
def test_hessian_of_gaussian_pairs_is_what_the_scaling_says(form, alpha, rng):
    """What the scaling is for: tol is then about the square root of the gap."""
    n_pairs = 20_000
    left, right = rng.normal(size=(2, n_pairs, N_FEATURES)) * [0.5, 1.0, 3.0]
    if form.has_linear:
        left, right = (side + np.array([0.5, 0.0, 1.0]) for side in (left, right))
    weights = np.full(n_pairs, 1 / n_pairs)
    targets = np.where(rng.random(n_pairs) < 0.5, 1.0, -1.0)
    natural = PairDesign(Pairs(left, right), form, weights)
    bases, spreads = eigenbases(natural, weights / 4)
    design = natural.turn(bases)
    # Next to zero, on the side where the prior is switched off: its scale would be
    # one more direction without penalty.
    eye = np.eye(N_FEATURES)
    linear = np.zeros(N_FEATURES) if form.has_linear else None
    prior, here = (
        Parameters(0.0, linear, [size * eye for _ in form.terms]) for size in (-1, 1e-3)
    )
    objective = PairObjective(design, MatrixModel(prior), targets, weights, alpha, True)
    scaling = matrix_scaling(Curvatures(objective, weights / 4))
    # The eigenvalues of the covariance are the spreads of the turned coordinates.
    known = matrix_scaling(Curvatures(objective, weights / 4, spreads))
    assert_allclose(known, scaling, rtol=1e-9)
    root = np.sqrt(scaling)[1:]
    theta, step = here.flatten(), 1e-5

    def gradient(theta):
        return objective.value_and_gradient(theta, here.like(theta))[1]

    hessian = np.array(
        [
            (gradient(theta + step * e) - gradient(theta - step * e)) / (2 * step)
            for e in np.eye(theta.size)
        ]
    )
    # The intercept is always at its optimum.
    hessian = hessian[1:, 1:] - np.outer(hessian[1:, 0], hessian[0, 1:]) / hessian[0, 0]
    scaled = root[:, None] * hessian * root
    lam = np.linalg.eigvalsh((scaled + scaled.T) / 2)
    # The antisymmetric part of a matrix means nothing, so it has no curvature.
    n_antisymmetric = len(form.terms) * N_FEATURES * (N_FEATURES - 1) // 2
    penalised = alpha * root.max() ** 2
    assert (lam[:n_antisymmetric] <= penalised + 1e-4).all()
    if not form.has_linear:
        # Fourth moments of 50,000 Gaussian pairs are that far from their expectation.
        assert_allclose(lam[-n_antisymmetric - N_FEATURES :], 1.0, atol=0.1)
    else:
        # Linear part and sums of a mean that is not zero go together.
        assert lam[n_antisymmetric:].min() > 0.1
        assert lam.max() < 3.0


# ------------------------------------------------------------- scale and intercept


def logistic_regression(scores, targets, weights, fit_intercept=True):
    """Return slope and intercept without any penalty."""
    model = LogisticRegression(
        C=np.inf, solver="newton-cholesky", tol=1e-12, fit_intercept=fit_intercept
    )
    model.fit(scores[:, None], targets, sample_weight=weights)
    return model.coef_[0, 0], float(np.ravel(model.intercept_)[0])


@every_intercept
@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_scale_and_intercept_are_a_logistic_regression(unit, shift, fit_intercept, rng):
    z = rng.normal(size=200)
    targets = np.where(rng.random(200) < expit(2 * z - 1), 1.0, -1.0)
    weights = rng.random(200)
    weights /= weights.sum()
    z = z + (shift if fit_intercept else 0.0)
    scale, intercept = fit_scale_and_intercept(
        unit * z, targets, weights, fit_intercept
    )
    expected = logistic_regression(z - shift * fit_intercept, targets, weights * 200)
    if not fit_intercept:
        expected = logistic_regression(z, targets, weights * 200, False)
    assert scale * unit == pytest.approx(expected[0], rel=1e-6)
    shifted = expected[1] - shift * fit_intercept * expected[0]
    assert intercept == pytest.approx(shifted, rel=1e-6, abs=1e-6)


def test_a_prior_that_points_the_wrong_way_is_switched_off(rng):
    z = rng.normal(size=200)
    targets = np.where(rng.random(200) < expit(-2 * z - 1), 1.0, -1.0)
    weights = np.full(200, 1 / 200)
    scale, intercept = fit_scale_and_intercept(z, targets, weights, True)
    rate = (targets > 0).mean()
    assert scale == 0.0
    assert intercept == pytest.approx(np.log(rate / (1 - rate)), rel=1e-9)


def test_constant_prior_scores_leave_the_rate_of_similar_pairs(rng):
    targets = np.array([1.0, -1.0, -1.0, -1.0])
    weights = np.full(4, 0.25)
    scale, intercept = fit_scale_and_intercept(np.full(4, 3.0), targets, weights, True)
    assert scale * 3.0 + intercept == pytest.approx(np.log(1 / 3), rel=1e-9)


def test_naive_tools_agree_with_each_other(rng):
    """The oracles themselves: svec keeps inner products, projections are nearest."""
    vector = rng.normal(size=6)
    matrix = smat(vector)
    assert np.vdot(matrix, matrix) == pytest.approx(vector @ vector)
    assert_allclose(svec(matrix), vector, rtol=1e-15)
    part = positive_part(matrix)
    assert np.linalg.eigvalsh(part)[0] > -1e-12
    assert np.linalg.eigvalsh(part - matrix)[0] > -1e-12
    assert np.vdot(part, part - matrix) == pytest.approx(0.0, abs=1e-12)
