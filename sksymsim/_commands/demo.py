# SPDX-License-Identifier: BSD-3-Clause
"""``demo``: the main job on the bundled recordings."""

from pathlib import Path

from sksymsim._commands.main_job import run


def demo(options):
    """Run the main job, into a folder."""
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    run(folder, options.jobs)
