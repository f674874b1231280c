# SPDX-License-Identifier: BSD-3-Clause
"""Slow, plain versions of the kernels of pairs, from their definitions."""

import numpy as np
from scipy.optimize import minimize


def naive_item_kernel(x, y, kernel, degree, gamma, coef0):
    if kernel == "linear":
        return float(x @ y)
    if kernel == "poly":
        return float((gamma * (x @ y) + coef0) ** degree)
    return float(np.exp(-gamma * ((x - y) ** 2).sum()))


def naive_pair_kernel(pair, other, pairwise, **base):
    """Return the kernel of two pairs, as Brunner et al. (2012) write it."""

    def k(x, y):
        return naive_item_kernel(x, y, **base)

    (a, b), (c, d) = pair, other
    if pairwise == "concat":
        ab, cd, dc = map(np.concatenate, [(a, b), (c, d), (d, c)])
        return (k(ab, cd) + k(ab, dc)) / 2
    tensor = (k(a, c) * k(b, d) + k(a, d) * k(b, c)) / 2
    metric = (k(a, c) - k(a, d) - k(b, c) + k(b, d)) ** 2 / 4
    return {
        "tppk": tensor,
        "mlpk": metric,
        "both": tensor + metric,
        "sum": (k(a, c) + k(a, d) + k(b, c) + k(b, d)) / 2,
    }[pairwise]


def naive_gram(X, Y, pairwise, **base):
    X, Y = (np.asarray(pairs, dtype=np.float64) for pairs in (X, Y))
    return np.array([[naive_pair_kernel(p, q, pairwise, **base) for q in Y] for p in X])


def explicit_features(X, pairwise):
    """Return features whose dot products are the kernel over a linear base."""
    left, right = (np.asarray(X, dtype=np.float64)[:, side] for side in (0, 1))

    def outer(x, y):
        return np.einsum("ni,nj->nij", x, y).reshape(len(x), -1)

    if pairwise == "sum":
        return (left + right) / np.sqrt(2)
    tensor = (outer(left, right) + outer(right, left)) / 2
    gap = left - right
    metric = outer(gap, gap) / 2
    return {"tppk": tensor, "mlpk": metric, "both": np.hstack([tensor, metric])}[
        pairwise
    ]


def naive_logistic(features, y, weights, alpha, intercept=True):
    """Minimise mean logistic loss + alpha/2 |coef|^2 by SciPy; return scores' parts."""
    t = np.where(y == 1, 1.0, -1.0)
    n_features = features.shape[1]

    def objective(theta):
        coef, k = theta[:n_features], theta[-1] * intercept
        margins = t * (features @ coef + k)
        value = weights @ np.logaddexp(0, -margins) + alpha / 2 * coef @ coef
        slope = -weights * t / (1 + np.exp(margins))
        gradient = np.append(features.T @ slope + alpha * coef, slope.sum() * intercept)
        return value, gradient

    found = minimize(
        objective,
        np.zeros(n_features + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-11},
    )
    return found.x[:n_features], found.x[-1] * intercept, float(found.fun)
