# SPDX-License-Identifier: BSD-3-Clause
"""From labelled pairs in parts to a fitted classifier: what is counted over parts."""

from dataclasses import dataclass, replace

import numpy as np

from sksymsim._blocks import MAX_FEATURES, Team, effective_threads, working_dtype
from sksymsim._card import card_of
from sksymsim._distributed.parted_design import PartedDesign
from sksymsim._distributed.parted_fitting import fit_parts
from sksymsim._distributed.parts import count_labels, square_difference
from sksymsim._fitting import FitOptions
from sksymsim._forms import FORMS
from sksymsim._matrix_fit import earlier_score
from sksymsim._validation.distributed import check_counts
from sksymsim._validation.sizes import check_matrix_size, check_n_components
from sksymsim._validation.targets import (
    check_both_classes_weighted,
    check_class_weight,
    check_labels,
)
from sksymsim._weights import rate_shift


@dataclass(frozen=True)
class AllLabels:
    """What the parts know of labels and weights, put together.

    Parameters
    ----------
    n_features : int
    dtype : numpy.dtype
    classes : ndarray of shape (2,)
    counts : ndarray of int of shape (2,)
        The pairs of each class that have a weight.
    factors : ndarray of shape (2,)
        What the weights of each class are multiplied with, for a sum of one.
    rates : ndarray of shape (2,)
        The share of the total weight that each class has.
    """

    n_features: int
    dtype: np.dtype
    classes: np.ndarray
    counts: np.ndarray
    factors: np.ndarray
    rates: np.ndarray


def put_together(found, class_weight):
    """Return the :class:`AllLabels` of some :class:`LabelCounts`."""
    check_counts(found)
    with_labels = [part for part in found if part.n_pairs]
    labels = np.concatenate([part.classes for part in with_labels])
    classes, _ = check_labels(labels, len(labels))
    largest = max(part.largest for part in with_labels)
    totals, counts = np.zeros(2), np.zeros(2, dtype=np.int64)
    for part in with_labels:
        where = np.searchsorted(classes, part.classes)
        # In units of the largest weight of all, as sums of such may overflow.
        totals[where] += part.totals * (part.largest / (largest or 1.0))
        counts[where] += part.counts
    similar = np.array([False, True])
    check_both_classes_weighted(similar, totals)
    if class_weight == "balanced":
        factors = 1 / totals
    else:
        factors = np.asarray(check_class_weight(class_weight, classes))
    factors = factors / factors.max() if factors.max() > 0 else factors
    check_both_classes_weighted(similar, totals * factors)
    rates = totals * factors
    factors = factors / rates.sum() / (largest or 1.0)
    kept = np.where(factors > 0, counts, 0)
    dtype = working_dtype(*(part.dtype for part in with_labels))
    n_features = with_labels[0].n_features
    return AllLabels(n_features, dtype, classes, kept, factors, rates / rates.sum())


def common_scale(found):
    """Return the root of the mean squared difference, given sums of each part."""
    squares, largest = zip(*found, strict=True)
    mean = sum(squares)
    if mean > 0:
        return float(np.sqrt(mean))
    # Only identical sides, as for one design.
    return max(largest) if max(largest) > 0 else 1.0


def fit_readings(model, readings):
    """Fit a classifier to labelled pairs in parts.

    Parameters
    ----------
    model : SymmetricPairClassifier
        Its parameters are checked already. It is fitted afterwards.
    readings : LocalReadings or the like

    Returns
    -------
    result : SolverResult
    """
    known = put_together(readings.each(count_labels), model.class_weight)
    check_matrix_size(known.n_features, MAX_FEATURES)
    check_n_components(model.n_components, known.n_features)
    options, form = FitOptions.of(model), FORMS[model.form]
    if options.n_components == known.n_features:
        options = replace(options, n_components=None)
    chosen = known.classes, known.factors
    scale = common_scale(readings.each(square_difference, *chosen))
    parts = readings.prepared(*chosen, model.form, scale)
    sizes = int(known.counts.sum()), known.n_features
    with Team(effective_threads(model.n_jobs)) as team:
        design = PartedDesign(parts, form, *sizes, scale, known.dtype, team)
        solution = fit_parts(
            design,
            model.prior,
            model.shrinkage,
            options,
            psd=model.psd,
            earlier=earlier_score(model, known.n_features),
        )
    shift = rate_shift(model.similar_rate, np.array([False, True]), known.rates)
    model._keep(solution, known.classes, shift)
    model.n_features_in_ = known.n_features
    counts = sizes[0], int(known.counts[1])
    scores = {"objective": model.objective_}
    model._card = card_of(model, known.n_features, counts, scores)
    return solution.result
