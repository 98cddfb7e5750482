"""A venue for each test, as the API's tests have it; on SQLite, which is enough for a client."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.conftest import anyio_backend, database, migrated
from tests.api.venue import Venue, open_venue

__all__ = ["anyio_backend", "database", "migrated", "venue"]


@pytest.fixture
async def venue(database: Path) -> AsyncIterator[Venue]:
    async with open_venue(f"sqlite:///{database}") as opened:
        yield opened
