# SPDX-License-Identifier: BSD-3-Clause
"""Training pairs as edges of a graph of items: no pair is ever expanded.

With items X, edges (i, j) and residuals r, all that a form needs is

- scores: own * (u_i + u_j) + cross * z_i'y_j, with z = XB, y = X and u_i = z_i'y_i;
- gradients: X' L X with L = own * diag(degrees) + cross * (S + S') / 2, S the sparse
  matrix of the residuals. For differences, L is the Laplacian of the graph.

So matrix products are over items, and an edge costs n_features, not its square.
"""

from copy import copy

import numpy as np
from scipy import sparse

from sksymsim._blocks import Team, block_slices, working_dtype
from sksymsim._forms import both, difference, row_products, total
from sksymsim._models import Parameters
from sksymsim._validation.sizes import check_scale

# Edges are sorted by tiles of items, so that the rows that one tile touches stay in
# the cache: rows of the right items of one tile, and about so many edges at least.
STRIP_BYTES = 6 * 2**20
TILE_EDGES = 2000
# Rows of left items of one tile.
TILE_ROWS = 1024
# Edges whose rows are gathered at a time: fewer stay in a smaller cache, but threads
# hand over to each other too often.
GATHERED = 1024


class _Edges:
    """The edges, sorted by tiles, as sparse matrices over the same residuals.

    Parameters
    ----------
    index : ndarray of shape (n_pairs, 2)
    n_items : int
    row_bytes : int
        The size of one row of items.
    """

    def __init__(self, index, n_items, row_bytes):
        # A pair is the same in either order; one order makes the tiles fewer.
        index = index.astype(np.int64, copy=False)
        self.left = np.minimum(index[:, 0], index[:, 1])
        self.right = np.maximum(index[:, 0], index[:, 1])
        self.n_items = n_items
        self.rows = [
            slice(i, min(i + TILE_ROWS, n_items)) for i in range(0, n_items, TILE_ROWS)
        ]
        wanted = len(index) // (TILE_EDGES * len(self.rows))
        finest = -(-n_items * row_bytes // STRIP_BYTES)
        n_strips = int(np.clip(wanted, 1, finest))
        self.width = -(-n_items // n_strips)
        self.n_strips = -(-n_items // self.width)
        tile, self.order = self._sorted(self.left, self.right)
        self.left = np.ascontiguousarray(self.left[self.order])
        self.right = np.ascontiguousarray(self.right[self.order])
        self.ends = self._tile_ends(tile)
        self._tiles = self._cut(self.left, self.right)
        self._mirrored = None

    def _sorted(self, left, right):
        """Return the sorted tiles of edges, and the order that sorts them."""
        tile = left // TILE_ROWS * self.n_strips + right // self.width
        # By tile, then by left item. To put columns into rows is a counting sort.
        key = tile * TILE_ROWS + left % TILE_ROWS
        shape = len(self.rows) * self.n_strips * TILE_ROWS, len(key)
        cells = np.ones(len(key), dtype=np.int8), (key, np.arange(len(key)))
        order = sparse.csr_matrix(cells, shape=shape).indices
        return tile[order], order

    def _tile_ends(self, tile):
        return np.searchsorted(tile, np.arange(len(self.rows) * self.n_strips + 1))

    def _cut(self, left, right):
        """Return for each tile its edges, and where they lie in it."""
        tiles = []
        for k in range(len(self.rows) * self.n_strips):
            edges = slice(int(self.ends[k]), int(self.ends[k + 1]))
            if edges.start == edges.stop:
                continue
            rows = self.rows[k // self.n_strips]
            strip = k % self.n_strips * self.width
            counts = np.bincount(left[edges] - rows.start, minlength=TILE_ROWS)
            ends = np.concatenate([[0], np.cumsum(counts[: rows.stop - rows.start])])
            columns = (right[edges] - strip).astype(np.int32)
            shape = rows.stop - rows.start, min(self.width, self.n_items - strip)
            # What a cell holds is written into a copy, for each product.
            cells = np.zeros(len(columns), dtype=np.int8)
            pattern = sparse.csr_matrix(
                (cells, columns, ends.astype(np.int32)), shape=shape
            )
            tiles.append((k // self.n_strips, strip, edges, pattern))
        return tiles

    def tiles_of(self):
        """Return a list of tiles for each block of rows."""
        result = [[] for _ in self.rows]
        for block, *tile in self._tiles:
            result[block].append(tile)
        return result

    def couple(self, block_tiles, n_rows, values, x):
        """Return S[rows] @ x for one block of rows, given its tiles."""
        result = np.zeros((n_rows, x.shape[1]), dtype=x.dtype)
        for strip, edges, pattern in block_tiles:
            part = x[strip : strip + self.width]
            matrix = copy(pattern)
            matrix.data = values[edges]
            result += matrix @ part
        return result

    def mirrored(self):
        """Return the same edges seen from the other end, and where each came from."""
        if self._mirrored is None:
            other = copy(self)
            tile, order = self._sorted(self.right, self.left)
            other.left, other.right = self.right[order], self.left[order]
            other.ends = self._tile_ends(tile)
            other._tiles = other._cut(other.left, other.right)
            self._mirrored = other, order
        return self._mirrored


class GraphDesign:
    """Training pairs that share items, divided by one number.

    Answers the same questions as ``PairDesign``.

    Parameters
    ----------
    pairs : Pairs
        Dense index pairs.
    form : Form
    weights : ndarray of shape (n_pairs,)
        Non-negative, sum 1.
    team : Team, default=None
    scale : float, default=None
        What to divide by; None takes it from the pairs.
    similar : ndarray of bool of shape (n_pairs,), default=None
        Not used: a product over items sees both labels at once.
    """

    def __init__(self, pairs, form, weights, team=None, scale=None, similar=None):
        self.form = form
        self.team = team or Team()
        self._pairs = pairs
        items, index = pairs.items, pairs.index
        self.dtype = working_dtype(items.dtype)
        self.n_pairs, _, self.n_features = pairs.shape
        self.span, self.n_ambient = None, self.n_features
        self.n_rows = pairs.items.shape[0]
        self.combiners = list(dict.fromkeys(term.sides for term in form.terms))
        row_bytes = self.n_features * self.dtype.itemsize
        self._edges = _Edges(index, len(items), row_bytes)
        self._tiles = self._edges.tiles_of()
        self.slices = block_slices(self.n_pairs, 8 * 64)
        self._items = items
        # What all items have in common cancels in a difference, and would only cost
        # digits there.
        self._center = np.asarray(items.mean(axis=0, dtype=np.float64))
        self.squared_gaps = None
        self.scale = scale or self._root_mean_square_difference(weights)
        check_scale(self.scale, self.dtype)
        # The rows of each combiner.
        self._rows = {sides: self._natural_rows(sides) for sides in self.combiners}

    def _natural_rows(self, sides, dtype=None):
        dtype = np.dtype(dtype or self.dtype)
        rows = np.array(self._items, dtype=dtype, order="C")
        if sides is difference:
            rows -= self._center.astype(dtype)
        rows *= dtype.type(1 / self.scale)
        return rows

    def _root_mean_square_difference(self, weights):
        largest = float(np.abs(self._items).max())
        unit = self.scale = largest if largest > 0 else 1.0
        check_scale(unit, self.dtype)
        rows = self._natural_rows(difference)
        gaps = self._gather(rows, rows, _squared_gaps)
        mean = float(self.arrange(weights) @ gaps)
        if not mean > 0:
            return unit
        self.squared_gaps = gaps / mean
        return float(np.sqrt(mean)) * unit

    def thinned(self, step):
        """Return the design of every so many pairs, divided by the same number."""
        index = self._pairs.index[self._edges.order[::step]]
        pairs = self._pairs.from_index(self._items, index)
        return GraphDesign(pairs, self.form, None, self.team, self.scale)

    # ------------------------------------------------------------------ the rows

    def arrange(self, values):
        """Return one value for each pair in the order of the design."""
        return values[self._edges.order]

    def turn(self, bases):
        """Return this design in other coordinates: rows x become U'x."""
        other = copy(self)
        other._rows = {
            sides: self.team.product(rows, bases[sides].astype(self.dtype))
            for sides, rows in self._rows.items()
        }
        return other

    # ------------------------------------------------- scores and their gradients

    def scores(self, model, parameters):
        """Return the log-odds of all pairs."""
        result = np.full(self.n_pairs, float(parameters.intercept))
        for t, (term, array) in enumerate(
            zip(self.form.terms, parameters.arrays, strict=True)
        ):
            x = self._rows[term.sides]
            product = self.team.product(x, model.item_operand(array, x.dtype))
            z, y = model.item_sides(x, product, t)
            cross = self._gather(z, y, row_products)
            result += (term.coefficient * term.sides.cross) * cross
            if term.sides.own:
                own = row_products(z, y).astype(np.float64)
                own *= term.coefficient * term.sides.own
                result += own[self._edges.left]
                result += own[self._edges.right]
        if parameters.linear is not None:
            part = self._rows[total] @ parameters.linear.astype(self.dtype)
            result += part[self._edges.left].astype(np.float64)
            result += part[self._edges.right]
        return result

    def _gather(self, left, right, function):
        """Return function(rows of the left items, rows of the right items)."""
        result = np.empty(self.n_pairs)

        def fill(rows):
            buffers = np.empty((2, GATHERED, left.shape[1]), dtype=left.dtype)
            for start in range(rows.start, rows.stop, GATHERED):
                part = slice(start, min(start + GATHERED, rows.stop))
                size = part.stop - start
                a, b = buffers[:, :size]
                np.take(left, self._edges.left[part], 0, out=a, mode="clip")
                np.take(right, self._edges.right[part], 0, out=b, mode="clip")
                result[part] = function(a, b)

        self.team.map(fill, self.slices)
        return result

    def _degrees(self, residuals):
        edges = self._edges
        degrees = np.bincount(edges.left, residuals, edges.n_items)
        return degrees + np.bincount(edges.right, residuals, edges.n_items)

    def pull(self, model, parameters, residuals):
        """Return the gradient of sum_i r_i s_i by the unknowns."""
        degrees = self._degrees(residuals)
        linear = None
        if self.form.has_linear:
            x = self._rows[total]
            linear = (degrees.astype(x.dtype) @ x).astype(np.float64)
        arrays = []
        for t, (term, array) in enumerate(
            zip(self.form.terms, parameters.arrays, strict=True)
        ):
            pulled = self._term_pull(
                self._rows[term.sides], term.sides, residuals, degrees, model, array, t
            )
            arrays.append(term.coefficient * pulled)
        return Parameters(float(residuals.sum()), linear, arrays)

    def _term_pull(self, x, sides, residuals, degrees, model, array, t):
        """Return the gradient of sum_i r_i x_i'By_i under a combiner."""
        rows = model.pulled_rows(x, self.team.product, array)
        weights = degrees.astype(x.dtype)[:, None]
        values = (sides.cross * residuals).astype(x.dtype)
        if model.needs_both_directions:
            values /= 2
            mirrored, order = self._edges.mirrored()
            other_tiles, other_values = mirrored.tiles_of(), values[order]

        def pull(k):
            (k,) = range(k.start, k.stop)
            block = self._edges.rows[k]
            size = block.stop - block.start
            coupled = self._edges.couple(self._tiles[k], size, values, rows)
            if model.needs_both_directions:
                coupled += mirrored.couple(other_tiles[k], size, other_values, rows)
            if sides.own:
                coupled += x.dtype.type(sides.own) * weights[block] * rows[block]
            return [model.item_pull(x[block], coupled, t)]

        tasks = [slice(k, k + 1) for k in range(len(self._edges.rows))]
        (gradient,) = self.team.sum(pull, tasks, array.nbytes)
        return gradient

    def loss_and_pull(self, model, parameters, loss):
        """Return a loss of the scores and its gradient."""
        scores = self.scores(model, parameters)
        residuals = np.empty(self.n_pairs)

        def evaluate(rows):
            value, residuals[rows] = loss(scores[rows], rows)
            return [value]

        (value,) = self.team.sum(evaluate, self.slices)
        return value, self.pull(model, parameters, residuals)

    # -------------------------------------------------------------------- moments

    def _coupled_gram(self, sides, weights, dtype=None):
        """Return the weighted sum of (x y' + y x') / 2, of the natural rows."""
        x = self._natural_rows(sides, dtype)
        return self._term_pull(
            x, sides, weights, self._degrees(weights), _Grams(), np.empty(0), 0
        )

    def moment(self, sides, weights, dtype=None):
        """Return the weighted sum of (x y' + y x') / 2 under any combiner.

        In the coordinates of the pairs, turned or not.
        """
        return self._coupled_gram(sides, weights, dtype)

    def mean_total(self, weights):
        """Return the weighted sum of a + b, in the coordinates of the pairs."""
        return self._degrees(weights) @ self._natural_rows(total, np.float64)

    def pooled_moment(self, weights, dtype=None):
        """Return the weighted mean of (a a' + b b') / 2."""
        rows = self._natural_rows(both, dtype)
        degrees = self._degrees(weights).astype(rows.dtype)[:, None]
        return ((rows * degrees).T @ rows).astype(np.float64) / 2

    def spread(self, sides, weights):
        """Return what the scaling needs to know of each turned coordinate."""
        x = self._rows[sides]
        degrees = self._degrees(weights)
        square = degrees @ (x.astype(np.float64) ** 2) / 2
        mean = degrees @ x / 2
        values = weights.astype(x.dtype)

        def products(k):
            (k,) = range(k.start, k.stop)
            block = self._edges.rows[k]
            size = block.stop - block.start
            coupled = self._edges.couple(self._tiles[k], size, values, x)
            return [np.einsum("ij,ij->j", coupled, x[block]).astype(np.float64)]

        tasks = [slice(k, k + 1) for k in range(len(self._edges.rows))]
        (cross,) = self.team.sum(products, tasks, 8 * self.n_features)
        if sides is both:
            return square, mean, cross
        product = 2 * sides.own * square + sides.cross * cross
        return product.copy(), 2 * mean, product


def _squared_gaps(left, right):
    """Return the squared differences of rows; the left ones are overwritten."""
    left -= right
    return row_products(left, left)


class _Grams:
    """A stand-in for a model whose pull is the weighted Gram matrix itself."""

    needs_both_directions = False

    def pulled_rows(self, x, multiply, array):
        return x

    def item_pull(self, x, coupled, term):
        outer = (x.T @ coupled).astype(np.float64, copy=False)
        return (outer + outer.T) / 2
