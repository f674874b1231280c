# SPDX-License-Identifier: BSD-3-Clause
"""The stages of a fit of a network: hold out, begin at the cosine, train."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sksymsim._blocks import working_dtype
from sksymsim._network import PairNetwork
from sksymsim._network_inputs import Batches, cosines_of, measure_inputs
from sksymsim._network_options import NetworkOptions
from sksymsim._network_score import FittedNetwork
from sksymsim._network_training import (
    NetworkObjective,
    Progress,
    run_epoch,
    train_adam,
    train_lbfgs,
)
from sksymsim._objective import fit_scale_and_intercept
from sksymsim._optimizers import Adam
from sksymsim._validation_networks import check_can_hold_out
from sksymsim.model_selection import PairShuffleSplit


@dataclass(frozen=True)
class Recipe:
    """What is fitted, from where, and how.

    Parameters
    ----------
    network : PairNetwork
    known : FittedNetwork or None
        Where to begin; None is at the cosine.
    options : NetworkOptions
    report : callable
        Called with a line of text for each epoch.
    """

    network: PairNetwork
    known: FittedNetwork | None
    options: NetworkOptions
    report: Callable

    def start(self, sample, rng):
        """Return a model to begin with, and the standardised cosines of the pairs."""
        if self.known is not None:
            return self.known, cosines_of(sample.pairs, self.known.inputs)
        return start_at_cosine(self.network, sample, self.options.cosine_skip, rng)


@dataclass(frozen=True)
class Trained:
    """What a fit has found.

    Parameters
    ----------
    model : FittedNetwork
    progress : Progress
    n_iter : int
    finished : bool
        False if it was stopped before it had converged.
    """

    model: FittedNetwork
    progress: Progress
    n_iter: int
    finished: bool


def hold_out(sample, groups, fraction, rng):
    """Divide pairs into those to train on and those to validate on.

    They share no item, or no group if there are any; pairs with a side in both parts
    are left out.

    Parameters
    ----------
    sample : LabelledSample
    groups : array-like or None
    fraction : float
    rng : RandomState

    Returns
    -------
    train, held : LabelledSample
    """
    splitter = PairShuffleSplit(
        n_splits=1,
        test_size=fraction,
        level="item" if groups is None else "group",
        random_state=rng.randint(np.iinfo(np.int32).max),
    )
    with check_can_hold_out(fraction):
        parts = splitter.split(sample.pairs, sample.similar.astype(int), groups)
        ((train, held),) = parts
    return sample.take(train), sample.take(held)


def start_at_cosine(network, sample, use_cosine, rng):
    """Return a network that begins at the cosine, scaled to log-odds.

    Its last layer is zero, so the score is k + g cos(a, b) by maximum likelihood; or k
    alone if the cosine is not wanted.

    Returns
    -------
    model : FittedNetwork
    cosines : ndarray of shape (n_pairs,)
    """
    inputs, cosines = measure_inputs(sample)
    theta = network.start(rng)
    # A part of a stream may hold one class only, which says nothing of k and g.
    if sample.similar.any() and not sample.similar.all():
        targets = np.where(sample.similar, 1.0, -1.0)
        known = cosines if use_cosine else np.zeros_like(cosines)
        g, k = fit_scale_and_intercept(known, targets, sample.weights, True)
        theta[-2:] = k, g if use_cosine else 0.0
    return FittedNetwork(network, inputs, theta), cosines


def make_objective(model, sample, cosines, options):
    """Return the objective of a network on given pairs."""
    dtype = working_dtype(sample.pairs.dtype)
    if options.solver == "lbfgs":
        # The line search sees differences that float32 would drown.
        dtype = np.dtype(np.float64)
    batches = Batches(sample, model.inputs, cosines, dtype)
    return NetworkObjective(model.network, batches, options.alpha, options.cosine_skip)


def make_optimizer(size, dtype, options):
    """Return Adam as the options want it."""
    rates = options.learning_rate_init, options.beta_1, options.beta_2
    return Adam(size, dtype, *rates, options.epsilon)


def fit_network(recipe, sample, held, rng, n_epochs=None):
    """Train a network.

    Parameters
    ----------
    recipe : Recipe
    sample : LabelledSample
    held : LabelledSample or None
        Pairs for early stopping.
    rng : RandomState
    n_epochs : int, default=None
        Train for so many, whatever the progress. None is as the options say.

    Returns
    -------
    trained : Trained
    """
    options = recipe.options
    model, cosines = recipe.start(sample, rng)
    objective = make_objective(model, sample, cosines, options)
    validation = None
    if held is not None:
        held_cosines = cosines_of(held.pairs, model.inputs)
        validation = make_objective(model, held, held_cosines, options)
    tol = options.tol if n_epochs is None else -np.inf
    progress = Progress(tol, options.n_iter_no_change, validation, recipe.report)
    theta = model.theta.astype(objective.batches.dtype)
    max_iter = options.max_iter if n_epochs is None else n_epochs
    if options.solver == "lbfgs":
        found = train_lbfgs(
            objective, theta, progress, options.tol, max_iter, options.max_fun
        )
    else:
        optimizer = make_optimizer(theta.size, theta.dtype, options)
        batch_size = options.rows_of_a_batch(len(sample.pairs))
        order = rng if options.shuffle else None
        found = train_adam(
            objective, theta, optimizer, progress, max_iter, batch_size, order
        )
    theta, n_iter, finished = found
    kept = theta.astype(working_dtype(sample.pairs.dtype))
    return Trained(replace(model, theta=kept), progress, n_iter, finished)


def fit_with_validation(recipe, sample, parts, rng, *, refit):
    """Train a network on a part of the pairs, until another part says enough.

    Parameters
    ----------
    recipe : Recipe
    sample : LabelledSample
        All pairs.
    parts : tuple of LabelledSample
        Those to train on, and those held out.
    rng : RandomState
    refit : bool
        Whether to train anew on all pairs, for as many epochs as were best.

    Returns
    -------
    trained : Trained
    """
    trained = fit_network(recipe, *parts, rng)
    if not refit or trained.progress.interrupted:
        return trained
    n_epochs = int(np.argmax(trained.progress.scores))
    again = fit_network(recipe, sample, None, rng, n_epochs)
    if again.progress.interrupted:
        trained.progress.interrupted = True
        return trained
    return replace(trained, model=again.model)


def fit_one_epoch(model, sample, cosines, optimizer, options, rng):
    """Train a network for one epoch of Adam, from where it is.

    Parameters
    ----------
    model : FittedNetwork
    sample : LabelledSample
    cosines : ndarray of shape (n_pairs,)
        Standardised.
    optimizer : Adam
        Its means are changed.
    options : NetworkOptions
    rng : RandomState

    Returns
    -------
    model : FittedNetwork
    loss : float
    """
    objective = make_objective(model, sample, cosines, options)
    theta = model.theta.astype(objective.batches.dtype)
    batch_size = options.rows_of_a_batch(len(sample.pairs))
    order = rng if options.shuffle else None
    loss = run_epoch(objective, theta, optimizer, batch_size, order)
    return replace(model, theta=theta), loss
