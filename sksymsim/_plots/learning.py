# SPDX-License-Identifier: BSD-3-Clause
"""A picture of what more pairs would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from sksymsim._plots.base import LEGEND, Display, name_of, next_style, shown_score
from sksymsim._validation.items import check_pairs
from sksymsim._validation.plots import (
    check_subset_labels,
    check_train_sizes,
    import_pyplot,
)
from sksymsim._validation.scores import check_splitter
from sksymsim._validation.targets import check_labels
from sksymsim.model_selection import PairGroupKFold

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import (
        Axes,
        Estimator,
        Floats,
        Integers,
        PairsLike,
        Scoring,
        Seed,
        Splits,
    )

__all__ = ["PairLearningCurveDisplay"]


class PairLearningCurveDisplay(Display):
    """The held-out score against the number of training pairs.

    A curve that still rises at its end wants more pairs. Make it with
    :meth:`from_estimator`.

    Parameters
    ----------
    train_sizes : ndarray of int of shape (n_sizes,)
        How many pairs were trained on.
    test_scores : ndarray of shape (n_sizes, n_folds)
        The scores on the test pairs of each fold.
    score_name : str, default="score"
        What the scores are.
    name : str, default=None
        What the legend calls it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of the axes.
    line_ : matplotlib Line2D
        The mean over the folds.
    fill_between_ : matplotlib PolyCollection
        One standard deviation of the folds to either side.

    See Also
    --------
    PairGroupKFold : The folds.
    sklearn.model_selection.learning_curve : Without nested subsets of like rates.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # no window
    >>> import matplotlib.pyplot as plt
    >>> from sksymsim import PairGroupKFold, PairLearningCurveDisplay
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> display = PairLearningCurveDisplay.from_estimator(
    ...     SymmetricPairClassifier(), pairs, y,
    ...     cv=PairGroupKFold(2, random_state=0),
    ...     train_sizes=[50, 100, 200],
    ...     random_state=0,
    ... )
    >>> bool(display.test_scores[-1].mean() > display.test_scores[0].mean())
    True
    >>> plt.close(display.figure_)
    """

    ax_: Axes
    figure_: Any
    line_: Any
    fill_between_: Any

    def __init__(
        self,
        *,
        train_sizes: Integers,
        test_scores: Floats,
        score_name: str = "score",
        name: str | None = None,
    ) -> None:
        self.train_sizes = train_sizes
        self.test_scores = test_scores
        self.score_name = score_name
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimator,
        X: PairsLike,
        y: ArrayLike,
        *,
        cv: Splits | None = None,
        groups: ArrayLike | None = None,
        train_sizes: ArrayLike | None = None,
        scoring: Scoring = "roc_auc",
        score_name: str | None = None,
        n_jobs: int | None = None,
        random_state: Seed = None,
        ax: Axes = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Fit a model on more and more pairs, and draw what it gains.

        Parameters
        ----------
        estimator : estimator
            A classifier of pairs, or a Pipeline; it is cloned.
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs to learn from and to test on.
        y : array-like of shape (n_pairs,)
            Their labels.
        cv : splitter or iterable of (train, test), default=None
            The folds. None takes :class:`PairGroupKFold`, by group if there are groups
            and by item if not. A number is refused: its folds would share items.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The groups for the splitter.
        train_sizes : array-like of int or float, default=None
            Numbers of training pairs, or shares, in (0, 1], of the smallest training
            part. None takes seven, each half of the next, and none below ten.
        scoring : str or callable, default="roc_auc"
            A scorer, see :func:`get_pair_scorer` for more of them.
        score_name : str, default=None
            What the scores are; None takes `scoring` if that is a string.
        n_jobs : int, default=None
            Processes for the fits, as in joblib.
        random_state : int, RandomState instance or None, default=None
            Decides which pairs are in the subsets. Pass an int for the same subsets at
            every call.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What the legend calls it; None takes the name of the class.
        **kwargs : dict
            Options of the line, for ``Axes.plot``.

        Returns
        -------
        display : PairLearningCurveDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If `cv` is a number, a size is out of range or leaves one class only, or the
            pairs and labels cannot be used.

        Notes
        -----
        The subsets of a fold are nested, with like rates of similar pairs, so that the
        curve is not rough for other reasons than the number of pairs. It is pairs that
        are left out, and the items get fewer only as their pairs go.
        """
        if ax is None:
            import_pyplot(cls.__name__)  # now, and not when all is fitted
        check_splitter(cv)
        pairs = check_pairs(X, allow_nan=True)
        similar = check_labels(y, len(pairs))[1]
        if cv is None:
            # Not random: the state is for the subsets.
            cv = PairGroupKFold(
                level="item" if groups is None else "group", shuffle=False
            )
        folds = list(cv.split(pairs, y, groups) if hasattr(cv, "split") else cv)
        folds = [[np.arange(len(pairs))[part] for part in fold] for fold in folds]
        sizes = check_train_sizes(train_sizes, min(len(train) for train, _ in folds))
        rng = check_random_state(random_state)
        orders = [train[interleaved(similar[train], rng)] for train, _ in folds]
        for order in orders:
            check_subset_labels(similar[order[: sizes[0]]], sizes[0])
        scorer = check_scoring(estimator, scoring)
        labels = np.asarray(y)
        scores = Parallel(n_jobs=n_jobs)(
            delayed(fit_and_score)(estimator, pairs, labels, order[:size], test, scorer)
            for size in sizes
            for order, (_, test) in zip(orders, folds, strict=True)
        )
        if score_name is None:
            score_name = scoring if isinstance(scoring, str) else "score"
        display = cls(
            train_sizes=sizes,
            test_scores=np.reshape(scores, (len(sizes), len(folds))),
            score_name=score_name,
        )
        return display.plot(ax, name=name_of(estimator, name), **kwargs)

    def _draw(self, ax, **kwargs):
        beside_others = bool(ax.lines)
        scores, text = shown_score(self.test_scores, self.score_name)
        mean, spread = scores.mean(axis=1), scores.std(axis=1)
        title = "" if self.name is None else f"{self.name}: "
        label = f"{title}mean ± deviation of {scores.shape[1]} fold(s)"
        options = {**next_style(ax), "marker": "o", "label": label, **kwargs}
        (self.line_,) = ax.plot(self.train_sizes, mean, **options)
        self.fill_between_ = ax.fill_between(
            self.train_sizes,
            mean - spread,
            mean + spread,
            color=self.line_.get_color(),
            alpha=0.2,
            linewidth=0,
        )
        if not beside_others:
            ax.set_xscale("log")
            ax.minorticks_off()
            sizes = self.train_sizes
            ax.set_xticks(sizes, [f"{size:,}" for size in sizes.tolist()])
            ax.set(xlabel="training pairs (number)", ylabel=f"held-out {text}")
        ax.legend(**LEGEND)


def interleaved(similar, rng):
    """Return a random order of which every beginning has the rate of the whole."""
    place = np.empty(len(similar))
    for kind in (similar, ~similar):
        n_kind = int(kind.sum())
        place[kind] = (rng.permutation(n_kind) + 0.5) / max(1, n_kind)
    return np.argsort(place, kind="stable")


def fit_and_score(model, pairs, labels, train, test, scorer):
    """Return the score on some pairs of a model that is fitted on others."""
    fitted = clone(model).fit(pairs[train], labels[train])
    return float(scorer(fitted, pairs[test], labels[test]))
