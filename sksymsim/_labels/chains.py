# SPDX-License-Identifier: BSD-3-Clause
"""Shortest chains of pairs between two items."""

import numpy as np
from scipy import sparse


class Chains:
    """Find shortest chains in a graph of pairs.

    Parameters
    ----------
    ends : ndarray of int of shape (n_edges, 2)
        Distinct pairs of distinct items.
    names : ndarray of int of shape (n_edges,)
        What each pair is called in a chain.
    n_items : int
    """

    def __init__(self, ends, names, n_items):
        rows, columns = np.concatenate([ends, ends[:, ::-1]]).T
        # A name of zero would be no entry of the matrix.
        values = np.concatenate([names, names]) + 1
        self._graph = sparse.csr_matrix(
            (values, (rows, columns)), shape=(n_items, n_items)
        )

    def shortest(self, start, stop):
        """Return a shortest chain.

        A breadth-first search from both ends, always from the side that has fewer items
        to look at, so that a large group is hardly ever seen as a whole.

        Parameters
        ----------
        start, stop : int
            Two different items that are joined.

        Returns
        -------
        items : list of int
            From `start` to `stop`.
        names : list of int
            The pairs between them, one fewer.
        """
        # For each item that was reached, where from and by which pair.
        reached = ({start: None}, {stop: None})
        fronts = [[start], [stop]]
        while True:
            side = int(len(fronts[1]) < len(fronts[0]))
            meeting = self._advance(fronts, reached, side)
            if meeting is not None:
                break
        there = _walk_back(reached[0], meeting)
        back = _walk_back(reached[1], meeting)
        items = [item for item, _ in there[::-1]] + [meeting]
        items += [item for item, _ in back]
        names = [name for _, name in there[::-1]] + [name for _, name in back]
        return items, names

    def _advance(self, fronts, reached, side):
        """Take one step from one side; return an item where both sides meet, if any."""
        graph, mine, others = self._graph, reached[side], reached[1 - side]
        new = []
        for item in fronts[side]:
            edges = slice(graph.indptr[item], graph.indptr[item + 1])
            neighbors = graph.indices[edges].tolist()
            for other, name in zip(neighbors, graph.data[edges].tolist(), strict=True):
                if other in mine:
                    continue
                mine[other] = item, name - 1
                if other in others:
                    return other
                new.append(other)
        fronts[side] = new
        return None


def _walk_back(reached, item):
    """Return the items and pairs on the way to where a search began."""
    steps = []
    while reached[item] is not None:
        item, name = reached[item]
        steps.append((item, name))
    return steps
