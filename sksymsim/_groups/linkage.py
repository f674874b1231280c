# SPDX-License-Identifier: BSD-3-Clause
"""Single, average and complete linkage of a sparse graph, where they stop at zero."""

from operator import itemgetter

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from sksymsim._groups.contraction import FORBIDDEN, Linkage, contract

# Components of so many nodes go to SciPy, if it knows a weight for every pair: its
# matrix of distances is 32 MB then.
DENSE_NODES = 2000


def join_reachable(graph):
    """Return the components of a graph; where cannot-links forbid, the weakest break.

    Parameters
    ----------
    graph : NodeGraph
        One component.

    Returns
    -------
    labels : sequence of int of length n_nodes
    """
    rows = graph.rows(graph.greatest.tolist())
    return contract(rows, graph.sizes.tolist(), Linkage(_greatest, _plain, sized=False))


def join_by_average(graph):
    """Return groups by average linkage: of all pairs, or of the scored ones.

    Pairs never scored count in the mean unless they weigh nothing.
    """
    if _suits_scipy(graph):
        return _with_scipy(graph, "average")
    missing = graph.missing
    if not missing:
        bonds = list(zip(graph.total.tolist(), graph.count.tolist(), strict=True))
        kind = Linkage(_add_both, lambda bond, a, b: _mean(bond), _mean, sized=False)
    else:
        bonds = (graph.total - graph.count * missing).tolist()
        kind = Linkage(_add, lambda bond, a, b: bond / (a * b) + missing)
    return contract(graph.rows(bonds), graph.sizes.tolist(), kind)


def join_by_least(graph):
    """Return groups by complete linkage: of all pairs, or of the scored ones."""
    if _suits_scipy(graph):
        return _with_scipy(graph, "complete")
    missing = graph.missing
    if not missing:
        bonds, kind = graph.least.tolist(), Linkage(min, _plain, sized=False)
    else:
        bonds = list(zip(graph.least.tolist(), graph.count.tolist(), strict=True))
        kind = Linkage(
            _least_and_count,
            lambda bond, a, b: bond[0] if bond[1] == a * b else min(bond[0], missing),
            itemgetter(0),
        )
    return contract(graph.rows(bonds), graph.sizes.tolist(), kind)


def _plain(bond, size, other_size):
    return bond


def _mean(bond):
    return bond[0] / max(bond[1], 1)


def _greatest(one, other):
    return FORBIDDEN if FORBIDDEN in (one, other) else max(one, other)


def _add(one, other):
    return one + other


def _add_both(one, other):
    return one[0] + other[0], one[1] + other[1]


def _least_and_count(one, other):
    return min(one[0], other[0]), one[1] + other[1]


def _suits_scipy(graph):
    """Say whether every two nodes are one pair of items with a weight."""
    return (
        graph.n_nodes <= DENSE_NODES
        and (graph.sizes == 1).all()
        and (graph.least > FORBIDDEN).all()
        and (graph.missing < 0 or graph.is_fully_scored())
    )


def _with_scipy(graph, method):
    """Return the groups of SciPy's linkage, cut where the weight is no longer above 0.

    Distances are the greatest weight less the weight, as they must not be negative.
    """
    n = graph.n_nodes
    top = graph.total.max()
    distances = np.full(n * (n - 1) // 2, top - graph.missing)
    place = graph.left * (2 * n - graph.left - 1) // 2 + graph.right - graph.left - 1
    distances[place] = top - graph.total
    tree = linkage(distances, method)
    return fcluster(tree, np.nextafter(top, -np.inf), criterion="distance").tolist()
