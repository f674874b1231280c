# SPDX-License-Identifier: BSD-3-Clause
"""
What a search tries, and what it takes
======================================

:class:`~sksymsim.SymmetricPairClassifierCV` compares whitening, form, prior and penalty
on folds that share no recording, beside calibrated cosine, and stacks what errs on
different pairs. Here a part of its grid, to look at what it has seen.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import roc_auc_score

from sksymsim import (
    SearchResultsDisplay,
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
    priors=["identity", "kissme"],
    alphas=[1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    cv=3,
    random_state=0,
).fit(pairs, y)

# %%
# Each line is a path of penalties, from the prior alone to a model that follows the
# training pairs; it is followed as far as the held-out pairs like it. Level lines are
# the baselines.

figure, ax = plt.subplots(figsize=(9, 4.6), layout="constrained")
SearchResultsDisplay.from_estimator(search, ax=ax)
plt.show()

# %%
# What came out: one model or a stack, its parts with their weights, and the held-out
# score beside that of cosine.

print(search.choice_, f"{search.cv_score_:.3f}, cosine {search.cosine_score_:.3f}")
for member in search.members_:
    print(f"{member['weight']:.2f}  {member['candidate']}")
auc = roc_auc_score(y_test, search.decision_function(test_pairs))
print(f"ROC-AUC on new recordings: {auc:.3f}")
