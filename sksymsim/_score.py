# SPDX-License-Identifier: BSD-3-Clause
"""A fitted score: its numbers, and the loops that apply them to rows."""

import threading
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from sksymsim._forms import FORMS, both, difference, row_products, total

# How two sides are combined into a buffer; what is not here takes the sides themselves.
_ARITHMETIC = {difference: np.subtract, total: np.add}
# The columns of a triangular factor are multiplied in so many panels, each without the
# rows that are zero in it. Measured for 384 x 384 and float32: .71, .62 and .59 of the
# time of the square for 2, 4 and 6 panels. Narrow factors do not gain.
N_PANELS = 6
MIN_PANEL = 32


@dataclass(frozen=True)
class FittedScore:
    """All numbers of a fitted score, in the user's units.

    Parameters
    ----------
    form : str
        Key of ``FORMS``.
    intercept : float
    linear : ndarray of shape (n_features,) or None
    factors : tuple of ndarray of shape (n_components, n_features)
        V of each term.
    signs : tuple of ndarray of +-1 of shape (n_components,)
    """

    form: str
    intercept: float
    linear: np.ndarray | None
    factors: tuple
    signs: tuple

    @classmethod
    def of_metric(cls, components, intercept=0.0):
        """Return the score intercept - (a-b)'Q'Q(a-b), with Q as it is."""
        signs = (np.ones(len(components)),)
        return cls("mahalanobis", float(intercept), None, (components,), signs)

    def __getstate__(self):
        # What was derived from the numbers is derived again.
        return {name: vars(self)[name] for name in self.__dataclass_fields__}

    @property
    def terms(self):
        """The terms of the form."""
        return FORMS[self.form].terms

    @property
    def is_metric(self):
        """Whether there is one matrix and it is M = Q'Q."""
        return FORMS[self.form].has_metric and bool((self.signs[0] > 0).all())

    @property
    def n_features(self):
        """The width of the items."""
        return self.factors[0].shape[1]

    @property
    def matrices(self):
        """B of each term, symmetric to the last bit."""
        products = [
            (v.T * s) @ v for v, s in zip(self.factors, self.signs, strict=True)
        ]
        # Some kernels of BLAS round the two triangles differently.
        return [(product + product.T) / 2 for product in products]

    def negative_square_distance(self):
        """Return -(a-b)'M(a-b) as a score, for any form with a metric."""
        return self._derived(
            "distance", lambda: replace(self, form="mahalanobis", intercept=0.0)
        )

    def without_intercept(self):
        """Return the same score less its intercept."""
        return self._derived("no intercept", lambda: replace(self, intercept=0.0))

    def shifted(self, shift):
        """Return the score with another intercept, larger by `shift`."""
        return replace(self, intercept=self.intercept + shift)

    def kernel(self, dtype, *, triangular=False):
        """Return the loops of the score for rows of one dtype.

        Parameters
        ----------
        dtype : numpy.dtype
            float32 or float64.
        triangular : bool, default=False
            Whether to make the factors triangular first. Many rows gain from it, the
            scores are the same up to rounding, the projections are rotated.
        """
        key = (np.dtype(dtype), triangular)
        return self._derived(key, lambda: ScoreKernel(self, dtype, triangular))

    def _derived(self, key, make):
        """Return something that is made of the numbers once, and kept."""
        # Two threads may both make it: then one of two equal things is kept.
        cache = vars(self).setdefault("_cache", {})
        if key not in cache:
            cache[key] = make()
        return cache[key]

    def from_sides(self, left, right):
        """Return the scores of pairs, given their two sides."""
        return self.kernel(left.dtype).from_sides(left, right)

    def project_items(self, items):
        """Return all that the scores need to know of single items: one row each."""
        return self.kernel(items.dtype).project_items(items)

    def from_projections(self, left, right):
        """Return the scores of pairs, given the projections of their two sides."""
        return self.kernel(left.dtype).from_projections(left, right)

    def polynomial(self):
        """Return k, c, G and L of s = k + c'(a+b) + a'Ga + b'Gb + 2a'Lb."""
        n_features = self.n_features
        own, cross = np.zeros((2, n_features, n_features))
        for term, matrix in zip(self.terms, self.matrices, strict=True):
            own += term.coefficient * term.sides.own * matrix
            cross += term.coefficient * term.sides.cross / 2 * matrix
        linear = np.zeros(n_features) if self.linear is None else self.linear.copy()
        return self.intercept, linear, own, cross


class Scratch(threading.local):
    """Arrays that are used again from block to block, others in each thread.

    A new array of a megabyte for each block would be paged in anew each time.
    """

    def __init__(self):
        self._arrays = {}

    def __call__(self, name, shape, dtype):
        """Return an array of a shape; its values are whatever was there before."""
        size = shape[0] * shape[1]
        array = self._arrays.get(name)
        if array is None or array.size < size or array.dtype != dtype:
            array = self._arrays[name] = np.empty(size, dtype=dtype)
        return array[:size].reshape(shape)


def _new_array(name, shape, dtype):
    """Stand in for a scratch where there is one block only."""
    return np.empty(shape, dtype=dtype)


class ScoreKernel:
    """The loops of a fitted score for rows of one dtype.

    Parameters
    ----------
    score : FittedScore
    dtype : numpy.dtype
        float32 or float64.
    triangular : bool
        See :meth:`FittedScore.kernel`.

    Attributes
    ----------
    width, product_width : int
        The columns of a projection of items, and of the factors of a product.
    sees_all : bool
        Whether every feature of an item has a part in its projection, so that NaN and
        infinity anywhere in it show in the scores.
    """

    def __init__(self, score, dtype, triangular=False):
        self.dtype = np.dtype(dtype)
        self.intercept = self.dtype.type(score.intercept)
        self.is_metric = score.is_metric
        self.terms = []
        start = 0
        for term, factor, signs in zip(
            score.terms, score.factors, score.signs, strict=True
        ):
            kernel = _TermKernel(term, factor, signs, self.dtype, triangular, start)
            self.terms.append(kernel)
            start = kernel.columns.stop
        self.linear = None
        if score.linear is not None:
            self.linear = score.linear.astype(self.dtype)
        self.width = start + (self.linear is not None)
        self.product_width = start + 2
        seen = np.zeros(score.n_features, dtype=bool)
        for term in self.terms:
            seen |= term.sees
        self.sees_all = bool(seen.all())

    def from_sides(self, left, right, array=_new_array):
        """Return the scores of pairs, given their two sides of any float dtype.

        Exact symmetry: exchanging the sides flips the sign of a difference, leaves a
        sum as it is, and exchanges the factors of a product.
        """
        scores = np.full(left.shape[0], self.intercept)
        sums = None
        for term in self.terms:
            x, y = self._combine(term.sides, left, right, array)
            zx = term.project(x, array("zx", (x.shape[0], term.size), self.dtype))
            zy = zx
            if y is not x:
                zy = term.project(y, array("zy", zx.shape, self.dtype))
            term.add_scores(zx, zy, scores)
            if term.sides is total:
                sums = x
        if self.linear is not None:
            if sums is None:
                sums, _ = self._combine(total, left, right, array)
            scores += sums @ self.linear
        return scores

    def _combine(self, sides, left, right, array):
        if sparse.issparse(left) or sides is both:
            return sides(self._rows(left), self._rows(right))
        x = array(sides, left.shape, self.dtype)
        # The output has one layout, whatever came in.
        _ARITHMETIC[sides](left, right, out=x, dtype=self.dtype)
        return x, x

    def _rows(self, block):
        """Return rows in one layout: BLAS may round a row differently in another."""
        if sparse.issparse(block):
            return block.astype(self.dtype, copy=False)
        return np.ascontiguousarray(block, dtype=self.dtype)

    def project_items(self, items, out=None):
        """Return all that the scores need to know of single items: one row each."""
        items = self._rows(items)
        if out is None:
            out = np.empty((items.shape[0], self.width), dtype=self.dtype)
        for term in self.terms:
            term.project(items, out[:, term.columns])
        if self.linear is not None:
            out[:, -1] = items @ self.linear
        return out

    def from_projections(self, left, right, *, overwrite=False):
        """Return the scores of pairs, given the projections of their two sides.

        Parameters
        ----------
        left, right : ndarray of shape (n_pairs, width)
        overwrite : bool, default=False
            Whether `left` may be written to.
        """
        scores = np.full(left.shape[0], self.intercept)
        for term in self.terms:
            zx, zy = left[:, term.columns], right[:, term.columns]
            if term.sides is not both:
                out = zx if overwrite else None
                zx = zy = _ARITHMETIC[term.sides](zx, zy, out=out)
            term.add_scores(zx, zy, scores)
        if self.linear is not None:
            scores += left[:, -1] + right[:, -1]
        return scores

    def product_factors(self, z, center, outer=None, inner=None):
        """Write the two tables whose product holds the scores of all combinations.

        The scores are ``outer @ inner.T``, for `outer` of some items and `inner` of
        others: a score is a sum of what belongs to either item and of a product, and so
        it is one product of rows with two more columns.

        Parameters
        ----------
        z : ndarray of shape (n_items, width)
            Projections; overwritten.
        center : ndarray of shape (width,)
            Subtracted where only differences are taken: squares of small differences
            of large numbers do not cancel then.
        outer, inner : ndarray of shape (n_items, product_width), default=None
            Where to write; None if it is not wanted.

        Returns
        -------
        bound : float
            No sum that occurs in the scores of two such tables exceeds the larger of
            their bounds. NaN or infinite if a row is not finite.
        """
        # Half of what does not depend on the other item.
        own = np.full(len(z), self.intercept / 2)
        bound = np.zeros(len(z), dtype=self.dtype)
        if self.linear is not None:
            own += z[:, -1]
            bound += np.abs(z[:, -1])
        for term in self.terms:
            x = z[:, term.columns]
            if term.sides is difference:
                x -= center[term.columns]
            if inner is not None:
                inner[:, term.columns] = x
            if outer is not None:
                np.multiply(x, term.cross_weights, out=outer[:, term.columns])
            for sign, columns in term.groups:
                squares = row_products(x[:, columns], x[:, columns])
                bound += 4 * squares
                squares *= self.dtype.type(sign * term.coefficient * term.sides.own)
                own += squares
        if outer is not None:
            outer[:, -2], outer[:, -1] = own, 1
        if inner is not None:
            inner[:, -2], inner[:, -1] = 1, own
        bound += np.abs(own)
        return 4 * bound.max()


class _TermKernel:
    """One quadratic term, its factor cast and cut as BLAS reads it best.

    Attributes
    ----------
    columns : slice
        Of the projections of items.
    groups : list of (float, slice)
        The columns of each sign, counted from the first one of the term.
    """

    def __init__(self, term, factor, signs, dtype, triangular, start):
        self.sides = term.sides
        self.coefficient = term.coefficient
        self.groups, self.panels = [], []
        self.size = 0
        for sign in (1.0, -1.0):
            rows = factor[signs == sign] if (signs != sign).any() else factor
            if len(rows) == 0:
                continue
            self.groups.append((sign, slice(self.size, self.size + len(rows))))
            for first, part in _panels(rows, triangular):
                weights = np.ascontiguousarray(part.T, dtype=dtype)
                columns = slice(self.size, self.size + len(part))
                self.panels.append((first, columns, weights))
                self.size = columns.stop
        self.columns = slice(start, start + self.size)
        weight = term.coefficient * term.sides.cross
        self.cross_weights = np.zeros(self.size, dtype=dtype)
        for sign, columns in self.groups:
            self.cross_weights[columns] = sign * weight
        self.sees = np.zeros(factor.shape[1], dtype=bool)
        for first, _, weights in self.panels:
            self.sees[first:] |= weights.any(axis=1)

    def project(self, x, out):
        """Write x V' into an array and return it."""
        for first, columns, weights in self.panels:
            if sparse.issparse(x):
                out[:, columns] = (x[:, first:] if first else x) @ weights
            else:
                np.matmul(x[:, first:], weights, out=out[:, columns])
        return out

    def add_scores(self, zx, zy, scores):
        """Add coefficient * (Vx)' diag(signs) (Vy) of each row to its score."""
        for sign, columns in self.groups:
            products = row_products(zx[:, columns], zy[:, columns])
            products *= products.dtype.type(sign * self.coefficient)
            scores += products


def _panels(rows, triangular):
    """Cut a factor V into panels of rows, each from its first column that is not zero.

    V'V is R'R for the triangular R of V = UR, and half of R is zeros.
    """
    if not triangular or len(rows) < N_PANELS * MIN_PANEL:
        return [(0, rows)]
    # A compact model has float32 rows; its scores are not to depend on their number.
    upper = np.linalg.qr(rows.astype(np.float64, copy=False), mode="r")
    step = -(-len(upper) // (16 * N_PANELS)) * 16
    return [(i, upper[i : i + step, i:]) for i in range(0, len(upper), step)]
