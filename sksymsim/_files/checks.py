# SPDX-License-Identifier: BSD-3-Clause
"""What must hold between the parts of an object that comes from a file.

Each part by itself has been looked at before. Also how the few objects are taken apart
whose constructor does not take what they are made of.
"""

import math

import numpy as np

from sksymsim._both_orders import concatenate
from sksymsim._forms import FORMS
from sksymsim._kernels.pair_kernels import QUADRATIC, Links
from sksymsim._validation.files import require
from sksymsim._validation.parameters import BOOL

# ---------------------------------------------------------------------- polynomials


def check_score(parts, name):
    terms = FORMS[parts["form"]].terms
    factors, signs = parts["factors"], parts["signs"]
    require(
        len(factors) == len(signs) == len(terms),
        f"form {parts['form']!r} has {len(terms)} terms, got {len(factors)} factors "
        f"and {len(signs)} arrays of signs.",
    )
    widths = {factor.shape[1] for factor in factors}
    if parts["linear"] is not None:
        widths.add(len(parts["linear"]))
    require(len(widths) == 1, f"parts of a score have the widths {sorted(widths)}.")
    for factor, sign in zip(factors, signs, strict=True):
        require(
            len(factor) == len(sign) and bool((np.abs(sign) == 1).all()),
            f"a factor of {len(factor)} rows wants as many signs of 1 or -1.",
        )


def check_width(width, parts, name):
    known = parts["n_features_in_"]
    require(
        width == known, f"n_features_in_ of {name} is {known}, its score has {width}."
    )


def check_pair_classifier(parts, name):
    score, fitted = parts["_score"], parts["_fitted"]
    check_width(score.n_features, parts, name)
    require(
        len(fitted) == 2 and fitted[0] == score.form and fitted[1] in BOOL,
        f"{name} was fitted as {fitted}, and its score is of form {score.form!r}.",
    )
    metric = score.form in FORMS and FORMS[score.form].has_metric
    require(
        not (metric and fitted[1]) or score.is_metric,
        f"{name} was fitted with psd=True, and its matrix has negative directions.",
    )


# ---------------------------------------------------------------------------- kernels


def name_of_kernel(kernel):
    names = [name for name, known in QUADRATIC.items() if known.values is kernel.values]
    return {"name": names[0]}


def kernel_named(name):
    return QUADRATIC[name]


def check_links(parts, name):
    sizes = {part.shape for part in (parts["S"], parts["D"]) if part is not None}
    sizes |= {(len(part), len(part)) for part in [parts["u"]] if part is not None}
    require(
        len(sizes) == 1 and len(set(*sizes)) == 1,
        f"coefficients of pairs have the shapes {sorted(sizes)}.",
    )


def check_dual(parts, name):
    support, links, prior = parts["support"], parts["links"], parts["prior"]
    needed = parts["pair_kernel"].needed(Links(1, 1, 1, 1))
    for part in ("S", "D", "u"):
        missing = getattr(needed, part) is not None and getattr(links, part) is None
        require(not missing, f"a sum of kernels has no coefficients {part}.")
    width = links.width if support is None else support.shape[0]
    require(
        width == links.width,
        f"a sum of kernels has {links.width} coefficients for {width} items.",
    )
    if prior is not None:
        n_features = width if support is None else support.shape[1]
        require(
            prior.n_features == n_features,
            f"a prior of {prior.n_features} features is added to {n_features}.",
        )


def check_kernel_machine(parts, name):
    check_width(parts["_score"].n_features, parts, name)


# --------------------------------------------------------------------------- networks

ARCHITECTURE = ("n_features", "tower", "cross_weights", "pooling", "head", "activation")


def architecture_of(network):
    return dict(zip(ARCHITECTURE, network.architecture, strict=True))


def check_network(parts, name):
    network = parts["network"]
    shapes = [shape for step in network.steps for shape in step.shapes]
    n_parameters = sum(math.prod(shape) for shape in shapes) + 2
    require(
        len(parts["theta"]) == n_parameters,
        f"a network of {n_parameters} parameters got {len(parts['theta'])}.",
    )
    width = len(parts["inputs"].center)
    require(
        width == network.architecture[0],
        f"a network of {network.architecture[0]} features is centred by {width}.",
    )


def check_mlp(parts, name):
    check_width(parts["_model"].network.architecture[0], parts, name)


def without_stream(model):
    model._stream = None


# ------------------------------------------------------------------------- containers


def check_stack(parts, name):
    members = parts["estimators_"]
    require(
        members and len(members) == len(parts["weights"]) == len(parts["_methods"]),
        f"{name} has {len(members)} members, {len(parts['weights'])} weights and "
        f"{len(parts['_methods'])} methods.",
    )
    for member in members:
        same = np.array_equal(member.classes_, parts["classes_"])
        require(same, f"a member of {name} has other labels.")


def check_steps(parts, name):
    steps = parts["steps"]
    named = all(
        isinstance(step, list | tuple) and len(step) == 2 and isinstance(step[0], str)
        for step in steps
    )
    require(steps and named, f"steps of {name} must be (name, estimator) each.")
    names = [step for step, _ in steps]
    require(len(set(names)) == len(names), f"steps of {name} go by one name twice.")
    for _, step in steps:
        known = step in (None, "passthrough") if isinstance(step, str) else True
        fits = step is None or hasattr(step, "fit") or isinstance(step, str)
        require(known and fits, f"steps of {name} hold {step!r}, no estimator.")


def concatenating(model):
    model._feature_map = concatenate
