# SPDX-License-Identifier: BSD-3-Clause
"""The recipes for packages that not everybody has run as they stand on the pages."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from postgres_server import NoServerError, running_server
from threadpoolctl import threadpool_limits

from sksymsim import Pairs

DOCS = Path(__file__).parents[1] / "docs"
WITHOUT = "{0} is not installed: pip install {0}"


def block_of(page, title):
    """Return the Python code below a title of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    section = re.split(rf"(?:^|\n){title}\n[-=]+\n", text)[1]
    indented = section.partition(".. code-block:: python\n\n")[2]
    lines = re.match(r"(?:   .*\n|\n)+", indented)[0].splitlines()
    return "\n".join(line[3:] for line in lines)


@pytest.fixture(scope="module")
def page():
    """Return the names that the examples of the page on indexes define."""
    text = (DOCS / "indexes.rst").read_text(encoding="utf-8")
    names = {}
    with threadpool_limits(1, user_api="blas"):
        for example in doctest.DocTestParser().get_examples(text):
            exec(compile(example.source, "indexes.rst", "single"), names)
    return names


def run(code, names, *packages):
    for package, module in packages:
        pytest.importorskip(module, reason=WITHOUT.format(package))
    names = dict(names)
    exec(compile(code, "recipe", "exec"), names)
    return names


def assert_finds_what_top_k_finds(names):
    model, (items, queries) = names["model"], (names["X_items"], names["X_query"])
    transform = model[0].transformer_.transform
    scores, rows = model[1].top_k(transform(queries), transform(items), 5)
    assert_array_equal(names["rows"], rows)
    expected = 1 / (1 + np.exp(-scores.astype(np.float64)))
    assert_allclose(names["probability"], expected, atol=1e-4)


def test_faiss(page):
    names = run(block_of("indexes.rst", "FAISS"), page, ("faiss-cpu", "faiss"))
    assert_finds_what_top_k_finds(names)


def test_hnswlib(page):
    names = run(block_of("indexes.rst", "hnswlib"), page, ("hnswlib", "hnswlib"))
    assert_finds_what_top_k_finds(names)


def test_pgvector(page):
    for package in ("psycopg", "pgvector"):
        pytest.importorskip(package, reason=WITHOUT.format(package))
    try:
        with running_server() as server:
            where = f"host={server.folder} dbname=postgres user=tester"
            names = page | {"address": where}
            names = run(block_of("indexes.rst", "pgvector"), names)
    except NoServerError as error:
        pytest.skip(str(error))
    assert_finds_what_top_k_finds(names)


def test_onnx(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pairs = page["pairs"]
    a, b = pairs.left.astype(np.float32), pairs.right.astype(np.float32)
    names = run(
        block_of("onnx.rst", "ONNX"),
        page | {"X_a": a, "X_b": b},
        ("onnx", "onnx"),
        ("onnxruntime", "onnxruntime"),
    )
    expected = page["model"].decision_function(Pairs(a, b))
    assert_allclose(names["log_odds"], expected, atol=1e-5 * np.abs(expected).max())
