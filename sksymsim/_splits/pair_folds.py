# SPDX-License-Identifier: BSD-3-Clause
"""Which pairs are in training and in test, for each level and class of test pairs.

*Keys* are what must not be on both sides: items, or groups of them. The classes of test
pairs are those of Park and Marcotte (2012): C1, both keys are seen in training; C2, one
is; C3, none is.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from sksymsim._pair_keys import number_pairs
from sksymsim._splits.partition import NodeGraph, cut, pack

# A bin may be off its share by this factor before a component is cut.
TOLERANCE = 0.2
# The share of nodes in test that gives the share of pairs asked for is looked for in so
# many steps, until the log-odds of the latter are as near as this.
MAX_STEPS = 4
NEAR = 0.1
MAX_LOG_ODDS = 3.0
# Components of a smaller share of the pairs are never cut for a random split: there may
# be very many.
MIN_CUT = 0.02
# How far random splits stray from the order of sizes.
JITTER = 1.0


class SplitRecord(NamedTuple):
    """What one split does with the pairs.

    Parameters
    ----------
    split : int
        The number of the split, from 0.
    n_train, n_test, n_dropped : int
        How many pairs are in training, in test and in neither.
    train_rate, test_rate : float or None
        The share of similar pairs; None without labels.
    """

    split: int
    n_train: int
    n_test: int
    n_dropped: int
    train_rate: float | None
    test_rate: float | None


def make_record(number, train, test, similar):
    """Return the record of one split, given as two masks."""
    rates = [
        None if similar is None or not mask.any() else float(similar[mask].mean())
        for mask in (train, test)
    ]
    n_train, n_test = int(train.sum()), int(test.sum())
    return SplitRecord(number, n_train, n_test, len(train) - n_train - n_test, *rates)


def fold_masks(keys, kinds, test_class, shares, rng):
    """Yield the masks of training and test of each fold.

    Parameters
    ----------
    keys : ndarray of int of shape (n_pairs, 2)
    kinds : ndarray of int of shape (n_pairs,)
        1 for similar pairs, 0 for others; 0 for all if there are no labels.
    test_class : {"C1", "C2", "C3", None}
        None asks only that the pair is not in training.
    shares : ndarray of shape (n_folds,)
    rng : numpy.random.RandomState
    """
    bins = _BINS[test_class](keys, kinds, shares, rng, 0.0)
    for fold in range(len(shares)):
        yield _MASKS[test_class](keys, bins == fold)


def shuffled_masks(keys, kinds, test_class, test_size, rng):
    """Return the masks of training and test of one random split.

    Parameters
    ----------
    test_size : float or int
        The share of test among the pairs that are used, or the number of test pairs.
    """
    is_share = not isinstance(test_size, Integral)
    share = float(test_size) if is_share else test_size / len(keys)
    if test_class == "C2":
        # With the share s of nodes in test, of random pairs 2s(1 - s) are test, and
        # (1 - s)^2 are training.
        share = share / (2 - share)
    if test_class != "C3":
        shares = np.array([share, 1 - share])
        bins = _BINS[test_class](keys, kinds, shares, rng, JITTER)
        return _MASKS[test_class](keys, bins == 0)
    return _shuffled_nodes(NodeGraph(keys, kinds), share, is_share, rng)


def _shuffled_nodes(graph, share, is_share, rng):
    """Return the masks of a split by nodes."""
    shares = np.array([share, 1 - share])
    component, sizes = _component_sizes(graph)
    relative = sizes.sum(axis=1) / len(graph.index)
    bins = pack(sizes, shares, rng, JITTER)[component]
    whole = _masks_unseen(graph.index, bins == 0)
    # A component that never fits into test would leave the same test every time.
    large = np.flatnonzero(relative > max((1 + TOLERANCE) * share, MIN_CUT))
    if not large.size:
        return whole
    # Where s of the nodes are in test, between s^2 and s of the pairs are.
    x, wanted = logit(share) / 2, logit(share)
    found = []
    for _ in range(MAX_STEPS):
        parts = np.array([expit(x), 1 - expit(x)])
        for number in large:
            chosen = component == number
            bins[chosen] = cut(graph.restrict(chosen), parts, rng, JITTER)
        masks = _masks_unseen(graph.index, bins == 0)
        n_train, n_test = (int(mask.sum()) for mask in masks)
        n_used = n_train + n_test if is_share else len(graph.index)
        off = logit((n_test + 0.5) / (n_used + 1)) - wanted
        found.append((_n_missing(graph, masks), abs(off), masks))
        if found[-1][0] == 0 and abs(off) < NEAR:
            break
        x = np.clip(x - off / 1.5, -MAX_LOG_ODDS, MAX_LOG_ODDS)
    found.append((_n_missing(graph, whole), np.inf, whole))
    return min(found, key=lambda attempt: attempt[:2])[2]


def _n_missing(graph, masks):
    """Count the kinds that are missing in training and in test."""
    return sum(graph.n_kinds - np.unique(graph.kinds[mask]).size for mask in masks)


def wanted_sizes(test_size, train_size, n_pairs):
    """Return the size of test, and that of training or None for all that is left."""
    if test_size is not None:
        return test_size, train_size
    if train_size is None:
        return 0.2, None
    share = train_size / n_pairs if isinstance(train_size, Integral) else train_size
    return 1 - share, train_size


def trim(train, test, keys, test_class, sizes, rng):
    """Return masks with no more pairs than asked for, drawn at random.

    Parameters
    ----------
    train, test : ndarray of bool of shape (n_pairs,)
    keys : ndarray of int of shape (n_pairs, 2)
    test_class : {"C1", "C2", "C3", None}
    sizes : tuple
        Those of `wanted_sizes`. A share of test is met already.
    rng : numpy.random.RandomState
    """
    n_test, n_train = sizes
    if n_train is not None:
        is_count = isinstance(n_train, Integral)
        n_used = train.sum() + test.sum()
        train = _thin(train, n_train if is_count else int(n_train * n_used), rng)
        if test_class in ("C1", "C2"):
            # What is no longer in training is no longer known.
            seen = _seen(keys, train, int(keys.max()) + 1)
            test = test & (seen[keys].sum(axis=1) == (2 if test_class == "C1" else 1))
    if isinstance(n_test, Integral):
        test = _thin(test, n_test, rng)
    return train, test


def _thin(mask, n_wanted, rng):
    rows = np.flatnonzero(mask)
    if n_wanted >= rows.size:
        return mask
    thinned = np.zeros_like(mask)
    thinned[rng.choice(rows, n_wanted, replace=False)] = True
    return thinned


# ------------------------------------------------------------ what belongs to which bin


def _bins_of_pairs(keys, kinds, shares, rng, jitter):
    """Put distinct pairs into bins; return the bin of each pair."""
    number = number_pairs(keys)
    n_kinds = int(kinds.max()) + 1
    counts = np.bincount(
        number * n_kinds + kinds, minlength=(number.max() + 1) * n_kinds
    )
    return pack(counts.reshape(-1, n_kinds), shares, rng, jitter)[number]


def _bins_of_mixed_nodes(keys, kinds, shares, rng, jitter):
    """Put nodes into bins, regardless of who is joined to whom."""
    return pack(NodeGraph(keys, kinds).degrees(), shares, rng, jitter)


def _bins_of_nodes(keys, kinds, shares, rng, _):
    """Put nodes into bins so that few pairs lie between them."""
    graph = NodeGraph(keys, kinds)
    bins = _whole_components(graph, shares, rng)
    return _cut_components(graph, shares, rng) if bins is None else bins


def _component_sizes(graph):
    """Return the component of each node, and how many pairs of each kind each has."""
    n_components, component = graph.components()
    cell = component[graph.index[:, 0]] * graph.n_kinds + graph.kinds
    sizes = np.bincount(cell, minlength=n_components * graph.n_kinds)
    return component, sizes.reshape(n_components, graph.n_kinds)


def _whole_components(graph, shares, rng):
    """Return bins of whole components, or None if some have to be cut."""
    component, sizes = _component_sizes(graph)
    bins = pack(sizes, shares, rng)
    loads = np.bincount(bins, sizes.sum(axis=1), len(shares)) / len(graph.index)
    balanced = (np.abs(loads - shares) <= TOLERANCE * shares).all()
    return bins[component] if balanced else None


def _cut_components(graph, shares, rng):
    """Cut the components that are larger than a bin, and put all parts into bins."""
    component, sizes = _component_sizes(graph)
    atom, n_atoms = component.copy(), len(sizes)
    relative = sizes.sum(axis=1) / len(graph.index)
    large = relative > (1 + TOLERANCE) * shares.min()
    # The largest one is cut in any case: whole components did not fit.
    large[relative.argmax()] = True
    for number in np.flatnonzero(large):
        chosen = component == number
        n_blocks = int(np.clip(np.ceil(relative[number] * len(shares)), 2, len(shares)))
        blocks = cut(graph.restrict(chosen), np.full(n_blocks, 1 / n_blocks), rng)
        atom[chosen] = np.where(blocks == 0, number, n_atoms + blocks - 1)
        n_atoms += n_blocks - 1
    return pack(graph.inside(atom, n_atoms), shares, rng)[atom]


# ---------------------------------------------------------------- masks of one fold


def _masks_of_pairs(_, held):
    return ~held, held


def _masks_unseen(keys, held):
    """Return C3: test pairs have both keys in the block, training pairs none."""
    sides = held[keys]
    return ~sides.any(axis=1), sides.all(axis=1)


def _masks_half_seen(keys, held):
    """Return C2: test pairs have one key in the block, and the other in training."""
    sides = held[keys]
    train = ~sides.any(axis=1)
    seen = _seen(keys, train, len(held))
    return train, (sides[:, 0] != sides[:, 1]) & seen[keys].any(axis=1)


def _masks_seen(keys, held):
    """Return C1: pairs held out, but for one of each key that training would lack."""
    number = number_pairs(keys)
    unseen = ~_seen(keys, ~held, int(keys.max()) + 1)
    rows = np.flatnonzero(held)
    nodes, first = np.unique(keys[rows].ravel(), return_index=True)
    given = np.zeros(number.max() + 1, dtype=bool)
    given[number[rows[first[unseen[nodes]] // 2]]] = True
    test = held & ~given[number]
    return ~test, test


def _seen(keys, train, n_nodes):
    seen = np.zeros(n_nodes, dtype=bool)
    seen[keys[train]] = True
    return seen


_BINS = {
    None: _bins_of_pairs,
    "C1": _bins_of_pairs,
    "C2": _bins_of_mixed_nodes,
    "C3": _bins_of_nodes,
}
_MASKS = {
    None: _masks_of_pairs,
    "C1": _masks_seen,
    "C2": _masks_half_seen,
    "C3": _masks_unseen,
}
