"""`simulator order bracket`, `oco`, `cancel-list` and `countdown`: orders that belong together."""

from typing import Annotated

from cyclopts import Parameter

from simulator.client.answers import ListType, OrderType
from simulator.client.list_answers import OrderListResult
from simulator.client.order_request import Body, order_body
from simulator.commandline.choices import PositionSide, Side, TriggerSource
from simulator.commandline.failures import UsageError
from simulator.commandline.formats import utc
from simulator.commandline.order import app, orders_table
from simulator.commandline.output import print_json, say
from simulator.commandline.session import AccountOptions, connected

__all__ = ["app"]

_OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
_On = Annotated[TriggerSource, Parameter(help="Which price the triggers watch.")]
_Position = Annotated[PositionSide | None, Parameter(help="In hedge mode: whose position.")]


@app.command
def bracket(
    symbol: str,
    side: Side,
    quantity: str,
    /,
    *,
    price: Annotated[str | None, Parameter(help="Of the entry [default: at market].")] = None,
    take_profit: Annotated[str | None, Parameter(help="Where to take the profit.")] = None,
    stop: Annotated[str | None, Parameter(help="Where to cut the loss.")] = None,
    trigger_on: _On = TriggerSource.MARK,
    position_side: _Position = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Place an entry with a take-profit, a stop, or both: what it fills is protected at once.

    Example: simulator order bracket BTCUSDT-PERP buy 0.1 --take-profit 66000 --stop 58000
    """
    if take_profit is None and stop is None:
        raise UsageError("say where it ends: --take-profit, --stop or both")
    held = None if position_side is None else position_side.value
    orders = [order_body(symbol, side.value, quantity, price, position_side=held)]
    exits: tuple[tuple[OrderType, str | None], ...] = (
        ("TAKE_PROFIT_MARKET", take_profit),
        ("STOP_MARKET", stop),
    )
    for order_type, trigger_price in exits:
        if trigger_price is not None:
            exit_order = order_body(
                symbol,
                _OPPOSITE[side].value,
                order_type=order_type,
                trigger_price=trigger_price,
                trigger_source=trigger_on.value,
                reduce_only=True,
                position_side=held,
            )
            orders.append(exit_order)
    _place("OTO" if len(orders) == 2 else "OTOCO", orders, options)


@app.command
def oco(
    symbol: str,
    side: Side,
    quantity: str,
    /,
    *,
    price: Annotated[str, Parameter(help="Of the limit order.")],
    stop: Annotated[str, Parameter(help="Trigger of the stop.")],
    reduce_only: Annotated[bool, Parameter(help="Both only close.", negative=())] = False,
    trigger_on: _On = TriggerSource.MARK,
    position_side: _Position = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Place a limit order and a stop; whichever comes first cancels the other.

    Example: simulator order oco BTCUSDT-PERP sell 0.1 --price 66000 --stop 58000 --reduce-only
    """
    held = None if position_side is None else position_side.value
    limit = order_body(
        symbol, side.value, quantity, price, reduce_only=reduce_only, position_side=held
    )
    stopped = order_body(
        symbol,
        side.value,
        quantity,
        order_type="STOP_MARKET",
        trigger_price=stop,
        trigger_source=trigger_on.value,
        reduce_only=reduce_only,
        position_side=held,
    )
    _place("OCO", [limit, stopped], options)


def _place(list_type: ListType, orders: list[Body], options: AccountOptions) -> None:
    with connected(options) as client:
        result: OrderListResult = client.place_order_list(list_type, orders)
    if options.json:
        print_json(result)
    else:
        say(f"{list_type} {result.list_id}", orders_table(result.orders))


@app.command(name="cancel-list")
def cancel_list(list_id: int, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Cancel all open orders of a list.

    Example: simulator order cancel-list 627
    """
    with connected(options) as client:
        done = client.cancel_order_list(list_id)
    if options.json:
        print_json(done)
    else:
        say(f"Canceled: {', '.join(map(str, done.order_ids))}")


@app.command
def countdown(
    seconds: float,
    symbol: str | None = None,
    /,
    *,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Cancel all open orders (on SYMBOL) after SECONDS, unless said again; 0 takes it back.

    Example: simulator order countdown 60
    """
    with connected(options) as client:
        armed = client.countdown_cancel_all(seconds or None, symbol)
    if options.json:
        print_json(armed)
    elif armed.due is None:
        say("Nothing will be canceled.")
    else:
        say(f"All open orders will be canceled at {utc(armed.due)} UTC of the world.")
