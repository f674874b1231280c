# SPDX-License-Identifier: BSD-3-Clause
"""Poolings: two towers to one array that does not change when they are exchanged.

A pooling is a step of a network, see ``_neural_layers``, made for towers of some width.
It has ``width``, that of its result, and says if it ``compares``: whether a linear
function of it can tell like towers from unlike ones. Only operations that commute bit
for bit may meet the two sides: sums, products, maxima, and even functions of the
difference.
"""

import numpy as np
from scipy.special import expit

from sksymsim._networks.layers import uniform_start


class Pooling:
    """What poolings without parameters have in common.

    Parameters
    ----------
    width : int
        The width of a tower.
    """

    shapes = ()
    compares = False

    def __init__(self, width):
        self.width = width

    def start(self, rng):
        """Return no parameters."""
        return []


class DistancePooling(Pooling):
    """The absolute difference |a - b| of each feature.

    Koch, Zemel and Salakhutdinov, Siamese neural networks for one-shot image
    recognition, ICML deep learning workshop 2015.
    """

    compares = True

    def forward(self, arrays, a, b):
        """Return |a - b|."""
        difference = a - b
        return (np.abs(difference),), difference

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivatives by a and b; zero where they are equal."""
        left = np.sign(saved)
        left *= flow
        return left, -left


class ProductPooling(Pooling):
    """The product ab of each feature: a linear head makes it a weighted dot product."""

    compares = True

    def forward(self, arrays, a, b):
        """Return ab."""
        return (a * b,), (a, b)

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivatives by a and b."""
        a, b = saved
        return flow * b, flow * a


class SumPooling(Pooling):
    """The sum a + b of each feature.

    With the head, rho(phi(a) + phi(b)): Zaheer et al., Deep sets, NeurIPS 2017.
    """

    def forward(self, arrays, a, b):
        """Return a + b."""
        return (a + b,), None

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivatives by a and b."""
        return flow, flow.copy()


class MeanMaxPooling(Pooling):
    """Mean and maximum of each feature, side by side: aggregators of graph networks.

    Corso et al., Principal neighbourhood aggregation for graph nets, NeurIPS 2020.
    """

    def __init__(self, width):
        super().__init__(2 * width)

    def forward(self, arrays, a, b):
        """Return (a + b)/2 and max(a, b)."""
        pooled = np.concatenate([(a + b) / 2, np.maximum(a, b)], axis=1)
        return (pooled,), (a, b)

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivatives by a and b; where they are equal, both get half."""
        a, b = saved
        by_mean, by_max = flow[:, : self.width // 2], flow[:, self.width // 2 :]
        share = (np.sign(a - b) + 1) / 2
        left = by_mean / 2 + share * by_max
        return left, by_mean / 2 + (1 - share) * by_max


class AttentionPooling(Pooling):
    """A block of a set transformer, with one head, on the set {a, b}.

    Each side attends to both, with a residual, then goes through one layer with a
    residual; the two are then pooled by attention to a learned seed: SAB and PMA of Lee
    et al., Set transformer, ICML 2019, without layer normalisation. On two elements a
    softmax is the logistic function of a difference.

    Parameters
    ----------
    width : int
        The width of a tower.
    """

    def __init__(self, width):
        super().__init__(width)
        square = (width, width)
        # Query, key, value; the layer and its constant; the seed.
        self.shapes = (square, square, square, square, (width,), (width, 1))

    def start(self, rng):
        """Return the parameters; the seed weighs both sides alike."""
        square = self.shapes[0]
        weights = [uniform_start(rng, square, sum(square)) for _ in range(4)]
        return [*weights, np.zeros(self.width), np.zeros((self.width, 1))]

    def forward(self, arrays, a, b):
        """Return the pooled set."""
        left = [side @ a_weight for a_weight in arrays[:3] for side in (a, b)]
        query_a, query_b, key_a, key_b, value_a, value_b = left
        scale = 1 / np.sqrt(self.width)
        own_a = _share(query_a, key_a - key_b, scale)
        own_b = _share(query_b, key_b - key_a, scale)
        mixed_a = (a + value_b) + own_a * (value_a - value_b)
        mixed_b = (b + value_a) + own_b * (value_b - value_a)
        step_a, step_b = (self._layer(arrays, mixed) for mixed in (mixed_a, mixed_b))
        out_a, out_b = mixed_a + step_a, mixed_b + step_b
        lean_a, lean_b = out_a @ arrays[5], out_b @ arrays[5]
        share_a, share_b = expit(lean_a - lean_b), expit(lean_b - lean_a)
        saved = (
            (a, query_a, key_a, value_a, own_a, mixed_a, step_a, out_a, share_a),
            (b, query_b, key_b, value_b, own_b, mixed_b, step_b, out_b, share_b),
        )
        return (share_a * out_a + share_b * out_b,), saved

    @staticmethod
    def _layer(arrays, mixed):
        z = mixed @ arrays[3]
        z += arrays[4]
        return np.maximum(z, 0, out=z)

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivatives by a and b."""
        for gradient in gradients:
            gradient[...] = 0
        outs, shares = [side[7] for side in saved], [side[8] for side in saved]
        gap = _row_dots(flow, outs[0] - outs[1]) * shares[0] * shares[1]
        flows = []
        for own, share, lean in zip(saved, shares, (gap, -gap), strict=True):
            flows.append(self._through_layer(arrays, gradients, own, share, flow, lean))
        of_query, of_key, of_value = self._through_attention(saved, flows)
        for i, parts in enumerate((of_query, of_key, of_value)):
            for side in range(2):
                gradients[i] += saved[side][0].T @ parts[side]
                flows[side] = flows[side] + parts[side] @ arrays[i].T
        return tuple(flows)

    @staticmethod
    def _through_layer(arrays, gradients, side, share, flow, lean):
        """Go back from the pooled set to one side before its layer."""
        mixed, step, out = side[5:8]
        gradients[5] += out.T @ lean
        out_flow = share * flow + lean * arrays[5].T
        z_flow = out_flow * (step > 0)
        gradients[3] += mixed.T @ z_flow
        gradients[4] += z_flow.sum(axis=0)
        return out_flow + z_flow @ arrays[3].T

    def _through_attention(self, saved, flows):
        """Return the derivatives by queries, keys and values, of both sides each."""
        of_query, of_key, of_value = [None, None], [0, 0], [0, 0]
        for i, j in ((0, 1), (1, 0)):
            _, query, key, value, own = saved[i][:5]
            _, _, other_key, other_value = saved[j][:4]
            by_own = _row_dots(flows[i], value - other_value)
            by_lean = by_own * own * (1 - own) / np.sqrt(self.width)
            of_query[i] = by_lean * (key - other_key)
            of_key[i] = of_key[i] + by_lean * query
            of_key[j] = of_key[j] - by_lean * query
            of_value[i] = of_value[i] + own * flows[i]
            of_value[j] = of_value[j] + (1 - own) * flows[i]
        return of_query, of_key, of_value


def _row_dots(x, y):
    return np.einsum("ij,ij->i", x, y)[:, None]


def _share(query, key_gap, scale):
    """Return how much a side attends to itself; the rest goes to the other."""
    return expit(_row_dots(query, key_gap) * _like(scale, query))


def _like(number, array):
    """Return a number of the type of an array, which keeps float32 what it is."""
    return array.dtype.type(number)


POOLINGS = {
    "distance": DistancePooling,
    "product": ProductPooling,
    "sum": SumPooling,
    "attention": AttentionPooling,
    "mean_max": MeanMaxPooling,
}
