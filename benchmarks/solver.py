# SPDX-License-Identifier: BSD-3-Clause
"""Count passes over the pairs until the objective is within 1e-3 of its minimum.

Ours against plain L-BFGS (SciPy's L-BFGS-B on the same objective in its natural
unknowns, from the same start, ten corrections), for the convex problem, under the
constraint M = Q'Q, and with 32 components. The start is Platt's scaling of the prior
"identity" for all; for the factors of the plain solver, Q is its root.

A pass is one evaluation of loss and gradient: scores of all pairs and the pull-back of
their residuals. For ours everything that walks over the pairs counts: each set of
scores and each pull-back is half a pass, and so is the covariance that the coordinates
are made from.

Usage::

    python benchmarks/solver.py FOLDER [NAME ...] [--out benchmarks/results/solver.csv]

FOLDER holds the data sets as ``NAME.npz`` (items, pairs, y, split).
"""

import argparse
import csv
from contextlib import suppress
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from sksymsim import Pairs
from sksymsim import _fitting as fitting
from sksymsim._blocks import Team
from sksymsim._design import PairDesign
from sksymsim._factors import signed_factor
from sksymsim._forms import FORMS
from sksymsim._models import FactorModel, MatrixModel, Parameters
from sksymsim._objective import PairObjective, fit_scale_and_intercept
from sksymsim._priors import build_prior

NAMES = (
    "abt_buy",
    "wdc_cameras_medium",
    "mrpc",
    "snli_devtest",
    "fsdd_digit_unseen",
)
ALPHAS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
# Constrained, and how many components.
PROBLEMS = {"matrix": (False, None), "psd": (True, None), "rank 32": (True, 32)}
GAP = 1e-3
MOST_PASSES = 2000
# With few components the problem has local minima: L-BFGS goes on for so many passes,
# to see whether it finds a better one than ours.
PASSES_OF_RANK = 300
COLUMNS = ("data", "problem", "alpha", "minimum", "plain", "ours", "ratio")


class CountedDesign(PairDesign):
    """Counts the passes over the pairs."""

    passes = 0.0

    def scores(self, *args):
        CountedDesign.passes += 0.5
        return super().scores(*args)

    def pull(self, *args):
        CountedDesign.passes += 0.5
        return super().pull(*args)

    def loss_and_pull(self, *args):
        CountedDesign.passes += 1
        return super().loss_and_pull(*args)

    def moment(self, *args, **kwargs):
        CountedDesign.passes += 0.5
        return super().moment(*args, **kwargs)


def load(folder, name):
    """Return the training pairs and their labels as +-1."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as data:
        train = data["split"] == "train"
        pairs = Pairs.from_index(data["items"].astype(np.float64), data["pairs"][train])
        return pairs, np.where(data["y"][train] == 1, 1.0, -1.0)


def first_within(track, minimum):
    """Return the passes after which the objective is near its minimum."""
    near = [passes for passes, value in track if value <= minimum * (1 + GAP)]
    return near[0] if near else float("nan")


def ours(design, prior, targets, weights, alpha, constrained, rank, tol):
    """Return the (passes, objective) after each step of the last stage."""
    track, n_iter = [], []

    def record(entry):
        if entry["iteration"] == 1:
            # A new stage: what was seen before is not under the constraint.
            track.clear()
            n_iter.append(CountedDesign.passes)
        track.append((CountedDesign.passes - at_start, entry["objective"]))

    options = fitting.FitOptions(
        alpha, True, constrained, rank, tol, 20 * MOST_PASSES, record
    )
    at_start = CountedDesign.passes
    solution = fitting.fit_score(design, prior, targets, weights, options)
    passes = CountedDesign.passes - at_start
    return [*track, (passes, solution.result.value)], solution.result.value


class _Near(Exception):
    """The objective is near enough to its minimum."""


def plain(design, prior, targets, weights, alpha, constrained, rank, minimum):
    """Return the (passes, objective) of L-BFGS-B in the natural unknowns."""
    model = MatrixModel(prior)
    objective = PairObjective(design, model, targets, weights, alpha, True)
    scale, intercept = fit_scale_and_intercept(
        objective.scores(prior), targets, weights, True
    )
    start = Parameters(intercept, None, [scale * prior.arrays[0]])
    if constrained:
        root, signs = signed_factor(prior.arrays[0])
        if rank is not None:
            # The directions in which the pairs differ most, as for ours.
            moment = design.moment(design.form.terms[0].sides, weights)
            root = np.linalg.eigh(moment)[1][:, -rank:].T
            signs = signs[:rank]
        model = FactorModel(Parameters(0.0, None, [root]), [signs], [signs])
        objective = objective.over(model)
        base = Parameters(0.0, None, [root])
        scale, intercept = fit_scale_and_intercept(
            objective.scores(base), targets, weights, True
        )
        start = Parameters(intercept, None, [np.sqrt(scale) * root])
    track = []
    # Scores for the best scale at the start are half a pass of ours as well, and so are
    # the directions in which the pairs differ most.
    ahead = 0.5 if rank is None else 1.0

    def function(theta):
        value, gradient = objective.value_and_gradient(theta, start.like(theta))
        track.append((len(track) + 1 + ahead, value))
        enough = 1 if rank is None else PASSES_OF_RANK
        if value <= minimum * (1 + GAP) and len(track) >= enough:
            raise _Near
        return value, gradient

    limits = {"maxiter": MOST_PASSES, "maxfun": MOST_PASSES, "maxcor": 10}
    with suppress(_Near):
        minimize(
            function,
            start.flatten(),
            jac=True,
            method="L-BFGS-B",
            options={"ftol": 1e-15, "gtol": 1e-9, **limits},
        )
    return track


def run(folder, name, problem, alpha):
    """Return one row of the table."""
    constrained, rank = PROBLEMS[problem]
    pairs, targets = load(folder, name)
    weights = np.full(len(pairs), 1 / len(pairs))
    form = FORMS["mahalanobis"]
    with Team(1) as team:
        design = CountedDesign(pairs, form, weights, team)
        prior = build_prior(form, "identity", 0.1, design, targets, weights, psd=True)
        data = (targets, weights, alpha, constrained, rank)
        track, value = ours(design, prior, *data, 1e-5)
        other = plain(design, prior.parameters, *data, value)
    minimum = min(value, min(v for _, v in other))
    row = [first_within(other, minimum), first_within(track, minimum)]
    return dict(
        zip(
            COLUMNS, (name, problem, alpha, minimum, *row, row[0] / row[1]), strict=True
        )
    )


def main():
    """Run all cells that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--alphas", nargs="*", type=float, default=ALPHAS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    rows = []
    for name in options.names:
        for problem in options.problems:
            for alpha in options.alphas:
                row = run(options.folder, name, problem, alpha)
                print(
                    *(
                        f"{row[c]:.5g}" if c != "data" and c != "problem" else row[c]
                        for c in COLUMNS
                    ),
                    flush=True,
                )
                rows.append(row)
                if options.out:
                    with options.out.open("w", newline="") as file:
                        writer = csv.DictWriter(file, COLUMNS)
                        writer.writeheader()
                        writer.writerows(rows)
    for problem in options.problems:
        ratios = [row["ratio"] for row in rows if row["problem"] == problem]
        mean = np.exp(np.nanmean(np.log(ratios)))
        print(
            f"{problem}: plain / ours, geometric mean {mean:.2f}, least "
            f"{np.nanmin(ratios):.2f}, {np.isnan(ratios).sum()} not reached"
        )


if __name__ == "__main__":
    main()
