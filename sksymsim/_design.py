# SPDX-License-Identifier: BSD-3-Clause
"""The training pairs as the objective sees them: rescaled, combined, in blocks."""

from copy import copy

import numpy as np

from sksymsim._blocks import (
    RESIDENT_BYTES,
    Team,
    as_rows,
    even_slices,
    release_pages,
    working_dtype,
)
from sksymsim._forms import (
    both,
    difference,
    row_products,
    total,
    turned_spread,
    weighted_gram,
)
from sksymsim._models import Parameters
from sksymsim._validation.sizes import check_scale


class PairDesign:
    """Blocks of training pairs, divided by one number.

    Parameters
    ----------
    pairs : Pairs
    form : Form
        Its terms say how the two sides are combined.
    weights : ndarray of shape (n_pairs,)
        Non-negative, sum 1.
    team : Team, default=None
        The threads that share the blocks.
    scale : float, default=None
        What to divide by; None takes it from the pairs.
    similar : ndarray of bool of shape (n_pairs,), default=None
        The labels. Pairs that are kept prepared are then sorted by them, as residuals
        of one sign need one product only.

    Attributes
    ----------
    scale : float
        The root of the weighted mean squared difference, in the user's units. The
        sides are divided by it, so that one ``alpha`` means the same on any data.
    dtype : numpy.dtype
        float32 or float64: the type of the matrix products.
    span : Span or None
        What the features span, if they are fewer than those of the user.
    n_ambient : int
        The number of features of the user.
    n_rows : int
        The number of rows that are multiplied with matrices: pairs here.
    squared_gaps : ndarray of shape (n_pairs,) or None
        |a - b|^2 of each pair, in the order and the units of the design, if it was
        needed for the scale.
    """

    def __init__(self, pairs, form, weights, team=None, scale=None, similar=None):
        self.pairs = pairs
        self.form = form
        self.team = team or Team()
        self.dtype = working_dtype(*(table.dtype for table in pairs._tables))
        self.n_pairs, _, self.n_features = pairs.shape
        self.span, self.n_ambient = None, self.n_features
        self.n_rows = self.n_pairs
        row_bytes = self.n_features * self.dtype.itemsize
        self.slices = even_slices(self.n_pairs, row_bytes)
        self.combiners = list(dict.fromkeys(term.sides for term in form.terms))
        per_pair = sum(2 if sides is both else 1 for sides in self.combiners)
        needed = per_pair * self.n_pairs * row_bytes
        resident = not pairs.is_sparse and needed <= RESIDENT_BYTES
        self._order = None
        if resident and similar is not None:
            self._order = np.argsort(~similar, kind="stable")
        self.scale, self.squared_gaps = 1.0, None
        self.scale = scale or self._root_mean_square_difference(weights)
        check_scale(self.scale, self.dtype)
        # Bases that parameters have to be turned by, as the rows are not.
        self._bases = None
        self._resident = None
        if resident:
            self._resident = self.team.map(self._combine, self.slices)

    def _root_mean_square_difference(self, weights):
        gaps = np.empty(self.n_pairs)

        def square(rows):
            gap, _ = self._sides(difference, rows)
            gap = gap.astype(np.float64)
            gaps[rows] = row_products(gap, gap)

        self.team.map(square, self.slices)
        mean = float(self.arrange(weights) @ gaps)
        if mean > 0:
            self.squared_gaps = gaps / mean if np.isfinite(mean) else None
            return float(np.sqrt(mean))
        # Only identical sides: any size will do that keeps squares in range.
        largest = max(
            float(abs(side).max())
            for rows in self.slices
            for side in self.pairs.block(rows)
        )
        return largest if largest > 0 else 1.0

    # ------------------------------------------------------------------ the rows

    def arrange(self, values):
        """Return one value for each pair in the order of the design."""
        return values if self._order is None else values[self._order]

    def _sides(self, sides, rows, dtype=None):
        """Return the (x, y) of a combiner for a block, rescaled."""
        dtype = np.dtype(dtype or self.dtype)
        picked = rows if self._order is None else self._order[rows]
        left, right = (
            side.astype(dtype, copy=False) for side in self.pairs.block(picked)
        )
        x, y = sides(left, right)
        if x is left:
            x, y = self._rescaled(x), self._rescaled(y)
        else:
            # A sum or a difference is an array of its own.
            x *= dtype.type(1 / self.scale)
        release_pages(*self.pairs._tables)
        return x, y

    def _rescaled(self, x):
        return as_rows(x * x.dtype.type(1 / self.scale), x.dtype)

    def _combine(self, rows):
        """Return the (x, y) of each combiner for a block."""
        return {sides: self._sides(sides, rows) for sides in self.combiners}

    def _block(self, i):
        return (
            self._combine(self.slices[i])
            if self._resident is None
            else (self._resident[i])
        )

    def _sum(self, function, sum_bytes):
        """Sum function(rows, sides of the block) over the blocks."""
        numbers = {rows.start: i for i, rows in enumerate(self.slices)}
        return self.team.sum(
            lambda rows: function(rows, self._block(numbers[rows.start])),
            self.slices,
            sum_bytes,
        )

    def thinned(self, step):
        """Return the design of every so many pairs, divided by the same number."""
        every = slice(None, None, step)
        rows = every if self._order is None else self._order[every]
        return PairDesign(self.pairs[rows], self.form, None, self.team, self.scale)

    # ------------------------------------------------- scores and their gradients

    def turn(self, bases):
        """Return this design in other coordinates: rows x become U'x.

        Where the rows are prepared at each use, they stay as they are and the
        parameters are turned instead, which needs no pass over the pairs.

        Parameters
        ----------
        bases : dict
            Maps each combiner to an orthogonal U of shape (n_features, n_features).
        """
        other = copy(self)
        if self._resident is None:
            other._bases = bases
            return other
        narrow = {sides: u.astype(self.dtype) for sides, u in bases.items()}

        def turn_block(block):
            turned = {}
            for sides, (x, y) in block.items():
                z = x @ narrow[sides]
                turned[sides] = (z, z if y is x else y @ narrow[sides])
            return turned

        other._resident = self.team.map(turn_block, self._resident)
        return other

    def _operands(self, model, parameters):
        """Return what multiplies the rows, and the linear part, in their types."""
        arrays, linear = parameters.arrays, parameters.linear
        if self._bases is not None:
            if linear is not None:
                linear = self._bases[total] @ linear
            arrays = [
                model.turned(array, self._bases[term.sides])
                for term, array in zip(self.form.terms, arrays, strict=True)
            ]
        block = self._block(0)
        operands = [
            model.pair_operand(array, *block[term.sides])
            for term, array in zip(self.form.terms, arrays, strict=True)
        ]
        return operands, None if linear is None else linear.astype(self.dtype)

    def _block_scores(self, block, model, operands, linear, intercept):
        scores, memories = np.float64(intercept), []
        for t, term in enumerate(self.form.terms):
            part, memory = model.scores(*block[term.sides], operands[t], t)
            scores = scores + term.coefficient * part.astype(np.float64)
            memories.append(memory)
        if linear is not None:
            scores = scores + block[total][0] @ linear
        return scores, memories

    def _block_pull(self, block, model, memories, residuals):
        parts = [np.array([residuals.sum()])]
        if self.form.has_linear:
            x, _ = block[total]
            parts.append((x.T @ residuals.astype(x.dtype)).astype(np.float64))
        for t, term in enumerate(self.form.terms):
            parts.append(model.pull(*block[term.sides], memories[t], residuals, t))
        return parts

    def _gradient(self, parts, model):
        """Return summed parts as parameters, turned back where need be."""
        intercept, *arrays = parts
        linear = arrays.pop(0) if self.form.has_linear else None
        for term, array in zip(self.form.terms, arrays, strict=True):
            array *= term.coefficient
        if self._bases is not None:
            if linear is not None:
                linear = self._bases[total].T @ linear
            arrays = [
                model.turned_back(array, self._bases[term.sides])
                for term, array in zip(self.form.terms, arrays, strict=True)
            ]
        return Parameters(float(intercept[0]), linear, arrays)

    def scores(self, model, parameters):
        """Return the log-odds of all pairs."""
        result = np.empty(self.n_pairs)
        operands, linear = self._operands(model, parameters)

        def score(i):
            result[self.slices[i]] = self._block_scores(
                self._block(i), model, operands, linear, parameters.intercept
            )[0]

        self.team.map(score, range(len(self.slices)))
        return result

    def pull(self, model, parameters, residuals):
        """Return the gradient of sum_i r_i s_i, for unknowns that s is linear in."""

        def pull_block(rows, block):
            nothing = [None] * len(self.form.terms)
            return self._block_pull(block, model, nothing, residuals[rows])

        parts = self._sum(pull_block, parameters.flatten().nbytes)
        return self._gradient(parts, model)

    def loss_and_pull(self, model, parameters, loss):
        """Return a loss of the scores and its gradient, in one walk over the pairs.

        Parameters
        ----------
        model : MatrixModel or FactorModel
        parameters : Parameters
        loss : callable
            Maps (scores, rows) to the loss of these pairs and its derivative by each
            score.
        """
        operands, linear = self._operands(model, parameters)

        def walk(rows, block):
            scores, memories = self._block_scores(
                block, model, operands, linear, parameters.intercept
            )
            value, residuals = loss(scores, rows)
            return [value, *self._block_pull(block, model, memories, residuals)]

        value, *parts = self._sum(walk, parameters.flatten().nbytes)
        return value, self._gradient(parts, model)

    # -------------------------------------------------------------------- moments

    def moment(self, sides, weights, dtype=None):
        """Return the weighted sum of (x y' + y x') / 2 under any combiner.

        In float64 where a mean is to be taken out afterwards, which cancels. In the
        coordinates of the pairs, turned or not.
        """

        def gram(rows):
            x, y = self._sides(sides, rows, dtype)
            return [weighted_gram(x, y, weights[rows])]

        (result,) = self.team.sum(gram, self.slices, 8 * self.n_features**2)
        return (result + result.T) / 2

    def mean_total(self, weights):
        """Return the weighted sum of a + b, in the coordinates of the pairs."""

        def add_up(rows):
            x, _ = self._sides(total, rows, np.float64)
            return [np.asarray(x.T @ weights[rows]).ravel()]

        (result,) = self.team.sum(add_up, self.slices, 8 * self.n_features)
        return result

    def pooled_moment(self, weights, dtype=None):
        """Return the weighted mean of (a a' + b b') / 2."""
        parts = (self.moment(sides, weights, dtype) for sides in (total, difference))
        return sum(parts) / 4

    def spread(self, sides, weights):
        """Return what the scaling needs to know of each turned coordinate.

        Returns
        -------
        square, mean, product : ndarray of shape (n_features,)
            Weighted sums of (x_j^2 + y_j^2) / 2, of (x_j + y_j) / 2 and of x_j y_j,
            for a combiner of the form.
        """
        if self._bases is not None:
            return turned_spread(self, sides, self._bases[sides], weights)

        def add_up(rows, block):
            x, y = block[sides]
            w = weights[rows].astype(x.dtype)
            squares = [np.einsum("i,ij,ij->j", w, z, z) for z in (x, y)]
            product = np.einsum("i,ij,ij->j", w, x, y)
            parts = [(squares[0] + squares[1]) / 2, w @ (x + y) / 2, product]
            return [part.astype(np.float64) for part in parts]

        return self._sum(add_up, 24 * self.n_features)
