# SPDX-License-Identifier: BSD-3-Clause
"""A symmetric network: steps in a row, one vector of parameters, one gradient.

::

    s(a, b) = k + g r(a, b) + head(pooling(tower(a, b)))

where r is a similarity that nobody had to learn (the cosine, standardised). Knows no
labels and no training.
"""

import math
from itertools import pairwise

import numpy as np

from sksymsim._networks.layers import ACTIVATIONS, CrossLayer, ReadOut, SharedLayer
from sksymsim._networks.poolings import POOLINGS
from sksymsim._validation.memory import check_memory

# Of each weight: itself, its gradient, and the two means of Adam, in float64.
STATE_BYTES = 32


class PairNetwork:
    """The architecture; parameters are a vector that is passed to its methods.

    Parameters
    ----------
    n_features : int
        The width of an item.
    tower : tuple of int
        The widths of the layers of both sides.
    cross_weights : bool
        Whether the sides see each other in these layers.
    pooling : str
        A name in ``POOLINGS``.
    head : tuple of int
        The widths of the layers after pooling.
    activation : str
        A name in ``ACTIVATIONS``.
    """

    def __init__(self, n_features, tower, cross_weights, pooling, head, activation):
        self.architecture = n_features, tower, cross_weights, pooling, head, activation
        function = ACTIVATIONS[activation]
        kind = CrossLayer if cross_weights else SharedLayer
        self.cross_weights = cross_weights
        widths = [n_features, *tower]
        self.tower_width = widths[-1]
        self.tower = [kind(*pair, function) for pair in pairwise(widths)]
        pooled = POOLINGS[pooling](widths[-1])
        widths = [pooled.width, *head]
        rest = [SharedLayer(*pair, function) for pair in pairwise(widths)]
        self.after_tower = [pooled, *rest, ReadOut(widths[-1])]
        self.steps = [*self.tower, *self.after_tower]
        self.widths = [n_features, *tower, pooled.width, *head]

    def __getstate__(self):
        # Rebuilt from a few numbers: activations are functions by name.
        return {"architecture": self.architecture}

    def __setstate__(self, state):
        self.__init__(*state["architecture"])

    def start(self, rng):
        """Return first parameters of all steps, and zero for k and g.

        Returns
        -------
        theta : ndarray of float64 of shape (n_parameters,)
        """
        shapes = [shape for step in self.steps for shape in step.shapes]
        n_weights = sum(math.prod(shape) for shape in shapes)
        check_memory(
            STATE_BYTES * n_weights,
            f"the {n_weights} weights of this network and their training",
            "choose narrower layers, or reduce the items first",
        )
        arrays = [array.ravel() for step in self.steps for array in step.start(rng)]
        return np.concatenate([*arrays, np.zeros(2)])

    def split(self, theta):
        """Return views of a vector: the arrays of each step, and lastly (k, g)."""
        views, first = [], 0
        for step in self.steps:
            arrays = []
            for shape in step.shapes:
                size = int(np.prod(shape))
                arrays.append(theta[first : first + size].reshape(shape))
                first += size
            views.append(arrays)
        return [*views, theta[first:]]

    def forward(self, views, a, b, similarity):
        """Return the score of each pair, and what `backward` will need.

        Parameters
        ----------
        views : list
            From :meth:`split`.
        a, b : ndarray of shape (n_pairs, n_features)
        similarity : ndarray of shape (n_pairs,)
        """
        (a, b), saved = run(self.tower, views, a, b)
        scores, more = self.finish(views, a, b, similarity)
        return scores, [*saved, *more]

    def finish(self, views, a, b, similarity):
        """Return the score of each pair from both of its towers."""
        (out,), saved = run(self.after_tower, views[len(self.tower) : -1], a, b)
        k, g = views[-1]
        return out[:, 0] + (g * similarity + k), saved

    def backward(self, views, gradients, saved, flow, similarity):
        """Write the gradient, given the derivative by each score.

        Parameters
        ----------
        views : list
            From :meth:`split`.
        gradients : list
            Likewise, of the vector to write into.
        saved : list
            From :meth:`forward`.
        flow : ndarray of shape (n_pairs,)
        similarity : ndarray of shape (n_pairs,)
        """
        gradients[-1][:] = flow.sum(), flow @ similarity
        flows = (flow[:, None],)
        for i in reversed(range(len(self.steps))):
            flows = self.steps[i].backward(
                views[i], gradients[i], saved[i], *flows, wanted=i > 0
            )


def run(steps, views, *rows):
    """Return what some steps make of rows, and what each of them saved."""
    saved = []
    for step, arrays in zip(steps, views, strict=False):
        rows, kept = step.forward(arrays, *rows)
        saved.append(kept)
    return rows, saved


def weights_of(views):
    """Return the arrays that are penalised: all that have two axes."""
    return [array for arrays in views[:-1] for array in arrays if array.ndim == 2]


def constants_of(views):
    """Return the arrays that are not: one number for each unit of a layer."""
    return [array for arrays in views[:-1] for array in arrays if array.ndim == 1]
