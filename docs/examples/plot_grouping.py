# SPDX-License-Identifier: BSD-3-Clause
"""
From pairs to speakers
======================

Three hundred recordings, and nobody says how many speakers there are.
:func:`~sksymsim.deduplicate` scores candidates, and puts together what belongs
together. The threshold for that is chosen on recordings whose speakers are known.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairClusterer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    b_cubed,
    calibrate_group_threshold,
    deduplicate,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train, new = spoken.take >= 10, spoken.take < 5
held_out = ~train & ~new
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=4000, random_state=0
)
model = make_pipeline(
    SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
    SymmetricPairClassifier(alpha=1e-3),
).fit(pairs, y)

# %%
# A wrong pair can join two groups, so the best threshold for groups is not that for
# pairs.

around = {"n_neighbors": 20, "n_random": 20, "random_state": 0}
Z = spoken.data[held_out]
candidates = deduplicate(Z, model, **around)
choice = calibrate_group_threshold(
    PairClusterer(),
    Pairs.from_index(Z, candidates.pairs),
    spoken.speaker[held_out],
    log_odds=candidates.log_odds,
    n_thresholds=16,
)
X, speaker = spoken.data[new], spoken.speaker[new]
found = {
    "threshold of pairs": deduplicate(X, model, **around),
    "threshold of groups": deduplicate(X, model, clusterer=choice.clusterer, **around),
}

# %%
# Rows are the groups that were found, the largest first, columns the true speakers.

names = np.unique(speaker)
figure, axes = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
for ax, (title, result) in zip(axes, found.items(), strict=True):
    groups = result.groups()
    table = np.array([[np.sum(speaker[g] == n) for n in names] for g in groups[:10]])
    score = b_cubed(speaker, result.labels)
    ax.imshow(table, cmap="Blues", aspect="auto", vmax=50)
    for (row, column), count in np.ndenumerate(table):
        if count:
            ax.text(
                column,
                row,
                count,
                ha="center",
                va="center",
                color="white" if count > 25 else "black",
            )
    ax.set_xticks(range(len(names)), names, rotation=30)
    ax.set_yticks(range(len(table)))
    ax.set(
        title=f"{title}: {len(groups)} groups\nprecision {score.precision:.2f}, "
        f"recall {score.recall:.2f}",
        ylabel="group found",
    )
plt.show()

# %%
# No two speakers are in one group any more, but for a few recordings, and some speakers
# have lost a handful. `confidence` says which items to look at first
# (:doc:`/grouping`).

doubtful = np.argsort(found["threshold of groups"].confidence)[:5]
print(speaker[doubtful].tolist())
