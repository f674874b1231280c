# SPDX-License-Identifier: BSD-3-Clause
"""Labels of pairs looked at together: what contradicts, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from sksymsim._labels.audit import count_contradictions, measure_labels
from sksymsim._labels.closure import (
    DissimilarUnits,
    SimilarUnits,
    draw,
    quotas,
    shared_weights,
)
from sksymsim._labels.graph import LabelGraph
from sksymsim._labels.items import LabelledItems
from sksymsim._sampling import round_to_sum
from sksymsim._validation.labels import (
    AUDIT_OPTIONS,
    CLOSE_OPTIONS,
    check_both_left,
    check_n_new,
    check_no_conflict,
    check_options,
    check_some_labels,
)
from sksymsim._validation.targets import check_labels, check_weights

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from sksymsim._labels.graph import Contradiction
    from sksymsim._labels.text import LabelAudit
    from sksymsim._typing import Booleans, Integers, PairsLike, Seed
    from sksymsim.pairs import Pairs

__all__ = ["ClosedLabels", "audit_labels", "close_labels"]


def audit_labels(
    pairs: PairsLike, y: ArrayLike, *, max_contradictions: int = 20
) -> LabelAudit:
    """Tell what is wrong with the labels of pairs, taken together.

    "Similar" is taken for an equivalence relation: reflexive, symmetric and transitive.

    Parameters
    ----------
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2), or tuple
        The pairs. Items are the same if their rows are equal bit for bit, in whichever
        table or array they are; integers of shape (n_pairs, 2) are ids of items.
    y : array-like of shape (n_pairs,)
        Two labels of any kind; the greater one means "similar".
    max_contradictions : int, default=20
        How many contradictions of each kind are listed with the shortest chains that
        prove them. None lists all.

    Returns
    -------
    audit : LabelAudit
        Printed, it is a page to read. ``audit.alarms`` is a list of sentences that say
        what is wrong and what to do, empty if nothing is.

    Raises
    ------
    TypeError
        If the pairs are of a type that holds no pairs or no numbers.
    ValueError
        If there are no pairs; if `y` has another length, or does not hold two classes.

    See Also
    --------
    LabelAudit : What is returned.
    close_labels : Leave contradictions out, and add what follows.

    Notes
    -----
    Groups are the connected components of the graph of similar pairs, without those
    that are labelled both ways. A pair labelled dissimilar whose items are in one group
    contradicts the chain of similar pairs between them: at least one label of all these
    is wrong, or the relation is not transitive. Chains are found by breadth-first
    search from both ends. Memory is linear in the number of pairs, and so is time but
    for sorting.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import audit_labels
    >>> pairs = np.array([[1, 2], [2, 3], [3, 1], [4, 5], [5, 4]])
    >>> audit = audit_labels(pairs, [1, 1, 0, 1, 0])
    >>> for contradiction in audit.contradictions:
    ...     print(contradiction)
    pair 4 says that items 5 and 4 differ, and pair 3 says that 5 ~ 4
    pair 2 says that items 3 and 1 differ, and pairs 1, 0 say that 3 ~ 2 ~ 1
    """
    check_options("audit_labels", AUDIT_OPTIONS, max_contradictions=max_contradictions)
    items, similar, _ = _read(pairs, y)
    graph = LabelGraph(items.keys, similar)
    return measure_labels(graph, graph.contradictions(max_contradictions, items.names))


@dataclass(frozen=True, eq=False, repr=False)
class ClosedLabels:
    """What :func:`~sksymsim.close_labels` returns.

    Parameters
    ----------
    pairs : Pairs or ndarray of shape (n_pairs, 2)
        The given pairs that are left, in their order, and the inferred ones.
    y : ndarray of shape (n_pairs,)
        Their labels, of the classes that were given.
    sample_weight : ndarray of shape (n_pairs,)
        Their weights.
    source : ndarray of int of shape (n_pairs,)
        Which of the given pairs each is, or -1 for an inferred one.
    left_out : ndarray of int
        The given pairs that contradict others and are left out.
    n_possible_similar, n_possible_dissimilar : int
        How many pairs follow from the labels in all, drawn or not.
    contradictions : list of Contradiction
        As in :class:`LabelAudit`.

    Attributes
    ----------
    inferred : ndarray of bool of shape (n_pairs,)
        Which pairs are not given.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import close_labels
    >>> closed = close_labels(np.array([[1, 2], [2, 3], [4, 5]]), [1, 1, 0])
    >>> np.sort(closed.pairs[closed.inferred]).tolist()
    [[1, 3]]
    >>> closed.source.tolist()
    [0, 1, 2, -1]
    """

    pairs: Pairs | Integers
    y: np.ndarray
    sample_weight: np.ndarray
    source: np.ndarray
    left_out: np.ndarray
    n_possible_similar: int
    n_possible_dissimilar: int
    contradictions: list[Contradiction]

    @property
    def inferred(self) -> Booleans:
        """Which pairs are not given."""
        return self.source < 0

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        n_new = int(self.inferred.sum())
        return (
            f"ClosedLabels({len(self) - n_new} given pairs, {n_new} inferred of "
            f"{self.n_possible_similar + self.n_possible_dissimilar} that follow, "
            f"{self.left_out.size} left out)"
        )


def close_labels(
    pairs: PairsLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    max_growth: float = 1.0,
    max_new: int | None = None,
    on_conflict: Literal["keep", "drop", "raise"] = "keep",
    max_contradictions: int = 20,
    random_state: Seed = None,
) -> ClosedLabels:
    """Add the labels that follow from those of other pairs.

    If a is similar to b and b to c, then so is a to c; if b and c are dissimilar, so
    are a and c.

    Parameters
    ----------
    pairs : Pairs, ndarray of shape (n_pairs, 2, n_features) or (n_pairs, 2), or tuple
        The pairs. Items are the same if their rows are equal bit for bit; integers of
        shape (n_pairs, 2) are ids of items.
    y : array-like of shape (n_pairs,)
        Two labels of any kind; the greater one means "similar".
    sample_weight : array-like of shape (n_pairs,), default=None
        Non-negative weights of the given pairs; None is 1 for each.
    max_growth : float, default=1.0
        The most inferred pairs for each given one, in each group of items that similar
        pairs join, and between each two groups that dissimilar pairs hold apart. 0
        infers nothing; None sets no limit. What is drawn is drawn at random.
    max_new : int, default=None
        The most inferred pairs in all; groups then get in proportion less.
    on_conflict : {"keep", "drop", "raise"}, default="keep"
        What to do with contradictions. "keep" keeps all given labels, and infers
        nothing from a group that contradicts itself. "drop" also leaves out pairs that
        are labelled dissimilar within a group, items that differ from themselves, and
        all labels of pairs with both labels: a few wrong similar labels can cost most
        of the dissimilar ones, so audit them first. "raise" refuses labels that
        contradict each other.
    max_contradictions : int, default=20
        How many contradictions of each kind are listed; None lists all.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same inferred pairs at every call.

    Returns
    -------
    closed : ClosedLabels
        With ``pairs``, ``y`` and ``sample_weight`` for a fit, and ``source`` and
        ``inferred`` that say what is given.

    Raises
    ------
    TypeError
        If the pairs are of a type that holds no pairs or no numbers.
    ValueError
        If a parameter, the labels or the weights cannot be used; if `on_conflict` is
        "raise" and labels contradict each other; if "drop" would leave no pair of a
        label; if more than 100 million pairs would be inferred.

    See Also
    --------
    audit_labels : Look at the labels first.

    Notes
    -----
    All pairs of a group have together the weight that the given ones had, and so have
    those between two groups: a group of n items has n (n - 1) / 2 pairs, and large ones
    would otherwise drown all others. So the rate of similar pairs by weight is what it
    was, unless contradictions are left out.

    Given pairs are never inferred, nor pairs of an item with itself. With
    ``max_growth=None`` and no contradictions, closing again adds nothing. Memory and
    time grow with the pairs given and drawn, not with those that follow.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import close_labels
    >>> pairs = np.array([[1, 2], [2, 3], [3, 4]])
    >>> closed = close_labels(pairs, [1, 1, 0], max_growth=None, random_state=0)
    >>> closed
    ClosedLabels(3 given pairs, 3 inferred of 3 that follow, 0 left out)
    >>> np.sort(closed.pairs[closed.inferred]).tolist()
    [[1, 3], [1, 4], [2, 4]]
    >>> closed.sample_weight.round(2).tolist()
    [0.67, 0.67, 0.33, 0.67, 0.33, 0.33]
    """
    check_options(
        "close_labels",
        CLOSE_OPTIONS,
        max_growth=max_growth,
        max_new=max_new,
        on_conflict=on_conflict,
        max_contradictions=max_contradictions,
        random_state=random_state,
    )
    items, similar, classes = _read(pairs, y)
    weights = check_weights(
        1.0 if sample_weight is None else sample_weight, len(similar)
    )
    graph = LabelGraph(items.keys, similar)
    found = graph.contradictions(max_contradictions, items.names)
    if on_conflict == "raise":
        counts = count_contradictions(graph)
        if any(counts.values()):
            check_no_conflict(counts, graph.contradictions(1, items.names))
    kept = np.ones(len(similar), dtype=bool)
    if on_conflict == "drop":
        kept = ~graph.contradictory
        check_both_left(similar[kept])

    rng = check_random_state(random_state)
    units = SimilarUnits(graph), DissimilarUnits(graph)
    counts = _counts(units, max_growth, max_new, rng)
    inferred = [draw(*part, rng) for part in zip(units, counts, strict=True)]
    parts = [np.flatnonzero(kept & (similar == label)) for label in (True, False)]
    shared = weights.copy()
    new_weights = []
    for new, rows in zip(inferred, parts, strict=True):
        shared[rows], weight = shared_weights(new, graph.number, rows, weights)
        new_weights.append(weight)

    rows = np.flatnonzero(kept)
    ends = np.concatenate([new.ends for new in inferred])
    new_codes = np.repeat([1, 0], [len(new.ends) for new in inferred])
    codes = np.concatenate([similar[rows].astype(np.intp), new_codes])
    return ClosedLabels(
        pairs=items.pairs(rows, ends),
        y=classes[codes],
        sample_weight=np.concatenate([shared[rows], *new_weights]),
        source=np.concatenate([rows, np.full(len(ends), -1)]),
        left_out=np.flatnonzero(~kept),
        n_possible_similar=inferred[0].n_possible,
        n_possible_dissimilar=inferred[1].n_possible,
        contradictions=found,
    )


def _read(pairs, y):
    """Return the items of pairs, which pairs are similar, and the two classes."""
    items = LabelledItems(pairs)
    check_some_labels(len(items.keys))
    classes, similar = check_labels(y, len(items.keys))
    return items, similar, classes


def _counts(units, max_growth, max_new, rng):
    """Return how many pairs each unit of both kinds gets."""
    shares = np.concatenate([quotas(part, max_growth) for part in units])
    total = float(shares.sum())
    if max_new is not None and total > max_new:
        shares, total = shares * (max_new / total), max_new
    check_n_new(round(total))
    counts = round_to_sum(shares, round(total), rng)
    return np.split(counts, [units[0].sizes.size])
