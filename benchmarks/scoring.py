# SPDX-License-Identifier: BSD-3-Clause
"""How fast scoring is, next to the matrix product that it cannot do without.

Each row is a ratio within one run: the median of five, the first run not counted, with
as many BLAS threads for the reference as threads for us. Run it on an idle machine::

    python benchmarks/scoring.py --out benchmarks/results/scoring.csv

``--scale 0.1`` takes a tenth of the pairs and items.
"""

import argparse
import csv
import os
import statistics
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sksymsim import Pairs, SymmetricPairClassifier

N_FEATURES = 384
N_RUNS = 5


def seconds(function, n_runs=N_RUNS, n_calls=1):
    """Return the median time of a call; the first run is not counted."""
    times = []
    for _ in range(n_runs + 1):
        start = time.perf_counter()
        for _ in range(n_calls):
            function()
        times.append((time.perf_counter() - start) / n_calls)
    return statistics.median(times[1:])


def full_rank_model(rng):
    """Return a model whose Q is 384 x 384, and a logistic regression of as many."""
    X = rng.standard_normal((500, 2, N_FEATURES)).astype(np.float32)
    y = rng.integers(2, size=len(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SymmetricPairClassifier(alpha=1.0, max_iter=3).fit(X, y)
        other = LogisticRegression(max_iter=5).fit(X[:, 0], y)
    assert model.components_.shape == (N_FEATURES, N_FEATURES)
    return model, other


def random_rows(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def measure_pairs(model, rng, scale, n_jobs):
    """Yield the rows of pairs held as one array."""
    X = random_rows(rng, int(200_000 * scale), 2, N_FEATURES)
    Q = model.components_.astype(np.float32)
    differences = X[:, 0] - X[:, 1]
    with threadpool_limits(n_jobs, user_api="blas"):
        bare = seconds(lambda: differences @ Q.T)
    ours = seconds(lambda: model.predict_proba(X))
    yield f"predict_proba, {len(X)} pairs / GEMM", n_jobs, ours, bare


def measure_index(model, rng, scale, n_jobs):
    """Yield the row of index pairs against the same pairs held as two arrays."""
    items = random_rows(rng, 20_000, N_FEATURES)
    index = rng.integers(len(items), size=(int(1_000_000 * scale), 2))
    pairs = Pairs.from_index(items, index)
    expanded = Pairs(items[index[:, 0]], items[index[:, 1]])
    ours = seconds(lambda: model.predict_proba(pairs))
    other = seconds(lambda: model.predict_proba(expanded))
    yield f"predict_proba, {len(index)} index pairs / expanded", n_jobs, ours, other


def measure_cross(model, rng, scale, n_jobs):
    """Yield the rows of all combinations of two tables."""
    a = random_rows(rng, int(5_000 * scale**0.5), N_FEATURES)
    b = random_rows(rng, int(100_000 * scale**0.5), N_FEATURES)
    name = f"{len(a)} x {len(b)}"
    with threadpool_limits(n_jobs, user_api="blas"):
        bare = seconds(lambda: a @ b.T)
    ours = seconds(lambda: model.cross_scores(a, b))
    yield f"cross_scores, {name} / GEMM", n_jobs, ours, bare
    best = seconds(lambda: model.top_k(a, b, 10))
    yield f"top_k of 10, {name} / cross_scores", n_jobs, best, ours


def measure_one(model, other, rng):
    """Yield the rows of single pairs, in one thread."""
    for dtype in (np.float32, np.float64):
        X = random_rows(rng, 1, 2, N_FEATURES).astype(dtype)
        row = X[:, 0]
        pairs = Pairs(X[:, 0], X[:, 1])
        for name, one in (
            ("array", X),
            ("tuple", tuple(X[0][:, None])),
            ("Pairs", pairs),
        ):
            # By turns, and many: what else runs meets both.
            bare, ours = [], []
            for _ in range(N_RUNS):
                bare.append(seconds(lambda row=row: other.predict_proba(row), 9, 100))
                ours.append(seconds(lambda one=one: model.predict_proba(one), 9, 100))
            name = f"predict_proba, one pair ({name}, {dtype.__name__})"
            yield (
                f"{name} / LogisticRegression",
                1,
                statistics.median(ours),
                statistics.median(bare),
            )


def measure(scale):
    """Yield (name, threads, seconds of ours, seconds of the reference)."""
    rng = np.random.default_rng(0)
    model, other = full_rank_model(rng)
    ours = {}
    for n_jobs in (1, 2):
        model.set_params(n_jobs=n_jobs)
        for part in (measure_pairs, measure_index, measure_cross):
            for row in part(model, rng, scale, n_jobs):
                ours.setdefault(row[0], []).append(row[2])
                yield row
    for name, (alone, together) in ours.items():
        yield f"{name.split(' / ')[0]}, two threads / one", 2, together, alone
    yield from measure_one(model.set_params(n_jobs=1), other, rng)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", help="a CSV file to write")
    arguments = parser.parse_args()
    columns = ["name", "n_jobs", "seconds", "reference_seconds", "speed"]
    rows = []
    print(f"load {os.getloadavg()[0]:.2f}; speed: reference seconds / our seconds")
    for name, n_jobs, ours, reference in measure(arguments.scale):
        rows.append([name, n_jobs, f"{ours:.6f}", f"{reference:.6f}"])
        rows[-1].append(f"{reference / ours:.3f}")
        print(f"{name:<72} {n_jobs} {ours:9.5f} {reference:9.5f} {rows[-1][-1]:>8}")
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)


if __name__ == "__main__":
    main()
