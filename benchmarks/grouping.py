# SPDX-License-Identifier: BSD-3-Clause
"""Groups out of scored pairs on real data: ours, and what is used elsewhere.

The data sets are those of ``quality.py``::

    python benchmarks/grouping.py FOLDER_OF_NPZ [NAME ...]

One model for each data set scores the pairs; every method gets the same log-odds. Its
threshold, and what pairs count that were never scored, are chosen on dev alone, by the
mean of pairwise F1 and B-cubed F1 there, from the same thresholds for all.

- Products (``abt_buy``, ``wdc_cameras_medium``): the scored pairs are the labelled ones
  of the split. True groups are the connected components of the similar pairs of the
  split. Pairwise F1 is that of the labelled pairs alone: what is true of others is not
  known. B-cubed is of the items of the split.
- Spoken digits (``fsdd_speaker_seen``, ``fsdd_digit_unseen``): the scored pairs are the
  ten best neighbours of each recording of the split, by ``top_k``; the true groups are
  the speakers or the digits, and all pairs count.

Methods beside the four of `PairClusterer`: *pivot* (Ailon et al., 2008: a random item and
all its similar ones that are left; the mean of 20 runs), and *dedupe*, the hierarchical
method of the package of that name, written again here: within connected components at a
probability of 0.05 the centroid linkage of 1 - p, pairs never scored at 1, cut where the
distance is 1 - threshold.

The rate of violations is the share of the triples with a ~ b and b ~ c among scored pairs
for which a and c were scored as well and are not similar: before grouping at the
threshold of components, afterwards of pairs in one group.

Then 50 random graphs of 9 to 12 nodes, solved exactly: how far each method is from the
greatest sum of weights. Writes ``results/grouping.csv`` and ``results/grouping_gap.csv``.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from sksymsim import (
    EmbeddingNormalizer,
    PairClusterer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    b_cubed,
    pairwise_f1,
)

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from oracles_groups import exact_optimum, graph_of, inside

RESULTS = Path(__file__).parent / "results"
# The model of each set: the whitening, form, prior, shrinkage and penalty of the row of
# quality.csv, which are chosen on train and dev.
N_NEIGHBORS = 10
N_THRESHOLDS = 30
MISSING = ("ignore", "prior", -2.0)
ITEM_CLASSES = {"fsdd_speaker_seen": "item_speaker", "fsdd_digit_unseen": "item_digit"}
DATA = ("abt_buy", "wdc_cameras_medium", *ITEM_CLASSES)
SIMILAR_ENOUGH = 0.05


class Part:
    """The items of a split, their scored pairs, and what is true of them."""

    def __init__(self, index, scores, true, judged=None, y=None):
        self.index, self.scores, self.true = index, scores, true
        self.judged, self.y = judged, y
        self.n = len(true)

    def graph(self):
        return sparse.coo_matrix((self.scores, self.index.T), shape=(self.n, self.n))

    def judge(self, labels):
        """Return pairwise F1 and B-cubed F1."""
        if self.judged is None:
            pairwise = pairwise_f1(self.true, labels)
        else:
            left, right = labels[self.judged.T]
            pairwise = f1_score(self.y, left == right, zero_division=0)
        return pairwise, b_cubed(self.true, labels).f1


def load(path):
    """Return the fitted model's view of dev and test."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float32)
        index, y, split = (file[key] for key in ("pairs", "y", "split"))
        key = ITEM_CLASSES.get(path.stem)
        classes = None if key is None else file[key]
    train = split == "train"
    model = make_model(path.stem)
    model.fit(Pairs.from_index(items, index[train]), y[train])
    make = products if classes is None else neighbours
    return {
        name: make(model, items, index[split == name], y[split == name], classes)
        for name in ("dev", "test")
    }


def make_model(name):
    """Return the model that quality.py chose for a data set."""
    with (RESULTS / "quality.csv").open(newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row["data"] == name)
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=float(row["whiten"]))),
        SymmetricPairClassifier(
            form=row["form"],
            prior=row["prior"],
            shrinkage=float(row["shrinkage"]),
            alpha=float(row["alpha"]),
        ),
    )


def products(model, items, index, y, _):
    """Return the labelled pairs of a split."""
    used, rows = np.unique(index, return_inverse=True)
    rows = rows.reshape(-1, 2)
    scores = model.decision_function(Pairs.from_index(items, index))
    n, similar = len(used), rows[y == 1]
    graph = sparse.coo_matrix((np.ones(len(similar)), similar.T), shape=(n, n))
    true = connected_components(graph, directed=False)[1]
    return Part(rows, scores, true, rows, y)


def neighbours(model, items, index, _, classes):
    """Return the nearest neighbours of the items of a split."""
    used = np.unique(index)
    X = model[0].transformer_.transform(items[used])
    k = N_NEIGHBORS + 1
    scores, found = model[-1].top_k(X, X, k)
    pairs = np.column_stack([np.repeat(np.arange(len(used)), k), found.ravel()])
    return Part(pairs, scores.ravel(), classes[used])


# ----------------------------------------------------------------------------- methods


def ours(method):
    """Return a function of a part, a threshold and what is missing."""

    def group(part, threshold, missing):
        model = PairClusterer(method, threshold=threshold, missing=missing)
        return [model.fit_predict(part.graph())]

    return group


def dedupe(part, threshold, _):
    """Return the groups of centroid linkage of 1 - p in each connected component."""
    p = expit(part.scores)
    table = np.zeros((part.n, part.n))
    left, right = part.index.T
    table[left, right] = table[right, left] = p
    np.fill_diagonal(table, 1)
    component = connected_components(table > SIMILAR_ENOUGH, directed=False)[1]
    labels = np.empty(part.n, dtype=int)
    fresh = 0
    for number in range(component.max() + 1):
        rows = np.flatnonzero(component == number)
        found = np.ones(1, dtype=int)
        if len(rows) > 1:
            distances = (1 - table[np.ix_(rows, rows)])[np.triu_indices(len(rows), 1)]
            tree = linkage(distances, method="centroid")
            cut = 1 - expit(threshold)
            found = fcluster(tree, cut, criterion="distance")
        labels[rows] = fresh + found
        fresh += len(rows)
    return [labels]


def pivot(part, threshold, _):
    """Return the groups of 20 runs of the pivot algorithm."""
    similar = part.scores > threshold
    links = part.index[similar & (part.index[:, 0] != part.index[:, 1])]
    ones = np.ones(len(links), dtype=bool)
    graph = sparse.coo_matrix((ones, links.T), shape=(part.n, part.n)).tocsr()
    graph = (graph + graph.T).tocsr()
    runs = []
    for seed in range(20):
        labels = np.full(part.n, -1)
        for item in np.random.default_rng(seed).permutation(part.n):
            if labels[item] < 0:
                near = graph.indices[graph.indptr[item] : graph.indptr[item + 1]]
                labels[near[labels[near] < 0]] = item
                labels[item] = item
        runs.append(labels)
    return runs


METHODS = {
    "correlation": (ours("correlation"), MISSING),
    "average": (ours("average"), MISSING),
    "complete": (ours("complete"), MISSING),
    "components": (ours("components"), ("ignore",)),
    "dedupe": (dedupe, ("p = 0",)),
    "pivot": (pivot, ("ignore",)),
}


def thresholds(part):
    """Return thresholds where the scores of dev lie, even in scores and in ranks."""
    low, high = np.quantile(part.scores, [0.02, 0.999])
    ranks = np.quantile(part.scores, np.linspace(0.3, 0.999, N_THRESHOLDS // 2))
    return np.union1d(ranks, np.linspace(low, high, N_THRESHOLDS // 2))


def violations(part, threshold, labels=None):
    """Return the share of triples a ~ b ~ c that are scored and not a ~ c."""
    index = part.index[part.index[:, 0] != part.index[:, 1]]
    left, right = index.T
    similar = part.scores[part.index[:, 0] != part.index[:, 1]] > threshold
    if labels is not None:
        similar = labels[left] == labels[right]
    shape = (part.n, part.n)
    scored = sparse.coo_matrix((np.ones(len(left)), (left, right)), shape=shape)
    linked = sparse.coo_matrix((similar.astype(float), (left, right)), shape=shape)
    scored, linked = ((m + m.T).tocsr().sign() for m in (scored, linked))
    linked.eliminate_zeros()
    paths = linked @ linked
    paths.setdiag(0)
    checked = float(paths.multiply(scored).sum())
    return 1 - float(paths.multiply(linked).sum()) / checked if checked else 0.0


def measure(name, parts):
    """Yield a row for each method."""
    dev, test = parts["dev"], parts["test"]
    tried = thresholds(dev)
    for method, (group, policies) in METHODS.items():
        best = (-1.0,)
        for missing in policies:
            for threshold in tried.tolist():
                runs = group(dev, threshold, missing)
                value = float(np.mean([dev.judge(labels) for labels in runs]))
                best = max(best, (value, threshold, missing), key=lambda b: b[0])
        value, threshold, missing = best
        started = time.process_time()
        runs = group(test, threshold, missing)
        seconds = (time.process_time() - started) / len(runs)
        judged = np.mean([test.judge(labels) for labels in runs], axis=0)
        yield {
            "data": name,
            "method": method,
            "missing": missing,
            "threshold": threshold,
            "dev_mean_f1": value,
            "test_pairwise_f1": judged[0],
            "test_b_cubed": judged[1],
            "test_mean_f1": judged.mean(),
            "n_groups": np.mean([len(np.unique(labels)) for labels in runs]),
            "n_true": len(np.unique(test.true)),
            "violations_before": violations(test, threshold),
            "violations_after": max(violations(test, 0, labels) for labels in runs),
            "processor_seconds": seconds,
        }


# ------------------------------------------------------------------------- exact optima


def gaps(n_graphs=50):
    """Yield for random graphs how far each method is from the optimum."""
    for seed in range(n_graphs):
        rng = np.random.default_rng(seed)
        n = 9 + seed % 4
        kind = "noise" if seed % 2 else "planted"
        truth = rng.integers(n // 3, size=n)
        weights = {}
        for a in range(n):
            for b in range(a + 1, n):
                mean = 0.0 if kind == "noise" else (1.0 if truth[a] == truth[b] else -1)
                if rng.random() < 0.8:
                    weights[a, b] = rng.normal(mean, 1.5)
        best = exact_optimum(weights, n)
        graph = graph_of(weights, n)
        row = {"seed": seed, "kind": kind, "n": n, "optimum": best}
        for method in ("correlation", "average", "complete", "components"):
            found = PairClusterer(method).fit(graph).objective_
            row[f"gap_{method}"] = (best - found) / best
        part = Part(np.array(list(weights)), np.array(list(weights.values())), truth)
        found = [inside(weights, labels) for labels in pivot(part, 0.0, None)]
        row["gap_best_pivot"] = (best - max(found)) / best
        yield row


def write(path, rows):
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()}
            )


def main():
    """Measure the data sets named on the command line, or all four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.names or DATA:
        for row in measure(name, load(arguments.folder / f"{name}.npz")):
            rows.append(row)
            print({k: v for k, v in row.items() if k != "n_true"}, flush=True)
    if arguments.names:
        return
    write(RESULTS / "grouping.csv", rows)
    rows = list(gaps())
    write(RESULTS / "grouping_gap.csv", rows)
    for key in rows[0]:
        if key.startswith("gap_"):
            values = [row[key] for row in rows]
            print(f"{key}: mean {np.mean(values):.5f}, most {max(values):.5f}")


if __name__ == "__main__":
    main()
