"""Databases for tests, of both kinds: made empty, copied, and thrown away.

SIMULATOR_TEST_POSTGRES_URL names a database of a PostgreSQL server whose user may create others;
the tests make their own beside it and drop them. Without the variable only SQLite is tested.
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Final, Protocol

import psycopg
import pytest
from sqlalchemy.engine import make_url

VARIABLE: Final = "SIMULATOR_TEST_POSTGRES_URL"
SERVER: Final = os.environ.get(VARIABLE)
KINDS: Final = ("sqlite", "postgres")

KINDS_APART: Final = [pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS]
"""`make test-data` gives each kind a process of its own, and so makes everything once."""

needs_postgres = pytest.mark.skipif(SERVER is None, reason=f"{VARIABLE} is not set")


class Databases(Protocol):
    """Where databases come from. They are known by their URLs."""

    @property
    def kind(self) -> str:
        """One of KINDS."""

    def create(self) -> str:
        """A new database without tables."""

    def copy(self, url: str) -> str:
        """Another one like it. Nobody may have it open; on PostgreSQL they are thrown out."""

    def drop_all(self) -> None:
        """Drops all that was made here."""


def databases_of(kind: str, folder: Path) -> Databases:
    """A test that asks for PostgreSQL where there is none is skipped."""
    if kind == "sqlite":
        return SqliteDatabases(folder)
    if SERVER is None:
        pytest.skip(f"{VARIABLE} is not set")
    return PostgresDatabases(SERVER)


def path_of(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(make_url(url).database or "")


class SqliteDatabases:
    """Files in a folder, which belongs to the test."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> str:
        return f"sqlite:///{self._folder / f'{secrets.token_hex(6)}.db'}"

    def copy(self, url: str) -> str:
        """With the write-ahead log: whoever opens the copy recovers it as a restart would."""
        copied = self.create()
        for suffix in ("", "-wal"):
            source = Path(f"{path_of(url)}{suffix}")
            if source.exists():
                shutil.copyfile(source, f"{path_of(copied)}{suffix}")
        return copied

    def drop_all(self) -> None:
        """The folder goes with the test."""


class PostgresDatabases:
    """Databases on the server that a URL leads to."""

    kind = "postgres"

    def __init__(self, server: str) -> None:
        self._server = make_url(server).set(drivername="postgresql")
        self._names: list[str] = []

    def create(self) -> str:
        return self._create("template0")

    def copy(self, url: str) -> str:
        source = make_url(url).database or ""
        self._run(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            f" WHERE datname = '{source}' AND backend_type = 'client backend'"
        )
        return self._create(source)

    def _create(self, template: str) -> str:
        name = f"simulator_test_{secrets.token_hex(6)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._names.append(name)
        return self._server.set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        for name in self._names:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')
        self._names.clear()

    def _run(self, statement: str) -> None:
        address = self._server.render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())
