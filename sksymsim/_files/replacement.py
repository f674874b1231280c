# SPDX-License-Identifier: BSD-3-Clause
"""Files that are there as a whole, the old one or the new one."""

import os
import secrets
from contextlib import contextmanager


@contextmanager
def replacement(path):
    """Open a file beside another one, which it replaces once all is written.

    If anything is raised within, an interrupt included, the old file stays as it is.
    What is no ordinary file, such as a pipe or ``/dev/null``, is written to directly.

    Parameters
    ----------
    path : str or os.PathLike

    Yields
    ------
    file : binary file
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            # Else a crash of the system could leave the new name without its content.
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
