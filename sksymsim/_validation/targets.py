# SPDX-License-Identifier: BSD-3-Clause
"""Checks of labels and of weights."""

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sksymsim._validation.frames import plain_array
from sksymsim._validation.parameters import Number


def check_sortable(labels, name):
    """Return the distinct labels, sorted, and the number of the one of each entry.

    Parameters
    ----------
    labels : ndarray
    name : str
        What the error text calls them.
    """
    try:
        distinct, codes = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise TypeError(
            f"{name} cannot be sorted: {error}. Its entries must be of one type, and "
            "none may be missing."
        ) from error
    return distinct, codes.reshape(labels.shape)


def check_label_column(y, n_pairs):
    """Return one label for each pair, which may be all of one class."""
    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: fit needs one label "
            "for each pair."
        )
    y = column_or_1d(plain_array(y, "y"), warn=True)
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    if len(y) != n_pairs:
        raise ValueError(f"got {n_pairs} pairs but {len(y)} labels in y.")
    return y


def check_labels(y, n_pairs):
    """Return the two classes and, for each pair, whether it is of the greater one.

    Returns
    -------
    classes : ndarray of shape (2,)
        Sorted; the second one means "similar".
    similar : ndarray of bool of shape (n_pairs,)
    """
    y = check_label_column(y, n_pairs)
    classes, codes = check_sortable(y, "y")
    check_classification_targets(y)
    if classes.size == 1:
        raise ValueError(
            f"y holds one class only ({classes.tolist()[0]!r}); learning needs similar "
            "and dissimilar pairs. make_pairs draws both from class labels."
        )
    if classes.size > 2:
        shown = ", ".join(repr(c) for c in classes[:5].tolist())
        raise ValueError(
            f"Only binary classification is supported: y holds {classes.size} classes "
            f"({shown}{', ...' * (classes.size > 5)}); a pair is similar or it is not. "
            "For class labels of single items use make_pairs."
        )
    return classes, codes == 1


def check_weights(sample_weight, n_pairs, *, all_may_be_zero=False):
    """Return weights as float64, not negative and not all zero; None stays None."""
    if sample_weight is None:
        return None
    weights = np.asarray(plain_array(sample_weight, "sample_weight"))
    if weights.dtype.kind not in "fiub":
        raise TypeError(
            f"sample_weight must hold real numbers, got dtype {weights.dtype}."
        )
    weights = weights.astype(np.float64)
    if weights.ndim == 0:
        weights = np.full(n_pairs, float(weights))
    if weights.shape != (n_pairs,):
        raise ValueError(
            f"sample_weight must have shape ({n_pairs},), got {weights.shape}: one "
            "weight for each pair."
        )
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight contains NaN or infinity.")
    if (weights < 0).any():
        raise ValueError(
            f"sample_weight holds {int((weights < 0).sum())} negative weights; weights "
            "must be >= 0."
        )
    if not (all_may_be_zero or weights.any()):
        raise ValueError("sample_weight is zero everywhere; nothing is left to fit.")
    return weights


def check_class_weight(class_weight, classes):
    """Return the factors of the two classes; classes that are not named have 1."""
    names = classes.tolist()
    given = {} if class_weight is None else class_weight
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not among the classes of y: "
            f"{names}."
        )
    factors = [given.get(name, 1.0) for name in names]
    if not all(factor in Number(float, 0) for factor in factors):
        raise ValueError(
            f"class_weight must map classes to finite numbers >= 0, got {given}."
        )
    return [float(factor) for factor in factors]


def check_both_classes_weighted(similar, weights):
    """Refuse weights under which one class has no weight at all."""
    for mask, name in ((similar, "similar"), (~similar, "dissimilar")):
        if not weights[mask].any():
            raise ValueError(
                f"all {name} pairs have zero weight, so only one class is left; "
                "check sample_weight and class_weight."
            )


def check_similar_rate(similar_rate, fit_intercept):
    """Refuse to move an intercept that is held at zero."""
    if similar_rate is not None and not fit_intercept:
        raise ValueError(
            "similar_rate moves the intercept, and fit_intercept=False holds it at 0; "
            "leave one of them at its default."
        )
