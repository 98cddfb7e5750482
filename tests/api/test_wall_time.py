"""Wall time at the edge: tokens end, caches forget, buckets refill, whatever time a world has."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from simulator.api.app import ApiSettings
from simulator.api.limits import Rate
from tests.api.venue import Venue, open_venue

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 3, 12, 10, 37, tzinfo=UTC)
LIFETIME = timedelta(days=30)
REMEMBERED = timedelta(seconds=15)
"""How long a token that was just looked up is not looked up again."""

SECOND = timedelta(seconds=1)


@pytest.fixture
def wall() -> Iterator[FrozenDateTimeFactory]:
    """The wall clock, moved by hand; the event loop keeps its own time."""
    with freeze_time(NOW, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


async def _status(venue: Venue, guest: httpx.Response) -> int:
    joined = guest.json()
    response = await venue.client.get(
        f"/v1/accounts/{joined['account_id']}/wallets",
        headers={"Authorization": f"Bearer {joined['token']}"},
    )
    return response.status_code


async def test_a_token_ends_when_it_said(wall: FrozenDateTimeFactory, database: Path) -> None:
    async with open_venue(database) as venue:
        guest = await venue.client.post("/v1/guests")
        expires = NOW + LIFETIME
        assert guest.json()["token_expires"] == int(expires.timestamp()) * 1000
        wall.move_to(expires - REMEMBERED - SECOND)
        assert await _status(venue, guest) == 200
        wall.move_to(expires)
        assert await _status(venue, guest) == 401
        wall.move_to(expires + LIFETIME)
        assert await _status(venue, guest) == 401


async def test_world_time_ends_no_token(wall: FrozenDateTimeFactory, database: Path) -> None:
    """A world may run a year in a minute; its traders stay who they are."""
    async with open_venue(database) as venue:
        guest = await venue.client.post("/v1/guests")
        await venue.world.run_until(venue.world.state.time_ns + 365 * 86_400 * 10**9)
        wall.tick(REMEMBERED)
        assert await _status(venue, guest) == 200


async def test_buckets_refill_on_wall_time(wall: FrozenDateTimeFactory, database: Path) -> None:
    settings = ApiSettings(requests=None, orders=None, guests=Rate(1, 2))
    async with open_venue(database, settings) as venue:
        found = [(await venue.client.post("/v1/guests")).status_code for _ in range(3)]
        assert found == [201, 201, 429]
        wall.tick(SECOND)
        found = [(await venue.client.post("/v1/guests")).status_code for _ in range(2)]
        assert found == [201, 429]
