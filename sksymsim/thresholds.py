# SPDX-License-Identifier: BSD-3-Clause
"""From which score on pairs are accepted, chosen for a purpose, on held-out pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer
from sklearn.model_selection import FixedThresholdClassifier

from sksymsim._evaluation.criteria import CRITERIA, Accepted, between
from sksymsim._evaluation.curves import Ranking
from sksymsim._evaluation.held_out import scores_of_folds, scores_of_model
from sksymsim._validation.items import check_pairs, takes_pairs
from sksymsim._validation.scores import (
    check_criterion,
    check_labels_of_model,
    check_reachable,
    check_scores,
    check_splitter,
)
from sksymsim._validation.targets import check_labels, check_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike

    from sksymsim._typing import (
        Booleans,
        Criterion,
        Estimator,
        Floats,
        PairsLike,
        Splits,
    )

__all__ = [
    "ThresholdChoice",
    "calibrate_threshold",
    "get_threshold_scorer",
    "threshold_at",
]


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold, and what it does on the pairs that it was chosen on.

    Parameters
    ----------
    threshold : float
        Pairs are accepted from this score upwards.
    criterion : str
        What it was chosen for.
    value : float
        What the criterion makes as great as possible: the accuracy, the F-score, the
        recall (for "far" and "precision"), or one less the rate of false accepts (for
        "recall").
    accuracy : float
        The share of pairs that are decided rightly.
    precision : float
        The share of accepted pairs that are similar; one if none is accepted.
    recall : float
        The share of similar pairs that are accepted.
    far : float
        The share of dissimilar pairs that are accepted.
    classifier : FixedThresholdClassifier, default=None
        The model with this threshold, fitted; from :func:`calibrate_threshold` only.

    See Also
    --------
    threshold_at : Makes it from scores.
    calibrate_threshold : Makes it from a model and pairs.

    Examples
    --------
    >>> from sksymsim import threshold_at
    >>> y, scores = [0, 0, 0, 1, 1], [-2.0, -1.0, 0.5, 0.4, 3.0]
    >>> choice = threshold_at(y, scores, criterion="far", bound=0.0)
    >>> choice.far, choice.recall
    (0.0, 0.5)
    >>> 0.5 < choice.threshold <= 3.0
    True
    """

    threshold: float
    criterion: str
    value: float
    accuracy: float
    precision: float
    recall: float
    far: float
    classifier: Estimator = None


def threshold_at(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    criterion: Criterion = "accuracy",
    beta: float = 1.0,
    bound: float | None = None,
    sample_weight: ArrayLike | None = None,
    pos_label: object | None = None,
) -> ThresholdChoice:
    """Return the threshold that suits a purpose best, and what it achieves.

    Parameters
    ----------
    y_true : array-like of shape (n_pairs,)
        Two labels of any kind.
    y_score : array-like of shape (n_pairs,)
        Similarities of pairs that the model was not fitted on.
    criterion : {"accuracy", "f_beta", "far", "precision", "recall"}, default="accuracy"
        The purpose:

        - "accuracy": the most right decisions.
        - "f_beta": the greatest F-score, see `beta`.
        - "far": the greatest recall with a rate of false accepts of at most `bound`.
        - "precision": the greatest recall with a precision of at least `bound`.
        - "recall": the fewest false accepts with a recall of at least `bound`.

    beta : float, default=1.0
        How many times as much recall counts as precision, for "f_beta".
    bound : float, default=None
        The rate to keep, in [0, 1], for "far", "precision" and "recall".
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights; with :func:`deployment_weights` accuracy, precision and
        F-score are those at another rate of similar pairs.
    pos_label : object, default=None
        The label that means "similar". None takes the greater one.

    Returns
    -------
    choice : ThresholdChoice

    Raises
    ------
    TypeError
        If scores or weights are no real numbers.
    ValueError
        If a parameter is out of range or missing, lengths differ, scores are not
        finite, only one class has weight, or no threshold reaches the precision.

    See Also
    --------
    calibrate_threshold : The same for a model, on folds that were held out.

    Notes
    -----
    The threshold lies half-way between the lowest score that is accepted and the next
    one; equal scores are never separated. Of equally good thresholds it is the highest.
    What is achieved is the best of many on these pairs, so it is a little optimistic
    for new ones.

    Examples
    --------
    >>> from sksymsim import threshold_at
    >>> y, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9]
    >>> choice = threshold_at(y, scores, criterion="far", bound=0.1)
    >>> choice.threshold, round(choice.recall, 3), choice.far
    (0.75, 0.667, 0.0)
    """
    check_criterion(criterion, beta, bound, CRITERIA)
    dtype = np.asarray(y_score).dtype
    similar, scores, weights = check_scores(y_true, y_score, sample_weight, pos_label)
    return best_threshold(similar, scores, weights, criterion, beta, bound, dtype)


def best_threshold(
    similar: Booleans,
    scores: Floats,
    weights: Floats,
    criterion: Criterion,
    beta: float,
    bound: float | None,
    dtype: np.dtype[Any],
) -> ThresholdChoice:
    """Return the choice among all thresholds, of arguments that are checked.

    `beta` may be zero: then the F-score is the precision.
    """
    ranking = Ranking(similar, scores)
    accepted = Accepted.of_curve(ranking.curve(weights))
    rule = CRITERIA[criterion]
    values = rule.value(accepted, beta)
    if rule.held is not None:
        values = np.where(rule.held(accepted, bound) <= 0, values, -np.inf)
        check_reachable(values, accepted, criterion, bound)
    point = int(np.argmax(values))
    return ThresholdChoice(
        threshold=between(ranking.thresholds, point, dtype),
        criterion=criterion,
        value=float(values[point]),
        accuracy=float(accepted.accuracy[point]),
        precision=float(accepted.precision[point]),
        recall=float(accepted.recall[point]),
        far=float(accepted.far[point]),
    )


@takes_pairs
def calibrate_threshold(
    model: Estimator,
    pairs: PairsLike,
    y: ArrayLike,
    *,
    criterion: Criterion = "accuracy",
    beta: float = 1.0,
    bound: float | None = None,
    cv: Splits | None = None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> ThresholdChoice:
    """Choose the threshold of a model on pairs that it was not fitted on.

    Parameters
    ----------
    model : estimator
        A classifier of pairs, or a Pipeline: fitted if `cv` is None, and not changed.
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
        With ``cv=None``, pairs of items that the model was not fitted on. Otherwise the
        pairs to split.
    y : array-like of shape (n_pairs,)
        Their labels.
    criterion : {"accuracy", "f_beta", "far", "precision", "recall"}, default="accuracy"
        The purpose, see :func:`threshold_at`.
    beta : float, default=1.0
        How many times as much recall counts as precision, for "f_beta".
    bound : float, default=None
        The rate to keep, in [0, 1], for "far", "precision" and "recall".
    cv : splitter or iterable of (train, test), default=None
        Folds that share no item, such as ``GroupKFold(5)`` with `groups`. Clones of
        the model are fitted on each training part, the threshold is chosen on all
        held-out scores together, and the model is then fitted on all pairs. None takes
        the model as it is.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights of the held-out pairs in the choice, such as
        :func:`deployment_weights`. The fits do not see them.
    groups : array-like of shape (n_pairs,), default=None
        The groups for the splitter.

    Returns
    -------
    choice : ThresholdChoice
        `choice.classifier` is scikit-learn's ``FixedThresholdClassifier`` around the
        fitted model: its `predict` decides by the threshold.

    Raises
    ------
    ValueError
        If `cv` is a number, or what :func:`threshold_at` raises.

    See Also
    --------
    get_threshold_scorer : The same purposes for ``TunedThresholdClassifierCV``.
    recalibrate : New probabilities, where 1/2 is again the right threshold.

    Notes
    -----
    The scores are those of `decision_function`, or the probabilities of the greater
    label if there is none. Pooling the scores of several folds takes for granted that
    they mean the same in each, as log-odds do.

    Examples
    --------
    >>> from sklearn.model_selection import GroupKFold
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import calibrate_threshold
    >>> spoken = load_spoken_digits()
    >>> pairs, y, groups = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, n_groups=3, random_state=0
    ... )
    >>> choice = calibrate_threshold(
    ...     SymmetricPairClassifier(), pairs, y,
    ...     criterion="far", bound=0.01, cv=GroupKFold(3), groups=groups,
    ... )
    >>> choice.far <= 0.01
    True
    >>> choice.classifier.predict(pairs[:3]).shape
    (3,)
    """
    pairs = check_pairs(pairs, allow_nan=True)
    check_criterion(criterion, beta, bound, CRITERIA)
    check_splitter(cv)
    weights = check_weights(sample_weight, len(pairs))
    if cv is None:
        labels = check_labels_of_model(y, model, len(pairs))
        held_out, fitted = np.arange(len(pairs)), model
        scores, method = scores_of_model(fitted, pairs)
    else:
        check_labels(y, len(pairs))
        labels = np.asarray(y)
        held_out, scores, method = scores_of_folds(model, pairs, labels, cv, groups)
        fitted = clone(model).fit(pairs, labels)
    choice = threshold_at(
        labels[held_out],
        scores,
        criterion=criterion,
        beta=beta,
        bound=bound,
        sample_weight=None if weights is None else weights[held_out],
        pos_label=fitted.classes_[1],
    )
    fixed = FixedThresholdClassifier(
        FrozenEstimator(fitted), threshold=choice.threshold, response_method=method
    )
    return replace(choice, classifier=fixed.fit(pairs, labels))


def get_threshold_scorer(
    criterion: Criterion = "accuracy", *, beta: float = 1.0, bound: float | None = None
) -> Callable[..., Any]:
    """Return a scorer of decisions, for the choice of a threshold.

    Pass it as ``scoring=`` to scikit-learn's ``TunedThresholdClassifierCV``.

    Parameters
    ----------
    criterion : {"accuracy", "f_beta", "far", "precision", "recall"}, default="accuracy"
        The purpose, see :func:`threshold_at`.
    beta : float, default=1.0
        How many times as much recall counts as precision, for "f_beta".
    bound : float, default=None
        The rate to keep, in [0, 1], for "far", "precision" and "recall".

    Returns
    -------
    scorer : callable
        What the criterion makes as great as possible; where the rate is not kept, the
        negative of how far it is missed.

    Raises
    ------
    ValueError
        If a parameter is out of range or missing.

    See Also
    --------
    calibrate_threshold : Chooses among all thresholds, on the pooled folds.

    Notes
    -----
    ``TunedThresholdClassifierCV`` interpolates the score of each fold on a grid of
    thresholds and averages over the folds. So a rate is kept about and not exactly, and
    on a grid of 100 thresholds not better than the grid is fine. Its default folds
    separate pairs and not items: pass ``cv``.

    Examples
    --------
    >>> from sklearn.model_selection import GroupKFold, TunedThresholdClassifierCV
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import get_threshold_scorer
    >>> spoken = load_spoken_digits()
    >>> pairs, y, groups = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, n_groups=3, random_state=0
    ... )
    >>> tuned = TunedThresholdClassifierCV(
    ...     SymmetricPairClassifier(),
    ...     scoring=get_threshold_scorer("precision", bound=0.95),
    ...     cv=list(GroupKFold(3).split(pairs, y, groups)),
    ... ).fit(pairs, y)
    >>> bool(0.5 < tuned.best_threshold_ < 1)
    True
    """
    check_criterion(criterion, beta, bound, CRITERIA)
    return make_scorer(_score_decisions, criterion=criterion, beta=beta, bound=bound)


def _score_decisions(
    y_true,
    y_pred,
    *,
    criterion,
    beta,
    bound,
    sample_weight=None,
    pos_label=None,
):
    """Return the criterion of decisions, or by how much its condition is missed."""
    if pos_label is None:
        pos_label = np.unique(y_true)[-1]
    decisions = np.asarray(y_pred) == pos_label
    similar, decisions, weights = check_scores(
        y_true, decisions, sample_weight, pos_label, name="y_pred"
    )
    accepted = Accepted.of_decisions(decisions, similar, weights)
    rule = CRITERIA[criterion]
    missed = 0.0 if rule.held is None else float(rule.held(accepted, bound))
    return -missed if missed > 0 else float(rule.value(accepted, beta))
