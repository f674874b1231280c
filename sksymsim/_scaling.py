# SPDX-License-Identifier: BSD-3-Clause
"""Coordinates in which the Hessian of the objective is near diagonal, and its diagonal.

For scores s = k + coefficient x'Bx with x near Gaussian, of mean m and covariance
diag(lam) under the Fisher weights h_i = p_i (1 - p_i), the Hessian by B is near
diagonal once the intercept moves along so that the mean score stays: entry (j, k) has
the curvature 2 coefficient^2 hbar (lam_j lam_k + m_j^2 lam_k + m_k^2 lam_j).

So the data are turned once, into the eigenvectors of their covariance; what is left is
one number for each unknown, which is cheap to make anew as the solution, and with it
the Fisher weights, move.
"""

import numpy as np
from numpy.linalg import eigh

from sksymsim._forms import both, difference, total
from sksymsim._models import Parameters

TINY = np.finfo(float).tiny


def covariances(design, weights):
    """Return covariance and mean of the sides of each combiner of the form.

    Parameters
    ----------
    design : PairDesign or GraphDesign
        Turned or not; they are in its natural coordinates.
    weights : ndarray of shape (n_pairs,)
        Weights of the pairs, in the order of the design.
    """
    shares = weights / max(float(weights.sum()), TINY)
    result = {}
    for sides in design.combiners:
        if sides is both:
            moment = design.pooled_moment(shares)
            mean = design.mean_total(shares) / 2
        else:
            moment = design.moment(sides, shares)
            # Which side is the left one is arbitrary, so a difference has no mean.
            mean = np.zeros(len(moment))
            if sides is total:
                mean = design.mean_total(shares)
        result[sides] = moment - np.outer(mean, mean), mean
    return result


def eigenbases(design, fisher):
    """Return the eigenvectors of the covariance of each combiner, and its spreads.

    Returns
    -------
    bases : dict of ndarray
        For each combiner U, with the eigenvectors as columns.
    spreads : dict of tuple
        For each combiner the variances and the means in these coordinates.
    """
    bases, spreads = {}, {}
    for sides, (covariance, mean) in covariances(design, fisher).items():
        lam, bases[sides] = eigh(covariance)
        spreads[sides] = np.maximum(lam, 0.0), bases[sides].T @ mean
    return bases, spreads


class Curvatures:
    """The diagonal of the Hessian in turned coordinates.

    Parameters
    ----------
    objective : PairObjective
        Of a turned design.
    fisher : ndarray of shape (n_pairs,)
        w_i p_i (1 - p_i) at the point in question.
    spreads : dict, default=None
        From :func:`eigenbases`, at that point. They save a pass over the data, and
        are enough for a scaling by matrices; factors need the products too.
    """

    def __init__(self, objective, fisher, spreads=None):
        self.form = objective.form
        self.alpha = objective.alpha
        self.level = max(float(fisher.sum()), TINY)
        shares = fisher / self.level
        self.variances, self.means, self.products = [], [], []
        for term in self.form.terms:
            if spreads is not None:
                variance, mean = spreads[term.sides]
                self.variances.append(variance)
                self.means.append(mean)
                continue
            square, mean, product = objective.design.spread(term.sides, shares)
            if term.sides is difference:
                mean = np.zeros_like(mean)
            self.variances.append(np.maximum(square - mean**2, 0.0))
            self.means.append(mean)
            self.products.append(product)

    def of_matrix(self, t):
        """Return the curvature by each entry of the matrix of a term."""
        lam, square = self.variances[t], self.means[t] ** 2
        cross = np.multiply.outer(square, lam)
        return self._factor(t) * (np.multiply.outer(lam, lam) + cross + cross.T)

    def of_diagonal(self, t):
        """Return the curvature by the diagonal of the matrix of a term."""
        lam = self.variances[t]
        return self._factor(t) * (lam**2 + 2 * self.means[t] ** 2 * lam)

    def of_linear(self):
        """Return the curvature by each entry of the linear part."""
        return self.level * self.variances[self._total]

    @property
    def linear_mean(self):
        """The mean of the sums a + b."""
        return self.means[self._total]

    @property
    def _total(self):
        return [term.sides for term in self.form.terms].index(total)

    def _factor(self, t):
        term = self.form.terms[t]
        # x_j y_k + x_k y_j has half the variance when x and y are two draws, not one.
        draws = 1.0 if term.sides is both else 2.0
        return draws * term.coefficient**2 * self.level

    def inverse(self, curvature):
        """Return the inverse of a curvature of the loss plus that of the penalty."""
        # The floor keeps directions without data finite when nothing is penalised.
        floor = max(self.alpha, 1e-10 * float(curvature.max(initial=0.0)), TINY)
        return 1 / (curvature + floor)

    def visibility(self):
        """Return how much of the gradient by the prior's scale the scaling leaves.

        That direction is not penalised, but it is scaled as if it were.
        """
        largest = max(
            float(self.of_diagonal(t).max(initial=0.0))
            for t in range(len(self.form.terms))
        )
        return max(1e-4, float(np.sqrt(largest / (largest + self.alpha + TINY))))


def matrix_scaling(curvatures):
    """Return the inverse Hessian by matrices, as one number for each unknown.

    The intercept has none, as it is eliminated.
    """
    linear = None
    if curvatures.form.has_linear:
        linear = curvatures.inverse(curvatures.of_linear())
    arrays = [
        curvatures.inverse(curvatures.of_matrix(t))
        for t in range(len(curvatures.form.terms))
    ]
    return Parameters(0.0, linear, arrays).flatten()


class CenteredFactors:
    """The objective over factors, with an intercept that moves along.

    The mean score stays the same when a factor changes, so that the Hessian has no
    large entries between intercept and factors.

    Parameters
    ----------
    objective : PairObjective
        Over a ``FactorModel`` and a turned design.
    curvatures : Curvatures
    """

    def __init__(self, objective, curvatures):
        self.objective = objective
        self.curvatures = curvatures
        self.signs = objective.model.signs
        self.free = float(objective.fit_intercept)

    def start(self, parameters):
        """Return the unknowns of given parameters, as one vector."""
        self.shapes = parameters
        vector = parameters.flatten()
        vector[0] = self.free * (parameters.intercept + self._mean_score(parameters))
        return vector

    def parameters(self, vector):
        """Return the parameters of given unknowns."""
        parameters = self.shapes.like(vector)
        shift = self._mean_score(parameters)
        parameters.intercept = self.free * (parameters.intercept - shift)
        return parameters

    def scaling(self):
        """Return the inverse Hessian, as one number for each unknown."""
        curvatures, arrays = self.curvatures, []
        for t, factor in enumerate(self.shapes.arrays):
            # |V| in units of the curvature: by V, the Hessian is about 4 |V|^2 times
            # that by V'V.
            inverse = np.sqrt(curvatures.inverse(curvatures.of_diagonal(t)))
            size = np.linalg.norm(factor / np.sqrt(inverse), 2) if len(factor) else 0.0
            unit = 1 / (4 * size**2) if size > 0 else 1.0
            arrays.append(np.broadcast_to(unit * inverse, factor.shape))
        linear = None
        if self.shapes.linear is not None:
            linear = curvatures.inverse(curvatures.of_linear())
        return Parameters(1 / curvatures.level, linear, arrays).flatten()

    def value_and_gradient(self, vector):
        """Return the objective and its gradient by the unknowns."""
        parameters = self.parameters(vector)
        theta = vector.copy()
        theta[0] = parameters.intercept
        value, gradient = self.objective.value_and_gradient(theta, parameters)
        slope = gradient[0]
        views = self.shapes.like(gradient)
        if views.linear is not None:
            views.linear[:] -= slope * self.curvatures.linear_mean
        for t, (term, factor) in enumerate(
            zip(self.curvatures.form.terms, parameters.arrays, strict=True)
        ):
            mean = factor * self.curvatures.products[t] * self.signs[t][:, None]
            views.arrays[t][:] -= (2 * slope * term.coefficient) * mean
        return value, gradient

    def _mean_score(self, parameters):
        """Return the mean score less the intercept, the correlations left out."""
        shift = 0.0
        for t, term in enumerate(self.curvatures.form.terms):
            square = self.signs[t] @ (parameters.arrays[t] ** 2)
            shift += term.coefficient * float(square @ self.curvatures.products[t])
        if parameters.linear is not None:
            shift += float(parameters.linear @ self.curvatures.linear_mean)
        return shift
