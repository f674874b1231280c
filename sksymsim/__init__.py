# SPDX-License-Identifier: BSD-3-Clause
"""Symmetric similarities learned from labelled pairs of embeddings."""

from sksymsim._index import IndexSpace
from sksymsim._report import PairReport
from sksymsim._version import __version__
from sksymsim.calibration import actual_dcf, cllr, expected_calibration_error
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.datasets import load_spoken_digits, make_pairs
from sksymsim.deployment import deployment_weights, shift_log_odds
from sksymsim.features import SymmetricFeatures
from sksymsim.indexing import to_cosine, to_inner_product, to_l2
from sksymsim.kernel_machine import KernelPairClassifier
from sksymsim.kernels import pair_gram_operator, pair_kernel
from sksymsim.metrics import equal_error_rate, min_cllr, min_dcf, tar_at_far
from sksymsim.model_selection import (
    PairGroupKFold,
    PairShuffleSplit,
    pair_leakage_report,
    pair_train_test_split,
)
from sksymsim.neural import SymmetricMLPClassifier
from sksymsim.onnx_export import to_onnx
from sksymsim.pairs import Pairs
from sksymsim.plotting import (
    DetDisplay,
    PairLearningCurveDisplay,
    ReliabilityDisplay,
    ScoreDistributionDisplay,
    SearchResultsDisplay,
    SpectrumDisplay,
)
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer
from sksymsim.recalibration import RecalibratedClassifier, recalibrate
from sksymsim.report import pair_report
from sksymsim.scorers import get_pair_scorer, get_pair_scorer_names
from sksymsim.search import SymmetricPairClassifierCV
from sksymsim.stacking import StackedPairClassifier
from sksymsim.symmetrize import SymmetrizedClassifier
from sksymsim.thresholds import (
    ThresholdChoice,
    calibrate_threshold,
    get_threshold_scorer,
    threshold_at,
)

__all__ = [
    "DetDisplay",
    "EmbeddingNormalizer",
    "IndexSpace",
    "KernelPairClassifier",
    "PairGroupKFold",
    "PairLearningCurveDisplay",
    "PairReport",
    "PairShuffleSplit",
    "Pairs",
    "RecalibratedClassifier",
    "ReliabilityDisplay",
    "ScoreDistributionDisplay",
    "SearchResultsDisplay",
    "SharedTransformer",
    "SpectrumDisplay",
    "StackedPairClassifier",
    "SymmetricFeatures",
    "SymmetricMLPClassifier",
    "SymmetricPairClassifier",
    "SymmetricPairClassifierCV",
    "SymmetrizedClassifier",
    "ThresholdChoice",
    "__version__",
    "actual_dcf",
    "calibrate_threshold",
    "cllr",
    "deployment_weights",
    "equal_error_rate",
    "expected_calibration_error",
    "get_pair_scorer",
    "get_pair_scorer_names",
    "get_threshold_scorer",
    "load_spoken_digits",
    "make_pairs",
    "min_cllr",
    "min_dcf",
    "pair_gram_operator",
    "pair_kernel",
    "pair_leakage_report",
    "pair_report",
    "pair_train_test_split",
    "recalibrate",
    "shift_log_odds",
    "tar_at_far",
    "threshold_at",
    "to_cosine",
    "to_inner_product",
    "to_l2",
    "to_onnx",
]
