# SPDX-License-Identifier: BSD-3-Clause
"""What holds for any input: an answer that is valid, or one clear error of ours."""

import dis
import signal
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import sklearn
from scipy import sparse

import sksymsim

OURS = tuple(str(Path(package.__file__).parent) for package in (sksymsim, sklearn))
# What documented calls raise, by their type; subclasses only where they are named here.
REFUSALS = (
    ValueError,
    TypeError,
    sklearn.exceptions.NotFittedError,
    sksymsim.ModelFileError,
)
MOST_SECONDS = 20


class Broken(AssertionError):
    """The contract does not hold."""


class TooSlow(BaseException):
    """A call that does not end, or not soon."""


class Refused(Exception):
    """A call was refused as it should be; what follows it does not take place."""


def frozen(value):
    """Return a copy of all bytes of some input, to compare with later."""
    if isinstance(value, sksymsim.Pairs):
        return [frozen(part) for part in (*value._tables, value._rows)]
    if sparse.issparse(value):
        parts = ("data", "indices", "indptr", "row", "col")
        return [
            getattr(value, part).tobytes() for part in parts if hasattr(value, part)
        ]
    if isinstance(value, np.ndarray):
        return repr(value.tolist()) if value.dtype == object else value.tobytes()
    if isinstance(value, list | tuple):
        return [frozen(part) for part in value]
    return None


def is_ours(error):
    """Say whether a line of ours raised an error on purpose, by ``raise``."""
    places = list(traceback.walk_tb(error.__traceback__))
    frame, _ = places[-1]
    last = error.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    operation = dis.opname[frame.f_code.co_code[last.tb_lasti]]
    return frame.f_code.co_filename.startswith(OURS) and operation == "RAISE_VARARGS"


@contextmanager
def within(seconds):
    """Interrupt what takes longer."""

    def stop(*_):
        raise TooSlow(f"takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ask(call, *arguments, also=(), **named):
    """Return what a call returns, or raise `Refused`, or `Broken`.

    Parameters
    ----------
    call : callable
    *arguments, **named
        Its input, which must not be changed.
    also : tuple of type
        Further errors that its documentation promises.
    """
    given = [*arguments, *named.values()]
    before = [frozen(value) for value in given]
    with warnings.catch_warnings(record=True) as caught, within(MOST_SECONDS):
        warnings.simplefilter("always")
        try:
            result = call(*arguments, **named)
        except (*REFUSALS, *also) as error:
            check_refusal(error, also)
            result = Refused(f"{type(error).__name__}: {error}")
        except (TooSlow, Exception) as error:
            raise Broken(f"{type(error).__name__}: {error}") from error
    for warning in caught:
        foreign = warning.filename.startswith(OURS[1])
        if not (foreign or issubclass(warning.category, UserWarning)):
            place = f"{Path(warning.filename).name}:{warning.lineno}"
            raise Broken(f"{warning.category.__name__} at {place}: {warning.message}")
    if before != [frozen(value) for value in given]:
        raise Broken("the input was changed")
    if isinstance(result, Refused):
        raise result
    return result


def check_refusal(error, also=()):
    """Refuse errors that are not ours, or say nothing."""
    if type(error) is np.linalg.LinAlgError and type(error) in also:
        return
    kinds = (*REFUSALS, *also)
    if not (type(error) in kinds or type(error).__module__.startswith("sksymsim")):
        raise Broken(f"{type(error).__name__}: {error}") from error
    if not is_ours(error):
        raise Broken(f"raw {type(error).__name__}: {error}") from error
    if len(str(error)) < 12:
        raise Broken(f"an error that says nothing: {error!r}") from error


def check(holds, text):
    """Raise `Broken` unless something holds."""
    if not holds:
        raise Broken(text)


def check_finite(values, what):
    """Refuse answers with NaN or infinity."""
    values = values.data if sparse.issparse(values) else np.asarray(values)
    check(values.dtype.kind in "fiub", f"{what}: dtype {values.dtype}")
    check(np.isfinite(values).all(), f"{what} has NaN or infinity")


def check_shares(values, what):
    """Refuse answers that are no shares, rates or probabilities."""
    check_finite(values, what)
    values = np.asarray(values)
    check(((values >= 0) & (values <= 1)).all(), f"{what} is not within [0, 1]")


def check_same(one, other, what):
    """Refuse answers that differ by a bit."""
    one, other = (
        x.toarray() if sparse.issparse(x) else np.asarray(x) for x in (one, other)
    )
    check(one.shape == other.shape, f"{what}: shapes {one.shape} and {other.shape}")
    check(one.dtype == other.dtype, f"{what}: {one.dtype} and {other.dtype}")
    same = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    check(same, f"{what} differs")
