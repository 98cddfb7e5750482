"""The card of a margin call or a liquidation: what happened, why, to whom, and what would have
avoided it.

`explain` gathers the episode from events, tries remedies by replay, and puts both into words. The
numbers stand beside the words as data, so a page may show them in its own way.
"""

from typing import Final

import msgspec

from simulator.analytics.episode import Episode
from simulator.analytics.gathering import Limits, Subject, gather
from simulator.analytics.journals import Past
from simulator.analytics.remedies import Budget, Remedy, find_remedies
from simulator.analytics.wording import tell
from simulator.analytics.words import Words

MOST_EXECUTED: Final = 120_000
"""Entries that all trials of one card may execute."""


class Section(msgspec.Struct, frozen=True):
    title: str
    lines: tuple[str, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`all_tried`: whether no remedy was left out for want of time."""

    episode: Episode
    remedies: tuple[Remedy, ...]
    all_tried: bool
    title: str
    sections: tuple[Section, ...]


def explain(
    past: Past,
    subject: Subject,
    last_seq: int,
    limits: Limits = Limits(),
    most_executed: int = MOST_EXECUTED,
) -> Explanation:
    """The card; `last_seq` is the end of what may be read of the journal.

    Raises:
        UnknownSubjectError: the entry has no such margin call or liquidation.
    """
    gathered = gather(past, subject, last_seq, limits)
    budget = Budget(most_executed)
    remedies = tuple(find_remedies(past, gathered, budget))
    words = Words(past.state_at(subject.seq - 1))
    all_tried = gathered.episode.whole and not budget.exhausted
    title, sections = tell(words, gathered.episode, remedies, all_tried)
    return Explanation(
        episode=gathered.episode,
        remedies=remedies,
        all_tried=all_tried,
        title=title,
        sections=tuple(Section(name, tuple(lines)) for name, lines in sections),
    )
