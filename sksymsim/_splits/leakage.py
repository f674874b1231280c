# SPDX-License-Identifier: BSD-3-Clause
"""What two sets of pairs share, and what it gives away."""

import numpy as np

from sksymsim._components import connect
from sksymsim._pair_keys import (
    number_items_of_both,
    number_labels_of_both,
    number_pairs,
)
from sksymsim._splits.leakage_text import LeakageReport
from sksymsim._splits.one_sided import (
    auc_of_pairs,
    degree_scores,
    rate_scores,
    sum_scores,
)
from sksymsim._validation.splits import (
    check_both_or_none,
    check_group_labels,
    check_part_labels,
)
from sksymsim._validation.targets import check_labels


def measure_leakage(train, test, labels, groups):
    """Return a LeakageReport; the arguments are those of `pair_leakage_report`.

    Parameters
    ----------
    train, test : Pairs, ndarray or tuple
    labels, groups : tuple of two array-like or None
        Those of train and of test.
    """
    check_both_or_none(groups, "groups")
    keys, rows = number_items_of_both(train, test)
    sizes = [len(part) for part in keys]
    similar = _labels_of_both(labels, sizes)
    found = _shared(*keys) | _repeated(keys, similar)
    if groups[0] is not None:
        found |= _shared_groups(
            *(check_group_labels(*part) for part in zip(groups, sizes, strict=True))
        )
    if similar[0] is not None:
        found |= _implied(keys, similar, found["repeated"])
        found |= one_label_shares(keys[0], similar[0])
    if similar[0] is not None and similar[1] is not None:
        found |= _one_sided(keys, similar, rows)
    return LeakageReport(**found)


def _labels_of_both(labels, sizes):
    """Return which pairs of each part are similar; None where labels are not given."""
    names = ("train", "test")
    given = [i for i in (0, 1) if labels[i] is not None]
    if not given:
        return [None, None]
    parts = [check_part_labels(labels[i], sizes[i], names[i]) for i in given]
    similar = check_labels(np.concatenate(parts), sum(map(len, parts)))[1]
    ends = np.cumsum([0, *map(len, parts)])
    found = [None, None]
    for i, start, stop in zip(given, ends[:-1], ends[1:], strict=True):
        found[i] = similar[start:stop]
    return found


def _shared(train, test):
    """Count items, and test pairs by how many of their items are in training."""
    known = np.zeros(max(train.max(), test.max()) + 1, dtype=bool)
    known[train] = True
    n_seen = known[test].sum(axis=1)
    items = np.unique(test)
    degree = np.bincount(train.ravel())
    degree = degree[degree > 0]
    return {
        "n_train": len(train),
        "n_test": len(test),
        "n_items_train": int(known.sum()),
        "n_items_test": items.size,
        "n_shared_items": int(known[items].sum()),
        "n_both_seen": int((n_seen == 2).sum()),
        "n_one_seen": int((n_seen == 1).sum()),
        "n_none_seen": int((n_seen == 0).sum()),
        "max_degree": int(degree.max()),
        "median_degree": float(np.median(degree)),
        "n_seen": n_seen,
    }


def _repeated(keys, similar):
    """Count test pairs that are training pairs too."""
    n_train = len(keys[0])
    both = np.concatenate(keys)
    number = number_pairs(both)
    in_train = np.bincount(number[:n_train], minlength=number.max() + 1)
    test = number[n_train:]
    repeated = in_train[test] > 0
    ordered = both[:, 0].astype(np.int64) * (int(both.max()) + 1) + both[:, 1]
    same_order = np.isin(ordered[n_train:], ordered[:n_train])
    found = {
        "n_repeated": int(repeated.sum()),
        "n_swapped": int((repeated & ~same_order).sum()),
        "repeated": repeated,
    }
    if similar[0] is not None and similar[1] is not None:
        n_similar = np.bincount(number[:n_train], similar[0], in_train.size)
        n_other = np.where(
            similar[1], in_train[test] - n_similar[test], n_similar[test]
        )
        found["n_contradicting"] = int((n_other > 0).sum())
    return found


def _shared_groups(train, test):
    train, test = number_labels_of_both(train, test)
    return {
        "n_shared_groups": np.intersect1d(train, test).size,
        "n_group_seen": int(np.isin(test, train).any(axis=1).sum()),
    }


def _implied(keys, similar, repeated):
    """Find the test pairs whose answer follows from chains of training pairs."""
    train, test = keys
    n_keys = int(max(train.max(), test.max())) + 1
    _, chain = connect(n_keys, *train[similar[0]].T)
    ends = chain[test]
    other = ~repeated & (test[:, 0] != test[:, 1])
    is_similar = other & (ends[:, 0] == ends[:, 1])
    # Two chains with a dissimilar training pair between them.
    number = number_pairs(np.concatenate([chain[train], ends]))
    apart = np.isin(number[len(train) :], number[: len(train)][~similar[0]])
    is_dissimilar = other & (ends[:, 0] != ends[:, 1]) & apart
    implied = is_similar | is_dissimilar
    accuracy = None
    if similar[1] is not None and implied.any():
        accuracy = float((is_similar == similar[1])[implied].mean())
    return {
        "n_implied_similar": int(is_similar.sum()),
        "n_implied_dissimilar": int(is_dissimilar.sum()),
        "implied_accuracy": accuracy,
        "implied": implied,
    }


def one_label_shares(train, similar):
    """Return the share of items that are in pairs of one label, and what is to expect.

    Of items in two pairs or more; the expectation is for labels put to pairs at random.
    """
    degree = np.bincount(train.ravel())
    n_similar = np.bincount(train[similar].ravel(), minlength=degree.size)
    several = degree >= 2
    if not several.any():
        return {"one_label_share": None, "one_label_expected": None}
    degree, n_similar = degree[several], n_similar[several]
    rate = similar.mean()
    return {
        "one_label_share": float(((n_similar == 0) | (n_similar == degree)).mean()),
        "one_label_expected": float((rate**degree + (1 - rate) ** degree).mean()),
    }


def _one_sided(keys, similar, rows):
    """Return the ROC-AUC of scores that never compare the two sides."""
    train, test = keys
    n_keys = int(max(train.max(), test.max())) + 1
    scores = {
        "degree": degree_scores(train, test, n_keys),
        "item_rate": rate_scores(train, similar[0], test, n_keys),
    }
    if rows is not None:
        scores["sum"] = sum_scores(rows[0], similar[0], rows[1])
    found = {}
    for name, values in scores.items():
        auc = auc_of_pairs(similar[1], values, test)
        if auc is not None:
            found |= {f"{name}_auc": auc.value, f"{name}_auc_se": auc.error}
    return found
