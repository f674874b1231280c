# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what is prepared item by item, before any model of pairs."""

import contextlib

import numpy as np
from scipy import sparse

from sksymsim._validation.frames import plain_array
from sksymsim._validation.items import check_finite_pairs, check_not_pairs

WRAP_NORMALIZER = "wrap it: SharedTransformer(EmbeddingNormalizer())"


def check_items_to_normalize(X):
    """Return single items as they are, if they can be centred and whitened.

    Of pairs and of sparse matrices, which come here by mistake, scikit-learn would
    speak of dimensions and of `toarray`, which may not fit into the memory.
    """
    check_not_pairs(X, hint=WRAP_NORMALIZER)
    if sparse.issparse(X):
        raise TypeError(
            "Sparse data was passed for X, and centring would fill it; reduce it "
            "before: make_pipeline(TruncatedSVD(n_components=256), "
            "EmbeddingNormalizer())."
        )
    X = plain_array(X, "X")
    two_sides = isinstance(X, tuple) and [np.ndim(side) for side in X] == [2, 2]
    if two_sides or getattr(X, "shape", ())[1:-1] == (2,):
        raise ValueError(
            f"X must be single items, one row each, not pairs; {WRAP_NORMALIZER}."
        )
    return X


@contextlib.contextmanager
def naming_rows(pairs):
    """Say which rows are not finite, where a transformer of items has refused them.

    It has seen distinct items, so that its row numbers, if any, are not those of the
    caller; and many transformers take NaN, so that they cannot be refused before.
    """
    try:
        yield
    except ValueError:
        check_finite_pairs(pairs)
        raise
