# SPDX-License-Identifier: BSD-3-Clause
"""A network as an estimator that is shown one part of its pairs after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._networks.options import PARAMETERS
from sksymsim._networks.stream import fit_one_epoch
from sksymsim._validation.items import check_finite_pairs, check_pairs
from sksymsim._validation.networks import check_is_stochastic, check_partial_labels
from sksymsim._validation.parameters import check_parameters
from sksymsim._weights import relative_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import PairsLike, available_if
else:
    from sklearn.utils.metaestimators import available_if


class PartialFitMixin:
    """`partial_fit`, which goes on where `fit` or an earlier call has ended.

    The class that inherits has ``_recipe(n_features, known)`` and the attributes of a
    fit: ``_model``, ``_stream`` (None after `fit`), `classes_`, `n_iter_` and
    `loss_curve_`.
    """

    validation_scores_: list[float] | None
    best_validation_score_: float | None

    @available_if(check_is_stochastic)
    def partial_fit(
        self,
        X: PairsLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from some more pairs, in one epoch of "adam".

        The first call sets up the network as `fit` does, from these pairs: they should
        be enough to tell the mean of the items, and k and g if both classes are among
        them. Later calls go on with the weights of earlier ones, or of `fit`, and with
        the means of "adam" of earlier ones. Nothing is held out.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : array-like of shape (n_pairs,)
            Their labels.
        classes : array-like of shape (2,), default=None
            Both labels. Needed in the first call if `y` may have one only.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights; their ratios matter within one call.

        Returns
        -------
        self : SymmetricMLPClassifier

        Raises
        ------
        TypeError, ValueError
            As in `fit`; and if `classes` or labels are not those of earlier calls.
        """
        check_parameters(self, PARAMETERS)
        known = vars(self).get("_model")
        pairs = check_pairs(X) if known is None else self._checked_pairs(X)
        check_finite_pairs(pairs)
        classes, similar = check_partial_labels(
            y, classes, vars(self).get("classes_"), len(pairs)
        )
        weights = relative_weights(sample_weight, len(pairs))
        sample = LabelledPairs(pairs, similar, weights).of_weight()
        recipe = self._recipe(pairs.shape[2], known)
        stream, loss = fit_one_epoch(
            recipe, sample, vars(self).get("_stream"), self.random_state
        )

        self._model, self._stream = stream.model, stream
        self.classes_ = classes
        self._remember_features(pairs)
        self.n_iter_ = vars(self).get("n_iter_", 0) + 1
        self.loss_curve_ = [*vars(self).get("loss_curve_", ()), loss]
        self.validation_scores_ = self.best_validation_score_ = None
        self._write_card(sample.pairs, sample.similar, {}, goes_on=True)
        return self
