"""What the websocket tells, as typed structs: `read_frame` turns a frame into messages.

Every message of a channel names it, its world, and the seq up to which it speaks. A private message
that was missed and made up for later is marked `replayed`. What this client does not know comes
as `OtherMessage`, so a newer server does not break an older bot.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from simulator.client.answers import (
    Answer,
    Fill,
    Order,
    Position,
    PositionSide,
    Settings,
    Wallet,
)
from simulator.client.errors import Problem, UnreadableAnswer
from simulator.client.public import (
    Candle,
    Clock,
    Mark,
    PriceLevel,
    PublicLiquidation,
    PublicTrade,
    Statistic,
)


class Message(Answer, frozen=True):
    """News of a channel. `type` is `snapshot` or the kind of change."""

    channel: str
    world: str
    type: str
    seq: int
    time: int
    replayed: bool = False


class DepthMessage(Message, frozen=True, kw_only=True):
    """A `snapshot` is the whole book; a `diff` has new quantities of levels, zero for none."""

    prev_seq: int | None = None
    bids: list[PriceLevel]
    asks: list[PriceLevel]


class MarksMessage(Message, frozen=True, kw_only=True):
    items: list[Mark]


class TradesMessage(Message, frozen=True, kw_only=True):
    items: list[PublicTrade]


class CandlesMessage(Message, frozen=True, kw_only=True):
    """Candles as they now are; the last one is not over yet."""

    items: list[Candle]


class StatisticsMessage(Message, frozen=True, kw_only=True):
    """The 24 hours from `since` to `time`: a `snapshot`, then instruments whose own changed."""

    since: int
    items: list[Statistic]


class LiquidationsMessage(Message, frozen=True, kw_only=True):
    """Public trades of forced orders."""

    items: list[PublicLiquidation]


class AccountSnapshot(Message, frozen=True, kw_only=True):
    """The account as it stood at `seq`."""

    orders: list[Order]
    positions: list[Position]
    wallets: list[Wallet]
    settings: list[Settings]


class OrdersMessage(Message, frozen=True, kw_only=True):
    items: list[Order]


class FillsMessage(Message, frozen=True, kw_only=True):
    items: list[Fill]


class ClosedPosition(Answer, frozen=True):
    """A position that is no more."""

    symbol: str
    side: PositionSide
    quantity: Decimal = Decimal(0)


class PositionsMessage(Message, frozen=True, kw_only=True):
    items: list[Position | ClosedPosition]


class WalletsMessage(Message, frozen=True, kw_only=True):
    items: list[Wallet]


class SettingsMessage(Message, frozen=True, kw_only=True):
    items: list[Settings]


class MarginCallNotice(Answer, frozen=True):
    """`event` is ISSUED, REPEATED or ENDED; the cure is None once it ended."""

    event: str
    margin_call_id: int
    wallet_id: int
    time: int
    seq: int
    equity: Decimal
    maintenance_margin: Decimal | None = None
    call_margin: Decimal | None = None
    symbol: str | None = None
    position_side: PositionSide | None = None
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None
    quantity_to_reduce: Decimal | None = None
    amount_to_add: Decimal | None = None
    amount_to_repay: Decimal | None = None
    ended_by: str | None = None


class MarginCallsMessage(Message, frozen=True, kw_only=True):
    items: list[MarginCallNotice]


class LiquidationNotice(Answer, frozen=True):
    """`event` is STARTED, STEP, TAKEOVER or ENDED, each with its own numbers."""

    event: str
    liquidation_id: int
    time: int
    seq: int
    wallet_id: int | None = None
    equity: Decimal | None = None
    maintenance_margin: Decimal | None = None
    call_margin: Decimal | None = None
    symbol: str | None = None
    position_side: PositionSide | None = None
    tier: int | None = None
    mark_price: Decimal | None = None
    takeover_price: Decimal | None = None
    quantity: Decimal | None = None
    notional: Decimal | None = None
    order_id: int | None = None
    outcome: str | None = None
    fee: Decimal | None = None
    deficit: Decimal | None = None
    shortfall: Decimal | None = None


class LiquidationNoticesMessage(Message, frozen=True, kw_only=True):
    """Forced closes of the own account, as they happen."""

    items: list[LiquidationNotice]


class Heartbeat(Answer, frozen=True):
    """Once a second: the world is alive at this seq and world time; `clock` is how that runs."""

    world: str
    seq: int
    time: int
    status: str
    server_time: int
    clock: Clock


class Resync(Answer, frozen=True):
    """This reader was too slow; fresh snapshots of all its channels follow."""

    channels: list[str]


class OtherMessage(Answer, frozen=True):
    """News that this client has no type for."""

    channel: str | None
    type: str
    data: dict[str, Any]


class Reply(Answer, frozen=True):
    """The answer to a request; `result` is not decoded yet."""

    id: int | None
    result: msgspec.Raw


class Refusal(Answer, frozen=True):
    """The problem that answers a request."""

    id: int | None
    error: Problem


News = Message | Heartbeat | Resync | OtherMessage
Told = News | Reply | Refusal

_PUBLIC: Final[dict[str, type[Message]]] = {
    "depth": DepthMessage,
    "marks": MarksMessage,
    "mark": MarksMessage,
    "trades": TradesMessage,
    "candles": CandlesMessage,
    "statistics": StatisticsMessage,
    "liquidations": LiquidationsMessage,
}
_PRIVATE: Final[dict[str, type[Message]]] = {
    "snapshot": AccountSnapshot,
    "orders": OrdersMessage,
    "fills": FillsMessage,
    "positions": PositionsMessage,
    "wallets": WalletsMessage,
    "settings": SettingsMessage,
    "margin_calls": MarginCallsMessage,
    "liquidations": LiquidationNoticesMessage,
}
_BARE: Final[dict[str, type[Told]]] = {
    "heartbeat": Heartbeat,
    "resync": Resync,
    "reply": Reply,
    "error": Refusal,
}


class _Head(msgspec.Struct):
    type: str
    channel: str | None = None


_frame = msgspec.json.Decoder(list[msgspec.Raw])
_head = msgspec.json.Decoder(_Head)


def read_frame(frame: str | bytes) -> list[Told]:
    """The messages of a frame.

    Raises:
        UnreadableAnswer: it is no frame of this exchange.
    """
    try:
        return [_read(part) for part in _frame.decode(frame)]
    except (ValueError, msgspec.MsgspecError) as error:
        raise UnreadableAnswer(f"a frame of the websocket cannot be read: {error}") from error


def _read(part: msgspec.Raw) -> Told:
    head = _head.decode(part)
    kind: type[Told] | None
    if head.channel is None:
        kind = _BARE.get(head.type)
    elif head.channel.startswith("account:"):
        kind = _PRIVATE.get(head.type)
    else:
        kind = _PUBLIC.get(head.channel.partition(":")[0])
    if kind is None:
        return OtherMessage(channel=head.channel, type=head.type, data=msgspec.json.decode(part))
    if kind is PositionsMessage:
        return _positions(part)
    return msgspec.json.decode(part, type=kind)


class _RawPositions(Message, frozen=True, kw_only=True):
    items: list[msgspec.Raw]


class _Quantity(msgspec.Struct):
    quantity: Decimal


def _positions(part: msgspec.Raw) -> PositionsMessage:
    """The two kinds of items carry no tag: a position that is no more has no quantity."""
    raw = msgspec.json.decode(part, type=_RawPositions)
    items: list[Position | ClosedPosition] = []
    for item in raw.items:
        if _quantity.decode(item).quantity:
            items.append(msgspec.json.decode(item, type=Position))
        else:
            items.append(msgspec.json.decode(item, type=ClosedPosition))
    return PositionsMessage(
        channel=raw.channel,
        world=raw.world,
        type=raw.type,
        seq=raw.seq,
        time=raw.time,
        replayed=raw.replayed,
        items=items,
    )


_quantity = msgspec.json.Decoder(_Quantity)
