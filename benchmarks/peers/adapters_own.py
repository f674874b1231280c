# SPDX-License-Identifier: BSD-3-Clause
"""sksymsim itself."""

from fitted import Fitted
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
)


def fit_classifier(train_a, train_b, y, params):
    """Fit the Mahalanobis form, on the items as they come."""
    own = {key: value for key, value in params.items() if key != "seed"}
    model = SymmetricPairClassifier(form="mahalanobis", **own)
    model.fit(Pairs(train_a, train_b), y)
    return Fitted(
        lambda a, b: model.decision_function(Pairs(a, b)),
        {"n_iter": model.n_iter_, "own_objective": model.objective_},
        model.get_mahalanobis_matrix(),
        model.intercept_,
    )


def fit_pipeline(train_a, train_b, y, params):
    """Fit normalisation and any form; the normalisation is within the clock."""
    own = {k: v for k, v in params.items() if k not in ("seed", "whiten")}
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=params["whiten"])),
        SymmetricPairClassifier(**own),
    )
    model.fit(Pairs(train_a, train_b), y)
    return Fitted(
        lambda a, b: model.decision_function(Pairs(a, b)),
        {"n_iter": model[-1].n_iter_, "own_objective": model[-1].objective_},
    )
