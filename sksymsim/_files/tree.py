# SPDX-License-Identifier: BSD-3-Clause
"""Objects of listed classes as JSON and arrays, and back.

What JSON has no word for is an object of one key that says what it is: {"array": 3},
{"tuple": [...]}, {"dict": [[key, value], ...]}, {"numpy": ["float64", 0.5]},
{"strings": [...]}, {"csr": ...} and {"class": ..., "parts": {...}}. A class is a name
in a registry; nothing is ever imported or called because a file says so.
"""

import hashlib

import numpy as np
from scipy import sparse

from sksymsim._validation.files import require, show
from sksymsim.exceptions import ModelFileError

# Sparse matrices by the name of their class; both hold the same three arrays.
SPARSE = {"csr_matrix": sparse.csr_matrix, "csr_array": sparse.csr_array}
PLAIN = (str, bool, int, type(None))


class TreeWriter:
    """Turns objects into what JSON can hold, and collects their arrays.

    Parameters
    ----------
    registry : Registry
    """

    def __init__(self, registry):
        self.registry = registry
        self.arrays = []
        self._place_of = {}

    def write(self, value, name):
        """Return the JSON of a value; `name` is what an error text calls it."""
        if isinstance(value, np.generic) and value.dtype.name in NUMBERS:
            # Beside float32 arrays, float64 and a plain float are not the same.
            return {"numpy": [value.dtype.name, _plain_number(value.item(), name)]}
        if isinstance(value, float):
            return _plain_number(value, name)
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, np.ndarray):
            return self._write_array(value, name)
        if type(value).__name__ in SPARSE and sparse.issparse(value):
            parts = [value.data, value.indices, value.indptr]
            return {
                "csr": [self._write_array(part, name)["array"] for part in parts],
                "shape": list(value.shape),
                "of": type(value).__name__,
            }
        if isinstance(value, list):
            return [self.write(entry, name) for entry in value]
        if isinstance(value, tuple):
            return {"tuple": [self.write(entry, name) for entry in value]}
        if type(value) is dict:
            pairs = [
                [self.write(part, name) for part in item] for item in value.items()
            ]
            return {"dict": pairs}
        return self._write_object(value, name)

    def _write_object(self, value, name):
        entry = self.registry.entry_of(value, name)
        written = {
            key: self.write(part, f"{key} of {entry.name}")
            for key, part in entry.take(value).items()
        }
        return {"class": entry.name, "parts": written}

    def _write_array(self, array, name):
        if array.dtype == object:
            strings = array.tolist()
            require(
                array.ndim == 1 and all(isinstance(one, PLAIN) for one in strings),
                f"{name} holds objects; a model file holds numbers and strings only.",
            )
            return {"strings": strings}
        require(
            array.dtype.kind in "biufU",
            f"{name} holds {array.dtype}; a model file holds numbers and strings only.",
        )
        # A slice keeps the order of its axes, on which the last bits of products hang.
        whole = array.flags.c_contiguous or array.flags.f_contiguous
        array = np.asarray(array if whole else array.copy(order="K"))
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        content = hashlib.sha256(array.tobytes("F" if fortran else "C")).digest()
        key = array.dtype.str, array.shape, fortran, content
        if key not in self._place_of:
            self._place_of[key] = len(self.arrays)
            self.arrays.append(array)
        return {"array": self._place_of[key]}


def _plain_number(value, name):
    require(
        not isinstance(value, float) or np.isfinite(value),
        f"{name} is {value}; a model file holds finite numbers only.",
    )
    # Of a subclass such as numpy.float64, JSON would write the same digits.
    return float(value) if isinstance(value, float) else value


class TreeReader:
    """Turns JSON and arrays back into objects.

    Parameters
    ----------
    registry : Registry
    arrays : list of ndarray
    versions : dict
        Those that the header names.
    """

    def __init__(self, registry, arrays, versions):
        self.registry, self.arrays, self.versions = registry, arrays, versions
        self._used = set()

    def read(self, node):
        """Return the object that some JSON stands for."""
        if isinstance(node, list):
            return [self.read(part) for part in node]
        if not isinstance(node, dict):
            return node
        for kind, method in KINDS.items():
            if kind in node:
                return method(self, node)
        raise ModelFileError(
            f"the header holds {show(node)}, which stands for nothing."
        )

    def check_all_used(self):
        """Refuse arrays that belong to nothing."""
        unused = set(range(len(self.arrays))) - self._used
        require(
            not unused,
            f"no part of the model refers to array {min(unused, default=0)}.",
        )

    def _array(self, place):
        known = type(place) is int and 0 <= place < len(self.arrays)
        require(known, f"the header refers to array {show(place)}, which is not there.")
        self._used.add(place)
        return self.arrays[place]

    def _read_array(self, node):
        return self._array(node["array"])

    def _read_tuple(self, node):
        return tuple(self.read(part) for part in _list(node["tuple"]))

    def _read_dict(self, node):
        pairs = [_list(pair, 2) for pair in _list(node["dict"])]
        keys = [self.read(key) for key, _ in pairs]
        hashable = all(isinstance(key, (*PLAIN, float, np.generic)) for key in keys)
        require(
            hashable, "the header holds a dict whose keys are no numbers or strings."
        )
        return dict(zip(keys, (self.read(value) for _, value in pairs), strict=True))

    def _read_numpy(self, node):
        name, value = _list(node["numpy"], 2)
        require(
            isinstance(name, str)
            and name in NUMBERS
            and isinstance(value, int | float),
            f"the header holds {show(node)}, which is no number.",
        )
        try:
            with np.errstate(over="raise"):
                return NUMBERS[name](value)
        except (ArithmeticError, ValueError) as error:
            raise ModelFileError(f"{show(value)} is no {name}: {error}.") from error

    def _read_strings(self, node):
        strings = _list(node["strings"])
        plain = all(isinstance(one, PLAIN) for one in strings)
        require(plain, "the header holds an array of objects that are no strings.")
        result = np.empty(len(strings), dtype=object)
        result[:] = strings
        return result

    def _read_csr(self, node):
        parts = [self._array(place) for place in _list(node["csr"], 3)]
        shape = tuple(_list(node.get("shape"), 2))
        kind = SPARSE.get(node.get("of"))
        whole = all(type(length) is int and length >= 0 for length in shape)
        require(kind is not None and whole, "the header describes no sparse matrix.")
        try:
            matrix = kind(tuple(parts), shape=shape)
            matrix.check_format(full_check=True)
        except (ValueError, TypeError, IndexError) as error:
            raise ModelFileError(
                f"a sparse matrix is inconsistent: {error}."
            ) from error
        return matrix

    def _read_object(self, node):
        name = node["class"]
        entry = self.registry.entry_named(name)
        parts = node.get("parts")
        require(isinstance(parts, dict), f"{name} has no parts.")
        read = {key: self.read(part) for key, part in parts.items()}
        return entry.make(read, self.versions)


# What an object of the header is, by the one key that says it.
KINDS = {
    "array": TreeReader._read_array,
    "tuple": TreeReader._read_tuple,
    "dict": TreeReader._read_dict,
    "numpy": TreeReader._read_numpy,
    "strings": TreeReader._read_strings,
    "csr": TreeReader._read_csr,
    "class": TreeReader._read_object,
}
NUMBERS = {
    name: np.dtype(name).type
    for name in ("float32", "float64", "int32", "int64", "uint32", "uint64", "bool")
}


def _list(value, length=None):
    """Return a list of the header, of some length if it matters."""
    if not isinstance(value, list) or length not in (None, len(value)):
        raise ModelFileError(f"the header holds {show(value)} where a list belongs.")
    return value
