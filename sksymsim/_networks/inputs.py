# SPDX-License-Identifier: BSD-3-Clause
"""What a network sees of pairs: centred, rescaled items and a standardised cosine."""

from dataclasses import dataclass

import numpy as np

from sksymsim._blocks import (
    RESIDENT_BYTES,
    as_rows,
    block_slices,
    dense,
    release_pages,
)
from sksymsim._forms import row_cosines, row_products


@dataclass(frozen=True)
class Inputs:
    """How rows of items become inputs of a network.

    Parameters
    ----------
    center : ndarray of float64 of shape (n_features,)
        Subtracted from each item.
    scale : float
        What an item is then divided by: one number, so that directions stay.
    cosine_center, cosine_scale : float
        Subtracted from a cosine, and what it is then divided by.
    """

    center: np.ndarray
    scale: float
    cosine_center: float
    cosine_scale: float

    def items(self, rows, dtype):
        """Return rows of items as a network takes them."""
        rows = as_rows(dense(rows), dtype)
        return (rows - self.center.astype(dtype)) * dtype.type(1 / self.scale)

    def cosines(self, left, right, dtype):
        """Return the standardised cosine of raw rows, symmetric bit for bit."""
        cosines = row_cosines(as_rows(dense(left), dtype), as_rows(dense(right), dtype))
        return self.standardized(cosines)

    def standardized(self, cosines):
        """Return cosines less their mean, by their spread."""
        dtype = cosines.dtype.type
        return (cosines - dtype(self.cosine_center)) * dtype(1 / self.cosine_scale)


def measure_inputs(sample):
    """Measure what makes the inputs of a network alike in size, on training pairs.

    Parameters
    ----------
    sample : LabelledPairs

    Returns
    -------
    inputs : Inputs
    cosines : ndarray of float64 of shape (n_pairs,)
        Standardised.
    """
    pairs, weights = sample.pairs, sample.weights / sample.weights.sum()
    n_pairs, _, width = pairs.shape
    cosines, total, square = np.empty(n_pairs), np.zeros(width), 0.0
    # Sums of squares of items that are all far from zero would lose their spread.
    first = None
    for rows in block_slices(n_pairs, 32 * width):
        sides = [as_rows(dense(side), np.float64) for side in pairs.block(rows)]
        cosines[rows] = row_cosines(*sides)
        first = sides[0][0] if first is None else first
        for side in sides:
            side = side - first
            total += weights[rows] @ side / 2
            square += float(weights[rows] @ row_products(side, side)) / 2
        release_pages(*pairs._tables)
    variance = (square - float(total @ total)) / width
    center = float(weights @ cosines)
    spread = float(np.sqrt(weights @ (cosines - center) ** 2))
    # What does not vary is left as it is.
    inputs = Inputs(
        first + total,
        float(np.sqrt(variance)) if variance > 0 else 1.0,
        center,
        spread if spread > 1e-12 else 1.0,
    )
    return inputs, inputs.standardized(cosines)


def cosines_of(pairs, inputs):
    """Return the standardised cosines of pairs in float64, in blocks."""
    cosines = np.empty(len(pairs))
    for rows in block_slices(len(pairs), 32 * pairs.shape[2]):
        cosines[rows] = inputs.cosines(*pairs.block(rows), cosines.dtype)
        release_pages(*pairs._tables)
    return cosines


class Batches:
    """Labelled pairs of which a network is shown some at a time.

    Parameters
    ----------
    sample : LabelledPairs
        The mean of its weights becomes one.
    inputs : Inputs
    cosines : ndarray of shape (n_pairs,)
        Standardised.
    dtype : dtype
        Of what the network sees.
    """

    def __init__(self, sample, inputs, cosines, dtype):
        pairs = sample.pairs
        self.inputs, self.dtype = inputs, np.dtype(dtype)
        shared = pairs.items is not None
        n_rows = pairs.items.shape[0] if shared else 2 * len(pairs)
        self._ready = n_rows * pairs.shape[2] * self.dtype.itemsize <= RESIDENT_BYTES
        if self._ready:
            pairs = pairs.map_items(lambda rows: inputs.items(rows, self.dtype))
        self.pairs = pairs
        self.cosines = cosines.astype(self.dtype)
        self.targets = np.where(sample.similar, 1.0, -1.0).astype(self.dtype)
        self.weights = (sample.weights / sample.weights.mean()).astype(self.dtype)

    def __len__(self):
        return len(self.pairs)

    def rows(self, rows):
        """Return both sides and the cosine of some pairs.

        Parameters
        ----------
        rows : slice or ndarray of int
        """
        left, right = self.pairs.block(rows)
        if not self._ready:
            left = self.inputs.items(left, self.dtype)
            right = self.inputs.items(right, self.dtype)
        return left, right, self.cosines[rows]
