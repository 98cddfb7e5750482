"""CALL-1: the warning before a liquidation, its cure, and how it ends."""

import pytest

from simulator.core.model.commands import AdjustBalance, ConfigureWorld
from simulator.core.model.enums import CallEnd
from simulator.core.model.events import (
    LiquidationStarted,
    MarginCallEnded,
    MarginCallIssued,
)
from simulator.core.model.instruments import WorldParameters
from simulator.core.model.units import NS_PER_HOUR
from tests.scenario import World, amount, rate
from tests.story import story

LONG = ("BTC", "LONG")
HOUR = 3_600


def called_at(mark: str = "95", mode: str = "ISOLATED") -> World:
    """Ann is long 100 at 100 with 500 of margin: call line 50 at a mark of 95.47 and less."""
    world = World()
    world.instrument("BTC", tiers="0.4%:125")
    world.account("ann", cross="500" if mode == "CROSS" else "1500", taker_fee_rate=0)
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 100")
    world.buy("ann", "BTC", "100", leverage=20, mode=mode)
    world.mark(BTC=mark)
    return world


def test_call_1_is_issued_when_equity_reaches_the_call_line() -> None:
    """500 - 100 x (100 - M) = 100 x M x 0.4% / 0.8 at M = 95.477."""
    world = called_at("95.48")
    assert world.happened(MarginCallIssued) == []
    world.mark(BTC="95.47")
    assert story(world) == [
        "index 95.47",
        "mark 95.47",
        "call 1 issued: ann ISOLATED, equity 47, call line 47.735",
    ]


@pytest.mark.parametrize(
    ("more", "called"), [("48", True), ("48.00000001", False), ("47.99999999", True)]
)
def test_call_1_at_the_line_is_under_it(more: str, called: bool) -> None:
    """100 bought at 100 with 400: at 96 they are lost, and the call line is 48."""
    world = World()
    world.instrument("BTC")
    world.account("ann", cross="500")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 100")
    world.buy("ann", "BTC", "100", leverage=25)
    world.transfer("ann", more, "CROSS", "ISOLATED", at=LONG)
    world.mark(BTC="96")
    assert bool(world.happened(MarginCallIssued)) == called
    assert world.happened(LiquidationStarted) == []


@pytest.mark.parametrize("mode", ["ISOLATED", "CROSS"])
def test_call_1_it_stands_until_equity_is_back_with_something_to_spare(mode: str) -> None:
    """Cleared at 1.05 x the call line; between the lines nothing is said."""
    world = called_at("95.4", mode)
    assert len(world.happened(MarginCallIssued)) == 1
    # clears where 500 - 100 x (100 - M) >= 1.05 x 0.5 x M: M = 95.502...
    world.mark(BTC="95.49")
    assert world.happened(MarginCallIssued, MarginCallEnded) == []
    world.mark(BTC="95.47")
    assert world.happened(MarginCallIssued, MarginCallEnded) == [], "it stands: no second call"
    world.mark(BTC="95.51")
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.CURED]
    world.mark(BTC="95.47")
    assert [each.margin_call_id for each in world.happened(MarginCallIssued)] == [2]


def test_call_1_it_is_repeated_every_day() -> None:
    world = called_at("95.4")
    world.wait(24 * HOUR - 1)
    assert world.happened(MarginCallIssued) == []
    world.wait(1)
    calls = world.happened(MarginCallIssued)
    assert [(call.margin_call_id, call.repeated) for call in calls] == [(1, True)]
    world.wait(72 * HOUR)
    assert len(world.happened(MarginCallIssued)) == 3


def test_call_1_a_gap_through_both_lines_issues_the_call_first() -> None:
    world = called_at("90")
    kinds = [type(event) for event in world.events[2:4]]
    assert kinds == [MarginCallIssued, LiquidationStarted]
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.LIQUIDATED]


def test_call_1_it_carries_lines_distance_and_cure() -> None:
    world = called_at("95.45")
    call = world.happened(MarginCallIssued)[0]
    assert (call.equity, call.maintenance_margin, call.call_margin) == (
        amount("45"),
        amount("38.18"),
        amount("47.725"),
    )
    assert (call.mark_price, call.liquidation_price) == (9_545, 9_539)
    assert call.amount_to_add == amount("5.11125")  # 1.05 x 47.725 - 45
    # 45 >= 1.05 x 0.5% x 95.45 x (100 - q): q = 10.198...
    assert call.quantity_to_reduce == 10_200


def test_call_1_the_amount_cures_it() -> None:
    world = called_at("95.45")
    call = world.happened(MarginCallIssued)[0]
    world.transfer("ann", "5.11124999", "CROSS", "ISOLATED", at=LONG)
    assert world.happened(MarginCallEnded) == []
    world.transfer("ann", "0.00000001", "CROSS", "ISOLATED", at=LONG)
    ended = world.happened(MarginCallEnded)[0]
    assert (ended.margin_call_id, ended.end) == (call.margin_call_id, CallEnd.CURED)


@pytest.mark.parametrize(("quantity", "cured"), [("10.199", False), ("10.2", True)])
def test_call_1_the_quantity_cures_it(quantity: str, cured: bool) -> None:
    """Reduced at mark, keeping the margin."""
    world = called_at("95.45")
    world.maker("BTC", bids="95.45 x 100")
    world.sell("ann", "BTC", quantity, reduce_only=True, keep_margin=True)
    assert bool(world.happened(MarginCallEnded)) == cured


def test_call_1_the_quantity_pays_for_its_fee() -> None:
    """With 0.1% to pay for the reduction it takes more of it."""
    world = World()
    world.instrument("BTC", taker_fee_rate=rate("0.1%"))
    world.account("ann", cross="510")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 100")
    world.buy("ann", "BTC", "100", leverage=20)
    world.mark(BTC="95.45")
    # 45 - 0.1% x 95.45 x q >= 1.05 x 0.5% x 95.45 x (100 - q): q = 12.599...
    quantity = world.happened(MarginCallIssued)[0].quantity_to_reduce
    assert quantity == 12_600
    world.maker("BTC", bids="95.45 x 100")
    world.sell("ann", "BTC", "12.6", reduce_only=True, keep_margin=True)
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.CURED]


def test_call_1_closing_the_position_ends_it() -> None:
    world = called_at("95.45")
    world.maker("BTC", bids="95.45 x 100")
    world.sell("ann", "BTC", "100", reduce_only=True)
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.CLOSED]
    assert world.exchange.next_due() is None, "nothing is left to repeat"


def test_call_1_new_tiers_are_assessed_at_once() -> None:
    world = called_at("96")
    world.tiers("BTC", "1%:50")
    assert len(world.happened(MarginCallIssued)) == 1
    world.tiers("BTC", "0.4%:125")
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.CURED]
    world.tiers("BTC", "1.1%:50")
    assert len(world.happened(LiquidationStarted)) == 1


def test_call_1_new_parameters_and_adjustments_are_assessed_at_once() -> None:
    world = called_at("96")
    assert world.happened(MarginCallIssued) == []
    world.run(ConfigureWorld(WorldParameters(call_ratio=rate("0.36"))))
    assert len(world.happened(MarginCallIssued)) == 1
    world.run(ConfigureWorld(WorldParameters(call_repeat_ns=NS_PER_HOUR)))
    assert [each.end for each in world.happened(MarginCallEnded)] == [CallEnd.CURED]
    world.run(AdjustBalance(world.wallet("ann", at=LONG).wallet_id, 1, -amount("2"), "a test"))
    assert world.reason() == "INSUFFICIENT_BALANCE"
    cross = called_at("96", "CROSS")
    cross.tiers("BTC", "0.85%:50")
    assert len(cross.happened(MarginCallIssued)) == 1
    cross.run(AdjustBalance(cross.wallet("ann").wallet_id, 1, amount("0.01"), "not enough"))
    assert cross.happened(MarginCallEnded) == []
    cross.deposit("ann", "50")
    assert [each.end for each in cross.happened(MarginCallEnded)] == [CallEnd.CURED]


def test_call_1_in_cross_it_is_about_the_largest_position() -> None:
    world = World()
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol)
    world.account("ann", cross="505")
    world.mark(BTC="100", ETH="100")
    for symbol, quantity in (("BTC", "20"), ("ETH", "80")):
        world.maker(symbol, asks="100 x 100")
        world.buy("ann", symbol, quantity, leverage=50, mode="CROSS")
    world.mark(BTC="97", ETH="95.01")
    call = world.happened(MarginCallIssued)[0]
    assert call.instrument_id == world.symbols["ETH"]
    assert call.wallet_id == world.wallet("ann").wallet_id
