# SPDX-License-Identifier: BSD-3-Clause
"""How often 95 % intervals hold the true value, on simulated pairs that share items.

Those of ``pair_report`` beside those of a bootstrap of pairs, which takes pairs for
independent. Each simulation draws new items and new pairs; the truth is the value on a
sample of half a million pairs, drawn in the same way. It counts, so it can run on a
busy machine::

    python benchmarks/coverage.py --out benchmarks/results/coverage.csv
"""

import argparse
import csv

import numpy as np
from scipy.special import expit

from sksymsim._evaluation.bootstrap import spread
from sksymsim.report import Comparison, make_table

N_ITEMS = 200
PAIRS_PER_ITEM = 10
TRUTH_ITEMS = 100_000
N_REPLICATES = 200
CONFIDENCE = 0.95
FAR, P_TARGET = (0.1,), 0.2


def random_index(rng, n_items):
    """Return distinct pairs of items, each in about ten of them."""
    n_pairs = n_items * PAIRS_PER_ITEM // 2
    index = np.sort(rng.integers(n_items, size=(2 * n_pairs, 2)), axis=1)
    index = index[index[:, 0] != index[:, 1]]
    keys = index[:, 0] * n_items + index[:, 1]
    first = np.unique(keys, return_index=True)[1]
    return index[np.sort(first)[:n_pairs]]


def of_pair(effects, index):
    return effects[index].sum(axis=1)


def item_effects(rng, n_items):
    """Labels and scores depend on the items, and scores on noise of their own."""
    index = random_index(rng, n_items)
    label_effect, score_effect, other_effect = rng.normal(size=(3, n_items))
    similar = rng.random(len(index)) < expit(-0.5 + 0.8 * of_pair(label_effect, index))
    shared = 1.6 * similar - 0.8 + 0.8 * of_pair(score_effect, index)
    model = shared + 0.7 * rng.normal(size=len(index))
    other = shared + 0.5 * of_pair(other_effect, index) + rng.normal(size=len(index))
    return similar, {"model": model, "other": other}, index


def independent(rng, n_items):
    """Items play no role: pairs are independent although they share items."""
    index = random_index(rng, n_items)
    similar = rng.random(len(index)) < 0.4
    model = 1.6 * similar - 0.9 + rng.normal(size=len(index))
    other = 0.8 * model + rng.normal(size=len(index))
    return similar, {"model": model, "other": other}, index


def _of_classes(rng, n_items, class_size):
    """Return half similar pairs, within classes of items, and half dissimilar ones."""
    n_half = n_items * PAIRS_PER_ITEM // 4
    n_classes = n_items // class_size
    first = rng.integers(n_items, size=2 * n_half)
    jump = rng.integers(1, class_size, size=2 * n_half)
    within = (first + n_classes * jump) % (n_classes * class_size)
    elsewhere = (first + rng.integers(1, n_classes, size=2 * n_half)) % n_items
    second = np.where(np.arange(2 * n_half) < n_half, within, elsewhere)
    index = np.column_stack([first, second])
    classes = np.arange(n_items) % n_classes
    return index, classes, classes[first] == classes[second]


def class_effects(rng, n_items):
    """Whole classes score high or low, and they are given as groups."""
    index, classes, similar = _of_classes(rng, n_items, 2)
    of_class = rng.normal(size=(2, classes.max() + 1))
    units = classes[index]
    shared = 1.6 * similar - 0.8 + 0.8 * of_pair(of_class[0], units)
    model = shared + 0.7 * rng.normal(size=len(index))
    other = shared + 0.5 * of_pair(of_class[1], units) + rng.normal(size=len(index))
    return similar, {"model": model, "other": other}, units


SETTINGS = {
    function.__name__: function
    for function in (item_effects, independent, class_effects)
}


def compare(similar, scores):
    weights = np.ones(len(similar))
    return Comparison(similar, scores, weights, FAR, P_TARGET, None), weights


def naive_intervals(comparison, n_pairs, rng):
    """Return the percentiles of a bootstrap of pairs."""
    shares = np.full(n_pairs, 1 / n_pairs)
    drawn = rng.multinomial(n_pairs, shares, size=N_REPLICATES).astype(float)
    levels = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return np.quantile(comparison.values(drawn), levels, axis=0)


def simulate(draw, n_simulations, seed):
    """Yield one row for each number of the report."""
    similar, scores, _ = draw(np.random.default_rng([seed, 0]), TRUTH_ITEMS)
    comparison, weights = compare(similar, scores)
    truth = comparison.values(weights[None])[0]
    keys = [(measure.name, of) for of, measure in comparison.columns()]
    found = []
    for number in range(n_simulations):
        rng = np.random.default_rng([seed, 1, number])
        similar, scores, units = draw(rng, N_ITEMS)
        comparison, weights = compare(similar, scores)
        spreads = spread(
            comparison.values,
            units,
            weights,
            N_REPLICATES,
            np.random.RandomState(number),
        )
        entries = make_table(comparison.columns(), spreads, CONFIDENCE)
        ours = {(entry["metric"], entry["of"]): entry for entry in entries}
        rows = [ours[key] for key in keys]
        low, high = naive_intervals(comparison, len(weights), rng)
        columns = [[row[name] for row in rows] for name in ("estimate", "low", "high")]
        found.append(np.array([*columns, low, high]))
    estimate, low, high, naive_low, naive_high = np.array(found).swapaxes(0, 1)
    for k, (metric, of) in enumerate(keys):
        ours = (low[:, k] <= truth[k]) & (truth[k] <= high[:, k])
        naive = (naive_low[:, k] <= truth[k]) & (truth[k] <= naive_high[:, k])
        widths = (high - low)[:, k].mean(), (naive_high - naive_low)[:, k].mean()
        yield {
            "metric": metric,
            "of": of,
            "truth": f"{truth[k]:.4f}",
            "mean_estimate": f"{estimate[:, k].mean():.4f}",
            "coverage": f"{ours.mean():.3f}",
            "coverage_of_pair_bootstrap": f"{naive.mean():.3f}",
            "mean_width": f"{widths[0]:.4f}",
            "mean_width_of_pair_bootstrap": f"{widths[1]:.4f}",
            "n_simulations": n_simulations,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = []
    for name, draw in SETTINGS.items():
        for row in simulate(draw, options.simulations, options.seed):
            rows.append({"setting": name, **row})
            print(rows[-1], flush=True)
    with open(options.out, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
