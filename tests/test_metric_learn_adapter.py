# SPDX-License-Identifier: BSD-3-Clause
"""Our models behind metric-learn's methods."""

import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from learners import InverseSpread
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from rows_as_pairs import RowsAsPairs, failures
from scipy import sparse
from scipy.spatial.distance import cdist, mahalanobis
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from sksymsim import (
    KernelPairClassifier,
    MetricLearnAdapter,
    MetricLearnPairClassifier,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    load_model,
    save_model,
)

N_TRAIN = 200


@pytest.fixture(scope="module")
def data():
    """Return the table of items, ids of pairs and labels -1 and 1."""
    pairs, y, _ = class_pairs()
    return pairs.items, pairs.index, np.where(y, 1, -1)


@pytest.fixture(scope="module")
def formed(data):
    items, ids, y = data
    return items[ids], y


@pytest.fixture(scope="module")
def model(data):
    items, ids, y = data
    return MetricLearnAdapter(preprocessor=items).fit(ids[:N_TRAIN], y[:N_TRAIN])


# ---------------------------------------------------------------- the learned distance


def test_distances_and_scores(model, data):
    items, ids, _ = data
    M = model.get_mahalanobis_matrix()
    expected = [mahalanobis(items[i], items[j], M) for i, j in ids]
    distances = model.pair_distance(ids)
    assert_allclose(distances, expected, atol=1e-9)
    for method in (model.pair_score, model.decision_function):
        assert_array_equal(method(ids), -distances)
    with pytest.warns(FutureWarning, match="^score_pairs will be deprecated"):
        assert_array_equal(model.score_pairs(ids), distances)
    swapped = model.pair_distance(ids[:, ::-1])
    assert_array_equal(swapped, distances)


def test_the_model_is_ours(model, data):
    items, ids, y = data
    pairs = Pairs(items[ids[:, 0]], items[ids[:, 1]])
    ours = SymmetricPairClassifier().fit(pairs[:N_TRAIN], y[:N_TRAIN])
    assert_array_equal(model.predict_proba(ids), ours.predict_proba(pairs))
    assert_array_equal(model.predict_log_proba(ids), ours.predict_log_proba(pairs))
    assert_allclose(model.pair_distance(ids), ours.pair_distance(pairs), rtol=1e-12)
    assert_array_equal(model.classes_, [-1, 1])
    assert model.n_features_in_ == items.shape[1]


def test_transform_and_metric(model, data):
    items, ids, _ = data
    space = model.transform(items)
    assert_allclose(space, items @ model.components_.T)
    assert_array_equal(model.transform(np.arange(len(items))), space)
    assert_allclose(model.transform(sparse.csr_matrix(items)), space)
    left, right = items[ids[0]]
    metric = model.get_metric()
    distance = model.pair_distance(ids[:1])[0]
    assert_allclose(metric(left, right), distance)
    assert_allclose(metric(left[None], right[None], squared=True), distance**2)
    assert_allclose(cdist(space, space)[ids[0][0], ids[0][1]], distance)
    assert len(DBSCAN(metric=metric).fit(items).labels_) == len(items)
    with pytest.raises(ValueError, match="the metric compares two vectors"):
        metric(items[:2], items[:2])


@pytest.mark.parametrize("n_components", [None, 3])
def test_components_have_as_many_rows_as_promised(formed, n_components):
    pairs, y = formed
    # An exact rank of one: all that is learned is along one axis.
    flat = pairs * np.array([1.0, 0, 0, 0, 0])
    model = MetricLearnAdapter(SymmetricPairClassifier(n_components=n_components))
    model.fit(flat, y)
    assert model.components_.shape == (n_components or 5, 5)
    rank = len(model.estimator_.components_)
    assert_array_equal(model.components_[:rank], model.estimator_.components_)
    assert not model.components_[rank:].any()


def test_other_components(model, data):
    """Programs may put a matrix of their own in its place."""
    items, ids, _ = data
    other = clone(model).fit(*data[1:])
    metric = other.get_metric()
    before = metric(items[0], items[1])
    other.components_ = np.eye(items.shape[1])
    euclid = np.linalg.norm(items[ids[:, 0]] - items[ids[:, 1]], axis=1)
    assert_allclose(other.pair_distance(ids), euclid)
    other.set_threshold(np.median(euclid))
    assert_array_equal(other.predict(ids) == 1, euclid <= np.median(euclid))
    assert metric(items[0], items[1]) == before
    other.components_ = np.array([2.0])
    assert other.get_metric()(5, [6.0]) == 2.0


# --------------------------------------------------------------------------- the input


def test_every_way_to_give_the_same_pairs(model, data):
    items, ids, _ = data
    expected = model.pair_distance(ids)
    array = items[ids]
    same = [
        ids.tolist(),
        tuple(map(tuple, ids.tolist())),
        pd.DataFrame(ids),
        array,
        array.tolist(),
        Pairs(array[:, 0], array[:, 1]),
    ]
    for X in same:
        assert_array_equal(model.pair_distance(X), expected)
    by_items = model.pair_distance(Pairs.from_index(items, ids))
    assert_allclose(by_items, expected, rtol=1e-9)


def test_two_pairs_as_a_tuple_are_two_pairs(model, data):
    items, ids, _ = data
    two = tuple(items[ids[:2]].tolist())
    assert_array_equal(model.pair_distance(two), model.pair_distance(ids[:2]))


def test_fit_by_ids_and_by_vectors_have_the_same_bits(model, data):
    items, ids, y = data
    formed = MetricLearnAdapter().fit(items[ids[:N_TRAIN]], y[:N_TRAIN])
    assert_array_equal(formed.components_, model.components_)
    assert formed.threshold_ == model.threshold_
    assert formed.preprocessor_ is None


def test_a_function_as_preprocessor(data, model):
    items, ids, y = data
    names = np.array([f"item{i}" for i in range(len(items))])
    table = dict(zip(names, items, strict=True))
    calls = []

    def look_up(names):
        calls.append(len(names))
        return np.array([table[name] for name in names])

    by_name = MetricLearnAdapter(preprocessor=look_up).fit(names[ids], y)
    by_row = clone(model).fit(ids, y)
    assert calls == [len(ids)] * 2
    assert_array_equal(by_name.pair_distance(names[ids]), by_row.pair_distance(ids))
    assert_array_equal(by_name.transform(names), by_row.transform(items))
    assert get_tags(by_name).input_tags.string


def test_labels_may_be_any_two(formed, model, data):
    pairs, y = formed
    expected = MetricLearnAdapter().fit(pairs, y)
    for labels in (y > 0, (y > 0).astype(int), np.where(y > 0, "same", "other")):
        found = MetricLearnAdapter().fit(pairs, labels)
        assert_array_equal(found.classes_, np.unique(labels))
        assert_array_equal(found.components_, expected.components_)
        assert_array_equal(
            found.predict(pairs) == found.classes_[1], y_of(expected, pairs)
        )
        assert found.score(pairs, labels) == expected.score(pairs, y)


def y_of(model, pairs):
    return model.predict(pairs) == 1


def test_weights_are_repetitions(formed):
    pairs, y = formed
    weights = np.arange(len(y)) % 3
    weighted = MetricLearnAdapter().fit(pairs, y, sample_weight=weights)
    repeated = MetricLearnAdapter().fit(
        np.repeat(pairs, weights, axis=0), np.repeat(y, weights)
    )
    assert_allclose(weighted.threshold_, repeated.threshold_, rtol=1e-2)
    assert_allclose(
        weighted.score(pairs, y, sample_weight=weights),
        roc_auc_score(y, weighted.pair_score(pairs), sample_weight=weights),
    )


def test_identical_pairs_and_features_of_any_number(rng):
    X = rng.normal(size=(60, 2, 1))
    y = np.where(np.abs(X[:, 0, 0] - X[:, 1, 0]) + rng.normal(size=60) < 1, 1, -1)
    X[0, 1], y[0] = X[0, 0], -1
    model = MetricLearnAdapter().fit(X, y)
    assert model.components_.shape == (1, 1)
    assert model.pair_distance(X)[0] == 0


# ----------------------------------------------------------------------- the threshold


def test_threshold_of_a_fit_is_at_even_odds(model, data):
    _, ids, _ = data
    similar = model.predict_proba(ids)[:, 1] > 0.5
    assert_array_equal(model.predict(ids), np.where(similar, 1, -1))
    assert 0 < similar.mean() < 1
    assert_allclose(model.threshold_**2, model.estimator_.intercept_)


def test_no_pair_is_accepted_where_none_is_probable(data):
    items, ids, y = data
    rare = SymmetricPairClassifier(similar_rate=1e-9)
    model = MetricLearnAdapter(rare, preprocessor=items).fit(ids, y)
    assert model.threshold_ < 0
    assert_array_equal(
        model.predict(np.column_stack([ids[:, 0]] * 2)), -np.ones(len(y))
    )


def rates(y, predicted):
    return np.mean(predicted[y == 1] == 1), np.mean(predicted[y == -1] == -1)


def accuracy(y, predicted):
    return np.mean(y == predicted)


def purposes():
    yield {}, accuracy
    yield {"strategy": "accuracy"}, accuracy
    for beta in (0.0, 0.3, 1.0, -2.0):

        def f_beta(y, predicted, beta=beta):
            hits = np.sum((y == 1) & (predicted == 1))
            wanted, accepted = np.sum(y == 1), np.sum(predicted == 1)
            total = beta**2 * wanted + accepted
            return (1 + beta**2) * hits / total if total else 0.0

        yield {"strategy": "f_beta", "beta": beta}, f_beta
    for rate in (0.0, 0.3, 0.8, 1.0):

        def tpr(y, predicted, rate=rate):
            one, other = rates(y, predicted)
            return one if other >= rate else -1

        def tnr(y, predicted, rate=rate):
            one, other = rates(y, predicted)
            return other if one >= rate else -1

        yield {"strategy": "max_tpr", "min_rate": rate}, tpr
        yield {"strategy": "max_tnr", "min_rate": rate}, tnr


@pytest.mark.parametrize(("purpose", "value"), purposes())
def test_calibrated_threshold_is_the_best_of_all(model, data, purpose, value):
    _, ids, y = data
    ids, y = ids[N_TRAIN:].copy(), y[N_TRAIN:]
    ids[:10] = ids[10:20]  # ties, and with both labels
    chosen = clone(model).fit(*[data[1][:N_TRAIN], data[2][:N_TRAIN]])
    assert chosen.calibrate_threshold(ids, y, **purpose) is chosen
    found = value(y, chosen.predict(ids))
    distances = chosen.pair_distance(ids)
    for threshold in [-1.0, *distances, distances.max() + 1]:
        predicted = np.where(distances <= threshold, 1, -1)
        assert value(y, predicted) <= found + 1e-12


def test_of_equal_rates_of_true_negatives_the_most_true_positives(model, data):
    _, ids, _ = data
    chosen = clone(model).fit(*data[1:])
    distances = chosen.pair_distance(ids[:6])
    y = np.where(distances < np.sort(distances)[4], 1, -1)
    chosen.calibrate_threshold(ids[:6], y, "max_tnr", min_rate=0.2)
    assert_array_equal(chosen.predict(ids[:6]), y)


def test_calibration_within_fit(data):
    items, ids, y = data
    within = MetricLearnAdapter(preprocessor=items)
    within.fit(ids, y, calibration_params={"strategy": "max_tpr", "min_rate": 1.0})
    after = clone(within).fit(ids, y)
    assert within.threshold_ != after.threshold_
    after.calibrate_threshold(ids, y, "max_tpr", min_rate=1.0)
    assert within.threshold_ == after.threshold_
    assert rates(y, within.predict(ids))[1] == 1


def test_set_threshold(model, data):
    other = clone(model).fit(*data[1:])
    assert other.set_threshold(3) is other
    assert other.threshold_ == 3.0
    assert isinstance(other.set_threshold(True).threshold_, float)
    distances = other.pair_distance(data[1])
    other.set_threshold(distances[0])
    assert_array_equal(other.predict(data[1]) == 1, distances <= distances[0])
    probabilities = other.predict_proba(data[1])
    assert (other.set_threshold(-1).predict(data[1]) == -1).all()
    assert_array_equal(other.predict_proba(data[1]), probabilities)


# --------------------------------------------------------------- inside of scikit-learn


def test_score_is_the_area_under_the_roc_curve(model, data):
    _, ids, y = data
    distances = model.pair_distance(ids)
    assert model.score(ids, y) == roc_auc_score(y, -distances)


def test_grid_search_and_pipeline(data):
    items, ids, y = data
    inner = MetricLearnAdapter(SymmetricPairClassifier())
    steps = make_pipeline(SharedTransformer(StandardScaler()), inner)
    pairs = Pairs.from_index(items, ids)
    search = GridSearchCV(
        steps,
        {"metriclearnadapter__estimator__alpha": [1e-3, 1e3]},
        scoring="roc_auc",
        cv=PairGroupKFold(2, shuffle=False),
        error_score="raise",
    ).fit(pairs, y)
    assert search.best_score_ > 0.6
    assert search.predict(pairs).shape == y.shape
    by_id = MetricLearnAdapter(preprocessor=items)
    assert np.isfinite(cross_val_score(by_id, ids, y, cv=2)).all()


def test_calibrated_classifier(formed):
    pairs, y = formed
    calibrated = CalibratedClassifierCV(MetricLearnAdapter(), cv=3).fit(pairs, y)
    assert roc_auc_score(y, calibrated.predict_proba(pairs)[:, 1]) > 0.8


def test_tags():
    adapter = MetricLearnAdapter()
    tags = get_tags(adapter)
    assert is_classifier(adapter)
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.string
    assert not tags.classifier_tags.multi_class


def test_pickles_and_clones(model, data, tmp_path):
    _, ids, _ = data
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(ids), model.predict(ids))
    assert again.threshold_ == model.threshold_
    assert not hasattr(clone(model), "estimator_")
    # What is deployed is the model alone, without the table.
    save_model(model.estimator_, tmp_path / "model")
    items = data[0]
    pairs = Pairs.from_index(items, ids)
    loaded = load_model(tmp_path / "model")
    assert_allclose(loaded.predict_proba(pairs), model.predict_proba(ids), rtol=1e-9)


def test_a_failed_fit_leaves_the_last_one(data):
    items, ids, y = data
    model = MetricLearnAdapter(preprocessor=items).fit(ids, y)
    before = model.predict(ids)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(ids, np.ones(len(y)))
    assert_array_equal(model.predict(ids), before)


# ------------------------------------------------------------------- other estimators


def test_estimators_without_distances(formed):
    pairs, y = formed
    for estimator in (
        SymmetricPairClassifier("quadratic"),
        SymmetricPairClassifier(psd=False),
        KernelPairClassifier(n_landmarks=20),
        make_pipeline(SharedTransformer(StandardScaler()), SymmetricPairClassifier()),
    ):
        model = MetricLearnAdapter(estimator).fit(pairs, y)
        log_odds = model.estimator_.decision_function(pairs)
        assert_array_equal(model.pair_score(pairs), log_odds)
        assert_array_equal(model.predict(pairs), model.estimator_.predict(pairs))
        assert model.score(pairs, y) == roc_auc_score(y, log_odds)
        model.calibrate_threshold(pairs, y, "max_tpr", min_rate=1.0)
        assert rates(y, model.predict(pairs))[1] == 1
        for name in ("pair_distance", "transform", "get_metric", "score_pairs"):
            assert not hasattr(model, name)
            with pytest.raises(AttributeError) as caught:
                getattr(model, name)
            assert "are no distances" in str(caught.value.__cause__)
        assert not hasattr(model, "components_")


def test_another_estimator_takes_the_components_away(formed):
    pairs, y = formed
    model = MetricLearnAdapter().fit(pairs, y)
    model.set_params(estimator=SymmetricPairClassifier("quadratic"))
    assert model.pair_distance(pairs).shape == y.shape
    model.fit(pairs, y)
    assert not hasattr(model, "components_")
    assert model.threshold_ == 0


# ---------------------------------------------------------------------------- refusals


def test_not_fitted(data):
    items, ids, y = data
    model = MetricLearnAdapter(preprocessor=items)
    for call in (
        model.predict,
        model.predict_proba,
        model.predict_log_proba,
        model.decision_function,
        model.pair_score,
        model.pair_distance,
        model.transform,
    ):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call(ids)
    for call in (model.get_metric, model.get_mahalanobis_matrix):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.set_threshold(1.0)
    for call in (model.calibrate_threshold, model.score):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call(ids, y)


SHAPES = [
    (np.ones(3), None, "3D array of formed tuples expected by MetricLearnAdapter. F"),
    (np.ones((3, 2)), None, "Found 2D array instead:\ninput=[[1. 1.]"),
    (np.ones((3, 2)), None, "Reshape your data and/or use a preprocessor.\n"),
    (
        np.ones((2, 3, 4)),
        None,
        "Tuples of 2 element(s) expected by MetricLearnAdapter. ",
    ),
    (
        np.ones((2, 3), int),
        np.ones((9, 2)),
        "Got tuples of 3 element(s) instead (shape",
    ),
    (
        np.ones(3, int),
        np.ones((9, 2)),
        "2D array of indicators or 3D array of formed t",
    ),
    (np.ones(3, int), np.ones((9, 2)), "when using a preprocessor. Found 1D array"),
]


@pytest.mark.parametrize(("X", "preprocessor", "text"), SHAPES)
def test_wrong_shapes(X, preprocessor, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        MetricLearnAdapter(preprocessor=preprocessor).fit(X, [1, -1, 1])


def test_wrong_shapes_of_items(model, data):
    with pytest.raises(
        ValueError, match="1D array of indicators or 2D array of formed"
    ):
        model.transform(np.ones((2, 2, 5)))
    with pytest.raises(
        ValueError, match=r"X has 3 features, but MetricLearnAdapter is"
    ):
        model.transform(np.ones((2, 3)))
    with pytest.raises(
        ValueError, match=r"X has 3 features, but MetricLearnAdapter is"
    ):
        model.predict(np.ones((2, 2, 3)))
    with pytest.raises(TypeError, match="must be single items"):
        model.transform(Pairs([[1.0] * 5], [[2.0] * 5]))
    with pytest.raises(ValueError, match="1 NaN"):
        model.pair_distance(np.array([[[np.nan, 0, 0, 0, 0], [0.0] * 5]]))


def test_ids_that_are_no_rows(model, data):
    ids = data[1].copy()
    ids[3] = [-1, 2]
    with pytest.raises(IndexError, match="negative numbers do not count from the end"):
        model.predict(ids)
    ids[3] = [10_000, 2]
    with pytest.raises(
        IndexError, match=r"1 of the ids are no rows of the .* 0 to 47: "
    ):
        model.fit(ids, data[2])
    with pytest.raises(TypeError, match="ids must be row numbers of the preproc"):
        model.predict(ids.astype(float))


def test_wrong_parameters(formed):
    pairs, y = formed
    with pytest.raises(
        ValueError, match="Invalid type for the preprocessor: <class 'int"
    ):
        MetricLearnAdapter(preprocessor=4).fit(pairs, y)
    with pytest.raises(
        ValueError, match="'estimator' parameter of MetricLearnAdapter mu"
    ):
        MetricLearnAdapter(StandardScaler()).fit(pairs, y)
    with pytest.raises(ValueError, match="got 300 pairs but 299 labels"):
        MetricLearnAdapter().fit(pairs, y[1:])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MetricLearnAdapter().fit(pairs, y + 0.5)
    with pytest.raises(ValueError, match="weights must be >= 0"):
        MetricLearnAdapter().fit(pairs, y, sample_weight=-np.ones(len(y)))
    unweighted = MetricLearnAdapter(MetricLearnPairClassifier(InverseSpread()))
    with pytest.raises(ValueError, match="sample_weight cannot reach MetricLearnPairC"):
        unweighted.fit(pairs, y, sample_weight=np.ones(len(y)))


STRATEGIES = [
    ({"strategy": "weird"}, 'Strategy can either be "accuracy", "f_beta" or "max_tpr"'),
    ({"strategy": "max_tpr"}, "min_rate must be a number in[0, 1]. Got None instead."),
    ({"strategy": "max_tnr", "min_rate": 1.2}, "in[0, 1]. Got 1.2 instead."),
    ({"strategy": "max_tnr", "min_rate": 3 + 2j}, "in[0, 1]. Got (3+2j) instead."),
    ({"strategy": "f_beta", "beta": None}, "beta must be a real number. Got <class 'N"),
    ({"strategy": "f_beta", "beta": np.inf}, "beta must be a real number. Got"),
]


@pytest.mark.parametrize(("arguments", "text"), STRATEGIES)
def test_wrong_strategies(model, data, arguments, text):
    _, ids, y = data
    with pytest.raises(ValueError, match=re.escape(text)):
        model.calibrate_threshold(ids, y, **arguments)
    with pytest.raises(ValueError, match=re.escape(text)):
        MetricLearnAdapter().fit("nothing is read before", y, None, arguments)


@pytest.mark.parametrize("threshold", ["1", None, [1.0], np.nan, 1j])
def test_wrong_thresholds(model, threshold):
    with pytest.raises(
        ValueError, match=r"threshold must be a real number\. Got <class"
    ):
        model.set_threshold(threshold)


def test_wrong_labels_later(model, data):
    _, ids, y = data
    with pytest.raises(ValueError, match=r"y holds the label 0, and the model was"):
        model.score(ids, (y > 0).astype(int))
    with pytest.raises(ValueError, match="no dissimilar pairs"):
        model.calibrate_threshold(ids, np.ones(len(y)))
    with pytest.raises(ValueError, match="no similar pairs"):
        model.score(ids, -np.ones(len(y)))


# ------------------------------------------------------------------------ common checks


class AdapterOfRows(RowsAsPairs, MetricLearnAdapter):
    """The checks give the same rows to all methods, and `transform` takes items."""

    @property
    def transform(self):
        raise AttributeError("transform takes items and not pairs")

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._pairs(X, reset=True), y, sample_weight)

    def _checked_pairs(self, X):
        return super()._checked_pairs(self._checked(X))


SIGN = (
    "decision_function is a negative distance, as in metric-learn: the labels do not "
    "follow from its sign"
)


def expected_failures(estimator):
    checks = ("check_classifiers_train", "check_classifiers_classes")
    return {**failures(estimator), **dict.fromkeys(checks, SIGN)}


CHECKED = AdapterOfRows(SymmetricPairClassifier(alpha=1.0))


@parametrize_with_checks([CHECKED], expected_failed_checks=expected_failures)
def test_common_checks(estimator, check):
    check(estimator)


def test_number_of_common_checks():
    assert len(list(estimator_checks_generator(CHECKED))) >= 60


def test_signatures_take_what_metric_learn_takes():
    """Names of arguments that programs written for it may use."""
    wanted = {
        "calibrate_threshold": [
            "pairs_valid",
            "y_valid",
            "strategy",
            "min_rate",
            "beta",
        ],
        "set_threshold": ["threshold"],
        "fit": ["y", "calibration_params"],
        "score": ["y"],
    }
    for name, arguments in wanted.items():
        taken = inspect.signature(getattr(MetricLearnAdapter, name)).parameters
        assert set(arguments) <= set(taken)
