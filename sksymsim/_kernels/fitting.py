# SPDX-License-Identifier: BSD-3-Clause
"""From pairs and a kernel to a fitted score: which Gram matrix, which steps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular
from sklearn.utils import check_random_state

from sksymsim._blocks import block_slices
from sksymsim._forms import row_products
from sksymsim._kernels.dual import (
    CholeskySteps,
    DualProblem,
    GradientSteps,
    minimize_dual,
)
from sksymsim._kernels.grams import (
    DenseGram,
    FeatureGram,
    ItemGram,
    nystroem_features,
    pair_diagonal,
    pair_values,
)
from sksymsim._kernels.pair_kernels import Links, QuadraticKernel, make_kernels
from sksymsim._kernels.score import DualScore
from sksymsim._objective import fit_scale_and_intercept, log_loss
from sksymsim._reporting import IterationReporter
from sksymsim._scoring import score_pairs
from sksymsim._solvers import SolverResult
from sksymsim._validation.kernels import (
    check_alpha_suffices,
    check_gram,
    check_gram_memory,
)

# Up to so many pairs, factorising their Gram matrix takes about as long as products.
CHOLESKY_PAIRS = 1500
# With n_landmarks="auto", an exact fit may hold so much, and a product may cost so
# many multiplications.
EXACT_BYTES = 2**30
EXACT_WORK = 2e8
AUTO_LANDMARKS = 1000
# Columns of the preconditioner. Measured, 10,000 pairs: 300 take twice the memory, and
# the same time but for very small penalties, 600 more time.
RANK = 150


@dataclass(frozen=True)
class DualOptions:
    """What the user decides about a fit."""

    pairwise: str
    kernel: str
    degree: int
    gamma: float | str
    coef0: float
    alpha: float
    n_landmarks: int | str | None
    fit_intercept: bool
    tol: float
    max_iter: int
    random_state: object = None
    callback: Callable | None = None
    watch: Callable | None = None

    @classmethod
    def of(cls, estimator, watch=None, **changed):
        """Return the parameters of an estimator, save for some."""
        changed["watch"] = watch
        changed["callback"] = IterationReporter(estimator.verbose)
        names = [name for name in cls.__dataclass_fields__ if name not in changed]
        return cls(**{name: getattr(estimator, name) for name in names}, **changed)


@dataclass(frozen=True)
class DualSolution:
    """A fitted score and how it was found.

    Parameters
    ----------
    score : DualScore
    result : SolverResult
    gamma : float
    kernel_scale : float
        The mean of the kernel of a pair with itself, by which it was divided.
    n_landmarks : int or None
        None if the fit was exact.
    """

    score: DualScore
    result: SolverResult
    gamma: float
    kernel_scale: float
    n_landmarks: int | None

    @property
    def n_iter(self):
        """The iterations of the solver."""
        return self.result.n_iter


def fit_dual(pairs, targets, weights, options, make_prior=None):
    """Fit kernel logistic regression to pairs.

    Parameters
    ----------
    pairs : Pairs
    targets : ndarray of shape (n_pairs,)
        +1 or -1.
    weights : ndarray of shape (n_pairs,)
        Positive, with sum one.
    options : DualOptions
    make_prior : callable, default=None
        Returns a FittedScore without intercept, to deviate from. Its scale, not
        negative, is fitted without penalty.

    Returns
    -------
    solution : DualSolution
    """
    given, pairs = pairs, pairs.to_index()
    with np.errstate(over="ignore", invalid="ignore"):
        gamma = resolve_gamma(options.gamma, pairs, weights)
        kernels = make_kernels(
            options.pairwise, options.kernel, gamma, options.degree, options.coef0
        )
        diagonal = pair_diagonal(pairs, *kernels)
    check_gram(diagonal, gamma)
    prior, prior_scores = None, None
    if make_prior is not None:
        prior = make_prior()
        prior_scores = score_pairs(prior, given).astype(np.float64)
    scale = float(weights @ diagonal)
    free = _FreeColumns(prior_scores, targets, weights, options.fit_intercept)
    basis, rest = None, (kernels, free, prior)
    if np.isinf(options.alpha) or scale <= 0:
        result = free.result()
    else:
        chosen = _choose_landmarks(pairs, kernels, options)
        make = _ExactBasis if chosen is None else _LandmarkBasis
        basis = make(pairs, kernels, chosen, options.random_state)
        finish = partial(_finish, pairs, *rest, basis)
        result = free.minimum(basis, options, options.alpha * scale, finish)
    score = _finish(pairs, *rest, basis, result.theta)
    n_landmarks = getattr(basis, "n_landmarks", None)
    return DualSolution(score, result, gamma, scale, n_landmarks)


def _finish(pairs, kernels, free, prior, basis, theta):
    """Return the score of some coefficients of the training pairs."""
    v = theta[: len(pairs)]
    intercept, scale_of_prior = free.numbers(theta[len(pairs) :])
    if isinstance(basis, _LandmarkBasis):
        pairs, v = pairs[basis.chosen], basis.coefficients(v)
    return DualScore(
        *kernels, *_support(pairs, v, kernels), intercept, prior, scale_of_prior
    )


def resolve_gamma(gamma, pairs, weights):
    """Return gamma as a number; "scale" and "auto" as in scikit-learn's SVC.

    Parameters
    ----------
    gamma : {"scale", "auto"} or float
    pairs : Pairs
        Index pairs.
    weights : ndarray of shape (n_pairs,)
        With sum one; a weight is a repetition here too.
    """
    n_items, n_features = pairs.items.shape
    if gamma == "auto":
        return 1 / n_features
    if gamma != "scale":
        return float(gamma)
    shares = sum(np.bincount(side, weights, n_items) for side in pairs.index.T) / 2
    items = pairs.items
    if sparse.issparse(items):
        sums = [np.ravel(part.sum(axis=1)) for part in (items, items.multiply(items))]
        mean, square = (float(shares @ part) / n_features for part in sums)
        variance = square - mean**2
    else:
        mean = float(shares @ items.mean(axis=1, dtype=np.float64))
        variance = 0.0
        for rows in block_slices(n_items, 8 * n_features):
            gap = items[rows] - mean
            variance += float(shares[rows] @ row_products(gap, gap)) / n_features
    return 1 / (n_features * variance) if variance > 0 else 1.0


def _has_few_features(pairs, kernels):
    """Say whether the items themselves are features of fewer dimensions than items."""
    pair_kernel, item_kernel = kernels
    n_items, n_features = pairs.items.shape
    plain = item_kernel.name == "linear" and isinstance(pair_kernel, QuadraticKernel)
    return plain and n_features < n_items and not pairs.is_sparse


def _choose_landmarks(pairs, kernels, options):
    """Return the pairs that stand for all, or None to take all."""
    n_pairs, n_landmarks = len(pairs), options.n_landmarks
    if n_landmarks == "auto":
        n_landmarks = None if _is_affordable(pairs, kernels) else AUTO_LANDMARKS
    if n_landmarks is None or n_landmarks >= n_pairs:
        return None
    rng = check_random_state(options.random_state)
    return np.sort(rng.permutation(n_pairs)[:n_landmarks])


def _is_affordable(pairs, kernels):
    n_pairs, n_items = len(pairs), pairs.items.shape[0]
    if _has_few_features(pairs, kernels):
        return True
    if n_pairs <= n_items:
        return 8 * n_pairs**2 <= EXACT_BYTES
    # The Gram of the items, its product with the links, and a copy on the way.
    return 3 * 8 * n_items**2 <= EXACT_BYTES and n_items * n_pairs <= EXACT_WORK


class _ExactBasis:
    """All pairs, by the Gram matrix that takes the least memory."""

    def __init__(self, pairs, kernels, chosen, random_state):
        n_pairs, n_items = len(pairs), pairs.items.shape[0]
        self.random_state = random_state
        if n_pairs <= CHOLESKY_PAIRS or (
            n_pairs <= n_items and not _has_few_features(pairs, kernels)
        ):
            check_gram_memory(n_pairs, n_pairs, "pairs")
            self.gram = DenseGram(pair_values(pairs, None, *kernels))
            return
        pair_kernel, item_kernel = kernels
        are_features = _has_few_features(pairs, kernels)
        if not are_features:
            check_gram_memory(n_items, n_items, "items")
        rows = pairs.items if are_features else item_kernel(pairs.items)
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        self.gram = ItemGram(rows, pairs.index, pair_kernel, are_features=are_features)

    def steps(self, problem):
        n_pairs = self.gram.n_pairs
        if n_pairs <= CHOLESKY_PAIRS:
            return CholeskySteps(problem)
        rng = check_random_state(self.random_state)
        chosen = rng.permutation(n_pairs)[:RANK]
        low_rank, _ = nystroem_features(self.gram.columns(chosen), chosen)
        return GradientSteps(problem, low_rank)


class _LandmarkBasis:
    """The Nystroem approximation by some of the pairs."""

    def __init__(self, pairs, kernels, chosen, random_state):
        self.chosen, self.n_landmarks = chosen, len(chosen)
        check_gram_memory(len(pairs), len(chosen), "pairs")
        columns = pair_values(pairs, pairs[chosen], *kernels)
        features, self.factor = nystroem_features(columns, chosen)
        self.gram = FeatureGram(features)

    def steps(self, problem):
        return GradientSteps(problem, self.gram.features)

    def coefficients(self, v):
        """Return the coefficients of the chosen pairs that stand for those of all."""
        return solve_triangular(
            self.factor, self.gram.features.T @ v, trans=1, lower=True
        )


class _FreeColumns:
    """What is not penalised: the scale of the prior, and the intercept."""

    def __init__(self, prior_scores, targets, weights, fit_intercept):
        self.targets, self.weights = targets, weights
        self.fit_intercept, self.has_prior = fit_intercept, prior_scores is not None
        n_pairs = len(targets)
        prior_scores = prior_scores if self.has_prior else np.zeros(n_pairs)
        self.columns = np.ones((n_pairs, int(fit_intercept)))
        scale, intercept = fit_scale_and_intercept(
            prior_scores, targets, weights, fit_intercept
        )
        self.start = np.array([intercept][: int(fit_intercept)])
        if self.has_prior:
            self.columns = np.column_stack([self.columns, prior_scores])
            self.start = np.append(self.start, scale)

    def result(self):
        """Return the best of these numbers alone."""
        value, _ = log_loss(self.columns @ self.start, self.targets, self.weights)
        theta = np.concatenate([np.zeros(len(self.targets)), self.start])
        return SolverResult(theta, value, 0.0, 0, 0, "converged")

    def minimum(self, basis, options, alpha, finish):
        """Return the best of these numbers and of a sum of kernels."""

        def solve(columns, start, lost=()):
            def watch(theta):
                return options.watch(lambda: finish(np.append(theta(), lost)))

            problem = DualProblem(
                basis.gram,
                columns,
                self.targets,
                self.weights,
                alpha,
                options.tol,
                options.max_iter,
                options.callback,
                None if options.watch is None else watch,
            )
            with check_alpha_suffices(options.alpha):
                return minimize_dual(problem, start, basis.steps(problem))

        result = solve(self.columns, self.start)
        if self.has_prior and result.theta[-1] < 0:
            # Convex: where the best scale is negative, the best one allowed is zero.
            first = result.n_iter
            result = solve(self.columns[:, :-1], self.start[:-1], [0.0])
            result.theta = np.append(result.theta, 0.0)
            result.n_iter += first
        return result

    def numbers(self, free):
        """Return intercept and scale."""
        intercept = float(free[0]) if self.fit_intercept else 0.0
        return intercept, float(free[-1]) if self.has_prior else 0.0


def _support(pairs, v, kernels):
    """Return the items that scoring needs, and the coefficients as matrices."""
    used = v != 0
    if not used.all():
        # One pair is kept for its width.
        used[0] |= not used.any()
        pairs, v = pairs[used], v[used]
    few = _has_few_features(pairs, kernels)
    pairs = pairs.compact()
    links = Links.of_pairs(pairs.index, v, pairs.items.shape[0])
    if few:
        items = np.ascontiguousarray(pairs.items, dtype=np.float64)
        return None, kernels[0].needed(links.through(items))
    # A copy: the table of the caller may change.
    return pairs.items.copy(), kernels[0].needed(links)
