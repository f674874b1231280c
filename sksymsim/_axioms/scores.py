# SPDX-License-Identifier: BSD-3-Clause
"""The scores of pairs of some items, by any model, in blocks."""

import numpy as np
from sklearn.pipeline import Pipeline

from sksymsim._prediction import PairScoreMixin
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._validation.axioms import check_model_scores
from sksymsim._validation.frames import without_names
from sksymsim._validation.items import check_table
from sksymsim.pairs import Pairs
from sksymsim.preprocessing import SharedTransformer

# Pairs at a time for models that go through an index in blocks of their own, and bytes
# of both sides for all others, which may expand the pairs.
OWN_PAIRS = 2**16
GUEST_BYTES = 2**25
LEAST_PAIRS = 256
# What two ways to one score may differ by, in units of the last place of the largest.
ROUNDING = 64
N_PROBES = 256


class ItemScores:
    """The log-odds of pairs of the rows of a table.

    Parameters
    ----------
    model : estimator
    items : {ndarray, CSR matrix} of shape (n_items, n_features)
    names : ndarray of str of shape (n_features,) or None, default=None
        What the features are called.

    Attributes
    ----------
    is_symmetric : bool
        Whether one order of the sides stands for both; set it to False and the mean of
        both orders is taken.
    """

    def __init__(self, model, items, names=None):
        self.model, self.items, self._names = model, items, names
        self.n_items = items.shape[0]
        probes = np.arange(min(N_PROBES, self.n_items))
        probes = np.column_stack([probes, (probes + 1) % self.n_items])
        self.method = log_odds_method(model, self._pairs(probes))
        self.has_probabilities = hasattr(model, "predict_proba")
        self.is_symmetric = True
        self._step = OWN_PAIRS
        if not isinstance(last_step_of(model), PairScoreMixin):
            row_bytes = 2 * items.shape[1] * items.dtype.itemsize
            self._step = max(LEAST_PAIRS, GUEST_BYTES // row_bytes)

    def _pairs(self, index):
        return Pairs.from_index(self.items, index)._named(self._names)

    def one_way(self, left, right):
        """Return the score of each pair of items, in this order of its sides."""
        index = np.column_stack([left, right])
        parts = []
        for start in range(0, len(index), self._step):
            pairs = self._pairs(index[start : start + self._step])
            scores = read_log_odds(self.model, pairs, self.method)
            parts.append(check_model_scores(scores, len(pairs), self.model))
        scores = np.concatenate(parts) if parts else np.empty(0)
        # The mean of two integers need not be one.
        return scores if scores.dtype.kind == "f" else scores.astype(np.float64)

    def __call__(self, left, right):
        """Return the score of each pair of items, whatever the order of its sides."""
        scores = self.one_way(left, right)
        if self.is_symmetric:
            return scores
        return (scores + self.one_way(right, left)) / 2

    def own(self):
        """Return the score of each item with itself."""
        every = np.arange(self.n_items)
        return self.one_way(every, every)

    def rows(self, rows, own):
        """Return the scores of some items with all.

        Parameters
        ----------
        rows : ndarray of int of shape (n_rows,)
        own : ndarray of shape (n_items,)
            From :meth:`own`.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_items)
        """
        source = cross_source(self.model, self.items)
        if source is None or self.method != "decision_function":
            return self._rows_of_pairs(rows, own)
        model, items = source
        with without_names():
            scores = model.cross_scores(items[rows], items)
        scores[np.arange(len(rows)), rows] = own[rows]
        # A matrix product rounds otherwise than pairs do. Where a pair is so near to an
        # item with itself that this could decide, the pair itself is asked.
        reach = rounding(scores)
        half = own / 2
        with np.errstate(over="ignore"):
            near = np.abs(scores - own[rows, None]) <= reach
            near |= np.abs(scores - own) <= reach
            near |= np.abs(scores - half[rows, None] - half) <= reach
        near[np.arange(len(rows)), rows] = False
        row, column = np.nonzero(near)
        scores[row, column] = self(rows[row], column)
        return scores

    def _rows_of_pairs(self, rows, own):
        scores = np.empty((len(rows), self.n_items), dtype=own.dtype)
        step = max(1, self._step // self.n_items)
        every = np.arange(self.n_items)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            left, right = np.repeat(part, self.n_items), np.tile(every, len(part))
            scores[start : start + step] = self(left, right).reshape(-1, self.n_items)
        return scores


def rounding(scores):
    """Return the most that two ways to the same scores are taken to differ by."""
    scores = np.asarray(scores)
    eps = np.finfo(scores.dtype if scores.dtype.kind == "f" else np.float64).eps
    return ROUNDING * float(eps) * float(np.abs(scores).max(initial=0))


def last_step_of(model):
    """Return what scores in the end: the last step, the best of a search."""
    while True:
        if isinstance(model, Pipeline):
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model


def cross_source(model, items):
    """Return a model with `cross_scores` and the items as it knows them, or None.

    Looks behind searches, and behind pipelines that transform single items.
    """
    while not hasattr(model, "cross_scores"):
        if isinstance(model, Pipeline):
            for _, step in model.steps[:-1]:
                if isinstance(step, SharedTransformer):
                    items = check_table(step.transformer_.transform(items), "items")
                elif step not in (None, "passthrough"):
                    return None
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return None
    return model, items
