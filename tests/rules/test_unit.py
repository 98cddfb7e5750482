"""UNIT: how numbers are held, and whom each rounding favors."""

from typing import Any

import pytest
from msgspec.structs import replace

from simulator.core.model.commands import DefineAsset, ListInstrument
from simulator.core.model.events import TradeExecuted
from simulator.core.model.instruments import Asset
from simulator.core.model.units import (
    divide_down,
    divide_half_even,
    divide_up,
    part_of,
    rate_of_down,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from tests.scenario import BTC_ASSET, World, amount, instrument_terms, rate, tier_rows


def two_traders(maker_rate: str = "0", taker_rate: str = "0") -> World:
    world = World()
    world.instrument("BTC", maker_fee_rate=rate(maker_rate), taker_fee_rate=rate(taker_rate))
    world.account("ann", cross="1000000")
    world.account("bob", cross="1000000")
    world.mark(BTC="100")
    return world


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"price_decimals": 5, "quantity_decimals": 3, "notional_multiplier": 1}, None),
        ({"price_decimals": 6, "notional_multiplier": 1}, "INVALID_TERMS"),
        ({"notional_multiplier": 10}, "INVALID_TERMS"),
        ({"tick_size": 0}, "INVALID_TERMS"),
        ({"lot_size": 0}, "INVALID_TERMS"),
        ({"lot_size": 10, "min_quantity": 5}, "INVALID_TERMS"),
        ({"min_quantity": 10, "max_market_quantity": 5}, "INVALID_TERMS"),
        ({"price_band_rate": 0}, "INVALID_TERMS"),
        ({"default_leverage": 126}, "INVALID_TERMS"),
        ({"instrument_id": 0}, "INVALID_TERMS"),
    ],
)
def test_unit_1_terms_must_make_every_notional_exact(
    changes: dict[str, Any], reason: str | None
) -> None:
    """UNIT-1: quote.decimals >= price_decimals + quantity_decimals."""
    world = World()
    terms = replace(instrument_terms(1, "BTC"), **changes)
    world.run(ListInstrument(terms, tier_rows("0.4%:125")))
    assert world.reason() == reason


@pytest.mark.parametrize(("decimals", "reason"), [(0, None), (10, None), (11, "INVALID_TERMS")])
def test_unit_1_an_asset_has_at_most_ten_decimals(decimals: int, reason: str | None) -> None:
    world = World()
    world.run(DefineAsset(Asset(7, "ABC", decimals)))
    assert world.reason() == reason


def test_unit_1_prices_may_be_finer_than_a_tick() -> None:
    """A mark of one price unit is kept, though orders must be on the tick of ten."""
    world = World()
    world.instrument("BTC", tick_size=10)
    world.account("ann", cross="1000")
    world.mark(BTC="100.01")
    assert world.exchange.state.instruments[1].mark_price == 10_001
    world.buy("ann", "BTC", "1", at="100.01")
    assert world.reason() == "PRICE_NOT_ON_TICK"


@pytest.mark.parametrize(
    ("trades", "positions"),
    [
        # buys and sells as (side, quantity, price), the position after each
        (
            [("BUY", "0.003", "100.01"), ("SELL", "0.001", "110"), ("SELL", "0.001", "90.5")],
            [("0.003", "0.30003"), ("0.002", "0.20002"), ("0.001", "0.10001")],
        ),
        (
            [("BUY", "0.001", "100.01"), ("BUY", "0.002", "100.02"), ("SELL", "0.001", "100")],
            [("0.001", "0.10001"), ("0.003", "0.30005"), ("0.002", "0.20003334")],
        ),
        (
            [("SELL", "0.001", "100.01"), ("SELL", "0.002", "100.02"), ("BUY", "0.001", "100")],
            [("-0.001", "-0.10001"), ("-0.003", "-0.30005"), ("-0.002", "-0.20003334")],
        ),
        (
            [("BUY", "0.003", "100.01"), ("SELL", "0.005", "100.03")],
            [("0.003", "0.30003"), ("-0.002", "-0.20006")],
        ),
    ],
)
def test_unit_2_a_partial_close_takes_out_its_share_and_the_remainder_stays(
    trades: list[tuple[str, str, str]], positions: list[tuple[str, str]]
) -> None:
    world = two_traders()
    cash = 0
    for (side, quantity, price), after in zip(trades, positions, strict=True):
        other = world.sell if side == "BUY" else world.buy
        taken = world.buy if side == "BUY" else world.sell
        other("bob", "BTC", quantity, at=price)
        taken("ann", "BTC", quantity, at=price)
        trade = world.happened(TradeExecuted)[0]
        cash -= trade.taker_side * trade.quantity * trade.price * 1_000
        assert world.position("ann", "BTC") == after
    realized = world.exchange.state.ledger.balance(1_001, 1)
    ann, bob = world.position_of("ann", "BTC"), world.position_of("bob", "BTC")
    assert ann is not None
    assert bob is not None
    assert realized == -ann.entry_notional - bob.entry_notional, "PnL is exact against the entries"


def test_unit_2_all_of_a_close_in_pieces_is_exactly_exit_less_entry() -> None:
    world = two_traders()
    world.sell("bob", "BTC", "0.007", at="100.01")
    world.buy("ann", "BTC", "0.007", leverage=1)
    for price in ("99.99", "100.01", "100.02", "100.03", "99.98", "100", "100.07"):
        world.buy("bob", "BTC", "0.001", at=price)
        world.sell("ann", "BTC", "0.001", at=price)
    assert world.position("ann", "BTC") is None
    assert world.balance("ann") == "1000000.00003"  # sold for 0.7001, bought for 0.70007


@pytest.mark.parametrize(
    ("numerator", "denominator", "down", "up", "half_even"),
    [
        (7, 2, 3, 4, 4),
        (5, 2, 2, 3, 2),
        (-5, 2, -3, -2, -2),
        (-7, 2, -4, -3, -4),
        (6, 3, 2, 2, 2),
        (10, 4, 2, 3, 2),
        (11, 4, 2, 3, 3),
        (7, -2, -4, -3, -4),
    ],
)
def test_unit_3_each_division_names_its_rounding(
    numerator: int, denominator: int, down: int, up: int, half_even: int
) -> None:
    assert divide_down(numerator, denominator) == down
    assert divide_up(numerator, denominator) == up
    assert divide_half_even(numerator, denominator) == half_even


def test_unit_3_shares_and_steps() -> None:
    assert (rate_of_up(10, rate("0.25")), rate_of_down(10, rate("0.25"))) == (3, 2)
    assert (part_of(10, 1, 3), part_of(-10, 1, 3)) == (3, -3)
    assert (round_up_to(11, 5), round_down_to(14, 5), round_up_to(15, 5)) == (15, 10, 15)


@pytest.mark.parametrize(
    ("maker_rate", "taker_rate", "maker_paid", "taker_paid"),
    [
        # a notional of 0.10001: 0.02% of it is 0.0000200020, in minor units 2000.2
        ("0.0002", "0.0005", "0.00002001", "0.00005001"),
        ("-0.0002", "0.0005", "-0.00002", "0.00005001"),
        ("0", "0", "0", "0"),
    ],
)
def test_unit_3_a_payer_rounds_up_and_a_receiver_down(
    maker_rate: str, taker_rate: str, maker_paid: str, taker_paid: str
) -> None:
    world = two_traders(maker_rate, taker_rate)
    world.sell("bob", "BTC", "0.001", at="100.01", leverage=1)
    world.buy("ann", "BTC", "0.001", at="100.01", leverage=1)
    trade = world.happened(TradeExecuted)[0]
    assert trade.maker_fee == amount(maker_paid)
    assert trade.taker_fee == amount(taker_paid)


def test_unit_4_an_instrument_settles_in_the_valuation_asset() -> None:
    world = World()
    terms = instrument_terms(1, "BTC", quote_asset_id=BTC_ASSET)
    world.run(ListInstrument(terms, tier_rows("0.4%:125")))
    assert world.reason() == "UNKNOWN_ASSET"
