#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run the demo, the tests or the documentation build from a bare checkout.

Needs nothing but Python with venv and pip. Each task has a virtual environment of its
own under .venv/, which is reused as long as it fits pyproject.toml and the Python.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
PYPROJECT = ROOT / "pyproject.toml"

# Variables that would let other packages into an environment, and one that would have
# each process compile them again.
LEAKS = {
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
}
# The only PIP_* variables kept: where packages come from. The others, such as
# PIP_TARGET or PIP_CONSTRAINT, would change what is installed or where to.
PIP_SOURCES = {
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TRUSTED_HOST",
}
# What a Python prints about itself if it can make environments.
PROBE = """
import ensurepip, sys, venv
print(sys.executable, " ".join(sys.version.split()), sep="\\n")
"""
# What a project says about its dependencies once installed, in a normal form.
REQUIREMENTS = """
from importlib.metadata import requires
print(*requires("sksymsim"), sep="\\n")
"""


class Interpreter(NamedTuple):
    """A Python that was run: the path of its executable and its ``sys.version``."""

    path: str
    version: str


def say(message: str) -> None:
    """Print one line that keeps its place among the output of the commands."""
    print(f"bootstrap: {message}", flush=True)


def fail(message: str) -> SystemExit:
    """Return the exception that ends the program with a one-line message."""
    return SystemExit(f"bootstrap: error: {message}")


def clean_environ() -> dict[str, str]:
    """Return the caller's variables without those that reach into an environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEAKS and (not name.startswith("PIP_") or name in PIP_SOURCES)
    }
    return kept | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "PYTHONNOUSERSITE": "1",
    }


def run(*command: str | Path, cwd: Path = ROOT) -> int:
    """Run a command in the clean environment and return its exit code."""
    return subprocess.run(command, cwd=cwd, env=clean_environ(), check=False).returncode


def output_of(*command: str | Path) -> str:
    """Return what a command prints, or nothing if it cannot be run or fails."""
    try:
        result = subprocess.run(
            command,
            env=clean_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()


def probe(*command: str | Path) -> Interpreter | None:
    """Run an interpreter, which may be a shim for nothing, to see what it is."""
    path, _, version = output_of(*command, "-c", PROBE).partition("\n")
    return Interpreter(path, version) if version else None


def running_python() -> Interpreter:
    """Return the Python that runs this file."""
    found = probe(sys.executable)
    if found is None:
        major, minor = sys.version_info[:2]
        raise fail(
            f"{sys.executable} lacks venv or ensurepip, install them"
            f" (Debian and Ubuntu: apt install python{major}.{minor}-venv)"
        )
    return found


def oldest_version() -> str:
    """Return the oldest supported Python, "3.x", as pyproject.toml declares it."""
    declared = re.search(
        r'^requires-python\s*=\s*">=\s*(\d+\.\d+)"', PYPROJECT.read_text("utf-8"), re.M
    )
    if declared is None:
        raise fail('pyproject.toml has no requires-python = ">=X.Y"')
    return declared[1]


def candidates(version: str) -> Iterator[tuple[str | Path, ...]]:
    """Yield the commands that may start the given version of Python."""
    yield (sys.executable,)
    yield (f"python{version}",)
    yield ("py", f"-{version}")
    pyenv_root = os.environ.get("PYENV_ROOT") or output_of("pyenv", "root")
    if pyenv_root:
        for home in sorted(Path(pyenv_root).glob(f"versions/{version}.*")):
            yield (home / ("python.exe" if os.name == "nt" else "bin/python"),)


def oldest_python() -> Interpreter:
    """Return the oldest supported Python if there is one, else the running one."""
    version = oldest_version()
    for command in candidates(version):
        found = probe(*command)
        if found and found.version.startswith(f"{version}."):
            return found
    running = running_python()
    number = running.version.split()[0]
    say(f"no Python {version} found, trying {number}: wheels that old may be missing")
    return running


def create_venv(interpreter: Interpreter, directory: Path) -> None:
    """Make an empty virtual environment, replacing the one that may be there."""
    if run(interpreter.path, "-m", "venv", "--clear", "--upgrade-deps", directory):
        raise fail(f"could not create {directory}")


def pip_install(python: Path, *arguments: str | Path) -> None:
    """Install into an environment from the project's directory.

    To compile all that is installed takes longer than the rest; Python does so with
    what is imported.
    """
    if run(python, "-m", "pip", "install", "-qq", "--no-compile", *arguments):
        raise fail(f"pip install {' '.join(map(str, arguments))} failed")


def install_lowest(python: Path) -> None:
    """Install the test extra with each declared ``>=`` met by its very floor."""
    pip_install(python, "--no-deps", "--editable", ".")
    declared = output_of(python, "-I", "-c", REQUIREMENTS)
    floors = re.findall(r"^([\w.-]+)[^;\n]*>=([\w.]+)", declared, re.MULTILINE)
    if not floors:
        raise fail("pyproject.toml declares no lowest versions")
    pins = [f"{name}=={floor}" for name, floor in floors]
    say(f"lowest versions: {', '.join(pins)}")
    constraints = python.parents[1] / "lowest.txt"
    constraints.write_text("\n".join(pins), "utf-8")
    pip_install(
        python,
        "--only-binary=:all:",
        "--constraint",
        constraints,
        "--editable",
        ".[test]",
    )


def package_files() -> list[Path]:
    """Return what an installed copy of the package is made of."""
    paths = sorted((ROOT / "sksymsim").rglob("*"))
    return [path for path in paths if path.is_file() and path.suffix != ".pyc"]


def fingerprint(interpreter: Interpreter, sources: list[Path]) -> str:
    """Return what an environment depends on, in a few lines."""
    digest = hashlib.sha256()
    for path in [PYPROJECT, *sources]:
        digest.update(path.read_bytes())
    return f"{ROOT}\n{interpreter.version}\n{digest.hexdigest()}\n"


def prepare(
    name: str,
    install: Callable[[Path], None],
    *,
    fresh: bool,
    interpreter: Interpreter | None = None,
    sources: list[Path] | None = None,
) -> Path:
    """Return the Python of .venv/<name>, first building it unless it is up to date."""
    interpreter = interpreter or running_python()
    directory = ROOT / ".venv" / name
    python = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = directory / "bootstrap-stamp"
    wanted = fingerprint(interpreter, sources or [])
    if not fresh and stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return python
    say(f"building .venv/{name} with Python {interpreter.version.split()[0]}")
    create_venv(interpreter, directory)
    install(python)
    stamp.write_text(wanted, "utf-8")  # last: a half-built environment has none
    return python


def demo(options: argparse.Namespace, arguments: list[str]) -> int:
    """Install the package as a user does and run its demo with [arguments]."""
    python = prepare(
        "demo",
        lambda python: pip_install(python, ".[plot]"),
        fresh=options.fresh,
        sources=package_files(),
    )
    return run(python, "-I", "-m", "sksymsim", "demo", *arguments, cwd=Path.cwd())


def test(options: argparse.Namespace, arguments: list[str]) -> int:
    """Run ruff and pytest [arguments]; with --lowest, pytest alone."""
    if options.lowest:
        python = prepare(
            "lowest", install_lowest, fresh=options.fresh, interpreter=oldest_python()
        )
        return run(python, "-m", "pytest", *arguments)
    python = prepare(
        "test",
        lambda python: pip_install(python, "--editable", ".[test]"),
        fresh=options.fresh,
    )
    steps = {
        "ruff check": ("ruff", "check"),
        "ruff format": ("ruff", "format", "--check"),
        "pytest": ("pytest", *arguments),
    }
    failed = [name for name, step in steps.items() if run(python, "-m", *step)]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return int(bool(failed))


def docs(options: argparse.Namespace, arguments: list[str]) -> int:
    """Build the documentation with sphinx [arguments]; warnings are errors."""
    python = prepare(
        "docs",
        lambda python: pip_install(python, "--editable", ".[docs]"),
        fresh=options.fresh,
    )
    strict = ("--fail-on-warning", "--keep-going", "--nitpicky", "--fresh-env")
    target = ROOT / "docs" / "_build" / "html"
    return run(python, "-m", "sphinx", *strict, *arguments, "docs", target)


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the command line into our options and those to pass on."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    tasks = parser.add_subparsers(required=True, metavar="task")
    for task in (demo, test, docs):
        summary = task.__doc__
        sub = tasks.add_parser(
            task.__name__, help=summary, description=summary, allow_abbrev=False
        )
        sub.add_argument("--fresh", action="store_true", help="rebuild the environment")
        sub.set_defaults(task=task)
        if task is test:
            sub.add_argument(
                "--lowest", action="store_true", help="with the oldest versions allowed"
            )
    return parser.parse_known_args(arguments)


def main() -> int:
    """Run one task and return its exit code."""
    options, arguments = parse(sys.argv[1:])
    oldest = oldest_version()
    if sys.version_info < tuple(map(int, oldest.split("."))):
        raise fail(f"needs Python {oldest} or newer, this is {sys.version.split()[0]}")
    try:
        return options.task(options, arguments)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
