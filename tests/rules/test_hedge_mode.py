"""WAL-3, MARG-2, MARG-4, MARG-7 in hedge mode: a long and a short position side by side."""

import pytest

from simulator.core import views
from simulator.core.model import commands as c
from simulator.core.model.enums import PositionMode, Side
from simulator.core.model.events import MarginCallIssued, PositionModeSet
from tests.scenario import ONE_TIER, World, amount


def hedge_world(mode: str = "CROSS", cross: str = "1000", tiers: str = ONE_TIER) -> World:
    world = World(fund="1000")
    world.instrument("BTC", tiers)
    world.account("ann", cross=cross)
    world.mark(BTC="100")
    world.maker("BTC", bids="100 x 1000", asks="100.01 x 1000")
    world.mode("ann", "BTC", mode)
    world.leverage("ann", "BTC", 10)
    world.hedge("ann")
    return world


def both_sides(world: World, long: str = "10", short: str = "10") -> None:
    world.buy("ann", "BTC", long, of="LONG")
    assert world.reason() is None
    world.sell("ann", "BTC", short, of="SHORT")
    assert world.reason() is None


def test_wal_3_position_mode_changes_only_without_any_position_or_order() -> None:
    world = hedge_world()
    ann = world.names["ann"]
    assert world.run(c.SetPositionMode(ann, PositionMode.HEDGE)) == (), "it is so already"
    world.buy("ann", "BTC", "1", at="90", of="LONG")
    assert world.open_orders("ann") == ["3 BUY 1 BTC at 90"]
    world.run(c.SetPositionMode(ann, PositionMode.ONE_WAY))
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    world.cancel("ann", 3)
    both_sides(world)
    world.run(c.SetPositionMode(ann, PositionMode.ONE_WAY))
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    world.sell("ann", "BTC", "10", of="LONG")
    world.buy("ann", "BTC", "10", of="SHORT")
    changed = world.run(c.SetPositionMode(ann, PositionMode.ONE_WAY))
    assert changed == (PositionModeSet(ann, PositionMode.ONE_WAY),)
    world.run(c.SetPositionMode(99, PositionMode.HEDGE))
    assert world.reason() == "UNKNOWN_ACCOUNT"


def test_wal_3_an_order_names_its_position_in_hedge_mode_and_only_there() -> None:
    world = hedge_world()
    world.buy("ann", "BTC", "1")
    assert world.reason() == "POSITION_SIDE_MISMATCH"
    world.account("bob", cross="1000")
    world.buy("bob", "BTC", "1", of="LONG")
    assert world.reason() == "POSITION_SIDE_MISMATCH"
    world.buy("ann", "BTC", "1", of="LONG", reduce_only=True)
    assert world.reason() == "INVALID_COMBINATION", "it would open"
    world.run(c.ReplaceQuotes(world.names["ann"], world.symbols["BTC"], ((9_000, 1),), ()))
    assert world.reason() == "POSITION_SIDE_MISMATCH", "quotes name no position"


@pytest.mark.parametrize("mode", ["CROSS", "ISOLATED"])
def test_wal_3_both_sides_stand_side_by_side_and_close_apart(mode: str) -> None:
    world = hedge_world(mode)
    both_sides(world, "10", "4")
    assert world.position("ann", "BTC", "LONG") == ("10", "1000.1")
    assert world.position("ann", "BTC", "SHORT") == ("-4", "-400")
    world.sell("ann", "BTC", "3", of="LONG")
    assert world.position("ann", "BTC", "LONG") == ("7", "700.07")
    assert world.position("ann", "BTC", "SHORT") == ("-4", "-400")
    world.buy("ann", "BTC", "9", of="SHORT")
    assert world.position("ann", "BTC", "SHORT") is None, "it closes four, and never flips"
    assert world.position("ann", "BTC", "LONG") == ("7", "700.07")
    world.buy("ann", "BTC", "1", of="SHORT")
    assert world.reason() == "REDUCE_ONLY_WITHOUT_POSITION"
    assert world.total() == 0


def test_wal_4_each_side_of_an_isolated_hedge_has_its_own_wallet() -> None:
    world = hedge_world("ISOLATED")
    both_sides(world, "10", "4")
    assert world.balance("ann", at=("BTC", "LONG")) == "100.01"
    assert world.balance("ann", at=("BTC", "SHORT")) == "40"
    assert world.balance("ann") == "859.99"
    world.mark(BTC="91")
    assert world.risk("ann", ("BTC", "LONG"))["equity"] == "9.91"
    assert world.risk("ann", ("BTC", "SHORT"))["equity"] == "76"
    world.maker("BTC", bids="90 x 1000", asks="90.01 x 1000")
    world.mark(BTC="90.1")
    assert world.position("ann", "BTC", "LONG") is None, "liquidated"
    assert world.position("ann", "BTC", "SHORT") == ("-4", "-400"), "the other is no part of it"
    assert world.balance("ann") == "859.99", "nor is CROSS"


def test_marg_2_both_legs_of_a_hedge_need_maintenance() -> None:
    world = hedge_world()
    both_sides(world)
    risk = world.risk("ann")
    assert risk["maintenance"] == "8", "0.4 % of 1,000, twice"
    assert risk["equity"] == "999.9"


def test_marg_4_a_hedge_bears_initial_margin_on_each_side_alone() -> None:
    world = hedge_world()
    both_sides(world, "10", "4")
    assert world.risk("ann")["initial"] == "140", "1,000 / 10 and 400 / 10"
    world.buy("ann", "BTC", "2", at="90", of="LONG")
    assert world.risk("ann")["initial"] == "158", "the bid adds 180 / 10 to its side"
    world.sell("ann", "BTC", "6", at="110", of="LONG")
    assert world.risk("ann")["initial"] == "158", "what closes needs nothing"
    world.sell("ann", "BTC", "1", at="110", of="SHORT")
    assert world.risk("ann")["initial"] == "169"


def test_marg_4_one_way_nets_what_a_hedge_adds_up() -> None:
    world = hedge_world()
    both_sides(world)
    world.account("bob", cross="1000")
    world.mode("bob", "BTC", "CROSS")
    world.buy("bob", "BTC", "10", leverage=10)
    world.sell("bob", "BTC", "10")
    assert world.risk("bob")["initial"] == "0"
    assert world.risk("ann")["initial"] == "200"


def test_marg_5_a_preview_is_what_happens_in_a_hedge() -> None:
    world = hedge_world(cross="240")
    both_sides(world)
    state = world.exchange.state
    order = world.order("ann", "BTC", Side.SELL, "4", of="SHORT")
    seen = views.preview(state, order)
    assert (seen.accepted, seen.position_quantity) == (False, 0)
    assert seen.needed == amount("40")
    assert seen.available == amount("39.9")
    order = world.order("ann", "BTC", Side.SELL, "3", of="SHORT")
    seen = views.preview(state, order)
    world.run(order)
    short = views.positions_of(state, world.names["ann"])[1]
    assert seen.position_quantity == -short.quantity
    assert seen.liquidation_price == short.liquidation_price


def test_ord_2_the_cap_of_a_tier_is_each_sides_own() -> None:
    world = hedge_world(cross="100000", tiers="2000:0.4%:125 1%:5")
    both_sides(world, "15", "15")
    world.buy("ann", "BTC", "6", of="LONG")
    assert world.refused() == ("POSITION_LIMIT", amount("2100"), amount("2000"))


def test_wal_3_leverage_of_a_hedge_must_cover_both_sides() -> None:
    world = hedge_world(cross="300")
    both_sides(world, "10", "15")
    world.leverage("ann", "BTC", 5)
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("250"), amount("49.9"))
    world.deposit("ann", "300")
    world.leverage("ann", "BTC", 5)
    assert world.reason() is None
    assert world.risk("ann")["initial"] == "500"


def test_ord_5_closing_orders_shrink_with_their_own_position() -> None:
    world = hedge_world()
    both_sides(world, "10", "10")
    world.sell("ann", "BTC", "8", at="105", of="LONG")
    world.buy("ann", "BTC", "8", at="95", of="SHORT")
    world.sell("ann", "BTC", "6", of="LONG")
    assert world.open_orders("ann") == ["5 SELL 4 BTC at 105", "6 BUY 8 BTC at 95"]
    world.sell("ann", "BTC", "4", of="LONG")
    assert world.open_orders("ann") == ["6 BUY 8 BTC at 95"]


STEEP = "1000:1%:100 5000:5%:20 10%:10"


def steep_world() -> World:
    """Tiers that rise under a hedge of 10 by 10, which 30 USDT carry."""
    world = hedge_world(cross="30", tiers="1%:100")
    world.leverage("ann", "BTC", 100)
    both_sides(world, "10", "10")
    return world


def test_marg_7_a_hedge_can_be_liquidated_by_a_rally() -> None:
    """Its equity is fixed, 29.9; the maintenance of both legs rises: 2 (10 P 5% - 40) = 29.9."""
    world = steep_world()
    world.tiers("BTC", STEEP)
    for leg in views.positions_of(world.exchange.state, world.names["ann"]):
        assert leg.liquidation_status == "ok"
        assert (leg.liquidation_below, leg.liquidation_above) == (None, 10_990)
        assert leg.liquidation_price == 10_990
        assert leg.bankruptcy_price is None, "nothing the mark does changes what it is worth"


def test_marg_7_a_cross_hedge_may_have_a_price_below_and_one_above() -> None:
    """11 long, 10 short, 29.89 + (P - 100) of equity.

    Below, both legs in the first tier: 29.89 + P - 100 = 0.21 P; above, both in the second:
    29.89 + P - 100 = 1.05 P - 80.
    """
    world = steep_world()
    world.buy("ann", "BTC", "1", of="LONG")
    world.tiers("BTC", STEEP)
    for leg in views.positions_of(world.exchange.state, world.names["ann"]):
        assert (leg.liquidation_below, leg.liquidation_above) == (8_875, 19_780)
        assert leg.liquidation_price == 8_875, "the nearer one"
        assert leg.bankruptcy_price == 7_011


def test_liq_3_of_a_cross_hedge_the_larger_leg_is_reduced_first() -> None:
    """Both legs need the same, so the long one goes first, down to its tier (LIQ-3)."""
    world = steep_world()
    world.tiers("BTC", STEEP)
    world.maker("BTC", bids="109.9 x 1000", asks="109.91 x 1000")
    called = [each for each in world.mark(BTC="109.9") if isinstance(each, MarginCallIssued)]
    assert called[0].liquidation_price is None, "it is at its line already"
    assert world.position("ann", "BTC", "LONG") == ("9.099", "909.99099")
    assert world.position("ann", "BTC", "SHORT") == ("-9.099", "-909.9")
    assert world.total() == 0


def test_wal_7_a_reset_closes_both_sides_of_a_hedge() -> None:
    world = hedge_world()
    both_sides(world)
    world.run(c.ResetAccount(world.names["ann"], amount("500")))
    assert world.reason() is None
    assert world.position("ann", "BTC", "LONG") is None
    assert world.position("ann", "BTC", "SHORT") is None
    assert world.balance("ann") == "500"
    world.buy("ann", "BTC", "1", of="LONG")
    assert world.reason() is None, "settings stay"
