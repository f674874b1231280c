# SPDX-License-Identifier: BSD-3-Clause
"""What a model can do whose score is made of matrices of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksymsim._cross import best_of_all_pairs, score_all_pairs
from sksymsim._forms import FORMS
from sksymsim._frames_out import FramesOutMixin
from sksymsim._metric import LearnedMetric
from sksymsim._scoring import squared_distances, transform_items
from sksymsim._validation.items import takes_pairs
from sksymsim._validation.sizes import check_n_best

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sksymsim._typing import (
        Floats,
        Integers,
        ItemsLike,
        PairsLike,
        available_if,
    )
else:
    from sklearn.utils.metaestimators import available_if


def _fitted_as(estimator):
    """Return form and psd of the last fit, or before it those that are set."""
    return getattr(estimator, "_fitted", (estimator.form, estimator.psd))


def _has_matrices(estimator):
    """Say whether the form has matrices of the items, or raise the reason why not."""
    form, _ = _fitted_as(estimator)
    if form not in FORMS:
        raise AttributeError(
            f"not available: form={form!r} is a sum over training pairs, not one of "
            "matrices. Use decision_function, or another form."
        )
    return True


def _has_matrix(estimator):
    """Say whether the form has one matrix M, or raise the reason why not."""
    _has_matrices(estimator)
    form, _ = _fitted_as(estimator)
    if not FORMS[form].has_metric:
        raise AttributeError(
            f"not available: form={form!r} has no single matrix M. Use "
            "get_polynomial(), or form='mahalanobis' or 'bilinear'."
        )
    return True


def _has_metric(estimator):
    """Say whether M = Q'Q holds, or raise the reason why not."""
    _has_matrix(estimator)
    if not _fitted_as(estimator)[1]:
        raise AttributeError(
            "not available: psd=False leaves M without a real factor Q, and M is no "
            "metric. Use psd=True."
        )
    return True


class LearnedMatricesMixin(FramesOutMixin):
    """Distances, all pairs of two tables, the learned space and its matrices.

    The class that inherits has `form`, `psd` and `n_jobs`, and after fit ``_score``, a
    FittedScore, and ``_fitted``, form and psd at that time. A form without matrices
    lacks all of this, and one without a metric what needs one.
    """

    def _may_transform(self):
        return _has_metric(self)

    @available_if(_has_metric)
    @takes_pairs
    def pair_distance(self, X: PairsLike) -> Floats:
        """Return the distance of the two sides in the learned space.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        distances : ndarray of shape (n_pairs,)
            The square root of (a-b)'M(a-b), for "bilinear" too.
        """
        pairs = self._checked_pairs(X)
        return np.sqrt(squared_distances(self._score, pairs, self.n_jobs))

    @available_if(_has_matrices)
    def cross_scores(self, X_a: ItemsLike, X_b: ItemsLike) -> Floats:
        """Return the log-odds of every item of one table with every one of another.

        Parameters
        ----------
        X_a : {array-like, sparse matrix} of shape (n_a, n_features)
            Items.
        X_b : {array-like, sparse matrix} of shape (n_b, n_features)
            Items.

        Returns
        -------
        scores : ndarray of shape (n_a, n_b)
            Equal, bit for bit, to the transpose of ``cross_scores(X_b, X_a)``. The
            entries equal `decision_function` up to rounding.

        Raises
        ------
        MemoryError
            If the matrix would be larger than the memory of this machine.
        """
        X_a, X_b = self._checked_items(X_a, "X_a"), self._checked_items(X_b, "X_b")
        return score_all_pairs(self._score, X_a, X_b, self.n_jobs)

    @available_if(_has_matrices)
    def top_k(
        self, X_query: ItemsLike, X_base: ItemsLike, k: int
    ) -> tuple[Floats, Integers]:
        """Find for each query the k items of the base with the highest log-odds.

        The matrix of all scores is never held.

        Parameters
        ----------
        X_query : {array-like, sparse matrix} of shape (n_queries, n_features)
            Items.
        X_base : {array-like, sparse matrix} of shape (n_base, n_features)
            Items. If the queries are among them, each one finds itself.
        k : int
            How many to find, from 1 to n_base.

        Returns
        -------
        scores : ndarray of shape (n_queries, k)
            Log-odds, falling along a row; the entries of `cross_scores`, bit for bit.
        indices : ndarray of int of shape (n_queries, k)
            The rows of `X_base` that have them. Of equal scores the lower row number
            comes first.

        Raises
        ------
        ValueError
            If `k` is less than 1 or more than the items of the base.
        MemoryError
            If the result would be larger than the memory of this machine.

        Examples
        --------
        >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
        >>> spoken = load_spoken_digits()
        >>> pairs, y, _ = make_pairs(
        ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
        ... )
        >>> model = SymmetricPairClassifier().fit(pairs, y)
        >>> scores, indices = model.top_k(spoken.data[:5], spoken.data, k=3)
        >>> indices.shape
        (5, 3)
        >>> indices[:, 0]  # the most similar recording is the query itself
        array([0, 1, 2, 3, 4])
        """
        X_query = self._checked_items(X_query, "X_query")
        X_base = self._checked_items(X_base, "X_base")
        check_n_best(k, X_base.shape[0])
        return best_of_all_pairs(self._score, X_query, X_base, int(k), self.n_jobs)

    # ------------------------------------------------------------ what was learned

    @available_if(_has_metric)
    def transform(self, X: ItemsLike) -> Any:
        """Map items to the space in which the form is plain.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_items, n_features)
            Single items, not pairs.

        Returns
        -------
        X_new : {ndarray, data frame} of shape (n_items, n_components)
            The items times Q': Euclid there is `pair_distance`, and for "bilinear" the
            dot product there is the log-odds less the intercept. See `set_output`.
        """
        items = self._checked_items(X)
        values = transform_items(self._score, items, self.n_jobs)
        return self._as_output(values, X)

    @available_if(_has_metric)
    def get_metric(self) -> Callable[..., Any]:
        """Return the learned distance as a function of two vectors.

        Returns
        -------
        metric : callable
            ``metric(u, v, squared=False)`` for two arrays of shape (n_features,); can
            be pickled and given to scikit-learn's ``metric=`` parameters.
        """
        check_is_fitted(self)
        return LearnedMetric(self.components_)

    @available_if(_has_matrix)
    def get_mahalanobis_matrix(self) -> Floats:
        """Return M.

        Returns
        -------
        M : ndarray of shape (n_features, n_features)
            Symmetric; semidefinite if ``psd=True``.
        """
        check_is_fitted(self)
        return self._score.matrices[0]

    @available_if(_has_matrices)
    def get_polynomial(self) -> tuple[float, Floats, Floats, Floats]:
        """Return the score as a polynomial: k + c'(a+b) + a'Ga + b'Gb + 2a'Lb.

        Returns
        -------
        k : float
        c : ndarray of shape (n_features,)
        G : ndarray of shape (n_features, n_features)
        L : ndarray of shape (n_features, n_features)
        """
        check_is_fitted(self)
        return self._score.polynomial()

    @property
    def components_(self) -> Floats:
        """Q, for the forms with a metric: M = Q'Q.

        Orthogonal rows, the longest first; rows of length zero are left out.
        """
        score = self._kept_score("components_")
        _has_metric(self)
        return score.factors[0]
