# SPDX-License-Identifier: BSD-3-Clause
"""Does it help to train on labels that follow from others, or without contradictions?

The data sets are those of ``quality.py``::

    python benchmarks/closure.py FOLDER_OF_NPZ [NAME ...]

Each is fitted with the training labels as they are, with those that contradict left out
(`close_labels` with ``max_growth=0, on_conflict="drop"``), and closed: with as many
inferred labels as given ones and with four times as many, at the weights that
`close_labels` gives, and the latter without. Once on all training pairs, once on 1,000
of them drawn at random, and once on these with one label in fifty turned around.
Whitening and penalty are chosen by ROC-AUC on dev: whitening for the labels as they
are, at one penalty, and the penalty for each.

Writes ``results/closure.csv``: test ROC-AUC, how many pairs were inferred and left out,
and how many of the inferred labels are right, where the classes of the items say so.
Rows of data sets that are not run are kept.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from quality import write_csv
from sklearn.metrics import roc_auc_score

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    close_labels,
)

RESULTS = Path(__file__).parent / "results"
DATA = {
    "digits_unseen": "item_label",
    "omniglot_pca128": "item_label",
    "wdc_cameras_medium": None,
    "abt_buy": None,
}
WHITEN = (0.0, 0.5, 0.9)
ALPHAS = (1e-2, 1e-3, 1e-4)
ALPHA = 1e-3
FEW = 1000
WRONG = 0.02
WAYS = {
    "as given": None,
    "without contradictions": {"max_growth": 0, "on_conflict": "drop"},
    "closed": {"max_growth": 1.0},
    "closed, 4 for 1": {"max_growth": 4.0},
    "closed, 4 for 1, unweighted": {"max_growth": 4.0},
}


def load(path, key):
    """Return pairs and labels of each split, and the class of each item or None."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        index, y, split = (file[name] for name in ("pairs", "y", "split"))
        classes = file[key] if key in file else None
    parts = [
        (Pairs.from_index(items, index[split == name]), y[split == name])
        for name in ("train", "dev", "test")
    ]
    return parts, classes


def settings(train, seed):
    """Yield labels to train on: a name, pairs and labels."""
    pairs, y = train
    yield "all", pairs, y
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[:FEW]
    pairs, y = pairs[rows], y[rows]
    yield f"{FEW}", pairs, y
    turned = rng.uniform(size=FEW) < WRONG
    yield f"{FEW}, {WRONG:.0%} wrong", pairs, np.where(turned, 1 - y, y)


def prepare(way, options, pairs, y):
    """Return what to fit, and counts of what was done."""
    if options is None:
        return (pairs, y, None), {"inferred": 0, "left_out": 0}, None
    closed = close_labels(pairs, y, random_state=0, **options)
    weights = None if "unweighted" in way else closed.sample_weight
    counts = {
        "inferred": int(closed.inferred.sum()),
        "left_out": closed.left_out.size,
    }
    return (closed.pairs, closed.y, weights), counts, closed


def share_right(closed, classes):
    """Return how many of the inferred labels are those of the classes of the items."""
    if closed is None or classes is None or not closed.inferred.any():
        return None
    sides = classes[closed.pairs.index[closed.inferred]]
    return float(((sides[:, 0] == sides[:, 1]) == closed.y[closed.inferred]).mean())


def scores(fitted, parts, whiten, alphas):
    """Yield the ROC-AUC on each of some parts, for each penalty."""
    pairs, y, weights = fitted
    shared = SharedTransformer(EmbeddingNormalizer(whiten=whiten)).fit(pairs)
    pairs = shared.transform(pairs)
    parts = [(shared.transform(held), labels) for held, labels in parts]
    for alpha in alphas:
        model = SymmetricPairClassifier(alpha=alpha)
        model.fit(pairs, y, sample_weight=weights)
        yield [
            roc_auc_score(labels, model.decision_function(held))
            for held, labels in parts
        ]


def best_whitening(fitted, parts):
    """Return the strength that is best on dev, at one penalty."""
    return max(WHITEN, key=lambda w: next(scores(fitted, parts, w, [ALPHA])))


def run(path, key):
    """Yield a row for each way and each setting."""
    (train, *parts), classes = load(path, key)
    for setting, pairs, y in settings(train, seed=0):
        whiten = best_whitening((pairs, y, None), parts)
        for way, options in WAYS.items():
            row = {"data": path.stem, "labels": setting, "way": way}
            try:
                fitted, counts, closed = prepare(way, options, pairs, y)
            except ValueError as error:
                # Nothing of one label is left.
                print(row, error, flush=True)
                yield row | {"auc": np.nan, "inferred": 0, "left_out": "", "right": ""}
                continue
            row["auc"] = max(scores(fitted, parts, whiten, ALPHAS))[1]
            row |= counts | {"right": share_right(closed, classes)}
            print(row, flush=True)
            yield row


def main():
    """Run the data sets named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", choices=[*DATA, []])
    arguments = parser.parse_args()
    target = RESULTS / "closure.csv"
    for name in arguments.names or DATA:
        rows = list(run(arguments.folder / f"{name}.npz", DATA[name]))
        kept = []
        if target.exists():
            with target.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if row["data"] != name]
        write_csv(target, kept + rows)


if __name__ == "__main__":
    main()
