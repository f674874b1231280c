# SPDX-License-Identifier: BSD-3-Clause
"""The bridge to the callbacks of scikit-learn 1.9; without them, nothing happens.

They are experimental there, so this file is the only one that knows them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class CallbackSupportMixin:
        """Stands in for what has no types in scikit-learn."""

    with_callbacks: Any

else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:

        class CallbackSupportMixin:
            """Stands in for what scikit-learn before 1.9 does not have."""

        with_callbacks = None


class FitTask:
    """A fit that callbacks may watch.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext or None
        None where there are no callbacks: then nobody is told anything.
    X : Pairs or array
        For iterations, Pairs.
    y : ndarray or None
    sample_weight : array-like or None
        As given to `fit`.
    """

    def __init__(self, estimator, context, X, y, sample_weight):
        self._context = context
        self._facts = {"estimator": estimator, "X": X, "y": y, "metadata": None}
        if sample_weight is not None:
            self._facts["metadata"] = {"sample_weight": sample_weight}
        if context is not None:
            context.call_on_fit_task_begin(**self._facts)

    def _end(self, context, attributes=None):
        return context.call_on_fit_task_end(
            **self._facts, reconstruction_attributes=attributes
        )

    def end(self):
        """Say that the estimator is fitted."""
        if self._context is not None:
            self._end(self._context, {})

    @contextmanager
    def part(self, name, n_parts=0, within=None):
        """Run a part of the fit, which has so many parts of its own.

        Yields
        ------
        context : object or None
            To be passed as `within`.
        """
        if self._context is None:
            yield None
            return
        within = self._context if within is None else within
        context = within.subcontext(task_name=name, max_subtasks=n_parts)
        context.call_on_fit_task_begin(**self._facts)
        yield context
        self._end(context)

    def each(self, results, n_results, name, name_of_one):
        """Yield results as they come, each of which is a part of the fit."""
        results = iter(results)
        with self.part(name, n_results) as whole:
            for _ in range(n_results):
                with self.part(name_of_one, within=whole):
                    result = next(results)
                yield result

    @contextmanager
    def iterations(self, attributes):
        """Run a solver.

        Parameters
        ----------
        attributes : callable
            Maps what the solver has found to the attributes of an estimator that was
            fitted so far; the number and the names of features are added.

        Yields
        ------
        watch : callable or None
            To be called after each iteration with a function that returns what was
            found. Returns whether to stop.
        """
        if self._context is None:
            yield None
            return
        iterations = _Iterations(self, attributes)
        yield iterations
        iterations.close()


class _Iterations:
    """Iterations, each of which begins where the last one has ended."""

    def __init__(self, task, attributes):
        self._task, self._attributes = task, attributes
        self._begin()

    def _begin(self):
        self._current = self._task._context.subcontext(task_name="iteration")
        self._current.call_on_fit_task_begin(**self._task._facts)

    def __call__(self, found):
        # Nothing is computed unless some callback asks for it.
        stop = self._task._end(self._current, lambda: self._fitted(found()))
        self._begin()
        return bool(stop)

    def _fitted(self, found):
        pairs = self._task._facts["X"]
        features = {"n_features_in_": pairs.shape[2]}
        if pairs.feature_names is not None:
            features["feature_names_in_"] = pairs.feature_names
        return self._attributes(found) | features

    def close(self):
        """End the one that has begun and was not needed."""
        self._task._end(self._current)


@contextmanager
def watched(estimator, X, y=None, sample_weight=None, n_parts=0):
    """Let the callbacks of an estimator watch its fit, if there can be any.

    Parameters
    ----------
    estimator : estimator
        Fitted at the end of the block. If that fails or is interrupted, it is what it
        was before, and its outcome is not watched.
    X, y, sample_weight
        What callbacks are shown, such as those that compute scores.
    n_parts : int or None, default=0
        How many parts the fit has; None if nobody knows.

    Yields
    ------
    task : FitTask
    """
    if with_callbacks is None:
        with _all_or_nothing(estimator):
            yield FitTask(estimator, None, X, y, sample_weight)
        return
    try:
        context = estimator._init_callback_context(max_subtasks=n_parts)
        task = FitTask(estimator, context, X, y, sample_weight)
        with _all_or_nothing(estimator):
            yield task
        task.end()
    finally:
        _tear_down(estimator)


@contextmanager
def _all_or_nothing(estimator):
    """Take back the attributes of an estimator if what is within raises anything."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        # Never without any: other threads may be asking.
        vars(estimator).update(before)
        for name in vars(estimator).keys() - before.keys():
            del vars(estimator)[name]
        raise


def _nothing(estimator):
    pass


# What it does around a method is all that is wanted: as a decorator of `fit` it would
# stand between warnings and the line of the user.
_tear_down = _nothing if with_callbacks is None else with_callbacks(_nothing)
