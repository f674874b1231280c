# SPDX-License-Identifier: BSD-3-Clause
"""Learners with metric-learn's interface as classifiers of pairs, and as priors."""

import pickle

import numpy as np
import pytest
from learners import Broken, InverseSpread, Logistic
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from rows_as_pairs import RowsAsPairs, failures
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sksymsim import (
    MetricLearnPairClassifier,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    model_card,
    recalibrate,
)


@pytest.fixture(scope="module")
def pairs():
    return class_pairs()[0]


@pytest.fixture(scope="module")
def y():
    return class_pairs()[1]


def wrapped(**parameters):
    return MetricLearnPairClassifier(InverseSpread(), **parameters)


@pytest.fixture(scope="module")
def model(pairs, y):
    return wrapped().fit(pairs, y)


# ---------------------------------------------------------------- what is computed


def test_the_metric_is_that_of_the_learner(model, pairs, y):
    array = np.asarray(pairs)
    learner = InverseSpread().fit(array, np.where(y, 1, -1))
    M = learner.get_mahalanobis_matrix()
    gaps = array[:, 0] - array[:, 1]
    squares = np.einsum("ni,ij,nj->n", gaps, M, gaps)
    assert_allclose(model.get_mahalanobis_matrix(), M)
    assert_allclose(model.pair_distance(pairs), np.sqrt(squares))
    assert_array_equal(model.pair_score(pairs), -model.pair_distance(pairs))
    scores = model.decision_function(pairs)
    assert_allclose(scores, model.shift_ - model.scale_ * squares)
    assert_allclose(model.predict_proba(pairs)[:, 1], expit(scores))
    left, right = array[0]
    assert_allclose(model.get_metric()(left, right), np.sqrt(squares[0]))
    space = model.transform(pairs.items)
    assert_allclose(space, pairs.items @ model.components_.T)
    assert model.n_features_in_ == pairs.shape[2]


def test_scale_and_shift_are_platts_on_held_out_pairs(model, pairs, y):
    labels, squares = [], []
    for train, test in PairGroupKFold(3, shuffle=False).split(pairs, y):
        array = np.asarray(pairs[train])
        learner = InverseSpread().fit(array, np.where(y[train], 1, -1))
        held_out = np.asarray(pairs[test])
        gaps = (held_out[:, 0] - held_out[:, 1]) @ learner.components_.T
        squares.append((gaps**2).sum(axis=1))
        labels.append(y[test])
    labels, squares = np.concatenate(labels), np.concatenate(squares)
    n_similar, n_pairs = labels.sum(), len(labels)
    wanted = np.where(
        labels, (n_similar + 1) / (n_similar + 2), 1 / (n_pairs - n_similar + 2)
    )

    def loss(c):
        s = c[1] - c[0] * squares
        return -(wanted @ log_expit(s) + (1 - wanted) @ log_expit(-s)) / n_pairs

    best = minimize(loss, [0.1, 0.0], tol=1e-12)
    assert_allclose([model.scale_, model.shift_], best.x, rtol=1e-3)


def test_held_out_pairs_make_probabilities_less_sure(rng):
    """Few pairs of many features: what was learned from looks better than it is."""
    classes = np.arange(40) % 8
    items = rng.normal(size=(8, 30))[classes] + 1.5 * rng.normal(size=(40, 30))
    i, j = np.triu_indices(40, 1)
    index = np.column_stack([i, j])[rng.permutation(len(i))]
    y = (classes[index[:, 0]] == classes[index[:, 1]]).astype(int)
    pairs = Pairs.from_index(items, index)
    seen = (index < 24).all(axis=1)
    new = (index >= 24).all(axis=1)
    losses = {}
    for cv in (None, "train"):
        sure = MetricLearnPairClassifier(InverseSpread(1e-3), cv=cv)
        sure.fit(pairs[seen], y[seen])
        losses[cv] = log_loss(y[new], sure.predict_proba(pairs[new]))
    assert losses[None] < losses["train"]


def test_folds_of_ones_own(pairs, y):
    splits = list(StratifiedKFold(2).split(y, y))
    one = wrapped(cv=StratifiedKFold(2)).fit(pairs, y)
    other = wrapped(cv=splits).fit(pairs, y)
    assert (one.scale_, one.shift_) == (other.scale_, other.shift_)
    assert one.scale_ != wrapped(cv="train").fit(pairs, y).scale_


def test_another_rate_shifts(model, pairs, y):
    rare = wrapped(similar_rate=0.01).fit(pairs, y)
    shift = np.log(0.01 / 0.99) - np.log(y.mean() / (1 - y.mean()))
    assert_allclose(rare.shift_ - model.shift_, shift)
    assert rare.scale_ == model.scale_


def test_a_learner_with_a_matrix_only(model, pairs, y):
    by_matrix = MetricLearnPairClassifier(InverseSpread(as_matrix=True)).fit(pairs, y)
    assert_allclose(
        by_matrix.predict_proba(pairs), model.predict_proba(pairs), rtol=1e-6
    )


def test_separated_pairs_have_finite_probabilities(rng):
    items = np.repeat(10.0 * np.arange(20), 2)[:, None] + rng.normal(size=(40, 1))
    ends = np.arange(0, 40, 2)
    index = np.vstack(
        [np.column_stack([ends, ends + 1]), np.column_stack([ends, (ends + 7) % 40])]
    )
    y = np.repeat([1, 0], 20)
    pairs = Pairs.from_index(items, index)
    sure = wrapped(cv=StratifiedKFold(2)).fit(pairs, y)
    probabilities = sure.predict_proba(pairs)[:, 1]
    assert probabilities[y == 1].min() > 0.5 > probabilities[y == 0].max()
    assert probabilities[y == 1].max() < 0.99


def test_pairs_of_equal_items_are_kept_from_the_learner(pairs, y):
    index = np.vstack([pairs.index, [[3, 3], [4, 4], [5, 5]]])
    more = Pairs.from_index(pairs.items, index)
    labels = np.append(y, [0, 1, 1])
    model = wrapped(cv="train").fit(more, labels)
    assert model.learner_.n_seen_ == len(y)
    assert model.pair_distance(more)[-1] == 0


# --------------------------------------------------------------------------- the input


def test_every_kind_of_input(pairs, y, model):
    array = np.asarray(pairs)
    names = np.where(y, "same", "other")
    expected = wrapped(cv="train").fit(pairs, y)
    for X in (array, (array[:, 0], array[:, 1]), Pairs(array[:, 0], array[:, 1])):
        found = wrapped(cv="train").fit(X, names)
        assert_allclose(found.predict_proba(X), expected.predict_proba(pairs))
        assert_array_equal(found.predict(X) == "same", expected.predict(pairs) == 1)
        assert_array_equal(found.classes_, ["other", "same"])
    for labels in (y.astype(bool), 2 * y - 1):
        found = wrapped(cv="train").fit(pairs, labels)
        assert_array_equal(
            found.predict(pairs) == found.classes_[1], found_similar(found, pairs)
        )
    frozen = array.copy()
    frozen.flags.writeable = False
    assert_array_equal(model.predict_proba(frozen), model.predict_proba(array))
    single = model.predict_proba(array.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, model.predict_proba(array), atol=1e-4)


def found_similar(model, pairs):
    return model.decision_function(pairs) > 0


def test_symmetric_to_the_last_bit(model, pairs):
    assert_array_equal(
        model.decision_function(pairs), model.decision_function(pairs.swap())
    )


# --------------------------------------------------------------- inside of scikit-learn


def test_grid_search_by_auc(pairs, y):
    search = GridSearchCV(
        wrapped(cv=StratifiedKFold(2)),
        {"learner__shrinkage": [0.01, 0.9]},
        scoring="roc_auc",
        cv=PairGroupKFold(2, shuffle=False),
        error_score="raise",
    ).fit(pairs, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.6
    assert_array_equal(search.classes_, [0, 1])


def test_pipeline_of_a_scaler(pairs, y):
    steps = make_pipeline(SharedTransformer(StandardScaler()), wrapped())
    scores = cross_val_score(steps, pairs, y, scoring="neg_log_loss", cv=2)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("frozen", [False, True])
def test_calibrated_classifier(pairs, y, model, frozen):
    estimator = FrozenEstimator(model) if frozen else wrapped(cv="train")
    calibrated = CalibratedClassifierCV(estimator, method="isotonic", cv=3)
    probabilities = calibrated.fit(pairs, y).predict_proba(pairs)
    assert roc_auc_score(y, probabilities[:, 1]) > 0.8


def test_tags_and_cards(model, pairs, y):
    tags = get_tags(wrapped())
    assert is_classifier(wrapped())
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.two_d_array
    assert not tags.classifier_tags.multi_class
    assert model_card(model)["n_pairs"] == len(y)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(pairs), model.predict_proba(pairs))
    assert recalibrate(model, pairs, y).scale_ > 0
    assert not hasattr(clone(model), "learner_")


# ------------------------------------------------------------------------------- priors


def test_learner_and_wrapper_as_prior(model, pairs, y):
    """With a strong penalty, what is left is the prior; alpha in between is between."""
    M = model.get_mahalanobis_matrix()
    for prior in (model.learner_, model, FrozenEstimator(model.learner_)):
        far = SymmetricPairClassifier(prior=prior, alpha=1e6).fit(pairs, y)
        found = far.get_mahalanobis_matrix()
        assert_allclose(found / found.max(), M / M.max(), atol=1e-4)
    assert clone(far).fit(pairs, y).objective_ == far.objective_


def test_a_learner_that_is_not_fitted_as_prior(pairs, y):
    with pytest.raises(
        NotFittedError, match="the learner given as prior, InverseSpread"
    ):
        SymmetricPairClassifier(prior=InverseSpread()).fit(pairs, y)


# ---------------------------------------------------------------------------- refusals


class FromClasses:
    """What metric-learn's supervised learners look like."""

    def fit(self, X, y):
        """Learn nothing."""


@pytest.mark.parametrize("learner", [None, FromClasses(), InverseSpread])
def test_what_is_no_learner_of_pairs(pairs, y, learner):
    with pytest.raises(
        ValueError, match="'learner' parameter of MetricLearnPairClassifi"
    ):
        MetricLearnPairClassifier(learner).fit(pairs, y)


def test_wrong_parameters(pairs, y):
    with pytest.raises(
        ValueError, match="'similar_rate' parameter of MetricLearnPairCla"
    ):
        wrapped(similar_rate=1.0).fit(pairs, y)
    with pytest.raises(
        ValueError, match="cv must be None, 'train', a splitter or an it"
    ):
        wrapped(cv="prefit").fit(pairs, y)
    with pytest.raises(
        ValueError, match="cv=3 would put pairs of one item on both side"
    ):
        wrapped(cv=3).fit(pairs, y)
    with pytest.raises(ValueError, match="the folds of cv hold out no pair"):
        wrapped(cv=[]).fit(pairs, y)
    with pytest.raises(ValueError, match="one class only"):
        wrapped().fit(pairs, 0 * y)
    with pytest.raises(
        ValueError, match=r"X has 2 features, but MetricLearnPairClassif"
    ):
        wrapped().fit(pairs, y).predict(np.ones((1, 2, 2)))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        wrapped().get_metric()


def test_nothing_to_learn_from():
    X = np.array([[[1.0], [2.0]], [[3.0], [3.0]]])
    with pytest.raises(
        ValueError, match="no dissimilar pairs of two items that differ"
    ):
        wrapped(cv="train").fit(X, [1, 0])
    with pytest.raises(ValueError, match="no similar pairs of two items that differ"):
        wrapped(cv="train").fit(X, [0, 1])


def test_a_learner_that_fails_in_silence(pairs, y):
    with pytest.raises(
        ValueError, match=r"Broken learned no usable metric: .* 10 entries"
    ):
        MetricLearnPairClassifier(Broken()).fit(pairs, y)


def test_distances_that_say_nothing(rng):
    """The learner looks at one feature, in which similar pairs are the farther ones."""
    X = rng.normal(size=(100, 2, 2))
    y = (np.abs(X[:, 0, 0] - X[:, 1, 0]) > 1).astype(int)
    learner = InverseSpread(sign=-1)
    with pytest.warns(
        UserWarning, match="InverseSpread learned do not rank similar pai"
    ):
        model = MetricLearnPairClassifier(learner, cv="train").fit(X, y)
    assert model.scale_ == 0
    assert_allclose(model.predict_proba(X)[:, 1], y.mean(), atol=0.02)


# ------------------------------------------------------------------------ common checks


class WrapperOfRows(RowsAsPairs, MetricLearnPairClassifier):
    """The checks give the same rows to all methods, and `transform` takes items."""

    @property
    def transform(self):
        raise AttributeError("transform takes items and not pairs")

    def _pairs(self, X, *, reset):
        # In float32, a probability is rounded to 1 whose logarithm is not 0, and the
        # checks compare the two to 1e-9.
        return super()._pairs(X, reset=reset).map_items(lambda x: x.astype(np.float64))

    def fit(self, X, y):
        return super().fit(self._pairs(X, reset=True), y)

    def _checked_pairs(self, X):
        return super()._checked_pairs(self._checked(X))


# All pairs of the adapter share an item, so folds without common items cannot be made.
CHECKED = WrapperOfRows(Logistic(), cv="train")


@parametrize_with_checks([CHECKED], expected_failed_checks=failures)
@pytest.mark.filterwarnings("ignore:the distances that Logistic learned")
def test_common_checks(estimator, check):
    check(estimator)


def test_number_of_common_checks():
    assert len(list(estimator_checks_generator(CHECKED))) >= 50
