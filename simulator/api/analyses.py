"""Attributions and explanations for the API: read from the journal in a thread, one at a time.

A card may take longer than a request waits. It is worked out to its end all the same and kept, so
whoever asks again gets it; and who asks meanwhile waits for the same work.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from simulator.analytics.attribution import Attribution, attribution_between
from simulator.analytics.explanations import Explanation, explain
from simulator.analytics.gathering import NotExplainedError, Subject
from simulator.analytics.journals import StoredJournal
from simulator.core.model.units import NS_PER_SECOND
from simulator.database.writer import DatabaseJournal
from simulator.runtime.clocks import monotonic_ns
from simulator.runtime.forgiving_log import ForgivingLog

MOST_CARDS: Final = 64
FRESH_NS: Final = 60 * NS_PER_SECOND
"""How long a card is kept whose story was not over when it was told."""

log = ForgivingLog()

_Key = tuple[str, Subject]


class Span(NamedTuple):
    """A period in the journal: the entries `(begin, end]`, and the times of its two ends."""

    begin: int
    end: int


class _Card(NamedTuple):
    found: Explanation
    told_ns: int
    is_final: bool


class Analyses:
    """Belongs to the event loop's thread; `working` is held while a thread computes."""

    def __init__(self, journal: DatabaseJournal, working: asyncio.Lock) -> None:
        self._journal = journal
        self._working = working
        self._cards: dict[_Key, _Card] = {}
        self._under_way: dict[_Key, asyncio.Task[Explanation]] = {}

    async def attribution(
        self, world_id: str, account_id: int, span: Callable[[StoredJournal], Span]
    ) -> tuple[Attribution, Span]:
        """Raises ValueError for a period that is too long; `span` is asked in the thread."""
        past = StoredJournal(self._journal, world_id)

        def work() -> tuple[Attribution, Span]:
            found = span(past)
            return attribution_between(past, account_id, found.begin, found.end), found

        async with self._working:
            return await asyncio.to_thread(work)

    async def explanation(self, world_id: str, subject: Subject, last_seq: int) -> Explanation:
        """Raises UnknownSubjectError, NotExplainedError."""
        key = (world_id, subject)
        card = self._cards.get(key)
        if card is not None and (card.is_final or monotonic_ns() - card.told_ns < FRESH_NS):
            return card.found
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._explain(key, last_seq))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def _explain(self, key: _Key, last_seq: int) -> Explanation:
        world_id, subject = key
        past = StoredJournal(self._journal, world_id)
        async with self._working:
            found = await asyncio.to_thread(explain, past, subject, last_seq)
        is_final = found.episode.ending is not None and found.episode.until_seq < last_seq
        self._cards[key] = _Card(found, monotonic_ns(), is_final)
        while len(self._cards) > MOST_CARDS:
            del self._cards[next(iter(self._cards))]
        return found

    def _forget(self, key: _Key, task: "asyncio.Task[Explanation]") -> None:
        """Whoever still waits is told of a failure; the log is in any case."""
        del self._under_way[key]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NotExplainedError):
            log.error("no explanation", world=key[0], subject=key[1], reason=repr(error))
