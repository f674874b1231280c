# SPDX-License-Identifier: BSD-3-Clause
"""Whether vector indexes find what `top_k` finds, in the same order.

Made-up embeddings of 384 features, of unit length around a mean that is not zero, in
classes; 10,000 items and 1,000 queries in single precision. The truth are the log-odds
of all combinations in double precision. For each form and index:

- identical: the share of queries whose ten rows are those of `top_k`, in order.
- same_scores: the share of queries whose log-odds at each of the ten ranks are those
  of `top_k`, up to 1e-6 of the largest log-odds of the query. Items that are nearer to
  each other than single precision can tell may change places, and may do so in `top_k`
  with float32 items too, which is the first row.
- recall: the share of the ten nearest that is found, ties by the same rule. One but for
  the graph of hnswlib.
- largest_gap: the largest difference of log-odds at a rank, as a share of the log-odds
  there.
- log_odds_error: the largest error of the log-odds that are made of the index's
  numbers, as a share of the largest.
- n_negative: how many eigenvalues of L, the matrix between the two items, are negative.

The PostgreSQL server is started by the script, see ``tests/postgres_server.py``, and
scans the table. What is not installed is left out. Usage::

    python benchmarks/indexes.py --out benchmarks/results/indexes.csv
"""

import argparse
import csv
import importlib
import sys
import time
import warnings
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import NearestNeighbors

from sksymsim import (
    SymmetricPairClassifier,
    make_pairs,
    to_cosine,
    to_inner_product,
    to_l2,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postgres_server import NoServerError, running_server

N_FEATURES, N_CLASSES, K = 384, 200, 10
TOLERANCE = 1e-6
SPACES = {"l2": to_l2, "inner_product": to_inner_product, "cosine": to_cosine}
MODELS = {
    "mahalanobis": SymmetricPairClassifier("mahalanobis"),
    "bilinear": SymmetricPairClassifier("bilinear"),
    "quadratic": SymmetricPairClassifier("quadratic"),
    # Its L is indefinite.
    "quadratic, kissme": SymmetricPairClassifier("quadratic", prior="kissme"),
}
COLUMNS = [
    "form",
    "index",
    "metric",
    "n_items",
    "n_queries",
    "n_dimensions",
    "n_negative",
    "identical",
    "same_scores",
    "recall",
    "largest_gap",
    "log_odds_error",
    "seconds",
    "version",
]


def embeddings(rng, n_rows):
    """Return unit vectors in classes, and the classes."""
    centers = np.random.default_rng(1).normal(size=(N_CLASSES, N_FEATURES))
    classes = rng.integers(N_CLASSES, size=n_rows)
    X = centers[classes] + 1.5 * rng.normal(size=(n_rows, N_FEATURES)) + 0.7
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X.astype(np.float32), classes


# ----------------------------------------------------------------------------- engines
# Each returns the numbers and the rows that it found.


def faiss(space, items, queries, server):
    package = importlib.import_module("faiss")
    kind = package.IndexFlatL2 if space.metric == "l2" else package.IndexFlatIP
    index = kind(space.n_dimensions)
    index.add(items)
    return index.search(queries, K)


def hnswlib_exact(space, items, queries, server):
    package = importlib.import_module("hnswlib")
    index = package.BFIndex(short(space), space.n_dimensions)
    index.init_index(len(items))
    index.add_items(items)
    return index.knn_query(queries, K, num_threads=1)[::-1]


def hnswlib_graph(space, items, queries, server):
    package = importlib.import_module("hnswlib")
    index = package.Index(short(space), space.n_dimensions)
    index.init_index(len(items), M=32, ef_construction=200, random_seed=0)
    index.add_items(items, num_threads=1)
    index.set_ef(400)
    return index.knn_query(queries, K, num_threads=1)[::-1]


def short(space):
    return "ip" if space.metric == "inner_product" else space.metric


def sklearn(space, items, queries, server):
    index = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=space.metric)
    return index.fit(items).kneighbors(queries)


def pgvector(space, items, queries, server):
    operator = {"l2": "<->", "inner_product": "<#>", "cosine": "<=>"}[space.metric]
    server.query("DROP TABLE IF EXISTS items, queries;")
    server.load("items", items)
    server.load("queries", queries)
    return server.nearest("items", "queries", operator, K)


# name: (function, metrics, what log_odds calls it, package)
ENGINES = {
    "faiss flat": (faiss, ["l2", "inner_product", "cosine"], "faiss", "faiss-cpu"),
    "hnswlib exact": (hnswlib_exact, ["l2", "inner_product"], "hnswlib", "hnswlib"),
    "hnswlib graph": (hnswlib_graph, ["l2", "inner_product"], "hnswlib", "hnswlib"),
    "sklearn brute": (sklearn, ["l2", "cosine"], "sklearn", "scikit-learn"),
    "pgvector scan": (pgvector, ["l2", "inner_product"], "pgvector", "pgserver"),
}


# --------------------------------------------------------------------------- measuring


def compare(scores, top, rows):
    """Return the numbers of a row that compare found items with the truth."""
    found = np.take_along_axis(scores, rows, axis=1)
    best = np.take_along_axis(scores, top, axis=1)
    size = np.abs(scores).max(axis=1, keepdims=True)
    same = np.abs(found - best) <= TOLERANCE * size
    reached = found >= best[:, -1:] - TOLERANCE * size
    return {
        "identical": (rows == top).all(axis=1).mean(),
        "same_scores": same.all(axis=1).mean(),
        "recall": reached.mean(),
        "largest_gap": f"{(np.abs(found - best) / np.abs(best)).max():.1e}",
    }


def measure(name, model, X, queries, server):
    """Yield the rows of one model."""
    double = X.astype(np.float64), queries.astype(np.float64)
    scores = model.cross_scores(double[1], double[0])
    _, top = model.top_k(double[1], double[0], K)
    lam = np.linalg.eigvalsh(model.get_polynomial()[3])
    common = {
        "form": name,
        "n_items": len(X),
        "n_queries": len(queries),
        "n_negative": int((lam < -1e-9 * np.abs(lam).max()).sum()),
    }
    start = time.perf_counter()
    values, rows = model.top_k(queries, X, K)
    seconds = time.perf_counter() - start
    error = np.abs(values - np.take_along_axis(scores, rows, axis=1)).max()
    yield (
        common
        | compare(scores, top, rows)
        | {
            "index": "top_k float32",
            "log_odds_error": f"{error / np.abs(scores).max():.1e}",
            "seconds": f"{seconds:.2f}",
        }
    )
    for metric, make in SPACES.items():
        space = make(model, X)
        vectors = space.transform_items(X), space.transform_queries(queries)
        for index, (search, metrics, engine, package) in ENGINES.items():
            if metric not in metrics or (search is pgvector and server is None):
                continue
            try:
                found_version = version(package)
            except PackageNotFoundError:
                continue
            start = time.perf_counter()
            values, rows = search(space, *vectors, server)
            seconds = time.perf_counter() - start
            rows = np.asarray(rows).astype(np.intp)
            log_odds = space.log_odds(values, queries, engine=engine)
            error = np.abs(log_odds - np.take_along_axis(scores, rows, axis=1)).max()
            yield (
                common
                | compare(scores, top, rows)
                | {
                    "index": index,
                    "metric": metric,
                    "n_dimensions": space.n_dimensions,
                    "log_odds_error": f"{error / np.abs(scores).max():.1e}",
                    "seconds": f"{seconds:.2f}",
                    "version": f"{package} {found_version}",
                }
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--form", choices=MODELS, help="this one only")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    known, classes = embeddings(rng, 4000)
    pairs, y, _ = make_pairs(known, classes, n_pairs=20_000, random_state=0)
    X, _ = embeddings(rng, options.items)
    queries, _ = embeddings(rng, options.queries)
    rows = []
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except NoServerError as error:
            print("without pgvector:", error)
            server = None
        for name in [options.form] if options.form else MODELS:
            model = MODELS[name]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.set_params(tol=1e-2, max_iter=100).fit(pairs, y)
            for row in measure(name, model, X, queries, server):
                rows.append({column: row.get(column, "") for column in COLUMNS})
                print(*rows[-1].values(), sep=", ", flush=True)
                if options.out:
                    write(options.out, rows)


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
