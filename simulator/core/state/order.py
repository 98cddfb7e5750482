"""An open order, as rules read it and `state.apply` changes it."""

import msgspec

from simulator.core.model.enums import (
    CancelReason,
    MarginMode,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from simulator.core.state.records import OrderRow


class Order:
    """A plain class and no struct: compiled rules read its fields without a detour."""

    __slots__ = OrderRow.__struct_fields__

    def __init__(
        self,
        order_id: int,
        account_id: int,
        instrument_id: int,
        side: Side,
        order_type: OrderType,
        time_in_force: TimeInForce,
        price: int,
        quantity: int,
        remaining: int,
        post_only: bool,
        reduce_only: bool,
        keep_margin: bool,
        margin_mode: MarginMode,
        assumed_price: int,
        open_loss: int,
        client_order_id: str | None,
        liquidation_id: int | None,
        quote: bool,
        created_ns: int,
        updated_ns: int,
        status: OrderStatus = OrderStatus.ACCEPTED,
        cancel_reason: CancelReason | None = None,
        priority: int = 0,
        locked: int = 0,
        filled_notional: int = 0,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.price = price
        self.quantity = quantity
        self.remaining = remaining
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.keep_margin = keep_margin
        self.margin_mode = margin_mode
        self.assumed_price = assumed_price
        self.open_loss = open_loss
        self.client_order_id = client_order_id
        self.liquidation_id = liquidation_id
        self.quote = quote
        self.created_ns = created_ns
        self.updated_ns = updated_ns
        self.status = status
        self.cancel_reason = cancel_reason
        self.priority = priority
        """Its place in the queue of its price: lower is earlier."""
        self.locked = locked
        """What it keeps locked in CROSS (isolated)."""
        self.filled_notional = filled_notional

    def row(self) -> OrderRow:
        """The order as it stands in a snapshot."""
        return OrderRow(*[getattr(self, name) for name in OrderRow.__struct_fields__])


def order_of(row: OrderRow) -> Order:
    """The reverse of `row`."""
    return Order(*msgspec.structs.astuple(row))
