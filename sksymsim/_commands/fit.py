# SPDX-License-Identifier: BSD-3-Clause
"""``fit``: from labelled pairs to a model in a file."""

import os
import sys
from contextlib import redirect_stdout

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from sksymsim._commands.score import RATE_OF_THE_CARD
from sksymsim._commands.session import pairs_of, session_of
from sksymsim._tables.pairs import read_labelled
from sksymsim._validation.tables import check_can_write
from sksymsim.classifier import SymmetricPairClassifier
from sksymsim.model_cards import update_model_card
from sksymsim.persistence import save_model
from sksymsim.preprocessing import EmbeddingNormalizer, SharedTransformer
from sksymsim.search import SymmetricPairClassifierCV

# Options by their names there and here; those not given have the defaults there.
PARAMETERS = {
    "form": "form",
    "alpha": "alpha",
    "prior": "prior",
    "n_components": "rank",
    "similar_rate": "similar_rate",
    "random_state": "random_state",
}


def fit(options):
    """Read items and pairs, fit, measure, and save the model."""
    with session_of(options) as session:
        check_can_write(options.out)
        both = session.both_items()
        with session.progress("reading pairs") as bar:
            known = read_labelled(options.pairs, *both, options, bar.show)
        held_out = None
        if options.validation is not None:
            unweighted = _without(options, "weight", "groups")
            with session.progress("reading pairs") as bar:
                path = options.validation
                held_out = read_labelled(path, *both, unweighted, bar.show)
        fit_one = _search if options.search else _fit_one
        pairs = pairs_of(*both, known.index)
        model, lines = fit_one(options, session, pairs, known)
        scores = {RATE_OF_THE_CARD: _rate(options, known)}
        if held_out is not None:
            scores["validation_roc_auc"] = _auc(model, both, held_out)
        update_model_card(model, scores=scores, notes=_notes(options))
        save_model(model, options.out)
        _print_summary(options, both, known, held_out, lines, scores)


def _without(options, *names):
    return type(options)(**vars(options) | dict.fromkeys(names))


def _fit_one(options, session, pairs, known):
    """Fit the model that the options describe."""
    given = {name: getattr(options, option) for name, option in PARAMETERS.items()}
    given = {name: value for name, value in given.items() if value is not None}
    # Not n_jobs, which would be in the file: threads come from the session.
    model = SymmetricPairClassifier(**given)
    if options.whiten is None and not options.normalize:
        model.fit(pairs, known.similar, sample_weight=known.weights)
        return model, []
    normalizer = EmbeddingNormalizer(whiten=options.whiten or 0.0)
    steps = [("normalize", SharedTransformer(normalizer)), ("classify", model)]
    weights = {"classify__sample_weight": known.weights}
    return Pipeline(steps).fit(pairs, known.similar, **weights), []


def _search(options, session, pairs, known):
    """Choose a model by cross-validation."""
    search = SymmetricPairClassifierCV(
        n_jobs=options.jobs,
        random_state=options.random_state,
        verbose=int(session.is_shown),
    )
    # Its lines are progress, and not what was asked for.
    with redirect_stdout(sys.stderr):
        search.fit(
            pairs,
            known.similar,
            sample_weight=known.weights,
            groups=known.groups,
        )
    lines = [
        f"chosen: {search.choice_}; held-out log-loss {-search.cv_score_:.4f}, of "
        f"calibrated cosine {-search.cosine_score_:.4f}"
    ]
    for member in search.members_:
        params = ", ".join(f"{key}={value}" for key, value in member["params"].items())
        lines.append(f"  {member['weight']:.3f} x {params or member['candidate']}")
    return search.best_estimator_, lines


def _rate(options, known):
    if options.similar_rate is not None:
        return options.similar_rate
    return float(np.average(known.similar, weights=known.weights))


def _notes(options):
    notes = {"pairs": os.path.basename(options.pairs)}
    if options.labels is not None:
        notes["labels"] = dict(
            zip(("dissimilar", "similar"), options.labels, strict=True)
        )
    return notes


def _auc(model, both, held_out):
    scores = model.decision_function(pairs_of(*both, held_out.index))
    return float(roc_auc_score(held_out.similar, scores))


def _print_summary(options, both, known, held_out, lines, scores):
    items, others = both
    sides = [known.index] if items is others else known.index.T
    n_used = sum(len(np.unique(rows)) for rows in sides)
    print(
        f"{known.path}: {len(known.similar)} pairs, {int(known.similar.sum())} of them "
        f"similar, of {n_used} items with {items.width} numbers each"
    )
    print(*lines, sep="\n", end="\n" if lines else "")
    if held_out is not None:
        print(
            f"{held_out.path}: {len(held_out.similar)} pairs, "
            f"{int(held_out.similar.sum())} of them similar, AUC "
            f"{scores['validation_roc_auc']:.4f}"
        )
    print(f"saved {options.out}, {os.path.getsize(options.out) / 1000:.1f} kB")
