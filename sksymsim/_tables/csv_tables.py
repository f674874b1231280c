# SPDX-License-Identifier: BSD-3-Clause
"""CSV files, a block of rows at a time, as Python's own reader understands them.

All is text: "001" stays what it is.
"""

import csv
import io
import json
import os
from itertools import islice

import numpy as np

from sksymsim._validation.tables import (
    broken_csv,
    check_header,
    check_n_fields,
    empty_cell,
    no_number,
    no_vector,
    not_utf8,
    other_width,
)


class CsvTable:
    """A CSV file whose first line names the columns.

    Parameters
    ----------
    path : str
    delimiter : str

    Attributes
    ----------
    names : list of str
    """

    def __init__(self, path, delimiter=","):
        self.path, self.delimiter = path, delimiter
        self._size = max(os.path.getsize(path), 1)
        with self._open() as (_, reader):
            self.names = self._header(reader)
        check_header(path, self.names)

    def _open(self):
        return _Opened(self.path, self.delimiter)

    def _header(self, reader):
        return next((row for row in self._rows(reader, 1) if row), [])

    def _rows(self, reader, n_rows):
        try:
            return list(islice(reader, n_rows))
        except UnicodeDecodeError:
            raise not_utf8(self.path) from None
        except csv.Error as error:
            raise broken_csv(self.path, reader.line_num, error) from None

    def holds_integers(self, name):
        """Say whether a column is known to hold integers: text never is."""
        return False

    def list_columns(self):
        """Return the columns known to hold vectors: none, as all is text."""
        return []

    def number_columns(self):
        """Return the columns that may hold numbers: all, as all is text."""
        return self.names

    def blocks(self, columns, n_rows):
        """Yield the rows, so many at a time.

        Parameters
        ----------
        columns : list of str
            Those wanted; the others are read all the same.
        n_rows : int
        """
        with self._open() as (file, reader):
            self._header(reader)
            while True:
                line = reader.line_num
                raw = self._rows(reader, n_rows)
                if not raw:
                    return
                block = CsvBlock(self, raw, line, file.tell() / self._size)
                check_n_fields(self.path, block, self.names)
                yield block


class _Opened:
    """The bytes of a file and the rows in them, open together."""

    def __init__(self, path, delimiter):
        self._file = open(path, "rb")
        # A byte order mark is no part of the first name.
        self._text = io.TextIOWrapper(self._file, encoding="utf-8-sig", newline="")
        self._reader = csv.reader(self._text, delimiter=delimiter, strict=True)

    def __enter__(self):
        return self._file, self._reader

    def __exit__(self, *error):
        self._text.close()


class CsvBlock:
    """Some rows of a CSV file.

    Parameters
    ----------
    table : CsvTable
    raw : list of list of str
        With an empty list for each empty line.
    line : int
        How many lines come before.
    share : float
        How much of the file has been read.
    """

    def __init__(self, table, raw, line, share):
        self._table, self._raw, self._line = table, raw, line
        self.rows = [row for row in raw if row]
        self.share = share

    def __len__(self):
        return len(self.rows)

    def where(self, k):
        """Return where a row begins, for error texts."""
        line = self._line + 1
        for row in self._raw:
            if row and k == 0:
                break
            k -= bool(row)
            line += 1 + sum(map(_breaks, row))
        return f"line {line}"

    def _place(self, name):
        return self._table.names.index(name)

    def texts(self, name):
        """Return a column of ids or labels as strings, of which none is empty."""
        place = self._place(name)
        texts = [row[place] for row in self.rows]
        if not all(texts):
            where = self.where(texts.index(""))
            raise empty_cell(self._table.path, where, name)
        return texts

    labels = texts

    def numbers(self, name):
        """Return a column as floats."""
        return self.matrix([name])[:, 0]

    def matrix(self, names):
        """Return columns of numbers, or one column of lists in brackets."""
        places = [self._place(name) for name in names]
        if len(names) == 1 and self.rows and self.rows[0][places[0]][:1] == "[":
            return self._vectors(names[0], places[0])
        try:
            numbers = [[float(row[place]) for place in places] for row in self.rows]
        except ValueError:
            raise self._not_a_number(names, places) from None
        return np.array(numbers, dtype=np.float64).reshape(len(self.rows), len(names))

    def _not_a_number(self, names, places):
        for k, row in enumerate(self.rows):
            for name, place in zip(names, places, strict=True):
                try:
                    float(row[place])
                except ValueError:
                    return no_number(self._table.path, self.where(k), name, row[place])
        raise AssertionError("all are numbers")

    def _vectors(self, name, place):
        vectors = []
        for k, row in enumerate(self.rows):
            try:
                vector = np.array(json.loads(row[place]), dtype=np.float64)
            except (ValueError, TypeError):
                vector = np.empty(())
            if vector.ndim != 1:
                path = self._table.path
                raise no_vector(path, self.where(k), name, row[place])
            if vectors and len(vector) != len(vectors[0]):
                path, width = self._table.path, len(vectors[0])
                raise other_width(path, self.where(k), len(vector), width)
            vectors.append(vector)
        return np.array(vectors)


def _breaks(field):
    return field.count("\n") + field.count("\r") - field.count("\r\n")
