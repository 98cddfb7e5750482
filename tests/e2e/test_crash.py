"""Rounds of the crash program, and proof that its audit sees what is missing."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import text

from simulator.database.engine import open_engine, writing
from tests.databases import KINDS, Databases
from tests.e2e.audit import Shadow, audit, audit_tables
from tests.e2e.crash import Crashes, Row, summary, table
from tests.e2e.process import make_small_home
from tests.e2e.promises import Promises

ROUNDS = {"sqlite": 5, "postgres": 3}
SECONDS = 150
"""Far more than it takes, so that a hanging server fails the test and not the whole run."""

LOSSES_OF_THE_TABLES = [
    # what is done to the tables, what the audit must say
    ("DELETE FROM trades WHERE trade_id = :trade", "and is not in the table"),
    ("UPDATE trades SET price = price + 1 WHERE trade_id = :trade", "stands as"),
    ("DELETE FROM orders WHERE order_id = :order", "was acknowledged and is not in the table"),
    (
        "UPDATE orders SET remaining_quantity = quantity WHERE order_id = :filled",
        "has filled only 0",
    ),
    ("UPDATE orders SET account_id = 1 WHERE order_id = :order", "belongs to account 1"),
    (
        """UPDATE orders SET client_order_id = 'twice' WHERE order_id IN (
            SELECT order_id FROM orders WHERE client_order_id IS NOT NULL
            AND account_id = :account LIMIT 2)""",
        "one client order id has several orders",
    ),
    ("UPDATE wallets SET balance = balance + 1 WHERE account_id = :account", "its ledger says"),
    ("DELETE FROM ledger_entries WHERE kind = 'FEE'", "its ledger says"),
    ("UPDATE positions SET entry_notional = entry_notional + 1", "clearing"),
    ("DELETE FROM user_accounts", "was given to a guest and has no owner"),
]

LOSSES_OF_THE_JOURNAL = [
    ("DELETE FROM journal_entries WHERE seq >= :seq", "was acknowledged, the journal ends"),
    ("DELETE FROM journal_entries WHERE seq = :seq - 1", "does not continue the journal"),
    (
        "UPDATE journal_entries SET chain_hash = :noise WHERE seq = :seq",
        "does not continue the journal",
    ),
    ("UPDATE snapshots SET chain_hash = :noise", "another chain hash"),
]


@pytest.mark.slow
@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_kills_lose_nothing_and_an_audit_would_see_it(databases: Databases, tmp_path: Path) -> None:
    """ORD-7 and LED-3 over the life of several processes; see `crash` for all that is checked."""
    home = make_small_home(tmp_path, databases.create())
    rounds = ROUNDS[databases.kind]
    crashes = Crashes(home, databases, seed=11)

    async def run() -> None:
        async with asyncio.timeout(SECONDS):
            await crashes.run(rounds, Console(file=io.StringIO()))

    asyncio.run(run())
    assert [row.number for row in crashes.rows] == list(range(1, rounds + 1))
    assert all(row.acknowledged > 20 and row.fills and row.repeated for row in crashes.rows)
    assert crashes.promises is not None
    assert crashes.promises.joined
    shadow = Shadow()
    assert audit(home.url, crashes.promises, shadow) == []
    for sql, problem in LOSSES_OF_THE_TABLES:
        copy = _tampered(databases, home.url, sql, crashes.promises)
        found = audit_tables(copy, crashes.promises, shadow.seq)
        assert any(problem in each for each in found), (sql, found[:3])
    for sql, problem in LOSSES_OF_THE_JOURNAL:
        copy = _tampered(databases, home.url, sql, crashes.promises)
        found = audit(copy, crashes.promises, Shadow())
        assert any(problem in each for each in found), (sql, found[:3])


def _tampered(databases: Databases, url: str, sql: str, promises: Promises) -> str:
    """A copy that makes a lie of a promise."""
    copy = databases.copy(url)
    filled = next(each for each in promises.orders.values() if each.filled)
    places = {
        "account": filled.account_id,
        "filled": filled.order_id,
        "noise": bytes(32),
        "order": next(iter(promises.orders)),
        "seq": max(placed.seq for placed in promises.placed.values()),
        "trade": next(iter(promises.trades.values())).trade_id,
    }
    engine = open_engine(copy)
    with writing(engine) as connection:
        changed = connection.execute(text(sql), places).rowcount
    engine.dispose()
    assert changed > 0, sql
    return copy


def test_the_report_names_the_numbers() -> None:
    rows = [
        Row(1, 900, 1_200, 80, 400, 12, 1, 1_400, True, 1_400, 1_500, 160),
        Row(2, 100, 300, 8, 40, 2, 0, 400, False, 300, 1_300, 60),
    ]
    console = Console(file=io.StringIO(), width=120)
    console.print(table(rows))
    assert isinstance(console.file, io.StringIO)
    assert "killed" in console.file.getvalue()
    assert summary(rows) == (
        "2 rounds, 1,500 acknowledgements and 440 fills checked, "
        "14 unanswered orders (1 of them done), 220 orders repeated, 1,800 journal entries; "
        "recovery median 1,400 ms, longest 1,500 ms: nothing acknowledged is missing"
    )
