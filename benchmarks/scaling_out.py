# SPDX-License-Identifier: BSD-3-Clause
"""What a fit on a Dask cluster costs: time, traffic and memory of one evaluation.

One process fits pairs of two arrays, then so do clusters of one and of two worker
processes of one thread each, on this machine. `evaluation_s` is the least of several
evaluations of loss and gradient at one point; `overhead_s` is the same with almost no
pairs in as many partitions, and so what is not computing. On a machine that others use,
look at processor time: `busiest_s` is that of the tasks of the busiest worker for one
evaluation, `all_s` that of all tasks, and `hub_s` that of the process of client and
scheduler with all that it does meanwhile; the first two are the least of several.
`traffic_bytes` is what went over the loopback device during an evaluation, counted by
the system, all processes together; `worker_bytes` what all workers hold after the fit
more than before it::

    python benchmarks/scaling_out.py --out benchmarks/results/distributed.csv
"""

import argparse
import csv
import os
import time
from unittest.mock import patch

import dask
import dask.array as da
import numpy as np
import psutil
from distributed import Client, LocalCluster

from sksymsim import DaskPairClassifier, Pairs, SymmetricPairClassifier
from sksymsim._design import PairDesign
from sksymsim._distributed import parted_estimator as estimators
from sksymsim._distributed.parts import loss_and_pull
from sksymsim._forms import FORMS
from sksymsim._models import MatrixRows, Parameters
from sksymsim._objective import PairObjective

N_RUNS = 6
# Dask tells the workers' malloc to give all memory back at once, and then each block of
# an evaluation is paged in anew: twice the processor time.
ALLOCATION = {
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2**27,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 2**25,
}
FEW = 32
MODEL = SymmetricPairClassifier(alpha=1e-4, psd=False, n_jobs=1)
COLUMNS = (
    "place",
    "workers",
    "pairs",
    "features",
    "partitions",
    "fit_s",
    "iterations",
    "evaluation_s",
    "overhead_s",
    "busiest_s",
    "all_s",
    "hub_s",
    "theta_bytes",
    "traffic_bytes",
    "worker_bytes",
    "objective",
)


def block(n_pairs, n_features, seed):
    """Return both sides and labels of some pairs, made from a seed."""
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((2, n_pairs, n_features), dtype=np.float32)
    gap = (left - right)[:, : n_features // 4]
    far = np.einsum("ij,ij->i", gap, gap)
    noise = rng.standard_normal(n_pairs, dtype=np.float32)
    return left, right, far + noise * far.std() < np.median(far)


def spread(n_pairs, n_features, n_parts):
    """Return the pairs as Dask arrays that workers make by themselves."""
    size = n_pairs // n_parts
    made = [dask.delayed(block)(size, n_features, seed) for seed in range(n_parts)]
    columns = []
    for i, (tail, kind) in enumerate(
        [((n_features,), np.float32), ((n_features,), np.float32), ((), bool)]
    ):
        parts = [da.from_delayed(one[i], (size, *tail), dtype=kind) for one in made]
        columns.append(da.concatenate(parts))
    return columns


def least(function):
    """Return the least seconds of some runs, and the mean traffic of the loopback."""
    seconds = []
    before = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
    for _ in range(N_RUNS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    after = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
    return min(seconds), (after - before) / N_RUNS


def fit_here(n_pairs, n_features, n_parts):
    """Return the row of one process."""
    size = n_pairs // n_parts
    made = [block(size, n_features, seed) for seed in range(n_parts)]
    left, right, y = (np.concatenate(column) for column in zip(*made, strict=True))
    pairs = Pairs(left, right)
    start = time.perf_counter()
    model = MODEL.fit(pairs, y)
    seconds = time.perf_counter() - start
    weights = np.full(len(y), 1 / len(y))
    design = PairDesign(pairs, FORMS[MODEL.form], weights, similar=y)
    targets = design.arrange(np.where(y, 1.0, -1.0))
    objective = PairObjective(design, None, targets, weights, 0.0, True)
    point = Parameters(0.0, None, [np.eye(n_features)])
    before = time.process_time()
    evaluation, _ = least(
        lambda: design.loss_and_pull(MatrixRows(), point, objective.loss)
    )
    busy = (time.process_time() - before) / N_RUNS
    return {
        "place": "one process",
        "pairs": n_pairs,
        "features": n_features,
        "fit_s": seconds,
        "iterations": model.n_iter_,
        "evaluation_s": evaluation,
        "busiest_s": busy,
        "all_s": busy,
        "objective": model.objective_,
    }


def fitted_design(X, y):
    """Fit and return model and seconds, and the design that was fitted."""
    kept = []
    original = estimators.fit_parts

    def keep(design, *arguments, **options):
        kept.append(design)
        return original(design, *arguments, **options)

    with patch.object(estimators, "fit_parts", keep):
        start = time.perf_counter()
        model = DaskPairClassifier(MODEL).fit(X, y)
        return model.estimator_, time.perf_counter() - start, kept[0]


def memory_of(client):
    """Return the bytes that all workers have in memory."""
    return sum(client.run(lambda: psutil.Process().memory_info().rss).values())


def timed(part, rows, parameters):
    """Return the process that evaluates a part, and its processor time for that."""
    start = time.thread_time()
    loss_and_pull(part, rows, parameters)
    return os.getpid(), time.thread_time() - start


def busy_seconds(parts, point):
    """Return the processor time of an evaluation: of the busiest worker, of all."""
    seconds = {}
    for process, second in parts.each(timed, MatrixRows(), point):
        seconds[process] = seconds.get(process, 0.0) + second
    return max(seconds.values()), sum(seconds.values())


def fit_there(client, n_workers, n_pairs, n_features, n_parts):
    """Return the row of a cluster."""
    point = Parameters(0.0, None, [np.eye(n_features)])
    left, right, y = spread(FEW * n_parts, n_features, n_parts)
    _, _, design = fitted_design((left, right), y)

    def evaluate():
        design._parts.sum(loss_and_pull, MatrixRows(), point)

    overhead, _ = least(evaluate)
    design = None
    before = memory_of(client)
    left, right, y = spread(n_pairs, n_features, n_parts)
    model, seconds, design = fitted_design((left, right), y)
    held = memory_of(client) - before
    busiest, busy = map(
        min,
        zip(*(busy_seconds(design._parts, point) for _ in range(N_RUNS)), strict=True),
    )
    hub = time.process_time()
    evaluation, traffic = least(evaluate)
    hub = (time.process_time() - hub) / N_RUNS
    return {
        "place": "cluster",
        "workers": n_workers,
        "pairs": n_pairs,
        "features": n_features,
        "partitions": n_parts,
        "fit_s": seconds,
        "iterations": model.n_iter_,
        "evaluation_s": evaluation,
        "overhead_s": overhead,
        "busiest_s": busiest,
        "all_s": busy,
        "hub_s": hub,
        "theta_bytes": point.flatten().nbytes,
        "traffic_bytes": traffic,
        "worker_bytes": held,
        "objective": model.objective_,
    }


def write(path, rows):
    """Write all rows, numbers to six digits."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {
                    key: f"{value:.6g}" if isinstance(value, float) else value
                    for key, value in row.items()
                }
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--features", type=int, nargs="+", default=[64, 128])
    options = parser.parse_args()
    rows = []
    for n_features in options.features:
        sizes = options.pairs, n_features, options.partitions
        rows.append(fit_here(*sizes))
        print(rows[-1], flush=True)
        for n_workers in (1, 2):
            with (
                dask.config.set(ALLOCATION),
                LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    dashboard_address=":0",
                    memory_limit="6GB",
                ) as cluster,
                Client(cluster) as client,
            ):
                client.wait_for_workers(n_workers)
                rows.append(fit_there(client, n_workers, *sizes))
            print(rows[-1], flush=True)
            write(options.out, rows)


if __name__ == "__main__":
    main()
