# SPDX-License-Identifier: BSD-3-Clause
"""Correlation clustering: the groups of the greatest sum of weights inside of them.

Greedy additive edge contraction is the start, as in Keuper et al. (2015), Efficient
decomposition of image and mesh graphs by lifted multicuts. Then single nodes move,
groups join, and two groups exchange sequences of nodes as in Kernighan and Lin (1970),
until nothing gains. Small components start from several places.
"""

import numpy as np

from sksymsim._groups.contraction import FORBIDDEN, contract
from sksymsim._groups.moves import Partition, sum_linkage

# Starts of a component from weights with noise. With 20 of them, 300 random graphs of 9
# to 16 nodes ended at the exact optimum, with 5 all but two.
NOISY_STARTS = 20
# The standard deviation of the noise, as a share of the weight.
NOISE = 0.5
# All noisy starts together may walk over so many edges: about a second.
NOISY_EDGES = 10_000
# Components of so few nodes also start as one group, which then falls apart.
FEW_NODES = 200


def join_by_sum(graph, n_noisy=NOISY_STARTS):
    """Return groups of about the greatest sum of weights inside of them.

    Parameters
    ----------
    graph : NodeGraph
        One component.
    n_noisy : int, default=20
        How many starts with noise to try.

    Returns
    -------
    labels : list of int of length n_nodes
    """
    sizes, missing = graph.sizes.tolist(), graph.missing
    bonds = graph.total - graph.count * missing
    rows = graph.rows(bonds.tolist())
    best = None
    for labels in _starts(graph, bonds, n_noisy):
        partition = Partition(rows, sizes, missing, labels)
        partition.improve()
        value = partition.objective()
        if best is None or value > best[0] + partition.least_gain:
            best = value, partition.labels
    return best[1]


def _starts(graph, bonds, n_noisy):
    """Yield partitions to start from."""
    sizes, kind = graph.sizes.tolist(), sum_linkage(graph.missing)
    yield contract(graph.rows(bonds.tolist()), sizes, kind)
    if graph.n_nodes <= FEW_NODES and (graph.least > FORBIDDEN).all():
        yield [0] * graph.n_nodes
    rng = np.random.RandomState(0)
    for _ in range(n_noisy):
        noise = 1 + NOISE * rng.standard_normal(len(bonds))
        noisy = np.where(graph.total > FORBIDDEN, bonds * noise, FORBIDDEN)
        yield contract(graph.rows(noisy.tolist()), graph.sizes.tolist(), kind)
