# SPDX-License-Identifier: BSD-3-Clause
"""Tables of single results, which need more than their columns to be read.

One function for each kind of table: from the path of the CSV file in
``benchmarks/results`` to the text. A file that is not there gives no text.
"""

from rst_tables import SLASH, rows_of, table_of

RESULTS = """\
Measured on real data
---------------------

ROC-AUC and average precision (AP) on test pairs. Whitening, form, prior and `alpha`
were chosen on the training and development pairs alone. The numbers are those of
``benchmarks/results/quality.csv``; ``benchmarks/quality.py`` says how they were made.

"""
# The second score of the simulations is there for the difference.
COVERED = ("model", "model - other")
COLUMNS = {
    "Data": lambda row: row["data"],
    "AUC cosine": lambda row: f"{float(row['cosine_auc']):.3f}",
    "AUC learned": lambda row: f"{float(row['test_auc']):.3f}",
    "AP cosine": lambda row: f"{float(row['cosine_ap']):.3f}",
    "AP learned": lambda row: f"{float(row['test_ap']):.3f}",
    "Form": lambda row: row["form"],
    "Prior": lambda row: row["prior"],
    "Whiten": lambda row: row["whiten"],
    "Alpha": lambda row: row["alpha"],
}
OF_REFLEXIVITY = {
    "P(similar | x, x)": lambda row: f"{float(row['p_self']):.3f}",
    "Beaten by another (%)": lambda row: f"{100 * float(row['not_self_first']):.1f}",
    "Test AUC": lambda row: f"{float(row['test_auc']):.3f}",
    "Test log-loss": lambda row: f"{float(row['test_log_loss']):.3f}",
    "Mean probability less rate": lambda row: (
        f"{float(row['mean_probability']) - float(row['similar_rate']):+.3f}"
    ),
}


def passes_to_rst(path):
    """Return the passes of the solvers, one row for each data set and problem."""
    rows = rows_of(path)
    alphas = list(dict.fromkeys(row["alpha"] for row in rows))
    header = ["Data", "Problem", *(f"{float(alpha):.0e}" for alpha in alphas)]
    table = {}
    for row in rows:
        cells = table.setdefault((row["data"], row["problem"]), {})
        plain = float(row["plain"])
        left = "never" if plain != plain else f"{plain:.0f}"
        cells[row["alpha"]] = f"{left}{SLASH}{float(row['ours']):.3g}"
    lines = [
        [*key, *(cells.get(alpha, "") for alpha in alphas)]
        for key, cells in table.items()
    ]
    return table_of([header, *lines] if rows else [])


def coverage_to_rst(path):
    """Return how often intervals held the truth: one row a measure; or nothing."""
    rows = [row for row in rows_of(path) if row["of"] in COVERED]
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    header = ["Measure", "Of", *(f"{name}: items / pairs" for name in settings)]
    table = {}
    for row in rows:
        shares = float(row["coverage"]), float(row["coverage_of_pair_bootstrap"])
        cells = table.setdefault((row["metric"], row["of"]), {})
        cells[row["setting"]] = SLASH.join(f"{share:.3f}" for share in shares)
    lines = [
        [*key, *(cells.get(name, "") for name in settings)]
        for key, cells in table.items()
    ]
    return table_of([header, *lines] if rows else [])


def reflexivity_to_rst(path):
    """Return what added pairs (x, x) change, a row a model; nothing without a file."""
    rows = rows_of(path)
    table = {}
    for row in rows:
        table.setdefault((row["data"], row["model"]), []).append(row)
    cells = [["Data", "Model", *OF_REFLEXIVITY]]
    for (data, model), group in table.items():
        group.sort(key=lambda row: int(row["added_percent"]))
        numbers = [SLASH.join(map(cell, group)) for cell in OF_REFLEXIVITY.values()]
        cells.append([data, model, *numbers])
    return table_of(cells if rows else [])


def closure_to_rst(path):
    """Return the ROC-AUC of each way to treat labels, one row a setting; or nothing."""
    rows = rows_of(path)
    ways = list(dict.fromkeys(row["way"] for row in rows))
    table = {}
    for row in rows:
        cells = table.setdefault((row["data"], row["labels"]), {})
        cells[row["way"]] = f"{float(row['auc']):.4f}"
    lines = [[*key, *(cells[way] for way in ways)] for key, cells in table.items()]
    return table_of([["data", "labels", *ways], *lines] if rows else [])


def grouping_to_rst(path):
    """Return F1 of groups on test, the best of each data set in bold.

    With the settings that were chosen on folds.
    """
    rows = [row for row in rows_of(path) if row["chosen_on"] == "folds"]
    table = {}
    for row in rows:
        table.setdefault(row["data"], {})[row["method"]] = row
    methods = list(dict.fromkeys(row["method"] for row in rows))
    lines = []
    for data, found in table.items():
        values = {name: float(row["test_mean_f1"]) for name, row in found.items()}
        best = max(values.values())
        shown = [
            f"**{values[name]:.3f}**" if values[name] == best else f"{values[name]:.3f}"
            for name in methods
        ]
        own = found[methods[0]]
        lines.append([data, *shown, own["violated_before"], own["violated_after"]])
    header = ["Data", *methods, "Triples violated before", "after"]
    return table_of([header, *lines] if rows else [])


def soft_to_rst(path):
    """Return the penalty on triples: its strongest setting beside none; or nothing.

    At the alpha that is best on dev without it.
    """
    rows = rows_of(path)
    shown = {}
    for row in rows:
        cells = shown.setdefault((row["data"], row["form"]), {})
        known = cells.get(row["term"])
        # Without the term the best alpha, and with it the greatest strength.
        rank = float(row["strength"]), -float(row["dev_loss"])
        if known is None or rank > known[0]:
            cells[row["term"]] = rank, row
    numbers = ("auc", "log_loss", "violations", "linked", "violations_at_rate")
    table = [["data", "form", "term", *numbers]]
    for (data, form), cells in shown.items():
        for term, (_, row) in cells.items():
            values = (f"{float(row[number]):.3f}" for number in numbers)
            table.append([data, form, term or "none", *values])
    return table_of(table if rows else [])


def results_to_rst(path):
    """Return a section with the table of results, or nothing if there is no table."""
    rows = rows_of(path)
    lines = [[cell(row) for cell in COLUMNS.values()] for row in rows]
    return RESULTS + table_of([list(COLUMNS), *lines]) if rows else ""


def best_by_to_rst(folder, parameter):
    """Return the test ROC-AUC of each value of a parameter, the rest chosen on dev.

    Of the whole grids: one row a data set, one column a value.
    """
    table, values = {}, []
    for path in sorted(folder.glob("quality_grid_*.csv")):
        cells = table.setdefault(path.stem.removeprefix("quality_grid_"), {})
        for row in rows_of(path):
            value = row[parameter]
            if value not in values:
                values.append(value)
            if value not in cells or float(row["dev_auc"]) > float(
                cells[value]["dev_auc"]
            ):
                cells[value] = row
    lines = [
        [
            data,
            *(
                f"{float(cells[value]['test_auc']):.3f}" if value in cells else ""
                for value in values
            ),
        ]
        for data, cells in table.items()
    ]
    return table_of([["Data", *values], *lines] if lines else [])
