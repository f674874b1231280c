# SPDX-License-Identifier: BSD-3-Clause
"""``PYTHONPATH=tests python -m fuzz --seconds 60``: all targets, or some."""

import argparse
import resource
import sys

from fuzz.runner import TARGETS, explore

MOST_BYTES = 6 * 2**30


def main():
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"some of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=10, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    n_failures = 0
    for name in options.targets or TARGETS:
        counts, failures = explore(name, options.seconds, 10**6 * options.seed)
        print(
            f"{name}: {counts['examples']} examples, {counts['refused']} refused, "
            f"{counts['broken']} broken in {len(failures)} ways",
            flush=True,
        )
        for place, (text, told) in failures.items():
            print(f"    {place}\n        {text[:300]}\n        {told[:1500]}")
        n_failures += len(failures)
    return min(n_failures, 1)


if __name__ == "__main__":
    sys.exit(main())
