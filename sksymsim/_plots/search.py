# SPDX-License-Identifier: BSD-3-Clause
"""A picture of what a search has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksymsim._plots.base import DASHES, PALETTE, Display, name_of, shown_score
from sksymsim._selection.curves import make_curves, standard_errors
from sksymsim._validation.plots import check_cv_results, check_search

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from sksymsim._plots.search import SearchCurve
    from sksymsim._typing import Axes, Estimator

__all__ = ["SearchResultsDisplay"]

# So many settings have a colour and a place in the legend: the best ones.
MOST_LINES = len(PALETTE)
OTHERS = {"color": "0.8", "linewidth": 0.8, "zorder": 1}
# Zero and infinity stand aside of a logarithmic axis, by so many decades.
ASIDE = 1.0
MOST_TICKS = 9


class SearchResultsDisplay(Display):
    """The scores of a search against one parameter, a line for each other setting.

    Make it with :meth:`from_estimator` or :meth:`from_cv_results`.

    Parameters
    ----------
    curves : list of SearchCurve
        One for each setting, the one with the best score first, with the attributes
        ``label``, ``candidates`` (the places in ``cv_results_``), ``values``, ``mean``
        and ``error``. A setting without the parameter, such as plain cosine, has
        ``values=None``, and is drawn as a level line.
    best_index : int
        The candidate that was chosen.
    n_splits : int, default=None
        How many splits the errors are of.
    parameter : str, default="alpha"
        What the axis shows.
    score_name : str, default="score"
        What the scores are.
    name : str, default=None
        The title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : list of matplotlib Line2D
        One for each setting, in the order of `curves`. The first seven have a colour
        and a name, the others are grey.
    best_ : matplotlib Line2D
        The mark of the chosen candidate.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sksymsim import PairGroupKFold, SearchResultsDisplay
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=600, random_state=0
    ... )
    >>> search = GridSearchCV(
    ...     SymmetricPairClassifier(),
    ...     {"form": ["mahalanobis", "bilinear"], "alpha": [1e-1, 1e-3]},
    ...     scoring="roc_auc",
    ...     cv=PairGroupKFold(2, random_state=0),
    ... ).fit(pairs, y)
    >>> display = SearchResultsDisplay.from_estimator(search)
    >>> [curve.label for curve in display.curves]
    ['form=mahalanobis', 'form=bilinear']
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    lines_: list[Any]
    best_: Any

    def __init__(
        self,
        *,
        curves: list[SearchCurve],
        best_index: int,
        n_splits: int | None = None,
        parameter: str = "alpha",
        score_name: str = "score",
        name: str | None = None,
    ) -> None:
        self.curves = curves
        self.best_index = best_index
        self.n_splits = n_splits
        self.parameter = parameter
        self.score_name = score_name
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        *,
        parameter: str = "alpha",
        score_name: str | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the results of a fitted search.

        Parameters
        ----------
        estimator : estimator
            A fitted search with ``cv_results_``, such as ``GridSearchCV``.
        parameter : str, default="alpha"
            What the axis shows: the name of a parameter whose values are numbers, with
            or without the steps of a Pipeline that lead to it.
        score_name : str, default=None
            What the scores are; None takes the `scoring` of the search if that is a
            string.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            The title; None takes the name of the class.
        **kwargs : dict
            Options of the lines, for ``Axes.errorbar``.

        Returns
        -------
        display : SearchResultsDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `estimator` is no search.
        ValueError
            If the results are not those of one metric, or no candidate has the
            parameter, or its values are no numbers >= 0.
        """
        results = check_search(estimator)
        scoring = getattr(estimator, "scoring", None)
        if score_name is None and isinstance(scoring, str):
            score_name = scoring
        return cls.from_cv_results(
            results,
            best_index=getattr(estimator, "best_index_", None),
            parameter=parameter,
            score_name=score_name,
            ax=ax,
            name=name_of(estimator, name),
            **kwargs,
        )

    @classmethod
    def from_cv_results(
        cls,
        cv_results: dict[str, Any],
        *,
        best_index: int | None = None,
        parameter: str = "alpha",
        score_name: str | None = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw results that were kept.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search: "params" and "mean_test_score", and for the
            errors "split0_test_score", "split1_test_score" and so on. "candidate", if
            it is there, names settings that have the same parameters.
        best_index : int, default=None
            The candidate that was chosen; None takes the one with the best mean.
        parameter : str, default="alpha"
            What the axis shows: the name of a parameter whose values are numbers, with
            or without the steps of a Pipeline that lead to it.
        score_name : str, default=None
            What the scores are.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            The title.
        **kwargs : dict
            Options of the lines, for ``Axes.errorbar``.

        Returns
        -------
        display : SearchResultsDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the results are not those of one metric, or no candidate has the
            parameter, or its values are no numbers >= 0.
        """
        keys = check_cv_results(cv_results, parameter)
        mean = np.asarray(cv_results["mean_test_score"], dtype=np.float64)
        if best_index is None:
            best_index = int(np.nanargmax(mean))
        error, n_splits = standard_errors(cv_results)
        display = cls(
            curves=make_curves(
                cv_results["params"],
                keys,
                mean,
                error,
                parameter,
                cv_results.get("candidate"),
            ),
            best_index=int(best_index),
            n_splits=n_splits,
            parameter=parameter,
            score_name="score" if score_name is None else score_name,
        )
        return display.plot(ax, name=name, **kwargs)

    def _draw(self, ax, **kwargs):
        values = [curve.values for curve in self.curves if curve.values is not None]
        axis = LogAxis(np.concatenate(values))
        self.lines_ = []
        for i, curve in enumerate(self.curves):
            options = dict(OTHERS) if i >= MOST_LINES else named_style(i, curve.label)
            self.lines_.append(self._draw_curve(ax, axis, curve, {**options, **kwargs}))
        n_others = len(self.curves) - MOST_LINES
        if n_others > 0:
            self.lines_[MOST_LINES].set_label(f"{n_others} other settings")
        self._mark_best(ax, axis)
        axis.set_ticks(ax)
        scores = shown_score(np.zeros(1), self.score_name)[1]
        errors = "" if self.n_splits is None else f"\n± error of {self.n_splits} splits"
        ax.set(xlabel=self.parameter, ylabel=f"mean {scores}{errors}")
        self._finish_with_title(ax)

    def _draw_curve(self, ax, axis, curve, options):
        mean, _ = shown_score(curve.mean, self.score_name)
        if curve.values is None:
            level = {k: v for k, v in options.items() if k not in ("marker", "capsize")}
            return ax.axhline(mean[0], **level)
        line, _, _ = ax.errorbar(
            axis.places(curve.values), mean, yerr=curve.error, **options
        )
        # Containers have the name, and the line is what is handed out.
        return line

    def _mark_best(self, ax, axis):
        """Draw a ring around the chosen candidate, at the right end of a level line."""
        curve = next(c for c in self.curves if self.best_index in c.candidates)
        at = np.flatnonzero(curve.candidates == self.best_index)
        mean, _ = shown_score(curve.mean[at], self.score_name)
        x = axis.ends[1:] if curve.values is None else axis.places(curve.values[at])
        (self.best_,) = ax.plot(
            x,
            mean,
            linestyle="none",
            marker="o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor="black",
            markeredgewidth=1.5,
            label="chosen",
        )


class LogAxis:
    """Places on a logarithmic axis, with zero and infinity beside the other values.

    Parameters
    ----------
    values : ndarray
        All values that are shown, >= 0.
    """

    def __init__(self, values):
        self.values = np.unique(values)
        usual = self.values[(self.values > 0) & np.isfinite(self.values)]
        decades = np.log10(usual) if usual.size else np.zeros(1)
        self.low, self.high = decades.min() - ASIDE, decades.max() + ASIDE
        self.ends = self.places(self.values[[0, -1]])

    def places(self, values):
        """Return where values are."""
        with np.errstate(divide="ignore"):
            return np.clip(np.log10(values), self.low, self.high)

    def set_ticks(self, ax):
        """Write the values at the axis, not too many of them."""
        step = -(-len(self.values) // MOST_TICKS)
        # From the end: infinity is always named, and a break says that it is far.
        shown = self.values[::-1][::step]
        names = ["∞" if np.isinf(value) else f"{value:g}" for value in shown]
        ax.set_xticks(self.places(shown), names)


def named_style(i, label):
    """Return how the i-th best setting is drawn."""
    return {
        "color": PALETTE[i],
        "linestyle": DASHES[i],
        "marker": "o",
        "markersize": 4,
        "capsize": 2,
        "label": label,
        "zorder": 3,
    }
