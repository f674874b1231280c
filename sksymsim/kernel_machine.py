# SPDX-License-Identifier: BSD-3-Clause
"""Kernel logistic regression of pairs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator, ClassifierMixin

from sksymsim._forms import FORMS
from sksymsim._kept_score import KeptScoreMixin
from sksymsim._kernels.fitting import DualOptions, fit_dual
from sksymsim._kernels.pair_kernels import ITEM_KERNELS, PAIRWISE
from sksymsim._kernels.prior_score import fit_prior
from sksymsim._kernels.score import score_dual
from sksymsim._labelled_pairs import label_pairs
from sksymsim._priors import PRIOR
from sksymsim._validation.kernels import COEF0, DEGREE, GAMMA
from sksymsim._validation.parameters import (
    BOOL,
    N_JOBS,
    NONE,
    RANDOM_STATE,
    VERBOSE,
    Choice,
    Instance,
    Number,
    check_parameters,
)
from sksymsim._validation.targets import check_similar_rate

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from sksymsim._typing import (
        ClassWeight,
        Labels,
        MetricLearner,
        PairsLike,
        Seed,
        Strings,
    )

__all__ = ["KernelPairClassifier"]

PARAMETERS: dict[str, list[Any]] = {
    "pairwise": [Choice(*PAIRWISE)],
    "kernel": [Choice(*ITEM_KERNELS)],
    "degree": DEGREE,
    "coef0": COEF0,
    "gamma": GAMMA,
    "alpha": [Number(float, 0, open_low=True)],
    "prior": [*PRIOR, NONE],
    "shrinkage": [Number(float, 0, 1)],
    "n_landmarks": [Choice("auto"), NONE, Number(int, 1)],
    "fit_intercept": [BOOL],
    "similar_rate": [NONE, Number(float, 0, 1, open_low=True, open_high=True)],
    "class_weight": [NONE, Choice("balanced"), Instance("a dict", (dict,))],
    "max_iter": [Number(int, 1)],
    "tol": [Number(float, 0, open_low=True)],
    "n_jobs": [NONE, N_JOBS],
    "random_state": [RANDOM_STATE],
    "verbose": VERBOSE,
}
ADVICE = (
    "The model is usable but not at its optimum: increase alpha or max_iter, or "
    "normalise the items first, for example with "
    "SharedTransformer(EmbeddingNormalizer())."
)


class KernelPairClassifier(KeptScoreMixin, ClassifierMixin, BaseEstimator):
    """Kernel logistic regression with a symmetric kernel of pairs.

    Fits the log-odds ``s = k - g (a-b)'M_0(a-b) + f`` that two vectors are similar,
    where f is in the space of a kernel K of pairs::

        min  sum_i w_i log(1 + exp(-t_i s_i)) / sum_i w_i  +  alpha/2 |f|_K^2

    The intercept k and the scale g >= 0 of the prior M_0 are not penalised: with a
    large `alpha`, the model is the calibrated prior, and data move it away from there.

    Parameters
    ----------
    pairwise : {"tppk", "mlpk", "both", "sum", "concat"}, default="both"
        How the kernel of two items becomes one of two pairs, see
        :func:`pair_kernel`. "mlpk" is reflexive up to its sign, and knows nothing but
        differences; "tppk" and "sum" know where the items lie.
    alpha : float, default=1e-4
        Weight of the squared norm; positive. The loss is a mean, and the kernel is
        divided by its mean over the pairs with themselves, so that the same value means
        the same for any number of pairs, any kernel and any unit.
    prior : {"identity", "covariance", "kissme"}, ndarray, learner or None, \
            default="identity"
        The metric M_0 to deviate from, as of :class:`SymmetricPairClassifier`. None is
        the kernel alone, which has to learn from the pairs even that what is near is
        similar: on embeddings it ranks new pairs far worse, often worse than cosine.
    shrinkage : float, default=0.1
        Share of the mean variance put in place of each covariance in the priors
        "covariance" and "kissme", from 0 to 1.
    kernel : {"linear", "poly", "rbf"}, default="rbf"
        The kernel of two items.
    degree : int, default=3
        Of "poly": the degree of the polynomial.
    gamma : {"scale", "auto"} or float, default="scale"
        Of "poly" and "rbf". "scale" is 1 / (n_features * variance of the items), "auto"
        is 1 / n_features, as in scikit-learn's SVC; the variance is that of the items
        as the pairs hold them, with their weights.
    coef0 : float, default=1.0
        Of "poly": how much lower degrees count; not negative.
    n_landmarks : int, "auto" or None, default="auto"
        The number of training pairs, drawn at random, that the sum of kernels
        consists of: the Nystroem approximation. None takes all pairs. "auto" does so
        where that is affordable, for up to about 10,000 pairs, or many more of few
        items, and 1000 otherwise.
    fit_intercept : bool, default=True
        Whether to fit k.
    similar_rate : float, default=None
        The rate of similar pairs where the model is used, in (0, 1). Shifts the
        intercept, so that probabilities hold there. None keeps the (weighted) rate of
        the training pairs.
    class_weight : dict or "balanced", default=None
        Factors of the weights of the two classes. "balanced" gives both the same
        total weight. Classes not named in a dict have 1.
    max_iter : int, default=100
        The most steps of Newton's method.
    tol : float, default=1e-3
        Stop when the Newton decrement is at most this. The objective is then about
        ``tol**2 / 2`` nats above its minimum, and one more step is taken.
    n_jobs : int, default=None
        Threads that score blocks of pairs, as in :class:`SymmetricPairClassifier`. A
        fit takes the threads of BLAS.
    random_state : int, RandomState instance or None, default=None
        Draws the landmarks. In large exact fits it draws what conjugate gradients are
        preconditioned with: that changes the solution within `tol` only. Pass an int
        for the same results at every call.
    verbose : int, default=0
        0 is silent, 1 prints every tenth iteration, 2 prints each.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, sorted; the second one means "similar".
    intercept_ : float
        k.
    gamma_ : float
        The number that `gamma` stood for.
    kernel_scale_ : float
        What the kernel was divided by.
    n_landmarks_ : int or None
        How many pairs stand for all; None if the fit was exact.
    n_features_in_ : int
        The number of features of one item.
    feature_names_in_ : ndarray of str of shape (n_features,)
        The names of the columns, if `fit` was given data frames.
    n_iter_ : int
        Steps of Newton's method.
    objective_ : float
        The value of the objective that was reached, in nats.

    See Also
    --------
    SymmetricPairClassifier : Matrices; with ``form="poly"`` the polynomials among these
        kernels, on top of a dot product.
    pair_kernel : The kernels, for machines of any other kind.

    Notes
    -----
    The score is symmetric bit for bit: ``f(a, b) == f(b, a)``, also for float32. As
    coefficients of both signs cancel, all sums are taken in float64.

    The dual coefficients are found by Newton's method. Its steps factorise the Gram
    matrix of few pairs; for more they are conjugate gradients, whose products cost
    n_items times n_pairs by the generalised vec trick [2]_, with the Gram of the items
    only. Pairs that share no item have a Gram of their own that is smaller, and for a
    linear kernel of items no Gram is needed at all. What is kept for scoring are
    the items of the training pairs and a sparse symmetric matrix of coefficients; a
    matrix of (n_features, n_features) for a linear kernel; or the landmarks.

    With a linear kernel of items, "mlpk" is ``form="mahalanobis"`` of
    :class:`SymmetricPairClassifier` with ``psd=False``, "tppk" is "bilinear", and
    ``pairwise="concat", kernel="poly", degree=2, coef0=1`` is "quadratic", with `gamma`
    one over the mean squared difference of the sides, and at the same `alpha` times
    `kernel_scale_`: apart from the prior that those have.

    References
    ----------
    .. [1] Brunner, C., Fischer, A., Luig, K. and Thies, T. Pairwise support vector
       machines and their application to large scale problems. JMLR 13 (2012),
       2279-2292.
    .. [2] Airola, A. and Pahikkala, T. Fast Kronecker product kernel methods via
       generalized vec trick. IEEE TNNLS 29 (2018), 3374-3387.

    Examples
    --------
    >>> from sksymsim import KernelPairClassifier, load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = KernelPairClassifier().fit(pairs[:700], y[:700])
    >>> model.score(pairs[700:], y[700:]) > 0.8
    True
    >>> p = model.predict_proba(pairs)
    >>> bool((p == model.predict_proba(pairs.swap())).all())
    True
    """

    classes_: Labels
    gamma_: float
    kernel_scale_: float
    n_landmarks_: int | None
    n_features_in_: int
    feature_names_in_: Strings
    n_iter_: int
    objective_: float

    def __init__(
        self,
        pairwise: Literal["tppk", "mlpk", "both", "sum", "concat"] = "both",
        *,
        alpha: float = 1e-4,
        prior: Literal["identity", "covariance", "kissme"]
        | NDArray[Any]
        | MetricLearner
        | None = "identity",
        shrinkage: float = 0.1,
        kernel: Literal["linear", "poly", "rbf"] = "rbf",
        degree: int = 3,
        gamma: Literal["scale", "auto"] | float = "scale",
        coef0: float = 1.0,
        n_landmarks: int | Literal["auto"] | None = "auto",
        fit_intercept: bool = True,
        similar_rate: float | None = None,
        class_weight: ClassWeight = None,
        max_iter: int = 100,
        tol: float = 1e-3,
        n_jobs: int | None = None,
        random_state: Seed = None,
        verbose: int = 0,
    ) -> None:
        self.pairwise = pairwise
        self.alpha = alpha
        self.prior = prior
        self.shrinkage = shrinkage
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.n_landmarks = n_landmarks
        self.fit_intercept = fit_intercept
        self.similar_rate = similar_rate
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

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
        self : KernelPairClassifier

        Raises
        ------
        MemoryError
            If the kernels would be larger than the memory of this machine.
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
            If labels contradict each other, as of :class:`SymmetricPairClassifier`.
        LabelOrderWarning
            If the greater label seems to mean dissimilar, likewise.
        """
        check_parameters(self, PARAMETERS)
        check_similar_rate(self.similar_rate, self.fit_intercept)
        known, classes = label_pairs(X, y, sample_weight)
        return self._fit_score(known, classes, sample_weight, self._solve, ADVICE)

    def _keep(self, solution, classes, shift):
        super()._keep(solution, classes, shift)
        self.gamma_ = solution.gamma
        self.kernel_scale_ = solution.kernel_scale
        self.n_landmarks_ = solution.n_landmarks

    def _solve(self, known, watch):
        make_prior = None
        if self.prior is not None:
            make_prior = partial(fit_prior, FORMS["mahalanobis"], self, known)
        options = DualOptions.of(self, watch)
        return fit_dual(known.pairs, known.targets, known.weights, options, make_prior)

    def _score_with(self, score, pairs):
        return score_dual(score, pairs, self.n_jobs)
