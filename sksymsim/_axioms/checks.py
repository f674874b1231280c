# SPDX-License-Identifier: BSD-3-Clause
"""What is counted of each axiom, exactly or on a sample, and how sure it is."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from sksymsim._axioms.paths import count_paths, draw_pairs, draw_paths, draw_triples
from sksymsim._axioms.report import Axiom
from sksymsim._axioms.scores import rounding


@dataclass(frozen=True)
class Sample:
    """What is looked at.

    Parameters
    ----------
    scores : ItemScores
    own : ndarray of shape (n_items,)
        The score of each item with itself.
    rows : ndarray of int of shape (n_rows,)
        The items that are compared with all.
    table : ndarray of shape (n_rows, n_items)
        Their scores.
    threshold : float
    n_population : int
        The distinct items that the statements are about.
    n_draws : int
        The most pairs, triples and paths.
    n_witnesses : int
    confidence_level : float
    rng : numpy.random.Generator
    """

    scores: object
    own: np.ndarray
    rows: np.ndarray
    table: np.ndarray
    threshold: float
    n_population: int
    n_draws: int
    n_witnesses: int
    confidence_level: float
    rng: np.random.Generator

    @property
    def n_items(self):
        """The items that are looked at."""
        return len(self.own)

    @property
    def is_whole(self):
        """Whether every item is compared with every one."""
        return len(self.rows) == self.n_population

    def of(self, left, right):
        """Return the scores of pairs, by the table where it holds all of them."""
        if self.is_whole:
            return self.table[left, right]
        return self.scores(left, right)

    def others(self):
        """Return which entries of the table are of two different items."""
        other = np.ones(self.table.shape, dtype=bool)
        other[np.arange(len(self.rows)), self.rows] = False
        return other

    def independent(self, n_drawn, n_all):
        """Return how many independent draws a sample without replacement is worth."""
        return np.inf if n_drawn >= n_all else n_drawn * (n_all - 1) / (n_all - n_drawn)

    def axiom(self, name, bad, n_checked, n_independent, rate=None, **more):
        """Return the numbers of an axiom, with their interval.

        Parameters
        ----------
        name : str
        bad : int
            Violations.
        n_checked : int
        n_independent : float
            The independent draws that the rate is worth; infinite if it is exact.
        rate : float, default=None
            None takes the share.
        **more : dict
            Other fields of :class:`Axiom`.
        """
        if rate is None:
            rate = bad / n_checked if n_checked else np.nan
        low, high = wilson(rate, n_independent, self.confidence_level)
        return Axiom(
            name=name,
            n_checked=int(n_checked),
            n_violations=int(bad),
            rate=float(rate),
            low=low,
            high=high,
            is_exact=bool(np.isinf(n_independent)),
            **more,
        )


def wilson(rate, n_independent, confidence_level):
    """Return the interval of Wilson (J. Am. Stat. Assoc. 22 (1927), 209) of a rate.

    Infinitely many draws leave nothing open.
    """
    if np.isnan(rate) or np.isinf(n_independent):
        return float(rate), float(rate)
    square = norm.ppf((1 + confidence_level) / 2) ** 2 / n_independent
    middle = (rate + square / 2) / (1 + square)
    inside = rate * (1 - rate) + square / 4
    half = np.sqrt(max(0.0, square * inside)) / (1 + square)
    # An interval holds its rate, whatever the rounding.
    return (
        float(min(rate, max(0.0, middle - half))),
        float(max(rate, min(1.0, middle + half))),
    )


def worst_of(sizes, members, n_witnesses):
    """Return the members of the greatest sizes, each set of members once.

    Parameters
    ----------
    sizes : ndarray of shape (n_violations,)
    members : ndarray of int of shape (n_violations, n_members)
    n_witnesses : int
    """
    found = {}
    # A path may have been drawn several times; a pair is met from both of its sides.
    for place in np.argsort(-sizes, kind="stable"):
        if len(found) == n_witnesses:
            break
        found.setdefault(tuple(sorted(members[place].tolist())), members[place])
    return tuple(tuple(names.tolist()) for names in found.values())


def summed_up(sizes, members, n_witnesses):
    """Return the fields of an axiom that tell of the worst violations."""
    return {
        "worst": float(sizes.max(initial=0.0)),
        "witnesses": worst_of(sizes, members, n_witnesses),
    }


# ----------------------------------------------------------------------------- pairs


def symmetry_of(scores, threshold, n_draws, n_witnesses, rng, n_population):
    """Compare the scores of pairs in both orders.

    Returns
    -------
    fields : dict
        The arguments of :meth:`Sample.axiom`.
    """
    n_items = scores.n_items
    left, right = draw_pairs(n_items, n_draws, rng)
    there, back = scores.one_way(left, right), scores.one_way(right, left)
    gap = np.abs(there.astype(np.float64) - back)
    bad = gap > rounding(there)
    flips = (there > threshold) != (back > threshold)
    is_exact = len(left) == n_items * (n_items - 1) // 2 and n_items == n_population
    members = np.column_stack([left, right])
    return {
        "name": "symmetry",
        "bad": bad.sum(),
        "n_checked": len(gap),
        "n_independent": np.inf if is_exact else len(gap),
        **summed_up(gap[bad], members[bad], n_witnesses),
        "details": {
            "max_difference": float(gap.max(initial=0.0)),
            "n_order_decides": int(flips.sum()),
        },
    }


def reflexivity_of(sample):
    """Count the items that are not similar to themselves."""
    own = sample.own.astype(np.float64)
    bad = np.flatnonzero(~(own > sample.threshold))
    details = {"lowest_score": own.min(), "highest_score": own.max()}
    if sample.scores.has_probabilities:
        details["mean_probability"] = expit(own).mean()
    return sample.axiom(
        "reflexivity",
        len(bad),
        len(own),
        sample.independent(len(own), sample.n_population),
        **summed_up(sample.threshold - own[bad], bad[:, None], sample.n_witnesses),
        details={name: float(value) for name, value in details.items()},
    )


def self_first_of(sample):
    """Count the items that score higher with another item than with themselves."""
    others = np.where(sample.others(), sample.table, -np.inf)
    best = others.argmax(axis=1)
    top = others[np.arange(len(best)), best].astype(np.float64)
    gap = top - sample.own[sample.rows]
    bad = gap > 0
    has_others = sample.n_items > 1
    members = np.column_stack([sample.rows, best])[bad]
    return sample.axiom(
        "self_first",
        bad.sum(),
        len(sample.rows) if has_others else 0,
        sample.independent(len(sample.rows), sample.n_population),
        **summed_up(gap[bad], members, sample.n_witnesses),
        details={"largest_gap": float(gap.max()) if has_others else np.nan},
    )


def separation_of(sample):
    """Count the pairs of distinct items at no distance, or at an imaginary one."""
    own = sample.own
    squares = _squares(own[sample.rows, None], own, sample.table)
    other = sample.others()
    bad = other & (squares <= 0)
    per_row = bad.sum(axis=1)
    n_rows, n_others = len(per_row), sample.n_items - 1
    row, column = np.nonzero(bad)
    members = np.column_stack([sample.rows[row], column])
    negative = other & (squares < -4 * rounding(sample.table))
    # The whole table has every pair twice.
    halves = 2 if sample.is_whole else 1
    return sample.axiom(
        "separation",
        per_row.sum() // halves,
        n_rows * n_others // halves,
        _worth_of_rows(per_row, n_others, sample),
        **summed_up(-squares[bad], members, sample.n_witnesses),
        details={"n_without_distance": int(negative.sum()) // halves},
    )


def _squares(own, others, scores):
    """Return squared distances: s(x, x) + s(y, y) - 2 s(x, y), in double precision."""
    # By halves, as scores may be the largest numbers of their dtype.
    half = own.astype(np.float64) / 2 + others.astype(np.float64) / 2
    with np.errstate(over="ignore"):
        return 2.0 * (half - scores)


def _worth_of_rows(per_row, n_others, sample):
    """Return how many independent pairs the pairs of some rows are worth.

    Pairs of one item are alike, so that the spread between the items decides. It is
    never less than one pair for each item.
    """
    n_rows = len(per_row)
    least = sample.independent(n_rows, sample.n_population)
    if np.isinf(least) or n_rows < 2:
        return least
    shares = per_row / n_others
    rate = shares.mean()
    error = shares.var(ddof=1) / least
    if error == 0:
        return least
    return float(np.clip(rate * (1 - rate) / error, least, n_rows * n_others))


# --------------------------------------------------------------------------- triples


def triangle_of(sample):
    """Count the triples of which one distance is more than the sum of the others."""
    triples = draw_triples(sample.n_items, sample.n_draws, sample.rng)
    a, b, c = triples.T
    own = sample.own
    sides = [(a, c, b), (a, b, c), (b, c, a)]
    squares = np.column_stack(
        [_squares(own[x], own[y], sample.of(x, y)) for x, y, _ in sides]
    )
    # The longest one is between the first and the last, by way of the second.
    order = np.argsort(-squares, axis=1, kind="stable")
    squares = np.take_along_axis(squares, order, axis=1)
    middle = np.column_stack([b, c, a])[np.arange(len(a)), order[:, 0]]
    ends = np.column_stack([a, c, a, b, b, c]).reshape(-1, 3, 2)
    ends = ends[np.arange(len(a)), order[:, 0]]
    reach = 4 * rounding(sample.own if len(a) == 0 else sample.table)
    longest = np.sqrt(np.maximum(squares[:, 0] - reach, 0))
    detour = np.sqrt(np.maximum(squares[:, 1:] + reach, 0)).sum(axis=1)
    bad = longest > detour
    roots = np.sqrt(np.maximum(squares[bad], 0))
    excess = roots[:, 0] - roots[:, 1:].sum(axis=1)
    members = np.column_stack([ends[:, 0], middle, ends[:, 1]])[bad]
    n_all = sample.n_items * (sample.n_items - 1) * (sample.n_items - 2) // 6
    is_exact = len(a) == n_all and sample.n_items == sample.n_population
    return sample.axiom(
        "triangle",
        bad.sum(),
        len(a),
        np.inf if is_exact else len(a),
        **summed_up(excess, members, sample.n_witnesses),
        details={"largest_distance": float(np.sqrt(squares.max(initial=0.0)))},
    )


def transitivity_of(sample):
    """Count the paths a ~ b ~ c of which a and c are not similar."""
    similar = (sample.table > sample.threshold) & sample.others()
    middle, (a, c), n_all = draw_paths(similar, sample.n_draws, sample.rng)
    ends = sample.of(a, c).astype(np.float64)
    is_open = ~(ends > sample.threshold)
    legs = [sample.table[middle, end].astype(np.float64) for end in (a, c)]
    gap = np.minimum(*legs) - ends
    members = np.column_stack([a, sample.rows[middle], c])
    if sample.is_whole:
        n_checked, n_closed = count_paths(similar)
        n_open, worth = n_checked - n_closed, np.inf
    else:
        n_checked, n_open = len(a), is_open.sum()
        worth = _worth_of_paths(is_open, middle, similar)
    n_others = len(sample.rows) * (sample.n_items - 1)
    rate = similar.sum() / n_others if n_others else np.nan
    return sample.axiom(
        "transitivity",
        n_open,
        n_checked,
        worth,
        by_chance=float(1 - rate),
        **summed_up(gap[is_open], members[is_open], sample.n_witnesses),
        details={"similar_rate": float(rate), "n_paths": int(n_all)},
    )


def _worth_of_paths(is_open, middle, similar):
    """Return how many independent paths drawn ones are worth that share their middles.

    By the spread of the sums over the paths of one middle (a ratio of two sums over
    clusters); at least as many as there are middles, weighted by their paths.
    """
    degree = similar.sum(axis=1).astype(np.float64)
    paths = degree * (degree - 1) / 2
    if not paths.any():
        return 1.0
    n_middles = paths.sum() ** 2 / (paths**2).sum()
    n_drawn = len(is_open)
    rate = is_open.mean()
    sums = np.bincount(middle, is_open - rate, minlength=len(similar))
    n_used = max(2, np.count_nonzero(paths))
    error = (sums**2).sum() / n_drawn**2 * n_used / (n_used - 1)
    least = min(n_middles, n_drawn)
    if error == 0:
        return float(least)
    return float(np.clip(rate * (1 - rate) / error, least, n_drawn))
