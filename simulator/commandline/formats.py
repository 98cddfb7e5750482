"""Numbers and times as a person reads them. What is rounded here is exact with `--json`."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

NOTHING: Final = "-"
_CENT: Final = Decimal("0.01")


def money(amount: Decimal | None) -> str:
    """To the cent, half-even, with thousands separated; less than a cent keeps its digits."""
    if amount is None:
        return NOTHING
    if amount and abs(amount) < _CENT:
        return f"{amount:f}"
    return f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,f}"


def number(value: Decimal | None) -> str:
    """A price or quantity: all its digits, with thousands separated."""
    return NOTHING if value is None else f"{value:,f}"


def percent(rate: Decimal | None) -> str:
    """A rate as a percentage with two decimals."""
    return NOTHING if rate is None else f"{(rate * 100).quantize(_CENT, ROUND_HALF_EVEN):f} %"


def gain(amount: Decimal, text: str) -> str:
    """Green or red, with a plus before a gain."""
    if amount > 0:
        return f"[green]+{text}[/]"
    return f"[red]{text}[/]" if amount < 0 else text


def side(name: str) -> str:
    return f"[{'green' if name in ('BUY', 'LONG') else 'red'}]{name}[/]"


def distance(mark: Decimal | None, liquidation: Decimal | None) -> Decimal | None:
    """How far the mark is from a liquidation price, as a part of the mark."""
    if not mark or liquidation is None:
        return None
    return abs(mark - liquidation) / mark


def liquidation_price(price: Decimal | None, status: str) -> str:
    """NEVER: no mark can liquidate it. ALREADY: the mark is beyond."""
    return number(price) if price is not None else status.lower()


def utc(milliseconds: int | None) -> str:
    if milliseconds is None:
        return NOTHING
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
