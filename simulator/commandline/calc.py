"""`simulator calc`: what a trade would come to, worked out without a server.

Terms and risk tiers are those of the configuration; the functions are the exchange's own.
"""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from simulator.analytics import calculators
from simulator.commandline.calc_numbers import (
    CalcOptions,
    Entry,
    Found,
    Leverage,
    Long,
    Quantity,
    readable,
    scaled,
    show,
)
from simulator.core.model.enums import PositionSide

app = cyclopts.App(name="calc", help="Work out margin, profit, liquidation and size of a trade.")


@app.command
def liquidation(
    *,
    long: Long,
    entry: Entry,
    leverage: Leverage,
    quantity: Quantity = "1",
    more_margin: Annotated[str, Parameter(help="Margin added to the position.")] = "0",
    options: CalcOptions = CalcOptions(),
) -> None:
    """Where an isolated position is liquidated and where its margin is gone.

    Example: simulator calc liquidation --long --entry 20000 --leverage 10

    Example: simulator calc liquidation --short --entry 20000 --leverage 20 --quantity 5
    """
    numbers = options.numbers()
    trade = numbers.read_trade(long, quantity, entry)
    more = numbers.read_amount("--more-margin", more_margin)
    with readable():
        lines = calculators.liquidation(trade, leverage, more)
    found: Found = {
        "notional": numbers.amount(lines.notional),
        "initial_margin": numbers.amount(lines.initial_margin),
        "fee": numbers.amount(lines.fee),
        "cost": numbers.amount(lines.cost),
        "maintenance_margin": numbers.amount(lines.maintenance_margin),
        "liquidation_price": numbers.price(lines.liquidation_price),
        "distance": numbers.rate(lines.distance_rate),
        "bankruptcy_price": numbers.price(lines.bankruptcy_price),
    }
    show(options, found, prices=("liquidation_price", "bankruptcy_price"), rates=("distance",))


@app.command
def pnl(
    *,
    long: Long,
    entry: Entry,
    exit: Annotated[str, Parameter(help="The price at which it is closed.")],
    leverage: Leverage = 1,
    quantity: Quantity = "1",
    options: CalcOptions = CalcOptions(),
) -> None:
    """What a round trip earns after fees, and the return on its initial margin.

    Example: simulator calc pnl --long --entry 20000 --exit 21000 --leverage 10
    """
    numbers = options.numbers()
    trade, end = numbers.read_trade(long, quantity, entry), numbers.read_price("--exit", exit)
    with readable():
        result = calculators.profit(trade, end, leverage)
    found: Found = {
        "pnl_before_fees": numbers.amount(result.gross),
        "fees": numbers.amount(result.fees),
        "pnl": numbers.amount(result.net),
        "roi": numbers.rate(result.roi),
    }
    show(options, found, rates=("roi",))


@app.command
def target(
    *,
    long: Long,
    entry: Entry,
    profit: Annotated[str, Parameter(help="What is to be left after fees.")] = "0",
    quantity: Quantity = "1",
    options: CalcOptions = CalcOptions(),
) -> None:
    """The first price at which closing leaves a profit; without one, where it breaks even.

    Example: simulator calc target --short --entry 20000 --profit 500
    """
    numbers = options.numbers()
    trade, wanted = (
        numbers.read_trade(long, quantity, entry),
        numbers.read_amount("--profit", profit),
    )
    with readable():
        price = calculators.target_price(trade, wanted)
    show(options, {"price": numbers.price(price)}, prices=("price",))


@app.command
def size(
    *,
    risk: Annotated[str, Parameter(help="What may be lost at the stop, fees included.")],
    entry: Entry,
    stop: Annotated[str, Parameter(help="Below the entry of a long, above that of a short.")],
    options: CalcOptions = CalcOptions(),
) -> None:
    """The largest position that loses no more than RISK at the stop, and its safest leverage.

    The leverage is the highest at which the stop is met before the liquidation.

    Example: simulator calc size --risk 100 --entry 20000 --stop 19500
    """
    numbers = options.numbers()
    price, end = numbers.read_price("--entry", entry), numbers.read_price("--stop", stop)
    risked = numbers.read_amount("--risk", risk)
    with readable():
        sizing = calculators.size_from_risk(numbers.contract, risked, price, end)
    found: Found = {
        "quantity": numbers.quantity(sizing.quantity),
        "notional": numbers.amount(sizing.notional),
        "loss_at_stop": numbers.amount(sizing.loss_at_stop),
        "highest_leverage": scaled(sizing.highest_leverage, 0),
    }
    show(options, found, prices=("quantity", "highest_leverage"))


@app.command
def largest(
    *,
    balance: Annotated[str, Parameter(help="What there is for margin and fee.")],
    entry: Entry,
    leverage: Leverage,
    options: CalcOptions = CalcOptions(),
) -> None:
    """The largest position that a balance opens.

    Example: simulator calc largest --balance 1000 --entry 20000 --leverage 10
    """
    numbers = options.numbers()
    contract, price = numbers.contract, numbers.read_price("--entry", entry)
    funds = numbers.read_amount("--balance", balance)
    with readable():
        quantity = calculators.largest_position(contract, funds, price, leverage)
    found: Found = {
        "quantity": numbers.quantity(quantity),
        "notional": numbers.amount(contract.terms.notional(quantity, price)),
    }
    show(options, found, prices=("quantity",))


@app.command
def margin(
    *,
    long: Long,
    entry: Entry,
    leverage: Leverage,
    quantity: Quantity = "1",
    options: CalcOptions = CalcOptions(),
) -> None:
    """What opening a position takes, and its lines at the entry price.

    Example: simulator calc margin --long --entry 20000 --leverage 10
    """
    numbers = options.numbers()
    trade, ratio = numbers.read_trade(long, quantity, entry), numbers.exchange.parameters.call_ratio
    with readable():
        needed = calculators.margin_needed(trade, leverage, ratio)
    show(options, {name: numbers.amount(value) for name, value in needed._asdict().items()})


@app.command
def average(
    fills: str,
    /,
    *,
    long: Long,
    options: CalcOptions = CalcOptions(),
) -> None:
    """The average entry of FILLS, `quantity@price` joined by commas; a negative quantity reduces.

    Example: simulator calc average 0.1@20000,0.3@18000,-0.2@19000 --long
    """
    numbers = options.numbers()
    read = [numbers.read_fill(text) for text in fills.split(",")]
    with readable():
        side = PositionSide.LONG if long else PositionSide.SHORT
        done = calculators.average_entry(numbers.contract.terms, side, read)
    found: Found = {
        "quantity": numbers.quantity(done.quantity),
        "entry_notional": numbers.amount(done.entry_notional),
        "entry_price": numbers.price(done.entry_price),
        "realized_pnl": numbers.amount(done.realized_pnl),
    }
    show(options, found, prices=("quantity", "entry_price"))
