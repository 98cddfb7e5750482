"""A venue for each test, on a database that was migrated once."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.database.migrating import migrate
from tests.api.venue import Venue, open_venue


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


@pytest.fixture
async def venue(database: Path) -> AsyncIterator[Venue]:
    async with open_venue(database) as opened:
        yield opened
