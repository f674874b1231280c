# SPDX-License-Identifier: BSD-3-Clause
"""Products with the Gram matrix of training pairs: held, or made of that of items."""

import numpy as np
from scipy.linalg import solve_triangular

from sksymsim._blocks import BLOCK_BYTES, block_slices
from sksymsim._kernels.pair_kernels import Links


class DenseGram:
    """The Gram matrix of pairs itself.

    Parameters
    ----------
    matrix : ndarray of shape (n_pairs, n_pairs)
    """

    def __init__(self, matrix):
        self.matrix = matrix
        self.n_pairs = len(matrix)

    def product(self, v):
        """Return K v."""
        return self.matrix @ v

    def columns(self, chosen):
        """Return the kernel of all pairs with some of them."""
        return self.matrix[:, chosen]


class ItemGram:
    """The Gram matrix of pairs by way of their items, which are shared.

    Parameters
    ----------
    rows : ndarray of shape (n_items, width)
        The Gram matrix of the items; or features, whose products are that matrix.
    index : ndarray of int of shape (n_pairs, 2)
    pair_kernel : QuadraticKernel or ConcatenatedPolynomial
    are_features : bool
        What the rows are.
    """

    def __init__(self, rows, index, pair_kernel, *, are_features):
        self.rows, self.pair_kernel = rows, pair_kernel
        self.are_features = are_features
        # In this order, the rows of the left side are read one after another.
        self.order = np.lexsort((index[:, 1], index[:, 0]))
        self.sorted = index[self.order]
        self.index = index
        self.n_pairs, self.n_items = len(index), len(rows)

    def links(self, v):
        """Return the coefficients of the pairs as matrices."""
        links = Links.of_pairs(self.index, v, self.n_items)
        return links.through(self.rows) if self.are_features else links

    def product(self, v):
        """Return K v."""
        table = self.pair_kernel.table(
            self.rows, self.pair_kernel.needed(self.links(v))
        )
        result = np.empty(self.n_pairs)
        result[self.order] = table.sums(self.sorted)
        return result

    def columns(self, chosen):
        """Return the kernel of all pairs with some of them."""
        with_c, with_d = (self._columns_of(items) for items in self.index[chosen].T)
        result = np.empty((self.n_pairs, len(chosen)))
        for rows in block_slices(self.n_pairs, 8 * len(chosen)):
            a, b = self.index[rows].T
            result[rows] = self.pair_kernel.values(
                with_c[a], with_d[a], with_c[b], with_d[b]
            )
        return result

    def _columns_of(self, items):
        if self.are_features:
            return self.rows @ self.rows[items].T
        return self.rows[:, items]


class FeatureGram:
    """The Gram matrix of pairs as products of a few features of each.

    Parameters
    ----------
    features : ndarray of shape (n_pairs, n_features)
    """

    def __init__(self, features):
        self.features = features
        self.n_pairs = len(features)

    def product(self, v):
        """Return K v."""
        return self.features @ (self.features.T @ v)


def nystroem_features(columns, chosen):
    """Return features whose products are the Nystroem approximation of a Gram matrix.

    Williams and Seeger, Using the Nystroem method to speed up kernel machines, NIPS
    2000.

    Parameters
    ----------
    columns : ndarray of shape (n_pairs, n_chosen)
        The kernel of all pairs with the chosen ones; overwritten.
    chosen : ndarray of int of shape (n_chosen,)

    Returns
    -------
    features : ndarray of shape (n_pairs, n_chosen)
    factor : ndarray of shape (n_chosen, n_chosen)
        Lower triangular; features @ factor.T are the columns.
    """
    core = columns[chosen]
    # Pairs may be listed twice. So little makes the factor exist.
    core[np.diag_indices_from(core)] += 1e-10 * max(core.diagonal().mean(), 1e-300)
    factor = np.linalg.cholesky(core)
    features = solve_triangular(
        factor, columns.T, lower=True, overwrite_b=True, check_finite=False
    )
    return features.T, factor


def pair_diagonal(pairs, pair_kernel, item_kernel):
    """Return the kernel of each pair with itself."""
    result = np.empty(len(pairs))
    step = max(128, BLOCK_BYTES // (8 * pairs.shape[2]))
    for start in range(0, len(pairs), step):
        rows = slice(start, start + step)
        a, b = pairs.block(rows)
        ab = item_kernel.paired(a, b)
        aa, bb = item_kernel.paired(a, a), item_kernel.paired(b, b)
        result[rows] = pair_kernel.values(aa, ab, ab, bb)
    return result


def pair_values(X, Y, pair_kernel, item_kernel):
    """Return the kernel of all pairs of X with all pairs of Y, or of X.

    Parameters
    ----------
    X : Pairs
    Y : Pairs or None
    pair_kernel : QuadraticKernel or ConcatenatedPolynomial
    item_kernel : ItemKernel

    Returns
    -------
    values : ndarray of shape (n_X, n_Y)
        The same bits where the two sides of either are exchanged; symmetric without Y.
    """
    c, d = (X if Y is None else Y).block(slice(None))
    values = np.empty((len(X), c.shape[0]))
    step = max(16, BLOCK_BYTES // max(1, 8 * c.shape[0]))
    for start in range(0, len(X), step):
        stop = min(start + step, len(X))
        a, b = X.block(slice(start, stop))
        # Without Y, what lies below the diagonal is copied from above.
        columns = slice(start if Y is None else 0, None)
        block = pair_kernel.values(
            *(item_kernel(x, y[columns]) for x in (a, b) for y in (c, d))
        )
        if Y is None:
            square = block[:, : stop - start]
            square[:] = (square + square.T) / 2
            values[start:, start:stop] = block.T
        values[start:stop, columns] = block
    return values
