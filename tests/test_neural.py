# SPDX-License-Identifier: BSD-3-Clause
"""The network as an estimator: what it learns, when it stops, what it refuses."""

import pickle
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import class_pairs
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils import check_random_state

from sksymsim import (
    PairGroupKFold,
    Pairs,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    neural,
)
from sksymsim._forms import row_cosines
from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._networks import fitting as _network_fitting
from sksymsim._networks import inputs as _network_inputs
from sksymsim._networks import stream as _network_stream
from sksymsim._networks import training as _network_training
from sksymsim._networks.fitting import fit_network
from sksymsim._networks.held_out import effective_number, entities_of, hold_out
from sksymsim._networks.layers import SharedLayer
from sksymsim._networks.optimizers import Adam
from sksymsim._networks.poolings import POOLINGS

UNTRAINED = "ignore:Training stopped after:sklearn.exceptions.ConvergenceWarning"


def small(**parameters):
    """Return a network that is quick to train, without early stopping."""
    given = {
        "hidden_layer_sizes": (8,),
        "head_layer_sizes": (4,),
        "early_stopping": False,
        "random_state": 0,
        "max_iter": 5,
    }
    return SymmetricMLPClassifier(**{**given, **parameters})


@pytest.fixture(scope="module")
def data():
    pairs, y, _ = class_pairs()
    return pairs, y


def same_network(one, other):
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(one.intercepts_, other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.intercept_ == other.intercept_
    assert one.cosine_scale_ == other.cosine_scale_


# ---------------------------------------------------------------------------- symmetry


@pytest.mark.filterwarnings(UNTRAINED)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
    pooling=st.sampled_from(sorted(POOLINGS)),
    cross=st.booleans(),
    activation=st.sampled_from(["relu", "tanh", "identity", "logistic"]),
    layers=st.sampled_from([(), (5,), (6, 3)]),
    solver=st.sampled_from(["adam", "lbfgs"]),
)
def test_any_fit_is_exactly_symmetric_also_after_pickling(
    seed, dtype, pooling, cross, activation, layers, solver
):
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(20, 3)).astype(dtype)
    pairs = Pairs.from_index(items, rng.integers(20, size=(30, 2)))
    model = small(
        hidden_layer_sizes=layers,
        pooling=pooling,
        cross_weights=cross,
        activation=activation,
        solver=solver,
        learning_rate_init=0.1,
        random_state=seed,
    ).fit(pairs, np.arange(30) % 2)
    scores = model.decision_function(pairs)
    assert scores.dtype == dtype
    for fitted in (model, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(fitted.decision_function(pairs), scores)
        np.testing.assert_array_equal(fitted.decision_function(pairs.swap()), scores)
    # Two arrays take another way, which is symmetric too.
    expanded = Pairs(pairs.right, pairs.left)
    there, back = map(model.decision_function, (expanded, expanded.swap()))
    np.testing.assert_array_equal(there, back)
    np.testing.assert_allclose(there, scores, rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings(UNTRAINED)
def test_pickle_holds_the_network_and_no_pairs(data):
    model = small(hidden_layer_sizes=(64,)).fit(*data)
    n_parameters = sum(a.size for a in [*model.coefs_, *model.intercepts_])
    assert len(pickle.dumps(model)) < 8 * n_parameters + 3000


# ---------------------------------------------------------------------- what it learns


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cross_weights", [False, True])
def test_training_loss_falls_to_zero_where_labels_can_be_told(pooling, cross_weights):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(24, 2, 6)), np.arange(24) % 2
    model = small(
        hidden_layer_sizes=(24,),
        head_layer_sizes=(16,),
        activation="tanh",
        pooling=pooling,
        cross_weights=cross_weights,
        solver="lbfgs",
        alpha=0.0,
        max_iter=500,
        tol=1e-7,
    ).fit(X, y)
    assert model.loss_curve_[-1] < 1e-5
    assert log_loss(y, model.predict_proba(X)) < 1e-5


def xor_pairs(n_times, seed):
    """Draw items near the four corners (+-1, +-1); a pair is similar if both products
    of coordinates have one sign. Each of the 16 pairs of corners comes as often."""
    rng = np.random.default_rng(seed)
    corners = np.array(list(product([-1.0, 1.0], repeat=4))).reshape(16, 2, 2)
    corners = np.tile(corners, (n_times, 1, 1))
    X = corners + 0.1 * rng.normal(size=corners.shape)
    return X, (corners.prod(axis=(1, 2)) > 0).astype(int)


@pytest.mark.parametrize("cross_weights", [False, True])
def test_xor_of_pairs(cross_weights):
    """Four clusters of items at (+-1, +-1) make two kinds, by the sign of x1 x2: XOR.

    Pairs of one kind are similar, so that the label is the sign of a1 a2 b1 b2. On the
    corners that product is uncorrelated with every polynomial of degree two in (a, b),
    and so no form of `SymmetricPairClassifier` ranks better than chance, however many
    pairs there are. A network solves it.
    """
    X, y = xor_pairs(40, 0)
    X_test, y_test = xor_pairs(40, 1)
    for form in ("mahalanobis", "bilinear", "quadratic"):
        linear = SymmetricPairClassifier(form, alpha=1e-3).fit(X, y)
        auc = roc_auc_score(y_test, linear.decision_function(X_test))
        assert abs(auc - 0.5) < 0.08
    model = SymmetricMLPClassifier(
        (16, 8),
        cross_weights=cross_weights,
        learning_rate_init=1e-2,
        alpha=1e-4,
        n_iter_no_change=5,
        random_state=0,
    ).fit(X, y)
    assert roc_auc_score(y_test, model.decision_function(X_test)) > 0.999
    assert model.score(X_test, y_test) > 0.99


def test_with_much_penalty_it_is_the_calibrated_cosine(data):
    """And k and g are those of an unpenalised logistic regression on the cosine."""
    pairs, y = data
    cosine = row_cosines(pairs.left, pairs.right)
    platt = LogisticRegression(C=1e12, tol=1e-10).fit(cosine[:, None], y)
    model = small(solver="lbfgs", alpha=1e4, tol=1e-8, max_iter=100).fit(pairs, y)
    np.testing.assert_allclose(model.cosine_scale_, platt.coef_[0, 0], rtol=1e-4)
    np.testing.assert_allclose(model.intercept_, platt.intercept_[0], rtol=1e-4)
    np.testing.assert_allclose(
        model.decision_function(pairs),
        model.intercept_ + model.cosine_scale_ * cosine,
        atol=1e-5,
    )


def test_without_the_cosine_it_begins_at_the_rate(data):
    pairs, y = data
    model = small(solver="lbfgs", alpha=1e4, cosine_skip=False, max_iter=100, tol=1e-8)
    model.fit(pairs, y)
    assert model.cosine_scale_ == 0
    np.testing.assert_allclose(expit(model.intercept_), y.mean(), rtol=1e-5)
    assert np.ptp(model.decision_function(pairs)) < 1e-3


@pytest.mark.parametrize("weighted", [False, True])
def test_the_objective_is_what_the_docstring_says(data, weighted):
    pairs, y = data
    w = np.random.default_rng(0).uniform(0, 9, len(y)) if weighted else None
    model = small(solver="lbfgs", alpha=0.02, max_iter=500)
    model.fit(pairs, y, sample_weight=w)
    loss = log_loss(y, model.predict_proba(pairs), sample_weight=w)
    penalty = 0.02 / 2 * sum((weights**2).sum() for weights in model.coefs_)
    np.testing.assert_allclose(model.loss_curve_[-1], loss + penalty, rtol=1e-9)
    assert model.n_iter_ == len(model.loss_curve_)


def test_without_layers_it_is_a_logistic_regression(data):
    """On the products of centred items: convex, with one optimum for all solvers."""
    pairs, y = data
    model = small(
        hidden_layer_sizes=(), head_layer_sizes=(), pooling="product", alpha=0.01
    ).set_params(cosine_skip=False, solver="lbfgs", tol=1e-8, max_iter=100)
    model.fit(pairs, y)
    sides = np.concatenate([pairs.left, pairs.right])
    center = sides.mean(axis=0)
    scale = np.sqrt(((sides - center) ** 2).mean())
    products = (pairs.left - center) * (pairs.right - center) / scale**2
    exact = LogisticRegression(C=1 / (0.01 * len(y)), tol=1e-8, max_iter=1000)
    exact.fit(products, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], exact.coef_[0], atol=1e-6)
    np.testing.assert_allclose(model.intercept_, exact.intercept_[0], atol=1e-6)
    model.set_params(solver="adam", learning_rate_init=0.03, batch_size=300, tol=1e-11)
    model.set_params(max_iter=3000).fit(pairs, y)
    np.testing.assert_allclose(model.coefs_[0][:, 0], exact.coef_[0], atol=1e-3)


# -------------------------------------------------------------------- weights and seeds


def test_weights_are_repetitions(data):
    pairs, y = data
    n_times = np.random.default_rng(0).integers(0, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), n_times)
    settings_ = {"solver": "lbfgs", "alpha": 0.01, "max_iter": 500, "tol": 1e-8}
    settings_ |= {"activation": "tanh", "pooling": "product", "head_layer_sizes": ()}
    one = small(**settings_).fit(pairs, y, sample_weight=n_times)
    other = small(**settings_).fit(pairs[repeated], y[repeated])
    np.testing.assert_allclose(
        one.decision_function(pairs), other.decision_function(pairs), atol=1e-4
    )


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_pairs_without_weight_are_as_if_not_there(data, early_stopping):
    pairs, y = data
    w = (np.arange(len(y)) % 3 > 0).astype(float)
    one = small(early_stopping=early_stopping).fit(pairs, y, 7 * w)
    other = small(early_stopping=early_stopping).fit(pairs[w > 0], y[w > 0])
    same_network(one, other)


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_seed_decides_everything(data, solver):
    one, other = (small(solver=solver).fit(*data) for _ in range(2))
    same_network(one, other)
    assert one.loss_curve_ == other.loss_curve_
    third = small(solver=solver, random_state=1).fit(*data)
    assert (one.coefs_[0] != third.coefs_[0]).any()


@pytest.mark.filterwarnings(UNTRAINED)
def test_order_of_the_pairs(data):
    same = small(shuffle=False).fit(*data)
    assert (same.coefs_[0] != small().fit(*data).coefs_[0]).any()
    same_network(same, small(shuffle=False).fit(*data))


# ----------------------------------------------------------------------- early stopping


@pytest.fixture(scope="module")
def more():
    pairs, y, _ = class_pairs(n_items=96, n_pairs=1000)
    return pairs, y


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_early_stopping_keeps_the_best_epoch(more, solver):
    early = SymmetricMLPClassifier(
        (16,), solver=solver, alpha=1e-4, random_state=0, refit=False
    )
    early.set_params(learning_rate_init=1e-2, n_iter_no_change=3).fit(*more)
    scores = np.array(early.validation_scores_)
    best = int(scores.argmax())
    assert early.best_validation_score_ == scores[best]
    assert len(scores) == early.n_iter_ + 1 == len(early.loss_curve_) + 1
    assert 0 < best <= early.n_iter_ - 3
    # The same seed holds out the same pairs, so the same epochs are run.
    shorter = clone(early).set_params(max_iter=best)
    with pytest.warns(ConvergenceWarning):
        shorter.fit(*more)
    same_network(early, shorter)


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_refit_takes_all_pairs_for_as_many_epochs(more, solver):
    pairs, y = more
    held = SymmetricMLPClassifier(
        (8,), solver=solver, learning_rate_init=1e-2, max_iter=6, random_state=0
    )
    by_item = pairs.index
    whole = clone(held).fit(pairs, y, groups=by_item)
    held.set_params(refit=False).fit(pairs, y, groups=by_item)
    assert whole.validation_scores_ == held.validation_scores_
    n_epochs = int(np.argmax(held.validation_scores_))
    assert n_epochs > 0
    # It draws on where the first training stopped, so that is repeated here.
    rng = check_random_state(0)
    sample = labelled(pairs, y, by_item)
    (parts,) = hold_out(sample, 0.1, rng)
    recipe = held._recipe(5)
    progress = fit_network(recipe, *parts, rng, n_all=len(y)).progress
    expected = fit_network(recipe, sample, None, rng, n_epochs).model
    # At the scale that the held-out pairs asked for.
    scale, shift = progress.scalings[n_epochs]
    np.testing.assert_allclose(
        whole.decision_function(pairs), scale * expected.score(pairs) + shift, rtol=1e-6
    )


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_where_only_the_cosine_counts_nothing_else_is_learned(data, solver):
    """A validation that is best at the start leaves Platt's scaling of all pairs."""
    pairs, _ = data
    cosine = row_cosines(pairs.left, pairs.right)
    noise = np.random.default_rng(0).normal(size=len(pairs))
    y = (cosine + noise > 0).astype(int)
    model = SymmetricMLPClassifier(
        solver=solver, random_state=0, learning_rate_init=1.0, alpha=0.0
    ).fit(pairs, y)
    assert np.argmax(model.validation_scores_) == 0
    platt = LogisticRegression(C=1e12, tol=1e-10).fit(cosine[:, None], y)
    expected = platt.decision_function(cosine[:, None])
    np.testing.assert_allclose(model.decision_function(pairs), expected, atol=1e-4)


def labelled(pairs, y, groups=None):
    return LabelledPairs(pairs, y == 1, np.ones(len(y)), groups)


@pytest.mark.parametrize("by_group", [False, True])
def test_held_out_pairs_share_no_entity_with_training(by_group):
    pairs, y, groups = class_pairs(n_items=200, n_classes=40, n_pairs=2000)
    of_side = groups if by_group else None
    sample = labelled(pairs, y, of_side)
    ((train, held),) = hold_out(sample, 0.2, check_random_state(0))
    classes = [set((part.pairs.index % 40).ravel()) for part in (train, held)]
    assert not classes[0] & classes[1]
    assert 0.1 < len(held.pairs) / (len(held.pairs) + len(train.pairs)) < 0.35
    for part in (train, held):
        assert len(part.pairs) < len(pairs)
        rate = np.average(part.similar, weights=part.weights)
        np.testing.assert_allclose(rate, y.mean(), rtol=1e-12)
        # The weights of one kind are alike: only the kinds are rated.
        assert len(np.unique(part.weights)) == 2


def test_entities_are_what_chains_of_similar_pairs_join():
    index = np.array([[0, 1], [1, 2], [3, 4], [0, 3], [5, 5], [6, 0]])
    similar = np.array([True, True, True, False, False, False])
    items = np.arange(14.0).reshape(7, 2)
    for pairs in (
        Pairs.from_index(items, index),
        Pairs(items[index[:, 0]], items[index[:, 1]]),
    ):
        entity = entities_of(pairs, similar)
        same = entity[:, 0] == entity[:, 1]
        np.testing.assert_array_equal(same, similar | (index[:, 0] == index[:, 1]))
        assert entity[0, 0] == entity[1, 1] == entity[3, 0] == entity[5, 1]
        assert len(np.unique(entity)) == 4


def test_effective_number_of_entities():
    assert effective_number(np.array([[0, 1], [2, 3]])) == 4
    assert effective_number(np.array([[0, 0], [0, 0]])) == 1
    # Many small ones beside five large ones count for little.
    sizes = [1000] * 5 + [2] * 20
    keys = np.repeat(np.arange(25), sizes).reshape(-1, 2)
    assert 5 < effective_number(keys) < 5.2


def test_few_entities_are_divided_several_times(monkeypatch):
    """Each time other ones; what counts is the mean, and training ends with the first
    of these trainings."""
    pairs, y, _ = class_pairs(n_items=60, n_classes=5, n_pairs=600)
    divisions = hold_out(labelled(pairs, y), 0.1, check_random_state(0))
    assert len(divisions) > 2
    held = [tuple(np.unique(part.pairs.index % 5)) for _, part in divisions]
    assert len(set(held)) > 1
    found = []

    def noted(*arguments, **named):
        found.append(fit_network(*arguments, **named))
        return found[-1]

    monkeypatch.setattr(_network_fitting, "fit_network", noted)
    model = SymmetricMLPClassifier(
        (4,), random_state=0, learning_rate_init=0.01, n_iter_no_change=3
    ).fit(pairs, y)
    *parts, again = found
    assert len(parts) == len(divisions)
    assert model.n_iter_ == min(one.n_iter for one in parts)
    curves = [one.progress.scores[: model.n_iter_ + 1] for one in parts]
    np.testing.assert_allclose(model.validation_scores_, np.mean(curves, axis=0))
    assert model.best_validation_score_ == max(model.validation_scores_)
    best = int(np.argmax(model.validation_scores_))
    assert best > 0
    assert again.n_iter == best
    scale, shift = np.mean([one.progress.scalings[best] for one in parts], axis=0)
    np.testing.assert_allclose(
        model.decision_function(pairs), scale * again.model.score(pairs) + shift
    )


def test_where_all_is_one_entity_items_are_held_out():
    rng = np.random.default_rng(0)
    index = np.array([[i, (i + k) % 40] for i in range(40) for k in (1, 2, 3, 5)])
    pairs = Pairs.from_index(rng.normal(size=(40, 3)), index)
    y = np.tile([1, 0, 1, 0], 40)
    sample = labelled(pairs, y)
    assert len(np.unique(entities_of(pairs, sample.similar))) == 1
    ((train, held),) = hold_out(sample, 0.3, check_random_state(0))
    assert held.similar.any()
    assert not held.similar.all()
    assert not set(train.pairs.index.ravel()) & set(held.pairs.index.ravel())


@pytest.mark.filterwarnings(UNTRAINED)
def test_groups_reach_the_split(data):
    """Items of one chain as one group: then groups and entities are the same."""
    pairs, y = data
    model = small(early_stopping=True)
    entities = entities_of(pairs, y == 1)
    same_network(
        clone(model).fit(pairs, y), clone(model).fit(pairs, y, groups=entities)
    )
    halves = np.repeat([[0, 1]], len(y), axis=0)
    with pytest.raises(ValueError, match="early_stopping=True holds out"):
        model.fit(pairs, y, groups=halves)


def test_score_of_the_start_is_that_of_the_cosine(data):
    """At the scale that is best for the held-out pairs, by Platt's targets."""
    pairs, y = data
    model = SymmetricMLPClassifier(
        (4,), random_state=0, learning_rate_init=0.01, refit=False, n_iter_no_change=3
    )
    model.fit(pairs, y)
    (_, held), *_ = hold_out(labelled(pairs, y), 0.1, check_random_state(0))
    cosine = row_cosines(held.pairs.left, held.pairs.right)[:, None]
    t, w = held.similar, held.weights
    doubt = 1 / (np.where(t, t.sum(), (~t).sum()) + 2)
    platt = LogisticRegression(C=1e12, tol=1e-10).fit(
        np.tile(cosine, (2, 1)),
        np.concatenate([t, ~t]),
        sample_weight=np.concatenate([w * (1 - doubt), w * doubt]),
    )
    expected = -log_loss(t, platt.predict_proba(cosine), sample_weight=w)
    np.testing.assert_allclose(model.validation_scores_[0], expected, rtol=1e-5)
    assert model.best_validation_score_ >= model.validation_scores_[0]


@pytest.mark.filterwarnings(UNTRAINED)
def test_scaling_of_a_network(data):
    model = small().fit(*data)._model
    scores = model.score(data[0])
    np.testing.assert_allclose(
        model.scaled(2.0, -1.0).score(data[0]), 2 * scores - 1, rtol=1e-12
    )
    np.testing.assert_array_equal(model.score(data[0]), scores)


def test_without_progress_training_ends(data):
    model = small(tol=10.0, n_iter_no_change=3, max_iter=50)
    model.set_params(early_stopping=True).fit(*data)
    assert model.n_iter_ == 3
    assert len(model.validation_scores_) == 4
    model.set_params(early_stopping=False).fit(*data)
    assert model.n_iter_ == 4  # the first one gains on nothing
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None


@pytest.mark.parametrize("limit", ["max_iter", "max_fun"])
def test_lbfgs_warns_when_it_was_stopped(data, limit):
    model = small(solver="lbfgs", tol=1e-12, max_iter=500).set_params(**{limit: 3})
    with pytest.warns(ConvergenceWarning, match="Training stopped after"):
        model.fit(*data)
    assert model.n_iter_ <= 3


# ------------------------------------------------------------------------- partial fits


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_partial_fit_is_one_epoch_of_fit(data, dtype):
    pairs, y = data[0].map_items(lambda items: items.astype(dtype)), data[1]
    one, other = small(max_iter=1).fit(pairs, y), small().partial_fit(pairs, y)
    same_network(one, other)
    assert one.loss_curve_ == other.loss_curve_
    # And two calls are two epochs: the means of the gradient are kept.
    same_network(small(max_iter=2).fit(pairs, y), other.partial_fit(pairs, y))
    assert other.n_iter_ == 2
    assert len(other.loss_curve_) == 2
    assert other.coefs_[0].dtype == dtype


def test_partial_fit_learns_from_a_stream(data):
    pairs, y = data
    model = small(hidden_layer_sizes=(32,), learning_rate_init=1e-2, alpha=1e-3)
    for epoch, start in product(range(15), range(0, 300, 50)):
        rows = slice(start, start + 50)
        model.partial_fit(pairs[rows], y[rows], classes=[0, 1] if epoch == 0 else None)
    assert roc_auc_score(y, model.decision_function(pairs)) > 0.9


@pytest.mark.filterwarnings(UNTRAINED)
def test_partial_fit_goes_on_after_fit_and_after_pickling(data):
    model = small().fit(*data)
    before = model.coefs_
    model.partial_fit(*data)
    assert (model.coefs_[0] != before[0]).any()
    assert model.n_iter_ == 6
    copied = pickle.loads(pickle.dumps(model))
    same_network(model.partial_fit(*data), copied.partial_fit(*data))


def test_a_first_part_of_one_class(data):
    pairs, y = data
    rows = np.flatnonzero(y == 1)
    model = small().partial_fit(pairs[rows], np.full(len(rows), "yes"), ["no", "yes"])
    assert model.classes_.tolist() == ["no", "yes"]
    assert np.abs(model.decision_function(pairs)).max() < 1


def test_labels_of_a_stream(data):
    pairs, y = data
    model = small()
    with pytest.raises(ValueError, match="one class only"):
        model.partial_fit(pairs, np.ones(len(y)))
    with pytest.raises(ValueError, match=r"classes must hold two labels, got \[0\]"):
        model.partial_fit(pairs, y, classes=[0, 0])
    model.partial_fit(pairs, y)
    old = model.coefs_
    with pytest.raises(ValueError, match=r"are not those of the earlier calls"):
        model.partial_fit(pairs, y, classes=[1, 2])
    with pytest.raises(ValueError, match=r"label 2, and the classes are \[0, 1\]"):
        model.partial_fit(pairs, y + 1)
    with pytest.raises(ValueError, match="got 300 pairs but 10 labels"):
        model.partial_fit(pairs, y[:10])
    with pytest.raises(ValueError, match="expecting 5 features"):
        model.partial_fit(np.zeros((4, 2, 3)), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.coefs_[0], old[0])


def test_lbfgs_has_no_partial_fit():
    model = SymmetricMLPClassifier(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    # Python 3.10 and scikit-learn 1.6 hide the reason in the cause.
    with pytest.raises(AttributeError, match="partial_fit"):
        _ = model.partial_fit


# ------------------------------------------------------------------- starts, interrupts


@pytest.mark.parametrize(
    ("batch_size", "n_pairs", "expected"),
    [
        ("auto", 10, 10),
        ("auto", 100, 16),
        ("auto", 1000, 40),
        ("auto", 10**6, 200),
        (64, 1000, 64),
        (64, 10, 10),
    ],
)
def test_rows_of_a_batch(batch_size, n_pairs, expected):
    options = small(batch_size=batch_size)._recipe(3).options
    assert options.rows_of_a_batch(n_pairs) == expected
    # Part of these pairs in as many batches.
    n_some = -(-n_pairs // 3)
    n_batches = -(-n_some // options.rows_of_a_batch(n_some, n_pairs))
    assert n_batches == pytest.approx(-(-n_pairs // expected), rel=0.25)


@pytest.mark.filterwarnings(UNTRAINED)
def test_warm_start_goes_on(data):
    faster = {"learning_rate_init": 1e-2, "head_layer_sizes": (), "alpha": 1e-4}
    model = small(warm_start=True, max_iter=30, **faster).fit(*data)
    first = model.loss_curve_[0]
    model.set_params(max_iter=1).fit(*data)
    assert model.loss_curve_[0] < first - 0.02
    assert len(model.loss_curve_) == 1
    # Another architecture begins anew.
    changed = model.set_params(pooling="sum").fit(*data)
    same_network(changed, small(pooling="sum", max_iter=1, **faster).fit(*data))


@pytest.mark.filterwarnings(UNTRAINED)
def test_an_interrupt_leaves_the_best_weights_so_far(data, monkeypatch):
    whole_epoch, n_calls = _network_training.run_epoch, []

    def interrupted(*arguments):
        n_calls.append(1)
        if len(n_calls) == 3:
            raise KeyboardInterrupt
        return whole_epoch(*arguments)

    expected = small(max_iter=2).fit(*data)
    monkeypatch.setattr(_network_training, "run_epoch", interrupted)
    with pytest.warns(UserWarning, match="interrupted after 2 iterations"):
        model = small(max_iter=9).fit(*data)
    same_network(model, expected)


def test_an_interrupt_of_lbfgs(data, monkeypatch):
    model = small(solver="lbfgs", max_iter=100, verbose=True)
    n_lines = []

    def say(text):
        n_lines.append(text)
        if len(n_lines) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(neural, "say_if", lambda verbose: say)
    with pytest.warns(UserWarning, match="interrupted after 3 iterations"):
        model.fit(*data)
    assert model.loss_curve_[2] < model.loss_curve_[0]


@pytest.mark.filterwarnings(UNTRAINED)
def test_other_interrupts_leave_the_old_fit(data, monkeypatch):
    model = small().fit(*data)
    old = pickle.dumps(model)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_network_stream, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(*data)
    monkeypatch.setattr(_network_fitting, "measure_inputs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    assert pickle.dumps(model) == old


# -------------------------------------------------------------------------------- input


@pytest.mark.filterwarnings(UNTRAINED)
def test_kinds_of_input_are_one(data, tmp_path):
    pairs, y = data
    X = np.asarray(pairs)
    expected = small().fit(pairs, y)
    scores = expected.decision_function(pairs)
    path = tmp_path / "X.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    as_csr = sparse.csr_matrix(pairs.items)
    for kind in (X, (X[:, 0], X[:, 1]), mapped, Pairs.from_index(as_csr, pairs.index)):
        model = small().fit(kind, y)
        np.testing.assert_allclose(model.decision_function(kind), scores, atol=1e-9)
    labels = np.array(["other", "same"])[y]
    named = small().fit(pairs, labels)
    assert (named.predict(pairs) == labels).mean() == expected.score(pairs, y)


@pytest.mark.filterwarnings(UNTRAINED)
def test_items_may_be_gathered_and_prepared_for_each_batch(data, monkeypatch):
    expected = small().fit(*data)
    monkeypatch.setattr(_network_inputs, "RESIDENT_BYTES", 0)
    same_network(small().fit(*data), expected)


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize(
    ("given_as", "used_as"),
    [(np.float16, np.float32), (np.float32, np.float32), (np.int16, np.float64)],
)
def test_types_of_numbers(data, given_as, used_as):
    pairs, y = data
    pairs = pairs.map_items(lambda items: (10 * items).astype(given_as))
    model = small().fit(pairs, y)
    assert model.coefs_[0].dtype == used_as
    assert model.predict_proba(pairs).dtype == used_as
    wide = small().fit(pairs.map_items(lambda items: items.astype(np.float64)), y)
    np.testing.assert_allclose(
        model.decision_function(pairs), wide.decision_function(pairs), atol=1e-3
    )


@pytest.mark.filterwarnings(UNTRAINED)
def test_many_pairs_are_scored_in_blocks(data):
    pairs, y = data
    model = small().fit(pairs, y)
    many = pairs[np.arange(100_000) % len(pairs)]
    np.testing.assert_allclose(
        model.decision_function(many),
        np.resize(model.decision_function(pairs), len(many)),
        atol=1e-12,
    )


@pytest.mark.filterwarnings(UNTRAINED)
@pytest.mark.parametrize("layers", [(), (6, 4)])
def test_items_of_many_pairs_go_through_the_tower_once(data, layers, monkeypatch):
    pairs, y = data
    model = small(hidden_layer_sizes=layers, head_layer_sizes=()).fit(pairs, y)
    n_rows, whole = [], SharedLayer.forward

    def counted(layer, arrays, *sides):
        n_rows.append(len(sides) * len(sides[0]))
        return whole(layer, arrays, *sides)

    monkeypatch.setattr(SharedLayer, "forward", counted)
    scores = model.decision_function(pairs)
    n_once, n_rows[:] = sum(n_rows), []
    expanded = model.decision_function(Pairs(pairs.left, pairs.right))
    np.testing.assert_allclose(scores, expanded, atol=1e-12)
    n_layers, n_items = len(layers), len(np.unique(pairs.index))
    assert n_once == n_layers * n_items
    assert sum(n_rows) == n_layers * 2 * len(pairs)
    one = pairs[:1]
    np.testing.assert_allclose(model.decision_function(one), scores[:1], atol=1e-12)


@pytest.mark.filterwarnings(UNTRAINED)
def test_numbers_too_large_for_float32(data):
    pairs, y = data
    pairs = pairs.map_items(lambda items: items.astype(np.float32))
    model = small().fit(pairs, y)
    huge = np.full((1, 2, 5), 1e30, dtype=np.float32)
    huge[0, 0] *= -1
    scores = model.decision_function(huge)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert scores == model.decision_function(huge[:, ::-1])


@pytest.mark.filterwarnings(UNTRAINED)
def test_items_that_are_all_the_same():
    X = np.ones((10, 2, 3))
    model = small().fit(X, np.arange(10) % 2)
    np.testing.assert_allclose(model.predict_proba(X), 0.5, atol=0.01)
    zero = small().fit(0 * X, np.arange(10) % 2)
    assert np.isfinite(zero.decision_function(0 * X)).all()


@pytest.mark.filterwarnings(UNTRAINED)
def test_input_of_no_use(data):
    pairs, y = data
    model = small()
    with pytest.raises(NotFittedError):
        model.predict(pairs)
    for name in ("coefs_", "intercepts_", "cosine_scale_", "intercept_"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}' before fit"):
            getattr(model, name)
    model.fit(pairs, y)
    X = np.asarray(pairs).copy()
    X[3, 1, 2] = np.nan
    old = model.coefs_
    for call in (model.predict, lambda X: model.fit(X, y), model.decision_function):
        with pytest.raises(ValueError, match="contains 1 NaN and 0 infinity in 1 row"):
            call(X)
    with pytest.raises(TypeError, match="must not be given as a list"):
        model.fit([X[:, 0], X[:, 1]], y)
    with pytest.raises(ValueError, match="expecting 5 features"):
        model.predict(X[:, :, :3])
    with pytest.raises(ValueError, match="all similar pairs have zero weight"):
        model.fit(pairs, y, sample_weight=1 - y)
    with pytest.raises(ValueError, match=re.escape("groups must have shape (300, 2)")):
        model.fit(pairs, y, groups=[1, 2])
    np.testing.assert_array_equal(model.coefs_[0], old[0])


def test_pairs_that_cannot_be_held_out():
    X = np.random.default_rng(0).normal(size=(20, 2, 3))
    X[:, 1] = 1.0  # one side of every pair is one item
    with pytest.raises(ValueError, match="Pass early_stopping=False"):
        SymmetricMLPClassifier().fit(X, np.arange(20) % 2)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("hidden_layer_sizes", (8, 0), "an int >= 1 or a sequence of such"),
        ("head_layer_sizes", "8", "one of 'auto' or an int >= 1 or a sequence of such"),
        ("activation", "gelu", "one of 'relu', 'tanh', 'identity', 'logistic'"),
        ("cross_weights", 1, "a bool"),
        ("pooling", "min", "'distance', 'product', 'sum', 'attention', 'mean_max'"),
        ("cosine_skip", "yes", "a bool"),
        ("solver", "sgd", "one of 'adam', 'lbfgs'"),
        ("alpha", -1.0, "a float >= 0"),
        ("batch_size", 0, "one of 'auto' or an int >= 1"),
        ("learning_rate_init", 0.0, "a float > 0"),
        ("max_iter", 0, "an int >= 1"),
        ("shuffle", None, "a bool"),
        ("random_state", "0", "an int, a numpy.random.RandomState"),
        ("tol", -1e-3, "a float >= 0"),
        ("verbose", -1, "a bool or an int >= 0"),
        ("warm_start", 1, "a bool"),
        ("early_stopping", "auto", "a bool"),
        ("validation_fraction", 1.0, r"a float in \(0, 1\)"),
        ("refit", None, "a bool"),
        ("beta_1", 1.0, r"a float in \[0, 1\)"),
        ("beta_2", 1.0, r"a float in \[0, 1\)"),
        ("epsilon", 0, "a float > 0"),
        ("n_iter_no_change", 0, "an int >= 1"),
        ("max_fun", 0, "an int >= 1"),
    ],
)
def test_parameters_out_of_range(data, name, value, text):
    model = small(**{name: value})
    text = f"The '{name}' parameter of SymmetricMLPClassifier must be .*{text}"
    with pytest.raises(ValueError, match=text):
        model.fit(*data)


def test_every_parameter_is_tested():
    tested = test_parameters_out_of_range.pytestmark[0].args[1]
    names = SymmetricMLPClassifier().get_params()
    assert {name for name, *_ in tested} == set(names)


@pytest.mark.filterwarnings(UNTRAINED)
def test_what_verbose_prints(data, capsys):
    model = small(max_iter=2, verbose=True, early_stopping=True)
    model.set_params(refit=False).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(
        r"iteration    1  loss 0\.\d{6}  validation score -0\.\d{6}", lines[0]
    )
    small(max_iter=2).fit(*data)
    assert capsys.readouterr().out == ""


@pytest.mark.filterwarnings(UNTRAINED)
def test_it_is_searched(data):
    pairs, y = data
    search = GridSearchCV(
        small(max_iter=3),
        {"pooling": ["distance", "sum"]},
        cv=PairGroupKFold(2, random_state=0),
        scoring="roc_auc",
    ).fit(pairs, y)
    assert search.best_params_["pooling"] in POOLINGS
    assert search.predict(pairs).shape == (300,)


# -------------------------------------------------------------------------------- Adam


def test_adam_is_the_published_algorithm(rng):
    adam = Adam(3, np.float64, 0.01, 0.9, 0.99, 1e-8)
    theta = rng.normal(size=3)
    expected, m, v = theta.copy(), 0, 0
    for t in range(1, 6):
        g = rng.normal(size=3)
        given_ = g.copy()
        adam.step(theta, g)
        np.testing.assert_array_equal(g, given_)
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        corrected = m / (1 - 0.9**t), v / (1 - 0.99**t)
        expected -= 0.01 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        np.testing.assert_allclose(theta, expected, rtol=1e-12)
