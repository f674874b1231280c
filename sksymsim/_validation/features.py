# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of symmetric features and of symmetrised classifiers."""

from numbers import Integral

import numpy as np

from sksymsim._validation.items import check_table
from sksymsim._validation.parameters import Instance

CLASSIFIER = Instance(
    "a classifier of rows with fit, and with predict_proba or decision_function",
    methods=("fit",),
)
FEATURE_MAP = Instance("a function of (left, right)", methods=("__call__",))


# ------------------------------------------------------------------ symmetric features


def check_aggregations(aggregations, known):
    """Return names of aggregations as a list: some, all known, each once."""
    shown = ", ".join(map(repr, known))
    names = [aggregations] if isinstance(aggregations, str) else aggregations
    if not isinstance(names, list | tuple | np.ndarray):
        raise ValueError(
            "aggregations must be a list of names such as ['absdiff', 'product'], got "
            f"{aggregations!r}."
        )
    names = list(names)
    if not names:
        raise ValueError(f"aggregations is empty; name at least one of {shown}.")
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"there is no aggregation {name!r}; there are {shown}.")
        if names.count(name) > 1:
            raise ValueError(f"aggregations names {name!r} more than once.")
    return names


def check_feature_names(input_features, n_features, known=None):
    """Return the names of the features of an item; x0, x1, ... if there are none.

    Those known from the fit come first, and refuse others.
    """
    if input_features is None:
        return [f"x{i}" for i in range(n_features)] if known is None else list(known)
    names = np.asarray(input_features, dtype=object)
    if names.shape != (n_features,):
        raise ValueError(
            "input_features should have length equal to the number of features of an "
            f"item, which is {n_features}, got shape {names.shape}."
        )
    if known is not None and names.tolist() != list(known):
        raise ValueError("input_features is not equal to feature_names_in_")
    return names.tolist()


# -------------------------------------------------------------- symmetrised classifiers


def check_has_scores(estimator):
    """Refuse an estimator that says nothing but labels."""
    if not any(hasattr(estimator, m) for m in ("predict_proba", "decision_function")):
        raise ValueError(
            f"{type(estimator).__name__} has neither predict_proba nor "
            "decision_function, so there is nothing to average over the two orders; "
            "wrap it in CalibratedClassifierCV, or take another classifier."
        )


def check_features(values, n_pairs):
    """Return what a feature map made of some pairs, if it has a row for each."""
    values = check_table(values, "what feature_map returned")
    if values.shape[0] != n_pairs:
        raise ValueError(
            f"feature_map turned {n_pairs} pairs into {values.shape[0]} rows; it must "
            "return one row for each."
        )
    return values


def check_takes_weights(estimator, name, sample_weight):
    """Refuse weights that the estimator would never see."""
    if name is None and sample_weight is not None:
        raise ValueError(
            f"sample_weight cannot reach {type(estimator).__name__}: its fit takes no "
            "such argument, or with metadata routing enabled, it did not request it "
            "(set_fit_request(sample_weight=True))."
        )


def check_foldable(cv, owner):
    """Refuse a `cv` of which it is not known how it divides pairs."""
    if isinstance(cv, float) or (
        cv is not None
        and not isinstance(cv, Integral)
        and not hasattr(cv, "split")
        and not hasattr(cv, "__iter__")
    ):
        raise ValueError(
            f"{owner}={cv!r} of the estimator would divide the rows at random, and put "
            "the two orders of a pair on both sides; give a number of folds or a "
            "splitter."
        )


def check_both_orders(y):
    """Refuse rows that are no longer the two orders of pairs, one after the other."""
    y = np.asarray(y)
    if len(y) % 2 or (y[::2] != y[1::2]).any():
        raise ValueError(
            "the rows in this cross-validation are not the two orders of pairs, one "
            "after the other: something between SymmetrizedClassifier and `cv` has "
            "resampled them (such as BaggingClassifier). Cross-validate outside, as in "
            "GridSearchCV(SymmetrizedClassifier(...))."
        )
