# SPDX-License-Identifier: BSD-3-Clause
"""Which pairs of many items are worth a score: the neighbours of each item."""

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline

from sksymsim._validation.frames import without_names
from sksymsim._validation.items import as_sparse, check_index, check_table
from sksymsim._validation.memory import check_memory
from sksymsim.recalibration import RecalibratedClassifier

# Two numbers of rows, as long as candidates are looked for.
CANDIDATE_BYTES = 16
# Rows that look for their neighbours at a time.
QUERIES_AT_ONCE = 8192


class ItemSpace:
    """How a model sees single items.

    Parameters
    ----------
    model : estimator
        A fitted classifier of pairs: as it is, in a Pipeline, frozen, recalibrated, or
        found by a search.

    Attributes
    ----------
    scorer : estimator
        What scores the pairs of prepared items; it may have `top_k` or `transform`.
    """

    def __init__(self, model):
        self._steps = []
        self.scorer = self._unwrap(model)

    def _unwrap(self, model):
        while True:
            if isinstance(model, Pipeline):
                self._steps += [step for _, step in model.steps[:-1]]
                model = model.steps[-1][1]
            elif isinstance(model, FrozenEstimator | RecalibratedClassifier):
                model = model.estimator
            elif hasattr(model, "best_estimator_"):
                model = model.best_estimator_
            else:
                return model

    @property
    def is_known(self):
        """Whether every step before the scorer has a transformer of single items."""
        return all(
            step == "passthrough" or hasattr(step, "transformer_")
            for step in self._steps
        )

    def prepare(self, items):
        """Return items as the scorer gets them."""
        for step in self._steps:
            if hasattr(step, "transformer_"):
                items = check_table(step.transformer_.transform(items), "items")
        return items

    def embed(self, items):
        """Return items in the learned space; None if the model has none."""
        if self.is_known and hasattr(self.scorer, "transform"):
            with without_names():
                return check_table(self.scorer.transform(self.prepare(items)), "items")
        return None


def find_candidates(model, source, queries, base, k):
    """Return pairs of rows, one of the queries and one of the base.

    Parameters
    ----------
    model : estimator
    source : str or object
        "auto", "learned", "cosine", "euclidean", or an index with `fit` and
        `kneighbors`.
    queries, base : {ndarray, CSR matrix}
    k : int
        How many rows of the base for each query.

    Returns
    -------
    index : ndarray of int of shape (n_queries * k, 2)
    """
    k = min(k, base.shape[0])
    check_memory(
        CANDIDATE_BYTES * k * queries.shape[0],
        f"{k} neighbours of each of {queries.shape[0]} items",
        "lower n_neighbors",
    )
    space = ItemSpace(model)
    by_score = space.is_known and hasattr(space.scorer, "top_k")
    if isinstance(source, str) and source == "auto" and by_score:
        queries, base = space.prepare(queries), space.prepare(base)
        with without_names():
            _, found = space.scorer.top_k(queries, base, k)
        return _as_pairs(found)
    embedded = None
    if not isinstance(source, str) or source in ("auto", "learned"):
        embedded = space.embed(base)
    metric = source if source in ("cosine", "euclidean") else "cosine"
    if embedded is not None:
        others = embedded if queries is base else space.embed(queries)
        queries, base, metric = others, embedded, "euclidean"
    index = NearestNeighbors(metric=metric)
    if not isinstance(source, str):
        index = clone(source, safe=False)
    return _as_pairs(_neighbours(index.fit(base), queries, k))


def _neighbours(index, queries, k):
    starts = range(0, queries.shape[0], QUERIES_AT_ONCE)
    return np.concatenate(
        [
            np.asarray(
                index.kneighbors(
                    queries[start : start + QUERIES_AT_ONCE],
                    n_neighbors=k,
                    return_distance=False,
                )
            )
            for start in starts
        ]
    )


def _as_pairs(found):
    """Return the pairs of a table of neighbours; numbers below 0 are none."""
    rows = np.repeat(np.arange(found.shape[0]), found.shape[1])
    pairs = np.column_stack([rows, found.ravel()]).astype(np.intp)
    return pairs[pairs[:, 1] >= 0]


def candidates_within(model, candidate_pairs, items, k, n_random, rng):
    """Return distinct pairs of different items, the lower row first.

    To the neighbours come `n_random` other items of each item.
    """
    n_items = items.shape[0]
    if isinstance(candidate_pairs, np.ndarray | list):
        index = check_index(candidate_pairs, n_items)
    else:
        check_memory(
            CANDIDATE_BYTES * n_random * n_items,
            f"{n_random} others for each of {n_items} items",
            "lower n_random",
        )
        # Every item finds itself as well.
        index = find_candidates(model, candidate_pairs, items, items, k + 1)
        others = rng.randint(n_items, size=(n_items, n_random))
        index = np.concatenate([index, _as_pairs(others)])
    index = np.sort(index[index[:, 0] != index[:, 1]], axis=1).astype(np.intp)
    return np.unique(index, axis=0)


def candidates_between(model, candidate_pairs, items_a, items_b, k):
    """Return distinct pairs of a row of each table."""
    if isinstance(candidate_pairs, np.ndarray | list):
        index = check_index(candidate_pairs, max(items_a.shape[0], items_b.shape[0]))
        check_index(index[:, :1].repeat(2, axis=1), items_a.shape[0])
        check_index(index[:, 1:].repeat(2, axis=1), items_b.shape[0])
        return np.unique(index, axis=0).astype(np.intp)
    there = find_candidates(model, candidate_pairs, items_a, items_b, k)
    back = find_candidates(model, candidate_pairs, items_b, items_a, k)
    return np.unique(np.concatenate([there, back[:, ::-1]]), axis=0)


def stack_rows(items_a, items_b):
    """Return the rows of both tables in one."""
    if sparse.issparse(items_a) or sparse.issparse(items_b):
        # Of any dtype, some of which sparse matrices have not.
        return sparse.vstack([as_sparse(items_a), as_sparse(items_b)], format="csr")
    return np.concatenate([items_a, items_b])
