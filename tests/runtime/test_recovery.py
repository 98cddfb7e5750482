"""A journal gives back the world it was written by, or says where it is wrong."""

import msgspec
import pytest

from simulator.core.codec import (
    GENESIS_HASH,
    chain_hash,
    decode_entry,
    encode_entry,
    encode_snapshot,
    state_hash,
)
from simulator.core.exchange import Exchange
from simulator.core.model.commands import SetIndexPrices
from simulator.runtime.engine import Engine
from simulator.runtime.errors import JournalCorrupt
from simulator.runtime.ports import Batch, JournalRow, SnapshotRow
from simulator.runtime.recovery import recover, verify
from tests.runtime.memory import MemoryJournal
from tests.runtime.worlds import GENESIS, START_NS, buy, sell


def _written(snapshot_at: int | None = None) -> tuple[MemoryJournal, Exchange]:
    journal = MemoryJournal()
    engine = Engine("test", Exchange())
    chain = GENESIS_HASH
    commands = [
        *GENESIS,
        buy(1_000, 1_000_000),
        sell(400, 1_000_000),
        SetIndexPrices(((1, 700_000),)),
        buy(10, 690_000),
    ]
    for number, command in enumerate(commands, start=1):
        engine.submit(START_NS + number, command)
        rows = []
        for entry in engine.take()[0]:
            encoded = encode_entry(entry)
            chain = chain_hash(chain, encoded)
            rows.append(JournalRow(entry.seq, entry.time_ns, encoded, chain))
        snapshot = None
        if number == snapshot_at:
            state = engine.exchange.state
            snapshot = SnapshotRow(
                state.seq, state.time_ns, encode_snapshot(state), state_hash(state), chain
            )
        journal.append([Batch("test", rows, 0, None, snapshot)])
    return journal, engine.exchange


@pytest.mark.parametrize("snapshot_at", [None, 3, 9, 11])
def test_recovering_gives_the_same_state(snapshot_at: int | None) -> None:
    journal, exchange = _written(snapshot_at)
    recovered = recover(journal, "test")
    assert state_hash(recovered.exchange.state) == state_hash(exchange.state)
    assert recovered.chain == journal.rows["test"][-1].chain_hash
    assert recovered.folded == exchange.state.seq - (snapshot_at or 0)
    command = SetIndexPrices(((1, 650_000),))
    time_ns = START_NS + 100
    assert recovered.exchange.execute(time_ns, command) == exchange.execute(time_ns, command)


@pytest.mark.parametrize("snapshot_at", [None, 9])
def test_verifying_agrees(snapshot_at: int | None) -> None:
    journal, exchange = _written(snapshot_at)
    outcome = verify(journal, "test")
    assert outcome.difference is None
    assert outcome.entries == exchange.state.seq
    assert outcome.state == state_hash(exchange.state)


def _replace(journal: MemoryJournal, index: int, row: JournalRow) -> None:
    journal.rows["test"][index] = row


def test_a_changed_entry_breaks_the_chain() -> None:
    journal, _ = _written()
    row = journal.rows["test"][4]
    _replace(journal, 4, msgspec.structs.replace(row, encoded=row.encoded[:-1] + b"\x7f"))
    with pytest.raises(JournalCorrupt, match="chain of hashes breaks at seq 5"):
        recover(journal, "test")


def test_a_missing_entry_is_named() -> None:
    journal, _ = _written()
    del journal.rows["test"][4]
    with pytest.raises(JournalCorrupt, match="entry 5 is missing, found 6"):
        recover(journal, "test")


def test_forged_events_with_a_right_chain_are_found_by_executing_again() -> None:
    """A forger can repair the hashes, but not what the command gives."""
    journal, _ = _written()
    chain = GENESIS_HASH
    for index, row in enumerate(journal.rows["test"]):
        entry = decode_entry(row.encoded)
        if entry.seq == 9:
            entry = msgspec.structs.replace(entry, events=entry.events[:-1])
        encoded = encode_entry(entry)
        chain = chain_hash(chain, encoded)
        _replace(journal, index, JournalRow(row.seq, row.time_ns, encoded, chain))
    outcome = verify(journal, "test")
    assert outcome.difference is not None
    assert outcome.difference.startswith("entry 9: the journal has")
