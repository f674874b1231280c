# SPDX-License-Identifier: BSD-3-Clause
"""Does it help to add pairs (x, x), labelled similar, to the training pairs?

The data sets are those of ``quality.py``::

    python benchmarks/reflexivity.py FOLDER_OF_NPZ [NAME ...]

To the training pairs are added 0, 1, 10 and 50 % of their number of pairs of a random
training item with itself. Each model is fitted on them, at the penalty that has the
best ROC-AUC on dev without any added pair, and on items that are normalised and
whitened by half. Writes ``results/reflexivity.csv``: what `check_axioms` says of the
items of the test pairs (at most 1,000 of them, all compared with all), and how good the
probabilities of the test pairs are. Rows of data sets that are not run are kept.

To try another model, add it to ``MODELS``; those of the list that cannot be imported
are left out, and the slow ones are run by name only (``--models kernel``).
"""

import argparse
import csv
import importlib
from pathlib import Path

import numpy as np
from quality import load
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    check_axioms,
    expected_calibration_error,
)

RESULTS = Path(__file__).parent / "results"
DATA = (
    "digits_unseen",
    "fsdd_speaker_seen",
    "wdc_cameras_medium",
    "mrpc",
    "coil20_pca100",
)
ADDED = (0, 1, 10, 50)
ALPHAS = (1e-2, 1e-3, 1e-4, 1e-5)
WHITEN = 0.5
MOST_ITEMS = 1000


def form(name):
    """Return a maker of the classifier of one form."""
    return lambda alpha: SymmetricPairClassifier(name, alpha=alpha)


class CosineOfBilinear:
    """A dot product in a learned space, then the cosine in that space: reflexive."""

    def __init__(self, alpha):
        self.alpha = alpha

    def fit(self, pairs, y):
        """Return a fitted Pipeline."""
        learned = SymmetricPairClassifier("bilinear", alpha=self.alpha).fit(pairs, y)
        return make_pipeline(
            SharedTransformer(FunctionTransformer(learned.transform)),
            SharedTransformer(EmbeddingNormalizer(center=False)),
            SymmetricPairClassifier(alpha=1e9),  # scale and intercept alone
        ).fit(pairs, y)


def optional(module, name, make):
    """Return a maker of an architecture that may not be there, or None."""
    try:
        found = getattr(importlib.import_module(f"sksymsim.{module}"), name)
    except ImportError:
        return None
    return lambda alpha: make(found, alpha)


# Each makes an unfitted model of a penalty.
MODELS = {
    "mahalanobis": form("mahalanobis"),
    "bilinear": form("bilinear"),
    "bilinear, then cosine": CosineOfBilinear,
    "quadratic": form("quadratic"),
    "network": optional(
        "neural",
        "SymmetricMLPClassifier",
        lambda found, alpha: found(random_state=0),
    ),
    "kernel": optional(
        "kernel_machine",
        "KernelPairClassifier",
        lambda found, alpha: found(alpha=alpha, random_state=0),
    ),
    "boosting, both orders": optional(
        "symmetrize",
        "SymmetrizedClassifier",
        lambda found, alpha: found(HistGradientBoostingClassifier(random_state=0)),
    ),
}
# Those that have no penalty to choose.
ALPHAS_OF = {"network": (None,), "boosting, both orders": (None,)}
SLOW = ("kernel", "boosting, both orders")


def with_own_pairs(pairs, y, percent, rng):
    """Return the pairs with so many of (x, x), similar, of the items in use."""
    n_added = round(percent / 100 * len(pairs))
    used = np.unique(pairs.index)
    own = used[rng.permutation(np.arange(n_added) % len(used))]
    index = np.vstack([pairs.index, np.column_stack([own, own])])
    return Pairs.from_index(pairs.items, index), np.append(y, np.ones(n_added, int))


def measure(model, items, test, y):
    """Return the numbers of one fitted model."""
    report = check_axioms(model, items, n_draws=20_000, random_state=0)
    p = model.predict_proba(test)[:, 1].astype(np.float64)
    return {
        "p_self": report.reflexivity.details["mean_probability"],
        "not_self_similar": report.reflexivity.rate,
        "not_self_first": report.self_first.rate,
        "open_paths": report.transitivity.rate,
        "open_by_chance": report.transitivity.by_chance,
        "test_auc": roc_auc_score(y, p),
        "test_log_loss": log_loss(y, p),
        "mean_probability": p.mean(),
        "similar_rate": y.mean(),
        "calibration_error": expected_calibration_error(y, p),
    }


def run(path, names):
    """Yield one row for each model and number of added pairs."""
    splits, _ = load(path)
    normalize = SharedTransformer(EmbeddingNormalizer(whiten=WHITEN))
    normalize.fit(splits["train"][0])
    (train, y), (dev, y_dev), (test, y_test) = (
        (normalize.transform(pairs), labels) for pairs, labels in splits.values()
    )
    items = test.items[np.unique(test.index)]
    rng = np.random.default_rng(0)
    items = items[rng.permutation(len(items))[:MOST_ITEMS]]
    for name in names:
        fitted = {}
        for alpha in ALPHAS_OF.get(name, ALPHAS):
            model = MODELS[name](alpha).fit(train, y)
            auc = roc_auc_score(y_dev, model.predict_proba(dev)[:, 1])
            fitted[auc] = alpha, model
        alpha, model = fitted[max(fitted)]
        for percent in ADDED:
            if percent:
                more = with_own_pairs(train, y, percent, np.random.default_rng(1))
                model = MODELS[name](alpha).fit(*more)
            yield {
                "data": path.stem,
                "model": name,
                "alpha": alpha,
                "added_percent": percent,
                **measure(model, items, test, y_test),
            }


def update(path, rows):
    """Write rows, keep those of other data sets and models."""
    known = {}
    if path.exists():
        with path.open(encoding="utf-8") as file:
            known = {key_of(row): row for row in csv.DictReader(file)}
    known |= {key_of(row): row for row in rows}
    order = {name: place for place, name in enumerate(MODELS)}
    ordered = sorted(
        known.values(),
        key=lambda row: (row["data"], order[row["model"]], int(row["added_percent"])),
    )
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)


def key_of(row):
    """Return what tells a row from others."""
    return row["data"], row["model"], int(row["added_percent"])


def main():
    """Run the data sets named on the command line, or five of the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=DATA)
    parser.add_argument("--models", nargs="*", default=None)
    arguments = parser.parse_args()
    names = arguments.models or [
        name for name, make in MODELS.items() if make and name not in SLOW
    ]
    for data in arguments.names:
        for name in names:
            rows = []
            for row in run(arguments.folder / f"{data}.npz", [name]):
                rows.append(row)
                print(*(f"{key}={value}" for key, value in row.items()), flush=True)
            update(RESULTS / "reflexivity.csv", rows)


if __name__ == "__main__":
    main()
