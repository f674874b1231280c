# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of kernels of pairs."""

from contextlib import contextmanager

import numpy as np

from sksymsim._validation.items import check_pairs, check_width
from sksymsim._validation.memory import check_memory
from sksymsim._validation.parameters import Choice, Number

GAMMA = [Choice("scale", "auto"), Number(float, 0, open_low=True)]
DEGREE = [Number(int, 1)]
# Below zero, a polynomial need not be a kernel.
COEF0 = [Number(float, 0)]


def check_two_of_pairs(X, Y):
    """Return pairs, and other pairs of the same width or None."""
    X = check_pairs(X)
    if Y is None:
        return X, None
    Y = check_pairs(Y)
    check_width(X.shape[2], Y.shape[2], "Y")
    return X, Y


def check_penalty(alpha, owner):
    """Refuse a kernel machine without penalty: it has no single optimum."""
    if not alpha > 0:
        raise ValueError(
            f"alpha must be > 0 for {owner}, whose kernel may have more dimensions "
            f"than there are pairs, got {alpha!r}. Try 1e-6."
        )


def check_gram_memory(n_rows, n_columns, of):
    """Refuse to fit to kernels that no memory would hold."""
    check_memory(
        8 * n_rows * n_columns,
        f"the kernels of {n_rows} with {n_columns} {of}",
        "fit to fewer pairs, or set n_landmarks of KernelPairClassifier, or lower it",
    )


def check_gram(diagonal, gamma):
    """Refuse kernels that have overflowed, and the gamma of items that have."""
    if not (np.isfinite(diagonal).all() and 0 < gamma < np.inf):
        raise ValueError(
            "the kernel of a pair with itself is not finite: the items are too long "
            "for this degree. Normalise them first, for example with "
            "SharedTransformer(EmbeddingNormalizer()), or lower gamma."
        )


@contextmanager
def check_alpha_suffices(alpha):
    """Say what to do where rounding leaves a Gram matrix with negative eigenvalues."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"alpha={alpha:g} is lost in the rounding of the kernel: its matrix "
            "cannot be factorised; increase alpha."
        ) from error


def check_kernel_values(values):
    """Return kernels of pairs, or products with them, unless they have overflowed."""
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(
            f"the kernel of pair {row} with others is not finite: the items are too "
            "long for this kernel. Normalise them first, for example with "
            "EmbeddingNormalizer, or lower gamma or degree."
        )
    return values


def check_kernel_scores(scores):
    """Refuse scores that have overflowed."""
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise ValueError(
            f"the score of pair {row} is not finite: its items are so long that the "
            "kernel overflows. They should be of the kind that the model was fitted "
            "on; normalise them in the same way."
        )
