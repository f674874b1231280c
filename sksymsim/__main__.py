# SPDX-License-Identifier: BSD-3-Clause
"""``python -m sksymsim``: the main job on the bundled recordings."""

import argparse
import sys
from pathlib import Path

from sksymsim._main_job import run


def main(arguments=None):
    """Read the command line and run the main job."""
    parser = argparse.ArgumentParser(
        prog="python -m sksymsim",
        description=(
            "Learn from the bundled recordings who speaks and which digit is said, "
            "compare with plain cosine, save the models and score with them in a "
            "second process."
        ),
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("sksymsim-output"),
        help="folder for the models and the picture (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=2,
        help="threads of the search; no effect on the result (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.exit(2, f"cannot make the folder {options.output}: {error.strerror}\n")
    run(options.output, options.jobs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
