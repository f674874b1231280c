# SPDX-License-Identifier: BSD-3-Clause
"""The best links of two tables in which every row has one partner at most."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from sksymsim._components import connect


def best_partners(left, right, weights, n_left, n_right):
    """Return which pairs form the one-to-one links of the greatest sum of weights.

    Pairs of weight 0 or less are never chosen: their rows stay without a link.

    Parameters
    ----------
    left, right : ndarray of int of shape (n_pairs,)
        Distinct pairs of rows of the two tables.
    weights : ndarray of shape (n_pairs,)
    n_left, n_right : int
        How many rows each table has.

    Returns
    -------
    chosen : ndarray of int
        Rising positions among the pairs.
    """
    useful = np.flatnonzero(weights > 0)
    _, component = connect(n_left + n_right, left[useful], right[useful] + n_left)
    component = component[left[useful]]
    order = np.argsort(component, kind="stable")
    useful, component = useful[order], component[order]
    starts = np.flatnonzero(np.append(True, np.diff(component) != 0))
    chosen = []
    for rows in np.split(useful, starts[1:]) if useful.size else ():
        if len(rows) > 1:
            rows = rows[_match(left[rows], right[rows], weights[rows])]
        chosen.append(rows)
    return np.sort(np.concatenate(chosen)) if chosen else useful


def _match(left, right, weights):
    """Return the positions of the best links of one component.

    SciPy wants all rows matched: each has a partner of its own, of weight 0, beside the
    real ones. Costs must not be 0, so all are raised by what is the same for each.
    """
    _, left = np.unique(left, return_inverse=True)
    _, right = np.unique(right, return_inverse=True)
    n_left, n_right = left.max() + 1, right.max() + 1
    top = weights.max()
    nobody = np.arange(n_left)
    costs = np.concatenate([2 * top - weights, np.full(n_left, 2 * top)])
    rows = np.concatenate([left, nobody])
    columns = np.concatenate([right, n_right + nobody])
    shape = (n_left, n_right + n_left)
    graph = sparse.csr_matrix((costs, (rows, columns)), shape=shape)
    partner = np.empty(n_left, dtype=np.intp)
    matched, found = min_weight_full_bipartite_matching(graph)
    partner[matched] = found
    return np.flatnonzero(partner[left] == right)
