"""The one thread that writes: batches of all worlds, grouped into transactions (group commit).

It encodes entries, continues each world's chain of hashes, and hands whole batches to the
journal. After the commit it tells the event loop; if the journal fails, it fails every batch from
then on, because what memory knows and the journal does not must never be acknowledged.
"""

import queue
import threading
from collections.abc import Callable, Sequence

import msgspec

from simulator.core.codec import Entry, chain_hash, encode_entry
from simulator.runtime.clocks import wall_ns
from simulator.runtime.ports import Batch, Journal, JournalRow, SnapshotRow

Done = Callable[[BaseException | None], None]


class PendingSnapshot(msgspec.Struct, frozen=True):
    """A snapshot taken at the end of a batch, still without its chain hash."""

    seq: int
    time_ns: int
    state: bytes
    state_hash: bytes


class WriteRequest(msgspec.Struct, frozen=True):
    """One executed batch of a world; `done` is called in the writer's thread."""

    world_id: str
    entries: Sequence[Entry]
    projected: object
    done: Done
    snapshot: PendingSnapshot | None = None


class Writer:
    """Owns the thread. `put` never blocks."""

    def __init__(self, journal: Journal, most_per_transaction: int = 64) -> None:
        self._journal = journal
        self._most = most_per_transaction
        self._queue: queue.SimpleQueue[WriteRequest | None] = queue.SimpleQueue()
        self._chains: dict[str, bytes] = {}
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def continue_chain(self, world_id: str, chain: bytes) -> None:
        """Says with which chain hash a world's journal ends; before its first batch."""
        self._chains[world_id] = chain

    def chain(self, world_id: str) -> bytes:
        """The chain hash after the last committed batch."""
        return self._chains[world_id]

    def put(self, request: WriteRequest) -> None:
        self._queue.put(request)

    def stop(self) -> None:
        """Writes what is queued and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            request = self._queue.get()
            if request is None:
                return
            requests = [request]
            stopping = False
            while len(requests) < self._most and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    stopping = True
                    break
                requests.append(following)
            self._write(requests)
            if stopping:
                return

    def _write(self, requests: list[WriteRequest]) -> None:
        if self._failure is None:
            written: dict[str, bytes] = {}
            try:
                batches = [self._batch(request, written) for request in requests]
                self._journal.append(batches)
                # Not replaced: a world may have been opened while the journal was at work.
                self._chains.update(written)
            except Exception as error:  # noqa: BLE001 - it is handed to every waiting batch
                self._failure = error
        for request in requests:
            request.done(self._failure)

    def _batch(self, request: WriteRequest, written: dict[str, bytes]) -> Batch:
        chain = written.get(request.world_id) or self._chains[request.world_id]
        rows: list[JournalRow] = []
        for entry in request.entries:
            encoded = encode_entry(entry)
            chain = chain_hash(chain, encoded)
            rows.append(JournalRow(entry.seq, entry.time_ns, encoded, chain))
        written[request.world_id] = chain
        snapshot = None
        if request.snapshot is not None:
            taken = request.snapshot
            snapshot = SnapshotRow(taken.seq, taken.time_ns, taken.state, taken.state_hash, chain)
        return Batch(request.world_id, rows, wall_ns(), request.projected, snapshot)
