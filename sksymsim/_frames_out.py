# SPDX-License-Identifier: BSD-3-Clause
"""Data frames as the output of `transform`, for what is no transformer by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from sksymsim._validation.features import check_feature_names
from sksymsim._validation.frames import check_output

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike
    from typing_extensions import Self

    from sksymsim._typing import Strings, available_if
else:
    from sklearn.utils.metaestimators import available_if

# Where scikit-learn keeps it, and so what its `clone` copies.
CONFIG = "_sklearn_output_config"


def _has_columns(estimator):
    """Say whether there are columns to name, or raise the reason why not."""
    return estimator._may_transform()


class FramesOutMixin:
    """`set_output` as transformers have it, which bring more than that with them.

    The class that inherits has ``components_`` after fit, a row for each column that
    `transform` makes, and says by ``_may_transform`` if not all of its models can.
    """

    def _may_transform(self):
        """Return true, or raise an AttributeError that says why not."""
        return True

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Choose what `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            An array, or a data frame with the names of `get_feature_names_out`. None
            changes nothing. Without any call, it is as ``sklearn.set_config`` says.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If there is no such output.
        """
        if transform is not None:
            setattr(self, CONFIG, {"transform": check_output(transform)})
        return self

    @available_if(_has_columns)
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Strings:
        """Return the names of the columns that `transform` makes.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of an item. They are checked, and not used.

        Returns
        -------
        names : ndarray of str of shape (n_components,)
            The name of the class and a number.
        """
        check_is_fitted(self)
        known = vars(self).get("feature_names_in_")
        check_feature_names(input_features, self.n_features_in_, known)
        prefix = type(self).__name__.lower()
        return np.array(
            [f"{prefix}{i}" for i in range(len(self.components_))], dtype=object
        )

    def _as_output(self, values, X):
        """Return an array as what was chosen; rows of pandas keep their index."""
        chosen = vars(self).get(CONFIG, {}).get("transform")
        chosen = get_config()["transform_output"] if chosen is None else chosen
        if chosen == "default":
            return values
        names = self.get_feature_names_out()
        if chosen == "polars":
            import polars

            return polars.DataFrame(values, schema=list(names), orient="row")
        import pandas

        index = X.index if isinstance(X, pandas.DataFrame) else None
        return pandas.DataFrame(values, index=index, columns=names, copy=False)
