"""Average entry, margin needed, carrying costs, and a cross unit: against the exchange itself."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.analytics import calculators, carrying_costs, cross_unit
from simulator.analytics.calculators import Contract, LeverageTooHighError, Trade
from simulator.analytics.cross_unit import Debt, Marked
from simulator.core import views
from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import WorldParameters
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.model.units import RATE_ONE
from tests.scenario import World, amount, instrument_terms, plain, rate, tier_rows

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
TIERS = "50000:0.4%:100 500000:0.5%:50 1%:20"
TERMS = instrument_terms(1, "BTC")
CONTRACT = Contract(TERMS, derive_deductions(list(tier_rows(TIERS))), rate("0.05%"))
CALL_RATIO = WorldParameters().call_ratio
NO_DEBT = Debt(0, rate("1.16"), rate("1.1"))


def trade(side: PositionSide, quantity: str, entry: str) -> Trade:
    return Trade(CONTRACT, side, int(float(quantity) * 1000), int(float(entry) * 100))


# -- average entry ---------------------------------------------------------------------------------


def test_unit_2_two_fills_average_by_notional() -> None:
    """0.1 at 20,000 and 0.3 at 18,000 cost 7,400, which is 18,500 each."""
    found = calculators.average_entry(TERMS, LONG, [(100, 2_000_000), (300, 1_800_000)])
    assert found == (400, amount("7400"), 1_850_000, 0)


def test_unit_2_a_reduction_takes_its_share_and_leaves_the_price() -> None:
    fills = [(100, 2_000_000), (300, 1_800_000), (-200, 1_900_000)]
    assert calculators.average_entry(TERMS, LONG, fills) == (
        (200, amount("3700"), 1_850_000, amount("100"))
    )  # fmt: skip
    assert calculators.average_entry(TERMS, SHORT, fills).realized_pnl == amount("-100")


def test_unit_2_nothing_left_has_no_price_and_more_than_all_is_refused() -> None:
    closed = calculators.average_entry(TERMS, SHORT, [(3, 1_000), (-3, 900)])
    assert (closed.quantity, closed.entry_price) == (0, None)
    assert closed.realized_pnl == 3 * 100 * TERMS.notional_multiplier
    with pytest.raises(ValueError, match="more than there is"):
        calculators.average_entry(TERMS, LONG, [(3, 1_000), (-4, 900)])


def test_unit_2_two_hundred_positions_built_for_real() -> None:
    dice = random.Random(7)
    world = World()
    world.instrument("BTC", TIERS, price_band_rate=rate("99%"))
    for number in range(200):
        name, side = f"trader {number}", dice.choice([LONG, SHORT])
        world.account(name, cross="100000000")
        world.mark(BTC="20000")
        fills: list[tuple[int, int]] = []
        held = 0
        for _ in range(dice.randint(1, 5)):
            quantity, price = dice.randint(1, 50), dice.randint(1_900_000, 2_100_000)
            if held > 1 and dice.random() < 0.4:
                quantity = -dice.randint(1, held - 1)
            held += quantity
            fills.append((quantity, price))
            level = f"{plain(price, 2)} x {plain(abs(quantity), 3)}"
            buys = quantity * side > 0
            world.maker("BTC", asks=level if buys else "", bids="" if buys else level)
            deal = world.buy if buys else world.sell
            deal(name, "BTC", plain(abs(quantity), 3), at=plain(price, 2), tif="FOK")
        found = calculators.average_entry(TERMS, side, fills)
        position = world.position_of(name, "BTC")
        assert position is not None
        assert found.quantity == abs(position.quantity)
        assert found.entry_notional == abs(position.entry_notional)
        (seen,) = views.positions_of(world.exchange.state, world.names[name])
        assert found.entry_price == seen.entry_price


# -- margin needed ---------------------------------------------------------------------------------


def test_marg_4_margin_needed_is_what_the_order_then_takes_from_cross() -> None:
    """20,000 at 10x: 2,000 of margin and 10 of fee; called at 100, liquidated at 80."""
    found = calculators.margin_needed(trade(LONG, "1", "20000"), 10, CALL_RATIO)
    assert found == tuple(map(amount, ("20000", "2000", "10", "2010", "100", "80")))
    world = World()
    world.instrument("BTC", TIERS)
    world.account("ann", cross="2010", taker_fee_rate=rate("0.05%"))
    world.mark(BTC="20000")
    world.maker("BTC", asks="20000 x 1")
    world.buy("ann", "BTC", "1", at="20000", leverage=10)
    assert world.balance("ann") == "0"
    assert world.risk("ann", ("BTC", "LONG"))["call"] == "100"
    assert world.risk("ann", ("BTC", "LONG"))["maintenance"] == "80"
    with pytest.raises(LeverageTooHighError):
        calculators.margin_needed(trade(LONG, "1", "20000"), 101, CALL_RATIO)


# -- carrying costs --------------------------------------------------------------------------------


def test_interest_of_the_guides_loan_for_a_day() -> None:
    """16,000 at 0.03 % a day: 0.20 an hour, 25 charges in 24 hours, level 20,000 / 16,005."""
    found = carrying_costs.interest_cost(amount("16000"), rate("0.03%"), 24, amount("20000"))
    assert found[:3] == (25, amount("0.2"), amount("5"))
    assert found.margin_level == amount("20000") * RATE_ONE // amount("16005")
    assert carrying_costs.interest_cost(1, 0, 0).margin_level is None
    with pytest.raises(ValueError, match="negative"):
        carrying_costs.interest_cost(1, 1, -1)


def test_funding_of_a_day_at_0_01_percent() -> None:
    """20,000 at 0.01 %: a long pays 2 every eight hours, a short receives them."""
    long, short = trade(LONG, "1", "20000"), trade(SHORT, "1", "20000")
    assert carrying_costs.funding_cost(long, rate("0.01%"), 24, 8) == (3, amount("2"), amount("6"))
    assert carrying_costs.funding_cost(short, rate("0.01%"), 23, 8).cost == amount("-4")
    assert carrying_costs.funding_cost(long, -1, 8, 8).per_payment == -2  # 2e12 / 1e12, exact
    odd = Trade(CONTRACT, LONG, 1, 1)
    assert carrying_costs.funding_cost(odd, 1, 8, 8).per_payment == 1, "a payer rounds up"
    assert carrying_costs.funding_cost(odd, -1, 8, 8).per_payment == 0, "a receiver rounds down"
    with pytest.raises(ValueError, match="interval"):
        carrying_costs.funding_cost(long, 1, 8, 0)


def test_break_even_with_fees_is_the_target_of_nothing() -> None:
    """Bought at 20,000 with 0.05 % each way: 20,020.02 pays for both, 20,020.01 does not."""
    long = trade(LONG, "1", "20000")
    price = calculators.target_price(long, 0)
    assert price == 2_002_002
    assert calculators.profit(long, price, 1).net >= 0
    assert calculators.profit(long, price - 1, 1).net < 0


# -- a cross unit ----------------------------------------------------------------------------------


def test_marg_7_a_cross_unit_with_another_position_is_as_the_exchange_has_it() -> None:
    dice = random.Random(11)
    compared = 0
    for _ in range(60):
        world = World()
        world.instrument("BTC", TIERS)
        world.instrument("ETH", TIERS)
        world.account("ann", cross=str(dice.randint(2_000, 9_000)))
        world.mark(BTC="20000", ETH="1500")
        marked = []
        for symbol, quantity, price in (
            ("BTC", dice.randint(1, 900), 2_000_000),
            ("ETH", dice.randint(1, 9_000), 150_000),
        ):
            side = dice.choice([LONG, SHORT])
            level = f"{plain(price, 2)} x {plain(quantity, 3)}"
            world.maker(
                symbol, asks=level if side is LONG else "", bids="" if side is LONG else level
            )
            deal = world.buy if side is LONG else world.sell
            deal("ann", symbol, plain(quantity, 3), at=plain(price, 2), mode="CROSS", leverage=20)
            marked.append((symbol, Trade(CONTRACT, side, quantity, price)))
        world.mark(BTC="20050", ETH="1490")
        positions = views.positions_of(world.exchange.state, world.names["ann"])
        if len(positions) < 2:
            continue  # it asked for too much, or was liquidated
        compared += 1
        marks = {"BTC": 2_005_000, "ETH": 149_000}
        units = [Marked(each, marks[symbol]) for symbol, each in marked]
        balance = world.exchange.state.holding(world.wallet("ann").wallet_id).balance
        risk = world.risk("ann")
        for number, seen in enumerate(positions):
            others = units[:number] + units[number + 1 :]
            found = cross_unit.cross_liquidation(
                units[number], balance, others, NO_DEBT, CALL_RATIO
            )
            assert found.liquidation_price == seen.liquidation_price
            assert found.bankruptcy_price == seen.bankruptcy_price
            assert found.status == seen.liquidation_status
            assert plain(found.equity, 8) == risk["equity"]
            assert plain(found.maintenance_margin, 8) == risk["maintenance"]
            assert plain(found.call_margin, 8) == risk["call"]
    assert compared > 20


@given(st.integers(1, 10**4), st.integers(0, 10**12))
def test_marg_7_a_debt_brings_the_line_nearer(quantity: int, owed: int) -> None:
    """At the line, equity is the maintenance of the position and of the debt together."""
    one = Marked(Trade(CONTRACT, LONG, quantity, 2_000_000), 2_000_000)
    balance = amount("100000") + owed
    debt = Debt(owed, rate("1.16"), rate("1.1"))
    free = cross_unit.cross_liquidation(one, amount("100000"), [], NO_DEBT, CALL_RATIO)
    owing = cross_unit.cross_liquidation(one, balance, [], debt, CALL_RATIO)
    assert owing.equity == free.equity
    assert owing.maintenance_margin == free.maintenance_margin + owed // 10 + (owed % 10 > 0)
    if free.liquidation_price is not None:
        assert owing.liquidation_price is not None
        assert owing.liquidation_price >= free.liquidation_price


def test_levels_that_no_debt_could_have_are_refused() -> None:
    one = Marked(trade(LONG, "1", "20000"), 2_000_000)
    for call, line in (("1.05", "1.1"), ("1.1", "0.9")):
        debt = Debt(1, rate(call), rate(line))
        with pytest.raises(ValueError, match="the levels should be 1 or more"):
            cross_unit.cross_liquidation(one, 0, [], debt, CALL_RATIO)
