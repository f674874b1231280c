# SPDX-License-Identifier: BSD-3-Clause
"""Similarities that nobody had to learn."""

import numpy as np
from scipy import sparse

from sksymsim._blocks import block_slices, release_pages


def cosine_and_euclid(pairs):
    """Return the cosine and the negative distance of the two sides of each pair.

    Items of length zero have a cosine of zero. Both are symmetric bit for bit.

    Returns
    -------
    cosine : ndarray of float64 of shape (n_pairs,)
    euclid : ndarray of float64 of shape (n_pairs,)
    """
    n_pairs, _, width = pairs.shape
    cosine, euclid = np.empty(n_pairs), np.empty(n_pairs)
    for rows in block_slices(n_pairs, 16 * width):
        left, right = pairs.block(rows)
        left, right = left.astype(np.float64), right.astype(np.float64)
        lengths = np.sqrt(_dots(left, left)) * np.sqrt(_dots(right, right))
        cosine[rows] = _dots(left, right) / np.where(lengths > 0, lengths, 1)
        gap = left - right
        euclid[rows] = -np.sqrt(_dots(gap, gap))
        release_pages(*pairs._tables)
    return cosine, euclid


def _dots(left, right):
    """Return the dot product of each row of one side with that of the other."""
    if sparse.issparse(left):
        return np.asarray(left.multiply(right).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", left, right)
