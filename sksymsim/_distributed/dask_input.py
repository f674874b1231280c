# SPDX-License-Identifier: BSD-3-Clause
"""Dask collections as blocks of pairs, each a task that returns ``Pairs``."""

import numpy as np

from sksymsim._frames import look_up
from sksymsim._validation.distributed import (
    check_blocks,
    check_one_column_of_chunks,
    check_sides_of_chunks,
    import_dask,
)
from sksymsim._validation.items import check_pairs
from sksymsim.pairs import Pairs


def is_dask(X):
    """Say whether something is a Dask collection, without importing Dask."""
    return callable(getattr(X, "__dask_graph__", None))


def blocks_of(collection):
    """Return one ``Delayed`` for each block of rows."""
    return list(np.ravel(collection.to_delayed()))


def row_sizes(collection):
    """Return the rows of each block; NaN where they are not known."""
    chunks = getattr(collection, "chunks", None)
    if chunks is None:
        return (np.nan,) * collection.npartitions
    return chunks[0]


class ArrayBlocks:
    """Blocks of two arrays of sides, or of one of shape (n_pairs, 2, n_features).

    Attributes
    ----------
    sizes : tuple
        The pairs of each block; NaN where they are not known.
    n_features : int or None
    dtype : numpy.dtype
    """

    def __init__(self, *sides):
        check_sides_of_chunks(sides)
        self._sides = sides
        self.sizes = row_sizes(sides[0])
        self.n_features = int(sides[0].shape[-1])
        self.dtype = np.result_type(*(side.dtype for side in sides))

    def delayed(self, send=None):
        """Return one ``Delayed`` of ``Pairs`` for each block."""
        make = import_dask().delayed(_pairs_of_sides)
        sides = [blocks_of(side) for side in self._sides]
        return [make(*block) for block in zip(*sides, strict=True)]


class IndexBlocks:
    """Blocks of row numbers of one table of items.

    Parameters
    ----------
    items : ndarray or dask.array.Array of shape (n_items, n_features)
    index : dask.array.Array or dask.dataframe.DataFrame of two columns
    row_of : dict, default=None
        The row of each id, if the blocks hold ids.
    """

    def __init__(self, items, index, row_of=None, columns=None):
        if columns is None:
            check_one_column_of_chunks(index, "index")
        if is_dask(items):
            check_one_column_of_chunks(items, "items")
        self._items, self._index = items, index
        self._row_of, self._columns = row_of, columns
        self.sizes = row_sizes(index)
        self.n_features = int(items.shape[1])
        self.dtype = items.dtype

    def delayed(self, send=None):
        """Return one ``Delayed`` of ``Pairs`` for each block.

        Parameters
        ----------
        send : callable, default=None
            What brings a table to the workers; None puts it into the graph.
        """
        delayed = import_dask().delayed
        send = send or (lambda table: delayed(table, traverse=False))
        if is_dask(self._items):
            # Put together by a task: past the client, and again if it is lost.
            table = delayed(_stacked)(blocks_of(self._items))
        else:
            table = send(self._items)
        if self._columns is None:
            make = delayed(_pairs_of_index)
            return [make(table, block) for block in blocks_of(self._index)]
        make, row_of = delayed(_pairs_of_ids), send(self._row_of)
        return [
            make(table, row_of, block, *self._columns)
            for block in blocks_of(self._index)
        ]


def _pairs_of_sides(*sides):
    X = sides if len(sides) > 1 else np.asarray(sides[0])
    return check_pairs(X, min_pairs=0, allow_nan=True)


def _pairs_of_index(table, index):
    return Pairs.from_index(table, np.asarray(index))


def _pairs_of_ids(table, row_of, frame, left, right):
    return Pairs.from_index(table, look_up(frame, left, right, row_of))


def _stacked(blocks):
    return np.concatenate(blocks)


def column_blocks(column, sizes, name):
    """Return one ``Delayed`` of labels or weights for each block of pairs.

    Parameters
    ----------
    column : dask array or series, or array-like, of shape (n_pairs,)
    sizes : tuple
        The pairs of each block.
    name : str
        What the error text calls it.
    """
    known = not np.isnan(sizes).any()
    if not is_dask(column):
        check_blocks(known, name)
        da = import_dask("array")
        column = da.from_array(np.asarray(column), chunks=-1)
    chunks = row_sizes(column)
    if known and not np.isnan(chunks).any() and chunks != tuple(sizes):
        check_blocks(sum(chunks) == sum(sizes), name, sum(sizes), sum(chunks))
        column = column.rechunk({0: tuple(sizes)})
    blocks = blocks_of(column)
    check_blocks(len(blocks) == len(sizes), name, len(sizes), len(blocks), "partitions")
    return blocks
