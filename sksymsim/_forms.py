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
from dataclasses import dataclass
from functools import partial

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
    matrix : str
        What B is called where there are several; G and L are those of `get_polynomial`.
    """

    combine: Callable
    own: float
    cross: float
    matrix: str

    def __call__(self, left, right):
        """Return (x, y)."""
        return self.combine(left, right)


def _twice(x):
    return x, x


difference = Sides(
    lambda left, right: _twice(left - right), 1.0, -2.0, "G - L, of differences"
)
total = Sides(lambda left, right: _twice(left + right), 1.0, 2.0, "G + L, of sums")
both = Sides(lambda left, right: (left, right), 0.0, 1.0, "L, of products")


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
        Whether c is free (otherwise it is 0); only with a term of `total`, as it
        multiplies the same sums.
    has_metric : bool
        Whether the matrix of the only term can be constrained to M = Q'Q.
    not_reflexive_because : str, default=None
        Why s(x, x) is not constant, and what to take instead. None if it is, and with a
        semidefinite M no pair scores higher.
    """

    name: str
    terms: tuple
    has_linear: bool
    has_metric: bool
    not_reflexive_because: str | None = None

    @property
    def reflexive(self):
        """Whether s(x, x) is constant and the maximum, with a semidefinite M."""
        return self.not_reflexive_because is None


# The plainest first: to it goes what a search finds equally good.
FORMS = {
    form.name: form
    for form in (
        # s = k - (a-b)' M (a-b)
        Form("mahalanobis", (Term(difference, -1.0),), False, True),
        # s = k + a' M b
        Form(
            "bilinear",
            (Term(both, 1.0),),
            False,
            True,
            "an item scores x'Mx with itself, which is the same for all items only if "
            "M = 0. Use form='mahalanobis'; on items of length one, "
            "EmbeddingNormalizer(), both begin as the cosine",
        ),
        # s = k + c'(a+b) + p' P p + q' R q with p, q = (a +- b) / sqrt(2). A metric M
        # stands for g a'Mb = g/2 (p'Mp - q'Mq).
        Form(
            "quadratic",
            (Term(total, 0.5, 0.5), Term(difference, 0.5, -0.5)),
            True,
            False,
            "its terms in a + b score an item with itself by where it lies, and what "
            "is left without them is form='mahalanobis'. Use that",
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
    return _row_products(x, y)


def row_cosines(x, y):
    """Return the cosine of x_i and y_i for each row; 0 where one has no length."""
    lengths = np.sqrt(row_products(x, x)) * np.sqrt(row_products(y, y))
    return row_products(x, y) / np.where(lengths > 0, lengths, lengths.dtype.type(1))


# NumPy takes BLAS for this from 2.0 on, and half of the time of einsum.
_row_products = getattr(np, "vecdot", partial(np.einsum, "ij,ij->i"))


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
    return row_products(product, x)


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
    # triangle only. A residual has the sign of its label, and most blocks hold pairs of
    # one label.
    roots = np.sqrt(np.abs(weights)).astype(x.dtype)[:, None]
    negative = weights < 0
    if not negative.any():
        return _gram(x * roots)
    if negative.all():
        result = _gram(x * roots)
        return np.negative(result, out=result)
    parts = []
    for chosen in (~negative, negative):
        rows = np.take(x, np.flatnonzero(chosen), axis=0)
        rows *= roots[chosen]
        parts.append(_gram(rows))
    return np.subtract(*parts, out=parts[0])


def turned_spread(sums, sides, basis, weights):
    """Return squares, means and products of the turned coordinates of two sides.

    Parameters
    ----------
    sums : object
        With ``moment(sides, weights)``, ``mean_total(weights)`` and
        ``pooled_moment(weights)``.
    sides : Sides
    basis : ndarray of shape (n_features, n_coordinates)
    weights : ndarray

    Returns
    -------
    square, mean, product : ndarray of shape (n_coordinates,)
        Weighted sums of (x_j^2 + y_j^2) / 2, of (x_j + y_j) / 2 and of x_j y_j.
    """

    def diagonal(matrix):
        return np.einsum("ji,ji->i", basis, matrix @ basis)

    product = diagonal(sums.moment(sides, weights))
    if sides is difference:
        return product, np.zeros_like(product), product
    mean = basis.T @ sums.mean_total(weights)
    if sides is total:
        return product, mean, product
    return diagonal(sums.pooled_moment(weights)), mean / 2, product


def _gram(rows):
    return (rows.T @ rows).astype(np.float64, copy=False)


# ---------------------------------------------------- one term, B = V' diag(signs) V


def project(x, y, factor):
    """Return x V' and y V'."""
    weights = factor.T.astype(x.dtype, copy=False)
    zx = np.asarray(x @ weights)
    return zx, (zx if y is x else np.asarray(y @ weights))


def factor_scores(zx, zy, signs):
    """Return (Vx)' diag(signs) (Vy) for each row of projected sides."""
    if (signs > 0).all():
        return row_products(zx, zy)
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
