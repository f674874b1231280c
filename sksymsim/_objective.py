# SPDX-License-Identifier: BSD-3-Clause
"""The objective: mean log-loss plus the squared deviation from the prior.

::

    sum_i w_i softplus(-t_i s_i)  +  alpha/2 min_{g >= 0} || theta - g theta_0 ||^2

with labels t_i = +-1 and weights that sum to one. theta holds the matrices (and the
linear part) of a form, theta_0 those of the prior. The scale g of the prior is not
penalised; for a given theta the best g is known in closed form, so it is no unknown
of the solver, and by the envelope theorem the gradient is alpha (theta - g theta_0).
The intercept is not penalised either.
"""

from copy import copy
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from sksymsim._forms import (
    factor_pull,
    factor_scores,
    matrix_pull,
    matrix_scores,
    project,
    total,
)


def log_loss(scores, targets, weights):
    """Return the weighted sum of softplus(-t s) and its derivative by s.

    Stable for scores of any size.
    """
    margins = targets * scores
    value = float(weights @ np.logaddexp(0.0, -margins))
    return value, -weights * targets * expit(-margins)


@dataclass
class Parameters:
    """The unknowns: an intercept, a linear part, one array for each term."""

    intercept: float
    linear: np.ndarray | None
    arrays: list = field(default_factory=list)

    def flatten(self):
        """Return all numbers as one vector."""
        parts = [np.atleast_1d(np.float64(self.intercept))]
        if self.linear is not None:
            parts.append(self.linear)
        return np.concatenate(parts + [array.ravel() for array in self.arrays])

    def like(self, vector):
        """Return parameters of these shapes that are views of a vector."""
        position = 1
        linear = None
        if self.linear is not None:
            linear = vector[1 : 1 + self.linear.size]
            position += self.linear.size
        arrays = []
        for array in self.arrays:
            part = vector[position : position + array.size]
            arrays.append(part.reshape(array.shape))
            position += array.size
        return Parameters(vector[0], linear, arrays)


def best_scale(inner, inner_prior):
    """Return the g >= 0 that brings g theta_0 closest to theta."""
    return max(0.0, inner / inner_prior) if inner_prior > 0 else 0.0


class MatrixModel:
    """The matrices B themselves are the unknowns: the problem is convex.

    Parameters
    ----------
    prior : Parameters
        theta_0 as matrices; its intercept is not used.
    """

    def __init__(self, prior):
        self.prior = prior
        self._prior_vector = prior.flatten()
        self._prior_vector[0] = 0.0
        self._prior_square = float(self._prior_vector @ self._prior_vector)

    def matrices(self, parameters):
        """Return B of each term."""
        return parameters.arrays

    def scores(self, x, y, matrix, term):
        """Return x'By for each row, and nothing to remember for the gradient."""
        return matrix_scores(x, y, matrix), None

    def pull(self, x, y, memory, residuals, term):
        """Return the gradient with respect to B."""
        return matrix_pull(x, y, residuals)

    def penalty(self, theta, parameters):
        """Return half the squared deviation, and its gradient."""
        inner = float(theta @ self._prior_vector)
        g = best_scale(inner, self._prior_square)
        deviation = theta - g * self._prior_vector
        deviation[0] = 0.0
        return 0.5 * float(deviation @ deviation), deviation


class FactorModel:
    """The unknowns are factors: B = V' diag(signs) V for each term.

    With all signs positive, B is positive semidefinite by construction. The prior is
    given as factors too, so that nothing of size (n_features, n_features) is needed.

    Parameters
    ----------
    prior : Parameters
        The factors of theta_0; its intercept is not used.
    prior_signs, signs : list of ndarray of +-1
        One array for each term, one sign for each row of a factor.
    """

    def __init__(self, prior, prior_signs, signs):
        self.prior = prior
        self.prior_signs = prior_signs
        self.signs = signs
        self._prior_square = sum(
            _gram_product(v, s, v, s)[0]
            for v, s in zip(prior.arrays, prior_signs, strict=True)
        )
        if prior.linear is not None:
            self._prior_square += float(prior.linear @ prior.linear)

    def matrices(self, parameters):
        """Return B of each term."""
        return [
            (v.T * s) @ v for v, s in zip(parameters.arrays, self.signs, strict=True)
        ]

    def scores(self, x, y, factor, term):
        """Return x'V' diag(signs) Vy for each row, and both projections."""
        zx, zy = project(x, y, factor)
        return factor_scores(zx, zy, self.signs[term]), (zx, zy)

    def pull(self, x, y, memory, residuals, term):
        """Return the gradient with respect to V."""
        return factor_pull(x, y, *memory, self.signs[term], residuals)

    def penalty(self, theta, parameters):
        """Return half the squared deviation, and its gradient."""
        own, cross = [], []
        for t, factor in enumerate(parameters.arrays):
            mine = (factor, self.signs[t])
            own.append(_gram_product(*mine, *mine))
            cross.append(
                _gram_product(*mine, self.prior.arrays[t], self.prior_signs[t])
            )
        square = sum(value for value, _ in own)
        inner = sum(value for value, _ in cross)
        if parameters.linear is not None:
            square += float(parameters.linear @ parameters.linear)
            inner += float(parameters.linear @ self.prior.linear)
        g = best_scale(inner, self._prior_square)
        gradient = np.zeros_like(theta)
        views = parameters.like(gradient)
        for t, view in enumerate(views.arrays):
            view[:] = 2 * (own[t][1] - g * cross[t][1])
        if parameters.linear is not None:
            views.linear[:] = parameters.linear - g * self.prior.linear
        value = 0.5 * (square - 2 * g * inner + g * g * self._prior_square)
        return max(value, 0.0), gradient


def _gram_product(v, v_signs, u, u_signs):
    """Return <V'SV, U'TU> and half its gradient with respect to V."""
    gram = v @ u.T
    weighted = v_signs[:, None] * gram * u_signs
    return float(np.vdot(weighted, gram)), weighted @ u


class PairObjective:
    """Loss and penalty of a form on given pairs, as one smooth function.

    Parameters
    ----------
    design : PairDesign
    model : MatrixModel or FactorModel
        What the unknown arrays mean.
    targets : ndarray of shape (n_pairs,)
        +1 for similar, -1 for dissimilar.
    weights : ndarray of shape (n_pairs,)
        Non-negative, sum 1.
    alpha : float
        Weight of the deviation from the prior.
    fit_intercept : bool
        Whether the intercept is free.
    """

    def __init__(self, design, model, targets, weights, alpha, fit_intercept):
        self.design = design
        self.form = design.form
        self.model = model
        self.targets = targets
        self.weights = weights
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def with_model(self, model):
        """Return the same objective over other unknowns."""
        other = copy(self)
        other.model = model
        return other

    def block_scores(self, sides, parameters):
        """Return the scores of one block, and what the gradient wants to reuse."""
        scores = np.float64(parameters.intercept)
        memories = []
        for t, term in enumerate(self.form.terms):
            part, memory = self.model.scores(
                *sides[term.sides], parameters.arrays[t], t
            )
            scores = scores + term.coefficient * part.astype(np.float64)
            memories.append(memory)
        if parameters.linear is not None:
            x, _ = sides[total]
            scores = scores + x @ parameters.linear.astype(x.dtype)
        return scores, memories

    def scores(self, parameters):
        """Return the log-odds of all pairs."""
        result = np.empty(self.design.n_pairs)
        for rows, sides in self.design.blocks():
            result[rows] = self.block_scores(sides, parameters)[0]
        return result

    def value_and_gradient(self, theta, parameters):
        """Return the objective and its gradient, in one walk over the pairs.

        Parameters
        ----------
        theta : ndarray
            All unknowns.
        parameters : Parameters
            Views of `theta`.

        Returns
        -------
        value : float
        gradient : ndarray of the shape of theta
        """
        value, gradient = self.model.penalty(theta, parameters)
        value *= self.alpha
        gradient *= self.alpha
        slots = parameters.like(gradient)
        for rows, sides in self.design.blocks():
            scores, memories = self.block_scores(sides, parameters)
            loss, residuals = log_loss(scores, self.targets[rows], self.weights[rows])
            value += loss
            if self.fit_intercept:
                gradient[0] += residuals.sum()
            if slots.linear is not None:
                x, _ = sides[total]
                slots.linear += x.T @ residuals.astype(x.dtype)
            for t, term in enumerate(self.form.terms):
                slots.arrays[t] += term.coefficient * self.model.pull(
                    *sides[term.sides], memories[t], residuals, t
                )
        return value, gradient


def fit_scale_and_intercept(prior_scores, targets, weights, fit_intercept):
    """Fit the two unpenalised numbers alone: Platt's scaling of the prior's scores.

    Returns
    -------
    scale : float
        Never negative: a prior that points the wrong way is switched off.
    intercept : float
    """
    center = float(weights @ prior_scores) if fit_intercept else 0.0
    spread = float(np.sqrt(weights @ (prior_scores - center) ** 2)) or 1.0
    z = (prior_scores - center) / spread

    def value_and_gradient(u):
        value, residuals = log_loss(u[0] * z + u[1], targets, weights)
        return value, np.array([residuals @ z, residuals.sum() * fit_intercept])

    start = np.zeros(2)
    if fit_intercept:
        rate = weights[targets > 0].sum()
        start[1] = np.log(rate / (1 - rate))
    found = minimize(
        value_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 200},
    )
    scale = float(found.x[0]) / spread
    return scale, float(found.x[1]) - scale * center
