# SPDX-License-Identifier: BSD-3-Clause
"""What a leakage report holds, says and warns of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

__all__ = ["LeakageReport"]

# An AUC is clearly off .5 at so many standard errors (99 % of a normal distribution),
# and worth a sentence from so far on.
N_ERRORS = 2.6
MIN_EFFECT = 0.05
# A chain of labels gives answers away if they are right as often as this: relations
# that are not transitive join everything with everything, and give nothing away.
IMPLIED_RIGHT = 0.9
# Items in pairs of one label only: this much more than labels at random would give.
ONE_LABEL_EXCESS = 0.2
ARRAYS = ("n_seen", "repeated", "implied")


@dataclass(frozen=True)
class LeakageReport:
    """What test pairs share with training pairs, and what gives them away.

    ``print(report)`` is a page to read. What needs labels or groups that were not given
    is None.

    Parameters
    ----------
    n_train, n_test : int
        The pairs of each part.
    n_items_train, n_items_test : int
        Their items.
    n_shared_items : int
        Items that are in both.
    n_both_seen, n_one_seen, n_none_seen : int
        Test pairs with both (C1), one (C2) and none (C3) of their items in training.
    n_repeated, n_swapped : int
        Test pairs that are training pairs, in either order, and only in the other one.
    max_degree : int
        The most training pairs of an item.
    median_degree : float
        The median of the training pairs of an item.
    n_contradicting : int, default=None
        Repeated pairs with another label than in training.
    n_shared_groups : int, default=None
        Groups that are in both.
    n_group_seen : int, default=None
        Test pairs of which some group is in training.
    n_implied_similar, n_implied_dissimilar : int, default=None
        Test pairs, not repeated, whose items are joined by similar training pairs; by
        such and one dissimilar pair.
    implied_accuracy : float, default=None
        How often that is their label.
    one_label_share, one_label_expected : float, default=None
        The share of training items in two or more pairs that are in pairs of one label
        only, and what it would be if labels were drawn at random.
    degree_auc, degree_auc_se : float, default=None
        ROC-AUC on test of how many training pairs the items are in, and its standard
        error.
    item_rate_auc, item_rate_auc_se : float, default=None
        The same of how many of these pairs are similar.
    sum_auc, sum_auc_se : float, default=None
        The same of a ridge regression on a + b; None for ids.
    n_seen : ndarray of int of shape (n_test,), default=None
        How many items of each test pair are in training.
    repeated : ndarray of bool of shape (n_test,), default=None
        Which test pairs are training pairs too.
    implied : ndarray of bool of shape (n_test,), default=None
        Which test pairs follow from chains of training pairs.

    See Also
    --------
    pair_leakage_report : Makes it, and says how everything is measured.

    Examples
    --------
    >>> import numpy as np
    >>> from sksymsim import pair_leakage_report
    >>> train, test = np.array([[0, 1], [1, 2]]), np.array([[1, 0], [3, 4]])
    >>> report = pair_leakage_report(train, test)
    >>> report.n_repeated, report.n_swapped, report.n_none_seen
    (1, 1, 1)
    >>> len(report.alarms)
    2
    """

    n_train: int
    n_test: int
    n_items_train: int
    n_items_test: int
    n_shared_items: int
    n_both_seen: int
    n_one_seen: int
    n_none_seen: int
    n_repeated: int
    n_swapped: int
    max_degree: int
    median_degree: float
    n_contradicting: int | None = None
    n_shared_groups: int | None = None
    n_group_seen: int | None = None
    n_implied_similar: int | None = None
    n_implied_dissimilar: int | None = None
    implied_accuracy: float | None = None
    one_label_share: float | None = None
    one_label_expected: float | None = None
    degree_auc: float | None = None
    degree_auc_se: float | None = None
    item_rate_auc: float | None = None
    item_rate_auc_se: float | None = None
    sum_auc: float | None = None
    sum_auc_se: float | None = None
    n_seen: np.ndarray | None = field(default=None, repr=False, compare=False)
    repeated: np.ndarray | None = field(default=None, repr=False, compare=False)
    implied: np.ndarray | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, and the alarms, as plain Python types.

        Returns
        -------
        report : dict
            Without the three arrays.
        """
        numbers = {k: v for k, v in asdict(self).items() if k not in ARRAYS}
        return numbers | {"alarms": self.alarms}

    @property
    def alarms(self) -> list[str]:
        """Sentences that say what is wrong and what to do; empty if nothing is."""
        texts = [
            self._alarm_repeated(),
            self._alarm_items(),
            self._alarm_groups(),
            self._alarm_implied(),
            self._alarm_one_label(),
            *self._alarms_one_sided(),
        ]
        return [text for text in texts if text]

    def _of_test(self, count):
        return f"{count} of {self.n_test} test pairs ({count / self.n_test:.1%})"

    def _alarm_repeated(self):
        if not self.n_repeated:
            return None
        swapped = contradicting = ""
        if self.n_swapped:
            swapped = f", {self.n_swapped} of them with the sides exchanged"
        if self.n_contradicting:
            contradicting = f", {self.n_contradicting} with another label"
        return (
            f"{self._of_test(self.n_repeated)} are training pairs too{swapped}"
            f"{contradicting}: drop them (report.repeated is their mask), or split "
            "with pair_train_test_split."
        )

    def _alarm_items(self):
        n_known = self.n_both_seen + self.n_one_seen
        if not n_known:
            return None
        return (
            f"{self._of_test(n_known)} have an item that is in training "
            f"({self.n_both_seen} both, {self.n_one_seen} one): what is measured holds "
            "for known items. If items will be new, split with level='item'."
        )

    def _alarm_groups(self):
        if not self.n_group_seen:
            return None
        return (
            f"{self._of_test(self.n_group_seen)} have a group that is in training "
            f"({self.n_shared_groups} groups are shared): what is measured holds for "
            "known groups. If groups will be new, split with level='group'."
        )

    def _alarm_implied(self):
        n_implied = (self.n_implied_similar or 0) + (self.n_implied_dissimilar or 0)
        right = self.implied_accuracy
        if not n_implied or (right is not None and right < IMPLIED_RIGHT):
            return None
        rightly = (
            "" if right is None else f", and {right:.0%} of these answers are right"
        )
        return (
            f"{self._of_test(n_implied)} follow from chains of training pairs ("
            f"{self.n_implied_similar} similar, {self.n_implied_dissimilar} dissimilar)"
            f"{rightly}: split with level='item', which cuts all chains, or drop them "
            "(report.implied is their mask)."
        )

    def _alarm_one_label(self):
        share, expected = self.one_label_share, self.one_label_expected
        if share is None or share - expected < ONE_LABEL_EXCESS:
            return None
        return (
            f"{share:.0%} of the training items in several pairs are in pairs of one "
            f"label only, where {expected:.0%} would be by chance: which item it is "
            "tells the label. Draw dissimilar pairs among the items of similar ones."
        )

    def _alarms_one_sided(self):
        what = {
            "degree": "the number of training pairs of the items alone tells",
            "item_rate": "the labels of other pairs of the same items alone tell",
            "sum": "the sum of the two sides alone tells",
        }
        for name, text in what.items():
            auc, error = getattr(self, f"{name}_auc"), getattr(self, f"{name}_auc_se")
            if auc is None:
                continue
            # Many pairs of an item may well stand for one label, and few for the other.
            effect = abs(auc - 0.5) if name == "degree" else auc - 0.5
            if effect >= MIN_EFFECT and effect > N_ERRORS * error:
                yield (
                    f"{text} the label of test pairs with an AUC of {auc:.3f} "
                    f"(standard error {error:.3f}), without comparing anything: hold "
                    "models against that and not against 0.5, and draw similar and "
                    "dissimilar pairs from the same items, equally often."
                )

    def __str__(self) -> str:
        lines = [
            f"{self.n_train} training pairs of {self.n_items_train} items, "
            f"{self.n_test} test pairs of {self.n_items_test} items",
            f"shared items: {self.n_shared_items}; test pairs with both known: "
            f"{self.n_both_seen} (C1), one: {self.n_one_seen} (C2), none: "
            f"{self.n_none_seen} (C3)",
            f"shared pairs: {self.n_repeated} ({self.n_swapped} only in the other "
            f"order{_also(', with another label: ', self.n_contradicting)})",
        ]
        if self.n_shared_groups is not None:
            lines.append(
                f"shared groups: {self.n_shared_groups}; test pairs with a known "
                f"group: {self.n_group_seen}"
            )
        if self.n_implied_similar is not None:
            lines.append(
                f"implied by chains: {self.n_implied_similar} similar, "
                f"{self.n_implied_dissimilar} dissimilar"
                f"{_also(', right: ', self.implied_accuracy)}"
            )
        lines.append(
            f"pairs for each training item: median {self.median_degree:g}, most "
            f"{self.max_degree}{_also('; of one label: ', self.one_label_share)}"
            f"{_also(', by chance: ', self.one_label_expected)}"
        )
        for name in ("degree", "item_rate", "sum"):
            auc = getattr(self, f"{name}_auc")
            if auc is not None:
                error = getattr(self, f"{name}_auc_se")
                lines.append(
                    f"AUC of {name.replace('_', ' ')}: {auc:.3f} +- {error:.3f}"
                )
        alarms = self.alarms
        lines.append(f"alarms: {len(alarms) or 'none'}")
        return "\n".join(lines + [f"- {alarm}" for alarm in alarms])


def _also(text, number):
    """Return a text with a number, or nothing if there is none."""
    if number is None:
        return ""
    return f"{text}{number:.3g}"
