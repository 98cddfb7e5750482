"""The bots of `examples/bots`: each run as its user would, and what they do in a tight spot."""

import asyncio
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulator.client import AsyncClient, Client
from tests.api.sockets import serving
from tests.api.venue import BTC, PRICES, Venue, eventually
from tests.client.servers import small_server

BOTS = Path(__file__).parents[2] / "examples" / "bots"
ROOT = Path(__file__).parents[2]
SPEED = 60
HOUR_SECONDS = 3_600


def start(name: str, url: str, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-u", str(BOTS / f"{name}.py"), url],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def end(bot: subprocess.Popen[bytes]) -> int:
    bot.send_signal(signal.SIGINT)
    try:
        return bot.wait(10)
    finally:
        bot.kill()


@pytest.mark.slow
def test_three_bots_trade_a_synthetic_hour_at_sixty_times(tmp_path: Path) -> None:
    names = ("buy_and_hold", "grid_maker", "trend_follower")
    outputs = {name: tmp_path / f"{name}.txt" for name in names}
    home = tmp_path / "home"
    home.mkdir()
    with small_server(home, SPEED) as server, Client(server.url) as client:
        begun = client.world().clock.time
        bots = {name: start(name, server.url, outputs[name]) for name in names}
        deadline = time.monotonic() + 90
        while client.world().clock.time < begun + HOUR_SECONDS * 1_000:
            assert time.monotonic() < deadline, "an hour at 60x takes a minute"
            time.sleep(0.5)
        codes = {name: end(bot) if bot.poll() is None else bot.poll() for name, bot in bots.items()}
        said = {name: path.read_text() for name, path in outputs.items()}
        assert codes == dict.fromkeys(names, 0), said
        assert "bought 0.05 at" in said["buy_and_hold"]
        fills = re.findall(r"^(BUY|SELL) 0\.\d+ at", said["grid_maker"], re.MULTILINE)
        assert {"BUY", "SELL"} <= set(fills), said["grid_maker"]
        assert re.search(r"^(BUY|SELL) 0\.\d+ at", said["trend_follower"], re.MULTILINE), said
        trades = list(client.trades.every("BTCUSDT-PERP", limit=1_000))
        assert len(trades) >= len(fills)


# -- the trend follower in a tight spot ------------------------------------------------------------


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bot_{name}", BOTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def following(venue: Venue) -> AsyncIterator[tuple[Any, AsyncClient]]:
    """A trend follower that has started, in a venue where somebody else makes the market."""
    maker = await venue.join()
    await maker.set_up(BTC, "CROSS", 10)
    await maker.place(side="SELL", price="20000", quantity="1")
    await maker.place(side="BUY", price="19600", quantity="1")
    async with serving(venue.app) as address:
        url = address.replace("ws://", "http://").removesuffix("/v1/ws")
        async with AsyncClient(url) as client:
            bot = load("trend_follower").TrendFollower(client, BTC)
            running = asyncio.create_task(bot.run())
            try:
                await eventually(lambda: hasattr(bot, "samples") or running.done())
                yield bot, client
            finally:
                bot.stop()
                await running


async def margin_call(venue: Venue, bot: Any, client: AsyncClient) -> None:
    """A long of 0.1 at 20x, whose mark falls to where a call is due. The stop sleeps here."""
    bot.on_mark = _ignore
    await client.set_leverage(BTC, 20)
    await client.place_order(BTC, "BUY", "0.1")
    (position,) = (await client.positions()).items
    assert position.liquidation_price is not None
    mark = position.liquidation_price * Decimal("1.0005")
    await venue.set_index({1: int(mark * 100)})


async def _ignore(mark: object) -> None:
    """A callback that does nothing."""


@pytest.mark.anyio
async def test_the_trend_follower_adds_what_a_margin_call_asks_for(
    venue: Venue, capsys: pytest.CaptureFixture[str]
) -> None:
    async with following(venue) as (bot, client):
        await margin_call(venue, bot, client)
        ended = await _ended(client)
        assert ended.ended_by == "CURED"
        (position,) = (await client.positions()).items
        assert position.quantity == Decimal("0.1")
    assert f"adding {ended.amount_to_add}" in capsys.readouterr().out


@pytest.mark.anyio
async def test_the_trend_follower_reduces_when_it_has_nothing_to_add(venue: Venue) -> None:
    async with following(venue) as (bot, client):
        (cross,) = [each for each in (await client.wallets()).items if each.kind == "CROSS"]
        await client.transfer("CROSS", "SPOT", cross.withdrawable - Decimal("101.5"))
        await margin_call(venue, bot, client)
        ended = await _ended(client)
        assert ended.ended_by == "CURED"
        (position,) = (await client.positions()).items
        assert position.quantity < Decimal("0.1")


async def _ended(client: AsyncClient) -> Any:
    for _ in range(500):
        calls = (await client.margin_calls()).items
        if calls and calls[0].ended is not None:
            return calls[0]
        await asyncio.sleep(0.01)
    raise AssertionError(f"the margin call did not end: {calls}")


@pytest.mark.anyio
async def test_the_trend_follower_closes_at_its_stop(venue: Venue) -> None:
    async with following(venue) as (bot, client):
        await bot.go_to(Decimal("0.02"), "a test")
        assert bot.signed_quantity(BTC) == Decimal("0.02")
        await venue.set_index({1: PRICES[1] + 100_00})
        await venue.set_index({1: PRICES[1] + 90_00})
        assert (await client.positions()).items
        await venue.set_index({1: PRICES[1]})
        for _ in range(500):
            if not (await client.positions()).items:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the stop did not close the position")
