# SPDX-License-Identifier: BSD-3-Clause
"""Tables, pairs, labels, weights and scores at random, good and bad."""

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from sksymsim import Pairs

SIZES = st.sampled_from([8, 0, 1, 2, 3, 5, 8, 8, 13, 13, 30, 30])
WIDTHS = st.sampled_from([1, 1, 2, 3, 5])
SCALES = [1.0, 1.0, 1.0, 1e-3, 1e6, 1e15, 1e30, 1e-15, 1e-30, 1e-300, 5e-324]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e30, -1e30, 1e-300, 5e-324, -5e-324, 1e-38, 65504.0]
NUMBERS = ["f2", "f4", "f8", "f8", "i1", "u1", "i4", "i8", "u8", "?", ">f4", "g"]
NO_NUMBERS = ["O", "c8", "U3", "M8[s]", "S2"]
LAYOUTS = ["C", "C", "F", "backwards", "strided", "readonly"]


class Draw:
    """Draws values for one example, and remembers them for the report."""

    def __init__(self, data):
        self._data = data
        self.told = []

    def __call__(self, strategy, name=None):
        value = self._data.draw(strategy)
        if name:
            self.told.append(f"{name}={value!r}")
        return value

    def of(self, *options, name=None):
        """Return one of some options."""
        return self(st.sampled_from(options), name)

    def maybe(self, share=0.1):
        """Say yes in about such a share of the examples."""
        return self(st.integers(0, 99)) >= 100 * (1 - share)

    def rng(self):
        """Return a generator of numbers that need not become smaller or simpler."""
        return np.random.default_rng(self(st.integers(0, 2**16)))

    def tell(self, name, value):
        """Remember a value that was put together, and return it."""
        with np.printoptions(threshold=24, edgeitems=2):
            self.told.append(f"{name}={' '.join(repr(value).split())[:400]}")
        return value


def array(draw, shape, name="array", *, bad=0.06):
    """Draw an array of some shape: any numbers, any dtype, any layout.

    Parameters
    ----------
    draw : Draw
    shape : tuple of int
    name : str
        For the report.
    bad : float
        The share of arrays that are to be refused.
    """
    rng = draw.rng()
    values = rng.normal(size=shape)
    kind = draw.of("normal", "normal", "whole", "special", "constant", "one scale")
    if kind == "whole":
        values = rng.integers(-2, 3, size=shape).astype(float)
    elif kind == "constant":
        values = np.full(shape, draw.of(*SPECIAL))
    elif kind == "special":
        values = np.where(
            rng.random(shape) < 0.3, rng.choice(SPECIAL, size=shape), values
        )
    elif kind == "one scale":
        values = values * draw.of(*SCALES)
    if draw.maybe(0.15) and values.ndim and len(values):
        values = values[rng.integers(0, len(values), size=len(values))]
    with np.errstate(all="ignore"):
        if draw.maybe(bad):
            values = _spoilt(draw, values, rng)
        else:
            values = values.astype(draw.of(*NUMBERS))
            if values.dtype.kind == "f":
                # What does not fit into a narrow type is infinite there.
                values = np.nan_to_num(values)
    return draw.tell(name, laid_out(draw, values))


def _spoilt(draw, values, rng):
    how = draw.of("nan", "inf", "dtype", "dtype")
    if how == "dtype":
        kind = draw.of(*NO_NUMBERS)
        # NumPy makes scalars of arrays without axes.
        return np.asarray(np.nan_to_num(values)).astype("i8").astype(kind)
    values = values.copy()
    if values.size:
        place = np.unravel_index(rng.integers(values.size), values.shape)
        values[place] = np.nan if how == "nan" else rng.choice([-np.inf, np.inf])
    return values


def laid_out(draw, values):
    """Return the same values as they may lie in memory."""
    how = draw.of(*LAYOUTS)
    if how == "F":
        return np.asfortranarray(values)
    if values.ndim and how == "backwards":
        return np.ascontiguousarray(values[::-1])[::-1]
    if values.ndim and how == "strided":
        return np.repeat(values, 2, axis=0)[::2]
    if how == "readonly":
        values = np.array(values)
        values.flags.writeable = False
    return values


def table(draw, n_rows=None, width=None, name="X", *, bad=0.06, allow_sparse=False):
    """Draw rows of items, rarely of another number of axes."""
    n_rows = draw(SIZES) if n_rows is None else n_rows
    width = draw(WIDTHS) if width is None else width
    shape = (n_rows, width)
    if draw.maybe(bad / 3):
        shape = draw.of((), (n_rows,), (n_rows, 0), (n_rows, width, 1), (0, width))
    result = array(draw, shape, name, bad=bad)
    if allow_sparse and result.ndim == 2 and result.dtype.kind in "fiu":
        if result.dtype.isnative and result.dtype.char not in "eg" and draw.maybe(0.15):
            return draw.of(sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix)(
                result
            )
    return result


def index(draw, n_items, n_pairs=None, *, bad=0.04):
    """Draw rows of items for each pair: chains, stars, repeats, pairs of one item."""
    n_pairs = draw(SIZES) if n_pairs is None else n_pairs
    rng = draw.rng()
    most = max(n_items, 1)
    result = rng.integers(0, most, size=(n_pairs, 2))
    rows = np.arange(n_pairs)
    kind = draw.of("any", "any", "self", "star", "chain", "twice", "both", "few")
    if kind == "self":
        result[: n_pairs // 2 + 1, 1] = result[: n_pairs // 2 + 1, 0]
    elif kind == "star":
        result[:, draw.of(0, 1)] = 0
    elif kind == "chain":
        result = np.column_stack([rows % most, (rows + 1) % most])
    elif kind == "twice" and n_pairs:
        result = result[rows // 2]
    elif kind == "both" and n_pairs:
        result = np.where((rows % 2 == 0)[:, None], result[rows // 2], 0)
        result[1::2] = result[: 2 * (n_pairs // 2) : 2, ::-1]
    elif kind == "few":
        result = result % min(most, 2)
    if draw.maybe(bad):
        result = _out_of_range(draw, result, n_items)
    result = result.astype(draw.of(result.dtype, result.dtype, "i4", "u8"))
    return draw.tell("index", laid_out(draw, result))


def pairs(draw, n_pairs=None, width=None, *, bad=0.06, name="pairs", by_sides=True):
    """Draw pairs in any form that methods take; may raise what Pairs raise."""
    n_pairs = draw(SIZES) if n_pairs is None else n_pairs
    width = draw(WIDTHS) if width is None else width
    form = draw.of("index", "index", "sides", "array", *["tuple"] * by_sides)
    draw.told.append(f"form={form!r}")
    if form == "index":
        return index_pairs(draw, n_pairs, width, bad=bad)
    if form == "array":
        return _as_it_is, (array(draw, (n_pairs, 2, width), name, bad=bad),)
    left = table(draw, n_pairs, width, "left", bad=bad, allow_sparse=True)
    right = table(draw, n_pairs, width, "right", bad=bad / 2, allow_sparse=True)
    return Pairs if form == "sides" else _both, (left, right)


def _out_of_range(draw, rows, n_items):
    """Return rows of items that are none."""
    how = draw.of("negative", "large", "float", "shape", "huge")
    if how == "float":
        return rows + 0.5
    if how == "shape":
        return rows.ravel()
    if len(rows):
        rows = rows.copy()
        rows[0, 0] = {"negative": -1, "large": n_items, "huge": 2**62}[how]
    return rows


def index_pairs(draw, n_pairs=None, width=None, *, bad=0.06):
    """Draw pairs that are an index into a table."""
    n_pairs = draw(SIZES) if n_pairs is None else n_pairs
    width = draw(WIDTHS) if width is None else width
    items = table(draw, draw(SIZES), width, "items", bad=bad, allow_sparse=True)
    n_items = items.shape[0] if len(items.shape) else 0
    return Pairs.from_index, (items, index(draw, n_items, n_pairs, bad=bad / 2))


def _as_it_is(value):
    return value


def _both(left, right):
    return left, right


def labels(draw, n, *, bad=0.06):
    """Draw labels of two classes, of any kind, rarely of one, three or none."""
    rng = draw.rng()
    how = draw.of("even", "even", "rare", "any")
    codes = np.arange(n) % 2
    if how == "rare":
        codes = (np.arange(n) == n // 2).astype(int)
    elif how == "any":
        codes = rng.integers(0, 2, size=n)
    names = draw.of([0, 1], [0, 1], [-1, 1], [False, True], ["no", "yes"], [0.0, 1.0])
    names = np.array(names)
    if draw.maybe(0.1):
        names = names.astype(object)
    y = names[codes]
    if draw.maybe(bad):
        how = draw.of("one", "three", "none", "short", "float", "nan", "2-D", "mixed")
        y = {
            "one": lambda: np.full(n, names[0]),
            "three": lambda: np.arange(n) % 3,
            "none": lambda: None,
            "short": lambda: y[1:],
            "float": lambda: rng.normal(size=n),
            "nan": lambda: np.where(np.arange(n) == 0, np.nan, codes),
            "2-D": lambda: np.column_stack([codes, codes]),
            "mixed": lambda: np.array([["a", 1, None][i % 3] for i in range(n)], "O"),
        }[how]()
    elif draw.maybe(0.2):
        y = y.tolist()
    else:
        y = laid_out(draw, y)
    return draw.tell("y", y)


def weights(draw, n, *, bad=0.04):
    """Draw weights: none, some zero, tiny and huge."""
    rng = draw.rng()
    how = draw.of("none", "none", "plain", "zeros", "tiny", "huge", "mixed")
    if draw.maybe(bad):
        how = draw.of("negative", "all zero", "nan", "short", "strings", "2-D")
    ones = np.ones(n)
    result = {
        "none": lambda: None,
        "plain": lambda: rng.random(n) + 0.1,
        "zeros": lambda: (rng.random(n) < 0.7).astype(float),
        "tiny": lambda: np.full(n, draw.of(1e-30, 5e-324, 1e-300)),
        "huge": lambda: np.full(n, draw.of(1e30, 1e300)),
        "mixed": lambda: 10.0 ** rng.uniform(-30, 30, size=n),
        "negative": lambda: -ones,
        "all zero": lambda: 0 * ones,
        "nan": lambda: np.nan * ones,
        "short": lambda: ones[1:],
        "strings": lambda: np.full(n, "a"),
        "2-D": lambda: ones[:, None],
    }[how]()
    return draw.tell("sample_weight", result)


def scores(draw, n, *, bad=0.04):
    """Draw one score for each pair, with ties."""
    shape = (n,) if not draw.maybe(bad / 3) else draw.of((), (n, 1), (n, 2), (n + 1,))
    return array(draw, shape, "scores", bad=bad)


def number(draw, name, *good):
    """Draw a parameter: mostly what it may be, rarely what it may not."""
    if draw.maybe(0.9):
        return draw.of(*good, name=name)
    return draw.of(-1, 0, 2, 1e30, np.nan, np.inf, "a", None, [1], True, name=name)
