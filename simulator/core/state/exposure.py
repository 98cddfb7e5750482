"""What an account has and wants on one instrument: settings, positions and open orders.

Derived from the records; nothing here is in a snapshot. The order totals leave out orders that
only reduce, because those need no margin (MARG-4).
"""

from simulator.core.model.enums import PositionSide, Side
from simulator.core.state.records import Order, Position, Settings


class OrderTotals:
    """The open orders of one side that may open: quantity, assumed notional, open loss."""

    def __init__(self) -> None:
        self.quantity = 0
        self.notional = 0
        self.open_loss = 0

    def add(self, order: Order, quantity: int, multiplier: int) -> None:
        """Counts `quantity` of an order in (or out, if negative), at its margin terms."""
        self.quantity += quantity
        self.notional += quantity * order.assumed_price * multiplier
        self.open_loss += quantity * order.open_loss


class Exposure:
    """One account on one instrument."""

    def __init__(self, settings: Settings) -> None:
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
        return self.long if side == PositionSide.LONG else self.short

    def totals(self, side: Side) -> OrderTotals:
        return self.buys if side == Side.BUY else self.sells

    def is_idle(self) -> bool:
        """No position and no open order (WAL-3)."""
        return self.long is None and self.short is None and not self.orders
