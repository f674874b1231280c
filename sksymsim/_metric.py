# SPDX-License-Identifier: BSD-3-Clause
"""A learned distance between two vectors, as a function that can be pickled."""

import numpy as np


class LearnedMetric:
    """The distance |Q(u - v)| between two vectors.

    Parameters
    ----------
    components : ndarray of shape (n_components, n_features)
        Q.
    """

    def __init__(self, components):
        self.components = components

    def __call__(self, u, v, squared=False):
        """Return the distance, or its square; one row of a matrix is a vector too."""
        shape = self.components.shape[1:]
        u, v = _vector(u), _vector(v)
        if u.shape != shape or v.shape != shape:
            raise ValueError(
                f"the metric compares two vectors of shape {shape}, got {u.shape} and "
                f"{v.shape}."
            )
        z = self.components @ (u - v)
        square = float(z @ z)
        return square if squared else float(np.sqrt(square))

    def __repr__(self):
        rank, width = self.components.shape
        return f"LearnedMetric({width} features, rank {rank})"


def _vector(u):
    u = np.atleast_1d(u)
    return u[0] if u.ndim == 2 and len(u) == 1 else u
