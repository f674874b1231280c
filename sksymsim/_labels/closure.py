# SPDX-License-Identifier: BSD-3-Clause
"""The pairs that follow from labelled ones, drawn without a list of them all."""

from dataclasses import dataclass

import numpy as np

from sksymsim._sampling import draw_distinct, sorted_distinct, triangle_pair


@dataclass(frozen=True)
class Inferred:
    """Pairs that follow from labels, in *units*: a group, or two groups held apart.

    Parameters
    ----------
    ends : ndarray of int of shape (n_new, 2)
        Their items.
    unit : ndarray of int of shape (n_new,)
        Which unit each is of.
    unit_of_distinct : ndarray of int of shape (n_distinct,)
        Which unit each distinct given pair is of, or -1.
    n_units : int
    n_possible : int
        How many pairs follow in all.
    """

    ends: np.ndarray
    unit: np.ndarray
    unit_of_distinct: np.ndarray
    n_units: int
    n_possible: int


class _Groups:
    """The items of each group in a row.

    Parameters
    ----------
    graph : LabelGraph
    """

    def __init__(self, graph):
        self.sizes = graph.sizes
        self.items = np.argsort(graph.group, kind="stable")
        self.first = np.cumsum(graph.sizes) - graph.sizes
        self.place = np.empty_like(self.items)
        self.place[self.items] = np.arange(self.items.size)
        self.place -= self.first[graph.group]

    def item(self, group, place):
        """Return the items at some places of groups."""
        return self.items[self.first[group] + place]


class SimilarUnits:
    """Groups free of contradictions, each with all pairs of its items.

    Parameters
    ----------
    graph : LabelGraph
    """

    def __init__(self, graph):
        self._groups = _Groups(graph)
        of_group = np.full(graph.sizes.size, -1)
        self._group = np.flatnonzero((graph.sizes > 1) & ~graph.torn)
        of_group[self._group] = np.arange(self._group.size)
        size = graph.sizes[self._group]
        self.sizes = size * (size - 1) // 2
        self.unit_of_distinct = np.where(
            graph.link, of_group[graph.group[graph.ends[:, 0]]], -1
        )
        self.unit_of_taken = self.unit_of_distinct
        place = np.sort(self._groups.place[graph.ends], axis=1)
        low, high = place.T
        self.place_of_distinct = high * (high - 1) // 2 + low

    def ends(self, unit, place):
        """Return the items of pairs at some places of units."""
        low, high = triangle_pair(place)
        group = self._group[unit]
        return np.column_stack(
            [self._groups.item(group, low), self._groups.item(group, high)]
        )


class DissimilarUnits:
    """Two groups free of contradictions, held apart, with all pairs between them.

    Parameters
    ----------
    graph : LabelGraph
    """

    def __init__(self, graph):
        self._groups = _Groups(graph)
        ends = graph.ends
        # The item of the lower group first.
        swapped = graph.group[ends[:, 0]] > graph.group[ends[:, 1]]
        ends = np.where(swapped[:, None], ends[:, ::-1], ends)
        group = graph.group[ends]
        whole = (group[:, 0] != group[:, 1]) & ~graph.torn[group].any(axis=1)
        n_groups = graph.sizes.size
        key = group[:, 0] * n_groups + group[:, 1]
        unit_keys = sorted_distinct(key[whole & graph.apart])
        self._group = np.column_stack(np.divmod(unit_keys, n_groups))
        size = graph.sizes[self._group]
        self.sizes = size[:, 0] * size[:, 1]
        # Disputed pairs between such groups are not inferred either.
        self.unit_of_taken = np.full(len(ends), -1)
        if unit_keys.size:
            unit = np.minimum(np.searchsorted(unit_keys, key), unit_keys.size - 1)
            known = whole & (unit_keys[unit] == key)
            self.unit_of_taken[known] = unit[known]
        self.unit_of_distinct = np.where(graph.apart, self.unit_of_taken, -1)
        place = self._groups.place[ends]
        width = graph.sizes[group[:, 1]]
        self.place_of_distinct = place[:, 0] * width + place[:, 1]

    def ends(self, unit, place):
        """Return the items of pairs at some places of units."""
        low, high = self._group[unit].T
        one, other = np.divmod(place, self._groups.sizes[high])
        return np.column_stack(
            [self._groups.item(low, one), self._groups.item(high, other)]
        )


def possible_pairs(units):
    """Return how many pairs follow from labels in all, beside those given."""
    return int(units.sizes.sum()) - int((units.unit_of_taken >= 0).sum())


def quotas(units, growth):
    """Return how many pairs each unit may get, as fractions.

    Parameters
    ----------
    units : SimilarUnits or DissimilarUnits
    growth : float or None
        The most for each given distinct pair of the unit.
    """
    n_taken, n_given = (
        np.bincount(unit[unit >= 0], minlength=units.sizes.size)
        for unit in (units.unit_of_taken, units.unit_of_distinct)
    )
    free = units.sizes - n_taken
    return free if growth is None else np.minimum(free, growth * n_given)


def draw(units, counts, rng):
    """Draw distinct pairs that are not among those given.

    Parameters
    ----------
    units : SimilarUnits or DissimilarUnits
    counts : ndarray of int of shape (n_units,)
        How many of each.
    rng : numpy.random.RandomState

    Returns
    -------
    inferred : Inferred
    """
    starts = np.concatenate([[0], np.cumsum(units.sizes, dtype=np.int64)])
    known = units.unit_of_taken >= 0
    taken = starts[units.unit_of_taken[known]] + units.place_of_distinct[known]
    ranks = np.sort(draw_distinct(counts, units.sizes, rng, np.sort(taken)))
    unit = np.searchsorted(starts, ranks, side="right") - 1
    ends = units.ends(unit, ranks - starts[unit])
    # Which side is which says nothing of the groups.
    swapped = rng.uniform(size=len(ends)) < 0.5
    ends[swapped] = ends[swapped, ::-1]
    return Inferred(
        ends, unit, units.unit_of_distinct, units.sizes.size, possible_pairs(units)
    )


def shared_weights(inferred, number, rows, weights):
    """Return weights under which each unit weighs what its given pairs did.

    New pairs have the mean weight of those given, and all of a unit are scaled alike.

    Parameters
    ----------
    inferred : Inferred
    number : ndarray of int of shape (n_pairs,)
        The distinct pair of each given one.
    rows : ndarray of int
        The given pairs of the label that is inferred.
    weights : ndarray of shape (n_pairs,)
        Of the given pairs; not changed.

    Returns
    -------
    given : ndarray of shape (n_rows,)
    new : ndarray of shape (n_new,)
    """
    unit = inferred.unit_of_distinct[number[rows]]
    member = unit >= 0
    given = weights[rows].copy()
    n_given = np.bincount(unit[member], minlength=inferred.n_units)
    total = np.bincount(unit[member], given[member], minlength=inferred.n_units)
    n_new = np.bincount(inferred.unit, minlength=inferred.n_units)
    shrunk = n_given / np.maximum(n_given + n_new, 1)
    given[member] *= shrunk[unit[member]]
    mean = total / np.maximum(n_given + n_new, 1)
    return given, mean[inferred.unit]
