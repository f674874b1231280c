# SPDX-License-Identifier: BSD-3-Clause
"""Contradictions among labels that cost next to nothing to see."""

from dataclasses import dataclass

import numpy as np

from sksymsim._blocks import release_pages
from sksymsim._distinct import row_words

# Columns that are compared first, away from the borders of pictures: rows that differ
# mostly differ here.
COLUMNS = 4
# Bytes of rows looked at together.
BYTES = 1 << 20
# The mixing steps of SplitMix64 (Steele, Lea and Flood, 2014): numbers of few digits
# get hashes that no sum or product of them can bring together.
STEP = np.uint64(0x9E3779B97F4A7C15)
MIXING = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
    (np.uint64(31), np.uint64(1)),
)


@dataclass(frozen=True)
class Glance:
    """What can be seen at a glance.

    Parameters
    ----------
    n_repeated, n_self : int
        Pairs of which another one has the other label; pairs of an item with itself
        that are labelled dissimilar.
    n_disputed : int
        Different pairs among the former.
    repeated : tuple of int
        Two of the former that contradict each other, in their order; empty if there are
        none.
    self : int or None
        The first of the latter.
    """

    n_repeated: int = 0
    n_self: int = 0
    n_disputed: int = 0
    repeated: tuple = ()
    self: int | None = None


def glance(pairs, similar):
    """Look for pairs that contradict each other by themselves.

    Items are the same if they have the same row number, or in two arrays the same row.
    Of sparse rows nothing is seen.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)

    Returns
    -------
    found : Glance
    """
    if pairs.index is not None:
        return _look(*_index_keys(pairs.index), similar)
    if pairs.is_sparse:
        return Glance()
    n_features = pairs.shape[2]
    places = (np.arange(COLUMNS) + 0.5) / COLUMNS
    columns = np.unique((places * n_features).astype(np.intp))
    keys, within = _row_keys(pairs, columns)
    # What agrees there is looked at as a whole.
    rows = np.flatnonzero(_disputed(keys, similar) | (within & ~similar))
    keys, within = _row_keys(pairs, slice(None), rows)
    return _look(keys, within, similar[rows], rows)


def _index_keys(index):
    """Return one integer for each pair, in either order, and whether it is of one."""
    left, right = index.astype(np.int64).T
    low, high = np.minimum(left, right), np.maximum(left, right)
    return low * (int(high.max()) + 1) + high, low == high


def _row_keys(pairs, columns, rows=None):
    """Return the same of all pairs, or some, by what is in some columns of both sides.

    Parameters
    ----------
    pairs : Pairs
    columns : ndarray of int or slice
    rows : ndarray of int, default=None
    """
    n_rows = len(pairs) if rows is None else rows.size
    keys = np.empty(n_rows, dtype=np.uint64)
    within = np.empty(n_rows, dtype=bool)
    width = pairs.shape[2] if isinstance(columns, slice) else columns.size
    step = max(1, BYTES // (width * pairs.dtype.itemsize))
    for start in range(0, n_rows, step):
        part = slice(start, min(start + step, n_rows))
        hashes = []
        for side, table in enumerate(pairs._tables):
            picked = part if rows is None else rows[part]
            if pairs._rows is not None:
                picked = pairs._rows[picked, side]
            hashes.append(_hash(_cut(table, picked, columns), pairs.dtype))
            release_pages(table)
        one, other = hashes
        within[part] = one == other
        # The same in either order; wraps around.
        keys[part] = one * other + (one + other) * STEP
    return keys, within


def _hash(rows, dtype):
    """Return a number of 64 bits for each row; two of different rows are different.

    But for chance, one time in 2**64.
    """
    words = row_words(rows, dtype)
    words += np.arange(1, words.shape[1] + 1, dtype=np.uint64) * STEP
    for shift, factor in MIXING:
        words ^= words >> shift
        words *= factor
    return words.sum(axis=1, dtype=np.uint64)


def _cut(table, rows, columns):
    """Return some columns of some rows, and touch no others."""
    if isinstance(rows, slice) or isinstance(columns, slice):
        return np.asarray(table[rows][:, columns])
    return np.asarray(table[rows[:, None], columns])


def _disputed(keys, similar):
    """Return which pairs have a like one of the other label."""
    # With the label as the last bit, one sort brings them side by side.
    keys = keys.astype(np.uint64, copy=False) << np.uint64(1)
    labelled = np.sort(keys | similar.astype(np.uint64))
    odd = labelled[1:] == labelled[:-1] + np.uint64(1)
    both = labelled[:-1][odd & (labelled[1:] & np.uint64(1) == 1)]
    if both.size == 0:
        return np.zeros(keys.size, dtype=bool)
    place = np.minimum(np.searchsorted(both, keys), both.size - 1)
    return both[place] == keys


def _look(keys, within, similar, rows=None):
    disputed = _disputed(keys, similar)
    own = within & ~similar & ~disputed
    if not (disputed.any() or own.any()):
        return Glance()
    rows = np.arange(keys.size) if rows is None else rows
    example, first = (), None
    if disputed.any():
        one = int(np.argmax(disputed))
        other = np.argmax((keys == keys[one]) & (similar != similar[one]))
        example = tuple(sorted((int(rows[one]), int(rows[other]))))
    if own.any():
        first = int(rows[np.argmax(own)])
    n_disputed = np.unique(keys[disputed]).size
    return Glance(int(disputed.sum()), int(own.sum()), n_disputed, example, first)
