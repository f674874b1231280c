# SPDX-License-Identifier: BSD-3-Clause
"""Checks of items and of pairs of them."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from sksymsim._blocks import release_pages
from sksymsim._validation.frames import (
    column_of_vectors,
    is_foreign,
    is_frame,
    not_all_numbers,
    plain_array,
    to_array,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    Arguments = ParamSpec("Arguments")
    Result = TypeVar("Result")

WRAP = "wrap the two sides: Pairs(X_a, X_b)"
NUMBERS = "fiub"
ONE_PAIR = "one pair is Pairs([a], [b])"
# Without a word on what they are, the hint says what to do about each.
DISGUISED = {
    "U": "texts become vectors by a model of texts, such as those of "
    "sentence-transformers (use .astype(float) if they are numbers in disguise)",
    "O": "embeddings are arrays of floats (use .astype(float) if they are numbers in "
    "disguise)",
}


def takes_pairs(
    function: Callable[Arguments, Result],
) -> Callable[Arguments, Result]:
    """Let a function say how two sides become its one argument of pairs.

    ``predict_proba(X_a, X_b)`` is what one types first, and Python would answer with a
    number of arguments.
    """
    parameters = inspect.signature(function).parameters.values()
    most = sum(one.kind is one.POSITIONAL_OR_KEYWORD for one in parameters)

    @functools.wraps(function)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if len(args) > most:
            raise TypeError(
                f"{function.__name__}() takes pairs as one argument; {WRAP}."
            )
        return function(*args, **kwargs)

    return checked


def check_table(table, name):
    """Return rows of numbers as a 2-D ndarray or CSR, never copied without need.

    Parameters
    ----------
    table : {array-like, sparse matrix}
        One row per item.
    name : str
        What the error text calls it.
    """
    if sparse.issparse(table):
        table = _canonical_csr(table)
    else:
        array = column_of_vectors(to_array(table, name), name)
        if array.dtype.kind not in NUMBERS and is_frame(table):
            raise TypeError(not_all_numbers(table, name))
        table = array
    _check_numeric(table, name)
    if table.ndim != 2:
        hint = ""
        if table.ndim == 1 and name in ("left", "right"):
            hint = "; " + ONE_PAIR
        elif table.ndim == 1:
            hint = "; one embedding still needs two dimensions: x.reshape(1, -1)"
        raise ValueError(
            f"{name} must be 2-D (n_rows, n_features), got {table.ndim}-D with shape "
            f"{table.shape}{hint}."
        )
    if table.shape[1] == 0:
        raise ValueError(f"{name} has 0 features (shape {table.shape}).")
    return table


def _canonical_csr(table):
    """Return CSR with sorted columns, each once; the input is not changed.

    Sums over a row then always run in one order, which symmetry bit for bit needs.
    """
    table = table.tocsr()
    if not table.has_canonical_format:
        table = table.copy()
        table.sum_duplicates()
    return table


def as_sparse(table):
    """Return rows as a sparse matrix, in a type that SciPy has for those."""
    if sparse.issparse(table):
        return table
    kind = table.dtype.newbyteorder("=")
    kind = np.dtype(np.float32) if kind == np.float16 else kind
    return sparse.csr_matrix(table.astype(kind, copy=False))


def _check_numeric(table, name):
    if table.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} has dtype {table.dtype}; stack the "
            "real and imaginary parts as features."
        )
    if table.dtype == object and table.ndim == 0:
        given = table.item()
        hint = "; the model and the items are exchanged" * hasattr(given, "predict")
        raise TypeError(f"{name} must hold numbers, got {type(given).__name__}{hint}.")
    if table.dtype.kind not in NUMBERS:
        hint = DISGUISED.get(table.dtype.kind, DISGUISED["O"])
        raise TypeError(f"{name} must hold numbers, got dtype {table.dtype}; {hint}.")


def check_sides(left, right):
    """Return both sides of some pairs as tables of one shape and one kind."""
    tables = [check_table(left, "left"), check_table(right, "right")]
    if tables[0].shape != tables[1].shape:
        raise ValueError(
            "left and right must have the same shape, got "
            f"{tables[0].shape} and {tables[1].shape}; row i of both is pair i."
        )
    if any(sparse.issparse(table) for table in tables):
        tables = [_canonical_csr(as_sparse(table)) for table in tables]
    return tuple(tables)


def check_index(index, n_items):
    """Return a table of row numbers of shape (n_pairs, 2), all in range."""
    index = np.asarray(plain_array(index, "index"))
    # Nothing has no type: empty lists and tables are float64 in NumPy.
    if index.shape in ((0,), (0, 2)):
        index = np.empty((0, 2), dtype=np.intp)
    if index.dtype.kind not in "iu":
        raise TypeError(
            f"index must hold integers (rows of items), got dtype {index.dtype}; for "
            "ids use Pairs.from_frame."
        )
    if index.ndim != 2 or index.shape[1] != 2:
        hint = "; numpy.transpose makes that of (rows_a, rows_b)"
        raise ValueError(
            f"index must have shape (n_pairs, 2), got {index.shape}: two rows of items "
            f"for each pair{hint * (index.ndim == 2 and len(index) == 2)}."
        )
    if index.dtype == np.uint64 and index.max(initial=0) < n_items:
        # With signed integers it would become float64.
        index = index.astype(np.intp)
    wrong = (index < 0) | (index >= n_items)
    if wrong.any():
        pair, side = np.argwhere(wrong)[0]
        raise IndexError(
            f"index holds {int(wrong.sum())} number(s) outside 0..{n_items - 1}, the "
            f"first is {index[pair, side]} in pair {pair}; negative numbers do not "
            "count from the end."
        )
    return index


def check_mapped(mapped, rows):
    """Return what a function made of some rows, if it still has as many."""
    mapped = check_table(mapped, "the mapped items")
    if mapped.shape[0] != rows.shape[0]:
        raise ValueError(
            f"the function turned {rows.shape[0]} rows into {mapped.shape[0]}; it must "
            "return one row for each."
        )
    return mapped


def check_items(X, n_features=None, owner="the model", name="X", allow_nan=False):
    """Return single items, 2-D and finite, of the width that the model knows.

    With `allow_nan`, NaN and infinity are left to :func:`check_finite_items`.
    """
    check_not_pairs(X, name)
    X = check_table(X, name)
    if X.shape[0] == 0:
        raise ValueError(f"{name} has no rows (n_samples=0).")
    check_width(X.shape[1], n_features, owner)
    if not allow_nan:
        check_finite_items(X, name)
    return X


def check_not_pairs(X, name="X", hint="pass pairs.left, pairs.right or pairs.items"):
    """Refuse pairs where single items are wanted."""
    if hasattr(X, "map_items"):
        raise TypeError(
            f"{name} must be single items, one row each, not Pairs; {hint}."
        )


def check_finite_items(X, name="X"):
    """Refuse NaN and infinity in single items."""
    _check_finite([(name, X)])


def check_width(width, n_features, owner):
    """Refuse rows of another width than those of the fit."""
    if n_features is not None and width != n_features:
        raise ValueError(
            f"X has {width} features, but {owner} is expecting {n_features} features "
            "as input."
        )


def check_pairs(X, *, n_features=None, owner="the model", min_pairs=1, allow_nan=False):
    """Return any accepted description of pairs as ``Pairs``.

    Parameters
    ----------
    X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple of two arrays
        The pairs.
    n_features : int, default=None
        The width to insist on.
    owner : str
        Who insists, for the error text.
    min_pairs : int, default=1
        The least number of pairs.
    allow_nan : bool, default=False
        Whether NaN and infinity are left to whoever comes next, or to
        :func:`check_finite_pairs`.
    """
    pairs = _as_pairs(X)
    n_pairs, _, width = pairs.shape
    if n_pairs < min_pairs:
        what = "no pairs" if n_pairs == 0 else f"only {n_pairs} pair"
        raise ValueError(
            f"Found {what} (n_samples={n_pairs}) while a minimum of {min_pairs} is "
            "required."
        )
    check_width(width, n_features, owner)
    if not allow_nan:
        check_finite_pairs(pairs)
    return pairs


def _as_pairs(X):
    from sksymsim.pairs import Pairs

    if isinstance(X, Pairs):
        return X
    if isinstance(X, tuple):
        if len(X) != 2:
            raise ValueError(
                f"a tuple of pairs must be (X_a, X_b), got {len(X)} entries; {WRAP}."
            )
        return Pairs(*X)
    if isinstance(X, np.ndarray) or is_foreign(X):
        return _pairs_of_array(to_array(X), Pairs)
    if isinstance(X, list):
        raise TypeError(
            "pairs must not be given as a list. If this is (X_a, X_b) cut by a "
            f"cross-validation, {WRAP} before splitting, so that pairs are split "
            "and not the sides; otherwise use numpy.stack to make a 3-D array; "
            f"{ONE_PAIR}."
        )
    if is_frame(X):
        raise TypeError(
            f"pairs must not be given as a {type(X).__name__}. Of two columns of ids, "
            "Pairs.from_frame(table, left=..., right=..., items=...) makes pairs, and "
            "of two columns of vectors Pairs(table[...], table[...])."
        )
    raise TypeError(
        f"pairs must be Pairs, an array (n_pairs, 2, n_features) or a tuple "
        f"(X_a, X_b), got {type(X).__name__}; {WRAP}."
    )


def _pairs_of_array(X, pairs_type):
    if X.ndim != 3 or X.shape[1] != 2:
        hint = WRAP
        if X.ndim == 2:
            hint = "items alone are not pairs; " + WRAP
        elif X.ndim == 3:
            hint = f"axis 1 must hold the two sides, not {X.shape[1]}"
            # numpy.stack([X_a, X_b]) without axis=1.
            hint += "; Pairs(*X) makes pairs of this" * (len(X) == 2)
        raise ValueError(
            "an array of pairs must have shape (n_pairs, 2, n_features), got "
            f"{X.ndim}-D with shape {X.shape}: {hint}."
        )
    _check_numeric(X, "X")
    return pairs_type(X[:, 0], X[:, 1])


def check_finite_pairs(pairs):
    """Refuse NaN and infinity in the rows that the pairs use."""
    tables = dict(zip(("left", "right"), pairs._tables, strict=True))
    if pairs.items is not None:
        tables = {"items": pairs.items}
    if not any(_count_not_finite(table) for table in tables.values()):
        return
    # Rows that no pair uses may hold anything.
    used = pairs.compact()
    if used.items is not None and not _count_not_finite(used.items):
        return
    _check_finite(list(zip(("left", "right"), pairs.block(slice(None)), strict=True)))


def _check_finite(tables):
    found = []
    for name, table in tables:
        n_nan, n_inf = _count_not_finite(table) or (0, 0)
        if n_nan or n_inf:
            rows = _count_bad_rows(table)
            found.append(f"{name} contains {n_nan} NaN and {n_inf} infinity in {rows}")
    if found:
        raise ValueError(
            "; ".join(found) + ". Drop those rows or impute them before (for example "
            "with SharedTransformer(SimpleImputer()))."
        )


def _count_not_finite(table):
    """Count NaN and infinities; None if there are none."""
    values = table.data if sparse.issparse(table) else table
    if values.dtype.kind != "f":
        return None
    # The sum is finite if all values are, save for an overflow: a cheap first look
    # in blocks, so that a memory map is never read as a whole.
    step = max(1, (1 << 22) // max(1, values[:1].size))
    n_nan = n_inf = 0
    for start in range(0, values.shape[0], step):
        part = values[start : start + step]
        with np.errstate(over="ignore", invalid="ignore"):
            total = part.sum(dtype=np.float64)
        if not np.isfinite(total):
            n_nan += int(np.isnan(part).sum())
            n_inf += int(np.isinf(part).sum())
        release_pages(part)
    return (n_nan, n_inf) if n_nan or n_inf else None


def _count_bad_rows(table):
    if sparse.issparse(table):
        bad = np.unique(table.tocoo().row[~np.isfinite(table.data)])
    else:
        bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    return f"{bad.size} row{'s' * (bad.size != 1)} (the first is row {bad[0]})"
