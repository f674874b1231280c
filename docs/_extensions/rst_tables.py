# SPDX-License-Identifier: BSD-3-Clause
"""Files as tables of reStructuredText: CSV and Markdown in, text of a page out.

Nothing here knows what the numbers mean. A file that is not there gives no text.
"""

import csv
import re

UNDERLINES = {1: "=", 2: "-", 3: "~"}
# Between the numbers of one cell: lines break after it, and not before.
SLASH = "\N{NO-BREAK SPACE}/ "


def rows_of(path):
    """Return the rows of a CSV file as dictionaries; none without a file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table_of(lines):
    """Return a table of lists of cells, the first one its header; nothing of none."""
    if not lines:
        return ""
    head = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    cells = ["   " + ", ".join(f'"{cell}"' for cell in line) for line in lines]
    return "\n".join(head + cells) + "\n"


def table_to_rst(path):
    """Return a CSV file as a table, numbers to three digits."""
    rows = rows_of(path)
    header = [list(rows[0])] if rows else []
    return table_of(header + [[_short(cell) for cell in row.values()] for row in rows])


def columns_to_rst(path, columns):
    """Return some columns of a CSV file, as they are."""
    rows = rows_of(path)
    header = [list(columns)] if rows else []
    return table_of(header + [[row[name] for name in columns.values()] for row in rows])


def _short(cell):
    """Return a number to three digits, and any other text as it is."""
    try:
        return f"{float(cell):.3g}"
    except ValueError:
        return cell


def section_to_rst(path, heading):
    """Return the table under a heading of a Markdown file."""
    return table_of(_section(path, heading))


def sections_to_rst(path, headings, corner):
    """Return the tables under some headings as one, turned by a quarter.

    For tables of the same rows and columns, which become columns and rows; each cell
    has the numbers of all tables.
    """
    turned = [list(zip(*_section(path, heading), strict=True)) for heading in headings]
    if not all(turned):
        return ""
    lines = [[corner, *turned[0][0][1:]]]
    for same in zip(*(table[1:] for table in turned), strict=True):
        (title, *_), *cells = zip(*same, strict=True)
        lines.append(
            [title, *(SLASH.join(cell) if any(cell) else "" for cell in cells)]
        )
    return table_of(lines)


def markdown_table_to_rst(path):
    """Return the table of a Markdown file."""
    return table_of(_rows_in(path.read_text(encoding="utf-8")) if path.exists() else [])


def _section(path, heading):
    """Return the rows under a heading of a Markdown file; none without a file."""
    if not path.exists():
        return []
    _, _, section = path.read_text(encoding="utf-8").partition(f"## {heading}\n")
    return _rows_in(section.partition("\n## ")[0])


def _rows_in(text):
    """Return the cells of a table of Markdown; none if it has a header alone."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return rows if len(rows) > 1 else []


def markdown_to_rst(text):
    """Return the reStructuredText of simple Markdown.

    Simple means headings by ``#``, lists by ``-``, inline code and links: what a
    changelog needs.
    """
    lines = []
    for line in text.splitlines():
        heading = re.fullmatch(r"(#{1,3}) (.+)", line)
        line = heading[2] if heading else line
        line = re.sub(r"`([^`]+)`", r"``\1``", line)
        line = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"`\1 <\2>`__", line)
        lines.append(line)
        if heading:
            lines.append(UNDERLINES[len(heading[1])] * len(line))
    return "\n".join(lines) + "\n"
