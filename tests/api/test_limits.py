"""Rate limits: token buckets on wall time, per caller and kind."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from simulator.api.app import ApiSettings
from simulator.api.errors import RateLimited
from simulator.api.limits import Rate, RateLimiter
from simulator.runtime.world import Limits
from tests.api.venue import GENEROUS, Venue, open_venue, order_body

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


def _allowance(response: httpx.Response) -> tuple[int, int, int]:
    limit, remaining, reset = (
        int(response.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset-ms")
    )
    return limit, remaining, reset


async def test_private_answers_say_what_is_left(database: Path) -> None:
    """Of the bucket that the request drew on last, refused or not."""
    settings = ApiSettings(requests=Rate(1, 6), orders=Rate(1, 2), guests=None)
    async with open_venue(database, settings) as venue:
        trader = await venue.join()
        first = _allowance(await trader.call("GET", "/wallets"))
        assert first == (6, 5, 1_000)
        limit, remaining, reset = _allowance(await trader.call("GET", "/wallets"))
        assert (limit, remaining) == (6, 4)
        assert 1_000 < reset <= 2_000
        placed = await trader.call("POST", "/orders", json=order_body())
        assert (placed.status_code, _allowance(placed)) == (201, (2, 1, 1_000))
        unknown = await trader.call("GET", "/orders/77")
        assert (unknown.status_code, _allowance(unknown)[:2]) == (404, (6, 2))
        malformed = await trader.call("GET", "/orders?limit=0")
        assert (malformed.status_code, _allowance(malformed)[:2]) == (422, (6, 1))
        await trader.call("GET", "/wallets")
        limited = await trader.call("GET", "/wallets")
        assert (limited.status_code, _allowance(limited)[:2]) == (429, (6, 0))
        assert limited.headers["retry-after"] == "1"


async def test_public_answers_say_what_is_left_for_the_host(database: Path) -> None:
    async with open_venue(database, ApiSettings(requests=Rate(1, 3))) as venue:
        left = [_allowance(await venue.client.get("/v1/worlds"))[1] for _ in range(3)]
        assert left == [2, 1, 0]


async def test_a_body_that_is_too_large_ends_the_connection(database: Path) -> None:
    settings = msgspec.structs.replace(GENEROUS, max_body_bytes=1_000)
    async with open_venue(database, settings) as venue:
        trader = await venue.join()
        response = await trader.call("POST", "/orders", content=b" " * 1_001)
        assert (response.status_code, response.json()["code"]) == (413, "REQUEST_TOO_LARGE")
        assert response.headers["connection"] == "close"


async def test_an_answer_that_does_not_come_is_a_problem(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(GENEROUS, timeout_ms=1_500)
    async with open_venue(database, settings) as venue:
        trader = await venue.join()
        never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with monkeypatch.context() as patched:
            patched.setattr(venue.world, "committed", lambda: never)
            response = await trader.call("GET", "/wallets")
        assert (response.status_code, response.json()["code"]) == (503, "TIMEOUT")
        assert "within 1500 ms" in response.json()["detail"]
        assert response.json()["request_id"] == response.headers["x-request-id"]
        assert never.cancelled(), "nobody waits for it any more"
        assert (await trader.call("GET", "/wallets")).status_code == 200


async def test_a_timeout_of_something_else_is_a_bug_and_not_the_deadline(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> int:
        raise TimeoutError("a lock of the database")

    trader = await venue.join()
    monkeypatch.setattr(venue.world, "committed", fail)
    response = await trader.call("GET", "/wallets")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")


async def test_a_body_that_does_not_come_is_a_problem(database: Path) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    settings = msgspec.structs.replace(GENEROUS, timeout_ms=150)
    async with open_venue(database, settings) as venue:
        trader = await venue.join()
        response = await trader.call("POST", "/orders", content=trickle())
        assert (response.status_code, response.json()["code"]) == (503, "TIMEOUT")
        assert response.json()["detail"] == "the body did not come within 150 ms"
        assert response.headers["connection"] == "close"


async def test_a_busy_world_says_when_to_come_again(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await venue.join()
    before = venue.hash()
    with monkeypatch.context() as patched:
        patched.setattr(venue.world, "_limits", Limits(most_waiting=0))
        problem = await trader.call("POST", "/orders", json=order_body())
    assert (problem.status_code, problem.json()["code"]) == (503, "WORLD_BUSY")
    assert problem.headers["retry-after"] == "1"
    assert venue.hash() == before
    await trader.place()
