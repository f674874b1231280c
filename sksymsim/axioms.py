# SPDX-License-Identifier: BSD-3-Clause
"""check_axioms: how far a learned similarity is from what a relation should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from sksymsim._axioms.checks import (
    Sample,
    reflexivity_of,
    self_first_of,
    separation_of,
    symmetry_of,
    transitivity_of,
    triangle_of,
)
from sksymsim._axioms.report import AxiomReport
from sksymsim._axioms.scores import ItemScores
from sksymsim._distinct import distinct_rows
from sksymsim._validation.axioms import check_count, check_has_scores, check_ids
from sksymsim._validation.frames import names_of_items
from sksymsim._validation.groups import FINITE
from sksymsim._validation.items import check_items
from sksymsim._validation.memory import check_memory
from sksymsim._validation.scores import OPEN_RATE, check_number

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from sksymsim._typing import Estimator, Integers, ItemsLike, Seed

__all__ = ["check_axioms"]

# So many items at least are compared with others: fewer say nothing of the rest.
LEAST_ROWS = 30
LEAST_PAIRS = 10_000


def check_axioms(
    model: Estimator,
    X: ItemsLike,
    *,
    threshold: float = 0.0,
    ids: ArrayLike | None = None,
    max_pairs: int = 1_000_000,
    n_draws: int = 100_000,
    n_witnesses: int = 3,
    confidence_level: float = 0.95,
    random_state: Seed = None,
) -> AxiomReport:
    """Measure how far a model is from an equivalence relation, and from a metric.

    Counts, for some items, how often symmetry, reflexivity, separation, the triangle
    inequality and transitivity are broken, names the worst cases, and says how sure the
    rates are. With up to a thousand items everything is looked at.

    Parameters
    ----------
    model : estimator
        Any fitted classifier of pairs with `decision_function` or `predict_proba`: one
        of this library, a Pipeline, a search, or a guest.
    X : {array-like, sparse matrix} of shape (n_items, n_features)
        Items that the model was not fitted on; single ones, not pairs. Rows that are
        equal bit for bit count as one item.
    threshold : float, default=0.0
        Items are similar, a ~ b, if their log-odds are above this. 0 is what `predict`
        does; or pass what :func:`threshold_at` or :func:`calibrate_threshold` chose.
    ids : array-like of shape (n_items,), default=None
        What the items are called in the report. None takes their row numbers.
    max_pairs : int, default=1_000_000
        About how many pairs may be compared, at least 10,000. Of n items so many are
        compared with all n, drawn at random; of more than ``max_pairs / 30`` items
        only that many are looked at. Memory is about 40 bytes for each.
    n_draws : int, default=100_000
        How many pairs (for symmetry), triples and paths are drawn where there are more.
    n_witnesses : int, default=3
        How many of the worst violations are named.
    confidence_level : float, default=0.95
        The level of the intervals, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the sample. Pass an int for the same report at every call.

    Returns
    -------
    report : AxiomReport
        Print it, or take ``report.transitivity.rate``, ``report.to_frame()`` and
        ``report.to_html()``.

    Raises
    ------
    MemoryError
        If the scores or the draws would be larger than the memory of this machine.
    TypeError
        If `model` has no scores, or `X` holds pairs or no numbers.
    ValueError
        If a parameter or the items cannot be used, or the model returns scores that
        are not finite or not one for each pair.

    See Also
    --------
    AxiomReport : What is returned, and what it counts.
    TransitivityDisplay : A picture of transitivity at every threshold.

    Notes
    -----
    With s the log-odds, the axioms are:

    - *symmetry*: s(a, b) = s(b, a), up to 64 units in the last place of the largest
      score. Where it is broken, the mean of both is s(a, b) from then on.
    - *reflexivity*: x ~ x.
    - *self first*: s(x, x) >= s(x, y) for every other item y. With a greater s(x, y),
      the best match of x is not x.
    - *separation* and the *triangle inequality* of the distance that a similarity
      induces, d(a, b)^2 = s(a, a) + s(b, b) - 2 s(a, b) [1]_. It does not depend on the
      intercept. For every symmetric polynomial of degree two it is a constant times
      (a-b)'L(a-b), so for ``"mahalanobis"`` and ``"bilinear"`` with ``psd=True`` it is
      `pair_distance` times a constant, and a metric. Where the square is negative
      there is no distance, and it counts as 0. A triangle is broken where rounding
      cannot be the reason.
    - *transitivity*: of all paths a ~ b ~ c, the share that is not closed by a ~ c. It
      is 1 less the transitivity (clustering coefficient) of the graph whose edges are
      the similar pairs. If a ~ c had nothing to do with the path, it would hold as
      often as for any two items; so the rate by chance is 1 less the share of similar
      pairs, as in a random graph of as many edges [2]_.

    Where all is looked at, rates are exact and their intervals are points; then paths
    are counted by a product of matrices. Otherwise intervals are those of Wilson, at
    the number of independent draws that the sample is worth: rates of pairs by the
    spread between the items that were compared with all, rates of paths, which are
    drawn with equal chances [3]_, by the spread between their middles. They are about
    the items of `X`, and not about others like them. The worst of what was drawn need
    not be the worst there is; nor of more than `n_draws` paths in an exact report.

    A model with `cross_scores` is asked for whole tables, also behind a search and
    behind a Pipeline that transforms items; pairs so near to equality that
    rounding could decide are scored as pairs again.

    References
    ----------
    .. [1] Schoenberg, I. Metric spaces and positive definite functions. Trans. Am.
       Math. Soc. 44 (1938), 522-536.
    .. [2] Newman, M. The structure and function of complex networks. SIAM Rev. 45
       (2003), 167-256.
    .. [3] Seshadhri, C., Pinar, A. and Kolda, T. Wedge sampling for computing
       clustering coefficients and triangle counts on large graphs. Stat. Anal. Data
       Min. 7 (2014), 294-307.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, check_axioms
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> train = spoken.take >= 5
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data[train], spoken.speaker[train], n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> report = check_axioms(model, spoken.data[~train])
    >>> report.symmetry.details["max_difference"]
    0.0
    >>> report.self_first.n_violations, report.triangle.n_violations
    (0, 0)
    >>> 0 < report.transitivity.rate < report.transitivity.by_chance
    True
    """
    check_has_scores(model)
    threshold = check_number(threshold, FINITE, "threshold")
    max_pairs = check_count(max_pairs, "max_pairs", LEAST_PAIRS)
    n_draws = check_count(n_draws, "n_draws", 100)
    n_witnesses = check_count(n_witnesses, "n_witnesses")
    confidence_level = check_number(confidence_level, OPEN_RATE, "confidence_level")
    names = names_of_items(model, X)
    X = check_items(X, owner=type(model).__name__)
    ids = check_ids(ids, X.shape[0])
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))

    items, kept = distinct_items(X)
    n_distinct = len(kept)
    if n_distinct > max_pairs // LEAST_ROWS:
        chosen = np.sort(rng.choice(n_distinct, max_pairs // LEAST_ROWS, replace=False))
        items, kept = items[chosen], kept[chosen]
    rows = np.arange(len(kept))
    if len(kept) ** 2 > max_pairs:
        rows = np.sort(rng.choice(len(kept), max_pairs // len(kept), replace=False))
    n_kept = len(kept)
    check_memory(
        8 * len(rows) * n_kept,
        f"the scores of {len(rows)} times {n_kept} items",
        "lower max_pairs",
    )
    # Of few items there are fewer triples than that, and none is drawn twice.
    check_memory(24 * min(n_draws, n_kept**3), f"{n_draws} draws", "lower n_draws")

    scores = ItemScores(model, items, names)
    symmetry = symmetry_of(scores, threshold, n_draws, n_witnesses, rng, n_distinct)
    scores.is_symmetric = symmetry["bad"] == 0
    own = scores.own()
    sample = Sample(
        scores=scores,
        own=own,
        rows=rows,
        table=scores.rows(rows, own),
        threshold=threshold,
        n_population=n_distinct,
        n_draws=n_draws,
        n_witnesses=n_witnesses,
        confidence_level=confidence_level,
        rng=rng,
    )
    axioms = [
        sample.axiom(**symmetry),
        reflexivity_of(sample),
        self_first_of(sample),
        separation_of(sample),
        triangle_of(sample),
        transitivity_of(sample),
    ]
    names = [ids[row] for row in kept]
    return AxiomReport(
        model=model,
        n_items=X.shape[0],
        n_distinct=n_distinct,
        n_compared=len(kept),
        n_rows=len(rows),
        threshold=threshold,
        confidence_level=confidence_level,
        **{axiom.name: axiom.named(names) for axiom in axioms},
    )


def distinct_items(X: Any) -> tuple[Any, Integers]:
    """Return the distinct rows of a table, and where each of them occurs first."""
    items, number = distinct_rows(X)
    return items, np.unique(number, return_index=True)[1]
