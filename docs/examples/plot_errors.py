# SPDX-License-Identifier: BSD-3-Clause
"""
Which errors, at which threshold
================================

A door that opens for strangers and one that stays shut for friends err in different
ways, and a threshold trades one for the other. The DET curve shows all trades at once;
a purpose picks one of them, on pairs that are not the test.
"""

import matplotlib.pyplot as plt
from scipy.special import ndtri
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from sksymsim import (
    DetDisplay,
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricPairClassifier,
    calibrate_threshold,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train = spoken.take >= 10
pairs, y, groups = make_pairs(
    spoken.data[train],
    spoken.speaker[train],
    n_pairs=1500,
    n_groups=3,
    random_state=0,
)
test_pairs, y_test, _ = make_pairs(
    spoken.data[~train], spoken.speaker[~train], n_pairs=10000, random_state=1
)


def pipeline(whiten, alpha):
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=whiten)),
        SymmetricPairClassifier(alpha=alpha),
    )


# %%
# Accept strangers in two of a hundred cases at most. The threshold is chosen on the
# held-out scores of folds that share no recording.

learned = pipeline(0.5, 1e-4)
choice = calibrate_threshold(
    learned, pairs, y, criterion="far", bound=0.02, cv=GroupKFold(3), groups=groups
)
accepted = choice.classifier.predict(test_pairs) == 1
false_accepts = accepted[y_test == 0].mean()
misses = 1 - accepted[y_test == 1].mean()
print(f"test: {false_accepts:.1%} false accepts, {misses:.1%} misses")

# %%
# The star is where that threshold is on the test pairs.

models = {
    "cosine": pipeline(0, 1e6),
    "whitened cosine": pipeline(0.5, 1e6),
    "learned": learned,
}
figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for name, model in models.items():
    DetDisplay.from_estimator(model.fit(pairs, y), test_pairs, y_test, ax=ax, name=name)
ax.plot(
    ndtri(false_accepts), ndtri(misses), "*k", markersize=13, label="chosen threshold"
)
ax.legend()
plt.show()

# %%
# Purposes that depend on how many pairs are similar, such as a precision, take weights
# that say how many: :doc:`/calibration`.
