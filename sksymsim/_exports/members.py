# SPDX-License-Identifier: BSD-3-Clause
"""What a fitted model is made of, if it is a sum of polynomials of items."""

from dataclasses import dataclass, replace

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sksymsim._score import FittedScore
from sksymsim._validation.export import refuse_model, refuse_step
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.preprocessing import SharedTransformer
from sksymsim.recalibration import RecalibratedClassifier
from sksymsim.stacking import StackedPairClassifier


@dataclass(frozen=True)
class Member:
    """One polynomial of a sum.

    Parameters
    ----------
    weight : float
        Positive.
    score : FittedScore
        Its intercept is part of the sum's.
    transformers : tuple of estimator, default=()
        Fitted; applied to the items first, in this order.
    """

    weight: float
    score: FittedScore
    transformers: tuple = ()


@dataclass(frozen=True)
class WeightedSum:
    """The log-odds ``intercept + sum_m weight_m score_m(T_m a, T_m b)``.

    Parameters
    ----------
    intercept : float
        With those of the members.
    members : tuple of Member
    """

    intercept: float
    members: tuple

    def scaled(self, scale, shift=0.0):
        """Return the sum times a positive number, and shifted."""
        return WeightedSum(
            scale * self.intercept + shift,
            tuple(replace(m, weight=scale * m.weight) for m in self.members),
        )

    def behind(self, transformer):
        """Return the sum for items that are transformed before all else."""
        return WeightedSum(
            self.intercept,
            tuple(
                replace(m, transformers=(transformer, *m.transformers))
                for m in self.members
            ),
        )


def members_of(model):
    """Return a fitted model as a sum of polynomials.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    weighted_sum : WeightedSum

    Raises
    ------
    TypeError
        If it is none, with what can be exported.
    """
    check_is_fitted(model)
    for kind, read in READERS.items():
        if isinstance(model, kind):
            return read(model)
    best = getattr(model, "best_estimator_", None)
    return refuse_model(model) if best is None else members_of(best)


def _of_classifier(model):
    score = model._score
    if not isinstance(score, FittedScore):
        refuse_model(model, f" with form={score.form!r}")
    return WeightedSum(score.intercept, (Member(1.0, score),))


def _of_stack(model):
    parts = [
        members_of(member).scaled(float(weight))
        for weight, member in zip(model.weights, model.estimators_, strict=True)
        if weight > 0
    ]
    if not parts:
        refuse_model(model, ", whose weights are all zero")
    intercept = float(model.intercept) + sum(part.intercept for part in parts)
    return WeightedSum(intercept, tuple(m for part in parts for m in part.members))


def _of_pipeline(model):
    weighted_sum = members_of(model.steps[-1][1])
    for _, step in reversed(model.steps[:-1]):
        if step is None or step == "passthrough":
            continue
        if not isinstance(step, SharedTransformer):
            refuse_step(step)
        weighted_sum = weighted_sum.behind(step.transformer_)
    return weighted_sum


READERS = {
    SymmetricPairClassifier: _of_classifier,
    StackedPairClassifier: _of_stack,
    RecalibratedClassifier: lambda model: members_of(model.estimator).scaled(
        model.scale_, model.shift_
    ),
    FrozenEstimator: lambda model: members_of(model.estimator),
    Pipeline: _of_pipeline,
}
