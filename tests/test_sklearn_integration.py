# SPDX-License-Identifier: BSD-3-Clause
"""The estimators inside scikit-learn's tools, with Pairs and with 3-D arrays."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import (
    RocCurveDisplay,
    accuracy_score,
    get_scorer,
    make_scorer,
    roc_auc_score,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.metaestimators import available_if

from sksymsim import (
    EmbeddingNormalizer,
    Pairs,
    SharedTransformer,
    SymmetricPairClassifier,
)

N_FEATURES = 6


def speaker_pairs():
    """Return pairs inside of blocks of items, their labels and the blocks."""
    rng = np.random.default_rng(0)
    n_blocks, n_classes, n_takes = 8, 3, 4
    block, label, _ = np.indices((n_blocks, n_classes, n_takes)).reshape(3, -1)
    centers = rng.normal(size=(n_blocks, n_classes, N_FEATURES)) * [3, 2, 1, 1, 0, 0]
    noise = rng.normal(size=(len(block), N_FEATURES)) * [0.5, 1, 1, 1, 3, 3]
    items = centers[block, label] + noise + 5
    first = rng.integers(len(block), size=240)
    second = block[first] * 12 + rng.integers(12, size=240)
    same = rng.random(240) < 0.4
    second[same] = first[same] // 4 * 4 + rng.integers(4, size=same.sum())
    distinct = first != second
    index = np.column_stack([first, second])[distinct]
    y = (label[index[:, 0]] == label[index[:, 1]]).astype(int)
    return items, index, y, block[index[:, 0]]


ITEMS, INDEX, LABELS, GROUPS = speaker_pairs()
KINDS = {
    "Pairs": lambda: Pairs.from_index(ITEMS, INDEX),
    "array": lambda: ITEMS[INDEX],
    "Pairs of two arrays": lambda: Pairs(ITEMS[INDEX[:, 0]], ITEMS[INDEX[:, 1]]),
}


@pytest.fixture(params=KINDS)
def X(request):
    return KINDS[request.param]()


@pytest.fixture
def y():
    return LABELS.copy()


@pytest.fixture
def groups():
    return GROUPS.copy()


def pipeline(**params):
    return make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier(**params)
    )


def dataset_is_not_trivial():
    auc = roc_auc_score(LABELS, -np.linalg.norm(np.diff(ITEMS[INDEX], axis=1), axis=2))
    return 0.55 < auc < 0.9


def test_the_example_leaves_something_to_learn(y):
    assert dataset_is_not_trivial()
    assert 0.3 < y.mean() < 0.7
    assert set(GROUPS) == set(range(8))
    assert_array_equal(
        np.unique(Pairs.from_index(ITEMS, INDEX).groups()), np.unique(GROUPS)
    )


# ----------------------------------------------------------------------------- search


def test_grid_search_over_whitening_form_and_alpha(X, y, groups):
    grid = {
        "sharedtransformer__transformer__whiten": [0.0, 0.9],
        "symmetricpairclassifier__form": ["mahalanobis", "bilinear", "quadratic"],
        "symmetricpairclassifier__alpha": [1e-2, 1.0],
    }
    search = GridSearchCV(
        pipeline(), grid, cv=GroupKFold(2), scoring="roc_auc", error_score="raise"
    )
    search.fit(X, y, groups=groups)
    assert len(search.cv_results_["params"]) == 12
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0.01
    assert search.best_score_ > 0.75
    assert search.predict_proba(X).shape == (len(y), 2)
    assert search.score(X, y) > 0.75
    best = search.best_estimator_
    assert isinstance(best, Pipeline)
    whiten = search.best_params_["sharedtransformer__transformer__whiten"]
    assert best[0].transformer_.whiten == whiten


def test_grid_search_in_processes_gives_the_same_scores(X, y, groups):
    grid = {"symmetricpairclassifier__alpha": [1e-3, 10.0]}
    searches = [
        GridSearchCV(
            pipeline(),
            grid,
            cv=GroupKFold(2),
            scoring="neg_log_loss",
            n_jobs=n_jobs,
            error_score="raise",
        ).fit(X, y, groups=groups)
        for n_jobs in (None, 2)
    ]
    alone, together = (search.cv_results_["mean_test_score"] for search in searches)
    assert_allclose(together, alone, rtol=1e-6)
    assert searches[0].best_params_ == searches[1].best_params_


def test_grid_search_in_processes_that_memory_map_the_items(y, groups):
    """From 1 MB on, joblib hands out read-only memory maps."""
    table = np.tile(ITEMS, (1, 300))
    for X in (Pairs.from_index(table, INDEX), Pairs(*table[INDEX].swapaxes(0, 1))):
        scores = [
            cross_val_score(
                make_pipeline(
                    SharedTransformer(PCA(4, svd_solver="randomized", random_state=0)),
                    SymmetricPairClassifier(),
                ),
                X,
                y,
                groups=groups,
                cv=GroupKFold(2),
                n_jobs=n_jobs,
                error_score="raise",
            )
            for n_jobs in (None, 2)
        ]
        assert_allclose(scores[0], scores[1])


def test_all_inputs_give_the_same_scores(y, groups):
    scores = [
        cross_val_score(
            pipeline(alpha=0.1),
            make(),
            y,
            groups=groups,
            cv=GroupKFold(4),
            scoring="roc_auc",
        )
        for make in KINDS.values()
    ]
    assert scores[0].mean() > 0.75
    for other in scores[1:]:
        assert_allclose(other, scores[0], atol=1e-3)


def test_randomized_search(X, y):
    search = RandomizedSearchCV(
        SymmetricPairClassifier(),
        {"alpha": [1e-2, 1.0], "prior": ["identity", "covariance", "kissme"]},
        n_iter=3,
        cv=2,
        random_state=0,
        error_score="raise",
    )
    assert search.fit(X, y).predict(X).shape == y.shape


def test_scoring(X, y):
    names = ["roc_auc", "accuracy", "average_precision", "neg_log_loss"]
    names += ["neg_brier_score", "f1", "balanced_accuracy"]
    model = SymmetricPairClassifier()
    found = cross_validate(model, X, y, cv=3, scoring=names, error_score="raise")
    model.fit(X, y)
    for name in names:
        assert found[f"test_{name}"].shape == (3,)
        assert np.isfinite(found[f"test_{name}"]).all()
        assert np.isfinite(get_scorer(name)(model, X, y))


def test_string_labels_in_cross_validation(X, y):
    names = np.array(["different", "same"])[y]
    k = {"cv": 2, "scoring": "roc_auc", "error_score": "raise"}
    scores, expected = (
        cross_val_score(SymmetricPairClassifier(), X, labels, **k)
        for labels in (names, y)
    )
    assert_array_equal(scores, expected)


def test_other_tools_of_model_selection(X, y):
    model = SymmetricPairClassifier(alpha=0.1)
    for method in ("predict", "predict_proba", "decision_function"):
        out = cross_val_predict(model, X, y, cv=2, method=method)
        assert len(out) == len(y)
    result = cross_validate(
        model, X, y, cv=2, scoring=["roc_auc", "accuracy"], return_train_score=True
    )
    assert {"test_roc_auc", "train_accuracy"} <= set(result)
    sizes, _, scores = learning_curve(model, X, y, cv=2, train_sizes=[0.5, 1.0])
    assert scores.shape == (2, 2)
    assert sizes[1] > sizes[0]
    _, scores = validation_curve(
        model, X, y, cv=2, param_name="alpha", param_range=[0.1, 1]
    )
    assert scores.shape == (2, 2)
    score, permuted, _ = permutation_test_score(
        model, X, y, cv=2, n_permutations=3, random_state=0, scoring="roc_auc"
    )
    assert score > permuted.max()


def test_group_folds_share_no_item(X, y, groups):
    cv = GroupKFold(4)
    for train, test in cv.split(X, y, groups):
        assert not set(INDEX[train].ravel()) & set(INDEX[test].ravel())
    if isinstance(X, Pairs):
        # The same groups out of the pairs alone, in another order of numbers.
        found = X.groups()
        assert len(set(zip(found.tolist(), groups.tolist(), strict=True))) == 8


def test_a_tuple_is_not_split(y):
    """scikit-learn sees two samples; Pairs is what it can split."""
    sides = ITEMS[INDEX[:, 0]], ITEMS[INDEX[:, 1]]
    search = GridSearchCV(SymmetricPairClassifier(), {"alpha": [0.1]})
    with pytest.raises(ValueError, match="inconsistent numbers of samples: "):
        search.fit(sides, y)
    fitted = SymmetricPairClassifier().fit(sides, y)
    wrapped = SymmetricPairClassifier().fit(Pairs(*sides), y)
    assert_array_equal(fitted.predict_proba(sides), wrapped.predict_proba(sides))
    assert_array_equal(
        pipeline().fit(sides, y).predict_proba(sides),
        pipeline().fit(Pairs(*sides), y).predict_proba(Pairs(*sides)),
    )


# ------------------------------------------------------------------- meta-estimators


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration(X, y, method, ensemble):
    model = CalibratedClassifierCV(
        SymmetricPairClassifier(), method=method, ensemble=ensemble, cv=2
    ).fit(X, y)
    p = model.predict_proba(X)
    assert_allclose(p.sum(axis=1), 1)
    assert roc_auc_score(y, p[:, 1]) > 0.7


def test_calibration_of_a_frozen_model(X, y):
    model = FrozenEstimator(SymmetricPairClassifier().fit(X[:150], y[:150]))
    calibrated = CalibratedClassifierCV(model).fit(X[150:], y[150:])
    assert np.isfinite(calibrated.predict_proba(X)).all()


def test_thresholds(X, y):
    tuned = TunedThresholdClassifierCV(
        SymmetricPairClassifier(), scoring="balanced_accuracy", thresholds=9, cv=2
    ).fit(X, y)
    assert tuned.predict(X).shape == y.shape
    strict = FixedThresholdClassifier(
        SymmetricPairClassifier(), threshold=2.0, response_method="decision_function"
    ).fit(X, y)
    scores = SymmetricPairClassifier().fit(X, y).decision_function(X)
    assert_array_equal(strict.predict(X), (scores >= 2.0).astype(int))


def test_voting(X, y):
    members = [
        ("distance", SymmetricPairClassifier()),
        ("dot", pipeline(form="bilinear")),
        ("full", SymmetricPairClassifier("quadratic", alpha=0.1)),
    ]
    model = VotingClassifier(members, voting="soft").fit(X, y)
    expected = np.mean(
        [clone(member).fit(X, y).predict_proba(X) for _, member in members], axis=0
    )
    assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
    assert VotingClassifier(members).fit(X, y).score(X, y) > 0.7


def test_stacking(X, y):
    members = [
        ("distance", SymmetricPairClassifier()),
        ("dot", pipeline(form="bilinear")),
    ]
    model = StackingClassifier(members, cv=2).fit(X, y)
    assert model.transform(X).shape == (len(y), 2)
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) > 0.7


def test_one_vs_rest(X, y):
    model = OneVsRestClassifier(SymmetricPairClassifier()).fit(X, y)
    expected = SymmetricPairClassifier().fit(X, y).predict(X)
    assert_array_equal(model.predict(X), expected)


def test_meta_estimators_keep_the_symmetry(X, y):
    swapped = X.swap() if isinstance(X, Pairs) else X[:, ::-1]
    for model in (
        pipeline(form="bilinear"),
        CalibratedClassifierCV(pipeline(), cv=2),
        VotingClassifier(
            [("a", pipeline()), ("b", pipeline(psd=False))], voting="soft"
        ),
    ):
        model.fit(X, y)
        assert_array_equal(model.predict_proba(X), model.predict_proba(swapped))


def test_roc_display(X, y):
    pytest.importorskip("matplotlib").use("agg")
    display = RocCurveDisplay.from_estimator(SymmetricPairClassifier().fit(X, y), X, y)
    assert display.roc_auc > 0.7


# ------------------------------------------------------------- clone, parameters, repr


def test_clone_of_a_fitted_model_is_not_fitted(X, y):
    model = pipeline(alpha=0.3, class_weight={0: 1, 1: 2}).fit(X, y)
    copied = clone(model)
    assert not hasattr(copied[-1], "classes_")
    assert repr(copied) == repr(model)
    assert_array_equal(copied.fit(X, y).predict_proba(X), model.predict_proba(X))


def test_set_params(X, y):
    model = pipeline().set_params(
        sharedtransformer__transformer__whiten=0.5,
        symmetricpairclassifier__form="quadratic",
    )
    assert model[0].transformer.whiten == 0.5
    assert model[1].form == "quadratic"
    model.fit(X, y)
    model.set_params(sharedtransformer=SharedTransformer(PCA(2))).fit(X, y)
    assert model[1].n_features_in_ == 2
    with pytest.raises(ValueError, match="Invalid parameter 'beta' for estimator"):
        SymmetricPairClassifier().set_params(beta=1)


def test_a_step_can_be_switched_off(X, y):
    model = pipeline().set_params(sharedtransformer="passthrough").fit(X, y)
    expected = SymmetricPairClassifier().fit(X, y)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_a_fitted_learner_as_prior_is_frozen_for_the_search(X, y):
    learner = SymmetricPairClassifier(alpha=10.0).fit(X, y)
    search = GridSearchCV(
        SymmetricPairClassifier(prior=FrozenEstimator(learner)),
        {"alpha": [0.1, 1e6]},
        cv=2,
        error_score="raise",
    ).fit(X, y)
    far = clone(search.best_estimator_).set_params(alpha=1e6).fit(X, y)
    M, prior = far.get_mahalanobis_matrix(), learner.get_mahalanobis_matrix()
    assert_allclose(M / M.max(), prior / prior.max(), atol=1e-3)


def test_cached_pipelines(X, y, tmp_path):
    steps = [
        ("shared", SharedTransformer(PCA(3))),
        ("model", SymmetricPairClassifier()),
    ]
    plain = Pipeline(steps).fit(X, y).predict_proba(X)
    cached = Pipeline(clone(Pipeline(steps)).steps, memory=str(tmp_path))
    for _ in range(2):
        fitted = clone(cached).fit(X, y)
        assert_array_equal(fitted.predict_proba(X), plain)
    assert any(tmp_path.rglob("output.pkl"))


def test_shown_in_a_notebook(X, y):
    model = pipeline().fit(X, y)
    html = model._repr_html_()
    for name in ("SharedTransformer", "EmbeddingNormalizer", "SymmetricPairClassifier"):
        assert name in html


def test_names_of_classes_and_features_in_pipelines(X, y):
    model = pipeline().fit(X, y)
    assert_array_equal(model.classes_, [0, 1])
    assert model[0].n_features_in_ == model[1].n_features_in_ == N_FEATURES


# ------------------------------------------------------------------- metadata routing


def weights_of(y):
    return np.where(y == 1, 3.0, 1.0) * (np.arange(len(y)) % 3)


def test_weights_in_a_pipeline_without_routing(X, y):
    weights = weights_of(y)
    model = pipeline().fit(X, y, symmetricpairclassifier__sample_weight=weights)
    transformed = model[0].transform(X)
    direct = SymmetricPairClassifier().fit(transformed, y, sample_weight=weights)
    assert_array_equal(model.predict_proba(X), direct.predict_proba(transformed))
    assert not np.array_equal(
        model.predict_proba(X), pipeline().fit(X, y).predict_proba(X)
    )


def test_weights_in_a_grid_search_without_routing(X, y):
    weights = weights_of(y)
    search = GridSearchCV(
        SymmetricPairClassifier(), {"alpha": [0.1]}, cv=2, error_score="raise"
    ).fit(X, y, sample_weight=weights)
    direct = SymmetricPairClassifier(alpha=0.1).fit(X, y, weights)
    assert_array_equal(search.predict_proba(X), direct.predict_proba(X))


class Remembers(SymmetricPairClassifier):
    """Keep the weights that arrive."""

    def fit(self, X, y, sample_weight=None):
        self.weights_ = sample_weight
        return super().fit(X, y, sample_weight)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_routed_weights(X, y, groups):
    weights = weights_of(y)
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()),
        Remembers(alpha=0.1).set_fit_request(sample_weight=True),
    )
    search = GridSearchCV(
        model,
        {"sharedtransformer__transformer__whiten": [0.0, 0.5]},
        scoring=get_scorer("roc_auc").set_score_request(sample_weight=True),
        cv=GroupKFold(2),
        error_score="raise",
    ).fit(X, y, sample_weight=weights, groups=groups)
    assert_array_equal(search.best_estimator_[-1].weights_, weights)
    result = cross_validate(
        model,
        X,
        y,
        params={"sample_weight": weights, "groups": groups},
        cv=GroupKFold(2),
        scoring=get_scorer("roc_auc").set_score_request(sample_weight=True),
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    for fitted, train in zip(
        result["estimator"], result["indices"]["train"], strict=True
    ):
        assert_array_equal(fitted[-1].weights_, weights[train])


@pytest.mark.usefixtures("routing")
def test_weights_that_nobody_asked_for_are_an_error(X, y):
    weights = weights_of(y)
    with pytest.raises(
        sklearn.exceptions.UnsetMetadataPassedError, match="set_fit_requ"
    ):
        pipeline().fit(X, y, sample_weight=weights)


@pytest.mark.usefixtures("routing")
def test_weights_that_are_refused_do_not_arrive(X, y):
    weights = weights_of(y)
    model = Remembers().set_fit_request(sample_weight=False)
    voting = VotingClassifier([("a", model)], voting="soft")
    with pytest.raises(TypeError, match="sample_weight"):
        voting.fit(X, y, sample_weight=weights)
    model.set_fit_request(sample_weight=True)
    voting = VotingClassifier([("a", model)], voting="soft")
    voting.fit(X, y, sample_weight=weights)
    assert_array_equal(voting.estimators_[0].weights_, weights)


@pytest.mark.usefixtures("routing")
def test_routed_weights_of_the_score(X, y):
    weights = weights_of(y)
    model = SymmetricPairClassifier().set_score_request(sample_weight=True).fit(X, y)
    expected = accuracy_score(y, model.predict(X), sample_weight=weights)
    assert model.score(X, y, sample_weight=weights) == expected
    requests = model.get_metadata_routing()
    assert requests.score.requests == {"sample_weight": True}
    assert requests.fit.requests == {"sample_weight": None}
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    assert scorer(model, X, y, sample_weight=weights) == expected


# ------------------------------------------------------------------------ stored models


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", ["mahalanobis", "bilinear", "quadratic"])
def test_stored_models_give_the_same_bits(form, dtype, y, tmp_path):
    rng = np.random.default_rng(0)
    items = ITEMS.astype(dtype)
    wide = np.hstack([items, rng.normal(size=(len(items), 60)).astype(dtype)])
    X = Pairs.from_index(wide, INDEX)
    for model in (
        make_pipeline(
            SharedTransformer(EmbeddingNormalizer(whiten=0.7)),
            SymmetricPairClassifier(form),
        ),
        make_pipeline(SharedTransformer(PCA(40)), SymmetricPairClassifier(form)),
    ):
        model.fit(X, y)
        expected = model.predict_proba(X)
        joblib.dump(model, tmp_path / "model")
        for again in (
            pickle.loads(pickle.dumps(model)),
            pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model)))),
            joblib.load(tmp_path / "model"),
            joblib.load(tmp_path / "model", mmap_mode="r"),
        ):
            assert_array_equal(again.predict_proba(X), expected)
            assert_array_equal(
                again.predict_proba(wide[INDEX]), expected_of(model, wide)
            )


def expected_of(model, items):
    return model.predict_proba(items[INDEX])


def test_a_stored_model_holds_no_training_data(y):
    items = np.tile(ITEMS, (50, 1))
    X = Pairs.from_index(items, INDEX)
    model = pipeline(alpha=0.1).fit(X, y)
    assert len(pickle.dumps(model)) < 10_000 < items.nbytes


# ------------------------------------------------------ what it is not mistaken for


def test_pairs_are_no_estimator_and_no_frame():
    """scikit-learn looks for these names before it splits."""
    pairs = KINDS["Pairs"]()
    for name in ("fit", "iloc", "columns", "__dataframe__", "__array_namespace__"):
        assert not hasattr(pairs, name)


def test_the_classifier_as_an_intermediate_step_says_what_it_takes(X, y):
    """`transform` takes items: it is no step between pairs and pairs."""
    model = make_pipeline(SymmetricPairClassifier(), SymmetricPairClassifier())
    if isinstance(X, Pairs):
        with pytest.raises(TypeError, match=r"X must be single items, .* not Pairs"):
            model.fit(X, y)
    else:
        with pytest.raises(ValueError, match=r"X must be 2-D .* got 3-D"):
            model.fit(X, y)


def test_methods_that_depend_on_parameters_are_available_if():
    """So that hasattr works on classes inside of other tools."""

    class Outer(BaseEstimator):
        def __init__(self, inner):
            self.inner = inner

        @available_if(lambda self: hasattr(self.inner, "transform"))
        def transform(self, X):
            return self.inner.transform(X)

    assert hasattr(Outer(SymmetricPairClassifier()), "transform")
    assert not hasattr(Outer(SymmetricPairClassifier("quadratic")), "transform")
