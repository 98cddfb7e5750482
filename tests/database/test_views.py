"""The views for people tell the same numbers as the tables, in decimals and UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping

from simulator.core.model import commands as c
from simulator.core.model.accounts import INSURANCE_FUND, ledger_account_name
from simulator.core.model.enums import MarginMode, OrderType, Side
from simulator.core.model.instruments import Asset
from simulator.core.model.units import RATE_ONE
from simulator.database.engine import reading
from simulator.database.writer import DatabaseJournal
from tests.database.recording import WORLD, Recorder
from tests.scenario import amount, instrument_terms, tier_rows

PRICES, QUANTITIES, AMOUNTS = "i.price_decimals", "i.quantity_decimals", "8"

COLUMNS = {
    ("v_orders", "orders", "order_id"): {
        "price": PRICES,
        "quantity": QUANTITIES,
        "remaining_quantity": QUANTITIES,
    },
    ("v_trades", "trades", "trade_id"): {
        "price": PRICES,
        "quantity": QUANTITIES,
        "notional": AMOUNTS,
        "taker_fee": AMOUNTS,
        "maker_fee": AMOUNTS,
        "taker_realized_pnl": AMOUNTS,
        "maker_realized_pnl": AMOUNTS,
    },
    ("v_margin_calls", "margin_calls", "margin_call_id"): {
        "equity": AMOUNTS,
        "call_margin": AMOUNTS,
        "maintenance_margin": AMOUNTS,
        "mark_price": PRICES,
        "liquidation_price": PRICES,
        "quantity_to_reduce": QUANTITIES,
        "amount_to_add": AMOUNTS,
        "amount_to_repay": AMOUNTS,
        "ended_equity": AMOUNTS,
    },
}
PLAIN = {
    ("v_ledger", "ledger_entries", "seq, entry_index"): {"amount": AMOUNTS},
    ("v_wallets", "wallets", "wallet_id, asset_id"): {
        "balance": AMOUNTS,
        "locked": AMOUNTS,
        "settlement_debt": AMOUNTS,
        "borrowed": AMOUNTS,
        "interest": AMOUNTS,
    },
    ("v_interest", "interest_charges", "account_id, seq, entry_index"): {"principal": AMOUNTS},
    ("v_liquidations", "liquidations", "liquidation_id"): {
        "equity": AMOUNTS,
        "call_margin": AMOUNTS,
        "maintenance_margin": AMOUNTS,
        "ended_equity": AMOUNTS,
        "fee": AMOUNTS,
        "deficit": AMOUNTS,
        "shortfall": AMOUNTS,
    },
}


def rows_of(engine: Engine, query: str) -> list[RowMapping]:
    with reading(engine) as connection:
        return list(connection.exec_driver_sql(query).mappings())


def scaled(value: float | Decimal | None, decimals: int) -> int | None:
    """A number as a view prints it, as the integer that it stands for."""
    return None if value is None else int(Decimal(str(value)).scaleb(decimals))


@pytest.mark.parametrize(
    ("names", "columns", "join"),
    [(names, columns, "JOIN instruments i USING (world_id, instrument_id)")
     for names, columns in COLUMNS.items()]
    + [(names, columns, "") for names, columns in PLAIN.items()],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_views_tell_the_tables_numbers(
    traded: Engine, names: tuple[str, str, str], columns: dict[str, str], join: str
) -> None:
    view, table, key = names
    printed = rows_of(
        traded, f"SELECT * FROM {view} ORDER BY {key.replace('asset_id', 'asset DESC')}"
    )
    chosen = ", ".join(f"t.{name}, {decimals} AS {name}_d" for name, decimals in columns.items())
    exact = rows_of(traded, f"SELECT {chosen} FROM {table} t {join} ORDER BY {key}")
    assert len(printed) == len(exact) > 0
    for shown, stored in zip(printed, exact, strict=True):
        for name in columns:
            assert scaled(shown[name], stored[f"{name}_d"]) == stored[name], name


def test_candles_are_printed(traded: Engine) -> None:
    query = "SELECT * FROM {} WHERE {} ORDER BY {}"
    printed = rows_of(traded, query.format("v_candles", "symbol = 'COIN1'", "source, open_utc"))
    exact = rows_of(traded, query.format("candles", "instrument_id = 1", "source, open_time_ns"))
    assert len(printed) == len(exact) > 20
    for shown, stored in zip(printed, exact, strict=True):
        for name in ("open", "high", "low", "close"):
            assert scaled(shown[name], 2) == stored[name]
        assert scaled(shown["volume"], 3) == stored["volume"]
        moment = datetime.fromtimestamp(stored["open_time_ns"] // 10**9, tz=UTC)
        assert shown["open_utc"] == moment.strftime("%Y-%m-%d %H:%M:%S.000")


def test_ledger_accounts_are_named_as_everywhere(traded: Engine) -> None:
    printed = rows_of(traded, "SELECT source, target FROM v_ledger ORDER BY seq, entry_index")
    exact = rows_of(traded, "SELECT source, target FROM ledger_entries ORDER BY seq, entry_index")
    for shown, stored in zip(printed, exact, strict=True):
        assert shown["source"] == ledger_account_name(stored["source"])
        assert shown["target"] == ledger_account_name(stored["target"])
    assert {"mint", "fees", "insurance_fund"} < {row["source"] for row in printed}


# -- a small world, told in full -------------------------------------------------------------------


def small_world() -> Recorder:
    """Ann is long 1.2 BTC at 8x on 1,500 USDT, the mark falls by 12.5%, and she is liquidated."""
    recorder = Recorder()
    terms = instrument_terms(1, "BTCUSDT-PERP", taker_fee_rate=RATE_ONE // 1_000)
    for command in (
        c.DefineAsset(Asset(1, "USDT", 8)),
        c.ListInstrument(terms, tier_rows("0.4%:125")),
        c.Deposit(INSURANCE_FUND, 1, amount("100000")),
        c.OpenAccount(),
        c.OpenAccount(),
        c.Deposit(1_000_001, 1, amount("1512")),
        c.Deposit(1_000_003, 1, amount("1000000")),
        c.SetIndexPrices(((1, 1_000_000),)),
        c.SetMarginMode(3, 1, MarginMode.CROSS),
        c.SetLeverage(2, 1, 8),
        c.PlaceOrder(3, 1, Side.SELL, OrderType.LIMIT, 2_000, 1_000_000),
        c.PlaceOrder(2, 1, Side.BUY, OrderType.LIMIT, 1_200, 1_000_000, client_order_id="a-1"),
        c.SetIndexPrices(((1, 990_000),)),
    ):
        recorder.submit(command)
    return recorder


@pytest.fixture
def small(engine: Engine) -> Iterator[tuple[Recorder, Engine, DatabaseJournal]]:
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "Small", 1, "", 1)
    recorder = small_world()
    journal.append([recorder.seal()])
    yield recorder, engine, journal
    journal.close()


Small = tuple[Recorder, Engine, DatabaseJournal]


def columns_of(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """Decimals of PostgreSQL as the numbers that SQLite prints."""
    return [tuple(map(_number, row.values())) for row in rows_of(engine, query)]


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def test_an_order_reads_like_an_order(small: Small) -> None:
    _, engine, _ = small
    assert columns_of(
        engine,
        "SELECT symbol, side, order_type, price, quantity, filled_quantity, remaining_quantity,"
        " average_price, status, client_order_id FROM v_orders ORDER BY order_id",
    ) == [
        ("BTCUSDT-PERP", "SELL", "LIMIT", 10_000, 2, 1.2, 0.8, 10_000, "RESTING", None),
        ("BTCUSDT-PERP", "BUY", "LIMIT", 10_000, 1.2, 1.2, 0, 10_000, "FILLED", "a-1"),
    ]


def test_a_position_reads_like_a_position(small: Small) -> None:
    """UPNL = s * Q * (MP - EP)."""
    _, engine, _ = small
    opened = "2023-11-14 22:13:40.400"
    assert columns_of(
        engine,
        "SELECT account_id, symbol, position_side, margined_by, leverage, quantity, entry_price,"
        " mark_price, notional, unrealized_pnl, opened_utc FROM v_positions ORDER BY account_id",
    ) == [
        (2, "BTCUSDT-PERP", "LONG", "ISOLATED", 8, 1.2, 10_000, 9_900, 11_880, -120, opened),
        (3, "BTCUSDT-PERP", "SHORT", "CROSS", 3, -1.2, 10_000, 9_900, 11_880, 120, opened),
    ]


def test_wallets_read_like_wallets(small: Small) -> None:
    _, engine, _ = small
    assert columns_of(
        engine,
        "SELECT kind, symbol, position_side, asset, balance, locked, free FROM v_wallets"
        " WHERE account_id = 2 ORDER BY wallet_id",
    ) == [
        ("SPOT", None, None, "USDT", 0, 0, 0),
        ("CROSS", None, None, "USDT", 0, 0, 0),
        ("ISOLATED", "BTCUSDT-PERP", "LONG", "USDT", 1_500, 0, 1_500),
    ]


def test_a_liquidation_reads_like_a_story(small: Small) -> None:
    """LIQ-1: at -12.5% equity is 0 of 10,500; the call comes first, the fund takes it all."""
    recorder, engine, journal = small
    recorder.submit(c.SetIndexPrices(((1, 875_000),)))
    journal.append([recorder.seal()])
    assert columns_of(
        engine,
        "SELECT symbol, mark_price, equity, maintenance_margin, call_margin, ended_by"
        " FROM v_margin_calls",
    ) == [("BTCUSDT-PERP", 8_750, 0, 42, 52.5, "LIQUIDATED")]
    assert columns_of(
        engine,
        "SELECT kind, symbol, position_side, equity, steps, takeovers, outcome, deficit, shortfall"
        " FROM v_liquidations",
    ) == [("ISOLATED", "BTCUSDT-PERP", "LONG", 0, 1, 1, "CLOSED", 0, 0)]
    assert columns_of(
        engine, "SELECT account_id, margined_by, quantity, entry_price FROM v_positions"
    ) == [(1, "INSURANCE_FUND", 1.2, 8_750), (3, "CROSS", -1.2, 10_000)]
    assert columns_of(
        engine,
        "SELECT kind, source, target, asset, amount FROM v_ledger"
        " WHERE account_id = 2 AND liquidation_id = 1",
    ) == [("REALIZED_PNL", f"wallet:{1_000_004}", "clearing:1", "USDT", 1_500)]
