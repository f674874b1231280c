# SPDX-License-Identifier: BSD-3-Clause
"""Fit one cell, time it, and say how good the result is."""

import importlib
import json
import resource
import signal
import statistics
import sys
import time
import warnings
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import pair_data
from objective import value_and_gradient_norm
from sklearn.metrics import average_precision_score, roc_auc_score

PACKAGES = ("numpy", "scipy", "scikit-learn", "metric-learn", "torch", "sksymsim")


class OutOfTime(BaseException):
    """The time limit. Not an Exception, which SDML would catch and rename."""


@contextmanager
def time_limit(seconds):
    """Raise OutOfTime in the block; code in C is left to finish first."""

    def stop(signum, frame):
        raise OutOfTime

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def peak_memory():
    """Return the highest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, kilobytes elsewhere.
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def versions():
    """Return the versions of what is installed, as one text."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return " ".join(f"{name}={number}" for name, number in found.items())


def run_cell(cell, path):
    """Return one row for one cell of the grid.

    Parameters
    ----------
    cell : dict
        What run.py makes of the configuration.
    path : Path
        The data set.
    """
    params = dict(cell["params"])
    data = pair_data.load(
        path,
        max_pairs=cell["max_pairs"],
        max_features=cell["max_features"],
        prepare=params.pop("prepare", "raw"),
        seed=cell["seed"],
    )
    params["seed"] = cell["seed"]
    if cell["target"] is not None and cell["uses_target"]:
        params["target"] = cell["target"]
    train_a, train_b, y = data.splits["train"]
    row = {
        "n_pairs": len(y),
        "n_features": train_a.shape[1],
        "pairs_sha256": data.sha256,
        "versions": versions(),
        "memory_before_mb": peak_memory(),
    }
    module, name = cell["adapter"].split(":")
    fit = getattr(importlib.import_module(module), name)
    runs = []
    try:
        while not runs or (
            len(runs) < cell["repetitions"]
            and runs[0]["seconds"] < cell["short_fit_seconds"]
        ):
            with time_limit(cell["time_limit"]):
                runs.append(one_run(fit, train_a, train_b, y, params))
            # Of the first run: scoring, and a second model, would add to it.
            row.setdefault("peak_memory_mb", peak_memory())
    except OutOfTime:
        message = f"did not finish in {cell['time_limit']} s"
        return row | {"status": "timeout", "message": message}
    row |= timings(runs, params)
    fitted = choose_checkpoint(runs[-1]["fitted"], data.splits["dev"])
    row |= {"status": "ok", **facts(runs[-1]), **quality(fitted, data.splits)}
    if fitted.matrix is not None and fitted.intercept is not None:
        row["objective"], row["gradient_norm"] = value_and_gradient_norm(
            fitted.matrix,
            fitted.intercept,
            *data.splits["train"],
            params.get("alpha", 1e-4),
            psd=params.get("psd", True),
        )
    return row | {"trajectory": fitted.trajectory}


def one_run(fit, train_a, train_b, y, params):
    """Fit once; return the model, its seconds and whether it warned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        started = time.perf_counter()
        fitted = fit(train_a, train_b, y, dict(params))
        seconds = time.perf_counter() - started
    names = {warning.category.__name__ for warning in caught}
    return {"fitted": fitted, "seconds": seconds, "warned": names}


def timings(runs, params):
    """Return the median of the runs that count: not the first, if there are more."""
    counted = runs[1:] or runs
    row = {
        "fit_seconds": statistics.median(run["seconds"] for run in counted),
        "fit_seconds_all": json.dumps([round(run["seconds"], 4) for run in runs]),
        "runs_counted": len(counted),
        "first_discarded": len(runs) > 1,
    }
    if "target" in params:
        times = [
            seconds_to(run["fitted"].trajectory, params["target"]) for run in counted
        ]
        row["seconds_to_target"] = None if None in times else statistics.median(times)
    return row


def seconds_to(trajectory, target):
    """Return when a value was first reached, or None."""
    return next((seconds for seconds, value in trajectory if value <= target), None)


def choose_checkpoint(fitted, dev):
    """Keep the checkpoint of the best ROC-AUC on dev, if a method has any."""
    if fitted.checkpoints:
        a, b, y = dev
        aucs = [roc_auc_score(y, score(a, b)) for score in fitted.checkpoints]
        fitted.score = fitted.checkpoints[aucs.index(max(aucs))]
    return fitted


def facts(run):
    """Return what a method knows of its own run."""
    known = {"n_iter": None, "own_objective": None, "message": ""}
    known["converged"] = "ConvergenceWarning" not in run["warned"]
    return known | run["fitted"].facts


def quality(fitted, splits):
    """Return ROC-AUC and average precision on dev and test."""
    row = {}
    for name in ("dev", "test"):
        a, b, y = splits[name]
        scores = fitted(a, b)
        row[f"{name}_auc"] = roc_auc_score(y, scores)
        row[f"{name}_ap"] = average_precision_score(y, scores)
    return row
