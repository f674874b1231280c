# SPDX-License-Identifier: BSD-3-Clause
"""Peers that need nothing but NumPy and scikit-learn."""

import numpy as np
from fitted import Fitted, mahalanobis_score
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def fit_cosine(train_a, train_b, y, params):
    """Learn nothing."""
    return Fitted(cosine)


def cosine(a, b):
    """Return the cosine of each pair."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.einsum("ij,ij->i", a, b) / np.maximum(lengths, 1e-12)


def fit_kissme(train_a, train_b, y, params):
    """Inverse covariance of similar differences minus that of dissimilar ones.

    Koestinger et al., CVPR 2012, with the usual projection onto the semidefinite
    matrices, and `ridge` as the share of the mean variance put in each covariance.
    """
    gaps = train_a.astype(np.float64) - train_b
    size = gaps.shape[1]
    inverses = []
    for label in (1, 0):
        z = gaps[y == label]
        covariance = z.T @ z / len(z)
        level = np.trace(covariance) / size
        shrunk = (1 - params["ridge"]) * covariance
        inverses.append(np.linalg.inv(shrunk + params["ridge"] * level * np.eye(size)))
    lam, basis = np.linalg.eigh(inverses[0] - inverses[1])
    matrix = (basis * np.maximum(lam, 0)) @ basis.T
    return Fitted(mahalanobis_score(matrix), {"converged": True}, matrix)


def pair_features(a, b):
    """Return [|a - b|, a * b]: symmetric, as the peers below are not by themselves."""
    return np.hstack([np.abs(a - b), a * b])


def fit_logistic(train_a, train_b, y, params):
    """Fit a linear logistic regression on features of pairs."""
    # C divides the penalty of a *sum* of losses: alpha of a mean is 1 / (n_pairs C).
    # The two penalties are on other coefficients, so only the range is comparable.
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=params["C"], max_iter=5000)
    )
    model.fit(pair_features(train_a, train_b), y)
    facts = {"n_iter": int(model[-1].n_iter_.max())}
    return Fitted(lambda a, b: model.decision_function(pair_features(a, b)), facts)


def fit_boosting(train_a, train_b, y, params):
    """Fit gradient boosting on features of pairs."""
    model = HistGradientBoostingClassifier(
        learning_rate=params["learning_rate"],
        max_leaf_nodes=params["max_leaf_nodes"],
        random_state=params["seed"],
    )
    model.fit(pair_features(train_a, train_b), y)
    facts = {"n_iter": int(model.n_iter_)}
    return Fitted(lambda a, b: model.decision_function(pair_features(a, b)), facts)
