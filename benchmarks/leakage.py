# SPDX-License-Identifier: BSD-3-Clause
"""How far cross-validation is from the truth, by what folds may share.

The data sets are those of ``quality.py``, of which the classes of the items are known::

    python benchmarks/leakage.py FOLDER_OF_NPZ

One pipeline at several penalties is cross-validated on the training pairs in three
ways: folds that share no pair, no item, and no class. `alpha` is the penalty that each
way chooses, and `estimate` the ROC-AUC that it promises for it, averaged over the
folds. Beside it stands what is true: the AUC on the test pairs with that penalty, and
the best of all penalties. Test pairs are of new items and, but for one data set, of
new classes.

Writes ``results/leakage.csv``: one row for each data set and way.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairGroupKFold,
    Pairs,
    PairShuffleSplit,
    SharedTransformer,
    SymmetricPairClassifier,
)

RESULTS = Path(__file__).parent / "results"
ALPHAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# What says which class an item is of, and whether the classes of test are new.
CLASSES = {
    "digits_unseen": ("item_label", "classes"),
    "fsdd_digit_unseen": ("item_digit", "classes"),
    "coil20_pca100": ("item_label", "classes"),
    "fashion900_pca64": ("item_label", "classes"),
    "fsdd_speaker_seen": ("item_speaker", "items"),
}
# Of classes, two of five and four of ten are held out: a fold of one class has no
# dissimilar pairs.
WAYS = {
    "pair": PairGroupKFold(5, level="pair", random_state=0),
    "item": PairGroupKFold(5, level="item", random_state=0),
    "class": PairShuffleSplit(10, test_size=0.3, level="group", random_state=0),
}


def load(path, key):
    """Return pairs, labels, classes of both sides and splits."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        index, y, split, classes = (file[k] for k in ("pairs", "y", "split", key))
    return Pairs.from_index(items, index), y, classes[index], split


def make_model(alpha):
    """Return the pipeline with one penalty."""
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier(alpha=alpha),
    )


def measure(path, key, new):
    """Yield a row for each way to make folds."""
    pairs, y, classes, split = load(path, key)
    train, test = split == "train", split == "test"
    truth = []
    for alpha in ALPHAS:
        scores = (
            make_model(alpha).fit(pairs[train], y[train]).decision_function(pairs[test])
        )
        truth.append(roc_auc_score(y[test], scores))
    for way, cv in WAYS.items():
        groups = classes[train] if way == "class" else None
        folds = list(cv.split(pairs[train], y[train], groups))
        estimates = [
            cross_val_score(
                make_model(alpha), pairs[train], y[train], cv=folds, scoring="roc_auc"
            ).mean()
            for alpha in ALPHAS
        ]
        best = int(np.argmax(estimates))
        records = cv.report(pairs[train], y[train], groups)
        yield {
            "data": path.stem,
            "new in test": new,
            "folds share no": way,
            "dropped": np.mean([r.n_dropped for r in records]) / train.sum(),
            "alpha": ALPHAS[best],
            "estimate": estimates[best],
            "test": truth[best],
            "best alpha": ALPHAS[int(np.argmax(truth))],
            "best test": max(truth),
        }


def main():
    """Measure the data sets in the folder named on the command line."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python benchmarks/leakage.py FOLDER_OF_NPZ")
    rows = []
    for name, (key, new) in CLASSES.items():
        for row in measure(Path(sys.argv[1]) / f"{name}.npz", key, new):
            rows.append(row)
            print(row, flush=True)
    with (RESULTS / "leakage.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()}
            )


if __name__ == "__main__":
    main()
