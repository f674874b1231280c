# SPDX-License-Identifier: BSD-3-Clause
"""By which names weights and groups reach the fit of any estimator, if they do."""

from inspect import Parameter, signature

from sklearn import get_config
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

# scikit-learn's names.
WEIGHT = "sample_weight"
GROUPS = "groups"


def weight_argument(estimator):
    """Return the name by which weights reach an estimator, and if they surely do.

    Returns
    -------
    name : str or None
        None if its fit takes no weights.
    certain : bool
        Whether the estimator and all classifiers in it take weights by themselves.
    """
    if get_config()["enable_metadata_routing"]:
        name = _routed(estimator, WEIGHT)
        return name, name is not None
    prefix, last = _last_step(estimator, "", (GridSearchCV, RandomizedSearchCV))
    parameters = signature(last.fit).parameters
    named = WEIGHT in parameters
    if not named and not any(
        one.kind is Parameter.VAR_KEYWORD for one in parameters.values()
    ):
        return None, False
    members = [
        part
        for part in last.get_params(deep=True).values()
        if hasattr(part, "fit") and hasattr(part, "predict")
    ]
    certain = named and all(has_fit_parameter(part, WEIGHT) for part in members)
    return prefix + WEIGHT, certain


def group_argument(estimator):
    """Return the name by which groups reach an estimator that names them, or None.

    What a search is given goes to its folds, and not to what it searches.
    """
    if get_config()["enable_metadata_routing"]:
        return _routed(estimator, GROUPS)
    prefix, last = _last_step(estimator, "", ())
    return prefix + GROUPS if has_fit_parameter(last, GROUPS) else None


def _routed(estimator, name):
    """Return the name if the estimator or something in it has requested it."""
    routing = get_routing_for_object(estimator)
    if isinstance(routing, MetadataRouter):
        return name if routing.consumes("fit", [name]) else None
    return name if has_fit_parameter(estimator, name) else None


def _last_step(estimator, prefix, searches):
    """Follow the last steps of pipelines, and what searches of some kinds search."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return _last_step(last, f"{prefix}{name}__", searches)
    if isinstance(estimator, searches):
        return _last_step(estimator.estimator, prefix, searches)
    return prefix, estimator
