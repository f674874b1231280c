# SPDX-License-Identifier: BSD-3-Clause
"""Preparing items: one transformer for both sides, and the usual normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.validation import check_array, check_is_fitted

from sksymsim._base import PackageMixin, tags_of_pairs
from sksymsim._callbacks import watched
from sksymsim._validation.features import check_feature_names
from sksymsim._validation.frames import names_of
from sksymsim._validation.items import check_finite_items, check_pairs, check_width
from sksymsim._validation.parameters import BOOL, Instance, Number, check_parameters
from sksymsim._validation.preparing import check_items_to_normalize, naming_rows
from sksymsim._whitening import covariance_of, inverse_root

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Estimator, Floats, PairsLike, Strings
    from sksymsim.pairs import Pairs

__all__ = ["EmbeddingNormalizer", "SharedTransformer"]


class EmbeddingNormalizer(
    PackageMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    """Centre, whiten as far as wished, and scale embeddings to unit length.

    Parameters
    ----------
    center : bool, default=True
        Whether to subtract the mean of the training items.
    whiten : float, default=0.0
        How far the covariance C of the training items is taken out, from 0 (not at
        all) to 1 (entirely): the items are multiplied by the inverse root of
        ``whiten * C + (1 - whiten) * mean_variance * I``. At 1, directions in which
        the training items do not differ are dropped; values near 1 want many more
        items than features.
    norm : bool, default=True
        Whether to divide each item by its Euclidean length afterwards. Items of
        length zero stay zero.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        What is subtracted; zero if ``center=False``.
    whitening_ : ndarray of shape (n_features, n_features) or None
        The symmetric matrix that items are multiplied with; None if ``whiten=0``.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of str of shape (n_features,)
        Names of the features, if the training items had any.

    See Also
    --------
    SharedTransformer : Applies a transformer to both sides of pairs.

    Notes
    -----
    The whitening is the symmetric one (ZCA), so that features keep their meaning and
    their names. It is the shrunk form of the usual back-end of speaker recognition:
    Garcia-Romero and Espy-Wilson, Analysis of i-vector length normalization in
    speaker recognition systems, Interspeech 2011; the shrinkage is that of Ledoit and
    Wolf, J. Multivar. Anal. 88 (2004), 365, with a fixed weight.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import EmbeddingNormalizer
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) * [1.0, 10.0, 100.0]
    >>> Z = EmbeddingNormalizer(whiten=1.0, norm=False).fit_transform(X)
    >>> np.allclose(np.cov(Z.T, bias=True), np.eye(3))
    True
    """

    mean_: Floats
    whitening_: Floats | None
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self, *, center: bool = True, whiten: float = 0.0, norm: bool = True
    ) -> None:
        self.center = center
        self.whiten = whiten
        self.norm = norm

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the mean and the covariance.

        Parameters
        ----------
        X : array-like of shape (n_items, n_features)
            Items.
        y : None
            Ignored.

        Returns
        -------
        self : EmbeddingNormalizer

        Raises
        ------
        ValueError
            If a parameter or the items cannot be used.
        """
        check_parameters(
            self,
            {"center": [BOOL], "whiten": [Number(float, 0, 1)], "norm": [BOOL]},
        )
        names, X = names_of(X), self._checked(X)
        with watched(self, X, y):
            mean = X.mean(axis=0, dtype=np.float64)
            whitening = None
            if self.whiten > 0:
                whitening = inverse_root(covariance_of(X, mean), self.whiten)
                whitening = np.ascontiguousarray(whitening, dtype=X.dtype)
            self.mean_ = (mean if self.center else np.zeros_like(mean)).astype(X.dtype)
            self.whitening_ = whitening
            self._remember_features(X, names)
        return self

    def _checked(self, X):
        X = check_items_to_normalize(X)
        X = check_array(
            X,
            dtype=_float_dtype(X),
            ensure_all_finite=False,
            estimator=self,
            input_name="X",
        )
        check_finite_items(X)
        return X

    def transform(self, X: ArrayLike) -> Floats:
        """Normalise items.

        Parameters
        ----------
        X : array-like of shape (n_items, n_features)
            Items.

        Returns
        -------
        X_new : ndarray of shape (n_items, n_features)
            float32 for float32 and float16 items, float64 for all other.
        """
        check_is_fitted(self)
        self._checked_names(names_of(X))
        X = self._checked(X)
        check_width(X.shape[1], self.n_features_in_, type(self).__name__)
        mean = self.mean_.astype(X.dtype, copy=False)
        X = X - mean
        # What is left of equal numbers is rounding: no direction to be scaled up.
        X[np.abs(X) <= 4 * np.finfo(X.dtype).eps * np.abs(mean)] = 0
        if self.whitening_ is not None:
            X = X @ self.whitening_.astype(X.dtype, copy=False)
        if self.norm:
            # Twice, the first time by the largest entry, whose square cannot overflow
            # or vanish.
            for order in (np.inf, 2):
                length = np.linalg.norm(X, ord=order, axis=1, keepdims=True)
                X /= np.where(length > 0, length, 1)
        return X


def _float_dtype(X):
    """Return the dtype for scikit-learn to convert items to, or those to keep."""
    half = getattr(X, "dtype", None) == np.float16
    return np.float32 if half else [np.float64, np.float32]


class SharedTransformer(
    PackageMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Apply one transformer to both sides of pairs.

    Fits any scikit-learn transformer on the distinct items of the training pairs and
    applies the same one to each side. This is how scaling, PCA, imputation or a whole
    Pipeline enter a pipeline of pairs.

    Parameters
    ----------
    transformer : estimator
        A transformer of items, or a Pipeline of such. It is cloned.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer; use it on single items.
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    EmbeddingNormalizer : Centre, whiten, length-normalise.

    Notes
    -----
    Items are distinct when they are different rows of an index, and, for pairs of two
    arrays, when their rows differ in a bit. An item that occurs in many pairs counts
    once.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sksymsim import Pairs, SharedTransformer, SymmetricPairClassifier
    >>> rng = np.random.default_rng(0)
    >>> index = rng.integers(50, size=(99, 2))
    >>> pairs = Pairs.from_index(rng.normal(size=(50, 8)), index)
    >>> y = rng.integers(2, size=99)
    >>> shared = SharedTransformer(PCA(n_components=3))
    >>> shared.fit_transform(pairs).shape
    (99, 2, 3)
    >>> model = make_pipeline(shared, SymmetricPairClassifier()).fit(pairs, y)
    >>> model.predict(pairs).shape
    (99,)
    """

    transformer_: Estimator
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(self, transformer: Estimator) -> None:
        self.transformer = transformer

    def __sklearn_tags__(self) -> Any:
        return tags_of_pairs(super().__sklearn_tags__())

    def fit(self, X: PairsLike, y: object = None) -> Self:
        """Fit the transformer on the distinct items of the pairs.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : None
            Ignored: labels of pairs say nothing of single items.

        Returns
        -------
        self : SharedTransformer

        Raises
        ------
        ValueError
            If `transformer` is none, or the pairs cannot be used.
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X: PairsLike, y: object = None) -> Pairs:
        """Fit, then transform the same pairs.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : None
            Ignored.

        Returns
        -------
        pairs : Pairs
        """
        return self._map(self._fit(X, y))

    def _fit(self, X, y):
        transformer = Instance(
            "a transformer with fit and transform", methods=("fit", "transform")
        )
        check_parameters(self, {"transformer": [transformer]})
        pairs = check_pairs(X, allow_nan=True)
        with watched(self, pairs, y):
            items = pairs.compact().items
            if items is None:
                items = pairs.to_index().items
            # Labels of pairs say nothing of items; some transformers want an argument.
            with naming_rows(pairs):
                fitted = clone(self.transformer).fit(items, None)
            self.transformer_ = fitted
            self._remember_features(pairs)
        return pairs

    def _map(self, pairs):
        with naming_rows(pairs):
            mapped = pairs.map_items(self.transformer_.transform)
        return mapped._named(self._names_out())

    def _names_out(self):
        """Return the names of what is made of named features, if there are any."""
        if "feature_names_in_" not in vars(self):
            return None
        try:
            return self.transformer_.get_feature_names_out(self.feature_names_in_)
        except (AttributeError, ValueError):
            # Not every transformer can tell.
            return None

    def transform(self, X: PairsLike) -> Pairs:
        """Transform both sides.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        pairs : Pairs
            Index pairs stay index pairs: each item is transformed once. Of data frames,
            with the names of :meth:`get_feature_names_out`.
        """
        return self._map(self._checked_pairs(X))

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Do nothing: pairs stay pairs, whatever container is asked for.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored. It is here so that a Pipeline can be told.

        Returns
        -------
        self : SharedTransformer
        """
        return self

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Strings:
        """Return the names of the features of one transformed item.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of an item. None takes those of the fit.

        Returns
        -------
        names : ndarray of str
        """
        check_is_fitted(self)
        known = vars(self).get("feature_names_in_")
        if known is not None:
            check_feature_names(input_features, self.n_features_in_, known)
            input_features = known
        return self.transformer_.get_feature_names_out(input_features)
