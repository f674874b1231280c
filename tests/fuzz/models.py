# SPDX-License-Identifier: BSD-3-Clause
"""Every public function that takes a fitted model, or makes a file or a picture."""

import io
import os
import tempfile

import numpy as np
from every_estimator import STORED

import sksymsim
from fuzz import values
from fuzz.contract import ask, check, check_finite, check_same, check_shares
from fuzz.estimators import fitted, pairs_of
from sksymsim import PairClusterer, Pairs, SymmetricPairClassifier

WIDTH = 5  # of the items of every_estimator
SCORED = (
    "KernelPairClassifier",
    "SymmetricMLPClassifier",
    "SymmetricPairClassifier",
    "SymmetrizedClassifier",
)


def any_model(draw, names=SCORED):
    return fitted(draw.of(*names, name="model"))[0]


def items_of(draw, name="X"):
    return values.table(draw, width=WIDTH, name=name, allow_sparse=True)


def measured(draw, name):
    """Labels and pairs of a model."""
    model = any_model(draw)
    pairs, n = pairs_of(draw, width=WIDTH)
    y = values.labels(draw, n)
    named = {"sample_weight": values.weights(draw, n)}
    if name == "calibrate_threshold":
        named["criterion"] = draw.of("accuracy", "f_beta", "precision", name="what")
        named["bound"] = values.number(draw, "bound", None, 0.5)
    else:
        named["similar_rate"] = values.number(draw, "similar_rate", None, 0.1, 1e-300)
    if name == "pair_report":
        named["n_bootstrap"] = values.number(draw, "n_bootstrap", 10, 20)
        named["random_state"] = 0
    result = ask(getattr(sksymsim, name), model, pairs, y, **named)
    if name == "recalibrate":
        check_shares(ask(result.predict_proba, pairs), name)
    elif name == "pair_report":
        check("nan" not in str(result.to_dict()["table"][:1]), "report")
    else:
        check(not np.isnan(result.threshold), name)


def axioms(draw, name):
    model = any_model(draw)
    named = {"n_draws": 1000, "max_pairs": 10_000, "random_state": 0}
    named["threshold"] = values.number(draw, "threshold", 0.0, 1e30, -5.0)
    ask(sksymsim.check_axioms, model, items_of(draw), **named).to_dict()


def grouped(draw, name):
    """Items into groups, or two tables into links."""
    model = any_model(draw)
    named = {"n_neighbors": values.number(draw, "n_neighbors", 3, 1, 10)}
    named["candidate_pairs"] = draw.of(
        "auto", "learned", "cosine", "x", name="candidate_pairs"
    )
    tables = [items_of(draw)]
    if name == "link":
        tables.append(items_of(draw, "X_b"))
        named["threshold"] = values.number(draw, "threshold", 0.0, -5.0)
        result = ask(sksymsim.link, *tables, model, **named)
        check_shares(result.confidence, "confidence")
        return
    result = ask(sksymsim.deduplicate, *tables, model, **named)
    check(len(result.labels) == tables[0].shape[0], "labels")
    check_shares(result.confidence, "confidence")


def group_threshold(draw, name):
    make_them, parts = values.index_pairs(draw)
    pairs = ask(make_them, *parts, also=(IndexError,))
    n = len(pairs)
    y = draw.rng().integers(-1, 3, size=pairs.items.shape[0])
    named = {"log_odds": values.scores(draw, n)}
    ask(sksymsim.calibrate_group_threshold, PairClusterer(), pairs, y, **named)


def indexed(draw, name):
    form = draw.of("mahalanobis", "bilinear", "quadratic", name="form")
    model = by_form(form)
    named = {"dtype": draw.of("float32", "float64", "x", name="dtype")}
    if name != "to_inner_product":
        named["margin"] = values.number(draw, "margin", 0.1, 0.0)
    space = ask(getattr(sksymsim, name), model, items_of(draw), **named)
    check_finite(ask(space.transform_items, items_of(draw)), "items")
    check_finite(ask(space.transform_queries, items_of(draw)), "queries")


_BY_FORM = {}


def by_form(form):
    from every_estimator import PAIRS, Y

    if form not in _BY_FORM:
        _BY_FORM[form] = SymmetricPairClassifier(form, alpha=1e-2).fit(PAIRS, Y)
    return _BY_FORM[form]


def crossed(draw, name):
    """The scores of all with all, and the best of them."""
    model = by_form(draw.of("mahalanobis", "bilinear", "quadratic"))
    X_a, X_b = items_of(draw, "X_a"), items_of(draw, "X_b")
    scores = ask(model.cross_scores, X_a, X_b)
    check_finite(scores, "cross_scores")
    k = values.number(draw, "k", 1, 2, 5)
    best, found = ask(model.top_k, X_a, X_b, k)
    check_finite(best, "top_k")
    check(((found >= 0) & (found < X_b.shape[0])).all(), "top_k")


def stored(draw, name):
    model = any_model(draw, STORED)
    dtype = draw.of(None, "float32", "float64", "x", name="dtype")
    small = ask(sksymsim.compact, model, dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model")
        ask(sksymsim.save_model, small, path)
        again = ask(sksymsim.load_model, path)
    pairs, _ = pairs_of(draw, width=WIDTH)
    if hasattr(again, "decision_function"):
        scores = ask(again.decision_function, pairs)
        check_same(scores, ask(small.decision_function, pairs), "of the file")


def carded(draw, name):
    model = any_model(draw)
    before = ask(sksymsim.model_card, model)
    value = draw.of(1.0, np.float32(2), np.nan, "a", None, [1], {"a": {1}}, object)
    key = draw.of("accuracy", 1, "", name="key")
    which = draw.of("scores", "notes", "feature_names", name="which")
    given = {key: value} if which != "feature_names" else [value] * 5
    import copy

    ask(sksymsim.update_model_card, copy.deepcopy(model), **{which: given})
    check(ask(sksymsim.model_card, model) == before, "the card was changed")


def drawn_curve(draw, name):
    """Pictures of labels and log-odds."""
    n = draw(values.SIZES)
    display = getattr(sksymsim, name)
    named = {"sample_weight": values.weights(draw, n)}
    if name != "DetDisplay":
        named["n_bins"] = values.number(draw, "n_bins", 1, 5)
    import matplotlib.pyplot as plt

    try:
        shown = ask(
            display.from_predictions,
            values.labels(draw, n),
            values.scores(draw, n),
            **named,
        )
        shown.figure_.savefig(io.BytesIO(), format="raw", dpi=20)
    finally:
        plt.close("all")


def drawn_transitivity(draw, name):
    import matplotlib.pyplot as plt

    n = draw(values.SIZES)
    scores = values.array(draw, (n, n), "scores")
    if draw.maybe(0.8):
        with np.errstate(all="ignore"):
            scores = np.maximum(scores, scores.T) if scores.dtype.kind in "fiu" else 0
    try:
        ask(sksymsim.TransitivityDisplay.from_predictions, scores, n_thresholds=5)
    finally:
        plt.close("all")


def scorer(draw, name):
    names = (*sksymsim.get_pair_scorer_names(), "x")
    if name == "get_threshold_scorer":
        criteria = ("accuracy", "f_beta", "precision", "recall", "x")
        bound = values.number(draw, "bound", None, 0.5)
        made = ask(
            sksymsim.get_threshold_scorer, draw.of(*criteria, name="what"), bound=bound
        )
    else:
        made = ask(sksymsim.get_pair_scorer, draw.of(*names, name="what"))
    model = any_model(draw)
    pairs, n = pairs_of(draw, width=WIDTH)
    check_finite(ask(made, model, pairs, values.labels(draw, n)), name)


def from_frame(draw, name):
    import pandas as pd

    n, n_pairs = draw(values.SIZES), draw(values.SIZES)
    items = values.table(draw, n, name="items")
    if items.ndim != 2:
        return
    ids = draw.of(np.arange(n), [f"i{k}" for k in range(n)], [0] * n, [None] * n)
    frame = pd.DataFrame(np.array(items), index=ids)
    rows = values.index(draw, n, n_pairs)
    if rows.ndim != 2 or rows.dtype.kind == "f" or rows.min(initial=0) < 0:
        return
    named = [ids[min(k, n - 1)] if n else k for k in rows.ravel()]
    table = pd.DataFrame(
        np.array(named, dtype=object).reshape(-1, 2), columns=["a", "b"]
    )
    pairs = ask(
        Pairs.from_frame, table, left="a", right="b", items=frame, also=(KeyError,)
    )
    check(len(pairs) == n_pairs, "length")


TARGETS = {
    "Pairs.from_frame": from_frame,
    "SymmetricPairClassifier.cross_scores": crossed,
    "DetDisplay": drawn_curve,
    "ReliabilityDisplay": drawn_curve,
    "ScoreDistributionDisplay": drawn_curve,
    "TransitivityDisplay": drawn_transitivity,
    "calibrate_threshold": measured,
    "check_axioms": axioms,
    "deduplicate": grouped,
    "get_pair_scorer": scorer,
    "get_threshold_scorer": scorer,
    "link": grouped,
    "pair_report": measured,
    "recalibrate": measured,
    "save_model": stored,
    "to_cosine": indexed,
    "to_inner_product": indexed,
    "to_l2": indexed,
    "calibrate_group_threshold": group_threshold,
    "update_model_card": carded,
}
