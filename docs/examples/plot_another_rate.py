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
    SymmetricPairClassifier(alpha=1e-3),
).fit(pairs, y)

# %%
# By Bayes' theorem the rate is one number that is added to all log-odds. Give it to the
# model (``similar_rate=0.05``), or shift its log-odds afterwards:

log_odds = model.decision_function(used_pairs)
versions = {
    "as trained, half similar": log_odds,
    "shifted to one in twenty": shift_log_odds(log_odds, from_rate=0.5, to_rate=0.05),
}
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained")
for ax, (name, scores) in zip(axes, versions.items(), strict=True):
    display = ReliabilityDisplay.from_predictions(y_used, scores, ax=ax, name=name)
    print(f"{name}: calibration error {display.calibration_error:.3f}")
plt.show()

# %%
# The log-loss shows it too. Where the pairs are of another kind, and not only at
# another rate, a shift is not enough: :func:`~sksymsim.recalibrate` learns a scale as
# well (:doc:`/calibration`).

for name, scores in versions.items():
    print(f"{name}: log-loss {log_loss(y_used, expit(scores)):.3f}")
