# SPDX-License-Identifier: BSD-3-Clause
"""From the rate of similar pairs in a sample to that where a model is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from sksymsim._validation.scores import (
    OPEN_RATE,
    check_both_kinds,
    check_log_odds,
    check_number,
    check_similar,
    check_some_labels,
)
from sksymsim._validation.targets import check_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sksymsim._typing import Booleans, Floats

__all__ = ["deployment_weights", "shift_log_odds"]


def shift_log_odds(log_odds: ArrayLike, from_rate: float, to_rate: float) -> Floats:
    """Return log-odds as they are at another rate of similar pairs.

    Parameters
    ----------
    log_odds : array-like
        Natural log-odds of "similar", of any shape.
    from_rate : float
        The rate of similar pairs at which they hold, in (0, 1): that of the training
        pairs. 0.5 for log-likelihood ratios.
    to_rate : float
        The rate of similar pairs to go to, in (0, 1). 0.5 gives log-likelihood ratios.

    Returns
    -------
    shifted : ndarray of the shape of `log_odds`
        ``log_odds - logit(from_rate) + logit(to_rate)``; float32 stays float32.

    Raises
    ------
    TypeError
        If `log_odds` are no real numbers.
    ValueError
        If a rate is out of range.

    See Also
    --------
    deployment_weights : The same for pairs: metrics as they are at another rate.

    Notes
    -----
    This is the theorem of Bayes. It needs that similar pairs are drawn at another rate
    and in no other way, and so are dissimilar ones; hard negatives break that.

    Examples
    --------
    >>> from scipy.special import expit
    >>> from sksymsim import shift_log_odds
    >>> expit(shift_log_odds([0.0, 4.0], from_rate=0.5, to_rate=0.01)).round(3)
    array([0.01 , 0.355])
    """
    log_odds = check_log_odds(log_odds)
    start = check_number(from_rate, OPEN_RATE, "from_rate")
    end = check_number(to_rate, OPEN_RATE, "to_rate")
    return log_odds + float(logit(end) - logit(start))


def deployment_weights(
    y_true: ArrayLike,
    similar_rate: float,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> Floats:
    """Return weights under which pairs have another rate of similar ones.

    With them any metric that takes `sample_weight` says what it would be at that rate.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    similar_rate : float
        The rate of similar pairs where the model is used, in (0, 1).
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights that the pairs have already.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    weights : ndarray of shape (n_pairs,)
        Their sum is that of `sample_weight`, or n_pairs.

    Raises
    ------
    ValueError
        If `similar_rate` is out of range, lengths differ, or only one class has weight.

    See Also
    --------
    shift_log_odds : The same for log-odds.

    Notes
    -----
    Error rates, ROC curve and Cllr do not change. Precision, average precision,
    accuracy, log-loss and Brier score do. A few pairs of large weight make them less
    certain: at a rate of 0.001, one false accept among 1,000 dissimilar pairs weighs as
    much as all similar ones.

    Examples
    --------
    >>> from sklearn.metrics import average_precision_score
    >>> from sksymsim import deployment_weights
    >>> y, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9]
    >>> round(float(average_precision_score(y, scores)), 3)
    0.917
    >>> weights = deployment_weights(y, similar_rate=0.01)
    >>> round(float(average_precision_score(y, scores, sample_weight=weights)), 3)
    0.676
    """
    rate = check_number(similar_rate, OPEN_RATE, "similar_rate")
    labels = check_some_labels(y_true)
    similar = check_similar(labels, pos_label, len(labels), "y_true")
    weights = check_weights(sample_weight, len(labels))
    weights = np.ones(len(labels)) if weights is None else weights
    check_both_kinds(similar, weights)
    return reweighted(weights, similar, rate)


def reweighted(weights: Floats, similar: Booleans, rate: float) -> Floats:
    """Return weights of the same sum, of which similar pairs have a given share.

    Parameters
    ----------
    weights : ndarray of shape (n_pairs,) or (n_weightings, n_pairs)
    similar : ndarray of bool of shape (n_pairs,)
    rate : float
    """
    masses = (weights @ similar)[..., None], (weights @ ~similar)[..., None]
    total = masses[0] + masses[1]
    # Each mass by itself, as a difference may vanish; in this order, as what very small
    # weights divide may overflow.
    within = weights / np.where(similar, *masses)
    return within * np.where(similar, rate * total, (1 - rate) * total)
