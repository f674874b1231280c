# SPDX-License-Identifier: BSD-3-Clause
"""The check of results that could not be held, before they are begun."""

import os

UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def machine_bytes():
    """Return the memory of this machine; infinity where the system does not say."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return float("inf")
    # A limit that is not known is -1.
    return pages * size if min(pages, size) > 0 else float("inf")


def check_memory(n_bytes, what, advice):
    """Refuse what takes more memory than there is, before any of it is taken.

    Parameters
    ----------
    n_bytes : int
        Of the result alone, or of the largest array on the way to it.
    what : str
        What takes it, for the error text; a plural.
    advice : str
        What to do.

    Raises
    ------
    MemoryError
        As NumPy does where the system refuses; many systems do not, and end the process
        half an hour later.
    """
    most = machine_bytes()
    if n_bytes > most:
        raise MemoryError(
            f"{what} take {_size(n_bytes)}, and this machine has {_size(most)}: "
            f"{advice}."
        )


def _size(n_bytes):
    """Return a number of bytes with three digits and a unit."""
    exponent = min((len(str(int(n_bytes))) - 1) // 3, len(UNITS) - 1)
    return f"{n_bytes / 1000**exponent:.3g} {UNITS[exponent]}"
