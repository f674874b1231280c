# SPDX-License-Identifier: BSD-3-Clause
"""Which way to make groups is best on groups that were held out of training and dev.

``grouping.py`` has one dev split for each data set, and in some of them it is of two
classes, which every method finds. Here the pairs of train and dev are taken together,
and no pair of test is read::

    python benchmarks/grouping_folds.py FOLDER_OF_NPZ --out RAW_FOLDER [NAME ...]
    python benchmarks/grouping_folds.py FOLDER_OF_NPZ --report RAW_FOLDER

Folds hold out three tenths of the classes (an alphabet of ``omniglot_pca128``, five
takes of each word of ``fsdd_speaker_seen``), and a sixth of the pairs of products; a
model with the settings of ``quality.py`` is fitted without them, and all pairs of 200
items of the held-out classes, or the held-out pairs of products, are grouped.

Threshold and missing pairs of a method are chosen on other folds and judged on each
fold, by the mean of pairwise F1 and B-cubed F1: `one`, on one other fold, as on a small
dev split, the mean over all such; `others`, on the mean of all others. The report is
written to ``results/grouping_folds.csv``, with what is best on all folds for
``grouping.py``.

Methods beside those of ``grouping.py``: *probability*, correlation by 2p - 1 instead
of log-odds, which no single pair outvotes; *average probability*, its linkage; and *x
or y*, where the method too is chosen.
"""

import argparse
from pathlib import Path

import numpy as np
from grouping import DATA, METHODS, MISSING, RESULTS, Part, make_model, products, write
from scipy import sparse
from sklearn.model_selection import StratifiedKFold

from sksymsim import PairClusterer, Pairs

N_ITEMS = 200
N_FOLDS = 6
N_THRESHOLDS = 16
# What is held out together, and what the groups are.
CLASSES = {
    "fsdd_speaker_seen": ("item_take", "item_speaker"),
    "fsdd_digit_unseen": ("item_digit", "item_digit"),
    "digits_unseen": ("item_label", "item_label"),
    "coil20_pca100": ("item_label", "item_label"),
    "fashion900_pca64": ("item_label", "item_label"),
    "omniglot_pca128": ("item_alphabet", "item_label"),
}
HELD = {"fsdd_speaker_seen": 5, "omniglot_pca128": 1}
CHOICES = ("correlation", "average", "components")


def bounded(method):
    """Return a method of weights 2p - 1, p being one half at the threshold."""

    def group(part, threshold, missing):
        weights = np.tanh((part.scores - threshold) / 2)
        graph = sparse.coo_matrix((weights, part.index.T), shape=(part.n, part.n))
        if isinstance(missing, float):
            missing = float(np.tanh((missing - threshold) / 2))
        return [PairClusterer(method, missing=missing).fit_predict(graph)]

    return group


JUDGED = {name: METHODS[name] for name in METHODS if name != "pivot"} | {
    "probability": (bounded("correlation"), (MISSING[0], MISSING[-1])),
    "average probability": (bounded("average"), (MISSING[0], MISSING[-1])),
}


def parts_of(path):
    """Yield what was held out of each fold."""
    name = path.stem
    with np.load(path, allow_pickle=False) as file:
        kept = file["split"] != "test"
        items = file["items"].astype(np.float32)
        index, y = file["pairs"][kept], file["y"][kept]
        keys = [file[key] for key in CLASSES.get(name, ())]

    def model_of(rows):
        pairs = Pairs.from_index(items, index[rows])
        return make_model(name).fit(pairs, y[rows])

    if not keys:
        folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
        for train, held in folds.split(index, y):
            yield products(model_of(train), items, index[held], y[held], None)
        return
    key, true = keys
    known = np.unique(index)
    rng = np.random.default_rng(0)
    order = rng.permutation(np.unique(key[known]))
    n_held = HELD.get(name, max(2, round(0.3 * len(order))))
    for start in np.linspace(0, len(order), N_FOLDS, endpoint=False).astype(int):
        inside = np.isin(key, order[(start + np.arange(n_held)) % len(order)])
        model = model_of(~inside[index].any(axis=1))
        used = np.sort(rng.permutation(known[inside[known]])[:N_ITEMS])
        pairs = np.column_stack(np.triu_indices(len(used), 1))
        scores = model.decision_function(Pairs.from_index(items[used], pairs))
        groups = np.unique(true[used], return_inverse=True)[1]
        yield Part(pairs, scores.astype(float), groups)


def tried(parts):
    """Return thresholds where the scores lie, even in scores and in ranks."""
    scores = np.concatenate([part.scores for part in parts])
    low, high = np.quantile(scores, [0.02, 0.999])
    ranks = np.quantile(scores, np.linspace(0.3, 0.999, N_THRESHOLDS // 2))
    return np.union1d(ranks, np.linspace(low, high, N_THRESHOLDS // 2))


def values_of(parts):
    """Return for each method what each setting is worth on each fold.

    The settings are the `thresholds`, once for each policy of missing pairs.
    """
    levels = tried(parts).tolist()
    is_full = all(len(part.index) == part.n * (part.n - 1) // 2 for part in parts)
    table = {"thresholds": np.array(levels)}
    for method, (group, policies) in JUDGED.items():
        table[method] = np.array(
            [
                [np.mean(part.judge(group(part, t, missing)[0])) for part in parts]
                for missing in (policies[:1] if is_full else policies)
                for t in levels
            ]
        )
    return table


def middle(values):
    """Return the place of the best value, the middle one of equally good ones."""
    best = np.flatnonzero(values == values.max())
    return best[(len(best) - 1) // 2]


def nested(values):
    """Return what is judged on each fold with settings chosen on one, or all, others.

    Parameters
    ----------
    values : ndarray of shape (n_settings, n_folds)
    """
    folds = range(values.shape[1])
    one = [
        np.mean(
            [values[middle(values[:, other]), fold] for other in folds if other != fold]
        )
        for fold in folds
    ]
    others = [
        values[middle(np.delete(values, fold, axis=1).mean(axis=1)), fold]
        for fold in folds
    ]
    return np.array(one), np.array(others)


def chosen_method(method, place, table):
    """Return the method at a place of a choice of several, and its place there."""
    for name in method.split(" or "):
        if place < len(table[name]):
            return name, place
        place -= len(table[name])


def report(raw):
    """Yield a row for each data set and method."""
    for path in sorted(raw.glob("*.npz")):
        with np.load(path) as file:
            table = {name: file[name] for name in file.files}
        levels = table.pop("thresholds")
        several = np.concatenate([table[name] for name in CHOICES])
        table = {" or ".join(CHOICES): several, **table}
        reference = nested(table["correlation"])
        for method, values in table.items():
            one, others = nested(values)
            # With all folds known: the setting that grouping.py takes to test.
            place = middle(values.mean(axis=1))
            name, place = chosen_method(method, place, table)
            differences = [
                mine - known
                for mine, known in zip((one, others), reference, strict=True)
            ]
            yield {
                "data": path.stem,
                "method": method,
                "one": one.mean(),
                "others": others.mean(),
                "difference_one": differences[0].mean(),
                "difference_others": differences[1].mean(),
                "standard_error": differences[1].std(ddof=1) / len(others) ** 0.5,
                "best_possible": values.max(axis=0).mean(),
                "chosen_method": name,
                "chosen_missing": JUDGED[name][1][place // len(levels)],
                "chosen_threshold": levels[place % len(levels)],
                "chosen_value": values.mean(axis=1).max(),
            }


def main():
    """Measure the data sets named on the command line, or report them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    if arguments.report:
        write(RESULTS / "grouping_folds.csv", list(report(arguments.report)))
        return
    arguments.out.mkdir(exist_ok=True)
    for name in arguments.names or dict.fromkeys((*DATA, *CLASSES)):
        table = values_of(list(parts_of(arguments.folder / f"{name}.npz")))
        np.savez(arguments.out / f"{name}.npz", **table)
        print(name)


if __name__ == "__main__":
    main()
