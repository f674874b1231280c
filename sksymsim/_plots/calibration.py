# SPDX-License-Identifier: BSD-3-Clause
"""A picture of probabilities beside what comes true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from sksymsim._evaluation.losses import (
    BINNINGS,
    bin_numbers,
    calibration_error,
    surprises_by_bin,
)
from sksymsim._plots.base import (
    LEGEND,
    REFERENCE,
    Display,
    name_of,
    next_style,
    scored_pairs,
)
from sksymsim._validation.scores import (
    check_n_bins,
    check_option,
    check_scores,
)

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Axes, Estimator, Floats, Integers, PairsLike

__all__ = ["ReliabilityDisplay"]

# The bars that show where the probabilities are, and how high the highest is.
N_BARS = 20
BAR_HEIGHT = 0.2


class ReliabilityDisplay(Display):
    """The rate of similar pairs beside the probability that a model gives to them.

    On the diagonal, probabilities are what comes true. Make it with
    :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    prob_true : ndarray of shape (n_bins,)
        The rate of similar pairs in each bin.
    prob_pred : ndarray of shape (n_bins,)
        The mean probability in each bin, rising.
    counts : ndarray of int of shape (n_bins,)
        The pairs in each bin.
    histogram : ndarray of int of shape (20,)
        The pairs in twenty bins of equal width from 0 to 1.
    calibration_error : float
        The mean distance of rate and probability, see
        :func:`expected_calibration_error`.
    name : str, default=None
        What the legend calls it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        One point for each bin.
    bars_ : matplotlib BarContainer or None
        How many pairs have which probability. They have no axis; the legend tells how
        many the highest stands for.

    See Also
    --------
    expected_calibration_error : The same as one number.
    recalibrate : Makes probabilities right again.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import ReliabilityDisplay, SymmetricPairClassifier
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:500], y[:500])
    >>> display = ReliabilityDisplay.from_estimator(model, pairs[500:], y[500:])
    >>> display.counts.tolist()
    [50, 50, 50, 50, 50, 50, 50, 50, 50, 50]
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    line_: Any
    bars_: Any

    def __init__(
        self,
        *,
        prob_true: Floats,
        prob_pred: Floats,
        counts: Integers,
        histogram: Integers,
        calibration_error: float,
        name: str | None = None,
    ) -> None:
        self.prob_true = prob_true
        self.prob_pred = prob_pred
        self.counts = counts
        self.histogram = histogram
        self.calibration_error = calibration_error
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: PairsLike,
        y: ArrayLike,
        *,
        n_bins: int = 10,
        strategy: Literal["quantile", "uniform"] = "quantile",
        sample_weight: ArrayLike | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the probabilities of a model.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier of pairs, or a Pipeline, with `predict_proba`.
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            Pairs that the model was not fitted on.
        y : array-like of shape (n_pairs,)
            Their labels.
        n_bins : int, default=10
            The most bins.
        strategy : {"quantile", "uniform"}, default="quantile"
            "quantile" puts about the same weight into each bin, "uniform" makes bins
            of equal width.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What the legend calls it; None takes the name of the class.
        **kwargs : dict
            Options of the line, for ``Axes.plot``.

        Returns
        -------
        display : ReliabilityDisplay

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
        display = cls._of(similar, log_odds, weights, n_bins, strategy)
        return display.plot(ax, name=name_of(estimator, name), **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_score: ArrayLike,
        *,
        n_bins: int = 10,
        strategy: Literal["quantile", "uniform"] = "quantile",
        sample_weight: ArrayLike | None = None,
        pos_label: object | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the probabilities that belong to log-odds.

        Parameters
        ----------
        y_true : array-like of shape (n_pairs,)
            Two labels of any kind.
        y_score : array-like of shape (n_pairs,)
            Natural log-odds; of probabilities, ``scipy.special.logit(p)``.
        n_bins : int, default=10
            The most bins.
        strategy : {"quantile", "uniform"}, default="quantile"
            "quantile" puts about the same weight into each bin, "uniform" makes bins
            of equal width.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        pos_label : object, default=None
            The label that means "similar". None takes the greater one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What the legend calls it.
        **kwargs : dict
            Options of the line, for ``Axes.plot``.

        Returns
        -------
        display : ReliabilityDisplay

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
        return cls._of(*parts, n_bins, strategy).plot(ax, name=name, **kwargs)

    @classmethod
    def _of(cls, similar, log_odds, weights, n_bins, strategy):
        check_n_bins(n_bins)
        check_option(strategy, BINNINGS, "strategy")
        probabilities = expit(log_odds)
        bins = bin_numbers(probabilities, weights, n_bins, strategy)
        counts = np.bincount(bins)
        used = counts > 0
        mass = np.bincount(bins, weights)[used]
        surprises = surprises_by_bin(similar, probabilities, bins)
        return cls(
            prob_true=np.bincount(bins, weights * similar)[used] / mass,
            prob_pred=np.bincount(bins, weights * probabilities)[used] / mass,
            counts=counts[used],
            histogram=np.histogram(probabilities, N_BARS, range=(0, 1))[0],
            calibration_error=float(calibration_error(weights, surprises)),
        )

    def _draw(self, ax, **kwargs):
        self.bars_ = None
        if not ax.lines:
            self._draw_background(ax)
        title = "model" if self.name is None else self.name
        low, high = self.counts.min(), self.counts.max()
        pairs = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        label = f"{title}: {pairs} pairs a point,\n"
        label += f"calibration error {self.calibration_error:.3g}"
        options = {
            **next_style(ax),
            "marker": "o",
            "markersize": 5,
            "label": label,
            **kwargs,
        }
        (self.line_,) = ax.plot(self.prob_pred, self.prob_true, **options)
        ax.legend(**LEGEND, loc="upper left")

    def _draw_background(self, ax):
        """Draw the diagonal, and how many pairs have which probability."""
        ax.axline((0, 0), slope=1, linestyle=":", **REFERENCE)
        most = self.histogram.max()
        self.bars_ = ax.bar(
            (np.arange(N_BARS) + 0.5) / N_BARS,
            BAR_HEIGHT * self.histogram / most,
            width=1 / N_BARS,
            color="0.85",
            edgecolor="white",
            zorder=0,
            label=f"how many pairs (highest bar: {most:,})",
        )
        ax.set(
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
            aspect="equal",
            xlabel="mean probability of similar",
            ylabel="rate of similar pairs",
        )
