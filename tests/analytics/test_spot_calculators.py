"""Calculators on spot instruments say what the exchange then does with the money that was lent."""

import random
from typing import Any

import pytest

from simulator.analytics import calculators, carrying_costs, cross_unit
from simulator.analytics.calculators import Contract, LeverageTooHighError, Trade
from simulator.analytics.cross_unit import Debt, Marked
from simulator.core import views
from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import WorldParameters
from tests.scenario import amount, plain, rate
from tests.spot_scenario import SpotWorld

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
LEVELS = WorldParameters().isolated_levels
CALL_RATIO = WorldParameters().call_ratio


def open_world(**terms: Any) -> SpotWorld:
    """ETH at 2,000 with deep pools; bob quotes whatever is asked for."""
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", **terms)
    for asset, what in (("ETH", "1000000"), ("USDT", "1000000000")):
        world.pool(asset, what)
    world.account("bob", spot="1000000000")
    world.deposit("bob", "1000000", "SPOT", "ETH")
    world.mark(ETHUSDT="2000")
    return world


def contract_of(world: SpotWorld, fee: str = "0") -> Contract:
    return Contract(world.record("ETHUSDT").terms, (), rate(fee), LEVELS)


def trade(contract: Contract, side: PositionSide, quantity: str, entry: str) -> Trade:
    return Trade(contract, side, round(float(quantity) * 1000), round(float(entry) * 100))


def test_marg_7_of_the_rule_books_pair() -> None:
    """10 ETH with 18,000 owed at 10x: 18,000 * 1.05 / 10 = 1,890, and nothing is left at 1,800.
    9 ETH sold for 18,000 with 2,000 of margin: 20,000 / (9 * 1.05) = 2,116.40, and 2,222.22."""
    contract = contract_of(open_world())
    long = calculators.liquidation(trade(contract, LONG, "10", "2000"), 10)
    assert (long.liquidation_price, long.bankruptcy_price) == (189_000, 180_000)
    assert (long.initial_margin, long.cost) == (amount("2000"), amount("2000"))
    assert long.distance_rate == rate("5.5%")
    short = calculators.liquidation(trade(contract, SHORT, "9", "2000"), 10)
    assert (short.liquidation_price, short.bankruptcy_price) == (211_640, 222_222)
    assert short.initial_margin == amount("2000")
    more = calculators.liquidation(trade(contract, LONG, "10", "2000"), 10, amount("1000"))
    assert more.liquidation_price == 179_000  # (18,900 - 1,000) / 10


def test_marg_3_lines_of_a_pair_are_those_of_its_product() -> None:
    """18,000 owed: called at 10% of it, liquidated at 5%. A short owes what it sold."""
    contract = contract_of(open_world(), "0.1%")
    needed = calculators.margin_needed(trade(contract, LONG, "10", "2000"), 10, CALL_RATIO)
    assert needed == tuple(map(amount, ("20000", "2000", "20", "2020", "1800", "900")))
    short = calculators.margin_needed(trade(contract, SHORT, "8", "2000"), 5, CALL_RATIO)
    assert short == tuple(map(amount, ("16000", "4000", "16", "4016", "3040", "2400")))


def test_what_was_bought_with_own_money_is_never_liquidated() -> None:
    lines = calculators.liquidation(trade(contract_of(open_world()), LONG, "1", "2000"), 1)
    assert lines.initial_margin == amount("2000")
    assert (lines.liquidation_price, lines.bankruptcy_price) == (None, None)
    assert lines.maintenance_margin == 0


def test_a_hundred_pairs_opened_for_real() -> None:
    dice = random.Random(5)
    world = open_world(price_band_rate=rate("20%"))
    contract = contract_of(world, "0.1%")
    cross = "10000000"
    for number in range(100):
        name, side = f"trader {number}", dice.choice([LONG, SHORT])
        leverage = dice.choice([3, 5, 10])
        entry, size = dice.randint(150_000, 250_000), dice.randint(1, 50_000)
        one = Trade(contract, side, size, entry)
        price, quantity = plain(entry, 2), plain(size, 3)
        world.account(name, cross=cross, taker_fee_rate=rate("0.1%"))
        world.mark(ETHUSDT=price)
        level = f"{price} x {quantity}"
        book = {"asks": level} if side is LONG else {"bids": level}
        world.quotes("bob", "ETHUSDT", **book)
        world.mode(name, "ETHUSDT", "ISOLATED")
        deal = world.buy if side is LONG else world.sell
        deal(name, "ETHUSDT", quantity, at=price, tif="FOK", leverage=leverage)
        (pair,) = [
            each
            for each in views.account_wallets(world.exchange.state, world.names[name])
            if each.instrument_id is not None
        ]
        lines = calculators.liquidation(one, leverage)
        (eth,) = [each for each in pair.assets if each.asset_id != 1]
        assert lines.liquidation_price == eth.liquidation_price
        assert lines.maintenance_margin == pair.maintenance_margin
        needed = calculators.margin_needed(one, leverage, CALL_RATIO)
        assert needed.call_margin == pair.call_margin
        taken = amount(cross) - amount(world.balance(name))
        assert 0 <= taken - lines.cost <= 1, "costs are rounded up once"


def test_bor_5_leverages_are_products_and_fall_with_what_is_owed() -> None:
    """IR 1.1264 is 8.91x, so beyond 10,000 owed 5x is the most."""
    tiers = ((amount("10"), amount("10000"), rate("1.111")), (None, None, rate("1.1264")))
    contract = contract_of(open_world(margin_tiers=tiers))
    small, large = (trade(contract, LONG, each, "2000") for each in ("5.5", "5.6"))
    assert calculators.liquidation(small, 10).initial_margin == amount("1100")
    with pytest.raises(LeverageTooHighError) as caught:
        calculators.liquidation(large, 10)
    assert caught.value.highest == 5
    for side, leverage, allowed in ((LONG, 4, "1, 3, 5, 10"), (SHORT, 1, "3, 5, 10")):
        with pytest.raises(ValueError, match=f"should be one of {allowed}"):
            calculators.profit(trade(contract, side, "1", "2000"), 200_000, leverage)
    with pytest.raises(LeverageTooHighError):
        calculators.liquidation(trade(contract, SHORT, "10.001", "2000"), 10)
    assert calculators.largest_position(contract, amount("5000"), 200_000, 10) == 5_555
    assert calculators.largest_position(contract, amount("1000"), 200_000, 10) == 5_000
    with pytest.raises(ValueError, match="should be one of"):
        calculators.largest_position(contract, amount("1000"), 200_000, 7)
    assert calculators.largest_position(contract, amount("2000"), 200_000, 1) == 1_000


def test_profit_target_and_size_are_as_for_a_perpetual() -> None:
    """By hand: 1 ETH from 2,000 to 2,100 at 0.1%: 100 - 2 - 2.10; a fifth of 2,000 is own."""
    contract = contract_of(open_world(), "0.1%")
    long = trade(contract, LONG, "1", "2000")
    result = calculators.profit(long, 210_000, 5)
    assert (result.net, result.roi) == (amount("95.9"), rate("23.975%"))
    price = calculators.target_price(long, 0)
    assert price is not None
    assert calculators.net_profit(long, price) >= 0 > calculators.net_profit(long, price - 1)
    short = calculators.target_price(trade(contract, SHORT, "1", "2000"), amount("100"))
    assert short is not None
    assert 189_000 < short < 190_000
    sizing = calculators.size_from_risk(contract, amount("100"), 200_000, 190_500)
    assert sizing.highest_leverage == 10, "the stop is met before 1,890"
    sizing = calculators.size_from_risk(contract, amount("100"), 200_000, 185_000)
    assert sizing.highest_leverage == 5
    assert calculators.average_entry(contract.terms, LONG, [(1_000, 200_000)]).quantity == 1_000


def test_funding_is_refused_on_spot() -> None:
    one = trade(contract_of(open_world()), LONG, "1", "2000")
    with pytest.raises(ValueError, match="ETHUSDT is a spot instrument: only perpetuals pay"):
        carrying_costs.funding_cost(one, 1, 8, 8)


def test_marg_7_of_assets_in_cross_is_as_the_exchange_has_it() -> None:
    """Ann holds 10 ETH and owes 16,000 at 5x; Cid owes 4 ETH and holds their price and 4,000."""
    world = open_world()
    contract = contract_of(world)
    for name in ("ann", "cid"):
        world.account(name, cross="4000")
        world.mode(name, "ETHUSDT", "CROSS")
        world.product(name, 5)
    world.quotes("bob", "ETHUSDT", asks="2000 x 10")
    world.buy("ann", "ETHUSDT", "10")
    world.quotes("bob", "ETHUSDT", bids="2000 x 4")
    world.sell("cid", "ETHUSDT", "4")
    world.mark(ETHUSDT="1990")
    levels = (rate("1.16"), rate("1.1"))
    for name, side, quantity, balance, owed in (
        ("ann", LONG, "10", "0", "16000"),
        ("cid", SHORT, "4", "12000", "0"),
    ):
        unit = Marked(trade(contract, side, quantity, "2000"), 199_000)
        debt = Debt(amount(owed), *levels)
        found = cross_unit.cross_liquidation(unit, amount(balance), [], debt, CALL_RATIO)
        seen = views.wallet_view(world.exchange.state, world.wallet(name).wallet_id)
        (eth,) = [each for each in seen.assets if each.asset_id != 1]
        assert found.liquidation_price == eth.liquidation_price
        assert found.equity == seen.equity
        assert found.call_margin == seen.call_margin
        assert found.maintenance_margin == seen.maintenance_margin
        assert found.margin_level == seen.margin_level
        assert found.bankruptcy_price is not None


def test_marg_6_an_asset_stands_for_a_loan() -> None:
    """By hand: 1 ETH at 2,000 and 500 USDT, 1,000 owed: equity 1,500, level 2,500 / 1,000; at
    X the level is 1.1 where X + 500 = 1,100, and nothing is left where X + 500 = 1,000."""
    contract = contract_of(open_world())
    unit = Marked(trade(contract, LONG, "1", "2000"), 200_000)
    debt = Debt(amount("1000"), rate("1.16"), rate("1.1"))
    found = cross_unit.cross_liquidation(unit, amount("500"), [], debt, CALL_RATIO)
    assert (found.equity, found.margin_level) == (amount("1500"), rate("2.5"))
    assert (found.liquidation_price, found.bankruptcy_price) == (60_000, 50_000)
    assert found.call_margin == amount("160")
    owing = Marked(trade(contract, SHORT, "1", "2000"), 200_000)
    found = cross_unit.cross_liquidation(owing, amount("3000"), [], debt, CALL_RATIO)
    assert found.equity == 0
    assert found.status == "already"
