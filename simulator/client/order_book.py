"""A local copy of a book, kept from a snapshot and the diffs that follow it.

Every diff names the seq that it follows. If that is not the seq of the book, something is missing:
the book says so and must not be used until its next snapshot. Nothing is ever guessed.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from decimal import Decimal

from simulator.client.messages import DepthMessage
from simulator.client.public import Depth, PriceLevel


class _Half:
    """One side of the book; `prices` ascends."""

    def __init__(self) -> None:
        self.prices: list[Decimal] = []
        self.quantities: dict[Decimal, Decimal] = {}

    def set(self, price: Decimal, quantity: Decimal) -> None:
        if quantity:
            if price not in self.quantities:
                insort(self.prices, price)
            self.quantities[price] = quantity
        elif self.quantities.pop(price, None) is not None:
            del self.prices[bisect_left(self.prices, price)]

    def level(self, price: Decimal) -> PriceLevel:
        return price, self.quantities[price]


class OrderBook:
    """The book of one instrument. It `is_synced` from its first snapshot until a gap."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.seq = 0
        self.time = 0
        self.is_synced = False
        self._bids = _Half()
        self._asks = _Half()

    def apply(self, message: DepthMessage) -> bool:
        """Takes in a message of the channel `depth:SYMBOL`.

        Returns False if a message before it is missing; the book is out of sync then, and takes
        nothing but a snapshot.
        """
        if message.type == "snapshot":
            self._bids, self._asks = _Half(), _Half()
            self.is_synced = True
        elif not self.is_synced or message.prev_seq != self.seq:
            self.is_synced = False
            return False
        for half, levels in ((self._bids, message.bids), (self._asks, message.asks)):
            for price, quantity in levels:
                half.set(price, quantity)
        self.seq, self.time = message.seq, message.time
        return True

    def lose(self) -> None:
        """The connection broke: the book is as good as its age until the next snapshot."""
        self.is_synced = False

    @property
    def best_bid(self) -> PriceLevel | None:
        """Price and quantity; None if nobody buys."""
        return self._bids.level(self._bids.prices[-1]) if self._bids.prices else None

    @property
    def best_ask(self) -> PriceLevel | None:
        return self._asks.level(self._asks.prices[0]) if self._asks.prices else None

    def bids(self, levels: int | None = None) -> list[PriceLevel]:
        """Best first."""
        prices = self._bids.prices[::-1]
        return [self._bids.level(price) for price in prices[:levels]]

    def asks(self, levels: int | None = None) -> list[PriceLevel]:
        """Best first."""
        return [self._asks.level(price) for price in self._asks.prices[:levels]]

    def matches(self, snapshot: Depth | DepthMessage, levels: int | None = None) -> bool:
        """Whether the book has exactly the levels of a snapshot.

        `levels` is how many a side the snapshot was asked for; None if it is the whole book. The
        proof means something when both speak of the same moment: compare the seqs, or repeat it.
        """
        return self.bids(levels) == _tuples(snapshot.bids) and self.asks(levels) == _tuples(
            snapshot.asks
        )


def _tuples(levels: Sequence[PriceLevel]) -> list[PriceLevel]:
    return [(price, quantity) for price, quantity in levels]
