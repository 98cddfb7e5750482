"""Orders and amendments as they are sent: the same over REST and over the websocket.

An order without a client order id gets one, so that it can be sent again after a broken
connection: the exchange answers a repetition with the first order.
"""

import secrets
from collections.abc import Sequence
from typing import Any, TypedDict

from simulator.client.answers import (
    ListType,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
)
from simulator.client.numbers import Number, optional_decimal_text

Body = dict[str, Any]


class OrderOptions(TypedDict, total=False):
    """What an order may say besides its instrument, side, quantity and price.

    Left out, `order_type` is LIMIT with a price and MARKET without, `time_in_force` is GTC. A stop
    or take-profit order has a `trigger_price`, a trailing stop a `callback_rate` (0.01 is 1 %);
    `trigger_source` is MARK. `expires` is of GTD orders, in milliseconds of world time.
    `self_trade_prevention` is EXPIRE_MAKER. Spot orders on margin borrow what they lack and repay
    with what they get, unless `auto_borrow` and `auto_repay` are False. `position_side` belongs to
    hedge mode, and the rest is False.
    """

    order_type: OrderType | None
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    position_side: PositionSide | None
    trigger_price: Number | None
    trigger_source: TriggerSource
    callback_rate: Number | None
    activation_price: Number | None
    close_position: bool
    expires: int | None
    self_trade_prevention: SelfTradePrevention
    auto_borrow: bool
    auto_repay: bool


def new_client_order_id() -> str:
    return f"py-{secrets.token_hex(12)}"


def order_body(
    symbol: str,
    side: Side,
    quantity: Number | None = None,
    price: Number | None = None,
    *,
    order_type: OrderType | None = None,
    time_in_force: TimeInForce = "GTC",
    post_only: bool = False,
    reduce_only: bool = False,
    keep_margin: bool = False,
    position_side: PositionSide | None = None,
    trigger_price: Number | None = None,
    trigger_source: TriggerSource | None = None,
    callback_rate: Number | None = None,
    activation_price: Number | None = None,
    close_position: bool = False,
    expires: int | None = None,
    self_trade_prevention: SelfTradePrevention | None = None,
    auto_borrow: bool = True,
    auto_repay: bool = True,
    client_order_id: str | None = None,
) -> Body:
    """An order; of lists and batches one of several.

    Raises TypeError or ValueError for what is no number: see numbers.py.
    """
    body = {
        "symbol": symbol,
        "side": side,
        "quantity": optional_decimal_text(quantity),
        "price": optional_decimal_text(price),
        "order_type": order_type or ("MARKET" if price is None else "LIMIT"),
        "time_in_force": time_in_force,
        "post_only": post_only,
        "reduce_only": reduce_only,
        "keep_margin": keep_margin,
        "position_side": position_side,
        "trigger_price": optional_decimal_text(trigger_price),
        "trigger_source": trigger_source,
        "callback_rate": optional_decimal_text(callback_rate),
        "activation_price": optional_decimal_text(activation_price),
        "close_position": close_position or None,
        "expires": expires,
        "self_trade_prevention": self_trade_prevention,
        "auto_borrow": None if auto_borrow else False,
        "auto_repay": None if auto_repay else False,
        "client_order_id": client_order_id,
    }
    return {name: value for name, value in body.items() if value is not None}


def named(orders: Sequence[Body]) -> list[Body]:
    """Each with a client order id of its own, so that they can be sent again."""
    return [{"client_order_id": new_client_order_id(), **order} for order in orders]


def list_body(list_type: ListType, orders: Sequence[Body]) -> Body:
    return {"list_type": list_type, "orders": named(orders)}


def countdown_body(seconds: float | None, symbol: str | None) -> Body:
    """In whole milliseconds; None disarms the switch."""
    countdown = None if seconds is None else round(seconds * 1000)
    return (
        {"countdown": countdown} if symbol is None else {"countdown": countdown, "symbol": symbol}
    )


def amend_body(
    price: Number | None, quantity: Number | None, trigger_price: Number | None = None
) -> Body:
    """What is to change of an order; None leaves as it is. Raises as `order_body`."""
    body = {
        "price": optional_decimal_text(price),
        "quantity": optional_decimal_text(quantity),
        "trigger_price": optional_decimal_text(trigger_price),
    }
    return {name: value for name, value in body.items() if value is not None}
