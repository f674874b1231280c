# SPDX-License-Identifier: BSD-3-Clause
"""Log-odds that each candidate gives to pairs which it was not fitted on."""

import time
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from sksymsim._blocks import Team, effective_threads
from sksymsim._forms import FORMS
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._selection.guests import fit_guest
from sksymsim._selection.path import HeldOutPaths, in_step
from sksymsim._validation.networks import INTERRUPTED
from sksymsim._validation.search import (
    check_log_odds,
    named_failure,
    warn_of_failures,
)
from sksymsim.preprocessing import SharedTransformer

# A path is solved to about 1e-3 of its objective: what is chosen does not change, and
# the model that is chosen is fitted again.
PATH_TOL = 6e-2


@dataclass(frozen=True)
class Split:
    """What is fitted on, and what is held out.

    Parameters
    ----------
    train, held : Pairs
    similar, held_similar : ndarray of bool
    weights, held_weights : ndarray of float
    groups : ndarray or None, default=None
        Of the training pairs, for guests that ask for them.
    """

    train: object
    similar: np.ndarray
    weights: np.ndarray
    held: object
    held_similar: np.ndarray
    held_weights: np.ndarray
    groups: np.ndarray | None = None


@dataclass(frozen=True)
class HeldOutScores:
    """Log-odds of all candidates for the test pairs of all folds, one after the other.

    Parameters
    ----------
    candidates : list of Candidate
        Those that were fitted; a path may have ended before its smallest penalty.
    scores : ndarray of shape (n_candidates, n_held)
    seconds : ndarray of shape (n_candidates,)
        Of one fit, mean over the folds.
    failed : list of Candidate
        Guests that could not be fitted on some fold; they have no scores.
    """

    candidates: list
    scores: np.ndarray
    seconds: np.ndarray
    failed: list


@dataclass(frozen=True)
class Answer:
    """What came of one candidate.

    Parameters
    ----------
    candidate : Candidate
    scores : ndarray of shape (n_held,) or None
        None if a fit failed.
    seconds : float
        Of one fit, mean over the folds.
    failure : str, default=""
        Why there are no scores.
    """

    candidate: object
    scores: np.ndarray | None
    seconds: float
    failure: str = ""


def held_out_scores(
    spaces, guests, classes, splits, max_iter, n_jobs, report, error_score, task
):
    """Fit every candidate on each training part, and score each test part.

    Parameters
    ----------
    spaces : list of Space
    guests : list of Candidate
    classes : ndarray of shape (2,)
        The labels that guests are fitted on.
    splits : list of Split
    max_iter : int
        The most iterations between two points of a path.
    n_jobs : int or None
        Processes.
    report : callable
        Takes lines of text after each task.
    error_score : "raise" or nan
        What becomes of a guest that cannot be fitted: an error, or a warning.
    task : FitTask
        The fit of which this is a part.

    Returns
    -------
    held_out : HeldOutScores
    """
    tasks = [
        (_score_form, (space.normalizer, paths))
        for space in spaces
        for paths in space.by_form()
    ]
    raises = error_score == "raise"
    tasks += [(_score_guest, (guest, classes, raises)) for guest in guests]
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    answers = []
    found_ones = run(delayed(one)(*what, splits, max_iter) for one, what in tasks)
    for number, found in enumerate(
        task.each(found_ones, len(tasks), "search", "candidates")
    ):
        answers += found
        for line in _progress(found):
            report(f"{number + 1}/{len(tasks)}: {line}")
    failed = [answer for answer in answers if answer.failure]
    if failed:
        warn_of_failures([(one.candidate.family, one.failure) for one in failed])
    fitted = [answer for answer in answers if not answer.failure]
    return HeldOutScores(
        [answer.candidate for answer in fitted],
        np.array([answer.scores for answer in fitted]),
        np.array([answer.seconds for answer in fitted]),
        [answer.candidate for answer in failed],
    )


def _progress(answers):
    """Yield a line for each family, and for each setting of a guest."""
    by_name = {}
    for answer in answers:
        candidate, name = answer.candidate, answer.candidate.family
        if candidate.is_guest and candidate.params:
            setting = ", ".join(f"{k}={v}" for k, v in candidate.params.items())
            name = f"{name} ({setting})"
        by_name.setdefault(name, []).append(answer)
    for name, found in by_name.items():
        seconds = [answer.seconds for answer in found]
        n_fits = f"{len(seconds)} fit{'s' * (len(seconds) != 1)}"
        text = f"{name}: {n_fits} in {sum(seconds):.1f} s, for each fold"
        yield text if not found[0].failure else f"{name}: failed, {found[0].failure}"


def _score_form(normalizer, paths, splits, max_iter):
    """Follow the paths of one form in one space, all folds in step.

    Returns
    -------
    found : list of Answer
    """
    found = []
    with Team(effective_threads(None)) as team:
        folds = [_fold(paths[0].form, normalizer, s, team, max_iter) for s in splits]
        for path in paths:
            last = time.perf_counter()
            walk = in_step(folds, path.prior, path.shrinkage, path.alphas)
            for candidate, points in zip(path.candidates, walk, strict=False):
                now = time.perf_counter()
                scores = np.concatenate([point.scores for point in points])
                found.append(Answer(candidate, scores, (now - last) / len(splits)))
                last = now
    return found


def _fold(form, normalizer, split, team, max_iter):
    train, held = split.train, split.held
    if normalizer is not None:
        shared = SharedTransformer(clone(normalizer)).fit(train)
        train, held = shared.transform(train), shared.transform(held)
    return HeldOutPaths(
        FORMS[form],
        train,
        held,
        split.similar,
        split.weights / split.weights.sum(),
        split.held_similar,
        split.held_weights,
        team,
        tol=PATH_TOL,
        max_iter=max_iter,
    )


def _score_guest(candidate, classes, raises, splits, max_iter):
    """Return what :func:`_score_form` does, of an estimator fitted as it is."""
    started = time.perf_counter()
    scores, failure = None, ""
    try:
        # How BLAS and OpenMP add up depends on the number of threads, which is not the
        # same in one process and in several.
        with warnings.catch_warnings(), threadpool_limits(1):
            # The model that is chosen is fitted again, and warns then.
            warnings.simplefilter("ignore", UserWarning)
            # Networks end their training at an interrupt, and call it a warning.
            warnings.filterwarnings("error", message=INTERRUPTED)
            scores = np.concatenate([_of_guest(candidate, classes, s) for s in splits])
    except Exception as error:
        if str(error).startswith(INTERRUPTED):
            raise KeyboardInterrupt from error
        # Whatever it is, the others are not to be lost by it.
        if raises:
            raise ValueError(named_failure(candidate, error)) from error
        failure = f"{type(error).__name__}: {error}"
    seconds = (time.perf_counter() - started) / len(splits)
    return [Answer(candidate, scores, seconds, failure)]


def _of_guest(candidate, classes, split):
    y = classes[split.similar.astype(int)]
    model = fit_guest(candidate.estimator, split.train, y, split.weights, split.groups)
    method = log_odds_method(model, split.held)
    scores = read_log_odds(model, split.held, method)
    return check_log_odds(scores, len(split.held))
