"""Whether the SQL views tell what the journal tells, row by row and number by number."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from simulator.core.model import events as e
from simulator.core.model.accounts import is_wallet, ledger_account_name
from tests.e2e.by_hand import MINUTE_NS, read_bars
from tests.e2e.replays import WORLD, Replayed

Row = tuple[object, ...]


def scaled(value: int, decimals: int) -> Decimal:
    return Decimal(value).scaleb(-decimals).normalize()


def money(minor: int) -> Decimal:
    return scaled(minor, 8)


def utc_text(time_ns: int) -> str:
    moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ns // 10**6 % 1000:03d}"


def rows(replayed: Replayed, view: str, columns: str, key: str) -> list[Row]:
    query = f"SELECT {columns} FROM {view} WHERE world_id = ? ORDER BY {key}"
    return [tuple(row.values()) for row in replayed.select(query, WORLD)]


# -- what only ever grows --------------------------------------------------------------------------


def check_trades(replayed: Replayed) -> int:
    """Every trade with its fees and realized PnL; returns how many there are."""
    columns = (
        "trade_id, seq, time_utc, symbol, price, quantity, taker_side, taker_account_id, "
        "maker_account_id, taker_fee, maker_fee, taker_realized_pnl, maker_realized_pnl"
    )
    expected: list[Row] = []
    for told, trade in replayed.happened(e.TradeExecuted):
        terms = replayed.terms[trade.instrument_id]
        expected.append(
            (
                trade.trade_id,
                told.seq,
                utc_text(told.time_ns),
                terms.symbol,
                scaled(trade.price, terms.price_decimals),
                scaled(trade.quantity, terms.quantity_decimals),
                trade.taker_side.name,
                trade.taker_account_id,
                trade.maker_account_id,
                money(trade.taker_fee),
                money(trade.maker_fee),
                money(trade.taker_realized_pnl),
                money(trade.maker_realized_pnl),
            )
        )
    assert rows(replayed, "v_trades", columns, "trade_id") == expected
    return len(expected)


def check_ledger(replayed: Replayed) -> int:
    """LED-2: every double entry, who paid whom; returns how many there are."""
    columns = "seq, entry_index, time_utc, kind, source, target, amount, trade_id, liquidation_id"
    expected: list[Row] = [
        (
            told.seq,
            told.place,
            utc_text(told.time_ns),
            entry.kind.name,
            ledger_account_name(entry.source),
            ledger_account_name(entry.target),
            money(entry.amount),
            entry.trade_id,
            entry.liquidation_id,
        )
        for told, entry in replayed.happened(e.Transferred)
    ]
    assert rows(replayed, "v_ledger", columns, "seq, entry_index") == expected
    return len(expected)


# -- what begins and ends --------------------------------------------------------------------------


def check_margin_calls(replayed: Replayed) -> int:
    columns = (
        "margin_call_id, account_id, wallet_id, issued_utc, equity, call_margin, "
        "maintenance_margin, symbol, mark_price, liquidation_price, quantity_to_reduce, "
        "amount_to_add, repeats, ended_by, ended_utc, ended_equity"
    )
    expected: list[Row] = []
    for told, call in replayed.happened(e.MarginCallIssued, repeated=False):
        terms = replayed.terms[call.instrument_id]
        price = call.liquidation_price
        of_it = {"margin_call_id": call.margin_call_id}
        ends = replayed.happened(e.MarginCallEnded, **of_it)
        repeats = replayed.happened(e.MarginCallIssued, repeated=True, **of_it)
        expected.append(
            (
                call.margin_call_id,
                call.account_id,
                call.wallet_id,
                utc_text(told.time_ns),
                money(call.equity),
                money(call.call_margin),
                money(call.maintenance_margin),
                terms.symbol,
                scaled(call.mark_price, terms.price_decimals),
                None if price is None else scaled(price, terms.price_decimals),
                scaled(call.quantity_to_reduce, terms.quantity_decimals),
                money(call.amount_to_add),
                len(repeats),
                ends[0][1].end.name if ends else None,
                utc_text(ends[0][0].time_ns) if ends else None,
                money(ends[0][1].equity) if ends else None,
            )
        )
    assert rows(replayed, "v_margin_calls", columns, "margin_call_id") == expected
    return len(expected)


def check_liquidations(replayed: Replayed) -> int:
    columns = (
        "liquidation_id, account_id, wallet_id, started_utc, equity, call_margin, "
        "maintenance_margin, steps, takeovers, outcome, ended_utc, ended_equity, fee, deficit, "
        "shortfall"
    )
    expected: list[Row] = []
    for told, started in replayed.happened(e.LiquidationStarted):
        of_it = {"liquidation_id": started.liquidation_id}
        [(ended_told, ended)] = replayed.happened(e.LiquidationEnded, **of_it)
        expected.append(
            (
                started.liquidation_id,
                started.account_id,
                started.wallet_id,
                utc_text(told.time_ns),
                money(started.equity),
                money(started.call_margin),
                money(started.maintenance_margin),
                len(replayed.happened(e.LiquidationStepTaken, **of_it)),
                len(replayed.happened(e.PositionTakenOver, **of_it)),
                ended.outcome.name,
                utc_text(ended_told.time_ns),
                money(ended.equity),
                money(ended.fee),
                money(ended.deficit),
                money(ended.shortfall),
            )
        )
    assert rows(replayed, "v_liquidations", columns, "liquidation_id") == expected
    return len(expected)


# -- what stands at the end ------------------------------------------------------------------------


def check_positions(replayed: Replayed) -> int:
    """UNIT-2: what all changes of a position add up to; returns how many are open."""
    held: dict[tuple[int, int, str], list[int]] = defaultdict(lambda: [0, 0])
    for _, change in replayed.happened(e.PositionChanged):
        key = (change.account_id, change.instrument_id, change.position_side.name)
        held[key][0] += change.quantity
        held[key][1] += change.entry_notional
    expected = {key: each for key, each in held.items() if each[0]}
    symbols = {each.symbol: key for key, each in replayed.terms.items()}
    found = replayed.select("SELECT * FROM v_positions WHERE world_id = ?", WORLD)
    by_key = {
        (row["account_id"], symbols[row["symbol"]], row["position_side"]): row for row in found
    }
    assert sorted(by_key) == sorted(expected)
    for key, (quantity, entry_notional) in expected.items():
        row, terms = by_key[key], replayed.terms[key[1]]
        mark = replayed.marks[key[1]][-1].price
        coins, cost = replayed.quantity(key[1], quantity), Fraction(entry_notional, 10**8)
        assert row["quantity"] == scaled(quantity, terms.quantity_decimals)
        assert float(row["entry_price"]) == pytest.approx(float(cost / coins), rel=1e-12)
        assert row["mark_price"] == mark
        assert float(row["notional"]) == pytest.approx(float(abs(coins) * mark), rel=1e-12)
        assert float(row["unrealized_pnl"]) == pytest.approx(float(coins * mark - cost), abs=1e-8)
    return len(expected)


def check_wallets_and_the_sum(replayed: Replayed) -> None:
    """LED-1, LED-3: each wallet is what the ledger paid it, and all accounts sum to zero.

    Both from SQL alone: balances from `v_ledger`, wallets from `v_wallets`, and the entry
    notionals that stand against the clearing accounts from the table `positions`.
    """
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for source, target, amount in rows(replayed, "v_ledger", "source, target, amount", "seq"):
        assert isinstance(amount, Decimal)
        balances[str(source)] -= amount
        balances[str(target)] += amount
    total = sum((each for name, each in balances.items() if not _is_wallet(name)), Decimal(0))
    for wallet_id, balance in rows(replayed, "v_wallets", "wallet_id, balance", "wallet_id"):
        assert isinstance(wallet_id, int)
        assert isinstance(balance, Decimal)
        assert is_wallet(wallet_id)
        assert balance == balances[ledger_account_name(wallet_id)]
        assert balance >= 0, "LIQ-8"
        total += balance
    assert total == 0
    query = (
        "SELECT SUM(entry_notional) AS entries FROM positions "
        "WHERE world_id = ? AND instrument_id = ?"
    )
    for instrument_id in replayed.terms:
        entries = replayed.select_one(query, WORLD, instrument_id)["entries"] or 0
        assert balances[f"clearing:{instrument_id}"] + money(entries) == 0


def _is_wallet(name: str) -> bool:
    return name.startswith("wallet:") or name == "insurance_fund"


def check_candles(replayed: Replayed, files: dict[int, list[Path]]) -> int:
    """MARK-1: the index of each minute is the bar it was made of; returns how many bars.

    The way from the close before to the open belongs to the minute, so a bar after a jump may be
    wider, but never by more than the jump. The mark goes with the index; where it did not move in
    a minute, that minute has no candle of it.
    """
    query = (
        "SELECT open_utc, high, low, close FROM v_candles "
        "WHERE world_id = ? AND symbol = ? AND source = ? ORDER BY open_utc"
    )
    count = 0
    for instrument_id, paths in files.items():
        symbol = replayed.terms[instrument_id].symbol
        bars = [bar for path in paths for bar in read_bars(path)]
        index = replayed.select(query, WORLD, symbol, "INDEX")
        marks = {row["open_utc"]: row for row in replayed.select(query, WORLD, symbol, "MARK")}
        assert len(index) == len(bars)
        for candle, bar, before in zip(index, bars, [bars[0], *bars[:-1]], strict=True):
            follows = before.minute_ns + MINUTE_NS == bar.minute_ns
            start = before.close if follows else bar.open
            assert candle["open_utc"] == utc_text(bar.minute_ns)
            assert candle["close"] == bar.close
            assert bar.high <= candle["high"] <= max(bar.high, start)
            assert min(bar.low, start) <= candle["low"] <= bar.low
            mark = marks.pop(candle["open_utc"], None)
            if mark is None:
                assert candle["low"] == candle["high"] == before.close
            else:
                assert mark["close"] == candle["close"]
                assert candle["low"] <= mark["low"] <= mark["high"] <= candle["high"]
        assert marks == {}
        count += len(bars)
    return count
