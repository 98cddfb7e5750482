"""UNIT-1 at the edge: decimal text and integers say the same, and nothing is rounded on the way."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.decimal_text import (
    DecimalError,
    format_decimal,
    format_rate,
    parse_decimal,
    parse_rate,
)

DECIMALS = st.integers(min_value=0, max_value=12)
VALUES = st.integers(min_value=-(2**63), max_value=2**63)


@given(VALUES, DECIMALS)
def test_unit_1_text_of_an_integer_reads_back(value: int, decimals: int) -> None:
    assert parse_decimal(format_decimal(value, decimals), decimals) == value


@given(VALUES, DECIMALS)
def test_unit_1_text_is_exact_and_canonical(value: int, decimals: int) -> None:
    text = format_decimal(value, decimals)
    assert Fraction(text) == Fraction(value, 10**decimals)
    whole, _, fraction = text.removeprefix("-").partition(".")
    assert whole == "0" or not whole.startswith("0")
    assert not text.endswith(".")
    assert not fraction.endswith("0")
    assert text != "-0"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 8, "0"),
        (5, 8, "0.00000005"),
        (-5, 2, "-0.05"),
        (120_00, 2, "120"),
        (120_50, 2, "120.5"),
        (100, 0, "100"),
    ],
)
def test_unit_1_no_trailing_zero_and_always_a_whole_part(
    value: int, decimals: int, text: str
) -> None:
    assert format_decimal(value, decimals) == text


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("12.5", 2, 1250),
        ("012.50", 1, 125),
        ("12.5000", 2, 1250),
        ("-0.01", 2, -1),
        ("-0", 2, 0),
        ("1" * 40, 0, int("1" * 40)),
    ],
)
def test_unit_1_what_is_exact_is_read(text: str, decimals: int, value: int) -> None:
    assert parse_decimal(text, decimals) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "1 ", "+1", "1e3", "1E-3", "nan", "NaN", "inf", ".5", "5.", "1,5", "0x10", "--1",
     "1_000", "1.2.3", "٣", "1\n"],
)  # fmt: skip
def test_unit_1_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(DecimalError, match="is no decimal like"):
        parse_decimal(text, 8)


def test_unit_1_more_decimals_than_there_are_is_refused_not_rounded() -> None:
    with pytest.raises(DecimalError, match=r'"0\.015" has more than 2 decimals'):
        parse_decimal("0.015", 2)


def test_unit_1_absurdly_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(DecimalError, match="at most 40 characters, this has 1000000"):
        parse_decimal("1" * 1_000_000, 8)


def test_unit_1_rates_are_in_trillionths() -> None:
    assert parse_rate("0.0005") == 500_000_000
    assert format_rate(500_000_000) == "0.0005"
