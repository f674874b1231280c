# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of what is asked of labels, and the warning of a fit."""

import warnings

from sksymsim._validation.parameters import NONE, RANDOM_STATE, Choice, Number
from sksymsim.exceptions import ContradictoryLabelsWarning, LabelOrderWarning

# From this share of the pairs on, contradictions are worth a warning in each fit. Of
# ten real data sets, the most had 0.2 %.
WORTH_A_WARNING = 0.05
# With so many labels for each pair that has both, they are votes, which may differ.
VOTES = 3
# So many new pairs are no accident of a forgotten cap.
MOST_NEW = 10**8

AUDIT_OPTIONS = {"max_contradictions": [NONE, Number(int, 0)]}
CLOSE_OPTIONS = {
    "max_growth": [NONE, Number(float, 0)],
    "max_new": [NONE, Number(int, 0)],
    "on_conflict": [Choice("keep", "drop", "raise")],
    "max_contradictions": [NONE, Number(int, 0)],
    "random_state": [RANDOM_STATE],
}


def check_options(owner, allowed, **given):
    """Check the arguments of a function against a table of what they may be."""
    for name, value in given.items():
        if not any(value in constraint for constraint in allowed[name]):
            texts = " or ".join(str(constraint) for constraint in allowed[name])
            raise ValueError(
                f"The {name!r} parameter of {owner} must be {texts}. Got {value!r} "
                "instead."
            )


def check_some_labels(n_pairs):
    """Refuse to look for contradictions among no pairs."""
    if n_pairs == 0:
        raise ValueError("got no pairs; there are no labels to look at.")


def check_no_conflict(counts, examples):
    """Refuse labels that contradict each other.

    Parameters
    ----------
    counts : dict of str to int
        How many pairs of each kind of contradiction.
    examples : list of Contradiction
        At least one, if there are any.
    """
    if not any(counts.values()):
        return
    found = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    raise ValueError(
        f"the labels contradict each other: {found}. The first: {examples[0]}. "
        "audit_labels lists them; on_conflict='keep' infers nothing from them, and "
        "'drop' leaves them out."
    )


def check_both_left(similar):
    """Refuse to leave out all pairs of one label."""
    for mask, name in ((similar, "similar"), (~similar, "dissimilar")):
        if not mask.any():
            raise ValueError(
                f"on_conflict='drop' leaves no {name} pairs: contradictions are "
                "everywhere. Look at audit_labels, or use on_conflict='keep'."
            )


def check_n_new(n_new):
    """Refuse to make so many pairs that it cannot have been meant."""
    if n_new > MOST_NEW:
        raise ValueError(
            f"{n_new} pairs follow from the labels; cap them by max_new, or by "
            "max_growth, the number of new pairs for each given one."
        )


def warn_of_the_order(classes, stacklevel):
    """Warn that the greater of two labels counts as similar, and seems not to mean it.

    Parameters
    ----------
    classes : ndarray of shape (2,)
        Words or numbers.
    stacklevel : int
        As of :func:`warnings.warn`, seen from the caller.
    """
    dissimilar, similar = classes.tolist()
    why = "it is the greater label; but pairs labelled"
    also = ", and no nearer than the same items paired anew"
    if isinstance(similar, str):
        why = f"it comes after {dissimilar!r} in the alphabet; but pairs labelled"
        also = ""
    kind = "words" if isinstance(similar, str) else "numbers"
    warnings.warn(
        f"The labels are {kind}, and {similar!r} counts as similar because {why} "
        f"{similar!r} are further apart{also}. If {dissimilar!r} means similar, pass "
        f"y == {dissimilar!r}; otherwise y == {similar!r}, to be silent.",
        LabelOrderWarning,
        stacklevel=stacklevel + 1,
    )


def warn_if_contradictory(found, n_pairs, stacklevel):
    """Warn if pairs contradict each other, by neither rare accidents nor votes.

    Parameters
    ----------
    found : Glance
    n_pairs : int
    stacklevel : int
        As of :func:`warnings.warn`, seen from the caller.
    """
    n_repeated = found.n_repeated
    if n_repeated >= VOTES * found.n_disputed:
        n_repeated = 0
    n_wrong = n_repeated + found.n_self
    if n_wrong < WORTH_A_WARNING * n_pairs or not n_wrong:
        return
    parts = []
    if n_repeated:
        one, other = found.repeated
        parts.append(
            f"{n_repeated} are given with both labels, in either order (for "
            f"example pairs {one} and {other})"
        )
    if found.n_self:
        parts.append(
            f"{found.n_self} say that an item differs from itself (for example pair "
            f"{found.self})"
        )
    warnings.warn(
        f"Of {n_pairs} labelled pairs, {'; '.join(parts)}. Such labels cannot all be "
        "right, and pull the fit to both sides: audit_labels(pairs, y) lists them, "
        "with those that only chains of labels show. To be silent, filter "
        "sksymsim.ContradictoryLabelsWarning.",
        ContradictoryLabelsWarning,
        stacklevel=stacklevel + 1,
    )
