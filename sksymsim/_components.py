# SPDX-License-Identifier: BSD-3-Clause
"""Connected components of a graph that is given by its edges, and their numbers."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def connect(n_nodes, left, right):
    """Return the number of connected components and that of each node.

    Parameters
    ----------
    n_nodes : int
    left, right : ndarray of int of shape (n_edges,)
        The two nodes of each edge.
    """
    ones = np.ones(len(left), dtype=np.int8)
    graph = sparse.coo_matrix((ones, (left, right)), shape=(n_nodes, n_nodes))
    return connected_components(graph, directed=False)


def by_appearance(labels):
    """Return where labels first appear, and labels numbered from 0 in that order."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[inverse.ravel()]
