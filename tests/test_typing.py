# SPDX-License-Identifier: BSD-3-Clause
"""What type checkers say of the package, and what they see of it from outside."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.fixes import parse_version

import sksymsim

ROOT = Path(__file__).parents[1]


def test_package_is_right_and_users_see_types():
    """At once, for mypy reads the types of NumPy longer than all of the package.

    The package as pyproject.toml has it, and strictly a file of a user that is right
    but for the lines that say of themselves they are not.
    """
    pytest.importorskip("mypy", reason="mypy is not installed")
    if parse_version(np.__version__) < parse_version("2.0"):
        pytest.skip("NumPy before 2 has other names for the same types")
    command = [sys.executable, "-m", "mypy", f"--cache-dir={os.devnull}"]
    # What a user may import from the package is what it exports.
    command += ["--no-implicit-reexport", "sksymsim", "tests/typed_use.py"]
    # The package that is imported here, however it is installed.
    env = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def public_functions():
    """Yield each function of the package that is public, or a method of a class."""
    for name in sksymsim.__all__:
        public = getattr(sksymsim, name)
        if inspect.isfunction(public):
            yield pytest.param(public, id=name)
        for base in inspect.getmro(public) if inspect.isclass(public) else ():
            if not base.__module__.startswith("sksymsim."):
                continue
            for key, member in vars(base).items():
                function = getattr(member, "fget", None) or getattr(
                    member, "__func__", getattr(member, "fn", member)
                )
                is_told = key == "__init__" or not key.startswith("_")
                if inspect.isfunction(function) and is_told:
                    yield pytest.param(function, id=f"{name}.{key}")


@pytest.mark.parametrize("function", public_functions())
def test_public_signatures_are_typed(function):
    named = set(inspect.signature(function).parameters) - {"self", "cls"}
    missing = (named | {"return"}) - set(function.__annotations__)
    assert missing == set()


def test_types_cost_nothing():
    """Names of types are imported by type checkers alone."""
    for path in sorted((ROOT / "sksymsim").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {n.module for n in tree.body if isinstance(n, ast.ImportFrom)}
        wrong = names & {"numpy.typing", "typing_extensions", "sksymsim._typing"}
        assert path.name == "_typing.py" or not wrong, path
