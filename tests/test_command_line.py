# SPDX-License-Identifier: BSD-3-Clause
"""The commands do what the library does, and write files whole or not at all."""

import csv
import importlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import warnings
from doctest import DocTestParser, DocTestRunner
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score

from sksymsim import (
    EmbeddingNormalizer,
    PairClusterer,
    Pairs,
    SymmetricMLPClassifier,
    SymmetricPairClassifier,
    deduplicate,
    link,
    load_model,
    model_card,
    pair_report,
    save_model,
)
from sksymsim import __main__ as entry
from sksymsim._classifier_options import PARAMETERS
from sksymsim._commands.options import FORMS, PRIORS, delimiter

ROOT = Path(__file__).parents[1]
N_ITEMS, N_FEATURES = 60, 5


def written(path, rows):
    """Write rows as CSV and return the path as a string."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return str(path)


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Files of items and pairs, what is in them, and a model of them."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(5)
    kinds = rng.integers(6, size=N_ITEMS)
    items = rng.normal(size=(6, N_FEATURES))[kinds] * 2
    items = (items + rng.normal(size=items.shape)).astype(np.float32)
    index = rng.integers(N_ITEMS, size=(300, 2))
    index = index[index[:, 0] != index[:, 1]]
    y = (kinds[index[:, 0]] == kinds[index[:, 1]]).astype(int)
    ids = [f"{row:03d}" for row in range(N_ITEMS)]
    np.save(folder / "items.npy", items)
    np.savez(folder / "items.npz", items=items, ids=np.array(ids))
    rows = [[i, j, label] for (i, j), label in zip(index.tolist(), y, strict=True)]
    written(folder / "pairs.csv", [["left", "right", "label"], *rows])
    named = [[ids[i], ids[j], label] for i, j, label in rows]
    written(folder / "named.csv", [["left", "right", "label"], *named])
    model = SymmetricPairClassifier(random_state=0).fit(
        Pairs.from_index(items, index), y
    )
    save_model(model, folder / "model.sksym")
    world = type("World", (), {})()
    world.items, world.index, world.y, world.ids = items, index, y, ids
    world.folder, world.model = folder, model
    return world


@pytest.fixture
def run(world, tmp_path, monkeypatch, capsys):
    """Run a command in a folder of its own; what it should succeed with is returned.

    FILES of the world are named by their names.
    """
    monkeypatch.chdir(tmp_path)
    for path in world.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())

    def run(command, code=0):
        assert entry.main(shlex.split(command)) == code, capsys.readouterr().err
        output = capsys.readouterr()
        return output.out if code == 0 else output.err

    return run


# ------------------------------------------------------------------------------ fitting


def test_fit_is_the_fit_of_the_library(run, world):
    """The same pairs give the same model, to the last bit; the card says of what."""
    text = run("fit --items items.npy --pairs pairs.csv --out new.sksym")
    model = load_model("new.sksym")
    pairs = Pairs.from_index(world.items, world.index)
    expected = world.model.decision_function(pairs)
    np.testing.assert_array_equal(model.decision_function(pairs), expected)
    card = model_card(model)
    assert card["scores"]["similar_rate"] == world.y.mean()
    assert card["notes"] == {"pairs": "pairs.csv"}
    lines = text.splitlines()
    n_used = len(np.unique(world.index))
    assert lines[0] == (
        f"pairs.csv: {len(world.y)} pairs, {world.y.sum()} of them similar, of "
        f"{n_used} items with {N_FEATURES} numbers each"
    )
    assert re.fullmatch(r"saved new\.sksym, \d+\.\d kB", lines[1])


def test_fit_takes_every_option(run, world):
    """Options reach the parameters of the same meaning."""
    run(
        "fit --items items.npz --pairs named.csv --out new.sksym --form bilinear "
        "--alpha 0.01 --prior covariance --rank 2 --whiten 0.5 --similar-rate 0.1 "
        "--random-state 3 --jobs 1"
    )
    model = load_model("new.sksym")
    normalizer, classifier = model[0].transformer_, model[1]
    assert normalizer.whiten == 0.5
    found = classifier.get_params()
    expected = {
        "form": "bilinear",
        "alpha": 0.01,
        "prior": "covariance",
        "n_components": 2,
        "similar_rate": 0.1,
        "random_state": 3,
        "n_jobs": None,
    }
    assert {name: found[name] for name in expected} == expected
    assert model_card(model)["scores"]["similar_rate"] == 0.1


def test_choices_are_those_of_the_classifier():
    """The parser may not import them, so it has copies."""
    assert set(FORMS) == set(PARAMETERS["form"][0].options)
    assert all(prior in PARAMETERS["prior"][0] for prior in PRIORS)


def test_normalize_is_without_whitening(run):
    run("fit --items items.npy --pairs pairs.csv --out new.sksym --normalize")
    assert load_model("new.sksym")[0].transformer_.whiten == 0.0


@pytest.mark.parametrize("option", ["", "--normalize"])
def test_weights_and_validation(run, world, option):
    """A weight of zero leaves a pair out; validation is measured and nothing else."""
    weights = (np.arange(len(world.y)) % 3 > 0).astype(int)
    table = [*zip(*world.index.T.tolist(), world.y, weights, strict=True)]
    written("weighted.csv", [["a", "b", "label", "w"], *table])
    written("kept.csv", [["a", "b", "label"], *[row[:3] for row in table if row[3]]])
    common = f"fit --items items.npy {option} --validation pairs.csv"
    text = run(f"{common} --pairs weighted.csv --weight w --out one.sksym")
    run(f"{common} --pairs kept.csv --out other.sksym")
    pairs = Pairs.from_index(world.items, world.index)
    one, other = (load_model(f"{name}.sksym") for name in ("one", "other"))
    scores = other.decision_function(pairs)
    np.testing.assert_allclose(one.decision_function(pairs), scores, rtol=1e-5)
    rates = [model_card(m)["scores"]["similar_rate"] for m in (one, other)]
    assert rates[0] == pytest.approx(rates[1])
    auc = roc_auc_score(world.y, one.decision_function(pairs))
    assert f"pairs.csv: {len(world.y)} pairs" in text.splitlines()[1]
    assert text.splitlines()[1].endswith(f"AUC {auc:.4f}")
    assert model_card(one)["scores"]["validation_roc_auc"] == pytest.approx(auc)


def test_labels_in_words(run, world):
    """Which label is similar is what the command line says, not the alphabet."""
    words = ["same", "different"]
    rows = [
        [*pair, words[1 - label]]
        for pair, label in zip(world.index.tolist(), world.y, strict=True)
    ]
    written("words.csv", [["id1", "id2", "y"], *rows])
    run("fit --items items.npy --pairs words.csv --labels different same --out n.sksym")
    model = load_model("n.sksym")
    pairs = Pairs.from_index(world.items, world.index)
    expected = world.model.decision_function(pairs)
    np.testing.assert_array_equal(model.decision_function(pairs), expected)
    meaning = {"dissimilar": "different", "similar": "same"}
    assert model_card(model)["notes"]["labels"] == meaning
    assert model.classes_.tolist() == [0, 1]


def test_search_is_saved_and_told(run, world, monkeypatch):
    """The best of a search is what the file holds, on folds of the groups given."""
    import sksymsim._commands.fit as command

    class Small(command.SymmetricPairClassifierCV):
        seen = None

        def __init__(self, *, n_jobs=None, random_state=0, verbose=0):
            super().__init__(
                whitenings=[0.0],
                pca_components=(),
                forms=["mahalanobis"],
                priors=["identity"],
                alphas=[1e-2, 1e-4],
                cv=2,
                n_jobs=n_jobs,
                random_state=random_state,
                verbose=verbose,
            )

        def fit(self, X, y, sample_weight=None, groups=None):
            Small.seen = groups
            return super().fit(X, y, sample_weight, groups)

    monkeypatch.setattr(command, "SymmetricPairClassifierCV", Small)
    groups = [f"g{i % 20}" for i in range(N_ITEMS)]
    rows = [
        [i, j, label, groups[i], groups[j]]
        for (i, j), label in zip(world.index.tolist(), world.y, strict=True)
    ]
    written("grouped.csv", [["left", "right", "label", "g_a", "g_b"], *rows])
    text = run(
        "fit --items items.npy --pairs grouped.csv --search --groups g_a g_b "
        "--out new.sksym --progress"
    )
    assert Small.seen.tolist() == [row[3:] for row in rows]
    # Lines of progress go elsewhere.
    assert [line.split(":")[0] for line in text.splitlines()][:2] == [
        "grouped.csv",
        "chosen",
    ]
    p = load_model("new.sksym").predict_proba(Pairs.from_index(world.items, [[0, 1]]))
    assert p.shape == (1, 2)


# ------------------------------------------------------------------------------ scoring


@pytest.mark.parametrize("n_rows", [7, 2**16])
@pytest.mark.parametrize(
    "pairs", ["items.npy --pairs pairs", "items.npz --pairs named"]
)
def test_scores_are_those_of_the_library(run, world, monkeypatch, pairs, n_rows):
    """Ids as they stand; numbers to the last bit if one block holds all.

    A block of pairs may be scored another way than many more are, as fits its size, so
    the others are compared in double precision.
    """
    precision = np.float32 if n_rows > len(world.y) else np.float64
    table = world.items.astype(precision)
    np.save("items.npy", table)
    np.savez("items.npz", items=table, ids=np.array(world.ids))
    monkeypatch.setattr("sksymsim._tables.pairs.PAIRS_AT_ONCE", n_rows)
    command = f"score --model model.sksym --items {pairs}.csv --log-odds"
    header, *rows = rows_of(run(command))
    assert header == ["left", "right", "probability", "log_odds"]
    pairs_of_world = Pairs.from_index(table, world.index)
    ids = [[str(i), str(j)] for i, j in world.index]
    if "named" in pairs:
        ids = [[world.ids[i], world.ids[j]] for i, j in world.index]
    assert [row[:2] for row in rows] == ids
    numbers = np.array([row[2:] for row in rows]).astype(precision)
    log_odds = world.model.decision_function(pairs_of_world)
    rtol = 0 if precision == np.float32 else 1e-9
    np.testing.assert_allclose(numbers[:, 1], log_odds, rtol=rtol)
    probability = world.model.predict_proba(pairs_of_world)[:, 1]
    np.testing.assert_allclose(numbers[:, 0], probability, rtol=rtol)
    run(f"{command} --out scores.tsv")
    assert [
        line.split("\t") for line in Path("scores.tsv").read_text().splitlines()
    ] == [
        header,
        *rows,
    ]


def test_scores_of_two_tables(run, world):
    """The right side may come from another file; columns of one name get two."""
    np.save("items.npy", world.items.astype(float))
    np.save("others.npy", world.items[::-1].astype(float))
    rows = [[i, N_ITEMS - 1 - j] for i, j in world.index.tolist()]
    written("cross.csv", [["left", "probability"], *rows])
    header, *rows = rows_of(
        run(
            "score --model model.sksym --items items.npy --items-b others.npy "
            "--pairs cross.csv"
        )
    )
    assert header == ["left", "right", "probability"]
    pairs = Pairs.from_index(world.items.astype(float), world.index)
    found = np.array([row[2] for row in rows]).astype(float)
    expected = world.model.predict_proba(pairs)[:, 1]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_model_of_two_tables(run, world):
    """Learned, measured on and reported for two tables as for both in one.

    The ids of the two are the same, and mean different items.
    """
    half = N_ITEMS // 2
    across = np.flatnonzero((world.index[:, 0] < half) & (world.index[:, 1] >= half))
    np.save("ours.npy", world.items[:half])
    np.save("theirs.npy", world.items[half:])
    both = [[*world.index[k].tolist(), world.y[k]] for k in across]
    written("joint.csv", [["left", "right", "label"], *both])
    apart = [[i, j - half, label] for i, j, label in both]
    written("apart.csv", [["left", "right", "label"], *apart])
    printed = {}
    for name, items in {
        "joint": "--items items.npy",
        "apart": "--items ours.npy --items-b theirs.npy",
    }.items():
        given = f"{items} --pairs {name}.csv"
        printed[name] = run(
            f"fit {given} --validation {name}.csv --whiten 0.5 --out {name}.sksym"
        )
        printed[name] += run(f"report {given} --model {name}.sksym --bootstrap 10")
    pairs = Pairs.from_index(world.items, world.index)
    found, expected = (
        load_model(f"{name}.sksym").decision_function(pairs)
        for name in ("apart", "joint")
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    check_shown(
        printed["joint"].replace("joint", "apart"),
        printed["apart"],
    )
    error = run("fit --items ours.npy --pairs joint.csv --out no.sksym", 1)
    assert "ours.npy has no item" in error
    # Items of another model are refused before anything is computed.
    np.save("short.npy", world.items[:, 1:])
    for command in ("fit --out no.sksym", "report --model model.sksym"):
        options = "--items ours.npy --items-b short.npy --pairs apart.csv"
        assert "embed both with one model" in run(f"{command} {options}", 1)


@pytest.mark.parametrize("from_rate", [None, 0.4])
def test_another_rate_shifts_the_log_odds(run, world, from_rate):
    """By the theorem of Bayes, from what the card or the command line says."""
    command = "score --model model.sksym --items items.npy --pairs pairs.csv --rate .01"
    if from_rate is not None:
        command += f" --from-rate {from_rate}"
    _, *rows = rows_of(run(command))
    start = world.y.mean() if from_rate is None else from_rate
    pairs = Pairs.from_index(world.items, world.index)
    log_odds = world.model.decision_function(pairs) + logit(0.01) - logit(start)
    found = np.array([row[2] for row in rows]).astype(float)
    np.testing.assert_allclose(found, expit(log_odds), rtol=1e-5)


def test_rate_of_a_model_that_has_its_own(run, world):
    """`similar_rate` of the estimator is what its probabilities are for."""
    pairs = Pairs.from_index(world.items, world.index)
    model = SymmetricPairClassifier(similar_rate=0.2).fit(pairs, world.y)
    save_model(model, "own.sksym")
    command = "score --model own.sksym --items items.npy --pairs pairs.csv"
    assert run(command) == run(f"{command} --rate 0.2")


# -------------------------------------------------------------------------- neighbours


def brute_force(model, queries, base, k, own):
    """Return the k best rows of a base for each query, by scoring all pairs."""
    both = np.concatenate([queries, base])
    found = []
    for i in range(len(queries)):
        index = [[i, len(queries) + j] for j in range(len(base))]
        scores = model.decision_function(Pairs.from_index(both, index))
        order = np.argsort(-scores, kind="stable")
        found.append([j for j in order if not own or j != i][:k])
    return found


@pytest.mark.parametrize("kind", ["engine", "any model"])
@pytest.mark.parametrize("own", [True, False])
def test_neighbours_are_the_best_of_all(run, world, monkeypatch, kind, own):
    """With the engine of the classifier and without, in blocks of any size."""
    monkeypatch.setattr("sksymsim._commands.topk.QUERIES_AT_ONCE", 7)
    monkeypatch.setattr("sksymsim._commands.topk.PAIRS_AT_ONCE", 4 * N_ITEMS)
    model, path = world.model, "model.sksym"
    if kind != "engine":
        model, path = SymmetricMLPClassifier(max_iter=2, random_state=0), "mlp.sksym"
        with pytest.warns(ConvergenceWarning):
            model.fit(Pairs.from_index(world.items, world.index), world.y)
        save_model(model, path)
    # Double precision, so that rounding cannot change an order.
    base = world.items.astype(float)
    np.savez("items.npz", items=base, ids=np.array(world.ids))
    np.save("queries.npy", base[:9] + 0.1)
    queries = base if own else np.load("queries.npy")
    command = f"topk --model {path} --items items.npz -k 4"
    header, *rows = rows_of(
        run(command + (" --queries queries.npy" if not own else ""))
    )
    assert header == ["id", "neighbor", "rank", "log_odds"]
    expected = brute_force(model, queries, base, 4, own)
    assert [row[1] for row in rows] == [world.ids[j] for best in expected for j in best]
    names = world.ids if own else list(map(str, range(9)))
    assert [row[0] for row in rows] == [name for name in names for _ in range(4)]
    assert [row[2] for row in rows] == ["1", "2", "3", "4"] * len(names)
    pairs = Pairs(np.repeat(queries, 4, axis=0), base[np.ravel(expected)])
    found = np.array([row[3] for row in rows]).astype(float)
    np.testing.assert_allclose(found, model.decision_function(pairs), rtol=1e-9)


def test_of_equal_items_none_is_its_own_neighbour(run, world):
    """Also where more copies than neighbours come before it."""
    np.save("same.npy", np.repeat(world.items[:1], 6, axis=0))
    _, *rows = rows_of(run("topk --model model.sksym --items same.npy -k 2"))
    assert len(rows) == 12
    assert all(row[0] != row[1] for row in rows)


# ------------------------------------------------------------------- reports and groups


def test_report_is_that_of_the_library(run, world):
    """On standard output, and as a page."""
    text = run(
        "report --model model.sksym --items items.npy --pairs pairs.csv "
        "--bootstrap 20 --out report.html --no-pictures --title 'A & B' --rate 0.1"
    )
    expected = pair_report(
        world.model,
        Pairs.from_index(world.items, world.index),
        world.y,
        n_bootstrap=20,
        similar_rate=0.1,
        random_state=0,
    )
    assert text == f"{expected}\n"
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<title>A &amp; B</title>" in page


def test_report_over_groups(run, world):
    """Groups are the independent units."""
    rows = [
        [i, j, label, i % 7, j % 7]
        for (i, j), label in zip(world.index.tolist(), world.y, strict=True)
    ]
    written("grouped.csv", [["left", "right", "label", "g", "h"], *rows])
    text = run(
        "report --model model.sksym --items items.npy --pairs grouped.csv "
        "--bootstrap 10 --groups g h"
    )
    assert "over 7 independent items or groups" in text


def test_groups_are_those_of_the_library(run, world):
    header, *rows = rows_of(
        run("dedupe --model model.sksym --items items.npz --threshold 0.6")
    )
    assert header == ["id", "group", "confidence"]
    clusterer = PairClusterer(threshold=float(logit(0.6)))
    found = deduplicate(world.items, world.model, clusterer=clusterer, random_state=0)
    assert [row[0] for row in rows] == world.ids
    assert [int(row[1]) for row in rows] == found.labels.tolist()
    assert [float(row[2]) for row in rows] == found.confidence.tolist()


@pytest.mark.parametrize("one_to_one", [True, False])
def test_links_are_those_of_the_library(run, world, one_to_one):
    np.save("others.npy", world.items[:20] + np.float32(0.05))
    header, *rows = rows_of(
        run(
            "link --model model.sksym --items items.npz --items-b others.npy "
            f"--neighbors 3 {'' if one_to_one else '--many'}"
        )
    )
    assert header == ["id_a", "id_b", "probability", "confidence"]
    others = np.load("others.npy")
    found = link(world.items, others, world.model, n_neighbors=3, one_to_one=one_to_one)
    expected = [[world.ids[i], str(j)] for i, j in found.links]
    assert [row[:2] for row in rows] == expected
    assert len(rows) >= 20


# ------------------------------------------------------------------- the command line


@pytest.mark.parametrize("command", entry.MODULES)
def test_help_has_examples_that_can_be_parsed(command, capsys):
    """Every example of the help is a command line that the parser takes."""
    with pytest.raises(SystemExit) as exit_info:
        entry.main([command, "--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out.partition("examples:")[2].replace("\\\n", " ")
    examples = re.findall(r"^ +(sksymsim [^\n|]+)", text, flags=re.MULTILINE)
    assert examples
    for example in examples:
        options = entry.parse(shlex.split(example)[1:])
        assert options.command == command


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("", "required: command"),
        ("fit --items a.npy --pairs b.csv", "required: --out"),
        ("fit --items a --pairs b --out c --alpha -1", "is not a number of 0 or more"),
        ("fit --items a --pairs b --out c --alpha nan", "is not a number of 0 or more"),
        ("fit --items a --pairs b --out c --rank 0", "is not a whole number of 1"),
        ("fit --items a --pairs b --out c --rank 2.5", "is not a whole number of 1"),
        ("fit --items a --pairs b --out c --whiten 2", "is not a number from 0 to 1"),
        ("fit --items a --pairs b --out c --form cubic", "invalid choice: 'cubic'"),
        ("fit --items a --pairs b --out c --search --alpha 1", "leave out --alpha"),
        ("fit --items a --pairs b --out c --search --normalize", "--normalize"),
        ("fit --items a --pairs b --out c --groups g", "for the folds of --search"),
        (
            "fit --items a --pairs b --out c --search --groups f g h",
            "one or two columns",
        ),
        ("score --model m --items a --pairs b --rate 1", "between 0 to 1"),
        ("score --model m --items a --pairs b --from-rate 0.5", "goes with --rate"),
        ("score --model m --items a --pairs b --delimiter ;;", "not one character"),
        ("report --model m --items a --pairs b --bootstrap 5", "10 or more"),
        ("fit --items a --pairs b --out ./b", "--out ./b would overwrite what is read"),
        ("topk --model m --items a --out m", "--out m would overwrite what is read"),
        ("report --model m --items a --pairs b --labels x x", "two that differ"),
        ("topk --model m --items a -k 0", "is not a whole number of 1 or more"),
        ("link --model m --items a", "required: --items-b"),
        ("link --model m --items a --items-b b --jobs 0", "0 jobs do nothing"),
    ],
)
def test_wrong_usage_is_code_2(arguments, text, capsys):
    with pytest.raises(SystemExit) as exit_info:
        entry.main(arguments.split())
    assert exit_info.value.code == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError("a lot"), 1, "error: not enough memory: a lot"),
        (MemoryError(), 1, "error: not enough memory: MemoryError"),
        (RuntimeError("odd"), 1, "error: RuntimeError: odd (--debug shows where)"),
    ],
)
def test_whatever_is_raised_is_one_line(raised, code, text, monkeypatch, capsys):
    def fail(options):
        raise raised

    module = importlib.import_module("sksymsim._commands.score")
    monkeypatch.setattr(module, "score", fail)
    assert entry.main("score --model m --items a --pairs b".split()) == code
    assert capsys.readouterr().err == f"sksymsim: {text}\n"


@pytest.mark.parametrize(
    ("name", "character"), [("tab", "\t"), (r"\t", "\t"), (";", ";")]
)
def test_a_delimiter_has_one_character(name, character):
    assert delimiter(name) == character


def test_progress_is_shown_if_wanted(run, monkeypatch, capsys):
    """On standard error, a line each; without the option, nothing off a terminal."""
    command = (
        "score --model model.sksym --items items.npy --pairs pairs.csv --out o.csv"
    )
    assert entry.main(command.split()) == 0
    assert capsys.readouterr() == ("", "")
    assert entry.main([*command.split(), "--progress"]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert re.fullmatch(r"scoring \[#{24}\] 100%  \d+ pairs, 0 s left\n", output.err)


def test_an_error_leaves_the_old_file(run, world):
    """Pairs that break off in the middle: the last good result is still there."""
    Path("scores.csv").write_text("old")
    text = Path("pairs.csv").read_text()
    Path("pairs.csv").write_text(f"{text}1,nobody,0\n")
    before = sorted(os.listdir())
    command = "score --model model.sksym --items items.npy --pairs pairs.csv"
    error = run(f"{command} --out scores.csv", code=1)
    line = text.count("\n") + 1
    assert error == (
        f"sksymsim: error: pairs.csv, line {line}: items.npy has no item 'nobody'; its "
        "ids are the row numbers 0 to 59; for ids of your own use .npz, .csv or "
        ".parquet.\n"
    )
    assert Path("scores.csv").read_text() == "old"
    assert sorted(os.listdir()) == before


def test_debug_shows_the_traceback(run):
    command = "score --model none.sksym --items items.npy --pairs pairs.csv"
    expected = "sksymsim: error: none.sksym: No such file or directory\n"
    assert run(command, code=1) == expected
    assert run(f"{command} --debug", code=1).startswith("Traceback")


def test_errors_that_nobody_foresaw_are_one_line(run, monkeypatch):
    """With their type, as their text may say little."""

    def fail(options):
        raise KeyError("x\ny")

    monkeypatch.setattr("sksymsim._commands.score.score", fail)
    text = run("score --model m --items a --pairs b", code=1)
    assert text == "sksymsim: error: KeyError: 'x\\ny' (--debug shows where)\n"


def test_warnings_are_one_line(monkeypatch, capsys):
    """Without the source line that Python shows."""

    def warn(options):
        warnings.warn("first\nsecond", UserWarning, stacklevel=2)

    monkeypatch.setattr("sksymsim._commands.score.score", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        arguments = "score --model m --items a --pairs b"
        assert entry.main(arguments.split()) == 0
    assert capsys.readouterr().err == "sksymsim: warning: first second\n"


def test_a_model_that_scores_no_pairs(run, world):
    save_model(EmbeddingNormalizer().fit(world.items), "normalizer.sksym")
    text = run("topk --model normalizer.sksym --items items.npy", code=1)
    assert "normalizer.sksym holds EmbeddingNormalizer, which gives no" in text


# ------------------------------------------------------------------- in a process


def environment():
    """Return variables under which another process finds this package."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


def started(arguments, *how):
    """Start the command line in a process."""
    command = [sys.executable, *(how or ("-m", "sksymsim")), *shlex.split(arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdout=pipe, stderr=pipe, env=environment(), text=True
    )


def test_help_loads_nothing_that_takes_time():
    """Neither NumPy nor anything that needs it, until the command line is read."""
    code = (
        "import sys; from sksymsim.__main__ import main\n"
        "try: main(['fit', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules.keys() & {'numpy', 'scipy', 'sklearn'}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(
        command, env=environment(), capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "\n")
    assert "--pairs" in found.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_a_reader_that_goes_away_is_no_error(run, world):
    """As with ``| head``: no traceback, and the code of SIGPIPE."""
    # More than fits into the buffer of a pipe.
    rows = np.tile(world.index, (30, 1)).tolist()
    written("many.csv", [["left", "right"], *rows])
    process = started("score --model model.sksym --items items.npy --pairs many.csv")
    assert process.stdout.readline() == "left,right,probability\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == entry.BROKEN_PIPE
    process.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_interrupt_leaves_the_old_file(run, world):
    """Ctrl-C in the middle of writing: code 130, one line, no other file.

    The bar of the process sleeps, so that it is not done before.
    """
    Path("scores.csv").write_text("old")
    before = sorted(os.listdir())
    code = (
        "import sys, time; from sksymsim import __main__\n"
        "from sksymsim._commands import progress\n"
        "progress.Progress.show = lambda *share: time.sleep(120)\n"
        "sys.exit(__main__.main())"
    )
    arguments = (
        "score --model model.sksym --items items.npy --pairs pairs.csv --out scores.csv"
    )
    process = started(arguments, "-c", code)
    deadline = time.monotonic() + 60
    while sorted(os.listdir()) == before and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, output, error) == (130, "", "sksymsim: interrupted\n")
    assert Path("scores.csv").read_text() == "old"
    assert sorted(os.listdir()) == before


# ------------------------------------------------------------------------- the page


def check_shown(shown, printed):
    """Compare words and whole numbers exactly, and other numbers nearly."""
    number = r"[+-]?\d+\.\d+(?:e-\d+)?"
    words = [re.sub(number, "#", text).split() for text in (shown, printed)]
    assert words[0] == words[1]
    numbers = [np.array(re.findall(number, t), float) for t in (shown, printed)]
    np.testing.assert_allclose(*numbers, rtol=0.1, atol=0.05)


def test_page_of_the_command_line(tmp_path, monkeypatch, capsys):
    """What docs/command_line.rst shows is what happens, command by command."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "command_line.rst").read_text(encoding="utf-8")
    test = DocTestParser().get_doctest(text, {}, "command_line", None, 0)
    assert DocTestRunner().run(test).failed == 0
    capsys.readouterr()
    blocks = re.findall(
        r"code-block:: console\n\n((?: {3}.*\n|\n)+)", text, flags=re.MULTILINE
    )
    commands = re.findall(
        r"^   \$ sksymsim ((?:.*\\\n)*.*)\n((?:(?:   (?!\$).*)?\n)*)",
        "".join(blocks),
        flags=re.MULTILINE,
    )
    assert len(commands) >= 6
    for command, shown in commands:
        command = command.replace("\\\n", " ")
        command, _, rest = command.partition("|")
        assert entry.main(shlex.split(command)) == 0
        printed = capsys.readouterr().out
        if rest:
            n_lines = int(rest.split()[-1])
            printed = "".join(printed.splitlines(keepends=True)[:n_lines])
        shown = re.sub(r"^   ", "", shown, flags=re.MULTILINE)
        check_shown(shown, printed)
