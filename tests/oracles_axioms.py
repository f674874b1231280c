# SPDX-License-Identifier: BSD-3-Clause
"""Axioms counted by loops over all pairs and triples, to compare with.

``scores[i][j]`` is the score of the pair (i, j), in this order.
"""

import math
from itertools import combinations, permutations


def relation(scores):
    """Return the mean of both orders."""
    n = len(scores)
    return [[(scores[i][j] + scores[j][i]) / 2 for j in range(n)] for i in range(n)]


def squared_distance(s, i, j):
    return s[i][i] + s[j][j] - 2 * s[i][j]


def count_axioms(scores, threshold):
    """Return (checked, violations) for each axiom."""
    n = len(scores)
    s = relation(scores)
    pairs = list(combinations(range(n), 2))
    triples = list(combinations(range(n), 3))
    return {
        "symmetry": (len(pairs), sum(scores[i][j] != scores[j][i] for i, j in pairs)),
        "reflexivity": (n, sum(not s[i][i] > threshold for i in range(n))),
        "self_first": (
            n if n > 1 else 0,
            sum(any(s[i][j] > s[i][i] for j in range(n) if j != i) for i in range(n)),
        ),
        "separation": (
            len(pairs),
            sum(squared_distance(s, i, j) <= 0 for i, j in pairs),
        ),
        "triangle": (len(triples), sum(excess(s, t) > 1e-6 for t in triples)),
        "transitivity": count_paths(s, threshold),
    }


def excess(s, triple):
    """Return by how much the longest side is longer than the two others together."""
    sides = [
        math.sqrt(max(0.0, squared_distance(s, i, j)))
        for i, j in combinations(triple, 2)
    ]
    return 2 * max(sides) - sum(sides)


def paths(s, threshold):
    """Return all (a, b, c) with a ~ b ~ c and a < c."""
    return [
        (a, b, c)
        for a, b, c in permutations(range(len(s)), 3)
        if a < c and s[a][b] > threshold and s[b][c] > threshold
    ]


def count_paths(s, threshold):
    found = paths(s, threshold)
    return len(found), sum(not s[a][c] > threshold for a, _, c in found)


def similar_rate(s, threshold):
    pairs = list(combinations(range(len(s)), 2))
    return sum(s[i][j] > threshold for i, j in pairs) / len(pairs)


def worst_witnesses(scores, threshold):
    """Return the size of the worst violation of each axiom, and its items as a set.

    None where nothing is broken; ties are up to the caller.
    """
    n = len(scores)
    s = relation(scores)
    sizes = {
        "symmetry": [
            (abs(scores[i][j] - scores[j][i]), {i, j})
            for i, j in combinations(range(n), 2)
            if scores[i][j] != scores[j][i]
        ],
        "reflexivity": [
            (threshold - s[i][i], {i}) for i in range(n) if not s[i][i] > threshold
        ],
        "self_first": [
            (s[i][j] - s[i][i], {i, j})
            for i, j in permutations(range(n), 2)
            if s[i][j] > s[i][i]
        ],
        "separation": [
            (-squared_distance(s, i, j), {i, j})
            for i, j in combinations(range(n), 2)
            if squared_distance(s, i, j) <= 0
        ],
        "triangle": [
            (excess(s, t), set(t))
            for t in combinations(range(n), 3)
            if excess(s, t) > 1e-6
        ],
        "transitivity": [
            (min(s[a][b], s[b][c]) - s[a][c], {a, b, c})
            for a, b, c in paths(s, threshold)
            if not s[a][c] > threshold
        ],
    }
    return {
        name: max(found, key=lambda entry: entry[0]) if found else None
        for name, found in sizes.items()
    }
