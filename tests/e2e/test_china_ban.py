"""19 May 2021 again, from 09:00 to 15:00: ten instruments fall at once (real data).

BTC falls from 40,500 to 30,000, ETH from 2,980 to 1,888. Ann puts 10,000 USDT on a 20x isolated
long of ETH, so large that it is in the second risk tier; Bob 1,000 USDT on a 3x cross long of BTC.
What becomes of Ann is worked out by hand: the ladder first sells her down to the first tier, which
saves her for eight minutes and two more margin calls.
"""

from fractions import Fraction
from math import floor
from pathlib import Path

import pytest

from simulator.core import views
from simulator.core.model import events as e
from simulator.core.model.enums import CallEnd, LiquidationOutcome
from simulator.database.engine import open_engine
from simulator.database.rebuild import dump, rebuild
from simulator.database.writer import DatabaseJournal
from simulator.runtime.recovery import verify
from tests.e2e import telling
from tests.e2e.by_hand import MINUTE_NS, Bar, Long, first_leg_to, read_bars, up_to
from tests.e2e.china_ban import ANN, BASES, BEGIN, BOB
from tests.e2e.replays import (
    WORLD,
    Replayed,
    amount,
    check_reached,
    cut,
    replay_into,
    utc,
)

pytestmark = pytest.mark.data

BTC, ETH = 1, 2
TIER_1, TIER_2 = Fraction(4, 1000), Fraction(6, 1000)
"""Maintenance margin rates of ETH: 0.4 % up to 60,000 USDT, 0.6 % up to 600,000."""

TIER_1_CAP = 60_000
CUM_2 = TIER_1_CAP * (TIER_2 - TIER_1)
"""MARG-2: the deduction of the second tier, 120 USDT."""

TAKER_FEE = Fraction(5, 10_000)
LIQUIDATION_FEE = Fraction(125, 10_000)
CENT, LOT, MINOR = Fraction(1, 100), Fraction(1, 1000), Fraction(1, 10**8)


@pytest.fixture(scope="module")
def files(china_ban_bars: dict[str, Path]) -> dict[str, Path]:
    return china_ban_bars


@pytest.fixture(scope="module")
def replayed(china_ban: Replayed) -> Replayed:
    return china_ban


@pytest.fixture(scope="module")
def eth_bars(files: dict[str, Path]) -> list[Bar]:
    return read_bars(files["ETH"])


def entry_of(replayed: Replayed, name: str) -> tuple[Fraction, Fraction]:
    """Quantity and notional of a trader's entry, as the view of trades has it."""
    rows = replayed.select(
        "SELECT quantity, price FROM v_trades WHERE taker_account_id = ? AND taker_side = 'BUY'",
        replayed.account(name),
    )
    fills = [(Fraction(str(row["quantity"])), Fraction(str(row["price"]))) for row in rows]
    return (
        sum((quantity for quantity, _ in fills), Fraction(0)),
        sum((quantity * price for quantity, price in fills), Fraction(0)),
    )


# -- Ann -------------------------------------------------------------------------------------------


def anns_long(replayed: Replayed) -> Long:
    """61.029 ETH at 2,979.17, which is 181,815.76593 USDT, with a 20th of it as margin."""
    quantity, notional = entry_of(replayed, "ann")
    assert (quantity, notional) == (Fraction("61.029"), Fraction("181815.76593"))
    return Long(quantity, notional, notional / 20, TIER_2, CUM_2)


def saved_long(replayed: Replayed) -> Long:
    """LIQ-3, LIQ-4: what the first step leaves of her long, its cost and its margin, by hand."""
    long = anns_long(replayed)
    [(_, step)] = replayed.happened(e.LiquidationStepTaken, liquidation_id=1)
    mark = replayed.price(ETH, step.mark_price)
    held, equity = long.quantity * mark, long.equity(mark)
    sold = up_to(LOT, (held - TIER_1_CAP) / mark)
    rows = replayed.select("SELECT * FROM v_trades WHERE taker_order_id = ?", step.order_id)
    fills = [(Fraction(str(row["quantity"])), Fraction(str(row["price"]))) for row in rows]
    assert sum(quantity for quantity, _ in fills) == sold
    filled = sum((quantity * price for quantity, price in fills), Fraction(0))
    loss = sold * mark - filled
    # The fee leaves the rest as much equity per notional as before, to the last minor unit.
    share = floor(equity * sold * mark / held / MINOR) * MINOR
    fee = min(up_to(MINOR, LIQUIDATION_FEE * filled), share - loss)
    cost = floor(long.entry_notional * sold / long.quantity / MINOR) * MINOR
    return Long(
        long.quantity - sold,
        long.entry_notional - cost,
        long.wallet + filled - cost - fee,
        TIER_1,
    )


def test_marg_7_a_long_in_the_second_tier_is_called_and_then_liquidated_where_the_formulas_say(
    replayed: Replayed, eth_bars: list[Bar]
) -> None:
    """MARG-2, CALL-1, LIQ-1, MARK-1, with the deduction of 120 USDT.

    Equity 9,090.7882965 + Q*P - 181,815.76593 = maintenance Q*P * 0.6 % - 120:
    Q*P * 0.994 = 172,604.9776335. The call at 1.25 of it: Q*P * 0.9925 = 172,574.9776335.
    """
    long = anns_long(replayed)
    assert round(long.liquidation_price(), 4) == Fraction("2845.3171")
    assert round(long.call_price(), 4) == Fraction("2849.1221")
    assert TIER_1_CAP < long.quantity * long.liquidation_price() < 600_000, "tier 2"

    calls = replayed.happened(e.MarginCallIssued, account_id=replayed.account("ann"))
    starts = replayed.happened(e.LiquidationStarted, account_id=replayed.account("ann"))
    (call_told, call), (told, started) = calls[0], starts[0]
    minute, call_mark = check_reached(replayed, ETH, call_told, long.call_price(), eth_bars)
    assert minute == utc("2021-05-19 10:40")
    assert amount(call.equity) == long.equity(call_mark)
    assert amount(call.call_margin) == up_to(MINOR, long.call_margin(call_mark))
    assert call.liquidation_price is not None
    assert replayed.price(ETH, call.liquidation_price) == up_to(CENT, long.liquidation_price())

    minute, mark = check_reached(replayed, ETH, told, long.liquidation_price(), eth_bars)
    assert minute == utc("2021-05-19 10:40")
    assert amount(started.equity) == long.equity(mark)
    assert amount(started.maintenance_margin) == up_to(MINOR, long.maintenance_margin(mark))
    assert call_told.seq < told.seq
    assert call_mark > long.liquidation_price() >= mark


def test_liq_3_the_ladder_sells_down_to_the_first_tier_and_the_rest_recovers(
    replayed: Replayed,
) -> None:
    """LIQ-3, LIQ-4, LIQ-9."""
    long = anns_long(replayed)
    [(_, step)] = replayed.happened(e.LiquidationStepTaken, liquidation_id=1)
    mark = replayed.price(ETH, step.mark_price)
    assert step.tier == 2
    assert replayed.price(ETH, step.takeover_price) == up_to(
        CENT, mark * (1 - long.equity(mark) / (long.quantity * mark))
    )
    rest = saved_long(replayed)
    assert replayed.quantity(ETH, step.quantity) == long.quantity - rest.quantity
    assert rest.quantity * mark <= TIER_1_CAP < (rest.quantity + LOT) * mark

    assert rest.equity(mark) > rest.call_margin(mark), "0.5 % is enough in tier 1"
    [(_, ended)] = replayed.happened(e.LiquidationEnded, liquidation_id=1)
    assert ended.outcome == LiquidationOutcome.RECOVERED
    assert amount(ended.equity) == rest.equity(mark)
    assert (ended.deficit, ended.shortfall) == (0, 0)


def test_call_1_the_rest_is_called_saved_by_the_market_and_called_again(
    replayed: Replayed, eth_bars: list[Bar]
) -> None:
    """A call stands until equity reaches 105 % of the call margin; then the next may come."""
    rest = saved_long(replayed)
    calls = replayed.happened(e.MarginCallIssued, account_id=replayed.account("ann"))
    assert len(calls) == 3
    (second_told, second), (third_told, third) = calls[1:]
    _, mark = check_reached(replayed, ETH, second_told, rest.call_price(), eth_bars)
    assert amount(second.equity) == rest.equity(mark)
    assert second_told.time_ns // MINUTE_NS * MINUTE_NS == utc("2021-05-19 10:40")

    ends = replayed.happened(e.MarginCallEnded, margin_call_id=second.margin_call_id)
    [(cured_told, cured)] = ends
    assert cured.end == CallEnd.CURED
    *_, before, mark = replayed.marks_until(ETH, cured_told.seq)
    assert rest.equity(before) < Fraction(105, 100) * rest.call_margin(before)
    assert rest.equity(mark) >= Fraction(105, 100) * rest.call_margin(mark)
    assert amount(cured.equity) == rest.equity(mark)

    assert second_told.seq < cured_told.seq < third_told.seq
    *_, before, mark = replayed.marks_until(ETH, third_told.seq)
    assert before > rest.call_price() >= mark
    assert amount(third.equity) == rest.equity(mark)
    assert third_told.time_ns // MINUTE_NS * MINUTE_NS == utc("2021-05-19 10:48")


def test_marg_7_the_rest_is_liquidated_where_the_formulas_say(
    replayed: Replayed, eth_bars: list[Bar]
) -> None:
    """Now with the rate of the first tier, and to the end."""
    rest = saved_long(replayed)
    [_, (told, started)] = replayed.happened(
        e.LiquidationStarted, account_id=replayed.account("ann")
    )
    minute, mark = check_reached(replayed, ETH, told, rest.liquidation_price(), eth_bars)
    assert minute == utc("2021-05-19 10:48")
    assert amount(started.equity) == rest.equity(mark)
    assert amount(started.maintenance_margin) == up_to(MINOR, rest.maintenance_margin(mark))

    [(_, step)] = replayed.happened(e.LiquidationStepTaken, liquidation_id=2)
    assert (step.tier, replayed.quantity(ETH, step.quantity)) == (1, rest.quantity)
    [(_, ended)] = replayed.happened(e.LiquidationEnded, liquidation_id=2)
    assert ended.outcome == LiquidationOutcome.CLOSED
    assert (ended.equity, ended.deficit, ended.shortfall) == (0, 0, 0)


# -- Bob -------------------------------------------------------------------------------------------


def test_marg_7_the_3x_cross_long_of_btc_survives(
    replayed: Replayed, files: dict[str, Path]
) -> None:
    quantity, notional = entry_of(replayed, "bob")
    long = Long(quantity, notional, 1000 - TAKER_FEE * notional, TIER_1)
    btc_bars = read_bars(files["BTC"])
    assert min(bar.low for bar in btc_bars) == 30_000
    assert first_leg_to(long.call_price(), btc_bars) is None
    account_id = replayed.account("bob")
    assert replayed.happened(e.MarginCallIssued, account_id=account_id) == []
    assert replayed.happened(e.LiquidationStarted, account_id=account_id) == []

    [position] = views.positions_of(replayed.outcome.state, account_id)
    assert position.liquidation_price is not None
    price = replayed.price(BTC, position.liquidation_price)
    assert price == up_to(CENT, long.liquidation_price())
    row = replayed.select_one("SELECT * FROM v_positions WHERE account_id = ?", account_id)
    assert (row["symbol"], row["margined_by"], row["leverage"]) == ("BTCUSDT-PERP", "CROSS", 3)
    assert row["mark_price"] == btc_bars[-1].close
    assert row["unrealized_pnl"] == quantity * btc_bars[-1].close - notional


# -- the whole -------------------------------------------------------------------------------------


def test_the_views_tell_the_story_of_the_journal(
    replayed: Replayed, files: dict[str, Path]
) -> None:
    assert telling.check_trades(replayed) >= 4
    assert telling.check_ledger(replayed) > 20
    assert telling.check_margin_calls(replayed) == 3
    assert telling.check_liquidations(replayed) == 2
    assert telling.check_positions(replayed) >= 2, "Bob's and the maker's who sold to him"
    by_id = {terms.instrument_id: terms.base for terms in replayed.terms.values()}
    assert sorted(by_id.values()) == sorted(BASES)
    bars = telling.check_candles(replayed, {key: [files[base]] for key, base in by_id.items()})
    assert bars == 10 * 360


def test_led_3_the_ledger_sums_to_zero(replayed: Replayed) -> None:
    telling.check_wallets_and_the_sum(replayed)
    totals = replayed.outcome.totals
    assert totals.shortfall == 0
    # What the mint paid out is in wallets, at the fund, paid as fees, or stands against positions.
    assert sum(getattr(totals, name) for name in totals.__struct_fields__) == 0


def test_a_second_run_gives_the_same_hashes(files: dict[str, Path], tmp_path: Path) -> None:
    """Of its first half hour, which is enough for ten feeds and makers to disagree."""
    bars = [cut(path, tmp_path, BEGIN, BEGIN + 30 * MINUTE_NS) for path in files.values()]
    first, again = (
        replay_into(bars, [ANN, BOB], f"sqlite:///{tmp_path / name}") for name in ("a.db", "b.db")
    )
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
    assert len(before["instruments"]) == 10
