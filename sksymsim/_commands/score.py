# SPDX-License-Identifier: BSD-3-Clause
"""``score``: probabilities of pairs, a block at a time."""

from scipy.special import expit, logit

from sksymsim._axioms.scores import last_step_of
from sksymsim._commands.session import Scorer, pairs_of, session_of
from sksymsim._tables.pairs import PairFile
from sksymsim._tables.writing import check_output, table_writer
from sksymsim._validation.tables import no_training_rate
from sksymsim.model_cards import card_or_none

# What `fit` writes on the card: the rate for which the probabilities are.
RATE_OF_THE_CARD = "similar_rate"


def score(options):
    """Read pairs, score them, and write them, so many at a time."""
    with session_of(options) as session:
        check_output(options.out)
        scorer = Scorer(options.model)
        shift = _shift(options, scorer)
        items, others = session.both_items()
        scorer.check_items(items)
        file = PairFile(options.pairs, options)
        columns = _columns(file, options.log_odds)
        with (
            table_writer(options.out, columns) as write,
            session.progress("scoring") as bar,
        ):
            for _, names, index in file.blocks(items, others, bar.show):
                log_odds = scorer.log_odds(pairs_of(items, others, index)) + shift
                more = [log_odds] if options.log_odds else []
                write(*names, expit(log_odds), *more)


def _columns(file, with_log_odds):
    """Return the columns that are written, and what they hold."""
    names, more = list(file.sides), ["probability"]
    more += ["log_odds"] * with_log_odds
    if names[0] == names[1] or set(names) & set(more):
        names = ["left", "right"]
    return dict(zip(names, file.kinds, strict=True)) | dict.fromkeys(more, "number")


def _shift(options, scorer):
    """Return what to add to log-odds for another rate of similar pairs."""
    if options.rate is None:
        return 0.0
    rate = options.from_rate
    rate = rate_of(scorer.model) if rate is None else rate
    if rate is None:
        raise no_training_rate(options.model)
    return float(logit(options.rate) - logit(rate))


def rate_of(model):
    """Return the rate of similar pairs for which a model is; None if unknown."""
    rate = getattr(last_step_of(model), "similar_rate", None)
    if rate is not None:
        return rate
    card = card_or_none(model)
    if card is None:
        return None
    return card["scores"].get(RATE_OF_THE_CARD, card["n_similar"] / card["n_pairs"])
