# SPDX-License-Identifier: BSD-3-Clause
"""From what metric-learn takes, ids and a table or vectors, to pairs and items."""

import numpy as np

from sksymsim._validation.frames import plain_array
from sksymsim._validation.items import check_table
from sksymsim._validation.metric_learn import (
    check_formed,
    check_preprocessor,
    check_regular,
    check_rows,
    check_two_sides,
)
from sksymsim.pairs import Pairs


class TableLookup:
    """Rows of a table by their numbers; neither negative ones nor other kinds of ids.

    Parameters
    ----------
    table : array-like of shape (n_items, n_features)
    """

    def __init__(self, table):
        self.table = check_table(table, "preprocessor")

    def __call__(self, index):
        """Return the rows of some numbers."""
        return self.table[check_rows(np.asarray(index), self.table.shape[0])]


def make_preprocessor(preprocessor):
    """Return a function from ids to rows, or None."""
    check_preprocessor(preprocessor)
    if preprocessor is None or callable(preprocessor):
        return preprocessor
    return TableLookup(preprocessor)


def form_pairs(X, preprocessor, owner):
    """Return array-likes of vectors or of ids as pairs of two arrays.

    Ids are looked up at once: with and without a preprocessor, the same pairs are held
    in the same way and have the same scores, bit for bit.

    Parameters
    ----------
    X : Pairs or array-like of shape (n_pairs, 2, n_features) or (n_pairs, 2)
    preprocessor : callable or None
    owner : str
        Who asks, for the error text.
    """
    if isinstance(X, Pairs):
        return X
    array = check_regular(plain_array(X, "X"))
    if array.ndim == 2 and preprocessor is not None:
        check_two_sides(array, owner)
        return Pairs(preprocessor(array[:, 0]), preprocessor(array[:, 1]))
    check_formed(array, 3, owner, with_ids=preprocessor is not None)
    check_two_sides(array, owner)
    return Pairs(array[:, 0], array[:, 1])


def form_items(X, preprocessor, owner):
    """Return vectors, or the vectors of ids, as rows of a matrix."""
    if hasattr(X, "tocsr") or isinstance(X, Pairs):
        return X
    array = check_regular(plain_array(X, "X"))
    if array.ndim == 1 and preprocessor is not None:
        return preprocessor(array)
    check_formed(array, 2, owner, with_ids=preprocessor is not None)
    return array
