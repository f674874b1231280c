# SPDX-License-Identifier: BSD-3-Clause
"""The container of pairs that are spread over the workers of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._distributed.dask_input import ArrayBlocks, IndexBlocks, is_dask
from sksymsim._frames import rows_by_id
from sksymsim._validation.distributed import check_dask_pairs
from sksymsim._validation.items import check_table

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from typing_extensions import Self

    from sksymsim._typing import DaskArray, DataFrame

__all__ = ["DaskPairs"]


class DaskPairs:
    """Pairs of embeddings that are spread over the workers of a Dask cluster.

    Parameters
    ----------
    left, right : dask.array.Array of shape (n_pairs, n_features)
        The two sides, in the same chunks of whole rows.

    Attributes
    ----------
    sizes : tuple
        The pairs of each partition; NaN where Dask does not know them.
    n_features : int
        The width of an item.
    dtype : numpy.dtype
        The common dtype of both sides.

    Raises
    ------
    ValueError
        If the chunks of the sides differ, or cut rows.

    See Also
    --------
    sksymsim.Pairs : The same in the memory of one process.

    Examples
    --------
    >>> import dask.array as da
    >>> from sksymsim import DaskPairs
    >>> X = da.ones((6, 2), chunks=(3, 2))
    >>> DaskPairs(X, X)
    DaskPairs(2 partitions of 2 features, float64)
    """

    def __init__(self, left: DaskArray, right: DaskArray) -> None:
        for side in (left, right):
            if not is_dask(side):
                check_dask_pairs(side, "DaskPairs")
        self._blocks = ArrayBlocks(left, right)

    @classmethod
    def _of(cls, blocks):
        pairs = cls.__new__(cls)
        pairs._blocks = blocks
        return pairs

    @classmethod
    def from_index(cls, items: DaskArray, index: DaskArray) -> Self:
        """Make pairs from a table of items and two row numbers per pair.

        Parameters
        ----------
        items : ndarray or dask.array.Array of shape (n_items, n_features)
            One row per item. Each worker gets all of it: an array is sent to them
            once, and a dask array is put together there, and read again if it is lost.
        index : dask.array.Array of int of shape (n_pairs, 2)
            The two rows of `items` that form each pair, counted from 0.

        Returns
        -------
        pairs : DaskPairs

        Examples
        --------
        >>> import dask.array as da
        >>> import numpy as np
        >>> from sksymsim import DaskPairs
        >>> index = da.from_array(np.array([[0, 1], [1, 2]]), chunks=(1, 2))
        >>> DaskPairs.from_index(np.eye(3), index)
        DaskPairs(2 partitions of 3 features, float64)
        """
        if not is_dask(index):
            check_dask_pairs(index, "index")
        if not is_dask(items):
            items = check_table(items, "items")
        return cls._of(IndexBlocks(items, index))

    @classmethod
    def from_frame(
        cls,
        frame: DaskArray,
        *,
        left: str,
        right: str,
        items: DataFrame,
        item_id: str | None = None,
        features: str | list[str] | None = None,
    ) -> Self:
        """Make pairs from a spread table of ids and a table of embeddings.

        Parameters
        ----------
        frame : dask.dataframe.DataFrame
            One row per pair.
        left, right : str
            The columns of `frame` that hold the ids of the two sides.
        items : pandas.DataFrame, polars.DataFrame or mapping
            One row per item, or a mapping from id to vector; sent to each worker.
        item_id : str, default=None
            The column of `items` that holds the ids. None takes the index of
            a pandas frame.
        features : str or list of str, default=None
            The columns of `items` that hold the embedding, as for
            :meth:`Pairs.from_frame`.

        Returns
        -------
        pairs : DaskPairs

        Raises
        ------
        KeyError
            If ids are missing in `items`: when they are looked up, on a worker.
        ValueError
            If an id occurs twice in `items`.

        Examples
        --------
        >>> import dask.dataframe as dd
        >>> import pandas as pd
        >>> from sksymsim import DaskPairs
        >>> items = pd.DataFrame({"x": [0.0, 1.0], "y": [2.0, 3.0]}, index=["u", "v"])
        >>> table = pd.DataFrame({"one": ["u", "v"], "two": ["v", "v"]})
        >>> table = dd.from_pandas(table, npartitions=2)
        >>> DaskPairs.from_frame(table, left="one", right="two", items=items)
        DaskPairs(2 partitions of 2 features, float64)
        """
        if not is_dask(frame):
            check_dask_pairs(frame, "frame")
        row_of, table, _ = rows_by_id(items, item_id, features)
        table = check_table(table, "items")
        return cls._of(IndexBlocks(table, frame, row_of, (left, right)))

    @property
    def sizes(self) -> tuple[float, ...]:
        """The pairs of each partition; NaN where Dask does not know them."""
        return self._blocks.sizes

    @property
    def n_features(self) -> int:
        """The width of an item."""
        return self._blocks.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The common dtype of both sides."""
        return self._blocks.dtype

    def __repr__(self) -> str:
        n_parts = len(self.sizes)
        return (
            f"DaskPairs({n_parts} partition{'s' * (n_parts != 1)} of "
            f"{self.n_features} feature{'s' * (self.n_features != 1)}, {self.dtype})"
        )


def blocks_of_pairs(X: Any) -> Any:
    """Return any accepted description of spread pairs as blocks."""
    if isinstance(X, DaskPairs):
        return X._blocks
    if isinstance(X, tuple) and len(X) == 2 and all(map(is_dask, X)):
        return ArrayBlocks(*X)
    if is_dask(X) and getattr(X, "ndim", 0) == 3:
        return ArrayBlocks(X)
    return check_dask_pairs(X, "DaskPairClassifier")
