# SPDX-License-Identifier: BSD-3-Clause
"""Pairs that must be together and pairs that must not: read, and put into the graph."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order

from sksymsim._components import connect
from sksymsim._validation.groups import check_links, raise_contradiction


def merge_linked(n_items, must_link, cannot_link):
    """Return the nodes that must-links make of items, and what must not be together.

    Parameters
    ----------
    n_items : int
    must_link, cannot_link : array-like of int of shape (n_links, 2) or None
        Rows of items.

    Returns
    -------
    nodes : ndarray of int of shape (n_items,)
        The node of each item.
    n_nodes : int
    forbidden : ndarray of int of shape (n_forbidden, 2)
        Distinct pairs of nodes, each once.

    Raises
    ------
    ValueError
        If must-links join what a cannot-link separates.
    """
    must = check_links(must_link, n_items, "must_link")
    cannot = check_links(cannot_link, n_items, "cannot_link")
    n_nodes, nodes = connect(n_items, must[:, 0], must[:, 1])
    nodes = nodes.astype(np.intp)
    ends = np.sort(nodes[cannot], axis=1)
    broken = np.flatnonzero(ends[:, 0] == ends[:, 1])
    if broken.size:
        first, last = cannot[broken[0]].tolist()
        raise_contradiction(_chain(n_items, must, first, last), len(broken))
    return nodes, n_nodes, np.unique(ends, axis=0)


def _chain(n_items, links, first, last):
    """Return the items on a shortest way along links from one item to another."""
    ones = np.ones(len(links), dtype=np.int8)
    graph = sparse.csr_matrix((ones, links.T), shape=(n_items, n_items))
    _, before = breadth_first_order(graph, first, directed=False)
    chain = [last]
    while chain[-1] != first:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]
