# SPDX-License-Identifier: BSD-3-Clause
"""Models as ONNX graphs: the same scores in onnxruntime, symmetric bit for bit."""

import json

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from pair_data import class_pairs
from scipy.special import expit
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

import sksymsim
from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    load_spoken_digits,
    make_pairs,
    recalibrate,
    to_onnx,
)
from sksymsim._exports import onnx_graph as graphs

NAMES = ["log_odds", "probabilities", "label"]
WITHOUT = "{0} is not installed: pip install {0}"


@pytest.fixture(scope="module")
def onnx():
    return pytest.importorskip("onnx", reason=WITHOUT.format("onnx"))


@pytest.fixture(scope="module")
def session_of(onnx):
    runtime = pytest.importorskip("onnxruntime", reason=WITHOUT.format("onnxruntime"))
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1

    def make(model):
        content = to_onnx(model).SerializeToString()
        return runtime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )

    return make


@pytest.fixture(scope="module")
def spoken():
    data = load_spoken_digits()
    items = data.data[:, ::3]
    pairs, y, _ = make_pairs(items, data.speaker, n_pairs=600, random_state=0)
    return pairs, y


def shared(*transformers):
    return SharedTransformer(make_pipeline(*transformers))


MODELS = {
    "mahalanobis": SymmetricPairClassifier(alpha=1e-3),
    "mahalanobis, rank 8": SymmetricPairClassifier(alpha=1e-3, n_components=8),
    "mahalanobis, indefinite": SymmetricPairClassifier(alpha=1e-3, psd=False),
    "bilinear": SymmetricPairClassifier("bilinear", alpha=1e-3),
    "bilinear, indefinite, rank 8": SymmetricPairClassifier(
        "bilinear", alpha=1e-3, psd=False, n_components=8
    ),
    "quadratic": SymmetricPairClassifier("quadratic", alpha=1e-3),
    "quadratic, rank 8": SymmetricPairClassifier(
        "quadratic", alpha=1e-3, n_components=8
    ),
    "normalised": make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier(alpha=1e-3)
    ),
    "whitened": make_pipeline(
        SharedTransformer(EmbeddingNormalizer(whiten=0.5, center=False)),
        "passthrough",
        SymmetricPairClassifier("bilinear", alpha=1e-3),
    ),
    "scaled, PCA": make_pipeline(
        shared(StandardScaler(), "passthrough", PCA(20, whiten=True)),
        SymmetricPairClassifier("quadratic", alpha=1e-3),
    ),
    "two steps": make_pipeline(
        SharedTransformer(StandardScaler(with_mean=False)),
        SharedTransformer(Normalizer("l1")),
        SymmetricPairClassifier(alpha=1e-3),
    ),
    "stack": StackedPairClassifier(
        [
            ("plain", SymmetricPairClassifier(alpha=1e-3)),
            ("unused", SymmetricPairClassifier(alpha=1e-1)),
            (
                "normalised",
                make_pipeline(
                    SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
                    SymmetricPairClassifier("quadratic", alpha=1e-3),
                ),
            ),
        ],
        weights=[0.3, 0.0, 1.2],
        intercept=-0.7,
    ),
}


@pytest.fixture(scope="module")
def fitted(spoken):
    """Return a function that fits each model once."""
    cache = {}

    def fit(name):
        if name not in cache:
            cache[name] = MODELS[name].fit(*spoken)
        return cache[name]

    return fit


def sides(pairs, dtype=np.float32):
    return pairs.left.astype(dtype), pairs.right.astype(dtype)


def assert_same_answers(session, model, a, b):
    """Log-odds to 1e-5 of the largest one, probabilities to 1e-5, labels if clear."""
    log_odds, probabilities, label = session.run(NAMES, {"a": a, "b": b})
    for dtype in (np.float32, np.float64):
        expected = model.decision_function(Pairs(a.astype(dtype), b.astype(dtype)))
        size = max(1.0, np.abs(expected).max())
        assert_allclose(log_odds, expected, rtol=0, atol=1e-5 * size)
    assert_allclose(probabilities[:, 1], expit(log_odds), atol=1e-6)
    assert_allclose(probabilities, model.predict_proba(Pairs(a, b)), atol=1e-4)
    clear = np.abs(expected) > 1e-4 * size
    assert_array_equal(label[clear], model.predict(Pairs(a, b))[clear])


@pytest.mark.parametrize("name", MODELS)
def test_runtime_gives_the_same_answers(session_of, fitted, spoken, name):
    model, (a, b) = fitted(name), sides(spoken[0])
    session = session_of(model)
    assert_same_answers(session, model, a, b)
    for rows in (slice(0, 1), slice(5, 6), slice(10, 13)):
        assert_same_answers(session, model, a[rows], b[rows])
    log_odds, probabilities, label = session.run(NAMES, {"a": a[:0], "b": b[:0]})
    assert (log_odds.shape, probabilities.shape, label.shape) == ((0,), (0, 2), (0,))


@pytest.mark.parametrize("name", MODELS)
def test_exchanging_the_sides_changes_no_bit(session_of, fitted, spoken, name):
    session, (a, b) = session_of(fitted(name)), sides(spoken[0])
    for rows in (slice(None), slice(0, 257), slice(3, 5), slice(7, 8)):
        there = session.run(NAMES, {"a": a[rows], "b": b[rows]})
        back = session.run(NAMES, {"a": b[rows], "b": a[rows]})
        for one, other in zip(there, back, strict=True):
            assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    "transformer",
    [
        EmbeddingNormalizer(),
        EmbeddingNormalizer(whiten=0.7, norm=False),
        PCA(5),
        make_pipeline(StandardScaler(), PCA(7), Normalizer("max")),
    ],
    ids=["normaliser", "whitening", "PCA", "pipeline"],
)
def test_transformers_of_items(session_of, spoken, transformer):
    items = spoken[0].items.astype(np.float32)[:200]
    # What is constant is left as zero, what has no length stays.
    items[:, 3] = 7.25
    transformer.fit(items)
    # Zero after centring, where there is centring.
    items[0] = getattr(transformer, "mean_", 0.0)
    expected = transformer.transform(items)
    size = np.abs(expected).max()
    session = session_of(transformer)
    (found,) = session.run(None, {"X": items})
    assert_allclose(found, expected, rtol=0, atol=1e-5 * size)
    (found,) = session.run(None, {"X": items[:1]})
    assert_allclose(found, expected[:1], rtol=0, atol=1e-5 * size)
    (again,) = session_of(SharedTransformer(transformer).fit(spoken[0])).run(
        None, {"X": items}
    )
    assert again.shape == expected.shape


@pytest.mark.parametrize(
    ("labels", "onnx_type"),
    [
        ([0, 1], "tensor(int64)"),
        ([-1, 1], "tensor(int64)"),
        ([False, True], "tensor(bool)"),
        ([0.0, 1.0], "tensor(double)"),
        (["different", "the säme"], "tensor(string)"),
    ],
    ids=["int", "sign", "bool", "float", "str"],
)
def test_labels_keep_their_kind(session_of, labels, onnx_type):
    pairs, y, _ = class_pairs()
    model = SymmetricPairClassifier(alpha=1e-2).fit(pairs, np.array(labels)[y])
    session = session_of(model)
    assert session.get_outputs()[2].type == onnx_type
    a, b = sides(pairs)
    assert_array_equal(
        session.run(["label"], {"a": a, "b": b})[0], model.predict(Pairs(a, b))
    )


def test_recalibrated_models_and_searches(session_of):
    pairs, y, groups = class_pairs()
    moved = recalibrate(
        SymmetricPairClassifier(alpha=0.1).fit(pairs, y), pairs[:99], y[:99]
    )
    assert_same_answers(session_of(moved), moved, *sides(pairs))
    search = SymmetricPairClassifierCV(
        whitenings=[None],
        forms=["mahalanobis"],
        priors=["identity"],
        alphas=[1e-2],
        random_state=0,
    ).fit(pairs, y, groups=groups)
    assert_same_answers(session_of(search), search, *sides(pairs))


def test_what_the_file_says(onnx, fitted):
    model = fitted("scaled, PCA")
    exported = to_onnx(model)
    onnx.checker.check_model(exported, full_check=True)
    assert [(o.domain, o.version) for o in exported.opset_import] == [("", 13)]
    assert exported.ir_version == 7
    assert exported.producer_name == "sksymsim"
    assert exported.producer_version == sksymsim.__version__
    metadata = {entry.key: entry.value for entry in exported.metadata_props}
    assert metadata == {
        "sksymsim_version": sksymsim.__version__,
        "sklearn_version": sklearn.__version__,
        "model": "Pipeline",
        "n_features": "27",
        "classes": json.dumps([0, 1]),
    }
    for value in (*exported.graph.input, *exported.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "n_pairs"
    # Weights of both sides are there once: a tenth more than the numbers themselves.
    scaler, _, pca = model[0].transformer_.steps
    n_numbers = 3 * 27 + pca[1].components_.size + 2 * 20 * 20
    assert n_numbers * 4 < exported.ByteSize() < 1.1 * n_numbers * 4 + 4096
    assert scaler[0] == "standardscaler"


def test_half_and_double_precision_are_not_taken(session_of, fitted, spoken):
    session, (a, b) = session_of(fitted("mahalanobis")), sides(spoken[0], np.float64)
    with pytest.raises(Exception, match="float"):
        session.run(None, {"a": a, "b": b})


def test_too_many_weights_for_one_file(onnx, fitted, monkeypatch):
    monkeypatch.setattr(graphs, "MOST_BYTES", 2_000)
    with pytest.raises(ValueError, match=r"weights take 0.00 GB .* with n_components"):
        to_onnx(fitted("mahalanobis"))


def test_without_onnx(fitted, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install sksymsim\[deploy\]"):
        to_onnx(fitted("mahalanobis"))


CAN = "These are SymmetricPairClassifier with form 'mahalanobis'"


def test_models_that_cannot_be_exported(onnx):
    pairs, y, _ = class_pairs(n_pairs=120)
    for model in (
        KernelPairClassifier(),
        SymmetricMLPClassifier(tol=1.0),
        StackedPairClassifier([("kernel", KernelPairClassifier())], weights=[1.0]),
    ):
        model.fit(pairs, y)
        with pytest.raises(TypeError, match=f"cannot be exported.*{CAN}"):
            to_onnx(model)
    poly = SymmetricPairClassifier("poly").fit(pairs, y)
    with pytest.raises(TypeError, match="cannot be exported with form='poly'"):
        to_onnx(poly)
    forest = make_pipeline(SymmetricFeatures(), RandomForestClassifier(2))
    with pytest.raises(TypeError, match="RandomForestClassifier cannot be exported"):
        to_onnx(forest.fit(pairs, y))
    squared = make_pipeline(SymmetricFeatures(), SymmetricPairClassifier())
    squared.steps[0][1].fit(pairs)
    squared.steps[1][1].fit(pairs, y)
    with pytest.raises(TypeError, match="step SymmetricFeatures of the Pipeline"):
        to_onnx(squared)
    svd = make_pipeline(SharedTransformer(TruncatedSVD(2)), SymmetricPairClassifier())
    known = "EmbeddingNormalizer, Normalizer, PCA, StandardScaler"
    with pytest.raises(TypeError, match=f"TruncatedSVD cannot.*only {known}"):
        to_onnx(svd.fit(pairs, y))


def test_not_fitted(onnx):
    with pytest.raises(NotFittedError):
        to_onnx(SymmetricPairClassifier())
