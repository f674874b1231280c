# SPDX-License-Identifier: BSD-3-Clause
"""Candidates of a search that have a name: each with a grid that is worth its time.

An entry of the registry makes one or more (family, estimator, grid). A stack takes one
candidate of each family, so what errs on different pairs is a family of its own.
"""

from sklearn import get_config
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.features import SymmetricFeatures
from sksymsim.kernel_machine import KernelPairClassifier
from sksymsim.neural import SymmetricMLPClassifier
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer
from sksymsim.symmetrize import SymmetrizedClassifier

# What a pair is to a model of rows: each feature compared, and how near the two are by
# all of them.
AGGREGATIONS = ("absdiff", "product", "cosine", "distance")
WHITEN = "items__transformer__whiten"


def _pipeline(*steps, whiten=0.0):
    """Return a Pipeline that begins with centred items of unit length."""
    items = SharedTransformer(EmbeddingNormalizer(whiten=whiten))
    return Pipeline([("items", items), *steps])


def _asking(classifier, *arguments):
    """Return a classifier that asks for arguments where these have to be asked for."""
    if get_config()["enable_metadata_routing"]:
        classifier.set_fit_request(**dict.fromkeys(arguments, True))
    return classifier


def _scaler():
    """Return a scaler that wants no weights, as without metadata routing."""
    scaler = StandardScaler()
    if get_config()["enable_metadata_routing"]:
        # It could take them, so it has to be said.
        scaler.set_fit_request(sample_weight=False)
    return scaler


def _networks():
    return [
        _network("distance", 0.0, [0.03, 0.01], [10, 50]),
        _network("distance", 0.5, [0.03, 0.01], [10, 50]),
        _network("product", 0.0, [0.03, 0.01], [4, 16]),
    ]


def _network(pooling, whiten, alphas, epochs):
    # The pairs that the search holds out say how long to train. Holding out more of
    # the rest would leave few, and of a handful of groups none that can be spared.
    network = SymmetricMLPClassifier((128,), pooling=pooling, early_stopping=False)
    network = _asking(network, "sample_weight", "groups")
    return (
        f"network, pooling={pooling}, whiten={whiten}",
        _pipeline(("network", network), whiten=whiten),
        {"network__alpha": alphas, "network__max_iter": epochs},
    )


def _kernels():
    return [
        (
            f"kernel, pairwise={pairwise}",
            _pipeline(
                ("kernel", _asking(KernelPairClassifier(pairwise), "sample_weight"))
            ),
            {WHITEN: [0.0, 0.5], "kernel__alpha": [1e-3, 1e-5]},
        )
        for pairwise in ("mlpk", "both")
    ]


def _polynomials():
    model = _asking(SymmetricPairClassifier("poly", degree=3), "sample_weight")
    return [("poly", _pipeline(("poly", model)), {"poly__alpha": [1e-2, 1e-4]})]


def _boosting(n_trees, n_leaves):
    # Early stopping would hold out rows at random, and rows share items.
    model = HistGradientBoostingClassifier(
        max_iter=n_trees, max_leaf_nodes=n_leaves, max_bins=63, early_stopping=False
    )
    return _asking(model, "sample_weight")


def _features():
    features = ("features", SymmetricFeatures(AGGREGATIONS))
    linear = _asking(LogisticRegression(max_iter=1000), "sample_weight")
    scaled = _pipeline(features, ("scale", _scaler()), ("logistic", linear))
    boosted = _pipeline(features, ("boosting", _boosting(100, 31)))
    return [
        ("features, logistic regression", scaled, {"logistic__C": [1e-3, 1e-2]}),
        ("features, boosting", boosted, {}),
    ]


def _both_orders():
    # Twice the rows, and as many columns as both sides have: shorter, with less leaves.
    model = _asking(SymmetrizedClassifier(_boosting(50, 15)), "sample_weight")
    return [("both_orders", _pipeline(("boosting", model)), {})]


# Where chance is part of the fit, the final model is the mean of the log-odds of so
# many fits that differ by their seed: the log-loss is convex in them, so that of the
# mean is never above the mean of theirs (Jensen). Folds are fitted once, to save time.
N_DRAWS = {"network": 3}

READY_MADE = {
    "network": _networks,
    "kernel": _kernels,
    "poly": _polynomials,
    "features": _features,
    "both_orders": _both_orders,
}
