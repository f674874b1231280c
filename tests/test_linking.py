# SPDX-License-Identifier: BSD-3-Clause
"""From items to groups, and from two tables to links."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairClusterer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    deduplicate,
    link,
    make_pairs,
    recalibrate,
)
from sksymsim._groups.assignment import best_partners


def records(rng, n_things=25, copies=3, width=6):
    """Return noisy copies of things, and which thing each is."""
    things = np.repeat(rng.normal(size=(n_things, width)), copies, axis=0)
    things[:, :3] *= 20
    noise = rng.normal(size=things.shape) * np.r_[0.1, 0.1, 0.1, 2, 2, 2][:width]
    order = rng.permutation(len(things))
    thing = np.repeat(np.arange(n_things), copies)[order]
    return (things + noise)[order], thing


@pytest.fixture
def fitted(rng):
    X, thing = records(rng, 60)
    pairs, y, _ = make_pairs(X, thing, n_pairs=1500, similar_rate=0.1, random_state=0)
    return SymmetricPairClassifier().fit(pairs, y)


class Distance(ClassifierMixin, BaseEstimator):
    """A model of pairs without a space of its own."""

    def __init__(self):
        self.classes_ = np.array([0, 1])

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        gap = ((X.left - X.right)[:, :3] ** 2).sum(axis=1)
        p = expit(5 - 2 * gap)
        return np.column_stack([1 - p, p])


class Index:
    """The least that an index of neighbours needs."""

    def fit(self, X):
        self.X = X
        return self

    def kneighbors(self, X, n_neighbors, return_distance):
        assert not return_distance
        gaps = ((X[:, None] - self.X[None]) ** 2).sum(axis=2)
        return np.argsort(gaps, axis=1, kind="stable")[:, :n_neighbors]


# ---------------------------------------------------------------------- deduplicate


@pytest.mark.parametrize(
    "candidates", ["auto", "learned", NearestNeighbors(algorithm="kd_tree"), Index()]
)
def test_copies_are_found(candidates, fitted, rng):
    X, thing = records(rng)
    found = deduplicate(
        X, fitted, candidate_pairs=candidates, n_neighbors=5, random_state=0
    )
    related = np.equal.outer(found.labels, found.labels)
    right = np.equal.outer(thing, thing)
    assert (related == right).mean() > 0.98
    assert related[right].mean() > 0.8
    assert found.n_groups == found.clusterer.n_clusters_
    assert_allclose(found.probabilities, expit(found.log_odds))
    expected = fitted.decision_function(Pairs.from_index(X, found.pairs))
    assert_allclose(found.log_odds, expected)
    assert (found.pairs[:, 0] < found.pairs[:, 1]).all()
    assert len(np.unique(found.pairs, axis=0)) == len(found.pairs)
    # Each item has its neighbours, or they have it.
    assert (np.bincount(found.pairs.ravel(), minlength=75) >= 5).all()
    groups = found.groups()
    assert all(len(group) >= 2 for group in groups)
    assert sorted(np.concatenate(found.groups(1)).tolist()) == list(range(75))
    assert len(groups[0]) == max(map(len, groups))
    assert all(len(set(found.labels[group])) == 1 for group in groups)


def test_ways_of_the_default_and_the_learned_space(fitted, rng):
    X, _ = records(rng)
    k = {"n_neighbors": 4, "n_random": 0}
    auto = deduplicate(X, fitted, **k, random_state=0)
    learned = deduplicate(X, fitted, candidate_pairs="learned", **k, random_state=0)
    # A metric ranks as the distance in its space does.
    assert_array_equal(auto.pairs, learned.pairs)
    everything = np.array(list(combinations(range(75), 2)))
    own = deduplicate(X, fitted, candidate_pairs=everything, random_state=0)
    assert_array_equal(own.pairs, everything)
    scores = fitted.decision_function(Pairs.from_index(X, everything))
    pairs = Pairs.from_index(X, everything)
    expected = PairClusterer().fit_predict(pairs, log_odds=scores)
    assert_array_equal(own.labels, expected)
    for metric in ("cosine", "euclidean"):
        found = deduplicate(X, fitted, candidate_pairs=metric, **k, random_state=0)
        neighbours = NearestNeighbors(n_neighbors=5, metric=metric).fit(X)
        table = neighbours.kneighbors(X, return_distance=False)
        expected = {
            (min(i, j), max(i, j)) for i, row in enumerate(table) for j in row if i != j
        }
        assert set(map(tuple, found.pairs.tolist())) == expected


def test_random_candidates(fitted, rng):
    X, _ = records(rng)
    near = deduplicate(X, fitted, n_neighbors=3, n_random=0)
    found = deduplicate(X, fitted, n_neighbors=3, n_random=4, random_state=0)
    pairs, more = (set(map(tuple, r.pairs.tolist())) for r in (near, found))
    assert pairs < more
    assert 75 * 2 < len(more) - len(pairs) <= 75 * 4
    again = deduplicate(X, fitted, n_neighbors=3, n_random=4, random_state=0)
    assert_array_equal(again.pairs, found.pairs)
    other = deduplicate(X, fitted, n_neighbors=3, n_random=4, random_state=1)
    assert len(other.pairs) != len(found.pairs) or (other.pairs != found.pairs).any()


@pytest.mark.parametrize("wrap", ["pipeline", "frozen", "recalibrated"])
def test_wrapped_models_have_the_same_candidates(wrap, rng):
    X, thing = records(rng)
    pairs, y, _ = make_pairs(X, thing, n_pairs=140, random_state=0)
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)), SymmetricPairClassifier()
    ).fit(pairs, y)
    wrapped = {
        "pipeline": lambda: model,
        "frozen": lambda: FrozenEstimator(model),
        "recalibrated": lambda: recalibrate(model, pairs, y),
    }[wrap]()
    prepared = model[0].transformer_.transform(X)
    _, expected = model[-1].top_k(prepared, prepared, 4)
    found = deduplicate(X, wrapped, n_neighbors=3, n_random=0)
    expected = {
        (min(i, j), max(i, j)) for i, row in enumerate(expected) for j in row if i != j
    }
    assert set(map(tuple, found.pairs.tolist())) == expected


def test_models_without_a_space(rng):
    X, thing = records(rng)
    for candidates in ("auto", "learned"):
        found = deduplicate(
            X, Distance(), candidate_pairs=candidates, n_neighbors=30, random_state=0
        )
        cosine = deduplicate(
            X, Distance(), candidate_pairs="cosine", n_neighbors=30, random_state=0
        )
        assert_array_equal(found.pairs, cosine.pairs)
    assert (thing[found.pairs[found.log_odds > 0]].std(axis=1) == 0).mean() > 0.8


def test_constraints_and_clusterer_are_passed_on(fitted, rng, capsys):
    X, _ = records(rng)
    clusterer = PairClusterer("average", threshold=1.0, estimator=FrozenEstimator(3))
    found = deduplicate(
        X,
        fitted,
        clusterer=clusterer.set_params(estimator=None),
        must_link=[[0, 1]],
        cannot_link=[[2, 3]],
        verbose=1,
    )
    assert found.labels[0] == found.labels[1]
    assert found.labels[2] != found.labels[3]
    assert found.clusterer.get_params()["threshold"] == 1.0
    assert not hasattr(clusterer, "labels_")
    assert "candidates among 75 items" in capsys.readouterr().out
    assert "log_odds" not in repr(found)
    few = deduplicate(X[:3], fitted, n_neighbors=10, random_state=0)
    assert len(few.pairs) == 3
    assert deduplicate(X[:1], fitted, random_state=0).n_groups == 1


def test_sparse_items(rng):
    X, thing = records(rng)
    X = np.where(np.abs(X) > 0.3, X, 0)
    pairs, y, _ = make_pairs(X, thing, n_pairs=140, random_state=0)
    model = SymmetricPairClassifier(form="bilinear").fit(pairs, y)
    dense = deduplicate(X, model, random_state=0)
    found = deduplicate(sparse.csr_matrix(X), model, random_state=0)
    assert_allclose(found.log_odds, dense.log_odds, atol=1e-8)
    one, other = (link(X[:30], Z, model) for Z in (X[30:], sparse.csr_matrix(X[30:])))
    assert_array_equal(one.links, other.links)


# ------------------------------------------------------------------------------- link


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_partners_are_the_best_assignment(n_left, n_right, seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(0.2, 1, size=(n_left, n_right))
    given = rng.random(table.shape) < 0.6
    left, right = np.nonzero(given)
    chosen = best_partners(left, right, table[given], n_left, n_right)
    assert len(np.unique(left[chosen])) == len(np.unique(right[chosen])) == len(chosen)
    assert (table[given][chosen] > 0).all()
    gains = np.where(given, np.maximum(table, 0), 0)
    best = gains[linear_sum_assignment(gains, maximize=True)].sum()
    assert_allclose(table[given][chosen].sum(), best, atol=1e-9)


def test_two_tables(fitted, rng):
    X, thing = records(rng, 30, copies=2)
    first = np.unique(thing, return_index=True)[1]
    rest = np.setdiff1d(np.arange(60), first)[:20]
    found = link(X[first], X[rest], fitted, n_neighbors=5)
    assert (thing[first][found.links[:, 0]] == thing[rest][found.links[:, 1]]).all()
    assert len(found.links) > 15
    for side in found.links.T:
        assert len(np.unique(side)) == len(side)
    partner = np.full(30, -1)
    partner[found.links[:, 0]] = found.links[:, 1]
    assert_array_equal(found.partner, partner)
    pairs = Pairs(X[first][found.links[:, 0]], X[rest][found.links[:, 1]])
    assert_allclose(found.link_log_odds, fitted.decision_function(pairs))
    assert_allclose(found.link_probabilities, expit(found.link_log_odds))
    assert_allclose(found.probabilities, expit(found.log_odds))
    assert (found.confidence <= found.link_probabilities + 1e-12).all()
    back = link(X[rest], X[first], fitted, n_neighbors=5)
    turned = back.links[:, ::-1]
    assert_array_equal(turned[np.lexsort(turned.T[::-1])], found.links)
    strict = link(X[first], X[rest], fitted, threshold=100.0)
    assert strict.links.shape == (0, 2)
    assert (strict.partner == -1).all()


def test_one_to_one_or_not(rng):
    # The second row of b is a better partner of both rows of a.
    X_a, X_b = np.zeros((2, 3)), np.zeros((2, 3))
    X_a[:, 0] = [0.0, 0.2]
    X_b[:, 0] = [0.4, 0.1]
    model = Distance()
    one = link(X_a, X_b, model, candidate_pairs="euclidean")
    many = link(X_a, X_b, model, candidate_pairs="euclidean", one_to_one=False)
    assert_array_equal(many.links, [[0, 0], [0, 1], [1, 0], [1, 1]])
    assert_array_equal(many.partner, [1, 1])
    assert_array_equal(one.links, [[0, 1], [1, 0]])
    odds = 5 - 2 * np.array([0.16, 0.01, 0.04, 0.01])
    assert_allclose(many.log_odds, odds, rtol=1e-5)
    assert_allclose(one.confidence, expit([odds[1] - odds[3], odds[2] - odds[3]]))
    own = link(X_a, X_b, model, candidate_pairs=np.array([[1, 1], [1, 1]]))
    assert_array_equal(own.links, [[1, 1]])
    assert_allclose(own.confidence, own.link_probabilities)


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize("task", [deduplicate, link])
@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (
            {"candidate_pairs": "all"},
            TypeError,
            "candidate_pairs must be one of 'auto', 'learn",
        ),
        ({"candidate_pairs": 3}, TypeError, "an index with fit and kneighbors"),
        ({"candidate_pairs": [[0, 99]]}, IndexError, "outside 0"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors must be an int >= 1"),
        ({"X": Pairs([[1.0]], [[2.0]])}, TypeError, "must be single items"),
        ({"X": np.full((3, 6), np.nan)}, ValueError, "contains 18 NaN"),
        ({"X": np.zeros((3, 5))}, ValueError, "has 5 features, but the model is"),
    ],
)
def test_errors(task, arguments, kind, text, fitted):
    arguments = dict(arguments)
    X = arguments.pop("X", np.zeros((3, 6)))
    tables = (X, np.zeros((3, 6))) if task is link else (X,)
    with pytest.raises(kind, match=text):
        task(*tables, fitted, **arguments)


def test_errors_of_one_task(fitted):
    X = np.zeros((3, 6))
    with pytest.raises(TypeError, match="clusterer must be a PairClusterer"):
        deduplicate(X, fitted, clusterer=NearestNeighbors())
    with pytest.raises(ValueError, match="n_random must be an int >= 0"):
        deduplicate(X, fitted, n_random=-1)
    with pytest.raises(ValueError, match="threshold must be a finite number"):
        link(X, X, fitted, threshold=np.inf)
    with pytest.raises(ValueError, match="X has 4 features, but X_a is expecting 3"):
        link(X[:, :3], np.zeros((2, 4)), Distance())
    with pytest.raises(ValueError, match="must_link joins items that cannot_link"):
        deduplicate(X, fitted, must_link=[[0, 1]], cannot_link=[[0, 1]])


@pytest.mark.parametrize("one_to_one", [True, False])
def test_no_candidates_are_no_links(rng, one_to_one):
    items, thing = records(rng)
    pairs, y, _ = make_pairs(items, thing, n_pairs=60, random_state=0)
    model = SymmetricPairClassifier().fit(pairs, y)
    none = np.empty((0, 2), dtype=int)
    found = link(
        items[:3], items[3:5], model, candidate_pairs=none, one_to_one=one_to_one
    )
    assert found.links.shape == found.pairs.shape == (0, 2)
    assert found.confidence.shape == found.link_probabilities.shape == (0,)
    assert_array_equal(found.partner, [-1, -1, -1])


class Found(ClassifierMixin, BaseEstimator):
    """Keeps what it has found, as searches do."""

    def __init__(self, best):
        self.best = best
        self.best_estimator_ = best
        self.classes_ = best.classes_

    def fit(self, X, y):
        return self

    def decision_function(self, X):
        return self.best.decision_function(X)


def test_what_a_search_found_looks_for_its_own_neighbours(fitted, rng):
    X, _ = records(rng)
    own, other = (deduplicate(X, one, n_random=0) for one in (fitted, Found(fitted)))
    assert_array_equal(own.pairs, other.pairs)
