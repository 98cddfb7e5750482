"""Opening a database: what is asked of it, and who waits for whom."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from simulator.database.engine import (
    UnusableDatabaseError,
    masked,
    open_engine,
    reading,
    writing,
)
from simulator.database.writer import DatabaseJournal


def test_a_commit_is_on_disk(engine: Engine) -> None:
    """Acknowledged means durable: WAL and synchronous=FULL (2), or synchronous_commit=on."""
    if engine.dialect.name == "sqlite":
        expected: dict[str, object] = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 30_000,
        }
        ask = "PRAGMA {}"
    else:
        expected = {"synchronous_commit": "on", "lock_timeout": "30s", "fsync": "on"}
        ask = "SHOW {}"
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(ask.format(name)).scalar_one() for name in expected
        }
    assert found == expected


def test_foreign_keys_hold_after_migrating(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO world_fences VALUES ('nowhere', 1)")


def test_folders_are_created(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'deep' / 'simulator.db'}")
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    assert (tmp_path / "data" / "deep" / "simulator.db").is_file()


def test_options_of_a_postgres_url_are_kept() -> None:
    engine = open_engine("postgresql://me@127.0.0.1/x?options=-csearch_path%3Dmine")
    [_, arguments] = engine.dialect.create_connect_args(engine.url)
    assert arguments["options"] == "-csearch_path=mine"
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data/simulator.db", "is no database URL; one looks like sqlite:///"),
        ("", "is no database URL"),
        ("mysql://localhost/simulator", "the database mysql is not supported"),
        ("postgresql+psycopg2://localhost/x", r"postgresql\+psycopg2 is not supported.*or Postg"),
        ("sqlite://", "would forget everything; name a file"),
        ("sqlite:///:memory:", "would forget everything; name a file"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_engine(url)


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("sqlite:///data/simulator.db", "sqlite:///data/simulator.db"),
        ("postgresql://me@host:5432/name", "postgresql://me@host:5432/name"),
        ("postgresql://me:secret@host:5432/name", "postgresql://me:***@host:5432/name"),
        ("postgresql://me:s:ec/r@et@host/name", "postgresql://me:***@host/name"),
        ("postgresql://me@host/name?password=secret&x=1", "postgresql://me@host/name?password=***&x=1"),
        ("postgresql//me:secret@host/name", "postgresql//me:***@host/name"),
        ("me:secret@host/name", "me:***@host/name"),
    ],
)  # fmt: skip
def test_passwords_are_not_printed(url: str, printed: str) -> None:
    assert masked(url) == printed


def test_a_url_that_is_none_keeps_its_secret() -> None:
    with pytest.raises(UnusableDatabaseError, match=r"'me:\*\*\*@host' is no") as refused:
        open_engine("me:secret@host")
    assert refused.value.__cause__ is None


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(RuntimeError, match=r"3\.35\.0 or newer is needed"):
        open_engine(f"sqlite:///{tmp_path / 'old.db'}")


def test_a_writer_that_fails_leaves_nothing(engine: Engine) -> None:
    def write_and_fail() -> None:
        with writing(engine) as connection:
            connection.exec_driver_sql("INSERT INTO worlds VALUES ('w', 'W', 1, 'X', NULL, '', 1)")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    assert DatabaseJournal(engine).worlds() == []


def test_a_reader_sees_one_picture(engine: Engine) -> None:
    """What is committed meanwhile it sees in its next transaction."""
    count = "SELECT COUNT(*) FROM worlds"
    journal = DatabaseJournal(engine)
    with reading(engine) as connection:
        assert connection.exec_driver_sql(count).scalar_one() == 0
        journal.create_world("w", "W", 1, "", 1)
        assert connection.exec_driver_sql(count).scalar_one() == 0
    with reading(engine) as connection:
        assert connection.exec_driver_sql(count).scalar_one() == 1


def test_writers_take_turns(engine: Engine) -> None:
    """Writers of many threads wait for each other and all succeed."""
    journal = DatabaseJournal(engine)
    failures: list[DBAPIError] = []

    def create(number: int) -> None:
        for each in range(5):
            try:
                journal.create_world(f"w{number}-{each}", "W", each, "", 1)
            except DBAPIError as error:
                failures.append(error)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(journal.worlds()) == 30
