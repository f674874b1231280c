# SPDX-License-Identifier: BSD-3-Clause
"""The table of a report in HTML."""

from html import escape

from sksymsim._evaluation.metric_table import metric_of
from sksymsim._reports.html_parts import table_of_numbers


def html_table(report, caption):
    """Return the table of a report as one element, which needs no style sheet.

    Parameters
    ----------
    report : PairReport
    caption : str
        Plain text.
    """
    columns = list(dict.fromkeys(entry["of"] for entry in report.table))
    metrics = list(dict.fromkeys(entry["metric"] for entry in report.table))
    cells = {(entry["metric"], entry["of"]): entry for entry in report.table}
    rows = [
        (_name(metric), [_cell(cells.get((metric, of))) for of in columns])
        for metric in metrics
    ]
    return table_of_numbers(caption, ["Measure", *columns], rows, ' class="measures"')


def _name(row):
    """Return what a row is called, with an arrow to where it is better."""
    metric, argument = metric_of(row)
    arrow, words = ("↑", "higher") if metric.greater_is_better else ("↓", "lower")
    text = " ".join([metric.title, argument]).strip()
    return f'{escape(text)} <span title="{words} is better">{arrow}</span>'


def verdict(entry):
    """Return "better", "worse" or None where the interval of a difference says so."""
    if " - " not in entry["of"] or entry["low"] <= 0 <= entry["high"]:
        return None
    metric, _ = metric_of(entry["metric"])
    return "better" if (entry["low"] > 0) == metric.greater_is_better else "worse"


def _cell(entry):
    if entry is None:
        return ""
    sign = "+" if " - " in entry["of"] else ""
    numbers = [_number(entry[key], sign) for key in ("estimate", "low", "high")]
    estimate = numbers[0]
    found = verdict(entry)
    if found is not None:
        estimate = f'<b class="{found}">{estimate}</b> {found}'
    return f"{estimate}<br><small>{numbers[1]} to {numbers[2]}</small>"


def _number(value, sign):
    """Return a number to three places, with a minus that is as wide as a plus."""
    return f"{value:{sign}.3f}".replace("-", "\N{MINUS SIGN}")
