# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the parameters of estimators, by a table of what they may be."""

import math
import numbers

import numpy as np


class Choice:
    """One of some strings."""

    def __init__(self, *options):
        self.options = options

    def __contains__(self, value):
        return isinstance(value, str) and value in self.options

    def __str__(self):
        return "one of " + ", ".join(repr(option) for option in self.options)


class Number:
    """A number of one kind in an interval; ends are closed unless said."""

    def __init__(self, kind, low, high=None, *, open_low=False, open_high=False):
        self.kind, self.low, self.high = kind, low, high
        self.open_low, self.open_high = open_low, open_high

    def __contains__(self, value):
        kind = numbers.Integral if self.kind is int else numbers.Real
        if not isinstance(value, kind) or isinstance(value, bool | np.bool_):
            return False
        above = value > self.low if self.open_low else value >= self.low
        if self.high is None:
            return bool(above and self._is_finite(value))
        below = value < self.high if self.open_high else value <= self.high
        return bool(above and below)

    def _is_finite(self, value):
        """Say whether a number is finite, also as a float if it is to be one."""
        try:
            return self.kind is int or math.isfinite(value)
        except OverflowError:
            return False

    def __str__(self):
        kind = "an int" if self.kind is int else "a float"
        if self.high is None:
            return f"{kind} {'>' if self.open_low else '>='} {self.low}"
        ends = f"{'(' if self.open_low else '['}{self.low}, {self.high}"
        return f"{kind} in {ends}{')' if self.open_high else ']'}"


class Jobs:
    """A number of threads as joblib takes it."""

    def __contains__(self, value):
        return value in Number(int, 1) or (value in Number(int, -(2**31), -1))

    def __str__(self):
        return "an int other than 0 (-1 for all processors)"


class Instance:
    """A value of some type, or an object that has some methods."""

    def __init__(self, text, types=(), methods=()):
        self.text, self.types, self.methods = text, types, methods

    def __contains__(self, value):
        if self.methods and not isinstance(value, type):
            return all(hasattr(value, method) for method in self.methods)
        return isinstance(value, self.types)

    def __str__(self):
        return self.text


NONE = Instance("None", (type(None),))


BOOL = Instance("a bool", (bool, np.bool_))


N_JOBS = Jobs()


# As in scikit-learn, True is 1 and False is 0.
VERBOSE = [BOOL, Number(int, 0)]


RANDOM_STATE = Instance(
    "an int, a numpy.random.RandomState instance or None",
    (numbers.Integral, np.random.RandomState, type(None)),
)


def check_parameters(estimator, allowed):
    """Check the constructor's parameters against a table of what they may be.

    Parameters
    ----------
    estimator : estimator
        Its parameters are read, not written.
    allowed : dict of str to list
        For each name, the constraints of which one must hold.
    """
    values = {name: getattr(estimator, name) for name in allowed}
    check_values(type(estimator).__name__, values, allowed)


def check_values(owner, values, allowed):
    """Check parameters, by name, against a table of what they may be.

    Parameters
    ----------
    owner : str
        The class or the function that has them.
    values : dict
    allowed : dict of str to list
        For each name, the constraints of which one must hold.
    """
    for name, value in values.items():
        if not any(value in constraint for constraint in allowed[name]):
            *texts, last = map(str, allowed[name])
            text = f"{', '.join(texts)} or {last}" if texts else last
            raise ValueError(
                f"The {name!r} parameter of {owner} must be {text}. "
                f"Got {_shorten(value)} instead."
            )


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
