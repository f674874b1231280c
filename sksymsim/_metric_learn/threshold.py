# SPDX-License-Identifier: BSD-3-Clause
"""A threshold of distances, with metric-learn's strategies to choose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from sksymsim._validation.items import takes_pairs
from sksymsim._validation.metric_learn import check_strategy, check_threshold
from sksymsim._validation.scores import (
    check_both_kinds,
    check_labels_of_model,
    check_scores,
)
from sksymsim.thresholds import best_threshold

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Floats, PairsLike


class DistanceThresholdMixin:
    """Labels by a threshold that can be moved, and the area under the ROC curve.

    The class that inherits has `pair_score`, and after fit ``estimator_``,
    ``classes_`` and ``threshold_``.
    """

    @takes_pairs
    def decision_function(self, X: PairsLike) -> Floats:
        """Return what is compared with the threshold: `pair_score`.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            Negative distances. Larger is more similar.
        """
        return self.pair_score(X)

    @takes_pairs
    def predict(self, X: PairsLike) -> Floats:
        """Return the label of each pair, by the threshold.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        labels : ndarray of shape (n_pairs,)
            The second class up to the distance `threshold_`.
        """
        similar = -self.decision_function(X) <= self.threshold_
        return self.classes_[similar.astype(np.intp)]

    def score(
        self, X: PairsLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the area under the ROC curve.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.
        y : array-like of shape (n_pairs,)
            Their labels.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.

        Returns
        -------
        auc : float

        Raises
        ------
        ValueError
            If `y` holds a label that `fit` has not seen, or one label only.
        """
        scores = self.decision_function(X)
        similar, scores, weights = self._judged(y, scores, sample_weight)
        return float(roc_auc_score(similar, scores, sample_weight=weights))

    def set_threshold(self, threshold: float) -> Self:
        """Set the distance up to which pairs are called similar.

        Parameters
        ----------
        threshold : float
            A distance; of log-odds, if scores are no distances, the negative.

        Returns
        -------
        self : MetricLearnAdapter

        Raises
        ------
        ValueError
            If it is no real number.
        """
        check_is_fitted(self, "estimator_")
        self.threshold_ = check_threshold(threshold)
        return self

    def calibrate_threshold(
        self,
        pairs_valid: PairsLike,
        y_valid: ArrayLike,
        strategy: Literal["accuracy", "f_beta", "max_tpr", "max_tnr"] = "accuracy",
        min_rate: float | None = None,
        beta: float = 1.0,
    ) -> Self:
        """Choose the threshold for a purpose, on pairs for validation.

        Parameters
        ----------
        pairs_valid : Pairs or array-like of shape (n_pairs, 2, n_features)
            Pairs that `fit` has not seen; with a `preprocessor` also their ids, of
            shape (n_pairs, 2).
        y_valid : array-like of shape (n_pairs,)
            Their labels.
        strategy : {"accuracy", "f_beta", "max_tpr", "max_tnr"}, default="accuracy"
            The purpose:

            - "accuracy": the most right decisions.
            - "f_beta": the greatest F-score.
            - "max_tpr": the greatest rate of true positives with a rate of true
              negatives of at least `min_rate`.
            - "max_tnr": the greatest rate of true negatives with a rate of true
              positives of at least `min_rate`.

        min_rate : float, default=None
            For "max_tpr" and "max_tnr", in [0, 1].
        beta : float, default=1.0
            How many times as much recall counts as precision, for "f_beta". The sign
            does not matter; with 0, only precision counts.

        Returns
        -------
        self : MetricLearnAdapter

        Raises
        ------
        ValueError
            If a parameter is out of range or missing, or the pairs or labels cannot be
            used.

        See Also
        --------
        sksymsim.calibrate_threshold : For any model; also on folds, with more purposes.
        """
        check_is_fitted(self, "estimator_")
        self._validate_calibration_params(strategy, min_rate, beta)
        scores = self.decision_function(pairs_valid)
        known = self._judged(y_valid, scores, None)
        criterion, bound = strategy, None
        if strategy == "max_tpr":
            criterion, bound = "far", 1 - min_rate
        elif strategy == "max_tnr":
            # Many thresholds may have the best rate: take the most true positives.
            best = best_threshold(*known, "recall", 1.0, min_rate, scores.dtype)
            criterion, bound = "far", best.far
        choice = best_threshold(*known, criterion, abs(beta), bound, scores.dtype)
        self.threshold_ = -choice.threshold
        return self

    def _judged(self, y, scores, sample_weight):
        """Return for each pair whether it is similar, its score and its weight."""
        y = check_labels_of_model(y, self, len(scores))
        codes = np.searchsorted(self.classes_, y)
        check_both_kinds(codes == 1, np.ones(len(codes)))
        return check_scores(codes, scores, sample_weight, 1)

    @staticmethod
    def _validate_calibration_params(strategy="accuracy", min_rate=None, beta=1.0):
        """Check what `calibrate_threshold` takes, before anything is learned."""
        check_strategy(strategy, min_rate, beta)
