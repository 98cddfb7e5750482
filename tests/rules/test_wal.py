"""WAL: accounts, wallets, settings, and how margin moves between CROSS and an isolated wallet."""

from typing import Any

import pytest

from simulator.core.model.commands import AdjustBalance, Deposit, TransferFunds
from simulator.core.model.enums import PositionSide, WalletKind
from simulator.core.model.events import LeverageSet, LiquidationStarted, Transferred, WalletOpened
from tests.scenario import BTC_ASSET, World, amount, rate
from tests.story import story

LONG, SHORT = ("BTC", "LONG"), ("BTC", "SHORT")


def world_of(ann: str = "1000", **terms: Any) -> World:
    """Ann, and a market maker who buys and sells BTC at 100."""
    world = World()
    world.instrument("BTC", **terms)
    world.account("ann", cross=ann, spot="500")
    world.mark(BTC="100")
    return world


def bid(world: World, price: str, quantity: str = "1000") -> None:
    world.maker("BTC", bids=f"{price} x {quantity}")


def ask(world: World, price: str, quantity: str = "1000") -> None:
    world.maker("BTC", asks=f"{price} x {quantity}")


# -- WAL-1, WAL-2 --------------------------------------------------------------------------------


def test_wal_1_an_account_has_spot_and_cross_and_isolated_wallets_at_first_use() -> None:
    world = world_of()
    account_id = world.names["ann"]
    own = [each for each in world.exchange.state.wallets.values() if each.account_id == account_id]
    assert [wallet.kind for wallet in own] == [WalletKind.SPOT, WalletKind.CROSS]
    ask(world, "100")
    world.buy("ann", "BTC", "1", leverage=10)
    opened = world.happened(WalletOpened)[0]
    assert (opened.kind, opened.position_side) == (WalletKind.ISOLATED, PositionSide.LONG)
    world.buy("ann", "BTC", "1")
    assert world.happened(WalletOpened) == [], "one wallet per instrument and position side"


def test_wal_1_a_flip_closes_one_isolated_wallet_and_opens_the_other() -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "1", leverage=10)
    bid(world, "110")
    world.sell("ann", "BTC", "3")
    assert world.position("ann", "BTC") == ("-2", "-220")
    assert world.balance("ann", at=LONG) == "0"
    assert world.balance("ann", at=SHORT) == "22"
    assert world.balance("ann") == "988"  # 1000 + 10 of profit - 22 of margin


def test_wal_2_a_loss_in_an_isolated_wallet_touches_no_other_wallet() -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    bid(world, "95")
    world.mark(BTC="50")
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.position("ann", "BTC") is None
    assert (world.balance("ann"), world.balance("ann", "SPOT")) == ("900", "500")


def test_wal_2_a_loss_in_cross_touches_neither_spot_nor_an_isolated_wallet() -> None:
    world = world_of("1010")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("ETH", asks="100 x 100")
    world.buy("ann", "ETH", "10", leverage=100)
    ask(world, "100")
    world.buy("ann", "BTC", "50", leverage=10, mode="CROSS")
    world.mark(BTC="70")
    assert world.position("ann", "BTC") is None
    assert world.balance("ann") == "0"
    assert world.balance("ann", "SPOT") == "500"
    assert world.balance("ann", at=("ETH", "LONG")) == "10"
    assert world.position("ann", "ETH") == ("10", "1000")


# -- WAL-3 ---------------------------------------------------------------------------------------


def test_wal_3_margin_mode_cannot_change_with_an_open_position_or_order() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="95")
    world.mode("ann", "BTC", "CROSS")
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    world.cancel_all("ann")
    ask(world, "100")
    world.buy("ann", "BTC", "1")
    world.mode("ann", "BTC", "CROSS")
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    bid(world, "100")
    world.sell("ann", "BTC", "1")
    world.mode("ann", "BTC", "CROSS")
    assert world.reason() is None


@pytest.mark.parametrize(
    ("leverage", "reason"),
    [(0, "LEVERAGE_NOT_ALLOWED"), (126, "LEVERAGE_NOT_ALLOWED"), (125, None)],
)
def test_wal_3_leverage_is_within_the_risk_tiers(leverage: int, reason: str | None) -> None:
    world = world_of()
    world.leverage("ann", "BTC", leverage)
    assert world.reason() == reason


def test_wal_3_leverage_is_within_the_tier_of_the_position() -> None:
    world = World()
    world.instrument("BTC", tiers="1000:0.4%:125 5%:10")
    world.account("ann", cross="1000")
    world.mark(BTC="100")
    ask(world, "100")
    world.buy("ann", "BTC", "11", leverage=10)
    world.leverage("ann", "BTC", 11)
    assert world.refused() == ("LEVERAGE_NOT_ALLOWED", 11, 10)


def test_wal_3_leverage_moves_no_margin_by_itself() -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    events = world.leverage("ann", "BTC", 20)
    assert [type(event) for event in events] == [LeverageSet]
    assert world.balance("ann", at=LONG) == "100"


def test_wal_3_lower_leverage_must_stay_covered() -> None:
    """Isolated by the position's own equity, cross by free collateral."""
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    world.leverage("ann", "BTC", 9)
    assert world.reason() == "INSUFFICIENT_MARGIN"
    world.transfer("ann", "12", "CROSS", "ISOLATED", at=LONG)
    world.leverage("ann", "BTC", 9)
    assert world.reason() is None
    world.account("bob", cross="200")
    world.buy("bob", "BTC", "10", leverage=10, mode="CROSS")
    world.leverage("bob", "BTC", 5)
    assert world.reason() is None
    world.leverage("bob", "BTC", 4)
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("50"), 0)


def test_wal_3_leverage_changes_what_resting_isolated_orders_lock() -> None:
    world = world_of()
    world.buy("ann", "BTC", "10", at="95", leverage=10)
    assert world.locked("ann") == "95"
    world.leverage("ann", "BTC", 5)
    assert world.locked("ann") == "190"
    world.leverage("ann", "BTC", 1)
    assert world.locked("ann") == "950"
    world.buy("ann", "BTC", "1", at="95")
    assert world.reason() == "INSUFFICIENT_MARGIN"
    world.leverage("ann", "BTC", 2)
    world.transfer("ann", "500", "CROSS", "SPOT")
    world.leverage("ann", "BTC", 1)
    assert world.reason() == "INSUFFICIENT_MARGIN"
    assert world.locked("ann") == "475"


# -- WAL-4 ---------------------------------------------------------------------------------------


def test_wal_4_an_isolated_order_locks_its_requirement_in_cross() -> None:
    """price * Q / L, open loss, opening fee: 2 x 101 / 10 + 2 x (101 - 100) + 0.1% of 202."""
    world = world_of(taker_fee_rate=rate("0.1%"), maker_fee_rate=rate("0.1%"))
    world.buy("ann", "BTC", "2", at="101", leverage=10)
    assert world.locked("ann") == "22.402"
    assert world.balance("ann") == "1000"
    world.cancel_all("ann")
    assert world.locked("ann") == "0"


def test_wal_4_a_fill_moves_margin_and_pays_its_fee_from_cross() -> None:
    world = world_of(maker_fee_rate=rate("0.1%"))
    world.buy("ann", "BTC", "2", at="101", leverage=10)
    world.account("bob", cross="1000", taker_fee_rate=0)
    world.sell("bob", "BTC", "0.5", at="101")
    assert "TRANSFER 5.05: ann CROSS to ann ISOLATED" in story(world)
    assert "FEE 0.0505: ann CROSS to fees" in story(world)
    assert world.balance("ann") == "994.8995"
    assert world.locked("ann") == "16.8015", "three quarters of the lock stay"


def test_wal_4_a_reduction_returns_its_share_of_margin_and_profit() -> None:
    """max(0, proportional margin + realized PnL - closing fee)."""
    world = world_of(taker_fee_rate=rate("0.1%"))
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    assert world.balance("ann") == "899"  # 100 of margin, a fee of 1
    bid(world, "104")
    world.sell("ann", "BTC", "4")
    # a share of 40, a profit of 16, a fee of 0.416
    assert world.balance("ann") == "954.584"
    assert world.balance("ann", at=LONG) == "60"


def test_wal_4_a_loss_above_the_share_returns_nothing_and_stays() -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    world.mark(BTC="96")
    bid(world, "88")
    world.sell("ann", "BTC", "2")  # a share of 20, a loss of 24
    assert world.balance("ann") == "900"
    assert world.balance("ann", at=LONG) == "76"


def test_wal_4_keep_margin_returns_nothing() -> None:
    """The way to cure a call by reducing."""
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    bid(world, "104")
    world.sell("ann", "BTC", "4", reduce_only=True, keep_margin=True)
    assert world.balance("ann") == "900"
    assert world.balance("ann", at=LONG) == "116"
    world.sell("ann", "BTC", "6", reduce_only=True, keep_margin=True)
    assert world.balance("ann") == "1040", "an empty isolated wallet returns what is left"


def test_wal_4_keep_margin_is_for_reduce_only_orders() -> None:
    """A flip could otherwise spend the margin that it keeps."""
    world = world_of()
    world.sell("ann", "BTC", "1", at="100", keep_margin=True)
    assert world.reason() == "INVALID_COMBINATION"


def test_wal_4_an_opening_fill_that_would_cause_a_call_is_not_made() -> None:
    """At 125x margin is 0.8% of notional, the call line 0.5%: 0.5% above the mark is too dear."""
    world = world_of()
    world.maker("BTC", asks="100 x 1, 100.5 x 5")
    world.buy("ann", "BTC", "3", at="101", leverage=125)
    assert story(world)[-1] == "3 canceled: 2 left, WOULD_CAUSE_MARGIN_CALL"
    assert world.position("ann", "BTC") == ("1", "100")


def test_wal_4_a_fill_or_kill_order_that_would_cause_a_call_is_refused_with_that_reason() -> None:
    """The book has enough; it is the call line that stops it after the first 1."""
    world = world_of()
    world.maker("BTC", asks="100 x 1, 100.5 x 5")
    world.buy("ann", "BTC", "3", at="101", leverage=125, tif="FOK")
    assert world.refused() == ("WOULD_CAUSE_MARGIN_CALL", 3_000, 1_000)
    assert world.position("ann", "BTC") is None


def test_wal_4_an_isolated_maker_that_cannot_pay_any_more_is_passed_over() -> None:
    """A loss in CROSS ate what the resting order had locked: the next one trades."""
    world = world_of("100")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("ETH", asks="100 x 1000")
    world.buy("ann", "BTC", "9", at="100", leverage=10)  # locks 90
    world.buy("ann", "ETH", "1", leverage=100, mode="CROSS")
    world.account("bob", cross="1000")
    world.buy("bob", "BTC", "1", at="99")
    world.mark(ETH="50")
    world.account("eve", cross="1000")
    world.sell("eve", "BTC", "1", at="99")
    assert "2 canceled: 9 left, INSUFFICIENT_MARGIN" in story(world)
    assert world.position("bob", "BTC") == ("1", "99")


# -- WAL-5 ---------------------------------------------------------------------------------------


def test_wal_5_any_free_balance_leaves_spot() -> None:
    world = world_of()
    world.transfer("ann", "500.00000001", "SPOT", "CROSS")
    assert world.refused() == ("INSUFFICIENT_BALANCE", amount("500.00000001"), amount("500"))
    world.transfer("ann", "500", "SPOT", "CROSS")
    assert (world.balance("ann"), world.balance("ann", "SPOT")) == ("1500", "0")


@pytest.mark.parametrize(
    ("mark", "leaves"),
    [
        ("100", "900"),  # 1,000 less the requirement of 100
        ("110", "890"),  # the profit of 100 may not leave, and N/L has grown to 110
        ("90", "810"),  # equity 900 less 90
    ],
)
def test_wal_5_profit_must_be_realized_before_it_leaves_cross(mark: str, leaves: str) -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10, mode="CROSS")
    world.mark(BTC=mark)
    world.transfer("ann", str(float(leaves) + 0.01), "CROSS", "SPOT")
    assert world.reason() == "INSUFFICIENT_BALANCE"
    world.transfer("ann", leaves, "CROSS", "SPOT")
    assert world.reason() is None


def test_wal_5_locked_margin_does_not_leave_cross() -> None:
    world = world_of()
    world.buy("ann", "BTC", "10", at="95", leverage=10)
    world.transfer("ann", "905.01", "CROSS", "SPOT")
    assert world.reason() == "INSUFFICIENT_BALANCE"
    world.transfer("ann", "905", "CROSS", "SPOT")
    assert world.reason() is None


@pytest.mark.parametrize(
    ("mark", "leaves"),
    [
        ("100", "50"),  # 150 less N/L of 100
        ("110", "140"),  # equity 250 less 110
        ("300", "150"),  # never more than its balance
        ("90.46", "0"),  # equity 54.6 under N/L of 90.46
    ],
)
def test_wal_5_isolated_margin_leaves_down_to_the_requirement_at_mark(
    mark: str, leaves: str
) -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10)
    world.transfer("ann", "50", "CROSS", "ISOLATED", at=LONG)
    world.mark(BTC=mark)
    world.transfer("ann", str(float(leaves) + 0.01), "ISOLATED", "CROSS", at=LONG)
    assert world.reason() == "INSUFFICIENT_BALANCE"
    if leaves != "0":
        world.transfer("ann", leaves, "ISOLATED", "CROSS", at=LONG)
        assert world.reason() is None


def test_wal_5_money_moves_between_spot_cross_and_an_isolated_wallet_in_use() -> None:
    world = world_of()
    world.transfer("ann", "1", "SPOT", "SPOT")
    assert world.reason() == "INVALID_COMBINATION"
    world.transfer("ann", "1", "CROSS", "ISOLATED", at=LONG)
    assert world.reason() == "UNKNOWN_WALLET"
    ask(world, "100")
    world.buy("ann", "BTC", "1")
    world.transfer("ann", "1", "SPOT", "ISOLATED", at=LONG)
    assert world.reason() == "INVALID_COMBINATION"
    world.transfer("ann", "1", "CROSS", "ISOLATED", at=SHORT)
    assert world.reason() == "UNKNOWN_WALLET"
    world.transfer("ann", "0", "CROSS", "ISOLATED", at=LONG)
    assert world.reason() == "INVALID_AMOUNT"


def test_wal_5_a_transfer_moves_the_asset_that_it_names() -> None:
    """SPOT may hold bitcoin; CROSS only what an index values, so it does not get any."""
    world = world_of()
    spot = world.wallet("ann", "SPOT").wallet_id
    world.run(Deposit(spot, BTC_ASSET, amount("1")))
    assert world.reason() is None
    world.run(Deposit(world.wallet("ann").wallet_id, BTC_ASSET, amount("1")))
    assert world.reason() == "UNKNOWN_ASSET"
    ways = (WalletKind.SPOT, WalletKind.CROSS)
    world.run(TransferFunds(world.names["ann"], *ways, BTC_ASSET, amount("1")))
    assert world.reason() == "UNKNOWN_ASSET"
    world.run(TransferFunds(world.names["ann"], ways[1], ways[0], BTC_ASSET, amount("1")))
    assert world.reason() == "INSUFFICIENT_BALANCE"
    assert (world.balance("ann"), world.balance("ann", "SPOT")) == ("1000", "500")


def test_wal_5_an_operator_takes_no_more_than_may_leave() -> None:
    world = world_of()
    ask(world, "100")
    world.buy("ann", "BTC", "10", leverage=10, mode="CROSS")
    cross = world.wallet("ann").wallet_id
    world.run(AdjustBalance(cross, 1, -amount("900.01"), "too much"))
    assert world.reason() == "INSUFFICIENT_BALANCE"
    world.run(AdjustBalance(cross, 1, -amount("900"), "a correction"))
    assert world.happened(Transferred)[0].reason == "a correction"
