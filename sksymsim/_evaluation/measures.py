# SPDX-License-Identifier: BSD-3-Clause
"""All measures of one set of scores, for any number of weightings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from sksymsim._evaluation.curves import Ranking
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


class RankedScores:
    """Scores of which only the order counts.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    scores : ndarray of shape (n_pairs,)
    measures : list of Measure
        Their functions map a :class:`Curve`.
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
    measures : list of Measure
        Their functions map these scores and weights.
    """

    def __init__(
        self,
        similar: Booleans,
        log_odds: Floats,
        weights: Floats,
        measures: list[Measure],
    ) -> None:
        self.measures = measures
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


def weighted_llr_cost(scores, weights):
    """Return Cllr of log-odds that hold at the rate of the weighted pairs."""
    ratios = log_likelihood_ratios(scores.log_odds, scores.similar, weights, OBSERVED)
    return llr_cost(weights, scores.similar, ratios)


def weighted_log_loss(scores, weights):
    """Return the mean log-loss of log-odds."""
    return weights @ scores.losses / weights.sum(axis=1)


def weighted_brier_score(scores, weights):
    """Return the mean squared error of probabilities."""
    return weights @ scores.squares / weights.sum(axis=1)


def weighted_calibration_error(scores, weights):
    """Return the mean distance of rate and probability over the bins."""
    return calibration_error(weights, scores.surprises)


def weighted_accuracy(scores, weights):
    """Return the share of pairs on the right side of log-odds 0."""
    return weights @ scores.correct / weights.sum(axis=1)
