# SPDX-License-Identifier: BSD-3-Clause
"""A new form, pooling or candidate is one entry in a registry, and works everywhere."""

import importlib.util

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs

from sksymsim import (
    KernelPairClassifier,
    ScoreDistributionDisplay,
    SpectrumDisplay,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    check_axioms,
    to_inner_product,
)
from sksymsim import _classifier_options as classifier_options
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
