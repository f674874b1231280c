# SPDX-License-Identifier: BSD-3-Clause
"""Weighted sums of log-odds: their weights, and one score in place of several."""

import pickle
from itertools import combinations_with_replacement

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricPairClassifier,
)
from sksymsim._forms import FORMS
from sksymsim._score import FittedScore
from sksymsim._selection.stacking import (
    NEGLIGIBLE_WEIGHT,
    RIDGE,
    nonnegative_logistic,
    platt,
    rescaled,
    weighted_sum,
)

some_seeds = pytest.mark.parametrize("seed_offset", range(4))

# ---------------------------------------------------------------------------- weights


def columns_and_targets(rng, strengths, n_pairs=300):
    """Return log-odds of several strengths and sizes that share some of their noise."""
    targets = rng.choice([-1.0, 1.0], n_pairs)
    common = rng.normal(size=n_pairs)
    columns = np.array(
        [s * targets + common + rng.normal(size=n_pairs) for s in strengths]
    )
    columns *= rng.uniform(0.1, 10.0, (len(columns), 1))
    return columns + rng.normal(size=(len(columns), 1)), targets


def spreads(columns, weights):
    means = columns @ weights / weights.sum()
    return np.sqrt(((columns - means[:, None]) ** 2) @ weights / weights.sum())


@some_seeds
def test_positive_weights_are_those_of_logistic_regression(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    columns, targets = columns_and_targets(rng, [1.0, 1.1, 0.9])
    weights = rng.uniform(0.5, 2.0, len(targets))
    scale = spreads(columns, weights)[:, None]
    model = LogisticRegression(C=1 / (RIDGE * weights.sum()), tol=1e-10, max_iter=1000)
    model.fit((columns / scale).T, targets, sample_weight=weights)
    assert (model.coef_ > 0).all()
    found, intercept = nonnegative_logistic(columns, targets, weights)
    assert_allclose(found * scale[:, 0], model.coef_[0], rtol=0.01)
    assert_allclose(intercept, model.intercept_[0], atol=0.01)
    # The loss of the weights does not depend on their sum.
    again, _ = nonnegative_logistic(columns, targets, 17 * weights)
    assert_allclose(again, found, rtol=1e-6)


@some_seeds
def test_weights_meet_the_conditions_of_the_optimum(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    columns, targets = columns_and_targets(rng, [1.0, -1.0, 0.8, -0.5])
    weights = rng.uniform(0.5, 2.0, len(targets))
    found, intercept = nonnegative_logistic(columns, targets, weights)
    scale = spreads(columns, weights)
    share = weights / weights.sum()
    wrong = -share * targets * expit(-targets * (found @ columns + intercept))
    slopes = (columns / scale[:, None]) @ wrong + RIDGE * found * scale
    assert abs(wrong.sum()) < 1e-3
    assert (found[[1, 3]] == 0).all()
    assert (found[[0, 2]] * scale[[0, 2]] > NEGLIGIBLE_WEIGHT).all()
    assert np.abs(slopes[found > 0]).max() < 1e-3
    assert (slopes[found == 0] > -1e-3).all()


def test_members_that_say_the_same_share_the_weight():
    rng = np.random.default_rng(0)
    columns, targets = columns_and_targets(rng, [1.0])
    found, _ = nonnegative_logistic(np.repeat(columns, 2, 0), targets, np.ones(300))
    assert_allclose(found[0], found[1], rtol=1e-3)


def test_members_that_say_nothing():
    rng = np.random.default_rng(0)
    columns, targets = columns_and_targets(rng, [1.0])
    columns = np.concatenate([columns, np.full((1, 300), 5.0)])
    found, _ = nonnegative_logistic(columns, targets, np.ones(300))
    assert found[0] > 0
    found, intercept = nonnegative_logistic(-columns[:1], targets, np.ones(300))
    assert found[0] == 0
    assert_allclose(expit(intercept), (targets > 0).mean(), atol=1e-3)


def test_platt():
    rng = np.random.default_rng(0)
    (column,), targets = columns_and_targets(rng, [1.0])
    weights = rng.uniform(0.5, 2.0, len(targets))
    model = LogisticRegression(C=1e10, tol=1e-10)
    model.fit(column[:, None], targets, sample_weight=weights)
    scale, shift = platt(column, targets, weights)
    assert_allclose([scale, shift], [model.coef_[0, 0], model.intercept_[0]], rtol=1e-3)
    assert platt(-column, targets, weights)[0] == 0


# -------------------------------------------------------------------------- one score


def random_score(rng, form, n_features=4, definite=False):
    form = FORMS[form]
    factors = tuple(
        rng.normal(size=(rank, n_features))
        for rank in rng.integers(1, n_features + 1, len(form.terms))
    )
    signs = tuple(
        np.ones(len(v)) if definite else rng.choice([-1.0, 1.0], len(v))
        for v in factors
    )
    linear = rng.normal(size=n_features) if form.has_linear else None
    return FittedScore(form.name, float(rng.normal()), linear, factors, signs)


MIXES = [
    mix for size in (1, 2, 3) for mix in combinations_with_replacement(FORMS, size)
]


@pytest.mark.parametrize("forms", MIXES, ids="+".join)
def test_a_sum_of_scores_is_one_score(forms, rng):
    scores = [random_score(rng, form) for form in forms]
    weights = rng.uniform(0.1, 2.0, len(scores))
    left, right = rng.normal(size=(2, 50, 4))
    one = weighted_sum(scores, weights, 0.7)
    expected = 0.7 + sum(
        w * s.from_sides(left, right) for w, s in zip(weights, scores, strict=True)
    )
    found = one.from_sides(left, right)
    assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert_array_equal(found, one.from_sides(right, left))
    alike = len(set(forms)) == 1
    assert one.form == (forms[0] if alike else "quadratic")
    assert (one.linear is None) == (alike and not FORMS[one.form].has_linear)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_a_sum_of_metrics_is_a_metric(form, rng):
    scores = [random_score(rng, form, 6, definite=True) for _ in range(3)]
    # Together of full rank or not.
    assert weighted_sum(scores, [0.5, 1.0, 2.0], 0.0).is_metric
    assert weighted_sum([scores[0], scores[0]], [0.5, 1.0], 0.0).is_metric


@pytest.mark.parametrize("form", FORMS)
def test_rescaled(form, rng):
    score = random_score(rng, form)
    left, right = rng.normal(size=(2, 30, 4))
    before = score.from_sides(left, right)
    other = rescaled(score, 2.5, -1.0)
    assert_allclose(other.from_sides(left, right), 2.5 * before - 1.0, rtol=1e-9)
    assert_array_equal(other.from_sides(left, right), other.from_sides(right, left))
    assert_array_equal(score.from_sides(left, right), before)


# ------------------------------------------------------------------- the public stack


def members():
    whitened = SharedTransformer(EmbeddingNormalizer(whiten=0.5))
    return [
        ("metric", make_pipeline(whitened, SymmetricPairClassifier(alpha=1e-2))),
        ("dot", SymmetricPairClassifier("bilinear", alpha=1e-2)),
    ]


def test_the_stack_is_the_weighted_sum_of_its_members():
    pairs, y, _ = class_pairs()
    labels = np.array(["different", "same"])[y]
    stack = StackedPairClassifier(members(), [0.5, 2], intercept=-0.25)
    assert stack.fit(pairs, labels) is stack
    one, other = (clone(member).fit(pairs, labels) for _, member in members())
    expected = 0.5 * one.decision_function(pairs) + 2 * other.decision_function(pairs)
    scores = stack.decision_function(pairs)
    assert_allclose(scores, expected - 0.25, rtol=1e-9, atol=1e-9)
    assert_array_equal(scores, stack.decision_function(pairs.swap()))
    assert_allclose(stack.predict_proba(pairs)[:, 1], expit(scores))
    assert_array_equal(stack.classes_, ["different", "same"])
    assert_array_equal(stack.predict(pairs) == "same", scores > 0)
    assert stack.n_features_in_ == 5
    again = pickle.loads(pickle.dumps(stack))
    assert_array_equal(again.decision_function(pairs), scores)


def test_the_stack_is_as_narrow_as_its_pairs():
    pairs, y, _ = class_pairs()
    narrow = Pairs.from_index(pairs.items.astype(np.float32), pairs.index)
    stack = StackedPairClassifier(members(), [1, 1]).fit(narrow, y)
    assert stack.decision_function(narrow).dtype == np.float32
    assert stack.predict_proba(narrow).dtype == np.float32
    assert stack.decision_function(pairs).dtype == np.float64


def test_the_stack_takes_members_without_log_odds():
    pairs, y, _ = class_pairs()
    stack = StackedPairClassifier([("one", PlainProbabilities())], [1.0]).fit(pairs, y)
    assert_allclose(stack.predict_proba(pairs)[:, 1], 0.75)


class PlainProbabilities(SymmetricPairClassifier):
    """Says 3/4 of every pair, and has no decision function."""

    @property
    def decision_function(self):
        raise AttributeError("there is none")

    def predict_proba(self, X):
        return np.tile([0.25, 0.75], (len(X), 1))


def test_members_of_a_stack_are_not_fitted_themselves():
    pairs, y, _ = class_pairs()
    given = members()
    StackedPairClassifier(given, [1, 1]).fit(pairs, y)
    assert not hasattr(given[1][1], "classes_")


def bad_stacks():
    one = [("one", SymmetricPairClassifier())]
    yield StackedPairClassifier([], []), "needs at least one"
    yield StackedPairClassifier(None, [1]), "'estimators' parameter .* must be a list"
    yield StackedPairClassifier(one, [1], intercept="0"), "'intercept' parameter"
    yield StackedPairClassifier([one[0][1]], [1]), r"list of \(name, estimator\), got"
    yield StackedPairClassifier(one, [1, 2]), r"shape \(1,\), got \(2,\)"
    yield StackedPairClassifier(one, [-1]), "must not be negative"
    yield StackedPairClassifier(one, [np.nan]), "weights contains NaN"


@pytest.mark.parametrize(("stack", "text"), bad_stacks())
def test_errors_of_a_stack(stack, text):
    pairs, y, _ = class_pairs(n_pairs=60)
    with pytest.raises(ValueError, match=text):
        stack.fit(pairs, y)


def test_an_earlier_stack_stays():
    pairs, y, _ = class_pairs()
    stack = StackedPairClassifier(members(), [1, 1]).fit(pairs, y)
    scores = stack.decision_function(pairs)
    with pytest.raises(ValueError, match="one class only"):
        stack.fit(pairs, np.ones(len(y)))
    assert_array_equal(stack.decision_function(pairs), scores)
