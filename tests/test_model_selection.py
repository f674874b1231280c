# SPDX-License-Identifier: BSD-3-Clause
"""Splits of pairs: nothing on both sides that must not be, for any graph."""

import itertools
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, check_cv, cross_validate

from sksymsim import (
    PairGroupKFold,
    Pairs,
    PairShuffleSplit,
    SymmetricPairClassifier,
    make_pairs,
    pair_train_test_split,
)
from sksymsim._splits.partition import NodeGraph, cut, pack

KINDS = [("pair", None)] + [
    (level, test_class)
    for level in ("item", "group")
    for test_class in (None, "C3", "C2", "C1")
]


def check_sound(keys, test_class, splits):
    """Check what each class of test pairs promises, pair by pair, with sets."""
    pairs = [frozenset(pair) for pair in keys.tolist()]
    for train, test in splits:
        for part in (train, test):
            assert part.dtype.kind == "i"
            assert part.size
            assert (np.diff(part) > 0).all()
            assert part[0] >= 0
            assert part[-1] < len(keys)
        assert not set(train) & set(test)
        seen = set(keys[train].ravel().tolist())
        in_train = {pairs[i] for i in train}
        for i in test:
            n_seen = sum(key in seen for key in keys[i].tolist())
            if test_class is None or test_class == "C1":
                assert pairs[i] not in in_train
            if test_class is not None:
                assert n_seen == {"C1": 2, "C2": 1, "C3": 0}[test_class]


@st.composite
def problems(draw):
    n_items = draw(st.integers(2, 14))
    n_pairs = draw(st.integers(2, 40))
    item = st.integers(0, n_items - 1)
    pair = st.tuples(item, item)
    index = draw(st.lists(pair, min_size=n_pairs, max_size=n_pairs))
    y = draw(
        st.none() | st.lists(st.integers(0, 1), min_size=n_pairs, max_size=n_pairs)
    )
    return np.array(index), y, draw(st.sampled_from(KINDS)), draw(st.integers(0, 99))


def refused_or_sound(splitter, index, y):
    """Split by items or groups; a fold that cannot be is refused in words."""
    groups = index if splitter.level == "group" else None
    test_class = splitter.test_class
    if splitter.level != "pair" and test_class is None:
        test_class = "C3"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* pairs are in neither part", UserWarning)
        try:
            splits = list(splitter.split(index, y, groups))
        except ValueError as error:
            if re.search(r"split \d of \d has |y holds one class only", str(error)):
                return None
            raise
    check_sound(index, test_class, splits)
    assert len(splits) == splitter.get_n_splits()
    return splits


@settings(max_examples=100, deadline=None)
@given(problems(), st.integers(2, 4))
def test_folds_share_nothing_for_any_graph(problem, n_splits):
    index, y, (level, test_class), seed = problem
    cv = PairGroupKFold(n_splits, level=level, test_class=test_class, random_state=seed)
    splits = refused_or_sound(cv, index, y)
    if splits is not None and level == "pair":
        tested = np.concatenate([test for _, test in splits])
        assert_array_equal(np.sort(tested), np.arange(len(index)))


@settings(max_examples=50, deadline=None)
@given(problems(), st.sampled_from([0.1, 0.3, 0.5, 1, 3]), st.sampled_from([None, 1]))
def test_shuffled_splits_share_nothing_for_any_graph(problem, test_size, train_size):
    index, y, (level, test_class), seed = problem
    if train_size is not None and (test_size < 1 or test_size + 1 > len(index)):
        train_size = None
    if test_size >= len(index):
        test_size = 1
    cv = PairShuffleSplit(
        2,
        test_size=test_size,
        train_size=train_size,
        level=level,
        test_class=test_class,
        random_state=seed,
    )
    splits = refused_or_sound(cv, index, y)
    if splits is not None:
        for train, test in splits:
            assert train_size is None or len(train) <= train_size
            assert test_size < 1 or len(test) <= test_size


def random_graph(rng, n_items=60, n_pairs=400):
    return rng.integers(n_items, size=(n_pairs, 2)), rng.uniform(size=n_pairs) < 0.4


@pytest.mark.parametrize(("test_class", "n_known"), [("C1", 2), ("C2", 1)])
def test_training_made_smaller_is_what_is_known(test_class, n_known, rng):
    """Test pairs are of the class next to the pairs that training is left with."""
    index = rng.integers(40, size=(400, 2))
    cv = PairShuffleSplit(
        5, test_size=0.3, train_size=0.1, test_class=test_class, random_state=0
    )
    for train, test in cv.split(index):
        known = np.isin(index[test], index[train]).sum(axis=1)
        assert set(known.tolist()) == {n_known}


@pytest.mark.parametrize(("level", "test_class"), KINDS)
@pytest.mark.parametrize("kind", [PairGroupKFold, PairShuffleSplit])
def test_dense_graphs_can_be_split(kind, level, test_class, rng):
    """So that the tests above are not about refusals."""
    for seed in range(2):
        index, y = random_graph(rng)
        cv = kind(3, level=level, test_class=test_class, random_state=seed)
        assert refused_or_sound(cv, index, y) is not None


def brute_force_record(index, y, train, test):
    rest = set(range(len(index))) - set(train) - set(test)
    return len(train), len(test), len(rest), y[train].mean(), y[test].mean()


@pytest.mark.parametrize("test_class", ["C1", "C2", "C3"])
def test_report_counts_what_split_does(test_class, rng):
    index, y = random_graph(rng)
    cv = PairGroupKFold(4, test_class=test_class, random_state=0)
    records = cv.report(index, y)
    assert [record.split for record in records] == [0, 1, 2, 3]
    for record, (train, test) in zip(records, cv.split(index, y), strict=True):
        assert record[1:] == pytest.approx(brute_force_record(index, y, train, test))
    assert cv.report(index)[0].test_rate is None
    table = pd.DataFrame(records)
    assert list(table)[:4] == ["split", "n_train", "n_test", "n_dropped"]


# ------------------------------------------------------------------------ components


def small_components(rng, n_components=120):
    """Return chains of one to four pairs, and labels."""
    pairs, first = [], 0
    for size in rng.integers(1, 5, n_components):
        pairs += [(first + i, first + i + 1) for i in range(size)]
        first += size + 1
    index = rng.permutation(first)[rng.permutation(pairs)]
    return index, rng.uniform(size=len(index)) < 0.3


@pytest.mark.parametrize("n_splits", [2, 5, 10])
def test_small_components_are_never_cut(n_splits, rng):
    index, y = small_components(rng)
    for record in PairGroupKFold(n_splits, random_state=0).report(index, y):
        assert record.n_dropped == 0
        assert abs(record.n_test - len(index) / n_splits) <= 2
        assert abs(record.test_rate - y.mean()) * record.n_test <= 2


def test_shuffled_small_components_are_never_cut(rng):
    index, y = small_components(rng)
    cv = PairShuffleSplit(3, test_size=0.25, random_state=0)
    for record in cv.report(index, y):
        assert record.n_dropped == 0
        assert record.n_test == pytest.approx(len(index) / 4, abs=3)
        assert record.test_rate == pytest.approx(y.mean(), abs=0.05)
    tests = [tuple(test) for _, test in cv.split(index, y)]
    assert len(set(tests)) == 3


def test_only_the_giant_is_cut(rng):
    giant = rng.integers(50, size=(300, 2))
    small = np.arange(100, 500).reshape(-1, 2)
    index = np.concatenate([giant, small])
    dropped = np.zeros(len(index), dtype=bool)
    for train, test in PairGroupKFold(5, random_state=0).split(index):
        rest = np.setdiff1d(np.arange(len(index)), np.concatenate([train, test]))
        dropped[rest] = True
    assert dropped[:300].any()
    assert not dropped[300:].any()


# ----------------------------------------------------------------------------- blocks


def test_planted_blocks_are_found(rng):
    """Four crowds with a few pairs between them: only these are left out."""
    crowd = np.arange(2000) % 4
    index = crowd[:, None] * 100 + rng.integers(100, size=(2000, 2))
    index[:40, 1] = (index[:40, 0] + 100) % 400
    records = PairGroupKFold(4, random_state=0).report(rng.permutation(400)[index])
    # A pair between two crowds is left out by the folds of both. Blocks may be 5 % off
    # their share, so that an item or two can be on the wrong side.
    assert 80 <= sum(record.n_dropped for record in records) <= 100
    assert [record.n_test for record in records] == pytest.approx([490] * 4, rel=0.05)


def test_blocks_keep_more_than_chance_and_are_even(rng):
    """At random, a fold of five would keep a 25th of the pairs of such a graph."""
    classes = rng.integers(8, size=400)
    items = rng.normal(size=(400, 2))
    pairs, y, _ = make_pairs(items, classes, n_pairs=3000, random_state=0)
    records = PairGroupKFold(5, random_state=0).report(pairs.index, y)
    sizes = np.array([record.n_test for record in records])
    assert sizes.mean() > 1.5 * 3000 / 25
    assert sizes.max() < 1.3 * sizes.min()
    assert [record.test_rate for record in records] == pytest.approx(
        [0.5] * 5, abs=0.08
    )


@pytest.mark.parametrize("test_size", [0.1, 0.25, 0.5])
def test_shuffled_blocks_have_the_size_asked_for(test_size, rng):
    index, y = random_graph(rng, 300, 3000)
    for record in PairShuffleSplit(3, test_size=test_size, random_state=0).report(
        index, y
    ):
        used = record.n_test + record.n_train
        assert record.n_test / used == pytest.approx(test_size, rel=0.15)
        assert record.test_rate == pytest.approx(0.4, abs=0.08)


def test_giants_are_cut_even_if_the_rest_would_do(rng):
    """Or the same small components were the test every time."""
    giant, small = rng.integers(100, size=(800, 2)), np.arange(200, 600).reshape(-1, 2)
    index = np.concatenate([giant, small])
    tested = [
        set(test[test < 800])
        for _, test in PairShuffleSplit(4, test_size=0.2, random_state=0).split(index)
    ]
    assert all(tested)
    assert all(one != two for one, two in itertools.combinations(tested, 2))


@pytest.mark.parametrize("test_class", ["C1", "C2", "C3"])
def test_shuffled_splits_of_few_groups_differ(test_class, rng):
    groups = rng.integers(10, size=(600, 2))
    cv = PairShuffleSplit(
        8, test_size=0.2, level="group", test_class=test_class, random_state=0
    )
    tests = {tuple(test) for _, test in cv.split(groups, None, groups)}
    assert len(tests) >= 6


def test_one_pair_of_very_many_is_found_at_once():
    index = np.arange(200_000).reshape(-1, 2)
    cv = PairShuffleSplit(1, test_size=3, level="pair", random_state=0)
    assert cv.report(index)[0].n_test == 3


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.1, 0.9], [0.2, 0.3, 0.5]])
def test_pack_follows_the_shares(shares, rng):
    weights = rng.integers(1, 4, size=(2000, 2))
    bins = pack(weights, np.array(shares), np.random.RandomState(0))
    for kind in range(2):
        loads = np.bincount(bins, weights[:, kind]) / weights[:, kind].sum()
        np.testing.assert_allclose(loads, shares, atol=0.002)


def test_pack_puts_large_things_where_there_is_room():
    weights = np.array([[50], [30], [10], [10]])
    bins = pack(weights, np.array([0.5, 0.5]), np.random.RandomState(0))
    assert_array_equal(bins == bins[0], [True, False, False, False])


def test_kinds_that_do_not_occur_do_no_harm():
    index = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    graph = NodeGraph(index, np.ones(4, dtype=int))
    assert set(cut(graph, np.array([0.5, 0.5]), np.random.RandomState(0))) == {0, 1}


# ----------------------------------------------------------------- the classes C1, C2


def test_level_pair_partitions_distinct_pairs_evenly(rng):
    index, y = random_graph(rng, 300, 2000)
    swapped = np.concatenate([index, index[:500, ::-1]])
    labels = np.concatenate([y, y[:500]])
    for record in PairGroupKFold(5, level="pair", random_state=0).report(
        swapped, labels
    ):
        assert record.n_dropped == 0
        assert record.n_test == pytest.approx(500, abs=3)
        assert record.test_rate == pytest.approx(labels.mean(), abs=0.005)


def test_c1_gives_training_what_it_must_know(rng):
    """Nothing is left out, and what is not tested has an item of no other pair."""
    index, _ = random_graph(rng, 100, 300)
    splits = list(PairGroupKFold(5, test_class="C1", random_state=0).split(index))
    tested = np.concatenate([test for _, test in splits])
    assert len(set(tested)) == len(tested)
    assert all(len(train) + len(test) == 300 for train, test in splits)
    degree = np.bincount(index.ravel())
    several = (degree[index] >= 8).all(axis=1)
    assert several.any()
    assert np.isin(np.flatnonzero(several), tested).mean() > 0.9


def test_c2_tests_pairs_once_for_each_item(rng):
    index, _ = random_graph(rng, 40, 1000)
    index = index[index[:, 0] != index[:, 1]]
    splits = PairGroupKFold(4, test_class="C2", random_state=0).split(index)
    counts = np.bincount(np.concatenate([test for _, test in splits]))
    assert set(counts) == {0, 2}
    assert (counts == 2).mean() == pytest.approx(0.75, abs=0.05)


# ------------------------------------------------------------------- what is passed in


@pytest.fixture
def data(rng):
    items = rng.normal(size=(60, 4)).astype(np.float32)
    index, y = random_graph(rng)
    return items, index, y.astype(int)


@pytest.mark.parametrize("kind", ["index", "arrays", "3-D", "csr", "ids", "read-only"])
def test_items_are_known_however_pairs_are_given(kind, data):
    items, index, y = data
    pairs = Pairs.from_index(items, index)
    X = {
        "index": pairs,
        "arrays": Pairs(pairs.left, pairs.right),
        "3-D": np.asarray(pairs),
        "csr": Pairs.from_index(sparse.csr_matrix(items), index),
        "ids": index,
        "read-only": index.copy(),
    }[kind]
    if kind == "read-only":
        X.setflags(write=False)
    check_sound(index, "C3", PairGroupKFold(3, random_state=0).split(X, y))


def test_equal_rows_of_a_table_are_one_item(rng):
    items = rng.normal(size=(40, 3))
    items[20:] = items[:20]
    index = rng.integers(40, size=(200, 2))
    splits = PairGroupKFold(3, random_state=0).split(Pairs.from_index(items, index))
    check_sound(index % 20, "C3", splits)


def label_arrays(index):
    names = np.array([f"item {i}" for i in range(index.max() + 1)])
    mixed = np.empty(index.shape, dtype=object)
    for place, item in np.ndenumerate(index):
        mixed[place] = int(item) if item % 2 else f"item {item}"
    return {
        "strings": names[index],
        "mixed": mixed,
        "negative": index - 1000,
        "floats": index / 7,
        "pandas": pd.DataFrame(names[index]),
        "polars": pl.DataFrame(names[index]),
        "list": names[index].tolist(),
    }


@pytest.mark.parametrize("kind", label_arrays(np.array([[0, 1]])))
@pytest.mark.parametrize("level", ["item", "group"])
def test_labels_of_any_type(kind, level, data):
    _, index, y = data
    cv = PairGroupKFold(3, level=level, random_state=0)
    splits = cv.split(np.zeros(len(index)), y, label_arrays(index)[kind])
    check_sound(index, "C3", splits)


def test_one_group_for_both_sides(data):
    items, _, _ = data
    pairs, y, groups = make_pairs(items, np.arange(60) % 3, n_groups=6, random_state=0)
    splits = list(PairGroupKFold(3, level="group").split(pairs, y, groups))
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(pairs)


def test_labels_may_be_strings(data):
    _, index, y = data
    words = np.where(y == 1, "same", "other")
    cv = PairGroupKFold(3, random_state=0)
    for one, two in zip(cv.split(index, y), cv.split(index, words), strict=True):
        assert_array_equal(one[1], two[1])


@pytest.mark.parametrize("level", ["item", "pair"])
def test_order_of_the_sides_does_not_matter(level, data, rng):
    _, index, y = data
    swapped = np.where(
        rng.uniform(size=len(index))[:, None] < 0.5, index, index[:, ::-1]
    )
    cv = PairGroupKFold(3, level=level, random_state=0)
    for one, two in zip(cv.split(index, y), cv.split(swapped, y), strict=True):
        assert_array_equal(one[1], two[1])


# ------------------------------------------------------------------------- determinism


@pytest.mark.parametrize(("level", "test_class"), KINDS)
@pytest.mark.parametrize("kind", [PairGroupKFold, PairShuffleSplit])
def test_same_seed_same_splits(kind, level, test_class, data):
    _, index, y = data

    def tests(seed):
        cv = kind(3, level=level, test_class=test_class, random_state=seed)
        return [test.tolist() for _, test in cv.split(index, y, index)]

    once = tests(3)
    assert tests(3) == once
    assert tests(4) != once


def test_without_shuffle_the_folds_are_fixed(data):
    _, index, y = data
    cv = PairGroupKFold(3, shuffle=False)
    for one, two in zip(cv.split(index, y), cv.split(index, y), strict=True):
        assert_array_equal(one[1], two[1])


def test_input_is_left_alone(data):
    _, index, y = data
    copies = index.copy(), y.copy()
    list(PairGroupKFold(3).split(index, y, index))
    assert_array_equal(index, copies[0])
    assert_array_equal(y, copies[1])


# ------------------------------------------------------------------------ scikit-learn


@pytest.mark.parametrize("routing", [False, True])
def test_grid_search_hands_groups_on(routing, data):
    items, index, y = data
    pairs, groups = Pairs.from_index(items, index), index // 4
    cv = PairGroupKFold(3, level="group", random_state=0)
    search = GridSearchCV(
        SymmetricPairClassifier(), {"alpha": [0.1, 1.0]}, cv=cv, scoring="roc_auc"
    )
    with sklearn.config_context(enable_metadata_routing=routing):
        search.fit(pairs, y, groups=groups)
    by_hand = [
        GridSearchCV(
            SymmetricPairClassifier(),
            {"alpha": [0.1, 1.0]},
            cv=list(cv.split(pairs, y, groups)),
            scoring="roc_auc",
        )
        .fit(pairs, y)
        .best_score_
    ]
    assert search.best_score_ == by_hand[0]


@pytest.mark.parametrize(
    "cv", [PairGroupKFold(3, random_state=0), PairShuffleSplit(3, random_state=0)]
)
def test_cross_validation_and_calibration(cv, data):
    items, index, y = data
    pairs = Pairs.from_index(items, index)
    model = SymmetricPairClassifier(alpha=1.0)
    assert len(cross_validate(model, pairs, y, cv=cv)["test_score"]) == 3
    calibrated = CalibratedClassifierCV(model, cv=cv).fit(pairs, y)
    assert len(calibrated.calibrated_classifiers_) == 3


def test_splitters_are_splitters_to_scikit_learn():
    cv = PairGroupKFold(4, level="pair", shuffle=False)
    assert check_cv(cv) is cv
    assert cv.get_n_splits() == 4
    shown = re.sub(r"\s+", " ", repr(cv))
    assert shown == (
        "PairGroupKFold(level='pair', n_splits=4, random_state=None, shuffle=False, "
        "test_class=None)"
    )
    assert repr(pickle.loads(pickle.dumps(cv))) == repr(cv)
    search = GridSearchCV(SymmetricPairClassifier(), {}, cv=cv)
    assert clone(search).cv.level == "pair"


# ---------------------------------------------------------------- pair_train_test_split


def test_everything_is_split_alike(data):
    items, index, y = data
    pairs = Pairs.from_index(items, index)
    inputs = {
        "list": y.tolist(),
        "tuple": tuple(y.tolist()),
        "series": pd.Series(y, index=np.arange(len(y)) + 7),
        "frame": pd.DataFrame(index),
        "polars": pl.DataFrame(index),
        "csr": sparse.csr_matrix(index),
        "coo": sparse.coo_matrix(index),
    }
    kwargs = {"test_size": 0.3, "stratify": y, "random_state": 0}
    parts = pair_train_test_split(pairs, y, *inputs.values(), **kwargs)
    assert len(parts) == 2 * 9
    cv = PairShuffleSplit(1, test_size=0.3, random_state=0)
    ((train, test),) = cv.split(pairs, y)
    check_sound(index, "C3", [(train, test)])
    for rows, i in ((train, 0), (test, 1)):
        assert_array_equal(parts[i].index, index[rows])
        assert_array_equal(parts[2 + i], y[rows])
        found = dict(zip(inputs, parts[4 + i :: 2], strict=True))
        assert found["list"] == y[rows].tolist()
        assert found["tuple"] == tuple(y[rows].tolist())
        assert_array_equal(found["series"].index, rows + 7)
        for name in ("frame", "polars"):
            assert type(found[name]) is type(inputs[name])
            assert_array_equal(found[name].to_numpy(), index[rows])
        for name in ("csr", "coo"):
            assert_array_equal(found[name].toarray(), index[rows])


def test_two_arrays_come_back_as_pairs(data):
    items, index, _ = data
    left, right = items[index[:, 0]], items[index[:, 1]]
    train, test = pair_train_test_split((left, right), random_state=0)
    assert isinstance(train, Pairs)
    known = {row.tobytes() for row in np.concatenate([train.left, train.right])}
    assert not known & {
        row.tobytes() for row in np.concatenate([test.left, test.right])
    }


@pytest.mark.parametrize(
    ("sizes", "n_train", "n_test"),
    [
        ({}, 1500, 500),
        ({"test_size": 0.1}, 1800, 200),
        ({"test_size": 300}, 1700, 300),
        ({"train_size": 0.6}, 1200, 800),
        ({"train_size": 500}, 500, 1500),
        ({"test_size": 0.2, "train_size": 0.3}, 600, 400),
        ({"test_size": 100, "train_size": 150}, 150, 100),
    ],
)
def test_sizes(sizes, n_train, n_test, rng):
    index = rng.permutation(4000).reshape(2000, 2)
    train, test = pair_train_test_split(index, random_state=0, **sizes)
    assert len(train) == pytest.approx(n_train, abs=2)
    assert len(test) == pytest.approx(n_test, abs=2)


def test_default_of_shuffled_splits_is_a_fifth(rng):
    index = rng.permutation(4000).reshape(2000, 2)
    record = PairShuffleSplit(1, random_state=0).report(index)[0]
    assert record.n_test == pytest.approx(400, abs=2)


# ---------------------------------------------------------------- warnings and refusals


def test_warns_once_of_what_is_dropped(rng):
    index = np.array(list(itertools.combinations(range(12), 2)))
    cv = PairGroupKFold(2, random_state=0)
    with pytest.warns(UserWarning, match=r"\d+ of 66 pairs are in neither") as caught:
        list(cv.split(index))
    assert len(caught) == 1
    assert "2 split(s)" in str(caught[0].message)
    assert caught[0].filename == __file__
    assert sum(r.n_dropped for r in cv.report(index)) > 66


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"n_splits": 1}, r"The 'n_splits' parameter of PairGroupKFold must be an int"),
        ({"level": "row"}, r"The 'level' parameter of PairGroupKFold must be one of"),
        ({"test_class": "C4"}, r"The 'test_class' parameter .* or one of 'C1', 'C2'"),
        ({"shuffle": 1}, r"The 'shuffle' parameter of PairGroupKFold must be a bool"),
        ({"random_state": "a"}, r"The 'random_state' parameter of PairGroupKFold"),
        (
            {"shuffle": False, "random_state": 0},
            "random_state has no effect with shuffle=False",
        ),
        (
            {"level": "pair", "test_class": "C3"},
            "level='pair' asks nothing of the items; use level='item'",
        ),
        ({"level": "group"}, r"level='group' needs groups, an array \(n_pairs, 2\)"),
    ],
)
def test_bad_parameters(kwargs, text, data):
    with pytest.raises(ValueError, match=text):
        PairGroupKFold(**kwargs).split(data[1], data[2])


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"test_size": 0.0}, r"The 'test_size' parameter of PairShuffleSplit must be"),
        ({"train_size": 1.0}, r"The 'train_size' parameter of PairShuffleSplit must"),
        (
            {"test_size": 400},
            "test_size=400 must be less than the number of pairs, 400",
        ),
        ({"test_size": 0.5, "train_size": 3}, "must both be numbers of pairs or both"),
        (
            {"test_size": 0.7, "train_size": 0.5},
            "ask for 1.2 together, and there is 1; lower one of them",
        ),
        (
            {"test_size": 300, "train_size": 200},
            "ask for 500 together, and there is 400",
        ),
    ],
)
def test_bad_sizes(kwargs, text, data):
    with pytest.raises(ValueError, match=text):
        PairShuffleSplit(**kwargs).split(data[1], data[2])


@pytest.mark.parametrize(
    ("X", "groups", "text"),
    [
        (np.zeros((9, 4)), None, r"items of X with shape \(9, 4\) are not known: pass"),
        (np.zeros((9, 2)), None, "an index of pairs must hold integers, not float64"),
        (np.zeros((9, 2)), np.zeros((9, 3)), r"groups must have shape \(9, 2\)"),
        (np.zeros((9, 2)), np.full((9, 2), np.nan), "groups has missing labels"),
        (np.zeros((9, 2)), np.full((9, 2), None), "groups has missing labels"),
        (np.zeros((9, 2)), np.full((9, 2), pd.NA), "groups has missing labels"),
        (np.zeros((9, 2)), np.full((9, 2), pd.NaT), "groups has missing labels"),
        (
            np.zeros((9, 2)),
            np.full((9, 2), "NaT", dtype="M8[D]"),
            "groups has missing labels",
        ),
        (np.zeros((1, 2), dtype=int), None, r"cannot split 1 pair\(s\); at least 2"),
        (np.zeros((0, 2), dtype=int), None, r"cannot split 0 pair\(s\); at least 2"),
    ],
)
def test_bad_pairs(X, groups, text):
    with pytest.raises(ValueError, match=text):
        PairGroupKFold().split(X, None, groups)


def test_lists_are_no_pairs():
    with pytest.raises(TypeError, match="pairs must not be given as a list"):
        PairGroupKFold().split([[0, 1], [1, 2]])


def test_bad_labels(data):
    _, index, y = data
    with pytest.raises(ValueError, match="got 400 pairs but 399 labels"):
        PairGroupKFold().split(index, y[:-1])
    with pytest.raises(ValueError, match="y holds one class only"):
        PairGroupKFold().split(index, np.ones(400))


def test_empty_and_one_sided_folds_are_refused_with_advice():
    chain = np.column_stack([np.arange(3), np.arange(1, 4)])
    text = r"split \d of 4 has no \w+ pairs; .* use fewer than 4 splits, bring more"
    with pytest.raises(ValueError, match=text):
        PairGroupKFold(4, random_state=0).split(chain)
    with pytest.raises(ValueError, match=r"split 1 of 2 has no \w+ pairs; .*: bring"):
        PairGroupKFold(2, random_state=0).split(chain[:2], groups=[["a", "a"]] * 2)
    index = np.arange(20).reshape(10, 2)
    text = r"has only dissimilar \w+ pairs \(\d+ of them\); .*, or pass no y to split"
    with pytest.raises(ValueError, match=text):
        PairGroupKFold(5, random_state=0).split(index, np.arange(10) == 0)
    text = r"split 1 of 5 has no \w+ pairs; .*: change test_size, bring more pairs"
    with pytest.raises(ValueError, match=text):
        PairShuffleSplit(test_size=1, test_class="C2").split(index)


def test_arrays_of_other_lengths(data):
    _, index, y = data
    with pytest.raises(ValueError, match="array 2 after the pairs has 399 rows, and"):
        pair_train_test_split(index, y, y[:-1])
