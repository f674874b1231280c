# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of groups, and the threshold that is chosen by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles_groups import bcubed, graph_of, pairwise
from scipy import sparse
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score

from sksymsim import (
    PairClusterer,
    Pairs,
    SymmetricPairClassifier,
    b_cubed,
    calibrate_group_threshold,
    pairwise_f1,
    pairwise_scores,
)

labels_of = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12
)


@settings(max_examples=40, deadline=None)
@given(labels_of)
def test_metrics_are_the_plain_ones(both):
    true, pred = np.array(both).T
    assert_allclose(pairwise_scores(true, pred), pairwise(true, pred))
    assert_allclose(b_cubed(true, pred), bcubed(true, pred))
    assert pairwise_f1(true, pred) == pairwise_scores(true, pred).f1
    # Names do not matter, and exchanged labels exchange precision and recall.
    words = np.array(["v", "w", "x", "y", "z"])[pred]
    for metric in (pairwise_scores, b_cubed):
        assert metric(true, words) == metric(true, pred)
        one, other = metric(true, pred), metric(pred, true)
        assert_allclose(one, (other.recall, other.precision, other.f1))
        assert_allclose(metric(true, true), 1)


def test_metrics_of_many_items(rng):
    # A million items in one group: 5e11 pairs, which nobody lists.
    true = np.zeros(10**6, dtype=int)
    pred = np.arange(10**6) // (10**6 // 2)
    assert_allclose(pairwise_scores(true, pred)[:2], [1, 0.5], rtol=1e-5)
    assert_allclose(b_cubed(true, pred)[:2], [1, 0.5])


@pytest.mark.parametrize("metric", [pairwise_scores, pairwise_f1, b_cubed])
def test_errors_of_metrics(metric):
    with pytest.raises(ValueError, match="labels_true has 2 items and labels_pred 1"):
        metric([0, 1], [0])
    with pytest.raises(ValueError, match="the labels are empty"):
        metric([], [])


# ------------------------------------------------------------------------- thresholds


def noisy_groups(rng, n=24, shift=0.0):
    groups = rng.integers(n // 3, size=n)
    left, right = np.triu_indices(n, 1)
    kept = rng.random(len(left)) < 0.5
    left, right = left[kept], right[kept]
    same = groups[left] == groups[right]
    scores = rng.normal(np.where(same, 3.0, -1.0), 1.5) + shift
    return sparse.coo_matrix((scores, (left, right)), shape=(n, n)), groups


@pytest.mark.parametrize("criterion", ["pairwise_f1", "b_cubed"])
@pytest.mark.parametrize("method", ["average", "correlation", "components"])
def test_threshold_is_the_best_of_those_tried(method, criterion, rng):
    graph, groups = noisy_groups(rng, shift=4.0)
    clusterer = PairClusterer(method)
    choice = calibrate_group_threshold(
        clusterer, graph, groups, criterion=criterion, n_thresholds=5
    )
    metric = {"pairwise_f1": pairwise_scores, "b_cubed": b_cubed}[criterion]
    values = [
        metric(groups, PairClusterer(method, threshold=t).fit_predict(graph)).f1
        for t in choice.thresholds
    ]
    assert_allclose(choice.values, values)
    assert choice.value == max(values) > values[choice.thresholds.tolist().index(0.0)]
    assert choice.value == values[choice.thresholds.tolist().index(choice.threshold)]
    assert clusterer.threshold == 0.0
    assert choice.clusterer.threshold == choice.threshold
    assert metric(groups, choice.clusterer.labels_).f1 == choice.value
    assert (np.diff(choice.thresholds) > 0).all()


def test_unknown_groups_and_names(rng):
    graph, groups = noisy_groups(rng)
    known = rng.random(len(groups)) < 0.7
    partly = np.where(known, groups, -1)
    k = {"n_thresholds": 4, "cannot_link": [[0, 1]]}
    clusterer = PairClusterer("average")
    choice = calibrate_group_threshold(clusterer, graph, partly, **k)
    found = choice.clusterer.labels_
    assert_allclose(choice.value, pairwise_f1(groups[known], found[known]))
    assert found[0] != found[1]
    words = np.array([f"group {g}" for g in groups])
    named, numbered = (
        calibrate_group_threshold(clusterer, graph, y, **k) for y in (words, groups)
    )
    assert named.value == numbered.value


def test_threshold_of_pairs_with_a_model(rng):
    items = rng.normal(size=(40, 2))
    groups = (items[:, 0] > 0).astype(int)
    index = np.array(np.triu_indices(40, 1)).T
    pairs = Pairs.from_index(items, index)
    y = (groups[index[:, 0]] == groups[index[:, 1]]).astype(int)
    model = SymmetricPairClassifier().fit(pairs, y)
    clusterer = PairClusterer("average", estimator=FrozenEstimator(model))
    choice = calibrate_group_threshold(clusterer, pairs, groups, n_thresholds=20)
    assert choice.clusterer.estimator is clusterer.estimator
    assert_array_equal(choice.clusterer.fit_predict(pairs), choice.clusterer.labels_)
    # Of components at the threshold of pairs no better than the choice.
    loose = PairClusterer("components").fit_predict(
        pairs, log_odds=model.decision_function(pairs)
    )
    assert choice.value >= pairwise_f1(groups, loose)
    assert f1_score(y, model.predict(pairs)) > 0.5


METRICS = {"pairwise_f1": pairwise_f1, "b_cubed": lambda *y: b_cubed(*y).f1}


@pytest.mark.parametrize("criterion", METRICS)
def test_choice_of_several_parts_is_the_best_mean(criterion, rng):
    parts = [noisy_groups(rng, n, shift) for n, shift in [(15, 1.0), (12, 3.0)]]
    graphs, groups = map(list, zip(*parts, strict=True))
    apart = [None, [[0, 1]]]
    choice = calibrate_group_threshold(
        PairClusterer(missing=-1.0),
        graphs,
        groups,
        methods=("components", "average", "correlation"),
        criterion=criterion,
        n_thresholds=3,
        cannot_link=apart,
    )

    def mean(method, threshold):
        model = PairClusterer(method, threshold=threshold, missing=-1.0)
        return np.mean(
            [
                METRICS[criterion](true, model.fit_predict(graph, cannot_link=links))
                for graph, true, links in zip(graphs, groups, apart, strict=True)
            ]
        )

    table = {
        method: [mean(method, t) for t in choice.thresholds]
        for method in ("components", "average", "correlation")
    }
    assert choice.value == max(map(max, table.values()))
    assert_allclose(choice.values, table[choice.method])
    assert choice.value == mean(choice.method, choice.threshold)
    assert choice.clusterer.method == choice.method
    assert choice.clusterer.threshold == choice.threshold
    # Thresholds lie in the scores of both.
    scores = np.concatenate([graph.data for graph in graphs])
    assert scores.min() - 1 <= choice.thresholds[0]
    assert choice.thresholds[-1] == scores.max()
    # Fitted on the last one.
    assert_array_equal(
        choice.clusterer.labels_,
        PairClusterer(
            choice.method, threshold=choice.threshold, missing=-1.0
        ).fit_predict(graphs[1], cannot_link=apart[1]),
    )


def test_one_part_and_one_method_are_no_list_of_one(rng):
    graph, groups = noisy_groups(rng)
    k = {"n_thresholds": 9}
    plain = calibrate_group_threshold(PairClusterer("average"), graph, groups, **k)
    listed = calibrate_group_threshold(
        PairClusterer(), [graph], [groups], methods=["average"], **k
    )
    assert_array_equal(plain.values, listed.values)
    assert (plain.method, plain.threshold) == (listed.method, listed.threshold)
    assert plain.method == "average"


def test_of_equal_methods_the_first():
    graph = graph_of({(0, 1): 3.0, (1, 2): -2.0}, 3)
    for methods in (("average", "correlation"), ("correlation", "average")):
        choice = calibrate_group_threshold(
            PairClusterer("components"), graph, [0, 0, 1], methods=methods
        )
        assert (choice.method, choice.value) == (methods[0], 1.0)


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"methods": "average"}, TypeError, "methods must be a sequence of names"),
        ({"methods": ["single"]}, ValueError, "methods must be some of .* 'single'"),
        ({"methods": []}, ValueError, "methods must be some of .* got none"),
        ({"X": []}, ValueError, "X is a list of no parts"),
        ({"y": [[0, 0, 1, 1]]}, ValueError, r"of 2 part\(s\).* y must .* a list of 1"),
        ({"y": np.zeros((2, 4))}, ValueError, "y must be a list of as many, got ndarr"),
        ({"y": None}, ValueError, "y must be a list of as many, got NoneType"),
        ({"log_odds": [None]}, ValueError, "log_odds must be a list of as many"),
        ({"y": [[0, 0, 1, 1], [0] * 4]}, ValueError, "known to be of two groups"),
    ],
)
def test_errors_of_parts(arguments, kind, text):
    graph = graph_of({(0, 1): 1.0, (1, 2): 0.5}, 4)
    passed = {"X": [graph, graph], "y": [[0, 0, 1, 1]] * 2} | arguments
    with pytest.raises(kind, match=text):
        calibrate_group_threshold(PairClusterer(), **passed)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"criterion": "rand"}, "criterion must be one of 'pairwise_f1', 'b_cubed'"),
        ({"n_thresholds": 1}, "n_thresholds must be an int >= 2"),
        ({"y": [0, 0, 1]}, "got 4 items but 3 groups in y"),
        ({"y": [0, 0, 0, 0]}, "known to be of two groups"),
        ({"y": [0, 1, 2, 3]}, "known to be of one group"),
        ({"y": [-1, 0, -1, 1]}, "known to be of one group"),
        ({"clusterer": PairClusterer(missing="all")}, "'missing' parameter"),
    ],
)
def test_errors_of_the_choice(arguments, text):
    graph = graph_of({(0, 1): 1.0, (1, 2): 0.5}, 4)
    arguments = {"clusterer": PairClusterer(), "y": [0, 0, 1, 1]} | arguments
    with pytest.raises(ValueError, match=text):
        calibrate_group_threshold(X=graph, **arguments)


@pytest.mark.parametrize("score", [pairwise_scores, pairwise_f1, b_cubed])
def test_items_without_a_group_are_not_one_group(score):
    with pytest.raises(ValueError, match="labels_true holds 2 NaN"):
        score([0, np.nan, np.nan], [0, 1, 1])
    with pytest.raises(ValueError, match="labels_pred holds 1 NaN"):
        score([0, 1, 1], [0, 1, np.nan])


def test_unknown_groups_of_a_table_with_gaps():
    scores = {(0, 1): 3.0, (1, 2): 2.0, (2, 3): -1.0, (3, 4): 4.0}
    graph = graph_of(scores, 5)
    choices = [
        calibrate_group_threshold(
            PairClusterer(), graph, np.array([0, 0, 1, -1, -1], dtype)
        )
        for dtype in (int, float)
    ]
    assert_array_equal(choices[0].thresholds, choices[1].thresholds)
    assert_array_equal(choices[0].values, choices[1].values)
    with pytest.raises(ValueError, match=r"y holds 2 NaN.*give them -1"):
        calibrate_group_threshold(PairClusterer(), graph, [0, 0, 1, np.nan, np.nan])
