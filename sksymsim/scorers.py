# SPDX-License-Identifier: BSD-3-Clause
"""The metrics as scorers of scikit-learn: greater is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.metrics import make_scorer

from sksymsim._responses import log_odds_of
from sksymsim._validation.scores import OBSERVED, check_option
from sksymsim.calibration import actual_dcf, cllr, expected_calibration_error
from sksymsim.metrics import equal_error_rate, min_cllr, min_dcf, tar_at_far

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["get_pair_scorer", "get_pair_scorer_names"]

RANKS = ("decision_function", "predict_proba")


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
    return _SCORERS[name](params)


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
    return sorted(_SCORERS)


def _cllr(y_true, y_prob, *, similar_rate=OBSERVED, sample_weight=None, pos_label=None):
    return cllr(
        y_true,
        log_odds_of(y_prob),
        similar_rate=similar_rate,
        sample_weight=sample_weight,
        pos_label=pos_label,
    )


def _actual_dcf(
    y_true,
    y_prob,
    *,
    p_target=0.01,
    c_miss=1.0,
    c_fa=1.0,
    similar_rate=OBSERVED,
    sample_weight=None,
    pos_label=None,
):
    return actual_dcf(
        y_true,
        log_odds_of(y_prob),
        p_target=p_target,
        c_miss=c_miss,
        c_fa=c_fa,
        similar_rate=similar_rate,
        sample_weight=sample_weight,
        pos_label=pos_label,
    )


def _maker(metric, response_method, greater_is_better=False):
    """Return a function of the metric's parameters that makes the scorer."""

    def make(params):
        return make_scorer(
            metric,
            response_method=response_method,
            greater_is_better=greater_is_better,
            **params,
        )

    return make


_SCORERS = {
    "neg_actual_dcf": _maker(_actual_dcf, "predict_proba"),
    "neg_cllr": _maker(_cllr, "predict_proba"),
    "neg_equal_error_rate": _maker(equal_error_rate, RANKS),
    "neg_expected_calibration_error": _maker(
        expected_calibration_error, "predict_proba"
    ),
    "neg_min_cllr": _maker(min_cllr, RANKS),
    "neg_min_dcf": _maker(min_dcf, RANKS),
    "tar_at_far": _maker(tar_at_far, RANKS, greater_is_better=True),
}
