# SPDX-License-Identifier: BSD-3-Clause
"""Parts of pages that are made of other files of the repository at every build.

Written to ``docs/generated/*.inc``, from where the pages include them.
"""

import csv
import re
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).parents[2]
UNDERLINES = {1: "=", 2: "-", 3: "~"}
RESULTS = """\
Measured on real data
---------------------

ROC-AUC and average precision (AP) on test pairs. Whitening, form, prior and `alpha`
were chosen on the training and development pairs alone. The numbers are those of
``benchmarks/results/quality.csv``; ``benchmarks/quality.py`` says how they were made.

.. csv-table::
   :header-rows: 1
   :widths: auto

"""
PEERS = {
    "same_objective.inc": "Seconds to the same value of the same objective",
    "itml.inc": "ITML as it comes, on all training pairs",
    "peers.inc": "Test ROC-AUC, settings chosen on dev",
}
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

OUTER = {
    "Form": "form",
    "d": "n_features",
    "Columns": "n_columns",
    "MB of columns": "columns_mb",
    "Solver of the explicit fit": "solver",
    "Seconds, form": "seconds",
    "Seconds, explicit": "explicit_seconds",
    "Ratio": "ratio",
    "Objective, form": "objective",
    "Objective, explicit": "explicit_objective",
}
NETWORKS = {
    "Data": "data",
    "AUC cosine": "cosine_auc",
    "AUC": "default_auc",
    "Log-loss cosine": "cosine_loss",
    "Log-loss": "default_loss",
    "Epochs": "epochs",
    "Seconds": "seconds",
}
TUNED = {
    "Data": "data",
    "AUC": "tuned_auc",
    "worst seed": "worst_member_auc",
    "best seed": "best_member_auc",
    "AUC averaged": "averaged_auc",
    "Whiten": "whiten",
    "Closed": "closed",
    "Alpha": "alpha",
    "Epochs": "epochs",
}
STORED = {
    "Model": "model",
    "Precision": "dtype",
    "File": "file",
    "KB": "kilobytes",
    "write_ms": "write_ms",
    "read_ms": "read_ms",
}
BOTH_ORDERS = {
    "Data": "data",
    "Classifier": "estimator",
    "mean_change": "mean_change",
    "decisions_changed": "decisions_changed",
    "AUC cosine": "auc_cosine",
    "one order": "auc_one_order",
    "both orders": "auc_both_orders",
    "features": "auc_features",
}
CANDIDATES = {
    "Data": "data",
    "AUC cosine": "cosine_auc",
    "AUC": "test_auc",
    "AP": "test_ap",
    "Members": "members",
    "Seconds": "processor_seconds",
}

CLUSTERS = {
    "Where": lambda row: row["place"],
    "Workers": lambda row: row["workers"],
    "Features": lambda row: row["features"],
    "Fit (s)": lambda row: f"{float(row['fit_s']):.3g}",
    "Iterations": lambda row: row["iterations"],
    "Evaluation (s)": lambda row: f"{float(row['evaluation_s']):.3g}",
    "Overhead (s)": lambda row: _maybe(row["overhead_s"], 1),
    "Busiest worker (s)": lambda row: _maybe(row["busiest_s"], 1),
    "Client and scheduler (s)": lambda row: _maybe(row["hub_s"], 1),
    "Unknowns (MB)": lambda row: _maybe(row["theta_bytes"], 1e6),
    "Traffic (MB)": lambda row: _maybe(row["traffic_bytes"], 1e6),
    "Workers hold (GB)": lambda row: _maybe(row["worker_bytes"], 1e9),
    "Objective": lambda row: row["objective"],
}
# What is planned: pairs, pairs of a partition, threads, evaluations, widths of items.
PLAN = (10**9, 10**6, 64, 60, (128, 384, 768))

# Sections of the page of architectures: these beside cosine.
ARCHITECTURES = {
    "answer_kernels.inc": ("quadratic", "poly", "kernels"),
    "answer_towers.inc": ("network, distance", "network, distance, mirrored"),
    "answer_sets.inc": (
        "network, product",
        "network, sum",
        "network, mean_max",
        "network, attention",
    ),
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


def table_to_rst(path):
    """Return a CSV file as a table, numbers to three digits; nothing without a file."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    lines = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in rows:
        cells = ", ".join(f'"{_short(cell)}"' for cell in row)
        lines.append(f"   {cells}")
    return "\n".join(lines) + "\n"


def columns_to_rst(path, columns):
    """Return some columns of a CSV file, as they are; nothing without a file."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    table = [list(columns), *([row[name] for name in columns.values()] for row in rows)]
    lines += ["   " + ", ".join(f'"{cell}"' for cell in row) for row in table]
    return "\n".join(lines) + "\n"


def _short(cell):
    """Return a number to three digits, and any other text as it is."""
    try:
        return f"{float(cell):.3g}"
    except ValueError:
        return cell


def passes_to_rst(path):
    """Return the passes of the solvers, one row for each data set and problem."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alphas = list(dict.fromkeys(row["alpha"] for row in rows))
    header = ["Data", "Problem", *(f"{float(alpha):.0e}" for alpha in alphas)]
    table = {}
    for row in rows:
        cells = table.setdefault((row["data"], row["problem"]), {})
        plain = float(row["plain"])
        left = "never" if plain != plain else f"{plain:.0f}"
        cells[row["alpha"]] = f"{left} / {float(row['ours']):.3g}"
    lines = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    lines.append("   " + ", ".join(f'"{cell}"' for cell in header))
    for key, cells in table.items():
        row = [*key, *(cells.get(alpha, "") for alpha in alphas)]
        lines.append("   " + ", ".join(f'"{cell}"' for cell in row))
    return "\n".join(lines) + "\n"


def section_to_rst(path, heading):
    """Return the table under a heading of a Markdown file; nothing without a file."""
    if not path.exists():
        return ""
    _, _, section = path.read_text(encoding="utf-8").partition(f"## {heading}\n")
    return rows_to_rst(section.partition("\n## ")[0])


def markdown_table_to_rst(path):
    """Return the table of a Markdown file; nothing without a file."""
    return rows_to_rst(path.read_text(encoding="utf-8")) if path.exists() else ""


def rows_to_rst(text):
    """Return a table of Markdown as one of reStructuredText."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(rows) < 2:
        return ""
    cells = ["   " + ", ".join(f'"{cell}"' for cell in row) for row in rows]
    head = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    return "\n".join(head + cells) + "\n"


def coverage_to_rst(path):
    """Return how often intervals held the truth: one row a measure; or nothing."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["of"] in COVERED]
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    header = ["Measure", "Of", *(f"{name}: items / pairs" for name in settings)]
    table = {}
    for row in rows:
        shares = float(row["coverage"]), float(row["coverage_of_pair_bootstrap"])
        cells = table.setdefault((row["metric"], row["of"]), {})
        cells[row["setting"]] = " / ".join(f"{share:.3f}" for share in shares)
    lines = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    lines.append("   " + ", ".join(f'"{cell}"' for cell in header))
    for key, cells in table.items():
        row = [*key, *(cells.get(name, "") for name in settings)]
        lines.append("   " + ", ".join(f'"{cell}"' for cell in row))
    return "\n".join(lines) + "\n"


def architectures_of(path):
    """Return what was measured of each architecture on each data set, and the data."""
    if not path.exists():
        return {}, []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {}
    for row in rows:
        table.setdefault(row["architecture"], {})[row["data"]] = row
    return table, list(dict.fromkeys(row["data"] for row in rows))


def table_of(lines):
    """Return a table of lists of cells, the first one its header."""
    head = [".. csv-table::", "   :header-rows: 1", "   :widths: auto", ""]
    cells = ["   " + ", ".join(f'"{cell}"' for cell in line) for line in lines]
    return "\n".join(head + cells) + "\n"


def answers_to_rst(path, names):
    """Return ROC-AUC of some architectures, as they come and chosen on dev."""
    table, data = architectures_of(path)
    if not table:
        return ""
    lines = [["Data", "cosine", *names]]
    for key in data:
        rows = [table.get(name, {}).get(key) for name in names]
        cells = [
            f"{float(row['default_test_auc']):.3f} / {float(row['test_auc']):.3f}"
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


def reflexivity_to_rst(path):
    """Return what added pairs (x, x) change, a row a model; nothing without a file."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {}
    for row in rows:
        table.setdefault((row["data"], row["model"]), []).append(row)
    cells = [["Data", "Model", *OF_REFLEXIVITY]]
    for (data, model), group in table.items():
        group.sort(key=lambda row: int(row["added_percent"]))
        numbers = [" / ".join(map(cell, group)) for cell in OF_REFLEXIVITY.values()]
        cells.append([data, model, *numbers])
    return table_of(cells)


def closure_to_rst(path):
    """Return the ROC-AUC of each way to treat labels, one row a setting; or nothing."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ways = list(dict.fromkeys(row["way"] for row in rows))
    table = {}
    for row in rows:
        cells = table.setdefault((row["data"], row["labels"]), {})
        cells[row["way"]] = f"{float(row['auc']):.4f}"
    rows = [[*key, *(cells[way] for way in ways)] for key, cells in table.items()]
    return table_of([["data", "labels", *ways], *rows])


def soft_to_rst(path):
    """Return the penalty on triples: its strongest setting beside none; or nothing.

    At the alpha that is best on dev without it.
    """
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
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
    return table_of(table)


def _maybe(cell, unit):
    return f"{float(cell) / unit:.3g}" if cell else ""


def clusters_to_rst(path):
    """Return what fits on clusters took; nothing without a file."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pairs, partitions = rows[-1]["pairs"], rows[-1]["partitions"]
    head = f"{int(pairs):,} pairs in {partitions} partitions.\n\n"
    cells = [[cell(row) for cell in CLUSTERS.values()] for row in rows]
    return head + table_of([list(CLUSTERS), *cells])


def billion_to_rst(path):
    """Return what a billion pairs take, by what was measured of fewer; or nothing."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alone = [row for row in rows if row["workers"] == "1"][-1]
    n_pairs, of_partition, n_threads, n_evaluations, widths = PLAN
    measured = int(alone["pairs"]) * int(alone["features"])
    each = float(alone["busiest_s"]) / (measured * int(alone["features"]))
    held = float(alone["worker_bytes"]) / measured
    # Tasks are handed out one by one.
    by_partition = float(alone["hub_s"]) / int(alone["partitions"])
    n_partitions = n_pairs // of_partition
    table = [
        [
            "Features",
            "Pairs (TB)",
            "Memory (TB)",
            "Client: sent and received (MB)",
            "Traffic at most (GB)",
            "Evaluation (s)",
            "Scheduling of it (s)",
            "Hours",
        ]
    ]
    for width in widths:
        unknowns = 8 * width**2
        scheduling = by_partition * n_partitions
        evaluation = each * n_pairs * width**2 / n_threads + scheduling
        numbers = (
            2 * 4 * n_pairs * width / 1e12,
            held * n_pairs * width / 1e12,
            2 * unknowns / 1e6,
            unknowns * (n_partitions + n_threads) / 1e9,
            evaluation,
            scheduling,
            evaluation * n_evaluations / 3600,
        )
        table.append([width, *(f"{number:.2g}" for number in numbers)])
    return table_of(table)


def results_to_rst(path):
    """Return a section with the table of results, or nothing if there is no table."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = [list(COLUMNS)]
    table += [[cell(row) for cell in COLUMNS.values()] for row in rows]
    lines = [", ".join(f'"{cell}"' for cell in row) for row in table]
    return RESULTS + "".join(f"   {line}\n" for line in lines)


def write_fragments(app):
    """Write all fragments; leave alone those that have not changed."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    results = ROOT / "benchmarks" / "results"
    for name, text in {
        "changelog.inc": markdown_to_rst(changelog),
        "results.inc": results_to_rst(results / "quality.csv"),
        "engine.inc": table_to_rst(results / "engine.csv"),
        "scoring.inc": table_to_rst(results / "scoring.csv"),
        "leakage.inc": table_to_rst(results / "leakage.csv"),
        "coverage.inc": coverage_to_rst(results / "coverage.csv"),
        "one_call.inc": markdown_table_to_rst(results / "search.md"),
        "candidates.inc": columns_to_rst(results / "search_candidates.csv", CANDIDATES),
        "closure.inc": closure_to_rst(results / "closure.csv"),
        "contradictions.inc": table_to_rst(results / "contradictions.csv"),
        "soft_transitivity.inc": soft_to_rst(results / "soft_transitivity.csv"),
        "reflexivity.inc": reflexivity_to_rst(results / "reflexivity.csv"),
        "shuffled.inc": table_to_rst(results / "shuffled.csv"),
        "outer_product.inc": columns_to_rst(results / "outer_product.csv", OUTER),
        "both_orders.inc": columns_to_rst(results / "both_orders.csv", BOTH_ORDERS),
        "architectures.inc": winners_to_rst(results / "architectures.csv"),
        "architectures_overall.inc": overall_to_rst(results / "architectures.csv"),
        **{
            name: answers_to_rst(results / "architectures.csv", shown)
            for name, shown in ARCHITECTURES.items()
        },
        "networks.inc": columns_to_rst(results / "mlp_quality.csv", NETWORKS),
        "networks_tuned.inc": columns_to_rst(results / "mlp_tuned.csv", TUNED),
        "scaling_out.inc": clusters_to_rst(results / "distributed.csv"),
        "billion.inc": billion_to_rst(results / "distributed.csv"),
        "persistence.inc": columns_to_rst(results / "persistence.csv", STORED),
        "solver.inc": passes_to_rst(results / "solver.csv"),
        **{
            name: section_to_rst(results / "peers.md", heading)
            for name, heading in PEERS.items()
        },
    }.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Write the fragments before anything is read."""
    app.connect("builder-inited", write_fragments, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
