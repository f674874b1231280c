# SPDX-License-Identifier: BSD-3-Clause
"""How far the log-odds of onnxruntime are from ours, and how large the files are.

Made-up embeddings of 384 features; 5,000 pairs in one batch, and 200 of them one by
one. Differences are shares of the largest log-odds of the batch, from our scores in
single and in double precision. ``symmetric`` says whether exchanging the two inputs
changed no bit, in the batch and pair by pair. Usage::

    python benchmarks/onnx_scores.py --out benchmarks/results/onnx_scores.csv
"""

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricPairClassifier,
    make_pairs,
    to_onnx,
)

N_FEATURES, N_PAIRS, N_SINGLE = 384, 5000, 200


def classifier(form, **parameters):
    return SymmetricPairClassifier(form, tol=1e-2, max_iter=50, **parameters)


def behind(transformer, model):
    return make_pipeline(SharedTransformer(transformer), model)


def models():
    yield "mahalanobis", classifier("mahalanobis")
    yield "mahalanobis, rank 64", classifier("mahalanobis", n_components=64)
    yield "bilinear", classifier("bilinear")
    yield (
        "bilinear, rank 64, psd=False",
        classifier("bilinear", n_components=64, psd=False),
    )
    yield "quadratic", classifier("quadratic")
    normalizer = EmbeddingNormalizer(whiten=0.5)
    yield "normaliser, mahalanobis", behind(normalizer, classifier("mahalanobis"))
    scaled = make_pipeline(StandardScaler(), PCA(100))
    yield "scaler, PCA, quadratic", behind(scaled, classifier("quadratic"))
    yield (
        "stack of three",
        StackedPairClassifier(
            [
                ("a", behind(normalizer, classifier("mahalanobis", n_components=64))),
                ("b", classifier("bilinear", n_components=64)),
                ("c", behind(PCA(100), classifier("quadratic"))),
            ],
            weights=[0.5, 0.3, 0.2],
        ),
    )


def measure(name, model, a, b):
    """Return the row of one model."""
    content = to_onnx(model).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(left, right):
        return session.run(["log_odds"], {"a": left, "b": right})[0]

    single = [slice(i, i + 1) for i in range(N_SINGLE)]
    batch = run(a, b)
    alone = np.concatenate([run(a[one], b[one]) for one in single])
    back = np.concatenate([run(b[one], a[one]) for one in single])
    row = {"model": name, "megabytes": f"{len(content) / 1e6:.2f}"}
    for dtype in ("float32", "float64"):
        ours = model.decision_function(Pairs(a.astype(dtype), b.astype(dtype)))
        size = np.abs(ours).max()
        row[f"batch_{dtype}"] = f"{np.abs(batch - ours).max() / size:.1e}"
        row[f"single_{dtype}"] = f"{np.abs(alone - ours[:N_SINGLE]).max() / size:.1e}"
    symmetric = np.array_equal(batch, run(b, a)) and np.array_equal(alone, back)
    return row | {"symmetric": symmetric, "onnxruntime": onnxruntime.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    classes = np.arange(3000) % 100
    items = rng.normal(size=(100, N_FEATURES))[classes]
    items = (items + 1.5 * rng.normal(size=items.shape) + 0.5).astype(np.float32)
    pairs, y, _ = make_pairs(items, classes, n_pairs=N_PAIRS, random_state=0)
    rows = []
    for name, model in models():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(pairs, y)
        rows.append(measure(name, model, pairs.left, pairs.right))
        print(*rows[-1].values(), sep=", ", flush=True)
    if options.out:
        with options.out.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
