# SPDX-License-Identifier: BSD-3-Clause
"""What the order of scores of pairs is worth: error rates and least costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksymsim._evaluation.curves import (
    Ranking,
    accept_rate_at,
    equal_error,
    least_cost,
    least_llr_cost,
)
from sksymsim._validation.parameters import Number
from sksymsim._validation.scores import (
    OPEN_RATE,
    check_costs,
    check_rates,
    check_scores,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike

    from sksymsim._typing import Floats

__all__ = ["equal_error_rate", "min_cllr", "min_dcf", "tar_at_far"]


def _curve(y_true, y_score, sample_weight, pos_label):
    similar, scores, weights = check_scores(y_true, y_score, sample_weight, pos_label)
    return Ranking(similar, scores).curve(weights)


def for_each(
    values: Any, shape: tuple[int, ...], function: Callable[[Any], float]
) -> float | Floats:
    """Return function values in the shape in which the arguments came."""
    results = np.array([function(value) for value in values]).reshape(shape)
    return results if shape else float(results)


def equal_error_rate(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float:
    """Return the error rate at which false accepts and false rejects are equal.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Similarities: only their order matters.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    rate : float
        Between 0 and 1; a half without any information.

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If lengths differ, scores are not finite, or only one class has weight.

    See Also
    --------
    tar_at_far : The rate of true accepts at a given rate of false accepts.
    min_dcf : The least cost of errors that have different prices.

    Notes
    -----
    Pairs are accepted from a threshold upwards, and equal scores together. Where no
    threshold makes both rates equal, the value is read from the line between the two
    neighbouring points of the ROC curve: what a coin between these two thresholds
    achieves. (The rate on the convex hull of the curve, ROCCH-EER, is never above it
    and is optimistic on few pairs.)

    Examples
    --------
    >>> from sksymsim import equal_error_rate
    >>> equal_error_rate([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9])
    0.3333333333333333
    """
    return float(equal_error(_curve(y_true, y_score, sample_weight, pos_label))[0])


def tar_at_far(
    y_true: ArrayLike,
    y_score: ArrayLike,
    far: float | ArrayLike = 0.01,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float | Floats:
    """Return the greatest rate of true accepts at a rate of false accepts.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Similarities: only their order matters.
    far : float or array-like of float, default=0.01
        The rate, or rates, of dissimilar pairs that may be accepted, in [0, 1].
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    rates : float or ndarray of the shape of `far`
        The share of similar pairs that are accepted at the lowest threshold that
        accepts no more than `far` of the dissimilar ones.

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If `far` is out of range, lengths differ, scores are not finite, or only one
        class has weight.

    See Also
    --------
    threshold_at : The threshold itself.

    Notes
    -----
    No threshold separates equal scores, and nothing is interpolated: the rate can be
    had. A `far` below one over the number of dissimilar pairs allows none of them.

    Examples
    --------
    >>> from sksymsim import tar_at_far
    >>> y, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9]
    >>> tar_at_far(y, scores, far=[0.1, 0.4])
    array([0.66666667, 1.        ])
    """
    rates, shape = check_rates(far, Number(float, 0, 1), "far")
    curve = _curve(y_true, y_score, sample_weight, pos_label)
    return for_each(rates, shape, lambda rate: accept_rate_at(curve, rate)[0])


def min_dcf(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    p_target: float | ArrayLike = 0.01,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float | Floats:
    """Return the least detection cost of all thresholds, normalised.

    ``(c_miss p P_miss + c_fa (1 - p) P_fa) / min(c_miss p, c_fa (1 - p))`` with
    ``p = p_target``: one is what the better of "accept all" and "reject all" costs.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Similarities: only their order matters.
    p_target : float or array-like of float, default=0.01
        The rate, or rates, of similar pairs where decisions are taken, in (0, 1). The
        rate among `y_true` plays no role.
    c_miss : float, default=1.0
        The cost of rejecting a similar pair.
    c_fa : float, default=1.0
        The cost of accepting a dissimilar pair.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    costs : float or ndarray of the shape of `p_target`
        From 0 to 1.

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If a rate or a cost is out of range, lengths differ, scores are not finite, or
        only one class has weight.

    See Also
    --------
    actual_dcf : The cost at the threshold that calibrated scores should have.

    Notes
    -----
    The detection cost function of the speaker recognition evaluations of NIST; see
    Przybocki, Martin and Le, NIST speaker recognition evaluations utilizing the Mixer
    corpora, IEEE TASLP 15 (2007), 1951-1959. The threshold is chosen on the pairs that
    it is judged on, so on few pairs the value is optimistic.

    Examples
    --------
    >>> from sksymsim import min_dcf
    >>> min_dcf([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9], p_target=0.01)
    0.33333333333333337
    """
    rates, shape = check_rates(p_target, OPEN_RATE, "p_target")
    costs = check_costs(c_miss, c_fa)
    curve = _curve(y_true, y_score, sample_weight, pos_label)
    return for_each(rates, shape, lambda p: least_cost(curve, p, *costs)[0])


def min_cllr(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float:
    """Return the cost of log-likelihood ratios after the best rising map, in bits.

    What :func:`cllr` has above it is lost by calibration, and the rest by ranking.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Similarities: only their order matters.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    cost : float
        From 0 to 1.

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If lengths differ, scores are not finite, or only one class has weight.

    See Also
    --------
    cllr : The cost of the scores as they are.

    Notes
    -----
    The map is found by pool-adjacent-violators (isotonic regression), with both classes
    at the same weight: Bruemmer and du Preez, Computer Speech and Language 20 (2006),
    230-275. It is chosen on the pairs that it is judged on, so on few pairs the value
    is optimistic.

    Examples
    --------
    >>> from sksymsim import min_cllr
    >>> min_cllr([0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0])
    0.0
    >>> round(min_cllr([0, 1, 0, 1], [1.0, 2.0, 3.0, 4.0]), 3)
    0.5
    """
    return float(least_llr_cost(_curve(y_true, y_score, sample_weight, pos_label))[0])
