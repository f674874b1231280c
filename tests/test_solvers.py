# SPDX-License-Identifier: BSD-3-Clause
"""The solver on functions with known minima, its statuses, and the one warning."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import mean_loss, newton, planted_pairs
from scipy.optimize import minimize, rosen, rosen_der
from sklearn.exceptions import ConvergenceWarning

from sksymsim import SymmetricPairClassifier
from sksymsim._solvers import (
    Problem,
    SolverResult,
    minimize_lbfgs,
    minimize_newton,
    warn_if_not_converged,
)


def solve(function, start, tol=1e-8, max_iter=500, **options):
    start = np.asarray(start, dtype=float)
    return minimize_lbfgs(Problem(function, start, tol, max_iter, **options))


def rosenbrock(x):
    return rosen(x), rosen_der(x)


def quadratic_problem(rng, size, condition):
    """Return (f, df) of (x-m)'A(x-m)/2 with m and the least eigenvalue of A."""
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    lam = np.geomspace(1 / condition, 1.0, size)
    a, optimum = (basis * lam) @ basis.T, rng.normal(size=size)

    def function(x):
        gradient = a @ (x - optimum)
        return float((x - optimum) @ gradient) / 2, gradient

    return function, optimum, lam[0]


def logistic_problem(rng, n_rows=300, size=20, ridge=0.1):
    features = rng.normal(size=(n_rows, size))
    targets = np.where(features[:, 0] + rng.normal(size=n_rows) > 0, 1.0, -1.0)
    weights = np.full(n_rows, 1 / n_rows)

    def function(x):
        loss, gradient = mean_loss(x, features, targets, weights)
        return float(loss) + ridge / 2 * float(x @ x), gradient + ridge * x

    optimum, _ = newton(features, targets, weights, ridge * np.eye(size))
    return function, optimum, ridge


# ------------------------------------------------------------------------- optima


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("size", [1, 5, 50])
def test_quadratic_minimum_is_found(size, condition, rng):
    function, optimum, least = quadratic_problem(rng, size, condition)
    result = solve(function, optimum + rng.normal(size=size), 1e-8, max_iter=1000)
    assert result.status == "converged"
    assert result.gradient_norm <= 1e-8
    # |A^-1 gradient| is the distance from the minimum.
    assert np.linalg.norm(result.theta - optimum) <= 1.01e-8 / least
    assert 0 <= result.value <= 1e-16 / least


def test_well_scaled_quadratic_takes_one_step():
    """In coordinates of Hessian one, the first trial step is the minimum."""
    result = solve(lambda x: (float(x @ x) / 2, x.copy()), [3.0, -4.0])
    assert (result.n_iter, result.n_evaluations) == (1, 2)
    assert_array_equal(result.theta, [0.0, 0.0])


@pytest.mark.parametrize("size", [2, 10])
def test_rosenbrock_minimum_is_found(size):
    result = solve(rosenbrock, np.tile([-1.2, 1.0], size // 2), tol=1e-9)
    assert result.converged
    assert_allclose(result.theta, 1.0, atol=1e-8)
    assert result.value == pytest.approx(0.0, abs=1e-15)
    # About as many as SciPy's; far more would mean a broken line search.
    assert result.n_evaluations < 150


def test_logistic_optimum_equals_that_of_scipy_and_of_newton(rng):
    function, optimum, ridge = logistic_problem(rng)
    start = rng.normal(size=optimum.size)
    result = solve(function, start, tol=1e-9)
    assert result.status == "converged"
    options = {"gtol": 1e-10, "ftol": 0.0, "maxiter": 1000}
    scipy = minimize(function, start, jac=True, method="L-BFGS-B", options=options)
    assert_allclose(result.theta, scipy.x, rtol=0, atol=1e-8)
    assert result.value == pytest.approx(scipy.fun, rel=1e-13)
    assert np.linalg.norm(result.theta - optimum) <= 1.01 * result.gradient_norm / ridge


@pytest.mark.parametrize("curvature", [0.0, 1e-300])
def test_newton_stays_where_the_function_is_level(curvature):
    """A step by what is lost in rounding would be beyond all numbers."""

    def level(x):
        return 1.0, np.array([1e-20, 0.0]), np.diag([curvature, 0.0])

    x, value = minimize_newton(level, np.zeros(2))
    assert np.isfinite(x).all()
    assert value == 1.0


@pytest.mark.parametrize("offset", range(5))
def test_logistic_optimum_takes_few_evaluations(offset, seed):
    """As many as SciPy's L-BFGS-B takes to the same gradient, and not many more."""
    rng = np.random.default_rng([seed, offset])
    function, optimum, _ = logistic_problem(rng)
    calls = []

    def counted(x):
        calls.append(np.linalg.norm(function(x)[1]))
        return function(x)

    options = {"gtol": 0.0, "ftol": 0.0, "maxcor": 12}
    minimize(counted, 0 * optimum, jac=True, method="L-BFGS-B", options=options)
    needed = 1 + int(np.argmax(np.array(calls) <= 1e-5))
    result = solve(function, 0 * optimum, tol=1e-5)
    assert result.converged
    assert result.n_evaluations <= 1.5 * needed + 3


def test_steps_into_overflow_are_taken_back():
    """The function is infinite, and its gradient useless, beyond a barrier."""

    def function(x):
        if (x <= 0).any():
            return math.inf, np.full_like(x, math.nan)
        return float((x - np.log(x)).sum()), 1 - 1 / x

    result = solve(function, [1e-3, 40.0], tol=1e-9)
    assert result.converged
    assert_allclose(result.theta, 1.0, atol=1e-8)


# ----------------------------------------------------------------------- statuses


def test_a_start_at_the_optimum_costs_one_evaluation(rng):
    function, optimum, _ = quadratic_problem(rng, 5, 1.0)
    result = solve(function, optimum, tol=1e-6)
    assert result.status == "converged"
    assert (result.n_iter, result.n_evaluations, result.history) == (0, 1, [])
    assert_array_equal(result.theta, optimum)


@pytest.mark.parametrize("max_iter", [1, 2, 5])
def test_max_iter_ends_the_iterations_and_is_no_convergence(max_iter):
    result = solve(rosenbrock, [-1.2, 1.0], max_iter=max_iter)
    assert result.status == "max_iter"
    assert not result.converged
    assert result.n_iter == len(result.history) == max_iter
    assert result.value == rosen(result.theta) < rosen([-1.2, 1.0])


def test_reaching_tol_in_the_last_iteration_is_convergence():
    n_iter = solve(rosenbrock, [-1.2, 1.0]).n_iter
    result = solve(rosenbrock, [-1.2, 1.0], max_iter=n_iter)
    assert result.status == "converged"


def rounded(function, resolution):
    """Return a function whose values carry a rounding error, not its gradients."""

    def result(x):
        value, gradient = function(x)
        return float(np.round(value / resolution) * resolution), gradient

    return result


@pytest.mark.parametrize("offset", range(5))
def test_single_precision_ends_with_resolution_near_the_optimum(offset, seed):
    """Values and gradients of float32 products: tol is out of reach."""
    rng = np.random.default_rng([seed, offset])
    function, optimum, _ = logistic_problem(rng)

    def narrow(x):
        value, gradient = function(x.astype(np.float32).astype(float))
        return float(np.float32(value)), gradient.astype(np.float32).astype(float)

    result = solve(narrow, 0 * optimum, 1e-16, resolution=np.finfo(np.float32).eps / 8)
    assert result.status == "resolution"
    assert result.converged
    assert result.n_evaluations < 1000
    assert function(result.theta)[0] - function(optimum)[0] < 1e-6


@pytest.mark.parametrize("offset", range(5))
def test_a_tolerance_below_rounding_ends_with_resolution(offset, seed):
    """Not with max_iter: there is nothing that more iterations could improve."""
    rng = np.random.default_rng([seed, offset])
    function, optimum, _ = logistic_problem(rng)
    result = solve(function, 0 * optimum, tol=1e-18, resolution=np.finfo(float).eps / 8)
    assert result.status in ("resolution", "converged")
    assert result.n_evaluations < 1000
    assert function(result.theta)[0] == pytest.approx(function(optimum)[0], rel=1e-14)


def test_the_slope_decides_where_values_are_too_coarse(rng):
    """Values in steps of 1e-6 still allow a gradient of 1e-6 (here: to tol)."""
    function, optimum, ridge = logistic_problem(rng)
    coarse = rounded(lambda x: (function(x)[0] + 1.0, function(x)[1]), 1e-6)
    result = solve(coarse, 0 * optimum, tol=1e-5, resolution=1e-6)
    assert result.status == "converged"
    assert np.linalg.norm(result.theta - optimum) <= 1.01e-5 / ridge


# --------------------------------------------------------- counts, history, inputs


def test_counts_and_history_tell_what_happened():
    points, reported = [], []

    def function(x):
        points.append(x.copy())
        return rosenbrock(x)

    result = solve(function, [-1.2, 1.0], callback=reported.append)
    assert result.n_evaluations == len(points)
    assert result.n_iter == len(result.history)
    assert reported == result.history
    assert [entry["iteration"] for entry in result.history] == [
        *range(1, result.n_iter + 1)
    ]
    values = [entry["objective"] for entry in result.history]
    assert (np.diff([rosen([-1.2, 1.0]), *values]) < 0).all()
    for name in ("n_evaluations", "seconds"):
        assert (np.diff([entry[name] for entry in result.history]) >= 0).all()
    last = result.history[-1]
    assert last["objective"] == result.value == rosen(result.theta)
    assert last["n_evaluations"] == result.n_evaluations
    assert last["gradient_norm"] == result.gradient_norm
    norm = np.linalg.norm(rosen_der(result.theta))
    assert result.gradient_norm == pytest.approx(norm, rel=1e-12)


def test_the_callback_is_called_after_each_iteration_not_at_the_end():
    seen = []

    def function(x):
        function.n_calls += 1
        return rosenbrock(x)

    function.n_calls = 0
    result = solve(
        function, [-1.2, 1.0], callback=lambda entry: seen.append(function.n_calls)
    )
    assert seen == [entry["n_evaluations"] for entry in result.history]


def test_a_start_is_neither_written_to_nor_returned():
    start = np.array([-1.2, 1.0])
    start.setflags(write=False)
    result = solve(rosenbrock, start)
    assert_array_equal(start, [-1.2, 1.0])
    assert not np.shares_memory(result.theta, start)
    at_once = solve(rosenbrock, start, tol=1e9)
    assert not np.shares_memory(at_once.theta, start)


def test_points_given_to_the_function_are_not_changed_afterwards():
    """A function may keep the arrays that it is called with."""
    kept, copies = [], []

    def function(x):
        kept.append(x)
        copies.append(x.copy())
        return rosenbrock(x)

    solve(function, [-1.2, 1.0])
    # The first is the solver's own, and moves; all trial points are new.
    for x, copy in zip(kept[1:], copies[1:], strict=True):
        assert_array_equal(x, copy)


def test_gradients_of_the_function_are_not_written_to():
    def function(x):
        gradient = rosen_der(x)
        gradient.setflags(write=False)
        return rosen(x), gradient

    assert solve(function, [-1.2, 1.0]).converged


@pytest.mark.parametrize("where", ["function", "callback"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_errors_pass_through(where, error):
    def stop(*_):
        raise error

    def function(x):
        function.n_calls += 1
        if where == "function" and function.n_calls == 4:
            stop()
        return rosenbrock(x)

    function.n_calls = 0
    callback = stop if where == "callback" else None
    with pytest.raises(error):
        solve(function, [-1.2, 1.0], callback=callback)


# -------------------------------------------------------------------- the warning

TEXT = (
    r"^The solver stopped after max_iter=3 iterations with a scaled gradient norm of "
    r"\S+, above tol=1e-09\. "
)


def hard_pairs(seed):
    left, right, similar = planted_pairs(np.random.default_rng(seed), 200)
    return (left, right), similar


@pytest.mark.parametrize("verbose", [0, 1, 2, False, True])
def test_too_few_iterations_warn_whatever_verbose_is(verbose, seed, capsys):
    pairs, similar = hard_pairs(seed)
    model = SymmetricPairClassifier(max_iter=3, tol=1e-9, verbose=verbose)
    advice = r"The model is usable but not at its optimum: increase max_iter, or alpha"
    with pytest.warns(ConvergenceWarning, match=TEXT + advice) as record:
        model.fit(pairs, similar)
    assert len(record) == 1
    assert np.isfinite(model.decision_function(pairs)).all()
    printed = capsys.readouterr().out
    assert bool(printed) == bool(verbose)


def test_the_warning_points_at_the_line_that_called_fit(seed):
    pairs, similar = hard_pairs(seed)
    with pytest.warns(ConvergenceWarning) as record:
        SymmetricPairClassifier(max_iter=3, tol=1e-9).fit(pairs, similar)
    assert record[0].filename == __file__


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose_prints_none_some_or_all_iterations(verbose, seed, capsys):
    pairs, similar = hard_pairs(seed)
    model = SymmetricPairClassifier(psd=False, tol=1e-6, verbose=verbose)
    n_iter = model.fit(pairs, similar).n_iter_
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == {0: 0, 1: -(-n_iter // 10), 2: n_iter}[verbose]
    assert all(line.startswith("iteration ") for line in lines)


@pytest.mark.parametrize("status", ["converged", "resolution"])
def test_no_warning_at_the_optimum(status):
    result = SolverResult(np.zeros(1), 0.0, 0.0, 1, 1, status)
    warn_if_not_converged(result, 3, 1e-9, "Advice.", stacklevel=2)


def test_rounding_that_ends_far_from_the_optimum_warns_as_well():
    result = SolverResult(np.zeros(1), 0.0, 0.5, 3, 5, "resolution")
    expected = (
        r"^The solver stopped where rounding hides .* norm of 0\.5, above tol=1e-09"
    )
    with pytest.warns(ConvergenceWarning, match=expected):
        warn_if_not_converged(result, 3, 1e-9, "Advice.", stacklevel=2)


def test_the_warning_names_the_numbers_and_the_advice():
    result = SolverResult(np.zeros(1), 0.0, 0.01234, 3, 5, "max_iter")
    expected = (
        r"^The solver stopped after max_iter=3 iterations with a scaled gradient norm "
        r"of 0\.012, above tol=1e-09\. Advice\.$"
    )
    with pytest.warns(ConvergenceWarning, match=expected) as record:
        warn_if_not_converged(result, 3, 1e-9, "Advice.", stacklevel=2)
    assert record[0].filename == __file__
