"""Shapes of orders and their fills: what is asked, what became of it, what would become of it."""

from simulator.api.shapes.base import (
    ClientOrderId,
    DecimalText,
    MarginModeName,
    OrderTypeName,
    PositionSideName,
    RequestShape,
    Shape,
    SideName,
    Symbol,
    TimeInForceName,
)


class OrderRequest(RequestShape):
    """ORD-1. A LIMIT order has a price, a MARKET order has none."""

    symbol: Symbol
    side: SideName
    order_type: OrderTypeName
    quantity: DecimalText
    price: DecimalText | None = None
    time_in_force: TimeInForceName = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    keep_margin: bool = False
    client_order_id: ClientOrderId | None = None
    position_side: PositionSideName | None = None
    """In hedge mode the position that it opens or closes; in one-way mode left out (WAL-3)."""


class AmendRequest(RequestShape):
    """ORD-8. `quantity` is the new total, filled part included; null leaves as it is."""

    price: DecimalText | None = None
    quantity: DecimalText | None = None


class Order(Shape, frozen=True):
    """`price` is the limit; of a market order it is the edge of the price band (ORD-3)."""

    order_id: int
    client_order_id: str | None
    symbol: str
    side: SideName
    order_type: OrderTypeName
    time_in_force: TimeInForceName
    price: str
    quantity: str
    filled_quantity: str
    remaining_quantity: str
    average_price: str | None
    status: str
    """RESTING, FILLED or CANCELED."""
    cancel_reason: str | None
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    position_side: PositionSideName | None
    """In hedge mode the position that it opens or closes."""
    margin_mode: MarginModeName
    liquidation_id: int | None
    created: int
    updated: int


class Fill(Shape, frozen=True):
    """One account's half of a trade. A negative fee is a rebate."""

    trade_id: int
    order_id: int
    symbol: str
    side: SideName
    price: str
    quantity: str
    fee: str
    realized_pnl: str
    liquidity: str
    """MAKER or TAKER."""
    time: int
    seq: int


class OrderResult(Shape, frozen=True):
    """An order as the command left it, and what it traded at once.

    `repeated`: the client order id was used before with the same request (ORD-7); this is the
    order of that first request as it stands now, and `fills` is empty.
    """

    order: Order
    fills: list[Fill]
    seq: int
    time: int
    repeated: bool = False


class OrderAnswer(Shape, frozen=True):
    order: Order
    seq: int


class CanceledOrders(Shape, frozen=True):
    """How a cancel-all ended: the ids of the orders that it canceled."""

    order_ids: list[int]
    seq: int


class RefusalShape(Shape, frozen=True):
    """The first reason why an order would be refused (ORD-10)."""

    code: str
    detail: str
    needed: str | None
    available: str | None


class Preview(Shape, frozen=True):
    """What an order would do now, by the code that would do it. Nothing is done.

    `position_quantity` is signed and counts what would rest as if it filled at its price.
    """

    accepted: bool
    refusal: RefusalShape | None
    filled_quantity: str
    average_price: str | None
    worst_price: str | None
    fee: str
    resting_quantity: str
    rest_canceled: str | None
    needed: str | None
    """What it takes of the free collateral; null when it was refused for another reason."""
    available: str | None
    margin_locked: str
    position_quantity: str
    entry_price: str | None
    liquidation_price: str | None
    liquidation_status: str
    seq: int
    time: int
