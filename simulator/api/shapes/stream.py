"""Shapes of what the websocket pushes. A frame is an array of such messages and of replies.

Every message names its channel, its world and the seq of the journal up to which it speaks.
"""

from simulator.api.shapes.accounts import ClosedPosition, Position, Settings, Wallet
from simulator.api.shapes.base import PositionSideName, Shape
from simulator.api.shapes.market import (
    Candle,
    Clock,
    InstrumentStatistics,
    Mark,
    PriceLevel,
    PublicLiquidation,
    PublicTrade,
)
from simulator.api.shapes.orders import Fill, Order


class Message(Shape, frozen=True):
    channel: str
    world: str
    type: str
    """`snapshot`, or the kind of change."""
    seq: int
    time: int


class DepthMessage(Message, frozen=True):
    """`snapshot`: the whole book, best first. `diff`: new quantities of levels, zero for none.

    A diff follows the message whose seq is its `prev_seq`; if that one is missing, subscribe anew.
    """

    prev_seq: int | None
    bids: list[PriceLevel]
    asks: list[PriceLevel]


class MarksMessage(Message, frozen=True):
    """`snapshot`: all instruments of the channel. `marks`: those that changed."""

    items: list[Mark]


class TradesMessage(Message, frozen=True):
    items: list[PublicTrade]


class LiquidationsMessage(Message, frozen=True):
    items: list[PublicLiquidation]


class CandlesMessage(Message, frozen=True):
    """`snapshot`: the newest candle, if there is one. `candles`: those that changed, in order.

    Each is the whole candle as it now is; the last one is not over yet.
    """

    items: list[Candle]


class StatisticsMessage(Message, frozen=True):
    """`snapshot`: all instruments of the channel. `statistics`: those whose 24 hours changed.

    From `since` to `time`, which is of world time: 1,440 whole minutes, the current one included.
    """

    since: int
    items: list[InstrumentStatistics]


class PrivateMessage(Message, frozen=True, omit_defaults=True):
    """News of an account. `replayed` is there only where it was told before, or was missed."""

    replayed: bool = False


class AccountSnapshot(Message, frozen=True):
    """The account as it stood at `seq`; what follows is what changed after."""

    orders: list[Order]
    positions: list[Position]
    wallets: list[Wallet]
    settings: list[Settings]


class OrdersMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[Order]


class FillsMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[Fill]


class PositionsMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[Position | ClosedPosition]


class WalletsMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[Wallet]


class SettingsMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[Settings]


class MarginCallNotice(Shape, frozen=True):
    """CALL-1 as it happens: `event` is ISSUED, REPEATED or ENDED.

    The cure is null once it ended; `ended_by` is CURED, LIQUIDATED or CLOSED.
    """

    event: str
    margin_call_id: int
    wallet_id: int
    time: int
    seq: int
    equity: str
    maintenance_margin: str | None = None
    call_margin: str | None = None
    symbol: str | None = None
    position_side: PositionSideName | None = None
    mark_price: str | None = None
    liquidation_price: str | None = None
    quantity_to_reduce: str | None = None
    amount_to_add: str | None = None
    amount_to_repay: str | None = None
    ended_by: str | None = None


class MarginCallsMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[MarginCallNotice]


class LiquidationNotice(Shape, frozen=True):
    """LIQ-9 as it happens: `event` is STARTED, STEP, TAKEOVER or ENDED, each with its own numbers.

    STARTED: equity and the lines. STEP: what is offered, down to which price. TAKEOVER: what the
    insurance fund took, for which notional. ENDED: outcome, fee, deficit and shortfall.
    """

    event: str
    liquidation_id: int
    time: int
    seq: int
    wallet_id: int | None = None
    equity: str | None = None
    maintenance_margin: str | None = None
    call_margin: str | None = None
    symbol: str | None = None
    position_side: PositionSideName | None = None
    tier: int | None = None
    mark_price: str | None = None
    takeover_price: str | None = None
    quantity: str | None = None
    notional: str | None = None
    order_id: int | None = None
    outcome: str | None = None
    fee: str | None = None
    deficit: str | None = None
    shortfall: str | None = None


class LiquidationNoticesMessage(PrivateMessage, frozen=True, kw_only=True):
    items: list[LiquidationNotice]


class Heartbeat(Shape, frozen=True):
    """Once a second: the world is alive at this seq and time."""

    type: str
    world: str
    seq: int
    time: int
    status: str
    server_time: int
    clock: Clock
    """How the world's time runs: a paused or a fast world is seen to be one."""
