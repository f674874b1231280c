# SPDX-License-Identifier: BSD-3-Clause
"""
What no matrix can say
======================

A pair of recordings is "similar" here if speaker and digit are *both* the same or
*both* different. Seen through two numbers for each item, that is the exclusive or: no
polynomial of degree two ranks such pairs, and a kernel or a network does. The numbers
come from the recordings: where each lies between two speakers, and between two digits.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from sksymsim import (
    KernelPairClassifier,
    Pairs,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    load_spoken_digits,
)

spoken = load_spoken_digits()
some = np.isin(spoken.speaker, ["jackson", "theo"]) & np.isin(spoken.digit, [0, 6])
X, speaker, digit = spoken.data[some], spoken.speaker[some], spoken.digit[some]
items = np.column_stack(
    [
        LinearDiscriminantAnalysis().fit(X, label).decision_function(X)
        for label in (speaker, digit)
    ]
)
items /= items.std(axis=0)

rng = np.random.default_rng(0)
index = rng.choice(len(items), size=(2400, 2))
index = index[index[:, 0] != index[:, 1]]
left, right = index.T
y = ((speaker[left] == speaker[right]) == (digit[left] == digit[right])).astype(int)
pairs = Pairs.from_index(items, index)
n_train = 1200

# %%
# One item is held fixed, and the picture shows how similar everything else is to it.
# The fixed item is the star; the marks are the speakers, their colours the digits.

models = {
    "quadratic form": SymmetricPairClassifier("quadratic"),
    "kernel": KernelPairClassifier("mlpk", kernel="rbf", gamma=0.5, alpha=1e-4),
    "network": SymmetricMLPClassifier(
        (16, 8), alpha=1e-4, learning_rate_init=1e-2, random_state=0
    ),
}
reach = np.abs(items).max() * 1.1
axis = np.linspace(-reach, reach, 60)
grid = np.column_stack([values.ravel() for values in np.meshgrid(axis, axis)])
star = items[np.flatnonzero((speaker == "theo") & (digit == 6))[0]]

figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    model.fit(pairs[:n_train], y[:n_train])
    auc = roc_auc_score(y[n_train:], model.decision_function(pairs[n_train:]))
    fixed = np.broadcast_to(star, grid.shape)
    probability = model.predict_proba(Pairs(fixed, grid))[:, 1]
    surface = ax.contourf(
        axis,
        axis,
        probability.reshape(len(axis), -1),
        levels=np.linspace(0, 1, 11),
        cmap="RdBu",
        alpha=0.7,
    )
    for who, mark in (("jackson", "x"), ("theo", "o")):
        for said, colour in ((0, "0.15"), (6, "tab:green")):
            of = (speaker == who) & (digit == said)
            ax.scatter(*items[of].T, s=14, marker=mark, color=colour, linewidths=0.8)
    ax.plot(*star, "*", color="gold", markeredgecolor="black", markersize=17)
    ax.set(title=f"{name}: ROC-AUC {auc:.2f}", xlabel="speaker")
axes[0].set_ylabel("digit")
figure.colorbar(surface, ax=axes, label="P(similar to the star)", ticks=[0, 0.5, 1])
plt.show()

# %%
# Such a rule is rare among real similarities, and a form is convex and cheap; so try it
# first, and let held-out pairs say whether more is needed (:doc:`/kernels`,
# :doc:`/networks`).
