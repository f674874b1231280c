# SPDX-License-Identifier: BSD-3-Clause
"""The prior alone as a score: what sums of kernels are put on top of."""

import numpy as np

from sksymsim._blocks import Team, effective_threads
from sksymsim._fitting import score_of_prior
from sksymsim._layout import make_design
from sksymsim._priors import build_prior


def fit_prior(form, estimator, pairs, similar, weights):
    """Return the prior that an estimator asks for as a score without intercept.

    Parameters
    ----------
    form : Form
        The form of the score.
    estimator : object
        Has `prior`, `shrinkage` and `n_jobs`.
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
        Positive, with sum one.

    Returns
    -------
    score : FittedScore
    """
    # Where the form is a metric, the prior has to be one.
    psd = getattr(estimator, "psd", True)
    with Team(effective_threads(estimator.n_jobs)) as team:
        design = make_design(pairs, form, weights, team, estimator.prior, similar)
        targets = design.arrange(np.where(similar, 1.0, -1.0))
        weights = design.arrange(weights)
        prior = build_prior(
            form,
            estimator.prior,
            estimator.shrinkage,
            design,
            targets,
            weights,
            psd=psd,
        )
        return score_of_prior(design, prior, targets, weights)
