# SPDX-License-Identifier: BSD-3-Clause
"""Warnings of the library that users may want to tell from others."""

__all__ = ["ContradictoryLabelsWarning"]


class ContradictoryLabelsWarning(UserWarning):
    """Labels of pairs contradict each other, as far as a fit sees at a glance.

    Parameters
    ----------
    message : str
        What was found, an example, and what to do.

    See Also
    --------
    sksymsim.audit_labels : Lists them, and those that only chains of labels show.

    Examples
    --------
    To be silent about it:

    >>> import warnings
    >>> from sksymsim import ContradictoryLabelsWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", ContradictoryLabelsWarning)
    ...     pass  # fit here
    """

    def __init__(self, message):
        super().__init__(message)
