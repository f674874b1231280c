# SPDX-License-Identifier: BSD-3-Clause
"""metric-learn's learners from pairs: ITML, MMC and SDML."""

import numpy as np
from fitted import Fitted, mahalanobis_score
from metric_learn import ITML, MMC, SDML


def fit_itml(train_a, train_b, y, params):
    """Fit ITML; parameters that are not given keep its defaults."""
    return _fit(ITML(**_own(params)), train_a, train_b, y)


def fit_mmc(train_a, train_b, y, params):
    """Fit MMC with a full matrix."""
    fitted = _fit(MMC(**_own(params)), train_a, train_b, y)
    # It calls itself converged when no projection succeeded, too.
    start = np.eye(len(fitted.matrix)) * fitted.matrix[0, 0]
    if np.allclose(fitted.matrix, start):
        fitted.facts |= {"converged": False, "message": "did not leave the identity"}
    return fitted


def fit_sdml(train_a, train_b, y, params):
    """Fit SDML with scikit-learn's graphical lasso, its own choice without skggm."""
    # It adds balance_param times a *sum* over pairs to the identity: `balance` is for
    # the mean, and for differences of which a coordinate has mean square one. With
    # the default, 0.5 times the sum in any unit, it raises on all but toy data.
    gaps = train_a.astype(np.float64) - train_b
    unit = np.sqrt(np.mean(gaps**2))
    own = _own(params)
    model = SDML(balance_param=own.pop("balance") / len(y), **own)
    return _fit(model, train_a / unit, train_b / unit, y, unit)


def _own(params):
    """Return the parameters of the learner itself."""
    own = {key: value for key, value in params.items() if key != "seed"}
    return own | {"random_state": params["seed"]}


def _fit(model, train_a, train_b, y, unit=1.0):
    pairs = np.stack([train_a, train_b], axis=1).astype(np.float64)
    model.fit(pairs, np.where(y == 1, 1, -1))
    matrix = model.get_mahalanobis_matrix() / unit**2
    n_iter = getattr(model, "n_iter_", None)
    facts = {"n_iter": n_iter}
    if hasattr(model, "converged_"):
        facts["converged"] = bool(model.converged_)
    elif n_iter is not None:
        # ITML keeps the number of its last sweep and no other sign.
        facts["converged"] = n_iter + 1 < model.max_iter
    return Fitted(mahalanobis_score(matrix), facts, matrix)
