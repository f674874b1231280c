# SPDX-License-Identifier: BSD-3-Clause
"""What all splitters of pairs do alike: they check, count, refuse and warn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from sksymsim._pair_keys import number_keys
from sksymsim._splits.pair_folds import make_record
from sksymsim._validation.splits import (
    check_fold,
    check_some_pairs,
    check_splitter,
    warn_if_dropped,
)
from sksymsim._validation.targets import check_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from sksymsim._splits.splitter import SplitRecord
    from sksymsim._typing import Integers, PairsLike

ADVICE = {
    None: "there are too few pairs",
    "C1": "too few items are in several pairs",
    "C2": "too few items of a test pair are known from other pairs",
    "C3": "too few pairs lie between items that training can do without",
}


class PairSplitter(BaseCrossValidator):
    """What splitters of pairs have in common; subclasses draw the masks."""

    # How scikit-learn learns that a splitter takes groups, where metadata are routed;
    # its own mixin for that is private.
    __metadata_request__split: ClassVar[dict] = {"groups": True}

    def split(
        self, X: PairsLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Integers, Integers]]:
        """Return training and test pairs of each split.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs. Items are the same if their rows are equal bit for bit. Integers
            of shape (n_pairs, 2) are ids of items. With `groups`, anything that has a
            length.
        y : array-like of shape (n_pairs,), default=None
            Two labels of any kind, to be spread evenly. Without them a part may be of
            one class.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The group of each side, of any type. With one column, both sides are of
            that group. Levels "item" and "pair" take them for ids of the items.

        Returns
        -------
        splits : iterator of (train, test)
            Sorted arrays of int: which pairs are in training and in test.

        Raises
        ------
        ValueError
            If a parameter is out of range; if `groups` are missing or have missing
            entries; if items are unknown; if part of a split would be empty or, with
            `y`, of one class only.

        Warns
        -----
        UserWarning
            If more than half of the pairs are in neither part, on average.
        """
        masks, _, n_dropped = self._masks(X, y, groups)
        warn_if_dropped(n_dropped, len(masks[0][0]), self._to_keep)
        return iter(
            [(np.flatnonzero(train), np.flatnonzero(test)) for train, test in masks]
        )

    def report(
        self, X: PairsLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> list[SplitRecord]:
        """Count what each split trains on, tests, and leaves out.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2)
            The pairs, as in `split`.
        y : array-like of shape (n_pairs,), default=None
            Their labels.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The groups of their sides.

        Returns
        -------
        records : list of SplitRecord
            Named tuples ``(split, n_train, n_test, n_dropped, train_rate,
            test_rate)``; the rates are those of similar pairs, and None without `y`.
            ``pandas.DataFrame(records)`` is a table of them. With
            ``random_state=None`` the next call of `split` gives other splits.

        Raises
        ------
        ValueError
            As in `split`.
        """
        masks, similar, _ = self._masks(X, y, groups)
        return [make_record(i, *pair, similar) for i, pair in enumerate(masks)]

    def get_n_splits(
        self, X: object = None, y: object = None, groups: object = None
    ) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : None
            Ignored, and here for the sake of scikit-learn.

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def _check(self):
        check_splitter(self, self._allowed)

    def _trim(self, train, test, keys, test_class):
        """Return masks without what the user does not want; not counted as dropped."""
        return train, test

    def _masks(self, X, y, groups):
        """Return checked masks of training and test, and what is known of them.

        Which pairs are similar, and how many pairs the graph of pairs costs each split.
        """
        self._check()
        keys = number_keys(X, groups, self.level)
        check_some_pairs(len(keys))
        similar = None if y is None else check_labels(y, len(keys))[1]
        kinds = np.zeros(len(keys), dtype=np.intp)
        if similar is not None:
            kinds = similar.astype(np.intp)
        test_class = self.test_class
        if self.level != "pair" and test_class is None:
            test_class = "C3"
        drawn = list(self._draw(keys, kinds, test_class))
        n_dropped = [int((~train & ~test).sum()) for train, test in drawn]
        masks = [self._trim(*pair, keys, test_class) for pair in drawn]
        advice = f"{ADVICE[test_class]}: {self._to_fill()}bring more pairs, or choose "
        advice += "a level or test_class that asks less"
        for i, (train, test) in enumerate(masks):
            parts = {"training": train, "test": test}
            check_fold(i, len(masks), parts, similar, advice)
        return masks, similar, n_dropped


def take_rows(array, rows):
    """Return some rows of anything that has rows."""
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if hasattr(array, "__array__") or hasattr(array, "tocsr"):
        array = array.tocsr() if hasattr(array, "tocsr") else array
        return array[rows]
    return type(array)([array[row] for row in rows])
