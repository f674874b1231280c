# SPDX-License-Identifier: BSD-3-Clause
"""Models with no more than what prediction needs, and in fewer digits."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator

from sksymsim._files.classes import LEFT_OUT, REGISTRY
from sksymsim._kernels.score import DualScore
from sksymsim._score import FittedScore
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.kernel_machine import KernelPairClassifier
from sksymsim.neural import SymmetricMLPClassifier


def deployed(model):
    """Return what predicts: of a search, the model that it has found."""
    return getattr(model, "best_estimator_", model)


def compact_copy(model, dtype):
    """Return a copy without what only a fit needs.

    Parameters
    ----------
    model : estimator
        Fitted.
    dtype : numpy.dtype or None
        What the arrays become; None leaves their digits.
    """
    result = deepcopy(deployed(model))
    _slim(result, dtype, set())
    return result


def _slim(thing, dtype, seen):
    """Change an estimator, and those inside of it, in place."""
    if isinstance(thing, list | tuple):
        for part in thing:
            _slim(part, dtype, seen)
        return
    if not isinstance(thing, BaseEstimator) or id(thing) in seen:
        return
    seen.add(id(thing))
    if hasattr(thing, "set_callbacks"):
        thing.set_callbacks()
    if isinstance(vars(thing).get("random_state"), np.random.RandomState):
        thing.random_state = None
    _SLIM.get(type(thing), _slim_arrays)(thing, dtype)
    for part in list(vars(thing).values()):
        _slim(part, dtype, seen)


def _slim_arrays(thing, dtype):
    """Give the fitted arrays of a listed transformer another dtype."""
    entry = REGISTRY.get(thing)
    for name in entry.fitted if entry else ():
        value = vars(thing).get(name)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            setattr(thing, name, _narrow(value, dtype))


def _slim_deviation(model, dtype):
    """Slim a classifier that deviates from a prior, which its score has by now."""
    if not isinstance(model.prior, str | None):
        model.prior = LEFT_OUT
    if "_score" in vars(model):
        model._score = _SLIM_SCORE[type(model._score)](model._score, dtype)


def _slim_score(score, dtype):
    # In this order a block of pairs is multiplied by the factor itself, which many
    # processes can share, and not by a copy of its transpose.
    factors = tuple(np.asfortranarray(_narrow(v, dtype)) for v in score.factors)
    linear = None if score.linear is None else _narrow(score.linear, dtype)
    return replace(score, factors=factors, linear=linear)


def _slim_dual(score, dtype):
    # Coefficients of both signs cancel, so they keep their digits; items do not.
    prior = None if score.prior is None else _slim_score(score.prior, dtype)
    support = None if score.support is None else _narrow(score.support, dtype)
    return replace(score, support=support, prior=prior)


def _slim_network(model, dtype):
    if "_model" in vars(model):
        theta = _narrow(model._model.theta, dtype)
        model._model = replace(model._model, theta=theta)
        model._stream = None


def _narrow(array, dtype):
    return array if dtype is None else array.astype(dtype, copy=False)


_SLIM_SCORE = {FittedScore: _slim_score, DualScore: _slim_dual}
_SLIM = {
    SymmetricPairClassifier: _slim_deviation,
    KernelPairClassifier: _slim_deviation,
    SymmetricMLPClassifier: _slim_network,
}
