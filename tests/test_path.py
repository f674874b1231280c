# SPDX-License-Identifier: BSD-3-Clause
"""Paths of penalties against single fits, and folds of a few groups."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._blocks import Team
from sksymsim._forms import FORMS
from sksymsim._selection.group_folds import few_group_folds, number_of_groups
from sksymsim._selection.path import BETTER, Ending, HeldOutPaths, in_step

every_form = pytest.mark.parametrize("form", FORMS)
every_prior = pytest.mark.parametrize(
    ("prior", "shrinkage"), [("identity", 0.1), ("covariance", 0.3), ("kissme", 0.2)]
)
ALPHAS = (np.inf, 0.3, 1e-2)
TOL = 1e-7


@pytest.fixture(params=["index", "two arrays"])
def task(request, seed):
    """Training and held-out pairs with labels and weights."""
    pairs, y, _ = class_pairs(seed, n_pairs=240)
    if request.param == "two arrays":
        pairs = Pairs(pairs.left, pairs.right)
    weights = np.random.default_rng(seed).uniform(0.2, 2.0, len(y))
    return pairs[:160], y[:160], weights[:160], pairs[160:], y[160:], weights[160:]


def make_paths(form, task, team, tol=TOL):
    train, y, weights, held, z, held_weights = task
    return HeldOutPaths(
        FORMS[form],
        train,
        held,
        y == 1,
        weights / weights.sum(),
        z == 1,
        held_weights,
        team,
        tol=tol,
        max_iter=2000,
    )


@every_prior
@every_form
def test_points_of_a_path_are_single_fits(form, prior, shrinkage, task):
    train, y, weights, held, _, _ = task
    with Team(1) as team:
        paths = make_paths(form, task, team)
        points = list(paths.along(prior, shrinkage, ALPHAS))
    assert [point.alpha for point in points] == list(ALPHAS)
    assert points[0].n_iter == 0
    for point in points:
        model = SymmetricPairClassifier(
            form,
            alpha=min(point.alpha, 1e9),
            prior=prior,
            shrinkage=shrinkage,
            psd=False,
            tol=TOL,
            max_iter=2000,
        ).fit(train, y, sample_weight=weights)
        expected = model.decision_function(held)
        size = np.abs(expected).max()
        assert_allclose(point.scores, expected, rtol=1e-4, atol=1e-4 * size)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_the_prior_alone_is_scaled_by_platt(form, task):
    train, y, weights, held, _, _ = task

    def plain(pairs):
        if form == "bilinear":
            scores = np.einsum("ij,ij->i", pairs.left, pairs.right)
        else:
            scores = -((pairs.left - pairs.right) ** 2).sum(axis=1)
        return scores[:, None]

    with Team(1) as team:
        (point,) = make_paths(form, task, team).along("identity", 0.1, [np.inf])
    platt = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000)
    platt.fit(plain(train), y, sample_weight=weights)
    if platt.coef_[0, 0] > 0:
        expected = platt.decision_function(plain(held))
    else:
        rate = weights @ y / weights.sum()
        expected = np.full(len(held), np.log(rate / (1 - rate)))
    assert_allclose(point.scores, expected, rtol=1e-4, atol=1e-5)


def test_priors_share_what_was_turned_and_do_not_notice(task):
    with Team(1) as team:
        shared = make_paths("quadratic", task, team)
        alone = make_paths("quadratic", task, team)
        list(shared.along("identity", 0.1, ALPHAS))
        turned = shared._turned
        again = list(shared.along("kissme", 0.2, ALPHAS))
        assert shared._turned is turned
        once = list(alone.along("kissme", 0.2, ALPHAS))
    assert len(again) == len(once)
    for one, other in zip(again, once, strict=True):
        size = np.abs(other.scores).max()
        assert_allclose(one.scores, other.scores, rtol=1e-4, atol=1e-4 * size)


def best_log_loss(scores, y, weights):
    """Return the log-loss at the best scale and shift, by scikit-learn."""
    platt = LogisticRegression(C=1e10, tol=1e-8, max_iter=1000)
    column = scores[:, None] / max(scores.std(), 1e-12)
    platt.fit(column, y, sample_weight=weights)
    if platt.coef_[0, 0] < 0:
        proba = np.full(len(y), weights @ y / weights.sum())
    else:
        proba = platt.predict_proba(column)[:, 1]
    return log_loss(y, proba, sample_weight=weights)


def test_paths_end_together_where_they_only_follow_the_training_pairs():
    """Six features of which one matters, and labels that are hardly ever wrong."""
    rng = np.random.default_rng(4)
    pairs = Pairs(*rng.normal(size=(2, 320, 6)))
    gap = np.abs(pairs.left[:, 0] - pairs.right[:, 0])
    y = np.where(rng.random(320) < 0.02, rng.integers(0, 2, 320), gap < 0.9)
    weights = rng.uniform(0.2, 2.0, 320)
    halves = slice(160), slice(160, None)
    tasks = [
        (pairs[a], y[a], weights[a], pairs[b], y[b], weights[b])
        for a, b in (halves, halves[::-1])
    ]
    alphas = [np.inf, *np.logspace(0, -8, 9)]
    with Team(1) as team:
        folds = [make_paths("mahalanobis", task, team, tol=1e-3) for task in tasks]
        steps = list(in_step(folds, "identity", 0.1, alphas))
        alone = list(folds[0].along("identity", 0.1, alphas))
    assert 2 < len(steps) < len(alphas)
    losses = []
    for alpha, points, first in zip(alphas, steps, alone, strict=False):
        assert {point.alpha for point in points} == {alpha}
        assert_array_equal(points[0].scores, first.scores)
        for point, task in zip(points, tasks, strict=True):
            expected = best_log_loss(point.scores, task[4], task[5])
            assert_allclose(point.loss, expected, rtol=1e-5)
        losses.append(np.mean([point.loss for point in points]))
    # The last two are no better than what was found before them.
    assert min(losses[-2:]) > (1 - BETTER) * min(losses[:-2])
    assert np.argmin(losses) > 1


# Losses, and how far the scores have turned away from those of the prior.
ENDS = [
    # Nothing is learned at large penalties: that is no reason to end.
    ([1.0] * 9, [0.0] * 9, None),
    # Better all the way.
    ([1.0, 0.9, 0.8, 0.7, 0.6], [0, 1, 1, 1, 1], None),
    # Two in a row that are worse, or hardly better, than the best before.
    ([1.0, 0.9, 0.95, 0.91, 0.5], [0, 1, 1, 1, 1], 3),
    ([1.0, 0.9, 0.8999, 0.8998, 0.5], [0, 1, 1, 1, 1], 3),
    # One alone is not enough.
    ([1.0, 0.9, 0.95, 0.8, 0.85, 0.7], [0, 1, 1, 1, 1, 1], None),
    # Worse from the start, but not moved yet.
    ([1.0, 1.0, 1.1, 1.2, 1.3, 1.4, 0.5], [0, 0, 0.05, 0.05, 1, 1, 1], 5),
    # Labels that mean nothing: no loss is better, however far the scores move.
    ([0.7, 0.7, 0.7, 0.7, 0.7], [0, 0, 0.2, 0.4, 0.6], 3),
]


@pytest.mark.parametrize(("losses", "angles", "end"), ENDS)
def test_when_a_path_ends(losses, angles, end):
    rng = np.random.default_rng(0)
    prior, other = np.linalg.qr(rng.normal(size=(50, 3)))[0].T[1:]
    prior, other = prior - prior.mean(), other - other.mean()
    ending = Ending()
    said = [
        # Neither the scale nor the shift of the scores is a move.
        ending.is_reached(loss, [7 * (np.cos(a) * prior + np.sin(a) * other) - 3])
        for loss, a in zip(losses, angles, strict=True)
    ]
    assert said.index(True) == end if end else not any(said)


# ----------------------------------------------------------------- folds of few groups


@settings(max_examples=40, deadline=None)
@given(
    n_groups=st.integers(4, 14),
    n_splits=st.integers(2, 8),
    random_state=st.integers(0, 99),
)
def test_folds_of_few_groups(n_groups, n_splits, random_state):
    every = np.array([(g, h) for g in range(n_groups) for h in range(g, n_groups)])
    names = np.array([f"group {i}" for i in range(n_groups)])
    index = np.arange(2 * len(every)).reshape(-1, 2)
    pairs = Pairs.from_index(np.zeros((index.size, 1)), index)
    folds = few_group_folds(pairs, names[every], n_splits, random_state)
    again = few_group_folds(pairs, names[every], n_splits, random_state)
    assert len(folds) == min(n_splits, n_groups)
    held_out = Counter(dict.fromkeys(range(n_groups), 0))
    for (train, test), (train_again, test_again) in zip(folds, again, strict=True):
        assert_array_equal(train, train_again)
        assert_array_equal(test, test_again)
        trained, tested = (set(every[part].ravel().tolist()) for part in (train, test))
        assert not trained & tested
        assert trained | tested == set(range(n_groups))
        # All pairs that lie wholly on one side are used.
        inside = np.isin(every, list(tested))
        assert_array_equal(test, np.flatnonzero(inside.all(axis=1)))
        assert_array_equal(train, np.flatnonzero(~inside.any(axis=1)))
        assert len(tested) == max(2, round(0.3 * n_groups))
        held_out.update(tested)
    assert max(held_out.values()) - min(held_out.values()) <= 1


def test_number_of_groups():
    assert number_of_groups([[1, 2], [2, 5]]) == 3
    assert number_of_groups(["a", "b", "a"]) == 2
    assert number_of_groups([["a", 1], [None, "a"]]) == 3
