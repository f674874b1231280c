# SPDX-License-Identifier: BSD-3-Clause
"""The metrics of pairs: one entry each, of which scorers and reports are made.

To add one, write its function and its entry. With `function` it is a scorer, and so a
`scoring` of searches; with `weighted` it is a row of :func:`~sksymsim.pair_report`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sksymsim._evaluation.curves import (
    accept_rate_at,
    area,
    average_precision,
    equal_error,
    least_cost,
    least_llr_cost,
)
from sksymsim._evaluation.measures import (
    Measure,
    weighted_accuracy,
    weighted_brier_score,
    weighted_calibration_error,
    weighted_llr_cost,
    weighted_log_loss,
)
from sksymsim.calibration import actual_dcf, cllr, expected_calibration_error
from sksymsim.metrics import equal_error_rate, min_cllr, min_dcf, tar_at_far

ORDER, LOG_ODDS, PROBABILITIES = "order", "log-odds", "probabilities"


def _plain(asked):
    """Return the one setting of a metric without parameters: nothing, and no name."""
    return [("", {})]


@dataclass(frozen=True)
class Metric:
    """What is to be known of a metric.

    Parameters
    ----------
    title : str
        What a page calls it.
    takes : {"order", "log-odds", "probabilities"}
        What of a model it judges. Baselines have nothing but an order.
    greater_is_better : bool
    scale : {"rate", "cost", "plain"}
        See :class:`Measure`.
    optimistic : bool, default=False
        See :class:`Measure`.
    function : callable, default=None
        The public function. None if scikit-learn has it, and its scorer.
    weighted : callable, default=None
        Of any number of weightings: maps a curve for "order", and scores and weights
        otherwise. None if it is in no report.
    settings : callable
        Maps what a report is asked for, `far` and `p_target`, to rows of the report:
        what stands behind the name, and the parameters of `weighted`.
    """

    title: str
    takes: str
    greater_is_better: bool
    scale: str
    optimistic: bool = False
    function: Callable | None = None
    weighted: Callable | None = None
    settings: Callable = _plain

    @property
    def scorer(self):
        """The name of the scorer: errors and costs have their sign changed."""
        sign = "" if self.greater_is_better else "neg_"
        return f"{sign}{self.function.__name__}"


# By their names in reports, and in the order in which these show them.
METRICS = {
    "roc_auc": Metric("ROC-AUC", ORDER, True, "rate", weighted=area),
    "average_precision": Metric(
        "Average precision", ORDER, True, "rate", weighted=average_precision
    ),
    "equal_error_rate": Metric(
        "Equal error rate",
        ORDER,
        False,
        "rate",
        function=equal_error_rate,
        weighted=equal_error,
    ),
    "tar_at_far": Metric(
        "True accepts at a rate of false accepts of",
        ORDER,
        True,
        "rate",
        function=tar_at_far,
        weighted=accept_rate_at,
        settings=lambda asked: [(f"={f:g}", {"far": f}) for f in asked["far"]],
    ),
    "min_dcf": Metric(
        "Least detection cost",
        ORDER,
        False,
        "cost",
        optimistic=True,
        function=min_dcf,
        weighted=partial(least_cost, c_miss=1.0, c_fa=1.0),
        settings=lambda asked: [("", {"p_target": asked["p_target"]})],
    ),
    "min_cllr": Metric(
        "Cllr after the best calibration (bits)",
        ORDER,
        False,
        "cost",
        optimistic=True,
        function=min_cllr,
        weighted=least_llr_cost,
    ),
    "cllr": Metric(
        "Cllr (bits)",
        LOG_ODDS,
        False,
        "cost",
        function=cllr,
        weighted=weighted_llr_cost,
    ),
    "log_loss": Metric(
        "Log-loss (nats)", LOG_ODDS, False, "cost", weighted=weighted_log_loss
    ),
    "brier_score": Metric(
        "Brier score", LOG_ODDS, False, "rate", weighted=weighted_brier_score
    ),
    "calibration_error": Metric(
        "Calibration error",
        PROBABILITIES,
        False,
        "plain",
        function=expected_calibration_error,
        weighted=weighted_calibration_error,
    ),
    "accuracy": Metric("Accuracy", LOG_ODDS, True, "rate", weighted=weighted_accuracy),
    "actual_dcf": Metric(
        "Detection cost", LOG_ODDS, False, "cost", function=actual_dcf
    ),
}


def scored_metrics():
    """Return the metrics that are scorers, by the names of these."""
    return {m.scorer: m for m in METRICS.values() if m.function is not None}


def rank_measures(far, p_target):
    """Return the measures that depend on the order of the scores alone."""
    asked = {"far": far, "p_target": p_target}
    return _measures(asked, lambda metric: metric.takes == ORDER)


def probability_measures():
    """Return the measures of log-odds, taken at the rate of the weighted pairs."""
    return _measures({}, lambda metric: metric.takes != ORDER)


def _measures(asked, is_wanted):
    return [
        Measure(
            name + behind,
            partial(metric.weighted, **parameters) if parameters else metric.weighted,
            metric.greater_is_better,
            metric.scale,
            metric.optimistic,
        )
        for name, metric in METRICS.items()
        if metric.weighted is not None and is_wanted(metric)
        for behind, parameters in metric.settings(asked)
    ]


def metric_of(name):
    """Return the metric of a row of a report, and what stands behind its name."""
    base, _, behind = name.partition("=")
    return METRICS[base], behind
