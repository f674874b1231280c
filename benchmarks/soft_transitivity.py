# SPDX-License-Identifier: BSD-3-Clause
"""Does a penalty on broken triples make a similarity more transitive, and better?

The data sets are those of ``quality.py``; which ones stands below::

    python benchmarks/soft_transitivity.py FOLDER_OF_NPZ [NAME ...]

To the objective of `SymmetricPairClassifier`, for the forms "bilinear" and "quadratic",
this adds ``strength`` times the mean over triples (a, b, c) of training items of the
square of what they break: ``max(0, min(p_ab, p_bc) - p_ac)`` ("min"), or
``max(0, p_ab p_bc - p_ac)`` ("product"). p are the probabilities. In half of the
triples, a and c are among the twenty items that the model without the term puts nearest
to b, where there is something to break; in the other half they are drawn at random.
Everything is minimised by SciPy's L-BFGS, on 32 principal components, from the solution
without the term.

Beside it stand the same forms without the term, at the same and at stronger penalties,
and "mahalanobis", whose distance obeys the triangle inequality. What is measured is on
test: all triples of 600 test items, or of all if there are fewer. ``violations`` is how
many of the triples with a ~ b and b ~ c have not a ~ c, at probability 1/2; ``linked``
is the share of the pairs of items that the model calls similar there, since a model
that calls nothing similar breaks nothing; and ``violations_at_rate`` is the same share
of violations where every model calls as many pairs similar as there are by their
classes.

Writes ``results/soft_transitivity.csv``. Rows of data sets that are not run are kept.
"""

import argparse
import csv
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from quality import write_csv
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from sklearn.decomposition import PCA
from sklearn.metrics import log_loss, roc_auc_score

from sksymsim import Pairs, SymmetricPairClassifier

RESULTS = Path(__file__).parent / "results"
DATA = {
    "fsdd_speaker_seen": "item_speaker",
    "coil20_pca100": "item_label",
    "fashion900_pca64": "item_label",
}
ALPHAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
STRENGTHS = (0.1, 1.0, 10.0)
N_COMPONENTS = 32
N_TRIPLES = 20_000
N_NEAR = 20
N_ITEMS = 600


class Objective:
    """The loss of labelled pairs, the penalty of the form, and that of triples.

    The score is ``k + 2 a'(g/2 I + L)b + a'Ga + b'Gb + c'(a + b)``; without G and c it
    is bilinear. L, G and c are penalised, g and k are not.
    """

    def __init__(self, items, index, y, quadratic, alpha):
        self.items, self.index, self.sign = items, index, np.where(y == 1, 1.0, -1.0)
        self.quadratic, self.alpha = quadratic, alpha
        self.triples, self.kind, self.strength = np.empty((0, 3), int), "min", 0.0
        self.width = items.shape[1]

    def start(self):
        return np.zeros(2 + self.width + 2 * self.width**2)

    def unpack(self, theta):
        d = self.width
        square = theta[2 + d :].reshape(2, d, d)
        square = (square + square.transpose(0, 2, 1)) / 2
        return theta[0], theta[1], theta[2 : 2 + d], square[0], square[1]

    def score(self, theta, items, index):
        k, g, c, cross, own = self.unpack(theta)
        mapped = items @ (2 * cross) + g * items
        left, right = index.T
        alone = np.einsum("ij,ij->i", items @ own, items) + items @ c
        both = np.einsum("ij,ij->i", mapped[left], items[right])
        return k + both + alone[left] + alone[right]

    def pull(self, residuals, index):
        """Return the gradient by the unknowns, of one by the scores."""
        left, right = index.T
        n = len(self.items)
        graph = sparse.csr_matrix((residuals, (left, right)), shape=(n, n))
        coupled = self.items.T @ (graph @ self.items)
        coupled = coupled + coupled.T
        degree = np.bincount(left, residuals, n) + np.bincount(right, residuals, n)
        parts = [[residuals.sum()], [np.trace(coupled) / 2], np.zeros(self.width)]
        own = np.zeros_like(coupled)
        if self.quadratic:
            parts[2] = self.items.T @ degree
            own = (self.items.T * degree) @ self.items
        return np.concatenate([*parts, coupled.ravel(), own.ravel()])

    def broken(self, p):
        """Return how far each triple is broken, and the slopes by its three p."""
        one, other, far = p
        if self.kind == "min":
            gap = np.minimum(one, other) - far
            slopes = np.stack([one <= other, one > other, -np.ones_like(far)])
        else:
            gap = one * other - far
            slopes = np.stack([other, one, -np.ones_like(far)])
        gap = np.maximum(gap, 0)
        return gap, slopes * (2 * gap)

    def __call__(self, theta):
        scores = self.score(theta, self.items, self.index)
        value = -log_expit(self.sign * scores).mean()
        residuals = -self.sign * expit(-self.sign * scores) / len(scores)
        gradient = self.pull(residuals, self.index)
        if self.strength:
            a, b, c = self.triples.T
            index = np.concatenate(
                [np.column_stack(s) for s in ((a, b), (b, c), (a, c))]
            )
            p = expit(self.score(theta, self.items, index)).reshape(3, -1)
            gap, slopes = self.broken(p)
            value += self.strength * (gap**2).mean()
            residuals = self.strength / gap.size * slopes * p * (1 - p)
            gradient += self.pull(residuals.ravel(), index)
        shape = theta[2:]
        value += self.alpha / 2 * shape @ shape
        gradient[2:] += self.alpha * shape
        return value, gradient

    def solve(self, start):
        found = minimize(
            self, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}
        )
        return found.x


def sample_triples(scores, rng):
    """Return triples of items: half near each other by a matrix of scores."""
    n = len(scores)
    near = np.argsort(-scores, axis=1)[:, 1 : N_NEAR + 1]
    b = rng.integers(n, size=N_TRIPLES)
    a, c = rng.integers(n, size=(2, N_TRIPLES))
    half = np.arange(N_TRIPLES) < N_TRIPLES // 2
    picks = rng.integers(N_NEAR, size=(2, N_TRIPLES))
    a, c = (np.where(half, near[b, k], x) for k, x in zip(picks, (a, c), strict=True))
    triples = np.column_stack([a, b, c])
    different = (a != b) & (b != c) & (a != c)
    return triples[different]


def violation_rate(linked):
    """Return how many of the triples a ~ b ~ c are not closed by a ~ c."""
    linked = linked.astype(np.float64)
    np.fill_diagonal(linked, 0)
    paths = linked @ linked
    np.fill_diagonal(paths, 0)
    n_paths = paths.sum()
    return float((paths * (1 - linked)).sum() / n_paths) if n_paths else 0.0


def all_pairs(n):
    return np.indices((n, n)).reshape(2, -1).T


def judge(score, problem):
    """Return the numbers of a model; `score` takes items and an index."""
    dev, test = problem["dev"], problem["test"]
    items, classes = problem["test_items"], problem["test_classes"]
    log_odds = score(*test[:2])
    matrix = score(items, all_pairs(len(items))).reshape(len(items), -1)
    same = classes[:, None] == classes
    apart = ~np.eye(len(items), dtype=bool)
    cut = np.quantile(matrix[apart], 1 - same[apart].mean())
    return {
        "dev_loss": log_loss(dev[2], expit(score(*dev[:2]))),
        "auc": roc_auc_score(test[2], log_odds),
        "log_loss": log_loss(test[2], expit(log_odds)),
        "violations": violation_rate(matrix > 0),
        "linked": float((matrix > 0)[apart].mean()),
        "violations_at_rate": violation_rate(matrix > cut),
    }


def load(path, key, rng):
    """Return items by principal components of training, in units of their spread."""
    with np.load(path, allow_pickle=False) as file:
        items = file["items"].astype(np.float64)
        index, y, split, classes = (file[k] for k in ("pairs", "y", "split", key))
    parts = {
        name: (index[split == name], y[split == name]) for name in np.unique(split)
    }
    used = np.unique(parts["train"][0])
    items = PCA(N_COMPONENTS, random_state=0).fit(items[used]).transform(items)
    items /= np.sqrt(2 * items[used].var(axis=0).sum())
    chosen = np.unique(parts["test"][0])
    chosen = rng.permutation(chosen)[:N_ITEMS]
    return {
        **{name: (items, *part) for name, part in parts.items()},
        "train_items": used,
        "test_items": items[chosen],
        "test_classes": classes[chosen],
    }


def library_score(model):
    """Return a score as of :func:`judge`, of a fitted classifier."""
    return lambda items, index: model.decision_function(
        Pairs.from_index(np.ascontiguousarray(items), index)
    )


def run(path, key):
    """Yield a row for each model of a data set."""
    rng = np.random.default_rng(0)
    problem = load(path, key, rng)
    items, index, y = problem["train"]

    def row(form, alpha, term, strength, numbers):
        found = {"data": path.stem, "form": form, "alpha": alpha, "term": term}
        found |= {"strength": strength, **numbers}
        print(found, flush=True)
        return found

    for alpha in ALPHAS:
        model = SymmetricPairClassifier(alpha=alpha)
        model.fit(Pairs.from_index(items, index), y)
        yield row("mahalanobis", alpha, "", 0.0, judge(library_score(model), problem))
    used = problem["train_items"]
    compact = np.searchsorted(used, index)
    for form in ("bilinear", "quadratic"):
        plain = {}
        for alpha in ALPHAS:
            objective = Objective(items[used], compact, y, form == "quadratic", alpha)
            theta = objective.solve(objective.start())
            numbers = judge(partial(objective.score, theta), problem)
            plain[alpha] = numbers["dev_loss"], theta
            yield row(form, alpha, "", 0.0, numbers)
        # The term is judged at the penalty that is best without it.
        alpha = min(plain, key=lambda a: plain[a][0])
        objective = Objective(items[used], compact, y, form == "quadratic", alpha)
        theta = plain[alpha][1]
        every = objective.score(theta, items[used], all_pairs(len(used)))
        objective.triples = sample_triples(every.reshape(len(used), -1), rng)
        for kind, strength in product(("min", "product"), STRENGTHS):
            objective.kind, objective.strength = kind, strength
            found = objective.solve(theta)
            numbers = judge(partial(objective.score, found), problem)
            yield row(form, alpha, kind, strength, numbers)


def main():
    """Run the data sets named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    target = RESULTS / "soft_transitivity.csv"
    for name in arguments.names or DATA:
        rows = list(run(arguments.folder / f"{name}.npz", DATA[name]))
        kept = []
        if target.exists():
            with target.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if row["data"] != name]
        write_csv(target, kept + rows)


if __name__ == "__main__":
    main()
