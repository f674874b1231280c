# SPDX-License-Identifier: BSD-3-Clause
"""Pairs out of files, a block at a time: rows of items, labels, weights, groups."""

from dataclasses import dataclass

import numpy as np

from sksymsim._tables.reading import find_label, find_named, find_sides, open_table
from sksymsim._validation.tables import (
    check_both_kinds,
    check_label,
    check_one_coding,
    check_weight,
    no_rows,
)

PAIRS_AT_ONCE = 2**16


@dataclass(frozen=True)
class PairsOfFile:
    """All pairs of a file.

    Parameters
    ----------
    path : str
    index : ndarray of int of shape (n_pairs, 2)
        Rows of the items.
    similar : ndarray of int of shape (n_pairs,)
        1 or 0.
    weights : ndarray of shape (n_pairs,) or None
    groups : ndarray of str of shape (n_pairs,) or (n_pairs, 2), or None
    """

    path: str
    index: np.ndarray
    similar: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None


class PairFile:
    """A table of pairs of ids.

    Parameters
    ----------
    path : str
    columns : object
        With attributes ``left``, ``right`` and ``delimiter``.

    Attributes
    ----------
    sides : tuple of str
        The names of the two columns of ids.
    kinds : tuple of {"integer", "text"}
        What these hold.
    """

    def __init__(self, path, columns):
        self.path = path
        self.table = open_table(path, columns.delimiter)
        self.sides = find_sides(self.table, columns.left, columns.right)
        kinds = map(self.table.holds_integers, self.sides)
        self.kinds = tuple("integer" if is_one else "text" for is_one in kinds)

    def blocks(self, items, others, show, *more):
        """Yield blocks of pairs, the ids as they stand, and their rows.

        Parameters
        ----------
        items, others : Items
            Of the left and of the right side.
        show : callable
            Is told of the progress.
        *more : str
            Further columns to be read.
        """
        n_pairs = 0
        for block in self.table.blocks([*self.sides, *more], PAIRS_AT_ONCE):
            if not len(block):
                continue
            names = [block.texts(side) for side in self.sides]
            index = np.empty((len(block), 2), dtype=np.intp)
            for side, table in enumerate((items, others)):
                index[:, side] = table.rows(names[side], self.path, block)
                table.require_finite(index[:, side])
            n_pairs += len(block)
            yield block, names, index
            show(block.share, n_pairs, "pairs")


def read_labelled(path, items, others, columns, show):
    """Read all pairs of a file, with labels.

    Parameters
    ----------
    path : str
    items, others : Items
        Of the left and of the right side.
    columns : object
        With attributes ``left``, ``right``, ``label``, ``labels``, ``weight``,
        ``groups`` and ``delimiter``.
    show : callable
        Is told of the progress.

    Returns
    -------
    pairs : PairsOfFile
    """
    file = PairFile(path, columns)
    label = find_label(file.table, columns.label)
    weight = find_named(file.table, columns.weight, "--weight")
    groups = [find_named(file.table, name, "--groups") for name in columns.groups or ()]
    more = [label, *groups] + [weight] * (weight is not None)
    reader = LabelReader(path, columns.labels)
    parts = []
    for block, _, index in file.blocks(items, others, show, *more):
        similar = reader.read(block, label)
        weights = _read_weights(path, block, weight)
        units = [block.labels(name) for name in groups]
        parts.append((index, similar, weights, np.array(units).T if units else None))
    if not parts:
        raise no_rows(path, "pairs")
    index, similar, weights, units = (
        None if columns[0] is None else np.concatenate(columns)
        for columns in zip(*parts, strict=True)
    )
    check_both_kinds(path, similar)
    units = units[:, 0] if units is not None and units.shape[1] == 1 else units
    return PairsOfFile(path, index, similar, weights, units)


class LabelReader:
    """What labels mean, which has to be one thing in all of a file.

    Parameters
    ----------
    path : str
    names : list of str or None
        How dissimilar and similar are called; None for 0 and 1 and the like.
    """

    def __init__(self, path, names):
        self._path, self._names = path, names
        self._codes = {}

    def read(self, block, column):
        """Return 1 for similar and 0 for dissimilar."""
        texts = block.labels(column)
        # In the order of the file, so that the first wrong line is the one named.
        for text in dict.fromkeys(texts):
            if text in self._codes:
                continue
            place = block.where(texts.index(text))
            self._codes[text] = check_label(self._path, place, text, self._names)
            known = self._codes.values()
            check_one_coding(self._path, place, 0 in known, -1 in known)
        codes = map(self._codes.__getitem__, texts)
        codes = np.fromiter(codes, dtype=np.intp, count=len(texts))
        return (codes > 0).astype(np.intp)


def _read_weights(path, block, column):
    if column is None:
        return None
    weights = block.numbers(column).astype(np.float64)
    check_weight(path, block, column, weights)
    return weights
