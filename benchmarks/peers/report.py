# SPDX-License-Identifier: BSD-3-Clause
"""Make tables of the rows: peers.md."""

import statistics
from collections import defaultdict

from grid import problem

SECONDS = "{:.3g}"
# A solver's last value may round differently in the common objective.
ROUNDING = 1e-6


def markdown(rows, config):
    """Return all tables."""
    rows = list(rows)
    parts = defaultdict(list)
    for row in rows:
        parts[row["part"]].append(row)
    quality = [run["method"] for run in config["parts"]["quality"]["runs"]]
    chosen = choices(parts["quality"])
    texts = [
        "Made by `benchmarks/peers/run.py`; what it means: `benchmarks/README.md`.",
        "## Test ROC-AUC, settings chosen on dev",
        by_data(chosen, quality, lambda c: c["test_auc"], "{:.3f}", best=max),
        "## Test average precision, the same settings",
        by_data(chosen, quality, lambda c: c["test_ap"], "{:.3f}", best=max),
        "## Seconds of one fit at the chosen setting",
        by_data(chosen, quality, lambda c: c["seconds"], SECONDS),
        "## Seconds of one fit of each setting that was tried, together",
        "What did not finish counts with its limit.",
        by_data(chosen, quality, lambda c: c["all_seconds"], SECONDS),
        settings_tried(parts["quality"], quality),
        "## Seconds to the same value of the same objective",
        same_objective(parts["same_objective"], config["slack"]),
        "## ITML as it comes, on all training pairs",
        itml_full(parts["itml_full"]),
        "## Not finished or failed",
        unfinished(rows),
    ]
    return "\n\n".join(texts) + "\n"


def choices(rows):
    """Return {(data, method): the choice by the mean ROC-AUC on dev over seeds}."""
    groups = defaultdict(lambda: defaultdict(list))
    for row in rows:
        setting = tuple(sorted(row["params"].items()))
        groups[row["data"], row["method"]][setting].append(row)
    chosen = {}
    for about, settings in groups.items():
        spent = [seconds_spent(row) for setting in settings.values() for row in setting]
        finished = [
            group
            for group in settings.values()
            if all(row["status"] == "ok" for row in group)
        ]
        if finished:
            best = max(finished, key=lambda group: mean(group, "dev_auc"))
            chosen[about] = {
                "test_auc": mean(best, "test_auc"),
                "test_ap": mean(best, "test_ap"),
                "seconds": mean(best, "fit_seconds"),
                "all_seconds": sum(spent),
            }
    return chosen


def seconds_spent(row):
    """Return the seconds of a fit: the limit if it did not finish, 0 if it failed."""
    return {"timeout": row["time_limit"], "error": 0.0}.get(
        row["status"], row["fit_seconds"]
    )


def settings_tried(rows, methods):
    """Return a line that says among how many settings each method chose."""
    settings = defaultdict(set)
    for row in rows:
        settings[row["method"]].add(str(sorted(row["params"].items())))
    counts = (f"{method} {len(settings[method])}" for method in methods)
    return f"Settings: {', '.join(counts)}."


def mean(rows, name):
    return statistics.fmean(row[name] for row in rows)


def by_data(chosen, methods, value, pattern, best=None):
    """Return a table of one number for each data set and method."""
    lines = [header(["data", *methods])]
    for data in sorted({data for data, _ in chosen}):
        numbers = [
            value(chosen[data, method]) if (data, method) in chosen else None
            for method in methods
        ]
        texts = [text(number, pattern) for number in numbers]
        if best is not None:
            top = text(best(n for n in numbers if n is not None), pattern)
            texts = [f"**{t}**" if t == top else t for t in texts]
        lines.append(table_row([data, *texts]))
    return "\n".join(lines)


def same_objective(rows, slack):
    """Return a table of the seconds to the optimum, but for a share `slack`."""
    problems = defaultdict(list)
    for row in rows:
        if row["status"] == "ok" or row["method"] != "sksymsim_metric":
            about = problem(row["part"], row["data"], row["seed"], row["params"])
            problems[about].append(row)
    names = ["data", "alpha", "psd", "value", "sksymsim s", "L-BFGS s", "ratio"]
    lines = [header([*names, "Adam s", "ratio"])]
    for about, group in sorted(problems.items()):
        _, data, _, alpha, psd = about
        own = [row for row in group if row["method"] == "sksymsim_metric"]
        if not own:
            continue
        own.sort(key=lambda row: row["params"]["tol"])
        optimum, *compared = own
        target = optimum["objective"] * (1 + slack)
        reached = [
            row["fit_seconds"]
            for row in compared
            if row["objective"] <= target * (1 + ROUNDING)
        ]
        cells = [data, f"{alpha:g}", psd, text(target, "{:.6f}")]
        if not reached:
            lines.append(table_row([*cells, "never"]))
            continue
        seconds = min(reached)
        cells.append(text(seconds, SECONDS))
        for method in ("torch_lbfgs", "torch_adam"):
            runs = [row for row in group if row["method"] == method]
            cells += soonest(runs, seconds)
        lines.append(table_row(cells))
    return "\n".join(lines)


def soonest(rows, own_seconds):
    """Return the seconds of the best setting alone, and how many times ours."""
    reached = [
        row["seconds_to_target"]
        for row in rows
        if row["seconds_to_target"] is not None
        and row["objective"] <= row["target"] * (1 + ROUNDING)
    ]
    if reached:
        seconds = min(reached)
        return [text(seconds, SECONDS), f"{seconds / own_seconds:.2g}"]
    if not rows:
        return ["", ""]
    limits = {
        row["params"]["max_seconds"]
        for row in rows
        if row["message"] == "max_seconds" or row["status"] == "timeout"
    }
    if not limits:
        # Each ended by itself, at a higher value or with an error.
        return ["never", ""]
    return [f"> {max(limits)}", f"> {max(limits) / own_seconds:.2g}"]


def itml_full(rows):
    """Return a table of ITML with its defaults beside sksymsim."""
    lines = [
        header(["data", "pairs", "method", "seconds", "test AUC", "times sksymsim"])
    ]
    own = {
        row["data"]: row["fit_seconds"]
        for row in rows
        if row["method"] == "sksymsim_metric"
    }
    for row in sorted(rows, key=lambda row: (row["data"], row["method"])):
        if row["status"] == "error":
            continue
        seconds = seconds_spent(row)
        bound = "" if row["status"] == "ok" else "> "
        ratio = ""
        if own.get(row["data"]):
            ratio = f"{bound}{seconds / own[row['data']]:.3g}"
        sweeps = row["params"].get("max_iter")
        name = row["method"] if sweeps is None else f"{row['method']}, {sweeps} sweeps"
        cells = [row["data"], row["n_pairs"] or "", name]
        cells += [f"{bound}{seconds:.3g}", text(row["test_auc"], "{:.3f}"), ratio]
        lines.append(table_row(cells))
    return "\n".join(lines)


def unfinished(rows):
    """Return a table of the cells without a result, counted by reason."""
    counts = defaultdict(int)
    for row in rows:
        if row["status"] != "ok":
            counts[row["part"], row["method"], row["data"], row["message"]] += 1
    lines = [header(["part", "method", "data", "settings", "why"])]
    for (part, method, data, message), count in sorted(counts.items()):
        message = message.replace("|", "\\|")
        lines.append(table_row([part, method, data, count, message]))
    return "\n".join(lines)


def text(number, pattern):
    """Return a number as text; nothing for None, and no exponents for tiny times."""
    if number is None:
        return ""
    if pattern == SECONDS and number < 1e-3:
        return "< 0.001"
    return pattern.format(number)


def table_row(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def header(names):
    return table_row(names) + "\n" + "|---" * len(names) + "|"
