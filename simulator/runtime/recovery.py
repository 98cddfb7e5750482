"""Bringing a world back from its journal, and proving that the journal is right.

`recover` folds the events since the last snapshot: fast, and safe when a rule changes later.
`verify` executes the commands again and demands the same events, the same chain of hashes and the
same state as every snapshot.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from simulator.core.codec import (
    GENESIS_HASH,
    RULES_VERSION,
    Entry,
    chain_hash,
    decode_entry,
    decode_snapshot,
    snapshot_hash,
    state_hash,
)
from simulator.core.exchange import Exchange
from simulator.runtime.errors import JournalCorrupt
from simulator.runtime.ports import Journal, JournalRow


class Recovered(NamedTuple):
    """A world as its journal says it is."""

    exchange: Exchange
    chain: bytes
    folded: int
    """Entries folded after the snapshot."""


def recover(journal: Journal, world_id: str) -> Recovered:
    """The state of a world at the end of its journal.

    Raises:
        JournalCorrupt: a hole, a broken chain or an unreadable entry; says where.
    """
    snapshot = journal.latest_snapshot(world_id)
    exchange, chain, seq = Exchange(), GENESIS_HASH, 0
    if snapshot is not None:
        chain, seq = snapshot.chain_hash, snapshot.seq
        if snapshot_hash(snapshot.state) != snapshot.state_hash:
            raise JournalCorrupt(f"world {world_id}: the snapshot at seq {seq} has another hash")
        exchange = Exchange(decode_snapshot(snapshot.state))
    folded = 0
    for entry, row in _checked(journal.read(world_id, seq), world_id, seq, chain):
        exchange.fold(entry.time_ns, entry.command, entry.events)
        chain = row.chain_hash
        folded += 1
    exchange.resume()
    return Recovered(exchange, chain, folded)


def _checked(
    rows: Iterator[JournalRow], world_id: str, seq: int, chain: bytes
) -> Iterator[tuple[Entry, JournalRow]]:
    """Entries in order, each checked against the chain of hashes."""
    for row in rows:
        seq += 1
        if row.seq != seq:
            raise JournalCorrupt(f"world {world_id}: entry {seq} is missing, found {row.seq}")
        chain = chain_hash(chain, row.encoded)
        if chain != row.chain_hash:
            raise JournalCorrupt(f"world {world_id}: the chain of hashes breaks at seq {seq}")
        try:
            entry = decode_entry(row.encoded)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(
                f"world {world_id}: entry {seq} cannot be read: {error}"
            ) from error
        if entry.world != world_id:
            raise JournalCorrupt(f"world {world_id}: entry {seq} belongs to {entry.world}")
        yield entry, row


class Verification(NamedTuple):
    """The outcome of executing a journal again."""

    entries: int
    chain: bytes
    state: bytes
    """The state hash at the end."""
    difference: str | None
    """Where execution and journal part, in one sentence; none if they agree."""


def verify(
    journal: Journal,
    world_id: str,
    expected_snapshot: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Executes all commands from the beginning and compares events, chain and snapshot.

    Raises:
        JournalCorrupt: the journal cannot be read in the first place.
    """
    exchange = Exchange()
    chain, seq = GENESIS_HASH, 0
    snapshot = journal.latest_snapshot(world_id) if expected_snapshot else None
    for entry, row in _checked(journal.read(world_id, 0), world_id, 0, GENESIS_HASH):
        seq = entry.seq
        if entry.rules_version != RULES_VERSION:
            difference = (
                f"entry {seq} was made by rules version {entry.rules_version}; "
                f"these are version {RULES_VERSION}"
            )
            return Verification(seq, chain, state_hash(exchange.state), difference)
        events = tuple(exchange.execute(entry.time_ns, entry.command))
        if events != entry.events:
            return Verification(seq, chain, state_hash(exchange.state), _difference(entry, events))
        chain = row.chain_hash
        if snapshot is not None and snapshot.seq == seq:
            if state_hash(exchange.state) != snapshot.state_hash:
                difference = f"the snapshot at seq {seq} is not the state that execution gives"
                return Verification(seq, chain, state_hash(exchange.state), difference)
        if progress is not None and seq % 1000 == 0:
            progress(seq)
    return Verification(seq, chain, state_hash(exchange.state), None)


def _difference(entry: Entry, events: tuple[object, ...]) -> str:
    for number, (journaled, executed) in enumerate(zip(entry.events, events, strict=False)):
        if journaled != executed:
            return (
                f"entry {entry.seq}, event {number}: the journal says {journaled}, "
                f"execution says {executed}"
            )
    return (
        f"entry {entry.seq}: the journal has {len(entry.events)} events, "
        f"execution gives {len(events)}"
    )
