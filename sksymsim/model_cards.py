# SPDX-License-Identifier: BSD-3-Clause
"""What a model says of itself: its training, its versions, its scores."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from sksymsim._validation.files import (
    check_card_entries,
    check_feature_names,
    check_has_card,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sksymsim._typing import Estimator

__all__ = ["model_card", "update_model_card"]

# Where wrappers keep the model that does the work, the fitted one first.
INNER = ("best_estimator_", "estimator_", "estimator")


def model_card(model: Estimator) -> dict[str, Any]:
    """Return what a fitted model says of its training, as a dict that JSON can hold.

    Parameters
    ----------
    model : estimator
        A fitted classifier of pairs, alone or in a Pipeline, a search or the like.

    Returns
    -------
    card : dict
        A copy, with these keys:

        - "estimator": the class that was fitted.
        - "n_features": the number of features of an item, as the whole model takes it.
        - "n_pairs", "n_similar": the training pairs of positive weight, and how many of
          them were similar.
        - "n_items": how many items they had; None for pairs of two arrays, for which
          it is not counted.
        - "labels": what "dissimilar" and "similar" were called.
        - "feature_names": a list, or None if nobody has said.
        - "scores": what the fit measured (the objective, held-out scores of a search),
          and what :func:`update_model_card` has added.
        - "notes": likewise.
        - "versions": of sksymsim, python, numpy, scipy, scikit-learn and joblib.
        - "recalibrates": the card of the model inside a
          :class:`RecalibratedClassifier`; only there.

    Raises
    ------
    ValueError
        If the model has no card: it is not fitted, or its classifier is not one of this
        package.

    See Also
    --------
    update_model_card : Adds to it.
    save_model : Writes it where people can read it.

    Notes
    -----
    After Mitchell et al., Model cards for model reporting, FAT* 2019: the part of such
    a card that a library can fill in, and room for the rest.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import model_card
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> card = model_card(SymmetricPairClassifier().fit(pairs, y))
    >>> card["n_pairs"], card["n_features"], card["labels"]
    (1000, 80, {'dissimilar': 0, 'similar': 1})
    """
    carrier = _carrier(model)
    check_has_card(carrier, model)
    card = deepcopy(carrier._card)
    card["n_features"] = int(getattr(model, "n_features_in_", card["n_features"]))
    if card["feature_names"] is None:
        card["feature_names"] = _feature_names(model)
    inner = card_or_none(vars(carrier).get("estimator"))
    if inner is not None:
        card["recalibrates"] = inner
    return card


def update_model_card(
    model: Estimator,
    *,
    scores: dict[str, float] | None = None,
    notes: dict[str, Any] | None = None,
    feature_names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Add scores, notes and names of features to the card inside a fitted model.

    Parameters
    ----------
    model : estimator
        A fitted model that has a card. It is changed, and predicts as before.
    scores : dict of str to float, default=None
        Such as test scores.
    notes : dict of str to object, default=None
        Whatever JSON can hold: who trained it, on what, what it is not for.
    feature_names : sequence of str, default=None
        One name for each feature of an item.

    Returns
    -------
    card : dict
        The new card, as of :func:`model_card`.

    Raises
    ------
    ValueError
        If JSON cannot hold an entry, a score is no finite number, there are not as many
        names as features, or the model has no card.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import update_model_card
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:600], y[:600])
    >>> card = update_model_card(
    ...     model,
    ...     scores={"test_accuracy": model.score(pairs[600:], y[600:])},
    ...     notes={"not for": "speakers that are not among the six"},
    ... )
    >>> sorted(card["scores"])
    ['objective', 'test_accuracy']
    """
    card = model_card(model)
    carrier = _carrier(model)
    new = dict(carrier._card)
    new["scores"] = {**new["scores"], **check_card_entries(scores, "scores")}
    new["notes"] = {**new["notes"], **check_card_entries(notes, "notes")}
    if feature_names is not None:
        new["feature_names"] = check_feature_names(feature_names, card["n_features"])
    # Not changed in place: copies of the model keep theirs.
    carrier._card = new
    return model_card(model)


def card_or_none(model: Estimator) -> dict[str, Any] | None:
    """Return the card of a model, or None where there is none."""
    return None if model is None or _carrier(model) is None else model_card(model)


def _carrier(model):
    """Return what holds the card: the model, or the one inside that does the work."""
    while model is not None and "_card" not in vars(model):
        if isinstance(model, Pipeline):
            inner = model.steps[-1][1]
        else:
            inner = next((vars(model)[n] for n in INNER if n in vars(model)), None)
        model = inner if hasattr(inner, "__dict__") else None
    return model


def _feature_names(model):
    """Return the names of features that the first step has seen, if any."""
    model = getattr(model, "best_estimator_", model)
    while isinstance(model, Pipeline):
        model = model.steps[0][1]
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = getattr(vars(model).get("transformer_"), "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]
