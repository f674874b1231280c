# SPDX-License-Identifier: BSD-3-Clause
"""Audits and closures of labels, next to Floyd and Warshall, and warnings of a fit."""

import json
import tracemalloc
import warnings
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import class_pairs
from scipy import sparse

from sksymsim import (
    ContradictoryLabelsWarning,
    Pairs,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    audit_labels,
    close_labels,
    pair_leakage_report,
)
from sksymsim._labels.chains import Chains
from sksymsim._labels.glance import glance
from sksymsim._labels.order import looks_backwards
from sksymsim.labels import ClosedLabels

pytestmark = pytest.mark.filterwarnings("error::sksymsim.ContradictoryLabelsWarning")

# ------------------------------------------------------------------------------- oracle


class Naive:
    """What labels say, by all chains between all items (Floyd and Warshall)."""

    def __init__(self, pairs, y):
        self.items = sorted({item for pair in pairs for item in pair})
        self.said = {}
        for pair, label in zip(pairs, y, strict=True):
            self.said.setdefault(frozenset(pair), set()).add(label)
        self.length = {
            (a, b): 0 if a == b else np.inf for a in self.items for b in self.items
        }
        for pair, labels in self.said.items():
            if len(pair) == 2 and labels == {1}:
                a, b = pair
                self.length[a, b] = self.length[b, a] = 1
        for c in self.items:
            for a in self.items:
                for b in self.items:
                    way = self.length[a, c] + self.length[c, b]
                    self.length[a, b] = min(self.length[a, b], way)
        torn = {
            a
            for pair, labels in self.said.items()
            if len(pair) == 2 and 0 in labels and self.joined(*pair)
            for a in pair
        }
        self.clean = {a for a in self.items if not any(self.joined(a, b) for b in torn)}

    def joined(self, a, b):
        return self.length[a, b] < np.inf

    def group(self, a):
        return frozenset(b for b in self.items if self.joined(a, b))

    def disputed(self):
        return {p for p, s in self.said.items() if len(p) == 2 and len(s) == 2}

    def chained(self):
        return {
            pair
            for pair, labels in self.said.items()
            if len(pair) == 2 and labels == {0} and self.joined(*pair)
        }

    def implied(self):
        """Return the pairs that follow, with their labels."""
        found = {}
        for a, b in combinations(self.items, 2):
            pair = frozenset([a, b])
            if pair in self.said or not {a, b} <= self.clean:
                continue
            if self.joined(a, b):
                found[pair] = 1
            elif any(
                self.said.get(frozenset([c, d])) == {0}
                for c in self.group(a)
                for d in self.group(b)
            ):
                found[pair] = 0
        return found


@st.composite
def labelled(draw, consistent=False):
    n_items = draw(st.integers(2, 9))
    item = st.integers(0, n_items - 1)
    pairs = draw(st.lists(st.tuples(item, item), min_size=2, max_size=18))
    if consistent:
        classes = draw(st.lists(st.integers(0, 2), min_size=n_items, max_size=n_items))
        y = [int(classes[a] == classes[b]) for a, b in pairs]
    else:
        few = st.sampled_from([0, 1, 1])
        y = draw(st.lists(few, min_size=len(pairs), max_size=len(pairs)))
    # Two more items, so that there are both labels.
    return [*pairs, (20, 21), (22, 23)], [*y, 0, 1]


def as_dict(closed, chosen):
    rows = closed.pairs[chosen]
    found = {
        frozenset(pair): int(label)
        for pair, label in zip(rows.tolist(), closed.y[chosen], strict=True)
    }
    assert len(found) == len(rows), "a pair is inferred twice"
    return found


# -------------------------------------------------------------------------------- audit


@settings(max_examples=35, deadline=None)
@given(labelled())
def test_audit_counts_what_floyd_and_warshall_find(problem):
    pairs, y = problem
    naive = Naive(pairs, y)
    audit = audit_labels(np.array(pairs), y, max_contradictions=None)
    kinds = {"self": set(), "repeated": set(), "chain": set()}
    for found in audit.contradictions:
        kinds[found.kind].add(frozenset(pairs[found.row]))
    own = {p for p, said in naive.said.items() if len(p) == 1 and 0 in said}
    assert kinds == {
        "self": own,
        "repeated": naive.disputed(),
        "chain": naive.chained(),
    }
    assert audit.n_self_dissimilar == len(own)
    assert audit.n_repeated_disagreeing == len(naive.disputed())
    assert audit.n_chain_contradictions == len(naive.chained())
    groups = {naive.group(a) for a in naive.items}
    assert audit.group_sizes.tolist() == sorted(map(len, groups), reverse=True)
    assert audit.n_groups == sum(len(group) > 1 for group in groups)
    assert audit.n_groups_contradictory == sum(
        not group <= naive.clean for group in groups
    )
    implied = list(naive.implied().values())
    assert audit.n_implied_similar == implied.count(1)
    assert audit.n_implied_dissimilar == implied.count(0)
    expected = [
        (set(pair) in own and label == 0)
        or frozenset(pair) in naive.disputed()
        or (frozenset(pair) in own | naive.chained() and label == 0)
        for pair, label in zip(pairs, y, strict=True)
    ]
    assert audit.contradictory.tolist() == expected


@settings(max_examples=35, deadline=None)
@given(labelled())
def test_chains_are_proofs_and_the_shortest(problem):
    pairs, y = problem
    naive = Naive(pairs, y)
    for found in audit_labels(
        np.array(pairs), y, max_contradictions=None
    ).contradictions:
        assert y[found.row] == 0
        assert (found.items[0], found.items[-1]) == pairs[found.row]
        assert [y[row] for row in found.rows] == [1] * len(found.rows)
        if found.kind == "self":
            assert (found.items, found.rows) == ([pairs[found.row][0]], [])
            continue
        links = [frozenset(link) for link in pairwise(found.items)]
        assert [frozenset(pairs[row]) for row in found.rows] == links
        if found.kind == "chain":
            assert len(links) == naive.length[pairs[found.row]]


def test_shortest_chains_of_a_large_graph(rng):
    """Next to scipy's, with distances of many sizes."""
    ends = np.column_stack([np.arange(399), np.arange(1, 400)])
    more = np.sort(rng.integers(400, size=(25, 2)), axis=1)
    ends = np.unique(np.concatenate([ends, more[more[:, 0] < more[:, 1]]]), axis=0)
    chains = Chains(ends, np.arange(len(ends)), 400)
    graph = sparse.coo_matrix((np.ones(len(ends)), tuple(ends.T)), (400, 400))
    length = sparse.csgraph.shortest_path(graph, directed=False, unweighted=True)
    for start, stop in rng.integers(400, size=(150, 2)).tolist():
        if start == stop:
            continue
        items, names = chains.shortest(start, stop)
        assert len(names) == length[start, stop]
        assert (items[0], items[-1]) == (start, stop)
        links = [sorted(link) for link in pairwise(items)]
        assert ends[names].tolist() == links


def test_repeated_pairs_and_items_of_one_label():
    pairs = [[0, 1], [1, 0], [0, 1], [2, 3], [2, 3], [4, 4], [4, 4], [1, 2], [5, 6]]
    audit = audit_labels(np.array(pairs), [1, 1, 1, 0, 1, 1, 0, 0, 1])
    assert audit.n_distinct == 5
    assert audit.n_repeated == 2  # (4, 4) is counted apart
    assert audit.n_repeated_swapped == 1
    assert audit.n_repeated_disagreeing == 1
    assert (audit.n_self, audit.n_self_dissimilar) == (1, 1)
    assert audit.n_items_only_similar == 3  # 0, 5, 6
    assert audit.n_items_only_dissimilar == 0
    rates = pair_leakage_report(
        np.array(pairs), np.array([[8, 9]]), y_train=[1, 1, 1, 0, 1, 1, 0, 0, 1]
    )
    assert audit.one_label_share == rates.one_label_share
    assert audit.one_label_expected == rates.one_label_expected


def test_agreements_are_the_links_beyond_a_tree():
    pairs = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 0], [4, 5], [0, 4]])
    audit = audit_labels(pairs, [1, 1, 1, 1, 1, 1, 0])
    assert (audit.n_chain_agreements, audit.n_chain_contradictions) == (2, 0)
    assert audit.consistency == 1
    assert audit_labels(pairs[[0, 6]], [1, 0]).consistency is None


def test_text_page_and_dict(tmp_path):
    """One wrong label joins two groups, and is a link of all chains."""
    one = [[a, b] for a, b in combinations(range(4), 2)]
    pairs = [
        *one,
        [3, 4],
        *[[a + 4, b + 4] for a, b in one],
        [9, 9],
        [10, 11],
        [11, 10],
    ]
    pairs += [[0, 5], [1, 6], [2, 7], [0, 7]]
    y = [1] * 13 + [0, 1, 0] + [0] * 4
    audit = audit_labels(np.array(pairs), y)
    assert audit.suspects[0] == (6, 4)
    self_text, repeated, chain = (
        next(text for text in audit.alarms if what in text)
        for what in ("differs from itself", "both labels", "chains of similar pairs")
    )
    assert "pair 13 says that item 9 differs from itself." in self_text
    assert "pair 15 says that items 11 and 10 differ, and pair 14 says" in repeated
    assert "Look first at pair 6, a link of 4 of the chains listed." in chain
    assert "4 pairs labelled dissimilar, within 1 group of items" in chain
    text = str(audit)
    assert all(f"- {alarm}" in text for alarm in audit.alarms)
    assert all(f"- {found}" in text for found in audit.contradictions)
    numbers = audit.to_dict()
    assert json.loads(json.dumps(numbers)) == numbers
    page = audit.to_html(tmp_path / "audit.html", title="A & B")
    assert (tmp_path / "audit.html").read_text(encoding="utf-8") == page
    assert "<h1>A &amp; B</h1>" in page
    assert audit._repr_html_() in page
    assert "pairs 2, 6, 9 say" in page or "~ 3 ~ 4 ~" in page


def test_nothing_to_say_of_good_labels(rng):
    pairs, y, _ = class_pairs()
    audit = audit_labels(pairs, y)
    assert audit.alarms == []
    assert audit.consistency == 1
    assert "alarms: none" in str(audit)
    assert not audit.contradictory.any()


def test_alarm_of_items_of_one_label():
    similar = np.array([[0, 1], [1, 2], [2, 0]])
    pairs = np.concatenate([similar, similar + 3, similar + 6, similar + 9])
    audit = audit_labels(pairs, np.repeat([1, 0, 1, 0], 3))
    assert [text for text in audit.alarms if text.startswith("100% of the items in")]


def test_how_many_contradictions_are_listed():
    pairs = [[0, 1], [1, 0], [2, 3], [2, 3], [4, 4], [5, 5]]
    for limit, n in ((None, 4), (1, 2), (0, 0)):
        audit = audit_labels(
            np.array(pairs), [0, 1, 0, 1, 0, 0], max_contradictions=limit
        )
        assert len(audit.contradictions) == n
        assert audit.n_repeated_disagreeing == audit.n_self_dissimilar == 2


# ------------------------------------------------------------------------------ closure


@settings(max_examples=35, deadline=None)
@given(labelled(), st.sampled_from(["keep", "drop"]))
def test_closure_is_that_of_floyd_and_warshall(problem, policy):
    pairs, y = problem
    closed = close_labels(
        np.array(pairs), y, max_growth=None, on_conflict=policy, random_state=0
    )
    naive = Naive(pairs, y)
    assert as_dict(closed, closed.inferred) == naive.implied()
    assert closed.n_possible_similar + closed.n_possible_dissimilar == len(
        naive.implied()
    )
    rows = closed.source[~closed.inferred]
    assert closed.pairs[~closed.inferred].tolist() == [list(pairs[i]) for i in rows]
    assert closed.y[~closed.inferred].tolist() == [y[i] for i in rows]
    contradictory = audit_labels(np.array(pairs), y).contradictory
    left_out = np.flatnonzero(contradictory) if policy == "drop" else []
    assert closed.left_out.tolist() == list(left_out)
    assert sorted([*rows, *left_out]) == list(range(len(pairs)))


@settings(max_examples=20, deadline=None)
@given(labelled())
def test_closing_twice_adds_nothing(problem):
    pairs, y = problem
    once = close_labels(np.array(pairs), y, max_growth=None, on_conflict="keep")
    again = close_labels(once.pairs, once.y, max_growth=None, on_conflict="keep")
    assert again.n_possible_similar == again.n_possible_dissimilar == 0
    assert again.pairs.tolist() == once.pairs.tolist()


@settings(max_examples=25, deadline=None)
@given(labelled(consistent=True))
def test_similar_is_an_equivalence_relation_where_nothing_contradicts(problem):
    pairs, y = problem
    closed = close_labels(np.array(pairs), y, max_growth=None, on_conflict="raise")
    items = sorted({item for pair in pairs for item in pair})
    similar = {(a, a) for a in items}
    dissimilar = set()
    for (a, b), label in zip(closed.pairs.tolist(), closed.y, strict=True):
        (similar if label else dissimilar).update([(a, b), (b, a)])
    assert not similar & dissimilar
    for a, b in similar:
        for c in items:
            assert (b, c) not in similar or (a, c) in similar
            assert (b, c) not in dissimilar or (a, c) in dissimilar


@settings(max_examples=20, deadline=None)
@given(labelled(), st.randoms(use_true_random=False))
def test_order_of_rows_and_sides_does_not_matter(problem, random):
    pairs, y = problem
    order = list(range(len(pairs)))
    random.shuffle(order)
    turned = [pairs[i][:: random.choice([1, -1])] for i in order]
    options = {"max_growth": None, "on_conflict": "drop"}
    one = close_labels(np.array(pairs), y, **options)
    other = close_labels(np.array(turned), [y[i] for i in order], **options)
    assert as_dict(one, one.inferred) == as_dict(other, other.inferred)
    assert {order[i] for i in other.left_out} == set(one.left_out.tolist())
    audits = [
        audit_labels(np.array(pairs), y).to_dict(),
        audit_labels(np.array(turned), [y[i] for i in order]).to_dict(),
    ]
    of_order = {"contradictions", "alarms", "n_repeated_swapped"}
    for key in set(audits[0]) - of_order:
        assert audits[0][key] == pytest.approx(audits[1][key])


@settings(max_examples=25, deadline=None)
@given(
    labelled(),
    st.sampled_from([0, 0.5, 1.0, 2, None]),
    st.sampled_from([None, 0, 1, 3]),
    st.integers(0, 3),
)
def test_caps_hold_and_weights_stay(problem, growth, most, seed):
    pairs, y = problem
    weights = np.random.default_rng(seed).uniform(size=len(y))
    closed = close_labels(
        np.array(pairs),
        y,
        sample_weight=weights,
        max_growth=growth,
        max_new=most,
        on_conflict="keep",
        random_state=seed,
    )
    naive = Naive(pairs, y)
    inferred = as_dict(closed, closed.inferred)
    assert inferred.items() <= naive.implied().items()
    assert most is None or len(inferred) <= most
    units = {}
    for where, pair, label, weight in zip(
        closed.source.tolist(),
        closed.pairs.tolist(),
        closed.y.tolist(),
        closed.sample_weight.tolist(),
        strict=True,
    ):
        groups = frozenset(naive.group(item) for item in pair)
        unit = units.setdefault((groups, label), [0.0, 0.0, set(), 0])
        unit[0] += weight
        if where >= 0:
            unit[1] += weights[where]
            if naive.said[frozenset(pair)] == {label}:
                unit[2].add(frozenset(pair))
        else:
            unit[3] += 1
    for now, before, given_pairs, n_new in units.values():
        assert now == pytest.approx(before)
        assert growth is None or n_new < growth * len(given_pairs) + 1
    assert closed.sample_weight.min() >= 0
    again = close_labels(
        np.array(pairs),
        y,
        max_growth=growth,
        max_new=most,
        on_conflict="keep",
        random_state=seed,
    )
    assert again.pairs.tolist() == closed.pairs.tolist()


def test_all_that_the_cap_allows_is_drawn():
    """A group of 30 by 40 links, another of 10, and links that hold them apart."""
    rng = np.random.default_rng(0)
    chain = np.column_stack([np.arange(39), np.arange(1, 40)])
    inside = chain[chain[:, 1] != 30]
    more = np.column_stack([np.arange(0, 22, 2), np.arange(7, 29, 2)])
    apart = np.column_stack([np.arange(12), 30 + np.arange(12) % 10])
    pairs = np.concatenate([inside, more, apart])
    y = np.repeat([1, 1, 0], [38, 11, 12])
    for growth, numbers in (
        (1.0, (40, 9, 12)),
        (0.5, (20, 4.5, 6)),
        (100, (395, 36, 288)),
    ):
        closed = close_labels(pairs, y, max_growth=growth, random_state=rng.integers(9))
        rows = closed.pairs[closed.inferred]
        n_low = (rows < 30).sum(axis=1)
        found = [int((n_low == n).sum()) for n in (2, 0, 1)]
        assert found == pytest.approx(numbers, abs=0.5)
    capped = close_labels(pairs, y, max_growth=None, max_new=100, random_state=0)
    assert capped.inferred.sum() == 100
    assert capped.n_possible_similar + capped.n_possible_dissimilar == 395 + 36 + 288


def test_every_pair_is_as_likely(seed):
    pairs = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [0, 9]])
    counts, sides = {}, []
    for i in range(150):
        closed = close_labels(pairs, [1, 1, 1, 1, 0], max_new=3, random_state=seed + i)
        for pair in as_dict(closed, closed.inferred):
            counts[pair] = counts.get(pair, 0) + 1
        left, right = closed.pairs[closed.inferred].T
        sides += (left > right).tolist()
    similar = [n for pair, n in counts.items() if 9 not in pair]
    assert len(similar) == 6
    assert np.std(similar) < 3 * np.sqrt(np.mean(similar))
    assert 0.35 < np.mean(sides) < 0.65


def test_a_large_group_is_never_listed():
    n_items = 30_000
    pairs = np.column_stack([np.arange(n_items - 1), np.arange(1, n_items)])
    pairs = np.concatenate([pairs, [[0, n_items]]])
    y = np.r_[np.ones(n_items - 1), 0]
    tracemalloc.start()
    closed = close_labels(pairs, y, random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert closed.n_possible_similar == n_items * (n_items - 1) // 2 - (n_items - 1)
    assert closed.inferred.sum() == n_items
    assert peak < 30e6
    with pytest.raises(ValueError, match=r"4499\d+ pairs follow from the labels; cap"):
        close_labels(pairs, y, max_growth=None)
    refuted = audit_labels(
        np.concatenate([pairs, [[0, n_items - 1]]]), np.r_[y, 0]
    ).contradictions
    assert [len(found.rows) for found in refuted] == [n_items - 1]


# --------------------------------------------------------------------- items and labels


def forms_of(items, index):
    pairs = Pairs.from_index(items, index)
    twice = np.concatenate([items, items])
    shifted = index + len(items) * (np.arange(len(index)) % 2)[:, None]
    return {
        "index": pairs,
        "equal rows": Pairs.from_index(twice, shifted),
        "arrays": Pairs(pairs.left, pairs.right),
        "3-D": np.asarray(pairs),
        "tuple": (pairs.left, pairs.right),
        "sliced": Pairs(pairs.left, pairs.right)[np.arange(len(pairs))],
        "csr": Pairs.from_index(sparse.csr_matrix(items), index),
    }


def test_items_are_told_by_their_rows(rng):
    items = rng.normal(size=(12, 3))
    index = rng.integers(12, size=(25, 2))
    y = rng.integers(2, size=25)
    expected = close_labels(index, y, max_growth=None)
    counted = audit_labels(index, y).to_dict()
    for name, pairs in forms_of(items, index).items():
        closed = close_labels(pairs, y, max_growth=None)
        assert isinstance(closed.pairs, Pairs), name
        assert closed.pairs.index is not None, name
        found = {
            frozenset([a.tobytes(), b.tobytes()])
            for a, b in np.asarray(closed.pairs[closed.inferred])
        }
        rows = expected.pairs[expected.inferred]
        assert found == {
            frozenset([items[a].tobytes(), items[b].tobytes()]) for a, b in rows
        }, name
        numbers = audit_labels(pairs, y).to_dict()
        for key in set(numbers) - {"contradictions", "alarms"}:
            assert numbers[key] == counted[key], name


def test_table_and_index_stay():
    items = np.arange(10.0).reshape(5, 2)
    items.flags.writeable = False
    index = np.array([[4, 2], [2, 1], [1, 3]], dtype=np.int32)
    pairs = Pairs.from_index(items, index)
    closed = close_labels(pairs, [1, 1, 0])
    assert closed.pairs.items is items
    assert closed.pairs.index.dtype == np.int32
    assert closed.pairs.index[:3].tolist() == index.tolist()
    assert [
        found.items
        for found in audit_labels(
            Pairs.from_index(items, [[4, 2], [2, 1], [1, 4]]), [1, 1, 0]
        ).contradictions
    ] == [[1, 2, 4]]


def test_memory_maps_are_only_read(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(12.0).reshape(6, 2))
    rows = np.load(path, mmap_mode="r")
    closed = close_labels(Pairs(rows[:3], rows[3:]), [1, 0, 1])
    assert len(closed) == 3


@pytest.mark.parametrize(
    "labels", [(0, 1), (-1, 1), ("different", "same"), (False, True), (2.0, 5.0)]
)
@pytest.mark.parametrize("container", [list, np.array, "series"])
def test_labels_of_any_kind(labels, container):
    y = [labels[1], labels[1], labels[0]]
    if container == "series":
        y = pd.Series(y, index=[7, 3, 7])
    else:
        y = container(y)
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    closed = close_labels(pairs, y, max_growth=None)
    assert closed.y.tolist() == [labels[i] for i in (1, 1, 0, 1, 0, 0)]
    assert audit_labels(pairs, y).n_similar == 2


def test_a_closed_set_can_be_fitted():
    pairs, y, _ = class_pairs(n_pairs=120)
    closed = close_labels(pairs, y, random_state=0)
    assert closed.inferred.any()
    assert np.average(closed.y, weights=closed.sample_weight) == pytest.approx(y.mean())
    model = SymmetricPairClassifier()
    model.fit(closed.pairs, closed.y, sample_weight=closed.sample_weight)
    assert repr(closed).startswith("ClosedLabels(120 given pairs, ")
    assert isinstance(closed, ClosedLabels)


# ----------------------------------------------------------------------------- refusals


def test_refusals(rng):
    pairs = np.array([[0, 1], [1, 2], [0, 2], [3, 3], [4, 5], [5, 4]])
    y = [1, 1, 0, 0, 1, 0]
    with pytest.raises(ValueError, match="the labels contradict each other: 1 pairs w"):
        close_labels(pairs, y, on_conflict="raise")
    with pytest.raises(
        ValueError,
        match=r"ones\. The first: pair 3 says that item 3 differs from itself\. "
        "audit_labels lists them",
    ):
        close_labels(pairs, y, on_conflict="raise", max_contradictions=0)
    with pytest.raises(ValueError, match="'drop' leaves no dissimilar pairs: contradi"):
        close_labels(pairs[:3], y[:3], on_conflict="drop")
    with pytest.raises(ValueError, match="'on_conflict' parameter of close_labels mus"):
        close_labels(pairs, y, on_conflict="guess")
    with pytest.raises(ValueError, match="'max_growth' parameter of close_labels must"):
        close_labels(pairs, y, max_growth=-1)
    with pytest.raises(ValueError, match="'max_new' parameter of close_labels must be"):
        close_labels(pairs, y, max_new=1.5)
    with pytest.raises(ValueError, match="'max_contradictions' parameter of audit_lab"):
        audit_labels(pairs, y, max_contradictions=-1)
    with pytest.raises(ValueError, match="got 6 pairs but 5 labels in y"):
        audit_labels(pairs, y[:5])
    with pytest.raises(ValueError, match="y holds one class only"):
        close_labels(pairs, np.ones(6))
    with pytest.raises(ValueError, match="got no pairs; there are no labels"):
        audit_labels(pairs[:0], [])
    with pytest.raises(ValueError, match=r"the items of X with shape \(6, 2\) are not"):
        audit_labels(pairs.astype(float), y)
    with pytest.raises(ValueError, match="sample_weight holds 1 negative weights"):
        close_labels(pairs, y, sample_weight=[1, 1, 1, 1, 1, -1])


# --------------------------------------------------------------------- warnings of fits


def naive_glance(index, similar):
    keys = [frozenset(pair) for pair in index]
    said = {}
    for key, label in zip(keys, similar, strict=True):
        said.setdefault(key, set()).add(bool(label))
    repeated = [i for i, key in enumerate(keys) if len(said[key]) == 2]
    own = [i for i, key in enumerate(keys) if len(key) == 1 and said[key] == {False}]
    return repeated, own


@settings(max_examples=35, deadline=None)
@given(labelled(), st.sampled_from([1, 3, 4, 40]), st.booleans())
def test_a_glance_sees_what_pairs_say_by_themselves(problem, width, alike):
    index, y = np.array(problem[0]), np.array(problem[1]) == 1
    repeated, own = naive_glance(problem[0], y)
    # What is compared first may be alike, or hashed alike.
    items = np.zeros((24, width), dtype=np.float32)
    items[:, : 1 if alike else None] = np.arange(24)[:, None]
    pairs = Pairs.from_index(items, index)
    arrays = Pairs(pairs.left, pairs.right)
    every = np.arange(len(pairs))
    for held in (pairs, arrays, arrays[every], arrays[every].swap()):
        found = glance(held, y)
        assert (found.n_repeated, found.n_self) == (len(repeated), len(own))
        assert found.self == (own[0] if own else None)
        assert found.n_disputed == len({frozenset(problem[0][i]) for i in repeated})
        if repeated:
            one, other = found.repeated
            assert one == repeated[0] < other
            assert set(index[one]) == set(index[other])
            assert y[one] != y[other]


def contradictory_pairs(n_wrong, kind):
    """Of 200 pairs, some contradict others."""
    pairs, y, _ = class_pairs(n_pairs=200 - n_wrong)
    if kind == "self":
        more = np.column_stack([np.arange(n_wrong)] * 2)
        labels = np.zeros(n_wrong)
    else:
        more = pairs.index[:n_wrong, ::-1]
        labels = 1 - y[:n_wrong]
    index = np.concatenate([pairs.index, more])
    return Pairs.from_index(pairs.items, index), np.concatenate([y, labels])


@pytest.mark.parametrize("as_arrays", [False, True])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("self", r"10 say that an item differs from itself \(for example pair 190\)"),
        (
            "repeated",
            r"Of 200 labelled pairs, 20 are given with both labels, in either order "
            r"\(for example pairs 0 and 190\)",
        ),
    ],
)
def test_fit_warns_of_contradictions(kind, text, as_arrays):
    pairs, y = contradictory_pairs(10, kind)
    if as_arrays:
        pairs = Pairs(pairs.left, pairs.right)
    model = SymmetricPairClassifier(alpha=1e-2)
    with pytest.warns(ContradictoryLabelsWarning, match=text) as caught:
        model.fit(pairs, y)
    assert [w.filename for w in caught] == [__file__]
    assert "audit_labels" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ContradictoryLabelsWarning)
        model.fit(pairs, y)


def test_rare_accidents_chains_and_pairs_without_weight_are_no_warning():
    pairs, y = contradictory_pairs(9, "self")
    model = SymmetricPairClassifier(alpha=1e-2)
    model.fit(pairs, y)
    pairs, y = contradictory_pairs(20, "repeated")
    model.fit(pairs, y, sample_weight=np.arange(200) < 180)
    pairs, y, _ = class_pairs()
    noisy = np.where(np.arange(len(y)) % 10 == 0, 1 - y, y)
    assert audit_labels(pairs, noisy).n_chain_contradictions > 100
    model.fit(pairs, noisy)
    wide = sparse.csr_matrix(np.eye(4))
    model.fit(Pairs(wide, wide), [0, 0, 1, 1])  # of sparse sides, nothing is seen


def test_votes_may_differ():
    pairs, y, _ = class_pairs(n_pairs=60)
    votes = Pairs.from_index(pairs.items, np.tile(pairs.index, (3, 1)))
    labels = np.concatenate([y, y, np.where(np.arange(60) < 20, 1 - y, y)])
    model = SymmetricPairClassifier(alpha=1e-2)
    model.fit(votes, labels)
    with pytest.warns(ContradictoryLabelsWarning, match="40 are given with both"):
        model.fit(votes[60:], labels[60:])


def test_a_search_warns_once():
    pairs, y = contradictory_pairs(6, "repeated")
    search = SymmetricPairClassifierCV(
        whitenings=[None],
        pca_components=(),
        forms=["mahalanobis"],
        priors=["identity"],
        alphas=[1e-1, 1e-2],
        candidates=[("guest", SymmetricPairClassifier(alpha=0.03))],
        cv=3,
        random_state=0,
    )
    with pytest.warns(ContradictoryLabelsWarning, match="12 are given with") as caught:
        search.fit(pairs, y)
    assert [w.filename for w in caught] == [__file__]


def test_labels_without_conflict_are_closed_as_ever():
    """on_conflict="raise" has nothing to raise."""
    pairs, y = np.array([[0, 1], [1, 2], [2, 3]]), [1, 1, 0]
    strict, kept = (
        close_labels(pairs, y, max_growth=None, on_conflict=how, random_state=0)
        for how in ("raise", "keep")
    )
    np.testing.assert_array_equal(strict.pairs, kept.pairs)
    np.testing.assert_array_equal(strict.y, [1, 1, 0, 1, 0, 0])


def test_a_numbered_label_is_no_word():
    """Whatever pairs it is of: the alphabet has not put it there."""
    mixed = np.array(["a", 1], dtype=object)
    assert not looks_backwards(
        Pairs(np.eye(4), np.ones((4, 4))), np.array([True, False] * 2), mixed
    )
