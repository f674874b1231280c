# SPDX-License-Identifier: BSD-3-Clause
"""Groups that grow by joining the two that belong together most, until none do.

The graph is sparse: what is never scored is never touched. Each group knows its
neighbours, and a heap holds the pairs of neighbours that may be joined. Entries of the
heap are not removed when they are outdated, but left out when they come up.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np

# The weight of two nodes that must not be in one group.
FORBIDDEN = -np.inf


class Linkage(NamedTuple):
    """How the bond of two groups follows from those of their parts.

    A bond only weakens when a group grows, unless it is combined with another one: the
    heap relies on that.
    """

    combine: Callable  # (bond, bond) -> bond of the union with a common neighbour
    strength: Callable  # (bond, size, size) -> number; groups join above zero


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
    combine, strength = linkage
    parents = list(range(len(rows)))
    heap = [
        (-strength(bond, sizes[a], sizes[b]), a, b)
        for a, row in enumerate(rows)
        for b, bond in row.items()
        if a < b
    ]
    heap = [entry for entry in heap if entry[0] < 0]
    heapify(heap)
    while heap:
        key, a, b = heappop(heap)
        bond = rows[a].get(b)
        if bond is None:
            continue
        now = -strength(bond, sizes[a], sizes[b])
        if now != key:
            # A stronger bond has an entry of its own; a weaker one waits for its turn.
            if key < now < 0:
                heappush(heap, (now, a, b))
            continue
        # The one with fewer neighbours gives them to the other one.
        if len(rows[a]) < len(rows[b]):
            a, b = b, a
        parents[b] = a
        sizes[a] += sizes[b]
        row, gone = rows[a], rows[b]
        rows[b] = {}
        del row[b], gone[a]
        for c, bond in gone.items():
            other = rows[c]
            del other[b]
            if c in row:
                bond = combine(row[c], bond)
            row[c] = other[a] = bond
            now = -strength(bond, sizes[a], sizes[c])
            if now < 0:
                heappush(heap, (now, a, c) if a < c else (now, c, a))
    return _roots(parents)


def _roots(parents):
    """Return for each node the last one on the way to what it was joined to."""
    for node in range(len(parents)):
        top = node
        while parents[top] != top:
            top = parents[top]
        while parents[node] != top:
            parents[node], node = top, parents[node]
    return parents
