# SPDX-License-Identifier: BSD-3-Clause
"""The families of scores: polynomials of degree two in a pair, and their gradients.

Every form is ::

    s = k + c'(a + b) + sum_t coefficient_t * x_t' B_t y_t

where (x_t, y_t) are linear in the two sides: the difference twice, the sum twice, or
the sides themselves. As these are linear, the same three functions combine the raw
sides and the sides that have been projected already. Symmetry is exact in floating
point: swapping the sides flips the sign of a difference, leaves a sum as it is, and
exchanges two factors of a product, none of which changes a bit of the result.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Sides:
    """One way to combine two sides into the (x, y) of a quadratic term.

    Parameters
    ----------
    combine : callable
        Maps (left, right) to (x, y); x is y where they are equal.
    own, cross : float
        x'By = own * (a'Ba + b'Bb) + cross * a'Bb for a symmetric B.
    """

    combine: Callable
    own: float
    cross: float

    def __call__(self, left, right):
        """Return (x, y)."""
        return self.combine(left, right)


def _twice(x):
    return x, x


difference = Sides(lambda left, right: _twice(left - right), 1.0, -2.0)
total = Sides(lambda left, right: _twice(left + right), 1.0, 2.0)
both = Sides(lambda left, right: (left, right), 0.0, 1.0)


@dataclass(frozen=True)
class Term:
    """One quadratic term ``coefficient * x' B y`` of a form.

    Parameters
    ----------
    sides : Sides
        What x and y are.
    coefficient : float
        What the quadratic form is multiplied with.
    prior_sign : float
        What a metric M stands for in this term: B = prior_sign * M.
    """

    sides: Sides
    coefficient: float
    prior_sign: float = 1.0


@dataclass(frozen=True)
class Form:
    """A family of symmetric scores.

    Parameters
    ----------
    name : str
    terms : tuple of Term
        The quadratic terms; a form with a metric has exactly one, whose matrix is M.
    has_linear : bool
        Whether c is free (otherwise it is 0).
    has_metric : bool
        Whether the matrix of the only term can be constrained to M = Q'Q.
    reflexive : bool
        Whether s(x, x) is constant and, with a semidefinite M, no pair scores higher.
    """

    name: str
    terms: tuple
    has_linear: bool
    has_metric: bool
    reflexive: bool


FORMS = {
    form.name: form
    for form in (
        # s = k - (a-b)' M (a-b)
        Form("mahalanobis", (Term(difference, -1.0),), False, True, True),
        # s = k + a' M b
        Form("bilinear", (Term(both, 1.0),), False, True, False),
        # s = k + c'(a+b) + p' P p + q' R q with p, q = (a +- b) / sqrt(2). A metric M
        # stands for g a'Mb = g/2 (p'Mp - q'Mq).
        Form(
            "quadratic",
            (Term(total, 0.5, 0.5), Term(difference, 0.5, -0.5)),
            True,
            False,
            False,
        ),
    )
}


# ------------------------------------------------------------- one term, full matrix


# The columns of one panel of a triangular product: wide enough for BLAS.
PANEL = 96


def upper_triangle(matrix):
    """Return the upper triangular T with x'Tx = x'Bx for every x."""
    triangle = np.triu(matrix + matrix.T)
    np.fill_diagonal(triangle, matrix.diagonal())
    return triangle


def matrix_scores(x, y, matrix):
    """Return x' B y for each row."""
    return row_products(np.asarray(x @ matrix), y)


def row_products(x, y):
    """Return x_i'y_i for each row."""
    if sparse.issparse(y):
        return np.asarray(y.multiply(x).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", x, y)


def triangle_scores(x, triangle, buffer):
    """Return x' T x for each row of a dense block, T upper triangular.

    By panels of columns, of which the zeros below the diagonal are left out: little
    more than half of the work of a whole product.
    """
    product = buffer[: len(x)]
    width = x.shape[1]
    step = max(PANEL, -(-width // 8))
    for start in range(0, width, step):
        stop = min(start + step, width)
        np.matmul(x[:, :stop], triangle[:stop, start:stop], out=product[:, start:stop])
    return np.einsum("ij,ij->i", product, x)


def matrix_pull(x, y, residuals):
    """Return sum_i r_i (x_i y_i' + y_i x_i') / 2, the gradient with respect to B."""
    outer = weighted_gram(x, y, residuals)
    return outer if x is y else (outer + outer.T) / 2


def weighted_gram(x, y, weights):
    """Return x' diag(weights) y as a float64 array."""
    if sparse.issparse(x):
        weights = weights.astype(x.dtype, copy=False)
        return (x.T @ y.multiply(weights[:, None]).tocsr()).toarray().astype(np.float64)
    if x is not y:
        weights = weights.astype(x.dtype, copy=False)
        return (x.T @ (y * weights[:, None])).astype(np.float64, copy=False)
    # The rows of either sign by themselves: as x is y, BLAS then computes one
    # triangle only. A residual has the sign of its label, so there are two at most.
    roots = np.sqrt(np.abs(weights)).astype(x.dtype)[:, None]
    result = np.zeros((x.shape[1], x.shape[1]))
    for sign, chosen in ((1.0, weights > 0), (-1.0, weights < 0)):
        if chosen.all():
            rows = x * roots
        elif chosen.any():
            rows = np.take(x, np.flatnonzero(chosen), axis=0)
            rows *= roots[chosen]
        else:
            continue
        result += sign * (rows.T @ rows)
    return result


# ---------------------------------------------------- one term, B = V' diag(signs) V


def project(x, y, factor):
    """Return x V' and y V'."""
    weights = factor.T.astype(x.dtype, copy=False)
    zx = np.asarray(x @ weights)
    return zx, (zx if y is x else np.asarray(y @ weights))


def factor_scores(zx, zy, signs):
    """Return (Vx)' diag(signs) (Vy) for each row of projected sides."""
    if (signs > 0).all():
        return np.einsum("ij,ij->i", zx, zy)
    return (zx * zy) @ signs.astype(zx.dtype, copy=False)


def factor_pull(x, y, zx, zy, signs, residuals):
    """Return the gradient of sum_i r_i x_i' V' diag(signs) V y_i with respect to V."""
    r = residuals.astype(zx.dtype, copy=False)[:, None]
    gradient = np.asarray(((zy * r).T @ x), dtype=np.float64)
    if y is x:
        gradient *= 2
    else:
        gradient += np.asarray((zx * r).T @ y, dtype=np.float64)
    return signs[:, None] * gradient


# ------------------------------------------------------------------ a fitted score


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
        """B of each term."""
        return [(v.T * s) @ v for v, s in zip(self.factors, self.signs, strict=True)]

    def from_sides(self, left, right):
        """Return the scores of pairs, given their two sides."""
        scores = left.dtype.type(self.intercept)
        for term, factor, signs in zip(
            self.terms, self.factors, self.signs, strict=True
        ):
            zx, zy = project(*term.sides(left, right), factor)
            scores = scores + term.coefficient * factor_scores(zx, zy, signs)
        if self.linear is not None:
            scores = scores + (left + right) @ self.linear.astype(left.dtype)
        return scores

    def project_items(self, items):
        """Return all that the scores need to know of single items: one row each."""
        weights = [factor.T for factor in self.factors]
        if self.linear is not None:
            weights.append(self.linear[:, None])
        return np.asarray(items @ np.hstack(weights).astype(items.dtype, copy=False))

    def from_projections(self, left, right):
        """Return the scores of pairs, given the projections of their two sides."""
        scores = left.dtype.type(self.intercept)
        start = 0
        for term, signs in zip(self.terms, self.signs, strict=True):
            columns = slice(start, start + signs.size)
            zx, zy = term.sides(left[:, columns], right[:, columns])
            scores = scores + term.coefficient * factor_scores(zx, zy, signs)
            start = columns.stop
        if self.linear is not None:
            scores = scores + (left[:, -1] + right[:, -1])
        return scores

    def negative_square_distance(self):
        """Return -(a-b)'M(a-b) as a score, for any form with a metric."""
        return replace(self, form="mahalanobis", intercept=0.0)

    def centered(self, projections, center):
        """Subtract a row from the projections that only differences are taken of.

        The scores stay the same; squares of small differences of large numbers do
        not cancel any more.
        """
        projections = projections.copy()
        start = 0
        for term, signs in zip(self.terms, self.signs, strict=True):
            columns = slice(start, start + signs.size)
            if term.sides is difference:
                projections[:, columns] -= center[columns]
            start = columns.stop
        return projections

    def outer(self, left, right):
        """Return the scores of all combinations of two tables of projections.

        The result for (left, left) is symmetric bit for bit.
        """
        scores = left.dtype.type(self.intercept)
        start = 0
        for term, signs in zip(self.terms, self.signs, strict=True):
            columns = slice(start, start + signs.size)
            part = _all_products(left, right, columns, signs, term.sides)
            scores = scores + term.coefficient * part
            start = columns.stop
        if self.linear is not None:
            scores = scores + (left[:, -1:] + right[:, -1])
        return scores

    def polynomial(self):
        """Return k, c, G and L of s = k + c'(a+b) + a'Ga + b'Gb + 2a'Lb."""
        n_features = self.n_features
        own, cross = np.zeros((2, n_features, n_features))
        for term, matrix in zip(self.terms, self.matrices, strict=True):
            own += term.coefficient * term.sides.own * matrix
            cross += term.coefficient * term.sides.cross / 2 * matrix
        linear = np.zeros(n_features) if self.linear is None else self.linear.copy()
        return self.intercept, linear, own, cross


def _all_products(left, right, columns, signs, sides):
    """Return x'By for all combinations of projections that belong to one term."""
    product = 0.0
    for sign in (1, -1):
        chosen = np.flatnonzero(signs == sign) + columns.start
        if chosen.size:
            a = left[:, chosen]
            # The same array twice: BLAS then computes one triangle and mirrors it.
            b = a if left is right else right[:, chosen]
            product = product + sign * (a @ b.T)
    result = left.dtype.type(sides.cross) * product
    if sides.own:
        weights = signs.astype(left.dtype)
        own = [(z[:, columns] ** 2) @ weights for z in (left, right)]
        result = result + left.dtype.type(sides.own) * (own[0][:, None] + own[1])
    if sides is difference and (signs > 0).all():
        # A sum of squares, save for rounding.
        result = np.maximum(result, 0)
    return result
