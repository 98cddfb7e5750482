"""What the verbs of `simulator calc` share: the contract of the configuration, and its numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from cyclopts import Parameter

from simulator.analytics.calculators import Contract, Trade
from simulator.commandline.choices import flag
from simulator.commandline.failures import UsageError
from simulator.commandline.formats import money, number, percent
from simulator.commandline.output import facts, print_json, say
from simulator.config.exchange import ExchangeConfig
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
        return Numbers(read_settings().load_exchange(), self.instrument, self.fee)


class Numbers:
    """Text to the contract's integers, and back to decimals."""

    def __init__(self, exchange: ExchangeConfig, symbol: str, fee: str | None = None) -> None:
        """Raises UsageError."""
        listed = exchange.instruments.get(symbol)
        if listed is None:
            known = ", ".join(exchange.instruments)
            raise UsageError(f"there is no instrument {symbol}; there are {known}")
        rate = listed.terms.taker_fee_rate if fee is None else parse_rate(fee)
        self.exchange = exchange
        tiers = derive_deductions(list(listed.tiers)) if listed.tiers else ()
        levels = exchange.parameters.isolated_levels
        self.contract = Contract(listed.terms, tiers, rate, levels)
        self._amount_decimals = exchange.assets[0].decimals

    def read_trade(self, long: bool, quantity: str, entry: str) -> Trade:
        side = PositionSide.LONG if long else PositionSide.SHORT
        size = above_zero("--quantity", quantity, self.contract.terms.quantity_decimals)
        return Trade(self.contract, side, size, self.read_price("--entry", entry))

    def read_fill(self, text: str) -> tuple[int, int]:
        """`0.5@20000`, or `-0.5@21000` that reduces. Raises UsageError."""
        quantity, at, price = text.strip().partition("@")
        if not at:
            raise UsageError(f"a fill should be like 0.5@20000, not {text}")
        decimals = self.contract.terms.quantity_decimals
        size = above_zero("a fill's quantity", quantity.removeprefix("-"), decimals)
        sign = -1 if quantity.startswith("-") else 1
        return sign * size, self.read_price("a fill's price", price)

    def read_price(self, name: str, text: str) -> int:
        return above_zero(name, text, self.contract.terms.price_decimals)

    def read_amount(self, name: str, text: str) -> int:
        """May be zero."""
        return read_number(name, text, self._amount_decimals)

    def price(self, value: int | None) -> Decimal | None:
        return scaled(value, self.contract.terms.price_decimals)

    def quantity(self, value: int) -> Decimal | None:
        return scaled(value, self.contract.terms.quantity_decimals)

    def amount(self, value: int) -> Decimal | None:
        return scaled(value, self._amount_decimals)

    @staticmethod
    def read_rate(name: str, text: str) -> int:
        """May be negative. Raises UsageError."""
        try:
            return parse_rate(text)
        except DecimalError as error:
            raise UsageError(f"{name}: {error}") from error

    @staticmethod
    def rate(value: int | None) -> Decimal | None:
        return scaled(value, RATE_DECIMALS)


def read_number(name: str, text: str, decimals: int) -> int:
    """Raises UsageError."""
    try:
        value = parse_decimal(text, decimals)
    except DecimalError as error:
        raise UsageError(f"{name}: {error}") from error
    if value < 0:
        raise UsageError(f"{name} should not be negative, it is {text}")
    return value


def above_zero(name: str, text: str, decimals: int) -> int:
    """Raises UsageError."""
    value = read_number(name, text, decimals)
    if value == 0:
        raise UsageError(f"{name} should be above zero, it is {text}")
    return value


def scaled(value: int | None, decimals: int) -> Decimal | None:
    return None if value is None else Decimal(format_decimal(value, decimals))


@contextmanager
def readable() -> Iterator[None]:
    """A calculator's objection is one to the call."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error)) from error


Value = Decimal | int | str | list[str] | None
Found = dict[str, Value]


def show(
    options: CalcOptions, found: Found, prices: Sequence[str] = (), rates: Sequence[str] = ()
) -> None:
    """What is neither a price (or a quantity) nor a rate is an amount; a count is one."""
    if options.json:
        print_json(found)
        return
    say(
        facts(
            [
                (name.replace("_", " "), _told(name, value, prices, rates))
                for name, value in found.items()
            ]
        )
    )


def _told(
    name: str,
    value: Decimal | int | str | list[str] | None,
    prices: Sequence[str],
    rates: Sequence[str],
) -> str:
    if isinstance(value, str | int | list):
        return str(value)
    return (percent if name in rates else number if name in prices else money)(value)
