# SPDX-License-Identifier: BSD-3-Clause
"""What an audit of labels counts."""

import numpy as np

from sksymsim._labels.closure import DissimilarUnits, SimilarUnits, possible_pairs
from sksymsim._labels.text import LabelAudit
from sksymsim._splits.leakage import one_label_shares


def measure_labels(graph, contradictions):
    """Return a LabelAudit.

    Parameters
    ----------
    graph : LabelGraph
    contradictions : list of Contradiction
        Those that are listed.
    """
    found = _count_pairs(graph) | _count_groups(graph) | _count_items(graph)
    return LabelAudit(
        **found,
        **one_label_shares(graph.keys, graph.similar),
        contradictions=contradictions,
        contradictory=graph.contradictory,
        group_sizes=np.sort(graph.sizes)[::-1],
    )


def count_contradictions(graph):
    """Return how many distinct pairs there are of each kind of contradiction."""
    return {
        "pairs with both labels": int(graph.disputed.sum()),
        "pairs of an item with itself labelled dissimilar": int(
            graph.self_dissimilar.sum()
        ),
        "pairs labelled dissimilar within a chain of similar ones": int(
            (graph.refuted & ~graph.disputed).sum()
        ),
    }


def _count_pairs(graph):
    n_given = np.bincount(graph.number)
    repeated = (n_given > 1) & ~graph.within_one
    first = np.full(n_given.size, -1)
    first[graph.number[::-1]] = np.arange(len(graph.number))[::-1]
    left = graph.keys[:, 0]
    # Pairs that also stand in the order in which the first one does not.
    turned = np.zeros(n_given.size, dtype=bool)
    turned[graph.number[left != left[first[graph.number]]]] = True
    n_disputed, n_self, n_chained = count_contradictions(graph).values()
    return {
        "n_pairs": len(graph.similar),
        "n_similar": int(graph.similar.sum()),
        "n_dissimilar": int((~graph.similar).sum()),
        "n_distinct": n_given.size,
        "n_repeated": int(repeated.sum()),
        "n_repeated_swapped": int((repeated & turned).sum()),
        "n_repeated_disagreeing": n_disputed,
        "n_self": int(graph.within_one.sum()),
        "n_self_dissimilar": n_self,
        "n_chain_contradictions": n_chained,
    }


def _count_groups(graph):
    several = graph.sizes > 1
    n_grouped = int(graph.sizes[several].sum())
    n_groups = int(several.sum())
    # A link beyond those that hold its group together agrees with a chain of others.
    n_agreeing = int(graph.link.sum()) - (n_grouped - n_groups)
    return {
        "n_chain_agreements": n_agreeing,
        "n_groups": n_groups,
        "n_groups_contradictory": int(graph.torn.sum()),
        "n_items_grouped": n_grouped,
        "largest_group": int(graph.sizes.max()) if n_groups else 0,
        "n_implied_similar": possible_pairs(SimilarUnits(graph)),
        "n_implied_dissimilar": possible_pairs(DissimilarUnits(graph)),
    }


def _count_items(graph):
    n_similar, n_dissimilar = (
        np.bincount(graph.keys[label].ravel(), minlength=graph.n_items)
        for label in (graph.similar, ~graph.similar)
    )
    return {
        "n_items": graph.n_items,
        "n_items_only_similar": int((n_dissimilar == 0).sum()),
        "n_items_only_dissimilar": int((n_similar == 0).sum()),
    }
