# SPDX-License-Identifier: BSD-3-Clause
"""Pairs as rows in both orders: the rows, and folds that know of them.

Rows ``2i`` and ``2i + 1`` are pair i, as (a, b) and as (b, a). Whatever keeps the two
next to each other, such as the folds below, leaves rows of that kind again, so that
folds within folds work too.
"""

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import check_cv

from sksymsim._blocks import as_rows, release_pages, working_dtype
from sksymsim._validation.features import (
    check_both_orders,
    check_features,
    check_foldable,
)

# Blocks of pairs for other people's estimators, some of which take long to begin.
BATCH_BYTES = 2**26

# --------------------------------------------------------------------------------- rows


def concatenate(left, right):
    """Return the two sides next to each other."""
    if sparse.issparse(left):
        return sparse.hstack([left, right], format="csr")
    return np.concatenate([left, right], axis=1)


def map_blocks(pairs, feature_map):
    """Yield rows and the features of (a, b) and of (b, a), block by block.

    Parameters
    ----------
    pairs : Pairs
    feature_map : callable

    Yields
    ------
    rows : slice
    one, other : {ndarray, CSR matrix} of shape (n_rows, n_columns)
        Each made by a call of its own on as many rows in the same places: how BLAS
        rounds a row may depend on where it stands.
    """
    dtype = working_dtype(pairs.dtype)
    row_bytes = 4 * pairs.shape[2] * dtype.itemsize
    per_block = max(1, BATCH_BYTES // row_bytes)
    for start in range(0, len(pairs), per_block):
        rows = slice(start, min(start + per_block, len(pairs)))
        left, right = (as_rows(side, dtype) for side in pairs.block(rows))
        yield rows, _apply(feature_map, left, right), _apply(feature_map, right, left)
        release_pages(*pairs._tables)


def _apply(feature_map, left, right):
    values = check_features(feature_map(left, right), left.shape[0])
    return as_rows(values, working_dtype(values.dtype))


def rows_in_both_orders(pairs, feature_map):
    """Return the features of all pairs in both orders.

    Returns
    -------
    features : {ndarray, CSR matrix} of shape (2 * n_pairs, n_columns)
    """
    result, blocks = None, []
    for rows, one, other in map_blocks(pairs, feature_map):
        if sparse.issparse(one):
            stacked = sparse.vstack([one, other], format="csr")
            order = np.arange(stacked.shape[0]).reshape(2, -1).T.ravel()
            blocks.append(stacked[order])
            continue
        if result is None:
            result = np.empty((2 * len(pairs), one.shape[1]), dtype=one.dtype)
        places = result[2 * rows.start : 2 * rows.stop]
        places[::2], places[1::2] = one, other
    return sparse.vstack(blocks, format="csr") if blocks else result


# -------------------------------------------------------------------------------- folds


class FoldsOfPairs:
    """Folds of rows in both orders that leave the two rows of a pair together.

    Parameters
    ----------
    cv : int, splitter, iterable or None
        How the pairs are divided, as scikit-learn takes it. It sees one row for each
        pair, in the order (a, b).
    """

    def __init__(self, cv):
        self.cv = cv

    def __repr__(self):
        return f"{type(self).__name__}({self.cv!r})"

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        X, y, groups = map(_first_order, (X, y, groups))
        return check_cv(self.cv, y, classifier=True).get_n_splits(X, y, groups)

    def split(self, X, y=None, groups=None):
        """Yield the rows of training and of test."""
        if y is not None:
            check_both_orders(y)
        X, y, groups = map(_first_order, (X, y, groups))
        folds = check_cv(self.cv, y, classifier=True)
        for train, test in folds.split(X, y, groups):
            yield _both(train), _both(test)


def _first_order(values):
    return None if values is None else values[::2]


def _both(numbers):
    """Return the rows of pairs, of which a mask or the numbers are given."""
    numbers = np.asarray(numbers)
    if numbers.dtype == bool:
        numbers = np.flatnonzero(numbers)
    return (2 * numbers[:, None] + [0, 1]).ravel()


def clone_with_folds_of_pairs(estimator):
    """Clone an estimator, and let each `cv` in it divide pairs and not rows."""
    estimator = clone(estimator)
    folds = {}
    for name, cv in estimator.get_params(deep=True).items():
        if name.rpartition("__")[2] == "cv" and not isinstance(cv, str):
            check_foldable(cv, name)
            listed = hasattr(cv, "__iter__") and not hasattr(cv, "split")
            folds[name] = FoldsOfPairs(list(cv) if listed else cv)
    return estimator.set_params(**folds)
