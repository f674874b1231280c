# SPDX-License-Identifier: BSD-3-Clause
"""Checks of labels and scores that somebody else made, and of what is asked of them."""

import numbers

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from sksymsim._blocks import working_dtype
from sksymsim._validation.frames import plain_array
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import Number
from sksymsim._validation.targets import (
    check_labels,
    check_sortable,
    check_weights,
)

OPEN_RATE = Number(float, 0, 1, open_low=True, open_high=True)
POSITIVE = Number(float, 0, open_low=True)
OBSERVED = "observed"


def check_scores(y_true, y_score, sample_weight, pos_label, name="y_score"):
    """Return what a metric needs, without the pairs that have no weight.

    Returns
    -------
    similar : ndarray of bool of shape (n_pairs,)
    scores : ndarray of float64 of shape (n_pairs,)
    weights : ndarray of float64 of shape (n_pairs,)
    """
    scores = _check_numbers(y_score, name)
    if y_true is None:
        raise ValueError("y_true is None: a metric needs one label for each score.")
    if len(scores) == 0:
        raise ValueError(f"{name} is empty (n_samples=0).")
    similar = check_similar(y_true, pos_label, len(scores), name)
    weights = check_weights(sample_weight, len(scores))
    if weights is None:
        weights = np.ones(len(scores))
    # By the largest: sums of very large weights would overflow. By a power of two, so
    # that whole numbers stay exact.
    weights = weights / 2.0 ** np.floor(np.log2(weights.max()))
    kept = weights > 0
    if not kept.all():
        similar, scores, weights = similar[kept], scores[kept], weights[kept]
    check_both_kinds(similar, weights)
    return similar, scores, weights


def check_both_kinds(similar, weights):
    """Refuse labels of which only one class has weight."""
    for kind, mask in (("similar", similar), ("dissimilar", ~similar)):
        if not weights[mask].any():
            raise ValueError(
                f"there are no {kind} pairs of positive weight among the labels; error "
                "rates need both kinds."
            )


def check_log_odds(values, name="log_odds"):
    """Return log-odds of any shape as float32 or float64."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {values.dtype}.")
    return values.astype(working_dtype(values.dtype), copy=False)


def _check_numbers(values, name):
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 2:
        raise ValueError(
            f"{name} must hold one number for each pair, got shape {values.shape}; of "
            "predict_proba take the column of similar: [:, 1]."
        )
    values = column_or_1d(values)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {values.dtype}.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} contains NaN or infinity.")
    return values


def check_some_labels(y_true):
    """Return a column of labels that is there and not empty."""
    if y_true is None:
        raise ValueError("y_true is None: one label for each pair is needed.")
    labels = column_or_1d(plain_array(y_true, "y_true"))
    if len(labels) == 0:
        raise ValueError("y_true is empty (n_samples=0).")
    return labels


def check_similar(y_true, pos_label, n_scores, name="y_score"):
    """Return for each pair whether its label is the one that means similar."""
    labels = column_or_1d(y_true)
    if len(labels) != n_scores:
        raise ValueError(f"got {len(labels)} labels but {n_scores} numbers in {name}.")
    found, _ = check_sortable(labels, "y")
    if len(found) == 1 and pos_label is None:
        raise ValueError(
            f"the labels are of one class only ({found[0]!r}); error rates need "
            "similar and dissimilar pairs."
        )
    if pos_label is None or len(found) > 2:
        return check_labels(labels, n_scores)[1]
    if not (found == pos_label).any():
        raise ValueError(
            f"pos_label={pos_label!r} is not among the labels: {found.tolist()}."
        )
    return labels == pos_label


def check_probabilities(probabilities, name="y_prob"):
    """Refuse numbers that are no probabilities."""
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError(
            f"{name} must hold probabilities in [0, 1], got values from "
            f"{probabilities.min():.3g} to {probabilities.max():.3g}; log-odds become "
            "probabilities by scipy.special.expit."
        )


def check_number(value, allowed, name):
    """Return a number as float if it is in the range allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be {allowed}, got {value!r}.")
    return float(value)


def check_n_bins(n_bins):
    """Refuse what is no number of bins, or more than could be counted in."""
    check_number(n_bins, Number(int, 1), "n_bins")
    check_memory(8 * int(n_bins), f"{n_bins} bins", "lower n_bins")


def check_n_thresholds(n_thresholds):
    """Refuse what is no number of thresholds, or more than could be held."""
    check_number(n_thresholds, Number(int, 2), "n_thresholds")
    check_memory(
        8 * int(n_thresholds), f"{n_thresholds} thresholds", "lower n_thresholds"
    )


def check_costs(c_miss, c_fa):
    """Return the prices of both errors as floats."""
    return check_number(c_miss, POSITIVE, "c_miss"), check_number(
        c_fa, POSITIVE, "c_fa"
    )


def check_rates(rates, allowed, name):
    """Return one or more rates as a flat array, and the shape to give back."""
    given = np.asarray(rates)
    if given.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must be {allowed} or an array of such, got {rates!r}."
        )
    flat = given.astype(np.float64).ravel()
    for value in flat.tolist():
        check_number(value, allowed, name)
    return flat, given.shape


def check_rate_or_observed(rate, name="similar_rate"):
    """Refuse what is no rate, None or "observed"."""
    observed = isinstance(rate, str) and rate == OBSERVED
    if not (rate is None or observed or rate in OPEN_RATE):
        raise ValueError(
            f"{name} must be {OPEN_RATE}, {OBSERVED!r} or None, got {rate!r}."
        )


def check_option(value, options, name):
    """Refuse what is not one of some strings."""
    if not isinstance(value, str) or value not in options:
        shown = ", ".join(repr(option) for option in options)
        raise ValueError(f"{name} must be one of {shown}, got {value!r}.")


# --------------------------------------------------------------------------- models


def check_has_probabilities(model):
    """Refuse a model whose scores are no probabilities."""
    if not hasattr(model, "predict_proba"):
        raise AttributeError(
            f"{type(model).__name__} has no predict_proba, so its scores are not known "
            "to be log-odds; make them such with recalibrate(model, pairs, y)."
        )


def check_labels_of_model(y, model, n_pairs):
    """Return labels, if they are among the two of a fitted model."""
    check_is_fitted(model)
    if y is None:
        raise ValueError("y is None: one label for each pair is needed.")
    y = column_or_1d(plain_array(y, "y"))
    if len(y) != n_pairs:
        raise ValueError(f"got {n_pairs} pairs but {len(y)} labels in y.")
    classes = model.classes_
    if len(classes) != 2:
        raise ValueError(
            f"the model has {len(classes)} classes; a pair is similar or it is not."
        )
    known = set(classes.tolist())
    unknown = [
        label for label in check_sortable(y, "y")[0].tolist() if label not in known
    ]
    if unknown:
        raise ValueError(
            f"y holds the label {unknown[0]!r}, and the model was fitted on "
            f"{classes.tolist()}."
        )
    return y


def check_units(groups, n_pairs):
    """Return the group of each side as numbers of shape (n_pairs, 2), or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape not in ((n_pairs,), (n_pairs, 2)):
        raise ValueError(
            f"groups must have shape ({n_pairs},) or ({n_pairs}, 2), got "
            f"{groups.shape}: one group for each pair, or one for each side."
        )
    codes = check_sortable(groups, "groups")[1]
    return codes if codes.ndim == 2 else np.column_stack([codes, codes])


def check_n_units(units):
    """Refuse pairs of too few independent items for any statement about others."""
    n_units = len(np.unique(units))
    if n_units < 3:
        raise ValueError(
            f"the pairs are made of {n_units} independent items or groups; intervals "
            "need at least 3, and are rough below 30."
        )


def check_informative(similar, scores, scale=None):
    """Refuse scores of which a scaling by maximum likelihood makes no probabilities."""
    if scores.min() == scores.max() or (scale is not None and scale <= 0):
        raise ValueError(
            "the scores of the model carry no information about these labels: the best "
            "scale is 0, and every pair would get the same probability. Check that the "
            "greater label means similar, and that the model suits these pairs."
        )
    if scores[similar].min() >= scores[~similar].max():
        raise ValueError(
            "the scores separate these pairs perfectly, so that the best scale is "
            "infinite; give more pairs, or keep the model and choose a threshold "
            "(threshold_at)."
        )


# ------------------------------------------------------------------------ thresholds


def check_criterion(criterion, beta, bound, criteria):
    """Refuse an unknown criterion, and one without the bound that it keeps."""
    check_option(criterion, criteria, "criterion")
    check_number(beta, POSITIVE, "beta")
    condition = criteria[criterion].condition
    if not condition and bound is not None:
        raise ValueError(f"criterion={criterion!r} keeps no rate; leave out bound.")
    if condition and bound is None:
        raise ValueError(f"criterion={criterion!r} needs bound: {condition} bound.")
    if condition:
        check_number(bound, Number(float, 0, 1), "bound")


def check_reachable(values, accepted, criterion, bound):
    """Refuse a bound that no threshold reaches but that which accepts nothing."""
    if criterion == "precision" and np.argmax(values) == 0:
        best = accepted.precision[1:].max()
        raise ValueError(
            f"no threshold has a precision of {bound:g}; the best that one has is "
            f"{best:.3g}."
        )


def check_splitter(cv):
    """Refuse a number of folds: they would separate pairs, and not items."""
    if isinstance(cv, numbers.Integral):
        raise ValueError(
            f"cv={cv!r} would put pairs of one item on both sides of a fold; pass "
            f"PairGroupKFold({cv}), another splitter with groups=, or an iterable of "
            "splits."
        )


def check_held_out(rows):
    """Refuse folds that hold out nothing."""
    if not any(map(len, rows)):
        raise ValueError("the folds of cv hold out no pair.")
