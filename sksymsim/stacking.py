# SPDX-License-Identifier: BSD-3-Clause
"""A weighted sum of the log-odds of several models of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sksymsim._blocks import working_dtype
from sksymsim._callbacks import watched
from sksymsim._fit_arguments import weight_argument
from sksymsim._prediction import PairScoreMixin
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._selection.guests import fit_guest, varies
from sksymsim._validation.features import check_takes_weights
from sksymsim._validation.items import check_pairs
from sksymsim._validation.parameters import Instance, Number, check_parameters
from sksymsim._validation.search import check_groups_of_pairs, check_members
from sksymsim._validation.targets import check_labels, check_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Estimator, Labels, PairsLike, Strings

__all__ = ["StackedPairClassifier"]


class StackedPairClassifier(PairScoreMixin, ClassifierMixin, BaseEstimator):
    """Add up the log-odds of several models of pairs, with given weights.

    Symmetric if all members are. The weights are those that
    :class:`SymmetricPairClassifierCV` finds on held-out pairs; they are given here, and
    not learned, as pairs that the members were fitted on cannot tell them.

    Parameters
    ----------
    estimators : list of (name, estimator)
        Classifiers of pairs, or Pipelines of such.
    weights : array-like of shape (n_estimators,)
        What their log-odds are multiplied with; not negative.
    intercept : float, default=0.0
        What is added.

    Attributes
    ----------
    estimators_ : list of estimator
        The fitted members.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    SymmetricPairClassifierCV : Finds members and weights.

    Notes
    -----
    Wolpert, Stacked generalization, Neural Networks 5 (1992), 241-259; without negative
    weights, after Breiman, Stacked regressions, Machine Learning 24 (1996), 49-64.

    Examples
    --------
    >>> from sksymsim import StackedPairClassifier, SymmetricPairClassifier
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> members = [
    ...     ("metric", SymmetricPairClassifier()),
    ...     ("quadratic", SymmetricPairClassifier(form="quadratic", alpha=1e-3)),
    ... ]
    >>> stack = StackedPairClassifier(members, weights=[0.5, 0.5]).fit(pairs, y)
    >>> stack.predict_proba(pairs).shape
    (1000, 2)
    """

    estimators_: list[Estimator]
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self,
        estimators: Sequence[tuple[str, Estimator]],
        weights: ArrayLike,
        *,
        intercept: float = 0.0,
    ) -> None:
        self.estimators = estimators
        self.weights = weights
        self.intercept = intercept

    def fit(
        self,
        X: PairsLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the members.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : array-like of shape (n_pairs,)
            Two labels of any kind; the greater one means "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights, of which only the ratios matter. Every member has to
            take them.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The groups of the sides, for members whose `fit` takes `groups`.

        Returns
        -------
        self : StackedPairClassifier

        Raises
        ------
        ValueError
            If there are no members, or not as many weights, or negative ones; or if
            `sample_weight` cannot reach some member.
        """
        check_parameters(
            self,
            {
                "estimators": [Instance("a list of (name, estimator)", (list,))],
                "intercept": [Number(float, -np.inf)],
            },
        )
        check_members(self.estimators, self.weights)
        pairs = check_pairs(X, min_pairs=2)
        classes, similar = check_labels(y, len(pairs))
        y = classes[similar.astype(np.intp)]
        weights = check_weights(sample_weight, len(pairs))
        groups = check_groups_of_pairs(groups, len(pairs))
        with watched(self, pairs, y, sample_weight):
            fitted = []
            for _, member in self.estimators:
                if varies(weights):
                    name, certain = weight_argument(member)
                    check_takes_weights(member, name if certain else None, weights)
                fitted.append(fit_guest(member, pairs, y, weights, groups))
            self._take(fitted, pairs, y)
        return self

    def _take(self, fitted, pairs, y):
        """Make the sum of fitted members."""
        self._methods = [log_odds_method(member, pairs) for member in fitted]
        self.estimators_ = fitted
        self.classes_ = fitted[0].classes_
        self._remember_features(pairs)
        self._write_card(pairs, np.asarray(y) == self.classes_[1], {})
        return self

    def _scores(self, pairs):
        scores = np.full(len(pairs), float(self.intercept))
        for weight, member, method in zip(
            self.weights, self.estimators_, self._methods, strict=True
        ):
            scores += float(weight) * read_log_odds(member, pairs, method)
        dtype = working_dtype(pairs.dtype)
        limit = np.finfo(dtype).max
        return np.clip(scores, -limit, limit).astype(dtype, copy=False)
