"""Reading a world's past: its state at an entry, the entries after it, and when things were.

A port, because the analyses do not care where a journal is kept. `StoredJournal` reads a database
and starts from the nearest snapshot; `KeptJournal` holds entries in memory.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Protocol

from simulator.core.codec import Entry, decode_entry, decode_snapshot
from simulator.core.exchange import Exchange
from simulator.core.state.exchange_state import ExchangeState
from simulator.database.writer import DatabaseJournal


class Past(Protocol):
    """One world's journal. Methods may block; states belong to whoever asked for them."""

    def state_at(self, seq: int) -> ExchangeState:
        """The state after an entry; of 0 the empty one."""

    def entries(self, after_seq: int, until_seq: int) -> Iterator[Entry]:
        """The entries `(after_seq, until_seq]`, in order."""

    def seq_at(self, time_ns: int) -> int:
        """The last entry at or before a world time; 0 if there is none."""

    def nearest(self, seq: int) -> ExchangeState:
        """A state at or before an entry that takes no folding: of a snapshot, or the empty."""


class KeptJournal:
    """A journal in memory; entries from the first on."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def state_at(self, seq: int) -> ExchangeState:
        return _folded(Exchange(), iter(self._entries[:seq]))

    def entries(self, after_seq: int, until_seq: int) -> Iterator[Entry]:
        return iter(self._entries[after_seq:until_seq])

    def seq_at(self, time_ns: int) -> int:
        return bisect_right(self._entries, time_ns, key=_time)

    def nearest(self, seq: int) -> ExchangeState:
        return Exchange().state


class StoredJournal:
    """A world's journal in a database."""

    def __init__(self, journal: DatabaseJournal, world_id: str) -> None:
        self._journal = journal
        self._world_id = world_id

    def state_at(self, seq: int) -> ExchangeState:
        nearest = self.nearest(seq)
        return _folded(Exchange(nearest), self.entries(nearest.seq, seq))

    def entries(self, after_seq: int, until_seq: int) -> Iterator[Entry]:
        if after_seq >= until_seq:
            return
        for row in self._journal.read(self._world_id, after_seq):
            if row.seq > until_seq:
                return
            yield decode_entry(row.encoded)

    def seq_at(self, time_ns: int) -> int:
        return self._journal.seq_at(self._world_id, time_ns)

    def nearest(self, seq: int) -> ExchangeState:
        snapshot = self._journal.latest_snapshot(self._world_id, at_or_before=seq)
        return Exchange().state if snapshot is None else decode_snapshot(snapshot.state)


def _time(entry: Entry) -> int:
    return entry.time_ns


def _folded(exchange: Exchange, entries: Iterator[Entry]) -> ExchangeState:
    for entry in entries:
        exchange.fold(entry.time_ns, entry.command, entry.events)
    return exchange.state
