"""The last 24 hours over the websocket: what a reader puts together is what REST answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from simulator.api.app import ApiSettings
from simulator.api.stream.world_stream import StreamSettings
from simulator.database.statistics import DayStatistics, Statistics
from simulator.runtime.errors import WorldHalted
from simulator.runtime.world import World
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, ETH, SYMBOLS, Json, Trader, Venue, eventually, open_venue

pytestmark = pytest.mark.anyio

MINUTE_NS = 60 * 10**9
DAY_NS = 1_440 * MINUTE_NS


@pytest.fixture
async def url(venue: Venue) -> AsyncIterator[str]:
    async with serving(venue.app) as address:
        yield address


async def trade(maker: Trader, taker: Trader, price: str, symbol: str = BTC) -> None:
    await maker.place(symbol=symbol, side="SELL", price=price)
    await taker.place(symbol=symbol, price=price)


def shown(socket: Socket, channel: str) -> dict[str, Json]:
    """What a client shows that replaces what it was told by what it is told."""
    return {item["symbol"]: item for message in socket.news(channel) for item in message["items"]}


async def shows_the_truth(venue: Venue, socket: Socket, channel: str) -> None:
    """Of all instruments, or of the one that the channel names."""
    _, _, symbol = channel.partition(":")
    items = (await venue.public("/statistics"))["items"]
    expected = {each["symbol"]: each for each in items if symbol in ("", each["symbol"])}
    await socket.until(lambda: shown(socket, channel) == expected)


async def test_statistics_are_those_of_rest(venue: Venue, url: str) -> None:
    """Through trades and through a day that passes; one reader comes first, one later."""
    maker, taker = await venue.join(), await venue.join()
    async with dial(url) as faithful, dial(url) as visitor:
        await faithful.ask("subscribe", channels=["statistics", f"statistics:{BTC}"])
        await faithful.told("statistics", "snapshot")
        for price in ("20000", "20100", "19900"):
            await trade(maker, taker, price)
            for channel in ("statistics", f"statistics:{BTC}"):
                await shows_the_truth(venue, faithful, channel)
        await visitor.ask("subscribe", channels=["statistics", f"statistics:{ETH}"])
        await visitor.told(f"statistics:{ETH}", "snapshot")
        await trade(maker, taker, "1500", ETH)
        venue.world.clock.step_to(venue.world.clock.now() + DAY_NS)
        for socket in (faithful, visitor):
            await shows_the_truth(venue, socket, "statistics")
        await shows_the_truth(venue, visitor, f"statistics:{ETH}")
        assert shown(faithful, "statistics")[BTC]["trade_count"] == 0
        assert shown(faithful, "statistics")[BTC]["last"] == "19900"


async def test_a_snapshot_has_the_window_and_its_place_in_the_journal(
    venue: Venue, url: str
) -> None:
    rest = await venue.public("/statistics")
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=["statistics"])
        await socket.told("statistics")
        (snapshot,) = socket.news("statistics")
        assert {name: snapshot[name] for name in rest} == rest
        assert [each["symbol"] for each in snapshot["items"]] == [*SYMBOLS]


async def test_only_what_changed_is_told(venue: Venue, url: str) -> None:
    maker, taker = await venue.join(), await venue.join()
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=["statistics", f"statistics:{ETH}"])
        await socket.told(f"statistics:{ETH}", "snapshot")
        await trade(maker, taker, "20000")
        await socket.told("statistics", "statistics")
        assert {each["symbol"] for each in socket.items("statistics", "statistics")} == {BTC}
        assert socket.news(f"statistics:{ETH}", "statistics") == []


async def test_a_busy_market_costs_one_query_per_interval(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_day = Statistics.of_day
    asked: list[tuple[float, Sequence[int]]] = []

    def counted(
        self: Statistics, world_id: str, instrument_ids: Sequence[int], time_ns: int
    ) -> DayStatistics:
        asked.append((time.monotonic(), instrument_ids))
        return of_day(self, world_id, instrument_ids, time_ns)

    monkeypatch.setattr(Statistics, "of_day", counted)
    stream = StreamSettings(public_interval_ms=0, statistics_interval_ms=200)
    settings = ApiSettings(requests=None, orders=None, guests=None, stream=stream)
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        maker, taker = await venue.join(), await venue.join()
        async with dial(url) as socket, dial(url) as other:
            for each in (socket, other):
                await each.ask("subscribe", channels=["statistics"])
                await each.told("statistics")
            for _ in range(30):
                await trade(maker, taker, "20000")
            await socket.until(lambda: shown(socket, "statistics")[BTC]["trade_count"] == 30)
    times = [when for when, _ in asked]
    assert min(after - before for before, after in pairwise(times)) >= 0.19
    assert [[*ids] for _, ids in asked[1:]] == [[1]] * (len(asked) - 1)


@pytest.mark.parametrize(
    ("name", "code"),
    [("statistics:NOTHING-PERP", "UNKNOWN_INSTRUMENT"), ("statistics:", "UNKNOWN_INSTRUMENT"),
     ("statistic", "UNKNOWN_CHANNEL")],
)  # fmt: skip
async def test_what_is_not_there_is_said_so(url: str, name: str, code: str) -> None:
    async with dial(url) as socket:
        problem = await socket.refusal("subscribe", channels=["statistics", name])
        assert (problem["status"], problem["code"]) == (404, code)
        assert (await socket.ask("list"))["channels"] == []


async def test_a_database_that_fails_to_answer_is_asked_again(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_day = Statistics.of_day
    moods = iter(["bad", "good", "bad"])

    def moody(
        self: Statistics, world_id: str, instrument_ids: Sequence[int], time_ns: int
    ) -> DayStatistics:
        if next(moods, "good") == "bad":
            raise OSError("the disk is asleep")
        return of_day(self, world_id, instrument_ids, time_ns)

    monkeypatch.setattr(Statistics, "of_day", moody)
    maker, taker = await venue.join(), await venue.join()
    async with dial(url) as socket:
        with capture_logs() as logs:
            await socket.ask("subscribe", channels=["statistics"])
            await socket.told("statistics")
            await trade(maker, taker, "20000")
            await socket.until(lambda: shown(socket, "statistics")[BTC]["trade_count"] == 1)
        told = [each["event"] for each in logs if each["log_level"] == "error"]
        assert told == ["statistics were not read"] * 2


async def test_lost_news_makes_them_be_read_anew(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trade that a bug kept from being collected is in everybody's statistics all the same."""
    maker, taker = await venue.join(), await venue.join()
    async with dial(url) as one, dial(url) as two:
        for socket in (one, two):
            await socket.ask("subscribe", channels=["statistics"])
            await socket.told("statistics")
        await maker.place(side="SELL", price="20000")

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr("simulator.api.stream.private.PrivateSide.collect", broken)
            await taker.place(price="20000")
        for socket in (one, two):
            await shows_the_truth(venue, socket, "statistics")
            assert shown(socket, "statistics")[BTC]["trade_count"] == 1


async def test_who_leaves_before_the_answer_is_told_nothing_and_nothing_is_kept(
    venue: Venue, url: str
) -> None:
    statistics = venue.app.state.api.door("practice").stream._statistics
    async with dial(url) as socket:
        await socket.send("subscribe", channels=["statistics", f"statistics:{BTC}"])
        await socket.ask("unsubscribe", channels=["statistics", f"statistics:{BTC}"])
        await asyncio.sleep(0.1)
        assert socket.news("statistics") == socket.news(f"statistics:{BTC}") == []
        await socket.ask("subscribe", channels=["statistics"])
        await socket.told("statistics")
        assert statistics._task is not None
    await eventually(lambda: statistics._task is None)
    assert statistics._items == {}


async def test_of_a_world_whose_writes_failed_no_statistics_are_told(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics = venue.app.state.api.door("practice").stream._statistics

    async def failed(*_: object) -> int:
        raise WorldHalted("the disk is full")

    monkeypatch.setattr(World, "committed", failed)
    async with dial(url) as socket:
        with capture_logs() as logs:
            await socket.ask("subscribe", channels=["statistics"])
            await eventually(lambda: statistics._task.done())
        assert [each["event"] for each in logs] == ["no statistics are told any more"]
        assert socket.news("statistics") == []
