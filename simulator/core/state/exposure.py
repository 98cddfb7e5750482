"""What an account has and wants on one instrument: settings, positions and open orders.

Derived from the records; nothing here is in a snapshot. The order totals leave out orders that
only reduce, because those need no margin (MARG-4).
"""

from simulator.core.model.enums import BUY, LONG, PositionSide, Side
from simulator.core.state.records import InstrumentRecord, Order, Position, Settings


class OrderTotals:
    """The open orders of one side that may open: quantity, assumed notional, open loss."""

    __slots__ = ("notional", "open_loss", "quantity")

    def __init__(self) -> None:
        self.quantity = 0
        self.notional = 0
        self.open_loss = 0


class Exposure:
    """One account on one instrument, whose record it carries along."""

    __slots__ = (
        "buys",
        "locked",
        "long",
        "orders",
        "record",
        "reduce_only_orders",
        "sells",
        "settings",
        "short",
    )

    def __init__(self, record: InstrumentRecord, settings: Settings) -> None:
        self.record = record
        self.settings = settings
        self.long: Position | None = None
        self.short: Position | None = None
        self.buys = OrderTotals()
        self.sells = OrderTotals()
        self.orders: dict[int, Order] = {}
        self.reduce_only_orders = 0
        self.locked = 0

    def net_quantity(self) -> int:
        """The signed position (one-way mode: one of the two sides at most)."""
        quantity = 0
        if self.long is not None:
            quantity += self.long.quantity
        if self.short is not None:
            quantity += self.short.quantity
        return quantity

    def position(self, side: PositionSide) -> Position | None:
        return self.long if side is LONG else self.short

    def totals(self, side: Side) -> OrderTotals:
        return self.buys if side is BUY else self.sells

    def count_order(self, order: Order, quantity: int) -> None:
        """Counts `quantity` of an order in (or out, if negative), at its margin terms."""
        totals = self.buys if order.side is BUY else self.sells
        totals.quantity += quantity
        totals.notional += quantity * order.assumed_price * self.record.terms.notional_multiplier
        if order.open_loss:
            totals.open_loss += quantity * order.open_loss

    def is_idle(self) -> bool:
        """No position and no open order (WAL-3)."""
        return self.long is None and self.short is None and not self.orders
