# SPDX-License-Identifier: BSD-3-Clause
"""Log-odds that each candidate gives to pairs which it was not fitted on."""

import time
import warnings
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sksymsim._blocks import Team, effective_threads
from sksymsim._forms import FORMS
from sksymsim._path import HeldOutPaths, in_step
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim.exceptions import ContradictoryLabelsWarning
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
    """

    train: object
    similar: np.ndarray
    weights: np.ndarray
    held: object
    held_similar: np.ndarray
    held_weights: np.ndarray


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
    """

    candidates: list
    scores: np.ndarray
    seconds: np.ndarray


def held_out_scores(spaces, guests, classes, splits, max_iter, n_jobs, report):
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

    Returns
    -------
    held_out : HeldOutScores
    """
    tasks = [
        (_score_form, (space.normalizer, paths))
        for space in spaces
        for paths in space.by_form()
    ]
    tasks += [(_score_guest, (guest, classes)) for guest in guests]
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    answers = run(
        delayed(function)(*what, splits, max_iter) for function, what in tasks
    )
    candidates, scores, seconds = [], [], []
    for number, answer in enumerate(answers):
        for candidate, log_odds, time_of_fit in answer:
            candidates.append(candidate)
            scores.append(log_odds)
            seconds.append(time_of_fit)
        for line in _progress(answer):
            report(f"{number + 1}/{len(tasks)}: {line}")
    return HeldOutScores(candidates, np.array(scores), np.array(seconds))


def _progress(answer):
    """Yield a line for each family."""
    by_family = {}
    for candidate, _, seconds in answer:
        by_family.setdefault(candidate.family, []).append(seconds)
    for family, seconds in by_family.items():
        yield f"{family}: {len(seconds)} fits in {sum(seconds):.1f} s, for each fold"


def _score_form(normalizer, paths, splits, max_iter):
    """Follow the paths of one form in one space, all folds in step.

    Returns
    -------
    found : list of (Candidate, ndarray of shape (n_held,), seconds of one fit)
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
                found.append((candidate, scores, (now - last) / len(splits)))
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


def _score_guest(candidate, classes, splits, max_iter):
    """Return what :func:`_score_form` does, of an estimator fitted as it is."""
    started = time.perf_counter()
    scores = []
    for split in splits:
        with warnings.catch_warnings():
            # The model that is chosen is fitted again, and warns then; of labels, the
            # search has warned before.
            for category in (ConvergenceWarning, ContradictoryLabelsWarning):
                warnings.simplefilter("ignore", category)
            model = clone(candidate.estimator).fit(
                split.train, classes[split.similar.astype(int)]
            )
        method = log_odds_method(model, split.held)
        scores.append(read_log_odds(model, split.held, method))
    seconds = (time.perf_counter() - started) / len(splits)
    return [(candidate, np.concatenate(scores).astype(np.float64), seconds)]
