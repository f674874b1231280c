# SPDX-License-Identifier: BSD-3-Clause
"""Threads change the time of a result and no bit of it, and leave BLAS as it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.special import expit
from threadpoolctl import threadpool_info, threadpool_limits

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._blocks import Team, block_slices, effective_threads
from sksymsim._design import PairDesign
from sksymsim._graph import GraphDesign
from sksymsim._layout import make_design

# What threads wait for each other at most, should they not run side by side at all.
PATIENCE = 20

every_number = pytest.mark.parametrize("n_threads", [1, 2, 3, 7])


def blas_threads():
    """Return how many threads each BLAS library of this process uses.

    But for those of OpenMP, in which each thread has a number of its own: other
    packages may have brought one, and nothing here calls it.
    """
    return [
        lib["num_threads"]
        for lib in threadpool_info()
        if lib["user_api"] == "blas" and lib["threading_layer"] != "openmp"
    ]


@pytest.fixture
def two_blas_threads():
    """More than one, so that a limit that stays behind is seen.

    Returns
    -------
    before : list of int
    """
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        if max(before, default=1) < 2:
            pytest.skip("BLAS has one thread only")
        yield before
        assert blas_threads() == before


def pieces(rng, n_blocks):
    """Return slices, and for each one a number and an array of many magnitudes."""
    slices = [slice(i, i + 1) for i in range(n_blocks)]
    size = (n_blocks, 5)
    numbers = rng.normal(size=size) * 10.0 ** rng.integers(-8, 8, size)
    return slices, numbers


# ------------------------------------------------------------------------------- teams


@pytest.mark.parametrize("sum_bytes", [0, 2**26, 2**40], ids=["16", "4", "fewest"])
@pytest.mark.parametrize("n_blocks", [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 100])
def test_sums_are_the_same_bits_for_any_number_of_threads(n_blocks, sum_bytes, rng):
    """In any other order, these numbers have other sums."""
    slices, numbers = pieces(rng, n_blocks)
    calls = []

    def function(rows):
        calls.append(rows.start)
        return [float(numbers[rows.start, 0]), numbers[rows.start].copy()]

    sums = []
    for n_threads in (1, 2, 3, 7):
        calls.clear()
        with Team(n_threads) as team:
            value, array = team.sum(function, slices, sum_bytes)
        assert sorted(calls) == list(range(n_blocks))
        sums.append((value, array))
    for value, array in sums[1:]:
        assert value == sums[0][0]
        assert_array_equal(array, sums[0][1])
    # A Team that nobody has entered works as well, and alike.
    value, array = Team().sum(function, slices, sum_bytes)
    assert value == sums[0][0]
    assert_array_equal(array, sums[0][1])
    size = np.abs(numbers).sum(axis=0)
    assert np.all(np.abs(array - numbers.sum(axis=0)) <= 1e-14 * size)


@every_number
def test_results_come_in_the_order_of_the_tasks(n_threads, rng):
    waits = rng.random(20) / 1000
    with Team(n_threads) as team:

        def slowly(i):
            threading.Event().wait(waits[i])
            return i

        assert team.map(slowly, range(20)) == list(range(20))
        assert team.map(slowly, []) == []
        assert team.map(slowly, [3]) == [3]


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_as_many_threads_as_asked_for_work_at_once(n_threads):
    barrier = threading.Barrier(n_threads)
    with Team(n_threads) as team:
        team.map(lambda _: barrier.wait(PATIENCE), range(n_threads))
    assert not barrier.broken


def test_one_thread_is_that_of_the_caller():
    with Team(1) as team:
        threads = team.map(lambda _: threading.get_ident(), range(5))
    assert set(threads) == {threading.get_ident()}


@every_number
def test_tasks_have_one_blas_thread_each(n_threads, two_blas_threads):
    with Team(n_threads) as team:
        seen = team.map(lambda _: max(blas_threads()), range(2 * n_threads))
    assert set(seen) == {1}
    assert blas_threads() == two_blas_threads


class PlannedError(Exception):
    """Raised by the tests below."""


@pytest.mark.parametrize("error", [PlannedError, KeyboardInterrupt])
@pytest.mark.parametrize("where", [0, 5, 19])
@every_number
def test_errors_of_tasks_pass_through_and_leave_nothing_behind(
    n_threads, where, error, two_blas_threads
):
    before = threading.active_count()

    def function(rows):
        if rows.start == where:
            raise error("planned")
        return [1.0]

    slices = [slice(i, i + 1) for i in range(20)]
    with pytest.raises(error, match="planned"), Team(n_threads) as team:
        team.sum(function, slices)
    assert blas_threads() == two_blas_threads
    assert threading.active_count() == before
    # The next one is none the worse for it.
    with Team(n_threads) as team:
        assert team.sum(lambda rows: [1.0], slices) == [20.0]


def test_a_team_goes_on_after_an_error(rng):
    with Team(3) as team:
        with pytest.raises(ZeroDivisionError):
            team.map(lambda i: 1 / i, range(5))
        assert team.map(lambda i: -i, range(5)) == [0, -1, -2, -3, -4]


def test_the_limit_holds_until_the_last_team_has_left(two_blas_threads):
    """Teams of several fits at once end in any order."""
    first, second = Team(2), Team(1)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(blas_threads()) == {1}
    with Team(3):
        pass
    assert set(blas_threads()) == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == two_blas_threads


@pytest.mark.parametrize("row_bytes", [1, 10**3, 10**9])
@pytest.mark.parametrize("n_rows", [1, 127, 128, 129, 10**5])
def test_blocks_cover_all_rows_once(n_rows, row_bytes):
    slices = block_slices(n_rows, row_bytes)
    rows = np.arange(n_rows)
    assert_array_equal(np.concatenate([rows[block] for block in slices]), rows)
    assert all(block.stop <= n_rows for block in slices)


# ------------------------------------------------------------------- how many there are


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_number_means_what_blas_would_use(limit):
    with threadpool_limits(limit, user_api="blas"):
        assert effective_threads(None) == max(blas_threads(), default=1)
        if limit == 1:
            assert effective_threads(None) == 1


def test_no_number_means_that_of_the_active_joblib_config():
    with threadpool_limits(1, user_api="blas"):
        with joblib.parallel_config(backend="threading", n_jobs=3):
            assert effective_threads(None) == 3
        assert effective_threads(None) == 1
    with (
        threadpool_limits(2, user_api="blas"),
        joblib.parallel_config(backend="threading", n_jobs=1),
    ):
        assert effective_threads(None) == 1


@pytest.mark.parametrize("n_jobs", [1, 2, 5, -1, -2])
def test_a_number_means_what_it_means_for_joblib(n_jobs):
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            assert effective_threads(n_jobs) == joblib.effective_n_jobs(n_jobs)


def test_a_team_does_not_hide_how_many_there_are(two_blas_threads):
    """A second fit in another thread begins while the first one holds BLAS to one."""
    expected = max(two_blas_threads)
    assert effective_threads(None) == expected
    with Team(2):
        assert effective_threads(None) == expected
    assert effective_threads(None) == expected


# ------------------------------------------------------------------------- whole fits


@pytest.fixture(params=["rows", "graph", "streamed", "few"])
def layout(request, monkeypatch):
    """How the pairs are held, in several blocks."""
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 2**13)
    monkeypatch.setattr("sksymsim._graph.TILE_ROWS", 16)
    graph = request.param == "graph"
    cost = 0.0 if graph else 1e18
    monkeypatch.setattr("sksymsim._layout.graph_cost", lambda *sizes: cost)
    if request.param == "streamed":
        monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
    monkeypatch.setattr("sksymsim._span.FEW_ROWS", 1.0 if request.param == "few" else 0)

    def remember(*arguments):
        design = make_design(*arguments)
        assert isinstance(design, GraphDesign if graph else PairDesign)
        assert (design.span is not None) == (request.param == "few")
        return design

    monkeypatch.setattr("sksymsim._matrix_fit.make_design", remember)
    return request.param


def labelled_pairs(rng, layout):
    n_items, n_features = (30, 35) if layout == "few" else (300, 8)
    items = rng.normal(size=(n_items, n_features))
    index = rng.integers(0, n_items, (1500, 2))
    gap = (items[index[:, 0]] - items[index[:, 1]])[:, :4]
    scores = -(gap**2) @ np.array([1.0, 0.5, 0.2, -0.4])
    similar = rng.random(1500) < expit(scores - np.median(scores))
    return Pairs.from_index(items, index), similar


def fit(pairs, y, **parameters):
    parameters = {"alpha": 1e-2, "tol": 1e-2, **parameters}
    return SymmetricPairClassifier(**parameters).fit(pairs, y)


def assert_same_bits(model, expected):
    assert model.objective_ == expected.objective_
    assert model.n_iter_ == expected.n_iter_
    for value, other in zip(
        model.get_polynomial(), expected.get_polynomial(), strict=True
    ):
        assert_array_equal(value, other)
    if hasattr(expected, "components_"):
        assert_array_equal(model.components_, expected.components_)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("mahalanobis", {"prior": "covariance"}),
        ("bilinear", {"n_components": 3}),
        ("quadratic", {"prior": "kissme"}),
    ],
)
def test_fits_are_the_same_bits_for_any_number_of_jobs(form, options, layout, rng):
    pairs, y = labelled_pairs(rng, layout)
    expected = fit(pairs, y, form=form, n_jobs=1, **options)
    with threadpool_limits(3, user_api="blas"):
        for n_jobs in (4, None):
            found = fit(pairs, y, form=form, n_jobs=n_jobs, **options)
            assert_same_bits(found, expected)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_two_fits_at_once_are_as_each_alone(n_jobs, layout, rng, two_blas_threads):
    """They share the limit of BLAS, which belongs to the process."""
    problems = [labelled_pairs(rng, layout) for _ in range(2)]
    alone = [fit(*problem, n_jobs=n_jobs) for problem in problems]
    barrier = threading.Barrier(2)

    def begin_together(problem):
        barrier.wait(PATIENCE)
        return fit(*problem, n_jobs=n_jobs)

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(begin_together, problems))
    for model, expected in zip(together, alone, strict=True):
        assert_same_bits(model, expected)
    assert blas_threads() == two_blas_threads


@pytest.mark.parametrize("error", [PlannedError, KeyboardInterrupt])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("options", [{}, {"n_components": 2}], ids=["free", "few"])
def test_a_fit_that_is_interrupted_gives_blas_its_threads_back(
    options, n_jobs, error, rng, monkeypatch, two_blas_threads
):
    pairs, y = labelled_pairs(rng, "rows")
    expected = fit(pairs, y, n_jobs=n_jobs, **options)
    before = threading.active_count()
    n_calls = []

    def interrupt(entry):
        assert set(blas_threads()) == {1}
        n_calls.append(entry["iteration"])
        if len(n_calls) == 2:
            raise error("planned")

    with monkeypatch.context() as patch:
        patch.setattr("sksymsim._fitting.IterationReporter", lambda _: interrupt)
        model = SymmetricPairClassifier(n_jobs=n_jobs, alpha=1e-2, **options)
        with pytest.raises(error, match="planned"):
            model.fit(pairs, y)
    assert n_calls == [1, 2]
    assert blas_threads() == two_blas_threads
    assert threading.active_count() == before
    assert not hasattr(model, "classes_")
    assert_same_bits(fit(pairs, y, n_jobs=n_jobs, **options), expected)


def test_a_fit_leaves_neither_threads_nor_limits_behind(layout, rng, two_blas_threads):
    before = threading.active_count()
    fit(*labelled_pairs(rng, layout), n_jobs=3)
    assert threading.active_count() == before
    assert blas_threads() == two_blas_threads


@pytest.mark.parametrize("n_jobs", [2, None])
def test_all_blocks_are_shared_out_among_the_threads(
    n_jobs, layout, rng, monkeypatch, two_blas_threads
):
    """Also when no number is given: as many as BLAS has."""
    workers = []

    class WatchedTeam(Team):
        def __init__(self, n_threads=1):
            workers.append(n_threads)
            super().__init__(n_threads)

    monkeypatch.setattr("sksymsim._matrix_fit.Team", WatchedTeam)
    fit(*labelled_pairs(rng, layout), n_jobs=n_jobs)
    assert workers == [2 if n_jobs == 2 else max(two_blas_threads)]
