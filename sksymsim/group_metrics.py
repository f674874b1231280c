# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of groups of items, as the field of entity resolution uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sksymsim._validation.groups import check_group_labels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["GroupScores", "b_cubed", "pairwise_f1", "pairwise_scores"]


class GroupScores(NamedTuple):
    """Precision, recall and their harmonic mean.

    Parameters
    ----------
    precision : float
        How much of what was put together belongs together.
    recall : float
        How much of what belongs together was put together.
    f1 : float
        The harmonic mean of both.

    See Also
    --------
    pairwise_scores : Counts pairs.
    b_cubed : Counts items.

    Examples
    --------
    >>> from sksymsim import pairwise_scores
    >>> scores = pairwise_scores([0, 0, 1, 1], [0, 0, 0, 1])
    >>> scores.precision == 1 / 3, scores.recall
    (True, 0.5)
    >>> precision, recall, f1 = scores
    """

    precision: float
    recall: float
    f1: float


def pairwise_scores(labels_true: ArrayLike, labels_pred: ArrayLike) -> GroupScores:
    """Return precision, recall and F1 over the pairs of items in one group.

    Parameters
    ----------
    labels_true : array-like of shape (n_items,)
        The groups that are right.
    labels_pred : array-like of shape (n_items,)
        The groups that were found.

    Returns
    -------
    scores : GroupScores
        Precision is the share of the pairs put together that belong together, recall
        the share of those that belong together that were put together. Where there are
        no such pairs, the share is one.

    Raises
    ------
    ValueError
        If lengths differ or there are no items.

    See Also
    --------
    b_cubed : Every item counts the same, and not every pair.
    sklearn.metrics.rand_score : Also counts pairs that are rightly apart.
    sklearn.metrics.adjusted_rand_score : The same, corrected for chance.

    Notes
    -----
    A group of n items has n (n - 1) / 2 pairs, so that large groups decide. Time and
    memory grow with the number of items, not of pairs.

    Examples
    --------
    >>> from sksymsim import pairwise_scores
    >>> scores = pairwise_scores([0, 0, 0, 1], [0, 0, 1, 1])
    >>> scores.precision, round(scores.recall, 3), scores.f1
    (0.5, 0.333, 0.4)
    """
    cells, true, pred = _contingency(labels_true, labels_pred)
    together, found, right = map(_n_pairs, (cells.n_items, pred, true))
    return _scores(_share(together, found), _share(together, right))


def pairwise_f1(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Return the F1 score over the pairs of items in one group.

    Parameters
    ----------
    labels_true : array-like of shape (n_items,)
        The groups that are right.
    labels_pred : array-like of shape (n_items,)
        The groups that were found.

    Returns
    -------
    f1 : float
        See :func:`pairwise_scores`.

    Raises
    ------
    ValueError
        If lengths differ or there are no items.

    Examples
    --------
    >>> from sksymsim import pairwise_f1
    >>> pairwise_f1([0, 0, 0, 1], [0, 0, 1, 1])
    0.4
    """
    return pairwise_scores(labels_true, labels_pred).f1


def b_cubed(labels_true: ArrayLike, labels_pred: ArrayLike) -> GroupScores:
    """Return B-cubed precision, recall and F1 of groups.

    Parameters
    ----------
    labels_true : array-like of shape (n_items,)
        The groups that are right.
    labels_pred : array-like of shape (n_items,)
        The groups that were found.

    Returns
    -------
    scores : GroupScores
        Precision is, for each item, the share of the items of its found group (itself
        included) that belong to its true group, averaged over the items; recall is the
        same with both exchanged.

    Raises
    ------
    ValueError
        If lengths differ or there are no items.

    See Also
    --------
    pairwise_scores : Every pair counts the same.
    sklearn.metrics.v_measure_score : The same question in bits.

    Notes
    -----
    Bagga and Baldwin, Algorithms for scoring coreference chains, 1998. F1 is the
    harmonic mean of the two averages.

    Examples
    --------
    >>> from sksymsim import b_cubed
    >>> b_cubed([0, 0, 0, 1], [0, 0, 1, 1]).precision
    0.75
    """
    cells, true, pred = _contingency(labels_true, labels_pred)
    squares, n_items = cells.n_items**2, cells.n_items.sum()
    precision = float((squares / pred[cells.pred]).sum() / n_items)
    recall = float((squares / true[cells.true]).sum() / n_items)
    return _scores(precision, recall)


class _Cells(NamedTuple):
    """The cells of the contingency table that are not empty."""

    true: np.ndarray
    pred: np.ndarray
    n_items: np.ndarray


def _contingency(labels_true, labels_pred):
    """Return the cells, and the sizes of the true and of the found groups."""
    true, pred = check_group_labels(labels_true, labels_pred)
    sizes_true, sizes_pred = np.bincount(true), np.bincount(pred)
    key = true.astype(np.int64) * len(sizes_pred) + pred
    key, counts = np.unique(key, return_counts=True)
    cells = _Cells(*np.divmod(key, len(sizes_pred)), counts.astype(float))
    return cells, sizes_true, sizes_pred


def _n_pairs(counts):
    counts = counts.astype(float)
    return float((counts * (counts - 1)).sum() / 2)


def _share(part, whole):
    return part / whole if whole else 1.0


def _scores(precision, recall):
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return GroupScores(precision, recall, f1)
