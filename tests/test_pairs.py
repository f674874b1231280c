# SPDX-License-Identifier: BSD-3-Clause
"""The container against the array that it stands for."""

import copy
import datetime
import itertools
import pickle
import tracemalloc

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import (
    GroupKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.utils import indexable, shuffle

from sksymsim import Pairs

N_ITEMS, N_PAIRS, N_FEATURES = 7, 9, 3

fixed = settings(deadline=None, derandomize=True, database=None)


def example_items(dtype=np.float64):
    return np.random.default_rng(0).normal(size=(N_ITEMS, N_FEATURES)).astype(dtype)


def example_index():
    # Item 5 is in no pair; pair 3 is an item with itself; pair 8 repeats pair 0.
    return np.array(
        [[0, 1], [2, 0], [6, 3], [4, 4], [1, 2], [3, 6], [0, 4], [2, 1], [0, 1]]
    )


def two_arrays(items, index):
    return Pairs(items[index[:, 0]], items[index[:, 1]])


def selection_of_two_arrays(items, index):
    order = np.arange(len(index))[::-1]
    return two_arrays(items, index[order])[order]


LAYOUTS = {
    "two arrays": two_arrays,
    "index": Pairs.from_index,
    "selection": selection_of_two_arrays,
    "CSR two arrays": lambda x, i: two_arrays(sparse.csr_matrix(x), i),
    "CSR index": lambda x, i: Pairs.from_index(sparse.csr_matrix(x), i),
    "CSR array index": lambda x, i: Pairs.from_index(sparse.csr_array(x), i),
    "CSR selection": lambda x, i: selection_of_two_arrays(sparse.csr_matrix(x), i),
    "mixed kinds": lambda x, i: Pairs(x[i[:, 0]], sparse.csr_matrix(x[i[:, 1]])),
    "mixed dtypes": lambda x, i: Pairs(x[i[:, 0]].astype(np.float32), x[i[:, 1]]),
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    """Return pairs, and the 3-D array that they stand for."""
    # Every number is a float32 as well, so that mixed dtypes hold the same ones.
    items, index = example_items(np.float32).astype(np.float64), example_index()
    return LAYOUTS[request.param](items, index), items[index]


def dense(side):
    return side.toarray() if sparse.issparse(side) else side


# ------------------------------------------------------------------- construction


def test_two_arrays_are_kept_as_they_are():
    left, right = np.ones((4, 2), dtype=np.float32), np.zeros((4, 2), dtype=np.float32)
    pairs = Pairs(left, right)
    assert pairs.left is left
    assert pairs.right is right
    assert pairs.items is None
    assert pairs.index is None
    assert pairs.shape == (4, 2, 2)
    assert (pairs.ndim, len(pairs), pairs.dtype) == (3, 4, np.float32)


def test_views_that_are_not_contiguous_are_not_copied():
    stacked = np.arange(24.0).reshape(4, 2, 3)
    pairs = Pairs(stacked[:, 0], stacked[:, 1])
    assert np.shares_memory(pairs.left, stacked)
    assert np.shares_memory(pairs.right, stacked)
    fortran = np.asfortranarray(stacked[:, 0])
    assert Pairs(fortran, fortran).left is fortran


def test_index_pairs_keep_table_and_index():
    items, index = example_items(), example_index()
    pairs = Pairs.from_index(items, index)
    assert pairs.items is items
    assert np.shares_memory(pairs.index, index)
    assert pairs.shape == (N_PAIRS, 2, N_FEATURES)
    assert_array_equal(pairs.left, items[index[:, 0]])
    assert_array_equal(pairs.right, items[index[:, 1]])


def test_lists_are_accepted():
    assert_array_equal(Pairs([[1, 2]], [[3, 4]]), [[[1, 2], [3, 4]]])
    assert_array_equal(Pairs.from_index([[1.0], [2.0]], [[1, 0]]), [[[2.0], [1.0]]])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, np.int64])
def test_any_integer_dtype_of_the_index(dtype):
    items, index = example_items(), example_index()
    pairs = Pairs.from_index(items, index.astype(dtype))
    assert_array_equal(pairs, items[index])
    assert_array_equal(pairs.swap(), items[index[:, ::-1]])
    assert_array_equal(pairs.compact(), items[index])
    assert_array_equal(pairs.to_index(), items[index])
    assert_array_equal(pairs.groups(), Pairs.from_index(items, index).groups())


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint8, np.bool_]
)
def test_dtype_is_kept(dtype):
    items = (example_items() > 0).astype(dtype)
    for make in LAYOUTS["two arrays"], LAYOUTS["index"]:
        assert make(items, example_index()).dtype == dtype
        assert make(items, example_index()).left.dtype == dtype


def test_dtype_of_mixed_sides_is_the_common_one():
    assert Pairs(np.ones((1, 1), np.float32), np.ones((1, 1), np.int64)).dtype == float
    assert Pairs(np.ones((1, 1), np.float16), np.ones((1, 1), np.int8)).dtype == "f2"


def test_attributes_do_not_depend_on_the_layout(layout):
    pairs, array = layout
    assert pairs.shape == array.shape
    assert pairs.dtype == array.dtype
    assert len(pairs) == len(array)
    assert pairs.ndim == 3
    assert_array_equal(dense(pairs.left), array[:, 0])
    assert_array_equal(dense(pairs.right), array[:, 1])
    for side, block in enumerate(pairs.block(slice(2, 5))):
        assert_array_equal(dense(block), array[2:5, side])


def test_empty():
    items = example_items()
    for pairs in (
        Pairs.from_index(items, []),
        Pairs.from_index(items, np.empty((0, 2), dtype=int)),
        Pairs(items[:0], items[:0]),
    ):
        assert pairs.shape == (0, 2, N_FEATURES)
        assert pairs.groups().shape == (0,)
        assert_array_equal(pairs, np.empty((0, 2, N_FEATURES)))
        for same in (pairs.swap(), pairs.compact(), pairs.to_index(), pairs[[]]):
            assert same.shape == (0, 2, N_FEATURES)


# ----------------------------------------------------------------------- indexing

# What numpy does with the same key on the array.
KEYS = {
    "index array, Ellipsis": (np.array([4, 0, 0, 8]), Ellipsis),
    "list, Ellipsis": ([4, 0, 0, 8], Ellipsis),
    "mask, Ellipsis": (np.arange(N_PAIRS) % 2 == 0, Ellipsis),
    "slice, Ellipsis": (slice(1, 4), Ellipsis),
    "row, all, all": (np.array([4, 0]), slice(None), slice(None)),
    "one-tuple": (np.array([4, 0]),),
    "index array": np.array([4, 0, 0, 8]),
    "negative numbers": np.array([-1, -9]),
    "unsigned": np.array([4, 0], dtype=np.uint8),
    "list": [3, 1, 2],
    "empty list": [],
    "empty array": np.array([], dtype=int),
    "mask": np.arange(N_PAIRS) % 2 == 0,
    "list of bool": [True, False] * 4 + [True],
    "nothing": np.zeros(N_PAIRS, dtype=bool),
    "slice": slice(2, 5),
    "slice with step": slice(None, None, 2),
    "slice backwards": slice(None, None, -1),
    "slice beyond the end": slice(7, 100),
    "everything": slice(None),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_indexing_as_an_array(layout, key):
    pairs, array = layout
    selected = pairs[key]
    assert isinstance(selected, Pairs)
    assert_array_equal(selected, array[key])
    # A selection of a selection.
    assert_array_equal(selected[::-1][:2], array[key][::-1][:2])


@pytest.mark.parametrize("key", [3, 0, -1, -N_PAIRS, np.int64(3), np.uint8(3)])
def test_an_int_keeps_a_container_of_one_pair(layout, key):
    pairs, array = layout
    for selected in (pairs[key], pairs[key, ...]):
        assert isinstance(selected, Pairs)
        assert_array_equal(selected, array[int(key)][None])


def test_iteration_ends():
    pairs = Pairs.from_index(example_items(), example_index())
    assert [len(pair) for pair in pairs] == [1] * N_PAIRS
    assert_array_equal(np.concatenate([np.asarray(p) for p in pairs]), pairs)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("rows", [slice(None), slice(2, 5), [4, 0], np.array([1, 1])])
def test_a_side_after_the_comma(layout, rows, side):
    pairs, array = layout
    assert_array_equal(dense(pairs[rows, side]), array[rows, side])


@pytest.mark.parametrize(
    "key",
    [
        (slice(None), 2),
        (slice(None), -1),
        (slice(None), slice(0, 1)),
        (slice(None), slice(None), 0),
        (0, 1, 2),
        (slice(None), [0]),
        (slice(None), True),
    ],
    ids=repr,
)
def test_other_indexing_of_an_array_is_refused(key):
    pairs = Pairs.from_index(example_items(), example_index())
    with pytest.raises(TypeError, match=r"by a side \(0 or 1\); use numpy.asarray"):
        pairs[key]


@pytest.mark.parametrize("name", ["two arrays", "index"])
def test_rows_of_no_use_are_refused(name):
    pairs = LAYOUTS[name](example_items(), example_index())
    for key in (N_PAIRS, -N_PAIRS - 1, np.int64(N_PAIRS)):
        with pytest.raises(IndexError, match=f"pair {key} is out of range for 9 pairs"):
            pairs[key]
    for key in ([0, N_PAIRS], [True] * 3, np.array([0.5])):
        with pytest.raises(IndexError):
            pairs[key]
    for key in ("a", None, 1.5):
        with pytest.raises(TypeError):
            pairs[key]


@pytest.mark.parametrize("name", ["two arrays", "index"])
def test_index_arrays_of_other_dimension_are_refused(name):
    """They would select something that is not a table of pairs."""
    pairs = LAYOUTS[name](example_items(), example_index())
    for key in (np.array([[0, 1], [1, 2]]), [[0, 1], [1, 2]]):
        with pytest.raises(IndexError, match="1-D mask or index, got 2-D"):
            pairs[key]


@pytest.mark.parametrize("name", ["two arrays", "index"])
def test_an_array_without_dimension_is_an_int(name):
    pairs = LAYOUTS[name](example_items(), example_index())
    assert_array_equal(pairs[np.array(3)], pairs[3])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_can_be_the_mask(library):
    """``pairs[frame["fold"] == 1]`` is what comes to mind first."""
    module = pytest.importorskip(library)
    column = module.Series(np.arange(N_PAIRS) % 2)
    pairs = Pairs.from_index(example_items(), example_index())
    assert_array_equal(pairs[column == 1], pairs[1::2])


@st.composite
def pairs_and_keys(draw):
    n_items = draw(st.integers(1, 5))
    n_pairs = draw(st.integers(1, 8))
    n_features = draw(st.integers(1, 3))
    index = draw(
        st.lists(
            st.tuples(st.integers(0, n_items - 1), st.integers(0, n_items - 1)),
            min_size=n_pairs,
            max_size=n_pairs,
        )
    )
    items = np.arange(1.0, 1 + n_items * n_features).reshape(n_items, n_features)
    name = draw(st.sampled_from(sorted(LAYOUTS)))
    pairs, array = LAYOUTS[name](items, np.array(index)), items[np.array(index)]
    keys = []
    for _ in range(draw(st.integers(1, 3))):
        n = len(array)
        numbers = st.integers(-n, max(n - 1, -n))
        key = draw(
            st.one_of(
                st.slices(n),
                st.lists(numbers, max_size=6 if n else 0),
                st.lists(st.booleans(), min_size=n, max_size=n).map(
                    lambda mask: np.array(mask, dtype=bool)
                ),
            )
        )
        keys.append((key, Ellipsis) if draw(st.booleans()) else key)
        array = array[keys[-1]]
    return pairs, keys, array


@settings(fixed, max_examples=120)
@given(pairs_and_keys())
def test_selecting_then_stacking_is_stacking_then_selecting(drawn):
    pairs, keys, expected = drawn
    for key in keys:
        pairs = pairs[key]
    assert pairs.shape == expected.shape
    assert_array_equal(np.asarray(pairs), expected)
    assert_array_equal(np.asarray(pairs.swap()), expected[:, ::-1])
    assert_array_equal(np.asarray(pairs.compact()), expected)
    assert_array_equal(np.asarray(pairs.to_index()), expected)


# ------------------------------------------------------------------ nothing is copied


def test_slices_are_views():
    items = example_items()
    pairs = Pairs(items[:4], items[3:])
    for part in (pairs[1:3], pairs[::2], pairs[2], pairs[1:3, ...], pairs.swap()):
        assert np.shares_memory(part.left, items)
        assert np.shares_memory(part.right, items)


@pytest.mark.parametrize("name", ["index", "two arrays"])
def test_a_fold_costs_two_integers_a_pair(name):
    n_pairs, n_features = 2000, 500
    items = np.zeros((n_pairs, n_features))
    index = np.random.default_rng(0).integers(n_pairs, size=(n_pairs, 2))
    pairs = LAYOUTS[name](items, index)
    fold = np.arange(0, n_pairs, 2)
    tracemalloc.start()
    train, _ = pairs[fold, ...], pairs[fold + 1]
    again = train[::-1][np.arange(10)].swap()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(again) == 10
    assert peak < 10 * 8 * n_pairs  # both sides of a fold would be 8 MB
    if name == "index":
        assert train.items is items
        assert again.items is items


def test_items_are_not_written_to():
    items, index = example_items(), example_index()
    unsorted = sparse.csr_matrix(items)
    unsorted.indices[:3], unsorted.data[:3] = [2, 1, 0], items[0, ::-1]
    before = unsorted.indices.copy()
    for table in (items, items[index[:, 0]], index):
        table.setflags(write=False)
    for pairs in (
        Pairs.from_index(items, index),
        two_arrays(items, index),
        Pairs.from_index(unsorted, index),
    ):
        pairs[[0, 1]].compact()
        pairs.to_index()
        pairs.groups()
        pairs.map_items(lambda rows: rows * 2)
        np.asarray(pairs)
    assert_array_equal(unsorted.indices, before)


# ------------------------------------------------------------- what scikit-learn does


class Remembers(ClassifierMixin, BaseEstimator):
    """Predict the first feature of the left side; keep what arrives."""

    def fit(self, X, y):
        assert isinstance(X, Pairs)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        assert isinstance(X, Pairs)
        return (dense(X.left)[:, 0] > 0).astype(int)


def test_scikit_learn_splits_and_keeps_the_container(layout):
    pairs, array = layout
    y = np.array([0, 1] * 4 + [0])
    train, test, y_train, _ = train_test_split(pairs, y, random_state=0)
    array_train, array_test = train_test_split(array, random_state=0)
    assert isinstance(train, Pairs)
    assert len(train) == len(y_train)
    assert_array_equal(train, array_train)
    assert_array_equal(test, array_test)
    assert_array_equal(shuffle(pairs, random_state=0), shuffle(array, random_state=0))
    assert indexable(pairs, y)[0] is pairs
    assert_array_equal(
        cross_val_predict(Remembers(), pairs, y, cv=3),
        (array[:, 0, 0] > 0).astype(int),
    )


def test_group_k_fold_on_groups_shares_no_item():
    # 30 items in 10 blocks of three, and pairs inside of each.
    rng = np.random.default_rng(0)
    index = rng.integers(3, size=(80, 2)) + 3 * rng.integers(10, size=(80, 1))
    pairs = Pairs.from_index(rng.normal(size=(30, 2)), index)
    n_splits = 0
    for train, test in GroupKFold(4).split(pairs, groups=pairs.groups()):
        assert not set(pairs[train].index.ravel()) & set(pairs[test].index.ravel())
        n_splits += 1
    assert n_splits == 4


# ------------------------------------------------------------------------- sides, repr


def test_swap(layout):
    pairs, array = layout
    assert_array_equal(pairs.swap(), array[:, ::-1])
    assert_array_equal(pairs.swap().swap(), array)
    assert_array_equal(pairs[[3, 1]].swap(), array[[3, 1], ::-1])
    assert pairs.swap().dtype == pairs.dtype


def test_swap_keeps_items_and_arrays():
    items, index = example_items(), example_index()
    swapped = Pairs.from_index(items, index).swap()
    assert swapped.items is items
    assert np.shares_memory(swapped.index, index)
    pairs = two_arrays(items, index)
    assert pairs.swap().left is pairs.right
    assert pairs.swap().right is pairs.left


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        (
            Pairs.from_index(np.ones((4, 2)), [[0, 1], [2, 3], [0, 2]]),
            "Pairs(3 pairs of 2 features, float64, index into 4 items)",
        ),
        (
            Pairs(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32)),
            "Pairs(1 pair of 1 feature, float32, two arrays)",
        ),
        (
            Pairs(np.ones((5, 2), np.int8), np.ones((5, 2), np.int8))[[0, 1]],
            "Pairs(2 pairs of 2 features, int8, rows of two arrays of length 5)",
        ),
        (
            Pairs(sparse.csr_matrix(np.eye(3)), np.ones((3, 3))),
            "Pairs(3 pairs of 3 features, float64, CSR, two arrays)",
        ),
        (
            Pairs.from_index(sparse.csr_array(np.eye(3)), [[0, 1]])[:0],
            "Pairs(0 pairs of 3 features, float64, CSR, index into 3 items)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_repr(pairs, text):
    assert repr(pairs) == text
    assert str(pairs) == text


def test_as_an_array(layout):
    pairs, array = layout
    for made in (np.asarray(pairs), np.array(pairs), np.stack([pairs])[0]):
        assert type(made) is np.ndarray
        assert made.dtype == array.dtype
        assert_array_equal(made, array)
    for dtype in (np.float16, np.float32, np.int64):
        made = np.asarray(pairs, dtype=dtype)
        assert made.dtype == dtype
        assert_array_equal(made, array.astype(dtype))
    assert_array_equal(pairs.__array__(copy=True), array)
    assert pairs.__array__(np.float32, copy=None).dtype == np.float32
    with pytest.raises(ValueError, match="without a copy"):
        pairs.__array__(copy=False)


def test_an_array_of_pairs_is_always_new():
    left, right = np.ones((2, 1)), np.ones((2, 1))
    np.asarray(Pairs(left, right))[:] = 5
    assert left.sum() == right.sum() == 2


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="asarray(copy=) is NumPy 2"
)
def test_asarray_without_copy_is_refused():
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(Pairs([[1.0]], [[2.0]]), copy=False)


# ------------------------------------------------------------------- CSR and memmap


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "csc_matrix", "coo_array"])
def test_sparse_tables_become_csr_and_stay_sparse(kind):
    items, index = example_items() * (example_items() > 0), example_index()
    table = getattr(sparse, kind)(items)
    pairs = Pairs.from_index(table, index)
    sides = Pairs(
        getattr(sparse, kind)(items[index[:, 0]]),
        getattr(sparse, kind)(items[index[:, 1]]),
    )
    for made in (pairs, sides):
        assert made.is_sparse
        for side in (made.left, made.right, made[[1, 2]].left, made[1:].right):
            assert sparse.issparse(side)
            assert side.format == "csr"
        assert_array_equal(made, items[index])
        doubled = made.map_items(lambda rows: rows * 2)
        assert doubled.is_sparse
        assert_array_equal(doubled, 2 * items[index])
    if kind.startswith("csr"):
        assert pairs.items is table


def test_one_sparse_side_makes_both_sparse():
    pairs = Pairs(sparse.csr_matrix(np.eye(2)), np.ones((2, 2)))
    assert sparse.issparse(pairs.right)
    assert sparse.issparse(pairs.swap().left)
    assert not Pairs(np.eye(2), np.eye(2)).is_sparse


@pytest.fixture
def memmap(tmp_path):
    table = np.memmap(tmp_path / "items", dtype=np.float32, mode="w+", shape=(50, 4))
    table[:] = np.random.default_rng(0).normal(size=table.shape)
    table.flush()
    return np.memmap(tmp_path / "items", dtype=np.float32, mode="r", shape=(50, 4))


def test_memmap_of_two_arrays_is_read_in_place(memmap):
    pairs = Pairs(memmap[:25], memmap[25:])
    assert isinstance(pairs.left, np.memmap)
    assert isinstance(pairs[3:9].right, np.memmap)
    assert isinstance(pairs.swap().left, np.memmap)
    for part in (pairs, pairs[3:9], pairs[::2], pairs.swap(), pairs.compact()):
        assert np.shares_memory(part.left, memmap)
        assert np.shares_memory(part.right, memmap)
    left, right = pairs.block(slice(3, 9))
    assert np.shares_memory(left, memmap)
    assert np.shares_memory(right, memmap)
    stacked = np.stack([memmap[:25], memmap[25:]], axis=1)
    assert_array_equal(pairs[[4, 2, 2]], stacked[[4, 2, 2]])


def test_memmap_of_items_is_read_in_place(memmap):
    index = np.random.default_rng(1).integers(50, size=(80, 2))
    pairs = Pairs.from_index(memmap, index)
    for part in (pairs, pairs[3:9], pairs[[5, 5]], pairs.swap()):
        assert part.items is memmap
    assert_array_equal(pairs.to_index(), np.asarray(memmap)[index])
    assert pairs.map_items(lambda rows: rows + 1).dtype == np.float32


# ----------------------------------------------------------- map, compact, to_index


class Recorder:
    """Keep what a function is called with."""

    def __init__(self):
        self.calls = []

    def __call__(self, rows):
        self.calls.append(rows)
        return dense(rows)[:, :2] * 8


def test_map_items_gives_the_array_mapped(layout):
    pairs, array = layout
    mapped = pairs.map_items(Recorder())
    assert_array_equal(mapped, array[:, :, :2] * 8)
    assert (mapped.index is None) == (pairs.index is None)
    assert_array_equal(
        pairs[[3, 1, 3]].map_items(Recorder()), array[[3, 1, 3], :, :2] * 8
    )


def test_map_items_calls_once_with_the_items_in_use():
    items, index = example_items(), example_index()
    recorder = Recorder()
    pairs = Pairs.from_index(items, index)
    pairs.map_items(recorder)
    assert len(recorder.calls) == 1
    assert_array_equal(recorder.calls[0], np.delete(items, 5, axis=0))
    recorder = Recorder()
    pairs[[1, 7]].map_items(recorder)
    assert len(recorder.calls) == 1
    assert_array_equal(recorder.calls[0], items[[0, 1, 2]])


def test_map_items_calls_once_a_side_otherwise():
    for pairs in (
        two_arrays(example_items(), example_index()),
        selection_of_two_arrays(example_items(), example_index()),
    ):
        recorder = Recorder()
        pairs.map_items(recorder)
        assert len(recorder.calls) == 2
        assert_array_equal(recorder.calls[0], pairs.left)
        assert_array_equal(recorder.calls[1], pairs.right)


@pytest.mark.parametrize("width", [1, 17, 64])
@pytest.mark.parametrize("n_pairs", [1, 2, 7, 1000])
def test_map_items_commutes_with_swap_bit_for_bit(n_pairs, width):
    """A matrix product may round a row otherwise in another memory layout."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(33, width)).astype(np.float32)
    left, right = rng.normal(size=(2, n_pairs, 33)).astype(np.float32)
    stacked = np.stack([left, right], axis=1)
    index = rng.integers(n_pairs, size=(n_pairs, 2))
    order = rng.permutation(n_pairs)
    fortran = np.asfortranarray
    for pairs, swapped in (
        (Pairs(left, right), Pairs(right, left)),
        (Pairs(left, fortran(right)), Pairs(right, fortran(left))),
        (Pairs(left, fortran(right)), Pairs(right, left)),
        (Pairs(stacked[:, 0], right), Pairs(right, left)),
        (Pairs(fortran(left), stacked[:, 1]), Pairs(right, stacked[:, 0])),
        (Pairs(left, right)[order], Pairs(fortran(right), left)[order]),
        (Pairs.from_index(left, index), Pairs.from_index(left, index[:, ::-1])),
        (
            Pairs.from_index(fortran(left), index),
            Pairs.from_index(fortran(left), index[:, ::-1]),
        ),
    ):
        one, other = (p.map_items(lambda rows: rows @ matrix) for p in (pairs, swapped))
        assert_array_equal(one, other.swap())


def test_map_items_checks_what_comes_back():
    pairs = Pairs.from_index(example_items(), example_index())
    with pytest.raises(ValueError, match=r"turned 6 rows into 2; .* one row for each"):
        pairs.map_items(lambda rows: rows[:2])
    with pytest.raises(ValueError, match=r"the mapped items must be 2-D .* got 1-D"):
        pairs.map_items(lambda rows: rows[:, 0])
    with pytest.raises(ValueError, match="the mapped items has 0 features"):
        pairs.map_items(lambda rows: rows[:, :0])
    with pytest.raises(TypeError, match="the mapped items must hold numbers"):
        pairs.map_items(lambda rows: rows.astype(str))


def test_compact(layout):
    pairs, array = layout
    assert_array_equal(pairs.compact(), array)
    assert_array_equal(pairs[[3, 1]].compact(), array[[3, 1]])
    small = pairs[[3, 1]].compact()
    if pairs.index is None:
        assert small.index is None
        assert small.left.shape == (2, N_FEATURES)
    else:
        assert small.items.shape == (3, N_FEATURES)
    assert small.compact() is small


def test_compact_of_what_is_compact_is_the_same_object():
    items = example_items()
    everything = Pairs.from_index(items, [[i, i] for i in range(N_ITEMS)])
    assert everything.compact() is everything
    pairs = two_arrays(items, example_index())
    assert pairs.compact() is pairs


def test_to_index_gives_distinct_items_in_use(layout):
    pairs, array = layout
    indexed = pairs.to_index()
    assert_array_equal(indexed, array)
    table = dense(indexed.items)
    assert table.shape == (6, N_FEATURES)
    assert len({row.tobytes() for row in table}) == 6
    assert indexed.to_index().items.shape == table.shape


def test_to_index_merges_equal_rows():
    table = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]])
    for items in (table, sparse.csr_matrix(table), table.astype(np.float16)):
        pairs = Pairs.from_index(items, [[0, 1], [2, 1]])
        assert_array_equal(pairs.to_index().index, [[0, 0], [1, 0]])
        assert_array_equal(pairs.groups(), [0, 0])


def test_zeros_that_a_sparse_row_stores_do_not_make_it_another():
    stored = sparse.csr_matrix(
        (np.array([1.0, 0.0, 1.0]), np.array([0, 1, 0]), np.array([0, 2, 3])), (2, 2)
    )
    assert_array_equal(stored.toarray(), [[1, 0], [1, 0]])
    pairs = Pairs.from_index(stored, [[0, 1]])
    assert_array_equal(pairs.to_index().index, [[0, 0]])


def naive_groups(index):
    """Merge sets of items until nothing changes; number them as they appear."""
    parent = {}

    def root(item):
        while parent.setdefault(item, item) != item:
            item = parent[item]
        return item

    for i, j in index:
        parent[root(i)] = root(j)
    numbers = {}
    return [numbers.setdefault(root(i), len(numbers)) for i, _ in index]


@settings(fixed, max_examples=80)
@given(
    index=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25),
    n_values=st.integers(1, 20),
    sparse_items=st.booleans(),
)
def test_groups_are_the_connected_components(index, n_values, sparse_items):
    # Items with equal rows are one item, whatever their numbers are.
    items = 1.0 + (np.arange(20) % n_values)[:, None]
    expected = naive_groups([(i % n_values, j % n_values) for i, j in index])
    table = sparse.csr_matrix(items) if sparse_items else items
    index = np.array(index, dtype=int).reshape(-1, 2)
    pairs = Pairs.from_index(table, index)
    assert_array_equal(pairs.groups(), expected)
    assert_array_equal(pairs.swap().groups(), expected)
    if len(index):
        assert_array_equal(two_arrays(table, index).groups(), expected)
        assert_array_equal(pairs[::-1].groups(), naive_groups((index % n_values)[::-1]))


# --------------------------------------------------------------------------- storage


def same_pairs(one, other):
    assert repr(one) == repr(other)
    assert_array_equal(one, other)
    assert (one.items is None) == (other.items is None)
    if one.index is not None:
        assert_array_equal(one.index, other.index)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(layout, protocol):
    pairs, _ = layout
    same_pairs(pickle.loads(pickle.dumps(pairs, protocol)), pairs)


def test_copy(layout):
    pairs, _ = layout
    same_pairs(copy.deepcopy(pairs), pairs)
    same_pairs(copy.copy(pairs), pairs)
    assert copy.copy(pairs).items is pairs.items


def test_joblib_dump_and_load(layout, tmp_path):
    pairs, _ = layout
    joblib.dump(pairs, tmp_path / "pairs")
    same_pairs(joblib.load(tmp_path / "pairs"), pairs)
    same_pairs(joblib.load(tmp_path / "pairs", mmap_mode="r"), pairs)


def test_items_are_stored_once(tmp_path):
    items = np.random.default_rng(0).normal(size=(100, 100))
    pairs = Pairs.from_index(items, [[0, 1], [2, 3]])
    assert len(pickle.dumps(pairs)) < 1.1 * items.nbytes
    joblib.dump(pairs, tmp_path / "pairs")
    assert (tmp_path / "pairs").stat().st_size < 1.1 * items.nbytes
    assert len(pickle.dumps(pairs.compact())) < 0.1 * items.nbytes


def test_equal_pairs_have_equal_hashes_in_joblib(layout):
    """So that ``Pipeline(memory=)`` finds what it has computed."""
    pairs, _ = layout
    assert joblib.hash(copy.deepcopy(pairs)) == joblib.hash(pairs)
    assert joblib.hash(pairs[1:]) != joblib.hash(pairs)


# ---------------------------------------------------------------------------- frames


@pytest.fixture(params=["pandas", "polars"])
def frames(request):
    return pytest.importorskip(request.param)


def frame_of_items(frames):
    return frames.DataFrame({"id": list("uvw"), "x": [0.0, 1.0, 2.0], "y": [3, 4, 5]})


def frame_of_pairs(frames):
    return frames.DataFrame(
        {"one": list("uwv"), "two": list("vvv"), "y": [True, False, True]}
    )


def test_frames(frames):
    pairs = Pairs.from_frame(
        frame_of_pairs(frames),
        left="one",
        right="two",
        items=frame_of_items(frames),
        item_id="id",
    )
    assert_array_equal(pairs.index, [[0, 1], [2, 1], [1, 1]])
    assert_array_equal(pairs.items, [[0, 3], [1, 4], [2, 5]])


def test_frames_with_chosen_features(frames):
    names = {"left": "one", "right": "two", "item_id": "id"}
    items = frame_of_items(frames)
    for features, expected in (
        (["y"], [[3], [4], [5]]),
        (["y", "x"], [[3, 0], [4, 1], [5, 2]]),
    ):
        pairs = Pairs.from_frame(
            frame_of_pairs(frames), items=items, features=features, **names
        )
        assert_array_equal(pairs.items, expected)


def test_frames_with_a_column_of_vectors(frames):
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    items = frames.DataFrame(
        {"id": list("uvw"), "text": list("abc"), "vector": list(vectors)}
    )
    pairs = Pairs.from_frame(
        frame_of_pairs(frames),
        left="one",
        right="two",
        items=items,
        item_id="id",
        features="vector",
    )
    assert pairs.dtype == np.float32
    assert_array_equal(pairs.items, vectors)


def test_mapping_of_vectors(frames):
    vectors = {"u": [0.0, 1.0], "v": np.array([2.0, 3.0]), "w": (4.0, 5.0)}
    pairs = Pairs.from_frame(
        frame_of_pairs(frames), left="one", right="two", items=vectors
    )
    assert_array_equal(pairs.items, [[0, 1], [2, 3], [4, 5]])
    assert_array_equal(pairs.index, [[0, 1], [2, 1], [1, 1]])


def test_a_frame_without_pairs(frames):
    pairs = Pairs.from_frame(
        frame_of_pairs(frames)[:0],
        left="one",
        right="two",
        items=frame_of_items(frames),
        item_id="id",
    )
    assert pairs.shape == (0, 2, 2)


def test_ids_of_numbers(frames):
    items = frames.DataFrame({"id": [10, 20], "x": [1.0, 2.0]})
    table = frames.DataFrame({"one": [20, 10], "two": [20, 20]})
    pairs = Pairs.from_frame(table, left="one", right="two", items=items, item_id="id")
    assert_array_equal(pairs.index, [[1, 1], [0, 1]])


def test_ids_of_dates(frames):
    days = [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)]
    items = frames.DataFrame({"id": days, "x": [1.0, 2.0]})
    table = frames.DataFrame({"one": days[:1], "two": days[1:]})
    pairs = Pairs.from_frame(table, left="one", right="two", items=items, item_id="id")
    assert_array_equal(pairs.index, [[0, 1]])


def test_ids_in_the_index_of_a_pandas_frame():
    pd = pytest.importorskip("pandas")
    table = frame_of_pairs(pd)
    table.index = [7, 7, 9]  # of no meaning
    items = frame_of_items(pd).set_index("id")
    pairs = Pairs.from_frame(table, left="one", right="two", items=items)
    assert_array_equal(pairs.index, [[0, 1], [2, 1], [1, 1]])
    assert pairs.items.shape == (3, 2)
    days = pd.to_datetime(["2020-01-01", "2020-01-02"]).as_unit("ns")
    items = pd.DataFrame({"x": [1.0, 2.0]}, index=days)
    table = pd.DataFrame({"one": days[:1], "two": days[1:]})
    pairs = Pairs.from_frame(table, left="one", right="two", items=items)
    assert_array_equal(pairs.index, [[0, 1]])


def test_pandas_dtypes():
    pd = pytest.importorskip("pandas")
    items = frame_of_items(pd).set_index("id")
    table = frame_of_pairs(pd)
    names = {"left": "one", "right": "two"}
    expected = [[0, 1], [2, 1], [1, 1]]
    for made in (table.astype("category"), table.astype("string")):
        pairs = Pairs.from_frame(made, items=items, **names)
        assert_array_equal(pairs.index, expected)
    pairs = Pairs.from_frame(table, items=items.convert_dtypes(), **names)
    assert_array_equal(pairs.items, items.to_numpy())
    pairs = Pairs.from_frame(table, items=items.astype(np.float32), **names)
    assert pairs.dtype == np.float32


def test_both_kinds_of_frames_together():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for one, two in itertools.permutations([pd, pl]):
        pairs = Pairs.from_frame(
            frame_of_pairs(one),
            left="one",
            right="two",
            items=frame_of_items(two),
            item_id="id",
        )
        assert_array_equal(pairs.index, [[0, 1], [2, 1], [1, 1]])


def test_missing_ids_are_named(frames):
    items = frame_of_items(frames)
    names = {"left": "one", "right": "two", "items": items, "item_id": "id"}
    table = frames.DataFrame({"one": ["q", "u"], "two": ["u", "q"]})
    with pytest.raises(KeyError, match=r"1 id of the pairs not found in items: 'q'\."):
        Pairs.from_frame(table, **names)
    table = frames.DataFrame({"one": list("abcdefu"), "two": list("uuuuuug")})
    with pytest.raises(
        KeyError,
        match="7 ids of the pairs not found in items: 'a', 'b', 'c', 'd', 'e' and 2",
    ):
        Pairs.from_frame(table, **names)


def test_ids_that_occur_twice_are_named(frames):
    items = frames.DataFrame({"id": list("uvu"), "x": [0.0, 1.0, 2.0]})
    with pytest.raises(
        ValueError, match=r"id 'u' occurs more than once in items \(rows 0 and 2\)"
    ):
        Pairs.from_frame(
            frame_of_pairs(frames), left="one", right="two", items=items, item_id="id"
        )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"left": "no"}, "'no' not found in the table of pairs; it has 'one', 'two'"),
        ({"right": "no"}, "column 'no' not found in the table of pairs"),
        ({"item_id": "no"}, "column 'no' not found in items; it has 'id', 'x', 'y'"),
        ({"features": ["x", "no"]}, "column 'no' not found in items"),
        ({"features": "no"}, "column 'no' not found in items"),
    ],
)
def test_missing_columns_are_named(frames, arguments, text):
    arguments = {
        "left": "one",
        "right": "two",
        "items": frame_of_items(frames),
        "item_id": "id",
        **arguments,
    }
    with pytest.raises(KeyError, match=text):
        Pairs.from_frame(frame_of_pairs(frames), **arguments)


def test_columns_that_hold_no_embedding(frames):
    items = frames.DataFrame({"id": list("uvw"), "text": list("abc")})
    names = {"left": "one", "right": "two", "item_id": "id"}
    with pytest.raises(TypeError, match="items must hold numbers, got dtype object"):
        Pairs.from_frame(frame_of_pairs(frames), items=items, **names)
    with pytest.raises(ValueError, match="items has 0 features"):
        Pairs.from_frame(frame_of_pairs(frames), items=items, features=[], **names)
    ragged = frames.DataFrame({"id": list("uvw"), "e": [[1.0], [1.0, 2.0], [1.0]]})
    with pytest.raises(
        ValueError, match=r"1-D and of one length, .* \[\(1,\), \(2,\)\]"
    ):
        Pairs.from_frame(frame_of_pairs(frames), items=ragged, features="e", **names)
    with pytest.raises(ValueError, match=r"1-D and of one length, .* \[\(\)\]"):
        Pairs.from_frame(
            frame_of_pairs(frames), items=frame_of_items(frames), features="x", **names
        )


def test_columns_of_one_name_are_taken_once_each():
    pd = pytest.importorskip("pandas")
    table = np.arange(6.0).reshape(3, 2)
    items = pd.DataFrame(table, columns=["x", "x"], index=list("uvw"))
    names = {"left": "one", "right": "two", "items": items}
    assert_array_equal(Pairs.from_frame(frame_of_pairs(pd), **names).items, table)


def test_polars_has_no_index_of_ids():
    pl = pytest.importorskip("polars")
    with pytest.raises(ValueError, match="item_id=None takes the ids from the index"):
        Pairs.from_frame(
            frame_of_pairs(pl), left="one", right="two", items=frame_of_items(pl)
        )


def test_what_is_no_frame(frames):
    names = {"left": "one", "right": "two"}
    with pytest.raises(TypeError, match=r"items must be .* got ndarray; .*from_index"):
        Pairs.from_frame(frame_of_pairs(frames), items=np.eye(3), **names)
    with pytest.raises(TypeError, match=r"table of pairs must be .* got dict"):
        Pairs.from_frame(
            {"one": ["u"], "two": ["v"]},
            items=frame_of_items(frames),
            item_id="id",
            **names,
        )
    for items in ({}, {"u": 1.0, "v": 2.0, "w": 3.0}):
        with pytest.raises(ValueError, match="must be 1-D and of one length"):
            Pairs.from_frame(frame_of_pairs(frames), items=items, **names)


# ---------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("left", "right", "error", "text"),
    [
        (
            np.ones((3, 2)),
            np.ones((4, 2)),
            ValueError,
            r"same shape, got \(3, 2\) and \(4, 2\); row i of both is pair i",
        ),
        (np.ones((3, 2)), np.ones((3, 1)), ValueError, r"\(3, 2\) and \(3, 1\)"),
        (
            np.ones(3),
            np.ones((3, 1)),
            ValueError,
            r"left must be 2-D .* got 1-D with shape \(3,\); one pair is Pairs",
        ),
        (np.ones((1, 3)), np.ones(3), ValueError, "right must be 2-D .* got 1-D"),
        (
            np.ones((1, 2, 3)),
            np.ones((1, 3)),
            ValueError,
            "left must be 2-D .* got 3-D",
        ),
        (np.float64(1), np.ones((1, 3)), ValueError, "left must be 2-D .* got 0-D"),
        (np.ones((3, 0)), np.ones((3, 0)), ValueError, "left has 0 features"),
        ([["a"]], [["b"]], TypeError, "left must hold numbers, got dtype <U1"),
        ([[1]], [["b"]], TypeError, "right must hold numbers, got dtype <U1"),
        (
            np.array([[1.0]], dtype=object),
            [[1.0]],
            TypeError,
            "left must hold numbers, got dtype object",
        ),
        ([[1.0]], None, TypeError, "right must hold numbers, got NoneType"),
        ([[1.0]], [[1j]], ValueError, "Complex data not supported: right has dtype"),
        (
            np.array([["2020-01-01"]], dtype="M8[D]"),
            [[1.0]],
            TypeError,
            r"left must hold numbers, got dtype datetime64\[D\]",
        ),
    ],
)
def test_sides_of_no_use(left, right, error, text):
    with pytest.raises(error, match=text):
        Pairs(left, right)


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        ([[0, 7]], IndexError, r"1 number\(s\) outside 0..6, the first is 7 in pair 0"),
        ([[0, 1], [9, 8]], IndexError, r"2 number\(s\) .* the first is 9 in pair 1"),
        (
            [[0, 1], [2, -1]],
            IndexError,
            "first is -1 in pair 1; negative numbers do not",
        ),
        ([0, 1], ValueError, r"index must have shape \(n_pairs, 2\), got \(2,\)"),
        ([[0, 1, 2]], ValueError, r"must have shape \(n_pairs, 2\), got \(1, 3\)"),
        (np.zeros((2, 2, 2), int), ValueError, r"\(n_pairs, 2\), got \(2, 2, 2\)"),
        (
            [[0.0, 1.0]],
            TypeError,
            "must hold integers .* got dtype float64; for ids use",
        ),
        ([["u", "v"]], TypeError, "must hold integers .* got dtype <U1; for ids use"),
        ([[True, False]], TypeError, "must hold integers .* got dtype bool"),
        (np.empty((0, 3), dtype=int), ValueError, r"\(n_pairs, 2\), got \(0, 3\)"),
    ],
)
def test_index_of_no_use(index, error, text):
    with pytest.raises(error, match=text):
        Pairs.from_index(example_items(), index)


@pytest.mark.parametrize(
    ("items", "error", "text"),
    [
        (np.ones(3), ValueError, r"items must be 2-D .* got 1-D with shape \(3,\)"),
        (np.ones((3, 2, 2)), ValueError, "items must be 2-D .* got 3-D"),
        (np.ones((3, 0)), ValueError, r"items has 0 features \(shape \(3, 0\)\)"),
        ([["a"], ["b"]], TypeError, "items must hold numbers"),
        ([[1j], [2j]], ValueError, "Complex data not supported: items"),
        (sparse.csr_matrix([[1j], [2j]]), ValueError, "Complex data not supported"),
    ],
)
def test_items_of_no_use(items, error, text):
    with pytest.raises(error, match=text):
        Pairs.from_index(items, [[0, 1]])
