# SPDX-License-Identifier: BSD-3-Clause
"""What a search tells of its candidates and of its choice."""

import numpy as np
from scipy.stats import rankdata


def results_of(decision, held_out):
    """Return the attributes of a search that say what was compared, and what is taken.

    Parameters
    ----------
    decision : Decision
    held_out : HeldOutScores

    Returns
    -------
    attributes : dict
    """
    fitted, blend = held_out.candidates, decision.blend
    return {
        "choice_": decision.name,
        "best_index_": decision.single,
        "best_params_": fitted[decision.single].params,
        "members_": [
            {
                "candidate": fitted[i].family,
                "params": fitted[i].params,
                "weight": float(weight),
            }
            for i, weight in zip(blend.members, blend.weights, strict=True)
        ],
        "cv_score_": float(decision.score.mean()),
        "cosine_score_": float(decision.baseline_score.mean()),
        "cv_transfer_score_": float(decision.transfer_score.mean()),
        "cv_results_": _table(decision.gains, held_out),
    }


def _table(gains, held_out):
    """Return the results of all candidates; what failed stands at the end, with NaN."""
    failed = held_out.failed
    candidates = [*held_out.candidates, *failed]
    missing = np.full((len(failed), gains.shape[1]), np.nan)
    gains = np.vstack([gains, missing])
    means = gains.mean(axis=1)
    # As in scikit-learn, what failed comes last.
    ranked = np.where(np.isnan(means), np.inf, -means)
    return {
        "candidate": np.array([c.family for c in candidates], dtype=object),
        "params": [c.params for c in candidates],
        "mean_test_score": means,
        "std_test_score": gains.std(axis=1),
        "rank_test_score": rankdata(ranked, method="min").astype(np.int32),
        "mean_fit_time": np.append(held_out.seconds, np.full(len(failed), np.nan)),
        **{f"split{part}_test_score": gains[:, part] for part in range(gains.shape[1])},
    }
