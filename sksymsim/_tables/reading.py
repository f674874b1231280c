# SPDX-License-Identifier: BSD-3-Clause
"""Tables in files of either kind, and what their columns are likely to mean."""

import os
from fnmatch import fnmatchcase

from sksymsim._tables.csv_tables import CsvTable
from sksymsim._tables.parquet_tables import ParquetTable
from sksymsim._validation.tables import (
    check_column,
    check_kind,
    no_features,
    no_guess,
)

TEXT_KINDS = (".csv", ".tsv")
PARQUET_KINDS = (".parquet", ".pq")
TABLE_KINDS = TEXT_KINDS + PARQUET_KINDS
# Names of columns, in lower case; "" is how pandas calls an index that has no name.
IDS = ("id", "item_id", "item", "key", "uuid", "")
SIDES = (
    ("left", "right"),
    ("left_id", "right_id"),
    ("id_left", "id_right"),
    ("a", "b"),
    ("id_a", "id_b"),
    ("a_id", "b_id"),
    ("item_a", "item_b"),
    ("id1", "id2"),
    ("id_1", "id_2"),
    ("item1", "item2"),
    ("item_1", "item_2"),
    ("ltable_id", "rtable_id"),
)
LABELS = ("label", "y", "similar", "same", "match", "is_match", "is_duplicate")


def open_table(path, delimiter=None):
    """Return the table in a file, by the ending of its name."""
    if check_kind(path, TABLE_KINDS) in PARQUET_KINDS:
        return ParquetTable(path)
    if delimiter is None:
        delimiter = "\t" if os.path.splitext(path)[1].lower() == ".tsv" else ","
    return CsvTable(path, delimiter)


def find_id(table, name):
    """Return the name of the column that holds the ids of items."""
    return _named_or_guessed(table, name, IDS, "the ids", "--item-id")


def find_features(table, id_column, patterns):
    """Return the names of the columns that hold the embedding.

    One column of vectors, if there is one; else all columns that may hold numbers.
    """
    others = [name for name in table.names if name != id_column]
    if patterns:
        features = [
            name for name in others if any(fnmatchcase(name, p) for p in patterns)
        ]
    else:
        features = [name for name in table.list_columns() if name != id_column]
        if len(features) != 1:
            features = [name for name in table.number_columns() if name != id_column]
    if not features:
        raise no_features(table, patterns)
    for name in features:
        check_column(table, name, "--features")
    return features


def find_sides(table, left, right):
    """Return the names of the two columns of ids."""
    lower = [name.lower() for name in table.names]
    if left is None or right is None:
        guess = next((pair for pair in SIDES if set(pair) <= set(lower)), None)
        names = [table.names[lower.index(name)] for name in guess or ()]
        if guess is None:
            label = _one_of(table.names, LABELS)
            names = [name for name in table.names if name != label]
        if len(names) != 2:
            raise no_guess(table, "the ids of the two sides", "--left and --right")
        left, right = left or names[0], right or names[1]
    return _checked(table, left, "--left"), _checked(table, right, "--right")


def find_label(table, name):
    """Return the name of the column that holds the labels."""
    return _named_or_guessed(table, name, LABELS, "the labels", "--label")


def find_named(table, name, option):
    """Return the name of a column that is used only if it is named."""
    return None if name is None else _checked(table, name, option)


def _checked(table, name, option):
    return table.names[check_column(table, name, option)]


def _named_or_guessed(table, name, guesses, what, option):
    """Return the name of a column, if it is not given the one that is likely."""
    if name is None:
        name = _one_of(table.names, guesses)
        if name is None:
            raise no_guess(table, what, option)
    return _checked(table, name, option)


def _one_of(names, known):
    for guess in known:
        for name in names:
            if name.strip().lower() == guess:
                return name
    return None
