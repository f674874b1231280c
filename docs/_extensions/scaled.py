# SPDX-License-Identifier: BSD-3-Clause
"""Tables of fits on clusters, and what they say of a billion pairs."""

from rst_tables import rows_of, table_of

CLUSTERS = {
    "Where": lambda row: row["place"],
    "Workers": lambda row: row["workers"],
    "Features": lambda row: row["features"],
    "Fit (s)": lambda row: f"{float(row['fit_s']):.3g}",
    "Iterations": lambda row: row["iterations"],
    "Evaluation (s)": lambda row: f"{float(row['evaluation_s']):.3g}",
    "Overhead (s)": lambda row: _maybe(row["overhead_s"], 1),
    "Busiest worker (s)": lambda row: _maybe(row["busiest_s"], 1),
    "Client and scheduler (s)": lambda row: _maybe(row["hub_s"], 1),
    "Unknowns (MB)": lambda row: _maybe(row["theta_bytes"], 1e6),
    "Traffic (MB)": lambda row: _maybe(row["traffic_bytes"], 1e6),
    "Workers hold (GB)": lambda row: _maybe(row["worker_bytes"], 1e9),
    "Objective": lambda row: row["objective"],
}
# What is planned: pairs, pairs of a partition, threads, evaluations, widths of items.
PLAN = (10**9, 10**6, 64, 60, (128, 384, 768))


def _maybe(cell, unit):
    return f"{float(cell) / unit:.3g}" if cell else ""


def clusters_to_rst(path):
    """Return what fits on clusters took; nothing without a file."""
    rows = rows_of(path)
    if not rows:
        return ""
    pairs, partitions = rows[-1]["pairs"], rows[-1]["partitions"]
    head = f"{int(pairs):,} pairs in {partitions} partitions.\n\n"
    cells = [[cell(row) for cell in CLUSTERS.values()] for row in rows]
    return head + table_of([list(CLUSTERS), *cells])


def billion_to_rst(path):
    """Return what a billion pairs take, by what was measured of fewer; or nothing."""
    rows = rows_of(path)
    if not rows:
        return ""
    alone = [row for row in rows if row["workers"] == "1"][-1]
    n_pairs, of_partition, n_threads, n_evaluations, widths = PLAN
    measured = int(alone["pairs"]) * int(alone["features"])
    each = float(alone["busiest_s"]) / (measured * int(alone["features"]))
    held = float(alone["worker_bytes"]) / measured
    # Tasks are handed out one by one.
    by_partition = float(alone["hub_s"]) / int(alone["partitions"])
    n_partitions = n_pairs // of_partition
    table = [
        [
            "Features",
            "Pairs (TB)",
            "Memory (TB)",
            "Client: sent and received (MB)",
            "Traffic at most (GB)",
            "Evaluation (s)",
            "Scheduling of it (s)",
            "Hours",
        ]
    ]
    for width in widths:
        unknowns = 8 * width**2
        scheduling = by_partition * n_partitions
        evaluation = each * n_pairs * width**2 / n_threads + scheduling
        numbers = (
            2 * 4 * n_pairs * width / 1e12,
            held * n_pairs * width / 1e12,
            2 * unknowns / 1e6,
            unknowns * (n_partitions + n_threads) / 1e9,
            evaluation,
            scheduling,
            evaluation * n_evaluations / 3600,
        )
        table.append([width, *(f"{number:.2g}" for number in numbers)])
    return table_of(table)
