# SPDX-License-Identifier: BSD-3-Clause
"""
What a search tries, and what it takes
======================================

:class:`~sksymsim.SymmetricPairClassifierCV` compares whitening, form, prior and penalty
on folds that share no recording, beside calibrated cosine, and stacks what errs on
different pairs. Here a part of its grid, to look at what it has seen.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from sksymsim import (
    SymmetricPairClassifierCV,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train = spoken.take >= 5
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=800, random_state=0
)
test_pairs, y_test, _ = make_pairs(
    spoken.data[~train], spoken.speaker[~train], n_pairs=2000, random_state=1
)
search = SymmetricPairClassifierCV(
    whitenings=[0.0, 0.5],
    forms=["mahalanobis", "quadratic"],
    priors=["identity"],
    pca_components=(),
    alphas=[1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    cv=3,
    random_state=0,
).fit(pairs, y)

# %%
# Each line is a path of penalties, from the prior alone at the right to a model that
# follows the training pairs at the left, with the held-out log-loss. Level lines are
# cosine and Euclid, with the scale and shift that suit them best.

results = search.cv_results_
families = np.array(results["candidate"])
alphas = np.array([params.get("alpha", np.inf) for params in results["params"]])
figure, ax = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for name in dict.fromkeys(families):
    of = np.flatnonzero((families == name) & np.isfinite(alphas))
    losses = -results["mean_test_score"]
    if of.size:
        of = of[np.argsort(alphas[of])]
        ax.plot(
            alphas[of], losses[of], "-o", label=name.replace(", prior=identity", "")
        )
    else:
        level = losses[families == name].min()
        ax.axhline(level, color="0.4", linestyle="--" if name == "cosine" else ":")
        ax.annotate(
            name, (alphas.min(), level), xytext=(0, 4), textcoords="offset points"
        )
ax.set(xscale="log", xlabel="alpha", ylabel="held-out log-loss")
ax.legend()
plt.show()

# %%
# What came out: one model or a stack, its parts, and the held-out score beside that of
# cosine.

print(search.choice_, f"{search.cv_score_:.3f}, cosine {search.cosine_score_:.3f}")
for member in search.members_:
    print("-", member["candidate"])
auc = roc_auc_score(y_test, search.decision_function(test_pairs))
print(f"ROC-AUC on new recordings: {auc:.3f}")
