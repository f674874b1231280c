# SPDX-License-Identifier: BSD-3-Clause
"""Groups that grow by joining the two that belong together most, until none do.

The graph is sparse: what is never scored is never touched. Each group knows its
neighbours, and heaps hold the pairs of neighbours that may be joined. Entries of the
heaps are not removed when they are outdated, but left out when they come up.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

# The weight of two nodes that must not be in one group.
FORBIDDEN = -np.inf


def _same(bond):
    return bond


class Linkage(NamedTuple):
    """How the bond of two groups follows from those of their parts.

    A bond only weakens when a group grows, unless it is combined with another one: the
    heaps rely on that.
    """

    combine: Callable  # (bond, bond) -> bond of the union with a common neighbour
    strength: Callable  # (bond, size, size) -> number; groups join above zero
    # bond -> number, in whose order are all strengths above zero of one group with
    # groups of one size
    rank: Callable = _same
    sized: bool = True  # whether the strength depends on the sizes


def contract(rows, sizes, linkage):
    """Join groups while a bond is above zero, always the strongest.

    Parameters
    ----------
    rows : list of dict
        For each node its neighbours and the bonds with them, in both directions.
        Taken over: it is used up.
    sizes : list of int
        How many items each node has. Changed in place.
    linkage : Linkage

    Returns
    -------
    labels : list of int
        For each node the one that stands for its group.
    """
    parents = list(range(len(rows)))
    queue = BondQueue(rows, sizes, linkage)
    while (strongest := queue.strongest()) is not None:
        a, b = strongest
        # The one with fewer neighbours gives them to the other one.
        if len(rows[a]) < len(rows[b]):
            a, b = b, a
        parents[b] = a
        sizes[a] += sizes[b]
        row, gone = rows[a], rows[b]
        rows[b] = {}
        queue.forget(b)
        del row[b], gone[a]
        for c, bond in gone.items():
            other = rows[c]
            del other[b]
            if c in row:
                bond = linkage.combine(row[c], bond)
            row[c] = other[a] = bond
            queue.add(a, c, bond)
    return _roots(parents)


class BondQueue:
    """The bonds above zero, the strongest first.

    If every bond had its own place in one heap, all those of a group would have to be
    weighed again whenever it grows: a hub of n neighbours would take n squared steps.
    So each bond is kept by one of its groups, the one of more neighbours, in a heap of
    those with groups of one size. Their order stays right while the keeper grows, and
    only the strongest of each of these heaps is in the heap of all.

    Parameters
    ----------
    rows : list of dict
        As in :func:`contract`, which changes them.
    sizes : list of int
    linkage : Linkage
    """

    def __init__(self, rows, sizes, linkage):
        self.rows, self.sizes, self.linkage = rows, sizes, linkage
        # For each keeper and size of the other group: the bonds by rank, and what none
        # of them is stronger than.
        self.kept = [{} for _ in rows]
        self.bounds = [{} for _ in rows]
        self.tops = []
        for a, row in enumerate(rows):
            for b, bond in row.items():
                if a < b:
                    self.add(a, b, bond)

    def add(self, a, b, bond):
        """Put in the bond of two groups, if it is above zero."""
        if len(self.rows[a]) < len(self.rows[b]):
            a, b = b, a
        size = self.sizes[b]
        strength = self.linkage.strength(bond, self.sizes[a], size)
        if strength <= 0:
            return
        if not self.linkage.sized:
            size = 0
        heappush(self.kept[a].setdefault(size, []), (-self.linkage.rank(bond), b))
        if strength > self.bounds[a].get(size, 0.0):
            self._expect(strength, a, size)

    def forget(self, node):
        """Drop what a group keeps that is part of another one now."""
        self.kept[node], self.bounds[node] = {}, {}

    def strongest(self):
        """Return the two groups of the strongest bond; None if there is none."""
        while self.tops:
            key, keeper, size = heappop(self.tops)
            if self.bounds[keeper].get(size) != -key:
                continue
            strength, other = self._look(keeper, size)
            if other is None:
                del self.bounds[keeper][size]
                continue
            self._expect(strength, keeper, size)
            if strength == -key:
                return keeper, other
        return None

    def _expect(self, strength, keeper, size):
        self.bounds[keeper][size] = strength
        heappush(self.tops, (-strength, keeper, size))

    def _look(self, keeper, size):
        """Return the strongest bond that is kept for groups of a size, and its group.

        Outdated ones on the way are dropped.
        """
        _, strength, rank, sized = self.linkage
        heap, row = self.kept[keeper][size], self.rows[keeper]
        while heap:
            key, other = heap[0]
            bond = row.get(other)
            if bond is not None and rank(bond) == -key:
                if sized and self.sizes[other] != size:
                    self.add(keeper, other, bond)
                else:
                    found = strength(bond, self.sizes[keeper], self.sizes[other])
                    if found > 0:
                        return found, other
            heappop(heap)
        return 0.0, None


def _roots(parents):
    """Return for each node the last one on the way to what it was joined to."""
    for node in range(len(parents)):
        top = node
        while parents[top] != top:
            top = parents[top]
        while parents[node] != top:
            parents[node], node = top, parents[node]
    return parents
