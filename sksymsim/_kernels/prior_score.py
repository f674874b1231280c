# SPDX-License-Identifier: BSD-3-Clause
"""The prior alone as a score: what sums of kernels are put on top of."""

from sksymsim._blocks import Team, effective_threads
from sksymsim._finishing import score_of_prior
from sksymsim._layout import make_design
from sksymsim._priors import build_prior


def fit_prior(form, estimator, known):
    """Return the prior that an estimator asks for as a score without intercept.

    Parameters
    ----------
    form : Form
        The form of the score.
    estimator : object
        Has `prior`, `shrinkage` and `n_jobs`.
    known : LabelledPairs
        Their weights are positive, with sum one.

    Returns
    -------
    score : FittedScore
    """
    # Where the form is a metric, the prior has to be one.
    psd = getattr(estimator, "psd", True)
    with Team(effective_threads(estimator.n_jobs)) as team:
        design = make_design(
            known.pairs, form, known.weights, team, estimator.prior, known.similar
        )
        targets = design.arrange(known.targets)
        weights = design.arrange(known.weights)
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
