"""Cards of wallets on spot margin: a long pair and a short in CROSS by hand, and random markets.

The pair is the rule book's (WAL-4, MARG-7): 10 ETH at 2,000 and 10x, 18,000 borrowed.
"""

from typing import Any

import pytest

from simulator.analytics.explanations import explain
from simulator.analytics.gathering import Kind, Limits, NotExplainedError, gather
from simulator.analytics.journals import KeptJournal
from simulator.core.model import events as e
from simulator.core.model.enums import MarginMode, PositionSide
from tests.analytics.histories import RecordedWorld, lending_history
from tests.analytics.test_explanations import card, check_remedies, remedies, section, subjects
from tests.scenario import amount
from tests.spot_scenario import SpotWorld

LIQUIDATION = "What would have avoided the liquidation"


class Recorded(RecordedWorld, SpotWorld):
    """Spot margin with a journal."""


def lending(mode: str, leverage: int, quote_rate: str = "0", base_rate: str = "0") -> Recorded:
    """ETH at 2,000; Ann with 4,000 in CROSS, Bob with both sides of the book."""
    world = Recorded(fund="100000", borrow_rate=quote_rate)
    world.spot("ETHUSDT", "ETH", borrow_rate=base_rate)
    world.account("ann", cross="4000")
    world.account("bob", spot="10000000")
    world.deposit("bob", "1000", "SPOT", "ETH")
    world.pool("USDT", "1000000")
    world.pool("ETH", "1000")
    world.mark(ETHUSDT="2000")
    world.mode("ann", "ETHUSDT", mode)
    if mode == "ISOLATED":
        world.leverage("ann", "ETHUSDT", leverage)
    else:
        world.product("ann", leverage)
    return world


def long_pair() -> Recorded:
    """From 2,000 down to 1,880, ten a minute; bids for 4 ETH, five below."""
    world = lending("ISOLATED", 10)
    world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    world.buy("ann", "ETHUSDT", "10")
    for price in range(1_990, 1_870, -10):
        world.quotes("bob", "ETHUSDT", bids=f"{price - 5} x 4")
        world.mark(ETHUSDT=str(price))
        world.wait(60)
    return world


def cross_short() -> Recorded:
    """7.5 ETH sold at 2,000 at 5x; up to 2,690 by tens, with asks of 4 ETH five above."""
    world = lending("CROSS", 5)
    world.quotes("bob", "ETHUSDT", bids="2000 x 100")
    world.sell("ann", "ETHUSDT", "7.5")
    for price in range(2_010, 2_700, 10):
        world.quotes("bob", "ETHUSDT", asks=f"{price + 5} x 4")
        world.mark(ETHUSDT=str(price))
        world.wait(60)
    return world


def test_the_liquidation_of_a_long_pair_word_by_word() -> None:
    """Sold: more than (0.1 * 18,000 - 900) / (0.1 * 0.9875 - 0.0125) = 10,434.78 USDT of ETH."""
    found = card(long_pair(), Kind.LIQUIDATION)
    assert found.title == "Liquidation 1: the isolated pair ETHUSDT"
    assert section(found, "What happened")[0] == (
        "The wallet was long of ETHUSDT: it held 10 ETH and owed 18,000 USDT, interest included."
    )
    assert section(found, "The formula") == [
        "ETHUSDT: held 10 ETH x 1,890 = 18,900 USDT.",
        "All that is held comes to 18,900 USDT.",
        "Margin level = held 18,900 / owed 18,000 = 1.05. The wallet is called at 1.1 and "
        "liquidated at 1.05.",
        "In amounts: maintenance margin = 18,000 x (1.05 - 1) = 900 USDT, call margin = 18,000 x "
        "(1.1 - 1) = 1,800 USDT.",
        "Equity = held 18,900 - owed 18,000 = 900 USDT.",
        "Equity 900 is not above the maintenance margin of 900: so the wallet is liquidated.",
        "Solved for the index of ETHUSDT, that is the liquidation price: 1,890. The index is "
        "1,890.",
    ]
    assert section(found, "Who took the other side") == [
        "Step 1: 5.523 ETH were to be sold on the public book at an index of 1,890, never below "
        "the takeover price of 1,800, where exactly nothing would be left.",
        "  4 ETH by account 3 at 1,885 (trade 2).",
        "  1.523 ETH by the insurance fund, for 2,878.47 USDT.",
    ]
    assert section(found, "Who paid and who received")[:2] == [
        "Liquidation fee to the insurance fund: 94.25 USDT.",
        "What the book did not take, the insurance fund did, for 2,878.47 USDT in all; gain and "
        "loss on it are the fund's.",
    ]
    ledger = [line.split(" ", 2)[2] for line in section(found, "Every line of the ledger")]
    assert ledger[-1] == "REPAY: 10,324.22 USDT from wallet:1000004 to lending_pool"


def test_what_would_have_avoided_the_liquidation_of_a_long_pair() -> None:
    """Held to 1,880 equity is 800 and the line 900: 100 and a bit more hold it.

    The stop is a quarter of the way from 1,890 to 1,990, where the episode begins; the lower
    products of a pair are 5x and 3x.
    """
    found = remedies(card(long_pair(), Kind.LIQUIDATION))
    assert list(found) == ["MARGIN", "STOP", "LEVERAGE", "SIZE"]
    assert (found["MARGIN"].amount, found["MARGIN"].own_funds) == (amount("100.01"),) * 2
    assert found["STOP"].price == 191_500
    assert found["STOP"].equity == amount("2900"), "4,000 less 110 on each of 10 ETH"
    assert found["LEVERAGE"].leverage == 5
    assert (found["SIZE"].leverage, found["SIZE"].quantity) == (5, 5_000)


def test_the_margin_call_of_a_pair_names_three_cures() -> None:
    found = card(long_pair(), Kind.MARGIN_CALL)
    assert section(found, "What ends a margin call") == [
        "Add 90 USDT to the wallet,",
        "sell 0.433 ETH at the index of then, so that it repays what is owed, or",
        "repay debts of 857.1428572 USDT out of what it holds.",
    ]
    assert section(found, "What happened")[-1].endswith("the call ended in a liquidation.")


def test_a_short_in_cross_is_bought_back() -> None:
    """19,000 / (7.5 * 1.1) = 2,303.03; a level of 1.16 and 1.1 are those of the 5x product."""
    whole = card(cross_short(), Kind.LIQUIDATION)
    assert whole.title == "Liquidation 1: the CROSS wallet"
    assert section(whole, "The formula")[0] == "ETHUSDT: owed 7.5 ETH x 2,310 = 17,325 USDT."
    assert section(whole, "The formula")[-1].startswith(
        "Solved for the index of ETHUSDT, that is the liquidation price: 2,303.03."
    )
    assert "bought back on the public book" in section(whole, "Who took the other side")[0]
    found = remedies(whole)
    assert found["STOP"].price == 208_325
    assert found["SIZE"].quantity == 3_750
    assert found["MARGIN_MODE"].margin_mode is MarginMode.ISOLATED
    assert found["MARGIN_MODE"].still_liquidated
    advice = "\n".join(section(whole, LIQUIDATION))
    assert "buys back what is owed and repays" in advice
    assert "that pair would have been liquidated all the same" in advice


def test_what_the_fund_gives_is_told_to_the_last_unit_of_its_asset() -> None:
    """Nothing is left to buy with, so it gives all 7 ETH and their hour of interest, at index."""
    world = lending("CROSS", 5, base_rate="0.1%")
    world.quotes("bob", "ETHUSDT", bids="2000 x 100")
    world.sell("ann", "ETHUSDT", "7")
    world.quotes("bob", "ETHUSDT", asks="2700 x 0.5")
    world.mark(ETHUSDT="2650")
    steps = section(card(world, Kind.LIQUIDATION), "Who took the other side")
    assert steps[-1] == "  7.00029167 ETH by the insurance fund, for 18,550.7729255 USDT."


def test_a_loan_from_before_what_is_looked_back_has_no_beginning() -> None:
    world = long_pair()
    found = card(world, Kind.LIQUIDATION, limits=Limits(entries_before=5))
    assert not found.episode.whole
    assert section(found, "What happened")[1] == (
        "It began to owe longer ago than is looked back here."
    )
    assert not found.all_tried


def test_a_wallet_of_nothing_but_the_valuation_asset_has_no_card() -> None:
    """15,000 borrowed at 24 % a day against 4,000: 150 an hour eat them up, whatever ETH costs."""
    world = lending("CROSS", 5, quote_rate="24%")
    world.borrow("ann", "15000", "USDT")
    world.wait(24 * 3_600)
    (subject,) = [each for each, _ in subjects(world.entries, Kind.LIQUIDATION)]
    with pytest.raises(NotExplainedError, match="held and owed nothing but USDT"):
        gather(KeptJournal(world.entries), subject, len(world.entries))


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_every_card_of_a_lending_market_is_true(seed: int) -> None:
    market = lending_history(seed)
    journal = KeptJournal(market.entries)
    limits = Limits(time_after_ns=600 * 10**9)
    told = 0
    for kind in Kind:
        for subject, event in subjects(market.entries, kind):
            try:
                found = explain(journal, subject, len(market.entries), limits)
            except NotExplainedError:
                continue
            told += 1
            check_loans(found.episode, event)
            check_remedies(market.entries, found)
    assert told > 0


def check_loans(case: Any, event: e.MarginCallIssued | e.LiquidationStarted) -> None:
    """The formula is the event's, and adds up asset by asset."""
    unit = case.unit
    lines = (unit.equity, unit.maintenance_margin, unit.call_margin)
    assert lines == (event.equity, event.maintenance_margin, event.call_margin)
    assert unit.equity == unit.balance - unit.debt + unit.unrealized_pnl
    held = unit.valuation_held + sum(each.held_value for each in unit.assets)
    owed = unit.valuation_owed + sum(each.owed_value for each in unit.assets)
    assert (held, owed) == (unit.balance, unit.debt)
    assert (unit.loans is None) == (unit.debt_maintenance == 0)
    if unit.loans is not None:
        assert unit.loans.margin_level == held * 10**12 // unit.loans.debts
    for each in unit.assets:
        assert each.side is (PositionSide.LONG if each.held > each.owed else PositionSide.SHORT)
    if case.is_spot_margin:
        for step in case.steps:
            for taker in step.counterparties:
                assert (taker.amount is None) == (taker.trade_id is not None)
