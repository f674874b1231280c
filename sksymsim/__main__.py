# SPDX-License-Identifier: BSD-3-Clause
"""``python -m sksymsim``: models and scores of files, without any code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

from sksymsim._commands.parser import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

# The module of each command, loaded once the command line has been read: they take a
# second. Each has a function of the name of the command.
MODULES = {
    "fit": "_commands.fit",
    "score": "_commands.score",
    "report": "_commands.report",
    "topk": "_commands.topk",
    "dedupe": "_commands.groups",
    "link": "_commands.groups",
    "demo": "_commands.demo",
}
# As shells report programs that a signal ended: SIGINT, SIGPIPE.
INTERRUPTED, BROKEN_PIPE = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    Parameters
    ----------
    arguments : list of str, default=None
        None takes those of the process.

    Returns
    -------
    code : int
        0 is success, 1 something wrong with the data, 130 an interrupt, 141 a reader of
        the output that went away. A wrong command line raises SystemExit(2).
    """
    options = parse(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            run = getattr(
                import_module(f"sksymsim.{MODULES[options.command]}"), options.command
            )
            run(options)
            sys.stdout.flush()
        return 0
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Else Python would try once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        # Whatever it is, a person gets one line; --debug shows where it came from.
        if options.debug:
            traceback.print_exc()
        _complain(f"error: {_text_of(error)}")
        return 1


def _text_of(error):
    """Return what an error says, in one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError):
        return f"not enough memory: {text}"
    if isinstance(error, ValueError | TypeError | ImportError | OSError):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"


def _show_warning(message, category, *place):
    _complain(f"warning: {' '.join(str(message).split())}")


def _complain(text):
    print(f"sksymsim: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
