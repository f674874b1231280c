# SPDX-License-Identifier: BSD-3-Clause
"""From items to groups of the same thing, and from two catalogues to links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from sklearn.base import clone
from sklearn.utils import check_random_state

from sksymsim._groups.assignment import best_partners
from sksymsim._groups.candidates import (
    candidates_between,
    candidates_within,
    stack_rows,
)
from sksymsim._groups.confidence import confidence_of_links
from sksymsim._groups.reading import score_candidates
from sksymsim._reporting import say_if
from sksymsim._validation.frames import names_of_items
from sksymsim._validation.groups import FINITE, check_candidate_pairs, check_clusterer
from sksymsim._validation.items import check_items, check_width
from sksymsim._validation.parameters import Number
from sksymsim._validation.scores import check_number
from sksymsim.clustering import PairClusterer
from sksymsim.pairs import Pairs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sksymsim._typing import Estimator, Floats, Integers, ItemsLike, Seed

__all__ = ["CatalogueLinks", "Deduplication", "deduplicate", "link"]


@dataclass(frozen=True, repr=False)
class Deduplication:
    """Groups of items that are the same thing, and how they came about.

    Parameters
    ----------
    labels : ndarray of int of shape (n_items,)
        The group of each item, from 0 in the order of first appearance.
    confidence : ndarray of shape (n_items,)
        How sure each item is of its group, see :class:`PairClusterer`.
    pairs : ndarray of int of shape (n_pairs, 2)
        The candidates: rows of items, the lower one first.
    log_odds : ndarray of shape (n_pairs,)
        What the model says of them.
    clusterer : PairClusterer
        The fitted clusterer.

    See Also
    --------
    deduplicate : Makes it.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, deduplicate
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> found = deduplicate(spoken.data[:200], model, random_state=0)
    >>> found.labels.shape, found.confidence.shape
    ((200,), (200,))
    >>> sum(len(group) for group in found.groups())
    200
    """

    labels: np.ndarray
    confidence: np.ndarray
    pairs: np.ndarray
    log_odds: np.ndarray
    clusterer: PairClusterer

    def __repr__(self):
        found = f"{len(self.labels)} items in {self.n_groups} groups"
        return f"Deduplication({found}, {len(self.pairs)} candidates)"

    @property
    def probabilities(self) -> Floats:
        """The probabilities of the candidates, of shape (n_pairs,)."""
        return expit(self.log_odds)

    @property
    def n_groups(self) -> int:
        """How many groups there are, those of a single item included."""
        return int(self.labels.max()) + 1

    def groups(self, min_size: int = 2) -> list[Integers]:
        """Return the rows of each group.

        Parameters
        ----------
        min_size : int, default=2
            Leave out smaller groups; with 2, items that have no double.

        Returns
        -------
        groups : list of ndarray of int
            The largest first.
        """
        order = np.argsort(self.labels, kind="stable")
        sizes = np.bincount(self.labels)
        parts = np.split(order, np.cumsum(sizes)[:-1])
        parts = [part for part in parts if len(part) >= min_size]
        return sorted(parts, key=len, reverse=True)


@dataclass(frozen=True, repr=False)
class CatalogueLinks:
    """Links between the rows of two tables, and how they came about.

    Parameters
    ----------
    links : ndarray of int of shape (n_links, 2)
        Rows of `X_a` and of `X_b` that are the same thing.
    link_log_odds : ndarray of shape (n_links,)
        What the model says of the links.
    confidence : ndarray of shape (n_links,)
        For each link its probability against the best alternative: another candidate of
        either row, or none.
    partner : ndarray of int of shape (n_a,)
        For each row of `X_a` the row of `X_b`, of several the most probable one; -1 for
        none.
    pairs : ndarray of int of shape (n_pairs, 2)
        The candidates: a row of `X_a` and one of `X_b`.
    log_odds : ndarray of shape (n_pairs,)
        What the model says of them.

    See Also
    --------
    link : Makes it.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, link
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> first, second = spoken.take == 0, spoken.take == 1
    >>> found = link(spoken.data[first], spoken.data[second], model)
    >>> found.links.shape == (len(found.link_log_odds), 2)
    True
    >>> int((found.partner >= 0).sum()) == len(found.links)
    True
    """

    links: np.ndarray
    link_log_odds: np.ndarray
    confidence: np.ndarray
    partner: np.ndarray
    pairs: np.ndarray
    log_odds: np.ndarray

    def __repr__(self):
        found = f"{len(self.links)} links of {len(self.partner)} rows"
        return f"CatalogueLinks({found}, {len(self.pairs)} candidates)"

    @property
    def link_probabilities(self) -> Floats:
        """The probabilities of the links, of shape (n_links,)."""
        return expit(self.link_log_odds)

    @property
    def probabilities(self) -> Floats:
        """The probabilities of the candidates, of shape (n_pairs,)."""
        return expit(self.log_odds)


def deduplicate(
    X: ItemsLike,
    model: Estimator,
    *,
    candidate_pairs: str | ArrayLike | Estimator = "auto",
    n_neighbors: int = 10,
    n_random: int = 10,
    clusterer: PairClusterer | None = None,
    must_link: ArrayLike | None = None,
    cannot_link: ArrayLike | None = None,
    random_state: Seed = None,
    verbose: int = 0,
) -> Deduplication:
    """Find the items that are the same thing: candidates, probabilities, groups.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_items, n_features)
        The items.
    model : estimator
        A fitted classifier of pairs, or a Pipeline. It is not changed.
    candidate_pairs : str, object or array of int of shape (n_pairs, 2), default="auto"
        Which pairs are scored:

        - "auto": for each item those of the highest score, if the model has `top_k`
          (also within a Pipeline of :class:`SharedTransformer`); else its neighbours in
          the learned space; else by cosine.
        - "learned": its neighbours in the learned space (`transform`), or by cosine if
          there is none.
        - "cosine", "euclidean": its neighbours among the items as they are.
        - an index with `fit` and ``kneighbors(X, n_neighbors, return_distance)``, such
          as ``NearestNeighbors(algorithm="kd_tree")``: a copy is fitted on the learned
          space, or on the items if there is none.
        - an array: these rows of items.

    n_neighbors : int, default=10
        How many neighbours each item has. Groups that are larger still come out whole
        where their neighbourhoods overlap.
    n_random : int, default=10
        How many items drawn at random each item is compared with besides, unless
        `candidate_pairs` is an array. Neighbours are alike; of all that is not, they
        say little, and two groups that have one wrong pair of neighbours would be
        joined.
    clusterer : PairClusterer, default=None
        How groups are made; it is not changed. None takes ``PairClusterer()``.
    must_link : array-like of int of shape (n_links, 2), default=None
        Rows of items that are in one group.
    cannot_link : array-like of int of shape (n_links, 2), default=None
        Rows of items that are in two groups.
    random_state : int, RandomState instance or None, default=None
        For `n_random`. Pass an int for the same groups at every call.
    verbose : int, default=0
        0 is silent, 1 prints progress.

    Returns
    -------
    result : Deduplication

    Raises
    ------
    MemoryError
        If the candidates would be larger than the memory of this machine.
    TypeError
        If `X` are pairs, or `clusterer` or `candidate_pairs` are something else.
    ValueError
        If a parameter is out of range, or what :meth:`PairClusterer.fit` raises.

    See Also
    --------
    link : The same for two tables.
    calibrate_group_threshold : The threshold of the clusterer.

    Notes
    -----
    Neighbours are searched a block of items at a time, and candidates scored a block at
    a time: memory is linear in the number of items. Exact search compares all items
    with each other; for millions pass an approximate index.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, deduplicate
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> known = spoken.take >= 10
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data[known], spoken.speaker[known], n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> found = deduplicate(spoken.data[spoken.take < 2], model, random_state=0)
    >>> found.labels.shape
    (120,)
    """
    say = say_if(verbose)
    names = names_of_items(model, X)
    items = _items(X, model, "X")
    check_number(n_neighbors, Number(int, 1), "n_neighbors")
    check_number(n_random, Number(int, 0), "n_random")
    check_candidate_pairs(candidate_pairs)
    check_clusterer(clusterer)
    clusterer = PairClusterer(verbose=verbose) if clusterer is None else clusterer
    rng = check_random_state(random_state)
    index = candidates_within(model, candidate_pairs, items, n_neighbors, n_random, rng)
    say(f"{len(index)} candidates among {items.shape[0]} items")
    pairs = Pairs.from_index(items, index)._named(names)
    log_odds = score_candidates(model, pairs)
    say(f"scored; {int((log_odds > 0).sum())} are more probable than not")
    grouper = clone(clusterer).set_params(estimator=None)
    links = {"must_link": must_link, "cannot_link": cannot_link}
    grouper.fit(pairs, log_odds=log_odds, **links)
    return Deduplication(grouper.labels_, grouper.confidence_, index, log_odds, grouper)


def link(
    X_a: ItemsLike,
    X_b: ItemsLike,
    model: Estimator,
    *,
    candidate_pairs: str | ArrayLike | Estimator = "auto",
    n_neighbors: int = 10,
    threshold: float = 0.0,
    one_to_one: bool = True,
    verbose: int = 0,
) -> CatalogueLinks:
    """Find the rows of two tables that are the same thing.

    Parameters
    ----------
    X_a : {array-like, sparse matrix} of shape (n_a, n_features)
        The items of one table.
    X_b : {array-like, sparse matrix} of shape (n_b, n_features)
        The items of the other.
    model : estimator
        A fitted classifier of pairs, or a Pipeline. It is not changed.
    candidate_pairs : str, object or array of int of shape (n_pairs, 2), default="auto"
        Which pairs are scored: neighbours of each row in the other table, as in
        :func:`deduplicate`; or an array of int of shape (n_pairs, 2), rows of `X_a` and
        of `X_b`.
    n_neighbors : int, default=10
        How many neighbours each row has in the other table.
    threshold : float, default=0.0
        Log-odds up to which rows stay without a link.
    one_to_one : bool, default=True
        Whether each row has one partner at most: of all such links, those of the
        greatest sum of the log-odds less the threshold. False links every candidate
        above the threshold.
    verbose : int, default=0
        0 is silent, 1 prints progress.

    Returns
    -------
    result : CatalogueLinks
        Exchanging the tables exchanges the sides of the links, save for ties.

    Raises
    ------
    MemoryError
        If the candidates would be larger than the memory of this machine.
    TypeError
        If a table holds pairs, or `candidate_pairs` are something else.
    ValueError
        If the tables differ in width, or a parameter is out of range.

    See Also
    --------
    deduplicate : Groups of any size in one table.

    Notes
    -----
    The links are exact: SciPy's matching on the sparse graph of candidates above the
    threshold, one connected component at a time.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, link
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> known = spoken.take >= 10
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data[known], spoken.digit[known], n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> one, other = (spoken.data[spoken.take == take] for take in (0, 1))
    >>> found = link(one, other, model)
    >>> found.partner.shape
    (60,)
    """
    say = say_if(verbose)
    items_a, items_b = _items(X_a, model, "X_a"), _items(X_b, model, "X_b")
    names = names_of_items(model, X_a, "X_a")
    names_of_items(model, X_b, "X_b")
    check_width(items_b.shape[1], items_a.shape[1], "X_a")
    check_number(n_neighbors, Number(int, 1), "n_neighbors")
    threshold = check_number(threshold, FINITE, "threshold")
    check_candidate_pairs(candidate_pairs)
    index = candidates_between(model, candidate_pairs, items_a, items_b, n_neighbors)
    n_a, n_b = items_a.shape[0], items_b.shape[0]
    say(f"{len(index)} candidates between {n_a} and {n_b} items")
    both = Pairs.from_index(stack_rows(items_a, items_b), index + np.array([0, n_a]))
    log_odds = score_candidates(model, both._named(names))
    weights = log_odds.astype(np.float64) - threshold
    left, right = index.T
    chosen = np.flatnonzero(weights > 0)
    if one_to_one:
        chosen = best_partners(left, right, weights, n_a, n_b)
    say(f"{len(chosen)} links")
    rising = chosen[np.argsort(weights[chosen], kind="stable")]
    partner = np.full(n_a, -1)
    partner[left[rising]] = right[rising]
    return CatalogueLinks(
        index[chosen],
        log_odds[chosen],
        confidence_of_links(left, right + n_a, weights, chosen),
        partner,
        index,
        log_odds,
    )


def _items(X, model, name):
    return check_items(X, getattr(model, "n_features_in_", None), "the model", name)
