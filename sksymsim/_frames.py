# SPDX-License-Identifier: BSD-3-Clause
"""Ids and embeddings out of pandas or polars tables, without importing either."""

from collections.abc import Mapping

import numpy as np


def index_from_frame(frame, left, right, items, item_id, features):
    """Turn two columns of ids into rows of a table of embeddings.

    Returns
    -------
    table : ndarray of shape (n_items, n_features)
    index : ndarray of int of shape (n_pairs, 2)
    """
    row_of, table = rows_by_id(items, item_id, features)
    return table, look_up(frame, left, right, row_of)


def rows_by_id(items, item_id, features):
    """Return the row of each id of a table of items, and the table.

    Returns
    -------
    row_of : dict
    table : ndarray of shape (n_items, n_features)
    """
    ids, table = _ids_and_table(items, item_id, features)
    row_of = {}
    for row, name in enumerate(ids):
        if name in row_of:
            raise ValueError(
                f"id {name!r} occurs more than once in items (rows {row_of[name]} and "
                f"{row}); each item needs one row."
            )
        row_of[name] = row
    return row_of, table


def look_up(frame, left, right, row_of):
    """Return the rows of two columns of ids, an ndarray of shape (n_pairs, 2)."""
    index = np.empty((len(frame), 2), dtype=np.intp)
    missing = {}
    for side, column in enumerate((left, right)):
        names = _column(frame, column, "the table of pairs").to_list()
        for i, name in enumerate(names):
            index[i, side] = row_of.get(name, -1)
            if index[i, side] < 0:
                missing[name] = None
    if missing:
        shown = ", ".join(repr(name) for name in list(missing)[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise KeyError(
            f"{len(missing)} id{'s' * (len(missing) > 1)} of the pairs not found in "
            f"items: {shown}{more}. Add them to items or drop those pairs."
        )
    return index


def _ids_and_table(items, item_id, features):
    """Split a table of items into a list of ids and a 2-D array."""
    if isinstance(items, Mapping):
        return list(items), _stack(list(items.values()))
    if not hasattr(items, "columns"):
        raise TypeError(
            "items must be a pandas or polars DataFrame or a mapping from id to "
            f"vector, got {type(items).__name__}; for an array and row numbers use "
            "Pairs.from_index."
        )
    if item_id is not None:
        ids = _column(items, item_id, "items").to_list()
    elif hasattr(items, "index"):
        ids = items.index.to_list()
    else:
        raise ValueError(
            "item_id=None takes the ids from the index of a pandas frame, and items "
            "has none; name the column that holds the ids."
        )
    if isinstance(features, str):
        vectors = _column(items, features, "items").to_numpy()
        return ids, vectors if vectors.ndim == 2 else _stack(list(vectors))
    if features is None:
        # Two columns of one name come together when asked for by it.
        features = dict.fromkeys(name for name in items.columns if name != item_id)
    columns = [_column(items, name, "items").to_numpy() for name in features]
    return ids, np.column_stack(columns) if columns else np.empty((len(ids), 0))


def _column(frame, name, where):
    if not hasattr(frame, "columns"):
        raise TypeError(
            f"{where} must be a pandas or polars DataFrame, got {type(frame).__name__}."
        )
    if name not in frame.columns:
        shown = ", ".join(repr(column) for column in list(frame.columns)[:10])
        raise KeyError(f"column {name!r} not found in {where}; it has {shown}.")
    return frame[name]


def _stack(vectors):
    """Stack vectors of one width into a 2-D array."""
    widths = {np.shape(vector) for vector in vectors}
    if len(widths) != 1 or len(next(iter(widths))) != 1:
        raise ValueError(
            "the vectors of items must be 1-D and of one length, got shapes "
            f"{sorted(widths)[:5]}."
        )
    return np.array(vectors)
