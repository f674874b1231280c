# SPDX-License-Identifier: BSD-3-Clause
"""The names of the package, which come when they are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sksymsim
from sksymsim import _public


def test_names_are_those_of_the_list():
    """By attribute, by import and by a star, and in `dir`."""
    namespace = {}
    exec("from sksymsim import *", namespace)
    for name in sksymsim.__all__:
        assert getattr(sksymsim, name) is getattr(_public, name)
        assert namespace[name] is getattr(_public, name)
    assert set(sksymsim.__all__) <= set(dir(sksymsim))
    assert sksymsim.__all__ == sorted(sksymsim.__all__)


@pytest.mark.parametrize("name", ["Nothing", "_nothing", "__nothing__", "no.name"])
def test_names_that_are_not_there(name):
    text = f"module 'sksymsim' has no attribute {name!r}"
    with pytest.raises(AttributeError, match=text):
        getattr(sksymsim, name)


IN_ANY_ORDER = """
import sys
import sksymsim
sksymsim.__version__
assert 'numpy' not in sys.modules
sksymsim.metrics.min_dcf; sksymsim.Pairs; sksymsim.search
for name in [name for name in sys.modules if name.split(".")[0] == "sksymsim"]:
    del sys.modules[name]
from sksymsim._files.classes import REGISTRY
"""


def test_in_a_new_process():
    """In any order: modules before names, names before modules."""
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-W", "error", "-c", IN_ANY_ORDER]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
