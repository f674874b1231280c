# SPDX-License-Identifier: BSD-3-Clause
"""Paths a ~ b ~ c in a relation, counted by matrix products, numbered and drawn."""

import numpy as np
from scipy import sparse

# Rows of one block of a product of adjacency matrices.
BLOCK_ROWS = 512
# From this share of similar pairs on, BLAS on zeros is faster than sparse products.
DENSE = 1 / 16


def count_paths(similar):
    """Count the paths a ~ b ~ c of distinct items, and those that are closed by a ~ c.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_items, n_items)
        Symmetric; the diagonal does not matter.

    Returns
    -------
    n_paths : int
        A path and its reverse are one.
    n_closed : int
        Three times the number of triangles.
    """
    n_items = len(similar)
    similar = similar.copy()
    np.fill_diagonal(similar, False)
    degree = similar.sum(axis=1).astype(np.int64)
    n_paths = int((degree * (degree - 1)).sum()) // 2
    is_dense = degree.sum() > DENSE * n_items**2
    # Counts below 2**24 are exact in float32, and no count exceeds the items.
    whole = similar.astype(np.float32)
    if not is_dense:
        whole = sparse.csr_matrix(whole)
    closed = 0
    for start in range(0, n_items, BLOCK_ROWS):
        rows = whole[start : start + BLOCK_ROWS]
        # How many b lie between each a of the block and each c.
        between = rows @ whole
        kept = between[similar[start : start + BLOCK_ROWS]] if is_dense else None
        if kept is None:
            kept = between.multiply(rows).data
        closed += int(kept.sum(dtype=np.float64))
    return n_paths, closed // 2


def unrank_pairs(number):
    """Return the two members p < q of each pair, for numbers from 0 on.

    The pairs below q are those with numbers below q (q - 1) / 2.

    Parameters
    ----------
    number : ndarray of int

    Returns
    -------
    smaller, greater : ndarray of int
    """
    number = np.asarray(number, dtype=np.int64)
    greater = ((1 + np.sqrt(1 + 8.0 * number)) / 2).astype(np.int64)
    # The root of a large number may be rounded over an integer.
    greater -= greater * (greater - 1) // 2 > number
    greater += (greater + 1) * greater // 2 <= number
    return number - greater * (greater - 1) // 2, greater


def draw_numbers(n_all, n_draws, rng):
    """Return all numbers below `n_all`, or so many drawn with replacement if fewer."""
    if n_all <= n_draws:
        return np.arange(n_all)
    return rng.integers(n_all, size=n_draws)


def draw_pairs(n_items, n_draws, rng):
    """Return two distinct items for each of all pairs, or of so many drawn ones."""
    return unrank_pairs(draw_numbers(n_items * (n_items - 1) // 2, n_draws, rng))


def draw_triples(n_items, n_draws, rng):
    """Return distinct items of all unordered triples, or of so many drawn ones.

    Returns
    -------
    triples : ndarray of int of shape (n_triples, 3)
    """
    if n_items * (n_items - 1) * (n_items - 2) // 6 <= n_draws:
        every = np.arange(n_items)
        below = every * (every - 1) // 2
        third = np.repeat(every, below)
        pairs = np.arange(len(third)) - np.repeat(np.cumsum(below) - below, below)
        return np.column_stack([*unrank_pairs(pairs), third])
    triples = np.column_stack(
        [rng.integers(n_items - taken, size=n_draws) for taken in range(3)]
    )
    # Numbers among those that are left, in order, to numbers of items.
    triples[:, 1] += triples[:, 1] >= triples[:, 0]
    low, high = triples[:, :2].min(axis=1), triples[:, :2].max(axis=1)
    triples[:, 2] += triples[:, 2] >= low
    triples[:, 2] += triples[:, 2] >= high
    return triples


def draw_paths(similar, n_draws, rng):
    """Return all paths with their middle among some rows, or so many drawn ones.

    Each path is as likely as any other: its middle is drawn in proportion to the
    paths that it is the middle of (Seshadhri, Pinar and Kolda, Stat. Anal. Data Min. 7
    (2014), 294).

    Parameters
    ----------
    similar : ndarray of bool of shape (n_rows, n_items)
        What each of some items is similar to; False at the item itself.
    n_draws : int
    rng : numpy.random.Generator

    Returns
    -------
    middle : ndarray of int of shape (n_paths,)
        Rows of `similar`.
    ends : tuple of two ndarray of int of shape (n_paths,)
        Its columns.
    n_all : int
        How many paths there are.
    """
    row, column = np.nonzero(similar)
    degree = np.bincount(row, minlength=len(similar)).astype(np.int64)
    first = np.cumsum(degree) - degree
    stop = np.cumsum(degree * (degree - 1) // 2)
    n_all = int(stop[-1]) if len(stop) else 0
    number = draw_numbers(n_all, n_draws, rng)
    middle = np.searchsorted(stop, number, side="right")
    before = stop[middle] - degree[middle] * (degree[middle] - 1) // 2
    ends = unrank_pairs(number - before)
    return middle, tuple(column[first[middle] + end] for end in ends), n_all
