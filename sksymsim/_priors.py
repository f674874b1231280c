# SPDX-License-Identifier: BSD-3-Clause
"""The metric that the solution is drawn to: closed forms, no iteration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.linalg import eigh
from sklearn.exceptions import NotFittedError

from sksymsim._forms import difference, total
from sksymsim._models import Parameters
from sksymsim._validation.parameters import Choice, Instance
from sksymsim._validation.sizes import check_prior_matrix


@dataclass(frozen=True)
class Prior:
    """theta_0, in the span of the pairs and outside of it.

    Parameters
    ----------
    parameters : Parameters
        theta_0 as matrices.
    outside : float, default=0.0
        The metric is this multiple of the identity where the pairs are zero.
    is_identity : bool, default=False
        Whether the metric is the identity, so that distances are plain ones.
    """

    parameters: Parameters
    outside: float = 0.0
    is_identity: bool = False


@dataclass(frozen=True)
class NamedPrior:
    """A prior that the user can ask for by name.

    Parameters
    ----------
    build : callable
        Returns a :class:`Prior`.
    needs_items : bool
        Whether it is made from single items, and not from differences or sums only.
    """

    build: Callable
    needs_items: bool


def build_prior(form, prior, shrinkage, design, targets, weights, *, psd):
    """Return theta_0 as matrices, in the rescaled units of the design.

    Parameters
    ----------
    form : Form
    prior : {"identity", "covariance", "kissme"}, ndarray or fitted metric learner
    shrinkage : float
        Share of the mean variance that is put in place of each covariance.
    design : PairDesign
    targets, weights : ndarray of shape (n_pairs,)
    psd : bool
        Whether the metric has to be positive semidefinite.

    Returns
    -------
    prior : Prior
    """
    if isinstance(prior, str):
        build = PRIORS[prior].build
        return build(form, shrinkage, design, targets, weights, psd=psd)
    if hasattr(prior, "get_mahalanobis_matrix"):
        prior = _learned_matrix(prior)
    psd = psd and form.has_metric
    metric = check_prior_matrix(prior, design.n_features, psd=psd)
    # The overall size of the prior is free, so only its direction has to be kept.
    return Prior(_from_metric(form, metric / np.abs(metric).max(), psd=psd))


def _learned_matrix(learner):
    try:
        return learner.get_mahalanobis_matrix()
    except NotFittedError as error:
        raise NotFittedError(
            f"the learner given as prior, {type(learner).__name__}, is not fitted. If "
            "it was, scikit-learn has cloned it since: wrap it in FrozenEstimator "
            "(sklearn.frozen) to keep it as it is."
        ) from error


def _identity(form, shrinkage, design, targets, weights, *, psd):
    metric = np.eye(design.n_features)
    return Prior(_from_metric(form, metric, psd=False), 1.0, is_identity=True)


def _covariance(form, shrinkage, design, targets, weights, *, psd):
    """Return the inverse of the shrunk covariance of the items."""
    mean = design.mean_total(weights) / 2
    covariance = design.pooled_moment(weights, np.float64) - np.outer(mean, mean)
    level = float(np.trace(covariance)) / design.n_ambient
    metric = _shrunk_inverse(covariance, shrinkage, level)
    outside = float(_shrunk_inverse(np.zeros((1, 1)), shrinkage, level)[0, 0])
    return Prior(_from_metric(form, metric, psd=psd), outside)


def _kissme(form, shrinkage, design, targets, weights, *, psd):
    """Return the log-likelihood ratio of two Gaussians, one for each label.

    For differences: Koestinger et al., Large scale metric learning from equivalence
    constraints, CVPR 2012. With the sums: the two-covariance form of PLDA, Cumani et
    al., Pairwise discriminative speaker verification in the i-vector space, IEEE
    TASLP 21 (2013), 1217.
    """
    metric = _inverse_gap(design, difference, targets, weights, shrinkage)
    if not form.has_linear:
        return Prior(_from_metric(form, metric, psd=psd))
    mean = design.mean_total(weights)
    sums = -_inverse_gap(design, total, targets, weights, shrinkage, mean)
    matrices = [sums if term.sides is total else -metric for term in form.terms]
    return Prior(Parameters(0.0, -sums @ mean, matrices))


PRIORS = {
    "identity": NamedPrior(_identity, needs_items=False),
    "covariance": NamedPrior(_covariance, needs_items=True),
    "kissme": NamedPrior(_kissme, needs_items=False),
}


# What the parameter may be.
PRIOR = [
    Choice(*PRIORS),
    Instance("an array of shape (n_features, n_features)", (np.ndarray,)),
    Instance(
        "a fitted learner with get_mahalanobis_matrix()",
        methods=("get_mahalanobis_matrix",),
    ),
]


def _inverse_gap(design, sides, targets, weights, shrinkage, center=None):
    """Return inverse covariance of similar pairs minus that of dissimilar pairs.

    Both are taken about one center (the origin if None).
    """
    covariances = []
    for sign in (1, -1):
        share = np.where(targets == sign, weights, 0.0)
        share = share / share.sum()
        covariance = design.moment(sides, share, np.float64)
        if center is not None:
            cross = np.outer(design.mean_total(share), center)
            covariance += np.outer(center, center) - cross - cross.T
        covariances.append(covariance)
    # One level for both: where the data say nothing, the gap is to be zero.
    level = float(np.trace(covariances[0] + covariances[1])) / (2 * design.n_ambient)
    similar, dissimilar = (_shrunk_inverse(c, shrinkage, level) for c in covariances)
    return similar - dissimilar


def _shrunk_inverse(covariance, shrinkage, level):
    """Return ((1 - shrinkage) C + shrinkage level I) ** -1."""
    if level <= 0:
        return np.eye(len(covariance))
    lam, basis = eigh(covariance)
    # Without shrinkage, the inverse still has to exist.
    lam = np.maximum((1 - shrinkage) * lam + shrinkage * level, 1e-10 * level)
    return (basis / lam) @ basis.T


def _from_metric(form, metric, *, psd):
    """Return the parameters that a metric stands for in a form."""
    if psd and form.has_metric:
        lam, basis = eigh((metric + metric.T) / 2)
        metric = (basis * np.maximum(lam, 0.0)) @ basis.T
    linear = np.zeros(len(metric)) if form.has_linear else None
    return Parameters(0.0, linear, [term.prior_sign * metric for term in form.terms])
