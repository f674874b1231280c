# SPDX-License-Identifier: BSD-3-Clause
"""A new part of the library is one entry in a registry, and works everywhere."""

import importlib.util
import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

from sksymsim import (
    KernelPairClassifier,
    ScoreDistributionDisplay,
    SharedTransformer,
    SpectrumDisplay,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    check_axioms,
    get_pair_scorer,
    get_pair_scorer_names,
    pair_report,
    to_inner_product,
    to_l2,
    to_onnx,
)
from sksymsim import _classifier_options as classifier_options
from sksymsim._evaluation.metric_table import METRICS, Metric
from sksymsim._exports.index import CONVENTIONS
from sksymsim._exports.members import READERS, members_of
from sksymsim._exports.onnx_graph import TRANSFORMERS
from sksymsim._forms import FORMS, Form, Term, both, difference, total
from sksymsim._networks import options
from sksymsim._networks.poolings import POOLINGS, MeanMaxPooling
from sksymsim._selection.ready_made import READY_MADE
from sksymsim._validation.parameters import Choice

PAIRS, LABELS, _ = class_pairs(n_items=24, n_pairs=80, n_classes=4)
NEW_FORMS = [
    Form("new", (Term(total, 1.0),), False, True, "it is new"),
    Form("new", (Term(both, 1.0), Term(difference, -0.5)), False, False, "it is new"),
    Form("new", (Term(both, 1.0), Term(total, 0.5)), True, False, "it is new"),
]


@pytest.fixture(params=NEW_FORMS, ids=["sums", "two terms", "linear part"])
def new_form(request, monkeypatch):
    monkeypatch.setitem(FORMS, "new", request.param)
    # Values of parameters are written down when the module is loaded.
    monkeypatch.setitem(classifier_options.PARAMETERS, "form", [Choice(*FORMS)])
    return request.param


def test_new_form(new_form):
    model = SymmetricPairClassifier("new", alpha=1e-2).fit(PAIRS, LABELS)
    scores = model.decision_function(PAIRS)
    assert_array_equal(scores, model.decision_function(PAIRS.swap()))
    k, c, G, L = model.get_polynomial()
    a, b = PAIRS.left, PAIRS.right
    own = sum(np.einsum("ij,jk,ik->i", x, G, x) + x @ c for x in (a, b))
    expected = k + own + 2 * np.einsum("ij,jk,ik->i", a, L, b)
    assert_allclose(scores, expected, rtol=1e-9, atol=1e-9)
    for prior in ("covariance", "kissme"):
        SymmetricPairClassifier("new", prior=prior).fit(PAIRS, LABELS)


def test_new_form_goes_out(new_form):
    model = SymmetricPairClassifier("new", alpha=1e-2).fit(PAIRS, LABELS)
    items = PAIRS.items
    found, order = model.top_k(items[:3], items, 4)
    space = to_inner_product(model, items, dtype="float64")
    products = space.transform_queries(items[:3]) @ space.transform_items(items).T
    best = -np.sort(-products, axis=1)[:, :4]
    assert_allclose(np.take_along_axis(products, order, axis=1), best, atol=1e-9)
    assert_allclose(model.cross_scores(items[:3], items)[0, order[0]], found[0])
    assert check_axioms(model, items).symmetry.n_violations == 0
    if importlib.util.find_spec("matplotlib"):
        spectra = SpectrumDisplay.from_estimator(model).eigenvalues
        assert len(spectra) == len(new_form.terms)
        ScoreDistributionDisplay.from_estimator(model, PAIRS, LABELS)


def test_search_compares_a_new_form(new_form):
    search = SymmetricPairClassifierCV(
        whitenings=[0.5],
        pca_components=[],
        forms=["mahalanobis", "new"],
        priors=["identity", "kissme"],
        alphas=[1e-1],
        combine="stack",
        cv=2,
    ).fit(PAIRS, LABELS)
    families = {params.get("form") for params in search.cv_results_["params"]}
    assert {"mahalanobis", "new"} <= families
    scores = search.decision_function(PAIRS)
    assert_array_equal(scores, search.decision_function(PAIRS.swap()))


def test_new_pooling(monkeypatch):
    monkeypatch.setitem(POOLINGS, "new", MeanMaxPooling)
    monkeypatch.setitem(options.PARAMETERS, "pooling", [Choice(*POOLINGS)])
    models = [
        SymmetricMLPClassifier(
            (6,), pooling=pooling, max_iter=3, early_stopping=False, random_state=0
        )
        for pooling in ("new", "mean_max")
    ]
    with pytest.warns(match="had not converged"):
        new, known = (model.fit(PAIRS, LABELS) for model in models)
    assert_array_equal(new.decision_function(PAIRS), known.decision_function(PAIRS))


def test_new_candidate(monkeypatch):
    model = KernelPairClassifier("mlpk")
    grid = {"alpha": [1e-1, 1e-2]}
    monkeypatch.setitem(READY_MADE, "new", lambda: [("new", model, grid)])
    search = SymmetricPairClassifierCV(
        whitenings=[0.5],
        pca_components=[],
        forms=[],
        candidates=["new"],
        cv=2,
    ).fit(PAIRS, LABELS)
    assert {"alpha": 1e-2} in list(search.cv_results_["params"])


def mean_gap(y_true, y_score, *, similar_rate=None, sample_weight=None, pos_label=None):
    """Return by how much similar pairs are above the others, on average."""
    similar = np.asarray(y_true) == 1
    return np.mean(y_score[similar]) - np.mean(y_score[~similar])


def first_accepted(curve):
    """Return the share of similar pairs that have the highest score."""
    return curve.hits[:, 1] / curve.n_similar[:, 0]


def mean_log_odds(scores, weights):
    """Return the mean log-odds of all pairs."""
    return weights @ scores.log_odds / weights.sum(axis=1)


@pytest.mark.parametrize(
    ("takes", "weighted", "columns"),
    [
        ("order", first_accepted, 5),
        ("log-odds", mean_log_odds, 1),
        ("probabilities", mean_log_odds, 1),
    ],
)
@pytest.mark.parametrize("greater_is_better", [True, False])
def test_new_metric(takes, weighted, columns, greater_is_better, monkeypatch):
    entry = Metric(
        "A new one",
        takes,
        greater_is_better,
        "plain",
        function=mean_gap,
        weighted=weighted,
    )
    monkeypatch.setitem(METRICS, "new", entry)
    model = SymmetricPairClassifier(alpha=1e-2).fit(PAIRS, LABELS)
    name = "mean_gap" if greater_is_better else "neg_mean_gap"
    assert name in get_pair_scorer_names()
    judged = {
        "order": model.decision_function(PAIRS),
        "log-odds": model.decision_function(PAIRS),
        "probabilities": model.predict_proba(PAIRS)[:, 1],
    }
    expected = mean_gap(LABELS, judged[takes]) * (1 if greater_is_better else -1)
    scorer = pickle.loads(pickle.dumps(get_pair_scorer(name)))
    assert_allclose(scorer(model, PAIRS, LABELS), expected, rtol=1e-6)
    report = pair_report(model, PAIRS, LABELS, n_bootstrap=20, random_state=0)
    found = [entry for entry in report.table if entry["metric"] == "new"]
    assert len(found) == columns
    if takes != "order":
        assert found[0]["estimate"] == pytest.approx(judged["order"].mean())
    arrow = "\N{UPWARDS ARROW}" if greater_is_better else "\N{DOWNWARDS ARROW}"
    words = "higher" if greater_is_better else "lower"
    shown = f'A new one <span title="{words} is better">{arrow}</span>'
    assert shown in report.to_html(pictures=False)
    assert "\nnew " in str(report)


def test_search_compares_by_a_new_metric(monkeypatch):
    entry = Metric("A new one", "log-odds", True, "plain", function=mean_gap)
    monkeypatch.setitem(METRICS, "new", entry)
    search = SymmetricPairClassifierCV(
        whitenings=[0.5],
        pca_components=[],
        forms=["mahalanobis"],
        priors=["identity"],
        alphas=[1e-1],
        scoring="mean_gap",
        cv=2,
    ).fit(PAIRS, LABELS)
    assert np.isfinite(search.cv_score_)
    # It is in no report, for it does not say what it is of many weightings.
    report = pair_report(search, PAIRS, LABELS, n_bootstrap=20, random_state=0)
    assert "new" not in {entry["metric"] for entry in report.table}


def test_new_metric_at_each_of_some_rates(monkeypatch):
    entry = replace(METRICS["tar_at_far"], title="New at", function=None)
    monkeypatch.setitem(METRICS, "new", entry)
    model = SymmetricPairClassifier(alpha=1e-2).fit(PAIRS, LABELS)
    report = pair_report(
        model, PAIRS, LABELS, far=[0.5, 0.1], n_bootstrap=20, random_state=0
    )
    values = {e["metric"]: e["estimate"] for e in report.table if e["of"] == "model"}
    for rate in ("0.5", "0.1"):
        assert values[f"new={rate}"] == values[f"tar_at_far={rate}"]
    assert "New at 0.5 " in report.to_html(pictures=False)


class Twice(BaseEstimator):
    """A new kind of model: the log-odds of another one, doubled."""

    def __init__(self, model):
        self.model = model
        self.n_features_in_ = model.n_features_in_
        self.fitted_ = True

    def fit(self, X, y):
        return self


def test_new_kind_of_model_in_an_index(monkeypatch):
    monkeypatch.setitem(READERS, Twice, lambda twice: members_of(twice.model).scaled(2))
    model = SymmetricPairClassifier(alpha=1e-2).fit(PAIRS, LABELS)
    items = PAIRS.items
    space = to_inner_product(Twice(model), items, dtype="float64")
    products = space.transform_queries(items[:3]) @ space.transform_items(items).T
    log_odds = space.log_odds(products, items[:3], engine="faiss")
    assert_allclose(log_odds, 2 * model.cross_scores(items[:3], items), atol=1e-9)


def test_new_engine(monkeypatch):
    monkeypatch.setitem(CONVENTIONS["l2"], "new", np.sqrt)
    model = SymmetricPairClassifier(alpha=1e-2).fit(PAIRS, LABELS)
    space = to_l2(model, dtype="float64")
    squares = np.array([[1.0, 4.0]])
    assert_array_equal(
        space.log_odds(squares**2, engine="new"),
        space.log_odds(squares, engine="faiss"),
    )
    with pytest.raises(ValueError, match="'hnswlib', 'new', 'pgvector'"):
        space.log_odds(squares, engine="none")


def test_new_transformer_in_onnx(monkeypatch):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")

    def add_shift(graph, step, x):
        return graph.node("Add", x, graph.weight(step.shift))

    monkeypatch.setitem(TRANSFORMERS, Shift, add_shift)
    model = make_pipeline(
        SharedTransformer(Shift()), SymmetricPairClassifier(alpha=1e-2)
    ).fit(PAIRS, LABELS)
    session = runtime.InferenceSession(to_onnx(model).SerializeToString())
    sides = {
        name: side.astype(np.float32)
        for name, side in zip("ab", PAIRS.block(slice(5)), strict=True)
    }
    found = session.run(["log_odds"], sides)[0]
    assert_allclose(np.ravel(found), model.decision_function(PAIRS[:5]), atol=1e-3)


class Shift(TransformerMixin, BaseEstimator):
    """Adds one to each feature."""

    def fit(self, X, y=None):
        self.shift = np.ones(X.shape[1], dtype=np.float32)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X + self.shift
