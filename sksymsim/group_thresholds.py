# SPDX-License-Identifier: BSD-3-Clause
"""From which log-odds on pairs speak for one group, chosen on items of known groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sksymsim._groups.constraints import merge_linked
from sksymsim._groups.graph import ScoredPairs
from sksymsim._groups.methods import METHODS
from sksymsim._groups.reading import read_scored_pairs
from sksymsim._validation.groups import (
    check_both_relations,
    check_known_groups,
    check_methods,
    check_parts,
)
from sksymsim._validation.parameters import check_parameters
from sksymsim._validation.scores import check_n_thresholds, check_option
from sksymsim.clustering import PARAMETERS
from sksymsim.group_metrics import b_cubed, pairwise_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from sksymsim._typing import ItemsLike
    from sksymsim.clustering import PairClusterer
    from sksymsim.pairs import Pairs

__all__ = ["GroupThresholdChoice", "calibrate_group_threshold"]

CRITERIA: dict[str, Callable[[Any, Any], float]] = {
    "pairwise_f1": lambda true, found: pairwise_scores(true, found).f1,
    "b_cubed": lambda true, found: b_cubed(true, found).f1,
}


@dataclass(frozen=True)
class GroupThresholdChoice:
    """A threshold of a clusterer, and what it does on the items it was chosen on.

    Parameters
    ----------
    method : str
        The best method of those that were tried.
    threshold : float
        The best one for this method.
    criterion : str
        What it was chosen by.
    value : float
        The criterion at this threshold; of several parts the mean.
    thresholds : ndarray of shape (n_thresholds,)
        Those that were tried, rising.
    values : ndarray of shape (n_thresholds,)
        The criterion at each of them, by this method.
    clusterer : PairClusterer
        The clusterer with this method and threshold, fitted on these items; of several
        parts on the last one.

    See Also
    --------
    calibrate_group_threshold : Makes it.

    Examples
    --------
    >>> from sksymsim import PairClusterer, Pairs, calibrate_group_threshold
    >>> items = [[0.0], [1.0], [5.0]]  # the scores say what there is to know
    >>> pairs = Pairs.from_index(items, [[0, 1], [1, 2], [0, 2]])
    >>> choice = calibrate_group_threshold(
    ...     PairClusterer(), pairs, [0, 0, 1], log_odds=[2.0, 0.5, 0.4]
    ... )
    >>> 0.4 < choice.threshold < 2.0
    True
    >>> choice.value
    1.0
    """

    method: str
    threshold: float
    criterion: str
    value: float
    thresholds: np.ndarray
    values: np.ndarray
    clusterer: PairClusterer


def calibrate_group_threshold(
    clusterer: PairClusterer,
    X: Pairs | ItemsLike | list[Any],
    y: ArrayLike | list[Any],
    *,
    methods: Sequence[str] | None = None,
    criterion: Literal["pairwise_f1", "b_cubed"] = "pairwise_f1",
    n_thresholds: int = 40,
    log_odds: ArrayLike | list[Any] | None = None,
    must_link: ArrayLike | list[Any] | None = None,
    cannot_link: ArrayLike | list[Any] | None = None,
) -> GroupThresholdChoice:
    """Choose the threshold, and the method, of a clusterer on items of known groups.

    Parameters
    ----------
    clusterer : PairClusterer
        It is not changed.
    X : Pairs of shape (n_pairs, 2, n_features), sparse (n_items, n_items), or list
        Scored pairs as in :meth:`PairClusterer.fit`, of items that the model was not
        fitted on. Or a list of such parts, one for each fold, each scored by a model
        that was fitted without it; what follows are lists of as many then.
    y : array-like of shape (n_items,), or list
        The group of each item; negative numbers where it is not known. These items
        take part in the grouping, but not in the criterion.
    methods : sequence of str, default=None
        Methods of :class:`PairClusterer` to try, such as ``("correlation",
        "average")``; of equally good ones the first. None keeps that of `clusterer`.
    criterion : {"pairwise_f1", "b_cubed"}, default="pairwise_f1"
        What is made as great as possible: the F1 score of :func:`pairwise_scores` or of
        :func:`b_cubed`.
    n_thresholds : int, default=40
        How many thresholds to try: quantiles of the log-odds of the scored pairs, half
        of them of those in one group and half of the others; and the clusterer's own.
    log_odds : array-like of shape (n_pairs,), or list, default=None
        As in :meth:`PairClusterer.fit`.
    must_link : array-like of int of shape (n_links, 2), or list, default=None
        As in :meth:`PairClusterer.fit`.
    cannot_link : array-like of int of shape (n_links, 2), or list, default=None
        As in :meth:`PairClusterer.fit`.

    Returns
    -------
    choice : GroupThresholdChoice
        ``choice.clusterer`` has the method and the threshold set. Of equally good
        thresholds it is the one in the middle.

    Raises
    ------
    ValueError
        If the lengths or the numbers of parts differ, a parameter is out of range, or
        the labelled items have no scored pairs of both kinds; and whatever
        :meth:`PairClusterer.fit` raises.

    See Also
    --------
    calibrate_threshold : Chooses a threshold for pairs by themselves.

    Notes
    -----
    The best threshold for groups is not that for pairs: a chain of wrong pairs does
    more harm than each of them. It also depends on how candidates were made; make them
    here as they will be made later.

    Few groups say little: two classes are found by many thresholds of which few suit
    the next three. Hold out other groups in each of several folds, and pass all parts.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from sksymsim import PairClusterer, calibrate_group_threshold
    >>> log_odds, left, right = [5.0, 2.0, 1.0], [0, 1, 2], [1, 2, 3]
    >>> graph = coo_matrix((log_odds, (left, right)), shape=(4, 4))
    >>> choice = calibrate_group_threshold(PairClusterer(), graph, [0, 0, 1, 2])
    >>> choice.value
    1.0
    >>> choice.clusterer.labels_
    array([0, 0, 1, 2])

    Of two parts, and of two methods:

    >>> choice = calibrate_group_threshold(
    ...     PairClusterer(),
    ...     [graph, graph],
    ...     [[0, 0, 1, 2], [0, 0, 0, 1]],
    ...     methods=["correlation", "average"],
    ... )
    >>> choice.method, 1.0 < choice.threshold < 5.0
    ('correlation', True)
    """
    check_parameters(clusterer, PARAMETERS)
    check_option(criterion, CRITERIA, "criterion")
    check_n_thresholds(n_thresholds)
    methods = check_methods(methods, METHODS, clusterer.method)
    inputs = check_parts(
        X=X, y=y, log_odds=log_odds, must_link=must_link, cannot_link=cannot_link
    )
    parts = [_read(clusterer.estimator, **part) for part in inputs]
    tried = _candidates(parts, clusterer.threshold, n_thresholds)
    # No clone: that would take what the estimator has learned.
    chosen = type(clusterer)(**clusterer.get_params(deep=False))
    values = np.array(
        [
            _values(chosen.set_params(method=method), parts, tried, CRITERIA[criterion])
            for method in methods
        ]
    )
    best = int(np.argmax(values.max(axis=1)))
    method, values = methods[best], values[best]
    equal = np.flatnonzero(values == values.max())
    middle = equal[(len(equal) - 1) // 2]
    chosen.set_params(method=method, threshold=float(tried[middle]))
    chosen._fit_scored(parts[-1].pairs, parts[-1].links)
    return GroupThresholdChoice(
        method,
        chosen.threshold,
        criterion,
        float(values[middle]),
        tried,
        values,
        chosen,
    )


class _Part(NamedTuple):
    pairs: ScoredPairs
    groups: np.ndarray
    links: tuple


def _read(estimator, X, y, log_odds, must_link, cannot_link):
    pairs = read_scored_pairs(X, estimator, log_odds)
    groups = check_known_groups(y, pairs.n_items)
    return _Part(pairs, groups, merge_linked(pairs.n_items, must_link, cannot_link))


def _values(clusterer, parts, thresholds, criterion):
    """Return the mean of a criterion over all parts, at each threshold."""
    values = np.zeros(len(thresholds))
    for i, threshold in enumerate(thresholds.tolist()):
        clusterer.set_params(threshold=threshold)
        for pairs, groups, links in parts:
            known = groups >= 0
            labels = clusterer._fit_scored(pairs, links).labels_
            values[i] += criterion(groups[known], labels[known])
    return values / len(parts)


def _candidates(parts, threshold, n_thresholds):
    """Return thresholds between scores, where either kind of pairs has some."""
    same, scores = np.concatenate([_known_pairs(part) for part in parts], axis=1)
    same = same > 0
    levels = np.unique(scores)
    between = np.append((levels[1:] + levels[:-1]) / 2, levels[0] - 1)
    between = np.append(between, levels[-1])
    between.sort()
    shares = np.linspace(0, 1, (n_thresholds + 1) // 2)
    wanted = np.quantile(scores[same], shares), np.quantile(scores[~same], shares)
    nearest = np.searchsorted(between, np.concatenate(wanted))
    nearest = np.clip(nearest, 0, len(between) - 1)
    return np.unique(np.append(between[nearest], threshold))


def _known_pairs(part):
    """Return whether pairs of items of known groups are in one, and their scores."""
    left, right = part.groups[part.pairs.left], part.groups[part.pairs.right]
    known = (left >= 0) & (right >= 0)
    same = (left == right)[known]
    check_both_relations(same)
    return np.array([same, part.pairs.values[known]])
