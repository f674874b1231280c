# SPDX-License-Identifier: BSD-3-Clause
"""Every public function that takes numbers, labels or pairs, and no model."""

import numpy as np

import sksymsim
from fuzz import values
from fuzz.contract import ask, check, check_finite, check_same, check_shares
from fuzz.estimators import pairs_of
from sksymsim import Pairs

CRITERIA = ("accuracy", "f_beta", "precision", "recall", "far", "mcc", "x")


def metric(draw, name):
    """Labels and scores."""
    n = draw(values.SIZES)
    y, scores = values.labels(draw, n), values.scores(draw, n)
    named = {"sample_weight": values.weights(draw, n)}
    if draw.maybe(0.2):
        named["pos_label"] = draw.of(0, 1, True, "yes", "x", name="pos_label")
    if name == "expected_calibration_error" and draw.maybe(0.8):
        if scores.dtype.kind in "fiu":
            scores = np.abs(np.sin(scores.astype(float)))
    result = ask(getattr(sksymsim, name), y, scores, **named, **options(draw, name))
    if name == "threshold_at":
        check(not np.isnan(result.threshold), "threshold")
        for part in ("accuracy", "precision", "recall", "far"):
            check_shares(getattr(result, part), part)
    elif name in ("equal_error_rate", "tar_at_far", "expected_calibration_error"):
        check_shares(result, name)
    else:
        check_finite(result, name)


# The numbers that each metric takes, each with what it may be.
NUMBERS = {
    "actual_dcf": {
        "p_target": (0.01, 0.5, 1e-30),
        "c_miss": (1.0, 1e30),
        "similar_rate": (None, 0.3, 1e-6),
    },
    "cllr": {"similar_rate": (None, 0.3, 1e-6)},
    "min_dcf": {"p_target": (0.01, 0.5, 1e-30), "c_miss": (1.0, 1e30)},
    "expected_calibration_error": {"n_bins": (1, 3, 10)},
    "tar_at_far": {"far": (0.01, 0.5, [0.1, 0.2])},
    "threshold_at": {"beta": (1.0, 0.5)},
}


def options(draw, name):
    """Draw what else a metric takes."""
    known = NUMBERS.get(name, {}).items()
    named = {option: values.number(draw, option, *good) for option, good in known}
    if name == "expected_calibration_error":
        named["strategy"] = draw.of("quantile", "uniform", name="strategy")
    if name == "threshold_at":
        named["criterion"] = draw.of(*CRITERIA, name="criterion")
        if named["criterion"] in ("precision", "recall", "far") or draw.maybe(0.1):
            named["bound"] = values.number(draw, "bound", 0.5, 0.9)
    return named


def reweighting(draw, name):
    n = draw(values.SIZES)
    y = values.labels(draw, n)
    rate = values.number(draw, "similar_rate", 0.3, 1e-12, 1e-300)
    result = ask(
        sksymsim.deployment_weights, y, rate, sample_weight=values.weights(draw, n)
    )
    check_finite(result, name)


def shift(draw, name):
    log_odds = values.scores(draw, draw(values.SIZES))
    rates = [values.number(draw, f"rate{i}", 0.3, 1e-12, 1e-300) for i in (0, 1)]
    shifted = ask(sksymsim.shift_log_odds, log_odds, *rates)
    check_same(np.isfinite(shifted), np.isfinite(log_odds), name)


def groups(draw, name):
    n = draw(values.SIZES)
    both = [values.labels(draw, n), values.array(draw, (n,), "labels")]
    check_shares(ask(getattr(sksymsim, name), *both), name)


def labelled(draw, name):
    """Labels of pairs that contradict each other."""
    pairs, n = pairs_of(draw)
    y = values.labels(draw, n)
    named = {"max_contradictions": values.number(draw, "most", 0, 1, 20, None)}
    if name == "close_labels":
        named["sample_weight"] = values.weights(draw, n)
        named["max_growth"] = values.number(draw, "growth", 1.0, 0, 1e30, None)
        named["max_new"] = values.number(draw, "new", None, 0, 5)
        named["on_conflict"] = draw.of("keep", "drop", "raise", "x", name="on_conflict")
        named["random_state"] = 0
    result = ask(getattr(sksymsim, name), pairs, y, **named)
    if name == "close_labels":
        check(len(result.pairs) == len(result.y), "lengths")
        check_finite(result.sample_weight, "sample_weight")
    else:
        result.to_dict()
        check(len(str(result)) > 0, "text")


def splitter(draw, name):
    """Folds, and what they share."""
    pairs, n = pairs_of(draw)
    y = draw.of(None, 1) and values.labels(draw, n)
    units = draw.of(None, values.array, values.index)
    if units is values.array:
        units = values.array(draw, (n,), "groups")
    elif units is values.index:
        units = values.index(draw, 4, n)
    named = {
        "level": draw.of("item", "group", "pair", "one", "x", name="level"),
        "random_state": 0,
    }
    n_splits = values.number(draw, "n_splits", 2, 3)
    if name == "PairGroupKFold":
        cv = ask(sksymsim.PairGroupKFold, n_splits, **named)
    else:
        size = values.number(draw, "test_size", None, 0.3, 2)
        cv = ask(sksymsim.PairShuffleSplit, n_splits, test_size=size, **named)
    folds = ask(lambda *given: list(cv.split(*given)), pairs, y, units)
    for train, test in folds:
        check(len(np.intersect1d(train, test)) == 0, "a pair in both parts")
        check(len(train) and len(test), "an empty part")
    ask(cv.report, pairs, y, units)


def split_once(draw, name):
    pairs, n = pairs_of(draw)
    y = values.labels(draw, n)
    size = values.number(draw, "test_size", None, 0.3, 2)
    given = ask(sksymsim.pair_train_test_split, pairs, y, test_size=size)
    check(len(given) == 4, "parts")


def leakage(draw, name):
    width = draw(values.WIDTHS)
    train, n_train = pairs_of(draw, width=width)
    test, n_test = pairs_of(draw, width=width)
    named = {}
    if draw.maybe(0.5):
        named["y_train"] = values.labels(draw, n_train)
        named["y_test"] = values.labels(draw, n_test)
    str(ask(sksymsim.pair_leakage_report, train, test, **named))


def drawn_pairs(draw, name):
    """Pairs out of class labels."""
    n = draw(values.SIZES)
    X = values.table(draw, n, allow_sparse=True)
    y = values.labels(draw, n) if draw.maybe(0.5) else values.array(draw, (n,), "y")
    named = {
        "n_pairs": values.number(draw, "n_pairs", None, 4, 10),
        "similar_rate": values.number(draw, "similar_rate", 0.5, None, 0.01),
        "hard_negatives": values.number(draw, "hard_negatives", 0.0, 0.5, 1.0),
        "random_state": 0,
    }
    pairs, labels, _ = ask(sksymsim.make_pairs, X, y, **named)
    check(len(pairs) == len(labels), "lengths")
    check(np.isin(labels, [0, 1]).all(), "labels")


def kernel(draw, name):
    width = draw(values.WIDTHS)
    X, n = pairs_of(draw, width=width)
    named = {
        "pairwise": draw.of("tppk", "mlpk", "both", "sum", "concat", name="pairwise"),
        "kernel": draw.of("linear", "poly", "rbf", name="kernel"),
        "degree": values.number(draw, "degree", 3, 1, 2, 9),
        "gamma": values.number(draw, "gamma", None, 1.0, 1e-30),
        "coef0": values.number(draw, "coef0", 1.0, 0.0, 1e3),
    }
    result = ask(getattr(sksymsim, name), X, **named)
    if name == "pair_gram_operator":
        result = ask(result.matmat, np.eye(n))
    check_finite(result, name)
    scale = np.abs(result).max(initial=0)
    check(np.allclose(result, result.T, rtol=0, atol=1e-6 * scale), "not symmetric")


def container(draw, name):
    """All that pairs can be asked."""
    pairs, n = pairs_of(draw)
    if not isinstance(pairs, Pairs):
        pairs = ask(Pairs, *pairs) if isinstance(pairs, tuple) else None
    if pairs is None:
        return
    check(len(repr(pairs)) > 0, "repr")
    array = np.asarray(pairs)
    check_same(np.asarray(pairs.swap())[:, ::-1], array, "swap")
    check_same(np.asarray(pairs.compact()), array, "compact")
    check_same(np.asarray(ask(pairs.to_index)), array, "to_index")
    check(len(ask(pairs.groups)) == n, "groups")
    key = draw.of(0, -1, n, slice(1, None), slice(None, None, -1), [0], "mask", "a")
    key = np.arange(n) % 2 == 0 if key == "mask" else key
    part = ask(lambda key: pairs[key], key, also=(IndexError,))
    check_same(np.asarray(part)[:, ::-1], np.asarray(part.swap()), "part")
    mapped = ask(pairs.map_items, lambda rows: rows)
    check_same(np.asarray(mapped), array, "map_items")


METRICS = (
    "actual_dcf",
    "cllr",
    "equal_error_rate",
    "expected_calibration_error",
    "min_cllr",
    "min_dcf",
    "tar_at_far",
    "threshold_at",
)
TARGETS = {
    **{name: metric for name in METRICS},
    "Pairs": container,
    "PairGroupKFold": splitter,
    "PairShuffleSplit": splitter,
    "audit_labels": labelled,
    "b_cubed": groups,
    "close_labels": labelled,
    "deployment_weights": reweighting,
    "make_pairs": drawn_pairs,
    "pair_gram_operator": kernel,
    "pair_kernel": kernel,
    "pair_leakage_report": leakage,
    "pair_train_test_split": split_once,
    "pairwise_f1": groups,
    "pairwise_scores": groups,
    "shift_log_odds": shift,
}
