"""Amounts and times as a report prints them."""

from datetime import UTC, datetime

from simulator.core.model.units import divide_half_even

_VALUATION_DECIMALS = 8


def money(amount: int) -> str:
    """An amount of the valuation asset to the cent, half-even, with thousands separated."""
    cents = divide_half_even(amount, 10 ** (_VALUATION_DECIMALS - 2))
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


def utc(time_ns: int) -> str:
    """World time to the millisecond."""
    moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ns // 10**6 % 1000:03d}"
