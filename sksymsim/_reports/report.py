# SPDX-License-Identifier: BSD-3-Clause
"""PairReport: what a model is worth on some pairs, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sksymsim._reports.html_report import make_page
from sksymsim._reports.html_table import html_table
from sksymsim._reports.text_table import aligned

if TYPE_CHECKING:
    from typing import Any

    from sksymsim._typing import DataFrame, Estimator, Floats

__all__ = ["PairReport"]


@dataclass(frozen=True, eq=False, repr=False)
class PairReport:
    """What :func:`~sksymsim.pair_report` found.

    ``print(report)`` shows the table.

    Parameters
    ----------
    table : list of dict
        One entry for each number, with the keys ``metric``, ``of`` ("model", "cosine",
        "euclid", "model - cosine" or "model - euclid"), ``estimate``, ``low``, ``high``
        and ``standard_error``.
    model : estimator
        The model that was judged.
    similar : ndarray of bool of shape (n_pairs,)
        The labels.
    scores : dict of ndarray of shape (n_pairs,)
        Of "model" the log-odds, of "cosine" the cosine, of "euclid" the negative
        distance.
    sample_weight : ndarray of shape (n_pairs,)
        The weights of the pairs; those without weight are left out everywhere.
    n_units : int
        How many items, or groups, are taken as independent.
    n_bootstrap : int
        Replicates of the bootstrap.
    confidence_level : float
        The level of the intervals.
    similar_rate : float or None
        The rate of similar pairs for which the numbers are; None is that of the pairs.
    busiest_share : float
        The share of the pairs that hold the item, or group, that is in most of them.

    See Also
    --------
    pair_report : Makes it.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, pair_report
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs[:500], y[:500])
    >>> report = pair_report(
    ...     model, pairs[500:], y[500:], n_bootstrap=50, random_state=0
    ... )
    >>> sorted(report.table[0])
    ['estimate', 'high', 'low', 'metric', 'of', 'standard_error']
    >>> report.n_units <= 1000
    True
    """

    table: list[dict[str, Any]]
    model: Estimator
    similar: np.ndarray
    scores: dict[str, Floats]
    sample_weight: np.ndarray
    n_units: int
    n_bootstrap: int
    confidence_level: float
    similar_rate: float | None
    busiest_share: float

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain Python objects, ready for JSON.

        Returns
        -------
        report : dict
            The ``table`` and what it is made of.
        """
        return {
            "n_pairs": len(self.similar),
            "n_similar": int(self.similar.sum()),
            "n_units": self.n_units,
            "n_bootstrap": self.n_bootstrap,
            "confidence_level": self.confidence_level,
            "similar_rate": self.similar_rate,
            "busiest_share": self.busiest_share,
            "table": [dict(entry) for entry in self.table],
        }

    def to_frame(self) -> DataFrame:
        """Return the table as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each entry of `table`.
        """
        import pandas as pd

        return pd.DataFrame(self.table)

    def to_html(
        self,
        path: Path | None = None,
        *,
        title: str = "Pair report",
        pictures: bool = True,
    ) -> str:
        """Return the report as one page of HTML that needs no other file.

        The table, differences, counts and what to beware of; and pictures: how the
        log-odds are distributed, how reliable the probabilities are, the errors at each
        threshold beside cosine and Euclid, and the spectrum of the model if it has one.

        Parameters
        ----------
        path : str or os.PathLike, default=None
            Where to write it too; None writes nothing.
        title : str, default="Pair report"
            The title of the page.
        pictures : bool, default=True
            Whether to draw the pictures, for which matplotlib is needed.

        Returns
        -------
        page : str
            The page, to be read as UTF-8.

        Raises
        ------
        ImportError
            If there shall be pictures and matplotlib is not installed.
        OSError
            If `path` cannot be written.

        Examples
        --------
        >>> from sksymsim import SymmetricPairClassifier, load_spoken_digits, make_pairs
        >>> from sksymsim import pair_report
        >>> spoken = load_spoken_digits()
        >>> pairs, y, _ = make_pairs(
        ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
        ... )
        >>> model = SymmetricPairClassifier().fit(pairs[:500], y[:500])
        >>> report = pair_report(
        ...     model, pairs[500:], y[500:], n_bootstrap=50, random_state=0
        ... )
        >>> page = report.to_html(title="Who speaks?", pictures=False)
        >>> page[:15]
        '<!doctype html>'
        """
        return make_page(self, title, pictures, path)

    def _repr_html_(self):
        return html_table(self, self._title())

    def __repr__(self) -> str:
        return (
            f"PairReport({len(self.similar)} pairs, {self.n_units} independent units, "
            f"{len(self.table)} numbers)"
        )

    def __str__(self) -> str:
        columns = list(dict.fromkeys(entry["of"] for entry in self.table))
        cells = {(e["metric"], e["of"]): _cell(e) for e in self.table}
        metrics = list(dict.fromkeys(entry["metric"] for entry in self.table))
        rows = [["", *columns]]
        rows += [[m, *[cells.get((m, of), "") for of in columns]] for m in metrics]
        return "\n".join([self._title(), "", *aligned(rows)])

    def _title(self):
        rate = ""
        if self.similar_rate is not None:
            rate = f", weighted to a rate of {self.similar_rate:g}"
        return (
            f"{len(self.similar)} pairs, {int(self.similar.sum())} of them similar"
            f"{rate}; {100 * self.confidence_level:g} % intervals over {self.n_units} "
            "independent items or groups"
        )


def _cell(entry):
    sign = "+" if " - " in entry["of"] else ""
    numbers = [f"{entry[key]:{sign}.3f}" for key in ("estimate", "low", "high")]
    return "{} [{}, {}]".format(*numbers)
