# SPDX-License-Identifier: BSD-3-Clause
"""The folds of a search: what is fitted, what is held out, and in which parts."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from sksymsim._choice import HeldOutPairs, weights_at_rate
from sksymsim._group_folds import few_group_folds, number_of_groups
from sksymsim._held_out import Split
from sksymsim._pair_keys import number_items_of_both, number_keys
from sksymsim._validation_search import check_folds, check_parts
from sksymsim.model_selection import PairGroupKFold

# Without anything said about folds.
N_FOLDS = 5
# Parts that one fixed split is judged on: a choice is made on all but one.
N_PARTS = 5
# With fewer groups for each fold than this, a test part would hardly have pairs of two
# groups.
GROUPS_OF_A_FOLD = 4


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs with what is known of them.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
    """

    pairs: object
    similar: np.ndarray
    weights: np.ndarray


def make_folds(cv, known, groups, random_state):
    """Return (train, test) for each fold, as arrays of int.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    known : LabelledPairs
    groups : array-like or None
    random_state : int, RandomState instance or None
    """
    cv = N_FOLDS if cv is None else cv
    if isinstance(cv, Integral):
        if groups is None:
            cv = PairGroupKFold(cv, random_state=random_state)
        elif number_of_groups(groups) < GROUPS_OF_A_FOLD * cv:
            cv = few_group_folds(known.pairs, groups, cv, random_state)
        else:
            cv = PairGroupKFold(cv, level="group", random_state=random_state)
    if hasattr(cv, "split"):
        cv = cv.split(known.pairs, known.similar.astype(int), groups)
    return check_folds(cv, known.similar, known.weights)


def make_splits(known, folds, validation=None):
    """Return what is fitted and held out in each fold, and lastly for `validation`.

    Parameters
    ----------
    known : LabelledPairs
    folds : list of (train, test)
    validation : LabelledPairs or None
        Pairs that are never fitted.

    Returns
    -------
    splits : list of Split
    """
    splits = [Split(*_rows(known, train), *_rows(known, test)) for train, test in folds]
    if validation is not None:
        train = _rows(known, np.flatnonzero(known.weights > 0))
        held = validation.pairs, validation.similar, validation.weights
        splits.append(Split(*train, *held))
    return splits


def _rows(known, rows):
    return known.pairs[rows], known.similar[rows], known.weights[rows]


def held_out_pairs(known, folds, splits):
    """Return the held-out pairs of all splits, and the parts that judge choices.

    Each fold is a part. A single split, and pairs that are there for validation alone,
    are cut into parts: as many as there are folds, so that they count as much as these.

    Parameters
    ----------
    known : LabelledPairs
    folds : list of (train, test)
    splits : list of Split
        One more than there are folds if there are pairs for validation.

    Returns
    -------
    held : HeldOutPairs
    """
    nodes = number_keys(known.pairs, None, "item")
    nodes = [nodes[test] for _, test in folds]
    if len(splits) > len(folds):
        both = number_items_of_both(known.pairs, splits[-1].held)[0]
        nodes = [both[0][test] for _, test in folds] + [both[1]]
    parts, first = [], 0
    for number, split in enumerate(splits):
        n_parts = 1
        if number >= len(folds) or len(splits) == 1:
            n_parts = max(len(folds), 2) if len(splits) > 1 else N_PARTS
        parts.append(first + _cut(split, n_parts))
        first += n_parts
    parts = np.concatenate(parts)
    similar = np.concatenate([split.held_similar for split in splits])
    weights = np.concatenate([split.held_weights for split in splits])
    rate = float(np.average(known.similar, weights=known.weights))
    return HeldOutPairs(
        np.where(similar, 1.0, -1.0),
        weights_at_rate(weights, similar, parts, rate),
        parts,
        np.concatenate(nodes),
        np.repeat(np.arange(len(splits)), [len(split.held) for split in splits]),
    )


def _cut(split, n_parts):
    """Return a number of a part for each held-out pair, both labels in each."""
    numbers = np.zeros(len(split.held), dtype=np.intp)
    if n_parts > 1:
        check_parts(split.held_similar, n_parts)
        within = PairGroupKFold(n_parts, level="pair", random_state=0)
        folds = within.split(split.held, split.held_similar.astype(int))
        for part, (_, test) in enumerate(folds):
            numbers[test] = part
    return numbers
