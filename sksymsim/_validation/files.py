# SPDX-License-Identifier: BSD-3-Clause
"""The error of model files, and the checks of what models are made of."""

import json

import numpy as np
from scipy import sparse

from sksymsim._validation.parameters import Number, _shorten
from sksymsim.exceptions import ModelFileError


class FloatArray:
    """An array of finite float32 or float64 numbers.

    Parameters
    ----------
    *axes : int or str
        The length of each axis: a number, or the name of an attribute, or any other
        name, which stands for the same length wherever an object has it.
    """

    kinds, text = "f", "floats"

    def __init__(self, *axes):
        self.axes = axes

    def __contains__(self, value):
        return (
            isinstance(value, np.ndarray)
            and value.dtype.kind in self.kinds
            and value.ndim == len(self.axes)
            and is_finite(value)
        )

    def __str__(self):
        shape = ", ".join(map(str, self.axes)) + "," * (len(self.axes) == 1)
        return f"an array of {self.text}, all finite, of shape ({shape})"


class SparseFloats(FloatArray):
    """A CSR matrix of finite numbers."""

    text = "floats in CSR"

    def __contains__(self, value):
        return (
            sparse.issparse(value)
            and value.dtype.kind == "f"
            and len(self.axes) == 2
            and is_finite(value.data)
        )


class Labels(FloatArray):
    """Two labels of any kind, sorted as ``numpy.unique`` does."""

    kinds, text = "biufUO", "labels"

    def __contains__(self, value):
        if not super().__contains__(value) or value.shape != (2,):
            return False
        return value[0] != value[1]


class Names(FloatArray):
    """Strings."""

    kinds, text = "O", "strings"


class ListOf:
    """A list or tuple whose entries are all one thing.

    Parameters
    ----------
    entry : object
        What knows by ``in`` whether an entry will do, such as a ``Choice``.
    """

    def __init__(self, entry):
        self.entry = entry

    def __contains__(self, value):
        if not isinstance(value, list | tuple):
            return False
        return all(entry in self.entry for entry in value)

    def __str__(self):
        return f"a list of which each entry is {self.entry}"


class Card:
    """A model card: what JSON can hold, with the entries that every card has."""

    def __contains__(self, value):
        if not isinstance(value, dict) or not value.keys() >= CARD_ENTRIES.keys():
            return False
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            return False
        return all(isinstance(value[key], kind) for key, kind in CARD_ENTRIES.items())

    def __str__(self):
        return f"a dict with {', '.join(CARD_ENTRIES)}"


CARD_ENTRIES = {
    "estimator": str,
    "n_features": int,
    "n_pairs": int,
    "n_similar": int,
    "labels": dict,
    "feature_names": (list, type(None)),
    "scores": dict,
    "notes": dict,
    "versions": dict,
}


def is_finite(array):
    """Say whether no number of an array is NaN or infinite."""
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def check_parts(parts, name, allowed):
    """Refuse a part of an object that is not what it may be, or of another length.

    Parameters
    ----------
    parts : dict
    name : str
        What the error text calls the object.
    allowed : dict of str to list
        For each part, the constraints of which one must hold.
    """
    lengths = {}
    for part in allowed:
        if part not in parts:
            continue
        value = parts[part]
        met = [constraint for constraint in allowed[part] if value in constraint]
        if not met:
            texts = " or ".join(map(str, allowed[part]))
            raise ModelFileError(
                f"{part} of {name} must be {texts}, got {show(value)}."
            )
        axes = getattr(met[0], "axes", ())
        for axis, length in zip(axes, getattr(value, "shape", ()), strict=False):
            known = axis
            if isinstance(axis, str):
                known = parts.get(axis, lengths.setdefault(axis, length))
            if length != known:
                raise ModelFileError(
                    f"{part} of {name} must be {met[0]}, got {show(value)}: {axis} is "
                    f"{known}."
                )


def require(holds, text):
    """Raise the error of model files unless something holds."""
    if not holds:
        raise ModelFileError(text)


def show(value):
    """Return a value for an error text, an array by its kind and shape."""
    if isinstance(value, np.ndarray):
        how = "" if is_finite(value) else " with NaN or infinity"
        return f"an array of {value.dtype} of shape {value.shape}{how}"
    return _shorten(value)


# ------------------------------------------------------------- arguments and headers


def check_mmap_mode(mmap_mode):
    """Refuse modes in which a model could be changed, or its file."""
    if mmap_mode not in (None, "r"):
        raise ValueError(f"mmap_mode must be None or 'r', got {_shorten(mmap_mode)}.")


def check_compact_dtype(dtype):
    """Refuse a precision that models do not have."""
    if dtype is not None and dtype not in ("float32", "float64"):
        raise ValueError(
            f"dtype must be 'float32', 'float64' or None, got {_shorten(dtype)}."
        )


def check_header(header, known_format):
    """Return the versions that a header names, if this version can read the rest."""
    made = header.get("format")
    require(
        type(made) is int and made >= 1 and "model" in header,
        "the header is not that of a model.",
    )
    versions = header.get("versions")
    known = isinstance(versions, dict) and isinstance(versions.get("sksymsim"), str)
    require(known, "the header does not say which version wrote the file.")
    require(
        made <= known_format,
        f"the file is of format {made}, written by sksymsim {versions['sksymsim']}; "
        f"this version reads formats up to {known_format}. Install that version or a "
        "newer one.",
    )
    return versions


def check_has_card(carrier, model):
    """Refuse models in which nothing of this package was fitted."""
    if carrier is None:
        raise ValueError(
            f"{type(model).__name__} has no model card: it is not fitted, or holds no "
            "classifier of sksymsim."
        )


def check_card_entries(entries, name):
    """Return entries of a model card as JSON gives them back."""
    if entries is None:
        return {}
    if not isinstance(entries, dict) or not all(isinstance(k, str) for k in entries):
        raise ValueError(f"{name} must be a dict with strings as keys.")
    try:
        entries = json.loads(json.dumps(entries, allow_nan=False, default=_as_plain))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be what JSON can hold: {error}.") from error
    numbers = all(value in Number(float, -np.inf) for value in entries.values())
    if name == "scores" and not numbers:
        raise ValueError(f"scores must be finite numbers, got {_shorten(entries)}.")
    return entries


def _as_plain(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{_shorten(value)} is of type {type(value).__name__}")


def check_feature_names(names, n_features):
    """Return names of features as a list of str, one for each feature."""
    names = list(names)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("feature_names must be strings.")
    if len(names) != n_features:
        raise ValueError(
            f"got {len(names)} feature_names for {n_features} features of an item."
        )
    return names
