# SPDX-License-Identifier: BSD-3-Clause
"""A learned similarity as vectors, for an index that knows nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._exports.index import IndexSpace
from sksymsim._exports.index_space import (
    Euclid,
    Product,
    Sphere,
    SphereByDistance,
    project_all,
    signs_of,
    split_member,
)
from sksymsim._exports.members import members_of
from sksymsim._forms import row_products
from sksymsim._validation.export import (
    check_sample,
    check_sample_given,
    check_space_options,
)

if TYPE_CHECKING:
    from typing import Literal

    from sksymsim._typing import Estimator, ItemsLike

__all__ = ["to_cosine", "to_inner_product", "to_l2"]


def to_l2(
    model: Estimator,
    X: ItemsLike | None = None,
    *,
    margin: float = 0.1,
    dtype: Literal["float32", "float64"] = "float32",
) -> IndexSpace:
    """Turn a learned similarity into vectors for an index of Euclidean distances.

    Parameters
    ----------
    model : estimator
        Fitted: a :class:`SymmetricPairClassifier` with matrices, a Pipeline that ends
        in one, a stack, a recalibrated model or a search of such.
    X : {array-like, sparse matrix} of shape (n_items, n_features), default=None
        The items of the index, or a sample. Their mean becomes the origin, which is
        what single precision wants. Needed for all but distances.
    margin : float, default=0.1
        How much longer than the longest of `X` later items may be, as a share of
        its length; for all but distances.
    dtype : {"float32", "float64"}, default="float32"
        That of the vectors.

    Returns
    -------
    space : IndexSpace
        For "mahalanobis" with ``psd=True``, and sums of such, the items times Q'
        (``n_components`` dimensions), whose squared distance is the intercept less the
        log-odds. For all else the vectors of :func:`to_cosine`, whose distances order
        the items in the same way.

    Raises
    ------
    TypeError
        If the model is no polynomial of degree two; the text says what can be exported.
    ValueError
        If `X` is needed and missing, or an option is out of range.

    See Also
    --------
    to_inner_product : Needs no `X` for any form.
    SymmetricPairClassifier.top_k : The same search without an index.

    Notes
    -----
    Vectors are made in double precision and rounded once. What an index computes with
    them in single precision is off by some 1e-7 of the squared lengths; items whose
    log-odds differ by less may change places.

    Examples
    --------
    >>> from sklearn.neighbors import NearestNeighbors
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import to_l2
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier(n_components=16).fit(pairs, y)
    >>> space = to_l2(model, spoken.data)
    >>> space
    IndexSpace('l2', 80 features -> 16 dimensions, float32)
    >>> index = NearestNeighbors().fit(space.transform_items(spoken.data))
    >>> query = spoken.data[:2]
    >>> distances, rows = index.kneighbors(space.transform_queries(query), 3)
    >>> scores, same_rows = model.top_k(query, spoken.data, 3)
    >>> bool((rows == same_rows).all())
    True
    >>> bool(abs(space.log_odds(distances, engine="sklearn") - scores).max() < 1e-4)
    True
    """
    parts = _Parts(model, X, margin, dtype)
    if all(split.is_distance for split in parts.splits):
        return parts.space("l2", Euclid(parts.signs))
    return parts.space("l2", parts.sphere(SphereByDistance, "to_l2 of this form"))


def to_inner_product(
    model: Estimator,
    X: ItemsLike | None = None,
    *,
    dtype: Literal["float32", "float64"] = "float32",
) -> IndexSpace:
    """Turn a learned similarity into vectors for an index of dot products.

    Parameters
    ----------
    model : estimator
        Fitted: a :class:`SymmetricPairClassifier` with matrices, a Pipeline that ends
        in one, a stack, a recalibrated model or a search of such.
    X : {array-like, sparse matrix} of shape (n_items, n_features), default=None
        The items of the index, or a sample. Their mean becomes the origin, which is
        what single precision wants.
    dtype : {"float32", "float64"}, default="float32"
        That of the vectors.

    Returns
    -------
    space : IndexSpace
        Of as many dimensions as the matrix between the two items has rank, and one more
        for what an item has by itself (not for "bilinear"). Queries and items have
        different vectors: indefinite matrices put the sign into those of queries.

    Raises
    ------
    TypeError
        If the model is no polynomial of degree two; the text says what can be exported.

    See Also
    --------
    to_l2 : For indexes of Euclidean distances.
    to_cosine : For indexes of cosines.

    Notes
    -----
    For indexes that compare with all items. Graphs such as HNSW miss less with the
    vectors of :func:`to_l2` or :func:`to_cosine`.

    With ``s(a, b) = k + own(a) + own(b) + 2a'Lb`` and ``2L = V' diag(w) V``, w being
    signs, the vector of an item is ``(Vb, own(b))`` and that of a query ``(w * Va,
    1)``: their dot product is the log-odds less what depends on the query alone.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import to_inner_product
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier("quadratic", alpha=1e-3).fit(pairs, y)
    >>> space = to_inner_product(model, spoken.data)
    >>> space.n_dimensions
    81
    >>> query = spoken.data[:2]
    >>> items = space.transform_items(spoken.data)
    >>> products = space.transform_queries(query) @ items.T
    >>> _, rows = model.top_k(query, spoken.data, 3)
    >>> bool((products.argsort(axis=1)[:, :-4:-1] == rows).all())
    True
    """
    parts = _Parts(model, X, 0.0, dtype)
    return parts.space("inner_product", parts.product())


def to_cosine(
    model: Estimator,
    X: ItemsLike,
    *,
    margin: float = 0.1,
    dtype: Literal["float32", "float64"] = "float32",
) -> IndexSpace:
    """Turn a learned similarity into vectors of length one, for an index of cosines.

    Parameters
    ----------
    model : estimator
        Fitted: a :class:`SymmetricPairClassifier` with matrices, a Pipeline that ends
        in one, a stack, a recalibrated model or a search of such.
    X : {array-like, sparse matrix} of shape (n_items, n_features)
        The items of the index. The longest of them says how long all are made.
    margin : float, default=0.1
        How much longer than the longest of `X` later items may be, as a share of
        its length. An item that is longer still is an error.
    dtype : {"float32", "float64"}, default="float32"
        That of the vectors.

    Returns
    -------
    space : IndexSpace
        Of one more dimension than that of :func:`to_inner_product`.

    Raises
    ------
    TypeError
        If the model is no polynomial of degree two; the text says what can be exported.
    ValueError
        If the items cannot be used, or an option is out of range.

    See Also
    --------
    to_inner_product : Wants no `X`; one dimension fewer.

    Notes
    -----
    One more coordinate makes all items equally long, and then the order of the dot
    products is that of the cosines [1]_.

    References
    ----------
    .. [1] Neyshabur, B. and Srebro, N. On symmetric and asymmetric LSHs for inner
       product search. ICML 2015.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import to_cosine
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier("bilinear", n_components=16).fit(pairs, y)
    >>> to_cosine(model, spoken.data).transform_items(spoken.data[:5]).shape
    (5, 17)
    """
    parts = _Parts(model, X, margin, dtype)
    return parts.space("cosine", parts.sphere(Sphere, "to_cosine"))


class _Parts:
    """What all spaces of a model begin with."""

    def __init__(self, model, X, margin, dtype):
        weighted_sum = members_of(model)
        self.margin = margin
        self.dtype = check_space_options(margin, dtype)
        self.n_features = model.n_features_in_
        self.items = check_sample(X, self.n_features, type(model).__name__)
        self.intercept = weighted_sum.intercept
        self.splits = []
        for member in weighted_sum.members:
            split, constant = split_member(member, self.items)
            self.splits.append(split)
            self.intercept += constant
        self.signs = signs_of(self.splits)

    def space(self, metric, encoding):
        return IndexSpace(
            metric, encoding, self.splits, self.intercept, self.n_features, self.dtype
        )

    def product(self, projected=None):
        has_own = any(split.has_own for split in self.splits)
        own = None
        if has_own and self.items is not None:
            own = (projected or project_all(self.splits, self.items))[1]
        return Product(self.signs, has_own, own)

    def sphere(self, kind, needed_for):
        check_sample_given(self.items, needed_for)
        z, own = project_all(self.splits, self.items)
        product = self.product((z, own))
        rows = product.items(z, own)
        longest = float(row_products(rows, rows).max()) or 1.0
        return kind(product, (1 + self.margin) ** 2 * longest)
