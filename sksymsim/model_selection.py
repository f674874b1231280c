# SPDX-License-Identifier: BSD-3-Clause
"""Splits of pairs in which test pairs are as new as those of the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.utils import check_random_state

from sksymsim._splits.leakage import measure_leakage
from sksymsim._splits.pair_folds import fold_masks, shuffled_masks, trim, wanted_sizes
from sksymsim._splits.splitter import PairSplitter, take_rows
from sksymsim._validation.items import check_pairs
from sksymsim._validation.parameters import BOOL, RANDOM_STATE, Number
from sksymsim._validation.splits import (
    SIZE,
    check_arrays,
    check_n_splits,
    check_seed_used,
    check_sizes,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from sksymsim._splits.leakage_text import LeakageReport
    from sksymsim._typing import Level, PairsLike, Seed, TestClass

__all__ = [
    "PairGroupKFold",
    "PairShuffleSplit",
    "pair_leakage_report",
    "pair_train_test_split",
]


class PairGroupKFold(PairSplitter):
    """K folds of pairs that share no item, no group, or no pair.

    Random folds over pairs leak: an item of a test pair is nearly always in training
    too, and a model that remembers items looks better than it is. What "new" means
    has three degrees [1]_:

    - C1: both items of a test pair are in training, the pair is not;
    - C2: one of its items is in training;
    - C3: none is.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    level : {"item", "pair", "group"}, default="item"
        What is not on both sides of a split: an item; a pair, in whichever order; or
        a group (an entity, a class, a speaker), for which `split` needs `groups`.
    test_class : {"C3", "C2", "C1"}, default=None
        Which test pairs there are, with "group" in place of "item" for that level.
        None is "C3" for items and groups; level "pair" asks nothing of the items and
        takes no other value.
    shuffle : bool, default=True
        Whether `random_state` decides what may be either way. False gives the same
        folds at every call.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same folds at every call; only with ``shuffle=True``.

    See Also
    --------
    PairShuffleSplit : Random splits of a given size.
    pair_leakage_report : What two sets of pairs share.

    Notes
    -----
    What a fold tests, trains on and leaves out:

    - **Level "pair"**: a k-th of the distinct pairs; all others; nothing.
    - **C3**: the items are divided among the folds. Tested are the pairs of two items
      of the fold, trained on the pairs of two items of other folds, left out are
      those between. Connected components of the graph of pairs stay whole where they
      can be divided evenly, and nothing is left out. Larger ones are cut into blocks
      so that few pairs lie between the blocks: by neighbourhood at first, and then
      by balanced label propagation [2]_. No pair is tested twice; those between two
      blocks are never tested, and are trained on in the other folds.
    - **C2**: the items are divided too. Tested are pairs of an item of the fold with an
      item that is in training, so that most pairs are tested twice, once for each
      of their items; left out are the pairs of two items of the fold.
    - **C1**: a k-th of the distinct pairs, without those that training needs to know
      their items; all others; nothing. Such pairs may be tested in no fold.

    The folds have like numbers of similar and dissimilar pairs, as far as the graph
    allows; `report` tells how many.

    Folds in which pairs are tested never or twice are no partition, so they go with
    `cross_val_score`, `GridSearchCV` and `CalibratedClassifierCV`, but not with
    `cross_val_predict`.

    Time grows with the number of pairs: a few seconds for a million of them.

    References
    ----------
    .. [1] Park and Marcotte, "Flaws in evaluation schemes for pair-input computational
       predictions", Nature Methods 9, 2012.
    .. [2] Ugander and Backstrom, "Balanced label propagation for partitioning massive
       graphs", WSDM 2013.

    Examples
    --------
    >>> from sksymsim import PairGroupKFold, load_spoken_digits, make_pairs
    >>> X, speaker = load_spoken_digits(return_X_y=True)
    >>> pairs, y, _ = make_pairs(X, speaker, n_pairs=2000, random_state=0)
    >>> cv = PairGroupKFold(n_splits=3, random_state=0)
    >>> train, test = next(cv.split(pairs, y))
    >>> bool(set(pairs[train].index.ravel()) & set(pairs[test].index.ravel()))
    False
    >>> groups = speaker[pairs.index]
    >>> by_speaker = PairGroupKFold(n_splits=3, level="group", random_state=0)
    >>> len(list(by_speaker.split(pairs, y, groups)))
    3
    """

    _allowed: ClassVar[dict] = {
        "n_splits": [Number(int, 2)],
        "shuffle": [BOOL],
        "random_state": [RANDOM_STATE],
    }
    _to_keep = "use more splits"

    def __init__(
        self,
        n_splits: int = 5,
        *,
        level: Level = "item",
        test_class: TestClass | None = None,
        shuffle: bool = True,
        random_state: Seed = None,
    ) -> None:
        self.n_splits = n_splits
        self.level = level
        self.test_class = test_class
        self.shuffle = shuffle
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_seed_used(self.shuffle, self.random_state)

    def _draw(self, keys, kinds, test_class):
        rng = check_random_state(self.random_state if self.shuffle else 0)
        check_n_splits(self.n_splits, len(keys))
        shares = np.full(self.n_splits, 1 / self.n_splits)
        return fold_masks(keys, kinds, test_class, shares, rng)

    def _to_fill(self):
        return "" if self.n_splits == 2 else f"use fewer than {self.n_splits} splits, "


class PairShuffleSplit(PairSplitter):
    """Random splits of pairs that share no item, no group, or no pair.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits, each drawn anew.
    test_size : float or int, default=None
        A float is the share of test pairs among the pairs that are used, training and
        test; an int the number of test pairs. Where items or groups are not to be
        shared, the size is met only as nearly as the graph of pairs allows. None is
        what `train_size` leaves, or 0.2.
    train_size : float or int, default=None
        Of the same kind as `test_size`. None is all that can be used; less is drawn at
        random.
    level : {"item", "pair", "group"}, default="item"
        What is not on both sides, see :class:`PairGroupKFold`.
    test_class : {"C3", "C2", "C1"}, default=None
        Which test pairs there are, see :class:`PairGroupKFold`.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same splits at every call.

    See Also
    --------
    PairGroupKFold : Every item is in the test of one fold.
    pair_train_test_split : One such split, of everything that is given.

    Notes
    -----
    What is tested, trained on and left out is as in :class:`PairGroupKFold`. If pairs
    lie between all items, a test of the share t leaves out much: for C3, with s of
    the items in test, s^2 of the pairs are test, (1 - s)^2 training, and s is such
    that their ratio is right. Components larger than the test are cut always, so that
    any pair may come into test.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import PairShuffleSplit
    >>> index = np.array([[0, 1], [1, 2], [3, 4], [5, 6], [7, 8]])
    >>> cv = PairShuffleSplit(n_splits=1, test_size=2, random_state=0)
    >>> train, test = next(cv.split(index))
    >>> bool(set(index[train].ravel()) & set(index[test].ravel()))
    False
    >>> cv.report(index)[0].n_test
    2
    """

    _allowed: ClassVar[dict] = {
        "n_splits": [Number(int, 1)],
        "test_size": SIZE,
        "train_size": SIZE,
        "random_state": [RANDOM_STATE],
    }
    _to_keep = "use a smaller test_size"

    def __init__(
        self,
        n_splits: int = 5,
        *,
        test_size: float | None = None,
        train_size: float | None = None,
        level: Level = "item",
        test_class: TestClass | None = None,
        random_state: Seed = None,
    ) -> None:
        self.n_splits = n_splits
        self.test_size = test_size
        self.train_size = train_size
        self.level = level
        self.test_class = test_class
        self.random_state = random_state

    def _draw(self, keys, kinds, test_class):
        check_sizes(self.test_size, self.train_size, len(keys), self.n_splits)
        rng = check_random_state(self.random_state)
        n_test, _ = wanted_sizes(self.test_size, self.train_size, len(keys))
        for _ in range(self.n_splits):
            yield shuffled_masks(keys, kinds, test_class, n_test, rng)

    def _trim(self, train, test, keys, test_class):
        sizes = wanted_sizes(self.test_size, self.train_size, len(keys))
        rng = check_random_state(self.random_state)
        return trim(train, test, keys, test_class, sizes, rng)

    def _to_fill(self):
        return "change test_size, "


def pair_train_test_split(
    pairs: PairsLike,
    *arrays: Any,
    test_size: float | None = None,
    train_size: float | None = None,
    level: Level = "item",
    test_class: TestClass | None = None,
    groups: ArrayLike | None = None,
    stratify: ArrayLike | None = None,
    random_state: Seed = None,
) -> list[Any]:
    """Split pairs, and what belongs to them, into training and test without leaks.

    One split of :class:`PairShuffleSplit`, in the manner of
    :func:`~sklearn.model_selection.train_test_split`.

    Parameters
    ----------
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2)
        The pairs, as in the `split` of :class:`PairGroupKFold`; also a tuple
        ``(X_a, X_b)``, which comes back as Pairs.
    *arrays : sequence of array-like of length n_pairs
        Labels, weights and the like: arrays, lists, data frames, sparse matrices.
    test_size : float or int, default=None
        A float is the share of test among the pairs that are used; an int the number
        of test pairs, met as nearly as can be. None is what `train_size` leaves,
        or 0.25.
    train_size : float or int, default=None
        Of the same kind as `test_size`. None is all that can be used.
    level : {"item", "pair", "group"}, default="item"
        What is not on both sides, see :class:`PairGroupKFold`.
    test_class : {"C3", "C2", "C1"}, default=None
        Which test pairs there are, see :class:`PairGroupKFold`.
    groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
        The group of each side.
    stratify : array-like of shape (n_pairs,), default=None
        Labels of two classes, usually `y`, that both parts get at like rates.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same split at every call.

    Returns
    -------
    parts : list of length 2 * (1 + len(arrays))
        Training and test part of each input, ``pairs_train, pairs_test, y_train,
        y_test, ...``. The types stay what they are.

    Raises
    ------
    ValueError
        If lengths differ, or as in the `split` of :class:`PairGroupKFold`.

    Warns
    -----
    UserWarning
        If more than half of the pairs are in neither part.

    Examples
    --------
    >>> from sksymsim import load_spoken_digits, make_pairs, pair_train_test_split
    >>> X, speaker = load_spoken_digits(return_X_y=True)
    >>> pairs, y, _ = make_pairs(X, speaker, n_pairs=2000, random_state=0)
    >>> pairs_train, pairs_test, y_train, y_test = pair_train_test_split(
    ...     pairs, y, stratify=y, random_state=0
    ... )
    >>> bool(set(pairs_train.index.ravel()) & set(pairs_test.index.ravel()))
    False
    """
    if isinstance(pairs, tuple):
        pairs = check_pairs(pairs, allow_nan=True)
    check_arrays(pairs, arrays)
    if test_size is None and train_size is None:
        test_size = 0.25
    splitter = PairShuffleSplit(
        n_splits=1,
        test_size=test_size,
        train_size=train_size,
        level=level,
        test_class=test_class,
        random_state=random_state,
    )
    ((train, test),) = splitter.split(pairs, stratify, groups)
    return [
        take_rows(array, rows) for array in (pairs, *arrays) for rows in (train, test)
    ]


def pair_leakage_report(
    train: PairsLike,
    test: PairsLike,
    *,
    y_train: ArrayLike | None = None,
    y_test: ArrayLike | None = None,
    groups_train: ArrayLike | None = None,
    groups_test: ArrayLike | None = None,
) -> LeakageReport:
    """Tell what test pairs share with training pairs, and what gives them away.

    Parameters
    ----------
    train, test : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2)
        The pairs. Items are the same if their rows are equal bit for bit, in whichever
        table or array they are; integers of shape (n_pairs, 2), for both, are ids of
        items. A tuple ``(X_a, X_b)`` is taken as well.
    y_train, y_test : array-like of shape (n_pairs,), default=None
        Two labels of any kind; the greater one means "similar". Without them only what
        is shared is counted.
    groups_train, groups_test : array-like of shape (n_pairs, 2) or (n_pairs,), \
            default=None
        The group of each side: entity, class, speaker.

    Returns
    -------
    report : LeakageReport
        Printed, it is a page to read. ``report.alarms`` is a list of sentences that say
        what is wrong and what to do, empty if nothing is; ``report.to_dict()`` holds
        all numbers.

    Raises
    ------
    ValueError
        If lengths or widths differ; if labels are not of the same two classes; if only
        one of ``groups_train`` and ``groups_test`` is given; if one part has ids and
        the other rows.

    Notes
    -----
    The standard errors allow for pairs that share an item, which are not independent:
    the larger of DeLong's [1]_ and the dyadic cluster-robust one [2]_. The alarm goes
    off at 2.6 of them, and .05 or more, above .5; for the degree in either direction.

    A sum-only score above .5 says that negative pairs are made of other items than
    positive ones. A model can then look good without ever comparing anything.

    References
    ----------
    .. [1] DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more
       correlated receiver operating characteristic curves", Biometrics 44, 1988.
    .. [2] Aronow, Samii and Assenova, "Cluster-robust variance estimation for dyadic
       data", Political Analysis 23, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import pair_leakage_report
    >>> train, test = np.array([[0, 1], [1, 2]]), np.array([[1, 0], [0, 2], [3, 4]])
    >>> report = pair_leakage_report(
    ...     train, test, y_train=[1, 1], y_test=[1, 1, 0]
    ... )
    >>> report.n_repeated, report.n_implied_similar
    (1, 1)
    >>> report.repeated.tolist()
    [True, False, False]
    """
    return measure_leakage(train, test, (y_train, y_test), (groups_train, groups_test))
