# SPDX-License-Identifier: BSD-3-Clause
"""How often labels of real data contradict each other.

The data sets are those of ``quality.py``::

    python benchmarks/contradictions.py FOLDER_OF_NPZ

Counts in the training pairs what `audit_labels` finds, and again with one label in a
hundred turned around (the mean of five draws). Writes ``results/contradictions.csv``:
`both labels`, `self` and `chains` are pairs of each kind, and `of dissimilar` is the
share of the dissimilar pairs that a chain contradicts.
"""

import sys
from pathlib import Path

import numpy as np
from quality import write_csv

from sksymsim import Pairs, audit_labels

RESULTS = Path(__file__).parent / "results"
WRONG = 0.01
N_DRAWS = 5


def load(path):
    """Return the training pairs and their labels."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        train = file["split"] == "train"
        return Pairs.from_index(items, file["pairs"][train]), file["y"][train]


def audit(pairs, y):
    return audit_labels(pairs, y, max_contradictions=0)


def run(path):
    """Return one row of results."""
    pairs, y = load(path)
    found = audit(pairs, y)
    row = {
        "data": path.stem,
        "pairs": len(y),
        "both labels": found.n_repeated_disagreeing,
        "self": found.n_self_dissimilar,
        "chains": found.n_chain_contradictions,
    }
    rng = np.random.default_rng(0)
    disputed, contradicted = [], []
    for _ in range(N_DRAWS):
        turned = np.where(rng.uniform(size=len(y)) < WRONG, 1 - y, y)
        found = audit(pairs, turned)
        disputed.append(found.n_repeated_disagreeing)
        contradicted.append(found.n_chain_contradictions / found.n_dissimilar)
    return row | {
        "1 % wrong: both labels": float(np.mean(disputed)),
        "1 % wrong: of dissimilar": float(np.mean(contradicted)),
    }


def main():
    """Count in all data sets of the folder named on the command line."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python benchmarks/contradictions.py FOLDER_OF_NPZ")
    rows = [run(path) for path in sorted(Path(sys.argv[1]).glob("*.npz"))]
    for row in rows:
        print(row)
    write_csv(RESULTS / "contradictions.csv", rows)


if __name__ == "__main__":
    main()
