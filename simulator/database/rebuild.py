"""Recreating a world's tables from its journal, and looking at them whole.

The tables are a read model, so they can be thrown away: events are folded from the first entry
on, and written as if they had just happened. It is one transaction, so readers see the old
tables until the new ones are complete, and a failure leaves the old ones. Worlds, journals,
snapshots, identities and warm-up candles are not touched.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select

from simulator.core.codec import Entry, decode_entry
from simulator.core.exchange import Exchange
from simulator.core.state.notes import ChangeNotes
from simulator.database.engine import appending_connection, pipelined, reading
from simulator.database.ownership import Ownership
from simulator.database.projection import Projector
from simulator.database.schema import PROJECTION, journal_entries, worlds
from simulator.database.statements import Rows, Statements
from simulator.database.writer import UnknownWorldError, read_page

ENTRIES_PER_BATCH: Final = 1_000

Progress = Callable[[int, int], None]
"""Told how many entries are done, and how many there are."""


class JournalIncompleteError(Exception):
    """The journal does not begin with its first entry, so the tables cannot come from it."""


def rebuild(
    engine: Engine,
    world_id: str,
    progress: Progress | None = None,
    entries_per_batch: int = ENTRIES_PER_BATCH,
) -> int:
    """Throws a world's tables away and writes them anew; returns how many entries it read.

    The world is claimed meanwhile, so no process can have it open.

    Raises:
        UnknownWorldError: the database has no such world.
        JournalIncompleteError: an entry is missing; the tables stay as they were.
        WorldTakenError: a process has it open.
        msgspec.MsgspecError: an entry cannot be read; the tables stay as they were.
    """
    with reading(engine) as connection:
        total = _count_entries(connection, world_id)
    ownership = Ownership(engine)
    ownership.claim(world_id)
    try:
        with appending_connection(engine) as connection, connection.begin():
            ownership.check(connection, world_id)
            return _write_anew(connection, world_id, _Pages(total, entries_per_batch, progress))
    finally:
        ownership.release()


class _Pages(NamedTuple):
    """How a journal is read."""

    total: int
    size: int
    progress: Progress | None


def _write_anew(connection: Connection, world_id: str, pages: _Pages) -> int:
    statements = Statements(connection.dialect.name)
    replay = _Replay(world_id)
    for table in PROJECTION:
        connection.execute(delete(table).where(table.c.world_id == world_id))
    cursor = connection.connection.cursor()
    while page := read_page(connection, world_id, replay.seq, pages.size):
        rows = replay.fold([decode_entry(row.encoded) for row in page])
        with pipelined(connection):
            statements.write(cursor, rows)
        if pages.progress is not None:
            pages.progress(replay.seq, pages.total)
    return replay.seq


class _Replay:
    """Folds a journal page by page and collects what each page changed."""

    def __init__(self, world_id: str) -> None:
        self._world_id = world_id
        self._exchange = Exchange()
        self._projector = Projector(world_id)

    @property
    def seq(self) -> int:
        return self._exchange.state.seq

    def fold(self, entries: list[Entry]) -> Rows:
        state = self._exchange.state
        state.notes = notes = ChangeNotes()
        for entry in entries:
            if entry.seq != state.seq + 1:
                raise JournalIncompleteError(
                    f"world {self._world_id}: entry {state.seq + 1} is missing from the journal"
                )
            self._exchange.fold(entry.time_ns, entry.command, entry.events)
        return self._projector.collect(entries, state, notes)


def _count_entries(connection: Connection, world_id: str) -> int:
    known = select(worlds.c.world_id).where(worlds.c.world_id == world_id)
    if connection.execute(known).one_or_none() is None:
        raise UnknownWorldError(f"there is no world {world_id!r} in this database")
    query = select(func.count()).where(journal_entries.c.world_id == world_id)
    return int(connection.execute(query).scalar_one())


def dump(engine: Engine, world_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a world's projection by table, in order of their keys: to compare them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with reading(engine) as connection:
        for table in PROJECTION:
            query = (
                select(table)
                .where(table.c.world_id == world_id)
                .order_by(*table.primary_key.columns)
            )
            found[table.name] = [tuple(row) for row in connection.execute(query)]
    return found
