# SPDX-License-Identifier: BSD-3-Clause
"""What labelled pairs say of their items: groups, and where labels contradict."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sksymsim._components import connect
from sksymsim._labels.chains import Chains
from sksymsim._pair_keys import number_pairs


@dataclass(frozen=True)
class Contradiction:
    """A pair labelled dissimilar, and what says that it is similar.

    Parameters
    ----------
    kind : {"self", "repeated", "chain"}
        An item with itself; a pair given with both labels; a pair whose items are
        joined by a chain of similar pairs.
    row : int
        The pair that is labelled dissimilar; of repeated ones the first.
    items : list of int
        The shortest chain from its left item to its right one, both included.
    rows : list of int
        The pairs labelled similar that are the links of that chain: none for a pair of
        an item with itself.
    """

    kind: str
    row: int
    items: list
    rows: list

    def __str__(self):
        left, right = self.items[0], self.items[-1]
        if self.kind == "self":
            return f"pair {self.row} says that item {left} differs from itself"
        links = ", ".join(map(str, self.rows))
        plural = "s" if len(self.rows) > 1 else ""
        verb = "say" if len(self.rows) > 1 else "says"
        chain = " ~ ".join(map(str, self.items))
        return (
            f"pair {self.row} says that items {left} and {right} differ, and "
            f"pair{plural} {links} {verb} that {chain}"
        )


class LabelGraph:
    """The graph of some labelled pairs, in which each pair occurs once.

    A pair with both labels is *disputed*: neither of its labels is taken for a link of
    a chain. *Groups* are what the other similar pairs join; an item of no such pair is
    a group of one.

    Parameters
    ----------
    keys : ndarray of int of shape (n_pairs, 2)
        Items from 0, without gaps.
    similar : ndarray of bool of shape (n_pairs,)

    Attributes
    ----------
    number : ndarray of int of shape (n_pairs,)
        Which distinct pair each given pair is, in either order. All that follows is of
        distinct pairs, if nothing else is said.
    ends : ndarray of int of shape (n_distinct, 2)
        Their items.
    first_similar, first_dissimilar : ndarray of int of shape (n_distinct,)
        The first given pair of each label, or -1.
    within_one : ndarray of bool of shape (n_distinct,)
        Whether it is a pair of an item with itself.
    disputed, link, refuted : ndarray of bool of shape (n_distinct,)
        Whether it has both labels; whether it joins a group; whether it is labelled
        dissimilar within a group.
    group : ndarray of int of shape (n_items,)
    sizes : ndarray of int of shape (n_groups,)
        How many items each group has.
    torn : ndarray of bool of shape (n_groups,)
        Whether a refuted pair lies in the group.
    """

    def __init__(self, keys, similar):
        self.keys, self.similar = keys, similar
        self.n_items = int(keys.max()) + 1
        self.number = number_pairs(keys)
        n_distinct = int(self.number.max()) + 1
        self.ends = np.empty((n_distinct, 2), dtype=np.int64)
        self.ends[self.number] = np.sort(keys, axis=1)
        self.first_similar = _first(self.number, np.flatnonzero(similar), n_distinct)
        self.first_dissimilar = _first(
            self.number, np.flatnonzero(~similar), n_distinct
        )
        said_similar = self.first_similar >= 0
        said_dissimilar = self.first_dissimilar >= 0
        self.within_one = self.ends[:, 0] == self.ends[:, 1]
        self.disputed = said_similar & said_dissimilar & ~self.within_one
        self.link = said_similar & ~said_dissimilar & ~self.within_one

        self.group = connect(self.n_items, *self.ends[self.link].T)[1].astype(np.int64)
        self.sizes = np.bincount(self.group)
        inside = self.group[self.ends[:, 0]] == self.group[self.ends[:, 1]]
        self.refuted = said_dissimilar & inside & ~self.within_one
        self.torn = np.zeros(self.sizes.size, dtype=bool)
        self.torn[self.group[self.ends[self.refuted, 0]]] = True

    @cached_property
    def self_dissimilar(self):
        """Whether a distinct pair says that an item differs from itself."""
        return self.within_one & (self.first_dissimilar >= 0)

    @cached_property
    def apart(self):
        """Whether a distinct pair holds two groups apart."""
        said = self.first_dissimilar >= 0
        return said & ~self.within_one & ~self.disputed & ~self.refuted

    @cached_property
    def contradictory(self):
        """Whether a given pair is labelled dissimilar in contradiction, or disputed."""
        refuted = (self.refuted | self.self_dissimilar)[self.number] & ~self.similar
        return refuted | self.disputed[self.number]

    def contradictions(self, limit, names):
        """Return contradictions with the shortest chains that prove them.

        Parameters
        ----------
        limit : int or None
            The most of each kind.
        names : ndarray of shape (n_items,)
            What the items are called.

        Returns
        -------
        found : list of Contradiction
            By kind, then in the order of the given pairs.
        """
        chained = self.refuted & ~self.disputed
        chains = None
        if chained.any() and limit != 0:
            names_of_links = self.first_similar[self.link]
            chains = Chains(self.ends[self.link], names_of_links, self.n_items)
        found = []
        for kind, mask in (
            ("self", self.self_dissimilar),
            ("repeated", self.disputed),
            ("chain", chained),
        ):
            pairs = np.flatnonzero(mask)
            order = np.argsort(self.first_dissimilar[pairs])
            for pair in pairs[order][:limit]:
                row = int(self.first_dissimilar[pair])
                ends = self.keys[row].tolist()
                items, rows = ends[:1], []
                if kind == "repeated":
                    items, rows = ends, [int(self.first_similar[pair])]
                elif kind == "chain":
                    items, rows = chains.shortest(*ends)
                found.append(Contradiction(kind, row, names[items].tolist(), rows))
        return found


def _first(number, rows, n_distinct):
    """Return the first of some rows for each number, or -1."""
    first = np.full(n_distinct, -1, dtype=np.int64)
    # Of several values for one place, the last one written stays.
    first[number[rows[::-1]]] = rows[::-1]
    return first
