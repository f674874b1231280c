# SPDX-License-Identifier: BSD-3-Clause
"""Measure how the seconds of a fit grow with the data, and draw it.

Three curves, at the default ``tol``: pairs (as two arrays, and as an index into 20,000
items; 128 features), features (10,000 pairs), and components (20,000 pairs of 384
features). The exponent is that of the line through the last three points of a curve, in
logarithms: of the whole fit, and of one step, as the number of steps differs from size
to size. Two threads, medians of three fits, the first discarded; made-up data.

Usage::

    python benchmarks/growth.py [--out benchmarks/results/growth.csv]
        [--picture docs/_static/growth.png] [--from benchmarks/results/growth.csv]
"""

import argparse
import csv
import time
from pathlib import Path
from statistics import median

import numpy as np
from engine import made_up

from sksymsim import Pairs, SymmetricPairClassifier

COLUMNS = ("curve", "size", "seconds", "n_iter")
PAIRS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
FEATURES = (64, 128, 256, 512, 1_024, 1_536)
COMPONENTS = (16, 32, 64, 128, 256, 384)
N_ITEMS = 20_000
RUNS = 3


def measure(pairs, y, **settings):
    """Return the median of the seconds, and the iterations."""
    model = SymmetricPairClassifier(alpha=1e-4, n_jobs=2, **settings)
    model.fit(pairs, y)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        model.fit(pairs, y)
        seconds.append(time.perf_counter() - start)
    return median(seconds), model.n_iter_


def two_arrays(n_pairs, n_features):
    """Return pairs in which every row is there once, and their labels."""
    items, index, y = made_up(n_pairs, n_features)
    return Pairs(items[index[:, 0]], items[index[:, 1]]), y


def rows():
    """Yield all rows of the table."""
    for n_pairs in PAIRS:
        yield "pairs, two arrays", n_pairs, *measure(*two_arrays(n_pairs, 128))
    for n_pairs in PAIRS:
        items, index, y = made_up(n_pairs, 128, N_ITEMS)
        pairs = Pairs.from_index(items, index)
        yield "pairs, index into 20,000 items", n_pairs, *measure(pairs, y)
    for n_features in FEATURES:
        yield "features", n_features, *measure(*two_arrays(10_000, n_features))
    pairs, y = two_arrays(20_000, COMPONENTS[-1])
    for n_components in COMPONENTS:
        rank = None if n_components == COMPONENTS[-1] else n_components
        yield "components", n_components, *measure(pairs, y, n_components=rank)


def exponent(sizes, seconds):
    """Return the slope of the last three points in logarithms."""
    return np.polyfit(np.log(sizes[-3:]), np.log(seconds[-3:]), 1)[0]


def short(size):
    """Return a number as a short text."""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if size >= unit and size % unit == 0:
            return f"{size / unit:g}{letter}"
    return f"{size:g}"


def draw(table, file):
    """Draw the curves, one panel for each kind of size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = {"pairs": "pairs", "features": "features", "components": "n_components"}
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
    for axis, (kind, label) in zip(axes, panels.items(), strict=True):
        for curve in dict.fromkeys(row["curve"] for row in table):
            if not curve.startswith(kind):
                continue
            points = [row for row in table if row["curve"] == curve]
            sizes = [float(row["size"]) for row in points]
            seconds = [float(row["seconds"]) for row in points]
            steps = [s / int(p["n_iter"]) for s, p in zip(seconds, points, strict=True)]
            name = f"{curve.split(', ')[-1]}, " if kind == "pairs" else ""
            for what, values, style in (("fit", seconds, "o-"), ("step", steps, ".:")):
                text = f"{name}{what}: {exponent(sizes, values):.2f}"
                color = axis.lines[-1].get_color() if what == "step" else None
                axis.loglog(sizes, values, style, label=text, color=color)
        axis.set_xlabel(label)
        axis.set_xticks(sizes, [short(size) for size in sizes], rotation=45)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, loc="upper left", title="exponents", title_fontsize=7)
        low, high = axis.get_ylim()
        axis.set_ylim(low, high * (high / low) ** 0.5)
    axes[0].set_ylabel("seconds")
    figure.savefig(file, dpi=150)


def main():
    """Measure, or read what was measured, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--from", dest="source", type=Path)
    options = parser.parse_args()
    if options.source:
        with options.source.open(newline="") as file:
            table = list(csv.DictReader(file))
    else:
        table = []
        for row in rows():
            table.append(dict(zip(COLUMNS, row, strict=True)))
            print(*row, flush=True)
    if options.out:
        with options.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(table)
    for curve in dict.fromkeys(row["curve"] for row in table):
        points = [row for row in table if row["curve"] == curve]
        slope = exponent(
            [float(p["size"]) for p in points], [float(p["seconds"]) for p in points]
        )
        print(f"{curve}: exponent {slope:.2f}")
    if options.picture:
        draw(table, options.picture)


if __name__ == "__main__":
    main()
