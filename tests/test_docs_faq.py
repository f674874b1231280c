# SPDX-License-Identifier: BSD-3-Clause
"""From the first page to an answer in two clicks: questions, links, pages, examples."""

import re
from pathlib import Path

import pytest

import sksymsim

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in DOCS.glob("*.rst")}
LABELS = {
    label: stem
    for stem, text in PAGES.items()
    for label in re.findall(r"^\.\. _([\w-]+):$", text, flags=re.MULTILINE)
}
GALLERY = (DOCS / "_extensions" / "gallery.py").read_text(encoding="utf-8")
# What people have asked for, and a word of the question that has to be there.
WISHES = {
    "a probability": "How probable",
    "a threshold that is not tuned on the test": "Which threshold",
    "another rate of matches": "one in a thousand",
    "a bilinear similarity": "bilinear",
    "a kernel": "not linear",
    "a rank": "rank",
    "a warm start, or a stream": "stream",
    "less memory": "memory",
    "labels of 0 and 1, and weights": "labels may I use",
    "identical items, and no failures of definiteness": "positive definite",
    "pairs as input": "no class labels",
    "one answer for both orders": "(b, a)",
    "identical records are a match": "its own best match",
    "a vector database": "vector database",
    "groups better than connected components": "Connected components",
    "no leakage": "Cross-validation",
    "safe model files": "safe to load",
    "files of older versions": "old model",
}


def questions():
    """Return the text below each question."""
    parts = re.split(r"\n([^\n]+)\n~{4,}\n", PAGES["faq"])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def links(text):
    """Yield the kind and the target of each link into these pages."""
    for kind, body in re.findall(r":(doc|ref|func|class|meth):`([^`]+)`", text):
        yield kind, re.sub(r"^.*<|>$|^~", "", body, flags=re.DOTALL)


def exists(kind, target):
    if kind == "doc":
        return target in PAGES
    if kind == "ref":
        return target in LABELS
    return target.removeprefix("sksymsim.").partition(".")[0] in sksymsim.__all__


def test_first_page_leads_to_the_questions():
    tree = PAGES["index"].partition(".. toctree::")[2]
    assert re.search(r"^   (FAQ <faq>|faq)$", tree, flags=re.MULTILINE)
    assert ":doc:`faq`" in PAGES["index"]


@pytest.mark.parametrize("words", WISHES.values(), ids=WISHES)
def test_each_wish_has_a_question(words):
    assert len([question for question in questions() if words in question]) == 1


@pytest.mark.parametrize("question", questions())
def test_each_answer_leads_to_its_page(question):
    targets = list(links(questions()[question]))
    assert [target for target in targets if not exists(*target)] == []
    # One question is answered by "no", and needs no page.
    assert targets or "``[a, b]``" in questions()[question]


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"index"}))
def test_every_page_is_reached_from_the_first_one(page):
    parents = {"index", "user_guide", "development"} - {page}
    trees = [PAGES[parent].partition(".. toctree::")[2] for parent in parents]
    assert any(
        re.search(rf"^   (.+ <{page}>|{page})$", tree, flags=re.MULTILINE)
        for tree in trees
    )


def test_threads_are_addresses():
    threads = re.findall(r":thread:`([^`]+)`", PAGES["faq"])
    assert len(threads) >= 40
    form = r"(?P<name>[\w/-]+) #(?P<number>\d+) <[\w.-]+/[\w.-]+/issues/(?P=number)>"
    assert [thread for thread in threads if not re.fullmatch(form, thread)] == []


@pytest.mark.parametrize("page", PAGES)
def test_addresses_are_https(page):
    assert re.findall(r"http://\S+", PAGES[page]) == []


def test_every_example_has_its_place():
    order = re.search(r"ORDER = \((.*?)\)", GALLERY, re.DOTALL)[1]
    files = (path.stem for path in (DOCS / "examples").glob("*.py"))
    assert sorted(f"plot_{name}" for name in re.findall(r'"(\w+)"', order)) == sorted(
        files
    )
