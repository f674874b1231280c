# SPDX-License-Identifier: BSD-3-Clause
"""Which way to make one model of two vectors wins where?

Every architecture of docs/architectures.rst on real pair data, with its default
settings and with those that are best on dev, out of a small grid (`ARCHITECTURES`).
All see the same training pairs of a data set: a random part of at most `--most-pairs`.
The default cell sees the items as they are, and is the first one of each grid. What is
not a default there: `random_state`, a limit of steps that is high enough, and a
`StandardScaler` before logistic regression, which is no model of pairs without.

Chosen is the cell of the least log-loss on dev. Where dev has classes that training has
not seen, those of test are new again, so the choice can be wrong; it is the same rule
for all. Test is looked at only for the default and for the cell that is chosen. Seconds
are those of the processor, for one fit, so that it can run on a busy machine; bytes are
those of the pickled model::

    python benchmarks/architectures.py FOLDER [--only NAME ...] [--models NAME ...]

Writes a row for each data set and architecture as it comes, and keeps those of others:
``results/architectures.csv``, and all cells to ``results/architectures_cells.csv``.
Cells that stand there are not run again, save with `--again`.
"""

import argparse
import csv
import itertools
import pickle
import time
from functools import partial
from pathlib import Path

import numpy as np
from quality import RESULTS, cosine, load, measure, update_csv
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    SharedTransformer,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetrizedClassifier,
)

CELLS = RESULTS / "architectures_cells.csv"


def logistic(**parameters):
    """Return logistic regression on scaled columns."""
    return make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=5000, **parameters)
    )


def on_features(make, aggregations=("absdiff", "product", "cosine"), **parameters):
    """Return a classifier of symmetric features."""
    return make_pipeline(SymmetricFeatures(aggregations), make(**parameters))


def on_both_orders(make, **parameters):
    """Return a classifier of both sides next to each other, in both orders."""
    return SymmetrizedClassifier(make(**parameters))


def cells(**lists):
    """Return all combinations of the values of each parameter."""
    return [
        dict(zip(lists, values, strict=True))
        for values in itertools.product(*lists.values())
    ]


forest = partial(RandomForestClassifier, random_state=0)
boosting = partial(HistGradientBoostingClassifier, random_state=0)
network = partial(SymmetricMLPClassifier, random_state=0)

# `whiten` is that of an EmbeddingNormalizer before the model; without, there is none.
PREPARED = (0.0, 0.5)
WITH_COSINE = ("absdiff", "product", "cosine", "distance")
FORM_CELLS = [
    *cells(whiten=PREPARED, alpha=(1e-2, 1e-3)),
    *cells(whiten=(0.0,), prior=("kissme",), shrinkage=(0.5,), alpha=(1e-2,)),
]
KERNEL_CELLS = cells(
    whiten=(0.0,),
    pairwise=("tppk", "mlpk", "both"),
    kernel=("linear", "poly", "rbf"),
    alpha=(1e-3,),
)
LIGHT = {"max_leaf_nodes": (8,), "max_bins": (63,)}
NETWORK_CELLS = cells(whiten=(0.5,))
# The default of each comes first, by itself.
ARCHITECTURES = {
    "cosine": (partial(on_features, logistic, "cosine"), []),
    "concatenation, logistic": (
        partial(on_both_orders, logistic),
        cells(whiten=PREPARED, C=(1e-3,)),
    ),
    "features, logistic": (
        partial(on_features, logistic),
        cells(whiten=PREPARED, aggregations=(WITH_COSINE,), C=(0.01, 1e-4)),
    ),
    "mahalanobis": (partial(SymmetricPairClassifier, "mahalanobis"), FORM_CELLS),
    "bilinear": (partial(SymmetricPairClassifier, "bilinear"), FORM_CELLS),
    "quadratic": (partial(SymmetricPairClassifier, "quadratic"), FORM_CELLS),
    "features, forest": (
        partial(on_features, forest),
        cells(whiten=PREPARED, aggregations=(WITH_COSINE,), min_samples_leaf=(3,)),
    ),
    "kernels": (partial(KernelPairClassifier), KERNEL_CELLS),
    "poly": (
        partial(SymmetricPairClassifier, "poly"),
        cells(whiten=(0.0,), degree=(2, 3), alpha=(1e-3,)),
    ),
    "features, boosting": (
        partial(on_features, boosting),
        cells(whiten=PREPARED, aggregations=(WITH_COSINE,), **LIGHT),
    ),
    "network, distance": (network, NETWORK_CELLS),
    "network, distance, mirrored": (
        partial(network, cross_weights=True),
        NETWORK_CELLS,
    ),
    "network, product": (partial(network, pooling="product"), NETWORK_CELLS),
    "network, sum": (partial(network, pooling="sum"), NETWORK_CELLS),
    "network, mean_max": (partial(network, pooling="mean_max"), NETWORK_CELLS),
    "network, attention": (partial(network, pooling="attention"), NETWORK_CELLS),
    "both orders, boosting": (
        partial(on_both_orders, boosting),
        cells(whiten=(0.0,), **LIGHT),
    ),
}


def prepared(make, whiten=None, **parameters):
    """Return a model, behind a normalizer if there is to be one."""
    model = make(**parameters)
    if whiten is None:
        return model
    return make_pipeline(SharedTransformer(EmbeddingNormalizer(whiten=whiten)), model)


def describe(cell):
    """Return the settings of a cell in one line."""
    return "; ".join(f"{key}={value}" for key, value in cell.items()) or "default"


def run_cell(model, splits):
    """Fit one cell; return its numbers."""
    pairs, y = splits["train"]
    start = time.process_time()
    model.fit(pairs, y)
    numbers = {"seconds": time.process_time() - start}
    numbers["bytes"] = len(pickle.dumps(model))
    for name in ("dev", "test"):
        new, labels = splits[name]
        probabilities = model.predict_proba(new)
        auc, ap = measure(labels, probabilities[:, 1])
        numbers |= {f"{name}_auc": auc, f"{name}_ap": ap}
        numbers[f"{name}_loss"] = log_loss(labels, probabilities)
    return numbers


def known_cells(key):
    """Return the cells that were measured of a data set and an architecture."""
    if not CELLS.exists():
        return {}
    with CELLS.open() as file:
        rows = [row for row in csv.DictReader(file) if key.items() <= row.items()]
    kinds = {"setting": str, "bytes": int}
    return {
        row["setting"]: {
            name: kinds.get(name, float)(value)
            for name, value in row.items()
            if name not in key
        }
        for row in rows
    }


def run_architecture(key, splits, known, only_default):
    """Return a row for each cell, the default first; write them as they come."""
    make, grid = ARCHITECTURES[key["architecture"]]
    rows = []
    for cell in ({}, *([] if only_default else grid)):
        setting = describe(cell)
        if setting in known:
            rows.append(known[setting])
            continue
        rows.append({"setting": setting, **run_cell(prepared(make, **cell), splits)})
        print(*key.values(), *rows[-1].values(), sep="  ", flush=True)
        update_csv(CELLS, key | rows[-1], n_keys=3)
    return rows


def summarize(rows, splits):
    """Return the columns of the default and of the chosen cell."""
    new, labels = splits["test"]
    default, best = rows[0], min(rows, key=lambda row: row["dev_loss"])
    shown = ("test_auc", "test_ap", "test_loss", "seconds", "bytes")
    return {
        "n_pairs": len(splits["train"][1]),
        "cosine_auc": roc_auc_score(labels, cosine(new)),
        **{f"default_{key}": default[key] for key in shown},
        "n_cells": len(rows),
        "setting": best["setting"],
        "dev_auc": best["dev_auc"],
        **{key: best[key] for key in shown},
    }


def thin(splits, most_pairs):
    """Return the splits with at most so many training pairs."""
    pairs, y = splits["train"]
    kept = np.sort(np.random.default_rng(0).permutation(len(y))[:most_pairs])
    return splits | {"train": (pairs[kept], y[kept])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", help="names of data sets")
    parser.add_argument("--models", nargs="+", choices=ARCHITECTURES, metavar="MODEL")
    parser.add_argument("--most-pairs", type=int, default=2000)
    parser.add_argument("--defaults", action="store_true", help="no other cells")
    parser.add_argument("--again", action="store_true", help="also known cells")
    arguments = parser.parse_args()
    paths = [
        path
        for path in sorted(arguments.folder.glob("*.npz"))
        if not arguments.only or path.stem in arguments.only
    ]
    with threadpool_limits(1):
        for name in arguments.models or ARCHITECTURES:
            for path in paths:
                splits = thin(load(path)[0], arguments.most_pairs)
                key = {"data": path.stem, "architecture": name}
                known = {} if arguments.again else known_cells(key)
                rows = run_architecture(key, splits, known, arguments.defaults)
                row = key | summarize(rows, splits)
                update_csv(RESULTS / "architectures.csv", row, n_keys=2)


if __name__ == "__main__":
    main()
