# SPDX-License-Identifier: BSD-3-Clause
"""Whether the alphabet has put words for labels in the wrong order."""

import numpy as np
from sklearn.metrics import roc_auc_score

from sksymsim._evaluation.baselines import cosine_and_euclid

# Pairs of each label that are looked at: more would cost, and not say more.
MOST = 500
# Of "no match" and "match", the alphabet takes the former for similar. Both areas are
# below one half by at least so many standard errors then; chance does that once in 700.
ERRORS = 3.0


def looks_backwards(pairs, similar, classes):
    """Say whether labels are strings, and what they call similar is further apart.

    Numbers were chosen by somebody, and the order of words is nobody's choice.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    classes : ndarray of shape (2,)

    Returns
    -------
    backwards : bool
    """
    if not all(isinstance(one, str) for one in classes.tolist()):
        return False
    chosen = [_spread(np.flatnonzero(mask)) for mask in (~similar, similar)]
    counts = [rows.size for rows in chosen]
    if min(counts) == 0:
        return False
    labels = np.repeat([0, 1], counts)
    with np.errstate(over="ignore", invalid="ignore"):
        scores = cosine_and_euclid(pairs[np.concatenate(chosen)])
    if not np.isfinite(scores).all():
        return False
    # Of the area under the curve where nothing is told apart (Mann and Whitney, 1947).
    error = np.sqrt((sum(counts) + 1) / (12 * counts[0] * counts[1]))
    best = max(roc_auc_score(labels, one) for one in scores)
    return bool(best < 0.5 - ERRORS * error)


def _spread(rows):
    """Return not too many of some rows, from all over."""
    return rows[np.linspace(0, rows.size - 1, min(rows.size, MOST)).astype(np.intp)]
