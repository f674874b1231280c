# SPDX-License-Identifier: BSD-3-Clause
"""Estimators that a search did not make itself: what they are fitted with."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from sksymsim._fit_arguments import group_argument, weight_argument

MAX_SEED = np.iinfo(np.int32).max


def seed_of(random_state):
    """Return an int for all guests; an int is that itself."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(MAX_SEED))


def with_seed(estimator, seed):
    """Set each `random_state` of an estimator that is None, however deep.

    A guest is fitted on each fold, and once more if it is chosen: these fits shall
    differ by their pairs, and by no chance.
    """
    unset = {
        name: seed
        for name, value in estimator.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return estimator.set_params(**unset)


def with_other_seed(estimator, n_draw):
    """Return the estimator for draw 0, and later clones with other seeds."""
    if n_draw == 0:
        return estimator
    seeds = {
        name: (value + n_draw) % (MAX_SEED + 1)
        for name, value in estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state"
        and isinstance(value, int | np.integer)
    }
    return clone(estimator).set_params(**seeds)


def varies(weights):
    """Say whether weights say more than that there are none."""
    return weights is not None and bool(weights.min() < weights.max())


def fit_guest(estimator, pairs, y, weights=None, groups=None):
    """Fit a clone of an estimator, with the weights and groups that it asks for.

    Parameters
    ----------
    estimator : estimator
    pairs : Pairs
    y : ndarray of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,), default=None
        Of which only the ratios matter; the guest gets them with a mean of 1.
    groups : ndarray of shape (n_pairs, 2) or (n_pairs,), default=None

    Returns
    -------
    fitted : estimator
    """
    arguments = {}
    if varies(weights):
        name, certain = weight_argument(estimator)
        if certain:
            arguments[name] = weights / weights.mean()
    if groups is not None:
        name = group_argument(estimator)
        if name is not None:
            arguments[name] = groups
    return clone(estimator).fit(pairs, y, **arguments)


def without_weights(candidates):
    """Return the families of guests that cannot be fitted with weights, each once."""
    names = [c.family for c in candidates if not weight_argument(c.estimator)[1]]
    return list(dict.fromkeys(names))
