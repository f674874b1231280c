# SPDX-License-Identifier: BSD-3-Clause
"""All measures of one set of scores, for any number of weightings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from sksymsim._evaluation.curves import (
    Ranking,
    accept_rate_at,
    area,
    average_precision,
    equal_error,
    least_cost,
    least_llr_cost,
)
from sksymsim._evaluation.losses import (
    bin_numbers,
    calibration_error,
    llr_cost,
    log_likelihood_ratios,
    log_losses,
    surprises_by_bin,
)
from sksymsim._validation.scores import OBSERVED

if TYPE_CHECKING:
    from sksymsim._typing import Booleans, Floats

N_BINS = 10


@dataclass(frozen=True)
class Measure:
    """A number that says what scores are worth.

    Parameters
    ----------
    name : str
    function : callable
        Maps a curve, or scores and weights, to one number for each weighting.
    greater_is_better : bool
    scale : {"rate", "cost", "plain"}
        On which scale its error is even: log-odds, logarithm, or its own.
    optimistic : bool, default=False
        Whether it is the best of many on the pairs that it is judged on, so that on few
        pairs it is too good by more than its standard error.
    """

    name: str
    function: Callable
    greater_is_better: bool
    scale: str
    optimistic: bool = False


def rank_measures(far, p_target):
    """Return the measures that depend on the order of the scores alone."""
    cost = partial(least_cost, p_target=p_target, c_miss=1.0, c_fa=1.0)
    return [
        Measure("roc_auc", area, True, "rate"),
        Measure("average_precision", average_precision, True, "rate"),
        Measure("equal_error_rate", equal_error, False, "rate"),
        *[
            Measure(f"tar_at_far={f:g}", partial(accept_rate_at, far=f), True, "rate")
            for f in far
        ],
        Measure("min_dcf", cost, False, "cost", optimistic=True),
        Measure("min_cllr", least_llr_cost, False, "cost", optimistic=True),
    ]


def probability_measures():
    """Return the measures of log-odds, taken at the rate of the weighted pairs."""
    return [
        Measure("cllr", _llr_cost, False, "cost"),
        Measure("log_loss", _log_loss, False, "cost"),
        Measure("brier_score", _brier_score, False, "rate"),
        Measure("calibration_error", _calibration_error, False, "plain"),
        Measure("accuracy", _accuracy, True, "rate"),
    ]


class RankedScores:
    """Scores of which only the order counts.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    scores : ndarray of shape (n_pairs,)
    measures : list of Measure
        From :func:`rank_measures`.
    """

    def __init__(self, similar, scores, measures):
        self.measures = measures
        self._ranking = Ranking(similar, scores)

    def values(self, weights):
        """Return all measures, for weights of shape (n_weightings, n_pairs).

        Returns
        -------
        values : ndarray of shape (n_weightings, n_measures)
        """
        curve = self._ranking.curve(weights)
        return np.column_stack([m.function(curve) for m in self.measures])


class LogOddsScores:
    """Scores that are log-odds.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    log_odds : ndarray of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
        The weights by which the bins of the calibration error are made.
    """

    def __init__(self, similar: Booleans, log_odds: Floats, weights: Floats) -> None:
        self.measures = probability_measures()
        self.similar = similar
        self.log_odds = log_odds
        probabilities = expit(log_odds)
        self.losses = log_losses(np.where(similar, log_odds, -log_odds))
        self.squares = (similar - probabilities) ** 2
        self.correct = (log_odds > 0) == similar
        bins = bin_numbers(probabilities, weights, N_BINS, "quantile")
        self.surprises = surprises_by_bin(similar, probabilities, bins)

    def values(self, weights):
        """Return all measures, for weights of shape (n_weightings, n_pairs).

        Returns
        -------
        values : ndarray of shape (n_weightings, n_measures)
        """
        return np.column_stack([m.function(self, weights) for m in self.measures])


def _llr_cost(scores, weights):
    ratios = log_likelihood_ratios(scores.log_odds, scores.similar, weights, OBSERVED)
    return llr_cost(weights, scores.similar, ratios)


def _log_loss(scores, weights):
    return weights @ scores.losses / weights.sum(axis=1)


def _brier_score(scores, weights):
    return weights @ scores.squares / weights.sum(axis=1)


def _calibration_error(scores, weights):
    return calibration_error(weights, scores.surprises)


def _accuracy(scores, weights):
    return weights @ scores.correct / weights.sum(axis=1)
