"""What `simulator watch` knows at a moment: kept by news of the stream, drawn by `watch_frame`."""

from decimal import Decimal
from typing import Any

from simulator.client.answers import Order, Position, Wallet
from simulator.client.messages import (
    AccountSnapshot,
    Heartbeat,
    MarksMessage,
    News,
    OrdersMessage,
)
from simulator.client.order_book import OrderBook
from simulator.client.public import Mark, PriceLevel


class Picture:
    """See the module. `account_id` is None for somebody who only looks on."""

    def __init__(self, symbol: str, levels: int, account_id: int | None) -> None:
        self.symbol = symbol
        self.levels = levels
        self.account_id = account_id
        self.book: OrderBook | None = None
        self.marks: dict[str, Mark] = {}
        self.orders: dict[int, Order] | None = None
        self.positions: list[Position] = []
        self.wallets: list[Wallet] = []
        self.heartbeat: Heartbeat | None = None
        self.is_stale = False

    def take(self, news: News) -> None:
        if isinstance(news, Heartbeat):
            self.heartbeat = news
        elif isinstance(news, MarksMessage):
            self.marks.update((each.symbol, each) for each in news.items)
        elif isinstance(news, AccountSnapshot):
            self.orders = {each.order_id: each for each in news.orders}
            self.positions, self.wallets = news.positions, news.wallets
        elif isinstance(news, OrdersMessage) and self.orders is not None:
            for order in news.items:
                if order.status == "RESTING":
                    self.orders[order.order_id] = order
                else:
                    self.orders.pop(order.order_id, None)

    @property
    def is_complete(self) -> bool:
        """Whether everything that is followed has been told once."""
        has_book = self.book is not None and self.book.is_synced
        return (
            has_book and bool(self.marks) and (self.account_id is None or self.orders is not None)
        )

    def bids(self) -> list[PriceLevel]:
        return [] if self.book is None else list(self.book.bids(self.levels))

    def asks(self) -> list[PriceLevel]:
        return [] if self.book is None else list(self.book.asks(self.levels))

    def open_orders(self) -> list[Order]:
        """Newest first."""
        return sorted((self.orders or {}).values(), key=lambda each: -each.order_id)

    def nearest(self) -> tuple[Wallet, Decimal] | None:
        """The wallet that is nearest to its liquidation, with its margin ratio."""
        at_risk = [
            (each, each.margin_ratio) for each in self.wallets if each.margin_ratio is not None
        ]
        return max(at_risk, key=lambda pair: pair[1], default=None)

    def document(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "symbol": self.symbol,
            "account_id": self.account_id,
            "marks": list(self.marks.values()),
            "bids": self.bids(),
            "asks": self.asks(),
            "wallets": self.wallets,
            "positions": self.positions,
            "orders": self.open_orders(),
        }
