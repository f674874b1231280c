# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of splits of pairs, and of reports on them."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.utils import column_or_1d

from sksymsim._validation.frames import is_missing, plain_array
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import NONE, Choice, Number, check_parameters

LEVELS = ("item", "pair", "group")
TEST_CLASSES = ("C1", "C2", "C3")

SIZE = [
    NONE,
    Number(int, 1),
    Number(float, 0, 1, open_low=True, open_high=True),
]
SPLITTER_PARAMETERS = {
    "level": [Choice(*LEVELS)],
    "test_class": [NONE, Choice(*TEST_CLASSES)],
}


def check_splitter(splitter, allowed):
    """Check the parameters of a splitter, and that they go together."""
    check_parameters(splitter, {**allowed, **SPLITTER_PARAMETERS})
    if splitter.level == "pair" and splitter.test_class is not None:
        raise ValueError(
            f"test_class={splitter.test_class!r} says which items a test pair may "
            "share with training, and level='pair' asks nothing of the items; use "
            "level='item', or leave test_class=None."
        )


def check_n_splits(n_splits, n_pairs):
    """Refuse more splits than there could be items to test."""
    if n_splits > 2 * n_pairs:
        raise ValueError(
            f"n_splits={n_splits} must be at most the number of items, and {n_pairs} "
            f"pairs have {2 * n_pairs} at most."
        )


def check_sizes(test_size, train_size, n_pairs, n_splits=1):
    """Refuse more pairs than there are, and more splits than can be held."""
    # All are drawn before the first is given.
    check_memory(
        2 * n_splits * n_pairs,
        f"{n_splits} splits of {n_pairs} pairs",
        "lower n_splits",
    )
    for name, size in (("test_size", test_size), ("train_size", train_size)):
        if isinstance(size, Integral) and size >= n_pairs:
            raise ValueError(
                f"{name}={size} must be less than the number of pairs, {n_pairs}."
            )
    if test_size is None or train_size is None:
        return
    both = test_size + train_size
    if isinstance(test_size, Integral) != isinstance(train_size, Integral):
        raise ValueError(
            f"test_size={test_size} and train_size={train_size} must both be numbers "
            "of pairs or both be shares."
        )
    limit = n_pairs if isinstance(test_size, Integral) else 1
    if both > limit + 1e-12:
        raise ValueError(
            f"test_size={test_size} and train_size={train_size} ask for {both:g} "
            f"together, and there is {limit}; lower one of them."
        )


def check_group_labels(groups, n_pairs):
    """Return labels of both sides as an array of shape (n_pairs, 2)."""
    labels = np.asarray(plain_array(groups, "groups"))
    if labels.shape == (n_pairs,):
        labels = np.column_stack([labels, labels])
    if labels.shape != (n_pairs, 2):
        raise ValueError(
            f"groups must have shape ({n_pairs}, 2), one label for each side of each "
            f"pair, or ({n_pairs},) where both sides are of one group, got "
            f"{labels.shape}."
        )
    missing = labels.dtype.kind == "f" and np.isnan(labels).any()
    if labels.dtype.kind in "mM":
        missing = np.isnat(labels).any()
    elif labels.dtype.kind == "O":
        missing = any(map(is_missing, labels.flat))
    if missing:
        raise ValueError(
            "groups has missing labels (None or NaN); drop those pairs, or give each "
            "of them a label of its own."
        )
    return labels


def check_groups_given(groups, level):
    """Refuse to split by groups that nobody named."""
    if level == "group" and groups is None:
        raise ValueError(
            "level='group' needs groups, an array (n_pairs, 2) with the group of each "
            "side (in GridSearchCV and cross_validate: groups=...); level='item' finds "
            "the items by itself."
        )


def check_items_known(X):
    """Refuse input in which items cannot be told, if no labels of them are given."""
    if isinstance(X, np.ndarray) and X.ndim == 2:
        hint = ""
        if X.shape[1] == 2:
            hint = f" an index of pairs must hold integers, not {X.dtype};"
        raise ValueError(
            f"the items of X with shape {X.shape} are not known:{hint} pass Pairs, an "
            "array (n_pairs, 2, n_features), integers of shape (n_pairs, 2), or the "
            "label of each side as groups."
        )


def check_some_pairs(n_pairs):
    """Refuse to split less than two pairs."""
    if n_pairs < 2:
        raise ValueError(f"cannot split {n_pairs} pair(s); at least 2 are needed.")


def check_fold(number, n_folds, masks, similar, advice):
    """Refuse a fold in which one part is empty or of one class.

    Parameters
    ----------
    number, n_folds : int
        Which fold of how many, counted from 0.
    masks : dict of str to ndarray of bool
        The pairs of training and of test.
    similar : ndarray of bool or None
        The labels.
    advice : str
        What to do.
    """
    name = f"split {number + 1} of {n_folds}"
    for part, mask in masks.items():
        n_pairs = int(mask.sum())
        if n_pairs == 0:
            raise ValueError(f"{name} has no {part} pairs; {advice}.")
        if similar is not None and similar[mask].all() != similar[mask].any():
            continue
        if similar is not None:
            kind = "similar" if similar[mask][0] else "dissimilar"
            raise ValueError(
                f"{name} has only {kind} {part} pairs ({n_pairs} of them); {advice}, "
                "or pass no y to split all the same."
            )


def warn_if_dropped(n_dropped, n_pairs, advice):
    """Warn if splits leave out more than half of the pairs.

    Parameters
    ----------
    n_dropped : list of int
        For each split.
    n_pairs : int
        How many there are.
    advice : str
        What to do.
    """
    mean = np.mean(n_dropped)
    if mean > n_pairs / 2:
        warnings.warn(
            f"{mean:.0f} of {n_pairs} pairs are in neither part of a split (mean of "
            f"{len(n_dropped)} split(s), {min(n_dropped)} to {max(n_dropped)}): pairs "
            "between what is tested and what is trained on cannot be used. "
            f"To keep more, {advice}, test_class='C2', which tests such pairs, or draw "
            "pairs inside of groups (make_pairs).",
            UserWarning,
            stacklevel=3,
        )


def check_same_kind(train, test):
    """Refuse to compare pairs of which one has ids and the other rows."""
    ids = [isinstance(part, np.ndarray) and part.ndim == 2 for part in (train, test)]
    if ids[0] != ids[1]:
        raise ValueError(
            "train and test must both be integers of shape (n_pairs, 2) into the same "
            "items, or both be pairs of rows (Pairs or arrays), which are matched by "
            "their content."
        )


def check_seed_used(shuffle, random_state):
    """Refuse a seed that would have no effect."""
    if not shuffle and random_state is not None:
        raise ValueError(
            "random_state has no effect with shuffle=False; leave it None, or set "
            "shuffle=True."
        )


def check_arrays(pairs, arrays):
    """Refuse arrays of another length than the pairs."""
    n_pairs = count_rows(pairs)
    for i, array in enumerate(arrays):
        if count_rows(array) != n_pairs:
            raise ValueError(
                f"array {i + 1} after the pairs has {count_rows(array)} rows, and "
                f"there are {n_pairs} pairs."
            )


def count_rows(X):
    """Return the number of rows of anything that has rows."""
    shape = getattr(X, "shape", None)
    if shape == () or not (shape or hasattr(X, "__len__")):
        raise TypeError(
            f"pairs, and arrays of one entry for each, have rows, got {X!r}."
        )
    return shape[0] if shape else len(X)


def check_both_or_none(parts, name):
    """Refuse what is given for training alone, or for test alone."""
    if (parts[0] is None) != (parts[1] is None):
        given, other = ("train", "test") if parts[1] is None else ("test", "train")
        raise ValueError(
            f"{name}_{given} is given without {name}_{other}; pass both or neither."
        )


def check_part_labels(y, n_pairs, name):
    """Return the labels of one of two parts, if there is one for each pair."""
    labels = column_or_1d(y, warn=True)
    if len(labels) != n_pairs:
        raise ValueError(
            f"got {n_pairs} {name} pairs but {len(labels)} labels in y_{name}."
        )
    return labels
