# SPDX-License-Identifier: BSD-3-Clause
"""The common objective in float64: one function for the results of every solver.

With z = (a - b) / scale, where scale is the root of the mean squared difference, and
B = scale**2 M::

    mean softplus(-t (k - z'Bz))  +  alpha/2 min_{g >= 0} || B - g I ||^2

This is written down independently of sksymsim, so that no solver is judged by its own
arithmetic.
"""

import numpy as np


def rescaled_gaps(a, b):
    """Return z and scale."""
    gaps = a.astype(np.float64) - b
    scale = float(np.sqrt(np.einsum("ij,ij->", gaps, gaps) / len(gaps)))
    return gaps / scale, scale


def value_and_gradient_norm(matrix, intercept, a, b, y, alpha, *, psd):
    """Return the objective, and the norm of its gradient in the rescaled units.

    The gradient is by (B, k), and by (Q, k) with B = Q'Q if `psd`; the norm of the
    latter does not depend on which Q is taken.
    """
    z, scale = rescaled_gaps(a, b)
    targets = np.where(y == 1, 1.0, -1.0)
    scaled = matrix * scale**2
    size = len(scaled)
    margins = targets * (intercept - np.einsum("ij,ij->i", z @ scaled, z))
    deviation = scaled - max(0.0, np.trace(scaled) / size) * np.eye(size)
    value = np.logaddexp(0, -margins).mean() + alpha / 2 * np.sum(deviation**2)
    # The derivative of softplus(-m), in a form that does not overflow.
    residuals = -targets * np.exp(-np.logaddexp(0, margins)) / len(z)
    by_matrix = alpha * deviation - (z * residuals[:, None]).T @ z
    # |2QG|^2 = 4 tr(GQ'QG) = 4 tr(GBG)
    square = np.sum(by_matrix**2)
    if psd:
        square = 4 * np.einsum("ij,ij->", by_matrix @ scaled, by_matrix)
    return float(value), float(np.sqrt(max(square, 0.0) + residuals.sum() ** 2))


def calibrated_euclid(z, y, n_steps=100):
    """Return g >= 0 and k that minimise the mean log-loss of k - g |z|^2.

    The start of every iterative solver: the prior, with its best scale and intercept.
    """
    squares = np.einsum("ij,ij->i", z, z)
    columns = np.column_stack([-squares, np.ones_like(squares)])
    targets = np.where(y == 1, 1.0, -1.0)
    u = np.array([0.0, np.log(np.mean(y == 1) / np.mean(y != 1))])
    value = np.logaddexp(0, -targets * (columns @ u)).mean()
    for _ in range(n_steps):
        p = np.exp(-np.logaddexp(0, -(columns @ u)))
        gradient = columns.T @ (p - (y == 1)) / len(y)
        hessian = (columns.T * (p * (1 - p))) @ columns / len(y)
        step = np.linalg.solve(hessian + 1e-12 * np.eye(2), gradient)
        # Newton's step may overshoot far from the optimum.
        for _ in range(30):
            trial = np.logaddexp(0, -targets * (columns @ (u - step))).mean()
            if trial <= value:
                break
            step = step / 2
        else:
            break
        u, value = u - step, trial
        if np.linalg.norm(gradient) < 1e-12:
            break
    if u[0] <= 0:
        return 0.0, float(np.log(np.mean(y == 1) / np.mean(y != 1)))
    return float(u[0]), float(u[1])
