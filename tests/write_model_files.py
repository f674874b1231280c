# SPDX-License-Identifier: BSD-3-Clause
"""Write the model files of this version, which later versions have to read.

Once for each release, in the environment of the lowest versions, so that every later
NumPy can read the pickles::

    python3 bootstrap.py test --lowest tests/test_model_files.py
    .venv/lowest/bin/python tests/write_model_files.py

Writes ``tests/models/VERSION``: for each model a pickle and a file of `save_model`, the
pairs, and the scores that are expected.
"""

import json
import pickle
from pathlib import Path

import numpy as np
from stored_models import fit_all, new_pairs, outputs

import sksymsim
from sksymsim import compact, save_model

MODELS = Path(__file__).parent / "models"


def main():
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        raise SystemExit(
            "NumPy 1 cannot read the pickles of NumPy 2: run this with the Python of "
            ".venv/lowest."
        )
    folder = MODELS / sksymsim.__version__
    folder.mkdir(parents=True, exist_ok=True)
    pairs = new_pairs(np.float64)[:8]
    expected = {}
    for name, model in fit_all().items():
        stem = name.replace(" ", "_")
        content = pickle.dumps(compact(model), protocol=4)
        (folder / f"{stem}.pickle").write_bytes(content)
        save_model(model, folder / f"{stem}.sksymsim")
        expected[stem] = outputs(model, pairs).tolist()
    sides = {"left": pairs.left.tolist(), "right": pairs.right.tolist()}
    # Text, as no version of anything fails to read that.
    text = json.dumps({"pairs": sides, "outputs": expected})
    (folder / "expected.json").write_text(text, encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {len(expected)} models, {size / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
