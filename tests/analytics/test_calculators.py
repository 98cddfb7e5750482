"""Calculators say what the exchange then does, and their answers are the best there are.

Opened positions are compared with real ones; prices and sizes that are solved for are compared
with their neighbors: one tick or lot further must no longer do.
"""

import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.analytics import calculators
from simulator.analytics.calculators import Contract, LeverageTooHighError, Trade
from simulator.core import views
from simulator.core.model.enums import PositionSide
from simulator.core.model.risk_tiers import derive_deductions, tier_at
from tests.scenario import World, amount, instrument_terms, plain, rate, tier_rows

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
FEE: Final = rate("0.05%")
TIERS: Final = "50000:0.4%:100 500000:0.5%:50 5000000:1%:20 5%:5"
CONTRACT: Final = Contract(
    instrument_terms(1, "BTC", tick_size=10, lot_size=5),
    derive_deductions(list(tier_rows(TIERS))),
    FEE,
)
"""Ticks of 0.10, lots of 0.005."""

sides = st.sampled_from([LONG, SHORT])
prices = st.integers(1_000, 100_000).map(lambda ticks: ticks * 10)
quantities = st.integers(1, 1_000).map(lambda lots: lots * 5)
contracts = st.integers(0, rate("0.2%")).map(lambda fee: CONTRACT._replace(fee_rate=fee))
trades = st.builds(Trade, contracts, sides, quantities, prices)


def test_a_thousand_positions_opened_for_real() -> None:
    dice = random.Random(20200312)
    world = World()
    world.instrument("BTC", TIERS, max_quantity=10**9, price_band_rate=rate("10%"))
    record = world.exchange.state.instruments[1]
    contract = Contract(record.terms, record.tiers, FEE)
    for number in range(1_000):
        entry = dice.randint(10_000, 5_000_000)
        quantity = dice.randint(1, 2_000)
        side = dice.choice([LONG, SHORT])
        trade = Trade(contract, side, quantity, entry)
        leverage = dice.randint(1, tier_at(contract.tiers, trade.notional).max_leverage)
        name, price, size = f"trader {number}", plain(entry, 2), plain(quantity, 3)
        world.account(name, cross="100000000", taker_fee_rate=FEE)
        world.mark(BTC=price)
        world.maker(
            "BTC",
            asks=f"{price} x {size}" if side is LONG else "",
            bids="" if side is LONG else f"{price} x {size}",
        )
        deal = world.buy if side is LONG else world.sell
        deal(name, "BTC", size, at=price, tif="FOK", leverage=leverage)
        (position,) = views.positions_of(world.exchange.state, world.names[name])
        lines = calculators.liquidation(trade, leverage)
        assert lines.liquidation_price == position.liquidation_price
        assert lines.bankruptcy_price == position.bankruptcy_price
        assert lines.maintenance_margin == position.maintenance_margin
        assert lines.cost == amount("100000000") - amount(world.balance(name))


@given(trades, st.integers(-(10**11), 10**11))
def test_the_target_is_the_first_price_that_does(trade: Trade, wanted: int) -> None:
    def net(price: int) -> int:
        return calculators.profit(trade, price, 1).net

    tick = CONTRACT.terms.tick_size
    found = calculators.target_price(trade, wanted)
    if found is None:
        assert trade.side is SHORT
        assert net(tick) < wanted
        return
    assert found % tick == 0
    assert net(found) >= wanted
    nearer = found - trade.side * tick
    assert nearer <= 0 or net(nearer) < wanted


def test_break_even_pays_both_fees() -> None:
    """20,000 at 0.05 %: 10.00 to open, 10.01 to close at 20,020.1 (the first tick that pays)."""
    found = calculators.target_price(Trade(CONTRACT, LONG, 1_000, 2_000_000), 0)
    assert found == 2_002_010


@given(contracts, prices, prices, st.integers(1, 10**13))
def test_the_size_risks_what_was_asked_and_a_lot_more_would_not(
    contract: Contract, entry: int, stop: int, risked: int
) -> None:
    if entry == stop:
        with pytest.raises(ValueError, match="the stop should be below the entry of a long"):
            calculators.size_from_risk(contract, risked, entry, stop)
        return
    side = LONG if stop < entry else SHORT

    def loss(quantity: int) -> int:
        return -calculators.profit(Trade(contract, side, quantity, entry), stop, 1).net

    sizing = calculators.size_from_risk(contract, risked, entry, stop)
    lot = CONTRACT.terms.lot_size
    assert sizing.quantity % lot == 0
    assert sizing.loss_at_stop <= risked
    assert loss(sizing.quantity + lot) > risked
    if sizing.quantity:
        trade = Trade(contract, side, sizing.quantity, entry)
        assert sizing.loss_at_stop == loss(sizing.quantity)
        assert sizing.notional == trade.notional
        assert sizing.highest_leverage == calculators.leverage_for_stop(trade, stop)
    else:
        assert sizing == (0, 0, 0, None)


@given(trades, st.integers(1, 90))
def test_the_leverage_leaves_the_stop_before_the_liquidation(trade: Trade, percent: int) -> None:
    stop = trade.entry - trade.side * trade.entry * percent // 100
    highest = calculators.leverage_for_stop(trade, stop)

    def is_safe(leverage: int) -> bool:
        price = calculators.liquidation(trade, leverage).liquidation_price
        return price is None or (stop > price if trade.side is LONG else stop < price)

    if highest is None:
        assert not is_safe(1)
        return
    assert is_safe(highest)
    allowed = tier_at(CONTRACT.tiers, trade.notional).max_leverage
    assert highest == allowed or not is_safe(highest + 1)


@given(contracts, prices, st.integers(1, 10**15), st.integers(1, 100))
def test_the_largest_position_takes_all_there_is_but_less_than_a_lot(
    contract: Contract, price: int, balance: int, leverage: int
) -> None:
    quantity = calculators.largest_position(contract, balance, price, leverage)

    def is_possible(size: int) -> bool:
        try:
            lines = calculators.liquidation(Trade(contract, LONG, size, price), leverage)
        except LeverageTooHighError:
            return False
        return lines.cost <= balance

    assert quantity == 0 or is_possible(quantity)
    assert not is_possible(quantity + CONTRACT.terms.lot_size)


@pytest.mark.parametrize("leverage", [0, -1, 101])
def test_a_leverage_that_no_tier_has_is_refused(leverage: int) -> None:
    with pytest.raises(LeverageTooHighError, match="should be between 1 and 100"):
        Trade(CONTRACT, LONG, 5, 10_000).initial_margin(leverage)
    with pytest.raises(LeverageTooHighError, match="should be between 1 and 100"):
        calculators.largest_position(CONTRACT, 10**12, 10_000, leverage)


def test_more_margin_moves_the_line_away() -> None:
    trade = Trade(CONTRACT, LONG, 1_000, 2_000_000)
    plainly = calculators.liquidation(trade, 10)
    topped = calculators.liquidation(trade, 10, amount("100"))
    assert (plainly.liquidation_price, topped.liquidation_price) == (1_807_229, 1_797_189)
    assert topped.bankruptcy_price == 1_790_000
    assert topped.cost - plainly.cost == amount("100")


def test_with_no_leverage_a_long_is_not_liquidated_above_zero() -> None:
    lines = calculators.liquidation(Trade(CONTRACT, LONG, 1_000, 2_000_000), 1)
    assert (lines.liquidation_price, lines.bankruptcy_price, lines.distance_rate) == (None,) * 3
