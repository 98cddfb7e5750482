"""A slow reader is told to resync, gets fresh snapshots, and slows nobody."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from simulator.api.app import ApiSettings
from simulator.api.stream.world_stream import StreamSettings
from tests.api.venue import BTC, eventually, open_venue
from tests.api.wires import connected

pytestmark = pytest.mark.anyio

SETTINGS = ApiSettings(
    requests=None,
    orders=None,
    guests=None,
    stream_capacity=10,
    most_unanswered=5,
    stream=StreamSettings(public_interval_ms=0, heartbeat_ms=60_000),
)


async def test_a_slow_reader_resyncs(database: Path) -> None:
    async with open_venue(database, SETTINGS) as venue, connected(venue) as wire:
        trader = await venue.join()
        account = f"account:{trader.account_id}"
        wire.say(op="auth", token=trader.token)
        wire.say(op="subscribe", channels=[f"depth:{BTC}", "marks", account])
        await eventually(lambda: wire.channel(account))
        wire.gate.clear()
        for step in range(60):
            await trader.place(price=str(19_000 + step), quantity="0.001")
        told = len(wire.messages)
        assert len(venue.world.state.orders) == 60, "the world did not wait"
        wire.gate.set()
        await eventually(
            lambda: (
                any(each["type"] == "resync" for each in wire.messages)
                and wire.messages[-1].get("channel") == account
            )
        )
        late = wire.messages[told:]
        resync = [each["type"] for each in late].index("resync")
        assert late[resync]["channels"] == [f"depth:{BTC}", "marks", account]
        after = late[resync + 1 :]
        assert [each["type"] for each in after] == ["snapshot"] * 3
        depth, _, orders = after
        assert len(depth["bids"]) == len(orders["orders"]) == 60
        assert depth["seq"] == venue.world.committed_seq
        await trader.place(price="19500", quantity="0.001")
        await eventually(lambda: wire.channel(f"depth:{BTC}")[-1]["type"] == "diff")
        assert wire.channel(f"depth:{BTC}")[-1]["prev_seq"] == depth["seq"]


async def test_a_client_that_reads_no_answers_is_read_no_further(database: Path) -> None:
    async with open_venue(database, SETTINGS) as venue, connected(venue) as wire:
        wire.say(op="ping", id=0)
        await eventually(lambda: len(wire.messages) == 2)
        wire.gate.clear()
        for number in range(1, 41):
            wire.say(op="ping", id=number)
        await asyncio.sleep(0.05)
        assert wire.received < 20
        wire.gate.set()
        await eventually(lambda: len(wire.messages) == 42)
        replies = [each["id"] for each in wire.messages if each["type"] == "reply"]
        assert replies == list(range(41)), "and no answer is lost"


async def test_a_client_that_vanishes_is_forgotten(database: Path) -> None:
    async with open_venue(database, SETTINGS) as venue:
        async with connected(venue) as wire:
            wire.say(op="subscribe", channels=["marks", f"depth:{BTC}"])
            await eventually(lambda: wire.channel("marks"))
            assert venue.app.state.api.door(None).stream.has_readers()
        assert not venue.app.state.api.door(None).stream.has_readers()
        await venue.set_index({1: 20_100_00})


async def test_who_joins_amid_batches_in_flight_misses_nothing(database: Path) -> None:
    """The stream itself is made while batches are in flight that it never collected."""
    async with open_venue(database, SETTINGS) as venue:
        trader = await venue.join()
        for door in [*venue.app.state.api._doors.values()]:
            venue.world.observers.remove(door.stream)
        venue.app.state.api._doors.clear()
        orders = [asyncio.create_task(trader.place(price=str(19_000 + step))) for step in range(30)]
        while venue.world.committed_seq >= venue.world.state.seq:  # noqa: ASYNC110 - each turn counts
            await asyncio.sleep(0)
        async with connected(venue) as wire:
            wire.say(op="subscribe", channels=[f"depth:{BTC}"])
            await asyncio.gather(*orders)
            await eventually(
                lambda: (
                    wire.channel(f"depth:{BTC}")
                    and wire.channel(f"depth:{BTC}")[-1]["seq"] >= venue.world.committed_seq - 1
                )
            )
            levels: dict[str, str] = {}
            seq = None
            for message in wire.channel(f"depth:{BTC}"):
                assert message["prev_seq"] == seq
                levels.update(dict(message["bids"]))
                seq = message["seq"]
            assert len(levels) == 30


async def test_a_bug_in_the_stream_costs_news_and_nothing_else(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The world goes on, and readers are told to resync."""
    async with open_venue(database, SETTINGS) as venue, connected(venue) as wire:
        wire.say(op="subscribe", channels=["marks"])
        await eventually(lambda: wire.channel("marks"))

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched, capture_logs() as logs:
            patched.setattr("simulator.api.stream.public.PublicSide.collect", broken)
            await venue.set_index({1: 20_100_00})
            await eventually(lambda: len(wire.channel("marks")) == 2)
        assert [each["event"] for each in logs if each["log_level"] == "error"] == [
            "news was not collected"
        ]
        assert "resync" in [each["type"] for each in wire.messages]
        marks = wire.channel("marks")[-1]
        assert marks["type"] == "snapshot"
        assert marks["items"][0]["mark_price"] == "20100"
        await venue.set_index({1: 20_200_00})
        await eventually(lambda: wire.channel("marks")[-1]["type"] == "marks")
        assert venue.world.halt_reason is None
