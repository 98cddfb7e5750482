"""What a loan costs: whole hours, each rounded up; and the level of a wallet with debts."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.core.model.units import NS_PER_HOUR, RATE_ONE
from simulator.core.rules import borrowing_terms
from tests.scenario import amount, rate

amounts = st.integers(0, 10**18)
rates = st.integers(0, rate("1%"))


def test_sixteen_thousand_at_0_03_percent_a_day() -> None:
    """16,000 USDT at 0.03 % a day: 4.80 a day, 0.20 an hour."""
    charge = borrowing_terms.interest_charge(amount("16000"), rate("0.03%"))
    assert charge == amount("0.2")
    assert borrowing_terms.interest_for_hours(amount("16000"), rate("0.03%"), 24) == amount("4.8")


def test_an_hour_is_charged_at_once_and_then_at_each_clock_hour() -> None:
    half_past = 7 * NS_PER_HOUR + NS_PER_HOUR // 2
    for until, charges in (
        (half_past, 1),
        (8 * NS_PER_HOUR - 1, 1),
        (8 * NS_PER_HOUR, 2),
        (9 * NS_PER_HOUR, 3),
    ):
        assert borrowing_terms.charges_between(half_past, until) == charges
    on_the_hour = 7 * NS_PER_HOUR
    assert borrowing_terms.charges_between(on_the_hour, on_the_hour) == 1
    assert borrowing_terms.charges_between(on_the_hour, 8 * NS_PER_HOUR) == 2


@given(amounts, rates, st.integers(0, 1_000))
def test_a_loan_never_costs_less_than_its_rate_and_at_most_a_unit_more_an_hour(
    principal: int, daily_rate: int, charges: int
) -> None:
    exact = principal * daily_rate * charges
    cost = borrowing_terms.interest_for_hours(principal, daily_rate, charges) * 24 * RATE_ONE
    assert exact <= cost <= exact + charges * 24 * RATE_ONE


def test_the_level_of_the_guides_example() -> None:
    """4,000 at five times: 20,000 of assets against 16,000 of debt is a level of 1.25."""
    assert borrowing_terms.margin_level(amount("20000"), amount("16000")) == rate("1.25")
    assert borrowing_terms.margin_level(amount("20000"), 0) is None
    assert borrowing_terms.exact_debt_margin(amount("16000"), rate("1.1")) == (
        amount("1600") * RATE_ONE
    )
