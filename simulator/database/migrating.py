"""Bringing a database up to date with the tables of this version.

The migrations lie in `migrations/` of a clone, and inside the package when it is installed.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

import simulator
from simulator.database.engine import (
    UnusableDatabaseError,
    masked,
    open_engine,
    reading,
    writing,
)


class UnknownRevisionError(Exception):
    """The database was written by another, probably newer, version of the simulator."""


def migrations_directory() -> Path:
    """Where the migrations are.

    Raises:
        FileNotFoundError: neither in the package nor beside it: the installation is broken.
    """
    package = Path(simulator.__file__).parent
    candidates = (package / "_data" / "migrations", package.parent / "migrations")
    for candidate in candidates:
        if (candidate / "env.py").is_file():
            return candidate
    raise FileNotFoundError(
        "no migrations found; they should be in " + " or ".join(map(str, candidates))
    )


def alembic_config() -> Config:
    """What Alembic needs to know, without an ini file."""
    config = Config()
    # Alembic's configuration treats a percent sign as the start of an interpolation.
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """Creates the tables, or changes them to what this version needs; idempotent.

    Raises:
        UnknownRevisionError: this version does not know the database's revision.
        UnusableDatabaseError: the URL names no supported database, or it cannot be written.
    """
    try:
        _upgrade(url)
    except OSError as error:
        raise _unusable(url, error) from error
    except DBAPIError as error:
        raise _unusable(url, error.orig) from error


def _unusable(url: str, reason: BaseException | None) -> UnusableDatabaseError:
    """In one line; PostgreSQL's reasons have several."""
    said = " ".join(str(reason).split())
    return UnusableDatabaseError(f"the database {masked(url)} cannot be used: {said}")


def _upgrade(url: str) -> None:
    # Batch migrations of SQLite recreate tables, which enforced foreign keys would forbid.
    engine = open_engine(url, foreign_keys=False)
    try:
        _refuse_unknown(engine)
        config = alembic_config()
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Whether the database has the tables of this version."""
    return _revision(engine) == ScriptDirectory.from_config(alembic_config()).get_current_head()


def _revision(engine: Engine) -> str | None:
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_unknown(engine: Engine) -> None:
    revision = _revision(engine)
    if revision is None:
        return
    try:
        ScriptDirectory.from_config(alembic_config()).get_revision(revision)
    except CommandError as error:
        raise UnknownRevisionError(
            f"the database is at revision {revision}, which version {simulator.__version__} does "
            "not know; it was written by a newer version: install that one"
        ) from error
