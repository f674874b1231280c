# SPDX-License-Identifier: BSD-3-Clause
"""Small fitted models of every kind, for tests of files and for the files of tests."""

import os
import warnings
from functools import cache

import joblib
import numpy as np
from pair_data import class_pairs
from sklearn.base import clone
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    SymmetrizedClassifier,
    _blocks,
    calibrate_threshold,
    load_model,
    recalibrate,
)

PAIRS, LABELS, _ = class_pairs(n_items=24, n_pairs=80, n_classes=4)


def shared(transformer):
    return SharedTransformer(transformer)


def network(**options):
    return SymmetricMLPClassifier(
        (6,), max_iter=3, early_stopping=False, random_state=0, **options
    )


def search():
    return SymmetricPairClassifierCV(
        whitenings=(0.5, None),
        pca_components=(),
        forms=("mahalanobis", "quadratic"),
        priors=("identity",),
        alphas=(1e-1, 1e-2),
        combine="stack",
        cv=2,
        random_state=0,
    )


METRIC = SymmetricPairClassifier(alpha=1e-2)
UNFITTED = {
    "mahalanobis": METRIC,
    "mahalanobis of low rank": SymmetricPairClassifier(
        n_components=2,
        prior=np.eye(5),
        reflexive=True,
        class_weight={"no": 1.0, "yes": 2.0},
    ),
    "bilinear": SymmetricPairClassifier("bilinear", psd=False, alpha=1e-2),
    "quadratic": SymmetricPairClassifier("quadratic", alpha=1e-2),
    "poly": SymmetricPairClassifier("poly", alpha=1e-1),
    "normalizer": make_pipeline(shared(EmbeddingNormalizer(whiten=0.5)), METRIC),
    "scaler and components": make_pipeline(
        shared(make_pipeline(StandardScaler(), PCA(3))), METRIC
    ),
    "two shared": make_pipeline(
        shared(TruncatedSVD(4, random_state=0)), shared(Normalizer()), METRIC
    ),
    "stack": StackedPairClassifier(
        [
            ("metric", make_pipeline(shared(EmbeddingNormalizer()), METRIC)),
            ("kernels", KernelPairClassifier(alpha=1e-2)),
        ],
        weights=[0.7, 0.3],
        intercept=0.1,
    ),
    "search": search(),
    "network": network(),
    "network that sees both": network(cross_weights=True, pooling="attention"),
    "kernels of items": KernelPairClassifier(
        "concat", kernel="poly", alpha=1e-2, prior=np.eye(5)
    ),
    "kernels of features": KernelPairClassifier(
        "mlpk", kernel="linear", alpha=1e-2, prior=None
    ),
    "kernels of landmarks": KernelPairClassifier(n_landmarks=10, random_state=0),
    "both orders": SymmetrizedClassifier(LogisticRegression(max_iter=1000)),
    "features": make_pipeline(
        SymmetricFeatures(),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    ),
}


@cache
def fit_all():
    """Return the fitted models by name, one with labels that are strings.

    They are made once, so no test is to change one.
    """
    models = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, model in UNFITTED.items():
            words = "rank" in name
            y = np.where(LABELS == 1, "yes", "no") if words else LABELS
            models[name] = clone(model).fit(PAIRS, y)
    held_out, y, _ = class_pairs(seed=2, n_items=24, n_pairs=80, n_classes=4)
    metric = models["mahalanobis"]
    models["recalibrated"] = recalibrate(metric, held_out, y, similar_rate=0.2)
    models["threshold"] = calibrate_threshold(metric, held_out, y).classifier
    return models


def new_pairs(dtype):
    """Return pairs that no model has seen, of two arrays."""
    pairs, _, _ = class_pairs(seed=1, n_items=24, n_pairs=40, n_classes=4)
    return Pairs(pairs.left.astype(dtype), pairs.right.astype(dtype))


def outputs(model, pairs):
    """Return what a model says of pairs: log-odds, or with a threshold, labels."""
    if isinstance(model, FixedThresholdClassifier):
        return model.predict(pairs)
    return model.decision_function(pairs)


def scores_of_files(folder):
    """Return the scores of two models in files, as another process gets them."""
    _blocks.POOL_WORK = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pairs = joblib.load(os.path.join(folder, "pairs.joblib"), mmap_mode="r")
        models = (
            joblib.load(os.path.join(folder, "model.joblib"), mmap_mode="r"),
            load_model(os.path.join(folder, "model.sksymsim"), mmap_mode="r"),
        )
        return [model.predict_proba(pairs) for model in models]
