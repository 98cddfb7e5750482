"""12 and 13 March 2020 again: BTC falls from 6,800 to 3,600, with two longs in it (real data).

Ann puts 1,000 USDT on a 20x isolated long, Bob on a 3x cross long, both at the first price. Where
they are called and liquidated is worked out here by hand, from what they paid and from the bar
file alone, and then looked up in the journal.
"""

import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from simulator.core.model import events as e
from simulator.core.model.enums import CallEnd, LiquidationOutcome, MarketState
from simulator.database.engine import open_engine
from simulator.database.rebuild import dump, rebuild
from simulator.database.writer import DatabaseJournal
from simulator.runtime.recovery import verify
from tests.databases import KINDS, Databases
from tests.e2e import telling
from tests.e2e.by_hand import CALL_RATIO, Bar, Long, first_leg_to, read_bars, up_to
from tests.e2e.replays import (
    ROOT,
    WORLD,
    Replayed,
    amount,
    check_reached,
    data_file,
    replay_into,
    replayed_in,
    utc,
)

pytestmark = pytest.mark.data

LEG_1 = "btc-perp-1m-2020-03-12/BTCUSDT-um-1m-2020-03-12T1038-1159.csv.gz"
LEG_2 = "btc-perp-1m-2020-03-12/BTCUSDT-um-1m-2020-03-13T0130-0259.csv.gz"
ANN, BOB = "ann:BTCUSDT-PERP:long:20x:isolated:1000", "bob:BTCUSDT-PERP:long:3x:cross:1000"
DEPOSIT = 1000

BTC = 1
MMR = Fraction(4, 1000)
"""Maintenance margin rate of BTC up to 100,000 USDT: tier 1, so there is no deduction."""

TAKER_FEE = Fraction(5, 10_000)
LIQUIDATION_FEE = Fraction(125, 10_000)
TICK, CENT, MINOR = Fraction(1, 10), Fraction(1, 100), Fraction(1, 10**8)


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return [data_file(LEG_1), data_file(LEG_2)]


@pytest.fixture(scope="module")
def bars(files: list[Path]) -> list[Bar]:
    return [bar for path in files for bar in read_bars(path)]


@pytest.fixture(scope="module")
def replayed(files: list[Path], kept: Databases) -> Replayed:
    """Both legs, with thirteen and a half hours missing between them."""
    return replayed_in(kept, files, [ANN, BOB])


def bought(replayed: Replayed, name: str) -> tuple[Fraction, Fraction]:
    """Quantity and price of a trader's entry, as the view of trades has it: one trade."""
    row = replayed.select_one(
        "SELECT quantity, price FROM v_trades WHERE taker_account_id = ? AND taker_side = 'BUY'",
        replayed.account(name),
    )
    return Fraction(str(row["quantity"])), Fraction(str(row["price"]))


def test_the_entries(replayed: Replayed, bars: list[Bar]) -> None:
    """The numbers that the comments below go on with.

    The first bar opens at 6,788.30; the maker asks 3 bp more, 6,790.3365, up to the tick. What
    1,000 USDT can carry there is Q * 6,790.40 * (1/20 + 0.5 % for costs): 2.677 BTC, and at 1/3:
    0.435 BTC.
    """
    assert bars[0].open == Fraction("6788.30")
    assert up_to(TICK, bars[0].open * Fraction(10_003, 10_000)) == Fraction("6790.4")
    assert bought(replayed, "ann") == (Fraction("2.677"), Fraction("6790.4"))
    assert bought(replayed, "bob") == (Fraction("0.435"), Fraction("6790.4"))


# -- Ann, 20x isolated -----------------------------------------------------------------------------


def test_marg_7_the_20x_isolated_long_is_called_and_then_liquidated_where_the_formulas_say(
    replayed: Replayed, bars: list[Bar]
) -> None:
    """WAL-4, CALL-1, LIQ-1, MARK-1."""
    quantity, entry = bought(replayed, "ann")
    notional = quantity * entry  # 18,177.9008
    margin = notional / 20  # 908.89504, moved to the isolated wallet
    assert notional < 100_000, "tier 1"

    # Equity is  margin + Q*P - notional,  maintenance is  Q*P * 0.4 %.
    # Equal:  Q*P * 0.996 = 18,177.9008 - 908.89504 = 17,269.00576
    liquidation_price = (notional - margin) / (quantity * (1 - MMR))
    assert round(liquidation_price, 4) == Fraction("6476.7871")
    # The call comes at maintenance / 0.8 = Q*P * 0.5 %:  Q*P * 0.995 = 17,269.00576
    call_price = (notional - margin) / (quantity * (1 - MMR / CALL_RATIO))
    assert round(call_price, 4) == Fraction("6483.2965")
    # The same from the formula of the rule book for untouched margin: EP * (1 - 1/L) / (1 - MMR)
    assert liquidation_price == entry * (1 - Fraction(1, 20)) / (1 - MMR)

    account_id = replayed.account("ann")
    [(call_told, call)] = replayed.happened(e.MarginCallIssued, account_id=account_id)
    minute, call_mark = check_reached(replayed, BTC, call_told, call_price, bars)
    assert minute == utc("2020-03-12 10:42")
    assert replayed.price(BTC, call.mark_price) == call_mark
    assert amount(call.equity) == margin + quantity * (call_mark - entry)
    assert amount(call.call_margin) == up_to(MINOR, quantity * call_mark * MMR / CALL_RATIO)
    assert call.liquidation_price is not None
    assert replayed.price(BTC, call.liquidation_price) == up_to(CENT, liquidation_price)

    [(told, started)] = replayed.happened(e.LiquidationStarted, account_id=account_id)
    minute, mark = check_reached(replayed, BTC, told, liquidation_price, bars)
    assert minute == utc("2020-03-12 10:42")
    assert [replayed.price(*each) for each in started.marks] == [mark]
    assert amount(started.equity) == margin + quantity * (mark - entry)
    assert amount(started.maintenance_margin) == up_to(MINOR, quantity * mark * MMR)
    assert started.equity <= started.maintenance_margin

    assert call_told.seq < told.seq
    assert call_price >= call_mark > liquidation_price >= mark, (
        "called at one mark, sold at another"
    )


def test_liq_4_her_position_is_sold_on_the_book_and_the_rest_of_her_margin_is_the_fee(
    replayed: Replayed,
) -> None:
    """LIQ-3, LIQ-4, LIQ-9: takeover price, fill, fee and the money left, by hand."""
    quantity, entry = bought(replayed, "ann")
    margin = quantity * entry / 20
    [(_, step)] = replayed.happened(e.LiquidationStepTaken, liquidation_id=1)
    mark = replayed.price(BTC, step.mark_price)
    equity = margin + quantity * (mark - entry)

    # Sold at the takeover price, nothing is left: EP * (1 - 1/20) = 6,450.88, up to the tick.
    takeover_price = mark * (1 - equity / (quantity * mark))
    assert takeover_price == entry * (1 - Fraction(1, 20)) == Fraction("6450.88")
    assert replayed.price(BTC, step.takeover_price) == up_to(TICK, takeover_price)
    assert (step.tier, replayed.quantity(BTC, step.quantity)) == (1, quantity)

    fills = [
        (Fraction(str(row["quantity"])), Fraction(str(row["price"])))
        for row in replayed.select(
            "SELECT quantity, price FROM v_trades WHERE taker_order_id = ?", step.order_id
        )
    ]
    assert sum(sold for sold, _ in fills) == quantity
    assert all(price >= takeover_price for _, price in fills)
    filled = sum((sold * price for sold, price in fills), Fraction(0))
    loss = quantity * mark - filled
    fee = max(Fraction(0), min(LIQUIDATION_FEE * filled, equity - loss))

    [(_, ended)] = replayed.happened(e.LiquidationEnded, liquidation_id=1)
    assert ended.outcome == LiquidationOutcome.CLOSED
    assert amount(ended.fee) == fee
    left = margin + filled - quantity * entry - fee
    assert (amount(ended.equity), ended.deficit, ended.shortfall) == (left, 0, 0)

    # What was not in the position is still hers: its loss touched no other wallet (WAL-2).
    cross = DEPOSIT - margin - TAKER_FEE * quantity * entry
    wallets = replayed.select(
        "SELECT kind, balance FROM v_wallets WHERE account_id = ?", replayed.account("ann")
    )
    balances = {row["kind"]: Fraction(str(row["balance"])) for row in wallets}
    assert balances == {"SPOT": 0, "CROSS": cross + left, "ISOLATED": 0}


# -- Bob, 3x cross ---------------------------------------------------------------------------------


def bobs_long(replayed: Replayed) -> Long:
    """His whole deposit less the fee is behind 0.435 BTC at 6,790.40."""
    quantity, entry = bought(replayed, "bob")
    notional = quantity * entry  # 2,953.824
    fee = TAKER_FEE * notional  # 1.476912, so 998.523088 are left
    return Long(quantity, notional, DEPOSIT - fee, MMR)


def test_marg_7_the_3x_cross_long_survives_leg_1(replayed: Replayed, files: list[Path]) -> None:
    """998.523088 + Q*P - 2,953.824 = Q*P * 0.4 %:  Q*P * 0.996 = 1,955.300912."""
    long = bobs_long(replayed)
    assert round(long.liquidation_price(), 4) == Fraction("4512.9966")
    assert round(long.call_price(), 4) == Fraction("4517.5323")
    leg_1 = read_bars(files[0])
    assert min(bar.low for bar in leg_1) == Fraction("5199.17")
    assert first_leg_to(long.call_price(), leg_1) is None
    account_id, end = replayed.account("bob"), utc("2020-03-12 12:00")
    for kind in (e.MarginCallIssued, e.LiquidationStarted):
        happened = replayed.happened(kind, account_id=account_id)
        assert [told for told, _ in happened if told.time_ns < end] == []


def test_marg_7_in_leg_2_the_cross_long_is_called_and_then_liquidated_where_the_formulas_say(
    replayed: Replayed, bars: list[Bar]
) -> None:
    long, account_id = bobs_long(replayed), replayed.account("bob")
    [(call_told, call)] = replayed.happened(e.MarginCallIssued, account_id=account_id)
    minute, call_mark = check_reached(replayed, BTC, call_told, long.call_price(), bars)
    assert minute == utc("2020-03-13 01:30")
    assert amount(call.equity) == long.equity(call_mark)
    assert call.liquidation_price is not None
    assert replayed.price(BTC, call.liquidation_price) == up_to(CENT, long.liquidation_price())
    # The cure leads to 105 % of the call margin.
    cured = Fraction(105, 100) * up_to(MINOR, long.call_margin(call_mark))
    assert amount(call.amount_to_add) == up_to(MINOR, cured) - long.equity(call_mark)

    [(told, started)] = replayed.happened(e.LiquidationStarted, account_id=account_id)
    minute, mark = check_reached(replayed, BTC, told, long.liquidation_price(), bars)
    assert minute == utc("2020-03-13 01:30")
    assert amount(started.equity) == long.equity(mark)
    assert amount(started.maintenance_margin) == up_to(MINOR, long.maintenance_margin(mark))
    assert call_told.seq < told.seq
    assert long.call_price() >= call_mark > long.liquidation_price() >= mark

    [(_, ended)] = replayed.happened(e.MarginCallEnded, wallet_id=started.wallet_id)
    assert ended.end == CallEnd.LIQUIDATED
    query = "SELECT SUM(balance) AS total FROM v_wallets WHERE account_id = ?"
    assert 0 <= replayed.select_one(query, account_id)["total"] < long.equity(mark)


def test_mark_1_the_hole_between_the_legs_halts_the_instrument(replayed: Replayed) -> None:
    """The index is stale 60 s after the last price of leg 1; the first one of leg 2 reopens."""
    end = utc("2020-03-12 12:00")
    last = max(mark.time_ns for mark in replayed.marks[BTC] if mark.time_ns < end)
    changes = replayed.happened(e.MarketStateChanged)
    assert [(change.state, told.time_ns) for told, change in changes][-2:] == [
        (MarketState.HALTED, last + 60 * 10**9),
        (MarketState.OPEN, utc("2020-03-13 01:30")),
    ]


# -- the whole -------------------------------------------------------------------------------------


def test_the_views_tell_the_story_of_the_journal(replayed: Replayed, files: list[Path]) -> None:
    assert telling.check_trades(replayed) == 4
    assert telling.check_ledger(replayed) > 12
    assert telling.check_margin_calls(replayed) == 2
    assert telling.check_liquidations(replayed) == 2
    assert telling.check_positions(replayed) == 0
    assert telling.check_candles(replayed, {BTC: files}) == 82 + 90


def test_led_3_the_ledger_sums_to_zero(replayed: Replayed) -> None:
    telling.check_wallets_and_the_sum(replayed)
    totals = replayed.outcome.totals
    assert sum(getattr(totals, name) for name in totals.__struct_fields__) == 0
    assert totals.shortfall == 0


def test_a_second_run_gives_the_same_hashes(replayed: Replayed, files: list[Path]) -> None:
    first, url = replayed.outcome, replayed.databases.create()
    again = replay_into(files, [ANN, BOB], url)
    assert again.entries == first.entries
    assert again.chain_hash == first.chain_hash
    assert again.state_hash == first.state_hash


def test_verify_executes_the_journal_again_and_agrees(replayed: Replayed) -> None:
    engine = open_engine(replayed.url)
    outcome, first = verify(DatabaseJournal(engine), WORLD), replayed.outcome
    engine.dispose()
    assert outcome.difference is None
    assert outcome.entries == first.entries
    assert (outcome.chain, outcome.state) == (first.chain_hash, first.state_hash)


def test_rebuild_gives_the_same_tables(replayed: Replayed) -> None:
    engine = open_engine(replayed.url)
    before = dump(engine, WORLD)
    assert rebuild(engine, WORLD) == replayed.outcome.entries
    after = dump(engine, WORLD)
    engine.dispose()
    assert after == before
    assert len(before["ledger_entries"]) > 12


# -- as a user runs it -----------------------------------------------------------------------------


def simulator(*words: str) -> tuple[int, str]:
    """The command's exit code and what it prints."""
    done = subprocess.run(
        [Path(sys.executable).with_name("simulator"), *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_the_command_line_tells_leg_1(databases: Databases) -> None:
    """`simulator replay`, `verify`, `rebuild`; after leg 1 alone Bob still holds his position."""
    database = ["--database", databases.create()]
    code, printed = simulator(
        "replay", str(data_file(LEG_1)), "--trader", ANN, "--trader", BOB, *database
    )
    assert code == 0
    ann, _, bob = printed.partition("\nbob, 3x cross long on BTCUSDT-PERP, deposit 1,000.00\n")
    assert "ann, 20x isolated long on BTCUSDT-PERP, deposit 1,000.00" in ann
    story = re.findall(
        r"2020-03-12 10:(\d\d):\d\d\.\d+ +(bought|margin call|liquidation|ended)", ann
    )
    assert story[:3] == [("38", "bought"), ("42", "margin call"), ("42", "liquidation")]
    assert ("42", "ended") in story
    assert "bought 0.435 BTC at 6790.4" in bob
    assert "margin call" not in bob
    assert "liquidation: " not in bob
    # 4,512.9966 by hand, up to the cent
    assert re.search(r"still holds 0\.435 BTC long, .* liquidation price 4513\b", bob) is not None
    assert re.search(r"sum\W+0\.00\b", printed) is not None
    hashes = re.findall(r"(?:chain|state) hash [0-9a-f]{64}", printed)
    assert len(hashes) == 2

    code, printed = simulator("verify", WORLD, *database)
    assert code == 0
    assert re.findall(r"(?:chain|state) hash [0-9a-f]{64}", printed) == hashes

    code, printed = simulator("rebuild", WORLD, *database)
    assert code == 0
    assert "are rebuilt from" in printed
