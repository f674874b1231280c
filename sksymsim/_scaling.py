# SPDX-License-Identifier: BSD-3-Clause
"""Coordinates in which the Hessian of the objective is near the identity.

For scores s = k + coefficient x'Bx with x near Gaussian, of mean U m and covariance
U diag(lam) U' under the Fisher weights h_i = p_i (1 - p_i), the Hessian by B is, in
the basis U, near diagonal once the intercept moves along so that the mean score stays:
entry (j, k) has the curvature
2 coefficient^2 hbar (lam_j lam_k + m_j^2 lam_k + m_k^2 lam_j).
What is left is an elementwise rescaling.
"""

import numpy as np
from scipy.linalg import eigh

from sksymsim._forms import both, total
from sksymsim._objective import Parameters

TINY = np.finfo(float).tiny


class Coordinates:
    """A change of unknowns, u -> theta, and its transpose for gradients.

    Parameters
    ----------
    objective : PairObjective
    fisher : ndarray of shape (n_pairs,)
        w_i p_i (1 - p_i), not all zero.
    """

    def __init__(self, objective, fisher):
        design, form = objective.design, objective.form
        self.form = form
        self.fit_intercept = objective.fit_intercept
        self.level = max(float(fisher.sum()), TINY)
        shares = fisher / self.level
        self.centers, self.bases, self.moments, self.means = [], [], [], []
        for term in form.terms:
            center = design.moment(term.sides, shares)
            mean = np.zeros(design.n_features)
            moment = center
            if term.sides is both:
                mean = design.mean(total, shares) / 2
                moment = design.pooled_moment(shares)
            elif term.sides is total:
                mean = design.mean(total, shares)
            lam, basis = eigh(moment - np.outer(mean, mean))
            self.centers.append(center)
            self.bases.append(basis)
            self.moments.append(np.maximum(lam, 0.0))
            self.means.append(basis.T @ mean)
        if form.has_linear:
            self.linear_center = design.mean(total, shares)
            t = [term.sides for term in form.terms].index(total)
            self.linear_basis = self.bases[t]
            self.linear_scale = _inverse_root(
                self.level * self.moments[t], objective.alpha
            )

    def visibility(self, alpha):
        """Return how much of the gradient by the prior's scale is left in u.

        That direction is not penalised, but it is rescaled as if it were.
        """
        largest = [
            _curvature(term) * self.level * float(lam.max(initial=0.0)) ** 2
            for term, lam in zip(self.form.terms, self.moments, strict=True)
        ]
        return max(1e-4, float(np.sqrt(max(largest) / (max(largest) + alpha + TINY))))

    def moment(self, t):
        """Return the covariance of the sides of a term."""
        return (self.bases[t] * self.moments[t]) @ self.bases[t].T

    def wrap(self, objective):
        """Return the objective as a function of u."""

        def value_and_gradient(u):
            theta, parameters = self.to_theta(u)
            value, gradient = objective.value_and_gradient(theta, parameters)
            return value, self.pull_back(gradient, parameters)

        return value_and_gradient

    def to_theta(self, u):
        """Return theta as a vector and as parameters that view it."""
        scaled = self.shapes.like(u)
        theta = np.empty_like(u)
        natural = self.shapes.like(theta)
        shift = 0.0
        for t, term in enumerate(self.form.terms):
            natural.arrays[t][:] = self.natural_array(t, scaled.arrays[t])
            shift += term.coefficient * self.center(t, natural.arrays[t])
        if natural.linear is not None:
            natural.linear[:] = self.linear_basis @ (self.linear_scale * scaled.linear)
            shift += float(natural.linear @ self.linear_center)
        theta[0] = 0.0
        if self.fit_intercept:
            theta[0] = scaled.intercept / np.sqrt(self.level) - shift
        natural.intercept = theta[0]
        return theta, natural

    def pull_back(self, gradient, parameters):
        """Return the gradient by u, given the gradient by theta at parameters."""
        slope = gradient[0]
        by_theta = self.shapes.like(gradient)
        result = np.empty_like(gradient)
        by_u = self.shapes.like(result)
        for t, term in enumerate(self.form.terms):
            array = by_theta.arrays[t]
            if self.fit_intercept:
                array = array - slope * term.coefficient * self.center_gradient(
                    t, parameters.arrays[t]
                )
            by_u.arrays[t][:] = self.pull_array(t, array)
        if by_u.linear is not None:
            linear = by_theta.linear
            if self.fit_intercept:
                linear = linear - slope * self.linear_center
            by_u.linear[:] = self.linear_scale * (self.linear_basis.T @ linear)
        result[0] = slope / np.sqrt(self.level) if self.fit_intercept else 0.0
        return result

    def from_parameters(self, parameters):
        """Return the u of given natural parameters."""
        arrays = [self.scaled_array(t, a) for t, a in enumerate(parameters.arrays)]
        shift = sum(
            term.coefficient * self.center(t, parameters.arrays[t])
            for t, term in enumerate(self.form.terms)
        )
        linear = None
        if parameters.linear is not None:
            linear = (self.linear_basis.T @ parameters.linear) / self.linear_scale
            shift += float(parameters.linear @ self.linear_center)
        intercept = (parameters.intercept + shift) * np.sqrt(self.level)
        self.shapes = Parameters(intercept, linear, arrays)
        return self.shapes.flatten()


class MatrixCoordinates(Coordinates):
    """B = U (S * Theta) U', with S the inverse root of the curvature."""

    def __init__(self, objective, fisher):
        super().__init__(objective, fisher)
        self.scales = []
        for t, term in enumerate(self.form.terms):
            lam, square = self.moments[t], self.means[t] ** 2
            cross = np.multiply.outer(square, lam)
            variance = np.multiply.outer(lam, lam) + cross + cross.T
            curvature = _curvature(term) * self.level * variance
            self.scales.append(_inverse_root(curvature, objective.alpha))

    def natural_array(self, t, array):
        return _rotate(self.bases[t], self.scales[t] * array)

    def pull_array(self, t, gradient):
        return self.scales[t] * _rotate(self.bases[t].T, gradient)

    def scaled_array(self, t, matrix):
        return _rotate(self.bases[t].T, matrix) / self.scales[t]

    def center(self, t, matrix):
        return float(np.vdot(matrix, self.centers[t]))

    def center_gradient(self, t, matrix):
        return self.centers[t]


class FactorCoordinates(Coordinates):
    """V = Theta diag(T) U', with T T' close to the S of the matrix coordinates."""

    def __init__(self, objective, fisher):
        super().__init__(objective, fisher)
        self.signs = objective.model.signs
        self.scales = []
        for t, term in enumerate(self.form.terms):
            lam, square = self.moments[t], self.means[t] ** 2
            variance = lam**2 + 2 * square * lam
            curvature = _curvature(term) * self.level * variance
            self.scales.append(np.sqrt(_inverse_root(curvature, objective.alpha)))
        self.units = [1.0] * len(self.scales)

    def from_parameters(self, parameters):
        # By Theta, the Hessian is about 4 |Theta|^2 times that by Theta'Theta.
        for t, factor in enumerate(parameters.arrays):
            self.units[t] = 1.0
            size = np.linalg.norm(self.scaled_array(t, factor), 2) if len(factor) else 0
            self.units[t] = 1 / (2 * size) if size > 0 else 1.0
        return super().from_parameters(parameters)

    def natural_array(self, t, array):
        return (array * (self.scales[t] * self.units[t])) @ self.bases[t].T

    def pull_array(self, t, gradient):
        return (gradient @ self.bases[t]) * (self.scales[t] * self.units[t])

    def scaled_array(self, t, factor):
        return (factor @ self.bases[t]) / (self.scales[t] * self.units[t])

    def center(self, t, factor):
        return float(
            self.signs[t] @ np.einsum("ij,ij->i", factor @ self.centers[t], factor)
        )

    def center_gradient(self, t, factor):
        return 2 * self.signs[t][:, None] * (factor @ self.centers[t])


def _curvature(term):
    """Return the curvature of a term for Gaussian sides of unit moment and weight."""
    # x_j y_k + x_k y_j has half the variance when x and y are two draws, not one.
    return term.coefficient**2 * (1.0 if term.sides is both else 2.0)


def _inverse_root(curvature, alpha):
    # The floor keeps directions without data finite when nothing is penalised.
    floor = max(alpha, 1e-10 * float(curvature.max(initial=0.0)), TINY)
    return 1 / np.sqrt(curvature + floor)


def _rotate(basis, matrix):
    rotated = basis @ matrix @ basis.T
    return (rotated + rotated.T) / 2
