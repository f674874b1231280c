# SPDX-License-Identifier: BSD-3-Clause
"""``dedupe`` and ``link``: groups of items, and links between two tables."""

import numpy as np
from scipy.special import logit

from sksymsim._commands.session import Scorer, session_of
from sksymsim._tables.writing import check_output, table_writer
from sksymsim._validation.tables import check_same_width
from sksymsim.clustering import PairClusterer
from sksymsim.linking import deduplicate
from sksymsim.linking import link as link_tables


def dedupe(options):
    """Write the group of each item."""
    with session_of(options) as session:
        check_output(options.out)
        scorer, (items,) = _read(session, options.items)
        threshold = float(logit(options.threshold))
        found = deduplicate(
            items.array,
            scorer.model,
            n_neighbors=options.neighbors,
            clusterer=PairClusterer(threshold=threshold),
            random_state=options.random_state,
        )
        columns = {"id": items.id_kind, "group": "number", "confidence": "number"}
        with table_writer(options.out, columns) as write:
            names = items.names(np.arange(len(items)))
            write(names, found.labels, found.confidence)


def link(options):
    """Write the links between two tables."""
    with session_of(options) as session:
        check_output(options.out)
        scorer, (items, others) = _read(session, options.items, options.items_b)
        found = link_tables(
            items.array,
            others.array,
            scorer.model,
            n_neighbors=options.neighbors,
            threshold=float(logit(options.threshold)),
            one_to_one=options.one_to_one,
        )
        columns = {"id_a": items.id_kind, "id_b": others.id_kind}
        columns |= {"probability": "number", "confidence": "number"}
        with table_writer(options.out, columns) as write:
            left, right = found.links.T
            write(
                items.names(left),
                others.names(right),
                found.link_probabilities,
                found.confidence,
            )


def _read(session, *paths):
    """Return the model, and the tables of items, all of which are needed."""
    scorer = Scorer(session.options.model)
    tables = [session.items(path) for path in paths]
    scorer.check_items(tables[0])
    for items in tables:
        check_same_width(tables[0], items)
        items.require_all_finite()
    return scorer, tables
