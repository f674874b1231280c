# SPDX-License-Identifier: BSD-3-Clause
"""The report of what test pairs share with training, against naive counts."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import roc_auc_score

from sksymsim import Pairs, make_pairs, pair_leakage_report
from sksymsim._splits.one_sided import auc_of_pairs

# ------------------------------------------------------------- naive counts with sets


def reach(start, edges):
    """Return everything that can be reached along some edges."""
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for edge in edges:
            if here in edge:
                waiting += [end for end in edge if end not in found]
                found |= set(edge)
    return found


def naive_counts(train, test, y_train, y_test):
    seen = {item for pair in train for item in pair}
    n_seen = [sum(item in seen for item in pair) for pair in test]
    labels = {}
    for pair, label in zip(train, y_train, strict=True):
        labels.setdefault(frozenset(pair), set()).add(label)
    repeated = [frozenset(pair) in labels for pair in test]
    similar = [pair for pair, label in zip(train, y_train, strict=True) if label]
    other = [pair for pair, label in zip(train, y_train, strict=True) if not label]
    implied = []
    for pair, known in zip(test, repeated, strict=True):
        chains = [reach(item, similar) for item in pair]
        joined = any(
            (a in chains[0] and b in chains[1]) or (b in chains[0] and a in chains[1])
            for a, b in other
        )
        if known or pair[0] == pair[1]:
            implied.append(None)
        elif pair[1] in chains[0]:
            implied.append(1)
        else:
            implied.append(0 if joined else None)
    right = [i == y for i, y in zip(implied, y_test, strict=True) if i is not None]
    return {
        "n_train": len(train),
        "n_test": len(test),
        "n_items_train": len(seen),
        "n_items_test": len({item for pair in test for item in pair}),
        "n_shared_items": len(seen & {item for pair in test for item in pair}),
        "n_both_seen": n_seen.count(2),
        "n_one_seen": n_seen.count(1),
        "n_none_seen": n_seen.count(0),
        "n_repeated": sum(repeated),
        "n_swapped": sum(
            known and tuple(pair) not in set(map(tuple, train))
            for pair, known in zip(test, repeated, strict=True)
        ),
        "n_contradicting": sum(
            (1 - y) in labels.get(frozenset(pair), ())
            for pair, y in zip(test, y_test, strict=True)
        ),
        "n_implied_similar": implied.count(1),
        "n_implied_dissimilar": implied.count(0),
        "implied_accuracy": np.mean(right) if right else None,
    }


@st.composite
def two_parts(draw):
    item = st.integers(0, draw(st.integers(1, 12)))
    parts = []
    for _ in range(2):
        pairs = draw(st.lists(st.tuples(item, item), min_size=1, max_size=25))
        n = len(pairs)
        parts += [pairs, draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))]
    return parts


@settings(max_examples=60, deadline=None)
@given(two_parts())
def test_counts_are_the_naive_ones(parts):
    train, y_train, test, y_test = parts
    if len(set(y_train + y_test)) == 1:
        y_test[0] = 1 - y_test[0]
        if len(set(y_train + y_test)) == 1:
            return
    report = pair_leakage_report(
        np.array(train), np.array(test), y_train=y_train, y_test=y_test
    )
    expected = naive_counts(train, test, y_train, y_test)
    found = {key: getattr(report, key) for key in expected}
    assert found == pytest.approx(expected)
    assert report.repeated.sum() == report.n_repeated
    assert report.implied.sum() == (
        report.n_implied_similar + report.n_implied_dissimilar
    )
    assert (report.n_seen == 2).sum() == report.n_both_seen


def test_degrees_and_items_of_one_label():
    # Item 0 is in three similar pairs, 1 in both kinds, 4 in two dissimilar ones.
    train = np.array([[0, 1], [0, 2], [0, 3], [1, 4], [4, 5]])
    report = pair_leakage_report(train, np.array([[7, 8]]), y_train=[1, 1, 1, 0, 0])
    assert report.max_degree == 3
    assert report.median_degree == 1.5
    assert report.one_label_share == pytest.approx(2 / 3)
    rates = [0.6**d + 0.4**d for d in (3, 2, 2)]
    assert report.one_label_expected == pytest.approx(np.mean(rates))


@pytest.mark.parametrize("kind", ["list", "array", "one column"])
def test_groups(kind):
    train, test = np.array([[0, 1], [2, 3]]), np.array([[4, 5], [6, 7], [8, 9]])
    groups = [["u", "v"], ["v", "w"]], [["w", "x"], ["y", "y"], ["u", "w"]]
    if kind == "array":
        groups = tuple(map(np.array, groups))
    if kind == "one column":
        groups = ["u", "w"], ["w", "y", "u"]
    report = pair_leakage_report(
        train, test, groups_train=groups[0], groups_test=groups[1]
    )
    assert (report.n_shared_groups, report.n_group_seen) == (2, 2)
    assert any("have a group that is in training" in text for text in report.alarms)


# ---------------------------------------------------------------- how items are matched


def rows_of(kind, items, index):
    pairs = Pairs.from_index(items, index)
    return {
        "index": pairs,
        "arrays": Pairs(pairs.left, pairs.right),
        "3-D": np.asarray(pairs),
        "tuple": (pairs.left, pairs.right),
        "double": Pairs(pairs.left.astype(float), pairs.right.astype(float)),
        "csr": Pairs.from_index(sparse.csr_matrix(items), index),
    }[kind]


@pytest.mark.parametrize("train_kind", ["index", "arrays", "3-D", "tuple", "csr"])
@pytest.mark.parametrize("test_kind", ["index", "arrays", "double", "csr"])
def test_items_are_matched_by_content(train_kind, test_kind, rng):
    """In tables of their own, and in another order."""
    items = rng.normal(size=(30, 3)).astype(np.float32)
    train, test = rng.integers(30, size=(2, 40, 2))
    order = rng.permutation(30)
    place = np.argsort(order)
    by_id = pair_leakage_report(train, test)
    by_row = pair_leakage_report(
        rows_of(train_kind, items, train), rows_of(test_kind, items[order], place[test])
    )
    assert by_row == by_id
    assert by_row.n_repeated > 0


# -------------------------------------------------------------- AUC and standard errors


@st.composite
def scored_pairs(draw):
    n = draw(st.integers(2, 30))
    item = st.integers(0, 6)
    keys = draw(st.lists(st.tuples(item, item), min_size=n, max_size=n))
    scores = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    similar = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    similar[0], similar[1] = True, False
    return np.array(similar), np.array(scores), np.array(keys)


def naive_variance(similar, scores, keys):
    """Sum products of influences over all pairs that share an item, two by two."""
    above = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
    placement = np.where(
        similar, above[:, ~similar].mean(axis=1), above[similar].mean(axis=0)
    )
    counts = np.where(similar, similar.sum(), (~similar).sum())
    influence = (placement - placement[similar].mean()) / counts
    shares = np.array([[bool(set(a) & set(b)) for b in keys] for a in keys])
    dyadic = influence @ shares @ influence
    return max(dyadic, (influence**2).sum())


@settings(max_examples=40, deadline=None)
@given(scored_pairs())
def test_auc_and_its_error_are_the_naive_ones(problem):
    similar, scores, keys = problem
    auc = auc_of_pairs(similar, scores.astype(float), keys)
    assert auc.value == pytest.approx(roc_auc_score(similar, scores))
    expected = naive_variance(similar, scores, keys.tolist())
    assert auc.error == pytest.approx(np.sqrt(expected), abs=1e-9)


def test_no_auc_of_one_class():
    assert auc_of_pairs(np.ones(3, bool), np.arange(3.0), np.zeros((3, 2), int)) is None


def test_error_is_that_of_a_simulation(rng):
    """Items have effects of their own: the naive error would be half of the truth."""
    values, errors, naive = [], [], []
    for _ in range(150):
        effect = rng.normal(size=25)
        keys = rng.integers(25, size=(400, 2))
        similar = rng.normal(size=25)[keys].sum(axis=1) > 0
        scores = effect[keys].sum(axis=1)
        auc = auc_of_pairs(similar, scores, keys)
        values.append(auc.value)
        errors.append(auc.error)
        apart = np.arange(800).reshape(400, 2)
        naive.append(auc_of_pairs(similar, scores, apart).error)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values), rel=0.3)
    assert np.mean(naive) < 0.6 * np.std(values)


# ------------------------------------------------------------------------------ alarms


def honest(rng, n_items=400):
    """Return training and test pairs of separate items and their labels."""
    classes = np.arange(n_items) % 8
    items = rng.normal(size=(n_items, 6)) + 2 * np.eye(8, 6)[classes]
    half = n_items // 2
    parts = [
        make_pairs(items[rows], classes[rows], n_pairs=1500, random_state=i)[:2]
        for i, rows in enumerate((slice(0, half), slice(half, None)))
    ]
    return parts


def test_no_alarm_on_honest_parts(rng):
    (train, y_train), (test, y_test) = honest(rng)
    report = pair_leakage_report(train, test, y_train=y_train, y_test=y_test)
    assert report.alarms == []
    assert str(report).endswith("alarms: none")
    assert report.sum_auc == pytest.approx(0.5, abs=4 * report.sum_auc_se)


@pytest.mark.parametrize("width", [6, 300])
def test_alarm_if_one_side_tells_the_label(width, rng):
    """Dissimilar pairs from a pool of their own: nothing has to be compared."""
    items = rng.normal(size=(800, width))
    items[:, 0] += np.repeat([0.0, 4.0], 400)
    similar = np.arange(800).reshape(-1, 2)
    rng.shuffle(similar)
    y = (similar[:, 0] < 400).astype(int)
    pairs = Pairs.from_index(items, similar)
    report = pair_leakage_report(
        pairs[:200], pairs[200:], y_train=y[:200], y_test=y[200:]
    )
    assert report.sum_auc > 0.7
    assert [text for text in report.alarms if "the sum of the two sides alone" in text]
    assert report.item_rate_auc == report.degree_auc == 0.5


def test_alarm_for_sparse_rows(rng):
    items = sparse.csr_matrix(
        rng.uniform(size=(400, 30)) * (np.arange(400) < 200)[:, None]
    )
    index = rng.permutation(np.arange(400).reshape(-1, 2))
    pairs, y = Pairs.from_index(items + sparse.eye(400, 30), index), index[:, 0] < 200
    report = pair_leakage_report(
        pairs[:100], pairs[100:], y_train=y[:100], y_test=y[100:]
    )
    assert report.sum_auc > 0.9


def test_alarms_of_hubs_and_of_item_rates(rng):
    """Items 0 to 9 are hubs of dissimilar pairs, all others are in similar ones."""
    hubs = np.column_stack([rng.integers(10, size=300), rng.integers(10, 60, size=300)])
    others = rng.integers(10, 60, size=(300, 2))
    index, y = np.concatenate([hubs, others]), np.repeat([0, 1], 300)
    order = rng.permutation(600)
    index, y = index[order], y[order]
    report = pair_leakage_report(
        index[:400], index[400:], y_train=y[:400], y_test=y[400:]
    )
    texts = " ".join(report.alarms)
    assert report.item_rate_auc > 0.9
    assert report.degree_auc < 0.3
    assert "the number of training pairs of the items alone tells" in texts
    assert "the labels of other pairs of the same items alone tell" in texts
    assert report.sum_auc is None


def test_alarm_of_items_of_one_label():
    similar = np.array([[0, 1], [1, 2], [2, 0]])
    train = np.concatenate([similar, similar + 3, similar + 6, similar + 9])
    y = np.repeat([1, 0, 1, 0], 3)
    report = pair_leakage_report(train, np.array([[20, 21]]), y_train=y)
    assert report.one_label_share == 1
    (text,) = report.alarms
    assert text.startswith(
        "100% of the training items in several pairs are in pairs of"
    )


@pytest.mark.parametrize(
    ("y_test", "alarm"), [(None, True), ([1] * 9 + [0], True), ([0] * 9 + [1], False)]
)
def test_chains_alarm_only_if_they_are_right(y_test, alarm):
    """A relation that is not transitive implies nothing."""
    train = np.column_stack([np.arange(11), np.arange(1, 12)])
    test = np.column_stack([np.arange(10), np.arange(2, 12)])
    labels = np.r_[np.ones(10), 0] if y_test is None else np.ones(11)
    report = pair_leakage_report(train, test, y_train=labels, y_test=y_test)
    assert any("follow from chains" in text for text in report.alarms) is alarm


def test_text_and_dict(rng):
    train, test = np.array([[0, 1], [1, 2]]), np.array([[1, 0], [0, 2], [3, 4]])
    report = pair_leakage_report(train, test, y_train=[1, 0], y_test=[0, 0, 1])
    text = str(report)
    assert text.splitlines()[0] == (
        "2 training pairs of 3 items, 3 test pairs of 5 items"
    )
    assert "shared pairs: 1 (1 only in the other order, with another label: 1)" in text
    assert all(f"- {alarm}" in text for alarm in report.alarms)
    assert (
        "1 of 3 test pairs (33.3%) are training pairs too, 1 of them with the sides "
        "exchanged, 1 with another label: drop them" in text
    )
    numbers = report.to_dict()
    assert json.loads(json.dumps(numbers)) == numbers
    assert numbers["alarms"] == report.alarms
    assert "repeated" not in numbers


def test_without_labels_only_what_is_shared():
    report = pair_leakage_report(np.array([[0, 1]]), np.array([[1, 2]]))
    assert report.n_one_seen == 1
    assert report.n_implied_similar is report.sum_auc is report.n_contradicting is None
    assert len(report.alarms) == 1


# ---------------------------------------------------------------------------- refusals


def test_refusals(rng):
    ids, rows = np.array([[0, 1], [1, 2]]), rng.normal(size=(2, 2, 3))
    with pytest.raises(
        ValueError, match="train and test must both be integers of shape"
    ):
        pair_leakage_report(ids, rows)
    with pytest.raises(ValueError, match="X has 4 features, but train is expecting 3"):
        pair_leakage_report(rows, rng.normal(size=(2, 2, 4)))
    with pytest.raises(ValueError, match="groups_train is given without groups_test"):
        pair_leakage_report(ids, ids, groups_train=ids)
    with pytest.raises(ValueError, match="groups_test is given without groups_train"):
        pair_leakage_report(ids, ids, groups_test=ids)
    with pytest.raises(ValueError, match="got 2 test pairs but 3 labels in y_test"):
        pair_leakage_report(ids, ids, y_train=[0, 1], y_test=[0, 1, 1])
    with pytest.raises(ValueError, match="y holds 3 classes"):
        pair_leakage_report(ids, ids, y_train=[0, 1], y_test=[2, 1])
    rows[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="contains 1 NaN"):
        pair_leakage_report(rows, rows)
