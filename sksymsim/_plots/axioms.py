# SPDX-License-Identifier: BSD-3-Clause
"""A picture of how transitive a relation is, at each threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from sksymsim._axioms.paths import count_paths
from sksymsim._axioms.scores import ItemScores
from sksymsim._distinct import distinct_rows
from sksymsim._plots.base import LEGEND, REFERENCE, Display, name_of, next_style
from sksymsim._validation.axioms import (
    check_count,
    check_enough_items,
    check_has_scores,
    check_score_matrix,
)
from sksymsim._validation.frames import names_of_items
from sksymsim._validation.items import check_items
from sksymsim._validation.memory import check_memory
from sksymsim._validation.scores import check_n_thresholds

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Axes, Estimator, Floats, Integers, ItemsLike, Seed

__all__ = ["TransitivityDisplay"]


class TransitivityDisplay(Display):
    """How often a ~ b and b ~ c go without a ~ c, at each threshold.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        Log-odds, rising. Items are similar above them.
    violation_rate : ndarray of shape (n_thresholds,)
        The share of the paths a ~ b ~ c of three items that a ~ c does not close; NaN
        where there are no paths.
    chance_rate : ndarray of shape (n_thresholds,)
        What it would be if a ~ c were as likely as for any two items: 1 less the share
        of similar pairs; NaN where there are no paths.
    n_paths : ndarray of int of shape (n_thresholds,)
        The number of paths.
    name : str, default=None
        What the legend calls it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        The violations, in per cent.
    chance_ : matplotlib Line2D
        The rate by chance, in per cent.

    See Also
    --------
    check_axioms : All axioms at one threshold, with witnesses.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import SymmetricPairClassifier, TransitivityDisplay
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> display = TransitivityDisplay.from_estimator(
    ...     model, spoken.data, max_items=100, random_state=0
    ... )
    >>> display.thresholds.shape
    (50,)
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    line_: Any
    chance_: Any

    def __init__(
        self,
        *,
        thresholds: Floats,
        violation_rate: Floats,
        chance_rate: Floats,
        n_paths: Integers,
        name: str | None = None,
    ) -> None:
        self.thresholds = thresholds
        self.violation_rate = violation_rate
        self.chance_rate = chance_rate
        self.n_paths = n_paths
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: ItemsLike,
        *,
        n_thresholds: int = 50,
        max_items: int = 400,
        random_state: Seed = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the violations of a model.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier of pairs, or a Pipeline, with `decision_function` or
            `predict_proba`. If it is not symmetric, the mean of both orders is taken.
        X : {array-like, sparse matrix} of shape (n_items, n_features)
            Items that the model was not fitted on; equal rows count as one item.
        n_thresholds : int, default=50
            How many thresholds, evenly from the lowest score of two items to the
            highest.
        max_items : int, default=400
            The most items; of more, so many are drawn at random.
        random_state : int, RandomState instance or None, default=None
            Draws the items. Pass an int for the same curve at every call.
        ax : matplotlib Axes, default=None
            Where to draw, for example beside another curve; None makes a new figure.
        name : str, default=None
            What the legend calls it; None takes the name of the class.
        **kwargs : dict
            Options of the curve, for ``Axes.plot``.

        Returns
        -------
        display : TransitivityDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `estimator` has no scores, or `X` holds pairs or no numbers.
        ValueError
            If a parameter or the items cannot be used.
        """
        check_has_scores(estimator)
        check_n_thresholds(n_thresholds)
        max_items = check_count(max_items, "max_items", 2)
        names = names_of_items(estimator, X)
        items, _ = distinct_rows(check_items(X, owner=type(estimator).__name__))
        check_enough_items(items.shape[0])
        if items.shape[0] > max_items:
            rng = check_random_state(random_state)
            items = items[rng.choice(items.shape[0], max_items, replace=False)]
        check_memory(
            8 * items.shape[0] ** 2,
            f"the scores of {items.shape[0]} items with each other",
            "lower max_items",
        )
        scores = ItemScores(estimator, items, names)
        left, right = np.triu_indices(items.shape[0], k=1)
        matrix = np.zeros((items.shape[0], items.shape[0]))
        both = scores.one_way(left, right), scores.one_way(right, left)
        matrix[left, right] = matrix[right, left] = (both[0] + both[1]) / 2
        display = cls._of(matrix, n_thresholds)
        return display.plot(ax, name=name_of(estimator, name), **kwargs)

    @classmethod
    def from_predictions(
        cls,
        scores: ArrayLike,
        *,
        n_thresholds: int = 50,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the violations of scores that are there already.

        Parameters
        ----------
        scores : array-like of shape (n_items, n_items)
            Log-odds, or any similarities, of each item with each; symmetric. The
            diagonal does not matter.
        n_thresholds : int, default=50
            How many thresholds, evenly from the lowest score of two items to the
            highest.
        ax : matplotlib Axes, default=None
            Where to draw, for example beside another curve; None makes a new figure.
        name : str, default=None
            What the legend calls it.
        **kwargs : dict
            Options of the curve, for ``Axes.plot``.

        Returns
        -------
        display : TransitivityDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the scores are no real numbers.
        ValueError
            If they are no symmetric matrix, or not finite.
        """
        check_n_thresholds(n_thresholds)
        display = cls._of(check_score_matrix(scores), n_thresholds)
        return display.plot(ax, name=name, **kwargs)

    @classmethod
    def _of(cls, matrix, n_thresholds):
        others = matrix[np.triu_indices(len(matrix), k=1)]
        thresholds = np.linspace(others.min(), others.max(), n_thresholds)
        n_paths, rates, chances = [], [], []
        for threshold in thresholds:
            n_all, n_closed = count_paths(matrix > threshold)
            n_paths.append(n_all)
            rates.append((n_all - n_closed) / n_all if n_all else np.nan)
            chances.append((others <= threshold).mean() if n_all else np.nan)
        return cls(
            thresholds=thresholds,
            violation_rate=np.array(rates),
            chance_rate=np.array(chances),
            n_paths=np.array(n_paths),
        )

    def _draw(self, ax, **kwargs):
        label = "violations" if self.name is None else self.name
        options = {**next_style(ax), "label": label, **kwargs}
        (self.line_,) = ax.plot(self.thresholds, 100 * self.violation_rate, **options)
        (self.chance_,) = ax.plot(
            self.thresholds,
            100 * self.chance_rate,
            **{**REFERENCE, "color": self.line_.get_color(), "linestyle": ":"},
            label="_nolegend_" if self.name is None else f"{self.name}, by chance",
        )
        ax.set(
            xlabel="threshold (log-odds)",
            ylabel="a ~ b ~ c without a ~ c (% of paths)",
        )
        ax.legend(**LEGEND)
