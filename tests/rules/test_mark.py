"""MARK-1, MARK-3: what moves the mark, and what a stale index does."""

import pytest

from simulator.core.model.commands import SetIndexPrices
from simulator.core.model.events import (
    IndexPriceUpdated,
    LiquidationStarted,
    MarginCallIssued,
    MarkPriceUpdated,
)
from simulator.core.model.units import NS_PER_HOUR
from tests.scenario import World
from tests.story import story

HOUR = 3_600


def two_instruments() -> World:
    world = World()
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol, index_staleness_ns=NS_PER_HOUR if symbol == "ETH" else None)
    world.account("ann", cross="1000")
    world.account("bob", cross="100000")
    world.mark(BTC="100", ETH="100")
    return world


def test_mark_1_all_marks_are_updated_before_anybody_is_assessed() -> None:
    """Long one, short the other: what one loses the other gains, whichever comes first."""
    world = two_instruments()
    world.sell("bob", "BTC", "90", at="100", leverage=1)
    world.buy("ann", "BTC", "90", leverage=50, mode="CROSS")
    world.buy("bob", "ETH", "90", at="100", leverage=1)
    world.sell("ann", "ETH", "90", leverage=50, mode="CROSS")
    world.mark(BTC="60", ETH="60")
    assert [type(event) for event in world.events] == [
        IndexPriceUpdated,
        MarkPriceUpdated,
        IndexPriceUpdated,
        MarkPriceUpdated,
    ]
    assert world.risk("ann")["equity"] == "1000"


def test_mark_1_a_unit_is_assessed_once_for_all_prices_of_a_moment() -> None:
    """Both its positions fall through both lines: one call, one liquidation."""
    world = two_instruments()
    for symbol in ("BTC", "ETH"):
        world.sell("bob", symbol, "90", at="100")
        world.buy("ann", symbol, "90", leverage=50, mode="CROSS")
    world.mark(BTC="94", ETH="94")
    assert len(world.happened(MarginCallIssued)) == 1
    assert len(world.happened(LiquidationStarted)) == 1


def test_mark_1_an_unchanged_index_leaves_the_mark_alone() -> None:
    world = two_instruments()
    world.mark(BTC="100")
    assert story(world) == ["index 100"]


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        (((1, 0),), "INVALID_AMOUNT"),
        (((1, 1 << 62),), "INVALID_AMOUNT"),
        (((9, 100),), "UNKNOWN_INSTRUMENT"),
    ],
)
def test_mark_1_a_bad_price_refuses_the_whole_moment(
    prices: tuple[tuple[int, int], ...], reason: str
) -> None:
    world = two_instruments()
    world.run(SetIndexPrices(((2, 5_000), *prices)))
    assert world.reason() == reason
    assert world.exchange.state.instruments[2].mark_price == 10_000


def test_mark_1_a_stale_index_halts_rather_than_guess() -> None:
    """ETH's index is good for an hour, BTC's for ever."""
    world = two_instruments()
    world.wait(HOUR - 1)
    assert world.exchange.next_due() is not None
    world.buy("bob", "ETH", "1", at="99")
    assert world.reason() is None
    world.wait(1)
    assert "market HALTED STALE_INDEX" in story(world)
    world.buy("bob", "ETH", "1", at="99")
    assert world.reason() == "MARKET_HALTED"
    world.buy("bob", "BTC", "1", at="99")
    assert world.reason() is None
    world.mark(ETH="101")
    assert story(world) == ["index 101", "market OPEN NONE", "mark 101"]


def test_mark_1_an_operators_halt_ends_by_the_operator_alone() -> None:
    world = two_instruments()
    world.halt("ETH")
    world.mark(ETH="90")
    assert story(world) == ["index 90"]
    world.wait(2 * HOUR)
    world.reopen("ETH")
    assert story(world) == ["market HALTED STALE_INDEX"], "the index is too old by now"
    world.mark(ETH="95")
    assert story(world) == ["index 95", "market OPEN NONE", "mark 95"]


def test_mark_3_trades_never_move_the_mark() -> None:
    world = two_instruments()
    world.sell("bob", "BTC", "1", at="109")
    world.buy("ann", "BTC", "1", at="109", leverage=1)
    assert world.exchange.state.instruments[1].last_price == 10_900
    assert world.happened(MarkPriceUpdated) == []
    assert world.exchange.state.instruments[1].mark_price == 10_000


def test_mark_3_a_liquidation_moves_no_mark() -> None:
    """So a cascade unfolds tick by tick."""
    world = two_instruments()
    world.sell("bob", "BTC", "90", at="100")
    world.buy("ann", "BTC", "90", leverage=10)
    world.buy("bob", "BTC", "90", at="90")
    world.mark(BTC="90.2")
    assert len(world.happened(MarkPriceUpdated)) == 1
    assert world.exchange.state.instruments[1].last_price == 9_000
