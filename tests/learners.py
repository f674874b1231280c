# SPDX-License-Identifier: BSD-3-Clause
"""Learners with the interface of metric-learn, for tests without metric-learn."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError

from sksymsim import SymmetricPairClassifier


# The mixin to the right, as there: scikit-learn 1.6 then takes it for no classifier.
class InverseSpread(BaseEstimator, ClassifierMixin):
    """M is the inverse of the shrunk covariance of similar differences.

    As picky as metric-learn: arrays of shape (n_pairs, 2, n_features), labels -1 and 1.
    """

    def __init__(self, shrinkage=0.1, as_matrix=False, sign=1):
        self.shrinkage = shrinkage
        self.as_matrix = as_matrix
        self.sign = sign

    def fit(self, pairs, y, calibration_params=None):
        assert type(pairs) is np.ndarray
        assert pairs.ndim == 3
        assert pairs.dtype == np.float64
        assert sorted(set(y.tolist())) == [-1, 1]
        self.n_seen_ = len(pairs)
        gaps = pairs[:, 0] - pairs[:, 1]
        assert gaps.any(axis=1).all(), "a learner would divide by zero"
        # Not numpy.cov: of one pair, before NumPy 2 that is not what it says.
        centered = gaps[y == 1] - gaps[y == 1].mean(axis=0)
        spread = centered.T @ centered / len(centered)
        level = np.trace(spread) / len(spread)
        spread = (1 - self.shrinkage) * spread + self.shrinkage * level * np.eye(
            len(spread)
        )
        matrix = np.linalg.inv(spread)
        if self.sign < 0:
            matrix = np.diag(np.arange(len(spread)) == 0).astype(float)
        if self.as_matrix:
            self._matrix = matrix
        else:
            self.components_ = np.linalg.cholesky(matrix).T if self.sign > 0 else matrix
        self.set_threshold(1.0)
        return self

    def set_threshold(self, threshold):
        self.threshold_ = threshold
        return self

    def get_mahalanobis_matrix(self):
        if not hasattr(self, "threshold_"):
            raise NotFittedError("not fitted")
        if self.as_matrix:
            return self._matrix
        return self.components_.T @ self.components_


class Logistic(InverseSpread):
    """A learner that separates what can be separated."""

    def fit(self, pairs, y):
        self.components_ = SymmetricPairClassifier(alpha=1e-2).fit(pairs, y).components_
        return self


class Broken(InverseSpread):
    """A learner whose metric is not a number."""

    def fit(self, pairs, y):
        self.components_ = np.full((2, pairs.shape[2]), np.nan)
        return self
