"""Resuming an account over the websocket: who comes back misses nothing and hears nothing twice."""

import asyncio
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from simulator.api.app import ApiSettings
from simulator.api.stream.recall import RecallSettings
from simulator.api.stream.world_stream import StreamSettings
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, Json, Trader, Venue, eventually, open_venue
from tests.api.wires import connected

pytestmark = pytest.mark.anyio


def settings(recall: RecallSettings, **changes: Any) -> ApiSettings:
    stream = StreamSettings(public_interval_ms=0, recall=recall)
    return ApiSettings(requests=None, orders=None, guests=None, stream=stream, **changes)


def channel_of(trader: Trader) -> str:
    return f"account:{trader.account_id}"


async def follow(socket: Socket, trader: Trader, **more: Any) -> Json:
    await socket.log_in(trader)
    return await socket.ask("subscribe", channels=[channel_of(trader)], **more)


def plain(messages: list[Json]) -> list[Json]:
    return [{key: each[key] for key in each if key != "replayed"} for each in messages]


async def act(maker: Trader, trader: Trader, dice: random.Random) -> None:
    """Something that changes the trader's orders, and perhaps its position."""
    price = str(dice.randint(19_990, 20_010))
    side, other = dice.choice([("BUY", "SELL"), ("SELL", "BUY")])
    await maker.call("POST", "/orders", json={**ORDER, "side": side, "price": price})
    await trader.call("POST", "/orders", json={**ORDER, "side": other, "price": price})


ORDER = {"symbol": BTC, "order_type": "LIMIT", "quantity": "0.002"}


async def test_a_dropped_connection_loses_no_private_event(venue: Venue) -> None:
    """One socket stays and one drops again and again: in the end both heard the same."""
    dice = random.Random(3)
    maker, trader = await venue.join(), await venue.join()
    channel = channel_of(trader)
    patchwork: list[Json] = []
    replayed = 0
    async with serving(venue.app) as url, dial(url) as faithful:
        await follow(faithful, trader)
        await faithful.told(channel)
        trading = asyncio.create_task(_keep_acting(maker, trader, dice, 120))
        since = None
        while not trading.done():
            with suppress(ConnectionClosedError):
                async with dial(url) as visitor:
                    await follow(visitor, trader, **({} if since is None else {"since": since}))
                    if since is None:
                        await visitor.told(channel)
                    await asyncio.sleep(dice.random() / 20)
                    visitor.connection.transport.abort()
            heard = visitor.news(channel)
            replayed += sum(1 for each in heard if each.get("replayed"))
            patchwork += heard
            since = patchwork[-1]["seq"]
            await asyncio.sleep(dice.random() / 20)
        await trading
        async with dial(url) as visitor:
            await follow(visitor, trader, since=since)
            await faithful.until(lambda: faithful.news(channel)[-1]["seq"] >= _end(venue))
            await visitor.ask("ping")
            patchwork += visitor.news(channel)
        expected = faithful.news(channel, None)
        first, *rest = patchwork
        assert first["type"] == "snapshot"
        assert plain(rest) == [each for each in expected if each["seq"] > first["seq"]]
        assert replayed > 5
        assert [each["type"] for each in patchwork].count("snapshot") == 1
        marks = [each["replayed"] for each in patchwork if "replayed" in each]
        assert set(marks) == {True}


def _end(venue: Venue) -> int:
    """The last batch that told the trader anything is the one of its last order."""
    return venue.world.committed_seq


async def _keep_acting(maker: Trader, trader: Trader, dice: random.Random, times: int) -> None:
    for _ in range(times):
        await act(maker, trader, dice)
    await trader.place(price="19000", quantity="0.001")


async def test_live_news_follow_what_is_replayed(venue: Venue) -> None:
    trader = await venue.join()
    channel = channel_of(trader)
    async with serving(venue.app) as url:
        async with dial(url) as first:
            await follow(first, trader)
            await first.told(channel)
            since = first.news(channel)[-1]["seq"]
        missed = await trader.place(price="19000")
        async with dial(url) as second:
            await follow(second, trader, since=since)
            await second.told(channel, "wallets")
            live = await trader.place(price="19100")
            await second.until(lambda: len(second.news(channel, "orders")) == 2)
            replayed, told = second.news(channel, "orders")
            assert (replayed["replayed"], replayed["items"]) == (True, [missed["order"]])
            assert ("replayed" in told, told["items"]) == (False, [live["order"]])
            assert second.news(channel, "snapshot") == []


async def test_a_reader_may_ask_again_for_what_it_lost(database: Path) -> None:
    """After a resync a snapshot says how things stand, `since` what happened on the way."""
    chosen = settings(RecallSettings(), stream_capacity=10)
    async with open_venue(database, chosen) as venue, connected(venue) as wire:
        trader = await venue.join()
        channel = channel_of(trader)
        wire.say(op="auth", token=trader.token)
        wire.say(op="subscribe", channels=[channel])
        await eventually(lambda: wire.channel(channel))
        since = wire.channel(channel)[-1]["seq"]
        wire.gate.clear()
        placed = [(await trader.place(price=str(19_000 + step)))["order"] for step in range(30)]
        wire.gate.set()
        await eventually(lambda: [e for e in wire.channel(channel) if e["type"] == "snapshot"][1:])
        wire.say(op="subscribe", channels=[channel], since=since, id="again")
        await eventually(lambda: wire.channel(channel)[-1].get("replayed"))
        assert wire.channel(channel)[-1]["seq"] == venue.world.committed_seq
        replayed = [each for each in wire.channel(channel) if each.get("replayed")]
        orders = [each for each in replayed if each["type"] == "orders"]
        assert [item for message in orders for item in message["items"]] == placed


@pytest.mark.parametrize("reason", ["too much", "too long ago", "too many accounts"])
async def test_what_is_not_remembered_is_refused_and_a_snapshot_comes(
    database: Path, reason: str
) -> None:
    recall = {
        "too much": RecallSettings(most_bytes=3_000),
        "too long ago": RecallSettings(keep_ms=0),
        "too many accounts": RecallSettings(most_departed=0),
    }[reason]
    async with open_venue(database, settings(recall)) as venue, serving(venue.app) as url:
        trader = await venue.join()
        channel = channel_of(trader)
        async with dial(url) as first:
            await follow(first, trader)
            await first.told(channel)
            since = first.news(channel)[-1]["seq"]
        stream = venue.app.state.api.door("practice").stream
        await eventually(lambda: not stream._readers.any_wanted())
        for step in range(5):
            await trader.place(price=str(19_000 + step))
        async with dial(url) as second:
            await second.log_in(trader)
            problem = await second.refusal("subscribe", channels=[channel, "marks"], since=since)
            assert (problem["status"], problem["code"]) == (409, "SINCE_TOO_OLD")
            assert problem["needed"] == str(since)
            assert int(problem["available"]) > since
            await second.told(channel)
            (snapshot,) = second.news(channel)
            assert len(snapshot["orders"]) == 5
            assert await second.ask("list") == {"world": "practice", "channels": [channel, "marks"]}
            await trader.place(price="19100")
            await second.told(channel, "orders")


async def test_the_last_messages_are_there_even_if_the_first_are_gone(database: Path) -> None:
    recall = RecallSettings(most_bytes=4_000)
    async with open_venue(database, settings(recall)) as venue, serving(venue.app) as url:
        trader = await venue.join()
        channel = channel_of(trader)
        async with dial(url) as faithful, dial(url) as late:
            await follow(faithful, trader)
            for step in range(6):
                await trader.place(price=str(19_000 + step))
            await faithful.until(lambda: faithful.news(channel)[-1]["seq"] >= _end(venue))
            told = faithful.news(channel)
            since = sorted({each["seq"] for each in told})[-2]
            await follow(late, trader, since=since)
            await late.told(channel)
            assert plain(late.news(channel)) == [each for each in told if each["seq"] > since]


async def test_a_seq_that_is_yet_to_come_is_refused(venue: Venue) -> None:
    """A client that knows more than the world speaks of another one."""
    trader = await venue.join()
    channel = channel_of(trader)
    async with serving(venue.app) as url, dial(url) as socket:
        await socket.log_in(trader)
        problem = await socket.refusal("subscribe", channels=[channel], since=1 << 40)
        assert problem["code"] == "SINCE_AHEAD"
        await socket.told(channel, "snapshot")
        assert await follow(socket, trader, since=venue.world.committed_seq)


async def test_nobody_resumes_the_account_of_another(venue: Venue) -> None:
    owner, stranger = await venue.join(), await venue.join()
    channel = channel_of(owner)
    async with serving(venue.app) as url, dial(url) as hers, dial(url) as his:
        await follow(hers, owner)
        await hers.told(channel)
        since = hers.news(channel)[-1]["seq"]
        await owner.place(price="19000")
        await his.log_in(stranger)
        problem = await his.refusal("subscribe", channels=[channel], since=since)
        assert (problem["status"], problem["code"]) == (404, "UNKNOWN_ACCOUNT")
        assert his.news(channel) == []


async def test_lost_news_is_not_passed_off_as_none(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a bug kept from being collected cannot be replayed, and nobody is told otherwise."""
    trader = await venue.join()
    channel = channel_of(trader)
    async with serving(venue.app) as url:
        async with dial(url) as first:
            await follow(first, trader)
            await first.told(channel)
            since = first.news(channel)[-1]["seq"]

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr("simulator.api.stream.private.PrivateSide.collect", broken)
            await trader.place(price="19000")
        async with dial(url) as second:
            await second.log_in(trader)
            problem = await second.refusal("subscribe", channels=[channel], since=since)
            assert problem["code"] == "SINCE_TOO_OLD"


async def test_a_long_replay_comes_in_frames_that_clients_take(venue: Venue) -> None:
    """Nearly half a megabyte in all; a client that takes half of that per frame gets it."""
    trader = await venue.join()
    channel = channel_of(trader)
    async with serving(venue.app) as url:
        async with dial(url) as first:
            await follow(first, trader)
            await first.told(channel)
            since = first.news(channel)[-1]["seq"]
            for _ in range(3):
                await _place_and_cancel(first, 180)
        async with dial(url, max_size=256 * 1024) as second:
            await follow(second, trader, since=since)
            await second.until(lambda: len(second.items(channel, "orders")) == 6 * 180)
            assert all(each["replayed"] for each in second.news(channel))
            assert len(json.dumps(second.news(channel))) > 400_000


async def _place_and_cancel(socket: Socket, count: int) -> None:
    orders = [{**ORDER, "side": "BUY", "price": str(19_000 + step)} for step in range(count)]
    for each in [await socket.send("place", **order) for order in orders]:
        await socket.answer(each)
    assert len((await socket.ask("cancel_all"))["order_ids"]) == count
