# SPDX-License-Identifier: BSD-3-Clause
"""The convex problem: scores that are linear in the unknowns, searched exactly.

When a direction is tried, its scores are computed once; along it, and along the two
unknowns that are not penalised (the scale of the prior and the intercept), the
objective then costs one sum over the pairs and no product with any matrix. So each
step is the exact minimum over all three, and one evaluation is one step.
"""

import numpy as np

from sksymsim._blocks import block_slices
from sksymsim._objective import log_loss_with_curvature
from sksymsim._solvers import TrialPoint, minimize_newton

# The last of Newton's steps is taken when what it gains is this share of the gain: at
# the start, where nothing else moves, and along a direction, where more digits were
# measured to save no step of the solver.
SHARE_AT_START, SHARE_ON_LINE = 1e-4, 1e-2
# What is read and written of a pair while the loss along a line is summed up. A block
# of fewer pairs is done before another thread has noticed that there is one.
LINE_BYTES = 256


class _PairStates:
    """Scores of all pairs, the loss there and its derivatives by them.

    Attributes
    ----------
    scores, slopes, bends : ndarray of shape (n_pairs,)
    losses : dict
        The sum for each block of pairs, by the first of them.
    shares : ndarray or None
        How far along some columns the scores lie from where they were.
    """

    def __init__(self, scores):
        self.scores = scores
        self.slopes, self.bends = np.empty_like(scores), np.empty_like(scores)
        self.losses = {}
        self.shares = None


class ExactSearch:
    """The objective as a function of D in theta = D + tau theta_0.

    For each D, the scale tau of the prior and the intercept are at their optimum.

    Parameters
    ----------
    objective : PairObjective
        Over a ``MatrixModel``.
    deviation : Parameters
        Where D begins; its intercept is where the intercept begins.
    tau : float
        Where the scale of the prior begins.
    prior_scores : ndarray of shape (n_pairs,)
        The scores of theta_0.
    """

    def __init__(self, objective, deviation, tau, prior_scores):
        self.objective = objective
        self.model = objective.model
        self.shapes = deviation
        self.prior_scores = prior_scores
        self.tau = tau
        self.intercept = float(deviation.intercept)
        self.start = deviation.flatten()
        self.start[0] = 0.0
        begin = tau * prior_scores + self.intercept
        if self.start.any():
            begin += self._linear_scores(self.start)
        self._here, self._spare = _PairStates(begin), _PairStates(np.empty_like(begin))
        objective.design.team.map(
            lambda rows: self._evaluate(self._here, rows), self._slices()
        )

    @property
    def pair_scores(self):
        """The scores of the pairs at the point of this search."""
        return self._here.scores

    @property
    def fisher(self):
        """What the score of each pair adds to the information, w_i p_i (1 - p_i)."""
        return self._here.bends

    def _linear_scores(self, vector):
        parameters = self.shapes.like(vector)
        parameters.intercept = 0.0
        return self.objective.scores(parameters)

    def parameters(self, vector):
        """Return theta for a given D."""
        theta = vector + self.tau * self.model.prior_vector
        parameters = self.shapes.like(theta)
        parameters.intercept = self.intercept
        return parameters

    def value_and_gradient(self, vector):
        """Return the objective and its gradient by D, at the point of this search."""
        value = self._minimize(vector, None, 0.0)[1]
        return value, self._gradient(vector)

    def __call__(self, vector, direction, point, noise):
        """Move to the minimum along a direction; return the point, None if no gain."""
        before = self.tau, self.intercept, self._here, self._spare
        length, value = self._minimize(vector, direction, noise)
        if not value < point.value - noise or length <= 0:
            self.tau, self.intercept, self._here, self._spare = before
            return None
        gradient = self._gradient(vector + length * direction)
        return TrialPoint(length, value, 0.0, gradient)

    def _gradient(self, vector):
        objective, model = self.objective, self.model
        shapes = self.shapes.like(vector)
        pulled = objective.design.pull(model, shapes, self._here.slopes)
        gradient = pulled.flatten()
        gradient[0] = 0.0
        share = 0.0
        if model.prior_square > 0:
            inner = float(vector @ model.prior_vector) + self.tau * model.prior_square
            share = max(inner, 0.0) / model.prior_square - self.tau
        gradient += objective.alpha * vector
        gradient -= (objective.alpha * share) * model.prior_vector
        return gradient

    def _slices(self):
        return block_slices(self.prior_scores.size, LINE_BYTES)

    def _minimize(self, vector, direction, noise):
        """Minimise over the length of a step, tau and the intercept.

        Returns
        -------
        length, value : float
            How far along the direction, and the objective there. Scores, scale and
            intercept are moved to that point.
        """
        columns = []
        if direction is not None:
            columns.append(self._linear_scores(direction))
        has_prior = self.model.prior_square > 0 and bool(np.any(self.prior_scores))
        if has_prior:
            columns.append(self.prior_scores)
        penalty = _LinePenalty(self.model, vector, direction, self.tau, has_prior)
        free = self.objective.fit_intercept

        def evaluate(c):
            loss, slopes, bends = self._loss_along(columns, c, free)
            value, gradient, hessian = penalty(c[: len(columns)])
            slopes[: len(columns)] += self.objective.alpha * gradient
            bends[: len(columns), : len(columns)] += self.objective.alpha * hessian
            return loss + self.objective.alpha * value, slopes, bends

        start = np.zeros(len(columns) + free)
        self._spare.shares = None
        share_left = SHARE_AT_START if direction is None else SHARE_ON_LINE
        c, value = minimize_newton(evaluate, start, noise, share_left)
        if penalty.prior_is_negative(c[: len(columns)]):
            penalty.hold_prior = True
            c, value = minimize_newton(evaluate, start, noise, share_left)
        length = float(c[0]) if direction is not None else 0.0
        if has_prior:
            self.tau += float(c[len(columns) - 1])
        if free:
            self.intercept += float(c[-1])
        if c.any():
            if not np.array_equal(c, self._spare.shares):
                self._loss_along(columns, c, free)
            self._here, self._spare = self._spare, self._here
        return length, value

    def _evaluate(self, states, rows):
        """Fill in what follows from the scores of some pairs; return their loss."""
        targets, weights = self.objective.targets[rows], self.objective.weights[rows]
        loss, states.slopes[rows], states.bends[rows] = log_loss_with_curvature(
            states.scores[rows], targets, weights
        )
        states.losses[rows.start] = loss
        return loss

    def _loss_along(self, columns, c, free):
        """Return the loss at scores + columns @ c, its gradient and Hessian by c.

        Unless c is zero, the scores there go to the spare states.
        """
        size = len(columns) + free
        here, states = self._here, self._spare if c.any() else self._here
        states.shares = c.copy()

        def add_up(rows):
            if states is not here:
                scores = states.scores[rows]
                scores[:] = here.scores[rows]
                for share, column in zip(c, columns, strict=False):
                    scores += share * column[rows]
                if free:
                    scores += c[-1]
                self._evaluate(states, rows)
            loss = states.losses[rows.start]
            slope, bend = states.slopes[rows], states.bends[rows]
            slopes, bends = np.empty(size), np.empty((size, size))
            parts = [column[rows] for column in columns]
            bent = [part * bend for part in parts]
            if free:
                parts.append(None)
                bent.append(bend)
            for i in range(size):
                slopes[i] = slope.sum() if parts[i] is None else slope @ parts[i]
                for j in range(i, size):
                    product = bent[i].sum() if parts[j] is None else bent[i] @ parts[j]
                    if parts[j] is None and parts[i] is not None:
                        product = bent[i].sum()
                    bends[i, j] = bends[j, i] = product
            return [loss, slopes, bends]

        return self.objective.design.team.sum(add_up, self._slices())


class _LinePenalty:
    """Half the squared deviation along a direction and along the prior.

    The part of theta along theta_0 is free where it is positive:
    |theta|^2 - max(0, <theta, theta_0>)^2 / |theta_0|^2. Each of its two pieces is a
    quadratic function. The minimum without a penalty on that part is the minimum if
    it lies where that is right; otherwise, that with it is.

    Attributes
    ----------
    hold_prior : bool
        Whether the part along the prior is penalised.
    """

    def __init__(self, model, vector, direction, tau, has_prior):
        square, prior = model.prior_square, model.prior_vector
        self.square = square
        self.size = has_prior + (direction is not None)
        self.inner = tau * square + (float(vector @ prior) if square > 0 else 0.0)
        self.inner_slope = np.zeros(self.size)
        self.linear = np.zeros(self.size)
        self.bend = np.zeros((self.size, self.size))
        self.constant = _across(vector, vector, prior, square)
        self.hold_prior = False
        if has_prior:
            self.inner_slope[-1] = square
        if direction is not None:
            self.inner_slope[0] = float(direction @ prior) if square > 0 else 0.0
            self.linear[0] = _across(vector, direction, prior, square)
            self.bend[0, 0] = max(_across(direction, direction, prior, square), 0.0)

    def __call__(self, c):
        """Return value, gradient and Hessian."""
        value = 0.5 * self.constant + self.linear @ c + 0.5 * c @ self.bend @ c
        gradient, hessian = self.linear + self.bend @ c, self.bend
        if self.hold_prior:
            inner = self._inner(c)
            value += 0.5 * inner**2 / self.square
            gradient = gradient + inner / self.square * self.inner_slope
            outer = np.outer(self.inner_slope, self.inner_slope) / self.square
            hessian = hessian + outer
        return value, gradient, hessian

    def prior_is_negative(self, c):
        """Say whether theta points away from the prior."""
        return self.square > 0 and self._inner(c) < 0

    def _inner(self, c):
        return self.inner + self.inner_slope @ c


def _across(u, v, prior, square):
    """Return <u, v> less the parts along the prior."""
    inner = float(u @ v)
    if square > 0:
        inner -= float(u @ prior) * float(v @ prior) / square
    return inner
