# SPDX-License-Identifier: BSD-3-Clause
"""Pairs out of class labels, and real embeddings to try them on."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch, check_random_state

from sksymsim._sampling import (
    PairPopulation,
    balanced_capacity,
    draw_distinct,
    draw_hard,
    round_to_sum,
)
from sksymsim._validation.frames import is_missing, names_of
from sksymsim._validation.items import check_items, check_table
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import NONE, Choice, Number, check_values
from sksymsim._validation.targets import check_sortable
from sksymsim.pairs import Pairs

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from sksymsim._typing import Integers, ItemsLike, Seed

__all__ = ["load_spoken_digits", "make_pairs"]

# With n_pairs=None: enough for a model of a few hundred features, and quick to fit.
PAIRS_PER_ITEM = 10
# What a pair takes while it is drawn: its rank, its index, its place in the shuffle.
PAIR_BYTES = 40

DESCRIPTION = """\
Spoken digits
-------------

3,000 recordings of the Free Spoken Digit Dataset: six speakers, ten digits, fifty
takes of each. Each recording is one row of 80 numbers: the mean (columns 0 to 39) and
the standard deviation (columns 40 to 79) over time of 40 log-mel bands. The values are
neither centred nor normalised. The test set of the authors of the data is takes 0 to 4.
"""


def load_spoken_digits(*, return_X_y: bool = False) -> tuple[Any, tuple[Any, ...]]:
    """Load 3,000 spoken digits of six speakers as fixed-length vectors.

    Each recording of the Free Spoken Digit Dataset is described by the mean
    and the standard deviation over time of 40 log-mel bands: a simple frozen
    embedding, in which neither the speaker nor the digit is easy to tell by
    cosine. Nothing is downloaded.

    ==============  =======================================
    Items           3000 (6 speakers x 10 digits x 50 takes)
    Features        80, real
    ==============  =======================================

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` and not a Bunch.

    Returns
    -------
    spoken_digits : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        data : ndarray of float32 of shape (3000, 80)
            The embeddings, in the order of the file names.
        speaker : ndarray of str of shape (3000,)
            Who speaks.
        digit : ndarray of int of shape (3000,)
            What is said, 0 to 9.
        take : ndarray of int of shape (3000,)
            The number of the recording among those of the same speaker and
            digit, 0 to 49. The authors of the data use 0 to 4 as test set.
        target : ndarray of str of shape (3000,)
            `speaker` under the name that scikit-learn has for labels.
        feature_names : list of str of length 80
            The names of the columns.
        DESCR : str
            Description, licence (CC BY-SA 4.0) and attribution.

    (data, target) : tuple if ``return_X_y=True``
        The embeddings and the speakers.

    Examples
    --------
    >>> from sksymsim import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> digits.data.shape
    (3000, 80)
    >>> digits.speaker[:2].tolist(), digits.digit[:2].tolist()
    (['george', 'george'], [0, 0])
    """
    folder = files("sksymsim") / "data"
    with (
        (folder / "spoken_digits.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as arrays,
    ):
        data = arrays["items"].astype(np.float32)
        speaker = arrays["speaker"]
        digit = arrays["digit"].astype(np.intp)
        take = arrays["take"].astype(np.intp)
    if return_X_y:
        return data, speaker
    licence = (folder / "LICENSE-spoken-digits.txt").read_text(encoding="utf-8")
    return Bunch(
        data=data,
        target=speaker,
        speaker=speaker,
        digit=digit,
        take=take,
        feature_names=[
            f"log_mel_{name}_{band:02d}"
            for name in ("mean", "std")
            for band in range(40)
        ],
        DESCR=f"{DESCRIPTION}\n{licence}",
    )


def make_pairs(
    X: ItemsLike,
    y: ArrayLike,
    *,
    n_pairs: int | None = None,
    similar_rate: float | Literal["natural"] = 0.5,
    hard_negatives: float = 0.0,
    n_groups: int | None = None,
    groups: ArrayLike | None = None,
    random_state: Seed = None,
) -> tuple[Pairs, Integers, Integers]:
    """Draw labelled pairs from items with class labels.

    A pair is similar (1) if both items are of one class and dissimilar (0)
    if not. No pair is drawn twice, in either order, and none joins an item
    with itself. The items are not copied.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_items, n_features)
        The items: embeddings of any float or integer type, also
        ``numpy.memmap`` or CSR. Only `hard_negatives` reads the values.
    y : array-like of shape (n_items,)
        The class of each item: numbers, strings, anything that can be sorted.
    n_pairs : int, default=None
        How many pairs to draw. None draws ``10 * n_items``, or all that can
        be had at `similar_rate` if those are fewer.
    similar_rate : float or "natural", default=0.5
        The share of similar pairs, in (0, 1); with two pairs or more there is
        at least one of each kind. "natural" makes every pair equally likely,
        so that the share is what it is among the items.
    hard_negatives : float, default=0.0
        The share of the dissimilar pairs, in [0, 1], that are neighbours by
        cosine: first every item with its nearest item of another class, then
        every item with its second nearest, and so on until there are enough,
        the last round cut at random. The other dissimilar pairs are drawn at
        random among the rest. The search compares all items of a group with
        each other: its time grows with the square of their number.
    n_groups : int, default=None
        Put the items at random into this many groups of equal size, every
        class spread evenly over them, and draw pairs only inside a group.
    groups : array-like of shape (n_items,), default=None
        Draw pairs only between items of equal entries, for example of one
        session, source or set of classes. None, with ``n_groups=None``, draws
        from all items.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same pairs at every call.

    Returns
    -------
    pairs : Pairs of shape (n_pairs, 2, n_features)
        In random order, the two sides in random order too.
    y_pairs : ndarray of int of shape (n_pairs,)
        1 for similar, 0 for dissimilar.
    pair_groups : ndarray of int of shape (n_pairs,)
        The group of each pair, counted from 0; with `groups`,
        ``numpy.unique(groups)[pair_groups]`` is its entry. Pairs of different
        groups share no item: pass it to a splitter such as
        :class:`~sklearn.model_selection.GroupKFold`.

    Raises
    ------
    TypeError
        If the labels or the groups cannot be sorted.
    ValueError
        If a parameter is out of range; if lengths differ; if labels or groups
        are missing; if there are no similar or no dissimilar pairs; if fewer
        pairs exist than asked for; if `hard_negatives` is used with NaN or
        infinity in `X`.
    MemoryError
        If the machine has too little memory for `n_pairs`.

    Notes
    -----
    Similar pairs are uniform over all similar pairs of their group, and
    dissimilar ones (but for hard negatives) over all dissimilar pairs: a class
    with twice the items gives four times the similar pairs. Every group gets
    pairs in proportion to how many it can give at `similar_rate`, and has that
    rate itself, to the nearest pair; a group that lacks one of the kinds gives
    none. With "natural", all pairs inside all groups are one population.

    Memory and time grow with the number of pairs drawn, not of those that
    exist.

    Examples
    --------
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> X, speaker = load_spoken_digits(return_X_y=True)
    >>> pairs, y, groups = make_pairs(
    ...     X, speaker, n_pairs=1000, n_groups=5, random_state=0
    ... )
    >>> pairs
    Pairs(1000 pairs of 80 features, float32, index into 3000 items)
    >>> float(y.mean()), groups[:5].tolist()
    (0.5, [2, 0, 3, 4, 1])
    """
    values = {
        "n_pairs": n_pairs,
        "similar_rate": similar_rate,
        "hard_negatives": hard_negatives,
        "n_groups": n_groups,
    }
    check_values("make_pairs", values, _ALLOWED)
    names = names_of(X)
    X = check_items(X) if hard_negatives else check_table(X, "X")
    n_items = X.shape[0]
    if n_items < 2:
        raise ValueError(f"X has {n_items} items; pairs need at least 2.")
    classes, _ = _encode(y, "y", n_items)
    if n_pairs is not None:
        check_memory(
            n_pairs * PAIR_BYTES, f"{n_pairs} pairs", "ask for a smaller n_pairs"
        )
    rng = check_random_state(random_state)
    blocks, n_blocks = _make_blocks(classes, n_groups, groups, rng)
    population = PairPopulation(classes, blocks, n_blocks)
    _check_both_kinds(population, n_groups is not None or groups is not None)

    n_similar, n_dissimilar = _share_out(population, n_pairs, similar_rate, rng)
    share = hard_negatives * n_dissimilar
    n_hard = round_to_sum(share, round(hard_negatives * n_dissimilar.sum()), rng)
    hard = draw_hard(X, population, n_hard, rng)
    similar = draw_distinct(n_similar, population.n_similar, rng)
    other = draw_distinct(n_dissimilar - n_hard, population.n_dissimilar, rng, hard)

    dissimilar = np.concatenate([hard, other])
    index = np.concatenate(
        [population.similar_pairs(similar), population.dissimilar_pairs(dissimilar)]
    )
    index = index.astype(np.int32 if n_items < 2**31 else np.intp, copy=False)
    shuffle = rng.permutation(len(index))
    index = index[shuffle]
    # In the order of the ranks, the right item would always be of the later class.
    swapped = rng.uniform(size=len(index)) < 0.5
    index[swapped] = index[swapped, ::-1]
    y_pairs = (shuffle < similar.size).astype(np.intp)
    pairs = Pairs.from_index(X, index)._named(names)
    return pairs, y_pairs, blocks[index[:, 0]]


_ALLOWED = {
    "n_pairs": (Number(int, 1), NONE),
    "similar_rate": (
        Number(float, 0, 1, open_low=True, open_high=True),
        Choice("natural"),
    ),
    "hard_negatives": (Number(float, 0, 1),),
    "n_groups": (Number(int, 1), NONE),
}


def _encode(labels, name, n_items):
    """Return numbers for labels, and how many different ones there are."""
    labels = np.asarray(labels)
    if labels.shape != (n_items,):
        raise ValueError(
            f"{name} must have shape ({n_items},), got {labels.shape}: one entry for "
            "each row of X."
        )
    if labels.dtype.kind in "fO" and any(map(is_missing, labels.tolist())):
        raise ValueError(f"{name} has missing entries (None or NaN); drop those items.")
    names, codes = check_sortable(labels, name)
    return codes, len(names)


def _make_blocks(classes, n_groups, groups, rng):
    """Return the block of each item and the number of blocks."""
    if groups is not None:
        if n_groups is not None:
            raise ValueError(
                "n_groups and groups cannot be used together: n_groups makes groups "
                "at random, groups are yours."
            )
        return _encode(groups, "groups", classes.size)
    # Further groups would be empty.
    n_blocks = 1 if n_groups is None else min(n_groups, classes.size)
    # Dealt out class by class: no block gets more than one item above its share of
    # any class, nor of all items.
    order = np.lexsort((rng.uniform(size=classes.size), classes))
    blocks = np.empty(classes.size, dtype=np.intp)
    blocks[order] = np.arange(classes.size) % n_blocks
    return blocks, n_blocks


def _check_both_kinds(population, is_split):
    inside = " inside a group" if is_split else ""
    if not population.n_similar.any():
        hint = "use fewer or larger groups" if is_split else "use coarser labels"
        raise ValueError(
            f"there are no similar pairs{inside}: no class has two items there; {hint}."
        )
    if not population.n_dissimilar.any():
        raise ValueError(
            f"there are no dissimilar pairs{inside}: all items are of one class; at "
            f"least two classes are needed{inside}."
        )


def _share_out(population, n_pairs, similar_rate, rng):
    """Return how many similar and dissimilar pairs each block is to give."""
    n_similar, n_dissimilar = population.n_similar, population.n_dissimilar
    if similar_rate == "natural":
        capacity = n_similar + n_dissimilar
    else:
        capacity = balanced_capacity(n_similar, n_dissimilar, similar_rate)
    n_pairs = _check_enough(n_pairs, capacity.sum(), population, similar_rate)
    if similar_rate == "natural":
        sizes = np.concatenate([n_similar, n_dissimilar])
        ranks = draw_distinct(np.array([n_pairs]), np.array([sizes.sum()]), rng)
        ends = np.cumsum(sizes)
        counts = np.bincount(
            np.searchsorted(ends, ranks, side="right"), minlength=sizes.size
        )
        return counts[: n_similar.size], counts[n_similar.size :]
    total = round(n_pairs * similar_rate)
    if n_pairs > 1:
        total = min(max(total, 1), n_pairs - 1)
    in_block = round_to_sum(capacity * (n_pairs / capacity.sum()), n_pairs, rng)
    similar = round_to_sum(in_block * similar_rate, total, rng)
    return similar, in_block - similar


def _check_enough(n_pairs, n_possible, population, similar_rate):
    if n_possible == 0:
        raise ValueError(
            "no group holds both similar and dissimilar pairs; use larger groups, or "
            'similar_rate="natural", which does not need both in one group.'
        )
    if n_pairs is None:
        return int(min(n_possible, PAIRS_PER_ITEM * population.order.size))
    if n_pairs > n_possible:
        raise ValueError(
            f"n_pairs={n_pairs}, but at most {n_possible} distinct pairs exist at "
            f"similar_rate={similar_rate!r} ({population.n_similar.sum()} similar and "
            f"{population.n_dissimilar.sum()} dissimilar pairs in all); lower n_pairs, "
            "change similar_rate, use fewer groups or more items."
        )
    return n_pairs
