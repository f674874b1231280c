# SPDX-License-Identifier: BSD-3-Clause
"""The files of results: read them, add to them as results come."""

import csv
import json

COLUMNS = (
    "key",
    "part",
    "data",
    "method",
    "params",
    "seed",
    "status",
    "message",
    "n_pairs",
    "n_features",
    "max_pairs",
    "max_features",
    "fit_seconds",
    "fit_seconds_all",
    "runs_counted",
    "first_discarded",
    "target",
    "seconds_to_target",
    "objective",
    "own_objective",
    "gradient_norm",
    "converged",
    "n_iter",
    "dev_auc",
    "dev_ap",
    "test_auc",
    "test_ap",
    "memory_before_mb",
    "peak_memory_mb",
    "threads",
    "time_limit",
    "pairs_sha256",
    "versions",
    "commit",
)
NUMBERS = (
    "seed",
    "fit_seconds",
    "target",
    "seconds_to_target",
    "objective",
    "own_objective",
    "gradient_norm",
    "dev_auc",
    "dev_ap",
    "test_auc",
    "test_ap",
    "time_limit",
)


def read(path):
    """Return the rows of a table by their key; the last of a key counts."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {row["key"]: parsed(row) for row in csv.DictReader(file)}


def parsed(row):
    """Return a row with numbers as numbers, and empty ones as None."""
    row = {name: value or None for name, value in row.items()}
    for name in NUMBERS:
        if row[name] is not None:
            row[name] = float(row[name])
    return row | {"params": json.loads(row["params"])}


def append(path, row):
    """Add one row, with a header if it is the first."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        if is_new:
            writer.writeheader()
        writer.writerow(written(row))


def rewrite(path, rows):
    """Write the table anew, without the rows that later ones have replaced."""
    path.unlink(missing_ok=True)
    for row in rows.values():
        append(path, row)


def written(row):
    """Return a row as it is written: parameters as JSON, numbers not too long."""
    row = row | {"params": json.dumps(row["params"])}
    return {k: f"{v:.9g}" if isinstance(v, float) else v for k, v in row.items()}


def store_trajectory(path, key, trajectory):
    """Put the (seconds, objective) of one cell into a JSON file of all."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    stored[key] = [[float(f"{s:.5g}"), float(f"{v:.9g}")] for s, v in trajectory]
    # One line a cell.
    lines = (f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(stored.items()))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
