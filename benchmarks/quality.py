# SPDX-License-Identifier: BSD-3-Clause
"""Held-out quality on real pair data: everything chosen on train and dev.

Each data set is one ``NAME.npz`` with ``items`` (n, d), ``pairs`` (m, 2), ``y`` and
``split`` ("train", "dev", "test"), and ``item_*`` with what is known of an item. The
files are not part of this repository::

    python benchmarks/quality.py FOLDER_OF_NPZ [NAME ...]

Every cell of the grid (whitening, form, prior, alpha) is fitted on train and scored on
dev; test is scored too, and looked at only for the cell that is chosen. Where the
classes of dev were never seen in training, those of test will not have been either, and
one dev split of two or three classes says little about new ones; so there the cell is
also fitted without some of the classes of train and scored on these, five times.

Chosen is the cell of the best ROC-AUC on dev. Where there are folds, it is the plainest
form and prior of which a cell's mean over dev and folds is within one standard error of
the best mean, and of these cells the best: a metric before a dot product before the
whole polynomial, the prior "identity" before "kissme". The means are of
log(AUC / (1 - AUC)), as the folds lie anywhere between .6 and .99.

Writes ``results/quality_grid_NAME.csv`` (all cells) and, from all of these that there
are, ``results/quality.csv`` (the choices, beside plain cosine).
"""

import csv
import itertools
import sys
import time
from pathlib import Path

import numpy as np
from scipy.special import logit
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
)

RESULTS = Path(__file__).parent / "results"
WHITEN = (0.0, 0.5, 0.9)
FORMS = ("mahalanobis", "bilinear", "quadratic")
PRIORS = (("identity", 0.1), ("kissme", 0.1), ("kissme", 0.5))
ALPHAS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# A path of alphas is left where the mean AUC on dev and folds has fallen this far.
GIVE_UP = 0.02
# What says which class an item is of, where the classes of the splits are disjoint.
CLASSES = {
    "coil20_pca100": "item_label",
    "digits_unseen": "item_label",
    "fashion900_pca64": "item_label",
    "fsdd_digit_unseen": "item_digit",
    "omniglot_pca128": "item_alphabet",
}
N_FOLDS = 5
SHOWN = ("whiten", "form", "prior", "shrinkage", "alpha", "dev_auc", "test_auc")
SHOWN += ("test_ap", "test_loss")
DESCRIPTIONS = {
    "abt_buy": "Abt-Buy, the same product? (text)",
    "coil20_pca100": "COIL-20, the same object? (pixels; unseen objects)",
    "digits_unseen": "handwritten digits (pixels; unseen digits)",
    "fashion900_pca64": "Fashion-MNIST, the same kind? (pixels; unseen kinds)",
    "fsdd_digit_unseen": "spoken digits, the same digit? (log-mel; unseen digits)",
    "fsdd_speaker_seen": "spoken digits, the same speaker? (log-mel)",
    "mrpc": "MRPC, a paraphrase? (text)",
    "omniglot_pca128": "Omniglot, the same character? (pixels; unseen alphabets)",
    "snli_devtest": "SNLI, entailment or contradiction? (text)",
    "wdc_cameras_medium": "WDC cameras, the same product? (text)",
}


def load(path):
    """Return pairs and labels of each split, and the class-held-out folds of train.

    A fold is a pair of masks of the training pairs: those without any of its classes,
    and those with both items of its classes.
    """
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        pairs, y, split = (file[key] for key in ("pairs", "y", "split"))
        key = CLASSES.get(path.stem)
        classes = None if key is None else file[key]
    splits = {
        name: (Pairs.from_index(items, pairs[split == name]), y[split == name])
        for name in ("train", "dev", "test")
    }
    folds = []
    if classes is not None:
        sides = classes[pairs[split == "train"]]
        names = np.unique(sides)
        for first in range(N_FOLDS):
            # Two neighbours on a circle for five classes, more for more.
            held = (np.arange(len(names)) - first) % N_FOLDS < 2
            inside = np.isin(sides, names[held])
            folds.append((~inside.any(axis=1), inside.all(axis=1)))
    return splits, folds


def cosine(pairs):
    """Return the plain cosine of the two sides."""
    left, right = pairs.left, pairs.right
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.einsum("ij,ij->i", left, right) / np.maximum(lengths, 1e-12)


def measure(y, scores):
    """Return ROC-AUC and average precision."""
    return roc_auc_score(y, scores), average_precision_score(y, scores)


def run_grid(splits, folds):
    """Fit every cell; yield one row for each."""
    train, y_train = splits["train"]
    tasks = [(train, y_train, {name: splits[name] for name in ("dev", "test")})]
    for i, (kept, held) in enumerate(folds):
        scored = {f"fold{i}": (train[held], y_train[held])}
        tasks.append((train[kept], y_train[kept], scored))
    for whiten in WHITEN:
        prepared = [prepare(whiten, *task) for task in tasks]
        for form, (prior, shrinkage) in itertools.product(FORMS, PRIORS):
            cell = {"form": form, "prior": prior, "shrinkage": shrinkage}
            # From the prior outwards, each solution the start of the next.
            models = [
                SymmetricPairClassifier(**cell, warm_start=True) for _ in prepared
            ]
            best = 0.0
            for alpha in ALPHAS:
                row = {"whiten": whiten, **cell, "alpha": alpha}
                for model, task in zip(models, prepared, strict=True):
                    row |= fit_and_score(model.set_params(alpha=alpha), *task)
                yield row
                score = float(np.mean([row[key] for key in selection_columns(row)]))
                best = max(best, score)
                if score < best - GIVE_UP:
                    break


def prepare(whiten, pairs, y, scored):
    """Normalise pairs as their training part says."""
    shared = SharedTransformer(EmbeddingNormalizer(whiten=whiten)).fit(pairs)
    return (
        shared.transform(pairs),
        y,
        {name: (shared.transform(held), z) for name, (held, z) in scored.items()},
    )


def fit_and_score(model, pairs, y, scored):
    """Fit one cell on one training part; return columns for what is scored."""
    started = time.perf_counter()
    model.fit(pairs, y)
    columns = {}
    if "test" in scored:
        columns["n_iter"] = model.n_iter_
        columns["seconds"] = round(time.perf_counter() - started, 3)
    for name, (held, labels) in scored.items():
        auc, ap = measure(labels, model.decision_function(held))
        columns[f"{name}_auc"] = auc
        if name in ("dev", "test"):
            columns[f"{name}_ap"] = ap
            columns[f"{name}_loss"] = log_loss(labels, model.predict_proba(held))
    return columns


def selection_columns(row):
    """Return the names of the columns that the choice may look at."""
    return [key for key in row if key == "dev_auc" or key.startswith("fold")]


def choose(rows):
    """Return the row that is chosen by dev and folds."""
    columns = selection_columns(rows[0])
    scores = np.array([[float(row[key]) for key in columns] for row in rows])
    scores = logit(np.clip(scores, 1e-6, 1 - 1e-6))
    means = scores.mean(axis=1)
    best = int(np.argmax(means))
    if len(columns) == 1:
        return rows[best]
    # The error of the difference to the best: the folds differ more than the cells.
    errors = (scores - scores[best]).std(axis=1, ddof=1) / np.sqrt(len(columns))
    close = np.flatnonzero(means + errors >= means[best])

    def plainness(i):
        row = rows[i]
        other_prior = row["prior"] != "identity"
        return FORMS.index(row["form"]), other_prior, -means[i]

    return rows[min(close, key=plainness)]


def write_csv(path, rows):
    """Write rows of one set of columns."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()}
            )


def update_csv(path, row, n_keys=1):
    """Write a row in place of that with the same first cells, keep others; return all.

    The first cell is the name of the data set, by which the rows are in order.
    """

    def key(row):
        return tuple(row.values())[:n_keys]

    known = {}
    if path.exists():
        with path.open() as file:
            known = {key(row): row for row in csv.DictReader(file)}
    known[key(row)] = row
    rows = sorted(known.values(), key=lambda row: row["data"])
    path.parent.mkdir(exist_ok=True)
    write_csv(path, rows)
    return rows


def summarize(folder):
    """Write the choice for each data set that has a grid."""
    rows = []
    for path in sorted(RESULTS.glob("quality_grid_*.csv")):
        name = path.stem.removeprefix("quality_grid_")
        with path.open() as file:
            best = choose(list(csv.DictReader(file)))
        pairs, y = load(folder / f"{name}.npz")[0]["test"]
        auc, ap = measure(y, cosine(pairs))
        row = {"data": name, "cosine_auc": auc, "cosine_ap": ap}
        rows.append(row | {key: best[key] for key in SHOWN})
    write_csv(RESULTS / "quality.csv", rows)
    (RESULTS / "quality.md").write_text(markdown(rows))
    print(markdown(rows))


def markdown(rows):
    """Return the table that the README shows."""
    lines = [
        "| data | AUC cosine | AUC learned | AP cosine | AP learned | chosen |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = [row[k] for k in ("cosine_auc", "test_auc", "cosine_ap", "test_ap")]
        cells = " | ".join(f"{float(number):.3f}" for number in numbers)
        prior = row["prior"]
        if prior != "identity":
            prior += f" {row['shrinkage']}"
        chosen = f"{row['form']}, {prior}, whiten={row['whiten']}"
        chosen += f", alpha={float(row['alpha']):g}"
        lines.append(f"| {DESCRIPTIONS[row['data']]} | {cells} | {chosen} |")
    return "\n".join(lines) + "\n"


def main():
    """Run the data sets named on the command line, or all in the folder."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python benchmarks/quality.py FOLDER_OF_NPZ [NAME ...]")
    folder = Path(sys.argv[1])
    names = sys.argv[2:] or sorted(path.stem for path in folder.glob("*.npz"))
    RESULTS.mkdir(exist_ok=True)
    for name in names:
        rows = []
        for row in run_grid(*load(folder / f"{name}.npz")):
            rows.append(row)
            print(name, *(f"{key}={value}" for key, value in row.items()), flush=True)
        write_csv(RESULTS / f"quality_grid_{name}.csv", rows)
    summarize(folder)


if __name__ == "__main__":
    main()
