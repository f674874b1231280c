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
from sksymsim._path import HeldOutPaths
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim.preprocessing import SharedTransformer

# A path is solved to about 1e-3 of its objective: what is chosen does not change, and
# the model that is chosen is fitted again.
PATH_TOL = 3e-2


@dataclass(frozen=True)
class Split:
    """One fold: training pairs, test pairs, and what is known of both."""

    pairs: object
    similar: np.ndarray
    weights: np.ndarray
    train: np.ndarray
    test: np.ndarray

    def normalized_weights(self):
        """Return the weights of the training pairs; their sum is one."""
        weights = self.weights[self.train]
        return weights / weights.sum()


@dataclass(frozen=True)
class HeldOutScores:
    """Log-odds of all candidates for the test pairs of all folds, one after the other.

    Parameters
    ----------
    candidates : list of Candidate
        Those that were fitted in every fold.
    scores : ndarray of shape (n_candidates, n_held)
    seconds : ndarray of shape (n_candidates,)
        Of one fit, mean over the folds.
    """

    candidates: list
    scores: np.ndarray
    seconds: np.ndarray


def held_out_scores(spaces, guests, splits, max_iter, n_jobs, report):
    """Fit every candidate on each training part, and score each test part.

    Parameters
    ----------
    spaces : list of Space
    guests : list of Candidate
    splits : list of Split
    max_iter : int
        The most iterations between two points of a path.
    n_jobs : int or None
        Processes.
    report : callable
        Takes a line of text after each task.

    Returns
    -------
    held_out : HeldOutScores
    """
    jobs = [(_score_space, space) for space in spaces]
    jobs += [(_score_guest, guest) for guest in guests]
    tasks = [(job, split) for split in splits for job in jobs]
    run = Parallel(n_jobs=n_jobs, return_as="generator")
    answers = run(
        delayed(function)(what, split, max_iter) for (function, what), split in tasks
    )
    by_job = [[] for _ in jobs]
    for number, answer in enumerate(answers):
        by_job[number % len(jobs)].append(answer)
        report(_progress(number + 1, tasks, answer))
    candidates, scores, seconds = [], [], []
    for (_, what), of_folds in zip(jobs, by_job, strict=True):
        for path, numbers in _reached_in_all(what, of_folds):
            for number in numbers:
                found = [fold[path][number] for fold in of_folds]
                candidates.append(_candidate(what, path, number))
                scores.append(np.concatenate([s for s, _ in found]))
                seconds.append(np.mean([t for _, t in found]))
    return HeldOutScores(candidates, np.array(scores), np.array(seconds))


def _progress(done, tasks, answer):
    n_fits = sum(len(path) for path in answer)
    seconds = sum(t for path in answer for _, t in path)
    return f"{done}/{len(tasks)}: {n_fits} fits in {seconds:.1f} s"


def _reached_in_all(what, of_folds):
    """Yield each path with the numbers of its points that every fold came to."""
    for path in range(len(of_folds[0])):
        yield path, range(min(len(fold[path]) for fold in of_folds))


def _candidate(what, path, number):
    paths = getattr(what, "paths", None)
    return what if paths is None else paths[path].candidates[number]


def _score_space(space, split, max_iter):
    """Return for each path of a space a list of (scores of the test part, seconds)."""
    train, held = split.pairs[split.train], split.pairs[split.test]
    if space.normalizer is not None:
        shared = SharedTransformer(clone(space.normalizer)).fit(train)
        train, held = shared.transform(train), shared.transform(held)
    result = [None] * len(space.paths)
    with Team(effective_threads(None)) as team:
        for form in dict.fromkeys(path.form for path in space.paths):
            paths = HeldOutPaths(
                FORMS[form],
                train,
                held,
                split.similar[split.train],
                split.normalized_weights(),
                split.similar[split.test],
                split.weights[split.test],
                team,
                tol=PATH_TOL,
                max_iter=max_iter,
            )
            for i, path in enumerate(space.paths):
                if path.form == form:
                    result[i] = _timed(
                        paths.along(path.prior, path.shrinkage, path.alphas)
                    )
    return result


def _timed(points):
    """Return a list of (scores, seconds)."""
    result, last = [], time.perf_counter()
    for point in points:
        now = time.perf_counter()
        result.append((point.scores, now - last))
        last = now
    return result


def _score_guest(candidate, split, max_iter):
    """Return what :func:`_score_space` does, for an estimator that is fitted once."""
    labels = split.similar.astype(int)
    started = time.perf_counter()
    with warnings.catch_warnings():
        # The model that is chosen is fitted again, and warns then.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = clone(candidate.estimator).fit(
            split.pairs[split.train], labels[split.train]
        )
    held = split.pairs[split.test]
    scores = read_log_odds(model, held, log_odds_method(model, held))
    seconds = time.perf_counter() - started
    return [[(np.asarray(scores, dtype=np.float64), seconds)]]
