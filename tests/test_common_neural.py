# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's checks of estimators for the network, through an adapter for pairs."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from sksymsim import Pairs, SymmetricMLPClassifier

VERSION = ".".join(sklearn.__version__.split(".")[:2])
N_CHECKS = {"1.6": 62, "1.7": 63, "1.8": 63, "1.9": 64}

# With two classes, the check of 1.6 takes the labels from a single one of them, and
# its estimators are fitted to two different problems. Repaired in 1.7.
LABELS_OF_1_6 = {
    f"check_sample_weight_equivalence_on_{kind}_data": (
        "scikit-learn < 1.7 builds other labels for the repeated rows "
        "of a classifier of two classes"
    )
    for kind in ("dense", "sparse")
}


class RowsAsPairs(SymmetricMLPClassifier):
    """Read each row x of a matrix as the pair (x, (-1, ..., -1)).

    All pairs share an item, so that none can be held out for early stopping.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = False
        return tags

    def _pairs(self, X, *, reset):
        # Not float32: there, a probability is rounded to 1 whose logarithm is not 0,
        # and the checks compare the two to 1e-9.
        X = validate_data(self, X, reset=reset, accept_sparse="csr", dtype=np.float64)
        return Pairs(X, np.full(X.shape, -1.0))

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._pairs(X, reset=True), y, sample_weight)

    @available_if(lambda self: self.solver == "adam")
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        pairs = self._pairs(X, reset=not hasattr(self, "classes_"))
        return super().partial_fit(pairs, y, classes, sample_weight)

    def decision_function(self, X):
        check_is_fitted(self)
        return super().decision_function(self._pairs(X, reset=False))


SHARED = {"early_stopping": False, "activation": "tanh", "random_state": 0}
CHECKED = [
    # A batch of all: in smaller ones a weight would be no repetition.
    RowsAsPairs(
        (8,), learning_rate_init=0.03, batch_size=1000, max_iter=500, tol=1e-3, **SHARED
    ),
    # A cosine that separates the classes would have no best scale.
    RowsAsPairs(
        (8,),
        cross_weights=True,
        solver="lbfgs",
        pooling="product",
        cosine_skip=False,
        max_iter=1000,
        tol=1e-9,
        alpha=0.1,  # curved enough for the checks to compare to 1e-9
        **SHARED,
    ),
]


@parametrize_with_checks(
    CHECKED,
    expected_failed_checks=lambda _: LABELS_OF_1_6 if VERSION == "1.6" else {},
)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=repr)
def test_number_of_common_checks(estimator):
    n_checks = len(list(estimator_checks_generator(estimator)))
    if VERSION in N_CHECKS:
        assert n_checks == N_CHECKS[VERSION]
    else:
        assert n_checks >= max(N_CHECKS.values())


def test_tags():
    tags = get_tags(SymmetricMLPClassifier())
    assert tags.estimator_type == "classifier"
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert not tags.classifier_tags.multi_class


def test_parameters_are_stored_and_not_changed():
    names = list(SymmetricMLPClassifier().get_params())
    given = {name: object() for name in names}
    model = SymmetricMLPClassifier(**given)
    assert model.get_params() == given
    assert all(getattr(model, name) is value for name, value in given.items())
    assert set(vars(model)) == set(names)


def test_names_are_those_of_scikit_learn():
    """All that both have mean the same, and the rest is said in the docstring."""
    from sklearn.neural_network import MLPClassifier

    ours = set(SymmetricMLPClassifier().get_params())
    theirs = set(MLPClassifier().get_params())
    own = {"cross_weights", "pooling", "head_layer_sizes", "cosine_skip", "refit"}
    assert ours - theirs == own
    # For the solver "sgd", which is not here.
    sgd = {"learning_rate", "power_t", "momentum", "nesterovs_momentum"}
    assert theirs - ours == sgd
    assert clone(SymmetricMLPClassifier(alpha=3)).alpha == 3
