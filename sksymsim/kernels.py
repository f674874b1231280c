# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric kernels of pairs: their matrix, and products with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.linalg import LinearOperator

from sksymsim._kernels.grams import pair_values
from sksymsim._kernels.pair_kernels import ITEM_KERNELS, PAIRWISE, make_kernels
from sksymsim._kernels.products import PairProducts
from sksymsim._validation.kernels import (
    COEF0,
    DEGREE,
    GAMMA,
    check_kernel_values,
    check_two_of_pairs,
)
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import NONE, Choice, check_values

if TYPE_CHECKING:
    from typing import Any, Literal

    from sksymsim._typing import Floats, PairsLike

__all__ = ["pair_gram_operator", "pair_kernel"]

PARAMETERS: dict[str, list[Any]] = {
    "pairwise": [Choice(*PAIRWISE)],
    "kernel": [Choice(*ITEM_KERNELS)],
    "degree": DEGREE,
    "gamma": [NONE, GAMMA[1]],
    "coef0": COEF0,
}


def pair_kernel(
    X: PairsLike,
    Y: PairsLike | None = None,
    *,
    pairwise: Literal["tppk", "mlpk", "both", "sum", "concat"] = "both",
    kernel: Literal["linear", "poly", "rbf"] = "rbf",
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1.0,
) -> Floats:
    """Return the matrix of a symmetric kernel between pairs.

    Parameters
    ----------
    X : Pairs, ndarray of shape (n_pairs_X, 2, n_features) or tuple (X_a, X_b)
        The pairs.
    Y : Pairs, ndarray of shape (n_pairs_Y, 2, n_features) or tuple, default=None
        Other pairs. None is X itself.
    pairwise : {"tppk", "mlpk", "both", "sum", "concat"}, default="both"
        How the kernel k of two items becomes one of two pairs (a, b) and (c, d), see
        [1]_:

        - "tppk", the tensor product kernel: (k(a,c) k(b,d) + k(a,d) k(b,c)) / 2.
        - "mlpk", the metric learning kernel: (k(a,c) - k(a,d) - k(b,c) + k(b,d))^2 / 4.
        - "both": the sum of these two.
        - "sum", the direct sum kernel: (k(a,c) + k(a,d) + k(b,c) + k(b,d)) / 2.
        - "concat": the kernel of the concatenations, (k([a,b], [c,d]) +
          k([a,b], [d,c])) / 2. For "linear" it is "sum", for "rbf" it is "tppk", and
          for "poly" it spans all symmetric polynomials of the pair up to `degree`.

    kernel : {"linear", "poly", "rbf"}, default="rbf"
        The kernel of two items: ``x'y``, ``(gamma x'y + coef0)^degree`` or
        ``exp(-gamma |x-y|^2)``.
    degree : int, default=3
        Of "poly": the degree of the polynomial.
    gamma : float, default=None
        Of "poly" and "rbf". None is 1 / n_features.
    coef0 : float, default=1.0
        Of "poly": how much lower degrees count; not negative.

    Returns
    -------
    K : ndarray of shape (n_pairs_X, n_pairs_Y)
        float64, symmetric and positive semidefinite without `Y`. The same bits when
        the sides of any pair in X, or all in Y, are exchanged.

    Raises
    ------
    TypeError
        If the pairs are of a type that holds no pairs or no numbers.
    ValueError
        If a parameter, or the shape or the values of the pairs cannot be used, or the
        kernel overflows.
    MemoryError
        If the matrix would be larger than the memory of this machine.

    See Also
    --------
    pair_gram_operator : Products with this matrix without making it.
    KernelPairClassifier : A classifier that does not need it either.

    References
    ----------
    .. [1] Brunner, C., Fischer, A., Luig, K. and Thies, T. Pairwise support vector
       machines and their application to large scale problems. JMLR 13 (2012),
       2279-2292.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sksymsim import load_spoken_digits, make_pairs, pair_kernel
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data / 10, spoken.speaker, n_pairs=300, random_state=0
    ... )
    >>> machine = SVC(kernel="precomputed").fit(pair_kernel(pairs[:200]), y[:200])
    >>> machine.predict(pair_kernel(pairs[200:], pairs[:200])).shape
    (100,)
    """
    X, Y, kernels = _checked(
        "pair_kernel", X, Y, pairwise, kernel, degree, gamma, coef0
    )
    n_X, n_Y = len(X), len(X if Y is None else Y)
    check_memory(
        8 * n_X * n_Y,
        f"the kernels of {n_X} with {n_Y} pairs",
        "take pair_gram_operator, which has the products with this matrix without "
        "making it, or KernelPairClassifier",
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return check_kernel_values(pair_values(X, Y, *kernels))


def pair_gram_operator(
    X: PairsLike,
    Y: PairsLike | None = None,
    *,
    pairwise: Literal["tppk", "mlpk", "both", "sum", "concat"] = "both",
    kernel: Literal["linear", "poly", "rbf"] = "rbf",
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1.0,
) -> Any:
    """Return the matrix of a symmetric kernel between pairs, as a linear operator.

    The matrix is never made: a product takes the time of n_items_X times n_pairs_Y
    (and the reverse) multiplications by the generalised vec trick [1]_, and needs the
    kernel of the items, or less where that would be large.

    Parameters
    ----------
    X : Pairs, ndarray of shape (n_pairs_X, 2, n_features) or tuple (X_a, X_b)
        The pairs. It pays where they share items.
    Y : Pairs, ndarray of shape (n_pairs_Y, 2, n_features) or tuple, default=None
        Other pairs. None is X itself.
    pairwise : {"tppk", "mlpk", "both", "sum", "concat"}, default="both"
        See :func:`pair_kernel`.
    kernel : {"linear", "poly", "rbf"}, default="rbf"
        The kernel of two items.
    degree : int, default=3
        Of "poly": the degree of the polynomial.
    gamma : float, default=None
        Of "poly" and "rbf". None is 1 / n_features.
    coef0 : float, default=1.0
        Of "poly": how much lower degrees count; not negative.

    Returns
    -------
    operator : scipy.sparse.linalg.LinearOperator of shape (n_pairs_X, n_pairs_Y)
        With products by vectors and matrices from either side, in float64.

    Raises
    ------
    TypeError
        If the pairs are of a type that holds no pairs or no numbers.
    ValueError
        If a parameter, or the shape or the values of the pairs cannot be used.

    See Also
    --------
    pair_kernel : The matrix itself.

    References
    ----------
    .. [1] Airola, A. and Pahikkala, T. Fast Kronecker product kernel methods via
       generalized vec trick. IEEE TNNLS 29 (2018), 3374-3387.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import Pairs, pair_gram_operator, pair_kernel
    >>> rng = np.random.default_rng(0)
    >>> items, index = rng.normal(size=(50, 3)), rng.integers(50, size=(400, 2))
    >>> pairs = Pairs.from_index(items, index)
    >>> operator = pair_gram_operator(pairs)
    >>> v = rng.normal(size=400)
    >>> np.allclose(operator @ v, pair_kernel(pairs) @ v)
    True
    """
    X, Y, kernels = _checked(
        "pair_gram_operator", X, Y, pairwise, kernel, degree, gamma, coef0
    )
    with np.errstate(over="ignore", invalid="ignore"):
        products = PairProducts(X, X if Y is None else Y, *kernels)
    return LinearOperator(
        (len(X), len(X if Y is None else Y)),
        matvec=_finite(products.product),
        rmatvec=_finite(products.transposed),
        dtype=np.float64,
    )


def _finite(product):
    """Return a product that refuses kernels which have overflowed."""

    def multiply(v):
        with np.errstate(over="ignore", invalid="ignore"):
            result = product(v)
        return check_kernel_values(result) if np.isfinite(v).all() else result

    return multiply


def _checked(function, X, Y, pairwise, kernel, degree, gamma, coef0):
    """Return checked pairs and the kernels that the parameters ask for."""
    values = {
        "pairwise": pairwise,
        "kernel": kernel,
        "degree": degree,
        "gamma": gamma,
        "coef0": coef0,
    }
    check_values(function, values, PARAMETERS)
    X, Y = check_two_of_pairs(X, Y)
    gamma = 1 / X.shape[2] if gamma is None else float(gamma)
    return X, Y, make_kernels(pairwise, kernel, gamma, degree, coef0)
