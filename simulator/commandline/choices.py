"""What an argument may be, as enums: the command line takes any case of them and completes."""

from enum import Enum
from typing import Literal

from cyclopts import Parameter


def flag(text: str) -> Parameter:
    """An option that is said or not; there is no need to say no."""
    return Parameter(help=text, negative=(), show_default=False)


class Side(Enum):
    _value_: Literal["BUY", "SELL"]
    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(Enum):
    _value_: Literal["GTC", "IOC", "FOK", "GTD"]
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class TriggerSource(Enum):
    _value_: Literal["MARK", "LAST", "INDEX"]
    MARK = "MARK"
    LAST = "LAST"
    INDEX = "INDEX"


class SelfTradePrevention(Enum):
    _value_: Literal["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class Wallets(Enum):
    _value_: Literal["SPOT", "CROSS", "ISOLATED"]
    SPOT = "SPOT"
    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class LendingWallet(Enum):
    _value_: Literal["CROSS", "ISOLATED"]
    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class MarginMode(Enum):
    _value_: Literal["CROSS", "ISOLATED", "SPOT"]
    CROSS = "CROSS"
    ISOLATED = "ISOLATED"
    SPOT = "SPOT"


class PositionSide(Enum):
    _value_: Literal["LONG", "SHORT"]
    LONG = "LONG"
    SHORT = "SHORT"


class PositionMode(Enum):
    _value_: Literal["ONE_WAY", "HEDGE"]
    ONE_WAY = "ONE_WAY"
    HEDGE = "HEDGE"


class Scope(Enum):
    READ = "READ"
    TRADE = "TRADE"
    TRANSFER = "TRANSFER"
