# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of rows, threads over blocks, and the memory they may take."""

import mmap
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from threadpoolctl import ThreadpoolController

# One operand of a block: large enough for BLAS to run at full speed, small enough
# that the operands of one block stay in the last-level cache.
BLOCK_BYTES = 4 * 2**20
# What the fit may keep prepared between two evaluations; beyond it, blocks are
# prepared anew each time.
RESIDENT_BYTES = 2**29
# The widest items that a fit takes: at its peak it holds 44 arrays of (n_features,
# n_features), 82 for "quadratic": 11 GB here.
MAX_FEATURES = 4096
# Partial sums of a fit may take about this together.
LANE_BYTES = 2**28
# Below so many multiplications for each evaluation, waiting for a second thread costs
# more than it saves.
SMALL_WORK = 1e8


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


def release_pages(*tables):
    """Let go of the pages of memory maps that have been read.

    What was read of a file counts as memory of this process until the system wants it
    back, which with a map larger than the memory wanted is too late. Nothing is lost:
    the pages stay in the system's cache. Copy-on-write maps are left alone, as their
    changes are in the pages.
    """
    for table in tables:
        base = table
        while isinstance(base, np.ndarray):
            if getattr(base, "mode", None) == "c":
                base = None
                break
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
            base.madvise(mmap.MADV_DONTNEED)


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


def effective_threads(n_jobs):
    """Return how many threads a number of jobs means.

    None is what BLAS would use by itself in this process, so that its environment
    variables, ``threadpool_limits`` and the limits of joblib's workers are heeded; in
    a ``joblib.parallel_config`` context, what that says.
    """
    if n_jobs is not None or effective_n_jobs(None) != 1:
        return effective_n_jobs(n_jobs)
    found = ThreadpoolController().select(user_api="blas").info()
    return max((library["num_threads"] for library in found), default=1)


class Team:
    """Threads that share out blocks, with one BLAS thread in each.

    What a block contributes does not depend on how many threads there are, and sums
    are taken in an order that does not either: so results are the same bits for any
    number of threads.

    Parameters
    ----------
    n_threads : int, default=1
        One works in the thread of the caller.
    """

    def __init__(self, n_threads=1):
        self.n_threads = n_threads
        self._pool = None
        self._limit = None

    def __enter__(self):
        self._limit = _one_blas_thread()
        self._limit.__enter__()
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads)
        return self

    def __exit__(self, *error):
        try:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
        finally:
            self._pool = None
            self._limit.__exit__(None, None, None)

    def map(self, function, tasks):
        """Return function(task) for each task, in order."""
        if self._pool is None or len(tasks) == 1:
            return [function(task) for task in tasks]
        return list(self._pool.map(function, tasks))

    def sum(self, function, slices, sum_bytes=0):
        """Return the sum of function(rows) over blocks.

        Parameters
        ----------
        function : callable
            Maps a slice to a list of numbers and arrays, of its own each time.
        slices : list of slice
        sum_bytes : int, default=0
            The size of one such list: so many are held at a time that it matters.
        """
        n_lanes = int(np.clip(LANE_BYTES // max(1, sum_bytes), 4, 16))
        ends = np.linspace(0, len(slices), min(n_lanes, len(slices)) + 1).astype(int)
        lanes = [slices[i:j] for i, j in pairwise(ends)]

        def add_up(lane):
            total = function(lane[0])
            for rows in lane[1:]:
                for i, part in enumerate(function(rows)):
                    total[i] += part
            return total

        total, *others = self.map(add_up, lanes)
        for other in others:
            for i, part in enumerate(other):
                total[i] += part
        return total


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
