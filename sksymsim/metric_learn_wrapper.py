# SPDX-License-Identifier: BSD-3-Clause
"""MetricLearnPairClassifier: a learner of metric-learn as a classifier of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from sksymsim._callbacks import watched
from sksymsim._frames_out import FramesOutMixin
from sksymsim._metric import LearnedMetric
from sksymsim._objective import fit_scale_and_intercept
from sksymsim._prediction import PairScoreMixin
from sksymsim._score import FittedScore
from sksymsim._scoring import score_pairs, squared_distances, transform_items
from sksymsim._validation.items import check_pairs, takes_pairs
from sksymsim._validation.metric_learn import (
    LEARNER,
    TRAIN,
    check_components,
    check_cv,
    check_kinds_of_different,
    warn_if_uninformative,
)
from sksymsim._validation.parameters import NONE, check_parameters
from sksymsim._validation.scores import OPEN_RATE, check_held_out
from sksymsim._validation.targets import check_labels
from sksymsim._weights import rate_shift
from sksymsim.model_selection import PairGroupKFold

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import (
        Estimator,
        Floats,
        ItemsLike,
        Labels,
        PairsLike,
        Splits,
        Strings,
    )

__all__ = ["MetricLearnPairClassifier"]

PARAMETERS: dict[str, list[Any]] = {
    "learner": [LEARNER],
    "similar_rate": [NONE, OPEN_RATE],
}


class MetricLearnPairClassifier(
    FramesOutMixin, PairScoreMixin, ClassifierMixin, BaseEstimator
):
    """A pair learner of metric-learn, with our input, labels and probabilities.

    The learner learns M; the log-odds that a pair is similar are ``shift - scale *
    (a-b)'M(a-b)``, with both numbers fitted to distances of pairs that were held out.

    Parameters
    ----------
    learner : estimator
        A learner of pairs with the interface of metric-learn, such as ``ITML()``, or
        one of your own with `fit`, `set_threshold` and, after fit, `components_` or
        ``get_mahalanobis_matrix()``. It is cloned, and given pairs as an array of shape
        (n_pairs, 2, n_features) with labels -1 and 1.
    cv : "train", splitter or iterable of (train, test), default=None
        On which pairs scale and shift are fitted, by learners that have not seen them:
        None is three folds of which no two share an item, ``PairGroupKFold(3)`` without
        shuffling; a splitter or an iterable of splits makes others. "train" takes the
        distances of the training pairs, without any more fits; the probabilities are
        then too sure.
    similar_rate : float, default=None
        The rate of similar pairs where the model is used, in (0, 1). Shifts the
        log-odds, so that probabilities hold there. None keeps the rate of the training
        pairs.

    Attributes
    ----------
    learner_ : estimator
        The learner, fitted to all pairs.
    components_ : ndarray of shape (n_components, n_features)
        Q of the learner: M = Q'Q.
    scale_ : float
        What squared distances are multiplied with, not negative.
    shift_ : float
        The log-odds of two equal items.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    MetricLearnAdapter : The other way round: our models, with metric-learn's methods.
    SymmetricPairClassifier : Takes a fitted learner as its `prior` and goes on from it.

    Notes
    -----
    *Probabilities.* Platt's scaling [1]_ of the negative squared distances, with his
    smoothed labels, so that it exists where the distances separate all pairs. It is
    the model of [2]_ with a given M. Folds with few pairs warn or fail as those of
    :class:`PairGroupKFold` do.

    *Pairs of equal items* are not given to the learner: their distance is zero under
    any M. (With one such pair that is labelled dissimilar, ITML would divide by zero.)

    *Scores* are computed here and not by the learner: in blocks, with the same bits for
    (a, b) and (b, a), and by items where pairs are an index.

    A `preprocessor` of the learner is not used: pairs arrive as vectors. The learner
    does not know weights, so neither does this class. metric-learn 0.7.0 needs
    scikit-learn < 1.8, ``pip install "sksymsim[metric-learn]"``.

    References
    ----------
    .. [1] Platt, J. Probabilistic outputs for support vector machines. Advances in
       Large Margin Classifiers, 1999, 61-74.
    .. [2] Guillaumin, M., Verbeek, J. and Schmid, C. Is that you? Metric learning
       approaches for face identification. ICCV 2009.

    Examples
    --------
    Any object with these methods is a learner; with metric-learn, write ``ITML()``.

    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from sksymsim import MetricLearnPairClassifier, load_spoken_digits, make_pairs
    >>> class Diagonal(BaseEstimator):
    ...     def fit(self, pairs, y):
    ...         gaps = pairs[y == 1, 0] - pairs[y == 1, 1]
    ...         self.components_ = np.diag(1 / gaps.std(axis=0))
    ...         return self
    ...
    ...     def set_threshold(self, threshold):
    ...         self.threshold_ = threshold
    ...
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, random_state=0
    ... )
    >>> model = MetricLearnPairClassifier(Diagonal()).fit(pairs[:600], y[:600])
    >>> p = model.predict_proba(pairs[600:])
    >>> bool((p == model.predict_proba(pairs[600:].swap())).all())
    True
    """

    learner_: Estimator
    scale_: float
    shift_: float
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self,
        learner: Estimator,
        *,
        cv: Splits | Literal["train"] | None = None,
        similar_rate: float | None = None,
    ) -> None:
        self.learner = learner
        self.cv = cv
        self.similar_rate = similar_rate

    def fit(self, X: PairsLike, y: ArrayLike) -> Self:
        """Fit the learner, then scale and shift.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : array-like of shape (n_pairs,)
            Two labels of any kind; the greater one means "similar".

        Returns
        -------
        self : MetricLearnPairClassifier

        Raises
        ------
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If a parameter, `X` or `y` cannot be used, folds cannot be made, or what was
            learned is not finite.

        Warns
        -----
        UserWarning
            If the distances do not tell similar pairs from dissimilar ones.
        """
        check_parameters(self, PARAMETERS)
        check_cv(self.cv)
        pairs = check_pairs(X, min_pairs=2)
        classes, similar = check_labels(y, len(pairs))
        labels = classes[similar.astype(np.intp)]
        with watched(self, pairs, labels):
            scale = self._fit_pairs(pairs, classes, similar)
        warn_if_uninformative(scale, self.learner_, stacklevel=2)
        return self

    def _fit_pairs(self, pairs, classes, similar):
        """Fit, and return by how much distances count."""
        learner = self._learn(pairs, similar)
        components = _components_of(learner, pairs.shape[2])
        rows, squares = self._held_out(pairs, similar, components)
        scale, shift = _platt(-squares, similar[rows])
        weights = np.full(len(pairs), 1 / len(pairs))
        self.learner_ = learner
        self.components_ = components
        self.scale_ = scale
        self.shift_ = shift + rate_shift(self.similar_rate, similar, weights)
        self.classes_ = classes
        self._remember_features(pairs)
        self._score = FittedScore.of_metric(np.sqrt(scale) * components, self.shift_)
        self._write_card(pairs, similar, {})
        return scale

    def _learn(self, pairs, similar):
        """Return the learner fitted to those pairs that can teach a metric anything."""
        array = np.asarray(pairs, dtype=np.float64)
        differ = (array[:, 0] != array[:, 1]).any(axis=1)
        if not differ.all():
            array, similar = array[differ], similar[differ]
        check_kinds_of_different(similar)
        return clone(self.learner).fit(array, np.where(similar, 1, -1))

    def _held_out(self, pairs, similar, components):
        """Return pairs and their squared distances under metrics that did not see them.

        `components` are those of the learner that has seen all pairs.
        """
        if isinstance(self.cv, str) and self.cv == TRAIN:
            return np.arange(len(pairs)), _squares(components, pairs)
        cv = PairGroupKFold(3, shuffle=False) if self.cv is None else self.cv
        labels = similar.astype(int)
        splits = cv.split(pairs, labels) if hasattr(cv, "split") else cv
        rows, squares = [], []
        for train, test in splits:
            learner = self._learn(pairs[train], similar[train])
            held_out = _components_of(learner, pairs.shape[2])
            rows.append(np.arange(len(pairs))[test])
            squares.append(_squares(held_out, pairs[test]))
        check_held_out(rows)
        return np.concatenate(rows), np.concatenate(squares)

    # -------------------------------------------------------------------- scoring

    def _scores(self, pairs):
        return score_pairs(self._score, pairs)

    @takes_pairs
    def pair_distance(self, X: PairsLike) -> Floats:
        """Return the distances that the learner has learned.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        distances : ndarray of shape (n_pairs,)
            The square root of (a-b)'M(a-b).
        """
        pairs = self._checked_pairs(X)
        return np.sqrt(_squares(self.components_, pairs))

    @takes_pairs
    def pair_score(self, X: PairsLike) -> Floats:
        """Return the negative distances.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
        """
        return -self.pair_distance(X)

    def transform(self, X: ItemsLike) -> Any:
        """Map items to the space in which Euclid is the learned distance.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_items, n_features)
            Single items, not pairs.

        Returns
        -------
        X_new : {ndarray, data frame} of shape (n_items, n_components)
            The items times Q'. See `set_output`.
        """
        items = self._checked_items(X)
        values = transform_items(FittedScore.of_metric(self.components_), items)
        return self._as_output(values, X)

    def get_metric(self) -> Callable[..., Any]:
        """Return the learned distance as a function of two vectors.

        Returns
        -------
        metric : callable
            ``metric(u, v, squared=False)`` for two arrays of shape (n_features,).
        """
        check_is_fitted(self)
        return LearnedMetric(self.components_)

    def get_mahalanobis_matrix(self) -> Floats:
        """Return M of the learner, so that this model can be a `prior` too.

        Returns
        -------
        M : ndarray of shape (n_features, n_features)
        """
        check_is_fitted(self)
        return FittedScore.of_metric(self.components_).matrices[0]


def _components_of(learner, n_features):
    """Return Q of a fitted learner."""
    if hasattr(learner, "components_"):
        components = np.atleast_2d(np.asarray(learner.components_, dtype=np.float64))
    else:
        matrix = np.asarray(learner.get_mahalanobis_matrix(), dtype=np.float64)
        check_components(matrix, n_features, learner)
        lam, basis = np.linalg.eigh((matrix + matrix.T) / 2)
        components = np.sqrt(np.maximum(lam, 0.0))[:, None] * basis.T
    check_components(components, n_features, learner)
    return components


def _squares(components, pairs):
    squares = squared_distances(FittedScore.of_metric(components), pairs)
    return squares.astype(np.float64, copy=False)


def _platt(scores, similar):
    """Return scale and shift by maximum likelihood under Platt's smoothed labels."""
    n_similar = int(similar.sum())
    n_dissimilar = len(similar) - n_similar
    wanted = np.where(
        similar, (n_similar + 1) / (n_similar + 2), 1 / (n_dissimilar + 2)
    )
    # A label between the two is both labels, with weights.
    targets = np.repeat([1.0, -1.0], len(scores))
    weights = np.concatenate([wanted, 1 - wanted])
    return fit_scale_and_intercept(np.tile(scores, 2), targets, weights, True)
