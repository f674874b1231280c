# SPDX-License-Identifier: BSD-3-Clause
"""Weights of pairs out of sample weights and class weights."""

import numpy as np
from scipy.special import logit

from sksymsim._validation.targets import (
    check_both_classes_weighted,
    check_class_weight,
    check_weights,
)


def relative_weights(sample_weight, n_pairs):
    """Return checked weights, divided by the greatest: a sum of them may overflow.

    Parameters
    ----------
    sample_weight : array-like of shape (n_pairs,) or None
        None is one for each.
    n_pairs : int
    """
    weights = check_weights(1.0 if sample_weight is None else sample_weight, n_pairs)
    return weights / weights.max()


def normalized_weights(weights, similar, classes, class_weight):
    """Return weights with those of the classes; they sum to one.

    Parameters
    ----------
    weights : ndarray of shape (n_pairs,)
        Positive for some pair of each class, and no sum of them overflows.
    similar : ndarray of bool of shape (n_pairs,)
    classes : ndarray of shape (2,)
        The labels of dissimilar and similar.
    class_weight : dict, "balanced" or None
        "balanced" gives both classes the same total weight, whatever the weights of
        their pairs; so a weight of 2 is a repeated pair here too.
    """
    if class_weight == "balanced":
        factors = [1 / weights[~similar].sum(), 1 / weights[similar].sum()]
    else:
        factors = check_class_weight(class_weight, classes)
    factors = np.asarray(factors) / max(factors) if max(factors) > 0 else factors
    weights = weights * np.where(similar, factors[1], factors[0])
    check_both_classes_weighted(similar, weights)
    return weights / weights.sum()


def rate_shift(similar_rate, similar, weights):
    """Return what is added to log-odds for another rate of similar pairs.

    Parameters
    ----------
    similar_rate : float or None
        None leaves the rate of the pairs.
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
        With sum one.
    """
    if similar_rate is None:
        return 0.0
    return float(logit(similar_rate) - logit(weights[similar].sum()))
