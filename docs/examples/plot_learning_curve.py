# SPDX-License-Identifier: BSD-3-Clause
"""
Would more pairs help?
======================

Labels cost money. A learning curve tells whether more of them would pay: one that is
flat at its end has had enough. What has more to learn rises longer, and starts lower.
"""

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairGroupKFold,
    PairLearningCurveDisplay,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
pairs, y, _ = make_pairs(spoken.data, spoken.speaker, n_pairs=3000, random_state=0)

# %%
# The same test pairs at every size, of recordings that are in no training pair. The
# training pairs of each fold are halved again and again.

models = {
    "whitened cosine": SymmetricPairClassifier(alpha=1e6),
    "metric": SymmetricPairClassifier(),
    "quadratic": SymmetricPairClassifier("quadratic"),
}
figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
for name, classifier in models.items():
    PairLearningCurveDisplay.from_estimator(
        make_pipeline(SharedTransformer(EmbeddingNormalizer(whiten=0.5)), classifier),
        pairs,
        y,
        cv=PairGroupKFold(3, random_state=0),
        random_state=0,
        ax=ax,
        name=name,
    )
plt.show()

# %%
# Cosine has two numbers to learn and knows them at once. The metric is better with few
# pairs already, and still rises at the end. The general polynomial has twice as many
# parameters and nothing to gain from them here: see :doc:`/choosing_a_form`.
