"""The journal in a database: all of a batch or nothing, in order, without holes."""

import sqlite3
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from simulator.core.codec import GENESIS_HASH, chain_hash
from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.commands import Deposit
from simulator.database import schema
from simulator.database.engine import open_engine, reading, writing
from simulator.database.rebuild import dump
from simulator.database.statements import Rows
from simulator.database.writer import (
    DatabaseJournal,
    JournalGapError,
    StoredWorld,
    UnknownWorldError,
)
from simulator.runtime.ports import Batch, JournalRow, SnapshotRow
from tests.database.recording import WORLD, Recorder, record
from tests.properties.crowd import opening_commands

FAILURES = (DBAPIError, sqlite3.Error, psycopg.Error)


@pytest.fixture
def journal(engine: Engine) -> Iterator[DatabaseJournal]:
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    yield journal
    journal.close()


@pytest.fixture
def opening() -> tuple[Recorder, Batch]:
    recorder = Recorder()
    for command in opening_commands():
        recorder.submit(command)
    return recorder, recorder.seal()


def entries_in(engine: Engine) -> int:
    with reading(engine) as connection:
        query = select(func.count()).select_from(schema.journal_entries)
        return int(connection.execute(query).scalar_one())


def following(batch: Batch, count: int, projected: object = None) -> Batch:
    """So many entries after the batch, without meaning."""
    seq = batch.rows[-1].seq
    rows = [JournalRow(seq + number, 1, b"entry", bytes(32)) for number in range(1, count + 1)]
    return Batch(batch.world_id, rows, 1, Rows() if projected is None else projected)


def test_what_was_written_is_read(traded: Engine) -> None:
    journal = DatabaseJournal(traded)
    expected = [row for batch in record() for row in batch.rows]
    assert list(journal.read(WORLD)) == expected
    assert list(journal.read(WORLD, after_seq=1_000)) == expected[1_000:]
    assert len(expected) > 1_000, "more than one page"
    chain = GENESIS_HASH
    for row in journal.read(WORLD):
        chain = chain_hash(chain, row.encoded)
    assert journal.last(WORLD) == (len(expected), chain)


def test_the_entry_at_a_time_is_found_without_an_index(traded: Engine) -> None:
    journal = DatabaseJournal(traded)
    rows = list(journal.read(WORLD))
    assert journal.seq_at(WORLD, rows[0].time_ns - 1) == 0
    assert journal.seq_at(WORLD, rows[-1].time_ns + 1) == len(rows)
    for row in rows[::97]:
        upto = [each.seq for each in rows if each.time_ns <= row.time_ns]
        assert journal.seq_at(WORLD, row.time_ns) == upto[-1]
        before = [0, *(each.seq for each in rows if each.time_ns < row.time_ns)]
        assert journal.seq_at(WORLD, row.time_ns - 1) == before[-1]


def test_a_world_without_entries(journal: DatabaseJournal) -> None:
    assert journal.last(WORLD) is None
    assert journal.seq_at(WORLD, 1 << 60) == 0
    assert list(journal.read(WORLD)) == []
    assert journal.latest_snapshot(WORLD) is None


def test_a_failure_in_the_middle_leaves_nothing(
    journal: DatabaseJournal, engine: Engine, opening: tuple[Recorder, Batch]
) -> None:
    recorder, first = opening
    journal.append([first])
    before = dump(engine, WORLD)
    recorder.submit(Deposit(INSURANCE_FUND, 1, 5))
    good = recorder.seal()
    # The second batch of the transaction repeats an account, deep among its rows.
    repeated = Rows()
    repeated.trades = []
    repeated.accounts = list(first.projected.accounts) if isinstance(first.projected, Rows) else []
    with pytest.raises(FAILURES, match="accounts"):
        journal.append([good, following(good, 3, repeated)])
    assert entries_in(engine) == len(first.rows)
    assert dump(engine, WORLD) == before
    journal.append([good])
    assert entries_in(engine) == len(first.rows) + 1


def test_another_process_does_not_see_half_a_batch(
    journal: DatabaseJournal, engine: Engine, opening: tuple[Recorder, Batch]
) -> None:
    """A crash between two statements is what another connection sees: nothing of the batch."""
    seen: list[int] = []

    class Watching(Rows):
        @property
        def takeovers(self) -> list[tuple[str | int | bytes | None, ...]]:
            seen.append(entries_in(engine))
            return []

        @takeovers.setter
        def takeovers(self, rows: list[tuple[str | int | bytes | None, ...]]) -> None:
            assert rows == []

    _, first = opening
    watched = Watching()
    journal.append([Batch(WORLD, first.rows, 1, watched)])
    assert seen == [0]
    assert entries_in(engine) == len(first.rows)


def test_a_batch_that_does_not_follow_is_refused(
    journal: DatabaseJournal, engine: Engine, opening: tuple[Recorder, Batch]
) -> None:
    _, first = opening
    count = len(first.rows)
    with pytest.raises(JournalGapError, match=r"entry 2 should be 1"):
        journal.append([Batch(WORLD, first.rows[1:], 1, Rows())])
    journal.append([first])
    with pytest.raises(JournalGapError, match=rf"entry 1 should be {count + 1}"):
        journal.append([first])
    hole = [following(first, 1), following(first, 3)]
    with pytest.raises(JournalGapError, match=rf"entry {count + 1} should be {count + 2}"):
        journal.append(hole)
    assert entries_in(engine) == count


def test_batches_of_several_worlds_share_a_transaction(
    journal: DatabaseJournal, engine: Engine
) -> None:
    journal.create_world("other", "Another", 2, "", 1)
    batches = []
    for world_id in (WORLD, "other"):
        recorder = Recorder(world_id)
        for command in opening_commands():
            recorder.submit(command)
        batches.append(recorder.seal())
    journal.append(batches)
    assert journal.last(WORLD) is not None
    assert len(dump(engine, "other")["accounts"]) == len(dump(engine, WORLD)["accounts"]) == 21


def test_an_unregistered_world_is_refused(engine: Engine, opening: tuple[Recorder, Batch]) -> None:
    journal = DatabaseJournal(engine)
    with pytest.raises(FAILURES, match=r"(?i)foreign key"):
        journal.append([opening[1]])
    journal.close()


def test_a_batch_without_rows_is_a_mistake(
    journal: DatabaseJournal, opening: tuple[Recorder, Batch]
) -> None:
    with pytest.raises(TypeError, match="rows of a Projector"):
        journal.append([Batch(WORLD, opening[1].rows, 1, 17)])


def test_snapshots(
    journal: DatabaseJournal, engine: Engine, opening: tuple[Recorder, Batch]
) -> None:
    """A snapshot is stored with its batch, and found again by seq."""
    _, first = opening
    count = len(first.rows)
    taken = SnapshotRow(count, 5, b"state", b"hash", b"chain")
    journal.append([Batch(WORLD, first.rows, 1, first.projected, taken)])
    assert journal.latest_snapshot(WORLD) == taken
    later = SnapshotRow(count + 2, 6, b"later", b"hash", b"chain")
    journal.append([following(first, 2), Batch(WORLD, [], 1, Rows(), later)])
    assert journal.latest_snapshot(WORLD) == later
    assert journal.latest_snapshot(WORLD, at_or_before=count + 1) == taken
    assert journal.latest_snapshot(WORLD, at_or_before=1) is None
    assert journal.latest_snapshot("other") is None


def test_worlds(journal: DatabaseJournal) -> None:
    second = journal.create_world("classroom-1", "First class", 9, "speed = 2\n", 11)
    assert second == StoredWorld(
        "classroom-1", "First class", 9, "STOPPED", None, "speed = 2\n", 11
    )
    assert [world.world_id for world in journal.worlds()] == [WORLD, "classroom-1"]
    journal.set_world_status("classroom-1", "HALTED", "the ledger does not add up")
    halted = journal.world("classroom-1")
    assert halted is not None
    assert (halted.status, halted.status_reason) == ("HALTED", "the ledger does not add up")
    assert journal.world("nowhere") is None
    with pytest.raises(ValueError, match="there is a world 'crowd' already"):
        journal.create_world(WORLD, "Again", 9, "", 1)
    with pytest.raises(UnknownWorldError, match="no world 'nowhere'"):
        journal.set_world_status("nowhere", "RUNNING")


def test_the_journal_may_be_closed_and_used_again(
    journal: DatabaseJournal, opening: tuple[Recorder, Batch]
) -> None:
    _, first = opening
    journal.append([first])
    journal.close()
    journal.append([following(first, 1)])
    assert journal.last(WORLD) == (len(first.rows) + 1, bytes(32))


def test_a_locked_database_is_an_error_in_the_end(
    engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.database.engine.BUSY_TIMEOUT_MS", 50)
    impatient = open_engine(url)
    with writing(engine), pytest.raises(DBAPIError, match=r"database is locked|lock timeout"):
        DatabaseJournal(impatient).create_world("w", "W", 1, "", 1)
    DatabaseJournal(impatient).create_world("w", "W", 1, "", 1)
    impatient.dispose()
