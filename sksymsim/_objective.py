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

import numpy as np
from scipy.special import expit

from sksymsim._solvers import minimize_newton


def log_loss(scores, targets, weights):
    """Return the weighted sum of softplus(-t s) and its derivative by s.

    Stable for scores of any size.
    """
    loss, wrong, _ = _log_loss_terms(targets * scores)
    return float(weights @ loss), -weights * targets * wrong


def log_loss_with_curvature(scores, targets, weights):
    """Return the weighted sum of softplus(-t s), its first and second derivative."""
    loss, wrong, bend = _log_loss_terms(targets * scores)
    return float(weights @ loss), -weights * targets * wrong, weights * bend


def _log_loss_terms(margins):
    """Return softplus(-m), p(-m) and p(m) p(-m) out of one exponential."""
    small = np.exp(-np.abs(margins))
    right = 1 / (1 + small)
    left = small * right
    loss = np.log(1 + small)
    loss -= np.minimum(margins, 0.0)
    return loss, np.where(margins >= 0, left, right), left * right


class PairObjective:
    """Loss and penalty of a form on given pairs, as one smooth function.

    Parameters
    ----------
    design : PairDesign
    model : MatrixModel or FactorModel
        What the unknown arrays mean.
    targets : ndarray of shape (n_pairs,)
        +1 for similar, -1 for dissimilar, in the order of the design.
    weights : ndarray of shape (n_pairs,)
        Non-negative, sum 1, in the order of the design.
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
        self.alpha = float(alpha)
        self.fit_intercept = fit_intercept

    def over(self, model, design=None):
        """Return the same objective over other unknowns, or in other coordinates."""
        other = copy(self)
        other.model = model
        other.design = design or self.design
        return other

    def scores(self, parameters):
        """Return the log-odds of all pairs, in the order of the design."""
        return self.model.pair_scores(self.design, parameters)

    def value(self, parameters, scores):
        """Return the objective at parameters whose scores are known."""
        half_square, _ = self.model.penalty(parameters.flatten(), parameters)
        return (
            self.alpha * half_square + log_loss(scores, self.targets, self.weights)[0]
        )

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
        value, gradient = self.model.value_and_gradient(
            self.design, theta, parameters, self.alpha, self.loss
        )
        gradient[0] *= self.fit_intercept
        return value, gradient

    def loss(self, scores, rows):
        """Return the loss of some pairs and its derivative by their scores."""
        return log_loss(scores, self.targets[rows], self.weights[rows])

    def fisher(self, scores):
        """Return w_i p_i (1 - p_i), what a score adds to the information."""
        probability = expit(np.clip(scores, -30, 30))
        return self.weights * probability * (1 - probability)


def power_of_two(value):
    """Return the greatest power of two that is not above a number, 1 for zero."""
    return float(2.0 ** np.floor(np.log2(value))) if value > 0 else 1.0


def fit_scale_and_intercept(prior_scores, targets, weights, fit_intercept):
    """Fit the two unpenalised numbers alone: Platt's scaling of the prior's scores.

    Returns
    -------
    scale : float
        Never negative: a prior that points the wrong way is switched off.
    intercept : float
    """
    weights = weights / weights.sum()
    # By a power of two, which is exact: squares of any scores are then within range.
    unit = power_of_two(np.abs(prior_scores).max())
    scaled = prior_scores / unit
    center = float(weights @ scaled) if fit_intercept else 0.0
    spread = float(np.sqrt(weights @ (scaled - center) ** 2)) or 1.0
    columns = [(scaled - center) / spread]
    if fit_intercept:
        columns.append(np.ones_like(prior_scores))

    def along(columns):
        def evaluate(c):
            scores = sum(x * column for x, column in zip(c, columns, strict=True))
            value, slope, bend = log_loss_with_curvature(scores, targets, weights)
            gradient = np.array([slope @ column for column in columns])
            bent = [bend * column for column in columns]
            hessian = np.array([[b @ column for b in bent] for column in columns])
            return value, gradient, hessian

        return evaluate

    start = np.zeros(len(columns))
    if fit_intercept:
        rate = np.clip(weights[targets > 0].sum(), 1e-9, 1 - 1e-9)
        start[1] = np.log(rate / (1 - rate))
    found, _ = minimize_newton(along(columns), start)
    if found[0] <= 0:
        return 0.0, float(start[-1]) if fit_intercept else 0.0
    scale = float(found[0]) / spread
    intercept = (float(found[1]) if fit_intercept else 0.0) - scale * center
    return scale / unit, intercept
