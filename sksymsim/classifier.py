# SPDX-License-Identifier: BSD-3-Clause
"""SymmetricPairClassifier: a similarity learned from labelled pairs."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sksymsim._classifier_options import POLY, check_options
from sksymsim._forms import FORMS
from sksymsim._kept_score import KeptScoreMixin
from sksymsim._kernels.fitting import DualOptions, fit_dual
from sksymsim._kernels.prior_score import fit_prior
from sksymsim._kernels.score import score_dual
from sksymsim._labelled_pairs import label_pairs
from sksymsim._learned_matrices import LearnedMatricesMixin
from sksymsim._matrix_fit import fit_matrices
from sksymsim._scoring import score_pairs, squared_distances
from sksymsim._validation.items import takes_pairs
from sksymsim._validation.kernels import check_penalty
from sksymsim._validation.sizes import check_n_components

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from sksymsim._typing import (
        ClassWeight,
        Floats,
        Labels,
        MetricLearner,
        PairsLike,
        Seed,
        Strings,
    )

__all__ = ["SymmetricPairClassifier"]

# What scores pairs, for each form that is not a matter of matrices.
SCORERS: dict[str, Callable[..., Any]] = {POLY: score_dual}
CONCATENATED: dict[str, Any] = {
    "pairwise": "concat",
    "kernel": "poly",
    "n_landmarks": "auto",
}

ADVICE = (
    "The model is usable but not at its optimum: increase max_iter, or alpha (at 0, "
    "pairs that can be separated have no optimum), or rescale the items first, for "
    "example with "
    "SharedTransformer(EmbeddingNormalizer())."
)


class SymmetricPairClassifier(
    LearnedMatricesMixin, KeptScoreMixin, ClassifierMixin, BaseEstimator
):
    """A symmetric similarity of two embeddings, learned from labelled pairs.

    Fits the log-odds ``s(a, b)`` that two vectors are similar, as a symmetric
    polynomial of degree two, by penalised logistic regression::

        min  sum_i w_i log(1 + exp(-t_i s_i)) / sum_i w_i
             + alpha/2 |theta - g theta_0|^2

    where ``theta_0`` is the `prior` (plain Euclid or dot product by default), and its
    scale ``g >= 0`` and the intercept are not penalised. With a large `alpha` the
    model is the prior with calibrated probabilities; with data it moves away from it.

    Parameters
    ----------
    form : {"mahalanobis", "bilinear", "quadratic", "poly"}, default="mahalanobis"
        The family of scores, for a pair (a, b):

        - "mahalanobis": ``s = k - (a-b)'M(a-b)``; a metric and reflexive with
          ``psd=True``.
        - "bilinear": ``s = k + a'Mb``, the dot product in a learned space.
        - "quadratic": ``s = k + c'(a+b) + a'Ga + b'Gb + 2a'Lb``, every symmetric
          polynomial of degree two.
        - "poly": every symmetric polynomial up to `degree`, by coefficients of the
          training pairs; see :class:`KernelPairClassifier` for how and for other
          kernels.

    alpha : float, default=1e-4
        Weight of the squared deviation from the prior. The loss is a mean and the
        features are rescaled by one number inside, so that the same value means the
        same for any number of pairs and any unit. Useful values lie between 1e-1
        and 1e-8. Positive for "poly", whose kernel is divided by its mean over the
        pairs with themselves instead.
    prior : {"identity", "covariance", "kissme"}, ndarray or learner, default="identity"
        The metric to deviate from:

        - "identity": Euclid for "mahalanobis", the dot product for the other forms.
        - "covariance": the inverse of the shrunk covariance of the items.
        - "kissme": the log-likelihood ratio of two Gaussians, one for the
          differences of similar pairs and one for those of dissimilar pairs [1]_;
          for "quadratic" with the same for the sums [2]_. It is made from the same
          pairs, so it wants many more of them than features, or more `shrinkage`;
          with few, its scores rank well and its probabilities are far too sure.
        - an array of shape (n_features, n_features), symmetric.
        - a fitted metric learner with ``get_mahalanobis_matrix()``. Wrap it in
          ``sklearn.frozen.FrozenEstimator`` where scikit-learn clones.

    shrinkage : float, default=0.1
        Share of the mean variance put in place of each covariance in the priors
        "covariance" and "kissme", from 0 to 1; the two covariances of "kissme" get
        the same mean variance.
    psd : bool, default=True
        Whether M is held positive semidefinite, M = Q'Q, while it is learned.
        Without, the ranking is often a little better and there is no metric. Has no
        effect on "quadratic".
    reflexive : bool, default=False
        Whether to insist that all items score the same with themselves, and that no
        pair scores higher. "mahalanobis" with ``psd=True`` has this by construction;
        `fit` refuses all other settings, since none of them can have it (see Notes).
    n_components : int, default=None
        The number of rows of Q, or for an indefinite matrix of its eigenvalues that
        are not zero. None leaves the rank free. Has no effect on "poly".
    degree : int, default=3
        Of "poly": the degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        Of "poly": the factor of products x'y of items, in the kernel
        ``(gamma x'y + coef0)^degree`` of concatenated pairs. "scale" is 1 / (n_features
        * variance of the items), "auto" is 1 / n_features, as in scikit-learn's SVC.
    coef0 : float, default=1.0
        Of "poly": how much lower degrees count; not negative.
    fit_intercept : bool, default=True
        Whether to fit k. Without it k is 0, and no score of "mahalanobis" is
        positive: it then ranks pairs and cannot tell them apart at 1/2.
    similar_rate : float, default=None
        The rate of similar pairs where the model is used, in (0, 1). Shifts the
        intercept, so that probabilities hold there. None keeps the (weighted) rate of
        the training pairs.
    class_weight : dict or "balanced", default=None
        Factors of the weights of the two classes. "balanced" gives both the same
        total weight. Classes not named in a dict have 1.
    max_iter : int, default=500
        The most iterations of each of the two stages of the solver (free, and under
        the constraint).
    tol : float, default=1e-3
        Stop when the norm of the gradient is at most this, in units in which the
        Hessian is near the identity, so that the units of the items do not matter. The
        objective is then about ``tol**2 / 2`` nats above its minimum where M is not
        constrained; for Q that is a rough guide, and the default was measured to leave
        up to 1e-4 of the objective.
    warm_start : bool, default=False
        Whether to begin at the solution of the last fit. Has no effect on "poly".
    n_jobs : int, default=None
        Threads that fit and score blocks of pairs; the results do not depend on it, not
        by a bit. None: as many threads as BLAS would use, so that
        ``OPENBLAS_NUM_THREADS`` and ``threadpool_limits`` hold here too; in a
        ``joblib.parallel_config`` context that names a number, that number. -1 means
        all processors.
    random_state : int, RandomState instance or None, default=None
        Of "poly" with many pairs, as for :class:`KernelPairClassifier`; the solvers of
        the other forms are deterministic. Pass an int for the same results at every
        call.
    verbose : int, default=0
        0 is silent, 1 prints every tenth iteration, 2 prints each.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    components_ : ndarray of shape (n_components, n_features)
        Q, for the forms with a metric: M = Q'Q. Orthogonal rows, the longest first;
        rows of length zero are left out, so there may be fewer than asked for.
    intercept_ : float
        k, the log-odds of a pair whose other terms are zero.
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.
    n_iter_ : int
        Iterations of the solver.
    objective_ : float
        The value of the objective that was reached, in nats.

    See Also
    --------
    sksymsim.SharedTransformer : Normalise both sides in a Pipeline.
    sksymsim.Pairs : The container to split and cross-validate.

    Notes
    -----
    The score is symmetric bit for bit: ``f(a, b) == f(b, a)`` for any weights and any
    dtype. M is found in two stages: the convex problem without the constraint, and if
    its solution is not semidefinite, the problem in Q from the projected solution
    [3]_. Both by limited-memory BFGS, scaled by the Fisher information.

    A symmetric polynomial of degree two is reflexive, s(x, x) = max s, if and only if
    it is ``k - (a-b)'M(a-b)`` with M = Q'Q. Then ``s(x, x) == intercept_`` bit for bit,
    and no score is greater. "quadratic" without its terms in a + b, and with what is
    left held semidefinite, is "mahalanobis"; "bilinear" with x'Mx constant has M = 0.
    :func:`check_axioms` measures how far a model is from it.

    Pairs that share items cost one product over the items, and not one over the pairs,
    for each step; rows that are repeated in two arrays are found where that pays. With
    fewer pairs than features the fit takes place in their span, with the same
    solution. Pairs may be memory maps larger than the memory.

    With two labels that are strings, the alphabet decides: "match" is less than
    "no match", and then "no match" would be the class called similar.

    References
    ----------
    .. [1] Koestinger, M. et al. Large scale metric learning from equivalence
       constraints. CVPR 2012.
    .. [2] Cumani, S. et al. Pairwise discriminative speaker verification in the
       i-vector space. IEEE TASLP 21 (2013), 1217-1227.
    .. [3] Burer, S. and Monteiro, R. A nonlinear programming algorithm for solving
       semidefinite programs via low-rank factorization. Math. Program. 95 (2003),
       329-357.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=2000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:1000], y[:1000])
    >>> model.score(pairs[1000:], y[1000:]) > 0.8
    True
    >>> p = model.predict_proba(pairs)
    >>> bool((p == model.predict_proba(pairs.swap())).all())
    True
    """

    classes_: Labels
    n_features_in_: int
    feature_names_in_: Strings
    n_iter_: int
    objective_: float

    def __init__(
        self,
        form: Literal["mahalanobis", "bilinear", "quadratic", "poly"] = "mahalanobis",
        *,
        alpha: float = 1e-4,
        prior: Literal["identity", "covariance", "kissme"]
        | NDArray[Any]
        | MetricLearner = "identity",
        shrinkage: float = 0.1,
        psd: bool = True,
        reflexive: bool = False,
        n_components: int | None = None,
        degree: int = 3,
        gamma: Literal["scale", "auto"] | float = "scale",
        coef0: float = 1.0,
        fit_intercept: bool = True,
        similar_rate: float | None = None,
        class_weight: ClassWeight = None,
        max_iter: int = 500,
        tol: float = 1e-3,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
    ) -> None:
        self.form = form
        self.alpha = alpha
        self.prior = prior
        self.shrinkage = shrinkage
        self.psd = psd
        self.reflexive = reflexive
        self.n_components = n_components
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.fit_intercept = fit_intercept
        self.similar_rate = similar_rate
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # -------------------------------------------------------------------- fitting

    def fit(
        self, X: PairsLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn the similarity.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs. scikit-learn cannot split a tuple: for cross-validation and
            grid search wrap the sides, ``Pairs(X_a, X_b)``.
        y : array-like of shape (n_pairs,)
            Two labels of any kind; the greater one means "similar".
        sample_weight : array-like of shape (n_pairs,), default=None
            Non-negative weights; a weight of 2 equals a repeated pair.

        Returns
        -------
        self : SymmetricPairClassifier

        Raises
        ------
        TypeError
            If the pairs are of a type that holds no pairs or no numbers.
        ValueError
            If a parameter, the shape or the values of `X`, `y` or `sample_weight`
            cannot be used. An earlier fit is then still there and usable.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` was reached before `tol`.
        ContradictoryLabelsWarning
            If one pair in twenty or more is given with both labels, in either order
            (and not with three or more, as votes are), or says that an item differs
            from itself. For contradictions through chains see :func:`audit_labels`.
        LabelOrderWarning
            If pairs of the greater label are further apart, see there.
        """
        check_options(self)
        if self.form == POLY:
            check_penalty(self.alpha, "form='poly'")
        known, classes = label_pairs(X, y, sample_weight)
        check_n_components(self.n_components, known.pairs.shape[2])
        solve = self._fit_kernels if self.form == POLY else partial(fit_matrices, self)
        return self._fit_score(known, classes, sample_weight, solve, ADVICE)

    def _learned(self, classes, shift, score):
        fitted = {"_fitted": (self.form, self.psd)}
        return fitted | super()._learned(classes, shift, score)

    def _fit_kernels(self, known, watch):
        # Polynomials of any degree deviate from a prior of degree two.
        make_prior = partial(fit_prior, FORMS["quadratic"], self, known)
        options = DualOptions.of(self, watch, **CONCATENATED)
        return fit_dual(known.pairs, known.targets, known.weights, options, make_prior)

    def _with(self, score):
        """Return this fitted classifier with the numbers of another score."""
        other = copy(self)
        other.form = score.form
        other.psd = bool(self.psd and score.is_metric)
        other._fitted = (other.form, other.psd)
        other._score = score
        return other

    # -------------------------------------------------------------------- scoring

    def _score_with(self, score, pairs):
        return SCORERS.get(score.form, score_pairs)(score, pairs, self.n_jobs)

    @takes_pairs
    def pair_score(self, X: PairsLike) -> Floats:
        """Return a similarity without intercept: larger is more similar.

        Parameters
        ----------
        X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple (X_a, X_b)
            The pairs.

        Returns
        -------
        scores : ndarray of shape (n_pairs,)
            The negative distance for "mahalanobis" with a metric, and the log-odds
            less the intercept otherwise. Ranks as `decision_function` does.
        """
        check_is_fitted(self)
        score = self._score
        if not (score.is_metric and FORMS[score.form].reflexive):
            return super().pair_score(X)
        pairs = self._checked_pairs(X)
        return -np.sqrt(squared_distances(score, pairs, self.n_jobs))
