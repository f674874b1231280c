# SPDX-License-Identifier: BSD-3-Clause
"""Kernel logistic regression by Newton's method on the dual coefficients.

With scores s = K a + U b, and probabilities p of the targets,  ::

    min  sum_i w_i log(1 + exp(-t_i s_i)) + alpha/2 a'K a,

the columns U are not penalised. Newton's step solves, with h = w p (1 - p),  ::

    (K + alpha diag(1/h)) da + U db = diag(1/h) (r - alpha a),    U'da = 0

where r are the residuals w t (1 - p_t): at the optimum alpha a = r. With da =
diag(h)^(1/2) x the matrix becomes diag(h)^(1/2) K diag(h)^(1/2) + alpha, symmetric and
at least alpha. See Zhu and Hastie, Kernel logistic regression and the import vector
machine, J. Comput. Graph. Stat. 14 (2005), 185.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from sksymsim._objective import log_loss_with_curvature
from sksymsim._solvers import SolverResult

# Shares of the curvature below it are raised to it: pairs whose label is all but
# certain, for or against.
LEAST_CURVATURE = 1e-10
MAX_HALVINGS = 40
# Armijo's condition: the least share of the decrease that the slope promises.
DECREASE = 1e-4
# Gains below this share of the value cannot be told from rounding.
ROUNDING = 1e-15
MAX_INNER = 2000
# The residual of a step, relative to where it began; and less, the nearer the optimum.
FORCING = 0.1


@dataclass(frozen=True)
class DualProblem:
    """What is to be minimised.

    Parameters
    ----------
    gram : DenseGram or ItemGram
    free : ndarray of shape (n_pairs, n_free)
        Columns that are not penalised.
    targets : ndarray of shape (n_pairs,)
        +1 or -1.
    weights : ndarray of shape (n_pairs,)
        Positive, with sum one.
    alpha : float
        Positive.
    tol : float
        Stop where the Newton decrement is at most this: the norm of the gradient, in
        coordinates in which the Hessian is one. The objective is then about
        ``tol**2 / 2`` above its minimum.
    max_iter : int
    callback : callable, default=None
        Called with the last entry of the history after each iteration.
    watch : callable, default=None
        Called after each iteration with a function that returns theta, as the result
        has it; if it returns true, that was the last one.
    """

    gram: object
    free: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    alpha: float
    tol: float
    max_iter: int
    callback: Callable | None = None
    watch: Callable | None = None


@dataclass
class _Point:
    """Coefficients, and the scores that belong to them."""

    a: np.ndarray
    b: np.ndarray
    penalised: np.ndarray
    scores: np.ndarray

    def theta(self):
        """Return all coefficients, those of the free columns last."""
        return np.concatenate([self.a, self.b])

    def moved(self, step, t):
        return _Point(
            self.a + t * step.a,
            self.b + t * step.b,
            self.penalised + t * step.penalised,
            self.scores + t * step.scores,
        )


def minimize_dual(problem, start, steps):
    """Minimise by Newton's method.

    Parameters
    ----------
    problem : DualProblem
    start : ndarray of shape (n_free,)
        The coefficients of the free columns to begin with; the others begin at zero.
    steps : CholeskySteps or GradientSteps

    Returns
    -------
    result : SolverResult
        Its theta holds the dual coefficients, then those of the free columns.
    """
    n = problem.gram.n_pairs
    point = _Point(np.zeros(n), start, np.zeros(n), problem.free @ start)
    value = _value(problem, point)
    started = time.perf_counter()
    status, n_iter, history, norm = "max_iter", 0, [], np.inf
    while True:
        residuals, curvature = _derivatives(problem, point.scores)
        gradient = problem.alpha * point.a - residuals
        step = steps.step(curvature, -gradient, min(FORCING, norm))
        slope = gradient @ step.penalised - residuals @ (problem.free @ step.b)
        norm = float(np.sqrt(abs(slope)))
        noise = ROUNDING * abs(value)
        if norm <= problem.tol:
            status = "converged"
        elif -slope <= noise:
            status = "resolution"
        if n_iter == problem.max_iter:
            break
        is_last = status != "max_iter"
        # The value is level then, and the step is right to more digits than it has.
        slack = noise if is_last else DECREASE * slope
        moved, moved_value = _search(problem, point, value, step, slack)
        if moved is None:
            status = status if is_last else "resolution"
            break
        point, value = moved, moved_value
        n_iter += 1
        history.append(
            {
                "iteration": n_iter,
                "objective": value,
                "gradient_norm": norm,
                "n_evaluations": steps.n_products,
                "seconds": time.perf_counter() - started,
            }
        )
        if problem.callback is not None:
            problem.callback(history[-1])
        if problem.watch is not None and problem.watch(point.theta):
            status = status if is_last else "stopped"
            break
        if is_last:
            break
    theta = point.theta()
    return SolverResult(theta, value, norm, n_iter, steps.n_products, status, history)


def _value(problem, point):
    loss = log_loss_with_curvature(point.scores, problem.targets, problem.weights)[0]
    return float(loss + problem.alpha / 2 * (point.a @ point.penalised))


def _derivatives(problem, scores):
    """Return the residuals and the curvature of the loss of each pair."""
    weights = problem.weights
    _, slope, bend = log_loss_with_curvature(scores, problem.targets, weights)
    return -slope, np.maximum(bend, LEAST_CURVATURE * weights)


def _search(problem, point, value, step, slack):
    """Halve the step until the value decreases; costs no product with the Gram."""
    t = 1.0
    for _ in range(MAX_HALVINGS):
        moved = point.moved(step, t)
        moved_value = _value(problem, moved)
        if moved_value <= value + t * slack:
            return moved, moved_value
        t /= 2
    return None, value


# ----------------------------------------------------------------- the steps, exact


class CholeskySteps:
    """Steps by a factorisation of a Gram matrix that is held.

    Parameters
    ----------
    problem : DualProblem
        Its Gram is dense.
    """

    def __init__(self, problem):
        self.problem = problem
        self.n_products = 0

    def step(self, curvature, force, accuracy):
        """Return the Newton step.

        Parameters
        ----------
        curvature : ndarray of shape (n_pairs,)
            h.
        force : ndarray of shape (n_pairs,)
            r - alpha a.
        accuracy : float
            Not needed.
        """
        problem = self.problem
        root = np.sqrt(curvature)
        matrix = problem.gram.matrix * root
        matrix *= root[:, None]
        matrix[np.diag_indices_from(matrix)] += problem.alpha
        factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        columns = root[:, None] * problem.free
        right = np.column_stack([force / root, columns])
        solved = cho_solve(factor, right, check_finite=False)
        x, inner = solved[:, 0], solved[:, 1:]
        db = np.linalg.lstsq(columns.T @ inner, columns.T @ x, rcond=None)[0]
        self.n_products += 1
        da = root * (x - inner @ db)
        penalised = problem.gram.product(da)
        return _Point(da, db, penalised, penalised + problem.free @ db)


# ------------------------------------------------------- the steps, by products alone


class GradientSteps:
    """Steps by projected, preconditioned conjugate gradients.

    The preconditioner is the approximation of the Gram by some of its columns
    (Frangella, Tropp and Udell, SIAM J. Matrix Anal. Appl. 44 (2023), 718), the
    constraint is kept by projection (Gould, Hribar and Nocedal, SIAM J. Sci. Comput. 23
    (2001), 1376).

    Parameters
    ----------
    problem : DualProblem
    low_rank : ndarray of shape (n_pairs, rank)
        Its products with itself are near the Gram matrix.
    """

    def __init__(self, problem, low_rank):
        self.problem = problem
        self.n_products = 0
        self.low_rank = low_rank

    def step(self, curvature, force, accuracy):
        """Return the Newton step to some relative accuracy; see CholeskySteps."""
        problem, root = self.problem, np.sqrt(curvature)
        precondition = self._preconditioner(root)
        columns = root[:, None] * problem.free
        directions, sizes, _ = np.linalg.svd(columns, full_matrices=False)
        kept = directions[:, sizes > 1e-10 * sizes.max(initial=0.0)]
        inner = precondition(kept)
        small = np.linalg.inv(kept.T @ inner)

        def project(r):
            z = precondition(r)
            return z - inner @ (small @ (kept.T @ z))

        def reduce(r):
            # What lies along `kept` has no effect, and may drown the rest in rounding.
            return r - kept @ (kept.T @ r)

        x = np.zeros(len(root))
        r = reduce(force / root)
        z = project(r)
        p, rho = z, r @ z
        goal = accuracy**2 * rho
        for _ in range(MAX_INNER):
            if not rho > goal:
                break
            q = root * problem.gram.product(root * p) + problem.alpha * p
            self.n_products += 1
            step = rho / (p @ q)
            x += step * p
            r = reduce(r - step * q)
            z = project(r)
            rho, last = r @ z, rho
            p = z + (rho / last) * p
        penalised = problem.gram.product(root * x)
        self.n_products += 1
        # The part along the free columns is what they have to explain.
        r = force / root - root * penalised - problem.alpha * x
        db = np.linalg.lstsq(columns, r, rcond=None)[0]
        return _Point(root * x, db, penalised, penalised + problem.free @ db)

    def _preconditioner(self, root):
        alpha = self.problem.alpha
        z = root[:, None] * self.low_rank
        core = z.T @ z
        core[np.diag_indices_from(core)] += alpha
        factor = cho_factor(core, lower=True)

        def precondition(r):
            return (r - z @ cho_solve(factor, z.T @ r)) / alpha

        return precondition
