# SPDX-License-Identifier: BSD-3-Clause
"""Scores of many pairs under a fitted score, in blocks and threads."""

import numpy as np

from sksymsim._blocks import (
    as_rows,
    block_slices,
    run_blocks,
    working_dtype,
)


def score_pairs(score, pairs, n_jobs=None):
    """Return the score of each pair.

    Parameters
    ----------
    score : FittedScore
    pairs : Pairs
    n_jobs : int, default=None
        Threads.

    Returns
    -------
    scores : ndarray of shape (n_pairs,)
        float32 if both sides are float32 or float16, float64 otherwise.
    """
    dtype = working_dtype(*(table.dtype for table in pairs._tables))
    result = np.empty(len(pairs), dtype=dtype)
    if pairs.items is not None:
        pairs = pairs.compact()
        # Both counts stay the same when the sides are swapped, and so does the way.
        if pairs.items.shape[0] < 2 * len(pairs):
            _score_by_items(score, pairs, result, n_jobs)
            return result

    def score_block(rows):
        left, right = (as_rows(side, dtype) for side in pairs.block(rows))
        result[rows] = _finite(score.from_sides, left, right)

    run_blocks(
        score_block,
        block_slices(len(pairs), pairs.shape[2] * dtype.itemsize),
        n_jobs,
    )
    return result


def squared_distances(score, pairs, n_jobs=None):
    """Return (a-b)'M(a-b) of each pair, whatever form M belongs to."""
    return np.abs(score_pairs(score.negative_square_distance(), pairs, n_jobs))


def _score_by_items(score, pairs, result, n_jobs):
    """Project each item once, then combine the projections."""
    projections = project_rows(score.project_items, pairs.items, n_jobs)
    index = pairs.index

    def score_block(rows):
        left, right = (projections[index[rows, side]] for side in (0, 1))
        result[rows] = _finite(score.from_projections, left, right)

    run_blocks(
        score_block,
        block_slices(len(pairs), projections.shape[1] * projections.itemsize),
        n_jobs,
    )


def project_rows(function, items, n_jobs=None):
    """Apply a projection to rows, in blocks and threads."""
    dtype = working_dtype(items.dtype)
    slices = block_slices(items.shape[0], items.shape[1] * dtype.itemsize)
    first = function(as_rows(items[slices[0]], dtype))
    if len(slices) == 1:
        return first
    result = np.empty((items.shape[0], first.shape[1]), dtype=dtype)

    def project_block(rows):
        result[rows] = function(as_rows(items[rows], dtype))

    run_blocks(project_block, slices, n_jobs)
    return result


def _finite(function, left, right):
    """Score a block; again in float64 where float32 has overflowed."""
    with np.errstate(over="ignore", invalid="ignore"):
        scores = function(left, right)
        if scores.dtype == np.float32 and not np.isfinite(scores).all():
            wide = left.astype(np.float64)
            # The same array twice stays so: that is what makes a tile symmetric.
            scores = function(wide, wide if right is left else right.astype(np.float64))
            limit = np.finfo(np.float32).max
            scores = np.clip(scores, -limit, limit)
    return scores


def score_all_pairs(score, items_a, items_b, n_jobs=None):
    """Return the score of each item of one table with each of another.

    Exactly symmetric: exchanging the tables transposes the result, bit for bit. A
    matrix product rounds an entry in a way that may depend on which factor comes
    first, so each tile is computed with its two blocks in an order that depends on
    the blocks alone, and transposed afterwards where needed.

    Returns
    -------
    scores : ndarray of shape (n_a, n_b)
    """
    za = project_rows(score.project_items, items_a, n_jobs)
    zb = project_rows(score.project_items, items_b, n_jobs)
    dtype = np.result_type(za, zb)
    # Half the sum of both means is the same when the tables are exchanged.
    center = ((za.mean(axis=0) + zb.mean(axis=0)) / 2).astype(dtype)
    za, zb = (score.centered(z.astype(dtype, copy=False), center) for z in (za, zb))
    result = np.empty((len(za), len(zb)), dtype=dtype)
    # Tiles are square so that swapping the tables gives the same tiles.
    slices_a, slices_b = (block_slices(len(z), 4096) for z in (za, zb))
    tiles = [(rows, columns) for rows in slices_a for columns in slices_b]

    def score_tile(tile):
        rows, columns = tile
        left, right = za[rows], zb[columns]
        order = _compare(left, right)
        if order > 0:
            result[tile] = _finite(score.outer, right, left).T
        else:
            result[tile] = _finite(score.outer, left, left if order == 0 else right)

    run_blocks(score_tile, tiles, n_jobs)
    return result


def _compare(left, right):
    """Order two blocks by shape, then by their first entry that differs."""
    if left.shape != right.shape:
        return -1 if left.shape < right.shape else 1
    differs = np.flatnonzero(left.ravel() != right.ravel())
    if differs.size == 0:
        return 0
    first = differs[0]
    return -1 if left.ravel()[first] < right.ravel()[first] else 1
