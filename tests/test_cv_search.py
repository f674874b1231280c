# SPDX-License-Identifier: BSD-3-Clause
"""The search that chooses everything, as its users see it."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim import (
    EmbeddingNormalizer,
    PairGroupKFold,
    Pairs,
    PairShuffleSplit,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
)
from sksymsim._selection import held_out as _held_out
from sksymsim._selection.candidates import baseline_spaces, family_spaces, item_spaces

# A short grid: two spaces of one form and prior, three penalties.
SHORT = {
    "whitenings": (0.0,),
    "forms": ("mahalanobis",),
    "priors": ("identity",),
    "alphas": (1e-1, 1e-3),
    "cv": 3,
    "random_state": 0,
}
# Members of several forms, in one space and in two.
MIXED = SHORT | {"forms": ("mahalanobis", "quadratic"), "combine": "stack"}


# What is tested there is something else than what folds share.
known_items = pytest.mark.filterwarnings("ignore:.* have an item that is in training")


def search(**params):
    return SymmetricPairClassifierCV(**SHORT | params)


class FlatPairs(ClassifierMixin, BaseEstimator):
    """A plain classifier of |a - b|: what a guest of any kind looks like."""

    def __init__(self, C=1.0):
        self.C = C

    def _flat(self, X):
        return np.abs(X.left - X.right)

    def fit(self, X, y):
        self.model_ = LogisticRegression(C=self.C).fit(self._flat(X), y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(self._flat(X))

    def predict(self, X):
        return self.model_.predict(self._flat(X))


class KnowsTheAnswer(FlatPairs):
    """Looks at one feature; it is the last one that decides in `marked_pairs`."""

    def __init__(self, feature=-1, C=1.0):
        super().__init__(C)
        self.feature = feature

    def _flat(self, X):
        return X.left[:, [self.feature]] * X.right[:, [self.feature]]


def marked_pairs():
    """Return pairs whose label is in the product of the last feature, noisily."""
    rng = np.random.default_rng(3)
    pairs, y, _ = class_pairs()
    marks = rng.choice([-1.0, 1.0], len(pairs.items))
    items = np.column_stack([pairs.items, marks])
    product = marks[pairs.index].prod(axis=1)
    y = np.where(rng.random(len(y)) < 0.9, product > 0, y).astype(int)
    return Pairs.from_index(items, pairs.index), y


@pytest.fixture(scope="module")
def easy():
    """Pairs on which a learned metric is far better than cosine."""
    return class_pairs()


@pytest.fixture(scope="module")
def plain(easy):
    """The search of the short grid, which others are compared with."""
    pairs, y, _ = easy
    return search().fit(pairs, y)


@pytest.fixture(scope="module")
def stacked(easy):
    """A search that took a stack, which others look at."""
    pairs, y, _ = easy
    return SymmetricPairClassifierCV(**MIXED).fit(pairs, y)


# ---------------------------------------------------------------------- what it takes


@pytest.mark.parametrize("shuffled", range(4))
def test_a_baseline_where_there_is_nothing_to_learn(shuffled):
    pairs, y, _ = class_pairs()
    y = np.random.default_rng(shuffled).permutation(y)
    model = SymmetricPairClassifierCV(**MIXED | {"combine": "auto"}).fit(pairs, y)
    assert model.choice_ in ("cosine", "euclid")
    assert model.cv_score_ == model.cosine_score_
    (member,) = model.members_
    assert member["candidate"] == model.choice_
    assert member["weight"] == 1


def test_a_learned_model_where_it_is_better(easy):
    pairs, y, _ = easy
    model = search().fit(pairs, y)
    assert model.choice_ in ("stack", "best")
    assert model.cv_score_ > model.cosine_score_
    assert model.best_params_["form"] == "mahalanobis"
    # And so on pairs of items that it never saw.
    train = np.isin(pairs.index, np.arange(32)).all(axis=1)
    test = ~np.isin(pairs.index, np.arange(32)).any(axis=1)
    model.fit(pairs[train], y[train])
    cosine = SymmetricPairClassifier(alpha=1e9).fit(pairs[train], y[train])
    auc = roc_auc_score(y[test], model.decision_function(pairs[test]))
    assert auc > roc_auc_score(y[test], cosine.decision_function(pairs[test])) + 0.05


@pytest.mark.parametrize("combine", ["best", "stack"])
def test_combine(easy, combine):
    pairs, y, _ = easy
    model = SymmetricPairClassifierCV(**MIXED | {"combine": combine}).fit(pairs, y)
    assert model.choice_ == combine
    if combine == "best":
        (member,) = model.members_
        assert member["params"] == model.best_params_
        assert model.cv_results_["params"][model.best_index_] == model.best_params_
    else:
        assert len(model.members_) > 1
        families = [member["candidate"] for member in model.members_]
        assert len(set(families)) == len(families)


def test_scores_are_those_of_the_held_out_pairs(easy, monkeypatch):
    """By hand: one candidate in the family, one fixed split, three known models."""
    monkeypatch.setattr(_held_out, "PATH_TOL", 1e-4)
    pairs, y, _ = easy
    folds = list(PairGroupKFold(3, random_state=0).split(pairs, y))
    model = search(alphas=[1e-3], cv=folds).fit(pairs, y)
    results = model.cv_results_
    place = [p.get("alpha") for p in results["params"]].index(1e-3)
    for number, (train, test) in enumerate(folds):
        single = make_pipeline(
            SharedTransformer(EmbeddingNormalizer(whiten=0.0)),
            SymmetricPairClassifier(alpha=1e-3, psd=False),
        ).fit(pairs[train], y[train])
        scores = single.decision_function(pairs[test])[:, None]
        # Each part counts as if its rate were that of all pairs.
        weights = np.where(y[test], y.mean() / y[test].mean(), 1.0)
        weights[y[test] == 0] = (1 - y.mean()) / (1 - y[test].mean())
        platt = LogisticRegression(C=1e10, tol=1e-10)
        platt.fit(scores, y[test], sample_weight=weights)
        proba = platt.predict_proba(scores)
        expected = -log_loss(y[test], proba, sample_weight=weights)
        found = results[f"split{number}_test_score"][place]
        assert_allclose(found, expected, atol=1e-3)


def test_results_are_those_of_a_grid_search(stacked):
    results = stacked.cv_results_
    names = {"candidate", "params", "mean_test_score", "std_test_score"}
    names |= {"rank_test_score", "mean_fit_time"}
    names |= {f"split{i}_test_score" for i in range(3)}
    assert set(results) == names
    n_candidates = len(results["params"])
    assert {len(column) for column in results.values()} == {n_candidates}
    parts = np.array([results[f"split{i}_test_score"] for i in range(3)])
    assert_allclose(results["mean_test_score"], parts.mean(axis=0))
    assert_allclose(results["std_test_score"], parts.std(axis=0))
    ranks = results["rank_test_score"]
    assert ranks.min() == 1
    best = results["mean_test_score"].max()
    assert results["mean_test_score"][ranks == 1][0] == best
    assert (results["mean_fit_time"] >= 0).all()
    assert list(results["candidate"][:2]) == ["cosine", "euclid"]
    assert stacked.n_splits_ == 3
    assert stacked.refit_time_ > 0


def test_equal_scores_share_a_rank(easy):
    pairs, y, _ = easy
    twice = [("one", FlatPairs()), ("other", FlatPairs())]
    results = search(forms=(), candidates=twice).fit(pairs, y).cv_results_
    assert list(results["candidate"]) == ["cosine", "euclid", "one", "other"]
    assert_array_equal(results["rank_test_score"][2:], [1, 1])
    assert sorted(results["rank_test_score"]) == [1, 1, 3, 4]


def test_the_grid_that_is_searched():
    settings = {"psd": False, "max_iter": 5, "tol": 0.1}
    spaces = family_spaces(
        item_spaces([None, 0.5], [3]),
        ["mahalanobis", "bilinear"],
        ["identity", "kissme"],
        [0.1, 0.5],
        [1e-3, 1e-1, 1e-3],
        settings,
    )
    assert [len(space.paths) for space in spaces] == [4, 4, 4]
    for space in spaces:
        kinds = [(path.form, path.prior, path.shrinkage) for path in space.paths]
        assert kinds == [
            ("mahalanobis", "identity", 0.1),
            ("mahalanobis", "kissme", 0.1),
            ("mahalanobis", "kissme", 0.5),
            ("bilinear", "identity", 0.1),
        ]
        for path in space.paths:
            # The metric "identity" of the items as they are is Euclid, once.
            kind = space.normalizer, path.form, path.prior
            is_euclid = kind == (None, "mahalanobis", "identity")
            assert path.alphas == [np.inf, 1e-1, 1e-3][is_euclid:]
            for candidate in path.candidates:
                model = candidate.estimator[-1]
                assert model.alpha == min(candidate.params["alpha"], 1e9)
                assert model.get_params().items() >= settings.items()
    assert spaces[1].normalizer.whiten == 0.5
    pca, normalizer = (step for _, step in spaces[2].normalizer.steps)
    assert (pca.n_components, normalizer.whiten) == (3, 0.0)
    families = {c.family for path in spaces[2].paths for c in path.candidates}
    assert "pca=3, whiten=0.0, form=bilinear, prior=identity" in families


# -------------------------------------------------------------------------- baselines


@pytest.mark.parametrize("name", ["cosine", "euclid"])
def test_baselines_are_logistic_regressions_on_one_number(easy, name):
    pairs, y, _ = easy
    spaces = baseline_spaces({"psd": False, "tol": 1e-6})
    candidates = [space.paths[0].candidates[0] for space in spaces]
    candidate = {c.family: c for c in candidates}[name]
    left, right = pairs.left, pairs.right
    if name == "cosine":
        left = left / np.linalg.norm(left, axis=1, keepdims=True)
        right = right / np.linalg.norm(right, axis=1, keepdims=True)
    column = ((left - right) ** 2).sum(axis=1)[:, None]
    column_scale = column.std()
    platt = LogisticRegression(C=1e10, tol=1e-10).fit(column / column_scale, y)
    scores = candidate.estimator.fit(pairs, y).decision_function(pairs)
    if platt.coef_[0, 0] < 0:
        expected = platt.decision_function(column / column_scale)
    else:
        expected = np.full(len(y), np.log(y.mean() / (1 - y.mean())))
    assert_allclose(scores, expected, atol=1e-3)
    wrong = candidate.estimator.fit(pairs, 1 - y).decision_function(pairs)
    if platt.coef_[0, 0] < 0:
        assert_allclose(wrong, np.log((1 - y.mean()) / y.mean()), atol=1e-3)


# ---------------------------------------------------------------------- what comes out


def test_the_model_is_a_small_pipeline_that_says_the_same(easy, stacked):
    pairs, _, _ = easy
    model = stacked.best_estimator_
    assert isinstance(model, Pipeline)
    scores = stacked.decision_function(pairs)
    assert_array_equal(model.decision_function(pairs), scores)
    assert_array_equal(stacked.decision_function(pairs.swap()), scores)
    two_arrays = Pairs(pairs.left, pairs.right)
    assert_allclose(stacked.decision_function(two_arrays), scores, atol=1e-9)
    for one in (stacked, model):
        again = pickle.loads(pickle.dumps(one))
        assert_array_equal(again.decision_function(pairs), scores)
        assert_array_equal(again.predict_proba(pairs), one.predict_proba(pairs))
    assert_array_equal(stacked.predict(pairs), scores > 0)
    assert stacked.n_features_in_ == 5


def test_a_folded_stack_is_the_weighted_sum(easy, stacked):
    """The members by themselves, at their weights: the same up to one shift."""
    pairs, y, _ = easy
    expected = 0.0
    for member in stacked.members_:
        params = dict(member["params"])
        if member["candidate"] in ("cosine", "euclid"):
            model = baseline_spaces({"psd": False})[member["candidate"] == "euclid"]
            single = model.paths[0].candidates[0].estimator
        else:
            single = make_pipeline(
                SharedTransformer(EmbeddingNormalizer(whiten=params.pop("whiten"))),
                SymmetricPairClassifier(
                    **params | {"alpha": min(params["alpha"], 1e9)}, psd=False
                ),
            )
        single.fit(pairs, y)
        expected = expected + member["weight"] * single.decision_function(pairs)
    shift = stacked.decision_function(pairs) - expected
    assert_allclose(shift, shift[0], atol=1e-7)


def test_members_of_one_space_are_one_classifier(easy):
    pairs, y, _ = easy
    folds = list(PairGroupKFold(3, random_state=0).split(pairs, y))
    model = SymmetricPairClassifierCV(**MIXED | {"cv": folds}).fit(pairs, y)
    families = {m["candidate"] for m in model.members_}
    final = model.best_estimator_[-1]
    spaces = {m["params"].get("whiten", m["candidate"]) for m in model.members_}
    assert len(families) > 1
    if len(spaces) == 1:
        assert isinstance(final, SymmetricPairClassifier)
        assert final.form == "quadratic"
    else:
        assert isinstance(final, StackedPairClassifier)
        assert len(final.estimators_) == len(spaces)


@pytest.mark.parametrize("combine", ["best", "stack"])
def test_a_final_metric_is_one_if_asked_for(easy, combine):
    pairs, y, _ = easy
    model = search(psd=True, combine=combine, shrinkages=(0.1,)).fit(pairs, y)
    steps = [model.best_estimator_[-1]]
    if isinstance(steps[0], StackedPairClassifier):
        steps = [member[-1] for member in steps[0].estimators_]
    for step in steps:
        assert step.psd
        assert np.linalg.eigvalsh(step.get_mahalanobis_matrix()).min() > -1e-9


def test_iterations_are_those_of_the_final_fits(easy, stacked):
    pairs, y, _ = easy
    final = stacked.best_estimator_[-1]
    members = getattr(final, "estimators_", [stacked.best_estimator_])
    assert stacked.n_iter_ == max(member[-1].n_iter_ for member in members) > 1
    guests = [("flat", FlatPairs())]
    alone = search(forms=(), candidates=guests, combine="best", cv=2)
    assert alone.fit(pairs, y).n_iter_ == 1


def test_transfer_is_at_the_level_of_other_parts(stacked):
    assert stacked.cv_transfer_score_ <= stacked.cv_score_
    assert np.isfinite(stacked.cv_transfer_score_)


# ------------------------------------------------------------------------------ guests


def test_a_guest_can_win():
    pairs, y = marked_pairs()
    guest = [("oracle", KnowsTheAnswer(), {"feature": [0, -1]})]
    model = search(candidates=guest, combine="best").fit(pairs, y)
    assert model.choice_ == "best"
    assert model.members_[0]["candidate"] == "oracle"
    assert model.best_params_ == {"feature": -1}
    assert isinstance(model.best_estimator_, Pipeline)
    alone = KnowsTheAnswer().fit(pairs, y)
    scores = model.decision_function(pairs)
    order = np.argsort(alone.predict_proba(pairs)[:, 1], kind="stable")
    assert (np.diff(scores[order]) > -1e-9).all()
    assert_array_equal(model.decision_function(pairs.swap()), scores)
    assert not hasattr(guest[0][1], "classes_")


def test_a_guest_can_be_a_member():
    pairs, y = marked_pairs()
    guests = [("oracle", KnowsTheAnswer())]
    model = search(candidates=guests, combine="stack").fit(pairs, y)
    assert "oracle" in {member["candidate"] for member in model.members_}
    pickle.loads(pickle.dumps(model.best_estimator_))
    assert_array_equal(
        model.decision_function(pairs), model.decision_function(pairs.swap())
    )


@pytest.mark.parametrize("combine", ["best", "stack"])
def test_a_pipeline_of_ours_as_a_guest(easy, combine):
    """It is fitted as it is, and becomes no more than it was."""
    pairs, y, _ = easy
    scaled = make_pipeline(
        SharedTransformer(make_pipeline(StandardScaler(), PCA(4, random_state=0))),
        SymmetricPairClassifier(alpha=1e-3),
    )
    model = search(forms=(), candidates=[("pca", scaled)], combine=combine)
    model.fit(pairs, y)
    assert model.choice_ == combine
    weights = {m["candidate"]: m["weight"] for m in model.members_}
    assert "pca" in weights
    guest = clone(scaled).fit(pairs, y).decision_function(pairs)
    scores = model.decision_function(pairs)
    if set(weights) == {"pca"}:
        shift = scores - weights["pca"] * guest
        assert_allclose(shift, shift[0], atol=1e-9)
        assert isinstance(model.best_estimator_[-1], SymmetricPairClassifier)
    assert_array_equal(scores, model.decision_function(pairs.swap()))


def test_guests_in_spaces_of_one_name_stay_apart():
    """Two arrays that print alike are two transformers."""
    pairs, y = marked_pairs()
    # Cosine sees little but the first feature, which says nothing.
    two = pairs.items[:, [2, -1]] * [20.0, 1.0]
    pairs = Pairs.from_index(two, pairs.index)

    def guest(feature):
        keep = np.zeros(2000, dtype=int)
        keep[1000] = feature
        step = SharedTransformer(TakesOne(keep))
        return make_pipeline(step, SymmetricPairClassifier("bilinear", alpha=1e-3))

    one, other = guest(0), guest(1)
    assert repr(one[:-1]) == repr(other[:-1])
    model = search(
        forms=(), candidates=[("a", one), ("b", other)], combine="stack"
    ).fit(pairs, y)
    weights = {m["candidate"]: m["weight"] for m in model.members_}
    assert "b" in weights
    single = {"a": one, "b": other}
    spaces = baseline_spaces({"psd": False})
    for space in spaces:
        candidate = space.paths[0].candidates[0]
        single[candidate.family] = candidate.estimator
    expected = sum(
        weight * clone(single[name]).fit(pairs, y).decision_function(pairs)
        for name, weight in weights.items()
    )
    shift = model.decision_function(pairs) - expected
    assert_allclose(shift, shift[0], atol=1e-7)


class TakesOne(BaseEstimator):
    """A transformer with a long array for a parameter."""

    def __init__(self, keep):
        self.keep = keep

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, [int(np.max(self.keep))]]


@pytest.mark.parametrize("combine", ["best", "stack"])
def test_guests_see_the_labels_of_the_user(combine):
    """Both in the search and at the end; so they may know them by name."""
    pairs, y = marked_pairs()
    names = np.array(["other", "same"])
    seen = []

    class Spy(KnowsTheAnswer):
        def fit(self, X, y):
            seen.append(set(y.tolist()))
            return super().fit(X, y)

    by_name = {"other": 1.0, "same": 9.0}
    guests = [("spy", Spy()), ("ours", SymmetricPairClassifier(class_weight=by_name))]
    model = search(candidates=guests, combine=combine).fit(pairs, names[y])
    assert seen == [set(names)] * 4
    assert "spy" in {member["candidate"] for member in model.members_}
    plain = [
        ("spy", KnowsTheAnswer()),
        ("ours", SymmetricPairClassifier(class_weight={0: 1.0, 1: 9.0})),
    ]
    other = search(candidates=plain, combine=combine).fit(pairs, y)
    assert model.cv_score_ == other.cv_score_
    assert_array_equal(model.predict_proba(pairs), other.predict_proba(pairs))
    assert_array_equal(model.predict(pairs), names[other.predict(pairs)])
    # Of a label that is not there, it complains of the user's labels.
    wrong = [("ours", SymmetricPairClassifier(class_weight={1: 2.0}))]
    with pytest.raises(ValueError, match=r"not among the classes of y: \['other', 's"):
        search(candidates=wrong, error_score="raise").fit(pairs, names[y])


# ----------------------------------------------------------- weights, folds and groups


@known_items
def test_weights_are_repetitions_on_given_folds(easy):
    pairs, y, _ = easy
    rng = np.random.default_rng(0)
    times = rng.integers(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), times)
    folds = list(KFold(3).split(y))
    repeated = [
        tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds
    ]
    weighted = search(combine="best", cv=folds).fit(pairs, y, sample_weight=times)
    plain = search(combine="best", cv=repeated).fit(pairs[rows], y[rows])
    assert weighted.choice_ == plain.choice_ == "best"
    assert weighted.best_params_ == plain.best_params_
    assert_allclose(weighted.cv_score_, plain.cv_score_, atol=2e-3)
    assert_allclose(
        weighted.predict_proba(pairs), plain.predict_proba(pairs), atol=5e-3
    )


@known_items
def test_pairs_without_weight_do_not_matter(easy):
    pairs, y, _ = easy
    folds = list(KFold(3).split(y))
    weights = np.ones(len(y))
    weights[::7] = 0
    changed = np.where(weights > 0, y, 1 - y)
    one = search(cv=folds).fit(pairs, y, sample_weight=weights)
    other = search(cv=folds).fit(pairs, changed, sample_weight=weights)
    assert one.choice_ == other.choice_
    assert one.cv_score_ == other.cv_score_
    assert_array_equal(one.decision_function(pairs), other.decision_function(pairs))
    weights[folds[1][1]] = 0
    with pytest.raises(ValueError, match="fold 1 of cv has a test part of one class"):
        search(cv=folds).fit(pairs, y, sample_weight=weights)


def test_one_fixed_split(easy):
    pairs, y, _ = easy
    train = np.isin(pairs.index, np.arange(30)).all(axis=1)
    test = ~np.isin(pairs.index, np.arange(30)).any(axis=1)
    model = search(cv=[(train, test)]).fit(pairs, y)
    assert model.n_splits_ == 1
    assert "split4_test_score" in model.cv_results_
    rows = search(cv=[(np.flatnonzero(train), np.flatnonzero(test))]).fit(pairs, y)
    assert_array_equal(rows.decision_function(pairs), model.decision_function(pairs))
    assert rows.cv_score_ == model.cv_score_


@pytest.mark.parametrize("layout", ["index", "arrays", "array"])
def test_folds_that_share_items_are_doubted(easy, layout):
    pairs, y, _ = easy
    forms = {"arrays": Pairs(pairs.left, pairs.right), "array": np.asarray(pairs)}
    X = forms.get(layout, pairs)
    n_known = 0
    for train, test in KFold(3).split(y):
        known = np.isin(pairs.index[test], pairs.index[train]).any(axis=1)
        n_known += known.sum()
    text = f"^{n_known} of the {len(y)} pairs that cv holds out have an item that is in"
    model = search(cv=KFold(3), forms=())
    with pytest.warns(UserWarning, match=text) as caught:
        model.fit(X, y)
    assert [one.filename for one in caught] == [__file__]
    assert "leave cv=None, or pass a number or PairGroupKFold()" in str(
        caught[0].message
    )
    with pytest.warns(UserWarning, match=text):
        model.set_params(cv=list(KFold(3).split(y))).fit(X, y)


def test_folds_that_share_nothing_or_say_so_are_not_doubted(easy):
    """Warnings are errors here."""
    pairs, y, _ = easy
    folds = list(PairGroupKFold(3, random_state=0).split(pairs, y))
    quiet = [None, 3, PairGroupKFold(3, level="pair"), folds, iter(folds)]
    quiet += [PairGroupKFold(2, test_class="C2"), PairShuffleSplit(2, level="pair")]
    for cv in quiet:
        search(cv=cv, forms=()).fit(pairs, y)
    # Pairs that are each of two items of their own.
    rng = np.random.default_rng(0)
    alone = Pairs(rng.normal(size=(90, 3)), rng.normal(size=(90, 3)))
    search(cv=KFold(3), forms=()).fit(alone, np.arange(90) % 2)
    # Groups say what is new: here one side alone, as of queries to a catalogue.
    queries = pairs.index[:, 0]
    search(cv=GroupKFold(3), forms=()).fit(pairs, y, groups=queries)


@pytest.mark.parametrize("n_shared", [9, 10])
def test_a_few_shared_items_are_not_doubted(n_shared):
    """Real tables repeat some: up to one pair in ten."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(400, 3))
    index = np.arange(400).reshape(200, 2)
    # Of 90 held-out pairs these have an item of a training pair.
    index[110 : 110 + n_shared, 1] = index[:n_shared, 0]
    pairs, y = Pairs.from_index(items, index), np.arange(200) % 2
    model = search(cv=[(np.arange(110), np.arange(110, 200))], forms=())
    if n_shared == 9:
        model.fit(pairs, y)
    else:
        with pytest.warns(UserWarning, match="^10 of the 90 pairs that cv holds out"):
            model.fit(pairs, y)


def test_folds_of_items_by_default(easy, plain):
    pairs, y, _ = easy
    given = search(cv=PairGroupKFold(3, random_state=0)).fit(pairs, y)
    for name in ("split0_test_score", "split2_test_score"):
        assert_array_equal(plain.cv_results_[name], given.cv_results_[name])


def test_few_groups_are_held_out_three_tenths_at_a_time():
    pairs, y, groups = class_pairs(n_pairs=400)
    seen = []

    class Spy(FlatPairs):
        def fit(self, X, y):
            seen.append(set(np.unique(classes[X.index])))
            return super().fit(X, y)

    classes = np.empty(len(pairs.items), dtype=int)
    classes[pairs.index] = groups
    model = search(forms=(), candidates=[("spy", Spy())]).fit(pairs, y, groups=groups)
    assert [len(trained) for trained in seen[:3]] == [4, 4, 4]
    assert model.n_splits_ == 3


def test_many_groups_are_folds_of_groups():
    pairs, y, groups = class_pairs(n_classes=12, n_items=60, n_pairs=400)
    one = search().fit(pairs, y, groups=groups)
    cv = PairGroupKFold(3, level="group", random_state=0)
    other = search(cv=cv).fit(pairs, y, groups=groups)
    assert_array_equal(
        one.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
    )


# ----------------------------------------------------------------------------- scoring


def margin(estimator, X, y):
    """Say how far similar pairs lie above the others."""
    scores = estimator.decision_function(X)
    return scores[y == 1].mean() - scores[y == 0].mean()


@known_items
@pytest.mark.parametrize(
    "scoring", ["roc_auc", "average_precision", "neg_equal_error_rate", margin]
)
def test_scoring(easy, scoring):
    pairs, y, _ = easy
    folds = list(ShuffleSplit(5, test_size=0.4, random_state=0).split(y))
    model = search(scoring=scoring, cv=folds).fit(pairs, y)
    assert model.choice_ in ("best", "stack")
    assert model.cv_score_ > model.cosine_score_
    if scoring == "roc_auc":
        train, test = folds[3]
        cosine = model.cv_results_["split3_test_score"][0]
        plain = baseline_spaces({})[0].paths[0].candidates[0].estimator
        plain.fit(pairs[train], y[train])
        scores = plain.decision_function(pairs[test])
        assert_allclose(cosine, max(roc_auc_score(y[test], scores), 0.5), atol=1e-6)


# ------------------------------------------------------------------ as an estimator


def test_without_folds_of_ones_own_there_are_five(easy):
    pairs, y, _ = easy
    model = search(cv=None).fit(pairs, y)
    assert model.n_splits_ == 5
    assert "split4_test_score" in model.cv_results_


def test_it_says_where_it_is_if_asked(easy, capsys):
    pairs, y, _ = easy
    search().fit(pairs, y)
    assert capsys.readouterr().out == ""
    search(verbose=1).fit(pairs, y)
    lines = capsys.readouterr().out.splitlines()
    # Cosine, Euclid and one form.
    assert [line.split(" in ")[0] for line in lines] == [
        "1/3: cosine: 1 fit",
        "2/3: euclid: 1 fit",
        "3/3: whiten=0.0, form=mahalanobis, prior=identity: 3 fits",
    ]


def test_inputs_are_left_alone():
    pairs, y, groups = class_pairs()
    weights = np.ones(len(y))
    parts = [pairs.items, pairs.index, y, groups, weights]
    copies = [part.copy() for part in parts]
    for part in parts:
        part.flags.writeable = False
    model = search()
    given = model.get_params()
    model.fit(pairs, y, sample_weight=weights, groups=groups)
    for part, copied in zip(parts, copies, strict=True):
        assert_array_equal(part, copied)
    assert model.get_params() == given


def test_a_second_fit_forgets_the_first(easy):
    pairs, y, _ = easy
    narrow = Pairs.from_index(np.ascontiguousarray(pairs.items[:, :3]), pairs.index)
    model = search().fit(pairs, np.array(["no", "yes"])[y])
    model.fit(narrow, y)
    fresh = search().fit(narrow, y)
    names = {name for name in vars(fresh) if name.endswith("_")}
    assert names == {name for name in vars(model) if name.endswith("_")}
    assert_array_equal(model.classes_, [0, 1])
    assert model.n_features_in_ == 3
    assert_array_equal(model.decision_function(narrow), fresh.decision_function(narrow))


def test_a_failed_fit_leaves_the_earlier_one(easy):
    pairs, y, _ = easy
    model = search().fit(pairs, y)
    scores = model.decision_function(pairs)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(pairs, np.zeros(len(y)))
    model.set_params(candidates=[("broken", FlatPairs(C=-1.0))], error_score="raise")
    with pytest.raises(ValueError, match="'C' parameter"):
        model.fit(pairs, y)
    assert_array_equal(model.decision_function(pairs), scores)


def test_labels_of_any_kind(easy, plain):
    pairs, y, _ = easy
    named = np.array(["different", "same"])[y]
    model = search().fit(pairs, named)
    assert_array_equal(model.classes_, ["different", "same"])
    assert_array_equal(model.predict_proba(pairs), plain.predict_proba(pairs))
    assert set(model.predict(pairs)) == {"different", "same"}
    assert model.score(pairs, named) == plain.score(pairs, y)


@pytest.mark.parametrize("kind", ["3-D array", "tuple", "two arrays"])
def test_pairs_of_any_layout(easy, plain, kind):
    pairs, y, _ = easy
    given = {
        "3-D array": np.asarray(pairs),
        "tuple": (pairs.left, pairs.right),
        "two arrays": Pairs(pairs.left, pairs.right),
    }[kind]
    model = search(cv=3).fit(given, y)
    assert model.choice_ == plain.choice_
    assert_array_equal(
        model.decision_function(given),
        model.decision_function(Pairs(pairs.right, pairs.left)),
    )


def test_parameters_are_stored_and_not_changed():
    given = {
        "whitenings": [None, 0.5],
        "pca_components": [4],
        "forms": ["quadratic"],
        "priors": ["kissme"],
        "shrinkages": [0.3],
        "alphas": [0.1],
        "candidates": [("flat", FlatPairs())],
        "cv": 2,
        "scoring": "roc_auc",
        "combine": "best",
        "psd": True,
        "max_iter": 7,
        "tol": 0.1,
        "error_score": "raise",
        "n_jobs": 1,
        "random_state": 3,
        "verbose": 1,
    }
    model = SymmetricPairClassifierCV(**given)
    assert model.get_params(deep=False) == given
    for name, value in given.items():
        assert getattr(model, name) is value
    assert clone(model).set_params(cv=4).cv == 4
    with pytest.raises(TypeError, match="positional"):
        SymmetricPairClassifierCV([0.5])


def test_inside_of_cross_validation(easy):
    pairs, y, _ = easy
    outer = PairGroupKFold(2, random_state=0)
    scores = cross_val_score(search(cv=2), pairs, y, cv=outer, scoring="roc_auc")
    assert scores.shape == (2,)
    assert (scores > 0.5).all()


# ------------------------------------------------------------------------------ errors


def bad_searches():
    flat = FlatPairs()
    yield {"whitenings": [1.5]}, r"'whitenings' .* from 0 to 1 or None. Got 1.5"
    yield {"whitenings": []}, "'whitenings' .* is empty"
    yield {"forms": ["cubic"]}, "'forms' .* may hold 'mahalanobis', .*. Got 'cubic'"
    yield {"forms": None}, "'forms' .*. Got None"
    yield {"priors": "flat"}, "'priors' .*. Got 'flat'"
    yield {"shrinkages": ["0.1"]}, "'shrinkages' .* numbers from 0 to 1. Got '0.1'"
    yield {"alphas": [0.0]}, "'alphas' .*. Got 0.0"
    yield {"alphas": [True]}, "'alphas' .*. Got True"
    yield {"alphas": [np.nan]}, "'alphas' .*. Got nan"
    yield {"candidates": None}, "'candidates' .* must be a list of .*. Got None"
    yield {"candidates": [flat]}, "candidates must be a list of"
    yield {"candidates": [("flat", "flat")]}, "candidates must be a list of"
    yield {"candidates": [(1, flat)]}, "name of a candidate must be a str, got 1"
    yield {"candidates": [("cosine", flat)]}, "the name 'cosine' .* is taken"
    yield {"candidates": [("a", flat), ("a", flat)]}, "the name 'a' .* is taken"
    yield {"candidates": [("a", flat, {"D": [1]})]}, "Invalid parameter 'D'"
    yield {"cv": 1}, r"at least 2 folds. Got 1 instead; one fixed split is cv="
    yield {"cv": True}, "at least 2 folds. Got True"
    yield {"cv": "five"}, "must be an int, a splitter, .*. Got 'five'"
    yield {"cv": 2.5}, "must be an int, a splitter, .*. Got 2.5"
    yield {"cv": []}, "cv has no folds"
    yield {"cv": [[0, 1, 2]]}, r"fold 0 of cv is no pair \(train, test\)"
    yield {"cv": [([], [0, 1])]}, "fold 0 of cv has a training part that is empty"
    yield {"cv": [(range(200), [0, 999])]}, "test part that is empty or outside"
    yield {"cv": [(range(200), [-1])]}, "test part that is empty or outside"
    yield {"cv": [(range(200), [True, False])]}, "test part that is empty or outside"
    yield {"cv": [(range(200), [200])]}, "fold 0 of cv has a test part of one class"
    yield {"scoring": "best"}, "'scoring' .*. Got 'best'"
    yield {"scoring": None}, "'scoring' .* must be the name of a scorer"
    yield {"combine": "sum"}, "'combine' parameter .* 'auto', 'stack', 'best'"
    yield {"psd": 1}, "'psd' parameter"
    yield {"max_iter": 0}, "'max_iter' parameter"
    yield {"tol": 0}, "'tol' parameter"
    yield {"n_jobs": 0}, "'n_jobs' parameter"
    yield {"random_state": "0"}, "'random_state' parameter"
    yield {"verbose": -1}, "'verbose' parameter"


@pytest.mark.parametrize(
    ("params", "text"), bad_searches(), ids=lambda value: str(value)[:40]
)
def test_errors(easy, params, text):
    pairs, y, _ = easy
    with pytest.raises((ValueError, TypeError), match=text):
        search(**params).fit(pairs, y)


def test_errors_of_the_data(easy):
    pairs, y, groups = easy
    model = search()
    with pytest.raises(ValueError, match="one class only"):
        model.fit(pairs, np.ones(len(y)))
    with pytest.raises(ValueError, match="labels in y"):
        model.fit(pairs, y[:-1])
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        model.fit(pairs, y, sample_weight=[1.0])
    with pytest.raises(ValueError, match="NaN"):
        model.fit((np.full((9, 2), np.nan), np.ones((9, 2))), np.arange(9) % 2)
    with pytest.raises(ValueError, match="groups"):
        model.fit(pairs, y, groups=groups[:-1])
    with pytest.raises(ValueError, match="2 different labels, and folds"):
        model.fit(pairs, y, groups=np.arange(len(y)) % 2)
    with pytest.raises(ValueError, match="groups has 1 different label, and"):
        model.fit(pairs, y, groups=np.zeros(len(y)))


@known_items
def test_a_fixed_split_of_few_pairs(easy):
    pairs, y, _ = easy
    rows = np.arange(len(y))
    few = np.concatenate([np.flatnonzero(y == 0)[:3], np.flatnonzero(y == 1)[:3]])
    with pytest.raises(ValueError, match="5 similar and 5 dissimilar"):
        search(cv=[(np.setdiff1d(rows, few), few)]).fit(pairs, y)
