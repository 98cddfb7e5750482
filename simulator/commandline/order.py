"""`simulator order`: look at what an order would do, place it, change it, cancel it, look it up."""

import sys
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.table import Table

from simulator.client.answers import Order, OrderResult
from simulator.commandline.choices import (
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    flag,
)
from simulator.commandline.failures import NO, UsageError
from simulator.commandline.formats import number, percent, side, utc
from simulator.commandline.output import facts, print_json, say, table
from simulator.commandline.previewing import preview_lines
from simulator.commandline.session import AccountOptions, connected
from simulator.commandline.waiting import TriggerOptions, trigger_of

app = cyclopts.App(name="order", help="Place, amend, cancel and look up orders.")


@app.command
def place(
    symbol: str,
    side: Side,
    quantity: str,
    /,
    *,
    price: Annotated[str | None, Parameter(help="Limit price [default: a market order].")] = None,
    time_in_force: Annotated[TimeInForce, Parameter(help="Of a limit order.")] = TimeInForce.GTC,
    post_only: Annotated[bool, flag("Only if it rests.")] = False,
    reduce_only: Annotated[bool, flag("Never open.")] = False,
    position_side: Annotated[
        PositionSide | None, Parameter(help="In hedge mode: whose position.")
    ] = None,
    self_trade: Annotated[
        SelfTradePrevention | None, Parameter(help="What gives way when it meets an own order.")
    ] = None,
    expires: Annotated[int | None, Parameter(help="Of GTD: world time in milliseconds.")] = None,
    client_order_id: Annotated[str | None, Parameter(help="Your own id for it.")] = None,
    no_borrow: Annotated[bool, flag("On spot margin: never borrow for it.")] = False,
    no_repay: Annotated[bool, flag("On spot margin: keep what it brings.")] = False,
    preview: Annotated[bool, flag("Only show what it would do.")] = False,
    yes: Annotated[bool, flag("Do not ask.")] = False,
    trigger: TriggerOptions = TriggerOptions(),
    options: AccountOptions = AccountOptions(),
) -> None:
    """Show what an order would do, ask, and place it.

    Example: simulator order place BTCUSDT-PERP buy 0.1

    Example: simulator order place BTCUSDT-PERP sell 0.1 --price 65000 --post-only --yes

    Example: simulator order place BTCUSDT-PERP sell 0 --stop 58000 --close-position
    """
    if options.json and not (yes or preview):
        raise UsageError("--json asks no questions; say --yes to place it, or --preview")
    order: dict[str, Any] = {
        "time_in_force": time_in_force.value,
        "post_only": post_only,
        "reduce_only": reduce_only,
        "position_side": None if position_side is None else position_side.value,
        "self_trade_prevention": None if self_trade is None else self_trade.value,
        "expires": expires,
        "auto_borrow": not no_borrow,
        "auto_repay": not no_repay,
        **trigger_of(trigger, price),
    }
    size = None if trigger.close_position else quantity
    with connected(options) as client:
        if preview or not options.json:
            shown = client.preview_order(symbol, side.value, size, price, **order)
            if options.json:
                print_json(shown)
            else:
                marks = {each.symbol: each.mark_price for each in client.marks().items}
                say(*preview_lines(f"{side.value} {quantity} {symbol}", shown, marks.get(symbol)))
            if not shown.accepted:
                sys.exit(NO)
            if preview:
                return
        if not yes and not _agreed("Place it?"):
            say("Not placed.")
            sys.exit(NO)
        result = client.place_order(
            symbol, side.value, size, price, client_order_id=client_order_id, **order
        )
    _show_result(result, options)


@app.command
def amend(
    order_id: int,
    /,
    *,
    price: Annotated[str | None, Parameter(help="The new limit price.")] = None,
    quantity: Annotated[str | None, Parameter(help="The new total, with what is filled.")] = None,
    trigger: Annotated[str | None, Parameter(help="The new trigger price.")] = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Change price, quantity or trigger price of an open order.

    Example: simulator order amend 627 --price 59500
    """
    if price is None and quantity is None and trigger is None:
        raise UsageError("say what to change: --price, --quantity, --trigger or several of them")
    with connected(options) as client:
        result = client.amend_order(order_id, price=price, quantity=quantity, trigger_price=trigger)
    _show_result(result, options)


@app.command
def cancel(order_id: int, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Cancel an open order.

    Example: simulator order cancel 627
    """
    with connected(options) as client:
        result = client.cancel_order(order_id)
    _show_result(result, options)


@app.command(name="cancel-all")
def cancel_all(symbol: str | None = None, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Cancel all open orders, or those on SYMBOL.

    Example: simulator order cancel-all BTCUSDT-PERP
    """
    with connected(options) as client:
        done = client.cancel_all_orders(symbol)
    if options.json:
        print_json(done)
    elif done.order_ids:
        say(f"Canceled: {', '.join(map(str, done.order_ids))}")
    else:
        say("There was nothing to cancel.")


@app.command
def show(order_id: int, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Show one order, open or ended."""
    with connected(options) as client:
        found = client.order(order_id)
    if options.json:
        print_json(found)
    else:
        say(_order_facts(found.order))


@app.command(name="list")
def list_orders(
    symbol: str | None = None,
    /,
    *,
    limit: Annotated[int, Parameter(help="At most so many.")] = 100,
    options: AccountOptions = AccountOptions(),
) -> None:
    """List open orders, newest first.

    Example: simulator order list BTCUSDT-PERP
    """
    with connected(options) as client:
        found = client.orders(symbol, limit=limit)
    if options.json:
        print_json(found)
    else:
        say(orders_table(found.items) if found.items else "No open orders.")


@app.command
def history(
    symbol: str | None = None,
    /,
    *,
    limit: Annotated[int, Parameter(help="At most so many.")] = 20,
    after: Annotated[str | None, Parameter(help="Go on after this cursor.")] = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """List all orders that there ever were, newest first.

    Example: simulator order history --limit 50
    """
    with connected(options) as client:
        found = client.order_history(symbol, limit=limit, after=after)
    if options.json:
        print_json(found)
        return
    say(orders_table(found.items) if found.items else "No orders yet.")
    if found.next is not None:
        say(f"[dim]There are more: --after {found.next}[/]")


def orders_table(orders: list[Order]) -> Table:
    return table(
        (">order", "instrument", "side", ">price", ">filled", "status", "when (UTC)"),
        [
            (
                str(each.order_id),
                each.symbol,
                side(each.side),
                _price(each),
                f"{number(each.filled_quantity)} of {number(each.quantity)}",
                _status(each).replace(": ", "\n"),
                utc(each.created).partition("-")[2],
            )
            for each in orders
        ],
    )


def _price(order: Order) -> str:
    """Of a market order the average; its own price is only how far it may go.

    Of an order that waits, its trigger.
    """
    if order.status in ("UNTRIGGERED", "PENDING"):
        found = number(order.trigger_price)
        return found if order.callback_rate is None else f"{percent(order.callback_rate)} ({found})"
    return number(order.average_price if "MARKET" in order.order_type else order.price)


def _status(order: Order) -> str:
    return order.status if order.cancel_reason is None else f"{order.status}: {order.cancel_reason}"


def _order_facts(order: Order) -> Table:
    named = ("post_only", "reduce_only", "keep_margin", "close_position")
    flags = [name for name in named if getattr(order, name)]
    return facts(
        [
            ("order", f"[bold]{order.order_id}[/]  {_status(order)}"),
            ("what", f"{side(order.side)} {number(order.quantity)} {order.symbol}"),
            ("how", " ".join([order.order_type, order.time_in_force, order.margin_mode, *flags])),
            ("price", _price(order)),
            ("list", "-" if order.list_id is None else str(order.list_id)),
            ("filled", f"{number(order.filled_quantity)} at {number(order.average_price)}"),
            ("remaining", number(order.remaining_quantity)),
            ("client order id", order.client_order_id or "-"),
            ("created (UTC)", utc(order.created)),
        ]
    )


def _show_result(result: OrderResult, options: AccountOptions) -> None:
    if options.json:
        print_json(result)
        return
    say(_order_facts(result.order))
    if result.fills:
        rows = [
            (str(each.trade_id), number(each.quantity), number(each.price), number(each.fee))
            for each in result.fills
        ]
        say("", table((">trade", ">quantity", ">price", ">fee"), rows))


def _agreed(question: str) -> bool:
    """Raises UsageError where nobody can be asked."""
    sys.stdout.write(f"\n{question} [y/N] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise UsageError("nobody answers the question; say --yes to place it without one")
    return answer.strip().lower() in ("y", "yes")
