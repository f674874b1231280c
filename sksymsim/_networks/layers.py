# SPDX-License-Identifier: BSD-3-Clause
"""Layers of a symmetric network: formulas and derivatives, no loss and no training.

A step of a network maps a tuple of arrays, one row for each pair, to another one: two
towers to two towers, two towers to one array (a pooling), or one array to one array.
Each step has

- ``shapes``: those of its parameters; what has two axes is a weight, and penalised;
- ``start(rng)``: parameters to begin with;
- ``forward(arrays, *rows)``: its results, a tuple, and what `backward` will need;
- ``backward(arrays, gradients, saved, *flows, wanted)``: writes the derivatives by the
  parameters into `gradients`, and returns those by its input if they are `wanted`.

Exchanging the two sides of the input exchanges the two sides of the result, bit for
bit: sums commute, and rounding a negated number negates the rounded one.
"""

import numpy as np
from scipy.special import expit


class Activation:
    """A function of each number, and its derivative in terms of its value.

    Parameters
    ----------
    apply : callable
        Maps an array to the function of it; writes it into the same array.
    pull_back : callable
        Multiplies, in place, its second argument by the derivative where the function
        has the value of its first.
    spread : float, default=6.0
        Six times the variance of the first weights, times the mean of the numbers of
        inputs and outputs: Glorot and Bengio, AISTATS 2010, as in scikit-learn.
    """

    def __init__(self, apply, pull_back, spread=6.0):
        self.apply, self.pull_back, self.spread = apply, pull_back, spread


def _unchanged(*arrays):
    return arrays[-1]


def _relu(z):
    return np.maximum(z, 0, out=z)


def _pull_back_relu(value, flow):
    return np.multiply(flow, value > 0, out=flow)


def _tanh(z):
    return np.tanh(z, out=z)


def _pull_back_tanh(value, flow):
    return np.multiply(flow, 1 - value * value, out=flow)


def _logistic(z):
    return expit(z, out=z)


def _pull_back_logistic(value, flow):
    return np.multiply(flow, value * (1 - value), out=flow)


ACTIVATIONS = {
    "relu": Activation(_relu, _pull_back_relu),
    "tanh": Activation(_tanh, _pull_back_tanh),
    "identity": Activation(_unchanged, _unchanged),
    "logistic": Activation(_logistic, _pull_back_logistic, spread=2.0),
}


def uniform_start(rng, shape, fans, spread=6.0):
    """Return uniform weights whose variance suits the numbers of inputs and outputs."""
    bound = np.sqrt(spread / fans)
    return rng.uniform(-bound, bound, shape)


class CrossLayer:
    """Mirrored weights: (a, b) -> (act(aA + bB + c), act(bA + aB + c)).

    Computed in the basis of sum and difference, p = a + b and q = a - b, in which the
    layer is block-diagonal: with u = p (A+B)/2 + c and v = q (A-B)/2, the two results
    are act(u + v) and act(u - v). So there are two matrix products and not four.

    Parameters
    ----------
    n_in, n_out : int
        The widths of a tower before and after.
    activation : Activation
    """

    def __init__(self, n_in, n_out, activation):
        self.shapes = ((n_in, n_out), (n_in, n_out), (n_out,))
        self.activation = activation

    def start(self, rng):
        """Return A, B and c."""
        n_in, n_out = shape = self.shapes[0]
        fans, spread = 2 * n_in + n_out, self.activation.spread
        weights = [uniform_start(rng, shape, fans, spread) for _ in range(2)]
        return [*weights, np.zeros(n_out)]

    def forward(self, arrays, a, b):
        """Return both towers."""
        A, B, c = arrays
        p, q = a + b, a - b
        of_sum, of_difference = (A + B) / 2, (A - B) / 2
        u = p @ of_sum
        u += c
        v = q @ of_difference
        left, right = self.activation.apply(u + v), self.activation.apply(u - v)
        return (left, right), (p, q, of_sum, of_difference, left, right)

    def backward(self, arrays, gradients, saved, left_flow, right_flow, *, wanted):
        """Return the derivatives by a and b."""
        p, q, of_sum, of_difference, left, right = saved
        left_flow = self.activation.pull_back(left, left_flow)
        right_flow = self.activation.pull_back(right, right_flow)
        u_flow, v_flow = left_flow + right_flow, left_flow - right_flow
        by_sum, by_difference = p.T @ u_flow, q.T @ v_flow
        by_sum /= 2
        by_difference /= 2
        np.add(by_sum, by_difference, out=gradients[0])
        np.subtract(by_sum, by_difference, out=gradients[1])
        np.sum(u_flow, axis=0, out=gradients[2])
        if not wanted:
            return ()
        p_flow, q_flow = u_flow @ of_sum.T, v_flow @ of_difference.T
        return p_flow + q_flow, p_flow - q_flow


class SharedLayer:
    """One layer for both sides, as in a Siamese network: B = 0 in `CrossLayer`.

    Parameters
    ----------
    n_in, n_out : int
        The widths of a tower before and after.
    activation : Activation
    """

    def __init__(self, n_in, n_out, activation):
        self.shapes = ((n_in, n_out), (n_out,))
        self.activation = activation

    def start(self, rng):
        """Return A and c."""
        shape, spread = self.shapes[0], self.activation.spread
        return [uniform_start(rng, shape, sum(shape), spread), np.zeros(shape[1])]

    def forward(self, arrays, *sides):
        """Return each tower; also of one side alone."""
        A, c = arrays
        values = []
        # A product for each side, of one shape: BLAS may round a row differently
        # where it stands elsewhere in a taller array.
        for side in sides:
            z = side @ A
            z += c
            values.append(self.activation.apply(z))
        return tuple(values), (sides, values)

    def backward(self, arrays, gradients, saved, *flows, wanted):
        """Return the derivatives by each side."""
        sides, values = saved
        flows = [
            self.activation.pull_back(value, flow)
            for value, flow in zip(values, flows, strict=True)
        ]
        np.matmul(sides[0].T, flows[0], out=gradients[0])
        np.sum(flows[0], axis=0, out=gradients[1])
        for side, flow in zip(sides[1:], flows[1:], strict=True):
            gradients[0] += side.T @ flow
            gradients[1] += flow.sum(axis=0)
        return tuple(flow @ arrays[0].T for flow in flows) if wanted else ()


class ReadOut:
    """The last layer: one number for each pair, without a constant.

    Parameters
    ----------
    n_in : int
    """

    def __init__(self, n_in):
        self.shapes = ((n_in, 1),)

    def start(self, rng):
        """Return zeros: the network begins at what is added to it."""
        return [np.zeros(self.shapes[0])]

    def forward(self, arrays, z):
        """Return the number of each pair, as a column."""
        return (z @ arrays[0],), z

    def backward(self, arrays, gradients, saved, flow, *, wanted):
        """Return the derivative by z."""
        np.matmul(saved.T, flow, out=gradients[0])
        return (flow @ arrays[0].T,) if wanted else ()
