# SPDX-License-Identifier: BSD-3-Clause
"""The metrics of pairs by their definitions: loops over all thresholds."""

import math
from itertools import pairwise

import numpy as np


def operating_points(y, scores, weights):
    """Return (rate of false accepts, rate of true accepts) of every threshold."""
    n_similar = sum(w for label, w in zip(y, weights, strict=True) if label)
    n_dissimilar = sum(weights) - n_similar
    points = []
    for threshold in [math.inf, *sorted(set(scores), reverse=True)]:
        hits = false = 0.0
        for label, score, weight in zip(y, scores, weights, strict=True):
            if score >= threshold:
                hits += weight * bool(label)
                false += weight * (not label)
        points.append((false / n_dissimilar, hits / n_similar))
    return points


def equal_error_rate(y, scores, weights):
    points = operating_points(y, scores, weights)
    for (far, tar), (next_far, next_tar) in pairwise(points):
        gap, next_gap = (1 - tar) - far, (1 - next_tar) - next_far
        if gap >= 0 >= next_gap and gap > next_gap:
            way = gap / (gap - next_gap)
            return far + way * (next_far - far)
    raise AssertionError("the curve crosses the diagonal somewhere")


def min_dcf(y, scores, weights, p, c_miss, c_fa):
    costs = [
        c_miss * p * (1 - tar) + c_fa * (1 - p) * far
        for far, tar in operating_points(y, scores, weights)
    ]
    return min(costs) / min(c_miss * p, c_fa * (1 - p))


def actual_dcf(y, ratios, weights, p, c_miss, c_fa):
    """Each pair is decided by its own expected costs."""
    miss = false = n_similar = n_dissimilar = 0.0
    for label, ratio, weight in zip(y, ratios, weights, strict=True):
        accept = c_miss * p * math.exp(ratio) >= c_fa * (1 - p)
        n_similar += weight * bool(label)
        n_dissimilar += weight * (not label)
        miss += weight * (bool(label) and not accept)
        false += weight * (not label and accept)
    cost = c_miss * p * miss / n_similar + c_fa * (1 - p) * false / n_dissimilar
    return cost / min(c_miss * p, c_fa * (1 - p))


def tar_at_far(y, scores, weights, far):
    points = operating_points(y, scores, weights)
    return max(tar for rate, tar in points if rate <= far + 1e-12)


def cllr(y, ratios, weights):
    sums, totals = [0.0, 0.0], [0.0, 0.0]
    for label, ratio, weight in zip(y, ratios, weights, strict=True):
        sign = -1 if label else 1
        sums[bool(label)] += weight * math.log2(1 + math.exp(sign * ratio))
        totals[bool(label)] += weight
    return (sums[0] / totals[0] + sums[1] / totals[1]) / 2


def min_cllr(y, scores, weights):
    """The rising map by the min-max formula of isotonic regression."""
    levels = sorted(set(scores))
    n_similar = sum(w for label, w in zip(y, weights, strict=True) if label)
    n_dissimilar = sum(weights) - n_similar
    mass = [[0.0, 0.0] for _ in levels]
    for label, score, weight in zip(y, scores, weights, strict=True):
        total = n_similar if label else n_dissimilar
        mass[levels.index(score)][bool(label)] += weight / total
    mass = [pair for pair in mass if sum(pair) > 0]

    def mean(start, stop):
        similar = sum(pair[1] for pair in mass[start : stop + 1])
        return similar / sum(sum(pair) for pair in mass[start : stop + 1])

    cost = 0.0
    for i, (dissimilar, similar) in enumerate(mass):
        p = max(min(mean(a, b) for b in range(i, len(mass))) for a in range(i + 1))
        cost -= similar * math.log2(p) if similar else 0.0
        cost -= dissimilar * math.log2(1 - p) if dissimilar else 0.0
    return cost / 2


def calibration_error(y, probabilities, weights, n_bins, strategy):
    """Bins are closed on the right; quantiles are those of the repeated pairs."""
    if strategy == "uniform":
        edges = [k / n_bins for k in range(1, n_bins)]
    else:
        repeated = sorted(
            p for p, w in zip(probabilities, weights, strict=True) for _ in range(w)
        )
        edges = [
            repeated[-(-k * len(repeated) // n_bins) - 1] for k in range(1, n_bins)
        ]
    gaps = [0.0] * n_bins
    for label, p, weight in zip(y, probabilities, weights, strict=True):
        gaps[sum(p > edge for edge in edges)] += weight * (bool(label) - p)
    return sum(map(abs, gaps)) / sum(weights)


def dyadic_variance(influences, units):
    """Sum of psi psi' over all ordered pairs of pairs that share a unit."""
    total = 0.0
    for psi, sides in zip(influences, units, strict=True):
        for other, other_sides in zip(influences, units, strict=True):
            if np.intersect1d(sides, other_sides).size:
                total += psi * other
    return total
