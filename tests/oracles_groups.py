# SPDX-License-Identifier: BSD-3-Clause
"""Slow, plain versions of what makes and judges groups."""

from itertools import combinations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp


def graph_of(weights, n_items):
    """Return a dict of pairs as the matrix that the clusterer takes."""
    index = np.array(list(weights), dtype=int).reshape(-1, 2)
    values = np.array(list(weights.values()), dtype=float)
    return sparse.coo_matrix((values, index.T), shape=(n_items, n_items))


def inside(weights, labels):
    """Return the sum of the weights of pairs in one group."""
    return sum(w for (a, b), w in weights.items() if labels[a] == labels[b])


def exact_optimum(weights, n_items):
    """Return the greatest sum inside of groups, by an integer programme.

    One unknown for each pair says whether it is together; a and b, b and c together
    means a and c together.
    """
    pairs = list(combinations(range(n_items), 2))
    number = {pair: i for i, pair in enumerate(pairs)}
    entries = []
    for a, b, c in combinations(range(n_items), 3):
        triangle = [number[a, b], number[b, c], number[a, c]]
        for odd in triangle:
            row = np.ones(3)
            row[triangle.index(odd)] = -1
            entries.append((triangle, row))
    matrix = np.zeros((len(entries), len(pairs)))
    for row, (columns, values) in zip(matrix, entries, strict=True):
        row[columns] = values
    result = milp(
        [-weights.get(pair, 0.0) for pair in pairs],
        constraints=LinearConstraint(matrix, -np.inf, 1),
        integrality=np.ones(len(pairs)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0},
    )
    return -result.fun


def pivot(weights, n_items, rng):
    """Return labels by Ailon, Charikar and Newman (2008): a random item and all its
    similar ones that are left, again and again."""
    labels = np.full(n_items, -1)
    for item in rng.permutation(n_items):
        if labels[item] < 0:
            labels[item] = item
            for (a, b), w in weights.items():
                other = b if a == item else a
                if item in (a, b) and w > 0 and labels[other] < 0:
                    labels[other] = item
    return labels


def agglomerate(weights, n_items, mean, missing=None, cannot=()):
    """Return labels of greedy linkage: the strongest two groups join while above 0."""
    groups = [[i] for i in range(n_items)]
    forbidden = {frozenset(pair) for pair in cannot}

    def bond(one, other):
        pairs = [(min(a, b), max(a, b)) for a in one for b in other]
        if any(frozenset(pair) in forbidden for pair in pairs):
            return -np.inf
        known = [weights[pair] for pair in pairs if pair in weights]
        if missing is not None:
            known += [missing] * (len(pairs) - len(known))
        return mean(known) if known else -np.inf

    while len(groups) > 1:
        best, i, j = max(
            (bond(groups[i], groups[j]), -i, -j)
            for i, j in combinations(range(len(groups)), 2)
        )
        if best <= 0:
            break
        groups[-i] += groups.pop(-j)
    labels = np.empty(n_items, dtype=int)
    for number, group in enumerate(groups):
        labels[group] = number
    return labels


def pairwise(true, pred):
    """Return precision, recall and F1 over all pairs, one by one."""
    pairs = list(combinations(range(len(true)), 2))
    same_true = {p for p in pairs if true[p[0]] == true[p[1]]}
    same_pred = {p for p in pairs if pred[p[0]] == pred[p[1]]}
    both = len(same_true & same_pred)
    precision = both / len(same_pred) if same_pred else 1.0
    recall = both / len(same_true) if same_true else 1.0
    return precision, recall, _harmonic(precision, recall)


def bcubed(true, pred):
    """Return B-cubed precision, recall and F1, item by item."""
    n = range(len(true))
    shares = [[], []]
    for i in n:
        for kept, one, other in ((shares[0], pred, true), (shares[1], true, pred)):
            group = [j for j in n if one[j] == one[i]]
            kept.append(np.mean([other[j] == other[i] for j in group]))
    precision, recall = map(np.mean, shares)
    return precision, recall, _harmonic(precision, recall)


def _harmonic(one, other):
    return 2 * one * other / (one + other) if one + other else 0.0
