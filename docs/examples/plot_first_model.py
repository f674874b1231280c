# SPDX-License-Identifier: BSD-3-Clause
"""
A first model, beside cosine
============================

Two recordings, each a vector of 80 numbers: the same speaker or not? Cosine has an
opinion on that before anything is learned. Eight hundred labelled pairs change it.

The model is that of :doc:`/getting_started`, and the picture shows what it is for:
similar and dissimilar pairs overlap less.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    ScoreDistributionDisplay,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

# %%
# Pairs to learn from, and pairs of other recordings to test with.

spoken = load_spoken_digits()
train = spoken.take >= 5
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=800, random_state=0
)
test_pairs, y_test, _ = make_pairs(
    spoken.data[~train], spoken.speaker[~train], n_pairs=2000, random_state=1
)

# %%
# With a huge penalty a model learns only the scale and the shift that make log-odds of
# a given similarity. On items of length one, that is calibrated cosine: a fair
# opponent, whose log-odds mean the same as those of the learned model.

cosine = make_pipeline(
    SharedTransformer(EmbeddingNormalizer(center=False)),
    SymmetricPairClassifier(alpha=1e6),
).fit(pairs, y)
learned = make_pipeline(
    SharedTransformer(EmbeddingNormalizer(whiten=0.5)), SymmetricPairClassifier()
).fit(pairs, y)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for ax, model, name in zip(axes, (cosine, learned), ("cosine", "learned"), strict=True):
    auc = roc_auc_score(y_test, model.decision_function(test_pairs))
    ScoreDistributionDisplay.from_estimator(
        model, test_pairs, y_test, ax=ax, name=f"{name}: ROC-AUC {auc:.3f}"
    )
plt.show()

# %%
# Each pair gets a probability, and the answer for (a, b) is that for (b, a) to the last
# bit.

probability = learned.predict_proba(test_pairs[:5])[:, 1]
swapped = learned.predict_proba(test_pairs[:5].swap())[:, 1]
for p, q, label in zip(probability, swapped, y_test[:5], strict=True):
    print(f"P(similar) = {p:.3f}, swapped {q:.3f}, label {label}")
