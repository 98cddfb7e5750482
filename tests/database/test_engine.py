"""Opening a database: what is asked of SQLite, and who waits for whom."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from simulator.database.engine import open_engine, reading, writing
from simulator.database.writer import DatabaseJournal


def test_a_commit_is_on_disk(engine: Engine) -> None:
    """WAL and synchronous=FULL (2): acknowledged means durable."""
    with reading(engine) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_folders_are_created(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 'deep' / 'simulator.db'}")
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    assert (tmp_path / "data" / "deep" / "simulator.db").is_file()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data/simulator.db", "is no database URL; one looks like sqlite:///"),
        ("", "is no database URL"),
        ("mysql://localhost/simulator", "the database mysql is not supported"),
        ("sqlite://", "would forget everything; name a file"),
        ("sqlite:///:memory:", "would forget everything; name a file"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_engine(url)


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
