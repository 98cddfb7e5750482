"""A journal in a database and one in memory tell the same past, snapshots or not."""

from pathlib import Path

from simulator.analytics.attribution import attribution_between
from simulator.analytics.explanations import explain
from simulator.analytics.gathering import Kind
from simulator.analytics.journals import KeptJournal, StoredJournal
from simulator.core.codec import (
    GENESIS_HASH,
    Entry,
    chain_hash,
    encode_entry,
    encode_snapshot,
    snapshot_hash,
)
from simulator.database.engine import open_engine
from simulator.database.migrating import migrate
from simulator.database.statements import Rows
from simulator.database.writer import DatabaseJournal
from simulator.runtime.ports import Batch, JournalRow, SnapshotRow
from tests.analytics.histories import WORLD, crowded_history, state_after
from tests.analytics.test_explanations import subjects


def store(journal: DatabaseJournal, entries: list[Entry], snapshot_at: tuple[int, ...]) -> None:
    chain = GENESIS_HASH
    for entry in entries:
        encoded = encode_entry(entry)
        chain = chain_hash(chain, encoded)
        row = JournalRow(entry.seq, entry.time_ns, encoded, chain)
        taken = None
        if entry.seq in snapshot_at:
            state = encode_snapshot(state_after(entries[: entry.seq]))
            taken = SnapshotRow(entry.seq, entry.time_ns, state, snapshot_hash(state), chain)
        journal.append([Batch(WORLD, [row], 1, Rows(), taken)])


def test_both_tell_the_same(tmp_path: Path) -> None:
    entries = crowded_history(7, 300)
    url = f"sqlite:///{tmp_path}/past.db"
    migrate(url)
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    journal.create_world(WORLD, "A crowd", 1, "", 1)
    store(journal, entries, (60, 170))
    stored, kept = StoredJournal(journal, WORLD), KeptJournal(entries)
    for seq in (0, 59, 60, 61, 200, len(entries)):
        assert encode_snapshot(stored.state_at(seq)) == encode_snapshot(kept.state_at(seq))
        assert stored.nearest(seq).seq == max(each for each in (0, 60, 170) if each <= seq)
    assert list(stored.entries(40, 90)) == list(kept.entries(40, 90))
    assert list(stored.entries(90, 90)) == []
    for entry in entries[::20]:
        for time_ns in (entry.time_ns - 1, entry.time_ns, entry.time_ns + 1):
            assert stored.seq_at(time_ns) == kept.seq_at(time_ns)
    for account_id in (1, 3, 9):
        whole = attribution_between(stored, account_id, 100, len(entries))
        assert whole == attribution_between(kept, account_id, 100, len(entries))
    (subject, _), *_ = subjects(entries, Kind.LIQUIDATION)
    assert explain(stored, subject, len(entries)) == explain(kept, subject, len(entries))
    journal.close()
    engine.dispose()
