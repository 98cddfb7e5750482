"""UNIT: how numbers are held, and the only divisions that money may take.

Every amount, price, quantity and rate is an integer. A rate is in 1e-12. A division names its
rounding, and the caller says whom that favors: requirements, fees and debts round up; payouts,
releases and collateral round down; rates round half-even (UNIT-3).
"""

from typing import Final

RATE_ONE: Final = 10**12
"""The rate 1 (100 %)."""

AMOUNT_LIMIT: Final = 1 << 62
"""Amounts, prices and quantities stay below this; it keeps every column a BIGINT."""

ID_LIMIT: Final = 1 << 53
"""Ids stay below this, so that a JavaScript client reads them exactly."""

NS_PER_SECOND: Final = 10**9
NS_PER_MINUTE: Final = 60 * NS_PER_SECOND
NS_PER_HOUR: Final = 3600 * NS_PER_SECOND

MID_SAMPLES: Final = 30
"""MARK-2: the mid is sampled each second, and this many seconds count."""

PREMIUM_SAMPLE_NS: Final = 5 * NS_PER_SECOND
"""FND-1: how often the premium is sampled."""

NEVER: Final = 1 << 63
"""A time after every other."""


def divide_down(numerator: int, denominator: int) -> int:
    """The quotient rounded toward minus infinity. For what is paid out, released or counted."""
    return numerator // denominator


def divide_up(numerator: int, denominator: int) -> int:
    """The quotient rounded toward plus infinity. For what is charged, required or owed."""
    return -(-numerator // denominator)


def divide_half_even(numerator: int, denominator: int) -> int:
    """The nearest quotient, ties to the even one. For prices and rates, which favor nobody."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    doubled = 2 * remainder
    if doubled > denominator or (doubled == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient


def rate_of_up(amount: int, rate: int) -> int:
    """`amount * rate`, rounded up: a fee or a requirement."""
    return -(-amount * rate // RATE_ONE)


def rate_of_down(amount: int, rate: int) -> int:
    """`amount * rate`, rounded down: a payout or a limit."""
    return amount * rate // RATE_ONE


def part_of(amount: int, part: int, whole: int) -> int:
    """The share `part / whole` of a signed amount, truncated toward zero (UNIT-2).

    The remainder stays with what is left, so the shares of a whole always add up to it.
    """
    if amount >= 0:
        return amount * part // whole
    return -(-amount * part // whole)


def round_up_to(value: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step


def round_down_to(value: int, step: int) -> int:
    """The largest multiple of `step` that is not above `value`."""
    return value // step * step
