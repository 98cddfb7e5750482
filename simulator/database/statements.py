"""The hot path: rows of one batch, and the SQL that writes them many at a time.

A statement writes up to 1,024 rows in one step. That is what keeps the writer thread fast: the
driver lets go of the interpreter's lock during each step and must queue for it again after, so a
step per row would make the writer wait for the event loop once per row. To have few texts to
prepare, the number of rows is rounded up and the rest filled with rows of nulls, which each
statement passes over. The words are SQLite's.
"""

from bisect import bisect_left
from itertools import chain
from typing import Any, Final

from sqlalchemy import Table

from simulator.database import schema

Value = str | int | bytes | None
Row = tuple[Value, ...]

_MOST_ROWS: Final = 1_024
_ROW_COUNTS: Final = sorted(
    {1 << power for power in range(11)} | {3 << power for power in range(9)}
)
"""How many rows a statement is prepared for: at most a third of them are filled with nulls."""


class Statement:
    """SQL around a list of rows: `prefix (?, ?), (?, ?) suffix`. It must pass over null rows."""

    def __init__(self, prefix: str, width: int, suffix: str) -> None:
        self._prefix = prefix
        self._width = width
        self._suffix = suffix
        self._texts: dict[int, str] = {}

    def _text(self, rows: int) -> str:
        text = self._texts.get(rows)
        if text is None:
            row = "(" + ", ".join("?" * self._width) + ")"
            text = self._prefix + ", ".join([row] * rows) + self._suffix
            self._texts[rows] = text
        return text

    def run(self, cursor: Any, rows: list[Row]) -> None:
        """Writes the rows through a DBAPI cursor, in one step per 1,024 of them."""
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            count = _ROW_COUNTS[bisect_left(_ROW_COUNTS, len(part))]
            values = list(chain.from_iterable(part))
            values.extend([None] * ((count - len(part)) * self._width))
            cursor.execute(self._text(count), values)


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

    def count(self) -> int:
        return sum(map(len, vars(self).values()))


class Statements:
    """The statements of all tables, in the order in which they are run."""

    def __init__(self) -> None:
        self.journal = _insert(schema.journal_entries)
        self.snapshots = _insert(schema.snapshots)
        self._of_rows = {
            "assets": _insert(schema.assets),
            "instruments": _insert(schema.instruments),
            "instrument_states": _upsert(
                schema.instrument_states,
                "market_state halt_reason index_price index_time_ns mark_price last_price",
            ),
            "accounts": _insert(schema.accounts),
            "account_settings": _upsert(schema.account_settings, "margin_mode leverage"),
            "wallets": _upsert(
                schema.wallets, "balance locked settlement_debt margin_call_id liquidation_id"
            ),
            "closed_positions": _delete(schema.positions),
            "positions": _upsert(schema.positions, "wallet_id quantity entry_notional opened_seq"),
            "orders": _upsert(
                schema.orders,
                "price quantity remaining_quantity filled_notional status cancel_reason updated_ns",
            ),
            "trades": _insert(schema.trades),
            "ledger_entries": _insert(schema.ledger_entries),
            "candles": _merge_candles(),
            "margin_calls": _insert(schema.margin_calls),
            "margin_call_repeats": _update(schema.margin_calls, "+repeats repeated_ns"),
            "margin_call_ends": _update(
                schema.margin_calls, "ended_seq ended_ns ended_by ended_equity"
            ),
            "liquidations": _insert(schema.liquidations),
            "liquidation_ends": _update(
                schema.liquidations,
                "ended_seq ended_ns outcome ended_equity fee deficit shortfall",
            ),
            "liquidation_steps": _insert(schema.liquidation_steps),
            "takeovers": _insert(schema.takeovers),
        }

    def write(self, cursor: Any, rows: Rows) -> None:
        """Writes all rows of a batch; the caller owns the transaction."""
        for name, statement in self._of_rows.items():
            of_table: list[Row] = getattr(rows, name)
            if of_table:
                statement.run(cursor, of_table)


def _insert(table: Table, suffix: str = "") -> Statement:
    names = table.columns.keys()
    return Statement(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM (VALUES ",
        len(names),
        f") AS new WHERE new.column1 IS NOT NULL{suffix}",
    )


def _upsert(table: Table, changing: str) -> Statement:
    """Inserts a row, or changes the named columns of the row with its key."""
    assignments = ", ".join(f"{name} = excluded.{name}" for name in changing.split())
    return _insert(table, f" ON CONFLICT ({_key_names(table)}) DO UPDATE SET {assignments}")


def _merge_candles() -> Statement:
    """A later piece of a minute leaves the open, and adds to the rest."""
    return _insert(
        schema.candles,
        f" ON CONFLICT ({_key_names(schema.candles)}) DO UPDATE SET"
        " high = max(candles.high, excluded.high),"
        " low = min(candles.low, excluded.low),"
        " close = excluded.close,"
        " volume = candles.volume + excluded.volume,"
        " notional = candles.notional + excluded.notional,"
        " trade_count = candles.trade_count + excluded.trade_count",
    )


def _update(table: Table, changing: str) -> Statement:
    """Changes rows that exist: each row is the key, then a value per column (`+`: is added)."""
    width = len(table.primary_key.columns)
    assignments = []
    for name in changing.split():
        width += 1
        column = name.removeprefix("+")
        before = f"{table.name}.{column} + " if name.startswith("+") else ""
        assignments.append(f"{column} = {before}new.column{width}")
    return Statement(
        f"UPDATE {table.name} SET {', '.join(assignments)} FROM (VALUES ",
        width,
        f") AS new WHERE {_same_key(table, 'new')}",
    )


def _delete(table: Table) -> Statement:
    keys = table.primary_key.columns.keys()
    found = ", ".join(f"{table.name}.{name}" for name in keys)
    return Statement(
        f"DELETE FROM {table.name} WHERE ({_key_names(table)}) IN (SELECT {found} FROM (VALUES ",
        len(keys),
        # The join has the rows looked up by key; with IN alone SQLite reads the whole table.
        f") AS gone JOIN {table.name} ON {_same_key(table, 'gone')})",
    )


def _key_names(table: Table) -> str:
    return ", ".join(table.primary_key.columns.keys())


def _same_key(table: Table, values: str) -> str:
    """That a row of the table has the key that a list of values begins with."""
    return " AND ".join(
        f"{table.name}.{name} = {values}.column{position}"
        for position, name in enumerate(table.primary_key.columns.keys(), start=1)
    )
