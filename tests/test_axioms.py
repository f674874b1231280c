# SPDX-License-Identifier: BSD-3-Clause
"""Axioms of a relation, counted by the library and by loops."""

import json
import pickle
import tracemalloc
from itertools import combinations
from math import comb

import numpy as np
import oracles_axioms as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy import sparse
from scipy.special import expit
from scipy.stats import binomtest, chisquare
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    SymmetrizedClassifier,
    check_axioms,
    recalibrate,
)
from sksymsim._axioms.checks import wilson
from sksymsim._axioms.paths import (
    count_paths,
    draw_paths,
    draw_triples,
    unrank_pairs,
)
from sksymsim._axioms.report import WORDINGS
from sksymsim._axioms.scores import cross_source
from sksymsim._score import FittedScore


class TableModel(ClassifierMixin, BaseEstimator):
    """A guest that knows the score of every pair: items are their numbers."""

    def __init__(self, table, kind="log_odds"):
        self.table, self.kind = table, kind

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, X):
        left, right = (np.asarray(side)[:, 0].astype(int) for side in (X.left, X.right))
        return np.asarray(self.table)[left, right]


class TableOfProbabilities(TableModel):
    decision_function = None

    def __getattribute__(self, name):
        if name == "decision_function":
            raise AttributeError(name)
        return super().__getattribute__(name)

    def predict_proba(self, X):
        p = expit(TableModel.decision_function(self, X))
        return np.column_stack([1 - p, p])


def numbers(n):
    return np.arange(n, dtype=float)[:, None]


def table_of(rng, n, *, symmetric=True, digits=2):
    table = np.round(rng.normal(size=(n, n)), digits)
    if symmetric:
        table = np.triu(table) + np.triu(table, 1).T
    return table


def assert_is_oracle(report, table, threshold):
    n = len(table)
    table = table.tolist()
    for name, (checked, violations) in oracle.count_axioms(table, threshold).items():
        found = getattr(report, name)
        assert found.name == name
        assert (found.n_checked, found.n_violations) == (checked, violations), name
        assert found.is_exact
        if checked:
            assert found.rate == found.low == found.high == violations / checked
        else:
            assert np.isnan([found.rate, found.low, found.high]).all()
        worst = oracle.worst_witnesses(table, threshold)[name]
        assert (worst is None) == (found.worst == 0 and not found.witnesses), name
        if worst is not None:
            assert_allclose(found.worst, worst[0], rtol=1e-9, atol=1e-9)
    if n > 1:
        rate = oracle.similar_rate(oracle.relation(table), threshold)
        assert_allclose(report.transitivity.by_chance, 1 - rate)


# --------------------------------------------------------------------- all, by loops


@pytest.mark.parametrize("n", [1, 2, 3, 9])
@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_are_those_of_loops(rng, n, symmetric):
    for threshold in (0.0, 0.4):
        table = table_of(rng, n, symmetric=symmetric)
        report = check_axioms(TableModel(table), numbers(n), threshold=threshold)
        assert_is_oracle(report, table, threshold)
        assert report.is_exact


@settings(max_examples=35, deadline=None)
@given(st.data())
def test_counts_with_ties_are_those_of_loops(data):
    n = data.draw(st.integers(2, 6))
    table = data.draw(arrays(np.int8, (n, n), elements=st.integers(-2, 2)))
    table = table.astype(float)
    if data.draw(st.booleans()):
        table = np.maximum(table, table.T)
    report = check_axioms(TableModel(table), numbers(n))
    assert_is_oracle(report, table, 0.0)


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_worst_are_found_in_their_order(rng, symmetric):
    table = rng.normal(size=(8, 8))  # no ties
    if symmetric:
        table = table + table.T
    report = check_axioms(TableModel(table), numbers(8), n_witnesses=2)
    for name, worst in oracle.worst_witnesses(table.tolist(), 0.0).items():
        found = getattr(report, name)
        assert len(found.witnesses) == min(2, found.n_violations)
        if worst is not None:
            assert set(found.witnesses[0]) == worst[1], name
            assert len(set(map(frozenset, found.witnesses))) == len(found.witnesses)


def test_witnesses_stand_in_the_order_that_their_sentence_needs(rng):
    table = table_of(rng, 10, digits=6)
    report = check_axioms(TableModel(table), numbers(10), n_witnesses=50)
    s = table
    for x, y in report.self_first.witnesses:
        assert s[x, y] > s[x, x]
    for a, b, c in report.transitivity.witnesses:
        assert s[a, b] > 0
        assert s[b, c] > 0
        assert not s[a, c] > 0
    distance = np.sqrt(np.maximum(0, s.diagonal()[:, None] + s.diagonal() - 2 * s))
    assert report.triangle.witnesses
    for a, b, c in report.triangle.witnesses:
        assert distance[a, c] > distance[a, b] + distance[b, c]


def test_an_order_that_decides_is_found(rng):
    table = np.full((40, 40), -1.0)
    np.fill_diagonal(table, 3.0)
    table[7, 23] = 2.0
    report = check_axioms(TableModel(table), numbers(40))
    assert report.symmetry.witnesses == ((7, 23),)
    assert report.symmetry.details == {"max_difference": 3.0, "n_order_decides": 1}
    assert report.symmetry.n_violations == 1
    # From then on it is the mean of both that counts.
    assert report.transitivity.details["similar_rate"] == 1 / comb(40, 2)


def test_rounding_is_no_asymmetry():
    table = np.full((5, 5), 2.0)
    table[0, 1] = np.nextafter(2.0, 3.0)
    report = check_axioms(TableModel(table), numbers(5))
    assert report.symmetry.n_violations == 0
    assert report.symmetry.details["max_difference"] == np.spacing(2.0)


def test_details(rng):
    table = table_of(rng, 9)
    report = check_axioms(TableOfProbabilities(table), numbers(9))
    own = table.diagonal()
    details = report.reflexivity.details
    assert_allclose(details["mean_probability"], expit(own).mean())
    assert_allclose(
        [details["lowest_score"], details["highest_score"]],
        own[[own.argmin(), own.argmax()]],
    )
    others = table + np.diag(np.full(9, -np.inf))
    assert_allclose(
        report.self_first.details["largest_gap"], (others.max(1) - own).max()
    )
    squares = own[:, None] + own - 2 * table
    negative = (np.triu(squares, 1) < -1e-9).sum()
    assert report.separation.details["n_without_distance"] == negative
    assert report.triangle.details["largest_distance"] == pytest.approx(
        np.sqrt(squares.max())
    )
    n_paths = oracle.count_paths(table.tolist(), 0.0)[0]
    assert report.transitivity.details["n_paths"] == n_paths


def test_notes_on_what_is_not_in_the_table():
    table = np.array([[0.0, 0.5], [0.25, 2.0]])
    report = check_axioms(TableOfProbabilities(table), numbers(2))
    mean = expit(table.diagonal()).mean()
    notes = [
        "The two orders of a pair differ by up to 0.25.",
        "The log-odds of an item with itself are 0 to 2, P(similar | x, x) is "
        f"{mean:.4f} on average.",
    ]
    assert all(note in str(report).splitlines() for note in notes)
    assert f"<p>{notes[0]}</p>" in report.to_html()
    one = str(check_axioms(TableModel([[1.0]]), numbers(1)))
    assert "two orders" not in one


def test_no_probabilities_no_mean_of_them(rng):
    report = check_axioms(TableModel(table_of(rng, 4)), numbers(4))
    assert "mean_probability" not in report.reflexivity.details


@pytest.mark.parametrize(
    ("value", "similar"), [(1.0, True), (0.0, False), (-1.0, False)]
)
def test_constant_models(value, similar):
    report = check_axioms(TableModel(np.full((6, 6), value)), numbers(6))
    assert report.symmetry.details["max_difference"] == 0
    assert report.reflexivity.n_violations == (0 if similar else 6)
    assert report.self_first.n_violations == 0
    assert report.separation.rate == 1
    assert report.triangle.n_violations == 0
    assert report.transitivity.n_checked == (60 if similar else 0)
    assert np.isnan(report.transitivity.rate) == (not similar)
    assert report.transitivity.by_chance == (0 if similar else 1)


def test_equivalence_relation_keeps_all(rng):
    groups = np.arange(30) // 5
    table = np.where(groups[:, None] == groups, 2.0, -2.0)
    np.fill_diagonal(table, 3.0)
    report = check_axioms(TableModel(table), numbers(30))
    assert [axiom.n_violations for axiom in report.axioms] == [0] * 6
    assert report.transitivity.n_checked == 6 * 5 * comb(4, 2)
    assert repr(report) == "AxiomReport(30 items, broken: none)"


# --------------------------------------------------------------------------- items


def test_repeated_items_are_one(rng):
    table = table_of(rng, 8)
    rows = np.array([3, 3, 0, 5, 3, 1, 0, 7])
    once = np.array([3, 0, 5, 1, 7])
    report = check_axioms(
        TableModel(table), numbers(8)[rows], ids=[f"row {i}" for i in range(8)]
    )
    assert (report.n_items, report.n_distinct) == (8, 5)
    assert_is_oracle(report, table[np.ix_(once, once)], 0.0)
    places = {f"row {np.flatnonzero(rows == i)[0]}" for i in once}
    for axiom in report.axioms:
        assert {name for items in axiom.witnesses for name in items} <= places


def test_items_all_the_same_are_one_item():
    model = TableModel([[1.0]])
    report = check_axioms(model, np.zeros((4, 2)))
    assert report.n_distinct == 1
    assert report.reflexivity.rate == 0
    assert [a.n_checked for a in report.axioms] == [0, 1, 0, 0, 0, 0]


# ---------------------------------------------------------------------- every model


@pytest.fixture(scope="module")
def world():
    pairs, y, _ = class_pairs()
    return pairs, y, pairs.items


def squares(pairs):
    return (pairs.left - pairs.right) ** 2


def both_sides(pairs):
    return np.hstack([pairs.left, pairs.right])


def every_model():
    normalize = SharedTransformer(EmbeddingNormalizer())
    for form in ("mahalanobis", "bilinear", "quadratic"):
        yield form, SymmetricPairClassifier(form)
        yield (
            f"{form} in a pipeline",
            make_pipeline(clone(normalize), SymmetricPairClassifier(form)),
        )
    yield (
        "grid",
        GridSearchCV(
            make_pipeline(clone(normalize), SymmetricPairClassifier()),
            {"symmetricpairclassifier__alpha": [1e-2, 1e-3]},
            cv=2,
        ),
    )
    yield (
        "search",
        SymmetricPairClassifierCV(
            whitenings=(0.0,),
            pca_components=(),
            alphas=(1e-3,),
            priors=("identity",),
            random_state=0,
        ),
    )
    yield "poly", SymmetricPairClassifier("poly")
    yield "kernel", KernelPairClassifier()
    yield "network", SymmetricMLPClassifier((4,), tol=1.0, random_state=0)
    yield "both orders", SymmetrizedClassifier(LogisticRegression())
    yield "squares", make_pipeline(FunctionTransformer(squares), LogisticRegression())
    yield (
        "neighbours",
        make_pipeline(FunctionTransformer(squares), KNeighborsClassifier()),
    )
    yield "scores alone", make_pipeline(FunctionTransformer(squares), LinearSVC())
    yield (
        "both sides",
        make_pipeline(
            clone(normalize), FunctionTransformer(both_sides), LogisticRegression()
        ),
    )


@pytest.mark.parametrize(
    ("name", "model"), [pytest.param(*m, id=m[0]) for m in every_model()]
)
def test_every_model_is_what_its_scores_say(name, model, world):
    pairs, y, items = world
    model = model.fit(pairs, y)
    items = items[:12]
    report = check_axioms(model, items)
    left, right = np.divmod(np.arange(144), 12)
    every = Pairs.from_index(items, np.column_stack([left, right]))
    if hasattr(model, "decision_function"):
        table = model.decision_function(every)
    else:
        p = np.clip(model.predict_proba(every)[:, 1], 2.3e-16, 1 - 2.3e-16)
        table = np.log(p / (1 - p))
    table = table.reshape(12, 12)
    if np.abs(table - table.T).max() < 1e-12:
        table = (table + table.T) / 2
    counts = oracle.count_axioms(table.tolist(), 0.0)
    for axiom in report.axioms:
        assert (axiom.n_checked, axiom.n_violations) == counts[axiom.name], axiom.name
    if name != "both sides":
        assert report.symmetry.details["max_difference"] == 0
    else:
        assert report.symmetry.rate == 1


def test_recalibrated_models_shift_reflexivity_alone(world):
    pairs, y, items = world
    model = SymmetricPairClassifier().fit(pairs[:150], y[:150])
    moved = recalibrate(model, pairs[150:], y[150:], similar_rate=1e-9)
    report = check_axioms(moved, items)
    assert report.reflexivity.rate == 1
    assert report.self_first.rate == report.triangle.rate == 0


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear", "quadratic"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tables_of_scores_change_nothing(world, form, dtype, monkeypatch):
    pairs, y, items = world
    # Far from the origin: products of rows cancel there.
    items = (items + 50).astype(dtype)
    near = items.copy()
    near[:, 0] = np.nextafter(near[:, 0], dtype(np.inf))
    items = np.vstack([items, near])
    model = SymmetricPairClassifier(form).fit(pairs, y)
    fast = check_axioms(model, items, random_state=0).to_dict()
    monkeypatch.setattr("sksymsim._axioms.scores.cross_source", lambda *_: None)
    slow = check_axioms(model, items, random_state=0).to_dict()
    for name in ("self_first", "separation", "transitivity", "reflexivity"):
        assert fast[name]["n_violations"] == slow[name]["n_violations"], name
    if form == "mahalanobis":
        assert (
            fast["self_first"]["n_violations"] == fast["triangle"]["n_violations"] == 0
        )


def test_where_tables_come_from(world):
    pairs, y, items = world
    model = SymmetricPairClassifier().fit(pairs, y)
    assert cross_source(model, items) == (model, items)
    normalize = SharedTransformer(EmbeddingNormalizer())
    pipe = make_pipeline("passthrough", normalize, SymmetricPairClassifier()).fit(
        pairs, y
    )
    found, moved = cross_source(pipe, items)
    assert found is pipe[-1]
    assert_array_equal(moved, pipe[1].transformer_.transform(items))
    other = make_pipeline(FunctionTransformer(), SymmetricPairClassifier())
    assert cross_source(other.fit(pairs, y), items) is None
    assert cross_source(LogisticRegression(), items) is None


def test_sparse_and_read_only_items(world, tmp_path):
    pairs, y, items = world
    model = SymmetricPairClassifier("bilinear").fit(pairs, y)
    expected = check_axioms(model, items, random_state=0)
    found = check_axioms(model, sparse.csr_matrix(items), random_state=0)
    np.save(tmp_path / "items.npy", items)
    mapped = np.load(tmp_path / "items.npy", mmap_mode="r")
    for report in (found, check_axioms(model, mapped, random_state=0)):
        for a, b in zip(report.axioms, expected.axioms, strict=True):
            assert a.n_violations == b.n_violations
            assert a.witnesses == b.witnesses


# ------------------------------------------------------------------------- a metric


@pytest.fixture(scope="module")
def any_model():
    pairs, y, _ = class_pairs()
    return SymmetricPairClassifier().fit(np.asarray(pairs)[..., :4], y)


@settings(max_examples=30, deadline=None)
@given(
    factor=arrays(np.float64, (3, 4), elements=st.floats(-1e3, 1e3, width=32)),
    items=arrays(np.float64, (7, 4), elements=st.floats(-1e3, 1e3, width=32)),
    intercept=st.floats(-20, 20),
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mahalanobis_is_reflexive_and_a_metric_for_any_weights(
    any_model, dtype, factor, items, intercept
):
    model = any_model._with(
        FittedScore("mahalanobis", intercept, None, (factor,), (np.ones(3),))
    )
    items = items.astype(dtype)
    left, right = np.divmod(np.arange(49), 7)
    for every in (
        Pairs.from_index(items, np.column_stack([left, right])),
        Pairs(items[left], items[right]),
    ):
        scores = model.decision_function(every).reshape(7, 7)
        # The theorem: s(x, x) = k = max s, bit for bit.
        assert_array_equal(scores.diagonal(), np.full(7, dtype(model.intercept_)))
        assert (scores <= dtype(model.intercept_)).all()
        assert_array_equal(scores, scores.T)
        d = model.pair_distance(every).reshape(7, 7).astype(np.float64)
        assert_array_equal(d.diagonal(), np.zeros(7))
        assert_array_equal(d, d.T)
        slack = 40 * np.finfo(dtype).eps * (np.abs(items).max() * np.abs(factor).sum())
        detours = d[:, :, None] + d[None, :, :]
        assert (d[:, None, :] <= detours + slack).all()
    assert (model.cross_scores(items, items) <= dtype(model.intercept_)).all()
    report = check_axioms(model, items)
    assert report.symmetry.details["max_difference"] == 0
    assert report.self_first.n_violations == report.triangle.n_violations == 0
    own = {report.reflexivity.details[f"{end}_score"] for end in ("lowest", "highest")}
    assert own == {float(dtype(model.intercept_))}


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_induced_distance_is_the_learned_one(world, form):
    pairs, y, items = world
    model = SymmetricPairClassifier(form).fit(pairs, y)
    report = check_axioms(model, items)
    left, right = np.triu_indices(len(items), k=1)
    d = model.pair_distance(Pairs.from_index(items, np.column_stack([left, right])))
    factor = np.sqrt(2) if form == "mahalanobis" else 1.0
    assert_allclose(
        report.triangle.details["largest_distance"], factor * d.max(), rtol=1e-6
    )
    assert report.triangle.n_violations == 0
    assert report.separation.n_violations == 0


def test_what_does_not_depend_on_the_intercept(rng):
    table = table_of(rng, 9)
    first, second = (
        check_axioms(TableModel(table + k), numbers(9), threshold=k) for k in (0.0, 4.0)
    )
    for a, b in zip(first.axioms, second.axioms, strict=True):
        assert (a.n_checked, a.n_violations) == (b.n_checked, b.n_violations)


def test_reflexive_is_kept_or_refused(world):
    pairs, y, _ = world
    kept = SymmetricPairClassifier(reflexive=True).fit(pairs, y)
    plain = SymmetricPairClassifier().fit(pairs, y)
    assert_array_equal(kept.decision_function(pairs), plain.decision_function(pairs))
    assert pickle.loads(pickle.dumps(clone(kept))).reflexive
    for form, text in (
        ("bilinear", r"form='bilinear': an item scores x'Mx with itself.*if M = 0"),
        ("poly", r"form='poly': a sum of kernels .*form='mahalanobis'"),
        ("quadratic", r"form='quadratic': its terms in a \+ b.*form='mahalanobis'"),
    ):
        for psd in (True, False):
            with pytest.raises(ValueError, match=text):
                clone(kept).set_params(form=form, psd=psd).fit(pairs, y)
    with pytest.raises(ValueError, match="reflexive=True needs psd=True"):
        SymmetricPairClassifier(reflexive=True, psd=False).fit(pairs, y)
    with pytest.raises(ValueError, match="'reflexive' parameter of SymmetricPairC"):
        SymmetricPairClassifier(reflexive=1).fit(pairs, y)


def test_reflexive_in_a_grid(world):
    pairs, y, _ = world
    grid = GridSearchCV(
        SymmetricPairClassifier(reflexive=True), {"alpha": [1e-1, 1e-3]}, cv=2
    ).fit(pairs, y)
    assert grid.best_estimator_.reflexive


# ------------------------------------------------------------------- paths and draws


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
def test_paths_are_counted(rng, share, monkeypatch):
    monkeypatch.setattr("sksymsim._axioms.paths.BLOCK_ROWS", 7)
    similar = rng.random((25, 25)) < share
    similar |= similar.T
    expected = oracle.count_paths(similar.astype(float).tolist(), 0.5)
    n_paths, n_closed = count_paths(similar)
    assert (n_paths, n_paths - n_closed) == expected


def test_numbers_of_pairs():
    smaller, greater = unrank_pairs(np.arange(comb(40, 2)))
    expected = sorted(combinations(range(40), 2), key=lambda pair: pair[::-1])
    assert_array_equal(np.column_stack([smaller, greater]), expected)
    # Where the root is rounded.
    for q in (10**5, 94_906_267, 2 * 10**9):
        first = q * (q - 1) // 2
        for number, pair in ((first, (0, q)), (first - 1, (q - 2, q - 1))):
            found = unrank_pairs(np.array([number]))
            assert tuple(int(member[0]) for member in found) == pair


def test_few_triples_are_all(rng):
    every = sorted(combinations(range(7), 3))
    assert sorted(map(tuple, draw_triples(7, 35, rng).tolist())) == every
    assert draw_triples(2, 10, rng).shape == (0, 3)


def test_drawn_triples_are_equally_likely():
    rng = np.random.default_rng(0)
    parts = [np.sort(draw_triples(7, 34, rng), axis=1) for _ in range(300)]
    found, counts = np.unique(np.vstack(parts), axis=0, return_counts=True)
    assert sorted(map(tuple, found.tolist())) == sorted(combinations(range(7), 3))
    assert chisquare(counts).pvalue > 1e-3


def test_drawn_paths_are_equally_likely():
    rng = np.random.default_rng(0)
    similar = rng.random((9, 9)) < 0.4
    similar |= similar.T
    np.fill_diagonal(similar, False)
    expected = oracle.paths(similar.astype(float).tolist(), 0.5)
    rows = np.array([0, 3, 4, 8])
    middle, ends, n_all = draw_paths(similar[rows], 10**6, rng)
    found = zip(*np.sort(ends, axis=0), rows[middle], strict=True)
    assert sorted(found) == sorted((a, c, b) for a, b, c in expected if b in rows)
    assert n_all == len(middle)
    parts = []
    for _ in range(400):
        middle, ends, n_again = draw_paths(similar[rows], n_all - 1, rng)
        assert n_again == n_all
        parts.append(np.column_stack([*np.sort(ends, axis=0), middle]))
    found, counts = np.unique(np.vstack(parts), axis=0, return_counts=True)
    assert len(found) == n_all
    assert chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(("k", "n"), [(0, 30), (3, 30), (30, 30), (500, 10_000)])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_intervals_are_those_of_wilson(k, n, confidence):
    expected = binomtest(k, n).proportion_ci(confidence, method="wilson")
    assert_allclose(wilson(k / n, n, confidence), expected, atol=1e-12)
    assert wilson(k / n, np.inf, confidence) == (k / n, k / n)


# ------------------------------------------------------------------------- a sample


@pytest.fixture(scope="module")
def large():
    """180 items whose scores are far from any axiom, and all rates of these."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(180, 3))
    table = z @ z.T + 0.7 * rng.normal(size=(180, 180))
    table = (table + table.T) / 2 - 0.8
    table[np.diag_indices(180)] += rng.normal(size=180)
    table[:60] += 0.001 * rng.normal(size=(60, 180))
    exact = check_axioms(
        TableModel(table), numbers(180), max_pairs=180**2, n_draws=10**6
    )
    assert exact.is_exact
    return table, exact


def test_intervals_of_samples_hold_what_they_are_of(large):
    table, exact = large
    model, items = TableModel(table), numbers(180)
    n_runs = 60
    held = dict.fromkeys(WORDINGS, 0)
    errors = {name: [] for name in WORDINGS}
    for seed in range(n_runs):
        report = check_axioms(
            model, items, max_pairs=10_000, n_draws=500, random_state=seed
        )
        assert report.n_rows == 55
        for axiom in report.axioms:
            truth = getattr(exact, axiom.name).rate
            assert axiom.low <= axiom.rate <= axiom.high
            held[axiom.name] += axiom.low - 1e-12 <= truth <= axiom.high + 1e-12
            errors[axiom.name].append(axiom.rate - truth)
    assert held["reflexivity"] == n_runs  # all items, every time
    for name, count in held.items():
        assert count >= 0.87 * n_runs, (name, count)
        spread = np.std(errors[name]) / np.sqrt(n_runs)
        assert abs(np.mean(errors[name])) <= 4 * spread + 1e-12, name
    # They say something: none is wider than ten times the spread of the estimates.
    for axiom in report.axioms:
        if axiom.name != "reflexivity":
            assert axiom.high - axiom.low < 10 * np.std(errors[axiom.name])


def test_same_seed_same_report(large):
    table, _ = large
    model, items = TableModel(table), numbers(180)
    options = {"max_pairs": 10_000, "n_draws": 300}
    first, second, other = (
        check_axioms(model, items, random_state=seed, **options).to_dict()
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first["self_first"] != other["self_first"]


class Counting(TableModel):
    """Scores by the first feature, and a record of what was asked."""

    def __init__(self):
        self.asked = []

    def decision_function(self, X):
        self.asked.append(len(X))
        left, right = X.block(slice(None))
        return 1.0 - np.abs(left[:, 0] - right[:, 0])


def test_many_items_take_bounded_work_and_memory():
    n_items = 60_000
    items = np.random.default_rng(0).normal(size=(n_items, 16))
    model = Counting()
    tracemalloc.start()
    report = check_axioms(model, items, max_pairs=30_000, n_draws=1000, random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.n_distinct, report.n_compared, report.n_rows) == (n_items, 1000, 30)
    assert sum(model.asked) <= 30_000 + 10 * 1000
    # One pass over the items to tell them apart, and little more.
    assert peak < 4 * items.nbytes
    assert report.self_first.n_violations == 0
    assert not report.reflexivity.is_exact
    assert report.reflexivity.high < 0.01


def test_blocks_are_of_bounded_size(monkeypatch):
    monkeypatch.setattr("sksymsim._axioms.scores.GUEST_BYTES", 2**13)
    model = Counting()
    check_axioms(model, np.random.default_rng(0).normal(size=(90, 16)))
    assert max(model.asked) <= 256


# ------------------------------------------------------------------------- the report


def test_what_is_printed(rng):
    table = np.full((4, 4), -1.0)
    table[0, 1] = table[1, 0] = table[1, 2] = table[2, 1] = 2.0
    np.fill_diagonal(table, 1.0)
    report = check_axioms(
        TableModel(table), numbers(4), ids=np.array(["a", "b", "c", "d"])
    )
    text = str(report)
    lines = text.splitlines()
    assert lines[0] == "4 items, each compared with each; similar above log-odds of 0"
    assert lines[2].split() == "axiom broken rate interval by chance worst".split()
    numbers_ = lines[8].split("give a ~ c")[1].split("  ")
    cells = [cell.strip() for cell in numbers_ if cell]
    assert cells == ["1 of 1 paths", "100 %", "66.7 %", "3"]
    assert lines[-1] == "- a ~ b ~ c, and not a ~ c"
    assert "- a scores higher with b than with itself" in lines
    assert "The two orders of a pair agree to the last bit." in lines
    assert "The log-odds of an item with itself are 1." in lines
    broken = "self_first, separation, triangle, transitivity"
    assert repr(report) == f"AxiomReport(4 items, broken: {broken})"


def test_what_is_said_of_a_sample(large):
    table, _ = large
    items = np.vstack([numbers(180), numbers(3)])
    report = check_axioms(TableModel(table), items, max_pairs=10_000, n_draws=100)
    title = str(report).splitlines()[0]
    assert title == (
        "180 items and 3 repetitions, 55 of them compared with all; similar above "
        "log-odds of 0; intervals of 95 % for what was drawn"
    )
    assert "[" in str(report)
    few = check_axioms(Counting(), numbers(400), max_pairs=10_000, n_draws=100)
    assert "400 items, 30 of them compared with 333;" in str(few)


def test_report_as_data(rng):
    pd = pytest.importorskip("pandas")
    report = check_axioms(TableModel(table_of(rng, 6)), numbers(6))
    frame = report.to_frame().set_index("name")
    assert list(frame.index) == list(WORDINGS)
    assert frame.loc["self_first", "rate"] == report.self_first.rate
    assert "details" not in frame
    assert isinstance(frame, pd.DataFrame)
    numbers_ = json.loads(json.dumps(report.to_dict()))
    assert numbers_["n_items"] == 6
    assert numbers_["triangle"]["n_checked"] == 20


def test_report_as_a_page(rng, tmp_path):
    table = table_of(rng, 6)
    report = check_axioms(
        TableModel(table), numbers(6), ids=[f"<{i}>" for i in range(6)]
    )
    page = report.to_html(tmp_path / "axioms.html", title="How <good>?")
    assert (tmp_path / "axioms.html").read_text(encoding="utf-8") == page
    assert page.startswith("<!doctype html>")
    assert "<h1>How &lt;good&gt;?</h1>" in page
    assert report._repr_html_() in page
    assert "d(a, c) &lt;= d(a, b) + d(b, c)" in page
    for axiom in report.axioms:
        if axiom.witnesses:
            first = axiom.witnesses[0][0]
            assert f"&lt;{first[1:-1]}&gt;" in page
    assert "<0>" not in page
    fine = check_axioms(TableModel(np.eye(3)), numbers(3)).to_html()
    assert "No axiom is broken." in fine


# ------------------------------------------------------------------------------ errors


class Wrong(TableModel):
    def __init__(self, answer):
        self.answer = answer

    def decision_function(self, X):
        return self.answer(len(X))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda n: np.zeros((n, 3)), "scores of shape .* one number for each"),
        (lambda n: np.full(n, np.nan), "returned NaN or infinity"),
    ],
)
def test_errors_of_models(answer, text):
    with pytest.raises(ValueError, match=text):
        check_axioms(Wrong(answer), numbers(4))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"threshold": np.inf}, "threshold must be a finite number, got"),
        ({"threshold": "0"}, "threshold must be a finite number, got"),
        ({"max_pairs": 9999}, "max_pairs must be an int >= 10000"),
        ({"max_pairs": 1e6}, "max_pairs must be an int"),
        ({"n_draws": 99}, "n_draws must be an int >= 100"),
        ({"n_witnesses": 0}, "n_witnesses must be an int >= 1"),
        ({"confidence_level": 1.0}, "confidence_level must be a float in"),
        ({"ids": [1, 2]}, "got 4 items but 2 ids"),
    ],
)
def test_errors_of_options(options, text):
    with pytest.raises(ValueError, match=text):
        check_axioms(TableModel(np.zeros((4, 4))), numbers(4), **options)


def test_errors_of_items_and_models(world):
    pairs, y, items = world
    model = SymmetricPairClassifier().fit(pairs, y)
    with pytest.raises(TypeError, match="must be single items, one row each"):
        check_axioms(model, pairs)
    with pytest.raises(ValueError, match="NaN"):
        check_axioms(model, np.full((3, items.shape[1]), np.nan))
    with pytest.raises(ValueError, match="has 2 features, but"):
        check_axioms(model, items[:, :2])
    with pytest.raises(TypeError, match="EmbeddingNormalizer has neither"):
        check_axioms(EmbeddingNormalizer(), items)
    with pytest.raises(NotFittedError):
        check_axioms(SymmetricPairClassifier(), items)
    three = make_pipeline(FunctionTransformer(squares), KNeighborsClassifier())
    with pytest.raises(ValueError, match="the model has 3 classes"):
        check_axioms(three.fit(pairs, np.arange(len(y)) % 3), items)


def test_the_mean_of_two_orders_of_integer_scores_is_not_cut_off(rng):
    votes = rng.integers(-3, 4, size=(12, 12))
    X = np.arange(12.0)[:, None]
    whole, real = (
        check_axioms(TableModel(table).fit(X, None), X, threshold=0.25).to_dict()
        for table in (votes, votes.astype(float))
    )
    assert whole == real
