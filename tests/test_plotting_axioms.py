# SPDX-License-Identifier: BSD-3-Clause
"""The picture of transitivity, compared with loops over all paths."""

import numpy as np
import oracles_axioms as oracle
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksymsim import SymmetricPairClassifier, TransitivityDisplay, check_axioms

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def table(rng):
    table = np.round(rng.normal(size=(9, 9)), 1)
    return np.maximum(table, table.T)


def test_rates_are_those_of_loops(table):
    display = TransitivityDisplay.from_predictions(table, n_thresholds=7)
    others = table[np.triu_indices(9, k=1)]
    assert_allclose(display.thresholds, np.linspace(others.min(), others.max(), 7))
    for i, threshold in enumerate(display.thresholds):
        n_paths, n_open = oracle.count_paths(table.tolist(), threshold)
        assert display.n_paths[i] == n_paths
        if n_paths:
            assert_allclose(display.violation_rate[i], n_open / n_paths)
            chance = 1 - oracle.similar_rate(table.tolist(), threshold)
            assert_allclose(display.chance_rate[i], chance)
    # Above the highest score nothing is similar.
    assert display.n_paths[-1] == 0
    assert np.isnan([display.violation_rate[-1], display.chance_rate[-1]]).all()
    for line, rates in (
        (display.line_, display.violation_rate),
        (display.chance_, display.chance_rate),
    ):
        assert_array_equal(line.get_xdata(), display.thresholds)
        assert_allclose(line.get_ydata(), 100 * rates)


def test_model_and_scores_give_one_picture():
    pairs, y, _ = class_pairs()
    items = pairs.items
    model = SymmetricPairClassifier().fit(pairs, y)
    found = TransitivityDisplay.from_estimator(model, np.vstack([items, items[:5]]))
    expected = TransitivityDisplay.from_predictions(model.cross_scores(items, items))
    for name in ("thresholds", "violation_rate", "chance_rate"):
        assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-9)
    assert found.name == "SymmetricPairClassifier"
    # The same as the report at one of its thresholds.
    place = 30
    report = check_axioms(model, items, threshold=found.thresholds[place])
    assert_allclose(report.transitivity.rate, found.violation_rate[place])
    assert_allclose(report.transitivity.by_chance, found.chance_rate[place])


def both_sides(pairs):
    return np.hstack([pairs.left, pairs.right])


def test_of_an_asymmetric_model_it_is_the_mean():
    pairs, y, _ = class_pairs()
    model = make_pipeline(FunctionTransformer(both_sides), LogisticRegression())
    model.fit(pairs, y)
    weights = model[-1].coef_[0].reshape(2, -1).mean(axis=0)
    one = pairs.items @ weights
    mean = one[:, None] + one + model[-1].intercept_[0]
    found = TransitivityDisplay.from_estimator(model, pairs.items)
    expected = TransitivityDisplay.from_predictions(mean)
    assert_allclose(found.thresholds, expected.thresholds)
    assert_allclose(found.chance_rate, expected.chance_rate, atol=0.01)


def test_many_items_are_drawn():
    pairs, y, _ = class_pairs()
    model = SymmetricPairClassifier().fit(pairs, y)
    displays = [
        TransitivityDisplay.from_estimator(
            model, pairs.items, max_items=12, random_state=seed
        )
        for seed in (0, 0, 1)
    ]
    assert displays[0].n_paths[0] <= 12 * 11 * 10 // 2
    assert_array_equal(displays[0].violation_rate, displays[1].violation_rate)
    assert not np.array_equal(displays[0].thresholds, displays[2].thresholds)


def test_second_curve_is_told_from_the_first(table):
    first = TransitivityDisplay.from_predictions(table, name="one")
    second = TransitivityDisplay.from_predictions(-table, ax=first.ax_, name="two")
    assert first.line_.get_color() != second.line_.get_color()
    texts = [text.get_text() for text in first.ax_.get_legend().get_texts()]
    assert texts == ["one", "one, by chance", "two", "two, by chance"]


@pytest.mark.parametrize(
    ("scores", "error", "text"),
    [
        (np.zeros((3, 2)), ValueError, "must be a square matrix"),
        (np.zeros((1, 1)), ValueError, "two or more items"),
        (np.array([["a", "b"], ["b", "a"]]), TypeError, "must hold real numbers"),
        (np.array([[0, np.nan], [0, 0]]), ValueError, "contains NaN"),
        (np.array([[0, 1], [0, 0]]), ValueError, "must be symmetric"),
    ],
)
def test_errors_of_scores(scores, error, text):
    with pytest.raises(error, match=text):
        TransitivityDisplay.from_predictions(scores)


def test_errors_of_options(table):
    pairs, y, _ = class_pairs()
    model = SymmetricPairClassifier().fit(pairs, y)
    make = TransitivityDisplay.from_estimator
    with pytest.raises(ValueError, match="n_thresholds must be an int >= 2"):
        TransitivityDisplay.from_predictions(table, n_thresholds=1)
    with pytest.raises(ValueError, match="max_items must be an int >= 2"):
        make(model, pairs.items, max_items=1)
    with pytest.raises(ValueError, match="2 or more distinct items, got 1"):
        make(model, pairs.items[[0, 0]])
    with pytest.raises(TypeError, match="neither decision_function"):
        make(FunctionTransformer(), pairs.items)
