"""MAT: matching, market states, fees."""

from typing import Any

import pytest

from simulator.core.model.events import (
    FundUnloadScheduled,
    LiquidationEnded,
    LiquidationStarted,
    MarginCallIssued,
    TradeExecuted,
    Transferred,
)
from tests.scenario import World, amount, rate
from tests.story import story, tape


def world_of(names: str = "ann bob eve", fund: str = "0", **terms: Any) -> World:
    world = World(fund=fund)
    world.instrument("BTC", **terms)
    for name in names.split():
        world.account(name, cross="1000")
    world.mark(BTC="100")
    return world


# -- MAT-1 ---------------------------------------------------------------------------------------


def test_mat_1_the_better_price_trades_first_then_the_earlier_order() -> None:
    world = world_of()
    for name, price in (("ann", "102"), ("bob", "101"), ("ann", "101"), ("bob", "100")):
        world.sell(name, "BTC", "1", at=price, leverage=10)
    world.buy("eve", "BTC", "4", at="103", leverage=10)
    assert tape(world) == [
        "5 accepted: eve BUY 4 at 103 GTC",
        "trade 1: 1 at 100, 5 takes from 4",
        "trade 2: 1 at 101, 5 takes from 2",
        "trade 3: 1 at 101, 5 takes from 3",
        "trade 4: 1 at 102, 5 takes from 1",
    ]


def test_mat_1_a_trade_is_at_the_makers_price_on_either_side() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="99")
    world.sell("bob", "BTC", "1", at="95")
    assert [trade.price for trade in world.happened(TradeExecuted)] == [9_900]


def test_mat_1_the_book_is_never_crossed_after_a_command() -> None:
    """Quotes too trade before they rest, and cross neither others nor the maker's own orders."""
    world = world_of()
    world.sell("ann", "BTC", "1", at="100")
    world.mode("bob", "BTC", "CROSS")
    world.sell("bob", "BTC", "1", at="101")
    world.quotes("bob", "BTC", bids="102 x 3, 99 x 1", asks="103 x 1")
    assert tape(world) == [
        "5 accepted: bob BUY 3 at 102 GTC",
        "trade 1: 1 at 100, 5 takes from 1",
        "2 canceled: 1 left, SELF_TRADE",
        "5 rests",
    ]
    assert world.open_orders("bob") == [
        "3 BUY 1 BTC at 99",
        "4 SELL 1 BTC at 103",
        "5 BUY 2 BTC at 102",
    ]
    assert not world.exchange.state.books[1].is_crossed()


def test_mat_1_a_makers_quotes_are_replaced_together() -> None:
    world = world_of()
    world.mode("ann", "BTC", "CROSS")
    world.buy("ann", "BTC", "1", at="97")
    world.quotes("ann", "BTC", bids="99 x 1, 98 x 2", asks="101 x 1")
    world.quotes("ann", "BTC", bids="98 x 1")
    assert world.open_orders("ann") == ["1 BUY 1 BTC at 97", "5 BUY 1 BTC at 98"]
    world.quotes("ann", "BTC")
    assert world.open_orders("ann") == ["1 BUY 1 BTC at 97"], "an order is no quote"


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ("100 x 1", "100 x 1", "INVALID_TERMS"),
        ("99.999 x 1", "", None),
        ("99 x 50", "101 x 50", None),  # 5,050 at 3x is less than 2,000
        ("99 x 61", "", "INSUFFICIENT_MARGIN"),
        ("99 x 1000001", "", "QUANTITY_NOT_ON_LOT"),
    ],
)
def test_mat_1_quotes_are_checked_as_a_set(bids: str, asks: str, reason: str | None) -> None:
    world = world_of(price_decimals=3)
    world.deposit("ann", "1000")
    world.quotes("ann", "BTC", bids="99 x 1")
    assert world.reason() == "INVALID_COMBINATION", "quotes are margined in CROSS"
    world.mode("ann", "BTC", "CROSS")
    world.quotes("ann", "BTC", bids, asks)
    assert world.reason() == reason


# -- MAT-2 ---------------------------------------------------------------------------------------


def test_mat_2_before_the_first_index_an_instrument_is_halted() -> None:
    world = World()
    world.instrument("BTC")
    world.account("ann", cross="1000")
    world.buy("ann", "BTC", "1", at="100")
    assert world.reason() == "NO_MARK_PRICE"
    world.reopen("BTC")
    assert world.reason() == "NO_MARK_PRICE"
    world.mark(BTC="100")
    assert story(world) == ["index 100", "market OPEN NONE", "mark 100"]


def test_mat_2_halted_only_cancels_are_allowed() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="99")
    world.halt("BTC")
    world.buy("ann", "BTC", "1", at="98")
    assert world.reason() == "MARKET_HALTED"
    world.amend("ann", 1, quantity="0.5")
    assert world.reason() == "MARKET_HALTED"
    world.mode("bob", "BTC", "CROSS")
    world.quotes("bob", "BTC", bids="99 x 1")
    assert world.reason() == "MARKET_HALTED"
    world.quotes("bob", "BTC")
    assert world.reason() is None
    world.cancel("ann", 1)
    assert tape(world) == ["1 canceled: 1 left, REQUESTED"]


def test_mat_2_while_halted_the_mark_stays_and_nobody_is_liquidated() -> None:
    """And reopening, at the index of then, assesses everyone."""
    world = world_of()
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.halt("BTC")
    world.mark(BTC="80")
    assert story(world) == ["index 80"]
    assert world.exchange.state.instruments[1].mark_price == 10_000
    world.reopen("BTC")
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.position("ann", "BTC") is None


def test_mat_2_a_liquidation_stands_still_while_its_instruments_are_halted() -> None:
    """Of two positions in CROSS the open one is liquidated; the other waits for its market."""
    world = world_of()
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("BTC", asks="100 x 100")
    world.maker("ETH", asks="100 x 100")
    world.buy("ann", "BTC", "50", leverage=20, mode="CROSS")
    world.buy("ann", "ETH", "50", leverage=20, mode="CROSS")
    world.halt("ETH")
    world.maker("BTC", bids="80 x 100")
    world.mark(BTC="80.1")
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.happened(LiquidationEnded) == []
    assert (world.position("ann", "BTC"), world.position("ann", "ETH")) == (None, ("50", "5000"))
    world.buy("ann", "ETH", "1", at="100")
    assert world.reason() == "MARKET_HALTED"
    world.buy("ann", "BTC", "1", at="80")
    assert world.reason() == "LIQUIDATION_IN_PROGRESS", "until it ends (LIQ-1)"


def test_mat_2_what_waits_for_a_halt_does_not_hold_up_time() -> None:
    """A call in a liquidation that stands still is never due again."""
    world = world_of()
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("BTC", asks="100 x 100")
    world.maker("ETH", asks="100 x 100")
    world.buy("ann", "BTC", "50", leverage=20, mode="CROSS")
    world.buy("ann", "ETH", "50", leverage=20, mode="CROSS")
    world.halt("ETH")
    world.maker("BTC", bids="80 x 100")
    world.mark(BTC="80.1")
    world.wait(3 * 24 * 3_600)
    assert world.happened(MarginCallIssued) == []
    world.deposit("ann", "900")
    assert world.happened(LiquidationEnded) == []
    world.reopen("ETH")
    assert story(world)[-1].startswith("liquidation 1 ended: RECOVERED")
    assert world.position("ann", "ETH") == ("50", "5000")


def test_mat_2_the_fund_offers_nothing_on_a_halted_instrument() -> None:
    world = world_of(fund="50")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC")
    world.mark(BTC="85")
    world.halt("BTC")
    world.wait(60)
    assert [type(event) for event in world.happened(FundUnloadScheduled)] == [FundUnloadScheduled]
    assert tape(world) == []
    world.reopen("BTC")
    world.wait(60)
    assert tape(world)[0].endswith("fund SELL 10 at 76.5 IOC reduce_only")


# -- MAT-3 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own_rates", "taker_fee", "maker_fee"),
    [
        ({}, "0.05", "0.02"),
        ({"taker_fee_rate": rate("0.01%")}, "0.01", "0.02"),
        ({"taker_fee_rate": 0, "maker_fee_rate": 0}, "0", "0.02"),
    ],
)
def test_mat_3_the_accounts_own_schedule_comes_first(
    own_rates: dict[str, Any], taker_fee: str, maker_fee: str
) -> None:
    world = world_of(taker_fee_rate=rate("0.05%"), maker_fee_rate=rate("0.02%"))
    world.account("joe", cross="1000", **own_rates)
    world.sell("bob", "BTC", "1", at="100")
    world.buy("joe", "BTC", "1", at="100")
    trade = world.happened(TradeExecuted)[0]
    assert (trade.taker_fee, trade.maker_fee) == (amount(taker_fee), amount(maker_fee))


def test_mat_3_a_maker_may_be_paid_a_rebate() -> None:
    world = world_of(taker_fee_rate=rate("0.05%"), maker_fee_rate=rate("-0.02%"))
    world.sell("bob", "BTC", "1", at="100")
    world.buy("ann", "BTC", "1", at="100")
    told = [line for line in story(world) if line.startswith(("FEE", "REBATE"))]
    assert told == ["FEE 0.05: ann CROSS to fees", "REBATE 0.02: fees to bob CROSS"]
    assert world.total() == 0


def test_mat_3_closing_and_opening_parts_pay_each_their_fee() -> None:
    """A flip of an isolated position: the closing fee from its wallet, the opening from CROSS."""
    world = world_of(taker_fee_rate=rate("0.1%"))
    world.sell("bob", "BTC", "1", at="100")
    world.buy("ann", "BTC", "1", at="100", leverage=1)
    world.buy("bob", "BTC", "3", at="100", leverage=10)
    world.sell("ann", "BTC", "3", at="100")
    fees = [each for each in world.happened(Transferred) if each.kind.name == "FEE"]
    assert [fee.amount for fee in fees] == [amount("0.1"), amount("0.2")]
    assert world.happened(TradeExecuted)[0].taker_fee == amount("0.3")
