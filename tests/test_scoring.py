# SPDX-License-Identifier: BSD-3-Clause
"""Fast scoring: the same scores in any blocks, order, threads and layout."""

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import naive_scores
from scipy import sparse
from threadpoolctl import threadpool_info, threadpool_limits

from sksymsim import Pairs, SymmetricPairClassifier, _blocks, _cross, _score, _scoring
from sksymsim._cross import best_of_all_pairs, score_all_pairs
from sksymsim._forms import FORMS
from sksymsim._score import FittedScore

N_FEATURES = 36

KINDS = [
    ("mahalanobis", "positive"),
    ("mahalanobis", "mixed"),
    ("bilinear", "positive"),
    ("bilinear", "mixed"),
    ("quadratic", "mixed"),
]
every_kind = pytest.mark.parametrize(("form", "kind"), KINDS)
every_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
METHODS = ["decision_function", "predict_proba", "predict", "pair_score"]
METHODS += ["predict_log_proba", "pair_distance"]


def score_of(form, kind, seed=0, rank=N_FEATURES, n_features=N_FEATURES):
    """Return a score with any numbers."""
    rng = np.random.default_rng(seed)
    n_terms = len(FORMS[form].terms)
    sign = np.ones(rank) if kind == "positive" else np.tile([1.0, -1.0], rank)[:rank]
    return FittedScore(
        form,
        float(rng.normal()),
        rng.normal(size=n_features) if FORMS[form].has_linear else None,
        tuple(rng.normal(size=(rank, n_features)) / 6 for _ in range(n_terms)),
        (sign,) * n_terms,
    )


def model_of(score, n_jobs=None):
    """Return a classifier that has learned a given score."""
    psd = score.is_metric
    model = SymmetricPairClassifier(score.form, psd=psd, n_jobs=n_jobs)
    model._fitted, model._score = (score.form, psd), score
    model.classes_, model.n_features_in_ = np.array([0, 1]), score.n_features
    return model


def table_and_index(n_items=60, n_pairs=500, dtype="float32", seed=1):
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n_items, N_FEATURES)).astype(dtype)
    return items, rng.integers(n_items, size=(n_pairs, 2))


def expected_scores(score, items, index):
    """Return the polynomial in double precision."""
    a, b = (items[index[:, side]].astype(np.float64) for side in (0, 1))
    k, c, own, cross = score.polynomial()
    return (
        k
        + (a + b) @ c
        + ((a @ own) * a).sum(axis=1)
        + ((b @ own) * b).sum(axis=1)
        + 2 * ((a @ cross) * b).sum(axis=1)
    )


def layouts(items, index):
    """Yield the same pairs held in all ways."""
    left, right = items[index[:, 0]], items[index[:, 1]]
    read_only = items[index]
    read_only.setflags(write=False)
    yield "array", read_only
    yield "two arrays", Pairs(left, right)
    yield "index", Pairs.from_index(items, index)
    yield "small index", Pairs.from_index(items, index.astype(np.uint8))
    more = np.concatenate([np.full_like(items, np.nan), items])
    yield "part of a table", Pairs.from_index(more, index + len(items))
    many = np.concatenate([np.full((20_000, N_FEATURES), np.inf, items.dtype), items])
    yield "small part of a table", Pairs.from_index(many, index + 20_000)
    if items.dtype != np.float16:
        yield "CSR", Pairs(sparse.csr_matrix(left), sparse.csr_matrix(right))
        yield "CSR index", Pairs.from_index(sparse.csr_matrix(items), index)


@pytest.fixture
def small_steps(monkeypatch):
    """Make all that happens to large inputs happen to small ones."""
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", 2**12)
    monkeypatch.setattr(_blocks, "POOL_WORK", 0)
    monkeypatch.setattr(_scoring, "TRIANGULAR_ROWS", 1)
    monkeypatch.setattr(_scoring, "SORTED_PAIRS", (400, 400))
    monkeypatch.setattr(_scoring, "CACHE_BYTES", 0)
    monkeypatch.setattr(_scoring, "HOT_BYTES", 2**11)
    monkeypatch.setattr(_scoring, "GATHERED_BYTES", 2**11)
    monkeypatch.setattr(_score, "MIN_PANEL", 1)
    monkeypatch.setattr(_cross, "TILE_FIRST", 7)
    monkeypatch.setattr(_cross, "TILE_SECOND", 11)
    monkeypatch.setattr(_cross, "TILE_SAME", 8)
    monkeypatch.setattr(_cross, "CENTER_ROWS", 5)


# ------------------------------------------------------------------- the same scores


@every_kind
def test_scores_are_the_plain_loops(form, kind, small_steps):
    score = score_of(form, kind)
    items, index = table_and_index(60, 150, dtype="float64")
    left, right = items[index[:, 0]], items[index[:, 1]]
    expected = naive_scores(
        form, left, right, score.intercept, score.linear, score.matrices
    )
    for name, pairs in layouts(items, index):
        found = model_of(score).decision_function(pairs)
        assert_allclose(found, expected, rtol=1e-10, atol=1e-10, err_msg=name)
    matrix = score_all_pairs(score, items, items)
    assert_allclose(matrix[index[:, 0], index[:, 1]], expected, rtol=1e-9, atol=1e-9)


@every_dtype
@every_kind
def test_scores_of_all_layouts_are_the_formula(form, kind, dtype, small_steps):
    score = score_of(form, kind)
    items, index = table_and_index(dtype=dtype)
    expected = expected_scores(score, items, index)
    tolerance = 1e-11 if dtype == "float64" else 1e-4
    for name, pairs in layouts(items, index):
        found = model_of(score).decision_function(pairs)
        assert found.dtype == (np.float64 if dtype == "float64" else np.float32)
        scale = np.abs(expected).max()
        assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=name)


@every_dtype
@every_kind
def test_neither_threads_nor_the_order_of_sides_change_a_bit(
    form, kind, dtype, small_steps
):
    score = score_of(form, kind)
    items, index = table_and_index(dtype=dtype)
    flipped = np.where(np.arange(len(index))[:, None] % 3, index, index[:, ::-1])
    ways = [layouts(items, rows) for rows in (index, index[:, ::-1], flipped)]
    for (name, pairs), *others in zip(*ways, strict=True):
        model = model_of(score, 1)
        scores = model.decision_function(pairs)
        for n_jobs in (None, 3):
            together = model_of(score, n_jobs).decision_function(pairs)
            assert_array_equal(together, scores, name)
        for _, other in others:
            assert_array_equal(model.decision_function(other), scores, name)


@pytest.mark.parametrize("rank", [1, 20, N_FEATURES])
@every_kind
def test_triangular_factors_give_the_same_scores(form, kind, rank, monkeypatch):
    monkeypatch.setattr(_score, "MIN_PANEL", 1)
    score = score_of(form, kind, rank=rank)
    items, index = table_and_index(dtype="float64")
    left, right = items[index[:, 0]], items[index[:, 1]]
    kernel = score.kernel(np.float64, triangular=True)
    assert_allclose(
        kernel.from_sides(left, right),
        score.kernel(np.float64).from_sides(left, right),
        rtol=1e-11,
        atol=1e-11,
    )
    z = kernel.project_items(items)
    assert_allclose(
        kernel.from_projections(z[index[:, 0]], z[index[:, 1]]),
        kernel.from_sides(left, right),
        rtol=1e-10,
        atol=1e-10,
    )


def test_a_wide_model_is_made_triangular_for_many_rows_only():
    score = score_of("mahalanobis", "positive", n_features=200, rank=200)
    items = np.zeros((1, 200))
    few, many = (_scoring.kernel_for(score, items, n, np.float64) for n in (9, 10**4))
    assert len(few.terms[0].panels) == 1
    assert len(many.terms[0].panels) > 1
    assert (
        _scoring.kernel_for(score, sparse.csr_matrix(items), 10**4, np.float64) is few
    )


def test_a_pair_of_equal_items_has_exactly_the_intercept(small_steps):
    score = score_of("mahalanobis", "positive")
    items, index = table_and_index()
    index[:, 1] = index[:, 0]
    near = items.copy()
    near[:, 0] = np.nextafter(items[:, 0], np.float32(9))
    for _, pairs in layouts(items, index):
        model = model_of(score)
        assert (model.decision_function(pairs) == np.float32(score.intercept)).all()
        assert (model.pair_distance(pairs) == 0).all()
    distances = model.pair_distance((items, near))
    gap = (items.astype(np.float64) - near) @ score.factors[0].T
    assert_allclose(distances, np.linalg.norm(gap, axis=1), rtol=1e-5)


@every_kind
def test_reading_order_keeps_each_pair(form, kind):
    rng = np.random.default_rng(0)
    for n_items, row_bytes in ((5, 4), (300, 2**20), (70_000, 1536), (200_000, 2**20)):
        left, right = rng.integers(n_items, size=(2, 1000))
        smaller, greater, order = _scoring._in_reading_order(
            left, right, n_items, row_bytes
        )
        assert_array_equal(np.sort(order), np.arange(1000))
        assert_array_equal(smaller, np.minimum(left, right)[order])
        assert_array_equal(greater, np.maximum(left, right)[order])
        again = _scoring._in_reading_order(right, left, n_items, row_bytes)
        assert_array_equal(again[2], order)


# ------------------------------------------------------- all combinations of two tables


@every_dtype
@every_kind
def test_all_combinations_are_the_formula(form, kind, dtype, small_steps):
    score = score_of(form, kind)
    a = table_and_index(23, dtype=dtype)[0]
    b = table_and_index(40, dtype=dtype, seed=2)[0]
    tolerance = 1e-11 if dtype == "float64" else 1e-4
    for left, right in ((a, b), (a, a), (a, a + 1), (b, b[::-1])):
        found = score_all_pairs(score, left, right, 1)
        assert found.flags.c_contiguous
        assert found.dtype == (np.float64 if dtype == "float64" else np.float32)
        items = np.concatenate([left, right])
        grid = np.indices(found.shape).reshape(2, -1).T + np.array([0, len(left)])
        expected = expected_scores(score, items, grid).reshape(found.shape)
        atol = tolerance * np.abs(expected).max()
        assert_allclose(found, expected, rtol=0, atol=atol)
        assert_array_equal(found, score_all_pairs(score, right, left, 2).T)
        assert_array_equal(found, score_all_pairs(score, left.copy(), right, 3))


@pytest.mark.parametrize("layout", [sparse.csr_matrix, np.asfortranarray, np.float64])
def test_all_combinations_of_two_kinds_of_tables_are_symmetric(layout, small_steps):
    score = score_of("mahalanobis", "positive")
    items = table_and_index(23)[0]
    other = layout(items)
    for a, b in ((items, other), (other, other), (items[:9], other)):
        assert_array_equal(score_all_pairs(score, a, b), score_all_pairs(score, b, a).T)


def test_no_combination_exceeds_the_score_of_equal_items(small_steps):
    score = score_of("mahalanobis", "positive")
    items = 100 + table_and_index(23)[0]
    items = np.concatenate([items, items[::-1]])
    scores = score_all_pairs(score, items, items[5:], 1)
    assert (scores <= np.float32(score.intercept)).all()


def expected_best(scores, k):
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


@pytest.mark.parametrize("k", [1, 3, 12, 40])
@every_kind
def test_top_k_is_the_sorted_matrix(form, kind, k, small_steps):
    score = score_of(form, kind)
    rng = np.random.default_rng(0)
    # Few different items, so that many scores are equal.
    base = rng.integers(2, size=(6, N_FEATURES))[rng.integers(6, size=40)]
    base = np.concatenate([base[:25], rng.normal(size=(15, N_FEATURES))])
    for queries, dtype in (
        (base[:1], np.float32),
        (base[3:12], np.float64),
        (rng.normal(size=(70, N_FEATURES)), np.float32),
        (base, np.float32),
        (base, np.float64),
    ):
        a, b = queries.astype(dtype), base.astype(dtype)
        model = model_of(score, 1)
        scores, indices = model.top_k(a, b, k)
        expected, order = expected_best(model.cross_scores(a, b), k)
        assert scores.dtype == dtype
        assert indices.dtype == np.intp
        assert_array_equal(scores, expected)
        assert_array_equal(indices, order)
        together = model_of(score, 2).top_k(a, b, np.int64(k))
        assert_array_equal(together[0], scores)
        assert_array_equal(together[1], indices)


@pytest.mark.parametrize(
    ("form", "kind"), [("mahalanobis", "positive"), ("quadratic", "mixed")]
)
def test_top_k_in_tiles_of_full_size(form, kind):
    score = score_of(form, kind)
    rng = np.random.default_rng(0)
    base = rng.normal(size=(4200, N_FEATURES)).astype(np.float32)
    base[4090:4110] = base[100]
    for queries in (base[95:105], base[:700], rng.normal(size=(4201, N_FEATURES))):
        model = model_of(score, 2)
        scores, order = model.top_k(queries, base, 7)
        matrix = model.cross_scores(queries, base)
        # Seven different items, and fewer than seven are better than the last of them.
        assert (np.diff(np.sort(order)) > 0).all()
        assert (np.count_nonzero(matrix > scores[:, -1:], axis=1) < 7).all()
        # A stable sort says which of equal scores come first, and takes its time.
        rows = np.arange(0, len(queries), max(1, len(queries) // 100))
        expected = expected_best(matrix[rows], 7)
        assert_array_equal(scores[rows], expected[0])
        assert_array_equal(order[rows], expected[1])
        assert_array_equal(np.take_along_axis(matrix, order, axis=1), scores)


def test_top_k_of_sparse_and_of_lists():
    model = model_of(score_of("bilinear", "positive"))
    items = table_and_index(30)[0]
    expected = model.top_k(items[:4], items, 2)[1]
    csr = sparse.csr_matrix(items)
    for a, b in ((csr[:4], csr), (items[:4].tolist(), items), (csr[:4], items)):
        assert_array_equal(model.top_k(a, b, 2)[1], expected)


@pytest.mark.parametrize(
    ("k", "text"),
    [
        (0, r"k must be an int >= 1, got 0\."),
        (-3, r"k must be an int >= 1, got -3\."),
        (2.0, r"k must be an int >= 1, got 2\.0\."),
        (True, r"k must be an int >= 1, got True\."),
        (6, r"k=6 must be at most the number of items in X_base, which is 5\."),
    ],
)
def test_top_k_refuses(k, text):
    items = table_and_index(9)[0]
    with pytest.raises(ValueError, match=text):
        model_of(score_of("bilinear", "positive")).top_k(items, items[:5], k)


def peak_of(function):
    """Return what a function allocates at most, and its result."""
    tracemalloc.start()
    result = function()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, result


def test_top_k_does_not_hold_the_matrix():
    score = score_of("mahalanobis", "positive")
    rng = np.random.default_rng(0)
    a = rng.normal(size=(3000, N_FEATURES)).astype(np.float32)
    b = rng.normal(size=(60_000, N_FEATURES)).astype(np.float32)
    model_of(score, 1).top_k(a[:10], b[:10], 5)
    peak, _ = peak_of(lambda: model_of(score, 1).top_k(a, b, 5))
    tile = 4 * _cross.TILE_FIRST * _cross.TILE_SECOND
    assert peak < 2 * b.nbytes + 4 * tile  # the matrix has 720 MB
    peak, scores = peak_of(lambda: model_of(score, 1).cross_scores(a, b[:20_000]))
    assert peak < scores.nbytes + b.nbytes + 2 * tile


def test_index_pairs_take_a_projection_and_a_chunk_of_keys(monkeypatch):
    monkeypatch.setattr(_scoring, "SORTED_PAIRS", (2**14, 2**14))
    monkeypatch.setattr(_scoring, "CACHE_BYTES", 2**16)
    score = score_of("mahalanobis", "positive")
    items, index = table_and_index(10_000, 400_000)
    pairs = Pairs.from_index(items, index)
    model_of(score, 1).decision_function(pairs[:10])
    peak, scores = peak_of(lambda: model_of(score, 1).decision_function(pairs))
    assert peak < scores.nbytes + items.nbytes + 3 * _blocks.BLOCK_BYTES


# -------------------------------------------------------- found when a score is odd


@pytest.mark.parametrize(
    ("dtype", "bad"), [("float16", np.nan), ("float32", -np.inf), ("float64", np.nan)]
)
@every_kind
def test_bad_numbers_are_found_on_every_way(form, kind, dtype, bad, small_steps):
    model = model_of(score_of(form, kind))
    items, index = table_and_index(dtype=dtype)
    items[5, 7] = bad
    n_nan, n_inf = int(np.isnan(bad)), int(np.isinf(bad))
    for name, pairs in layouts(items, index):
        left = index[:, 0] == 5
        text = (
            f"^left contains {n_nan * left.sum()} NaN and {n_inf * left.sum()} infinity"
            f" in {left.sum()} rows .the first is row {np.flatnonzero(left)[0]}.;"
            " right contains .*Drop those rows or impute them before"
        )
        for method in METHODS:
            if not hasattr(model, method):
                continue
            with pytest.raises(ValueError, match=text):
                getattr(model, method)(pairs)
        good = ~(index == 5).any(axis=1)
        rest = pairs[good]
        assert np.isfinite(model.decision_function(rest)).all(), name


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@every_kind
def test_bad_numbers_in_single_items_are_found(form, kind, bad, small_steps):
    model = model_of(score_of(form, kind))
    items, _ = table_and_index(dtype="float32")
    wrong = items.copy()
    wrong[5, 7] = bad
    text = (
        rf" contains {int(np.isnan(bad))} NaN and {int(np.isinf(bad))} infinity in "
        r"1 row \(the first is row 5\)"
    )
    for layout in (np.asarray, sparse.csr_matrix):
        rows = layout(wrong)
        for call, name in (
            (lambda x: model.cross_scores(x, items), "X_a"),
            (lambda x: model.cross_scores(items[:9], x), "X_b"),
            (lambda x: model.cross_scores(x, x), "X_a"),
            (lambda x: model.top_k(x, items, 3), "X_query"),
            (lambda x: model.top_k(items[:9], x, 3), "X_base"),
        ):
            with pytest.raises(ValueError, match=name + text):
                call(rows)
        if hasattr(model, "transform"):
            with pytest.raises(ValueError, match="^X" + text):
                model.transform(rows)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_bad_numbers_in_features_that_have_no_weight(form, rank):
    score = score_of(form, "positive", rank=rank)
    for factor in score.factors:
        factor[:, 3] = 0
    model = model_of(score)
    items, index = table_and_index()
    items[5, 3] = np.nan
    for _, pairs in layouts(items, index):
        with pytest.raises(ValueError, match=r"^left contains"):
            model.predict_proba(pairs)
    with pytest.raises(ValueError, match=r"^X contains 1 NaN"):
        model.transform(items)
    with pytest.raises(ValueError, match=r"^X_b contains 1 NaN"):
        model.cross_scores(items[:3], items)
    with pytest.raises(ValueError, match=r"^X_query contains 1 NaN"):
        model.top_k(items, items[:3], 1)


@every_kind
def test_what_overflows_is_computed_in_double_precision(form, kind, small_steps):
    score = score_of(form, kind)
    items, index = table_and_index()
    items[::9] *= np.float32(1e18)
    items[5] *= np.float32(1e25)
    limit = np.finfo(np.float32).max
    expected = np.clip(expected_scores(score, items, index), -limit, limit)
    assert (np.abs(expected) == limit).any()
    for name, pairs in layouts(items, index):
        found = model_of(score).decision_function(pairs)
        assert np.isfinite(found).all()
        large = np.abs(expected) > 1e30
        scale = np.maximum(np.abs(expected), 1e36)
        assert (np.abs(found - expected)[large] <= 1e-2 * scale[large]).all(), name
    cross = score_all_pairs(score, items, items[:9])
    assert cross.dtype == np.float32
    assert np.isfinite(cross).all()
    found = model_of(score).top_k(items[:4], items, 60)
    for one, other in zip(
        found,
        expected_best(score_all_pairs(score, items[:4], items), 60),
        strict=True,
    ):
        assert_array_equal(one, other)


def test_top_k_beyond_double_precision_still_finds_k_items():
    score = score_of("bilinear", "mixed")
    items = 1e200 * table_and_index(20, dtype="float64")[0]
    scores, indices = model_of(score).top_k(items, items, 20)
    assert not np.isnan(scores).any()
    assert_array_equal(np.sort(indices, axis=1), np.tile(np.arange(20), (20, 1)))


def test_inputs_are_not_written_to(small_steps):
    items, index = table_and_index()
    items.setflags(write=False)
    index.setflags(write=False)
    for form, kind in KINDS:
        model = model_of(score_of(form, kind), 2)
        for _, pairs in layouts(items, index):
            model.predict_proba(pairs)
        model.cross_scores(items, items[:7])
        model.top_k(items, items[:7], 2)


# ------------------------------------------------------------------------------ threads


def test_one_block_starts_no_threads(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("not for one block")

    monkeypatch.setattr(_blocks, "Parallel", refuse)
    monkeypatch.setattr(_blocks, "ThreadpoolController", refuse)
    monkeypatch.setattr(_blocks, "effective_threads", refuse)
    items, index = table_and_index(n_pairs=100)
    model = model_of(score_of("mahalanobis", "positive"), n_jobs=2)
    for X in (items[index], items[index][:1], (items, items)):
        model.predict_proba(X)
    model.cross_scores(items, items)
    model.transform(items)


@every_kind
def test_threads_that_predict_at_once_get_the_same_bits(form, kind, small_steps):
    items, index = table_and_index()
    inputs = [pairs for _, pairs in layouts(items, index)]
    score = score_of(form, kind)
    expected = [model_of(score, 1).predict_proba(X) for X in inputs]
    matrix = score_all_pairs(score, items, items, 1)
    best = best_of_all_pairs(score, items[:20], items, 4, 1)
    # Not one thread has made a kernel yet.
    model = model_of(score_of(form, kind), 2)
    barrier = threading.Barrier(4)

    def work(i):
        barrier.wait()
        found = [model.predict_proba(X) for X in inputs]
        return (
            found,
            model.cross_scores(items, items),
            model.top_k(items[:20], items, 4),
        )

    with ThreadPoolExecutor(4) as pool:
        for found, cross, top in pool.map(work, range(4)):
            for one, other in zip(found, expected, strict=True):
                assert_array_equal(one, other)
            assert_array_equal(cross, matrix)
            assert_array_equal(top[0], best[0])
            assert_array_equal(top[1], best[1])


needs_blas = pytest.mark.skipif(
    not [info for info in threadpool_info() if info["user_api"] == "blas"],
    reason="threadpoolctl knows no BLAS here",
)


@needs_blas
@pytest.mark.parametrize("limit", [1, 2])
def test_no_number_of_threads_means_that_of_blas(limit):
    with threadpool_limits(limit, user_api="blas"):
        assert _blocks.effective_threads(None) == limit
        assert _blocks.effective_threads(3) == 3
        assert _blocks.effective_threads(-1) == joblib.cpu_count()
        with _blocks._one_blas_thread():
            assert _blocks.effective_threads(None) == limit
        with joblib.parallel_config(n_jobs=3):
            assert _blocks.effective_threads(None) == 3
            assert _blocks.effective_threads(1) == 1
        with joblib.parallel_config(verbose=0):
            assert _blocks.effective_threads(None) == limit


def test_threads_share_the_blocks(monkeypatch):
    seen = []
    meet = threading.Barrier(2)

    def block(rows):
        if rows.start < 2:
            meet.wait(10)
        seen.append((rows.start, threading.get_ident()))

    slices = [slice(i, i + 1) for i in range(9)]
    _blocks.run_blocks(block, slices, 2)
    assert sorted(start for start, _ in seen) == list(range(9))
    assert len({thread for _, thread in seen}) == 2
    seen.clear()
    meet.abort()
    with pytest.raises(threading.BrokenBarrierError):
        _blocks.run_blocks(block, slices, 1)
    assert seen == []


def test_a_pickle_holds_the_numbers_only():
    score = score_of("mahalanobis", "positive")
    before = len(joblib.hash(score)), score.__getstate__().keys()
    score.kernel(np.float32)
    score.negative_square_distance()
    assert (len(joblib.hash(score)), score.__getstate__().keys()) == before
