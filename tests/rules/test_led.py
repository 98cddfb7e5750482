"""LED: double entry, with a kind and a cause, checked after every command."""

import pytest

from simulator.core.model.accounts import FEES, INSURANCE_FUND, MINT, clearing_account
from simulator.core.model.accounts import ledger_account_name as name
from simulator.core.model.commands import AdjustBalance, Deposit
from simulator.core.model.events import TradeExecuted, Transferred
from simulator.core.state.ledger import LedgerError
from tests.scenario import World, amount, rate
from tests.story import story


def traded() -> World:
    world = World(fund="10")
    world.instrument("BTC", taker_fee_rate=rate("0.05%"), maker_fee_rate=rate("-0.01%"))
    for each in ("ann", "bob"):
        world.account(each, cross="1000", spot="500")
    world.mark(BTC="100")
    world.sell("bob", "BTC", "2", at="100", leverage=10, mode="CROSS")
    world.buy("ann", "BTC", "2", leverage=10)
    return world


def test_led_1_every_ledger_account_has_its_part() -> None:
    world = traded()
    world.mark(BTC="90.1")
    ledger = world.exchange.state.ledger
    assert ledger.balance(MINT, 1) == -amount("3010")
    assert ledger.balance(FEES, 1) == amount("0.08")  # 0.10 paid, a rebate of 0.02
    assert ledger.balance(clearing_account(1), 1) == amount("20")  # taken over at 90
    assert world.total() == 0


def test_led_1_ledger_accounts_have_names() -> None:
    numbers = (MINT, FEES, INSURANCE_FUND, 4, 5, clearing_account(3), 1_000_004)
    assert [name(each) for each in numbers] == [
        "mint",
        "fees",
        "insurance_fund",
        "shortfall",
        "lending_pool",
        "clearing:3",
        "wallet:1000004",
    ]


def test_led_2_a_transfer_names_its_kind_and_its_cause() -> None:
    world = traded()
    trade = world.happened(TradeExecuted)[0]
    causes = [
        (each.kind.name, each.order_id, each.trade_id) for each in world.happened(Transferred)
    ]
    assert causes == [
        ("TRANSFER", trade.taker_order_id, trade.trade_id),
        ("FEE", trade.taker_order_id, trade.trade_id),
        ("REBATE", trade.maker_order_id, trade.trade_id),
    ]
    world.mark(BTC="80")
    liquidation = [each for each in world.happened(Transferred) if each.liquidation_id is not None]
    assert {each.liquidation_id for each in liquidation} == {1}
    assert "INSURANCE" in {each.kind.name for each in liquidation}


@pytest.mark.parametrize(
    "tally", ["system_total", "posted_to_wallets", "wallet_total", "entry_total"]
)
def test_led_3_a_broken_sum_stops_the_world(tally: str) -> None:
    """Checked always: the next command that moves any of it finds it."""
    world = traded()
    world.buy("bob", "BTC", "1", at="100")
    getattr(world.exchange.state.ledger, tally)[1] += 1
    with pytest.raises(LedgerError, match=r"sum to zero|transfers posted"):
        world.sell("ann", "BTC", "1", at="100")


def test_led_3_money_that_appears_in_a_wallet_is_found() -> None:
    """By the full sum: the running totals see what goes through transfers."""
    world = traded()
    assert world.total() == 0
    world.wallet("ann").holdings[1].balance += 1
    assert world.total() == 1


def test_led_4_a_correction_is_a_compensating_entry_with_a_reason() -> None:
    world = traded()
    wallet = world.wallet("ann", "SPOT").wallet_id
    world.run(Deposit(wallet, 1, amount("100")))
    world.run(AdjustBalance(wallet, 1, -amount("100"), "deposited twice"))
    entry = world.happened(Transferred)[0]
    assert (entry.kind.name, entry.source, entry.target) == ("ADJUSTMENT", wallet, MINT)
    assert (entry.amount, entry.reason) == (amount("100"), "deposited twice")
    assert world.balance("ann", "SPOT") == "500"
    world.run(AdjustBalance(INSURANCE_FUND, 1, -amount("3"), "too rich"))
    assert story(world) == ["ADJUSTMENT 3: fund to mint"]
    world.run(AdjustBalance(99, 1, 1, "nobody"))
    assert world.reason() == "UNKNOWN_WALLET"
