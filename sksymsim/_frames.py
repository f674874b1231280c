# SPDX-License-Identifier: BSD-3-Clause
"""Ids and embeddings out of pandas or polars tables, without importing either."""

from collections.abc import Mapping

import numpy as np

from sksymsim._validation.frames import stack_vectors


def index_from_frame(frame, left, right, items, item_id, features):
    """Turn two columns of ids into rows of a table of embeddings.

    Returns
    -------
    table : ndarray of shape (n_items, n_features)
    names : ndarray of str of shape (n_features,) or None
        Of the columns that hold one feature each.
    index : ndarray of int of shape (n_pairs, 2)
    """
    row_of, table, names = rows_by_id(items, item_id, features)
    return table, names, look_up(frame, left, right, row_of)


def rows_by_id(items, item_id, features):
    """Return the row of each id of a table of items, and the table.

    Returns
    -------
    row_of : dict
    table : ndarray of shape (n_items, n_features)
    names : ndarray of str of shape (n_features,) or None
        Of the columns that hold one feature each.
    """
    ids, table, names = _ids_and_table(items, item_id, features)
    row_of = {}
    for row, name in enumerate(ids):
        if name in row_of:
            raise ValueError(
                f"id {name!r} occurs more than once in items (rows {row_of[name]} and "
                f"{row}); each item needs one row."
            )
        row_of[name] = row
    return row_of, table, names


def look_up(frame, left, right, row_of):
    """Return the rows of the ids in two columns, as an index of pairs.

    Parameters
    ----------
    frame : data frame
    left, right : str
        Its columns.
    row_of : dict
        Of :func:`rows_by_id`.
    """
    index = np.empty((len(frame), 2), dtype=np.intp)
    missing = {}
    for side, column in enumerate((left, right)):
        sought = _column(frame, column, "the table of pairs").to_list()
        for i, name in enumerate(sought):
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
    """Split a table of items into a list of ids, a 2-D array and names of columns."""
    if isinstance(items, Mapping):
        table = stack_vectors(list(items.values()), "the vectors of items")
        return list(items), table, None
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
        if vectors.ndim != 2:
            vectors = stack_vectors(list(vectors), "the vectors of items")
        return ids, vectors, None
    if features is None:
        # Two columns of one name come together when asked for by it.
        features = dict.fromkeys(name for name in items.columns if name != item_id)
    features = list(features)
    columns = [_column(items, name, "items").to_numpy() for name in features]
    table = np.column_stack(columns) if columns else np.empty((len(ids), 0))
    # Two columns of one name came together, and names of other types are none.
    named = table.shape[1] == len(features)
    named = named and all(isinstance(name, str) for name in features)
    return ids, table, np.array(features, dtype=object) if named else None


def _column(frame, name, where):
    if not hasattr(frame, "columns"):
        raise TypeError(
            f"{where} must be a pandas or polars DataFrame, got {type(frame).__name__}."
        )
    if name not in frame.columns:
        shown = ", ".join(repr(column) for column in list(frame.columns)[:10])
        raise KeyError(f"column {name!r} not found in {where}; it has {shown}.")
    return frame[name]
