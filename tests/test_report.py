# SPDX-License-Identifier: BSD-3-Clause
"""Intervals over pairs that share items, and the report that is made of them."""

import json

import numpy as np
import oracles_metrics as oracle
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from scipy.special import expit, logit
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    cllr,
    deployment_weights,
    equal_error_rate,
    expected_calibration_error,
    min_cllr,
    min_dcf,
    pair_report,
    tar_at_far,
)
from sksymsim._evaluation.baselines import cosine_and_euclid
from sksymsim._evaluation.bootstrap import Units, spread
from sksymsim._evaluation.curves import Ranking, area
from sksymsim.report import interval

# -------------------------------------------------------------------------- bootstrap


def mean_of(values):
    """Return a function of weights whose influence is known: a weighted mean."""
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def shared_units(rng, n_units=12, n_pairs=60):
    units = rng.integers(n_units, size=(n_pairs, 2))
    units[:, 1] = np.where(
        units[:, 0] == units[:, 1], (units[:, 1] + 1) % n_units, units[:, 1]
    )
    return units


def test_error_is_that_of_the_dyadic_sandwich(rng):
    units = shared_units(rng, 40, 200)
    effect = rng.normal(size=40)
    values = effect[units].sum(axis=1) + rng.normal(size=len(units))
    weights = rng.uniform(0.5, 2, size=len(units))
    found = spread(mean_of(values), units, weights, 4000, np.random.RandomState(0))
    mean = np.average(values, weights=weights)
    assert_allclose(found.estimate, mean)
    influences = weights * (values - mean) / weights.sum()
    expected = oracle.dyadic_variance(influences, units)
    # The mean is not linear in the weights of 40 units: by a few per cent.
    correction = 40 / (40 - 2)
    assert_allclose((found.error / correction) ** 2, expected, rtol=0.15)
    assert found.n_units == 40


def test_pairs_without_common_items_are_independent(rng):
    units = np.arange(400).reshape(200, 2)
    values = rng.normal(size=200)
    found = spread(mean_of(values), units, np.ones(200), 4000, np.random.RandomState(0))
    assert_allclose(found.error, values.std() / np.sqrt(200), rtol=0.1)


def test_groups_that_hold_both_sides_are_clusters(rng):
    groups = rng.integers(40, size=200)
    values = rng.normal(size=40)[groups] + rng.normal(size=200)
    units = np.column_stack([groups, groups])
    found = spread(mean_of(values), units, np.ones(200), 4000, np.random.RandomState(0))
    influences = (values - values.mean()) / 200
    expected = np.sum(np.bincount(groups, influences) ** 2)
    assert_allclose((found.error * 39 / 40) ** 2, expected, rtol=0.15)


def test_variance_is_not_below_that_of_the_pairs():
    # Each item has one high and one low pair, so that the sandwich is near zero.
    n = 60
    units = np.column_stack([np.arange(n), (np.arange(n) + 1) % n])
    values = np.where(np.arange(n) % 2, 1.0, -1.0)
    assert oracle.dyadic_variance(values / n, units) < 0
    found = spread(mean_of(values), units, np.ones(n), 4000, np.random.RandomState(0))
    assert_allclose((found.error * (n - 2) / n) ** 2, 1 / n, rtol=0.1)


def test_a_repeated_pair_is_no_new_pair(rng):
    units, values = shared_units(rng), rng.normal(size=60)
    expected = spread(
        mean_of(values), units, np.full(60, 2.0), 50, np.random.RandomState(0)
    )
    # The copies with their sides exchanged, which changes nothing either.
    found = spread(
        mean_of(np.tile(values, 2)),
        np.vstack([units, units[:, ::-1]]),
        np.ones(120),
        50,
        np.random.RandomState(0),
    )
    assert_allclose(found.error, expected.error, rtol=1e-9)
    assert_allclose(found.bias, expected.bias, rtol=1e-6)


def test_draws_have_mean_one_and_are_shared(rng):
    units = Units(np.array([[3, 7], [7, 9], [9, 9], [7, 3]]))
    assert units.n_units == 3
    drawn = units.draw_by_unit(rng, 20_000)
    assert_allclose(drawn.mean(axis=0), 1, atol=0.03)
    assert_array_equal(drawn[:, 0], drawn[:, 3])
    products = drawn[:, [0, 1, 2]]
    expected = [[1.25**2 - 1, 0.25, 0], [0.25, 1.25**2 - 1, 0.25], [0, 0.25, 0.25]]
    assert_allclose(np.cov(products.T), expected, atol=0.06)
    by_dyad = units.draw_by_dyad(rng, 20_000)
    assert_array_equal(by_dyad[:, 0], by_dyad[:, 3])
    assert (by_dyad[:, 2] == 1).all()
    assert_allclose(np.cov(by_dyad[:, :2].T), np.diag([0.25, 0.25]), atol=0.03)


def test_threads_change_no_bit(rng):
    units, values = shared_units(rng, 50, 3000), rng.normal(size=3000)
    results = [
        spread(mean_of(values), units, np.ones(3000), 90, np.random.RandomState(3), n)
        for n in (1, 2)
    ]
    assert_array_equal(results[0].error, results[1].error)
    assert_array_equal(results[0].bias, results[1].bias)


def test_coverage_with_shared_items():
    """One hundred small worlds; the full study is benchmarks/coverage.py."""
    truth = stats.norm.cdf(1.5 / np.sqrt(2 * (2 * 0.8**2 + 0.7**2)))
    covered = {"items": 0, "pairs": 0}
    n_items, n_pairs, n_worlds = 60, 300, 100
    for world in range(n_worlds):
        rng = np.random.default_rng([42, world])
        units = shared_units(rng, n_items, n_pairs)
        # Items that occur mostly in pairs of one label: their scores move the area.
        label_effect, score_effect = (
            3 * rng.normal(size=n_items),
            rng.normal(size=n_items),
        )
        similar = label_effect[units].sum(axis=1) > 0
        noise = 0.8 * score_effect[units].sum(axis=1) + 0.7 * rng.normal(size=n_pairs)
        scores = 1.5 * similar + noise
        ranking = Ranking(similar, scores)

        def auc(weights, ranking=ranking):
            return area(ranking.curve(weights))[:, None]

        found = spread(auc, units, np.ones(n_pairs), 100, np.random.RandomState(world))
        low, high = interval(
            found.estimate[0], stats.t.ppf(0.975, n_items - 1) * found.error[0], "rate"
        )
        covered["items"] += low <= truth <= high
        drawn = rng.multinomial(n_pairs, np.full(n_pairs, 1 / n_pairs), size=100)
        low, high = np.quantile(auc(drawn.astype(float)), [0.025, 0.975])
        covered["pairs"] += low <= truth <= high
    assert covered["items"] >= 90
    assert covered["pairs"] <= 75


def test_intervals_are_even_on_their_scale():
    low, high = interval(0.9, 0.05, "rate")
    assert_allclose(logit(high) - logit(0.9), logit(0.9) - logit(low))
    assert_allclose(logit(high) - logit(0.9), 0.05 / (0.9 * 0.1))
    low, high = interval(0.5, 0.1, "cost")
    assert_allclose([low * high, high], [0.25, 0.5 * np.exp(0.2)])
    assert_allclose(interval(0.02, 0.05, "plain"), [0, 0.07])
    assert_allclose(interval(0.02, 0.05, "difference"), [-0.03, 0.07])
    assert interval(1.0, 0.0, "rate") == (1.0, 1.0)
    assert interval(0.0, 0.0, "cost") == (0.0, 0.0)


# -------------------------------------------------------------------------- baselines


def test_cosine_and_euclid(rng):
    left, right = rng.normal(size=(2, 50, 5))
    left[0] = 0
    right[1] = left[1]
    expected = [
        a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-300)
        for a, b in zip(left, right, strict=True)
    ]
    distance = np.linalg.norm(left - right, axis=1)
    sides = sparse.csr_matrix(left), sparse.csr_matrix(right)
    for pairs in (Pairs(left, right), Pairs(*sides)):
        cosine, euclid = cosine_and_euclid(pairs)
        assert_allclose(cosine, expected, atol=1e-12)
        assert_allclose(euclid, -distance, atol=1e-12)
        swapped = cosine_and_euclid(pairs.swap())
        assert_array_equal(swapped, (cosine, euclid))


# ----------------------------------------------------------------------------- report


def world(rng, n_items=60, n_pairs=400, width=5):
    items = rng.normal(size=(n_items, width))
    index = shared_units(rng, n_items, n_pairs)
    gap = items[index[:, 0]] - items[index[:, 1]]
    score = 3 - gap[:, 0] ** 2 - 0.2 * gap[:, 1] ** 2
    y = (rng.random(n_pairs) < expit(score)).astype(int)
    return Pairs.from_index(items, index), y


@pytest.fixture
def fitted(rng):
    pairs, y = world(rng)
    return SymmetricPairClassifier().fit(*world(rng)), pairs, y


def numbers(report, of="model"):
    return {e["metric"]: e["estimate"] for e in report.table if e["of"] == of}


def expected_numbers(y, log_odds, weights=None):
    k = {"sample_weight": weights}
    p = expit(log_odds)
    return {
        **expected_of_ranks(y, log_odds, weights),
        "cllr": cllr(y, log_odds, similar_rate="observed", **k),
        "log_loss": log_loss(y, p, **k),
        "brier_score": brier_score_loss(y, p, **k),
        "calibration_error": expected_calibration_error(y, p, **k),
        "accuracy": accuracy_score(y, log_odds > 0, **k),
    }


def expected_of_ranks(y, scores, weights=None):
    k = {"sample_weight": weights}
    return {
        "roc_auc": roc_auc_score(y, scores, **k),
        "average_precision": average_precision_score(y, scores, **k),
        "equal_error_rate": equal_error_rate(y, scores, **k),
        "tar_at_far=0.1": tar_at_far(y, scores, 0.1, **k),
        "tar_at_far=0.01": tar_at_far(y, scores, 0.01, **k),
        "min_dcf": min_dcf(y, scores, **k),
        "min_cllr": min_cllr(y, scores, **k),
    }


def assert_same_numbers(found, expected):
    assert list(found) == list(expected)
    assert_allclose(list(found.values()), list(expected.values()), rtol=1e-6)


def test_numbers_are_the_metrics(fitted):
    model, pairs, y = fitted
    report = pair_report(model, pairs, y, n_bootstrap=50, random_state=0)
    assert_same_numbers(
        numbers(report), expected_numbers(y, model.decision_function(pairs))
    )
    cosine, euclid = cosine_and_euclid(pairs)
    for of, scores in (("cosine", cosine), ("euclid", euclid)):
        expected = expected_of_ranks(y, scores)
        assert_same_numbers(numbers(report, of), expected)
        ours = numbers(report)
        differences = {name: ours[name] - expected[name] for name in expected}
        assert_same_numbers(numbers(report, f"model - {of}"), differences)


def test_intervals_and_standard_errors(fitted):
    model, pairs, y = fitted
    report = pair_report(model, pairs, y, n_bootstrap=200, random_state=0)
    assert len(report.table) == 5 * 7 + 5
    for entry in report.table:
        assert entry["low"] <= entry["high"]
        assert 0 <= entry["standard_error"] < 0.3
        if entry["metric"] not in ("min_dcf", "min_cllr"):
            assert entry["low"] <= entry["estimate"] <= entry["high"]
    wide = pair_report(
        model, pairs, y, n_bootstrap=200, confidence_level=0.99, random_state=0
    )
    for narrow_entry, wide_entry in zip(report.table, wide.table, strict=True):
        # Some rates at few false accepts do not vary at all.
        certain = narrow_entry["standard_error"] == 0
        assert certain or wide_entry["low"] < narrow_entry["low"]
        assert certain or wide_entry["high"] > narrow_entry["high"]


def test_a_model_of_the_cosine_does_not_differ_from_it(rng):
    pairs, y = world(rng)
    normalize = SharedTransformer(EmbeddingNormalizer(center=False))
    model = make_pipeline(normalize, SymmetricPairClassifier(alpha=1e9))
    report = pair_report(model.fit(pairs, y), pairs, y, n_bootstrap=20, random_state=0)
    for entry in report.table:
        if entry["of"] == "model - cosine" and entry["metric"] == "roc_auc":
            assert_allclose([entry["low"], entry["high"]], 0, atol=1e-3)


def test_random_state_and_threads(fitted):
    model, pairs, y = fitted
    tables = [
        pair_report(model, pairs, y, n_bootstrap=20, random_state=s, n_jobs=n).table
        for s, n in ((0, 1), (0, 2), (1, 1))
    ]
    assert tables[0] == tables[1]
    assert tables[0] != tables[2]


def test_input_kinds_give_one_report(fitted, tmp_path):
    model, pairs, y = fitted
    expected = pair_report(model, pairs, y, n_bootstrap=20, random_state=0)
    array = np.asarray(pairs)
    np.save(tmp_path / "pairs.npy", array)
    mapped = np.load(tmp_path / "pairs.npy", mmap_mode="r")
    y.setflags(write=False)
    for X in (array, (pairs.left, pairs.right), Pairs(pairs.left, pairs.right), mapped):
        found = pair_report(model, X, y, n_bootstrap=20, random_state=0)
        assert found.n_units == expected.n_units
        assert_same_numbers(numbers(found), numbers(expected))


def test_labels_of_any_kind(fitted):
    _, pairs, y = fitted
    words = np.array(["different", "same"])[y]
    named = SymmetricPairClassifier().fit(pairs, words)
    report = pair_report(named, pairs, words, n_bootstrap=20, random_state=0)
    assert_same_numbers(
        numbers(report), expected_numbers(y, named.decision_function(pairs))
    )
    assert_array_equal(report.similar, y == 1)


def test_weights(fitted, rng):
    model, pairs, y = fitted
    weights = rng.integers(0, 3, size=len(y))
    report = pair_report(
        model, pairs, y, sample_weight=weights, n_bootstrap=20, random_state=0
    )
    log_odds = model.decision_function(pairs)
    assert_same_numbers(numbers(report), expected_numbers(y, log_odds, weights))
    kept = weights > 0
    assert len(report.similar) == len(report.scores["cosine"]) == kept.sum()
    assert_array_equal(report.scores["model"], log_odds[kept])


def test_deployment_rate(fitted):
    model, pairs, y = fitted
    report = pair_report(
        model, pairs, y, similar_rate=0.02, n_bootstrap=100, random_state=0
    )
    weights = deployment_weights(y, 0.02)
    log_odds = model.decision_function(pairs)
    assert_same_numbers(numbers(report), expected_numbers(y, log_odds, weights))
    plain = pair_report(model, pairs, y, n_bootstrap=100, random_state=0)
    for entry, same in zip(report.table, plain.table, strict=True):
        if entry["metric"] in ("roc_auc", "equal_error_rate", "min_cllr"):
            assert_allclose(list(entry.values())[2:], list(same.values())[2:])
    assert "weighted to a rate of 0.02" in str(report)


def test_groups(fitted, rng):
    model, pairs, y = fitted
    group_of_item = rng.integers(6, size=60)
    by_side = group_of_item[pairs.index]
    names = np.array(list("abcdef"))[by_side]
    k = {"n_bootstrap": 100, "random_state": 0}
    report = pair_report(model, pairs, y, groups=by_side, **k)
    assert report.n_units == 6
    assert report.table == pair_report(model, pairs, y, groups=names, **k).table
    of_pair = pair_report(model, pairs, y, groups=by_side[:, 0], **k)
    both = np.column_stack([by_side[:, 0], by_side[:, 0]])
    assert of_pair.table == pair_report(model, pairs, y, groups=both, **k).table


def test_forms_of_the_report(fitted):
    model, pairs, y = fitted
    report = pair_report(
        model, pairs, y, n_bootstrap=20, far=[0.2], p_target=0.3, random_state=0
    )
    lines = str(report).splitlines()
    assert lines[0] == (
        f"400 pairs, {y.sum()} of them similar; 95 % intervals over 60 independent "
        "items or groups"
    )
    header = lines[2]
    assert header.split("  ")[-1].strip() == "model - euclid"
    auc = next(line for line in lines if line.startswith("roc_auc"))
    entry = report.table[0]
    expected = f"{entry['estimate']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"
    assert auc[header.index("model") :].startswith(expected)
    assert auc[header.index("model - cosine") :][0] in "+-"
    assert any(line.startswith("tar_at_far=0.2 ") for line in lines)
    assert repr(report) == "PairReport(400 pairs, 60 independent units, 35 numbers)"
    again = json.loads(json.dumps(report.to_dict()))
    assert again["table"] == report.table
    assert again["n_pairs"] == 400
    frame = report.to_frame()
    assert list(frame.columns) == list(entry)
    assert len(frame) == 35
    assert report.model is model
    assert list(report.scores) == ["model", "cosine", "euclid"]


def test_model_whose_decision_function_is_no_log_odds(rng):
    pairs, y = world(rng)
    model = make_pipeline(FunctionTransformer(_squares), TwiceTheLogOdds())
    report = pair_report(model.fit(pairs, y), pairs, y, n_bootstrap=20, random_state=0)
    log_odds = logit(model.predict_proba(pairs)[:, 1])
    assert_same_numbers(numbers(report), expected_numbers(y, log_odds))


def _squares(pairs):
    return (pairs.left - pairs.right) ** 2


class TwiceTheLogOdds(LogisticRegression):
    """Probabilities that do not belong to the decision function."""

    def decision_function(self, X):
        return 2 * super().decision_function(X)

    def predict_proba(self, X):
        p = expit(super().decision_function(X))
        return np.column_stack([1 - p, p])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"n_bootstrap": 5}, "n_bootstrap must be an int >= 10"),
        ({"confidence_level": 1.0}, r"confidence_level must be a float in \(0, 1\)"),
        ({"far": 2.0}, r"far must be a float in \[0, 1\]"),
        ({"p_target": 0}, r"p_target must be a float in \(0, 1\)"),
        ({"similar_rate": 1}, r"similar_rate must be a float in \(0, 1\)"),
        ({"groups": [0, 1]}, r"groups must have shape \(400,\) or \(400, 2\)"),
        ({"groups": np.arange(400) % 2}, "made of 2 independent items or groups"),
        ({"y": None}, "y is None"),
        ({"y": [0, 1]}, "got 400 pairs but 2 labels in y"),
        ({"y": np.arange(400) % 3}, "y holds the label 2, and the model was fitted on"),
        ({"y": np.ones(400, int)}, "no dissimilar pairs of positive weight"),
    ],
)
def test_errors(fitted, changes, text):
    model, pairs, y = fitted
    arguments = {"y": y, "random_state": 0, **changes}
    with pytest.raises(ValueError, match=text):
        pair_report(model, pairs, **arguments)


def test_models_that_cannot_be_reported(fitted):
    model, pairs, y = fitted
    with pytest.raises(NotFittedError):
        pair_report(SymmetricPairClassifier(), pairs, y)
    ranks_only = make_pipeline(FunctionTransformer(_squares), LinearSVC()).fit(pairs, y)
    with pytest.raises(AttributeError, match="make them such with recalibrate"):
        pair_report(ranks_only, pairs, y)
    three = make_pipeline(FunctionTransformer(_squares), LogisticRegression())
    three.fit(pairs, np.arange(len(y)) % 3)
    with pytest.raises(ValueError, match="the model has 3 classes"):
        pair_report(three, pairs, y)
    bad = np.asarray(pairs)
    bad[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="left contains 1 NaN"):
        pair_report(model, bad, y)
