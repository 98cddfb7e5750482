"""BOR-1 to BOR-5, WAL-5, MARG-1 to MARG-6 of a CROSS wallet that borrows and holds other assets."""

import pytest

from simulator.core import views
from simulator.core.model.commands import ResetAccount
from simulator.core.model.enums import Side, TransferKind
from simulator.core.model.events import (
    InterestAccrued,
    MarginCallEnded,
    MarginCallIssued,
    Transferred,
)
from simulator.core.model.units import RATE_ONE
from tests.scenario import amount
from tests.spot_scenario import SpotWorld


def market(ann: str = "4000", leverage: int = 5, **spot: str) -> SpotWorld:
    """ETH at 2,000 without fees; ann in cross mode, bob sells and buys without end."""
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", **spot)
    world.account("ann", cross=ann)
    world.account("bob", spot="10000000")
    world.deposit("bob", "1000", "SPOT", "ETH")
    world.pool("USDT", "1000000")
    world.pool("ETH", "1000")
    world.mark(ETHUSDT="2000")
    world.mode("ann", "ETHUSDT", "CROSS")
    world.product("ann", leverage)
    world.quotes("bob", "ETHUSDT", bids="2000 x 100", asks="2000.01 x 100")
    return world


@pytest.fixture
def world() -> SpotWorld:
    return market()


def asks(world: SpotWorld, price: str = "2000") -> None:
    """Bob sells at exactly the index."""
    world.quotes("bob", "ETHUSDT", asks=f"{price} x 100")


def bids(world: SpotWorld, price: str = "2000") -> None:
    world.quotes("bob", "ETHUSDT", bids=f"{price} x 100")


def borrowed_by_fives(world: SpotWorld) -> None:
    """Ann has 20,000 USDT of ETH and owes 16,000."""
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    assert world.held("ann", "ETH") == {"balance": "10"}


def test_bor_4_worked_example(world: SpotWorld) -> None:
    """Equity 4,000, 5x: buys 20,000 of ETH, 16,000 are borrowed; +5% is +1,000, 25% of 4,000."""
    borrowed_by_fives(world)
    assert world.held("ann", "USDT") == {"borrowed": "16000"}
    assert world.risk("ann")["equity"] == "4000"
    assert world.risk("ann")["initial"] == "4000"
    assert world.risk("ann")["free"] == "0"
    world.mark(ETHUSDT="2100")
    assert world.risk("ann")["equity"] == "5000"
    assert world.total("USDT") == world.total("ETH") == 0


def test_bor_5_lines_of_the_products(world: SpotWorld) -> None:
    """5x: called at a level of 1.16, liquidated at 1.1; 3x: called at 1.3."""
    borrowed_by_fives(world)
    risk = world.risk("ann")
    assert (risk["maintenance"], risk["call"]) == ("1600", "2560")
    world.mark(ETHUSDT="1856.01")
    assert world.happened(MarginCallIssued) == []
    world.mark(ETHUSDT="1856")  # 18,560 / 16,000 = 1.16
    call = world.happened(MarginCallIssued)[0]
    assert (call.equity, call.call_margin) == (amount("2560"), amount("2560"))
    assert call.liquidation_price == 176_000  # 16,000 * 1.1 / 10
    assert call.amount_to_add == amount("128")  # 1.05 * 2,560
    # 1.05 * 0.16 * (16,000 - 761.90476194) = 2,560, each product rounded up
    assert call.amount_to_repay == 76_190_476_194
    world.product("ann", 3)
    assert world.reason() == "INSUFFICIENT_MARGIN"
    world.deposit("ann", "128")
    assert len(world.happened(MarginCallEnded)) == 1


def test_call_1_the_cure_by_selling_reaches_the_clearing_line(world: SpotWorld) -> None:
    borrowed_by_fives(world)
    world.mark(ETHUSDT="1856")
    call = world.happened(MarginCallIssued)[0]
    assert call.quantity_to_reduce == 411  # 0.411 ETH: 762.816 repaid, 761.905 are needed
    bids(world, "1856")
    world.sell("ann", "ETHUSDT", "0.411")
    assert len(world.happened(MarginCallEnded)) == 1
    assert world.held("ann", "USDT") == {"borrowed": "15237.184"}


def test_bor_1_what_the_free_balance_lacks_is_borrowed_when_the_order_is_placed(
    world: SpotWorld,
) -> None:
    world.buy("ann", "ETHUSDT", "5", at="1900")
    assert world.held("ann", "USDT") == {
        "balance": "9500",
        "locked": "9500",
        "borrowed": "5500",
    }
    world.buy("ann", "ETHUSDT", "1", at="1900")
    assert world.held("ann", "USDT")["borrowed"] == "7400"
    world.cancel_all("ann")
    assert world.held("ann", "USDT") == {"balance": "4000"}, "unspent loans are repaid"


def test_bor_1_without_auto_borrow_the_free_balance_must_do(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "5", at="1900", auto_borrow=False)
    assert world.refused() == ("INSUFFICIENT_BALANCE", amount("9500"), amount("4000"))


def test_bor_1_own_money_is_spent_before_the_loan(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "5", at="1900")
    world.quotes("bob", "ETHUSDT")
    world.sell("bob", "ETHUSDT", "1", at="1900")
    world.cancel_all("ann")
    assert world.held("ann", "USDT") == {"balance": "2100"}, "all 5,500 are repaid"
    assert world.held("ann", "ETH") == {"balance": "1"}


def test_bor_1_selling_short_borrows_the_base_asset(world: SpotWorld) -> None:
    """4,000 at 5x carry a debt of 16,000: 8 ETH sold short, 5% up is a loss of 800."""
    bids(world)
    world.sell("ann", "ETHUSDT", "8")
    assert world.held("ann", "ETH") == {"borrowed": "8"}
    assert world.held("ann", "USDT") == {"balance": "20000"}
    world.mark(ETHUSDT="2100")
    assert world.risk("ann")["equity"] == "3200"
    asks(world, "2100")
    world.buy("ann", "ETHUSDT", "8")
    assert world.held("ann", "ETH") == {}
    assert world.held("ann", "USDT") == {"balance": "3200"}


def test_bor_1_proceeds_repay_interest_first_and_then_principal() -> None:
    world = market()
    borrowed_by_fives(world)
    bids(world)
    world.sell("ann", "ETHUSDT", "4")
    assert world.held("ann", "USDT") == {"borrowed": "8000"}
    world.sell("ann", "ETHUSDT", "4", auto_repay=False)
    assert world.held("ann", "USDT") == {"balance": "8000", "borrowed": "8000"}
    world.repay("ann", "3000", "USDT")
    assert world.held("ann", "USDT") == {"balance": "5000", "borrowed": "5000"}
    world.repay("ann", "5000.00000001", "USDT")
    assert world.reason() == "INVALID_AMOUNT"
    world.repay("ann", None, "USDT")
    assert world.held("ann", "USDT") == {}
    world.repay("ann", None, "USDT")
    assert world.reason() == "NOTHING_OWED"


# -- limits ----------------------------------------------------------------------------------------


def test_bor_2_free_collateral_must_not_be_negative_afterwards(world: SpotWorld) -> None:
    asks(world)
    world.buy("ann", "ETHUSDT", "10.001")
    # 16,002 / 4 = 4,000.5 are required, and 4,000 are there
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("4000.5"), amount("4000"))
    world.borrow("ann", "16000.00000001", "USDT")
    assert world.refused() == (
        "INSUFFICIENT_MARGIN",
        amount("16000.00000001"),
        amount("16000"),
    )
    world.borrow("ann", "16000", "USDT")
    assert world.held("ann", "USDT") == {"balance": "20000", "borrowed": "16000"}


def test_bor_2_the_pool_must_have_it_and_the_cap_is_kept() -> None:
    world = market(ann="400000", cap="50")
    bids(world)
    world.sell("ann", "ETHUSDT", "50.001")
    assert world.refused() == ("BORROW_CAP", amount("50.001"), amount("50"))
    world.borrow("ann", "1000000.5", "USDT")
    assert world.refused() == ("LENDING_POOL_EXHAUSTED", amount("1000000.5"), amount("1000000"))
    world.pool("USDT", "-1000000.5")
    assert world.reason() == "INSUFFICIENT_BALANCE"
    world.pool("USDT", "-999999")
    world.borrow("ann", "2", "USDT")
    assert world.refused() == ("LENDING_POOL_EXHAUSTED", amount("2"), amount("1"))


def test_bor_2_the_preview_says_what_would_be_borrowed(world: SpotWorld) -> None:
    asks(world)
    state = world.exchange.state
    command = world.order("ann", "ETHUSDT", Side.BUY, "5")
    preview = views.preview(state, command)
    assert preview.accepted
    assert preview.borrowed == amount("6000")


# -- interest --------------------------------------------------------------------------------------


def test_bor_3_one_hour_at_borrowing_and_one_at_each_clock_hour() -> None:
    """13:20 to 14:15 are two hours, and so are 13:55 to 14:30. 0.24% a day are 0.01% an hour."""
    world = market(ann="1000000", borrow_rate="0.24%")
    hour = 3_600
    world.wait(hour - world.time_ns // 10**9 % hour + 20 * 60)
    world.borrow("ann", "100", "ETH")
    first = world.happened(InterestAccrued)
    assert [(each.amount, each.principal) for each in first] == [(1_000_000, amount("100"))]
    world.wait(39 * 60)
    assert world.happened(InterestAccrued) == []
    world.wait(16 * 60)
    assert len(world.happened(InterestAccrued)) == 1
    assert world.held("ann", "ETH")["interest"] == "0.02"
    world.wait(3 * hour)
    assert world.held("ann", "ETH")["interest"] == "0.05", "simple: on the principal alone"
    world.repay("ann", "0.03", "ETH")
    assert world.held("ann", "ETH")["interest"] == "0.02", "interest first"
    paid = [each for each in world.happened(Transferred) if each.kind == TransferKind.INTEREST]
    assert len(paid) == 1
    world.repay("ann", "50.02", "ETH")
    assert world.held("ann", "ETH") == {"balance": "49.95", "borrowed": "50"}
    world.deposit("ann", "1", asset="ETH")
    world.repay("ann", None, "ETH")
    assert world.held("ann", "ETH") == {"balance": "0.95"}
    world.wait(2 * hour)
    assert world.happened(InterestAccrued) == []
    assert world.exchange.state.interest_due_ns is None
    assert world.total("ETH") == 0


def test_bor_3_interest_rounds_up_once() -> None:
    world = market(ann="1000000", borrow_rate="0.01%")
    world.borrow("ann", "0.00000001", "ETH")
    assert world.held("ann", "ETH")["interest"] == "0.00000001"


def test_bor_3_interest_lowers_equity_and_can_call_the_unit() -> None:
    world = market(ann="5000", borrow_rate="24%")
    bids(world)
    world.sell("ann", "ETHUSDT", "8")
    world.mark(ETHUSDT="2240")
    assert world.happened(MarginCallIssued) == []
    assert world.risk("ann")["equity"] == "2900.8"  # 21,000 less (8 + 0.08) * 2,240
    assert world.risk("ann")["call"] == "2895.872"
    world.wait(3_600)
    assert len(world.happened(MarginCallIssued)) == 1
    assert world.risk("ann")["equity"] == "2721.6"


# -- haircuts --------------------------------------------------------------------------------------


def test_marg_1_haircuts_are_on_gross_balances_and_leave_equity_alone() -> None:
    world = market(haircut="10%")
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    # 20,000 of ETH count 18,000; less 16,000 is 2,000, under the 4,000 that are required
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("6000"), amount("4000"))
    # x of ETH: 4,000 - 0.1 x = (x - 4,000) / 4 at x = 14,285.71
    world.buy("ann", "ETHUSDT", "7.142")
    assert world.refused() is None
    risk = world.risk("ann")
    assert (risk["equity"], risk["free"]) == ("4000", "0.6")
    view = views.wallet_view(world.exchange.state, world.wallet("ann").wallet_id)
    assert view.collateral == amount("2571.6")
    assert view.margin_level == 14_284 * RATE_ONE // 10_284
    world.haircut(ETH="50%")
    assert world.risk("ann")["free"] == "-5713"
    assert world.happened(MarginCallIssued) == [], "a haircut is not in equity (MARG-1)"
    world.haircut(ETH="0")
    assert world.risk("ann")["free"] == "1429"


def test_marg_5_an_order_that_repays_is_accepted_without_free_collateral(world: SpotWorld) -> None:
    borrowed_by_fives(world)
    world.mark(ETHUSDT="1900")
    assert world.risk("ann")["free"] == "-1000"
    bids(world, "1900")
    world.sell("ann", "ETHUSDT", "1")
    assert world.held("ann", "USDT") == {"borrowed": "14100"}
    world.buy("ann", "ETHUSDT", "0.01", at="1900")
    assert world.reason() == "INSUFFICIENT_MARGIN"


def test_marg_4_cross_holds_assets_and_perpetuals_together(world: SpotWorld) -> None:
    world.instrument("BTC")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 10")
    borrowed_by_fives(world)
    world.buy("ann", "BTC", "0.01", mode="CROSS", leverage=10)
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("60"), 0)
    world.mark(ETHUSDT="2100")
    world.buy("ann", "BTC", "0.01")
    assert world.refused() is None
    risk = world.risk("ann")
    assert risk["initial"] == "4060"
    assert risk["maintenance"] == "1602.4"
    assert risk["call"] == "2563"


# -- what may leave --------------------------------------------------------------------------------


def test_wal_5_while_anything_is_borrowed_the_margin_level_stays_at_two(world: SpotWorld) -> None:
    world.deposit("ann", "10", asset="ETH")
    world.borrow("ann", "2000", "USDT")
    # 26,000 of assets, 2,000 owed: 22,000 of them may leave
    world.transfer("ann", "6000", "CROSS", "SPOT")
    assert world.refused() is None
    world.transfer("ann", "8.001", "CROSS", "SPOT", asset="ETH")
    assert world.refused() == ("INSUFFICIENT_BALANCE", amount("8.001"), amount("8"))
    world.transfer("ann", "8", "CROSS", "SPOT", asset="ETH")
    assert world.refused() is None
    assert world.held("ann", "ETH", "SPOT") == {"balance": "8"}
    world.transfer("ann", "0.001", "CROSS", "SPOT", asset="ETH")
    assert world.reason() == "INSUFFICIENT_BALANCE"


def test_wal_5_an_asset_that_nothing_values_stays_in_spot(world: SpotWorld) -> None:
    world.deposit("ann", "1", "SPOT", "BTC")
    world.transfer("ann", "1", "SPOT", "CROSS", asset="BTC")
    assert world.reason() == "UNKNOWN_ASSET"


def test_wal_7_a_reset_pays_all_debts_and_takes_all_assets(world: SpotWorld) -> None:
    borrowed_by_fives(world)
    world.run(ResetAccount(world.names["ann"], amount("1000")))
    assert world.held("ann", "USDT") == {"balance": "1000"}
    assert world.held("ann", "ETH") == {}
    assert world.total("USDT") == world.total("ETH") == 0


def test_bor_6_settlement_debt_bears_interest_at_each_clock_hour() -> None:
    """It is charged at once; what the balance cannot pay joins the debt. It is in no line."""
    world = SpotWorld(borrow_rate="2.4%")
    world.instrument("BTC")
    world.spot("ETHUSDT", "ETH")
    world.account("ann", cross="1000")
    world.mark(BTC="10000", ETHUSDT="2000")
    world.maker("BTC", asks="10000 x 1", bids="8000 x 1")
    world.deposit("ann", "1", asset="ETH")
    world.buy("ann", "BTC", "1", mode="CROSS", leverage=10)
    world.mark(BTC="8000")
    world.sell("ann", "BTC", "1", reduce_only=True)
    assert world.held("ann", "USDT") == {"settlement_debt": "1000"}
    assert world.risk("ann")["equity"] == "1000"
    assert world.risk("ann")["maintenance"] == "0"
    world.wait(3_600)
    assert world.held("ann", "USDT") == {"settlement_debt": "1001"}
    world.deposit("ann", "1001.5")
    assert world.held("ann", "USDT") == {"balance": "0.5"}


def test_marg_1_a_unit_that_holds_another_asset_alone_is_worth_it(world: SpotWorld) -> None:
    """No valuation asset was ever in the wallet."""
    world.account("eve")
    world.deposit("eve", "2", asset="ETH")
    assert world.risk("eve")["equity"] == "4000"
    world.borrow("eve", "8000", "USDT")
    assert world.refused() is None
