# SPDX-License-Identifier: BSD-3-Clause
"""What users of scikit-learn, pandas and polars expect of every estimator alike."""

import inspect
import os
import pickle
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from every_estimator import (
    ASKED,
    BY_SIDES,
    CLASSES,
    CLASSIFIERS,
    COLUMNS,
    GROUPS,
    KINDS,
    N_FEATURES,
    PAIRS,
    STORED,
    WEIGHTED,
    WEIGHTS,
    Y,
    ask,
    fit,
    index_pairs,
    make,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_clusterer
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

import sksymsim
from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    check_axioms,
    close_labels,
    compact,
    deduplicate,
    link,
    load_model,
    make_pairs,
    model_card,
    pair_report,
    save_model,
    to_l2,
)

VERSION = tuple(map(int, sklearn.__version__.split(".")[:2]))
LIBRARIES = {"pandas": pd, "polars": pl}
every = pytest.mark.parametrize("name", CLASSES)
every_asked = pytest.mark.parametrize("name", ASKED)
every_classifier = pytest.mark.parametrize("name", CLASSIFIERS)


@pytest.fixture(params=LIBRARIES)
def library(request):
    return LIBRARIES[request.param]


def table(library, columns=COLUMNS):
    return library.DataFrame(dict(zip(columns, PAIRS.items.T, strict=True)))


@cache
def fitted(name, library=None):
    """Return one that no test changes, fitted to an array or a frame."""
    return fit(name) if library is None else fit(name, table(library))


def reordered(frame):
    return frame[list(reversed(list(frame.columns)))]


def test_the_walk_finds_them():
    assert {"SymmetricPairClassifier", "PairClusterer", "SharedTransformer"} <= set(
        KINDS
    )
    assert set(KINDS.values()) == {"classifier", "clusterer", "pairs", "items"}


# --------------------------------------------------------------- frames, feature names


def assert_close(found, expected):
    """Frames lie in memory otherwise than arrays, so BLAS may round otherwise."""
    assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@every
def test_frames_as_tables_of_items(name, library):
    plain, named = fitted(name), fitted(name, library)
    assert_close(ask(named, table(library)), ask(plain))
    assert not hasattr(plain, "feature_names_in_")
    assert named.feature_names_in_.tolist() == COLUMNS
    assert named.feature_names_in_.dtype == object


@every_asked
def test_a_fit_without_names_forgets_those_of_the_last_one(name):
    model = fit(name, table(pd))
    if name == "RecalibratedClassifier":
        model.set_params(estimator=make(name).estimator)
    model.fit(PAIRS.items if KINDS[name] == "items" else PAIRS, Y)
    assert not hasattr(model, "feature_names_in_")


@pytest.mark.parametrize("name", BY_SIDES)
def test_frames_as_sides(name, library):
    frame = table(library)
    left, right = (
        frame[side.tolist()] if library is pl else frame.iloc[side]
        for side in PAIRS.index.T
    )
    model = make(name, frame).fit((left, right), Y)
    assert model.feature_names_in_.tolist() == COLUMNS
    arrays = left.to_numpy(), right.to_numpy()
    expected = make(name).fit(arrays, Y).predict_proba(arrays)
    assert_close(model.predict_proba(Pairs(left, right)), expected)
    assert_close(model.predict_proba((left, right)), expected)


def words_of_scikit_learn(frame, given):
    """Return its error for names that are not those of the fit."""
    with pytest.raises(ValueError, match="feature names") as caught:
        StandardScaler().fit(frame).transform(given)
    return str(caught.value)


@every_asked
def test_names_are_checked_in_the_words_of_scikit_learn(name):
    frame = table(pd)
    model = fitted(name, pd)
    renamed = frame.rename(columns={"a": "u", "b": "v"})
    wide = frame.assign(**{f"more{i}": 0.0 for i in range(9)})
    for given in (reordered(frame), renamed, wide, frame[["a", "b"]]):
        with pytest.raises(ValueError, match="feature names") as caught:
            ask(model, given)
        assert str(caught.value) == words_of_scikit_learn(frame, given)


@every_asked
def test_names_on_one_side_of_fit_and_predict_only(name, library):
    named, plain = fitted(name, library), fitted(name)
    with pytest.warns(UserWarning, match="X does not have valid feature names") as seen:
        found = ask(named)
    # Once, however many models are inside of it.
    texts = {str(one.message) for one in seen}
    assert texts == {
        f"X does not have valid feature names, but {name} was fitted with feature names"
    }
    assert_close(found, ask(plain))
    with pytest.warns(UserWarning, match="X has feature names, but") as seen:
        ask(plain, table(library))
    assert {str(one.message) for one in seen} == {
        f"X has feature names, but {name} was fitted without feature names"
    }


def test_sides_must_have_the_same_columns(library):
    frame = table(library)
    text = (
        "left and right must have the same columns in the same order. Column 0 is 'a'"
    )
    with pytest.raises(ValueError, match=text):
        Pairs(frame, reordered(frame))
    other = table(library, ["a", "b", "c", "d", "z"])
    text = r"Only left has 'e'; only right has 'z'\."
    with pytest.raises(ValueError, match=text):
        Pairs(frame, other)
    # One side with names speaks for both.
    assert Pairs(PAIRS.items, frame).feature_names.tolist() == COLUMNS
    assert Pairs(pd.DataFrame(PAIRS.items), PAIRS.items).feature_names is None


def test_names_of_two_types_are_refused():
    frame = table(pd).rename(columns={"a": 0})
    for make_pairs_of in (
        lambda: Pairs(frame, frame),
        lambda: Pairs.from_index(frame, PAIRS.index),
        lambda: fit("SymmetricPairClassifier").transform(frame),
    ):
        with pytest.raises(
            TypeError, match="only supported if all input features have"
        ):
            make_pairs_of()


def test_what_keeps_the_names():
    frame = table(pd)
    pairs = index_pairs(frame)
    sides = Pairs(frame, frame)
    for same in (
        pairs[3:9],
        pairs[[4, 2]],
        pairs[Y == 1],
        pairs.swap(),
        pairs[:2].compact(),
        pairs.to_index(),
        sides[3:9],
        sides[[4, 2]],
        sides[[4, 2]].compact(),
        sides.to_index(),
        pickle.loads(pickle.dumps(pairs)),
        close_labels(pairs, Y).pairs,
        make_pairs(frame, np.arange(36) % 6, n_pairs=20, random_state=0)[0],
        Pairs.from_frame(
            pd.DataFrame({"u": [0, 1], "v": [2, 3]}), left="u", right="v", items=frame
        ),
    ):
        assert same.feature_names.tolist() == COLUMNS
    assert pairs.map_items(lambda items: items[:, :2]).feature_names is None
    vectors = pd.DataFrame({"id": [0, 1], "x": [[1.0, 2.0], [3.0, 4.0]]})
    ids = pd.DataFrame({"u": [0], "v": [1]})
    made = Pairs.from_frame(
        ids, left="u", right="v", items=vectors, item_id="id", features="x"
    )
    assert made.feature_names is None


@pytest.mark.parametrize("dtype", ["Float64", "Float32", "Int64", "boolean"])
def test_nullable_columns(dtype):
    numbers = np.round(PAIRS.items) if dtype == "Int64" else PAIRS.items
    numbers = numbers > 0 if dtype == "boolean" else numbers
    frame = pd.DataFrame(numbers, columns=COLUMNS).astype(dtype)
    table = index_pairs(frame).items
    assert table.dtype.kind in "fib"
    assert table.dtype != np.float64 or dtype != "Float32"
    assert_array_equal(table, numbers.astype(table.dtype))
    frame.iloc[PAIRS.index[0, 0], 0] = pd.NA
    with pytest.raises(ValueError, match=r"left contains \d NaN"):
        fit("SymmetricPairClassifier", frame)


def test_columns_that_hold_no_numbers(library):
    frame = table(library)
    frame = (
        frame.assign(a="text") if library is pd else frame.with_columns(a=pl.lit("t"))
    )
    with pytest.raises(TypeError, match="items must hold numbers, and these columns"):
        index_pairs(frame)


def test_ids_in_frames(library):
    index = library.DataFrame({"left": PAIRS.index[:, 0], "right": PAIRS.index[:, 1]})
    pairs = Pairs.from_index(PAIRS.items, index)
    assert_array_equal(pairs.index, PAIRS.index)
    assert pairs.feature_names is None


@cache
def answers_with_arguments(name):
    """Return what one says that was fitted with arrays, and these."""
    takes = inspect.signature(CLASSES[name].fit).parameters
    given = {"sample_weight": WEIGHTS, "groups": GROUPS}
    arrays = {key: value for key, value in given.items() if key in takes}
    return ask(fit(name, **arrays)), arrays


@every_classifier
def test_series_as_labels_weights_and_groups(name, library):
    expected, arrays = answers_with_arguments(name)
    frames = {
        key: library.Series(value) for key, value in arrays.items() if value.ndim == 1
    }
    if "groups" in arrays:
        frames["groups"] = library.DataFrame(GROUPS)
    model = fit(name, y=library.Series(Y), **frames)
    assert_array_equal(ask(model), expected)
    if name != "RecalibratedClassifier":  # whose model has other labels
        names = library.Series(np.array(["no", "yes"])[Y])
        assert_array_equal(fit(name, y=names).classes_, ["no", "yes"])


# ---------------------------------------------------------------------- frames out


@pytest.mark.parametrize(
    "name", [n for n, k in KINDS.items() if k in ("pairs", "items")]
)
def test_output_of_transformers(name, library):
    model = fit(name, table(library)).set_output(transform=library.__name__)
    names = list(model.get_feature_names_out())
    found = (
        model.transform(table(library))
        if KINDS[name] == "items"
        else model.transform(index_pairs(table(library)))
    )
    if isinstance(found, Pairs):  # which stay pairs, and know the names
        assert list(found.feature_names) == names
        assert found.shape[2] == len(names)
    else:
        assert isinstance(found, library.DataFrame)
        assert list(found.columns) == names
        assert_close(found.to_numpy(), ask(fitted(name)))


def test_names_out_begin_with_the_names_in():
    features = fit("SymmetricFeatures", table(pd))
    assert features.get_feature_names_out()[:2].tolist() == ["absdiff_a", "absdiff_b"]
    with pytest.raises(
        ValueError, match="input_features is not equal to feature_names"
    ):
        features.get_feature_names_out(list("vwxyz"))
    shared = SharedTransformer(StandardScaler()).fit(index_pairs(table(pd)))
    assert shared.get_feature_names_out().tolist() == COLUMNS
    assert shared.get_feature_names_out(COLUMNS).tolist() == COLUMNS
    with pytest.raises(
        ValueError, match="input_features is not equal to feature_names"
    ):
        shared.get_feature_names_out(list("vwxyz"))
    cannot_tell = SharedTransformer(FunctionTransformer(np.square))
    assert cannot_tell.fit_transform(index_pairs(table(pd))).feature_names is None


def test_names_go_through_a_pipeline():
    model = make_pipeline(
        SharedTransformer(ColumnTransformer([("some", StandardScaler(), [0, 2])])),
        SymmetricPairClassifier(),
    ).fit(index_pairs(table(pd)), Y)
    assert model[-1].feature_names_in_.tolist() == ["some__a", "some__c"]
    assert model.feature_names_in_.tolist() == COLUMNS
    assert model[:-1].get_feature_names_out().tolist() == ["some__a", "some__c"]
    assert model_card(model)["feature_names"] == COLUMNS
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(index_pairs(reordered(table(pd))))
    with pytest.warns(
        UserWarning, match="but SharedTransformer was fitted with"
    ) as seen:
        model.predict(PAIRS)
    assert len(seen) == 1


def test_output_of_the_learned_space(library):
    model = fit("SymmetricPairClassifier", table(library))
    plain = model.transform(table(library))
    assert isinstance(plain, np.ndarray)
    names = [f"symmetricpairclassifier{i}" for i in range(plain.shape[1])]
    kind = library.__name__
    outputs = [clone(model).set_output(transform=kind).set_output()]
    outputs[0].fit(index_pairs(table(library)), Y)
    with sklearn.config_context(transform_output=kind):
        found = [model.transform(table(library))]
        assert isinstance(
            clone(model)
            .set_output(transform="default")
            .fit(index_pairs(table(library)), Y)
            .transform(table(library)),
            np.ndarray,
        )
    found += [one.transform(table(library)) for one in outputs]
    found += [
        clone(outputs[0]).fit(index_pairs(table(library)), Y).transform(table(library))
    ]
    for frame in found:
        assert isinstance(frame, library.DataFrame)
        assert list(frame.columns) == names == model.get_feature_names_out().tolist()
        assert_array_equal(frame.to_numpy(), plain)
    with pytest.raises(ValueError, match="transform='excel' must be one of 'default'"):
        model.set_output(transform="excel")
    with pytest.raises(ValueError, match="input_features is not equal"):
        model.get_feature_names_out(list("vwxyz"))
    assert not hasattr(SymmetricPairClassifier("quadratic"), "get_feature_names_out")


def test_rows_of_pandas_keep_their_index():
    frame = table(pd).set_index(np.arange(36) + 100)
    model = fit("SymmetricPairClassifier", frame).set_output(transform="pandas")
    assert_array_equal(model.transform(frame).index, frame.index)


def test_output_of_a_whole_pipeline():
    model = make_pipeline(
        SharedTransformer(StandardScaler()), SymmetricPairClassifier()
    )
    expected = clone(model).fit(PAIRS, Y).predict_proba(PAIRS)
    for kind in ("pandas", "polars"):
        found = clone(model).set_output(transform=kind).fit(PAIRS, Y)
        assert_array_equal(found.predict_proba(PAIRS), expected)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_nothing_depends_on_the_output_that_is_configured(kind):
    model = make_pipeline(
        SharedTransformer(StandardScaler()), SymmetricPairClassifier(alpha=1e-2)
    ).fit(PAIRS, Y)

    def results():
        found = deduplicate(PAIRS.items, model, random_state=0)
        learned = deduplicate(
            PAIRS.items, model, candidate_pairs="learned", random_state=0
        )
        report = check_axioms(model, PAIRS.items, random_state=0)
        return (
            model.predict_proba(PAIRS),
            found.labels,
            learned.log_odds,
            to_l2(model).transform_items(PAIRS.items),
            report.transitivity.rate,
        )

    expected = results()
    with sklearn.config_context(transform_output=kind):
        found = results()
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


# ------------------------------------------------------- what takes tables of items


def test_tables_of_items_with_names(library):
    """Names are compared once, and nothing warns of rows that are taken out."""
    frame, model = table(library), fit("SymmetricPairClassifier", table(library))
    plain = fit("SymmetricPairClassifier")
    piped = make_pipeline(
        SharedTransformer(StandardScaler()), SymmetricPairClassifier()
    )
    for one in (model, piped.fit(index_pairs(frame), Y)):
        assert deduplicate(frame, one).labels.shape == (36,)
        assert link(frame[:20], frame[20:], one).partner.shape == (20,)
        assert check_axioms(one, frame, random_state=0).symmetry.rate == 0
        for call in (
            lambda one=one: deduplicate(reordered(frame), one),
            lambda one=one: link(frame, reordered(frame), one),
            lambda one=one: check_axioms(one, reordered(frame)),
        ):
            with pytest.raises(ValueError, match="same order as they were in fit"):
                call()
    assert_array_equal(
        model.cross_scores(frame, frame), plain.cross_scores(PAIRS.items, PAIRS.items)
    )
    assert_array_equal(
        model.top_k(frame, frame, 2)[1], plain.top_k(PAIRS.items, PAIRS.items, 2)[1]
    )
    for method in ("cross_scores", "top_k"):
        arguments = (frame, reordered(frame)) + ((1,) if method == "top_k" else ())
        with pytest.raises(ValueError, match="same order as they were in fit"):
            getattr(model, method)(*arguments)


def test_reports_and_files_know_the_names(tmp_path):
    pairs = index_pairs(table(pd))
    model = fit("SymmetricPairClassifier", table(pd))
    assert pair_report(model, pairs, Y, n_bootstrap=20).table
    assert model_card(model)["feature_names"] == COLUMNS
    for name in STORED:
        fitted = fit(name, table(pd))
        save_model(fitted, tmp_path / "model")
        again = load_model(tmp_path / "model")
        assert again.feature_names_in_.tolist() == COLUMNS
        assert_array_equal(again.predict_proba(pairs), fitted.predict_proba(pairs))


def test_more_of_a_stream_has_the_names_of_the_first_part():
    frame = table(pd)
    model = SymmetricMLPClassifier((4,), random_state=0)
    model.partial_fit(index_pairs(frame), Y).partial_fit(index_pairs(frame), Y)
    assert model.feature_names_in_.tolist() == COLUMNS
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.partial_fit(index_pairs(reordered(frame)), Y)


# ---------------------------------------------------- arrays of other libraries


class OfAnotherLibrary:
    """An array that is known by the protocol of DLPack only."""

    def __init__(self, values, device=1):
        self.values, self.device = np.array(values), device

    def __dlpack_device__(self):
        return self.device, 0

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)


def strict(values):
    library = pytest.importorskip(
        "array_api_strict", reason="array-api-strict is not installed"
    )
    return library.asarray(np.array(values))


@pytest.mark.parametrize("foreign", [OfAnotherLibrary, strict])
@every_classifier
def test_arrays_of_another_library(name, foreign):
    """In whatever place; answers are those of NumPy, and NumPy's."""
    stacked = np.asarray(PAIRS)
    weights = {"sample_weight": WEIGHTS} if name in WEIGHTED else {}
    expected = make(name).fit(stacked, Y, **weights)
    weights = {key: foreign(value) for key, value in weights.items()}
    model = make(name).fit(foreign(stacked), foreign(Y), **weights)
    found = model.predict_proba(foreign(stacked))
    assert type(found) is np.ndarray
    assert_array_equal(found, expected.predict_proba(stacked))
    sides = foreign(stacked[:, 0]), foreign(stacked[:, 1])
    if name in BY_SIDES:
        assert_array_equal(model.predict_proba(sides), found)


@pytest.mark.parametrize("foreign", [OfAnotherLibrary, strict])
def test_items_of_another_library(foreign):
    normalizer = EmbeddingNormalizer(whiten=0.5).fit(foreign(PAIRS.items))
    expected = EmbeddingNormalizer(whiten=0.5).fit_transform(PAIRS.items)
    assert_array_equal(normalizer.transform(foreign(PAIRS.items)), expected)
    pairs = Pairs.from_index(foreign(PAIRS.items), foreign(PAIRS.index))
    assert_array_equal(np.asarray(pairs), np.asarray(PAIRS))
    model = fit("SymmetricPairClassifier")
    assert_array_equal(
        model.transform(foreign(PAIRS.items)), model.transform(PAIRS.items)
    )
    network = SymmetricMLPClassifier((4,), max_iter=3, tol=9.0, random_state=0)
    network = network.set_params(n_iter_no_change=1, early_stopping=True)
    found = clone(network).fit(PAIRS, Y, groups=foreign(GROUPS))
    network.fit(PAIRS, Y, groups=GROUPS)
    assert_array_equal(found.predict_proba(PAIRS), network.predict_proba(PAIRS))


@every_asked
def test_memory_that_numpy_cannot_read(name):
    on_device = OfAnotherLibrary(PAIRS.items, device=2)
    text = "test_ecosystem.OfAnotherLibrary that NumPy cannot read: it is in the memory"
    for call in (lambda: fit(name, on_device), lambda: ask(fitted(name), on_device)):
        with pytest.raises(TypeError, match=text) as caught:
            call()
        assert "pass a NumPy array" in str(caught.value)


def test_an_array_that_fails_to_be_read():
    class NeedsGradient(OfAnotherLibrary):
        def __dlpack__(self, **options):
            raise BufferError("Can't export tensors that require gradient.\nMore.")

    text = "y is a test_ecosystem.NeedsGradient that NumPy cannot read: Can't export"
    with pytest.raises(TypeError, match=text):
        SymmetricPairClassifier().fit(PAIRS, NeedsGradient(Y))
    with pytest.raises(TypeError, match=r"sample_weight is a .*device"):
        SymmetricPairClassifier().fit(PAIRS, Y, OfAnotherLibrary(WEIGHTS, device=8))


# With the imports of COMMON_PATH. Its own tools take arrays only then, as the
# documentation says.
DISPATCH = """
import sklearn
from sklearn.model_selection import cross_val_score
items, digit = spoken.data[::10, :9], spoken.digit[::10]
pairs, y, _ = s.make_pairs(items, digit, n_pairs=200, random_state=0)
stacked, weights = np.asarray(pairs), np.ones(len(y))
model = s.SymmetricPairClassifier()
expected = model.fit(pairs, y, sample_weight=weights).predict_proba(stacked)
with sklearn.config_context(array_api_dispatch=True):
    found = model.fit(pairs, y, sample_weight=weights).predict_proba(stacked)
    assert (found == expected).all()
    shared = s.SharedTransformer(s.EmbeddingNormalizer()).fit(pairs)
    assert type(shared.transform(stacked).left) is np.ndarray
    assert model.score(stacked, y) == model.score(pairs, y)
    assert np.isfinite(cross_val_score(model, stacked, y, cv=2)).all()
    try:
        cross_val_score(model, pairs, y, cv=2)
    except (TypeError, ValueError) as error:
        assert "not a supported array type" in str(error), error
    else:
        raise AssertionError("the page says otherwise")
"""


def run(code, *arguments, **environment):
    """Run some code where every warning is an error, and nothing may be printed."""
    root = str(Path(sksymsim.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": root, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""


# ------------------------------------------------------- contract of scikit-learn


@every
def test_fitted_or_not(name):
    model = make(name)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    model = fitted(name)
    check_is_fitted(model)
    assert model.n_features_in_ == N_FEATURES
    copied = clone(model)
    assert not hasattr(copied, "n_features_in_")
    assert repr(copied) == repr(model)
    if KINDS[name] != "clusterer":
        with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted"):
            ask(copied)


@every
def test_parameters(name):
    model = make(name)
    signature = inspect.signature(CLASSES[name])
    assert sorted(model.get_params(deep=False)) == sorted(signature.parameters)
    for key, value in model.get_params(deep=False).items():
        assert getattr(model, key) is value
    assert [key for key in vars(model) if key not in signature.parameters] == []
    inner = {key: value for key, value in model.get_params().items() if "__" in key}
    for key, value in inner.items():
        if not key.endswith(("class_weight", "estimator")):
            model.set_params(**{key: value})
    with pytest.raises(ValueError, match="Invalid parameter"):
        model.set_params(no_such_parameter=1)


@every
def test_repr_is_short_and_says_what_was_changed(name):
    text = repr(make(name))
    assert text.startswith(f"{name}(")
    assert len(re.sub(r"\s+", " ", text)) < 700
    if name not in ("SymmetrizedClassifier", "SharedTransformer"):
        assert len(repr(clone(make(name)))) == len(text)


@every
def test_tags(name):
    tags, kind = get_tags(make(name)), KINDS[name]
    assert is_classifier(make(name)) == (kind == "classifier")
    assert is_clusterer(make(name)) == (kind == "clusterer")
    assert tags.input_tags.two_d_array == (kind == "items")
    assert not tags.input_tags.pairwise
    assert not getattr(tags, "array_api_support", False)
    assert tags.target_tags.required == (kind == "classifier")
    if kind == "classifier":
        assert tags.input_tags.three_d_array
        assert not tags.classifier_tags.multi_class
    assert (tags.transformer_tags is not None) == (kind in ("pairs", "items"))


@every
def test_html_links_nothing_as_long_as_there_is_no_address(name):
    for model in (make(name), fitted(name)):
        assert model._get_doc_link() == ""
        assert name in model._repr_html_()


@every
def test_html_has_a_link_and_a_word_on_each_parameter(name, monkeypatch):
    monkeypatch.setattr("sksymsim._base.DOC_URL", "https://docs.example/stable")
    address = f"https://docs.example/stable/generated/sksymsim.{name}.html"
    model = fitted(name)
    assert model._get_doc_link() == address
    html = model._repr_html_()
    assert address in html

    class OfAUser(CLASSES[name]):
        pass

    assert OfAUser.__new__(OfAUser)._get_doc_link() == ""
    for parameter in model.get_params(deep=False) if VERSION >= (1, 8) else ():
        # The name and the type, as the docstring has them, and the text below.
        tip = re.search(
            rf'"param-doc-description"[^>]*>\s*{parameter}: (.+?)<br><br>(.+?)</span>',
            html,
            re.DOTALL,
        )
        assert tip, parameter
        assert "\\" not in tip[1]
        assert (
            "default=" in tip[1]
            or inspect.signature(CLASSES[name]).parameters[parameter].default
            is inspect.Parameter.empty
        )
        assert len(tip[2]) > 10, parameter


# -------------------------------------------------------------------- metadata routing


def arguments_of(name):
    """Return what `fit` takes besides pairs and labels."""
    taken = list(inspect.signature(CLASSES[name].fit).parameters)
    return [one for one in taken if one not in ("self", "X", "y")]


@every
def test_every_argument_of_fit_can_be_requested(name):
    with sklearn.config_context(enable_metadata_routing=True):
        model, given = make(name), arguments_of(name)
        if not given:
            assert not hasattr(model, "set_fit_request")
            return
        model.set_fit_request(**dict.fromkeys(given, True))
        requests = model.get_metadata_routing().fit.requests
        assert requests == dict.fromkeys(given, True)
        assert clone(model).get_metadata_routing().fit.requests == requests


def wrapped(model):
    """Return the tools of scikit-learn that fit classifiers with weights."""
    cv = [(np.arange(0, 120, 2), np.arange(1, 120, 2))]
    return {
        "pipeline": make_pipeline(FunctionTransformer(), model),
        "search": GridSearchCV(
            model, {}, cv=cv, scoring="roc_auc", error_score="raise"
        ),
        "calibration": CalibratedClassifierCV(model, cv=cv, ensemble=True),
        "voting": VotingClassifier([("one", model)], voting="soft"),
        "stacking": StackingClassifier([("one", model)], LogisticRegression(), cv=2),
    }


def inner_of(tool):
    """Return the classifier of pairs that a tool has fitted."""
    if hasattr(tool, "best_estimator_"):
        return tool.best_estimator_
    if hasattr(tool, "calibrated_classifiers_"):
        return tool.calibrated_classifiers_[0].estimator
    return tool[-1] if hasattr(tool, "steps") else tool.estimators_[0]


# One of them in each tool; the others in that which hands on weights of some rows.
TOOLS = [("SymmetricPairClassifier", tool) for tool in wrapped(make(WEIGHTED[0]))]
TOOLS += [(name, "calibration") for name in WEIGHTED if name != TOOLS[0][0]]


@pytest.mark.parametrize(("name", "tool"), TOOLS)
def test_weights_arrive_with_and_without_routing(name, tool):
    rows = np.arange(0, 120, 2) if tool == "calibration" else np.arange(120)
    direct = make(name).fit(PAIRS[rows], Y[rows], sample_weight=WEIGHTS[rows] ** 3)
    expected = direct.predict_proba(PAIRS)
    weights = {"sample_weight": WEIGHTS**3}
    plain = weights
    if tool == "pipeline":
        plain = {f"{name.lower()}__sample_weight": WEIGHTS**3}
    model = wrapped(make(name))[tool].fit(PAIRS, Y, **plain)
    assert_array_equal(inner_of(model).predict_proba(PAIRS), expected)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = make(name).set_fit_request(sample_weight=True)
        model = wrapped(asking)[tool]
        if tool == "search":
            scorer = get_scorer("roc_auc").set_score_request(sample_weight=True)
            model.set_params(scoring=scorer)
        if tool == "stacking":
            model.final_estimator.set_fit_request(sample_weight=True)
        model.fit(PAIRS, Y, **weights)
        assert_array_equal(inner_of(model).predict_proba(PAIRS), expected)


@pytest.mark.parametrize("routing", [False, True])
@every_classifier
def test_groups_reach_our_splitter(name, routing):
    takes_groups = "groups" in arguments_of(name)
    splitter = PairGroupKFold(2, level="group", random_state=0)
    splits = list(splitter.split(PAIRS, Y, GROUPS))
    with sklearn.config_context(enable_metadata_routing=routing):
        model = make(name)
        if routing and takes_groups:
            model.set_fit_request(groups=True)
        params = {"params": {"groups": GROUPS}} if routing else {"groups": GROUPS}
        result = cross_validate(
            model,
            PAIRS,
            Y,
            cv=splitter,
            scoring="roc_auc",
            return_estimator=True,
            return_indices=True,
            error_score="raise",
            **params,
        )
    for (train, test), found, held in zip(
        splits, result["indices"]["train"], result["indices"]["test"], strict=True
    ):
        assert_array_equal(found, train)
        assert_array_equal(held, test)


@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_our_splitter_in_a_search(routing):
    splitter = PairGroupKFold(2, level="group", random_state=0)
    with sklearn.config_context(enable_metadata_routing=routing):
        search = GridSearchCV(
            make("SymmetricPairClassifier"), {}, cv=splitter, error_score="raise"
        )
        search.fit(PAIRS, Y, groups=GROUPS)
    assert search.n_splits_ == 2
    (train, test), *_ = splitter.split(PAIRS, Y, GROUPS)
    model = make("SymmetricPairClassifier").fit(PAIRS[train], Y[train])
    expected = model.score(PAIRS[test], Y[test])
    assert search.cv_results_["split0_test_score"] == [expected]


def test_weights_of_a_stack():
    """Every member has the weights, or nobody is told that they were heard."""
    members = [("one", SymmetricPairClassifier()), ("two", KernelPairClassifier())]
    stack = StackedPairClassifier(members, [1.0, 0.0]).fit(PAIRS, Y, WEIGHTS)
    alone = SymmetricPairClassifier().fit(PAIRS, Y, WEIGHTS / WEIGHTS.mean())
    assert_array_equal(stack.decision_function(PAIRS), alone.decision_function(PAIRS))
    unweighted = StackedPairClassifier(members, [1.0, 0.0]).fit(PAIRS, Y)
    assert (unweighted.decision_function(PAIRS) != alone.decision_function(PAIRS)).any()

    class Deaf(SymmetricPairClassifier):
        def fit(self, X, y):
            return super().fit(X, y)

    deaf = StackedPairClassifier([("one", Deaf())], [1.0])
    with pytest.raises(ValueError, match="sample_weight cannot reach Deaf"):
        deaf.fit(PAIRS, Y, WEIGHTS)
    deaf.fit(PAIRS, Y, np.full(len(Y), 2.0))

    class Listens(SymmetricPairClassifier):
        def fit(self, X, y, groups=None):
            self.groups_ = groups
            return super().fit(X, y)

    model = StackedPairClassifier([("one", Listens())], [1.0]).fit(
        PAIRS, Y, None, GROUPS
    )
    assert_array_equal(model.estimators_[0].groups_, GROUPS)
    with pytest.raises(ValueError, match="groups must have a row for each of the 120"):
        model.fit(PAIRS, Y, groups=GROUPS[1:])
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(120,\)"):
        model.fit(PAIRS, Y, sample_weight=WEIGHTS[1:])


# -------------------------------------------------------------------------- callbacks

callbacks = pytest.mark.skipif(
    VERSION < (1, 9), reason="scikit-learn has callbacks since 1.9"
)


class Recorder:
    """Note what is called, and what could be asked; stop after so many iterations."""

    def __init__(self, stop_after=None):
        self.stop_after, self.events, self.scores = stop_after, [], []

    def setup(self, estimator, context):
        self.events.append(("setup", "", ()))

    def teardown(self, estimator, context):
        self.events.append(("teardown", "", ()))

    @staticmethod
    def path(context):
        path = []
        while context is not None:
            path.append(context.task_id)
            context = context.parent
        return tuple(reversed(path))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, self.path(context)))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.events.append(("end", context.task_name, self.path(context)))
        if context.task_name != "iteration" or fitted_estimator is None:
            return False
        self.X, self.y, self.metadata = X, y, metadata
        self.scores.append(fitted_estimator.predict_proba(X))
        return len(self.scores) == self.stop_after


def fit_watched(name, watcher, **arguments):
    model = make(name).set_callbacks(watcher)
    if KINDS[name] == "items":
        return model.fit(PAIRS.items)
    if KINDS[name] == "clusterer":
        return model.fit(PAIRS, log_odds=2.0 * Y - 1)
    return model.fit(PAIRS, Y, **arguments)


@callbacks
@every
def test_a_fit_is_watched_and_stays_the_same(name):
    watcher = Recorder()
    model = fit_watched(name, watcher)
    assert_array_equal(ask(model), ask(fitted(name)))
    events = watcher.events
    assert [event[:2] for event in events[:2]] == [("setup", ""), ("begin", "fit")]
    assert [event[:2] for event in events[-2:]] == [("end", "fit"), ("teardown", "")]
    begun = [event[1:] for event in events if event[0] == "begin"]
    ended = [event[1:] for event in events if event[0] == "end"]
    assert sorted(begun) == sorted(ended)
    assert len(set(begun)) == len(begun)
    # Nothing but the callbacks themselves is left on the model.
    assert [key for key in vars(model) if "callback" in key] == ["_skl_callbacks"]
    assert vars(clone(model))["_skl_callbacks"] == [watcher]
    assert (
        "_skl_callbacks" not in vars(compact(model))
        if KINDS[name] == "classifier"
        else 1
    )


@callbacks
def test_a_fit_that_fails_is_taken_down():
    watcher = Recorder()
    model = KernelPairClassifier(gamma=1e300, kernel="poly").set_callbacks(watcher)
    with pytest.raises(ValueError, match="gamma"):
        model.fit(PAIRS, Y)
    assert watcher.events[-1][0] == "teardown"
    assert not hasattr(model, "_callback_fit_ctx")
    watcher.events.clear()
    with pytest.raises(ValueError, match="must be"):
        model.set_params(alpha=-1.0).fit(PAIRS, Y)
    assert watcher.events == []


ITERATIVE = {
    "matrix": SymmetricPairClassifier(alpha=1e-3),
    "indefinite": SymmetricPairClassifier(psd=False, similar_rate=0.1),
    "factors": SymmetricPairClassifier(n_components=2),
    "quadratic": SymmetricPairClassifier("quadratic", class_weight="balanced"),
    "poly": SymmetricPairClassifier("poly", degree=2),
    "kernel": KernelPairClassifier(similar_rate=0.1),
    "landmarks": KernelPairClassifier(n_landmarks=40, random_state=0, prior=None),
    "adam": SymmetricMLPClassifier(
        (4,), random_state=0, early_stopping=False, tol=1e-2
    ),
    "lbfgs": SymmetricMLPClassifier(
        (4,), solver="lbfgs", random_state=0, early_stopping=False, tol=1e-2
    ),
}


@callbacks
@pytest.mark.parametrize("case", ITERATIVE)
def test_every_iteration_has_a_model(case):
    watcher = Recorder()
    model = clone(ITERATIVE[case]).set_callbacks(watcher)
    model.fit(PAIRS, Y, sample_weight=WEIGHTS)
    assert len(watcher.scores) == model.n_iter_ > 1
    # The last one is the model itself.
    assert_array_equal(watcher.scores[-1], model.predict_proba(PAIRS))
    assert (watcher.scores[0] != watcher.scores[-1]).any()
    assert watcher.X.shape == PAIRS.shape
    assert_array_equal(watcher.y, Y)
    assert_array_equal(watcher.metadata["sample_weight"], WEIGHTS)


@callbacks
@pytest.mark.parametrize("case", ITERATIVE)
def test_a_callback_can_end_a_fit(case):
    """No warning: it was asked for."""
    watcher = Recorder(stop_after=2)
    model = clone(ITERATIVE[case]).set_callbacks(watcher).fit(PAIRS, Y)
    assert len(watcher.scores) == 2
    assert model.n_iter_ == 2
    if case not in ("matrix", "factors"):  # which are still to be made semidefinite
        assert_array_equal(watcher.scores[-1], model.predict_proba(PAIRS))
    if case in ("matrix", "factors"):
        assert np.linalg.eigvalsh(model.get_mahalanobis_matrix()).min() > -1e-12
        assert model.components_.shape[0] <= (2 if case == "factors" else N_FEATURES)


@callbacks
def test_held_out_pairs_and_a_callback_that_ends_training():
    model = SymmetricMLPClassifier((4,), random_state=0, max_iter=20)
    watcher = Recorder(stop_after=3)
    model.set_callbacks(watcher).fit(PAIRS, Y)
    assert model.n_iter_ == len(watcher.scores) == 3


@callbacks
def test_scores_are_monitored_in_a_search_and_a_pipeline():
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = make_pipeline(
        SharedTransformer(StandardScaler()),
        SymmetricPairClassifier().set_callbacks(monitor),
    )
    search = GridSearchCV(
        model,
        {"symmetricpairclassifier__alpha": [1e-3, 1e-1]},
        cv=2,
        error_score="raise",
    ).fit(index_pairs(table(pd)), Y)
    log = [row for row in monitor.get_logs().data if "neg_log_loss" in row]
    best = search.best_estimator_
    last = get_scorer("neg_log_loss")(best, index_pairs(table(pd)), Y)
    assert any(row["neg_log_loss"] == pytest.approx(last, rel=1e-12) for row in log)
    n_iter = best[-1].n_iter_
    assert len(log) > 4 * 2 + n_iter


@callbacks
def test_the_parts_of_a_search():
    watcher = Recorder()
    fit_watched("SymmetricPairClassifierCV", watcher)
    names = [event[1] for event in watcher.events if event[0] == "end"]
    assert names[-3:] == ["search", "refit", "fit"]
    assert set(names[:-3]) == {"candidates"}
    assert len(names) >= 5


@callbacks
def test_a_progress_bar_over_a_pipeline(capsys):
    """Steps that could not be watched would be warned of."""
    pytest.importorskip("rich", reason="rich is not installed")
    from sklearn.callback import ProgressBar

    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier()
    )
    model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(PAIRS, Y)
    shown = capsys.readouterr().out
    assert "SharedTransformer" in shown
    assert "SymmetricPairClassifier" in shown
    fit_watched("SymmetricPairClassifierCV", ProgressBar())
    assert "search" in capsys.readouterr().out


@pytest.mark.skipif(VERSION >= (1, 9), reason="scikit-learn has callbacks")
@every
def test_without_callbacks_nothing_is_there(name):
    assert not hasattr(make(name), "set_callbacks")


# --------------------------------------------------------------------- without warnings

COMMON_PATH = """
import sys
import numpy as np
import sksymsim as s
from sklearn.pipeline import make_pipeline
s.__all__
# Not pandas: scikit-learn imports it where it is there.
heavy = {"matplotlib", "polars", "dask", "distributed", "onnx", "torch", "rich"}
heavy |= {"skops", "metric_learn", "pytest"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
spoken = s.load_spoken_digits()
pairs, y, _ = s.make_pairs(spoken.data, spoken.speaker, n_pairs=600, random_state=0)
model = make_pipeline(
    s.SharedTransformer(s.EmbeddingNormalizer(whiten=0.5)), s.SymmetricPairClassifier()
).fit(pairs[:400], y[:400])
model.predict_proba(pairs[400:])
s.pair_report(model, pairs[400:], y[400:], n_bootstrap=20)
s.recalibrate(model, pairs[400:], y[400:]).predict(pairs)
s.to_l2(model).transform_items(spoken.data[:50])
s.save_model(model, sys.argv[1])
again = s.load_model(sys.argv[1])
assert (again.predict_proba(pairs) == model.predict_proba(pairs)).all()
model._repr_html_()
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""


def test_the_common_path_in_a_new_process(tmp_path):
    """Free of warnings and of what is optional; where arrays are dispatched, as well.

    One process for all, which takes longer to start than to run.
    """
    path = str(tmp_path / "model")
    if VERSION < (1, 8):  # where dispatch needs one more package
        run(COMMON_PATH, path)
    else:
        run(COMMON_PATH + DISPATCH, path, SCIPY_ARRAY_API="1")
