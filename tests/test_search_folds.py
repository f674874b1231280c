# SPDX-License-Identifier: BSD-3-Clause
"""The folds of a search, pairs for validation, and the spaces that its items allow."""

import warnings

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
)
from sksymsim._labelled_pairs import LabelledPairs, label_pairs
from sksymsim._selection.candidates import most_components
from sksymsim._selection.folds import (
    held_out_pairs,
    make_folds,
    make_splits,
)

SHORT = {
    "whitenings": (0.0,),
    "pca_components": (),
    "forms": ("mahalanobis",),
    "priors": ("identity",),
    "alphas": (1e-2,),
    "random_state": 0,
}
# Two of five pairs are similar in each of both.
N_FITTED, N_VALIDATION = 200, 100


# What is tested there is something else than what folds share.
known_items = pytest.mark.filterwarnings("ignore:.* have an item that is in training")


def search(**params):
    return SymmetricPairClassifierCV(**SHORT | params)


class Flat(ClassifierMixin, BaseEstimator):
    """A guest that writes down which items and labels it is fitted on."""

    seen = ()

    def __init__(self, seen=None):
        self.seen = seen

    def __sklearn_clone__(self):
        return Flat(self.seen)

    def _flat(self, X):
        return np.abs(X.left - X.right)

    def fit(self, X, y):
        self.seen.append((X, np.asarray(y)))
        self.model_ = LogisticRegression().fit(self._flat(X), y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(self._flat(X))


def rows_of(pairs):
    """Return the items of some pairs, as a set of tuples."""
    return {tuple(row) for row in np.vstack([pairs.left, pairs.right]).tolist()}


@pytest.fixture(scope="module")
def data():
    """Pairs to fit, pairs for validation between other items, and both labels."""
    fitted, y, _ = class_pairs(n_pairs=N_FITTED)
    validation, y_val, _ = class_pairs(seed=1, n_pairs=N_VALIDATION)
    assert y.mean() == y_val.mean() == 0.4
    return fitted, y, validation, y_val


def labelled(seed, n_items=12, n_pairs=60, layout="index"):
    """Return pairs of any items and any labels, some pairs of weight zero."""
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n_items, 2))
    index = rng.integers(n_items, size=(n_pairs, 2))
    pairs = Pairs.from_index(items, index)
    if layout == "arrays":
        pairs = Pairs(items[index[:, 0]], items[index[:, 1]])
    similar = np.arange(n_pairs) % 2 == 0
    weights = rng.uniform(0.5, 2.0, n_pairs) * (rng.random(n_pairs) < 0.8)
    return LabelledPairs(pairs, similar, weights), index


# ------------------------------------------------------------------------------ folds


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_items=st.integers(6, 40),
    n_pairs=st.integers(20, 120),
    n_folds=st.integers(2, 4),
    layout=st.sampled_from(["index", "arrays"]),
)
def test_no_held_out_item_is_trained_on(seed, n_items, n_pairs, n_folds, layout):
    known, index = labelled(seed, n_items, n_pairs, layout)
    with warnings.catch_warnings():
        # Of many pairs between few items most are left out.
        warnings.simplefilter("ignore", UserWarning)
        try:
            folds = make_folds(n_folds, known, None, 0)
        except ValueError:
            # Too few pairs, which other tests are about.
            reject()
    assert len(folds) == n_folds
    for train, test in folds:
        assert not set(index[train].ravel()) & set(index[test].ravel())
        for part in (train, test):
            assert (known.weights[part] > 0).all()
            assert len(set(known.similar[part])) == 2


@pytest.mark.parametrize("n_groups", [4, 6, 11, 12, 30])
@pytest.mark.parametrize("seed_offset", range(3))
def test_no_held_out_group_is_trained_on(n_groups, seed_offset, seed):
    """Few groups, and four and more for each of three folds."""
    rng = np.random.default_rng([seed, seed_offset])
    groups = rng.integers(n_groups, size=(900, 2))
    similar = np.arange(900) % 2 == 0
    pairs = Pairs.from_index(rng.normal(size=(1800, 2)), np.arange(1800).reshape(-1, 2))
    known = LabelledPairs(pairs, similar, np.ones(900))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        folds = make_folds(3, known, groups, seed_offset)
    held = np.zeros(n_groups, dtype=int)
    for train, test in folds:
        assert not set(groups[train].ravel()) & set(groups[test].ravel())
        held[np.unique(groups[test])] += 1
    assert len(folds) == 3
    if n_groups >= 12:
        assert_array_equal(held, 1)
    # Names say as much as numbers.
    names = np.array([f"group {i:02}" for i in range(n_groups)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        named = make_folds(3, known, names[groups], seed_offset)
    for one, other in zip(folds, named, strict=True):
        assert_array_equal(one[1], other[1])


def test_the_same_seed_gives_the_same_folds():
    known, _ = labelled(0, n_items=500)
    one, same, other = (make_folds(2, known, None, seed) for seed in (3, 3, 4))
    assert_array_equal(one[0][1], same[0][1])
    assert not np.array_equal(one[0][1], other[0][1])


# ---------------------------------------------------------------- splits, parts, nodes


def with_validation(n_folds, layout="index", seed=0):
    """Return folds, splits and held-out pairs of a search with validation."""
    known, index = labelled(seed, n_items=40, n_pairs=120, layout=layout)
    folds = make_folds(list(KFold(n_folds).split(index)), known, None, 0)
    validation, _ = labelled(seed + 1, n_items=30, n_pairs=60, layout=layout)
    validation = LabelledPairs(validation.pairs, validation.similar, np.ones(60))
    splits = make_splits(known, folds, validation)
    return known, folds, validation, splits, held_out_pairs(known, folds, splits)


def same_pairs(one, other):
    assert_array_equal(one.left, other.left)
    assert_array_equal(one.right, other.right)


@pytest.mark.parametrize("layout", ["index", "arrays"])
def test_splits_hold_what_they_say(layout):
    known, folds, validation, splits, _ = with_validation(3, layout)
    assert len(splits) == 4
    for (train, test), split in zip(folds, splits, strict=False):
        for rows, pairs, similar, weights in (
            (train, split.train, split.similar, split.weights),
            (test, split.held, split.held_similar, split.held_weights),
        ):
            same_pairs(pairs, known.pairs[rows])
            assert_array_equal(similar, known.similar[rows])
            assert_array_equal(weights, known.weights[rows])
    rows = np.flatnonzero(known.weights > 0)
    assert 0 < len(rows) < len(known.weights)
    same_pairs(splits[-1].train, known.pairs[rows])
    assert_array_equal(splits[-1].similar, known.similar[rows])
    assert_array_equal(splits[-1].weights, known.weights[rows])
    same_pairs(splits[-1].held, validation.pairs)
    assert_array_equal(splits[-1].held_similar, validation.similar)


def test_pairs_of_weight_are_all_where_none_has_zero():
    known, _ = labelled(0)
    assert (known.of_weight().weights > 0).all()
    assert known.of_weight().of_weight() is not known
    full = LabelledPairs(known.pairs, known.similar, np.ones(len(known.pairs)))
    assert full.of_weight() is full


@pytest.mark.parametrize(
    ("n_folds", "is_validated", "n_parts"),
    [
        (3, False, [1, 1, 1]),
        (2, False, [1, 1]),
        (1, False, [5]),
        (0, True, [5]),
        (1, True, [1, 2]),
        (3, True, [1, 1, 1, 3]),
        (6, True, [1, 1, 1, 1, 1, 1, 6]),
    ],
)
def test_parts_judge_choices(n_folds, is_validated, n_parts):
    """A fold is one; pairs for validation are as many as there are folds."""
    known, index = labelled(0, n_items=40, n_pairs=120)
    given = list(KFold(max(n_folds, 2)).split(index))[:n_folds]
    folds = make_folds(given, known, None, 0) if n_folds else []
    validation, _ = labelled(1, n_items=30, n_pairs=60)
    validation = LabelledPairs(validation.pairs, validation.similar, np.ones(60))
    splits = make_splits(known, folds, validation if is_validated else None)
    assert len(splits) == len(n_parts)
    held = held_out_pairs(known, folds, splits)
    assert held.n_parts == sum(n_parts)
    ends = np.cumsum([0, *(len(split.held) for split in splits)])
    first = 0
    for start, stop, count in zip(ends[:-1], ends[1:], n_parts, strict=True):
        parts = held.parts[start:stop]
        assert set(parts) == set(range(first, first + count))
        first += count
    similar = np.concatenate([split.held_similar for split in splits])
    assert_array_equal(held.targets, np.where(similar, 1.0, -1.0))
    # All parts weigh the same, at the rate of what is fitted.
    rate = np.average(known.similar, weights=known.weights)
    given = np.concatenate([split.held_weights for split in splits])
    for part in range(held.n_parts):
        for kind, share in ((similar, rate), (~similar, 1 - rate)):
            mine = kind & (held.parts == part)
            assert_allclose(held.weights[mine].sum(), share)
            assert_allclose(held.weights[mine], share * given[mine] / given[mine].sum())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_folds=st.integers(2, 5),
    counts=st.lists(st.integers(1, 30), min_size=10, max_size=20),
)
def test_repeated_pairs_are_in_one_part(seed, n_folds, counts):
    """In whichever order; with as many pairs of a kind as parts, each has both."""
    rng = np.random.default_rng(seed)
    number = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    index = np.column_stack([2 * number, 2 * number + 1])
    index = np.where(rng.random((len(index), 1)) < 0.5, index, index[:, ::-1])
    pairs = Pairs.from_index(np.arange(4.0 * len(counts)).reshape(-1, 2), index)
    known, _ = labelled(seed, n_items=40, n_pairs=120)
    similar = number % 2 == 0
    validation = LabelledPairs(pairs, similar, np.ones(len(number)))
    given = list(KFold(n_folds).split(np.arange(120)))
    folds = make_folds(given, known, None, 0)
    held = held_out_pairs(known, folds, make_splits(known, folds, validation))
    parts = held.parts[-len(number) :]
    assert len(set(zip(number.tolist(), parts.tolist(), strict=True))) == len(counts)
    for part in range(n_folds, 2 * n_folds):
        assert len(set(similar[parts == part])) == 2


@pytest.mark.parametrize("layout", ["index", "arrays"])
@pytest.mark.parametrize("validation_layout", ["index", "arrays", "array"])
def test_an_item_has_one_number(layout, validation_layout):
    """By what is in its row, in X and in X_val, whatever holds it."""
    known, index = labelled(0, n_items=40, n_pairs=120, layout=layout)
    items = np.random.default_rng(0).normal(size=(40, 2))
    new = np.random.default_rng(1).normal(size=(5, 2))
    # Some of the same items, in a table of another order, and some new ones.
    table = np.vstack([items[:20][::-1], new])
    chosen = np.random.default_rng(2).integers(25, size=(60, 2))
    pairs = Pairs.from_index(table, chosen)
    if validation_layout != "index":
        pairs = Pairs(pairs.left, pairs.right)
    if validation_layout == "array":
        labels = np.arange(60) % 2
        pairs = label_pairs(np.asarray(pairs), labels, None)[0].pairs
    validation = LabelledPairs(pairs, np.arange(60) % 2 == 0, np.ones(60))
    folds = make_folds(list(KFold(3).split(index)), known, None, 0)
    splits = make_splits(known, folds, validation)
    held = held_out_pairs(known, folds, splits)
    rows = np.concatenate(
        [np.stack([s.held.left, s.held.right], axis=1) for s in splits]
    )
    numbers = {}
    for node, row in zip(held.nodes.ravel(), rows.reshape(-1, 2), strict=True):
        assert numbers.setdefault(int(node), tuple(row)) == tuple(row)
    assert len(set(numbers.values())) == len(numbers)
    first = len(rows) - 60
    shared = set(held.nodes[:first].ravel()) & set(held.nodes[first:].ravel())
    assert len(shared) > 10


# ------------------------------------------------------------------------- validation


def test_nothing_is_fitted_on_pairs_for_validation(data):
    """They choose as one fixed split would, and the model is that of X alone."""
    X, y, X_val, y_val = data
    items = np.vstack([X.items, X_val.items])
    index = np.vstack([X.index, X_val.index + len(X.items)])
    joint = Pairs.from_index(items, index), np.concatenate([y, y_val])
    split = np.arange(N_FITTED), np.arange(N_FITTED, N_FITTED + N_VALIDATION)
    params = {"whitenings": (0.0, None), "combine": "best"}
    model = search(**params).fit(X, y, X_val=X_val, y_val=y_val)
    fixed = search(**params, cv=[split]).fit(*joint)
    assert model.choice_ == "best"
    assert model.best_params_ == fixed.best_params_
    assert model.cv_score_ == pytest.approx(fixed.cv_score_, rel=1e-9)
    for name in ("mean_test_score", "split0_test_score", "split4_test_score"):
        assert_allclose(model.cv_results_[name], fixed.cv_results_[name], rtol=1e-9)
    chosen = dict(model.best_params_)
    steps = [SymmetricPairClassifier(psd=False, max_iter=500, tol=1e-3)]
    if (whiten := chosen.pop("whiten")) is not None:
        steps.insert(0, SharedTransformer(EmbeddingNormalizer(whiten=whiten)))
    alone = make_pipeline(*steps)
    alone[-1].set_params(**chosen)
    alone.fit(X, y)
    (member,) = model.members_
    for pairs in (X, X_val):
        rest = model.decision_function(pairs)
        rest = rest - member["weight"] * alone.decision_function(pairs)
        assert_allclose(rest, rest[0], atol=1e-9)


@pytest.mark.parametrize(("cv", "n_fits"), [(None, 1), (3, 4)])
def test_a_guest_is_never_shown_pairs_for_validation(data, cv, n_fits):
    X, y, X_val, y_val = data
    seen = []
    guests = [("flat", Flat(seen))]
    model = search(forms=(), candidates=guests, combine="best", cv=cv)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.choice_ == "best"
    # And once more at the end.
    assert len(seen) == n_fits + 1
    for pairs, _ in seen:
        assert rows_of(pairs) <= rows_of(X)
    for pairs, labels in seen[-2:]:
        same_pairs(pairs, X)
        assert_array_equal(labels, y)


def test_choices_are_made_on_pairs_for_validation(data):
    X, y, X_val, y_val = data
    model = search(alphas=[1e-3]).fit(X, y, X_val=X_val, y_val=y_val)
    assert model.choice_ in ("best", "stack")
    shuffled = np.random.default_rng(0).permutation(y_val)
    model.fit(X, y, X_val=X_val, y_val=shuffled)
    assert model.choice_ in ("cosine", "euclid")
    # Folds of X know better, and are as many.
    model.set_params(cv=3).fit(X, y, X_val=X_val, y_val=shuffled)
    assert model.n_splits_ == 4
    results = model.cv_results_
    learned = np.array([results[f"split{i}_test_score"][2:].max() for i in range(6)])
    assert learned[:3].min() > learned[3:].max() + 0.1


@known_items
def test_number_of_splits(data):
    X, y, X_val, y_val = data
    groups = X.index % 6
    given = {"X_val": X_val, "y_val": y_val}
    names = "split{}_test_score".format
    for cv, labels, n_splits, n_parts in (
        (None, None, 1, 5),
        (2, None, 3, 4),
        (None, groups, 6, 10),
        ([(np.arange(100), np.arange(100, 200))], None, 2, 3),
    ):
        model = search(cv=cv, alphas=[0.1]).fit(X, y, groups=labels, **given)
        assert model.n_splits_ == n_splits
        assert names(n_parts - 1) in model.cv_results_
        assert names(n_parts) not in model.cv_results_


@pytest.mark.parametrize("kind", ["tuple", "array", "arrays", "float32"])
def test_pairs_for_validation_of_any_layout(data, kind):
    X, y, X_val, y_val = data
    given = {
        "tuple": (X_val.left, X_val.right),
        "array": np.asarray(X_val),
        "arrays": Pairs(X_val.left, X_val.right),
        "float32": X_val.map_items(lambda items: items.astype(np.float32)),
    }[kind]
    plain = search().fit(X, y, X_val=X_val, y_val=y_val)
    model = search().fit(X, y, X_val=given, y_val=list(y_val))
    assert model.choice_ == plain.choice_
    if kind == "float32":
        assert model.cv_score_ == pytest.approx(plain.cv_score_, rel=1e-3)
    else:
        assert model.cv_score_ == pytest.approx(plain.cv_score_, rel=1e-9)
        assert_allclose(model.decision_function(X), plain.decision_function(X))


def test_labels_of_any_kind(data):
    X, y, X_val, y_val = data
    plain = search().fit(X, y, X_val=X_val, y_val=y_val)
    names = np.array(["other", "same"])
    model = search().fit(X, names[y], X_val=X_val, y_val=names[y_val].astype(object))
    assert_array_equal(model.classes_, names)
    assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert_array_equal(model.predict(X), names[plain.predict(X)])
    model = search().fit(X, y.astype(bool), X_val=X_val, y_val=y_val)
    assert_array_equal(model.predict(X), plain.predict(X).astype(bool))


def test_pairs_for_validation_are_left_alone(data):
    X, y, X_val, y_val = data
    items, index = X_val.items.copy(), X_val.index.copy()
    labels = y_val.copy()
    for part in (items, index, labels):
        part.flags.writeable = False
    search().fit(X, y, X_val=Pairs.from_index(items, index), y_val=labels)
    assert_array_equal(items, X_val.items)


@pytest.mark.parametrize("kind", ["guest", "ours", "stack"])
def test_weight_zero_is_removal(data, kind):
    """Of the pair, its label and its items: whatever is fitted never sees it."""
    X, y, X_val, y_val = data
    weights = np.where(np.isin(X.index, [5, 11]).any(axis=1), 0.0, 1.0)
    kept = weights > 0
    assert rows_of(X[kept]) < rows_of(X)
    params = {"combine": "best"}
    if kind == "guest":
        params |= {"forms": (), "candidates": [("flat", Flat([]))]}
    if kind == "stack":
        params = {"combine": "stack", "forms": ("mahalanobis", "quadratic")}
    given = {"X_val": X_val, "y_val": y_val}
    model = search(**params).fit(X, y, weights, **given)
    other = search(**params).fit(X[kept], y[kept], **given)
    assert model.choice_ == other.choice_ == params["combine"]
    assert model.cv_score_ == other.cv_score_
    assert_array_equal(model.decision_function(X), other.decision_function(X))


@pytest.fixture(scope="module")
def weighted(data):
    """Return weights, and a search with them."""
    X, y, _, _ = data
    weights = np.random.default_rng(0).integers(1, 5, len(y)) / 4
    return weights, search(cv=2).fit(X, y, weights)


@pytest.mark.parametrize("scale", [1e-310, 1e-8, 1e10, 1.7e308])
def test_the_scale_of_the_weights_does_not_matter(data, weighted, scale):
    X, y, _, _ = data
    weights, one = weighted
    other = search(cv=2).fit(X, y, scale * weights)
    assert one.choice_ == other.choice_
    assert other.cv_score_ == pytest.approx(one.cv_score_, rel=1e-6)


def test_weights_are_repetitions(data):
    """The choice is made on X_val, and on nothing that is repeated."""
    X, y, X_val, y_val = data
    times = np.random.default_rng(0).integers(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), times)
    # One rate of similar pairs, which parts are weighted by.
    rate = np.average(y, weights=times)
    assert rate == pytest.approx(y[rows].mean())
    given = {"X_val": X_val, "y_val": y_val}
    weighted = search(combine="best").fit(X, y, times, **given)
    plain = search(combine="best").fit(X[rows], y[rows], **given)
    assert weighted.best_params_ == plain.best_params_
    assert weighted.cv_score_ == pytest.approx(plain.cv_score_, abs=2e-3)
    assert_allclose(weighted.predict_proba(X), plain.predict_proba(X), atol=5e-3)


@pytest.mark.parametrize(
    "params",
    [
        {"candidates": [("ours", SymmetricPairClassifier())]},
        {"forms": ("mahalanobis", "quadratic"), "combine": "stack"},
    ],
)
def test_processes_do_not_matter(data, params):
    X, y, X_val, y_val = data
    one, other, again = (
        search(cv=2, n_jobs=n_jobs, **params).fit(X, y, X_val=X_val, y_val=y_val)
        for n_jobs in (1, 2, 1)
    )
    for model in (other, again):
        assert model.cv_score_ == one.cv_score_
        assert model.members_ == one.members_
        assert_array_equal(model.decision_function(X), one.decision_function(X))


def test_a_failed_fit_leaves_the_earlier_one(data):
    X, y, X_val, y_val = data
    model = search().fit(X, y, X_val=X_val, y_val=y_val)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="go together"):
        model.fit(X, y, X_val=X_val)
    with pytest.raises(ValueError, match="y_val has the labels"):
        model.fit(X, y, X_val=X_val, y_val=y_val + 1)
    with pytest.raises(ValueError, match="at least 5 similar"):
        model.fit(X, y, X_val=X_val[:6], y_val=y_val[:6])
    assert vars(model) == before


def test_pairs_for_validation_that_are_fitted_too(data):
    X, y, X_val, y_val = data
    # In the other order they are the same.
    half = Pairs(
        np.vstack([X_val.left, X.right[:N_VALIDATION]]),
        np.vstack([X_val.right, X.left[:N_VALIDATION]]),
    )
    labels = np.concatenate([y_val, y[:N_VALIDATION]])
    text = "100 of the 200 pairs of X_val are in X too"
    with pytest.warns(UserWarning, match=text) as caught:
        search().fit(X, y, X_val=half, y_val=labels)
    assert caught[0].filename == __file__
    # Some are, in any table; and those without weight are not fitted.
    few = np.r_[:100, 100:110]
    search().fit(X, y, X_val=half[few], y_val=labels[few])
    weights = np.where(np.arange(len(y)) < N_VALIDATION, 0.0, 1.0)
    search().fit(X, y, weights, X_val=half, y_val=labels)


def bad_validation():
    pairs, y, _ = class_pairs(seed=1, n_pairs=N_VALIDATION)
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:4]]
    same = np.r_[np.flatnonzero(y == 0), np.repeat(np.flatnonzero(y == 1)[:2], 9)]
    narrow = Pairs.from_index(pairs.items[:, :3].copy(), pairs.index)
    holes = pairs.items.copy()
    holes[3] = np.nan
    thin = Pairs.from_index(sparse.csr_matrix(pairs.items), pairs.index)
    yield pairs, None, ValueError, "X_val and y_val go together"
    yield None, y, ValueError, "X_val and y_val go together"
    yield pairs, y + 1, ValueError, r"y_val has the labels \[1, 2\], and y has \[0, 1"
    yield pairs, np.array(["a", "b"])[y], ValueError, r"y_val has .*'a', 'b'\], and y"
    yield narrow, y, ValueError, "X_val has 3 features, and X has 5"
    yield pairs[few], y[few], ValueError, "4 similar and 60 dissimilar .* at least 5"
    yield pairs[same], y[same], ValueError, "there are 2 similar and 60 dissimilar"
    yield pairs[:0], y[:0], ValueError, "X_val and y_val: Found no pairs"
    yield pairs, 0 * y, ValueError, "X_val and y_val: y holds one class only"
    yield pairs, y[1:], ValueError, "X_val and y_val: got 100 pairs but 99 labels"
    yield [pairs], y, TypeError, "X_val and y_val: pairs must not be given as a list"
    yield thin, y, TypeError, "dense items, and those of X_val are sparse"
    yield Pairs.from_index(holes, pairs.index), y, ValueError, "X_val and y_val: .*NaN"


@pytest.mark.parametrize(("X_val", "y_val", "kind", "text"), bad_validation())
def test_errors_of_validation(data, X_val, y_val, kind, text):
    X, y, _, _ = data
    with pytest.raises(kind, match=text):
        search().fit(X, y, X_val=X_val, y_val=y_val)


def test_a_class_without_weight(data):
    X, y, X_val, y_val = data
    guests = [("ours", SymmetricPairClassifier())]
    for weights, kind in ((y, "dissimilar"), (1 - y, "similar")):
        with pytest.raises(ValueError, match=f"all {kind} pairs have zero weight"):
            search(candidates=guests).fit(X, y, weights, X_val=X_val, y_val=y_val)


# ----------------------------------------------------------------------------- spaces


def wide_pairs(n_items=24, n_features=40, dtype=float):
    """Return pairs of two classes of items in more features than there are items."""
    rng = np.random.default_rng(0)
    items = 3 * rng.normal(size=(n_items, n_features))
    items[::2, 0] += 20
    if dtype is bool:
        items = items > 0
    index = rng.integers(n_items, size=(160, 2))
    y = (np.diff(index, axis=1).ravel() % 2 == 0).astype(int)
    return Pairs.from_index(items.astype(dtype), index), y


def components(model):
    """Return the numbers of principal components that were searched."""
    params = model.cv_results_["params"]
    return sorted({p["pca"] for p in params if "pca" in p})


def test_principal_components_are_a_space(data):
    X, y, _, _ = data
    model = search(cv=2, pca_components=[3, 1]).fit(X, y)
    assert components(model) == [1, 3]
    families = set(model.cv_results_["candidate"])
    assert "pca=3, whiten=0.0, form=mahalanobis, prior=identity" in families
    # One number is one.
    assert components(search(cv=2, pca_components=2).fit(X, y)) == [2]
    # And as many as there are features is no space of its own.
    assert components(search(cv=2, pca_components=(4, 5, 9)).fit(X, y)) == [4]
    assert components(search(cv=2).fit(X, y)) == []


def test_a_model_in_principal_components_can_win():
    """Where lengths say nothing, and cosine sees what is common to all items."""
    X, y, _ = class_pairs(n_pairs=200)
    items = X.items
    items[:, :2] *= np.random.default_rng(0).uniform(1, 9, (len(items), 1))
    items[:, 2:] = 0.1 * items[:, 2:] + [100, -50, 20]
    params = {"whitenings": [None], "pca_components": [2], "combine": "best"}
    model = search(cv=3, **params).fit(X, y)
    assert model.choice_ == "best"
    assert model.best_params_["pca"] == 2
    steps = model.best_estimator_
    assert steps[0].transformer_[0].n_components == 2
    assert steps[-1].n_features_in_ == 2
    assert model.n_features_in_ == 5
    assert model.score(X, y) > 0.9


@known_items
def test_no_more_components_than_training_items():
    X, y = wide_pairs()
    folds = list(KFold(4).split(y))
    n_items = [len(np.unique(X.index[train])) for train, _ in folds]
    assert n_items == [24, 24, 24, 24]
    # In one fold, the items of 24 that are held out are in no training pair.
    inside = (X.index < 12).all(axis=1)
    outside = (X.index >= 12).all(axis=1)
    folds[1] = np.flatnonzero(inside), np.flatnonzero(outside)
    model = search(cv=folds, pca_components=[2, 11, 12, 23]).fit(X, y)
    assert components(model) == [2, 11]
    for pairs in (X, Pairs(X.left, X.right)):
        assert most_components(pairs) == 23
        assert most_components(pairs[folds[1][0]]) == 11
    narrow = X.map_items(lambda items: items[:, :6])
    assert most_components(narrow) == 5


@known_items
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, bool])
def test_components_of_any_type(dtype):
    X, y = wide_pairs(dtype=dtype)
    assert most_components(X) == 23
    model = search(cv=KFold(2), pca_components=[3]).fit(X, y)
    assert components(model) == [3]
    assert np.isfinite(model.decision_function(X)).all()


@known_items
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e25])
def test_items_that_have_no_components(scale):
    """All the same, or so small or large that no square of them can be held."""
    X, y = wide_pairs(dtype=np.float32)
    X = X.map_items(lambda items: items * np.float32(scale))
    assert most_components(X) == 0
    model = search(cv=KFold(2), pca_components=[3], whitenings=[0.0]).fit(X, y)
    assert components(model) == []
    if scale == 0:
        assert model.choice_ in ("cosine", "euclid")
    wide = X.map_items(lambda items: items.astype(np.float64))
    assert most_components(wide) == (23 if scale else 0)


@pytest.mark.parametrize("wrong", [None, 0, -1, 2.5, True, "32", np.nan])
def test_errors_of_components(data, wrong):
    X, y, _, _ = data
    text = r"'pca_components' parameter of .* whole numbers from 1 on. Got"
    for given_ in (wrong, [wrong], [2, wrong]):
        with pytest.raises(ValueError, match=text):
            search(pca_components=given_).fit(X, y)


def test_nothing_to_be_drawn_to(data):
    X, y, _, _ = data
    with pytest.raises(ValueError, match=r"'priors' parameter of .* is empty"):
        search(priors=[]).fit(X, y)


def test_sparse_items_are_refused(data):
    X, y, _, _ = data
    thin = X.map_items(sparse.csr_matrix)
    text = "SymmetricPairClassifierCV takes dense items, and those of X are sparse"
    with pytest.raises(TypeError, match=text):
        SymmetricPairClassifierCV().fit(thin, y)
    with pytest.raises(TypeError, match=text):
        search(cv=2).fit(X, y).predict(thin)
