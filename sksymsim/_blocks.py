# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of rows, threads over blocks, and the memory they may take."""

import os
import threading
from contextlib import contextmanager, nullcontext

import numpy as np
from joblib import Parallel, delayed
from scipy import sparse
from threadpoolctl import ThreadpoolController

# One operand of a block: large enough for BLAS to run at full speed, small enough
# that the operands of one block stay in the last-level cache.
BLOCK_BYTES = 4 * 2**20
# What the fit may keep prepared between two evaluations; beyond it, blocks are
# prepared anew each time.
RESIDENT_BYTES = 1 * 2**30
# The widest items that a fit takes: at its peak it holds 44 arrays of (n_features,
# n_features), 82 for "quadratic": 11 GB here.
MAX_FEATURES = 4096
# Below so many multiplications for each evaluation, waiting for a second BLAS thread
# costs more than it saves, on a busy machine a hundred times more.
SMALL_WORK = 2e9


def working_dtype(*dtypes):
    """Return float32 for float32 and float16 input, float64 for all other."""
    narrow = all(d in (np.dtype(np.float32), np.dtype(np.float16)) for d in dtypes)
    return np.dtype(np.float32 if narrow else np.float64)


def block_slices(n_rows, row_bytes):
    """Cut rows into blocks by their size alone.

    So results do not depend on how many threads work on the blocks.
    """
    step = int(max(128, BLOCK_BYTES // max(1, row_bytes)))
    return [slice(i, min(i + step, n_rows)) for i in range(0, n_rows, step)]


def as_rows(block, dtype):
    """Return rows as C-contiguous float rows (or CSR): one layout, whatever came in.

    The layout matters for more than speed: BLAS may round a row differently when it
    is stored another way, and symmetry is to hold bit for bit.
    """
    if sparse.issparse(block):
        return block.astype(dtype, copy=False)
    return np.ascontiguousarray(block, dtype=dtype)


def dense(block):
    """Return a block as an ndarray."""
    return block.toarray() if sparse.issparse(block) else np.asarray(block)


class _OneBlasThread:
    """Hold BLAS to one thread while any thread of this process is inside.

    The limit belongs to the process, so the threads that enter share it: the first
    one sets it and the last one takes it back. Setting and restoring for each caller
    would let one caller restore in the middle of another, or restore the limit for
    good.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self._limit = None

    @contextmanager
    def __call__(self):
        with self._lock:
            if self._inside == 0:
                controller = ThreadpoolController()
                self._limit = controller.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._limit.__exit__(None, None, None)
                    self._limit = None


_one_blas_thread = _OneBlasThread()
if hasattr(os, "register_at_fork"):
    # A child made in the middle of a call has none of the threads that were inside.
    os.register_at_fork(after_in_child=_one_blas_thread.__init__)


def blas_threads_for(work):
    """Return a context in which small work is done by one BLAS thread."""
    return _one_blas_thread() if work < SMALL_WORK else nullcontext()


def run_blocks(function, slices, n_jobs=None):
    """Call a function on each block, in threads, with one BLAS thread in each.

    Parameters
    ----------
    function : callable
        Takes a slice; writes its result into an array that it closes over.
    slices : list of slice
        From :func:`block_slices`.
    n_jobs : int, default=None
        Threads, as in joblib.
    """
    if len(slices) == 1:
        function(slices[0])
        return
    with _one_blas_thread():
        Parallel(n_jobs=n_jobs, prefer="threads", require="sharedmem")(
            delayed(function)(rows) for rows in slices
        )
