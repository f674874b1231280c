# SPDX-License-Identifier: BSD-3-Clause
"""Checks of numbers and matrices that have to fit the items."""

import numpy as np

from sksymsim._validation.parameters import Number, _shorten


def check_n_components(n_components, n_features):
    """Refuse more components than there are features."""
    if n_components is not None and n_components > n_features:
        raise ValueError(
            f"n_components={n_components} must be at most the number of features, "
            f"which is {n_features}; None leaves the rank free."
        )


def check_matrix_size(n_features, limit):
    """Refuse to fit matrices that would not fit into memory."""
    if n_features > limit:
        raise ValueError(
            f"X has {n_features} features; forms and priors hold matrices of that size "
            f"squared and take at most {limit}. Reduce the items first, for example "
            "with SharedTransformer(TruncatedSVD(n_components=256)) in a Pipeline; or "
            "take KernelPairClassifier(prior=None), which holds none."
        )


def check_scale(scale, dtype):
    """Refuse differences of items that are too small to be divided by."""
    if scale < np.finfo(dtype).tiny:
        raise ValueError(
            f"the items, or their differences, are only about {scale:.3g} in size, "
            f"where numbers of {dtype} lose their digits; multiply all items by one "
            "large number first, or normalise them."
        )


def check_prior_matrix(matrix, n_features, *, psd):
    """Return a prior metric given as an array: symmetric, and not negative if asked."""
    matrix = np.asarray(matrix)
    if matrix.dtype.kind not in "fiu":
        raise TypeError(f"prior must hold real numbers, got dtype {matrix.dtype}.")
    if matrix.shape != (n_features, n_features):
        raise ValueError(
            f"prior must have shape ({n_features}, {n_features}) to match the features "
            f"of X, got {matrix.shape}."
        )
    matrix = matrix.astype(np.float64)
    if not np.isfinite(matrix).all():
        raise ValueError("prior contains NaN or infinity.")
    size = np.abs(matrix).max()
    if size == 0:
        raise ValueError("prior is zero everywhere; use prior='identity'.")
    if np.abs(matrix - matrix.T).max() > 1e-8 * size:
        raise ValueError("prior must be symmetric; use (prior + prior.T) / 2.")
    if psd:
        smallest = np.linalg.eigvalsh(matrix / size)[0]
        if smallest < -1e-8:
            raise ValueError(
                "prior must be positive semidefinite, but its smallest eigenvalue is "
                f"{smallest * size:.3g}; pass another prior or, to "
                "SymmetricPairClassifier, psd=False."
            )
    return matrix


def check_n_best(k, n_base):
    """Refuse to look for more items than there are, or for none."""
    if k not in Number(int, 1):
        raise ValueError(f"k must be {Number(int, 1)}, got {_shorten(k)}.")
    if k > n_base:
        raise ValueError(
            f"k={k} must be at most the number of items in X_base, which is {n_base}."
        )
