"""A journal is the same in every database: it can move, and all that follows comes along."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from simulator.core.codec import encode_snapshot, state_hash
from simulator.core.exchange import Exchange
from simulator.database import schema
from simulator.database.engine import open_engine, reading, writing
from simulator.database.migrating import migrate
from simulator.database.rebuild import dump, rebuild
from simulator.database.writer import DatabaseJournal
from simulator.runtime.ports import Batch, SnapshotRow
from simulator.runtime.recovery import recover, verify
from tests.database.recording import WORLD, Recorder, crowd_commands


@pytest.fixture
def recorded(tmp_path: Path) -> Engine:
    """The recorded world on SQLite, with a snapshot at its end."""
    url = f"sqlite:///{tmp_path / 'recorded.db'}"
    migrate(url)
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowded world", 1, "", 7)
    recorder = Recorder()
    for command in crowd_commands(recorder.state):
        recorder.submit(command)
    batch = recorder.seal()
    last, state = batch.rows[-1], recorder.state
    taken = SnapshotRow(
        last.seq, last.time_ns, encode_snapshot(state), state_hash(state), last.chain_hash
    )
    journal.append([Batch(WORLD, batch.rows, batch.wall_ns, batch.projected, taken)])
    journal.close()
    return engine


def transfer(source: Engine, target: Engine) -> None:
    """Copies what cannot be derived, row by row."""
    for table in (schema.worlds, schema.journal_entries, schema.snapshots):
        with reading(source) as connection:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
        with writing(target) as connection:
            connection.execute(insert(table), rows)


def test_a_journal_that_has_moved_is_the_same(recorded: Engine, engine: Engine) -> None:
    transfer(recorded, engine)
    there, here = DatabaseJournal(recorded), DatabaseJournal(engine)
    expected = verify(there, WORLD)
    assert expected.difference is None
    assert verify(here, WORLD) == expected
    assert here.last(WORLD) == there.last(WORLD)
    recovered = recover(here, WORLD)
    assert recovered.folded == 0, "it begins with the snapshot"
    assert state_hash(recovered.exchange.state) == expected.state != state_hash(Exchange().state)
    assert rebuild(engine, WORLD) == expected.entries
    tables = dump(recorded, WORLD)
    for name, rows in dump(engine, WORLD).items():
        assert rows == tables[name], name
        assert rows != [], name
    recorded.dispose()
