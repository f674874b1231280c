# SPDX-License-Identifier: BSD-3-Clause
"""Functions of two vectors that do not change by a bit when the two change places."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

# Entries beside the diagonal stand for two of a symmetric matrix: with this factor, dot
# products and lengths are those of the whole matrices.
ROOT_HALF = np.sqrt(0.5)


@dataclass(frozen=True)
class Aggregation:
    """A symmetric function of the two sides, of some kind of output.

    Parameters
    ----------
    name : str
        Also what the names of its features begin with.
    fill : callable
        Takes two dense blocks and an array that it writes its features into.
    from_csr : callable
        Takes two CSR blocks and returns the features as CSR.
    """

    name: str
    fill: Callable
    from_csr: Callable

    def width(self, n_features):
        """Return the number of features made of items of so many."""
        return n_features

    def feature_names(self, names):
        """Return the names of its features, given those of an item."""
        return [f"{self.name}_{one}" for one in names]


class Triangle(Aggregation):
    """The upper triangle of a symmetric matrix, row by row."""

    def width(self, n_features):
        """Return the number of features made of items of so many."""
        return n_features * (n_features + 1) // 2

    def feature_names(self, names):
        """Return the names of its features, given those of an item."""
        return [
            f"{self.name}_{one}_{other}"
            for i, one in enumerate(names)
            for other in names[i:]
        ]


class Single(Aggregation):
    """One number."""

    def width(self, n_features):
        """Return the number of features made of items of so many."""
        return 1

    def feature_names(self, names):
        """Return the names of its features, given those of an item."""
        return [self.name]


# ------------------------------------------------------------------- feature by feature


def _fill_mean(left, right, out):
    np.add(left, right, out=out)
    out *= 0.5


def _fill_absdiff(left, right, out):
    np.subtract(left, right, out=out)
    np.abs(out, out=out)


def _fill_std(left, right, out):
    _fill_absdiff(left, right, out)
    out *= 0.5


def _fill_sqdiff(left, right, out):
    np.subtract(left, right, out=out)
    np.square(out, out=out)


def _fill_max(left, right, out):
    np.maximum(left, right, out=out)
    # Of 0 and -0 either may come out, depending on the order; this makes it 0.
    out += 0.0


def _fill_min(left, right, out):
    np.minimum(left, right, out=out)
    out += 0.0


# ----------------------------------------------------------------------------- matrices


def _fill_triangle(out, n_features, product):
    """Write (P + P')/2 row by row, given a function that adds row j of P + P'."""
    start = 0
    for j in range(n_features):
        part = out[:, start : start + n_features - j]
        product(j, part)
        part[:, 0] *= 0.5
        part[:, 1:] *= out.dtype.type(ROOT_HALF)
        start += n_features - j


def _fill_outer(left, right, out):
    def product(j, part):
        np.multiply(left[:, j, None], right[:, j:], out=part)
        part += right[:, j, None] * left[:, j:]

    _fill_triangle(out, left.shape[1], product)


def _fill_moment(left, right, out):
    def product(j, part):
        np.multiply(left[:, j, None], left[:, j:], out=part)
        part += right[:, j, None] * right[:, j:]

    _fill_triangle(out, left.shape[1], product)


def _csr_products(left, right, on_diagonal, beside):
    """Return the triangle of left_j right_k + left_k right_j, times two factors."""
    per_row = np.diff(right.indptr)
    row_of_left = np.repeat(np.arange(left.shape[0]), np.diff(left.indptr))
    # Each entry of the left row meets all entries of the right one.
    counts = per_row[row_of_left].astype(np.intp)
    i = np.repeat(np.arange(left.nnz), counts)
    ends = np.cumsum(counts)
    within = np.arange(i.size) - np.repeat(ends - counts, counts)
    rows = row_of_left[i]
    k = right.indptr[rows] + within
    n_features = left.shape[1]
    one, other = (x.indices[at].astype(np.int64) for x, at in ((left, i), (right, k)))
    low, high = np.minimum(one, other), np.maximum(one, other)
    columns = low * n_features - low * (low - 1) // 2 + high - low
    values = left.data[i] * right.data[k]
    values *= np.where(one == other, on_diagonal, beside).astype(values.dtype)
    shape = (left.shape[0], n_features * (n_features + 1) // 2)
    return sparse.coo_matrix((values, (rows, columns)), shape=shape).tocsr()


def _csr_outer(left, right):
    return _csr_products(left, right, 1.0, ROOT_HALF)


def _csr_moment(left, right):
    # Beside the diagonal each product occurs twice.
    return sum(_csr_products(x, x, 0.5, ROOT_HALF / 2) for x in (left, right))


# --------------------------------------------------------------------------- one number


def _lengths(rows):
    """Return the lengths of rows, and the rows over their largest entry.

    The squares of the latter cannot overflow or vanish.
    """
    if sparse.issparse(rows):
        largest = abs(rows).max(axis=1).toarray().ravel()
        divisor = np.where(largest > 0, largest, 1)
        rows = rows.copy()
        rows.data /= np.repeat(divisor, np.diff(rows.indptr))
        squares = rows.power(2)
    else:
        largest = np.abs(rows).max(axis=1)
        divisor = np.where(largest > 0, largest, 1)
        rows = rows / divisor[:, None]
        squares = np.square(rows)
    reduced = np.sqrt(_row_sums(squares))
    return largest * reduced, reduced, rows


def _row_sums(rows):
    return np.asarray(rows.sum(axis=1)).ravel()


def _cosine(left, right):
    sides = [_lengths(side.astype(np.float64)) for side in (left, right)]
    (_, one, left), (_, other, right) = sides
    product = left.multiply(right) if sparse.issparse(left) else left * right
    lengths = one * other
    cosine = _row_sums(product) / np.where(lengths > 0, lengths, 1)
    return np.clip(cosine, -1, 1)


def _distance(left, right):
    return _lengths(left.astype(np.float64) - right.astype(np.float64))[0]


def _single(name, function):
    def fill(left, right, out):
        out[:, 0] = function(left, right)

    def from_csr(left, right):
        return sparse.csr_matrix(function(left, right)[:, None].astype(left.dtype))

    return Single(name, fill, from_csr)


AGGREGATIONS = {
    one.name: one
    for one in (
        Aggregation(
            "sum",
            lambda a, b, out: np.add(a, b, out=out),
            lambda a, b: a + b,
        ),
        Aggregation("mean", _fill_mean, lambda a, b: (a + b) * 0.5),
        Aggregation("absdiff", _fill_absdiff, lambda a, b: abs(a - b)),
        Aggregation("std", _fill_std, lambda a, b: abs(a - b) * 0.5),
        Aggregation("sqdiff", _fill_sqdiff, lambda a, b: (a - b).power(2)),
        Aggregation(
            "product",
            lambda a, b, out: np.multiply(a, b, out=out),
            lambda a, b: a.multiply(b),
        ),
        Aggregation("max", _fill_max, lambda a, b: a.maximum(b)),
        Aggregation("min", _fill_min, lambda a, b: a.minimum(b)),
        Triangle("outer", _fill_outer, _csr_outer),
        Triangle("moment", _fill_moment, _csr_moment),
        _single("cosine", _cosine),
        _single("distance", _distance),
    )
}
