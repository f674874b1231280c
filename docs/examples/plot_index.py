# SPDX-License-Identifier: BSD-3-Clause
"""
A learned similarity in an index
================================

An index finds near vectors, and knows nothing of pairs. :func:`~sksymsim.to_l2` turns a
fitted model into vectors whose Euclidean order is that of its log-odds, so that any
index can search with it. With `n_components` the vectors get shorter; how short may
they be?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
    to_l2,
)

spoken = load_spoken_digits()
train = spoken.take >= 10
pairs, y, _ = make_pairs(
    spoken.data[train], spoken.speaker[train], n_pairs=4000, random_state=0
)
X, speaker = spoken.data[~train], spoken.speaker[~train]
NEIGHBOURS = np.arange(1, 51)


def precision(vectors):
    """Return the share of the first k neighbours that are the same speaker."""
    index = NearestNeighbors(n_neighbors=51).fit(vectors)
    rows = index.kneighbors(vectors, return_distance=False)[:, 1:]
    same = speaker[rows] == speaker[:, None]
    return (same.cumsum(axis=1) / NEIGHBOURS).mean(axis=0)


# %%
# Scikit-learn's own search stands in for an index here; FAISS, hnswlib and pgvector
# take the same vectors (:doc:`/indexes`).

figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
plain = EmbeddingNormalizer(center=False).fit_transform(X)
ax.plot(NEIGHBOURS, precision(plain), "--", color="0.4", label="cosine, 80 dimensions")
for n_components in (None, 16, 4, 2):
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier(n_components=n_components, random_state=0),
    ).fit(pairs, y)
    space = to_l2(model, X)
    name = f"learned, {space.n_dimensions} dimensions"
    ax.plot(NEIGHBOURS, precision(space.transform_items(X)), label=name)
ax.set(xlabel="neighbours", ylabel="of the same speaker", ylim=(0.4, 1.01))
ax.legend()
plt.show()

# %%
# What an index returns can be turned back into probabilities:

space = to_l2(model, X)
index = NearestNeighbors(n_neighbors=4).fit(space.transform_items(X))
distances, rows = index.kneighbors(space.transform_queries(X[:1]))
print(space.probabilities(distances, X[:1], engine="sklearn").round(3))
