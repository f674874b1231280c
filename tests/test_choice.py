# SPDX-License-Identifier: BSD-3-Clause
"""What a search takes, by scores that are made up: no model is fitted here."""

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, make_scorer, roc_auc_score

from sksymsim import equal_error_rate
from sksymsim._selection.choice import (
    Blend,
    HeldOutPairs,
    best_of_each,
    calibrated,
    choose_one,
    fit_stack,
    in_plain_units,
    log_loss_gains,
    loss_gain_is_sure,
    nested,
    pair_error,
    part_gain_is_sure,
    standard_error,
    weights_at_rate,
)
from sksymsim._selection.decision import _stack_or_best, decide
from sksymsim._selection.rules import LogLossRule, ScorerRule, make_rule, scoring_names

some_seeds = pytest.mark.parametrize("seed_offset", range(3))


def held_pairs(rng, n_parts=4, n_of_part=60, n_nodes=40):
    """Return held-out pairs of parts of one size, and labels that mean nothing."""
    n_held = n_parts * n_of_part
    parts = np.repeat(np.arange(n_parts), n_of_part)
    return HeldOutPairs(
        targets=rng.choice([-1.0, 1.0], n_held),
        weights=rng.uniform(0.5, 2.0, n_held),
        parts=parts,
        nodes=rng.integers(0, n_nodes, (n_held, 2)),
        splits=parts,
    )


def telling(rng, held, strength):
    """Return log-odds that tell the labels as well as `strength` says."""
    return strength * held.targets + rng.normal(size=len(held.targets))


# ------------------------------------------------------------------ errors of pairs


@settings(max_examples=100, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 5),
            st.floats(-3, 3),
            st.floats(0, 2),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_pair_error_sums_products_of_pairs_that_share_an_item(pairs):
    """Each product once: also where two pairs share both items, or are one item."""
    nodes = np.array([pair[:2] for pair in pairs])
    gaps, weights = np.array([pair[2:] for pair in pairs]).T
    variance = 0.0
    for i, (a, b) in enumerate(nodes):
        for j, (c, d) in enumerate(nodes):
            if {a, b} & {c, d}:
                variance += weights[i] * gaps[i] * weights[j] * gaps[j]
    least = np.sum((weights * gaps) ** 2)
    expected = np.sqrt(max(variance, least))
    assert_allclose(pair_error(gaps, weights, nodes), expected, rtol=1e-7, atol=1e-7)


def test_pair_error_of_pairs_that_are_listed_twice_is_that_of_once():
    """Folds may overlap: what is said twice is not known better."""
    rng = np.random.default_rng(0)
    gaps, nodes = rng.normal(size=30), rng.permutation(60).reshape(30, 2)
    weights = np.full(30, 1 / 30)
    once = pair_error(gaps, weights, nodes)
    swapped = np.concatenate([nodes, nodes[:, ::-1]])
    twice = pair_error(np.tile(gaps, 2), np.tile(weights / 2, 2), swapped)
    assert_allclose(twice, once)


# ---------------------------------------------------------------------- choose one


def test_choose_one_by_hand():
    gains = np.array(
        [
            # Gaps of .02 +- .092 / 2 to the best: within one standard error.
            [-0.20, -0.14, -0.40, -0.34],
            # Gaps of .03 +- .012 / 2: surely worse, however plain.
            [-0.12, -0.24, -0.32, -0.44],
            [-0.10, -0.20, -0.30, -0.40],
            # The best one again, less plain.
            [-0.10, -0.20, -0.30, -0.40],
        ]
    )
    assert choose_one(gains, [(1,), (0,), (2,), (3,)]) == 0
    assert choose_one(gains, [(2,), (0,), (1,), (3,)]) == 2
    assert choose_one(gains[1:], [(0,), (2,), (1,)]) == 2
    # One part says nothing of errors.
    assert choose_one(gains[:, :1], [(0,), (1,), (2,), (3,)]) == 2


def test_best_of_each_family():
    gains = np.array([[1.0, 0.0], [3.0, 0.0], [9.0, 1.0], [0.0, 4.0], [3.0, 0.0]])
    assert best_of_each(gains, ["a", "b", "a", "b", "c"]) == [2, 3, 4]


# --------------------------------------------------------- rates, levels, log-losses


@some_seeds
def test_weights_at_one_rate(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    held = held_pairs(rng)
    similar = held.targets > 0
    given = held.weights.copy()
    weights = weights_at_rate(given, similar, held.parts, 0.3)
    assert_array_equal(given, held.weights)
    for part in range(held.n_parts):
        mine = held.parts == part
        assert_allclose(weights[mine].sum(), 1.0)
        assert_allclose(weights[mine & similar].sum() / weights[mine].sum(), 0.3)
        for kind in (similar, ~similar):
            ratios = weights[mine & kind] / given[mine & kind]
            assert_allclose(ratios, ratios[0])


def test_weights_of_any_size():
    parts, similar = np.array([0, 0, 0, 0]), np.array([True, True, False, False])
    given = np.array([3e-318, 1e-318, 1.0, 1.0])
    weights = weights_at_rate(given, similar, parts, 0.4)
    assert_allclose(weights, [0.3, 0.1, 0.3, 0.3], rtol=1e-4)


@some_seeds
def test_each_part_has_its_best_scale_and_shift(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    held = held_pairs(rng)
    raw = np.array([3 * telling(rng, held, 1.0) + 5, telling(rng, held, -1.0)])
    scores, scales = calibrated(raw, held)
    gains = log_loss_gains(scores, held)
    for part in range(held.n_parts):
        rows = held.parts == part
        y, weights = held.targets[rows] > 0, held.weights[rows]
        platt = LogisticRegression(C=1e10, tol=1e-10)
        platt.fit(raw[:1, rows].T, y, sample_weight=weights)
        expected = platt.decision_function(raw[:1, rows].T)
        assert_allclose(scores[0, rows], expected, atol=1e-4)
        assert_allclose(scales[0, part], platt.coef_[0, 0], rtol=1e-3)
        # What points the wrong way is switched off.
        rate = weights @ y / weights.sum()
        assert scales[1, part] == 0
        assert_allclose(scores[1, rows], np.log(rate / (1 - rate)))
        expected = -log_loss(
            y, platt.predict_proba(raw[:1, rows].T)[:, 1], **_w(weights)
        )
        assert_allclose(gains[0, part], expected, rtol=1e-5)


def _w(weights):
    return {"sample_weight": weights}


@some_seeds
def test_a_stack_in_plain_units(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    held = held_pairs(rng)
    raw = np.array([telling(rng, held, 1.0), 7 * telling(rng, held, 0.5) - 3])
    scales = rng.uniform(0.5, 2.0, (2, held.n_parts))
    blend = Blend(np.array([0, 1]), np.array([0.4, 0.9]), 0.3)
    plain = in_plain_units(blend, raw, scales, held)
    ratio = plain.weights / (blend.weights * np.median(scales, axis=1))
    assert_allclose(ratio, ratio[0])
    # In the part of the lower median, the scale is 1 and the shift the intercept.
    levels = []
    for part in range(held.n_parts):
        rows = held.parts == part
        platt = LogisticRegression(C=1e10, tol=1e-10)
        mix = (plain.weights @ raw[:, rows])[:, None]
        platt.fit(mix, held.targets[rows] > 0, sample_weight=held.weights[rows])
        levels.append((platt.coef_[0, 0], platt.intercept_[0]))
    scale, shift = sorted(levels)[1]
    assert_allclose(scale, 1, atol=1e-3)
    assert_allclose(shift, plain.intercept, atol=1e-3)


def test_one_part_of_log_odds_of_any_size_does_not_set_the_level():
    """Where the training pairs of a fold can be separated, they are."""
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    raw = telling(rng, held, 1.0)[None]
    wild = np.where(held.parts == 2, 1e4 * raw, raw)
    blend = Blend(np.array([0]), np.ones(1), 0.0)
    weights = [
        in_plain_units(blend, some, calibrated(some, held)[1], held).weights[0]
        for some in (raw, wild)
    ]
    assert 0.5 < weights[1] / weights[0] < 2


def test_parts_of_one_split_have_one_level():
    """Two folds, and a split in three parts that says everything ten times as sure."""
    rng = np.random.default_rng(0)
    held = held_pairs(rng, n_parts=5, n_of_part=400)
    raw = telling(rng, held, 1.0)[None]
    raw[0, held.parts >= 2] /= 10
    blend = Blend(np.array([0]), np.ones(1), 0.0)
    scales = np.ones((1, 5))
    by_part = in_plain_units(blend, raw, scales, held)
    held = replace(held, splits=np.minimum(held.parts, 2))
    by_split = in_plain_units(blend, raw, scales, held)
    assert by_part.weights[0] > 5 * by_split.weights[0]


def test_a_member_without_a_scale_is_left_out():
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    raw = np.array([telling(rng, held, 1.0), telling(rng, held, 1.0)])
    scales = np.array([[1.0] * 4, [0.0, 0.0, 0.0, 2.0]])
    blend = Blend(np.array([0, 1]), np.ones(2), 0.0)
    assert_array_equal(in_plain_units(blend, raw, scales, held).members, [0])
    # And where all points the wrong way, nothing is left but the rate.
    nothing = in_plain_units(blend, -raw, scales, held)
    assert len(nothing.members) == 0
    rates = []
    for part in range(held.n_parts):
        rows = held.parts == part
        rates.append(np.average(held.targets[rows] > 0, weights=held.weights[rows]))
    expected = np.sort(np.log(np.array(rates) / (1 - np.array(rates))))[1]
    assert_allclose(nothing.scores(raw), expected)


# ---------------------------------------------------------------------------- nested


@some_seeds
def test_no_part_sees_itself(seed, seed_offset):
    rng = np.random.default_rng(seed + seed_offset)
    held = held_pairs(rng)
    order = rng.permutation(len(held.parts))
    held = replace(held, **{f.name: getattr(held, f.name)[order] for f in fields(held)})
    seen = []

    def spy(rows, others):
        (part,) = np.flatnonzero(~others)
        seen.append(part)
        assert_array_equal(rows, np.flatnonzero(held.parts != part))
        return np.full(len(held.parts), float(part))

    assert_array_equal(nested(spy, held), held.parts)
    assert seen == list(range(held.n_parts))


def test_the_decision_on_a_part_does_not_depend_on_its_labels():
    """A candidate that is right on one part only is not taken there for that."""
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    noise = [rng.normal(size=len(held.targets)) for _ in range(5)]
    for part in range(held.n_parts):
        mine = held.parts == part
        noise[part + 1][mine] = 4 * held.targets[mine]
    held_out = held_out_scores([telling(rng, held, 0.0), *noise])
    for combine in ("best", "stack"):
        decision = decide(held_out, held, LogLossRule(), combine)
        assert decision.name == "cosine"


# ------------------------------------------------------------------ more than noise


def test_what_is_more_than_noise():
    rng = np.random.default_rng(0)
    held = held_pairs(rng, n_nodes=480)
    noise = rng.normal(size=len(held.targets))
    assert not loss_gain_is_sure(0 * noise, held)
    assert loss_gain_is_sure(0.5 + noise, held)
    assert not loss_gain_is_sure(-0.5 + noise, held)
    # Of one part alone: the mean is sure, and the parts do not agree.
    one = np.where(held.parts == 0, 2.0, 0.0) + 0.1 * noise
    assert not loss_gain_is_sure(one, held)


def test_a_gain_is_more_than_one_standard_error_over_the_parts():
    """Of four parts: the mean is .5, and its error by hand."""
    parts = np.repeat(np.arange(4), 500)
    held = HeldOutPairs(
        targets=np.ones(2000),
        weights=np.ones(2000),
        parts=parts,
        splits=parts,
        nodes=np.arange(4000).reshape(-1, 2),
    )
    # Errors of 0.289, 0.467, 0.5, and 0.9 / 1.04.
    for by_part, is_sure in (
        ([1, 1, 0, 0], True),
        ([1.9, 0.1, 0, 0], True),
        ([2, 0, 0, 0], False),
        ([3, -1, 0, 0], False),
    ):
        gaps = np.repeat(np.array(by_part, dtype=float), 500)
        assert loss_gain_is_sure(gaps, held) == is_sure
        assert not loss_gain_is_sure(-gaps, held)


def test_pairs_of_one_item_are_hardly_more_than_one():
    rng = np.random.default_rng(0)
    held = held_pairs(rng, n_nodes=480)
    gaps = 0.3 + rng.normal(size=len(held.targets))
    assert loss_gain_is_sure(gaps, held)
    hub = np.column_stack([np.zeros(240, dtype=int), np.arange(1, 241)])
    hubs = np.repeat(rng.normal(size=4), 60)
    shared = replace(held, nodes=hub)
    assert not loss_gain_is_sure(0.3 + hubs, shared)


def test_parts_by_students_t():
    # t = .25 / (.129 / 2) = 3.87, and the quantile of 3 degrees is 4.54 at .99.
    gains = np.array([0.1, 0.2, 0.3, 0.4])
    assert_allclose(standard_error(gains), np.sqrt(0.05 / 3) / 2)
    assert not part_gain_is_sure(gains)
    # t = 4.65.
    assert part_gain_is_sure(gains + 0.05)
    assert not part_gain_is_sure(-gains - 0.05)
    assert part_gain_is_sure(np.full(4, 0.1))
    assert not part_gain_is_sure(np.zeros(4))


# ------------------------------------------------------------------------- decisions


def held_out_scores(scores, families=("cosine", "euclid", "a", "b", "c", "d")):
    """Return candidates without models, the first two of them baselines."""
    candidates = [
        SimpleNamespace(family=family, params={}, plainness=(i - 2,))
        for i, family in enumerate(families[: len(scores)])
    ]
    return SimpleNamespace(candidates=candidates, scores=np.array(scores))


@pytest.mark.parametrize("rule", [LogLossRule(), make_rule("roc_auc")])
@pytest.mark.parametrize("combine", ["auto", "stack", "best"])
def test_what_was_learned_is_taken_where_it_is_better(combine, rule):
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = [telling(rng, held, s) for s in (0.2, 0.3, 1.0, 1.1)]
    decision = decide(held_out_scores(scores), held, rule, combine)
    # Two that err independently are better than one.
    assert decision.name == ("best" if combine == "best" else "stack")
    assert decision.score.mean() > decision.baseline_score.mean()
    assert decision.score.mean() >= decision.transfer_score.mean()
    assert decision.baseline == 1
    assert {2, 3} & set(decision.blend.members.tolist())
    assert (decision.blend.weights > 0).all()
    assert decision.gains.shape == (4, held.n_parts)


def test_auto_takes_one_where_a_stack_is_no_better():
    rng = np.random.default_rng(1)
    held = held_pairs(rng, n_of_part=30)
    scores = [telling(rng, held, s) for s in (0.0, 0.0, 3.0, 0.0, 0.0, 0.0)]
    held_out = held_out_scores(scores)
    names = {c: decide(held_out, held, LogLossRule(), c) for c in ("stack", "best")}
    better = max(names, key=lambda name: names[name].score.mean())
    auto = decide(held_out, held, LogLossRule(), "auto")
    assert auto.name == better
    assert_allclose(auto.score, names[better].score)


def test_a_stack_unless_one_alone_leads_by_more_than_an_error():
    """The lead of .5 has an error of .289, or .5, or .577."""
    stack = np.array([-0.9, -0.5, -0.7, -0.2])
    for lead, taken in (
        ([1, 1, 0, 0], "best"),
        ([2, 0, 0, 0], "stack"),
        ([2, 1, -1, 0], "stack"),
        ([0, 0, 0, 0], "stack"),
        ([0.1, 0.1, 0.1, 0.1], "best"),
        ([-1, -1, 0, 0], "stack"),
    ):
        scored = {"best": stack + np.array(lead), "stack": stack}
        assert _stack_or_best(scored) == taken
    assert _stack_or_best({"best": stack}) == "best"
    assert _stack_or_best({"stack": stack}) == "stack"


@pytest.mark.parametrize("is_alone", [False, True])
def test_auto_takes_a_stack_or_one(is_alone):
    """Several that err by themselves are better together; one beside noise is not."""
    rng = np.random.default_rng(2)
    held = held_pairs(rng, n_parts=8, n_of_part=40)
    scores = [telling(rng, held, 0.1), telling(rng, held, 0.1)]
    if is_alone:
        # Each family of noise looks good on other parts, and costs on this one.
        scores += [telling(rng, held, 1.0)]
        scores += [20 * telling(rng, held, 0.0) for _ in range(30)]
    else:
        scores += [telling(rng, held, 1.0) for _ in range(4)]
    families = ["cosine", "euclid", *map(str, range(len(scores)))]
    held_out = held_out_scores(scores, families)
    found = {c: decide(held_out, held, LogLossRule(), c) for c in ("stack", "best")}
    lead = found["best"].score - found["stack"].score
    assert (lead.mean() > standard_error(lead)) == is_alone
    auto = decide(held_out, held, LogLossRule(), "auto")
    assert auto.name == ("best" if is_alone else "stack")
    assert_array_equal(auto.score, found[auto.name].score)


@some_seeds
@pytest.mark.parametrize("combine", ["auto", "stack", "best"])
@pytest.mark.parametrize("rule", [LogLossRule(), make_rule("average_precision")])
def test_a_baseline_is_taken_where_nothing_is_better(seed, seed_offset, combine, rule):
    rng = np.random.default_rng(seed + seed_offset)
    held = held_pairs(rng)
    strengths = (1.5, 0.0, 0.1, 0.0, 0.2)
    scores = [telling(rng, held, s) for s in strengths]
    decision = decide(held_out_scores(scores), held, rule, combine)
    assert decision.name == "cosine"
    assert_array_equal(decision.blend.members, [0])
    assert_array_equal(decision.blend.weights, [1])
    assert_array_equal(decision.score, decision.baseline_score)
    swapped = held_out_scores([scores[1], scores[0], *scores[2:]])
    assert decide(swapped, held, rule, combine).name == "euclid"


def test_what_is_made_of_baselines_only_is_called_so():
    """A stack of both may be better than either, and nothing was learned."""
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = [telling(rng, held, 1.0), telling(rng, held, 1.0)]
    decision = decide(held_out_scores(scores), held, LogLossRule(), "stack")
    assert decision.name in ("cosine", "euclid")


def test_stack_is_fitted_on_the_rows_that_are_given():
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = np.array([telling(rng, held, 1.0), telling(rng, held, 0.5)])
    gains = log_loss_gains(scores, held)
    rows = np.flatnonzero(held.parts != 2)
    blend = fit_stack(scores, held, gains, ["a", "b"], rows)
    changed = scores.copy()
    changed[:, held.parts == 2] = 99.0
    again = fit_stack(changed, held, gains, ["a", "b"], rows)
    assert_array_equal(blend.weights, again.weights)
    assert blend.intercept == again.intercept


# ----------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [
        ("roc_auc", lambda y, s, w: roc_auc_score(y, s, sample_weight=w)),
        ("neg_equal_error_rate", lambda y, s, w: -equal_error_rate(y, s, **_w(w))),
    ],
)
def test_gains_by_a_scorer(scoring, metric):
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = np.array([telling(rng, held, 1.0), telling(rng, held, 0.2)])
    gains = make_rule(scoring).gains(scores, held)
    for part in range(held.n_parts):
        rows = held.parts == part
        for i in range(2):
            y, weights = held.targets[rows] > 0, held.weights[rows]
            assert_allclose(gains[i, part], metric(y, scores[i, rows], weights))


def test_log_loss_by_scikit_learn_is_the_same():
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = np.array([telling(rng, held, 1.0), telling(rng, held, 0.2)])
    scorer = make_scorer(
        log_loss, greater_is_better=False, response_method="predict_proba"
    )
    assert isinstance(make_rule("neg_log_loss"), LogLossRule)
    assert_allclose(
        ScorerRule(scorer).gains(scores, held),
        make_rule("neg_log_loss").gains(scores, held),
    )


def test_scorers_that_know_no_weights():
    rng = np.random.default_rng(0)
    held = held_pairs(rng)
    scores = np.array([telling(rng, held, 1.0)])

    def mean_margin(estimator, X, y):
        return float(np.mean(estimator.decision_function(X) * (2 * y - 1)))

    def share_right(y_true, y_pred):
        return float(np.mean(y_true == y_pred))

    margins = held.targets * scores[0]
    by_part = margins.reshape(held.n_parts, -1)
    gains = make_rule(mean_margin).gains(scores, held)
    assert_allclose(gains[0], by_part.mean(axis=1))
    gains = make_rule(make_scorer(share_right)).gains(scores, held)
    assert_allclose(gains[0], (by_part > 0).mean(axis=1))


def test_names_of_scorings():
    names = scoring_names()
    assert names == sorted(set(names))
    assert {"neg_log_loss", "roc_auc", "average_precision", "tar_at_far"} <= set(names)
