"""The runtime's journal in a database: a batch is one transaction, journal and tables together.

`append` is called by one thread. It either commits all it is given or leaves nothing of it; an
entry that does not follow the last one of its world is refused, so a journal has no holes; and a
world is claimed before it is written, so no two processes write one. The list of worlds lives here
too, because a journal belongs to a world that is registered.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from simulator.core.codec import RULES_VERSION
from simulator.database.engine import appending_connection, pipelined, reading, writing
from simulator.database.ownership import Ownership
from simulator.database.schema import journal_entries, snapshots, worlds
from simulator.database.statements import Row, Rows, Statements
from simulator.runtime.ports import Batch, JournalRow, SnapshotRow

_ENTRIES_PER_READ: Final = 1_000


class JournalGapError(Exception):
    """A batch does not follow what is in the journal: somebody else writes this world too."""


class UnknownWorldError(Exception):
    """The database has no such world."""


class StoredWorld(msgspec.Struct, frozen=True):
    """A world as it is registered. `config` is the text that it was created from."""

    world_id: str
    title: str
    created_ns: int
    status: str
    status_reason: str | None
    config: str
    seed: int


class DatabaseJournal:
    """Implements `runtime.ports.Journal`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statements = Statements(engine.dialect.name)
        self._ownership = Ownership(engine)
        self._writer: Connection | None = None
        self._last_seq: dict[str, int] = {}

    # -- batches: one thread only ------------------------------------------------------------------

    def append(self, batches: Sequence[Batch]) -> None:
        """Stores batches, of one world or of several, durably and in one transaction.

        Raises:
            JournalGapError: a batch does not follow its journal's last entry.
            WorldTakenError, WorldTakenOverError: another process has the world.
            sqlalchemy.exc.DBAPIError, sqlite3.Error, psycopg.Error: the database failed.
        In every case nothing was stored.
        """
        if self._writer is None:
            self._writer = appending_connection(self._engine)
        world_ids = dict.fromkeys(batch.world_id for batch in batches)
        for world_id in world_ids:
            self.claim(world_id)
        last_seq: dict[str, int] = {}
        with self._writer.begin():
            for world_id in world_ids:
                self._ownership.check(self._writer, world_id)
                last_seq[world_id] = self._known_seq(self._writer, world_id)
            with pipelined(self._writer):
                cursor = self._writer.connection.cursor()
                for batch in batches:
                    last_seq[batch.world_id] = _check_follows(batch, last_seq[batch.world_id])
                    self._write(cursor, batch)
        self._last_seq.update(last_seq)

    def _known_seq(self, connection: Connection, world_id: str) -> int:
        known = self._last_seq.get(world_id)
        return _last_seq(connection, world_id) if known is None else known

    def _write(self, cursor: Any, batch: Batch) -> None:
        if not isinstance(batch.projected, Rows):
            raise TypeError(f"a batch needs the rows of a Projector, not {batch.projected!r}")
        world_id, wall_ns = batch.world_id, batch.wall_ns
        entries: list[Row] = [
            (world_id, row.seq, row.time_ns, wall_ns, RULES_VERSION, row.encoded, row.chain_hash)
            for row in batch.rows
        ]
        self._statements.journal.run(cursor, entries)
        self._statements.write(cursor, batch.projected)
        taken = batch.snapshot
        if taken is not None:
            self._statements.snapshots.run(
                cursor,
                [
                    (
                        world_id,
                        taken.seq,
                        taken.time_ns,
                        taken.state,
                        taken.state_hash,
                        taken.chain_hash,
                    )
                ],
            )

    def claim(self, world_id: str) -> None:
        """Makes this process the only one that may write a world, until `close`.

        Raises:
            WorldTakenError: another process has it open.
        """
        self._ownership.claim(world_id)

    def close(self) -> None:
        """Gives the writer's connection and the worlds back. The journal may be used again."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._ownership.release()
        self._last_seq.clear()

    # -- reading -----------------------------------------------------------------------------------

    def read(self, world_id: str, after_seq: int = 0) -> Iterator[JournalRow]:
        """The entries after a seq, in order, fetched a page at a time."""
        while True:
            page = self._page(world_id, after_seq)
            yield from page
            if len(page) < _ENTRIES_PER_READ:
                return
            after_seq = page[-1].seq

    def _page(self, world_id: str, after_seq: int) -> list[JournalRow]:
        with reading(self._engine) as connection:
            return read_page(connection, world_id, after_seq, _ENTRIES_PER_READ)

    def last(self, world_id: str) -> tuple[int, bytes] | None:
        """Seq and chain hash of the last entry; none if there is no entry."""
        table = journal_entries.c
        query = (
            select(table.seq, table.chain_hash)
            .where(table.world_id == world_id)
            .order_by(table.seq.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def seq_at(self, world_id: str, time_ns: int) -> int:
        """The last entry at or before a world time, 0 if there is none.

        Found by halving: the journal is in order of time, and has no index of it.
        """
        table = journal_entries.c
        low, high = 0, (self.last(world_id) or (0, b""))[0]
        with reading(self._engine) as connection:
            while low < high:
                middle = (low + high + 1) // 2
                query = select(table.time_ns).where(table.world_id == world_id, table.seq == middle)
                if connection.execute(query).scalar_one() <= time_ns:
                    low = middle
                else:
                    high = middle - 1
        return low

    def latest_snapshot(self, world_id: str, at_or_before: int | None = None) -> SnapshotRow | None:
        """The newest snapshot, or the newest that is not after a seq."""
        table = snapshots.c
        query = select(
            table.seq, table.time_ns, table.state, table.state_hash, table.chain_hash
        ).where(table.world_id == world_id)
        if at_or_before is not None:
            query = query.where(table.seq <= at_or_before)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(table.seq.desc()).limit(1)).one_or_none()
        return None if row is None else SnapshotRow(*row)

    # -- worlds ------------------------------------------------------------------------------------

    def create_world(
        self, world_id: str, title: str, created_ns: int, config: str, seed: int
    ) -> StoredWorld:
        """Registers a world. `created_ns` is wall time.

        Raises:
            ValueError: there is a world of this id already.
        """
        world = StoredWorld(world_id, title, created_ns, "STOPPED", None, config, seed)
        with writing(self._engine) as connection:
            if _find_world(connection, world_id) is not None:
                raise ValueError(f"there is a world {world_id!r} already")
            connection.execute(insert(worlds).values(msgspec.structs.asdict(world)))
        return world

    def worlds(self) -> list[StoredWorld]:
        """All worlds, in order of creation."""
        with reading(self._engine) as connection:
            query = select(worlds).order_by(worlds.c.created_ns, worlds.c.world_id)
            return [StoredWorld(**row) for row in connection.execute(query).mappings()]

    def world(self, world_id: str) -> StoredWorld | None:
        with reading(self._engine) as connection:
            row = _find_world(connection, world_id)
        return None if row is None else StoredWorld(**row)

    def set_world_status(self, world_id: str, status: str, reason: str | None = None) -> None:
        """Raises UnknownWorldError if there is no such world."""
        change = (
            update(worlds)
            .where(worlds.c.world_id == world_id)
            .values(status=status, status_reason=reason)
        )
        with writing(self._engine) as connection:
            if connection.execute(change).rowcount == 0:
                raise UnknownWorldError(f"there is no world {world_id!r} in this database")


def read_page(
    connection: Connection, world_id: str, after_seq: int, limit: int
) -> list[JournalRow]:
    """The next entries of a journal, at most `limit`."""
    table = journal_entries.c
    query = (
        select(table.seq, table.time_ns, table.entry, table.chain_hash)
        .where(table.world_id == world_id, table.seq > after_seq)
        .order_by(table.seq)
        .limit(limit)
    )
    return [JournalRow(*row) for row in connection.execute(query)]


def _find_world(connection: Connection, world_id: str) -> RowMapping | None:
    query = select(worlds).where(worlds.c.world_id == world_id)
    return connection.execute(query).mappings().one_or_none()


def _last_seq(connection: Connection, world_id: str) -> int:
    query = (
        select(journal_entries.c.seq)
        .where(journal_entries.c.world_id == world_id)
        .order_by(journal_entries.c.seq.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or 0


def _check_follows(batch: Batch, last_seq: int) -> int:
    """The batch's last seq, if its entries count on from `last_seq` without a hole."""
    for row in batch.rows:
        if row.seq != last_seq + 1:
            raise JournalGapError(
                f"world {batch.world_id}: entry {row.seq} should be {last_seq + 1}; "
                "does another process write this world?"
            )
        last_seq = row.seq
    return last_seq
