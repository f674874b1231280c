# SPDX-License-Identifier: BSD-3-Clause
"""The graph of scored pairs, cut into components that no group ever joins."""

from dataclasses import dataclass

import numpy as np

from sksymsim._components import connect
from sksymsim._groups.contraction import FORBIDDEN


@dataclass(frozen=True)
class ScoredPairs:
    """Distinct pairs of different items, with one number each.

    Attributes
    ----------
    n_items : int
    left, right : ndarray of int of shape (n_pairs,)
        Sorted, left < right.
    values : ndarray of float64 of shape (n_pairs,)
    """

    n_items: int
    left: np.ndarray
    right: np.ndarray
    values: np.ndarray

    def __len__(self):
        return len(self.values)

    def above(self, threshold):
        """Return the same pairs, their numbers less a threshold."""
        return ScoredPairs(self.n_items, self.left, self.right, self.values - threshold)


def distinct_pairs(n_items, left, right, values):
    """Return pairs without repetitions, in either order, and without self-pairs.

    A pair that is given more than once has the mean of its numbers: two scores by one
    model are no independent evidence.
    """
    low, high = np.minimum(left, right), np.maximum(left, right)
    different = low != high
    low, high, values = low[different], high[different], values[different]
    order, first = _runs(low, high, n_items)
    counts = np.diff(np.append(first, len(order)))
    sums = np.add.reduceat(values[order], first) if first.size else values[:0]
    found = order[first]
    return ScoredPairs(n_items, low[found], high[found], sums / counts)


def _runs(low, high, n_items):
    """Return an order in which equal pairs are together, and where each pair begins."""
    key = low.astype(np.int64) * n_items + high
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if key.size else key
    return order, first


@dataclass(frozen=True)
class NodeGraph:
    """Nodes of one or more items each, and what is known of all pairs between two.

    Attributes
    ----------
    sizes : ndarray of int of shape (n_nodes,)
        How many items are in each node.
    left, right : ndarray of int of shape (n_edges,)
        The nodes of each edge, left < right.
    total, least, greatest : ndarray of float64 of shape (n_edges,)
        The sum, the minimum and the maximum of the weights of the scored pairs between
        the two nodes; ``-inf`` if they must not be together.
    count : ndarray of int of shape (n_edges,)
        How many pairs of them are scored.
    missing : float
        The weight of each pair that is not, at most 0.
    """

    sizes: np.ndarray
    left: np.ndarray
    right: np.ndarray
    total: np.ndarray
    least: np.ndarray
    greatest: np.ndarray
    count: np.ndarray
    missing: float

    @property
    def n_nodes(self):
        """How many nodes there are."""
        return len(self.sizes)

    def rows(self, bonds):
        """Return for each node a dict of its neighbours and the bonds with them."""
        rows = [{} for _ in range(self.n_nodes)]
        edges = zip(self.left.tolist(), self.right.tolist(), bonds, strict=True)
        for a, b, bond in edges:
            rows[a][b] = rows[b][a] = bond
        return rows

    def is_fully_scored(self):
        """Say whether every pair of items of different nodes is scored."""
        n_items = int(self.sizes.sum())
        n_pairs = (n_items * n_items - int((self.sizes.astype(float) ** 2).sum())) // 2
        return int(self.count.sum()) >= n_pairs


def node_graph(pairs, nodes, n_nodes, forbidden, missing):
    """Return the graph of nodes that hold one or more items.

    Parameters
    ----------
    pairs : ScoredPairs
        Items, with weights.
    nodes : ndarray of int of shape (n_items,)
        The node of each item.
    n_nodes : int
    forbidden : ndarray of int of shape (n_forbidden, 2)
        Distinct nodes that must not be together.
    missing : float
        The weight of each pair that is not scored.
    """
    ends = np.column_stack([nodes[pairs.left], nodes[pairs.right]])
    between = ends[:, 0] != ends[:, 1]
    ends = np.concatenate([ends[between], forbidden])
    weights = np.append(pairs.values[between], np.full(len(forbidden), FORBIDDEN))
    counted = np.append(np.ones(between.sum(), np.int64), np.zeros(len(forbidden), int))
    low, high = ends.min(axis=1), ends.max(axis=1)
    order, first = _runs(low, high, n_nodes)
    if not first.size:
        order = first = np.empty(0, dtype=np.intp)
        total = least = greatest = np.empty(0)
        count = np.empty(0, dtype=np.int64)
    else:
        weights = weights[order]
        total = np.add.reduceat(weights, first)
        least = np.minimum.reduceat(weights, first)
        greatest = np.maximum.reduceat(weights, first)
        greatest[least == FORBIDDEN] = FORBIDDEN
        count = np.add.reduceat(counted[order], first)
    found = order[first]
    sizes = np.bincount(nodes, minlength=n_nodes)
    return NodeGraph(
        sizes, low[found], high[found], total, least, greatest, count, missing
    )


def split(graph, attraction, misses):
    """Cut a graph where no group can reach across.

    Every group of every method hangs together by edges that attract, so that their
    connected components can be solved one by one. A component without any doubt is one
    group: all its pairs attract, and none is missing that would count.

    Parameters
    ----------
    graph : NodeGraph
    attraction : ndarray of shape (n_edges,)
        What has to be above zero for two nodes to join.
    misses : bool
        Whether pairs that are not scored, or speak against it, put a component in
        doubt; if not, only forbidden pairs do.

    Returns
    -------
    labels : ndarray of int of shape (n_nodes,)
        The component of each node.
    doubtful : list of (ndarray of int, NodeGraph)
        The nodes and the edges of the components that are not one group.
    """
    attracts = attraction > 0
    n_components, labels = connect(
        graph.n_nodes, graph.left[attracts], graph.right[attracts]
    )
    labels = labels.astype(np.intp)
    inside = labels[graph.left] == labels[graph.right]
    component = labels[graph.left[inside]]
    against = ~attracts if misses else graph.least == FORBIDDEN
    doubt = np.bincount(component, against[inside], n_components) > 0
    if misses and graph.missing:
        items = np.bincount(labels, graph.sizes, n_components)
        within = np.bincount(labels, graph.sizes.astype(float) ** 2, n_components)
        counted = np.bincount(component, graph.count[inside], n_components)
        doubt |= counted < (items**2 - within) / 2
    edges = np.flatnonzero(inside)[doubt[component]]
    return labels, list(_subgraphs(graph, labels, edges, doubt))


def _subgraphs(graph, labels, edges, wanted):
    """Yield the nodes and the graph of each component that is wanted.

    Nodes are numbered by what they weigh, whatever their order among the items: the
    order of the items then decides nothing but ties.
    """
    weighable = np.where(graph.total == FORBIDDEN, 0.0, graph.total)
    ends = np.concatenate([graph.left, graph.right])
    pull = np.bincount(ends, np.tile(weighable, 2), graph.n_nodes)
    nodes = np.flatnonzero(wanted[labels])
    nodes = nodes[np.lexsort((-pull[nodes], labels[nodes]))]
    number = np.empty(graph.n_nodes, dtype=np.intp)
    names, starts, counts = np.unique(
        labels[nodes], return_index=True, return_counts=True
    )
    number[nodes] = np.arange(len(nodes)) - np.repeat(starts, counts)
    one, other = number[graph.left[edges]], number[graph.right[edges]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    component = labels[graph.left[edges]]
    order = np.lexsort((high, low, component))
    edges, low, high, component = (x[order] for x in (edges, low, high, component))
    bounds = np.searchsorted(component, np.append(names, graph.n_nodes))
    for i, (start, n_nodes) in enumerate(zip(starts, counts, strict=True)):
        those = nodes[start : start + n_nodes]
        first, last = bounds[i], bounds[i + 1]
        rows = edges[first:last]
        yield (
            those,
            NodeGraph(
                graph.sizes[those],
                low[first:last],
                high[first:last],
                graph.total[rows],
                graph.least[rows],
                graph.greatest[rows],
                graph.count[rows],
                graph.missing,
            ),
        )
