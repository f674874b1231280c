# SPDX-License-Identifier: BSD-3-Clause
"""``report``: what a model is worth on labelled pairs, as text and as a page."""

from sksymsim._commands.session import Scorer, pairs_of, session_of
from sksymsim._files.replacement import replacement
from sksymsim._tables.pairs import read_labelled
from sksymsim._validation.tables import check_can_write
from sksymsim.report import pair_report


def report(options):
    """Print a report, and write its page."""
    with session_of(options) as session:
        if options.out is not None:
            check_can_write(options.out)
        scorer = Scorer(options.model)
        items, others = session.both_items()
        scorer.check_items(items)
        with session.progress("reading pairs") as bar:
            known = read_labelled(options.pairs, items, others, options, bar.show)
        found = pair_report(
            scorer.model,
            pairs_of(items, others, known.index),
            scorer.model.classes_[known.similar],
            groups=known.groups,
            sample_weight=known.weights,
            similar_rate=options.rate,
            n_bootstrap=options.bootstrap,
            random_state=options.random_state,
        )
        print(found)
        if options.out is not None:
            page = found.to_html(title=options.title, pictures=options.pictures)
            with replacement(options.out) as file:
                file.write(page.encode("utf-8"))
