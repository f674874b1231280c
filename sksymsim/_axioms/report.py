# SPDX-License-Identifier: BSD-3-Clause
"""AxiomReport: which axioms a model keeps on some items, and where it breaks them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sksymsim._reports.html_page import full_page
from sksymsim._reports.html_parts import section_of_model, table_of_numbers
from sksymsim._reports.text_table import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sksymsim._typing import DataFrame, Estimator

__all__ = ["AxiomReport"]


@dataclass(frozen=True)
class Wording:
    """How an axiom is spoken of.

    Parameters
    ----------
    statement : str
        What should hold.
    unit : str
        What is counted.
    broken : str
        What a witness shows, with a place for each of its items.
    """

    statement: str
    unit: str
    broken: str


WORDINGS = {
    "symmetry": Wording(
        "f(a, b) = f(b, a)",
        "pairs",
        "{0} with {1} scores otherwise than {1} with {0}",
    ),
    "reflexivity": Wording("x ~ x", "items", "{0} is not similar to itself"),
    "self_first": Wording(
        "nothing scores higher with x than x",
        "items",
        "{0} scores higher with {1} than with itself",
    ),
    "separation": Wording(
        "only the same item is at distance 0",
        "pairs",
        "{0} and {1} score as high as they do with themselves",
    ),
    "triangle": Wording(
        "d(a, c) <= d(a, b) + d(b, c)",
        "triples",
        "{0} and {2} are farther apart than by way of {1}",
    ),
    "transitivity": Wording(
        "a ~ b and b ~ c give a ~ c",
        "paths",
        "{0} ~ {1} ~ {2}, and not {0} ~ {2}",
    ),
}


@dataclass(frozen=True)
class Axiom:
    """How often an axiom is broken."""

    name: str
    n_checked: int
    n_violations: int
    rate: float
    low: float
    high: float
    is_exact: bool
    worst: float
    witnesses: tuple[tuple[Any, ...], ...]
    by_chance: float = np.nan
    details: dict[str, Any] = field(default_factory=dict)

    def named(self, ids: Sequence[Any]) -> Axiom:
        """Return the same with the names of the items in place of their numbers."""
        witnesses = tuple(tuple(ids[i] for i in items) for items in self.witnesses)
        return replace(self, witnesses=witnesses)

    def sentences(self) -> list[str]:
        """Return what each witness shows, the worst first."""
        broken = WORDINGS[self.name].broken
        return [broken.format(*items) for items in self.witnesses]


@dataclass(frozen=True, eq=False, repr=False)
class AxiomReport:
    """What :func:`~sksymsim.check_axioms` found.

    ``print(report)`` shows it as a table, with a witness of each axiom that is broken.
    Every axiom is an attribute, an ``Axiom`` with attributes of its own:

    - ``n_checked`` and ``n_violations``: what was looked at, and how much of it breaks
      the axiom;
    - ``rate``, ``low`` and ``high``: the share, and its interval. NaN if there was
      nothing to look at;
    - ``is_exact``: whether everything was looked at, so that the interval is a point;
    - ``worst``: the size of the worst violation, 0 if there is none. A difference of
      log-odds; of the triangle inequality a distance, of separation a squared one;
    - ``witnesses``: the items of the worst violations, the worst first;
    - ``by_chance``: the rate to expect if nothing kept the axiom; NaN for all but
      transitivity;
    - ``details``: further numbers, by name.

    Parameters
    ----------
    model : estimator
        The model that was examined.
    symmetry : Axiom
        Of pairs: the same score in both orders, up to rounding. `details` has
        ``max_difference``, which is 0 if all are equal bit for bit, and
        ``n_order_decides``, the pairs that are similar in one order only.
    reflexivity : Axiom
        Of items: x is similar to itself. `details` has ``mean_probability`` (of models
        with probabilities), ``lowest_score`` and ``highest_score`` of x with itself.
    self_first : Axiom
        Of items: no other item scores higher with x than x itself. `details` has
        ``largest_gap``, the greatest of max s(x, y) - s(x, x), which is negative where
        the axiom holds.
    separation : Axiom
        Of pairs of distinct items: their distance is not 0. `details` has
        ``n_without_distance``, the pairs whose squared distance is negative.
    triangle : Axiom
        Of triples of items: no side is longer than the two others together.
    transitivity : Axiom
        Of paths a ~ b ~ c: a is similar to c. `details` has ``similar_rate``, the share
        of similar pairs, and ``n_paths``.
    n_items : int
        The items that were given.
    n_distinct : int
        Those that are not repetitions of an earlier one.
    n_compared : int
        Those that all others were compared with.
    n_rows : int
        Those that were compared with all of these.
    threshold : float
        The log-odds above which items are similar.
    confidence_level : float
        The level of the intervals.

    See Also
    --------
    check_axioms : Makes it, and says what is measured.
    TransitivityDisplay : A picture of transitivity at every threshold.

    Examples
    --------
    >>> from sksymsim import SymmetricPairClassifier, check_axioms
    >>> from sksymsim import load_spoken_digits, make_pairs
    >>> spoken = load_spoken_digits()
    >>> pairs, y, _ = make_pairs(
    ...     spoken.data, spoken.speaker, n_pairs=1000, random_state=0
    ... )
    >>> model = SymmetricPairClassifier().fit(pairs, y)
    >>> report = check_axioms(model, spoken.data[:200], random_state=0)
    >>> report.self_first.n_violations, report.self_first.is_exact
    (0, True)
    >>> report.symmetry.details["max_difference"]
    0.0
    """

    model: Estimator
    symmetry: Axiom
    reflexivity: Axiom
    self_first: Axiom
    separation: Axiom
    triangle: Axiom
    transitivity: Axiom
    n_items: int
    n_distinct: int
    n_compared: int
    n_rows: int
    threshold: float
    confidence_level: float

    @property
    def axioms(self) -> list[Axiom]:
        """All axioms, in the order of the table."""
        return [getattr(self, name) for name in WORDINGS]

    @property
    def is_exact(self) -> bool:
        """Whether everything was looked at."""
        return all(axiom.is_exact for axiom in self.axioms)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers as plain Python objects.

        Returns
        -------
        report : dict
            The counts, and a dict for each axiom.
        """
        names = ("n_items", "n_distinct", "n_compared", "n_rows", "threshold")
        numbers = {name: getattr(self, name) for name in names}
        numbers["confidence_level"] = self.confidence_level
        return numbers | {axiom.name: asdict(axiom) for axiom in self.axioms}

    def to_frame(self) -> DataFrame:
        """Return the table as a data frame.

        Returns
        -------
        frame : pandas.DataFrame
            One row for each axiom, without `details`.
        """
        import pandas as pd

        rows = [asdict(axiom) for axiom in self.axioms]
        return pd.DataFrame(rows).drop(columns="details")

    def to_html(self, path: Path | None = None, *, title: str = "Axioms") -> str:
        """Return the report as one page of HTML that needs no other file.

        Parameters
        ----------
        path : str or os.PathLike, default=None
            Where to write it too; None writes nothing.
        title : str, default="Axioms"
            The title of the page.

        Returns
        -------
        page : str
            The page, to be read as UTF-8.

        Raises
        ------
        OSError
            If `path` cannot be written.
        """
        notes = "\n".join(f"<p>{escape(note)}</p>" for note in self._notes())
        witnesses = "\n".join(
            f"<li>{escape(text)}</li>" for text in self._witness_lines()
        )
        return full_page(
            title,
            f'<div class="scroll">{self._repr_html_()}</div>\n'
            f"{notes}\n<h2>The worst of each</h2>\n"
            f"<ul>\n{witnesses or '<li>No axiom is broken.</li>'}\n</ul>\n"
            f"{section_of_model(self.model)}",
            path,
        )

    def _repr_html_(self):
        (axiom, _, *columns), *rows = self._cells()
        named = [
            (
                f"{name.replace('_', ' ')}<br><small>{escape(statement)}</small>",
                map(escape, cells),
            )
            for name, statement, *cells in rows
        ]
        return table_of_numbers(self._title(), [axiom, *columns], named)

    def __repr__(self) -> str:
        broken = [axiom.name for axiom in self.axioms if axiom.n_violations]
        return (
            f"AxiomReport({self.n_distinct} items, broken: "
            f"{', '.join(broken) or 'none'})"
        )

    def __str__(self) -> str:
        lines = aligned(self._cells())
        witnesses = [f"- {text}" for text in self._witness_lines()]
        if witnesses:
            witnesses.insert(0, "")
        return "\n".join([self._title(), "", *lines, "", *self._notes(), *witnesses])

    def _notes(self):
        """Return sentences on numbers that are not in the table."""
        gap = self.symmetry.details["max_difference"]
        agree = "agree to the last bit" if gap == 0 else f"differ by up to {gap:.3g}"
        notes = [f"The two orders of a pair {agree}."] if self.n_compared > 1 else []
        details = self.reflexivity.details
        low, high = details["lowest_score"], details["highest_score"]
        spread = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        note = f"The log-odds of an item with itself are {spread}"
        if "mean_probability" in details:
            note += (
                f", P(similar | x, x) is {details['mean_probability']:.4f} on average"
            )
        return [*notes, f"{note}."]

    def _cells(self):
        rows = [["axiom", "", "broken", "rate", "interval", "by chance", "worst"]]
        for axiom in self.axioms:
            wording = WORDINGS[axiom.name]
            count = f"{axiom.n_violations:,} of {axiom.n_checked:,} {wording.unit}"
            exact = axiom.is_exact or np.isnan(axiom.rate)
            interval = "" if exact else f"[{_share(axiom.low)}, {_share(axiom.high)}]"
            rows.append(
                [
                    axiom.name,
                    wording.statement,
                    count,
                    _share(axiom.rate),
                    interval,
                    _share(axiom.by_chance),
                    f"{axiom.worst:.3g}" if axiom.n_violations else "",
                ]
            )
        return rows

    def _witness_lines(self):
        return [axiom.sentences()[0] for axiom in self.axioms if axiom.witnesses]

    def _title(self):
        repeated = self.n_items - self.n_distinct
        also = f" and {repeated:,} repetitions" if repeated else ""
        if self.n_rows == self.n_distinct:
            how = "each compared with each"
        elif self.n_compared == self.n_distinct:
            how = f"{self.n_rows:,} of them compared with all"
        else:
            how = f"{self.n_rows:,} of them compared with {self.n_compared:,}"
        sure = ""
        if not self.is_exact:
            level = f"{100 * self.confidence_level:g} %"
            sure = f"; intervals of {level} for what was drawn"
        return (
            f"{self.n_distinct:,} items{also}, {how}; similar above log-odds of "
            f"{self.threshold:g}{sure}"
        )


def _share(rate):
    """Return a rate in per cent, nothing for NaN."""
    return "" if np.isnan(rate) else f"{100 * rate:.3g} %"
