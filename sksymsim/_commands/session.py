# SPDX-License-Identifier: BSD-3-Clause
"""What commands have in common: progress, threads, models out of files, scores."""

import sys
from contextlib import contextmanager, nullcontext

import numpy as np
from joblib import parallel_config

from sksymsim._commands.progress import Progress
from sksymsim._responses import log_odds_method, read_log_odds
from sksymsim._tables.items import read_items
from sksymsim._validation.tables import (
    check_is_classifier,
    check_same_width,
    check_width_of_model,
)
from sksymsim.pairs import Pairs
from sksymsim.persistence import load_model


class Session:
    """One run of a command.

    Parameters
    ----------
    options : argparse.Namespace
    """

    def __init__(self, options):
        self.options = options
        wanted = options.progress
        wanted = sys.stderr.isatty() if wanted is None else wanted
        self._stream = sys.stderr if wanted else None

    @property
    def is_shown(self):
        """Whether progress is wanted."""
        return self._stream is not None

    def progress(self, title):
        """Return a bar."""
        return Progress(title, self._stream)

    def threads(self):
        """Return a context with the number of threads that was asked for."""
        jobs = self.options.jobs
        return nullcontext() if jobs is None else parallel_config(n_jobs=jobs)

    def items(self, path):
        """Read items."""
        with self.progress(f"reading {path}") as bar:
            return read_items(path, self.options, bar.show)

    def both_items(self):
        """Read the items of the left and of the right side, which may be the same."""
        items = self.items(self.options.items)
        if self.options.items_b is None:
            return items, items
        others = self.items(self.options.items_b)
        check_same_width(items, others)
        return items, others


def pairs_of(items, others, index):
    """Return pairs of rows of items, with no more items than they need.

    Parameters
    ----------
    items, others : Items
        Of the left and of the right side.
    index : ndarray of int of shape (n_pairs, 2)
    """
    if items is others:
        return Pairs.from_index(items.array, index).compact()
    (rows_a, left), (rows_b, right) = (
        np.unique(rows, return_inverse=True) for rows in index.T
    )
    # One table, so that an item of several pairs is known to be one.
    table = np.concatenate([items.array[rows_a], others.array[rows_b]])
    return Pairs.from_index(table, np.column_stack([left, right + len(rows_a)]))


@contextmanager
def session_of(options):
    """Enter a session with its threads."""
    session = Session(options)
    with session.threads():
        yield session


class Scorer:
    """A model out of a file.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path):
        self.path = path
        self.model = load_model(path)
        check_is_classifier(path, self.model)
        self._method = None

    def check_items(self, *tables):
        """Refuse items of another width."""
        for items in tables:
            check_width_of_model(self.path, self.model, items)

    def log_odds(self, pairs):
        """Return the log-odds of pairs."""
        if self._method is None:
            self._method = log_odds_method(self.model, pairs)
        return np.asarray(read_log_odds(self.model, pairs, self._method))
