# SPDX-License-Identifier: BSD-3-Clause
"""Read grid.toml, and make cells of it: one for each process."""

import hashlib
import itertools
import json
from pathlib import Path

import tomllib

CONFIG = Path(__file__).with_name("grid.toml")
# What makes a cell another one. Limits and repetitions do not.
IDENTITY = (
    "part",
    "data",
    "method",
    "params",
    "seed",
    "max_pairs",
    "max_features",
    "threads",
)


def read_config(path=CONFIG):
    """Return the configuration as a dict."""
    return tomllib.loads(path.read_text())


def cells(config):
    """Yield all cells, those that set targets before those that want them."""
    for part, block in config["parts"].items():
        for data, run in itertools.product(block["data"], block["runs"]):
            seeded = itertools.product(config["seeds"], combinations(run["params"]))
            for seed, params in seeded:
                yield make_cell(config, part, data, run, seed, params)


def make_cell(config, part, data, run, seed, params):
    """Return one cell as a dict that can be written as JSON."""
    block = config["parts"][part]
    targeted = any(other.get("sets_target") for other in block["runs"])
    cell = {
        "part": part,
        "data": data,
        "method": run["method"],
        "params": params,
        "seed": seed,
        "max_pairs": run.get("max_pairs"),
        "max_features": run.get("max_features"),
        "threads": config["threads"],
        "time_limit": block["time_limit"],
        "repetitions": run.get("repetitions", block["repetitions"]),
        "short_fit_seconds": config["short_fit_seconds"],
        "sets_target": run.get("sets_target", False),
        # Only solvers with a clock of their own can end at a value.
        "uses_target": targeted and "max_seconds" in params,
        "target": None,
    }
    return cell | config["methods"][run["method"]] | {"key": key(cell)}


def combinations(params):
    """Yield every choice of one value for each parameter that is a list."""
    choices = [v if isinstance(v, list) else [v] for v in params.values()]
    for values in itertools.product(*choices):
        yield dict(zip(params, values, strict=True))


def key(cell):
    """Return a short name of what a cell is about."""
    identity = json.dumps([cell[name] for name in IDENTITY], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def problem(part, data, seed, params):
    """Return what has to be equal for two solvers to minimise the same."""
    return part, data, seed, params.get("alpha"), params.get("psd")
