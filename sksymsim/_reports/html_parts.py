# SPDX-License-Identifier: BSD-3-Clause
"""Tables and sections of HTML that all pages are made of; they need no style sheet."""

from html import escape

# In each cell: notebooks show tables without a style sheet.
SPACE = "padding: .25em .6em;"
NUMBER = f'style="{SPACE} text-align: right; white-space: nowrap"'
TEXT = f'style="{SPACE} text-align: left; white-space: nowrap"'
NAME = f'scope="row" style="{SPACE} text-align: left; font-weight: normal"'


def table_of_numbers(caption, head, rows, attributes=""):
    """Return a table with a name before each row of numbers.

    Parameters
    ----------
    caption : str
        Plain text.
    head : sequence of str
        Plain text: what stands above the names, and above each column of numbers.
    rows : list of (name, cells)
        HTML.
    attributes : str, default=""
        Of the table, with a space in front.
    """
    first, *columns = head
    above = "".join(f'<th scope="col" {NUMBER}>{escape(of)}</th>' for of in columns)
    lines = [
        f"<tr><th {NAME}>{name}</th>"
        + "".join(f"<td {NUMBER}>{cell}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows
    ]
    return (
        f"<table{attributes}><caption>{escape(caption)}</caption>\n"
        f'<thead><tr><th scope="col" style="{SPACE} text-align: left">{escape(first)}'
        f"</th>{above}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n"
        "</tbody></table>"
    )


def table_of_facts(facts, style=NUMBER):
    """Return a table of what there is: names, and beside them what each is.

    Parameters
    ----------
    facts : dict of str
        Plain text.
    style : {NUMBER, TEXT}, default=NUMBER
        Of what stands beside the names.
    """
    lines = [
        f"<tr><th {NAME}>{escape(name)}</th><td {style}>{escape(text)}</td></tr>"
        for name, text in facts.items()
    ]
    return '<table class="counts"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"


def section_of_texts(title, texts, kind):
    """Return a section with a list of sentences, nothing if there are none."""
    if not texts:
        return ""
    items = "\n".join(f"<li>{escape(text)}</li>" for text in texts)
    return (
        f'<section class="{kind}"><strong>{escape(title)}</strong>\n'
        f"<ul>\n{items}\n</ul></section>"
    )


def section_of_model(model):
    """Return what a report is about."""
    return f"<h2>The model</h2>\n<pre>{escape(repr(model))}</pre>"
