"""UNIT-1 at the edge: decimal text into scaled integers and back, exactly.

A decimal is read as text and never passes through a float. What cannot be held exactly is
refused, not rounded: an exponent, a sign of plus, NaN, more decimals than there are. Written
decimals are canonical: no exponent, no trailing zeros, a digit before the point, no minus zero.
Magnitude limits belong to the caller; here only absurdly long text is refused.
"""

import re
from typing import Final

RATE_DECIMALS: Final = 12
"""Rates are integers in 1e-12."""

MAX_DIGITS: Final = 40
"""Longer text is refused before it is read as a number."""

_DECIMAL: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class DecimalError(ValueError):
    """Text that is no decimal, or one that cannot be held exactly; the message says why."""


def parse_decimal(text: str, decimals: int) -> int:
    """`text` as an integer in `10 ** -decimals`.

    Trailing zeros beyond `decimals` are allowed, for they change nothing.

    Raises:
        DecimalError: no plain decimal, or too many decimals.
    """
    if len(text) > MAX_DIGITS:
        raise DecimalError(f"a decimal has at most {MAX_DIGITS} characters, this has {len(text)}")
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise DecimalError(f'"{text}" is no decimal like "12.5" (digits, one point, no exponent)')
    sign, whole, fraction = match[1], match[2], (match[3] or "").rstrip("0")
    if len(fraction) > decimals:
        raise DecimalError(f'"{text}" has more than {decimals} decimals')
    value = int(whole + fraction.ljust(decimals, "0"))
    return -value if sign else value


def format_decimal(value: int, decimals: int) -> str:
    """The canonical text of `value * 10 ** -decimals`: `parse_decimal` of it gives `value`."""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    fraction = fraction.rstrip("0")
    text = f"{whole}.{fraction}" if fraction else whole
    return f"-{text}" if value < 0 else text


def parse_rate(text: str) -> int:
    """A rate as a decimal fraction: "0.0005" is 5 basis points."""
    return parse_decimal(text, RATE_DECIMALS)


def format_rate(rate: int) -> str:
    """The canonical text of a rate in 1e-12."""
    return format_decimal(rate, RATE_DECIMALS)
