# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures for all tests. ``SKSYMSIM_TEST_SEED=n`` varies every random input."""

import os

import numpy as np
import pytest


@pytest.fixture(scope="session")
def seed():
    """The seed of this run: every property has to hold for any."""
    return int(os.environ.get("SKSYMSIM_TEST_SEED", "0"))


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)
