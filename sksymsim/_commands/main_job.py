# SPDX-License-Identifier: BSD-3-Clause
"""The main job: two questions about recordings, tuned, measured, saved, drawn."""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import joblib
import numpy as np
from scipy.special import expit
from sklearn.metrics import (
    average_precision_score,
    get_scorer,
    log_loss,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sksymsim._evaluation.baselines import cosine_and_euclid
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.datasets import load_spoken_digits, make_pairs
from sksymsim.metrics import equal_error_rate
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer
from sksymsim.thresholds import threshold_at

GRID = {
    "sharedtransformer__transformer__whiten": [0.2, 0.5, 0.9],
    "symmetricpairclassifier__form": ["mahalanobis", "quadratic"],
    "symmetricpairclassifier__alpha": [1e-3, 1e-5],
}
N_TRAIN, N_TEST = 6000, 4000
# What the second process runs: it knows the file of the model and the pairs, no more.
SECOND_PROCESS = """
import sys, joblib, numpy
model, pairs = joblib.load(sys.argv[1]), joblib.load(sys.argv[2])
numpy.save(sys.argv[3], model.predict_proba(pairs)[:, 1])
"""


@dataclass
class Question:
    """A question about pairs of recordings, with pairs to learn from and to test."""

    name: str
    text: str
    train: tuple
    test: tuple
    n_folds: int


@dataclass
class Answer:
    """Test scores of one way to answer, with a threshold from training pairs."""

    name: str
    scores: np.ndarray
    log_odds: np.ndarray
    threshold: float


def run(output, n_jobs):
    """Answer both questions; write models and picture into a folder."""
    started = time.perf_counter()
    spoken = load_spoken_digits()
    print(
        f"{len(spoken.data)} recordings of 6 speakers, {spoken.data.shape[1]} features"
    )
    panels = []
    for question in (same_speaker(spoken), same_digit(spoken)):
        print(f"\n{question.text}")
        search = tune(question, n_jobs)
        answers = [cosine_answer(question), learned_answer(question, search)]
        print_table(answers, question.test[1])
        path = output / f"{question.name}.joblib"
        check_in_second_process(search.best_estimator_, question.test[0], path)
        panels.append((question, answers))
    draw(panels, output / "spoken-digits.png")
    print(f"\ndone in {time.perf_counter() - started:.0f} s")


def same_speaker(spoken):
    """Ask for the speaker; the recordings of the test were never seen."""
    test = spoken.take < 5
    train_pairs = make_pairs(
        spoken.data[~test],
        spoken.speaker[~test],
        n_pairs=N_TRAIN,
        n_groups=3,
        random_state=0,
    )
    test_pairs = make_pairs(
        spoken.data[test], spoken.speaker[test], n_pairs=N_TEST, random_state=1
    )
    return Question(
        "same-speaker",
        "Same speaker? Tested on recordings that were never heard.",
        train_pairs,
        test_pairs,
        n_folds=3,
    )


def same_digit(spoken):
    """Ask for the digit; the digits of the test were never seen."""
    test = spoken.digit >= 7
    digit = spoken.digit[~test]
    # Folds of different digits too, so that the search is asked what the test asks.
    train_pairs = make_pairs(
        spoken.data[~test], digit, n_pairs=N_TRAIN, groups=digit % 3, random_state=0
    )
    test_pairs = make_pairs(
        spoken.data[test], spoken.digit[test], n_pairs=N_TEST, random_state=1
    )
    return Question(
        "same-digit",
        "Same digit? Tested on digits that were never heard.",
        train_pairs,
        test_pairs,
        n_folds=3,
    )


class Progress:
    """A scorer that counts its calls on one line."""

    def __init__(self, scoring, n_total):
        self.scorer = get_scorer(scoring)
        self.n_total = n_total
        self.n_done = 0
        self.lock = threading.Lock()

    def __call__(self, estimator, X, y):
        """Score a fitted estimator."""
        score = self.scorer(estimator, X, y)
        with self.lock:
            self.n_done += 1
            end = "\n" if self.n_done == self.n_total else ""
            print(
                f"\r  tuning: fit {self.n_done} of {self.n_total}", end=end, flush=True
            )
        return score


def tune(question, n_jobs):
    """Search whitening, form and alpha on folds that share no recording."""
    pairs, y, groups = question.train
    pipeline = make_pipeline(
        SharedTransformer(EmbeddingNormalizer()), SymmetricPairClassifier()
    )
    n_fits = question.n_folds * int(np.prod([len(v) for v in GRID.values()]))
    search = GridSearchCV(
        pipeline,
        GRID,
        scoring=Progress("neg_log_loss", n_fits),
        cv=GroupKFold(question.n_folds),
        n_jobs=n_jobs,
    )
    # Threads share the pairs and the counter; one BLAS thread each.
    with joblib.parallel_config("threading"), threadpool_limits(1, user_api="blas"):
        search.fit(pairs, y, groups=groups)
    best = {name.split("__")[-1]: value for name, value in search.best_params_.items()}
    print("  chosen: " + ", ".join(f"{name}={value}" for name, value in best.items()))
    return search


def learned_answer(question, search):
    """Score the test pairs with the model that was chosen."""
    pairs, y, groups = question.train
    # Scores of training pairs by models that have not seen them.
    held_out = cross_val_predict(
        search.best_estimator_,
        pairs,
        y,
        groups=groups,
        cv=GroupKFold(question.n_folds),
        method="decision_function",
    )
    scores = search.best_estimator_.decision_function(question.test[0])
    return Answer("learned", scores, scores, threshold_at(y, held_out).threshold)


def cosine_answer(question):
    """Score the test pairs by cosine; scale and offset from training pairs."""
    pairs, y, _ = question.train
    # With nothing but the prior left, the bilinear form of unit vectors is cosine.
    model = make_pipeline(
        SharedTransformer(EmbeddingNormalizer(center=False)),
        SymmetricPairClassifier("bilinear", alpha=1e6),
    ).fit(pairs, y)
    cosine, _ = cosine_and_euclid(pairs)
    threshold = threshold_at(y, cosine).threshold
    test = question.test[0]
    cosine, _ = cosine_and_euclid(test)
    return Answer("cosine", cosine, model.decision_function(test), threshold)


def print_table(answers, y):
    """Print the measures of each answer, one column each."""
    rows = [
        ("ROC-AUC", lambda a: roc_auc_score(y, a.scores)),
        ("average precision", lambda a: average_precision_score(y, a.scores)),
        ("accuracy", lambda a: np.mean((a.scores >= a.threshold) == y)),
        ("equal error rate", lambda a: equal_error_rate(y, a.scores)),
        ("log-loss", lambda a: log_loss(y, expit(a.log_odds))),
    ]
    print(f"  {'':20s}" + "".join(f"{answer.name:>10s}" for answer in answers))
    for name, measure in rows:
        cells = "".join(f"{measure(answer):10.3f}" for answer in answers)
        print(f"  {name:20s}{cells}")


def check_in_second_process(model, pairs, path):
    """Save a model, load it in another process, compare the probabilities."""
    joblib.dump(model, path)
    pairs_path, scores_path = path.with_suffix(".pairs"), path.with_suffix(".npy")
    joblib.dump(pairs[:100].compact(), pairs_path)
    files = [str(name) for name in (path, pairs_path, scores_path)]
    subprocess.run([sys.executable, "-c", SECOND_PROCESS, *files], check=True)
    there = np.load(scores_path)
    pairs_path.unlink()
    scores_path.unlink()
    here = model.predict_proba(pairs[:100])[:, 1]
    same = "the same probabilities" if np.array_equal(here, there) else "OTHER NUMBERS"
    size = path.stat().st_size / 1000
    print(f"  saved {path} ({size:.0f} kB); a second process gives {same}")
    shown = ", ".join(f"{p:.3f}" for p in there[:5])
    print(f"  P(similar) of the first five test pairs: {shown}")


def draw(panels, path):
    """Draw score histograms and error curves, if Matplotlib is there."""
    try:
        from matplotlib.figure import Figure
        from sklearn.metrics import DetCurveDisplay
    except ImportError:
        print("\nno picture: install the extra, pip install 'sksymsim[plot]'")
        return
    figure = Figure(figsize=(11, 3.4 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 3, squeeze=False)
    for row, (question, answers) in zip(axes, panels, strict=True):
        y = question.test[1]
        for ax, answer in zip(row, answers, strict=False):
            draw_histograms(ax, answer, y)
        for answer, color in zip(answers, ("0.55", "C0"), strict=True):
            label = f"{answer.name}: AUC {roc_auc_score(y, answer.scores):.3f}"
            DetCurveDisplay.from_predictions(
                y, answer.scores, ax=row[2], name=label, color=color
            )
        row[2].legend(loc="upper right", frameon=False)
        row[2].set(xlabel="false alarms", ylabel="misses", title="errors (DET)")
        row[0].set_ylabel(f"{question.text.split('?')[0]}?\n\npairs")
    figure.savefig(path, dpi=120)
    print(f"\npicture: {path}")


def draw_histograms(ax, answer, y):
    """Draw the scores of similar and dissimilar pairs over each other."""
    low, high = np.quantile(answer.scores, [0.002, 0.998])
    bins = np.linspace(low, high, 60)
    for label, color, name in ((0, "C3", "dissimilar"), (1, "C0", "similar")):
        ax.hist(
            np.clip(answer.scores[y == label], low, high),
            bins,
            color=color,
            alpha=0.55,
            label=name,
        )
    ax.axvline(answer.threshold, color="0.2", lw=1, ls="--", label="threshold")
    ax.set(
        title=answer.name, xlabel="cosine" if answer.name == "cosine" else "log-odds"
    )
    ax.legend(frameon=False, fontsize="small")
