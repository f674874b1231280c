# SPDX-License-Identifier: BSD-3-Clause
"""MetricLearnAdapter: the methods of metric-learn's pair learners, over our models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from sksymsim._base import PackageMixin, tags_of_pairs
from sksymsim._callbacks import watched
from sksymsim._fit_arguments import weight_argument
from sksymsim._metric_learn.distance import (
    LearnedDistanceMixin,
    is_distance,
    wrapped,
)
from sksymsim._metric_learn.preprocessor import (
    form_items,
    form_pairs,
    make_preprocessor,
)
from sksymsim._metric_learn.threshold import DistanceThresholdMixin
from sksymsim._validation.features import check_takes_weights
from sksymsim._validation.items import check_pairs, takes_pairs
from sksymsim._validation.parameters import NONE, Instance, check_parameters
from sksymsim._validation.scores import check_has_probabilities
from sksymsim._validation.targets import check_labels, check_weights
from sksymsim.classifier import SymmetricPairClassifier

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

__all__ = ["MetricLearnAdapter"]

PARAMETERS: dict[str, list[Any]] = {
    "estimator": [
        NONE,
        Instance(
            "a classifier of pairs with fit and decision_function",
            methods=("fit", "decision_function"),
        ),
    ]
}


def _has_probabilities(adapter):
    """Say whether there are probabilities, or raise the reason why not."""
    check_has_probabilities(wrapped(adapter))
    return True


class MetricLearnAdapter(
    LearnedDistanceMixin,
    DistanceThresholdMixin,
    PackageMixin,
    ClassifierMixin,
    BaseEstimator,
):
    """Our models behind the methods of metric-learn's pair learners.

    For programs that were written for ``ITML``, ``MMC`` or ``SDML``: the same methods
    with the same meaning, and probabilities. metric-learn need not be installed.

    Parameters
    ----------
    estimator : estimator, default=None
        A classifier of pairs; it is cloned. None is ``SymmetricPairClassifier()``. With
        that class, ``form="mahalanobis"`` and ``psd=True`` there is a distance. Any
        other classifier of pairs will do; then `pair_score` and `decision_function` are
        its log-odds, and methods of distances are missing. Searches reach its
        parameters by ``estimator__alpha`` if it is given.
    preprocessor : array-like of shape (n_items, n_features) or callable, default=None
        Where ids become vectors: a table of which they are row numbers, or a function
        from an array of ids to as many rows.

    Attributes
    ----------
    estimator_ : estimator
        The fitted classifier: what to save and to deploy. It knows nothing of the
        `preprocessor`.
    components_ : ndarray of shape (n_components, n_features)
        Q, of which distances are made: M = Q'Q. As many rows as features, or as
        `n_components` of the estimator, the last of them zero if the rank is less.
        With another array put in its place, distances and labels are those of that
        array; probabilities remain those of the fit.
    threshold_ : float
        Pairs are called similar up to this distance; from its negative on, if scores
        are log-odds. After `fit` without `calibration_params`, where similar is as
        probable as not; negative if that is nowhere.
    preprocessor_ : callable or None
        What looks up ids.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    MetricLearnPairClassifier : A learner of metric-learn, with our methods.
    SymmetricPairClassifier : The model itself.

    Notes
    -----
    Interface and definitions follow metric-learn 0.7 [1]_. What is different: labels
    may be 0 and 1 or any other two, and one label alone is refused; `fit` sets the
    threshold by the fitted probabilities and not by the training labels, unless there
    are `calibration_params`; a calibrated threshold lies half-way between two distances
    of the pairs; row numbers that are negative or too large are refused;
    `n_features_in_` is the width of an item, which is checked.

    Tuples and lists are arrays of pairs, as in metric-learn: two arrays of sides become
    pairs by ``Pairs(X_a, X_b)``. Ids are looked up for every pair, so that scores have
    the same bits with and without `preprocessor`. A table as `preprocessor` is copied
    by every ``clone``; ``Pairs.from_index`` has neither cost.

    References
    ----------
    .. [1] de Vazelhes, W. et al. metric-learn: Metric learning algorithms in Python.
       JMLR 21 (2020), 138.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import MetricLearnAdapter, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, random_state=0
    ... )
    >>> ids, y = pairs.index, np.where(y, 1, -1)
    >>> model = MetricLearnAdapter(preprocessor=spoken.data).fit(ids[:600], y[:600])
    >>> model = model.calibrate_threshold(
    ...     ids[600:], y[600:], strategy="max_tpr", min_rate=0.95
    ... )
    >>> model.predict(ids[:3]).tolist() == y[:3].tolist()
    True
    >>> model.score(ids[600:], y[600:]) > 0.8
    True
    """

    estimator_: Estimator
    threshold_: float
    preprocessor_: Callable[..., Any]
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    # How learners of metric-learn say of how many items a sample is.
    _tuple_size = 2

    def __init__(
        self, estimator: Estimator = None, *, preprocessor: ArrayLike | None = None
    ) -> None:
        self.estimator = estimator
        self.preprocessor = preprocessor

    def __sklearn_tags__(self) -> Any:
        tags = tags_of_pairs(super().__sklearn_tags__())
        tags.input_tags.string = self.preprocessor is not None
        tags.classifier_tags.multi_class = False
        return tags

    # -------------------------------------------------------------------- fitting

    def fit(
        self,
        X: PairsLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        calibration_params: dict[str, Any] | None = None,
    ) -> Self:
        """Learn the metric, and set the threshold.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs; with a `preprocessor` also two ids for each.
        y : array-like of shape (n_pairs,)
            Two labels of any kind, such as -1 and 1; the greater one means "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights; a weight of 2 equals a repeated pair, if it does for
            `estimator`.
        calibration_params : dict, default=None
            Arguments of `calibrate_threshold`, which is then called with the training
            pairs. None sets the threshold where the probability is one half.

        Returns
        -------
        self : MetricLearnAdapter

        Raises
        ------
        TypeError
            If pairs or ids are of a type that cannot be used.
        ValueError
            If a parameter, the pairs, labels or weights cannot be used.
        IndexError
            If ids are no rows of the `preprocessor`.
        """
        check_parameters(self, PARAMETERS)
        if calibration_params is not None:
            self._validate_calibration_params(**calibration_params)
        preprocessor = make_preprocessor(self.preprocessor)
        pairs = form_pairs(X, preprocessor, type(self).__name__)
        check_labels(y, len(check_pairs(pairs, min_pairs=2)))
        estimator = (
            SymmetricPairClassifier() if self.estimator is None else self.estimator
        )
        arguments = {}
        if sample_weight is not None:
            name, _ = weight_argument(estimator)
            check_takes_weights(estimator, name, sample_weight)
            arguments[name] = check_weights(sample_weight, len(pairs))
        with watched(self, pairs, y, sample_weight):
            self._keep(clone(estimator).fit(pairs, y, **arguments), pairs, preprocessor)
        if calibration_params is not None:
            self.calibrate_threshold(pairs, y, **calibration_params)
        return self

    def _keep(self, fitted, pairs, preprocessor):
        self.estimator_ = fitted
        self.preprocessor_ = preprocessor
        self.classes_ = fitted.classes_
        self._remember_features(pairs)
        self.threshold_ = 0.0
        vars(self).pop("components_", None)
        if is_distance(fitted):
            n_rows = fitted.n_components or self.n_features_in_
            self.components_ = np.zeros((n_rows, self.n_features_in_))
            self.components_[: len(fitted.components_)] = fitted.components_
            k = fitted.intercept_
            self.threshold_ = float(np.copysign(np.sqrt(abs(k)), k))

    def _check_preprocessor(self):
        """Look up ids as the parameter says now, and not as it did at the fit."""
        self.preprocessor_ = make_preprocessor(self.preprocessor)

    # -------------------------------------------------------------------- scoring

    def _lookup(self):
        if "preprocessor_" not in vars(self):
            return make_preprocessor(self.preprocessor)
        return self.preprocessor_

    def _checked_pairs(self, X):
        pairs = form_pairs(X, self._lookup(), type(self).__name__)
        return super()._checked_pairs(pairs)

    def _checked_items(self, X):
        check_is_fitted(self, "estimator_")
        items = form_items(X, self._lookup(), type(self).__name__)
        return super()._checked_items(items)

    @takes_pairs
    def pair_score(self, X: PairsLike) -> Floats:
        """Return similarities: negative distances where there are distances.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            Or the log-odds of `estimator_`, if its scores are no distances.
        """
        if is_distance(wrapped(self)):
            return -self.pair_distance(X)
        pairs = self._checked_pairs(X)
        return self.estimator_.decision_function(pairs)

    @available_if(_has_probabilities)
    @takes_pairs
    def predict_proba(self, X: PairsLike) -> Floats:
        """Return the probabilities that the pairs are dissimilar and similar.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        probabilities : ndarray of shape (n_pairs, 2)
            Those of `estimator_`: they know nothing of `threshold_`. Columns in the
            order of `classes_`.
        """
        pairs = self._checked_pairs(X)
        return self.estimator_.predict_proba(pairs)

    @available_if(_has_probabilities)
    @takes_pairs
    def predict_log_proba(self, X: PairsLike) -> Floats:
        """Return the logarithms of the probabilities.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        log_probabilities : ndarray of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        pairs = self._checked_pairs(X)
        return self.estimator_.predict_log_proba(pairs)
