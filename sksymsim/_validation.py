# SPDX-License-Identifier: BSD-3-Clause
"""Every check of the library and the text of every error."""

import numbers

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sksymsim._blocks import release_pages
from sksymsim._validation_frames import is_foreign, plain_array, to_array

WRAP = "wrap the two sides: Pairs(X_a, X_b)"


# ---------------------------------------------------------------- arrays of items


def check_table(table, name):
    """Return rows of numbers as a 2-D ndarray or CSR, never copied without need.

    Parameters
    ----------
    table : {array-like, sparse matrix}
        One row per item.
    name : str
        What the error text calls it.
    """
    if sparse.issparse(table):
        table = _canonical_csr(table)
    else:
        table = to_array(table, name)
    _check_numeric(table, name)
    if table.ndim != 2:
        hint = ""
        if table.ndim == 1:
            hint = "; one embedding still needs two dimensions: x.reshape(1, -1)"
        raise ValueError(
            f"{name} must be 2-D (n_rows, n_features), got {table.ndim}-D with shape "
            f"{table.shape}{hint}."
        )
    if table.shape[1] == 0:
        raise ValueError(f"{name} has 0 features (shape {table.shape}).")
    return table


def _canonical_csr(table):
    """Return CSR with sorted columns, each once; the input is not changed.

    Sums over a row then always run in one order, which symmetry bit for bit needs.
    """
    table = table.tocsr()
    if not table.has_canonical_format:
        table = table.copy()
        table.sum_duplicates()
    return table


def _check_numeric(table, name):
    if table.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} has dtype {table.dtype}; stack the "
            "real and imaginary parts as features."
        )
    if table.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} must hold numbers, got dtype {table.dtype}; embeddings are "
            "arrays of floats (use .astype(float) if they are numbers in disguise)."
        )


def check_sides(left, right):
    """Return both sides of some pairs as tables of one shape and one kind."""
    tables = [check_table(left, "left"), check_table(right, "right")]
    if tables[0].shape != tables[1].shape:
        raise ValueError(
            "left and right must have the same shape, got "
            f"{tables[0].shape} and {tables[1].shape}; row i of both is pair i."
        )
    if any(sparse.issparse(table) for table in tables):
        tables = [_canonical_csr(sparse.csr_matrix(table)) for table in tables]
    return tuple(tables)


def check_index(index, n_items):
    """Return a table of row numbers of shape (n_pairs, 2), all in range."""
    index = np.asarray(plain_array(index, "index"))
    # Nothing has no type: empty lists and tables are float64 in NumPy.
    if index.shape in ((0,), (0, 2)):
        index = np.empty((0, 2), dtype=np.intp)
    if index.dtype.kind not in "iu":
        raise TypeError(
            f"index must hold integers (rows of items), got dtype {index.dtype}; for "
            "ids use Pairs.from_frame."
        )
    if index.ndim != 2 or index.shape[1] != 2:
        raise ValueError(
            f"index must have shape (n_pairs, 2), got {index.shape}: two rows of items "
            "for each pair."
        )
    wrong = (index < 0) | (index >= n_items)
    if wrong.any():
        pair, side = np.argwhere(wrong)[0]
        raise IndexError(
            f"index holds {int(wrong.sum())} number(s) outside 0..{n_items - 1}, the "
            f"first is {index[pair, side]} in pair {pair}; negative numbers do not "
            "count from the end."
        )
    return index


def check_mapped(mapped, rows):
    """Return what a function made of some rows, if it still has as many."""
    mapped = check_table(mapped, "the mapped items")
    if mapped.shape[0] != rows.shape[0]:
        raise ValueError(
            f"the function turned {rows.shape[0]} rows into {mapped.shape[0]}; it must "
            "return one row for each."
        )
    return mapped


def check_items(X, n_features=None, owner="the model", name="X", allow_nan=False):
    """Return single items, 2-D and finite, of the width that the model knows.

    With `allow_nan`, NaN and infinity are left to :func:`check_finite_items`.
    """
    if hasattr(X, "map_items"):
        raise TypeError(
            f"{name} must be single items, one row each, not Pairs; pass pairs.left, "
            "pairs.right or pairs.items."
        )
    X = check_table(X, name)
    if X.shape[0] == 0:
        raise ValueError(f"{name} has no rows (n_samples=0).")
    check_width(X.shape[1], n_features, owner)
    if not allow_nan:
        check_finite_items(X, name)
    return X


def check_finite_items(X, name="X"):
    """Refuse NaN and infinity in single items."""
    _check_finite([(name, X)])


def check_width(width, n_features, owner):
    """Refuse rows of another width than those of the fit."""
    if n_features is not None and width != n_features:
        raise ValueError(
            f"X has {width} features, but {owner} is expecting {n_features} features "
            "as input."
        )


# ---------------------------------------------------------------------- pairs


def check_pairs(X, *, n_features=None, owner="the model", min_pairs=1, allow_nan=False):
    """Return any accepted description of pairs as ``Pairs``.

    Parameters
    ----------
    X : Pairs, ndarray of shape (n_pairs, 2, n_features) or tuple of two arrays
        The pairs.
    n_features : int, default=None
        The width to insist on.
    owner : str
        Who insists, for the error text.
    min_pairs : int, default=1
        The least number of pairs.
    allow_nan : bool, default=False
        Whether NaN and infinity are left to whoever comes next, or to
        :func:`check_finite_pairs`.
    """
    pairs = _as_pairs(X)
    n_pairs, _, width = pairs.shape
    if n_pairs < min_pairs:
        what = "no pairs" if n_pairs == 0 else f"only {n_pairs} pair"
        raise ValueError(
            f"Found {what} (n_samples={n_pairs}) while a minimum of {min_pairs} is "
            "required."
        )
    check_width(width, n_features, owner)
    if not allow_nan:
        check_finite_pairs(pairs)
    return pairs


def _as_pairs(X):
    from sksymsim.pairs import Pairs

    if isinstance(X, Pairs):
        return X
    if isinstance(X, tuple):
        if len(X) != 2:
            raise ValueError(
                f"a tuple of pairs must be (X_a, X_b), got {len(X)} entries; {WRAP}."
            )
        return Pairs(*X)
    if isinstance(X, np.ndarray) or is_foreign(X):
        return _pairs_of_array(to_array(X), Pairs)
    if isinstance(X, list):
        raise TypeError(
            "pairs must not be given as a list. If this is (X_a, X_b) cut by a "
            f"cross-validation, {WRAP} before splitting, so that pairs are split "
            "and not the sides; otherwise use numpy.stack to make a 3-D array."
        )
    raise TypeError(
        f"pairs must be Pairs, an array (n_pairs, 2, n_features) or a tuple "
        f"(X_a, X_b), got {type(X).__name__}; {WRAP}."
    )


def _pairs_of_array(X, pairs_type):
    if X.ndim != 3 or X.shape[1] != 2:
        hint = WRAP
        if X.ndim == 2:
            hint = "items alone are not pairs; " + WRAP
        elif X.ndim == 3:
            hint = f"axis 1 must hold the two sides, not {X.shape[1]}"
        raise ValueError(
            "an array of pairs must have shape (n_pairs, 2, n_features), got "
            f"{X.ndim}-D with shape {X.shape}: {hint}."
        )
    _check_numeric(X, "X")
    return pairs_type(X[:, 0], X[:, 1])


def check_finite_pairs(pairs):
    """Refuse NaN and infinity in the rows that the pairs use."""
    tables = dict(zip(("left", "right"), pairs._tables, strict=True))
    if pairs.items is not None:
        tables = {"items": pairs.items}
    if not any(_count_not_finite(table) for table in tables.values()):
        return
    # Rows that no pair uses may hold anything.
    used = pairs.compact()
    if used.items is not None and not _count_not_finite(used.items):
        return
    _check_finite(list(zip(("left", "right"), pairs.block(slice(None)), strict=True)))


def _check_finite(tables):
    found = []
    for name, table in tables:
        n_nan, n_inf = _count_not_finite(table) or (0, 0)
        if n_nan or n_inf:
            rows = _count_bad_rows(table)
            found.append(f"{name} contains {n_nan} NaN and {n_inf} infinity in {rows}")
    if found:
        raise ValueError(
            "; ".join(found) + ". Drop those rows or impute them before (for example "
            "with SharedTransformer(SimpleImputer()))."
        )


def _count_not_finite(table):
    """Count NaN and infinities; None if there are none."""
    values = table.data if sparse.issparse(table) else table
    if values.dtype.kind != "f":
        return None
    # The sum is finite if all values are, save for an overflow: a cheap first look
    # in blocks, so that a memory map is never read as a whole.
    step = max(1, (1 << 22) // max(1, values[:1].size))
    n_nan = n_inf = 0
    for start in range(0, values.shape[0], step):
        part = values[start : start + step]
        with np.errstate(over="ignore", invalid="ignore"):
            total = part.sum(dtype=np.float64)
        if not np.isfinite(total):
            n_nan += int(np.isnan(part).sum())
            n_inf += int(np.isinf(part).sum())
        release_pages(part)
    return (n_nan, n_inf) if n_nan or n_inf else None


def _count_bad_rows(table):
    if sparse.issparse(table):
        bad = np.unique(table.tocoo().row[~np.isfinite(table.data)])
    else:
        bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    return f"{bad.size} row{'s' * (bad.size != 1)} (the first is row {bad[0]})"


# --------------------------------------------------------------- labels and weights


def check_label_column(y, n_pairs):
    """Return one label for each pair, which may be all of one class."""
    if y is None:
        raise ValueError(
            "requires y to be passed, but the target y is None: fit needs one label "
            "for each pair."
        )
    y = column_or_1d(plain_array(y, "y"), warn=True)
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    if len(y) != n_pairs:
        raise ValueError(f"got {n_pairs} pairs but {len(y)} labels in y.")
    return y


def check_labels(y, n_pairs):
    """Return the two classes and, for each pair, whether it is of the greater one.

    Returns
    -------
    classes : ndarray of shape (2,)
        Sorted; the second one means "similar".
    similar : ndarray of bool of shape (n_pairs,)
    """
    y = check_label_column(y, n_pairs)
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if classes.size == 1:
        raise ValueError(
            f"y holds one class only ({classes[0]!r}); learning needs similar and "
            "dissimilar pairs. make_pairs draws both from class labels."
        )
    if classes.size > 2:
        shown = ", ".join(repr(c) for c in classes[:5].tolist())
        raise ValueError(
            f"Only binary classification is supported: y holds {classes.size} classes "
            f"({shown}{', ...' * (classes.size > 5)}); a pair is similar or it is not. "
            "For class labels of single items use make_pairs."
        )
    return classes, codes == 1


def check_weights(sample_weight, n_pairs, *, all_may_be_zero=False):
    """Return weights as float64, not negative and not all zero; None stays None."""
    if sample_weight is None:
        return None
    weights = np.asarray(plain_array(sample_weight, "sample_weight"))
    if weights.dtype.kind not in "fiub":
        raise TypeError(
            f"sample_weight must hold real numbers, got dtype {weights.dtype}."
        )
    weights = weights.astype(np.float64)
    if weights.ndim == 0:
        weights = np.full(n_pairs, float(weights))
    if weights.shape != (n_pairs,):
        raise ValueError(
            f"sample_weight must have shape ({n_pairs},), got {weights.shape}: one "
            "weight for each pair."
        )
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight contains NaN or infinity.")
    if (weights < 0).any():
        raise ValueError(
            f"sample_weight holds {int((weights < 0).sum())} negative weights; weights "
            "must be >= 0."
        )
    if not (all_may_be_zero or weights.any()):
        raise ValueError("sample_weight is zero everywhere; nothing is left to fit.")
    return weights


def check_class_weight(class_weight, classes):
    """Return the factors of the two classes; classes that are not named have 1."""
    names = classes.tolist()
    given = {} if class_weight is None else class_weight
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(
            f"class_weight names {unknown[0]!r}, which is not among the classes of y: "
            f"{names}."
        )
    factors = [given.get(name, 1.0) for name in names]
    if not all(factor in Number(float, 0) for factor in factors):
        raise ValueError(
            f"class_weight must map classes to finite numbers >= 0, got {given}."
        )
    return [float(factor) for factor in factors]


def check_both_classes_weighted(similar, weights):
    """Refuse weights under which one class has no weight at all."""
    for mask, name in ((similar, "similar"), (~similar, "dissimilar")):
        if not weights[mask].any():
            raise ValueError(
                f"all {name} pairs have zero weight, so only one class is left; "
                "check sample_weight and class_weight."
            )


def check_similar_rate(similar_rate, fit_intercept):
    """Refuse to move an intercept that is held at zero."""
    if similar_rate is not None and not fit_intercept:
        raise ValueError(
            "similar_rate moves the intercept, and fit_intercept=False holds it at 0; "
            "leave one of them at its default."
        )


def check_n_components(n_components, n_features):
    """Refuse more components than there are features."""
    if n_components is not None and n_components > n_features:
        raise ValueError(
            f"n_components={n_components} must be at most the number of features, "
            f"which is {n_features}; None leaves the rank free."
        )


def check_matrix_size(n_features, limit):
    """Refuse to fit matrices that would not fit into memory."""
    if n_features > limit:
        raise ValueError(
            f"X has {n_features} features; forms and priors hold matrices of that size "
            f"squared and take at most {limit}. Reduce the items first, for example "
            "with SharedTransformer(TruncatedSVD(n_components=256)) in a Pipeline; or "
            "take KernelPairClassifier(prior=None), which holds none."
        )


# ------------------------------------------------------------------- parameters


def check_prior_matrix(matrix, n_features, *, psd):
    """Return a prior metric given as an array: symmetric, and not negative if asked."""
    matrix = np.asarray(matrix)
    if matrix.dtype.kind not in "fiu":
        raise TypeError(f"prior must hold real numbers, got dtype {matrix.dtype}.")
    matrix = matrix.astype(np.float64)
    if matrix.shape != (n_features, n_features):
        raise ValueError(
            f"prior must have shape ({n_features}, {n_features}) to match the features "
            f"of X, got {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        raise ValueError("prior contains NaN or infinity.")
    size = np.abs(matrix).max()
    if size == 0:
        raise ValueError("prior is zero everywhere; use prior='identity'.")
    if np.abs(matrix - matrix.T).max() > 1e-8 * size:
        raise ValueError("prior must be symmetric; use (prior + prior.T) / 2.")
    if psd:
        smallest = np.linalg.eigvalsh(matrix / size)[0]
        if smallest < -1e-8:
            raise ValueError(
                "prior must be positive semidefinite, but its smallest eigenvalue is "
                f"{smallest * size:.3g}; pass another prior or, to "
                "SymmetricPairClassifier, psd=False."
            )
    return matrix


def check_n_best(k, n_base):
    """Refuse to look for more items than there are, or for none."""
    if k not in Number(int, 1):
        raise ValueError(f"k must be {Number(int, 1)}, got {_shorten(k)}.")
    if k > n_base:
        raise ValueError(
            f"k={k} must be at most the number of items in X_base, which is {n_base}."
        )


class Choice:
    """One of some strings."""

    def __init__(self, *options):
        self.options = options

    def __contains__(self, value):
        return isinstance(value, str) and value in self.options

    def __str__(self):
        return "one of " + ", ".join(repr(option) for option in self.options)


class Number:
    """A number of one kind in an interval; ends are closed unless said."""

    def __init__(self, kind, low, high=None, *, open_low=False, open_high=False):
        self.kind, self.low, self.high = kind, low, high
        self.open_low, self.open_high = open_low, open_high

    def __contains__(self, value):
        kind = numbers.Integral if self.kind is int else numbers.Real
        if not isinstance(value, kind) or isinstance(value, bool | np.bool_):
            return False
        above = value > self.low if self.open_low else value >= self.low
        if self.high is None:
            return bool(above and np.isfinite(value))
        below = value < self.high if self.open_high else value <= self.high
        return bool(above and below)

    def __str__(self):
        kind = "an int" if self.kind is int else "a float"
        if self.high is None:
            return f"{kind} {'>' if self.open_low else '>='} {self.low}"
        ends = f"{'(' if self.open_low else '['}{self.low}, {self.high}"
        return f"{kind} in {ends}{')' if self.open_high else ']'}"


class Jobs:
    """A number of threads as joblib takes it."""

    def __contains__(self, value):
        return value in Number(int, 1) or (value in Number(int, -(2**31), -1))

    def __str__(self):
        return "an int other than 0 (-1 for all processors)"


class Instance:
    """A value of some type, or an object that has some methods."""

    def __init__(self, text, types=(), methods=()):
        self.text, self.types, self.methods = text, types, methods

    def __contains__(self, value):
        if self.methods and not isinstance(value, type):
            return all(hasattr(value, method) for method in self.methods)
        return isinstance(value, self.types)

    def __str__(self):
        return self.text


NONE = Instance("None", (type(None),))
BOOL = Instance("a bool", (bool, np.bool_))
N_JOBS = Jobs()
RANDOM_STATE = Instance(
    "an int, a numpy.random.RandomState instance or None",
    (numbers.Integral, np.random.RandomState, type(None)),
)


def check_parameters(estimator, allowed):
    """Check the constructor's parameters against a table of what they may be.

    Parameters
    ----------
    estimator : estimator
        Its parameters are read, not written.
    allowed : dict of str to list
        For each name, the constraints of which one must hold.
    """
    for name, constraints in allowed.items():
        value = getattr(estimator, name)
        if not any(value in constraint for constraint in constraints):
            texts = [str(constraint) for constraint in constraints]
            text = " or ".join(
                [", ".join(texts[:-1]), texts[-1]] if texts[1:] else texts
            )
            raise ValueError(
                f"The {name!r} parameter of {type(estimator).__name__} must be {text}. "
                f"Got {_shorten(value)} instead."
            )


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
