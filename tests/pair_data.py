# SPDX-License-Identifier: BSD-3-Clause
"""Small made-up pairs, for tests that fit many models."""

from itertools import combinations

import numpy as np

from sksymsim import Pairs


def class_pairs(seed=0, n_items=48, n_pairs=300, n_classes=6, noise=3.0):
    """Draw pairs of items of some classes, under loud noise that says nothing.

    Plain cosine tells little, a learned metric much.

    Returns
    -------
    pairs : Pairs
        Index pairs.
    y : ndarray of shape (n_pairs,)
    groups : ndarray of shape (n_pairs, 2)
        The classes of the sides.
    """
    rng = np.random.default_rng(seed)
    classes = np.arange(n_items) % n_classes
    angles = 2 * np.pi * classes / n_classes
    signal = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    signal += 0.3 * rng.normal(size=signal.shape)
    items = np.column_stack([signal, noise * rng.normal(size=(n_items, 3))])
    every = np.array(list(combinations(range(n_items), 2)))
    same = classes[every[:, 0]] == classes[every[:, 1]]
    # Two of five are similar.
    n_similar = min(2 * n_pairs // 5, int(same.sum()))
    chosen = np.concatenate(
        [
            rng.choice(np.flatnonzero(same), n_similar, replace=False),
            rng.choice(np.flatnonzero(~same), n_pairs - n_similar, replace=False),
        ]
    )
    index = every[rng.permutation(chosen)]
    groups = classes[index]
    y = (groups[:, 0] == groups[:, 1]).astype(int)
    return Pairs.from_index(items, index), y, groups
