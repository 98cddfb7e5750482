"""What the runtime needs of the outside: a journal to write to, agents to drive, observers to tell.

The runtime owns these shapes; `database`, `market` and `api` implement them.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from simulator.core.codec import Entry
from simulator.core.model.commands import AnyCommand
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes


class JournalRow(msgspec.Struct, frozen=True, gc=False):
    """One entry as it is stored: its canonical bytes and the chain hash up to it."""

    seq: int
    time_ns: int
    encoded: bytes
    chain_hash: bytes


class SnapshotRow(msgspec.Struct, frozen=True, gc=False):
    """A snapshot of a world at a seq."""

    seq: int
    time_ns: int
    state: bytes
    state_hash: bytes
    chain_hash: bytes


class Batch(msgspec.Struct, frozen=True, gc=False):
    """What one transaction stores of one world: journal, projected rows, perhaps a snapshot."""

    world_id: str
    rows: list[JournalRow]
    wall_ns: int
    projected: object
    """What the projector collected; opaque to the runtime."""
    snapshot: SnapshotRow | None = None


class Journal(Protocol):
    """Durable storage. All calls block; `append` comes from one writer thread only."""

    def claim(self, world_id: str) -> None:
        """Makes this process the only one that writes the world. Raises if another one does."""

    def append(self, batches: Sequence[Batch]) -> None:
        """Stores all batches in one transaction, or none. Raises if it cannot."""

    def read(self, world_id: str, after_seq: int) -> Iterator[JournalRow]:
        """The entries after a seq, in order."""

    def latest_snapshot(self, world_id: str) -> SnapshotRow | None:
        """The newest snapshot, if there is one."""


class Projector(Protocol):
    """Turns what happened into rows for the tables. Called on the event loop, after each batch."""

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        """Reads all it needs from the live state now; the result is stored later."""


class Observer(Protocol):
    """Follows a world: `collect` when a batch was executed, `release` when it is durable."""

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        """Reads what it needs of the state now, and tells nobody yet."""

    def release(self, collected: object) -> None:
        """The batch is durable: now it may be told."""


class Agent(Protocol):
    """A feed or a bot: it wakes at a world time and answers with commands."""

    @property
    def next_wake_ns(self) -> int | None:
        """World time of its next wake; none: never again."""

    def wake(self, time_ns: int, state: ExchangeState) -> Sequence[AnyCommand]:
        """Looks at the state and says what it wants done. Must move `next_wake_ns` on."""
