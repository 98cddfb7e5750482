"""A restored exchange goes on exactly as the one it was taken of: same commands, same events.

The orders in which things are kept must not differ: each test is about one of them. The driver
and the state machine of `tests.properties` do the same with random histories.
"""

from simulator.core.codec import decode_snapshot, encode_snapshot
from simulator.core.exchange import Exchange
from simulator.core.model.commands import (
    AdvanceTime,
    AnyCommand,
    CancelAllOrders,
    ContinueSweep,
    SetIndexPrices,
    SetMarketState,
)
from simulator.core.model.enums import MarketState, Side
from simulator.core.model.events import (
    FundUnloadScheduled,
    MarginCallIssued,
    OrderAccepted,
    OrderCanceled,
    SweepPaged,
)
from tests.scenario import Events, World

DAY = 24 * 3_600


def both(world: World, command: AnyCommand) -> Events:
    """Executes on the world and on a restored copy of it; the events must be the same."""
    restored = Exchange(decode_snapshot(encode_snapshot(world.exchange.state)))
    events = world.run(command)
    assert restored.execute(world.time_ns, command) == events
    assert encode_snapshot(restored.state) == encode_snapshot(world.exchange.state)
    assert restored.next_due() == world.exchange.next_due()
    return events


def two_instruments() -> World:
    world = World(fund="1000", page_size=1)
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol)
    for name in ("ann", "bob", "eve"):
        world.account(name, cross="1000")
    world.mark(BTC="100", ETH="100")
    return world


def test_an_order_that_lost_its_place_is_still_canceled_in_order_of_age() -> None:
    world = two_instruments()
    for price in ("97", "98", "99"):
        world.buy("ann", "BTC", "1", at=price)
    world.amend("ann", 1, at="96")
    events = both(world, CancelAllOrders(world.names["ann"]))
    assert [each.order_id for each in events if isinstance(each, OrderCanceled)] == [1, 2, 3]


def test_an_order_that_lost_its_place_trades_later() -> None:
    world = two_instruments()
    for name in ("ann", "bob"):
        world.buy(name, "BTC", "1", at="99")
    world.amend("ann", 1, quantity="2")
    both(world, world.order("eve", "BTC", Side.SELL, "1", at="99"))
    assert world.position("bob", "BTC") == ("1", "99")


def test_the_fund_offers_what_it_holds_in_order_of_instrument() -> None:
    """Though it took ETH over before BTC."""
    world = two_instruments()
    for symbol in ("ETH", "BTC"):
        world.maker(symbol, asks="100 x 10")
        world.buy("ann", symbol, "10", leverage=50)
        world.maker(symbol)
    world.mark(ETH="90")
    world.mark(BTC="90")
    assert world.position("fund", "ETH") is not None
    assert world.position("fund", "BTC") is not None
    events = both(world, AdvanceTime(world.time_ns + 61 * 10**9))
    offered = [each.instrument_id for each in events if isinstance(each, OrderAccepted)]
    assert offered == [1, 2]
    assert any(isinstance(each, FundUnloadScheduled) for each in events)


def test_calls_are_repeated_and_pages_continued() -> None:
    world = two_instruments()
    for name in ("eve", "ann", "bob"):
        world.maker("BTC", asks="100 x 10")
        world.buy(name, "BTC", "10", leverage=10)
    world.maker("BTC")
    both(world, SetIndexPrices(((1, 9_042),)))
    assert len(world.happened(SweepPaged)) == 1
    both(world, ContinueSweep())
    both(world, ContinueSweep())
    assert world.exchange.state.pending_sweep == []
    events = both(world, AdvanceTime(world.time_ns + DAY * 10**9))
    assert [each.repeated for each in events if isinstance(each, MarginCallIssued)] == [True] * 3


def test_a_liquidation_that_stands_still_is_continued() -> None:
    world = two_instruments()
    for symbol in ("BTC", "ETH"):
        world.maker(symbol, asks="100 x 100")
        world.buy("ann", symbol, "50", leverage=20, mode="CROSS")
        world.maker(symbol)
    world.halt("ETH")
    both(world, SetIndexPrices(((1, 8_030),)))
    assert world.wallet("ann").liquidation is not None
    assert world.exchange.state.standing_calls == {}
    both(world, AdvanceTime(world.time_ns + 2 * DAY * 10**9))
    both(world, SetMarketState(2, MarketState.OPEN))
    assert world.wallet("ann").liquidation is None


def test_bounds_filed_at_other_marks_tell_the_same_events() -> None:
    """The watch of a restored exchange holds other bounds than one that lived through it."""

    def near(world: World) -> None:
        for name in ("ann", "bob", "eve"):
            world.maker("BTC", asks="100 x 10")
            world.buy(name, "BTC", "10", leverage=10)
        world.maker("BTC")
        for mark in ("91", "95", "90.6", "99"):
            world.mark(BTC=mark)

    world = two_instruments()
    near(world)
    called: dict[int, list[int]] = {}
    for mark in (9_090, 9_050, 9_046, 9_040, 9_150, 9_030):
        events = both(world, SetIndexPrices(((1, mark),)))
        while world.exchange.state.is_paging:
            events += both(world, ContinueSweep())
        called[mark] = [each.account_id for each in events if isinstance(each, MarginCallIssued)]
    everybody = [world.names[name] for name in ("ann", "bob", "eve")]
    assert called.pop(9_040) == called.pop(9_030) == everybody, "called, cured at 91.5, called"
    assert not any(called.values())
