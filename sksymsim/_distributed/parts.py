# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the training pairs, each of which is somewhere: here or on a worker.

Functions of this module are what is asked of one part. Their answers are lists of
numbers and arrays that are added up over the parts, always in the same order.
"""

from dataclasses import dataclass

import numpy as np

from sksymsim._blocks import working_dtype
from sksymsim._forms import FORMS, difference, row_products, total
from sksymsim._labelled_pairs import LabelledPairs
from sksymsim._layout import make_whole_design
from sksymsim._objective import PairObjective
from sksymsim._validation.items import check_finite_pairs
from sksymsim._validation.targets import check_label_column, check_weights
from sksymsim.pairs import Pairs

# So many answers are added up at one place before the sum goes on.
FAN_IN = 8
# Rows that are looked at together when their differences are measured.
MEASURED_ROWS = 4096


# ------------------------------------------------------------------- as they are read


@dataclass(frozen=True)
class Reading:
    """Pairs with labels and weights, as they were read.

    Parameters
    ----------
    pairs : Pairs
    y : ndarray of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
    """

    pairs: Pairs
    y: np.ndarray
    weights: np.ndarray

    def __sizeof__(self):
        # What moving this to another worker would cost.
        return size_of_pairs(self.pairs) + self.y.nbytes + self.weights.nbytes


@dataclass(frozen=True)
class LabelCounts:
    """What is to be known of all parts before any of them is prepared.

    Parameters
    ----------
    n_pairs, n_features : int
    dtype : numpy.dtype
        Of the products that these pairs are in.
    classes : ndarray
        The labels that occur, sorted.
    totals : ndarray
        The sum of the weights of each, in units of the largest weight.
    counts : ndarray of int
        The pairs of each that have a weight.
    largest : float
        The largest weight.
    """

    n_pairs: int
    n_features: int
    dtype: np.dtype
    classes: np.ndarray
    totals: np.ndarray
    counts: np.ndarray
    largest: float


def size_of_pairs(pairs):
    """Return the bytes of the tables and rows of some pairs."""
    tables = {id(table): table for table in pairs._tables}.values()
    rows = 0 if pairs._rows is None else pairs._rows.nbytes
    return rows + sum(getattr(table, "nbytes", 0) for table in tables)


def read_part(pairs, y, sample_weight):
    """Return pairs with labels and weights, all checked."""
    check_finite_pairs(pairs)
    y = check_label_column(y, len(pairs))
    if sample_weight is None:
        weights = np.ones(len(pairs))
    else:
        weights = check_weights(sample_weight, len(pairs), all_may_be_zero=True)
    return Reading(pairs, y, weights)


def count_labels(part):
    """Return the :class:`LabelCounts` of one part."""
    largest = float(part.weights.max(initial=0.0))
    classes, codes = np.unique(part.y, return_inverse=True)
    shares = part.weights / (largest or 1.0)
    return LabelCounts(
        len(part.pairs),
        part.pairs.shape[2],
        working_dtype(*(table.dtype for table in part.pairs._tables)),
        classes,
        np.bincount(codes, shares, len(classes)),
        np.bincount(codes[shares > 0], minlength=len(classes)),
        largest,
    )


# ------------------------------------------------------------------ as they are fitted


class Part:
    """Some of the training pairs, with the objective over them.

    It is sent as what it was made of: a design is bound to functions of this process.

    Parameters
    ----------
    pairs : Pairs
    similar : ndarray of bool of shape (n_pairs,)
    weights : ndarray of shape (n_pairs,)
        Positive; those of all parts sum to one.
    form : str
        Key of ``FORMS``.
    scale : float
        What to divide the pairs of all parts by.

    Attributes
    ----------
    objective : PairObjective or None
        The loss of these pairs, without a penalty; None without any pair.
    """

    def __init__(self, pairs, similar, weights, form, scale):
        self._made_of = pairs, similar, weights, form, scale
        self.objective = None
        if len(pairs):
            design = make_whole_design(pairs, FORMS[form], weights, scale, similar)
            targets = design.arrange(np.where(similar, 1.0, -1.0))
            weights = design.arrange(weights)
            self.objective = PairObjective(design, None, targets, weights, 0.0, True)

    def __reduce__(self):
        return Part, self._made_of

    def __sizeof__(self):
        return 2 * size_of_pairs(self._made_of[0])


def weigh(part, classes, factors):
    """Return the pairs of a reading that have a weight, with those of the classes."""
    similar = part.y == classes[1]
    weights = part.weights * np.where(similar, factors[1], factors[0])
    return LabelledPairs(part.pairs, similar, weights).of_weight()


def square_difference(part, classes, factors):
    """Return the weighted sum of squared differences, and the largest number."""
    known = weigh(part, classes, factors)
    pairs = known.pairs
    gaps = np.zeros(len(pairs))
    largest = 0.0
    for start in range(0, len(pairs), MEASURED_ROWS):
        rows = slice(start, start + MEASURED_ROWS)
        left, right = (side.astype(np.float64) for side in pairs.block(rows))
        gap = left - right
        gaps[rows] = row_products(gap, gap)
        largest = max(largest, float(abs(left).max()), float(abs(right).max()))
    return float(known.weights @ gaps), largest


def make_part(part, classes, factors, form, scale):
    """Return the part over which an objective is evaluated."""
    known = weigh(part, classes, factors)
    return Part(known.pairs, known.similar, known.weights, form, scale)


# ------------------------------------------------------- what a part is asked for


def loss_and_pull(part, rows, parameters):
    """Return the loss of a part and its gradient by all unknowns, in one walk."""
    objective = part.objective
    value, pulled = objective.design.loss_and_pull(rows, parameters, objective.loss)
    return _listed(value, pulled)


def _listed(value, pulled):
    linear = [] if pulled.linear is None else [pulled.linear]
    return [value, pulled.intercept, *linear, *pulled.arrays]


def sample(part, step):
    """Return targets and weights of every so many pairs."""
    objective = part.objective
    return objective.targets[::step], objective.weights[::step]


def sample_scores(part, rows, parameters, step):
    """Return the log-odds of the pairs of :func:`sample`."""
    design = part.objective.design
    if step > 1:
        # It has no labels, and so it has the order of the pairs.
        design = design.thinned(step)
        return design.scores(rows, parameters)[_order_of(design)]
    return design.scores(rows, parameters)


def _order_of(design):
    """Return where each pair of a design was among those that it was made of."""
    order = design.arrange(np.arange(design.n_pairs))
    return np.argsort(order, kind="stable")


def label_moments(part, with_totals):
    """Return weighted sums for the similar pairs and for the others."""
    objective = part.objective
    weights = [np.where(objective.targets == s, objective.weights, 0) for s in (1, -1)]
    return _moments(objective.design, weights, with_totals, np.float64)


def fisher_moments(part, rows, parameters, with_totals):
    """Return sums weighted with what each pair adds to the information."""
    objective = part.objective
    fisher = objective.fisher(objective.design.scores(rows, parameters))
    return _moments(objective.design, [fisher], with_totals, None)


def _moments(design, weights, with_totals, dtype):
    found = [np.array([w.sum() for w in weights])]
    squares = [difference, total] if with_totals else [difference]
    if with_totals:
        found.append(np.stack([design.mean_total(w) for w in weights]))
    for sides in squares:
        found.append(np.stack([design.moment(sides, w, dtype) for w in weights]))
    return found


# --------------------------------------------------------------------- over all parts


def add(*answers):
    """Return the sum of answers, None for those that have nothing to say."""
    answers = [answer for answer in answers if answer is not None]
    if not answers:
        return None
    first, *others = answers
    result = [np.array(part) if np.ndim(part) else part for part in first]
    for other in others:
        for i, part in enumerate(other):
            result[i] = result[i] + part
    return result


def ask(part, function, *arguments):
    """Return what a function says of a part, None of a part without pairs."""
    return None if part.objective is None else function(part, *arguments)


def in_groups(answers):
    """Cut a list of answers into groups of those that are added up together."""
    return [answers[i : i + FAN_IN] for i in range(0, len(answers), FAN_IN)]


class LocalReadings:
    """Labelled pairs in this process, in parts.

    Parameters
    ----------
    readings : list of Reading
    """

    def __init__(self, readings):
        self._readings = readings

    def each(self, function, *arguments):
        """Return function(part, *arguments) for each part."""
        return [function(part, *arguments) for part in self._readings]

    def prepared(self, *arguments):
        """Return the parts that :func:`make_part` makes of them."""
        return LocalParts(self.each(make_part, *arguments))


class LocalParts:
    """Parts in this process.

    Parameters
    ----------
    parts : list of Part
    """

    def __init__(self, parts):
        self._parts = parts

    def each(self, function, *arguments):
        """Return function(part, *arguments) for each part, None for empty ones."""
        return [ask(part, function, *arguments) for part in self._parts]

    def sum(self, function, *arguments):
        """Return the sum of the lists that function(part, *arguments) returns."""
        answers = self.each(function, *arguments)
        while len(answers) > 1:
            answers = [add(*group) for group in in_groups(answers)]
        return add(*answers)
