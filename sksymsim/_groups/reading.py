# SPDX-License-Identifier: BSD-3-Clause
"""From what a clusterer is given to labels of items."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit, logit

from sksymsim._components import by_appearance
from sksymsim._groups.graph import distinct_pairs, node_graph
from sksymsim._groups.methods import METHODS, group_nodes
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.groups import (
    MOST_LOG_ODDS,
    check_candidates,
    check_edge_scores,
    check_score_graph,
    check_source,
)

# Pairs that a model scores at a time: some hundred MB where it makes features of them.
SCORED_AT_ONCE = 1 << 18
# Beyond the log-odds of any pair.
BEYOND = 2 * MOST_LOG_ODDS


def read_scored_pairs(X, estimator, log_odds):
    """Return the distinct scored pairs of whatever a clusterer accepts."""
    is_graph = sparse.issparse(X)
    table = check_score_graph(X) if is_graph else check_candidates(X)
    check_source(is_graph, estimator, log_odds)
    if is_graph:
        left, right, values, n_items = table.row, table.col, table.data, table.shape[0]
    else:
        values = log_odds
        if values is None:
            values = score_candidates(estimator, table)
        left, right = table.index.T
        n_items = table.items.shape[0]
    values = check_edge_scores(values, len(left))
    return distinct_pairs(n_items, left, right, values)


def score_candidates(model, pairs):
    """Return the log-odds of pairs by any model, some of them at a time."""
    if not len(pairs):
        return np.empty(0)
    method = log_odds_method(model, pairs)
    starts = range(0, len(pairs), SCORED_AT_ONCE)
    return np.concatenate(
        [
            read_log_odds(model, pairs[start : start + SCORED_AT_ONCE], method)
            for start in starts
        ]
    )


def missing_log_odds(missing, pairs):
    """Return the log-odds of pairs never scored; None if they do not count."""
    if missing == "ignore":
        return None
    if missing != "prior":
        return float(missing)
    n_all = max(pairs.n_items * (pairs.n_items - 1) / 2, 1.0)
    least = np.finfo(float).tiny
    rate = np.clip(expit(pairs.values).sum() / n_all, least, 1 - 1e-12)
    return float(logit(rate))


@dataclass(frozen=True)
class Grouped:
    """The groups of items, and what they were made of.

    Attributes
    ----------
    labels : ndarray of int of shape (n_items,)
        Numbers from 0 in the order of first appearance.
    weights : ScoredPairs
        Log-odds less the threshold.
    missing : float
        The weight of pairs that were never scored.
    """

    labels: np.ndarray
    weights: object
    missing: float


def group_items(pairs, method, threshold, missing, links, say):
    """Make groups of items.

    Parameters
    ----------
    pairs : ScoredPairs
    method : str
    threshold : float
    missing : float or None
        Log-odds of pairs never scored.
    links : tuple
        Nodes of items, their number, and nodes that must not be together.
    say : callable

    Returns
    -------
    grouped : Grouped
    """
    nodes, n_nodes, forbidden = links
    # Scores have a bound, and what is beyond it decides alike; sums would overflow.
    threshold = min(max(threshold, -BEYOND), BEYOND)
    weights = pairs.above(threshold)
    # Pairs that nobody looked at never pull: all items would be one group.
    missing = 0.0 if missing is None else min(max(missing, -BEYOND) - threshold, 0.0)
    # What outweighs all that attracts decides by that alone; more of it would only
    # round the scores of the other pairs away.
    enough = -1.0 - np.maximum(weights.values, 0.0).sum()
    graph = node_graph(weights, nodes, n_nodes, forbidden, max(missing, enough))
    found = group_nodes(graph, METHODS[method], say)[nodes]
    _, groups = by_appearance(found)
    return Grouped(groups, weights, missing)
