# SPDX-License-Identifier: BSD-3-Clause
"""Tables of other libraries: their numbers as NumPy arrays, and their column names.

Nothing is imported here: a table is known by what it can do.
"""

import warnings
from contextlib import contextmanager

import numpy as np

# kDLCPU of DLPack: memory that NumPy can read.
CPU = 1
# So many names are shown of those that differ.
MAX_SHOWN = 5
OUTPUTS = ("default", "pandas", "polars")
NO_NAMES = "X does not have valid feature names, but"


def is_frame(table):
    """Say whether something is a data frame, of pandas, polars or the like."""
    return hasattr(table, "columns") and hasattr(table, "to_numpy")


def is_foreign(array):
    """Say whether something is an array of another library than NumPy."""
    return hasattr(array, "__dlpack__") and not isinstance(
        array, np.ndarray | np.generic
    )


def to_array(table, name="X"):
    """Return anything like an array as an ndarray, never copied without need.

    Parameters
    ----------
    table : array-like, data frame or array of another library
    name : str
        What the error text calls it.

    Raises
    ------
    TypeError
        If it is an array whose memory NumPy cannot read.
    """
    if is_foreign(table):
        return _from_another_library(table, name)
    array = np.asanyarray(table)
    return _without_masks(table, array) if is_frame(table) else array


def not_all_numbers(frame, name):
    """Return what to say of a data frame with columns that hold no numbers."""
    dtypes = {one: np.asarray(frame[one]).dtype for one in frame.columns}
    others = [one for one, dtype in dtypes.items() if dtype.kind not in "fiub"]
    shown = ", ".join(map(repr, others[:MAX_SHOWN])) + ", ..." * (
        len(others) > MAX_SHOWN
    )
    return (
        f"{name} must hold numbers, and these columns hold none: {shown}. Pass the "
        f"columns of the embedding, or the one column of vectors, {name}['...']."
    )


def column_of_vectors(array, name):
    """Return a column of vectors, as Parquet files have them, as a matrix.

    Parameters
    ----------
    array : ndarray
        Anything but a 1-D array of vectors of numbers stays what it is.
    name : str
        What the error text calls it.

    Raises
    ------
    ValueError
        If the vectors differ in length.
    """
    if array.dtype != object or array.ndim != 1 or not array.size:
        return array
    if not all(isinstance(one, np.ndarray | list | tuple) for one in array):
        return array
    return stack_vectors(array.tolist(), f"the vectors of {name}")


def stack_vectors(vectors, name):
    """Stack vectors of one width into a 2-D array."""
    widths = {np.shape(vector) for vector in vectors}
    if len(widths) != 1 or len(next(iter(widths))) != 1:
        raise ValueError(
            f"{name} must be 1-D and of one length, got shapes {sorted(widths)[:5]}."
        )
    return np.array(vectors)


def is_missing(label):
    """Say whether a label stands for none: None, NaN, NaT, or the NA of pandas."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        # NA answers every comparison with NA, which is neither true nor false.
        return True


def plain_array(values, name):
    """Return an array of another library as an ndarray, and all else as it is."""
    return _from_another_library(values, name) if is_foreign(values) else values


def _from_another_library(array, name):
    kind = f"{type(array).__module__.partition('.')[0]}.{type(array).__name__}"
    try:
        device = array.__dlpack_device__()[0]
        if device == CPU:
            # By `__array__` where there is one: DLPack knows no read-only memory.
            read = np.asarray if hasattr(array, "__array__") else np.from_dlpack
            return read(array)
        reason = f"it is in the memory of a device (DLPack type {int(device)})"
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
    raise TypeError(
        f"{name} is a {kind} that NumPy cannot read: {reason.rstrip('.')}. sksymsim "
        "computes on the CPU; pass a NumPy array, for PyTorch "
        "tensor.detach().cpu().numpy()."
    )


def _without_masks(frame, array):
    """Return numbers where nullable columns of pandas have made objects of them."""
    dtypes = list(getattr(frame, "dtypes", ()))
    if array.dtype != object or not dtypes:
        return array
    if not all(getattr(dtype, "kind", "O") in "fiub" for dtype in dtypes):
        return array
    common = np.result_type(*(getattr(one, "numpy_dtype", one) for one in dtypes))
    # What is missing is NaN, as in columns of floats.
    dtype = common if common.kind == "f" else np.float64
    return frame.to_numpy(dtype=dtype, na_value=np.nan)


def check_output(container):
    """Return the name of a container that `transform` can fill."""
    if container not in OUTPUTS:
        raise ValueError(
            f"transform={container!r} must be one of {', '.join(map(repr, OUTPUTS))}."
        )
    return container


# ------------------------------------------------------------------ names of features


def names_of(table, name="X"):
    """Return the column names of a data frame; None if it has none that are strings.

    Raises
    ------
    TypeError
        If some names are strings and others are not.
    """
    if not is_frame(table):
        return None
    names = list(table.columns)
    strings = [isinstance(one, str) for one in names]
    if not any(strings):
        return None
    if not all(strings):
        kinds = sorted({type(one).__qualname__ for one in names})
        raise TypeError(
            "Feature names are only supported if all input features have string "
            f"names, but {name} has {kinds} as column names. Convert them all to "
            "strings, or pass an array."
        )
    return np.array(names, dtype=object)


def names_of_sides(left, right):
    """Return the names that both sides of some pairs have, or the one that has any.

    Raises
    ------
    ValueError
        If the columns of the two sides are not the same, in the same order.
    """
    names = names_of(left, "left"), names_of(right, "right")
    known = [one for one in names if one is not None]
    if len(known) == 2 and list(names[0]) != list(names[1]):
        raise ValueError(
            "left and right must have the same columns in the same order. "
            + _difference(*names)
        )
    return known[0] if known else None


def _difference(left, right):
    only_left, only_right = set(left) - set(right), set(right) - set(left)
    if only_left or only_right:
        shown = [
            f"only {side} has {', '.join(map(repr, sorted(only)[:MAX_SHOWN]))}"
            f"{', ...' * (len(only) > MAX_SHOWN)}"
            for side, only in (("left", only_left), ("right", only_right))
            if only
        ]
        return "; ".join(shown).capitalize() + "."
    i = next(i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b)
    return (
        f"Column {i} is {left[i]!r} on the left and {right[i]!r} on the right; use "
        "right[list(left.columns)]."
    )


def check_names(names, fitted, owner):
    """Compare names of features with those of the fit, in the words of scikit-learn.

    Parameters
    ----------
    names, fitted : ndarray of str or None
    owner : str
        The class that insists.

    Raises
    ------
    ValueError
        If there are others, or they come in another order.

    Warns
    -----
    UserWarning
        If only one of the two is known.
    """
    if names is None and fitted is None:
        return
    if fitted is None:
        _warn(f"X has feature names, but {owner} was fitted without feature names")
    elif names is None:
        _warn(f"{NO_NAMES} {owner} was fitted with feature names")
    elif list(names) != list(fitted):
        text = "The feature names should match those that were passed during fit.\n"
        unseen, missing = set(names) - set(fitted), set(fitted) - set(names)
        if unseen:
            text += "Feature names unseen at fit time:\n" + _listed(unseen)
        if missing:
            text += "Feature names seen at fit time, yet now missing:\n"
            text += _listed(missing)
        if not unseen and not missing:
            text += "Feature names must be in the same order as they were in fit.\n"
        raise ValueError(text)


def _warn(text):
    warnings.warn(text, UserWarning, stacklevel=5)


def _listed(names):
    lines = [f"- {name}\n" for name in sorted(names)[:MAX_SHOWN]]
    return "".join(lines) + "- ...\n" * (len(names) > MAX_SHOWN)


def names_of_items(model, X, name="X"):
    """Compare names of items with those that a model knows, and return the latter.

    For rows that are taken out of X and made into pairs.
    """
    fitted = getattr(model, "feature_names_in_", None)
    check_names(names_of(X, name), fitted, type(model).__name__)
    return fitted


@contextmanager
def without_names():
    """Let models have rows without names, which were looked at before."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NO_NAMES, UserWarning)
        yield
