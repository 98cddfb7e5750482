"""The hot path: rows of one batch, and the SQL that writes them many at a time.

All statements are words around a list of rows, `... FROM rows AS new ...`; only the list is
written differently. SQLite takes up to 1,024 rows as VALUES in one step. That is what keeps the
writer thread fast: the driver lets go of the interpreter's lock during each step and must queue
for it again after, so a step per row would make the writer wait for the event loop once per row.
To have few texts to prepare, the number of rows is rounded up and the rest filled with rows of
nulls, which each statement passes over. PostgreSQL takes an array per column and unnests them:
one text for any number of rows, and little work for Python.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Column, Table

from simulator.database import schema

Value = str | int | bytes | None
Row = tuple[Value, ...]
Columns = list[Column[Any]]

_MOST_ROWS: Final = 1_024
_ROW_COUNTS: Final = sorted(
    {1 << power for power in range(11)} | {3 << power for power in range(9)}
)
"""How many rows a statement is prepared for: at most a third of them are filled with nulls."""

_MOST_IN_ARRAYS: Final = 16_384
_ARRAY_TYPES: Final = {
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "BLOB": "bytea",
    "TEXT": "text",
}


class Statement(Protocol):
    """Words around a list of rows, which is called `new`. They must pass over null rows."""

    def __init__(self, prefix: str, columns: Columns, suffix: str) -> None:
        """The words before and after the list, and what columns it has."""

    def run(self, cursor: Any, rows: list[Row]) -> None:
        """Writes the rows through a DBAPI cursor, in few steps."""


class ValuesStatement(Statement):
    """As SQLite has it: `prefix (VALUES (?, ?), (?, ?)) AS new suffix`."""

    def __init__(self, prefix: str, columns: Columns, suffix: str) -> None:
        self._prefix = prefix
        self._columns = columns
        self._suffix = suffix
        self._texts: dict[int, str] = {}

    def _text(self, rows: int) -> str:
        text = self._texts.get(rows)
        if text is None:
            row = "(" + ", ".join("?" * len(self._columns)) + ")"
            values = ", ".join([row] * rows)
            text = f"{self._prefix} (VALUES {values}) AS new {self._suffix}"
            self._texts[rows] = text
        return text

    def run(self, cursor: Any, rows: list[Row]) -> None:
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            count = _ROW_COUNTS[bisect_left(_ROW_COUNTS, len(part))]
            values = list(chain.from_iterable(part))
            values.extend([None] * ((count - len(part)) * len(self._columns)))
            cursor.execute(self._text(count), values)


class ArraysStatement(Statement):
    """As PostgreSQL has it: `prefix unnest(%s::bigint[], ...) AS new(column1, ...) suffix`."""

    def __init__(self, prefix: str, columns: Columns, suffix: str) -> None:
        types = [_ARRAY_TYPES[str(column.type)] for column in columns]
        arrays = ", ".join(f"%s::{name}[]" for name in types)
        names = ", ".join(f"column{number}" for number in range(1, len(types) + 1))
        self._text = f"{prefix} unnest({arrays}) AS new({names}) {suffix}"
        self._writers = [_WRITERS.get(name, _plain_array) for name in types]

    def run(self, cursor: Any, rows: list[Row]) -> None:
        for start in range(0, len(rows), _MOST_IN_ARRAYS):
            part = zip(*rows[start : start + _MOST_IN_ARRAYS], strict=True)
            values = [write(column) for write, column in zip(self._writers, part, strict=True)]
            cursor.execute(self._text, values, prepare=True)


def _plain_array(column: Sequence[Value]) -> str:
    """An array as PostgreSQL reads it; for numbers, flags and nulls JSON differs in brackets."""
    return "{" + msgspec.json.encode(column)[1:-1].decode() + "}"


def _text_array(column: Sequence[Value]) -> str:
    """JSON and PostgreSQL agree on quotes, and disagree on what a backslash means."""
    encoded = _plain_array(column)
    if "\\" not in encoded:
        return encoded
    return "{" + ",".join(map(_quoted, column)) + "}"


def _quoted(value: Value) -> str:
    if value is None:
        return "null"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bytes_array(column: Sequence[Any]) -> str:
    """In hexadecimal, `\\x00ff`, with its backslash written twice inside of an array."""
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in column) + "}"


_WRITERS: Final = {"text": _text_array, "bytea": _bytes_array}


class Rows:
    """What a batch writes besides the journal. Each key occurs at most once per list."""

    def __init__(self) -> None:
        self.assets: list[Row] = []
        self.instruments: list[Row] = []
        self.instrument_states: list[Row] = []
        self.accounts: list[Row] = []
        self.account_settings: list[Row] = []
        self.wallets: list[Row] = []
        self.closed_positions: list[Row] = []
        """Keys of positions that are no more."""
        self.positions: list[Row] = []
        self.orders: list[Row] = []
        self.trades: list[Row] = []
        self.ledger_entries: list[Row] = []
        self.candles: list[Row] = []
        self.margin_calls: list[Row] = []
        self.margin_call_repeats: list[Row] = []
        """World, margin call, how many, when last."""
        self.margin_call_ends: list[Row] = []
        """World, margin call, seq, time, ended by, equity."""
        self.liquidations: list[Row] = []
        self.liquidation_ends: list[Row] = []
        """World, liquidation, seq, time, outcome, equity, fee, deficit, shortfall."""
        self.liquidation_steps: list[Row] = []
        self.takeovers: list[Row] = []
        self.deleveragings: list[Row] = []
        self.funding_rates: list[Row] = []
        self.funding_payments: list[Row] = []
        self.interest_charges: list[Row] = []

    def count(self) -> int:
        return sum(map(len, vars(self).values()))


class Statements:
    """The statements of all tables, in the order in which they are run."""

    def __init__(self, dialect: str) -> None:
        words = Words(dialect)
        self.journal = words.insert(schema.journal_entries)
        self.snapshots = words.insert(schema.snapshots)
        self._of_rows = {
            "assets": words.insert(schema.assets),
            "instruments": words.insert(schema.instruments),
            "instrument_states": words.upsert(
                schema.instrument_states,
                "market_state halt_reason index_price index_time_ns mark_price last_price",
            ),
            "accounts": words.insert(schema.accounts),
            "account_settings": words.upsert(schema.account_settings, "margin_mode leverage"),
            "wallets": words.upsert(
                schema.wallets,
                "balance locked settlement_debt borrowed interest margin_call_id liquidation_id",
            ),
            "closed_positions": words.delete(schema.positions),
            "positions": words.upsert(
                schema.positions, "wallet_id quantity entry_notional opened_seq"
            ),
            "orders": words.upsert(
                schema.orders,
                "price quantity remaining_quantity filled_notional status cancel_reason updated_ns"
                " trigger_price",
            ),
            "trades": words.insert(schema.trades),
            "ledger_entries": words.insert(schema.ledger_entries),
            "candles": words.merge_candles(),
            "margin_calls": words.insert(schema.margin_calls),
            "margin_call_repeats": words.update(schema.margin_calls, "+repeats repeated_ns"),
            "margin_call_ends": words.update(
                schema.margin_calls, "ended_seq ended_ns ended_by ended_equity"
            ),
            "liquidations": words.insert(schema.liquidations),
            "liquidation_ends": words.update(
                schema.liquidations,
                "ended_seq ended_ns outcome ended_equity fee deficit shortfall",
            ),
            "liquidation_steps": words.insert(schema.liquidation_steps),
            "takeovers": words.insert(schema.takeovers),
            "deleveragings": words.insert(schema.deleveragings),
            "funding_rates": words.insert(schema.funding_rates),
            "funding_payments": words.insert(schema.funding_payments),
            "interest_charges": words.insert(schema.interest_charges),
        }

    def write(self, cursor: Any, rows: Rows) -> None:
        """Writes all rows of a batch; the caller owns the transaction."""
        for name, statement in self._of_rows.items():
            of_table: list[Row] = getattr(rows, name)
            if of_table:
                statement.run(cursor, of_table)


class Words:
    """Builds statements in the words of a database, `sqlite` or `postgresql`."""

    def __init__(self, dialect: str) -> None:
        is_sqlite = dialect == "sqlite"
        self._statement: type[Statement] = ValuesStatement if is_sqlite else ArraysStatement
        self._greatest = "max" if is_sqlite else "GREATEST"
        self._least = "min" if is_sqlite else "LEAST"

    def insert(self, table: Table, suffix: str = "") -> Statement:
        names = ", ".join(table.columns.keys())
        return self._statement(
            f"INSERT INTO {table.name} ({names}) SELECT * FROM",
            list(table.columns),
            f"WHERE new.column1 IS NOT NULL{suffix}",
        )

    def upsert(self, table: Table, changing: str) -> Statement:
        """Inserts a row, or changes the named columns of the row with its key."""
        assignments = ", ".join(f"{name} = excluded.{name}" for name in changing.split())
        return self.insert(table, f" ON CONFLICT ({_key_names(table)}) DO UPDATE SET {assignments}")

    def merge_candles(self) -> Statement:
        """A later piece of a minute leaves the open, and adds to the rest."""
        return self.insert(
            schema.candles,
            f" ON CONFLICT ({_key_names(schema.candles)}) DO UPDATE SET"
            f" high = {self._greatest}(candles.high, excluded.high),"
            f" low = {self._least}(candles.low, excluded.low),"
            " close = excluded.close,"
            " volume = candles.volume + excluded.volume,"
            " notional = candles.notional + excluded.notional,"
            " trade_count = candles.trade_count + excluded.trade_count",
        )

    def update(self, table: Table, changing: str) -> Statement:
        """Changes rows that exist: each row is the key, then a value per column (`+`: is added)."""
        columns: Columns = list(table.primary_key.columns)
        assignments = []
        for name in changing.split():
            column = table.columns[name.removeprefix("+")]
            columns.append(column)
            before = f"{table.name}.{column.name} + " if name.startswith("+") else ""
            assignments.append(f"{column.name} = {before}new.column{len(columns)}")
        return self._statement(
            f"UPDATE {table.name} SET {', '.join(assignments)} FROM",
            columns,
            f"WHERE {_same_key(table)}",
        )

    def delete(self, table: Table) -> Statement:
        """Deletes the rows of these keys."""
        keys: Columns = list(table.primary_key.columns)
        found = ", ".join(f"{table.name}.{column.name}" for column in keys)
        return self._statement(
            f"DELETE FROM {table.name} WHERE ({_key_names(table)}) IN (SELECT {found} FROM",
            keys,
            # The join has the rows looked up by key; with IN alone SQLite reads the whole table.
            f"JOIN {table.name} ON {_same_key(table)})",
        )


def _key_names(table: Table) -> str:
    return ", ".join(table.primary_key.columns.keys())


def _same_key(table: Table) -> str:
    """That a row of the table has the key that a new one begins with."""
    return " AND ".join(
        f"{table.name}.{name} = new.column{position}"
        for position, name in enumerate(table.primary_key.columns.keys(), start=1)
    )
