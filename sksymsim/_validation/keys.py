# SPDX-License-Identifier: BSD-3-Clause
"""Which pairs a key selects, and which side of them."""

import operator

import numpy as np


def check_key(key, n_pairs):
    """Separate the rows from the side in a key like those of a 3-D array.

    Returns
    -------
    rows : slice or ndarray of shape (n_rows,)
        A slice, a mask or numbers, which may count from the end.
    side : {0, 1} or None
        None is both.
    """
    rows, side = _split(key)
    return _check_rows(rows, n_pairs), side


def _split(key):
    if not isinstance(key, tuple):
        return key, None
    rows, *rest = key
    rest = [part for part in rest if part is not Ellipsis]
    if all(isinstance(part, slice) and part == slice(None) for part in rest):
        return rows, None
    if len(rest) == 1 and type(rest[0]) is int and rest[0] in (0, 1):
        return rows, rest[0]
    raise TypeError(
        "Pairs can be indexed by rows and, after a comma, by a side (0 or 1); "
        "use numpy.asarray(pairs) for any other indexing of a 3-D array."
    )


def _check_rows(rows, n_pairs):
    """Return a mask or an index array of one axis; an int as a slice of one."""
    if isinstance(rows, slice):
        return rows
    if hasattr(rows, "__len__") and not isinstance(rows, str):
        rows = _check_selection(np.asarray(rows), n_pairs)
        if rows.ndim == 1:
            return rows
    row = _check_row(rows, n_pairs)
    return slice(row, row + 1)


def _check_selection(rows, n_pairs):
    """Return a mask or numbers of pairs, which may count from the end."""
    rows = rows.astype(np.intp) if rows.size == 0 else rows
    if rows.ndim > 1:
        raise IndexError(
            f"pairs are selected by a 1-D mask or index, got {rows.ndim}-D."
        )
    if rows.ndim == 0:
        return rows
    if rows.dtype.kind not in "biu":
        raise IndexError(
            f"pairs are selected by integers or a mask of bool, got dtype {rows.dtype}."
        )
    if rows.dtype.kind == "b":
        if len(rows) != n_pairs:
            raise IndexError(f"a mask of {len(rows)} pairs selects from {n_pairs}.")
        return rows
    wrong = (rows < -n_pairs) | (rows >= n_pairs)
    if wrong.any():
        raise IndexError(f"pair {rows[wrong][0]} is out of range for {n_pairs} pairs.")
    return rows


def _check_row(row, n_pairs):
    """Return the number of one pair, counted from 0."""
    try:
        row = operator.index(row)
    except TypeError as error:
        raise TypeError(
            f"pairs are selected by integers, slices, masks or arrays, got {row!r}."
        ) from error
    if not -n_pairs <= row < n_pairs:
        raise IndexError(f"pair {row} is out of range for {n_pairs} pairs.")
    return row % n_pairs
