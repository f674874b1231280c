# SPDX-License-Identifier: BSD-3-Clause
"""Stack, the best alone, or a baseline: decided by nested held-out scores."""

from dataclasses import dataclass

import numpy as np

from sksymsim._selection.choice import (
    Blend,
    calibrated,
    choose_one,
    fit_stack,
    in_plain_units,
    nested,
    standard_error,
)


@dataclass(frozen=True)
class Decision:
    """What a search takes, and what it expects of it.

    Parameters
    ----------
    name : {"stack", "best", "cosine", "euclid"}
    blend : Blend
    single : int
        The candidate that would be taken alone.
    baseline : int
        The better one of the baselines.
    gains : ndarray of shape (n_candidates, n_parts)
        The score of each candidate in each part, larger is better.
    score, baseline_score : ndarray of shape (n_parts,)
        Those of what was taken, nothing of which was chosen or weighted on that part,
        and of the baseline; both at the best scale and shift of the part.
    transfer_score : ndarray of shape (n_parts,)
        That of what was taken, at the scale and shift of the other parts.
    """

    name: str
    blend: Blend
    single: int
    baseline: int
    gains: np.ndarray
    score: np.ndarray
    baseline_score: np.ndarray
    transfer_score: np.ndarray


def decide(held_out, held, rule, combine, n_baselines=2):
    """Decide between a stack, one candidate and a baseline.

    Parameters
    ----------
    held_out : HeldOutScores
        The baselines come first, cosine at the very beginning.
    held : HeldOutPairs
    rule : LogLossRule or ScorerRule
    combine : {"auto", "stack", "best"}
    n_baselines : int, default=2

    Returns
    -------
    decision : Decision
    """
    candidates, raw = held_out.candidates, held_out.scores
    scores, scales = calibrated(raw, held)
    gains = rule.gains(scores, held)
    families = [candidate.family for candidate in candidates]
    plainness = [candidate.plainness for candidate in candidates]
    baseline = int(np.argmax(gains[:n_baselines].mean(axis=1)))

    def best(rows, parts):
        chosen = choose_one(gains[:, parts], plainness)
        return Blend(np.array([chosen]), np.ones(1), 0.0)

    def stack(rows, parts):
        return fit_stack(scores, held, gains[:, parts], families, rows)

    def plain(rows, parts):
        return Blend(np.array([baseline]), np.ones(1), 0.0)

    def transferred(fit):
        """Return what is said of each part without it, at the level of the others."""

        def say(rows, parts):
            blend = in_plain_units(fit(rows, parts), raw, scales[:, parts], held, rows)
            return blend.scores(raw)

        return nested(say, held)

    fits = {"best": best, "stack": stack}
    if combine != "auto":
        fits = {combine: fits[combine]}
    carried = {name: transferred(fit) for name, fit in {**fits, "": plain}.items()}
    # Two numbers for the level of a part, however many members there are: with a scale
    # for each of them, a part would choose its members by its own labels.
    said = {
        name: calibrated(log_odds[None], held)[0][0]
        for name, log_odds in carried.items()
    }
    said[""] = scores[baseline]
    scored = {
        name: rule.gains(log_odds[None], held)[0] for name, log_odds in said.items()
    }
    name = _stack_or_best({name: scored[name] for name in fits})
    everything = slice(None), np.ones(held.n_parts, dtype=bool)
    blend = in_plain_units(fits[name](*everything), raw, scales, held)
    taken = name, carried[name], scored[name]
    learned = (blend.members >= n_baselines).any()
    if not learned or not rule.is_sure(said[name], said[""], held):
        # Its two numbers are those of all pairs, which the fit finds by itself.
        taken = candidates[baseline].family, carried[""], scored[""]
        blend = plain(*everything)
    name, log_odds, score = taken
    return Decision(
        name=name,
        blend=blend,
        single=choose_one(gains, plainness),
        baseline=baseline,
        gains=gains,
        score=score,
        baseline_score=scored[""],
        transfer_score=rule.gains(log_odds[None], held)[0],
    )


def _stack_or_best(scored):
    """Return the stack unless one alone is better by more than a standard error.

    Which candidate looks best is itself a matter of luck, and a sum is less so.
    """
    if len(scored) == 1:
        return next(iter(scored))
    lead = scored["best"] - scored["stack"]
    return "best" if lead.mean() > standard_error(lead) else "stack"
