# SPDX-License-Identifier: BSD-3-Clause
"""Which candidate a search takes, by what each said of held-out pairs."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t

from sksymsim._evaluation.losses import log_losses
from sksymsim._pair_keys import number_pairs
from sksymsim._selection.stacking import nonnegative_logistic, platt

# How sure a search has to be that what was learned is better than a baseline.
CONFIDENCE = 0.99


@dataclass(frozen=True)
class HeldOutPairs:
    """The test pairs of all folds, one fold after the other.

    Parameters
    ----------
    targets : ndarray of shape (n_held,) of +-1
    weights : ndarray of shape (n_held,)
    parts : ndarray of int of shape (n_held,)
        Choices are made on all parts but one and judged on that one.
    nodes : ndarray of int of shape (n_held, 2)
        The item of each side. Pairs that share one are not independent.
    splits : ndarray of int of shape (n_held,)
        Parts of one split were scored by the same fits.
    """

    targets: np.ndarray
    weights: np.ndarray
    parts: np.ndarray
    nodes: np.ndarray
    splits: np.ndarray

    @property
    def n_parts(self):
        """The number of parts."""
        return int(self.parts.max()) + 1

    def losses(self, scores):
        """Return the log-loss of each pair."""
        return log_losses(self.targets * scores)


def weights_at_rate(weights, similar, parts, rate):
    """Return weights by which all parts count the same, at one rate of similar pairs.

    Pairs that share no group or item with training are similar at a rate of their own,
    which says nothing of a candidate.
    """
    weights = weights.astype(np.float64)
    for part in range(int(parts.max()) + 1):
        mine = parts == part
        for chosen, share in ((mine & similar, rate), (mine & ~similar, 1 - rate)):
            # In this order: what very small weights divide may overflow.
            weights[chosen] = share * (weights[chosen] / weights[chosen].sum())
    return weights


def calibrated(scores, held):
    """Return log-odds with the scale and the shift that are best in each part.

    New groups have levels of their own, which no candidate can know: what is left is
    how well it tells pairs apart.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_held)

    Returns
    -------
    scores : ndarray of shape (n_candidates, n_held)
    scales : ndarray of shape (n_candidates, n_parts)
    """
    result = np.empty_like(scores)
    scales = np.empty((len(scores), held.n_parts))
    for part in range(held.n_parts):
        rows = held.parts == part
        for i, row in enumerate(scores[:, rows]):
            scale, shift = platt(row, held.targets[rows], held.weights[rows])
            result[i, rows] = scale * row + shift
            scales[i, part] = scale
    return result, scales


def log_loss_gains(scores, held):
    """Return minus the mean log-loss of each candidate in each part.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_held)

    Returns
    -------
    gains : ndarray of shape (n_candidates, n_parts)
    """
    gains = np.empty((len(scores), held.n_parts))
    for part in range(held.n_parts):
        rows = held.parts == part
        weights = held.weights[rows]
        losses = log_losses(held.targets[rows] * scores[:, rows])
        gains[:, part] = -(losses @ weights) / weights.sum()
    return gains


def choose_one(gains, plainness):
    """Return the plainest candidate within one standard error of the best.

    Breiman et al., Classification and Regression Trees (1984), section 3.4.3; the error
    is that of the difference to the best, as parts differ more than candidates.

    Parameters
    ----------
    gains : ndarray of shape (n_candidates, n_parts)
        Larger is better.
    plainness : list of tuple

    Returns
    -------
    chosen : int
    """
    means = gains.mean(axis=1)
    best = int(np.argmax(means))
    if gains.shape[1] < 2:
        return best
    gaps = gains[best] - gains
    close = np.flatnonzero(gaps.mean(axis=1) <= standard_error(gaps))
    return int(min(close, key=lambda i: plainness[i]))


def best_of_each(gains, families):
    """Return the best candidate of each family, in the order of the families."""
    means = gains.mean(axis=1)
    best = {}
    for i, family in enumerate(families):
        if family not in best or means[i] > means[best[family]]:
            best[family] = i
    return list(best.values())


@dataclass(frozen=True)
class Blend:
    """A combination of candidates.

    Parameters
    ----------
    members : ndarray of int
    weights : ndarray of float
        Of the log-odds of the members; positive.
    intercept : float
    """

    members: np.ndarray
    weights: np.ndarray
    intercept: float

    def scores(self, scores):
        """Return the blended log-odds, given those of all candidates."""
        return self.weights @ scores[self.members] + self.intercept


def fit_stack(scores, held, gains, families, rows=slice(None)):
    """Combine the best candidate of each family.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_held)
    held : HeldOutPairs
    gains : ndarray of shape (n_candidates, n_parts)
        By which the best are found.
    families : list of str
    rows : slice or ndarray, default=slice(None)
        The held-out pairs to fit on.

    Returns
    -------
    blend : Blend
    """
    members = np.array(best_of_each(gains, families))
    weights, intercept = nonnegative_logistic(
        scores[members][:, rows], held.targets[rows], held.weights[rows]
    )
    kept = weights > 0
    return Blend(members[kept], weights[kept], intercept)


def in_plain_units(blend, raw, scales, held, rows=slice(None)):
    """Return a blend of calibrated log-odds as one of those that models say.

    Each member has the scale of the median part, so that members count as much as they
    did, and the whole has the scale and the shift that are best in the median split.

    Parameters
    ----------
    blend : Blend
        Of log-odds that were calibrated part by part.
    raw : ndarray of shape (n_candidates, n_held)
    scales : ndarray of shape (n_candidates, n_parts)
        Of the parts to go by.
    held : HeldOutPairs
    rows : slice or ndarray, default=slice(None)
    """
    member_weights = blend.weights * np.median(scales[blend.members], axis=1)
    kept = member_weights > 0
    members, member_weights = blend.members[kept], member_weights[kept]
    mix, chosen = member_weights @ raw[members], np.zeros(len(held.parts), dtype=bool)
    chosen[rows] = True
    levels = []
    for split in np.unique(held.splits[rows]):
        mine = chosen & (held.splits == split)
        levels.append(platt(mix[mine], held.targets[mine], held.weights[mine]))
    # That of the smaller scale, if there are two in the middle: a fold whose training
    # pairs can be separated has log-odds of any size.
    levels.sort()
    scale, shift = levels[(len(levels) - 1) // 2]
    if scale == 0:
        return Blend(members[:0], member_weights[:0], shift)
    return Blend(members, scale * member_weights, shift)


def nested(fit, held):
    """Return log-odds of each part by what was chosen and fitted on the others.

    Parameters
    ----------
    fit : callable
        Maps (rows, other parts) to a function that returns all log-odds.
    held : HeldOutPairs

    Returns
    -------
    scores : ndarray of shape (n_held,)
    """
    result = np.empty(len(held.parts))
    for part in range(held.n_parts):
        mine = held.parts == part
        others = np.arange(held.n_parts) != part
        result[mine] = fit(np.flatnonzero(~mine), others)[mine]
    return result


def loss_gain_is_sure(gaps, held):
    """Say whether a mean gain in log-loss is more than noise.

    Parameters
    ----------
    gaps : ndarray of shape (n_held,)
        The loss of the baseline less that of what was learned.

    Returns
    -------
    sure : bool
    """
    weights = held.weights / held.weights.sum()
    mean = float(weights @ gaps)
    by_part = np.array(
        [
            np.average(gaps[held.parts == p], weights=held.weights[held.parts == p])
            for p in range(held.n_parts)
        ]
    )
    error = pair_error(gaps - mean, weights, held.nodes)
    sure = mean > student_t.ppf(CONFIDENCE, len(gaps)) * error
    return bool(sure and by_part.mean() > standard_error(by_part))


def standard_error(by_part):
    """Return the standard error of a mean over the parts, the last axis."""
    return by_part.std(axis=-1, ddof=1) / np.sqrt(by_part.shape[-1])


def part_gain_is_sure(by_part):
    """Say whether the mean over the parts is above zero, by Student's t."""
    bound = student_t.ppf(CONFIDENCE, len(by_part) - 1) * standard_error(by_part)
    return bool(by_part.mean() > bound)


def pair_error(gaps, weights, nodes):
    """Return the standard error of a weighted mean of pairs that share items.

    Aronow, Samii and Assenova, Cluster-robust variance estimation for dyadic data,
    Political Analysis 23 (2015), 564: products of pairs that share an item are summed.
    Never less than if all pairs were independent.
    """
    parts = weights * gaps
    n_nodes = int(nodes.max()) + 1
    # A pair of an item with itself has one node, any other pair two: there the products
    # with itself, and with the same pair in another row, are counted twice.
    two = nodes[:, 0] != nodes[:, 1]
    by_node = np.bincount(nodes[:, 0], parts, n_nodes)
    by_node += np.bincount(nodes[two, 1], parts[two], n_nodes)
    by_pair = np.bincount(number_pairs(nodes), np.where(two, parts, 0.0))
    variance = float(by_node @ by_node) - float(by_pair @ by_pair)
    return float(np.sqrt(max(variance, float(parts @ parts))))
