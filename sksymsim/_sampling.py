# SPDX-License-Identifier: BSD-3-Clause
"""Distinct pairs drawn from class labels, without a list of all pairs.

All similar pairs of a population are numbered, and so are all dissimilar ones. A
sample of pairs is a sample of such *ranks*; only the ranks drawn are turned into
pairs, so time and memory follow the sample and not the population.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from sksymsim._blocks import working_dtype

# Entries of one table of neighbours: about 80 MB with all its companions.
NEIGHBOR_ENTRIES = 1 << 22
# Items of a class up to this size are searched for among all items, with so many more
# neighbours asked for, and those of their own class passed over. A larger class has a
# search of its own among the items of all others: passing over 10,000 neighbours took
# 75 s where this takes 2 (20,000 items), and for small classes it would cost more.
LARGE_CLASS = 256


class PairPopulation:
    """The pairs of items that lie in one block, similar (one class) or dissimilar.

    Items are put in order of block, then class. A run of items of one block and one
    class is a *cell*. Cell by cell, the similar pairs of m items are numbered
    (0, 1), (0, 2), (1, 2), (0, 3), ..., and the dissimilar pairs are those of an item
    of the cell with an item of its block that stands before the cell.

    Parameters
    ----------
    classes : ndarray of int of shape (n_items,)
        The class of each item.
    blocks : ndarray of int of shape (n_items,)
        The block of each item, in 0..n_blocks-1.
    n_blocks : int
        Number of blocks.

    Attributes
    ----------
    order : ndarray of int of shape (n_items,)
        The items in order of block, then class; *positions* count along it.
    n_similar, n_dissimilar : ndarray of int64 of shape (n_blocks,)
        How many pairs each block holds. The ranks of block b follow those of b - 1.
    """

    def __init__(self, classes, blocks, n_blocks):
        self.order = np.lexsort((classes, blocks))
        self.classes = classes[self.order]
        blocks = blocks[self.order]
        new = (np.diff(self.classes) != 0) | (np.diff(blocks) != 0)
        self._first = np.concatenate([[0], np.flatnonzero(new) + 1])
        size = np.diff(np.append(self._first, blocks.size))
        self.block_first = np.searchsorted(blocks, np.arange(n_blocks + 1))
        self._block_of_cell = blocks[self._first]
        self._block_start = self.block_first[self._block_of_cell]
        self._n_before = self._first - self._block_start
        self._similar_start = _starts(size * (size - 1) // 2)
        self._dissimilar_start = _starts(size * self._n_before)
        # How many items of its own class the block has for each position.
        self.cell_size = np.repeat(size, size)
        cells = np.searchsorted(self._block_of_cell, np.arange(n_blocks + 1))
        self.n_similar = np.diff(self._similar_start[cells])
        self.n_dissimilar = np.diff(self._dissimilar_start[cells])

    def similar_pairs(self, ranks):
        """Return the items of some similar pairs, shape (n_ranks, 2)."""
        cell = _stratum(self._similar_start, ranks)
        low, high = triangle_pair(ranks - self._similar_start[cell])
        return self.order[self._first[cell][:, None] + np.column_stack([low, high])]

    def dissimilar_pairs(self, ranks):
        """Return the items of some dissimilar pairs, shape (n_ranks, 2)."""
        cell = _stratum(self._dissimilar_start, ranks)
        inside = ranks - self._dissimilar_start[cell]
        high, low = np.divmod(inside, self._n_before[cell])
        low += self._block_start[cell]
        high += self._first[cell]
        return self.order[np.column_stack([low, high])]

    def dissimilar_ranks(self, one, two):
        """Return the ranks of pairs of positions of one block and two classes."""
        low, high = np.minimum(one, two), np.maximum(one, two)
        cell = _stratum(self._first, high)
        row = (high - self._first[cell]) * self._n_before[cell]
        return self._dissimilar_start[cell] + row + low - self._block_start[cell]


def _starts(sizes):
    """Return where each of some consecutive ranges starts, and where the last ends."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _stratum(starts, ranks):
    """Return the range that each rank lies in; empty ranges are never it."""
    return np.searchsorted(starts, ranks, side="right") - 1


def triangle_pair(ranks):
    """Return i < j with ranks == j * (j - 1) / 2 + i."""
    high = ((1 + np.sqrt(1 + 8 * ranks.astype(np.float64))) / 2).astype(np.int64)
    # At the last pair of a row, the root may be rounded up to that of the next row.
    high -= high * (high - 1) // 2 > ranks
    return ranks - high * (high - 1) // 2, high


def sorted_distinct(values):
    """Return distinct values in order."""
    # numpy.unique hashes integers since numpy 2.3, at many times the cost of this.
    values = np.sort(values)
    return values[np.concatenate([[True], values[1:] != values[:-1]])[: values.size]]


def draw_distinct(counts, sizes, rng, taken=None):
    """Draw distinct ranks from consecutive ranges, each subset equally likely.

    Parameters
    ----------
    counts : ndarray of int of shape (n_ranges,)
        How many to draw from each range.
    sizes : ndarray of int of shape (n_ranges,)
        The length of each range; the first one starts at 0.
    rng : numpy.random.RandomState
        The source of randomness.
    taken : ndarray of int of shape (n_taken,), default=None
        Sorted distinct ranks that must not be drawn.

    Returns
    -------
    ranks : ndarray of int64 of shape (counts.sum(),)
        In no particular order.
    """
    starts = _starts(sizes)
    taken = np.empty(0, np.int64) if taken is None else taken
    n_taken = np.bincount(_stratum(starts, taken), minlength=len(sizes))
    # Rejection is fast while at least half of a range is free at the end; a fuller
    # range is not much longer than what is drawn from it and is listed instead.
    full = 2 * (counts + n_taken) > sizes
    listed = _draw_listed(np.where(full, counts, 0), starts, rng, taken)
    rejected = _draw_by_rejection(np.where(full, 0, counts), starts, rng, taken)
    return np.concatenate([listed, rejected])


def _draw_by_rejection(counts, starts, rng, taken):
    sizes = np.diff(starts)
    drawn = np.empty(0, np.int64)
    # Drawing just what is missing, again and again, is drawing one by one until there
    # are enough distinct ones: no subset is preferred.
    missing = counts
    while missing.any():
        stratum = np.repeat(np.arange(len(counts)), missing)
        new = starts[stratum] + rng.randint(0, sizes[stratum], dtype=np.int64)
        drawn = sorted_distinct(np.concatenate([drawn, _without(new, taken)]))
        missing = counts - np.bincount(_stratum(starts, drawn), minlength=len(counts))
    return drawn


def _draw_listed(counts, starts, rng, taken):
    used = np.flatnonzero(counts)
    sizes = np.diff(starts)[used]
    within = np.arange(sizes.sum()) - np.repeat(_starts(sizes)[:-1], sizes)
    free = _without(np.repeat(starts[used], sizes) + within, taken)
    free = rng.permutation(free)
    stratum = _stratum(starts, free)
    free = free[np.argsort(stratum, kind="stable")]
    sizes = np.bincount(stratum, minlength=len(counts))
    place = np.arange(free.size) - np.repeat(_starts(sizes)[:-1], sizes)
    return free[place < np.repeat(counts, sizes)]


def _without(ranks, taken):
    if taken.size == 0:
        return ranks
    place = np.minimum(np.searchsorted(taken, ranks), taken.size - 1)
    return ranks[taken[place] != ranks]


def balanced_capacity(n_similar, n_dissimilar, similar_rate):
    """Return how many pairs each block can give with that rate of similar ones."""
    most = np.minimum(n_similar / similar_rate, n_dissimilar / (1 - similar_rate))
    return np.floor(_snap(most)).astype(np.int64)


def round_to_sum(shares, total, rng):
    """Round shares up or down so that they add up to a total.

    The largest fractions are rounded up; equal ones in random order, so that no block
    is favoured for its number.
    """
    shares = _snap(np.asarray(shares, dtype=np.float64))
    rounded = np.floor(shares).astype(np.int64)
    order = np.lexsort((rng.uniform(size=shares.size), rounded - shares))
    rounded[order[: max(0, total - rounded.sum())]] += 1
    return rounded


def _snap(values):
    """Return values with those set right that should be whole but for rounding."""
    nearest = np.rint(values)
    # Two or three roundings lie behind each value.
    close = np.abs(values - nearest) <= 8 * np.finfo(np.float64).eps * nearest
    return np.where(close, nearest, values)


def draw_hard(X, population, counts, rng):
    """Draw dissimilar pairs of neighbours.

    First every item with its nearest item of another class, then every item with its
    second nearest, and so on; the last round is cut at random.

    Parameters
    ----------
    X : {ndarray, CSR matrix} of shape (n_items, n_features)
        The items.
    population : PairPopulation
        The pairs to draw from.
    counts : ndarray of int of shape (n_blocks,)
        How many pairs to draw from each block.
    rng : numpy.random.RandomState
        The source of randomness.

    Returns
    -------
    ranks : ndarray of int64 of shape (counts.sum(),)
        Sorted ranks of dissimilar pairs.
    """
    drawn = [
        _draw_hard_in_block(X, population, block, counts[block], rng)
        for block in np.flatnonzero(counts)
    ]
    return np.sort(np.concatenate([np.empty(0, np.int64), *drawn]))


def _draw_hard_in_block(X, population, block, count, rng):
    start, stop = population.block_first[block : block + 2]
    n_same = population.cell_size[start:stop]
    # A pair is found at most twice, once from each side. So twice as many findings
    # hold enough pairs, and few pairs need few searches.
    anchors = rng.permutation(stop - start)[: 2 * count]
    n_other = stop - start - n_same
    depth = _search_depth(n_other[anchors], 2 * count)
    one, two, place = _other_class_neighbors(
        X[population.order[start:stop]],
        population.classes[start:stop],
        n_same,
        anchors,
        depth,
    )
    ranks = population.dissimilar_ranks(start + one, start + two)
    by_place = np.lexsort((rng.uniform(size=place.size), place))
    _, first = np.unique(ranks[by_place], return_index=True)
    return ranks[by_place][np.sort(first)[:count]]


def _search_depth(n_other, wanted):
    """Return the least k with sum(min(k, n_other)) >= wanted, or the greatest k."""
    low, high = 1, int(n_other.max())
    while low < high:
        middle = (low + high) // 2
        if np.minimum(middle, n_other).sum() >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def _other_class_neighbors(rows, classes, n_same, anchors, depth):
    """Find the items of another class that are nearest by cosine.

    Returns
    -------
    anchor, neighbor, place : ndarray of int of shape (n_found,)
        Each anchor with at most `depth` neighbours, of which `place` 1 is nearest.
    """
    # Euclid on the unit sphere ranks as cosine does and takes the fast path of
    # scikit-learn, which has none for cosine.
    rows = normalize(rows.astype(working_dtype(rows.dtype), copy=False), copy=False)
    large = n_same[anchors] > LARGE_CLASS
    searches = [(anchors[~large], np.arange(classes.size), LARGE_CLASS)]
    for label in np.unique(classes[anchors[large]]):
        inside = anchors[classes[anchors] == label]
        searches.append((inside, np.flatnonzero(classes != label), 0))
    found = []
    for inside, among, n_skipped in searches:
        if inside.size == 0:
            continue
        k = min(depth + n_skipped, among.size)
        search = NearestNeighbors(algorithm="brute").fit(rows[among])
        step = max(1, NEIGHBOR_ENTRIES // k)
        for chunk in np.split(inside, range(step, inside.size, step)):
            near = search.kneighbors(rows[chunk], k, return_distance=False)
            found.append(_nearest_others(classes, chunk, among[near], depth))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _nearest_others(classes, anchors, near, depth):
    other = classes[near] != classes[anchors][:, None]
    place = np.cumsum(other, axis=1, dtype=np.int32)
    row, column = np.nonzero(other & (place <= depth))
    return anchors[row], near[row, column], place[row, column]
