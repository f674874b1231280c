# SPDX-License-Identifier: BSD-3-Clause
"""
Honest folds and leaky ones
===========================

Cross-validation cuts pairs into folds. If pairs of two folds share recordings, or
digits, the model is tested on what it has seen. Here is what that does to an estimate,
and to the penalty that one chooses by it. The question is whether two recordings are of
one digit, for digits that were not heard in training.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairGroupKFold,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
known = spoken.digit < 7
pairs, y, _ = make_pairs(
    spoken.data[known], spoken.digit[known], n_pairs=4000, random_state=0
)
new_pairs, y_new, _ = make_pairs(
    spoken.data[~known], spoken.digit[~known], n_pairs=4000, random_state=1
)

# %%
# Three ways to cut the same pairs: at random, so that no recording is on both sides,
# and so that no digit is. The truth comes from the three digits that were set aside.

digits_of_sides = spoken.digit[known][pairs.index]
folds = {
    "random folds": (KFold(3), None),
    "no shared recording": (PairGroupKFold(3, random_state=0), None),
    "no shared digit": (
        PairGroupKFold(3, level="group", random_state=0),
        digits_of_sides,
    ),
}
alphas = np.logspace(-5, 0, 6)


def model(alpha):
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier(alpha=alpha),
    )


figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
for (name, (cv, groups)), style in zip(folds.items(), ("--", "-.", "-"), strict=True):
    estimates = [
        cross_val_score(
            model(alpha), pairs, y, cv=cv, groups=groups, scoring="roc_auc"
        ).mean()
        for alpha in alphas
    ]
    (line,) = ax.plot(alphas, estimates, style, label=name)
    best = int(np.argmax(estimates))
    ax.plot(alphas[best], estimates[best], "o", color=line.get_color())
truth = [
    roc_auc_score(y_new, model(alpha).fit(pairs, y).decision_function(new_pairs))
    for alpha in alphas
]
ax.plot(alphas, truth, color="0.5", linewidth=4, alpha=0.5, label="truth: new digits")
ax.set(xscale="log", xlabel="alpha", ylabel="ROC-AUC")
ax.legend()
plt.show()

# %%
# Dots are what each way would choose. Random folds promise far too much, and choose the
# model that remembers most. That recordings are not shared changes next to nothing, for
# the digits still are. Folds of whole digits promise too little, since each fold hears
# fewer digits, but they choose well: :doc:`/leakage`.
