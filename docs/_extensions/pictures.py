# SPDX-License-Identifier: BSD-3-Clause
"""The pictures of the pages, made by the code of the pages at every build.

What the examples of a page save is put into ``docs/generated``, from where the page
shows it. The same examples are run as tests.
"""

import doctest
import os
import shutil
import tempfile
from pathlib import Path

PAGES = ["reports.rst"]


def make_pictures(app):
    """Run the examples of the pages in an empty folder, and keep their files."""
    from matplotlib import rc_context

    target = Path(app.srcdir) / "generated"
    target.mkdir(exist_ok=True)
    back = Path.cwd()
    # The same drawing at every build, so that a page is not built anew without need.
    settings = {"svg.hashsalt": "sksymsim", "figure.figsize": (6, 4.2)}
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder, rc_context(settings):
            os.chdir(folder)
            try:
                doctest.testfile(
                    str(Path(app.srcdir) / page),
                    module_relative=False,
                    raise_on_error=True,
                    encoding="utf-8",
                )
            finally:
                os.chdir(back)
            for path in Path(folder).iterdir():
                shutil.copyfile(path, target / path.name)


def setup(app):
    """Draw before anything is read."""
    app.connect("builder-inited", make_pictures, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
