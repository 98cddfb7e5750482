"""Events of orders, trades and positions."""

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import (
    CancelReason,
    ListType,
    MarginMode,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from simulator.core.model.events.base import Event
from simulator.core.model.rejects import RejectReason
from simulator.core.model.triggers import Trigger


class OrderAccepted(Event, frozen=True, tag=20):
    """`assumed_price` and `open_loss` (per quantity unit) are the order's margin terms (MARG-4)."""

    order_id: int
    account_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: int
    """The limit; of a market order the edge of the price band (ORD-3)."""
    quantity: int
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    margin_mode: MarginMode
    assumed_price: int
    open_loss: int
    client_order_id: str | None
    liquidation_id: int | None = None
    quote: bool = False
    position_side: PositionSide | None = None
    """In hedge mode the position that it opens or closes."""
    trigger: Trigger | None = None
    """Of an order that waits for it; its margin terms come with its firing."""
    close_position: bool = False
    expires_ns: int | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    list_id: int | None = None
    """The id of the first order of its list."""
    waits_for: int | None = None
    """The entry whose fills wake it."""
    auto_repay: bool = False
    auto_borrow: bool = False
    """Of a spot order, for when it fires or is amended (BOR-1)."""


class OrderRejected(Event, frozen=True, tag=21):
    account_id: int
    instrument_id: int
    reason: RejectReason
    needed: int | None
    available: int | None
    client_order_id: str | None


class OrderRepeated(Event, frozen=True, tag=22):
    """ORD-7: the same request again; its first result stands."""

    account_id: int
    client_order_id: str
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class ClientOrderRecorded(Event, frozen=True, tag=29):
    """ORD-7: what a request with a client order id came to, kept for its repetition."""

    account_id: int
    request: PlaceOrder
    order_id: int | None
    reason: RejectReason | None
    needed: int | None
    available: int | None


class OrderRested(Event, frozen=True, tag=23):
    order_id: int


class OrderCanceled(Event, frozen=True, tag=24):
    """What remained of an order is gone.

    An order that failed the check of its firing says what was needed, and what there was (ORD-9).
    """

    order_id: int
    account_id: int
    instrument_id: int
    quantity: int
    reason: CancelReason
    needed: int | None = None
    available: int | None = None


class OrderAmended(Event, frozen=True, tag=25):
    """New terms of an open order; without `keeps_priority` it leaves the book for a new place."""

    order_id: int
    account_id: int
    price: int
    quantity: int
    keeps_priority: bool
    assumed_price: int
    open_loss: int
    trigger_price: int | None = None
    """The new one of an order that waits; none: as it was."""


class TradeExecuted(Event, frozen=True, tag=26):
    """MAT-1: at the maker's price. A negative fee is a rebate."""

    trade_id: int
    instrument_id: int
    price: int
    quantity: int
    taker_side: Side
    taker_order_id: int
    maker_order_id: int
    taker_account_id: int
    maker_account_id: int
    taker_fee: int
    maker_fee: int
    taker_realized_pnl: int
    maker_realized_pnl: int


class QuotesReplaced(Event, frozen=True, tag=27):
    """A maker's old quotes left the book; these rest, numbered from `first_order_id` on."""

    account_id: int
    instrument_id: int
    first_order_id: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class PositionChanged(Event, frozen=True, tag=28):
    """UNIT-2: what is added to a position's signed quantity and signed entry notional.

    `realized_pnl` was settled by the transfer that follows.
    """

    account_id: int
    instrument_id: int
    position_side: PositionSide
    wallet_id: int
    quantity: int
    entry_notional: int
    realized_pnl: int
    trade_id: int | None = None
    liquidation_id: int | None = None


class OrderTriggered(Event, frozen=True, tag=60):
    """ORD-9: `trigger_price` was met; from now on the order is one of this limit and quantity."""

    order_id: int
    account_id: int
    trigger_price: int
    price: int
    """The limit; of a market order, or outside the band, the edge of the band (ORD-3)."""
    quantity: int
    assumed_price: int
    open_loss: int


class OrderWoken(Event, frozen=True, tag=61):
    """The entry of a bracket filled: an order that waited for it now watches its trigger."""

    order_id: int
    account_id: int


class OrderListAccepted(Event, frozen=True, tag=62):
    """The orders follow, each with an event of its own."""

    list_id: int
    account_id: int
    instrument_id: int
    list_type: ListType
    order_ids: tuple[int, ...]


class CountdownSet(Event, frozen=True, tag=63):
    """ORD-8: when the dead man's switch will cancel; none: it is disarmed."""

    account_id: int
    instrument_id: int | None
    due_ns: int | None


class CountdownElapsed(Event, frozen=True, tag=64):
    """Nobody armed the switch again: the cancels follow, and it is disarmed."""

    account_id: int
    instrument_id: int | None


class TriggersPaged(Event, frozen=True, tag=65):
    """TIME-2: these orders' triggers were met; they fire in this order with `ContinueSweep`."""

    order_ids: tuple[int, ...]
