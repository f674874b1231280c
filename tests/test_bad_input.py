# SPDX-License-Identifier: BSD-3-Clause
"""Input of no use: one clear error each, recognised by its text."""

import re

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import Normalizer, StandardScaler

from sksymsim import EmbeddingNormalizer, Pairs, SharedTransformer, deduplicate
from sksymsim import SymmetricPairClassifier as Classifier

N_PAIRS, N_FEATURES = 30, 4


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(N_PAIRS, 2, N_FEATURES))


@pytest.fixture
def y():
    return np.arange(N_PAIRS) % 2


@pytest.fixture
def model(X, y):
    return Classifier(alpha=0.1).fit(X, y)


SCORING = [
    "decision_function",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "pair_score",
    "pair_distance",
]


def calls(model, y):
    """Return all that takes pairs: the fit of a model, and its methods."""
    return [
        lambda pairs: Classifier().fit(pairs, y),
        lambda pairs: model.score(pairs, y),
        lambda pairs: SharedTransformer(StandardScaler()).fit(pairs),
        *(getattr(model, name) for name in SCORING),
    ]


def check_refused(model, y, pairs, error, text):
    for call in calls(model, y):
        with pytest.raises(error, match=text):
            call(pairs)


# ------------------------------------------------------------------------------ shapes


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((30,), r"got 1-D with shape \(30,\): wrap the two sides: Pairs\(X_a, X_b\)"),
        ((30, 4), r"got 2-D with shape \(30, 4\): items alone are not pairs"),
        ((30, 8), r"got 2-D with shape \(30, 8\): items alone are not pairs; wrap the"),
        ((30, 2, 4, 1), r"got 4-D with shape \(30, 2, 4, 1\): wrap the two sides"),
        (
            (30, 3, 4),
            r"got 3-D with shape \(30, 3, 4\): axis 1 must hold the two sides, not 3",
        ),
        (
            (30, 1, 4),
            r"got 3-D with shape \(30, 1, 4\): axis 1 must hold the two sides, not 1",
        ),
        (
            (2, 30, 4),
            r"got 3-D with shape \(2, 30, 4\): axis 1 must .* not 30; Pairs\(\*X\) m",
        ),
        ((), r"got 0-D with shape \(\)"),
    ],
)
def test_arrays_of_another_shape(model, y, shape, text):
    text = r"an array of pairs must have shape \(n_pairs, 2, n_features\), " + text
    check_refused(model, y, np.ones(shape), ValueError, text)


def test_sides_of_unequal_shape(model, X, y):
    left, right = X[:, 0], X[:, 1]
    for pair, text in (
        ((left, right[:-1]), r"same shape, got \(30, 4\) and \(29, 4\)"),
        ((left, right[:, :-1]), r"same shape, got \(30, 4\) and \(30, 3\)"),
        ((left, right[0]), "right must be 2-D .* got 1-D"),
        ((left[0], right[0]), r"left must be .* 1-D .* one pair is Pairs\(\[a\], \[b"),
        ((X, X), "left must be 2-D .* got 3-D"),
    ):
        check_refused(model, y, pair, ValueError, text)
    with pytest.raises(ValueError, match=r"got \(30, 4\) and \(29, 4\); row i of both"):
        Pairs(left, right[:-1])


def test_tuples_of_another_length(model, X, y):
    for given in ((X[:, 0],), (X[:, 0],) * 3, ()):
        text = rf"a tuple of pairs must be \(X_a, X_b\), got {len(given)} entries; wrap"
        check_refused(model, y, given, ValueError, text)


@pytest.mark.parametrize("make", [list, lambda X: X.tolist(), lambda X: [*X[:1]]])
def test_a_list(model, X, y, make):
    text = (
        r"pairs must not be given as a list\. .* wrap the two sides: Pairs\(X_a, X_b\) "
        r"before splitting.*; otherwise use numpy.stack.*; one pair is Pairs\(\[a\], \["
    )
    check_refused(model, y, make(X), TypeError, text)
    check_refused(model, y, [X[:, 0], X[:, 1]], TypeError, text)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, "NoneType"),
        (3, "int"),
        ("pairs", "str"),
        ({"left": 1, "right": 2}, "dict"),
        (sparse.csr_matrix(np.eye(4)), "csr_matrix"),
        (iter([1, 2]), "list_iterator"),
    ],
)
def test_other_types(model, y, given, name):
    text = (
        r"pairs must be Pairs, an array \(n_pairs, 2, n_features\) or a tuple "
        rf"\(X_a, X_b\), got {name}; wrap the two sides"
    )
    check_refused(model, y, given, TypeError, text)


def test_a_frame(model, X, y):
    pd = pytest.importorskip("pandas")
    text = r"not be given as a DataFrame.* ids, Pairs.from_frame.* Pairs\(table\["
    check_refused(model, y, pd.DataFrame(X[:, 0]), TypeError, text)


def test_a_tuple_where_scikit_learn_splits(X, y):
    """It counts two samples, and takes the sides apart where two are expected."""
    sides = X[:, 0], X[:, 1]
    search = GridSearchCV(Classifier(), {"alpha": [0.1, 1]}, cv=3, error_score="raise")
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 30\]"):
        search.fit(sides, y)
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 30\]"):
        cross_val_score(Classifier(), sides, y)
    # Two pairs are as many samples as there are sides, so that the sides are split.
    search.set_params(cv=[([0, 1], [0, 1])])
    with pytest.raises(
        TypeError, match=r"wrap the two sides: Pairs\(X_a, X_b\) before"
    ):
        search.fit((X[:2, 0], X[:2, 1]), y[:2])
    assert search.set_params(cv=3).fit(Pairs(*sides), y).best_score_ > 0


# ------------------------------------------------------------------- numbers of pairs


def test_no_pairs(model, X, y):
    text = r"Found no pairs \(n_samples=0\) while a minimum of \d is required"
    for pairs in (X[:0], (X[:0, 0], X[:0, 1]), Pairs.from_index(X[:, 0], [])):
        check_refused(model, y[:0], pairs, ValueError, text)


def test_one_pair(model, X, y):
    text = r"Found only 1 pair \(n_samples=1\) while a minimum of 2 is required"
    for pairs in (X[:1], (X[:1, 0], X[:1, 1]), Pairs.from_index(X[:, 0], [[0, 1]])):
        with pytest.raises(ValueError, match=text):
            Classifier().fit(pairs, y[:1])
        assert model.predict(pairs).shape == (1,)


def test_another_width(model, X, y):
    text = "X has 3 features, but {} is expecting 4 features as input"
    narrow = X[:, :, :3]
    owner = "SymmetricPairClassifier"
    for pairs in (narrow, (narrow[:, 0], narrow[:, 1]), Pairs(*narrow.swapaxes(0, 1))):
        for name in SCORING:
            with pytest.raises(ValueError, match=text.format(owner)):
                getattr(model, name)(pairs)
    for call in (
        lambda: model.transform(narrow[:, 0]),
        lambda: model.cross_scores(narrow[:, 0], X[:, 1]),
        lambda: model.cross_scores(X[:, 0], narrow[:, 1]),
    ):
        with pytest.raises(ValueError, match=text.format(owner)):
            call()
    shared = SharedTransformer(StandardScaler()).fit(X)
    with pytest.raises(ValueError, match=text.format("SharedTransformer")):
        shared.transform(narrow)


def test_items_wider_than_a_matrix_can_be(y):
    X = np.zeros((N_PAIRS, 2, 50_000), dtype=np.float16)
    with pytest.raises(
        ValueError, match=r"X has 50000 features; .* Reduce the items first"
    ):
        Classifier().fit(X, y)


# ------------------------------------------------------------------------------ values


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_not_finite_values_are_counted_for_each_side(model, X, y, dtype):
    X = X.astype(dtype)
    X[3, 0, 1] = X[3, 0, 2] = np.nan
    X[7, 0, 0] = -np.inf
    left = r"left contains 2 NaN and 1 infinity in 2 rows \(the first is row 3\)"
    for pairs in (
        X,
        (X[:, 0], X[:, 1]),
        Pairs.from_index(X.reshape(-1, 4), np.arange(60).reshape(30, 2)),
    ):
        check_refused_by_classifier(model, y, pairs, left + r"\. Drop those rows or")
    X[0, 1, 0] = np.inf
    right = r"; right contains 0 NaN and 1 infinity in 1 row \(the first is row 0\)"
    check_refused_by_classifier(model, y, X, left + right)
    check_refused_by_classifier(model, y, X[:2], r"^right contains 0 NaN and 1 inf")


def check_refused_by_classifier(model, y, pairs, text):
    n_pairs = (pairs[0] if isinstance(pairs, tuple) else pairs).shape[0]
    with pytest.raises(ValueError, match=text):
        Classifier().fit(pairs, y[:n_pairs])
    for name in SCORING:
        with pytest.raises(ValueError, match=text):
            getattr(model, name)(pairs)


def test_not_finite_values_of_csr(model, X, y):
    left = sparse.csr_matrix(X[:, 0] * (X[:, 0] > 0))
    left.data[0] = np.nan
    row = left.tocoo().row[0]
    text = rf"left contains 1 NaN and 0 infinity in 1 row \(the first is row {row}\)"
    right = sparse.csr_matrix(X[:, 1])
    check_refused_by_classifier(model, y, (left, right), text)
    text = text.replace("left", "right")
    check_refused_by_classifier(model, y, (right, left), text)


def test_not_finite_values_of_single_items(model, X):
    items = X[:, 0].copy()
    items[5] = np.nan
    text = r" contains 4 NaN and 0 infinity in 1 row \(the first is row 5\)"
    with pytest.raises(ValueError, match="X" + text):
        model.transform(items)
    with pytest.raises(ValueError, match="X_a" + text):
        model.cross_scores(items, X[:, 1])
    with pytest.raises(ValueError, match="X_b" + text):
        model.cross_scores(X[:, 1], items)


def test_large_values_are_not_taken_for_infinity(X, y):
    for dtype, size in ((np.float32, 3e38), (np.float64, 1e308), (np.float16, 6e4)):
        items = np.full((4, 3), size, dtype=dtype)
        model = Classifier().fit(X[:, :, :3], y)
        assert model.predict(np.stack([items, items], axis=1)).shape == (4,)


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        (1j, ValueError, "Complex data not supported: {} has dtype complex128"),
        (None, TypeError, "{} must hold numbers, got dtype object"),
        ("a", TypeError, "{} must hold numbers, got dtype <U1"),
        (b"a", TypeError, r"{} must hold numbers, got dtype \|S1"),
        (
            np.datetime64("2020-01-01"),
            TypeError,
            r"{} must hold numbers, got dtype datetime64\[D\]",
        ),
    ],
    ids=repr,
)
def test_values_that_are_no_numbers(model, X, y, values, error, text):
    full = np.full(X.shape, values)
    check_refused(model, y, full, error, text.format("X"))
    check_refused(model, y, (full[:, 0], X[:, 1]), error, text.format("left"))
    check_refused(model, y, (X[:, 0], full[:, 1]), error, text.format("right"))
    with pytest.raises(error, match=text.format("X_b")):
        model.cross_scores(X[:, 0], full[:, 1])
    with pytest.raises(error, match=text.format("items")):
        Pairs.from_index(full[:, 0], [[0, 1]])


def test_numbers_in_disguise_are_not_converted(model, X, y):
    text = r"use \.astype\(float\) if they are numbers in disguise"
    check_refused(model, y, X.astype(object), TypeError, text)
    check_refused(model, y, X.astype(str), TypeError, text)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float16, np.bool_])
def test_other_numbers_are_accepted(X, y, dtype):
    given = (10 * X).astype(dtype)
    p = Classifier().fit(given, y).predict_proba(given)
    assert np.isfinite(p).all()


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ([[0, 30]], r"1 number\(s\) outside 0\.\.29, the first is 30 in pair 0"),
        ([[0, 1], [-1, 2]], "the first is -1 in pair 1; negative numbers do not count"),
    ],
)
def test_index_out_of_range(X, index, text):
    with pytest.raises(IndexError, match=text):
        Pairs.from_index(X[:, 0], index)


def test_ids_missing_in_the_table(X):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"a": ["p", "q"], "b": ["p", "z"]})
    with pytest.raises(
        KeyError, match="2 ids of the pairs not found in items: 'q', 'z'"
    ):
        Pairs.from_frame(table, left="a", right="b", items={"p": X[0, 0]})


# ---------------------------------------------------------------------------- labels


@pytest.mark.parametrize("value", [0, 1, "yes", True])
def test_one_class(X, value):
    text = rf"y holds one class only \(.*{value}.*\); learning needs similar and diss"
    with pytest.raises(ValueError, match=text):
        Classifier().fit(X, np.full(N_PAIRS, value))


def test_three_classes(X):
    text = (
        r"Only binary classification is supported: y holds 3 classes \(0, 1, 2\); a "
        r"pair is similar or it is not\. For class labels of single items use make_pair"
    )
    with pytest.raises(ValueError, match=text):
        Classifier().fit(X, np.arange(N_PAIRS) % 3)
    with pytest.raises(ValueError, match=r"12 classes \(0, 1, 2, 3, 4, \.\.\.\)"):
        Classifier().fit(X, np.arange(N_PAIRS) % 12)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (
            np.zeros((N_PAIRS, 2)),
            r"y should be a 1d array, got an array of shape \(30, 2",
        ),
        (np.linspace(0, 1, N_PAIRS), "Unknown label type: continuous"),
        (np.arange(29) % 2, "got 30 pairs but 29 labels in y"),
        (np.arange(31) % 2, "got 30 pairs but 31 labels in y"),
    ],
)
def test_labels_of_no_use(X, labels, text):
    with pytest.raises(ValueError, match=text):
        Classifier().fit(X, labels)


def test_labels_of_several_types(X):
    labels = np.array([0, "a", None] * 10, dtype=object)
    with pytest.raises(TypeError, match=r"y cannot be sorted.* must be of one type"):
        Classifier().fit(X, labels)


@pytest.mark.parametrize(
    ("value", "text"),
    [(np.nan, "Input y contains NaN"), (np.inf, "y contains infinity")],
)
def test_labels_that_are_not_finite(X, y, value, text):
    labels = y.astype(float)
    labels[4] = value
    with pytest.raises(ValueError, match=text):
        Classifier().fit(X, labels)


# ---------------------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        (
            np.append(-1.0, np.ones(29)),
            "sample_weight holds 1 negative weights; .* >= 0",
        ),
        (-np.ones(30), "sample_weight holds 30 negative weights"),
        (np.zeros(30), "sample_weight is zero everywhere; nothing is left to fit"),
        (np.append(np.nan, np.ones(29)), "sample_weight contains NaN or infinity"),
        (np.append(np.inf, np.ones(29)), "sample_weight contains NaN or infinity"),
        (
            np.ones(29),
            r"sample_weight must have shape \(30,\), got \(29,\): one weight",
        ),
        (np.ones((30, 1)), r"sample_weight must have shape \(30,\), got \(30, 1\)"),
        (np.arange(30) % 2, "all dissimilar pairs have zero weight, so only one class"),
        ((np.arange(30) + 1) % 2, "all similar pairs have zero weight"),
    ],
)
def test_weights_of_no_use(X, y, weights, text):
    with pytest.raises(ValueError, match=text):
        Classifier().fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("weight", ["a", 1j, None], ids=str)
def test_weights_that_are_no_numbers(X, y, weight):
    weights = [weight] * N_PAIRS
    with pytest.raises(
        TypeError, match="sample_weight must hold real numbers, got dty"
    ):
        Classifier().fit(X, y, sample_weight=weights)


def test_one_weight_for_all_changes_nothing(X, y):
    expected = Classifier().fit(X, y).decision_function(X)
    for weight in (2.0, 1e-300, 1e300, np.full(N_PAIRS, 5)):
        found = Classifier().fit(X, y, weight).decision_function(X)
        np.testing.assert_array_equal(found, expected)


def test_one_class_weight_for_both_changes_nothing(X, y):
    expected = Classifier().fit(X, y).decision_function(X)
    for factor in (2.0, 1e-300, 1e300, 1e308):
        model = Classifier(class_weight={0: factor, 1: factor}).fit(X, y)
        np.testing.assert_allclose(
            model.decision_function(X), expected, rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize(
    ("class_weight", "text"),
    [
        (
            {7: 1.0},
            r"class_weight names 7, which is not among the classes of y: \[0, 1",
        ),
        ({"1": 1.0}, "class_weight names '1', which is not among the classes"),
        (
            {1: -1.0},
            r"class_weight must map classes to finite numbers >= 0, got \{1: -1",
        ),
        ({1: "a"}, "class_weight must map classes to finite numbers"),
        ({1: np.inf}, "class_weight must map classes to finite numbers"),
        ({1: None}, "class_weight must map classes to finite numbers"),
        ({1: 0.0}, "all similar pairs have zero weight"),
        ({0: 0.0, 1: 0.0}, "zero weight"),
    ],
)
def test_class_weights_of_no_use(X, y, class_weight, text):
    with pytest.raises(ValueError, match=text):
        Classifier(class_weight=class_weight).fit(X, y)


# ------------------------------------------------------------------------- parameters

A_BOOL = "a bool"
BAD_PARAMETERS = {
    "form": (
        "one of 'mahalanobis', 'bilinear', 'quadratic', 'poly'",
        ["cosine", "", None, 3, ["mahalanobis"]],
    ),
    "alpha": (
        "a float >= 0",
        [-1e-9, np.nan, np.inf, None, "1", True, [1.0], np.array([1.0]), 1j],
    ),
    "prior": (
        "one of 'identity', 'covariance', 'kissme', an array of shape (n_features, "
        "n_features) or a fitted learner with get_mahalanobis_matrix()",
        ["euclid", None, 3, [[1.0]], Classifier, StandardScaler()],
    ),
    "shrinkage": ("a float in [0, 1]", [-0.1, 1.1, np.nan, None, "0.1", True]),
    "psd": (A_BOOL, [None, 1, "yes"]),
    "reflexive": (A_BOOL, [None, 1, "yes"]),
    "n_components": ("None or an int >= 1", [0, -1, 2.0, "2", True, np.nan]),
    "degree": ("an int >= 1", [0, -1, 2.0, None, "2", True]),
    "gamma": (
        "one of 'scale', 'auto' or a float > 0",
        [0, -1.0, np.nan, np.inf, None, "large", True],
    ),
    "coef0": ("a float >= 0", [-1e-9, np.nan, np.inf, None, "1", True]),
    "fit_intercept": (A_BOOL, [None, 0, "no"]),
    "similar_rate": (
        "None or a float in (0, 1)",
        [0, 0.0, 1, 1.0, -0.5, 1.5, np.nan, "0.1", True],
    ),
    "class_weight": (
        "None, one of 'balanced' or a dict",
        ["unbalanced", 3, [1.0, 2.0], True],
    ),
    "max_iter": ("an int >= 1", [0, -1, 10.0, None, "10", True, np.inf]),
    "tol": ("a float > 0", [0, 0.0, -1e-3, np.nan, np.inf, None, "1e-3", True]),
    "warm_start": (A_BOOL, [None, 1, "yes"]),
    "n_jobs": (
        "an int other than 0 (-1 for all processors)",
        [0, 1.0, "2", np.nan, True],
    ),
    "random_state": (
        "an int, a numpy.random.RandomState instance or None",
        ["0", 1.5, np.random.default_rng(0), np.random],
    ),
    "verbose": ("a bool or an int >= 0", [-1, 1.5, None, "1"]),
}


def test_every_parameter_is_in_the_table():
    assert set(BAD_PARAMETERS) == set(Classifier().get_params())


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        pytest.param(name, value, allowed, id=f"{name}={str(value)[:30]}-{i}")
        for name, (allowed, values) in BAD_PARAMETERS.items()
        for i, value in enumerate(values)
    ],
)
def test_parameters_of_no_use(X, y, name, value, allowed):
    model = Classifier(**{name: value})  # nothing is checked before fit
    text = f"^The {name!r} parameter of SymmetricPairClassifier must be .*Got "
    with pytest.raises(ValueError, match=text) as caught:
        model.fit(X, y)
    assert allowed in str(caught.value)
    assert str(caught.value).endswith("instead.")
    assert len(str(caught.value)) < 350
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", 0),
        ("alpha", np.float32(0.1)),
        ("alpha", np.int64(1)),
        ("shrinkage", 0),
        ("shrinkage", 1),
        ("psd", np.True_),
        ("n_components", np.int32(2)),
        ("n_components", N_FEATURES),
        ("fit_intercept", np.False_),
        ("similar_rate", np.float64(0.5)),
        ("class_weight", {}),
        ("class_weight", {0: 1, 1: np.float32(2)}),
        ("max_iter", np.int64(300)),
        ("tol", 1),
        ("n_jobs", -1),
        ("n_jobs", np.int64(1)),
        ("random_state", np.random.RandomState(0)),
        ("random_state", np.int64(3)),
        ("verbose", False),
        ("verbose", np.int64(0)),
    ],
    ids=str,
)
def test_parameters_at_the_edge_of_what_is_allowed(X, y, name, value):
    p = Classifier(**{name: value}).fit(X, y).predict_proba(X)
    assert np.isfinite(p).all()


@pytest.mark.parametrize(
    ("name", "allowed", "values"),
    [
        ("center", A_BOOL, [None, 1, "yes"]),
        ("norm", A_BOOL, [None, 1, "l2"]),
        ("whiten", "a float in [0, 1]", [-0.1, 1.5, None, "0.5", True, False, np.nan]),
    ],
)
def test_parameters_of_the_normalizer_of_no_use(X, name, allowed, values):
    text = f"The {name!r} parameter of EmbeddingNormalizer must be {allowed}. Got "
    for value in values:
        with pytest.raises(ValueError, match="^" + re.escape(text)):
            EmbeddingNormalizer(**{name: value}).fit(X[:, 0])


def test_more_components_than_features(X, y):
    text = "n_components=5 must be at most the number of features, which is 4; None"
    for form in ("mahalanobis", "bilinear", "quadratic"):
        with pytest.raises(ValueError, match=text):
            Classifier(form, n_components=5).fit(X, y)


def test_a_rate_without_an_intercept(X, y):
    text = "similar_rate moves the intercept, and fit_intercept=False holds it at 0"
    with pytest.raises(ValueError, match=text):
        Classifier(similar_rate=0.1, fit_intercept=False).fit(X, y)
    assert Classifier(fit_intercept=False).fit(X, y).intercept_ == 0


# ------------------------------------------------------------------------------ prior


class Learner:
    """What a fitted metric learner looks like."""

    def __init__(self, matrix):
        self.matrix = matrix

    def get_mahalanobis_matrix(self):
        return self.matrix


@pytest.mark.parametrize("wrap", [np.asarray, Learner])
@pytest.mark.parametrize(
    ("matrix", "error", "text"),
    [
        (
            np.diag([1.0, 1, 1, -1]),
            ValueError,
            "prior must be positive semidefinite, but its smallest eigenvalue is -1; "
            "pass another prior or, to SymmetricPairClassifier, psd=False",
        ),
        (
            np.eye(3),
            ValueError,
            r"prior must have shape \(4, 4\) to match the features of X, got \(3, 3\)",
        ),
        (np.ones(4), ValueError, r"prior must have shape \(4, 4\) .* got \(4,\)"),
        (np.triu(np.ones((4, 4))), ValueError, r"symmetric; use \(prior \+ prior\.T\)"),
        (np.full((4, 4), np.nan), ValueError, "prior contains NaN or infinity"),
        (np.full((4, 4), np.inf), ValueError, "prior contains NaN or infinity"),
        (
            np.zeros((4, 4)),
            ValueError,
            "prior is zero everywhere; use prior='identity'",
        ),
        (np.eye(4) * 1j, TypeError, "prior must hold real numbers, got dtype complex"),
        (
            np.eye(4).astype(str),
            TypeError,
            "prior must hold real numbers, got dtype <U",
        ),
        (
            np.eye(4).astype(object),
            TypeError,
            "must hold real numbers, got dtype object",
        ),
    ],
)
def test_priors_of_no_use(X, y, matrix, error, text, wrap):
    with pytest.raises(error, match=text):
        Classifier(prior=wrap(matrix)).fit(X, y)


@pytest.mark.parametrize("form", ["mahalanobis", "bilinear"])
def test_an_indefinite_prior_without_the_constraint(X, y, form):
    prior = np.diag([1.0, 1, 1, -1])
    model = Classifier(form, prior=prior, psd=False, alpha=1e6).fit(X, y)
    M = model.get_mahalanobis_matrix()
    np.testing.assert_allclose(M, prior * M[0, 0], atol=1e-3 * abs(M).max() + 1e-5)


def test_an_indefinite_prior_of_the_quadratic_form(X, y):
    """It has no single matrix that could be held semidefinite: psd has no effect."""
    prior = np.diag([1.0, 1, 1, -1])
    one = Classifier("quadratic", prior=prior).fit(X, y)
    other = Classifier("quadratic", prior=prior, psd=False).fit(X, y)
    np.testing.assert_array_equal(one.decision_function(X), other.decision_function(X))


def test_a_learner_is_its_matrix(X, y):
    prior = np.diag([4.0, 1, 1, 0.5])
    expected = Classifier(prior=prior).fit(X, y).decision_function(X)
    for given in (
        Learner(prior),
        Learner(prior.tolist()),
        3 * prior,
        prior.astype("f4"),
    ):
        found = Classifier(prior=given).fit(X, y).decision_function(X)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_learner_that_is_not_fitted(X, y):
    text = (
        "the learner given as prior, SymmetricPairClassifier, is not fitted.*wrap it "
        "in FrozenEstimator"
    )
    with pytest.raises(NotFittedError, match=text):
        Classifier(prior=Classifier()).fit(X, y)


# -------------------------------------------------------------------------- not fitted


@pytest.mark.parametrize("name", [*SCORING, "score"])
def test_not_fitted(X, y, name):
    arguments = (X, y) if name == "score" else (X,)
    with pytest.raises(
        NotFittedError, match="This SymmetricPairClassifier instance is"
    ):
        getattr(Classifier(), name)(*arguments)


def test_not_fitted_and_other_arguments(X):
    model = Classifier()
    for call in (
        lambda: model.transform(X[:, 0]),
        lambda: model.cross_scores(X[:, 0], X[:, 1]),
        model.get_metric,
        model.get_mahalanobis_matrix,
        model.get_polynomial,
        lambda: model.predict("nonsense"),
    ):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            call()
    for name in ("components_", "intercept_", "classes_", "n_features_in_"):
        assert not hasattr(model, name)
    with pytest.raises(AttributeError, match="no attribute 'components_' before fit"):
        model.components_  # noqa: B018
    with pytest.raises(NotFittedError, match="not fitted yet"):
        EmbeddingNormalizer().transform(X[:, 0])


def test_a_failed_fit_is_no_fit(X, y):
    model = Classifier(alpha=-1)
    with pytest.raises(ValueError, match="alpha"):
        model.fit(X, y)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        model.predict(X)


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (
            np.ones(4),
            r"X must be 2-D .* got 1-D with shape \(4,\); .* x.reshape\(1, -1\)",
        ),
        (np.ones((3, 2, 4)), "X must be 2-D .* got 3-D"),
    ],
)
def test_items_of_another_dimension(model, X, items, text):
    with pytest.raises(ValueError, match=text):
        model.transform(items)
    with pytest.raises(ValueError, match=text.replace("X", "X_a")):
        model.cross_scores(items, X[:, 0])


def test_no_items(model, X):
    none = X[:0, 0]
    for call in (
        lambda: model.transform(none),
        lambda: model.cross_scores(none, X[:, 0]),
        lambda: model.cross_scores(X[:, 0], none),
    ):
        with pytest.raises(ValueError, match="n_samples=0"):
            call()


def test_pairs_are_no_items(model, X):
    pairs = Pairs(X[:, 0], X[:, 1])
    text = "must be single items, one row each, not Pairs; pass pairs.left, pairs.right"
    with pytest.raises(TypeError, match="X " + text):
        model.transform(pairs)
    with pytest.raises(TypeError, match="X_a " + text):
        model.cross_scores(pairs, X[:, 0])
    with pytest.raises(TypeError, match="X_b " + text):
        model.cross_scores(X[:, 0], pairs)


@pytest.mark.parametrize("as_index", [False, True])
@pytest.mark.parametrize("transformer", [EmbeddingNormalizer(), Normalizer()])
def test_a_transformer_that_refuses_nan_names_the_rows_of_the_pairs(
    transformer, as_index
):
    items = np.random.default_rng(0).normal(size=(9, 3))
    index = np.array([[8, 7], [6, 5], [3, 4]])
    good = Pairs.from_index(items, index)
    bad = items.copy()
    bad[3, 1] = np.nan
    pairs = Pairs.from_index(bad, index)
    pairs = pairs if as_index else Pairs(pairs.left, pairs.right)
    text = r"left contains 1 NaN and 0 infinity in 1 row \(the first is row 2\)"
    with pytest.raises(ValueError, match=text):
        SharedTransformer(transformer).fit(pairs)
    with pytest.raises(ValueError, match=text):
        SharedTransformer(transformer).fit(good).transform(pairs)


def test_nan_goes_to_a_transformer_that_takes_it_and_its_own_errors_stay():
    X = np.random.default_rng(0).normal(size=(9, 2, 3))
    with pytest.raises(ValueError, match="n_components=7 must be between"):
        SharedTransformer(PCA(7)).fit(X)
    X[3, 0, 1] = np.nan
    imputed = SharedTransformer(SimpleImputer()).fit_transform(X)
    assert np.isfinite(imputed.left).all()


@pytest.mark.parametrize(
    ("X", "error", "text"),
    [
        (np.full((4, 3), np.nan), ValueError, r"X contains 12 NaN .* first is row 0"),
        (np.ones((4, 2, 3)), ValueError, r"not pairs; wrap it: Shared"),
        ((np.eye(4), np.eye(4)), ValueError, r"not pairs; wrap it: Shared"),
        (sparse.csr_matrix(np.eye(4)), TypeError, r"Sparse .* reduce .*TruncatedSVD"),
    ],
)
def test_what_the_normalizer_cannot_take_leads_on(X, error, text):
    with pytest.raises(error, match=text):
        EmbeddingNormalizer().fit(X)


def test_items_and_model_exchanged(X, model):
    with pytest.raises(TypeError, match="Classifier; the model and the items are exch"):
        deduplicate(model, X[:, 0])
    with pytest.raises(TypeError, match=r"must hold numbers, got object\.$"):
        model.top_k(object(), X[:, 0], k=1)
