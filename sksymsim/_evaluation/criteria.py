# SPDX-License-Identifier: BSD-3-Clause
"""What a threshold can be chosen for, as functions of the weights that it accepts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sksymsim._evaluation.curves import ROUNDING


@dataclass(frozen=True)
class Accepted:
    """The weights that are accepted, at one threshold or at many.

    Parameters
    ----------
    hits : float or ndarray
        Weight of the similar pairs that are accepted.
    false : float or ndarray
        Weight of the dissimilar ones.
    n_similar : float
        Weight of all similar pairs.
    n_dissimilar : float
        Weight of all dissimilar pairs.
    """

    hits: float | np.ndarray
    false: float | np.ndarray
    n_similar: float
    n_dissimilar: float

    @classmethod
    def of_curve(cls, curve):
        """Return what is accepted at each point of a curve of one weighting."""
        totals = float(curve.n_similar[0, 0]), float(curve.n_dissimilar[0, 0])
        return cls(curve.hits[0], curve.false[0], *totals)

    @classmethod
    def of_decisions(cls, decisions, similar, weights):
        """Return what is accepted by decisions, 1 or 0 for each pair."""
        parts = (decisions * similar, decisions * ~similar, similar, ~similar)
        return cls(*[float(weights @ part) for part in parts])

    @property
    def recall(self):
        """The share of similar pairs that are accepted."""
        return self.hits / self.n_similar

    @property
    def far(self):
        """The share of dissimilar pairs that are accepted."""
        return self.false / self.n_dissimilar

    @property
    def precision(self):
        """The share of accepted pairs that are similar; one if there are none."""
        total = self.hits + self.false
        return np.where(total > 0, self.hits, 1.0) / np.where(total > 0, total, 1.0)

    @property
    def accuracy(self):
        """The share of pairs that are decided rightly."""
        right = self.hits + self.n_dissimilar - self.false
        return right / (self.n_similar + self.n_dissimilar)

    def f_beta(self, beta):
        """Return the weighted harmonic mean of precision and recall."""
        square = beta**2
        total = square * self.n_similar + self.hits + self.false
        # With beta = 0 and none accepted, there is nothing to divide by, and no hit.
        return (1 + square) * self.hits / np.where(total > 0, total, 1.0)


@dataclass(frozen=True)
class Criterion:
    """What is to be as great as possible, and what has to hold.

    Parameters
    ----------
    value : callable
        Maps :class:`Accepted` and beta to what is to be great.
    held : callable, default=None
        Maps :class:`Accepted` and the bound to how far the condition is missed: at most
        zero where it holds. None: no condition.
    condition : str, default=""
        The condition in words.
    """

    value: Callable
    held: Callable | None = None
    condition: str = ""


CRITERIA = {
    "accuracy": Criterion(lambda accepted, beta: accepted.accuracy),
    "f_beta": Criterion(lambda accepted, beta: accepted.f_beta(beta)),
    "far": Criterion(
        lambda accepted, beta: accepted.recall,
        lambda accepted, bound: accepted.far - bound * (1 + ROUNDING),
        "a rate of false accepts of at most",
    ),
    "precision": Criterion(
        lambda accepted, beta: accepted.recall,
        lambda accepted, bound: bound * (1 - ROUNDING) - accepted.precision,
        "a precision of at least",
    ),
    "recall": Criterion(
        lambda accepted, beta: 1 - accepted.far,
        lambda accepted, bound: bound * (1 - ROUNDING) - accepted.recall,
        "a recall of at least",
    ),
}


def between(thresholds, point, dtype):
    """Return a threshold that accepts as many distinct scores as a point of the curve.

    It is a number of the scores' own dtype: rounded to it later, as NumPy does in
    comparisons, it could meet the next score.
    """
    kind = dtype.type if dtype.kind == "f" else np.float64
    if point == 0:
        return float(np.nextafter(kind(thresholds[0]), kind(np.inf)))
    lowest = thresholds[point - 1]
    if point == len(thresholds):
        return float(lowest)
    middle = kind(thresholds[point] + (lowest - thresholds[point]) / 2)
    return float(middle if middle > thresholds[point] else lowest)
