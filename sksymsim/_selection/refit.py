# SPDX-License-Identifier: BSD-3-Clause
"""What a search has chosen, fitted on all pairs, as one small model."""

import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline, make_pipeline

from sksymsim._forms import FORMS
from sksymsim._selection.guests import fit_guest, with_other_seed
from sksymsim._selection.stacking import rescaled, weighted_sum
from sksymsim._validation.search import named_failure
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.exceptions import ContradictoryLabelsWarning, LabelOrderWarning
from sksymsim.preprocessing import SharedTransformer
from sksymsim.stacking import StackedPairClassifier


def refit(blend, candidates, pairs, y, sample_weight=None, groups=None):
    """Fit the members of a blend, and fold those of one space into one score.

    Parameters
    ----------
    blend : Blend
    candidates : list of Candidate
    pairs : Pairs
    y : ndarray of shape (n_pairs,)
    sample_weight : ndarray of shape (n_pairs,), default=None
    groups : ndarray, default=None
        For guests that ask for them.

    Returns
    -------
    model : Pipeline
        Fitted.
    """
    with warnings.catch_warnings():
        # The search has warned, and once is enough.
        for category in (ContradictoryLabelsWarning, LabelOrderWarning):
            warnings.simplefilter("ignore", category)
        return _fit_blend(blend, candidates, pairs, y, sample_weight, groups)


def _fit_blend(blend, candidates, pairs, y, sample_weight, groups):
    spaces, guests = {}, []
    for i, weight in zip(blend.members, blend.weights, strict=True):
        member = candidates[i].estimator
        if candidates[i].is_guest:
            guests.append((candidates[i], weight))
        else:
            spaces.setdefault(repr(member[:-1]), []).append((member, weight))
    if len(spaces) + len(guests) == 1:
        if not guests:
            (space,) = spaces.values()
            return _fit_space(space, pairs, y, sample_weight, blend.intercept)
        guest, weight = guests[0]
        if _is_ours(guest.estimator) and guest.estimator[-1].form in FORMS:
            alone = [(guest.estimator, weight)]
            return _fit_space(alone, pairs, y, sample_weight, blend.intercept)
    parts = [
        (_fit_space(space, pairs, y, sample_weight), 1.0) for space in spaces.values()
    ]
    for guest, weight in guests:
        for n_draw in range(guest.n_draws):
            part = _fit_guest(guest, n_draw, pairs, y, sample_weight, groups)
            parts.append((part, weight / guest.n_draws))
    named = [(f"member{i}", part) for i, (part, _) in enumerate(parts)]
    weights = [float(weight) for _, weight in parts]
    stack = StackedPairClassifier(named, weights, intercept=blend.intercept)
    return make_pipeline(stack._take([part for _, part in named], pairs, y))


def _fit_guest(guest, n_draw, pairs, y, sample_weight, groups):
    estimator = with_other_seed(guest.estimator, n_draw)
    try:
        with warnings.catch_warnings():
            if any(name.rpartition("__")[2] == "max_iter" for name in guest.params):
                # The search has chosen how long to train, so that is no news.
                warnings.simplefilter("ignore", ConvergenceWarning)
            return fit_guest(estimator, pairs, y, sample_weight, groups)
    except Exception as error:
        # An estimator of the user may raise anything: say which one it was.
        raise ValueError(named_failure(guest, error, "on all pairs")) from error


def most_iterations(model):
    """Return the most iterations of the classifiers of this library in a final model.

    Parameters
    ----------
    model : Pipeline
        As of :func:`refit`. Those of guests may be counted in any way, or in none.
    """
    last = model[-1]
    models = last.estimators_ if isinstance(last, StackedPairClassifier) else [model]
    # Never 0: as scikit-learn counts, what is solved at its start has been looked at.
    return max([1, *(member[-1].n_iter_ for member in models if _is_ours(member))])


def _is_ours(model):
    if not isinstance(model, Pipeline) or len(model) > 2:
        return False
    shared = len(model) == 1 or isinstance(model[0], SharedTransformer)
    return shared and isinstance(model[-1], SymmetricPairClassifier)


def _fit_space(members, pairs, y, sample_weight, intercept=0.0):
    """Return one Pipeline that is the weighted sum of several in one space."""
    steps = []
    prepared = pairs
    for name, step in members[0][0].steps[:-1]:
        steps.append((name, clone(step).fit(prepared)))
        prepared = steps[-1][1].transform(prepared)
    fitted = [
        clone(member[-1]).fit(prepared, y, sample_weight=sample_weight)
        for member, _ in members
    ]
    weights = np.array([weight for _, weight in members])
    heaviest = fitted[int(np.argmax(weights))]
    if len(fitted) == 1:
        score = rescaled(heaviest._score, float(weights[0]), intercept)
    else:
        score = weighted_sum([m._score for m in fitted], weights, intercept)
    return Pipeline([*steps, (members[0][0].steps[-1][0], heaviest._with(score))])
