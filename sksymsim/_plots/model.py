# SPDX-License-Identifier: BSD-3-Clause
"""A picture of what a model has learned: the spectrum of its matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from sksymsim._plots.base import DASHES, PALETTE, Display, last_step, name_of
from sksymsim._validation.plots import check_matrices

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from sksymsim._typing import Axes, Estimator, Floats

__all__ = ["SpectrumDisplay"]

# Where models that are made of another one keep it.
HOLDERS = ("best_estimator_", "estimator_", "estimator")


class SpectrumDisplay(Display):
    """The eigenvalues of the matrices of a model, with their effective rank.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    eigenvalues : dict of str to ndarray of shape (n_features,)
        For each matrix its eigenvalues, the largest by absolute value first. "M" for
        the forms with one matrix; for "quadratic" ``G + L`` and ``G - L``, which see
        the sum and the difference of the two sides.
    name : str, default=None
        The title.

    Attributes
    ----------
    effective_rank : dict of str to float
        The exponential of the entropy of the eigenvalues, taken by absolute value and
        divided by their sum [1]_: r for r equal eigenvalues, and less the faster they
        fall; 0 if all are 0.
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    lines_ : list of matplotlib Line2D
        One for each matrix: the absolute values that are not 0.
    negative_ : list of matplotlib Line2D
        One for each matrix: markers at its negative eigenvalues.

    References
    ----------
    .. [1] Roy, O. and Vetterli, M. The effective rank: a measure of effective
       dimensionality. EUSIPCO 2007, 606-610.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import SpectrumDisplay, SymmetricPairClassifier
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> display = SpectrumDisplay.from_estimator(model)
    >>> display.eigenvalues["M"].shape
    (80,)
    >>> 1 < display.effective_rank["M"] < 80
    True
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    lines_: list[Any]
    negative_: list[Any]

    def __init__(
        self, *, eigenvalues: dict[str, Floats], name: str | None = None
    ) -> None:
        self.eigenvalues = eigenvalues
        self.name = name

    @property
    def effective_rank(self) -> dict[str, float]:
        """The effective rank of each matrix.

        The exponential of the entropy of the eigenvalues, taken by absolute value and
        divided by their sum: r for r equal eigenvalues, and less the faster they fall;
        0 if all are 0.
        """
        return {name: rank_of(values) for name, values in self.eigenvalues.items()}

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        *,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the spectrum of a fitted model.

        Parameters
        ----------
        estimator : estimator
            A fitted :class:`SymmetricPairClassifier`, or a Pipeline or a search that
            ends in one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            The title; None takes the name of the class.
        **kwargs : dict
            Options of the lines, for ``Axes.plot``.

        Returns
        -------
        display : SpectrumDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `estimator` has no learned matrices.
        """
        score = fitted_score(estimator)
        check_matrices(estimator, score)
        display = cls(eigenvalues=spectra(score))
        return display.plot(ax, name=name_of(estimator, name), **kwargs)

    def _draw(self, ax, **kwargs):
        self.lines_, self.negative_ = [], []
        ranks = self.effective_rank
        styles = zip(self.eigenvalues.items(), PALETTE, DASHES, strict=False)
        for (matrix, values), color, dashes in styles:
            place = 1 + np.flatnonzero(values)
            sizes = np.abs(values[values != 0])
            options = {
                "color": color,
                "linestyle": dashes,
                "marker": "o",
                "markersize": 3,
                "label": f"{matrix}: effective rank {ranks[matrix]:.1f} "
                f"of {len(values)}",
                **kwargs,
            }
            (line,) = ax.plot(place, sizes, **options)
            below = values[values != 0] < 0
            (marks,) = ax.plot(
                place[below],
                sizes[below],
                linestyle="none",
                marker="v",
                markersize=4,
                markerfacecolor="white",
                color=line.get_color(),
                label=f"{matrix}: negative" if below.any() else None,
            )
            self.lines_.append(line)
            self.negative_.append(marks)
            if ranks[matrix] > 0:
                ax.axvline(
                    ranks[matrix], color=line.get_color(), linestyle=":", linewidth=1
                )
        if any(values.any() for values in self.eigenvalues.values()):
            ax.set_yscale("log")
        ax.set(
            xlabel="eigenvalue, from the largest on (number)",
            ylabel="size of the eigenvalue\n(log-odds per squared unit of the items)",
        )
        self._finish_with_title(ax)


def fitted_score(model):
    """Return the numbers of the fitted classifier in a model, or None.

    Looks into Pipelines, searches, and classifiers with a threshold or a new
    calibration.
    """
    while model is not None:
        model = last_step(model)
        score = getattr(model, "_score", None)
        if hasattr(score, "factors"):
            return score
        inside = [getattr(model, name, None) for name in HOLDERS]
        model = next((held for held in inside if held is not None), None)
    return None


def spectra(score):
    """Return the eigenvalues of each matrix, the largest by absolute value first."""
    result = {}
    for term, factor, signs in zip(
        score.terms, score.factors, score.signs, strict=True
    ):
        # V'SV has the eigenvalues of RSR' for V' = UR, and zeros.
        triangle = np.linalg.qr(factor.T, mode="r")
        found = np.linalg.eigvalsh((triangle * signs) @ triangle.T)
        found = found[np.argsort(-np.abs(found), kind="stable")]
        noise = len(found) * np.finfo(float).eps * np.abs(found).max(initial=0)
        values = np.zeros(score.n_features)
        values[: len(found)] = np.where(np.abs(found) > noise, found, 0)
        name = "M" if len(score.terms) == 1 else term.sides.matrix
        result[name] = values
    return result


def rank_of(eigenvalues):
    """Return the effective rank of a symmetric matrix."""
    sizes = np.abs(eigenvalues)
    if not sizes.any():
        return 0.0
    return float(np.exp(entr(sizes / sizes.sum()).sum()))
