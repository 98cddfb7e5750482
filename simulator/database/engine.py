"""Opening a database, and the ways to use a connection: reading, writing, appending.

SQLite runs in write-ahead mode with synchronous=FULL, PostgreSQL with synchronous_commit=on: a
committed transaction survives the loss of power, and readers never wait for writers. Writers take
their turns at BEGIN, by SQLite's write lock or a lock that they agree on in PostgreSQL, so none
fails halfway. Readers see one consistent picture per transaction.
"""

import re
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

CONNECT_TIMEOUT_S: Final = 10

_CACHE_KIB: Final = 32 * 1024
_CHECKPOINT_PAGES: Final = 4_000
"""Pages in the write-ahead log before they are copied into the file: about 16 MB."""

_CACHED_STATEMENTS: Final = 512
_OLDEST_SQLITE: Final = (3, 35, 0)
_POSTGRES_NAMES: Final = ("postgres", "postgresql", "postgresql+psycopg")
_KEEPALIVES: Final = (
    "-c tcp_keepalives_idle=60",
    "-c tcp_keepalives_interval=10",
    "-c tcp_keepalives_count=6",
)
"""The server lets go of what a machine held that is no more within two minutes."""

_WRITES: Final = "simulator_writes"
_TURN: Final = 7_305_806_402_716_193_024
"""The key of PostgreSQL's advisory lock that writers take at BEGIN; any number would do."""


class UnusableDatabaseError(ValueError):
    """The database cannot be opened; the message names it and says why."""


def open_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Opens a database such as `sqlite:///data/simulator.db` or `postgresql://user@host/name`.

    The folder of an SQLite file is created, and only SQLite can leave foreign keys unchecked.

    Raises:
        UnusableDatabaseError: the URL is none, or names a database that is not supported.
        RuntimeError: this Python's SQLite is too old.
    """
    parsed = _parse(url)
    if is_postgres(parsed):
        return _open_postgres(parsed)
    return _open_sqlite(parsed, foreign_keys)


def is_postgres(url: URL) -> bool:
    return url.drivername in _POSTGRES_NAMES


def masked(url: str) -> str:
    """A database URL as it may be printed: with `***` for a password."""
    hidden = re.sub(r":(?!//).*@", ":***@", url)
    return re.sub(r"(?i)([?&](?:ssl)?password=)[^&]*", r"\1***", hidden)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The cause is left out: it shows the URL as it was given.
        raise UnusableDatabaseError(
            f"{masked(url)!r} is no database URL; one looks like sqlite:///data/simulator.db"
        ) from None
    if is_postgres(parsed):
        return parsed
    if parsed.get_backend_name() != "sqlite":
        raise UnusableDatabaseError(
            f"the database {parsed.drivername} is not supported; use SQLite, as in "
            "sqlite:///data/simulator.db, or PostgreSQL, as in postgresql://user@host/name"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise UnusableDatabaseError(
            "a database in memory would forget everything; "
            "name a file, as in sqlite:///data/simulator.db"
        )
    return parsed


# -- SQLite ----------------------------------------------------------------------------------------


def _open_sqlite(url: URL, foreign_keys: bool) -> Engine:
    _check_version()
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"cached_statements": _CACHED_STATEMENTS, "timeout": BUSY_TIMEOUT_MS / 1000},
        pool_size=8,
        max_overflow=24,
    )

    def set_up(connection: sqlite3.Connection, record: object) -> None:
        # The driver must not begin transactions of its own: `_begin_sqlite` does.
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
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_version() -> None:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        raise RuntimeError(
            f"this Python comes with SQLite {sqlite3.sqlite_version}; {oldest} or newer is needed"
        )


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# -- PostgreSQL ------------------------------------------------------------------------------------


def _open_postgres(url: URL) -> Engine:
    given = url.query.get("options", "")
    options = (
        *((given,) if isinstance(given, str) else given),
        "-c synchronous_commit=on",
        f"-c lock_timeout={BUSY_TIMEOUT_MS}",
        *_KEEPALIVES,
    )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={
            "application_name": "simulator",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": " ".join(options).strip(),
        },
        isolation_level="REPEATABLE READ",
        pool_size=8,
        max_overflow=24,
    )
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _begin_postgres(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_TURN,))


# -- using a connection ----------------------------------------------------------------------------


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction that sees one consistent picture."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection inside a transaction in which nobody else writes; commits unless it raises."""
    options: dict[str, Any] = {_WRITES: True}
    with _writer(engine).execution_options(**options) as connection, connection.begin():
        yield connection


def appending_connection(engine: Engine) -> Connection:
    """A connection for rows of worlds that the caller owns.

    SQLite knows one writer at a time, so its transactions are those of `writing`. On PostgreSQL
    they wait for nobody: no one else writes those rows.
    """
    connection = _writer(engine)
    options: dict[str, Any] = {_WRITES: engine.dialect.name == "sqlite"}
    return connection.execution_options(**options)


def _writer(engine: Engine) -> Connection:
    """A writer must see what was committed while it waited for its turn."""
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        return connection
    return connection.execution_options(isolation_level="READ COMMITTED")


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """Statements of a DBAPI cursor are sent without waiting for each one's answer.

    An error is raised at the latest at the end. SQLite has no such thing, and needs none.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    with driver.pipeline():
        yield
