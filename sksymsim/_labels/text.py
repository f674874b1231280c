# SPDX-License-Identifier: BSD-3-Clause
"""What an audit of labels holds, says and warns of."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sksymsim._reports.html_page import full_page
from sksymsim._reports.html_parts import TEXT, section_of_texts, table_of_facts
from sksymsim._splits.leakage_text import ONE_LABEL_EXCESS

if TYPE_CHECKING:
    from typing import Any

    from sksymsim._labels.graph import Contradiction

# If so many of the labels that chains can check are against them, a few wrong labels do
# not explain it without being found first.
OFTEN = 0.1
ARRAYS = ("contradictory", "group_sizes")


@dataclass(frozen=True)
class LabelAudit:
    """What :func:`~sksymsim.audit_labels` found.

    ``print(audit)`` shows all of it. Pairs that are given several times, in either
    order, are counted once, if nothing else is said.

    Parameters
    ----------
    n_pairs, n_similar, n_dissimilar : int
        The given labels.
    n_distinct : int
        Different pairs.
    n_repeated, n_repeated_swapped, n_repeated_disagreeing : int
        Pairs that are given more than once; in both orders; with both labels.
    n_self, n_self_dissimilar : int
        Pairs of an item with itself; labelled dissimilar.
    n_chain_contradictions, n_chain_agreements : int
        Pairs labelled dissimilar whose items a chain of similar pairs joins, and pairs
        labelled similar that such a chain confirms.
    n_groups, n_groups_contradictory : int
        Groups of two items or more that similar pairs join; with contradictions inside.
    n_items_grouped, largest_group : int
        Items in such groups; in the largest one.
    n_implied_similar, n_implied_dissimilar : int
        Pairs that are not given and follow from the labels, by groups without
        contradictions.
    n_items, n_items_only_similar, n_items_only_dissimilar : int
        Items, and those in pairs of one label only.
    one_label_share, one_label_expected : float or None
        The share of such items among those in two given pairs or more, and what it
        would be if labels were drawn at random.
    contradictions : list of Contradiction
        With ``kind``, ``row``, ``items`` and ``rows``: the pair labelled dissimilar and
        the shortest chain of similar pairs that is against it. Items are rows of
        ``pairs.items``, of ``pairs.to_index().items`` if pairs are two arrays, or the
        ids given.
    contradictory : ndarray of bool of shape (n_pairs,)
        The given pairs labelled dissimilar that contradict others, and all those with
        both labels.
    group_sizes : ndarray of int
        The items of each group, the largest first, groups of one included.

    Attributes
    ----------
    consistency : float or None
        The share of agreements among the labels that chains can check.
    suspects : list of (int, int)
        Given pairs labelled similar that are links of several of the chains listed, and
        of how many, the most first.
    alarms : list of str
        Sentences that say what is wrong and what to do.

    See Also
    --------
    audit_labels : Makes it.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import audit_labels
    >>> pairs = np.array([[1, 2], [2, 3], [3, 4], [4, 1]])
    >>> audit = audit_labels(pairs, ["same", "same", "same", "other"])
    >>> audit.n_groups, audit.largest_group, audit.n_chain_contradictions
    (1, 4, 1)
    >>> audit.contradictions[0].items
    [4, 3, 2, 1]
    """

    n_pairs: int
    n_similar: int
    n_dissimilar: int
    n_distinct: int
    n_repeated: int
    n_repeated_swapped: int
    n_repeated_disagreeing: int
    n_self: int
    n_self_dissimilar: int
    n_chain_contradictions: int
    n_chain_agreements: int
    n_groups: int
    n_groups_contradictory: int
    n_items_grouped: int
    largest_group: int
    n_implied_similar: int
    n_implied_dissimilar: int
    n_items: int
    n_items_only_similar: int
    n_items_only_dissimilar: int
    one_label_share: float | None
    one_label_expected: float | None
    contradictions: list[Contradiction]
    contradictory: np.ndarray = field(repr=False, compare=False)
    group_sizes: np.ndarray = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, the contradictions and the alarms as plain Python types.

        Returns
        -------
        audit : dict
            Ready for JSON.
        """
        numbers = {k: v for k, v in asdict(self).items() if k not in ARRAYS}
        return numbers | {"consistency": self.consistency, "alarms": self.alarms}

    @property
    def consistency(self) -> float | None:
        """The share of agreements among the labels that chains can check."""
        n_checked = self.n_chain_agreements + self.n_chain_contradictions
        return self.n_chain_agreements / n_checked if n_checked else None

    @property
    def suspects(self) -> list[tuple[int, int]]:
        """Links of several of the chains listed, and of how many."""
        links = Counter(
            row for c in self.contradictions if c.kind == "chain" for row in c.rows
        )
        return [(row, n) for row, n in links.most_common() if n > 1]

    @property
    def alarms(self) -> list[str]:
        """Sentences that say what is wrong and what to do; empty if nothing is."""
        texts = [
            self._alarm_disagreeing(),
            self._alarm_self(),
            self._alarm_chains(),
            self._alarm_one_label(),
        ]
        return [text for text in texts if text]

    def _example(self, kind):
        example = next((c for c in self.contradictions if c.kind == kind), None)
        return "" if example is None else f" For example, {example}."

    def _alarm_disagreeing(self):
        if not self.n_repeated_disagreeing:
            return None
        return (
            f"{_count(self.n_repeated_disagreeing, 'pair is', 'pairs are')} given with "
            f"both labels: decide which one is right.{self._example('repeated')}"
        )

    def _alarm_self(self):
        if not self.n_self_dissimilar:
            return None
        return (
            f"{_count(self.n_self_dissimilar, 'pair says', 'pairs say')} that an item "
            "differs from itself: either a wrong row, or two things whose embeddings "
            f"are the same.{self._example('self')}"
        )

    def _alarm_chains(self):
        if not self.n_chain_contradictions:
            return None
        share = 1 - self.consistency
        if share > OFTEN and self.n_chain_contradictions > 1:
            why = (
                f"these are {share:.0%} of the labels that chains can check, so that "
                "few wrong labels have joined large groups, or similarity is not "
                "transitive here; then do not close the labels"
            )
        else:
            why = "a label of each chain, or that of the pair, is wrong"
        suspects = ""
        if self.suspects:
            row, n = self.suspects[0]
            suspects = f" Look first at pair {row}, a link of {n} of the chains listed."
        what = _count(self.n_chain_contradictions, "pair", "pairs")
        return (
            f"{what} labelled dissimilar, within "
            f"{_count(self.n_groups_contradictory, 'group', 'groups')} of items that "
            f"chains of similar pairs join: {why}.{suspects}{self._example('chain')}"
        )

    def _alarm_one_label(self):
        share, expected = self.one_label_share, self.one_label_expected
        if share is None or share - expected < ONE_LABEL_EXCESS:
            return None
        return (
            f"{share:.0%} of the items in several pairs are in pairs of one label only "
            f"(by chance: {expected:.0%}): which item it is tells the label. Draw "
            "dissimilar pairs among the items of similar ones, or let close_labels add "
            "those that follow."
        )

    def _lines(self):
        """Return names and texts of what was counted."""
        by_chance = ""
        if self.one_label_share is not None:
            by_chance = (
                f"; of items in several pairs: {self.one_label_share:.0%}, by chance "
                f"{self.one_label_expected:.0%}"
            )
        consistency = self.consistency
        share = "" if consistency is None else f" ({consistency:.1%} agree)"
        return {
            "pairs": (
                f"{self.n_pairs} ({self.n_similar} similar, {self.n_dissimilar} "
                f"dissimilar), {self.n_distinct} different ones of {self.n_items} items"
            ),
            "given several times": (
                f"{self.n_repeated}, in both orders {self.n_repeated_swapped}, with "
                f"both labels {self.n_repeated_disagreeing}"
            ),
            "of an item with itself": (
                f"{self.n_self}, labelled dissimilar {self.n_self_dissimilar}"
            ),
            "checked by chains": (
                f"{self.n_chain_agreements} agree, {self.n_chain_contradictions} "
                f"contradict{share}"
            ),
            "groups of similar items": (
                f"{self.n_groups} of {self.n_items_grouped} items, the largest of "
                f"{self.largest_group}; {self.n_groups_contradictory} contradict "
                "themselves"
            ),
            "pairs that follow": (
                f"{self.n_implied_similar} similar, {self.n_implied_dissimilar} "
                "dissimilar"
            ),
            "items of one label": (
                f"{self.n_items_only_similar} only similar, "
                f"{self.n_items_only_dissimilar} only dissimilar{by_chance}"
            ),
        }

    def __str__(self) -> str:
        alarms = self.alarms
        lines = [f"{name}: {text}" for name, text in self._lines().items()]
        lines.append(f"alarms: {len(alarms) or 'none'}")
        lines += [f"- {alarm}" for alarm in alarms]
        if self.contradictions:
            lines.append("contradictions:")
            lines += [f"- {found}" for found in self.contradictions]
        return "\n".join(lines)

    def _repr_html_(self):
        facts = {name.capitalize(): text for name, text in self._lines().items()}
        parts = [table_of_facts(facts, TEXT)]
        parts.append(section_of_texts("Worth knowing", self.alarms, "beware"))
        texts = [str(found) for found in self.contradictions]
        parts.append(section_of_texts("Contradictions", texts, "found"))
        return "\n".join(part for part in parts if part)

    def to_html(
        self, path: Path | None = None, *, title: str = "Labels of pairs"
    ) -> str:
        """Return the audit as one page of HTML that needs no other file.

        Parameters
        ----------
        path : str or os.PathLike, default=None
            Where to write it too; None writes nothing.
        title : str, default="Labels of pairs"
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
        return full_page(title, self._repr_html_(), path)


def _count(n, one, several):
    return f"{n} {one if n == 1 else several}"
