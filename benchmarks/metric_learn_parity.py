# SPDX-License-Identifier: BSD-3-Clause
"""How much of metric-learn's own test-suite `MetricLearnAdapter` passes.

Its lists of estimators are replaced by the adapter, and the tests that then get the
adapter are run as they stand, from a checkout of the suite (commit dc7e449; it is not
part of this repository). Needs metric-learn 0.7, and so scikit-learn < 1.8, and pytest
and pandas, without which a test is skipped::

    pip install -e ".[metric-learn]" pytest pandas
    git clone https://github.com/scikit-learn-contrib/metric-learn suite
    python benchmarks/metric_learn_parity.py suite \
        --out benchmarks/results/metric_learn_parity.csv

Six more tests are for parameters that learners of pairs need not have. One word of the
suite is replaced, and the table says where: it asks models with `predict_proba`, which
none of metric-learn's has, for the scorer "brier_score"; scikit-learn 0.22 renamed that
to "neg_brier_score".
"""

import argparse
import csv
import importlib
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FILES = (
    "pairs_classifiers",
    "mahalanobis_mixin",
    "sklearn_compat",
    "base_metric",
    "utils",
)
OF_PAIRS = ("pairs_learners", "tuples_learners", "metric_learners")
LISTS = (
    *OF_PAIRS,
    "metric_learners_pipeline",
    "triplets_learners",
    "quadruplets_learners",
    "supervised_learners",
    "classifiers",
    "regressors",
)
WITH_PAIRS = {*OF_PAIRS, "metric_learners_pipeline"}
REASONS = {
    "test_check_input_pairs_learners_invalid_y": (
        "asks that the labels 0 and 1 be refused; they are accepted"
    ),
}
RENAMED = "test_various_scoring_on_tuples_learners"
RENAMED_SCORER = "with neg_brier_score under its old name, brier_score"


class AdapterInTheirPlace:
    """A pytest plugin: the suite tests the adapter, and the outcomes are kept."""

    def __init__(self, adapter):
        self.adapter = adapter
        self.rows = {}

    def pytest_configure(self):
        # Before any test module is there: all of them take the lists from this one.
        utils = importlib.import_module("test.test_utils")
        for name in LISTS:
            mine = [(self.adapter, utils.build_pairs)] if name in WITH_PAIRS else []
            getattr(utils, name)[:] = mine
            getattr(utils, f"ids_{name}")[:] = ["adapter"] * len(mine)

    def pytest_collection_modifyitems(self, items):
        items[:] = [
            item
            for item in items
            if hasattr(item, "callspec")
            and any(value is self.adapter for value in item.callspec.params.values())
        ]
        compat = sys.modules["test.test_sklearn_compat"]
        check = compat.check_score_is_finite
        compat.check_score_is_finite = lambda scoring, *arguments: check(
            scoring.replace("brier_score", "neg_brier_score"), *arguments
        )

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            name = report.nodeid.replace("test/", "", 1)
            self.rows[name] = report.outcome, self._reason(name, report)

    @staticmethod
    def _reason(name, report):
        test = name.partition("::")[2].partition("[")[0]
        if report.passed:
            return RENAMED_SCORER if test == RENAMED else ""
        if report.skipped:
            return str(report.longrepr[2])
        return REASONS.get(test, report.longrepr.reprcrash.message.splitlines()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path, help="a checkout of metric-learn")
    parser.add_argument("--out", type=Path, help="the table to write")
    arguments = parser.parse_args()
    suite = arguments.suite.resolve()
    if not (suite / "test" / "test_utils.py").is_file():
        parser.error(f"{suite} is no checkout of metric-learn: no test/test_utils.py.")
    try:
        versions = [
            f"{name} {version(name)}"
            for name in ("metric-learn", "scikit-learn", "numpy", "pandas", "pytest")
        ]
    except PackageNotFoundError as error:
        parser.error(f"{error.name} is not installed; see the top of this file.")
    out = arguments.out and arguments.out.resolve()

    import pytest

    from sksymsim import MetricLearnAdapter

    os.chdir(suite)
    sys.path.insert(0, str(suite))
    plugin = AdapterInTheirPlace(MetricLearnAdapter())
    options = [
        "-q",
        "--no-header",
        "--tb=no",
        "--disable-warnings",
        "-p",
        "no:cacheprovider",
    ]
    files = [f"test/test_{name}.py" for name in FILES]
    pytest.main(options + files, plugins=[plugin])
    n_passed = sum(outcome == "passed" for outcome, _ in plugin.rows.values())
    print(f"{n_passed} of {len(plugin.rows)} passed ({', '.join(versions)})")
    for name, (outcome, reason) in plugin.rows.items():
        if outcome != "passed":
            print(f"{outcome}: {name}: {reason}")
    if out:
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["test", "outcome", "reason"])
            writer.writerows((name, *row) for name, row in plugin.rows.items())


if __name__ == "__main__":
    main()
