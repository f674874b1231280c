# SPDX-License-Identifier: BSD-3-Clause
"""The log-odds of any fitted classifier of pairs."""

import numpy as np
from scipy.special import expit, logit

# Pairs on which a decision function is compared with the probabilities.
N_PROBES = 256
TOLERANCE = 1e-5


def log_odds_method(model, pairs):
    """Return the name of the method from which the log-odds of a model are read.

    The decision function, if it agrees with the probabilities or there are none; else
    the probabilities. Those of a sure model are rounded to 0 or 1, so they come second.
    """
    if not hasattr(model, "decision_function"):
        return "predict_proba"
    if not hasattr(model, "predict_proba"):
        return "decision_function"
    probes = pairs[:N_PROBES]
    expected = model.predict_proba(probes)[:, 1]
    scores = np.asarray(model.decision_function(probes))
    agree = np.abs(expit(scores) - expected).max() <= TOLERANCE
    return "decision_function" if agree else "predict_proba"


def read_log_odds(model, pairs, method):
    """Return log-odds by the method that :func:`log_odds_method` named."""
    if method == "decision_function":
        return np.asarray(model.decision_function(pairs))
    return log_odds_of(model.predict_proba(pairs)[:, 1])


def log_odds_of(probabilities):
    """Return finite log-odds: 0 and 1 count as the next number that they can hold."""
    probabilities = np.asarray(probabilities)
    if probabilities.dtype.kind != "f":
        probabilities = probabilities.astype(np.float64)
    least = np.finfo(probabilities.dtype).eps
    return logit(np.clip(probabilities, least, 1 - least))
