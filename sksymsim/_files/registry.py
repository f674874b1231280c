# SPDX-License-Identifier: BSD-3-Clause
"""How the objects of a list of classes are taken apart and put together.

See ``_model_classes`` for the list.
"""

import inspect
from dataclasses import dataclass, field
from functools import cached_property

import sklearn
from sklearn.base import BaseEstimator

from sksymsim._validation.files import check_parts, require
from sksymsim._version import __version__
from sksymsim.exceptions import ModelFileError


def _nothing(*arguments):
    """Stand in for what few classes need."""


@dataclass(frozen=True)
class Entry:
    """One class that a model file may hold.

    Parameters
    ----------
    kind : type
    parameters : dict of str to list
        What its constructor takes and a file may hold, each with the constraints of
        which one must hold; none of them for any value.
    fitted : dict of str to list
        Likewise, the attributes of a fitted estimator.
    optional : tuple of str
        Those of them that not every fitted estimator has.
    check : callable, default=None
        ``check(parts, name)`` raises the error of model files.
    restore : callable, default=None
        ``restore(made)`` sets what files leave out.
    taken : callable, default=None
        Returns a dict of the parameters of an object that does not have them as
        attributes.
    made : callable, default=None
        What makes an object of parameters; the class itself if not given.
    """

    kind: type
    parameters: dict
    fitted: dict = field(default_factory=dict)
    optional: tuple = ()
    check: object = _nothing
    restore: object = _nothing
    taken: object = None
    made: object = None

    @property
    def name(self):
        """The name in files."""
        return self.kind.__name__

    @property
    def is_foreign(self):
        """Whether it is a class of scikit-learn."""
        return self.kind.__module__.startswith("sklearn.")

    def take(self, thing):
        """Return the parts of an object that go into a file, checked."""
        if self.taken is not None:
            parts = self.taken(thing)
        else:
            parts = {name: getattr(thing, name) for name in self._known_parameters}
        parts |= {k: v for k, v in vars(thing).items() if k in self.fitted}
        self._check(parts)
        return parts

    def make(self, parts, versions):
        """Return the object of some parts, which come from a file and may be anything.

        Parameters
        ----------
        parts : dict
        versions : dict
            Those of the libraries that wrote the file. Parameters that only another
            version knows are left out: there is a warning of that version.
        """
        unknown = parts.keys() - self.parameters.keys() - self.fitted.keys()
        if self._is_of_another_version(versions):
            unknown = {name for name in unknown if name[:1] == "_" or name[-1:] == "_"}
        require(not unknown, f"{self.name} has no part {min(unknown, default='')!r}.")
        self._check(parts)
        known = [name for name in self._known_parameters if name in parts]
        thing = (self.made or self.kind)(**{name: parts[name] for name in known})
        fitted = {k: v for k, v in parts.items() if k in self.fitted}
        if fitted:
            if self.is_foreign:
                # It has its own warning of other versions.
                fitted["_sklearn_version"] = versions.get("scikit-learn")
                thing.__setstate__({**vars(thing), **fitted})
            else:
                vars(thing).update(fitted)
        if fitted or not self.fitted:
            self.restore(thing)
        return thing

    def _is_of_another_version(self, versions):
        if self.is_foreign:
            return versions.get("scikit-learn") != sklearn.__version__
        return versions.get("sksymsim") != __version__

    @cached_property
    def _known_parameters(self):
        """Return the parameters that this version of the class takes."""
        taken = inspect.signature(self.made or self.kind).parameters
        return [name for name in self.parameters if name in taken]

    @cached_property
    def _needed_parameters(self):
        """Return those without a default, and all of what is no estimator."""
        if not issubclass(self.kind, BaseEstimator):
            return list(self.parameters)
        taken = inspect.signature(self.kind).parameters
        return [
            name
            for name in self._known_parameters
            if taken[name].default is inspect.Parameter.empty
        ]

    def _check(self, parts):
        is_fitted = bool(parts.keys() & self.fitted.keys())
        needed = set(self._needed_parameters)
        if is_fitted:
            needed |= self.fitted.keys() - set(self.optional)
        missing = needed - parts.keys()
        require(not missing, f"{self.name} has no {min(missing, default='')!r}.")
        tables = {**self.parameters, **self.fitted}
        check_parts(parts, self.name, {k: v for k, v in tables.items() if v})
        if is_fitted or not self.fitted:
            self.check(parts, self.name)


class Registry:
    """All classes that a model file may hold.

    Parameters
    ----------
    entries : sequence of Entry
    """

    def __init__(self, entries):
        self._by_kind = {entry.kind: entry for entry in entries}
        self._by_name = {entry.name: entry for entry in entries}

    def __iter__(self):
        return iter(self._by_kind.values())

    def get(self, thing):
        """Return the entry of the class of an object, or None."""
        return self._by_kind.get(type(thing))

    def entry_of(self, thing, name):
        """Return the entry of the class of an object, or refuse it."""
        entry = self.get(thing)
        if entry is None:
            raise ModelFileError(
                f"{name or 'the model'} holds {_kind_of(thing)}, which a model file "
                f"cannot hold. Estimators in it can be {', '.join(self.names())}. "
                "Otherwise pickle the model with joblib.dump, for those who trust you, "
                "or write it with skops.io.dump, see trusted_types(). What only fit "
                "needs is left out by compact(model)."
            )
        return entry

    def entry_named(self, name):
        """Return the entry that a file names."""
        known = isinstance(name, str) and name in self._by_name
        require(
            known,
            f"the file holds {str(name)[:80]!r}, which is not among the classes that "
            "this version of sksymsim reads.",
        )
        return self._by_name[name]

    def names(self):
        """Return the names of the estimators, sorted."""
        return sorted(
            name
            for name, entry in self._by_name.items()
            if issubclass(entry.kind, BaseEstimator)
        )


def _kind_of(thing):
    if isinstance(thing, type) or (callable(thing) and hasattr(thing, "__name__")):
        return f"{thing.__name__} itself"
    return f"an object of {type(thing).__module__}.{type(thing).__qualname__}"
