"""Numbers on their way out. A float is refused, because 0.1 is not one tenth in it."""

from decimal import Decimal

Number = str | int | Decimal
"""What a request takes as a price, a quantity or an amount."""


def decimal_text(value: Number) -> str:
    """The number as plain decimal text, without exponent; the exchange checks what it says.

    Raises:
        TypeError: it is a float, or no number at all.
        ValueError: it is NaN or infinite.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(
            f"numbers are given as str, int or Decimal, not as {type(value).__name__} {value!r}: "
            "a float cannot hold most decimals exactly"
        )
    if isinstance(value, int):
        return str(value)
    if not value.is_finite():
        raise ValueError(f"{value} is no number that an exchange could use")
    return format(value, "f")


def optional_decimal_text(value: Number | None) -> str | None:
    return None if value is None else decimal_text(value)
