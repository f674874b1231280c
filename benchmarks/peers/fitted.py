# SPDX-License-Identifier: BSD-3-Clause
"""What an adapter returns. An adapter is a function::

    fit(train_a, train_b, y, params) -> Fitted

with float32 sides of shape (n_pairs, n_features) and labels 0 or 1. `params` are those
of the configuration, and "seed".
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Fitted:
    """A learned similarity; call it on two sides: larger is more similar.

    Parameters
    ----------
    score : callable
        Maps (a, b) to one number for each pair.
    facts : dict
        "converged", "n_iter", "own_objective", "message": what the method knows.
    matrix : ndarray of shape (n_features, n_features), default=None
        M of ``k - (a-b)'M(a-b)`` in the units of the data, for the common objective.
    intercept : float, default=None
        k of the same.
    trajectory : list of (seconds, value)
        The objective on the way, for methods that minimise the common one.
    checkpoints : list of callable
        Other scores to choose from on dev, such as those of earlier epochs.
    """

    score: Callable
    facts: dict = field(default_factory=dict)
    matrix: np.ndarray | None = None
    intercept: float | None = None
    trajectory: list = field(default_factory=list)
    checkpoints: list = field(default_factory=list)

    def __call__(self, a, b):
        """Return the scores of pairs."""
        return self.score(a, b)


def mahalanobis_score(matrix):
    """Return the function (a, b) -> -(a-b)'M(a-b)."""

    def score(a, b):
        gap = a.astype(np.float64) - b
        return -np.einsum("ij,ij->i", gap @ matrix, gap)

    return score
