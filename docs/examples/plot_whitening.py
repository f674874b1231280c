# SPDX-License-Identifier: BSD-3-Clause
"""
How much to whiten
==================

Whitening needs no label and often decides more than what is learned afterwards. How
much of it is best depends on the question: here two questions about the same
recordings. :doc:`/whitening` says what it does.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()

# %%
# A few directions have nearly all of the variance. Plain cosine sees those and little
# else.

variances = np.linalg.eigvalsh(np.cov(spoken.data.T))[::-1]
print(f"the first 5 of 80 directions: {variances[:5].sum() / variances.sum():.0%}")

# %%
# Same speaker, for new recordings of known speakers; and same digit, for the digits 7
# to 9 when only the others were heard. ``alpha=1e6`` learns nothing but scale and
# shift, so it is the cosine of the whitened items.

whitenings = np.linspace(0, 1, 6)
questions = {
    "same speaker?": (spoken.speaker, spoken.take >= 10),
    "same digit, of new digits?": (spoken.digit, spoken.digit < 7),
}

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, (question, (label, known)) in zip(axes, questions.items(), strict=True):
    pairs, y, _ = make_pairs(
        spoken.data[known], label[known], n_pairs=1500, random_state=0
    )
    new_pairs, y_new, _ = make_pairs(
        spoken.data[~known], label[~known], n_pairs=2000, random_state=1
    )
    for alpha, name, style in ((1e6, "cosine", "--o"), (1e-3, "learned", "-o")):
        areas = []
        for whiten in whitenings:
            model = make_pipeline(
                SharedTransformer(EmbeddingNormalizer(whiten=whiten)),
                SymmetricPairClassifier(alpha=alpha),
            ).fit(pairs, y)
            areas.append(roc_auc_score(y_new, model.decision_function(new_pairs)))
        ax.plot(whitenings, areas, style, label=name)
    ax.set(title=question, xlabel="whiten")
axes[0].set_ylabel("ROC-AUC on test pairs")
axes[1].legend()
plt.show()

# %%
# For new digits, whitening brings cosine nearly as far as labels do. For the speakers
# it does little, and the labels do the rest. At the end of the axis it divides by the
# smallest variances, which are noise. And the two lines have their tops at different
# places: whitening and what is learned have to be searched together
# (:doc:`/searching`).
