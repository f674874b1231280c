# SPDX-License-Identifier: BSD-3-Clause
"""Scores of pairs that never compare the two sides, and how well they do."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.stats import rankdata
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim._pair_keys import number_pairs

# More pairs would make the alarm no surer, and the regression slow.
MAX_PAIRS = 20_000
# Wider items are reduced to so many directions before the regression.
MAX_WIDTH = 256
PENALTIES = np.logspace(0, 6, 7)


class Auc(NamedTuple):
    """A ROC-AUC and its standard error."""

    value: float
    error: float


def auc_of_pairs(similar, scores, keys):
    """Return the ROC-AUC of scores of pairs, with an error for pairs sharing items.

    Parameters
    ----------
    similar : ndarray of bool of shape (n_pairs,)
    scores : ndarray of shape (n_pairs,)
    keys : ndarray of int of shape (n_pairs, 2)
        The items of the pairs.

    Returns
    -------
    auc : Auc or None
        None if all pairs are of one class.
    """
    n_similar = int(similar.sum())
    n_other = similar.size - n_similar
    if not n_similar or not n_other:
        return None
    # How much of the other class each pair is on the right side of.
    placement = rankdata(scores)
    placement[similar] -= rankdata(scores[similar])
    placement[~similar] -= rankdata(scores[~similar])
    placement[similar] /= n_other
    placement[~similar] = 1 - placement[~similar] / n_similar
    value = float(placement[similar].mean())
    influence = (placement - value) / np.where(similar, n_similar, n_other)
    variance = max(np.sum(influence**2), _dyadic_variance(influence, keys))
    return Auc(value, float(np.sqrt(variance)))


def _dyadic_variance(influence, keys):
    """Return the sum of products of influences, over all pairs that share an item."""
    left, right = keys.T
    two = left != right
    sums = np.bincount(left, influence, int(keys.max()) + 1)
    sums += np.bincount(right[two], influence[two], sums.size)
    # The same two items were counted for each of the two.
    twice = np.bincount(number_pairs(keys), influence * two)
    return np.sum(sums**2) - np.sum(twice**2)


def degree_scores(train, test, n_keys):
    """Return how many training pairs the items of test pairs are in, on a log scale."""
    degree = np.bincount(train.ravel(), minlength=n_keys)
    return np.log1p(degree)[test].sum(axis=1)


def rate_scores(train, similar, test, n_keys):
    """Return how many of the training pairs of the items of test pairs are similar.

    An item that is in none has the rate of all.
    """
    degree = np.bincount(train.ravel(), minlength=n_keys)
    n_similar = np.bincount(train[similar].ravel(), minlength=n_keys)
    rate = (n_similar + similar.mean()) / (degree + 1)
    return rate[test].sum(axis=1)


def sum_scores(train, similar, test):
    """Return scores of test pairs by a ridge regression on a + b.

    Parameters
    ----------
    train, test : Pairs
        At most as many training pairs as the regression can take are used.
    similar : ndarray of bool of shape (n_train,)
    """
    rows = np.arange(len(train))
    if rows.size > MAX_PAIRS:
        rng = np.random.default_rng(0)
        rows = np.sort(rng.choice(rows, MAX_PAIRS, replace=False))
    steps = [StandardScaler(), RidgeCV(alphas=PENALTIES)]
    width = train.shape[2]
    if width > MAX_WIDTH or train.is_sparse or test.is_sparse:
        n_components = min(MAX_WIDTH, width - 1, rows.size)
        steps.insert(0, TruncatedSVD(max(1, n_components), random_state=0))
    model = make_pipeline(*steps).fit(_sum(train[rows]), similar[rows].astype(float))
    scores = [
        model.predict(_sum(test[start : start + MAX_PAIRS]))
        for start in range(0, len(test), MAX_PAIRS)
    ]
    return np.concatenate(scores)


def _sum(pairs):
    left, right = (side.astype(np.float64) for side in (pairs.left, pairs.right))
    return sparse.csr_matrix(left + right) if sparse.issparse(left) else left + right
