"""What an account has and wants on one instrument: settings, positions and open orders.

Derived from the records; nothing here is in a snapshot. The order totals leave out orders that
only reduce, because those need no margin (MARG-4).
"""

from simulator.core.model.enums import (
    BUY,
    LONG,
    PENDING,
    SPOT_INSTRUMENT,
    UNTRIGGERED,
    PositionSide,
    Side,
)
from simulator.core.state.records import InstrumentRecord, Order, Position, Settings


class OrderTotals:
    """The open orders of one side that may open: quantity, assumed notional, open loss."""

    __slots__ = ("notional", "open_loss", "quantity")

    def __init__(self, quantity: int = 0, notional: int = 0, open_loss: int = 0) -> None:
        self.quantity = quantity
        self.notional = notional
        self.open_loss = open_loss

    def plus(self, other: "OrderTotals") -> "OrderTotals":
        """The sums of both; these totals stay as they are."""
        return OrderTotals(
            self.quantity + other.quantity,
            self.notional + other.notional,
            self.open_loss + other.open_loss,
        )


class Exposure:
    """One account on one instrument, whose record it carries along."""

    __slots__ = (
        "buys",
        "hedged",
        "is_spot",
        "locked",
        "long",
        "multiplier",
        "orders",
        "record",
        "reduce_only_orders",
        "sells",
        "settings",
        "short",
        "waiting_orders",
    )

    def __init__(self, record: InstrumentRecord, settings: Settings, hedged: bool = False) -> None:
        self.record = record
        self.multiplier = record.terms.notional_multiplier
        self.is_spot = record.terms.kind is SPOT_INSTRUMENT
        self.settings = settings
        self.hedged = hedged and not self.is_spot
        """Whether there may be a long and a short position side by side (hedge mode)."""
        self.long: Position | None = None
        self.short: Position | None = None
        self.buys = OrderTotals()
        self.sells = OrderTotals()
        self.orders: dict[int, Order] = {}
        self.reduce_only_orders = 0
        self.waiting_orders = 0
        """Of `orders`, those that wait for a trigger or an entry: they are in no totals."""
        self.locked = 0

    def net_quantity(self) -> int:
        """The signed position; in one-way mode one of the two sides is open at most."""
        if self.long is None:
            return 0 if self.short is None else self.short.quantity
        return self.long.quantity + (0 if self.short is None else self.short.quantity)

    def leg(self, position_side: PositionSide | None) -> Position | None:
        """The position that an order acts on: the one it names, or in one-way mode the only one."""
        if position_side is None:
            return self.long or self.short
        return self.long if position_side is LONG else self.short

    def leg_quantity(self, position_side: PositionSide | None) -> int:
        """The signed quantity of that position."""
        position = self.leg(position_side)
        return 0 if position is None else position.quantity

    def closable(self, side: Side) -> int:
        """How much of the opposite position orders of a side could close."""
        opposite = self.short if side is BUY else self.long
        return 0 if opposite is None else abs(opposite.quantity)

    def totals(self, side: Side) -> OrderTotals:
        return self.buys if side is BUY else self.sells

    def add(self, order: Order) -> None:
        """Files an open order and counts it in."""
        self.orders[order.order_id] = order
        if order.reduce_only:
            self.reduce_only_orders += 1
        status = order.status
        if status is UNTRIGGERED or status is PENDING:
            self.waiting_orders += 1
        elif not order.reduce_only:
            self.count_order(order, order.remaining)

    def remove(self, order: Order) -> None:
        """The reverse of `add`."""
        del self.orders[order.order_id]
        if order.reduce_only:
            self.reduce_only_orders -= 1
        status = order.status
        if status is UNTRIGGERED or status is PENDING:
            self.waiting_orders -= 1
        elif order.remaining and not order.reduce_only:
            self.count_order(order, -order.remaining)

    def trigger(self, order: Order) -> None:
        """Counts in an order of these that waits no longer."""
        self.waiting_orders -= 1
        if not order.reduce_only:
            self.count_order(order, order.remaining)

    def count_order(self, order: Order, quantity: int) -> None:
        """Counts `quantity` of an order in (or out, if negative), at its margin terms."""
        totals = self.buys if order.side is BUY else self.sells
        totals.quantity += quantity
        totals.notional += quantity * order.assumed_price * self.multiplier
        if order.open_loss:
            totals.open_loss += quantity * order.open_loss

    def is_idle(self) -> bool:
        """No position and no open order (WAL-3)."""
        return self.long is None and self.short is None and not self.orders
