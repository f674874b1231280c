# SPDX-License-Identifier: BSD-3-Clause
"""What one types first: it works, or one line says what to type instead."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    LabelOrderWarning,
    Pairs,
    SymmetricPairClassifier,
    SymmetricPairClassifierCV,
    calibrate_threshold,
    deduplicate,
    link,
    make_pairs,
    pair_report,
)
from sksymsim._evaluation.baselines import cosine_and_euclid
from sksymsim._labels.order import MOST_OF_WORDS, _area, looks_backwards

WRAP = r"takes pairs as one argument; wrap the two sides: Pairs\(X_a, X_b\)\."


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)
    left = rng.normal(size=(80, 4))
    similar = np.arange(80) % 2 == 1
    gap = rng.normal(size=(80, 4)) * np.where(similar, 0.2, 1.5)[:, None]
    return left, left + gap, similar


@pytest.fixture(scope="module")
def model(sides):
    left, right, similar = sides
    return SymmetricPairClassifier(alpha=0.1).fit((left, right), similar)


# ------------------------------------------------------------ two sides, two arguments


@pytest.mark.parametrize(
    "name",
    [
        "decision_function",
        "predict",
        "predict_proba",
        "predict_log_proba",
        "pair_score",
        "pair_distance",
    ],
)
def test_two_arguments_of_a_method(model, sides, name):
    left, right, _ = sides
    method = getattr(model, name)
    with pytest.raises(TypeError, match=rf"^{name}\(\) {WRAP}"):
        method(left, right)
    # By name and by place it is the same method as before.
    np.testing.assert_array_equal(method(X=(left, right)), method((left, right)))
    with pytest.raises(TypeError, match="unexpected keyword argument 'X_b'"):
        method(left, X_b=right)


@pytest.mark.parametrize(
    "other", [SymmetricPairClassifierCV(), KernelPairClassifier()], ids=repr
)
def test_two_arguments_of_other_models(other, sides):
    with pytest.raises(TypeError, match=WRAP):
        other.predict_proba(*sides[:2])
    with pytest.raises(ValueError, match=r"wrap the two sides: Pairs\(X_a, X_b\)"):
        other.fit(*sides)


@pytest.mark.parametrize("function", [pair_report, calibrate_threshold])
def test_two_arguments_of_a_function(function, model, sides):
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) {WRAP}"):
        function(model, *sides)


# -------------------------------------------------------------------- other containers


def test_one_pair_of_vectors(model, sides):
    left, right, _ = sides
    one = model.predict_proba(Pairs([left[0]], [right[0]]))
    np.testing.assert_array_equal(one, model.predict_proba(Pairs(left[:1], right[:1])))
    text = r"left must be 2-D .* got 1-D with shape \(4,\); one pair is Pairs\(\[a\],"
    for wrong in ((left[0], right[0]), (left[0], right)):
        with pytest.raises(ValueError, match=text):
            model.predict(wrong)
    with pytest.raises(TypeError, match=r"one pair is Pairs\(\[a\], \[b\]\)"):
        model.predict([left[0], right[0]])


@pytest.mark.parametrize("kind", [np.asarray, list, tuple])
def test_columns_of_vectors(model, sides, kind):
    pd = pytest.importorskip("pandas")
    left, right, _ = sides
    table = pd.DataFrame({"a": [kind(x) for x in left], "b": [kind(x) for x in right]})
    expected = model.decision_function((left, right))
    pairs = Pairs(table["a"], table["b"])
    assert pairs.dtype == np.float64
    np.testing.assert_array_equal(model.decision_function(pairs), expected)
    of_items = Pairs.from_index(table["a"], np.stack([np.arange(80), np.arange(80)], 1))
    np.testing.assert_array_equal(of_items.right, left)
    np.testing.assert_array_equal(model.transform(table["a"]), model.transform(left))
    with pytest.raises(TypeError, match=r"not be given as a DataFrame.*Pairs\(table\["):
        model.predict(table)


def test_columns_of_vectors_of_polars(sides):
    pl = pytest.importorskip("polars")
    left, right, _ = sides
    table = pl.DataFrame({"a": left.tolist(), "b": right.tolist()})
    np.testing.assert_array_equal(Pairs(table["a"], table["b"]).right, right)


def test_vectors_of_two_lengths(sides):
    left = np.empty(2, dtype=object)
    left[:] = [np.ones(3), np.ones(2)]
    text = r"the vectors of left must be 1-D and of one length, got shapes \[\(2,\), \("
    with pytest.raises(ValueError, match=text):
        Pairs(left, left)
    left[:] = [None, np.ones(2)]
    with pytest.raises(TypeError, match="left must hold numbers, got dtype object"):
        Pairs(left, left)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_with_more_than_numbers(model, sides, library):
    frames = pytest.importorskip(library)
    vectors = sides[0].tolist()
    ids = [str(i) for i in range(80)]
    table = frames.DataFrame({"id": ids, "vector": vectors, "price": range(80)})
    text = r"X_a must hold numbers, .* hold none: 'id', 'vector'\. .* X_a\['\.\.\.'\]"
    with pytest.raises(TypeError, match=text):
        link(table, table, model)
    found = link(table["vector"], table["vector"], model)
    expected = link(sides[0], sides[0], model)
    np.testing.assert_array_equal(found.links, expected.links)
    assert repr(found) == (
        f"CatalogueLinks({len(found.links)} links of 80 rows, {len(found.pairs)} "
        "candidates)"
    )
    groups = deduplicate(table["vector"], model)
    assert repr(groups) == (
        f"Deduplication(80 items in {groups.n_groups} groups, {len(groups.pairs)} "
        "candidates)"
    )


def test_texts():
    with pytest.raises(
        TypeError, match=r"left must hold numbers, .* by a model of texts"
    ):
        Pairs(["red shoe", "coat"], ["shoe in red", "trousers"])


def test_things_in_another_order(model, sides):
    with pytest.raises(TypeError, match=r"X_a must hold numbers, got SymmetricPairCla"):
        link(model, *sides[:2])
    rows = np.arange(80), np.arange(80)
    with pytest.raises(ValueError, match=r"got \(2, 80\): .*; numpy.transpose makes"):
        Pairs.from_index(sides[0], rows)
    index = np.transpose(rows)
    assert len(Pairs.from_index(sides[0], index)) == 80
    stacked = np.stack(sides[:2])
    with pytest.raises(ValueError, match=r"not 80; Pairs\(\*X\) makes pairs of this"):
        model.predict(stacked)
    assert len(model.predict(Pairs(*stacked))) == 80


def test_a_transformer_of_items_before_pairs(sides):
    text = r"not Pairs; wrap it: SharedTransformer\(EmbeddingNormalizer\(\)\)"
    with pytest.raises(TypeError, match=text):
        EmbeddingNormalizer().fit(Pairs(*sides[:2]))


# --------------------------------------------------------------- words and the alphabet


def fit_words(sides, similar_word, other_word):
    left, right, similar = sides
    labels = np.where(similar, similar_word, other_word)
    return SymmetricPairClassifier(alpha=0.1).fit((left, right), labels)


@pytest.mark.parametrize(
    ("similar_word", "other_word"),
    [("match", "no match"), ("duplicate", "unique"), ("genuine", "impostor")],
)
def test_words_that_the_alphabet_has_swapped(sides, similar_word, other_word):
    text = (
        rf"'{other_word}' counts as similar because it comes after '{similar_word}' .* "
        rf"If '{similar_word}' means similar, pass y == '{similar_word}'"
    )
    with pytest.warns(LabelOrderWarning, match=text) as caught:
        fit_words(sides, similar_word, other_word)
    assert [one.filename for one in caught] == [__file__]


def test_a_search_doubts_words_once(sides):
    left, right, similar = sides
    search = SymmetricPairClassifierCV(
        whitenings=[None], forms=["mahalanobis"], priors=["identity"], cv=2
    )
    with pytest.warns(LabelOrderWarning) as caught:
        search.fit(Pairs(left, right), np.where(similar, "match", "no match"))
    assert [one.filename for one in caught] == [__file__]


def test_words_in_order_and_truth_values_are_not_doubted(sides):
    left, right, similar = sides
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_words(sides, "yes", "no")
        fit_words(sides, "similar", "dissimilar")
        # What is true is nobody's accident.
        SymmetricPairClassifier(alpha=0.1).fit((left, right), ~similar)
        # What the warning says to do.
        SymmetricPairClassifier(alpha=0.1).fit((left, right), similar)


def test_words_by_chance(sides):
    """Labels that mean nothing are hardly ever doubted."""
    pairs, words = Pairs(*sides[:2]), np.array(["a", "b"])
    rng = np.random.default_rng(0)
    doubts = [
        looks_backwards(pairs, rng.permutation(sides[2]), words) for _ in range(80)
    ]
    assert sum(doubts) <= 1


def test_both_measures_have_to_doubt_words(sides):
    """Cosine alone knows nothing of items that differ in length."""
    left, _, similar = sides
    length = np.where(similar, 1.001, 3.0)[:, None]
    turned = left[:, ::-1] * 1e-3
    pairs = Pairs(left, np.where(similar[:, None], left + turned, left * length))
    assert not looks_backwards(pairs, similar, np.array(["a", "b"]))
    assert looks_backwards(pairs, ~similar, np.array(["a", "b"])) is False


@pytest.mark.parametrize("form", ["sparse", "index", "huge"])
def test_words_of_other_pairs(sides, form):
    from scipy import sparse

    left, right, similar = sides
    words = np.array(["match", "no match"])
    if form == "sparse":
        pairs = Pairs(sparse.csr_matrix(left), sparse.csr_matrix(right))
    elif form == "index":
        pairs = Pairs(left, right).to_index()
    else:
        # Their squares overflow, and nothing is said.
        pairs = Pairs(left * 1e200, right * 1e200)
    assert looks_backwards(pairs, ~similar, words) is (form != "huge")
    assert not looks_backwards(pairs, similar, words)


def test_many_pairs_are_not_all_looked_at(sides):
    left, right, similar = sides
    rows = np.tile(np.arange(80), 10 * MOST_OF_WORDS)

    class Counted(Pairs):
        def __getitem__(self, key):
            assert len(key) <= 2 * MOST_OF_WORDS
            return super().__getitem__(key)

    many = Counted._from_parts((left, right), np.column_stack([rows, rows]))
    assert looks_backwards(many, ~similar[rows], np.array(["match", "no match"]))


# ------------------------------------------------------------ numbers, as of distances


@pytest.fixture(scope="module")
def drawn():
    """Pairs of items of classes that cosine and Euclid tell, and their labels."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(10), 20)
    items = rng.normal(size=(10, 8))[label] + 0.7 * rng.normal(size=(200, 8))
    pairs, y, _ = make_pairs(items, label, n_pairs=300, random_state=0)
    return items, label, pairs, y


@pytest.mark.parametrize("labels", [(0, 1), (-1, 1), (1.0, 2.0)])
def test_numbers_that_mean_the_opposite(drawn, labels):
    _, _, pairs, y = drawn
    low, high = labels
    text = (
        rf"are numbers, and {high} counts as similar .* no nearer than the same items "
        rf"paired anew\. If {low} means similar, pass y == {low}; otherwise y == {high}"
    )
    with pytest.warns(LabelOrderWarning, match=text) as caught:
        SymmetricPairClassifier(alpha=0.1).fit(pairs, np.where(y == 1, low, high))
    assert [one.filename for one in caught] == [__file__]
    # Warnings are errors: the right way round, and what the text says to do.
    SymmetricPairClassifier(alpha=0.1).fit(pairs, np.where(y == 1, high, low))
    SymmetricPairClassifier(alpha=0.1).fit(pairs, np.where(y == 1, low, high) == low)
    SymmetricPairClassifier(alpha=0.1).fit(pairs, np.where(y == 1, low, high) == high)


def test_near_dissimilar_pairs_do_not_make_numbers_doubtful(drawn):
    """Hard negatives are nearer than similar pairs, and the labels are right."""
    items, label, _, _ = drawn
    noisy = items + np.random.default_rng(1).normal(size=items.shape)
    pairs, y, _ = make_pairs(
        noisy, label, n_pairs=300, hard_negatives=1.0, random_state=0
    )
    cosine, euclid = cosine_and_euclid(pairs)
    assert max(roc_auc_score(y, cosine), roc_auc_score(y, euclid)) < 0.3
    assert not looks_backwards(pairs, y == 1, np.array([0, 1]))
    # Of words it is said all the same.
    assert looks_backwards(pairs, y == 1, np.array(["a", "b"]))


@pytest.mark.parametrize("side", ["left", "right", "either"])
def test_pairs_with_one_item_are_not_doubtful(drawn, side):
    """Whatever is similar to it: here what is far away."""
    items, *_ = drawn
    index = np.column_stack([np.arange(1, 200), np.zeros(199, dtype=int)])
    swapped = {"left": slice(None), "right": slice(0), "either": slice(0, None, 2)}
    index[swapped[side]] = index[swapped[side], ::-1]
    pairs = Pairs.from_index(items, index)
    cosine, euclid = cosine_and_euclid(pairs)
    similar = (cosine < np.median(cosine)) & (euclid < np.median(euclid))
    assert max(roc_auc_score(similar, one) for one in (cosine, euclid)) < 0.2
    assert not looks_backwards(pairs, similar, np.array([0, 1]))


@pytest.mark.parametrize("n_pairs", [16, 40, 300])
def test_numbers_by_chance(drawn, n_pairs):
    items, label, _, _ = drawn
    rng = np.random.default_rng(1)
    for seed in range(40):
        pairs, y, _ = make_pairs(items, label, n_pairs=n_pairs, random_state=seed)
        similar, numbers = y == 1, np.array([0, 1])
        assert not looks_backwards(pairs, similar, numbers)
        assert not looks_backwards(pairs, rng.permutation(similar), numbers)


@pytest.mark.parametrize("form", ["sparse", "arrays", "huge", "few", "others"])
def test_numbers_of_other_pairs(drawn, form):
    from scipy import sparse

    _, _, pairs, y = drawn
    left, right, similar = pairs.left, pairs.right, y == 1
    numbers = np.array([0, 1])
    if form == "sparse":
        pairs = Pairs(sparse.csr_matrix(left), sparse.csr_matrix(right))
    elif form == "arrays":
        pairs = Pairs(left, right)
    elif form == "huge":
        # Their squares overflow, and nothing is said.
        pairs = Pairs(left * 1e200, right * 1e200)
    elif form == "few":
        # Six standard errors are more than one half.
        pairs, similar = pairs[:12], similar[:12]
    else:
        numbers = np.array([None, 1], dtype=object)
    doubted = form in ("sparse", "arrays")
    assert looks_backwards(pairs, ~similar, numbers) is doubted
    assert not looks_backwards(pairs, similar, numbers)


def test_areas_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    near, apart = rng.integers(0, 9, 40), rng.integers(2, 11, 30)
    truth = np.repeat([1, 0], [40, 30])
    want = roc_auc_score(truth, np.concatenate([near, apart]))
    assert _area(near, apart) == pytest.approx(want, rel=1e-12)
