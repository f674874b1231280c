# SPDX-License-Identifier: BSD-3-Clause
"""A network that is shown one part of a stream of pairs after another."""

from copy import deepcopy
from dataclasses import dataclass, replace

from sklearn.utils import check_random_state

from sksymsim._blocks import working_dtype
from sksymsim._networks.fitting import make_objective, make_optimizer
from sksymsim._networks.score import FittedNetwork
from sksymsim._networks.training import run_epoch


@dataclass(frozen=True)
class Stream:
    """What one call leaves to the next.

    Parameters
    ----------
    model : FittedNetwork
    optimizer : Adam
        With its means.
    rng : RandomState
        Draws the order of the pairs.
    """

    model: FittedNetwork
    optimizer: object
    rng: object


def fit_one_epoch(recipe, sample, earlier, random_state):
    """Train a network for one epoch of Adam, from where it is.

    Parameters
    ----------
    recipe : Recipe
    sample : LabelledPairs
    earlier : Stream or None
        Of the call before; it is not changed.
    random_state : int, RandomState instance or None
        Where the stream begins.

    Returns
    -------
    stream : Stream
    loss : float
    """
    options = recipe.options
    if earlier is None:
        rng = check_random_state(random_state)
        model, cosines = recipe.start(sample, rng)
        dtype = working_dtype(sample.pairs.dtype)
        optimizer = make_optimizer(model.theta.size, dtype, options)
    else:
        optimizer, rng = deepcopy((earlier.optimizer, earlier.rng))
        model, cosines = recipe.start(sample, rng)
    objective = make_objective(model, sample, cosines, options)
    theta = model.theta.astype(objective.batches.dtype)
    batch_size = options.rows_of_a_batch(len(sample.pairs))
    order = rng if options.shuffle else None
    loss = run_epoch(objective, theta, optimizer, batch_size, order)
    return Stream(replace(model, theta=theta), optimizer, rng), loss
