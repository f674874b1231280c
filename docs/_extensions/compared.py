# SPDX-License-Identifier: BSD-3-Clause
"""Tables of the architectures, each measured on each data set: one file, many views."""

from statistics import mean, median

from rst_tables import SLASH, rows_of, table_of

# Test sets have thousands of pairs: less than this is no difference.
EQUAL = 0.01


def architectures_of(path):
    """Return what was measured of each architecture on each data set, and the data."""
    rows = rows_of(path)
    table = {}
    for row in rows:
        table.setdefault(row["architecture"], {})[row["data"]] = row
    return table, list(dict.fromkeys(row["data"] for row in rows))


def answers_to_rst(path, names):
    """Return ROC-AUC of some architectures, as they come and chosen on dev."""
    table, data = architectures_of(path)
    if not table:
        return ""
    lines = [["Data", "cosine", *names]]
    for key in data:
        rows = [table.get(name, {}).get(key) for name in names]
        cells = [
            f"{float(row['default_test_auc']):.3f}{SLASH}{float(row['test_auc']):.3f}"
            if row
            else ""
            for row in rows
        ]
        if any(cells):
            cosine = float(table["cosine"][key]["cosine_auc"])
            lines.append([key, f"{cosine:.3f}", *cells])
    return table_of(lines)


def winners_to_rst(path):
    """Return ROC-AUC chosen on dev, the best of each data set in bold."""
    table, data = architectures_of(path)
    if not table:
        return ""
    lines = [["", *(key.replace("_", " ") for key in data)]]
    best = {key: max(_auc(rows.get(key)) for rows in table.values()) for key in data}
    for name, rows in table.items():
        values = [(_auc(rows.get(key)), best[key]) for key in data]
        cells = [
            "" if v < 0 else f"**{v:.3f}**" if v == top else f"{v:.3f}"
            for v, top in values
        ]
        lines.append([name, *cells])
    return table_of(lines)


def _auc(row):
    return float(row["test_auc"]) if row else -1.0


def overall_to_rst(path):
    """Return each architecture over all of its data sets."""
    table, _ = architectures_of(path)
    if not table:
        return ""
    lines = [
        [
            "",
            "Data sets",
            "AUC, default",
            "AUC",
            "AP",
            "Log-loss",
            "Seconds",
            "MB",
            "Default below cosine",
        ]
    ]
    for name, rows in table.items():
        rows = rows.values()
        columns = ("default_test_auc", "test_auc", "test_ap", "test_loss")
        means = [f"{mean(float(row[key]) for row in rows):.3f}" for key in columns]
        seconds = median(float(row["seconds"]) for row in rows)
        size = median(float(row["bytes"]) for row in rows) / 1e6
        below = [
            row["data"]
            for row in rows
            if float(row["default_test_auc"]) < float(row["cosine_auc"]) - 5e-5
        ]
        lines.append(
            [
                name,
                len(rows),
                *means,
                f"{seconds:.2g}",
                f"{size:.2g}",
                "all" if len(below) == len(rows) else ", ".join(below),
            ]
        )
    return table_of(lines)


def standing_to_rst(path):
    """Return how often each architecture is near the best one, and below cosine."""
    table, data = architectures_of(path)
    best = {key: max(_auc(rows.get(key)) for rows in table.values()) for key in data}
    lines = [["", "Mean AUC", "Best or equal", "Worse than cosine", "Seconds"]]
    for name, rows in table.items():
        gains = [_auc(row) - float(row["cosine_auc"]) for row in rows.values()]
        lines.append(
            [
                name,
                f"{mean(map(_auc, rows.values())):.3f}",
                f"{sum(_auc(rows[key]) >= best[key] - EQUAL for key in rows)}"
                f" of {len(rows)}",
                sum(gain < -EQUAL for gain in gains),
                f"{median(float(row['seconds']) for row in rows.values()):.2g}",
            ]
        )
    return table_of(lines if table else [])
