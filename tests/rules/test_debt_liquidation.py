"""LIQ-5: how the debts of a unit are settled, by hand.

Ann owes 16,000 USDT at 5x and holds 10 ETH; at 1,760 her margin level is 1.1.
"""

import pytest

from simulator.core import views
from simulator.core.model.enums import LiquidationOutcome
from simulator.core.model.events import (
    AssetTakenOver,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginCallIssued,
    OrderCanceled,
    TradeExecuted,
)
from tests.scenario import amount, rate
from tests.spot_scenario import SpotWorld


@pytest.fixture
def world() -> SpotWorld:
    return open_world()


def open_world(fund: str = "0") -> SpotWorld:
    world = SpotWorld(fund=fund)
    world.spot("ETHUSDT", "ETH")
    world.spot("SOLUSDT", "SOL")
    world.account("ann", cross="4000")
    world.account("bob", spot="10000000")
    for asset in ("ETH", "SOL"):
        world.deposit("bob", "10000", "SPOT", asset)
        world.pool(asset, "10000")
    world.pool("USDT", "1000000")
    world.mark(ETHUSDT="2000", SOLUSDT="100")
    for symbol in ("ETHUSDT", "SOLUSDT"):
        world.mode("ann", symbol, "CROSS")
    world.product("ann", 5)
    return world


def long_eth(world: SpotWorld) -> None:
    world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    world.buy("ann", "ETHUSDT", "10")
    world.quotes("bob", "ETHUSDT")


def short_eth(world: SpotWorld) -> None:
    world.quotes("bob", "ETHUSDT", bids="2000 x 100")
    world.sell("ann", "ETHUSDT", "8")
    world.quotes("bob", "ETHUSDT")


def test_liq_5_sells_what_it_takes_to_get_above_the_call_level(world: SpotWorld) -> None:
    """At 1,760: E = 1,600, D = 16,000. With a fee of 1.25%, n > (0.16 * 16,000 - 1,600) /
    (0.16 * 0.9875 - 0.0125) = 6,597.94: 3.749 ETH and one lot more."""
    long_eth(world)
    world.quotes("bob", "ETHUSDT", bids="1760 x 100")
    world.mark(ETHUSDT="1760")
    started = world.happened(LiquidationStarted)[0]
    assert (started.equity, started.maintenance_margin) == (amount("1600"), amount("1600"))
    assert started.marks == ((1, 176_000),)
    assert len(world.happened(MarginCallIssued)) == 1, "the call comes first (CALL-1)"
    step = world.happened(LiquidationStepTaken)[0]
    assert (step.quantity, step.takeover_price) == (3_750, 160_000)
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome is LiquidationOutcome.RECOVERED
    assert ended.fee == amount("82.5")  # 1.25% of 6,600
    assert world.held("ann", "ETH") == {"balance": "6.25"}
    assert world.held("ann", "USDT") == {"borrowed": "9482.5"}  # 16,000 - 6,600 + 82.5
    assert world.fund() == "82.5"
    level = views.wallet_view(world.exchange.state, world.wallet("ann").wallet_id).margin_level
    assert level is not None
    assert level > rate("116%")


def test_liq_5_what_the_book_does_not_take_the_fund_takes_at_index(world: SpotWorld) -> None:
    """Without a bid: 3.75 ETH for 6,600, which the fund borrows from the pool."""
    long_eth(world)
    world.mark(ETHUSDT="1760")
    taken = world.happened(AssetTakenOver)[0]
    assert (taken.amount, taken.notional) == (amount("3.75"), amount("6600"))
    assert world.held("ann", "ETH") == {"balance": "6.25"}
    assert world.held("ann", "USDT") == {"borrowed": "9400"}
    state = world.exchange.state
    assert state.holding(3).borrowed == amount("6600")
    assert state.holding(3, world.assets["ETH"]).balance == amount("3.75")
    assert world.total("USDT") == world.total("ETH") == 0


def test_liq_6_the_fund_unloads_and_repays_the_pool(world: SpotWorld) -> None:
    long_eth(world)
    world.mark(ETHUSDT="1760")
    world.quotes("bob", "ETHUSDT", bids="1750 x 100")
    world.wait(60)
    state = world.exchange.state
    assert world.happened(TradeExecuted)[0].price == 175_000
    assert state.holding(3, world.assets["ETH"]).balance == 0
    assert state.holding(3).borrowed == 0
    assert state.holding(3).balance == 0
    assert world.shortfall() == "37.5", "it had nothing of its own: the loss is nobody's"
    assert state.fund_unload_at_ns is None


def test_liq_5_a_bounded_order_never_sells_below_the_takeover_price(world: SpotWorld) -> None:
    """Equity 1,600 of 17,600: nothing is sold under 1,600 while that is the takeover price."""
    long_eth(world)
    world.quotes("bob", "ETHUSDT", bids="1650 x 1, 1599.99 x 100")
    world.mark(ETHUSDT="1760")
    steps = world.happened(LiquidationStepTaken)
    limits = {each.order_id: each.takeover_price for each in steps}
    assert steps[0].takeover_price == 160_000
    trades = world.happened(TradeExecuted)
    assert trades[0].price == 165_000
    assert all(each.price >= limits[each.taker_order_id] for each in trades)
    assert world.happened(LiquidationEnded)[0].outcome is LiquidationOutcome.RECOVERED


def test_liq_5_a_short_buys_back_what_it_owes(world: SpotWorld) -> None:
    """20,000 USDT and 8 ETH owed: liquidated where 8 * 1.1 * p = 20,000, from 2,272.73 on."""
    short_eth(world)
    world.mark(ETHUSDT="2272.72")
    assert world.happened(LiquidationStarted) == []
    world.quotes("bob", "ETHUSDT", asks="2273 x 100")
    world.mark(ETHUSDT="2272.73")
    step = world.happened(LiquidationStepTaken)[0]
    assert step.position_side.name == "SHORT"
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome is LiquidationOutcome.RECOVERED
    assert world.held("ann", "ETH")["borrowed"] == str(8 - step.quantity / 1000)
    assert world.total("USDT") == world.total("ETH") == 0


def test_liq_5_the_fund_sells_what_a_short_owes_and_owes_it_itself(world: SpotWorld) -> None:
    short_eth(world)
    world.mark(ETHUSDT="2272.73")
    taken = world.happened(AssetTakenOver)[0]
    assert taken.amount < 0
    state = world.exchange.state
    eth = world.assets["ETH"]
    assert state.holding(3, eth).borrowed == -taken.amount
    world.quotes("bob", "ETHUSDT", asks="2272.73 x 100")
    world.wait(60)
    assert state.holding(3, eth).borrowed == 0
    assert world.total("ETH") == 0


def test_liq_5_one_asset_is_sold_to_repay_another(world: SpotWorld) -> None:
    """Ann holds 200 SOL and owes 8 ETH: SOL is sold for USDT, and ETH bought with it."""
    short_eth(world)
    world.quotes("bob", "SOLUSDT", asks="100 x 1000")
    world.buy("ann", "SOLUSDT", "200")
    assert world.held("ann", "USDT") == {}
    world.quotes("bob", "SOLUSDT", bids="88 x 1000")
    world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    world.mark(SOLUSDT="88")
    sides = [each.position_side.name for each in world.happened(LiquidationStepTaken)]
    assert sides[:2] == ["LONG", "SHORT"]
    assert world.happened(LiquidationEnded)[0].outcome is LiquidationOutcome.RECOVERED
    assert world.total("USDT") == world.total("ETH") == world.total("SOL") == 0


def test_liq_8_without_equity_the_fund_takes_all_and_pays_the_deficit() -> None:
    """At 1,500: 15,000 of assets, 16,000 owed. The fund has 400, the rest is shortfall."""
    world = open_world(fund="400")
    long_eth(world)
    world.quotes("bob", "ETHUSDT", bids="1500 x 100")
    world.mark(ETHUSDT="1500")
    step = world.happened(LiquidationStepTaken)[0]
    assert step.order_id is None
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome is LiquidationOutcome.CLOSED
    assert (ended.deficit, ended.equity) == (amount("1000"), 0)
    assert world.held("ann", "ETH") == world.held("ann", "USDT") == {}
    world.wait(60)
    assert world.shortfall() == "600"
    assert world.total("USDT") == world.total("ETH") == 0


def test_liq_8_a_short_without_equity_owes_nothing_afterwards() -> None:
    world = open_world()
    short_eth(world)
    world.mark(ETHUSDT="3000")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.equity) == (amount("4000"), 0)
    assert world.held("ann", "ETH") == world.held("ann", "USDT") == {}
    assert world.total("USDT") == world.total("ETH") == 0


def test_liq_2_a_repaid_loan_of_a_canceled_order_can_cure(world: SpotWorld) -> None:
    world.quotes("bob", "ETHUSDT", asks="2000 x 4")
    world.buy("ann", "ETHUSDT", "4")
    world.quotes("bob", "ETHUSDT")
    world.buy("ann", "ETHUSDT", "6", at="1900")
    assert world.held("ann", "USDT")["borrowed"] == "15400"
    world.mark(ETHUSDT="1385")  # 5.4 owed 15,400: equity 1,540
    assert len(world.happened(OrderCanceled)) == 1
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome is LiquidationOutcome.RECOVERED
    assert world.happened(LiquidationStepTaken) == []
    assert world.held("ann", "USDT") == {"borrowed": "4000"}
    assert world.held("ann", "ETH") == {"balance": "4"}


def test_mat_2_debts_wait_while_the_market_is_halted(world: SpotWorld) -> None:
    long_eth(world)
    world.halt("ETHUSDT")
    world.mark(ETHUSDT="1700")
    assert world.happened(LiquidationStarted) == []
    assert len(world.happened(MarginCallIssued)) == 1
    world.reopen("ETHUSDT")
    assert len(world.happened(LiquidationEnded)) == 1


def test_mat_2_a_debt_waits_while_what_would_pay_for_it_is_halted(world: SpotWorld) -> None:
    """2 ETH short, everything in SOL: no USDT is left to buy ETH with while SOL stands still."""
    world.quotes("bob", "ETHUSDT", bids="2000 x 100")
    world.sell("ann", "ETHUSDT", "2")
    world.quotes("bob", "SOLUSDT", asks="100 x 1000")
    world.buy("ann", "SOLUSDT", "120")
    assert world.held("ann", "USDT") == {"borrowed": "4000"}
    world.halt("SOLUSDT")
    world.quotes("bob", "ETHUSDT", asks="3600 x 100")
    world.mark(ETHUSDT="3600")
    assert world.risk("ann") == {
        "equity": "800",
        "maintenance": "1120",
        "call": "1792",
        "initial": "2800",
        "free": "-2000",
    }
    assert world.happened(LiquidationStarted) == []
    assert not world.exchange.state.is_paging
    world.reopen("SOLUSDT")
    assert len(world.happened(LiquidationEnded)) == 1


def test_liq_5_comes_after_the_perpetuals() -> None:
    world = open_world()
    world.instrument("BTC")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 10")
    world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    world.buy("ann", "ETHUSDT", "9")
    world.buy("ann", "BTC", "0.08", mode="CROSS", leverage=10)
    assert world.refused() is None
    world.maker("BTC", bids="55000 x 10")
    world.quotes("bob", "ETHUSDT", bids="1740 x 100")
    world.mark(ETHUSDT="1740", BTC="55000")
    steps = [each.instrument_id for each in world.happened(LiquidationStepTaken)]
    assert steps[0] == world.symbols["BTC"]
    assert world.total("USDT") == world.total("ETH") == 0
    assert world.happened(LiquidationEnded)[0].equity > 0


def test_liq_1_new_orders_wait_and_money_may_be_added(world: SpotWorld) -> None:
    long_eth(world)
    world.quotes("bob", "SOLUSDT", asks="100 x 1000")
    world.halt("ETHUSDT")
    world.mark(ETHUSDT="1700")
    world.deposit("ann", "5000")
    world.reopen("ETHUSDT")
    assert world.happened(LiquidationStarted) == []


def test_a_gap_to_almost_nothing_leaves_no_debt_behind() -> None:
    """LIQ-8: a coin that goes to a cent."""
    world = open_world(fund="1000")
    long_eth(world)
    world.haircut(ETH="90%")
    world.mark(ETHUSDT="0.01")
    assert world.held("ann", "ETH") == world.held("ann", "USDT") == {}
    for _ in range(3):
        world.wait(60)
    assert world.total("USDT") == world.total("ETH") == 0
    assert world.exchange.state.debtors == {3: None} or not world.exchange.state.debtors
