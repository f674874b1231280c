# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric similarities learned from labelled pairs of embeddings."""

from sksymsim._version import __version__
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.datasets import load_spoken_digits, make_pairs
from sksymsim.model_selection import (
    PairGroupKFold,
    PairShuffleSplit,
    pair_leakage_report,
    pair_train_test_split,
)
from sksymsim.pairs import Pairs
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer

__all__ = [
    "EmbeddingNormalizer",
    "PairGroupKFold",
    "PairShuffleSplit",
    "Pairs",
    "SharedTransformer",
    "SymmetricPairClassifier",
    "__version__",
    "load_spoken_digits",
    "make_pairs",
    "pair_leakage_report",
    "pair_train_test_split",
]
