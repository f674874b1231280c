# SPDX-License-Identifier: BSD-3-Clause
"""A table in plain text."""


def aligned(rows):
    """Return one line for each row of cells, each column as wide as it needs."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
