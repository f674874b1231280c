# SPDX-License-Identifier: BSD-3-Clause
"""Load the pairs of a data set, and what is done to them before any clock starts."""

import hashlib
from dataclasses import dataclass

import numpy as np

# Directions of less variance than this share of the mean carry rounding only.
VARIANCE_FLOOR = 1e-10


@dataclass(frozen=True)
class PairData:
    """Sides and labels of each split.

    Parameters
    ----------
    splits : dict
        "train", "dev" and "test", each (a, b, y).
    sha256 : str
        Of the item numbers and labels of all three, so that two rows of a table can be
        seen to be about the same pairs.
    """

    splits: dict
    sha256: str


def load(path, max_pairs=None, max_features=None, prepare="raw", seed=0):
    """Return the PairData of a file.

    Parameters
    ----------
    path : Path
        An .npz with ``items``, ``pairs``, ``y`` and ``split``.
    max_pairs : int, default=None
        Draw so many of the training pairs; dev and test stay whole.
    max_features : int, default=None
        Cut to so many principal components of the training items.
    prepare : "raw" or float, default="raw"
        Or the share of whitening, see `normalized`.
    seed : int, default=0
        Decides which pairs are drawn.
    """
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        pairs, y, split = (file[key] for key in ("pairs", "y", "split"))
    rows = {name: np.flatnonzero(split == name) for name in ("train", "dev", "test")}
    if max_pairs is not None and len(rows["train"]) > max_pairs:
        rng = np.random.default_rng(seed)
        rows["train"] = np.sort(rng.choice(rows["train"], max_pairs, replace=False))
    used = np.unique(pairs[rows["train"]])
    if prepare != "raw":
        items = normalized(items, items[used], float(prepare))
    if max_features is not None and items.shape[1] > max_features:
        items = principal_components(items, items[used], max_features)
    digest = hashlib.sha256()
    splits = {}
    for name, chosen in rows.items():
        digest.update(pairs[chosen].astype("<i8").tobytes())
        digest.update(y[chosen].astype("<i8").tobytes())
        left, right = pairs[chosen].T
        splits[name] = items[left], items[right], y[chosen].astype(int)
    return PairData(splits, digest.hexdigest())


def normalized(items, training, share):
    """Centre, whiten by a share, and scale to length one.

    The same formula as sksymsim's EmbeddingNormalizer, so that the peers have the
    choice of it too.
    """
    mean = training.mean(axis=0, dtype=np.float64)
    centered = items - mean
    if share > 0:
        gaps = training - mean
        lam, basis = np.linalg.eigh(gaps.T @ gaps / len(gaps))
        level = lam.mean()
        empty = lam <= VARIANCE_FLOOR * level
        lam = share * np.where(empty, 0.0, lam) + (1 - share) * level
        if share == 1:
            lam[empty] = np.inf
        centered = centered @ ((basis / np.sqrt(lam)) @ basis.T)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    return (centered / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def principal_components(items, training, n_components):
    """Return the coordinates along the first principal axes of the training items."""
    mean = training.mean(axis=0, dtype=np.float64)
    gaps = training - mean
    _, basis = np.linalg.eigh(gaps.T @ gaps / len(gaps))
    axes = basis[:, ::-1][:, :n_components]
    return ((items - mean) @ axes).astype(np.float32)
