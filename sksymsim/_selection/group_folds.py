# SPDX-License-Identifier: BSD-3-Clause
"""Folds of new groups where there are few groups: each is held out equally often."""

import numpy as np
from sklearn.utils import check_random_state

from sksymsim._pair_keys import number_keys

# The share of the groups that is held out at a time.
HELD_SHARE = 0.3


def few_group_folds(pairs, groups, n_splits, random_state):
    """Return folds whose test pairs lie between groups that training never saw.

    The groups are put on a circle, and each fold holds out some neighbours. So parts
    overlap, but every group is tested as often as any other, and with three tenths of
    the groups a part has pairs of two groups too.

    Parameters
    ----------
    pairs : Pairs
    groups : array-like of shape (n_pairs, 2) or (n_pairs,)
    n_splits : int
    random_state : int, RandomState instance or None

    Returns
    -------
    folds : list of (train, test)
        Arrays of int; at most as many as there are groups.
    """
    keys = number_keys(pairs, groups, "group")
    n_groups = int(keys.max()) + 1
    order = check_random_state(random_state).permutation(n_groups)
    n_held = max(2, round(HELD_SHARE * n_groups))
    folds = []
    for start in np.linspace(0, n_groups, min(n_splits, n_groups), endpoint=False):
        held = np.zeros(n_groups, dtype=bool)
        held[order[(int(start) + np.arange(n_held)) % n_groups]] = True
        inside = held[keys]
        folds.append(
            (np.flatnonzero(~inside.any(axis=1)), np.flatnonzero(inside.all(axis=1)))
        )
    return folds


def number_of_groups(groups):
    """Return how many groups there are."""
    return len(set(np.asarray(groups, dtype=object).ravel().tolist()))
