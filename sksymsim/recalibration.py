# SPDX-License-Identifier: BSD-3-Clause
"""New probabilities for a fitted model, out of a few pairs of where it is used now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator

from sksymsim._callbacks import watched
from sksymsim._objective import fit_scale_and_intercept
from sksymsim._prediction import PairScoreMixin
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.items import check_pairs
from sksymsim._validation.parameters import NONE, Instance, check_parameters
from sksymsim._validation.scores import (
    OPEN_RATE,
    check_informative,
    check_labels_of_model,
    check_scores,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Estimator, Labels, PairsLike, Strings

__all__ = ["RecalibratedClassifier", "recalibrate"]

PARAMETERS: dict[str, list[Any]] = {
    "estimator": [
        Instance(
            "a fitted classifier with decision_function or predict_proba",
            methods=("fit", "classes_"),
        )
    ],
    "similar_rate": [NONE, OPEN_RATE],
}


class RecalibratedClassifier(PairScoreMixin, ClassifierMixin, BaseEstimator):
    """A fitted model with new probabilities: its log-odds, scaled and shifted.

    The scale and the shift are those of the greatest likelihood on new pairs. Ranking
    and symmetry stay as they are.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier of pairs, or a Pipeline. It is not fitted again and not
        copied. Where scikit-learn clones (searches, cross-validation), wrap it in
        ``sklearn.frozen.FrozenEstimator``, as :func:`recalibrate` does.
    similar_rate : float, default=None
        The rate of similar pairs where the model is used, in (0, 1). Shifts the
        log-odds, so that probabilities hold there. None keeps the (weighted) rate of
        the new pairs.

    Attributes
    ----------
    scale_ : float
        What the log-odds of the estimator are multiplied with; positive. Below one,
        the estimator was too sure.
    shift_ : float
        What is added.
    classes_ : ndarray of shape (2,)
        The labels of the estimator; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    recalibrate : The same in one call.
    calibrate_threshold : A threshold for a purpose, where no probability is needed.
    sklearn.calibration.CalibratedClassifierCV : Isotonic maps; wants many more pairs.

    Notes
    -----
    Platt, Probabilistic outputs for support vector machines, in Advances in Large
    Margin Classifiers, 1999, 61-74, without his smoothing of the labels: the two
    numbers are plain maximum likelihood, found by Newton's method. The log-odds are
    those of the decision function if it agrees with the probabilities, and otherwise
    those of the probabilities; without `predict_proba`, any decision function will do.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.metrics import log_loss
    >>> from sksymsim import RecalibratedClassifier, SymmetricPairClassifier
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> known = spoken.digit < 5
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data[known], spoken.digit[known], n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> new, y_new, _ = make_pairs(
    ...     spoken.data[~known], spoken.digit[~known], n_pairs=2000, random_state=1
    ... )
    >>> moved = RecalibratedClassifier(FrozenEstimator(model))
    >>> moved = moved.fit(new[:500], y_new[:500])
    >>> before = log_loss(y_new[500:], model.predict_proba(new[500:]))
    >>> log_loss(y_new[500:], moved.predict_proba(new[500:])) < before
    True
    """

    scale_: float
    shift_: float
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self, estimator: Estimator, *, similar_rate: float | None = None
    ) -> None:
        self.estimator = estimator
        self.similar_rate = similar_rate

    def fit(
        self, X: PairsLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Find scale and shift.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            Pairs that the estimator was not fitted on. A hundred are a start.
        y : array-like of shape (n_pairs,)
            Their labels, of the same two classes.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights; a weight of 2 equals a repeated pair.

        Returns
        -------
        self : RecalibratedClassifier

        Raises
        ------
        ValueError
            If the estimator is not fitted, the pairs or labels cannot be used, only one
            class has weight, the scores carry no information about the labels, or they
            separate them perfectly.
        """
        check_parameters(self, PARAMETERS)
        pairs = check_pairs(X, allow_nan=True)
        y = check_labels_of_model(y, self.estimator, len(pairs))
        with watched(self, pairs, y, sample_weight):
            self._find(pairs, y, sample_weight)
        return self

    def _find(self, pairs, y, sample_weight):
        classes = np.asarray(self.estimator.classes_)
        method = log_odds_method(self.estimator, pairs)
        scores = read_log_odds(self.estimator, pairs, method)
        similar, scores, weights = check_scores(y, scores, sample_weight, classes[1])
        targets = np.where(similar, 1.0, -1.0)
        check_informative(similar, scores)
        scale, shift = fit_scale_and_intercept(scores, targets, weights, True)
        check_informative(similar, scores, scale)
        if self.similar_rate is not None:
            observed = weights[similar].sum() / weights.sum()
            shift += float(logit(self.similar_rate) - logit(observed))
        self._method = method
        self.classes_ = classes
        self._remember_features(pairs)
        self.scale_ = scale
        self.shift_ = shift
        self._write_card(pairs, similar, {})

    def _scores(self, pairs):
        log_odds = read_log_odds(self.estimator, pairs, self._method)
        return log_odds * self.scale_ + self.shift_


def recalibrate(
    model: Estimator,
    pairs: PairsLike,
    y: ArrayLike,
    *,
    similar_rate: float | None = None,
    sample_weight: ArrayLike | None = None,
) -> RecalibratedClassifier:
    """Give a fitted model new probabilities, out of pairs of where it is used now.

    Parameters
    ----------
    model : estimator
        A fitted classifier of pairs, or a Pipeline. It is not changed.
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
        Pairs that the model was not fitted on.
    y : array-like of shape (n_pairs,)
        Their labels.
    similar_rate : float, default=None
        The rate of similar pairs where the model is used, in (0, 1). None keeps that of
        `pairs`.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights.

    Returns
    -------
    recalibrated : RecalibratedClassifier
        Fitted. It holds the model in a ``FrozenEstimator``, so that it can be cloned.

    Raises
    ------
    ValueError
        What :meth:`RecalibratedClassifier.fit` raises.

    See Also
    --------
    RecalibratedClassifier : What is returned, with the mathematics.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import recalibrate
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:600], y[:600])
    >>> recalibrate(model, pairs[600:], y[600:]).predict_proba(pairs[:2]).shape
    (2, 2)
    """
    frozen = FrozenEstimator(model)
    wrapped = RecalibratedClassifier(frozen, similar_rate=similar_rate)
    return wrapped.fit(pairs, y, sample_weight=sample_weight)
