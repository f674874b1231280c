# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of models, scores and searches, in the manner of scikit-learn's displays.

matplotlib is imported when something is drawn, and not before.
"""

from sksymsim._plots.axioms import TransitivityDisplay
from sksymsim._plots.calibration import ReliabilityDisplay
from sksymsim._plots.errors import DetDisplay
from sksymsim._plots.learning import PairLearningCurveDisplay
from sksymsim._plots.model import SpectrumDisplay
from sksymsim._plots.scores import ScoreDistributionDisplay
from sksymsim._plots.search import SearchResultsDisplay

__all__ = [
    "DetDisplay",
    "PairLearningCurveDisplay",
    "ReliabilityDisplay",
    "ScoreDistributionDisplay",
    "SearchResultsDisplay",
    "SpectrumDisplay",
    "TransitivityDisplay",
]
