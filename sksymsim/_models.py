# SPDX-License-Identifier: BSD-3-Clause
"""What the unknown arrays of a fit mean: matrices B, or factors V of them.

Both kinds answer the same questions: how rows are turned into scores, how residuals
of the scores are turned into a gradient, and how far the arrays are from the prior.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import sparse

from sksymsim._forms import (
    factor_pull,
    factor_scores,
    matrix_pull,
    matrix_scores,
    project,
    triangle_scores,
    upper_triangle,
)


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


class MatrixRows:
    """How rows of pairs or items meet matrices B."""

    # A gradient by B is made symmetric, so one direction of each pair is enough.
    needs_both_directions = False

    @property
    def rows(self):
        """What rows of pairs need of this model: all of it."""
        return self

    def pair_operand(self, array, x, y):
        """Return what the rows of blocks like x and y are multiplied with."""
        triangular = x is y and not sparse.issparse(x)
        operand = upper_triangle(array) if triangular else array
        return operand.astype(x.dtype, copy=False)

    def scores(self, x, y, operand, term, buffer=None):
        """Return x'By for each row, and nothing to remember for the gradient."""
        if x is y and not sparse.issparse(x):
            buffer = np.empty_like(x) if buffer is None else buffer
            return triangle_scores(x, operand, buffer), None
        return matrix_scores(x, y, operand), None

    def pull(self, x, y, memory, residuals, term):
        """Return the gradient with respect to B."""
        return matrix_pull(x, y, residuals)

    def item_operand(self, array, dtype):
        """Return W; the items enter the scores as their rows times W."""
        return array.astype(dtype, copy=False)

    def item_sides(self, x, product, term):
        """Return (z, y) with x_i'Bx_j = z_i'y_j, given the product of x with W."""
        return product, x

    def item_pull(self, x, coupled, term):
        """Return the gradient, given x and the coupled rows of x."""
        outer = (x.T @ coupled).astype(np.float64, copy=False)
        return (outer + outer.T) / 2

    def pulled_rows(self, x, multiply, array):
        """Return the rows that have to be coupled for the gradient."""
        return x

    def turned(self, array, basis):
        """Return the array for rows that are x when these parameters see basis'x."""
        return basis @ array @ basis.T

    def turned_back(self, gradient, basis):
        """Return the gradient by an array, given that by the turned one."""
        return basis.T @ gradient @ basis


class FactorRows:
    """How rows of pairs or items meet factors V, with B = V' diag(signs) V.

    Parameters
    ----------
    signs : list of ndarray of +-1
        One array for each term, one sign for each row of a factor.
    """

    needs_both_directions = True

    def __init__(self, signs):
        self.signs = signs

    @property
    def rows(self):
        """What rows of pairs need of this model: all of it."""
        return self

    def pair_operand(self, array, x, y):
        """Return what the rows of blocks like x and y are multiplied with."""
        return array.astype(x.dtype, copy=False)

    def scores(self, x, y, operand, term, buffer=None):
        """Return x'V' diag(signs) Vy for each row, and both projections."""
        zx, zy = project(x, y, operand)
        return factor_scores(zx, zy, self.signs[term]), (zx, zy)

    def pull(self, x, y, memory, residuals, term):
        """Return the gradient with respect to V."""
        return factor_pull(x, y, *memory, self.signs[term], residuals)

    def item_operand(self, array, dtype):
        """Return W; the items enter the scores as their rows times W."""
        return array.T.astype(dtype, copy=False)

    def item_sides(self, x, product, term):
        """Return (z, y) with x_i'V' diag(signs) Vx_j = z_i'y_j, given x times W."""
        signs = self.signs[term]
        if (signs > 0).all():
            return product, product
        return product * signs.astype(x.dtype), product

    def item_pull(self, x, coupled, term):
        """Return the gradient, given x and the coupled rows of its projections."""
        gradient = 2 * (coupled.T @ x).astype(np.float64, copy=False)
        return self.signs[term][:, None] * gradient

    def pulled_rows(self, x, multiply, array):
        """Return the rows that have to be coupled for the gradient."""
        return multiply(x, self.item_operand(array, x.dtype))

    def turned(self, array, basis):
        """Return the array for rows that are x when these parameters see basis'x."""
        return array @ basis.T

    def turned_back(self, gradient, basis):
        """Return the gradient by an array, given that by the turned one."""
        return gradient @ basis


def _loss_plus_penalty(model, design, theta, parameters, alpha, loss):
    half_square, gradient = model.penalty(theta, parameters)
    value, pulled = design.loss_and_pull(model, parameters, loss)
    gradient *= alpha
    gradient += pulled.flatten()
    return value + alpha * half_square, gradient


class MatrixModel(MatrixRows):
    """The matrices B themselves are the unknowns: the problem is convex.

    Parameters
    ----------
    prior : Parameters
        theta_0 as matrices; its intercept is not used.
    """

    def __init__(self, prior):
        self.prior = prior
        self.prior_vector = prior.flatten()
        self.prior_vector[0] = 0.0
        self.prior_square = float(self.prior_vector @ self.prior_vector)

    @property
    def rows(self):
        """What rows of pairs need of this model, without the prior."""
        return MatrixRows()

    def matrices(self, parameters):
        """Return B of each term."""
        return parameters.arrays

    def pair_scores(self, design, parameters):
        """Return the log-odds of all pairs of a design."""
        return design.scores(self, parameters)

    def value_and_gradient(self, design, theta, parameters, alpha, loss):
        """Return loss plus alpha times penalty, and the gradient by all unknowns."""
        return _loss_plus_penalty(self, design, theta, parameters, alpha, loss)

    def around_prior(self, deviation, tau):
        """Return theta = deviation + tau theta_0."""
        return deviation.like(deviation.flatten() + tau * self.prior_vector)

    def scale_of_prior(self, parameters):
        """Return the multiple of the prior that is closest."""
        theta = parameters.flatten()
        return best_scale(float(theta @ self.prior_vector), self.prior_square)

    def penalty(self, theta, parameters):
        """Return half the squared deviation, and its gradient."""
        g = self.scale_of_prior(parameters)
        deviation = theta - g * self.prior_vector
        deviation[0] = 0.0
        return 0.5 * float(deviation @ deviation), deviation


class FactorModel(FactorRows):
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
        super().__init__(signs)
        self.prior = prior
        self.prior_signs = prior_signs
        self._prior_square = sum(
            _gram_product(v, s, v, s)[0]
            for v, s in zip(prior.arrays, prior_signs, strict=True)
        )
        if prior.linear is not None:
            self._prior_square += float(prior.linear @ prior.linear)

    @property
    def rows(self):
        """What rows of pairs need of this model, without the prior."""
        return FactorRows(self.signs)

    def matrices(self, parameters):
        """Return B of each term."""
        return [
            _product(v, s) for v, s in zip(parameters.arrays, self.signs, strict=True)
        ]

    def pair_scores(self, design, parameters):
        """Return the log-odds of all pairs of a design."""
        if not self._is_wide(design, parameters):
            return design.scores(self, parameters)
        return design.scores(MatrixRows(), self._as_matrices(parameters, design.team))

    def value_and_gradient(self, design, theta, parameters, alpha, loss):
        """Return loss plus alpha times penalty, and the gradient by all unknowns."""
        if not self._is_wide(design, parameters):
            return _loss_plus_penalty(self, design, theta, parameters, alpha, loss)
        # Over B, and then by the factor: one product for loss and penalty together.
        whole = self._as_matrices(parameters, design.team)
        value, gradient = _loss_plus_penalty(
            self._matrix_model, design, whole.flatten(), whole, alpha, loss
        )
        by_matrix = whole.like(gradient)
        by_factor = Parameters(by_matrix.intercept, by_matrix.linear)
        for signs, factor, by_b in zip(
            self.signs, parameters.arrays, by_matrix.arrays, strict=True
        ):
            pulled = design.team.product(factor, by_b)
            pulled *= 2 * signs[:, None]
            by_factor.arrays.append(pulled)
        return value, by_factor.flatten()

    @cached_property
    def _matrix_model(self):
        """The model over B, for factors so wide that they go through it."""
        arrays = [
            _product(v, s)
            for v, s in zip(self.prior.arrays, self.prior_signs, strict=True)
        ]
        return MatrixModel(Parameters(0.0, self.prior.linear, arrays))

    def _as_matrices(self, parameters, team):
        matrices = [
            _product(v, s, team.gram)
            for v, s in zip(parameters.arrays, self.signs, strict=True)
        ]
        return Parameters(parameters.intercept, parameters.linear, matrices)

    def _is_wide(self, design, parameters):
        """Say whether a pass with V'V is cheaper than one with V.

        A matrix wants one triangle of each product, a factor all of it; V'V and the
        gradient by V are products in double precision.
        """
        rank, width = parameters.arrays[0].shape
        by_factor = 4 * design.n_rows * rank
        by_matrix = 2.2 * design.n_rows * width + 6 * rank * width
        return by_matrix < by_factor

    def penalty(self, theta, parameters):
        """Return half the squared deviation, and its gradient."""
        parts, square, inner = self._products(parameters)
        g = best_scale(inner, self._prior_square)
        gradient = np.zeros_like(theta)
        views = parameters.like(gradient)
        for part, view in zip(parts, views.arrays, strict=True):
            view[:] = part.gradient(g)
        if parameters.linear is not None:
            views.linear[:] = parameters.linear - g * self.prior.linear
        value = 0.5 * (square - 2 * g * inner + g * g * self._prior_square)
        return max(value, 0.0), gradient

    def scale_of_prior(self, parameters):
        """Return the multiple of the prior that is closest."""
        return best_scale(self._products(parameters)[2], self._prior_square)

    def _products(self, parameters):
        """Return the parts of each term, |theta|^2 and <theta, theta_0>."""
        parts = [
            self._term_products(t, factor) for t, factor in enumerate(parameters.arrays)
        ]
        square = sum(part.square for part in parts)
        inner = sum(part.inner for part in parts)
        if parameters.linear is not None:
            square += float(parameters.linear @ parameters.linear)
            inner += float(parameters.linear @ self.prior.linear)
        return parts, square, inner

    def _term_products(self, t, factor):
        prior = self.prior.arrays[t]
        mine = (factor, self.signs[t])
        if len(factor) + len(prior) > factor.shape[1]:
            return _MatrixProducts(*mine, prior, self.prior_signs[t])
        return _FactorProducts(*mine, prior, self.prior_signs[t])


class _FactorProducts:
    """<B, B> and <B, B_0> by products of factors: for few rows."""

    def __init__(self, v, v_signs, u, u_signs):
        self.square, self._own = _gram_product(v, v_signs, v, v_signs)
        self.inner, self._cross = _gram_product(v, v_signs, u, u_signs)

    def gradient(self, g):
        """Return the gradient of |B - g B_0|^2 / 2 by the factor."""
        return 2 * (self._own - g * self._cross)


class _MatrixProducts:
    """<B, B> and <B, B_0> by the matrices themselves: for many rows."""

    def __init__(self, v, v_signs, u, u_signs):
        self._v, self._signs = v, v_signs
        self._own, self._prior = _product(v, v_signs), _product(u, u_signs)
        self.square = float(np.vdot(self._own, self._own))
        self.inner = float(np.vdot(self._own, self._prior))

    def gradient(self, g):
        """Return the gradient of |B - g B_0|^2 / 2 by the factor."""
        return 2 * self._signs[:, None] * (self._v @ (self._own - g * self._prior))


def _gram(v):
    return v.T @ v


def _product(v, signs, gram=_gram):
    """Return V' diag(signs) V; one triangle of it is computed and mirrored."""
    if (signs > 0).all():
        return gram(v)
    return gram(v[signs > 0]) - gram(v[signs < 0])


def _gram_product(v, v_signs, u, u_signs):
    """Return <V'SV, U'TU> and half its gradient with respect to V."""
    gram = v @ u.T
    weighted = v_signs[:, None] * gram * u_signs
    return float(np.vdot(weighted, gram)), weighted @ u
