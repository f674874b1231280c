# SPDX-License-Identifier: BSD-3-Clause
"""Candidates of a search that are not its own: by name, and brought by the user."""

import pickle
import warnings
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from sksymsim import (
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    SymmetrizedClassifier,
    expected_calibration_error,
)
from sksymsim._fit_arguments import group_argument, weight_argument
from sksymsim._selection.candidates import Candidate, guest_candidates
from sksymsim._selection.choice import Blend
from sksymsim._selection.guests import seed_of, with_other_seed
from sksymsim._selection.ready_made import READY_MADE
from sksymsim._selection.refit import most_iterations, refit

SHORT = {
    "whitenings": (0.0,),
    "pca_components": (),
    "forms": ("mahalanobis",),
    "priors": ("identity",),
    "alphas": (1e-1, 1e-3),
    "cv": 2,
    "error_score": "raise",
    "random_state": 0,
}


def search(**params):
    return SymmetricPairClassifierCV(**SHORT | params)


class Spy(ClassifierMixin, BaseEstimator):
    """Writes down what it is fitted with, and knows one feature of |a - b|."""

    seen: ClassVar = []

    def __init__(self, feature=0, random_state=None):
        self.feature = feature
        self.random_state = random_state

    def _gap(self, X):
        return np.abs(X.left - X.right)[:, [self.feature]]

    def fit(self, X, y, sample_weight=None, groups=None):
        Spy.seen.append(
            {
                "index": X.index,
                "sample_weight": sample_weight,
                "groups": groups,
                "seed": self.random_state,
            }
        )
        self.model_ = LogisticRegression().fit(self._gap(X), y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(self._gap(X))

    def predict(self, X):
        return self.model_.predict(self._gap(X))


class Plain(Spy):
    """Takes neither weights nor groups."""

    def fit(self, X, y):
        return super().fit(X, y)


class Broken(Plain):
    """Fails where the pairs that it is fitted on satisfy a condition."""

    def __init__(self, feature=0, random_state=None, fails=None, says=None):
        super().__init__(feature, random_state)
        self.fails = fails
        self.says = says

    def fit(self, X, y):
        if self.fails == "always" or (self.fails == "on all" and len(X) == 300):
            raise MemoryError("no room")
        return super().fit(X, y)

    def predict_proba(self, X):
        p = super().predict_proba(X)
        if self.says == "nan":
            p[0] = np.nan
        return p[1:] if self.says == "too few" else p


@pytest.fixture
def seen():
    Spy.seen.clear()
    return Spy.seen


@pytest.fixture(scope="module")
def data():
    pairs, y, groups = class_pairs()
    # By the left item and the right one: asymmetric, and different for all pairs.
    weights = 1.0 + pairs.index[:, 0] + 0.01 * pairs.index[:, 1]
    return pairs, y, groups, weights


def rows_of(index, pairs):
    """Return the numbers of pairs, of which no two are the same."""
    place = {tuple(row): i for i, row in enumerate(pairs.index.tolist())}
    return np.array([place[tuple(row)] for row in index.tolist()])


# ------------------------------------------------------------------------ ready-made


@pytest.fixture(scope="module")
def by_name(data):
    """Return one search with each name, together with degree two."""
    pairs, y, _, _ = data
    model = search(
        forms=("mahalanobis", "quadratic"),
        candidates=list(READY_MADE),
        combine="stack",
    )
    with warnings.catch_warnings():
        # The lengths of training are chosen, so none of them is worth a warning.
        warnings.simplefilter("error")
        return model.fit(pairs, y)


def test_each_setting_of_a_name_is_compared(by_name):
    results = by_name.cv_results_
    assert np.isfinite(results["mean_test_score"]).all()
    for name, make in READY_MADE.items():
        for family, _, grid in make():
            assert family.startswith(name)
            wanted = int(np.prod([len(values) for values in grid.values()]))
            assert (results["candidate"] == family).sum() == wanted


@pytest.mark.parametrize("name", READY_MADE)
def test_settings_of_a_name_are_those_of_its_estimator(name):
    for _, estimator, grid in READY_MADE[name]():
        assert isinstance(estimator, Pipeline)
        assert set(grid) <= set(estimator.get_params())
        assert weight_argument(estimator)[1]


def test_a_stack_of_all_kinds_is_symmetric_and_small(by_name, data):
    pairs, y, _, _ = data
    families = {member["candidate"] for member in by_name.members_}
    kinds = {family.partition(",")[0] for family in families}
    assert len(kinds & set(READY_MADE)) >= 2
    for dtype in (np.float64, np.float32):
        new = pairs.map_items(lambda items, dtype=dtype: items[::-1].astype(dtype))
        scores = by_name.decision_function(new)
        assert_array_equal(by_name.decision_function(new.swap()), scores)
        again = pickle.loads(pickle.dumps(by_name.best_estimator_))
        assert_array_equal(again.decision_function(new), scores)
    assert roc_auc_score(y, by_name.decision_function(pairs)) > 0.8


def test_members_are_added_up_with_their_weights(by_name, data):
    """Each fitted anew; those of degree two are one score, whatever their number."""
    pairs, y, _, _ = data
    stack = by_name.best_estimator_[-1]
    assert isinstance(stack, StackedPairClassifier)
    of_degree_two = [m for m in by_name.members_ if "form" in m["params"]]
    others = [m for m in by_name.members_ if "form" not in m["params"]]
    assert len(of_degree_two) >= 1
    spaces = {str(m["params"].get("whiten")) for m in of_degree_two}
    # A network is the mean of three of them.
    draws = [
        (member, seed, n_draws)
        for member in others
        for n_draws in [3 if member["candidate"].startswith("network") else 1]
        for seed in range(n_draws)
    ]
    assert max(n_draws for *_, n_draws in draws) == 3
    made = {f: e for make in READY_MADE.values() for f, e, _ in make()}
    for (member, seed, n_draws), fitted, weight in zip(
        draws,
        stack.estimators_[len(spaces) :],
        stack.weights[len(spaces) :],
        strict=True,
    ):
        assert weight == member["weight"] / n_draws
        alone = clone(made[member["candidate"]]).set_params(**member["params"])
        random = [k for k in alone.get_params() if k.endswith("random_state")]
        alone.set_params(**dict.fromkeys(random, seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            alone.fit(pairs, y)
        assert_allclose(
            alone.decision_function(pairs), fitted.decision_function(pairs), atol=1e-8
        )


def test_probabilities_of_a_stack_of_all_kinds(by_name):
    """Of pairs of which half are new."""
    new, labels, _ = class_pairs(n_pairs=700)
    p = by_name.predict_proba(new)
    assert_allclose(p.sum(axis=1), 1.0)
    assert expected_calibration_error(labels, p[:, 1]) < 0.1


def test_processes_change_no_bit(data):
    pairs, y, groups, weights = data
    network = SymmetricMLPClassifier((8,), early_stopping=False)
    boosting = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5)
    guests = [
        ("network", network, {"max_iter": [8]}),
        ("kernel", KernelPairClassifier("mlpk")),
        ("boosting", make_pipeline(SymmetricFeatures("absdiff"), boosting)),
    ]
    params = {"candidates": guests, "combine": "stack"}
    one, two = (
        search(**params, n_jobs=n).fit(pairs, y, weights, groups=groups) for n in (1, 2)
    )
    assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.members_ == two.members_
    assert_array_equal(one.decision_function(pairs), two.decision_function(pairs))


def test_names_beside_estimators(data):
    pairs, y, _, _ = data
    model = search(
        forms=(), candidates=["poly", ("network", Plain(), {"feature": [1]})]
    )
    found = model.fit(pairs, y).cv_results_["candidate"]
    assert found.tolist() == ["cosine", "euclid", "poly", "poly", "network"]


def test_networks_of_the_search_see_all_classes_of_a_fold(data):
    """With a handful of groups there is none to be held out once more."""
    pairs, y, groups, _ = data
    few, labels, sides = pairs[:120], y[:120], groups[:120]
    model = search(forms=(), candidates=["network"], combine="stack")
    model.fit(few, labels, groups=sides)
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()


def test_what_the_user_brings_is_fitted_as_often_as_it_is_named():
    network, *_ = guest_candidates(["network"], 7)
    (mine,) = guest_candidates([("mine", network.estimator)], 7)
    assert (network.n_draws, mine.n_draws) == (3, 1)
    assert network.estimator.get_params()["network__random_state"] == 7
    assert with_other_seed(Spy(random_state=2**31 - 1), 1).random_state == 0
    # A seed of the user, however large, is the one of the folds in the final fit too.
    assert with_other_seed(Spy(random_state=2**32 - 1), 0).random_state == 2**32 - 1


# ------------------------------------------------------------------- bad candidates


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            {"candidates": ["networks"]},
            "no candidate 'networks'; there are 'network'",
        ),
        ({"candidates": ["poly", "poly"]}, "the name 'poly' of a candidate is taken"),
        ({"candidates": ["poly", ("poly", Plain())]}, "'poly' of a candidate is taken"),
        ({"candidates": "poly"}, "must be a list of .* or names of 'network', "),
        ({"candidates": [("a", 3)]}, r"names of 'network', .*, got \('a', 3\)"),
        (
            {"candidates": [(3, Plain())]},
            "name of a candidate must be a str, got 3",
        ),
        ({"forms": ["mahalanobis", "poly"]}, r"Pass\s+candidates=\['poly'\]"),
        ({"forms": "poly"}, "'poly' is fitted anew for each"),
        ({"error_score": 0.0}, "'error_score' .* must be 'raise' or np.nan. Got 0.0"),
        ({"error_score": "warn"}, "must be 'raise' or np.nan. Got 'warn'"),
    ],
)
def test_what_cannot_be_a_candidate(data, params, text):
    pairs, y, _, _ = data
    with pytest.raises(ValueError, match=text):
        search(**params).fit(pairs, y)


def test_groups_of_other_pairs(data):
    pairs, y, groups, _ = data
    folds = [(np.arange(150), np.arange(150, 300))]
    with pytest.raises(ValueError, match=r"for each of the 300 pairs; .* \(299, 2\)"):
        search(cv=folds).fit(pairs, y, groups=groups[1:])


# ------------------------------------------------------- weights, groups and seeds


@pytest.mark.parametrize("piped", [False, True])
def test_guests_get_weights_and_groups_of_their_pairs(data, seen, piped):
    pairs, y, groups, weights = data
    guest = make_pipeline(Spy()) if piped else Spy()
    model = search(forms=(), candidates=[("spy", guest)], combine="stack")
    given = {"X_val": pairs[:60], "y_val": y[:60], "groups": groups}
    with pytest.warns(UserWarning, match="pairs of X_val are in X too"):
        model.fit(pairs, y, weights, **given)
    # Two folds, one for X_val, and the final fit if it is taken.
    assert len(seen) == 3 + ("spy" in {m["candidate"] for m in model.members_})
    sizes = [len(call["index"]) for call in seen]
    assert max(sizes[:2]) < 300
    assert sizes[2:] == [300] * (len(seen) - 2)
    for call in seen:
        rows = rows_of(call["index"], pairs)
        assert_array_equal(call["groups"], groups[rows])
        assert_allclose(call["sample_weight"], weights[rows] / weights[rows].mean())


def test_equal_weights_are_none(data, seen):
    pairs, y, _, _ = data
    model = search(forms=(), candidates=[("spy", Spy()), ("plain", Plain())])
    model.fit(pairs, y, np.full(300, 7.0))
    assert all(call["sample_weight"] is None for call in seen)
    assert all(call["groups"] is None for call in seen)


def test_weights_that_cannot_reach_a_guest(data):
    pairs, y, _, weights = data
    guests = [("spy", Spy()), ("plain", Plain(), {"feature": [0, 1]})]
    with pytest.warns(UserWarning, match="candidates 'plain': their fit takes no") as w:
        search(forms=(), candidates=guests).fit(pairs, y, weights)
    assert len(w) == 1


def test_a_guest_of_ours_is_fitted_with_weights(data):
    pairs, y, _, weights = data
    ours = make_pipeline(SymmetricPairClassifier(alpha=1e-3, psd=False, tol=1e-6))
    model = search(forms=(), candidates=[("ours", ours)], combine="best")
    model.fit(pairs, y, weights)
    (member,) = model.members_
    assert member["candidate"] == "ours"
    alone = clone(ours).fit(
        pairs, y, symmetricpairclassifier__sample_weight=weights / weights.max()
    )
    shift = model.decision_function(pairs)
    shift = shift - member["weight"] * alone.decision_function(pairs)
    assert_allclose(shift, shift[0], atol=1e-9)


def test_groups_reach_what_names_them():
    network = SymmetricMLPClassifier()
    assert group_argument(network) == "groups"
    piped = make_pipeline(SharedTransformer(PCA()), network)
    assert group_argument(piped) == "symmetricmlpclassifier__groups"
    assert group_argument(make_pipeline(KernelPairClassifier())) is None
    # Groups of a search go to its folds, which may not want them.
    assert group_argument(GridSearchCV(network, {})) is None
    assert weight_argument(GridSearchCV(piped, {}))[0] == (
        "symmetricmlpclassifier__sample_weight"
    )


def test_arguments_with_metadata_routing(data, seen):
    """What has requested them gets them, and what has not does not."""
    pairs, y, groups, weights = data
    with config_context(enable_metadata_routing=True):
        asks = Spy().set_fit_request(sample_weight=True, groups=True)
        guests = [("asks", make_pipeline(asks)), ("silent", make_pipeline(Spy()))]
        model = search(forms=(), candidates=guests, combine="best")
        with pytest.warns(UserWarning, match="cannot reach the candidates 'silent'"):
            model.fit(pairs, y, weights, groups=groups)
        for make in READY_MADE.values():
            assert all(weight_argument(one)[1] for _, one, _ in make())
        ((_, network, _), *_) = READY_MADE["network"]()
        assert group_argument(network) == "groups"
    for call in seen[:2]:
        assert_array_equal(call["groups"], groups[rows_of(call["index"], pairs)])
        assert call["sample_weight"].mean() == pytest.approx(1.0)
    for call in seen[2:4]:
        assert call["groups"] is None
        assert call["sample_weight"] is None


def test_scaled_features_with_metadata_routing(data):
    """The scaler could take weights, and gets none: routed or not, one model."""
    pairs, y, weights = data[0][:120], data[1][:120], data[3][:120]
    scores = []
    for routing in (False, True):
        with config_context(enable_metadata_routing=routing):
            model = search(forms=(), candidates=["features"]).fit(pairs, y, weights)
        scores.append(model.cv_results_["mean_test_score"])
    assert_allclose(scores[1], scores[0], rtol=1e-9)


def test_processes_know_if_metadata_are_routed(data):
    """A guest that did not request weights gets none there either."""
    pairs, y, _, weights = data
    silent = make_pipeline(SymmetricFeatures("absdiff"), LogisticRegression())
    scores = []
    with config_context(enable_metadata_routing=True):
        for n_jobs in (None, 2):
            model = search(forms=(), candidates=[("silent", silent)], n_jobs=n_jobs)
            with pytest.warns(UserWarning, match="cannot reach the candidates"):
                model.fit(pairs, y, weights**8)
            scores.append(model.cv_results_["mean_test_score"])
    assert_allclose(scores[1], scores[0], rtol=1e-9)


@pytest.mark.parametrize("random_state", [5, np.int64(5)])
def test_the_seed_of_the_search_is_that_of_guests_without(data, seen, random_state):
    pairs, y, _, _ = data
    piped = make_pipeline(SharedTransformer(PCA()), Spy())
    guests = [
        ("none", Spy()),
        ("set", Spy(random_state=1)),
        ("grid", piped, {"spy__random_state": [2, None]}),
    ]
    search(forms=(), candidates=guests, random_state=random_state).fit(pairs, y)
    assert [call["seed"] for call in seen[:8]] == [5, 5, 1, 1, 2, 2, 5, 5]
    assert guests[0][1].random_state is None
    assert guests[2][1].get_params()[
        "sharedtransformer__transformer__random_state"
    ] is (None)


def test_a_drawn_seed_leaves_the_folds_alone(data, seen):
    pairs, y, _, _ = data
    for guests in ([("spy", Spy())], [("spy", Spy()), ("plain", Plain())]):
        state = np.random.RandomState(3)
        search(forms=(), candidates=guests, random_state=state).fit(pairs, y)
    first, second = seen[0], seen[2 + (len(seen) > 6)]
    assert first["seed"] == seen[1]["seed"] is not None
    assert_array_equal(first["index"], second["index"])
    assert seed_of(None) != seed_of(None)


# --------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Broken(fails="always"), "MemoryError: no room"),
        (Broken(says="nan"), "ValueError: its scores of held-out pairs are not"),
        (Broken(says="too few"), r"ValueError: it returned scores of shape \(\d+,\)"),
    ],
)
def test_a_failure_is_named_and_loses_nothing(data, broken, reason):
    pairs, y, _, _ = data
    guests = [("bad", broken, {"feature": [0, 1]}), ("good", Plain(feature=1))]
    model = search(candidates=guests, error_score=np.nan)
    with pytest.warns(FitFailedWarning, match=f"'bad', 2 settings: {reason}"):
        model.fit(pairs, y)
    results = model.cv_results_
    assert results["candidate"][-3:].tolist() == ["good", "bad", "bad"]
    for name in ("mean_test_score", "split0_test_score", "std_test_score"):
        assert np.isnan(results[name][-2:]).all()
        assert np.isfinite(results[name][:-2]).all()
    n_good = len(results["params"]) - 2
    assert (results["rank_test_score"][-2:] == n_good + 1).all()
    without = search(candidates=guests[1:]).fit(pairs, y)
    assert_array_equal(
        results["mean_test_score"][:-2], without.cv_results_["mean_test_score"]
    )
    assert_array_equal(model.decision_function(pairs), without.decision_function(pairs))
    with pytest.raises(ValueError, match=r"candidate 'bad' with {'feature': 0} could"):
        model.set_params(error_score="raise").fit(pairs, y)


def test_an_interrupt_of_a_network_ends_the_search(data, monkeypatch):
    """Alone, the network would warn and keep what it has."""
    pairs, y, _, _ = data

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("sksymsim._networks.training.run_epoch", interrupted)
    network = SymmetricMLPClassifier((4,), early_stopping=False)
    with pytest.warns(UserWarning, match="interrupted"):
        network.fit(pairs, y)
    guests = [("network", network)]
    model = search(forms=(), candidates=guests, error_score=np.nan)
    with pytest.raises(KeyboardInterrupt):
        model.fit(pairs, y)


def test_a_failure_of_the_final_fit_is_named(data):
    pairs, y, _, _ = data
    guests = [("late", Broken(fails="on all"))]
    model = search(forms=(), candidates=guests, error_score=np.nan, combine="stack")
    with pytest.raises(ValueError, match="'late' could not be fitted on all pairs: "):
        model.fit(pairs, y)


def test_progress_names_settings_and_failures(data, capsys):
    pairs, y, _, _ = data
    guests = [("bad", Broken(fails="always")), ("good", Plain(), {"feature": [0, 1]})]
    model = search(forms=(), candidates=guests, error_score=np.nan, verbose=1)
    with pytest.warns(FitFailedWarning):
        model.fit(pairs, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "3/5: bad: failed, MemoryError: no room"
    assert lines[3].startswith("4/5: good (feature=0): 1 fit in ")
    assert lines[4].startswith("5/5: good (feature=1): 1 fit in ")


# ------------------------------------------------------------------- single estimators


def test_poly_alone_is_no_matrix(data):
    """It has no factors that could be scaled, so its log-odds are."""
    pairs, y, _, _ = data
    poly = make_pipeline(SymmetricPairClassifier("poly", degree=3, alpha=1e-3))
    half = Blend(np.zeros(1, dtype=int), np.full(1, 0.5), 2.0)
    guest = Candidate("cubic", {}, poly, (), is_guest=True)
    model = refit(half, [guest], pairs, y)
    alone = clone(poly).fit(pairs, y)
    scores = model.decision_function(pairs)
    assert_allclose(scores, 0.5 * alone.decision_function(pairs) + 2, atol=1e-9)
    assert most_iterations(model) == alone[-1].n_iter_
    assert_array_equal(model.decision_function(pairs.swap()), scores)


def test_a_chosen_length_of_training_is_no_news(data):
    pairs, y, _, _ = data
    network = SymmetricMLPClassifier((4,), early_stopping=False, max_iter=2)
    alone = Blend(np.zeros(1, dtype=int), np.ones(1), 0.0)
    chosen, given = (
        Candidate("network", params, network, (), is_guest=True)
        for params in ({"network__max_iter": 2}, {})
    )
    assert refit(alone, [chosen], pairs, y)[-1].estimators_[0].n_iter_ == 2
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        refit(alone, [given], pairs, y)


def test_a_symmetrised_classifier_needs_members_that_take_weights():
    takes = SymmetrizedClassifier(LogisticRegression())
    assert weight_argument(takes) == ("sample_weight", True)
    without = SymmetrizedClassifier(make_pipeline(Plain()))
    assert not weight_argument(without)[1]


def test_candidates_of_two_arrays(data):
    pairs, y = data[0][:150], data[1][:150]
    X = Pairs(pairs.left, pairs.right)
    model = search(forms=(), candidates=["kernel"], cv=3).fit(X, y)
    assert_array_equal(model.decision_function(X), model.decision_function(X.swap()))
