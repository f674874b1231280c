# SPDX-License-Identifier: BSD-3-Clause
"""What the README says is what the repository holds."""

import re
from pathlib import Path

import pytest

import sksymsim

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

pytestmark = pytest.mark.skipif(
    not README.exists(), reason="the tests run without the repository's root"
)


def test_table_is_the_measured_one():
    """The table of results is the file that the benchmark wrote."""
    text = README.read_text(encoding="utf-8")
    table = text.split("(benchmarks/search.py) -->\n")[1].split("<!-- results: end")[0]
    measured = ROOT / "benchmarks" / "results" / "search.md"
    assert table == measured.read_text(encoding="utf-8")


def test_short_use_runs():
    """The first block of code runs as it stands, on arrays of the names it uses."""
    from sksymsim import load_spoken_digits

    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    data = load_spoken_digits().data
    names = {
        "X_a": data[:400:2],
        "X_b": data[1:400:2],
        "y": [0, 1] * 100,
        "X_new_a": data[:10],
        "X_new_b": data[10:20],
    }
    exec(compile(code[1], "README.md", "exec"), names)
    assert names["model"].predict_proba(
        names["Pairs"](names["X_new_a"], names["X_new_b"])
    ).shape == (10, 2)


def test_commands_exist():
    """Each command of the README is one that bootstrap.py knows."""
    commands = set(
        re.findall(r"bootstrap.py (\w+)", README.read_text(encoding="utf-8"))
    )
    assert commands == {"demo", "test", "docs"}
    source = (ROOT / "bootstrap.py").read_text(encoding="utf-8")
    for command in commands:
        assert f'"{command}"' in source


def test_read_anywhere():
    """The pages of package indexes show it too, where no file is beside it."""
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert all(link.startswith("https://") for link in links)
    # What is named stands in the repository and in the sdist.
    named = re.findall(r"`((?:benchmarks|docs|sksymsim)/[\w./]+)`", text)
    assert named
    for path in named:
        assert (ROOT / path).exists() or path.startswith("docs/_build/"), path


def test_one_version_is_told_everywhere():
    """The newest release of the changelog is the one to cite, and that of the code."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    released = re.search(r"^## (\d[\w.]*) \((\d{4}-\d\d-\d\d)\)$", changelog, re.M)
    cited = re.search(r"^version: (.+)\ndate-released: (.+)$", citation, re.M)
    assert released.groups() == cited.groups()
    assert sksymsim.__version__ == released[1] or "dev" in sksymsim.__version__
