# SPDX-License-Identifier: BSD-3-Clause
"""Moments of pairs that are elsewhere: sums that stand for whole groups of pairs."""

import numpy as np

from sksymsim._forms import both, difference, total, turned_spread
from sksymsim._models import Parameters


class SummedMoments:
    """A design of one entry for each group of pairs, which answers for its moments.

    All moments are linear in the weights. So for weights that are constant multiples of
    those that the sums were taken with, group by group, they are the moments of the
    pairs themselves; and priors and coordinates are made of them as of pairs.

    Parameters
    ----------
    form : Form
    n_features : int
    weights : ndarray of shape (n_groups,)
        The summed weights of each group.
    means : ndarray of shape (n_groups, n_features) or None
        Weighted sums of a + b.
    squares : dict of ndarray of shape (n_groups, n_features, n_features)
        For differences, and for sums where they were asked for, the weighted sums of
        x x'.
    bases : dict, default=None
        What the coordinates are turned by; moments stay in those of the pairs.
    """

    def __init__(self, form, n_features, weights, means, squares, bases=None):
        self.form = form
        self.n_features = self.n_ambient = n_features
        self.weights = weights
        self.combiners = list(dict.fromkeys(term.sides for term in form.terms))
        self._means, self._squares, self._bases = means, squares, bases

    def turn(self, bases):
        """Return the same sums with other coordinates for :meth:`spread`."""
        return SummedMoments(
            self.form, self.n_features, self.weights, self._means, self._squares, bases
        )

    def _shares(self, weights):
        """Return what the sums of each group are multiplied with."""
        known = np.where(self.weights > 0, self.weights, 1.0)
        return np.where(self.weights > 0, weights, 0.0) / known

    def moment(self, sides, weights, dtype=None):
        """Return the weighted sum of (x y' + y x') / 2 under any combiner."""
        if sides is both:
            # (a+b)(a+b)' - (a-b)(a-b)' = 2 (a b' + b a').
            parts = (self.moment(one, weights) for one in (total, difference))
            return np.subtract(*parts) / 4
        return np.tensordot(self._shares(weights), self._squares[sides], axes=1)

    def mean_total(self, weights):
        """Return the weighted sum of a + b."""
        return self._shares(weights) @ self._means

    def pooled_moment(self, weights, dtype=None):
        """Return the weighted mean of (a a' + b b') / 2."""
        return sum(self.moment(sides, weights) for sides in (total, difference)) / 4

    def spread(self, sides, weights):
        """Return what the scaling needs to know of each turned coordinate."""
        return turned_spread(self, sides, self._bases[sides], weights)

    def score_moments(self):
        """Return the mean of the derivative of a score by each unknown.

        Of the pairs of the first group, in the turned coordinates.
        """
        shares = np.zeros_like(self.weights)
        shares[0] = 1.0
        arrays = []
        for term in self.form.terms:
            basis = self._bases[term.sides]
            turned = basis.T @ self.moment(term.sides, shares) @ basis
            arrays.append(term.coefficient * turned)
        linear = None
        if self.form.has_linear:
            linear = self._bases[total].T @ self.mean_total(shares)
        return Parameters(1.0, linear, arrays)
