# SPDX-License-Identifier: BSD-3-Clause
"""Held-out scores along a path of penalties: what is common to all is done once.

From the prior outwards, each solution begins at the last one. The rows are prepared,
combined and turned once for all priors and penalties of a form.
"""

from dataclasses import dataclass, replace

import numpy as np

from sksymsim._fitting import FitOptions, begin, minimize_matrices
from sksymsim._layout import make_design, make_held_design
from sksymsim._models import MatrixModel
from sksymsim._objective import PairObjective, fit_scale_and_intercept, log_loss
from sksymsim._priors import build_prior
from sksymsim._scaling import Curvatures, matrix_scaling

# Held-out scores have moved once less than this share of their variance is that of the
# prior's. Before, penalties are too large to change a thing, which is no reason to end.
SAME = 0.99
# A held-out loss is better if it is this share below the best before.
BETTER = 0.002
# A path ends at this penalty in a row that is no better, once its scores have moved:
# what comes after only follows the training pairs further.
PATIENCE = 2


@dataclass(frozen=True)
class HeldOut:
    """Log-odds of held-out pairs.

    Parameters
    ----------
    alpha : float
    scores : ndarray of shape (n_held,)
    n_iter : int
        Steps from the last point of the path to this one.
    loss : float
        Of the held-out pairs, at the best scale and shift.
    """

    alpha: float
    scores: np.ndarray
    n_iter: int
    loss: float


class Ending:
    """When a path is not worth to be followed further."""

    def __init__(self):
        self.prior = None
        self.best = np.inf
        self.moved = False
        self.n_idle = 0

    def is_reached(self, loss, scores):
        """Take what a penalty came to, and say whether it is the last.

        Parameters
        ----------
        loss : float
            Of the held-out pairs, mean over the folds.
        scores : list of ndarray
            Of each fold. The first ones are those of the prior.
        """
        if self.prior is None:
            self.prior = scores
        self.moved = self.moved or self._shared_variance(scores) < SAME
        is_better = loss < (1 - BETTER) * self.best
        self.n_idle = 0 if is_better or not self.moved else self.n_idle + 1
        self.best = min(self.best, loss)
        return self.n_idle >= PATIENCE

    def _shared_variance(self, scores):
        """Return the squared correlation with the prior's scores, mean over folds."""
        shares = []
        for own, first in zip(scores, self.prior, strict=True):
            own, first = own - own.mean(), first - first.mean()
            spread = (own @ own) * (first @ first)
            shares.append((own @ first) ** 2 / spread if spread > 0 else 1.0)
        return float(np.mean(shares))


def in_step(folds, prior, shrinkage, alphas):
    """Yield one point of the path of each fold, until they say enough together.

    Parameters
    ----------
    folds : list of HeldOutPaths
    prior, shrinkage, alphas
        As in :meth:`HeldOutPaths.along`.

    Yields
    ------
    points : tuple of HeldOut
    """
    ending = Ending()
    walks = [fold.along(prior, shrinkage, alphas) for fold in folds]
    for points in zip(*walks, strict=True):
        yield points
        loss = float(np.mean([point.loss for point in points]))
        if ending.is_reached(loss, [point.scores for point in points]):
            return


class HeldOutPaths:
    """The paths of one form on one split into training and held-out pairs.

    Parameters
    ----------
    form : Form
    train, held : Pairs
        Normalised already.
    similar, weights : ndarray of shape (n_train,)
        Labels and weights of the training pairs; the weights sum to one.
    held_similar, held_weights : ndarray of shape (n_held,)
    team : Team
    tol : float
    max_iter : int
    """

    def __init__(
        self,
        form,
        train,
        held,
        similar,
        weights,
        held_similar,
        held_weights,
        team,
        *,
        tol,
        max_iter,
    ):
        self.form = form
        # The span of the training pairs does not hold the others, so there is none.
        self.design = make_design(train, form, weights, team, None, similar)
        self.targets = self.design.arrange(np.where(similar, 1.0, -1.0))
        self.weights = self.design.arrange(weights)
        self.held = make_held_design(held, self.design)
        self.held_order = self.held.arrange(np.arange(len(held)))
        self.held_targets = np.where(held_similar, 1.0, -1.0)
        self.held_weights = held_weights / held_weights.sum()
        self.options = FitOptions(np.inf, True, False, None, tol, max_iter)
        self._turned = None

    def along(self, prior, shrinkage, alphas):
        """Yield held-out scores, from the largest penalty to the smallest.

        Parameters
        ----------
        prior : str
            A name in ``PRIORS``.
        shrinkage : float
        alphas : sequence of float
            Falling; infinity stands for the prior alone.

        Yields
        ------
        point : HeldOut
        """
        theta_0 = build_prior(
            self.form,
            prior,
            shrinkage,
            self.design,
            self.targets,
            self.weights,
            psd=False,
        )
        model = MatrixModel(theta_0.parameters)
        objective = PairObjective(
            self.design, model, self.targets, self.weights, 1.0, True
        )
        objective, bases, start = begin(objective, theta_0, None, self._turned)
        if self._turned is None:
            self._turned = bases, objective.design
            self.held = self.held.turn(bases)
        search = start.search(objective)
        x = search.start
        # The best scale and intercept of the prior; what alpha is does not matter yet.
        search.value_and_gradient(x)
        for alpha in alphas:
            n_iter = 0
            if np.isfinite(alpha):
                objective.alpha = alpha
                options = replace(self.options, alpha=alpha)
                scaling = matrix_scaling(Curvatures(objective, search.fisher))
                result = minimize_matrices(search, x, scaling, options)
                x, n_iter = result.theta, result.n_iter
            scores = np.empty(len(self.held_order))
            scores[self.held_order] = self.held.scores(
                objective.model, search.parameters(x)
            )
            yield HeldOut(alpha, scores, n_iter, self._held_loss(scores))

    def _held_loss(self, scores):
        data = self.held_targets, self.held_weights
        scale, shift = fit_scale_and_intercept(scores, *data, True)
        return log_loss(scale * scores + shift, *data)[0]
