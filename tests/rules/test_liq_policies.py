"""LIQ-10: how a liquidation proceeds is data of the instrument."""

from typing import Any

import pytest

from simulator.core.codec import decode_snapshot, encode_snapshot
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model.enums import LiquidationPolicy
from simulator.core.model.events import (
    LiquidationEnded,
    LiquidationPaused,
    LiquidationResumed,
    LiquidationStepTaken,
    PositionTakenOver,
    TradeExecuted,
)
from simulator.core.model.units import NS_PER_SECOND
from tests.scenario import World, plain, rate

LADDER = "500:0.4%:125 800:1%:50 2%:20"


def leveraged(policy: LiquidationPolicy, tiers: str = LADDER, **terms: Any) -> World:
    """Ann is long 10 at 100, isolated at 10x; 20 are bid for at 91. There is no liquidation fee."""
    world = World(fund="1000")
    fields = {"liquidation_policy": policy, "liquidation_fee_rate": 0} | terms
    world.instrument("BTC", tiers=tiers, **fields)
    world.mark(BTC="100")
    world.account("ann", cross="1000")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC", bids="91 x 20")
    return world


def steps(world: World) -> list[tuple[str, str | None]]:
    """Of each step the quantity, and whether the book was asked."""
    return [
        (plain(each.quantity, 3), None if each.order_id is None else "offered")
        for each in world.happened(LiquidationStepTaken)
    ]


def test_liq_10_the_ladder_goes_down_tier_by_tier() -> None:
    """At 90.7 of 907 the part above 800 goes: 1.18, and what is left is safe in tier 2."""
    world = leveraged(LiquidationPolicy.LADDER)
    world.mark(BTC="90.7")
    assert steps(world) == [("1.18", "offered")]
    (step,) = world.happened(LiquidationStepTaken)
    assert step.policy == LiquidationPolicy.LADDER
    assert (step.tier, plain(step.maintenance_margin, 8)) == (3, "7.14")
    assert plain(step.call_margin, 8) == "8.925"
    assert world.happened(LiquidationEnded)[0].outcome.name == "RECOVERED"


def test_liq_10_full_close_takes_all_of_a_position_at_once() -> None:
    world = leveraged(LiquidationPolicy.FULL_CLOSE)
    world.mark(BTC="90.7")
    assert steps(world) == [("10", "offered")]
    assert world.position("ann", "BTC") is None
    assert world.happened(LiquidationEnded)[0].outcome.name == "CLOSED"


def test_liq_10_takeover_only_asks_no_book() -> None:
    world = leveraged(LiquidationPolicy.TAKEOVER_ONLY)
    world.mark(BTC="90.7")
    assert steps(world) == [("10", None)]
    assert world.happened(TradeExecuted) == []
    (taken,) = world.happened(PositionTakenOver)
    assert plain(taken.notional, 8) == "900", "907 less the 7 of equity"
    assert world.fund() == "1000"
    assert world.balance("ann") == "900"


# -- percent steps ---------------------------------------------------------------------------------

ONE = "2%:20"


def in_steps(tiers: str = ONE, bids: str = "91 x 20", mark: str = "91.1") -> World:
    world = leveraged(LiquidationPolicy.PERCENT_STEPS, tiers)
    world.maker("BTC", bids=bids)
    world.mark(BTC=mark)
    return world


def test_liq_10_percent_steps_take_a_fifth_and_wait() -> None:
    """11 are left of 18.2 maintenance; a fifth is sold, the rest waits 30 seconds."""
    world = in_steps()
    assert steps(world) == [("2", "offered")]
    (paused,) = world.happened(LiquidationPaused)
    assert paused.resume_ns == world.time_ns + 30 * NS_PER_SECOND
    assert world.exchange.next_due() == paused.resume_ns
    assert world.position("ann", "BTC") == ("8", "800")
    world.mark(BTC="91")
    assert steps(world) == [], "nothing happens while it waits"
    world.buy("ann", "BTC", "1")
    assert world.reason() == "LIQUIDATION_IN_PROGRESS"


def test_liq_10_then_all_of_the_rest_goes() -> None:
    world = in_steps()
    world.wait(30)
    assert len(world.happened(LiquidationResumed)) == 1
    assert steps(world) == [("8", "offered")]
    assert world.position("ann", "BTC") is None
    assert world.happened(LiquidationEnded)[0].outcome.name == "CLOSED"
    assert world.exchange.next_due() is None


def test_liq_10_a_unit_cured_while_it_waits_recovers_when_it_is_assessed_again() -> None:
    world = in_steps()
    world.mark(BTC="95")
    assert world.happened(LiquidationEnded) == []
    world.wait(30)
    assert steps(world) == []
    assert world.happened(LiquidationEnded)[0].outcome.name == "RECOVERED"
    assert world.position("ann", "BTC") == ("8", "800")


def test_liq_10_without_equity_nothing_waits() -> None:
    world = in_steps()
    world.mark(BTC="85")
    assert steps(world) == [("8", None)]
    assert world.happened(LiquidationEnded)[0].outcome.name == "CLOSED"
    assert world.position("ann", "BTC") is None


def test_liq_10_a_first_step_that_recovers_does_not_wait() -> None:
    """A fifth is enough where the tier below has a tenth of the rate."""
    world = in_steps("800:0.2%:125 2%:20", mark="90.2")
    assert steps(world) == [("2", "offered")]
    assert world.happened(LiquidationPaused) == []
    assert world.happened(LiquidationEnded)[0].outcome.name == "RECOVERED"


def test_liq_10_what_the_book_does_not_take_of_a_step_the_fund_does() -> None:
    world = in_steps(bids="91 x 0.5")
    (taken,) = world.happened(PositionTakenOver)
    assert taken.quantity == 1_500
    assert len(world.happened(LiquidationPaused)) == 1


@pytest.mark.parametrize("part", ["1%", "99.99%"])
def test_liq_10_a_part_is_whole_lots_and_leaves_no_less_than_the_minimum(part: str) -> None:
    world = leveraged(
        LiquidationPolicy.PERCENT_STEPS,
        ONE,
        liquidation_step_rate=rate(part),
        lot_size=100,
        min_quantity=100,
    )
    world.mark(BTC="91.1")
    assert steps(world) == [("0.1" if part == "1%" else "10", "offered")]


def test_liq_10_a_snapshot_remembers_who_waits() -> None:
    world = in_steps()
    restored = Exchange(decode_snapshot(encode_snapshot(world.exchange.state)))
    assert restored.next_due() == world.exchange.next_due()
    command = c.AdvanceTime(world.time_ns + 40 * NS_PER_SECOND)
    events = world.exchange.execute(command.time_ns, command)
    assert restored.execute(command.time_ns, command) == events
    assert any(isinstance(event, LiquidationEnded) for event in events)


def test_liq_10_each_position_of_a_unit_follows_its_own_policy() -> None:
    """Both lose: BTC goes in steps and waits, ETH, whose maintenance is smaller, goes at once."""
    world = World(fund="1000")
    world.instrument("BTC", tiers=ONE, liquidation_policy=LiquidationPolicy.PERCENT_STEPS)
    world.instrument("ETH", tiers=ONE, liquidation_policy=LiquidationPolicy.FULL_CLOSE)
    world.mark(BTC="100", ETH="100")
    world.account("ann", cross="150")
    world.account("bob", cross="100000")
    for symbol, size in (("BTC", "10"), ("ETH", "5")):
        world.sell("bob", symbol, size, at="100", leverage=1)
        world.buy("ann", symbol, size, leverage=20, mode="CROSS")
        world.buy("bob", symbol, size, at="91", leverage=1)
    world.mark(BTC="91.5", ETH="91.5")
    assert steps(world) == [("2", "offered"), ("5", "offered")]
    assert world.position("ann", "BTC") == ("8", "800")
    world.wait(30)
    assert steps(world) == [("8", "offered")]
