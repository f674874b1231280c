# SPDX-License-Identifier: BSD-3-Clause
"""Make the bundled sksymsim/data/spoken_digits.npz (maintainers only).

    python benchmarks/build_spoken_digits.py fsdd_speaker_seen.npz [output.npz]

The input holds ``items`` (n_items, 80) float16 and ``item_speaker``, ``item_digit``,
``item_take``; what the features are is said in sksymsim/data/LICENSE-spoken-digits.txt.
The items are in order of the file names of the recordings, as text.
"""

import argparse
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[1] / "sksymsim" / "data" / "spoken_digits.npz"
MAX_BYTES = 700_000


def build(source, target):
    """Check the features and write them with their labels, compressed."""
    with np.load(source, allow_pickle=False) as table:
        arrays = {
            "items": table["items"].astype(np.float16, casting="equiv"),
            "speaker": table["item_speaker"],
            "digit": table["item_digit"].astype(np.int8),
            "take": table["item_take"].astype(np.int16),
        }
    if arrays["items"].shape != (3000, 80) or not np.isfinite(arrays["items"]).all():
        raise ValueError(f"{source} does not hold 3000 finite rows of 80 features.")
    names = ("speaker", "digit", "take")
    recordings = set(zip(*(arrays[name].tolist() for name in names), strict=True))
    speakers = {speaker for speaker, _, _ in recordings}
    expected = {(s, d, t) for s in speakers for d in range(10) for t in range(50)}
    if len(speakers) != 6 or recordings != expected:
        raise ValueError(f"{source} is not 6 speakers x 10 digits x 50 takes.")
    np.savez_compressed(target, **arrays)
    if Path(target).stat().st_size > MAX_BYTES:
        raise ValueError(f"{target} is larger than {MAX_BYTES} bytes.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="fsdd_speaker_seen.npz")
    parser.add_argument("target", type=Path, nargs="?", default=TARGET)
    arguments = parser.parse_args()
    build(arguments.source, arguments.target)
