"""Rate limits: token buckets on wall time, per caller and kind."""

from pathlib import Path

import pytest

from simulator.api.app import ApiSettings
from simulator.api.errors import RateLimited
from simulator.api.limits import Rate, RateLimiter
from tests.api.venue import open_venue

pytestmark = pytest.mark.anyio

MS = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ns = 10**18

    def __call__(self) -> int:
        return self.now_ns


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    limiter = RateLimiter("orders", Rate(50, 200), clock)
    for _ in range(200):
        limiter.take("ann")
    with pytest.raises(RateLimited, match="too many orders: try again in 20 ms"):
        limiter.take("ann")
    limiter.take("bob")
    clock.now_ns += 19 * MS
    with pytest.raises(RateLimited, match="in 1 ms"):
        limiter.take("ann")
    clock.now_ns += MS
    limiter.take("ann")
    clock.now_ns += 3_600_000 * MS
    for _ in range(200):
        limiter.take("ann")
    with pytest.raises(RateLimited):
        limiter.take("ann")


def test_a_clock_that_jumps_back_takes_nothing_away() -> None:
    clock = Clock()
    limiter = RateLimiter("orders", Rate(1, 2), clock)
    limiter.take("ann")
    clock.now_ns -= 10**12
    limiter.take("ann")
    with pytest.raises(RateLimited):
        limiter.take("ann")


def test_memory_is_bounded_whoever_knocks() -> None:
    limiter = RateLimiter("requests", Rate(1, 1), Clock())
    for number in range(25_000):
        limiter.take(str(number))
    assert len(limiter._buckets) <= 10_000


async def test_limits_over_rest(database: Path) -> None:
    settings = ApiSettings(requests=Rate(1, 6), orders=Rate(1, 2), guests=Rate(1, 2))
    async with open_venue(database, settings) as venue:
        trader, _ = await venue.join(), await venue.join()
        response = await venue.client.post("/v1/guests")
        assert (response.status_code, response.json()["code"]) == (429, "RATE_LIMITED")
        assert response.headers["retry-after"] == "1"
        await trader.place()
        await trader.place()
        before = venue.hash()
        problem = await trader.place(429)
        assert "too many orders" in problem["detail"]
        assert venue.hash() == before
        for _ in range(3):
            await trader.get("/wallets")
        response = await trader.call("GET", "/wallets")
        assert response.status_code == 429
        assert "too many requests" in response.json()["detail"]
        assert (await venue.client.get("/v1/worlds")).status_code == 200, "another bucket"
