# SPDX-License-Identifier: BSD-3-Clause
"""Pairs that a network does not see: of other entities, for early stopping."""

from dataclasses import replace

import numpy as np

from sksymsim._components import connect
from sksymsim._pair_keys import number_keys
from sksymsim._splits.pair_folds import shuffled_masks
from sksymsim._validation.networks import check_can_hold_out
from sksymsim.model_selection import PairShuffleSplit

# Of a few entities, one division says little. So there are some, and in each as many
# entities are held out as have dissimilar pairs: two of five.
FEW_HELD = 3
SHARE_OF_FEW, SPLITS_OF_FEW = 0.3, 5


def entities_of(pairs, similar):
    """Return the entity of each side: items that chains of similar pairs join.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)

    Returns
    -------
    entities : ndarray of int of shape (n_pairs, 2)
    """
    index = number_keys(pairs, None, "item")
    _, entity = connect(int(index.max()) + 1, *index[similar].T)
    return entity[index]


def hold_out(sample, fraction, rng):
    """Divide pairs into those to train on and those to validate on.

    They share no group or, without groups, no entity; pairs with a side in both parts
    are left out. Where these are few, there are several divisions. Where they cannot be
    divided, items are. Most of what is left out is dissimilar, so the weights of both
    parts are such that the rate of similar pairs is that of all pairs.

    Parameters
    ----------
    sample : LabelledPairs
        With the groups of each side, or None for these.
    fraction : float
    rng : RandomState

    Returns
    -------
    divisions : list of (train, held)
        Of LabelledPairs.
    """
    groups = sample.groups
    if groups is None:
        keys = entities_of(sample.pairs, sample.similar)
    else:
        keys = number_keys(sample.pairs, groups, "group")
    kinds = sample.similar.astype(int)
    share, n_splits = fraction, 1
    if effective_number(keys) * share < FEW_HELD:
        share, n_splits = max(share, SHARE_OF_FEW), SPLITS_OF_FEW
    drawn = [shuffled_masks(keys, kinds, "C3", share, rng) for _ in range(n_splits)]
    drawn = [parts for parts in drawn if all(_has_both(kinds[part]) for part in parts)]
    if not drawn:
        splitter = PairShuffleSplit(
            n_splits=1,
            test_size=fraction,
            level="item" if groups is None else "group",
            random_state=rng.randint(np.iinfo(np.int32).max),
        )
        with check_can_hold_out(fraction):
            drawn = splitter.split(sample.pairs, kinds, groups)
    return [
        tuple(_at_rate_of(sample, sample[part]) for part in parts) for parts in drawn
    ]


def effective_number(keys):
    """Return how many entities of one size would be as uneven: Simpson's number."""
    sizes = np.bincount(keys.ravel())
    return keys.size**2 / float(sizes @ sizes.astype(float))


def _has_both(kinds):
    return len(np.unique(kinds)) == 2


def _at_rate_of(whole, part):
    """Return a part whose weights make its rate of similar pairs that of all pairs."""
    similar, weights = part.similar, part.weights.copy()
    for kind in (True, False):
        wanted = whole.weights[whole.similar == kind].sum() / whole.weights.sum()
        weights[similar == kind] *= wanted / weights[similar == kind].sum()
    return replace(part, weights=weights / weights.max())
