# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of exports: to ONNX, and to the vectors of an index."""

from importlib import import_module

import numpy as np

from sksymsim._validation.items import check_items
from sksymsim._validation.parameters import Choice, Number, _shorten

MODELS = (
    "SymmetricPairClassifier with form 'mahalanobis', 'bilinear' or 'quadratic', a "
    "StackedPairClassifier or RecalibratedClassifier of such, a Pipeline of "
    "SharedTransformer steps and one of these, or a search whose best_estimator_ is "
    "one of these"
)


def refuse_model(model, why=""):
    """Raise the error for a model that is no sum of polynomials of degree two."""
    raise TypeError(
        f"{type(model).__name__} cannot be exported{why}: only polynomials of degree "
        f"two in (transformed) items can. These are {MODELS}."
    )


def refuse_step(step):
    """Raise the error for a step of a pipeline that does not transform items."""
    raise TypeError(
        f"the step {type(step).__name__} of the Pipeline cannot be exported: only "
        "SharedTransformer steps, which transform single items, can stand before the "
        "classifier."
    )


def refuse_transformer(transformer, known):
    """Raise the error for a transformer of items that has no graph."""
    raise TypeError(
        f"{type(transformer).__name__} cannot be exported to ONNX as a transformer of "
        f"items: only {', '.join(known)} and Pipelines of these can. Transform the "
        "items before, and export the classifier alone."
    )


# ----------------------------------------------------------------------------- ONNX


def import_onnx():
    """Return the package onnx, or say how to install it."""
    try:
        return import_module("onnx")
    except ImportError as error:
        raise ImportError(
            f"to_onnx needs onnx, which cannot be imported ({error}): "
            "pip install sksymsim[deploy]"
        ) from error


def check_onnx_size(n_bytes, limit):
    """Refuse a model that one ONNX file cannot hold."""
    if n_bytes > limit:
        raise ValueError(
            f"the weights take {n_bytes / 1e9:.2f} GB as float32, and one ONNX file "
            f"holds less than {limit / 1e9:.2f} GB. Fit with fewer features or with "
            "n_components, for example behind SharedTransformer(PCA(512))."
        )


# --------------------------------------------------------------------------- indexes


def check_space_options(margin, dtype):
    """Check what every space of vectors is made with; return the dtype."""
    if margin not in Number(float, 0):
        raise ValueError(f"margin must be {Number(float, 0)}, got {_shorten(margin)}.")
    choice = Choice("float32", "float64")
    try:
        name = np.dtype(dtype).name if dtype is not None else dtype
    except TypeError:
        name = None
    if name not in choice:
        raise ValueError(f"dtype must be {choice}, got {_shorten(dtype)}.")
    return np.dtype(name)


def check_sample(X, n_features, owner):
    """Return the items of an index, or None."""
    if X is None:
        return None
    return check_items(X, n_features, owner, "X")


def check_sample_given(items, needed_for):
    """Refuse to make vectors equally long without knowing the longest."""
    if items is None:
        raise ValueError(
            f"X is needed for {needed_for}: vectors are made equally long, and "
            "for that the longest item has to be known. Pass the items of the index, "
            "or use to_inner_product, which does without."
        )


def check_lengths(squares, limit):
    """Refuse items that are longer than the space has room for."""
    longer = np.flatnonzero(squares > limit)
    if longer.size:
        ratio = float(np.sqrt(squares.max() / limit))
        raise ValueError(
            f"{longer.size} item(s) are longer than the space has room for (the first "
            f"is row {longer[0]}, the longest by a factor of {ratio:.4g}). Make the "
            "space anew with these items in X, or with a larger margin."
        )


def check_engine(engine, metric, conventions):
    """Return how an engine gives numbers of a metric."""
    engines = Choice(
        *sorted({name for known in conventions.values() for name in known})
    )
    if engine not in engines:
        raise ValueError(f"engine must be {engines}, got {_shorten(engine)}.")
    if engine not in conventions[metric]:
        able = [name for name, known in conventions.items() if engine in known]
        raise ValueError(
            f"engine={engine!r} has no index for {metric!r}, only for {able}."
        )
    return conventions[metric][engine]


def check_values(values, n_queries):
    """Return numbers of an index as float64, one row for each query if it is known."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2):
        raise ValueError(
            "values must be the numbers that the index gave, of shape (n_queries, k), "
            f"got dtype {values.dtype} and shape {values.shape}."
        )
    if n_queries is not None and len(values) != n_queries:
        raise ValueError(
            f"values has {len(values)} rows, but X_query has {n_queries} items: one "
            "row is wanted for each query."
        )
    return values.astype(np.float64)


def check_queries_given(X_query):
    """Refuse to make log-odds without the queries where they depend on them."""
    if X_query is None:
        raise ValueError(
            "X_query is needed: the log-odds of this space depend on the query beyond "
            "what the index knows. Pass the items that were queried."
        )
