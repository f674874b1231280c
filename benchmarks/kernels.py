# SPDX-License-Identifier: BSD-3-Clause
"""Time and memory of kernel machines of pairs, with and without their Gram matrix.

Pairs of the bundled recordings, the same speaker or not, 10,000 of 1,000 items. All
methods get the same pairs, the same kernel and one thread:

- ours: ``KernelPairClassifier``, exact, the Gram matrix of the items only.
- dense newton: the same objective by Newton's method, with the Gram matrix of the pairs
  and a Cholesky factorisation for each step, as one would write it. The same start, and
  the same rule to stop. It is given the Gram matrix by `pair_kernel`.
- svc: scikit-learn's ``SVC(kernel="precomputed")`` on that matrix. Another loss, so its
  C is the one in a small grid that is best on the test pairs, and only that fit counts.

Each has a process of its own. Memory is the highest resident memory of the process,
less that before the fit; seconds are those of the processor, for the fit with its
matrices, so that a busy machine matters little. That the first
two found the same solution is seen in the mean loss of the training pairs.

Usage::

    python benchmarks/kernels.py [--pairs 10000] [--items 1000]
                                 [--out benchmarks/results/kernels.csv]
"""

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    load_spoken_digits,
    make_pairs,
    pair_kernel,
)

KERNELS = {
    "tppk rbf": {"pairwise": "tppk", "kernel": "rbf", "gamma": 1.0},
    "both poly": {"pairwise": "both", "kernel": "poly", "degree": 2, "gamma": 1.0},
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
METHODS = ("ours", "dense newton", "svc")
ALPHA, TOL = 1e-4, 1e-3
SVC_GRID = (1.0, 10.0, 100.0)
N_TEST = 4000
COLUMNS = (
    "kernel",
    "method",
    "n_pairs",
    "n_items",
    "seconds",
    "peak_mb",
    "steps",
    "train_loss",
    "test_auc",
    "setting",
    "python",
    "numpy",
    "scipy",
    "sklearn",
    "load_average",
)


def make_data(n_pairs, n_items):
    """Return training pairs, labels, test pairs and labels, of different recordings."""
    spoken = load_spoken_digits()
    items = EmbeddingNormalizer().fit_transform(spoken.data.astype(np.float64))
    order = np.random.default_rng(0).permutation(len(items))
    sets = []
    for rows, n in ((order[:n_items], n_pairs), (order[n_items:], N_TEST)):
        pairs, y, _ = make_pairs(
            items[rows], spoken.speaker[rows], n_pairs=n, random_state=0
        )
        sets += [pairs, y]
    return sets


def fit_ours(pairs, y, kernel):
    """Return a function that scores, the steps and a note."""
    model = KernelPairClassifier(
        **kernel, alpha=ALPHA, prior=None, tol=TOL, n_landmarks=None
    )
    model.fit(pairs, y)
    return model.decision_function, model.n_iter_, f"alpha={ALPHA:g}"


def fit_dense_newton(pairs, y, kernel):
    """Newton's method as one would write it: see sksymsim/_kernels/dual.py."""
    K = pair_kernel(pairs, **kernel)
    alpha = ALPHA * K.diagonal().mean()
    n, t = len(y), np.where(y == 1, 1.0, -1.0)
    a, k, f = np.zeros(n), np.log(y.mean() / (1 - y.mean())), np.zeros(n)

    def value(a, f, k):
        return np.logaddexp(0, -t * (f + k)).mean() + alpha / 2 * (a @ f)

    steps, slope = 0, -np.inf
    while -slope > TOL**2:
        steps += 1
        p = expit(-t * (f + k))
        r, h = t * p / n, np.maximum(p * (1 - p), 1e-10) / n
        root = np.sqrt(h)
        A = K * root
        A *= root[:, None]
        A[np.diag_indices(n)] += alpha
        factor = cho_factor(A, lower=True, overwrite_a=True, check_finite=False)
        x, u = cho_solve(factor, np.column_stack([(r - alpha * a) / root, root])).T
        dk = (root @ x) / (root @ u)
        da = root * (x - dk * u)
        df = K @ da
        slope = (alpha * a - r) @ df - r.sum() * dk
        size = 1.0
        while value(a + size * da, f + size * df, k + size * dk) > value(a, f, k):
            size /= 2
        a, k, f = a + size * da, k + size * dk, f + size * df
    return (
        lambda new: (
            f + k if new is pairs else pair_kernel(new, pairs, **kernel) @ a + k
        ),
        steps,
        f"alpha={ALPHA:g}",
    )


def fit_svc(pairs, y, kernel, C):
    K = pair_kernel(pairs, **kernel)
    machine = SVC(kernel="precomputed", C=C).fit(K, y)

    def score(new):
        values = K if new is pairs else pair_kernel(new, pairs, **kernel)
        return machine.decision_function(values)

    return score, int(machine.n_iter_.sum()), f"C={C:g}"


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(kernel, method, n_pairs, n_items, C=None):
    """Fit once in this process; return a row."""
    pairs, y, test, y_test = make_data(n_pairs, n_items)
    parameters = KERNELS[kernel]
    # What the first call of everything takes is not counted.
    KernelPairClassifier(**parameters, prior=None).fit(pairs[:50], y[:50])
    before, started = peak_mb(), time.process_time()
    if method == "svc":
        score, steps, setting = fit_svc(pairs, y, parameters, C)
    else:
        fit = {"ours": fit_ours, "dense newton": fit_dense_newton}[method]
        score, steps, setting = fit(pairs, y, parameters)
    seconds, memory = time.process_time() - started, peak_mb() - before
    loss = ""
    if method != "svc":
        loss = f"{_log_loss(score(pairs), y):.8f}"
    return {
        "kernel": kernel,
        "method": method,
        "n_pairs": n_pairs,
        "n_items": n_items,
        "seconds": round(seconds, 2),
        "peak_mb": round(memory, 1),
        "steps": steps,
        "train_loss": loss,
        "test_auc": round(float(roc_auc_score(y_test, score(test))), 4),
        "setting": setting,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
        "load_average": round(os.getloadavg()[0], 1),
    }


def _log_loss(scores, y):
    return float(np.logaddexp(0, np.where(y == 1, -scores, scores)).mean())


def in_new_process(*arguments):
    command = [sys.executable, __file__, "--one", json.dumps(arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD
    )
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run(*json.loads(options.one))))
        return
    rows = []
    for kernel in KERNELS:
        for method in METHODS:
            grid = SVC_GRID if method == "svc" else (None,)
            found = [
                in_new_process(kernel, method, options.pairs, options.items, C)
                for C in grid
            ]
            rows.append(max(found, key=lambda row: row["test_auc"]))
            print(*rows[-1].values(), flush=True)
            if options.out:
                write(options.out, rows)


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
