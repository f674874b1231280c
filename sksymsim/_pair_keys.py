# SPDX-License-Identifier: BSD-3-Clause
"""Numbers for the items, groups and pairs of a collection, or of two together."""

import numpy as np
from scipy import sparse

from sksymsim._distinct import distinct_rows
from sksymsim._validation.items import as_sparse, check_pairs, check_width
from sksymsim._validation.splits import (
    check_group_labels,
    check_groups_given,
    check_items_known,
    check_same_kind,
    count_rows,
)


def number_keys(X, groups, level):
    """Return numbers for what must not be on both sides of a split.

    Parameters
    ----------
    X : Pairs, ndarray or anything with a length
        The pairs, or an index of them.
    groups : array-like of shape (n_pairs, 2) or (n_pairs,) or None
        Labels of the sides; with them X is not looked at.
    level : {"item", "pair", "group"}

    Returns
    -------
    keys : ndarray of int of shape (n_pairs, 2)
        From 0, without gaps.
    """
    check_groups_given(groups, level)
    if groups is not None:
        return number_labels(check_group_labels(groups, count_rows(X)))
    if _is_index(X):
        return number_labels(np.asarray(X))
    check_items_known(X)
    return check_pairs(X, allow_nan=True).to_index().index


def number_labels(labels):
    """Return numbers from 0 for labels of any one type."""
    if labels.dtype.kind == "O":
        # Labels that cannot be sorted with each other can be told apart all the same.
        numbers = {}
        flat = [numbers.setdefault(label, len(numbers)) for label in labels.flat]
        return np.array(flat, dtype=np.intp).reshape(labels.shape)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def number_pairs(keys):
    """Return a number from 0 for each distinct pair, in whichever order it stands."""
    low, high = keys.min(axis=1), keys.max(axis=1)
    # As one integer: 2**31 keys are more than any memory holds.
    joint = low.astype(np.int64) * (int(high.max()) + 1) + high
    return np.unique(joint, return_inverse=True)[1].ravel()


def pairs_of_known_items(keys, folds):
    """Return how many test pairs of all folds have an item that is in training too.

    Parameters
    ----------
    keys : ndarray of int of shape (n_pairs, 2)
        Numbers of the items, from 0.
    folds : iterable of (train, test)
        Arrays of int.
    """
    n_known = 0
    for train, test in folds:
        known = np.zeros(int(keys.max()) + 1, dtype=bool)
        known[keys[train]] = True
        n_known += int(known[keys[test]].any(axis=1).sum())
    return n_known


def number_items_of_both(train, test):
    """Return like numbers for the same items of two collections.

    Items are told by their ids, or by what is in their rows.

    Returns
    -------
    keys : tuple of two ndarrays of int of shape (n_pairs, 2)
    rows : tuple of two Pairs, or None for ids
    """
    check_same_kind(train, test)
    if _is_index(train) and _is_index(test):
        return number_labels_of_both(train, test), None
    check_items_known(train)
    check_items_known(test)
    rows = check_pairs(train), check_pairs(test)
    check_width(rows[1].shape[2], rows[0].shape[2], "train")
    indexed = [part.to_index() for part in rows]
    tables = [part.items for part in indexed]
    if any(sparse.issparse(table) for table in tables):
        tables = [as_sparse(table) for table in tables]
    _, number = distinct_rows(*tables)
    numbers = np.split(number, [tables[0].shape[0]])
    keys = [n[part.index] for n, part in zip(numbers, indexed, strict=True)]
    return tuple(keys), rows


def number_labels_of_both(train, test):
    """Return like numbers for the same labels in two arrays of shape (n_pairs, 2)."""
    numbers = number_labels(np.concatenate([train, test]))
    return numbers[: len(train)], numbers[len(train) :]


def _is_index(X):
    return (
        isinstance(X, np.ndarray)
        and X.ndim == 2
        and X.shape[1] == 2
        and X.dtype.kind in "iu"
    )
