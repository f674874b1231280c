# SPDX-License-Identifier: BSD-3-Clause
"""Interrupts at any place of a fit: nothing is left running, and the old fit holds.

``PYTHONPATH=tests python -m fuzz.interrupts --places 100``
"""

import argparse
import sys
import threading
import warnings
from inspect import CO_GENERATOR
from pathlib import Path

import numpy as np
from every_estimator import CLASSES, KINDS, PAIRS, Y, fit, make
from every_estimator import ask as answers
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_info

import sksymsim
from fuzz.contract import Broken, check, check_same
from sksymsim import (
    KernelPairClassifier,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    deduplicate,
    link,
    pair_report,
)

PACKAGE = str(Path(sksymsim.__file__).parent)
# An interrupt within these is lost to any program: they are what cleans up.
CLEANING = ("__exit__", "__enter__", "__del__")


class Interrupter:
    """Raises KeyboardInterrupt at one of the calls of functions of the package.

    As Python does where Ctrl-C is pressed, in the main thread only.

    Parameters
    ----------
    place : int or None
        The number of the call; None counts only.
    """

    def __init__(self, place=None):
        self.place, self.n_calls = place, 0

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE):
            return
        if code.co_flags & CO_GENERATOR or _is_cleaning(frame):
            return
        self.n_calls += 1
        if self.n_calls == self.place:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def __enter__(self):
        sys.setprofile(self)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)


def _is_cleaning(frame):
    while frame is not None:
        if frame.f_code.co_name in CLEANING:
            return True
        frame = frame.f_back
    return False


def running():
    """Return what an interrupt may leave behind: threads, and limits of BLAS."""
    limits = [lib["num_threads"] for lib in threadpool_info()]
    return sorted(thread.name for thread in threading.enumerate()), limits


# Further settings of the estimators, each with another solver or layout.
SETTINGS = {
    "quadratic": lambda: SymmetricPairClassifier("quadratic", alpha=1e-2),
    "low rank": lambda: SymmetricPairClassifier(n_components=2, prior="kissme"),
    "poly": lambda: SymmetricPairClassifier("poly", alpha=1e-2),
    "two threads": lambda: SymmetricPairClassifier(alpha=1e-3, n_jobs=2),
    "landmarks": lambda: KernelPairClassifier(n_landmarks=20, random_state=0),
    "lbfgs": lambda: SymmetricMLPClassifier(
        (4,), solver="lbfgs", max_fun=20, random_state=0, early_stopping=False
    ),
    "search in two": lambda: SymmetricPairClassifierCV(
        whitenings=[None, 0.5],
        pca_components=[],
        forms=["mahalanobis"],
        alphas=[1e-2, 1e-3],
        cv=2,
        n_jobs=2,
    ),
}


def fits():
    """Return for each name a function that makes an estimator, and one that fits it."""

    def of(name):
        if KINDS[name] == "items":
            return lambda model: model.fit(PAIRS.items)
        if KINDS[name] == "clusterer":
            return lambda model: model.fit(PAIRS, log_odds=2.0 * Y - 1)
        return lambda model: model.fit(PAIRS, Y)

    known = {name: (lambda name=name: make(name), of(name)) for name in CLASSES}
    plain = of("SymmetricPairClassifier")
    return {**known, **{name: (make_it, plain) for name, make_it in SETTINGS.items()}}


def functions():
    """Return calls without an estimator of their own."""
    model = fit("SymmetricPairClassifier")
    return {
        "deduplicate": lambda: deduplicate(PAIRS.items, model).labels,
        "link": lambda: link(PAIRS.items, PAIRS.items + 1, model).links,
        "pair_report": lambda: pair_report(
            model, PAIRS, Y, n_bootstrap=20, random_state=0, n_jobs=2
        ).scores["model"],
        "predict_proba": lambda: model.predict_proba(PAIRS),
        "cross_scores": lambda: model.cross_scores(PAIRS.items, PAIRS.items),
    }


def count(call):
    """Return how many places a call has, and its result."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Interrupter() as counter:
            result = call()
    return counter.n_calls, result


def interrupted(call, place):
    """Interrupt a call; return whether that was seen outside."""
    before = running()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Interrupter(place):
                call()
        seen = False
    except KeyboardInterrupt:
        seen = True
    check(running() == before, f"left behind: {running()} and not {before}")
    return seen


def places_of(n_calls, n_places):
    return np.unique(np.linspace(1, n_calls, n_places).astype(int)).tolist()


def is_whole(found, old):
    """Say whether all that was fitted is of one fit, the old one or a later one."""
    kept = [
        found.get(key) is value
        for key, value in old.items()
        if isinstance(value, np.ndarray | BaseEstimator) and key.endswith("_")
    ]
    return found.keys() == old.keys() and (all(kept) or not any(kept))


def try_fit(name, n_places):
    """Interrupt a second fit at many places; return how many were seen outside."""
    make_it, fit_it = fits()[name]
    n_calls, fresh = count(lambda: fit_it(make_it()))
    expected = answers(fresh)
    n_seen = 0
    model = fresh
    for place in places_of(n_calls, n_places):
        state = dict(vars(model))
        if interrupted(lambda: fit_it(model), place):
            n_seen += 1
            check(is_whole(vars(model), state), f"{name}: half a fit at place {place}")
            check_same(answers(model), expected, f"{name}: the old answers at {place}")
        check_same(answers(fit_it(model)), expected, f"{name}: fitted again at {place}")
    return n_seen


def try_function(name, n_places):
    """Interrupt a function at many places; the next call is as ever."""
    call = functions()[name]
    n_calls, expected = count(call)
    n_seen = 0
    for place in places_of(n_calls, n_places):
        n_seen += interrupted(call, place)
        check_same(call(), expected, f"{name} after an interrupt at {place}")
    return n_seen


def main():
    parser = argparse.ArgumentParser(prog="python -m fuzz.interrupts")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--places", type=int, default=20, help="for each target")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    failed = 0
    targets = {
        **dict.fromkeys(fits(), try_fit),
        **dict.fromkeys(functions(), try_function),
    }
    for name in options.targets or targets:
        try:
            n_seen = targets[name](name, options.places)
            print(f"{name}: {n_seen} interrupts", flush=True)
        except Broken as broken:
            failed += 1
            print(f"{name}: {broken}", flush=True)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
