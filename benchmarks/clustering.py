# SPDX-License-Identifier: BSD-3-Clause
"""Seconds and memory of the clusterer, by the number of items.

Made-up items in groups of five on average, whose sizes are geometric. Each item has
about ten scored pairs: all those of its own group that a share of 0.9 keeps, and the
rest with items of other groups, half of them of a few groups nearby, as neighbours in a
learned space are. Log-odds are normal around +3 and -3 with a deviation of 2: one pair
in fifteen is on the wrong side, which joins nearly all items into one component. That
is harder than most real data, where components are small::

    python benchmarks/clustering.py --out benchmarks/results/clustering.csv
        [--items 10000 100000] [--methods correlation average complete components]

Every measurement runs in a process of its own, on one core. Seconds are those of the
processor, so that it can run beside other work; the memory is the highest of the
process less what it had before the fit.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from sksymsim import PairClusterer, b_cubed, pairwise_f1

PAIRS_PER_ITEM = 10
METHODS = ("correlation", "average", "complete", "components")
POLICIES = ("prior", "ignore")


def made_up(n_items, seed=0):
    """Return a graph of scored pairs and the true groups."""
    rng = np.random.default_rng(seed)
    sizes = rng.geometric(0.2, size=n_items)
    groups = np.repeat(np.arange(n_items), sizes)[:n_items]
    starts = np.searchsorted(groups, groups)
    ends = np.searchsorted(groups, groups, side="right")
    pairs = [
        np.column_stack([np.arange(n_items - gap), np.arange(gap, n_items)])
        for gap in range(1, int(min(sizes.max(), 40)))
    ]
    within = np.concatenate([p[groups[p[:, 0]] == groups[p[:, 1]]] for p in pairs])
    within = within[rng.random(len(within)) < 0.9]
    n_rest = n_items * PAIRS_PER_ITEM - len(within)
    item = rng.integers(n_items, size=n_rest)
    near = ends[item] + rng.integers(-25, 25, size=n_rest)
    near[near < ends[item]] -= (ends - starts)[item][near < ends[item]]
    far = rng.integers(n_items, size=n_rest)
    other = np.where(rng.random(n_rest) < 0.5, np.clip(near, 0, n_items - 1), far)
    index = np.concatenate([within, np.column_stack([item, other])])
    index = np.unique(np.sort(index, axis=1), axis=0)
    index = index[index[:, 0] < index[:, 1]]
    same = groups[index[:, 0]] == groups[index[:, 1]]
    scores = rng.normal(np.where(same, 3.0, -3.0), 2.0)
    place = rng.permutation(n_items)
    graph = sparse.coo_matrix((scores, place[index].T), shape=(n_items, n_items))
    true = np.empty(n_items, dtype=int)
    true[place] = groups
    return graph, true


def job(n_items, method, missing):
    """Return one row."""
    graph, true = made_up(n_items)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    model = PairClusterer(method, missing=missing).fit(graph)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "method": method,
        "missing": missing,
        "n_items": n_items,
        "n_pairs": model.n_pairs_,
        "seconds": round(seconds, 2),
        "peak_mb": round((peak - before) / 1024),
        "n_groups": model.n_clusters_,
        "n_true": int(true.max()) + 1,
        "objective": round(model.objective_),
        "pairwise_f1": round(pairwise_f1(true, model.labels_), 4),
        "b_cubed": round(b_cubed(true, model.labels_).f1, 4),
    }


def main():
    """Measure each method for each number of items."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--methods", nargs="*", default=METHODS, choices=METHODS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(job(*json.loads(options.job))))
        return
    rows = []
    for n_items in options.items:
        for method in options.methods:
            for missing in POLICIES if method != "components" else POLICIES[1:]:
                task = json.dumps([n_items, method, missing])
                done = subprocess.run(
                    [sys.executable, __file__, "--job", task],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                rows.append(json.loads(done.stdout))
                print(rows[-1], flush=True)
                if options.out:
                    with options.out.open("w", newline="") as file:
                        writer = csv.DictWriter(file, rows[0].keys())
                        writer.writeheader()
                        writer.writerows(rows)


if __name__ == "__main__":
    main()
