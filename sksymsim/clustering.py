# SPDX-License-Identifier: BSD-3-Clause
"""From log-odds of pairs to groups of items, which are an equivalence relation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator, ClusterMixin

from sksymsim._base import PackageMixin
from sksymsim._callbacks import watched
from sksymsim._groups.confidence import confidence_of_items, sum_inside
from sksymsim._groups.constraints import merge_linked
from sksymsim._groups.methods import METHODS
from sksymsim._groups.reading import group_items, missing_log_odds, read_scored_pairs
from sksymsim._reporting import say_if
from sksymsim._validation.groups import FINITE, MISSING
from sksymsim._validation.parameters import (
    NONE,
    VERBOSE,
    Choice,
    Instance,
    check_parameters,
)

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Estimator, Floats, Integers, ItemsLike, Strings
    from sksymsim.pairs import Pairs

__all__ = ["PairClusterer"]

PARAMETERS: dict[str, list[Any]] = {
    "method": [Choice(*METHODS)],
    "estimator": [
        NONE,
        Instance("a fitted classifier of pairs", methods=("fit", "classes_")),
    ],
    "threshold": [FINITE],
    "missing": [MISSING],
    "verbose": VERBOSE,
}


class PairClusterer(PackageMixin, ClusterMixin, BaseEstimator):
    """Groups of items out of log-odds of pairs.

    Scores of pairs contradict each other: a may be similar to b and b to c, but not a
    to c. Groups do not: to be in the same one is reflexive, symmetric and transitive.
    The pairs need not be all; those that matter are enough.

    Parameters
    ----------
    method : {"correlation", "average", "complete", "components"}, default="correlation"
        How contradictions are resolved. With the weight of a pair its log-odds less
        `threshold`:

        - "correlation": the groups of the greatest sum of the weights inside of them.
          Many pairs outvote one.
        - "average": two groups are joined while the mean weight of the pairs between
          them is above zero, the greatest first.
        - "complete": the same with the least weight of these pairs.
        - "components": whatever is reached by pairs of positive weight. One wrong pair
          joins two groups.

    estimator : estimator, default=None
        A fitted classifier of pairs that scores those passed to `fit`; it is not fitted
        again. Where scikit-learn clones, wrap it in ``sklearn.frozen.FrozenEstimator``.
        None takes scores from `fit`.
    threshold : float, default=0.0
        The log-odds from which a pair speaks for one group. 0 is a probability of a
        half; :func:`calibrate_group_threshold` chooses it on labelled items.
    missing : {"ignore", "prior"} or float, default="ignore"
        What a pair says that was never scored, in "correlation", "average" and
        "complete":

        - "ignore": nothing. Means and minima are of the scored pairs.
        - "prior": that it is as likely as any pair of all items to be of one group. The
          rate is the sum of the probabilities of the scored pairs over the number of
          all pairs. Right where every similar pair would have been scored.
        - a number: its log-odds, such as ``scipy.special.logit(1e-3)``.

        It never speaks for one group: above the threshold it counts as the threshold.
    verbose : int, default=0
        0 is silent, 1 prints progress.

    Attributes
    ----------
    labels_ : ndarray of int of shape (n_items,)
        The group of each item, numbered from 0 in the order of first appearance.
    n_clusters_ : int
        How many groups there are, those of a single item included.
    confidence_ : ndarray of float of shape (n_items,)
        For each item the probability of its group against the best alternative: another
        group, or being alone. Groups count with the mean weight of their pairs with the
        item, constraints with nothing; one half where no pair says anything.
    objective_ : float
        The sum of the weights inside of the groups: what "correlation" makes as great
        as it can.
    missing_log_odds_ : float or None
        What pairs never scored counted as; None for nothing.
    n_pairs_ : int
        How many distinct pairs of different items were scored.
    n_features_in_ : int
        The number of features of one item; of a matrix of log-odds, that of items.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given pairs of data frames.

    See Also
    --------
    deduplicate : The whole way from items to groups.
    calibrate_group_threshold : Chooses `threshold`.
    sklearn.cluster.AgglomerativeClustering : Where all distances are known.

    Notes
    -----
    The objective of "correlation" is that of Bansal, Blum and Chawla, Correlation
    clustering, Machine Learning 56, 2004; under independent pairs it is the likelihood
    of the groups. It is NP-hard. The start is greedy additive edge contraction (Keuper
    et al., Efficient decomposition of image and mesh graphs by lifted multicuts, ICCV
    2015); then single items move, groups join, and pairs of groups exchange sequences
    of items (Kernighan and Lin, 1970), until nothing gains. Few pairs are searched from
    more starts.

    First the graph is cut into components that no group can reach across. Those whose
    pairs all agree are one group, and the others are solved one by one. Memory is
    linear in items and pairs. Where all distances of a component are known, SciPy does
    the average and complete linkage of up to 2,000 items.

    The result does not depend on the order of items or pairs, save for ties. If `fit`
    is interrupted, the estimator is as it was before.

    Examples
    --------
    >>> from scipy.sparse import coo_matrix
    >>> from sksymsim import PairClusterer
    >>> log_odds, left, right = [3.0, 2.0, 2.0, 1.0, -4.0, -4.0], [0, 0, 1, 2, 0, 1], [
    ...     1, 2, 2, 3, 3, 3]
    >>> graph = coo_matrix((log_odds, (left, right)), shape=(5, 5))
    >>> PairClusterer().fit_predict(graph)
    array([0, 0, 0, 1, 2])
    >>> PairClusterer(method="components").fit_predict(graph)
    array([0, 0, 0, 0, 1])
    """

    labels_: Integers
    n_clusters_: int
    confidence_: Floats
    objective_: float
    missing_log_odds_: float | None
    n_pairs_: int
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self,
        method: Literal[
            "correlation", "average", "complete", "components"
        ] = "correlation",
        *,
        estimator: Estimator = None,
        threshold: float = 0.0,
        missing: Literal["ignore", "prior"] | float = "ignore",
        verbose: int = 0,
    ) -> None:
        self.method = method
        self.estimator = estimator
        self.threshold = threshold
        self.missing = missing
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.sparse = True
        return tags

    def fit(
        self,
        X: Pairs | ItemsLike,
        y: object = None,
        *,
        log_odds: ArrayLike | None = None,
        must_link: ArrayLike | None = None,
        cannot_link: ArrayLike | None = None,
    ) -> Self:
        """Find the groups.

        Parameters
        ----------
        X : Pairs of shape (n_pairs, 2, n_features) or sparse matrix (n_items, n_items)
            Candidates as ``Pairs.from_index(items, index)``; or a matrix whose stored
            entries, zeros too, are the log-odds of pairs, in either triangle or both.
            What is not stored was never scored. A pair that occurs more than once has
            the mean of its log-odds; the diagonal says nothing.
        y : None
            Ignored.
        log_odds : array-like of shape (n_pairs,), default=None
            The log-odds of `X` if it is Pairs. None takes them from `estimator`.
        must_link : array-like of int of shape (n_links, 2), default=None
            Rows of items that are in one group, whatever the scores.
        cannot_link : array-like of int of shape (n_links, 2), default=None
            Rows of items that are in two groups.

        Returns
        -------
        self : PairClusterer

        Raises
        ------
        TypeError
            If `X` is neither Pairs nor sparse, or log-odds are no real numbers.
        ValueError
            If a parameter is out of range; if log-odds come from nowhere or from two
            sources, or are not finite; if the pairs have no index; if constraints
            contradict each other, with the chain that shows it.
        IndexError
            If a constraint names a row that is none.
        """
        check_parameters(self, PARAMETERS)
        pairs = read_scored_pairs(X, self.estimator, log_odds)
        links = merge_linked(pairs.n_items, must_link, cannot_link)
        with watched(self, X, y):
            self._fit_scored(pairs, links)
            self._remember_features(X)
        return self

    def _fit_scored(self, pairs, links):
        say = say_if(self.verbose)
        say(f"{len(pairs)} pairs of {pairs.n_items} items")
        missing = missing_log_odds(self.missing, pairs)
        grouped = group_items(pairs, self.method, self.threshold, missing, links, say)
        facts = (grouped.weights, grouped.labels, grouped.missing)
        confidence = confidence_of_items(*facts)
        self.labels_ = grouped.labels
        self.n_clusters_ = int(grouped.labels.max()) + 1
        self.confidence_ = confidence
        self.objective_ = sum_inside(*facts)
        self.missing_log_odds_ = missing
        self.n_pairs_ = len(pairs)
        say(f"{self.n_clusters_} groups")
        return self
