# SPDX-License-Identifier: BSD-3-Clause
"""One call that chooses whitening, form, prior and penalty, and how to combine them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from sksymsim._callbacks import watched
from sksymsim._labelled_pairs import label_pairs
from sksymsim._prediction import PairScoreMixin
from sksymsim._reporting import say_if
from sksymsim._selection.candidates import guest_candidates, search_spaces
from sksymsim._selection.decision import decide
from sksymsim._selection.folds import (
    held_out_pairs,
    label_validation,
    make_folds,
    make_splits,
    warn_of_known_items,
)
from sksymsim._selection.guests import seed_of, varies, without_weights
from sksymsim._selection.held_out import held_out_scores
from sksymsim._selection.options import check_options
from sksymsim._selection.refit import most_iterations, refit
from sksymsim._selection.results import results_of
from sksymsim._selection.rules import make_rule
from sksymsim._validation.search import (
    check_dense,
    check_groups_of_pairs,
    warn_of_lost_weights,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from sksymsim._typing import (
        Estimator,
        Labels,
        PairsLike,
        Scoring,
        Seed,
        Splits,
        Strings,
    )

__all__ = ["SymmetricPairClassifierCV"]

ALPHAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
SCORES_OF_THE_CARD = ("cv_score", "cosine_score", "cv_transfer_score")


class SymmetricPairClassifierCV(PairScoreMixin, ClassifierMixin, BaseEstimator):
    """Learn a symmetric similarity and choose everything about it.

    Searches whitening, form, prior and penalty on folds that share no item, along paths
    from the prior outwards; puts the best of each kind together where that is better;
    and falls back to calibrated cosine where nothing learned is better than it by more
    than noise.

    Parameters
    ----------
    whitenings : sequence of float or None, default=(0.0, 0.5, 0.9, None)
        Strengths of :class:`EmbeddingNormalizer`, which also centres and divides by the
        length. None in the sequence takes the items as they are.
    pca_components : sequence of int, default=(32,)
        Each is one more space of the items: so many principal components, divided by
        the length. Left out are numbers that are not below those of features and of
        the training items of each fold.
    forms : sequence of str, default=("mahalanobis", "bilinear", "quadratic")
        Families of scores, see :class:`SymmetricPairClassifier`. Without any, only the
        baselines and the `candidates` are compared.
    priors : sequence of str, default=("identity", "kissme")
        What is learned deviates from. "kissme" is not tried with "bilinear".
    shrinkages : sequence of float, default=(0.1, 0.5)
        Of the priors other than "identity".
    alphas : sequence of float, default=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
        Penalties. The prior alone is always tried first. A path ends at the second
        penalty in a row that does not make the held-out loss, mean over the folds,
        better by a five-hundredth, once the scores are not those of the prior any more.
    candidates : list of str, (name, estimator) or (name, estimator, grid), default=()
        Further models of pairs to choose from: the names "network", "kernel", "poly",
        "features" and "both_orders" of models that come with small grids, see
        :doc:`/searching`, and estimators of your own, each with the settings of a grid
        as in :class:`~sklearn.model_selection.ParameterGrid`.
    cv : int, splitter or iterable of (train, test), default=None
        The folds. None is 5, or none with pairs for validation and without groups. An
        int makes :class:`PairGroupKFold` of it, by groups if they are given to `fit`
        and by items otherwise. With fewer than four groups for each fold, each holds
        out three tenths of the groups, and all groups equally often. One fixed split is
        an iterable of one. A warning comes if other folds share items, as those of
        ``KFold`` mostly do; ``PairGroupKFold(level="pair")`` says that they may.
    scoring : str or callable, default="neg_log_loss"
        What to choose by: a name that scikit-learn or :func:`get_pair_scorer` knows, or
        a scorer. Each candidate is judged with its best scale and shift, on labels of 0
        and 1.
    combine : {"auto", "stack", "best"}, default="auto"
        Whether to put the best of each family together, with weights that are not
        negative; to take one; or the first, unless one alone is better on held-out
        pairs by more than the standard error over the parts.
    psd : bool, default=False
        Whether the final metric is held semidefinite. The search itself does not, and
        what it looks for is the best score, with which a metric costs a little. So the
        default is not that of :class:`SymmetricPairClassifier`.
    max_iter : int, default=500
        The most iterations of each fit.
    tol : float, default=1e-3
        When the final fits stop, see :class:`SymmetricPairClassifier`.
    error_score : "raise" or np.nan, default=np.nan
        What happens if one of the `candidates` cannot be fitted on a fold: an error, or
        a warning. With the warning, its scores are NaN, and the others are compared.
    n_jobs : int, default=None
        Processes for the search. None is 1, with threads in each fit but those of the
        `candidates`; -1 means all processors. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the folds, if `cv` is None or an int, and is the seed of all `candidates`
        whose `random_state` is None. Pass an int for the same choice at every call.
    verbose : int, default=0
        0 is silent, 1 prints a line for each family, and each setting of `candidates`.

    Attributes
    ----------
    best_estimator_ : Pipeline
        What was chosen, fitted on all pairs. Of a stack, members that share a space are
        folded into one score of degree two.
    choice_ : {"stack", "best", "cosine", "euclid"}
        What it is.
    members_ : list of dict
        Its members: "candidate", "params", "weight".
    best_params_ : dict
        The best single candidate, by the rule of one standard error.
    best_index_ : int
        Its place in `cv_results_`.
    cv_score_ : float
        The held-out score, by `scoring`: mean over held-out parts, of choices made and
        weights fitted without that part, each part at its own best scale and shift.
    cosine_score_ : float
        That of the better one of calibrated cosine and Euclid, on the same pairs.
    cv_transfer_score_ : float
        `cv_score_` at the scale and shift of the other parts: what to expect of the
        probabilities for new groups, if there are no labelled pairs of theirs to
        :func:`recalibrate` with.
    cv_results_ : dict of ndarray
        As of :class:`~sklearn.model_selection.GridSearchCV`: "candidate", "params",
        "mean_test_score", "std_test_score", "rank_test_score", "split0_test_score" and
        so on, "mean_fit_time".
    n_splits_ : int
        The number of folds, and one more for `X_val`.
    n_iter_ : int
        The most iterations of the classifiers of this library that `best_estimator_`
        holds; at least 1.
    refit_time_ : float
        Seconds of the final fits.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.

    See Also
    --------
    SymmetricPairClassifier : One fit.
    PairGroupKFold : The folds.
    pair_report : How good the result is on test pairs, with intervals.

    Notes
    -----
    A learned model is taken if its held-out log-loss is below that of the baseline by
    more than noise, at a level of 0.99, with errors that allow for pairs that share
    items [1]_, and by more than the standard error over the parts. With another
    `scoring`, by the parts at a level of 0.99.

    The single best is the plainest within one standard error of the best mean
    [2]_: a metric before a dot product before the whole polynomial, "identity" before
    "kissme", a larger penalty before a smaller one. Scores of parts are nested: what
    is compared on a part was chosen and weighted without it.

    References
    ----------
    .. [1] Aronow, Samii and Assenova, Cluster-robust variance estimation for dyadic
       data, Political Analysis 23 (2015), 564-577.
    .. [2] Breiman, Friedman, Olshen and Stone, Classification and Regression Trees,
       1984, section 3.4.3.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifierCV, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> search = SymmetricPairClassifierCV(
    ...     whitenings=[0.5], forms=["mahalanobis"], priors=["identity"], cv=3,
    ...     random_state=0,
    ... )
    >>> search.fit(pairs, y).cv_score_ > search.cosine_score_
    True
    """

    best_estimator_: Estimator
    choice_: Literal["stack", "best", "cosine", "euclid"]
    members_: list[dict[str, Any]]
    best_params_: dict[str, Any]
    best_index_: int
    cv_score_: float
    cosine_score_: float
    cv_transfer_score_: float
    cv_results_: dict[str, NDArray[Any]]
    n_splits_: int
    n_iter_: int
    refit_time_: float
    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings

    def __init__(
        self,
        *,
        whitenings: Sequence[float | None] = (0.0, 0.5, 0.9, None),
        pca_components: Sequence[int] = (32,),
        forms: Sequence[str] = ("mahalanobis", "bilinear", "quadratic"),
        priors: Sequence[str] = ("identity", "kissme"),
        shrinkages: Sequence[float] = (0.1, 0.5),
        alphas: Sequence[float] = ALPHAS,
        candidates: Sequence[Any] = (),
        cv: int | Splits | None = None,
        scoring: Scoring = "neg_log_loss",
        combine: Literal["auto", "stack", "best"] = "auto",
        psd: bool = False,
        max_iter: int = 500,
        tol: float = 1e-3,
        error_score: float | Literal["raise"] = np.nan,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
    ) -> None:
        self.whitenings = whitenings
        self.pca_components = pca_components
        self.forms = forms
        self.priors = priors
        self.shrinkages = shrinkages
        self.alphas = alphas
        self.candidates = candidates
        self.cv = cv
        self.scoring = scoring
        self.combine = combine
        self.psd = psd
        self.max_iter = max_iter
        self.tol = tol
        self.error_score = error_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: PairsLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        X_val: PairsLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Search, decide, and fit what was chosen on all pairs of X.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.
        y : array-like of shape (n_pairs,)
            Two labels of any kind; the greater one means "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights, of which only the ratios matter; pairs of weight zero
            are in no fold, and nothing is fitted on them. The `candidates` get them,
            with a mean of 1, if their `fit` takes `sample_weight`.
        groups : array-like of shape (n_pairs, 2) or (n_pairs,), default=None
            The group of each side, for folds of new groups, or what the splitter given
            as `cv` makes of it. The `candidates` get those of the pairs that they are
            fitted on, if their `fit` takes `groups`.
        X_val : like X, default=None
            Pairs like those that will be scored, to choose by and not to fit on. X has
            no folds then, unless `cv` or `groups` are given; it counts as much as they.
        y_val : array-like of shape (n_val_pairs,), default=None
            Its labels.

        Returns
        -------
        self : SymmetricPairClassifierCV

        Raises
        ------
        ValueError
            If a parameter, the pairs or the labels cannot be used, or a fold would be
            empty or of one class. An earlier fit is then still there.
        TypeError
            If the pairs are of another kind, or their items are sparse.

        Warns
        -----
        UserWarning
            If more than a tenth of the pairs of `X_val` are in X too; if more than a
            tenth of the pairs that a splitter or list given as `cv` holds out have an
            item in training, and there are no `groups`; if weights cannot reach some of
            the `candidates`.
        ContradictoryLabelsWarning
            If labels contradict each other, as of :class:`SymmetricPairClassifier`.
        LabelOrderWarning
            If the greater label seems to mean dissimilar, likewise.
        FitFailedWarning
            If some of the `candidates` cannot be fitted.
        """
        lists, rule = check_options(self), make_rule(self.scoring)
        known, classes = label_pairs(X, y, sample_weight)
        check_dense(known.pairs, "X", type(self).__name__)
        groups = check_groups_of_pairs(groups, len(known))
        known = replace(known, groups=groups)
        validation = label_validation(X_val, y_val, known, classes)
        folds = []
        if validation is None or self.cv is not None or groups is not None:
            folds = make_folds(self.cv, known, groups, self.random_state)
            warn_of_known_items(self.cv, known, folds)
        splits = make_splits(known, folds, validation)
        held = held_out_pairs(known, folds, splits)

        labels = known.labels(classes)
        with watched(self, known.pairs, labels, sample_weight, 2) as task:
            self._search(lists, rule, known, classes, splits, held, task)
        return self

    def _search(self, lists, rule, known, classes, splits, held, task):
        weighted = known.of_weight()
        guests = guest_candidates(self.candidates, seed_of(self.random_state))
        settings = {"psd": self.psd, "max_iter": self.max_iter, "tol": self.tol}
        if varies(weighted.weights):
            warn_of_lost_weights(without_weights(guests))
        held_out = held_out_scores(
            search_spaces(lists, [split.train for split in splits], settings),
            guests,
            classes,
            splits,
            self.max_iter,
            self.n_jobs,
            say_if(self.verbose),
            self.error_score,
            task,
        )
        decision = decide(held_out, held, rule, self.combine)

        started = time.perf_counter()
        # Not all guests know weights, and transformers of items neither.
        with task.part("refit"):
            model = refit(
                decision.blend,
                held_out.candidates,
                weighted.pairs,
                weighted.labels(classes),
                weighted.weights,
                weighted.groups,
            )
        self.refit_time_ = time.perf_counter() - started
        self.best_estimator_ = model
        self.n_iter_ = most_iterations(model)
        self.classes_ = classes
        self._remember_features(known.pairs)
        self.n_splits_ = len(splits)
        vars(self).update(results_of(decision, held_out))
        scores = {name: getattr(self, f"{name}_") for name in SCORES_OF_THE_CARD}
        self._write_card(weighted.pairs, weighted.similar, scores, also=model[-1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def _scores(self, pairs):
        check_dense(pairs, "X", type(self).__name__)
        return self.best_estimator_.decision_function(pairs)
