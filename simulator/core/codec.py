"""Canonical bytes: journal entries, snapshots, and the hashes taken of them.

The bytes are msgpack of array-like structs, so equal values have equal bytes on any machine. The
chain hash of an entry covers all entries before it; the state hash covers a whole snapshot.
"""

from hashlib import sha256
from typing import Final

import msgspec

from simulator.core.model.commands import AnyCommand
from simulator.core.model.events import AnyEvent
from simulator.core.state.exchange_state import ExchangeState, restore
from simulator.core.state.rows import Snapshot

RULES_VERSION: Final = 7
"""Raised whenever a rule changes what events a command gives; entries carry it."""

GENESIS_HASH: Final = bytes(32)
"""The chain hash before the first entry."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One command and all that it made happen. `seq` counts from 1 without holes."""

    world: str
    seq: int
    time_ns: int
    command: AnyCommand
    events: tuple[AnyEvent, ...]
    rules_version: int = RULES_VERSION


_encoder = msgspec.msgpack.Encoder()
_entry_decoder = msgspec.msgpack.Decoder(Entry)
_snapshot_decoder = msgspec.msgpack.Decoder(Snapshot)


def encode_entry(entry: Entry) -> bytes:
    return _encoder.encode(entry)


def decode_entry(data: bytes) -> Entry:
    """Raises msgspec.DecodeError for bytes that are no entry."""
    return _entry_decoder.decode(data)


def chain_hash(previous: bytes, encoded: bytes) -> bytes:
    """SHA-256 over the previous chain hash and the encoded entry (32 bytes)."""
    return sha256(previous + encoded).digest()


def encode_snapshot(state: ExchangeState) -> bytes:
    return _encoder.encode(state.snapshot())


def snapshot_hash(data: bytes) -> bytes:
    """The state hash that these bytes had when they were made, perhaps by an older version."""
    return sha256(data).digest()


def decode_snapshot(data: bytes) -> ExchangeState:
    """Raises msgspec.DecodeError for bytes that are no snapshot."""
    return restore(_snapshot_decoder.decode(data))


def state_hash(state: ExchangeState) -> bytes:
    """SHA-256 over the encoded snapshot (32 bytes)."""
    return snapshot_hash(encode_snapshot(state))
