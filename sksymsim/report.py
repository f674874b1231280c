# SPDX-License-Identifier: BSD-3-Clause
"""pair_report: every measure of a model, beside cosine and Euclid, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.special import expit, logit
from sklearn.utils import check_random_state

from sksymsim._evaluation.baselines import cosine_and_euclid
from sksymsim._evaluation.bootstrap import spread
from sksymsim._evaluation.measures import LogOddsScores, RankedScores
from sksymsim._evaluation.metric_table import probability_measures, rank_measures
from sksymsim._reports.report import PairReport
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.items import check_finite_pairs, check_pairs, takes_pairs
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import Number
from sksymsim._validation.scores import (
    OPEN_RATE,
    check_has_probabilities,
    check_labels_of_model,
    check_n_units,
    check_number,
    check_rates,
    check_scores,
    check_units,
)
from sksymsim.deployment import reweighted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from sksymsim._typing import Booleans, Estimator, Floats, PairsLike, Seed

__all__ = ["pair_report"]


@takes_pairs
def pair_report(
    model: Estimator,
    pairs: PairsLike,
    y: ArrayLike,
    *,
    far: Sequence[float] = (0.1, 0.01),
    p_target: float = 0.01,
    similar_rate: float | None = None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    n_bootstrap: int = 1000,
    confidence_level: float = 0.95,
    n_jobs: int | None = None,
    random_state: Seed = None,
) -> PairReport:
    """Measure a model on pairs that it has not seen, with intervals.

    Cosine and Euclid of the same pairs stand beside it, with the differences.

    Parameters
    ----------
    model : estimator
        A fitted classifier of pairs, or a Pipeline, with `predict_proba`.
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
        Pairs of items that the model was not fitted on.
    y : array-like of shape (n_pairs,)
        Their labels.
    far : sequence of float, default=(0.1, 0.01)
        Rates of false accepts at which the true ones are reported.
    p_target : float, default=0.01
        The rate of similar pairs of the detection cost, see :func:`min_dcf`.
    similar_rate : float, default=None
        The rate of similar pairs, in (0, 1), for which the numbers shall be; the pairs
        are weighted to it. None takes the pairs as they are.
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights.
    groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
        What is independent of each other, if items are not: the speaker, the product,
        the document. One group for each side, or one that holds both. None takes the
        distinct items.
    n_bootstrap : int, default=1000
        Replicates of each of the two bootstraps.
    confidence_level : float, default=0.95
        The level of the intervals, in (0, 1).
    n_jobs : int, default=None
        Threads, as in :class:`SymmetricPairClassifier`; the numbers do not depend on
        it.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same intervals at every call.

    Returns
    -------
    report : PairReport
        Print it, or take ``report.table``, ``report.to_frame()``.

    Raises
    ------
    AttributeError
        If `model` has no `predict_proba`.
    TypeError
        If the pairs are of a type that holds no pairs or no numbers.
    ValueError
        If a parameter, the pairs, the labels or the weights cannot be used, or there
        are fewer than three independent items or groups.

    See Also
    --------
    PairReport : What is returned.
    get_pair_scorer : The same measures, one at a time, for a search.

    Notes
    -----
    Pairs that share an item are not independent, and a bootstrap of pairs takes them
    for that: its intervals are too short. Here the items are weighted at random, a pair
    by the product of its two items [1]_ [2]_, and what that counts more than once is
    taken out, measured by a bootstrap of pairs [3]_ [4]_. Quantiles are those of
    Student's t with one degree of freedom less than items. Intervals of rates are even
    in log-odds, those of costs in logarithms. Those of `min_dcf` and `min_cllr`, which
    are the best of many on few pairs, are moved by the estimated bias and widened by
    it, so that the estimate may lie outside.

    All replicates use one sort of the scores. `cllr` takes the log-odds at the
    (weighted) rate of these pairs. The bins of `calibration_error` hold equal weight,
    and stay as they are in the replicates. Cosine and Euclid are no probabilities, so
    they have the measures that depend on the order alone.

    References
    ----------
    .. [1] Owen, A. The pigeonhole bootstrap. Ann. Appl. Stat. 1 (2007), 386-411.
    .. [2] Snijders, T. and Borgatti, S. Non-parametric standard errors and tests for
       network statistics. Connections 22 (1999), 161-170.
    .. [3] Cameron, A., Gelbach, J. and Miller, D. Robust inference with multiway
       clustering. J. Bus. Econ. Stat. 29 (2011), 238-249.
    .. [4] Fafchamps, M. and Gubert, F. The formation of risk sharing networks. J. Dev.
       Econ. 83 (2007), 326-350.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import pair_report
    >>> spoken = load_spoken_digits()
    >>> train = spoken.take >= 5
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data[train], spoken.speaker[train], n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> test, y_test, _ = make_pairs(
    ...     spoken.data[~train], spoken.speaker[~train], n_pairs=1000, random_state=1
    ... )
    >>> report = pair_report(model, test, y_test, n_bootstrap=200, random_state=0)
    >>> frame = report.to_frame().set_index(["metric", "of"])
    >>> bool(frame.loc[("roc_auc", "model - cosine"), "low"] > 0)
    True
    """
    pairs = check_pairs(pairs)
    check_finite_pairs(pairs)
    far, _ = check_rates(far, Number(float, 0, 1), "far")
    p_target = check_number(p_target, OPEN_RATE, "p_target")
    check_number(n_bootstrap, Number(int, 10), "n_bootstrap")
    check_memory(64 * n_bootstrap, f"{n_bootstrap} replicates", "lower n_bootstrap")
    confidence_level = check_number(confidence_level, OPEN_RATE, "confidence_level")
    if similar_rate is not None:
        similar_rate = check_number(similar_rate, OPEN_RATE, "similar_rate")
    check_has_probabilities(model)
    y = check_labels_of_model(y, model, len(pairs))
    rows = np.arange(len(pairs))
    similar, rows, weights = check_scores(y, rows, sample_weight, model.classes_[1])
    rows = rows.astype(np.intp)
    units = check_units(groups, len(pairs))
    pairs = pairs[rows]
    units = pairs.to_index().index if units is None else units[rows]
    check_n_units(units)

    method = log_odds_method(model, pairs)
    cosine, euclid = cosine_and_euclid(pairs)
    log_odds = read_log_odds(model, pairs, method).astype(np.float64)
    scores = {"model": log_odds, "cosine": cosine, "euclid": euclid}
    if similar_rate is not None:
        weights = reweighted(weights, similar, similar_rate)
    comparison = Comparison(similar, scores, weights, far, p_target, similar_rate)
    found = spread(
        comparison.values,
        units,
        weights,
        n_bootstrap,
        check_random_state(random_state),
        n_jobs,
    )
    return PairReport(
        table=make_table(comparison.columns(), found, confidence_level),
        model=model,
        similar=similar,
        scores=scores,
        sample_weight=weights,
        n_units=found.n_units,
        n_bootstrap=int(n_bootstrap),
        confidence_level=confidence_level,
        similar_rate=similar_rate,
        busiest_share=busiest_share(units),
    )


def busiest_share(units: Any) -> float:
    """Return the share of the pairs that hold the unit that is in most of them."""
    codes = np.unique(units, return_inverse=True)[1].reshape(units.shape)
    within = codes[:, 0] == codes[:, 1]
    counts = np.bincount(np.append(codes[:, 0], codes[~within, 1]))
    return float(counts.max() / len(units))


class Comparison:
    """A model beside scores of which only the order counts.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    scores : dict of ndarray of shape (n_pairs,)
        "model" comes first and holds log-odds.
    weights : ndarray of shape (n_pairs,)
    far : sequence of float
    p_target : float
    similar_rate : float or None
        The rate of similar pairs to hold in every replicate.
    """

    def __init__(
        self,
        similar: Booleans,
        scores: dict[str, Floats],
        weights: Floats,
        far: Floats,
        p_target: float,
        similar_rate: float | None,
    ) -> None:
        self.similar = similar
        self.similar_rate = similar_rate
        measures = rank_measures(far, p_target)
        self.ranked = {
            name: RankedScores(similar, values, measures)
            for name, values in scores.items()
        }
        self.log_odds = LogOddsScores(
            similar, scores["model"], weights, probability_measures()
        )

    def values(self, weights: Floats) -> Floats:
        """Return all numbers, for weights of shape (n_weightings, n_pairs)."""
        if self.similar_rate is not None:
            weights = reweighted(weights, self.similar, self.similar_rate)
        values = [ranked.values(weights) for ranked in self.ranked.values()]
        differences = [values[0] - other for other in values[1:]]
        return np.hstack([*values, *differences, self.log_odds.values(weights)])

    def columns(self) -> list[tuple[str, Any]]:
        """Return for each number what it is of, and its measure."""
        model, *others = self.ranked
        names = [*self.ranked, *[f"{model} - {other}" for other in others]]
        measures = self.ranked[model].measures
        columns = [(name, measure) for name in names for measure in measures]
        return columns + [(model, measure) for measure in self.log_odds.measures]


def make_table(
    columns: Any, found: Any, confidence_level: float
) -> list[dict[str, Any]]:
    """Return one entry for each number, those of a measure together."""
    quantile = float(stats.t.ppf((1 + confidence_level) / 2, found.n_units - 1))
    entries = []
    numbers = zip(columns, found.estimate, found.error, found.bias, strict=True)
    for (of, measure), estimate, error, bias in numbers:
        scale = "difference" if " - " in of else measure.scale
        center, reach = estimate, error
        if measure.optimistic:
            # The bias is known as badly as it is large.
            center, reach = estimate - bias, np.hypot(error, bias)
        low, high = interval(center, quantile * reach, scale)
        entries.append(
            {
                "metric": measure.name,
                "of": of,
                "estimate": float(estimate),
                "low": float(low),
                "high": float(high),
                "standard_error": float(error),
            }
        )
    order = list(dict.fromkeys(entry["metric"] for entry in entries))
    return sorted(entries, key=lambda entry: order.index(entry["metric"]))


def interval(center: Any, half: Any, scale: str) -> tuple[Any, Any]:
    """Return the ends of an interval that is even on its scale.

    Parameters
    ----------
    center : float
    half : float
        Half of its width where the scale is straight.
    scale : {"rate", "cost", "plain", "difference"}
        Even in log-odds, in logarithms, or as it is: not below zero, or anywhere.
    """
    if scale == "rate" and 0 < center < 1:
        place, reach = logit(center), half / (center * (1 - center))
        return expit(place - reach), expit(place + reach)
    if scale == "cost" and center > 0:
        return center * np.exp(-half / center), center * np.exp(half / center)
    low, high = center - half, center + half
    return (low, high) if scale == "difference" else (max(low, 0.0), max(high, 0.0))
