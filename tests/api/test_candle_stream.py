"""Candles over the websocket: at every moment the newest one is what REST answers."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event

import pytest
from structlog.testing import capture_logs

from simulator.api.app import ApiSettings
from simulator.api.stream.world_stream import StreamSettings
from simulator.database.candles import INTERVALS_S, CandleItem, Candles, Series, WarmUpBar
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, ETH, START_MS, START_NS, Json, Venue, eventually, open_venue

pytestmark = pytest.mark.anyio

MINUTE_NS = 60 * 10**9


@pytest.fixture
async def url(venue: Venue) -> AsyncIterator[str]:
    async with serving(venue.app) as address:
        yield address


def newest(socket: Socket, channel: str) -> Json | None:
    """What a client shows that keeps the last candle it was told."""
    items = [item for message in socket.news(channel) for item in message["items"]]
    return items[-1] if items else None


async def listed(venue: Venue, channel: str) -> Json | None:
    _, symbol, interval, *source = channel.split(":")
    source = source or ["LAST"]
    found = await venue.public(
        f"/candles/{symbol}", interval=interval, source=source[0], limit=1, order="NEWEST"
    )
    items: list[Json] = found["items"]
    return items[0] if items else None


async def shows_the_truth(venue: Venue, socket: Socket, channel: str) -> None:
    expected = await listed(venue, channel)
    await socket.until(lambda: newest(socket, channel) == expected)


@pytest.mark.parametrize("interval_ms", [0, 20])
async def test_candles_are_those_of_rest(database: Path, interval_ms: int) -> None:
    """Trades of ten minutes; readers come in the middle of batches."""
    stream = StreamSettings(public_interval_ms=interval_ms)
    settings = ApiSettings(requests=None, orders=None, guests=None, stream=stream)
    dice = random.Random(interval_ms)
    channels = [
        *(f"candles:{BTC}:{interval}" for interval in INTERVALS_S),
        f"candles:{BTC}:1m:MARK",
        f"candles:{BTC}:5m:INDEX",
        f"candles:{ETH}:1m:LAST",
    ]
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        maker, taker = await venue.join(), await venue.join()
        async with dial(url) as faithful:
            await faithful.ask("subscribe", channels=channels)
            for minute in range(10):
                await venue.world.run_until(START_NS + minute * MINUTE_NS + 7)
                await venue.set_index({1: 20_000_00})
                async with dial(url) as visitor:
                    for step in range(6):
                        price = str(dice.randint(19_900, 20_100))
                        sell = asyncio.create_task(maker.place(side="SELL", price=price))
                        await taker.call("POST", "/orders", json=_buy(price))
                        if step == 2:
                            await visitor.send("subscribe", channels=channels)
                        await sell
                        await venue.set_index({1: dice.randint(19_990_00, 20_010_00)})
                    for socket in (faithful, visitor):
                        for channel in channels:
                            await shows_the_truth(venue, socket, channel)
        bars = faithful.items(f"candles:{BTC}:1m", "candles")
        assert len({bar["open_time"] for bar in bars}) == 10
        assert sum(bar["trade_count"] for bar in [newest(faithful, channels[4])] if bar) > 20
        assert newest(faithful, f"candles:{ETH}:1m:LAST") is None


def _buy(price: str) -> Json:
    return {
        "symbol": BTC,
        "side": "BUY",
        "order_type": "LIMIT",
        "quantity": "0.01",
        "price": price,
    }


async def test_a_bar_that_ended_is_told_as_it_ended(venue: Venue, url: str) -> None:
    channel = f"candles:{BTC}:1m:INDEX"
    start = START_NS - START_NS % MINUTE_NS + MINUTE_NS
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=[channel])
        await socket.told(channel, "snapshot")
        for step, price in enumerate((20_100_00, 20_200_00, 20_150_00)):
            await venue.world.run_until(start + step * MINUTE_NS // 2)
            await venue.set_index({1: price})
        await socket.until(lambda: len(socket.items(channel, "candles")) == 3)
        first, ended, opened = socket.items(channel, "candles")
        assert first["close"] == "20100"
        assert (ended["open"], ended["close"]) == ("20100", "20200")
        assert (opened["open"], opened["open_time"]) == ("20150", ended["open_time"] + 60_000)
        page = await venue.public(f"/candles/{BTC}", source="INDEX", order="OLDEST")
        assert page["items"][-2:] == [ended, opened]


async def test_a_bar_goes_on_from_the_warm_up(venue: Venue, url: str) -> None:
    day = 86_400 * 10**9
    opened = START_NS - START_NS % day
    bar = WarmUpBar(1, "INDEX", 86_400, opened, 19_000_00, 21_000_00, 18_000_00, 19_500_00)
    candles: Candles = venue.app.state.api.context.candles
    await asyncio.to_thread(candles.store_warm_up, "practice", [bar])
    channel = f"candles:{BTC}:1d:INDEX"
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=[channel])
        await socket.told(channel, "snapshot")
        await venue.set_index({1: 22_000_00})
        await socket.told(channel, "candles")
        (told,) = socket.items(channel, "candles")
        assert (told["open"], told["high"], told["low"]) == ("19000", "22000", "18000")
        assert told["warm_up"]
        assert told["open_time"] <= START_MS
        await shows_the_truth(venue, socket, channel)


@pytest.mark.parametrize(
    "name", ["", ":1m", f":{BTC}", f":{BTC}:2m", f":{BTC}:1m:", f":{BTC}:1m:BEST", ":BTC:1m"]
)
async def test_what_is_no_series_is_refused(url: str, name: str) -> None:
    async with dial(url) as socket:
        problem = await socket.refusal("subscribe", channels=["candles" + name])
        assert problem["status"] == 404


async def test_lost_news_makes_a_candle_be_read_anew(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trade that a bug kept from being collected is in the bar of everybody all the same."""
    maker, taker = await venue.join(), await venue.join()
    channel = f"candles:{BTC}:1h"
    async with dial(url) as one, dial(url) as two:
        for socket in (one, two):
            await socket.ask("subscribe", channels=[channel])
            await socket.told(channel)
        await maker.place(side="SELL", price="20000", quantity="0.5")

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr("simulator.api.stream.private.PrivateSide.collect", broken)
            await taker.place(price="20000", quantity="0.1")
        await taker.place(price="20000", quantity="0.2")
        for socket in (one, two):
            await shows_the_truth(venue, socket, channel)
            last = newest(socket, channel)
            assert last is not None
            assert last["volume"] == "0.3"


async def test_what_happens_while_the_bar_is_read_is_counted_once(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trade before the tables are read, and one after, both before the answer is there."""
    maker, taker = await venue.join(), await venue.join()
    channel = f"candles:{BTC}:1m"
    may_read, may_answer = Event(), Event()
    newest_of = Candles.newest
    read: list[int] = []

    def slow(self: Candles, series: Series) -> tuple[int, CandleItem | None]:
        may_read.wait(10)
        found = newest_of(self, series)
        read.append(found[0])
        may_answer.wait(10)
        return found

    monkeypatch.setattr(Candles, "newest", slow)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=[channel])
        await taker.place(price="20000", quantity="0.1")
        may_read.set()
        await eventually(lambda: read)
        await taker.place(price="20000", quantity="0.02")
        assert socket.news(channel) == []
        may_answer.set()
        await shows_the_truth(venue, socket, channel)
        last = newest(socket, channel)
        assert last is not None
        assert (last["volume"], last["trade_count"]) == ("0.12", 2)


async def test_a_database_that_fails_to_answer_is_asked_again(
    venue: Venue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = f"candles:{BTC}:1m:MARK"
    newest_of = Candles.newest
    asked: list[Series] = []

    def moody(self: Candles, series: Series) -> tuple[int, CandleItem | None]:
        asked.append(series)
        if len(asked) < 3:
            raise OSError("the disk is asleep")
        return newest_of(self, series)

    monkeypatch.setattr(Candles, "newest", moody)
    monkeypatch.setattr("simulator.api.stream.world_stream._RETRY_SECONDS", 0.01)
    async with dial(url) as socket:
        with capture_logs() as logs:
            await socket.ask("subscribe", channels=[channel])
            await venue.set_index({1: 20_100_00})
            await socket.told(channel, "snapshot")
        assert [each["event"] for each in logs if each["log_level"] == "error"] == [
            "a candle was not read",
            "a candle was not read",
        ]
        await shows_the_truth(venue, socket, channel)
        assert len(asked) == 3


async def test_nobody_left_means_nothing_is_kept(venue: Venue, url: str) -> None:
    channel = f"candles:{BTC}:1m"
    stream = venue.app.state.api.door("practice").stream
    async with dial(url) as socket:
        await socket.ask("subscribe", channels=[channel])
        await socket.told(channel)
        assert len(stream._candles._live) == 1
        await socket.ask("unsubscribe", channels=[channel])
        assert stream._candles._live == {}
