# SPDX-License-Identifier: BSD-3-Clause
"""Names of types, for annotations: imported by type checkers alone.

SciPy and scikit-learn say little of their own types: what is theirs is ``Any`` to most
checkers, and an estimator is whatever has the methods that are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, sparray, spmatrix

if TYPE_CHECKING:
    from sksymsim.pairs import Pairs

Function = TypeVar("Function", bound=Callable[..., Any])

# What is passed.
Estimator: TypeAlias = Any
Path: TypeAlias = "str | os.PathLike[str]"
SparseMatrix: TypeAlias = "spmatrix | sparray"
ItemsLike: TypeAlias = "ArrayLike | SparseMatrix"
PairsLike: TypeAlias = "Pairs | ArrayLike | tuple[ItemsLike, ItemsLike]"
Seed: TypeAlias = "int | np.random.RandomState | None"
ClassWeight: TypeAlias = "dict[Any, float] | Literal['balanced'] | None"
Scoring: TypeAlias = "str | Callable[..., Any]"
Splits: TypeAlias = "Splitter | Iterable[tuple[ArrayLike, ArrayLike]]"
Criterion: TypeAlias = Literal["accuracy", "f_beta", "far", "precision", "recall"]
Level: TypeAlias = Literal["item", "pair", "group"]
TestClass: TypeAlias = Literal["C3", "C2", "C1"]
# What comes back.
Floats: TypeAlias = "NDArray[np.floating[Any]]"
Integers: TypeAlias = "NDArray[np.integer[Any]]"
Booleans: TypeAlias = "NDArray[np.bool_]"
Strings: TypeAlias = "NDArray[Any]"  # of dtype object, in the manner of scikit-learn
Labels: TypeAlias = "NDArray[Any]"
Rows: TypeAlias = "Floats | csr_matrix"
# Of packages that need not be there.
Axes: TypeAlias = Any
DaskArray: TypeAlias = Any
DataFrame: TypeAlias = Any


class Splitter(Protocol):
    """What cuts pairs into training and test."""

    def split(self, X: Any, y: Any = ..., groups: Any = ...) -> Any:
        """Return an iterable of (train, test)."""


class MetricLearner(Protocol):
    """What has learned a metric."""

    def get_mahalanobis_matrix(self) -> Any:
        """Return M of the squared distance (a-b)'M(a-b)."""


def available_if(check: Callable[[Any], bool]) -> Callable[[Function], Function]:
    """Return scikit-learn's decorator, to which a method stays what it is."""
    raise NotImplementedError(check)
