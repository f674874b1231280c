# SPDX-License-Identifier: BSD-3-Clause
"""The values that parameters of the search may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._forms import FORMS
from sksymsim._selection.candidates import PLAIN_PRIORS
from sksymsim._selection.ready_made import READY_MADE
from sksymsim._selection.rules import scoring_names
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
from sksymsim._validation.search import (
    check_candidates,
    check_choices,
    check_cv,
    check_error_score,
    check_forms,
    check_numbers,
    check_sizes,
)

if TYPE_CHECKING:
    from typing import Any

PARAMETERS: dict[str, list[Any]] = {
    "combine": [Choice("auto", "stack", "best")],
    "scoring": [
        Instance("the name of a scorer", (str,)),
        Instance("a scorer", methods=("__call__",)),
    ],
    "psd": [BOOL],
    "max_iter": [Number(int, 1)],
    "tol": [Number(float, 0, open_low=True)],
    "n_jobs": [NONE, N_JOBS],
    "random_state": [RANDOM_STATE],
    "verbose": VERBOSE,
}


def check_options(search):
    """Check the parameters of a search, and return the lists to search in.

    Parameters
    ----------
    search : SymmetricPairClassifierCV

    Returns
    -------
    lists : dict of list
        By the names of the parameters.
    """
    check_parameters(search, PARAMETERS)
    owner = type(search).__name__
    if isinstance(search.scoring, str):
        check_choices([search.scoring], scoring_names(), "scoring", owner)
    check_candidates(search.candidates, READY_MADE, owner)
    check_error_score(search.error_score, owner)
    check_cv(search.cv, owner)
    return {
        "whitenings": check_numbers(
            search.whitenings, 0, 1, "whitenings", owner, none_allowed=True
        ),
        "pca_components": check_sizes(search.pca_components, "pca_components", owner),
        "forms": check_forms(search.forms, FORMS, owner),
        "priors": check_choices(search.priors, PLAIN_PRIORS, "priors", owner),
        "shrinkages": check_numbers(search.shrinkages, 0, 1, "shrinkages", owner),
        "alphas": check_numbers(search.alphas, 1e-300, 1e300, "alphas", owner),
    }
