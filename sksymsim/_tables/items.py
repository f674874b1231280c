# SPDX-License-Identifier: BSD-3-Clause
"""Items out of files: ids and embeddings."""

import os
import zipfile
import zlib
from itertools import repeat

import numpy as np

from sksymsim._files.archive import NPY_ERRORS, ZIP_ERRORS
from sksymsim._tables.reading import TABLE_KINDS, find_features, find_id, open_table
from sksymsim._validation.memory import check_memory
from sksymsim._validation.tables import (
    check_embeddings,
    check_finite_items,
    check_ids,
    check_kind,
    check_one_array,
    no_rows,
    other_width,
    repeated_id,
    unknown_id,
    unreadable,
)

ITEM_KINDS = (".npy", ".npz", *TABLE_KINDS)
ROWS_AT_ONCE = 2**13
# What broken arrays, archives of them and compressed parts make NumPy raise.
READING_ERRORS = (*NPY_ERRORS, *ZIP_ERRORS, zlib.error)


class Items:
    """Embeddings with ids.

    Parameters
    ----------
    path : str
        Where they come from, for error texts.
    array : ndarray of shape (n_items, n_features)
        Perhaps a memory map.
    row_of : dict of str to int or None
        The row of each id, in order; None for ids that are the row numbers.
    is_integer : bool
        Whether the ids are integers in the file.
    """

    def __init__(self, path, array, row_of=None, is_integer=True):
        self.path, self.array, self._row_of = path, array, row_of
        self.ids = None if row_of is None else list(row_of)
        self.id_kind = "integer" if is_integer else "text"
        self._is_finite = np.zeros(len(array), dtype=bool)

    def __len__(self):
        return len(self.array)

    @property
    def width(self):
        """How many numbers an item has."""
        return self.array.shape[1]

    def name(self, row):
        """Return the id of a row."""
        return str(row) if self.ids is None else self.ids[row]

    def names(self, rows):
        """Return the ids of many rows."""
        if self.ids is None:
            return list(map(str, rows.tolist()))
        return list(map(self.ids.__getitem__, rows.tolist()))

    def has(self, name):
        """Say whether there is an item of this id."""
        return self._find(name) >= 0

    def _find(self, name):
        if self._row_of is not None:
            return self._row_of.get(name, -1)
        # "007" and "+7" are other ids than "7", as they would be in a table.
        is_number = name.isdecimal() and name.isascii()
        if not is_number or (name[0] == "0" and len(name) > 1):
            return -1
        return int(name) if int(name) < len(self.array) else -1

    def rows(self, names, path, block):
        """Return the rows of ids.

        Parameters
        ----------
        names : list of str
        path : str
            The file they are from, and `block` its rows, for error texts.
        block : object
        """
        if self._row_of is None:
            found = map(self._find, names)
        else:
            found = map(self._row_of.get, names, repeat(-1))
        rows = np.fromiter(found, dtype=np.intp, count=len(names))
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            k = int(missing[0])
            raise unknown_id(path, block.where(k), names[k], self)
        return rows

    def require_finite(self, rows):
        """Refuse NaN and infinity in some rows, looking at each row once."""
        rows = np.unique(rows[~self._is_finite[rows]])
        for start in range(0, len(rows), ROWS_AT_ONCE):
            check_finite_items(self, rows[start : start + ROWS_AT_ONCE])
        self._is_finite[rows] = True

    def require_all_finite(self):
        """Refuse NaN and infinity in any row."""
        self.require_finite(np.arange(len(self)))


def read_items(path, columns, show):
    """Read items of any kind of file.

    Parameters
    ----------
    path : str
        ``.npy`` is mapped into memory, with row numbers as ids; ``.npz`` has arrays
        "items" and perhaps "ids"; tables have a column of ids.
    columns : object
        With attributes ``item_id``, ``features`` and ``delimiter``.
    show : callable
        Is told of the progress: share, number, unit.

    Returns
    -------
    items : Items
    """
    kind = check_kind(path, ITEM_KINDS)
    # Opened by Python first, whose errors name the file.
    with open(path, "rb"):
        pass
    if kind == ".npy":
        return _read_npy(path)
    if kind == ".npz":
        return _read_npz(path)
    return _read_table(path, columns, show)


def _read_npy(path):
    if os.path.getsize(path) == 0:
        raise no_rows(path, "items")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except READING_ERRORS as error:
        raise unreadable(path, error, "npy") from None
    if not isinstance(array, np.ndarray):
        raise unreadable(path, "it holds several arrays, call it .npz", "npy")
    check_embeddings(path, array)
    return Items(path, array)


def _read_npz(path):
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except READING_ERRORS as error:
        raise unreadable(path, error, "npz") from None
    check_memory(unpacked, f"{path}: the arrays of the file", "give them as .npy")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = set(arrays) & {"items", "ids"} if "items" in arrays else set(arrays)
            found = {name: arrays[name] for name in sorted(names)}
    except READING_ERRORS as error:
        raise unreadable(path, error, "npz") from None
    # What is no array in the archive comes as bytes.
    found = {k: array for k, array in found.items() if isinstance(array, np.ndarray)}
    ids = found.pop("ids", None)
    tables = [name for name, array in found.items() if array.ndim == 2]
    name = "items" if "items" in found else check_one_array(path, tables)
    array = found[name]
    check_embeddings(path, array, f"array {name!r}")
    if ids is None:
        return Items(path, array)
    check_ids(path, ids, len(array))
    row_of = {}
    _add_ids(row_of, list(map(str, ids.tolist())), path, lambda k: f"entry {k} of ids")
    return Items(path, array, row_of, ids.dtype.kind in "iu")


def _read_table(path, columns, show):
    table = open_table(path, columns.delimiter)
    id_column = find_id(table, columns.item_id)
    features = find_features(table, id_column, columns.features)
    parts, row_of = [], {}
    for block in table.blocks([id_column, *features], ROWS_AT_ONCE):
        if not len(block):
            continue
        _add_ids(row_of, block.texts(id_column), path, block.where)
        part = block.matrix(features)
        if parts and part.shape[1] != parts[0].shape[1]:
            expected = parts[0].shape[1]
            raise other_width(path, block.where(0), part.shape[1], expected)
        parts.append(part)
        show(block.share, len(row_of), "items")
    if not parts:
        raise no_rows(path, "items")
    array = np.concatenate(parts)
    check_embeddings(path, array, "the table")
    return Items(path, array, row_of, table.holds_integers(id_column))


def _add_ids(row_of, names, path, where):
    start = len(row_of)
    fresh = dict(zip(names, range(start, start + len(names)), strict=True))
    if len(fresh) == len(names) and row_of.keys().isdisjoint(fresh):
        row_of.update(fresh)
        return
    for k, name in enumerate(names):
        if name in row_of:
            raise repeated_id(path, where(k), name, row_of[name])
        row_of[name] = start + k
