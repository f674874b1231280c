# SPDX-License-Identifier: BSD-3-Clause
"""
Where similarity is not transitive
==================================

If a is like b and b like c, then a should be like c, at least where "like" means "the
same speaker". No threshold on scores of pairs guarantees that. How often it fails
depends on the threshold, and on the model.
"""

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricPairClassifier,
    TransitivityDisplay,
    check_axioms,
    load_spoken_digits,
    make_pairs,
)

spoken = load_spoken_digits()
train = spoken.take >= 5
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=3000, random_state=0
)
items, ids = spoken.data[~train], spoken.speaker[~train]
models = {
    name: make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier(alpha=alpha),
    ).fit(pairs, y)
    for name, alpha in (("whitened cosine", 1e6), ("learned", 1e-4))
}

# %%
# The share of paths a ~ b ~ c that a ~ c does not close, at each threshold, and what
# chance would give. Where everything is similar all paths are closed, which is no
# merit; so compare each curve with its own.

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    TransitivityDisplay.from_estimator(model, items, random_state=0, ax=ax, name=name)
plt.show()

# %%
# The numbers at the threshold of `predict`, and at a stricter one, which is what groups
# want:

for name, model in models.items():
    for threshold in (0.0, 2.0):
        found = check_axioms(model, items, threshold=threshold, random_state=0)
        rate, chance = found.transitivity.rate, found.transitivity.by_chance
        print(f"{name}, log-odds above {threshold:g}: {rate:.1%} (chance {chance:.1%})")

# %%
# Symmetry holds to the last bit, and the metric never scores two items above one with
# itself (:doc:`/axioms`). Groups that are transitive are made of the scores
# (:doc:`/grouping`).

report = check_axioms(models["learned"], items, random_state=0)
print(report.symmetry.details["max_difference"], report.self_first.n_violations)
