# SPDX-License-Identifier: BSD-3-Clause
"""Parquet files, a block of rows at a time, by pyarrow."""

from importlib import import_module

import numpy as np

from sksymsim._validation.tables import (
    empty_cell,
    missing_pyarrow,
    no_vector,
    other_width,
    unreadable,
    wrong_type,
)


def import_pyarrow(path):
    """Return pyarrow with its module of Parquet, or raise what to install."""
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ImportError:
        raise missing_pyarrow(path) from None


class ParquetTable:
    """A Parquet file.

    Parameters
    ----------
    path : str

    Attributes
    ----------
    names : list of str
    """

    def __init__(self, path):
        self.path = path
        self._arrow = import_pyarrow(path)
        # Opened by Python, whose errors name the file.
        with open(path, "rb"):
            pass
        try:
            self._file = self._arrow.parquet.ParquetFile(path)
        except (self._arrow.ArrowException, OSError) as error:
            raise unreadable(path, error, "Parquet") from None
        self._schema = self._file.schema_arrow
        self.names = list(self._schema.names)

    def _type(self, name):
        return self._schema.field(name).type

    def holds_integers(self, name):
        """Say whether a column holds integers."""
        return self._arrow.types.is_integer(self._type(name))

    def list_columns(self):
        """Return the columns that hold vectors."""
        return [name for name in self.names if self._is_list(self._type(name))]

    def number_columns(self):
        """Return the columns that hold numbers."""
        return [name for name in self.names if self._is_number(self._type(name))]

    def _is_list(self, kind):
        types = self._arrow.types
        lists = types.is_list, types.is_large_list, types.is_fixed_size_list
        return any(test(kind) for test in lists)

    def _is_number(self, kind):
        types = self._arrow.types
        return types.is_integer(kind) or types.is_floating(kind)

    def blocks(self, columns, n_rows):
        """Yield the rows, so many at a time, with the columns wanted.

        Parameters
        ----------
        columns : list of str
        n_rows : int
        """
        total = max(self._file.metadata.num_rows, 1)
        start = 0
        wanted = list(dict.fromkeys(columns))
        batches = self._file.iter_batches(batch_size=n_rows, columns=wanted)
        while True:
            try:
                batch = next(batches, None)
            except (self._arrow.ArrowException, OSError) as error:
                raise unreadable(self.path, error, "Parquet") from None
            if batch is None:
                return
            share = (start + batch.num_rows) / total
            yield ParquetBlock(self, batch, start, share)
            start += batch.num_rows


class ParquetBlock:
    """Some rows of a Parquet file.

    Parameters
    ----------
    table : ParquetTable
    batch : pyarrow.RecordBatch
    start : int
        The number of its first row.
    share : float
        How much of the file has been read.
    """

    def __init__(self, table, batch, start, share):
        self._table, self._batch, self._start = table, batch, start
        self.share = share

    def __len__(self):
        return self._batch.num_rows

    def where(self, k):
        """Return which row of the file one is, for error texts."""
        return f"row {self._start + k} (counted from 0)"

    def _column(self, name):
        column = self._batch.column(self._batch.schema.get_field_index(name))
        if column.null_count:
            missing = column.is_null().to_pylist().index(True)
            raise empty_cell(self._table.path, self.where(missing), name)
        return column

    def texts(self, name):
        """Return a column of ids as strings; of integers, their digits."""
        column = self._column(name)
        types, kind = self._table._arrow.types, column.type
        if types.is_dictionary(kind):
            kind = kind.value_type
        strings = types.is_string(kind) or types.is_large_string(kind)
        if not strings and not types.is_integer(kind):
            path = self._table.path
            raise wrong_type(path, name, kind, "strings or whole numbers")
        texts = column.to_pylist()
        return texts if strings else list(map(str, texts))

    def labels(self, name):
        """Return a column of labels as strings, whatever it holds."""
        return list(map(str, self._column(name).to_pylist()))

    def numbers(self, name):
        """Return a column as floats."""
        column = self._column(name)
        if not self._table._is_number(column.type):
            raise wrong_type(self._table.path, name, column.type, "numbers")
        return column.to_numpy(zero_copy_only=False)

    def matrix(self, names):
        """Return columns of numbers, or one column of vectors."""
        if len(names) > 1 or not self._table._is_list(self._table._type(names[0])):
            return np.column_stack([self.numbers(name) for name in names])
        column = self._column(names[0])
        if not self._table._is_number(column.type.value_type):
            path = self._table.path
            raise wrong_type(path, names[0], column.type, "lists of numbers")
        flat = column.flatten()
        if flat.null_count:
            vectors = column.to_pylist()
            k = [None in vector for vector in vectors].index(True)
            raise no_vector(self._table.path, self.where(k), names[0], vectors[k])
        widths = np.array([len(vector) for vector in column])
        if (widths != widths[0]).any():
            k = int(np.flatnonzero(widths != widths[0])[0])
            path = self._table.path
            raise other_width(path, self.where(k), widths[k], widths[0])
        return flat.to_numpy(zero_copy_only=False).reshape(len(column), widths[0])
