# SPDX-License-Identifier: BSD-3-Clause
"""How far from symmetric is a model that was trained on both orders?

Classifiers of rows with their defaults, fitted on the concatenation of both sides in
both orders. Each row says how much the probability of a test pair changes when its
sides change places, how many decisions do, and the ROC-AUC of one order, of the mean
over both (`SymmetrizedClassifier`), and of the same classifier on `SymmetricFeatures`,
beside cosine. Items have length one; at most 1,000 pairs for training and for test.
Seconds are those of the processor, so that it can run on a busy machine::

    python benchmarks/both_orders.py FOLDER --out benchmarks/results/both_orders.csv
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SymmetricFeatures,
    SymmetrizedClassifier,
)

MOST_PAIRS = 1000
ESTIMATORS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    "forest": RandomForestClassifier(random_state=0),
    "boosting": HistGradientBoostingClassifier(random_state=0),
}


def load(path):
    """Return train and test pairs with labels, of items of length one."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        index, y, split = file["pairs"], file["y"], file["split"]
    rng = np.random.default_rng(0)
    train, test = (np.flatnonzero(split == part) for part in ("train", "test"))
    train, test = (
        np.sort(rng.permutation(rows)[:MOST_PAIRS]) for rows in (train, test)
    )
    used = np.unique(index[train])
    items = EmbeddingNormalizer(center=False).fit(items[used]).transform(items)
    return [(Pairs.from_index(items, index[rows]), y[rows]) for rows in (train, test)]


def measure(path):
    """Yield a row for each classifier."""
    (pairs, y), (new, y_new) = load(path)
    cosine = SymmetricFeatures("cosine").fit_transform(new)[:, 0]
    for name, estimator in ESTIMATORS.items():
        start = time.process_time()
        model = SymmetrizedClassifier(estimator).fit(pairs, y)
        seconds = time.process_time() - start
        one, other = (
            model.estimator_.predict_proba(np.hstack([x.left, x.right]))[:, 1]
            for x in (new, new.swap())
        )
        both = model.predict_proba(new)
        assert np.array_equal(both, model.predict_proba(new.swap()))
        start = time.process_time()
        features = make_pipeline(SymmetricFeatures(), estimator).fit(pairs, y)
        feature_seconds = time.process_time() - start
        values = {
            "mean_change": np.abs(one - other).mean(),
            "largest_change": np.abs(one - other).max(),
            "decisions_changed": ((one > 0.5) != (other > 0.5)).mean(),
            "auc_cosine": roc_auc_score(y_new, cosine),
            "auc_one_order": roc_auc_score(y_new, one),
            "auc_both_orders": roc_auc_score(y_new, both[:, 1]),
            "auc_features": roc_auc_score(y_new, features.predict_proba(new)[:, 1]),
            "seconds_both_orders": seconds,
            "seconds_features": feature_seconds,
        }
        row = {"data": path.stem, "estimator": name, "n_pairs": len(y)}
        yield row | {key: f"{value:.4f}" for key, value in values.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", help="names of data sets")
    parser.add_argument("--out", help="a CSV file to write")
    arguments = parser.parse_args()
    rows = []
    with threadpool_limits(1):
        for path in sorted(arguments.folder.glob("*.npz")):
            if arguments.only and path.stem not in arguments.only:
                continue
            for row in measure(path):
                rows.append(row)
                print(*row.values(), sep="  ", flush=True)
    if arguments.out:
        with open(arguments.out, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
