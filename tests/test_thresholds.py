# SPDX-License-Identifier: BSD-3-Clause
"""Thresholds for a purpose, and new probabilities for a fitted model."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    fbeta_score,
    precision_score,
    recall_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GroupKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    RecalibratedClassifier,
    SharedTransformer,
    SymmetricPairClassifier,
    calibrate_threshold,
    deployment_weights,
    get_threshold_scorer,
    recalibrate,
    threshold_at,
)

PURPOSES = [
    {"criterion": "accuracy"},
    {"criterion": "f_beta", "beta": 0.5},
    {"criterion": "f_beta", "beta": 2.0},
    {"criterion": "far", "bound": 0.2},
    {"criterion": "far", "bound": 0.0},
    {"criterion": "recall", "bound": 0.7},
    {"criterion": "recall", "bound": 1.0},
    {"criterion": "precision", "bound": 0.3},
]


def purpose_id(purpose):
    return "-".join(map(str, purpose.values()))


def value_of(purpose, y, decisions, weights):
    """Return what is to be great, and whether the condition holds."""
    counts = np.zeros((2, 2))
    np.add.at(counts, (np.asarray(y), np.asarray(decisions)), weights)
    (right_no, false), (missed, hits) = counts.tolist()
    far, recall = false / (false + right_no), hits / (hits + missed)
    precision = hits / (hits + false) if hits + false else 1.0
    square = purpose.get("beta", 1.0) ** 2
    bound = purpose.get("bound", 0.0)
    return {
        "accuracy": ((hits + right_no) / counts.sum(), True),
        "f_beta": (
            (1 + square) * hits / ((1 + square) * hits + square * missed + false),
            True,
        ),
        "far": (recall, far <= bound + 1e-9),
        "recall": (1 - far, recall >= bound - 1e-9),
        "precision": (recall, precision >= bound - 1e-9),
    }[purpose["criterion"]]


@st.composite
def scored_pairs(draw):
    # The best score is that of a similar pair, so that every precision can be had.
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(-3, 3), st.integers(1, 3)),
            min_size=1,
            max_size=12,
        )
    )
    rows += [(1, 4, 1), (0, draw(st.integers(-3, 3)), 1)]
    return [
        np.array(column) for column in zip(*draw(st.permutations(rows)), strict=True)
    ]


@settings(max_examples=12, deadline=None)
@given(scored_pairs(), st.sampled_from([np.float64, np.float32, np.int64]))
@pytest.mark.parametrize("purpose", PURPOSES, ids=purpose_id)
def test_best_of_all_thresholds(purpose, sample, dtype):
    y, scores, weights = sample
    scores = scores.astype(dtype)
    choice = threshold_at(y, scores, sample_weight=weights, **purpose)
    decisions = (scores >= choice.threshold).astype(int)
    value, holds = value_of(purpose, y, decisions, weights)
    assert holds
    assert_allclose(choice.value, value, atol=1e-12)
    for candidate in [*np.unique(scores), np.inf]:
        other = (scores >= candidate).astype(int)
        other_value, other_holds = value_of(purpose, y, other, weights)
        if other_holds:
            assert other_value <= value + 1e-12
            if other_value == value:  # the highest of equally good ones
                assert other.sum() >= decisions.sum()


@settings(max_examples=12, deadline=None)
@given(scored_pairs(), st.sampled_from(PURPOSES))
def test_rates_are_those_of_scikit_learn(sample, purpose):
    y, scores, weights = sample
    choice = threshold_at(y, scores, sample_weight=weights, **purpose)
    decisions = (scores >= choice.threshold).astype(int)
    k = {"sample_weight": weights}
    assert_allclose(choice.accuracy, accuracy_score(y, decisions, **k))
    assert_allclose(choice.recall, recall_score(y, decisions, **k))
    assert_allclose(choice.far, recall_score(1 - y, decisions, **k))
    precision = precision_score(y, decisions, zero_division=1, **k)
    assert_allclose(choice.precision, precision)
    for beta in (0.5, 2.0):
        found = threshold_at(y, scores, criterion="f_beta", beta=beta, **k)
        decisions = (scores >= found.threshold).astype(int)
        assert_allclose(found.value, fbeta_score(y, decisions, beta=beta, **k))


def test_threshold_lies_half_way():
    y, scores = [0, 0, 1, 1], [0.0, 1.0, 3.0, 4.0]
    assert threshold_at(y, scores).threshold == 2.0
    nothing = threshold_at([1, 1, 0, 1], scores, criterion="far", bound=0)
    assert nothing.threshold == 3.5
    nothing = threshold_at([1, 1, 0, 0], scores, criterion="far", bound=0)
    assert nothing.threshold == np.nextafter(4.0, np.inf)
    assert (nothing.recall, nothing.far, nothing.precision) == (0, 0, 1)
    everything = threshold_at([1, 0, 1, 1], scores, criterion="recall", bound=1)
    assert everything.threshold == 0.0


def test_neighbouring_floats_are_separated():
    for dtype in (np.float32, np.float64):
        low = dtype(0.1)
        scores = np.array([low, np.nextafter(low, dtype(1))])
        for first, second in (scores, -scores[::-1]):
            pair = np.array([first, second])
            choice = threshold_at([0, 1], pair)
            assert_array_equal(pair >= choice.threshold, [False, True])
            assert choice.accuracy == 1


def test_labels_and_weights_of_thresholds(rng):
    y = rng.integers(2, size=200)
    scores = rng.normal(size=200) + y
    choice = threshold_at(y, scores)
    words = np.array(["different", "same"])[y]
    assert threshold_at(words, scores) == choice
    assert threshold_at(1 - y, scores, pos_label=0) == choice
    rare = threshold_at(y, scores, sample_weight=deployment_weights(y, 0.05))
    assert rare.threshold > choice.threshold


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        ({"criterion": "eer"}, "criterion must be one of 'accuracy', 'f_beta', 'far'"),
        ({"criterion": "far"}, "needs bound: a rate of false accepts of at most bound"),
        ({"criterion": "far", "bound": 1.2}, r"bound must be a float in \[0, 1\]"),
        ({"criterion": "accuracy", "bound": 0.5}, "keeps no rate; leave out bound"),
        ({"criterion": "f_beta", "beta": 0}, "beta must be a float > 0"),
        (
            {"criterion": "precision", "bound": 0.9},
            "no threshold has a precision of 0.9; the best that one has is 0.5",
        ),
    ],
)
def test_errors_of_thresholds(purpose, text):
    with pytest.raises(ValueError, match=text):
        threshold_at([1, 0, 1, 0], [1.0, 2.0, 3.0, 3.0], **purpose)
    if purpose != {"criterion": "precision", "bound": 0.9}:
        with pytest.raises(ValueError, match=text):
            get_threshold_scorer(**purpose)


# ----------------------------------------------------------------------------- models


def world(rng, n_pairs=300, width=3, groups=6):
    """Return pairs inside of groups of items, their labels and groups."""
    items = rng.normal(size=(groups * 20, width))
    group = rng.integers(groups, size=n_pairs)
    index = 20 * group[:, None] + rng.integers(20, size=(n_pairs, 2))
    index[:, 1] += index[:, 0] == index[:, 1]
    index[:, 1] -= 2 * (index[:, 1] // 20 > group)
    gap = ((items[index[:, 0]] - items[index[:, 1]]) ** 2) @ [1.0, 0.1, 0.0]
    y = (rng.random(n_pairs) < expit(1.5 - gap)).astype(int)
    return Pairs.from_index(items, index), y, group


@pytest.fixture
def pairs_and_labels(rng):
    return world(rng)


MODELS = {
    "classifier": SymmetricPairClassifier,
    "pipeline": lambda: make_pipeline(
        SharedTransformer(EmbeddingNormalizer(norm=False)), SymmetricPairClassifier()
    ),
    "probabilities only": lambda: VotingClassifier(
        [("one", SymmetricPairClassifier())], voting="soft"
    ),
    "ranks only": lambda: make_pipeline(FunctionTransformer(_squares), LinearSVC()),
}
KINDS = {
    "Pairs": lambda pairs: pairs,
    "array": np.asarray,
    "tuple": lambda pairs: (pairs.left, pairs.right),
}


def _squares(pairs):
    return (pairs.left - pairs.right) ** 2


def raw_scores(model, pairs):
    if hasattr(model, "decision_function"):
        return model.decision_function(pairs)
    return model.predict_proba(pairs)[:, 1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_threshold_of_a_fitted_model(name, kind, pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    labels = np.array(["different", "same"])[y]
    model = MODELS[name]().fit(pairs, labels)
    held_out, y_new, _ = world(rng)
    new_labels = np.array(["different", "same"])[y_new]
    choice = calibrate_threshold(
        model, KINDS[kind](held_out), new_labels, criterion="far", bound=0.1
    )
    expected = threshold_at(
        y_new, raw_scores(model, held_out), criterion="far", bound=0.1
    )
    assert_allclose(choice.threshold, expected.threshold, rtol=1e-12)
    assert isinstance(choice.classifier, FixedThresholdClassifier)
    predicted = choice.classifier.predict(held_out)
    assert_allclose((predicted == "same")[y_new == 0].mean(), choice.far)
    assert_allclose((predicted == "same")[y_new == 1].mean(), choice.recall)
    again = pickle.loads(pickle.dumps(choice))
    assert_array_equal(again.classifier.predict(held_out), predicted)


def test_threshold_on_held_out_folds(pairs_and_labels):
    pairs, y, group = pairs_and_labels
    model, cv = SymmetricPairClassifier(), GroupKFold(3)
    choice = calibrate_threshold(
        model, pairs, y, criterion="precision", bound=0.5, cv=cv, groups=group
    )
    scores = np.empty(len(y))
    for train, test in cv.split(pairs, y, group):
        fitted = clone(model).fit(pairs[train], y[train])
        scores[test] = fitted.decision_function(pairs[test])
    expected = threshold_at(y, scores, criterion="precision", bound=0.5)
    assert_allclose(choice.threshold, expected.threshold)
    assert_allclose(choice.recall, expected.recall)
    # In the end the model is fitted on all pairs, and the one given is not.
    everything = clone(model).fit(pairs, y).decision_function(pairs)
    expected = everything >= choice.threshold
    assert_array_equal(choice.classifier.predict(pairs), expected)
    assert not hasattr(model, "classes_")


def test_folds_that_drop_pairs_and_weights(pairs_and_labels, rng):
    pairs, y, group = pairs_and_labels
    test = np.flatnonzero(group == 0)
    splits = [(np.flatnonzero(group > 1), test)]
    weights = rng.integers(1, 4, size=len(y))
    choice = calibrate_threshold(
        SymmetricPairClassifier(), pairs, y, cv=splits, sample_weight=weights
    )
    fitted = SymmetricPairClassifier().fit(pairs[group > 1], y[group > 1])
    expected = threshold_at(
        y[test], fitted.decision_function(pairs[test]), sample_weight=weights[test]
    )
    assert choice.threshold == expected.threshold
    assert choice.value == expected.value


def test_errors_of_calibration(pairs_and_labels):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier()
    with pytest.raises(ValueError, match=r"cv=5 would .* pass PairGroupKFold\(5\)"):
        calibrate_threshold(model, pairs, y, cv=5)
    with pytest.raises(NotFittedError):
        calibrate_threshold(model, pairs, y)
    nothing = [(np.arange(len(y)), np.array([], dtype=int))]
    with pytest.raises(ValueError, match="hold out no pair"):
        calibrate_threshold(_Silent(), pairs, y, cv=nothing)
    fitted = model.fit(pairs, y)
    with pytest.raises(ValueError, match="y holds the label 5"):
        calibrate_threshold(fitted, pairs, np.where(y, 5, 0))


class _Silent(SymmetricPairClassifier):
    """Scores no pairs without an error."""

    def decision_function(self, X):
        return super().decision_function(X) if len(X) else np.empty(0)


IN_SCIKIT_LEARN = [(purpose, "Pairs") for purpose in PURPOSES] + [
    (PURPOSES[3], "array")
]


@pytest.mark.parametrize(("purpose", "kind"), IN_SCIKIT_LEARN)
def test_scorers_in_tuned_threshold(purpose, kind, pairs_and_labels):
    pairs, y, group = pairs_and_labels
    labels = np.array(["different", "same"])[y]
    X = KINDS[kind](pairs)
    tuned = TunedThresholdClassifierCV(
        SymmetricPairClassifier(),
        scoring=get_threshold_scorer(**purpose),
        cv=[(np.flatnonzero(group > 1), np.flatnonzero(group <= 1))],
        refit=True,
        store_cv_results=True,
    ).fit(X, labels)
    held_out = group <= 1
    model = SymmetricPairClassifier().fit(pairs[~held_out], labels[~held_out])
    p = model.predict_proba(pairs[held_out])[:, 1]
    found, holds = value_of(purpose, y[held_out], (p >= tuned.best_threshold_) * 1, 1)
    best = threshold_at(y[held_out], p, **purpose)
    if holds:
        assert found <= best.value + 1e-12
    # A grid of a hundred thresholds, on one fold: about as good as all thresholds.
    assert abs(tuned.best_score_ - best.value) < 0.1
    assert set(tuned.predict(X)) <= set(labels)


@pytest.mark.parametrize("purpose", PURPOSES, ids=purpose_id)
def test_scorers_judge_decisions(purpose, pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier().fit(pairs, y)
    weights = rng.integers(1, 4, size=len(y))
    scorer = get_threshold_scorer(**purpose)
    found = scorer(model, pairs, y, sample_weight=weights)
    value, holds = value_of(purpose, y, model.predict(pairs), weights)
    if holds:
        assert_allclose(found, value)
    else:
        assert found < 0


def test_a_missed_level_counts_as_a_negative_number(pairs_and_labels):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier().fit(pairs, y)
    decisions = model.predict(pairs)
    far = decisions[y == 0].mean()
    recall = decisions[y == 1].mean()
    precision = y[decisions == 1].mean()
    for criterion, bound, miss in (
        ("far", 0.0, far),
        ("recall", 1.0, 1 - recall),
        ("precision", 1.0, 1 - precision),
    ):
        scorer = get_threshold_scorer(criterion, bound=bound)
        assert_allclose(scorer(model, pairs, y), -miss)


# ---------------------------------------------------------------------- recalibration


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_recalibration_is_maximum_likelihood(name, kind, pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    model = MODELS[name]().fit(pairs, y)
    new, y_new, _ = world(rng)
    moved = recalibrate(model, KINDS[kind](new), y_new)
    scores = raw_scores(model, new)
    if name == "probabilities only":
        scores = logit(scores)
    direct = LogisticRegression(C=1e10, tol=1e-10).fit(scores[:, None], y_new)
    assert_allclose(moved.scale_, direct.coef_[0, 0], rtol=1e-4)
    assert_allclose(moved.shift_, direct.intercept_[0], rtol=1e-4, atol=1e-4)
    # Two conditions of the maximum: no surprise on the whole, none along the scores.
    surprise = y_new - moved.predict_proba(new)[:, 1]
    assert_allclose(surprise.sum(), 0, atol=1e-6)
    assert_allclose(surprise @ scores, 0, atol=1e-5)


def test_recalibration_keeps_ranking_and_symmetry(pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    model = MODELS["pipeline"]().fit(pairs, y)
    new, y_new, _ = world(rng)
    moved = recalibrate(model, new, y_new)
    before, after = model.decision_function(new), moved.decision_function(new)
    assert_array_equal(np.argsort(before), np.argsort(after))
    assert_array_equal(after, moved.decision_function(new.swap()))
    assert_allclose(moved.predict_proba(new)[:, 1], expit(after))
    assert_array_equal(moved.predict(new), after > 0)
    assert moved.score(new, y_new) == np.mean((after > 0) == y_new)
    single = Pairs(new.left.astype(np.float32), new.right.astype(np.float32))
    assert moved.decision_function(single).dtype == np.float32


def test_recalibration_undoes_a_distortion(pairs_and_labels):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier(alpha=1e-8).fit(pairs, y)
    once = recalibrate(model, pairs, y)
    # The fit on its own training pairs is at its optimum already.
    assert_allclose([once.scale_, once.shift_], [1, 0], atol=0.02)
    twice = recalibrate(once, pairs, y)
    assert_allclose([twice.scale_, twice.shift_], [1, 0], atol=1e-6)


def test_recalibration_with_weights_and_rate(pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier().fit(pairs, y)
    weights = rng.integers(0, 4, size=len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    weighted = recalibrate(model, pairs, y, sample_weight=weights)
    expected = recalibrate(model, pairs[repeated], y[repeated])
    assert_allclose(weighted.scale_, expected.scale_, rtol=1e-6)
    assert_allclose(weighted.shift_, expected.shift_, atol=1e-6)
    rare = recalibrate(model, pairs, y, sample_weight=weights, similar_rate=0.01)
    rate = np.average(y, weights=weights)
    assert rare.scale_ == weighted.scale_
    assert_allclose(rare.shift_ - weighted.shift_, logit(0.01) - logit(rate))


def test_recalibrated_models_in_scikit_learn(pairs_and_labels):
    pairs, y, group = pairs_and_labels
    labels = np.array(["different", "same"])[y]
    model = SymmetricPairClassifier().fit(pairs, labels)
    moved = recalibrate(model, pairs, labels)
    assert_array_equal(moved.classes_, ["different", "same"])
    assert moved.n_features_in_ == 3
    again = pickle.loads(pickle.dumps(moved))
    assert_array_equal(again.predict_proba(pairs), moved.predict_proba(pairs))
    copy = clone(moved)
    with pytest.raises(NotFittedError):
        copy.predict(pairs)
    assert_array_equal(copy.fit(pairs, labels).predict(pairs), moved.predict(pairs))
    scores = cross_val_score(
        RecalibratedClassifier(FrozenEstimator(model)),
        pairs,
        labels,
        groups=group,
        cv=GroupKFold(3),
        scoring="neg_log_loss",
    )
    assert np.isfinite(scores).all()
    choice = calibrate_threshold(moved, pairs, labels)
    assert_array_equal(np.unique(choice.classifier.predict(pairs)), np.unique(labels))


def test_models_that_cannot_be_recalibrated(pairs_and_labels, rng):
    pairs, y, _ = pairs_and_labels
    model = SymmetricPairClassifier()
    for unfitted in (model, FrozenEstimator(model)):
        with pytest.raises(ValueError, match="'estimator' parameter of Recalibrated"):
            RecalibratedClassifier(unfitted).fit(pairs, y)
    model.fit(pairs, y)
    with pytest.raises(ValueError, match=r"'similar_rate' parameter .* \(0, 1\)"):
        recalibrate(model, pairs, y, similar_rate=1.0)
    text = "carry no information about these labels"
    with pytest.raises(ValueError, match=text):
        recalibrate(model, pairs, 1 - y)
    same = Pairs(pairs.left, pairs.left)
    with pytest.raises(ValueError, match=text):
        recalibrate(model, same, y)
    predicted = model.predict(pairs)
    with pytest.raises(ValueError, match="separate these pairs perfectly"):
        recalibrate(model, pairs, predicted)
    with pytest.raises(ValueError, match="no dissimilar pairs of positive weight"):
        recalibrate(model, pairs, np.ones(len(y), dtype=int))
    with pytest.raises(ValueError, match="got 300 pairs but 2 labels"):
        recalibrate(model, pairs, [0, 1])
    with pytest.raises(ValueError, match="is expecting 3 features"):
        recalibrate(model, pairs, y).predict(np.zeros((2, 2, 4)))
