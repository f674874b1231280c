# SPDX-License-Identifier: BSD-3-Clause
"""Standard errors of numbers that are computed from pairs which share items.

Every item gets a random weight of mean one, a pair the product of the weights of its
two items, and the numbers are computed anew: the bootstrap of vertices (Snijders and
Borgatti, Connections 22 (1999), 161), and with weights for both sides the pigeonhole
bootstrap of Owen (Ann. Appl. Stat. 1 (2007), 386). What a pair has of its own is then
counted by both of its items, and once more by the product of their deviations, where
it should be counted once. A second set of replicates, with a weight for each pair,
measures that part, and it is taken out: to first order what is left is the variance
that is robust to clusters in two ways,

    sum over all (pair, pair') that share an item of psi(pair) psi(pair'),

of Cameron, Gelbach and Miller (J. Bus. Econ. Stat. 29 (2011), 238) and of Fafchamps and
Gubert (J. Dev. Econ. 83 (2007), 326), without the influence function psi, which the
equal error rate, for one, does not have in closed form.

The weights are Gamma(4) / 4. Their standard deviation tau is 1/2, so deviations are
divided by it. Smaller steps than those of a multinomial draw (tau = 1) keep every pair
in every replicate, and the skewness is the same, 1.
"""

from dataclasses import dataclass

import numpy as np

from sksymsim._blocks import run_blocks

SHAPE = 4
VARIANCE = 1 / SHAPE
# Numbers of one block of replicates, by pairs: it stays in the cache.
BLOCK_SIZE = 2**16


@dataclass(frozen=True)
class Spread:
    """How some numbers vary.

    Parameters
    ----------
    estimate : ndarray of shape (n_numbers,)
        Of the pairs as they are.
    error : ndarray of shape (n_numbers,)
        Standard errors.
    bias : ndarray of shape (n_numbers,)
        By how much the numbers rise, to second order, for the pairs are a sample.
    n_units : int
        Independent units that the pairs are made of.
    """

    estimate: np.ndarray
    error: np.ndarray
    bias: np.ndarray
    n_units: int


class Units:
    """The independent units behind the pairs, numbered.

    Parameters
    ----------
    units : ndarray of int of shape (n_pairs, 2)
        The unit of each side: its item, or the group that it belongs to.
    """

    def __init__(self, units):
        _, codes = np.unique(units, return_inverse=True)
        codes = codes.reshape(-1, 2)
        self.low, self.high = codes.min(axis=1), codes.max(axis=1)
        self.n_units = int(codes.max()) + 1
        self.within = self.low == self.high
        # The same two units may meet in several pairs: one draw for all of them.
        keys = self.low * np.int64(self.n_units) + self.high
        self.dyad = np.unique(keys, return_inverse=True)[1].ravel()
        self.n_dyads = int(self.dyad.max()) + 1
        # A unit takes part in the mean from which it is seen to deviate; as in the
        # jackknife, deviations grow by 1 / (1 - its share of the pairs).
        share = (2 - self.within.mean()) / self.n_units
        self.inflation = 1 / (1 - share)

    def draw_by_unit(self, rng, n_draws):
        """Return random weights of pairs: products of those of their units."""
        weights = _gamma(rng, n_draws, self.n_units)
        other = np.where(self.within, 1.0, weights[:, self.high])
        return weights[:, self.low] * other

    def draw_by_dyad(self, rng, n_draws):
        """Return random weights of pairs; those within one unit keep the weight 1."""
        weights = _gamma(rng, n_draws, self.n_dyads)[:, self.dyad]
        return np.where(self.within, 1.0, weights)


def _gamma(rng, n_draws, n_numbers):
    return rng.gamma(SHAPE, 1 / SHAPE, size=(n_draws, n_numbers))


def spread(function, units, weights, n_bootstrap, random_state, n_jobs=None):
    """Return numbers of weighted pairs and how they vary.

    Parameters
    ----------
    function : callable
        Maps weights of shape (n_weightings, n_pairs) to (n_weightings, n_numbers).
    units : ndarray of int of shape (n_pairs, 2)
        See :class:`Units`.
    weights : ndarray of shape (n_pairs,)
    n_bootstrap : int
        Replicates of each of the two kinds.
    random_state : RandomState
    n_jobs : int, default=None
        Threads; the result does not depend on it.

    Returns
    -------
    spread : Spread
    """
    units = Units(units)
    estimate = function(weights[None])[0]
    step = max(1, BLOCK_SIZE // len(weights))
    slices = [slice(i, min(i + step, n_bootstrap)) for i in range(0, n_bootstrap, step)]
    # A generator for each block, so that threads cannot change what is drawn.
    seeds = random_state.randint(2**31 - 1, size=(2, len(slices)))
    moments = []
    for draw, numbers in zip(
        (units.draw_by_unit, units.draw_by_dyad), seeds, strict=True
    ):
        values = np.empty((n_bootstrap, len(estimate)))

        def fill(rows, draw=draw, numbers=numbers, values=values):
            rng = np.random.default_rng(numbers[rows.start // step])
            drawn = draw(rng, rows.stop - rows.start)
            drawn *= weights
            values[rows] = function(drawn)

        run_blocks(fill, slices, n_jobs)
        moments.append((values.mean(axis=0) - estimate, values.var(axis=0) / VARIANCE))
    (shift, by_unit), (_, by_dyad) = moments
    # By unit a pair's own variance is counted 2 + tau^2 times. What it has of its own
    # is also the least that the variance can be: pairs of an item are rarely opposed.
    variance = np.maximum(by_unit - (1 + VARIANCE) * by_dyad, by_dyad)
    share = variance / np.where(by_unit > 0, by_unit, 1)
    error = units.inflation * np.sqrt(variance)
    return Spread(estimate, error, shift / VARIANCE * share, units.n_units)
