# SPDX-License-Identifier: BSD-3-Clause
"""The code blocks of the pages run as tests, each page in an empty folder."""

import pytest
from threadpoolctl import threadpool_limits

collect_ignore = ["_build", "generated"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def one_blas_thread():
    # The matrices are small: more threads only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        yield
