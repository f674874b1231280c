# SPDX-License-Identifier: BSD-3-Clause
"""From an objective to a fitted score: which problem is solved, from which start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sksymsim._convex import ExactSearch
from sksymsim._factors import NEGLIGIBLE, begin_factors, effects
from sksymsim._finishing import finish_score
from sksymsim._forms import FORMS, difference, total
from sksymsim._models import MatrixModel, Parameters
from sksymsim._objective import PairObjective, fit_scale_and_intercept
from sksymsim._reporting import IterationReporter
from sksymsim._scaling import (
    CenteredFactors,
    Curvatures,
    eigenbases,
    matrix_scaling,
)
from sksymsim._score import FittedScore
from sksymsim._solvers import Problem, SolverResult, minimize_lbfgs

# Where M is to be semidefinite, the solution without that is a start only, and need
# not be better than this, unless it meets the constraint. Other factors take their
# signs from it, so for those it has to be good.
ROUGH_TOL = 0.03
# From so many pairs at least, where a part of them is enough.
START_PAIRS = 50_000
# The scaling is made anew when the Fisher information has shrunk to this share.
RESCALE_BELOW = 0.8


@dataclass(frozen=True)
class FitOptions:
    """What the user decides about a fit, apart from form and prior.

    `callback` gets entries of the history; `watch` a function that returns the score,
    and if it returns true, the fit ends there.
    """

    alpha: float
    fit_intercept: bool
    constrained: bool
    n_components: int | None
    tol: float
    max_iter: int
    callback: Callable | None = None
    watch: Callable | None = None

    @classmethod
    def of(cls, classifier, watch=None):
        """Return the parameters of a classifier whose form has matrices."""
        return cls(
            alpha=float(classifier.alpha),
            fit_intercept=classifier.fit_intercept,
            constrained=FORMS[classifier.form].has_metric and classifier.psd,
            n_components=classifier.n_components,
            tol=classifier.tol,
            max_iter=classifier.max_iter,
            callback=IterationReporter(classifier.verbose),
            watch=watch,
        )


@dataclass(frozen=True)
class Solution:
    """A fitted score, in the user's units, and how it was found."""

    score: FittedScore
    result: SolverResult
    n_iter: int


def fit_score(design, prior, targets, weights, options, start=None):
    """Minimise the objective of a form over its parameters.

    Parameters
    ----------
    design : PairDesign
    prior : Prior
    targets, weights : ndarray of shape (n_pairs,)
    options : FitOptions
    start : Parameters, default=None
        Matrices to begin with, in the units of the design. None begins at the prior
        with its best scale and intercept.

    Returns
    -------
    solution : Solution
    """
    outside_of_span = prior.outside
    if options.n_components is not None:
        if options.n_components < design.n_ambient:
            outside_of_span = 0.0
        if options.n_components >= design.n_features:
            options = replace(options, n_components=None)
    objective = PairObjective(
        design,
        MatrixModel(prior.parameters),
        targets,
        weights,
        options.alpha,
        options.fit_intercept,
    )
    whole, objective = objective, _start_objective(objective, options)
    objective, bases, found = begin(objective, prior, start)
    finish = partial(finish_score, bases=bases, outside_of_span=outside_of_span)
    warm = found.is_given
    factored = options.constrained or options.n_components is not None
    n_iter = 0
    if warm and factored:
        found = found.parameters(objective.model)
    elif begins_at_prior(
        prior, found.tau, is_held(found.scaling, options.alpha), options
    ):
        found = None
    else:
        search = found.search(objective)
        watch = _watch(options, partial(finish, objective), search.parameters)
        result = minimize_matrices(
            search, search.start, found.scaling, replace(options, watch=watch)
        )
        if result.status == "stopped":
            # What is left is to meet the constraint.
            options = replace(options, max_iter=0, watch=None)
        found, n_iter = search.parameters(result.theta), result.n_iter
    if objective.design.n_pairs < whole.design.n_pairs:
        objective = whole.over(objective.model, whole.design.turn(bases))
    if factored and (warm or found is None or not is_feasible(found, options)):
        spreads = effects(objective.design, objective.weights, bases, options)
        objective, first = begin_factors(objective, found, spreads, options)
        curvatures = Curvatures(objective, objective.fisher(first.scores))
        read = partial(finish, objective, constrained=options.constrained)
        found, result = minimize_factors(objective, first, curvatures, options, read)
        n_iter += result.n_iter
        if options.max_iter == 0:
            result.status = "stopped"
    score = finish(objective, found, constrained=options.constrained)
    return Solution(score, result, n_iter)


def _watch(options, finish, read):
    """Return what a solver is watched by; it reads parameters out of its point."""
    if options.watch is None:
        return None
    return lambda point: options.watch(lambda: finish(read(point())))


def begins_at_prior(prior, tau, held, options):
    """Say whether few components had better begin at the prior.

    They cannot change signs, and not grow in number: so only where the prior has
    positive directions enough, and points the right way.

    Parameters
    ----------
    prior : Prior
    tau : float
        Its best scale.
    held : bool
        See :func:`is_held`.
    options : FitOptions
    """
    few = options.n_components is not None and options.constrained
    return few and prior.is_identity and tau > 0 and held


def is_held(scaling, alpha):
    """Say whether the penalty outweighs the curvature of the loss everywhere.

    Then the prior is as good a start as the solution of the convex problem.
    """
    return bool((2 * alpha * scaling[1:] >= 1).all())


def _start_objective(objective, options):
    """Return the objective on as many pairs as the start has to be found from.

    With few components the solution without that limit is only where to begin, and a
    part of the pairs is enough for that.
    """
    step = objective.design.n_pairs // START_PAIRS
    if options.n_components is None or step < 2:
        return objective
    design = objective.design.thinned(step)
    thinned = objective.over(objective.model, design)
    weights = objective.weights[::step]
    thinned.weights = design.arrange(weights / weights.sum())
    thinned.targets = design.arrange(objective.targets[::step])
    return thinned


@dataclass(frozen=True)
class _Start:
    """theta = deviation + tau theta_0, whether it was given, and the scaling there."""

    deviation: Parameters
    tau: float
    prior_scores: np.ndarray
    is_given: bool
    scaling: np.ndarray | None = None

    def parameters(self, model):
        """Return theta."""
        return model.around_prior(self.deviation, self.tau)

    def search(self, objective):
        """Return the convex problem, at this point."""
        return ExactSearch(objective, self.deviation, self.tau, self.prior_scores)


def begin(objective, prior, start=None, turned=None):
    """Find where to begin, and turn the objective into good coordinates there.

    Parameters
    ----------
    objective : PairObjective
        Over a ``MatrixModel``.
    prior : Prior
    start : Parameters, default=None
        As for :func:`fit_score`.
    turned : (dict, PairDesign), default=None
        Bases and a design turned by them, to be used again; good coordinates for one
        prior are good ones for another.

    Returns
    -------
    objective : PairObjective
        Of the turned design.
    bases : dict
        What it was turned by.
    start : _Start
        In the turned coordinates.
    """
    prior_scores = _prior_scores(objective, prior)
    prior = prior.parameters
    # The search begins with the best scale and intercept of all pairs anyway.
    part = slice(None, None, max(1, prior_scores.size // START_PAIRS))
    tau, intercept = fit_scale_and_intercept(
        prior_scores[part],
        objective.targets[part],
        objective.weights[part],
        objective.fit_intercept,
    )
    scores = tau * prior_scores + intercept
    first = _Start(_zeros_like(prior, intercept), tau, prior_scores, False)
    if start is not None:
        given = objective.scores(start)
        plain = first.parameters(objective.model)
        # An earlier solution may be worse than none, on other data for example.
        if objective.value(start, given) < objective.value(plain, scores):
            scores, first = given, _Start(start, 0.0, prior_scores, True)
    fisher = objective.fisher(scores)
    spreads = None
    if turned is None:
        bases, spreads = eigenbases(objective.design, fisher)
        turned = bases, objective.design.turn(bases)
    bases, design = turned
    turned = objective.over(MatrixModel(turned_back(objective, prior, bases)), design)
    deviation = first.deviation
    if first.is_given:
        deviation = turned_back(objective, deviation, bases)
    scaling = matrix_scaling(Curvatures(turned, fisher, spreads))
    return turned, bases, replace(first, deviation=deviation, scaling=scaling)


def _prior_scores(objective, prior):
    """Return the scores of theta_0, at no cost where they are plain distances."""
    gaps, terms = objective.design.squared_gaps, objective.form.terms
    if prior.is_identity and gaps is not None and terms[0].sides is difference:
        (term,) = terms
        return (term.coefficient * term.prior_sign) * gaps
    linear, arrays = prior.parameters.linear, prior.parameters.arrays
    return objective.scores(Parameters(0.0, linear, arrays))


def _zeros_like(parameters, intercept):
    zeros = parameters.like(np.zeros(parameters.flatten().size))
    zeros.intercept = intercept
    return zeros


def turned_back(objective, parameters, bases):
    """Return natural matrices as those that the turned rows are multiplied with."""
    product = objective.design.team.product
    arrays = [
        product(bases[term.sides].T, product(array, bases[term.sides]))
        for term, array in zip(objective.form.terms, parameters.arrays, strict=True)
    ]
    linear = parameters.linear
    if linear is not None:
        linear = bases[total].T @ linear
    return Parameters(parameters.intercept, linear, arrays)


def minimize_matrices(search, start, scaling, options):
    """Solve the convex problem.

    Parameters
    ----------
    search : ExactSearch
        It is left at the solution.
    start : ndarray
        The deviation where the search is.
    scaling : ndarray
        The inverse Hessian there, one number for each unknown.
    options : FitOptions

    Returns
    -------
    result : SolverResult
    """
    level = search.fisher.sum()

    def rescale():
        nonlocal level
        information = search.fisher.sum()
        if information > RESCALE_BELOW * level:
            return None
        level = information
        return matrix_scaling(Curvatures(search.objective, search.fisher))

    return minimize_lbfgs(
        Problem(
            value_and_gradient=search.value_and_gradient,
            start=start,
            tol=options.tol,
            max_iter=options.max_iter,
            callback=options.callback,
            watch=options.watch,
            scaling=scaling,
            rescale=rescale,
            search=search,
            rough_tol=ROUGH_TOL * options.constrained,
            is_enough=lambda x: not is_feasible(search.parameters(x), options),
        )
    )


def minimize_factors(objective, start, curvatures, options, finish=None):
    """Solve the problem in factors; return its solution and how it was found."""
    centered = CenteredFactors(objective, curvatures)
    result = minimize_lbfgs(
        Problem(
            value_and_gradient=centered.value_and_gradient,
            start=centered.start(start.parameters),
            tol=options.tol * curvatures.visibility(),
            max_iter=options.max_iter,
            resolution=np.finfo(objective.design.dtype).eps / 8,
            callback=options.callback,
            watch=_watch(options, finish, centered.parameters),
            scaling=centered.scaling(),
        )
    )
    return centered.parameters(result.theta), result


def is_feasible(matrices, options):
    """Say whether the unconstrained optimum is the constrained one as well."""
    if options.n_components is not None:
        return False
    matrix = matrices.arrays[0]
    # Without rounding, the eigenvalues of a semidefinite matrix plus this are positive.
    shift = NEGLIGIBLE * max(float(np.trace(matrix)), np.finfo(float).tiny)
    try:
        np.linalg.cholesky(matrix + shift * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True
