# SPDX-License-Identifier: BSD-3-Clause
"""Rows that are equal bit for bit, found by hashing."""

import numpy as np
from scipy import sparse
from scipy.optimize import brentq

from sksymsim._blocks import release_pages
from sksymsim._components import by_appearance

# Rows hashed or compared at a time.
ROWS = 2048
# Rows looked at to guess how many distinct ones there are.
SAMPLE = 4096


def distinct_rows(*tables):
    """Find equal rows among some tables, as if they were stacked.

    Parameters
    ----------
    *tables : {ndarray, CSR matrix} of shape (n_rows, n_features)

    Returns
    -------
    items : {ndarray, CSR matrix} of shape (n_distinct, n_features)
        The distinct rows, in the order in which they first occur.
    number : ndarray of int
        Which distinct row each row is.
    """
    if any(sparse.issparse(table) for table in tables):
        table = sparse.vstack(tables).tocsr()
        first, number = by_appearance(_sparse_keys(table))
        return table[first], number
    dtype = np.result_type(*tables)
    hashes = [hash_rows(table, dtype) for table in tables]
    first, number = by_appearance(np.concatenate(hashes))
    items = _take(tables, first)
    if not _equal(tables, items, number):
        # Two rows of one hash: compare the rows themselves.
        raw = _bytes(np.vstack(tables))
        rows = raw.view(np.dtype((np.void, raw.shape[1]))).ravel()
        first, number = by_appearance(rows)
        items = _take(tables, first)
    return items, number


def _take(tables, rows):
    """Return rows of stacked tables, sorted, without stacking them."""
    ends = np.cumsum([0, *map(len, tables)])
    parts = [
        table[rows[(rows >= start) & (rows < stop)] - start]
        for table, start, stop in zip(tables, ends[:-1], ends[1:], strict=True)
    ]
    return np.vstack(parts)


def _equal(tables, items, number):
    start = 0
    for table in tables:
        for row in range(0, len(table), ROWS):
            mine = table[row : row + ROWS]
            theirs = items[number[start + row : start + row + len(mine)]]
            if not np.array_equal(_bytes(mine.astype(items.dtype)), _bytes(theirs)):
                return False
        start += len(table)
    return True


def hash_rows(table, dtype):
    """Return a 64-bit hash of each row as of a dtype; equal rows have equal ones."""
    hashes = np.empty(len(table), dtype=np.uint64)
    multipliers = None
    for start in range(0, len(table), ROWS):
        words = row_words(table[start : start + ROWS], dtype)
        if multipliers is None:
            # Odd, so that no change of a single word is lost.
            rng = np.random.default_rng(0)
            multipliers = rng.integers(2**63, size=words.shape[1], dtype=np.uint64)
            multipliers = 2 * multipliers + np.uint64(1)
        # Numbers of few digits have their low bits all zero.
        words ^= words >> np.uint64(32)
        hashes[start : start + ROWS] = np.einsum("ij,j->i", words, multipliers)
    return hashes


def row_words(rows, dtype):
    """Return the bytes of rows as of a dtype, as few integers as they fit into."""
    raw = _bytes(rows.astype(dtype, copy=False))
    size = next(size for size in (8, 4, 2, 1) if raw.shape[1] % size == 0)
    return raw.view(f"u{size}").astype(np.uint64)


def guess_items(pairs):
    """Guess how many distinct items two arrays of sides hold, from a sample."""
    n_rows = 2 * len(pairs)
    if n_rows <= 2 * SAMPLE:
        return n_rows
    chosen = np.random.default_rng(0).choice(len(pairs), SAMPLE, replace=False)
    hashes = []
    # A few at a time: each row of a memory map brings its neighbours along.
    for rows in np.array_split(np.sort(chosen), SAMPLE // 128):
        # One side of each: that an item is paired with itself tells nothing.
        left, right = pairs[rows].block(slice(None))
        hashes += [hash_rows(side, pairs.dtype) for side in (left[::2], right[1::2])]
        release_pages(*pairs._tables)
    return guess_distinct(np.concatenate(hashes), n_rows)


def guess_distinct(hashes, n_rows):
    """Guess how many distinct rows there are among all, from hashes of some.

    So many that a sample with replacement would hold as many distinct ones.
    """
    n_found = np.unique(hashes).size
    if n_found == hashes.size:
        return n_rows

    def too_many(log_number):
        number = np.exp(log_number)
        return -number * np.expm1(-hashes.size / number) - n_found

    low, high = np.log([n_found / 2, hashes.size**2])
    return min(n_rows, float(np.exp(brentq(too_many, low, high))))


def _bytes(table):
    table = np.ascontiguousarray(table)
    return table.view(np.uint8).reshape(len(table), -1)


def _sparse_keys(table):
    table = table.copy()
    table.eliminate_zeros()
    keys = [
        table.indices[i:j].tobytes() + table.data[i:j].tobytes()
        for i, j in zip(table.indptr[:-1], table.indptr[1:], strict=True)
    ]
    return np.array(keys, dtype=object)
