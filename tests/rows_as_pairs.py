# SPDX-License-Identifier: BSD-3-Clause
"""An adapter that lets scikit-learn's common checks run on estimators of pairs."""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted, validate_data

from sksymsim import Pairs

CORNER = -1.0


class RowsAsPairs:
    """Read each row x of a matrix as the pair (x, (-1, ..., -1)).

    To be put left of an estimator of pairs.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = False
        return tags

    def _pairs(self, X, *, reset):
        X = validate_data(
            self, X, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        corner = np.full(X.shape, CORNER, dtype=X.dtype)
        return Pairs(X, sparse.csr_matrix(corner) if sparse.issparse(X) else corner)

    def _checked(self, X):
        check_is_fitted(self)
        return self._pairs(X, reset=False)
