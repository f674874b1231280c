# SPDX-License-Identifier: BSD-3-Clause
"""The covariance of items, and the matrix that takes a share of it out."""

import numpy as np
from scipy.linalg import eigh

from sksymsim._validation.memory import check_memory

# Directions of less variance than this share of the mean carry rounding only.
VARIANCE_FLOOR = 1e-10


def covariance_of(X, mean):
    """Return the covariance in float64, block by block."""
    check_memory(
        24 * X.shape[1] ** 2,
        f"the covariance of {X.shape[1]} features and its eigenvectors",
        "reduce the items first, for example by TruncatedSVD, or leave whiten=0",
    )
    result = np.zeros((X.shape[1], X.shape[1]))
    for start in range(0, X.shape[0], 4096):
        part = X[start : start + 4096] - mean
        result += part.T @ part
    return result / X.shape[0]


def inverse_root(covariance, share):
    """Return (share * C + (1 - share) * mean_variance * I) ** (-1/2)."""
    lam, basis = eigh(covariance)
    level = float(np.mean(lam))
    if level <= 0:
        return np.eye(len(covariance))
    empty = lam <= VARIANCE_FLOOR * level
    lam = share * np.where(empty, 0.0, lam) + (1 - share) * level
    if share == 1:
        # Directions in which the training items do not differ are left out, and not
        # blown up by the inverse of a rounding error.
        lam[empty] = np.inf
    return (basis / np.sqrt(lam)) @ basis.T
