# SPDX-License-Identifier: BSD-3-Clause
"""Training of a network: the objective, epochs, and when to stop.

The objective is a mean loss and a penalty::

    sum_i w_i softplus(-t_i s_i) / sum_i w_i  +  alpha/2 sum W^2

with labels t_i = +-1. W are the weights of all layers, of the pooling and of the head;
constants, the scale of the cosine and the intercept are not penalised.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from sksymsim._blocks import block_slices
from sksymsim._networks.network import weights_of
from sksymsim._objective import fit_scale_and_intercept, log_loss

# Rows of both sides and of what a network makes of them, for pairs seen at a time.
ARRAYS_OF_A_BLOCK = 8


class NetworkObjective:
    """Loss and penalty of a network on labelled pairs.

    Parameters
    ----------
    network : PairNetwork
    batches : Batches
    alpha : float
    use_cosine : bool
        Whether the scale of the cosine is free; without, it stays.
    """

    def __init__(self, network, batches, alpha, use_cosine):
        self.network, self.batches = network, batches
        self.alpha, self.use_cosine = alpha, use_cosine
        row_bytes = max(network.widths) * batches.dtype.itemsize * ARRAYS_OF_A_BLOCK
        self._blocks = block_slices(len(batches), row_bytes)

    def on_batch(self, views, gradients, rows, n_pairs):
        """Return the loss of some pairs and write its gradient; no penalty.

        Parameters
        ----------
        views, gradients : list
            From ``network.split``.
        rows : slice or ndarray of int
        n_pairs : int
            What the sum over the pairs is divided by.
        """
        a, b, similarity = self.batches.rows(rows)
        scores, saved = self.network.forward(views, a, b, similarity)
        targets, weights = self.batches.targets[rows], self.batches.weights[rows]
        loss, flow = log_loss(scores, targets, weights / targets.dtype.type(n_pairs))
        self.network.backward(views, gradients, saved, flow, similarity)
        if not self.use_cosine:
            gradients[-1][1] = 0
        return loss

    def add_penalty(self, views, gradients):
        """Return the penalty and add its gradient."""
        penalty = 0.0
        pairs = zip(weights_of(views), weights_of(gradients), strict=True)
        for weight, gradient in pairs:
            penalty += float(np.vdot(weight, weight))
            gradient += weight * weight.dtype.type(self.alpha)
        return self.alpha / 2 * penalty

    def value_and_gradient(self, theta):
        """Return the objective on all pairs and its gradient."""
        gradient, part = np.zeros_like(theta), np.empty_like(theta)
        views, parts = self.network.split(theta), self.network.split(part)
        value = 0.0
        for rows in self._blocks:
            value += self.on_batch(views, parts, rows, len(self.batches))
            gradient += part
        value += self.add_penalty(views, self.network.split(gradient))
        return value, gradient

    def judge(self, theta):
        """Return how well scores rank and separate pairs, whatever their scale.

        Platt, Probabilistic outputs for support vector machines, 1999, with his targets
        that are a little less than certain, so that separable pairs have a finite
        scale.

        Returns
        -------
        score : float
            The negative mean log-loss, scaled and shifted.
        scaling : tuple of float
            The scale, never negative, and the shift.
        """
        views = self.network.split(theta)
        scores = np.empty(len(self.batches))
        for rows in self._blocks:
            a, b, similarity = self.batches.rows(rows)
            scores[rows] = self.network.forward(views, a, b, similarity)[0]
        targets = self.batches.targets.astype(np.float64)
        weights = self.batches.weights / self.batches.weights.sum(dtype=np.float64)
        counts = np.where(targets > 0, (targets > 0).sum(), (targets < 0).sum())
        doubt = weights / (counts + 2)
        scale, shift = fit_scale_and_intercept(
            np.tile(scores, 2),
            np.concatenate([targets, -targets]),
            np.concatenate([weights - doubt, doubt]),
            True,
        )
        return -log_loss(scale * scores + shift, targets, weights)[0], (scale, shift)


@dataclass
class Progress:
    """What training has come to, and whether it is enough.

    Parameters
    ----------
    tol : float
        An epoch that gains less than this is one without progress.
    patience : int
        So many in a row end the training.
    validation : NetworkObjective or None
        On pairs that are not trained on. Without, the loss of training decides.
    report : callable
        Called with the text of each epoch.
    watch : callable, default=None
        Called after each epoch with a function that returns the parameters; if it
        returns true, that was the last one.
    """

    tol: float
    patience: int
    validation: NetworkObjective | None
    report: object
    watch: object = None
    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    scalings: list = field(default_factory=list)
    best: float = -np.inf
    best_theta: np.ndarray | None = None
    n_idle: int = 0
    interrupted: bool = False
    stopped: bool = False

    def begin(self, theta):
        """Judge the start: what is trained may turn out no better."""
        if self.validation is not None:
            self._judge(theta)

    def end_epoch(self, theta, loss):
        """Take note of an epoch; returns whether to stop."""
        self.losses.append(float(loss))
        text = f"iteration {len(self.losses):4d}  loss {loss:.6f}"
        if self.validation is None:
            gain = -loss - self.best
            self.best = max(self.best, -loss)
        else:
            gain = self._judge(theta)
            text += f"  validation score {self.scores[-1]:.6f}"
        self.report(text)
        self.n_idle = self.n_idle + 1 if gain < self.tol else 0
        if self.watch is not None:
            self.stopped = self.watch(theta.copy)
        return self.stopped or self.n_idle >= self.patience

    def _judge(self, theta):
        score, scaling = self.validation.judge(theta)
        self.scores.append(score)
        self.scalings.append(scaling)
        gain = score - self.best
        if gain > 0:
            self.best, self.best_theta = score, theta.copy()
        return gain

    def chosen(self, theta):
        """Return the best parameters on validation pairs, else the last ones."""
        return theta if self.best_theta is None else self.best_theta


def run_epoch(objective, theta, optimizer, batch_size, rng):
    """Show all pairs once, in batches, and move the parameters after each.

    Parameters
    ----------
    objective : NetworkObjective
    theta : ndarray
        Changed in place.
    optimizer : Adam
    batch_size : int
    rng : RandomState or None
        Draws the order of the pairs; None keeps it.

    Returns
    -------
    loss : float
        The mean objective of the batches, each before its step.
    """
    n_pairs = len(objective.batches)
    order = np.arange(n_pairs) if rng is None else rng.permutation(n_pairs)
    gradient = np.empty_like(theta)
    views, gradients = objective.network.split(theta), objective.network.split(gradient)
    total = 0.0
    for start in range(0, n_pairs, batch_size):
        rows = order[start : start + batch_size]
        value = objective.on_batch(views, gradients, rows, len(rows))
        value += objective.add_penalty(views, gradients)
        optimizer.step(theta, gradient)
        total += value * len(rows)
    return total / n_pairs


def train_adam(objective, theta, optimizer, progress, max_iter, batch_size, rng):
    """Train until there is no more progress; an interrupt ends training too.

    Returns
    -------
    theta : ndarray
    n_iter : int
    finished : bool
        False if `max_iter` ended it.
    """
    theta = theta.copy()
    progress.begin(theta)
    finished = False
    try:
        while not finished and len(progress.losses) < max_iter:
            loss = run_epoch(objective, theta, optimizer, batch_size, rng)
            finished = progress.end_epoch(theta, loss)
    except KeyboardInterrupt:
        progress.interrupted = finished = True
    return progress.chosen(theta), len(progress.losses), finished


class _Enough(Exception):
    """Training is to end in the middle of SciPy's loop."""


def train_lbfgs(objective, theta, progress, tol, max_iter, max_fun):
    """Train by L-BFGS on all pairs at a time; an interrupt ends training too.

    Returns
    -------
    theta : ndarray
    n_iter : int
    finished : bool
        False if `max_iter` or `max_fun` ended it.
    """
    last = {"theta": theta}

    def evaluate(theta):
        last["value"], gradient = objective.value_and_gradient(theta)
        return last["value"], gradient

    def after_iteration(theta):
        # The line search ends with the point that it takes.
        last["theta"] = theta.copy()
        enough = progress.end_epoch(theta, last["value"])
        if progress.stopped or (enough and progress.validation is not None):
            raise _Enough

    progress.begin(theta)
    if max_iter == 0:
        return theta, 0, True  # SciPy takes a step before it looks
    finished = True
    try:
        result = minimize(
            evaluate,
            theta,
            method="L-BFGS-B",
            jac=True,
            callback=after_iteration,
            # Only the gradient decides, and not the small gain of one step.
            options={
                "maxiter": max_iter,
                "maxfun": max_fun,
                "gtol": tol,
                "ftol": 0.0,
            },
        )
        finished = result.status != 1
    except _Enough:
        pass
    except KeyboardInterrupt:
        progress.interrupted = True
    return progress.chosen(last["theta"]), max(1, len(progress.losses)), finished
