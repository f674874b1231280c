# SPDX-License-Identifier: BSD-3-Clause
"""Time the engine of the fit: ratios of two things in one run, medians of five.

Rows of the table:

evaluation
    Loss and gradient of 20,000 pairs of 384 features in float32, against the bare
    matrix products that it is made of (the panels of a triangle forth, one symmetric
    product back for either label), and against the two full products that the formula
    asks for. One thread.
graph
    A fit of 1,000,000 index pairs over 20,000 items of 384 features, against the same
    fit with a row for each pair; both to the default ``tol``. Seconds of the whole fit
    and of one step, and the peak memory.
memory map
    A fit of rank 64 to 2,000,000 x 2 x 384 float32 on disk (6 GB): seconds and peak
    resident memory. Only with ``--disk FOLDER``.
threads
    The fit of 100,000 pairs of two arrays with ``n_jobs`` 1 against 2, and whether the
    results are the same bits.
wide
    500 pairs of 1,536 and of 4,096 features: the fit in the span of the pairs against
    the fit in all features, and how far apart the minima are.

Usage::

    python benchmarks/engine.py [evaluation graph threads wide memory-map] [--disk DIR]
        [--out benchmarks/results/engine.csv]

Every measurement of a fit runs in a process of its own; data are made up, from a fixed
seed.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from sksymsim import Pairs, SymmetricPairClassifier
from sksymsim._blocks import Team
from sksymsim._design import PairDesign
from sksymsim._forms import FORMS, PANEL
from sksymsim._models import MatrixModel
from sksymsim._objective import PairObjective
from sksymsim._priors import build_prior

RUNS = 5
# So often a fit over the graph and one of expanded pairs take turns.
TURNS = 3
COLUMNS = ("name", "ours", "reference", "ratio", "unit", "note")


def made_up(n_pairs, n_features, n_items=None, seed=0):
    """Return items, index and labels.

    Items of a class agree in ten directions, and differ in all, more in some than in
    others: the metric has to find the ten. Without `n_items`, no item is in two pairs.
    """
    rng = np.random.default_rng(seed)
    alone = n_items is None
    n_items = n_items or 2 * n_pairs
    n_classes = max(2, n_items // 10)
    turn = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    label = np.sort(rng.integers(n_classes, size=n_items))
    items = rng.standard_normal((n_items, n_features), dtype=np.float32)
    items *= np.geomspace(3.0, 0.3, n_features).astype(np.float32)
    items = items @ turn.astype(np.float32)
    items[:, :10] += rng.normal(scale=1.5, size=(n_classes, 10))[label]
    left = rng.permutation(n_items)[:n_pairs] if alone else None
    left = rng.integers(n_items, size=n_pairs) if left is None else left
    near = np.clip(left + rng.integers(-5, 6, size=n_pairs), 0, n_items - 1)
    far = rng.integers(n_items, size=n_pairs)
    right = np.where(rng.random(n_pairs) < 0.7, near, far)
    return items, np.column_stack([left, right]), label[left] == label[right]


def clock(function, runs=RUNS):
    """Return the median of the seconds of some calls, the first discarded."""
    function()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


# ------------------------------------------------------------------- the rows


def evaluation(options):
    """Yield the rows of one evaluation of loss and gradient."""
    items, index, y = made_up(20_000, 384)
    x = items[index[:, 0]] - items[index[:, 1]]
    targets, weights = np.where(y, 1.0, -1.0), np.full(len(y), 1 / len(y))
    form = FORMS["mahalanobis"]
    with Team(1) as team:
        pairs = Pairs(items[index[:, 0]], items[index[:, 1]])
        design = PairDesign(pairs, form, weights, team)
        prior = build_prior(form, "identity", 0.1, design, targets, weights, psd=True)
        prior = prior.parameters
        objective = PairObjective(
            design, MatrixModel(prior), targets, weights, 1e-4, True
        )
        theta = prior.flatten()
        matrix = np.ascontiguousarray(prior.arrays[0], dtype=np.float32)
        product = np.empty_like(x)
        parts = [np.ascontiguousarray(x[y]), np.ascontiguousarray(x[~y])]

        def panels():
            for i in range(0, x.shape[1], PANEL):
                j = i + PANEL
                np.matmul(x[:, :j], matrix[:j, i:j], out=product[:, i:j])
            for part in parts:
                part.T @ part

        def full():
            np.matmul(x, matrix, out=product)
            x.T @ product

        with threadpool_limits(1):
            ours = clock(lambda: objective.value_and_gradient(theta, prior.like(theta)))
            for name, other in (("its own products", panels), ("full products", full)):
                seconds = clock(other)
                yield f"evaluation / {name}", ours, seconds, ours / seconds, "s", ""


def graph(options):
    """Yield the rows of pairs that share items."""
    runs = {"index": [], "expanded": []}
    # By turns, as the speed of a machine drifts.
    for _ in range(TURNS):
        for kind, done in runs.items():
            done.append(fit_apart(kind, 1_000_000, 384, alpha=1e-5, runs=2))
    steps = " and ".join(str(done[0]["n_iter"]) for done in runs.values())
    for what, unit in (("seconds", "s"), ("step", "s"), ("peak_gb", "GB")):
        ours, other = (median(run[what] for run in done) for done in runs.values())
        note = f"{steps} steps, 2 threads"
        yield f"expanded / graph: {what}", ours, other, other / ours, unit, note


def threads(options):
    """Yield the row of one thread against two."""
    runs = [fit_apart("arrays", 100_000, 384, n_jobs=n) for n in (1, 2)]
    note = f"same bits: {runs[0]['digest'] == runs[1]['digest']}"
    one, two = (run["seconds"] for run in runs)
    yield "n_jobs 1 / 2: fit", two, one, one / two, "s", note


def wide(options):
    """Yield the rows of fewer pairs than features."""
    for n_features in (1536, 4096):
        few, all_of_them = (
            fit_apart("arrays", 500, n_features, span=s, runs=1) for s in (True, False)
        )
        gap = abs(few["objective"] - all_of_them["objective"])
        values = few["seconds"], all_of_them["seconds"]
        note = f"minima differ by {gap:.1e} nats"
        name = f"all features / span: 500 pairs, d = {n_features}"
        yield name, *values, values[1] / values[0], "s", note


def memory_map(options):
    """Yield the row of a file larger than the memory wanted."""
    if options.disk is None:
        print("memory-map: skipped, as --disk names no folder", flush=True)
        return
    shape = 2_000_000, 384
    # In a process of its own: what is written counts as memory.
    fit_apart("write", *shape, disk=str(options.disk))
    run = fit_apart("map", *shape, disk=str(options.disk), runs=1)
    note = f"{run['seconds']:.0f} s, {run['n_iter']} steps, rank 64"
    size = 2_000_000 * 2 * 384 * 4 / 1e9
    yield (
        "memory map: peak memory",
        run["peak_gb"],
        size,
        run["peak_gb"] / size,
        "GB",
        note,
    )


ROWS = {
    "evaluation": evaluation,
    "graph": graph,
    "threads": threads,
    "wide": wide,
    "memory-map": memory_map,
}


# ------------------------------------------------------------ a fit in a process


def fit_apart(kind, n_pairs, n_features, **settings):
    """Fit in a process of its own; return what it measured."""
    job = json.dumps({"kind": kind, "n_pairs": n_pairs, "d": n_features, **settings})
    command = [sys.executable, __file__, "--job", job]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def run_job(job):
    """Fit, and print what was measured as JSON."""
    import hashlib

    import sksymsim._layout as layout
    import sksymsim._span as span

    if job["kind"] == "write":
        mapped_pairs(Path(job["disk"]), job["n_pairs"], job["d"])
        print("{}")
        return
    settings = {"alpha": job.get("alpha", 1e-4), "psd": False}
    settings["n_jobs"] = job.get("n_jobs", 2)
    if job["kind"] == "map":
        pairs, y = mapped_pairs(Path(job["disk"]), job["n_pairs"], job["d"])
        settings |= {"n_components": 64, "psd": True}
    else:
        shared = 20_000 if job["kind"] in ("index", "expanded") else None
        items, index, y = made_up(job["n_pairs"], job["d"], shared)
        pairs = Pairs.from_index(items, index)
        if job["kind"] != "index":
            pairs = Pairs(*pairs.block(slice(None)))
            del items
    if job["kind"] == "expanded":
        # Otherwise the repeated rows would be found, and the graph taken.
        layout.HASHING_GAIN = np.inf
    if not job.get("span", True):
        span.FEW_ROWS = 0.0
    if job["kind"] == "arrays" and job["n_pairs"] < job["d"]:
        settings |= {"tol": 1e-6}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_runs = job.get("runs", RUNS)

    def fit(**others):
        return SymmetricPairClassifier(**settings | others).fit(pairs, y)

    model = fit() if n_runs > 1 else None
    seconds, first = [], []
    for _ in range(n_runs):
        start = time.perf_counter()
        model = fit()
        seconds.append(time.perf_counter() - start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for _ in range(n_runs):
            start = time.perf_counter()
            quick = fit(max_iter=1)
            first.append(time.perf_counter() - start)
    n_steps = max(1, model.n_iter_ - quick.n_iter_)
    bits = np.concatenate(
        [model.predict_proba(pairs[:1000]).ravel(), [model.objective_]]
    )
    result = {
        "seconds": median(seconds),
        "step": (median(seconds) - median(first)) / n_steps,
        "n_iter": model.n_iter_,
        "objective": model.objective_,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "before_gb": before * 1024 / 1e9,
        "digest": hashlib.sha256(bits.tobytes()).hexdigest(),
    }
    print(json.dumps(result))


def mapped_pairs(folder, n_pairs, n_features):
    """Return pairs on disk and their labels; write them if they are not there."""
    file = folder / f"pairs_{n_pairs}_{n_features}.npy"
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=n_pairs)
    if not file.exists():
        shape = (n_pairs, 2, n_features)
        array = np.lib.format.open_memmap(file, "w+", np.float32, shape)
        width = np.linspace(1.5, 0.2, n_features, dtype=np.float32)
        for start in range(0, n_pairs, 20_000):
            rows = slice(start, min(start + 20_000, n_pairs))
            size = (rows.stop - start, n_features)
            one, two = (rng.standard_normal(size, dtype=np.float32) for _ in range(2))
            share = np.float32(0.25) * y[rows, None].astype(np.float32)
            array[rows, 0] = one * width
            array[rows, 1] = (share * one + np.sqrt(1 - share**2) * two) * width
        array.flush()
    return np.load(file, mmap_mode="r"), y


def main():
    """Measure the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="*", default=list(ROWS), metavar="row")
    parser.add_argument("--disk", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run_job(json.loads(options.job))
        return
    table = []
    for name in options.rows:
        for row in ROWS[name](options):
            table.append(row)
            print(
                "{}: {:.4g} against {:.4g}, ratio {:.2f} ({}) {}".format(*row),
                flush=True,
            )
    if options.out:
        kept = []
        if options.out.exists():
            with options.out.open(newline="") as file:
                kept = [tuple(r.values()) for r in csv.DictReader(file)]
        names = {row[0] for row in table}
        with options.out.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([*(r for r in kept if r[0] not in names), *table])


if __name__ == "__main__":
    main()
