# SPDX-License-Identifier: BSD-3-Clause
"""What the pictures show, compared with the metrics, curves and fits they are of."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.base import clone
from sklearn.calibration import calibration_curve
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import det_curve, roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from sksymsim import (
    DetDisplay,
    EmbeddingNormalizer,
    PairGroupKFold,
    PairLearningCurveDisplay,
    Pairs,
    ReliabilityDisplay,
    ScoreDistributionDisplay,
    SearchResultsDisplay,
    SharedTransformer,
    SpectrumDisplay,
    SymmetricPairClassifier,
    TransitivityDisplay,
    equal_error_rate,
    expected_calibration_error,
    recalibrate,
    tar_at_far,
)
from sksymsim._plots.base import PALETTE
from sksymsim._plots.learning import interleaved
from sksymsim._plots.model import rank_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

OF_SCORES = [ScoreDistributionDisplay, ReliabilityDisplay, DetDisplay]


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def world(rng, n_pairs=300, width=4):
    items = rng.normal(size=(50, width))
    index = rng.integers(50, size=(n_pairs, 2))
    gap = items[index[:, 0]] - items[index[:, 1]]
    y = (rng.random(n_pairs) < expit(3 - gap[:, 0] ** 2)).astype(int)
    return Pairs.from_index(items, index), y


@pytest.fixture
def fitted(rng):
    pairs, y = world(rng)
    return SymmetricPairClassifier().fit(pairs, y), pairs, y


def scores(rng, n=400):
    y = (rng.random(n) < 0.3).astype(int)
    return y, rng.normal(size=n) * 1.5 + 2 * y - 1, rng.integers(0, 4, size=n)


# ----------------------------------------------------------------------- distributions


def test_histograms_are_shares_of_the_weight_of_a_kind(rng):
    y, log_odds, weights = scores(rng)
    display = ScoreDistributionDisplay.from_predictions(
        y, log_odds, sample_weight=weights, n_bins=12
    )
    edges = display.edges
    shown = np.clip(log_odds, edges[0], edges[-1])
    for kind, shares, drawn in (
        (1, display.similar_shares, display.similar_),
        (0, display.dissimilar_shares, display.dissimilar_),
    ):
        chosen = y == kind
        for i in range(len(edges) - 1):
            last = i == len(edges) - 2
            inside = (shown >= edges[i]) & ((shown < edges[i + 1]) | last)
            expected = weights[chosen & inside].sum() / weights[chosen].sum()
            assert_allclose(shares[i], expected, atol=1e-12)
        assert_allclose(shares.sum(), 1)
        values, drawn_edges, _ = drawn.get_data()
        assert_allclose(values, 100 * shares)
        assert_array_equal(drawn_edges, edges)
    assert display.n_similar == (y * (weights > 0)).sum()
    assert display.n_dissimilar == ((1 - y) * (weights > 0)).sum()


def test_no_bin_is_on_both_sides_of_the_threshold(rng):
    y, log_odds, _ = scores(rng)
    for threshold in (0.0, 0.37, -1.3):
        display = ScoreDistributionDisplay.from_predictions(
            y, log_odds, threshold=threshold, n_bins=9
        )
        assert threshold in display.edges
        assert display.line_.get_xdata()[0] == threshold
        above = np.average(log_odds[y == 1] >= threshold)
        assert_allclose(
            display.similar_shares[display.edges[:-1] >= threshold].sum(), above
        )
    far = ScoreDistributionDisplay.from_predictions(
        y, log_odds, threshold=50.0, n_bins=9
    )
    assert len(far.edges) == 10
    without = ScoreDistributionDisplay.from_predictions(y, log_odds, threshold=None)
    assert without.line_ is None


def test_equal_scores_can_be_drawn():
    display = ScoreDistributionDisplay.from_predictions([0, 1, 1], [2.0, 2.0, 2.0])
    assert_allclose(display.similar_shares.sum(), 1)


# ------------------------------------------------------------------------- reliability


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_reliability_is_that_of_the_calibration_error(rng, strategy):
    y, log_odds, weights = scores(rng)
    p = expit(log_odds)
    display = ReliabilityDisplay.from_predictions(
        y, log_odds, sample_weight=weights, strategy=strategy
    )
    expected = expected_calibration_error(
        y, p, sample_weight=weights, strategy=strategy
    )
    assert_allclose(display.calibration_error, expected)
    assert_allclose(display.line_.get_xdata(), display.prob_pred)
    assert_allclose(display.line_.get_ydata(), display.prob_true)
    assert display.counts.sum() == display.histogram.sum() == (weights > 0).sum()
    assert f"{expected:.3g}" in display.line_.get_label()


def test_points_are_those_of_scikit_learn(rng):
    y, log_odds, _ = scores(rng)
    display = ReliabilityDisplay.from_predictions(y, log_odds, strategy="uniform")
    rate, mean = calibration_curve(y, expit(log_odds), n_bins=10, strategy="uniform")
    assert_allclose(display.prob_true, rate)
    assert_allclose(display.prob_pred, mean)


def test_bins_hold_like_numbers_and_bars_have_their_heights(rng):
    y, log_odds, _ = scores(rng)
    display = ReliabilityDisplay.from_predictions(y, log_odds, n_bins=8)
    assert_array_equal(display.counts, np.full(8, 50))
    heights = np.array([bar.get_height() for bar in display.bars_])
    assert_allclose(heights / heights.max(), display.histogram / max(display.histogram))
    second = ReliabilityDisplay.from_predictions(y, log_odds, ax=display.ax_)
    assert second.bars_ is None
    assert second.line_.get_color() != display.line_.get_color()


# --------------------------------------------------------------------------------- DET


def test_det_is_that_of_the_metrics(rng):
    y, log_odds, weights = scores(rng)
    log_odds = np.round(log_odds, 1)
    display = DetDisplay.from_predictions(y, log_odds, sample_weight=weights)
    rate = equal_error_rate(y, log_odds, sample_weight=weights)
    assert display.equal_error_rate == rate
    assert_allclose(display.point_.get_xydata()[0], norm.ppf(rate))
    x, drawn = display.line_.get_data()
    inner = (display.fpr > 0) & (display.fpr < 1)
    assert_allclose(norm.cdf(x[inner]), display.fpr[inner])
    inner = (display.fnr > 0) & (display.fnr < 1)
    assert_allclose(norm.cdf(drawn[inner]), display.fnr[inner])
    for far in (0.03, 0.2):
        point = np.flatnonzero(display.fpr <= far * (1 + 1e-9))[-1]
        expected = tar_at_far(y, log_odds, far, sample_weight=weights)
        assert_allclose(1 - display.fnr[point], expected)
    accepted = log_odds >= display.thresholds[5]
    false = np.average(accepted[y == 0], weights=weights[y == 0])
    assert_allclose(display.fpr[5], false)


def test_det_is_that_of_scikit_learn(rng):
    y, log_odds, _ = scores(rng)
    display = DetDisplay.from_predictions(y, log_odds)
    fpr, fnr, thresholds = det_curve(y, log_odds)
    # scikit-learn's begins where the last miss is made and ends before the first hit.
    at = np.searchsorted(-display.thresholds, -thresholds[np.isfinite(thresholds)])
    assert_allclose(display.fpr[at], fpr[np.isfinite(thresholds)])
    assert_allclose(display.fnr[at], fnr[np.isfinite(thresholds)], atol=1e-12)


def test_det_of_perfect_scores_is_finite():
    display = DetDisplay.from_predictions([0, 0, 1, 1], [0.0, 1.0, 2.0, 3.0])
    assert display.equal_error_rate == 0
    assert np.isfinite(display.line_.get_xydata()).all()
    assert np.isfinite(display.point_.get_xydata()).all()


def test_second_det_keeps_the_first_in_sight(rng):
    y, log_odds, _ = scores(rng)
    good = DetDisplay.from_predictions(y, log_odds + 3 * y, name="good")
    before = good.ax_.get_xlim()
    bad = DetDisplay.from_predictions(y, -log_odds, ax=good.ax_, name="bad")
    after = good.ax_.get_xlim()
    assert after[0] <= before[0]
    assert after[1] >= max(before[1], bad.point_.get_xdata()[0])
    assert good.line_.get_color() != bad.line_.get_color()
    assert good.line_.get_linestyle() != bad.line_.get_linestyle()
    texts = [text.get_text() for text in good.ax_.get_legend().get_texts()]
    assert texts[0].startswith("good (EER ")
    assert texts[1].startswith("bad (EER ")


def test_det_needs_no_probabilities(fitted):
    _, pairs, y = fitted
    ranks = make_pipeline(FunctionTransformer(_squares), LinearSVC()).fit(pairs, y)
    display = DetDisplay.from_estimator(ranks, pairs, y)
    rate = equal_error_rate(y, ranks.decision_function(pairs))
    assert_allclose(display.equal_error_rate, rate)
    for display in (ScoreDistributionDisplay, ReliabilityDisplay):
        with pytest.raises(AttributeError, match="make them such with recalibrate"):
            display.from_estimator(ranks, pairs, y)


def _squares(pairs):
    return (pairs.left - pairs.right) ** 2


# ---------------------------------------------------------------- what they have alike


@pytest.mark.parametrize("display", OF_SCORES)
def test_estimator_and_predictions_give_one_picture(display, fitted, rng):
    model, pairs, y = fitted
    weights = rng.integers(0, 3, size=len(y))
    words = np.array(["different", "same"])[y]
    named = clone(model).fit(pairs, words)
    k = {"sample_weight": weights}
    log_odds = model.decision_function(pairs)
    expected = display.from_predictions(y, log_odds, **k)
    for found in (
        display.from_estimator(model, pairs, y, **k),
        display.from_estimator(named, np.asarray(pairs), words, **k),
        display.from_predictions(1 - y, log_odds, pos_label=0, **k),
    ):
        for name, value in vars(expected).items():
            if not name.endswith("_") and name != "name" and value is not None:
                assert_allclose(getattr(found, name), value, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("display", OF_SCORES)
def test_read_only_input(display, fitted, tmp_path):
    model, pairs, y = fitted
    np.save(tmp_path / "pairs.npy", np.asarray(pairs))
    mapped = np.load(tmp_path / "pairs.npy", mmap_mode="r")
    y, weights = y.copy(), np.ones(len(y))
    log_odds = model.decision_function(pairs)
    for array in (y, weights, log_odds):
        array.setflags(write=False)
    display.from_estimator(model, mapped, y, sample_weight=weights)
    display.from_predictions(y, log_odds, sample_weight=weights)


def every_display(model, pairs, y):
    """Yield each picture, made without being drawn on given axes."""
    for display in OF_SCORES:
        yield lambda d=display, **k: d.from_estimator(model, pairs, y, **k)
        yield lambda d=display, **k: d.from_predictions(
            y, model.decision_function(pairs), **k
        )
    yield lambda **k: SpectrumDisplay.from_estimator(model, **k)
    yield lambda **k: PairLearningCurveDisplay.from_estimator(
        model, pairs, y, cv=[(np.arange(200), np.arange(200, 300))], **k
    )
    yield lambda **k: SearchResultsDisplay.from_cv_results(RESULTS, **k)
    yield lambda **k: TransitivityDisplay.from_estimator(model, pairs.items, **k)


RESULTS = {
    "params": [{"alpha": 1e-2}, {"alpha": 1e-4}],
    "mean_test_score": np.array([0.8, 0.9]),
    "split0_test_score": np.array([0.7, 0.9]),
    "split1_test_score": np.array([0.9, 0.9]),
}


def test_axes_are_those_given(fitted, ax):
    before = plt.get_fignums()
    for make in every_display(*fitted):
        display = make(ax=ax, name="a name")
        assert display.ax_ is ax
        assert display.figure_ is ax.figure
        assert display.name == "a name"
    assert plt.get_fignums() == before


def test_new_axes_and_names(fitted):
    for make in every_display(*fitted):
        display = make(name="a name")
        assert display.figure_.number in plt.get_fignums()
        texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        shown = " ".join([display.ax_.get_title(), *texts])
        assert "a name" in shown
        for label in (display.ax_.get_xlabel(), display.ax_.get_ylabel()):
            assert label
        # Drawn again elsewhere, it is the same picture under another name.
        again = display.plot(name="another")
        assert again is display
        assert display.name == "another"


def test_names_are_those_of_the_last_step(fitted):
    _, pairs, y = fitted
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier()
    ).fit(pairs, y)
    display = DetDisplay.from_estimator(model, pairs, y)
    assert display.name == "SymmetricPairClassifier"


def test_options_reach_what_is_drawn(fitted):
    for make in every_display(*fitted):
        display = make(linewidth=3.5)
        drawn = getattr(display, "line_", None) or getattr(display, "lines_", [None])[0]
        if isinstance(display, ScoreDistributionDisplay):
            drawn = display.similar_
        assert drawn.get_linewidth() == 3.5


def test_without_matplotlib_one_clear_error(fitted, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for make in every_display(*fitted):
        with pytest.raises(ImportError, match=r"pip install sksymsim\[plot\]"):
            make()


@pytest.mark.parametrize(
    ("display", "changes", "text"),
    [
        (ScoreDistributionDisplay, {"n_bins": 0}, "n_bins must be an int >= 1"),
        (ScoreDistributionDisplay, {"threshold": np.nan}, "threshold must be a float"),
        (ReliabilityDisplay, {"n_bins": 1.5}, "n_bins must be an int >= 1"),
        (ReliabilityDisplay, {"strategy": "even"}, "strategy must be one of"),
    ],
)
def test_errors_of_options(rng, display, changes, text):
    y, log_odds, _ = scores(rng)
    with pytest.raises(ValueError, match=text):
        display.from_predictions(y, log_odds, **changes)


@pytest.mark.parametrize("display", OF_SCORES)
def test_errors_of_scores(display, fitted):
    model, pairs, y = fitted
    with pytest.raises(ValueError, match="y_score contains NaN or infinity"):
        display.from_predictions([0, 1], [0.0, np.inf])
    with pytest.raises(ValueError, match="no dissimilar pairs of positive weight"):
        display.from_estimator(model, pairs, np.ones_like(y))
    with pytest.raises(NotFittedError):
        display.from_estimator(SymmetricPairClassifier(), pairs, y)
    assert plt.get_fignums() == []


# ---------------------------------------------------------------------------- spectrum


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_components": 2},
        {"psd": False},
        {"form": "bilinear", "psd": False},
        {"form": "quadratic"},
    ],
)
def test_eigenvalues_are_those_of_the_matrices(fitted, options):
    _, pairs, y = fitted
    model = SymmetricPairClassifier(**options).fit(pairs, y)
    display = SpectrumDisplay.from_estimator(model)
    if model.form == "quadratic":
        _, _, own, cross = model.get_polynomial()
        expected = {
            "G + L, of sums": own + cross,
            "G - L, of differences": own - cross,
        }
    else:
        expected = {"M": model.get_mahalanobis_matrix()}
    assert list(display.eigenvalues) == list(expected)
    for (name, matrix), line, marks in zip(
        expected.items(), display.lines_, display.negative_, strict=True
    ):
        values = display.eigenvalues[name]
        size = np.abs(np.linalg.eigvalsh(matrix)).max()
        assert_allclose(np.sort(values), np.linalg.eigvalsh(matrix), atol=1e-10 * size)
        assert (np.diff(np.abs(values)) <= 0).all()
        assert_allclose(line.get_ydata(), np.abs(values[values != 0]))
        assert_allclose(marks.get_ydata(), -values[values < 0])
        singular = np.linalg.svd(matrix, compute_uv=False)
        p = singular / singular.sum()
        entropy = -np.sum(p * np.log(np.where(p > 1e-14, p, 1)))
        assert_allclose(display.effective_rank[name], np.exp(entropy), rtol=1e-6)


def test_effective_rank_in_closed_form():
    assert_allclose(rank_of(np.array([2.0, -2.0, 2.0, 0.0])), 3)
    assert_allclose(rank_of(np.array([5.0, 0.0])), 1)
    assert rank_of(np.zeros(3)) == 0
    # Of 2^-1, 2^-2, ... the entropy is two bits.
    assert_allclose(rank_of(0.5 ** np.arange(60)), 4)
    values = np.array([3.0, 1.0, 0.5])
    assert_allclose(rank_of(values), rank_of(7 * values[::-1]))


def test_a_matrix_of_zeros_is_drawn():
    display = SpectrumDisplay(eigenvalues={"M": np.zeros(3)}).plot()
    assert display.effective_rank == {"M": 0}
    assert display.ax_.get_yscale() == "linear"


def test_models_that_hold_a_model(fitted):
    model, pairs, y = fitted
    expected = SpectrumDisplay.from_estimator(model).eigenvalues["M"]
    search = GridSearchCV(
        model, {"alpha": [model.alpha]}, cv=PairGroupKFold(2, random_state=0)
    )
    for holder in (
        FrozenEstimator(model),
        recalibrate(model, pairs, y),
        FixedThresholdClassifier(FrozenEstimator(model)).fit(pairs, y),
        make_pipeline(clone(model)).fit(pairs, y),
        search.fit(pairs, y),
    ):
        found = SpectrumDisplay.from_estimator(holder).eigenvalues["M"]
        assert_allclose(found, expected, rtol=1e-6)


def test_models_without_a_spectrum(fitted):
    _, pairs, y = fitted
    with pytest.raises(NotFittedError):
        SpectrumDisplay.from_estimator(SymmetricPairClassifier())
    other = make_pipeline(FunctionTransformer(_squares), LogisticRegression())
    with pytest.raises(TypeError, match="Pipeline has no matrices"):
        SpectrumDisplay.from_estimator(other.fit(pairs, y))


# ---------------------------------------------------------------------- learning curve


def test_learning_curve_on_nested_subsets(rng):
    pairs, y = world(rng, 400)
    folds = list(PairGroupKFold(3, random_state=0).split(pairs, y))
    display = PairLearningCurveDisplay.from_estimator(
        SymmetricPairClassifier(), pairs, y, cv=folds, random_state=3
    )
    smallest = min(len(train) for train, _ in folds)
    assert display.train_sizes[-1] == smallest
    assert (display.train_sizes >= 10).all()
    ratios = display.train_sizes[1:] / display.train_sizes[:-1]
    assert (np.abs(ratios - 2) < 0.2).all()
    # The same by hand.
    state = np.random.RandomState(3)
    for fold, (train, test) in enumerate(folds):
        order = train[interleaved(y[train] == 1, state)]
        for row, size in enumerate(display.train_sizes):
            part = order[:size]
            model = SymmetricPairClassifier().fit(pairs[part], y[part])
            expected = roc_auc_score(y[test], model.decision_function(pairs[test]))
            assert_allclose(display.test_scores[row, fold], expected, rtol=1e-9)
    assert_array_equal(display.line_.get_xdata(), display.train_sizes)
    assert_allclose(display.line_.get_ydata(), display.test_scores.mean(axis=1))
    assert display.ax_.get_xscale() == "log"


def test_subsets_have_the_rate_of_the_whole(rng):
    similar = rng.random(500) < 0.2
    order = interleaved(similar, np.random.RandomState(0))
    assert_array_equal(np.sort(order), np.arange(500))
    n_similar = np.cumsum(similar[order])
    expected = similar.mean() * np.arange(1, 501)
    assert np.abs(n_similar - expected).max() <= 1
    other = interleaved(similar, np.random.RandomState(1))
    assert (order != other).any()


def test_default_folds_share_no_item_or_group(rng, monkeypatch):
    pairs, y = world(rng, 3000)
    seen = []

    def remember(self, X, y, groups=None, split=PairGroupKFold.split):
        seen.append(self.level)
        return split(self, X, y, groups)

    monkeypatch.setattr(PairGroupKFold, "split", remember)
    k = {"train_sizes": [1.0], "random_state": 0}
    model = SymmetricPairClassifier()
    first = PairLearningCurveDisplay.from_estimator(model, pairs, y, **k)
    groups = pairs.index // 5
    PairLearningCurveDisplay.from_estimator(model, pairs, y, groups=groups, **k)
    assert seen == ["item", "group"]
    again = PairLearningCurveDisplay.from_estimator(model, pairs, y, n_jobs=1, **k)
    assert_array_equal(first.test_scores, again.test_scores)


def test_losses_are_shown_as_losses(rng):
    pairs, y = world(rng)
    display = PairLearningCurveDisplay.from_estimator(
        SymmetricPairClassifier(),
        pairs,
        y,
        cv=[(np.arange(200), np.arange(200, 300))],
        train_sizes=[0.5, 1.0],
        scoring="neg_log_loss",
        random_state=0,
    )
    assert_array_equal(display.train_sizes, [100, 200])
    assert (display.test_scores < 0).all()
    assert_allclose(display.line_.get_ydata(), -display.test_scores[:, 0])
    assert display.ax_.get_ylabel() == "held-out log loss (lower is better)"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cv": 5}, "cv=5 would put pairs of one item on both sides"),
        ({"train_sizes": [1.5]}, r"train_sizes must hold a float in \(0, 1\]"),
        ({"train_sizes": [500]}, r"train_sizes must hold an int in \[2, 200\]"),
        ({"train_sizes": []}, r"train_sizes must be a list of an int in \[2, 200\]"),
        ({"train_sizes": [1, 2]}, r"train_sizes must hold an int in \[2, 200\]"),
        ({"y": np.arange(300) < 2, "train_sizes": [2]}, "are of one class only"),
    ],
)
def test_errors_of_the_learning_curve(rng, changes, text):
    pairs, y = world(rng)
    arguments = {"y": y, "cv": [(np.arange(200), np.arange(200, 300))], **changes}
    with pytest.raises(ValueError, match=text):
        PairLearningCurveDisplay.from_estimator(
            SymmetricPairClassifier(), pairs, **arguments
        )


# -------------------------------------------------------------------- results of search


def results(rng, params, n_splits=4):
    table = {"params": params}
    values = rng.random((n_splits, len(params)))
    for i, row in enumerate(values):
        table[f"split{i}_test_score"] = row
    table["mean_test_score"] = values.mean(axis=0)
    table["std_test_score"] = values.std(axis=0)
    return table, values


def test_lines_of_a_search(rng):
    alphas = [1e-4, np.inf, 1e-1, 0.0]
    params = [
        {"whiten": w, "form": f, "prior": "identity", "alpha": a}
        for w in (0.0, 0.5)
        for f in ("mahalanobis", "quadratic")
        for a in alphas
    ]
    params.append({"form": "cosine"})
    table, values = results(rng, params)
    display = SearchResultsDisplay.from_cv_results(table, best_index=5)
    assert len(display.curves) == len(display.lines_) == 5
    mean = table["mean_test_score"]
    tops = [curve.mean.max() for curve in display.curves]
    assert (np.diff(tops) <= 0).all()
    used = []
    for curve, line in zip(display.curves, display.lines_, strict=True):
        used.extend(curve.candidates.tolist())
        assert_allclose(curve.mean, mean[curve.candidates])
        error = values[:, curve.candidates].std(axis=0, ddof=1) / np.sqrt(4)
        assert_allclose(curve.error, error)
        if curve.values is None:
            assert curve.label == "form=cosine"
            assert_allclose(line.get_ydata(), mean[-1])
            continue
        assert_array_equal(curve.values, [0, 1e-4, 1e-1, np.inf])
        for index, alpha in zip(curve.candidates, curve.values, strict=True):
            assert params[index]["alpha"] == alpha
            assert f"whiten={params[index]['whiten']}" in curve.label
            assert f"form={params[index]['form']}" in curve.label
        assert "prior" not in curve.label
        # Zero and infinity stand one decade aside.
        assert_allclose(line.get_xdata(), [-5, -4, -1, 0])
        assert_allclose(line.get_ydata(), curve.mean)
    assert sorted(used) == list(range(len(params)))
    assert_allclose(display.best_.get_xydata(), [[0, mean[5]]])
    names = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert names == ["∞", "0.1", "0.0001", "0"]


def test_level_line_can_be_the_choice(rng):
    params = [{"alpha": 1e-2}, {"alpha": 1e-4}, {"form": "cosine"}]
    table, _ = results(rng, params)
    display = SearchResultsDisplay.from_cv_results(table, best_index=2)
    assert_allclose(display.best_.get_ydata(), table["mean_test_score"][2])


def test_settings_that_differ_in_what_they_have():
    table = {
        "params": [{"alpha": 1.0}, {"alpha": 1.0, "whiten": 0.5}],
        "mean_test_score": [0.1, 0.2],
    }
    display = SearchResultsDisplay.from_cv_results(table)
    assert [curve.label for curve in display.curves] == ["whiten=0.5", "all settings"]
    assert display.curves[0].error is None
    assert display.n_splits is None


def test_names_tell_settings_apart_that_have_the_same_parameters():
    """As cosine and Euclid in the search of this library."""
    table = {
        "candidate": np.array(["cosine", "euclid", "form=quadratic"]),
        "params": [{"form": "mahalanobis"}] * 2 + [{"form": "quadratic", "alpha": 1}],
        "mean_test_score": [-0.3, -0.2, -0.1],
    }
    display = SearchResultsDisplay.from_cv_results(table)
    labels = [curve.label for curve in display.curves]
    assert labels == ["form=quadratic", "euclid", "cosine"]
    assert [len(curve.candidates) for curve in display.curves] == [1, 1, 1]


@pytest.mark.parametrize("kind", ["grid", "random"])
def test_searches_of_scikit_learn(rng, kind):
    pairs, y = world(rng, 150)
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier()
    )
    grid = {
        "sharedtransformer__transformer__whiten": [0.0, 0.5],
        "symmetricpairclassifier__alpha": [1e-1, 1e-3],
    }
    k = {"scoring": "neg_log_loss", "cv": PairGroupKFold(2, random_state=0)}
    search = GridSearchCV(model, grid, **k)
    if kind == "random":
        search = RandomizedSearchCV(model, grid, n_iter=4, random_state=0, **k)
    display = SearchResultsDisplay.from_estimator(search.fit(pairs, y))
    assert display.name == type(search).__name__
    assert display.best_index == search.best_index_
    assert_allclose(display.best_.get_ydata(), -search.best_score_)
    best = search.best_params_["symmetricpairclassifier__alpha"]
    assert_allclose(display.best_.get_xdata(), np.log10(best))
    labels = {curve.label for curve in display.curves}
    assert labels == {"whiten=0.0", "whiten=0.5"}
    assert display.ax_.get_ylabel().startswith("mean log loss (lower is better)")
    assert display.lines_[0].get_ydata().min() >= 0


def test_too_many_settings_are_grey(rng):
    params = [{"C": c, "alpha": a} for c in range(12) for a in (1.0, 2.0)]
    table, _ = results(rng, params)
    display = SearchResultsDisplay.from_cv_results(table)
    assert [line.get_color() for line in display.lines_[:7]] == list(PALETTE)
    assert {line.get_color() for line in display.lines_[7:]} == {"0.8"}
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert "5 other settings" in texts
    assert len(texts) == 9
    assert display.best_index == np.argmax(table["mean_test_score"])


def test_failed_candidates_leave_a_gap():
    table = {
        "params": [{"alpha": 1.0}, {"alpha": 2.0}],
        "mean_test_score": [np.nan, 0.5],
    }
    display = SearchResultsDisplay.from_cv_results(table)
    assert display.best_index == 1


@pytest.mark.parametrize(
    ("table", "parameter", "text"),
    [
        ({"params": []}, "alpha", "cv_results_ has no 'mean_test_score'"),
        ({"mean_test_score": []}, "alpha", "cv_results_ has no 'params'"),
        (RESULTS, "C", r"no candidate has a parameter 'C'; there are \['alpha'\]"),
        (
            {"params": [{"a__C": 1, "b__C": 2}], "mean_test_score": [0]},
            "C",
            r"may be any of \['a__C', 'b__C'\]",
        ),
        (
            {"params": [{"form": "x"}], "mean_test_score": [0]},
            "form",
            "parameter='form' must be numbers >= 0 to be an axis, got 'x'",
        ),
        (
            {"params": [{"alpha": -1}], "mean_test_score": [0]},
            "alpha",
            "must be numbers >= 0 to be an axis, got -1",
        ),
    ],
)
def test_errors_of_search_results(table, parameter, text):
    with pytest.raises(ValueError, match=text):
        SearchResultsDisplay.from_cv_results(table, parameter=parameter)


def test_no_search(fitted):
    model, _, _ = fitted
    with pytest.raises(TypeError, match="SymmetricPairClassifier has no cv_results_"):
        SearchResultsDisplay.from_estimator(model)
    with pytest.raises(NotFittedError):
        SearchResultsDisplay.from_estimator(GridSearchCV(model, {}))


def test_probabilities_by_logit(rng):
    y, log_odds, _ = scores(rng)
    expected = ReliabilityDisplay.from_predictions(y, log_odds)
    found = ReliabilityDisplay.from_predictions(y, logit(expit(log_odds)))
    assert_allclose(found.prob_pred, expected.prob_pred)
