# SPDX-License-Identifier: BSD-3-Clause
"""A picture of scores: how those of similar and of dissimilar pairs are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksymsim._plots.base import (
    BLUE,
    VERMILLION,
    Display,
    name_of,
    scored_pairs,
)
from sksymsim._validation.parameters import NONE, Number
from sksymsim._validation.scores import check_n_bins, check_number, check_scores

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Axes, Estimator, Floats, PairsLike

__all__ = ["ScoreDistributionDisplay"]

# Log-odds beyond these quantiles are shown in the outermost bins.
SHOWN = (0.002, 0.998)


class ScoreDistributionDisplay(Display):
    """Histograms of the log-odds of similar and of dissimilar pairs.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        The ends of the bins, in log-odds.
    similar_shares : ndarray of shape (n_bins,)
        The share of the similar pairs (of their weight) that each bin holds.
    dissimilar_shares : ndarray of shape (n_bins,)
        The same for dissimilar pairs.
    n_similar : int
        How many similar pairs there are.
    n_dissimilar : int
        How many dissimilar pairs there are.
    threshold : float, default=None
        Log-odds from which pairs are accepted; None draws no line.
    name : str, default=None
        The title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    similar_, dissimilar_ : matplotlib StepPatch
        The two histograms.
    line_ : matplotlib Line2D or None
        The threshold.

    See Also
    --------
    DetDisplay : The errors at each threshold.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import ScoreDistributionDisplay, SymmetricPairClassifier
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:500], y[:500])
    >>> display = ScoreDistributionDisplay.from_estimator(model, pairs[500:], y[500:])
    >>> round(float(display.similar_shares.sum()), 6)
    1.0
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    similar_: Any
    dissimilar_: Any
    line_: Any

    def __init__(
        self,
        *,
        edges: Floats,
        similar_shares: Floats,
        dissimilar_shares: Floats,
        n_similar: int,
        n_dissimilar: int,
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        self.edges = edges
        self.similar_shares = similar_shares
        self.dissimilar_shares = dissimilar_shares
        self.n_similar = n_similar
        self.n_dissimilar = n_dissimilar
        self.threshold = threshold
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: PairsLike,
        y: ArrayLike,
        *,
        threshold: float = 0.0,
        n_bins: int = 40,
        sample_weight: ArrayLike | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the log-odds that a model gives to pairs.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier of pairs, or a Pipeline, with `predict_proba`.
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            Pairs that the model was not fitted on.
        y : array-like of shape (n_pairs,)
            Their labels.
        threshold : float, default=0.0
            The log-odds from which pairs are accepted; no bin holds log-odds of both
            sides of it. None draws no line.
        n_bins : int, default=40
            About how many bins there are.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            The title; None takes the name of the class.
        **kwargs : dict
            Options of both histograms, for ``Axes.stairs``.

        Returns
        -------
        display : ScoreDistributionDisplay

        Raises
        ------
        AttributeError
            If `estimator` has no `predict_proba`.
        ImportError
            If matplotlib is not installed.
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If the pairs, labels, weights or a parameter cannot be used.
        """
        similar, log_odds, weights = scored_pairs(estimator, X, y, sample_weight)
        display = cls._of(similar, log_odds, weights, threshold, n_bins)
        return display.plot(ax, name=name_of(estimator, name), **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_score: ArrayLike,
        *,
        threshold: float = 0.0,
        n_bins: int = 40,
        sample_weight: ArrayLike | None = None,
        pos_label: object | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw log-odds that are there already.

        Parameters
        ----------
        y_true : array-like of shape (n_pairs,)
            Two labels of any kind.
        y_score : array-like of shape (n_pairs,)
            Natural log-odds; with ``threshold=None``, any similarities.
        threshold : float, default=0.0
            The log-odds from which pairs are accepted; no bin holds log-odds of both
            sides of it. None draws no line.
        n_bins : int, default=40
            About how many bins there are.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        pos_label : object, default=None
            The label that means "similar". None takes the greater one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            The title.
        **kwargs : dict
            Options of both histograms, for ``Axes.stairs``.

        Returns
        -------
        display : ScoreDistributionDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If scores or weights are no real numbers.
        ValueError
            If lengths differ, a parameter is out of range, or one class is missing.
        """
        parts = check_scores(y_true, y_score, sample_weight, pos_label)
        return cls._of(*parts, threshold, n_bins).plot(ax, name=name, **kwargs)

    @classmethod
    def _of(cls, similar, log_odds, weights, threshold, n_bins):
        check_n_bins(n_bins)
        if threshold not in NONE:
            threshold = check_number(threshold, Number(float, -np.inf), "threshold")
        edges = bin_edges(log_odds, threshold, int(n_bins))
        inside = np.clip(log_odds, edges[0], edges[-1])
        shares = []
        for kind in (similar, ~similar):
            mass, _ = np.histogram(inside[kind], edges, weights=weights[kind])
            shares.append(mass / weights[kind].sum())
        return cls(
            edges=edges,
            similar_shares=shares[0],
            dissimilar_shares=shares[1],
            n_similar=int(similar.sum()),
            n_dissimilar=int((~similar).sum()),
            threshold=threshold,
        )

    def _draw(self, ax, **kwargs):
        kinds = [
            # SVG knows no hatch on a transparent colour: one is hatched, one is filled.
            (
                {"facecolor": f"{BLUE}66", "edgecolor": BLUE},
                f"similar ({self.n_similar:,} pairs)",
                self.similar_shares,
            ),
            (
                {"facecolor": "none", "edgecolor": VERMILLION, "hatch": "////"},
                f"dissimilar ({self.n_dissimilar:,} pairs)",
                self.dissimilar_shares,
            ),
        ]
        drawn = []
        for style, label, shares in kinds:
            options = {"fill": True, "linewidth": 1.2, "label": label, **style}
            drawn.append(ax.stairs(100 * shares, self.edges, **{**options, **kwargs}))
        self.similar_, self.dissimilar_ = drawn
        self.line_ = None
        if self.threshold is not None:
            self.line_ = ax.axvline(
                self.threshold,
                color="0.15",
                linestyle="--",
                linewidth=1.2,
                label=f"threshold ({self.threshold:.3g})",
            )
        ax.set(xlabel="log-odds (nats)", ylabel="share of the pairs of a kind (%)")
        self._finish_with_title(ax)


def bin_edges(log_odds, threshold, n_bins):
    """Return ends of equal bins of which the threshold, if it is among them, is one."""
    low, high = np.quantile(log_odds, SHOWN)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / n_bins
    if threshold is None or not low <= threshold <= high:
        return np.linspace(low, high, n_bins + 1)
    first = np.floor((low - threshold) / width)
    last = np.ceil((high - threshold) / width)
    return threshold + width * np.arange(first, last + 1)
