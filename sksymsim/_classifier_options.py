# SPDX-License-Identifier: BSD-3-Clause
"""The values that parameters of SymmetricPairClassifier may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._forms import FORMS
from sksymsim._priors import PRIOR
from sksymsim._validation.axioms import check_reflexive_form
from sksymsim._validation.kernels import COEF0, DEGREE, GAMMA
from sksymsim._validation.parameters import (
    BOOL,
    N_JOBS,
    NONE,
    RANDOM_STATE,
    VERBOSE,
    Choice,
    Instance,
    Number,
    check_parameters,
)
from sksymsim._validation.targets import check_similar_rate

if TYPE_CHECKING:
    from typing import Any

# The form whose unknowns are coefficients of pairs, in sums of kernels.
POLY = "poly"

PARAMETERS: dict[str, list[Any]] = {
    "form": [Choice(*FORMS, POLY)],
    "alpha": [Number(float, 0)],
    "prior": PRIOR,
    "shrinkage": [Number(float, 0, 1)],
    "psd": [BOOL],
    "reflexive": [BOOL],
    "n_components": [NONE, Number(int, 1)],
    "degree": DEGREE,
    "gamma": GAMMA,
    "coef0": COEF0,
    "fit_intercept": [BOOL],
    "similar_rate": [NONE, Number(float, 0, 1, open_low=True, open_high=True)],
    "class_weight": [NONE, Choice("balanced"), Instance("a dict", (dict,))],
    "max_iter": [Number(int, 1)],
    "tol": [Number(float, 0, open_low=True)],
    "warm_start": [BOOL],
    "n_jobs": [NONE, N_JOBS],
    "random_state": [RANDOM_STATE],
    "verbose": VERBOSE,
}


def check_options(classifier):
    """Check each parameter of a classifier, and those that depend on each other."""
    check_parameters(classifier, PARAMETERS)
    check_similar_rate(classifier.similar_rate, classifier.fit_intercept)
    if classifier.reflexive:
        form = FORMS.get(classifier.form)
        check_reflexive_form(classifier.form, form, classifier.psd)
