# SPDX-License-Identifier: BSD-3-Clause
"""Checks of graphs of scored pairs, of constraints and of labels of groups."""

import numbers

import numpy as np
from scipy import sparse
from sklearn.utils import column_or_1d

from sksymsim._validation.items import check_index
from sksymsim._validation.targets import check_sortable

# Items of a chain that an error text shows.
SHOWN = 8
# Sums of log-odds up to this size, and their products with counts, never overflow.
MOST_LOG_ODDS = 1e100


class Missing:
    """What `missing` may be: a word or log-odds."""

    words = ("ignore", "prior")

    def __contains__(self, value):
        if isinstance(value, str):
            return value in self.words
        return value in FINITE

    def __str__(self):
        return "'ignore', 'prior' or finite log-odds"


class Finite:
    """Any finite number."""

    def __contains__(self, value):
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        return bool(is_number and np.isfinite(value))

    def __str__(self):
        return "a finite number"


FINITE = Finite()
MISSING = Missing()


def check_score_graph(X):
    """Return a square sparse matrix of real log-odds as COO, nothing summed up."""
    if X.ndim != 2 or X.shape[0] != X.shape[1]:
        raise ValueError(
            "a graph of scored pairs must have shape (n_items, n_items), got "
            f"{X.shape}."
        )
    if X.shape[0] == 0:
        raise ValueError("the graph has no items (n_samples=0).")
    if X.dtype.kind not in "fiub":
        raise TypeError(f"the graph must hold real numbers, got dtype {X.dtype}.")
    return sparse.coo_matrix(X)


def check_candidates(X):
    """Return pairs that are an index into items; refuse everything else."""
    if not hasattr(X, "map_items"):
        raise TypeError(
            "X must be Pairs.from_index(items, index), or a sparse matrix of log-odds "
            f"of shape (n_items, n_items), got {type(X).__name__}. Of a dense matrix "
            "take scipy.sparse.coo_matrix, without the pairs that were never scored."
        )
    if X.items is None:
        raise ValueError(
            "these pairs are two arrays, so that it is unknown which sides are the "
            "same item; use Pairs.from_index, or pairs.to_index() for equal rows."
        )
    if X.items.shape[0] == 0:
        raise ValueError("the pairs have no items (n_samples=0) to make groups of.")
    return X


def check_source(is_graph, estimator, log_odds):
    """Refuse log-odds from two sources, or from none."""
    if is_graph and log_odds is not None:
        raise ValueError("X is a matrix of log-odds already; leave out log_odds.")
    if not is_graph and estimator is None and log_odds is None:
        raise ValueError(
            "nothing says how similar the pairs are: pass log_odds to fit, or set "
            "estimator to a fitted model."
        )


def check_edge_scores(values, n_pairs):
    """Return one finite log-odds for each pair, as float64."""
    values = column_or_1d(np.asarray(values))
    if values.dtype.kind not in "fiub":
        raise TypeError(f"log_odds must hold real numbers, got dtype {values.dtype}.")
    if len(values) != n_pairs:
        raise ValueError(f"got {n_pairs} pairs but {len(values)} log_odds.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(
            f"log_odds hold {int((~np.isfinite(values)).sum())} NaN or infinity; say "
            "what is certain by must_link and cannot_link."
        )
    n_beyond = int((np.abs(values) > MOST_LOG_ODDS).sum())
    if n_beyond:
        raise ValueError(
            f"log_odds hold {n_beyond} number(s) beyond {MOST_LOG_ODDS:g}, of which no "
            "sums can be taken; say what is certain by must_link and cannot_link."
        )
    return values


def check_links(links, n_items, name):
    """Return pairs of rows of items of shape (n_links, 2); none for None."""
    if links is None:
        return np.empty((0, 2), dtype=np.intp)
    try:
        return check_index(links, n_items).astype(np.intp)
    except (TypeError, ValueError, IndexError) as error:
        raise type(error)(f"{name}: {error}") from None


def raise_contradiction(chain, n_broken):
    """Refuse constraints that contradict each other, with the chain that shows it."""
    if len(chain) == 1:
        raise ValueError(
            f"cannot_link forbids item {chain[0]} to be with itself; leave out such "
            "pairs."
        )
    items = [str(item) for item in chain]
    if len(items) > SHOWN:
        items[SHOWN // 2 : -SHOWN // 2] = [f"({len(items) - SHOWN} more)"]
    more = f" ({n_broken} cannot-links are contradicted)" if n_broken > 1 else ""
    raise ValueError(
        f"must_link joins items that cannot_link separates: {' = '.join(items)}, but "
        f"{chain[0]} != {chain[-1]}{more}. Drop one of these links."
    )


def check_group_labels(labels_true, labels_pred):
    """Return both labellings as numbers from 0."""
    both = [column_or_1d(labels) for labels in (labels_true, labels_pred)]
    if len(both[0]) != len(both[1]):
        raise ValueError(
            f"labels_true has {len(both[0])} items and labels_pred {len(both[1])}."
        )
    if len(both[0]) == 0:
        raise ValueError("the labels are empty (n_samples=0).")
    named = list(zip(both, ("labels_true", "labels_pred"), strict=True))
    for labels, name in named:
        check_no_nan(labels, name)
    return [check_sortable(labels, name)[1] for labels, name in named]


def check_no_nan(labels, name):
    """Refuse NaN as a label: all items without a group would be one group."""
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(
            f"{name} holds {int(np.isnan(labels).sum())} NaN, which names no group; "
            "leave these items out or, in calibrate_group_threshold, give them -1."
        )


def check_known_groups(y, n_items):
    """Return the group of each item as a number, -1 where it is not known."""
    y = column_or_1d(y)
    if len(y) != n_items:
        raise ValueError(f"got {n_items} items but {len(y)} groups in y.")
    check_no_nan(y, "y")
    codes = check_sortable(y, "y")[1]
    # A table with gaps holds floats, also after they were filled by -1.
    if y.dtype.kind in "iuf":
        codes = np.where(y < 0, -1, codes)
    return codes


def check_methods(methods, known, default):
    """Return the names of methods to try, without repetitions."""
    if methods is None:
        return (default,)
    shown = ", ".join(repr(name) for name in known)
    if isinstance(methods, str):
        raise TypeError(f"methods must be a sequence of names, got {methods!r}.")
    methods = tuple(dict.fromkeys(methods))
    wrong = [name for name in methods if name not in known]
    if wrong or not methods:
        got = f"got {wrong[0]!r}" if wrong else "got none"
        raise ValueError(f"methods must be some of {shown}, {got}.")
    return methods


def check_parts(X, y, **others):
    """Return the arguments of each part; those of the only one if X is no list."""
    if not isinstance(X, list):
        return [{"X": X, "y": y, **others}]
    if not X:
        raise ValueError("X is a list of no parts.")
    lists = {"y": y, **others}
    for name, values in lists.items():
        is_left_out = values is None and name != "y"
        if is_left_out:
            lists[name] = [None] * len(X)
        elif not isinstance(values, list) or len(values) != len(X):
            raise ValueError(
                f"X is a list of {len(X)} part(s), so that {name} must be a list of as "
                f"many, got {_size_of(values)}."
            )
    return [
        {"X": part, **{name: values[i] for name, values in lists.items()}}
        for i, part in enumerate(X)
    ]


def _size_of(values):
    if isinstance(values, list):
        return f"a list of {len(values)}"
    return type(values).__name__


def check_both_relations(same):
    """Refuse scored pairs of which none is of one group, or all are."""
    if not same.any() or same.all():
        kind = "two groups" if same.size and same.all() else "one group"
        raise ValueError(
            f"no scored pair is known to be of {kind}; to choose a threshold takes "
            "pairs of both kinds among the labelled items."
        )


# ------------------------------------------------------------------- whole way

SEARCHES = ("auto", "learned", "cosine", "euclidean")


def check_candidate_pairs(source):
    """Refuse what neither names a search, nor is an index or an array of pairs."""
    is_name = isinstance(source, str) and source in SEARCHES
    is_index = hasattr(source, "fit") and hasattr(source, "kneighbors")
    if not (is_name or is_index or isinstance(source, np.ndarray | list)):
        shown = ", ".join(repr(name) for name in SEARCHES)
        raise TypeError(
            f"candidate_pairs must be one of {shown}, an index with fit and "
            f"kneighbors, or an array of rows of shape (n_pairs, 2), got {source!r}."
        )


def check_clusterer(clusterer):
    """Refuse what is no PairClusterer."""
    if clusterer is not None and not hasattr(clusterer, "missing"):
        raise TypeError(
            f"clusterer must be a PairClusterer or None, got {clusterer!r}."
        )
