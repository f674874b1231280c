# SPDX-License-Identifier: BSD-3-Clause
"""Pairs with what is known of them, where every fit begins."""

from dataclasses import dataclass, replace

import numpy as np

from sksymsim._labels.glance import glance
from sksymsim._labels.order import looks_backwards
from sksymsim._validation.items import check_pairs
from sksymsim._validation.labels import warn_if_contradictory, warn_of_the_order
from sksymsim._validation.targets import check_both_classes_weighted, check_labels
from sksymsim._weights import normalized_weights, relative_weights


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs with what is known of them.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
    groups : ndarray of shape (n_pairs, ...) or None, default=None
        As the user gave them.
    """

    pairs: object
    similar: np.ndarray
    weights: np.ndarray
    groups: np.ndarray | None = None

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, rows):
        groups = None if self.groups is None else self.groups[rows]
        return LabelledPairs(
            self.pairs[rows], self.similar[rows], self.weights[rows], groups
        )

    def of_weight(self):
        """Return those whose weight is not zero."""
        return self if self.weights.all() else self[np.flatnonzero(self.weights)]

    def weighted(self, classes, class_weight):
        """Return those of weight, with weights of the classes; the sum is one."""
        weights = normalized_weights(self.weights, self.similar, classes, class_weight)
        return replace(self, weights=weights).of_weight()

    def labels(self, classes):
        """Return the labels of the user."""
        return classes[self.similar.astype(np.intp)]

    @property
    def targets(self):
        """1 for similar pairs and -1 for the others."""
        return np.where(self.similar, 1.0, -1.0)


def label_pairs(X, y, sample_weight):
    """Return checked pairs with their labels and weights, and the two classes.

    Warns if labels contradict each other at a glance, and if the greater one seems to
    mean dissimilar.

    Parameters
    ----------
    X, y, sample_weight : as given to the `fit` that calls this

    Returns
    -------
    known : LabelledPairs
        All pairs; the greatest of the weights is one.
    classes : ndarray of shape (2,)
    """
    pairs = check_pairs(X, min_pairs=2)
    classes, similar = check_labels(y, len(pairs))
    weights = relative_weights(sample_weight, len(pairs))
    check_both_classes_weighted(similar, weights)
    known = LabelledPairs(pairs, similar, weights)
    weighted = known.of_weight()
    seen = glance(weighted.pairs, weighted.similar)
    warn_if_contradictory(seen, len(weighted), stacklevel=3)
    if looks_backwards(weighted.pairs, weighted.similar, classes):
        warn_of_the_order(classes, stacklevel=3)
    return known, classes
