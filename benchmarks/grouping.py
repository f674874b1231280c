# SPDX-License-Identifier: BSD-3-Clause
"""Groups out of scored pairs on real data: ours, and what is used elsewhere.

The data sets are those of ``quality.py``::

    python benchmarks/grouping.py FOLDER_OF_NPZ [NAME ...]

One model for each data set scores the pairs; every method gets the same log-odds. Its
threshold, and what pairs count that were never scored, are chosen by the mean of
pairwise F1 and B-cubed F1, from the same thresholds for all: on dev; and, as dev may be
of two classes that any method finds, on the folds of ``grouping_folds.py``, which hold
out groups of train and dev. *Correlation or average or components* is
`calibrate_group_threshold` with these methods, on these folds.

- Products (``abt_buy``, ``wdc_cameras_medium``): the scored pairs are the labelled ones
  of the split. True groups are the connected components of the similar pairs of the
  split. Pairwise F1 is that of the labelled pairs alone: what is true of others is not
  known. B-cubed is of the items of the split.
- Spoken digits (``fsdd_speaker_seen``, ``fsdd_digit_unseen``): 300 recordings of the
  split, of which all pairs are scored; the true groups are the speakers or the digits,
  and all pairs count.

Methods beside the four of `PairClusterer`: *pivot* (Ailon et al., 2008: a random item
and all its similar ones that are left; the mean of 20 runs), and *dedupe*, the
hierarchical method of the package of that name, written again here: within connected
components at a probability of 0.05 the centroid linkage of 1 - p, pairs never scored at
p = 0, cut where the distance is 1 - threshold.

`difference` is how much better the mean of both F1 scores on test is by the first
method of the table, which is the choice of several on folds and correlation on dev, and
`standard_error` that of the difference: 200 bootstrap samples of the items, by weights.

The rate of violations is the share of the triples with a ~ b and b ~ c, by the scores
at the threshold of the method, of which a ~ c does not hold: the scores say no
(`contradicted`, of the triples whose a and c are scored), or say nothing or no
(`violated`, of all triples). Afterwards ~ is to be in one group.

Then 50 random graphs of 9 to 12 nodes, solved exactly: how far each method is from the
greatest sum of weights. Writes ``results/grouping.csv`` and
``results/grouping_gap.csv``.
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
N_ITEMS = 300
N_BOOTSTRAPS = 200
N_THRESHOLDS = 20
MISSING = ("ignore", "prior", -2.0)
ITEM_CLASSES = {"fsdd_speaker_seen": "item_speaker", "fsdd_digit_unseen": "item_digit"}
DATA = ("abt_buy", "wdc_cameras_medium", *ITEM_CLASSES)
SIMILAR_ENOUGH = 0.05
CHOSEN_ON = ("folds", "dev")


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

    def resampled(self, labels):
        """Return the mean of both scores on bootstrap samples of the items."""
        rng = np.random.default_rng(0)
        right = np.equal.outer(self.true, self.true)
        found = np.equal.outer(labels, labels)
        tables = [m.astype(np.float32) for m in (right & found, right, found)]
        values = []
        for _ in range(N_BOOTSTRAPS):
            w = rng.multinomial(self.n, np.full(self.n, 1 / self.n)).astype(np.float32)
            # An item that was not drawn has no weight: whatever it is divided by.
            both, true, pred = (np.maximum(table @ w, 1e-9) for table in tables)
            bcubed = harmonic(w @ (both / pred) / w.sum(), w @ (both / true) / w.sum())
            if self.judged is None:
                own = w @ w
                hits, similar, together = (w @ x - own for x in (both, true, pred))
            else:
                weights = w[self.judged].prod(axis=1)
                same = found[tuple(self.judged.T)]
                hits, similar = weights @ (same & self.y), weights @ self.y
                together = weights @ same
            pairwise = harmonic(hits / max(together, 1), hits / max(similar, 1))
            values.append((pairwise + bcubed) / 2)
        return np.array(values)


def harmonic(precision, recall):
    """Return the F1 score."""
    return 2 * precision * recall / max(precision + recall, 1e-12)


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
    make = products if classes is None else recordings
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
    return Part(rows, scores, true, rows, y == 1)


def recordings(model, items, index, _, classes):
    """Return all pairs of some items of a split."""
    used = np.unique(index)
    used = used[:: max(1, len(used) // N_ITEMS)][:N_ITEMS]
    pairs = np.column_stack(np.triu_indices(len(used), 1))
    scores = model.decision_function(Pairs.from_index(items[used], pairs))
    return Part(pairs, scores, classes[used])


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


def violations(part, related, everything=True):
    """Return the share of the triples a ~ b ~ c of which a ~ c does not hold.

    Parameters
    ----------
    part : Part
    related : ndarray of bool of shape (n, n)
        Which items are related.
    everything : bool
        Whether triples count of which a and c were not scored.
    """
    related = related & ~np.eye(part.n, dtype=bool)
    paths = related.astype(np.float32) @ related.astype(np.float32)
    np.fill_diagonal(paths, 0)
    if not everything:
        scored = np.zeros_like(related)
        scored[tuple(part.index.T)] = True
        paths *= scored | scored.T
    n_triples = paths.sum()
    return float(1 - (paths * related).sum() / n_triples) if n_triples else 0.0


def similar_pairs(part, threshold):
    """Return which items the scores relate, as a matrix."""
    related = np.zeros((part.n, part.n), dtype=bool)
    related[tuple(part.index[part.scores > threshold].T)] = True
    return related | related.T


def chosen_on_dev(dev, method):
    """Return the threshold and policy that are best on dev, and their value."""
    group, policies = METHODS[method]
    found = []
    is_full = len(dev.index) == dev.n * (dev.n - 1) // 2
    for missing in policies[:1] if is_full else policies:
        for threshold in thresholds(dev).tolist():
            runs = group(dev, threshold, missing)
            value = float(np.mean([dev.judge(labels) for labels in runs]))
            found.append((value, threshold, missing))
    most = max(choice[0] for choice in found)
    # Of equally good ones the one in the middle, as calibrate_group_threshold does:
    # where dev is easy, many are.
    best = [choice for choice in found if choice[0] == most]
    value, threshold, missing = best[(len(best) - 1) // 2]
    return method, threshold, missing, value


def chosen_on_folds(name):
    """Return for each method, or choice of several, what is best on the folds."""
    path = RESULTS / "grouping_folds.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["data"] == name]
    return {
        row["method"]: (
            row["chosen_method"],
            float(row["chosen_threshold"]),
            as_missing(row["chosen_missing"]),
            float(row["chosen_value"]),
        )
        for row in rows
        if row["chosen_method"] in METHODS
    }


def as_missing(text):
    """Return a policy that was written in a table."""
    return text if text in ("ignore", "prior", "p = 0") else float(text)


def measure(name, parts, chosen_on):
    """Yield a row for each method and where its settings were chosen."""
    dev, test = parts["dev"], parts["test"]
    if "folds" in chosen_on:
        yield from judged(name, "folds", test, chosen_on_folds(name))
    if "dev" in chosen_on:
        settings = {method: chosen_on_dev(dev, method) for method in METHODS}
        yield from judged(name, "dev", test, settings)


def judged(name, chosen_on, test, settings):
    """Yield what settings do on test, one row each."""
    reference = None
    for label, (method, threshold, missing, value) in settings.items():
        group = METHODS[method][0]
        started = time.process_time()
        runs = group(test, threshold, missing)
        seconds = (time.process_time() - started) / len(runs)
        samples = np.mean([test.resampled(labels) for labels in runs[:5]], axis=0)
        reference = samples if reference is None else reference
        before = similar_pairs(test, threshold)
        scores = np.mean([test.judge(labels) for labels in runs], axis=0)
        yield {
            "data": name,
            "chosen_on": chosen_on,
            "method": label,
            "missing": missing,
            "threshold": threshold,
            "chosen_mean_f1": value,
            "test_pairwise_f1": scores[0],
            "test_b_cubed": scores[1],
            "test_mean_f1": scores.mean(),
            "difference": (reference - samples).mean(),
            "standard_error": (reference - samples).std(),
            "n_groups": np.mean([len(np.unique(labels)) for labels in runs]),
            "n_true": len(np.unique(test.true)),
            "contradicted_before": violations(test, before, False),
            "violated_before": violations(test, before),
            "violated_after": max(
                violations(test, np.equal.outer(labels, labels)) for labels in runs
            ),
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
                {
                    k: f"{v:.4g}" if isinstance(v, np.floating | float) else v
                    for k, v in row.items()
                }
            )


def main():
    """Measure the data sets named on the command line, or all four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--chosen-on", nargs="*", default=CHOSEN_ON, choices=CHOSEN_ON)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.names or DATA:
        parts = load(arguments.folder / f"{name}.npz")
        for row in measure(name, parts, arguments.chosen_on):
            rows.append(row)
            print(*(f"{v:.4g}" if not isinstance(v, str) else v for v in row.values()))
    if arguments.names or len(arguments.chosen_on) < len(CHOSEN_ON):
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
