# SPDX-License-Identifier: BSD-3-Clause
"""Models in files: safe ones, small ones, and the names that skops asks for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sksymsim._both_orders import concatenate
from sksymsim._files.archive import archive_bytes, read_archive, replace_file
from sksymsim._files.classes import REGISTRY
from sksymsim._files.compacting import compact_copy, deployed
from sksymsim._files.tree import SPARSE, TreeReader, TreeWriter
from sksymsim._kernels.pair_kernels import QUADRATIC
from sksymsim._validation.files import (
    check_compact_dtype,
    check_header,
    check_mmap_mode,
    require,
)
from sksymsim._versions import library_versions, warn_of_another_version
from sksymsim.exceptions import ModelFileError
from sksymsim.model_cards import card_or_none
from sksymsim.search import SymmetricPairClassifierCV

if TYPE_CHECKING:
    from typing import Literal

    from sksymsim._typing import Estimator, Path

__all__ = ["compact", "load_model", "save_model", "trusted_types"]

FORMAT = 1


def save_model(model: Estimator, path: Path) -> None:
    """Write a fitted model into one file that can be read without running code.

    Parameters
    ----------
    model : estimator
        Fitted: any estimator of pairs of this package, alone or in a Pipeline with
        :class:`SharedTransformer` and transformers out of a list, or in
        ``FrozenEstimator`` or ``FixedThresholdClassifier``. Of a search, its
        ``best_estimator_`` is written.
    path : str or os.PathLike
        The file; ``.sksymsim`` is a usual ending. One that is there is replaced as a
        whole, or not at all if anything goes wrong.

    Raises
    ------
    ModelFileError
        If a part of the model is of a class that is not on the list, or not finite.
        Nothing is written then.
    NotFittedError
        If the model is not fitted.
    OSError
        If the file cannot be written.

    See Also
    --------
    load_model : Reads it.
    compact : A model in float32, half as large; and without what only `fit` needs.
    model_card : What the file says of the training.

    Notes
    -----
    The file is a ZIP archive of ``header.json`` and of arrays as ``numpy.load`` reads
    them. It ends in the SHA-256 of all before. The same model makes the same file.
    There is no option for the precision here: what is saved is the very model that was
    tested, and ``compact(model, dtype="float32")`` is one that can be tested before.

    Examples
    --------
    >>> import os, tempfile
    >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
    >>> from sksymsim import load_model, save_model
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "same-speaker.sksymsim")
    ...     save_model(model, path)
    ...     again = load_model(path)
    >>> bool((again.predict_proba(pairs) == model.predict_proba(pairs)).all())
    True
    """
    model = deployed(model)
    check_is_fitted(model)
    writer = TreeWriter(REGISTRY)
    tree = writer.write(model, "")
    header = {
        "format": FORMAT,
        "versions": library_versions(),
        "card": card_or_none(model),
        "model": tree,
    }
    replace_file(path, archive_bytes(header, writer.arrays))


def load_model(path: Path, *, mmap_mode: Literal["r"] | None = None) -> Estimator:
    """Read a model that :func:`save_model` has written.

    Nothing in the file can make code run: classes and their attributes are looked up in
    a list, and everything about them is checked.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    mmap_mode : {"r"}, default=None
        "r" leaves the arrays in the file, as read-only memory maps: processes that load
        one file share its memory. The file is read once either way, to check it.

    Returns
    -------
    model : estimator
        With the same scores, to the last bit.

    Raises
    ------
    ModelFileError
        If anything is wrong with the file: another kind of file, a bit that has
        changed, a missing end, a class that is not on the list, an array of a wrong
        shape or type, NaN.
    OSError
        If there is no such file, or it cannot be read.

    Warns
    -----
    ModelVersionWarning
        If another version of sksymsim wrote the file.
    InconsistentVersionWarning
        If another version of scikit-learn did, and classes of its are in the model.

    See Also
    --------
    save_model : With an example.

    Notes
    -----
    The SHA-256 tells that the file is as it was written, and not who wrote it: whoever
    can write a file can write its sum. What a stranger's file can do is give wrong
    scores; it cannot do more.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sksymsim import EmbeddingNormalizer, load_model, save_model
    >>> model = EmbeddingNormalizer().fit(np.eye(3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "normalizer.sksymsim")
    ...     save_model(model, path)
    ...     load_model(path)
    EmbeddingNormalizer()
    """
    check_mmap_mode(mmap_mode)
    try:
        header, arrays = read_archive(path, mapped=mmap_mode is not None)
        versions = check_header(header, FORMAT)
        warn_of_another_version(versions["sksymsim"])
        reader = TreeReader(REGISTRY, arrays, versions)
        model = reader.read(header["model"])
        require(isinstance(model, BaseEstimator), "the file holds no estimator.")
        reader.check_all_used()
        check_is_fitted(model)
    except NotFittedError:
        raise ModelFileError(f"{os.fspath(path)}: the model is not fitted.") from None
    except RecursionError:
        raise ModelFileError(f"{os.fspath(path)}: the header is too deep.") from None
    except ModelFileError as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error.__cause__
    return model


def compact(
    model: Estimator, *, dtype: Literal["float32", "float64"] | None = None
) -> Estimator:
    """Return a copy of a fitted model with what prediction needs, and no more.

    For pickles, for files of :func:`save_model` and for any other way to store it.

    Parameters
    ----------
    model : estimator
        Fitted. It is not changed.
    dtype : {"float32", "float64"}, default=None
        What the matrices become. "float32" is half of the size; scores change by about
        a ten-millionth of their size. None keeps them, and the scores to the last bit.

    Returns
    -------
    smaller : estimator
        Of a search, its ``best_estimator_``. A `prior` that is an array or a learner is
        left out, and the means of "adam" that ``partial_fit`` goes on with, and
        generators in `random_state`: so it can be used and not be fitted anew. Classes
        that this package does not know are copied as they are.

    Raises
    ------
    ValueError
        If `dtype` is another one.

    Notes
    -----
    The precision is an option of this function, and not of :func:`save_model`, because
    what is stored should be what was tested: the copy can be measured like any model.

    Of kernel machines the items are narrowed and the coefficients are not, as those of
    both signs cancel. Matrices come in the order in which scoring reads them, so that
    processes which map one file into memory share it.

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> from sksymsim import SymmetricPairClassifier, compact
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> small = compact(model, dtype="float32")
    >>> np.allclose(small.predict_proba(pairs), model.predict_proba(pairs), atol=1e-5)
    True
    >>> len(pickle.dumps(small)) < 0.6 * len(pickle.dumps(model))
    True
    """
    check_compact_dtype(dtype)
    return compact_copy(model, None if dtype is None else np.dtype(dtype))


def trusted_types() -> list[str]:
    """Return the names of all types that a model of this package may hold.

    For ``skops.io.load(file, trusted=trusted_types())``: skops asks for the names of
    what it does not know as harmless. Further estimators in a model, such as those of
    other packages in :class:`SymmetrizedClassifier`, have names of their own.

    Returns
    -------
    names : list of str
        Sorted.

    See Also
    --------
    load_model : Needs no list of names.

    Examples
    --------
    >>> from sksymsim import trusted_types
    >>> "sksymsim.classifier.SymmetricPairClassifier" in trusted_types()
    True
    """
    kinds = [entry.kind for entry in REGISTRY if not entry.is_foreign]
    kernels = [kernel.values for kernel in QUADRATIC.values()]
    others = [SymmetricPairClassifierCV, concatenate, *SPARSE.values()]
    known = [*kinds, *kernels, *others]
    return sorted({f"{one.__module__}.{one.__qualname__}" for one in known})
