# SPDX-License-Identifier: BSD-3-Clause
"""What log-odds and probabilities of pairs are worth as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._evaluation.curves import Ranking, bayes_threshold, detection_costs
from sksymsim._evaluation.losses import (
    BINNINGS,
    bin_numbers,
    calibration_error,
    llr_cost,
    log_likelihood_ratios,
    surprises_by_bin,
)
from sksymsim._validation.scores import (
    OPEN_RATE,
    check_costs,
    check_n_bins,
    check_option,
    check_probabilities,
    check_rate_or_observed,
    check_rates,
    check_scores,
)
from sksymsim.metrics import for_each

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from sksymsim._typing import Floats

__all__ = ["actual_dcf", "cllr", "expected_calibration_error"]


def actual_dcf(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    p_target: float | ArrayLike = 0.01,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
    similar_rate: float | Literal["observed"] | None = None,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float | Floats:
    """Return the normalised detection cost at the threshold of Bayes.

    A pair is accepted if that is the cheaper decision for its log-likelihood ratio:
    from ``log(c_fa (1 - p_target) / (c_miss p_target))`` upwards.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Natural log-likelihood ratios, or log-odds if `similar_rate` is given.
    p_target : float or array-like of float, default=0.01
        The rate, or rates, of similar pairs where decisions are taken, in (0, 1).
    c_miss : float, default=1.0
        The cost of rejecting a similar pair.
    c_fa : float, default=1.0
        The cost of accepting a dissimilar pair.
    similar_rate : float or "observed", default=None
        The rate of similar pairs at which `y_score` are log-odds: that of the training
        pairs. "observed" takes the (weighted) rate of `y_true`. None means that
        `y_score` are log-likelihood ratios, which belong to no rate.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    costs : float or ndarray of the shape of `p_target`
        Not less than those of :func:`min_dcf`; above one, the scores do harm.

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If a rate or a cost is out of range, lengths differ, scores are not finite, or
        only one class has weight.

    See Also
    --------
    min_dcf : The cost at the best threshold.
    cllr : The same over all costs, as one number.

    Examples
    --------
    >>> from sksymsim import actual_dcf
    >>> y, ratios = [0, 0, 0, 1, 1, 1], [-6.0, -4.0, 3.0, 2.0, 5.0, 7.0]
    >>> round(actual_dcf(y, ratios, p_target=0.01), 6)  # accepted from 4.6 upwards
    0.333333
    """
    rates, shape = check_rates(p_target, OPEN_RATE, "p_target")
    costs = check_costs(c_miss, c_fa)
    check_rate_or_observed(similar_rate)
    similar, scores, weights = check_scores(y_true, y_score, sample_weight, pos_label)
    ratios = log_likelihood_ratios(scores, similar, weights, similar_rate)
    ranking = Ranking(similar, ratios)
    curve = ranking.curve(weights)

    def cost(p):
        point = ranking.point_at(bayes_threshold(p, *costs))
        return detection_costs(curve, p, *costs)[0, point]

    return for_each(rates, shape, cost)


def cllr(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    similar_rate: float | Literal["observed"] | None = None,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float:
    """Return the cost of log-likelihood ratios, in bits.

    Half the mean of ``log2(1 + 1/LR)`` over similar pairs, and half that of
    ``log2(1 + LR)`` over dissimilar ones: zero for a perfect score, one for a score
    that says nothing, and more for one that is sure and wrong.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Natural log-likelihood ratios, or log-odds if `similar_rate` is given.
    similar_rate : float or "observed", default=None
        The rate of similar pairs at which `y_score` are log-odds: that of the training
        pairs, or the one that the classifier was given. "observed" takes the (weighted)
        rate of `y_true`. None means that `y_score` are log-likelihood ratios, which
        belong to no rate.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    cost : float

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If `similar_rate` is out of range, lengths differ, scores are not finite, or
        only one class has weight.

    See Also
    --------
    min_cllr : What is left of it after the best calibration.
    shift_log_odds : Log-odds at another rate.

    Notes
    -----
    Bruemmer and du Preez, Application-independent evaluation of speaker detection,
    Computer Speech and Language 20 (2006), 230-275: it is the detection cost averaged
    over all rates and prices. The classes have equal weight, whatever their numbers, so
    it equals the log-loss of balanced pairs in bits. A log-odds is a log-likelihood
    ratio plus the log-odds of the rate of similar pairs.

    Examples
    --------
    >>> from sksymsim import cllr
    >>> cllr([0, 0, 1, 1], [0.0, 0.0, 0.0, 0.0])
    1.0
    >>> round(cllr([0, 0, 1, 1], [-4.0, -2.0, 2.0, 4.0]), 3)
    0.105
    """
    check_rate_or_observed(similar_rate)
    similar, scores, weights = check_scores(y_true, y_score, sample_weight, pos_label)
    ratios = log_likelihood_ratios(scores, similar, weights, similar_rate)
    return float(llr_cost(weights, similar, ratios))


def expected_calibration_error(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: Literal["quantile", "uniform"] = "quantile",
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> float:
    """Return how far probabilities are from the rates that come true.

    The mean, over bins of probabilities, of the distance between mean probability and
    rate of similar pairs, weighted by the weight of the bins.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_prob : array-like of shape (n_pairs,)
        Probabilities of "similar".
    n_bins : int, default=10
        The most bins.
    strategy : {"quantile", "uniform"}, default="quantile"
        "quantile" puts about the same weight into each bin; "uniform" makes bins of
        equal width from 0 to 1, of which rare similar pairs fill only the first. Equal
        probabilities are in one bin, and empty bins do not count.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; a weight of 2 equals a repeated pair.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    error : float
        Between 0 and 1.

    Raises
    ------
    TypeError
        If probabilities or weights are no real numbers.
    ValueError
        If `n_bins`, `strategy` or a probability is out of range, lengths differ, or
        only one class has weight.

    See Also
    --------
    cllr : Judges calibration and ranking together, without bins.
    sklearn.calibration.calibration_curve : Rate and mean probability of each bin.

    Notes
    -----
    Guo et al., On calibration of modern neural networks, ICML 2017. The error of
    perfect probabilities is above zero on few pairs: about ``sqrt(n_bins / n_pairs)``
    times a third.

    Examples
    --------
    >>> from sksymsim import expected_calibration_error
    >>> y, p = [0, 1, 1, 1], [0.5, 0.5, 0.8, 0.8]
    >>> round(expected_calibration_error(y, p, n_bins=2), 3)
    0.1
    """
    check_n_bins(n_bins)
    check_option(strategy, BINNINGS, "strategy")
    similar, probabilities, weights = check_scores(
        y_true, y_prob, sample_weight, pos_label, name="y_prob"
    )
    check_probabilities(probabilities)
    bins = bin_numbers(probabilities, weights, n_bins, strategy)
    surprises = surprises_by_bin(similar, probabilities, bins)
    return float(calibration_error(weights, surprises))
