# SPDX-License-Identifier: BSD-3-Clause
"""What the pages and the docstrings say of the code, compared with the code."""

import ast
import doctest
import importlib
import inspect
import re
from functools import cache
from pathlib import Path

import pytest
from numpydoc.docscrape import FunctionDoc
from threadpoolctl import threadpool_limits

import sksymsim

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "docs" / "contributing.rst").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PACKAGE = ROOT / "sksymsim"
# Without the files that only make a folder a package.
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py" or path.parent == PACKAGE
}


def section(text, title):
    """Return what stands between a title and the next one."""
    body = text.partition(f"\n{title}\n")[2]
    assert body, f"no section {title!r}"
    return re.split(r"\n[^\n]+\n-{3,}\n", body.partition("\n")[2])[0]


# ---------------------------------------------------------------- contributing page


def test_files_of_the_map_exist():
    table = section(CONTRIBUTING, "Where do I change ...?")
    named = re.findall(r"``([\w./-]+\.(?:py|toml)|\.ci/\w+)``", table)
    assert len(named) >= 20
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_map_names_every_module():
    table = section(CONTRIBUTING, "Where do I change ...?")
    paths = [path.relative_to(ROOT).as_posix() for path in MODULES.values()]
    missing = [path for path in paths if f"``{path}``" not in table]
    assert missing == [], "say in docs/contributing.rst what these are for"


@cache
def layers():
    """Return the row of each module in the drawing, counted from the top."""
    text = section(CONTRIBUTING, "The layers")
    drawing = re.search(r":class: rows\n\n((?: {3}\* - .+\n)+)", text)
    rows = re.sub("[*`-]", " ", drawing[1]).splitlines()
    return {name: row for row, line in enumerate(rows) for name in line.split()}


def test_drawing_has_every_module():
    assert sorted(layers()) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downward(module):
    row_of = layers()
    # At module level: one check imports Pairs when it is called.
    imported = {
        node.module.removeprefix("sksymsim.")
        for node in ast.parse(MODULES[module].read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("sksymsim.")
    }
    assert imported <= set(MODULES), "import from modules, not from packages"
    assert [name for name in imported if row_of[name] <= row_of[module]] == []


def docstring_lines(source):
    """Return how many lines of a module are docstrings."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    first = [
        node.body[0] for node in ast.walk(ast.parse(source)) if type(node) in kinds
    ]
    return sum(
        node.end_lineno - node.lineno + 1
        for node in first
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


@pytest.mark.parametrize("module", MODULES)
def test_files_are_short(module):
    """At most 400 lines; one is longer, by the docstrings of its public class."""
    source = MODULES[module].read_text(encoding="utf-8")
    n_lines = source.count("\n")
    if module == "pairs":
        assert n_lines - docstring_lines(source) <= 300
    else:
        assert n_lines <= 400


# ---------------------------------------------------------------------- the reference


def test_reference_lists_every_public_name():
    page = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = re.findall(r"^(?:   |\.\. data:: )(\w+)$", page, flags=re.MULTILINE)
    assert sorted(listed) == sorted(sksymsim.__all__)


def documented_callables():
    """Yield the name of each public callable, its signature and its docstring."""
    for name in sksymsim.__all__:
        public = getattr(sksymsim, name)
        is_class = inspect.isclass(public)
        if not callable(public) or (is_class and issubclass(public, Exception)):
            continue
        yield pytest.param(inspect.signature(public), public.__doc__, id=name)
        for key in dir(public) if is_class else ():
            method = getattr(public, key)
            module = getattr(method, "__module__", None) or ""
            if not key.startswith("_") and module.startswith("sksymsim."):
                signature = inspect.signature(method)
                yield pytest.param(signature, method.__doc__, id=f"{name}.{key}")


@pytest.mark.parametrize(("signature", "docstring"), documented_callables())
def test_documented_parameters_are_those_of_the_signature(signature, docstring):
    sections = FunctionDoc(None, doc=inspect.cleandoc(docstring))
    documented = {
        name.strip().lstrip("*"): parameter.type
        for parameter in sections["Parameters"]
        for name in parameter.name.split(",")
    }
    taken = [name for name in signature.parameters if name != "self"]
    assert list(documented) == taken
    for name, kind in documented.items():
        default = signature.parameters[name].default
        said = kind.partition("default=")[2]
        if kind == "None":  # ignored, and here for the sake of Pipeline
            assert default is None
        elif default is inspect.Parameter.empty:
            assert not said, f"{name} has no default"
        else:
            assert said, f"the default of {name} is not documented"
            if said == "np.nan":
                assert default != default, name
            else:
                assert ast.literal_eval(said) == default, name


EXAMPLES = [
    "_plots.axioms",
    "_axioms.report",
    "_exports.index",
    "_labels.text",
    "_plots.calibration",
    "_plots.errors",
    "_plots.learning",
    "_plots.model",
    "_plots.scores",
    "_plots.search",
    "_reports.report",
    "_splits.leakage_text",
    "axioms",
    "calibration",
    "classifier",
    "clustering",
    "dask_pairs",
    "datasets",
    "deployment",
    "distributed",
    "features",
    "indexing",
    "kernel_machine",
    "kernels",
    "exceptions",
    "labels",
    "group_metrics",
    "group_thresholds",
    "linking",
    "metric_learn_adapter",
    "metric_learn_wrapper",
    "metrics",
    "model_cards",
    "model_selection",
    "neural",
    "onnx_export",
    "pairs",
    "persistence",
    "preprocessing",
    "recalibration",
    "report",
    "scorers",
    "search",
    "stacking",
    "symmetrize",
    "thresholds",
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_of_docstrings(name):
    if name == "onnx_export":
        pytest.importorskip("onnx")
    if name in ("dask_pairs", "distributed"):
        pytest.importorskip("distributed", reason="distributed is not installed")
    with threadpool_limits(1, user_api="blas"):
        results = doctest.testmod(importlib.import_module(f"sksymsim.{name}"))
    assert results.attempted
    assert not results.failed


# ------------------------------------------------------------------------ dependencies


def test_one_version_of_ruff():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hook = re.search(r"ruff-pre-commit\n\s+rev: v([\d.]+)", hooks)[1]
    assert re.search(r'"ruff==([\d.]+)"', PYPROJECT)[1] == hook


def test_every_dependency_has_a_reason():
    page = (ROOT / "docs" / "dependencies.rst").read_text(encoding="utf-8")
    lists = re.search(r"\ndependencies = .*?(?=\n\[tool)", PYPROJECT, re.DOTALL)[0]
    named = set(re.findall(r'"([a-z][\w-]*)(?=["<=>])', lists))
    assert len(named) >= 10
    assert [name for name in sorted(named) if f"``{name}``" not in page] == []
