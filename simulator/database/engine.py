"""Opening a database, and the two ways to use a connection: reading and writing.

SQLite runs in write-ahead mode with synchronous=FULL: a committed transaction survives the loss
of power, and readers never wait for the writer. A writer takes the write lock at its BEGIN, so
it waits its turn instead of failing halfway. Readers see one consistent picture per transaction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

BUSY_TIMEOUT_MS: Final = 30_000
"""How long a writer waits for another one, before the database counts as locked."""

_CACHE_KIB: Final = 32 * 1024
_CHECKPOINT_PAGES: Final = 4_000
"""Pages in the write-ahead log before they are copied into the file: about 16 MB."""

_CACHED_STATEMENTS: Final = 512
_OLDEST_SQLITE: Final = (3, 35, 0)
_WRITES: Final = "simulator_writes"


class UnusableDatabaseError(ValueError):
    """The database cannot be opened; the message names it and says why."""


def open_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Opens the database at a URL such as `sqlite:///data/simulator.db`, creating its folder.

    Raises:
        UnusableDatabaseError: the URL is none, or names a database that is not supported.
        RuntimeError: this Python's SQLite is too old.
    """
    parsed = _parse(url)
    _check_version()
    Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed,
        connect_args={"cached_statements": _CACHED_STATEMENTS, "timeout": BUSY_TIMEOUT_MS / 1000},
        pool_size=8,
        max_overflow=24,
    )

    def set_up(connection: sqlite3.Connection, record: object) -> None:
        # The driver must not begin transactions of its own: `_begin` does.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"foreign_keys = {'ON' if foreign_keys else 'OFF'}",
            f"cache_size = -{_CACHE_KIB}",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnusableDatabaseError(
            f"{url!r} is no database URL; one looks like sqlite:///data/simulator.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise UnusableDatabaseError(
            f"the database {parsed.get_backend_name()} is not supported; "
            "use SQLite, as in sqlite:///data/simulator.db"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise UnusableDatabaseError(
            "a database in memory would forget everything; "
            "name a file, as in sqlite:///data/simulator.db"
        )
    return parsed


def _check_version() -> None:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        raise RuntimeError(
            f"this Python comes with SQLite {sqlite3.sqlite_version}; {oldest} or newer is needed"
        )


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction that sees one consistent picture."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction that holds the write lock; commits unless it raises."""
    with writer_connection(engine) as connection, connection.begin():
        yield connection


def writer_connection(engine: Engine) -> Connection:
    """A connection whose every transaction takes the write lock at its beginning."""
    options: dict[str, Any] = {_WRITES: True}
    return engine.connect().execution_options(**options)
