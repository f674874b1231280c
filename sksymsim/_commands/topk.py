# SPDX-License-Identifier: BSD-3-Clause
"""``topk``: the most similar items of each item, a block of queries at a time."""

import numpy as np

from sksymsim._commands.session import Scorer, session_of
from sksymsim._groups.candidates import ItemSpace
from sksymsim._tables.writing import check_output, table_writer
from sksymsim._validation.tables import check_k, check_same_width
from sksymsim.pairs import Pairs

QUERIES_AT_ONCE = 2**12
# Pairs at once of models that have no faster way than to score them all.
PAIRS_AT_ONCE = 2**19


def topk(options):
    """Write ids, ids of neighbours, ranks and log-odds."""
    with session_of(options) as session:
        check_output(options.out)
        scorer = Scorer(options.model)
        items = queries = session.items(options.items)
        if options.queries is not None:
            queries = session.items(options.queries)
        scorer.check_items(items)
        check_same_width(items, queries)
        is_own = queries is items
        check_k(items, options.k, is_own)
        for table in (items, queries):
            table.require_all_finite()
        engine = Neighbours(scorer, items.array)
        columns = {
            "id": queries.id_kind,
            "neighbor": items.id_kind,
            "rank": "number",
            "log_odds": "number",
        }
        with (
            table_writer(options.out, columns) as write,
            session.progress("searching") as bar,
        ):
            for start in range(0, len(queries), engine.step):
                rows = np.arange(start, min(start + engine.step, len(queries)))
                own = rows if is_own else None
                found, scores = engine.find(queries.array[rows], options.k, own)
                write(
                    queries.names(np.repeat(rows, options.k)),
                    items.names(found.ravel()),
                    np.tile(np.arange(1, options.k + 1), len(rows)),
                    scores.ravel(),
                )
                bar.show((rows[-1] + 1) / len(queries), rows[-1] + 1, "items")


class Neighbours:
    """The items of a table that a model finds most similar to others.

    Parameters
    ----------
    scorer : Scorer
    base : ndarray of shape (n_items, n_features)

    Attributes
    ----------
    step : int
        How many queries to ask at a time.
    """

    def __init__(self, scorer, base):
        self._scorer, self._base = scorer, base
        space = ItemSpace(scorer.model)
        self._engine, self._space = None, space
        self.step = max(1, PAIRS_AT_ONCE // len(base))
        if space.is_known and hasattr(space.scorer, "top_k"):
            self._engine, self._prepared = space.scorer, space.prepare(base)
            self.step = QUERIES_AT_ONCE

    def find(self, queries, k, own=None):
        """Return the k best for each query, the best first.

        Parameters
        ----------
        queries : ndarray of shape (n_queries, n_features)
        k : int
        own : ndarray of int of shape (n_queries,) or None
            The rows of the queries in the base, which are no neighbours.

        Returns
        -------
        rows : ndarray of int of shape (n_queries, k)
        log_odds : ndarray of shape (n_queries, k)
            As of any pairs, to the last bit.
        """
        n_wanted = k + (own is not None)
        if self._engine is not None:
            prepared = self._space.prepare(queries)
            _, rows = self._engine.top_k(prepared, self._prepared, n_wanted)
        else:
            every = np.tile(np.arange(len(self._base)), (len(queries), 1))
            scores = self._score(queries, every)
            rows = np.argsort(-scores, axis=1, kind="stable")[:, :n_wanted]
        if own is not None:
            rows = _without(rows, own)
        scores = self._score(queries, rows)
        # The engine rounds otherwise than pairs do, and those are what is written.
        order = np.argsort(-scores, axis=1, kind="stable")
        return (np.take_along_axis(table, order, axis=1) for table in (rows, scores))

    def _score(self, queries, rows):
        n_queries, k = rows.shape
        left = queries[np.repeat(np.arange(n_queries), k)]
        pairs = Pairs(left, self._base[rows.ravel()])
        return self._scorer.log_odds(pairs).reshape(n_queries, k)


def _without(rows, own):
    """Return rows of neighbours without one of each: the query, or else the last."""
    is_own = rows == own[:, None]
    is_own[~is_own.any(axis=1), -1] = True
    return rows[~is_own].reshape(len(rows), -1)
