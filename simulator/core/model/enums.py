"""The closed lists of the vocabulary. Their numbers are in journals and are never reused."""

from enum import IntEnum
from typing import Final


class Side(IntEnum):
    """The side of an order; its value is the sign of what a fill adds to a position."""

    BUY = 1
    SELL = -1


class PositionSide(IntEnum):
    """The side of a position; its value is s in every margin formula."""

    LONG = 1
    SHORT = -1


class InstrumentKind(IntEnum):
    PERPETUAL = 1
    SPOT = 2


class OrderType(IntEnum):
    """The last five wait for their trigger, and then are worked as a market or a limit order."""

    LIMIT = 1
    MARKET = 2
    STOP_MARKET = 3
    STOP_LIMIT = 4
    TAKE_PROFIT_MARKET = 5
    TAKE_PROFIT_LIMIT = 6
    TRAILING_STOP_MARKET = 7


class TimeInForce(IntEnum):
    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4


class TriggerSource(IntEnum):
    """The price that a trigger watches."""

    MARK = 1
    LAST = 2
    INDEX = 3


class SelfTradePrevention(IntEnum):
    """What ends when an order meets one of its own account (ORD-6); the taker's mode decides."""

    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3


class ListType(IntEnum):
    """One cancels the other; one triggers the other; one triggers two, which cancel each other."""

    OCO = 1
    OTO = 2
    OTOCO = 3


class MarginMode(IntEnum):
    """SPOT is for spot instruments alone: paid in full out of the SPOT wallet, nothing borrowed."""

    CROSS = 1
    ISOLATED = 2
    SPOT = 3


class PositionMode(IntEnum):
    """Whether one instrument has one position, or a long and a short one side by side (WAL-3)."""

    ONE_WAY = 1
    HEDGE = 2


class WalletKind(IntEnum):
    """SPOT never borrows and is never liquidated; CROSS and ISOLATED wallets are units."""

    SPOT = 1
    CROSS = 2
    ISOLATED = 3
    INSURANCE_FUND = 4


class MarketState(IntEnum):
    OPEN = 1
    HALTED = 2
    AUCTION = 3
    CLOSED = 4


class HaltReason(IntEnum):
    NONE = 0
    STALE_INDEX = 1
    OPERATOR = 2
    AWAITING_INDEX = 3


class MarkMethod(IntEnum):
    """MARK-1, MARK-2: the index itself, or the median of what index, book and trades say."""

    INDEX = 1
    MEDIAN = 2


class LiquidationPolicy(IntEnum):
    """LIQ-10: how much a step of a liquidation takes, and whether the book is asked."""

    LADDER = 1
    FULL_CLOSE = 2
    PERCENT_STEPS = 3
    TAKEOVER_ONLY = 4


class OrderStatus(IntEnum):
    ACCEPTED = 1
    RESTING = 2
    FILLED = 3
    CANCELED = 4
    UNTRIGGERED = 5
    PENDING = 6


class CancelReason(IntEnum):
    """Why an order, or the rest of it, ended without a fill."""

    REQUESTED = 1
    IMMEDIATE_OR_CANCEL = 2
    PRICE_BAND = 3
    SELF_TRADE = 4
    REDUCE_ONLY = 5
    LIQUIDATION = 6
    WOULD_CAUSE_MARGIN_CALL = 7
    INSUFFICIENT_MARGIN = 8
    REPLACED_QUOTE = 9
    TAKEN_OVER = 10
    FILL_OR_KILL = 30
    POSITION_LIMIT = 31
    TOO_MANY_OPEN_ORDERS = 32
    EXPIRED = 33
    ORDER_LIST = 34
    COUNTDOWN = 35
    DISCONNECTED = 36
    MARKET_CLOSED = 37
    AUTO_DELEVERAGED = 20
    INSUFFICIENT_BALANCE = 50
    LENDING_POOL_EXHAUSTED = 51
    BORROW_CAP = 52


class TransferKind(IntEnum):
    """LED-2: what a transfer is for."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    TRANSFER = 3
    TRADE = 4
    REALIZED_PNL = 5
    FEE = 6
    REBATE = 7
    FUNDING = 8
    BORROW = 9
    REPAY = 10
    INTEREST = 11
    LIQUIDATION_FEE = 12
    TAKEOVER = 13
    INSURANCE = 14
    ADL = 15
    SETTLEMENT = 16
    SHORTFALL = 17
    ADJUSTMENT = 18
    REWARD = 19


class CallEnd(IntEnum):
    """How a margin call stopped standing."""

    CURED = 1
    LIQUIDATED = 2
    CLOSED = 3


class LiquidationOutcome(IntEnum):
    """LIQ-9: the unit is back above its call line, or nothing is left in it."""

    RECOVERED = 1
    CLOSED = 2


# Members that the rules meet at every order and fill, under names of their own, to be compared with
# `is`. On CPython 3.11 `Side.BUY` asks the enum's metaclass (100 ns); a plain name costs 5 ns.

BUY: Final = Side.BUY
SELL: Final = Side.SELL
LONG: Final = PositionSide.LONG
SHORT: Final = PositionSide.SHORT
MARKET_ORDER: Final = OrderType.MARKET
LIMIT_ORDER: Final = OrderType.LIMIT
GTC: Final = TimeInForce.GTC
IOC: Final = TimeInForce.IOC
FOK: Final = TimeInForce.FOK
GTD: Final = TimeInForce.GTD
MARK_SOURCE: Final = TriggerSource.MARK
LAST_SOURCE: Final = TriggerSource.LAST
INDEX_SOURCE: Final = TriggerSource.INDEX
EXPIRE_TAKER: Final = SelfTradePrevention.EXPIRE_TAKER
EXPIRE_MAKER: Final = SelfTradePrevention.EXPIRE_MAKER
CROSS_MARGIN: Final = MarginMode.CROSS
ISOLATED_MARGIN: Final = MarginMode.ISOLATED
SPOT_MARGIN: Final = MarginMode.SPOT
SPOT_INSTRUMENT: Final = InstrumentKind.SPOT
SPOT_WALLET: Final = WalletKind.SPOT
CROSS_WALLET: Final = WalletKind.CROSS
ISOLATED_WALLET: Final = WalletKind.ISOLATED
ONE_WAY: Final = PositionMode.ONE_WAY
HEDGE: Final = PositionMode.HEDGE
OPEN: Final = MarketState.OPEN
MEDIAN: Final = MarkMethod.MEDIAN
HALTED: Final = MarketState.HALTED
AUCTION: Final = MarketState.AUCTION
CLOSED: Final = MarketState.CLOSED
ACCEPTED: Final = OrderStatus.ACCEPTED
RESTING: Final = OrderStatus.RESTING
FILLED: Final = OrderStatus.FILLED
CANCELED: Final = OrderStatus.CANCELED
UNTRIGGERED: Final = OrderStatus.UNTRIGGERED
PENDING: Final = OrderStatus.PENDING
