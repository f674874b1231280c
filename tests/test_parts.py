# SPDX-License-Identifier: BSD-3-Clause
"""Fits to parts of the pairs: their sum has the minimum of all pairs together."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._design import PairDesign
from sksymsim._distributed.moments import SummedMoments
from sksymsim._distributed.parted_design import PartedDesign
from sksymsim._distributed.parted_estimator import (
    common_scale,
    fit_readings,
    put_together,
)
from sksymsim._distributed.parted_fitting import CenteredMatrices
from sksymsim._distributed.parts import (
    FAN_IN,
    LocalParts,
    LocalReadings,
    Part,
    add,
    count_labels,
    loss_and_pull,
    read_part,
    sample_scores,
    square_difference,
)
from sksymsim._forms import FORMS, both, difference, total
from sksymsim._graph import GraphDesign
from sksymsim._models import MatrixModel, MatrixRows, Parameters
from sksymsim._objective import PairObjective
from sksymsim._scaling import Curvatures, eigenbases

N_ITEMS, N_FEATURES, N_PAIRS = 90, 6, 800


@pytest.fixture
def items(rng):
    return rng.normal(size=(N_ITEMS, N_FEATURES)) * np.arange(1, N_FEATURES + 1)


@pytest.fixture
def index(rng):
    return rng.integers(0, N_ITEMS, size=(N_PAIRS, 2))


@pytest.fixture
def y(items, index, rng):
    gap = items[index[:, 0], :3] - items[index[:, 1], :3]
    square = (gap**2).sum(axis=1)
    return square + rng.normal(scale=6, size=N_PAIRS) < np.median(square)


def readings(pairs, y, weights=None, ends=(0, 100, 101, 101, 500, 800)):
    """Parts of uneven sizes, one of one pair, one of none."""
    return LocalReadings(
        [
            read_part(pairs[i:j], y[i:j], None if weights is None else weights[i:j])
            for i, j in pairwise(ends)
        ]
    )


def fitted_in_parts(model, *data, **options):
    model = clone(model)
    assert fit_readings(model, readings(*data, **options)).status == "converged"
    return model


MODELS = {
    "default": {},
    "indefinite": {"psd": False},
    "no intercept": {"fit_intercept": False, "psd": False},
    "bilinear": {"form": "bilinear"},
    "quadratic": {"form": "quadratic", "class_weight": "balanced"},
    "kissme": {"prior": "kissme", "psd": False},
    "kissme, quadratic": {"prior": "kissme", "form": "quadratic"},
    "covariance": {"prior": "covariance", "class_weight": {False: 3.0}},
    "rank 2": {"n_components": 2},
    "rank 2, indefinite": {"n_components": 2, "psd": False},
    "rank 6": {"n_components": N_FEATURES},
    "matrix": {"prior": np.diag(np.arange(1.0, 7.0)), "similar_rate": 0.05},
    "held": {"alpha": 1e3, "n_components": 3},
    "reflexive": {"reflexive": True},
}


@pytest.mark.parametrize("name", MODELS)
def test_same_optimum_as_in_one_place(name, items, index, y, rng):
    options = MODELS[name]
    pairs = Pairs.from_index(items, index)
    if name in ("default", "bilinear", "quadratic"):
        pairs = Pairs(pairs.left, pairs.right)
    weights = rng.integers(0, 3, size=N_PAIRS).astype(float)
    model = SymmetricPairClassifier(tol=1e-8, max_iter=5000).set_params(
        **{"alpha": 1e-3, **options}
    )
    whole = clone(model).fit(pairs, y, weights)
    parted = fitted_in_parts(model, pairs, y, weights)
    assert_allclose(parted.objective_, whole.objective_, rtol=0, atol=1e-9)
    expected = whole.decision_function(pairs)
    assert_allclose(parted.decision_function(pairs), expected, rtol=1e-5, atol=1e-5)
    assert_array_equal(parted.classes_, whole.classes_)
    assert parted.n_features_in_ == N_FEATURES
    card, expected = parted._card, whole._card
    changing = ("versions", "scores", "n_items")
    for name in set(card) - set(changing):
        assert card[name] == expected[name], name


def test_default_tolerance_is_met(items, index, y):
    pairs = Pairs.from_index(items, index)
    model = SymmetricPairClassifier(alpha=1e-3)
    best = clone(model).set_params(tol=1e-8, max_iter=5000).fit(pairs, y).objective_
    parted = fitted_in_parts(model, pairs, y)
    assert best - 1e-12 <= parted.objective_ <= best + 1e-5


def test_earlier_solution_is_where_to_begin(items, index, y):
    pairs = Pairs.from_index(items, index)
    model = SymmetricPairClassifier(alpha=1e-3, warm_start=True, psd=False, tol=1e-5)
    fit_readings(model, readings(pairs, y))
    first = model.n_iter_, model.objective_
    fit_readings(model, readings(pairs, y))
    assert model.n_iter_ <= 1 < first[0]
    assert_allclose(model.objective_, first[1], atol=1e-9)
    # A worse one than the prior is left alone.
    fit_readings(model, readings(pairs, ~y))
    again = SymmetricPairClassifier(alpha=1e-3, psd=False, tol=1e-5)
    fit_readings(again, readings(pairs, ~y))
    assert_allclose(model.objective_, again.objective_, atol=1e-9)


def test_identical_sides_have_a_scale(items, rng):
    pairs = Pairs.from_index(items, np.repeat(np.arange(N_ITEMS), 2).reshape(-1, 2))
    y = rng.random(N_ITEMS) < 0.5
    found = readings(pairs, y, ends=(0, 40, N_ITEMS))
    labels = put_together(found.each(count_labels), None)
    chosen = labels.classes, labels.factors
    scale = common_scale(found.each(square_difference, *chosen))
    assert scale == np.abs(items).max()
    zeros = Pairs(np.zeros((4, 2)), np.zeros((4, 2)))
    part = read_part(zeros, np.array([0, 1, 0, 1]), None)
    assert common_scale([square_difference(part, np.array([0, 1]), [1.0, 1.0])]) == 1.0


def test_scale_is_that_of_one_design(items, index, y, rng):
    pairs = Pairs.from_index(items, index)
    weights = rng.random(N_PAIRS)
    found = readings(pairs, y, weights)
    labels = put_together(found.each(count_labels), None)
    scale = common_scale(found.each(square_difference, labels.classes, labels.factors))
    whole = PairDesign(pairs, FORMS["mahalanobis"], weights / weights.sum())
    assert_allclose(scale, whole.scale, rtol=1e-12)


# ------------------------------------------------------------------ labels and weights


def test_labels_of_all_parts_are_put_together(items):
    pairs = Pairs(items[:6], items[6:12])
    y = np.array(["same", "same", "same", "other", "other", "same"])
    weights = np.array([1.0, 0.0, 3.0, 2.0, 0.0, 4.0])
    found = readings(pairs, y, weights, ends=(0, 2, 3, 5, 6)).each(count_labels)
    known = put_together(found, None)
    assert known.classes.tolist() == ["other", "same"]
    assert known.counts.tolist() == [1, 3]
    assert_allclose(known.rates, [0.2, 0.8])
    assert_allclose(known.factors, [0.1, 0.1])
    assert_allclose(put_together(found, "balanced").rates, [0.5, 0.5])
    weighted = put_together(found, {"other": 4.0})
    assert_allclose(weighted.rates, [0.5, 0.5])


def test_very_large_weights_do_not_overflow(items):
    pairs = Pairs(items[:4], items[4:8])
    weights = np.full(4, 1e308)
    found = readings(pairs, np.array([0, 1, 0, 1]), weights, ends=(0, 2, 4))
    known = put_together(found.each(count_labels), None)
    assert_allclose(known.rates, [0.5, 0.5])
    assert_allclose(known.factors * 1e308, [0.25, 0.25])


@pytest.mark.parametrize(
    ("y", "weights", "class_weight", "message"),
    [
        ([1, 1, 1, 1], None, None, "y holds one class only"),
        ([0, 1, 2, 1], None, None, "Only binary classification is supported"),
        ([0, 0, 1, 1], [1.0, 1.0, 0.0, 0.0], None, "all similar pairs have zero"),
        ([0, 0, 1, 1], [0.0] * 4, None, "pairs have zero weight"),
        ([0, 0, 1, 1], None, {0: 0.0}, "all dissimilar pairs have zero weight"),
        ([0, 0, 1, 1], None, {5: 1.0}, "class_weight names 5"),
        ([0.5, 0.2, 0.1, 0.7], None, None, "Unknown label type"),
    ],
)
def test_bad_labels_are_seen_over_all_parts(y, weights, class_weight, message, items):
    pairs = Pairs(items[:4], items[4:8])
    weights = None if weights is None else np.array(weights)
    found = readings(pairs, np.array(y), weights, ends=(0, 2, 4)).each(count_labels)
    with pytest.raises(ValueError, match=message):
        put_together(found, class_weight)


def test_bad_parts(items):
    pairs = Pairs(items[:2], items[2:4])
    with pytest.raises(ValueError, match="got 2 pairs but 3 labels"):
        read_part(pairs, np.array([0, 1, 1]), None)
    with pytest.raises(ValueError, match="negative weights"):
        read_part(pairs, np.array([0, 1]), [-1.0, 1.0])
    with pytest.raises(ValueError, match="contains 1 NaN"):
        read_part(Pairs([[np.nan]], [[1.0]]), np.array([1]), None)
    one = read_part(pairs[:1], np.array([1]), None)
    with pytest.raises(ValueError, match="Found 1 pairs in all partitions"):
        put_together([count_labels(one)], None)
    narrow = read_part(Pairs([[1.0]], [[2.0]]), np.array([0]), None)
    with pytest.raises(ValueError, match=r"several widths: \[1, 6\]"):
        put_together([count_labels(one), count_labels(narrow)], None)


# --------------------------------------------------------------------------- the parts


def test_sums_are_taken_in_a_fixed_order(rng):
    values = rng.normal(size=(3 * FAN_IN + 1, 5)) * 10.0 ** rng.integers(-9, 9, (25, 1))
    parts = LocalParts(
        [
            Part(
                Pairs(v[None], v[None]),
                np.array([True]),
                np.ones(1),
                "mahalanobis",
                1.0,
            )
            for v in values
        ]
    )
    taken = iter(values)
    result = parts.sum(lambda part: [1.0, next(taken).copy()])
    assert result[0] == len(values)
    groups = [sum(values[i : i + FAN_IN]) for i in range(0, len(values), FAN_IN)]
    assert_array_equal(result[1], sum(groups[1:], groups[0]))


def test_add_leaves_its_terms_alone():
    first, other = [1.0, np.ones(2)], [2.0, np.ones(2)]
    total_of = add(None, first, None, other)
    assert total_of[0] == 3.0
    assert_array_equal(total_of[1], [2.0, 2.0])
    assert_array_equal(first[1], np.ones(2))
    assert add(None, None) is None


@pytest.mark.parametrize("form", FORMS)
def test_part_comes_out_of_a_pickle_with_the_same_bits(form, items, index, y, rng):
    pairs = Pairs.from_index(items, index)
    part = Part(pairs, y, np.full(N_PAIRS, 1 / N_PAIRS), form, 2.0)
    copy = pickle.loads(pickle.dumps(part))
    n_terms = len(FORMS[form].terms)
    linear = rng.normal(size=N_FEATURES) if FORMS[form].has_linear else None
    arrays = [np.eye(N_FEATURES)] * n_terms
    parameters = Parameters(0.5, linear, arrays)
    for one, other in zip(
        loss_and_pull(part, MatrixRows(), parameters),
        loss_and_pull(copy, MatrixRows(), parameters),
        strict=True,
    ):
        assert_array_equal(one, other)
    assert part.__sizeof__() > items.nbytes


@pytest.mark.parametrize("shared", [True, False])
def test_sample_of_scores_goes_with_its_labels(shared, items, index, y):
    # A score that gives the label away.
    marked = np.column_stack([items, np.zeros(N_ITEMS)])
    left, right = marked[index[:, 0]], marked[index[:, 1]]
    left[:, -1] = 100.0 * y
    pairs = Pairs(left, right)
    if shared:
        pairs = pairs.to_index()
    part = Part(pairs, y, np.full(N_PAIRS, 1.0), "mahalanobis", 1.0)
    only_last = np.zeros((7, 7))
    only_last[-1, -1] = 1.0
    scores = sample_scores(part, MatrixRows(), Parameters(0.0, None, [only_last]), 3)
    expected = np.where(part.objective.targets[::3] > 0, -1e4, 0.0)
    assert_allclose(scores, expected, atol=1e-3)


# ----------------------------------------------------------------------------- moments


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [PairDesign, GraphDesign])
def test_moments_are_those_of_all_pairs(form, make, items, index, y):
    pairs = Pairs.from_index(items, index)
    weights = np.full(N_PAIRS, 1 / N_PAIRS)
    whole = make(pairs, FORMS[form], weights, None, 2.0)
    targets = whole.arrange(np.where(y, 1.0, -1.0))
    cuts = (slice(0, 300), slice(300, 800))
    parts = LocalParts(
        [Part(pairs[cut], y[cut], weights[cut], form, 2.0) for cut in cuts]
    )
    design = PartedDesign(parts, FORMS[form], N_PAIRS, N_FEATURES, 2.0, np.dtype(float))
    moments = design.label_moments(True)
    assert_allclose(moments.weights, [y.mean(), 1 - y.mean()])
    for factors in ([1.0, 0.0], [0.3, 2.0]):
        shares = np.where(targets > 0, *factors) / N_PAIRS
        grouped = moments.weights * factors
        for sides in (total, difference, both):
            assert_allclose(
                moments.moment(sides, grouped), whole.moment(sides, shares), atol=1e-10
            )
        assert_allclose(moments.mean_total(grouped), whole.mean_total(shares))
        assert_allclose(
            moments.pooled_moment(grouped), whole.pooled_moment(shares), atol=1e-10
        )
    fisher = np.full(N_PAIRS, 0.25 / N_PAIRS)
    bases, _ = eigenbases(whole, fisher)
    turned, parted = whole.turn(bases), moments.turn(bases)
    for term in FORMS[form].terms:
        for one, other in zip(
            parted.spread(term.sides, moments.weights / 4),
            turned.spread(term.sides, fisher),
            strict=True,
        ):
            if not (term.sides is difference and not np.any(one)):
                assert_allclose(one, other, atol=1e-10)


def test_group_without_weight_counts_nothing():
    squares = {difference: np.stack([np.eye(2), np.zeros((2, 2))])}
    moments = SummedMoments(
        FORMS["mahalanobis"], 2, np.array([0.5, 0.0]), None, squares
    )
    assert_array_equal(moments.moment(difference, np.array([1.0, 1.0])), 2 * np.eye(2))


@pytest.mark.parametrize("form", FORMS)
def test_gradient_of_centered_matrices(form, items, index, y, rng):
    pairs = Pairs.from_index(items, index)
    weights = np.full(N_PAIRS, 1 / N_PAIRS)
    parts = LocalParts([Part(pairs, y, weights, form, 8.0)])
    design = PartedDesign(parts, FORMS[form], N_PAIRS, N_FEATURES, 8.0, np.dtype(float))
    linear = np.zeros(N_FEATURES) if FORMS[form].has_linear else None
    prior = Parameters(
        0.0, linear, [t.prior_sign * np.eye(N_FEATURES) for t in FORMS[form].terms]
    )
    objective = PairObjective(design, MatrixModel(prior), *design.sample(), 1e-2, True)
    moments = design.fisher_moments(objective.model, prior)
    bases, spreads = eigenbases(moments, moments.weights)
    curvatures = Curvatures(objective, moments.weights, spreads)
    problem = CenteredMatrices(objective, moments.turn(bases), curvatures)
    start = problem.start(0.7, prior)
    assert_allclose(
        problem.parameters(start).flatten()[1:], 1.7 * prior.flatten()[1:], atol=1e-12
    )
    x = start + 0.01 * rng.normal(size=start.size)
    _, gradient = problem.value_and_gradient(x)
    first, second, *_ = np.eye(start.size)
    for direction in (first, second, rng.normal(size=start.size)):
        symmetric = problem.shapes.like(direction[1:])
        for array in symmetric.arrays:
            array[:] = (array + array.T) / 2
        ahead, behind = (
            problem.value_and_gradient(x + sign * 1e-5 * direction)[0]
            for sign in (1, -1)
        )
        assert_allclose(
            (ahead - behind) / 2e-5, gradient @ direction, rtol=1e-5, atol=1e-9
        )
