"""ORD-10: every refusal has one reason, and the numbers behind it.

The order of this list is the order of precedence: a command that is wrong in several ways is
refused for the first of them. A reason's number is in journals and is never reused.
"""

from enum import IntEnum
from typing import Final

import msgspec


class RejectReason(IntEnum):
    # the exchange is busy
    SWEEP_IN_PROGRESS = 20
    # who and what
    DUPLICATE_CLIENT_ORDER_ID = 6
    UNKNOWN_ACCOUNT = 1
    UNKNOWN_INSTRUMENT = 2
    UNKNOWN_WALLET = 4
    UNKNOWN_ASSET = 3
    UNKNOWN_ORDER = 5
    ALREADY_EXISTS = 7
    INVALID_TERMS = 8
    # the market
    NO_MARK_PRICE = 22
    MARKET_CLOSED = 110
    MARKET_HALTED = 21
    AUCTION_IN_PROGRESS = 111
    LIQUIDATION_IN_PROGRESS = 23
    # the order's form
    INVALID_AMOUNT = 30
    POSITION_SIDE_MISMATCH = 57
    INVALID_COMBINATION = 38
    EXPIRY_IN_THE_PAST = 112
    CALLBACK_RATE_OUT_OF_RANGE = 113
    PRICE_NOT_ON_TICK = 31
    PRICE_OUTSIDE_BAND = 36
    QUANTITY_NOT_ON_LOT = 32
    QUANTITY_TOO_SMALL = 33
    QUANTITY_TOO_LARGE = 34
    QUANTITY_ALREADY_FILLED = 39
    NOTIONAL_TOO_SMALL = 35
    TOO_MANY_OPEN_ORDERS = 37
    TOO_MANY_TRIGGER_ORDERS = 114
    COUNTDOWN_OUT_OF_RANGE = 115
    # what it would do
    TRIGGER_ALREADY_MET = 116
    REDUCE_ONLY_WITHOUT_POSITION = 50
    POST_ONLY_WOULD_TAKE = 51
    FILL_OR_KILL_NOT_FILLABLE = 52
    LEVERAGE_NOT_ALLOWED = 53
    POSITION_LIMIT = 54
    OPEN_POSITION_OR_ORDER = 55
    # what it needs
    NOTHING_OWED = 132
    DEPOSIT_LIMIT = 73
    LENDING_POOL_EXHAUSTED = 130
    BORROW_CAP = 131
    INSUFFICIENT_BALANCE = 70
    INSUFFICIENT_MARGIN = 71
    WOULD_CAUSE_MARGIN_CALL = 72


REJECT_TEXTS: Final = {
    RejectReason.UNKNOWN_ACCOUNT: "there is no such account in this world",
    RejectReason.UNKNOWN_INSTRUMENT: "there is no such instrument in this world",
    RejectReason.UNKNOWN_ASSET: "there is no such asset in this world",
    RejectReason.UNKNOWN_WALLET: "the account has no such wallet",
    RejectReason.UNKNOWN_ORDER: "the account has no open order with this id",
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: (
        "this client_order_id was used for a different request within the last 24 hours"
    ),
    RejectReason.ALREADY_EXISTS: "it exists already",
    RejectReason.INVALID_TERMS: "the terms contradict each other",
    RejectReason.SWEEP_IN_PROGRESS: "units are still being assessed at the current marks",
    RejectReason.MARKET_CLOSED: "the instrument is closed for good",
    RejectReason.AUCTION_IN_PROGRESS: "in an auction only orders that can rest are taken",
    RejectReason.EXPIRY_IN_THE_PAST: "the order would have expired already",
    RejectReason.CALLBACK_RATE_OUT_OF_RANGE: "the callback rate must be from 0.1 % to 10 %",
    RejectReason.TOO_MANY_TRIGGER_ORDERS: "the account has too many waiting orders here",
    RejectReason.COUNTDOWN_OUT_OF_RANGE: "the countdown must be from 1 second to 24 hours",
    RejectReason.TRIGGER_ALREADY_MET: "the trigger price has been reached already",
    RejectReason.MARKET_HALTED: "the instrument is halted: orders can only be canceled",
    RejectReason.NO_MARK_PRICE: "the instrument has no mark price yet",
    RejectReason.LIQUIDATION_IN_PROGRESS: (
        "this wallet is being liquidated: new orders wait until it ends"
    ),
    RejectReason.INVALID_AMOUNT: "the amount must be positive and below 2^62 units",
    RejectReason.PRICE_NOT_ON_TICK: "the price must be a positive multiple of the tick size",
    RejectReason.QUANTITY_NOT_ON_LOT: "the quantity must be a positive multiple of the lot size",
    RejectReason.QUANTITY_TOO_SMALL: "the quantity is under the minimum",
    RejectReason.QUANTITY_TOO_LARGE: "the quantity is over the maximum",
    RejectReason.NOTIONAL_TOO_SMALL: "price times quantity is under the minimum notional",
    RejectReason.PRICE_OUTSIDE_BAND: "the price is outside the band around the mark price",
    RejectReason.TOO_MANY_OPEN_ORDERS: "the account has too many open orders here",
    RejectReason.INVALID_COMBINATION: "these order options exclude each other",
    RejectReason.QUANTITY_ALREADY_FILLED: "the new quantity is not above what is already filled",
    RejectReason.REDUCE_ONLY_WITHOUT_POSITION: "there is no opposite position to reduce",
    RejectReason.POST_ONLY_WOULD_TAKE: "a post-only order would trade at once",
    RejectReason.FILL_OR_KILL_NOT_FILLABLE: "the book cannot fill the whole quantity at the limit",
    RejectReason.LEVERAGE_NOT_ALLOWED: "the leverage is above what the position's risk tier allows",
    RejectReason.POSITION_LIMIT: (
        "position and opening orders would exceed what the chosen leverage allows"
    ),
    RejectReason.OPEN_POSITION_OR_ORDER: (
        "this cannot change while there is an open position or order on the instrument"
    ),
    RejectReason.POSITION_SIDE_MISMATCH: (
        "in hedge mode an order names its position_side, in one-way mode it names none"
    ),
    RejectReason.NOTHING_OWED: "the wallet owes nothing of this asset",
    RejectReason.LENDING_POOL_EXHAUSTED: "the lending pool does not have this much of the asset",
    RejectReason.BORROW_CAP: "the account would owe more of the asset than one account may",
    RejectReason.DEPOSIT_LIMIT: "deposits of one run of the account would exceed their limit",
    RejectReason.INSUFFICIENT_BALANCE: "the wallet cannot give this much",
    RejectReason.INSUFFICIENT_MARGIN: "the margin is not enough",
    RejectReason.WOULD_CAUSE_MARGIN_CALL: (
        "the fills would leave the isolated position at or under its call line"
    ),
}


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """A refusal as a value: the reason, what would have been needed, and what there is.

    Units of `needed` and `available` follow from the reason: amounts of the valuation asset for
    margin and balance, price units for prices, quantity units for quantities, counts otherwise.
    """

    reason: RejectReason
    needed: int | None = None
    available: int | None = None
