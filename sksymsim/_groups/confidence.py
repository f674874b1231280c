# SPDX-License-Identifier: BSD-3-Clause
"""What the scores say of a grouping: the sum inside, and how sure each item is."""

import numpy as np
from scipy.special import expit


def sum_inside(weights, labels, missing):
    """Return the sum of the weights of all pairs of items in one group.

    Parameters
    ----------
    weights : ScoredPairs
    labels : ndarray of int of shape (n_items,)
        Numbers from 0.
    missing : float
        The weight of each pair that is not scored.
    """
    inside = labels[weights.left] == labels[weights.right]
    sizes = np.bincount(labels).astype(float)
    n_unscored = (sizes * (sizes - 1)).sum() / 2 - inside.sum()
    return float(weights.values[inside].sum() + missing * n_unscored)


def confidence_of_items(weights, labels, missing):
    """Return for each item the probability that it belongs to its group.

    The odds are those of its group against the best alternative: another group or being
    alone. A group counts with the mean of the weights of its pairs with the item.
    """
    item = np.concatenate([weights.left, weights.right])
    group = labels[np.concatenate([weights.right, weights.left])]
    sizes = np.bincount(labels)
    key, where = np.unique(
        item.astype(np.int64) * len(sizes) + group, return_inverse=True
    )
    item, group = np.divmod(key, len(sizes))
    total = np.bincount(where, np.tile(weights.values, 2), len(key))
    count = np.bincount(where, minlength=len(key))
    own = labels[item] == group
    if missing:
        members = sizes[group] - own
        total = total + missing * (members - count)
        count = members
    mean = total / np.maximum(count, 1)
    stay = np.zeros(weights.n_items)
    stay[item[own]] = mean[own]
    # Pairs of an item and its own group may all be missing.
    alone = sizes[labels] == 1
    if missing:
        untold = ~alone
        untold[item[own]] = False
        stay[untold] = missing
    leave = np.where(alone, -np.inf, 0.0)
    np.maximum.at(leave, item[~own], mean[~own])
    margin = np.where(np.isneginf(leave), 0.0, stay - leave)
    return expit(margin)


def confidence_of_links(left, right, weights, chosen):
    """Return for each link its probability against the best alternative.

    The alternatives are the other candidates of either of its rows, and no link.

    Parameters
    ----------
    left, right : ndarray of int of shape (n_pairs,)
        The two rows of each candidate; those of the two tables have different numbers.
    weights : ndarray of shape (n_pairs,)
    chosen : ndarray of int
        Which of the candidates are links.
    """
    ends = np.concatenate([left, right])
    values = np.tile(weights, 2)
    order = np.lexsort((values, ends))
    ends, values = ends[order], values[order]
    last = np.append(ends[1:] != ends[:-1], True)[: len(ends)]
    best = np.full(int(ends.max(initial=0)) + 1, -np.inf)
    second = best.copy()
    best[ends[last]] = values[last]
    before = np.flatnonzero(last) - 1
    before = before[(before >= 0) & (ends[before] == ends[before + 1])]
    second[ends[before]] = values[before]
    others = np.zeros(len(chosen))
    for row in (left[chosen], right[chosen]):
        rival = np.where(weights[chosen] == best[row], second[row], best[row])
        np.maximum(others, rival, out=others)
    return expit(weights[chosen] - others)
