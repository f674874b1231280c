# SPDX-License-Identifier: BSD-3-Clause
"""A sum of scores as what one item has by itself, and a dot product with another.

Around any centre, each score of degree two is ::

    s(a, b) = k + own(a) + own(b) + z(a)' diag(signs) z(b)

The order of the items b does not depend on own(a); so an index has to know z(b) and
own(b), and a query brings diag(signs) z(a).
"""

from dataclasses import dataclass

import numpy as np

from sksymsim._blocks import block_slices, dense
from sksymsim._factors import signed_factor
from sksymsim._forms import row_products
from sksymsim._validation.export import check_lengths
from sksymsim._validation.items import check_table

# The longest item by itself may come out longer than among others by this much.
ROUNDING = 1e-9


@dataclass(frozen=True)
class SplitScore:
    """One score of a sum, around a centre.

    Parameters
    ----------
    transformers : tuple of estimator
    center : ndarray of shape (n_features,) or None
        Subtracted from the transformed items.
    factor : ndarray of shape (n_components, n_features)
    signs : ndarray of +-1 of shape (n_components,)
    share : float
        own(x) has so many times z' diag(signs) z.
    linear : ndarray of shape (n_features,), default=None
        own(x) has linear'x too, and
    matrix : ndarray of shape (n_features, n_features), default=None
        x' matrix x.
    """

    transformers: tuple
    center: np.ndarray | None
    factor: np.ndarray
    signs: np.ndarray
    share: float = 0.0
    linear: np.ndarray | None = None
    matrix: np.ndarray | None = None

    @property
    def has_own(self):
        """Whether own(x) is not always zero."""
        return bool(self.share) or self.matrix is not None

    @property
    def is_distance(self):
        """Whether the score is minus the squared length of (z(a) - z(b)) / sqrt(2)."""
        return self.share == -0.5 and bool((self.signs > 0).all())

    def project(self, items):
        """Return z and own of some items, in double precision."""
        x = prepared(self.transformers, items)
        if self.center is not None:
            x = x - self.center
        z = x @ self.factor.T
        own = np.zeros(len(x))
        if self.share:
            own += self.share * ((z * z) @ self.signs)
        if self.linear is not None:
            own += x @ self.linear
        if self.matrix is not None:
            own += row_products(x @ self.matrix, x)
        return z, own


def prepared(transformers, items):
    """Return what some transformers make of items, as float64 rows.

    In double precision from the start: what is rounded once, at the end, is the vector.
    """
    items = items.astype(np.float64, copy=False)
    for transformer in transformers:
        items = check_table(transformer.transform(items), "items")
    return dense(items).astype(np.float64, copy=False)


def split_member(member, items):
    """Return a member of a sum split, and what that adds to the intercept.

    Parameters
    ----------
    member : Member
    items : {ndarray, CSR matrix} or None
        Those whose mean is the centre.

    Returns
    -------
    split : SplitScore
    constant : float
    """
    score, weight = member.score, member.weight
    (term, *more) = score.terms
    has_center = term.sides.own and term.sides.cross != -2 * term.sides.own
    if more or score.linear is not None or has_center:
        return _split_polynomial(member, items)
    cross = weight * term.coefficient * term.sides.cross
    own = weight * term.coefficient * term.sides.own
    # Differences do not depend on the centre, and small ones need one that is near.
    center = _mean(member.transformers, items) if own else None
    split = SplitScore(
        member.transformers,
        center,
        np.sqrt(abs(cross)) * score.factors[0],
        np.sign(cross) * score.signs[0],
        own / abs(cross) * np.sign(cross),
    )
    return split, 0.0


def _split_polynomial(member, items):
    _, linear, own, cross = member.score.polynomial()
    constant = 0.0
    center = _mean(member.transformers, items)
    if center is not None:
        pulled = (own + cross) @ center
        constant = 2 * float(center @ (linear + pulled))
        linear = linear + 2 * pulled
    factor, signs = signed_factor(2 * member.weight * cross)
    split = SplitScore(
        member.transformers,
        center,
        factor,
        signs,
        linear=member.weight * linear,
        matrix=member.weight * own,
    )
    return split, member.weight * constant


def _mean(transformers, items):
    """Return the mean of the transformed items; None if there are none."""
    if items is None:
        return None
    blocks = (prepared(transformers, items[rows]) for rows in row_blocks(items))
    return sum(block.sum(axis=0) for block in blocks) / items.shape[0]


def row_blocks(items):
    """Return slices of rows that are transformed at a time."""
    return block_slices(items.shape[0], 8 * items.shape[1])


def signs_of(splits):
    """Return the signs of all members side by side.

    Of scores that are constant a single dimension is left, in which z is zero.
    """
    signs = np.concatenate([split.signs for split in splits])
    return signs if signs.size else np.ones(1)


def project_all(splits, items):
    """Return z of all members side by side, and the sum of own.

    Returns
    -------
    z : ndarray of float64 of shape (n_items, n_dimensions)
    own : ndarray of float64 of shape (n_items,)
    """
    z = np.zeros((items.shape[0], len(signs_of(splits))))
    own = np.zeros(items.shape[0])
    for rows in row_blocks(items):
        start = 0
        for split in splits:
            part, its_own = split.project(items[rows])
            z[rows, start : start + part.shape[1]] = part
            own[rows] += its_own
            start += part.shape[1]
    return z, own


class Euclid:
    """Vectors whose squared distance is minus the score: the items times Q'.

    Parameters
    ----------
    signs : ndarray of shape (n_dimensions,)
        All positive.
    """

    needs_query = False

    def __init__(self, signs):
        self.n_dimensions = len(signs)

    def items(self, z, own):
        """Return the vectors of items."""
        return z * np.sqrt(0.5)

    def queries(self, z, own):
        """Return the vectors of queries, the same ones."""
        return self.items(z, own)

    def scores(self, squares, z, own):
        """Return the scores less the intercept, given squared distances."""
        return -squares


class Product:
    """Vectors whose dot product is the score, less what the query has by itself.

    Parameters
    ----------
    signs : ndarray of shape (n_z,)
    has_own : bool
        Whether the items have anything by themselves, for one more dimension.
    own : ndarray of shape (n_items,), default=None
        That of the items of an index. The middle of it is left out and it is spread
        over both sides evenly, so that it is not what single precision is spent on.
    """

    def __init__(self, signs, has_own, own=None):
        self.signs = signs
        self.needs_query = has_own
        self.n_dimensions = len(signs) + has_own
        self.offset, self.unit = 0.0, 1.0
        if has_own and own is not None:
            self.offset = float(own.min() + own.max()) / 2
            self.unit = float(np.sqrt(np.abs(own - self.offset).max())) or 1.0

    def items(self, z, own):
        """Return the vectors of items."""
        if not self.needs_query:
            return z
        return np.column_stack([z, (own - self.offset) / self.unit])

    def queries(self, z, own):
        """Return the vectors of queries."""
        z = z * self.signs
        if not self.needs_query:
            return z
        return np.column_stack([z, np.full(len(z), self.unit)])

    def scores(self, products, z, own):
        """Return the scores less the intercept, given dot products."""
        if not self.needs_query:
            return products
        return _times_rows(1.0, products, own + self.offset)


class Sphere:
    """Vectors of length one whose cosine orders the items as the score does.

    Those of a product, with one more coordinate that makes the items equally long:
    Neyshabur and Srebro, On symmetric and asymmetric LSHs for inner product search,
    ICML 2015.

    Parameters
    ----------
    product : Product
    square : float
        The squared length that is made of that of each item.
    """

    needs_query = True

    def __init__(self, product, square):
        self.product, self.square = product, square
        self.n_dimensions = product.n_dimensions + 1

    def items(self, z, own):
        """Return the vectors of items."""
        rows = self.product.items(z, own)
        squares = row_products(rows, rows)
        check_lengths(squares, self.square * (1 + ROUNDING))
        rest = np.sqrt(np.maximum(self.square - squares, 0))
        return np.column_stack([rows, rest]) / np.sqrt(self.square)

    def queries(self, z, own):
        """Return the vectors of queries."""
        rows, lengths = self._queries(z, own)
        return np.column_stack([rows / lengths[:, None], np.zeros(len(rows))])

    def _queries(self, z, own):
        rows = self.product.queries(z, own)
        # Squares may overflow where lengths do not.
        exponent = np.frexp(np.abs(rows).max(axis=1, initial=0.0))[1]
        unit = np.ldexp(rows, -exponent[:, None])
        lengths = np.ldexp(np.sqrt(row_products(unit, unit)), exponent)
        return rows, np.where(lengths > 0, lengths, 1.0)

    def scores(self, cosines, z, own):
        """Return the scores less the intercept, given cosines."""
        lengths = np.sqrt(self.square) * self._queries(z, own)[1]
        return self.product.scores(_times_rows(lengths, cosines, 0.0), z, own)


class SphereByDistance(Sphere):
    """The same vectors, for an index of distances."""

    def scores(self, squares, z, own):
        """Return the scores less the intercept, given squared distances."""
        return super().scores(1 - squares / 2, z, own)


def _times_rows(factors, values, summands):
    """Return factor * value + summand, one of each for a row of values."""
    shape = (-1,) + (1,) * (values.ndim - 1)
    return np.reshape(factors, shape) * values + np.reshape(summands, shape)
