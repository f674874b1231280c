# SPDX-License-Identifier: BSD-3-Clause
"""Run the grid: every cell in a process of its own.

    python benchmarks/peers/run.py FOLDER_OF_NPZ [--only WORD ...] [--envs DIR]

The environments are made by environments.py; the cells are those of grid.toml.

Rows are added to ``peers.csv`` as they come, so that a run can be stopped and taken up
again: a cell that has a row is skipped, unless --again. What did not finish in its time
is a row too. At the end, and with --report alone, ``peers.md`` is made of the rows.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import table
from environments import DEFAULT_FOLDER, ROOT, interpreter, surroundings
from grid import CONFIG, cells, key, problem, read_config
from machine import commit, describe
from report import markdown

HERE = Path(__file__).resolve().parent
# Loading, repetitions and scoring come on top of the limit of one fit, and a process
# that hangs in C does not hear its own alarm.
GRACE_SECONDS = 180
# Targets that differ by less are the same: threads and BLAS change the last digits.
SAME_TARGET = 1e-6


def main():
    """Read the command line, run what is missing, write the report."""
    arguments = parse()
    config = read_config(arguments.config)
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    path = out / "peers.csv"
    if not arguments.report:
        run_grid(config, arguments, path)
        facts = describe(config, arguments.envs, ROOT)
        text = json.dumps(facts, indent=1) + "\n"
        (out / "peers_environment.json").write_text(text)
    rows = table.read(path)
    table.rewrite(path, rows)
    (out / "peers.md").write_text(markdown(rows.values(), config))


def parse():
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of NAME.npz")
    parser.add_argument(
        "--only",
        action="append",
        nargs="+",
        metavar="WORD",
        help="cells of these parts, data sets and methods; repeat to narrow down",
    )
    parser.add_argument("--envs", type=Path, default=DEFAULT_FOLDER, metavar="DIR")
    parser.add_argument("--config", type=Path, default=CONFIG, help="for trials")
    parser.add_argument("--out", type=Path, default=HERE.parent / "results")
    parser.add_argument("--max-pairs", type=int, help="for trials: so many pairs")
    parser.add_argument("--again", action="store_true", help="also what has a row")
    parser.add_argument("--report", action="store_true", help="only make peers.md")
    return parser.parse_args()


def run_grid(config, arguments, path):
    """Run the cells that are wanted and missing; add a row for each."""
    rows = table.read(path)
    targets = {}
    for cell in cells(config):
        if arguments.max_pairs is not None:
            cell["max_pairs"] = arguments.max_pairs
            cell["key"] = key(cell)
        about = problem(cell["part"], cell["data"], cell["seed"], cell["params"])
        if cell["uses_target"]:
            cell["target"] = targets.get(about)
        words = {cell["part"], cell["data"], cell["method"]}
        wanted = all(words & set(choice) for choice in arguments.only or [])
        row = rows.get(cell["key"])
        if wanted and (arguments.again or row is None or outdated(row, cell)):
            if cell["uses_target"] and cell["target"] is None:
                print(f"no target yet for {about}: run sksymsim_metric first")
                continue
            row = run_cell(cell, arguments)
            rows[cell["key"]] = row
            table.append(path, row)
            if cell["uses_target"] and row["status"] == "ok":
                trajectories = path.with_name("peers_trajectories.json")
                table.store_trajectory(trajectories, row["key"], row["trajectory"])
        if cell["sets_target"] and row is not None and row["status"] == "ok":
            targets[about] = row["objective"] * (1 + config["slack"])


def outdated(row, cell):
    """Say whether a row was made with less time, or for another target."""
    if row["status"] == "timeout" and row["time_limit"] < cell["time_limit"]:
        return True
    if not cell["uses_target"] or None in (row["target"], cell["target"]):
        return False
    return abs(row["target"] - cell["target"]) > SAME_TARGET * cell["target"]


def run_cell(cell, arguments):
    """Run one cell in a process of its own; return its row, whatever happens."""
    python = interpreter(arguments.envs, cell["environment"])
    label = f"{cell['part']} {cell['data']} {cell['method']} {cell['params']}"
    print(time.strftime("%H:%M:%S"), label, end=" ", flush=True)
    try:
        answer = subprocess.run(
            [python, HERE / "run_one.py", arguments.folder],
            input=json.dumps(cell),
            env=os.environ | surroundings(cell["environment"]),
            capture_output=True,
            text=True,
            timeout=cell["time_limit"] + GRACE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        result = {
            "status": "timeout",
            "message": f"did not finish in {cell['time_limit']} s",
        }
    except FileNotFoundError:
        sys.exit(f"no environment {cell['environment']!r}: see environments.py")
    else:
        result = parse_answer(answer)
    row = cell | result | {"commit": commit(ROOT)}
    seconds, auc = row.get("fit_seconds"), row.get("test_auc")
    print(row["status"], seconds, auc, row.get("message", ""), flush=True)
    return row


def parse_answer(answer):
    """Return the row that a process has printed, or why there is none."""
    if answer.returncode == 0:
        return json.loads(answer.stdout.splitlines()[-1])
    lines = answer.stderr.strip().splitlines() or ["no message"]
    # Results are tracked: where things lie on this machine is nobody's business.
    last = re.sub(r"(/[^/\s'\"]+)+/", "", lines[-1])
    message = f"exit {answer.returncode}: {last[:200]}"
    return {"status": "error", "message": message}


if __name__ == "__main__":
    main()
