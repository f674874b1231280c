# SPDX-License-Identifier: BSD-3-Clause
"""Seconds and memory of the command line, by the kind of files and their length.

Made-up items, 100,000 of 64 float32 numbers, and pairs of them in files of up to
1,000,000 rows. Each command runs in a process of its own with one BLAS thread; seconds
are those of the processor, of the best of some runs, so that it can run beside other
work, and the memory is the highest of the process. Both include Python and the
libraries, which the rows "version" and "1 pair" show by themselves::

    python benchmarks/command_line.py --out benchmarks/results/command_line.csv

Rows of Parquet need ``pip install "sksymsim[cli]"``.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np

N_ITEMS, N_FEATURES, N_KNOWN = 100_000, 64, 5_000
N_RUNS = 3
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def write_files(folder, sizes):
    """Write items with and without ids, pairs of both, and pairs for training."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(1000, size=N_ITEMS)
    items = rng.normal(size=(1000, N_FEATURES))[kinds]
    items = (items + rng.normal(size=items.shape)).astype(np.float32)
    ids = np.array([f"item-{row:06d}" for row in range(N_ITEMS)])
    np.save(folder / "rows.npy", items)
    np.savez(folder / "named.npz", items=items, ids=ids)
    np.save(folder / "queries.npy", items[:1000])
    index = rng.integers(N_ITEMS, size=(max(sizes), 2))
    for size in sizes:
        write_pairs(folder / f"rows-{size}.csv", index[:size])
        write_pairs(folder / f"named-{size}.csv", ids[index[:size]])
    left = rng.integers(N_ITEMS, size=N_KNOWN)
    order = np.argsort(kinds, kind="stable")
    same = order[(np.searchsorted(kinds[order], kinds[left]) + 1) % N_ITEMS]
    right = np.where(
        rng.random(N_KNOWN) < 0.5, same, rng.integers(N_ITEMS, size=N_KNOWN)
    )
    label = (kinds[left] == kinds[right]).astype(int)
    write_pairs(folder / "known.csv", np.column_stack([left, right, label]), "label")
    write_parquet(folder, ids, index)


def write_pairs(path, rows, *more):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["left", "right", *more], *rows.tolist()])


def write_parquet(folder, ids, index):
    """Write pairs and items as Parquet."""
    import pyarrow
    import pyarrow.parquet

    left, right = ids[index].T
    pairs = pyarrow.table({"left": left.tolist(), "right": right.tolist()})
    pyarrow.parquet.write_table(pairs, folder / f"named-{len(index)}.parquet")
    items = np.load(folder / "rows.npy")
    flat = pyarrow.array(items.ravel())
    vectors = pyarrow.FixedSizeListArray.from_arrays(flat, N_FEATURES)
    table = pyarrow.table({"id": ids.tolist(), "vector": vectors})
    pyarrow.parquet.write_table(table, folder / "named.parquet")


def measure(arguments, folder):
    """Return the least seconds of the processor, and the most memory in MB."""
    command = [sys.executable, "-m", "sksymsim", *arguments.split()]
    seconds, memory = [], []
    for _ in range(N_RUNS):
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
            stdout=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"failed: {arguments}")
        seconds.append(used.ru_utime + used.ru_stime)
        memory.append(used.ru_maxrss / 1024)
    return min(seconds), max(memory)


def tasks(sizes):
    """Yield names and command lines."""
    yield "version", "--version"
    yield "help of fit", "fit --help"
    fit = "fit --items rows.npy --pairs known.csv --out model.sksym"
    yield f"fit, {N_KNOWN:,} pairs", fit
    score = "score --model model.sksym --out"
    for size in sizes:
        name = f"score, {size:,} pair{'s' * (size > 1)}, "
        rows = f"--items rows.npy --pairs rows-{size}.csv"
        yield name + "npy and CSV of row numbers", f"{score} out.csv {rows}"
        named = f"--items named.npz --pairs named-{size}.csv"
        yield name + "npz and CSV of ids", f"{score} out.csv {named}"
    size = max(sizes)
    yield (
        f"score, {size:,} pairs, Parquet to Parquet",
        f"{score} out.parquet --items named.parquet --pairs named-{size}.parquet",
    )
    topk = "topk --model model.sksym --items rows.npy --queries queries.npy"
    yield "topk, 10 of 100,000 for each of 1,000", f"{topk} --out out.csv"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100_000, 1_000_000])
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: the memory of this one would count as that of those
        # that it starts.
        writer = get_context("spawn").Process(
            target=write_files, args=(folder, options.sizes)
        )
        writer.start()
        writer.join()
        for task, arguments in tasks(options.sizes):
            seconds, memory = measure(arguments, folder)
            results.append([task, f"{seconds:.2f}", f"{memory:.0f}"])
            print(f"{task:60s} {seconds:8.2f} s {memory:8.0f} MB", flush=True)
    with open(options.out, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["task", "processor_seconds", "peak_mb"])
        table.writerows(results)


if __name__ == "__main__":
    main()
