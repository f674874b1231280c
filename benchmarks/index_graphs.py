# SPDX-License-Identifier: BSD-3-Clause
"""How many of the nearest items a graph index finds, by how the score is written.

The bundled recordings, 1,500 items and 150 queries, the ten nearest by `top_k`;
hnswlib with M=16, ef_construction=200, ef=100. ``n_negative`` counts the negative
eigenvalues of L, the matrix between the two items. Usage::

    python benchmarks/index_graphs.py --out benchmarks/results/index_graphs.csv
"""

import argparse
import csv
from pathlib import Path

import hnswlib
import numpy as np

from sksymsim import (
    SymmetricPairClassifier,
    load_spoken_digits,
    make_pairs,
    to_cosine,
    to_inner_product,
    to_l2,
)

K = 10
SPACES = {"l2": to_l2, "ip": to_inner_product, "cosine": to_cosine}
SETTINGS = [
    {"form": "mahalanobis"},
    {"form": "mahalanobis", "psd": False},
    {"form": "bilinear"},
    {"form": "bilinear", "psd": False},
    {"form": "bilinear", "psd": False, "n_components": 6},
    {"form": "quadratic"},
]


def recall(model, make, kind, items, queries, top):
    """Return the share of the nearest items that a graph finds."""
    space = make(model, items)
    index = hnswlib.Index(kind, space.n_dimensions)
    index.init_index(len(items), M=16, ef_construction=200, random_seed=0)
    index.add_items(space.transform_items(items), num_threads=1)
    index.set_ef(100)
    rows, _ = index.knn_query(space.transform_queries(queries), K, num_threads=1)
    return np.mean([np.isin(a, b).mean() for a, b in zip(rows, top, strict=True)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    spoken = load_spoken_digits()
    pairs, y, _ = make_pairs(spoken.data, spoken.speaker, n_pairs=5000, random_state=0)
    queries, items = spoken.data[::20], spoken.data[1::2]
    rows = []
    for setting in SETTINGS:
        model = SymmetricPairClassifier(**setting).fit(pairs, y)
        lam = np.linalg.eigvalsh(model.get_polynomial()[3])
        _, top = model.top_k(queries, items, K)
        row = {
            "model": ", ".join(f"{name}={value}" for name, value in setting.items()),
            "n_negative": int((lam < -1e-9 * np.abs(lam).max()).sum()),
        }
        for kind, make in SPACES.items():
            found = recall(model, make, kind, items, queries, top)
            row[f"recall_{make.__name__}"] = round(float(found), 3)
        rows.append(row)
        print(*row.values(), sep=", ", flush=True)
    if options.out:
        with options.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
