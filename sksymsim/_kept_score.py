# SPDX-License-Identifier: BSD-3-Clause
"""Estimators of which a fit keeps one score: the same steps around each solver."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sksymsim._callbacks import watched
from sksymsim._prediction import PairScoreMixin
from sksymsim._solvers import warn_if_not_converged
from sksymsim._validation.items import takes_pairs
from sksymsim._weights import rate_shift

if TYPE_CHECKING:
    from sksymsim._typing import Floats, PairsLike


class KeptScoreMixin(PairScoreMixin):
    """What a fit does around its solver, and what needs nothing but the score it keeps.

    The class that inherits has ``_score_with(score, pairs)`` and the parameters
    `class_weight`, `similar_rate`, `max_iter` and `tol`; its scores have `intercept`,
    ``shifted(shift)`` and ``without_intercept()``.
    """

    def _fit_score(self, known, classes, sample_weight, solve, advice):
        """Weigh the pairs, solve, and keep the solution.

        Parameters
        ----------
        known : LabelledPairs
        classes : ndarray of shape (2,)
        sample_weight : as given to `fit`, which calls this
        solve : callable
            ``solve(known, watch)`` returns a solution: its `score`, `result`, `n_iter`.
        advice : str
            What to do if the solver has not converged.
        """
        labels = known.labels(classes)
        with watched(self, known.pairs, labels, sample_weight, None) as task:
            # Pairs without weight go first of all, so that they cannot matter.
            known = known.weighted(classes, self.class_weight)
            shift = rate_shift(self.similar_rate, known.similar, known.weights)
            with task.iterations(partial(self._learned, classes, shift)) as watch:
                solution = solve(known, watch)
            warn_if_not_converged(
                solution.result, self.max_iter, self.tol, advice, stacklevel=4
            )
            self._keep(solution, classes, shift)
            self._remember_features(known.pairs)
            self._write_card(known.pairs, known.similar, {"objective": self.objective_})
        return self

    def _learned(self, classes, shift, score):
        """Return the attributes that scoring needs."""
        return {"classes_": classes, "_score": score.shifted(shift)}

    def _keep(self, solution, classes, shift):
        """Take over what a fit has found."""
        vars(self).update(self._learned(classes, shift, solution.score))
        self.n_iter_ = solution.n_iter
        self.objective_ = solution.result.value

    def _scores(self, pairs):
        return self._score_with(self._score, pairs)

    @takes_pairs
    def pair_score(self, X: PairsLike) -> Floats:
        """Return a similarity without intercept: larger is more similar.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            The log-odds less the intercept. Ranks as `decision_function` does.
        """
        pairs = self._checked_pairs(X)
        return self._score_with(self._score.without_intercept(), pairs)

    @property
    def intercept_(self) -> float:
        """k, the log-odds of a pair whose other terms are zero."""
        return self._kept_score("intercept_").intercept

    def _kept_score(self, name):
        """Return what the fit has kept, for an attribute of that name."""
        if "_score" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit."
            )
        return self._score
