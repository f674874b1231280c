# SPDX-License-Identifier: BSD-3-Clause
"""Scores of all combinations of two tables of items: the matrix, and its best."""

from functools import partial

import numpy as np
from scipy import sparse

from sksymsim._blocks import block_slices, dense, run_blocks, working_dtype
from sksymsim._score import Scratch
from sksymsim._scoring import ARRAYS_OF_A_BLOCK, kernel_for
from sksymsim._validation.items import check_finite_items
from sksymsim._validation.memory import check_memory

# The rows of the first and of the second table in one tile. BLAS is near its full speed
# for tiles of this size, and a tile and its operands are 17 MB for 384 float32.
TILE_FIRST, TILE_SECOND = 640, 4096
# The tiles of one table with itself are square, so that the mirror of a tile is one.
TILE_SAME = 1024
# Few queries are compared with parts of the base in so many tasks, for the threads.
MIN_TASKS = 8
# Rows whose mean is the point that distances are computed around.
CENTER_ROWS = 1024


def score_all_pairs(score, items_a, items_b, n_jobs=None):
    """Return the score of each item of one table with each of another.

    Exactly symmetric: exchanging the tables transposes the result, bit for bit.

    Returns
    -------
    scores : ndarray of shape (n_a, n_b)
    """
    n_a, n_b = items_a.shape[0], items_b.shape[0]
    n_bytes = n_a * n_b * working_dtype(items_a.dtype, items_b.dtype).itemsize
    check_memory(
        n_bytes,
        f"the scores of {n_a} times {n_b} items",
        "pass fewer rows of X_a at a time, or take top_k, which keeps the best only",
    )
    cross = CrossScores(score, items_a, items_b, n_jobs)
    result = np.empty(cross.shape, dtype=cross.dtype)
    array = Scratch()

    def score_tile(tile):
        rows, columns = tile
        if cross.is_same:
            block = cross.tile(rows, columns, array, out=result[rows, columns])
            if rows != columns:
                result[columns, rows] = block.T
        elif cross.is_swapped:
            result[columns, rows] = cross.tile(rows, columns, array).T
        else:
            cross.tile(rows, columns, array, out=result[rows, columns])

    run_blocks(score_tile, cross.tiles(), n_jobs, cross.work)
    return result


class CrossScores:
    """The scores of all combinations of two tables, a tile at a time.

    A matrix product rounds an entry in a way that may depend on which factor comes
    first. So the smaller table always does; of two tables of one size, the one whose
    first entry that differs is less; and of one table with itself, one triangle is
    computed and mirrored. Every tile of the matrix is the same product, whoever asks.

    Parameters
    ----------
    score : FittedScore
    items_a, items_b : {ndarray, CSR matrix}
    n_jobs : int or None
    names : tuple of str, default=("X_a", "X_b")
        What error texts call the tables.

    Attributes
    ----------
    shape : tuple of int
        (n_a, n_b)
    is_same : bool
        Whether both tables hold the same numbers.
    is_swapped : bool
        Whether the rows of a tile are items of the second table.
    """

    def __init__(self, score, items_a, items_b, n_jobs, names=("X_a", "X_b")):
        self.shape = (items_a.shape[0], items_b.shape[0])
        self.dtype = working_dtype(items_a.dtype, items_b.dtype)
        self.n_jobs = n_jobs
        self._set_factors(score, items_a, items_b, self.dtype)
        if not (self.sees_all and self.is_safe):
            check_finite_items(items_a, names[0])
            check_finite_items(items_b, names[1])
            if not self.is_safe and self.dtype == np.float32:
                self._set_factors(score, items_a, items_b, np.dtype(np.float64))
        self.work = self.shape[0] * self.shape[1] * self._outer.shape[1]

    def _set_factors(self, score, items_a, items_b, dtype):
        """Project both tables and make the two factors of the product."""
        n_rows = sum(self.shape)
        kernels = [kernel_for(score, x, n_rows, dtype) for x in (items_a, items_b)]
        # Sparse and dense rows are projected into the same space.
        kernel = kernels[0] if kernels[0] is kernels[1] else score.kernel(dtype)
        order = _compare(items_a, items_b, dtype)
        self.is_same, self.is_swapped = order == 0, order > 0
        first, second = (items_b, items_a) if self.is_swapped else (items_a, items_b)
        center = (_some_mean(kernel, first) + _some_mean(kernel, second)) / 2
        center[~np.isfinite(center)] = 0
        make = partial(_make_factors, kernel, center, n_jobs=self.n_jobs)
        if self.is_same:
            self._outer, self._inner, bound = make(first)
        else:
            self._outer, _, bound = make(first, want_inner=False)
            _, self._inner, other = make(second, want_outer=False)
            bound = np.maximum(bound, other)  # NaN stays
        self.sees_all = kernel.sees_all
        self.is_safe = bool(bound < np.finfo(dtype).max)
        self._upper = kernel.intercept if _is_bounded(score) else None

    def steps(self):
        """Return how many rows of the first and of the second table make a tile."""
        return (TILE_SAME, TILE_SAME) if self.is_same else (TILE_FIRST, TILE_SECOND)

    def tiles(self):
        """Return the tiles that have to be computed, as pairs of slices."""
        n_first, n_second = self.shape[::-1] if self.is_swapped else self.shape
        step_first, step_second = self.steps()
        return [
            (rows, columns)
            for columns in _slices(n_second, step_second)
            for rows in _slices(n_first, step_first)
            if not self.is_same or rows.start <= columns.start
        ]

    def tile(self, rows, columns, array, out=None):
        """Return the scores of rows of the first table with rows of the second.

        Parameters
        ----------
        rows, columns : slice
            A tile on the grid of :meth:`tiles`.
        array : Scratch
        out : ndarray, default=None
            Where to; None for an array that the next tile overwrites.
        """
        left, right = self._outer[rows], self._inner[columns]
        if out is None or left.dtype != self.dtype:
            product = array("product", (len(left), len(right)), left.dtype)
        else:
            product = out
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(left, right.T, out=product)
        # Almost no tile has a pair so close, and to look costs half of what it costs
        # to write.
        if self._upper is not None and not product.max() <= self._upper:
            np.minimum(product, self._upper, out=product)
        if self.is_same and rows == columns:
            lower = np.tri(len(left), k=-1, dtype=bool)
            np.copyto(product, product.T, where=lower)
        if left.dtype == self.dtype:
            return product
        limit = np.finfo(self.dtype).max
        np.clip(product, -limit, limit, out=product)
        if out is None:
            return product.astype(self.dtype)
        out[...] = product
        return out

    def rows(self, rows, columns, array):
        """Return the scores of items of X_a with items of X_b, whatever the order."""
        if self.is_swapped or (self.is_same and rows.start > columns.start):
            block = self.tile(columns, rows, array).T
            scores = array("turned", block.shape, self.dtype)
            scores[...] = block
            return scores
        return self.tile(rows, columns, array)


def _is_bounded(score):
    """Say whether no pair scores more than the intercept: what exceeds it, rounds."""
    return score.is_metric and all(term.coefficient < 0 for term in score.terms)


def _slices(n_rows, step):
    return [slice(i, min(i + step, n_rows)) for i in range(0, n_rows, step)]


def _some_mean(kernel, items):
    """Return the mean of the projections of rows spread over a table."""
    with np.errstate(over="ignore", invalid="ignore"):
        return kernel.project_items(items[:: -(-items.shape[0] // CENTER_ROWS)]).mean(0)


def _make_factors(kernel, center, items, n_jobs, want_outer=True, want_inner=True):
    """Make the factors of :meth:`ScoreKernel.product_factors`; None if not wanted."""
    n_rows, n_features = items.shape
    shape = (n_rows, kernel.product_width)
    outer = np.empty(shape, dtype=kernel.dtype) if want_outer else None
    inner = np.empty(shape, dtype=kernel.dtype) if want_inner else None
    bounds = []
    array = Scratch()

    def make_block(rows):
        z = array("z", (rows.stop - rows.start, kernel.width), kernel.dtype)
        parts = (None if part is None else part[rows] for part in (outer, inner))
        with np.errstate(over="ignore", invalid="ignore"):
            kernel.project_items(items[rows], z)
            bounds.append(kernel.product_factors(z, center, *parts))

    row_bytes = n_features * kernel.dtype.itemsize * ARRAYS_OF_A_BLOCK
    work = n_rows * n_features * kernel.width
    run_blocks(make_block, block_slices(n_rows, row_bytes), n_jobs, work)
    return outer, inner, np.max(bounds)


def _compare(left, right, dtype):
    """Order two tables by their size, then by their first entry that differs."""
    if left is right:
        return 0
    if left.shape[0] != right.shape[0]:
        return -1 if left.shape[0] < right.shape[0] else 1
    # The same numbers, sparse and dense, are projected to others.
    if sparse.issparse(left) != sparse.issparse(right):
        return 1 if sparse.issparse(left) else -1
    for rows in _slices(left.shape[0], TILE_SAME):
        a, b = (dense(table[rows]).astype(dtype).ravel() for table in (left, right))
        differs = np.flatnonzero(a != b)
        if differs.size:
            return -1 if a[differs[0]] < b[differs[0]] else 1
    return 0


# ------------------------------------------------------------------------- the k best


def best_of_all_pairs(score, queries, base, k, n_jobs=None):
    """Return for each query the k highest scores and the items of the base.

    Returns
    -------
    scores : ndarray of shape (n_queries, k)
        Falling; of equal scores the one with the lower number comes first.
    indices : ndarray of int of shape (n_queries, k)
    """
    check_memory(
        queries.shape[0] * k * 12,
        f"the {k} best of each of {queries.shape[0]} queries",
        "lower k, or pass fewer queries at a time",
    )
    cross = CrossScores(score, queries, base, n_jobs, ("X_query", "X_base"))
    step_rows, step_columns = cross.steps()[:: -1 if cross.is_swapped else 1]
    blocks = _slices(cross.shape[0], step_rows)
    tiles = _slices(cross.shape[1], step_columns)
    # By sizes alone. The best of all are the best of the best of parts.
    n_parts = min(-(-MIN_TASKS // len(blocks)), max(1, cross.shape[1] // (2 * k)))
    parts = [tiles[i::n_parts] for i in range(min(n_parts, len(tiles)))]
    found = {}
    array = Scratch()

    def search(task):
        rows, part = task
        best = _Best(rows.stop - rows.start, k)
        for columns in parts[part]:
            scores = cross.rows(rows, columns, array)
            if not cross.is_safe:
                # The difference of two numbers beyond float64 ranks last.
                scores[np.isnan(scores)] = -np.inf
            best.add(scores, columns.start, array)
        found[rows.start, part] = best

    tasks = [(rows, part) for rows in blocks for part in range(len(parts))]
    run_blocks(search, tasks, n_jobs, cross.work)
    scores = np.empty((cross.shape[0], k), dtype=cross.dtype)
    indices = np.empty((cross.shape[0], k), dtype=np.intp)
    for rows in blocks:
        best = found.pop((rows.start, 0))
        for part in range(1, len(parts)):
            best.join(found.pop((rows.start, part)))
        scores[rows], indices[rows] = best.result()
    return scores, indices


class _Best:
    """The k best columns of each row, while columns come in.

    Candidates are kept in one flat list: what exceeds the k-th best of its row when the
    list was cut the last time. It is cut when it has doubled.
    """

    def __init__(self, n_rows, k):
        self.n_rows, self.k = n_rows, k
        self.threshold = None
        self.pool = []
        self.size = 0

    def add(self, scores, start, array):
        """Look at the scores of all rows with some columns."""
        n_columns = scores.shape[1]
        if self.threshold is not None:
            chosen = array("chosen", scores.shape, bool)
            np.greater(scores, self.threshold[:, None], out=chosen)
        elif n_columns > self.k:
            least = np.partition(scores, n_columns - self.k, axis=1)
            chosen = scores >= least[:, n_columns - self.k, None]
        else:
            chosen = np.ones(scores.shape, dtype=bool)
        places = np.flatnonzero(chosen)
        rows, columns = np.divmod(places, n_columns)
        self._extend((rows, columns + start, scores.ravel()[places]))

    def join(self, other):
        """Look at the best of other columns."""
        for part in other.pool:
            self._extend(part)

    def _extend(self, part):
        if part[0].size == 0:
            return
        self.pool.append(part)
        self.size += part[0].size
        full = self.n_rows * self.k
        if self.size >= (full if self.threshold is None else 2 * full):
            self._cut()

    def _cut(self):
        """Keep the k best of each row, in their order."""
        rows, columns, scores = (
            np.concatenate(parts) for parts in zip(*self.pool, strict=True)
        )
        order = np.lexsort((columns, -scores, rows))
        counts = np.bincount(rows, minlength=self.n_rows)
        starts = np.cumsum(counts) - counts
        rank = np.arange(rows.size) - np.repeat(starts, counts)
        order = order[rank < self.k]
        self.pool = [(rows[order], columns[order], scores[order])]
        self.size = order.size
        if self.size == self.n_rows * self.k:
            self.threshold = scores[order].reshape(self.n_rows, self.k)[:, -1]

    def result(self):
        """Return scores and columns, each of shape (n_rows, k)."""
        self._cut()
        _, columns, scores = self.pool[0]
        shape = (self.n_rows, self.k)
        return scores.reshape(shape), columns.reshape(shape)
