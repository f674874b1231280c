# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of pairs that are spread over machines."""

from importlib import import_module


def check_counts(found):
    """Refuse parts without pairs, or of several widths."""
    n_pairs = sum(part.n_pairs for part in found)
    if n_pairs < 2:
        raise ValueError(
            f"Found {n_pairs} pairs in all partitions (n_samples={n_pairs}) while a "
            "minimum of 2 is required."
        )
    widths = sorted({part.n_features for part in found if part.n_pairs})
    if len(widths) > 1:
        raise ValueError(
            f"the partitions hold items of several widths: {widths}; all need the "
            "same features."
        )


def import_dask(part=None):
    """Return dask or a part of it, or say how to install it."""
    name = "dask" if part is None else f"dask.{part}"
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs {name}, which cannot be imported ({error}): "
            "pip install sksymsim[distributed]"
        ) from error


def check_client():
    """Return the Dask client in use, or say that there has to be one."""
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise ImportError(
            f"fit needs distributed, which cannot be imported ({error}): "
            "pip install sksymsim[distributed]"
        ) from error
    try:
        return distributed.get_client()
    except ValueError as error:
        raise RuntimeError(
            "fit keeps the pairs on the workers of a Dask cluster, and there is no "
            "client of one. Begin with distributed.Client(address), or with "
            "distributed.Client() for processes of this machine."
        ) from error


def check_distributed_estimator(estimator, has_class):
    """Refuse what does not fit by sums over the pairs."""
    if not has_class:
        raise TypeError(
            "only SymmetricPairClassifier is fitted on a cluster, got "
            f"{type(estimator).__name__}: its objective is a sum over pairs. Fit "
            "others in one process; DaskPairClassifier.from_fitted scores with them."
        )
    if estimator.form == "poly":
        raise ValueError(
            "form='poly' has a coefficient for each training pair, and needs all pairs "
            "in one place. On a cluster use 'mahalanobis', 'bilinear' or 'quadratic'."
        )


def check_dask_pairs(X, owner):
    """Refuse pairs that are not spread over a cluster at all."""
    raise TypeError(
        f"{owner} takes DaskPairs, a dask array of shape (n_pairs, 2, n_features) or a "
        f"tuple of two dask arrays, got {type(X).__name__}. For pairs in memory use "
        "the estimator itself."
    )


def check_sides_of_chunks(sides):
    """Refuse sides whose blocks are not pairs of whole rows."""
    n_axes, wanted, names = 2, "(n_pairs, n_features)", ("X_a", "X_b")
    if len(sides) == 1:
        n_axes, wanted, names = 3, "(n_pairs, 2, n_features)", ("X",)
    for name, side in zip(names, sides, strict=True):
        if side.ndim != n_axes or (n_axes == 3 and side.shape[1] != 2):
            raise ValueError(
                f"{name} must be a dask array of shape {wanted}, got {side.shape}."
            )
        check_one_column_of_chunks(side, name)
    first, last = sides[0], sides[-1]
    if first.shape[1:] != last.shape[1:] or str(first.chunks) != str(last.chunks):
        raise ValueError(
            "X_a and X_b must have the same chunks, so that both sides of a pair are "
            f"in one place, got {first.chunks[0]} and {last.chunks[0]} rows and "
            f"{first.shape[1]} and {last.shape[1]} features; use "
            "X_b.rechunk(X_a.chunks)."
        )


def check_one_column_of_chunks(array, name):
    """Refuse rows that are cut into several chunks."""
    if any(len(chunks) > 1 for chunks in array.chunks[1:]):
        cut = {axis: -1 for axis in range(1, array.ndim)}
        raise ValueError(
            f"a row of {name} must not be cut: its chunks are {array.chunks[1:]} along "
            f"the other axes; use {name}.rechunk({cut})."
        )


def check_blocks(fits, name, wanted=None, got=None, what="entries"):
    """Refuse labels or weights that do not go with the partitions of the pairs."""
    if fits:
        return
    if wanted is None:
        raise TypeError(
            f"{name} must be a dask array or series: the sizes of the partitions of "
            "the pairs are not known, so an array cannot be divided in the same way."
        )
    raise ValueError(
        f"{name} has {got} {what} and the pairs have {wanted}; there must be one "
        f"{'label' if name == 'y' else 'weight'} for each pair, in the same order."
    )


def check_known_rows(sizes, name):
    """Refuse blocks of unknown sizes where rows have to be counted."""
    if any(size != size for size in sizes):
        raise ValueError(
            f"the rows of the blocks of {name} are not known, and are to be counted; "
            f"use {name}.compute_chunk_sizes()."
        )


def check_fitted_model(model, methods):
    """Refuse what scores no pairs."""
    missing = [name for name in methods if not hasattr(model, name)]
    if missing:
        raise TypeError(
            f"{type(model).__name__} has no {missing[0]}: from_fitted takes a fitted "
            "classifier of pairs."
        )


def raise_lost(error, attempts):
    """Say that data was lost again and again."""
    raise RuntimeError(
        f"data on the workers was lost {attempts} times in a row. What was scattered, "
        "or persisted without a way to make it again, cannot be had back once its "
        "worker is gone: give collections that are read from files, and see the logs "
        "of the workers for why they end (often their memory limit)."
    ) from error
