# SPDX-License-Identifier: BSD-3-Clause
"""What type checkers make of the public names: read by mypy, and not run.

Each line that is marked has to be wrong: mypy minds a mark that is not needed.
"""

# What ``--strict`` adds, and what the package itself is spared by pyproject.toml.
# mypy: check-untyped-defs, disallow-any-generics, disallow-incomplete-defs
# mypy: disallow-subclassing-any, disallow-untyped-calls, disallow-untyped-decorators
# mypy: disallow-untyped-defs, extra-checks, strict-equality
# mypy: warn-return-any, warn-unused-ignores
# mypy: enable-error-code="attr-defined, call-arg, index, misc, operator, union-attr"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import sksymsim
from sksymsim import (
    AxiomReport,
    CatalogueLinks,
    DaskPairClassifier,
    Deduplication,
    DetDisplay,
    EmbeddingNormalizer,
    GroupThresholdChoice,
    IndexSpace,
    KernelPairClassifier,
    PairClusterer,
    PairGroupKFold,
    PairReport,
    Pairs,
    PairShuffleSplit,
    RecalibratedClassifier,
    SharedTransformer,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    ThresholdChoice,
    calibrate_group_threshold,
    calibrate_threshold,
    check_axioms,
    close_labels,
    deduplicate,
    link,
    load_model,
    load_spoken_digits,
    make_pairs,
    min_dcf,
    pair_kernel,
    pair_report,
    pair_train_test_split,
    recalibrate,
    save_model,
    threshold_at,
    to_cosine,
    to_l2,
)

X = np.eye(6)
y = [0, 1, 1]
Floats = NDArray[np.floating[Any]]

# ------------------------------------------------------------------------------- right

pairs = Pairs(X[:3], X[3:])
assert_type(pairs, Pairs)
assert_type(pairs[:2], Pairs)
assert_type(Pairs.from_index(X, [[0, 1], [2, 3]]).swap(), Pairs)
assert_type(len(pairs), int)
assert_type(pairs.shape, tuple[int, int, int])
rng = np.random.RandomState(0)
drawn, labels, groups = make_pairs(X, y, n_pairs=3, random_state=rng)
assert_type(drawn, Pairs)

model = SymmetricPairClassifier("bilinear", alpha=1, class_weight={0: 2.0})
assert_type(model.fit(pairs, y), SymmetricPairClassifier)
assert_type(model.fit((X[:3], X[3:]), y, sample_weight=[1.0, 2.0, 1.0]).alpha, float)
assert_type(model.predict_proba(pairs), Floats)
assert_type(model.n_features_in_, int)
assert_type(model.components_, Floats)
scores, rows = model.top_k(X, X, k=2)
assert_type(scores, Floats)
assert_type(rows, NDArray[np.integer[Any]])

search = SymmetricPairClassifierCV(cv=PairGroupKFold(3), candidates=["kernel"])
assert_type(search.fit(pairs, y, groups=groups, X_val=pairs, y_val=y).cv_score_, float)
SymmetricPairClassifierCV(cv=[([0, 1], [2])], priors=("identity",), n_jobs=-1)
KernelPairClassifier("tppk", prior=None, n_landmarks=100)
SymmetricMLPClassifier((64, 32), head_layer_sizes="auto", batch_size=16)
assert_type(SharedTransformer(EmbeddingNormalizer()).fit(pairs).transform(pairs), Pairs)
SymmetricFeatures(["sum", "cosine"])
splits = PairShuffleSplit(2, test_size=0.3, level="group").split(pairs, y)
assert_type(next(splits)[0], NDArray[np.integer[Any]])

assert_type(check_axioms(model, X, confidence_level=0.9), AxiomReport)
assert_type(check_axioms(model, X).transitivity.rate, float)
assert_type(pair_report(model, pairs, y, far=[0.1]), PairReport)
assert_type(pair_report(model, pairs, y).to_html(Path("report.html")), str)
assert_type(calibrate_threshold(model, pairs, y, bound=0.1).threshold, float)
assert_type(threshold_at(y, [0.1, 0.2, 0.3], criterion="far", bound=0), ThresholdChoice)
assert_type(recalibrate(model, pairs, y), RecalibratedClassifier)
assert_type(min_dcf(y, [0.1, 0.2, 0.3]), "float | Floats")
assert_type(deduplicate(X, model, must_link=[[0, 1]], verbose=True), Deduplication)
assert_type(deduplicate(X, model, candidate_pairs=[[0, 1]]).n_groups, int)
assert_type(link(X, X, model).link_probabilities, Floats)
assert_type(link(X, X, model), CatalogueLinks)
chosen = calibrate_group_threshold(PairClusterer(), pairs, y, log_odds=[0.1, 0.2, 0.3])
assert_type(chosen, GroupThresholdChoice)
assert_type(chosen.clusterer, PairClusterer)
assert_type(to_l2(model), IndexSpace)
assert_type(pair_kernel(pairs, pairs, kernel="poly"), Floats)
assert_type(close_labels(pairs, y).inferred, NDArray[np.bool_])
assert_type(DetDisplay.from_estimator(model, pairs, y), DetDisplay)
assert_type(sksymsim.__version__, str)
parts: list[Any] = pair_train_test_split(pairs, y, test_size=2, level="pair")
save_model(model, "model.sksym")
anything = load_model(Path("model.sksym"))
spoken = load_spoken_digits()
DaskPairClassifier(SymmetricPairClassifier())

# ------------------------------------------------------------------------------- wrong

SymmetricPairClassifier("cosine")  # type: ignore[arg-type]
SymmetricPairClassifier(alpha="small")  # type: ignore[arg-type]
SymmetricPairClassifier(alphas=1.0)  # type: ignore[call-arg]
SymmetricPairClassifier("bilinear", 1.0)  # type: ignore[call-arg]
SymmetricPairClassifier(class_weight="equal")  # type: ignore[arg-type]
SymmetricPairClassifier(prior="euclid")  # type: ignore[arg-type]
SymmetricPairClassifier(random_state=0.5)  # type: ignore[arg-type]
SymmetricPairClassifierCV(cv=0.3)  # type: ignore[arg-type]
SymmetricPairClassifierCV(alphas=1e-3)  # type: ignore[arg-type]
PairGroupKFold(level="items")  # type: ignore[arg-type]
Pairs(X)  # type: ignore[call-arg]
Pairs.from_index(X, index=None)  # type: ignore[arg-type]
model.fit(pairs)  # type: ignore[call-arg]
model.fit(None, y)  # type: ignore[arg-type]
model.top_k(X, X, k="all")  # type: ignore[arg-type]
check_axioms(model, X, confidence=0.9)  # type: ignore[call-arg]
print(check_axioms(model, X).transitivity.ratio)  # type: ignore[attr-defined]
calibrate_threshold(model, pairs, y, criterion="eer")  # type: ignore[arg-type]
deduplicate(X, model, n_neighbors="ten")  # type: ignore[arg-type]
link(X, X)  # type: ignore[call-arg]
save_model(model, 3)  # type: ignore[arg-type]
to_cosine(model)  # type: ignore[call-arg]
pair_kernel(pairs, kernel="sigmoid")  # type: ignore[arg-type]
sksymsim.SymmetricPairRegressor()  # type: ignore[attr-defined]
