# SPDX-License-Identifier: BSD-3-Clause
"""What one call of the search finds on real pair data, and how long it takes.

The data sets are those of ``quality.py``::

    python benchmarks/search.py FOLDER_OF_NPZ [NAME ...]
    python benchmarks/search.py FOLDER_OF_NPZ --candidates [NAME ...]
    python benchmarks/search.py FOLDER_OF_NPZ --speed [NAME]

Everything is fitted on train. What it is chosen by says what the model is for, as a
user would say it: where the classes of test are new, the classes of items as groups,
and the pairs of dev, of yet other classes, for validation; where the items of test were
trained with, folds of pairs; and else nothing, which is folds of items. Writes
``results/search.csv``: for each data set ROC-AUC and average precision on test beside
those of plain cosine, what was chosen, what the search expected of it, and the seconds
of the processor; and the table of it in ``results/search.md``, with the best of
thirteen ordinary methods (below). Rows of data sets that are not run are kept.

With ``--candidates``, all models that the search knows by name are compared too; that
writes ``results/search_candidates.csv`` with the same columns, and the members of each
stack, those of the largest weight in log-odds first.

With ``--speed`` it compares one set (the first one, unless named) with `GridSearchCV`
over the same grid, on the same folds and by the same score, both on one processor: the
ratio of its seconds, and whether both choose the same setting. Nothing is written.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from quality import CLASSES, DESCRIPTIONS, cosine, measure, update_csv
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairGroupKFold,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
)

RESULTS = Path(__file__).parent / "results"
WHITEN = "sharedtransformer__transformer__whiten"
MODEL = "symmetricpairclassifier__"


WHITENINGS = (0.0, 0.5, 0.9)
# The best test ROC-AUC and average precision of cosine, whitened cosine, KISSME, the
# two-block form, logistic regression, boosting and a network on features of the pairs,
# the "customized embeddings" of OpenAI's cookbook, a Siamese network, a Mahalanobis
# metric in PyTorch, and ITML, SDML and MMC of metric-learn; each fitted on train and
# tuned on dev. Of thirteen the best on test: a bound that is itself chosen by the test.
BEST_OF_THIRTEEN = {
    "abt_buy": (0.934, 0.701),
    "coil20_pca100": (0.994, 0.994),
    "digits_unseen": (0.840, 0.862),
    "fashion900_pca64": (0.892, 0.865),
    "fsdd_digit_unseen": (0.808, 0.821),
    "fsdd_speaker_seen": (1.000, 1.000),
    "mrpc": (0.772, 0.859),
    "omniglot_pca128": (0.776, 0.775),
    "snli_devtest": (0.926, 0.913),
    "wdc_cameras_medium": (0.931, 0.830),
}
# All that the search knows by name.
CANDIDATES = ("network", "kernel", "poly", "features", "both_orders")
# Most items of these are in train, dev and test.
ITEMS_ARE_KNOWN = ("abt_buy", "wdc_cameras_medium")


def grids():
    """Return the grid of the search as GridSearchCV takes it."""
    default = SymmetricPairClassifierCV()
    whole = {WHITEN: WHITENINGS, f"{MODEL}alpha": default.alphas}
    identity = {f"{MODEL}form": default.forms, f"{MODEL}prior": ["identity"]}
    kissme = {
        f"{MODEL}form": ["mahalanobis", "quadratic"],
        f"{MODEL}prior": ["kissme"],
        f"{MODEL}shrinkage": default.shrinkages,
    }
    return [whole | identity, whole | kissme]


def load(path):
    """Return the pairs, labels and groups (or None) of train, dev and test."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        index, y, split = (file[key] for key in ("pairs", "y", "split"))
        key = CLASSES.get(path.stem)
        groups = None if key is None else file[key][index]
    parts = []
    for name in ("train", "dev", "test"):
        rows = split == name
        sides = None if groups is None else groups[rows]
        parts.append((Pairs.from_index(items, index[rows]), y[rows], sides))
    return parts


def run(path, candidates=()):
    """Search on train; return one row of results on test."""
    (pairs, y, groups), (dev, y_dev, _), (test, y_test, _) = load(path)
    search = SymmetricPairClassifierCV(candidates=candidates, random_state=0)
    if path.stem in ITEMS_ARE_KNOWN:
        search.set_params(cv=PairGroupKFold(5, level="pair", random_state=0))
    known = {}
    if groups is not None:
        known = {"groups": groups, "X_val": dev, "y_val": y_dev}
    started = time.process_time()
    search.fit(pairs, y, **known)
    seconds = time.process_time() - started
    cosine_auc, cosine_ap = measure(y_test, cosine(test))
    auc, ap = measure(y_test, search.decision_function(test))
    return {
        "data": path.stem,
        "cosine_auc": cosine_auc,
        "cosine_ap": cosine_ap,
        "test_auc": auc,
        "test_ap": ap,
        "choice": search.choice_,
        "n_members": len(search.members_),
        "single": "; ".join(f"{k}={v}" for k, v in search.best_params_.items()),
        "cv_score": search.cv_score_,
        "cosine_score": search.cosine_score_,
        "cv_transfer_score": search.cv_transfer_score_,
        "n_candidates": len(search.cv_results_["params"]),
        "processor_seconds": seconds,
    } | ({"members": members(search, pairs)} if candidates else {})


def members(search, pairs):
    """Return the members of what was chosen; by the spread of what they add."""
    last = search.best_estimator_[-1]
    if not isinstance(last, StackedPairClassifier):
        return "one score of degree two"
    parts = []
    for weight, model in zip(last.weights, last.estimators_, strict=True):
        spread = weight * float(np.std(model.decision_function(pairs)))
        name = " > ".join(type(step).__name__ for step in model)
        parts.append((spread, name))
    return "; ".join(f"{name} {spread:.2f}" for spread, name in sorted(parts)[::-1])


def compare_speed(path):
    """Print the processor's seconds of both ways, and what each finds the best."""
    pairs, y, _ = load(path)[0]
    folds = list(PairGroupKFold(5, random_state=0).split(pairs, y))
    search = SymmetricPairClassifierCV(
        whitenings=WHITENINGS,
        pca_components=(),
        cv=folds,
        scoring="roc_auc",
        combine="best",
        n_jobs=1,
    )
    started = time.process_time()
    search.fit(pairs, y)
    ours = time.process_time() - started
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier(psd=False)
    )
    grid = GridSearchCV(model, grids(), cv=folds, scoring="roc_auc")
    started = time.process_time()
    grid.fit(pairs, y)
    theirs = time.process_time() - started
    chosen = {key.rpartition("__")[2]: v for key, v in grid.best_params_.items()}
    found, score = best_of_search(search)
    print(f"{path.stem}: GridSearchCV {theirs:.1f} s, search {ours:.1f} s")
    print(f"ratio {theirs / ours:.1f}, the same setting: {found == chosen}")
    print(f"GridSearchCV: {chosen}, {grid.best_score_:.4f}")
    print(f"search: {found}, {score:.4f}")


def best_of_search(search):
    """Return the setting of the best mean, and it, of those that the grid has too."""
    results = search.cv_results_
    params = results["params"]
    in_grid = ["whiten" in p and np.isfinite(p["alpha"]) for p in params]
    means = np.where(in_grid, results["mean_test_score"], -np.inf)
    return params[int(np.argmax(means))], float(means.max())


def markdown(rows):
    """Return the table that the README shows."""
    lines = [
        "| data | AUC cosine | best of thirteen | one call | AP cosine "
        "| best of thirteen | one call | it is |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = row["data"]
        bounds = BEST_OF_THIRTEEN.get(name, (np.nan, np.nan))
        cells = [DESCRIPTIONS.get(name, name)]
        for measure_of, bound in zip(("auc", "ap"), bounds, strict=True):
            cosine_has, has = row[f"cosine_{measure_of}"], row[f"test_{measure_of}"]
            cells += [f"{float(v):.3f}" for v in (cosine_has, bound, has)]
        n_members = int(row["n_members"])
        cells.append(f"stack of {n_members}" if n_members > 1 else row["single"])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    """Run the data sets named on the command line, or all in the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--candidates", action="store_true")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_intermixed_args()
    every = sorted(path.stem for path in arguments.folder.glob("*.npz"))
    names = arguments.names or every
    if not names:
        parser.error(f"{arguments.folder} holds no .npz file")
    if arguments.speed:
        compare_speed(arguments.folder / f"{names[0]}.npz")
        return
    for name in names:
        if arguments.candidates:
            row = run(arguments.folder / f"{name}.npz", CANDIDATES)
            print(*(f"{key}={value}" for key, value in row.items()), flush=True)
            update_csv(RESULTS / "search_candidates.csv", row)
            continue
        row = run(arguments.folder / f"{name}.npz")
        print(*(f"{key}={value}" for key, value in row.items()), flush=True)
        rows = update_csv(RESULTS / "search.csv", row)
        (RESULTS / "search.md").write_text(markdown(rows))


if __name__ == "__main__":
    main()
