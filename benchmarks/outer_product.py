# SPDX-License-Identifier: BSD-3-Clause
"""What it costs to write the outer product down, next to never doing so.

The forms "bilinear" and "quadratic" are logistic regression on all products of two
features. Each row fits the same objective to the same pairs twice: by
`SymmetricPairClassifier`, and by `LogisticRegression` on the explicit columns of
`SymmetricFeatures`, with the solver named. No two pairs share an item, so that the
classifier has nothing to save there; what it saves is the columns. Seconds are medians
of three fits after a first one, single fits where one takes more than 20 s; those of
the explicit columns include making them. The objectives are those of docs/math.rst::

    python benchmarks/outer_product.py --out benchmarks/results/outer_product.csv
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

from sksymsim import Pairs, SymmetricFeatures, SymmetricPairClassifier

ALPHA = 1e-3
N_PAIRS = 4000
N_RUNS = 3
SLOW = 20.0
CASES = [
    ("bilinear", 8),
    ("bilinear", 16),
    ("bilinear", 32),
    ("bilinear", 64),
    ("bilinear", 128),
    ("quadratic", 8),
    ("quadratic", 16),
    ("quadratic", 32),
    ("quadratic", 64),
]
AGGREGATIONS = {"bilinear": ["outer"], "quadratic": ["outer", "moment", "sum"]}
# Newton's method solves a system of as many unknowns as there are columns.
SOLVERS = {"newton-cholesky": 2200, "lbfgs": 10_000}
# The multiple of the prior is not penalised: this column is so long that its penalty is
# a ten-thousandth of that of the others.
LONG = 100.0


def made_up_pairs(n_features, rng):
    """Return pairs of which half are of two classes, each of items of its own."""
    centers = 1.5 * rng.normal(size=(2 * N_PAIRS, n_features))
    centers *= rng.uniform(0, 1, n_features)
    y = np.arange(N_PAIRS) % 2
    other = np.where(y[:, None] == 1, centers[:N_PAIRS], centers[N_PAIRS:])
    left, right = (x + rng.normal(size=other.shape) for x in (centers[:N_PAIRS], other))
    return left, right, y


def explicit_columns(form, left, right):
    """Return the columns in which the penalty of the form is the plain ridge."""
    scale = np.sqrt(np.mean(np.sum((left - right) ** 2, axis=1)))
    left, right = left / scale, right / scale
    columns = SymmetricFeatures(AGGREGATIONS[form]).fit_transform((left, right))
    if form == "quadratic":
        columns[:, : -left.shape[1]] *= np.sqrt(2)
    prior = np.sum(left * right, axis=1)
    return np.column_stack([columns, LONG * prior])


def fit_explicit(form, solver, left, right, y):
    columns = explicit_columns(form, left, right)
    model = LogisticRegression(C=1 / (ALPHA * len(y)), solver=solver, max_iter=5000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.fit(columns, y)
    scores = model.decision_function(columns)
    loss = np.mean(np.logaddexp(0, -np.where(y == 1, scores, -scores)))
    return scores, loss + ALPHA / 2 * np.sum(model.coef_[0, :-1] ** 2)


def fit_ours(form, left, right, y):
    model = SymmetricPairClassifier(form, alpha=ALPHA, psd=False, n_jobs=1)
    pairs = Pairs(left, right)
    scores = model.fit(pairs, y).decision_function(pairs)
    return scores, model.objective_


def seconds(function, *arguments):
    """Return the time of a call, and its result."""
    times = []
    for _ in range(N_RUNS + 1):
        start = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - start)
        if times[0] > SLOW:
            return times[0], result
    return statistics.median(times[1:]), result


def measure(cases):
    """Yield the rows of the table."""
    for form, n_features in cases:
        rng = np.random.default_rng(n_features)
        left, right, y = made_up_pairs(n_features, rng)
        ours, (scores, objective) = seconds(fit_ours, form, left, right, y)
        shape = explicit_columns(form, left, right).shape
        for solver, most in SOLVERS.items():
            if shape[1] > most:
                continue
            theirs, (expected, other) = seconds(
                fit_explicit, form, solver, left, right, y
            )
            yield {
                "form": form,
                "n_features": n_features,
                "n_pairs": len(y),
                "n_columns": shape[1],
                "columns_mb": f"{8e-6 * shape[0] * shape[1]:.1f}",
                "solver": solver,
                "seconds": f"{ours:.4f}",
                "explicit_seconds": f"{theirs:.4f}",
                "ratio": f"{theirs / ours:.1f}",
                "objective": f"{objective:.7f}",
                "explicit_objective": f"{other:.7f}",
                "correlation": f"{np.corrcoef(scores, expected)[0, 1]:.7f}",
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small items alone")
    parser.add_argument("--out", help="a CSV file to write")
    arguments = parser.parse_args()
    cases = [case for case in CASES if case[1] <= 16] if arguments.quick else CASES
    print(f"load {os.getloadavg()[0]:.2f}; ratio: explicit seconds / our seconds")
    rows = []
    with threadpool_limits(1):
        for row in measure(cases):
            rows.append(row)
            print(*row.values(), sep="  ", flush=True)
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
