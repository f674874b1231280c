# SPDX-License-Identifier: BSD-3-Clause
"""From the score of a pair to probabilities and labels: the same for every model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

from sksymsim._base import PackageMixin, tags_of_pairs
from sksymsim._card import training_card
from sksymsim._validation.items import takes_pairs

if TYPE_CHECKING:
    from typing import Any

    from sksymsim._typing import Floats, PairsLike


class PairScoreMixin(PackageMixin):
    """Methods of a binary classifier of pairs whose score is a log-odds.

    The class that inherits has ``_scores(pairs)``, which maps ``Pairs`` of the right
    width to one log-odds for each and refuses NaN and infinity, and after fit
    ``classes_`` and ``n_features_in_``.
    """

    def _write_card(self, pairs, similar, scores, *, goes_on=False, also=None):
        """Remember what the fit was made of: the last step of every fit.

        Parameters
        ----------
        pairs, similar, scores
            See :func:`training_card`.
        goes_on : bool, default=False
            Whether earlier fits count too.
        also : estimator, default=None
            Another one that is to remember it, if it is a model of pairs.
        """
        earlier = vars(self).get("_card") if goes_on else None
        self._card = training_card(self, pairs, similar, scores, earlier)
        if isinstance(also, PairScoreMixin):
            also._card = {**self._card, "estimator": type(also).__name__}

    def __sklearn_tags__(self) -> Any:
        tags = tags_of_pairs(super().__sklearn_tags__())
        tags.classifier_tags.multi_class = False
        return tags

    @takes_pairs
    def decision_function(self, X: PairsLike) -> Floats:
        """Return the log-odds that the pairs are similar.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            Natural logarithms; float32 if the pairs are float32 or float16.
        """
        return self._scores(self._checked_pairs(X))

    @takes_pairs
    def predict_proba(self, X: PairsLike) -> Floats:
        """Return the probabilities that the pairs are dissimilar and similar.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        probabilities : ndarray of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        scores = self.decision_function(X)
        return _two_columns(expit, scores)

    @takes_pairs
    def predict_log_proba(self, X: PairsLike) -> Floats:
        """Return the logarithms of the probabilities, exact for very small ones.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        scores = self.decision_function(X)
        return _two_columns(log_expit, scores)

    @takes_pairs
    def predict(self, X: PairsLike) -> Floats:
        """Return the more probable label of each pair.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        labels : ndarray of shape (n_pairs,)
            The second class where the log-odds are positive.
        """
        similar = self.decision_function(X) > 0
        return self.classes_[similar.astype(np.intp)]


def _two_columns(function, scores):
    """Return a function of the negative scores and of the scores, side by side."""
    columns = np.empty((len(scores), 2), dtype=scores.dtype)
    function(-scores, out=columns[:, 0])
    function(scores, out=columns[:, 1])
    return columns
