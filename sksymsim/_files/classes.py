# SPDX-License-Identifier: BSD-3-Clause
"""The classes that a model file may hold, and what of them: one entry each.

To add one, name its parameters and the attributes that prediction needs, each with
what it may be; lengths that go by one name must agree. Nothing else of an object is
written, and nothing else is read.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from sksymsim import kernel_machine, recalibration
from sksymsim._aggregations import AGGREGATIONS
from sksymsim._classifier_options import PARAMETERS as CLASSIFIER_PARAMETERS
from sksymsim._files.checks import (
    architecture_of,
    check_dual,
    check_kernel_machine,
    check_links,
    check_mlp,
    check_network,
    check_pair_classifier,
    check_score,
    check_stack,
    check_steps,
    concatenating,
    kernel_named,
    name_of_kernel,
    without_stream,
)
from sksymsim._files.registry import Entry, Registry
from sksymsim._forms import FORMS
from sksymsim._kernels.pair_kernels import (
    ITEM_KERNELS,
    QUADRATIC,
    ConcatenatedPolynomial,
    ItemKernel,
    Links,
    QuadraticKernel,
)
from sksymsim._kernels.score import DualScore
from sksymsim._networks.inputs import Inputs
from sksymsim._networks.layers import ACTIVATIONS
from sksymsim._networks.network import PairNetwork
from sksymsim._networks.options import PARAMETERS as NETWORK_PARAMETERS
from sksymsim._networks.poolings import POOLINGS
from sksymsim._networks.score import FittedNetwork
from sksymsim._score import FittedScore
from sksymsim._validation.files import (
    Card,
    FloatArray,
    Labels,
    ListOf,
    Names,
    SparseFloats,
)
from sksymsim._validation.parameters import BOOL, NONE, Choice, Instance, Number
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.features import SymmetricFeatures
from sksymsim.neural import SymmetricMLPClassifier
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer
from sksymsim.stacking import StackedPairClassifier
from sksymsim.symmetrize import SymmetrizedClassifier

if TYPE_CHECKING:
    from typing import Any

# What `compact` puts in place of a parameter that only `fit` needs; no `fit` takes it.
LEFT_OUT = "left out by compact"
ANY: list[Any] = []
FINITE = Number(float, -np.inf)
COUNT, SIZE = Number(int, 0), Number(int, 1)
TEXT = Instance("a string", (str,))
# An array in place of it would be in the way of whatever is asked about a model.
PLAIN = Instance("a number, a string or a dict", (bool, Real, np.generic, str, dict))
METHOD = Choice("decision_function", "predict_proba")
MODEL = Instance("a fitted classifier", methods=("predict", "classes_"))
TRANSFORMER = Instance("a transformer", methods=("transform",))
OF_ITEMS = {"n_features_in_": [SIZE], "feature_names_in_": [Names("n_features_in_")]}
OPTIONAL_NAMES = ("feature_names_in_",)


def _classifier(kind, parameters, more, **hooks):
    """Return the entry of a classifier of pairs."""
    fitted = {"classes_": [Labels(2)], "_card": [Card()], **OF_ITEMS}
    optional = ("_card", *OPTIONAL_NAMES)
    return Entry(kind, parameters, fitted | more, optional, **hooks)


def _with_prior_left_out(parameters):
    return parameters | {"prior": [*parameters["prior"], Choice(LEFT_OUT)]}


def _names(*names):
    """Return parameters of which the classes of scikit-learn know what they may be."""
    return {name: [NONE, PLAIN] for name in names}


WEIGHTS = [ListOf(Number(float, 0)), FloatArray("members")]

REGISTRY = Registry(
    [
        # Estimators of this package.
        _classifier(
            SymmetricPairClassifier,
            _with_prior_left_out(CLASSIFIER_PARAMETERS),
            {
                "n_iter_": [COUNT],
                "objective_": [FINITE],
                "_fitted": [Instance("a tuple", (tuple,))],
                "_score": [Instance("a score", (FittedScore, DualScore))],
            },
            check=check_pair_classifier,
        ),
        _classifier(
            kernel_machine.KernelPairClassifier,
            _with_prior_left_out(kernel_machine.PARAMETERS),
            {
                "n_iter_": [COUNT],
                "objective_": [FINITE],
                "gamma_": [FINITE],
                "kernel_scale_": [FINITE],
                "n_landmarks_": [NONE, SIZE],
                "_score": [Instance("a sum of kernels", (DualScore,))],
            },
            check=check_kernel_machine,
        ),
        _classifier(
            SymmetricMLPClassifier,
            NETWORK_PARAMETERS,
            {
                "n_iter_": [COUNT],
                "loss_curve_": [ListOf(FINITE)],
                "validation_scores_": [NONE, ListOf(FINITE)],
                "best_validation_score_": [NONE, FINITE],
                "_model": [Instance("a network", (FittedNetwork,))],
            },
            check=check_mlp,
            restore=without_stream,
        ),
        _classifier(
            StackedPairClassifier,
            {"estimators": ANY, "weights": WEIGHTS, "intercept": [FINITE]},
            {"estimators_": [ListOf(MODEL)], "_methods": [ListOf(METHOD)]},
            check=check_stack,
        ),
        _classifier(
            recalibration.RecalibratedClassifier,
            recalibration.PARAMETERS,
            {"scale_": [FINITE], "shift_": [FINITE], "_method": [METHOD]},
        ),
        _classifier(
            SymmetrizedClassifier,
            {"estimator": ANY, "feature_map": [NONE]},
            {"estimator_": [MODEL], "_method": [METHOD]},
            restore=concatenating,
        ),
        Entry(
            SymmetricFeatures,
            {"aggregations": ANY},
            {"_chosen": [ListOf(Choice(*AGGREGATIONS))], **OF_ITEMS},
            OPTIONAL_NAMES,
        ),
        Entry(
            EmbeddingNormalizer,
            {"center": [BOOL], "whiten": [Number(float, 0, 1)], "norm": [BOOL]},
            {
                "mean_": [FloatArray("n_features_in_")],
                "whitening_": [NONE, FloatArray("n_features_in_", "n_features_in_")],
                **OF_ITEMS,
            },
            OPTIONAL_NAMES,
        ),
        Entry(
            SharedTransformer,
            {"transformer": ANY},
            {"transformer_": [TRANSFORMER], **OF_ITEMS},
            OPTIONAL_NAMES,
        ),
        # Those of scikit-learn. Not `memory`: a cache is a folder of pickles.
        Entry(
            Pipeline,
            {
                "steps": [Instance("a list", (list,))],
                "transform_input": ANY,
                "verbose": [BOOL],
            },
            check=check_steps,
        ),
        Entry(FrozenEstimator, {"estimator": [MODEL]}),
        Entry(
            FixedThresholdClassifier,
            {"estimator": ANY, "threshold": [TEXT, FINITE]}
            | _names("pos_label", "response_method"),
            {"estimator_": [MODEL]},
        ),
        Entry(
            LogisticRegression,
            _names("C", "fit_intercept", "class_weight", "max_iter", "tol", "solver")
            | _names("penalty", "l1_ratio", "random_state", "warm_start", "dual"),
            {
                "classes_": [Labels(2)],
                "coef_": [FloatArray(1, "n_features_in_")],
                "intercept_": [FloatArray(1)],
                "n_iter_": [Instance("an array", (np.ndarray,))],
                **OF_ITEMS,
            },
            OPTIONAL_NAMES,
        ),
        Entry(
            PCA,
            _names("n_components", "copy", "whiten", "svd_solver", "tol")
            | _names("iterated_power", "n_oversamples", "power_iteration_normalizer")
            | _names("random_state"),
            {
                "components_": [FloatArray("n_components_", "n_features_in_")],
                "mean_": [FloatArray("n_features_in_")],
                "explained_variance_": [FloatArray("n_components_")],
                "explained_variance_ratio_": [FloatArray("n_components_")],
                "singular_values_": [FloatArray("n_components_")],
                "noise_variance_": [FINITE],
                "n_components_": [SIZE],
                "n_samples_": [SIZE],
                **OF_ITEMS,
            },
            OPTIONAL_NAMES,
        ),
        Entry(
            TruncatedSVD,
            _names("n_components", "algorithm", "n_iter", "n_oversamples", "tol")
            | _names("power_iteration_normalizer", "random_state"),
            {
                "components_": [FloatArray("k", "n_features_in_")],
                "explained_variance_": [FloatArray("k")],
                "explained_variance_ratio_": [FloatArray("k")],
                "singular_values_": [FloatArray("k")],
                **OF_ITEMS,
            },
            OPTIONAL_NAMES,
        ),
        Entry(
            StandardScaler,
            _names("with_mean", "with_std", "copy"),
            {
                "mean_": [NONE, FloatArray("n_features_in_")],
                "var_": [NONE, FloatArray("n_features_in_")],
                "scale_": [NONE, FloatArray("n_features_in_")],
                "n_samples_seen_": [FINITE],
                **OF_ITEMS,
            },
            OPTIONAL_NAMES,
        ),
        Entry(Normalizer, _names("norm", "copy"), OF_ITEMS, OPTIONAL_NAMES),
        # What fitted estimators of this package are made of.
        Entry(
            FittedScore,
            {
                "form": [Choice(*FORMS)],
                "intercept": [FINITE],
                "linear": [NONE, FloatArray("n_features")],
                "factors": [ListOf(FloatArray("k", "n_features"))],
                "signs": [ListOf(FloatArray("k"))],
            },
            check=check_score,
        ),
        Entry(
            DualScore,
            {
                "pair_kernel": [
                    Instance("a kernel", (QuadraticKernel, ConcatenatedPolynomial))
                ],
                "item_kernel": [Instance("a kernel of items", (ItemKernel,))],
                "support": [
                    NONE,
                    FloatArray("n_items", "n_features"),
                    SparseFloats("n_items", "n_features"),
                ],
                "links": [Instance("coefficients", (Links,))],
                "intercept": [FINITE],
                "prior": [NONE, Instance("a score", (FittedScore,))],
                "prior_scale": [Number(float, 0)],
            },
            check=check_dual,
        ),
        Entry(
            Links,
            {
                "S": [NONE, FloatArray("n", "n"), SparseFloats("n", "n")],
                "D": [NONE, FloatArray("n", "n"), SparseFloats("n", "n")],
                "u": [NONE, FloatArray("n")],
                "total": [FINITE],
            },
            check=check_links,
        ),
        Entry(
            ItemKernel,
            {
                "name": [Choice(*ITEM_KERNELS)],
                "gamma": [FINITE],
                "degree": [SIZE],
                "coef0": [FINITE],
            },
        ),
        Entry(
            QuadraticKernel,
            {"name": [Choice(*QUADRATIC)]},
            taken=name_of_kernel,
            made=kernel_named,
        ),
        Entry(ConcatenatedPolynomial, {"degree": [SIZE], "coef0": [FINITE]}),
        Entry(
            FittedNetwork,
            {
                "network": [Instance("an architecture", (PairNetwork,))],
                "inputs": [Instance("inputs", (Inputs,))],
                "theta": [FloatArray("n_parameters")],
            },
            check=check_network,
        ),
        Entry(
            PairNetwork,
            {
                "n_features": [SIZE],
                "tower": [ListOf(SIZE)],
                "cross_weights": [BOOL],
                "pooling": [Choice(*POOLINGS)],
                "head": [ListOf(SIZE)],
                "activation": [Choice(*ACTIVATIONS)],
            },
            taken=architecture_of,
        ),
        Entry(
            Inputs,
            {
                "center": [FloatArray("n_features")],
                "scale": [Number(float, 0, open_low=True)],
                "cosine_center": [FINITE],
                "cosine_scale": [Number(float, 0, open_low=True)],
            },
        ),
    ]
)
