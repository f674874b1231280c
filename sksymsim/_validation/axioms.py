# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of axioms, and of what makes a score reflexive."""

import numpy as np

from sksymsim._validation.parameters import Number

SUM_OF_KERNELS = (
    "a sum of kernels of training pairs is not the same for all items with themselves. "
    "Use form='mahalanobis'"
)


def check_reflexive_form(name, form, psd):
    """Refuse to promise a reflexive score where the form cannot keep it.

    Parameters
    ----------
    name : str
    form : Form or None
        None for a form that is a sum over training pairs.
    psd : bool
    """
    because = SUM_OF_KERNELS if form is None else form.not_reflexive_because
    if because is not None:
        raise ValueError(f"reflexive=True cannot be had with form={name!r}: {because}.")
    if not psd:
        raise ValueError(
            "reflexive=True needs psd=True: without it M may have negative "
            "eigenvalues, and two different items along one of them score higher than "
            "an item with itself."
        )


def check_has_scores(model):
    """Refuse a model that does not score pairs."""
    if not hasattr(model, "decision_function") and not hasattr(model, "predict_proba"):
        raise TypeError(
            f"{type(model).__name__} has neither decision_function nor predict_proba; "
            "axioms are checked on the scores of a fitted classifier of pairs."
        )
    n_classes = len(getattr(model, "classes_", (0, 1)))
    if n_classes != 2:
        raise ValueError(
            f"the model has {n_classes} classes; a pair is similar or it is not."
        )


def check_model_scores(scores, n_pairs, model):
    """Return what a model says of some pairs, one finite number for each."""
    scores = np.asarray(scores)
    if scores.shape != (n_pairs,):
        raise ValueError(
            f"{type(model).__name__} returned scores of shape {scores.shape} for "
            f"{n_pairs} pairs; one number for each is needed."
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"{type(model).__name__} returned NaN or infinity as the score of a pair."
        )
    return scores


def check_count(value, name, least=1):
    """Return a count as int, if it is at least so much."""
    allowed = Number(int, least)
    if value not in allowed:
        raise ValueError(f"{name} must be {allowed}, got {value!r}.")
    return int(value)


def check_ids(ids, n_items):
    """Return the names of items as a list; their row numbers if none are given."""
    if ids is None:
        return list(range(n_items))
    ids = ids.tolist() if hasattr(ids, "tolist") else list(ids)
    if len(ids) != n_items:
        raise ValueError(f"got {n_items} items but {len(ids)} ids.")
    return ids


def check_score_matrix(scores):
    """Return a square matrix of scores that is symmetric and has two items or more."""
    scores = np.asarray(scores)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(
            "scores must be a square matrix, the score of each of two or more items "
            f"with each, got shape {scores.shape}."
        )
    if scores.dtype.kind not in "fiub":
        raise TypeError(f"scores must hold real numbers, got dtype {scores.dtype}.")
    scores = scores.astype(np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("scores contains NaN or infinity.")
    if (scores != scores.T).any():
        raise ValueError("scores must be symmetric; use (scores + scores.T) / 2.")
    return scores


def check_enough_items(n_items):
    """Refuse a picture of one item."""
    if n_items < 2:
        raise ValueError(
            f"a picture of pairs needs 2 or more distinct items, got {n_items}."
        )
