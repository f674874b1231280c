# SPDX-License-Identifier: BSD-3-Clause
"""The fit of matrices to labelled pairs, with prior and start as an estimator asks."""

from contextlib import contextmanager

from sksymsim._blocks import Team, effective_threads
from sksymsim._finishing import restart_parameters
from sksymsim._fitting import FitOptions, fit_score
from sksymsim._forms import FORMS
from sksymsim._layout import make_design
from sksymsim._priors import build_prior


@contextmanager
def prepared(form, estimator, known):
    """Prepare what a fit begins with; the threads of the design are there within.

    Parameters
    ----------
    form : Form
        The form of the score.
    estimator : object
        Has `prior`, `shrinkage` and `n_jobs`, and perhaps `psd`.
    known : LabelledPairs
        Their weights are positive, with sum one.

    Yields
    ------
    design : PairDesign or GraphDesign
    prior : Prior
    targets, weights : ndarray of shape (n_pairs,)
        In the order of the design.
    """
    # Where the form is a metric and nothing else is said, the prior has to be one.
    psd = getattr(estimator, "psd", True)
    wanted, shrinkage = estimator.prior, estimator.shrinkage
    with Team(effective_threads(estimator.n_jobs)) as team:
        design = make_design(
            known.pairs, form, known.weights, team, wanted, known.similar
        )
        targets = design.arrange(known.targets)
        weights = design.arrange(known.weights)
        prior = build_prior(form, wanted, shrinkage, design, targets, weights, psd=psd)
        yield design, prior, targets, weights


def fit_matrices(classifier, known, watch=None):
    """Return the solution for the form and the parameters of a classifier.

    Parameters
    ----------
    classifier : SymmetricPairClassifier
    known : LabelledPairs
        Their weights are positive, with sum one.
    watch : callable, default=None
        See :class:`FitOptions`.

    Returns
    -------
    solution : Solution
    """
    options = FitOptions.of(classifier, watch)
    with prepared(FORMS[classifier.form], classifier, known) as problem:
        design, *_ = problem
        earlier = earlier_score(classifier, design.n_ambient)
        start = None if earlier is None else restart_parameters(earlier, design)
        return fit_score(*problem, options, start)


def earlier_score(classifier, n_features):
    """Return the last solution, if it is wanted and fits, or None."""
    score = getattr(classifier, "_score", None)
    if not classifier.warm_start or score is None:
        return None
    if score.form != classifier.form or classifier.n_features_in_ != n_features:
        return None
    # Components of length zero have a gradient of zero: the rank cannot grow.
    wanted = 0 if classifier.n_components is None else classifier.n_components
    if min(map(len, score.factors)) < wanted:
        return None
    return score
