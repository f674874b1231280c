# SPDX-License-Identifier: BSD-3-Clause
"""Checks and error texts of pairs that are spread over machines."""


def check_counts(found):
    """Refuse parts without pairs, or of several widths."""
    n_pairs = sum(part.n_pairs for part in found)
    if n_pairs < 2:
        raise ValueError(
            f"Found {n_pairs} pairs in all partitions (n_samples={n_pairs}) while a "
            "minimum of 2 is required."
        )
    widths = sorted({part.n_features for part in found if part.n_pairs})
    if len(widths) > 1:
        raise ValueError(
            f"the partitions hold items of several widths: {widths}; all need the "
            "same features."
        )
