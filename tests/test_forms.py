# SPDX-License-Identifier: BSD-3-Clause
"""Score families against loops over the polynomial, and their gradients."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import (
    NAIVE_FORMS,
    central_differences,
    naive_polynomial,
    naive_scores,
    quadratic_form,
)
from scipy import sparse

from sksymsim._cross import score_all_pairs
from sksymsim._forms import (
    FORMS,
    factor_pull,
    factor_scores,
    matrix_pull,
    matrix_scores,
    project,
    weighted_gram,
)
from sksymsim._score import FittedScore

N_PAIRS, N_FEATURES = 23, 5

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_metric_form = pytest.mark.parametrize(
    "form", [f for f in FORMS.values() if f.has_metric], ids=lambda form: form.name
)
every_sides = pytest.mark.parametrize(
    "sides",
    dict.fromkeys(term.sides for form in FORMS.values() for term in form.terms),
    ids=lambda sides: f"own={sides.own:g},cross={sides.cross:g}",
)
every_layout = pytest.mark.parametrize("layout", [np.asarray, sparse.csr_matrix])
every_sign = pytest.mark.parametrize("kind", ["positive", "mixed", "negative"])


@pytest.fixture
def tables(rng):
    """Two sides, half of them zeros so that CSR has something to leave out."""
    return rng.normal(size=(2, N_PAIRS, N_FEATURES)) * rng.integers(
        2, size=(2, N_PAIRS, N_FEATURES)
    )


def signs_of(kind, size):
    if kind == "mixed":
        return np.where(np.arange(size) % 2, 1.0, -1.0)
    return np.full(size, 1.0 if kind == "positive" else -1.0)


def symmetric(rng, size=N_FEATURES):
    matrix = rng.normal(size=(size, size))
    return matrix + matrix.T


def random_score(rng, form, kind="mixed", rank=4):
    """Return a score of a form with any numbers, of another rank for each term."""
    ranks = [rank + t for t in range(len(form.terms))]
    return FittedScore(
        form.name,
        float(rng.normal()),
        rng.normal(size=N_FEATURES) if form.has_linear else None,
        tuple(rng.normal(size=(r, N_FEATURES)) for r in ranks),
        tuple(signs_of(kind, r) for r in ranks),
    )


# ------------------------------------------------------------------ the registry


def test_every_form_has_a_naive_formula():
    assert set(FORMS) == set(NAIVE_FORMS)
    for name, form in FORMS.items():
        assert form.name == name
        assert form.has_linear == NAIVE_FORMS[name].has_linear


@every_metric_form
def test_a_form_with_a_metric_has_one_matrix_that_is_the_metric(form):
    assert [term.prior_sign for term in form.terms] == [1.0]


@every_sides
def test_sides_combine_as_their_coefficients_say(sides, rng, tables):
    matrix = symmetric(rng)
    for a, b in zip(*tables, strict=True):
        x, y = sides(a, b)
        expected = sides.own * (
            quadratic_form(a, matrix, a) + quadratic_form(b, matrix, b)
        ) + sides.cross * quadratic_form(a, matrix, b)
        assert quadratic_form(x, matrix, y) == pytest.approx(expected, rel=1e-12)


# -------------------------------------------------------------------- the scores


@every_sign
@every_form
def test_scores_equal_the_polynomial_of_the_form(form, kind, rng, tables):
    score = random_score(rng, form, kind)
    expected = naive_scores(
        form.name, *tables, score.intercept, score.linear, score.matrices
    )
    assert_allclose(score.from_sides(*tables), expected, rtol=1e-12, atol=1e-12)


@every_form
def test_polynomial_has_the_coefficients_of_the_definition(form, rng, tables):
    score = random_score(rng, form)
    k, c, own, cross = score.polynomial()
    naive = NAIVE_FORMS[form.name]
    assert k == score.intercept
    assert_array_equal(
        c, np.zeros(N_FEATURES) if score.linear is None else score.linear
    )
    assert_allclose(own, naive.own(score.matrices), rtol=1e-12, atol=1e-12)
    assert_allclose(cross, naive.cross(score.matrices), rtol=1e-12, atol=1e-12)
    assert_allclose(
        score.from_sides(*tables),
        naive_polynomial(*tables, k, c, own, cross),
        rtol=1e-12,
        atol=1e-12,
    )


@every_form
def test_changing_the_polynomial_leaves_the_score_alone(form, rng, tables):
    score = random_score(rng, form)
    before = score.from_sides(*tables)
    for part in score.polynomial()[1:]:
        part += 1.0
    assert_array_equal(score.from_sides(*tables), before)


@every_layout
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_sign
@every_form
def test_swapping_the_sides_changes_no_bit(form, kind, dtype, layout, rng, tables):
    score = random_score(rng, form, kind)
    left, right = (layout(table.astype(dtype)) for table in tables)
    scores = score.from_sides(left, right)
    assert scores.dtype == dtype
    assert_array_equal(scores, score.from_sides(right, left))
    left, right = score.project_items(left), score.project_items(right)
    scores = score.from_projections(left, right)
    assert scores.dtype == dtype
    assert_array_equal(scores, score.from_projections(right, left))


@every_sign
@every_form
def test_sides_projections_and_all_combinations_agree(form, kind, rng, tables):
    score = random_score(rng, form, kind)
    expected = score.from_sides(*tables)
    left, right = (score.project_items(table) for table in tables)
    # Not exact, and not relative to each score: (a-b)'M(a-b) out of a'Ma, b'Mb and
    # a'Mb loses what the three cancel.
    size = np.abs(expected).max()
    assert_allclose(
        score.from_projections(left, right), expected, rtol=0, atol=1e-13 * size
    )
    kernel = score.kernel(np.float64)
    center = rng.normal(size=kernel.width)
    outer, inner = np.empty((2, N_PAIRS, kernel.product_width))
    kernel.product_factors(left, center, outer=outer)
    kernel.product_factors(right, center, inner=inner)
    outer = outer @ inner.T
    assert outer.shape == (N_PAIRS, N_PAIRS)
    assert_allclose(np.diag(outer), expected, rtol=0, atol=1e-13 * size)
    assert_allclose(
        outer[2],
        score.from_sides(tables[0][[2] * N_PAIRS], tables[1]),
        rtol=0,
        atol=1e-13 * size,
    )


@every_form
def test_single_precision_scores_are_those_of_double_precision_rounded(
    form, rng, tables
):
    score = random_score(rng, form)
    exact = score.from_sides(*tables)
    narrow = score.from_sides(*tables.astype(np.float32))
    assert narrow.dtype == np.float32
    # Some tens of roundings of 6e-8 of the largest summand.
    assert_allclose(narrow, exact, rtol=0, atol=2e-6 * np.abs(exact).max())


@every_sign
@every_form
def test_csr_sides_score_like_dense_ones(form, kind, rng, tables):
    score = random_score(rng, form, kind)
    rows = [sparse.csr_matrix(table) for table in tables]
    expected = score.from_sides(*tables)
    found = score.from_sides(*rows)
    assert isinstance(found, np.ndarray)
    assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    projections = score.project_items(rows[0])
    assert isinstance(projections, np.ndarray)
    assert_allclose(projections, score.project_items(tables[0]), rtol=1e-13, atol=1e-13)


# ------------------------------------------------------- what the flags promise


@every_form
def test_reflexive_means_that_equal_sides_score_highest_and_all_the_same(
    form, rng, tables
):
    score = random_score(rng, form, "positive")
    items = tables[0]
    own = score.from_sides(items, items)
    if form.reflexive:
        assert_array_equal(own, np.full(N_PAIRS, score.intercept))
        assert (score.from_sides(*tables) <= score.intercept).all()
        assert (score_all_pairs(score, *tables) <= score.intercept).all()
    else:
        assert np.ptp(own) > 0.1


@every_sign
@every_form
def test_is_metric_only_with_one_semidefinite_matrix(form, kind, rng):
    score = random_score(rng, form, kind)
    assert score.is_metric == (form.has_metric and kind == "positive")


@every_metric_form
def test_negative_square_distance_forgets_form_and_intercept(form, rng, tables):
    score = random_score(rng, form, "positive")
    expected = naive_scores("mahalanobis", *tables, 0.0, None, score.matrices)
    assert_allclose(
        score.negative_square_distance().from_sides(*tables), expected, rtol=1e-12
    )


@every_form
def test_signs_and_factors_make_the_matrices(form, rng):
    score = random_score(rng, form)
    for matrix, factor, signs in zip(
        score.matrices, score.factors, score.signs, strict=True
    ):
        expected = sum(s * np.outer(v, v) for s, v in zip(signs, factor, strict=True))
        assert_allclose(matrix, expected, rtol=1e-12, atol=1e-12)


# ----------------------------------------------------------------- the gradients


@every_layout
@every_sides
def test_matrix_scores_and_pull_are_each_others_transpose(sides, layout, rng, tables):
    """sum_i r_i x_i'By_i is linear in B: its gradient is the pull at any B."""
    x, y = sides(*(layout(table) for table in tables))
    residuals, matrix = rng.normal(size=N_PAIRS), symmetric(rng)
    pull = matrix_pull(x, y, residuals)
    assert pull.dtype == np.float64
    assert_allclose(pull, pull.T, rtol=1e-13, atol=1e-13)
    scores = matrix_scores(x, y, matrix)
    dense = sides(*tables)
    expected = [quadratic_form(u, matrix, v) for u, v in zip(*dense, strict=True)]
    assert_allclose(scores, expected, rtol=1e-12, atol=1e-12)
    assert np.vdot(pull, matrix) == pytest.approx(residuals @ scores, rel=1e-11)

    def total(vector):
        half = vector.reshape(N_FEATURES, N_FEATURES)
        return residuals @ matrix_scores(x, y, (half + half.T) / 2)

    # Exact for a linear function, whatever the step.
    numeric = central_differences(total, matrix.ravel(), step=0.5)
    assert_allclose(pull.ravel(), numeric, rtol=1e-11, atol=1e-11)


@every_layout
@every_sign
@every_sides
def test_factor_pull_is_the_gradient_of_the_factor_scores(
    sides, kind, layout, rng, tables
):
    x, y = sides(*(layout(table) for table in tables))
    residuals = rng.normal(size=N_PAIRS)
    signs = signs_of(kind, 3)
    factor = rng.normal(size=(3, N_FEATURES))

    def total(vector):
        projected = project(x, y, vector.reshape(factor.shape))
        return residuals @ factor_scores(*projected, signs)

    pull = factor_pull(x, y, *project(x, y, factor), signs, residuals)
    assert pull.dtype == np.float64
    # Exact for a quadratic function, whatever the step.
    numeric = central_differences(total, factor.ravel(), step=0.5)
    assert_allclose(pull.ravel(), numeric, rtol=1e-11, atol=1e-11)


@every_layout
@every_sign
@every_sides
def test_factors_score_and_pull_like_their_matrix(sides, kind, layout, rng, tables):
    x, y = sides(*(layout(table) for table in tables))
    signs = signs_of(kind, 3)
    factor = rng.normal(size=(3, N_FEATURES))
    matrix = (factor.T * signs) @ factor
    projected = project(x, y, factor)
    assert_allclose(
        factor_scores(*projected, signs),
        matrix_scores(x, y, matrix),
        rtol=1e-12,
        atol=1e-12,
    )
    # The chain rule: dB = dV'SV + V'SdV.
    residuals = rng.normal(size=N_PAIRS)
    assert_allclose(
        factor_pull(x, y, *projected, signs, residuals),
        2 * signs[:, None] * (factor @ matrix_pull(x, y, residuals)),
        rtol=1e-12,
        atol=1e-12,
    )


@every_layout
def test_weighted_gram_is_the_weighted_sum_of_outer_products(layout, rng, tables):
    weights = rng.normal(size=N_PAIRS)
    expected = sum(w * np.outer(a, b) for w, a, b in zip(weights, *tables, strict=True))
    found = weighted_gram(*(layout(table) for table in tables), weights)
    assert isinstance(found, np.ndarray)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@every_layout
@every_sides
def test_pulls_of_single_precision_are_double_and_close(sides, layout, rng, tables):
    residuals = rng.normal(size=N_PAIRS)
    factor, signs = rng.normal(size=(3, N_FEATURES)), signs_of("mixed", 3)
    pulls = []
    for dtype in (np.float64, np.float32):
        x, y = sides(*(layout(table.astype(dtype)) for table in tables))
        projected = project(x, y, factor)
        assert projected[0].dtype == dtype
        pulls.append(
            [
                matrix_pull(x, y, residuals),
                factor_pull(x, y, *projected, signs, residuals),
            ]
        )
    for exact, narrow in zip(*pulls, strict=True):
        assert narrow.dtype == np.float64
        # A sum of 23 products, each rounded to 6e-8.
        assert_allclose(narrow, exact, rtol=0, atol=2e-6 * np.abs(exact).max())


@every_form
def test_scoring_and_pulling_write_into_no_input(form, rng, tables):
    score = random_score(rng, form)
    arrays = [*tables, *score.factors, *score.signs]
    for array in arrays:
        array.setflags(write=False)
    score.from_sides(*tables)
    left, right = (score.project_items(table) for table in tables)
    left.setflags(write=False)
    right.setflags(write=False)
    score.from_projections(left, right)
    score_all_pairs(score, *tables)
    for term, factor, signs in zip(form.terms, score.factors, score.signs, strict=True):
        x, y = term.sides(*tables)
        residuals = rng.normal(size=N_PAIRS)
        residuals.setflags(write=False)
        matrix_pull(x, y, residuals)
        factor_pull(x, y, *project(x, y, factor), signs, residuals)
