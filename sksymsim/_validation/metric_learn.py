# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of what takes the place of metric-learn, or holds one of it.

Programs that were written for metric-learn may match on its messages, so those of the
adapter are a part of the interface and have its form.
"""

import numbers
import warnings

import numpy as np

from sksymsim._validation.parameters import Instance
from sksymsim._validation.scores import check_splitter

STRATEGIES = ("accuracy", "f_beta", "max_tpr", "max_tnr")
LEARNER = Instance(
    "a learner of pairs with the interface of metric-learn (fit and set_threshold), "
    "such as ITML, MMC or SDML; one that learns from classes, triplets or quadruplets "
    "can, once fitted, be the prior of SymmetricPairClassifier",
    methods=("fit", "set_threshold"),
)
# To calibrate on the very pairs that were learned from.
TRAIN = "train"
# Axes, what stands for an item, what that is called.
FORMED = {2: "formed points", 3: "formed tuples"}


def check_regular(values):
    """Return an array of nested lists, if all of one level are of one length."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            "X is no array: its entries differ in length or kind. Pairs are an array "
            "of shape (n_pairs, 2, n_features), and numpy.stack([X_a, X_b], axis=1) "
            "makes one of two sides."
        ) from error


def check_formed(array, n_axes, owner, *, with_ids):
    """Refuse an array of items, or of pairs, with another number of axes.

    Parameters
    ----------
    array : ndarray
    n_axes : {2, 3}
        Of items or of pairs.
    owner : str
        Who insists, for the error text.
    with_ids : bool
        Whether ids with one axis less would have been fine.
    """
    if array.ndim == n_axes:
        return
    expected, context, hint = f"{n_axes}D array of {FORMED[n_axes]}", "", ""
    if with_ids:
        expected = f"{n_axes - 1}D array of indicators or {expected}"
        context = " when using a preprocessor"
    elif array.ndim == n_axes - 1:
        hint = " and/or use a preprocessor"
    raise ValueError(
        f"{expected} expected by {owner}{context}. Found {array.ndim}D array instead:\n"
        f"input={array}. Reshape your data{hint}.\n"
    )


def check_two_sides(array, owner):
    """Refuse tuples that are no pairs."""
    if array.shape[1] != 2:
        raise ValueError(
            f"Tuples of 2 element(s) expected by {owner}. Got tuples of "
            f"{array.shape[1]} element(s) instead (shape={array.shape}):\n"
            f"input={array}.\n"
        )


def check_preprocessor(preprocessor):
    """Refuse what neither is a table nor a function that looks up ids."""
    if not (
        preprocessor is None
        or callable(preprocessor)
        or isinstance(preprocessor, list | tuple)
        or hasattr(preprocessor, "__array__")
    ):
        raise ValueError(
            f"Invalid type for the preprocessor: {type(preprocessor)}. You should "
            "provide either None, an array-like object, or a callable."
        )


def check_rows(rows, n_items):
    """Return ids if they are row numbers of a table."""
    if rows.dtype.kind not in "iu":
        raise TypeError(
            f"ids must be row numbers of the preprocessor, got dtype {rows.dtype}; for "
            "ids of another kind make it a function of them."
        )
    wrong = (rows < 0) | (rows >= n_items)
    if wrong.any():
        raise IndexError(
            f"{int(wrong.sum())} of the ids are no rows of the preprocessor, 0 to "
            f"{n_items - 1}: the first is {rows[wrong][0]}; negative numbers do not "
            "count from the end."
        )
    return rows


def check_strategy(strategy, min_rate, beta):
    """Refuse an unknown purpose of a threshold, and no number for its rate or beta."""
    if strategy not in STRATEGIES:
        raise ValueError(
            'Strategy can either be "accuracy", "f_beta" or "max_tpr" or "max_tnr". '
            f'Got "{strategy}" instead.'
        )
    if strategy in ("max_tpr", "max_tnr") and not (
        isinstance(min_rate, numbers.Real) and 0 <= min_rate <= 1
    ):
        raise ValueError(
            f"Parameter min_rate must be a number in[0, 1]. Got {min_rate} instead."
        )
    if strategy == "f_beta" and not (
        isinstance(beta, numbers.Real) and np.isfinite(beta)
    ):
        raise ValueError(
            f"Parameter beta must be a real number. Got {type(beta)} instead."
        )


def warn_of_score_pairs(stacklevel):
    """Warn as metric-learn does, so that its filters hold here too."""
    warnings.warn(
        "score_pairs will be deprecated in release 0.7.0. Use pair_score to compute "
        "similarity scores, or pair_distances to compute distances.",
        FutureWarning,
        stacklevel=stacklevel + 1,
    )


def check_threshold(threshold):
    """Return a threshold as a float."""
    if not isinstance(threshold, numbers.Real) or np.isnan(threshold):
        raise ValueError(
            f"Parameter threshold must be a real number. Got {type(threshold)} instead."
        )
    return float(threshold)


def check_kinds_of_different(similar):
    """Refuse pairs of which those of different items are of one label only."""
    for kind, mask in (("similar", similar), ("dissimilar", ~similar)):
        if not mask.any():
            raise ValueError(
                f"there are no {kind} pairs of two items that differ: a metric cannot "
                "be learned from pairs of an item with itself."
            )


def check_components(components, n_features, learner):
    """Refuse a learned matrix that is of another width, or not finite."""
    if components.shape[1] != n_features or not np.isfinite(components).all():
        raise ValueError(
            f"{type(learner).__name__} learned no usable metric: its components_ have "
            f"shape {components.shape} for {n_features} features, and "
            f"{int((~np.isfinite(components)).sum())} entries that are not finite. "
            "Change its parameters, or the scale of the items."
        )


def warn_if_uninformative(scale, learner, stacklevel):
    """Warn if the distances of held-out pairs do not tell similar from dissimilar."""
    if scale <= 0:
        warnings.warn(
            f"the distances that {type(learner).__name__} learned do not rank similar "
            "pairs above dissimilar ones; all pairs get the same probability.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def check_cv(cv):
    """Refuse what neither is "train", nor divides pairs so that it is known how."""
    if isinstance(cv, str) and cv != TRAIN:
        raise ValueError(
            f"cv must be None, {TRAIN!r}, a splitter or an iterable of splits, got "
            f"{cv!r}."
        )
    check_splitter(cv)
