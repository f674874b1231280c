# SPDX-License-Identifier: BSD-3-Clause
"""How the training pairs are held for a fit, by counting what each way costs."""

from sksymsim._blocks import MAX_FEATURES
from sksymsim._design import PairDesign
from sksymsim._distinct import guess_items
from sksymsim._graph import GraphDesign
from sksymsim._priors import PRIORS
from sksymsim._span import find_span, project_pairs
from sksymsim._validation.sizes import check_matrix_size

# What one number of a gathered row costs, in multiplications of a matrix product:
# gathering waits for memory (measured: 1,000,000 pairs of 384 features, one thread).
GATHER_COST = 30
# Looking for repeated rows costs about as much as one evaluation; it has to be worth
# several.
HASHING_GAIN = 2.0


def expanded_cost(n_pairs, n_features):
    """Return the multiplications of one evaluation with a row for each pair."""
    # One triangle of a product forth, one back.
    return n_pairs * n_features**2


def graph_cost(n_pairs, n_items, n_features):
    """Return the multiplications of one evaluation over items and edges."""
    return 2 * n_items * n_features**2 + GATHER_COST * n_pairs * n_features


def make_design(pairs, form, weights, team, prior="identity", similar=None):
    """Return the training pairs in the cheapest of some layouts.

    Parameters
    ----------
    pairs : Pairs
    form : Form
    weights : ndarray of shape (n_pairs,)
    team : Team
    prior : str or object, default="identity"
        What the solution is drawn to; those that have a name allow fewer dimensions.
    similar : ndarray of bool of shape (n_pairs,), default=None
        The labels. Pairs of one label are held together where that is cheap, as their
        residuals have one sign.

    Returns
    -------
    design : PairDesign or GraphDesign
        Its ``span`` says what the features of its pairs are, None if they are as they
        were.
    """
    n_features = pairs.shape[2]
    check_matrix_size(n_features, MAX_FEATURES)
    pairs = pairs.compact() if pairs.items is not None else pairs
    span = None
    if isinstance(prior, str):
        span = find_span(pairs, form, PRIORS[prior].needs_items)
    if span is not None:
        pairs = project_pairs(pairs, span)
    design = _choose(pairs, form)(pairs, form, weights, team, similar=similar)
    design.span = span
    design.n_ambient = n_features
    return design


def make_whole_design(pairs, form, weights, scale, similar):
    """Return a part of the training pairs, in all their features and in given units.

    Parameters
    ----------
    pairs, form, weights, similar
        As for :func:`make_design`.
    scale : float
        What the pairs are divided by.
    """
    check_matrix_size(pairs.shape[2], MAX_FEATURES)
    pairs = pairs.compact() if pairs.items is not None else pairs
    return _choose(pairs, form)(pairs, form, weights, None, scale, similar)


def make_held_design(pairs, design):
    """Return other pairs in the units of a design, to be scored there.

    Parameters
    ----------
    pairs : Pairs
    design : PairDesign or GraphDesign
        Of training pairs in all their features.

    Returns
    -------
    held : PairDesign or GraphDesign
    """
    pairs = pairs.compact() if pairs.items is not None else pairs
    make = _choose(pairs, design.form)
    return make(pairs, design.form, None, design.team, design.scale)


def _choose(pairs, form):
    """Return the type of design whose evaluations cost less."""
    n_pairs, _, n_features = pairs.shape
    expanded = expanded_cost(n_pairs, n_features)
    if pairs.is_sparse:
        return PairDesign
    if pairs.items is None:
        affordable = _most_items(n_pairs, n_features, expanded / HASHING_GAIN)
        if affordable > 0 and guess_items(pairs) <= affordable:
            return _indexed_design
        return PairDesign
    cheap = graph_cost(n_pairs, pairs.items.shape[0], n_features) < expanded
    return GraphDesign if cheap else PairDesign


def _indexed_design(pairs, form, weights, team, scale=None, similar=None):
    pairs = pairs.to_index()
    return _choose(pairs, form)(pairs, form, weights, team, scale, similar)


def _most_items(n_pairs, n_features, cost):
    """Return how many items there may be for the graph to cost no more than that."""
    left = cost - graph_cost(n_pairs, 0, n_features)
    return int(left / (2 * n_features**2))
