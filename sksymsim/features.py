# SPDX-License-Identifier: BSD-3-Clause
"""SymmetricFeatures: pairs as rows of numbers that do not know the order of the two."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sksymsim._aggregations import AGGREGATIONS
from sksymsim._base import PackageMixin, tags_of_pairs
from sksymsim._blocks import as_rows, block_slices, release_pages, working_dtype
from sksymsim._callbacks import watched
from sksymsim._validation.features import check_aggregations, check_feature_names
from sksymsim._validation.items import check_finite_pairs, check_pairs
from sksymsim._validation.memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import PairsLike, Rows, Strings

__all__ = ["SymmetricFeatures"]

# Of a name as a Python string, at the least.
NAME_BYTES = 64


class SymmetricFeatures(PackageMixin, TransformerMixin, BaseEstimator):
    """Turn pairs into features that are the same for (a, b) and (b, a).

    With it in front, any scikit-learn model of rows is a symmetric model of pairs.

    Parameters
    ----------
    aggregations : list of str or str, default=("absdiff", "product", "cosine")
        What to make of the two sides, in the order of the output. Without "cosine" or
        "distance", a model has to learn from the pairs what the whole of an item says.
        One feature for each feature j of an item:

        - "sum": ``a_j + b_j``
        - "mean": ``(a_j + b_j) / 2``
        - "absdiff": ``|a_j - b_j|``
        - "std": ``|a_j - b_j| / 2``, the standard deviation of the two
        - "sqdiff": ``(a_j - b_j) ** 2``
        - "product": ``a_j * b_j``
        - "max", "min": the larger, the smaller of the two

        One feature for each ``j <= k``, that is d(d+1)/2 of items of d features:

        - "outer": the upper triangle of the outer product, ``(ab' + ba') / 2``
        - "moment": the upper triangle of ``(aa' + bb') / 2``

        One feature:

        - "cosine": the cosine of the two; 0 if one has length zero
        - "distance": the Euclidean distance

    Attributes
    ----------
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    SymmetrizedClassifier : Keeps the two sides apart, and averages over both orders.
    SymmetricPairClassifier : Learns the weights of "outer" and the like without ever
        computing them.

    Notes
    -----
    A function of the two that does not depend on their order, applied before the model:
    the invariant pooling of Zaheer et al., Deep sets, NeurIPS 2017, on sets of two. The
    output is symmetric bit for bit, so all that follows is.

    In the two triangles, entries beside the diagonal are multiplied by the root of two.
    So the dot product of two rows is that of the whole matrices, which for "outer" is
    the kernel ``((a'c)(b'd) + (a'd)(b'c)) / 2`` of the pairs (a, b) and (c, d): the
    TPPK of Ben-Hur and Noble, Bioinformatics 21 (2005), i38-i46, with a linear base. A
    ridge penalty then treats the weights as a symmetric matrix.

    Every aggregation is 0 where both sides are, so pairs of CSR sides become CSR;
    with "cosine" and "distance", one column of it is full. Nothing is fitted; `fit`
    checks the parameters and remembers the width.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sksymsim import SymmetricFeatures, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=600, random_state=0
    ... )
    >>> model = make_pipeline(
    ...     SymmetricFeatures(["absdiff", "product"]),
    ...     HistGradientBoostingClassifier(max_iter=20),
    ... )
    >>> p = model.fit(pairs, y).predict_proba(pairs)
    >>> bool((p == model.predict_proba(pairs.swap())).all())
    True
    >>> SymmetricFeatures("cosine").fit_transform(pairs).shape
    (600, 1)
    """

    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self, aggregations: Sequence[str] | str = ("absdiff", "product", "cosine")
    ) -> None:
        self.aggregations = aggregations

    def __sklearn_tags__(self) -> Any:
        tags = tags_of_pairs(super().__sklearn_tags__())
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: PairsLike, y: object = None) -> Self:
        """Check the parameters and remember the width of the items.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : None
            Ignored.

        Returns
        -------
        self : SymmetricFeatures

        Raises
        ------
        ValueError
            If an aggregation is unknown or named twice, or the pairs cannot be used.
        """
        names = check_aggregations(self.aggregations, AGGREGATIONS)
        pairs = check_pairs(X)
        with watched(self, pairs, y):
            self._chosen = names
            self._remember_features(pairs)
        return self

    def transform(self, X: PairsLike) -> Rows:
        """Compute the features.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        features : {ndarray, CSR matrix} of shape (n_pairs, n_features_out)
            CSR if the sides are. float32 for float32 and float16 items, float64 for
            all other.
        """
        pairs = self._checked_pairs(X)
        check_finite_pairs(pairs)
        chosen = [AGGREGATIONS[name] for name in self._chosen]
        return _from_csr(pairs, chosen) if pairs.is_sparse else _dense(pairs, chosen)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Strings:
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of an item. None takes those of the fit, or x0, x1,
            ... if there were none.

        Returns
        -------
        names : ndarray of str
            Such as "absdiff_x0", "outer_x0_x1" and "cosine".
        """
        check_is_fitted(self)
        known = vars(self).get("feature_names_in_")
        widths = [AGGREGATIONS[one].width(self.n_features_in_) for one in self._chosen]
        check_memory(
            sum(widths) * NAME_BYTES,
            f"the names of {sum(widths)} features",
            "reduce the items by PCA first, or leave out 'outer'",
        )
        names = check_feature_names(input_features, self.n_features_in_, known)
        made = (AGGREGATIONS[one].feature_names(names) for one in self._chosen)
        return np.asarray(list(chain.from_iterable(made)), dtype=object)


def _check_memory(n_pairs, row_bytes):
    check_memory(
        n_pairs * row_bytes,
        f"the features of {n_pairs} pairs",
        "transform fewer pairs at a time, reduce the items by PCA first, or leave out "
        "'outer', which has the square of their width",
    )


def _dense(pairs, chosen):
    """Fill one array block by block, so that nothing else of its size is needed."""
    n_pairs, _, n_features = pairs.shape
    dtype = working_dtype(pairs.dtype)
    ends = np.cumsum([one.width(n_features) for one in chosen]).tolist()
    columns = [slice(i, j) for i, j in zip([0, *ends], ends, strict=False)]
    _check_memory(n_pairs, ends[-1] * dtype.itemsize)
    result = np.empty((n_pairs, ends[-1]), dtype=dtype)
    for rows in block_slices(n_pairs, 4 * n_features * dtype.itemsize):
        left, right = (as_rows(side, dtype) for side in pairs.block(rows))
        for one, where in zip(chosen, columns, strict=True):
            one.fill(left, right, result[rows, where])
        release_pages(*pairs._tables)
    return result


def _from_csr(pairs, chosen):
    dtype = working_dtype(pairs.dtype)
    filled = sum(table.nnz / max(1, table.shape[0]) for table in pairs._tables)
    blocks = []
    for rows in block_slices(len(pairs), 64 * max(1.0, filled)):
        left, right = (
            sparse.csr_matrix(as_rows(side, dtype)) for side in pairs.block(rows)
        )
        made = [one.from_csr(left, right) for one in chosen]
        blocks.append(sparse.hstack(made, format="csr"))
    return sparse.vstack(blocks, format="csr")
