# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric similarities learned from labelled pairs of embeddings."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sksymsim._version import __version__ as __version__

if TYPE_CHECKING:
    from sksymsim._public import *
else:  # any name would be there to type checkers

    def __getattr__(name):
        is_special = name.startswith("__") or not name.isidentifier()
        if not is_special and find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        if name == "__all__" or not (is_special or name.startswith("_")):
            _load()
            if name in globals():
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    _load()
    return sorted(globals())


def _load() -> None:
    # SciPy and scikit-learn take a second, for which `sksymsim --help` need not wait:
    # the first public name that is asked for brings them all.
    public = import_module(f"{__name__}._public")
    names = ["__all__", *public.__all__]
    globals().update({name: getattr(public, name) for name in names})
