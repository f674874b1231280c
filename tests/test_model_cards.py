# SPDX-License-Identifier: BSD-3-Clause
"""What models say of themselves is true, and JSON can hold it."""

import copy
import json
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from stored_models import LABELS, PAIRS, UNFITTED, fit_all

import sksymsim
from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    model_card,
    update_model_card,
)


@pytest.fixture(scope="module")
def models():
    return fit_all()


@pytest.mark.parametrize("name", [name for name in UNFITTED if name != "features"])
def test_every_model_knows_its_training(name, models):
    card = model_card(models[name])
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["n_pairs"] == len(PAIRS)
    assert card["n_similar"] == LABELS.sum()
    assert card["n_items"] == np.unique(PAIRS.index).size
    # What the whole model takes, also where the classifier sees fewer components.
    assert card["n_features"] == PAIRS.shape[2]
    words = ["no", "yes"] if "rank" in name else [0, 1]
    assert card["labels"] == {"dissimilar": words[0], "similar": words[1]}
    assert card["versions"]["sksymsim"] == sksymsim.__version__
    assert card["versions"]["numpy"] == np.__version__
    assert card["feature_names"] is None
    assert card["notes"] == {}
    kind = type(models[name][-1] if hasattr(models[name], "steps") else models[name])
    assert card["estimator"] == kind.__name__


def test_scores_are_what_the_fit_has_measured(models):
    assert model_card(models["quadratic"])["scores"] == {
        "objective": models["quadratic"].objective_
    }
    search = models["search"]
    expected = {
        "cv_score": search.cv_score_,
        "cosine_score": search.cosine_score_,
        "cv_transfer_score": search.cv_transfer_score_,
    }
    assert model_card(search)["scores"] == expected
    found = model_card(search.best_estimator_)
    assert found["scores"] == expected
    assert found["estimator"] == type(search.best_estimator_[-1]).__name__


def test_validation_scores_of_a_network():
    model = SymmetricMLPClassifier((4,), max_iter=20, tol=1.0, random_state=0)
    pairs = Pairs(np.vstack([PAIRS.left] * 2), np.vstack([PAIRS.right] * 2) + 0.1)
    model.fit(pairs, np.tile(LABELS, 2))
    scores = model_card(model)["scores"]
    assert scores == {"validation_score": model.best_validation_score_}
    assert model_card(model)["n_items"] is None


def test_pairs_of_a_stream_add_up():
    model = SymmetricMLPClassifier((4,), random_state=0)
    model.partial_fit(PAIRS[:30], LABELS[:30], classes=[0, 1])
    model.partial_fit(PAIRS[30:], LABELS[30:])
    card = model_card(model)
    assert (card["n_pairs"], card["n_similar"]) == (len(PAIRS), LABELS.sum())
    assert card["n_items"] is None


@pytest.mark.parametrize(
    "model", [SymmetricPairClassifier(alpha=0.1), KernelPairClassifier(alpha=0.1)]
)
def test_pairs_without_weight_do_not_count(model):
    weights = np.where(np.arange(len(PAIRS)) < 50, 1.0, 0.0)
    card = model_card(clone(model).fit(PAIRS, LABELS, sample_weight=weights))
    assert card["n_pairs"] == 50
    assert card["n_similar"] == LABELS[:50].sum()
    assert card["n_items"] == np.unique(PAIRS.index[:50]).size


def test_a_recalibrated_model_has_both_cards(models):
    card = model_card(models["recalibrated"])
    assert card["estimator"] == "RecalibratedClassifier"
    assert card["recalibrates"] == model_card(models["mahalanobis"])
    assert "recalibrates" not in model_card(models["mahalanobis"])


def test_wrappers_show_the_card_of_what_they_wrap(models):
    inner = models["normalizer"]
    card = model_card(inner)
    assert model_card(FrozenEstimator(inner)) == card
    assert model_card(models["threshold"]) == model_card(models["mahalanobis"])
    grid = GridSearchCV(UNFITTED["mahalanobis"], {"alpha": [0.1]}, cv=2)
    assert model_card(grid.fit(PAIRS, LABELS))["n_pairs"] == len(PAIRS)


def test_labels_of_any_kind_are_said_in_json():
    for y, said in (
        (LABELS == 1, [False, True]),
        (LABELS.astype(np.float32), [0.0, 1.0]),
        (LABELS.astype(np.uint8), [0, 1]),
        (np.where(LABELS == 1, "b", "a").astype(object), ["a", "b"]),
    ):
        card = model_card(SymmetricPairClassifier(alpha=0.1).fit(PAIRS, y))
        assert [*card["labels"].values()] == said
        assert json.loads(json.dumps(card)) == card


def test_names_of_features_come_from_where_they_were_seen():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.eye(5), columns=list("abcde"))
    normalizer = EmbeddingNormalizer().fit(frame)
    model = make_pipeline(normalizer, SymmetricPairClassifier(alpha=0.1))
    model.steps[-1][1].fit(PAIRS, LABELS)
    assert model_card(model)["feature_names"] == list("abcde")


# ------------------------------------------------------------------------ what is added


def test_scores_notes_and_names_are_added():
    model = clone(UNFITTED["normalizer"]).fit(PAIRS, LABELS)
    before = model_card(model)
    copied = copy.copy(model[-1])
    names = [f"x{i}" for i in range(5)]
    card = update_model_card(
        model,
        scores={"auc": np.float32(0.5)},
        notes={"trained by": ["A", "B"], "year": np.int64(2026)},
        feature_names=names,
    )
    assert card == model_card(model)
    assert card["scores"] == {**before["scores"], "auc": 0.5}
    assert card["notes"] == {"trained by": ["A", "B"], "year": 2026}
    assert card["feature_names"] == names
    unchanged = set(before) - {"scores", "notes", "feature_names"}
    assert {key: card[key] for key in unchanged} == {k: before[k] for k in unchanged}
    update_model_card(model, scores={"cost": 1})
    assert set(model_card(model)["scores"]) == {"objective", "auc", "cost"}
    assert model_card(pickle.loads(pickle.dumps(model))) == model_card(model)
    assert "auc" not in model_card(copied)["scores"]


def test_a_card_is_a_copy(models):
    card = model_card(models["mahalanobis"])
    card["scores"]["auc"] = 1.0
    card["versions"].clear()
    assert "auc" not in model_card(models["mahalanobis"])["scores"]
    assert model_card(models["mahalanobis"])["versions"]


def test_a_new_fit_has_a_new_card():
    model = SymmetricPairClassifier(alpha=0.1).fit(PAIRS, LABELS)
    update_model_card(model, scores={"auc": 0.9})
    assert "auc" not in model_card(model.fit(PAIRS, LABELS))["scores"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"scores": {"auc": float("nan")}}, "scores must be what JSON can hold"),
        ({"scores": {"auc": "good"}}, "scores must be finite numbers, got {'auc': 'g"),
        ({"scores": [0.5]}, "scores must be a dict with strings as keys"),
        ({"notes": {1: "one"}}, "notes must be a dict with strings as keys"),
        ({"notes": {"model": object()}}, "notes must be what JSON can hold: <object"),
        ({"feature_names": ["a"]}, "got 1 feature_names for 5 features of an item"),
        ({"feature_names": range(5)}, "feature_names must be strings"),
    ],
)
def test_what_a_card_cannot_hold_is_refused(given, text, models):
    model = copy.deepcopy(models["normalizer"])
    before = model_card(model)
    with pytest.raises(ValueError, match=text):
        update_model_card(model, **given)
    assert model_card(model) == before


@pytest.mark.parametrize(
    "model",
    [
        SymmetricPairClassifier(),
        UNFITTED["normalizer"],
        EmbeddingNormalizer(),
        LogisticRegression(),
        make_pipeline("passthrough"),
    ],
)
def test_models_without_a_card(model):
    text = f"{type(model).__name__} has no model card: it is not fitted, or holds no"
    for function in (model_card, update_model_card):
        with pytest.raises(ValueError, match=text):
            function(model)
