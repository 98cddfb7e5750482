"""What it costs to hold on: the interest of a loan, and the funding of a perpetual.

Both are worked out at rates that stay as they are; real ones move. Amounts are minor units.
"""

from typing import NamedTuple

from simulator.analytics.calculators import Trade
from simulator.core.model.units import divide_down
from simulator.core.rules import borrowing_terms
from simulator.core.rules.funding_terms import funding_payment


class Interest(NamedTuple):
    """`charges` hourly ones, `per_charge` each; the level is none without a debt."""

    charges: int
    per_charge: int
    interest: int
    margin_level: int | None


def interest_cost(
    principal: int, daily_rate: int, hours: int, assets: int | None = None
) -> Interest:
    """A loan held for whole hours from a moment between two clock hours.

    One hour is charged at once, then one at each clock hour passed. `assets` is what the wallet
    holds; the margin level is that at the end, if nothing else changes.

    Raises:
        ValueError: a negative number.
    """
    if principal < 0 or daily_rate < 0 or hours < 0:
        raise ValueError("principal, rate and hours should not be negative")
    charges = 1 + hours
    interest = borrowing_terms.interest_for_hours(principal, daily_rate, charges)
    level = None
    if assets is not None:
        level = borrowing_terms.margin_level(assets, principal + interest)
    per_charge = borrowing_terms.interest_charge(principal, daily_rate)
    return Interest(charges, per_charge, interest, level)


class Funding(NamedTuple):
    """`payments` of `per_payment` each; what is positive is paid, what is negative received."""

    payments: int
    per_payment: int
    cost: int


def funding_cost(trade: Trade, rate: int, hours: int, interval_hours: int) -> Funding:
    """FND-2 at an unchanged mark, the entry price: `s * N * rate` at each stamp.

    As many stamps are met as whole intervals fit into the time; one more may be, as the clock
    has it.

    Raises:
        ValueError: no interval, a negative time, or a spot instrument.
    """
    if trade.contract.is_spot:
        symbol = trade.contract.terms.symbol
        raise ValueError(f"{symbol} is a spot instrument: only perpetuals pay funding")
    if interval_hours <= 0 or hours < 0:
        raise ValueError("the interval should be an hour or more, the time not negative")
    payments = divide_down(hours, interval_hours)
    each = funding_payment(trade.side * trade.notional, rate)
    return Funding(payments, each, payments * each)
