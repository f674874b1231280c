# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of networks of pairs."""

import warnings
from contextlib import contextmanager

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d

from sksymsim._validation.parameters import Number
from sksymsim._validation.targets import check_labels, check_sortable

# How the warning of an interrupt begins: a search of many fits ends by it.
INTERRUPTED = "Training was interrupted"


class LayerSizes:
    """Widths of layers: a sequence of positive numbers, maybe empty, or one."""

    def __contains__(self, value):
        sizes = value if isinstance(value, list | tuple | np.ndarray) else [value]
        return all(size in Number(int, 1) for size in sizes)

    def __str__(self):
        return "an int >= 1 or a sequence of such, () for none"


def as_sizes(value):
    """Return widths of layers as a tuple of int."""
    sizes = value if isinstance(value, list | tuple | np.ndarray) else [value]
    return tuple(int(size) for size in sizes)


def check_is_stochastic(estimator):
    """Say whether the solver works on parts of the pairs, or raise the reason."""
    if estimator.solver != "adam":
        raise AttributeError(
            f"partial_fit is not available: solver={estimator.solver!r} looks at all "
            "pairs at a time. Use solver='adam'."
        )
    return True


@contextmanager
def check_can_hold_out(fraction):
    """Say what to do where no pairs can be held out for early stopping."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True holds out validation_fraction={fraction:g} of the "
            "pairs, of both classes and of items (or groups) that training does not "
            "see, and these pairs do not allow it. Pass early_stopping=False, or "
            f"another validation_fraction. The splitter says: {error}"
        ) from error


def check_partial_labels(y, classes, known, n_pairs):
    """Return the two classes, and which pairs of one part of a stream are similar.

    Parameters
    ----------
    y : array-like of shape (n_pairs,)
    classes : array-like of shape (2,) or None
        As given; needed at the first call unless `y` has both.
    known : ndarray of shape (2,) or None
        Of earlier calls.
    n_pairs : int
    """
    if classes is not None:
        classes, _ = check_sortable(column_or_1d(classes), "classes")
        if len(classes) != 2:
            raise ValueError(
                f"classes must hold two labels, got {classes.tolist()}; the greater "
                "one means similar."
            )
        if known is not None and not np.array_equal(classes, known):
            raise ValueError(
                f"classes={classes.tolist()} are not those of the earlier calls, "
                f"{known.tolist()}."
            )
    known = classes if known is None else known
    if known is None:
        return check_labels(y, n_pairs)
    y = column_or_1d(y, warn=True)
    if len(y) != n_pairs:
        raise ValueError(f"got {n_pairs} pairs but {len(y)} labels in y.")
    unknown = [
        label
        for label in check_sortable(y, "y")[0].tolist()
        if label not in known.tolist()
    ]
    if unknown:
        raise ValueError(
            f"y holds the label {unknown[0]!r}, and the classes are {known.tolist()}."
        )
    return known, y == known[1]


def warn_if_not_trained(trained, options, stacklevel):
    """Warn that training was ended by something else than its own rule."""
    if trained.progress.interrupted:
        warnings.warn(
            f"{INTERRUPTED} after {len(trained.progress.losses)} "
            "iterations; the model has the best weights so far.",
            UserWarning,
            stacklevel=stacklevel,
        )
    elif not trained.finished:
        warnings.warn(
            f"Training stopped after max_iter={options.max_iter} iterations (or "
            f"max_fun={options.max_fun} evaluations) and had not converged. The model "
            "is usable; increase them, or tol.",
            ConvergenceWarning,
            stacklevel=stacklevel,
        )
