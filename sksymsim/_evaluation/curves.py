# SPDX-License-Identifier: BSD-3-Clause
"""What happens at each threshold: one sort of the scores, any number of weightings.

Pairs are accepted at a threshold if their score is at least as high. Equal scores are
accepted together, so a curve has one point for each distinct score, and one more for
the threshold above all scores. Every function of a :class:`Curve` returns one number
for each weighting.
"""

from functools import cached_property

import numpy as np
from scipy.special import logit, xlogy

try:
    from scipy.optimize import isotonic_regression
except (
    ImportError
):  # SciPy < 1.12; the checks of scikit-learn's take five times the work
    from sklearn.isotonic import isotonic_regression as sklearn_isotonic

    isotonic_regression = None

# Sums of weights are compared with a rate times another such sum, equal but for this.
ROUNDING = 1e-9


class Ranking:
    """Pairs in falling order of their scores.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    scores : ndarray of shape (n_pairs,)

    Attributes
    ----------
    order : ndarray of int of shape (n_pairs,)
        The pairs, those with the highest scores first.
    ends : ndarray of int of shape (n_distinct,)
        The place in that order of the last pair of each distinct score.
    thresholds : ndarray of shape (n_distinct,)
        The distinct scores, falling.
    """

    def __init__(self, similar, scores):
        self.order = np.argsort(-scores, kind="stable")
        ranked = scores[self.order]
        changes = np.flatnonzero(np.diff(ranked))
        self.ends = np.append(changes, len(ranked) - 1)
        self.thresholds = ranked[self.ends]
        self.similar = similar[self.order]

    def curve(self, weights):
        """Return the curve of given weights.

        Parameters
        ----------
        weights : ndarray of shape (n_pairs,) or (n_weightings, n_pairs)
            In the order of the pairs that were ranked.
        """
        ranked = np.atleast_2d(weights)[:, self.order]
        return Curve(
            self._accepted(ranked * self.similar),
            self._accepted(ranked * ~self.similar),
        )

    def point_at(self, threshold):
        """Return the point of the curve at a threshold: the number of scores above."""
        return np.searchsorted(-self.thresholds, -threshold, side="right")

    def _accepted(self, ranked):
        sums = np.zeros((len(ranked), len(self.ends) + 1))
        if len(self.ends) == len(self.order):
            np.cumsum(ranked, axis=1, out=sums[:, 1:])
        else:
            sums[:, 1:] = np.cumsum(ranked, axis=1)[:, self.ends]
        return sums


class Curve:
    """The weights that are accepted at each threshold.

    Parameters
    ----------
    hits : ndarray of shape (n_weightings, n_distinct + 1)
        Weight of the similar pairs that are accepted; the first column is zero.
    false : ndarray of shape (n_weightings, n_distinct + 1)
        The same for dissimilar pairs.
    """

    def __init__(self, hits, false):
        self.hits = hits
        self.false = false
        self.n_similar = hits[:, -1:]
        self.n_dissimilar = false[:, -1:]

    @cached_property
    def miss_rates(self):
        """The share of similar pairs that are rejected."""
        return 1 - self.hits / self.n_similar

    @cached_property
    def false_rates(self):
        """The share of dissimilar pairs that are accepted."""
        return self.false / self.n_dissimilar

    @cached_property
    def steps(self):
        """The weights of similar and of dissimilar pairs at each distinct score."""
        return np.diff(self.hits, axis=1), np.diff(self.false, axis=1)


def area(curve):
    """Return the area under the ROC curve; a tie counts one half."""
    similar, dissimilar = curve.steps
    above = curve.hits[:, :-1]
    total = np.einsum("bi,bi->b", above + similar / 2, dissimilar)
    return total / (curve.n_similar * curve.n_dissimilar)[:, 0]


def average_precision(curve):
    """Return the mean precision over the similar pairs, each at its own score."""
    similar, _ = curve.steps
    accepted = curve.hits[:, 1:] + curve.false[:, 1:]
    precision = curve.hits[:, 1:] / np.where(accepted > 0, accepted, 1)
    return np.einsum("bi,bi->b", similar, precision) / curve.n_similar[:, 0]


def equal_error(curve):
    """Return where the lines between the points of the ROC have equal error rates."""
    gaps = curve.miss_rates - curve.false_rates  # from 1 down to -1
    rows = np.arange(len(gaps))
    after = np.argmax(gaps <= 0, axis=1)
    before = after - 1
    high, low = gaps[rows, before], gaps[rows, after]
    way = high / (high - low)
    rates = curve.false_rates
    start = rates[rows, before]
    return start + way * (rates[rows, after] - start)


def detection_costs(curve, p_target, c_miss, c_fa):
    """Return the normalised cost at each threshold."""
    miss, false = c_miss * p_target, c_fa * (1 - p_target)
    cost = miss * curve.miss_rates + false * curve.false_rates
    return cost / min(miss, false)


def least_cost(curve, p_target, c_miss, c_fa):
    """Return the least normalised cost of all thresholds."""
    return detection_costs(curve, p_target, c_miss, c_fa).min(axis=1)


def bayes_threshold(p_target, c_miss, c_fa):
    """Return the log-likelihood ratio from which to accept is the cheaper decision."""
    return np.log(c_fa / c_miss) - logit(p_target)


def last_within(curve, far):
    """Return the last point of the curve whose false-accept rate is at most `far`."""
    most = far * (1 + ROUNDING) * curve.n_dissimilar
    return np.count_nonzero(curve.false <= most, axis=1) - 1


def accept_rate_at(curve, far):
    """Return the greatest share of similar pairs accepted at a false-accept rate."""
    rows = np.arange(len(curve.hits))
    return curve.hits[rows, last_within(curve, far)] / curve.n_similar[:, 0]


def least_llr_cost(curve):
    """Return Cllr after the best rising map of the scores, in bits."""
    similar, dissimilar = curve.steps
    # Neighbours of one label alone always end up in one pool: they are put into one
    # beforehand, which leaves fewer and costs less.
    has_similar, has_dissimilar = similar.any(axis=0), dissimilar.any(axis=0)
    only_similar = has_similar & ~has_dissimilar
    only_dissimilar = has_dissimilar & ~has_similar
    joined = only_similar[1:] & only_similar[:-1]
    joined |= only_dissimilar[1:] & only_dissimilar[:-1]
    first = np.append(0, np.flatnonzero(~joined) + 1)
    similar = np.add.reduceat(similar, first, axis=1)
    dissimilar = np.add.reduceat(dissimilar, first, axis=1)
    rows = zip(similar, dissimilar, strict=True)
    return np.array([_isotonic_cost(*row) for row in rows])


def _isotonic_cost(similar, dissimilar):
    """Return Cllr of the map that pool-adjacent-violators finds.

    With both classes at the same weight, a probability p means the ratio p / (1 - p).
    """
    similar = similar / similar.sum()
    dissimilar = dissimilar / dissimilar.sum()
    weights = similar + dissimilar
    kept = weights > 0
    similar, dissimilar, weights = similar[kept], dissimilar[kept], weights[kept]
    p = _pool(similar / weights, weights)
    # The sums of the pools, and not p and 1 - p, of which one may round to zero.
    first = np.append(0, np.flatnonzero(np.diff(p)) + 1)
    similar = np.add.reduceat(similar, first)
    dissimilar = np.add.reduceat(dissimilar, first)
    pool = similar + dissimilar
    nats = xlogy(similar, similar / pool) + xlogy(dissimilar, dissimilar / pool)
    return max(0.0, -nats.sum() / (2 * np.log(2)))


def _pool(values, weights):
    """Return the falling sequence that is nearest in weighted squares."""
    if isotonic_regression is None:
        return sklearn_isotonic(values, sample_weight=weights, increasing=False)
    return isotonic_regression(values, weights=weights, increasing=False).x
