"""The ground that bots stand on: override what concerns you, and `run`.

    class Hello(Bot):
        async def on_fill(self, fill):
            print(fill.side, fill.quantity, "at", fill.price)

    asyncio.run(Hello(AsyncClient(), "BTCUSDT-PERP").run())

A bot follows the prices, trades and books of its instruments, and its own account. Callbacks are
called one after the other, never two at once. An exception in one ends the bot, after `on_stop`.
It joins as a guest if its client is nobody yet.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_FLOOR, Decimal
from typing import Any, TypeGuard

from simulator.client.answers import Fill, Order, Position, Wallet
from simulator.client.messages import (
    AccountSnapshot,
    DepthMessage,
    FillsMessage,
    Heartbeat,
    LiquidationNotice,
    LiquidationNoticesMessage,
    MarginCallNotice,
    MarginCallsMessage,
    MarksMessage,
    Message,
    News,
    OrdersMessage,
    PositionsMessage,
    TradesMessage,
    WalletsMessage,
)
from simulator.client.order_book import OrderBook
from simulator.client.public import InstrumentDetail, Mark, PublicTrade
from simulator.client.rest import AsyncClient
from simulator.client.stream import Stream

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Bot:
    """See the module. `timer_seconds` is world time between two calls of `on_timer`."""

    def __init__(
        self, client: AsyncClient, *symbols: str, timer_seconds: int | None = None
    ) -> None:
        self.client = client
        self.symbols = symbols
        self.stream = Stream(client)
        self.instruments: dict[str, InstrumentDetail] = {}
        self.marks: dict[str, Mark] = {}
        self.books: dict[str, OrderBook] = {}
        self.positions: dict[str, Position] = {}
        """As they were when they last changed, by symbol."""
        self.wallets: dict[int, Wallet] = {}
        self.open_orders: dict[int, Order] = {}
        self.time = 0
        """World time in milliseconds, as it was last heard."""
        self._timer_ms = None if timer_seconds is None else timer_seconds * 1_000
        self._timer_due: int | None = None
        self._has_account = False
        self._is_started = False
        self._stop = asyncio.Event()

    # -- what a bot may override -------------------------------------------------------------------

    async def on_start(self) -> None:
        """Everything is known: instruments, prices, books, the account."""

    async def on_stop(self) -> None:
        """Before the bot ends, whatever the reason. By default its open orders are canceled."""
        await self.client.cancel_all_orders()

    async def on_mark(self, mark: Mark) -> None:
        """Index, mark, last price or state of an instrument changed."""

    async def on_trade(self, trade: PublicTrade) -> None:
        """Somebody traded."""

    async def on_book(self, book: OrderBook) -> None:
        """A book changed."""

    async def on_fill(self, fill: Fill) -> None:
        """An order of the bot traded."""

    async def on_order(self, order: Order) -> None:
        """An order of the bot changed."""

    async def on_margin_call(self, call: MarginCallNotice) -> None:
        """ISSUED and REPEATED come with a cure: `amount_to_add` or `quantity_to_reduce`."""

    async def on_liquidation(self, notice: LiquidationNotice) -> None:
        """The exchange closes a position by force."""

    async def on_timer(self, time: int) -> None:
        """`timer_seconds` of world time have passed; at high speed one call may stand for more."""

    # -- running -----------------------------------------------------------------------------------

    def stop(self) -> None:
        """The bot ends after the callback under way. SIGINT and SIGTERM do the same."""
        self._stop.set()

    async def run(self) -> None:
        """Runs until it is stopped.

        Raises:
            SimulatorError: it cannot go on. Whatever a callback raises comes out, too.
        """
        if self.client.token is None and self.client.core.signer is None:
            await self.client.join_as_guest(type(self).__name__)
        for symbol in self.symbols:
            self.instruments[symbol] = await self.client.instrument(symbol)
        async with self.stream:
            try:
                with self._stopped_by_signals():
                    await self._follow()
                    await self._work()
            finally:
                await self.on_stop()

    async def _follow(self) -> None:
        await self.stream.subscribe(f"account:{self.client.account_id}")
        for symbol in self.symbols:
            self.books[symbol] = await self.stream.follow_book(symbol)
            await self.stream.subscribe(f"mark:{symbol}", f"trades:{symbol}")

    async def _work(self) -> None:
        messages = aiter(self.stream)
        stopped: asyncio.Future[Any] = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                coming: asyncio.Future[Any] = asyncio.ensure_future(anext(messages))
                await asyncio.wait([coming, stopped], return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    await asyncio.gather(coming, return_exceptions=True)
                    return
                await self._take(coming.result())
        finally:
            stopped.cancel()

    async def _take(self, message: News) -> None:
        self._remember(message)
        if not self._is_started:
            if not self._is_complete():
                return
            self._is_started = True
            await self.on_start()
        elif isinstance(message, Message):
            await self._call(message)
        await self._call_timer()

    def _is_complete(self) -> bool:
        return (
            self._has_account
            and all(symbol in self.marks for symbol in self.symbols)
            and all(book.is_synced for book in self.books.values())
        )

    def _is_own_heartbeat(self, message: News) -> TypeGuard[Heartbeat]:
        """The connection hears the default world's, too."""
        world = self.client.world_id
        return isinstance(message, Heartbeat) and world in (None, message.world)

    def _remember(self, message: News) -> None:
        """Keeps what the bot may look at in step with what it is told."""
        if isinstance(message, Message) or self._is_own_heartbeat(message):
            self.time = max(self.time, message.time)
        if isinstance(message, AccountSnapshot):
            self._has_account = True
            self.positions = {each.symbol: each for each in message.positions}
            self.wallets = {each.wallet_id: each for each in message.wallets}
            self.open_orders = {each.order_id: each for each in message.orders}
        elif isinstance(message, MarksMessage):
            self.marks.update((each.symbol, each) for each in message.items)
        elif isinstance(message, WalletsMessage):
            self.wallets.update((each.wallet_id, each) for each in message.items)
        elif isinstance(message, OrdersMessage):
            for order in message.items:
                self.open_orders.pop(order.order_id, None)
                if order.status == "RESTING":
                    self.open_orders[order.order_id] = order
        elif isinstance(message, PositionsMessage):
            for position in message.items:
                self.positions.pop(position.symbol, None)
                if isinstance(position, Position) and position.quantity:
                    self.positions[position.symbol] = position

    async def _call(self, message: Message) -> None:
        if isinstance(message, DepthMessage):
            book = self.books.get(message.channel.partition(":")[2])
            if book is not None and book.is_synced:
                await self.on_book(book)
            return
        callback: Any = None
        if isinstance(message, MarksMessage):
            callback = self.on_mark
        elif isinstance(message, TradesMessage):
            callback = self.on_trade
        elif isinstance(message, FillsMessage):
            callback = self.on_fill
        elif isinstance(message, OrdersMessage):
            callback = self.on_order
        elif isinstance(message, MarginCallsMessage):
            callback = self.on_margin_call
        elif isinstance(message, LiquidationNoticesMessage):
            callback = self.on_liquidation
        if callback is not None:
            for item in message.items:  # type: ignore[attr-defined]
                await callback(item)

    async def _call_timer(self) -> None:
        if self._timer_ms is None:
            return
        if self._timer_due is None:
            self._timer_due = self.time + self._timer_ms
        elif self.time >= self._timer_due:
            self._timer_due = self.time + self._timer_ms
            await self.on_timer(self.time)

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """Only where signals can be had: in the main thread, and not on Windows."""
        loop = asyncio.get_running_loop()
        installed: list[signal.Signals] = []
        for each in _SIGNALS:
            try:
                loop.add_signal_handler(each, self.stop)
            except (RuntimeError, ValueError):
                break
            installed.append(each)
        try:
            yield
        finally:
            for each in installed:
                loop.remove_signal_handler(each)

    # -- help --------------------------------------------------------------------------------------

    def to_tick(self, symbol: str, price: Decimal) -> Decimal:
        """The price, or the next below it that the instrument knows."""
        return _floor(price, self.instruments[symbol].tick_size)

    def to_lot(self, symbol: str, quantity: Decimal) -> Decimal:
        """The quantity, or the next below it that the instrument knows."""
        return _floor(quantity, self.instruments[symbol].lot_size)

    def signed_quantity(self, symbol: str) -> Decimal:
        """Of the position: above zero for a long, below for a short."""
        position = self.positions.get(symbol)
        if position is None:
            return Decimal(0)
        return position.quantity if position.side == "LONG" else -position.quantity


def _floor(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step
