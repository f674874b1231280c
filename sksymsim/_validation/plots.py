# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of pictures."""

import numbers

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksymsim._validation.parameters import Number


def import_pyplot(owner):
    """Return pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{owner} needs matplotlib, which cannot be imported ({error}): "
            "pip install sksymsim[plot]"
        ) from error
    return plt


def check_matrices(model, found):
    """Refuse a model without learned matrices, or one that is not fitted."""
    if found is None:
        check_is_fitted(model)
        raise TypeError(
            "a spectrum needs a fitted SymmetricPairClassifier, or a Pipeline or a "
            f"search that ends in one; {type(model).__name__} has no matrices."
        )


def check_cv_results(results, parameter):
    """Return the key of each candidate that holds a parameter, or None.

    Parameters
    ----------
    results : dict
        ``cv_results_`` of a search.
    parameter : str
        The name of the parameter, with or without the steps that lead to it.

    Returns
    -------
    keys : list of length n_candidates
    """
    for key in ("params", "mean_test_score"):
        if key not in results:
            raise ValueError(
                f"cv_results_ has no {key!r}; of a search with several metrics, hand "
                "over a dict in which 'mean_test_score' and 'split0_test_score', ... "
                "are those of one of them."
            )
    keys = []
    for params in results["params"]:
        named = [k for k in params if k == parameter or k.endswith(f"__{parameter}")]
        if len(named) > 1:
            raise ValueError(
                f"parameter={parameter!r} may be any of {sorted(named)}; name one of "
                "them in full."
            )
        keys.append(named[0] if named else None)
    if not any(keys):
        known = sorted({key for params in results["params"] for key in params})
        raise ValueError(
            f"no candidate has a parameter {parameter!r}; there are {known}."
        )
    return keys


def check_axis_values(values, parameter):
    """Return the values of a parameter as floats, if all have a place on a log axis."""
    for value in values:
        known = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not known or not value >= 0:
            raise ValueError(
                f"parameter={parameter!r} must be numbers >= 0 to be an axis, got "
                f"{value!r}."
            )
    return np.array(values, dtype=np.float64)


def check_search(search):
    """Return the results of a fitted search."""
    if not hasattr(search, "cv_results_"):
        check_is_fitted(search)
        raise TypeError(
            f"{type(search).__name__} has no cv_results_; pass a fitted search such as "
            "GridSearchCV."
        )
    return search.cv_results_


def check_train_sizes(train_sizes, n_train):
    """Return numbers of training pairs, rising and without repetitions.

    Parameters
    ----------
    train_sizes : array-like of int or float, or None
        Numbers of pairs, or shares of `n_train` in (0, 1]; None takes seven sizes,
        each half of the next.
    n_train : int
        The pairs of the smallest training part.
    """
    if train_sizes is None:
        sizes = n_train // 2 ** np.arange(7)
        return np.unique(sizes[sizes >= min(n_train, 10)])
    sizes = np.asarray(train_sizes)
    share = Number(float, 0, 1, open_low=True)
    count = Number(int, 2, n_train)
    if sizes.ndim != 1 or sizes.size == 0 or sizes.dtype.kind not in "iuf":
        raise ValueError(
            f"train_sizes must be a list of {count} or of {share}, got {train_sizes!r}."
        )
    allowed = share if sizes.dtype.kind == "f" else count
    for size in sizes.tolist():
        if size not in allowed:
            raise ValueError(f"train_sizes must hold {allowed}, got {size!r}.")
    if sizes.dtype.kind == "f":
        sizes = np.maximum(2, np.round(sizes * n_train)).astype(np.intp)
    return np.unique(sizes)


def check_subset_labels(similar, size):
    """Refuse a subset of training pairs that is of one class only."""
    if similar.all() or not similar.any():
        raise ValueError(
            f"{size} training pairs are of one class only; raise the smallest of "
            "train_sizes."
        )
