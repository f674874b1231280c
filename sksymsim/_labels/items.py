# SPDX-License-Identifier: BSD-3-Clause
"""The items of labelled pairs: numbers for them, and pairs of them again."""

import numpy as np

from sksymsim._pair_keys import number_keys
from sksymsim._validation.items import check_pairs
from sksymsim.pairs import Pairs


class LabelledItems:
    """Read which items pairs are made of, and make other pairs of the same items.

    Parameters
    ----------
    X : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2) or tuple
        Integers of shape (n_pairs, 2) are ids of items.

    Attributes
    ----------
    keys : ndarray of int of shape (n_pairs, 2)
        Numbers of the items from 0, without gaps; equal rows are one item.
    names : ndarray of shape (n_items,)
        The id of each item or, in `table`, its first row.
    table : {ndarray, CSR matrix} or None
        The rows; None for ids.
    """

    def __init__(self, X):
        if isinstance(X, np.ndarray) and X.ndim == 2:
            self.keys, self.table = number_keys(X, None, "item"), None
            given, self._features = X, None
        else:
            pairs = check_pairs(X, allow_nan=True)
            indexed = pairs.to_index()
            if pairs.items is None:
                pairs = indexed
            self.keys, self.table = indexed.index, pairs.items
            given, self._features = pairs.index, pairs.feature_names
        self._given = given
        self.names = np.empty(int(self.keys.max(initial=-1)) + 1, dtype=given.dtype)
        # The last one written stays: the first.
        self.names[self.keys.ravel()[::-1]] = given.ravel()[::-1]

    def pairs(self, rows, keys):
        """Return some of the given pairs, and others after them.

        Parameters
        ----------
        rows : ndarray of int
            Which of the given pairs.
        keys : ndarray of int of shape (n_new, 2)
            The items of others.

        Returns
        -------
        pairs : Pairs or ndarray of shape (n_rows + n_new, 2)
            Index pairs into `table`, or ids.
        """
        index = np.concatenate([self._given[rows], self.names[keys]])
        if self.table is None:
            return index
        return Pairs.from_index(self.table, index)._named(self._features)
