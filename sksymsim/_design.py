# SPDX-License-Identifier: BSD-3-Clause
"""The training pairs as the objective sees them: rescaled, combined, in blocks."""

import numpy as np

from sksymsim._blocks import (
    MAX_FEATURES,
    RESIDENT_BYTES,
    as_rows,
    block_slices,
    dense,
    working_dtype,
)
from sksymsim._forms import difference, total, weighted_gram
from sksymsim._validation import check_matrix_size


class PairDesign:
    """Blocks of training pairs, divided by one number.

    Parameters
    ----------
    pairs : Pairs
    form : Form
        Its terms say how the two sides are combined.
    weights : ndarray of shape (n_pairs,)
        Non-negative, sum 1.

    Attributes
    ----------
    scale : float
        The root of the weighted mean squared difference, in the user's units. The
        sides are divided by it, so that one ``alpha`` means the same on any data.
    dtype : numpy.dtype
        float32 or float64: the type of the matrix products.
    """

    def __init__(self, pairs, form, weights):
        self.pairs = pairs
        self.form = form
        self.dtype = working_dtype(*(table.dtype for table in pairs._tables))
        self.n_pairs, _, self.n_features = pairs.shape
        check_matrix_size(self.n_features, MAX_FEATURES)
        self.slices = block_slices(self.n_pairs, self.n_features * self.dtype.itemsize)
        self.scale = 1.0
        self.scale = self._root_mean_square_difference(weights)
        self._combiners = list(dict.fromkeys(term.sides for term in form.terms))
        if form.has_linear and total not in self._combiners:
            self._combiners.append(total)
        self._resident = None
        per_pair = 2 * len(self._combiners) * self.n_features * self.dtype.itemsize
        if not pairs.is_sparse and self.n_pairs * per_pair <= RESIDENT_BYTES:
            self._resident = [self._combine(rows) for rows in self.slices]

    def _root_mean_square_difference(self, weights):
        sums = np.zeros(self.n_pairs)
        for rows in self.slices:
            left, right = self.pairs.block(rows)
            gap = dense(left).astype(np.float64) - dense(right)
            sums[rows] = np.einsum("ij,ij->i", gap, gap)
        mean = float(weights @ sums)
        if mean > 0:
            return np.sqrt(mean)
        # Only identical sides: any size will do that keeps squares in range.
        largest = max(
            float(np.abs(side).max(initial=0.0))
            for rows in self.slices
            for side in map(dense, self.pairs.block(rows))
        )
        return largest if largest > 0 else 1.0

    @property
    def work(self):
        """The multiplications of one evaluation, forth and back."""
        return 2 * len(self.form.terms) * self.n_pairs * self.n_features**2

    def _sides(self, rows, dtype=None):
        """Return both sides of a block, rescaled."""
        dtype = np.dtype(dtype or self.dtype)
        return tuple(
            as_rows(side, dtype) * dtype.type(1 / self.scale)
            for side in self.pairs.block(rows)
        )

    def _combine(self, rows):
        left, right = self._sides(rows)
        return {sides: sides(left, right) for sides in self._combiners}

    def blocks(self):
        """Yield (rows, sides) where sides maps a combiner to its (x, y)."""
        for i, rows in enumerate(self.slices):
            resident = self._resident
            yield rows, (self._combine(rows) if resident is None else resident[i])

    def moment(self, sides, weights, dtype=None):
        """Return the weighted sum of (x y' + y x') / 2 under any combiner.

        In float64 where a mean is to be taken out afterwards, which cancels.
        """
        result = np.zeros((self.n_features, self.n_features))
        for rows in self.slices:
            x, y = sides(*self._sides(rows, dtype))
            result += weighted_gram(x, y, weights[rows])
        return (result + result.T) / 2

    def mean(self, sides, weights):
        """Return the weighted sum of x under any combiner."""
        result = np.zeros(self.n_features)
        for rows in self.slices:
            x, _ = sides(*self._sides(rows, np.float64))
            result += np.asarray(x.T @ weights[rows]).ravel()
        return result

    def pooled_moment(self, weights, dtype=None):
        """Return the weighted mean of (a a' + b b') / 2."""
        parts = (self.moment(sides, weights, dtype) for sides in (total, difference))
        return sum(parts) / 4
