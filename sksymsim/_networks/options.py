# SPDX-License-Identifier: BSD-3-Clause
"""What the estimator of a network may be told, and what its training is told."""

from dataclasses import dataclass

from sksymsim._networks.layers import ACTIVATIONS
from sksymsim._networks.network import PairNetwork
from sksymsim._networks.poolings import POOLINGS
from sksymsim._validation.networks import LayerSizes, as_sizes
from sksymsim._validation.parameters import BOOL, RANDOM_STATE, VERBOSE, Choice, Number

# Few pairs in large batches would take many epochs.
AUTO_BATCH, BATCHES_OF_AN_EPOCH = (16, 200), 25
AUTO_HEAD = (32,)
SOLVERS = ("adam", "lbfgs")

_COUNT = Number(int, 1)
_POSITIVE = Number(float, 0, open_low=True)
_DECAY = Number(float, 0, 1, open_high=True)

PARAMETERS = {
    "hidden_layer_sizes": [LayerSizes()],
    "activation": [Choice(*ACTIVATIONS)],
    "cross_weights": [BOOL],
    "pooling": [Choice(*POOLINGS)],
    "head_layer_sizes": [Choice("auto"), LayerSizes()],
    "cosine_skip": [BOOL],
    "solver": [Choice(*SOLVERS)],
    "alpha": [Number(float, 0)],
    "batch_size": [Choice("auto"), _COUNT],
    "learning_rate_init": [_POSITIVE],
    "max_iter": [_COUNT],
    "shuffle": [BOOL],
    "random_state": [RANDOM_STATE],
    "tol": [Number(float, 0)],
    "verbose": VERBOSE,
    "warm_start": [BOOL],
    "early_stopping": [BOOL],
    "validation_fraction": [Number(float, 0, 1, open_low=True, open_high=True)],
    "refit": [BOOL],
    "beta_1": [_DECAY],
    "beta_2": [_DECAY],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT],
    "max_fun": [_COUNT],
}


@dataclass(frozen=True)
class NetworkOptions:
    """How a network is trained, by the names of the estimator's parameters."""

    solver: str
    alpha: float
    cosine_skip: bool
    batch_size: int | str
    learning_rate_init: float
    beta_1: float
    beta_2: float
    epsilon: float
    shuffle: bool
    max_iter: int
    max_fun: int
    tol: float
    n_iter_no_change: int

    @classmethod
    def of(cls, estimator):
        """Return those of an estimator."""
        names = cls.__dataclass_fields__
        return cls(**{name: getattr(estimator, name) for name in names})

    def rows_of_a_batch(self, n_pairs, n_all=None):
        """Return how many of `n_pairs` are shown at a time.

        Parameters
        ----------
        n_pairs : int
        n_all : int, default=None
            Make as many steps of an epoch as with so many pairs. None is `n_pairs`.
        """
        n_all = n_pairs if n_all is None else n_all
        if self.batch_size == "auto":
            least, most = AUTO_BATCH
            size = max(least, min(most, n_all // BATCHES_OF_AN_EPOCH))
        else:
            size = int(self.batch_size)
        return min(n_pairs, -(-size * n_pairs // n_all))


def make_network(estimator, n_features):
    """Return the network that the parameters of an estimator describe."""
    head = estimator.head_layer_sizes
    if isinstance(head, str):
        head = () if POOLINGS[estimator.pooling].compares else AUTO_HEAD
    return PairNetwork(
        n_features,
        as_sizes(estimator.hidden_layer_sizes),
        bool(estimator.cross_weights),
        estimator.pooling,
        as_sizes(head),
        estimator.activation,
    )
