# SPDX-License-Identifier: BSD-3-Clause
"""What a fitted model remembers of its training: a few facts that JSON can hold."""

import numpy as np

from sksymsim._versions import library_versions


def training_card(estimator, pairs, similar, scores, earlier=None):
    """Return the facts of one fit to pairs that are all here.

    Parameters
    ----------
    estimator : estimator
        Fitted, with ``classes_``.
    pairs : Pairs
        Those that counted.
    similar : ndarray of bool of shape (n_pairs,)
    scores : dict of str to float or None
        What the fit itself measured; None is left out.
    earlier : dict, default=None
        The card of fits that this one goes on from: pairs add up.

    Returns
    -------
    card : dict
    """
    counts = len(similar), int(np.count_nonzero(similar))
    n_features = int(pairs.shape[2])
    return card_of(estimator, n_features, counts, scores, _count_items(pairs), earlier)


def card_of(estimator, n_features, counts, scores, n_items=None, earlier=None):
    """Return the facts of one fit.

    Parameters
    ----------
    estimator : estimator
        Fitted, with ``classes_``.
    n_features : int
    counts : (int, int)
        Of the pairs, and of those of them that are similar.
    scores, earlier
        See :func:`training_card`.
    n_items : int, default=None
        Those that the pairs use; None if they were not counted.

    Returns
    -------
    card : dict
    """
    n_pairs, n_similar = counts
    if earlier is not None:
        n_pairs += earlier["n_pairs"]
        n_similar += earlier["n_similar"]
        n_items = None
    dissimilar_label, similar_label = (plain(label) for label in estimator.classes_)
    return {
        "estimator": type(estimator).__name__,
        "n_features": n_features,
        "n_pairs": n_pairs,
        "n_similar": n_similar,
        "n_items": n_items,
        "labels": {"dissimilar": dissimilar_label, "similar": similar_label},
        "feature_names": None,
        "scores": {k: float(v) for k, v in scores.items() if v is not None},
        "notes": {},
        "versions": library_versions(),
    }


def _count_items(pairs):
    """Count the rows that index pairs use; None for two arrays: that takes long."""
    if pairs.items is None:
        return None
    used = np.zeros(pairs.items.shape[0], dtype=bool)
    used[pairs.index] = True
    return int(np.count_nonzero(used))


def plain(value):
    """Return a label as JSON can hold it: anything unusual by its text."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool) else str(value)
