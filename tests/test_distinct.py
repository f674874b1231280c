# SPDX-License-Identifier: BSD-3-Clause
"""Equal rows, found by hashing: against a dictionary of the bytes of each row."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

import sksymsim._distinct as distinct
from sksymsim import Pairs
from sksymsim._distinct import (
    distinct_rows,
    guess_distinct,
    guess_items,
    hash_rows,
)

# Widths of whole and of broken words of eight bytes.
widths = pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
dtypes = pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.int16, np.int64, bool]
)


def plain_distinct_rows(*tables):
    """Return rows and numbers as promised, by comparing the bytes of whole rows."""
    stacked = np.vstack(tables)
    places, items, number = {}, [], []
    for row in stacked:
        key = row.tobytes()
        if key not in places:
            places[key] = len(items)
            items.append(row)
        number.append(places[key])
    return np.array(items), np.array(number)


def repeated_rows(rng, n_rows, width, dtype):
    """Draw rows of few values, so that many of them are equal."""
    values = rng.integers(0, 2 if width > 3 else 3, (n_rows, width))
    return values.astype(dtype)


def assert_distinct(tables, found):
    items, number = found
    expected_items, expected_number = plain_distinct_rows(*tables)
    assert items.dtype == expected_items.dtype
    # Bytes, as 0.0 and -0.0 are equal as numbers.
    assert items.shape == expected_items.shape
    assert items.tobytes() == expected_items.tobytes()
    assert_array_equal(number, expected_number)


@widths
@dtypes
def test_rows_are_numbered_in_the_order_in_which_they_first_occur(dtype, width, rng):
    table = repeated_rows(rng, 200, width, dtype)
    items, number = distinct_rows(table)
    assert_distinct([table], (items, number))
    assert_array_equal(items[number], table)
    # The same rows as of NumPy, which sorts them.
    as_integers = items.astype(int)
    assert_array_equal(
        np.unique(as_integers, axis=0), np.unique(table.astype(int), axis=0)
    )
    assert len(items) < len(table)


@widths
@dtypes
def test_rows_of_several_tables_are_as_if_stacked(dtype, width, rng):
    tables = [repeated_rows(rng, n, width, dtype) for n in (70, 1, 90)]
    assert_distinct(tables, distinct_rows(*tables))


@pytest.mark.parametrize("n_rows", [1, 2047, 2048, 2049, 4100])
def test_parts_of_a_table_that_are_hashed_at_a_time_leave_no_trace(n_rows, rng):
    table = rng.normal(size=(n_rows, 3))
    table[n_rows // 2 :] = table[: n_rows - n_rows // 2]
    assert_distinct([table], distinct_rows(table))


def test_no_rows_that_differ_are_told_equal(rng):
    """One bit of one number is a difference."""
    table = np.tile(rng.normal(size=7), (8, 1))
    for i in range(7):
        table[i, i] = np.nextafter(table[i, i], np.inf)
    items, number = distinct_rows(table)
    assert len(items) == 8
    assert_array_equal(number, np.arange(8))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_negative_zero_is_another_row(dtype):
    """Rows are equal bit for bit or not at all."""
    table = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0]], dtype=dtype)
    items, number = distinct_rows(table)
    assert_array_equal(number, [0, 1, 0])
    assert_array_equal(np.signbit(items), [[False, False], [True, False]])


def test_rows_of_two_dtypes_are_compared_in_the_common_one():
    """What float32 rounds is not what float64 holds: 0.5 is, and 0.1 is not."""
    narrow = np.array([[0.5], [0.1]], dtype=np.float32)
    wide = np.array([[0.5], [0.1], [np.float32(0.1)]])
    items, number = distinct_rows(narrow, wide)
    assert items.dtype == np.float64
    assert_array_equal(number, [0, 1, 0, 2, 1])
    assert_distinct([narrow, wide], (items, number))
    integers = np.array([[1], [0]])
    items, number = distinct_rows(integers, np.array([[0.0], [0.5]]))
    assert items.dtype == np.float64
    assert_array_equal(number, [0, 1, 1, 2])


@pytest.mark.parametrize("order", ["F", "strided", "reversed", "read-only", "memmap"])
def test_tables_of_any_layout_are_read_and_left_alone(order, rng, tmp_path):
    table = repeated_rows(rng, 60, 4, np.float32)
    given = {
        "F": np.asfortranarray(table),
        "strided": np.repeat(table, 2, axis=1)[:, ::2],
        "reversed": table[::-1][::-1],
        "read-only": table.copy(),
    }.get(order)
    if order == "memmap":
        table.tofile(tmp_path / "table")
        given = np.memmap(tmp_path / "table", np.float32, "r", shape=table.shape)
    elif order == "read-only":
        given.flags.writeable = False
    assert_distinct([table], distinct_rows(given))
    assert_array_equal(given, table)


# ------------------------------------------------------------------------- collisions


@pytest.mark.parametrize("n_hashes", [1, 2])
@widths
@dtypes
def test_rows_of_equal_hashes_are_told_apart(dtype, width, n_hashes, rng, monkeypatch):
    """However bad the hash is, the rows themselves decide in the end."""

    def collide(table, dtype):
        return hash_rows(table, dtype) % np.uint64(n_hashes)

    monkeypatch.setattr(distinct, "hash_rows", collide)
    tables = [repeated_rows(rng, n, width, dtype) for n in (50, 80)]
    assert_distinct(tables, distinct_rows(*tables))


def test_zeros_of_either_sign_are_told_apart_after_a_collision(monkeypatch):
    monkeypatch.setattr(
        distinct, "hash_rows", lambda table, dtype: np.zeros(len(table), np.uint64)
    )
    narrow = np.array([[0.0], [-0.0]], dtype=np.float32)
    wide = np.array([[-0.0], [0.0], [1.0]])
    items, number = distinct_rows(narrow, wide)
    assert_array_equal(number, [0, 1, 1, 0, 2])
    assert_distinct([narrow, wide], (items, number))


def test_a_collision_late_in_a_long_table_is_noticed(rng, monkeypatch):
    """Rows are compared in parts; the last one is as good as the first."""
    table = rng.normal(size=(5000, 2))
    hashes = hash_rows(table, table.dtype)
    hashes[-1] = hashes[0]
    monkeypatch.setattr(distinct, "hash_rows", lambda table, dtype: hashes)
    items, number = distinct_rows(table)
    assert_array_equal(items, table)
    assert_array_equal(number, np.arange(5000))


# ------------------------------------------------------------------------------ hashes


@widths
@dtypes
def test_equal_rows_have_equal_hashes_in_any_table(dtype, width, rng):
    table = repeated_rows(rng, 300, width, dtype)
    common = np.result_type(dtype, np.float64)
    for target in (np.dtype(dtype), common):
        hashes = hash_rows(table, target)
        order = rng.permutation(300)
        assert_array_equal(hash_rows(table[order], target), hashes[order])
        wide = hash_rows(table.astype(target), target)
        assert_array_equal(wide, hashes)


@pytest.mark.parametrize("values", ["whole numbers", "single precision", "half"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_of_few_bits_have_as_many_hashes_as_rows(values, dtype, rng):
    """Counts, labels and widened numbers end in zeros, which no product may drop.

    Collisions are found out, but then all rows are compared with all others.
    """
    draw = {
        "whole numbers": rng.integers(0, 10, (50_000, 12)),
        "single precision": rng.normal(size=(50_000, 12)).astype(np.float32),
        "half": rng.normal(size=(50_000, 12)).astype(np.float16),
    }
    table = draw[values].astype(dtype)
    # 64 bits: two of them meet with a probability of 1e-10. Rows are all distinct but
    # for a probability of 1e-3 among the whole numbers.
    n_distinct = len(set(map(bytes, table)))
    assert len(np.unique(hash_rows(table, table.dtype))) == n_distinct


def test_a_change_of_any_one_number_changes_the_hash(rng):
    row = rng.normal(size=(1, 33)).astype(np.float32)
    table = np.repeat(row, 34, axis=0)
    changed = np.arange(33)
    table[changed, changed] = np.nextafter(table[changed, changed], np.float32(9))
    assert len(np.unique(hash_rows(table, table.dtype))) == 34


def test_rows_of_exchanged_numbers_have_other_hashes(rng):
    row = rng.normal(size=16)
    table = np.array([rng.permutation(row) for _ in range(100)])
    assert len(np.unique(hash_rows(table, table.dtype))) == 100


# -------------------------------------------------------------------------------- CSR


def random_csr(rng, n_rows, width=6, dtype=np.float64):
    values = rng.integers(0, 3, (n_rows, width)) * rng.integers(0, 2, (n_rows, width))
    return sparse.csr_matrix(values.astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_sparse_rows_are_numbered_as_dense_ones(dtype, rng):
    tables = [random_csr(rng, n, 4, dtype) for n in (80, 30)]
    items, number = distinct_rows(*tables)
    assert sparse.issparse(items)
    assert items.format == "csr"
    assert_distinct([t.toarray() for t in tables], (items.toarray(), number))


def test_zeros_that_a_sparse_table_stores_do_not_count(rng):
    table = random_csr(rng, 40)
    explicit = table.copy()
    explicit.data[::3] = 0.0
    before = explicit.data.copy()
    expected = explicit.toarray()
    items, number = distinct_rows(explicit)
    assert_distinct([expected], (items.toarray(), number))
    assert_array_equal(explicit.data, before)


def test_sparse_and_dense_sides_are_found_equal(rng):
    """One side may be sparse and the other one not, if they were so in the pairs."""
    table = random_csr(rng, 40)
    pairs = Pairs(table, table.toarray())
    index = pairs.to_index().index
    assert_array_equal(index[:, 0], index[:, 1])
    assert_array_equal(index[:, 0], plain_distinct_rows(table.toarray())[1])


def test_empty_rows_are_one_row():
    items, number = distinct_rows(sparse.csr_matrix((5, 3)))
    assert items.shape == (1, 3)
    assert_array_equal(number, np.zeros(5))


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_row_numbers_of_sparse_rows_may_be_wide(index_dtype, rng):
    """Tables of more than 2**31 entries have 64-bit ones."""
    table = random_csr(rng, 50)
    expected = distinct_rows(table)[1]
    table.indices = table.indices.astype(index_dtype)
    table.indptr = table.indptr.astype(index_dtype)
    assert_array_equal(distinct_rows(random_csr(rng, 1)[:0], table)[1], expected)


# ------------------------------------------------------------------- how many there are


@pytest.mark.parametrize("n_distinct", [5_000, 20_000, 100_000])
@pytest.mark.parametrize("seed_offset", range(3))
def test_the_guess_from_a_sample_is_near(n_distinct, seed_offset, seed):
    """The pairs that meet are about Poisson: four times the root of their number."""
    rng = np.random.default_rng([seed, seed_offset])
    size = 4096
    hashes = rng.integers(0, n_distinct, size).astype(np.uint64)
    expected_pairs = size**2 / (2 * n_distinct)
    guess = guess_distinct(hashes, 10**9)
    # Three or more that meet count for one pair less, which the formula leaves out.
    beyond = size / (2 * n_distinct)
    spread = 4 / np.sqrt(expected_pairs)
    assert guess >= n_distinct * (1 - spread)
    assert guess <= n_distinct * (1 + spread + beyond)


def test_the_guess_is_all_rows_where_none_repeats(rng):
    hashes = rng.permutation(4096).astype(np.uint64)
    assert guess_distinct(hashes, 12_345) == 12_345


def test_the_guess_is_never_more_than_there_are_rows():
    hashes = np.arange(4096, dtype=np.uint64)
    hashes[0] = hashes[1]
    assert guess_distinct(hashes, 10_000) == 10_000


@pytest.mark.parametrize("layout", ["arrays", "selection"])
def test_pairs_guess_their_items_from_a_part_of_them(layout, rng, monkeypatch):
    monkeypatch.setattr("sksymsim._distinct.SAMPLE", 512)
    items = rng.normal(size=(1000, 3))
    index = rng.integers(0, 1000, (20_000, 2))
    pairs = Pairs(items[index[:, 0]], items[index[:, 1]])
    if layout == "selection":
        pairs = pairs[rng.permutation(20_000)]
    # 131 pairs of the sample meet, give or take 11.
    assert guess_items(pairs) == pytest.approx(1000, rel=0.6)
    everything_differs = Pairs(*rng.normal(size=(2, 20_000, 3)))
    assert guess_items(everything_differs) == 40_000


def test_an_item_paired_with_itself_is_no_repetition(rng):
    """They say nothing of how often an item comes in other pairs."""
    left = rng.normal(size=(20_000, 3))
    right = np.where(rng.random((20_000, 1)) < 0.1, left, rng.normal(size=left.shape))
    assert guess_items(Pairs(left, right)) == 40_000


@pytest.mark.parametrize("n_distinct", [1, 10, 100, 1000])
def test_few_distinct_rows_are_not_guessed_to_be_many(n_distinct, rng):
    """Else rows that are well worth holding once are held for each pair."""
    hashes = rng.integers(0, n_distinct, 4096).astype(np.uint64)
    assert guess_distinct(hashes, 10**9) <= 2 * n_distinct
