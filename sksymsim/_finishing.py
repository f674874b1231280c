# SPDX-License-Identifier: BSD-3-Clause
"""From solved parameters to a score in the units of the user, and back again."""

import numpy as np

from sksymsim._factors import signed_factor
from sksymsim._forms import total
from sksymsim._models import MatrixModel, Parameters
from sksymsim._objective import PairObjective
from sksymsim._score import FittedScore


def finish_score(objective, found, *, bases, outside_of_span, constrained=False):
    """Return the score of some parameters in the turned coordinates."""
    outside = outside_of_span * objective.model.scale_of_prior(found)
    return to_score(objective, turn_back(objective, found, bases), constrained, outside)


def turn_back(objective, parameters, bases):
    """Return the parameters for the rows as they were before they were turned."""
    arrays = [
        objective.model.turned(array, bases[term.sides])
        for term, array in zip(objective.form.terms, parameters.arrays, strict=True)
    ]
    linear = parameters.linear
    if linear is not None:
        linear = bases[total] @ linear
    return Parameters(parameters.intercept, linear, arrays)


def to_score(objective, found, constrained, outside):
    """Return the fitted score in the user's units, each B by its eigenvectors."""
    scale, span = objective.design.scale, objective.design.span
    factors, signs = [], []
    for term, matrix in zip(
        objective.form.terms, objective.model.matrices(found), strict=True
    ):
        v, s = signed_factor(matrix, 0.0 if constrained else None)
        if span is not None:
            v, s = span.lifted(v, s, term.prior_sign * outside)
        # One layout now and after unpickling: BLAS may round another layout otherwise.
        factors.append(np.ascontiguousarray(v / scale))
        signs.append(s)
    linear = None if found.linear is None else found.linear / scale
    if linear is not None and span is not None:
        linear = span.basis @ linear
    return FittedScore(
        objective.form.name,
        float(found.intercept),
        linear,
        tuple(factors),
        tuple(signs),
    )


def score_of_prior(design, prior, targets, weights):
    """Return the prior, as it stands, as a score without intercept."""
    model = MatrixModel(prior.parameters)
    objective = PairObjective(design, model, targets, weights, 0.0, False)
    score = to_score(objective, prior.parameters, False, prior.outside)
    return score.without_intercept()


def restart_parameters(score, design):
    """Return the parameters of an earlier score, in the units of another design."""
    scale, span = design.scale, design.span
    linear = None if score.linear is None else score.linear * scale
    matrices = [matrix * scale**2 for matrix in score.matrices]
    if span is not None:
        matrices = [span.basis.T @ matrix @ span.basis for matrix in matrices]
        linear = None if linear is None else span.basis.T @ linear
    return Parameters(score.intercept, linear, matrices)
