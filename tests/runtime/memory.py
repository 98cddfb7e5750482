"""A journal in memory, with switches to fail and to be slow; and a projector that keeps counts."""

import threading
from collections.abc import Iterator, Sequence

from simulator.core.codec import Entry
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.runtime.ports import Batch, JournalRow, SnapshotRow


class MemoryJournal:
    def __init__(self) -> None:
        self.rows: dict[str, list[JournalRow]] = {}
        self.snapshots: dict[str, SnapshotRow] = {}
        self.projected: list[object] = []
        self.transactions = 0
        self.failure: Exception | None = None
        self.gate = threading.Event()
        """Appends wait for it: cleared, the disk is busy."""
        self.gate.set()

    def claim(self, world_id: str) -> None:
        """There is no other process."""

    def append(self, batches: Sequence[Batch]) -> None:
        self.gate.wait(timeout=10)
        if self.failure is not None:
            raise self.failure
        self.transactions += 1
        for batch in batches:
            self.rows.setdefault(batch.world_id, []).extend(batch.rows)
            self.projected.append(batch.projected)
            if batch.snapshot is not None:
                self.snapshots[batch.world_id] = batch.snapshot

    def read(self, world_id: str, after_seq: int) -> Iterator[JournalRow]:
        for row in list(self.rows.get(world_id, [])):
            if row.seq > after_seq:
                yield row

    def latest_snapshot(self, world_id: str) -> SnapshotRow | None:
        return self.snapshots.get(world_id)


class CountingProjector:
    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        return len(entries)
