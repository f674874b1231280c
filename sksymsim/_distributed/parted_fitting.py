# SPDX-License-Identifier: BSD-3-Clause
"""A fit to parts of the pairs that are elsewhere: only sums over parts are looked at.

The problems are those of a fit in one place, and so are their minima. What differs is
the way there: no step may look at the scores of single pairs, so the step along a
direction is found by trial, and each trial is one evaluation of the objective.
"""

from dataclasses import dataclass

import numpy as np

from sksymsim._factors import begin_factors, effects
from sksymsim._finishing import restart_parameters, to_score, turn_back
from sksymsim._fitting import (
    ROUGH_TOL,
    Solution,
    begins_at_prior,
    is_feasible,
    is_held,
    minimize_factors,
    turned_back,
)
from sksymsim._models import MatrixModel, Parameters
from sksymsim._objective import PairObjective, fit_scale_and_intercept
from sksymsim._priors import PRIORS, build_prior
from sksymsim._scaling import Curvatures, eigenbases, matrix_scaling
from sksymsim._solvers import Problem, minimize_lbfgs


class CenteredMatrices:
    """The objective over matrices, in unknowns that are near independent.

    theta = D + tau theta_0. The scale tau is not penalised, so it is an unknown of its
    own, with a scaling of its own; and the intercept moves along, so that the mean
    score stays the same when anything else changes.

    Parameters
    ----------
    objective : PairObjective
        Over a ``MatrixModel``.
    moments : SummedMoments
        At the start, in the coordinates of the objective.
    curvatures : Curvatures
        There.
    """

    def __init__(self, objective, moments, curvatures):
        self.objective = objective
        self.curvatures = curvatures
        self.prior = objective.model.prior_vector
        self.free = float(objective.fit_intercept)
        self.shapes = objective.model.prior
        means = moments.score_moments().flatten()
        means[0] = 0.0
        self.means = means

    def start(self, tau, deviation):
        """Return the unknowns, given tau and D with the intercept."""
        vector = deviation.flatten()
        theta = vector + tau * self.prior
        vector[0] = self.free * (theta[0] + self.means @ theta)
        return np.concatenate([[tau], vector])

    def _theta(self, unknowns):
        theta = unknowns[1:] + unknowns[0] * self.prior
        theta[0] = self.free * (theta[0] - self.means @ theta)
        return theta

    def parameters(self, unknowns):
        """Return the parameters of given unknowns."""
        return self.shapes.like(self._theta(unknowns))

    def scaling(self):
        """Return the inverse Hessian, as one number for each unknown."""
        curvatures = self.curvatures
        inverse = matrix_scaling(curvatures)
        inverse[0] = self.free / curvatures.level
        bends = np.maximum(1 / inverse[1:] - curvatures.alpha, 0.0)
        bend = float(bends @ self.prior[1:] ** 2)
        return np.concatenate([[1 / bend if bend > 0 else 0.0], inverse])

    def value_and_gradient(self, unknowns):
        """Return the objective and its gradient by the unknowns."""
        theta = self._theta(unknowns)
        value, gradient = self.objective.value_and_gradient(
            theta, self.shapes.like(theta)
        )
        gradient[1:] -= gradient[0] * self.means[1:]
        return value, np.concatenate([[gradient @ self.prior], gradient])


@dataclass(frozen=True)
class _Begin:
    """Where the fit begins: theta = deviation + tau theta_0."""

    deviation: Parameters
    tau: float
    is_given: bool

    def parameters(self, model):
        """Return theta."""
        return model.around_prior(self.deviation, self.tau)


def fit_parts(design, prior, shrinkage, options, *, psd, earlier=None):
    """Minimise the objective of a form over all parts.

    Parameters
    ----------
    design : PartedDesign
    prior, shrinkage, psd
        As for :func:`build_prior`.
    options : FitOptions
    earlier : FittedScore, default=None
        Where to begin, if it is better there than at the prior.

    Returns
    -------
    solution : Solution
    """
    labels, prior = _prior_of(design, prior, shrinkage, options, psd)
    objective = PairObjective(
        design,
        MatrixModel(prior.parameters),
        *design.sample(),
        options.alpha,
        options.fit_intercept,
    )
    start = _begin(objective, earlier)
    moments = _moments_at(objective, start.parameters(objective.model))
    bases, spreads = eigenbases(moments, moments.weights)
    # From here on, unknowns are turned.
    model = MatrixModel(turned_back(objective, prior.parameters, bases))
    deviation = turned_back(objective, start.deviation, bases)
    objective = objective.over(model, design.turned(bases))
    start = _Begin(deviation, start.tau, start.is_given)
    curvatures = Curvatures(objective, moments.weights, spreads)
    n_iter = 0
    factored = options.constrained or options.n_components is not None
    if start.is_given and factored:
        found = start.parameters(model)
    elif begins_at_prior(
        prior, start.tau, is_held(matrix_scaling(curvatures), options.alpha), options
    ):
        found = None
    else:
        problem = CenteredMatrices(objective, moments.turn(bases), curvatures)
        found, result = _minimize_matrices(problem, start, options)
        n_iter = result.n_iter
    if factored and (
        start.is_given or found is None or not is_feasible(found, options)
    ):
        spreads = effects(labels, labels.weights, bases, options) if labels else None
        objective, first = begin_factors(objective, found, spreads, options)
        there = _moments_at(objective, first.parameters).turn(bases)
        curvatures = Curvatures(objective.over(objective.model, there), there.weights)
        found, result = minimize_factors(objective, first, curvatures, options)
        n_iter += result.n_iter
    found = turn_back(objective, found, bases)
    return Solution(
        to_score(objective, found, options.constrained, 0.0), result, n_iter
    )


def _prior_of(design, prior, shrinkage, options, psd):
    """Return the moments of both labels, None if nobody needs them, and the prior."""
    named = isinstance(prior, str) and prior != "identity"
    labels = design
    moments = None
    if named or options.n_components is not None:
        needs_totals = named and (PRIORS[prior].needs_items or design.form.has_linear)
        labels = moments = design.label_moments(needs_totals)
    weights = None if moments is None else moments.weights
    built = build_prior(
        design.form, prior, shrinkage, labels, np.array([1.0, -1.0]), weights, psd=psd
    )
    return moments, built


def _begin(objective, earlier):
    """Return the prior with its best scale and intercept, or an earlier solution."""
    prior = objective.model.prior
    scores = objective.scores(Parameters(0.0, prior.linear, prior.arrays))
    tau, intercept = fit_scale_and_intercept(
        scores, objective.targets, objective.weights, objective.fit_intercept
    )
    nothing = prior.like(np.zeros_like(objective.model.prior_vector))
    nothing.intercept = intercept
    start = _Begin(nothing, tau, False)
    if earlier is None:
        return start
    given = restart_parameters(earlier, objective.design)
    plain = objective.value(start.parameters(objective.model), tau * scores + intercept)
    if objective.value(given, objective.scores(given)) < plain:
        return _Begin(given, 0.0, True)
    return start


def _moments_at(objective, parameters):
    return objective.design.fisher_moments(objective.model, parameters)


def _minimize_matrices(problem, start, options):
    """Solve the convex problem; return its solution and how it was found."""
    result = minimize_lbfgs(
        Problem(
            value_and_gradient=problem.value_and_gradient,
            start=problem.start(start.tau, start.deviation),
            tol=options.tol,
            max_iter=options.max_iter,
            resolution=np.finfo(problem.objective.design.dtype).eps / 8,
            callback=options.callback,
            scaling=problem.scaling(),
            rough_tol=ROUGH_TOL * options.constrained,
            is_enough=lambda x: not is_feasible(problem.parameters(x), options),
        )
    )
    return problem.parameters(result.theta), result
