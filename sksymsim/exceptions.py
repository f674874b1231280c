# SPDX-License-Identifier: BSD-3-Clause
"""Errors and warnings of the library that users may want to tell from others."""

__all__ = [
    "ContradictoryLabelsWarning",
    "LabelOrderWarning",
    "ModelFileError",
    "ModelVersionWarning",
]


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

    def __init__(self, message: str) -> None:
        super().__init__(message)


class LabelOrderWarning(UserWarning):
    """The greater of two labels counts as similar, and seems to mean dissimilar.

    Of two labels the greater one means similar, which is an accident if they are words:
    "no match" comes after "match". The warning comes if pairs of the greater word are
    further apart than those of the other, both by cosine and by Euclid. Numbers were
    chosen by somebody, but with 0 for similar, as distances have it, a model would
    learn the opposite of what is meant. So a warning comes too if an AUC below .3 says
    so, and pairs of the greater number are no nearer than the same items paired anew.

    Parameters
    ----------
    message : str
        Which label counts as similar, and what to do.

    Examples
    --------
    What is said by truth values is not doubted:

    >>> import numpy as np
    >>> words = np.array(["match", "no match"])
    >>> words == "match"
    array([ True, False])
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)


class ModelFileError(ValueError):
    """A file holds no model that can be read, or a model cannot be held by a file.

    Its text says what was found, and what to do.

    See Also
    --------
    load_model : Raises it for whatever is wrong with a file.

    Examples
    --------
    >>> import os
    >>> from sksymsim import ModelFileError, load_model
    >>> try:
    ...     load_model(os.curdir)
    ... except ModelFileError as error:
    ...     print(error)
    .: this is a directory, not a model file.
    """


class ModelVersionWarning(UserWarning):
    """A stored model is read by another version of sksymsim than wrote it.

    Also when it is copied, or sent to a process with another version. The model is
    there and usable; whether its scores are the same, a few stored ones can tell.

    See Also
    --------
    sklearn.exceptions.InconsistentVersionWarning : That of scikit-learn, for what is
        scikit-learn's in the model.

    Examples
    --------
    >>> import warnings
    >>> from sksymsim import ModelVersionWarning
    >>> warnings.simplefilter("error", ModelVersionWarning)  # rather fail than guess
    """
