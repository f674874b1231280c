# SPDX-License-Identifier: BSD-3-Clause
"""An adapter that lets scikit-learn's common checks run on estimators of pairs."""

import numpy as np
import sklearn
from scipy import sparse
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from sksymsim import Pairs

CORNER = -1.0
VERSION = ".".join(sklearn.__version__.split(".")[:2])
# With two classes, the check of 1.6 takes the labels from a single one of them, and
# its estimators are fitted to two different problems. Repaired in 1.7.
LABELS_OF_1_6 = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "scikit-learn < 1.7 builds other labels for the repeated rows "
        "of a classifier of two classes"
    )
    for kind in ("dense", "sparse")
}


def failures(estimator):
    """Return the checks that fail, with the reason."""
    if VERSION != "1.6":
        return {}
    # Who refuses sparse items passes that check by doing so.
    takes_sparse = get_tags(estimator).input_tags.sparse
    return {k: v for k, v in LABELS_OF_1_6.items() if takes_sparse or "sparse" not in k}


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
