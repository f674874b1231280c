# SPDX-License-Identifier: BSD-3-Clause
"""All public names, each from the module that has it."""

from sksymsim._axioms.report import AxiomReport
from sksymsim._exports.index import IndexSpace
from sksymsim._labels.text import LabelAudit
from sksymsim._reports.report import PairReport
from sksymsim._splits.leakage_text import LeakageReport
from sksymsim._version import __version__
from sksymsim.axioms import check_axioms
from sksymsim.calibration import actual_dcf, cllr, expected_calibration_error
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.clustering import PairClusterer
from sksymsim.dask_pairs import DaskPairs
from sksymsim.datasets import load_spoken_digits, make_pairs
from sksymsim.deployment import deployment_weights, shift_log_odds
from sksymsim.distributed import DaskPairClassifier
from sksymsim.exceptions import (
    ContradictoryLabelsWarning,
    LabelOrderWarning,
    ModelFileError,
    ModelVersionWarning,
)
from sksymsim.features import SymmetricFeatures
from sksymsim.group_metrics import GroupScores, b_cubed, pairwise_f1, pairwise_scores
from sksymsim.group_thresholds import GroupThresholdChoice, calibrate_group_threshold
from sksymsim.indexing import to_cosine, to_inner_product, to_l2
from sksymsim.kernel_machine import KernelPairClassifier
from sksymsim.kernels import pair_gram_operator, pair_kernel
from sksymsim.labels import ClosedLabels, audit_labels, close_labels
from sksymsim.linking import CatalogueLinks, Deduplication, deduplicate, link
from sksymsim.metric_learn_adapter import MetricLearnAdapter
from sksymsim.metric_learn_wrapper import MetricLearnPairClassifier
from sksymsim.metrics import equal_error_rate, min_cllr, min_dcf, tar_at_far
from sksymsim.model_cards import model_card, update_model_card
from sksymsim.model_selection import (
    PairGroupKFold,
    PairShuffleSplit,
    pair_leakage_report,
    pair_train_test_split,
)
from sksymsim.neural import SymmetricMLPClassifier
from sksymsim.onnx_export import to_onnx
from sksymsim.pairs import Pairs
from sksymsim.persistence import compact, load_model, save_model, trusted_types
from sksymsim.plotting import (
    DetDisplay,
    PairLearningCurveDisplay,
    ReliabilityDisplay,
    ScoreDistributionDisplay,
    SearchResultsDisplay,
    SpectrumDisplay,
    TransitivityDisplay,
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
    "AxiomReport",
    "CatalogueLinks",
    "ClosedLabels",
    "ContradictoryLabelsWarning",
    "DaskPairClassifier",
    "DaskPairs",
    "Deduplication",
    "DetDisplay",
    "EmbeddingNormalizer",
    "GroupScores",
    "GroupThresholdChoice",
    "IndexSpace",
    "KernelPairClassifier",
    "LabelAudit",
    "LabelOrderWarning",
    "LeakageReport",
    "MetricLearnAdapter",
    "MetricLearnPairClassifier",
    "ModelFileError",
    "ModelVersionWarning",
    "PairClusterer",
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
    "TransitivityDisplay",
    "__version__",
    "actual_dcf",
    "audit_labels",
    "b_cubed",
    "calibrate_group_threshold",
    "calibrate_threshold",
    "check_axioms",
    "cllr",
    "close_labels",
    "compact",
    "deduplicate",
    "deployment_weights",
    "equal_error_rate",
    "expected_calibration_error",
    "get_pair_scorer",
    "get_pair_scorer_names",
    "get_threshold_scorer",
    "link",
    "load_model",
    "load_spoken_digits",
    "make_pairs",
    "min_cllr",
    "min_dcf",
    "model_card",
    "pair_gram_operator",
    "pair_kernel",
    "pair_leakage_report",
    "pair_report",
    "pair_train_test_split",
    "pairwise_f1",
    "pairwise_scores",
    "recalibrate",
    "save_model",
    "shift_log_odds",
    "tar_at_far",
    "threshold_at",
    "to_cosine",
    "to_inner_product",
    "to_l2",
    "to_onnx",
    "trusted_types",
    "update_model_card",
]
