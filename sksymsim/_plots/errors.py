# SPDX-License-Identifier: BSD-3-Clause
"""A picture of both error rates at each threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from sksymsim._evaluation.curves import Ranking, equal_error
from sksymsim._plots.base import (
    LEGEND,
    REFERENCE,
    Display,
    name_of,
    next_style,
    scored_pairs,
)
from sksymsim._validation.scores import check_scores

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Axes, Estimator, Floats, PairsLike

__all__ = ["DetDisplay"]

# Error rates at which the axes have marks.
MARKS = np.array(
    [1e-5, 1e-4, 1e-3, 5e-3, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99]
)
LEAST_RATE = 1e-7


class DetDisplay(Display):
    """Both error rates at each threshold, on axes on which Gaussians are straight.

    The detection error trade-off [1]_. Make it with :meth:`from_estimator` or
    :meth:`from_predictions`.

    Parameters
    ----------
    fpr : ndarray of shape (n_thresholds,)
        The share of the dissimilar pairs that are accepted, rising from 0 to 1.
    fnr : ndarray of shape (n_thresholds,)
        The share of the similar pairs that are rejected, falling from 1 to 0.
    thresholds : ndarray of shape (n_thresholds,)
        The scores from which pairs are accepted, falling; the first is infinite.
    equal_error_rate : float
        Where both rates are equal, see :func:`equal_error_rate`.
    name : str, default=None
        What the legend calls it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        The curve, in quantiles of the standard Gaussian. Rates of 0 and 1, which have
        none, are drawn at half of the least rate that is not 0.
    point_ : matplotlib Line2D
        The point of equal error rates.

    See Also
    --------
    equal_error_rate : The rate of the point.
    tar_at_far : One point of the curve.

    References
    ----------
    .. [1] Martin, A. et al. The DET curve in assessment of detection task performance.
       Eurospeech 1997, 1895-1898.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import DetDisplay
    >>> y, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.7, 0.6, 0.8, 0.9]
    >>> display = DetDisplay.from_predictions(y, scores, name="cosine")
    >>> round(display.equal_error_rate, 3)
    0.333
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    line_: Any
    point_: Any

    def __init__(
        self,
        *,
        fpr: Floats,
        fnr: Floats,
        thresholds: Floats,
        equal_error_rate: float,
        name: str | None = None,
    ) -> None:
        self.fpr = fpr
        self.fnr = fnr
        self.thresholds = thresholds
        self.equal_error_rate = equal_error_rate
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: PairsLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the error rates of a model.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier of pairs, or a Pipeline, with `decision_function` or
            `predict_proba`.
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            Pairs that the model was not fitted on.
        y : array-like of shape (n_pairs,)
            Their labels.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        ax : matplotlib Axes, default=None
            Where to draw, for example beside another curve; None makes a new figure.
        name : str, default=None
            What the legend calls it; None takes the name of the class.
        **kwargs : dict
            Options of the curve, for ``Axes.plot``.

        Returns
        -------
        display : DetDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If the pairs, labels or weights cannot be used.
        """
        parts = scored_pairs(estimator, X, y, sample_weight, need_probabilities=False)
        return cls._of(*parts).plot(ax, name=name_of(estimator, name), **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_score: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        pos_label: object | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the error rates of scores that are there already.

        Parameters
        ----------
        y_true : array-like of shape (n_pairs,)
            Two labels of any kind.
        y_score : array-like of shape (n_pairs,)
            Log-odds, or any similarities: only their order matters.
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights.
        pos_label : object, default=None
            The label that means "similar". None takes the greater one.
        ax : matplotlib Axes, default=None
            Where to draw, for example beside another curve; None makes a new figure.
        name : str, default=None
            What the legend calls it.
        **kwargs : dict
            Options of the curve, for ``Axes.plot``.

        Returns
        -------
        display : DetDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If scores or weights are no real numbers.
        ValueError
            If lengths differ, scores are not finite, or one class is missing.
        """
        parts = check_scores(y_true, y_score, sample_weight, pos_label)
        return cls._of(*parts).plot(ax, name=name, **kwargs)

    @classmethod
    def _of(cls, similar, scores, weights):
        ranking = Ranking(similar, scores)
        curve = ranking.curve(weights)
        return cls(
            fpr=curve.false_rates[0],
            fnr=curve.miss_rates[0],
            thresholds=np.append(np.inf, ranking.thresholds),
            equal_error_rate=float(equal_error(curve)[0]),
        )

    def _draw(self, ax, **kwargs):
        beside_others = bool(ax.lines)
        limits = [ax.get_xlim(), ax.get_ylim()]
        rate = self.equal_error_rate
        label = f"EER {100 * rate:.2f} %"
        label = label if self.name is None else f"{self.name} ({label})"
        x, y = _probits(self.fpr), _probits(self.fnr)
        (self.line_,) = ax.plot(x, y, **{**next_style(ax), "label": label, **kwargs})
        at = norm.ppf(np.clip(rate, LEAST_RATE, 1 - LEAST_RATE))
        place = (max(at, x.min()), max(at, y.min()))
        (self.point_,) = ax.plot(*place, "o", color=self.line_.get_color())
        if not beside_others:
            ax.axline((0, 0), slope=1, linestyle=":", **REFERENCE)
            for axis in (ax.xaxis, ax.yaxis):
                axis.set_ticks(norm.ppf(MARKS), [f"{100 * mark:g}" for mark in MARKS])
            ax.set(
                xlabel="false accepts (% of dissimilar pairs)",
                ylabel="misses (% of similar pairs)",
            )
        # Far above the point of equal errors nobody chooses a threshold.
        high = norm.ppf(min(max(0.6, rate + 0.1), 0.99))
        for values, set_limits, shown in zip(
            (x, y), (ax.set_xlim, ax.set_ylim), limits, strict=True
        ):
            low, most = values.min() - 0.1, high
            if beside_others:
                low, most = min(low, shown[0]), max(most, shown[1])
            set_limits(low, most)
        ax.legend(**LEGEND, loc="upper right")


def _probits(rates):
    """Return quantiles of the Gaussian; 0 and 1 count as half the least rate."""
    least = max(rates[rates > 0].min() / 2, LEAST_RATE)
    return norm.ppf(np.clip(rates, least, 1 - least))
