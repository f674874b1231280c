# SPDX-License-Identifier: BSD-3-Clause
"""Classifiers of rows in both orders: exact symmetry, weights, folds, limits."""

import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from rows_as_pairs import RowsAsPairs, failures
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)
from sklearn.utils.validation import has_fit_parameter

from sksymsim import (
    PairGroupKFold,
    Pairs,
    SymmetrizedClassifier,
    pair_report,
    recalibrate,
)
from sksymsim import _both_orders as both_orders

VERSION = ".".join(sklearn.__version__.split(".")[:2])
SCALED = make_pipeline(StandardScaler(), LogisticRegression())
ESTIMATORS = {
    "logistic": LogisticRegression(),
    "pipeline": SCALED,
    "boosting": HistGradientBoostingClassifier(max_iter=5),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "neighbours": KNeighborsClassifier(),
    "bayes": GaussianNB(),
    "discriminant": QuadraticDiscriminantAnalysis(reg_param=0.1),
    "svc": SVC(),
    "linear svc": LinearSVC(),
    "ridge": RidgeClassifier(),
    "kernel": make_pipeline(Nystroem(n_components=20, random_state=0), SCALED),
    "calibrated": CalibratedClassifierCV(LinearSVC(), cv=2),
    "search": GridSearchCV(SCALED, {"logisticregression__C": [0.1, 1]}, cv=2),
    "votes": VotingClassifier(
        [("one", LogisticRegression()), ("two", GaussianNB())], voting="soft"
    ),
}
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)
ONLY_DECISIONS = ("svc", "linear svc", "ridge")


def rows_of(pairs):
    return np.concatenate([pairs.left, pairs.right], axis=1)


def rows_in_order(pairs):
    """Return (a, b) and (b, a) of the first pair, of the second, and so on."""
    rows = [(np.r_[a, b], np.r_[b, a]) for a, b in np.asarray(pairs)]
    return np.concatenate(rows)


# ------------------------------------------------------------------- what is computed


@every_estimator
def test_the_score_is_the_mean_over_both_orders(name):
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(ESTIMATORS[name]).fit(pairs, y)
    by_hand = both_orders.clone_with_folds_of_pairs(ESTIMATORS[name])
    path = {"pipeline": "logisticregression__", "search": "logisticregression__"}
    path["kernel"] = "pipeline__logisticregression__"
    takes_none = name in ("neighbours", "discriminant")
    weights = {path.get(name, "") + "sample_weight": np.full(2 * len(y), 0.5)}
    if name == "votes" and not has_fit_parameter(by_hand, "sample_weight"):
        weights = {}  # scikit-learn >= 1.7: by keyword only, so not without being asked
    by_hand.fit(
        rows_in_order(pairs), np.repeat(y, 2), **({} if takes_none else weights)
    )
    new = class_pairs(seed=1, n_pairs=80)[0]
    if name in ONLY_DECISIONS:
        one, other = map(by_hand.decision_function, map(rows_of, (new, new.swap())))
    else:
        one, other = (
            logit(by_hand.predict_proba(rows_of(x))[:, 1].clip(2**-52, 1 - 2**-52))
            for x in (new, new.swap())
        )
    assert_allclose(
        model.decision_function(new), (one + other) / 2, rtol=1e-6, atol=1e-9
    )


@every_estimator
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exact_symmetry(name, dtype):
    pairs, y, _ = class_pairs()
    X = np.asarray(pairs).astype(dtype)
    model = SymmetrizedClassifier(ESTIMATORS[name]).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    new = np.asarray(class_pairs(seed=1, n_pairs=77)[0]).astype(dtype)
    scores = model.decision_function(new)
    assert scores.dtype == dtype
    for other in (model, again):
        assert scores.tobytes() == other.decision_function(new[:, ::-1]).tobytes()
    assert_array_equal(model.predict(new), model.classes_[(scores > 0).astype(int)])
    if name not in ONLY_DECISIONS:
        probabilities = model.predict_proba(new)
        assert_array_equal(probabilities, again.predict_proba(new[:, ::-1]))
        assert_allclose(probabilities[:, 1], expit(scores), rtol=1e-6)


class Arbitrary(ClassifierMixin, BaseEstimator):
    """Say anything of a row: its weights are given, and nothing is learned."""

    def __init__(self, weights):
        self.weights = weights

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return np.sinh(X @ np.asarray(self.weights, dtype=X.dtype)) + X[:, 0]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), narrow=st.booleans(), n_pairs=st.integers(1, 40))
def test_exact_symmetry_for_any_weights(seed, narrow, n_pairs):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_pairs, 2, 3)).astype(np.float32 if narrow else np.float64)
    model = SymmetrizedClassifier(Arbitrary(rng.normal(size=6).tolist()))
    model.fit(np.zeros((2, 2, 3)), [0, 1])
    scores = model.decision_function(X)
    assert scores.tobytes() == model.decision_function(X[:, ::-1]).tobytes()
    flipped = rng.random(n_pairs) < 0.5
    X[flipped] = X[flipped][:, ::-1]
    assert_allclose(model.decision_function(X), scores, rtol=1e-5)


def test_blocks_change_nothing(monkeypatch):
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(SCALED).fit(pairs, y)
    monkeypatch.setattr(both_orders, "BATCH_BYTES", 4 * 5 * 8 * 7)
    blocks = [rows for rows, *_ in both_orders.map_blocks(pairs, np.add)]
    assert [rows.stop - rows.start for rows in blocks] == [7] * 42 + [6]
    other = SymmetrizedClassifier(SCALED).fit(pairs, y)
    scores = other.decision_function(pairs)
    assert_allclose(scores, model.decision_function(pairs), rtol=1e-9)
    assert_array_equal(scores, other.decision_function(pairs.swap()))


# ------------------------------------------------------------ what cannot be expressed


@pytest.mark.parametrize("C", [1e-3, 1.0])
def test_logistic_regression_on_both_orders_sees_the_sum_alone(C, seed):
    pairs, y, _ = class_pairs(seed)
    estimator = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10)
    model = SymmetrizedClassifier(estimator).fit(pairs, y)
    left, right = np.split(model.estimator_.coef_[0], 2)
    assert_allclose(left, right, rtol=1e-6, atol=1e-12)
    scores = (pairs.left + pairs.right) @ left + model.estimator_.intercept_
    assert_allclose(model.decision_function(pairs), scores, rtol=1e-6)
    # On a + b alone, with a penalty of twice |w|^2: the two halves are one.
    plain = LogisticRegression(C=C / 2, solver="newton-cholesky", tol=1e-10)
    plain.fit(pairs.left + pairs.right, y)
    assert_allclose(left, plain.coef_[0], rtol=1e-6, atol=1e-12)
    # s(a, b) is the mean of s(a, a) and s(b, b), whatever a and b are.
    itself = [model.decision_function((x, x)) for x in (pairs.left, pairs.right)]
    assert_allclose(model.decision_function(pairs), np.mean(itself, axis=0), rtol=1e-6)
    assert roc_auc_score(y, model.decision_function(pairs)) < 0.65


def test_both_orders_alone_are_not_symmetric():
    """What training on both orders leaves is large, and the mean takes it away."""
    pairs, y, _ = class_pairs(noise=1.0)
    forest = RandomForestClassifier(n_estimators=50, random_state=0)
    model = SymmetrizedClassifier(forest).fit(pairs, y)
    new = class_pairs(seed=1, n_pairs=200, noise=1.0)[0]
    one, other = (
        model.estimator_.predict_proba(rows_of(x))[:, 1] for x in (new, new.swap())
    )
    assert np.abs(one - other).mean() > 0.02
    assert ((one > 0.5) != (other > 0.5)).mean() > 0.02
    assert_array_equal(model.predict_proba(new), model.predict_proba(new.swap()))


# -------------------------------------------------------------------- pairs and labels


def test_every_input_gives_the_same():
    pairs, y, _ = class_pairs()
    inputs = [
        pairs,
        Pairs(pairs.left, pairs.right),
        np.asarray(pairs),
        (pairs.left, pairs.right),
    ]
    first, *others = (
        SymmetrizedClassifier(SCALED).fit(X, y).decision_function(X) for X in inputs
    )
    for other in others:
        assert_array_equal(first, other)


def test_sparse_sides():
    pairs, y, _ = class_pairs()
    left, right = (np.where(abs(x) > 1, x, 0) for x in (pairs.left, pairs.right))
    dense = SymmetrizedClassifier(LogisticRegression()).fit((left, right), y)
    X = sparse.csr_matrix(left), sparse.csr_matrix(right)
    model = SymmetrizedClassifier(LogisticRegression()).fit(X, y)
    scores = model.decision_function(X)
    assert_allclose(scores, dense.decision_function((left, right)), atol=1e-4)
    assert_array_equal(scores, model.decision_function(X[::-1]))
    rows = both_orders.rows_in_both_orders(Pairs(*X), both_orders.concatenate)
    assert isinstance(rows, sparse.csr_matrix)
    assert_array_equal(rows.toarray(), rows_in_order(Pairs(left, right)))


@pytest.mark.parametrize(
    "names", [["no", "yes"], [False, True], [-1, 1], [7.0, 9.0], np.array(["a", "b"])]
)
def test_labels_of_any_kind(names):
    pairs, y, _ = class_pairs()
    labels = np.asarray(names)[y]
    model = SymmetrizedClassifier(SCALED).fit(pairs, labels)
    expected = SymmetrizedClassifier(SCALED).fit(pairs, y)
    assert_array_equal(model.classes_, names)
    assert_array_equal(model.estimator_.classes_, names)
    assert_array_equal(model.predict(pairs), np.asarray(names)[expected.predict(pairs)])
    assert model.score(pairs, labels) == expected.score(pairs, y)


def test_the_labels_reach_the_estimator_as_they_are():
    pairs, y, _ = class_pairs()
    labels = np.array(["no", "yes"])[y]
    estimator = LogisticRegression(class_weight={"yes": 5.0})
    model = SymmetrizedClassifier(estimator).fit(pairs, labels)
    plain = SymmetrizedClassifier(LogisticRegression()).fit(pairs, labels)
    assert (model.predict(pairs) == "yes").sum() > (plain.predict(pairs) == "yes").sum()


# -------------------------------------------------------------------------- feature map


def both_and_gap(left, right):
    return np.concatenate([left, right, abs(left - right)], axis=1)


def weighed(left, right):
    """Return the features that a directed relation would have."""
    return 2 * left - right


def sparse_gap(left, right):
    return sparse.csr_matrix(abs(left - right))


@pytest.mark.parametrize(
    "feature_map", [both_and_gap, weighed, sparse_gap, np.subtract]
)
def test_any_feature_map(feature_map):
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(LogisticRegression(), feature_map=feature_map)
    scores = model.fit(pairs, y).decision_function(pairs)
    assert_array_equal(scores, model.decision_function(pairs.swap()))
    expected = sum(
        model.estimator_.decision_function(feature_map(x.left, x.right))
        for x in (pairs, pairs.swap())
    )
    assert_allclose(scores, expected / 2)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.decision_function(pairs), scores)


def test_a_map_with_the_difference_finds_what_the_concatenation_cannot():
    pairs, y, _ = class_pairs()
    found = [
        cross_val_score(
            SymmetrizedClassifier(SCALED, feature_map=m), pairs, y, scoring="roc_auc"
        ).mean()
        for m in (None, both_and_gap)
    ]
    assert found[0] < 0.6
    assert found[1] > 0.9


def test_float16_pairs_reach_the_map_as_float32():
    X = np.random.default_rng(0).normal(size=(20, 2, 3)).astype(np.float16)
    seen = []

    def watch(left, right):
        seen.append((left.dtype, left.flags.c_contiguous, right.flags.c_contiguous))
        return left + right

    model = SymmetrizedClassifier(GaussianNB(), feature_map=watch)
    model.fit(X, np.arange(20) % 2)
    assert model.decision_function(X).dtype == np.float32
    assert set(seen) == {(np.dtype(np.float32), True, True)}


# ------------------------------------------------------------------------------ weights


class Recorder(GaussianNB):
    """Remember what fit was given."""

    def fit(self, X, y, sample_weight=None):
        self.seen_ = X.copy(), y.copy(), sample_weight
        return super().fit(X, y, sample_weight)


def test_the_rows_of_a_pair_stand_together_and_share_its_weight(rng):
    pairs, y, _ = class_pairs(n_pairs=60)
    weights = rng.uniform(0.5, 2, 60)
    model = SymmetrizedClassifier(Recorder()).fit(pairs, y, weights)
    X, labels, seen = model.estimator_.seen_
    assert_array_equal(X, rows_in_order(pairs))
    assert_array_equal(labels, np.repeat(y, 2))
    assert_array_equal(seen, np.repeat(weights, 2) / 2)
    _, _, seen = SymmetrizedClassifier(Recorder()).fit(pairs, y).estimator_.seen_
    assert_array_equal(seen, np.full(120, 0.5))


WITH_WEIGHTS = [
    LogisticRegression(tol=1e-10, max_iter=1000),
    make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10, max_iter=1000)),
    GridSearchCV(LogisticRegression(tol=1e-10, max_iter=1000), {"C": [1.0]}, cv=2),
]


@pytest.mark.parametrize("estimator", WITH_WEIGHTS)
def test_no_weights_are_weights_of_one(estimator):
    pairs, y, _ = class_pairs()
    one = SymmetrizedClassifier(estimator).fit(pairs, y)
    other = SymmetrizedClassifier(estimator).fit(pairs, y, np.ones(len(y)))
    assert_array_equal(one.decision_function(pairs), other.decision_function(pairs))


def test_weights_are_repetitions_and_zero_is_removal(rng):
    pairs, y, _ = class_pairs()
    weights = rng.integers(0, 3, len(y))
    repeated = np.repeat(np.arange(len(y)), weights)
    one = SymmetrizedClassifier(WITH_WEIGHTS[0]).fit(pairs, y, weights)
    other = SymmetrizedClassifier(WITH_WEIGHTS[0]).fit(pairs[repeated], y[repeated])
    found, expected = one.decision_function(pairs), other.decision_function(pairs)
    assert_allclose(found, expected, atol=1e-6)
    kept = weights > 0
    model = SymmetrizedClassifier(Recorder()).fit(pairs, y, weights)
    assert_array_equal(model.estimator_.seen_[0], rows_in_order(pairs[kept]))


def test_weights_of_classifiers_within():
    pairs, y, _ = class_pairs()
    weights = np.linspace(0.5, 2, len(y))
    plain = [("one", LogisticRegression()), ("two", KNeighborsClassifier())]
    # Not all of them take any, so they get none.
    SymmetrizedClassifier(VotingClassifier(plain, voting="soft")).fit(pairs, y)
    both = VotingClassifier([("one", Recorder()), ("two", GaussianNB())])
    model = SymmetrizedClassifier(both.set_params(voting="soft")).fit(pairs, y, weights)
    _, _, seen = model.estimator_.estimators_[0].seen_
    assert_array_equal(seen, np.repeat(weights, 2) / 2)


@pytest.mark.parametrize(
    "estimator",
    [KNeighborsClassifier(), make_pipeline(StandardScaler(), KNeighborsClassifier())],
)
def test_weights_that_the_estimator_cannot_take(estimator):
    pairs, y, _ = class_pairs(n_pairs=60)
    SymmetrizedClassifier(estimator).fit(pairs, y)
    with pytest.raises(ValueError, match="sample_weight cannot reach"):
        SymmetrizedClassifier(estimator).fit(pairs, y, np.ones(60))


def test_weights_with_metadata_routing():
    pairs, y, _ = class_pairs()
    weights = np.linspace(0.5, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        recorder = Recorder().set_fit_request(sample_weight=True)
        asked = make_pipeline(scaler, recorder)
        model = SymmetrizedClassifier(asked).fit(pairs, y, weights)
        halves = np.repeat(weights, 2) / 2
        assert_array_equal(model.estimator_[-1].seen_[2], halves)
        direct = SymmetrizedClassifier(Recorder()).fit(pairs, y, weights)
        assert_array_equal(direct.estimator_.seen_[2], halves)
        silent = make_pipeline(StandardScaler(), Recorder())
        model = SymmetrizedClassifier(silent).fit(pairs, y)
        assert model.estimator_[-1].seen_[2] is None
        with pytest.raises(ValueError, match="did not request it"):
            SymmetrizedClassifier(silent).fit(pairs, y, weights)
        outer = SymmetrizedClassifier(asked).set_fit_request(sample_weight=True)
        outer.set_score_request(sample_weight=True)
        search = GridSearchCV(outer, {"feature_map": [None, both_and_gap]}, cv=2)
        search.fit(pairs, y, sample_weight=weights)
        assert_array_equal(search.best_estimator_.estimator_[-1].seen_[2], halves)


# -------------------------------------------------------------------------------- folds


class Parrot(KNeighborsClassifier):
    """Know by heart, in either order: right only where the pair was in training."""

    def fit(self, X, y):
        half = X.shape[1] // 2
        super().fit(X, y)
        self.known_ = {
            row.tobytes() for row in np.vstack([X, np.roll(X, half, axis=1)])
        }
        return self

    def predict(self, X):
        known = np.array([row.tobytes() in self.known_ for row in X])
        return np.where(known, self.classes_[1], self.classes_[0])


def distinct_pairs(n_pairs=48):
    rng = np.random.default_rng(0)
    return Pairs(rng.normal(size=(n_pairs, 3)), rng.normal(size=(n_pairs, 3)))


HALF = np.arange(48) % 2
CVS = [
    None,
    3,
    KFold(5),
    KFold(5, shuffle=True, random_state=0),
    StratifiedKFold(4, shuffle=True, random_state=0),
    PairGroupKFold(3),
    [(np.arange(24), np.arange(24, 48)), (np.arange(24, 48), np.arange(24))],
    [(np.arange(48) < 24, np.arange(48) >= 24)],
]


@pytest.mark.parametrize("cv", CVS, ids=str)
def test_a_search_inside_keeps_both_orders_together(cv):
    pairs = distinct_pairs()
    if isinstance(cv, PairGroupKFold):
        cv = list(cv.split(pairs, HALF))
    search = GridSearchCV(Parrot(), {"n_neighbors": [1]}, cv=cv, scoring=known_share)
    model = SymmetrizedClassifier(search).fit(pairs, HALF)
    assert model.estimator_.best_score_ == 0
    # On the rows themselves, the same folds give nearly all of them away.
    if cv is None or not isinstance(cv, list):
        rows = rows_in_order(pairs)[np.random.default_rng(0).permutation(96)]
        plain = clone(search).fit(rows, np.arange(96) % 2)
        assert plain.best_score_ > 0.5
    # What was set is as it was.
    assert search.cv is cv


def known_share(estimator, X, y):
    return np.mean(estimator.predict(X) == estimator.classes_[1])


def test_folds_are_those_of_the_pairs():
    pairs, y, _ = class_pairs(n_pairs=90)
    rows, labels = rows_in_order(pairs), np.repeat(y, 2)
    folds = both_orders.FoldsOfPairs(StratifiedKFold(4))
    assert folds.get_n_splits(rows, labels) == 4
    expected = StratifiedKFold(4).split(pairs.left, y)
    found = list(folds.split(rows, labels))
    assert len(found) == 4
    for ours, theirs in zip(found, expected, strict=True):
        for rows_of_part, pairs_of_part in zip(ours, theirs, strict=True):
            assert_array_equal(rows_of_part[::2], 2 * pairs_of_part)
            assert_array_equal(rows_of_part[1::2], 2 * pairs_of_part + 1)
    assert "StratifiedKFold" in repr(folds)


def test_folds_within_folds_within_pipelines():
    """A search over a calibrated search: three levels, and no mate is ever known."""
    known = []

    class Spy(Parrot):
        def predict_proba(self, X):
            known.append(np.mean(self.predict(X) == self.classes_[1]))
            return super().predict_proba(X)

    inner = CalibratedClassifierCV(Spy(), cv=2)
    nested = GridSearchCV(
        make_pipeline(CalibratedPass(), inner),
        {"calibratedclassifiercv__method": ["sigmoid"]},
        cv=3,
        refit=False,
        scoring="neg_log_loss",
    )
    fitted = both_orders.clone_with_folds_of_pairs(nested)
    fitted.fit(rows_in_order(distinct_pairs()), np.repeat(HALF, 2))
    assert len(known) == 3 * (2 + 2)
    assert max(known) == 0


class CalibratedPass(StandardScaler):
    """Hand on the rows as they are."""

    def transform(self, X, copy=None):
        return X


CROSS_VALIDATING = [
    LogisticRegressionCV(Cs=3, cv=3),
    RidgeClassifierCV(alphas=(0.1, 1.0)),
    RidgeClassifierCV(alphas=(0.1, 1.0), cv=3),
    CalibratedClassifierCV(GaussianNB(), cv=3),
    CalibratedClassifierCV(GaussianNB(), cv=3, ensemble=False),
    StackingClassifier([("one", GaussianNB()), ("two", LogisticRegression())], cv=3),
    make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=3)),
]


@pytest.mark.filterwarnings(
    # scikit-learn 1.8 and 1.9: defaults that will change.
    "ignore:.*(l1_ratios|use_legacy_attributes|scoring).*:FutureWarning"
)
@pytest.mark.parametrize("estimator", CROSS_VALIDATING)
def test_estimators_that_cross_validate(estimator):
    pairs, y, _ = class_pairs(n_pairs=90)
    model = SymmetrizedClassifier(estimator).fit(pairs, y)
    fitted = model.estimator_.get_params()
    cvs = [value for name, value in fitted.items() if name.rpartition("__")[2] == "cv"]
    assert cvs
    assert all(isinstance(cv, both_orders.FoldsOfPairs) for cv in cvs)
    scores = model.decision_function(pairs)
    assert_array_equal(scores, model.decision_function(pairs.swap()))


def test_a_word_in_place_of_folds_stays():
    kept = both_orders.clone_with_folds_of_pairs(
        StackingClassifier([("one", GaussianNB())], cv="prefit")
    )
    assert kept.cv == "prefit"


def test_resampled_rows_are_refused():
    pairs, y, _ = class_pairs(n_pairs=90)
    inner = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2)
    bagged = BaggingClassifier(inner, n_estimators=2, random_state=0)
    with pytest.raises(ValueError, match="has resampled them"):
        SymmetrizedClassifier(bagged).fit(pairs, y)


@pytest.mark.parametrize("cv", [0.2, object()])
def test_folds_that_cannot_divide_pairs(cv):
    estimator = make_pipeline(GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=cv))
    pairs, y, _ = class_pairs(n_pairs=30)
    with pytest.raises(ValueError, match=r"gridsearchcv__cv=.* divide the rows"):
        SymmetrizedClassifier(estimator).fit(pairs, y)


@pytest.mark.parametrize("kind", ["pairs", "array"])
def test_a_search_outside(kind):
    pairs, y, _ = class_pairs()
    X = pairs if kind == "pairs" else np.asarray(pairs)
    model = SymmetrizedClassifier(SCALED, feature_map=both_and_gap)
    grid = {
        "estimator__logisticregression__C": [1e-6, 1.0],
        "feature_map": [None, both_and_gap],
    }
    search = GridSearchCV(model, grid, cv=PairGroupKFold(3), scoring="roc_auc")
    search.fit(X, y)
    assert search.best_params_["feature_map"] is both_and_gap
    assert search.best_score_ > 0.85


# ------------------------------------------------------- with and without probabilities


@pytest.mark.parametrize("name", ONLY_DECISIONS)
def test_without_probabilities(name):
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(ESTIMATORS[name], feature_map=both_and_gap)
    assert not hasattr(model, "predict_proba")
    model.fit(pairs, y)
    for method in ("predict_proba", "predict_log_proba"):
        with pytest.raises(AttributeError, match=method) as raised:
            getattr(model, method)
        assert "make them such with recalibrate" in str(raised.value.__cause__)
    assert model.predict(pairs).shape == y.shape
    # Probabilities may be had from other pairs.
    new, y_new, _ = class_pairs(seed=1)
    calibrated = recalibrate(model, new, y_new)
    assert_array_equal(
        calibrated.predict_proba(pairs), calibrated.predict_proba(pairs.swap())
    )


def test_certain_probabilities_stay_finite():
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(KNeighborsClassifier(1)).fit(pairs, y)
    scores = model.decision_function(pairs)
    assert np.isfinite(scores).all()
    assert np.isfinite(model.predict_log_proba(pairs)).all()
    assert_array_equal(model.predict(pairs), y)


def test_in_a_report():
    pairs, y, _ = class_pairs()
    model = SymmetrizedClassifier(SCALED, feature_map=both_and_gap).fit(pairs, y)
    frame = pair_report(model, pairs, y, n_bootstrap=20, random_state=0).to_frame()
    assert len(frame)


# ------------------------------------------------------------------------------- checks


class RowsAsSymmetrized(RowsAsPairs, SymmetrizedClassifier):
    def fit(self, X, y, sample_weight=None):
        return super().fit(self._pairs(X, reset=True), y, sample_weight)

    def decision_function(self, X):
        return super().decision_function(self._checked(X))


CHECKED = [
    RowsAsSymmetrized(LogisticRegression(solver="liblinear", tol=1e-10)),
    RowsAsSymmetrized(LinearSVC(tol=1e-8, max_iter=10_000)),
]
N_CHECKS = {"1.6": 62, "1.7": 63, "1.8": 63, "1.9": 64}


@parametrize_with_checks(CHECKED, expected_failed_checks=failures)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED)
def test_number_of_common_checks(estimator):
    n_checks = len(list(estimator_checks_generator(estimator)))
    if VERSION in N_CHECKS:
        assert n_checks == N_CHECKS[VERSION]
    else:
        assert n_checks >= max(N_CHECKS.values())


def test_tags_parameters_and_clones():
    model = SymmetrizedClassifier(LogisticRegression(C=3))
    tags = get_tags(model)
    assert tags.estimator_type == "classifier"
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.classifier_tags.multi_class
    assert model.get_params()["estimator__C"] == 3
    pairs, y, _ = class_pairs(n_pairs=40)
    model.fit(pairs, y)
    assert model.n_features_in_ == 5
    assert not hasattr(model.estimator, "coef_")
    assert not hasattr(clone(model), "estimator_")
    with pytest.raises(TypeError, match="positional"):
        SymmetrizedClassifier(LogisticRegression(), np.add)


# ------------------------------------------------------------------------------- errors


def too_few_rows(left, right):
    return left[1:]


def flat(left, right):
    return left[:, 0]


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (SymmetrizedClassifier(3), "'estimator' parameter .* must be a classifier"),
        (SymmetrizedClassifier(Ridge()), "Ridge has neither predict_proba nor"),
        (
            SymmetrizedClassifier(SCALED, feature_map="gap"),
            "'feature_map' parameter .* must be None or a function",
        ),
        (
            SymmetrizedClassifier(SCALED, feature_map=too_few_rows),
            "turned 30 pairs into 29 rows",
        ),
        (
            SymmetrizedClassifier(SCALED, feature_map=flat),
            "what feature_map returned must be 2-D",
        ),
    ],
)
def test_bad_parameters(model, text):
    pairs, y, _ = class_pairs(n_pairs=30)
    with pytest.raises(ValueError, match=text):
        model.fit(pairs, y)


def test_bad_pairs_labels_and_weights():
    pairs, y, _ = class_pairs(n_pairs=30)
    model = SymmetrizedClassifier(SCALED)
    with pytest.raises(NotFittedError):
        model.predict(pairs)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(pairs, np.ones(30))
    with pytest.raises(ValueError, match="30 pairs but 29 labels"):
        model.fit(pairs, y[1:])
    with pytest.raises(ValueError, match="all similar pairs have zero weight"):
        model.fit(pairs, y, 1 - y)
    with pytest.raises(ValueError, match="left contains 1 NaN"):
        model.fit(([[np.nan], [1]], [[1], [2]]), [0, 1])
    model.fit(pairs, y)
    with pytest.raises(ValueError, match="X has 2 features, but SymmetrizedClassifier"):
        model.predict(np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match="contains 5 NaN"):
        model.predict(np.full((1, 2, 5), np.nan))
    scores = model.decision_function(pairs)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(pairs[:, :], np.zeros(30))
    assert_array_equal(model.decision_function(pairs), scores)
