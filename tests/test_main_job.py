# SPDX-License-Identifier: BSD-3-Clause
"""The main job runs as a user runs it, and its measures are right."""

import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from sksymsim import load_spoken_digits, make_pairs
from sksymsim.__main__ import main
from sksymsim._commands import main_job as _main_job


@pytest.fixture
def small_job(monkeypatch):
    """Fewer pairs and cells; everything else as it is."""
    monkeypatch.setattr(_main_job, "N_TRAIN", 600)
    monkeypatch.setattr(_main_job, "N_TEST", 600)
    grid = {"symmetricpairclassifier__alpha": [1e-2, 1e-4]}
    monkeypatch.setattr(_main_job, "GRID", grid)
    started = []

    def run(command, **options):
        """Start the first process, and run here what the others are to run."""
        started.append(command)
        if len(started) == 1:
            return start(command, **options)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", command[2:])
            exec(command[2], {})

    start = subprocess.run
    monkeypatch.setattr(_main_job, "subprocess", SimpleNamespace(run=run))


def printed_columns(text, name):
    """Return the numbers printed beside a name, for both questions."""
    lines = [line for line in text.splitlines() if line.strip().startswith(name)]
    return [[float(cell) for cell in line.split()[-2:]] for line in lines]


def test_prints_saves_and_draws(small_job, tmp_path, capsys):
    """Both questions are answered better than by cosine; all files are written.

    With two threads the model is the same.
    """
    folder = str(tmp_path / "new" / "folder")
    assert main(["demo", "--output", folder, "--jobs", "2"]) == 0
    text = capsys.readouterr().out
    for cosine, learned in printed_columns(text, "ROC-AUC"):
        assert learned > cosine + 0.05
    for cosine, learned in printed_columns(text, "log-loss"):
        assert learned < cosine < np.log(2)
    assert len(printed_columns(text, "equal error rate")) == 2
    assert "fit 6 of 6" in text
    assert text.count("a second process gives the same probabilities") == 2
    written = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    expected = {"same-speaker.joblib", "same-digit.joblib"}
    if importlib.util.find_spec("matplotlib"):
        expected.add("spoken-digits.png")
    assert written == expected
    model = joblib.load(tmp_path / "new" / "folder" / "same-speaker.joblib")
    spoken = load_spoken_digits()
    p = model.predict_proba((spoken.data[:3], spoken.data[1:4]))
    assert p.shape == (3, 2)
    question = _main_job.same_speaker(spoken)
    alone = _main_job.tune(question, n_jobs=1)
    expected = alone.predict_proba(question.test[0])
    np.testing.assert_array_equal(model.predict_proba(question.test[0]), expected)
    shown = ", ".join(f"{p:.3f}" for p in expected[:5, 1])
    assert f"P(similar) of the first five test pairs: {shown}\n" in text


def test_without_matplotlib_says_what_to_install(monkeypatch, tmp_path, capsys):
    """No picture, no error, and one line that says how to get it."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    _main_job.draw([], tmp_path / "picture.png")
    assert "sksymsim[plot]" in capsys.readouterr().out
    assert not (tmp_path / "picture.png").exists()


def test_folder_that_cannot_be_made_is_one_line(tmp_path, capsys):
    """A file in the way: a message on standard error and exit code 1."""
    (tmp_path / "file").write_text("")
    assert main(["demo", "--output", str(tmp_path / "file" / "folder")]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"sksymsim: error: {tmp_path / 'file' / 'folder'}: ")
    assert error.count("\n") == 1


def test_folds_share_no_recording_and_test_is_new():
    """Training and test pairs are apart in the way that the question says."""
    spoken = load_spoken_digits()
    rows = {row.tobytes(): i for i, row in enumerate(spoken.data)}
    for question, label in (
        (_main_job.same_speaker(spoken), spoken.take < 5),
        (_main_job.same_digit(spoken), spoken.digit >= 7),
    ):
        pairs, _, groups = question.train
        used = [
            {rows[row.tobytes()] for row in pairs[groups == g].compact().items}
            for g in np.unique(groups)
        ]
        assert len(used) == question.n_folds
        for i, one in enumerate(used):
            assert not label[list(one)].any()
            for other in used[:i]:
                assert not one & other
        test_items = question.test[0].compact().items
        assert label[[rows[row.tobytes()] for row in test_items]].all()


def test_cosine_is_calibrated_by_two_numbers():
    """The log-odds of the cosine column are an increasing function of the cosine."""
    spoken = load_spoken_digits()
    train = make_pairs(spoken.data, spoken.speaker, n_pairs=500, random_state=0)
    test = make_pairs(spoken.data, spoken.speaker, n_pairs=300, random_state=1)
    question = _main_job.Question("name", "text", train, test, 3)
    answer = _main_job.cosine_answer(question)
    slope, offset = np.polyfit(answer.scores, answer.log_odds, 1)
    assert slope > 0
    fitted = slope * answer.scores + offset
    np.testing.assert_allclose(answer.log_odds, fitted, atol=2e-3)
