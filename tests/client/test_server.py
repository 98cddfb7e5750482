"""Every method that the server has, against a real server: both clients, both streams."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from simulator.client import (
    AsyncClient,
    BlockingStream,
    Bot,
    Client,
    Malformed,
    NotAuthenticated,
    NotFound,
    OrderBook,
    Refused,
    Stream,
    TransportError,
)
from simulator.client.answers import Fill, Order
from simulator.client.messages import (
    AccountSnapshot,
    CandlesMessage,
    FillsMessage,
    Heartbeat,
    MarksMessage,
    News,
    StatisticsMessage,
    TradesMessage,
)
from simulator.client.order_request import order_body
from simulator.client.public import Mark, PublicTrade
from tests.client.servers import small_server

BTC, ETH = "BTCUSDT-PERP", "ETHUSDT-PERP"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_server(tmp_path_factory.mktemp("server")) as server:
        yield server.url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as opened:
        opened.join_as_guest("Ann")
        yield opened


def far_below(client: Client, symbol: str = BTC) -> Decimal:
    (mark,) = [each for each in client.marks().items if each.symbol == symbol]
    assert mark.mark_price is not None
    return (mark.mark_price * Decimal("0.97")).quantize(Decimal(1))


def test_what_is_public(client: Client) -> None:
    assert [each.world for each in client.worlds().items] == ["practice"]
    world = client.world()
    assert (world.status, world.clock.speed) == ("RUNNING", Decimal(1))
    assert [each.symbol for each in client.instruments().items] == [BTC, ETH]
    tiers = client.instrument(BTC).risk_tiers
    assert tiers[0].floor == 0
    assert tiers[-1].cap is None
    depth = client.depth(BTC, 3)
    assert 0 < len(depth.bids) <= 3
    assert depth.bids[0][0] < depth.asks[0][0]
    candles = client.candles(BTC, "1m", source="INDEX", limit=5)
    assert len(candles.items) == 5
    assert candles.items[0].open_time > candles.items[1].open_time
    client.place_order(BTC, "BUY", "0.01")
    trade = client.trades(BTC).items[0]
    assert trade.price * trade.quantity > 0
    with pytest.raises(NotFound):
        client.depth("NOTHING-PERP")


def test_an_account_and_its_orders(client: Client) -> None:
    (account,) = client.accounts().items
    assert client.account().account_id == account.account_id == client.account_id
    assert client.set_margin_mode(BTC, "CROSS").settings.margin_mode == "CROSS"
    assert client.set_leverage(BTC, 10).settings.leverage == 10
    preview = client.preview_order(BTC, "BUY", "0.01")
    assert preview.accepted
    assert client.positions().items == []
    placed = client.place_order(BTC, "BUY", "0.01")
    assert placed.order.status == "FILLED"
    assert placed.fills[0].quantity == Decimal("0.01")
    (position,) = client.positions().items
    assert (position.side, position.quantity) == ("LONG", Decimal("0.01"))
    moved = client.transfer("CROSS", "SPOT", Decimal("12.5"))
    assert moved.amount == Decimal("12.5")
    wallets = {each.kind: each for each in client.wallets().items}
    assert wallets["SPOT"].balance == Decimal("12.5")
    assert [fill.order_id for fill in client.fills().items] == [placed.order.order_id]
    kinds = [entry.kind for entry in client.ledger.every(limit=2)]
    assert kinds[-1] == "DEPOSIT"
    assert len(kinds) > 2
    assert client.margin_calls().items == []
    assert client.liquidations().items == []
    with pytest.raises(NotFound):
        client.liquidation(1)


def test_orders_that_rest(client: Client) -> None:
    price = far_below(client)
    first = client.place_order(BTC, "BUY", "0.01", price, client_order_id="first")
    again = client.place_order(BTC, "BUY", "0.01", price, client_order_id="first")
    assert again.repeated
    assert again.order.order_id == first.order.order_id
    amended = client.amend_order(first.order.order_id, quantity="0.02", price=price - 1)
    assert (amended.order.quantity, amended.order.price) == (Decimal("0.02"), price - 1)
    assert client.order(first.order.order_id).order.quantity == Decimal("0.02")
    client.place_order(ETH, "BUY", 1, far_below(client, ETH))
    assert [each.symbol for each in client.orders(BTC).items] == [BTC]
    assert client.cancel_order(first.order.order_id).order.status == "CANCELED"
    assert len(client.cancel_all_orders(ETH).order_ids) == 1
    assert client.cancel_all_orders().order_ids == []
    assert len(list(client.orders.every(status="ALL", limit=1))) == 2
    with pytest.raises(NotFound):
        client.cancel_order(first.order.order_id)


@pytest.mark.parametrize("client_order_id", ["grid-1", "grid/1:a", "a/../b", ".."])
def test_an_order_is_found_and_canceled_by_the_id_that_its_client_gave(
    client: Client, client_order_id: str
) -> None:
    placed = client.place_order(
        BTC, "BUY", "0.01", far_below(client), client_order_id=client_order_id
    )
    assert client.order_by_client_id(client_order_id).order == placed.order
    canceled = client.cancel_order_by_client_id(client_order_id).order
    assert (canceled.order_id, canceled.status) == (placed.order.order_id, "CANCELED")
    assert client.order_by_client_id(client_order_id).order.status == "CANCELED"
    with pytest.raises(NotFound, match="UNKNOWN_ORDER"):
        client.cancel_order_by_client_id(client_order_id)
    with pytest.raises(NotFound, match="UNKNOWN_ORDER"):
        client.order_by_client_id("another")
    with pytest.raises(Malformed):
        client.order_by_client_id("no such id can be")


def test_lists_as_csv(client: Client) -> None:
    for _ in range(3):
        client.place_order(BTC, "BUY", "0.01")
    header, *rows = client.export_csv("fills", BTC, filters={"limit": 2}).splitlines()
    assert header.startswith("trade_id,order_id,symbol")
    assert len(rows) == len(list(client.fills.every()))
    assert len(rows) >= 3
    assert client.export_csv("order_history").count("FILLED") == 3
    for name in ("wallets", "positions", "orders", "ledger", "instruments", "marks", "statistics"):
        assert client.export_csv(name).count("\n") >= 1, name
    for name in ("margin_calls", "liquidations", "accounts", "worlds"):
        assert client.export_csv(name).count("\n") >= 1, name
    for name in ("trades", "candles"):
        assert client.export_csv(name, BTC).count("\n") >= 1, name


def test_statistics_and_history(client: Client) -> None:
    client.place_order(BTC, "BUY", "0.01")
    day = client.statistics()
    assert 0 < day.time - day.since <= 24 * 3_600_000
    (statistic,) = [each for each in day.items if each.symbol == BTC]
    assert statistic.last is not None
    assert statistic.trade_count > 0
    (order,) = client.order_history().items
    assert order.status == "FILLED"


def test_refusals_have_numbers(client: Client) -> None:
    with pytest.raises(Refused) as raised:
        client.place_order(BTC, "BUY", 20, far_below(client))
    assert raised.value.code == "INSUFFICIENT_MARGIN"
    assert raised.value.needed is not None
    assert raised.value.available is not None
    assert raised.value.needed > raised.value.available
    with pytest.raises(Malformed):
        client.place_order(BTC, "BUY", "1e3")
    client.core.token = "nonsense"
    with pytest.raises(NotAuthenticated):
        client.positions()


def test_nobody_answers() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(TransportError):
        client.join_as_guest()
    with pytest.raises(TransportError), BlockingStream(Client("http://127.0.0.1:9")):
        raise AssertionError("it should not open")


# -- streams ---------------------------------------------------------------------------------------


def until(stream: BlockingStream, kind: type[News]) -> News:
    for message in stream:
        if isinstance(message, kind):
            return message
    raise AssertionError("the stream ended")


def test_a_blocking_stream(client: Client) -> None:
    with BlockingStream(client) as stream:
        assert stream.ping() > 1_700_000_000_000
        stream.subscribe("marks", f"trades:{BTC}", f"account:{client.account_id}")
        assert isinstance(until(stream, MarksMessage), MarksMessage)
        assert isinstance(until(stream, AccountSnapshot), AccountSnapshot)
        assert stream.list_channels() == ["marks", f"trades:{BTC}", f"account:{client.account_id}"]
        stream.subscribe(f"candles:{BTC}:1m:MARK")
        assert isinstance(until(stream, CandlesMessage), CandlesMessage)
        stream.subscribe(f"statistics:{ETH}")
        statistics = until(stream, StatisticsMessage)
        assert isinstance(statistics, StatisticsMessage)
        assert [each.symbol for each in statistics.items] == [ETH]
        assert statistics.time - 86_400_000 < statistics.since < statistics.time
        with pytest.raises(NotFound, match="UNKNOWN_INSTRUMENT"):
            stream.subscribe("statistics:NOTHING-PERP")
        book = stream.follow_book(BTC)
        placed = stream.place_order(BTC, "BUY", "0.01")
        fills = until(stream, FillsMessage)
        assert isinstance(fills, FillsMessage)
        assert fills.items == placed.fills
        assert isinstance(until(stream, TradesMessage), TradesMessage)
        resting = stream.place_order(BTC, "BUY", "0.01", far_below(client))
        amended = stream.amend_order(resting.order.order_id, quantity="0.02")
        assert amended.order.quantity == Decimal("0.02")
        assert stream.cancel_order(resting.order.order_id).order.status == "CANCELED"
        assert stream.cancel_all_orders(BTC).order_ids == []
        with pytest.raises(Refused, match="INSUFFICIENT_MARGIN"):
            stream.place_order(BTC, "BUY", 20, far_below(client))
        with pytest.raises(NotFound):
            stream.subscribe("depth:NOTHING-PERP")
        heartbeat = until(stream, Heartbeat)
        assert isinstance(heartbeat, Heartbeat)
        clock = client.world().clock
        assert heartbeat.clock == replace(clock, time=heartbeat.clock.time)
        assert 0 <= clock.time - heartbeat.clock.time < 10_000
        assert not stream.stream.is_stale
        assert book.is_synced
        stream.unsubscribe("marks")
        assert "marks" not in stream.list_channels()
        while stream.next_message(0.0) is not None:
            continue


def test_a_stream_previews_as_rest_does_and_nothing_is_done(client: Client) -> None:
    client.place_order(BTC, "BUY", "0.01")
    price = far_below(client)
    with BlockingStream(client) as stream:
        preview = stream.preview_order(BTC, "BUY", "0.02", price, post_only=True)
        rest = client.preview_order(BTC, "BUY", "0.02", price, post_only=True)
        assert preview.accepted
        assert (preview.resting_quantity, preview.needed) == (Decimal("0.02"), rest.needed)
        assert preview.position_quantity == rest.position_quantity == Decimal("0.03")
        assert client.orders().items == []
        refused = stream.preview_order(BTC, "BUY", 20, price)
        assert refused.refusal is not None
        assert refused.refusal.code == "INSUFFICIENT_MARGIN"
        with pytest.raises(NotFound, match="UNKNOWN_INSTRUMENT"):
            stream.preview_order("NOTHING-PERP", "BUY", 1)


def test_ord_8_orders_go_with_the_stream_that_asked_for_it(client: Client) -> None:
    """A list over the websocket, a switch, and what is left when the socket closes: nothing."""
    price = far_below(client)
    stop = order_body(BTC, "SELL", order_type="STOP_MARKET", trigger_price=1, reduce_only=True)
    with BlockingStream(client, cancel_on_disconnect=True) as stream:
        entry = order_body(BTC, "BUY", "0.01", price)
        placed = stream.place_order_list("OTO", [entry, {**stop, "trigger_price": str(price - 9)}])
        assert [each.status for each in placed.orders] == ["RESTING", "PENDING"]
        assert len(stream.cancel_order_list(placed.list_id).order_ids) == 2
        assert stream.countdown_cancel_all(60).due is not None
        stream.place_order(BTC, "BUY", "0.01", price)
        assert len(client.orders().items) == 1
    deadline = time.monotonic() + 10
    while client.orders().items and time.monotonic() < deadline:
        time.sleep(0.02)
    (ended, *_) = client.order_history().items
    assert ended.cancel_reason == "DISCONNECTED"


class Diary(Bot):
    """Writes down which callbacks it got, and stops when it has seen enough."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(client, BTC, timer_seconds=1)
        self.seen: dict[str, object] = {}

    def see(self, what: str, of: object) -> None:
        self.seen[what] = of
        if {"mark", "trade", "book", "fill", "order", "timer"} <= set(self.seen):
            self.stop()

    async def on_start(self) -> None:
        self.see("start", self.marks[BTC])
        await self.stream.place_order(BTC, "BUY", "0.01")
        price = self.to_tick(BTC, self.books[BTC].bids()[0][0] * Decimal("0.97"))
        await self.stream.place_order(BTC, "BUY", "0.01", price)

    async def on_stop(self) -> None:
        await super().on_stop()
        self.seen["stop"] = self.signed_quantity(BTC)

    async def on_mark(self, mark: Mark) -> None:
        self.see("mark", mark)

    async def on_trade(self, trade: PublicTrade) -> None:
        self.see("trade", trade)

    async def on_book(self, book: OrderBook) -> None:
        self.see("book", book)

    async def on_fill(self, fill: Fill) -> None:
        self.see("fill", fill)

    async def on_order(self, order: Order) -> None:
        self.see("order", order)

    async def on_timer(self, time: int) -> None:
        self.see("timer", time)


@pytest.mark.anyio
async def test_a_bot_hears_of_everything(url: str) -> None:
    async with AsyncClient(url) as client:
        bot = Diary(client)
        async with asyncio.timeout(30):
            await bot.run()
        assert bot.seen["stop"] == Decimal("0.01")
        assert (await client.orders()).items == []


class Faulty(Bot):
    async def on_start(self) -> None:
        await self.stream.place_order(BTC, "BUY", "0.01", "50")


@pytest.mark.anyio
async def test_what_a_callback_raises_ends_the_bot(url: str) -> None:
    async with AsyncClient(url) as client:
        with pytest.raises(Refused):
            await Faulty(client, BTC).run()


@pytest.mark.anyio
async def test_a_stream_may_be_nobodys(url: str) -> None:
    async with AsyncClient(url) as client, Stream(client) as stream:
        await stream.subscribe("marks")
        with pytest.raises(NotAuthenticated):
            await stream.subscribe("account:1")
        async for message in stream:
            if isinstance(message, MarksMessage):
                assert len(message.items) == 2
                return
