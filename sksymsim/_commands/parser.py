# SPDX-License-Identifier: BSD-3-Clause
"""The commands of ``python -m sksymsim``: their options, help and examples."""

import argparse
import os

from sksymsim._commands.options import (
    COUNT,
    FORMS,
    PRIORS,
    RATE,
    RIGHT_SIDE,
    SHARE,
    add_general,
    add_items,
    add_model,
    add_pairs,
    add_seed,
    add_table,
    jobs,
    number,
)
from sksymsim._version import __version__

EXAMPLES = {
    "fit": """\
  # embeddings in an array; pairs.csv has the columns left, right, label
  sksymsim fit --items emb.npy --pairs pairs.csv --out model.sksym

  # products with ids, labels in words, whitening, and pairs to measure it on
  sksymsim fit --items products.parquet --pairs train.csv --validation test.csv \\
      --labels no yes --whiten 0.5 --out model.sksym

  # pairs of one item of each of two catalogues
  sksymsim fit --items ours.csv --items-b theirs.csv --pairs known.csv \\
      --out model.sksym

  # find out everything by cross-validation, with two processes
  sksymsim fit --items emb.npy --pairs pairs.csv --search --jobs 2 --out model.sksym
""",
    "score": """\
  # probabilities beside the ids
  sksymsim score --model model.sksym --items emb.npy --pairs new.csv --out scores.csv

  # the most probable first
  sksymsim score --model model.sksym --items emb.npy --pairs new.csv | sort -t, -rgk3

  # one pair in a thousand is similar where the model is used
  sksymsim score --model model.sksym --items emb.npy --pairs new.csv --rate 0.001
""",
    "report": """\
  sksymsim report --model model.sksym --items emb.npy --pairs test.csv \\
      --out report.html
""",
    "topk": """\
  # the ten most similar others of each item
  sksymsim topk --model model.sksym --items emb.npy --out neighbours.csv

  # for each query the three best of a catalogue
  sksymsim topk --model model.sksym --items catalogue.npz --queries new.npz -k 3
""",
    "dedupe": """\
  sksymsim dedupe --model model.sksym --items products.csv --out groups.csv

  # only groups of which it is more sure
  sksymsim dedupe --model model.sksym --items products.csv --threshold 0.9
""",
    "link": """\
  sksymsim link --model model.sksym --items ours.csv --items-b theirs.csv \\
      --out links.csv
""",
    "demo": """\
  sksymsim demo --output sksymsim-output
""",
}
# Options that name files to read.
INPUTS = ("items", "items_b", "queries", "pairs", "validation", "model")
CODES = """\
exit codes: 0 all is well; 1 something is wrong with the data, said in one line on
standard error; 2 the command line is wrong; 130 interrupted. Files are written whole or
not at all.
"""


def make_parser():
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="sksymsim",
        description="Learn from labelled pairs of embeddings how similar two are, and "
        "use it: probabilities, neighbours, groups.",
        epilog="Begin with: sksymsim fit --help\n`python -m sksymsim` is the same.\n\n"
        + CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"sksymsim {__version__}"
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", title="commands"
    )
    for name, (summary, add) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary,
            epilog=f"examples:\n{EXAMPLES[name]}\n{CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add(command)
    return parser


def parse(arguments=None):
    """Read the command line, or end with code 2 and say what is wrong with it."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    for check in (_check_output, CHECKS.get(options.command, _check_output)):
        if problem := check(options):
            parser.error(f"{options.command}: {problem}")
    return options


# --------------------------------------------------------------------------- commands


def _add_fit(parser):
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the model, such as model.sksym"
    )
    add_items(parser, other=RIGHT_SIDE)
    add_pairs(parser, labelled=True)
    parser.add_argument(
        "--validation",
        metavar="FILE",
        help="more pairs with labels, to measure the model on; nothing is chosen by "
        "them",
    )
    group = parser.add_argument_group("model")
    group.add_argument(
        "--search",
        action="store_true",
        help="choose whitening, form, prior and penalty on folds that share no item or "
        "group, and fall back to cosine; takes minutes",
    )
    group.add_argument(
        "--form", choices=FORMS, help="the family of scores (default: mahalanobis)"
    )
    group.add_argument(
        "--alpha",
        type=number(0),
        metavar="A",
        help="the penalty, 0.1 to 1e-8 (default: 1e-4)",
    )
    group.add_argument(
        "--prior",
        choices=PRIORS,
        help="what is learned deviates from (default: identity)",
    )
    group.add_argument(
        "--rank", type=COUNT, metavar="R", help="at most so many components"
    )
    group.add_argument(
        "--normalize",
        action="store_true",
        help="first subtract the mean and scale items to one length",
    )
    group.add_argument(
        "--whiten",
        type=SHARE,
        metavar="W",
        help="normalize, and whiten as far as this, 0 to 1; 0.5 is a good first try",
    )
    group.add_argument(
        "--similar-rate",
        type=RATE,
        metavar="P",
        help="the rate of similar pairs where the model is used (default: that of the "
        "pairs)",
    )
    add_seed(group)
    add_general(parser)


def _add_score(parser):
    add_model(parser)
    add_table(parser)
    add_items(parser, other=RIGHT_SIDE)
    add_pairs(parser, labelled=False)
    group = parser.add_argument_group("scores")
    group.add_argument(
        "--log-odds", action="store_true", help="write the log-odds as well"
    )
    group.add_argument(
        "--rate",
        type=RATE,
        metavar="P",
        help="the rate of similar pairs among those that are scored (default: that "
        "for which the model was fitted)",
    )
    group.add_argument(
        "--from-rate",
        type=RATE,
        metavar="P",
        help="with --rate: the rate for which the model was fitted (default: what its "
        "file says)",
    )
    add_general(parser)


def _add_report(parser):
    add_model(parser)
    parser.add_argument(
        "--out", metavar="FILE", help="the page to write, such as report.html"
    )
    add_items(parser, other=RIGHT_SIDE)
    add_pairs(parser, labelled=True)
    group = parser.add_argument_group("report")
    group.add_argument(
        "--rate",
        type=RATE,
        metavar="P",
        help="the rate of similar pairs for which the numbers shall be (default: that "
        "of the pairs)",
    )
    group.add_argument(
        "--bootstrap",
        type=number(10, kind=int),
        default=1000,
        metavar="N",
        help="replicates behind the intervals (default: %(default)s)",
    )
    group.add_argument(
        "--title", default="Pair report", help="of the page (default: %(default)s)"
    )
    group.add_argument(
        "--no-pictures",
        dest="pictures",
        action="store_false",
        help="a page without pictures; they need matplotlib",
    )
    add_seed(group)
    add_general(parser)


def _add_topk(parser):
    add_model(parser)
    add_table(parser)
    text = "items to find neighbours for (default: all items, without themselves)"
    add_items(parser, other=("--queries", text, False))
    parser.add_argument(
        "-k",
        type=COUNT,
        default=10,
        metavar="K",
        help="how many neighbours (default: %(default)s)",
    )
    add_general(parser)


def _add_dedupe(parser):
    add_model(parser)
    add_table(parser)
    add_items(parser)
    _add_grouping(parser)
    add_seed(parser)
    add_general(parser)


def _add_link(parser):
    add_model(parser)
    add_table(parser)
    add_items(parser, other=("--items-b", "the other table of items", True))
    parser.add_argument(
        "--many",
        dest="one_to_one",
        action="store_false",
        help="link every pair above the threshold (default: each item once at most)",
    )
    _add_grouping(parser)
    add_general(parser)


def _add_grouping(parser):
    parser.add_argument(
        "--neighbors",
        type=COUNT,
        default=10,
        metavar="N",
        help="how many candidates each item is compared with (default: %(default)s)",
    )
    parser.add_argument(
        "--threshold",
        type=RATE,
        default=0.5,
        metavar="P",
        help="the probability from which a pair counts as the same thing "
        "(default: %(default)s)",
    )


def _add_demo(parser):
    parser.add_argument(
        "--output",
        default="sksymsim-output",
        metavar="FOLDER",
        help="where the models and the picture go (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=jobs,
        default=2,
        metavar="N",
        help="threads of the search; no effect on the result (default: %(default)s)",
    )
    parser.add_argument(
        "--debug", action="store_true", help="show where in the code an error arose"
    )


COMMANDS = {
    "fit": ("Learn a model from labelled pairs and save it.", _add_fit),
    "score": ("Write the probability that each pair is similar.", _add_score),
    "report": ("Measure a model on labelled pairs, beside cosine.", _add_report),
    "topk": ("Find the most similar items of each item.", _add_topk),
    "dedupe": ("Make groups of items that are the same thing.", _add_dedupe),
    "link": ("Find the items of two tables that are the same thing.", _add_link),
    "demo": ("Show all of it on recordings that come with the package.", _add_demo),
}


# ---------------------------------------------------------------------- combinations


def _check_output(options):
    """Refuse to write over what is read."""
    given = vars(options)
    out = given.get("out")
    read = [given[name] for name in INPUTS if given.get(name) is not None]
    if out is not None and os.path.realpath(out) in map(os.path.realpath, read):
        return f"--out {out} would overwrite what is read"
    return None


def _check_fit(options):
    fixed = ("form", "alpha", "prior", "rank", "whiten", "similar_rate")
    given = [name for name in fixed if getattr(options, name) is not None]
    given += ["normalize"] * options.normalize
    if options.search and given:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        return f"--search chooses by itself; leave out {names}"
    if options.groups and not options.search:
        return "--groups is for the folds of --search"
    return _check_labelled(options)


def _check_labelled(options):
    if options.groups and len(options.groups) > 2:
        return "--groups takes one or two columns"
    if options.labels and options.labels[0] == options.labels[1]:
        return "--labels takes two that differ"
    return None


def _check_score(options):
    if options.from_rate is not None and options.rate is None:
        return "--from-rate goes with --rate"
    return None


CHECKS = {"fit": _check_fit, "report": _check_labelled, "score": _check_score}
