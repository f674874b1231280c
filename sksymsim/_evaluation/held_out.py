# SPDX-License-Identifier: BSD-3-Clause
"""The scores of a model for pairs that it was not fitted on."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import check_cv

from sksymsim._validation.scores import check_held_out


def scores_of_folds(model, pairs, labels, cv, groups):
    """Return the scores of pairs by clones of a model that were fitted without them.

    Parameters
    ----------
    model : estimator
    pairs : Pairs
    labels : ndarray of shape (n_pairs,)
    cv : splitter or iterable of (train, test)
    groups : array-like of shape (n_pairs,) or None

    Returns
    -------
    held_out : ndarray of int
        The pairs that are held out of some fold.
    scores : ndarray
        Theirs, those of all folds together.
    method : {"decision_function", "predict_proba"}
        What gave them.
    """
    rows, scores, method = [], [], None
    splitter = check_cv(cv, labels, classifier=True)
    for train, test in splitter.split(pairs, labels, groups):
        fitted = clone(model).fit(pairs[train], labels[train])
        values, method = scores_of_model(fitted, pairs[test])
        scores.append(values)
        rows.append(np.arange(len(pairs))[test])
    check_held_out(rows)
    return np.concatenate(rows), np.concatenate(scores), method


def scores_of_model(model, pairs):
    """Return log-odds, or probabilities where there are none, and of which method."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(pairs)), "decision_function"
    return model.predict_proba(pairs)[:, 1], "predict_proba"
