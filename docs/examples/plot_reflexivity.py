# SPDX-License-Identifier: BSD-3-Clause
"""
Is an item most similar to itself?
==================================

A duplicate of a record should be its best match. A form either guarantees that or does
not; pairs of an item with itself in the training set help, and are not enough.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    check_axioms,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train = spoken.take >= 5
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.digit[train], n_pairs=2000, random_state=0
)
items = spoken.data[~train]

# %%
# Add none, a tenth and half as many pairs (x, x) as there are pairs, all labelled
# similar, and count the items for which some other item scores higher than the item
# itself.

shares = {"none": 0.0, "10 %": 0.1, "50 %": 0.5}
forms = ("mahalanobis", "bilinear", "quadratic")
rng = np.random.default_rng(0)
beaten = np.empty((len(forms), len(shares)))
for column, share in enumerate(shares.values()):
    own = rng.choice(np.unique(pairs.index), size=int(share * len(y)), replace=False)
    index = np.concatenate([pairs.index, np.column_stack([own, own])])
    labels = np.concatenate([y, np.ones(len(own), dtype=y.dtype)])
    for row, form in enumerate(forms):
        model = make_pipeline(
            SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
            SymmetricPairClassifier(form, alpha=1e-5),
        ).fit(Pairs.from_index(pairs.items, index), labels)
        beaten[row, column] = check_axioms(model, items, random_state=0).self_first.rate

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for column, name in enumerate(shares):
    place = np.arange(len(forms)) + 0.27 * (column - 1)
    bars = ax.bar(place, 100 * beaten[:, column], width=0.25, label=name)
    ax.bar_label(bars, fmt="%.1f", fontsize="small")
ax.set_xticks(range(len(forms)), forms)
ax.set_ylabel("beaten by another item (%)")
ax.legend(title="added pairs (x, x)")
plt.show()

# %%
# The metric is never beaten: a difference of zero is the smallest there is. Its
# ``reflexive=True`` is a promise that is kept or refused: :doc:`/axioms`.
