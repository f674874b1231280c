# SPDX-License-Identifier: BSD-3-Clause
"""What could not be held is refused at once, and says what to do instead."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from sksymsim import (
    EmbeddingNormalizer,
    KernelPairClassifier,
    PairClusterer,
    PairGroupKFold,
    Pairs,
    PairShuffleSplit,
    ScoreDistributionDisplay,
    SymmetricFeatures,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    TransitivityDisplay,
    calibrate_group_threshold,
    check_axioms,
    deduplicate,
    expected_calibration_error,
    link,
    make_pairs,
    pair_gram_operator,
    pair_kernel,
    pair_report,
)
from sksymsim._validation import memory
from sksymsim._validation.memory import check_memory, machine_bytes

MANY = 1_000_000
RNG = np.random.default_rng(0)
LABELS = np.arange(40) % 2
MODEL = SymmetricPairClassifier(alpha=0.1).fit(RNG.normal(size=(40, 2, 2)), LABELS)


def rows(n_rows, n_features=2):
    """Return so many rows that take no memory."""
    return np.broadcast_to(np.float64(1), (n_rows, n_features))


def pairs(n_pairs, n_features=2):
    return Pairs(rows(n_pairs, n_features), rows(n_pairs, n_features))


def distinct():
    """Return 50,000 items of which none is there twice."""
    return np.arange(100_000.0).reshape(-1, 2)


def index_pairs(n_pairs):
    return Pairs.from_index(rows(2), np.zeros((n_pairs, 2), dtype=np.int8))


WIDE = 50_000
TOO_LARGE = {
    "cross_scores": (
        lambda: MODEL.cross_scores(rows(MANY), rows(MANY)),
        r"the scores of 1000000 times 1000000 items take 8 TB, .* or take top_k",
    ),
    "top_k": (
        lambda: MODEL.top_k(rows(MANY), rows(MANY), MANY),
        r"the 1000000 best of each of 1000000 queries take 12 TB, .*: lower k",
    ),
    "pair_kernel": (
        lambda: pair_kernel(index_pairs(MANY)),
        r"the kernels of 1000000 with 1000000 pairs take 8 TB.* pair_gram_operator",
    ),
    "outer": (
        lambda: SymmetricFeatures(["outer"]).fit_transform(pairs(40, WIDE)),
        r"the features of 40 pairs take 400 GB.* leave out 'outer'",
    ),
    "names of outer": (
        lambda: (
            SymmetricFeatures(["outer"]).fit(pairs(40, WIDE)).get_feature_names_out()
        ),
        r"the names of 1250025000 features take 80 GB.* leave out 'outer'",
    ),
    "make_pairs": (
        lambda: make_pairs(rows(4), [0, 0, 1, 1], n_pairs=10**12),
        r"1000000000000 pairs take 40 TB.*: ask for a smaller n_pairs",
    ),
    "array": (
        lambda: np.asarray(pairs(MANY * MANY)),
        r"1000000000000 pairs as an array take 32 TB",
    ),
    "whitening": (
        lambda: EmbeddingNormalizer(whiten=0.5).fit(rows(3, MANY)),
        r"the covariance of 1000000 features .* take 24 TB.* TruncatedSVD",
    ),
    "network": (
        lambda: SymmetricMLPClassifier((10**10,), early_stopping=False).fit(
            pairs(40), LABELS
        ),
        r"weights of this network and their training take .*: choose narrower layers",
    ),
    "bins": (
        lambda: expected_calibration_error([0, 1], [0.1, 0.9], n_bins=10**13),
        r"10000000000000 bins take 80 TB.*: lower n_bins",
    ),
    "bins of a picture": (
        lambda: ScoreDistributionDisplay.from_predictions(
            [0, 1], [0.1, 0.9], n_bins=10**13
        ),
        r"10000000000000 bins take 80 TB.*: lower n_bins",
    ),
    "thresholds": (
        lambda: calibrate_group_threshold(
            PairClusterer(),
            index_pairs(4),
            [0, 1],
            log_odds=[0.0] * 4,
            n_thresholds=10**13,
        ),
        r"10000000000000 thresholds take 80 TB.*: lower n_thresholds",
    ),
    "thresholds of a picture": (
        lambda: TransitivityDisplay.from_predictions(np.eye(3), n_thresholds=10**13),
        r"10000000000000 thresholds take 80 TB.*: lower n_thresholds",
    ),
    "items of a picture": (
        lambda: TransitivityDisplay.from_estimator(MODEL, distinct(), max_items=MANY),
        r"50000 items with each other take 20 GB.*: lower max_items",
    ),
    "axioms": (
        lambda: check_axioms(MODEL, distinct(), max_pairs=10**13),
        r"the scores of 50000 times 50000 items take 20 GB.*: lower max_pairs",
    ),
    "draws": (
        lambda: check_axioms(MODEL, distinct(), n_draws=10**12),
        r"1000000000000 draws take 24 TB.*: lower n_draws",
    ),
    "neighbours": (
        lambda: deduplicate(distinct(), MODEL, n_neighbors=MANY),
        r"50000 neighbours of each of 50000 items take 40 GB.*: lower n_neighbors",
    ),
    "neighbours in another table": (
        lambda: link(
            distinct(),
            distinct(),
            MODEL,
            n_neighbors=40_000,
            candidate_pairs="euclidean",
        ),
        r"40000 neighbours of each of 50000 items take 32 GB.*: lower n_neighbors",
    ),
    "others": (
        lambda: deduplicate(distinct(), MODEL, n_random=10**12),
        r"1000000000000 others for each of 50000 items take .*: lower n_random",
    ),
    "Gram of pairs": (
        lambda: KernelPairClassifier(n_landmarks=None, prior=None).fit(
            Pairs(distinct(), distinct() + 0.5), np.arange(50_000) % 2
        ),
        r"the kernels of 50000 with 50000 pairs take 20 GB.* set n_landmarks",
    ),
    "Gram of items": (
        lambda: KernelPairClassifier(n_landmarks=None, prior=None).fit(
            Pairs.from_index(distinct(), np.arange(102_000).reshape(-1, 2) % 50_000),
            np.arange(51_000) % 2,
        ),
        r"the kernels of 50000 with 50000 items take 20 GB.* set n_landmarks",
    ),
    "landmarks": (
        lambda: KernelPairClassifier(n_landmarks=49_999, prior=None).fit(
            pairs(50_000), np.arange(50_000) % 2
        ),
        r"the kernels of 50000 with 49999 pairs take 20 GB.* or lower it",
    ),
    "splits": (
        lambda: next(PairShuffleSplit(10**12).split(pairs(40), LABELS)),
        r"1000000000000 splits of 40 pairs take 80 TB.*: lower n_splits",
    ),
    "replicates": (
        lambda: pair_report(MODEL, pairs(40), LABELS, n_bootstrap=10**12),
        r"1000000000000 replicates take 64 TB.*: lower n_bootstrap",
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large_for_this_machine(name, monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 16 * 10**9)
    call, text = TOO_LARGE[name]
    with pytest.raises(MemoryError, match=text) as caught:
        call()
    assert "and this machine has 16 GB" in str(caught.value)


def test_matrices_of_many_features():
    for form in ("mahalanobis", "bilinear", "quadratic"):
        with pytest.raises(ValueError, match=r"X has 100000 features; forms .* 4096"):
            SymmetricPairClassifier(form).fit(pairs(40, 100_000), LABELS)


def test_scores_of_wide_towers(monkeypatch):
    """Each item goes through its tower once: so all are held at a time."""
    network = SymmetricMLPClassifier((50,), early_stopping=False, max_iter=1)
    few = Pairs.from_index(RNG.normal(size=(10, 2)), RNG.integers(10, size=(40, 2)))
    with pytest.warns(ConvergenceWarning):
        network.fit(few, LABELS)
    monkeypatch.setattr(memory, "machine_bytes", lambda: 3999)
    text = r"the last layers of the towers of 10 items take 4 kB.*fewer items at a time"
    with pytest.raises(MemoryError, match=text):
        network.decision_function(few)


def test_numbers_beyond_what_there_is():
    """They are compared with the pairs before anything of that size is made."""
    with pytest.raises(ValueError, match=r"n_splits=1000000000000 .* 40 pairs have 80"):
        next(PairGroupKFold(10**12).split(pairs(40), LABELS))
    with pytest.raises(ValueError, match="no similar pairs inside a group"):
        make_pairs(rows(40), LABELS, n_groups=10**12)
    with pytest.raises(ValueError, match=r"prior must have shape \(2, 2\)"):
        SymmetricPairClassifier(prior=rows(MANY, MANY)).fit(pairs(40), LABELS)


def test_a_million_pairs_have_a_gram_operator():
    """It costs what the items do."""
    product = pair_gram_operator(index_pairs(MANY), kernel="linear") @ np.ones(MANY)
    np.testing.assert_allclose(product, 4e6)


def test_what_fits_is_not_refused(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1000)
    check_memory(1000, "things", "have less")
    with pytest.raises(
        MemoryError, match=r"things take 1 kB, .* has 1 kB: have less\."
    ):
        check_memory(1001, "things", "have less")


def test_a_system_that_does_not_say(monkeypatch):
    assert 2**26 < machine_bytes() < 2**60
    monkeypatch.setattr(
        memory.os, "sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else -1
    )
    assert machine_bytes() == float("inf")
    monkeypatch.delattr(memory.os, "sysconf")
    assert machine_bytes() == float("inf")
    check_memory(10**30, "things", "have less")
