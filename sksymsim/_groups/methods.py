# SPDX-License-Identifier: BSD-3-Clause
"""The ways to make groups, and what they share: one entry each."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sksymsim._groups.correlation import NOISY_EDGES, NOISY_STARTS, join_by_sum
from sksymsim._groups.graph import split
from sksymsim._groups.linkage import join_by_average, join_by_least, join_reachable

# Seconds between two lines of progress.
EVERY = 2.0


@dataclass(frozen=True)
class GroupMethod:
    """A way to make groups.

    Attributes
    ----------
    solve : callable
        Takes the graph of one component and returns labels of its nodes.
    attraction : str
        The attribute of the graph that must be above zero for two nodes to join.
    has_starts : bool
        Whether `solve` takes a number of starts.
    misses : bool
        Whether pairs never scored can matter.
    """

    solve: Callable
    attraction: str
    has_starts: bool = False
    misses: bool = True


METHODS = {
    "correlation": GroupMethod(join_by_sum, "total", has_starts=True),
    "average": GroupMethod(join_by_average, "total"),
    "complete": GroupMethod(join_by_least, "least"),
    "components": GroupMethod(join_reachable, "greatest", misses=False),
}


def group_nodes(graph, method, say):
    """Return the group of each node.

    Parameters
    ----------
    graph : NodeGraph
    method : GroupMethod
    say : callable
        Takes a line of progress.

    Returns
    -------
    labels : ndarray of int of shape (n_nodes,)
    """
    labels, doubtful = split(graph, getattr(graph, method.attraction), method.misses)
    n_edges = sum(len(part.left) for _, part in doubtful)
    say(
        f"{labels.max() + 1} components of {graph.n_nodes} nodes; {len(doubtful)} are "
        f"not one group at once, with {n_edges} edges"
    )
    options = {}
    if method.has_starts:
        options["n_noisy"] = min(NOISY_STARTS, NOISY_EDGES // max(n_edges, 1))
    fresh = int(labels.max()) + 1
    started = told = time.monotonic()
    for done, (nodes, part) in enumerate(doubtful):
        found = np.asarray(method.solve(part, **options))
        labels[nodes] = fresh + np.unique(found, return_inverse=True)[1]
        fresh += len(nodes)
        if time.monotonic() > told + EVERY:
            told = time.monotonic()
            say(f"component {done + 1} of {len(doubtful)}, {told - started:.0f} s")
    return labels
