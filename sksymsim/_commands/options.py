# SPDX-License-Identifier: BSD-3-Clause
"""Options that several commands share, and the values that options take.

Nothing that takes long to load is imported here: ``--help`` is to come at once.
"""

import argparse
import math

FORMS = ("mahalanobis", "bilinear", "quadratic", "poly")
PRIORS = ("identity", "covariance", "kissme")


def number(least, most=math.inf, *, is_open=False, kind=float):
    """Return a type for argparse: a number in a range.

    Parameters
    ----------
    least, most : float
    is_open : bool, default=False
        Whether the ends do not belong to it.
    kind : type, default=float
    """

    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        inside = least < value < most if is_open else least <= value <= most
        if not inside:
            what = "a whole number" if kind is int else "a number"
            between = "between" if is_open else "from"
            end = "" if most == math.inf else f" {between} {least:g} to {most:g}"
            end = end or f" of {least:g} or more"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}{end}")
        return value

    return read


RATE = number(0, 1, is_open=True)
SHARE = number(0, 1)
COUNT = number(1, kind=int)


def jobs(text):
    """Return a number of threads: positive, or negative as joblib counts."""
    value = number(-math.inf, kind=int)(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 jobs do nothing; -1 takes all processors")
    return value


def delimiter(text):
    """Return the character between fields; ``tab`` is the name of one."""
    text = "\t" if text in ("tab", r"\t") else text
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character")
    return text


def add_general(parser):
    """Add what every command has."""
    group = parser.add_argument_group("general")
    group.add_argument(
        "--delimiter",
        type=delimiter,
        metavar="CHAR",
        help="what is between the fields of CSV files (default: a comma, and a tab in "
        ".tsv files)",
    )
    group.add_argument(
        "--jobs",
        type=jobs,
        metavar="N",
        help="threads, and processes of a search; -1 takes all processors "
        "(default: as many threads as BLAS takes)",
    )
    group.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show how far it is, on standard error (default: if that is a terminal)",
    )
    group.add_argument(
        "--debug", action="store_true", help="show where in the code an error arose"
    )


# Of the commands whose pairs may be of two tables.
RIGHT_SIDE = ("--items-b", "items of the right side (default: the same)", False)


def add_items(parser, *, other=None):
    """Add the file of items, and perhaps that of the other side."""
    group = parser.add_argument_group("items")
    group.add_argument(
        "--items",
        required=True,
        metavar="FILE",
        help=".npy (ids are the row numbers, from 0), .npz (arrays 'items' and 'ids'), "
        ".csv, .tsv or .parquet (a column of ids and those of the embedding)",
    )
    if other is not None:
        name, text, required = other
        group.add_argument(name, required=required, metavar="FILE", help=text)
    group.add_argument(
        "--item-id",
        metavar="COLUMN",
        help="the column of ids in tables of items (default: id, item_id, item, key)",
    )
    group.add_argument(
        "--features",
        nargs="+",
        metavar="COLUMN",
        help="the columns of the embedding, with * for any letters (default: the one "
        "column of vectors, or all but the id)",
    )


def add_pairs(parser, *, labelled):
    """Add the file of pairs and its columns."""
    group = parser.add_argument_group("pairs")
    group.add_argument(
        "--pairs",
        required=True,
        metavar="FILE",
        help=".csv, .tsv or .parquet with two columns of ids"
        + (" and one of labels" if labelled else ""),
    )
    group.add_argument(
        "--left",
        metavar="COLUMN",
        help="the ids of the left side (default: left, a, id_a, id1 and the like, or "
        "the first of the two columns beside the label)",
    )
    group.add_argument(
        "--right", metavar="COLUMN", help="the ids of the right side (likewise)"
    )
    if not labelled:
        return
    group.add_argument(
        "--label",
        metavar="COLUMN",
        help="the labels (default: label, y, similar, same, match, is_match)",
    )
    group.add_argument(
        "--labels",
        nargs=2,
        metavar=("DISSIMILAR", "SIMILAR"),
        help="what labels are called that are not 0 and 1, false and true, or -1 and 1",
    )
    group.add_argument("--weight", metavar="COLUMN", help="the weights of the pairs")
    group.add_argument(
        "--groups",
        nargs="+",
        metavar="COLUMN",
        help="one or two columns: what is independent of each other, if items are not, "
        "such as the person or the product, for both sides or for each",
    )


def add_model(parser):
    """Add the file of a model."""
    parser.add_argument(
        "--model", required=True, metavar="FILE", help="a file that fit has written"
    )


def add_table(parser):
    """Add the table that is written."""
    parser.add_argument(
        "--out",
        default="-",
        metavar="FILE",
        help=".csv, .tsv or .parquet (default: CSV on standard output); a file that is "
        "there is replaced once all is written",
    )


def add_seed(parser):
    """Add the seed of whatever is drawn."""
    parser.add_argument(
        "--random-state",
        type=number(0, 2**32 - 1, kind=int),
        default=0,
        metavar="N",
        help="the seed (default: %(default)s)",
    )
