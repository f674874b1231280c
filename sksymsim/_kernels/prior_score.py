# SPDX-License-Identifier: BSD-3-Clause
"""The prior alone as a score: what sums of kernels are put on top of."""

from sksymsim._finishing import score_of_prior
from sksymsim._matrix_fit import prepared


def fit_prior(form, estimator, known):
    """Return the prior that an estimator asks for as a score without intercept.

    Parameters
    ----------
    form : Form
        The form of the score.
    estimator : object
        Has `prior`, `shrinkage` and `n_jobs`, and perhaps `psd`.
    known : LabelledPairs
        Their weights are positive, with sum one.

    Returns
    -------
    score : FittedScore
    """
    with prepared(form, estimator, known) as problem:
        return score_of_prior(*problem)
