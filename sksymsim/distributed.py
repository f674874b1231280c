# SPDX-License-Identifier: BSD-3-Clause
"""More than one machine: fits and scores of pairs on a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from sksymsim._blocks import working_dtype
from sksymsim._classifier_options import check_options
from sksymsim._distributed.dask_input import column_blocks
from sksymsim._distributed.dask_parts import DaskReadings
from sksymsim._distributed.dask_scoring import (
    Items,
    best_blocks,
    cross_blocks,
    score_blocks,
)
from sksymsim._distributed.parted_estimator import fit_readings
from sksymsim._distributed.parts import read_part
from sksymsim._solvers import warn_if_not_converged
from sksymsim._validation.distributed import (
    check_client,
    check_distributed_estimator,
    check_fitted_model,
    import_dask,
)
from sksymsim._validation.sizes import check_n_best
from sksymsim.classifier import ADVICE, SymmetricPairClassifier
from sksymsim.dask_pairs import blocks_of_pairs

if TYPE_CHECKING:
    from typing_extensions import Self

    from sksymsim._typing import DaskArray, Estimator, Labels
    from sksymsim.dask_pairs import DaskPairs

__all__ = ["DaskPairClassifier"]


class DaskPairClassifier(BaseEstimator):
    """Fit a pair classifier, and score with it, where the pairs are: on a Dask cluster.

    The pairs stay on their workers. Each evaluation of the objective sends the
    unknowns there and brings back one loss and one gradient, summed over all
    partitions. The objective, and so its minimum, is that of a fit in one process.

    Parameters
    ----------
    estimator : SymmetricPairClassifier, default=None
        What to fit; its parameters mean the same here, and it is not changed. None is
        one with its defaults. ``form="poly"``, whose unknowns are coefficients of
        pairs, is refused.

    Attributes
    ----------
    estimator_ : SymmetricPairClassifier
        The fitted model. It is a plain one: it scores arrays in memory, and is
        pickled, saved and loaded without Dask.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.

    See Also
    --------
    sksymsim.DaskPairs : Pairs by an index or by ids.

    Notes
    -----
    What a fit in one process does with single pairs is left out: it does not look for
    rows that occur again, nor for labels that contradict each other
    (:func:`audit_labels`), and finds its steps by trial. So it takes some more
    evaluations. Sums are taken in the order of the partitions, so that results do
    not depend on the number of workers; they do depend, by rounding, on how the pairs
    are cut into partitions.

    A worker that ends takes nothing with it but time: what it held is read again, if it
    comes from collections that can be. The `fit` needs a ``distributed.Client``; scores
    are lazy Dask arrays, which any scheduler of Dask computes.

    Sums over partitions of data that stays where it is are the way of the
    consensus solvers of [1]_, section 8, and with exact gradients of any first-order
    method; this is the second.

    References
    ----------
    .. [1] Boyd, S. et al. Distributed optimization and statistical learning via the
       alternating direction method of multipliers. Foundations and Trends in Machine
       Learning 3 (2011), 1-122.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from sksymsim import (
    ...     DaskPairClassifier,
    ...     DaskPairs,
    ...     SymmetricPairClassifier,
    ...     load_spoken_digits,
    ...     make_pairs,
    ... )
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
    ... )
    >>> index = da.from_array(pairs.index, chunks=(500, 2))
    >>> X = DaskPairs.from_index(pairs.items, index)
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     model = DaskPairClassifier(SymmetricPairClassifier()).fit(X, y)
    ...     probability = model.predict_proba(X).compute()
    >>> probability.shape
    (2000, 2)
    >>> model.estimator_.score(pairs, y) > 0.8
    True
    """

    estimator_: SymmetricPairClassifier
    classes_: Labels
    n_features_in_: int

    def __init__(self, estimator: SymmetricPairClassifier | None = None) -> None:
        self.estimator = estimator

    @classmethod
    def from_fitted(cls, model: Estimator) -> Self:
        """Return a scorer of Dask collections for a model that is fitted already.

        Parameters
        ----------
        model : estimator
            Any fitted classifier of pairs, a Pipeline of one too.

        Returns
        -------
        scorer : DaskPairClassifier
            With `model` as ``estimator_``.

        Raises
        ------
        TypeError
            If `model` scores no pairs.
        """
        check_fitted_model(model, ("predict_proba", "predict"))
        check_is_fitted(model)
        scorer = cls(model)
        scorer._take(model)
        return scorer

    def _take(self, model):
        self.estimator_ = model
        self.classes_ = model.classes_
        self.n_features_in_ = model.n_features_in_

    def fit(
        self,
        X: DaskPairs | DaskArray | tuple[DaskArray, DaskArray],
        y: DaskArray,
        sample_weight: DaskArray | None = None,
    ) -> Self:
        """Learn the similarity, from pairs that stay on their workers.

        Parameters
        ----------
        X : DaskPairs, dask array of shape (n_pairs, 2, n_features) or (X_a, X_b)
            The pairs. Each partition should hold 10,000 pairs or more, and all of
            them together with as much again must fit into the memory of the workers.
        y : dask array or series of shape (n_pairs,), or array-like
            Two labels of any kind; the greater one means "similar".
        sample_weight : dask array or series of shape (n_pairs,), default=None
            Non-negative weights, or an array-like of them.

        Returns
        -------
        self : DaskPairClassifier

        Raises
        ------
        TypeError
            If `X` is no Dask collection, or the estimator has no objective that is a
            sum over pairs.
        ValueError
            If a parameter, the shape or the values of `X`, `y` or `sample_weight`
            cannot be used. An earlier fit is then still there and usable.
        ImportError
            If Dask is not installed.
        RuntimeError
            If there is no client, or if workers lose data again and again that cannot
            be made again.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` was reached before `tol`.
        """
        wanted = SymmetricPairClassifier() if self.estimator is None else self.estimator
        check_distributed_estimator(wanted, isinstance(wanted, SymmetricPairClassifier))
        model = self._begin(wanted)
        check_options(model)
        blocks = blocks_of_pairs(X)
        client = check_client()
        labels = column_blocks(y, blocks.sizes, "y")
        weights = [None] * len(labels)
        if sample_weight is not None:
            weights = column_blocks(sample_weight, blocks.sizes, "sample_weight")
        reading = import_dask().delayed(read_part)

        def read():
            parts = blocks.delayed(lambda table: _send(client, table))
            return [reading(*part) for part in zip(parts, labels, weights, strict=True)]

        result = fit_readings(model, DaskReadings(client, read))
        warn_if_not_converged(result, model.max_iter, model.tol, ADVICE, stacklevel=2)
        self._take(model)
        return self

    def _begin(self, wanted):
        """Return an unfitted model, or with warm_start the fitted one."""
        model = clone(wanted)
        earlier = getattr(self, "estimator_", None)
        if model.warm_start and isinstance(earlier, SymmetricPairClassifier):
            model._score = earlier._score
            model.n_features_in_ = earlier.n_features_in_
        return model

    # -------------------------------------------------------------------- scoring

    def _lazy(self, method, X, n_columns=0, dtype=None):
        check_is_fitted(self)
        blocks = blocks_of_pairs(X)
        dtype = working_dtype(blocks.dtype) if dtype is None else dtype
        return score_blocks(self.estimator_, method, blocks, n_columns, dtype)

    def decision_function(
        self, X: DaskPairs | DaskArray | tuple[DaskArray, DaskArray]
    ) -> DaskArray:
        """Return the log-odds that the pairs are similar, lazily.

        Parameters
        ----------
        X : DaskPairs, dask array of shape (n_pairs, 2, n_features) or (X_a, X_b)
            The pairs.

        Returns
        -------
        scores : dask.array.Array of shape (n_pairs,)
            In the partitions of the pairs.
        """
        return self._lazy("decision_function", X)

    def predict_proba(
        self, X: DaskPairs | DaskArray | tuple[DaskArray, DaskArray]
    ) -> DaskArray:
        """Return the probabilities that the pairs are dissimilar and similar, lazily.

        Parameters
        ----------
        X : DaskPairs, dask array of shape (n_pairs, 2, n_features) or (X_a, X_b)
            The pairs.

        Returns
        -------
        probabilities : dask.array.Array of shape (n_pairs, 2)
            Columns in the order of `classes_`.
        """
        return self._lazy("predict_proba", X, n_columns=2)

    def predict(
        self, X: DaskPairs | DaskArray | tuple[DaskArray, DaskArray]
    ) -> DaskArray:
        """Return the more probable label of each pair, lazily.

        Parameters
        ----------
        X : DaskPairs, dask array of shape (n_pairs, 2, n_features) or (X_a, X_b)
            The pairs.

        Returns
        -------
        labels : dask.array.Array of shape (n_pairs,)
            The second class where the log-odds are positive.
        """
        check_is_fitted(self)
        return self._lazy("predict", X, dtype=np.asarray(self.classes_).dtype)

    def cross_scores(self, X_a: DaskArray, X_b: DaskArray) -> DaskArray:
        """Return the log-odds of every item of one table with every one of another.

        Parameters
        ----------
        X_a : dask.array.Array or array-like of shape (n_a, n_features)
            Items.
        X_b : dask.array.Array or array-like of shape (n_b, n_features)
            Items.

        Returns
        -------
        scores : dask.array.Array of shape (n_a, n_b)
            A block for each block of `X_a` and each of `X_b`.
        """
        check_is_fitted(self)
        model = self.estimator_
        return cross_blocks(model, Items(X_a, model, "X_a"), Items(X_b, model, "X_b"))

    def top_k(
        self, X_query: DaskArray, X_base: DaskArray, k: int
    ) -> tuple[DaskArray, DaskArray]:
        """Find for each query the k items of the base with the highest log-odds.

        Each block of queries meets each block of the base by itself; only the k best of
        each meeting are put together.

        Parameters
        ----------
        X_query : dask.array.Array or array-like of shape (n_queries, n_features)
            Items.
        X_base : dask.array.Array or array-like of shape (n_base, n_features)
            Items, in blocks of known sizes.
        k : int
            How many to find, from 1 to n_base.

        Returns
        -------
        scores : dask.array.Array of shape (n_queries, k)
            Log-odds, falling along a row.
        indices : dask.array.Array of int of shape (n_queries, k)
            The rows of `X_base` that have them. Of equal scores the lower row number
            comes first.

        Raises
        ------
        ValueError
            If `k` is less than 1 or more than the items of the base, or if the rows
            of the blocks of `X_base` are not known.
        """
        check_is_fitted(self)
        model = self.estimator_
        base = Items(X_base, model, "X_base")
        check_n_best(k, base.n_rows)
        return best_blocks(model, Items(X_query, model, "X_query"), base, int(k))


def _send(client, table):
    """Send something that all workers need to all of them."""
    (sent,) = client.scatter([table], broadcast=True, hash=False)
    return sent
