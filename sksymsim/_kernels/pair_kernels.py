# SPDX-License-Identifier: BSD-3-Clause
"""Kernels of two pairs, made of a kernel of two items; and their sums without a Gram.

Every kernel here has two faces. `values` is the formula: the kernel of (a, b) and
(c, d) out of k(a, c), k(a, d), k(b, c) and k(b, d). `table` is what a sum
``sum_j v_j K((a, b), (c_j, d_j))`` over pairs that share items comes down to: with
k_a = (k(a, z))_z over the items z of those pairs, and ::

    S = sum_j v_j (e_c e_d' + e_d e_c') / 2        D = sum_j v_j (e_c e_c' + e_d e_d')

(sparse, with two entries for each pair), the tensor product kernel is k_a'S k_b, and
the metric learning kernel (k_a - k_b)'(D - 2S)(k_a - k_b) / 4, for D - 2S is the
Laplacian of the graph of pairs. This is the generalised vec trick of Airola and
Pahikkala (IEEE TNNLS 29 (2018), 3374), for symmetric kernels.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.metrics.pairwise import linear_kernel, polynomial_kernel, rbf_kernel

from sksymsim._forms import row_products

ITEM_KERNELS = ("linear", "poly", "rbf")
# Brunner, Fischer, Luig and Thies, Pairwise support vector machines and their
# application to large scale problems, JMLR 13 (2012), 2279: K_TL, K_ML, K_TM, K_DL.
PAIRWISE = ("tppk", "mlpk", "both", "sum", "concat")
# Rows gathered at a time: both operands stay in the cache of a core.
GATHERED_BYTES = 2**18


@dataclass(frozen=True)
class ItemKernel:
    """The kernel of two items.

    Parameters
    ----------
    name : {"linear", "poly", "rbf"}
    gamma : float, default=1.0
        x'y is multiplied by it, and |x - y|^2.
    degree : int, default=1
    coef0 : float, default=0.0
    """

    name: str
    gamma: float = 1.0
    degree: int = 1
    coef0: float = 0.0

    def __call__(self, X, Y=None):
        """Return the float64 matrix of all values.

        The coefficients of a model may be large and cancel, and with float32 values
        little would be left of their sum.
        """
        X = _float64(X)
        Y = X if Y is None else _float64(Y)
        if self.name == "rbf":
            return rbf_kernel(X, Y, gamma=self.gamma)
        if self.name == "poly":
            return polynomial_kernel(X, Y, self.degree, self.gamma, self.coef0)
        values = linear_kernel(X, Y, dense_output=True)
        return values if self.gamma == 1.0 else np.multiply(values, self.gamma, values)

    def paired(self, X, Y):
        """Return the value of each row of X with that of Y."""
        X, Y = _float64(X), _float64(Y)
        if self.name == "rbf":
            gap = X - Y
            return np.exp(-self.gamma * row_products(gap, gap))
        values = self.gamma * row_products(X, Y)
        if self.name == "poly":
            values = (values + self.coef0) ** self.degree
        return values


def _float64(X):
    if sparse.issparse(X):
        return X.astype(np.float64, copy=False)
    return np.ascontiguousarray(X, dtype=np.float64)


@dataclass(frozen=True)
class Links:
    """Coefficients of pairs, as matrices over their items.

    Parameters
    ----------
    S, D : {CSR matrix, ndarray} of shape (n_items, n_items)
        See the top of this file.
    u : ndarray of shape (n_items,)
        sum_j v_j (e_c + e_d).
    total : float
        sum_j v_j.
    """

    S: object
    D: object
    u: np.ndarray
    total: float

    @classmethod
    def of_pairs(cls, index, coefficients, n_items):
        """Return the links of pairs of rows with one coefficient each."""
        a, b = index.T
        half = coefficients / 2
        S = sparse.csr_matrix(
            (
                np.concatenate([half, half]),
                (np.concatenate([a, b]), np.concatenate([b, a])),
            ),
            shape=(n_items, n_items),
        )
        u = np.bincount(a, coefficients, n_items) + np.bincount(
            b, coefficients, n_items
        )
        return cls(S, sparse.diags(u).tocsr(), u, float(coefficients.sum()))

    @property
    def width(self):
        """How many items, or features, these are about."""
        known = (self.S, self.D, self.u)
        return next(part.shape[0] for part in known if part is not None)

    def through(self, rows):
        """Return the links of features: rows'S rows and so on, for items = rows f."""
        return Links(
            rows.T @ (self.S @ rows),
            rows.T @ (self.u[:, None] * rows),
            rows.T @ self.u,
            self.total,
        )


@dataclass(frozen=True)
class Table:
    """What the items add to the sums over pairs: own_a + own_b + sum_t x_t(a)'y_t(b).

    Parameters
    ----------
    own : ndarray of shape (n_items,)
    crosses : list of (x, y), both ndarrays of shape (n_items, width)
        x(a)'y(b) is x(b)'y(a) up to rounding.
    """

    own: np.ndarray
    crosses: list

    def sums(self, index):
        """Return the sums for pairs of rows of this table, gathered."""
        a, b = index.T
        result = self.own[a] + self.own[b]
        for x, y in self.crosses:
            step = max(1, GATHERED_BYTES // x[:1].nbytes)
            for start in range(0, len(index), step):
                rows = slice(start, start + step)
                result[rows] += row_products(x[a[rows]], y[b[rows]])
        return result

    def exact_sums(self, other):
        """Return the sums for each row with that of another table.

        The same bits when the two tables change places.
        """
        result = self.own + other.own
        for (x, y), (other_x, other_y) in zip(self.crosses, other.crosses, strict=True):
            cross = row_products(x, other_y) + row_products(other_x, y)
            result += cross / 2
        return result

    @classmethod
    def stack(cls, tables):
        """Return one table of the items of several."""
        crosses = [
            (np.concatenate(x), np.concatenate(y))
            for x, y in (
                zip(*parts, strict=True)
                for parts in zip(*(table.crosses for table in tables), strict=True)
            )
        ]
        return cls(np.concatenate([table.own for table in tables]), crosses)

    def take(self, rows):
        """Return the table of some items."""
        return Table(self.own[rows], [(x[rows], y[rows]) for x, y in self.crosses])


class QuadraticKernel:
    """A kernel that is quadratic, or linear, in the kernel of items.

    Parameters
    ----------
    values : callable
        Maps k(a, c), k(a, d), k(b, c), k(b, d) to the kernel.
    own, cross : tuple of float
        Factors (s, d): the sum over pairs is k_a'(s S + d D) k_b by `cross`, and the
        like of k_a and of k_b with themselves by `own`.
    linear : float
        The factor of u'(k_a + k_b).
    """

    def __init__(self, values, own=(0.0, 0.0), cross=(0.0, 0.0), linear=0.0):
        self.values = values
        self.own, self.cross, self.linear = own, cross, linear

    def table(self, rows, links):
        """Return the table of items, given by their kernels or features."""
        own = np.zeros(len(rows))
        if self.linear:
            own += self.linear * (rows @ links.u)
        crosses = []
        if any(self.cross):
            with_s = times(rows, links.S)
            with_d = times(rows, links.D) if any(self.own) else None
            crosses.append((rows, _combine(self.cross, with_s, with_d)))
            if any(self.own):
                own += row_products(rows, _combine(self.own, with_s, with_d))
        return Table(own, crosses)

    def needed(self, links):
        """Return the links without what this kernel has no use for."""
        return Links(
            links.S if any(self.cross) else None,
            links.D if any(self.own) else None,
            links.u if self.linear else None,
            links.total,
        )


def _combine(factors, with_s, with_d):
    s, d = factors
    result = s * with_s
    if d:
        result += d * with_d
    return result


def times(rows, matrix):
    """Return rows times a symmetric matrix, C-contiguous."""
    if sparse.issparse(matrix):
        return np.ascontiguousarray((matrix @ rows.T).T)
    return rows @ matrix


class ConcatenatedPolynomial:
    """The polynomial kernel of [a, b] and [c, d], summed over both orders of a pair.

    All symmetric polynomials of the pair up to some degree. By powers of k(x, y) =
    gamma x'y it is a sum of tensor product kernels.

    Parameters
    ----------
    degree : int
    coef0 : float
    """

    def __init__(self, degree, coef0):
        self.degree, self.coef0 = degree, coef0

    def values(self, ac, ad, bc, bd):
        """Return the kernel out of those of the items."""
        straight = (ac + bd + self.coef0) ** self.degree
        crossed = (ad + bc + self.coef0) ** self.degree
        return (straight + crossed) / 2

    def table(self, rows, links):
        """Return the table of items, given by their kernels."""
        p, coef0 = self.degree, self.coef0
        own = ((rows + coef0) ** p @ links.u) / 2 - coef0**p * links.total / 2
        powers = [rows**i for i in range(1, p)]
        crosses = []
        for i in range(1, p):
            # (x + y + c)^p = sum_i x^i C(p, i) (y + c)^(p-i); what has no y is in own.
            rest = (rows + coef0) ** (p - i) - coef0 ** (p - i)
            crosses.append((powers[i - 1], times(_binomial(p, i) * rest, links.S)))
        return Table(own, crosses)

    def needed(self, links):
        """Return the links without what this kernel has no use for."""
        S = links.S if self.degree > 1 else None
        return Links(S, None, links.u, links.total)


def _binomial(n, k):
    return float(np.prod(np.arange(n - k + 1, n + 1) / np.arange(1, k + 1)))


def _tppk(ac, ad, bc, bd):
    return (ac * bd + ad * bc) / 2


def _mlpk(ac, ad, bc, bd):
    return ((ac - ad) - (bc - bd)) ** 2 / 4


def _both(ac, ad, bc, bd):
    return _tppk(ac, ad, bc, bd) + _mlpk(ac, ad, bc, bd)


def _sum(ac, ad, bc, bd):
    return ((ac + bd) + (ad + bc)) / 2


TENSOR = QuadraticKernel(_tppk, cross=(1.0, 0.0))
SUM = QuadraticKernel(_sum, linear=0.5)
QUADRATIC = {
    "tppk": TENSOR,
    "mlpk": QuadraticKernel(_mlpk, own=(-0.5, 0.25), cross=(1.0, -0.5)),
    "both": QuadraticKernel(_both, own=(-0.5, 0.25), cross=(2.0, -0.5)),
    "sum": SUM,
}


def make_kernels(pairwise, kernel, gamma, degree, coef0):
    """Return the kernel of pairs and that of the items it is made of.

    Parameters
    ----------
    pairwise : {"tppk", "mlpk", "both", "sum", "concat"}
    kernel : {"linear", "poly", "rbf"}
    gamma : float
    degree : int
    coef0 : float

    Returns
    -------
    pair_kernel : QuadraticKernel or ConcatenatedPolynomial
    item_kernel : ItemKernel
    """
    if pairwise == "concat" and kernel == "poly":
        return ConcatenatedPolynomial(degree, coef0), ItemKernel("linear", gamma)
    items = {
        "linear": ItemKernel("linear"),
        "poly": ItemKernel("poly", gamma, degree, coef0),
        "rbf": ItemKernel("rbf", gamma),
    }[kernel]
    if pairwise == "concat":
        # [a, b]'[c, d] = a'c + b'd, and exp(-|[a, b] - [c, d]|^2) is a product.
        return (SUM if kernel == "linear" else TENSOR), items
    return QUADRATIC[pairwise], items
