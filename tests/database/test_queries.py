"""Histories: pages that together are the list, and what a list leaves out."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, true

from simulator.database import schema
from simulator.database.columns import metadata
from simulator.database.engine import reading, writing
from simulator.database.queries import Histories, Page, Window
from simulator.database.rebuild import dump
from tests.database.recording import WORLD

ACCOUNT = 4

Lister = Callable[[Window], Page[Any]]


@pytest.fixture
def histories(traded: Engine) -> Histories:
    return Histories(traded)


def table(engine: Engine, name: str) -> list[dict[str, Any]]:
    columns = metadata.tables[name].columns.keys()
    return [dict(zip(columns, row, strict=True)) for row in dump(engine, WORLD)[name]]


def all_of(lister: Lister, limit: int, newest_first: bool = True) -> list[Any]:
    """Every item of a list, page by page."""
    items: list[Any] = []
    after = None
    while True:
        page = lister(Window(after, limit, newest_first))
        assert len(page.items) <= limit
        items += page.items
        if page.next is None:
            return items
        after = page.next


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_pages_are_the_list(
    traded: Engine, histories: Histories, limit: int, newest_first: bool
) -> None:
    rows = {name: table(traded, name) for name in ("orders", "trades", "ledger_entries")}
    sign = -1 if newest_first else 1
    orders = all_of(lambda window: histories.orders(WORLD, ACCOUNT, window), limit, newest_first)
    expected: list[Any] = [
        row["order_id"] for row in rows["orders"] if row["account_id"] == ACCOUNT
    ]
    assert [item.order_id for item in orders] == expected[::sign]
    trades = all_of(lambda window: histories.trades(WORLD, 2, window), limit, newest_first)
    expected = [row["trade_id"] for row in rows["trades"] if row["instrument_id"] == 2]
    assert [item.trade_id for item in trades] == expected[::sign]
    fills = all_of(lambda window: histories.fills(WORLD, ACCOUNT, window), limit, newest_first)
    sides = ("taker_account_id", "maker_account_id")
    expected = [
        row["trade_id"] for row in rows["trades"] if ACCOUNT in [row[side] for side in sides]
    ]
    assert [item.trade_id for item in fills] == expected[::sign]
    ledger = all_of(lambda window: histories.ledger(WORLD, ACCOUNT, window), limit, newest_first)
    expected = [
        (row["seq"], row["entry_index"])
        for row in rows["ledger_entries"]
        if ACCOUNT in (row["account_id"], row["other_account_id"])
    ]
    assert [(item.seq, item.entry_index) for item in ledger] == expected[::sign]
    assert min(len(orders), len(trades), len(fills), len(ledger)) > 7


def test_items_are_rows(traded: Engine, histories: Histories) -> None:
    stored = {row["order_id"]: row for row in table(traded, "orders")}
    for item in all_of(lambda window: histories.orders(WORLD, ACCOUNT, window), 50):
        row = stored[item.order_id]
        assert {name: getattr(item, name) for name in item.__struct_fields__} == {
            name: value for name, value in row.items() if name != "world_id"
        }


def test_orders_of_an_instrument_and_open_ones(traded: Engine, histories: Histories) -> None:
    rows = [row for row in table(traded, "orders") if row["account_id"] == ACCOUNT]
    there = all_of(lambda w: histories.orders(WORLD, ACCOUNT, w, instrument_id=3), 4)
    assert [item.order_id for item in reversed(there)] == [
        row["order_id"] for row in rows if row["instrument_id"] == 3
    ]
    resting = [row for row in table(traded, "orders") if row["status"] == "RESTING"]
    assert resting != []
    owner = resting[0]["account_id"]
    still_open = all_of(lambda w: histories.orders(WORLD, owner, w, open_only=True), 4)
    assert [item.order_id for item in reversed(still_open)] == [
        row["order_id"] for row in resting if row["account_id"] == owner
    ]


def test_one_order_belongs_to_its_account(traded: Engine, histories: Histories) -> None:
    row = next(row for row in table(traded, "orders") if row["account_id"] == ACCOUNT)
    found = histories.order(WORLD, ACCOUNT, row["order_id"])
    assert found is not None
    assert found.price == row["price"]
    assert histories.order(WORLD, ACCOUNT + 1, row["order_id"]) is None
    assert histories.order("elsewhere", ACCOUNT, row["order_id"]) is None


def test_fills_of_an_instrument(traded: Engine, histories: Histories) -> None:
    fills = all_of(lambda w: histories.fills(WORLD, ACCOUNT, w, instrument_id=1), 3)
    assert [item.trade_id for item in reversed(fills)] == [
        row["trade_id"]
        for row in table(traded, "trades")
        if ACCOUNT in (row["taker_account_id"], row["maker_account_id"])
        and row["instrument_id"] == 1
    ]


def test_ledger_of_some_wallets_and_kinds(traded: Engine, histories: Histories) -> None:
    rows = [
        row
        for row in table(traded, "ledger_entries")
        if ACCOUNT in (row["account_id"], row["other_account_id"])
    ]
    wallet_id = next(
        row["cross_wallet_id"] for row in table(traded, "accounts") if row["account_id"] == ACCOUNT
    )
    of_wallet = all_of(lambda w: histories.ledger(WORLD, ACCOUNT, w, wallet_ids=[wallet_id]), 9)
    assert [(item.seq, item.entry_index) for item in reversed(of_wallet)] == [
        (row["seq"], row["entry_index"])
        for row in rows
        if wallet_id in (row["source"], row["target"])
    ]
    kinds = ["FEE", "REALIZED_PNL"]
    of_kinds = all_of(lambda w: histories.ledger(WORLD, ACCOUNT, w, kinds=kinds), 9)
    assert [(item.seq, item.entry_index) for item in reversed(of_kinds)] == [
        (row["seq"], row["entry_index"]) for row in rows if row["kind"] in kinds
    ]
    assert 0 < len(of_wallet) < len(rows)
    assert 0 < len(of_kinds) < len(rows)


def test_the_fund_has_a_ledger(traded: Engine, histories: Histories) -> None:
    """LIQ-6, LIQ-8: what the insurance fund (account 1) got and paid, also from others' wallets."""
    kinds = {item.kind for item in all_of(lambda w: histories.ledger(WORLD, 1, w), 100)}
    assert {"DEPOSIT", "LIQUIDATION_FEE", "REALIZED_PNL"} <= kinds


def test_margin_calls_and_liquidations(traded: Engine, histories: Histories) -> None:
    calls, liquidations = table(traded, "margin_calls"), table(traded, "liquidations")
    owner = calls[0]["account_id"]
    listed = all_of(lambda w: histories.margin_calls(WORLD, owner, w), 2)
    assert [item.margin_call_id for item in reversed(listed)] == [
        row["margin_call_id"] for row in calls if row["account_id"] == owner
    ]
    everybodys = all_of(lambda w: histories.liquidations(WORLD, w), 2)
    assert [item.liquidation_id for item in reversed(everybodys)] == [
        row["liquidation_id"] for row in liquidations
    ]
    owner = liquidations[0]["account_id"]
    owned = all_of(lambda w: histories.liquidations(WORLD, w, account_id=owner), 2)
    assert [item.liquidation_id for item in reversed(owned)] == [
        row["liquidation_id"] for row in liquidations if row["account_id"] == owner
    ]


def test_one_call_or_liquidation_belongs_to_its_account(
    traded: Engine, histories: Histories
) -> None:
    (call, *_), (liquidation, *_) = table(traded, "margin_calls"), table(traded, "liquidations")
    owner, number = call["account_id"], call["margin_call_id"]
    found = histories.margin_call(WORLD, owner, number)
    assert found is not None
    assert found.issued_seq == call["issued_seq"]
    assert histories.margin_call(WORLD, owner + 1, number) is None
    assert histories.margin_call(WORLD, owner, 10**9) is None
    owner, number = liquidation["account_id"], liquidation["liquidation_id"]
    started = histories.liquidation(WORLD, owner, number)
    assert started is not None
    assert started.started_seq == liquidation["started_seq"]
    assert histories.liquidation(WORLD, owner + 1, number) is None
    assert histories.liquidation(WORLD, owner, 10**9) is None


def test_an_account_was_opened_once(traded: Engine, histories: Histories) -> None:
    for row in table(traded, "accounts")[:3]:
        found = histories.opened(WORLD, row["account_id"])
        assert found == (row["opened_seq"], row["opened_ns"])
    assert histories.opened(WORLD, 10**9) is None


def test_liq_3_steps_and_takeovers_are_in_order(traded: Engine, histories: Histories) -> None:
    steps, takeovers = table(traded, "liquidation_steps"), table(traded, "takeovers")
    chosen = takeovers[0]["liquidation_id"]
    assert [(item.seq, item.entry_index) for item in histories.takeovers(WORLD, chosen)] == [
        (row["seq"], row["entry_index"]) for row in takeovers if row["liquidation_id"] == chosen
    ]
    listed = histories.liquidation_steps(WORLD, chosen)
    assert [(item.seq, item.tier) for item in listed] == [
        (row["seq"], row["tier"]) for row in steps if row["liquidation_id"] == chosen
    ]
    assert listed != []
    assert histories.liquidation_steps(WORLD, 10**9) == []


def test_an_unknown_account_has_an_empty_list(histories: Histories) -> None:
    assert histories.orders(WORLD, 999, Window()) == Page([], None)
    assert histories.ledger("elsewhere", ACCOUNT, Window()) == Page([], None)


@pytest.mark.parametrize("after", ["", "x", "1-2", "-1", "1.5", "\u0661", "9" * 19, "9" * 40, " 1"])
def test_a_cursor_that_is_none(histories: Histories, after: str) -> None:
    with pytest.raises(ValueError, match="should be the `next` of an earlier page"):
        histories.orders(WORLD, ACCOUNT, Window(after))


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_limit_that_is_not_served(histories: Histories, limit: int) -> None:
    with pytest.raises(ValueError, match=f"limit {limit} should be between 1 and 1000"):
        histories.orders(WORLD, ACCOUNT, Window(None, limit))


def test_lists_are_read_from_indexes(traded: Engine, histories: Histories) -> None:
    """However long the tables are, a page costs what it holds."""
    if traded.dialect.name == "postgresql":
        _crowd_postgres(traded)
    asked: list[tuple[str, Any]] = []
    original = traded.dialect.do_execute

    def listen(cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        asked.append((statement, parameters))
        original(cursor, statement, parameters, context)

    traded.dialect.do_execute = listen  # type: ignore[method-assign]
    histories.orders(WORLD, ACCOUNT, Window("900", 10))
    histories.fills(WORLD, ACCOUNT, Window("100", 10))
    histories.ledger(WORLD, ACCOUNT, Window("900-3", 10))
    histories.margin_calls(WORLD, ACCOUNT, Window("9", 10))
    histories.liquidations(WORLD, Window("9", 10), account_id=ACCOUNT)
    traded.dialect.do_execute = original  # type: ignore[method-assign]
    queries = [each for each in asked if each[0].startswith("SELECT")]
    assert len(queries) == 5
    look = _searches_of_sqlite if traded.dialect.name == "sqlite" else _searches_of_postgres
    for statement, parameters in queries:
        assert look(traded, statement, parameters) != []


def _searches_of_sqlite(engine: Engine, statement: str, parameters: Any) -> list[str]:
    with reading(engine) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found = [step[3] for step in plan if step[3].startswith("SEARCH")]
    for detail in found:
        assert "account_id=?" in detail, detail
        assert "<?" in detail, detail
    return found


def _searches_of_postgres(engine: Engine, statement: str, parameters: Any) -> list[str]:
    with reading(engine) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
    assert [line for line in plan if "Seq Scan" in line] == []
    found = [line for line in plan if "Index Cond" in line]
    for line in found:
        assert "account_id = " in line, line
        assert " < " in line or " <= " in line, line
    return found


def _crowd_postgres(engine: Engine) -> None:
    """Many more accounts like those of the world: PostgreSQL plans by what is in the tables."""
    listed = (
        schema.orders, schema.trades, schema.ledger_entries,
        schema.margin_calls, schema.liquidations,
    )  # fmt: skip
    copies = func.generate_series(1, 60).table_valued("number").render_derived("copies")
    with writing(engine) as connection:
        for table in listed:
            columns = [
                column + copies.c.number * 1_000_000
                if column.name.endswith("account_id") or column.name in KEYS
                else column
                for column in table.columns
            ]
            crowd = select(*columns).select_from(table.join(copies, true()))
            connection.execute(insert(table).from_select(table.columns.keys(), crowd))
            connection.exec_driver_sql(f"ANALYZE {table.name}")


KEYS = ("seq", "order_id", "trade_id", "margin_call_id", "liquidation_id")
