"""`simulator calc`, second half: what it costs and risks to hold on."""

from typing import Annotated

from cyclopts import Parameter

from simulator.analytics import calculators, carrying_costs, cross_unit, liquidation_odds
from simulator.analytics.calculators import Trade
from simulator.analytics.cross_unit import Debt, Marked
from simulator.analytics.liquidation_odds import PriceModel, Sample
from simulator.commandline import calc
from simulator.commandline.calc_numbers import (
    CalcOptions,
    Entry,
    Found,
    Leverage,
    Long,
    Numbers,
    Quantity,
    readable,
    show,
)
from simulator.commandline.failures import UsageError
from simulator.commandline.output import say
from simulator.core.model.enums import PositionSide

app = calc.app

Hours = Annotated[int, Parameter(help="World time, in whole hours.")]
_SIDES = {"LONG": PositionSide.LONG, "SHORT": PositionSide.SHORT}


@app.command
def interest(
    *,
    principal: Annotated[str, Parameter(help="What is borrowed, in USDT.")],
    daily_rate: Annotated[str, Parameter(help="Per day, like 0.0003.")],
    hours: Hours,
    assets: Annotated[
        str | None, Parameter(help="What the wallet holds, for its margin level.")
    ] = None,
    options: CalcOptions = CalcOptions(),
) -> None:
    """What a loan costs: one hour at once, then one at each clock hour.

    Example: simulator calc interest --principal 16000 --daily-rate 0.0003 --hours 24
    """
    numbers = options.numbers()
    rate = numbers.read_rate("--daily-rate", daily_rate)
    borrowed = numbers.read_amount("--principal", principal)
    held = None if assets is None else numbers.read_amount("--assets", assets)
    with readable():
        done = carrying_costs.interest_cost(borrowed, rate, hours, held)
    found: Found = {
        "charges": done.charges,
        "per_charge": numbers.amount(done.per_charge),
        "interest": numbers.amount(done.interest),
        "margin_level": numbers.rate(done.margin_level),
    }
    show(options, found, prices=("margin_level",))


@app.command
def funding(
    *,
    long: Long,
    entry: Entry,
    rate: Annotated[str, Parameter(help="Of one stamp, like 0.0001.", allow_leading_hyphen=True)],
    hours: Hours,
    quantity: Quantity = "1",
    interval_hours: Annotated[int, Parameter(help="Between two stamps.")] = 8,
    options: CalcOptions = CalcOptions(),
) -> None:
    """What funding comes to at one rate, the mark at the entry; a negative cost is received.

    Example: simulator calc funding --long --entry 20000 --rate 0.0001 --hours 24
    """
    numbers = options.numbers()
    trade, each = numbers.read_trade(long, quantity, entry), numbers.read_rate("--rate", rate)
    with readable():
        done = carrying_costs.funding_cost(trade, each, hours, interval_hours)
    found: Found = {
        "payments": done.payments,
        "per_payment": numbers.amount(done.per_payment),
        "cost": numbers.amount(done.cost),
    }
    show(options, found)


@app.command
def cross(
    *,
    long: Long,
    entry: Entry,
    balance: Annotated[str, Parameter(help="What CROSS holds, borrowed money included.")],
    mark: Annotated[str | None, Parameter(help="[default: the entry price]")] = None,
    quantity: Quantity = "1",
    other: Annotated[
        list[str] | None,
        Parameter(help="Another position, SYMBOL:LONG:quantity:entry:mark.", negative=()),
    ] = None,
    debt: Annotated[str, Parameter(help="What the wallet owes.")] = "0",
    call_level: Annotated[str, Parameter(help="Of the debt.")] = "1.16",
    liquidation_level: Annotated[str, Parameter(help="Of the debt.")] = "1.1",
    options: CalcOptions = CalcOptions(),
) -> None:
    """Where a position in CROSS is liquidated, beside other positions and a debt.

    On a spot instrument --long is what it holds of the asset, --short what it owes of it.

    Example: simulator calc cross --long --entry 20000 --balance 3000 --other
    ETHUSDT-PERP:SHORT:2:1500:1450
    """
    numbers = options.numbers()
    trade = numbers.read_trade(long, quantity, entry)
    now = trade.entry if mark is None else numbers.read_price("--mark", mark)
    call = numbers.read_rate("--call-level", call_level)
    line = numbers.read_rate("--liquidation-level", liquidation_level)
    owed = Debt(numbers.read_amount("--debt", debt), call, line)
    with readable():
        lines = cross_unit.cross_liquidation(
            Marked(trade, now),
            numbers.read_amount("--balance", balance),
            [_other(numbers, text) for text in other or ()],
            owed,
            numbers.exchange.parameters.call_ratio,
        )
    found: Found = {
        "equity": numbers.amount(lines.equity),
        "maintenance_margin": numbers.amount(lines.maintenance_margin),
        "call_margin": numbers.amount(lines.call_margin),
        "liquidation_price": numbers.price(lines.liquidation_price),
        "status": lines.status.upper(),
        "bankruptcy_price": numbers.price(lines.bankruptcy_price),
        "margin_level": numbers.rate(lines.margin_level),
    }
    show(options, found, prices=("liquidation_price", "bankruptcy_price", "margin_level"))


def _other(numbers: Numbers, text: str) -> Marked:
    """`ETHUSDT-PERP:SHORT:2:1500:1450`. Raises UsageError."""
    parts = text.split(":")
    if len(parts) != 5 or parts[1] not in _SIDES:
        raise UsageError(f"--other should be like ETHUSDT-PERP:SHORT:2:1500:1450, not {text}")
    of = Numbers(numbers.exchange, parts[0])
    opened: Trade = of.read_trade(parts[1] == "LONG", parts[2], parts[3])
    return Marked(opened, of.read_price("--other's mark", parts[4]))


@app.command
def odds(
    *,
    long: Long,
    entry: Entry,
    leverage: Leverage,
    hours: Hours,
    volatility: Annotated[str, Parameter(help="Annualized, like 0.8.")],
    mark: Annotated[str | None, Parameter(help="[default: the entry price]")] = None,
    quantity: Quantity = "1",
    more_margin: Annotated[str, Parameter(help="Margin added to the position.")] = "0",
    jumps: Annotated[int, Parameter(help="A year.")] = 0,
    jump_mean: Annotated[
        str, Parameter(help="Of the log price, like -0.05.", allow_leading_hyphen=True)
    ] = "0",
    jump_deviation: Annotated[str, Parameter(help="Of the log price.")] = "0",
    paths: int = 10_000,
    steps: int = 200,
    seed: int = 1,
    options: CalcOptions = CalcOptions(),
) -> None:
    """How likely an isolated position is liquidated within HOURS, by drawn paths.

    Example: simulator calc odds --long --entry 20000 --leverage 20 --hours 24 --volatility 0.8
    """
    numbers = options.numbers()
    trade = numbers.read_trade(long, quantity, entry)
    now = trade.entry if mark is None else numbers.read_price("--mark", mark)
    model = PriceModel(
        numbers.read_rate("--volatility", volatility),
        jumps,
        numbers.read_rate("--jump-mean", jump_mean),
        numbers.read_rate("--jump-deviation", jump_deviation),
    )
    with readable():
        lines = calculators.liquidation(
            trade, leverage, numbers.read_amount("--more-margin", more_margin)
        )
        done = liquidation_odds.liquidation_odds(
            (now, lines.liquidation_price),
            trade.side,
            hours * 3600,
            model,
            Sample(paths, steps, seed),
        )
    found: Found = {
        "mark_price": numbers.price(now),
        "liquidation_price": numbers.price(lines.liquidation_price),
        "probability": numbers.rate(done.probability),
        "standard_error": numbers.rate(done.standard_error),
        "crossed": done.crossed,
        "paths": done.paths,
    }
    if options.json:
        show(options, found | {"assumptions": list(done.assumptions)})
        return
    prices, rates = ("mark_price", "liquidation_price"), ("probability", "standard_error")
    show(options, found, prices=prices, rates=rates)
    say("", "This assumes:", *(f"- {each}" for each in done.assumptions))
