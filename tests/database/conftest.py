"""Databases for tests: migrated once, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from simulator.database.engine import open_engine
from simulator.database.migrating import migrate
from simulator.database.writer import DatabaseJournal
from tests.database.recording import WORLD, record


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them; not to be written to."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def traded_database(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A database with the recorded world in it, in batches of many sizes; not to be written to."""
    path = tmp_path_factory.mktemp("database") / "traded.db"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    for batch in record():
        journal.append([batch])
    journal.close()
    engine.dispose()
    return path


def _copy(source: Path, folder: Path) -> Iterator[Engine]:
    path = folder / source.name
    shutil.copy(source, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of one's own."""
    yield from _copy(empty_database, tmp_path)


@pytest.fixture
def traded(traded_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """A database of one's own in which much has happened in world `crowd`."""
    yield from _copy(traded_database, tmp_path)
