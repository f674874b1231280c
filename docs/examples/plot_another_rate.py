# SPDX-License-Identifier: BSD-3-Clause
"""
Probabilities at another rate
=============================

Half of the training pairs are similar. Where the model is used, one pair in twenty is.
The ranking does not care, and the probabilities do: all of them are too high. One
number puts that right, and needs no new labels.
"""

import matplotlib.pyplot as plt
from scipy.special import expit
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    ReliabilityDisplay,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
    recalibrate,
    shift_log_odds,
)

spoken = load_spoken_digits()
train = spoken.take >= 20
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=3000, random_state=0
)
used_pairs, y_used, _ = make_pairs(
    spoken.data[~train],
    spoken.speaker[~train],
    n_pairs=20000,
    similar_rate=0.05,
    random_state=1,
)
model = make_pipeline(
    SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
    SymmetricPairClassifier(),
).fit(pairs, y)

# %%
# By Bayes' theorem the rate is one number that is added to all log-odds. Give it to the
# model (``similar_rate=0.05``), or shift its log-odds afterwards. What is left then is
# the scale: this model is a little too careful. Where there are labelled pairs of the
# new kind, :func:`~sksymsim.recalibrate` learns scale and shift from them; here, from
# the first quarter.

known, rest = used_pairs[:5000], used_pairs[5000:]
y_known, y_rest = y_used[:5000], y_used[5000:]
log_odds = model.decision_function(rest)
moved = recalibrate(model, known, y_known)
versions = {
    "as trained": log_odds,
    "shifted": shift_log_odds(log_odds, from_rate=0.5, to_rate=0.05),
    "recalibrated": moved.decision_function(rest),
}
figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for ax, (name, scores) in zip(axes, versions.items(), strict=True):
    ReliabilityDisplay.from_predictions(
        y_rest, scores, strategy="uniform", n_bins=8, ax=ax, name=name
    )
    ax.get_legend().remove()  # it would hide the points; the title says what matters
    ax.set_title(f"{name}: log-loss {log_loss(y_rest, expit(scores)):.3f}")
plt.show()

# %%
# The ranking is the same in all three. Where pairs are of another kind, and not only at
# another rate, the shift alone is not enough (:doc:`/calibration`).

print(f"scale {moved.scale_:.2f}")
