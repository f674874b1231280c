# SPDX-License-Identifier: BSD-3-Clause
"""The order of the examples: as one learns, from a first model to its use."""

from pathlib import Path

ORDER = (
    "first_model",
    "whitening",
    "learning_curve",
    "honest_folds",
    "search",
    "rank",
    "errors",
    "another_rate",
    "beyond_degree_two",
    "network_training",
    "reflexivity",
    "transitivity",
    "grouping",
    "index",
)


class LearningOrder:
    """Key of an example: its place in the list, and an error for what is not there."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, file_name):
        """Return the place of a file ``plot_NAME.py``."""
        return ORDER.index(Path(file_name).stem.removeprefix("plot_"))

    def __repr__(self):
        """Return the same text at every build, by which Sphinx tells old pages."""
        return f"<{type(self).__name__}>"
