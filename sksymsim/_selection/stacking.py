# SPDX-License-Identifier: BSD-3-Clause
"""Non-negative combinations of log-odds, and of the scores that they come from."""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize

from sksymsim._factors import signed_factor
from sksymsim._forms import FORMS, both, total
from sksymsim._objective import fit_scale_and_intercept, log_loss
from sksymsim._score import FittedScore

# Half the squared weights are penalised by this, in units of the log-odds' spread: it
# decides between members that say the same, and no more.
RIDGE = 1e-4
# Members of less weight than this share of the largest are left out.
NEGLIGIBLE_WEIGHT = 1e-2


def platt(scores, targets, weights):
    """Return the scale >= 0 and the shift of log-odds that are the most likely."""
    return fit_scale_and_intercept(scores, targets, weights / weights.sum(), True)


def nonnegative_logistic(columns, targets, weights):
    """Fit weights >= 0 and an intercept: logistic regression on log-odds.

    Wolpert, Stacked generalization, Neural Networks 5 (1992), 241; with weights that
    are not negative after Breiman, Stacked regressions, Machine Learning 24 (1996), 49.

    Parameters
    ----------
    columns : ndarray of shape (n_members, n_pairs)
    targets : ndarray of shape (n_pairs,) of +-1
    weights : ndarray of shape (n_pairs,)

    Returns
    -------
    member_weights : ndarray of shape (n_members,)
    intercept : float
    """
    weights = weights / weights.sum()
    spread = columns @ weights
    spread = np.sqrt(((columns - spread[:, None]) ** 2) @ weights)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = columns / spread[:, None]

    def function(theta):
        value, slopes = log_loss(theta[:-1] @ scaled + theta[-1], targets, weights)
        gradient = np.append(scaled @ slopes + RIDGE * theta[:-1], slopes.sum())
        return value + RIDGE / 2 * theta[:-1] @ theta[:-1], gradient

    bounds = [(0, None)] * len(columns) + [(None, None)]
    start = np.full(len(columns) + 1, 1 / len(columns))
    start[-1] = 0.0
    found = minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds)
    member_weights, intercept = found.x[:-1], float(found.x[-1])
    member_weights[member_weights < NEGLIGIBLE_WEIGHT * member_weights.max()] = 0.0
    return member_weights / spread, intercept


def rescaled(score, scale, shift):
    """Return the score whose log-odds are scale * s + shift; the scale is positive."""
    return replace(
        score,
        intercept=scale * score.intercept + shift,
        linear=None if score.linear is None else scale * score.linear,
        factors=tuple(np.sqrt(scale) * v for v in score.factors),
    )


def weighted_sum(scores, weights, shift):
    """Return one score of degree two that is a weighted sum of several.

    Parameters
    ----------
    scores : list of FittedScore
        Of items of one space.
    weights : sequence of float
    shift : float

    Returns
    -------
    score : FittedScore
        "mahalanobis" or "bilinear" where all are, and "quadratic" otherwise.
    """
    forms = {score.form for score in scores}
    linears = [score.linear for score in scores]
    width = scores[0].n_features
    if forms in ({"mahalanobis"}, {"bilinear"}):
        name = forms.pop()
        matrices = [
            sum(w * s.matrices[0] for w, s in zip(weights, scores, strict=True))
        ]
        linear = None
    else:
        name = "quadratic"
        matrices = _as_quadratic(scores, weights)
        linear = np.zeros(width)
        for w, part in zip(weights, linears, strict=True):
            linear += 0.0 if part is None else w * part
    intercept = sum(w * s.intercept for w, s in zip(weights, scores, strict=True))
    factors, signs = zip(*map(signed_factor, matrices), strict=True)
    factors = tuple(np.ascontiguousarray(v) for v in factors)
    return FittedScore(name, float(intercept + shift), linear, factors, tuple(signs))


def _as_quadratic(scores, weights):
    """Return the matrices of the terms of "quadratic" that a weighted sum has."""
    terms = FORMS["quadratic"].terms
    matrices = {term.sides: 0.0 for term in terms}
    for w, score in zip(weights, scores, strict=True):
        for term, matrix in zip(score.terms, score.matrices, strict=True):
            part = w * term.coefficient * matrix
            if term.sides is both:
                # a'Bb = (p'Bp - q'Bq) / 4 with p = a + b and q = a - b.
                for sides in matrices:
                    sign = 1 if sides is total else -1
                    matrices[sides] = matrices[sides] + sign * part / 4
            else:
                matrices[term.sides] = matrices[term.sides] + part
    width = scores[0].n_features
    return [
        np.zeros((width, width)) + matrices[term.sides] / term.coefficient
        for term in terms
    ]
