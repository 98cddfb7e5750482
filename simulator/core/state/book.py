"""The order book of one instrument: price, then time (MAT-1).

It knows orders and nothing of their owners' money. A side keeps its prices in one sorted list,
best last, and its orders in a dictionary per price, first come first. Invariant: no level is
empty, and a level's quantity is the sum of its orders' remaining quantities.
"""

from bisect import bisect_left
from collections.abc import Iterator

from simulator.core.model.enums import BUY, SELL, Side
from simulator.core.state.records import Order


class Level:
    """The orders at one price, in the order of their arrival."""

    __slots__ = ("orders", "price", "quantity")

    def __init__(self, price: int) -> None:
        self.price = price
        self.quantity = 0
        self.orders: dict[int, Order] = {}


class BookSide:
    """Bids or asks. `keys` are prices times the side's sign, so the best is always the last."""

    def __init__(self, side: Side) -> None:
        self.sign = int(side)
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def best_price(self) -> int | None:
        return self.keys[-1] * self.sign if self.keys else None

    def best_order(self) -> Order | None:
        """The order that trades first: the earliest at the best price."""
        if not self.keys:
            return None
        level = self.levels[self.keys[-1] * self.sign]
        return next(iter(level.orders.values()))

    def levels_from_best(self) -> Iterator[Level]:
        for key in reversed(self.keys):
            yield self.levels[key * self.sign]

    def levels_within(self, limit: int) -> Iterator[Level]:
        """The levels at `limit` or better for the taker, best first."""
        threshold = limit * self.sign
        for key in reversed(self.keys):
            if key < threshold:
                return
            yield self.levels[key * self.sign]

    def open_level(self, price: int) -> Level:
        level = Level(price)
        self.levels[price] = level
        key = price * self.sign
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
        else:
            self.keys.insert(bisect_left(self.keys, key), key)
        return level

    def close_level(self, price: int) -> None:
        del self.levels[price]
        key = price * self.sign
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]


class Book:
    """Both sides of an instrument's book."""

    def __init__(self) -> None:
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)

    def own_side(self, side: Side) -> BookSide:
        """Where an order of this side rests."""
        return self.bids if side is BUY else self.asks

    def opposite_side(self, side: Side) -> BookSide:
        """What an order of this side trades against."""
        return self.asks if side is BUY else self.bids

    def add(self, order: Order) -> None:
        """Rests an order behind all others at its price."""
        side = self.bids if order.side is BUY else self.asks
        level = side.levels.get(order.price)
        if level is None:
            level = side.open_level(order.price)
        level.orders[order.order_id] = order
        level.quantity += order.remaining

    def remove(self, order: Order) -> None:
        """Takes a resting order out."""
        side = self.bids if order.side is BUY else self.asks
        level = side.levels[order.price]
        del level.orders[order.order_id]
        level.quantity -= order.remaining
        if not level.orders:
            side.close_level(order.price)

    def reduce(self, order: Order, quantity: int) -> None:
        """Notes that a resting order lost `quantity` of its remaining quantity."""
        side = self.bids if order.side is BUY else self.asks
        side.levels[order.price].quantity -= quantity

    def would_take(self, side: Side, price: int) -> bool:
        """Whether an order at this price would trade at once."""
        if side is BUY:
            keys = self.asks.keys
            return bool(keys) and -keys[-1] <= price
        keys = self.bids.keys
        return bool(keys) and keys[-1] >= price

    def is_crossed(self) -> bool:
        bid, ask = self.bids.best_price(), self.asks.best_price()
        return bid is not None and ask is not None and bid >= ask
