# SPDX-License-Identifier: BSD-3-Clause
"""What a fitted network tells of itself: weights, constants, scale, intercept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sksymsim._networks.network import constants_of, weights_of

if TYPE_CHECKING:
    from sksymsim._typing import Floats


class NetworkAttributesMixin:
    """Attributes that are read out of ``_model``, a fitted network."""

    @property
    def coefs_(self) -> list[Floats]:
        """The weights of all layers, in the order of the network."""
        return [a.copy() for a in weights_of(self._views("coefs_"))]

    @property
    def intercepts_(self) -> list[Floats]:
        """The constants of all layers, in the order of the network."""
        return [a.copy() for a in constants_of(self._views("intercepts_"))]

    @property
    def cosine_scale_(self) -> float:
        """The factor g of the cosine."""
        g = float(self._views("cosine_scale_")[-1][1])
        return g / self._model.inputs.cosine_scale

    @property
    def intercept_(self) -> float:
        """The constant k of the log-odds."""
        k = float(self._views("intercept_")[-1][0])
        return k - self.cosine_scale_ * self._model.inputs.cosine_center

    def _views(self, name):
        if "_model" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r} before fit."
            )
        return self._model.network.split(self._model.theta)
