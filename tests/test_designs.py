# SPDX-License-Identifier: BSD-3-Clause
"""Two ways to hold the training pairs: both against plain formulas, and in whole fits.

Everything that a fit asks of a design is computed here from explicit rows of each
pair, so no design is taken on the word of another one.
"""

import gc
import mmap
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import (
    coefficients,
    explicit_features,
    flat,
    planted_pairs,
    root_mean_square_difference,
    smat,
)
from scipy import sparse
from scipy.special import expit

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._blocks import Team
from sksymsim._design import PairDesign
from sksymsim._forms import FORMS, both, difference, total
from sksymsim._graph import GraphDesign
from sksymsim._layout import make_design
from sksymsim._models import FactorModel, MatrixModel, Parameters
from sksymsim._objective import PairObjective

N_ITEMS, N_USED, N_FEATURES, N_PAIRS = 50, 45, 6, 400
# A place in which sums of float32 rows of a few hundred pairs may differ, relative to
# the largest of them.
ROUNDING = {np.float64: 1e-12, np.float32: 3e-6}

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_sides = pytest.mark.parametrize(
    "sides", [both, total, difference], ids=["both", "total", "difference"]
)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
every_model = pytest.mark.parametrize(
    "kind", ["matrices", "positive factors", "signed factors"]
)
every_layout = pytest.mark.parametrize(
    "layout", ["resident", "streamed", "csr", "graph", "graph of tiny tiles"]
)
turned_or_not = pytest.mark.parametrize("is_turned", [False, True])


@pytest.fixture
def build(monkeypatch):
    """A function that builds a design of one layout, of several blocks."""
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 2**12)

    def build(layout, pairs, form, weights):
        if layout == "streamed":
            monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
        if layout == "csr":
            pairs = Pairs.from_index(sparse.csr_matrix(pairs.items), pairs.index)
        if layout == "graph of tiny tiles":
            monkeypatch.setattr("sksymsim._graph.TILE_ROWS", 16)
            monkeypatch.setattr("sksymsim._graph.TILE_EDGES", 5)
            monkeypatch.setattr("sksymsim._graph.STRIP_BYTES", 300)
            monkeypatch.setattr("sksymsim._graph.GATHERED", 7)
        make = GraphDesign if layout.startswith("graph") else PairDesign
        design = make(pairs, form, weights)
        if layout == "graph of tiny tiles":
            edges = design._edges
            assert len(edges.rows) > 2
            assert edges.n_strips > 2
            # Less than one tile of each kind would leave the borders untested.
            assert len(edges._tiles) > len(edges.rows)
        else:
            assert len(design.slices) > 2 or layout == "graph"
        return design

    return build


def awkward_pairs(rng, dtype=np.float64):
    """Index pairs with all that a graph may hold, off the origin."""
    items = (rng.normal(size=(N_ITEMS, N_FEATURES)) + 1.5).astype(dtype)
    index = rng.integers(0, N_USED, (N_PAIRS, 2))  # the last items are never used
    index[:20, 1] = index[:20, 0]  # an item with itself
    index[20:40] = index[40:60]  # the same pair again
    index[60:80] = index[80:100, ::-1]  # and the other way round
    return Pairs.from_index(items, rng.permutation(index))


def rows_under(sides, left, right):
    """Return (x, y) of a combiner, by its name in the docs."""
    return {
        difference: (left - right, left - right),
        total: (left + right, left + right),
        both: (left, right),
    }[sides]


def random_bases(rng, design):
    return {
        sides: np.linalg.qr(rng.normal(size=(N_FEATURES, N_FEATURES)))[0]
        for sides in design.combiners
    }


def random_model(rng, form, kind, least_rank=3):
    """Return a model and random unknowns of it."""
    linear = rng.normal(size=N_FEATURES) if form.has_linear else None
    if kind == "matrices":
        arrays = [rng.normal(size=(N_FEATURES, N_FEATURES)) for _ in form.terms]
        parameters = Parameters(0.3, linear, [array + array.T for array in arrays])
        return MatrixModel(parameters), parameters
    ranks = range(least_rank, least_rank + len(form.terms))
    signs = [np.ones(rank) for rank in ranks]
    if kind == "signed factors":
        for sign in signs:
            sign[::2] = -1.0
    factors = [rng.normal(size=(rank, N_FEATURES)) for rank in ranks]
    parameters = Parameters(0.3, linear, factors)
    return FactorModel(parameters, signs, signs), parameters


class ExplicitPairs:
    """What a design is to answer, by explicit features of each pair.

    With rows U'x, a matrix B means UBU' for x, and a gradient G by that is U'GU by B.
    """

    def __init__(self, pairs, form, weights, bases=None):
        left, right = (np.asarray(side, float) for side in (pairs.left, pairs.right))
        self.scale = root_mean_square_difference(left, right, weights)
        self.left, self.right = left / self.scale, right / self.scale
        self.form = form
        self.features = explicit_features(form.name, self.left, self.right)
        eye = dict.fromkeys((both, total, difference), np.eye(N_FEATURES))
        self.bases = eye if bases is None else bases

    def matrices(self, model, parameters):
        """Return B of each term for rows as they are in the pairs."""
        result = []
        for t, (term, array) in enumerate(
            zip(self.form.terms, parameters.arrays, strict=True)
        ):
            if isinstance(model, FactorModel):
                array = array.T @ np.diag(model.signs[t]) @ array
            basis = self.bases[term.sides]
            result.append(basis @ array @ basis.T)
        return result

    def scores(self, model, parameters):
        linear = parameters.linear
        if linear is not None:
            linear = self.bases[total] @ linear
        matrices = self.matrices(model, parameters)
        beta = coefficients(parameters.intercept, linear, matrices)
        return self.features @ beta

    def pull(self, model, parameters, residuals):
        """Return the gradient of sum_i r_i s_i as one vector."""
        gradient = self.features.T @ residuals
        parts, position = [gradient[:1]], 1
        if self.form.has_linear:
            parts.append(self.bases[total].T @ gradient[1 : 1 + N_FEATURES])
            position += N_FEATURES
        size = N_FEATURES * (N_FEATURES + 1) // 2
        for t, term in enumerate(self.form.terms):
            basis = self.bases[term.sides]
            by_matrix = basis.T @ smat(gradient[position : position + size]) @ basis
            if isinstance(model, FactorModel):
                # The chain rule for B = V'SV.
                by_matrix = (
                    2 * np.diag(model.signs[t]) @ parameters.arrays[t] @ (by_matrix)
                )
            parts.append(by_matrix.ravel())
            position += size
        return np.concatenate(parts)


def make_case(build, layout, form, rng, dtype=np.float64, is_turned=False):
    """Return a design, what it is to answer, and its weights in both orders."""
    pairs = awkward_pairs(rng, dtype)
    weights = rng.random(N_PAIRS)
    weights /= weights.sum()
    natural = design = build(layout, pairs, form, weights)
    assert design.dtype == dtype
    bases = None
    if is_turned:
        bases = random_bases(rng, design)
        design = design.turn(bases)
    expected = ExplicitPairs(pairs, form, weights, bases)
    return SimpleNamespace(
        pairs=pairs,
        weights=weights,
        natural=natural,
        design=design,
        expected=expected,
        rounding=ROUNDING[dtype],
    )


def assert_close(found, expected, rounding):
    """Compare numbers that are sums of others: relative to the largest of them."""
    assert_allclose(found, expected, rtol=0, atol=rounding * np.abs(expected).max())


# ---------------------------------------------------------- scores and their gradients


@every_layout
@every_form
def test_the_scale_is_the_root_of_the_mean_squared_difference(form, layout, build, rng):
    case = make_case(build, layout, form, rng)
    assert case.design.scale == pytest.approx(case.expected.scale, rel=1e-13)


@turned_or_not
@every_dtype
@every_model
@every_layout
@every_form
def test_scores_loss_and_gradient_equal_those_of_explicit_features(
    form, layout, kind, dtype, is_turned, build, rng
):
    case = make_case(build, layout, form, rng, dtype, is_turned)
    model, parameters = random_model(rng, form, kind)
    targets = np.where(rng.random(N_PAIRS) < 0.5, 1.0, -1.0)
    scores = case.expected.scores(model, parameters)
    found = case.design.scores(model, parameters)
    assert found.dtype == np.float64
    assert_close(found, case.design.arrange(scores), case.rounding)
    # The unknowns are large: small margins, so that no loss is all but linear.
    size = np.abs(scores).max()
    value = case.weights @ np.logaddexp(0, -targets * scores / size)
    residuals = -case.weights * targets * expit(-targets * scores / size) / size
    arranged = case.design.arrange(np.column_stack([targets, case.weights]))

    def loss(scores, rows):
        t, w = arranged[rows].T
        margins = t * scores / size
        slope = -w * t * expit(-margins) / size
        return float(w @ np.logaddexp(0, -margins)), slope

    found, gradient = case.design.loss_and_pull(model, parameters, loss)
    assert found == pytest.approx(value, rel=case.rounding)
    assert gradient.flatten().dtype == np.float64
    expected = case.expected.pull(model, parameters, residuals)
    assert_close(gradient.flatten(), expected, case.rounding)


@turned_or_not
@pytest.mark.parametrize("least_rank", [1, 20])
@pytest.mark.parametrize("kind", ["positive factors", "signed factors"])
@pytest.mark.parametrize("layout", ["resident", "graph of tiny tiles"])
@every_form
def test_factors_of_any_rank_have_the_objective_of_explicit_features(
    form, layout, kind, least_rank, is_turned, build, rng
):
    """Many rows may be multiplied out to a matrix first, few are not."""
    case = make_case(build, layout, form, rng, is_turned=is_turned)
    model, parameters = random_model(rng, form, kind, least_rank)
    scores = case.expected.scores(model, parameters)
    targets = np.where(rng.random(N_PAIRS) < 0.5, 1.0, -1.0)
    arranged = case.design.arrange(np.column_stack([targets, case.weights]))
    objective = PairObjective(case.design, model, *arranged.T, 0.0, True)
    found = objective.scores(parameters)
    assert_close(found, case.design.arrange(scores), case.rounding)
    theta = parameters.flatten()
    value, gradient = objective.value_and_gradient(theta, parameters.like(theta))
    losses = np.logaddexp(0, -targets * scores)
    assert value == pytest.approx(case.weights @ losses, rel=1e-12)
    residuals = -case.weights * targets * expit(-targets * scores)
    expected = case.expected.pull(model, parameters, residuals)
    assert_close(gradient, expected, case.rounding)


@pytest.mark.parametrize("block_bytes", [2**4, 2**12, 2**22])
@pytest.mark.parametrize("n_pairs", [2, 3, 127, 128, 129, 513, 5000])
@pytest.mark.parametrize("make", [PairDesign, GraphDesign])
def test_blocks_of_a_design_cover_all_pairs_once(
    make, n_pairs, block_bytes, rng, monkeypatch
):
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", block_bytes)
    items = rng.normal(size=(5, 2))
    pairs = Pairs.from_index(items, rng.integers(0, 5, (n_pairs, 2)))
    design = make(pairs, FORMS["bilinear"], np.full(n_pairs, 1 / n_pairs))
    numbers = np.arange(n_pairs)
    covered = np.concatenate([numbers[rows] for rows in design.slices])
    assert_array_equal(covered, numbers)
    # A block of nothing would be a sum of nothing.
    assert all(rows.start < rows.stop for rows in design.slices)


@turned_or_not
@every_layout
@every_form
def test_pull_equals_that_of_explicit_features(form, layout, is_turned, build, rng):
    """For any residuals: those of a loss have the signs of the labels."""
    case = make_case(build, layout, form, rng, is_turned=is_turned)
    model, parameters = random_model(rng, form, "matrices")
    residuals = rng.normal(size=N_PAIRS)
    found = case.design.pull(model, parameters, case.design.arrange(residuals))
    expected = case.expected.pull(model, parameters, residuals)
    assert_close(found.flatten(), expected, case.rounding)
    for array in found.arrays:
        assert_close(array, array.T, case.rounding)


@every_model
@every_layout
@every_form
def test_turning_leaves_the_design_that_was_turned_alone(
    form, layout, kind, build, rng
):
    case = make_case(build, layout, form, rng)
    model, parameters = random_model(rng, form, kind)
    before = case.design.scores(model, parameters)
    case.design.turn(random_bases(rng, case.design))
    assert_array_equal(case.design.scores(model, parameters), before)


# -------------------------------------------------------------------------- moments


@turned_or_not
@every_sides
@every_layout
@every_form
def test_moments_are_those_of_the_rows_before_any_turn(
    form, layout, sides, is_turned, build, rng
):
    case = make_case(build, layout, form, rng, is_turned=is_turned)
    weights = rng.random(N_PAIRS)
    x, y = rows_under(sides, case.expected.left, case.expected.right)
    expected = np.einsum("i,ij,ik->jk", weights, x, y)
    found = case.design.moment(sides, case.design.arrange(weights))
    assert_close(found, (expected + expected.T) / 2, case.rounding)


@turned_or_not
@every_layout
@every_form
def test_mean_and_pooled_moment_are_those_of_the_items(
    form, layout, is_turned, build, rng
):
    case = make_case(build, layout, form, rng, is_turned=is_turned)
    weights = rng.random(N_PAIRS)
    arranged = case.design.arrange(weights)
    left, right = case.expected.left, case.expected.right
    mean = weights @ (left + right)
    assert_close(case.design.mean_total(arranged), mean, case.rounding)
    pooled = sum(np.einsum("i,ij,ik->jk", weights, x, x) for x in (left, right)) / 2
    assert_close(case.design.pooled_moment(arranged), pooled, case.rounding)


@every_layout
@every_form
def test_moments_of_single_precision_can_be_had_in_double(form, layout, build, rng):
    """Where a mean is taken out of them, float32 would not leave enough digits."""
    case = make_case(build, layout, form, rng, np.float32)
    arranged = case.design.arrange(case.weights)
    left, right = case.expected.left, case.expected.right
    for sides in (both, total, difference):
        x, y = rows_under(sides, left, right)
        expected = np.einsum("i,ij,ik->jk", case.weights, x, y)
        found = case.design.moment(sides, arranged, np.float64)
        # The scale of the design is the sum of float32 squares.
        factor = (case.design.scale / case.expected.scale) ** 2
        assert_close(factor * found, (expected + expected.T) / 2, 1e-12)
    found = case.design.pooled_moment(arranged, np.float64)
    pooled = sum(np.einsum("i,ij,ik->jk", case.weights, x, x) for x in (left, right))
    assert_close(factor * found, pooled / 2, 1e-12)


@every_layout
@every_form
def test_spread_is_that_of_the_turned_rows(form, layout, build, rng):
    case = make_case(build, layout, form, rng, is_turned=True)
    weights = rng.random(N_PAIRS)
    for sides in case.design.combiners:
        basis = case.expected.bases[sides]
        rows = rows_under(sides, case.expected.left, case.expected.right)
        x, y = (side @ basis for side in rows)
        square, mean, product = case.design.spread(sides, case.design.arrange(weights))
        assert_close(square, weights @ (x**2 + y**2) / 2, case.rounding)
        assert_close(product, weights @ (x * y), case.rounding)
        # Which side is the left one is arbitrary, so a difference has no mean.
        if sides is not difference:
            assert_close(mean, weights @ (x + y) / 2, case.rounding)


# ----------------------------------------------------------- order, parts, edge cases


@every_layout
def test_arrange_permutes_values_of_any_shape(layout, build, rng):
    case = make_case(build, layout, FORMS["quadratic"], rng)
    order = case.design.arrange(np.arange(N_PAIRS))
    assert_array_equal(np.sort(order), np.arange(N_PAIRS))
    values = rng.normal(size=(N_PAIRS, 2))
    assert_array_equal(case.design.arrange(values), values[order])
    if not layout.startswith("graph"):
        assert_array_equal(order, np.arange(N_PAIRS))


@pytest.mark.parametrize("step", [2, 3, 7])
@every_layout
@every_form
def test_thinned_keeps_every_so_many_pairs_and_the_scale(
    form, layout, step, build, rng
):
    """Values in the order of the design are thinned, and arranged, as its pairs are."""
    case = make_case(build, layout, form, rng)
    model, parameters = random_model(rng, form, "matrices")
    thinned = case.design.thinned(step)
    assert thinned.n_pairs == -(-N_PAIRS // step)
    assert thinned.scale == case.design.scale
    scores = case.design.scores(model, parameters)
    found = thinned.scores(model, parameters)
    assert_close(found, thinned.arrange(scores[::step]), 1e-12)
    residuals = np.zeros(N_PAIRS)
    residuals[::step] = rng.normal(size=thinned.n_pairs)
    pulled = thinned.pull(model, parameters, thinned.arrange(residuals[::step]))
    whole = case.design.pull(model, parameters, residuals)
    assert_close(pulled.flatten(), whole.flatten(), 1e-12)


@every_layout
@every_form
def test_the_order_and_the_sides_of_the_pairs_do_not_matter(form, layout, build, rng):
    case = make_case(build, layout, form, rng)
    model, parameters = random_model(rng, form, "signed factors")
    order = rng.permutation(N_PAIRS)
    index = case.pairs.index[order]
    flipped = rng.random(N_PAIRS) < 0.5
    index[flipped] = index[flipped, ::-1]
    pairs = Pairs.from_index(case.pairs.items, index)
    other = build(layout, pairs, form, case.weights[order])
    assert other.scale == pytest.approx(case.design.scale, rel=1e-13)
    expected, found = np.empty((2, N_PAIRS))
    expected[case.design.arrange(np.arange(N_PAIRS))] = case.design.scores(
        model, parameters
    )
    found[other.arrange(order)] = other.scores(model, parameters)
    assert_close(found, expected, 1e-12)


@pytest.mark.parametrize("make", [PairDesign, GraphDesign])
@pytest.mark.parametrize("size", [0.0, 1e-160, 1.0, 1e150])
def test_identical_sides_have_a_scale_that_keeps_squares_in_range(make, size, rng):
    items = size * rng.normal(size=(9, N_FEATURES))
    pairs = Pairs.from_index(items, np.repeat(np.arange(9), 2).reshape(9, 2))
    design = make(pairs, FORMS["bilinear"], np.full(9, 1 / 9))
    largest = np.abs(items).max()
    assert design.scale == (largest if size > 0 else 1.0)
    square, _, _ = design.spread(both, np.full(9, 1 / 9))
    assert_allclose(square, ((items / design.scale) ** 2).mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_what_all_items_share_costs_no_digits_of_differences(offset, build, rng):
    """A distance is a small difference of large numbers when items are far away."""
    pairs = awkward_pairs(rng)
    form, weights = FORMS["mahalanobis"], np.full(N_PAIRS, 1 / N_PAIRS)
    model, parameters = random_model(rng, form, "positive factors")
    # Powers of two, so that moving the items rounds none of them.
    items = np.round(pairs.items * 2**10) / 2**10
    scores = [
        build("graph", Pairs.from_index(x, pairs.index), form, weights).scores(
            model, parameters
        )
        for x in (items, items + offset)
    ]
    # Their mean is rounded to 1e-16 of the offset; nothing else may be.
    assert_close(scores[1], scores[0], 1e-15 * offset)


INDEX_TYPES = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64]


@pytest.mark.parametrize("index_type", INDEX_TYPES)
@pytest.mark.parametrize("make", [PairDesign, GraphDesign])
def test_row_numbers_of_any_integer_type_give_the_same_bits(make, index_type, rng):
    pairs = awkward_pairs(rng)
    form, weights = FORMS["quadratic"], np.full(N_PAIRS, 1 / N_PAIRS)
    model, parameters = random_model(rng, form, "signed factors")
    narrow = Pairs.from_index(pairs.items, pairs.index.astype(index_type))
    residuals = rng.normal(size=N_PAIRS)
    answers = []
    for given in (pairs, narrow):
        design = make(given, form, weights)
        pulled = design.loss_and_pull(
            model, parameters, lambda scores, rows: (0.0, residuals[rows])
        )[1]
        answers.append((design.scores(model, parameters), pulled.flatten()))
    assert_array_equal(answers[1][0], answers[0][0])
    assert_array_equal(answers[1][1], answers[0][1])


# ---------------------------------------------------------------- the choice of layout


def choose(pairs, form="mahalanobis"):
    weights = np.full(len(pairs), 1 / len(pairs))
    return make_design(pairs, FORMS[form], weights, Team())


def items_and_index(rng, n_items, n_pairs, n_features):
    items = rng.normal(size=(n_items, n_features))
    return items, rng.integers(0, n_items, (n_pairs, 2))


@every_form
def test_items_that_many_pairs_share_are_held_as_a_graph(form, rng):
    pairs = Pairs.from_index(*items_and_index(rng, 100, 3000, 64))
    design = choose(pairs, form.name)
    assert isinstance(design, GraphDesign)
    assert design.span is None
    assert design.n_ambient == design.n_features == 64


def test_items_that_hardly_any_pairs_share_are_held_as_rows(rng):
    items = rng.normal(size=(600, 64))
    pairs = Pairs.from_index(items, np.arange(600).reshape(300, 2))
    assert isinstance(choose(pairs), PairDesign)


def test_items_that_no_pair_uses_do_not_count(rng):
    """Otherwise a small selection out of a large table would be held as rows."""
    items, index = items_and_index(rng, 100, 3000, 64)
    table = np.vstack([items, rng.normal(size=(5000, 64))])
    design = choose(Pairs.from_index(table, index))
    assert isinstance(design, GraphDesign)
    assert design._edges.n_items <= 100


def test_narrow_items_are_held_as_rows(rng):
    """A gathered row costs more than the square of a few features."""
    assert isinstance(
        choose(Pairs.from_index(*items_and_index(rng, 100, 3000, 4))), PairDesign
    )


def test_sparse_items_stay_rows(rng):
    items, index = items_and_index(rng, 100, 3000, 64)
    items[np.abs(items) < 1] = 0.0
    design = choose(Pairs.from_index(sparse.csr_matrix(items), index))
    assert isinstance(design, PairDesign)


def test_repeated_rows_of_two_arrays_are_found_where_that_pays(rng, monkeypatch):
    monkeypatch.setattr("sksymsim._distinct.SAMPLE", 256)
    items, index = items_and_index(rng, 90, 3000, 96)
    left, right = items[index[:, 0]], items[index[:, 1]]
    # Rows that repeat within one side, and between the sides.
    found = choose(Pairs(left, right))
    assert isinstance(found, GraphDesign)
    assert found._edges.n_items <= 90
    expected = choose(Pairs.from_index(items, index))
    assert found.scale == pytest.approx(expected.scale, rel=1e-13)
    # One row more that is all its own each time: no longer worth it.
    right += 1e-9 * rng.normal(size=right.shape)
    left += 1e-9 * rng.normal(size=left.shape)
    assert isinstance(choose(Pairs(left, right)), PairDesign)


def test_two_short_arrays_are_not_looked_through(rng, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("hashed")

    monkeypatch.setattr("sksymsim._distinct.hash_rows", refuse)
    monkeypatch.setattr("sksymsim.pairs.distinct_rows", refuse)
    items, index = items_and_index(rng, 90, 2000, 96)
    design = choose(Pairs(items[index[:, 0]], items[index[:, 1]]))
    assert isinstance(design, PairDesign)


# -------------------------------------------------------------------------- whole fits


def forced(monkeypatch, layout):
    """Make every fit from now on hold its pairs in one way."""
    cost = 0.0 if layout == "graph" else 1e18
    monkeypatch.setattr("sksymsim._layout.graph_cost", lambda *sizes: cost)
    # If the graph costs nothing, looking for repeated rows is worth it as well.
    monkeypatch.setattr("sksymsim._layout.HASHING_GAIN", 1e-9)


@pytest.fixture
def designs(monkeypatch):
    """The designs that fits have made, in order."""
    made = []

    def remember(*arguments):
        made.append(make_design(*arguments))
        return made[-1]

    monkeypatch.setattr("sksymsim._matrix_fit.make_design", remember)
    return made


def shared_items(rng, dtype=np.float64):
    """Pairs of few items, whose noisy labels follow a metric."""
    left, right, _ = planted_pairs(rng, 40, 5)
    items = np.vstack([left, right]).astype(dtype)
    index = rng.integers(0, 80, (500, 2))
    index[:80, 0] = np.arange(80)
    gap = items[index[:, 0]] - items[index[:, 1]]
    scores = -(gap**2) @ np.array([1.0, 0.5, 0.2, 0.0, -0.3])
    similar = rng.random(500) < expit(scores - np.median(scores))
    return items, index, similar


def fit(pairs, y, sample_weight=None, **parameters):
    parameters = {"alpha": 1e-2, "tol": 1e-8, "max_iter": 2000, **parameters}
    return SymmetricPairClassifier(**parameters).fit(pairs, y, sample_weight)


def assert_same_model(found, expected, probe, atol=1e-6):
    assert found.objective_ == pytest.approx(expected.objective_, rel=1e-9)
    for value, other in zip(
        found.get_polynomial(), expected.get_polynomial(), strict=True
    ):
        assert_allclose(value, other, rtol=0, atol=atol)
    assert_allclose(
        found.decision_function(probe),
        expected.decision_function(probe),
        rtol=0,
        atol=atol,
    )


@pytest.mark.parametrize("prior", ["identity", "covariance", "kissme"])
@pytest.mark.parametrize(
    ("psd", "n_components"), [(True, None), (False, None), (True, 2)]
)
@every_form
def test_both_layouts_fit_the_same_model(
    form, psd, n_components, prior, rng, monkeypatch, designs
):
    items, index, y = shared_items(rng)
    pairs = Pairs.from_index(items, index)
    # Weights that grow along the pairs: the designs hold them in another order.
    weights = np.linspace(1, 2, len(y))
    options = {"psd": psd, "n_components": n_components, "prior": prior}
    models = []
    for layout in ("rows", "graph"):
        forced(monkeypatch, layout)
        models.append(fit(pairs, y, weights, form=form.name, **options))
    assert [type(design) for design in designs] == [PairDesign, GraphDesign]
    assert_same_model(*models, pairs)


@every_form
def test_both_layouts_of_two_arrays_fit_the_same_model(form, rng, monkeypatch, designs):
    items, index, y = shared_items(rng)
    pairs = Pairs(items[index[:, 0]], items[index[:, 1]])
    models = []
    for layout in ("rows", "graph"):
        forced(monkeypatch, layout)
        models.append(fit(pairs, y, form=form.name, prior="covariance"))
    assert [type(design) for design in designs] == [PairDesign, GraphDesign]
    assert designs[1]._edges.n_items == len(items)
    assert_same_model(*models, pairs)


@pytest.mark.parametrize("layout", ["rows", "graph"])
@every_form
def test_streamed_or_resident_pairs_fit_the_same_model(form, layout, rng, monkeypatch):
    forced(monkeypatch, layout)
    items, index, y = shared_items(rng)
    pairs = Pairs.from_index(items, index)
    models = [fit(pairs, y, form=form.name)]
    monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 2**12)
    models.append(fit(pairs, y, form=form.name))
    assert_same_model(*models, pairs)


# ------------------------------------------------------------------------- memory maps


def mapped(path, table, mode):
    np.asarray(table).tofile(path)
    return np.memmap(path, dtype=table.dtype, mode=mode, shape=table.shape)


@pytest.mark.parametrize("budget", [0, 2**29], ids=["streamed", "resident"])
@pytest.mark.parametrize("layout", ["rows", "graph"])
@pytest.mark.parametrize("given", ["index", "two arrays"])
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_a_memory_map_is_fitted_as_an_array_and_left_as_it_is(
    mode, given, layout, budget, rng, monkeypatch, tmp_path, designs
):
    """The pages that were read are let go of, and must come back as they were."""
    forced(monkeypatch, layout)
    monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", budget)
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 2**12)
    items, index, y = shared_items(rng)
    tables = [items] if given == "index" else [items[index[:, 0]], items[index[:, 1]]]
    maps = [mapped(tmp_path / str(i), table, mode) for i, table in enumerate(tables)]
    if mode != "r":
        for table, on_disk in zip(tables, maps, strict=True):
            table[::3] += 0.5
            on_disk[::3] += 0.5
    in_files = [(tmp_path / str(i)).read_bytes() for i in range(len(maps))]

    def as_pairs(tables):
        if given == "index":
            return Pairs.from_index(*tables, index)
        return Pairs(*tables)

    options = {"prior": "covariance", "tol": 1e-3}
    expected = fit(as_pairs(tables), y, **options)
    found = fit(as_pairs(maps), y, **options)
    kind = GraphDesign if layout == "graph" else PairDesign
    assert [type(design) for design in designs] == [kind, kind]
    assert_array_equal(found.components_, expected.components_)
    assert found.intercept_ == expected.intercept_
    for i, (table, on_disk) in enumerate(zip(tables, maps, strict=True)):
        assert_array_equal(on_disk, table)
        # What was changed in a copy-on-write map is nowhere else.
        assert (tmp_path / str(i)).read_bytes() == in_files[i]
        assert (in_files[i] == table.tobytes()) == (mode != "c")


@pytest.mark.parametrize("view", ["slice", "plain", "transposed", "buffer"])
def test_changes_of_a_copy_on_write_map_survive_through_any_view(
    view, rng, monkeypatch, tmp_path
):
    """Letting go of its pages would bring back the file's values."""
    forced(monkeypatch, "rows")
    monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
    items, index, y = shared_items(rng)
    sides = np.stack([items[index[:, 0]], items[index[:, 1]]])
    if view == "buffer":
        sides.tofile(tmp_path / "sides")
        with open(tmp_path / "sides", "rb") as file:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        table = np.ndarray(sides.shape, sides.dtype, buffer=pages)
    elif view == "transposed":
        table = mapped(tmp_path / "sides", sides.T, "c").T
    else:
        table = mapped(tmp_path / "sides", sides, "c")
        table = np.asarray(table) if view == "plain" else table[:, :, :]
    table += 1.0
    fit(Pairs(*table), y, tol=1e-3)
    assert_array_equal(table, sides + 1.0)


@every_form
def test_streaming_never_holds_anything_of_the_size_of_the_pairs(
    form, rng, monkeypatch, tmp_path
):
    """Each further pair costs some numbers, and not its rows.

    Copies of a table are counted, the pages of a map are not.
    """
    monkeypatch.setattr("sksymsim._design.RESIDENT_BYTES", 0)
    monkeypatch.setattr("sksymsim._blocks.BLOCK_BYTES", 2**16)
    sizes, n_features, peaks = (1050, 2100), 64, []
    for n_pairs in sizes:
        table = rng.normal(size=(2, n_pairs, n_features))
        y = np.sum((table[0] - table[1])[:, :5] ** 2, axis=1) < 9
        flipped = rng.random(n_pairs) < 0.2
        pairs = Pairs(*mapped(tmp_path / str(n_pairs), table, "r"))
        del table
        gc.collect()
        tracemalloc.start()
        try:
            fit(
                pairs,
                y ^ flipped,
                form=form.name,
                prior="covariance",
                n_components=2,
                alpha=0.1,
                tol=0.3,
            )
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    per_pair = (peaks[1] - peaks[0]) / (sizes[1] - sizes[0])
    # One side of a pair, in double precision.
    assert per_pair < 8 * n_features


def test_flat_order_of_the_oracles_is_that_of_the_parameters(rng):
    """The comparisons above rest on it."""
    linear, arrays = rng.normal(size=3), [rng.normal(size=(3, 3)) for _ in range(2)]
    found = Parameters(1.0, linear, arrays).flatten()
    assert_array_equal(found[1:], flat(linear, arrays))
