# SPDX-License-Identifier: BSD-3-Clause
"""From which log-odds on pairs speak for one group, chosen on items of known groups."""

from dataclasses import dataclass

import numpy as np

from sksymsim._constraints import merge_linked
from sksymsim._group_reading import read_scored_pairs
from sksymsim._validation import Number, check_parameters
from sksymsim._validation_groups import check_both_relations, check_known_groups
from sksymsim._validation_scores import check_number, check_option
from sksymsim.clustering import PARAMETERS
from sksymsim.group_metrics import b_cubed, pairwise_scores

__all__ = ["GroupThreshold", "tune_group_threshold"]

CRITERIA = {
    "pairwise_f1": lambda true, found: pairwise_scores(true, found).f1,
    "b_cubed": lambda true, found: b_cubed(true, found).f1,
}


@dataclass(frozen=True)
class GroupThreshold:
    """A threshold of a clusterer, and what it does on the items it was chosen on.

    Parameters
    ----------
    threshold : float
        The best one.
    criterion : str
        What it was chosen by.
    value : float
        The criterion at this threshold.
    thresholds : ndarray of shape (n_thresholds,)
        Those that were tried, rising.
    values : ndarray of shape (n_thresholds,)
        The criterion at each of them.
    clusterer : PairClusterer
        The clusterer with this threshold, fitted on these items.

    See Also
    --------
    tune_group_threshold : Makes it.

    Examples
    --------
    >>> from sksymsim import PairClusterer, Pairs, tune_group_threshold
    >>> items = [[0.0], [1.0], [5.0]]  # the scores say what there is to know
    >>> pairs = Pairs.from_index(items, [[0, 1], [1, 2], [0, 2]])
    >>> choice = tune_group_threshold(
    ...     PairClusterer(), pairs, [0, 0, 1], log_odds=[2.0, 0.5, 0.4]
    ... )
    >>> 0.4 < choice.threshold < 2.0
    True
    >>> choice.value
    1.0
    """

    threshold: float
    criterion: str
    value: float
    thresholds: np.ndarray
    values: np.ndarray
    clusterer: object


def tune_group_threshold(
    clusterer,
    X,
    y,
    *,
    criterion="pairwise_f1",
    n_thresholds=40,
    log_odds=None,
    must_link=None,
    cannot_link=None,
):
    """Choose the threshold of a clusterer on items whose groups are known.

    Parameters
    ----------
    clusterer : PairClusterer
        It is not changed.
    X : Pairs of shape (n_pairs, 2, n_features) or sparse matrix (n_items, n_items)
        Scored pairs as in :meth:`PairClusterer.fit`, of items that the model was not
        fitted on.
    y : array-like of shape (n_items,)
        The group of each item; negative numbers where it is not known. These items
        take part in the grouping, but not in the criterion.
    criterion : {"pairwise_f1", "b_cubed"}, default="pairwise_f1"
        What is made as great as possible: the F1 score of :func:`pairwise_scores` or of
        :func:`b_cubed`.
    n_thresholds : int, default=40
        How many thresholds to try: quantiles of the log-odds of the scored pairs, half
        of them of those in one group and half of the others; and the clusterer's own.
    log_odds : array-like of shape (n_pairs,), default=None
        As in :meth:`PairClusterer.fit`.
    must_link : array-like of int of shape (n_links, 2), default=None
        As in :meth:`PairClusterer.fit`.
    cannot_link : array-like of int of shape (n_links, 2), default=None
        As in :meth:`PairClusterer.fit`.

    Returns
    -------
    choice : GroupThreshold
        ``choice.clusterer`` has the threshold set. Of equally good thresholds it is the
        one in the middle.

    Raises
    ------
    ValueError
        If the lengths differ, a parameter is out of range, or the labelled items have
        no scored pairs of both kinds; and whatever :meth:`PairClusterer.fit` raises.

    See Also
    --------
    calibrate_threshold : Chooses a threshold for pairs by themselves.

    Notes
    -----
    The best threshold for groups is not that for pairs: a chain of wrong pairs does
    more harm than each of them. It also depends on how candidates were made; make them
    here as they will be made later.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from sksymsim import PairClusterer, tune_group_threshold
    >>> log_odds, left, right = [5.0, 2.0, 1.0], [0, 1, 2], [1, 2, 3]
    >>> graph = coo_matrix((log_odds, (left, right)), shape=(4, 4))
    >>> choice = tune_group_threshold(PairClusterer(), graph, [0, 0, 1, 2])
    >>> choice.value
    1.0
    >>> choice.clusterer.labels_
    array([0, 0, 1, 2])
    """
    check_parameters(clusterer, PARAMETERS)
    check_option(criterion, CRITERIA, "criterion")
    check_number(n_thresholds, Number(int, 2), "n_thresholds")
    pairs = read_scored_pairs(X, clusterer.estimator, log_odds)
    groups = check_known_groups(y, pairs.n_items)
    links = merge_linked(pairs.n_items, must_link, cannot_link)
    tried = _candidates(pairs, groups, clusterer.threshold, n_thresholds)
    known = groups >= 0
    # No clone: that would take what the estimator has learned.
    chosen = type(clusterer)(**clusterer.get_params(deep=False))
    values = np.empty(len(tried))
    for i, threshold in enumerate(tried.tolist()):
        chosen.set_params(threshold=threshold)._fit_scored(pairs, links)
        values[i] = CRITERIA[criterion](groups[known], chosen.labels_[known])
    best = np.flatnonzero(values == values.max())
    middle = best[(len(best) - 1) // 2]
    chosen.set_params(threshold=float(tried[middle]))._fit_scored(pairs, links)
    return GroupThreshold(
        float(tried[middle]), criterion, float(values[middle]), tried, values, chosen
    )


def _candidates(pairs, groups, threshold, n_thresholds):
    """Return thresholds between scores, where either kind of pairs has some."""
    left, right = groups[pairs.left], groups[pairs.right]
    known = (left >= 0) & (right >= 0)
    same, scores = (left == right)[known], pairs.values[known]
    check_both_relations(same)
    levels = np.unique(scores)
    between = np.append((levels[1:] + levels[:-1]) / 2, levels[0] - 1)
    between = np.append(between, levels[-1])
    between.sort()
    shares = np.linspace(0, 1, (n_thresholds + 1) // 2)
    wanted = np.quantile(scores[same], shares), np.quantile(scores[~same], shares)
    nearest = np.searchsorted(between, np.concatenate(wanted))
    nearest = np.clip(nearest, 0, len(between) - 1)
    return np.unique(np.append(between[nearest], threshold))
