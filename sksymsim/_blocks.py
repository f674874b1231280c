# SPDX-License-Identifier: BSD-3-Clause
"""Blocks of rows, threads over blocks, and the memory they may take."""

import mmap
import multiprocessing
import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.parallel import get_active_backend
from scipy import sparse
from threadpoolctl import ThreadpoolController

# One operand of a block: large enough for BLAS to run at full speed, small enough
# that the operands of one block stay in the last-level cache.
BLOCK_BYTES = 4 * 2**20
# Rows of a block below which another block is not worth it.
LEAST_ROWS = 256
# What the fit may keep prepared between two evaluations; beyond it, blocks are
# prepared anew each time.
RESIDENT_BYTES = 2**29
# The widest items that a fit takes: at its peak it holds 44 arrays of (n_features,
# n_features), 82 for "quadratic": 11 GB here.
MAX_FEATURES = 4096
# Modes of memory maps whose pages can be had again from the file.
SHARED_MODES = ("r", "r+", "w+")
# Partial sums of a fit may take about this together.
LANE_BYTES = 2**28
# Below so many multiplications, a pool of threads (1 ms) costs more than it saves.
POOL_WORK = 3e8


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


def even_slices(n_rows, row_bytes):
    """Cut rows into blocks of about one size, at least four if they are not tiny.

    So that a few threads have the same to do; by the sizes alone, as above.
    """
    return even_parts(n_rows, max(128, BLOCK_BYTES // (2 * row_bytes)))


def even_parts(n_rows, most_rows):
    """Cut rows as :func:`even_slices` does, given the most rows of a block."""
    fewest = -(-n_rows // most_rows)
    n_blocks = max(fewest, min(4, n_rows // LEAST_ROWS), 1)
    if n_blocks < 16:
        n_blocks = -(-n_blocks // 4) * 4 if n_blocks > 2 else n_blocks
    return [slice(i, j) for i, j in pairwise(even_ends(n_rows, n_blocks))]


def even_ends(n, n_parts):
    """Return where parts of about one size begin and end."""
    return [n * k // n_parts for k in range(n_parts + 1)]


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
    changes are in the pages, and so is what does not say how it is mapped.
    """
    for table in tables:
        base, mode = table, None
        while isinstance(base, np.ndarray):
            mode = getattr(base, "mode", mode)
            base = base.base
        if mode in SHARED_MODES and isinstance(base, mmap.mmap):
            getattr(base, "madvise", _nothing)(getattr(mmap, "MADV_DONTNEED", 0))


def _nothing(*arguments):
    """Stand in for what some systems do not have."""


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
        self._outside = 1
        self._controller = None
        self._n_modules = 0

    def _known_libraries(self):
        """Return a controller of the BLAS libraries that are loaded.

        Making one takes a millisecond, so the last one serves until a module has been
        imported, for that is how libraries come in.
        """
        if self._controller is None or self._n_modules != len(sys.modules):
            self._n_modules = len(sys.modules)
            self._controller = ThreadpoolController().select(user_api="blas")
        return self._controller

    def threads_outside(self):
        """Return how many threads BLAS uses where nobody is inside; 1 if unknown."""
        with self._lock:
            return self._outside if self._inside else self._count_threads()

    def _count_threads(self):
        libraries = self._known_libraries().lib_controllers
        return max((library.num_threads for library in libraries), default=1)

    @contextmanager
    def __call__(self):
        with self._lock:
            if self._inside == 0:
                self._outside = self._count_threads()
                self._limit = self._controller.limit(limits=1, user_api="blas")
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
    """Return how many threads to work in.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib, but for None: then a ``joblib.parallel_config`` context that names
        a number decides, and where there is none, as many threads as BLAS would use.
        So the limits that hold for BLAS hold here: ``OPENBLAS_NUM_THREADS`` and the
        like, ``threadpool_limits``, and those that joblib sets in its workers.
    """
    if n_jobs is None and get_active_backend()[1] is None:
        return _one_blas_thread.threads_outside()
    if multiprocessing.current_process().daemon:
        # A worker of multiprocessing may start threads; joblib looks for processes, and
        # warns that there cannot be any.
        with parallel_config("threading"):
            return effective_n_jobs(n_jobs)
    return effective_n_jobs(n_jobs)


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

    def product(self, left, right):
        """Return left @ right, the rows of the left one in blocks."""
        result = np.empty((len(left), right.shape[1]), dtype=left.dtype)

        def fill(rows):
            np.matmul(left[rows], right, out=result[rows])

        # Narrower blocks would leave BLAS below its speed, wider ones the cache.
        most = max(96, BLOCK_BYTES // (2 * left.shape[1] * left.itemsize))
        self.map(fill, even_parts(len(left), max(96, min(len(left) // 4, most))))
        return result

    def gram(self, x):
        """Return x'x, the rows in two blocks: each has a result of full size."""
        slices = even_parts(len(x), max(128, -(-len(x) // 2)))
        return self.sum(lambda rows: [x[rows].T @ x[rows]], slices)[0]

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
        # Each lane has a sum of its own, and those are added up by one thread: that is
        # only worth it for a lane of several blocks.
        most = min(len(slices), max(4, len(slices) // 4))
        n_lanes = min(max(4, min(LANE_BYTES // max(1, sum_bytes), 16)), most)
        lanes = [slices[i:j] for i, j in pairwise(even_ends(len(slices), n_lanes))]

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


def run_blocks(function, slices, n_jobs=None, work=np.inf):
    """Call a function on each block, in threads, with one BLAS thread in each.

    One block alone is done at once, by as many threads as BLAS likes to.

    Parameters
    ----------
    function : callable
        Takes a slice; writes its result into an array that it closes over.
    slices : list
        From :func:`block_slices`.
    n_jobs : int, default=None
        Threads, see :func:`effective_threads`.
    work : float, default=inf
        About how many multiplications all blocks take; little work is done without
        a pool of threads.
    """
    if len(slices) == 1:
        function(slices[0])
        return
    n_threads = 1
    if work >= POOL_WORK:
        n_threads = min(effective_threads(n_jobs), len(slices))
    # One task for each thread: joblib takes as long for a task as a small block does.
    waiting = deque(slices)

    def work_off():
        try:
            while True:
                try:
                    block = waiting.popleft()
                except IndexError:
                    return
                function(block)
        except BaseException:
            waiting.clear()
            raise

    with _one_blas_thread():
        if n_threads == 1:
            work_off()
        else:
            Parallel(n_jobs=n_threads, prefer="threads", require="sharedmem")(
                delayed(work_off)() for _ in range(n_threads)
            )
