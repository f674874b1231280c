# SPDX-License-Identifier: BSD-3-Clause
"""A network with its parameters, and the scores that it gives to pairs."""

import math
from dataclasses import dataclass, replace

import numpy as np

from sksymsim._blocks import block_slices, run_blocks, working_dtype
from sksymsim._networks.inputs import Inputs
from sksymsim._networks.network import PairNetwork, run
from sksymsim._validation.items import check_finite_pairs
from sksymsim._validation.memory import check_memory

# A block holds about so many rows of the widest layer for each pair.
ARRAYS_OF_A_BLOCK = 8


@dataclass(frozen=True)
class FittedNetwork:
    """All that scoring needs.

    Parameters
    ----------
    network : PairNetwork
    inputs : Inputs
    theta : ndarray of shape (n_parameters,)
    """

    network: PairNetwork
    inputs: Inputs
    theta: np.ndarray

    def scaled(self, scale, shift):
        """Return the network whose log-odds are scale * s + shift."""
        theta = self.theta.copy()
        *_, (last,), ends = self.network.split(theta)
        last *= scale
        ends *= scale
        ends[0] += shift
        return replace(self, theta=theta)

    def score(self, pairs):
        """Return the log-odds of pairs.

        NaN and infinity are looked for where a score is not finite, which spares a
        pass over all pairs; so are numbers too large for float32, and those pairs are
        scored again in float64.

        Parameters
        ----------
        pairs : Pairs

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            float32 if both sides are float32 or float16, float64 otherwise.
        """
        dtype = working_dtype(*(table.dtype for table in pairs._tables))
        scores = self._score_as(pairs, dtype)
        finite = np.isfinite(scores)
        if finite.all():
            return scores
        check_finite_pairs(pairs)
        again = self._score_as(pairs[~finite], np.dtype(np.float64))
        limit = np.finfo(dtype).max
        scores[~finite] = np.clip(np.nan_to_num(again), -limit, limit)
        return scores

    def _score_as(self, pairs, dtype):
        views = self.network.split(self.theta.astype(dtype, copy=False))
        scores = np.empty(len(pairs), dtype=dtype)
        towers = None
        if self._pays_to_share(pairs):
            pairs = pairs.compact()
            towers = self._towers(views, pairs.items, dtype)

        def score_block(rows):
            left, right = pairs.block(rows)
            with np.errstate(over="ignore", invalid="ignore"):
                cosines = self.inputs.cosines(left, right, dtype)
                if towers is None:
                    a, b = (self.inputs.items(side, dtype) for side in (left, right))
                    scores[rows] = self.network.forward(views, a, b, cosines)[0]
                else:
                    a, b = (towers[side] for side in pairs.index[rows].T)
                    scores[rows] = self.network.finish(views, a, b, cosines)[0]

        self._run(score_block, len(pairs), dtype)
        return scores

    def _pays_to_share(self, pairs):
        """Say whether items have towers of their own, and are fewer than sides."""
        separate = self.network.tower and not self.network.cross_weights
        return (
            separate
            and pairs.items is not None
            and pairs.items.shape[0] < 2 * len(pairs)
        )

    def _towers(self, views, items, dtype):
        """Return what the tower makes of each item."""
        shape = items.shape[0], self.network.tower_width
        check_memory(
            dtype.itemsize * math.prod(shape),
            f"the last layers of the towers of {shape[0]} items",
            "ask for pairs of fewer items at a time",
        )
        towers = np.empty(shape, dtype=dtype)

        def fill_block(rows):
            x = self.inputs.items(items[rows], dtype)
            with np.errstate(over="ignore", invalid="ignore"):
                (towers[rows],), _ = run(self.network.tower, views, x)

        self._run(fill_block, len(towers), dtype)
        return towers

    def _run(self, function, n_rows, dtype):
        row_bytes = max(self.network.widths) * dtype.itemsize * ARRAYS_OF_A_BLOCK
        work = n_rows * self.theta.size
        run_blocks(function, block_slices(n_rows, row_bytes), work=work)
