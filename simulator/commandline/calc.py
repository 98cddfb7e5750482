"""`simulator calc`: what a trade would come to, worked out without a server.

Terms and risk tiers are those of the configuration; the functions are the exchange's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import cyclopts
from cyclopts import Parameter

from simulator.analytics import calculators
from simulator.analytics.calculators import Contract, Trade
from simulator.commandline.choices import flag
from simulator.commandline.failures import UsageError
from simulator.commandline.formats import money, number, percent
from simulator.commandline.output import facts, print_json, say
from simulator.core.model.enums import PositionSide
from simulator.core.model.risk_tiers import derive_deductions
from simulator.decimal_text import (
    RATE_DECIMALS,
    DecimalError,
    format_decimal,
    parse_decimal,
    parse_rate,
)
from simulator.settings import read_settings

app = cyclopts.App(name="calc", help="Work out margin, profit, liquidation and size of a trade.")

Long = Annotated[bool, Parameter(name="--long", negative="--short", help="Which side it is.")]
Entry = Annotated[str, Parameter(help="The price at which it is opened.")]
Quantity = Annotated[str, Parameter(help="In the base asset.")]
Leverage = Annotated[int, Parameter(help="As a whole number.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CalcOptions:
    """Options of every calculator."""

    instrument: Annotated[str, Parameter(help="Whose terms, fees and risk tiers count.")] = (
        "BTCUSDT-PERP"
    )
    fee: Annotated[
        str | None, Parameter(help="Fee rate of a fill, like 0.0005 [default: its taker fee].")
    ] = None
    json: Annotated[bool, flag("Print one JSON document.")] = False

    def numbers(self) -> "Numbers":
        """Raises UsageError, ConfigError."""
        exchange = read_settings().load_exchange()
        listed = exchange.instruments.get(self.instrument)
        if listed is None:
            known = ", ".join(exchange.instruments)
            raise UsageError(f"there is no instrument {self.instrument}; there are {known}")
        rate = listed.terms.taker_fee_rate if self.fee is None else parse_rate(self.fee)
        contract = Contract(listed.terms, derive_deductions(list(listed.tiers)), rate)
        return Numbers(contract, exchange.assets[0].decimals)


class Numbers:
    """Text to the contract's integers, and back to decimals."""

    def __init__(self, contract: Contract, amount_decimals: int) -> None:
        self.contract = contract
        self._amount_decimals = amount_decimals

    def read_trade(self, long: bool, quantity: str, entry: str) -> Trade:
        side = PositionSide.LONG if long else PositionSide.SHORT
        size = _above_zero("--quantity", quantity, self.contract.terms.quantity_decimals)
        return Trade(self.contract, side, size, self.read_price("--entry", entry))

    def read_price(self, name: str, text: str) -> int:
        return _above_zero(name, text, self.contract.terms.price_decimals)

    def read_amount(self, name: str, text: str) -> int:
        """May be zero."""
        return _read(name, text, self._amount_decimals)

    def price(self, value: int | None) -> Decimal | None:
        return _scaled(value, self.contract.terms.price_decimals)

    def quantity(self, value: int) -> Decimal | None:
        return _scaled(value, self.contract.terms.quantity_decimals)

    def amount(self, value: int) -> Decimal | None:
        return _scaled(value, self._amount_decimals)

    @staticmethod
    def rate(value: int | None) -> Decimal | None:
        return _scaled(value, RATE_DECIMALS)


def _read(name: str, text: str, decimals: int) -> int:
    """Raises UsageError."""
    try:
        value = parse_decimal(text, decimals)
    except DecimalError as error:
        raise UsageError(f"{name}: {error}") from error
    if value < 0:
        raise UsageError(f"{name} should not be negative, it is {text}")
    return value


def _above_zero(name: str, text: str, decimals: int) -> int:
    """Raises UsageError."""
    value = _read(name, text, decimals)
    if value == 0:
        raise UsageError(f"{name} should be above zero, it is {text}")
    return value


def _scaled(value: int | None, decimals: int) -> Decimal | None:
    return None if value is None else Decimal(format_decimal(value, decimals))


@contextmanager
def _readable() -> Iterator[None]:
    """A calculator's objection is one to the call."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


def _show(
    options: CalcOptions,
    found: dict[str, Decimal | None],
    prices: Sequence[str] = (),
    rates: Sequence[str] = (),
) -> None:
    """What is neither a price (or a quantity) nor a rate is an amount."""
    if options.json:
        print_json(found)
        return
    pairs = []
    for name, value in found.items():
        text = percent if name in rates else number if name in prices else money
        pairs.append((name.replace("_", " "), text(value)))
    say(facts(pairs))


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
    with _readable():
        lines = calculators.liquidation(trade, leverage, more)
    found = {
        "notional": numbers.amount(lines.notional),
        "initial_margin": numbers.amount(lines.initial_margin),
        "fee": numbers.amount(lines.fee),
        "cost": numbers.amount(lines.cost),
        "maintenance_margin": numbers.amount(lines.maintenance_margin),
        "liquidation_price": numbers.price(lines.liquidation_price),
        "distance": numbers.rate(lines.distance_rate),
        "bankruptcy_price": numbers.price(lines.bankruptcy_price),
    }
    _show(options, found, prices=("liquidation_price", "bankruptcy_price"), rates=("distance",))


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
    with _readable():
        result = calculators.profit(trade, end, leverage)
    found = {
        "pnl_before_fees": numbers.amount(result.gross),
        "fees": numbers.amount(result.fees),
        "pnl": numbers.amount(result.net),
        "roi": numbers.rate(result.roi),
    }
    _show(options, found, rates=("roi",))


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
    with _readable():
        price = calculators.target_price(trade, wanted)
    _show(options, {"price": numbers.price(price)}, prices=("price",))


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
    with _readable():
        sizing = calculators.size_from_risk(numbers.contract, risked, price, end)
    found = {
        "quantity": numbers.quantity(sizing.quantity),
        "notional": numbers.amount(sizing.notional),
        "loss_at_stop": numbers.amount(sizing.loss_at_stop),
        "highest_leverage": _scaled(sizing.highest_leverage, 0),
    }
    _show(options, found, prices=("quantity", "highest_leverage"))


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
    with _readable():
        quantity = calculators.largest_position(contract, funds, price, leverage)
    found = {
        "quantity": numbers.quantity(quantity),
        "notional": numbers.amount(contract.terms.notional(quantity, price)),
    }
    _show(options, found, prices=("quantity",))
