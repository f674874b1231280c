# SPDX-License-Identifier: BSD-3-Clause
"""Similarities that nobody had to learn."""

import numpy as np

from sksymsim._blocks import block_slices, release_pages
from sksymsim._forms import row_cosines, row_products


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
        cosine[rows] = row_cosines(left, right)
        gap = left - right
        euclid[rows] = -np.sqrt(row_products(gap, gap))
        release_pages(*pairs._tables)
    return cosine, euclid
