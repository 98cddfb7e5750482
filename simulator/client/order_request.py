"""Orders and amendments as they are sent: the same over REST and over the websocket.

An order without a client order id gets one, so that it can be sent again after a broken
connection: the exchange answers a repetition with the first order.
"""

import secrets
from typing import Any, TypedDict

from simulator.client.answers import OrderType, PositionSide, Side, TimeInForce
from simulator.client.numbers import Number, decimal_text, optional_decimal_text

Body = dict[str, Any]


class OrderOptions(TypedDict, total=False):
    """What an order may say besides its instrument, side, quantity and price.

    Left out, `order_type` is LIMIT with a price and MARKET without, `time_in_force` is GTC, and
    `position_side` belongs to hedge mode, and the rest is False.
    """

    order_type: OrderType | None
    time_in_force: TimeInForce
    post_only: bool
    reduce_only: bool
    keep_margin: bool
    position_side: PositionSide | None


def new_client_order_id() -> str:
    return f"py-{secrets.token_hex(12)}"


def order_body(
    symbol: str,
    side: Side,
    quantity: Number,
    price: Number | None,
    *,
    order_type: OrderType | None = None,
    time_in_force: TimeInForce = "GTC",
    post_only: bool = False,
    reduce_only: bool = False,
    keep_margin: bool = False,
    position_side: PositionSide | None = None,
    client_order_id: str | None = None,
) -> Body:
    """An order. Raises TypeError or ValueError for what is no number: see numbers.py."""
    body = {
        "symbol": symbol,
        "side": side,
        "quantity": decimal_text(quantity),
        "price": optional_decimal_text(price),
        "order_type": order_type or ("MARKET" if price is None else "LIMIT"),
        "time_in_force": time_in_force,
        "post_only": post_only,
        "reduce_only": reduce_only,
        "keep_margin": keep_margin,
        "position_side": position_side,
        "client_order_id": client_order_id,
    }
    return {name: value for name, value in body.items() if value is not None}


def amend_body(price: Number | None, quantity: Number | None) -> Body:
    """What is to change of an order; None leaves as it is. Raises as `order_body`."""
    body = {"price": optional_decimal_text(price), "quantity": optional_decimal_text(quantity)}
    return {name: value for name, value in body.items() if value is not None}
