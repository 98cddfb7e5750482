"""FND: the premium, the rate, and who pays whom at the stamp."""

from fractions import Fraction
from typing import Any

import pytest

from simulator.core.model import commands as c
from simulator.core.model.accounts import FUNDING, INSURANCE_FUND
from simulator.core.model.enums import MarkMethod, TransferKind
from simulator.core.model.events import (
    FundingCompleted,
    FundingPaid,
    FundingSettled,
    FundingSkipped,
    LiquidationStarted,
    MarginCallIssued,
    Transferred,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from simulator.core.rules import funding, sampling
from tests.scenario import World, amount, instrument_terms, plain, rate

HOURS_8 = 8 * NS_PER_HOUR
LONG = ("BTC", "LONG")


def world_of(fund: str = "0", page_size: int = 500, **terms: Any) -> World:
    """BTC at 100 with funding each 8 hours, and an impact notional of 1,000."""
    world = World(fund=fund, page_size=page_size)
    fields: dict[str, Any] = {
        "funding_interval_ns": HOURS_8,
        "impact_notional": amount("1000"),
    }
    world.instrument("BTC", **(fields | terms))
    world.mark(BTC="100")
    return world


def stamp_of(world: World) -> int:
    stamp = world.record("BTC").next_funding_ns
    assert stamp is not None
    return stamp


def recorded(world: World, text: str) -> None:
    """The coming stamp has this rate."""
    world.run(c.SetFundingRates(((1, rate(text)),)))


def percent(value: int) -> str:
    return plain(value, 10) + "%"


def premium(world: World) -> str:
    record = world.record("BTC")
    assert record.index_price is not None
    notional = sampling.impact_notional(world.exchange.state, 1)
    book = world.exchange.state.books[1]
    return percent(sampling.premium_rate(book, record.terms, notional, record.index_price))


# -- FND-1: the premium ----------------------------------------------------------------------------


def test_fnd_1_impact_prices_are_averages_over_the_impact_notional() -> None:
    """1,000 into the bids: 4 at 102 (408) and 592 at 101: 1000 / (4 + 592/101) = 101.4056..."""
    world = world_of()
    world.maker("BTC", bids="102 x 4, 101 x 100", asks="103 x 100")
    impact = Fraction(1_000) / (4 + Fraction(592, 101))
    assert premium(world) == percent(round((impact / 100 - 1) * 10**12))
    assert premium(world)[:6] == "1.4056"


def test_fnd_1_below_the_index_the_premium_is_the_ask_side() -> None:
    """1,000 from the asks, all at 98: 2% below."""
    world = world_of()
    world.maker("BTC", bids="97 x 100", asks="98 x 100")
    assert premium(world) == "-2%"


def test_fnd_1_a_book_around_the_index_has_no_premium() -> None:
    world = world_of()
    world.maker("BTC", bids="99.99 x 100", asks="100.01 x 100")
    assert premium(world) == "0%"


@pytest.mark.parametrize(("bids", "expected"), [("104 x 9.615", "0%"), ("104 x 9.616", "4%")])
def test_fnd_1_a_side_too_thin_contributes_nothing(bids: str, expected: str) -> None:
    """9.615 * 104 = 999.96 is short of 1,000."""
    world = world_of()
    world.maker("BTC", bids=bids, asks="105 x 100")
    assert premium(world) == expected


def test_fnd_1_the_impact_notional_is_200_times_the_highest_leverage_by_default() -> None:
    world = World()
    world.instrument("BTC", tiers="0.4%:125")
    assert sampling.impact_notional(world.exchange.state, 1) == amount("25000")


# -- FND-1: the rate -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("average", "hours", "expected"),
    [
        ("0%", 8, "0.01%"),  # interest alone
        ("0.02%", 8, "0.01%"),  # pulled back to the interest, within 0.05%
        ("-0.04%", 8, "0.01%"),
        ("0.1%", 8, "0.05%"),  # 0.1% - 0.05%
        ("-0.1%", 8, "-0.05%"),
        ("0.1%", 4, "0.025%"),  # over (8 / hours)
        ("0.1%", 1, "0.00625%"),
        ("5%", 8, "2%"),  # capped
        ("-5%", 8, "-2%"),
        ("5%", 1, "0.61875%"),
    ],
)
def test_fnd_1_the_rate_of_an_average_premium(average: str, hours: int, expected: str) -> None:
    terms = instrument_terms(1, "BTC", funding_interval_ns=hours * NS_PER_HOUR)
    assert percent(funding.funding_rate(terms, rate(average))) == expected


def test_fnd_1_later_samples_weigh_more() -> None:
    """8 hours are 5,760 samples: with a premium of 1% in the second half alone the average is
    (2881 + .. + 5760) / (1 + .. + 5760) = 75% of it, nearly."""
    world = world_of()
    stamp = stamp_of(world)
    world.mark(BTC="100")
    world.go_to(stamp)  # a whole interval from here on
    world.go_to(stamp + HOURS_8 // 2)
    world.maker("BTC", bids="101 x 100", asks="102 x 100")
    world.go_to(stamp + HOURS_8)
    (settled,) = world.happened(FundingSettled)
    weights = range(1, 5_761)
    expected = rate("1%") * sum(weights[2_880:]) / sum(weights)
    assert settled.average_premium == round(expected)
    assert percent(settled.average_premium)[:6] == "0.7499"
    assert settled.rate == settled.average_premium - rate("0.05%")


def test_fnd_1_an_interval_begins_with_no_samples() -> None:
    world = world_of()
    world.maker("BTC", bids="101 x 100", asks="102 x 100")
    world.go_to(stamp_of(world))
    assert world.happened(FundingSettled)[0].average_premium == rate("1%")
    world.maker("BTC")
    world.go_to(stamp_of(world))
    (settled,) = world.happened(FundingSettled)
    assert (settled.average_premium, percent(settled.rate)) == (0, "0.01%")


def test_fnd_1_a_recorded_rate_is_for_the_coming_stamp_alone() -> None:
    world = world_of()
    recorded(world, "-2.5%")
    assert funding.coming_rate(world.record("BTC")) == rate("-2.5%")
    world.go_to(stamp_of(world))
    (settled,) = world.happened(FundingSettled)
    assert (percent(settled.rate), settled.average_premium) == ("-2.5%", None)
    world.go_to(stamp_of(world))
    assert percent(world.happened(FundingSettled)[0].rate) == "0.01%"


@pytest.mark.parametrize(
    ("rates", "reason"),
    [
        (((9, 1),), "UNKNOWN_INSTRUMENT"),
        (((2, 1),), "INVALID_TERMS"),
        (((1, rate("100%")),), "INVALID_AMOUNT"),
    ],
)
def test_fnd_1_a_bad_recorded_rate_refuses_all(
    rates: tuple[tuple[int, int], ...], reason: str
) -> None:
    world = world_of()
    world.instrument("ETH")
    world.run(c.SetFundingRates(((1, rate("1%")), *rates)))
    assert world.reason() == reason
    assert world.record("BTC").recorded_funding_rate is None


# -- FND-2: stamps -----------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [1, 4, 8])
def test_fnd_2_stamps_fall_on_the_clock(hours: int) -> None:
    """The world starts at 22:13:20 UTC."""
    world = world_of(funding_interval_ns=hours * NS_PER_HOUR)
    first = stamp_of(world)
    assert first % (hours * NS_PER_HOUR) == 0
    assert 0 < first - world.time_ns <= hours * NS_PER_HOUR
    assert world.exchange.next_due() == first
    world.go_to(first + 2 * hours * NS_PER_HOUR)
    stamps = [each.stamp_ns for each in world.happened(FundingSettled)]
    assert stamps == [first + each * hours * NS_PER_HOUR for each in range(3)]


def test_fnd_2_before_the_first_index_there_is_no_stamp() -> None:
    world = World()
    world.instrument("BTC", funding_interval_ns=HOURS_8)
    assert world.exchange.next_due() is None


# -- FND-2: payments -----------------------------------------------------------------------------


def positions(world: World) -> None:
    """Ann is long 3 in CROSS, bob long 1 isolated at 10, eve short 4."""
    for name in ("ann", "bob", "eve"):
        world.account(name, cross="1000")
    world.sell("eve", "BTC", "4", at="100", leverage=2)
    world.buy("ann", "BTC", "3", leverage=10, mode="CROSS")
    world.buy("bob", "BTC", "1", leverage=10)


def paid(world: World) -> dict[str, str]:
    return {
        world.name_of(each.account_id): plain(each.amount, 8)
        for each in world.happened(FundingPaid)
    }


def test_fnd_2_longs_pay_shorts_at_mark_and_it_sums_to_zero() -> None:
    world = world_of()
    positions(world)
    world.mark(BTC="110")
    recorded(world, "0.1%")
    world.go_to(stamp_of(world))
    assert paid(world) == {"ann": "0.33", "bob": "0.11", "eve": "-0.44"}
    assert world.balance("ann") == "999.67"
    assert world.balance("bob", at=LONG) == "9.89", "isolated pays from its own wallet"
    assert world.balance("bob") == "990"
    assert world.balance("eve", at=("BTC", "SHORT")) == "200.44"
    (completed,) = world.happened(FundingCompleted)
    assert (plain(completed.paid, 8), completed.remainder) == ("0.44", 0)
    assert world.total() == 0


def test_fnd_2_a_negative_rate_is_paid_by_the_shorts() -> None:
    world = world_of()
    positions(world)
    recorded(world, "-0.1%")
    world.go_to(stamp_of(world))
    assert paid(world) == {"eve": "0.4", "ann": "-0.3", "bob": "-0.1"}
    assert [each.source for each in world.happened(Transferred)][1:] == [FUNDING, FUNDING]


def test_fnd_2_what_rounding_leaves_over_is_the_insurance_funds() -> None:
    """A rate of 1e-12: a payer owes a smallest unit, a receiver gets none."""
    world = world_of()
    positions(world)
    world.run(c.SetFundingRates(((1, 7),)))
    world.go_to(stamp_of(world))
    # ann 3e10 * 7e-12 -> 1, bob 1e10 * 7e-12 -> 1, eve 4e10 * 7e-12 -> 0
    assert sorted(each.amount for each in world.happened(FundingPaid)) == [0, 1, 1]
    assert world.happened(FundingCompleted)[0].remainder == 2
    assert world.fund() == "0.00000002"
    assert world.exchange.state.ledger.balance(FUNDING, VALUATION_ASSET) == 0
    assert world.total() == 0


def test_fnd_2_the_funds_own_position_pays() -> None:
    """Ann is bankrupt at 89: the fund holds her 10 when the stamp comes."""
    world = world_of(fund="1000")
    world.account("ann", cross="1000")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC")
    world.mark(BTC="89")
    before = amount(world.fund())
    recorded(world, "1%")
    world.go_to(stamp_of(world))
    assert paid(world) == {"fund": "8.9", "maker": "-8.9"}
    assert amount(world.fund()) == before - amount("8.9")
    assert world.happened(Transferred)[0].source == INSURANCE_FUND


def test_fnd_2_what_a_balance_lacks_is_settlement_debt() -> None:
    """Isolated at 100x: 1 of margin for 100; 2% funding is 2. (BOR-6)"""
    world = world_of()
    world.account("ann", cross="10")
    world.maker("BTC", asks="100 x 1")
    world.buy("ann", "BTC", "1", leverage=100)
    world.mark(BTC="104")
    recorded(world, "2%")
    world.go_to(stamp_of(world))
    kinds = [event.kind for event in world.happened(Transferred)]
    assert kinds[:2] == [TransferKind.SETTLEMENT, TransferKind.FUNDING]
    risk = world.risk("ann", at=LONG)
    assert risk["equity"] == plain(amount("1") + amount("4") - amount("2.08"), 8)
    assert world.exchange.state.holding(world.wallet("ann", at=LONG).wallet_id).balance == 0


def test_fnd_2_then_units_are_assessed() -> None:
    """Ann has 0.6 to lose before her line: the payment, and no price, liquidates her."""
    world = world_of()
    world.account("ann", cross="10")
    world.maker("BTC", bids="99.5 x 100", asks="100 x 1")
    world.buy("ann", "BTC", "1", leverage=100)
    recorded(world, "0.6%")
    world.go_to(stamp_of(world))
    assert len(world.happened(MarginCallIssued)) == 1
    assert len(world.happened(LiquidationStarted)) == 1
    order = [type(event) for event in world.events]
    assert order.index(FundingCompleted) < order.index(LiquidationStarted)


def test_fnd_2_a_halted_instrument_is_skipped() -> None:
    """MAT-2; the recorded rate is gone with its stamp."""
    world = world_of()
    positions(world)
    recorded(world, "1%")
    world.halt("BTC")
    first = stamp_of(world)
    world.go_to(first)
    assert world.happened(FundingPaid) == []
    (skipped,) = world.happened(FundingSkipped)
    assert (skipped.stamp_ns, skipped.next_stamp_ns) == (first, first + HOURS_8)
    world.reopen("BTC")
    world.go_to(stamp_of(world))
    assert percent(world.happened(FundingSettled)[0].rate) == "0.01%"


def test_fnd_2_mark_and_rate_are_fixed_at_the_stamp() -> None:
    """On a median mark P1 has no funding left to carry at the stamp itself."""
    world = world_of(mark_method=MarkMethod.MEDIAN)
    positions(world)
    recorded(world, "1%")
    world.go_to(stamp_of(world))
    (settled,) = world.happened(FundingSettled)
    assert settled.mark_price == 10_000
    world.mark(BTC="100")
    assert world.mark_of("BTC") == "100", "P1 is 101 from now on, P2 and the last trade 100"


# -- TIME-1, TIME-2 --------------------------------------------------------------------------------


def everything(world: World) -> list[object]:
    """Events but for the clock and the pages."""
    left_out = ("TimeAdvanced", "SweepPaged")
    return [event for event in world.events if type(event).__name__ not in left_out]


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_time_2_pages_of_funding_change_nothing_but_the_pace(page_size: int) -> None:
    """Five payers of whom some are liquidated by it, two stamps at once."""
    told = []
    for size in (page_size, 500):
        world = world_of(page_size=size)
        world.instrument("ETH", funding_interval_ns=HOURS_8)
        world.mark(ETH="10")
        for number in range(5):
            world.account(f"trader {number}", cross="10")
            world.maker("BTC", asks="100 x 1")
            world.buy(f"trader {number}", "BTC", "1", leverage=100 - 20 * number)
        world.maker("BTC")
        world.maker("ETH", asks="10 x 1")
        world.buy("trader 0", "ETH", "1", leverage=10)
        world.run(c.SetFundingRates(((1, rate("0.7%")), (2, rate("0.1%")))))
        world.go_to(stamp_of(world))
        told.append(everything(world))
        assert len(world.happened(FundingCompleted)) == 2
        assert world.happened(LiquidationStarted)
        assert world.total() == 0
    assert told[0] == told[1]


def test_time_2_while_funding_is_paged_nothing_else_happens() -> None:
    world = world_of(page_size=1)
    positions(world)
    recorded(world, "1%")
    stamp = stamp_of(world)
    world.time_ns = stamp - 1_000_000
    world.run(c.AdvanceTime(stamp))
    assert world.exchange.state.is_paging
    assert len(world.happened(FundingPaid)) == 1
    world.mark(BTC="50")
    assert world.reason() == "SWEEP_IN_PROGRESS"
    world.run(c.ContinueSweep())
    assert len(world.happened(FundingPaid)) == 1
    world.run(c.ContinueSweep())
    assert world.happened(FundingCompleted)
    assert not world.exchange.state.is_paging


def test_time_1_index_then_funding_then_units() -> None:
    """At the stamp the index is stale as well: the halt of (1) comes before funding, in (3)."""
    world = world_of(index_staleness_ns=NS_PER_HOUR)
    positions(world)
    stamp = stamp_of(world)
    world.go_to(stamp - NS_PER_HOUR)
    world.time_ns = stamp - NS_PER_HOUR - 1_000_000
    world.mark(BTC="100")
    world.go_to(stamp + NS_PER_SECOND)
    kinds = [type(event).__name__ for event in world.events]
    assert kinds[:3] == ["PricesSampled", "TimeAdvanced", "MarketStateChanged"]
    assert "FundingSkipped" in kinds
