# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric similarities learned from labelled pairs of embeddings."""

from sksymsim._version import __version__
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.datasets import load_spoken_digits, make_pairs
from sksymsim.pairs import Pairs
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer

__all__ = [
    "EmbeddingNormalizer",
    "Pairs",
    "SharedTransformer",
    "SymmetricPairClassifier",
    "__version__",
    "load_spoken_digits",
    "make_pairs",
]
