"""MARG-1 to MARG-8: the risk of a unit, on the exchange itself and by hand."""

import pytest

from simulator.core import views
from simulator.core.model.instruments import RiskTier
from simulator.core.model.risk_tiers import derive_deductions
from simulator.core.rules.liquidation_price import (
    LiquidationPrice,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from tests.scenario import World, amount, rate, tier_rows

TIERS = "2000:0.4%:125 10000:1%:50 5%:10"


def cross_world(ann: str = "1000", tiers: str = TIERS) -> World:
    world = World()
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol, tiers=tiers)
    world.account("ann", cross=ann)
    world.account("bob", cross="1000000")
    world.mark(BTC="100", ETH="100")
    for symbol in ("BTC", "ETH"):
        world.mode("ann", symbol, "CROSS")
    return world


def long(world: World, symbol: str, quantity: str, at: str = "100", leverage: int = 10) -> None:
    """Ann buys from bob, who asks just that."""
    world.sell("bob", symbol, quantity, at=at, leverage=1)
    world.buy("ann", symbol, quantity, at=at, leverage=leverage)


def short(world: World, symbol: str, quantity: str, at: str = "100", leverage: int = 10) -> None:
    world.buy("bob", symbol, quantity, at=at, leverage=1)
    world.sell("ann", symbol, quantity, at=at, leverage=leverage)


# -- MARG-1 to MARG-3 ----------------------------------------------------------------------------


def test_marg_1_equity_is_assets_and_upnl_of_all_positions() -> None:
    world = cross_world()
    long(world, "BTC", "10")
    short(world, "ETH", "5")
    assert world.risk("ann")["equity"] == "1000"
    world.mark(BTC="103", ETH="96")
    assert world.risk("ann")["equity"] == "1050"  # + 30 + 20
    world.mark(BTC="91", ETH="108")
    assert world.risk("ann")["equity"] == "870"  # - 90 - 40


@pytest.mark.parametrize(
    ("quantity", "maintenance"),
    [
        ("0.01", "0.004"),
        ("20", "8"),  # the cap belongs to its tier
        ("20.01", "8.01"),
        ("50", "38"),  # 5,000 x 1% - 12
        ("100", "88"),
        ("100.01", "88.05"),
        ("200", "588"),  # 20,000 x 5% - 412
    ],
)
def test_marg_2_maintenance_by_tiers(quantity: str, maintenance: str) -> None:
    """cum_2 = 2,000 x 0.6% = 12, cum_3 = 12 + 10,000 x 4% = 412; short or long alike."""
    world = cross_world("100000")
    short(world, "BTC", quantity, leverage=1)
    assert world.risk("ann")["maintenance"] == maintenance


def test_marg_2_deductions_follow_from_the_table() -> None:
    deductions = [tier.deduction for tier in derive_deductions(list(tier_rows(TIERS)))]
    assert deductions == [0, amount("12"), amount("412")]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "at least one tier"),
        ([(1, None, rate("1%"), 10)], "floor 1 should be 0"),
        ([(0, 10**9, rate("1%"), 10)], "has no cap"),
        ([(0, None, rate("1%"), 10), (0, None, rate("2%"), 5)], "has no cap"),
        ([(0, 10**9, rate("1%"), 10), (10**8, None, rate("2%"), 5)], "floor 100000000"),
        ([(0, 0, rate("1%"), 10), (0, None, rate("2%"), 5)], "above its floor"),
        ([(0, 10**9, rate("1%"), 10), (10**9, None, rate("1%"), 5)], "should rise"),
        ([(0, None, 0, 10)], "should rise"),
        ([(0, 10**9, rate("1%"), 10), (10**9, None, rate("2%"), 11)], "should fall"),
        ([(0, None, rate("1%"), 0)], "should fall"),
        ([(0, None, rate("11%"), 10)], "below 1/10"),
    ],
)
def test_marg_2_a_table_is_checked(
    rows: list[tuple[int, int | None, int, int]], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        derive_deductions(rows)


def test_marg_3_the_call_margin_is_maintenance_over_the_call_ratio() -> None:
    world = cross_world()
    long(world, "BTC", "50")
    assert world.risk("ann")["maintenance"] == "38"
    assert world.risk("ann")["call"] == "47.5"


def test_marg_3_lines_of_several_positions_are_rounded_up_once() -> None:
    """0.4% of 0.00107 twice is 856 minor units; each alone would round 428.0 up to itself."""
    world = cross_world()
    world.mark(BTC="1.07", ETH="1.07")
    for symbol in ("BTC", "ETH"):
        long(world, symbol, "0.001", at="1.07")
    assert world.risk("ann")["maintenance"] == "0.00000856"
    assert world.risk("ann")["call"] == "0.0000107"


# -- MARG-4, MARG-5 ------------------------------------------------------------------------------


def test_marg_4_the_larger_side_of_position_and_orders_counts() -> None:
    """max(|p + B|, |p - S|) / L."""
    world = cross_world("10000")
    long(world, "BTC", "10")
    assert world.risk("ann")["initial"] == "100"
    world.buy("ann", "BTC", "10", at="90")
    assert world.risk("ann")["initial"] == "190"
    world.sell("ann", "BTC", "10", at="110")
    assert world.risk("ann")["initial"] == "190"
    world.sell("ann", "BTC", "20", at="110")
    assert world.risk("ann")["initial"] == "230", "|1,000 - 3,300| / 10"
    assert world.risk("ann")["free"] == "9770"


def test_marg_4_a_resting_sell_is_assumed_above_the_last_price() -> None:
    """max(last x 1.0015, mark, price): the last trade was at 100, its assumption is 100.15."""
    world = cross_world("10000")
    short(world, "BTC", "1")
    long(world, "BTC", "1")
    world.sell("ann", "BTC", "10", at="99")
    assert world.exchange.state.instruments[1].last_price == 10_000
    assert world.risk("ann")["initial"] == "110.15", "and an open loss of 10 x (100 - 99)"
    world.cancel_all("ann")
    world.sell("ann", "BTC", "10", at="105")
    assert world.risk("ann")["initial"] == "105"


def test_marg_4_open_loss_counts_for_what_opens_only() -> None:
    """Pro rata of the orders beyond the position."""
    world = cross_world("10000")
    long(world, "BTC", "6")
    world.sell("ann", "BTC", "8", at="98")
    # |600 - 8 x 100.15| / 10 is less than 600 / 10; a quarter of 8 x (100 - 98)
    assert world.risk("ann")["initial"] == "64"


def test_marg_4_leverage_is_capped_by_the_tier() -> None:
    world = cross_world("100000")
    long(world, "BTC", "15", leverage=125)
    assert world.risk("ann")["initial"] == "12"
    world.mark(BTC="140")
    assert world.risk("ann")["initial"] == "42", "2,100 is in the tier of 50x"


def test_marg_4_initial_is_never_under_call() -> None:
    world = cross_world("100000", tiers="0.9%:111")
    long(world, "BTC", "100", leverage=111)
    assert world.risk("ann")["initial"] == world.risk("ann")["call"] == "112.5"


def test_marg_4_orders_that_only_reduce_need_nothing() -> None:
    world = cross_world()
    long(world, "BTC", "10")
    world.sell("ann", "BTC", "10", at="101", reduce_only=True)
    world.sell("ann", "BTC", "4", at="102")
    assert world.risk("ann")["initial"] == "100"


@pytest.mark.parametrize(
    ("cross", "quantity", "reason"),
    [
        # 10x at 0.1%: bought at the ask of 101, marked at 100
        ("11.101", "1", None),  # 10 of margin, 1 of loss, 0.101 of fee
        ("11.10099999", "1", "INSUFFICIENT_MARGIN"),
        ("111.01", "10", None),
        ("111", "10", "INSUFFICIENT_MARGIN"),
    ],
)
def test_marg_5_an_order_pays_its_fills_their_fees_and_their_loss(
    cross: str, quantity: str, reason: str | None
) -> None:
    world = World()
    world.instrument("BTC", taker_fee_rate=rate("0.1%"))
    world.account("ann", cross=cross)
    world.mark(BTC="100")
    world.maker("BTC", asks="101 x 1000")
    world.buy("ann", "BTC", quantity, leverage=10, mode="CROSS")
    assert world.reason() == reason


def test_marg_5_walks_the_book_and_rests_the_rest() -> None:
    """1 at 100, then 2 rest at 99: 10 and 19.8, all of it."""
    world = cross_world("29.8")
    world.sell("bob", "BTC", "1", at="98")
    world.buy("ann", "BTC", "3", at="99", leverage=10)
    assert world.risk("ann")["free"] == "2"  # 29.8 + 2 of profit - 29.8
    world.cancel_all("ann")
    world.buy("ann", "BTC", "2.202", at="99")
    assert world.reason() is None
    assert world.risk("ann")["free"] == "0.0002"


def test_marg_5_a_reducing_order_is_accepted_without_free_collateral() -> None:
    world = cross_world("105")
    long(world, "BTC", "10")
    world.mark(BTC="97")
    assert world.risk("ann")["free"] == "-22"
    world.buy("ann", "BTC", "0.001", at="97")
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("22.0097"), 0)
    world.sell("ann", "BTC", "10", at="98")
    assert world.reason() is None
    world.sell("ann", "BTC", "0.001", at="98")
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("22"), 0), "it could open"


# -- MARG-6 to MARG-8 ----------------------------------------------------------------------------


def test_marg_6_the_margin_ratio_is_one_at_liquidation_and_none_without_equity() -> None:
    world = cross_world("100")
    long(world, "BTC", "10")
    cross = world.wallet("ann").wallet_id
    assert views.wallet_view(world.exchange.state, cross).margin_ratio == rate("0.04")
    world.halt("BTC")  # so that it is not liquidated while we look
    world.exchange.state.instruments[1].mark_price = 9_036
    assert views.wallet_view(world.exchange.state, cross).margin_ratio == rate("1.004")
    world.exchange.state.instruments[1].mark_price = 9_000
    assert views.wallet_view(world.exchange.state, cross).margin_ratio is None


def line(quantity: int, entry: int, wallet: int, **other: int) -> UnitLine:
    """Quantities and prices in whole units; amounts are quantity times price."""
    pnl, maintenance = other.get("pnl", 0), other.get("maintenance", 0)
    return UnitLine(quantity, quantity * entry, 1, wallet, pnl, maintenance)


ONE = derive_deductions([(0, None, rate("1%"), 50)])
TWO = derive_deductions([(0, 1_000_000, rate("1%"), 50), (1_000_000, None, rate("5%"), 10)])


@pytest.mark.parametrize(
    ("unit", "tiers", "mark", "found"),
    [
        # EP (1 - s/L) / (1 - s MMR), a long's rounded up, a short's down
        (line(100, 10_000, 100_000), ONE, 10_000, LiquidationPrice(9_091, None, "ok")),
        (line(-100, 10_000, 100_000), ONE, 10_000, LiquidationPrice(None, 10_891, "ok")),
        # exact roots are not rounded
        (line(100, 9_900, 0), ONE, 10_500, LiquidationPrice(10_000, None, "ok")),
        # a long that is paid for
        (line(100, 10_000, 1_000_000), ONE, 10_000, LiquidationPrice(None, None, "never")),
        # at its line, or under it
        (line(100, 9_900, 0), ONE, 10_000, LiquidationPrice(None, None, "already")),
        (line(100, 10_000, 100_000), ONE, 9_090, LiquidationPrice(None, None, "already")),
        (line(100, 10_000, 100_000), ONE, 9_091, LiquidationPrice(9_091, None, "ok")),
        # the tier of the root counts, not the tier of now: 200 x 5,000 ends the first
        (line(200, 10_000, 1_100_000), TWO, 10_000, LiquidationPrice(4_546, None, "ok")),
        (line(200, 10_000, 900_000), TWO, 10_000, LiquidationPrice(5_579, None, "ok")),
        (line(-100, 9_000, 300_000), TWO, 9_000, LiquidationPrice(None, 11_809, "ok")),
        # other positions of the unit: what they gained, what they require
        (
            line(100, 10_000, 100_000, pnl=-20_000, maintenance=10_000 * 10**12),
            ONE,
            10_000,
            LiquidationPrice(9_394, None, "ok"),
        ),
    ],
)
def test_marg_7_liquidation_price(
    unit: UnitLine, tiers: tuple[RiskTier, ...], mark: int, found: LiquidationPrice
) -> None:
    assert liquidation_price(unit, tiers, mark) == found


@pytest.mark.parametrize(
    ("unit", "price"),
    [
        (line(100, 10_000, 100_000), 9_000),
        (line(-100, 10_000, 100_000), 11_000),
        (line(300, 10_000, 100_000), 9_667),  # a long's up
        (line(-300, 10_000, 100_000), 10_333),  # a short's down
        (line(100, 10_000, 1_000_000), None),
        (line(-100, 10_000, -1_000_001), None),
        (line(100, 10_000, 100_000, pnl=-20_000), 9_200),
    ],
)
def test_marg_8_bankruptcy_price(unit: UnitLine, price: int | None) -> None:
    assert bankruptcy_price(unit) == price


def test_marg_8_in_cross_both_prices_know_of_the_rest_of_the_unit() -> None:
    world = cross_world("300")
    long(world, "BTC", "10")
    short(world, "ETH", "10")
    world.mark(BTC="100", ETH="105")
    views_of = views.positions_of(world.exchange.state, world.names["ann"])
    btc = views_of[0]
    # (300 - 50 - 4.2 - 1000) / (10 x 0.004 - 10)
    assert btc.liquidation_price == 7_573, "75.7229, a long's rounded up"
    assert btc.bankruptcy_price == 7_500
