# SPDX-License-Identifier: BSD-3-Clause
"""The error of files of items and pairs, and all of its texts."""

import os

import numpy as np

# How labels are written that need no explanation.
KNOWN_LABELS = {
    "0": 0,
    "0.0": 0,
    "false": 0,
    "1": 1,
    "1.0": 1,
    "true": 1,
    "-1": -1,
    "-1.0": -1,
}


class TableError(ValueError):
    """Something is wrong with a file: its name, the place in it, and what to do."""


def one_line(text):
    """Return a text without line breaks."""
    return " ".join(str(text).split())


def shown(names, most=8):
    """Return some names for an error text."""
    names = [repr(str(name)) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# ------------------------------------------------------------------------------ files


def check_can_write(path):
    """Refuse a file that could not be written, before the work and not after it."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise TableError(f"{path} is a folder; name a file to write.")
    if not os.path.isdir(folder):
        raise TableError(f"{path}: there is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK):
        raise TableError(f"{path}: no permission to write in {folder}.")


def check_kind(path, kinds):
    """Return the ending of a file, if it is one of those that are known."""
    kind = os.path.splitext(path)[1].lower()
    if kind not in kinds:
        raise TableError(
            f"{path}: what kind of file is it? Known endings are {', '.join(kinds)}."
        )
    return kind


def not_utf8(path):
    """Return the error of a file that is not UTF-8, with the first such line."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return TableError(
                    f"{path}, line {number}: byte 0x{byte:02x} is not UTF-8; save the "
                    "file as UTF-8."
                )
    return TableError(f"{path}: the file does not end in UTF-8; save it as UTF-8.")


def broken_csv(path, line, error):
    """Return the error of a file whose quotes do not match, or the like."""
    return TableError(
        f"{path}, line {line}: this is no CSV that can be read ({one_line(error)}); "
        "check the quotes around the fields."
    )


def check_header(path, names):
    """Refuse a CSV file without a first line of names."""
    if not names:
        raise TableError(
            f"{path}: the file is empty; its first line names the columns."
        )


def check_n_fields(path, block, names):
    """Refuse lines that have more or fewer fields than the first."""
    for k, row in enumerate(block.rows):
        if len(row) != len(names):
            raise TableError(
                f"{path}, {block.where(k)}: {len(row)} fields, but the first line "
                f"names {len(names)} columns; quote fields that hold a comma."
            )


def missing_pyarrow(path):
    """Return the error of a Parquet file that cannot be read or written here."""
    return TableError(
        f'{path}: Parquet files need pyarrow; pip install "sksymsim[cli]", or use CSV.'
    )


def unreadable(path, error, kind):
    """Return the error of a file that is not of the kind its name says."""
    return TableError(
        f"{path}: this is no {kind} file that can be read ({one_line(error)})."
    )


def no_rows(path, what):
    """Return the error of a file that holds nothing."""
    return TableError(f"{path}: the file holds no {what}.")


# ---------------------------------------------------------------------------- columns


def check_column(table, name, option):
    """Return the place of a column that was named."""
    places = [k for k, other in enumerate(table.names) if other == name]
    if len(places) == 1:
        return places[0]
    if places:
        raise TableError(
            f"{table.path}: {len(places)} columns are called {name!r}; rename all but "
            "one."
        )
    raise TableError(
        f"{table.path}: there is no column {name!r}; {option} takes one of "
        f"{shown(table.names)}."
    )


def no_guess(table, what, option):
    """Return the error of columns whose meaning their names do not say."""
    hint = ""
    if len(table.names) == 1 and any(mark in table.names[0] for mark in ";\t|"):
        hint = " If the fields are not separated by commas, use --delimiter."
    return TableError(
        f"{table.path}: which column has {what}? Name it by {option}; the first line "
        f"has {shown(table.names)}.{hint}"
    )


def no_features(table, patterns):
    """Return the error of a table without numbers."""
    if patterns:
        return TableError(
            f"{table.path}: no column matches --features {' '.join(patterns)}; there "
            f"are {shown(table.names)}."
        )
    return TableError(
        f"{table.path}: no column is left for the embeddings beside the id."
    )


def wrong_type(path, name, kind, wanted):
    """Return the error of a column of Parquet of a type that does not serve."""
    return TableError(
        f"{path}: column {name!r} holds {kind}, and not {wanted}; convert it, or name "
        "another column."
    )


def empty_cell(path, place, name):
    """Return the error of a cell without a value."""
    return TableError(
        f"{path}, {place}: column {name!r} is empty; fill it in or drop the row."
    )


def no_number(path, place, name, value):
    """Return the error of a cell that is no number."""
    if not value.strip():
        return empty_cell(path, place, name)
    return TableError(
        f"{path}, {place}: {value[:40]!r} in column {name!r} is no number; name the "
        "columns of numbers by --features, or correct the cell."
    )


def no_vector(path, place, name, value):
    """Return the error of a cell that is no list of numbers."""
    return TableError(
        f"{path}, {place}: column {name!r} holds {str(value)[:40]!r}, which is no list "
        "of numbers such as [0.1, 0.2]."
    )


def other_width(path, place, width, expected):
    """Return the error of a vector that is longer or shorter than the first."""
    return TableError(
        f"{path}, {place}: the vector has {width} numbers, and those before have "
        f"{expected}; all items need one length."
    )


# ------------------------------------------------------------------------------ items


def check_embeddings(path, array, what="the array"):
    """Refuse arrays that are no table of real numbers."""
    if array.ndim != 2:
        raise TableError(
            f"{path}: {what} has shape {array.shape}; items are the rows of an array "
            "of two axes."
        )
    if array.dtype.kind not in "fiub":
        raise TableError(
            f"{path}: {what} holds {array.dtype}, and not real numbers; save it as "
            "float32."
        )
    if 0 in array.shape:
        raise no_rows(path, "items" if array.shape[0] == 0 else "numbers")


def check_ids(path, ids, n_items):
    """Refuse an array of ids that does not go with the items."""
    if ids.shape != (n_items,):
        raise TableError(
            f"{path}: 'ids' has shape {ids.shape}, and there are {n_items} items; one "
            "id for each is needed."
        )
    if ids.dtype.kind not in "iuU":
        raise TableError(
            f"{path}: 'ids' holds {ids.dtype}; save whole numbers or strings."
        )


def check_one_array(path, names):
    """Return the name of the array of items in an ``.npz`` without "items"."""
    if len(names) != 1:
        raise TableError(
            f"{path}: which array has the items? Call it 'items'; there are "
            f"{shown(names) or 'none of two axes'}."
        )
    return names[0]


def repeated_id(path, place, name, first):
    """Return the error of an id that two items have."""
    return TableError(
        f"{path}, {place}: the id {name!r} is that of item {first + 1} already; each "
        "item needs an id of its own."
    )


def unknown_id(path, place, name, items):
    """Return the error of an id that no item has."""
    hint = (
        "add it there, drop the pair, or name the table of the right side by --items-b"
    )
    if items.has(name.strip()) and name != name.strip():
        hint = f"there is {name.strip()!r}; take away the blanks"
    elif items.ids is None:
        hint = (
            f"its ids are the row numbers 0 to {len(items) - 1}; for ids of your own "
            "use .npz, .csv or .parquet"
        )
    return TableError(f"{path}, {place}: {items.path} has no item {name!r}; {hint}.")


def check_finite_items(items, rows):
    """Refuse items with NaN or infinity, by their ids."""
    bad = rows[~np.isfinite(items.array[rows]).all(axis=1)]
    if len(bad):
        raise TableError(
            f"{items.path}: item {items.name(int(bad[0]))!r} has NaN or infinity; "
            "embed it again, or drop it."
        )


def check_same_width(items, others):
    """Refuse two tables of items of different models."""
    if items.width != others.width:
        raise TableError(
            f"{others.path} has vectors of {others.width} numbers, and {items.path} "
            f"of {items.width}; embed both with one model."
        )


# ------------------------------------------------------------------------------ pairs


def check_label(path, place, text, names):
    """Return 0 or 1, or -1 for what metric learners call dissimilar."""
    if names is not None:
        if text in names:
            return names.index(text)
        said = f"is neither {names[0]!r} nor {names[1]!r}, the two of --labels"
    elif text.lower() in KNOWN_LABELS:
        return KNOWN_LABELS[text.lower()]
    else:
        said = "is not 0 or 1; name yours by --labels DISSIMILAR SIMILAR"
    raise TableError(f"{path}, {place}: the label {text!r} {said}.")


def check_one_coding(path, place, has_zero, has_minus):
    """Refuse labels of which it is not clear what they say."""
    if has_zero and has_minus:
        raise TableError(
            f"{path}, {place}: there are labels 0 and labels -1; which of them says "
            "dissimilar?"
        )


def check_both_kinds(path, similar):
    """Refuse pairs of one kind."""
    if similar.all() or not similar.any():
        kind = "similar" if similar.any() else "dissimilar"
        raise TableError(
            f"{path}: all {len(similar)} pairs are {kind}; both kinds are needed."
        )


def check_weight(path, block, name, weights):
    """Refuse weights that are negative, NaN or infinite."""
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(bad):
        raise TableError(
            f"{path}, {block.where(int(bad[0]))}: the weight {weights[bad[0]]} in "
            f"column {name!r} is negative or no number."
        )


# ----------------------------------------------------------------------------- models


def check_is_classifier(path, model):
    """Refuse files that hold something else than a classifier of pairs."""
    if not hasattr(model, "predict_proba"):
        raise TableError(
            f"{path} holds {type(model).__name__}, which gives no probabilities of "
            "pairs."
        )


def check_width_of_model(path, model, items):
    """Refuse items of another width than those that the model was fitted on."""
    expected = getattr(model, "n_features_in_", items.width)
    if items.width != expected:
        raise TableError(
            f"{items.path} has vectors of {items.width} numbers, and {path} was fitted "
            f"on {expected}; take items of the same embedding."
        )


def no_training_rate(path):
    """Return the error of a model that does not say how many pairs were similar."""
    return TableError(
        f"{path} does not say at which rate of similar pairs it was fitted; give it "
        "by --from-rate."
    )


def check_k(items, k, is_own):
    """Refuse more neighbours than there are items."""
    most = len(items) - is_own
    if most == 0:
        raise TableError(f"{items.path} has one item, which has no neighbours.")
    if k > most:
        raise TableError(
            f"{items.path} has {len(items)} items, so that there are no {k} "
            f"neighbours; use -k {most} or less."
        )
