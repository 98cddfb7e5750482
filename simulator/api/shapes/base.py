"""The common ground of all shapes: how requests are read, and names for kinds of text."""

from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec

MAX_DECIMAL_TEXT = 40

PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$(?!\n)"
"""Text of one line: databases and terminals take no control characters."""

DecimalText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_DECIMAL_TEXT,
        extra_json_schema={"pattern": "^[0-9]+([.][0-9]+)?$", "examples": ["0.125"]},
    ),
]
"""A decimal in a request: digits, perhaps a point and digits; no sign, no exponent."""

Symbol = Annotated[
    str, msgspec.Meta(max_length=64, extra_json_schema={"examples": ["BTCUSDT-PERP"]})
]
ClientOrderId = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:/-]{1,64}$(?!\n)", examples=["grid-17"])
]
TimeMs = Annotated[int, msgspec.Meta(ge=0, lt=1 << 43)]
"""Milliseconds since 1970, or for so long."""
RecordId = Annotated[int, msgspec.Meta(ge=1, lt=1 << 53)]

SideName = Literal["BUY", "SELL"]
OrderTypeName = Literal[
    "LIMIT",
    "MARKET",
    "STOP_MARKET",
    "STOP_LIMIT",
    "TAKE_PROFIT_MARKET",
    "TAKE_PROFIT_LIMIT",
    "TRAILING_STOP_MARKET",
]
TimeInForceName = Literal["GTC", "IOC", "FOK", "GTD"]
TriggerSourceName = Literal["MARK", "LAST", "INDEX"]
SelfTradePreventionName = Literal["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
ListTypeName = Literal["OCO", "OTO", "OTOCO"]
MarginModeName = Literal["CROSS", "ISOLATED", "SPOT"]
PositionSideName = Literal["LONG", "SHORT"]
PositionModeName = Literal["ONE_WAY", "HEDGE"]
WalletKindName = Literal["SPOT", "CROSS", "ISOLATED"]
CandleSource = Literal["LAST", "MARK", "INDEX"]
MarketStateName = Literal["OPEN", "HALTED", "AUCTION", "CLOSED"]

Item = TypeVar("Item")


class RequestShape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body that a client sends. A field that we do not know is refused, not ignored."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Something that we answer."""


class Page(Shape, Generic[Item], frozen=True):
    """Part of a list. `next` is the cursor for `?after=` of what follows, null at the end."""

    items: list[Item]
    next: str | None
    seq: int
    """The list knows everything up to this seq of the world's journal."""


class Problem(Shape, frozen=True):
    """Why a request was not done (RFC 9457, and ORD-10's numbers)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    needed: str | None = None
    """What it would have taken, in the unit of what was refused."""
    available: str | None = None
    """What there is."""
    request_id: str | None = None
    seq: int | None = None
    """The journal entry of the refusal; null if the request never reached the exchange."""
