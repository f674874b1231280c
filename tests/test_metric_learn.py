# SPDX-License-Identifier: BSD-3-Clause
"""The learners of metric-learn itself: wrapped, as priors, and beside the adapter.

metric-learn 0.7.0 works with scikit-learn < 1.8 only, so these tests are skipped in the
environment of the others: ``pip install -e ".[metric-learn]" pytest pandas``.
"""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim import (
    MetricLearnAdapter,
    MetricLearnPairClassifier,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
)

metric_learn = pytest.importorskip(
    "metric_learn", reason="metric-learn is not installed: see the top of this file"
)
if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
    pytest.skip("metric-learn 0.7.0 needs scikit-learn < 1.8", allow_module_level=True)

pytestmark = [
    # scikit-learn 1.6 and 1.7 say so at each call of metric-learn's checks.
    pytest.mark.filterwarnings("ignore:'force_all_finite' was renamed:FutureWarning"),
    # Its mixins stand in an order that scikit-learn 1.7 warns of.
    pytest.mark.filterwarnings("ignore:.*__sklearn_tags__:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def pairs():
    return class_pairs()[0]


@pytest.fixture(scope="module")
def y():
    return class_pairs()[1]


LEARNERS = {
    "ITML": lambda: metric_learn.ITML(max_iter=3),
    "MMC": lambda: metric_learn.MMC(max_iter=5),
}
every_learner = pytest.mark.parametrize("name", LEARNERS)


def fit_alone(name, pairs, y):
    return LEARNERS[name]().fit(np.asarray(pairs), 2 * y - 1)


@every_learner
def test_wrapped_learner_is_the_learner_with_probabilities(name, pairs, y):
    alone = fit_alone(name, pairs, y)
    model = MetricLearnPairClassifier(LEARNERS[name](), cv=StratifiedKFold(2))
    model.fit(pairs, y)
    distances = alone.pair_distance(np.asarray(pairs))
    assert_allclose(model.pair_distance(pairs), distances)
    auc = roc_auc_score(y, -distances)
    assert_allclose(roc_auc_score(y, model.predict_proba(pairs)[:, 1]), auc)
    rate = np.full(len(y), y.mean())
    assert log_loss(y, model.predict_proba(pairs)) < log_loss(y, rate)


@every_learner
def test_searches_and_calibration_work_with_the_wrapped_learner(name, pairs, y):
    wrapped = MetricLearnPairClassifier(LEARNERS[name](), cv="train")
    search = GridSearchCV(
        wrapped,
        {"learner__max_iter": [1, 3]},
        scoring="roc_auc",
        cv=PairGroupKFold(2, shuffle=False),
        error_score="raise",
    ).fit(pairs, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    calibrated = CalibratedClassifierCV(wrapped, cv=2).fit(pairs, y)
    assert calibrated.predict_proba(pairs).shape == (len(y), 2)


@every_learner
def test_labels_of_any_kind(name, pairs, y):
    model = MetricLearnPairClassifier(LEARNERS[name](), cv="train")
    model.fit((pairs.left, pairs.right), np.where(y, "same", "other"))
    assert set(model.predict(pairs)) == {"other", "same"}


def test_an_item_that_is_said_to_differ_from_itself(pairs, y):
    """ITML alone divides by zero."""
    more = Pairs.from_index(pairs.items, np.vstack([pairs.index, [[0, 0]]]))
    labels = np.append(y, 0)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r".+"):
        fit_alone("ITML", more, labels)
    model = MetricLearnPairClassifier(LEARNERS["ITML"](), cv="train").fit(more, labels)
    assert np.isfinite(model.predict_proba(more)).all()


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", [*LEARNERS, "NCA", "LMNN", "Covariance"])
def test_fitted_learners_are_priors(name, frozen, pairs, y):
    if name in LEARNERS:
        learner = fit_alone(name, pairs, y)
    else:
        arguments = {} if name == "Covariance" else {"max_iter": 20}
        learner = getattr(metric_learn, name)(**arguments)
        learner.fit(pairs.items, np.arange(len(pairs.items)) % 6)
    prior = FrozenEstimator(learner) if frozen else learner
    far = SymmetricPairClassifier(prior=prior, alpha=1e6).fit(pairs, y)
    M, found = learner.get_mahalanobis_matrix(), far.get_mahalanobis_matrix()
    assert_allclose(found / found.max(), M / M.max(), atol=1e-4)
    near = SymmetricPairClassifier(prior=prior, alpha=1e-4).fit(pairs, y)
    assert near.objective_ < far.objective_
    if frozen:
        assert_array_equal(clone(far).fit(pairs, y).get_mahalanobis_matrix(), found)


def test_a_learner_that_a_search_has_cloned(pairs, y):
    prior = fit_alone("ITML", pairs, y)
    unfitted = clone(SymmetricPairClassifier(prior=prior))
    with pytest.raises(Exception, match="wrap it in FrozenEstimator"):
        unfitted.fit(pairs, y)


def test_supervised_learners_are_refused_by_name(pairs, y):
    with pytest.raises(
        ValueError, match="learns from classes, triplets or quadruplets"
    ):
        MetricLearnPairClassifier(metric_learn.NCA()).fit(pairs, y)


def test_adapter_and_learner_agree_on_the_meaning_of_every_method(pairs, y):
    """The same matrix in both: the same distances, labels, thresholds and scores."""
    items, ids, labels = pairs.items, pairs.index, 2 * y - 1
    theirs = metric_learn.ITML(max_iter=3, preprocessor=items).fit(ids, labels)
    ours = MetricLearnAdapter(preprocessor=items).fit(ids, labels)
    ours.components_ = theirs.components_
    for method in ("pair_distance", "pair_score", "decision_function"):
        assert_allclose(getattr(ours, method)(ids), getattr(theirs, method)(ids))
    assert_allclose(ours.transform(items), theirs.transform(items))
    assert_allclose(
        ours.get_mahalanobis_matrix(), theirs.get_mahalanobis_matrix(), atol=1e-12
    )
    u, v = items[:2]
    for squared in (False, True):
        assert_allclose(
            ours.get_metric()(u, v, squared=squared),
            theirs.get_metric()(u, v, squared=squared),
        )
    assert_allclose(ours.score(ids, labels), theirs.score(ids, labels))
    for purpose in (
        {},
        {"strategy": "f_beta", "beta": 0.5},
        {"strategy": "max_tpr", "min_rate": 0.7},
        {"strategy": "max_tnr", "min_rate": 0.7},
    ):
        ours.calibrate_threshold(ids, labels, **purpose)
        theirs.calibrate_threshold(ids, labels, **purpose)
        assert_array_equal(ours.predict(ids), theirs.predict(ids))
        assert ours.predict(ids).dtype.kind == theirs.predict(ids).dtype.kind
    ours.set_threshold(1.5)
    assert_array_equal(ours.predict(ids), theirs.set_threshold(1.5).predict(ids))


def test_a_wrapped_learner_as_candidate_of_the_search(pairs, y):
    search = SymmetricPairClassifierCV(
        whitenings=[None],
        pca_components=[],
        forms=["mahalanobis"],
        priors=["identity"],
        alphas=[1e-2],
        candidates=[
            ("itml", MetricLearnPairClassifier(LEARNERS["ITML"](), cv="train"))
        ],
        cv=StratifiedKFold(2),
        random_state=0,
    )
    assert search.fit(pairs, y).predict_proba(pairs).shape == (len(y), 2)
    assert any("itml" in str(row) for row in search.cv_results_.values())


def test_a_scaler_before_the_adapter_or_the_learner(pairs, y):
    """A scaler of scikit-learn refuses metric-learn's arrays of pairs."""
    for last in (
        MetricLearnAdapter(),
        MetricLearnPairClassifier(LEARNERS["MMC"](), cv="train"),
    ):
        steps = make_pipeline(SharedTransformer(StandardScaler()), last)
        assert steps.fit(pairs, y).predict_proba(pairs).shape == (len(y), 2)
