# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of the search and of its stacks."""

import numpy as np
from sklearn.utils.validation import check_array


def check_members(estimators, weights):
    """Check the members of a stack and their weights."""
    if not estimators:
        raise ValueError("a stack needs at least one (name, estimator).")
    for entry in estimators:
        if not (isinstance(entry, tuple) and len(entry) == 2):
            raise ValueError(
                f"estimators must be a list of (name, estimator), got {entry!r}."
            )
    weights = check_array(weights, ensure_2d=False, input_name="weights")
    if weights.shape != (len(estimators),):
        raise ValueError(
            f"there are {len(estimators)} estimators, so weights must have shape "
            f"({len(estimators)},), got {weights.shape}."
        )
    if (weights < 0).any():
        raise ValueError("weights of a stack must not be negative.")


def check_choices(values, allowed, name, owner):
    """Return a sequence of which every entry is allowed, as a list."""
    listed = [values] if isinstance(values, str) else list(values)
    wrong = [value for value in listed if value not in allowed]
    if wrong:
        known = ", ".join(map(repr, allowed))
        raise ValueError(
            f"the {name!r} parameter of {owner} may hold {known}; got {wrong[0]!r}."
        )
    return listed


def check_numbers(values, low, high, name, owner, *, none_allowed=False):
    """Return a sequence of numbers in a range, as a list."""
    listed = list(np.atleast_1d(np.asarray(values, dtype=object)))
    for value in listed:
        if value is None and none_allowed:
            continue
        if (
            not isinstance(value, (int, float, np.number))
            or isinstance(value, bool)
            or not low <= value <= high
        ):
            raise ValueError(
                f"the {name!r} parameter of {owner} must hold numbers from {low:g} to "
                f"{high:g}{' or None' if none_allowed else ''}; got {value!r}."
            )
    if not listed:
        raise ValueError(f"the {name!r} parameter of {owner} is empty.")
    return listed


def check_candidates(candidates):
    """Check the estimators that a user brings to a search."""
    for entry in candidates:
        named = isinstance(entry, tuple) and len(entry) in (2, 3)
        if not named or not hasattr(entry[1], "fit"):
            raise ValueError(
                "candidates must be a list of (name, estimator) or (name, estimator, "
                f"grid); got {entry!r}."
            )
        if not isinstance(entry[0], str):
            raise ValueError(
                f"the name of a candidate must be a str, got {entry[0]!r}."
            )


def check_folds(folds, n_pairs, similar):
    """Return folds as a list of integer arrays, each part with both labels."""
    checked = []
    for fold in folds:
        train, test = (np.asarray(part) for part in fold)
        rows = [np.flatnonzero(p) if p.dtype == bool else p for p in (train, test)]
        for part, chosen in zip(("training", "test"), rows, strict=True):
            if len(chosen) == 0 or chosen.min() < 0 or chosen.max() >= n_pairs:
                raise ValueError(
                    f"fold {len(checked)} of cv has a {part} part that is empty or "
                    f"outside of the {n_pairs} pairs."
                )
            if similar[chosen].all() or not similar[chosen].any():
                raise ValueError(
                    f"fold {len(checked)} of cv has a {part} part of one class only; "
                    "use fewer folds, or more pairs."
                )
        checked.append(tuple(rows))
    if not checked:
        raise ValueError("cv has no folds.")
    return checked
