# SPDX-License-Identifier: BSD-3-Clause
"""Nodes in groups, and the moves that raise the sum of the weights inside of them."""

from collections import deque

import numpy as np

from sksymsim._groups.contraction import FORBIDDEN, Linkage, contract

# A gain below this share of the greatest weight is rounding.
RELATIVE_GAIN = 1e-9
# An exchange ends after so many moves without a better state than the best.
PATIENCE = 40
# Exchanges may look at so many edges and nodes for each edge of the component, and in
# any case at so many: large components end with some exchanges untried.
WORK_PER_EDGE = 10
LEAST_WORK = 200_000


def sum_linkage(missing):
    """Return the linkage of sums, from which `missing` is taken off for each pair."""
    if not missing:
        return Linkage(_add, lambda bond, a, b: bond, sized=False)
    return Linkage(_add, lambda bond, a, b: bond + missing * a * b)


def _add(one, other):
    return one + other


class Partition:
    """Nodes in groups, which moves improve.

    Parameters
    ----------
    rows : list of dict
        For each node its neighbours and the weight of all pairs between them, less
        `missing` for each pair; ``-inf`` for those that must not be together.
    sizes : list of int
        How many items each node has.
    missing : float
        The weight of every pair of items, at most 0, on top of those in `rows`.
    labels : list of int
        A first partition without forbidden pairs; node numbers serve as labels.
    """

    def __init__(self, rows, sizes, missing, labels):
        self.rows, self.sizes, self.missing = rows, sizes, missing
        finite = [abs(w) for row in rows for w in row.values() if w != FORBIDDEN]
        self.least_gain = RELATIVE_GAIN * max(finite, default=0.0)
        self.labels = list(labels)
        self.members = {}
        for node, label in enumerate(self.labels):
            self.members.setdefault(label, []).append(node)
        self.mass = {
            label: sum(sizes[node] for node in nodes)
            for label, nodes in self.members.items()
        }
        self.changed = set(self.members)
        self._next = len(rows)
        self._work = max(LEAST_WORK, WORK_PER_EDGE * sum(map(len, rows)) // 2)

    def objective(self):
        """Return the sum of the weights inside of groups."""
        labels = self.labels
        inside = sum(
            w
            for a, row in enumerate(self.rows)
            for b, w in row.items()
            if a < b and labels[a] == labels[b]
        )
        pairs = sum(mass * mass for mass in self.mass.values())
        pairs -= sum(size * size for size in self.sizes)
        return inside + self.missing * pairs / 2

    def improve(self):
        """Move until no move gains."""
        while True:
            gain = self.move_nodes() + self.join_groups() + self.exchange()
            if gain <= self.least_gain:
                return

    # ------------------------------------------------------------- single nodes

    def move_nodes(self):
        """Move single nodes to where they gain, until none does; return the gain."""
        labels, rows = self.labels, self.rows
        waiting = deque(range(len(rows)))
        queued = [True] * len(rows)
        total = 0.0
        while waiting:
            node = waiting.popleft()
            queued[node] = False
            gain, target = self._best_group(node)
            if gain <= self.least_gain:
                continue
            total += gain
            self._put(node, target)
            for other in rows[node]:
                if not queued[other] and labels[other] != target:
                    queued[other] = True
                    waiting.append(other)
        return total

    def _best_group(self, node):
        """Return the gain of the best other group for a node, and its label."""
        labels, size, home = self.labels, self.sizes[node], self.labels[node]
        pull = {}
        for other, weight in self.rows[node].items():
            label = labels[other]
            pull[label] = pull.get(label, 0.0) + weight
        stay = pull.pop(home, 0.0)
        best, target = 0.0, None  # alone
        if self.missing:
            stay += self.missing * size * (self.mass[home] - size)
            for label in pull:
                pull[label] += self.missing * size * self.mass[label]
        for label, value in pull.items():
            if value > best:
                best, target = value, label
        if target is None and len(self.members[home]) == 1:
            return 0.0, None
        return best - stay, target

    def _put(self, node, target):
        """Move a node to a group; to one of its own if that is None."""
        home, size = self.labels[node], self.sizes[node]
        if target is None:
            target = self._next
            self._next += 1
            self.members[target], self.mass[target] = [], 0
        self.members[home].remove(node)
        self.mass[home] -= size
        if not self.members[home]:
            del self.members[home], self.mass[home]
        self.members[target].append(node)
        self.mass[target] += size
        self.labels[node] = target
        self.changed.update((home, target))

    # ------------------------------------------------------------------- groups

    def join_groups(self):
        """Join whole groups by greedy contraction; return the gain."""
        names = list(self.members)
        number = {label: i for i, label in enumerate(names)}
        of_node = [number[label] for label in self.labels]
        bonds = [{} for _ in names]
        for node, row in enumerate(self.rows):
            a = of_node[node]
            for other, weight in row.items():
                b = of_node[other]
                if a != b:
                    bonds[a][b] = bonds[a].get(b, 0.0) + weight
        masses = [self.mass[label] for label in names]
        found = contract(bonds, masses, sum_linkage(self.missing))
        if all(i == top for i, top in enumerate(found)):
            return 0.0
        before = self.objective()
        for label, top in zip(names, found, strict=True):
            if names[top] != label:
                for node in list(self.members[label]):
                    self._put(node, names[top])
        return self.objective() - before

    # ----------------------------------------------------------------- exchanges

    def exchange(self):
        """Exchange nodes of two groups, or of one and nothing; return the gain."""
        total = 0.0
        changed, self.changed = self.changed, set()
        for a, b in self._candidates(changed):
            if self._work <= 0:
                break
            if a in self.members and (b is None or b in self.members):
                total += self._exchange_two(a, b)
        return total

    def _candidates(self, changed):
        """Return pairs of groups that an exchange may improve.

        Those which positive weights join; and single ones with a pair inside that
        would rather not be there. Those with the most such weight come first.
        """
        found = {}
        labels, missing = self.labels, self.missing
        for a in changed:
            for node in self.members.get(a, ()):
                for other, weight in self.rows[node].items():
                    b = labels[other]
                    if b == a:
                        if weight + missing < 0:
                            found[a, None] = found.get((a, None), 0.0) - weight
                    elif weight + missing > 0:
                        pair = (a, b) if a < b else (b, a)
                        found[pair] = found.get(pair, 0.0) + weight
            if missing and len(self.members.get(a, ())) > 1:
                found.setdefault((a, None), 0.0)
        return sorted(found, key=found.get, reverse=True)

    def _exchange_two(self, a, b):
        """Move nodes one by one between two groups, and keep the best state."""
        gains, blocked = self._gains(a, b)
        mass = {a: self.mass[a], b: self.mass.get(b, 0)}
        side = {node: self.labels[node] for node in gains}
        total, best, kept, moves = 0.0, self.least_gain, 0, []
        while gains and len(moves) - kept < PATIENCE:
            node, gain = self._best_move(gains, blocked, side, mass, a, b)
            self._work -= len(gains) // 4
            if node is None:
                break
            home = side[node]
            target = b if home == a else a
            total += gain
            moves.append(node)
            del gains[node]
            side[node] = target
            mass[home] -= self.sizes[node]
            mass[target] += self.sizes[node]
            self._update(node, target, gains, blocked, side)
            if total > best:
                best, kept = total, len(moves)
        if not kept:
            return 0.0
        fresh = None
        for node in moves[:kept]:
            home = self.labels[node]
            target = b if home == a else a
            if target is None:
                target = fresh
            if target is not None and target not in self.members:
                self.members[target], self.mass[target] = [], 0
            self._put(node, target)
            if b is None and fresh is None:
                fresh = self.labels[node]
        return best

    def _gains(self, a, b):
        labels = self.labels
        gains, blocked = {}, {}
        for label in (a, b):
            for node in self.members.get(label, ()):
                gain, blocks = 0.0, 0
                for other, weight in self.rows[node].items():
                    there = labels[other]
                    if weight == FORBIDDEN:
                        blocks += there != label and there in (a, b)
                    elif there == label:
                        gain -= weight
                    elif there == a or there == b:
                        gain += weight
                self._work -= len(self.rows[node])
                gains[node] = gain
                if blocks:
                    blocked[node] = blocks
        return gains, blocked

    def _best_move(self, gains, blocked, side, mass, a, b):
        best, chosen = -np.inf, None
        if not self.missing and not blocked:
            chosen = max(gains, key=gains.get)
            return chosen, gains[chosen]
        ahead = {a: mass[b] - mass[a], b: mass[a] - mass[b]}
        for node, gain in gains.items():
            if blocked.get(node):
                continue
            size = self.sizes[node]
            gain += self.missing * size * (ahead[side[node]] + size)
            if gain > best:
                best, chosen = gain, node
        return chosen, best

    def _update(self, moved, target, gains, blocked, side):
        """Change the gains of those left after one has moved to the side `target`."""
        self._work -= len(self.rows[moved])
        for other, weight in self.rows[moved].items():
            if other not in gains:
                continue
            there = side[other] == target
            if weight == FORBIDDEN:
                blocked[other] = blocked.get(other, 0) + (-1 if there else 1)
            else:
                gains[other] += -2 * weight if there else 2 * weight
