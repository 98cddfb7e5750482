"""A venue for each test, on a database that was migrated once; of both kinds."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from simulator.database.migrating import migrate
from tests.api.venue import Venue, open_venue
from tests.databases import KINDS, Databases, databases_of


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them; not to be written to."""
    path = tmp_path_factory.mktemp("api") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "test.db"))


@pytest.fixture(scope="session", params=KINDS)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Databases, str]]:
    """An empty database with tables, of either kind; not to be written to."""
    made = databases_of(request.param, tmp_path_factory.mktemp("api"))
    url = made.create()
    migrate(url)
    yield made, url
    made.drop_all()


@pytest.fixture
async def venue(kept: tuple[Databases, str], tmp_path: Path) -> AsyncIterator[Venue]:
    """On SQLite, then on PostgreSQL."""
    made, empty = kept
    own = databases_of(made.kind, tmp_path)
    async with open_venue(own.copy(empty)) as opened:
        yield opened
    own.drop_all()
