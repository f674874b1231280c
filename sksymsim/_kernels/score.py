# SPDX-License-Identifier: BSD-3-Clause
"""A fitted sum over kernels of pairs: what is kept of it, and how pairs are scored."""

from dataclasses import dataclass, replace

import numpy as np

from sksymsim._blocks import block_slices, dense, run_blocks, working_dtype
from sksymsim._kernels.pair_kernels import Links, Table
from sksymsim._scoring import score_pairs
from sksymsim._validation.items import check_finite_pairs
from sksymsim._validation.kernels import check_kernel_scores

# A table of all items that some pairs use may take so much.
TABLE_BYTES = 2**28


@dataclass(frozen=True)
class DualScore:
    """The log-odds ``k + g s_0 + sum_j v_j K(pair, pair_j)``.

    Parameters
    ----------
    pair_kernel : QuadraticKernel or ConcatenatedPolynomial
    item_kernel : ItemKernel
    support : {ndarray, CSR matrix} of shape (n_support, n_features) or None
        The items of the pairs j. None if the links are matrices over features.
    links : Links
        The coefficients v.
    intercept : float
    prior : FittedScore, default=None
        s_0, without an intercept of its own.
    prior_scale : float, default=0.0
        g.
    """

    pair_kernel: object
    item_kernel: object
    support: object
    links: Links
    intercept: float
    prior: object = None
    prior_scale: float = 0.0

    form = "poly"
    is_metric = False

    def without_intercept(self):
        """Return the score with an intercept of zero."""
        return replace(self, intercept=0.0)

    def shifted(self, shift):
        """Return the score with another intercept, larger by `shift`."""
        return replace(self, intercept=self.intercept + shift)

    @property
    def width(self):
        """The numbers that a row of a table takes."""
        if self.support is None:
            return self.links.width
        return self.support.shape[0]

    @property
    def n_features(self):
        """The width of the items."""
        return self.links.width if self.support is None else self.support.shape[1]

    def table(self, items):
        """Return what items add to the sums."""
        if self.support is None:
            rows = np.ascontiguousarray(dense(items), dtype=np.float64)
        else:
            rows = self.item_kernel(items, self.support)
        return self.pair_kernel.table(rows, self.links)


def score_dual(score, pairs, n_jobs=None):
    """Return the score of each pair.

    All in float64: coefficients of either sign are large and cancel.

    Parameters
    ----------
    score : DualScore
    pairs : Pairs
    n_jobs : int, default=None
        Threads.

    Returns
    -------
    scores : ndarray of shape (n_pairs,)
        float32 if both sides are float32 or float16, float64 otherwise. The same bits
        when the sides are exchanged.
    """
    check_finite_pairs(pairs)
    result = np.full(len(pairs), score.intercept)
    if score.prior_scale:
        prior = score_pairs(score.prior, pairs, n_jobs)
        result += score.prior_scale * prior.astype(np.float64)
    sums = _sums_by_items if _is_indexed(score, pairs) else _sums_by_sides
    with np.errstate(over="ignore", invalid="ignore"):
        sums(score, pairs, result, n_jobs)
    check_kernel_scores(result)
    dtype = working_dtype(*(table.dtype for table in pairs._tables))
    if dtype == np.float64:
        return result
    limit = np.finfo(dtype).max
    return np.clip(result, -limit, limit).astype(dtype)


def _is_indexed(score, pairs):
    """Say whether every item is looked at once, and not once for each pair."""
    if pairs.items is None:
        return False
    n_used = np.unique(pairs.index).size
    small = n_used * score.width * 8 <= TABLE_BYTES
    return small and n_used < 2 * len(pairs)


def _sums_by_items(score, pairs, result, n_jobs):
    pairs = pairs.compact()
    slices = block_slices(pairs.items.shape[0], 8 * score.width)
    table = Table.stack([score.table(pairs.items[rows]) for rows in slices])

    def add(rows):
        a, b = pairs.index[rows].T
        result[rows] += table.take(a).exact_sums(table.take(b))

    slices = block_slices(len(pairs), 8 * score.width * 4)
    run_blocks(add, slices, n_jobs, len(pairs) * score.width * 8)


def _sums_by_sides(score, pairs, result, n_jobs):
    def add(rows):
        left, right = pairs.block(rows)
        result[rows] += score.table(left).exact_sums(score.table(right))

    slices = block_slices(len(pairs), 8 * score.width)
    run_blocks(add, slices, n_jobs, len(pairs) * score.width * pairs.shape[2])
