# SPDX-License-Identifier: BSD-3-Clause
"""The results of a search, in order: one curve for each setting."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sksymsim._validation.plots import check_axis_values


@dataclass(frozen=True, eq=False)
class SearchCurve:
    """The scores of one setting, for all values of one parameter.

    Parameters
    ----------
    label : str
        The setting: the other parameters, as far as they vary.
    candidates : ndarray of int of shape (n_values,)
        The places in ``cv_results_``.
    values : ndarray of shape (n_values,) or None
        The values of the parameter, rising; None if the setting has none, and then
        there is one candidate.
    mean : ndarray of shape (n_values,)
        The mean scores over the splits.
    error : ndarray of shape (n_values,) or None
        Their standard errors.
    """

    label: str
    candidates: np.ndarray
    values: np.ndarray | None
    mean: np.ndarray
    error: np.ndarray | None


def standard_errors(results):
    """Return the standard errors of the mean scores, and the number of splits."""
    splits = []
    while f"split{len(splits)}_test_score" in results:
        splits.append(results[f"split{len(splits)}_test_score"])
    if len(splits) < 2:
        return None, None
    return np.std(splits, axis=0, ddof=1) / np.sqrt(len(splits)), len(splits)


def make_curves(params, keys, mean, error, parameter, names=None):
    """Return one curve for each setting, the one with the best score first.

    Parameters
    ----------
    params : sequence of dict
        The candidates.
    keys : list of str or None
        For each candidate, under which name it has the parameter, if it does.
    mean : ndarray of shape (n_candidates,)
    error : ndarray of shape (n_candidates,) or None
    parameter : str
        What messages call the parameter.
    names : sequence of str or None, default=None
        What tells settings apart that have the same parameters.

    Returns
    -------
    curves : list of SearchCurve
    """
    settings = {}
    for i, (param, key) in enumerate(zip(params, keys, strict=True)):
        rest = {name: f"{value}" for name, value in param.items() if name != key}
        setting = (key is None, *sorted(rest.items()))
        name = None if names is None else names[i]
        settings.setdefault((setting, name), []).append(i)
    distinct = list(dict.fromkeys(setting for setting, _ in settings))
    labels = labels_of([dict(setting[1:]) for setting in distinct])
    labels = dict(zip(distinct, labels, strict=True))
    n_named = Counter(setting for setting, _ in settings)
    curves = []
    for (setting, name), members in settings.items():
        label = labels[setting] if n_named[setting] == 1 else name
        members, values = np.array(members), None
        if not setting[0]:
            values = [params[i][keys[i]] for i in members]
            values = check_axis_values(values, parameter)
            order = np.argsort(values, kind="stable")
            members, values = members[order], values[order]
        curves.append(
            SearchCurve(
                label=label,
                candidates=members,
                values=values,
                mean=mean[members],
                error=None if error is None else error[members],
            )
        )
    # A candidate that failed has NaN, and is not the best of its curve.
    best = [np.where(np.isnan(c.mean), -np.inf, c.mean).max() for c in curves]
    return [curves[i] for i in np.argsort(-np.array(best), kind="stable")]


def labels_of(settings):
    """Return texts for settings: the parameters that are not the same in all.

    Parameters
    ----------
    settings : list of dict of str to str

    Returns
    -------
    labels : list of str
    """
    names = sorted({name for setting in settings for name in setting})
    values = {name: {setting.get(name) for setting in settings} for name in names}
    varied = [name for name in names if len(values[name] - {None}) > 1]
    labels = _labels(settings, varied)
    if len(set(labels)) == len(labels):
        return labels
    # Some differ only in that they have a parameter or do not.
    return _labels(settings, [name for name in names if len(values[name]) > 1])


def _labels(settings, names):
    shorts = [name.rpartition("__")[2] for name in names]
    shown = {
        name: short if shorts.count(short) == 1 else name
        for name, short in zip(names, shorts, strict=True)
    }
    return [
        ", ".join(f"{shown[n]}={setting[n]}" for n in names if n in setting)
        or "all settings"
        for setting in settings
    ]
