# SPDX-License-Identifier: BSD-3-Clause
"""The stages of a fit of a network: hold out, begin at the cosine, train."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sksymsim._blocks import working_dtype
from sksymsim._networks.inputs import Batches, cosines_of, measure_inputs
from sksymsim._networks.network import PairNetwork
from sksymsim._networks.optimizers import Adam
from sksymsim._networks.options import NetworkOptions
from sksymsim._networks.score import FittedNetwork
from sksymsim._networks.training import (
    NetworkObjective,
    Progress,
    train_adam,
    train_lbfgs,
)
from sksymsim._objective import fit_scale_and_intercept


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
    watch : callable, default=None
        Called after each epoch with a function that returns a FittedNetwork; if it
        returns true, training ends there.
    """

    network: PairNetwork
    known: FittedNetwork | None
    options: NetworkOptions
    report: Callable
    watch: Callable | None = None

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


def fit_network(recipe, sample, held, rng, n_epochs=None, n_all=None):
    """Train a network.

    Parameters
    ----------
    recipe : Recipe
    sample : LabelledPairs
    held : LabelledPairs or None
        Pairs for early stopping.
    rng : RandomState
    n_epochs : int, default=None
        Train for so many, whatever the progress. None is as the options say.
    n_all : int, default=None
        Make as many steps of an epoch as with so many pairs. None is with these.

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
    kept_dtype = working_dtype(sample.pairs.dtype)

    def watch(theta):
        return recipe.watch(lambda: replace(model, theta=theta().astype(kept_dtype)))

    progress = Progress(
        tol,
        options.n_iter_no_change,
        validation,
        recipe.report,
        None if recipe.watch is None else watch,
    )
    theta = model.theta.astype(objective.batches.dtype)
    max_iter = options.max_iter if n_epochs is None else n_epochs
    if options.solver == "lbfgs":
        found = train_lbfgs(
            objective, theta, progress, options.tol, max_iter, options.max_fun
        )
    else:
        optimizer = make_optimizer(theta.size, theta.dtype, options)
        batch_size = options.rows_of_a_batch(len(sample.pairs), n_all)
        order = rng if options.shuffle else None
        found = train_adam(
            objective, theta, optimizer, progress, max_iter, batch_size, order
        )
    theta, n_iter, finished = found
    kept = replace(model, theta=theta.astype(kept_dtype))
    return Trained(kept, progress, n_iter, finished)


def fit_with_validation(recipe, sample, divisions, rng, *, refit):
    """Train a network on a part of the pairs, until another part says enough.

    Parameters
    ----------
    recipe : Recipe
    sample : LabelledPairs
        All pairs.
    divisions : list of (train, held)
        Of LabelledPairs: those to train on, and those held out.
    rng : RandomState
    refit : bool
        Whether to train anew on all pairs, for as many epochs as were best, in the
        mean over the divisions. Without, only the first one is used.

    Returns
    -------
    trained : Trained
    """
    found = []
    for parts in divisions if refit else divisions[:1]:
        # An epoch of fewer pairs, in as many steps, is worth as much for the refit.
        found.append(fit_network(recipe, *parts, rng, n_all=len(sample.pairs)))
        if found[-1].progress.interrupted or found[-1].progress.stopped:
            return _scaled(found[-1])
    if not refit:
        return _scaled(found[0])
    merged = _merge(found)
    n_epochs = int(np.argmax(merged.progress.scores))
    again = fit_network(recipe, sample, None, rng, n_epochs)
    if again.progress.interrupted:
        found[0].progress.interrupted = True
        return _scaled(found[0])
    return _scaled(replace(merged, model=again.model))


def _scaled(trained):
    """Return a network at the scale that was best for held-out pairs."""
    best = int(np.argmax(trained.progress.scores))
    scale, shift = trained.progress.scalings[best]
    # The start is at its best scale already, by more pairs.
    if best == 0 or scale == 0:
        return trained
    return replace(trained, model=trained.model.scaled(scale, shift))


def _merge(found):
    """Return what several trainings have found, in the mean over them.

    It ends where the first of them did: nothing is known of later epochs.
    """
    if len(found) == 1:
        return found[0]
    n_iter = min(one.n_iter for one in found)

    def mean(name, length):
        curves = [getattr(one.progress, name)[:length] for one in found]
        return np.mean(curves, axis=0).tolist()

    scores = mean("scores", n_iter + 1)
    progress = replace(
        found[0].progress,
        losses=mean("losses", n_iter),
        scores=scores,
        scalings=mean("scalings", n_iter + 1),
        best=max(scores),
    )
    finished = all(one.finished for one in found)
    return replace(found[0], progress=progress, n_iter=n_iter, finished=finished)
