# SPDX-License-Identifier: BSD-3-Clause
"""What a search compares candidates by: log-loss, or any scorer of scikit-learn."""

import inspect

import numpy as np
from scipy.special import expit
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer, get_scorer_names

from sksymsim._selection.choice import (
    log_loss_gains,
    loss_gain_is_sure,
    part_gain_is_sure,
)
from sksymsim.scorers import get_pair_scorer, get_pair_scorer_names

LOG_LOSS = "neg_log_loss"


class _Oracle(ClassifierMixin, BaseEstimator):
    """Says log-odds that are known already, so that any scorer can judge them."""

    def __init__(self, log_odds=None):
        self.log_odds = log_odds
        self.classes_ = np.array([0, 1])

    def fit(self, X, y=None):
        """Do nothing."""
        return self

    def decision_function(self, X):
        """Return the log-odds."""
        return self.log_odds

    def predict_proba(self, X):
        """Return the probabilities."""
        return np.column_stack([expit(-self.log_odds), expit(self.log_odds)])

    def predict(self, X):
        """Return the more probable label."""
        return (self.log_odds > 0).astype(int)


class LogLossRule:
    """Mean log-loss, and errors that know which pairs share an item."""

    def gains(self, scores, held):
        """Return the score of each candidate in each part; larger is better."""
        return log_loss_gains(scores, held)

    def is_sure(self, learned, baseline, held):
        """Say whether log-odds are better than others by more than noise."""
        return loss_gain_is_sure(held.losses(baseline) - held.losses(learned), held)


class ScorerRule:
    """Any scorer of scikit-learn.

    Parameters
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``, larger is better. Weights are for those that know
        ``sample_weight``.
    """

    def __init__(self, scorer):
        self.scorer = scorer
        # What scikit-learn makes of a metric takes weights, and the metric may not.
        metric = getattr(scorer, "_score_func", scorer)
        self.takes_weights = "sample_weight" in inspect.signature(metric).parameters

    def gains(self, scores, held):
        """Return the score of each candidate in each part; larger is better."""
        gains = np.empty((len(scores), held.n_parts))
        for part in range(held.n_parts):
            rows = np.flatnonzero(held.parts == part)
            labels = (held.targets[rows] > 0).astype(int)
            weights = held.weights[rows]
            known = {"sample_weight": weights} if self.takes_weights else {}
            # What is scored has been checked: hundreds of candidates, five parts.
            with config_context(assume_finite=True, skip_parameter_validation=True):
                for i, row in enumerate(scores):
                    oracle = _Oracle(row[rows])
                    gains[i, part] = self.scorer(oracle, rows, labels, **known)
        return gains

    def is_sure(self, learned, baseline, held):
        """Say whether log-odds are better than others by more than noise."""
        one, other = self.gains(np.array([learned, baseline]), held)
        return part_gain_is_sure(one - other)


def make_rule(scoring):
    """Return the rule of a name or a scorer."""
    if isinstance(scoring, str):
        if scoring == LOG_LOSS:
            return LogLossRule()
        pair_names = get_pair_scorer_names()
        if scoring in pair_names:
            return ScorerRule(get_pair_scorer(scoring))
        return ScorerRule(get_scorer(scoring))
    return ScorerRule(scoring)


def scoring_names():
    """Return the names that `scoring` may be."""
    return sorted({*get_scorer_names(), *get_pair_scorer_names()})
