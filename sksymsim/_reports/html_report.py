# SPDX-License-Identifier: BSD-3-Clause
"""A report as one page of HTML: no script, and no other file."""

import base64
import io
from html import escape

import numpy as np

from sksymsim._evaluation.measures import N_BINS
from sksymsim._plots.calibration import ReliabilityDisplay
from sksymsim._plots.errors import DetDisplay
from sksymsim._plots.model import SpectrumDisplay, fitted_score
from sksymsim._plots.scores import ScoreDistributionDisplay
from sksymsim._reports.html_page import full_page
from sksymsim._reports.html_parts import (
    section_of_model,
    section_of_texts,
    table_of_facts,
)
from sksymsim._reports.html_table import html_table
from sksymsim._validation.plots import import_pyplot

# Fewer pairs or items than these make numbers rough.
FEW_PAIRS = 100
FEW_UNITS = 30
# A calibration error below this is of no consequence.
SMALL_ERROR = 0.02


def make_page(report, title, pictures, path=None):
    """Return a report as a page, and write it where wanted.

    Parameters
    ----------
    report : PairReport
    title : str
    pictures : bool
    path : str or path-like, default=None
    """
    parts = [
        section_of_texts("Worth knowing", cautions(report), "beware"),
        "<h2>How good it is</h2>",
        f'<div class="scroll">{html_table(report, _caption(report))}</div>',
    ]
    if pictures:
        figures = "\n".join(_figure(*figure) for figure in draw_all(report))
        parts += ["<h2>Pictures</h2>", f'<div class="pictures">\n{figures}\n</div>']
    parts += [
        "<h2>What was measured</h2>",
        _counts(report),
        section_of_model(report.model),
    ]
    return full_page(title, "\n".join(part for part in parts if part), path)


def _caption(report):
    return (
        f"Each number with its interval of {100 * report.confidence_level:g} %. "
        "Arrows point to where a measure is better. Differences are marked where the "
        "interval excludes zero. Cosine and Euclid are no probabilities, so some "
        "measures are of the model alone."
    )


def _counts(report):
    """Return what the numbers are made of, as a table."""
    n_pairs, n_similar = len(report.similar), int(report.similar.sum())
    rate = np.average(report.similar, weights=report.sample_weight)
    weighted = "" if np.ptp(report.sample_weight) == 0 else ", by weights"
    rows = {
        "Pairs": f"{n_pairs:,}",
        "Similar pairs": f"{n_similar:,}",
        "Dissimilar pairs": f"{n_pairs - n_similar:,}",
        "Rate of similar pairs": f"{100 * rate:.3g} %{weighted}",
        "Independent items or groups": f"{report.n_units:,}",
        "Share of the pairs that hold the most frequent of them": (
            f"{100 * report.busiest_share:.1f} %"
        ),
        "Replicates of the bootstrap": f"{report.n_bootstrap:,}",
    }
    return table_of_facts(rows)


# ------------------------------------------------------------------------- warnings


def cautions(report):
    """Return sentences on what makes the numbers less than they seem."""
    found = {(entry["metric"], entry["of"]): entry for entry in report.table}
    n_similar = int(report.similar.sum())
    texts = []
    kinds = {"similar": n_similar, "dissimilar": len(report.similar) - n_similar}
    for kind, n_pairs in kinds.items():
        if n_pairs < FEW_PAIRS:
            texts.append(
                f"There are only {n_pairs} {kind} pairs: their error rates are steps "
                f"of {100 / n_pairs:.2g} %, and calibration is hardly seen."
            )
    if report.n_units < FEW_UNITS:
        texts.append(
            f"The pairs are made of {report.n_units} independent items or groups; "
            f"intervals are rough below {FEW_UNITS}."
        )
    if report.busiest_share > 0.5:
        texts.append(
            f"One item or group is in {100 * report.busiest_share:.0f} % of the pairs: "
            "the numbers are mostly about it."
        )
    error = found["calibration_error", "model"]
    if error["low"] > max(SMALL_ERROR, 2 * error_by_chance(report.sample_weight)):
        texts.append(
            f"Probabilities are off by {error['estimate']:.3f} on average; recalibrate "
            "the model on pairs of this kind."
        )
    for column, other in (("cosine", "cosine"), ("euclid", "Euclid")):
        gain = found["roc_auc", f"model - {column}"]
        if gain["low"] <= 0:
            surely = "" if gain["high"] < 0 else "perhaps not better or "
            texts.append(
                f"By ROC-AUC the model ranks {surely}worse than {other} does, which "
                "needs no training."
            )
    return texts


def error_by_chance(weights):
    """Return about what calibration error perfect probabilities have."""
    n_pairs = weights.sum() ** 2 / (weights**2).sum()
    return np.sqrt(N_BINS / n_pairs) / 3


# ------------------------------------------------------------------------- pictures


def draw_all(report):
    """Return the pictures of a report.

    Returns
    -------
    pictures : list of (source, alternative, caption)
        The picture as a data URL, what it shows in words, and how to read it.
    """
    plt = import_pyplot("to_html with pictures")
    # What the user has set for other pictures does not hold here, and the ids in the
    # drawings are the same at every call.
    with plt.style.context("default"), plt.rc_context({"svg.hashsalt": "sksymsim"}):
        drawn = [_scores(report), _reliability(report), _errors(report)]
        score = fitted_score(report.model)
        if score is not None:
            drawn.append(_spectrum(report))
        return drawn


def _axes():
    # Not by pyplot, which would keep the figure.
    from matplotlib.figure import Figure

    return Figure(figsize=(6, 4.4), layout="constrained").subplots()


def _source(ax):
    """Return the drawing as the address of an image that holds it."""
    stream = io.StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    ax.figure.savefig(stream, format="svg", metadata=metadata)
    drawing = stream.getvalue()
    # Without what comes before it, which names an address on a network.
    drawing = drawing[drawing.index("<svg") :].encode()
    return "data:image/svg+xml;base64," + base64.b64encode(drawing).decode()


def _figure(source, alternative, caption):
    return (
        f'<figure><img src="{source}" alt="{escape(alternative)}">\n'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _scores(report):
    display = ScoreDistributionDisplay.from_predictions(
        report.similar,
        report.scores["model"],
        sample_weight=report.sample_weight,
        ax=_axes(),
        name="Log-odds",
    )
    medians = [
        np.median(report.scores["model"][kind])
        for kind in (report.similar, ~report.similar)
    ]
    words = (
        f"Histograms of the log-odds: the median is {medians[0]:.2f} for similar pairs "
        f"and {medians[1]:.2f} for dissimilar ones."
    )
    caption = (
        "How the log-odds of similar and dissimilar pairs are distributed. The less "
        "they overlap, the better; from the line upwards, similar is the likelier."
    )
    return _source(display.ax_), words, caption


def _reliability(report):
    display = ReliabilityDisplay.from_predictions(
        report.similar,
        report.scores["model"],
        sample_weight=report.sample_weight,
        ax=_axes(),
        name="model",
    )
    display.ax_.set_title("Reliability")
    words = (
        "Rate of similar pairs against mean probability, in "
        f"{len(display.counts)} bins: the mean distance is "
        f"{display.calibration_error:.3f}."
    )
    caption = (
        "What comes true beside what was predicted. On the dotted line, probabilities "
        "hold; below it, the model says similar too readily."
    )
    return _source(display.ax_), words, caption


def _errors(report):
    ax, rates = _axes(), []
    for name, scores in report.scores.items():
        display = DetDisplay.from_predictions(
            report.similar, scores, sample_weight=report.sample_weight, ax=ax, name=name
        )
        rates.append(f"{name} {100 * display.equal_error_rate:.2f} %")
    ax.set_title("Errors at each threshold (DET)")
    words = f"Misses against false accepts; equal error rates: {', '.join(rates)}."
    caption = (
        "Both errors at each threshold; nearer to the lower left corner is better. The "
        "dots are the equal error rates (EER)."
    )
    return _source(ax), words, caption


def _spectrum(report):
    display = SpectrumDisplay.from_estimator(
        report.model, ax=_axes(), name="Spectrum of the model"
    )
    ranks = [f"{name} {rank:.1f}" for name, rank in display.effective_rank.items()]
    n_features = len(next(iter(display.eigenvalues.values())))
    words = f"Eigenvalues; effective rank of {n_features}: {', '.join(ranks)}."
    caption = (
        "How many directions the model uses: the eigenvalues of what it has learned, "
        "and their effective rank (dotted)."
    )
    return _source(display.ax_), words, caption
