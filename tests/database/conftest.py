"""Databases for tests: migrated once, copied for each test, of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from simulator.database.engine import open_engine
from simulator.database.migrating import migrate
from simulator.database.writer import DatabaseJournal
from tests.database.recording import WORLD, record
from tests.databases import KINDS, Databases, databases_of


@pytest.fixture(scope="session", params=KINDS)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """What is made once for all tests; not to be written to."""
    made = databases_of(request.param, tmp_path_factory.mktemp("database"))
    yield made
    made.drop_all()


@pytest.fixture
def databases(kept: Databases, tmp_path: Path) -> Iterator[Databases]:
    """For databases of one's own, of the kind that this run is about."""
    own = databases_of(kept.kind, tmp_path)
    yield own
    own.drop_all()


@pytest.fixture(scope="session")
def empty_database(kept: Databases) -> str:
    """A database with tables and nothing in them."""
    url = kept.create()
    migrate(url)
    return url


@pytest.fixture(scope="session")
def traded_database(kept: Databases, empty_database: str) -> str:
    """A database with the recorded world in it, in batches of many sizes."""
    url = kept.copy(empty_database)
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    for batch in record():
        journal.append([batch])
    journal.close()
    engine.dispose()
    return url


@pytest.fixture
def url(databases: Databases, empty_database: str) -> str:
    """An empty database of one's own."""
    return databases.copy(empty_database)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An empty database of one's own, opened."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def traded(databases: Databases, traded_database: str) -> Iterator[Engine]:
    """A database of one's own in which much has happened in world `crowd`."""
    engine = open_engine(databases.copy(traded_database))
    yield engine
    engine.dispose()
