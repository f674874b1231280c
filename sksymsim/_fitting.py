# SPDX-License-Identifier: BSD-3-Clause
"""From an objective to a fitted score: which problem is solved, from which start."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.special import expit

from sksymsim._objective import (
    FactorModel,
    MatrixModel,
    PairObjective,
    Parameters,
    fit_scale_and_intercept,
)
from sksymsim._scaling import FactorCoordinates, MatrixCoordinates
from sksymsim._score import FittedScore
from sksymsim._solvers import Problem, SolverResult, minimize_lbfgs

# Rows of Q that start at zero would stay there, as the gradient by Q is 2QG. Those of
# eigenvalue zero begin at this share of the largest one instead.
EIGENVALUE_FLOOR = 1e-3
# Eigenvalues below this share of the largest one are rounding, not signal.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class FitOptions:
    """What the user decides about a fit, apart from form and prior."""

    alpha: float
    fit_intercept: bool
    constrained: bool
    n_components: int | None
    tol: float
    max_iter: int
    callback: Callable | None = None


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
    prior : Parameters
        theta_0 as matrices.
    targets, weights : ndarray of shape (n_pairs,)
    options : FitOptions
    start : Parameters, default=None
        Matrices to begin with, in the units of the design. None begins at the prior
        with its best scale and intercept.

    Returns
    -------
    solution : Solution
    """
    objective = PairObjective(
        design,
        MatrixModel(prior),
        targets,
        weights,
        options.alpha,
        options.fit_intercept,
    )
    factored = options.constrained or options.n_components is not None
    found = _scaled_prior(objective, prior)
    # An earlier solution may be worse than none, on other data for example.
    warm = start is not None and _value(objective, start) < _value(objective, found)
    found = start if warm else found
    n_iter = 0
    if not (warm and factored):
        found, result = _minimize(objective, MatrixCoordinates, found, options)
        n_iter = result.n_iter
    if factored and (warm or not _is_feasible(found, options)):
        model, begin = _set_up_factors(objective, prior, found, options)
        objective = objective.with_model(model)
        starts = [begin, *_rescaled(objective, begin)]
        if options.n_components is not None:
            starts += _rescaled(objective, model.prior, model.prior_signs)
        begin = min(starts, key=lambda at: _value(objective, at))
        found, result = _minimize(objective, FactorCoordinates, begin, options)
        n_iter += result.n_iter
    score = _to_score(objective, found, options.constrained)
    return Solution(score, result, n_iter)


def _is_feasible(matrices, options):
    """Say whether the unconstrained optimum is the constrained one as well."""
    if options.n_components is not None:
        return False
    lam = eigh(matrices.arrays[0], eigvals_only=True)
    return lam[0] >= -NEGLIGIBLE * max(lam[-1], 0.0)


def _value(objective, parameters):
    theta = parameters.flatten()
    return objective.value_and_gradient(theta, parameters)[0]


def _scaled_prior(objective, prior):
    """Return Platt's scaling of the prior as parameters."""
    scale, intercept = _scale_and_intercept(objective, prior)
    linear = None if prior.linear is None else scale * prior.linear
    return Parameters(intercept, linear, [scale * array for array in prior.arrays])


def _rescaled(objective, factors, signs=None):
    """Return factors with their best scale and intercept, as a list of one.

    The projection of a solution onto the semidefinite matrices may be far from any
    good score, and is near one when it is scaled. The list is empty where the signs
    are not those of the model, and for a scale of zero: the gradient by a factor of
    zero is zero, so that is no place to begin.
    """
    model_signs = objective.model.signs
    signs = model_signs if signs is None else signs
    if not all(map(np.array_equal, signs, model_signs)):
        return []
    scale, intercept = _scale_and_intercept(objective, factors)
    if scale == 0:
        return []
    linear = None if factors.linear is None else scale * factors.linear
    return [Parameters(intercept, linear, [scale**0.5 * v for v in factors.arrays])]


def _scale_and_intercept(objective, prior):
    base = Parameters(0.0, prior.linear, prior.arrays)
    return fit_scale_and_intercept(
        objective.scores(base),
        objective.targets,
        objective.weights,
        objective.fit_intercept,
    )


def _minimize(objective, coordinates_type, start, options):
    """Minimise an objective in good coordinates; return natural parameters."""
    coordinates = _coordinates(objective, coordinates_type, start)
    problem = Problem(
        value_and_gradient=coordinates.wrap(objective),
        start=coordinates.from_parameters(start),
        tol=options.tol * coordinates.visibility(options.alpha),
        max_iter=options.max_iter,
        resolution=np.finfo(objective.design.dtype).eps / 8,
        callback=options.callback,
    )
    result = minimize_lbfgs(problem)
    return coordinates.to_theta(result.theta)[1], result


def _coordinates(objective, coordinates_type, start):
    probability = expit(np.clip(objective.scores(start), -30, 30))
    fisher = objective.weights * probability * (1 - probability)
    return coordinates_type(objective, fisher)


def _set_up_factors(objective, prior, matrices, options):
    """Return a factored model, and where to start in it.

    With fewer components than features, the prior is cut down as well: to the
    directions in which the pairs differ most. Without that, a large alpha would
    shrink everything to zero, as no matrix of low rank is near a prior of full rank.
    """
    coordinates = _coordinates(objective, MatrixCoordinates, matrices)
    signs, prior_signs = [], []

    def cut(matrices, floor, signs):
        factors = []
        for t, matrix in enumerate(matrices):
            v, s = signed_factor(matrix, floor if options.constrained else None)
            if options.n_components is not None:
                v, s = _leading(v, s, coordinates.moment(t), options.n_components)
            factors.append(v)
            signs.append(s)
        return factors

    cut_prior = Parameters(0.0, prior.linear, cut(prior.arrays, 0.0, prior_signs))
    starts = cut(matrices.arrays, EIGENVALUE_FLOOR, signs)
    model = FactorModel(cut_prior, prior_signs, signs)
    return model, Parameters(matrices.intercept, matrices.linear, starts)


def _leading(factor, signs, moment, n_components):
    """Return the part of V' diag(signs) V of the most effect under a second moment."""
    rows, effects = [], []
    for sign in (1.0, -1.0):
        v = factor[signs == sign]
        lam, basis = eigh(v @ moment @ v.T) if len(v) else (np.empty(0), v @ v.T)
        rows.append(basis.T @ v)
        effects.append(sign * lam)
    rows, effects = np.vstack(rows), np.concatenate(effects)
    kept = np.argsort(-np.abs(effects), kind="stable")[:n_components]
    return rows[kept], np.where(effects[kept] < 0, -1.0, 1.0)


def signed_factor(matrix, floor=None):
    """Return V and signs with matrix = V' diag(signs) V, in a fixed order and sign.

    Rows are orthogonal, sorted by size.

    Parameters
    ----------
    matrix : ndarray of shape (n_features, n_features)
        Symmetric.
    floor : float, default=None
        Eigenvalues below this share of the largest one are raised to it (a projection
        onto the semidefinite matrices if 0); None keeps them, negative ones too.
    """
    lam, basis = eigh((matrix + matrix.T) / 2)
    if floor is not None:
        lam = np.maximum(lam, floor * np.abs(lam).max(initial=0.0))
    order = np.argsort(-np.abs(lam), kind="stable")
    lam, basis = lam[order], basis[:, order]
    keep = np.abs(lam) > NEGLIGIBLE * np.abs(lam).max(initial=0.0)
    lam, basis = lam[keep], basis[:, keep]
    if lam.size:
        largest = np.argmax(np.abs(basis), axis=0)
        basis = basis * np.where(basis[largest, np.arange(lam.size)] < 0, -1.0, 1.0)
    return (basis * np.sqrt(np.abs(lam))).T, np.where(lam < 0, -1.0, 1.0)


def _to_score(objective, found, constrained):
    """Return the fitted score in the user's units, each B by its eigenvectors."""
    scale = objective.design.scale
    factors, signs = [], []
    for matrix in objective.model.matrices(found):
        v, s = signed_factor(matrix, 0.0 if constrained else None)
        # One layout now and after unpickling: BLAS may round another layout otherwise.
        factors.append(np.ascontiguousarray(v / scale))
        signs.append(s)
    linear = None if found.linear is None else found.linear / scale
    return FittedScore(
        objective.form.name,
        float(found.intercept),
        linear,
        tuple(factors),
        tuple(signs),
    )


def restart_parameters(score, scale):
    """Return the parameters of an earlier score, in the units of another design."""
    linear = None if score.linear is None else score.linear * scale
    matrices = [matrix * scale**2 for matrix in score.matrices]
    return Parameters(score.intercept, linear, matrices)
