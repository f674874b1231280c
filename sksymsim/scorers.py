# SPDX-License-Identifier: BSD-3-Clause
"""The metrics as scorers of scikit-learn: greater is better."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING

from sklearn.metrics import make_scorer

from sksymsim._evaluation.metric_table import (
    LOG_ODDS,
    ORDER,
    PROBABILITIES,
    scored_metrics,
)
from sksymsim._responses import log_odds_of
from sksymsim._validation.scores import OBSERVED, check_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["get_pair_scorer", "get_pair_scorer_names"]


def get_pair_scorer(name: str, **params: Any) -> Callable[..., Any]:
    """Return a metric of pairs as a scorer for searches and cross-validation.

    Parameters
    ----------
    name : str
        One of :func:`get_pair_scorer_names`. Those with ``neg_`` in front are errors
        or costs with their sign changed, so that greater is better.
    params : keyword arguments
        Parameters of the metric: ``p_target=0.05``, ``far=0.001``, ``n_bins=15``.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, pairs, y)``, as ``scoring=`` wants it.

    Raises
    ------
    ValueError
        If there is no such name.

    See Also
    --------
    get_threshold_scorer : Judges decisions, for the choice of a threshold.

    Notes
    -----
    Metrics of the order read the decision function, or the probabilities where there is
    none. "neg_cllr" and "neg_actual_dcf" take the log-odds of the probabilities at the
    rate of similar pairs of the fold; pass ``similar_rate`` if they hold at another.
    Weights of pairs are requested as for any scorer of scikit-learn:
    ``scorer.set_score_request(sample_weight=True)``.

    Examples
    --------
    >>> from sklearn.model_selection import GroupKFold, cross_val_score
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import get_pair_scorer
    >>> spoken = load_spoken_digits()
    >>> pairs, y, groups = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=900, n_groups=3, random_state=0
    ... )
    >>> scores = cross_val_score(
    ...     SymmetricPairClassifier(), pairs, y, groups=groups, cv=GroupKFold(3),
    ...     scoring=get_pair_scorer("tar_at_far", far=0.1),
    ... )
    >>> bool(scores.mean() > 0.8)
    True
    """
    check_option(name, get_pair_scorer_names(), "name")
    metric = scored_metrics()[name]
    response_method, adapt = _RESPONSES[metric.takes]
    return make_scorer(
        adapt(metric.function),
        response_method=response_method,
        greater_is_better=metric.greater_is_better,
        **params,
    )


def get_pair_scorer_names() -> list[str]:
    """Return the names that :func:`get_pair_scorer` knows.

    Returns
    -------
    names : list of str
        Sorted.

    Examples
    --------
    >>> from sksymsim import get_pair_scorer, get_pair_scorer_names
    >>> scoring = {name: get_pair_scorer(name) for name in get_pair_scorer_names()}
    >>> sorted(scoring)[-1]
    'tar_at_far'
    """
    return sorted(scored_metrics())


class _OfProbabilities:
    """A metric of log-odds as a function of probabilities.

    They are the log-odds at the rate of the labels, if nothing else is said.
    """

    def __init__(self, function):
        self.function = function
        self.__name__ = f"_{function.__name__}"
        # By which scikit-learn sees what it takes.
        self.__signature__ = inspect.signature(function)

    def __call__(self, y_true, y_prob, **options):
        options = {"similar_rate": OBSERVED, **options}
        return self.function(y_true, log_odds_of(y_prob), **options)

    def __reduce__(self):
        # Copied and pickled as functions are: by its name in this module.
        return self.__name__


@cache
def _of_probabilities(function):
    return _OfProbabilities(function)


def __getattr__(name):
    """Return a function of probabilities by the name that it has in pickles."""
    for metric in scored_metrics().values():
        if metric.takes == LOG_ODDS and name == f"_{metric.function.__name__}":
            return _of_probabilities(metric.function)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _as_it_is(function):
    return function


# What scikit-learn has to ask a model for, and what is made of a function then.
_RESPONSES = {
    ORDER: (("decision_function", "predict_proba"), _as_it_is),
    LOG_ODDS: ("predict_proba", _of_probabilities),
    PROBABILITIES: ("predict_proba", _as_it_is),
}
