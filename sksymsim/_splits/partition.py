# SPDX-License-Identifier: BSD-3-Clause
"""Things put into bins of given shares, and the nodes of a graph too.

*Kinds* are the classes of the pairs: bins are filled evenly with each of them, so that
the rate of similar pairs comes out alike.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee

from sksymsim._components import connect

# Rounds of moves between blocks, at most.
MAX_ROUNDS = 40
# A block may take this much more than its share.
SLACK = 0.05
# Graphs of so few nodes are cut from two starts: it costs nothing, and a bad start of
# one that has few nodes leaves blocks empty.
FEW_NODES = 1000
# Rounds without a gain before the end.
PATIENCE = 8
# How often the moves of a round are fitted to what comes and leaves.
TRIMS = 3


def pack(weights, shares, rng, jitter=0.0):
    """Put things into bins, every kind of weight in proportion to the shares.

    The largest first, each into the bin that is filled least, over all kinds. Equal
    things are dealt out many at a time.

    Parameters
    ----------
    weights : ndarray of int of shape (n_things, n_kinds)
        How much of each kind a thing weighs.
    shares : ndarray of shape (n_bins,)
        The share that each bin is to get, all > 0.
    rng : numpy.random.RandomState
        Says which of some equal things go together.
    jitter : float, default=0.0
        How far from the order of sizes, on a log scale, so that each call can give
        other bins.

    Returns
    -------
    bins : ndarray of int of shape (n_things,)
    """
    n_bins = len(shares)
    loads = np.zeros((n_bins, weights.shape[1]))
    totals = np.maximum(weights.sum(axis=0), 1)
    bins = np.empty(len(weights), dtype=np.intp)
    # Pairs of integers as single ones, which sort many times faster.
    key = weights @ (weights.max(initial=0) + 1) ** np.arange(weights.shape[1])
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    patterns = weights[first]
    order = rng.permutation(len(weights))
    members = np.split(
        order[np.argsort(which[order], kind="stable")],
        np.cumsum(np.bincount(which, minlength=len(patterns)))[:-1],
    )
    size = (patterns / totals).sum(axis=1)
    size = size * np.exp(jitter * rng.normal(size=size.size))
    for pattern in np.argsort(-size, kind="stable"):
        rest, weight = members[pattern], patterns[pattern]
        while rest.size:
            # By how much the sum over bins of share * (load / share)^2 would grow.
            growth = ((2 * loads + weight) * weight / totals**2).sum(axis=1) / shares
            best = int(np.argmin(growth))
            n_dealt = max(1, int(rest.size * shares[best] / 4))
            bins[rest[:n_dealt]] = best
            loads[best] += n_dealt * weight
            rest = rest[n_dealt:]
    return bins


class NodeGraph:
    """Nodes, joined by pairs of some kinds.

    Parameters
    ----------
    index : ndarray of int of shape (n_pairs, 2)
        The nodes of each pair, numbered from 0 without gaps.
    kinds : ndarray of int of shape (n_pairs,)
        The kind of each pair. Kinds are numbered anew, without gaps.
    """

    def __init__(self, index, kinds):
        self.index = index
        self.n_nodes = int(index.max()) + 1
        _, self.kinds, totals = np.unique(
            kinds, return_inverse=True, return_counts=True
        )
        self.n_kinds, self.totals = totals.size, totals.astype(float)

    def components(self):
        """Return the number of connected components and that of each node."""
        return connect(self.n_nodes, *self.index.T)

    def inside(self, bins, n_bins):
        """Return how many pairs of each kind have both nodes in each bin."""
        left, right = bins[self.index].T
        kept = left == right
        cell = left[kept] * self.n_kinds + self.kinds[kept]
        counts = np.bincount(cell, minlength=n_bins * self.n_kinds)
        return counts.reshape(n_bins, self.n_kinds)

    def degrees(self):
        """Return how many pairs of each kind each node is in, self-pairs twice."""
        cell = self.index * self.n_kinds + self.kinds[:, None]
        counts = np.bincount(cell.ravel(), minlength=self.n_nodes * self.n_kinds)
        return counts.reshape(self.n_nodes, self.n_kinds)

    def restrict(self, chosen):
        """Return the graph of some nodes and the pairs inside of them."""
        number = np.cumsum(chosen) - 1
        kept = chosen[self.index].all(axis=1)
        return NodeGraph(number[self.index[kept]], self.kinds[kept])


def cut(graph, shares, rng, jitter=0.0):
    """Cut a connected graph into blocks of nodes, so that few pairs lie between them.

    Starts from neighbours in an order by breadth first. Then, as in balanced label
    propagation (Ugander and Backstrom, 2013), nodes move to the blocks where most of
    their neighbours are, many at a time, within the shares. What a block
    has too few of, similar pairs or dissimilar ones, weighs more and more for it.

    Parameters
    ----------
    graph : NodeGraph
    shares : ndarray of shape (n_blocks,)
        The share of all ends of pairs that each block is to get.
    rng : numpy.random.RandomState
    jitter : float, default=0.0
        Above 0, a graph of few nodes gets other blocks at each call, and not the best
        ones every time.

    Returns
    -------
    blocks : ndarray of int of shape (n_nodes,)
    """
    load = (graph.degrees() / graph.totals).sum(axis=1)
    load = load / load.sum()
    starts = []
    if graph.n_nodes <= FEW_NODES:
        starts.append(pack(graph.degrees(), shares, rng, jitter))
    if not starts or not jitter:
        starts.append(_consecutive(graph, load, shares, rng))
    found = [_refine(graph, blocks, load, shares, rng) for blocks in starts]
    return max(found, key=lambda pair: pair[0])[1]


def _refine(graph, blocks, load, shares, rng):
    """Move nodes between blocks; return the quality reached and the blocks."""
    n_blocks = len(shares)
    slack = min(SLACK, 0.25 / n_blocks)
    least, most = shares * (1 - slack), shares * (1 + slack)
    adjacency = [_adjacency(graph, kind) for kind in range(graph.n_kinds)]
    # How much each block keeps of each kind; all should reach the same. Blocks of the
    # share s hold s^2 of the pairs without structure in the graph, s if it falls apart.
    full = (shares**1.5)[:, None] * graph.totals
    kept = graph.inside(blocks, n_blocks) / full
    weights = np.ones((n_blocks, graph.n_kinds)) / graph.totals
    best, best_quality, n_stale = blocks, kept.mean() - 2 * kept.std(), 0
    for _ in range(MAX_ROUNDS):
        onehot = np.zeros((graph.n_nodes, n_blocks))
        onehot[np.arange(graph.n_nodes), blocks] = 1
        weights = weights * np.sqrt(
            np.maximum(kept.mean(), 1e-2) / np.maximum(kept, 1e-2)
        )
        pull = sum(w * (a @ onehot) for w, a in zip(weights.T, adjacency, strict=True))
        blocks = _move(blocks, pull, load, least, most, rng)
        kept = graph.inside(blocks, n_blocks) / full
        quality = kept.mean() - 2 * kept.std()
        n_stale = 0 if quality > best_quality + 2e-3 else n_stale + 1
        if quality > best_quality:
            best, best_quality = blocks, quality
        if n_stale == PATIENCE:
            break
    return best_quality, best


def _consecutive(graph, load, shares, rng):
    """Return blocks of nodes that are neighbours in an order by breadth first."""
    node_at = rng.permutation(graph.n_nodes)
    place = np.argsort(node_at)
    left, right = place[graph.index].T
    ones = np.ones(2 * len(left), dtype=np.int8)
    ends = (np.concatenate([left, right]), np.concatenate([right, left]))
    matrix = sparse.csr_matrix((ones, ends), (graph.n_nodes, graph.n_nodes))
    walk = node_at[reverse_cuthill_mckee(matrix, symmetric_mode=True)]
    middle = np.cumsum(load[walk]) - load[walk] / 2
    blocks = np.empty(graph.n_nodes, dtype=np.intp)
    blocks[walk] = np.searchsorted(np.cumsum(shares)[:-1], middle)
    return blocks


def _adjacency(graph, kind):
    # Pairs of a node with itself stay inside whatever happens.
    chosen = (graph.kinds == kind) & (graph.index[:, 0] != graph.index[:, 1])
    left, right = graph.index[chosen].T
    half = sparse.csr_matrix(
        (np.ones(len(left)), (left, right)), (graph.n_nodes, graph.n_nodes)
    )
    return (half + half.T).tocsr()


def _move(blocks, pull, load, least, most, rng):
    """Return the blocks after one round of moves, those that gain most first."""
    nodes = np.arange(len(blocks))
    here = pull[nodes, blocks]
    pull[nodes, blocks] = -np.inf
    target = pull.argmax(axis=1)
    gain = pull[nodes, target] - here
    # Half of them: neighbours that all change places at once gain nothing.
    movers = np.flatnonzero((gain > 0) & (rng.uniform(size=len(blocks)) < 0.5))
    movers = movers[np.argsort(-gain[movers], kind="stable")]
    source, target, moved = blocks[movers], target[movers], load[movers]
    n_blocks = len(most)
    now = np.bincount(blocks, load, n_blocks)
    accepted = np.ones(len(movers), dtype=bool)
    for _ in range(TRIMS):
        # Who comes makes room for who leaves, and the other way round.
        leaving = np.bincount(source, moved * accepted, n_blocks)
        accepted &= _running(target, moved * accepted) <= (most - now + leaving)[target]
        coming = np.bincount(target, moved * accepted, n_blocks)
        accepted &= _running(source, moved * accepted) <= (now + coming - least)[source]
    blocks = blocks.copy()
    blocks[movers[accepted]] = target[accepted]
    return blocks


def _running(group, amounts):
    """Return cumulative sums inside of groups, in the order given."""
    order = np.argsort(group, kind="stable")
    total = np.cumsum(amounts[order])
    first = np.searchsorted(group[order], group)
    sums = np.empty(len(group))
    sums[order] = total
    return sums - (total - amounts[order])[first]
