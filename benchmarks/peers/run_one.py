# SPDX-License-Identifier: BSD-3-Clause
"""Run one cell of the grid in this process: the cell in, one row out, both as JSON.

    python benchmarks/peers/run_one.py FOLDER_OF_NPZ < cell.json

Started by run.py, in the environment of the method. Needs neither sksymsim nor a Python
as new as that of run.py.
"""

import json
import os
import sys
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main():
    """Read a cell, run it, print its row as the last line."""
    cell = json.load(sys.stdin)
    # Before the first import of NumPy, which reads these once.
    for name in THREADS:
        os.environ[name] = str(cell["threads"])
    if cell["environment"] == "torch":
        import torch

        torch.set_num_threads(cell["threads"])
    from measure import run_cell

    row = run_cell(cell, Path(sys.argv[1]) / f"{cell['data']}.npz")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
