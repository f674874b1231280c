# SPDX-License-Identifier: BSD-3-Clause
"""The common objective minimised in PyTorch, by Adam and by L-BFGS.

What someone would write who knows the objective and has PyTorch: all pairs at once on
the CPU, gradients by autograd, over M itself or over Q with M = Q'Q. The clock of the
trajectory starts when the rescaled tensors and the starting point are there, which is
generous: sksymsim's clock has its checks, its rescaling and its start in it.
"""

import time

import numpy as np
import torch
from fitted import Fitted, mahalanobis_score
from objective import calibrated_euclid, rescaled_gaps

# L-BFGS is asked for so many iterations at a time, and is done when a round brings no
# more than this share of the value.
ROUND = 20
STALLED = 1e-8
# A Q of zero has a gradient of zero, and could not be left.
SMALLEST_START = 1e-3


class _TargetReached(Exception):
    """Ends an optimiser from within its line search."""


class _Problem:
    """The objective over (M, k) or (Q, k), with a record of every evaluation.

    Parameters
    ----------
    train_a, train_b, y : ndarray
    params : dict
        "psd", "alpha", "dtype", "max_iter", "max_seconds", and "target": the value
        to end at, if any.
    """

    def __init__(self, train_a, train_b, y, params):
        gaps, self.scale = rescaled_gaps(train_a, train_b)
        g, k = calibrated_euclid(gaps, y)
        dtype = getattr(torch, params["dtype"])
        self.psd, self.alpha = params["psd"], params["alpha"]
        self.target = params.get("target", -np.inf)
        self.max_seconds = params["max_seconds"]
        self.z = torch.from_numpy(gaps).to(dtype)
        self.signs = torch.from_numpy(np.where(y == 1, 1.0, -1.0)).to(dtype)
        size = gaps.shape[1]
        start = np.sqrt(max(g, SMALLEST_START)) if self.psd else g
        self.array = (start * torch.eye(size, dtype=dtype)).requires_grad_()
        self.intercept = torch.tensor(k, dtype=dtype, requires_grad=True)
        self.unknowns = [self.array, self.intercept]
        self.trajectory = []
        self.best = (np.inf, None, None)
        self.started = time.perf_counter()

    @property
    def elapsed(self):
        return time.perf_counter() - self.started

    def loss(self):
        """Return the objective at the unknowns."""
        # M stays symmetric by itself: it starts so, and its gradient is symmetric.
        product = self.z @ (self.array.T if self.psd else self.array)
        squares = (product * (product if self.psd else self.z)).sum(dim=1)
        margins = self.signs * (self.intercept - squares)
        matrix = self.array.T @ self.array if self.psd else self.array
        # The best g >= 0 is mean diagonal: |M - g I|^2 = |M|^2 - trace^2 / size.
        trace = torch.clamp(torch.trace(matrix), min=0)
        deviation = (matrix**2).sum() - trace**2 / len(matrix)
        data = torch.nn.functional.softplus(-margins).mean()
        return data + self.alpha / 2 * deviation

    def evaluate(self):
        """Return the objective with its gradient, and note when it was reached."""
        for unknown in self.unknowns:
            unknown.grad = None
        loss = self.loss()
        loss.backward()
        value = loss.item()
        self.trajectory.append((self.elapsed, value))
        if value < self.best[0]:
            self.best = (value, *(x.detach().clone() for x in self.unknowns))
        if value <= self.target:
            raise _TargetReached
        return loss

    def out_of_time(self):
        return self.elapsed > self.max_seconds

    def fitted(self, n_iter, message):
        """Return the best point that was seen, in the units of the data."""
        value, array, intercept = self.best
        if array is None:
            raise FloatingPointError("the objective was never a number")
        matrix = array.double().numpy()
        if self.psd:
            matrix = matrix.T @ matrix
        matrix = (matrix + matrix.T) / 2 / self.scale**2
        facts = {
            "n_iter": n_iter,
            "own_objective": value,
            "converged": message in ("target", "stalled"),
            "message": message,
        }
        return Fitted(
            mahalanobis_score(matrix),
            facts,
            matrix,
            float(intercept),
            thinned(self.trajectory),
        )


def fit_lbfgs(train_a, train_b, y, params):
    """Minimise by torch.optim.LBFGS with its strong Wolfe line search."""
    problem = _Problem(train_a, train_b, y, params)
    optimizer = torch.optim.LBFGS(
        problem.unknowns,
        max_iter=ROUND,
        history_size=20,
        line_search_fn="strong_wolfe",
        # The rounds decide when to stop, not these.
        tolerance_grad=0,
        tolerance_change=0,
    )
    message, n_iter = "max_iter", 0
    try:
        while n_iter < params["max_iter"]:
            before = problem.best[0]
            optimizer.step(problem.evaluate)
            n_iter = optimizer.state[problem.array]["n_iter"]
            # Not a number in the first round: before is infinite and so is the gap.
            if not before - problem.best[0] > STALLED * abs(problem.best[0]):
                message = "stalled"
                break
            if problem.out_of_time():
                message = "max_seconds"
                break
    except _TargetReached:
        message = "target"
        n_iter = optimizer.state[problem.array].get("n_iter", 0)
    return problem.fitted(n_iter, message)


def fit_adam(train_a, train_b, y, params):
    """Minimise by Adam on all pairs, at one learning rate."""
    problem = _Problem(train_a, train_b, y, params)
    optimizer = torch.optim.Adam(problem.unknowns, lr=params["learning_rate"])
    message, n_iter = "max_iter", 0
    try:
        while n_iter < params["max_iter"]:
            n_iter += 1
            problem.evaluate()
            optimizer.step()
            if problem.out_of_time():
                message = "max_seconds"
                break
    except _TargetReached:
        message = "target"
    return problem.fitted(n_iter, message)


def thinned(trajectory, n_points=40):
    """Return the records of new best values, at most about so many of them."""
    best, records = np.inf, []
    for seconds, value in trajectory:
        if value < best:
            best = value
            records.append((seconds, value))
    if len(records) <= n_points:
        return records
    # Dense at the beginning, where the value falls fast.
    kept = np.unique(np.geomspace(1, len(records), n_points).astype(int)) - 1
    return [records[i] for i in kept]
