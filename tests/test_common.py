# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's checks of estimators, through an adapter for pairs."""

import warnings

import numpy as np
import pytest
from rows_as_pairs import VERSION, failures
from scipy import sparse
from sklearn.base import ClassifierMixin, clone, is_classifier
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from sksymsim import (
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
)

# scikit-learn yields one check only for an estimator without a 2-D input.
N_CHECKS = {"1.6": 63, "1.7": 64, "1.8": 64, "1.9": 65}


class Rows:
    """Read each row x of a matrix as the pair (x, (-1, ..., -1)).

    That corner is one around which even an ellipsoid separates the classes of the
    checks.
    """

    # What `validate_data` takes, and so what the checks are told.
    accept_sparse = False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = False
        return tags

    def _pairs(self, X, *, reset):
        # Not float32: there, a probability is rounded to 1 whose logarithm is not 0,
        # and the checks compare the two to 1e-9.
        X = validate_data(
            self, X, reset=reset, accept_sparse=self.accept_sparse, dtype=np.float64
        )
        return Pairs(X, np.full(X.shape, -1.0))

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._pairs(X, reset=True), y, sample_weight)

    def decision_function(self, X):
        check_is_fitted(self)
        return super().decision_function(self._pairs(X, reset=False))


class RowsAsPairs(Rows, SymmetricPairClassifier):
    """The checks give the same rows to all methods, and `transform` takes items."""

    accept_sparse = "csr"

    @property
    def transform(self):
        raise AttributeError("transform takes items and not pairs")


class SearchOfRows(Rows, SymmetricPairClassifierCV):
    """The search; its folds are given, as all pairs of the adapter share an item."""


class KernelOfRows(Rows, KernelPairClassifier):
    """The kernel machine."""

    accept_sparse = "csr"


# With less alpha, two fits to 15 rows of 30 features, one with weights and one with
# repeated rows, stop within `tol` of one objective but not at the same probabilities.
ALPHA = 1e-2
CHECKED = [
    RowsAsPairs(alpha=ALPHA),
    RowsAsPairs(form="bilinear", alpha=ALPHA, n_components=2, class_weight="balanced"),
    RowsAsPairs(form="quadratic", alpha=ALPHA, prior="covariance", tol=1e-5),
    SearchOfRows(
        whitenings=[None],
        pca_components=[],
        forms=["mahalanobis"],
        priors=["identity"],
        alphas=[ALPHA],
        cv=StratifiedKFold(2),
    ),
    RowsAsPairs(form="poly", alpha=ALPHA, degree=2),
    KernelOfRows("tppk", kernel="linear", alpha=ALPHA, class_weight="balanced"),
]


# All of these pairs have an item in common.
@pytest.mark.filterwarnings("ignore:.* have an item that is in training")
@parametrize_with_checks(
    CHECKED,
    expected_failed_checks=failures,
)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=repr)
def test_number_of_common_checks(estimator):
    n_checks = len(list(estimator_checks_generator(estimator)))
    # One more is for sparse items, since 1.7, and one for class weights.
    if VERSION != "1.6":
        n_checks += not get_tags(estimator).input_tags.sparse
    n_checks += "class_weight" not in estimator.get_params()
    if VERSION in N_CHECKS:
        assert n_checks == N_CHECKS[VERSION]
    else:
        assert n_checks >= max(N_CHECKS.values())


def test_the_adapter_is_what_makes_the_checks_run():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        checks = list(estimator_checks_generator(SymmetricPairClassifier()))
    assert len(checks) <= 1


def test_the_adapter_changes_the_input_only():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    adapted = RowsAsPairs().fit(X, y)
    plain = SymmetricPairClassifier().fit((X, np.full(X.shape, -1.0)), y)
    np.testing.assert_array_equal(
        adapted.predict_proba(sparse.csr_matrix(X)[:5].toarray()),
        plain.predict_proba((X[:5], np.full((5, 3), -1.0))),
    )


def test_tags():
    tags = get_tags(SymmetricPairClassifier())
    assert tags.estimator_type == "classifier"
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert tags.input_tags.sparse
    assert not tags.input_tags.pairwise
    assert not tags.input_tags.allow_nan
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.required
    assert is_classifier(SymmetricPairClassifier())
    assert isinstance(SymmetricPairClassifier(), ClassifierMixin)
    tags = get_tags(SymmetricPairClassifierCV())
    assert tags.estimator_type == "classifier"
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.sparse
    assert not tags.classifier_tags.multi_class
    tags = get_tags(SharedTransformer(None))
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array


def test_parameters_are_stored_and_not_changed():
    given = {
        "form": "bilinear",
        "alpha": 0.5,
        "prior": np.eye(2),
        "shrinkage": 0.3,
        "psd": False,
        "n_components": 1,
        "degree": 2,
        "gamma": 0.5,
        "coef0": 0.0,
        "reflexive": True,
        "fit_intercept": False,
        "similar_rate": 0.1,
        "class_weight": {0: 2.0},
        "max_iter": 7,
        "tol": 0.1,
        "warm_start": True,
        "n_jobs": 1,
        "random_state": 3,
        "verbose": 0,
    }
    model = SymmetricPairClassifier(**given)
    assert model.get_params() == given
    for name, value in given.items():
        assert getattr(model, name) is value
    assert set(given) == set(SymmetricPairClassifier().get_params())
    copied = clone(model)
    assert copied.prior is not model.prior
    np.testing.assert_array_equal(copied.prior, model.prior)
    assert [name for name in vars(model) if name.endswith("_")] == []


def test_only_the_form_has_a_position():
    with pytest.raises(TypeError, match="positional"):
        SymmetricPairClassifier("bilinear", 1e-3)
