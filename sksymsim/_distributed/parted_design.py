# SPDX-License-Identifier: BSD-3-Clause
"""The training pairs of many parts, as one design: all that crosses the network."""

from copy import copy

import numpy as np

from sksymsim._blocks import Team
from sksymsim._distributed.moments import SummedMoments
from sksymsim._distributed.parts import (
    fisher_moments,
    label_moments,
    loss_and_pull,
    sample,
    sample_scores,
)
from sksymsim._forms import difference, total
from sksymsim._models import Parameters

# About so many pairs, of all parts together, have their scores looked at one by one.
SAMPLE_PAIRS = 50_000


class PartedDesign:
    """Parts of the training pairs, which answers where sums over them are enough.

    An objective over it sends its unknowns and gets back loss and gradient, summed. The
    parts are not turned: the unknowns are, so that parts never change.

    Parameters
    ----------
    parts : LocalParts or the like
        With ``each`` and ``sum``.
    form : Form
    n_pairs, n_features : int
    scale : float
        What the parts have divided their pairs by.
    dtype : numpy.dtype
        Of their products.
    team : Team, default=None
        The threads of this process, for products of the size of the unknowns.
    """

    def __init__(self, parts, form, n_pairs, n_features, scale, dtype, team=None):
        self._parts = parts
        self.form = form
        self.team = team or Team()
        self.n_pairs = self.n_rows = n_pairs
        self.n_features = self.n_ambient = n_features
        self.scale, self.span = scale, None
        self.dtype = dtype
        self._bases = None
        self._step = max(1, n_pairs // SAMPLE_PAIRS)

    def turned(self, bases):
        """Return the same design for unknowns in other coordinates."""
        other = copy(self)
        other._bases = bases
        return other

    def _natural(self, model, parameters):
        """Return unknowns as the parts know them."""
        if self._bases is None:
            return parameters
        arrays = [
            model.turned(array, self._bases[term.sides])
            for term, array in zip(self.form.terms, parameters.arrays, strict=True)
        ]
        linear = parameters.linear
        if linear is not None:
            linear = self._bases[total] @ linear
        return Parameters(float(parameters.intercept), linear, arrays)

    def loss_and_pull(self, model, parameters, loss):
        """Return the loss of all pairs and its gradient by the unknowns.

        The labels are where the pairs are, and `loss` is that of the objective there.
        """
        natural = self._natural(model, parameters)
        value, intercept, *arrays = self._parts.sum(loss_and_pull, model.rows, natural)
        linear = arrays.pop(0) if self.form.has_linear else None
        if self._bases is not None:
            arrays = [
                model.turned_back(array, self._bases[term.sides])
                for term, array in zip(self.form.terms, arrays, strict=True)
            ]
            linear = None if linear is None else self._bases[total].T @ linear
        return value, Parameters(intercept, linear, arrays)

    # ---------------------------------------------------- a sample, to choose a start

    def sample(self):
        """Return targets and weights of some pairs of all parts."""
        found = self._parts.each(sample, self._step)
        found = [answer for answer in found if answer is not None]
        return tuple(np.concatenate(column) for column in zip(*found, strict=True))

    def scores(self, model, parameters):
        """Return the log-odds of the pairs of :meth:`sample`."""
        natural = self._natural(model, parameters)
        found = self._parts.each(sample_scores, model.rows, natural, self._step)
        return np.concatenate([answer for answer in found if answer is not None])

    # -------------------------------------------------------------------- moments

    @property
    def _with_totals(self):
        return any(term.sides is not difference for term in self.form.terms)

    def label_moments(self, with_totals):
        """Return moments under the weights, the similar pairs as the first group.

        Parameters
        ----------
        with_totals : bool
            Whether those of a + b are asked for even if the form has none.
        """
        with_totals = with_totals or self._with_totals
        return self._summed(self._parts.sum(label_moments, with_totals), with_totals)

    def fisher_moments(self, model, parameters):
        """Return moments weighted with what pairs add to the information, one group."""
        natural = self._natural(model, parameters)
        found = self._parts.sum(fisher_moments, model.rows, natural, self._with_totals)
        return self._summed(found, self._with_totals)

    def _summed(self, found, with_totals):
        weights, *rest = found
        means = rest.pop(0) if with_totals else None
        squares = dict(zip((difference, total), rest, strict=False))
        return SummedMoments(self.form, self.n_features, weights, means, squares)
