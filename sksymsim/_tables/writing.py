# SPDX-License-Identifier: BSD-3-Clause
"""Tables into files, a block of rows at a time; a file is there whole or not at all."""

import csv
import io
import sys
from contextlib import contextmanager

import numpy as np

from sksymsim._files.replacement import replacement
from sksymsim._tables.parquet_tables import import_pyarrow
from sksymsim._tables.reading import PARQUET_KINDS, TABLE_KINDS
from sksymsim._validation.tables import check_can_write, check_kind

STANDARD_OUTPUT = "-"


def check_output(path):
    """Refuse a file that could not be written, before the work begins."""
    if path == STANDARD_OUTPUT:
        return
    if check_kind(path, TABLE_KINDS) in PARQUET_KINDS:
        import_pyarrow(path)
    check_can_write(path)


@contextmanager
def table_writer(path, columns):
    """Open a table to write to.

    Parameters
    ----------
    path : str
        "-" is CSV on the standard output; else the ending says what is written.
    columns : dict of str to {"text", "integer", "number"}
        "integer" ids come as strings, as all ids do.

    Yields
    ------
    write : callable
        Takes the columns of a block, each a list or an array.
    """
    if path == STANDARD_OUTPUT:
        yield _csv_writer(sys.stdout, columns, ",")
        sys.stdout.flush()
        return
    kind = check_kind(path, TABLE_KINDS)
    with replacement(path) as file:
        if kind in PARQUET_KINDS:
            with _parquet_writer(import_pyarrow(path), file, columns) as write:
                yield write
        else:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield _csv_writer(text, columns, "\t" if kind == ".tsv" else ",")
            text.detach()  # writes what is left, and leaves the file open


def _csv_writer(text, columns, delimiter):
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)

    def write(*block):
        writer.writerows(zip(*map(_plain, block), strict=True))

    return write


def _plain(column):
    """Return a column whose entries are written with as many digits as they need."""
    if not isinstance(column, np.ndarray):
        return column
    # A float32 as a Python float would get digits that it does not have.
    return (column.astype("U") if column.dtype == np.float32 else column).tolist()


@contextmanager
def _parquet_writer(arrow, file, columns):
    names = list(columns)
    schema, writer = None, None

    def write(*block):
        nonlocal schema, writer
        kinds = zip(block, columns.values(), strict=True)
        arrays = [_arrow_column(arrow, column, kind) for column, kind in kinds]
        table = arrow.Table.from_arrays(arrays, names=names)
        if writer is None:
            schema = table.schema
            writer = arrow.parquet.ParquetWriter(file, schema)
        writer.write_table(table.cast(schema))

    try:
        yield write
        if writer is None:
            write(*[[] for _ in columns])
    finally:
        if writer is not None:
            writer.close()


def _arrow_column(arrow, column, kind):
    if kind == "number":
        return arrow.array(np.asarray(column))
    if kind == "integer":
        return arrow.array(np.array(list(map(int, column)), dtype=np.int64))
    return arrow.array(column, type=arrow.string())
