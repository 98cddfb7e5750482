"""What a loan costs, and what level a wallet with debts has: functions of values.

Interest is simple: an hour is charged at the moment of borrowing and then at each clock hour of
world time in (borrowed, until], on the principal. Rates are per day; the division by 24 is inside
the one rounded step of each charge, so a loan never costs less than its rate says.
"""

from typing import Final

from simulator.core.model.units import NS_PER_HOUR, RATE_ONE, divide_down, divide_up

HOURS_PER_DAY: Final = 24


def interest_charge(principal: int, daily_rate: int) -> int:
    """What one hour of a loan costs, in minor units of the borrowed asset, rounded up."""
    return divide_up(principal * daily_rate, HOURS_PER_DAY * RATE_ONE)


def interest_for_hours(principal: int, daily_rate: int, charges: int) -> int:
    """What so many hourly charges on an unchanged principal come to."""
    return charges * interest_charge(principal, daily_rate)


def charges_between(borrowed_ns: int, until_ns: int) -> int:
    """How many hourly charges a loan bears until a moment, that of the borrowing included."""
    return 1 + until_ns // NS_PER_HOUR - borrowed_ns // NS_PER_HOUR


def margin_level(assets: int, debts: int) -> int | None:
    """Gross assets / (borrowed + interest) as a rate, rounded down; none without a debt."""
    return divide_down(assets * RATE_ONE, debts) if debts > 0 else None


def exact_debt_margin(debt: int, level: int) -> int:
    """`debt * (level - 1)` times 1e12: what a debt adds to the line of that level."""
    return debt * (level - RATE_ONE)
