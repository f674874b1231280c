# SPDX-License-Identifier: BSD-3-Clause
"""Nodes of an ONNX graph: transformers of items, terms of a score, and their names."""

from hashlib import sha256

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from sksymsim._forms import both, difference
from sksymsim._validation.export import check_onnx_size, refuse_transformer
from sksymsim.preprocessing import EmbeddingNormalizer

# The first opset in which reductions to sums have their axes as an input, and the last
# thing that is used of all later ones too. Nothing newer is needed, so that any runtime
# from the end of 2020 on takes the file.
OPSET, IR_VERSION = 13, 7
# A protobuf message ends at 2 GiB; some is left for names and nodes.
MOST_BYTES = 2**31 - 2**20


class Graph:
    """Nodes and weights that are collected, each with a name of its own.

    Parameters
    ----------
    onnx : module
    n_features : int
        The width of the items.
    """

    def __init__(self, onnx, n_features):
        self.onnx, self.n_features = onnx, n_features
        self.nodes, self.weights = [], []
        self.n_bytes = 0
        self._shared = {}

    def node(self, kind, *inputs, output=None, **attributes):
        """Add a node and return the name of its output."""
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(
            self.onnx.helper.make_node(kind, inputs, [output], output, **attributes)
        )
        return output

    def weight(self, array, dtype=np.float32):
        """Add an array and return its name; equal arrays are stored once."""
        array = np.asarray(array)
        array = np.ascontiguousarray(array, dtype=dtype or array.dtype)
        digest = sha256(array.tobytes()).digest()
        key = (array.dtype.str, array.shape, digest)
        if key not in self._shared:
            self.n_bytes += array.nbytes
            check_onnx_size(self.n_bytes, MOST_BYTES)
            self._shared[key] = name = f"weight_{len(self.weights)}"
            self.weights.append(self.onnx.numpy_helper.from_array(array, name))
        return self._shared[key]

    def strings(self, values):
        """Add strings and return their name."""
        name = f"weight_{len(self.weights)}"
        tensor = self.onnx.helper.make_tensor(
            name,
            self.onnx.TensorProto.STRING,
            [len(values)],
            [value.encode() for value in values],
        )
        self.weights.append(tensor)
        return name

    # ------------------------------------------------------------------------- scores

    def transformed(self, transformers, name):
        """Add what transforms one side, and return the name of the result."""
        for transformer in transformers:
            name = add_transformer(self, transformer, name)
        return name

    def member(self, member, left, right):
        """Add a weighted score without its intercept; return a column.

        Symmetric as our own loops are: exchanging the sides flips the sign of a
        difference, leaves a sum as it is, and exchanges the factors of a product.
        """
        score = member.score
        left = self.transformed(member.transformers, left)
        right = self.transformed(member.transformers, right)
        columns, combined = [], {}
        for term, factor, signs in zip(
            score.terms, score.factors, score.signs, strict=True
        ):
            weights = self.weight(factor.T)
            if term.sides is both:
                x, y = (self.node("MatMul", side, weights) for side in (left, right))
            else:
                kind = "Sub" if term.sides is difference else "Add"
                sides = combined[kind] = self.node(kind, left, right)
                x = y = self.node("MatMul", sides, weights)
            products = self.node("Mul", x, y)
            effects = member.weight * term.coefficient * signs
            columns.append(self.node("MatMul", products, self.weight(effects[:, None])))
        if score.linear is not None:
            linear = self.weight(member.weight * score.linear[:, None])
            columns.append(self.node("MatMul", combined["Add"], linear))
        return self.sum(columns)

    def sum(self, names):
        """Add the sum of some columns."""
        total, *others = names
        for name in others:
            total = self.node("Add", total, name)
        return total


# ------------------------------------------------------------------------- transformers


def add_transformer(graph, transformer, x):
    """Add a fitted transformer of items and return the name of what it makes of x."""
    if transformer is None or transformer == "passthrough":
        return x
    add = TRANSFORMERS.get(type(transformer))
    if add is None:
        known = [kind.__name__ for kind in TRANSFORMERS if kind is not Pipeline]
        refuse_transformer(transformer, sorted(known))
    return add(graph, transformer, x)


def _pipeline(graph, pipeline, x):
    for _, step in pipeline.steps:
        x = add_transformer(graph, step, x)
    return x


def _embedding_normalizer(graph, normalizer, x):
    mean = np.asarray(normalizer.mean_, dtype=np.float32)
    x = graph.node("Sub", x, graph.weight(mean))
    # As in its transform: what is left of equal numbers is rounding.
    rounding = 4 * np.finfo(np.float32).eps * np.abs(mean)
    kept = graph.node("Greater", graph.node("Abs", x), graph.weight(rounding))
    x = graph.node("Where", kept, x, graph.weight(np.zeros(1)))
    if normalizer.whitening_ is not None:
        x = graph.node("MatMul", x, graph.weight(normalizer.whitening_))
    if normalizer.norm:
        # Twice: the square of the largest entry is then 1.
        x = _divided_by_length(graph, x, "max")
        x = _divided_by_length(graph, x, "l2")
    return x


def _divided_by_length(graph, x, norm):
    reduction = {"max": "ReduceMax", "l1": "ReduceL1", "l2": "ReduceL2"}[norm]
    source = graph.node("Abs", x) if norm == "max" else x
    length = graph.node(reduction, source, axes=[1], keepdims=1)
    positive = graph.node("Greater", length, graph.weight(np.zeros(1)))
    length = graph.node("Where", positive, length, graph.weight(np.ones(1)))
    return graph.node("Div", x, length)


def _standard_scaler(graph, scaler, x):
    if scaler.with_mean:
        x = graph.node("Sub", x, graph.weight(scaler.mean_))
    if scaler.with_std:
        x = graph.node("Div", x, graph.weight(scaler.scale_))
    return x


def _pca(graph, pca, x):
    x = graph.node("Sub", x, graph.weight(pca.mean_))
    components = pca.components_.T
    if pca.whiten:
        # As in scikit-learn, which does not divide by a variance of zero.
        variances = np.maximum(
            pca.explained_variance_, np.finfo(pca.explained_variance_.dtype).eps
        )
        components = components / np.sqrt(variances)
    return graph.node("MatMul", x, graph.weight(components))


TRANSFORMERS = {
    EmbeddingNormalizer: _embedding_normalizer,
    Normalizer: lambda graph, step, x: _divided_by_length(graph, x, step.norm),
    PCA: _pca,
    Pipeline: _pipeline,
    StandardScaler: _standard_scaler,
}
