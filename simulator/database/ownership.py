"""Whose world it is: one process at a time has a world open, and only that one writes it.

Two guards, because each has a hole. A lock, held as long as the process lives, refuses the second
process at its start: an advisory lock of a PostgreSQL session, a lock on a file beside SQLite's.
But a session may be lost without its process noticing. So every claim also raises the world's
fence, a number that the owner remembers and that every transaction compares with the stored one:
an owner that was overtaken finds out before it can write. Nobody else needs to hold clocks or
leases for that.
"""

import os
import sys
from pathlib import Path
from threading import Lock
from typing import Final, Protocol
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DBAPIError

from simulator.database.engine import writing
from simulator.database.schema import world_fences

log = structlog.get_logger()

_LOCK_KEY: Final = "hashtextextended(current_schema() || ' ' || %s, 0)"
"""Advisory locks are of a database, so the schema is a part of the key."""


class WorldTakenError(Exception):
    """Another process has the world open."""


class WorldTakenOverError(Exception):
    """Another process has opened the world since; what this one had to write is lost."""


class Ownership:
    """The worlds that are claimed through one engine. Calls may come from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = Lock()
        self._locks: _Locks = (
            _FileLocks(Path(engine.url.database or ""))
            if engine.dialect.name == "sqlite"
            else _SessionLocks(engine)
        )
        self._fences: dict[str, int] = {}

    def claim(self, world_id: str) -> None:
        """Makes the world this owner's, until `release`; again changes nothing.

        Raises:
            WorldTakenError: another owner has it.
        """
        with self._guard:
            if world_id in self._fences:
                return
            if not self._locks.take(world_id):
                raise WorldTakenError(
                    f"world {world_id} is open in another process; "
                    "stop that one first, or use another database"
                )
            try:
                with writing(self._engine) as connection:
                    self._fences[world_id] = _raise_fence(connection, world_id)
            except BaseException:
                self._locks.drop(world_id)
                raise

    def check(self, connection: Connection, world_id: str) -> None:
        """Called in a transaction: until its end nobody can take the claimed world over.

        Raises:
            WorldTakenOverError: somebody has.
        """
        query = select(world_fences.c.fence).where(world_fences.c.world_id == world_id)
        stored = connection.execute(query.with_for_update(read=True)).scalar_one_or_none()
        if stored != self._fences[world_id]:
            raise WorldTakenOverError(
                f"world {world_id} was opened by another process meanwhile; "
                "this one may not write it any more"
            )

    def release(self) -> None:
        """Gives all worlds back."""
        with self._guard:
            self._locks.release()
            self._fences.clear()


def _raise_fence(connection: Connection, world_id: str) -> int:
    of_world = world_fences.c.world_id == world_id
    query = select(world_fences.c.fence).where(of_world)
    fence: int | None = connection.execute(query).scalar_one_or_none()
    if fence is None:
        connection.execute(insert(world_fences).values(world_id=world_id, fence=1))
        return 1
    connection.execute(update(world_fences).where(of_world).values(fence=fence + 1))
    return fence + 1


class _Locks(Protocol):
    def take(self, world_id: str) -> bool:
        """Whether the world's lock was to be had; it is kept."""

    def drop(self, world_id: str) -> None:
        """Gives one lock back."""

    def release(self) -> None:
        """Gives all locks back. If the process dies first, the system does."""


class _SessionLocks:
    """Advisory locks of one PostgreSQL session of their own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None

    def take(self, world_id: str) -> bool:
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        query = f"SELECT pg_try_advisory_lock({_LOCK_KEY})"
        return bool(self._session.exec_driver_sql(query, (world_id,)).scalar_one())

    def drop(self, world_id: str) -> None:
        if self._session is not None:
            query = f"SELECT pg_advisory_unlock({_LOCK_KEY})"
            self._session.exec_driver_sql(query, (world_id,))

    def release(self) -> None:
        if self._session is None:
            return
        try:
            self._session.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        except DBAPIError as error:
            log.warning("the session that held locks was lost before", reason=str(error.orig))
        self._session.close()
        self._session = None


class _FileLocks:
    """A file per world beside the database. The file stays; the lock on it ends with its holder."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._files: dict[str, int] = {}

    def take(self, world_id: str) -> bool:
        path = f"{self._database}-{quote(world_id, safe='')}.lock"
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _lock(file):
            os.close(file)
            return False
        self._files[world_id] = file
        return True

    def drop(self, world_id: str) -> None:
        os.close(self._files.pop(world_id))

    def release(self) -> None:
        for file in self._files.values():
            os.close(file)
        self._files.clear()


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
