# SPDX-License-Identifier: BSD-3-Clause
"""The container of pairs: the only code that knows how pairs are laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from sksymsim._components import by_appearance, connect
from sksymsim._distinct import distinct_rows
from sksymsim._frames import index_from_frame
from sksymsim._validation.frames import names_of, names_of_sides
from sksymsim._validation.items import (
    check_index,
    check_mapped,
    check_sides,
    check_table,
)
from sksymsim._validation.keys import check_key
from sksymsim._validation.memory import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from sksymsim._typing import DataFrame, Integers, ItemsLike, Rows, Strings

__all__ = ["Pairs"]

ALL = slice(None)


class Pairs:
    """Pairs of embeddings that scikit-learn can slice, split and pass around.

    A pair is two rows of the same width. The rows are held either as two
    arrays with one row per pair and side, or as one table of items and two
    integers per pair; neither is copied when pairs are selected, so that a
    cross-validation fold costs two integers per pair.

    Parameters
    ----------
    left, right : {array-like, sparse matrix} of shape (n_pairs, n_features)
        The two sides. Row ``i`` of both is pair ``i``. Sparse input is kept as
        CSR; ``numpy.memmap`` input is kept as it is and read in blocks. Data frames
        must have the same columns in the same order.

    Attributes
    ----------
    shape : tuple of int
        ``(n_pairs, 2, n_features)``.
    dtype : numpy.dtype
        The common dtype of both sides.
    left, right : {ndarray, CSR matrix} of shape (n_pairs, n_features)
        The two sides. For index pairs this gathers the rows (a copy).
    items : {ndarray, CSR matrix} of shape (n_items, n_features) or None
        The table of items; None if the pairs were made from two arrays.
    index : ndarray of shape (n_pairs, 2) or None
        The rows of `items` that form each pair; None if there is no table.
    feature_names : ndarray of str of shape (n_features,) or None
        The names of the columns, if the pairs were made of data frames.

    Raises
    ------
    TypeError
        If a side holds strings or objects, or is an array that NumPy cannot read.
    ValueError
        If the sides differ in shape or in the names of their columns, are not 2-D,
        have no features or are complex.

    See Also
    --------
    sksymsim.make_pairs : Makes pairs out of class labels.

    Notes
    -----
    A ``Pairs`` behaves like an array of shape ``(n_pairs, 2, n_features)``
    wherever scikit-learn looks: it has ``shape`` and ``len``, it can be
    indexed by integers, slices, masks and index arrays, and ``numpy.asarray``
    turns it into that array. An integer keeps a container of one pair.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import Pairs
    >>> items = np.arange(8.0).reshape(4, 2)
    >>> pairs = Pairs.from_index(items, [[0, 1], [2, 3], [0, 2]])
    >>> pairs
    Pairs(3 pairs of 2 features, float64, index into 4 items)
    >>> pairs[1:].left
    array([[4., 5.],
           [0., 1.]])
    >>> Pairs(items[:2], items[2:]).shape
    (2, 2, 2)
    """

    __slots__ = ("_names", "_rows", "_tables")

    def __init__(self, left: ItemsLike, right: ItemsLike) -> None:
        self._tables = check_sides(left, right)
        self._rows: Any = None
        self._names = names_of_sides(left, right)

    @classmethod
    def _from_parts(cls, tables, rows, names=None):
        pairs = cls.__new__(cls)
        pairs._tables = tables
        pairs._rows = rows
        pairs._names = names
        return pairs

    def _with(self, tables, rows):
        """Return pairs of other rows of the same features."""
        return self._from_parts(tables, rows, self._names)

    def _named(self, names):
        """Return the same pairs with other names of the features, or without."""
        return self._from_parts(self._tables, self._rows, names)

    def __reduce__(self) -> tuple[Any, ...]:
        # A shared table goes into the file once. joblib stores arrays one by one, and
        # would bring it back as two tables.
        left, right = self._tables
        right = None if right is left else right
        return _restore, (left, right, self._rows, self._names)

    @classmethod
    def from_index(cls, items: ItemsLike, index: ArrayLike) -> Self:
        """Make pairs from a table of items and two row numbers per pair.

        Parameters
        ----------
        items : {array-like, sparse matrix} of shape (n_items, n_features)
            One row per item; not copied. A data frame gives its column names.
        index : array-like of int of shape (n_pairs, 2)
            The two rows of `items` that form each pair, counted from 0.

        Returns
        -------
        pairs : Pairs

        Raises
        ------
        TypeError
            If `index` does not hold integers.
        ValueError
            If `index` has another shape.
        IndexError
            If a number is negative or not less than the number of items.

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> Pairs.from_index([[0.0], [1.0], [2.0]], [[0, 2]]).right
        array([[2.]])
        """
        table = check_table(items, "items")
        rows = check_index(index, table.shape[0])
        return cls._from_parts((table, table), rows, names_of(items, "items"))

    @classmethod
    def from_frame(
        cls,
        frame: DataFrame,
        *,
        left: str,
        right: str,
        items: DataFrame,
        item_id: str | None = None,
        features: str | list[str] | None = None,
    ) -> Self:
        """Make pairs from a table of ids and a table of embeddings.

        Parameters
        ----------
        frame : pandas.DataFrame or polars.DataFrame
            One row per pair.
        left, right : str
            The columns of `frame` that hold the ids of the two sides.
        items : pandas.DataFrame, polars.DataFrame or mapping
            One row per item, or a mapping from id to vector.
        item_id : str, default=None
            The column of `items` that holds the ids. None takes the index of
            a pandas frame.
        features : str or list of str, default=None
            The columns of `items` that hold the embedding: one name of a
            column of vectors, or a list of names of numeric columns. None
            takes every column but `item_id`.

        Returns
        -------
        pairs : Pairs
            Index pairs; ids are not kept. Columns of numbers give their names.

        Raises
        ------
        KeyError
            If a column is missing, or ids of `frame` are missing in `items`
            (the first of them are named).
        ValueError
            If an id occurs twice in `items`.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksymsim import Pairs
        >>> items = pd.DataFrame({"x": [0.0, 1.0], "y": [2.0, 3.0]}, index=["u", "v"])
        >>> table = pd.DataFrame({"one": ["u", "v"], "two": ["v", "v"]})
        >>> Pairs.from_frame(table, left="one", right="two", items=items).index
        array([[0, 1],
               [1, 1]])
        """
        table, names, index = index_from_frame(
            frame, left, right, items, item_id, features
        )
        return cls.from_index(table, index)._named(names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Tuple (n_pairs, 2, n_features), as an array of pairs would have."""
        n_pairs = self._tables[0].shape[0] if self._rows is None else len(self._rows)
        return (n_pairs, 2, self._tables[0].shape[1])

    @property
    def ndim(self) -> int:
        """Number of axes, 3, as an array of pairs would have."""
        return 3

    @property
    def dtype(self) -> np.dtype[Any]:
        """The common dtype of both sides."""
        return np.result_type(self._tables[0].dtype, self._tables[1].dtype)

    @property
    def left(self) -> Rows:
        """The left sides; a copy for index pairs."""
        return self._side(0)

    @property
    def right(self) -> Rows:
        """The right sides; a copy for index pairs."""
        return self._side(1)

    @property
    def items(self) -> Rows | None:
        """The table of items, or None."""
        return self._tables[0] if self._has_items else None

    @property
    def index(self) -> Integers | None:
        """The rows of `items` that form each pair, or None."""
        return self._rows if self._has_items else None

    @property
    def feature_names(self) -> Strings | None:
        """The names of the columns of data frames, or None."""
        return self._names

    @property
    def _has_items(self):
        return self._tables[0] is self._tables[1] and self._rows is not None

    @property
    def is_sparse(self) -> bool:
        """Whether a side is a CSR matrix."""
        return any(sparse.issparse(table) for table in self._tables)

    def _side(self, side):
        table = self._tables[side]
        return table if self._rows is None else table[self._rows[:, side]]

    def block(self, rows: slice) -> Rows:
        """Return both sides of some pairs.

        Parameters
        ----------
        rows : slice
            The pairs wanted.

        Returns
        -------
        left, right : {ndarray, CSR matrix} of shape (n_rows, n_features)
            Views where the pairs are held as two arrays, copies otherwise.
        """
        if self._rows is None:
            return tuple(table[rows] for table in self._tables)
        picked = self._rows[rows]
        return tuple(table[picked[:, i]] for i, table in enumerate(self._tables))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Self:
        rows, side = check_key(key, len(self))
        if side is not None:
            return self[rows]._side(side)
        if self._rows is not None:
            selected = self._rows[rows]
        elif isinstance(rows, slice):
            return self._with(tuple(t[rows] for t in self._tables), None)
        else:
            one_side = np.arange(len(self))[rows]
            selected = np.column_stack([one_side, one_side])
        return self._with(self._tables, selected)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Pairs cannot be turned into an array without a copy.")
        n_pairs, _, n_features = self.shape
        check_memory(
            n_pairs * 2 * n_features * self.dtype.itemsize,
            f"{n_pairs} pairs as an array",
            "most of what takes arrays of pairs takes Pairs as they are",
        )
        sides = [
            side.toarray() if sparse.issparse(side) else side
            for side in self.block(ALL)
        ]
        stacked = np.stack(sides, axis=1)
        return stacked if dtype is None else stacked.astype(dtype, copy=False)

    def __repr__(self) -> str:
        n_pairs, _, n_features = self.shape
        kind = "two arrays"
        if self._has_items:
            kind = f"index into {self._tables[0].shape[0]} items"
        elif self._rows is not None:
            kind = f"rows of two arrays of length {self._tables[0].shape[0]}"
        if self.is_sparse:
            kind = f"CSR, {kind}"
        return (
            f"Pairs({n_pairs} pair{'s' * (n_pairs != 1)} of {n_features} "
            f"feature{'s' * (n_features != 1)}, {self.dtype}, {kind})"
        )

    def swap(self) -> Self:
        """Return the same pairs with the two sides exchanged (no copy).

        Returns
        -------
        pairs : Pairs

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> Pairs.from_index([[0.0], [1.0]], [[0, 1]]).swap().index
        array([[1, 0]])
        """
        rows = None if self._rows is None else self._rows[:, ::-1]
        return self._with(self._tables[::-1], rows)

    def compact(self) -> Self:
        """Return the same pairs holding only the rows that they use.

        A selection keeps the whole table of the pairs that it was taken from;
        this is the way to store or send a small selection by itself.

        Returns
        -------
        pairs : Pairs
            Index pairs stay index pairs, pairs of two arrays stay those. The
            same object if every row is used.

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> pairs = Pairs.from_index([[0.0], [1.0], [2.0]], [[0, 1], [0, 2]])
        >>> pairs[1:].compact()
        Pairs(1 pair of 1 feature, float64, index into 2 items)
        """
        if self._rows is None:
            return self
        if not self._has_items:
            return self._with(tuple(self.block(ALL)), None)
        table = self._tables[0]
        used = np.zeros(table.shape[0], dtype=bool)
        used[self._rows] = True
        if used.all():
            return self
        position = np.cumsum(used) - 1
        table = table[np.flatnonzero(used)]
        return self._with((table, table), position[self._rows])

    def to_index(self) -> Self:
        """Return the same pairs as a table of distinct items and an index.

        Returns
        -------
        pairs : Pairs
            Index pairs whose items all occur, and occur once: rows that are
            equal bit for bit become one item. The items keep the order in which they
            are held.

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> Pairs([[5.0], [7.0]], [[7.0], [5.0]]).to_index().index
        array([[0, 1],
               [1, 0]])
        """
        if self._has_items:
            pairs = self.compact()
            table, number = distinct_rows(pairs.items)
            if table.shape[0] == pairs.items.shape[0]:
                table = pairs.items
            rows = number[pairs.index]
        else:
            table, number = distinct_rows(*self.block(ALL))
            rows = np.ascontiguousarray(number.reshape(2, -1).T)
        return self._with((table, table), rows)

    def map_items(self, function: Callable[..., Any]) -> Self:
        """Return the pairs with `function` applied to their items.

        Parameters
        ----------
        function : callable
            Takes rows, returns as many rows; each row must depend on its own
            input row only. Index pairs call it once with the items in use,
            other pairs once for each side.

        Returns
        -------
        pairs : Pairs

        Raises
        ------
        ValueError
            If `function` returns another number of rows.

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> pairs = Pairs.from_index([[1.0], [2.0]], [[0, 1], [1, 1]])
        >>> pairs.map_items(lambda items: items * 10).left
        array([[10.],
               [20.]])
        """
        pairs = self.compact()
        if pairs._has_items:
            table = check_mapped(function(pairs.items), pairs.items)
            return self._from_parts((table, table), pairs._rows)
        # The same layout for both sides: BLAS may round a row differently when
        # it is stored another way, and then swapping would change the result.
        sides = [
            side if sparse.issparse(side) else np.ascontiguousarray(side)
            for side in pairs._tables
        ]
        return self._from_parts(
            tuple(check_mapped(function(side), side) for side in sides), None
        )

    def groups(self) -> Integers:
        """Return the connected component of each pair in the graph of items.

        Pairs of different components share no item, so any splitter that keeps
        groups together (``GroupKFold``, ``LeaveOneGroupOut``) gives folds
        without leaks. Many random pairs among few items form one component;
        then make the pairs inside blocks of items, see
        :func:`sksymsim.make_pairs`.

        Returns
        -------
        groups : ndarray of int of shape (n_pairs,)
            Component numbers from 0, in the order of first appearance.

        Examples
        --------
        >>> from sksymsim import Pairs
        >>> items = [[0.0], [1.0], [2.0], [3.0], [4.0]]
        >>> Pairs.from_index(items, [[0, 1], [3, 4], [1, 2]]).groups()
        array([0, 1, 0])
        """
        rows = self.to_index()._rows
        n_items = int(rows.max()) + 1 if rows.size else 0
        _, component = connect(n_items, *rows.T)
        return by_appearance(component[rows[:, 0]])[1]


def _restore(left, right, rows, names):
    """Make pairs again out of what was pickled."""
    return Pairs._from_parts((left, left if right is None else right), rows, names)
