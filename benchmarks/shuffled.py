# SPDX-License-Identifier: BSD-3-Clause
"""What one call of the search makes of labels that mean nothing.

The data sets are those of ``quality.py``::

    python benchmarks/shuffled.py FOLDER_OF_NPZ [NAME ...] [--seeds N] [--pairs N]

For each seed it draws training pairs, shuffles their labels and fits the search with
everything by default (with the classes of the items as groups where those of test are
new). There is nothing to learn, so it should say "cosine" or "euclid", and the rate of
similar pairs of any pair. Writes ``results/shuffled.csv``: how often it did; how far
the probabilities of test pairs are from that rate, as the mean and the largest over the
seeds of the mean absolute difference; and the log-loss that this costs, in nats above
the entropy of the rate, for labels drawn at that rate. Rows of data sets that are not
run are kept.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from quality import update_csv
from search import load

from sksymsim import SymmetricPairClassifierCV

RESULTS = Path(__file__).parent / "results"


def run(path, n_seeds, n_pairs):
    """Return one row of results: what the searches of all seeds say."""
    (pairs, y, groups), _, (test, _, _) = load(path)
    choices, gaps, excesses = [], [], []
    started = time.perf_counter()
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(y))[:n_pairs]
        noise = rng.permutation(y[rows])
        sides = None if groups is None else groups[rows]
        search = SymmetricPairClassifierCV(random_state=seed)
        search.fit(pairs[rows], noise, groups=sides)
        proba = search.predict_proba(test)[:, 1]
        rate = noise.mean()
        loss = -np.mean(rate * np.log(proba) + (1 - rate) * np.log(1 - proba))
        entropy = -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)
        choices.append(search.choice_)
        gaps.append(np.abs(proba - rate).mean())
        excesses.append(loss - entropy)
        print(path.stem, seed, choices[-1], gaps[-1], excesses[-1], flush=True)
    return {
        "data": path.stem,
        "n_pairs": len(rows),
        "n_seeds": n_seeds,
        "n_cosine_or_euclid": sum(c in ("cosine", "euclid") for c in choices),
        "mean_gap": np.mean(gaps),
        "max_gap": np.max(gaps),
        "mean_excess_nats": np.mean(excesses),
        "max_excess_nats": np.max(excesses),
        "seconds": time.perf_counter() - started,
    }


def main():
    """Run the data sets named on the command line, or all in the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=1000)
    arguments = parser.parse_args()
    every = sorted(path.stem for path in arguments.folder.glob("*.npz"))
    names = arguments.names or every
    if not names:
        parser.error(f"{arguments.folder} holds no .npz file")
    for name in names:
        path = arguments.folder / f"{name}.npz"
        row = run(path, arguments.seeds, arguments.pairs)
        update_csv(RESULTS / "shuffled.csv", row)


if __name__ == "__main__":
    main()
