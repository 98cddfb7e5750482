"""One process at a time has a world open, and a process that was overtaken can write no more."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, func, select

from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.commands import Deposit
from simulator.database import schema
from simulator.database.engine import open_engine, reading, writing
from simulator.database.ownership import Ownership, WorldTakenError, WorldTakenOverError
from simulator.database.rebuild import rebuild
from simulator.database.writer import DatabaseJournal
from simulator.runtime.ports import Batch
from tests.database.recording import WORLD, Recorder
from tests.properties.crowd import opening_commands


@pytest.fixture
def journal(engine: Engine) -> Iterator[DatabaseJournal]:
    """Of the process that comes first."""
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    yield journal
    journal.close()


@pytest.fixture
def other(url: str) -> Iterator[DatabaseJournal]:
    """Of another process: with connections of its own."""
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    yield journal
    journal.close()
    engine.dispose()


@pytest.fixture
def batches() -> tuple[Batch, Batch]:
    recorder = Recorder()
    for command in opening_commands():
        recorder.submit(command)
    first = recorder.seal()
    recorder.submit(Deposit(INSURANCE_FUND, 1, 5))
    return first, recorder.seal()


def entries_in(engine: Engine) -> int:
    with reading(engine) as connection:
        query = select(func.count()).select_from(schema.journal_entries)
        return int(connection.execute(query).scalar_one())


def take_over(engine: Engine) -> None:
    """What a process does whose claim found no lock, because the owner's was lost."""
    fences = schema.world_fences
    with writing(engine) as connection:
        connection.execute(fences.update().values(fence=fences.c.fence + 1))


def test_the_second_is_refused(journal: DatabaseJournal, other: DatabaseJournal) -> None:
    journal.claim(WORLD)
    journal.claim(WORLD)
    for _ in range(2):
        with pytest.raises(WorldTakenError, match=r"world crowd is open in another process; stop"):
            other.claim(WORLD)
    journal.close()
    other.claim(WORLD)
    with pytest.raises(WorldTakenError):
        journal.claim(WORLD)


def test_worlds_are_claimed_one_by_one(journal: DatabaseJournal, other: DatabaseJournal) -> None:
    journal.create_world("second", "Second", 1, "", 7)
    journal.claim(WORLD)
    other.claim("second")
    with pytest.raises(WorldTakenError):
        journal.claim("second")


def test_writing_claims(
    journal: DatabaseJournal, other: DatabaseJournal, batches: tuple[Batch, Batch]
) -> None:
    journal.append([batches[0]])
    with pytest.raises(WorldTakenError):
        other.append([batches[1]])


def test_who_was_overtaken_can_write_no_more(
    journal: DatabaseJournal, engine: Engine, batches: tuple[Batch, Batch]
) -> None:
    """A stalled process whose lock was lost must not write, not even what would fit."""
    first, second = batches
    journal.append([first])
    take_over(engine)
    with pytest.raises(WorldTakenOverError, match="opened by another process meanwhile"):
        journal.append([second])
    assert entries_in(engine) == len(first.rows)


def test_nobody_takes_over_in_the_middle_of_a_transaction(
    journal: DatabaseJournal, engine: Engine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fence that was checked stands until the commit."""
    monkeypatch.setattr("simulator.database.engine.BUSY_TIMEOUT_MS", 100)
    impatient = open_engine(url)
    ownership = Ownership(engine)
    ownership.claim(WORLD)
    with writing(engine) as connection:
        ownership.check(connection, WORLD)
        with pytest.raises(Exception, match=r"locked|lock timeout"):
            take_over(impatient)
    take_over(impatient)
    with writing(engine) as connection, pytest.raises(WorldTakenOverError):
        ownership.check(connection, WORLD)
    ownership.release()
    impatient.dispose()


def test_a_world_that_is_open_is_not_rebuilt(
    journal: DatabaseJournal, url: str, batches: tuple[Batch, Batch]
) -> None:
    journal.append([batches[0]])
    engine = open_engine(url)
    with pytest.raises(WorldTakenError, match="open in another process"):
        rebuild(engine, WORLD)
    journal.close()
    assert rebuild(engine, WORLD) == len(batches[0].rows)
    engine.dispose()


def test_a_world_that_is_not_registered_leaves_no_lock(
    journal: DatabaseJournal, other: DatabaseJournal
) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        journal.claim("later")
    other.create_world("later", "Later", 1, "", 7)
    other.claim("later")
