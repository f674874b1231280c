# SPDX-License-Identifier: BSD-3-Clause
"""A learned distance with metric-learn's methods, where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksymsim._frames_out import FramesOutMixin
from sksymsim._metric import LearnedMetric
from sksymsim._score import FittedScore
from sksymsim._scoring import squared_distances, transform_items
from sksymsim._validation.items import takes_pairs
from sksymsim._validation.metric_learn import warn_of_score_pairs
from sksymsim.classifier import SymmetricPairClassifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sksymsim._typing import Floats, ItemsLike, PairsLike, available_if
else:
    from sklearn.utils.metaestimators import available_if


def wrapped(adapter):
    """Return the fitted estimator, or before a fit that which will be fitted."""
    known = vars(adapter).get("estimator_", adapter.estimator)
    return SymmetricPairClassifier() if known is None else known


def is_distance(estimator):
    """Say whether the scores of a classifier are distances."""
    return (
        isinstance(estimator, SymmetricPairClassifier)
        and estimator.form == "mahalanobis"
        and estimator.psd
    )


def _has_distance(adapter):
    """Say whether scores are distances, or raise the reason why not."""
    estimator = wrapped(adapter)
    if not is_distance(estimator):
        raise AttributeError(
            f"not available: the scores of {type(estimator).__name__} as given are no "
            "distances. Use pair_score, or a SymmetricPairClassifier with "
            "form='mahalanobis' and psd=True."
        )
    return True


class LearnedDistanceMixin(FramesOutMixin):
    """The distance of ``components_``, the space in which it is Euclid's, its matrix.

    The class that inherits has `estimator`, and after fit ``estimator_``, and if the
    scores of that are distances ``components_``. Without, all of this is missing.
    """

    def _may_transform(self):
        return _has_distance(self)

    def _distance_score(self):
        """Return -(a-b)'M(a-b) as the loops of scoring want it."""
        return FittedScore.of_metric(np.atleast_2d(self.components_))

    @available_if(_has_distance)
    @takes_pairs
    def pair_distance(self, X: PairsLike) -> Floats:
        """Return the learned distances.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        distances : ndarray of shape (n_pairs,)
            The square root of (a-b)'M(a-b).
        """
        pairs = self._checked_pairs(X)
        return np.sqrt(squared_distances(self._distance_score(), pairs))

    @available_if(_has_distance)
    def score_pairs(self, X: PairsLike) -> Floats:
        """Return the learned distances; deprecated in metric-learn, so here too.

        Parameters
        ----------
        X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, or their ids.

        Returns
        -------
        distances : ndarray of shape (n_pairs,)

        Warns
        -----
        FutureWarning
            Always: use `pair_distance` or `pair_score`.
        """
        warn_of_score_pairs(stacklevel=2)
        return self.pair_distance(X)

    # ------------------------------------------------------------ what was learned

    @available_if(_has_distance)
    def transform(self, X: ItemsLike) -> Any:
        """Map items to the space in which Euclid is the learned distance.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_items, n_features) or (n_items,)
            Single items, or their ids.

        Returns
        -------
        X_new : {ndarray, data frame} of shape (n_items, n_components)
            The items times Q'. See `set_output`.
        """
        items = self._checked_items(X)
        return self._as_output(transform_items(self._distance_score(), items), X)

    @available_if(_has_distance)
    def get_metric(self) -> Callable[..., Any]:
        """Return the learned distance as a function of two vectors.

        Returns
        -------
        metric : callable
            ``metric(u, v, squared=False)`` for two arrays of shape (n_features,). What
            happens to the model later does not change it.
        """
        check_is_fitted(self, "estimator_")
        return LearnedMetric(np.atleast_2d(self.components_).copy())

    @available_if(_has_distance)
    def get_mahalanobis_matrix(self) -> Floats:
        """Return M = Q'Q.

        Returns
        -------
        M : ndarray of shape (n_features, n_features)
        """
        check_is_fitted(self, "estimator_")
        return self._distance_score().matrices[0]
