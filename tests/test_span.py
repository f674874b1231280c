# SPDX-License-Identifier: BSD-3-Clause
"""Fewer pairs than features: the fit in their span is the fit in all features."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import planted_pairs
from scipy import sparse

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._blocks import Team
from sksymsim._forms import FORMS
from sksymsim._layout import make_design
from sksymsim._priors import PRIORS
from sksymsim._span import Span, find_span, project_pairs

N_PAIRS, N_FEATURES = 15, 45

every_form = pytest.mark.parametrize("form", FORMS)
every_prior = pytest.mark.parametrize("prior", PRIORS)
# "quadratic" has no metric.
metric_or_not = pytest.mark.parametrize(
    ("form", "psd"),
    [
        (form, psd)
        for form in FORMS
        for psd in (True, False)[: 1 + FORMS[form].has_metric]
    ],
)


@pytest.fixture
def data(rng):
    """Both sides of 15 pairs of 45 features, each with both labels, and weights.

    Labels that followed the identity would leave nothing to learn but its scale. And
    with one label each, so few pairs are told apart by a prior that has seen the
    labels, whatever `alpha` is: there would be no optimum to compare.
    """
    left, right = rng.normal(size=(2, N_PAIRS, N_FEATURES)) + 0.2
    left, right = np.vstack([left, left]), np.vstack([right, right])
    rate = rng.permutation(np.where(np.arange(N_PAIRS) % 2, 0.2, 0.8))
    y = np.repeat([0, 1], N_PAIRS)
    return left, right, y, np.concatenate([1 - rate, rate])


@pytest.fixture
def probe(rng):
    """Pairs that leave the span of the training pairs."""
    return tuple(rng.normal(size=(2, 30, N_FEATURES)))


@pytest.fixture
def spans(monkeypatch):
    """The spans that fits have used, in order; None for all features."""
    found = []

    def remember(*arguments):
        design = make_design(*arguments)
        found.append(design.span)
        return design

    monkeypatch.setattr("sksymsim._matrix_fit.make_design", remember)
    return found


@pytest.fixture
def fit_both_ways(monkeypatch, spans):
    """A function that fits in the span and in all features."""

    # With few components, what they keep of the prior depends on where they begin.
    monkeypatch.setattr("sksymsim._fitting.ROUGH_TOL", 0.0)

    def fit(pairs, y, sample_weight=None, **parameters):
        models = []
        for few_rows in (0.7, 0.0):
            monkeypatch.setattr("sksymsim._span.FEW_ROWS", few_rows)
            model = SymmetricPairClassifier(
                **{"alpha": 0.1, "tol": 1e-8, "max_iter": 3000, **parameters}
            )
            models.append(model.fit(pairs, y, sample_weight))
        inside, outside = spans[-2:]
        assert inside is not None
        assert outside is None
        return models

    return fit


def assert_same_model(inside, whole, probe, rel=1e-9):
    """Values within 1e-9 are those of scores within the root of that, about."""
    assert inside.objective_ == pytest.approx(whole.objective_, rel=rel)
    expected = whole.decision_function(probe)
    atol = 3e-5 * max(1.0, np.abs(expected).max())
    assert_allclose(inside.decision_function(probe), expected, rtol=0, atol=atol)
    for found, other in zip(
        inside.get_polynomial(), whole.get_polynomial(), strict=True
    ):
        assert_allclose(found, other, rtol=0, atol=atol)
    if hasattr(whole, "get_mahalanobis_matrix"):
        expected = whole.get_mahalanobis_matrix()
        assert_allclose(inside.get_mahalanobis_matrix(), expected, rtol=0, atol=atol)


def assert_factor_in_order(model):
    """Rows of Q are orthogonal, and the longest come first."""
    gram = model.components_ @ model.components_.T
    squares = gram.diagonal()
    assert (squares > 0).all()
    assert (np.diff(squares) <= 1e-12 * squares[0]).all()
    assert_allclose(gram, np.diag(squares), rtol=0, atol=1e-10 * squares[0])


# --------------------------------------------------------------------- the same model


@pytest.mark.parametrize(
    ("prior", "n_components"),
    [("identity", None), ("identity", 5), ("covariance", 5), ("kissme", None)],
)
@metric_or_not
def test_fit_in_the_span_equals_fit_in_all_features(
    form, prior, psd, n_components, data, probe, fit_both_ways
):
    left, right, y, weights = data
    models = fit_both_ways(
        (left, right),
        y,
        weights,
        form=form,
        prior=prior,
        psd=psd,
        n_components=n_components,
    )
    # What few components keep of a prior are eigenvectors at the start, and of those
    # some have all but the same eigenvalue: an error of 1e-9 there is 1e-8 here.
    rel = 1e-9 if n_components is None else 1e-7
    assert_same_model(*models, probe, rel)
    # Something was learned, so that the comparison means something.
    assert models[0].objective_ < np.log(2) - 1e-3
    if psd and FORMS[form].has_metric:
        assert_factor_in_order(models[0])


@metric_or_not
def test_weights_and_no_intercept_change_nothing_about_that(
    form, psd, data, probe, fit_both_ways, rng
):
    left, right, y, weights = data
    weights = weights * rng.integers(1, 5, len(y))
    models = fit_both_ways(
        (left, right), y, weights, form=form, psd=psd, fit_intercept=False
    )
    assert_same_model(*models, probe)


@every_prior
@every_form
def test_alpha_so_large_that_only_the_prior_is_left(
    form, prior, data, probe, fit_both_ways
):
    """Outside of the span, the solution is the multiple of the prior inside."""
    left, right, y, weights = data
    models = fit_both_ways(
        (left, right), y, weights, form=form, prior=prior, psd=False, alpha=1e3
    )
    assert_same_model(*models, probe)


def test_outside_of_the_span_the_metric_is_a_multiple_of_the_identity(
    data, fit_both_ways, spans
):
    """For pairs of one kind of difference the span is that of the differences."""
    left, right, y, weights = data
    inside, whole = fit_both_ways((left, right), y, weights, alpha=1.0)
    gaps = left - right
    assert spans[0].basis.shape == (N_FEATURES, N_PAIRS)
    outside = np.linalg.svd(gaps)[2][N_PAIRS:]
    for model in (inside, whole):
        block = outside @ model.get_mahalanobis_matrix() @ outside.T
        level = np.trace(block) / len(block)
        assert level > 0.1 * np.trace(model.get_mahalanobis_matrix()) / N_FEATURES
        assert_allclose(block, level * np.eye(len(block)), atol=1e-6 * level)
        across = outside @ model.get_mahalanobis_matrix() @ gaps.T
        assert_allclose(across, 0.0, atol=1e-6 * level)


@pytest.mark.parametrize("n_components", [30, 31, 44])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_components_that_the_span_has_no_room_for_are_no_limit_in_it(
    form, n_components, data, spans
):
    """What they do outside of it is nothing that the pairs could tell."""
    left, right, y, weights = data
    options = {"alpha": 0.1, "tol": 1e-8, "max_iter": 3000}
    models = [
        SymmetricPairClassifier(form, n_components=number, **options).fit(
            (left, right), y, weights
        )
        for number in (None, n_components)
    ]
    assert all(span.basis.shape[1] <= 2 * N_PAIRS for span in spans)
    assert models[1].objective_ == pytest.approx(models[0].objective_, rel=1e-9)
    scores = [model.decision_function((left, right)) for model in models]
    assert_allclose(*scores, rtol=0, atol=3e-5)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_as_many_components_as_features_are_no_limit(form, data, probe, fit_both_ways):
    """In the span as well, where there is no room for so many."""
    left, right, y, weights = data
    unlimited, _ = fit_both_ways((left, right), y, weights, form=form)
    for model in fit_both_ways(
        (left, right), y, weights, form=form, n_components=N_FEATURES
    ):
        assert_same_model(model, unlimited, probe)


@pytest.mark.parametrize("n_components", [5, 8, 10])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_components_in_excess_of_the_rank_of_the_features_do_no_harm(
    form, n_components, rng
):
    """Ten features made out of five: the effect of any further one is rounding.

    Rounding has signs of its own, and those are no signs of a metric's components.
    """
    left, right, similar = planted_pairs(rng, 200, 5)
    mixing = rng.normal(size=(5, 10))
    pairs = (left @ mixing, right @ mixing)
    options = {"alpha": 1e-2, "tol": 1e-8, "max_iter": 3000}
    unlimited = SymmetricPairClassifier(form, **options).fit(pairs, similar)
    limited = SymmetricPairClassifier(form, n_components=n_components, **options)
    limited.fit(pairs, similar)
    scores = unlimited.decision_function(pairs)
    assert_allclose(
        limited.decision_function(pairs),
        scores,
        rtol=0,
        atol=1e-4 * np.abs(scores).max(),
    )
    assert limited.objective_ == pytest.approx(unlimited.objective_, rel=1e-9)


# ----------------------------------------------------------------- layouts of the pairs


def csr(table):
    return sparse.csr_matrix(np.where(np.abs(table) > 1, table, 0.0))


@every_prior
@every_form
def test_sparse_pairs_are_reduced_as_dense_ones_are(
    form, prior, data, probe, fit_both_ways
):
    left, right, y, weights = data
    left, right = csr(left), csr(right)
    pairs = Pairs(left, right)
    options = {"form": form, "prior": prior, "psd": False}
    models = fit_both_ways(pairs, y, weights, **options)
    assert_same_model(*models, probe)
    dense = SymmetricPairClassifier(alpha=0.1, tol=1e-8, max_iter=3000, **options)
    dense.fit((left.toarray(), right.toarray()), y, weights)
    assert_same_model(models[0], dense, probe)


@every_prior
@every_form
def test_index_pairs_are_reduced_to_the_span_of_their_items(
    form, prior, probe, fit_both_ways, rng
):
    items = rng.normal(size=(14, N_FEATURES))
    index = rng.integers(0, 12, (40, 2))  # the last items are never used
    index[:12, 0] = np.arange(12)
    index = np.vstack([index, index])
    y, weights = np.repeat([0, 1], 40), rng.uniform(0.2, 0.8, 80)
    pairs = Pairs.from_index(items, index)
    options = {"form": form, "prior": prior, "psd": False}
    models = fit_both_ways(pairs, y, weights, **options)
    assert_same_model(*models, probe)
    stacked = SymmetricPairClassifier(alpha=0.1, tol=1e-8, max_iter=3000, **options)
    stacked.fit((items[index[:, 0]], items[index[:, 1]]), y, weights)
    assert_same_model(models[0], stacked, probe)


@every_form
def test_a_repeated_pair_is_a_pair_of_twice_the_weight(form, data, probe, spans, rng):
    """It adds nothing to the span, and is not to lead to another way of fitting."""
    left, right = (side[:N_PAIRS] for side in data[:2])
    y = rng.permutation(np.arange(N_PAIRS) % 2)
    times = rng.integers(3, 6, len(y))
    options = {"alpha": 0.1, "tol": 1e-8, "max_iter": 3000}
    weighted = SymmetricPairClassifier(form, **options)
    weighted.fit((left, right), y, sample_weight=times)
    rows = np.repeat(np.arange(len(y)), times)
    repeated = SymmetricPairClassifier(form, **options)
    repeated.fit((left[rows], right[rows]), y[rows])
    assert len(rows) > 0.7 * N_FEATURES
    assert [span.basis.shape[1] for span in spans] == [spans[0].basis.shape[1]] * 2
    assert_same_model(repeated, weighted, probe)


@every_form
def test_single_precision_stays_single_and_near(form, data, probe, fit_both_ways):
    left, right, y, weights = data
    narrow = left.astype(np.float32), right.astype(np.float32)
    found, _ = fit_both_ways(narrow, y, weights, form=form, psd=False, tol=1e-5)
    expected, _ = fit_both_ways((left, right), y, weights, form=form, psd=False)
    assert found.objective_ == pytest.approx(expected.objective_, abs=1e-6)
    scores = expected.decision_function(probe)
    # Items are rounded to 6e-8, and an objective to that as well: its root.
    assert_allclose(
        found.decision_function(tuple(side.astype(np.float32) for side in probe)),
        scores,
        rtol=0,
        atol=3e-4 * np.abs(scores).max(),
    )


@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e8, 1e140])
def test_the_unit_of_the_features_does_not_matter(unit, data, probe):
    left, right, y, weights = data
    options = {"alpha": 0.1, "tol": 1e-8, "max_iter": 3000}
    expected = SymmetricPairClassifier(**options).fit((left, right), y, weights)
    found = SymmetricPairClassifier(**options).fit(
        (unit * left, unit * right), y, weights
    )
    assert found.objective_ == pytest.approx(expected.objective_, rel=1e-9)
    scores = found.decision_function(tuple(unit * side for side in probe))
    assert_allclose(scores, expected.decision_function(probe), atol=1e-5)


# ------------------------------------------------------------------ when it is not used


def test_a_prior_that_is_given_as_a_matrix_is_never_reduced(data, spans, rng):
    """It may have entries between the span and the rest."""
    left, right, y, weights = data
    root = rng.normal(size=(N_FEATURES, N_FEATURES))
    learner = SymmetricPairClassifier(alpha=0.1).fit((left, right), y, weights)
    for prior in (root.T @ root, np.eye(N_FEATURES), learner):
        SymmetricPairClassifier(alpha=0.1, prior=prior).fit((left, right), y, weights)
    assert spans[0] is not None
    assert spans[1:] == [None] * 3


def test_the_identity_by_name_or_as_a_matrix_gives_one_model(data, probe, spans):
    """The one is fitted in the span and the other one in all features."""
    left, right, y, weights = data
    models = [
        SymmetricPairClassifier(alpha=0.1, prior=prior, tol=1e-8, max_iter=3000).fit(
            (left, right), y, weights
        )
        for prior in ("identity", np.eye(N_FEATURES))
    ]
    assert spans[0] is not None
    assert spans[1] is None
    assert_same_model(*models, probe)


@pytest.mark.parametrize(
    ("form", "needs_items", "n_rows"),
    [
        ("mahalanobis", False, N_PAIRS),
        ("mahalanobis", True, 2 * N_PAIRS),
        ("bilinear", False, 2 * N_PAIRS),
        ("quadratic", False, 2 * N_PAIRS),
    ],
)
def test_the_span_is_that_of_all_that_the_fit_looks_at(form, needs_items, n_rows, data):
    left, right, *_ = data
    span = find_span(Pairs(left, right), FORMS[form], needs_items)
    assert span.basis.shape == (N_FEATURES, n_rows)
    assert_allclose(span.basis.T @ span.basis, np.eye(n_rows), atol=1e-13)
    rows = left - right if n_rows == N_PAIRS else np.vstack([left, right])
    assert_allclose(rows @ span.basis @ span.basis.T, rows, atol=1e-12)
    complement = span.complement()
    both = np.hstack([span.basis, complement])
    assert_allclose(both.T @ both, np.eye(N_FEATURES), atol=1e-12)


@pytest.mark.parametrize("n_pairs", [30, 31, 32, 90, 91])
def test_the_span_is_used_up_to_a_share_of_the_features(n_pairs, rng):
    """Of 45 features 31 rows are few; of 181 rows the copies are not looked for."""
    pairs = Pairs(*rng.normal(size=(2, n_pairs, N_FEATURES)))
    span = find_span(pairs, FORMS["mahalanobis"], False)
    assert (span is not None) == (n_pairs <= 31)
    same = Pairs(*np.ones((2, n_pairs, N_FEATURES)))
    span = find_span(same, FORMS["bilinear"], False)
    assert (span is not None) == (2 * n_pairs <= 180)


def test_projected_pairs_keep_their_layout_and_their_products(data):
    left, right, *_ = data
    span = find_span(Pairs(left, right), FORMS["bilinear"], False)
    index = np.arange(4 * N_PAIRS).reshape(2, -1).T
    for pairs in (
        Pairs(left, right),
        Pairs.from_index(np.vstack([left, right]), index),
        Pairs(*map(sparse.csr_matrix, (left, right))),
        Pairs(left.astype(np.float16), right.astype(np.float32)),
    ):
        found = project_pairs(pairs, span)
        assert (found.items is None) == (pairs.items is None)
        assert found.shape == (2 * N_PAIRS, 2, 2 * N_PAIRS)
        narrow = pairs.dtype != np.float64
        assert found.dtype == (np.float32 if narrow else np.float64)
        rtol = 1e-2 if narrow else 1e-12
        expected = np.sum(left * right, axis=1)
        products = np.sum(found.left * found.right, axis=1)
        assert_allclose(products, expected, atol=rtol * np.abs(expected).max())


def test_lifted_rows_are_the_factor_of_the_whole_matrix(rng):
    basis = np.linalg.qr(rng.normal(size=(7, 3)))[0]
    span = Span(basis)
    factor = np.diag([3.0, 1.0, 0.1]) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    signs = np.array([1.0, -1.0, 1.0])
    rest = np.eye(7) - basis @ basis.T
    for outside in (0.0, 0.5, -0.5):
        v, s = span.lifted(factor, signs, outside)
        expected = basis @ (factor.T * signs) @ factor @ basis.T + outside * rest
        assert_allclose((v.T * s) @ v, expected, atol=1e-12)
        assert len(v) == (3 if outside == 0 else 7)
        squares = np.sum(v**2, axis=1)
        assert (np.diff(squares) <= 1e-12).all()


def test_rows_of_zeros_only_have_a_span(probe):
    """Nothing is learned, but the prior's shape and the rate of similar pairs."""
    left = np.zeros((6, N_FEATURES))
    y = np.array([0, 1, 1, 1, 0, 1])
    model = SymmetricPairClassifier(alpha=0.1, tol=1e-8).fit((left, left), y)
    assert model.intercept_ == pytest.approx(np.log(2), abs=1e-6)
    assert np.isfinite(model.decision_function(probe)).all()


# -------------------------------------------------------------------------- warm starts


@pytest.mark.parametrize("prior", ["identity", "covariance"])
@metric_or_not
def test_a_warm_start_from_the_span_is_at_the_solution(form, psd, prior, data, probe):
    left, right, y, weights = data
    model = SymmetricPairClassifier(
        form, psd=psd, prior=prior, alpha=0.1, tol=1e-6, max_iter=3000, warm_start=True
    )
    cold = model.fit((left, right), y, weights)
    expected, n_iter = cold.decision_function(probe), cold.n_iter_
    model.fit((left, right), y, weights)
    assert model.n_iter_ < n_iter
    assert_allclose(model.decision_function(probe), expected, rtol=0, atol=1e-3)


@metric_or_not
def test_a_warm_start_reaches_the_optimum_of_other_pairs(form, psd, probe, spans, rng):
    """From one span to another one, to all features, and back."""
    sides = rng.normal(size=(2, 100, N_FEATURES))
    labels = rng.permutation(np.arange(100) % 2)
    labels[:20:2], labels[1:20:2] = 0, 1
    options = {"psd": psd, "alpha": 0.3, "tol": 1e-8, "max_iter": 3000}
    warm = SymmetricPairClassifier(form, warm_start=True, **options)
    for part in (slice(0, 10), slice(10, 20), slice(0, 100), slice(0, 10)):
        pairs, similar = tuple(sides[:, part]), labels[part]
        warm.fit(pairs, similar)
        cold = SymmetricPairClassifier(form, **options).fit(pairs, similar)
        assert warm.objective_ == pytest.approx(cold.objective_, rel=1e-9)
        assert_allclose(
            warm.decision_function(probe),
            cold.decision_function(probe),
            rtol=0,
            atol=1e-5,
        )
    kinds = [span is None for span in spans[::2]]
    assert kinds == [False, False, True, False]


def test_the_number_of_features_is_that_of_the_user(data):
    left, right, y, weights = data
    model = SymmetricPairClassifier(alpha=0.1).fit((left, right), y, weights)
    assert model.n_features_in_ == N_FEATURES
    assert model.components_.shape[1] == N_FEATURES


def test_the_design_says_what_it_was_reduced_from(data):
    left, right, _, weights = data
    weights = weights / weights.sum()
    design = make_design(Pairs(left, right), FORMS["mahalanobis"], weights, Team())
    assert (design.n_features, design.n_ambient) == (N_PAIRS, N_FEATURES)
    assert_array_equal(
        design.turn({sides: np.eye(N_PAIRS) for sides in design.combiners}).span.basis,
        design.span.basis,
    )
