# SPDX-License-Identifier: BSD-3-Clause
"""Pairs from class labels against brute-force enumeration, and the bundled data."""

import importlib.util
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from scipy.stats import chi2, chisquare
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.utils import Bunch

import sksymsim
from sksymsim import _sampling
from sksymsim.datasets import load_spoken_digits, make_pairs

DATA = Path(sksymsim.__file__).parent / "data"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def all_pairs(y, groups=None):
    """Enumerate the population: {(i, j): similar} with i < j."""
    groups = np.zeros(len(y)) if groups is None else groups
    return {
        (i, j): int(y[i] == y[j])
        for i, j in itertools.combinations(range(len(y)), 2)
        if groups[i] == groups[j]
    }


def drawn_pairs(pairs):
    return [tuple(pair) for pair in np.sort(pairs.index, axis=1).tolist()]


def check_sound(result, y, groups=None):
    """No pair twice or with itself, right labels, nothing across groups."""
    pairs, y_pairs, pair_groups = result
    drawn = drawn_pairs(pairs)
    assert len(pairs) == len(y_pairs) == len(pair_groups)
    assert len(set(drawn)) == len(drawn)
    left, right = pairs.index.T
    assert (left != right).all()
    y = np.asarray(y)
    assert_array_equal(y_pairs, y[left] == y[right])
    if groups is not None:
        groups = np.asarray(groups)
        assert_array_equal(groups[left], groups[right])
        assert_array_equal(np.unique(groups)[pair_groups], groups[left])
    # What a splitter over pair_groups relies on.
    owner = {}
    for item, group in zip(pairs.index.ravel(), np.repeat(pair_groups, 2), strict=True):
        assert owner.setdefault(item, group) == group


def items(n_items, rng, n_features=3):
    return rng.normal(size=(n_items, n_features))


# ------------------------------------------------------------ the population is right


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("kind", ["similar", "dissimilar"])
def test_ranks_number_every_pair_once(kind, split, rng):
    y = rng.integers(0, 5, 60)
    blocks = rng.integers(0, 4, 60) if split else np.zeros(60, dtype=int)
    population = _sampling.PairPopulation(y, blocks, blocks.max() + 1)
    sizes = getattr(population, f"n_{kind}")
    found = getattr(population, f"{kind}_pairs")(np.arange(sizes.sum()))
    expected = {
        pair
        for pair, similar in all_pairs(y, blocks).items()
        if similar == (kind == "similar")
    }
    assert len(found) == len(expected)
    assert {tuple(pair) for pair in np.sort(found, axis=1).tolist()} == expected
    assert_array_equal(np.repeat(np.arange(sizes.size), sizes), blocks[found[:, 0]])


def test_dissimilar_ranks_invert_the_numbering(rng):
    y, blocks = rng.integers(0, 4, 50), rng.integers(0, 3, 50)
    population = _sampling.PairPopulation(y, blocks, 3)
    ranks = np.arange(population.n_dissimilar.sum())
    position = np.argsort(population.order)
    one, two = position[population.dissimilar_pairs(ranks)].T
    assert_array_equal(population.dissimilar_ranks(one, two), ranks)
    assert_array_equal(population.dissimilar_ranks(two, one), ranks)


def test_triangle_numbers_are_exact_beyond_double_precision():
    high = np.array([1, 2, 3, 10**6, 3 * 10**8, 3 * 10**8 + 7, 2 * 10**9], np.int64)
    first = high * (high - 1) // 2
    for low in (np.zeros_like(high), high - 1):
        i, j = _sampling.triangle_pair(first + low)
        assert_array_equal(i, low)
        assert_array_equal(j, high)


@pytest.mark.parametrize("similar_rate", ["natural", 0.5, 0.2])
@pytest.mark.parametrize("hard_negatives", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("sizes", [(5, 1, 8), (2, 2, 2, 2), (9, 3)])
def test_complete_at_the_size_of_the_population(
    sizes, hard_negatives, similar_rate, rng
):
    """The greatest possible sample holds all pairs of the scarcer kind."""
    y = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    population = all_pairs(y)
    n_similar = sum(population.values())
    n_dissimilar = len(population) - n_similar
    if similar_rate == "natural":
        n_pairs = len(population)
    else:
        # The float division is what is tested, so the oracle is in whole numbers.
        percent = round(100 * similar_rate)
        n_pairs = min(100 * n_similar // percent, 100 * n_dissimilar // (100 - percent))
    kwargs = {
        "similar_rate": similar_rate,
        "hard_negatives": hard_negatives,
        "random_state": 0,
    }
    X = items(len(y), rng)
    result = make_pairs(X, y, n_pairs=n_pairs, **kwargs)
    check_sound(result, y)
    assert len(result[0]) == n_pairs
    if similar_rate == "natural":
        assert set(drawn_pairs(result[0])) == set(population)
    with pytest.raises(ValueError, match=f"at most {n_pairs} distinct pairs exist"):
        make_pairs(X, y, n_pairs=n_pairs + 1, **kwargs)


@pytest.mark.parametrize("n_alone", [1, 2, 3, 4, 5, 6, 7, 8])
def test_rate_of_the_population_gives_the_population(n_alone):
    """Most of these divide to just below the whole number in floating point."""
    # A class of 16 gives 120 similar pairs; the other items are alone in theirs.
    y = np.concatenate([np.zeros(16, dtype=int), np.arange(1, 1 + n_alone)])
    population = all_pairs(y)
    pairs, y_pairs, _ = make_pairs(
        np.zeros((len(y), 1)),
        y,
        n_pairs=len(population),
        similar_rate=120 / len(population),
        random_state=0,
    )
    assert y_pairs.sum() == 120
    assert set(drawn_pairs(pairs)) == set(population)


# ------------------------------------------------------------- the sampling is uniform


@pytest.mark.parametrize("n_pairs", [6, 24, 38])
@pytest.mark.parametrize("similar_rate", [0.5, "natural"])
def test_every_pair_of_a_kind_is_equally_likely(n_pairs, similar_rate):
    """Sparse and dense samples: both ways of drawing."""
    y = np.array([0, 1, 1, 2, 0, 1, 2, 1, 0, 1, 1, 3])
    population = all_pairs(y)
    counts = dict.fromkeys(population, 0)
    random_state = np.random.RandomState(0)
    X = np.zeros((len(y), 1))
    for _ in range(400):
        pairs, _, _ = make_pairs(
            X,
            y,
            n_pairs=n_pairs,
            similar_rate=similar_rate,
            random_state=random_state,
        )
        for pair in drawn_pairs(pairs):
            counts[pair] += 1
    kinds = [(0, 1)] if similar_rate == "natural" else [(0,), (1,)]
    for kind in kinds:
        observed = [n for pair, n in counts.items() if population[pair] in kind]
        n_cells = len(observed)
        share = sum(observed) / 400 / n_cells
        if share == 1:
            assert set(observed) == {400}
            continue
        # Without replacement, counts vary less than those of the multinomial that
        # the test is made for, by exactly this factor.
        factor = (1 - share) * n_cells / (n_cells - 1)
        statistic = chisquare(observed).statistic / factor
        assert 1e-3 < chi2.sf(statistic, n_cells - 1) < 1 - 1e-3


def test_subsets_of_a_range_are_equally_likely():
    """Not only single ranks: every subset of 2 out of 5, and of 3 out of 5."""
    random_state = np.random.RandomState(0)
    for count in (2, 3):
        seen = Counter(
            tuple(
                np.sort(
                    _sampling.draw_distinct(
                        np.array([0, count]), np.array([3, 5]), random_state
                    )
                )
            )
            for _ in range(1500)
        )
        assert len(seen) == 10
        assert min(min(subset) for subset in seen) == 3
        assert chisquare(list(seen.values())).pvalue > 1e-3


@pytest.mark.parametrize("counts", [(3, 0, 1), (7, 2, 1), (0, 0, 0)])
def test_drawing_leaves_out_what_is_taken(counts):
    sizes = np.array([10, 4, 200])
    taken = np.array([0, 4, 9, 10, 13, 50, 213])
    for seed in range(20):
        ranks = _sampling.draw_distinct(
            np.array(counts), sizes, np.random.RandomState(seed), taken
        )
        assert not set(ranks) & set(taken)
        assert len(set(ranks)) == sum(counts)
        assert_array_equal(
            np.histogram(ranks, bins=[0, 10, 14, 214])[0], np.array(counts)
        )


def test_sides_and_order_tell_nothing(rng):
    y = np.repeat([0, 1], 200)
    pairs, y_pairs, _ = make_pairs(items(400, rng), y, n_pairs=4000, random_state=0)
    left, right = pairs.index.T
    assert abs((left < right).mean() - 0.5) < 0.04
    assert abs((y[left] < y[right])[y_pairs == 0].mean() - 0.5) < 0.05
    assert abs(y_pairs[:2000].mean() - 0.5) < 0.04


# ------------------------------------------------------------------- rates and amounts


@pytest.mark.parametrize("similar_rate", [0.01, 0.1, 0.5, 0.73, 0.95])
@pytest.mark.parametrize("n_groups", [None, 3])
def test_rate_is_kept_in_all_and_in_each_group(similar_rate, n_groups, rng):
    y = rng.integers(0, 6, 300)
    _, y_pairs, pair_groups = result = make_pairs(
        items(300, rng),
        y,
        n_pairs=1000,
        similar_rate=similar_rate,
        n_groups=n_groups,
        random_state=0,
    )
    check_sound(result, y)
    assert y_pairs.sum() == round(1000 * similar_rate)
    for group in range(n_groups or 1):
        labels = y_pairs[pair_groups == group]
        assert abs(labels.sum() - similar_rate * labels.size) < 1


def test_natural_rate_is_that_of_the_population(rng):
    y = rng.integers(0, 8, 400)
    population = all_pairs(y)
    _, y_pairs, _ = make_pairs(
        items(400, rng), y, n_pairs=8000, similar_rate="natural", random_state=0
    )
    expected = sum(population.values()) / len(population)
    assert abs(y_pairs.mean() - expected) < 4 * np.sqrt(expected / 8000)


@pytest.mark.parametrize("similar_rate", [1e-6, 1 - 1e-6, 1 - 1e-12])
def test_at_least_one_of_each_kind(similar_rate, rng):
    X, y = items(40, rng), np.repeat([0, 1, 2, 3], 10)
    _, y_pairs, _ = make_pairs(
        X, y, n_pairs=20, similar_rate=similar_rate, random_state=0
    )
    assert sorted(set(y_pairs)) == [0, 1]


def test_default_amount(rng):
    X = items(300, rng)
    many = make_pairs(X, np.repeat([0, 1, 2], 100), random_state=0)
    assert len(many[0]) == 10 * 300
    few = make_pairs(X, np.repeat(np.arange(150), 2), random_state=0)
    assert len(few[0]) == 2 * 150
    assert few[1].sum() == 150
    natural = make_pairs(
        X[:6], [0, 0, 1, 1, 2, 2], similar_rate="natural", random_state=0
    )
    assert len(natural[0]) == 15


def test_one_pair(rng):
    assert len(make_pairs(items(4, rng), [0, 0, 1, 1], n_pairs=1)[0]) == 1


def test_groups_get_pairs_in_proportion_to_what_they_can_give():
    y = np.array([0] * 5 + [1] * 2 + [2] * 9 + [3, 4] * 2 + [5] * 4)
    groups = np.repeat([7, 8, 9], [7, 13, 4])
    similar = [sum(all_pairs(y[groups == g], None).values()) for g in np.unique(groups)]
    assert similar == [11, 38, 6]
    # Of 7 items in classes of 5 and 2, ten pairs are dissimilar; the last group has
    # one class only.
    capacity = 2 * np.array([10, 38, 0])
    for n_pairs in (96, 48):
        result = make_pairs(
            np.zeros((24, 1)), y, n_pairs=n_pairs, groups=groups, random_state=0
        )
        check_sound(result, y, groups)
        given = np.bincount(result[2], minlength=3)
        assert (abs(given - n_pairs * capacity / capacity.sum()) < 1).all()


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(st.integers(0, 10**8), min_size=1, max_size=30),
    seed=st.integers(0, 2**32 - 1),
)
def test_rounding_keeps_the_sum_and_moves_less_than_one(parts, seed):
    shares = np.array(parts) / 97
    for total in (sum(parts) // 97, -(-sum(parts) // 97)):
        rounded = _sampling.round_to_sum(shares, total, np.random.RandomState(seed))
        assert rounded.sum() == total
        assert (abs(rounded - shares) < 1).all()


# ---------------------------------------------------------------------- hard negatives


def nearest_others(X, y, depth):
    """Find the pairs of each item with its `depth` nearest items of another class."""
    similarity = cosine_similarity(X)
    similarity[y[:, None] == y] = -np.inf
    near = np.argsort(-similarity, axis=1)[:, :depth]
    return {
        (min(i, j), max(i, j))
        for i in range(len(y))
        for j in near[i].tolist()
        if similarity[i, j] > -np.inf
    }


@pytest.mark.parametrize("large_class", [1, 8, 1000])
@pytest.mark.parametrize("entries", [1, 1 << 22])
@pytest.mark.parametrize("n_hard", [5, 60, 150, 400])
def test_hard_negatives_are_filled_nearest_first(
    n_hard, entries, large_class, monkeypatch, rng
):
    monkeypatch.setattr(_sampling, "LARGE_CLASS", large_class)
    monkeypatch.setattr(_sampling, "NEIGHBOR_ENTRIES", entries)
    y = rng.choice(5, 70, p=[0.4, 0.3, 0.2, 0.06, 0.04])
    # Clusters: to find another class, a search must pass over the whole own one.
    X = items(70, rng, 4) + 4 * items(5, rng, 4)[y]
    result = make_pairs(
        X,
        y,
        n_pairs=2 * n_hard,
        similar_rate=0.5,
        hard_negatives=1.0,
        random_state=0,
    )
    check_sound(result, y)
    hard = {
        pair
        for pair, label in zip(drawn_pairs(result[0]), result[1], strict=True)
        if label == 0
    }
    assert len(hard) == n_hard
    depth = 1
    while len(nearest_others(X, y, depth)) < n_hard:
        depth += 1
    assert hard <= nearest_others(X, y, depth)
    if depth > 1:
        assert hard >= nearest_others(X, y, depth - 1)


@pytest.mark.parametrize("wanted", [1, 7, 8, 20, 31, 32])
def test_search_is_no_deeper_than_needed(wanted):
    """Items that have few of other classes find no more, however deep the search."""
    n_other = np.array([2, 2, 2, 2, 2, 2, 10, 10])
    depth = _sampling._search_depth(n_other, wanted)
    found = [np.minimum(k, n_other).sum() for k in range(11)]
    assert depth == next(k for k in range(11) if found[k] >= wanted)


def test_hard_negatives_are_nearer_than_random_ones_by_their_share():
    X, y = load_spoken_digits(return_X_y=True)
    kwargs = {"n_pairs": 4000, "n_groups": 3, "random_state": 0}
    similarity = {}
    for share in (0.0, 0.5, 1.0):
        pairs, y_pairs, _ = result = make_pairs(X, y, hard_negatives=share, **kwargs)
        check_sound(result, y)
        assert y_pairs.sum() == 2000
        left, right = pairs.left[y_pairs == 0], pairs.right[y_pairs == 0]
        norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
        similarity[share] = np.einsum("ij,ij->i", left, right) / norms
    threshold = np.quantile(similarity[1.0], 0.05)
    above = {share: (values > threshold).mean() for share, values in similarity.items()}
    assert above[0.0] < 0.3
    assert abs(above[0.5] - (above[0.0] + above[1.0]) / 2) < 0.05


def test_hard_negatives_do_not_cross_groups(rng):
    X, y = items(120, rng), rng.integers(0, 4, 120)
    groups = rng.integers(0, 5, 120)
    X -= X[groups == 0].mean()
    check_sound(
        make_pairs(
            X, y, n_pairs=400, groups=groups, hard_negatives=0.7, random_state=0
        ),
        y,
        groups,
    )


def test_zero_vectors_have_neighbors_too(rng):
    X, y = items(30, rng), np.repeat([0, 1, 2], 10)
    X[::3] = 0
    check_sound(make_pairs(X, y, hard_negatives=1.0, random_state=0), y)


# ------------------------------------------------------------------------------ groups


def test_random_groups_are_stratified_and_share_no_item(rng):
    y = rng.permutation(np.repeat([0, 1, 2, 3], [50, 31, 19, 7]))
    pairs, _, pair_groups = result = make_pairs(
        items(107, rng), y, n_pairs=600, n_groups=4, random_state=0
    )
    check_sound(result, y)
    assert_array_equal(np.unique(pair_groups), np.arange(4))
    for group in range(4):
        # 600 pairs use nearly every item: the blocks show through.
        used = np.unique(pairs.index[pair_groups == group])
        assert 25 <= used.size <= 27
        sizes = np.bincount(y[used], minlength=4)
        assert (sizes <= np.ceil(np.array([50, 31, 19, 7]) / 4)).all()


@pytest.mark.parametrize("labels", [[10, -3, 7], ["b", "a", "ü"], [True, False, True]])
def test_groups_of_any_kind(labels, rng):
    groups = np.array(labels)[rng.integers(0, 3, 90)]
    y = rng.integers(0, 4, 90)
    result = make_pairs(items(90, rng), y, n_pairs=200, groups=groups, random_state=0)
    check_sound(result, y, groups)
    assert result[2].dtype.kind == "i"


def test_without_groups_all_pairs_are_of_one(rng):
    _, _, pair_groups = make_pairs(items(20, rng), np.arange(20) % 3)
    assert not pair_groups.any()


def test_natural_rate_may_use_groups_that_lack_a_kind():
    y, groups = [0, 0, 1, 2], [0, 0, 1, 1]
    result = make_pairs(
        np.zeros((4, 1)), y, groups=groups, similar_rate="natural", random_state=0
    )
    assert sorted(drawn_pairs(result[0])) == [(0, 1), (2, 3)]
    check_sound(result, y, groups)


# --------------------------------------------------------------------- anything drawn


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_any_labels_give_sound_pairs(data):
    n_items = data.draw(st.integers(2, 40))
    labels = st.lists(st.integers(0, 5), min_size=n_items, max_size=n_items)
    y, groups = data.draw(labels), data.draw(st.none() | labels)
    similar_rate = data.draw(st.floats(0.01, 0.99) | st.just("natural"))
    hard_negatives = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    seed = data.draw(st.integers(0, 1000))
    kwargs = {
        "similar_rate": similar_rate,
        "hard_negatives": hard_negatives,
        "groups": groups,
        "random_state": seed,
    }
    X = np.random.default_rng(seed).normal(size=(n_items, 2))
    population = all_pairs(y, groups)
    n_similar = sum(population.values())
    if not 0 < n_similar < len(population):
        with pytest.raises(ValueError, match=r"there are no (dis)?similar pairs"):
            make_pairs(X, y, **kwargs)
        return
    kinds = {}
    for (i, _), similar in population.items():
        kinds.setdefault(groups[i] if groups else 0, set()).add(similar)
    if similar_rate != "natural" and all(len(kind) == 1 for kind in kinds.values()):
        with pytest.raises(ValueError, match="no group holds both"):
            make_pairs(X, y, **kwargs)
        return
    result = make_pairs(X, y, **kwargs)
    check_sound(result, y, groups)
    n_pairs = len(result[0])
    assert 1 <= n_pairs <= min(10 * n_items, len(population))
    if similar_rate != "natural" and n_pairs > 1:
        expected = min(max(round(n_pairs * similar_rate), 1), n_pairs - 1)
        assert result[1].sum() == expected


# ------------------------------------------------------------------------ determinism


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"n_groups": 3},
        {"hard_negatives": 0.5},
        {"similar_rate": "natural"},
        {"groups": np.arange(90) % 2},
    ],
)
def test_same_seed_same_pairs(kwargs, rng):
    X, y = items(90, rng), rng.integers(0, 4, 90)
    first, again, other = (
        make_pairs(X, y, n_pairs=150, random_state=seed, **kwargs)
        for seed in (3, np.random.RandomState(3), 4)
    )
    assert_array_equal(first[0].index, again[0].index)
    for one, two in zip(first[1:], again[1:], strict=True):
        assert_array_equal(one, two)
    assert set(drawn_pairs(first[0])) != set(drawn_pairs(other[0]))


def test_global_random_state_is_left_alone(rng):
    X, y = items(30, rng), np.arange(30) % 3
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (this is what is checked)
    make_pairs(X, y, random_state=0)
    assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


# ------------------------------------------------------------------- inputs and memory


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "bool"])
@pytest.mark.parametrize("hard_negatives", [0.0, 0.5])
def test_items_are_not_copied_nor_changed(dtype, hard_negatives, rng):
    X = (3 * items(60, rng)).astype(dtype)
    original = X.copy()
    X.setflags(write=False)
    y = np.arange(60) % 4
    result = make_pairs(X, y, hard_negatives=hard_negatives, random_state=0)
    check_sound(result, y)
    assert np.shares_memory(result[0].items, X)
    assert result[0].items.dtype == dtype
    assert_array_equal(X, original)
    assert result[0].index.dtype == np.int32
    assert result[1].dtype == result[2].dtype == np.intp


@pytest.mark.parametrize("hard_negatives", [0.0, 0.5])
def test_memmap_stays_on_disk(hard_negatives, tmp_path, rng):
    X = items(60, rng).astype(np.float32)
    np.save(tmp_path / "items.npy", X)
    mapped = np.load(tmp_path / "items.npy", mmap_mode="r")
    kwargs = {"hard_negatives": hard_negatives, "random_state": 0}
    y = np.arange(60) % 4
    pairs, _, _ = make_pairs(mapped, y, **kwargs)
    assert isinstance(pairs.items, np.memmap)
    assert_array_equal(pairs.index, make_pairs(X, y, **kwargs)[0].index)


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("hard_negatives", [0.0, 0.5])
def test_csr_gives_the_pairs_of_its_dense_form(form, hard_negatives, rng):
    X = items(80, rng, 6) * (rng.uniform(size=(80, 6)) < 0.5)
    X[:, 0] = 0.5  # no row of zeros, whose neighbours are all equally near
    y = np.arange(80) % 5
    kwargs = {"hard_negatives": hard_negatives, "n_groups": 2, "random_state": 0}
    table = form(X)
    pairs, y_pairs, pair_groups = make_pairs(table, y, **kwargs)
    expected = make_pairs(X, y, **kwargs)
    assert pairs.is_sparse
    assert np.shares_memory(pairs.items.data, table.data)
    assert_array_equal(pairs.index, expected[0].index)
    assert_array_equal(y_pairs, expected[1])
    assert_array_equal(pair_groups, expected[2])


@pytest.mark.parametrize("kind", ["str", "object", "float", "bool", "list", "pandas"])
def test_labels_of_any_kind_give_the_same_pairs(kind, rng):
    codes = rng.integers(0, 2, 50)
    X = items(50, rng)
    y = {
        "str": np.array(["no", "yes"])[codes],
        "object": np.array(["no", "yes"], dtype=object)[codes],
        "float": codes / 2 - 3,
        "bool": codes == 1,
        "list": codes.tolist(),
        "pandas": None,
    }[kind]
    if kind == "pandas":
        pd = pytest.importorskip("pandas")
        y = pd.Series(np.array(["no", "yes"])[codes], dtype="category")
    result = make_pairs(X, y, random_state=0)
    assert_array_equal(result[0].index, make_pairs(X, codes, random_state=0)[0].index)
    check_sound(result, codes)


def test_population_far_too_large_to_list():
    """4.5e10 pairs of 300 thousand items: time and memory follow what is drawn."""
    n_items = 300_000
    X = np.broadcast_to(np.float32(0), (n_items, 1))
    y = np.arange(n_items) % 3
    result = make_pairs(X, y, n_pairs=2000, random_state=0)
    check_sound(result, y)
    # Items of all parts of the table, large ranks included.
    counts = np.histogram(result[0].index, bins=10, range=(0, n_items))[0]
    assert chisquare(counts).pvalue > 1e-4


# ----------------------------------------------------------------------------- errors

GOOD_X = np.arange(12.0).reshape(6, 2)
GOOD_Y = [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"n_pairs": 0}, r"'n_pairs' .* must be an int >= 1 or None. Got 0 instead"),
        ({"n_pairs": -5}, "'n_pairs' .* Got -5 instead"),
        ({"n_pairs": 2.5}, "'n_pairs' .* Got 2.5 instead"),
        ({"n_pairs": True}, "'n_pairs' .* Got True instead"),
        (
            {"similar_rate": 0.0},
            r"'similar_rate' .* must be a float in \(0, 1\) or one",
        ),
        ({"similar_rate": 1}, "'similar_rate' .* Got 1 instead"),
        ({"similar_rate": np.nan}, "'similar_rate' .* Got nan instead"),
        ({"similar_rate": "all"}, "'similar_rate' .*'natural'. Got 'all' instead"),
        ({"hard_negatives": -0.1}, r"'hard_negatives' .* must be a float in \[0, 1\]"),
        ({"hard_negatives": 1.1}, "'hard_negatives' .* Got 1.1 instead"),
        ({"hard_negatives": None}, "'hard_negatives' .* Got None instead"),
        ({"n_groups": 0}, "'n_groups' .* must be an int >= 1 or None"),
        ({"n_groups": 2, "groups": GOOD_Y}, "n_groups and groups cannot be used"),
        ({"n_groups": 6}, "no similar pairs inside a group.*fewer or larger groups"),
        ({"groups": GOOD_Y}, "no dissimilar pairs inside a group.*two classes"),
        ({"groups": [0, 0]}, r"groups must have shape \(6,\), got \(2,\)"),
        ({"groups": [0, 0, 0, 0, 0, None]}, "groups has missing entries"),
        ({"groups": [0, 0, 1, 2, 1, 2]}, "no group holds both"),
        ({"n_pairs": 7}, "n_pairs=7, but at most 6 .*3 similar and 12 dissimilar"),
        ({"n_pairs": 16, "similar_rate": "natural"}, "at most 15 distinct pairs"),
        ({"random_state": "seed"}, "'seed' cannot be used to seed"),
    ],
)
def test_bad_parameters(kwargs, match):
    with pytest.raises(ValueError, match=match):
        make_pairs(GOOD_X, GOOD_Y, **kwargs)


@pytest.mark.parametrize(
    ("X", "y", "error", "match"),
    [
        (GOOD_X, [0, 0, 1], ValueError, r"y must have shape \(6,\), got \(3,\)"),
        (GOOD_X, [[0], [0], [1], [1], [2], [2]], ValueError, r"got \(6, 1\)"),
        (GOOD_X, [1] * 6, ValueError, "no dissimilar pairs: all items are of one"),
        (GOOD_X, range(6), ValueError, "no similar pairs: .* coarser labels"),
        (GOOD_X, [0, 0, 1, 1, 2, np.nan], ValueError, "y has missing entries"),
        (GOOD_X, ["a", "a", "b", "b", "b", None], ValueError, "y has missing entries"),
        (
            GOOD_X,
            np.array(["a", "a", 1, 1, 2, 2], dtype=object),
            TypeError,
            "y cannot be sorted.*of one type",
        ),
        (GOOD_X[:1], [0], ValueError, "X has 1 items; pairs need at least 2"),
        (GOOD_X[:0], [], ValueError, "X has 0 items"),
        (GOOD_X[0], GOOD_Y, ValueError, "X must be 2-D"),
        (GOOD_X.astype(str), GOOD_Y, TypeError, "X must hold numbers"),
    ],
)
def test_bad_data(X, y, error, match):
    with pytest.raises(error, match=match):
        make_pairs(X, y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_hard_negatives_need_finite_items(value):
    X = GOOD_X.copy()
    X[3, 1] = value
    with pytest.raises(ValueError, match=r"X contains .*first is row 3"):
        make_pairs(X, GOOD_Y, hard_negatives=0.5)
    check_sound(make_pairs(X, GOOD_Y, random_state=0), GOOD_Y)


# ------------------------------------------------------------------- the bundled data


def test_spoken_digits_is_what_it_says():
    digits = load_spoken_digits()
    assert isinstance(digits, Bunch)
    assert digits.data.shape == (3000, 80)
    assert digits.data.dtype == np.float32
    assert np.isfinite(digits.data).all()
    for name, kind in (("speaker", "U"), ("digit", "i"), ("take", "i")):
        assert digits[name].shape == (3000,)
        assert digits[name].dtype.kind == kind
    recordings = set(zip(digits.speaker, digits.digit, digits.take, strict=True))
    assert len(recordings) == 3000
    assert_array_equal(np.unique(digits.digit, return_counts=True)[1], [300] * 10)
    assert_array_equal(np.unique(digits.take), np.arange(50))
    assert digits.target is digits.speaker
    assert len(set(digits.feature_names)) == 80
    # Standard deviations are positive, means of logarithms of small energies are not.
    assert [name[8:11] == "std" for name in digits.feature_names] == [False] * 40 + [
        True
    ] * 40
    assert (digits.data[:, 40:] > 0).all()
    assert (digits.data[:, :40].mean(axis=0) < 0).all()
    files = [
        f"{digit}_{speaker}_{take}.wav"
        for speaker, digit, take in zip(
            digits.speaker, digits.digit, digits.take, strict=True
        )
    ]
    assert files == sorted(files)


def test_spoken_digits_as_a_tuple():
    X, y = load_spoken_digits(return_X_y=True)
    digits = load_spoken_digits()
    assert_array_equal(X, digits.data)
    assert_array_equal(y, digits.target)


def test_spoken_digits_cannot_be_spoilt_for_the_next_caller():
    load_spoken_digits().data[:] = 0
    assert load_spoken_digits().data.any()


def test_spoken_digits_carries_its_licence():
    text = (DATA / "LICENSE-spoken-digits.txt").read_text(encoding="utf-8")
    assert text in load_spoken_digits().DESCR
    for needed in (
        "Zohar Jackson",
        "https://github.com/Jakobovski/free-spoken-digit-dataset",
        "CC BY-SA 4.0",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        "Changes",
        "disclaimer of warranties",
    ):
        assert needed in text


def test_spoken_digits_file_is_small_and_without_pickle():
    path = DATA / "spoken_digits.npz"
    assert path.stat().st_size < 700_000
    with np.load(path, allow_pickle=False) as arrays:
        dtypes = {name: arrays[name].dtype for name in arrays.files}
    assert dtypes["items"] == np.float16
    assert dtypes["digit"] == np.int8
    assert dtypes["take"] == np.int16
    assert dtypes["speaker"].kind == "U"


def load_builder():
    path = Path(__file__).parents[1] / "benchmarks" / "build_spoken_digits.py"
    spec = importlib.util.spec_from_file_location("build_spoken_digits", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_source(path, **changes):
    """Write the bundled data in the layout that the maintainer's script reads."""
    digits = load_spoken_digits()
    arrays = {
        "items": digits.data.astype(np.float16),
        "item_speaker": digits.speaker,
        "item_digit": digits.digit,
        "item_take": digits.take,
    }
    np.savez(path, **{**arrays, **changes})
    return path


def test_spoken_digits_can_be_built_again(tmp_path):
    target = tmp_path / "built.npz"
    load_builder().build(write_source(tmp_path / "source.npz"), target)
    with np.load(target) as built, np.load(DATA / "spoken_digits.npz") as bundled:
        assert built.files == bundled.files
        for name in built.files:
            assert built[name].dtype == bundled[name].dtype
            assert_array_equal(built[name], bundled[name])


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"items": np.zeros((3000, 79), np.float16)}, ValueError, "3000 finite rows"),
        ({"items": np.zeros((3000, 80), np.float32)}, TypeError, "Cannot cast"),
        ({"item_take": np.zeros(3000, int)}, ValueError, "not 6 speakers x 10"),
    ],
)
def test_builder_refuses_other_data(changes, error, match, tmp_path):
    source = write_source(tmp_path / "source.npz", **changes)
    with pytest.raises(error, match=match):
        load_builder().build(source, tmp_path / "built.npz")
    assert not (tmp_path / "built.npz").exists()
