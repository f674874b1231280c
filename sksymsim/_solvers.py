# SPDX-License-Identifier: BSD-3-Clause
"""Minimisation: a problem in, a result out. Knows nothing of pairs or estimators."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.linalg.lapack import dposv
from sklearn.exceptions import ConvergenceWarning

# Wolfe's conditions: sufficient decrease, and how far the slope must have flattened.
DECREASE, CURVATURE = 1e-4, 0.9
MEMORY = 12
MAX_TRIALS = 25
# A pivot of a few unknowns, each of curvature one, in which they are not told apart.
FLAT = 1e-5
# A function of a few unknowns whose curvature is less is level. Newton's step, far too
# long there, is cut to what has a square.
LEVEL, LONGEST = 1e-100, 1e150
# A gradient norm that rounding does not explain: 1e-4 of the objective are in reach.
BLUNT = 1e-2
# So many iterations without progress in the value or in the gradient are rounding.
PATIENCE = 10


@dataclass(frozen=True)
class Problem:
    """A smooth function to be minimised.

    Parameters
    ----------
    value_and_gradient : callable
        Maps a vector to (float, vector).
    start : ndarray
        Where to begin; not written to.
    tol : float
        Stop when the norm of the gradient is at most this: its Euclidean norm in
        coordinates in which the Hessian is about one, as `scaling` says.
    max_iter : int
        The most iterations.
    resolution : float, default=1e-15
        The relative rounding error of a value: decreases below it cannot be seen.
    callback : callable, default=None
        Called with the last entry of the history after each iteration.
    scaling : ndarray, default=None
        The inverse of the diagonal of the Hessian; None is one.
    rescale : callable, default=None
        Called after each iteration; returns a new scaling, or None to keep the last.
    search : callable, default=None
        Maps (x, direction, point at x, noise) to a :class:`TrialPoint` or None. None
        is a line search by trial and error.
    rough_tol : float, default=0.0
        When the norm is first at most this, `is_enough` is asked.
    is_enough : callable, default=None
        Maps x to whether to stop there, short of `tol`.
    watch : callable, default=None
        Called after each iteration with a function that returns x; if it returns true,
        that was the last one.
    """

    value_and_gradient: Callable
    start: np.ndarray
    tol: float
    max_iter: int
    resolution: float = 1e-15
    callback: Callable | None = None
    scaling: np.ndarray | None = None
    rescale: Callable | None = None
    search: Callable | None = None
    rough_tol: float = 0.0
    is_enough: Callable | None = None
    watch: Callable | None = None


@dataclass
class SolverResult:
    """What a solver found.

    Parameters
    ----------
    theta : ndarray
        The best point.
    value, gradient_norm : float
        There.
    n_iter, n_evaluations : int
    status : {"converged", "enough", "resolution", "max_iter", "stopped"}
        "enough": short of `tol`, as the problem wanted it. "resolution": no further
        decrease can be told from rounding. "stopped": by who watches.
    history : list of dict
        One small entry for each iteration.
    """

    theta: np.ndarray
    value: float
    gradient_norm: float
    n_iter: int
    n_evaluations: int
    status: str
    history: list = field(default_factory=list)

    @property
    def converged(self):
        """Whether the result is as good as asked for, or as rounding allows."""
        return self.status != "max_iter"


class _CountedFunction:
    """Count the evaluations of a function."""

    def __init__(self, function):
        self.function = function
        self.n_calls = 0

    def __call__(self, x):
        self.n_calls += 1
        return self.function(x)


class _InverseHessian:
    """The limited-memory BFGS estimate of the inverse Hessian.

    Nocedal and Wright, Numerical Optimization (2006), algorithm 7.4.
    """

    def __init__(self):
        self.pairs = []

    def update(self, step, change):
        curvature = float(step @ change)
        if curvature > 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
            self.pairs.append((step, change, 1 / curvature))
            del self.pairs[:-MEMORY]

    def clear(self):
        self.pairs.clear()

    def __call__(self, gradient, scaling):
        d = gradient.copy()
        factors = []
        for step, change, rho in reversed(self.pairs):
            factor = rho * float(step @ d)
            d -= factor * change
            factors.append(factor)
        d = scaling * d
        if self.pairs:
            _, change, rho = self.pairs[-1]
            d /= rho * float(change @ (scaling * change))
        for (step, change, rho), factor in zip(
            self.pairs, reversed(factors), strict=True
        ):
            d += (factor - rho * float(change @ d)) * step
        return d


class _Stall:
    """Notice that neither value nor gradient get any smaller."""

    def __init__(self):
        self.value = self.norm = np.inf
        self.n_idle = 0

    def __call__(self, value, norm, noise):
        better = value < self.value - noise or norm < 0.9 * self.norm
        self.n_idle = 0 if better else self.n_idle + 1
        self.value = min(value, self.value)
        self.norm = min(norm, self.norm)
        return self.n_idle >= PATIENCE


@dataclass
class TrialPoint:
    """A trial step with the value, the slope along it and the gradient there."""

    t: float
    value: float
    slope: float
    gradient: np.ndarray | None = None


def _line_search(function, x, direction, start, noise):
    """Find a step that satisfies Wolfe's conditions, or their approximate form.

    Near the optimum, the decrease drowns in rounding while the slope is still exact;
    there the slope alone decides (Hager and Zhang, SIAM J. Optim. 16 (2005), 170).

    Returns
    -------
    point : TrialPoint or None
        None if no trial lowers the value.
    """
    low, high, best = start, None, None
    t = 1.0
    for _ in range(MAX_TRIALS):
        value, gradient = function(x + t * direction)
        trial = TrialPoint(t, value, float(gradient @ direction), gradient)
        finite = np.isfinite(value)
        lower = finite and value <= start.value + DECREASE * t * start.slope
        level = finite and value <= start.value + noise
        flat = abs(trial.slope) <= CURVATURE * abs(start.slope)
        if flat and (lower or (level and trial.slope <= -0.8 * start.slope)):
            return trial
        if lower and (best is None or value < best.value):
            best = trial
        too_far = not (lower or (level and trial.slope < 0)) or trial.slope > 0
        if too_far or (high is not None and value > low.value + noise):
            high = trial
        else:
            low = trial
        t = _next_step(low, high)
    return best


def _next_step(low, high):
    """Extrapolate beyond low, or interpolate between low and high."""
    if high is None:
        return low.t * 4
    width = high.t - low.t
    t = low.t + 0.5 * width
    if np.isfinite(high.value):
        # The minimiser of the parabola through low's value and slope and high's value.
        bend = high.value - low.value - low.slope * width
        if bend > 0:
            t = low.t - 0.5 * low.slope * width**2 / bend
    return float(np.clip(t, low.t + 0.1 * width, high.t - 0.1 * width))


def minimize_lbfgs(problem):
    """Minimise a smooth function by limited-memory BFGS.

    Liu and Nocedal, Mathematical Programming 45 (1989), 503, with a diagonal to begin
    the estimate of the inverse Hessian with, which may change on the way.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    result : SolverResult
    """
    function = _CountedFunction(problem.value_and_gradient)
    search = problem.search or partial(_line_search, function)
    x = problem.start.copy()
    value, gradient = function(x)
    scaling = np.float64(1.0) if problem.scaling is None else problem.scaling
    inverse_hessian = _InverseHessian()
    stalled = _Stall()
    history = []
    started = time.perf_counter()
    status = "max_iter"
    n_iter = n_searches = 0
    ask = problem.is_enough is not None
    while True:
        norm = _norm(gradient, scaling)
        noise = problem.resolution * abs(value)
        if norm <= problem.tol:
            status = "converged"
        elif ask and norm <= problem.rough_tol:
            ask = False
            status = "enough" if problem.is_enough(x) else status
        elif stalled(value, norm, noise):
            status = "resolution"
        if status != "max_iter" or n_iter == problem.max_iter:
            break
        direction = -inverse_hessian(gradient, scaling)
        slope = float(gradient @ direction)
        point = search(x, direction, TrialPoint(0.0, value, slope, gradient), noise)
        n_searches += 1
        if point is None:
            if not inverse_hessian.pairs or -slope <= noise:
                status = "resolution"
                continue
            inverse_hessian.clear()
            continue
        step = point.t * direction
        inverse_hessian.update(step, point.gradient - gradient)
        x += step
        value, gradient = point.value, point.gradient
        n_iter += 1
        history.append(
            {
                "iteration": n_iter,
                "objective": value,
                "gradient_norm": _norm(gradient, scaling),
                "n_evaluations": _n_evaluations(problem, function, n_searches),
                "seconds": time.perf_counter() - started,
            }
        )
        if problem.callback is not None:
            problem.callback(history[-1])
        if problem.watch is not None and problem.watch(x.copy):
            norm, status = history[-1]["gradient_norm"], "stopped"
            break
        changed = problem.rescale() if problem.rescale is not None else None
        scaling = scaling if changed is None else changed
    n_evaluations = _n_evaluations(problem, function, n_searches)
    return SolverResult(x, value, norm, n_iter, n_evaluations, status, history)


def _norm(gradient, scaling):
    return float(np.sqrt(gradient @ (scaling * gradient)))


def _n_evaluations(problem, function, n_searches):
    # A search of its own costs one evaluation, whatever it finds.
    return function.n_calls + (n_searches if problem.search is not None else 0)


def minimize_newton(evaluate, start, noise=1e-16, share_left=0.0):
    """Minimise a convex function of a few unknowns by Newton's method.

    Parameters
    ----------
    evaluate : callable
        Maps a vector to value, gradient and Hessian.
    start : ndarray
    noise : float, default=1e-16
        Gains below it do not matter.
    share_left : float, default=0.0
        A step that gains this share of what was gained so far is the last one.

    Returns
    -------
    x : ndarray
    value : float
    """
    x = start
    value, gradient, hessian = evaluate(x)
    first = value
    for _ in range(MAX_TRIALS if x.size else 0):
        step = _newton_step(gradient, hessian)
        decrease = -float(gradient @ step) / 2
        last = not decrease > max(noise, share_left * (first - value))
        for _ in range(1 if last else MAX_TRIALS):
            # Where the function is all but level, the first step may be far too long.
            with np.errstate(over="ignore", invalid="ignore"):
                trial = evaluate(x + step)
            # At the end the value is level, and the step is right to more digits.
            if trial[0] < value or (last and trial[0] <= value + noise):
                break
            step = step / 2
        else:
            break
        x = x + step
        value, gradient, hessian = trial
        if last:
            break
    return x, value


def _newton_step(gradient, hessian):
    size = np.sqrt(np.maximum(hessian.diagonal(), np.finfo(float).tiny))
    scaled, slopes = hessian / np.outer(size, size), gradient / size
    # Two or three unknowns, tens of thousands of times: LAPACK itself, as the wrappers
    # take ten times as long as the step.
    factor, step, failed = dposv(scaled, slopes)
    if failed or factor.diagonal().min() < FLAT:
        lam, basis = np.linalg.eigh(scaled)
        lam = np.maximum(lam, 1e-12 * max(lam[-1], LEVEL))
        step = basis @ ((basis.T @ slopes) / lam)
    with np.errstate(over="ignore"):
        return np.clip(-step / size, -LONGEST, LONGEST)


def warn_if_not_converged(result, max_iter, tol, advice, stacklevel):
    """Warn, in the one place that does, that the solver stopped too early."""
    if result.gradient_norm <= tol or result.status == "stopped":
        return
    if result.status == "max_iter":
        reason = f"after max_iter={max_iter} iterations"
    elif result.gradient_norm > BLUNT:
        reason = "where rounding hides any further decrease"
    else:
        return
    warnings.warn(
        f"The solver stopped {reason} with a scaled gradient norm of "
        f"{result.gradient_norm:.2g}, above tol={tol:g}. {advice}",
        ConvergenceWarning,
        stacklevel=stacklevel,
    )
