"""A connection that breaks: nothing private is lost, nothing is told twice, orders are done once.

The server is real; between it and the client stands a proxy that cuts the connection while orders
fill. Both ways to make up for what was missed are tried: the server's own (`since`), if it has it,
and reading the gap by REST.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from simulator.client import AsyncClient, NotAuthenticated, Stream, TransportError
from simulator.client.messages import (
    DepthMessage,
    FillsMessage,
    LiquidationNoticesMessage,
    MarginCallsMessage,
    OrdersMessage,
)
from tests.api.sockets import serving
from tests.api.venue import BTC, Trader, Venue, eventually
from tests.client.proxy import Proxy, proxied

pytestmark = pytest.mark.anyio
ROUNDS = 8


class Listener:
    """Reads a stream and keeps what it was told."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.fills: list[Any] = []
        self.orders: list[Any] = []
        self.margin_calls: list[Any] = []
        self.liquidations: list[Any] = []
        self.depth: list[str] = []
        """The types of its messages."""
        self.failure: Exception | None = None

    async def read(self) -> None:
        try:
            async for message in self.stream:
                if isinstance(message, FillsMessage):
                    self.fills += message.items
                elif isinstance(message, OrdersMessage):
                    self.orders += message.items
                elif isinstance(message, MarginCallsMessage):
                    self.margin_calls += message.items
                elif isinstance(message, LiquidationNoticesMessage):
                    self.liquidations += message.items
                elif isinstance(message, DepthMessage):
                    self.depth.append(message.type)
        except Exception as error:
            self.failure = error
            raise

    def last_statuses(self) -> dict[int, str]:
        return {order.order_id: order.status for order in self.orders}

    def told(self) -> list[int]:
        return [fill.trade_id for fill in self.fills]


class Setting(NamedTuple):
    """`client` and its stream go through the proxy, `direct` is the same user on a safe line."""

    proxy: Proxy
    client: AsyncClient
    direct: AsyncClient
    stream: Stream
    listener: Listener
    maker: Trader


@asynccontextmanager
async def following(venue: Venue) -> AsyncIterator[Setting]:
    """A guest who follows its account through a proxy, and another who trades with it."""
    maker = await venue.join()
    async with serving(venue.app) as address:
        port = int(address.removesuffix("/v1/ws").rpartition(":")[2])
        async with proxied(port) as proxy, AsyncClient(proxy.url) as client:
            await client.join_as_guest()
            async with Stream(client) as stream:
                await stream.subscribe(f"account:{client.account_id}")
                listener = Listener(stream)
                reading = asyncio.create_task(listener.read())
                direct = AsyncClient(f"http://127.0.0.1:{port}", token=client.token)
                direct.account_id = client.account_id
                try:
                    yield Setting(proxy, client, direct, stream, listener, maker)
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
                    await direct.close()


async def trade_through_cuts(setting: Setting) -> None:
    """The client's orders rest; the maker fills them while the connection is being cut."""
    proxy, direct, stream, maker = setting.proxy, setting.direct, setting.stream, setting.maker
    for number in range(ROUNDS):
        for _ in range(4):
            await direct.place_order(BTC, "BUY", "0.004", 19_900)
        filling = asyncio.gather(
            *[maker.place(side="SELL", price="19900", quantity="0.002") for _ in range(6)]
        )
        for _ in range(number):
            await asyncio.sleep(0)
        proxy.cut()
        await filling
        await direct.cancel_all_orders()
        await eventually(lambda: not stream.is_stale)


async def assert_nothing_is_lost(setting: Setting) -> None:
    client, listener = setting.direct, setting.listener
    fills = [fill async for fill in client.fills.every(order="OLDEST", limit=7)]
    assert len(fills) >= ROUNDS * 6
    await eventually(lambda: len(listener.fills) >= len(fills) or listener.failure)
    assert listener.failure is None
    assert listener.told() == [fill.trade_id for fill in fills]
    assert listener.fills == fills
    orders = [order async for order in client.orders.every(status="ALL", order="OLDEST")]
    await eventually(lambda: listener.last_statuses() == {o.order_id: o.status for o in orders})


async def test_cuts_while_orders_fill_lose_no_private_event(venue: Venue) -> None:
    async with following(venue) as setting:
        await trade_through_cuts(setting)
        await assert_nothing_is_lost(setting)
        assert setting.stream.reconnects == ROUNDS
        assert setting.stream._knows_since


async def test_the_gap_is_read_by_rest_from_a_server_that_forgot(venue: Venue) -> None:
    async with following(venue) as setting:
        setting.stream._knows_since = False
        await trade_through_cuts(setting)
        await assert_nothing_is_lost(setting)


async def test_a_gap_tells_of_a_margin_call_and_a_liquidation_as_they_happened(
    venue: Venue,
) -> None:
    """Their begin and end, as a reader on a safe line was told of them."""
    async with following(venue) as setting, Stream(setting.direct) as safe:
        proxy, _, direct, stream, listener, maker = setting
        stream._knows_since = False
        await safe.subscribe(f"account:{direct.account_id}")
        witness = Listener(safe)
        reading = asyncio.create_task(witness.read())
        await direct.set_leverage(BTC, 20)
        await maker.set_up(BTC, "CROSS", 20)
        await maker.place(side="SELL", price="20000", quantity="0.5")
        await direct.place_order(BTC, "BUY", "0.5", 20_000)
        await eventually(lambda: listener.fills)
        proxy.refuses = True
        proxy.cut()
        await eventually(lambda: stream.is_stale)
        await venue.set_index({1: 19_090_00})
        await maker.place(price="19050", quantity="0.2")
        await venue.set_index({1: 19_070_00})
        await eventually(lambda: [each.event for each in witness.liquidations][-1:] == ["ENDED"])
        proxy.refuses = False
        await eventually(lambda: len(listener.liquidations) == 2)
        assert [each.event for each in listener.margin_calls] == ["ISSUED", "ENDED"]
        assert listener.margin_calls == witness.margin_calls
        assert listener.liquidations == [witness.liquidations[0], witness.liquidations[-1]]
        await safe.close()
        await reading


async def test_an_order_under_way_is_sent_again_and_done_once(venue: Venue) -> None:
    async with following(venue) as setting:
        proxy, client, _, stream, listener, _ = setting
        proxy.refuses = True
        proxy.cut()
        await eventually(lambda: stream.is_stale)
        waiting = asyncio.create_task(stream.place_order(BTC, "BUY", "0.01", 19_500))
        looking = asyncio.create_task(stream.preview_order(BTC, "BUY", "0.01", 19_500))
        with pytest.raises(TransportError):
            await stream.cancel_all_orders()
        with pytest.raises(TransportError):
            await stream.list_channels()
        proxy.refuses = False
        result = await waiting
        assert result.order.status == "RESTING"
        assert (await looking).accepted
        sent = [
            asyncio.create_task(stream.place_order(BTC, "BUY", "0.01", 19_400)) for _ in range(20)
        ]
        await asyncio.sleep(0)
        proxy.cut()
        placed = await asyncio.gather(*sent)
        open_ids = {order.order_id async for order in client.orders.every()}
        assert open_ids == {result.order.order_id, *(each.order.order_id for each in placed)}
        assert listener.failure is None


async def test_a_book_is_right_again_after_a_cut(venue: Venue) -> None:
    async with following(venue) as setting:
        proxy, client, _, stream, _, maker = setting
        book = await stream.follow_book(BTC)
        await eventually(lambda: book.is_synced)
        await maker.place(price="19300")
        await eventually(lambda: book.best_bid is not None)
        proxy.refuses = True
        proxy.cut()
        await eventually(lambda: not book.is_synced)
        await maker.place(price="19400")
        proxy.refuses = False
        await eventually(lambda: book.is_synced)
        assert book.matches(await client.depth(BTC))
        await maker.place(price="19350")
        depth = await client.depth(BTC)
        await eventually(lambda: book.matches(depth))


async def test_a_gap_in_a_book_makes_the_stream_subscribe_anew(venue: Venue) -> None:
    async with following(venue) as setting:
        _, client, _, stream, listener, maker = setting
        book = await stream.follow_book(BTC)
        await eventually(lambda: listener.depth == ["snapshot"])
        book.seq -= 1
        await maker.place(price="19300")
        await eventually(lambda: len(listener.depth) == 3)
        assert listener.depth == ["snapshot", "diff", "snapshot"]
        assert book.is_synced
        assert book.matches(await client.depth(BTC))
        assert stream.reconnects == 0


async def test_a_silent_server_is_left(venue: Venue) -> None:
    maker = await venue.join()
    async with serving(venue.app) as address:
        port = int(address.removesuffix("/v1/ws").rpartition(":")[2])
        async with (
            proxied(port) as proxy,
            AsyncClient(proxy.url, token=maker.token) as client,
            Stream(client, stale_after_seconds=0.3) as stream,
        ):
            await eventually(lambda: stream.reconnects >= 2)
            assert proxy.accepted >= 3


async def test_a_login_that_ends_ends_the_stream(venue: Venue) -> None:
    async with following(venue) as setting:
        setting.client.core.token = "not a token"
        setting.proxy.cut()
        await eventually(lambda: setting.listener.failure)
        assert isinstance(setting.listener.failure, NotAuthenticated)
        with pytest.raises(NotAuthenticated):
            await setting.stream.ping()
