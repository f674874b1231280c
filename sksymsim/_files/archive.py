# SPDX-License-Identifier: BSD-3-Clause
"""A file of arrays and a header: a zip of which every bit is checked.

A ZIP archive without compression, as of ``numpy.savez``, with the members
``header.json`` and ``arrays/0.npy``, ``arrays/1.npy``... Its comment, which ends the
file, ends in the SHA-256 of all that comes before those 64 characters. Arrays begin at
multiples of 64 bytes, so that they can be mapped into memory.

Knows arrays and JSON, and no models. Nothing is unpacked to disk, and nothing is read
that the size of the file does not bound.
"""

import hashlib
import io
import json
import os
import struct
import sys
import tokenize
import zipfile

import numpy as np

from sksymsim._files.replacement import replacement
from sksymsim._validation.files import require
from sksymsim.exceptions import ModelFileError

HEADER = "header.json"
# The header is the one part that is made into Python objects.
MOST_HEADER_BYTES = 2**24
# More than the description of any array of numbers takes.
MOST_NPY_HEADER = 2**13
COMMENT = b"sksymsim model; SHA-256 of all before it: "
DIGEST_LENGTH = 64
ALIGNMENT = 64
LOCAL_HEADER = struct.Struct("<4s22xHH")
# Header ID of the padding, of the kind that readers of ZIP files skip.
PADDING_ID = 0x7373
DAMAGED = (
    "the file is damaged or incomplete: its SHA-256 is not the one that it was written "
    "with. Copy or save it anew."
)
# What a broken archive makes zipfile raise.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
)
# What a broken description of an array makes NumPy raise, who parses it as Python.
NPY_ERRORS = (
    ValueError,
    KeyError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
    Warning,  # where warnings are errors
)


# ---------------------------------------------------------------------------- writing


def archive_bytes(header, arrays):
    """Return the content of a file; the same for the same header and arrays.

    Parameters
    ----------
    header : dict
        What JSON can hold, without NaN.
    arrays : list of ndarray
        No objects.
    """
    text = json.dumps(header, allow_nan=False).encode("utf-8")
    require(
        len(text) <= MOST_HEADER_BYTES,
        f"the model has {len(text) >> 20} MB beside its arrays, which is more than a "
        f"header may have ({MOST_HEADER_BYTES >> 20} MB).",
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, buffer, HEADER, text)
        for i, array in enumerate(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            _add(archive, buffer, _member_name(i), member.getbuffer())
        archive.comment = COMMENT + b"0" * DIGEST_LENGTH
    content = buffer.getbuffer()
    digest = hashlib.sha256(content[:-DIGEST_LENGTH]).hexdigest()
    content[-DIGEST_LENGTH:] = digest.encode("ascii")
    return content


def _add(archive, buffer, name, content):
    """Add a member that begins at a multiple of the alignment."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    start = buffer.tell() + LOCAL_HEADER.size + len(name) + 4
    padding = -start % ALIGNMENT
    entry.extra = struct.pack("<HH", PADDING_ID, padding) + bytes(padding)
    archive.writestr(entry, content)


def _member_name(i):
    return f"arrays/{i}.npy"


def replace_file(path, content):
    """Write a file so that whoever looks finds the old one or the new one, whole.

    Parameters
    ----------
    path : str or os.PathLike
    content : bytes-like
    """
    with replacement(path) as file:
        file.write(content)


# ---------------------------------------------------------------------------- reading


def read_archive(path, *, mapped):
    """Return what :func:`archive_bytes` was given, if not one bit has changed.

    Parameters
    ----------
    path : str or os.PathLike
    mapped : bool
        Whether arrays are read-only views of the file, and not copies.

    Returns
    -------
    header : dict
    arrays : list of ndarray
    """
    require(not os.path.isdir(path), "this is a directory, not a model file.")
    with open(path, "rb") as file:
        _check_kind(file)
        if mapped:
            content = np.memmap(file, dtype=np.uint8, mode="r")
        else:
            content = np.frombuffer(file.read(), dtype=np.uint8)
        _check_digest(content)
        places = _members(file, len(content))
    name, (start, stop) = next(iter(places.items()))
    require(name == HEADER, f"the file begins with {name!r} and not with {HEADER!r}.")
    require(
        stop - start <= MOST_HEADER_BYTES,
        f"the header has {stop - start} bytes; no model needs more than "
        f"{MOST_HEADER_BYTES}.",
    )
    header = _read_json(content[start:stop].tobytes())
    arrays = []
    for i, (name, (start, stop)) in enumerate(list(places.items())[1:]):
        require(
            name == _member_name(i),
            f"the file holds {name!r} where {_member_name(i)!r} belongs.",
        )
        array = _read_array(content[start:stop], name)
        arrays.append(array if mapped else array.copy(order="K"))
    return header, arrays


def _check_kind(file):
    """Refuse files that never were model files, by how they begin."""
    begin = file.read(30 + len(HEADER))
    file.seek(0)
    require(begin, "the file is empty.")
    if begin[:4] == b"PK\x03\x04" and begin[30:] == HEADER.encode("ascii"):
        return
    text = "this is no model file of sksymsim."
    if begin[:1] == b"\x80":
        text += (
            " It looks like a pickle: joblib.load reads those, and runs whatever code "
            "they hold, so only where you trust who wrote it."
        )
    raise ModelFileError(text)


def _check_digest(content):
    require(len(content) > len(COMMENT) + DIGEST_LENGTH, DAMAGED)
    body, said = content[:-DIGEST_LENGTH], content[-DIGEST_LENGTH:].tobytes()
    found = hashlib.sha256(memoryview(body)).hexdigest().encode("ascii")
    marked = body[-len(COMMENT) :].tobytes() == COMMENT
    require(marked and found == said, DAMAGED)


def _members(file, size):
    """Return where the content of each member is, in the order of the file."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            places = {}
            end = 0
            for entry in entries:
                _check_entry(entry, places, end)
                file.seek(entry.header_offset)
                magic, n_name, n_extra = LOCAL_HEADER.unpack(
                    file.read(LOCAL_HEADER.size)
                )
                require(
                    magic == b"PK\x03\x04", "the parts of the file are not in order."
                )
                start = entry.header_offset + LOCAL_HEADER.size + n_name + n_extra
                end = start + entry.file_size
                require(
                    end <= size, f"{entry.filename!r} does not end within the file."
                )
                places[entry.filename] = (start, end)
    except ModelFileError:
        raise
    except ZIP_ERRORS as error:
        raise ModelFileError(
            f"this is no ZIP archive that can be read: {error}."
        ) from error
    require(places, "the file holds nothing.")
    return places


def _check_entry(entry, before, end):
    name = entry.filename
    require(name not in before, f"the file holds {name!r} twice.")
    stored = entry.compress_type == zipfile.ZIP_STORED
    require(
        stored and entry.file_size == entry.compress_size,
        f"{name!r} is compressed; model files never are, so that none can be larger "
        "inside than outside.",
    )
    require(not entry.flag_bits & 1, f"{name!r} is encrypted.")
    require(entry.header_offset >= end, "the parts of the file overlap.")


def _read_json(text):
    def refuse(constant):
        raise ValueError(f"{constant} is no number")

    def unique(pairs):
        made = dict(pairs)
        if len(made) < len(pairs):
            raise ValueError("a name occurs twice")
        return made

    try:
        header = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"the header is no JSON that can be read: {error}."
        ) from error
    require(isinstance(header, dict), "the header is not a JSON object.")
    return header


def _read_array(content, name):
    """Return a view of the numbers of a member, without any allocation."""
    stream = io.BytesIO(content[:MOST_NPY_HEADER].tobytes())
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read(stream)
    except NPY_ERRORS as error:
        raise ModelFileError(
            f"{name!r} is no array that can be read: {error}."
        ) from error
    numbers = content[stream.tell() :]
    n_entries = 1
    for length in shape:
        n_entries *= int(length)
    require(
        dtype.kind in "biufU" and dtype.itemsize > 0,
        f"{name!r} holds {dtype}, which is neither numbers nor strings.",
    )
    require(
        min(shape, default=0) >= 0 and n_entries * dtype.itemsize == len(numbers),
        f"{name!r} says that it has shape {shape}, and has {len(numbers)} bytes.",
    )
    if dtype.kind == "U":
        codes = numbers.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        require(
            codes.max(initial=0) <= sys.maxunicode,
            f"{name!r} holds strings of characters that do not exist.",
        )
    array = numbers.view(dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
