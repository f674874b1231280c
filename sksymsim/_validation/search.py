# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of the search and of its stacks."""

import warnings
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.validation import check_array

from sksymsim._validation.frames import plain_array
from sksymsim._validation.items import check_pairs
from sksymsim._validation.targets import check_labels

# Of the candidates that are always there.
RESERVED_NAMES = ("cosine", "euclid")
# Of two groups, one held out leaves pairs inside of a single group, at best.
MIN_GROUPS = 3
# The share of pairs for validation that may be fitted on too, or of held-out pairs that
# may have an item in training: real tables repeat some.
SHARED_ALLOWED = 0.1


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


def check_choices(values, allowed, name, owner, *, empty_allowed=False):
    """Return a sequence of which every entry is allowed, as a list."""
    listed = _as_list(values)
    wrong = [value for value in listed if value not in allowed]
    if wrong:
        known = ", ".join(map(repr, allowed))
        raise ValueError(
            f"The {name!r} parameter of {owner} may hold {known}. Got {wrong[0]!r} "
            "instead."
        )
    if not (listed or empty_allowed):
        raise ValueError(f"The {name!r} parameter of {owner} is empty.")
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
                f"The {name!r} parameter of {owner} must hold numbers from {low:g} to "
                f"{high:g}{' or None' if none_allowed else ''}. Got {value!r} instead."
            )
    if not listed:
        raise ValueError(f"The {name!r} parameter of {owner} is empty.")
    return listed


def check_sizes(values, name, owner):
    """Return a sequence of positive whole numbers, which may be empty, as a list."""
    listed = _as_list(values)
    for value in listed:
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(
                f"The {name!r} parameter of {owner} must hold whole numbers from 1 on. "
                f"Got {value!r} instead."
            )
    return listed


def check_candidates(candidates, ready_made, owner):
    """Check the estimators that a user brings to a search, and names of others.

    Parameters
    ----------
    candidates : as given
    ready_made : collection of str
        The names that stand for something.
    owner : str
    """
    shown = ", ".join(map(repr, ready_made))
    wanted = f"a list of (name, estimator), (name, estimator, grid) or names of {shown}"
    if not isinstance(candidates, list | tuple):
        raise ValueError(
            f"The 'candidates' parameter of {owner} must be {wanted}. Got "
            f"{candidates!r} instead."
        )
    names = set(RESERVED_NAMES)
    for entry in candidates:
        name = entry
        if isinstance(entry, str):
            if entry not in ready_made:
                raise ValueError(f"there is no candidate {entry!r}; there are {shown}.")
        else:
            name = _name_of(entry, wanted)
        if name in names:
            raise ValueError(
                f"the name {name!r} of a candidate is taken; settings of one "
                "estimator go into its grid."
            )
        names.add(name)


def _name_of(entry, wanted):
    """Return the name of an estimator that a user brings."""
    named = isinstance(entry, tuple) and len(entry) in (2, 3)
    if not named or not hasattr(entry[1], "fit"):
        raise ValueError(f"candidates must be {wanted}, got {entry!r}.")
    if not isinstance(entry[0], str):
        raise ValueError(f"the name of a candidate must be a str, got {entry[0]!r}.")
    return entry[0]


def check_forms(forms, allowed, owner):
    """Return forms as a list; kernels are none, as they have no path of penalties."""
    if "poly" in _as_list(forms):
        raise ValueError(
            f"The 'forms' parameter of {owner} is for forms that are matrices, whose "
            "penalties are tried along one path; 'poly' is fitted anew for each. Pass "
            "candidates=['poly'], or ('poly', SymmetricPairClassifier('poly'), grid)."
        )
    return check_choices(forms, allowed, "forms", owner, empty_allowed=True)


def check_error_score(error_score, owner):
    """Refuse what is neither "raise" nor NaN."""
    is_nan = isinstance(error_score, float | np.floating) and np.isnan(error_score)
    if not is_nan and not (isinstance(error_score, str) and error_score == "raise"):
        raise ValueError(
            f"The 'error_score' parameter of {owner} must be 'raise' or np.nan. Got "
            f"{error_score!r} instead."
        )


def check_groups_of_pairs(groups, n_pairs):
    """Return groups as an array with a row for each pair, or None."""
    if groups is None:
        return None
    groups = np.asarray(plain_array(groups, "groups"))
    if groups.shape[:1] != (n_pairs,):
        raise ValueError(
            f"groups must have a row for each of the {n_pairs} pairs; its shape is "
            f"{groups.shape}."
        )
    return groups


def check_log_odds(scores, n_pairs):
    """Return what a guest says of held-out pairs, if it is one number for each."""
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape != (n_pairs,):
        raise ValueError(
            f"it returned scores of shape {scores.shape} for {n_pairs} pairs."
        )
    if not np.isfinite(scores).all():
        raise ValueError("its scores of held-out pairs are not all finite.")
    return scores


def named_failure(candidate, error, where="on some fold"):
    """Return what to say if a guest cannot be fitted."""
    setting = f" with {candidate.params}" if candidate.params else ""
    return (
        f"the candidate {candidate.family!r}{setting} could not be fitted {where}: "
        f"{type(error).__name__}: {error}"
    )


def warn_of_failures(failures):
    """Warn of guests that could not be fitted on some fold.

    Parameters
    ----------
    failures : list of (str, str)
        The family of each, and why.
    """
    lines = [
        f"{family!r}, {count} setting{'s' * (count != 1)}: {reason}"
        for (family, reason), count in Counter(failures).items()
    ]
    warnings.warn(
        "some candidates could not be fitted on some fold, so they are not compared; "
        "their scores are NaN (error_score='raise' makes this an error):\n"
        + "\n".join(lines),
        FitFailedWarning,
        stacklevel=4,
    )


def warn_of_lost_weights(families):
    """Warn that guests are fitted as if all pairs had the same weight."""
    if families:
        warnings.warn(
            "sample_weight cannot reach the candidates "
            f"{', '.join(map(repr, families))}: their fit takes no such argument, or "
            "with metadata routing enabled, they did not request it. They are fitted "
            "without weights.",
            UserWarning,
            stacklevel=3,
        )


def check_cv(cv, owner):
    """Refuse what can be no folds."""
    if cv is None:
        return
    if isinstance(cv, Integral):
        if isinstance(cv, bool) or cv < 2:
            raise ValueError(
                f"The 'cv' parameter of {owner} must be at least 2 folds. Got {cv!r} "
                "instead; one fixed split is cv=[(train, test)]."
            )
    elif isinstance(cv, str) or not (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        raise ValueError(
            f"The 'cv' parameter of {owner} must be an int, a splitter, an iterable of "
            f"(train, test) or None. Got {cv!r} instead."
        )


def check_folds(folds, similar, weights):
    """Return folds as a list of integer arrays, each part with both labels.

    Pairs of weight zero are left out.
    """
    checked = []
    for number, fold in enumerate(folds):
        if not hasattr(fold, "__len__") or len(fold) != 2:
            raise ValueError(f"fold {number} of cv is no pair (train, test).")
        rows = []
        for part, chosen in zip(("training", "test"), fold, strict=True):
            chosen = _rows_of(np.asarray(chosen), len(similar))
            if chosen is None:
                raise ValueError(
                    f"fold {number} of cv has a {part} part that is empty or outside "
                    f"of the {len(similar)} pairs."
                )
            chosen = chosen[weights[chosen] > 0]
            if similar[chosen].all() or not similar[chosen].any():
                raise ValueError(
                    f"fold {number} of cv has a {part} part of one class only; use "
                    "fewer folds, or more pairs, or more groups."
                )
            rows.append(chosen)
        checked.append(tuple(rows))
    if not checked:
        raise ValueError("cv has no folds.")
    return checked


def warn_if_items_shared(n_shared, n_held, stacklevel):
    """Warn if folds hold out many pairs of items that they are fitted on.

    Parameters
    ----------
    n_shared, n_held : int
        Held-out pairs of all folds: with an item that is in training, and all.
    stacklevel : int
        As of :func:`warnings.warn`, seen from the caller.
    """
    if n_shared > SHARED_ALLOWED * n_held:
        warnings.warn(
            f"{n_shared} of the {n_held} pairs that cv holds out have an item that is "
            "in training too: the scores are those of known items, and too high for "
            "new ones. For new items leave cv=None, or pass a number or "
            "PairGroupKFold(), whose folds share none. If the items will be known, "
            "cv=PairGroupKFold(level='pair') says so, and is silent, as is a fit with "
            "the groups that are new in each fold.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def check_groups_enough(n_groups):
    """Refuse folds of new groups where there are too few to train and to test on."""
    if n_groups < MIN_GROUPS:
        raise ValueError(
            f"groups has {n_groups} different label{'s' * (n_groups != 1)}, and folds "
            f"that hold out whole groups need at least {MIN_GROUPS}; without groups, "
            "the folds are by items."
        )


def check_parts(n_similar, n_dissimilar, n_parts):
    """Refuse held-out pairs that cannot be divided to judge choices on.

    Parameters
    ----------
    n_similar, n_dissimilar : int
        The numbers of different pairs.
    n_parts : int
    """
    if min(n_similar, n_dissimilar) < n_parts:
        raise ValueError(
            f"there are {n_similar} similar and {n_dissimilar} dissimilar pairs held "
            f"out in one fixed split, repeated ones counted once, and a choice needs "
            f"at least {n_parts} similar and {n_parts} dissimilar ones."
        )


def check_dense(pairs, name, owner):
    """Refuse sparse items: what a search compares would fill them."""
    if pairs.is_sparse:
        raise TypeError(
            f"{owner} takes dense items, and those of {name} are sparse: centring "
            "would fill them. Reduce them first, for example with "
            "SharedTransformer(TruncatedSVD(n_components=256)) in a Pipeline."
        )


def warn_if_fitted(keys, validation_keys):
    """Warn if many pairs for validation are fitted on too, in whichever order.

    Parameters
    ----------
    keys, validation_keys : ndarray of int
        A number for each different pair.
    """
    shared = int(np.isin(validation_keys, keys).sum())
    if shared > SHARED_ALLOWED * len(validation_keys):
        warnings.warn(
            f"{shared} of the {len(validation_keys)} pairs of X_val are in X too: of "
            "pairs that were fitted, what remembers most knows best. Give X_val that "
            "shares no pair with X.",
            UserWarning,
            stacklevel=5,
        )


def check_validation(X_val, y_val, classes, n_features):
    """Return the pairs of `X_val`, and which of them are similar, or None.

    Parameters
    ----------
    X_val, y_val : as given to `fit`
    classes : ndarray of shape (2,)
        The labels that were fitted.
    n_features : int
    """
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val go together: give the pairs that choices are made on and "
            "their labels, or neither."
        )
    try:
        pairs = check_pairs(X_val, min_pairs=2)
        found, similar = check_labels(y_val, len(pairs))
    except (TypeError, ValueError) as error:
        # The text is about any pairs and labels; say which.
        raise type(error)(f"X_val and y_val: {error}") from error
    if pairs.shape[2] != n_features:
        raise ValueError(
            f"X_val has {pairs.shape[2]} features, and X has {n_features}."
        )
    check_dense(pairs, "X_val", "a search")
    if found.tolist() != classes.tolist():
        raise ValueError(
            f"y_val has the labels {found.tolist()}, and y has {classes.tolist()}."
        )
    return pairs, similar


def _as_list(values):
    """Return a sequence as a list; what is none becomes its only entry."""
    single = isinstance(values, str) or not hasattr(values, "__iter__")
    return [values] if single else list(values)


def _rows_of(chosen, n_pairs):
    """Return numbers of pairs, or None if they are not numbers of any."""
    if chosen.dtype == bool and chosen.shape == (n_pairs,):
        chosen = np.flatnonzero(chosen)
    is_index = chosen.dtype.kind in "iu" and chosen.ndim == 1 and len(chosen) > 0
    return chosen if is_index and 0 <= chosen.min() <= chosen.max() < n_pairs else None
