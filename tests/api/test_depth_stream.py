"""Depth over the websocket: a book built from snapshot and diffs is the exchange's own book."""

import random
from pathlib import Path

import pytest

from simulator.api.app import ApiSettings
from simulator.api.stream.world_stream import StreamSettings
from simulator.core import views
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, Json, Trader, Venue, open_venue

pytestmark = pytest.mark.anyio

CHANNEL = f"depth:{BTC}"


class Book:
    """What a careful client would build; it insists that diffs follow each other."""

    def __init__(self) -> None:
        self.seq: int | None = None
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}

    def take(self, message: Json) -> None:
        if message["type"] == "snapshot":
            self.sides = {"bids": dict(message["bids"]), "asks": dict(message["asks"])}
        else:
            assert message["prev_seq"] == self.seq, "a diff is missing, or told twice"
            for name, levels in self.sides.items():
                for price, quantity in message[name]:
                    if quantity == "0":
                        levels.pop(price, None)
                    else:
                        levels[price] = quantity
        self.seq = message["seq"]

    def levels(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        bids = sorted(self.sides["bids"].items(), key=lambda level: -float(level[0]))
        asks = sorted(self.sides["asks"].items(), key=lambda level: float(level[0]))
        return bids, asks


def built(socket: Socket) -> Book:
    book = Book()
    for message in socket.news(CHANNEL):
        book.take(message)
    return book


def truth(venue: Venue) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    numbers = venue.app.state.api.door("practice").numbers.by_symbol(BTC)
    bids, asks = views.depth(venue.world.state, numbers.instrument_id, 10_000)
    return (
        [(numbers.price(price), numbers.quantity(quantity)) for price, quantity in bids],
        [(numbers.price(price), numbers.quantity(quantity)) for price, quantity in asks],
    )


async def holds_the_truth(socket: Socket, venue: Venue) -> None:
    await socket.until(lambda: built(socket).levels() == truth(venue))


async def trade(trader: Trader, dice: random.Random) -> None:
    """A random order, amend or cancel."""
    own = await trader.items("/orders", limit=1000)
    if own and dice.random() < 0.35:
        order = dice.choice(own)
        if dice.random() < 0.5:
            await trader.call("DELETE", f"/orders/{order['order_id']}")
        else:
            price = str(dice.randint(19_980, 20_020))
            await trader.call("PATCH", f"/orders/{order['order_id']}", json={"price": price})
        return
    body = {
        "symbol": BTC,
        "side": dice.choice(["BUY", "SELL"]),
        "order_type": "LIMIT",
        "quantity": f"0.00{dice.randint(1, 9)}",
        "price": str(dice.randint(19_980, 20_020)),
    }
    await trader.call("POST", "/orders", json=body)


@pytest.mark.parametrize("interval_ms", [0, 5])
async def test_a_book_of_diffs_is_the_book(database: Path, interval_ms: int) -> None:
    """Sockets that come and go in the middle of random trading all hold the true book."""
    settings = ApiSettings(
        requests=None,
        orders=None,
        guests=None,
        stream=StreamSettings(public_interval_ms=interval_ms),
    )
    dice = random.Random(interval_ms)
    async with open_venue(database, settings) as venue, serving(venue.app) as url:
        traders = [await venue.join() for _ in range(3)]
        async with dial(url) as faithful:
            await faithful.ask("subscribe", channels=[CHANNEL])
            for _ in range(6):
                async with dial(url) as visitor:
                    for step in range(20):
                        await trade(dice.choice(traders), dice)
                        if step == 5:
                            await visitor.ask("subscribe", channels=[CHANNEL])
                    for socket in (faithful, visitor):
                        await holds_the_truth(socket, venue)
            rest = await venue.public(f"/depth/{BTC}", levels=1000)
            bids, asks = built(faithful).levels()
            assert [tuple(level) for level in rest["bids"]] == bids
            assert [tuple(level) for level in rest["asks"]] == asks
            assert len(faithful.news(CHANNEL, "diff")) > 20
