# SPDX-License-Identifier: BSD-3-Clause
"""Groups out of scored pairs: relations, optima, constraints, and pairs not scored."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles_groups import agglomerate, exact_optimum, graph_of, inside, pivot
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sksymsim import PairClusterer, Pairs, SymmetricPairClassifier
from sksymsim._groups.contraction import Linkage, contract
from sksymsim._groups.correlation import join_by_sum
from sksymsim._groups.linkage import DENSE_NODES
from sksymsim._groups.methods import METHODS
from sksymsim._groups.moves import sum_linkage

QUICK = settings(max_examples=25, deadline=None)
every_method = pytest.mark.parametrize("method", METHODS)


@st.composite
def scored_graphs(draw, most=9, links=True):
    """Return a number of items, weights of pairs, must-links and cannot-links."""
    n = draw(st.integers(1, most))
    pairs = list(combinations(range(n), 2))
    # Distinct weights: ties are the one thing that the order of items may decide.
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shift, density = draw(st.sampled_from([(-1, 1), (0, 1), (0, 0.5), (1, 0.6)]))
    weights = {p: float(rng.normal(shift, 2)) for p in pairs if rng.random() < density}
    must, cannot = [], []
    if links and pairs:
        truth = rng.integers(3, size=n)
        for pair in draw(st.lists(st.sampled_from(pairs), max_size=4, unique=True)):
            same = truth[pair[0]] == truth[pair[1]]
            (must if same else cannot).append(pair)
    return n, weights, must, cannot


def as_links(pairs):
    return np.array(pairs, dtype=int).reshape(-1, 2)


def same_group(labels):
    return np.equal.outer(labels, labels)


def random_weights(rng, n, density=1.0, shift=0.0):
    return {
        p: float(rng.normal(shift, 1))
        for p in combinations(range(n), 2)
        if rng.random() < density
    }


# ---------------------------------------------------------------------------- theorems


@every_method
@pytest.mark.parametrize("missing", ["ignore", "prior", -0.5])
@QUICK
@given(scored_graphs())
def test_groups_are_an_equivalence_relation(method, missing, world):
    n, weights, must, cannot = world
    model = PairClusterer(method, missing=missing)
    labels = model.fit_predict(
        graph_of(weights, n), must_link=as_links(must), cannot_link=as_links(cannot)
    )
    related = same_group(labels)
    assert related.diagonal().all()
    assert_array_equal(related, related.T)
    assert_array_equal((related.astype(int) @ related) > 0, related)
    assert all(related[pair] for pair in must)
    assert not any(related[pair] for pair in cannot)
    # Numbers of groups are those of their first items, in order.
    assert model.n_clusters_ == len(set(labels.tolist())) == labels.max() + 1
    first = [labels.tolist().index(group) for group in range(model.n_clusters_)]
    assert first == sorted(first)
    assert ((model.confidence_ >= 0) & (model.confidence_ <= 1)).all()


@every_method
@pytest.mark.parametrize("missing", ["ignore", -0.5])
@QUICK
@given(scored_graphs(), st.randoms(use_true_random=False))
def test_order_of_items_and_pairs_does_not_matter(method, missing, world, random):
    n, weights, must, cannot = world
    place = list(range(n))
    random.shuffle(place)
    model = PairClusterer(method, missing=missing)
    k = {"must_link": as_links(must), "cannot_link": as_links(cannot)}
    labels = model.fit_predict(graph_of(weights, n), **k)
    confidence, value = model.confidence_, model.objective_
    moved = list(weights.items())
    random.shuffle(moved)
    moved = {(place[b], place[a]): w for (a, b), w in moved}
    moved_k = {key: np.array(place)[links] for key, links in k.items()}
    again = model.fit_predict(graph_of(moved, n), **moved_k)
    assert_array_equal(same_group(again)[np.ix_(place, place)], same_group(labels))
    assert_allclose(model.confidence_[place], confidence)
    assert_allclose(model.objective_, value, atol=1e-9)


@QUICK
@given(scored_graphs(links=False))
def test_components_are_those_of_scipy(world):
    n, weights, _, _ = world
    graph = graph_of(weights, n)
    linked = graph.tocsr() > 0
    expected = connected_components(linked, directed=False)[1]
    labels = PairClusterer("components").fit_predict(graph)
    assert_array_equal(same_group(labels), same_group(expected))


@pytest.mark.parametrize("missing", ["ignore", -0.7])
@pytest.mark.parametrize(("method", "mean"), [("average", np.mean), ("complete", min)])
@QUICK
@given(scored_graphs())
def test_linkage_is_the_plain_one(method, mean, missing, world):
    n, weights, _, cannot = world
    model = PairClusterer(method, missing=missing)
    labels = model.fit_predict(graph_of(weights, n), cannot_link=as_links(cannot))
    value = None if missing == "ignore" else missing
    expected = agglomerate(weights, n, mean, value, cannot)
    assert_array_equal(same_group(labels), same_group(expected))


@pytest.mark.parametrize("method", ["average", "complete"])
def test_scipy_and_the_heap_agree(method, rng, monkeypatch):
    assert DENSE_NODES > 40
    graph = graph_of(random_weights(rng, 40, shift=-0.1), 40)
    labels = PairClusterer(method).fit_predict(graph)
    partly = graph_of(random_weights(rng, 40, density=0.4), 40)
    with_missing = PairClusterer(method, missing=-0.1).fit_predict(partly)
    monkeypatch.setattr("sksymsim._groups.linkage.DENSE_NODES", 0)
    assert_array_equal(PairClusterer(method).fit_predict(graph), labels)
    again = PairClusterer(method, missing=-0.1).fit_predict(partly)
    assert_array_equal(again, with_missing)
    assert labels.max() > 0


# --------------------------------------------------------------- correlation clustering


@pytest.mark.parametrize("density", [1.0, 0.6])
def test_correlation_is_near_the_exact_optimum(density, rng):
    for _ in range(8):
        weights = random_weights(rng, 9, density)
        model = PairClusterer().fit(graph_of(weights, 9))
        best = exact_optimum(weights, 9)
        assert model.objective_ >= 0.99 * best
        assert model.objective_ <= best + 1e-6
        assert_allclose(model.objective_, inside(weights, model.labels_))


@QUICK
@given(scored_graphs(most=14, links=False))
def test_correlation_is_not_worse_than_others(world):
    n, weights, _, _ = world
    graph = graph_of(weights, n)
    value = PairClusterer().fit(graph).objective_ + 1e-9
    for method in METHODS:
        assert PairClusterer(method).fit(graph).objective_ <= value
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert inside(weights, pivot(weights, n, rng)) <= value
    assert inside(weights, np.zeros(n)) <= value


@pytest.mark.parametrize("missing", ["ignore", -0.4])
def test_no_single_move_or_join_improves_a_large_graph(missing, rng):
    # Large enough for the path of one start.
    n = 90
    index = np.unique(np.sort(rng.integers(n, size=(600, 2)), axis=1), axis=0)
    index = index[index[:, 0] < index[:, 1]]
    values = rng.normal(0, 2, size=len(index))
    graph = sparse.coo_matrix((values, index.T), shape=(n, n))
    model = PairClusterer(missing=missing).fit(graph)
    full = np.full((n, n), 0.0 if missing == "ignore" else missing)
    full[tuple(index.T)] = full[tuple(index.T[::-1])] = values
    np.fill_diagonal(full, 0)
    labels = model.labels_
    onehot = np.eye(model.n_clusters_)[labels]
    assert_allclose(model.objective_, (full * same_group(labels)).sum() / 2)
    pull = full @ onehot
    stay = pull[np.arange(n), labels]
    assert (pull.max(axis=1) <= stay + 1e-6).all()
    assert (stay >= -1e-6).all()
    between = onehot.T @ pull
    np.fill_diagonal(between, -1)
    assert between.max() <= 1e-6


def test_greedy_start_is_improved(rng, monkeypatch):
    monkeypatch.setattr("sksymsim._groups.correlation.NOISY_EDGES", 0)
    monkeypatch.setattr("sksymsim._groups.correlation.FEW_NODES", 0)
    alone, improved = [], []
    for _ in range(10):
        graph = graph_of(random_weights(rng, 20), 20)
        improved.append(PairClusterer().fit(graph).objective_)
        with monkeypatch.context() as context:
            path = "sksymsim._groups.moves.Partition.improve"
            context.setattr(path, lambda self: None)
            alone.append(PairClusterer().fit(graph).objective_)
    assert (np.array(improved) >= np.array(alone) - 1e-9).all()
    assert sum(improved) > sum(alone)
    assert join_by_sum.__defaults__[0] > 0


# ----------------------------------------------------------------------------- missing


def test_pairs_never_scored(rng):
    # A chain of similar pairs: nothing says that its ends differ.
    chain = graph_of({(i, i + 1): 2.0 - i % 2 for i in range(5)}, 6)
    for method in METHODS:
        assert PairClusterer(method).fit(chain).n_clusters_ == 1
        model = PairClusterer(method, missing=-5.0).fit(chain)
        assert model.n_clusters_ == (1 if method == "components" else 3)
        assert model.missing_log_odds_ == -5.0
    # Above the threshold it says nothing, and never pulls.
    for missing in (0.0, 3.0):
        model = PairClusterer(missing=missing).fit(graph_of({(0, 1): 1.0}, 4))
        assert_array_equal(model.labels_, [0, 0, 1, 2])
    prior = PairClusterer(missing="prior").fit(chain)
    rate = (3 * expit(2.0) + 2 * expit(1.0)) / 15
    assert_allclose(prior.missing_log_odds_, logit(rate))


def test_threshold_is_taken_off(rng):
    weights = random_weights(rng, 12, 0.7)
    moved = {pair: w + 1.5 for pair, w in weights.items()}
    for method in METHODS:
        one = PairClusterer(method, missing=-2.0).fit(graph_of(weights, 12))
        other = PairClusterer(method, missing=-0.5, threshold=1.5)
        other.fit(graph_of(moved, 12))
        assert_array_equal(one.labels_, other.labels_)
        assert_allclose(one.confidence_, other.confidence_)


# ------------------------------------------------------------------------- constraints


@every_method
def test_links_overrule_scores(method):
    graph = graph_of({(0, 1): 5.0, (1, 2): 4.0, (2, 3): -6.0}, 5)
    model = PairClusterer(method)
    labels = model.fit_predict(graph, must_link=[[2, 3]], cannot_link=[[1, 2], [4, 3]])
    assert_array_equal(labels, [0, 0, 1, 1, 2])
    # Items that are joined speak with one voice: -6 is theirs alone.
    labels = model.fit_predict(graph, must_link=[[2, 3]])
    assert_array_equal(labels, [0, 0, 0, 0, 1])


def test_cannot_links_break_the_weakest(rng):
    graph = graph_of({(0, 1): 5.0, (1, 2): 1.0, (2, 3): 4.0}, 4)
    for method in METHODS:
        labels = PairClusterer(method).fit_predict(graph, cannot_link=[[0, 3]])
        assert_array_equal(labels, [0, 0, 1, 1])


def test_contradictions_are_shown_with_the_shortest_chain():
    graph = graph_of({(0, 1): 1.0}, 40)
    must = [[0, 4], [4, 2], [2, 7], [0, 9], [9, 10], [10, 11], [11, 7]]
    text = r"separates: 0 = 4 = 2 = 7, but 0 != 7\. Drop one"
    with pytest.raises(ValueError, match=text):
        PairClusterer().fit(graph, must_link=must, cannot_link=[[0, 7]])
    long = np.column_stack([np.arange(39), np.arange(1, 40)])
    text = r"0 = 1 = 2 = 3 = \(32 more\) = 36 = .* 0 != 39 \(2 cannot-links are"
    with pytest.raises(ValueError, match=text):
        PairClusterer().fit(graph, must_link=long, cannot_link=[[0, 39], [3, 5]])
    with pytest.raises(ValueError, match="item 3 to be with itself"):
        PairClusterer().fit(graph, cannot_link=[[3, 3]])


# -------------------------------------------------------------------------- confidence


def test_confidence():
    weights = {(0, 1): 2.0, (1, 2): 1.0, (0, 2): 3.0, (3, 4): 4.0, (2, 3): 0.5}
    weights |= {(1, 3): -2.0}
    model = PairClusterer().fit(graph_of(weights, 6))
    assert_array_equal(model.labels_, [0, 0, 0, 1, 1, 2])
    mean = [2.5, 1.5, 2 - 0.5, 4.0 - 0, 4.0]
    assert_allclose(model.confidence_[:5], expit(mean))
    # Nothing is known of the last one.
    assert model.confidence_[5] == 0.5
    forced = PairClusterer().fit(graph_of({(0, 1): -3.0}, 3), must_link=[[0, 1]])
    assert_allclose(forced.confidence_, [expit(-3), expit(-3), 0.5])
    lonely = PairClusterer().fit(graph_of({(0, 1): -3.0}, 2))
    assert_allclose(lonely.confidence_, expit(3.0))
    # Pairs never scored count, and so does an own group of which none was.
    model = PairClusterer(missing=-1.0)
    model.fit(graph_of({(0, 1): 3.0}, 3), must_link=[[1, 2]])
    assert_allclose(model.confidence_, expit([1.0, 1.0, -1.0]))


# ------------------------------------------------------------------------------- input


@pytest.fixture
def model_and_pairs(rng):
    items = rng.normal(size=(30, 3)).astype(np.float32)
    index = np.array(list(combinations(range(30), 2)))
    pairs = Pairs.from_index(items, index)
    gap = ((pairs.left - pairs.right) ** 2).sum(axis=1)
    return SymmetricPairClassifier().fit(pairs, (gap < 3).astype(int)), pairs


def test_sources_of_log_odds(model_and_pairs):
    model, pairs = model_and_pairs
    scores = model.decision_function(pairs)
    clusterer = PairClusterer(estimator=FrozenEstimator(model))
    labels = clusterer.fit_predict(pairs)
    assert_array_equal(clone(clusterer).fit_predict(pairs), labels)
    assert_array_equal(PairClusterer().fit_predict(pairs, log_odds=scores), labels)
    graph = sparse.coo_matrix((scores, pairs.index.T), shape=(30, 30))
    for other in (graph, graph.T, graph.tocsr(), (graph + graph.T).tocsc()):
        assert_array_equal(PairClusterer().fit_predict(other), labels)
    assert clusterer.n_pairs_ == 435
    few = Pairs.from_index(pairs.items, np.empty((0, 2), dtype=int))
    assert clusterer.fit(few).n_clusters_ == 30


def test_repeated_pairs_count_once():
    values, left, right = [4.0, -2.0, 1.0, 9.0], [0, 1, 0, 2], [1, 0, 1, 2]
    graph = sparse.coo_matrix((values, (left, right)), shape=(3, 3))
    model = PairClusterer().fit(graph)
    assert model.n_pairs_ == 1
    assert_allclose(model.objective_, 1.0)
    zero = sparse.coo_matrix(([0.0], ([0], [1])), shape=(2, 2))
    assert PairClusterer().fit(zero).n_pairs_ == 1


def test_nothing_changes_what_was_passed(model_and_pairs, capsys):
    model, pairs = model_and_pairs
    scores = model.decision_function(pairs)
    graph = sparse.coo_matrix((scores, pairs.index.T), shape=(30, 30))
    graph.data.setflags(write=False)
    links = np.array([[0, 1]])
    links.setflags(write=False)
    before = graph.data.copy()
    for method in METHODS:
        PairClusterer(method).fit(graph, must_link=links)
    assert_array_equal(graph.data, before)
    assert capsys.readouterr().out == ""
    PairClusterer(verbose=1).fit(graph)
    assert "435 pairs of 30 items" in capsys.readouterr().out


def test_an_interrupted_fit_leaves_the_last_one(monkeypatch, rng):
    model = PairClusterer().fit(graph_of({(0, 1): 1.0}, 2))
    state = dict(vars(model))

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("sksymsim._groups.moves.Partition.exchange", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(graph_of(random_weights(rng, 12, shift=0.5), 12))
    assert vars(model) == state


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"X": np.eye(3)}, TypeError, "of log-odds of shape .* got ndarray"),
        ({"X": sparse.eye(3, 4)}, ValueError, r"n_items\), got \(3, 4\)"),
        ({"X": sparse.coo_matrix((0, 0))}, ValueError, "has no items"),
        ({"X": sparse.eye(2) * 1j}, TypeError, "real numbers, got dtype complex"),
        ({"X": sparse.eye(2) * np.inf}, ValueError, "2 NaN or infinity; say what is"),
        ({"log_odds": [1.0, 2.0]}, ValueError, "got 1 pairs but 2 log_odds"),
        ({"log_odds": ["a"]}, TypeError, "log_odds must hold real numbers"),
        ({}, ValueError, "nothing says how similar the pairs are"),
        ({"X": sparse.eye(2), "log_odds": [1.0]}, ValueError, "leave out log_odds"),
        (
            {"X": Pairs([[1.0]], [[2.0]]), "log_odds": [1.0]},
            ValueError,
            "pairs are two arrays",
        ),
        (
            {"log_odds": [1.0], "must_link": [[0, 9]]},
            IndexError,
            r"must_link: index holds 1 number\(s\) outside 0..1",
        ),
        (
            {"log_odds": [1.0], "cannot_link": [0, 1]},
            ValueError,
            r"cannot_link: index must have shape \(n_pairs, 2\)",
        ),
        (
            {"log_odds": [1.0], "must_link": [[0.5, 1]]},
            TypeError,
            "must_link: index must hold integers",
        ),
    ],
)
def test_errors_of_fit(arguments, kind, text):
    arguments = {"X": Pairs.from_index([[1.0], [2.0]], [[0, 1]])} | arguments
    with pytest.raises(kind, match=text):
        PairClusterer().fit(**arguments)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"method": "single"}, "'method' parameter .* 'correlation', 'average'"),
        ({"threshold": np.nan}, "'threshold' parameter .* a finite number"),
        ({"missing": "zero"}, "'missing' parameter .* 'ignore', 'prior' or finite"),
        ({"missing": -np.inf}, "'missing' parameter"),
        ({"estimator": 3}, "'estimator' parameter .* a fitted classifier"),
        ({"verbose": -1}, "'verbose' parameter"),
    ],
)
def test_errors_of_parameters(parameters, text):
    with pytest.raises(ValueError, match=text):
        PairClusterer(**parameters).fit(graph_of({(0, 1): 1.0}, 2))


def test_untouched_worlds(rng):
    assert PairClusterer().fit(sparse.coo_matrix((1, 1))).n_clusters_ == 1
    model = PairClusterer(missing="prior").fit(sparse.coo_matrix((4, 4)))
    assert_array_equal(model.labels_, range(4))
    assert_array_equal(model.confidence_, 0.5)


@pytest.mark.parametrize("method", ["correlation", "average", "complete"])
@pytest.mark.parametrize("missing", [-1e6, -1e20])
@pytest.mark.parametrize("n_paths", [1, DENSE_NODES // 2])
def test_missing_pairs_that_outweigh_all_do_not_drown_the_others(
    method, missing, n_paths
):
    # A path of 4 items: the strong pair in the middle is a group, the ends are alone;
    # the same for many paths that a hub joins weakly.
    start = 4 * np.arange(n_paths)
    left = np.concatenate([start, start + 1, start + 2, start[1:] + 3])
    right = np.concatenate([start + 1, start + 2, start + 3, start[:-1] + 3])
    values = np.repeat([1.0, 3.0, 1.0, 0.25], [n_paths] * 3 + [n_paths - 1])
    graph = sparse.coo_matrix((values, (left, right)), shape=(4 * n_paths,) * 2)
    found = PairClusterer(method, missing=missing).fit(graph)
    assert_array_equal(found.labels_[start + 1], found.labels_[start + 2])
    assert np.bincount(found.labels_).max() == 2


@every_method
@pytest.mark.parametrize("sign", [-1, 1])
def test_refuses_log_odds_of_which_no_sums_can_be_taken(method, sign):
    certain = sign * np.nan_to_num(np.inf)
    graph = graph_of({(0, 1): certain, (0, 2): certain, (1, 2): 1.0}, 3)
    with pytest.raises(ValueError, match=r"2 number\(s\) beyond 1e\+100.*must_link"):
        PairClusterer(method).fit(graph)


@pytest.mark.parametrize("parameter", ["missing", "threshold"])
@every_method
@pytest.mark.parametrize("value", [-1e308, 1e308])
def test_parameters_of_any_size_are_summed(parameter, method, value):
    # Two groups of three that were scored in part, so that missing pairs are counted.
    scores = {(0, 1): 2.0, (1, 2): 3.0, (3, 4): 1e99, (4, 5): 1.0, (2, 3): -1e99}
    found = PairClusterer(method, **{parameter: value}).fit(graph_of(scores, 7))
    beyond = PairClusterer(method, **{parameter: value / 1e208}).fit(
        graph_of(scores, 7)
    )
    assert_array_equal(found.labels_, beyond.labels_)
    assert np.isfinite(found.objective_)
    assert ((0 <= found.confidence_) & (found.confidence_ <= 1)).all()
    if parameter == "missing":
        assert found.missing_log_odds_ == value


@every_method
def test_links_that_are_none(method, rng):
    graph = graph_of(random_weights(rng, 6), 6)
    plain = PairClusterer(method).fit_predict(graph)
    for none in ([], (), np.empty((0, 2)), np.empty(0), np.empty((0, 2), dtype=int)):
        linked = PairClusterer(method).fit_predict(
            graph, must_link=none, cannot_link=none
        )
        assert_array_equal(linked, plain)
    with pytest.raises(TypeError, match="cannot_link: index must hold integers"):
        PairClusterer(method).fit(graph, cannot_link=np.empty((0, 3)))


# -------------------------------------------------------------------- contraction


def greedy(weights, sizes, missing):
    """Join the two groups of the greatest sum while it is above zero, plainly."""
    groups = {node: {node} for node in range(len(sizes))}

    def bond(a, b):
        pairs = [(min(c, d), max(c, d)) for c in groups[a] for d in groups[b]]
        n_pairs = np.prod([sum(sizes[c] for c in groups[g]) for g in (a, b)])
        return sum(weights.get(pair, 0.0) for pair in pairs) + missing * n_pairs

    while len(groups) > 1:
        value, a, b = max((bond(a, b), a, b) for a, b in combinations(groups, 2))
        if value <= 0:
            break
        groups[a] |= groups.pop(b)
    return {frozenset(group) for group in groups.values()}


def rows_of(weights, n):
    rows = [{} for _ in range(n)]
    for (a, b), weight in weights.items():
        rows[a][b] = rows[b][a] = weight
    return rows


@pytest.mark.parametrize("missing", [0.0, -0.1, -0.6])
@QUICK
@given(scored_graphs(most=14, links=False))
def test_contraction_is_the_plain_one(missing, world):
    n, weights, _, _ = world
    sizes = np.random.default_rng(n).integers(1, 4, size=n).tolist()
    found = contract(rows_of(weights, n), sizes.copy(), sum_linkage(missing))
    groups = {frozenset(np.flatnonzero(np.equal(found, top)).tolist()) for top in found}
    assert groups == greedy(weights, sizes, missing)


@pytest.mark.parametrize("spread", [0.0, 0.01])
@pytest.mark.parametrize("kind", ["sum", "average"])
def test_a_hub_is_not_weighed_again_with_all_at_each_join(kind, spread, rng):
    # Two hundred of the leaves join, and each weakens what the others weigh.
    n_leaves, n_joined, n_calls = 3000, 200, 0
    missing = -1 / n_joined

    def strength(bond, a, b):
        nonlocal n_calls
        n_calls += 1
        return bond + missing * a * b if kind == "sum" else bond / (a * b) + missing

    def add(one, other):
        return one + other

    weights = 1 + spread * rng.random(n_leaves)
    rows = rows_of({(0, leaf + 1): weights[leaf] for leaf in range(n_leaves)}, 3001)
    found = np.array(contract(rows, [1] * 3001, Linkage(add, strength)))
    assert n_joined - 1 <= (found == found[0]).sum() <= 1.02 * n_joined
    assert n_calls < 4 * n_leaves
    # Of the leaves the strongest.
    joined = found[1:] == found[0]
    assert weights[joined].min() >= weights[~joined].max()
