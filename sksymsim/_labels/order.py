# SPDX-License-Identifier: BSD-3-Clause
"""Whether the greater of two labels is the one that means dissimilar."""

from numbers import Number

import numpy as np
from scipy.stats import rankdata

from sksymsim._evaluation.baselines import cosine_and_euclid

# Pairs of each label that are looked at: more would cost, and not say more.
MOST_OF_WORDS, MOST_OF_NUMBERS = 500, 200
# Of "no match" and "match", the alphabet takes the former for similar. Both areas are
# below one half by at least so many standard errors then; chance does that once in 700.
ERRORS_OF_WORDS = 3.0
# Somebody chose numbers, so it takes more to doubt them: chance never does that.
ERRORS_OF_NUMBERS = 6.0
# The greatest area at which numbers are doubted.
AREA_OF_NUMBERS = 0.3


def looks_backwards(pairs, similar, classes):
    """Say whether what the labels call similar is further apart, beyond chance.

    Of numbers it is asked besides that pairs called similar be no nearer than the same
    items paired anew. Dissimilar pairs that were chosen because they are near can be
    nearer than similar ones, but these are near each other all the same. Numbers are
    not doubted either where one item is in all pairs.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    classes : ndarray of shape (2,)
        Truth values are never doubted.

    Returns
    -------
    backwards : bool
    """
    words, numbers = (
        all(isinstance(one, kind) for one in classes.tolist()) for kind in (str, Number)
    )
    if not (words or numbers) or isinstance(classes.tolist()[0], bool):
        return False
    most = MOST_OF_WORDS if words else MOST_OF_NUMBERS
    chosen = [_spread(np.flatnonzero(mask), most) for mask in (~similar, similar)]
    counts = [rows.size for rows in chosen]
    error = _error(*counts)
    bound = 0.5 - ERRORS_OF_WORDS * error
    if numbers:
        bound = min(0.5 - ERRORS_OF_NUMBERS * error, AREA_OF_NUMBERS)
    if min(counts) == 0 or bound <= 0:
        return False
    some = pairs[np.concatenate(chosen)]
    apart, near = np.split(_nearness(some), counts[:1], axis=1)
    # A NaN is no area below the bound.
    if not max(map(_area, near, apart)) < bound:
        return False
    if words:
        return True
    # If all pairs are with one item, these are the same pairs anew.
    index = some.to_index().index
    if any((index == item).any(axis=1).all() for item in index[0]):
        return False
    order = np.roll(np.arange(len(some)), len(some) // 3)
    anew = _nearness(some._with((some.left, some.right[order]), None))
    # Dissimilar pairs of many classes have one half, and mined ones .6 and more.
    bound = 0.5 + _error(counts[1], len(some))
    return bool(max(map(_area, near, anew)) < bound)


def _spread(rows, most):
    """Return not too many of some rows, from all over."""
    return rows[np.linspace(0, rows.size - 1, min(rows.size, most)).astype(np.intp)]


def _error(n, m):
    """Return the standard error of an area where nothing is told apart.

    Mann and Whitney, "On a test of whether one of two random variables is
    stochastically larger than the other", Annals of Mathematical Statistics 18 (1947).
    """
    return np.sqrt((n + m + 1) / (12 * max(n * m, 1)))


def _nearness(pairs):
    """Return cosine and Euclid, or NaN where one of them is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        both = np.stack(cosine_and_euclid(pairs))
    return both if np.isfinite(both).all() else np.full(both.shape, np.nan)


def _area(near, apart):
    """Return how probably one of the former values is above one of the latter."""
    ranks = rankdata(np.concatenate([near, apart]))[: near.size]
    return (ranks.mean() - (near.size + 1) / 2) / apart.size
