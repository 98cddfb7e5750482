"""TIME: the order of things inside one moment, and work that is paged."""

import pytest

from simulator.core.model.commands import (
    AdvanceTime,
    CancelAllOrders,
    ContinueSweep,
    Deposit,
    SetIndexPrices,
)
from simulator.core.model.enums import Side
from simulator.core.model.events import (
    FundUnloadScheduled,
    LiquidationStarted,
    MarginCallEnded,
    MarginCallIssued,
    SweepPaged,
    TimeAdvanced,
)
from tests.scenario import World, amount
from tests.story import story


def crowd(leverages: dict[str, int], page_size: int = 500) -> World:
    """Each is long 10 BTC at 100, isolated at its leverage; nobody bids."""
    world = World(fund="100000", page_size=page_size)
    world.instrument("BTC")
    world.mark(BTC="100")
    for name, leverage in leverages.items():
        world.account(name, cross="1000")
        world.maker("BTC", asks="100 x 10")
        world.buy(name, "BTC", "10", leverage=leverage)
    world.maker("BTC")
    return world


def liquidated(world: World) -> list[str]:
    return [world.name_of(each.account_id) for each in world.happened(LiquidationStarted)]


# -- TIME-1 --------------------------------------------------------------------------------------


def test_time_1_without_equity_first_the_larger_deficit_before_the_smaller() -> None:
    """At 90.3: ann has 3 left; bob is 47 short, eve 77, joe 17."""
    world = crowd({"ann": 10, "bob": 20, "eve": 50, "joe": 13})
    world.mark(BTC="90.3")
    assert liquidated(world) == ["eve", "bob", "joe", "ann"]


def test_time_1_then_by_margin_ratio_then_by_id() -> None:
    world = crowd({"ann": 10, "bob": 10, "eve": 10})
    world.transfer("ann", "0.2", "CROSS", "ISOLATED", at=("BTC", "LONG"))
    world.mark(BTC="90.3")
    assert liquidated(world) == ["bob", "eve", "ann"]


def test_time_1_isolated_before_cross() -> None:
    """At the same ratio, though the cross wallet is the older one."""
    world = World()
    world.instrument("BTC")
    world.mark(BTC="100")
    for name, mode, deposit in (("ann", "CROSS", "100"), ("bob", "ISOLATED", "100")):
        world.account(name, cross=deposit)
        world.maker("BTC", asks="100 x 10")
        world.buy(name, "BTC", "10", leverage=10, mode=mode)
    world.maker("BTC")
    world.mark(BTC="90.3")
    assert liquidated(world) == ["bob", "ann"]


def test_time_1_warnings_come_after_all_liquidations() -> None:
    world = crowd({"ann": 9, "bob": 10, "eve": 20})
    world.mark(BTC="89.3")
    kinds = [
        type(event).__name__
        for event in world.events
        if isinstance(event, LiquidationStarted | MarginCallIssued)
    ]
    assert kinds == [
        "MarginCallIssued",
        "LiquidationStarted",
        "MarginCallIssued",
        "LiquidationStarted",
        "MarginCallIssued",
    ]
    assert world.name_of(world.happened(MarginCallIssued)[-1].account_id) == "ann"


def test_time_1_a_unit_touched_by_a_liquidation_is_assessed_next() -> None:
    """Bob bids above the mark; what he buys of ann brings him to his call line."""
    world = crowd({"ann": 10})
    world.account("bob", cross="14.5")
    world.mark(BTC="91")
    world.buy("bob", "BTC", "10", at="91.35", leverage=100, mode="CROSS")
    world.mark(BTC="90.3")
    assert liquidated(world) == ["ann"]
    assert world.position("bob", "BTC") == ("10", "913.5")
    called = [world.name_of(call.account_id) for call in world.happened(MarginCallIssued)]
    assert called == ["ann", "bob"]


def test_time_1_time_goes_in_steps_that_end_where_something_is_due() -> None:
    world = crowd({"ann": 10, "bob": 8})
    world.mark(BTC="90.2")  # the fund takes over ann's, and offers it each minute
    start = world.exchange.state.time_ns
    world.wait(150)
    moments = [event.time_ns - start for event in world.happened(TimeAdvanced)]
    assert [moment // 10**9 for moment in moments] == [60, 120, 150]
    assert len(world.happened(FundUnloadScheduled)) == 2


def test_time_1_world_time_never_goes_backwards() -> None:
    world = crowd({"ann": 10})
    now = world.exchange.state.time_ns
    world.exchange.execute(now - 5_000_000_000, ContinueSweep())
    assert world.exchange.state.time_ns == now


# -- TIME-2 --------------------------------------------------------------------------------------

NAMES = {"ann": 10, "bob": 20, "eve": 50, "joe": 13, "zoe": 9}


def test_time_2_a_page_leaves_the_rest_in_order_for_the_next() -> None:
    world = crowd(NAMES, page_size=2)
    world.mark(BTC="89.3")
    assert liquidated(world) == ["eve", "bob"]
    waiting = world.happened(SweepPaged)[-1].wallet_ids
    owners = [world.name_of(world.exchange.state.wallets[each].account_id) for each in waiting]
    assert owners[:3] == ["joe", "ann", "zoe"], "those to be liquidated, then the warning"
    world.run(ContinueSweep())
    assert liquidated(world) == ["joe", "ann"]
    world.run(ContinueSweep())
    assert [world.name_of(call.account_id) for call in world.happened(MarginCallIssued)] == ["zoe"]
    assert world.happened(SweepPaged)[-1].wallet_ids == ()
    assert world.exchange.state.pending_sweep == []


def test_time_2_nothing_else_happens_in_between() -> None:
    world = crowd(NAMES, page_size=1)
    world.mark(BTC="89.3")
    for command in (
        SetIndexPrices(((1, 10_000),)),
        Deposit(world.wallet("ann").wallet_id, 1, amount("100")),
        CancelAllOrders(world.names["ann"]),
        world.order("ann", "BTC", Side.BUY, "1", at="80"),
        AdvanceTime(world.time_ns + 10**12),
    ):
        world.run(command)
        assert world.reason() == "SWEEP_IN_PROGRESS"
        assert len(world.events) == 1
    assert world.exchange.state.instruments[1].mark_price == 8_930


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 500])
def test_time_2_pages_change_nothing_but_the_pace(page_size: int) -> None:
    world = crowd(NAMES, page_size=page_size)
    told = []
    world.mark(BTC="89.3")
    told += story(world)
    while world.exchange.state.is_paging:
        world.run(ContinueSweep())
        told += story(world)
    whole = crowd(NAMES)
    whole.mark(BTC="89.3")
    assert [line for line in told if line != "SweepPaged"] == story(whole)


def test_time_2_a_page_counts_what_is_done_not_who_is_looked_at() -> None:
    """Many are near the price that moved, and nothing is to be done about them."""
    world = crowd({f"trader {number}": 3 for number in range(12)}, page_size=1)
    for name in list(world.names):
        if name.startswith("trader"):
            world.deposit(name, "0.01")
    world.mark(BTC="70")
    assert world.happened(SweepPaged) == []
    assert world.happened(MarginCallIssued, MarginCallEnded) == []


def test_time_2_ties_are_broken_by_sequence() -> None:
    """Equal in everything, the older wallet first; and the same on every run."""
    first = crowd({"ann": 10, "bob": 10, "eve": 10})
    first.mark(BTC="90.2")
    second = crowd({"ann": 10, "bob": 10, "eve": 10})
    second.mark(BTC="90.2")
    assert first.events == second.events
    assert liquidated(first) == ["ann", "bob", "eve"]
    assert first.fund() == second.fund()
    assert amount(first.fund()) == amount("100000")
