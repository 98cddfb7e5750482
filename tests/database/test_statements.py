"""Writing many rows in few steps: every count of rows arrives, and no update scans its table."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, String, Table

from simulator.database import schema
from simulator.database.engine import reading, writing
from simulator.database.statements import (
    ArraysStatement,
    Row,
    Rows,
    Statements,
    ValuesStatement,
    Words,
)

COLUMNS = [schema.journal_entries.c.seq, schema.journal_entries.c.world_id]


class Listener:
    """A cursor that remembers what it was asked."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, list[object]]] = []

    def execute(self, text: str, values: list[object], *, prepare: bool = False) -> None:
        self.steps.append((text, values))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 7, 700, 1_023, 1_024, 1_025, 2_500])
def test_every_row_is_written_once(engine: Engine, count: int) -> None:
    written: list[Row] = [("w", number, f"A{number}", 8) for number in range(count)]
    rows = Rows()
    rows.assets = written
    with writing(engine) as connection:
        Statements(engine.dialect.name).write(connection.connection.cursor(), rows)
    with reading(engine) as connection:
        found = connection.exec_driver_sql("SELECT * FROM assets ORDER BY asset_id").all()
    assert [tuple(row) for row in found] == written


def test_a_step_of_sqlite_takes_a_thousand_rows() -> None:
    listener = Listener()
    rows: list[Row] = [(number, "x") for number in range(2_500)]
    ValuesStatement("WRITE", COLUMNS, "").run(listener, rows)
    assert [len(values) for _, values in listener.steps] == [2_048, 2_048, 1_024]
    values = ", ".join(["(?, ?)"] * 512)
    assert listener.steps[2][0] == f"WRITE (VALUES {values}) AS new "
    assert listener.steps[2][1][: 2 * 452] == [value for row in rows[2_048:] for value in row]
    assert set(listener.steps[2][1][2 * 452 :]) == {None}


def test_postgres_takes_an_array_per_column() -> None:
    listener = Listener()
    rows: list[Row] = [(1, "x"), (None, None), (3, 'a "quote", a \\ and a \n')]
    ArraysStatement("WRITE", COLUMNS, "").run(listener, rows)
    [(text, values)] = listener.steps
    assert text == "WRITE unnest(%s::bigint[], %s::text[]) AS new(column1, column2) "
    assert values == ["{1,null,3}", '{"x",null,"a \\"quote\\", a \\\\ and a \n"}']


@pytest.mark.parametrize(
    "text", ["", "null", "NULL", 'a "quoted" word', "{a,b}", "C:\\x", "two\nlines\t", "ü€𝄞", " "]
)
def test_every_text_arrives(engine: Engine, text: str) -> None:
    statement = Words(engine.dialect.name).insert(schema.worlds)
    with writing(engine) as connection:
        cursor = connection.connection.cursor()
        statement.run(cursor, [("w", text, 1, "S", None, "", 1), ("v", "x", 1, "S", text, "", 1)])
    with reading(engine) as connection:
        query = "SELECT title, status_reason FROM worlds ORDER BY world_id DESC"
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    assert found == [(text, None), ("x", text)]


def test_rows_are_counted() -> None:
    rows = Rows()
    assert rows.count() == 0
    rows.orders = [(1,), (2,)]
    rows.takeovers = [(1,)]
    assert rows.count() == 3


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("closed_positions", ("w", 1, 1, "LONG")),
        ("margin_call_repeats", ("w", 1, 1, 5)),
        ("margin_call_ends", ("w", 1, 1, 1, "CURED", 1)),
        ("liquidation_ends", ("w", 1, 1, 1, "CLOSED", 1, 1, 1, 1)),
    ],
)
def test_changing_rows_looks_them_up_by_key(engine: Engine, name: str, row: Row) -> None:
    """Without help a database would read a whole table for each batch."""
    rows, listener = Rows(), Listener()
    setattr(rows, name, [row, row, row, row])
    Statements(engine.dialect.name).write(listener, rows)
    ((text, values),) = listener.steps
    assert PLANS[engine.dialect.name](engine, text, values) != []


def plan_of_sqlite(engine: Engine, text: str, values: list[object]) -> list[str]:
    with reading(engine) as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple(values)).all()
    details = [str(step[3]) for step in plan]
    tables = ("positions", "margin_calls", "liquidations")
    scans = tuple(f"SCAN {table}" for table in tables)
    assert [detail for detail in details if detail.startswith(scans)] == []
    return [detail for detail in details if "USING PRIMARY KEY" in detail]


def plan_of_postgres(engine: Engine, text: str, values: list[object]) -> list[str]:
    """Of a table with rows: an empty one is read in any way, for none costs anything."""
    table = schema.journal_entries.metadata.tables[
        text.removeprefix("DELETE FROM ").split()[text[0] == "U"]
    ]
    with engine.begin() as connection:
        _fill(connection, table)
        plan = connection.exec_driver_sql(f"EXPLAIN {text}", tuple(values)).scalars().all()
    assert [line for line in plan if "Seq Scan" in line] == []
    return [line for line in plan if "using pk_" in line]


def _fill(connection: Connection, table: Table) -> None:
    """2,000 rows of one world, every number in them their place."""
    cells = [
        "'w'" if isinstance(column.type, String) else "CAST(place AS bigint)"
        for column in table.columns
    ]
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(column.name for column in table.columns)}) "
        f"SELECT {', '.join(cells)} FROM generate_series(1, 2000) AS places (place)"
    )
    connection.exec_driver_sql(f"ANALYZE {table.name}")


PLANS: dict[str, Callable[[Engine, str, list[object]], list[str]]] = {
    "sqlite": plan_of_sqlite,
    "postgresql": plan_of_postgres,
}


def test_candle_pieces_merge(engine: Engine) -> None:
    statements = Statements(engine.dialect.name)
    key = ("w", 1, "LAST", 60)
    pieces = [
        (100, 120, 90, 110, 5, 50, 2),
        (111, 115, 80, 85, 1, 10, 1),
        (85, 130, 85, 99, 2, 20, 1),
    ]
    with writing(engine) as connection:
        cursor = connection.connection.cursor()
        for piece in pieces:
            rows = Rows()
            rows.candles = [(*key, *piece)]
            statements.write(cursor, rows)
        found = connection.exec_driver_sql("SELECT * FROM candles").all()
    assert [tuple(row) for row in found] == [(*key, 100, 130, 80, 99, 8, 80, 4)]
