# SPDX-License-Identifier: BSD-3-Clause
"""Every public estimator: fitted on anything, asked about anything."""

from functools import cache

import numpy as np
from every_estimator import BY_SIDES, CLASSES, KINDS, WEIGHTED, fit, make
from every_estimator import ask as answers
from sklearn.preprocessing import StandardScaler

from fuzz import values
from fuzz.contract import Refused, ask, check, check_finite, check_same, check_shares
from sksymsim import EmbeddingNormalizer, Pairs

# Parameters that the usual small model does not have.
OPTIONS = {
    "SymmetricPairClassifier": {
        "form": ["mahalanobis", "bilinear", "quadratic", "poly"],
        "prior": ["identity", "covariance", "kissme"],
        "psd": [True, False],
        "n_components": [None, 1, 2],
        "fit_intercept": [True, False],
        "class_weight": [None, "balanced"],
        "alpha": [1e-2, 1e-8, 1e3, 1e-30, 1e30],
        "similar_rate": [None, 0.01],
    },
    "KernelPairClassifier": {
        "pairwise": ["tppk", "mlpk", "both", "sum", "concat"],
        "kernel": ["linear", "poly", "rbf"],
        "gamma": ["scale", "auto", 1e-30, 1.0, 1e30],
        "alpha": [1e-2, 1e-8, 1e3],
        "prior": [None, "identity", "kissme"],
        "n_landmarks": ["auto", 3],
    },
    "SymmetricMLPClassifier": {
        "cross_weights": [True, False],
        "pooling": ["distance", "product", "sum", "attention"],
        "solver": ["adam", "sgd", "lbfgs"],
        "activation": ["identity", "logistic", "tanh", "relu"],
        "alpha": [0.03, 0.0, 1e3],
        "early_stopping": [False, True],
        "max_iter": [3],
        "max_fun": [30],
    },
    "EmbeddingNormalizer": {
        "center": [True, False],
        "whiten": [0.0, 0.5, 1.0, None],
        "norm": [True, False],
    },
    "SymmetricFeatures": {
        "aggregations": [
            ["sum", "product", "absdiff", "max", "min"],
            ["outer"],
            ["cosine"],
            ["euclidean", "dot"],
        ]
    },
    "SharedTransformer": {"transformer": [StandardScaler(), EmbeddingNormalizer()]},
    "PairClusterer": {
        "method": ["correlation", "average", "complete", "components"],
        "missing": ["ignore", "prior", -1.0],
        "threshold": [0.0, 1.0, -1e30],
    },
}


# What holds a fitted model knows how wide its items are.
WIDTHS = {"RecalibratedClassifier": 5}
# What is documented beside ValueError and TypeError, and what the learner of
# every_estimator, which is no part of the package, raises.
ALSO = {
    "PairClusterer": (IndexError,),
    "MetricLearnPairClassifier": (np.linalg.LinAlgError,),
}


@cache
def fitted(name):
    """Return a model of good input, and what it says of that."""
    model = fit(name)
    return model, answers(model)


def drawn(draw, name):
    """Return an estimator with some parameters of its own."""
    model = make(name)
    for option, choices in OPTIONS.get(name, {}).items():
        if draw.maybe(0.3):
            model.set_params(**{option: draw.of(*choices, name=option)})
    return model


def pairs_of(draw, *, n_pairs=None, width=None, bad=0.06, by_sides=True):
    """Return drawn pairs, and how many there are."""
    make_them, parts = values.pairs(draw, n_pairs, width, bad=bad, by_sides=by_sides)
    pairs = ask(make_them, *parts, also=(IndexError,))
    side = pairs[0] if isinstance(pairs, tuple) else pairs
    return pairs, side.shape[0] if len(side.shape) else 0


def estimator(draw, name):
    """Fit one on anything, then ask; what was fitted before survives a refusal."""
    kind = KINDS[name]
    model = drawn(draw, name)
    old, said = fitted(name)
    state = dict(vars(old)) if draw.maybe(0.3) else None
    if state is not None:
        unfitted = model
        model = make(name)
        vars(model).update(state)
        model.set_params(**unfitted.get_params(deep=False))
    try:
        if kind == "items":
            X = values.table(draw, allow_sparse=True)
            ask(model.fit, X)
        else:
            width = WIDTHS.get(name)
            X, n_pairs = pairs_of(draw, width=width, by_sides=name in BY_SIDES)
            arguments = [X, *fit_arguments(draw, name, n_pairs)]
            named = {}
            if kind == "clusterer":
                arguments, named = cluster_arguments(draw, X, n_pairs)
            elif name in WEIGHTED:
                named = {"sample_weight": values.weights(draw, n_pairs)}
            ask(model.fit, *arguments, also=ALSO.get(name, ()), **named)
    except Refused:
        if state is not None and kind != "clusterer":
            model.set_params(**old.get_params(deep=False))
            check_same(answers(model), said, "after a refused fit, the old answer")
        raise
    if kind == "clusterer":
        check(model.labels_.dtype.kind == "i", "labels_ are no integers")
        return
    ask_of(draw, name, model, X)


def fit_arguments(draw, name, n_pairs):
    return [] if KINDS[name] == "pairs" else [values.labels(draw, n_pairs)]


def cluster_arguments(draw, X, n_pairs):
    named = {"log_odds": values.scores(draw, n_pairs)}
    for name in ("must_link", "cannot_link"):
        if draw.maybe(0.15):
            named[name] = values.index(draw, 5, 2)
    return [X], named


def ask_of(draw, name, model, X):
    """Ask of what was fitted on, and of anything."""
    width = model.n_features_in_
    if KINDS[name] == "items":
        for rows in (X, values.table(draw, width=width, bad=0.05, allow_sparse=True)):
            check_finite(ask(model.transform, rows), "transform")
        return
    others, _ = pairs_of(draw, width=width, bad=0.05, by_sides=name in BY_SIDES)
    for pairs in (X, others):
        if KINDS[name] == "pairs":
            given = ask(model.transform, pairs)
            if isinstance(given, Pairs):
                for side in given.block(slice(None)):
                    check_finite(side, "transform")
            else:
                check_finite(given, "transform")
                check_same(given, ask(model.transform, swapped(pairs)), "swapped")
        else:
            classified(model, pairs)


def classified(model, pairs):
    """Check all that a classifier says of some pairs, in both orders."""
    log_odds = ask(model.decision_function, pairs)
    check_finite(log_odds, "decision_function")
    shares = ask(model.predict_proba, pairs)
    check_shares(shares, "predict_proba")
    check(
        np.allclose(shares.sum(axis=1), 1, atol=1e-6), "predict_proba does not add up"
    )
    check(np.isin(ask(model.predict, pairs), model.classes_).all(), "predict")
    check_same(log_odds, ask(model.decision_function, swapped(pairs)), "swapped")
    for other in ("pair_score", "pair_distance"):
        try:
            method = getattr(model, other)
        except AttributeError:
            continue
        try:
            given = ask(method, pairs, also=(AttributeError,))
        except Refused:
            continue
        check_finite(given, other)


def swapped(pairs):
    """Return the same pairs with the sides exchanged."""
    if isinstance(pairs, Pairs):
        return pairs.swap()
    return pairs[::-1] if isinstance(pairs, tuple) else pairs[:, ::-1]


TARGETS = {name: estimator for name in CLASSES}
