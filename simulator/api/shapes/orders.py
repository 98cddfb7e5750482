"""Shapes of orders and their fills: what is asked, what became of it, what would become of it."""

from typing import Annotated

import msgspec

from simulator.api.shapes.base import (
    ClientOrderId,
    DecimalText,
    ListTypeName,
    MarginModeName,
    OrderTypeName,
    PositionSideName,
    Problem,
    RecordId,
    RequestShape,
    SelfTradePreventionName,
    Shape,
    SideName,
    Symbol,
    TimeInForceName,
    TimeMs,
    TriggerSourceName,
)


class OrderRequest(RequestShape):
    """ORD-1. LIMIT orders have a price, MARKET orders have none.

    STOP and TAKE_PROFIT orders have a `trigger_price`, a TRAILING_STOP_MARKET order has a
    `callback_rate` (0.01 is 1 %). `quantity` is left out with `close_position`, and by the orders
    of a list that wait for its entry.
    """

    symbol: Symbol
    side: SideName
    order_type: OrderTypeName
    quantity: DecimalText | None = None
    price: DecimalText | None = None
    time_in_force: TimeInForceName = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    keep_margin: bool = False
    client_order_id: ClientOrderId | None = None
    position_side: PositionSideName | None = None
    """In hedge mode the position that it opens or closes; in one-way mode left out (WAL-3)."""
    trigger_price: DecimalText | None = None
    trigger_source: TriggerSourceName = "MARK"
    callback_rate: DecimalText | None = None
    activation_price: DecimalText | None = None
    close_position: bool = False
    expires: TimeMs | None = None
    """Of a GTD order: the world time at which it ends."""
    self_trade_prevention: SelfTradePreventionName = "EXPIRE_MAKER"
    auto_borrow: bool = True
    """BOR-1: a spot order out of CROSS borrows what it lacks."""
    auto_repay: bool = True
    """What a spot order receives repays what is owed of it first."""


class OrderListRequest(RequestShape):
    """ORD-1. OCO: two orders. OTO, OTOCO: an entry, and the one or two that wait for its fills."""

    list_type: ListTypeName
    orders: Annotated[list[OrderRequest], msgspec.Meta(min_length=2, max_length=3)]


class BatchRequest(RequestShape):
    """Orders that reach the exchange together, each with a result of its own (ORD-8)."""

    orders: Annotated[list[OrderRequest], msgspec.Meta(min_length=1, max_length=20)]


class BatchCancelRequest(RequestShape):
    order_ids: Annotated[list[RecordId], msgspec.Meta(min_length=1, max_length=20)]


class CountdownRequest(RequestShape):
    """ORD-8: cancels all open orders after `countdown` milliseconds, unless it is sent again.

    A countdown of null disarms the switch. With a symbol it is for this instrument alone.
    """

    countdown: TimeMs | None
    symbol: Symbol | None = None


class AmendRequest(RequestShape):
    """ORD-8. `quantity` is the new total, filled part included; null leaves as it is."""

    price: DecimalText | None = None
    quantity: DecimalText | None = None
    trigger_price: DecimalText | None = None
    """Of an order that waits for its trigger."""


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
    """RESTING, FILLED, CANCELED; it waits for a trigger: UNTRIGGERED, for an entry: PENDING."""
    cancel_reason: str | None
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    position_side: PositionSideName | None
    """In hedge mode the position that it opens or closes."""
    margin_mode: MarginModeName
    liquidation_id: int | None
    trigger_source: TriggerSourceName | None
    trigger_price: str | None
    """Of a trailing stop that is open and active, where it would fire now."""
    callback_rate: str | None
    activation_price: str | None
    close_position: bool
    expires: int | None
    self_trade_prevention: SelfTradePreventionName
    list_id: int | None
    """The id of the first order of its list."""
    waits_for: int | None
    """The entry whose fills wake it, or woke it."""
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


class OrderListResult(Shape, frozen=True):
    """The orders of a list as the command left them, and what they traded at once.

    `repeated`: as of an order; these are the orders of the first request as they stand now.
    """

    list_id: int
    list_type: ListTypeName
    orders: list[Order]
    fills: list[Fill]
    seq: int
    time: int
    repeated: bool = False


class BatchItem(Shape, frozen=True):
    """One order of a batch: its result, or why there is none."""

    result: OrderResult | None = None
    error: Problem | None = None


class BatchResult(Shape, frozen=True):
    """In the order of the request."""

    items: list[BatchItem]


class Countdown(Shape, frozen=True):
    """When the dead man's switch will cancel, in world time; null: it is not armed."""

    symbol: str | None
    due: int | None
    seq: int


class Countdowns(Shape, frozen=True):
    """All switches of the account that are armed."""

    items: list[Countdown]


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
    paid_asset: str | None
    """Of a spot order: what it pays with. `margin_locked` and `borrowed` are in it."""
    borrowed: str
    """BOR-1: what would be borrowed for it."""
    margin_moved: str
    """WAL-4: what CROSS would give to the isolated wallet of a pair."""
    call_distance: str | None
    """Of a spot order that leaves a debt: how far the index may move against it, as a rate, until
    the wallet is called (BOR-5); null for other orders, and where nothing would fill."""
    seq: int
    time: int
