# SPDX-License-Identifier: BSD-3-Clause
"""A fitted model as an ONNX graph, for runtimes without Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sksymsim._exports.members import members_of
from sksymsim._exports.onnx_graph import (
    IR_VERSION,
    OPSET,
    TRANSFORMERS,
    Graph,
    add_transformer,
)
from sksymsim._validation.export import import_onnx
from sksymsim._version import __version__
from sksymsim.preprocessing import SharedTransformer

if TYPE_CHECKING:
    from typing import Any

    from sksymsim._typing import Estimator

__all__ = ["to_onnx"]


def to_onnx(model: Estimator) -> Any:
    """Turn a fitted model into an ONNX graph.

    Parameters
    ----------
    model : estimator
        Fitted. A classifier: a :class:`SymmetricPairClassifier` with form
        "mahalanobis", "bilinear" or "quadratic", a stack, a recalibrated model or a
        search of such, or a Pipeline of :class:`SharedTransformer` steps and one of
        these. Or a transformer of items: :class:`EmbeddingNormalizer`, or
        scikit-learn's ``StandardScaler``, ``PCA`` or ``Normalizer``, alone, in a
        Pipeline or shared.

    Returns
    -------
    onnx_model : onnx.ModelProto
        Checked by ``onnx.checker``. ``onnx_model.SerializeToString()`` is what runtimes
        take, ``onnx.save(onnx_model, path)`` writes it.

    Raises
    ------
    ImportError
        If onnx is not installed: ``pip install sksymsim[deploy]``.
    TypeError
        If the model cannot be exported; the text says what can.
    ValueError
        If the weights take more than the 2 GB that one file may hold.

    Notes
    -----
    Inputs of a classifier are ``a`` and ``b``, float32 of shape (n_pairs, n_features);
    outputs are ``log_odds`` of shape (n_pairs,), ``probabilities`` of shape
    (n_pairs, 2) in the order of `classes_`, and ``label`` of shape (n_pairs,), of
    64-bit integers, strings, bools or floats as the classes are. A transformer has
    ``X`` and ``X_new``. The number of rows is free.

    All is computed in float32, and symmetric as the model is: a + b, (a - b)^2 and
    products commute bit for bit. Unlike the model, the graph does not refuse NaN and
    infinity, and does not turn to float64 where squares overflow.

    Opset 13 (IR version 7) is the oldest that has all operators in their present form,
    so that runtimes of any age take the graph. ``metadata_props`` holds the versions of
    sksymsim and scikit-learn, the type of the model, its classes and the number of
    features.

    References
    ----------
    .. [1] ONNX operators, https://onnx.ai/onnx/operators/

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, to_onnx
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> graph = to_onnx(model)
    >>> [one.name for one in graph.graph.input]
    ['a', 'b']
    >>> [one.name for one in graph.graph.output]
    ['log_odds', 'probabilities', 'label']

    A runtime takes it from there::

        session = onnxruntime.InferenceSession(graph.SerializeToString())
        log_odds, probabilities, label = session.run(None, {"a": X_a, "b": X_b})
    """
    check_is_fitted(model)
    onnx = import_onnx()
    graph = Graph(onnx, int(model.n_features_in_))
    if isinstance(model, SharedTransformer):
        model = model.transformer_
    if _is_transformer(model):
        inputs, outputs = _add_transformer(graph, model)
        classes = None
    else:
        inputs, outputs = _add_classifier(graph, model)
        classes = np.asarray(model.classes_).tolist()
    return _finished(graph, model, inputs, outputs, classes)


def _is_transformer(model):
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    return type(model) in TRANSFORMERS


def _add_transformer(graph, transformer):
    name = add_transformer(graph, transformer, "X")
    graph.node("Identity", name, output="X_new")
    float32 = graph.onnx.TensorProto.FLOAT
    return (
        [("X", float32, ["n_items", graph.n_features])],
        [("X_new", float32, ["n_items", "n_new_features"])],
    )


def _add_classifier(graph, model):
    weighted_sum = members_of(model)
    columns = [graph.member(member, "a", "b") for member in weighted_sum.members]
    intercept = graph.weight([[weighted_sum.intercept]])
    scores = graph.node("Add", graph.sum(columns), intercept)
    graph.node("Squeeze", scores, graph.weight([1], np.int64), output="log_odds")
    sides = [graph.node("Sigmoid", s) for s in (graph.node("Neg", scores), scores)]
    graph.node("Concat", *sides, output="probabilities", axis=1)
    similar = graph.node("Greater", "log_odds", graph.weight([0.0]))
    place = graph.node("Cast", similar, to=graph.onnx.TensorProto.INT64)
    classes, label_type = _add_classes(graph, np.asarray(model.classes_))
    graph.node("Gather", classes, place, output="label")
    float32 = graph.onnx.TensorProto.FLOAT
    return (
        [(side, float32, ["n_pairs", graph.n_features]) for side in ("a", "b")],
        [
            ("log_odds", float32, ["n_pairs"]),
            ("probabilities", float32, ["n_pairs", 2]),
            ("label", label_type, ["n_pairs"]),
        ],
    )


def _add_classes(graph, classes):
    """Add the two labels; return their name and type."""
    types = graph.onnx.TensorProto
    kind = classes.dtype.kind
    if kind == "b":
        return graph.weight(classes, np.bool_), types.BOOL
    if kind in "iu":
        return graph.weight(classes, np.int64), types.INT64
    if kind == "f":
        return graph.weight(classes, np.float64), types.DOUBLE
    return graph.strings([str(label) for label in classes.tolist()]), types.STRING


def _finished(graph, model, inputs, outputs, classes):
    onnx, helper = graph.onnx, graph.onnx.helper
    name = type(model).__name__
    whole = helper.make_model(
        helper.make_graph(
            graph.nodes,
            name,
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*value) for value in outputs],
            graph.weights,
        ),
        producer_name="sksymsim",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        doc_string="A symmetric similarity of two embeddings, as log-odds."
        if classes
        else "A transformer of embeddings.",
    )
    metadata = {
        "sksymsim_version": __version__,
        "sklearn_version": sklearn.__version__,
        "model": name,
        "n_features": str(graph.n_features),
    }
    if classes:
        metadata["classes"] = json.dumps(classes, default=str)
    helper.set_model_props(whole, metadata)
    onnx.checker.check_model(whole, full_check=True)
    return whole
