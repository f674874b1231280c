# SPDX-License-Identifier: BSD-3-Clause
"""Runs targets on input at random, for some number of examples or seconds."""

import time
import traceback
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from fuzz import estimators, functions, models
from fuzz.contract import Broken, Refused
from fuzz.values import Draw

TARGETS = {**estimators.TARGETS, **functions.TARGETS, **models.TARGETS}


def attempt(name, data):
    """Run one example; return its draws and whether it was refused."""
    draw = Draw(data)
    try:
        TARGETS[name](draw, name)
    except Refused as refusal:
        return draw, str(refusal)
    except Broken as broken:
        broken.told = ", ".join(draw.told)
        raise
    except HypothesisException:
        raise
    except Exception as error:  # of what looks at the answers
        broken = Broken(f"{type(error).__name__}: {error}")
        broken.told = ", ".join(draw.told)
        raise broken from error
    return draw, None


def place_of(error):
    """Return what was broken and where, without the numbers in it."""
    cause = error.__cause__
    if cause is None:
        return str(error).split(":")[0][:60]
    frames = traceback.extract_tb(cause.__traceback__)
    own = [f for f in frames if "/sksymsim/" in f.filename] or frames
    last = own[-1]
    return f"{type(cause).__name__} {last.filename.split('/sksymsim/')[-1]}:{last.name}"


def explore(name, seconds, seed=0):
    """Return the number of examples, of refusals, and one example of each failure."""
    counts, failures = Counter(), {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seed += 1

        @settings(
            max_examples=20,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def batch(data):
            counts["examples"] += 1
            try:
                _, refusal = attempt(name, data)
                counts["refused"] += refusal is not None
            except Broken as broken:
                place = place_of(broken)
                counts["broken"] += 1
                told = (str(broken), broken.told)
                if place not in failures or len(told[1]) < len(failures[place][1]):
                    failures[place] = told

        batch._hypothesis_internal_use_seed = seed
        batch()
    return counts, failures
