# SPDX-License-Identifier: BSD-3-Clause
"""Exact steps of the convex problem, Newton's method for them, and whole fits by it."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import central_differences, mean_loss, newton, planted_pairs
from scipy.optimize import minimize
from scipy.special import expit

import sksymsim._fitting as fitting
from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._convex import ExactSearch
from sksymsim._design import PairDesign
from sksymsim._forms import FORMS
from sksymsim._graph import GraphDesign
from sksymsim._models import MatrixModel, Parameters
from sksymsim._objective import PairObjective
from sksymsim._scaling import Curvatures, matrix_scaling
from sksymsim._solvers import Problem, TrialPoint, minimize_lbfgs, minimize_newton

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_intercept = pytest.mark.parametrize("fit_intercept", [True, False])
some_seeds = pytest.mark.parametrize("seed_offset", range(3))
# Where the best scale of the prior is: in the open, at zero, or nowhere.
every_prior = pytest.mark.parametrize("prior_is", ["right", "wrong", "zero"])

N_PAIRS, N_FEATURES, ALPHA = 80, 3, 0.05


def identity_prior(form, n_features, sign=1.0):
    """Return the parameters of the identity, or of a multiple of it."""
    linear = np.zeros(n_features) if form.has_linear else None
    eye = sign * np.eye(n_features)
    return Parameters(0.0, linear, [term.prior_sign * eye for term in form.terms])


def make_search(rng, form, prior_is="right", fit_intercept=True, alpha=ALPHA):
    """Return a search from a random D, with all that it was made of."""
    left, right, similar = planted_pairs(rng, N_PAIRS, N_FEATURES, indefinite=False)
    weights = rng.random(N_PAIRS)
    weights /= weights.sum()
    targets = np.where(similar, 1.0, -1.0)
    design = PairDesign(Pairs(left, right), form, weights)
    sign = {"right": 1.0, "wrong": -1.0, "zero": 0.0}[prior_is]
    prior = identity_prior(form, N_FEATURES, sign)
    model = MatrixModel(prior)
    objective = PairObjective(design, model, targets, weights, alpha, fit_intercept)
    deviation = random_direction(rng, prior, 0.3)
    deviation[0] = 0.2 * fit_intercept
    tau = 0.7 if prior_is == "right" else 0.1
    search = ExactSearch(objective, prior.like(deviation), tau, objective.scores(prior))
    return SimpleNamespace(
        search=search,
        objective=objective,
        prior=prior,
        vector=search.start.copy(),
    )


def random_direction(rng, shapes, size=1.0):
    """Return symmetric matrices, and no intercept, as a vector."""
    vector = size * rng.normal(size=shapes.flatten().size)
    for array in shapes.like(vector).arrays:
        array[:] = (array + array.T) / 2
    vector[0] = 0.0
    return vector


def value_at(case, vector, tau, intercept):
    """Return the objective at D + tau theta_0."""
    theta = vector + tau * case.objective.model.prior_vector
    theta[0] = intercept
    return case.objective.value_and_gradient(theta, case.prior.like(theta))[0]


def reduced(case, vector, direction=None):
    """Minimise over tau, the intercept and a length, by SciPy from plain values.

    Returns
    -------
    value, length
    """
    has_prior = case.objective.model.prior_square > 0
    free = [True, has_prior, case.objective.fit_intercept]
    free[0] = direction is not None
    columns = np.eye(3)[:, free]
    along = np.zeros_like(vector) if direction is None else direction
    prior = case.objective.model.prior_vector

    def function(c):
        length, tau, intercept = columns @ c
        theta = vector + length * along + tau * prior
        theta[0] = intercept
        value, gradient = case.objective.value_and_gradient(
            theta, case.prior.like(theta)
        )
        slopes = np.array([gradient @ along, gradient @ prior, gradient[0]])
        return value, columns.T @ slopes

    if not columns.size or not any(free):
        return function(np.zeros(0))[0], 0.0
    best = minimize(
        function, np.zeros(columns.shape[1]), jac=True, method="BFGS", tol=1e-11
    )
    assert np.abs(best.jac).max() < 1e-6
    # The gap of a convex function is the square of that, about.
    return best.fun, float((columns @ best.x)[0])


# ------------------------------------------------------------------------ one search


@some_seeds
@every_intercept
@every_prior
@every_form
def test_value_is_the_minimum_over_the_free_unknowns(
    form, prior_is, fit_intercept, seed_offset, seed
):
    rng = np.random.default_rng([seed, seed_offset])
    case = make_search(rng, form, prior_is, fit_intercept)
    value, _ = case.search.value_and_gradient(case.vector)
    expected, _ = reduced(case, case.vector)
    assert value == pytest.approx(expected, rel=1e-6)
    assert value >= expected - 1e-9
    # The point that it says it is at has that value, too.
    at = case.search.parameters(case.vector)
    found = value_at(case, case.vector, case.search.tau, case.search.intercept)
    assert found == pytest.approx(value, rel=1e-12)
    assert_allclose(
        case.objective.scores(at), case.search.pair_scores, rtol=0, atol=1e-12
    )
    if not fit_intercept:
        assert case.search.intercept == 0.0


@pytest.mark.parametrize(
    ("seed_offset", "fit_intercept"), [(0, True), (1, False), (2, True)]
)
@every_prior
@every_form
def test_a_step_ends_at_the_minimum_along_its_line(
    form, prior_is, fit_intercept, seed_offset, seed, monkeypatch
):
    """Over the length, the scale of the prior and the intercept, all at once."""
    monkeypatch.setattr("sksymsim._convex.SHARE_AT_START", 0.0)
    monkeypatch.setattr("sksymsim._convex.SHARE_ON_LINE", 0.0)
    rng = np.random.default_rng([seed, seed_offset])
    case = make_search(rng, form, prior_is, fit_intercept)
    value, gradient = case.search.value_and_gradient(case.vector)
    direction = random_direction(rng, case.prior, 0.2)
    direction *= -np.sign(gradient @ direction)
    start = TrialPoint(0.0, value, float(gradient @ direction), gradient)
    point = case.search(case.vector, direction, start, 1e-15)
    expected, length = reduced(case, case.vector, direction)
    assert point.value == pytest.approx(expected, rel=1e-10)
    assert point.t == pytest.approx(length, rel=1e-4)
    end = case.vector + point.t * direction
    found = value_at(case, end, case.search.tau, case.search.intercept)
    assert found == pytest.approx(point.value, rel=1e-12)
    at = case.search.parameters(end)
    assert_allclose(
        case.objective.scores(at), case.search.pair_scores, rtol=0, atol=1e-12
    )
    # There is nothing left to gain along the line.
    assert abs(point.gradient @ direction) < 1e-6 * abs(gradient @ direction)


@every_intercept
@every_prior
@every_form
def test_gradient_is_that_of_the_reduced_function(
    form, prior_is, fit_intercept, rng, monkeypatch
):
    """F(D) = min over tau and the intercept; by the envelope theorem."""
    monkeypatch.setattr("sksymsim._convex.SHARE_AT_START", 0.0)
    monkeypatch.setattr("sksymsim._convex.SHARE_ON_LINE", 0.0)
    case = make_search(rng, form, prior_is, fit_intercept)

    def function(vector):
        fresh = ExactSearch(
            case.objective,
            case.prior.like(vector),
            case.search.tau,
            case.search.prior_scores,
        )
        return fresh.value_and_gradient(fresh.start)

    _, gradient = case.search.value_and_gradient(case.vector)
    assert gradient[0] == 0.0
    directions = [random_direction(rng, case.prior) for _ in range(3)]
    for direction in directions:
        numeric = central_differences(
            lambda t, along=direction: function(case.vector + t[0] * along)[0],
            np.zeros(1),
            step=1e-5,
        )
        assert gradient @ direction == pytest.approx(numeric[0], rel=1e-6, abs=1e-9)


@every_form
def test_a_prior_that_points_the_wrong_way_is_held_at_zero(form, rng):
    """There theta is charged in full, and tau takes back what D has of the prior."""
    case = make_search(rng, form, "wrong", alpha=1.0)
    case.search.value_and_gradient(case.vector)
    theta = case.search.parameters(case.vector)
    vector = theta.flatten()
    vector[0] = 0.0
    model = case.objective.model
    assert vector @ model.prior_vector < 0
    assert model.scale_of_prior(theta) == 0.0
    half_square, _ = model.penalty(vector, theta)
    assert half_square == pytest.approx(vector @ vector / 2, rel=1e-12)


@every_form
def test_a_prior_of_zeros_is_no_unknown(form, rng):
    case = make_search(rng, form, "zero")
    case.search.value_and_gradient(case.vector)
    assert case.search.tau == 0.1
    theta = case.search.parameters(case.vector).flatten()
    assert_array_equal(theta[1:], case.vector[1:])


@every_form
def test_a_search_that_gains_nothing_leaves_everything_as_it_was(form, rng):
    case = make_search(rng, form)
    value, gradient = case.search.value_and_gradient(case.vector)
    before = case.search.tau, case.search.intercept, case.search.pair_scores.copy()
    uphill = gradient.copy()
    start = TrialPoint(0.0, value, float(gradient @ uphill), gradient)
    assert case.search(case.vector, uphill, start, 1e-15) is None
    # And downhill, where the gain is called noise.
    start = TrialPoint(0.0, value, -float(gradient @ gradient), gradient)
    assert case.search(case.vector, -gradient, start, 10.0) is None
    assert (case.search.tau, case.search.intercept) == before[:2]
    assert_array_equal(case.search.pair_scores, before[2])


def matrices_problem(case, tol, **options):
    scaling = matrix_scaling(
        Curvatures(case.objective, case.objective.fisher(case.search.pair_scores))
    )
    return Problem(
        value_and_gradient=case.search.value_and_gradient,
        start=case.search.start,
        tol=tol,
        max_iter=300,
        scaling=scaling,
        search=case.search,
        **options,
    )


def smooth_optimum(case):
    """Return the least value that SciPy finds over all unknowns, tau included."""
    free = np.ones(case.vector.size)
    free[0] = case.objective.fit_intercept

    def function(theta):
        value, gradient = case.objective.value_and_gradient(
            theta, case.prior.like(theta)
        )
        return value, free * gradient

    options = {"gtol": 1e-10, "ftol": 0.0, "maxiter": 5000, "maxfun": 10_000}
    start = np.zeros(case.vector.size)
    return minimize(function, start, jac=True, method="L-BFGS-B", options=options)


@every_intercept
@every_prior
@every_form
def test_steps_go_down_to_the_optimum_of_the_objective(
    form, prior_is, fit_intercept, rng
):
    case = make_search(rng, form, prior_is, fit_intercept)
    result = minimize_lbfgs(matrices_problem(case, 1e-8))
    assert result.converged
    values = [entry["objective"] for entry in result.history]
    assert np.all(np.diff(values) < 0)
    assert result.value == pytest.approx(smooth_optimum(case).fun, rel=1e-10)
    found = value_at(case, result.theta, case.search.tau, case.search.intercept)
    assert found == pytest.approx(result.value, rel=1e-12)


@pytest.mark.parametrize("layout", [PairDesign, GraphDesign])
@every_form
def test_rounding_of_the_scores_does_not_pile_up(form, layout, rng):
    """Scores are added to at each step, and never computed anew."""
    left, right, similar = planted_pairs(rng, 300, N_FEATURES)
    items = np.vstack([left, right]).astype(np.float32)
    pairs = Pairs.from_index(items, np.arange(600).reshape(2, 300).T)
    weights = np.full(300, 1 / 300)
    design = layout(pairs, form, weights)
    targets = design.arrange(np.where(similar, 1.0, -1.0))
    prior = identity_prior(form, N_FEATURES)
    objective = PairObjective(design, MatrixModel(prior), targets, weights, 1e-6, True)
    zeros = prior.like(np.zeros(prior.flatten().size))
    search = ExactSearch(objective, zeros, 0.0, objective.scores(prior))
    case = SimpleNamespace(search=search, objective=objective, prior=prior)
    result = minimize_lbfgs(matrices_problem(case, 1e-7))
    assert result.n_iter > 5
    scores = objective.scores(search.parameters(result.theta))
    # One rounding of each step, and of each of the few products in a score.
    atol = 1e-6 * np.abs(scores).max()
    assert_allclose(search.pair_scores, scores, rtol=0, atol=atol)


# ------------------------------------------------------------------ Newton's method


def quadratic(hessian, optimum, calls=None):
    def evaluate(x):
        if calls is not None:
            calls.append(x.copy())
        gradient = hessian @ (x - optimum)
        return float((x - optimum) @ gradient) / 2, gradient, hessian

    return evaluate


@pytest.mark.parametrize("condition", [1.0, 1e3, 1e6])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_quadratic_function_takes_one_step(size, condition, rng):
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    hessian = (basis * np.geomspace(1, condition, size)) @ basis.T
    optimum = rng.normal(size=size)
    calls = []
    x, value = minimize_newton(quadratic(hessian, optimum, calls), np.zeros(size))
    assert_allclose(calls[1], optimum, rtol=0, atol=1e-9)
    assert_allclose(x, optimum, rtol=0, atol=1e-9)
    assert 0 <= value < 1e-15 * condition
    # The start, the step, and one more that tells that nothing is left.
    assert len(calls) <= 3


def test_units_that_differ_by_many_orders_do_not_matter(rng):
    """A prior's scores may be 1e-8 times those of a direction."""
    unit = np.array([1e-8, 1.0, 1e8])
    hessian = np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 1.0]])
    optimum = rng.normal(size=3)
    scaled = hessian * np.outer(unit, unit)
    x, _ = minimize_newton(quadratic(scaled, optimum / unit), np.zeros(3))
    assert_allclose(x * unit, optimum, rtol=1e-9, atol=1e-9)


def test_a_flat_direction_stays_where_it_is(rng):
    slope = rng.normal(size=3)
    hessian = np.diag([2.0, 0.0, 5.0])
    optimum = np.array([slope[0], 0.0, slope[2]])
    x, value = minimize_newton(quadratic(hessian, optimum), np.zeros(3))
    assert_allclose(x, optimum, atol=1e-12)
    assert value == pytest.approx(0.0, abs=1e-15)


def test_two_equal_columns_share_what_one_would_take():
    """As when a direction is the prior itself: the Hessian is singular."""
    hessian = np.ones((2, 2))
    x, value = minimize_newton(quadratic(hessian, np.array([3.0, 0.0])), np.zeros(2))
    assert x.sum() == pytest.approx(3.0, rel=1e-9)
    assert_allclose(x, x.mean(), rtol=1e-6)
    assert value == pytest.approx(0.0, abs=1e-14)


def test_nothing_to_do_at_the_minimum():
    start = np.array([1.0, -2.0])
    x, value = minimize_newton(quadratic(np.eye(2), start), start)
    assert_array_equal(x, start)
    assert value == 0.0


def test_no_unknowns_cost_one_evaluation():
    def evaluate(x):
        return 7.0, np.zeros(0), np.zeros((0, 0))

    x, value = minimize_newton(evaluate, np.zeros(0))
    assert x.size == 0
    assert value == 7.0


def logistic(features, targets, weights, ridge):
    def evaluate(x):
        value, gradient = mean_loss(x, features, targets, weights)
        p = expit(features @ x)
        hessian = (features.T * (weights * p * (1 - p))) @ features
        return (
            float(value) + ridge / 2 * float(x @ x),
            gradient + ridge * x,
            hessian + ridge * np.eye(x.size),
        )

    return evaluate


@some_seeds
@pytest.mark.parametrize("far", [0.0, 20.0])
def test_a_logistic_optimum_is_found_from_near_and_from_afar(far, seed_offset, seed):
    """From afar the curvature is next to none, and a whole step goes much too far."""
    rng = np.random.default_rng([seed, seed_offset])
    features = rng.normal(size=(60, 3))
    targets = np.where(features[:, 0] + rng.normal(size=60) > 0, 1.0, -1.0)
    weights, ridge = np.full(60, 1 / 60), 1e-3
    expected, least = newton(features, targets, weights, ridge * np.eye(3))
    start = far * np.array([-1.0, 1.0, 1.0])
    values = []
    evaluate = logistic(features, targets, weights, ridge)

    def watched(x):
        values.append(evaluate(x)[0])
        return evaluate(x)

    x, value = minimize_newton(watched, start)
    assert_allclose(x, expected, rtol=0, atol=1e-7)
    assert value == pytest.approx(least, rel=1e-14)
    assert value <= min(values) + 1e-15
    if far:
        steps = np.diff(values)
        assert (steps > 0).any()  # some step had to be taken back


def test_steps_that_raise_the_value_are_halved():
    """Newton's method for sqrt(1 + x^2) diverges from any |x| > 1: x -> -x^3."""

    def evaluate(x):
        root = float(np.sqrt(1 + x @ x))
        return root, x / root, np.array([[root**-3]])

    x, value = minimize_newton(evaluate, np.array([3.0]))
    assert x[0] == pytest.approx(0.0, abs=1e-7)
    assert value == pytest.approx(1.0, rel=1e-15)


def test_noise_and_a_share_end_the_steps_early(rng):
    features = rng.normal(size=(60, 3))
    targets = np.where(features[:, 0] + rng.normal(size=60) > 0, 1.0, -1.0)
    evaluate = logistic(features, targets, np.full(60, 1 / 60), 1e-3)
    n_calls = []

    def run(**options):
        calls = []

        def counted(x):
            calls.append(1)
            return evaluate(x)

        _, value = minimize_newton(counted, np.zeros(3), **options)
        n_calls.append(len(calls))
        return value

    exact = run()
    gain = evaluate(np.zeros(3))[0] - exact
    assert run(share_left=1e-2) - exact < 1e-2 * gain
    assert run(noise=1e-2 * gain) - exact < 1e-2 * gain
    assert max(n_calls[1:]) < n_calls[0]


# ------------------------------------------------------------------- solver's hooks


def ill_scaled(rng, size=20):
    """Return a convex function that is far from quadratic, and its diagonal."""
    units = np.geomspace(1, 30, size)
    optimum = rng.normal(size=size)

    def function(x):
        gap = units * (x - optimum)
        root = np.sqrt(1 + gap**2)
        return float(np.sum(root - 1)), units * gap / root

    def bend(x):
        return units**2 * (1 + (units * (x - optimum)) ** 2) ** -1.5

    return function, bend, optimum


def test_a_scaling_is_a_change_of_units(rng):
    """The path in x with scaling u^2 is that in x / u with none."""
    function, _, optimum = ill_scaled(rng)
    unit = rng.uniform(0.5, 2.0, size=optimum.size)

    def in_units(z):
        value, gradient = function(unit * z)
        return value, unit * gradient

    plain = minimize_lbfgs(Problem(in_units, np.zeros(optimum.size), 1e-8, 500))
    scaled = minimize_lbfgs(
        Problem(function, np.zeros(optimum.size), 1e-8, 500, scaling=unit**2)
    )
    assert scaled.converged
    n_common = 10
    for one, other in zip(
        plain.history[:n_common], scaled.history[:n_common], strict=True
    ):
        assert one["objective"] == pytest.approx(other["objective"], rel=1e-8)
        assert one["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=1e-6)
    assert_allclose(scaled.theta, optimum, atol=1e-7)


def test_rescaling_on_the_way_ends_at_the_optimum(rng):
    function, bend, optimum = ill_scaled(rng)
    position, calls = [np.zeros(optimum.size)], []

    def watched(x):
        position[0] = x.copy()
        return function(x)

    def rescale():
        calls.append(len(calls))
        # None keeps the last one.
        return 1 / (bend(position[0]) + 1e-3) if len(calls) % 2 else None

    result = minimize_lbfgs(
        Problem(watched, np.zeros(optimum.size), 1e-8, 2000, rescale=rescale)
    )
    assert result.status == "converged"
    assert len(calls) == result.n_iter
    assert_allclose(result.theta, optimum, atol=1e-7)
    # The norm that was reached is the one in the last coordinates.
    assert result.gradient_norm <= 1e-8


def test_the_search_decides_how_far_to_go(rng):
    """And costs one evaluation each; the function itself is asked only once."""
    function, _, optimum = ill_scaled(rng, size=5)
    seen = []

    def search(x, direction, point, noise):
        value, gradient = function(x)
        assert (point.value, point.t) == (value, 0.0)
        assert_array_equal(point.gradient, gradient)
        assert point.slope == pytest.approx(gradient @ direction)
        assert point.slope < 0
        assert 0 <= noise <= 1e-14 * value
        t = 2.0**-6
        while function(x + t * direction)[0] < value and t < 64:
            t *= 2
        best = min((t, t / 2, t / 4), key=lambda s: function(x + s * direction)[0])
        seen.append(best)
        value, gradient = function(x + best * direction)
        return TrialPoint(best, value, 0.0, gradient)

    result = minimize_lbfgs(Problem(function, 0 * optimum, 1e-6, 500, search=search))
    assert result.status == "converged"
    assert len(seen) == result.n_iter
    assert result.n_evaluations == 1 + len(seen)
    assert_allclose(result.theta, optimum, atol=1e-6)


def test_a_search_that_finds_nothing_is_tried_once_more_along_the_gradient():
    """Without memory, as that may be what is wrong; then the solver gives up."""
    hessian = np.diag([1.0, 10.0])
    directions = []

    def function(x):
        return 1.0 + float(x @ hessian @ x) / 2, hessian @ x

    def search(x, direction, point, noise):
        directions.append((direction.copy(), point.gradient.copy()))
        if len(directions) > 1:
            return None
        value, gradient = function(x + 0.05 * direction)
        return TrialPoint(0.05, value, 0.0, gradient)

    result = minimize_lbfgs(
        Problem(function, np.array([3.0, 1.0]), 1e-9, 100, search=search)
    )
    assert result.status == "resolution"
    assert (result.n_iter, len(directions)) == (1, 3)
    assert result.n_evaluations == 4
    for number, along_gradient in enumerate([True, False, True]):
        direction, gradient = directions[number]
        assert np.array_equal(direction, -gradient) == along_gradient


# ------------------------------------------------------------------------ whole fits


def count_evaluations(monkeypatch):
    """Count what the solver says that it took, over all its runs."""
    results = []

    def counted(problem):
        results.append(minimize_lbfgs(problem))
        return results[-1]

    monkeypatch.setattr(fitting, "minimize_lbfgs", counted)
    return results


@pytest.mark.parametrize("psd", [False, True])
class ReachedError(Exception):
    """A value as low as was asked for."""


@pytest.mark.parametrize("alpha", [1e-1, 1e-3, 1e-5])
@every_form
def test_a_fit_takes_no_more_evaluations_than_scipy(form, alpha, rng, monkeypatch):
    """To the value that the fit ends with, in the coordinates of the items."""
    n_pairs, n_features = 300, 6
    left, right, similar = planted_pairs(rng, n_pairs, n_features)
    results = count_evaluations(monkeypatch)
    pairs = Pairs(left, right)
    SymmetricPairClassifier(form.name, alpha=alpha, psd=False).fit(pairs, similar)
    (result,) = results
    assert result.converged
    weights = np.full(n_pairs, 1 / n_pairs)
    prior = identity_prior(form, n_features)
    objective = PairObjective(
        PairDesign(pairs, form, weights),
        MatrixModel(prior),
        np.where(similar, 1.0, -1.0),
        weights,
        alpha,
        True,
    )
    n_evaluations = 0

    def function(theta):
        nonlocal n_evaluations
        n_evaluations += 1
        value, gradient = objective.value_and_gradient(theta, prior.like(theta))
        if value <= result.value:
            raise ReachedError
        return value, gradient

    options = {"gtol": 0.0, "ftol": 0.0, "maxiter": 3000, "maxfun": 4000}
    start = np.zeros(prior.flatten().size)
    with pytest.raises(ReachedError):
        minimize(function, start, jac=True, method="L-BFGS-B", options=options)
    assert result.n_evaluations <= n_evaluations


def pairs_of_a_plane(rng, form, given, n_pairs=1200):
    """Draw pairs whose noisy labels see two directions of their items only.

    So the best two components are told from any others, and one optimum from another.
    """
    items = rng.normal(size=(200 if given == "index" else 2 * n_pairs, 6))
    index = np.arange(2 * n_pairs).reshape(2, -1).T
    if given == "index":
        index = rng.integers(0, 200, (n_pairs, 2))
    left, right = items[index[:, 0]], items[index[:, 1]]
    plane = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    gap = (left - right) @ plane
    scores = -np.sum(gap**2, axis=1)
    if form != "mahalanobis":
        scores = 2 * np.sum((left @ plane) * (right @ plane), axis=1)
    similar = rng.random(n_pairs) < expit(scores - np.median(scores))
    pairs = Pairs.from_index(items, index)
    return (Pairs(left, right) if given == "two arrays" else pairs), similar


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("given", ["two arrays", "index"])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_a_start_from_a_part_of_the_pairs_ends_as_low(
    form, given, weighted, rng, monkeypatch
):
    """With few components, the solution without that limit is only where to begin.

    The penalty is small: the part of the prior that few components keep is chosen in
    coordinates of the start, so with a large one the problems would differ.
    """
    if given == "index":
        monkeypatch.setattr("sksymsim._layout.graph_cost", lambda *sizes: 0)
    pairs, similar = pairs_of_a_plane(rng, form, given)
    weights = rng.integers(1, 4, len(pairs)) if weighted else None
    results = count_evaluations(monkeypatch)
    sizes = []
    thinned = {kind: kind.thinned for kind in (PairDesign, GraphDesign)}
    for kind, method in thinned.items():

        def remember(self, step, method=method):
            sizes.append(-(-self.n_pairs // step))
            return method(self, step)

        monkeypatch.setattr(kind, "thinned", remember)
    objectives = []
    for start_pairs in (10**6, 150):
        monkeypatch.setattr(fitting, "START_PAIRS", start_pairs)
        model = SymmetricPairClassifier(form, n_components=2, alpha=1e-7, tol=1e-6)
        objectives.append(model.fit(pairs, similar, weights).objective_)
    assert sizes == [150]
    # In factors there may be several optima; both stages ran for both fits.
    assert len(results) == 4
    assert objectives[1] == pytest.approx(objectives[0], rel=1e-3)


@pytest.mark.parametrize("layout", [PairDesign, GraphDesign])
@every_form
def test_each_pair_of_a_thinned_start_keeps_its_label_and_weight(
    form, layout, rng, monkeypatch
):
    """A graph puts its pairs into an order of its own, and a part of them anew."""
    # Tiles of a size that depends on how many pairs there are.
    monkeypatch.setattr("sksymsim._graph.TILE_ROWS", 16)
    monkeypatch.setattr("sksymsim._graph.TILE_EDGES", 5)
    monkeypatch.setattr("sksymsim._graph.STRIP_BYTES", 300)
    monkeypatch.setattr(fitting, "START_PAIRS", 150)
    pairs, similar = pairs_of_a_plane(rng, form.name, "index")
    weights = rng.random(len(pairs))
    weights /= weights.sum()
    design = layout(pairs, form, weights)
    targets = design.arrange(np.where(similar, 1.0, -1.0))
    weights = design.arrange(weights)
    model = MatrixModel(identity_prior(form, 6))
    whole = PairObjective(design, model, targets, weights, ALPHA, True)
    options = fitting.FitOptions(ALPHA, True, True, 2, 1e-3, 100)
    part = fitting._start_objective(whole, options)
    assert part.design.n_pairs == 150
    order = part.design.arrange(np.arange(150))
    assert np.array_equal(order, np.arange(150)) == (layout is PairDesign)
    theta = random_direction(rng, model.prior)
    parameters = model.prior.like(theta)
    # The pairs left out have no weight, in the order of the whole.
    kept = np.zeros(len(pairs))
    kept[::8] = weights[::8] / weights[::8].sum()
    whole.weights = kept
    expected = whole.value_and_gradient(theta, parameters)
    found = part.value_and_gradient(theta, parameters)
    assert found[0] == pytest.approx(expected[0], rel=1e-12)
    assert_allclose(found[1], expected[1], rtol=0, atol=1e-12)


@every_form
def test_the_objective_of_a_thinned_start_is_that_of_all_pairs(form, rng, monkeypatch):
    pairs, similar = pairs_of_a_plane(rng, form.name, "two arrays")
    monkeypatch.setattr(fitting, "START_PAIRS", 150)
    model = SymmetricPairClassifier(form.name, n_components=2, alpha=1e-9)
    model.fit(pairs, similar)
    margins = np.where(similar, 1, -1) * model.decision_function(pairs)
    loss = np.mean(np.logaddexp(0, -margins))
    assert model.objective_ == pytest.approx(loss, abs=1e-6)


@pytest.mark.parametrize("psd", [True, False])
@every_form
def test_no_pairs_are_left_out_without_a_limit_of_components(
    form, psd, rng, monkeypatch
):
    """There the first stage is the solution, or as good as that."""
    pairs, similar = pairs_of_a_plane(rng, form.name, "two arrays")
    objectives = []
    for start_pairs in (10**6, 150):
        monkeypatch.setattr(fitting, "START_PAIRS", start_pairs)
        model = SymmetricPairClassifier(form.name, psd=psd, alpha=1e-3, tol=1e-7)
        objectives.append(model.fit(pairs, similar).objective_)
    assert objectives[1] == pytest.approx(objectives[0], rel=1e-11)


@pytest.mark.parametrize("psd", [True, False])
@every_intercept
def test_a_prior_that_tells_no_pairs_apart_is_left_out(fit_intercept, psd, rng):
    """Sides with no feature in common have a dot product of zero, all of them."""
    values, zeros = rng.normal(size=(2, 200, 3)), np.zeros((200, 3))
    left, right = np.hstack([values[0], zeros]), np.hstack([zeros, values[1]])
    score = 2 * values[0, :, 0] * values[1, :, 0]
    similar = rng.random(200) < expit(score)
    model = SymmetricPairClassifier(
        "bilinear", psd=psd, alpha=1e-2, tol=1e-7, fit_intercept=fit_intercept
    )
    model.fit((left, right), similar)
    assert model.objective_ < np.log(2)
    # The problem is that of a logistic regression, unless M is held.
    if not psd:
        case = SimpleNamespace()
        case.objective = objective_of_rows(left, right, similar, fit_intercept)
        case.prior = case.objective.model.prior
        case.vector = case.prior.flatten()
        assert model.objective_ == pytest.approx(smooth_optimum(case).fun, rel=1e-8)


def objective_of_rows(left, right, similar, fit_intercept):
    """Return the objective of "bilinear" with the prior "identity"."""
    form, weights = FORMS["bilinear"], np.full(len(left), 1 / len(left))
    return PairObjective(
        PairDesign(Pairs(left, right), form, weights),
        MatrixModel(identity_prior(form, left.shape[1])),
        np.where(similar, 1.0, -1.0),
        weights,
        1e-2,
        fit_intercept,
    )


@pytest.mark.parametrize(
    ("form", "psd", "prior", "turned"),
    [
        ("mahalanobis", False, "identity", True),
        ("quadratic", True, "identity", True),
        ("bilinear", True, "one direction", False),
        ("quadratic", True, "one direction", False),
    ],
)
def test_few_components_find_signs_that_the_prior_does_not_have(
    form, psd, prior, turned
):
    """A heavy penalty must not freeze signs and rank of the prior."""
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(2, 1500, 8))
    width = np.array([2, 2, 1.5, 1, 0.5, 0, 0, 0])
    gaps = np.sum(((left - right) * width) ** 2, axis=1)
    y = (gaps < np.median(gaps)).astype(int)
    y = 1 - y if turned else y
    if prior != "identity":
        prior = np.diag(np.eye(8)[5])
    model = SymmetricPairClassifier(
        form, psd=psd, prior=prior, n_components=3, alpha=0.3
    )
    assert model.fit((left, right), y).score((left, right), y) > 0.7
