# SPDX-License-Identifier: BSD-3-Clause
"""The page that a report writes: what it says, and that it is whole and alone."""

import base64
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksymsim import Pairs, SymmetricPairClassifier, pair_report
from sksymsim._evaluation.metric_table import METRICS
from sksymsim._reports.html_report import cautions
from sksymsim._reports.html_table import verdict
from sksymsim.report import busiest_share

plt = pytest.importorskip("matplotlib.pyplot")

HOSTILE = "</title><script>alert(\"x\")</script> & <b onload='y'>"
VOID = {"meta", "br", "img"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


class Page(HTMLParser):
    """Reads a page, refuses tags that are not well nested, and keeps what it finds."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


class Named(LogisticRegression):
    """A model whose name is hostile."""

    def __repr__(self):
        return HOSTILE


def world(rng, n_pairs=400):
    items = rng.normal(size=(60, 4))
    index = rng.integers(60, size=(n_pairs, 2))
    index[:, 1] = np.where(
        index[:, 0] == index[:, 1], (index[:, 1] + 1) % 60, index[:, 1]
    )
    gap = items[index[:, 0]] - items[index[:, 1]]
    y = (rng.random(n_pairs) < expit(3 - 2 * gap[:, 0] ** 2)).astype(int)
    return Pairs.from_index(items, index), y


@pytest.fixture(scope="module")
def report(seed):
    rng = np.random.default_rng(seed)
    pairs, y = world(rng)
    model = SymmetricPairClassifier(form="quadratic").fit(*world(rng, 1000))
    return pair_report(model, pairs, y, n_bootstrap=50, random_state=0)


@pytest.fixture(scope="module")
def text(report):
    return report.to_html(title="Is it the same?")


def test_page_is_written_and_returned(report, tmp_path):
    path = tmp_path / "report.html"
    text = report.to_html(path, pictures=False)
    assert path.read_text(encoding="utf-8") == text


def test_page_is_whole_and_alone(text):
    page = Page(text)
    assert text.startswith("<!doctype html>\n<html lang=")
    assert page.all("html") == [{"lang": "en"}]
    assert page.text["title"] == page.text["h1"] == ["Is it the same?"]
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    pictures = page.all("img")
    assert len(pictures) == 4
    for picture in pictures:
        assert len(picture["alt"]) > 30
        head, _, data = picture["src"].partition(",")
        assert head == "data:image/svg+xml;base64"
        drawing = base64.b64decode(data).decode()
        assert ET.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"
        assert set(re.findall(r"https?://[^\"'<> ]+", drawing)) <= NAMESPACES


def test_page_has_every_number(report):
    page = Page(report.to_html(pictures=False))
    assert page.all("img") == []
    numbers = " ".join(page.text["b"] + page.text["td"])
    intervals = " ".join(page.text["small"])
    for entry in report.table:
        sign = "+" if " - " in entry["of"] else ""
        shown = [
            f"{entry[key]:{sign}.3f}".replace("-", "\N{MINUS SIGN}")
            for key in ("estimate", "low", "high")
        ]
        assert shown[0] in numbers
        assert f"{shown[1]} to {shown[2]}" in intervals
    columns = ["model", "cosine", "euclid", "model - cosine", "model - euclid"]
    assert [text for text in page.text["th"] if text in columns] == columns
    assert {attrs.get("scope") for attrs in page.all("th")} == {"col", "row"}
    cells = page.text["td"]
    for count in (400, report.similar.sum(), (~report.similar).sum(), 60, 50):
        assert f"{count}" in cells
    assert f"{100 * report.similar.mean():.3g} %" in cells


def test_numbers_in_alternative_texts(report, text):
    page = Page(text)
    texts = [picture["alt"] for picture in page.all("img")]
    rates = {
        entry["of"]: entry["estimate"]
        for entry in report.table
        if entry["metric"] == "equal_error_rate"
    }
    for of in ("model", "cosine", "euclid"):
        assert f"{of} {100 * rates[of]:.2f} %" in texts[2]
    error = next(e for e in report.table if e["metric"] == "calibration_error")
    assert f"{error['estimate']:.3f}" in texts[1]
    median = np.median(report.scores["model"][report.similar])
    assert f"{median:.2f}" in texts[0]


def test_users_text_is_escaped(rng):
    pairs, y = world(rng)
    model = make_pipeline(FunctionTransformer(_squares), Named()).fit(pairs, y)
    report = pair_report(model, pairs, y, n_bootstrap=20, random_state=0)
    report = replace(report, model=model[-1])
    text = report.to_html(title=HOSTILE)
    page = Page(text)
    assert page.text["title"] == page.text["h1"] == [HOSTILE]
    assert page.text["pre"] == [HOSTILE]
    assert "<script" not in text
    assert not {"script"} & {tag for tag, _ in page.tags}
    assert [attrs for attrs in page.all("b") if "onload" in attrs] == []
    # This model has no spectrum.
    assert len(page.all("img")) == 3


def _squares(pairs):
    return (pairs.left - pairs.right) ** 2


def test_same_page_at_every_call_and_no_figure_is_left(report, text):
    before = plt.get_fignums()
    with plt.rc_context({"axes.facecolor": "black", "svg.hashsalt": "other"}):
        assert report.to_html(title="Is it the same?") == text
        assert plt.rcParams["axes.facecolor"] == "black"
    assert plt.get_fignums() == before


def test_without_matplotlib(report, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"to_html.*pip install sksymsim\[plot\]"):
        report.to_html()
    Page(report.to_html(pictures=False))


def test_notebooks_show_the_table(report):
    text = report._repr_html_()
    page = Page(text)
    assert [tag for tag, _ in page.tags][:2] == ["table", "caption"]
    assert page.text["caption"] == [str(report).splitlines()[0]]
    assert len(page.all("tr")) == 13
    assert len(text) < 20_000


def test_every_measure_has_a_name_of_its_own():
    titles = [metric.title for metric in METRICS.values()]
    assert all(titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("metric", "low", "high", "expected"),
    [
        ("roc_auc", 0.1, 0.2, "better"),
        ("roc_auc", -0.2, -0.1, "worse"),
        ("roc_auc", -0.1, 0.2, None),
        ("equal_error_rate", -0.2, -0.1, "better"),
        ("min_dcf", 0.1, 0.2, "worse"),
        ("tar_at_far=0.01", 0.1, 0.2, "better"),
    ],
)
def test_better_and_worse(metric, low, high, expected):
    entry = {"metric": metric, "of": "model - cosine", "low": low, "high": high}
    assert verdict(entry) == expected
    assert verdict({**entry, "of": "model"}) is None


# --------------------------------------------------------------------------- warnings


def with_entry(report, metric, of, **changes):
    table = [
        {**entry, **changes}
        if (entry["metric"], entry["of"]) == (metric, of)
        else entry
        for entry in report.table
    ]
    return replace(report, table=table)


def test_nothing_to_beware_of(report):
    good = with_entry(report, "calibration_error", "model", low=0.0)
    for of in ("model - cosine", "model - euclid"):
        good = with_entry(good, "roc_auc", of, low=0.1, high=0.2)
    assert cautions(good) == []
    assert "Worth knowing" not in good.to_html(pictures=False)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"similar": np.arange(400) < 40}, "only 40 similar pairs: .* steps of 2.5 %"),
        ({"similar": np.arange(400) < 360}, "only 40 dissimilar pairs"),
        ({"n_units": 12}, "12 independent items or groups; intervals are rough"),
        ({"busiest_share": 0.6}, "One item or group is in 60 % of the pairs"),
    ],
)
def test_cautions_about_the_pairs(report, change, text):
    page = replace(report, **change).to_html(pictures=False)
    (found,) = [t for t in Page(page).text["li"] if re.search(text, t)]
    assert found


def test_cautions_about_the_model(report):
    k = {"estimate": 0.15, "low": 0.11, "high": 0.2}
    off = with_entry(report, "calibration_error", "model", **k)
    assert any("off by 0.150 on average" in text for text in cautions(off))
    # On so few pairs, perfect probabilities are off by nearly as much.
    few = replace(off, sample_weight=np.r_[np.ones(8), np.full(392, 1e-9)])
    assert not any("off by" in text for text in cautions(few))
    level = with_entry(report, "roc_auc", "model - cosine", low=-0.1, high=0.1)
    worse = with_entry(report, "roc_auc", "model - euclid", low=-0.2, high=-0.1)
    assert any("perhaps not better or worse than cosine" in t for t in cautions(level))
    assert any("ranks worse than Euclid" in text for text in cautions(worse))


def test_busiest_share_counts_a_pair_once():
    units = np.array([[1, 1], [1, 2], [3, 1], [2, 3], [4, 5]])
    assert busiest_share(units) == 3 / 5
    assert busiest_share(units[:, ::-1]) == 3 / 5


def test_report_knows_its_busiest_item(report, rng):
    assert 0 < report.busiest_share < 0.2
    assert report.to_dict()["busiest_share"] == report.busiest_share
    pairs, y = world(rng)
    index = np.column_stack([np.zeros(400, int), pairs.index[:, 1]])
    star = Pairs.from_index(pairs.items, index)
    found = pair_report(report.model, star, y, n_bootstrap=20, random_state=0)
    assert found.busiest_share == 1
