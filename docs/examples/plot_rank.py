# SPDX-License-Identifier: BSD-3-Clause
"""
How many directions matter
==========================

The matrix of a metric says in which directions a difference counts. Its spectrum hints
at how many there are, and `n_components` keeps that many.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SpectrumDisplay,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train = spoken.take >= 10
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=4000, random_state=0
)
test_pairs, y_test, _ = make_pairs(
    spoken.data[~train], spoken.speaker[~train], n_pairs=4000, random_state=1
)


def fitted(**options):
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier(random_state=0, **options),
    ).fit(pairs, y)


# %%
# On the left the eigenvalues of M with all directions free. On the right what is lost
# when only a few are allowed.

full = fitted()
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
SpectrumDisplay.from_estimator(full, ax=axes[0], name="spectrum of M")
ranks = [1, 2, 3, 5, 8, 12, 20]
areas = [
    roc_auc_score(y_test, fitted(n_components=r).decision_function(test_pairs))
    for r in ranks
]
axes[1].plot(ranks, areas, "-o", label="n_components")
axes[1].axhline(
    roc_auc_score(y_test, full.decision_function(test_pairs)),
    color="0.5",
    linestyle="--",
    label="all directions",
)
axes[1].set(title="test pairs", xlabel="n_components", ylabel="ROC-AUC", xscale="log")
axes[1].set_xticks(ranks, ranks)
axes[1].minorticks_off()
axes[1].legend()
plt.show()

# %%
# Five eigenvalues stand out: six speakers differ in five directions, and five
# components keep all that there is to rank by. The long shelf is the prior, plain
# Euclid, which stays where the pairs do not object. A small rank makes vectors for an
# index shorter; against overfitting, the penalty is the better means
# (:doc:`/choosing_a_form`).

print(full[-1].components_.shape, fitted(n_components=5)[-1].components_.shape)
