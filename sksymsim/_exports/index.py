# SPDX-License-Identifier: BSD-3-Clause
"""The vectors of a learned similarity, and what the numbers of an index mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from sksymsim._exports.index_space import project_all
from sksymsim._validation.export import (
    check_engine,
    check_queries_given,
    check_values,
)
from sksymsim._validation.items import check_finite_items, check_items

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from sksymsim._typing import Floats, ItemsLike


def _same(values):
    return values


def _one_less(values):
    return 1 - values


# What makes squared distances, dot products and cosines of the numbers that an engine
# gives for them.
CONVENTIONS = {
    "l2": {
        "faiss": _same,
        "hnswlib": _same,
        "pgvector": np.square,
        "sklearn": np.square,
    },
    "inner_product": {"faiss": _same, "hnswlib": _one_less, "pgvector": np.negative},
    "cosine": {
        "faiss": _same,
        "hnswlib": _one_less,
        "pgvector": _one_less,
        "sklearn": _one_less,
    },
}


class IndexSpace:
    """The vectors of a learned similarity, and the way back to its log-odds.

    Made by :func:`to_l2`, :func:`to_inner_product` and :func:`to_cosine`. The nearest
    vectors of a query, by `metric`, are the items of the highest log-odds, in the same
    order as :meth:`SymmetricPairClassifier.top_k` finds them.

    Parameters
    ----------
    metric : {"l2", "inner_product", "cosine"}
        What the index has to compare vectors by.
    encoding : object
        How vectors are made.
    splits : list
        The parts of the score.
    intercept : float
        What is added to all scores.
    n_features : int
        The number of features of one item.
    dtype : numpy.dtype
        That of the vectors.

    Attributes
    ----------
    metric : str
        As given.
    n_dimensions : int
        The width of the vectors.
    n_features_in_ : int
        The number of features of one item.

    See Also
    --------
    to_l2 : For indexes of Euclidean distances; has an example.
    to_inner_product : For indexes of dot products.
    to_cosine : For indexes of cosines.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, to_l2
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier(n_components=8).fit(pairs, y)
    >>> space = to_l2(model, spoken.data)
    >>> space.metric, space.n_dimensions
    ('l2', 8)
    >>> space.transform_items(spoken.data).shape
    (3000, 8)
    """

    metric: str
    n_dimensions: int
    n_features_in_: int

    def __init__(
        self,
        metric: Literal["l2", "inner_product", "cosine"],
        encoding: object,
        splits: list[Any],
        intercept: float,
        n_features: int,
        dtype: np.dtype[Any],
    ) -> None:
        self.metric = metric
        self.n_dimensions = encoding.n_dimensions
        self.n_features_in_ = n_features
        self._encoding, self._splits = encoding, splits
        self._intercept, self._dtype = intercept, dtype

    def __repr__(self) -> str:
        return (
            f"IndexSpace({self.metric!r}, {self.n_features_in_} features -> "
            f"{self.n_dimensions} dimensions, {self._dtype})"
        )

    def transform_items(self, X: ItemsLike) -> Floats:
        """Return the vectors that the index holds.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_items, n_features)
            Items, as the model takes them: what transforms them in its pipeline is
            applied here.

        Returns
        -------
        vectors : ndarray of shape (n_items, n_dimensions)

        Raises
        ------
        ValueError
            If items cannot be used, or are longer than a space of vectors of length one
            has room for.
        """
        return self._vectors(X, "X", self._encoding.items)

    def transform_queries(self, X: ItemsLike) -> Floats:
        """Return the vectors that the index is asked for.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_queries, n_features)
            Items, as the model takes them.

        Returns
        -------
        vectors : ndarray of shape (n_queries, n_dimensions)
            For plain distances the same as those of `transform_items`.
        """
        return self._vectors(X, "X", self._encoding.queries)

    def _vectors(self, X, name, encode):
        with np.errstate(over="ignore", invalid="ignore"):
            vectors = encode(*self._project(X, name))
            vectors = np.ascontiguousarray(vectors, dtype=self._dtype)
        check_finite_items(vectors, "the vectors made of the items")
        return vectors

    def _project(self, X, name):
        has_transformers = any(split.transformers for split in self._splits)
        X = check_items(
            X, self.n_features_in_, "IndexSpace", name, allow_nan=has_transformers
        )
        return project_all(self._splits, X)

    def log_odds(
        self,
        values: ArrayLike,
        X_query: ItemsLike | None = None,
        *,
        engine: Literal["faiss", "hnswlib", "pgvector", "sklearn"],
    ) -> Floats:
        """Return the log-odds that belong to numbers of an index.

        Parameters
        ----------
        values : array-like of shape (n_queries, k) or (n_queries,)
            What the index found, one row for each query.
        X_query : {array-like, sparse matrix} of shape (n_queries, n_features), \
default=None
            The items that were queried. None will do for plain distances, and for dot
            products of the form "bilinear".
        engine : {"faiss", "hnswlib", "pgvector", "sklearn"}
            Whose numbers they are: FAISS and hnswlib give squared distances, the
            others distances; FAISS gives dot products, hnswlib one less these and
            pgvector their negative; of cosines, FAISS gives the dot product of vectors
            of length one, and the others give one less the cosine.

        Returns
        -------
        log_odds : ndarray of float64 of the shape of `values`
            Those of ``decision_function``, up to the rounding of the index.

        Raises
        ------
        ValueError
            If the engine has no such index, or `X_query` is missing or of other
            queries.
        """
        convert = check_engine(engine, self.metric, CONVENTIONS)
        n_queries = None if X_query is None else np.shape(X_query)[0]
        values = convert(check_values(values, n_queries))
        z = own = None
        if self._encoding.needs_query:
            check_queries_given(X_query)
            z, own = self._project(X_query, "X_query")
        return self._encoding.scores(values, z, own) + self._intercept

    def probabilities(
        self,
        values: ArrayLike,
        X_query: ItemsLike | None = None,
        *,
        engine: Literal["faiss", "hnswlib", "pgvector", "sklearn"],
    ) -> Floats:
        """Return the probabilities of "similar" that belong to numbers of an index.

        Parameters
        ----------
        values : array-like of shape (n_queries, k) or (n_queries,)
            What the index found, one row for each query.
        X_query : {array-like, sparse matrix} of shape (n_queries, n_features), \
default=None
            The items that were queried, see :meth:`log_odds`.
        engine : {"faiss", "hnswlib", "pgvector", "sklearn"}
            Whose numbers they are, see :meth:`log_odds`.

        Returns
        -------
        probabilities : ndarray of float64 of the shape of `values`
        """
        return expit(self.log_odds(values, X_query, engine=engine))
