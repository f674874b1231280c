# SPDX-License-Identifier: BSD-3-Clause
"""Slow and plain versions of what the library does fast, to compare with.

Nothing here imports the library. The scores are those of docs and class docstring,
written as loops; the optima come from other algorithms (Newton's method, projected
gradients, an interior-point solver) on explicit features of each pair.

Everywhere, ``matrices`` are the free symmetric matrices of a form in the order of the
library: (M,) for "mahalanobis" and "bilinear", and (P, R) of the sum and of the
difference for "quadratic".
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import nnls
from scipy.special import expit

# ------------------------------------------------------------------------ scores


def quadratic_form(x, matrix, y):
    """Return x'By by loops."""
    total = 0.0
    for j in range(len(x)):
        for k in range(len(y)):
            total += x[j] * matrix[j][k] * y[k]
    return total


def _mahalanobis(a, b, linear, matrices):
    return -quadratic_form(a - b, matrices[0], a - b)


def _bilinear(a, b, linear, matrices):
    return quadratic_form(a, matrices[0], b)


def _quadratic(a, b, linear, matrices):
    p, q = (a + b) / math.sqrt(2), (a - b) / math.sqrt(2)
    result = quadratic_form(p, matrices[0], p) + quadratic_form(q, matrices[1], q)
    for j in range(len(a)):
        result += linear[j] * (a[j] + b[j])
    return result


@dataclass(frozen=True)
class NaiveForm:
    """What there is to know of a form: its score, and G and L by its matrices."""

    score: object
    own: object
    cross: object
    has_linear: bool = False


# A form of the library that is missing here fails test_forms.
NAIVE_FORMS = {
    "mahalanobis": NaiveForm(_mahalanobis, lambda m: -m[0], lambda m: m[0]),
    "bilinear": NaiveForm(_bilinear, lambda m: 0 * m[0], lambda m: m[0] / 2),
    "quadratic": NaiveForm(
        _quadratic,
        lambda m: (m[0] + m[1]) / 2,
        lambda m: (m[0] - m[1]) / 2,
        has_linear=True,
    ),
}


def naive_scores(form, left, right, intercept, linear, matrices):
    """Return the scores of pairs, one by one."""
    score = NAIVE_FORMS[form].score
    pairs = zip(np.asarray(left, float), np.asarray(right, float), strict=True)
    return np.array([intercept + score(a, b, linear, matrices) for a, b in pairs])


def naive_polynomial(left, right, k, c, own, cross):
    """Return k + c'(a+b) + a'Ga + b'Gb + 2a'Lb of pairs, one by one."""
    result = []
    for a, b in zip(left, right, strict=True):
        s = k + sum(c[j] * (a[j] + b[j]) for j in range(len(a)))
        s += quadratic_form(a, own, a) + quadratic_form(b, own, b)
        result.append(s + 2 * quadratic_form(a, cross, b))
    return np.array(result)


# --------------------------------------------------------------------- objective


def naive_log_loss(scores, targets, weights):
    """Return sum_i w_i log(1 + exp(-t_i s_i)) in extended range."""
    total = 0.0
    for s, t, w in zip(scores, targets, weights, strict=True):
        margin = t * s
        total += w * (max(0.0, -margin) + math.log1p(math.exp(-abs(margin))))
    return total


def flat(linear, matrices):
    """Return linear part and matrices as one vector."""
    parts = [] if linear is None else [np.asarray(linear)]
    return np.concatenate([*parts, *(np.ravel(matrix) for matrix in matrices)])


def squared_deviation(theta, theta_0):
    """Return min_{g >= 0} |theta - g theta_0|^2, by a solver for such problems."""
    _, distance = nnls(theta_0[:, None], theta)
    return distance**2


def naive_objective(scores, targets, weights, alpha, theta, theta_0):
    """Return loss plus penalty; theta as from :func:`flat`."""
    deviation = squared_deviation(theta, theta_0)
    return naive_log_loss(scores, targets, weights) + alpha / 2 * deviation


def central_differences(function, x, step=1e-6):
    """Return the gradient of a function of a vector, in float64."""
    gradient = np.empty_like(x)
    for j in range(x.size):
        h = step * max(1.0, abs(x[j]))
        ahead, behind = x.copy(), x.copy()
        ahead[j] += h
        behind[j] -= h
        gradient[j] = (function(ahead) - function(behind)) / (ahead[j] - behind[j])
    return gradient


# ------------------------------------------------------------------------ priors


def root_mean_square_difference(left, right, weights):
    """Return the number that the items are divided by before anything else."""
    total = 0.0
    for a, b, w in zip(left, right, weights, strict=True):
        total += w * sum((a[j] - b[j]) ** 2 for j in range(len(a)))
    return math.sqrt(total / sum(weights))


def shrunk_inverse(covariance, shrinkage, level):
    """Return the inverse of (1 - r) C + r level I."""
    eye = np.eye(len(covariance))
    return np.linalg.inv((1 - shrinkage) * covariance + shrinkage * level * eye)


def scatter(rows, weights, center):
    """Return the weighted mean of (x - c)(x - c)'."""
    total = sum(
        w * np.outer(x - center, x - center) for x, w in zip(rows, weights, strict=True)
    )
    return total / sum(weights)


def covariance_metric(left, right, weights, shrinkage):
    """Return the inverse of the covariance of the items, shrunk to its mean."""
    rows, twice = np.vstack([left, right]), np.concatenate([weights, weights])
    mean = np.average(rows, axis=0, weights=twice)
    covariance = scatter(rows, twice, mean)
    return shrunk_inverse(covariance, shrinkage, np.diag(covariance).mean())


def precision_gap(rows, similar, weights, shrinkage, center):
    """Return inverse covariance of similar less that of dissimilar rows.

    Both are shrunk to the same level: the mean variance of both.
    """
    covariances = [scatter(rows[of], weights[of], center) for of in (similar, ~similar)]
    level = np.mean([np.diag(covariance) for covariance in covariances])
    first, second = (shrunk_inverse(c, shrinkage, level) for c in covariances)
    return first - second


def kissme_metric(left, right, similar, weights, shrinkage):
    """Return the gap of the precisions of the differences, about zero."""
    gap = left - right
    return precision_gap(gap, similar, weights, shrinkage, np.zeros(gap.shape[1]))


def gaussian_log_ratio(rows, similar, weights, shrinkage, center):
    """Return B and c of the log-ratio of two Gaussians: x'Bx + c'x + constant."""
    gap = precision_gap(rows, similar, weights, shrinkage, center)
    return -gap / 2, gap @ center


def positive_part(matrix):
    """Return the nearest positive semidefinite matrix."""
    lam, basis = np.linalg.eigh((matrix + matrix.T) / 2)
    return (basis * np.maximum(lam, 0)) @ basis.T


# ----------------------------------------------------------- explicit polynomials


def svec(matrices):
    """Return upper triangles, off-diagonals times sqrt(2): <A, B> = svec(A)'svec(B)."""
    d = matrices.shape[-1]
    j, k = np.triu_indices(d)
    return matrices[..., j, k] * np.where(j == k, 1.0, math.sqrt(2))


def smat(vector):
    """Return the symmetric matrix of an svec."""
    d = (math.isqrt(8 * vector.size + 1) - 1) // 2
    j, k = np.triu_indices(d)
    matrix = np.zeros((d, d))
    matrix[j, k] = matrix[k, j] = vector / np.where(j == k, 1.0, math.sqrt(2))
    return matrix


def _outer(x, y):
    products = x[:, :, None] * y[:, None, :]
    return svec((products + np.swapaxes(products, 1, 2)) / 2)


def explicit_features(form, left, right):
    """Return one row z per pair with s = z'(k, c, svec B, ...).

    The squared norm of the coefficients without k is that of linear part and
    matrices together.
    """
    a, b = left, right
    if form == "mahalanobis":
        parts = [-_outer(a - b, a - b)]
    elif form == "bilinear":
        parts = [_outer(a, b)]
    else:
        parts = [a + b, _outer(a + b, a + b) / 2, _outer(a - b, a - b) / 2]
    return np.hstack([np.ones((len(a), 1)), *parts])


def coefficients(intercept, linear, matrices):
    """Return the vector that explicit features are multiplied with."""
    parts = [[intercept], *([] if linear is None else [linear])]
    return np.concatenate([*parts, *(svec(np.asarray(m)) for m in matrices)])


# ----------------------------------------------------------------------- optima


def mean_loss(beta, features, targets, weights):
    """Return the weighted log-loss of a linear model and its gradient."""
    margins = targets * (features @ beta)
    value = weights @ np.logaddexp(0.0, -margins)
    return value, -features.T @ (weights * targets * expit(-margins))


def newton(features, targets, weights, penalty):
    """Minimise log-loss + beta' penalty beta / 2 by damped Newton steps."""
    beta = np.zeros(features.shape[1])

    def value_of(beta):
        loss, gradient = mean_loss(beta, features, targets, weights)
        return loss + beta @ penalty @ beta / 2, gradient + penalty @ beta

    value, gradient = value_of(beta)
    for _ in range(200):
        p = expit(features @ beta)
        hessian = (features.T * (weights * p * (1 - p))) @ features + penalty
        ridge = 1e-14 * np.trace(hessian) * np.eye(beta.size)
        step = cho_solve(cho_factor(hessian + ridge), gradient)
        decrease = step @ gradient
        if decrease < 1e-12:
            # Too little to be seen in the value; one more full step squares it.
            beta = beta - step
            value, gradient = value_of(beta)
            break
        t, trial = 1.0, value_of(beta - step)
        while trial[0] > value - 1e-4 * t * decrease:
            t /= 2
            trial = value_of(beta - t * step)
        beta, value, gradient = beta - t * step, *trial
    assert np.abs(gradient).max() < 1e-11
    return beta, value


def newton_optimum(features, targets, weights, alpha, prior, fit_intercept=True):
    """Minimise the objective without constraint on M; the scale g >= 0 is free.

    Parameters
    ----------
    prior : ndarray
        Coefficients of theta_0, the intercept's being 0.

    Returns
    -------
    beta, value
    """
    free = slice(0 if fit_intercept else 1, None)
    ridge = np.eye(prior.size)
    ridge[0, 0] = 0.0
    # min_g |theta - g theta_0|^2 is the squared distance from a line ...
    line = ridge - np.outer(prior, prior) / (prior @ prior)
    beta = np.zeros(prior.size)
    for penalty in (alpha * line, alpha * ridge):
        beta[free], value = newton(
            features[:, free], targets, weights, penalty[free, free]
        )
        # ... and if the best g on the line is negative, g = 0 is the best one.
        if beta @ prior >= 0:
            break
    return beta, value


def fista(features, targets, weights, alpha, prior, n_iter=20_000, tol=1e-11):
    """Minimise over k, M >= 0 and g >= 0 by accelerated projected gradients.

    Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009), 183; restarted as in O'Donoghue
    and Candes, Found. Comput. Math. 15 (2015), 715. M is projected exactly, by its
    eigenvalues. The scale g is an unknown like the others here.

    Returns
    -------
    intercept, matrix, value
    """
    size = math.sqrt(prior @ prior)
    prior = prior[1:] / size

    def project(x):
        return np.concatenate(
            [x[:1], svec(positive_part(smat(x[1:-1]))), [max(0.0, x[-1])]]
        )

    def value_and_gradient(x):
        loss, by_beta = mean_loss(x[:-1], features, targets, weights)
        deviation = x[1:-1] - x[-1] * prior
        gradient = np.concatenate([by_beta, [-alpha * (deviation @ prior)]])
        gradient[1:-1] += alpha * deviation
        return loss + alpha / 2 * (deviation @ deviation), gradient

    # Both parts of the Hessian at their largest: p (1 - p) <= 1/4, and |(I, -m)|^2.
    curvature = np.linalg.norm((features.T * weights) @ features, 2) / 4 + 2 * alpha
    x = y = np.zeros(features.shape[1] + 1)
    momentum = 1.0
    for _ in range(n_iter):
        _, gradient = value_and_gradient(y)
        new = project(y - gradient / curvature)
        if np.abs(new - y).max() < tol * max(1.0, np.abs(new).max()):
            break
        if (y - new) @ (new - x) > 0:
            momentum, y = 1.0, x  # uphill: begin again without momentum
            continue
        faster = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        y = new + (momentum - 1) / faster * (new - x)
        x, momentum = new, faster
    value, _ = value_and_gradient(new)
    return new[0], smat(new[1:-1]), value


def interior_point(features, targets, weights, alpha, prior):
    """Minimise over k, M >= 0 and g >= 0 by a conic solver (needs cvxpy).

    Returns
    -------
    intercept, matrix, value
    """
    import cvxpy as cp

    n_features = smat(prior[1:]).shape[0]
    intercept, scale = cp.Variable(), cp.Variable(nonneg=True)
    matrix = cp.Variable((n_features, n_features), PSD=True)
    columns = np.stack([smat(row[1:]).ravel() for row in features])
    scores = columns @ cp.vec(matrix, order="C") + intercept
    loss = weights @ cp.logistic(-cp.multiply(targets, scores))
    deviation = cp.sum_squares(matrix - scale * smat(prior[1:]))
    problem = cp.Problem(cp.Minimize(loss + alpha / 2 * deviation))
    options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-12)
    with warnings.catch_warnings():
        # More than it can always give. What is reached is up to the caller.
        warnings.filterwarnings("ignore", "Solution may be inaccurate")
        problem.solve(solver=cp.CLARABEL, max_step_fraction=0.9, **options)
    return float(intercept.value), matrix.value, float(problem.value)


# -------------------------------------------------------------------------- data


def planted_pairs(rng, n_pairs=60, n_features=4, indefinite=True):
    """Draw pairs whose labels follow an anisotropic quadratic form of a - b.

    If indefinite, the labels ask for a negative eigenvalue, so that the constraint
    M >= 0 is active at the optimum. Labels are noisy: the optimum is finite.

    Returns
    -------
    left, right : ndarray of shape (n_pairs, n_features)
    similar : ndarray of bool
    """
    mixing = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    spread = np.linspace(0.5, 1.5, n_features)
    left, right = 0.3 + rng.normal(size=(2, n_pairs, n_features)) * spread @ mixing
    lam = np.linspace(1.0, -0.5 if indefinite else 0.2, n_features)
    matrix = (mixing.T * lam) @ mixing
    gap = left - right
    scores = -np.einsum("ij,jk,ik->i", gap, matrix, gap)
    scores += 0.5 * np.einsum("ij,ij->i", left, right)
    scores -= np.median(scores)
    similar = rng.random(n_pairs) < expit(scores)
    return left, right, similar
