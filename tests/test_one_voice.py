# SPDX-License-Identifier: BSD-3-Clause
"""One word for one thing: the parameters of all public names, side by side.

A new parameter that means something else than its namesakes, or has another default,
place or text, fails here. Give it another name, or the reason why it may.
"""

import ast
import inspect
import re
from collections import defaultdict
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest
from numpydoc.docscrape import FunctionDoc

import sksymsim

PACKAGE = Path(sksymsim.__file__).parent


class Said(NamedTuple):
    """A parameter as a docstring has it."""

    where: str
    name: str
    kind: str
    text: str


def public_callables():
    """Yield the full name of each public class, function and method, and itself."""
    for name in sksymsim.__all__:
        public = getattr(sksymsim, name)
        is_class = inspect.isclass(public)
        if not callable(public) or (is_class and issubclass(public, Exception)):
            continue
        yield name, public
        for key in dir(public) if is_class else ():
            method = getattr(public, key)
            module = getattr(method, "__module__", None) or ""
            is_own = module.startswith("sksymsim.") and callable(method)
            if is_own and not key.startswith("_"):
                yield f"{name}.{key}", method


CALLABLES = dict(public_callables())
# Made by functions only: what they hold has the order in which it is shown.
RESULTS = {
    name.partition(".")[0]
    for name, public in CALLABLES.items()
    if hasattr(public, "__dataclass_fields__")
}
SAID = [
    Said(where, name.strip().lstrip("*"), parameter.type, " ".join(parameter.desc))
    for where, public in CALLABLES.items()
    for parameter in FunctionDoc(None, doc=inspect.getdoc(public))["Parameters"]
    for name in parameter.name.split(",")
    if parameter.type != "None"  # ignored, and here for the sake of scikit-learn
]
ASKED = {
    where: {
        name: parameter.default
        for name, parameter in inspect.signature(public).parameters.items()
        if name != "self"
    }
    for where, public in CALLABLES.items()
    if where not in RESULTS
}

# ------------------------------------------------------------------------------- kinds

# By how the type begins; the first that fits counts.
KINDS = {
    "pairs": r"(Dask)?Pairs\b|like X",
    "path": r"str or os\.PathLike",
    "sequence": r"(list|sequence|tuple)\b",
    "array": r"\{?(ndarray|array-like|dask\.?.?array)",
    "choice": r'\{?"',
    "text": r"str\b",
    "splitter": r"(int, )?splitter",
    "number": r"(int|float)\b",
    "switch": r"bool\b",
    "type of numbers": r"numpy\.dtype",
    "estimator": r"estimator|SymmetricPairClassifier|PairClusterer|FixedThreshold",
    "table": r"pandas|dask\.dataframe",
    "mapping": r"dict|keyword arguments",
    "function": r"callable",
    "label": r"object\b",
    "axes": r"matplotlib Axes",
    "axiom": r"Axiom",
    "slice": r"slice",
}
OF_SEVERAL_KINDS = {
    "X": "what the estimator takes, or items; both as in scikit-learn",
    "criterion": "a result has the one that was chosen",
    "cv": "MetricLearnPairClassifier has a way without folds, by name",
    "far": "one rate or several, in the metric and the report",
    "gamma": "scikit-learn's SVC has other ways to set it than its kernels",
    "items": "a table with names where sides are names, else an array",
    "left": "columns of a frame, or the sides themselves",
    "method": "a result has the one that was chosen",
    "pairs": "also by ids of their items, as results hold them",
    "right": "columns of a frame, or the sides themselves",
    "scores": "of pairs, of models, or of a table of items",
}


def kind_of(said):
    kinds = [kind for kind, text in KINDS.items() if re.match(text, said.kind)]
    assert kinds, f"{said.name} of {said.where} is of no known kind: {said.kind}"
    return kinds[0]


def test_a_parameter_is_of_one_kind():
    found = defaultdict(set)
    for said in SAID:
        if said.where != "IndexSpace":  # made by the exporters only
            found[said.name].add(kind_of(said))
    assert set_apart(found) == sorted(OF_SEVERAL_KINDS)


def set_apart(found):
    """Return the names that have more than one of something."""
    return sorted(name for name, kinds in found.items() if len(kinds) > 1)


# ---------------------------------------------------------------------------- defaults

WITH_SEVERAL_DEFAULTS = {
    "alpha": "the penalties of matrices and of a network have different units",
    "criterion": "groups and pairs are judged by other measures",
    "dtype": "compacting may keep what is there, vectors are float32 in every index",
    "far": "one rate or several, in the metric and the report",
    "gamma": "scikit-learn's SVC has other defaults than its kernels",
    "max_iter": "steps of Newton, epochs, and iterations of a quasi-Newton method",
    "n_bins": "bins of a histogram, and of a curve of means",
    "n_splits": "None where a display does not know how many folds there were",
    "n_thresholds": "points of a curve, and fits of a clusterer",
    "psd": "a search looks for the best score, of which a metric costs a little",
    "score_name": "None is to be read off the search",
    "scoring": "a curve tells ranking, a search has to tell probabilities too",
    "similar_rate": "pairs that are drawn have to be drawn at some rate",
    "strategy": "one of metric-learn, one of scikit-learn's calibration_curve",
    "threshold": "None where a display draws no line",
    "title": "each page has its own",
    "tol": "of a network it is scikit-learn's, in units of the loss",
}


def test_a_parameter_has_one_default():
    found = defaultdict(set)
    for parameters in ASKED.values():
        for name, default in parameters.items():
            if default is not inspect.Parameter.empty:
                found[name].add(repr(default))
    assert set_apart(found) == sorted(WITH_SEVERAL_DEFAULTS)


@pytest.mark.parametrize(
    ("name", "default"), [("random_state", None), ("n_jobs", None), ("verbose", 0)]
)
def test_defaults_of_how_something_runs(name, default):
    """None draws anew and takes all threads of BLAS; nothing is printed."""
    defaults = {
        where: parameters[name]
        for where, parameters in ASKED.items()
        if name in parameters
    }
    assert len(defaults) >= 5
    assert {where: was for where, was in defaults.items() if was is not default} == {}


# ------------------------------------------------------------------------------- order

# Where the order of two parameters is not that of all others.
IN_ANOTHER_ORDER = {
    "deduplicate": "what is asked for is in the items: the model comes second",
    "SymmetricMLPClassifier": "the order of scikit-learn's MLPClassifier",
}


def test_parameters_have_one_order():
    found = defaultdict(set)
    for where, parameters in ASKED.items():
        if where not in IN_ANOTHER_ORDER:
            for names in combinations(parameters, 2):
                found[names].add(where)
    both = {
        (first, second): sorted(found[first, second] | found[second, first])
        for first, second in found
        if first < second and (second, first) in found
    }
    assert both == {}


def test_the_model_is_first_and_data_follow():
    first = {"model", "estimator", "clusterer"}
    others = {
        where
        for where, parameters in ASKED.items()
        if inspect.isfunction(CALLABLES[where])
        and first & set(parameters)
        and next(iter(parameters)) not in first
    }
    # As in what they do: in the items something is found, by means of a model.
    assert others == {"deduplicate", "link"}


def test_other_constructors_begin_with_from():
    constructors = {
        f"{name}.{key}"
        for name, public in CALLABLES.items()
        if inspect.isclass(public)
        for key, member in vars(public).items()
        if isinstance(member, classmethod) and not key.startswith("_")
    }
    assert len(constructors) > 10
    assert [name for name in constructors if ".from_" not in name] == []


def test_displays_take_what_those_of_scikit_learn_take():
    for where, parameters in ASKED.items():
        if where.endswith(".from_estimator"):
            names = [name for name in parameters if name in ("estimator", "X", "y")]
            assert names == list(parameters)[: len(names)], where
            assert names[0] == "estimator"
            assert names != ["estimator", "y"]


# ------------------------------------------------------------------------------- texts

# How the text of a parameter begins, or what is in it, wherever users give it.
TEXTS = {
    "ax": r"Where to draw\b.*; None makes a new figure\.$",
    "beta": r'How many times as much recall counts as precision, for "f_beta"\.',
    "bound": r"The rate to keep, in \[0, 1\], for .far., .precision. and .recall.\.$",
    "class_weight": r'Factors of the weights of the two classes\. "balanced" gives',
    "coef0": r'Of "poly": how much lower degrees count; not negative\.$',
    "confidence_level": r"The level of the intervals, in \(0, 1\)\.$",
    "degree": r'Of "poly": the degree of the polynomial\.$',
    "kernel": r"The kernel of two items",
    "n_jobs": r"(Threads|Processes)\b",
    "pos_label": r'The label that means "similar"\. None takes the greater one\.$',
    "random_state": r".*\bPass an int for the same [a-z ]+ at every call\b",
    "sample_weight": r"Non-negative weights\b",
    "shrinkage": r"Share of the mean variance put in place of each covariance",
    "similar_rate": r"The (rate|share) of similar pairs\b",
    "verbose": r"0 is silent, 1 prints ",
    "y": r"Two labels of any kind|Their labels|The (group|class) of each item|Ignored",
    "y_true": r"Two labels of any kind\.$",
}


@pytest.mark.parametrize("name", TEXTS)
def test_shared_parameters_are_described_in_the_same_words(name):
    texts = {
        said.where: said.text
        for said in SAID
        if said.name == name and said.where not in RESULTS
    }
    assert len(texts) > 1
    others = {where: t for where, t in texts.items() if not re.match(TEXTS[name], t)}
    assert others == {}


def test_estimators_say_the_same_of_the_rate_where_they_are_used():
    start = "The rate of similar pairs where the model is used, in (0, 1). Shifts the "
    said = [
        said.text
        for said in SAID
        if said.name == "similar_rate" and hasattr(CALLABLES[said.where], "fit")
    ]
    assert len(said) >= 4
    for text in said:
        assert text.startswith(start)
        assert "so that probabilities hold there. None keeps the " in text


# ------------------------------------------------------------------------------ errors


@cache
def raised_texts():
    """Return where each error is raised, its kind and text, with code in braces."""
    return list(_raised_texts())


def _raised_texts():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_made = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
            if is_made and node.exc.args:
                text = text_of(node.exc.args[0])
                if text:
                    kind = ast.unparse(node.exc.func)
                    yield f"{path.relative_to(PACKAGE)}:{node.lineno}", kind, text


def text_of(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text_of, node.values))
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return node.value if isinstance(getattr(node, "value", None), str) else ""


# Texts of others, or what a text is made of that ends in a full stop.
FOREIGN = (
    "module {__name__} has no attribute",  # Python's own
    "input_features is not equal to",  # scikit-learn's own
    "early_stopping=True holds out",  # goes on
)
PARTS = {
    "_commands/options.py": "argparse has its own",
    "_files/archive.py": "inside of another error",
    "_tables/items.py": "inside of another error",
    "_tables/csv_tables.py": "never seen",
    "_validation/metric_learn.py": "the words of metric-learn, whose tests read them",
}


def test_errors_are_sentences():
    texts = raised_texts()
    assert len(texts) > 250
    wrong = [
        (where, text)
        for where, kind, text in texts
        if kind != "ImportError"  # ends in a command to copy
        and where.partition(":")[0] not in PARTS
        and not text.startswith(FOREIGN)
        and not re.search(r"([.?]|\{\w*error\}|\{_shorten\(.*|\{type\(.*)$", text)
    ]
    assert wrong == []


def test_errors_say_what_they_got_in_the_same_way():
    """Parameters of estimators as in scikit-learn; of functions after a comma."""
    for where, _, text in raised_texts():
        assert "; got " not in text.lower(), where
        assert not re.search(r"\bthe (\{\w+\}|'\w+') parameter of", text), where
