# SPDX-License-Identifier: BSD-3-Clause
"""The folds of a search: what is fitted, what is held out, and in which parts."""

from numbers import Integral

import numpy as np

from sksymsim._components import by_appearance
from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._pair_keys import (
    number_items_of_both,
    number_keys,
    number_pairs,
    pairs_of_known_items,
)
from sksymsim._selection.choice import HeldOutPairs, weights_at_rate
from sksymsim._selection.group_folds import few_group_folds, number_of_groups
from sksymsim._selection.held_out import Split
from sksymsim._splits.splitter import PairSplitter
from sksymsim._validation.search import (
    check_folds,
    check_groups_enough,
    check_parts,
    check_validation,
    warn_if_fitted,
    warn_if_items_shared,
)
from sksymsim.model_selection import PairGroupKFold

# Without anything said about folds.
N_FOLDS = 5
# Parts that one fixed split is judged on: a choice is made on all but one.
N_PARTS = 5
# With fewer groups for each fold than this, a test part would hardly have pairs of two
# groups.
GROUPS_OF_A_FOLD = 4


def label_validation(X_val, y_val, known, classes):
    """Return checked pairs for validation, or None if there are none.

    Parameters
    ----------
    X_val, y_val : as given to `fit`
    known : LabelledPairs
        The pairs to fit.
    classes : ndarray of shape (2,)
        Their labels.
    """
    checked = check_validation(X_val, y_val, classes, known.pairs.shape[2])
    if checked is None:
        return None
    return LabelledPairs(*checked, np.ones(len(checked[1])))


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
        cv = _new_folds(cv, known, groups, random_state)
    if hasattr(cv, "split"):
        cv = cv.split(known.pairs, known.similar.astype(int), groups)
    return check_folds(cv, known.similar, known.weights)


def warn_of_known_items(cv, known, folds):
    """Warn if folds share items, and nobody has said that they may.

    A splitter of pairs says so by its level, and groups say what is new instead.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    known : LabelledPairs
    folds : list of (train, test)
        What was made of it.
    """
    if cv is None or isinstance(cv, Integral | PairSplitter):
        return
    if known.groups is None and folds:
        nodes = number_keys(known.pairs, None, "item")
        n_held = sum(len(test) for _, test in folds)
        warn_if_items_shared(pairs_of_known_items(nodes, folds), n_held, stacklevel=3)


def _new_folds(n_splits, known, groups, random_state):
    """Return folds of new items, or of new groups where these are given."""
    if groups is None:
        return PairGroupKFold(n_splits, random_state=random_state)
    n_groups = number_of_groups(groups)
    check_groups_enough(n_groups)
    if n_groups < GROUPS_OF_A_FOLD * n_splits:
        return few_group_folds(known.pairs, groups, n_splits, random_state)
    return PairGroupKFold(n_splits, level="group", random_state=random_state)


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
    parts = [(known[train], known[test]) for train, test in folds]
    if validation is not None:
        parts.append((known.of_weight(), validation))
    return [
        Split(
            train.pairs,
            train.similar,
            train.weights,
            held.pairs,
            held.similar,
            held.weights,
            train.groups,
        )
        for train, held in parts
    ]


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
    if len(splits) > len(folds):
        nodes, validation_nodes = number_items_of_both(known.pairs, splits[-1].held)[0]
        _warn_if_fitted(nodes[known.weights > 0], validation_nodes)
        held_nodes = [nodes[test] for _, test in folds] + [validation_nodes]
    else:
        nodes = number_keys(known.pairs, None, "item")
        held_nodes = [nodes[test] for _, test in folds]
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
        np.concatenate(held_nodes),
        np.repeat(np.arange(len(splits)), [len(split.held) for split in splits]),
    )


def _warn_if_fitted(nodes, validation_nodes):
    keys = number_pairs(np.concatenate([nodes, validation_nodes]))
    warn_if_fitted(keys[: len(nodes)], keys[len(nodes) :])


def _cut(split, n_parts):
    """Return a number of a part for each held-out pair, both labels in each."""
    numbers = np.zeros(len(split.held), dtype=np.intp)
    if n_parts > 1:
        keys, similar = (
            number_pairs(number_keys(split.held, None, "item")),
            split.held_similar,
        )
        n_of_both = [len(np.unique(keys[kind])) for kind in (similar, ~similar)]
        check_parts(*n_of_both, n_parts)
        # As they first occur, so that the layout of the pairs does not matter.
        _, keys = by_appearance(keys)
        within = PairGroupKFold(n_parts, level="pair", random_state=0)
        folds = within.split(np.column_stack([keys, keys]), similar.astype(int))
        for part, (_, test) in enumerate(folds):
            numbers[test] = part
    return numbers
