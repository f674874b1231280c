# SPDX-License-Identifier: BSD-3-Clause
"""Which versions wrote a model, and the warning of one that reads it under another."""

from __future__ import annotations

import platform
import warnings
from typing import TYPE_CHECKING

import joblib
import numpy as np
import scipy
import sklearn

from sksymsim._version import __version__
from sksymsim.exceptions import ModelVersionWarning

if TYPE_CHECKING:
    from typing import Any

# Where the state of an estimator says which version it is of.
VERSION_KEY = "_sksymsim_version"


class Versioned:
    """A mixin of estimators whose pickles know the version that wrote them.

    It stands to the left of ``BaseEstimator``, which does the same for the classes of
    scikit-learn, and only for those.
    """

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        return {**state, VERSION_KEY: __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        warn_of_another_version(state.pop(VERSION_KEY, None))
        super().__setstate__(state)


def warn_of_another_version(written, stacklevel=3):
    """Warn if a version that wrote a model is not that which reads it.

    The text names no class, so that Python shows it once for a model of many parts.
    """
    if written == __version__:
        return
    by = "an unknown version of sksymsim" if written is None else f"sksymsim {written}"
    warnings.warn(
        f"the model was stored by {by} and is read by {__version__}. Compare its "
        "scores with some that were stored with it; if they differ, fit it anew, or "
        "install the version that wrote it.",
        ModelVersionWarning,
        stacklevel=stacklevel,
    )


def library_versions():
    """Return the versions that matter to a model, by the names of the packages."""
    return {
        "sksymsim": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "joblib": joblib.__version__,
    }
