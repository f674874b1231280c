# SPDX-License-Identifier: BSD-3-Clause
"""Steps of gradient descent on a vector. Knows nothing of networks or pairs."""

import numpy as np


class Adam:
    """Adam: Kingma and Ba, ICLR 2015, algorithm 1.

    Parameters
    ----------
    size : int
        Length of the vector.
    dtype : dtype
    learning_rate, beta_1, beta_2, epsilon : float
    """

    def __init__(self, size, dtype, learning_rate, beta_1, beta_2, epsilon):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.n_steps = 0
        self.mean = np.zeros(size, dtype)
        self.square = np.zeros(size, dtype)
        self._scratch = np.empty(size, dtype)

    def step(self, theta, gradient):
        """Move a vector, in place, against a gradient.

        Parameters
        ----------
        theta : ndarray
        gradient : ndarray
        """
        self.n_steps += 1
        scratch = self._scratch
        np.subtract(gradient, self.mean, out=scratch)
        scratch *= 1 - self.beta_1
        self.mean += scratch
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1 - self.beta_2
        self.square *= self.beta_2
        self.square += scratch
        # Both means begin at zero; these factors take that bias away.
        np.sqrt(self.square, out=scratch)
        scratch *= 1 / np.sqrt(1 - self.beta_2**self.n_steps)
        scratch += self.epsilon
        np.divide(self.mean, scratch, out=scratch)
        scratch *= self.learning_rate / (1 - self.beta_1**self.n_steps)
        # The one statement that moves the vector: an interrupt finds it whole.
        theta -= scratch
