# SPDX-License-Identifier: BSD-3-Clause
"""Every public estimator, as small as it goes, and how each is fitted and asked."""

import inspect

import numpy as np
from learners import InverseSpread
from pair_data import class_pairs
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags

import sksymsim
from sksymsim import PairGroupKFold, Pairs, SymmetricPairClassifier

PAIRS, Y, GROUPS = class_pairs(n_items=36, n_pairs=120)
COLUMNS = list("abcde")
WEIGHTS = np.linspace(0.5, 2.0, len(Y))
N_FEATURES = PAIRS.shape[2]


def fitted_model(items):
    pairs = PAIRS if items is None else Pairs.from_index(items, PAIRS.index)
    return FrozenEstimator(SymmetricPairClassifier(alpha=1e-2).fit(pairs, Y))


# What needs arguments, or takes long without. A new estimator that does neither is
# found by itself.
SMALL = {
    "SymmetricPairClassifier": lambda: {"alpha": 1e-2},
    "SymmetricMLPClassifier": lambda: {
        "hidden_layer_sizes": (4,),
        "early_stopping": False,
        "n_iter_no_change": 2,
        "tol": 1e-2,
        "random_state": 0,
    },
    "SymmetricPairClassifierCV": lambda: {
        "whitenings": [None],
        "pca_components": [],
        "forms": ["mahalanobis"],
        "priors": ["identity"],
        "alphas": [1e-2],
        "cv": PairGroupKFold(2, level="pair", random_state=0),
    },
    "SymmetrizedClassifier": lambda: {
        "estimator": RandomForestClassifier(n_estimators=5, random_state=0)
    },
    "SharedTransformer": lambda: {"transformer": PCA(n_components=3)},
    "RecalibratedClassifier": lambda items=None: {"estimator": fitted_model(items)},
    "StackedPairClassifier": lambda: {
        "estimators": [
            ("one", SymmetricPairClassifier(alpha=1e-2)),
            ("two", SymmetricPairClassifier("bilinear", alpha=1e-2)),
        ],
        "weights": [0.5, 0.5],
    },
    "MetricLearnPairClassifier": lambda: {"learner": InverseSpread(), "cv": "train"},
    "SymmetricFeatures": lambda: {"aggregations": ["absdiff", "cosine"]},
}
CLASSES = {
    name: public
    for name, public in vars(sksymsim).items()
    if name in sksymsim.__all__
    and name != "DaskPairClassifier"  # for collections of Dask, in test_distributed.py
    and inspect.isclass(public)
    and issubclass(public, BaseEstimator)
}


def make(name, items=None):
    """Return an estimator that has not been fitted; what is in it may know items."""
    arguments = SMALL.get(name, lambda: {})
    knows_items = "items" in inspect.signature(arguments).parameters
    return CLASSES[name](**(arguments(items) if knows_items else arguments()))


def kind_of(name):
    """Say what it is: "classifier", "clusterer", or transforms "pairs" or "items"."""
    tags = get_tags(make(name))
    if tags.estimator_type is not None:
        return tags.estimator_type
    return "pairs" if tags.input_tags.three_d_array else "items"


KINDS = {name: kind_of(name) for name in CLASSES}
OF_PAIRS = [name for name, kind in KINDS.items() if kind != "items"]
CLASSIFIERS = [name for name, kind in KINDS.items() if kind == "classifier"]
WEIGHTED = [
    name
    for name in CLASSIFIERS
    if "sample_weight" in inspect.signature(CLASSES[name].fit).parameters
]
# As in metric-learn, a tuple is an array of pairs there.
BY_SIDES = [name for name in CLASSIFIERS if name != "MetricLearnAdapter"]
# What `save_model` takes. Of the adapter, its `estimator_`.
STORED = [
    name
    for name in CLASSIFIERS
    if name
    not in (
        "MetricLearnAdapter",
        "MetricLearnPairClassifier",
        "SymmetricPairClassifierCV",
        "SymmetrizedClassifier",
    )
]
ASKED = [name for name, kind in KINDS.items() if kind != "clusterer"]


def index_pairs(items=None):
    return Pairs.from_index(PAIRS.items if items is None else items, PAIRS.index)


def fit(name, items=None, y=Y, **arguments):
    """Fit one to pairs of some table of items, or to the items."""
    items = PAIRS.items if items is None else items
    if KINDS[name] == "items":
        return make(name).fit(items)
    if KINDS[name] == "clusterer":
        return make(name).fit(index_pairs(items), log_odds=2.0 * Y - 1)
    return make(name, items).fit(index_pairs(items), y, **arguments)


def ask(model, items=None):
    """Return what a fitted estimator says of the pairs of some table, as numbers."""
    items = PAIRS.items if items is None else items
    kind = KINDS[type(model).__name__]
    if kind == "items":
        return np.asarray(model.transform(items))
    if kind == "clusterer":
        return model.labels_
    pairs = index_pairs(items)
    if kind == "pairs":
        return np.asarray(model.transform(pairs))
    return model.predict_proba(pairs)
