# SPDX-License-Identifier: BSD-3-Clause
"""SymmetrizedClassifier: any classifier of rows, made symmetric by both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sksymsim._blocks import working_dtype
from sksymsim._both_orders import (
    clone_with_folds_of_pairs,
    concatenate,
    map_blocks,
    rows_in_both_orders,
)
from sksymsim._callbacks import watched
from sksymsim._fit_arguments import weight_argument
from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._prediction import PairScoreMixin
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.features import (
    CLASSIFIER,
    FEATURE_MAP,
    check_has_scores,
    check_takes_weights,
)
from sksymsim._validation.items import check_finite_pairs, check_pairs, takes_pairs
from sksymsim._validation.parameters import NONE, check_parameters
from sksymsim._validation.scores import check_has_probabilities
from sksymsim._validation.targets import (
    check_both_classes_weighted,
    check_labels,
    check_weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import (
        Estimator,
        Floats,
        Labels,
        PairsLike,
        Strings,
        available_if,
    )
else:
    from sklearn.utils.metaestimators import available_if

__all__ = ["SymmetrizedClassifier"]


def _has_probabilities(model):
    """Say whether the estimator has probabilities, or raise the reason why not."""
    check_has_probabilities(getattr(model, "estimator_", model.estimator))
    return True


class SymmetrizedClassifier(PairScoreMixin, ClassifierMixin, BaseEstimator):
    """Any classifier on ``[a, b]``, fitted on both orders and averaged over both.

    Each training pair becomes two rows, ``[a, b]`` and ``[b, a]``, with the same label.
    The score of a pair is the mean of the log-odds of its two rows. Training on both
    orders alone leaves a model that is only roughly symmetric; the mean makes it
    exactly so.

    Parameters
    ----------
    estimator : estimator
        A classifier of rows with `predict_proba` or `decision_function`, or a Pipeline
        or a search of such. It is cloned.
    feature_map : callable, default=None
        Makes rows of the two sides: ``feature_map(left, right)``, of shapes
        (n_pairs, n_features), returns an array or a CSR matrix of shape
        (n_pairs, n_columns), each row of which depends on that pair only. It is called
        with blocks of pairs, and need not be symmetric. None is the concatenation.
        For pickles it must be importable, so no lambda.

    Attributes
    ----------
    estimator_ : estimator
        The fitted classifier of rows.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    SymmetricFeatures : Symmetric before the model: half the rows, and no folds to mind.
    SymmetricPairClassifier : Learns what products of features need to be weighed.

    Notes
    -----
    *Scores.* Log-odds come from the decision function if it agrees with the
    probabilities, otherwise from the probabilities. With `decision_function` alone, the
    score is the mean of its values, and there are no probabilities (but see
    :func:`recalibrate`). Swapping the sides swaps two numbers that are added, so no bit
    changes, provided that the estimator says the same of the same rows twice (random
    forests with `n_jobs` add up in the order in which threads finish).

    *Weights.* Both rows have half the weight of their pair, so that the total, and with
    it the meaning of a penalty such as `C`, is that of the pairs; without
    `sample_weight`, each pair has weight 1. Pairs of weight 0 are dropped. Weights go
    to the last step of a Pipeline, through searches, and with metadata routing enabled
    to whatever requested them. An estimator that takes no weights, or contains
    classifiers that take none, gets none unless you pass some: for it every pair counts
    twice.

    *Folds inside the estimator.* The two orders of a pair must not be on both sides of
    a fold, or the test rows are as good as known. So each parameter ``cv`` in the
    estimator, however deep, is replaced by one that divides pairs: numbers of folds,
    splitters and lists of splits all count pairs, not rows (as in
    ``LogisticRegressionCV``, ``GridSearchCV``, ``CalibratedClassifierCV``,
    ``StackingClassifier``). They know nothing of items that pairs share. To choose by
    folds that share no item, search outside, ``GridSearchCV(SymmetrizedClassifier(...),
    ..., cv=PairGroupKFold())``, or pass ``cv=list(PairGroupKFold().split(pairs, y))``.
    What cannot be helped: `validation_fraction` of estimators that stop early divides
    rows at random, so their validation scores are too good; and estimators that
    resample (``BaggingClassifier``) must not contain a ``cv``, which is refused.

    *What the concatenation can express* depends on the estimator: logistic regression
    can express nothing of similarity, as both orders leave it with ``w'(a + b)``.

    References
    ----------
    Brunner, C. et al. Pairwise support vector machines and their application to large
    scale problems. JMLR 13 (2012), 2279-2292, on training with both orders.

    Examples
    --------
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sksymsim import SymmetrizedClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=500, random_state=0
    ... )
    >>> forest = RandomForestClassifier(n_estimators=20, random_state=0)
    >>> model = SymmetrizedClassifier(forest).fit(pairs, y)
    >>> p = model.predict_proba(pairs)
    >>> bool((p == model.predict_proba(pairs.swap())).all())
    True
    """

    estimator_: Estimator
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self, estimator: Estimator, *, feature_map: Callable[..., Any] | None = None
    ) -> None:
        self.estimator = estimator
        self.feature_map = feature_map

    def fit(
        self, X: PairsLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the classifier on both orders of the pairs.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : array-like of shape (n_pairs,)
            Two labels of any kind that `estimator` takes; the greater one means
            "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights; a weight of 2 equals a repeated pair, if it does for
            `estimator`.

        Returns
        -------
        self : SymmetrizedClassifier

        Raises
        ------
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If a parameter, `X`, `y` or `sample_weight` cannot be used, `estimator` has
            no scores or cannot take the weights, or a ``cv`` in it cannot divide pairs.
        """
        check_parameters(
            self, {"estimator": [CLASSIFIER], "feature_map": [NONE, FEATURE_MAP]}
        )
        pairs = check_pairs(X, min_pairs=2)
        classes, similar = check_labels(y, len(pairs))
        labels = classes[similar.astype(np.intp)]
        with watched(self, pairs, labels, sample_weight):
            self._fit_pairs(pairs, classes, similar, sample_weight)
        return self

    def _fit_pairs(self, pairs, classes, similar, sample_weight):
        weights = check_weights(sample_weight, len(pairs))
        if weights is not None:
            check_both_classes_weighted(similar, weights)
            known = LabelledPairs(pairs, similar, weights).of_weight()
            pairs, similar, weights = known.pairs, known.similar, known.weights
        name, certain = weight_argument(self.estimator)
        check_takes_weights(self.estimator, name, sample_weight)
        arguments = {}
        if weights is not None or certain:
            weights = np.ones(len(pairs)) if weights is None else weights
            arguments[name] = np.repeat(weights / 2, 2)
        feature_map = self.feature_map or concatenate
        rows = rows_in_both_orders(pairs, feature_map)
        labels = np.repeat(classes[similar.astype(np.intp)], 2)
        fitted = clone_with_folds_of_pairs(self.estimator)
        fitted.fit(rows, labels, **arguments)
        # Some know what they can say only now, such as stacks.
        check_has_scores(fitted)
        self._method = log_odds_method(fitted, rows)
        self._feature_map = feature_map
        self.estimator_ = fitted
        self.classes_ = classes
        self._remember_features(pairs)
        self._write_card(pairs, similar, {})

    @available_if(_has_probabilities)
    @takes_pairs
    def predict_proba(self, X: PairsLike) -> Floats:
        """Return the probabilities that the pairs are dissimilar and similar.

        Available if `estimator` has probabilities.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        probabilities : ndarray of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        return super().predict_proba(X)

    @available_if(_has_probabilities)
    @takes_pairs
    def predict_log_proba(self, X: PairsLike) -> Floats:
        """Return the logarithms of the probabilities.

        Available if `estimator` has probabilities.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        return super().predict_log_proba(X)

    def _scores(self, pairs):
        check_finite_pairs(pairs)
        scores = np.empty(len(pairs), dtype=working_dtype(pairs.dtype))
        for rows, *orders in map_blocks(pairs, self._feature_map):
            one, other = (
                np.array(read_log_odds(self.estimator_, x, self._method), dtype=float)
                for x in orders
            )
            # The sum of two does not depend on their order, not by a bit.
            scores[rows] = (one + other) / 2
        return scores
