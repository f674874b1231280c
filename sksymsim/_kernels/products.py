# SPDX-License-Identifier: BSD-3-Clause
"""Products with the kernel matrix of two sets of pairs, which is never made."""

import numpy as np

from sksymsim._blocks import BLOCK_BYTES
from sksymsim._kernels.pair_kernels import Links

# The kernel of all items with all items is held up to this size.
HELD_BYTES = 2**28


class PairProducts:
    """Products of a vector with a kernel matrix of pairs, and with its transpose.

    Parameters
    ----------
    X, Y : Pairs
    pair_kernel : QuadraticKernel or ConcatenatedPolynomial
    item_kernel : ItemKernel
    """

    def __init__(self, X, Y, pair_kernel, item_kernel):
        self.X = X.to_index()
        self.Y = self.X if Y is X else Y.to_index()
        self.pair_kernel, self.item_kernel = pair_kernel, item_kernel
        self.values = None
        if 8 * self.X.items.shape[0] * self.Y.items.shape[0] <= HELD_BYTES:
            self.values = item_kernel(self.X.items, self.Y.items)

    def product(self, v):
        """Return K v, with v of shape (n_Y,)."""
        return self._sums(self.X, self.Y, v, self.values)

    def transposed(self, v):
        """Return K'v, with v of shape (n_X,)."""
        values = None if self.values is None else self.values.T
        return self._sums(self.Y, self.X, v, values)

    def _sums(self, pairs, others, v, values):
        coefficients = np.asarray(v, dtype=np.float64).ravel()
        n_others = others.items.shape[0]
        links = Links.of_pairs(others.index, coefficients, n_others)
        links = self.pair_kernel.needed(links)
        if values is not None:
            return self.pair_kernel.table(values, links).sums(pairs.index)
        result = np.empty(len(pairs))
        step = max(64, BLOCK_BYTES // (8 * n_others))
        for start in range(0, len(pairs), step):
            part = pairs[start : start + step].compact()
            table = self.pair_kernel.table(
                self.item_kernel(part.items, others.items), links
            )
            result[start : start + step] = table.sums(part.index)
        return result
