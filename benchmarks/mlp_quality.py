# SPDX-License-Identifier: BSD-3-Clause
"""Networks on real pair data: with default settings, and with settings chosen on dev.

The data are those of ``quality.py``::

    python benchmarks/mlp_quality.py FOLDER_OF_NPZ [NAME ...]
    python benchmarks/mlp_quality.py FOLDER_OF_NPZ --tune [NAME ...]

The first fits ``SymmetricMLPClassifier(random_state=0)`` on train and writes its
quality on test, beside calibrated cosine, to ``results/mlp_quality.csv``.

The second trains each setting of a small grid on train, one epoch after another by
``partial_fit``, and chooses the setting and the number of epochs by ROC-AUC on dev.
Members that differ in their seed are then trained likewise, and their log-odds
averaged. Writes ``results/mlp_tuned.csv``.

Both renew the rows of the data sets named. Seconds are those of the processor.
"""

import itertools
import sys
import time
from pathlib import Path

import numpy as np
from quality import RESULTS, cosine, load, update_csv
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from sksymsim import (
    EmbeddingNormalizer,
    SharedTransformer,
    SymmetricMLPClassifier,
)

# None leaves the items as they are.
WHITEN = (None, 0.5)
SETTINGS = {"hidden_layer_sizes": ((256,),), "alpha": (0.03, 0.003)}
MAX_EPOCHS, PATIENCE = 60, 6
SEEDS = (0, 1, 2)


def measure(name, y, log_odds):
    """Return columns for log-odds on test."""
    p = 1 / (1 + np.exp(-log_odds.astype(np.float64)))
    return {
        f"{name}_auc": roc_auc_score(y, log_odds),
        f"{name}_loss": log_loss(y, p),
    }


def measure_default(splits):
    """Return the columns of the default settings, and of calibrated cosine."""
    (pairs, y), (test, y_test) = splits["train"], splits["test"]
    platt = LogisticRegression(C=1e6).fit(cosine(pairs)[:, None], y)
    row = measure("cosine", y_test, platt.decision_function(cosine(test)[:, None]))
    started = time.process_time()
    model = SymmetricMLPClassifier(random_state=0).fit(pairs, y)
    seconds = time.process_time() - started
    row |= measure("default", y_test, model.decision_function(test))
    row["epochs"] = int(np.argmax(model.validation_scores_))
    return row | {"seconds": seconds}


def prepare(whiten, splits):
    """Return the splits, whitened as the items of train say."""
    if whiten is None:
        return splits
    shared = SharedTransformer(EmbeddingNormalizer(whiten=whiten))
    shared.fit(splits["train"][0])
    return {name: (shared.transform(pairs), y) for name, (pairs, y) in splits.items()}


def train(splits, setting, seed):
    """Return the best ROC-AUC on dev, the number of epochs, and the log-odds then."""
    pairs, y = splits["train"]
    model = SymmetricMLPClassifier(**setting, random_state=seed)
    best = 0.0, 0, None
    for epoch in range(1, MAX_EPOCHS + 1):
        model.partial_fit(pairs, y)
        held, labels = splits["dev"]
        auc = roc_auc_score(labels, model.decision_function(held))
        if auc > best[0]:
            best = auc, epoch, model.decision_function(splits["test"][0])
        elif epoch - best[1] >= PATIENCE:
            break
    return best


def tune(splits):
    """Return the setting that is best on dev, and what came of it."""
    best = (0.0,)
    for whiten in WHITEN:
        prepared = prepare(whiten, splits)
        for values in itertools.product(*SETTINGS.values()):
            setting = dict(zip(SETTINGS, values, strict=True))
            auc, epochs, scores = train(prepared, setting, SEEDS[0])
            print(whiten, setting, f"{auc:.4f} after {epochs} epochs", flush=True)
            if auc > best[0]:
                best = auc, epochs, scores, whiten, setting
    return best


def measure_tuned(splits):
    """Return the columns of the setting that is chosen on dev."""
    y = splits["test"][1]
    dev_auc, epochs, scores, whiten, setting = tune(splits)
    prepared = prepare(whiten, splits)
    members = [scores, *(train(prepared, setting, seed)[2] for seed in SEEDS[1:])]
    row = measure("tuned", y, scores)
    aucs = [roc_auc_score(y, member) for member in members]
    row |= {"worst_member_auc": min(aucs), "best_member_auc": max(aucs)}
    row |= measure("averaged", y, np.mean(members, axis=0))
    row |= {"dev_auc": dev_auc, "whiten": "no" if whiten is None else whiten}
    return row | setting | {"epochs": epochs}


def main():
    """Run the data sets named on the command line, or all in the folder."""
    arguments = [word for word in sys.argv[1:] if word != "--tune"]
    if not arguments or not Path(arguments[0]).is_dir():
        sys.exit(
            "usage: python benchmarks/mlp_quality.py FOLDER_OF_NPZ [--tune] [NAME ...]"
        )
    folder, names = Path(arguments[0]), arguments[1:]
    run, file = measure_default, "mlp_quality.csv"
    if "--tune" in sys.argv:
        run, file = measure_tuned, "mlp_tuned.csv"
    for name in names or sorted(path.stem for path in folder.glob("*.npz")):
        row = {"data": name} | run(load(folder / f"{name}.npz")[0])
        update_csv(RESULTS / file, row)
        print(row, flush=True)


if __name__ == "__main__":
    main()
