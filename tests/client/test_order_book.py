"""The local book: ten thousand diffs against the exchange's own book, and what a gap does."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest

from simulator.client import AsyncClient, OrderBook, Stream
from simulator.client.messages import DepthMessage
from simulator.core import views
from simulator.core.codec import Entry
from simulator.core.model.commands import CancelAllOrders, PlaceOrder
from simulator.core.model.enums import OrderType, Side
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from tests.api.sockets import serving
from tests.api.venue import BTC, Venue

pytestmark = pytest.mark.anyio
DIFFS = 10_000
WHOLE = 1 << 30

Levels = list[tuple[Decimal, Decimal]]


class ServerBooks:
    """An observer that writes down the exchange's own book after every batch."""

    def __init__(self) -> None:
        self.by_seq: dict[int, tuple[Levels, Levels]] = {}

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        terms = state.instruments[1].terms
        price_unit = Decimal(1).scaleb(-terms.price_decimals)
        quantity_unit = Decimal(1).scaleb(-terms.quantity_decimals)
        bids, asks = (
            [(price * price_unit, quantity * quantity_unit) for price, quantity in levels]
            for levels in views.depth(state, 1, WHOLE)
        )
        self.by_seq[state.seq] = (bids, asks)
        return None

    def release(self, collected: object) -> None:
        """There is nobody to tell."""


def message(kind: str, seq: int, prev_seq: int | None, *bids: tuple[str, str]) -> DepthMessage:
    return DepthMessage(
        channel=f"depth:{BTC}",
        world="practice",
        type=kind,
        seq=seq,
        time=0,
        prev_seq=prev_seq,
        bids=[(Decimal(price), Decimal(quantity)) for price, quantity in bids],
        asks=[(Decimal(101), Decimal(1))],
    )


async def test_a_diff_sets_adds_and_removes_levels() -> None:
    book = OrderBook(BTC)
    assert book.apply(message("snapshot", 5, None, ("100", "1"), ("99", "2")))
    assert book.apply(message("diff", 7, 5, ("100", "0"), ("99", "3"), ("98", "1")))
    assert book.bids() == [(Decimal(99), Decimal(3)), (Decimal(98), Decimal(1))]
    assert book.best_bid == (Decimal(99), Decimal(3))
    assert book.best_ask == (Decimal(101), Decimal(1))
    assert book.bids(1) == [(Decimal(99), Decimal(3))]
    assert book.matches(message("snapshot", 7, None, ("99", "3"), ("98", "1")))
    assert book.matches(message("snapshot", 7, None, ("99", "3")), levels=1)
    assert not book.matches(message("snapshot", 7, None, ("99", "3")))
    assert not book.matches(message("snapshot", 7, None, ("99", "4"), ("98", "1")))


async def test_a_gap_puts_the_book_out_of_sync_until_the_next_snapshot() -> None:
    book = OrderBook(BTC)
    assert not book.apply(message("diff", 3, 2, ("100", "1")))
    assert book.apply(message("snapshot", 5, None, ("100", "1")))
    assert not book.apply(message("diff", 9, 8, ("100", "2")))
    assert not book.is_synced
    assert not book.apply(message("diff", 10, 5, ("100", "2")))
    assert book.bids() == [(Decimal(100), Decimal(1))]
    assert book.apply(message("snapshot", 12, None, ("100", "4")))
    assert book.is_synced
    assert book.bids() == [(Decimal(100), Decimal(4))]


async def _stir(venue: Venue, accounts: Sequence[int], orders: int) -> None:
    """Random orders, most of which rest near the price; each is a batch of its own."""
    dice = Random(20_260)
    for count in range(orders):
        account = dice.choice(accounts)
        if count % 50 == 49:
            await venue.do(CancelAllOrders(account, 1))
        side = dice.choice((Side.BUY, Side.SELL))
        price = 20_000_00 + dice.randrange(-150, 150) * 10
        order = PlaceOrder(
            account, 1, side, OrderType.LIMIT, quantity=dice.randrange(1, 20), price=price
        )
        await venue.do(order)


@pytest.mark.slow
async def test_the_book_equals_the_exchanges_at_each_of_ten_thousand_diffs(venue: Venue) -> None:
    server = ServerBooks()
    venue.world.observers.append(server)
    traders = [await venue.join() for _ in range(3)]
    for trader in traders:
        await trader.set_up(BTC, "CROSS", 100)
    async with serving(venue.app) as address:
        url = address.replace("ws://", "http://").removesuffix("/v1/ws")
        async with AsyncClient(url) as client, Stream(client) as stream:
            await stream.subscribe(f"depth:{BTC}")
            book, diffs = OrderBook(BTC), 0
            messages = aiter(stream)
            while diffs < DIFFS:
                await _stir(venue, [each.account_id for each in traders], 500)
                last = venue.world.state.seq
                while book.seq < last - 60:
                    told = await anext(messages)
                    if not isinstance(told, DepthMessage):
                        continue
                    assert book.apply(told), f"seq {told.seq} does not follow {book.seq}"
                    if told.type == "diff":
                        diffs += 1
                        assert (book.bids(), book.asks()) == server.by_seq[told.seq]
            depth = await client.depth(BTC, 1_000)
            while book.seq < last and not book.matches(depth):
                told = await anext(messages)
                if isinstance(told, DepthMessage):
                    assert book.apply(told)
            assert book.matches(depth)
