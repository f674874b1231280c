# SPDX-License-Identifier: BSD-3-Clause
"""Vectors for indexes: every engine finds what top_k finds, in the same order."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from postgres_server import NoServerError, running_server
from scipy import sparse
from scipy.special import expit
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    Pairs,
    SharedTransformer,
    StackedPairClassifier,
    SymmetricPairClassifier,
    compact,
    load_model,
    load_spoken_digits,
    make_pairs,
    recalibrate,
    save_model,
    to_cosine,
    to_inner_product,
    to_l2,
)

N_QUERIES, N_BASE, K = 40, 700, 10
WITHOUT = "{0} is not installed: pip install {0}"

MODELS = {
    "mahalanobis": SymmetricPairClassifier(alpha=1e-3),
    "mahalanobis, rank 6": SymmetricPairClassifier(alpha=1e-3, n_components=6),
    "mahalanobis, indefinite": SymmetricPairClassifier(alpha=1e-4, psd=False),
    "bilinear": SymmetricPairClassifier("bilinear", alpha=1e-3),
    "bilinear, indefinite": SymmetricPairClassifier(
        "bilinear", alpha=1e-4, psd=False, n_components=6
    ),
    "quadratic": SymmetricPairClassifier("quadratic", alpha=1e-3),
    "quadratic, rank 6": SymmetricPairClassifier(
        "quadratic", alpha=1e-3, n_components=6
    ),
    "pipeline": make_pipeline(
        SharedTransformer(make_pipeline(StandardScaler(), PCA(12))),
        SharedTransformer(EmbeddingNormalizer(whiten=0.5)),
        SymmetricPairClassifier("quadratic", alpha=1e-3),
    ),
    "stack of metrics": StackedPairClassifier(
        [
            ("plain", SymmetricPairClassifier(alpha=1e-3, n_components=4)),
            (
                "normalised",
                make_pipeline(
                    SharedTransformer(EmbeddingNormalizer()),
                    SymmetricPairClassifier(alpha=1e-3, n_components=5),
                ),
            ),
        ],
        weights=[0.4, 1.1],
        intercept=0.3,
    ),
    "stack of all": StackedPairClassifier(
        [
            ("plain", SymmetricPairClassifier(alpha=1e-3)),
            ("dot", SymmetricPairClassifier("bilinear", alpha=1e-3, n_components=4)),
            ("free", SymmetricPairClassifier("quadratic", alpha=1e-3)),
        ],
        weights=[0.4, 0.8, 0.2],
    ),
}
METRICS = ["mahalanobis", "mahalanobis, rank 6", "stack of metrics"]
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def spoken():
    """Items of 27 features with a mean that is not zero."""
    return load_spoken_digits().data[:, ::3].astype(np.float32) + np.float32(3.0)


@pytest.fixture(scope="module")
def fitted(spoken):
    """Return a function that fits each model once."""
    speakers = load_spoken_digits().speaker
    pairs, y, _ = make_pairs(spoken, speakers, n_pairs=600, random_state=0)
    cache = {}

    def fit(name):
        if name not in cache:
            cache[name] = MODELS[name].fit(pairs, y)
        return cache[name]

    return fit


@pytest.fixture(scope="module")
def tables(spoken):
    """Queries, and a base in which some of them are, and rows twice."""
    base = spoken[::4][:N_BASE].copy()
    base[50:60] = base[40:50]
    return np.concatenate([spoken[1::9], base[:5]])[-N_QUERIES:], base


def all_scores(model, queries, base):
    """Return the log-odds of all combinations, in double precision."""
    queries, base = queries.astype(np.float64), base.astype(np.float64)
    rows = np.repeat(queries, len(base), axis=0), np.tile(base, (len(queries), 1))
    return model.decision_function(Pairs(*rows)).reshape(len(queries), len(base))


@pytest.fixture(scope="module")
def scores_of(fitted, tables):
    """Return a function that computes the scores of each model once."""
    cache = {}

    def scores(name):
        if name not in cache:
            cache[name] = all_scores(fitted(name), *tables)
        return cache[name]

    return scores


def assert_same_neighbours(scores, rows, tolerance=1e-6):
    """The best rows in the right order; those that tie may stand in for each other.

    The scores at each rank agree up to a share of the largest score of the query: items
    of the base that are there twice tie, and no index says which comes first.
    """
    best = -np.sort(-scores, axis=1)[:, : rows.shape[1]]
    found = np.take_along_axis(scores, rows, axis=1)
    size = np.abs(scores).max(axis=1, keepdims=True)
    assert (np.abs(found - best) <= tolerance * size).all()
    assert all(len(set(row)) == rows.shape[1] for row in rows.tolist())


def assert_log_odds(space, values, queries, scores, rows, engine):
    found = np.take_along_axis(scores, rows, axis=1)
    log_odds = space.log_odds(values, queries, engine=engine)
    assert_allclose(log_odds, found, rtol=0, atol=2e-5 * np.abs(scores).max())
    probabilities = space.probabilities(values, queries, engine=engine)
    assert_array_equal(probabilities, expit(log_odds))


def spaces(model, base):
    return {
        "l2": to_l2(model, base),
        "inner_product": to_inner_product(model, base),
        "cosine": to_cosine(model, base),
    }


# ------------------------------------------------------------------ without any engine


def test_a_model_from_a_file_has_the_same_vectors(fitted, tables, tmp_path):
    """Bit for bit; in single precision, up to its rounding."""
    model, (queries, base) = fitted("pipeline"), tables
    for kept, atol in ((model, 0), (compact(model, dtype="float32"), 1e-4)):
        save_model(kept, tmp_path / "model.sksymsim")
        stored = load_model(tmp_path / "model.sksymsim")
        for to_space in (to_l2, to_inner_product, to_cosine):
            products, expected = (
                space.transform_queries(queries) @ space.transform_items(base).T
                for space in (to_space(stored, base), to_space(model, base))
            )
            assert_allclose(products, expected, rtol=0, atol=atol)


@every_model
@pytest.mark.parametrize("centred", [True, False])
def test_dot_products_of_vectors_are_the_scores(
    fitted, tables, scores_of, name, centred
):
    model, (queries, base) = fitted(name), tables
    space = to_inner_product(model, base if centred else None, dtype="float64")
    vectors = space.transform_items(base)
    assert vectors.shape == (N_BASE, space.n_dimensions)
    products = space.transform_queries(queries) @ vectors.T
    expected = scores_of(name)
    size = np.abs(expected).max()
    found = space.log_odds(products, queries, engine="faiss")
    assert_allclose(found, expected, rtol=0, atol=1e-9 * size)
    assert_array_equal(
        space.log_odds(products[:, 3], queries, engine="faiss"), found[:, 3]
    )


@every_model
def test_vectors_of_length_one(fitted, tables, scores_of, name):
    model, (queries, base) = fitted(name), tables
    expected = scores_of(name)
    for make in (to_cosine, to_l2):
        space = make(model, base, dtype="float64", margin=0.0)
        vectors, asked = space.transform_items(base), space.transform_queries(queries)
        if make is to_l2 and name in METRICS:
            continue
        for rows in (vectors, asked):
            assert_allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-12)
        values = asked @ vectors.T
        if make is to_l2:
            values = 2 - 2 * values
        found = space.log_odds(values, queries, engine="faiss")
        assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("name", METRICS)
def test_distances_of_vectors_are_the_scores(fitted, tables, scores_of, name):
    model, (queries, base) = fitted(name), tables
    space = to_l2(model, dtype="float64")
    gaps = space.transform_queries(queries)[:, None] - space.transform_items(base)
    found = space.log_odds((gaps**2).sum(axis=2), engine="faiss")
    expected = scores_of(name)
    assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_vectors_for_distances_are_the_learned_space(fitted, tables):
    model, (queries, _) = fitted("mahalanobis, rank 6"), tables
    assert_allclose(
        to_l2(model, dtype="float64").transform_items(queries),
        model.transform(queries.astype(np.float64)),
        rtol=1e-10,
    )


@pytest.mark.parametrize(
    ("name", "l2", "inner_product"),
    [
        ("mahalanobis", 27, 28),
        ("mahalanobis, rank 6", 6, 7),
        ("mahalanobis, indefinite", 29, 28),
        ("bilinear", 28, 27),
        ("bilinear, indefinite", 7, 6),
        ("quadratic", 29, 28),
        ("quadratic, rank 6", 14, 13),
        ("stack of metrics", 9, 10),
    ],
)
def test_no_more_dimensions_than_needed(fitted, tables, name, l2, inner_product):
    found = spaces(fitted(name), tables[1])
    assert found["l2"].n_dimensions == l2
    assert found["inner_product"].n_dimensions == inner_product
    assert found["cosine"].n_dimensions == inner_product + 1
    assert repr(found["cosine"]) == (
        f"IndexSpace('cosine', 27 features -> {inner_product + 1} dimensions, float32)"
    )


def test_recalibrated_frozen_and_searched_models(fitted, tables, spoken):
    model, (queries, base) = fitted("mahalanobis, rank 6"), tables
    speakers = load_spoken_digits().speaker
    pairs, y, _ = make_pairs(spoken, speakers, n_pairs=300, random_state=1)
    moved = recalibrate(model, pairs, y)
    space = to_l2(moved, dtype="float64")
    gaps = space.transform_queries(queries)[:, None] - space.transform_items(base)
    expected = all_scores(moved, queries, base)
    found = space.log_odds((gaps**2).sum(axis=2), engine="hnswlib")
    assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_sparse_items_and_pickles(fitted, tables):
    model, (queries, base) = fitted("quadratic"), tables
    space = pickle.loads(pickle.dumps(to_inner_product(model, base)))
    for transform in (space.transform_items, space.transform_queries):
        dense = transform(queries)
        assert dense.dtype == np.float32
        assert_array_equal(transform(sparse.csr_matrix(queries)), dense)
    products = np.zeros((N_QUERIES, 2))
    assert_array_equal(
        space.log_odds(products, sparse.csr_matrix(queries), engine="faiss"),
        space.log_odds(products, queries, engine="faiss"),
    )


def test_inputs_stay_as_they_are(fitted, tables):
    queries, base = (table.copy() for table in tables)
    for table in (queries, base):
        table.flags.writeable = False
    for name in ("mahalanobis", "bilinear", "quadratic"):
        for space in spaces(fitted(name), base).values():
            space.transform_items(base)
            space.transform_queries(queries)
    assert_array_equal(queries, tables[0])
    assert_array_equal(base, tables[1])


def test_items_far_from_the_origin_keep_their_order(fitted, tables):
    # In single precision, distances of some ten are lost between lengths of a million,
    # unless the mean of the items becomes the origin.
    model, (queries, base) = fitted("mahalanobis"), tables
    shift = np.float64(2e4)
    queries, base = queries.astype(np.float64) + shift, base.astype(np.float64) + shift
    space = to_inner_product(model, base)
    products = space.transform_queries(queries) @ space.transform_items(base).T
    rows = np.argsort(-products, axis=1, kind="stable")[:, :K]
    assert_same_neighbours(all_scores(model, queries, base), rows)


def test_a_model_that_says_the_same_of_all():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2, 3)), np.arange(40) % 2
    model = SymmetricPairClassifier(alpha=1e6).fit(X, y)
    score = model._score
    nothing = np.zeros((0, 3))
    model._score = type(score)(score.form, -1.5, None, (nothing,), (np.zeros(0),))
    for space in spaces(model, X[:, 0]).values():
        assert space.n_dimensions >= 1
        assert space.transform_items(X[:, 0]).shape == (40, space.n_dimensions)
        found = space.log_odds(np.zeros(40), X[:, 0], engine="faiss")
        assert_array_equal(found, -1.5)


# ----------------------------------------------------------------------------- engines


@every_model
def test_scikit_learn(fitted, tables, scores_of, name):
    model, (queries, base) = fitted(name), tables
    scores = scores_of(name)
    for metric in ("l2", "cosine"):
        space = spaces(model, base)[metric]
        index = NearestNeighbors(n_neighbors=K, algorithm="brute", metric=metric)
        index.fit(space.transform_items(base))
        values, rows = index.kneighbors(space.transform_queries(queries))
        assert_same_neighbours(scores, rows)
        assert_log_odds(space, values, queries, scores, rows, "sklearn")


@pytest.mark.parametrize("name", ["mahalanobis", "bilinear", "quadratic"])
def test_neighbours_are_those_of_top_k(fitted, tables, name):
    model, (queries, base) = fitted(name), tables
    base = np.delete(base, np.s_[50:60], axis=0)  # none twice: the order is one
    _, expected = model.top_k(queries, base, K)
    space = to_l2(model, base, dtype="float64")
    index = NearestNeighbors(n_neighbors=K).fit(space.transform_items(base))
    rows = index.kneighbors(space.transform_queries(queries), return_distance=False)
    assert_array_equal(rows, expected)


@every_model
def test_faiss(fitted, tables, scores_of, name):
    faiss = pytest.importorskip("faiss", reason=WITHOUT.format("faiss-cpu"))
    model, (queries, base) = fitted(name), tables
    scores = scores_of(name)
    for metric, space in spaces(model, base).items():
        kind = faiss.IndexFlatL2 if metric == "l2" else faiss.IndexFlatIP
        index = kind(space.n_dimensions)
        index.add(space.transform_items(base))
        values, rows = index.search(space.transform_queries(queries), K)
        assert_same_neighbours(scores, rows)
        assert_log_odds(space, values, queries, scores, rows, "faiss")


@every_model
def test_hnswlib(fitted, tables, scores_of, name):
    hnswlib = pytest.importorskip("hnswlib", reason=WITHOUT.format("hnswlib"))
    model, (queries, base) = fitted(name), tables
    scores = scores_of(name)
    short = {"l2": "l2", "inner_product": "ip", "cosine": "cosine"}
    for metric, space in spaces(model, base).items():
        index = hnswlib.BFIndex(short[metric], space.n_dimensions)
        index.init_index(N_BASE)
        index.add_items(space.transform_items(base))
        rows, values = index.knn_query(
            space.transform_queries(queries), K, num_threads=1
        )
        rows = rows.astype(np.intp)
        assert_same_neighbours(scores, rows)
        assert_log_odds(space, values, queries, scores, rows, "hnswlib")


@pytest.mark.parametrize("name", [*METRICS, "bilinear, indefinite", "quadratic"])
def test_graph_of_hnswlib(fitted, tables, scores_of, name):
    hnswlib = pytest.importorskip("hnswlib", reason=WITHOUT.format("hnswlib"))
    model, (queries, base) = fitted(name), tables
    scores = scores_of(name)
    space = to_l2(model, base)
    index = hnswlib.Index("l2", space.n_dimensions)
    index.init_index(N_BASE, M=16, ef_construction=100, random_seed=0)
    index.add_items(space.transform_items(base), num_threads=1)
    index.set_ef(50)
    rows, values = index.knn_query(space.transform_queries(queries), K, num_threads=1)
    rows = rows.astype(np.intp)
    assert_log_odds(space, values, queries, scores, rows, "hnswlib")
    # The graph is a search that may miss some.
    threshold = -np.sort(-scores, axis=1)[:, K - 1, None]
    found = np.take_along_axis(scores, rows, axis=1)
    assert (found >= threshold - 1e-5 * np.abs(scores).max()).mean() >= 0.98


@pytest.fixture(scope="module")
def server():
    try:
        with running_server() as started:
            yield started
    except NoServerError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["mahalanobis", "bilinear, indefinite", "quadratic"])
def test_pgvector(server, fitted, tables, scores_of, name):
    model, (queries, base) = fitted(name), tables
    scores = scores_of(name)
    operators = {"l2": "<->", "inner_product": "<#>", "cosine": "<=>"}
    for metric, space in spaces(model, base).items():
        server.query("DROP TABLE IF EXISTS items, queries;")
        server.load("items", space.transform_items(base))
        server.load("queries", space.transform_queries(queries))
        values, rows = server.nearest("items", "queries", operators[metric], K)
        assert_same_neighbours(scores, rows)
        assert_log_odds(space, values, queries, scores, rows, "pgvector")


# ------------------------------------------------------------------------------ errors


def test_later_items_may_be_longer_by_the_margin(fitted, tables):
    model, (_, base) = fitted("bilinear"), tables
    lengths = np.linalg.norm(model.transform(base.astype(np.float64)), axis=1)
    longest = base[[lengths.argmax()]].astype(np.float64)
    space = to_cosine(model, base, margin=0.5)
    assert space.transform_items(1.49 * longest).shape == (1, space.n_dimensions)
    assert space.transform_queries(3 * longest).shape == (1, space.n_dimensions)
    tight = to_cosine(model, base, margin=0.0)
    alone = np.concatenate([tight.transform_items(row[None]) for row in base])
    assert_allclose(alone, tight.transform_items(base), atol=1e-4)
    with pytest.raises(ValueError, match=r"1 item.* first is row 1.* factor of 1.067"):
        space.transform_items(np.concatenate([longest, 1.6 * longest]))


def test_bad_requests(fitted, tables):
    model, (queries, base) = fitted("quadratic"), tables
    with pytest.raises(ValueError, match="X is needed for to_l2 of this form"):
        to_l2(model)
    with pytest.raises(ValueError, match="X is needed for to_cosine"):
        to_cosine(model, None)
    with pytest.raises(ValueError, match="margin must be a float >= 0, got -1"):
        to_cosine(model, base, margin=-1)
    with pytest.raises(ValueError, match="dtype must be one of 'float32', 'float64'"):
        to_l2(model, base, dtype="float16")
    with pytest.raises(ValueError, match="X has 3 features, but"):
        to_l2(model, base[:, :3])
    space = to_inner_product(model)
    products = np.zeros((N_QUERIES, 3))
    with pytest.raises(ValueError, match="X has 3 features, but IndexSpace"):
        space.transform_items(base[:, :3])
    with pytest.raises(ValueError, match="X contains 1 NaN"):
        space.transform_items(np.where(np.eye(27) * (base[:27] == base[0]), np.nan, 1))
    with pytest.raises(ValueError, match="X_query is needed"):
        space.log_odds(products, engine="faiss")
    with pytest.raises(ValueError, match="values has 40 rows, but X_query has 39"):
        space.log_odds(products, queries[1:], engine="faiss")
    with pytest.raises(ValueError, match="values must be the numbers that the index"):
        space.log_odds(products[None], queries, engine="faiss")
    with pytest.raises(ValueError, match="engine must be one of 'faiss', 'hnswlib'"):
        space.log_odds(products, queries, engine="annoy")
    with pytest.raises(ValueError, match="'sklearn' has no index for 'inner_product'"):
        space.log_odds(products, queries, engine="sklearn")


def test_vectors_that_overflow(fitted, tables):
    space = to_inner_product(fitted("quadratic"))
    with pytest.raises(ValueError, match="the vectors made of the items contains"):
        space.transform_items(tables[1].astype(np.float64) * 1e30)


def test_models_without_vectors(spoken):
    pairs, y, _ = make_pairs(
        spoken, load_spoken_digits().speaker, n_pairs=100, random_state=0
    )
    with pytest.raises(TypeError, match="KernelPairClassifier cannot be exported"):
        to_inner_product(KernelPairClassifier().fit(pairs, y))
    stack = StackedPairClassifier([("a", SymmetricPairClassifier(tol=1.0))], [0.0])
    with pytest.raises(TypeError, match=r"Stacked.* weights are all zero: only"):
        to_inner_product(stack.fit(pairs, y))
