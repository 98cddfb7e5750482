"""Holds a database against what was promised, with no help of the server that wrote it.

The database is copied right after the kill, so that the restart finds it as the crash left it. On
the copy the journal is executed again from where the last audit ended, and compared with its
own events and hashes and with what recovery would restore; the tables are read with plain SQL.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, text

from simulator.core.codec import GENESIS_HASH, Entry, chain_hash, decode_entry, state_hash
from simulator.core.exchange import Exchange
from simulator.core.model.accounts import FIRST_CLEARING, FIRST_WALLET, INSURANCE_FUND
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.events import (
    CommandRejected,
    OrderAccepted,
    OrderRejected,
    TradeExecuted,
)
from simulator.database.engine import open_engine, reading
from simulator.database.writer import DatabaseJournal
from simulator.runtime.recovery import recover
from tests.e2e.promises import Changed, OrderPromise, Placed, Promises

WORLD: Final = "practice"
_CHUNK: Final = 500

Outcome = tuple[int | None, str | None]
"""What a client order id stands for: an order's id, or the reason of its refusal."""


class Shadow:
    """A second exchange that executes the journal's commands as the journal grows."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        """Those that the last audit found new."""
        self.client_orders: dict[tuple[int, str], Outcome] = {}
        """What became of each client order id, by account."""
        self._exchange = Exchange()
        self._chain = GENESIS_HASH

    @property
    def seq(self) -> int:
        return self._exchange.state.seq

    def catch_up(self, url: str) -> Iterator[str]:
        """Executes what is new, and yields every difference."""
        engine = open_engine(url)
        try:
            journal = DatabaseJournal(engine)
            self.entries = {}
            for row in journal.read(WORLD, self.seq):
                entry = decode_entry(row.encoded)
                self._chain = chain_hash(self._chain, row.encoded)
                if (entry.seq, row.seq, row.chain_hash) != (self.seq + 1,) * 2 + (self._chain,):
                    yield f"entry {row.seq} does not continue the journal at {self.seq}"
                    return
                self.entries[entry.seq] = entry
                events = tuple(self._exchange.execute(entry.time_ns, entry.command))
                if events != tuple(entry.events):
                    yield f"entry {entry.seq}: the journal says {entry.events}, not {events}"
                    return
                self._remember(entry)
            recovered = recover(journal, WORLD)
            if recovered.chain != self._chain:
                yield f"recovery ends with another chain hash at seq {self.seq}"
            if state_hash(recovered.exchange.state) != state_hash(self._exchange.state):
                yield f"recovery and execution end in different states at seq {self.seq}"
        finally:
            engine.dispose()

    def _remember(self, entry: Entry) -> None:
        command, first = entry.command, entry.events[0] if entry.events else None
        if not isinstance(command, PlaceOrder) or command.client_order_id is None:
            return
        key = (command.account_id, command.client_order_id)
        if isinstance(first, OrderAccepted):
            self.client_orders[key] = (first.order_id, None)
        elif isinstance(first, OrderRejected) and key not in self.client_orders:
            self.client_orders[key] = (None, first.reason.name)


def audit(url: str, promises: Promises, shadow: Shadow) -> list[str]:
    """Everything in which a (copied) database falls short of the promises."""
    found = list(shadow.catch_up(url))
    if promises.highest_seq > shadow.seq:
        found.append(f"seq {promises.highest_seq} was acknowledged, the journal ends {shadow.seq}")
    if found:
        return found
    for placed in promises.placed.items():
        found += _check_placed(*placed, shadow)
    for changed in promises.changed:
        found += _check_changed(changed, shadow)
    return found + audit_tables(url, promises, shadow.seq)


def audit_tables(url: str, promises: Promises, last_seq: int) -> list[str]:
    """What is missing in the tables of a journal that ends at a seq."""
    found: list[str] = []
    engine = open_engine(url)
    with reading(engine) as connection:
        found += _check_orders(connection, promises.orders)
        found += _check_trades(connection, promises)
        found += _check_guests(connection, promises)
        found += _check_journal(connection, last_seq)
        found += _check_doubles(connection)
        found += check_ledger(connection)
    engine.dispose()
    return found


# -- answers against the journal -------------------------------------------------------------------


def _check_placed(key: tuple[int, str], placed: Placed, shadow: Shadow) -> Iterator[str]:
    """The entry at the acknowledged seq is this order, with this outcome and these trades."""
    entry = shadow.entries.get(placed.seq)
    if entry is None:
        yield f"order {key} was acknowledged at seq {placed.seq}, which is not in the journal"
        return
    command, first = entry.command, entry.events[0]
    if not isinstance(command, PlaceOrder) or command.client_order_id != key[1]:
        yield f"order {key} was acknowledged at seq {placed.seq}, which is {command}"
    elif placed.refusal is not None:
        if not isinstance(first, OrderRejected) or first.reason.name != placed.refusal:
            yield f"order {key} was refused with {placed.refusal}, the journal says {first}"
    elif not isinstance(first, OrderAccepted) or first.order_id != placed.order_id:
        yield f"order {key} was accepted as {placed.order_id}, the journal says {first}"
    trades = {each.trade_id for each in entry.events if isinstance(each, TradeExecuted)}
    if not trades.issuperset(placed.trade_ids):
        yield f"order {key} traded {placed.trade_ids}, the journal says {sorted(trades)}"


def _check_changed(changed: Changed, shadow: Shadow) -> Iterator[str]:
    entry = shadow.entries.get(changed.seq)
    if entry is None:
        yield f"{changed} was acknowledged, its seq is not in the journal"
        return
    command: Any = entry.command
    subject = () if changed.kind == "CancelAllOrders" else (getattr(command, "order_id", None),)
    if type(command).__name__ != changed.kind or (subject and subject != changed.order_ids):
        yield f"{changed} was acknowledged, the journal says {command}"
    elif any(isinstance(event, CommandRejected) for event in entry.events):
        yield f"{changed} was acknowledged, the journal says {entry.events}"


# -- promises against the tables -------------------------------------------------------------------


def _check_orders(connection: Connection, orders: dict[int, OrderPromise]) -> Iterator[str]:
    """Each acknowledged order is there, and at least as far as it was said to be."""
    query = """SELECT order_id, account_id, client_order_id, status,
        quantity - remaining_quantity AS filled FROM orders WHERE order_id IN"""
    rows = {row["order_id"]: row for row in _select(connection, query, list(orders))}
    for order_id, promised in orders.items():
        row = rows.get(order_id)
        if row is None:
            yield f"order {order_id} was acknowledged and is not in the table"
            continue
        if row["account_id"] != promised.account_id:
            yield f"{promised} belongs to account {row['account_id']}"
        if promised.client_order_id not in (None, row["client_order_id"]):
            yield f"{promised} has the client order id {row['client_order_id']}"
        if row["filled"] < promised.filled:
            yield f"{promised} has filled only {row['filled']}"
        if promised.ended_as not in (None, row["status"]):
            yield f"{promised} stands as {row['status']}"


def _check_trades(connection: Connection, promises: Promises) -> Iterator[str]:
    query = """SELECT trade_id, taker_order_id, maker_order_id, price, quantity
        FROM trades WHERE trade_id IN"""
    wanted = sorted({trade_id for trade_id, _ in promises.trades})
    rows = {row["trade_id"]: row for row in _select(connection, query, wanted)}
    for traded in promises.trades.values():
        row = rows.get(traded.trade_id)
        if row is None:
            yield f"{traded} was acknowledged and is not in the table"
            continue
        if (row["price"], row["quantity"]) != (traded.price, traded.quantity):
            yield f"{traded} stands as {dict(row)}"
        if traded.order_id not in (row["taker_order_id"], row["maker_order_id"]):
            yield f"{traded} stands as {dict(row)}"


def _check_guests(connection: Connection, promises: Promises) -> Iterator[str]:
    """Whoever was let in has an account of their own, and the transfer is in the ledger."""
    query = "SELECT account_id FROM user_accounts WHERE account_id IN"
    wanted = [joined.account_id for joined in promises.joined]
    known = {row["account_id"] for row in _select(connection, query, wanted)}
    for account_id in wanted:
        if account_id not in known:
            yield f"account {account_id} was given to a guest and has no owner"
    query = "SELECT seq FROM ledger_entries WHERE kind = 'TRANSFER' AND seq IN"
    seqs = [seq for _, seq in promises.transferred]
    booked = {row["seq"] for row in _select(connection, query, seqs)}
    for account_id, seq in promises.transferred:
        if seq not in booked:
            yield f"the transfer of account {account_id} at seq {seq} is not in the ledger"


def _check_journal(connection: Connection, last_seq: int) -> Iterator[str]:
    query = "SELECT COUNT(*), MIN(seq), MAX(seq) FROM journal_entries WHERE world_id = :world"
    counted = tuple(connection.execute(text(query), {"world": WORLD}).one())
    if counted != (last_seq, 1, last_seq):
        yield f"the journal should have entries 1 to {last_seq}; count, first, last: {counted}"


def _check_doubles(connection: Connection) -> Iterator[str]:
    """ORD-7: no client order id has two orders."""
    query = """SELECT account_id, client_order_id, COUNT(*) AS orders FROM orders
        WHERE client_order_id IS NOT NULL GROUP BY account_id, client_order_id
        HAVING COUNT(*) > 1"""
    for row in connection.execute(text(query)):
        yield f"one client order id has several orders: {tuple(row)}"


def check_ledger(connection: Connection) -> Iterator[str]:
    """LED-1, LED-3: transfers add up to the balances of wallets, and over all accounts to zero."""
    query = """
        WITH postings AS (
            SELECT target AS account, asset_id, amount FROM ledger_entries
            UNION ALL SELECT source, asset_id, -amount FROM ledger_entries
        ), booked AS (
            SELECT account, asset_id, SUM(amount) AS amount FROM postings
            GROUP BY account, asset_id
        )
        SELECT account, asset_id, amount, balance FROM (
            SELECT wallet_id AS account, w.asset_id, COALESCE(b.amount, 0) AS amount, w.balance
            FROM wallets w LEFT JOIN booked b
              ON b.account = w.wallet_id AND b.asset_id = w.asset_id
            UNION ALL
            SELECT b.account, b.asset_id, b.amount, NULL FROM booked b
            WHERE NOT EXISTS (SELECT 1 FROM wallets w
                              WHERE w.wallet_id = b.account AND w.asset_id = b.asset_id)
        ) AS compared"""
    totals: dict[int, int] = {}
    for row in connection.execute(text(query)).mappings():
        totals[row["asset_id"]] = totals.get(row["asset_id"], 0) + row["amount"]
        is_wallet = row["account"] >= FIRST_WALLET or row["account"] == INSURANCE_FUND
        if is_wallet and row["balance"] != row["amount"]:
            yield f"wallet {row['account']} holds {row['balance']}, its ledger says {row['amount']}"
    for asset_id, total in totals.items():
        if total != 0:
            yield f"the ledger of asset {asset_id} sums to {total}"
    if not totals:
        yield "the ledger is empty"
    query = """
        SELECT i.symbol,
            COALESCE((SELECT SUM(amount) FROM ledger_entries WHERE target = :first + i.instrument_id
                     ), 0)
            - COALESCE((SELECT SUM(amount) FROM ledger_entries
                        WHERE source = :first + i.instrument_id), 0) AS clearing,
            COALESCE((SELECT SUM(entry_notional) FROM positions p
                      WHERE p.instrument_id = i.instrument_id), 0) AS notional
        FROM instruments i"""
    for row in connection.execute(text(query), {"first": FIRST_CLEARING}).mappings():
        if row["clearing"] + row["notional"] != 0:
            yield f"{row['symbol']}: clearing {row['clearing']} and positions {row['notional']}"


def _select(connection: Connection, query: str, keys: Sequence[int]) -> Iterable[RowMapping]:
    """Rows of `query` for many keys; it ends with `IN`."""
    of_world = text(f"{query} :keys AND world_id = '{WORLD}'")
    of_world = of_world.bindparams(bindparam("keys", expanding=True))
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        yield from connection.execute(of_world, {"keys": chunk}).mappings()
