# SPDX-License-Identifier: BSD-3-Clause
"""Scores of blocks of pairs and of items, as lazy Dask arrays."""

from itertools import accumulate

import numpy as np

from sksymsim._blocks import working_dtype
from sksymsim._distributed.dask_input import blocks_of, is_dask, row_sizes
from sksymsim._validation.distributed import (
    check_known_rows,
    check_one_column_of_chunks,
    import_dask,
)
from sksymsim._validation.items import check_table, check_width
from sksymsim._validation.sizes import check_n_best


def score_blocks(model, method, blocks, n_columns, dtype):
    """Return what a method of a model says of blocks of pairs.

    Parameters
    ----------
    model : estimator
        Fitted.
    method : str
    blocks : ArrayBlocks or IndexBlocks
    n_columns : int
        0 for one number or label for each pair.
    dtype : numpy.dtype
        Of what is returned.

    Returns
    -------
    result : dask.array.Array of shape (n_pairs,) or (n_pairs, n_columns)
    """
    da, delayed = import_dask("array"), import_dask().delayed
    check_width(blocks.n_features, model.n_features_in_, type(model).__name__)
    known, tail = delayed(model), (n_columns,) * bool(n_columns)
    make = delayed(_call)
    parts = [
        da.from_delayed(
            make(known, method, block, tail, dtype), (size, *tail), dtype=dtype
        )
        for block, size in zip(blocks.delayed(), blocks.sizes, strict=True)
    ]
    return da.concatenate(parts, allow_unknown_chunksizes=True)


def _call(model, method, pairs, tail, dtype):
    if len(pairs) == 0:
        return np.empty((0, *tail), dtype=dtype)
    return np.asarray(getattr(model, method)(pairs)).astype(dtype, copy=False)


class Items:
    """Blocks of the rows of a table of items, on workers or here.

    Parameters
    ----------
    X : dask.array.Array or array-like of shape (n_items, n_features)
    model : estimator
    name : str
        What the error text calls it.
    """

    def __init__(self, X, model, name):
        if is_dask(X):
            check_one_column_of_chunks(X, name)
            self.blocks, self.sizes = blocks_of(X), row_sizes(X)
        else:
            X = check_table(X, name)
            delayed = import_dask().delayed
            self.blocks, self.sizes = [delayed(X, traverse=False)], (X.shape[0],)
        check_width(X.shape[1], model.n_features_in_, type(model).__name__)
        self.dtype = X.dtype
        self.name = name

    @property
    def n_rows(self):
        """The number of items; refused where it is not known."""
        check_known_rows(self.sizes, self.name)
        return int(sum(self.sizes))

    def starts(self):
        """Return the number of the first row of each block."""
        return [0, *accumulate(self.sizes)][:-1]


def cross_blocks(model, left, right):
    """Return all log-odds of two tables of items, a lazy block for two blocks."""
    da, delayed = import_dask("array"), import_dask().delayed
    known, make = delayed(model), delayed(_cross)
    dtype = working_dtype(left.dtype, right.dtype)
    return da.block(
        [
            [
                da.from_delayed(make(known, a, b, dtype), (n_a, n_b), dtype=dtype)
                for b, n_b in zip(right.blocks, right.sizes, strict=True)
            ]
            for a, n_a in zip(left.blocks, left.sizes, strict=True)
        ],
        allow_unknown_chunksizes=True,
    )


def _cross(model, left, right, dtype):
    if len(left) == 0 or len(right) == 0:
        return np.empty((len(left), len(right)), dtype=dtype)
    return model.cross_scores(left, right).astype(dtype, copy=False)


def best_blocks(model, queries, base, k):
    """Return scores and rows of the k best items of the base for each query, lazily."""
    da, delayed = import_dask("array"), import_dask().delayed
    check_n_best(k, base.n_rows)
    dtype = working_dtype(queries.dtype, base.dtype)
    known, find, merge, pick = map(delayed, (model, _best, _merge, _pick))
    found = []
    for query in queries.blocks:
        parts = [
            find(known, query, block, min(k, size), start)
            for block, size, start in zip(
                base.blocks, base.sizes, base.starts(), strict=True
            )
            if size
        ]
        found.append(merge(parts, k))
    result = []
    for i, kind in enumerate((dtype, np.dtype(np.intp))):
        columns = [
            da.from_delayed(pick(part, i, kind), (size, k), dtype=kind)
            for part, size in zip(found, queries.sizes, strict=True)
        ]
        result.append(da.concatenate(columns, allow_unknown_chunksizes=True))
    return tuple(result)


def _best(model, queries, base, k, start):
    if len(queries) == 0:
        return np.empty((0, k)), np.empty((0, k), dtype=np.intp)
    scores, rows = model.top_k(queries, base, k)
    return scores, rows + start


def _merge(parts, k):
    """Return the k best of what was found in each block, the first of equal ones."""
    scores, rows = (
        np.concatenate(column, axis=1) for column in zip(*parts, strict=True)
    )
    # Blocks come in the order of their rows, so that a stable sort keeps that order.
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return tuple(np.take_along_axis(table, best, axis=1) for table in (scores, rows))


def _pick(found, i, dtype):
    return found[i].astype(dtype, copy=False)
