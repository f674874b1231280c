# SPDX-License-Identifier: BSD-3-Clause
"""Factors of matrices, and where the problem in factors begins."""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import eigh

from sksymsim._models import FactorModel, Parameters
from sksymsim._objective import fit_scale_and_intercept
from sksymsim._scaling import covariances

# Rows of Q that start at zero would stay there, as the gradient by Q is 2QG. Those of
# eigenvalue zero begin at this share of the largest one instead.
EIGENVALUE_FLOOR = 1e-3
# Where the best scale of a start is zero, it is this.
SMALLEST_SCALE = 1e-3
# Eigenvalues below this share of the largest one are rounding, not signal.
NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class FactorStart:
    """Parameters of a ``FactorModel`` and the scores of the pairs under them."""

    parameters: Parameters
    scores: np.ndarray


def effects(design, weights, bases, options):
    """Return by what the effect of a component is told, None if all are kept.

    Of the pairs alone, so that the problem does not depend on its start.

    Parameters
    ----------
    design : PairDesign, GraphDesign or SummedMoments
    weights : ndarray
        The weights that the fit is made with.
    bases : dict
        What the design was turned by.
    options : FitOptions
    """
    if options.n_components is None:
        return None
    natural = covariances(design, weights)
    return {k: bases[k].T @ c @ bases[k] for k, (c, _) in natural.items()}


def begin_factors(objective, matrices, spreads, options):
    """Return the objective over factors, and where to start in it.

    With fewer components than features, the prior is cut down as well: to the
    directions in which the pairs differ most. Without that, a large alpha would
    shrink everything to zero, as no matrix of low rank is near a prior of full rank.

    Parameters
    ----------
    objective : PairObjective
        Over a ``MatrixModel`` and a turned design.
    matrices : Parameters or None
        The solution without a constraint; None begins at the prior that is left with so
        many components.
    spreads : dict of ndarray or None
        The covariance of the sides of each combiner, as :func:`effects` has them.
    options : FitOptions

    Returns
    -------
    objective : PairObjective
    start : FactorStart
    """
    prior = objective.model.prior
    signs, prior_signs = [], []

    def cut(matrices, floor, signs):
        factors = []
        for term, matrix in zip(objective.form.terms, matrices, strict=True):
            v, s = signed_factor(matrix, floor if options.constrained else None)
            if spreads is not None:
                v, s = _leading(v, s, spreads[term.sides], options.n_components)
            factors.append(v)
            signs.append(s)
        return factors

    cut_prior = Parameters(0.0, prior.linear, cut(prior.arrays, 0.0, prior_signs))
    if matrices is None:
        model = FactorModel(cut_prior, prior_signs, prior_signs)
        objective = objective.over(model)
        start = FactorStart(cut_prior, objective.scores(cut_prior))
        return objective, _rescaled(objective, start)
    factors = cut(matrices.arrays, EIGENVALUE_FLOOR, signs)
    objective = objective.over(FactorModel(cut_prior, prior_signs, signs))
    begin = Parameters(matrices.intercept, matrices.linear, factors)
    starts = [FactorStart(begin, objective.scores(begin))]
    # The projection of a solution onto the semidefinite matrices may be far from any
    # good score, and is near one when it is scaled.
    starts.append(_rescaled(objective, starts[0]))
    if spreads is not None and all(map(np.array_equal, signs, prior_signs)):
        starts.append(
            _rescaled(objective, FactorStart(cut_prior, objective.scores(cut_prior)))
        )
    values = [objective.value(start.parameters, start.scores) for start in starts]
    return objective, starts[int(np.argmin(values))]


def _rescaled(objective, start):
    """Return a start with its best scale and intercept."""
    factors = start.parameters
    scores = start.scores - factors.intercept
    scale, intercept = fit_scale_and_intercept(
        scores, objective.targets, objective.weights, objective.fit_intercept
    )
    # The gradient by a factor of zero is zero, so that is no place to begin.
    scale = max(scale, SMALLEST_SCALE)
    linear = None if factors.linear is None else scale * factors.linear
    arrays = [scale**0.5 * v for v in factors.arrays]
    scaled = Parameters(intercept, linear, arrays)
    return FactorStart(scaled, scale * scores + intercept)


def _leading(factor, signs, covariance, n_components):
    """Return the part of V' diag(signs) V of the most effect under a covariance."""
    rows, effects, row_signs = [], [], []
    for sign in (1.0, -1.0):
        v = factor[signs == sign]
        if not len(v):
            continue
        lam, basis = eigh(v @ covariance @ v.T)
        rows.append(basis.T @ v)
        effects.append(np.abs(lam))
        # Not the sign of an effect, which rounding decides where it is nil.
        row_signs.append(np.full(len(v), sign))
    if not rows:
        return factor, signs
    rows, effects, row_signs = map(np.concatenate, (rows, effects, row_signs))
    kept = np.argsort(-effects, kind="stable")[:n_components]
    return rows[kept], row_signs[kept]


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
