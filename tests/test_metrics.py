# SPDX-License-Identifier: BSD-3-Clause
"""Metrics: what they are by definition, and what must not change them."""

import copy
import pickle

import numpy as np
import oracles_metrics as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sksymsim import (
    Pairs,
    SymmetricPairClassifier,
    actual_dcf,
    cllr,
    deployment_weights,
    equal_error_rate,
    expected_calibration_error,
    get_pair_scorer,
    get_pair_scorer_names,
    min_cllr,
    min_dcf,
    scorers,
    shift_log_odds,
    tar_at_far,
    threshold_at,
)
from sksymsim._evaluation import curves as _curves
from sksymsim._evaluation.curves import Ranking, area, average_precision
from sksymsim._evaluation.measures import LogOddsScores, RankedScores
from sksymsim._evaluation.metric_table import probability_measures, rank_measures

# By rank alone: name, function of (y, scores, weights).
RANK_METRICS = {
    "eer": lambda y, s, **k: equal_error_rate(y, s, **k),
    "tar": lambda y, s, **k: tar_at_far(y, s, [0.0, 0.2, 0.5, 1.0], **k),
    "dcf": lambda y, s, **k: min_dcf(y, s, p_target=[0.1, 0.5], c_miss=2.0, **k),
    "min_cllr": lambda y, s, **k: min_cllr(y, s, **k),
}
LOG_ODDS_METRICS = {
    "cllr": lambda y, s, **k: cllr(y, s, similar_rate="observed", **k),
    "actual_dcf": lambda y, s, **k: actual_dcf(y, s, p_target=[0.1, 0.6], **k),
    "ece": lambda y, s, **k: expected_calibration_error(y, expit(s), n_bins=3, **k),
}
METRICS = RANK_METRICS | LOG_ODDS_METRICS


@st.composite
def scored_pairs(draw):
    """Few distinct scores, so that there are ties; both classes have weight."""
    rows = draw(
        st.lists(
            st.tuples(st.booleans(), st.integers(-3, 3), st.integers(0, 3)),
            max_size=8,
        )
    )
    rows += [(True, draw(st.integers(-3, 3)), 1), (False, draw(st.integers(-3, 3)), 2)]
    y, scores, weights = zip(*draw(st.permutations(rows)), strict=True)
    return list(map(int, y)), [s / 2 for s in scores], list(weights)


def make_scores(rng, n_pairs=300, n_levels=40):
    y = rng.integers(2, size=n_pairs)
    scores = np.round(rng.normal(size=n_pairs) + y, 1) if n_levels else None
    return y, scores, rng.integers(0, 4, size=n_pairs)


# --------------------------------------------------------------------------- oracles


@settings(max_examples=35, deadline=None)
@given(scored_pairs())
def test_equal_to_definition(sample):
    y, scores, weights = sample
    k = {"sample_weight": weights}
    assert_allclose(
        equal_error_rate(y, scores, **k),
        oracle.equal_error_rate(*sample),
        atol=1e-12,
    )
    fars = [0.0, 0.1, 0.25, 0.5, 1.0]
    assert_allclose(
        tar_at_far(y, scores, fars, **k),
        [oracle.tar_at_far(*sample, far) for far in fars],
        atol=1e-12,
    )
    prices = [(0.01, 1.0, 1.0), (0.3, 10.0, 1.0), (0.5, 1.0, 3.0)]
    for p, c_miss, c_fa in prices:
        costs = {"p_target": p, "c_miss": c_miss, "c_fa": c_fa}
        assert_allclose(
            min_dcf(y, scores, **costs, **k),
            oracle.min_dcf(*sample, p, c_miss, c_fa),
            atol=1e-12,
        )
        assert_allclose(
            actual_dcf(y, scores, **costs, **k),
            oracle.actual_dcf(*sample, p, c_miss, c_fa),
            atol=1e-12,
        )
    assert_allclose(cllr(y, scores, **k), oracle.cllr(*sample), atol=1e-12)
    assert_allclose(min_cllr(y, scores, **k), oracle.min_cllr(*sample), atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(scored_pairs(), st.integers(1, 5), st.sampled_from(["uniform", "quantile"]))
def test_calibration_error_equal_to_definition(sample, n_bins, strategy):
    y, scores, weights = sample
    probabilities = [(score + 1.5) / 3 for score in scores]
    found = expected_calibration_error(
        y, probabilities, n_bins=n_bins, strategy=strategy, sample_weight=weights
    )
    expected = oracle.calibration_error(y, probabilities, weights, n_bins, strategy)
    assert_allclose(found, expected, atol=1e-12)


def test_equal_to_scikit_learn(rng):
    y, scores, weights = make_scores(rng)
    k = {"sample_weight": weights}
    far, tar, _ = roc_curve(y, scores, drop_intermediate=False, **k)
    crossing = brentq(lambda x: 1 - x - np.interp(x, far, tar), 0, 1, xtol=1e-14)
    assert_allclose(equal_error_rate(y, scores, **k), crossing, atol=1e-9)
    fars = np.array([[0.001, 0.01], [0.1, 0.3]])
    expected = [[tar[far <= f].max() for f in row] for row in fars]
    assert_allclose(tar_at_far(y, scores, fars, **k), expected)
    assert_allclose(
        min_dcf(y, scores, p_target=0.2, **k),
        np.min(0.2 * (1 - tar) + 0.8 * far) / 0.2,
    )
    balanced = weights / np.where(y, weights[y == 1].sum(), weights[y == 0].sum())
    kept = weights > 0
    assert_allclose(
        cllr(y, scores, **k),
        log_loss(y, expit(scores), sample_weight=balanced) / np.log(2),
    )
    p = IsotonicRegression(out_of_bounds="clip").fit(
        scores[kept], y[kept], sample_weight=balanced[kept]
    )
    assert_allclose(
        min_cllr(y, scores, **k),
        log_loss(y, p.predict(scores), sample_weight=balanced) / np.log(2),
        rtol=1e-6,
    )


def test_report_measures_equal_to_scikit_learn(rng):
    y, scores, weights = make_scores(rng)
    weights = weights + 1.0
    k = {"sample_weight": weights}
    curve = Ranking(y == 1, scores).curve(weights)
    assert_allclose(area(curve)[0], roc_auc_score(y, scores, **k))
    assert_allclose(
        average_precision(curve)[0], average_precision_score(y, scores, **k)
    )
    probability = expit(scores)
    expected = {
        "cllr": cllr(y, scores, similar_rate="observed", **k),
        "log_loss": log_loss(y, probability, **k),
        "brier_score": brier_score_loss(y, probability, **k),
        "calibration_error": expected_calibration_error(y, probability, **k),
        "accuracy": accuracy_score(y, scores > 0, **k),
    }
    measured = LogOddsScores(y == 1, scores, weights, probability_measures())
    assert [m.name for m in measured.measures] == list(expected)
    assert_allclose(measured.values(weights[None])[0], list(expected.values()))


def test_uniform_bins_equal_to_scikit_learn(rng):
    y = rng.integers(2, size=500)
    p = np.round(rng.uniform(size=500), 2)
    rate, mean = calibration_curve(y, p, n_bins=7, strategy="uniform")
    counts = np.histogram(p, np.linspace(0, 1, 8))[0]
    # scikit-learn's bins are closed on the right, numpy's on the left.
    bins = np.searchsorted(np.linspace(0, 1, 8)[1:-1], p)
    counts = np.bincount(bins, minlength=7)
    expected = np.average(np.abs(rate - mean), weights=counts[counts > 0])
    found = expected_calibration_error(y, p, n_bins=7, strategy="uniform")
    assert_allclose(found, expected)


def test_isotonic_regression_of_older_scipy(rng, monkeypatch):
    sklearn_isotonic = pytest.importorskip("sklearn.isotonic").isotonic_regression
    y, scores, _ = make_scores(rng)
    expected = min_cllr(y, scores)
    monkeypatch.setattr(_curves, "isotonic_regression", None)
    monkeypatch.setattr(_curves, "sklearn_isotonic", sklearn_isotonic, raising=False)
    assert_allclose(min_cllr(y, scores), expected, rtol=1e-12)


def test_many_weightings_are_as_one_at_a_time(rng):
    y, scores, _ = make_scores(rng)
    weights = rng.integers(0, 4, size=(5, len(y))).astype(float)
    ranked = RankedScores(y == 1, scores, rank_measures([0.1, 0.01], 0.05))
    measured = LogOddsScores(y == 1, scores, np.ones(len(y)), probability_measures())
    for values in (ranked.values, measured.values):
        together = values(weights)
        for row, expected in zip(weights, together, strict=True):
            assert_allclose(values(row[None])[0], expected, rtol=1e-12)


# ----------------------------------------------------------------------- invariances


@settings(max_examples=15, deadline=None)
@given(scored_pairs())
@pytest.mark.parametrize("name", METRICS)
def test_a_weight_is_a_repetition(name, sample):
    y, scores, weights = map(np.array, sample)
    expected = METRICS[name](np.repeat(y, weights), np.repeat(scores, weights))
    found = METRICS[name](y, scores, sample_weight=weights)
    assert_allclose(found, expected, atol=1e-12)
    scaled = METRICS[name](y, scores, sample_weight=weights * 1e300)
    assert_allclose(scaled, expected, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(scored_pairs())
@pytest.mark.parametrize("name", RANK_METRICS)
def test_a_rising_map_changes_nothing(name, sample):
    y, scores, weights = map(np.array, sample)
    expected = METRICS[name](y, scores, sample_weight=weights)
    for mapped in (np.exp(scores), scores**3 + 1e3, (scores * 2).astype(int)):
        found = METRICS[name](y, mapped, sample_weight=weights)
        assert_array_equal(found, expected)


@settings(max_examples=35, deadline=None)
@given(scored_pairs())
def test_exchanging_the_classes_exchanges_the_errors(sample):
    y, scores, weights = map(np.array, sample)
    k = {"sample_weight": weights}
    for metric in (equal_error_rate, min_cllr, cllr):
        found = metric(1 - y, -scores, **k)
        assert_allclose(found, metric(y, scores, **k), atol=1e-12)
        assert_allclose(metric(y, -scores, pos_label=0, **k), found, atol=1e-12)
    costs = {"p_target": 0.2, "c_miss": 3.0, "c_fa": 1.0}
    swapped = {"p_target": 0.8, "c_miss": 1.0, "c_fa": 3.0}
    assert_allclose(
        min_dcf(1 - y, -scores, **swapped, **k),
        min_dcf(y, scores, **costs, **k),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", METRICS)
def test_order_labels_and_containers(name, rng):
    y, scores, weights = make_scores(rng)
    expected = METRICS[name](y, scores, sample_weight=weights)
    order = rng.permutation(len(y))
    shuffled = METRICS[name](y[order], scores[order], sample_weight=weights[order])
    assert_allclose(shuffled, expected, rtol=1e-12)
    words = np.array(["different", "same"])[y]
    for labels in (y == 1, 2 * y - 1, words, list(words), y.astype(float)):
        found = METRICS[name](labels, list(scores), sample_weight=weights)
        assert_array_equal(found, expected)
    found = METRICS[name](1 - y, scores, sample_weight=weights, pos_label=0)
    assert_array_equal(found, expected)


@pytest.mark.parametrize("name", METRICS)
def test_inputs_are_not_written_to(name, rng):
    arrays = make_scores(rng)
    for array in arrays:
        array.setflags(write=False)
    y, scores, weights = arrays
    METRICS[name](y, scores, sample_weight=weights)


def test_calibration_costs_are_not_below_the_least(rng):
    y, scores, weights = make_scores(rng)
    k = {"sample_weight": weights}
    assert cllr(y, scores, **k) >= min_cllr(y, scores, **k)
    p = [0.01, 0.3, 0.9]
    actual, least = (f(y, scores, p_target=p, **k) for f in (actual_dcf, min_dcf))
    assert (actual >= least).all()
    assert (least <= 1).all()


def test_scores_without_information():
    y, constant = [0, 0, 1, 1, 1], np.zeros(5)
    assert equal_error_rate(y, constant) == 0.5
    assert cllr(y, constant) == 1
    assert min_cllr(y, constant) == 1
    assert min_dcf(y, constant) == 1
    assert tar_at_far(y, constant, 0.99) == 0


def test_perfect_scores():
    y, scores = [0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0]
    assert equal_error_rate(y, scores) == 0
    assert str(min_cllr(y, scores)) == "0.0"
    assert min_dcf(y, scores) == 0
    assert tar_at_far(y, scores, 0) == 1
    assert cllr(y, [-800.0, -800.0, 800.0, 800.0]) == 0
    assert_allclose(cllr(y, [800.0, -800.0, 800.0, 800.0]), 800 / 4 / np.log(2))


def test_shapes_of_vector_arguments():
    y, scores = [0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0]
    assert isinstance(tar_at_far(y, scores, 0.1), float)
    assert tar_at_far(y, scores, []).shape == (0,)
    assert tar_at_far(y, scores, np.full((2, 3), 0.1)).shape == (2, 3)
    assert isinstance(min_dcf(y, scores, p_target=0.5), float)
    assert actual_dcf(y, scores, p_target=[[0.1], [0.5]]).shape == (2, 1)


# -------------------------------------------------------------------- deployment rate


def test_log_odds_at_another_rate(rng):
    log_odds = rng.normal(size=(3, 2)) * 3
    shifted = shift_log_odds(log_odds, 0.5, 0.01)
    # Bayes: the ratio of the densities stays.
    assert_allclose(np.exp(shifted), np.exp(log_odds) * (0.01 / 0.99))
    assert_allclose(shift_log_odds(shifted, 0.01, 0.5), log_odds)
    assert shift_log_odds(log_odds.astype(np.float32), 0.1, 0.2).dtype == np.float32


def test_weights_at_another_rate(rng):
    y, scores, weights = make_scores(rng)
    for given_weights in (None, weights):
        found = deployment_weights(y, 0.07, sample_weight=given_weights)
        assert_allclose(np.average(y, weights=found), 0.07)
        assert_allclose(found.sum(), len(y) if given_weights is None else weights.sum())
    for metric in (equal_error_rate, tar_at_far, min_cllr, cllr):
        moved = metric(y, scores, sample_weight=deployment_weights(y, 0.07))
        assert_allclose(moved, metric(y, scores), rtol=1e-9)


def test_weights_are_those_of_a_population_of_that_rate():
    y, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.7, 0.6, 0.9])
    copies = np.where(y, 1, 9)
    expected = average_precision_score(np.repeat(y, copies), np.repeat(scores, copies))
    weights = deployment_weights(y, 0.1)
    found = average_precision_score(y, scores, sample_weight=weights)
    assert_allclose(found, expected)


def test_cllr_of_log_odds(rng):
    y, ratios, weights = make_scores(rng)
    k = {"sample_weight": weights}
    log_odds = shift_log_odds(ratios, 0.5, 0.03)
    assert_allclose(cllr(y, log_odds, similar_rate=0.03, **k), cllr(y, ratios, **k))
    rate = np.average(y, weights=weights)
    assert_allclose(
        cllr(y, log_odds, similar_rate="observed", **k),
        cllr(y, log_odds - logit(rate), **k),
    )
    assert_allclose(
        actual_dcf(y, log_odds, similar_rate=0.03, **k), actual_dcf(y, ratios, **k)
    )


# ---------------------------------------------------------------------------- scorers


def labelled_pairs(rng, n_pairs=120, width=4):
    pairs = Pairs(*rng.normal(size=(2, n_pairs, width)))
    gap = ((pairs.left - pairs.right) ** 2).sum(axis=1)
    y = (gap + 2 * rng.normal(size=n_pairs) < np.median(gap)).astype(int)
    return pairs, y


DIRECT = {
    "neg_actual_dcf": lambda y, s: -actual_dcf(y, s, similar_rate="observed"),
    "neg_cllr": lambda y, s: -cllr(y, s, similar_rate="observed"),
    "neg_equal_error_rate": lambda y, s: -equal_error_rate(y, s),
    "neg_expected_calibration_error": lambda y, s: (
        -expected_calibration_error(y, expit(s))
    ),
    "neg_min_cllr": lambda y, s: -min_cllr(y, s),
    "neg_min_dcf": lambda y, s: -min_dcf(y, s),
    "tar_at_far": lambda y, s: tar_at_far(y, s),
}


def test_scorers_are_the_metrics(rng):
    pairs, y = labelled_pairs(rng)
    words = np.array(["different", "same"])[y]
    assert get_pair_scorer_names() == list(DIRECT)
    for labels in (y, words):
        model = SymmetricPairClassifier().fit(pairs, labels)
        scores = model.decision_function(pairs)
        for name, direct in DIRECT.items():
            found = get_pair_scorer(name)(model, pairs, labels)
            assert_allclose(found, direct(y, scores), rtol=1e-7)


def test_scorers_in_scikit_learn(rng):
    pairs, y = labelled_pairs(rng)
    scoring = {name: get_pair_scorer(name) for name in get_pair_scorer_names()}
    found = cross_validate(SymmetricPairClassifier(), pairs, y, scoring=scoring, cv=3)
    for name in scoring:
        assert np.isfinite(found[f"test_{name}"]).all()
    grid = {"alpha": [1e-4, 1e3]}
    scorer = get_pair_scorer("tar_at_far", far=0.2)
    search = GridSearchCV(SymmetricPairClassifier(), grid, scoring=scorer, cv=3)
    best = search.fit(pairs, y).cv_results_["mean_test_score"].max()
    assert search.best_score_ == best


def test_scorers_take_parameters_and_weights(rng):
    pairs, y = labelled_pairs(rng)
    model = SymmetricPairClassifier().fit(pairs, y)
    scores = model.decision_function(pairs)
    weights = rng.integers(1, 4, size=len(y))
    scorer = get_pair_scorer("neg_min_dcf", p_target=0.4, c_miss=2.0)
    assert_allclose(
        scorer(model, pairs, y, sample_weight=weights),
        -min_dcf(y, scores, p_target=0.4, c_miss=2.0, sample_weight=weights),
    )
    scorer = get_pair_scorer("neg_cllr", similar_rate=0.2)
    assert_allclose(scorer(model, pairs, y), -cllr(y, scores, similar_rate=0.2))


@pytest.mark.parametrize("name", get_pair_scorer_names())
def test_scorers_are_pickled_by_the_name_of_their_function(name):
    """What is in a file does not depend on how the function is made."""
    function = get_pair_scorer(name)._score_func
    # Protocol 0 is text: a module, and a name in it.
    text = pickle.dumps(function, protocol=0).decode()
    assert text.startswith(f"c{function.__module__}\n{function.__name__}\n")
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function


@pytest.mark.parametrize("name", ["_roc", "_tar_at_far"])
def test_scorers_have_no_other_names(name):
    with pytest.raises(AttributeError, match=r"scorers' has no attribute '_(roc|tar)"):
        getattr(scorers, name)


def test_scorers_of_models_with_one_kind_of_score(rng):
    pairs, y = labelled_pairs(rng)
    squares = FunctionTransformer(_squares, validate=False)
    ranks_only = make_pipeline(squares, LinearSVC()).fit(pairs, y)
    found = get_pair_scorer("neg_equal_error_rate")(ranks_only, pairs, y)
    assert_allclose(found, -equal_error_rate(y, ranks_only.decision_function(pairs)))
    linear = make_pipeline(squares, LogisticRegression()).fit(pairs, y)
    probabilities_only = OnlyProbabilities(linear).fit(pairs, y)
    for name in get_pair_scorer_names():
        scorer = get_pair_scorer(name)
        assert_allclose(
            scorer(probabilities_only, pairs, y), scorer(linear, pairs, y), rtol=1e-9
        )


def test_certain_probabilities_have_a_finite_cost():
    model = OnlyProbabilities(None)
    model.classes_ = np.array([0, 1])
    pairs = Pairs([[0.0], [1.0]], [[0.0], [0.0]])
    # The first pair is called similar, and the second one dissimilar, for certain.
    assert_allclose(get_pair_scorer("neg_cllr")(model, pairs, [1, 0]), 0, atol=1e-12)
    cost = -get_pair_scorer("neg_cllr")(model, pairs, [0, 1])
    assert 30 < cost < 60


def _squares(pairs):
    return (pairs.left - pairs.right) ** 2


class OnlyProbabilities(ClassifierMixin, BaseEstimator):
    """The probabilities of a model, or those of equal items."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        if self.model is not None:
            return self.model.predict_proba(X)
        equal = (X.left == X.right).all(axis=1).astype(float)
        return np.column_stack([1 - equal, equal])


# ----------------------------------------------------------------------------- errors

Y, SCORES = [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]
ERRORS = [
    (lambda: equal_error_rate(None, SCORES), "y_true is None"),
    (lambda: equal_error_rate([], []), "y_score is empty"),
    (lambda: equal_error_rate(Y, SCORES[:3]), "got 4 labels but 3 numbers in y_score"),
    (lambda: equal_error_rate([1, 1, 1, 1], SCORES), "of one class only"),
    (lambda: equal_error_rate([0, 1, 2, 1], SCORES), "Only binary classification"),
    (lambda: equal_error_rate(Y, SCORES, pos_label=7), "pos_label=7 is not among"),
    (
        lambda: equal_error_rate([1, 1, 1, 1], SCORES, pos_label=1),
        "no dissimilar pairs of positive weight",
    ),
    (
        lambda: equal_error_rate(Y, SCORES, sample_weight=[1, 0, 1, 0]),
        "no similar pairs of positive weight",
    ),
    (lambda: equal_error_rate(Y, SCORES, sample_weight=[1, 1]), "sample_weight must"),
    (lambda: equal_error_rate(Y, [0.1, np.nan, 1, 2]), "y_score contains NaN"),
    (lambda: equal_error_rate(Y, [[0.1, 0.9]] * 4), r"take the column of similar: \["),
    (lambda: tar_at_far(Y, SCORES, 1.5), r"far must be a float in \[0, 1\], got 1.5"),
    (lambda: tar_at_far(Y, SCORES, ["a"]), "far must be a float"),
    (lambda: min_dcf(Y, SCORES, p_target=0), r"p_target must be a float in \(0, 1\)"),
    (lambda: min_dcf(Y, SCORES, c_miss=0), "c_miss must be a float > 0"),
    (lambda: actual_dcf(Y, SCORES, c_fa=-1), "c_fa must be a float > 0"),
    (lambda: cllr(Y, SCORES, similar_rate="mine"), "similar_rate must be a float in"),
    (lambda: actual_dcf(Y, SCORES, similar_rate=1), "similar_rate must be a float in"),
    (lambda: expected_calibration_error(Y, [1, 2, 0, 0]), "must hold probabilities"),
    (lambda: expected_calibration_error(Y, SCORES, n_bins=0), "n_bins must be an int"),
    (
        lambda: expected_calibration_error(Y, SCORES, strategy="kmeans"),
        "strategy must be one of 'quantile', 'uniform', got 'kmeans'",
    ),
    (lambda: shift_log_odds([0.0], 0, 0.5), "from_rate must be a float in"),
    (lambda: shift_log_odds([0.0], 0.5, 1), "to_rate must be a float in"),
    (lambda: deployment_weights(Y, 0), "similar_rate must be a float in"),
    (lambda: deployment_weights([1, 1], 0.5), "of one class only"),
    (
        lambda: deployment_weights(Y, 0.5, sample_weight=[0, 1, 0, 1]),
        "no dissimilar pairs of positive weight",
    ),
    (lambda: get_pair_scorer("eer"), "name must be one of 'neg_actual_dcf'"),
    (lambda: threshold_at(Y, [0.1, np.inf, 1, 2]), "contains NaN or infinity"),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: equal_error_rate(Y, ["a", "b", "c", "d"]), "y_score must hold real"),
        (lambda: cllr(Y, SCORES, sample_weight=["a"] * 4), "sample_weight must hold"),
        (lambda: shift_log_odds(["a"], 0.5, 0.5), "log_odds must hold real numbers"),
    ],
)
def test_wrong_types(call, text):
    with pytest.raises(TypeError, match=text):
        call()
