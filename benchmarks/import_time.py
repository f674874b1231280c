# SPDX-License-Identifier: BSD-3-Clause
"""Seconds of imports, ours beside scikit-learn's own.

Each statement runs in new processes, the statements in turn, and the fastest of ten
counts: of seconds that go by, and of seconds of the processor. What Python itself takes
is not in them. Files are in the cache of the system, as the first round, which is not
counted, has read them::

    python benchmarks/import_time.py --out benchmarks/results/import_time.csv
"""

import argparse
import csv
import subprocess
import sys

STATEMENTS = (
    "import sksymsim",
    "from sksymsim import SymmetricPairClassifier",
    "from sksymsim import Pairs",
    "import sklearn",
    "from sklearn.linear_model import LogisticRegression",
    "from sklearn.pipeline import make_pipeline",
)
N_RUNS = 10
TIMED = """
from time import perf_counter, process_time
start = perf_counter(), process_time()
{}
print(perf_counter() - start[0], process_time() - start[1])
"""


def seconds_of(statement):
    """Return both seconds of one new process."""
    command = [sys.executable, "-c", TIMED.format(statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(number) for number in done.stdout.split()]


def measure(n_runs):
    """Yield a row for each statement."""
    runs = {statement: [] for statement in STATEMENTS}
    for _ in range(1 + n_runs):
        for statement, seconds in runs.items():
            seconds.append(seconds_of(statement))
    for statement, seconds in runs.items():
        wall, processor = (min(column) for column in zip(*seconds[1:], strict=True))
        yield {
            "statement": statement,
            "seconds": f"{wall:.3f}",
            "processor_seconds": f"{processor:.3f}",
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", required=True, help="the CSV to write")
    parser.add_argument("--runs", type=int, default=N_RUNS)
    options = parser.parse_args()
    rows = list(measure(options.runs))
    with open(options.out, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(*row.values(), sep="  ")


if __name__ == "__main__":
    main()
