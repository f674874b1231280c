# SPDX-License-Identifier: BSD-3-Clause
"""Losses of single pairs, and how far probabilities are from what comes true."""

import numpy as np
from scipy.special import log_expit, logit

from sksymsim._evaluation.curves import ROUNDING
from sksymsim._validation.scores import OBSERVED

BINNINGS = ("quantile", "uniform")


def log_likelihood_ratios(log_odds, similar, weights, similar_rate):
    """Return log-odds less those of the rate of similar pairs at which they hold.

    Parameters
    ----------
    log_odds : ndarray of shape (n_pairs,)
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,) or (n_weightings, n_pairs)
    similar_rate : float, "observed" or None
        "observed" is the weighted rate of the labels; None means that they are ratios
        already.
    """
    if similar_rate is None:
        return log_odds
    if isinstance(similar_rate, str) and similar_rate == OBSERVED:
        similar_rate = (weights @ similar / weights.sum(axis=-1))[..., None]
    return log_odds - logit(similar_rate)


def log_losses(margins):
    """Return the log-loss of pairs, given their log-odds with the sign of the label."""
    return -log_expit(margins)


def llr_cost(weights, similar, log_ratios):
    """Return Cllr of one or more weightings.

    Parameters
    ----------
    weights : ndarray of shape (n_pairs,) or (n_weightings, n_pairs)
    similar : ndarray of bool of shape (n_pairs,)
    log_ratios : ndarray of shape (n_pairs,) or (n_weightings, n_pairs)
    """
    losses = weights * log_losses(np.where(similar, log_ratios, -log_ratios))
    missed = losses @ similar / (weights @ similar)
    false = losses @ ~similar / (weights @ ~similar)
    return (missed + false) / (2 * np.log(2))


def bin_numbers(probabilities, weights, n_bins, strategy):
    """Return the bin of each probability; equal ones are never separated.

    Bins are closed on the right. The edges of "quantile" are those probabilities up to
    which at least 1/n_bins, 2/n_bins ... of the weight is found.
    """
    if strategy == "uniform":
        edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    else:
        order = np.argsort(probabilities, kind="stable")
        total = np.cumsum(weights[order])
        wanted = total[-1] * np.arange(1, n_bins) / n_bins * (1 - ROUNDING)
        edges = probabilities[order][np.searchsorted(total, wanted)]
    return np.searchsorted(edges, probabilities)


def surprises_by_bin(similar, probabilities, bins):
    """Return label less probability of each pair, in the column of its bin.

    Returns
    -------
    surprises : ndarray of shape (n_pairs, n_bins)
    """
    columns = np.zeros((len(bins), bins.max() + 1))
    columns[np.arange(len(bins)), bins] = similar - probabilities
    return columns


def calibration_error(weights, surprises):
    """Return the mean distance of rate and probability of one or more weightings."""
    gaps = np.abs(weights @ surprises).sum(axis=-1)
    return gaps / weights.sum(axis=-1)
