# SPDX-License-Identifier: BSD-3-Clause
"""What all pictures share: axes, colours, names, and how a model's pairs are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.items import check_pairs
from sksymsim._validation.plots import import_pyplot
from sksymsim._validation.scores import (
    check_has_probabilities,
    check_labels_of_model,
    check_scores,
)

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from sksymsim._typing import Axes

# Okabe and Ito, Color universal design (2008): told apart by colour-blind people too.
# Their yellow is left out, which is too light for lines on white.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY, BLACK = "#CC79A7", "#E69F00", "#56B4E9", "#000000"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
# Colour is never the only difference of two lines.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
# Lines to compare with: seen, and not in the way.
REFERENCE = {"color": "0.55", "linewidth": 1, "zorder": 1}
# Readable where lines run below it.
LEGEND = {
    "fontsize": "small",
    "facecolor": "white",
    "edgecolor": "none",
    "framealpha": 0.85,
}


class Display:
    """The shell of all pictures: new axes where none are given, and a name.

    The class that inherits has an attribute ``name`` and ``_draw(ax, **kwargs)``.
    """

    name: str | None

    def plot(self, ax: Axes = None, *, name: str | None = None, **kwargs: Any) -> Self:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw, for example beside another one; None makes a new figure.
        name : str, default=None
            The legend or the title; None takes the attribute `name`.
        **kwargs : dict
            Options of what is drawn, as the methods take them that made the display.

        Returns
        -------
        display : Display
            This one.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        if ax is None:
            plt = import_pyplot(type(self).__name__)
            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.name = self.name if name is None else name
        self._draw(ax, **kwargs)
        return self

    def _finish_with_title(self, ax):
        """Write the name above the axes, of pictures that stand by themselves."""
        if self.name is not None:
            ax.set_title(self.name)
        ax.legend(**LEGEND)


def next_style(ax):
    """Return the colour and the dashes of the next line with a name."""
    n_named = sum(not str(line.get_label()).startswith("_") for line in ax.lines)
    place = n_named % len(PALETTE)
    return {"color": PALETTE[place], "linestyle": DASHES[place]}


def last_step(model):
    """Return the estimator at the end of a Pipeline, or the model itself."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return model


def name_of(model, name):
    """Return the name to show: that of the class, if none is given."""
    return type(last_step(model)).__name__ if name is None else name


def scored_pairs(model, pairs, y, sample_weight, *, need_probabilities=True):
    """Return which pairs are similar, their log-odds and weights.

    Parameters
    ----------
    model : estimator
    pairs, y, sample_weight : array-like
        As they came from the user.
    need_probabilities : bool, default=True
        Whether to refuse scores of which only the order is known.

    Returns
    -------
    similar : ndarray of bool of shape (n_pairs,)
    log_odds : ndarray of float64 of shape (n_pairs,)
    weights : ndarray of float64 of shape (n_pairs,)
    """
    pairs = check_pairs(pairs)
    if need_probabilities:
        check_has_probabilities(model)
    y = check_labels_of_model(y, model, len(pairs))
    scores = read_log_odds(model, pairs, log_odds_method(model, pairs))
    return check_scores(y, scores, sample_weight, model.classes_[1], "log_odds")


def shown_score(scores, name):
    """Return scores as a picture shows them, and what to write at the axis.

    What scikit-learn calls ``neg_...`` is shown as the loss that it is.
    """
    if name.startswith("neg_"):
        return -scores, f"{name[4:].replace('_', ' ')} (lower is better)"
    return scores, name.replace("_", " ")
