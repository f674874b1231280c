# SPDX-License-Identifier: BSD-3-Clause
"""A bar that shows how far a long task is."""

import time

WIDTH = 24
# Seconds between two looks of a terminal; elsewhere, each is a line in a log.
EVERY = {True: 0.1, False: 5.0}


class Progress:
    """A bar on a stream, which is drawn at most ten times a second.

    Parameters
    ----------
    title : str
    stream : text file or None
        None shows nothing.
    """

    def __init__(self, title, stream):
        self._title, self._stream = title, stream
        self._is_terminal = stream is not None and stream.isatty()
        self._start = self._last = time.monotonic()
        self._width = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._stream is not None and self._width and self._is_terminal:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()

    def show(self, share, count, unit):
        """Draw, if it is time.

        Parameters
        ----------
        share : float
            From 0 to 1.
        count : int
            How many are done.
        unit : str
            Of what.
        """
        now = time.monotonic()
        is_due = now - self._last >= EVERY[self._is_terminal]
        if self._stream is None or not (is_due or share >= 1):
            return
        self._last = now
        share = min(max(share, 0.0), 1.0)
        bar = ("#" * round(WIDTH * share)).ljust(WIDTH, ".")
        left = (now - self._start) * (1 - share) / share if share else 0.0
        text = (
            f"{self._title} [{bar}] {share:4.0%}  {count:,} {unit}, {left:.0f} s left"
        )
        end = "" if self._is_terminal else "\n"
        start = "\r" if self._is_terminal else ""
        self._stream.write(f"{start}{text.ljust(self._width)}{end}")
        self._stream.flush()
        self._width = len(text)
