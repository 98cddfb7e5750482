"""ORD-1: what wakes a trigger order, and when a price does.

A trigger has a direction: a stop that buys fires as the price rises to it, one that sells as it
falls; a take-profit order the other way round. A trailing stop fires like a stop, at a distance
from the most favorable price since it became active, its *watermark*.
"""

from typing import Final

import msgspec

from simulator.core.model.enums import BUY, OrderType, Side, TriggerSource
from simulator.core.model.units import RATE_ONE, divide_down, divide_up

MIN_CALLBACK_RATE: Final = RATE_ONE // 1_000
MAX_CALLBACK_RATE: Final = RATE_ONE // 10

TRIGGER_TYPES: Final = (
    OrderType.STOP_MARKET,
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT_MARKET,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP_MARKET,
)
LIMIT_TYPES: Final = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
_TAKE_PROFITS: Final = (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)


class Trigger(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`price` of a stop or take-profit order; `callback_rate` (1e-12) of a trailing stop.

    A trailing stop becomes active when the price reaches `activation_price`; at once without one.
    """

    source: TriggerSource
    price: int | None = None
    callback_rate: int | None = None
    activation_price: int | None = None


def waits(order_type: OrderType) -> bool:
    """Whether orders of this type wait for a trigger."""
    return order_type.value > OrderType.MARKET.value


def has_limit(order_type: OrderType) -> bool:
    """Whether orders of this type name their limit; others take the edge of the band (ORD-3)."""
    return order_type in LIMIT_TYPES


def rises(order_type: OrderType, side: Side) -> bool:
    """Whether the trigger is met as the price rises to it, and not as it falls."""
    return (side is BUY) != (order_type in _TAKE_PROFITS)


def is_reached(rising: bool, threshold: int, price: int) -> bool:
    """Whether a price meets a threshold that is met by rising or by falling to it."""
    return price >= threshold if rising else price <= threshold


def trailing_price(side: Side, watermark: int, callback_rate: int) -> int:
    """Where a trailing stop fires: `watermark * (1 - rate)` for a sell, `(1 + rate)` for a buy.

    Rounded so that a whole price meets it exactly when it meets the unrounded one.
    """
    if side is BUY:
        return divide_up(watermark * (RATE_ONE + callback_rate), RATE_ONE)
    return divide_down(watermark * (RATE_ONE - callback_rate), RATE_ONE)
